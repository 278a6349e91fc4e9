//! What each reduction combines over the rows, and what it makes of that.
//!
//! Rows where the value is missing combine as if they were not there: they
//! give what leaves every value as it is. Totals of whole numbers are exact
//! before they are looked at, so whether one fits does not depend on the order
//! of the rows, and neither does the error if it does not.
//!
//! The variance is taken in two passes, the second over the distances from
//! the mean (Chan, Golub and LeVeque 1983), and the logarithm of a sum of
//! exponentials after the greatest is taken from each: as `kiln::var` and
//! `kiln::logsumexp` do, and to the same bits.

use super::arithmetic::PRODUCT;
use super::totals::{Known, Step, Total, total};
use super::{Lowerer, Overflow, Source};
use crate::ast::{BinaryOp, ExprId};
use crate::language::Function;
use crate::range::Range;
use crate::render::quote;
use crate::types::{Kind, Meeting};
use kiln_ir::{Combine, Const, Fault, FaultKind, FuncBuilder, NodeId, Op, Scalar, Span};

/// The low half of a whole number.
const LOW_HALF: i64 = 0xffff_ffff;

/// How far rounding can put a product that was computed as f64 from the exact
/// one, as a part of it: of whole numbers whose product is about 2^63, at most
/// 64 are not 1 or -1, and only with those is anything rounded.
const PRODUCT_ERROR: f64 = 1.0 / (1u64 << 40) as f64;

/// The values that a step of a reduction combines.
pub(super) fn totals(source: &Source<'_>, known: &Known, step: &Step) -> Vec<Total> {
    let (id, kind) = (step.id, source.ty(step.id).kind);
    let make = |combine, value: &dyn Fn(&mut Lowerer<'_>, &[ExprId]) -> NodeId| {
        total(source, known, step, combine, value)
    };
    let plain = |combine: Combine| {
        make(combine, &|l, args| {
            let value = l.get(args[0], kind);
            l.where_valid(args, value, combine)
        })
    };
    let mut totals = match (step.function, step.step) {
        (Function::Sum | Function::Dot, _) if kind == Kind::Int => sums_of_whole(source, id, &make),
        (Function::Sum | Function::Dot, _) => {
            vec![make(Combine::Sum, &|l, args| l.summand(id, args))]
        }
        (Function::Prod, _) if kind == Kind::Int => products_of_whole(source, &make),
        (Function::Prod, _) => vec![plain(Combine::Product)],
        (Function::Min, _) => vec![plain(Combine::Min)],
        (Function::Max, _) | (Function::Logsumexp, 0) => vec![plain(Combine::Max)],
        (Function::Mean, _) | (Function::Var | Function::Std, 0) => vec![plain(Combine::Sum)],
        (Function::Var | Function::Std, _) => vec![make(Combine::Sum, &|l, args| {
            let (value, mean) = (l.get(args[0], kind), l.known_of(id, 0, 0));
            let distance = l.b.op(Op::Sub, &[value, mean]);
            let square = l.b.op(Op::Mul, &[distance, distance]);
            l.where_valid(args, square, Combine::Sum)
        })],
        (Function::Logsumexp, _) => vec![make(Combine::Sum, &|l, args| {
            let (value, from) = (l.get(args[0], kind), l.known_of(id, 0, 0));
            let part = l.b.op(Op::Sub, &[value, from]);
            let part = l.b.op(Op::Exp, &[part]);
            l.where_valid(args, part, Combine::Sum)
        })],
        (Function::Argmin | Function::Argmax, 0) => {
            vec![make(extreme(step.function), &|l, args| {
                let value = l.get(args[0], number(l, args));
                l.where_valid(args, value, extreme(step.function))
            })]
        }
        (Function::Argmin | Function::Argmax, _) => {
            vec![make(Combine::Min, &|l, args| l.row_of_best(id, args))]
        }
        (Function::Any, _) => vec![plain_truth(&make, Combine::Any)],
        (Function::All, _) => vec![plain_truth(&make, Combine::All)],
        _ => Vec::new(),
    };
    if counts(source, step) {
        totals.push(make(Combine::Sum, &|l, args| {
            let valid = l.all_valid(args);
            l.b.cast(Scalar::I64, valid)
        }));
    }
    totals
}

type Make<'a> = dyn Fn(Combine, &dyn Fn(&mut Lowerer<'_>, &[ExprId]) -> NodeId) -> Total + 'a;

fn plain_truth(make: &Make<'_>, combine: Combine) -> Total {
    make(combine, &|l, args| {
        let value = l.get(args[0], Kind::Bool);
        l.where_valid(args, value, combine)
    })
}

