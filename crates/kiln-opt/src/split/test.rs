//! What a condition says of the index of a loop.
//!
//! A comparison of integers that is linear in an index, with a factor of 1 or
//! -1, and for the rest made of values from outside of the loop, is a
//! comparison of the index with one value: it changes at one place, or holds
//! at one.

use crate::rules::{Counts, simple_op};
use kiln_ir::{
    Bounds, Const, Context, Func, FuncBuilder, Interval, Node, NodeId, Op, Poly, Scalar, Type,
};

/// Why a condition says nothing that a loop is cut at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Useless {
    /// It is no comparison of the index of a loop with a value from outside.
    Form,
    /// The loop is a reduction, whose shape is its meaning, or a scan.
    Reduction(NodeId),
    /// The index at which it changes may be no `i64`.
    Wraps,
}

/// How an index compares with a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Compare {
    Below,
    From,
    Equal,
    Differs,
}

/// A comparison of the index of a loop with a place in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Test {
    /// The loop, a `for`.
    pub(super) owner: NodeId,
    /// Its index.
    pub(super) index: NodeId,
    compare: Compare,
    at: Poly,
}

impl Test {
    /// Reads a condition without connectives.
    pub(super) fn of(func: &Func, bounds: &Bounds<'_>, leaf: NodeId) -> Result<Test, Useless> {
        let Node::Op { op, args } = func.node(leaf) else {
            return Err(Useless::Form);
        };
        let is_int = |v: &NodeId| func.ty(*v).scalar.is_int() && func.ty(*v).lanes == 1;
        if args.len() != 2 || !args.iter().all(is_int) {
            return Err(Useless::Form);
        }
        let none = Context::default();
        let (x, y) = (bounds.value(&none, args[0]), bounds.value(&none, args[1]));
        // x < y is y - x > 0.
        let difference = y.plus(-1, &x).ok_or(Useless::Form)?;
        let (owner, index) = index_of(func, bounds, &difference)?;
        let slope = difference.linear_coefficient(index).ok_or(Useless::Form)?;
        let rest = difference
            .plus(-slope, &Poly::node(index))
            .ok_or(Useless::Form)?;
        // The index at which the difference is 0.
        let zero = match slope {
            1 => Poly::default().plus(-1, &rest).ok_or(Useless::Form)?,
            -1 => rest,
            _ => return Err(Useless::Form),
        };
        let rises = slope == 1;
        let (compare, beyond) = match (op, rises) {
            (Op::Lt, true) | (Op::Gt, false) => (Compare::From, 1),
            (Op::Le, true) | (Op::Ge, false) => (Compare::From, 0),
            (Op::Lt, false) | (Op::Gt, true) => (Compare::Below, 0),
            (Op::Le, false) | (Op::Ge, true) => (Compare::Below, 1),
            (Op::Eq, _) => (Compare::Equal, 0),
            (Op::Ne, _) => (Compare::Differs, 0),
            _ => return Err(Useless::Form),
        };
        let at = zero.plus(1, &Poly::constant(beyond)).ok_or(Useless::Form)?;
        Ok(Test {
            owner,
            index,
            compare,
            at,
        })
    }

    /// The places from which on something else may hold.
    pub(super) fn places(&self) -> Vec<Poly> {
        let next = self.at.plus(1, &Poly::constant(1));
        match self.compare {
            Compare::Below | Compare::From => vec![self.at.clone()],
            Compare::Equal | Compare::Differs => {
                [self.at.clone()].into_iter().chain(next).collect()
            }
        }
    }

    /// Whether it holds, by what `reached` knows of a place: whether the index
    /// is no less.
    pub(super) fn holds(&self, reached: impl Fn(&Poly) -> Option<bool>) -> Option<bool> {
        let from = reached(&self.at);
        match self.compare {
            Compare::From => from,
            Compare::Below => from.map(|from| !from),
            Compare::Equal | Compare::Differs => {
                let next = self.at.plus(1, &Poly::constant(1))?;
                let equal = match (from, reached(&next)) {
                    (Some(false), _) | (_, Some(true)) => false,
                    (Some(true), Some(false)) => true,
                    _ => return None,
                };
                Some(equal == (self.compare == Compare::Equal))
            }
        }
    }
}

/// The innermost value of a polynomial, if it is the index of a `for` and all
/// others come from outside of it.
fn index_of(func: &Func, bounds: &Bounds<'_>, poly: &Poly) -> Result<(NodeId, NodeId), Useless> {
    let nest = bounds.nest();
    let innermost = poly.nodes().max_by_key(|&v| (nest.depth(nest.home(v)), v));
    let index = innermost.ok_or(Useless::Form)?;
    let (owner, ..) = nest.index_of(func, index).ok_or(Useless::Form)?;
    let outside = nest.home(owner);
    let mut others = poly.nodes().filter(|&v| v != index);
    if !others.all(|v| nest.encloses(nest.home(v), outside)) {
        return Err(Useless::Form);
    }
    match func.node(owner) {
        Node::For { lanes: 1, .. } => Ok((owner, index)),
        _ => Err(Useless::Reduction(owner)),
    }
}

