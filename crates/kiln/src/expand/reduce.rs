//! What stands behind the reductions of slices when a kernel calls one: beside
//! the function of each name a type of that name, as beside every kernel.

use super::{Body, Plain, Slice, Val};
use crate::element::{Number, Real};
use crate::math::Unary;
use crate::reduce::{LENGTHS, NOTHING};
use kiln_ir::{Combine, FaultKind, Interval, NodeId, Op, Scalar, Shape};

impl Body {
    /// What a function of each index below `len` combines to.
    fn reduce<'b, T: Plain>(
        &'b self,
        combine: Combine,
        len: Val<'b, i64>,
        at: impl FnOnce(Val<'b, usize>) -> Val<'b, T>,
    ) -> Val<'b, T> {
        let index = self.open(|func| func.begin_reduce());
        let hi = (self.range(len.id()).hi - 1).max(0);
        self.set_range(index, Interval { lo: 0, hi });
        let value = at(Val::new(self, self.cast_id(Scalar::U64, index))).id();
        let lo = self.i64(0);
        let result = self.close(|func| func.end_reduce(combine, Shape::Tree, lo, len.id(), value));
        Val::new(self, result)
    }

    fn guard_some(&self, len: NodeId) {
        let is_some = self.op(Op::Lt, &[self.i64(0), len]);
        self.guard(FaultKind::Range, is_some, NOTHING, &[]);
    }
}

/// Reductions of one slice.
macro_rules! reductions {
    ($($name:ident $combine:ident $needs_some:literal;)*) => {$(
        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "it stands beside the function of its name")]
        #[derive(Debug)]
        pub enum $name {}

        impl $name {
            #[doc(hidden)]
            pub fn __build<'b, T: Plain + Number>(
                body: &'b Body,
                x: Slice<'b, T>,
            ) -> Val<'b, T> {
                if $needs_some {
                    body.guard_some(x.len_index().id());
                }
                body.reduce(Combine::$combine, x.len_index(), |i| body.index(&x, i))
            }
        }
    )*};
}

reductions! {
    sum Sum false;
    product Product false;
    min Min true;
    max Max true;
}

#[doc(hidden)]
#[allow(
    non_camel_case_types,
    reason = "it stands beside the function of its name"
)]
#[derive(Debug)]
pub enum dot {}

impl dot {
    #[doc(hidden)]
    pub fn __build<'b, T: Plain + Number>(
        body: &'b Body,
        x: Slice<'b, T>,
        y: Slice<'b, T>,
    ) -> Val<'b, T> {
        let lengths = [x.len_index().id(), y.len_index().id()];
        let is_same = body.op(Op::Eq, &lengths);
        body.guard(FaultKind::Assert, is_same, LENGTHS, &[]);
        body.reduce(Combine::Sum, x.len_index(), |i| {
            let (x, y) = (body.index(&x, i), body.index(&y, i));
            Val::new(body, body.op(Op::Mul, &[x.id(), y.id()]))
        })
    }
}

#[doc(hidden)]
#[allow(
    non_camel_case_types,
    reason = "it stands beside the function of its name"
)]
#[derive(Debug)]
pub enum mean {}

impl mean {
    #[doc(hidden)]
    pub fn __build<'b, T: Plain + Real>(body: &'b Body, x: Slice<'b, T>) -> Val<'b, T> {
        let total = sum::__build(body, x);
        let len = body.cast_id(T::SCALAR, x.len_index().id());
        Val::new(body, body.op(Op::Div, &[total.id(), len]))
    }
}

/// A function of a slice, beside the one of its name.
macro_rules! companion {
    ($name:ident <$($bound:path),*> -> $result:ty, $value:path) => {
        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "it stands beside the function of its name")]
        #[derive(Debug)]
        pub enum $name {}

        impl $name {
            #[doc(hidden)]
            pub fn __build<'b, T: Plain $(+ $bound)*>(
                body: &'b Body,
                x: Slice<'b, T>,
            ) -> Val<'b, $result> {
                $value(body, &x)
            }
        }
    };
    ($name:ident of bool -> $result:ty, $value:path) => {
        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "it stands beside the function of its name")]
        #[derive(Debug)]
        pub enum $name {}

        impl $name {
            #[doc(hidden)]
            pub fn __build<'b>(body: &'b Body, x: Slice<'b, bool>) -> Val<'b, $result> {
                $value(body, &x)
            }
        }
    };
}

