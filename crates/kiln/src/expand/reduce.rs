//! What stands behind the reductions when a kernel calls one: beside the
//! function of each name a type of that name, as beside every kernel.
//!
//! What a reduction is stands in one table, of the steps that it takes; those
//! along an axis take the same ones (`axis.rs`).

use super::companion::companion;
use super::{Body, Plain, Slice, Val};
use crate::element::{Number, Real};
use crate::math::Unary;
use crate::reduce::{LENGTHS, NOTHING};
use kiln_ir::{Combine, Const, FaultKind, Interval, NodeId, Op, Scalar, Shape};

/// A reduction: what it combines, step by step, each of which may use what
/// those before it have found. The last one finds the value.
pub(super) struct Reduction {
    pub(super) steps: &'static [Step],
    /// Whether there has to be an element.
    pub(super) needs_some: bool,
}

/// What is combined, and what is made of it.
pub(super) struct Step {
    pub(super) combine: Combine,
    term: Term,
    then: Then,
}

/// What an element gives to a step, in terms of what the step before found.
#[derive(Clone, Copy)]
enum Term {
    /// Itself.
    Element,
    /// The square of the distance from that.
    Square,
    /// The exponential of what it is more than that.
    Exp,
    /// Its index, if it is that or NaN; else the number of elements.
    Place,
    /// 1 if it is true, else 0.
    Truth,
}

/// What is made of a combined value.
#[derive(Clone, Copy)]
enum Then {
    Nothing,
    /// It is divided by the number of elements.
    Mean,
    /// Likewise, and the square root is taken.
    Root,
    /// 0 is taken for what is not finite.
    Finite,
    /// The logarithm, and what the step before found is added again.
    Log,
    /// It is an index or a number, which has no sign.
    Unsigned,
}

const fn step(combine: Combine, term: Term, then: Then) -> Step {
    Step {
        combine,
        term,
        then,
    }
}

/// An element, and what stands around it.
pub(super) struct Element {
    pub(super) x: NodeId,
    /// Its index and how many there are, as `i64`.
    pub(super) index: NodeId,
    pub(super) len: NodeId,
}

impl Step {
    /// The type of the values that are combined, of elements of a type.
    pub(super) fn combined(&self, elements: Scalar) -> Scalar {
        match self.term {
            Term::Place | Term::Truth => Scalar::I64,
            Term::Element | Term::Square | Term::Exp => elements,
        }
    }

    /// What an element gives; `found` is what the step before found.
    pub(super) fn term(&self, body: &Body, element: &Element, found: Option<NodeId>) -> NodeId {
        let x = element.x;
        let found = found.unwrap_or(x);
        match self.term {
            Term::Element => x,
            Term::Square => {
                let distance = body.op(Op::Sub, &[x, found]);
                body.op(Op::Mul, &[distance, distance])
            }
            Term::Exp => {
                let part = body.op(Op::Sub, &[x, found]);
                body.op(Op::Exp, &[part])
            }
            Term::Place => {
                // The best is NaN if one is, so the first NaN is looked for.
                let is_best = body.op(Op::Eq, &[x, found]);
                let is_nan = body.op(Op::Ne, &[x, x]);
                let is_first = body.op(Op::Or, &[is_best, is_nan]);
                body.op(Op::Select, &[is_first, element.index, element.len])
            }
            Term::Truth => body.cast_id(Scalar::I64, x),
        }
    }

    /// What is made of the combined value of `len` elements.
    pub(super) fn then(
        &self,
        body: &Body,
        total: NodeId,
        len: NodeId,
        found: Option<NodeId>,
    ) -> NodeId {
        let scalar = body.scalar(total);
        let mean = || body.op(Op::Div, &[total, body.cast_id(scalar, len)]);
        let number = |value: f64| match scalar {
            Scalar::F32 => body.constant(Const::f32(value as f32)),
            _ => body.constant(Const::f64(value)),
        };
        match self.then {
            Then::Nothing => total,
            Then::Mean => mean(),
            Then::Root => body.op(Op::Sqrt, &[mean()]),
            Then::Finite => {
                let size = body.op(Op::Abs, &[total]);
                let is_finite = body.op(Op::Lt, &[size, number(f64::INFINITY)]);
                body.op(Op::Select, &[is_finite, total, number(0.0)])
            }
            Then::Log => {
                let log = body.op(Op::Log, &[total]);
                found.map_or(log, |from| body.op(Op::Add, &[log, from]))
            }
            Then::Unsigned => body.cast_id(Scalar::U64, total),
        }
    }
}