/// Whether a step counts the rows that are there.
fn counts(source: &Source<'_>, step: &Step) -> bool {
    let wants = match step.function {
        Function::Count | Function::Min | Function::Max | Function::Mean => true,
        Function::Var | Function::Std => step.step == 0,
        _ => false,
    };
    wants && operand_is_nullable(source, step.id)
}

fn operand_is_nullable(source: &Source<'_>, id: ExprId) -> bool {
    let args = args(source, id);
    args.iter().any(|&arg| source.ty(arg).nullable)
}

fn args<'a>(source: &Source<'a>, id: ExprId) -> &'a [ExprId] {
    match source.ast.expr(id) {
        crate::ast::Expr::Call { first, count, .. } => source.ast.call_args(first, count),
        _ => &[],
    }
}

fn extreme(function: Function) -> Combine {
    match function {
        Function::Argmin => Combine::Min,
        _ => Combine::Max,
    }
}

/// The kind in which numbers are compared.
fn number(l: &Lowerer<'_>, args: &[ExprId]) -> Kind {
    Meeting::of(&[l.ty(args[0])]).number().kind
}

/// Whether a sum of whole numbers is taken in halves: where 2^32 rows of it
/// can leave 64 bits, and that matters.
fn in_halves(source: &Source<'_>, id: ExprId) -> bool {
    let args = args(source, id);
    let range = |arg: ExprId| source.checked.ranges[arg.index()];
    let each = match *args {
        [x, y] => {
            let product = Range::binary(BinaryOp::Mul, range(x), range(y));
            match product.fits() {
                true => product.cut(),
                false => Range::FULL,
            }
        }
        _ => range(args[0]),
    };
    source.overflow != Overflow::Wrapping && !each.is_within(i32::MIN.into(), i32::MAX.into())
}

/// A sum of whole numbers, or that of their high halves and that of their low
/// ones, neither of which leaves 64 bits in 2^32 rows.
fn sums_of_whole(source: &Source<'_>, id: ExprId, make: &Make<'_>) -> Vec<Total> {
    if !in_halves(source, id) {
        return vec![make(Combine::Sum, &|l, args| l.summand(id, args))];
    }
    let high = make(Combine::Sum, &|l, args| {
        let (value, half) = (l.summand(id, args), l.b.i64(32));
        l.b.op(Op::Shr, &[value, half])
    });
    let low = make(Combine::Sum, &|l, args| {
        let (value, mask) = (l.summand(id, args), l.b.i64(LOW_HALF));
        l.b.op(Op::And, &[value, mask])
    });
    vec![high, low]
}

/// A product of whole numbers modulo 2^64, and about what it is.
fn products_of_whole(source: &Source<'_>, make: &Make<'_>) -> Vec<Total> {
    let factor = |l: &mut Lowerer<'_>, args: &[ExprId]| {
        let value = l.get(args[0], Kind::Int);
        l.where_valid(args, value, Combine::Product)
    };
    let exact = make(Combine::Product, &factor);
    if source.overflow == Overflow::Wrapping {
        return vec![exact];
    }
    let about = make(Combine::Product, &|l, args| {
        let value = factor(l, args);
        l.b.cast(Scalar::F64, value)
    });
    vec![exact, about]
}

impl Lowerer<'_> {
    /// Whether all values of a row are there.
    pub(super) fn all_valid(&mut self, args: &[ExprId]) -> NodeId {
        let mut all = None;
        for &arg in args {
            all = self.both_valid(all, self.valid(arg));
        }
        all.unwrap_or_else(|| self.b.bool(true))
    }

    /// The value of a row that is there, and else what changes no total.
    fn where_valid(&mut self, args: &[ExprId], value: NodeId, combine: Combine) -> NodeId {
        if args.iter().all(|&arg| self.valid(arg).is_none()) {
            return value;
        }
        let identity = combine.identity(self.scalar_of(value));
        let (valid, identity) = (self.all_valid(args), self.b.constant(identity));
        self.b.select(valid, value, identity)
    }

    /// What a sum adds in a row: a value, or a product of two.
    fn summand(&mut self, id: ExprId, args: &[ExprId]) -> NodeId {
        let kind = self.ty(id).kind;
        let value = match *args {
            [x, y] => {
                let (a, b) = (self.get(x, kind), self.get(y, kind));
                let fits = Range::binary(BinaryOp::Mul, self.range(x), self.range(y)).fits();
                match kind {
                    Kind::Int => self.summary(id, fits, PRODUCT, a, b),
                    _ => self.b.op(Op::Mul, &[a, b]),
                }
            }
            _ => self.get(args[0], kind),
        };
        self.where_valid(args, value, Combine::Sum)
    }

    /// The row, if its value is the best or NaN, which is then the best; else
    /// one that is beyond all.
    fn row_of_best(&mut self, id: ExprId, args: &[ExprId]) -> NodeId {
        let (value, best) = (
            self.get(args[0], number(self, args)),
            self.known_of(id, 0, 0),
        );
        let is_best = self.b.op(Op::Eq, &[value, best]);
        let is_nan = self.b.op(Op::Ne, &[value, value]);
        let is_best = self.or(is_best, is_nan);
        let valid = self.all_valid(args);
        let is_found = self.and(is_best, valid);
        let (row, none) = (self.row(), self.b.i64(i64::MAX));
        self.b.select(is_found, row, none)
    }
}