companion!(var <Real> -> T, variance);
companion!(std_dev <Real> -> T, deviation);
companion!(logsumexp <Real, Unary> -> T, log_of_sum);
companion!(argmin <Number> -> usize, first_least);
companion!(argmax <Number> -> usize, first_greatest);
companion!(any of bool -> bool, any_true);
companion!(all of bool -> bool, all_true);
companion!(count of bool -> usize, number_true);

fn variance<'b, T: Plain + Real>(body: &'b Body, x: &Slice<'b, T>) -> Val<'b, T> {
    let total = body.reduce(Combine::Sum, x.len_index(), |i| body.index(x, i));
    let len = body.cast_id(T::SCALAR, x.len_index().id());
    let mean = body.op(Op::Div, &[total.id(), len]);
    let squares = body.reduce(Combine::Sum, x.len_index(), |i| {
        let distance = body.op(Op::Sub, &[body.index(x, i).id(), mean]);
        Val::<T>::new(body, body.op(Op::Mul, &[distance, distance]))
    });
    Val::new(body, body.op(Op::Div, &[squares.id(), len]))
}

fn deviation<'b, T: Plain + Real>(body: &'b Body, x: &Slice<'b, T>) -> Val<'b, T> {
    Val::new(body, body.op(Op::Sqrt, &[variance(body, x).id()]))
}

fn log_of_sum<'b, T: Plain + Real>(body: &'b Body, x: &Slice<'b, T>) -> Val<'b, T> {
    let number = |value: f64| body.constant(T::of(value).to_const());
    let greatest = body.reduce(Combine::Max, x.len_index(), |i| body.index(x, i));
    let size = body.op(Op::Abs, &[greatest.id()]);
    let is_finite = body.op(Op::Lt, &[size, number(f64::INFINITY)]);
    let from = body.op(Op::Select, &[is_finite, greatest.id(), number(0.0)]);
    let sum = body.reduce(Combine::Sum, x.len_index(), |i| {
        let part = body.op(Op::Sub, &[body.index(x, i).id(), from]);
        Val::<T>::new(body, body.op(Op::Exp, &[part]))
    });
    let log = body.op(Op::Log, &[sum.id()]);
    Val::new(body, body.op(Op::Add, &[log, from]))
}

fn first_least<'b, T: Plain + Number>(body: &'b Body, x: &Slice<'b, T>) -> Val<'b, usize> {
    first(body, x, Combine::Min)
}

fn first_greatest<'b, T: Plain + Number>(body: &'b Body, x: &Slice<'b, T>) -> Val<'b, usize> {
    first(body, x, Combine::Max)
}

/// Where the least or greatest element first is; it is NaN if one is, so the
/// first NaN is then what is looked for.
fn first<'b, T: Plain + Number>(
    body: &'b Body,
    x: &Slice<'b, T>,
    combine: Combine,
) -> Val<'b, usize> {
    let len = x.len_index();
    body.guard_some(len.id());
    let best = body.reduce(combine, len, |i| body.index(x, i)).id();
    let at = body.reduce(Combine::Min, len, |i| {
        let value = body.index(x, i).id();
        let is_best = body.op(Op::Eq, &[value, best]);
        let is_nan = body.op(Op::Ne, &[value, value]);
        let is_first = body.op(Op::Or, &[is_best, is_nan]);
        let index = body.cast_id(Scalar::I64, i.id());
        Val::<i64>::new(body, body.op(Op::Select, &[is_first, index, len.id()]))
    });
    Val::new(body, body.cast_id(Scalar::U64, at.id()))
}

fn any_true<'b>(body: &'b Body, x: &Slice<'b, bool>) -> Val<'b, bool> {
    body.reduce(Combine::Any, x.len_index(), |i| body.index(x, i))
}

fn all_true<'b>(body: &'b Body, x: &Slice<'b, bool>) -> Val<'b, bool> {
    body.reduce(Combine::All, x.len_index(), |i| body.index(x, i))
}

fn number_true<'b>(body: &'b Body, x: &Slice<'b, bool>) -> Val<'b, usize> {
    let count = body.reduce(Combine::Sum, x.len_index(), |i| {
        let one = body.cast_id(Scalar::I64, body.index(x, i).id());
        Val::<i64>::new(body, one)
    });
    Val::new(body, body.cast_id(Scalar::U64, count.id()))
}