impl Body {
    /// What a function of each index below `len` combines to.
    pub(super) fn combine(
        &self,
        combine: Combine,
        len: NodeId,
        at: impl FnOnce(NodeId) -> NodeId,
    ) -> NodeId {
        let index = self.open(|func| func.begin_reduce());
        let hi = (self.range(len).hi - 1).max(0);
        self.set_range(index, Interval { lo: 0, hi });
        let value = at(index);
        let lo = self.i64(0);
        self.close(|func| func.end_reduce(combine, Shape::Tree, lo, len, value))
    }

    /// What `len` elements come to in some steps.
    pub(super) fn reduce(
        &self,
        steps: &[Step],
        len: NodeId,
        at: impl Fn(NodeId) -> NodeId,
    ) -> NodeId {
        let mut found = None;
        for step in steps {
            let total = self.combine(step.combine, len, |index| {
                let x = at(index);
                step.term(self, &Element { x, index, len }, found)
            });
            found = Some(step.then(self, total, len, found));
        }
        match found {
            Some(value) => value,
            None => unreachable!("a reduction has a step"),
        }
    }

    pub(super) fn guard_some(&self, len: NodeId) {
        let is_some = self.op(Op::Lt, &[self.i64(0), len]);
        self.guard(FaultKind::Range, is_some, NOTHING, &[]);
    }
}

/// The reductions: their steps, whether there has to be an element, and the
/// functions of slices that they are.
macro_rules! reductions {
    ($($name:ident $table:ident [$($bound:tt)*] -> $result:ty, $needs_some:literal:
        $($combine:ident $term:ident $then:ident),*;)*) => {
        $(pub(super) const $table: Reduction = Reduction {
            steps: &[$(step(Combine::$combine, Term::$term, Then::$then)),*],
            needs_some: $needs_some,
        };)*

        $(reductions! { @slice $name $table [$($bound)*] $result })*
    };
    (@slice $name:ident $table:ident [bool] $result:ty) => {
        companion!($name);

        impl $name {
            #[doc(hidden)]
            pub fn __build<'b>(body: &'b Body, x: Slice<'b, bool>) -> Val<'b, $result> {
                of_slice(body, &$table, x)
            }
        }
    };
    (@slice $name:ident $table:ident [$($bound:path),*] $result:ty) => {
        companion!($name);

        impl $name {
            #[doc(hidden)]
            pub fn __build<'b, T: Plain $(+ $bound)*>(
                body: &'b Body,
                x: Slice<'b, T>,
            ) -> Val<'b, $result> {
                of_slice(body, &$table, x)
            }
        }
    };
}

reductions! {
    sum SUM [Number] -> T, false: Sum Element Nothing;
    product PRODUCT [Number] -> T, false: Product Element Nothing;
    min MIN [Number] -> T, true: Min Element Nothing;
    max MAX [Number] -> T, true: Max Element Nothing;
    mean MEAN [Real] -> T, false: Sum Element Mean;
    var VAR [Real] -> T, false: Sum Element Mean, Sum Square Mean;
    std_dev STD_DEV [Real] -> T, false: Sum Element Mean, Sum Square Root;
    logsumexp LOGSUMEXP [Real, Unary] -> T, false: Max Element Finite, Sum Exp Log;
    argmin ARGMIN [Number] -> usize, true: Min Element Nothing, Min Place Unsigned;
    argmax ARGMAX [Number] -> usize, true: Max Element Nothing, Min Place Unsigned;
    any ANY [bool] -> bool, false: Any Element Nothing;
    all ALL [bool] -> bool, false: All Element Nothing;
    count COUNT [bool] -> usize, false: Sum Truth Unsigned;
}

fn of_slice<'b, T: Plain, R>(body: &'b Body, reduction: &Reduction, x: Slice<'b, T>) -> Val<'b, R> {
    let len = x.len_index().id();
    if reduction.needs_some {
        body.guard_some(len);
    }
    let value = body.reduce(reduction.steps, len, |index| {
        let index = Val::new(body, body.cast_id(Scalar::U64, index));
        body.index(&x, index).id()
    });
    Val::new(body, value)
}

companion!(dot);

impl dot {
    #[doc(hidden)]
    pub fn __build<'b, T: Plain + Number>(
        body: &'b Body,
        x: Slice<'b, T>,
        y: Slice<'b, T>,
    ) -> Val<'b, T> {
        let len = x.len_index().id();
        let is_same = body.op(Op::Eq, &[len, y.len_index().id()]);
        body.guard(FaultKind::Assert, is_same, LENGTHS, &[]);
        let total = body.combine(Combine::Sum, len, |index| {
            let index = Val::new(body, body.cast_id(Scalar::U64, index));
            let (x, y) = (body.index(&x, index), body.index(&y, index));
            body.op(Op::Mul, &[x.id(), y.id()])
        });
        Val::new(body, total)
    }
}