/// What becomes known in a step: of the last one the value, and its validity
/// if it has one.
pub(super) fn finish(
    source: &Source<'_>,
    b: &mut FuncBuilder,
    step: &Step,
    rows: NodeId,
    known: &[NodeId],
    totals: &[NodeId],
) -> Vec<NodeId> {
    let mut finish = Finish {
        source,
        id: step.id,
        b,
        rows,
    };
    let kind = source.ty(step.id).kind;
    let is_nullable = source.ty(step.id).nullable;
    match (step.function, step.step) {
        (Function::Sum | Function::Dot, _) if kind == Kind::Int => vec![finish.sum(totals)],
        (Function::Prod, _) if kind == Kind::Int => vec![finish.product(totals)],
        (Function::Count, _) => vec![totals.first().copied().unwrap_or(rows)],
        (Function::Min | Function::Max, _) => match *totals {
            [value, count] => vec![value, finish.is_some(count)],
            _ => {
                finish.guard_some();
                vec![totals[0]]
            }
        },
        (Function::Mean, _) => {
            let count = totals.get(1).copied();
            let mean = finish.mean(totals[0], count);
            finish.if_some(mean, count)
        }
        (Function::Var | Function::Std, 0) => {
            let mean = finish.mean(totals[0], totals.get(1).copied());
            [mean].into_iter().chain(totals.get(1).copied()).collect()
        }
        (Function::Var | Function::Std, _) => {
            let count = known.get(1).copied();
            let mut value = finish.mean(totals[0], count);
            if step.function == Function::Std {
                value = finish.b.op(Op::Sqrt, &[value]);
            }
            finish.if_some(value, count)
        }
        (Function::Logsumexp, 0) => vec![finish.where_finite(totals[0])],
        (Function::Logsumexp, _) => {
            let log = finish.b.op(Op::Log, &[totals[0]]);
            vec![finish.b.op(Op::Add, &[log, known[0]])]
        }
        (Function::Argmin | Function::Argmax, 1) if is_nullable => {
            let none = finish.b.i64(i64::MAX);
            vec![totals[0], finish.b.op(Op::Ne, &[totals[0], none])]
        }
        (Function::Argmin | Function::Argmax, 1) => {
            finish.guard_some();
            vec![totals[0]]
        }
        _ => vec![totals[0]],
    }
}

/// Makes of what a step has combined what it knows.
struct Finish<'a, 's> {
    source: &'a Source<'s>,
    id: ExprId,
    b: &'a mut FuncBuilder,
    rows: NodeId,
}

impl Finish<'_, '_> {
    fn is_some(&mut self, count: NodeId) -> NodeId {
        let zero = self.b.i64(0);
        self.b.op(Op::Gt, &[count, zero])
    }

    /// The value, and whether there is one where rows are counted.
    fn if_some(&mut self, value: NodeId, count: Option<NodeId>) -> Vec<NodeId> {
        let valid = count.map(|count| self.is_some(count));
        [value].into_iter().chain(valid).collect()
    }

    /// A sum by the number of rows, or of those that are there.
    fn mean(&mut self, sum: NodeId, count: Option<NodeId>) -> NodeId {
        let scalar = self.b.ty(sum).scalar;
        let count = self.b.cast(scalar, count.unwrap_or(self.rows));
        self.b.op(Op::Div, &[sum, count])
    }

    /// The value if it is finite, else 0.
    fn where_finite(&mut self, value: NodeId) -> NodeId {
        let number = |b: &mut FuncBuilder, x: f64| match b.ty(value).scalar {
            Scalar::F32 => b.constant(Const::f32(x as f32)),
            _ => b.constant(Const::f64(x)),
        };
        let (infinity, zero) = (number(self.b, f64::INFINITY), number(self.b, 0.0));
        let size = self.b.op(Op::Abs, &[value]);
        let is_finite = self.b.op(Op::Lt, &[size, infinity]);
        self.b.select(is_finite, value, zero)
    }