/// A place as code computes it. An index of a loop is less than the greatest
/// `i64`, so a place beyond either end of the type may be taken for that end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// No step leaves the type.
    Exact,
    /// One value and a constant, added with saturation.
    Shifted(NodeId, i64),
    /// The difference of two `i64`, with saturation.
    Difference(NodeId, NodeId),
}

/// A place that code can compute.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub(super) at: Poly,
    form: Form,
}

impl Cut {
    /// How to compute the place `at` in a loop over `index`.
    pub(super) fn new(
        func: &Func,
        bounds: &Bounds<'_>,
        index: NodeId,
        at: &Poly,
    ) -> Result<Cut, Useless> {
        let form = if is_exact(bounds, at) {
            Form::Exact
        } else {
            saturating(func, bounds, index, at).ok_or(Useless::Wraps)?
        };
        Ok(Cut {
            at: at.clone(),
            form,
        })
    }

    /// The values that it is computed from.
    pub(super) fn values(&self) -> Vec<NodeId> {
        let mut values: Vec<NodeId> = self.at.nodes().collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// Computes it from the new nodes for its values.
    pub(super) fn make(
        &self,
        b: &mut FuncBuilder,
        counts: &mut Counts,
        values: &[NodeId],
    ) -> NodeId {
        let old = self.values();
        let new = |v: NodeId| {
            let found = old.iter().position(|&known| known == v);
            found.map_or(v, |at| values[at])
        };
        let mut op = |b: &mut FuncBuilder, op, x, y| simple_op(b, counts, op, &[x, y], Type::I64);
        match self.form {
            Form::Exact => {
                let mut sum = None;
                for (factors, coefficient) in self.at.terms() {
                    // Within i64, or the form would be another one.
                    let mut product = b.i64(coefficient as i64);
                    for &v in factors {
                        let factor = b.cast(Scalar::I64, new(v));
                        product = op(b, Op::Mul, factor, product);
                    }
                    sum = Some(match sum {
                        Some(sum) => op(b, Op::Add, product, sum),
                        None => product,
                    });
                }
                sum.unwrap_or_else(|| b.i64(0))
            }
            Form::Shifted(v, shift) => {
                let value = as_index(b, new(v));
                match shift {
                    0 => value,
                    _ => {
                        let shift = b.i64(shift);
                        op(b, Op::AddSat, value, shift)
                    }
                }
            }
            Form::Difference(x, y) => op(b, Op::SubSat, new(x), new(y)),
        }
    }
}

/// An integer as an `i64`, the greatest one for what is beyond.
fn as_index(b: &mut FuncBuilder, value: NodeId) -> NodeId {
    if b.ty(value) == Type::U64 {
        let greatest = b.constant(Const::from_bits(Scalar::U64, i64::MAX as u64));
        let value = b.op(Op::Min, &[value, greatest]);
        return b.cast(Scalar::I64, value);
    }
    b.cast(Scalar::I64, value)
}

/// Whether each step of computing a sum of products stays an `i64`.
fn is_exact(bounds: &Bounds<'_>, at: &Poly) -> bool {
    let whole = Interval::of_type(Scalar::I64);
    let mut sum: Option<Interval> = None;
    for (factors, coefficient) in at.terms() {
        let mut product = Interval::point(coefficient);
        for &v in factors {
            match product.times(bounds.ranges().get(v)) {
                Some(next) if whole.holds(next) && whole.holds(bounds.ranges().get(v)) => {
                    product = next;
                }
                _ => return false,
            }
        }
        let next = match sum {
            Some(sum) => sum.plus(product),
            None => Some(product),
        };
        match next {
            Some(next) if whole.holds(next) && whole.holds(product) => sum = Some(next),
            _ => return false,
        }
    }
    true
}

fn saturating(func: &Func, bounds: &Bounds<'_>, index: NodeId, at: &Poly) -> Option<Form> {
    let (rest, constant) = at.clone().split_constant();
    let terms: Vec<(&[NodeId], i128)> = rest.terms().collect();
    match terms[..] {
        [([v], 1)] => {
            let shift = i64::try_from(constant).ok()?;
            let greatest = i128::from(i64::MAX);
            // A value beyond i64 is taken for the greatest one, and what is
            // subtracted from it must leave all of the loop's indices below.
            let fits = bounds.ranges().get(*v).hi <= greatest
                || shift >= 0
                || bounds.ranges().get(index).hi < greatest + constant;
            fits.then_some(Form::Shifted(*v, shift))
        }
        [([x], 1), ([y], -1)] | [([y], -1), ([x], 1)] if constant == 0 => {
            let both = [x, y].into_iter().all(|v| func.ty(*v) == Type::I64);
            both.then_some(Form::Difference(*x, *y))
        }
        _ => None,
    }
}