    /// high * 2^32 + low, where the halves of a sum were taken apart.
    fn sum(&mut self, totals: &[NodeId]) -> NodeId {
        let [high, low] = *totals else {
            return totals[0];
        };
        let (half, mask) = (self.b.i64(32), self.b.i64(LOW_HALF));
        let most = self.b.i64(LOW_HALF);
        let few = self.b.op(Op::Le, &[self.rows, most]);
        self.guard(FaultKind::Range, few, "is of more rows than 4294967295");
        // The low halves are not negative, and their sum has 64 bits.
        let carry = self.b.cast(Scalar::U64, low);
        let unsigned_half = self.b.cast(Scalar::U64, half);
        let carry = self.b.op(Op::Shr, &[carry, unsigned_half]);
        let carry = self.b.cast(Scalar::I64, carry);
        let top = self.b.op(Op::Add, &[high, carry]);
        let least = self.b.i64(i32::MIN.into());
        let greatest = self.b.i64(i32::MAX.into());
        let is_small = self.b.op(Op::Le, &[top, greatest]);
        let is_large = self.b.op(Op::Ge, &[top, least]);
        let fits = self.b.op(Op::And, &[is_small, is_large]);
        let shifted = self.b.op(Op::Shl, &[top, half]);
        let rest = self.b.op(Op::And, &[low, mask]);
        let value = self.b.op(Op::Or, &[shifted, rest]);
        let zero = self.b.i64(0);
        let is_negative = self.b.op(Op::Lt, &[top, zero]);
        self.fitting(value, fits, is_negative)
    }

    /// A product modulo 2^64, if that is the product: if there is a zero in
    /// it, if it is clearly below 2^63, or if it is near and has the sign that
    /// it should have.
    fn product(&mut self, totals: &[NodeId]) -> NodeId {
        let [exact, about] = *totals else {
            return totals[0];
        };
        let limit = -(i64::MIN as f64);
        let zero = self.b.f64(0.0);
        // Infinity times zero is NaN.
        let is_nan = self.b.op(Op::Ne, &[about, about]);
        let is_zero = self.b.op(Op::Eq, &[about, zero]);
        let has_zero = self.b.op(Op::Or, &[is_nan, is_zero]);
        let size = self.b.op(Op::Abs, &[about]);
        let below = self.b.f64(limit * (1.0 - PRODUCT_ERROR));
        let is_below = self.b.op(Op::Lt, &[size, below]);
        let near = self.b.f64(limit * (1.0 + PRODUCT_ERROR));
        let is_near = self.b.op(Op::Lt, &[size, near]);
        let is_negative = self.b.op(Op::Lt, &[about, zero]);
        let whole_zero = self.b.i64(0);
        let wraps_negative = self.b.op(Op::Lt, &[exact, whole_zero]);
        let has_sign = self.b.op(Op::Eq, &[is_negative, wraps_negative]);
        let is_near = self.b.op(Op::And, &[is_near, has_sign]);
        let fits = self.b.op(Op::Or, &[is_below, is_near]);
        let fits = self.b.op(Op::Or, &[fits, has_zero]);
        self.fitting(exact, fits, is_negative)
    }

    /// A whole number by the overflow rule: an error unless it fits, or the
    /// least or greatest.
    fn fitting(&mut self, value: NodeId, fits: NodeId, is_negative: NodeId) -> NodeId {
        if self.source.overflow == Overflow::Saturating {
            let (least, greatest) = (self.b.i64(i64::MIN), self.b.i64(i64::MAX));
            let limit = self.b.select(is_negative, least, greatest);
            return self.b.select(fits, value, limit);
        }
        self.guard(FaultKind::Overflow, fits, "is too large for a whole number");
        value
    }

    /// There is no least or greatest of no rows.
    fn guard_some(&mut self) {
        let is_some = self.is_some(self.rows);
        self.guard(FaultKind::Range, is_some, "is of no rows");
    }

    fn guard(&mut self, kind: FaultKind, ok: NodeId, clause: &str) {
        let span = self.source.ast.span(self.id);
        let shown = quote(span.text(self.source.text));
        let fault = self.b.fault(Fault {
            kind,
            message: format!("{shown} {clause}"),
            span: Some(Span {
                start: span.start,
                end: span.end,
            }),
            site: None,
        });
        self.b.guard(ok, fault, &[]);
    }
}
