//! Columns that are computed before the rows, one row after the other: running
//! totals and their like.
//!
//! Each is a Func of one row with what the rows before have come to as further
//! parameters. Rows where a value is missing leave that as it is, and are
//! missing themselves, as in pandas.

use super::arithmetic::{PRODUCT, SUM};
use super::totals::{Known, Param, lowerer_of};
use super::{Lowerer, Source};
use crate::ast::ExprId;
use crate::language::Function;
use crate::types::Kind;
use kiln_ir::{Combine, Const, Func, NodeId, Op, Scalar};

/// A column that is computed row after row.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The step from one row to the next. Its first results are the carried
    /// values after the row, of which the first one is the column's; the
    /// validity follows, if the column has one.
    pub func: Func,
    /// What its parameters are.
    pub params: Vec<Param>,
    /// The carried values before the first row.
    pub carried: Vec<Const>,
}

impl Scan {
    /// The types of the columns: of the values, and `bool` of their validity,
    /// if they have one.
    pub fn columns(&self) -> impl Iterator<Item = Scalar> {
        let results = self.func.results();
        let rest = &results[self.carried.len()..];
        results[..1].iter().chain(rest).map(|ty| ty.scalar)
    }
}

/// The step of a scan.
pub(super) fn scan(source: &Source<'_>, known: &Known, id: ExprId, function: Function) -> Scan {
    let (mut lowerer, args) = lowerer_of(source, known, id);
    let ty = source.ty(id);
    let (next, mut carried) = lowerer.step(id, function, ty.kind, args);
    let mut results = vec![next];
    if function == Function::Ema {
        carried.push(Const::bool(false));
        let started = lowerer.carried(1, Scalar::Bool);
        let valid = lowerer.all_valid(args);
        results.push(lowerer.or(started, valid));
    }
    if ty.nullable {
        results.push(lowerer.all_valid(args));
    }
    let (func, params) = lowerer.finish(&results);
    Scan {
        func,
        params,
        carried,
    }
}

impl Lowerer<'_> {
    /// What the rows before have come to.
    fn carried(&mut self, number: u32, scalar: Scalar) -> NodeId {
        self.other_parameter(Param::Carried(number), &format!("before{number}"), scalar)
    }

    /// What the rows up to this one come to, and what there is before them.
    fn step(
        &mut self,
        id: ExprId,
        function: Function,
        kind: Kind,
        args: &[ExprId],
    ) -> (NodeId, Vec<Const>) {
        let scalar = kind.scalar();
        let (before, value) = (self.carried(0, scalar), self.get(args[0], kind));
        let (next, combine) = match function {
            Function::Cumsum if kind == Kind::Int => {
                (self.summary(id, false, SUM, before, value), Combine::Sum)
            }
            Function::Cumprod if kind == Kind::Int => {
                let next = self.summary(id, false, PRODUCT, before, value);
                (next, Combine::Product)
            }
            Function::Cumprod => (self.b.op(Op::Mul, &[before, value]), Combine::Product),
            Function::Cummax => (self.b.op(Op::Max, &[before, value]), Combine::Max),
            Function::Cummin => (self.b.op(Op::Min, &[before, value]), Combine::Min),
            Function::Ema => {
                let share = self.get(args[1], kind);
                let distance = self.b.op(Op::Sub, &[value, before]);
                let part = self.b.op(Op::Mul, &[share, distance]);
                let moved = self.b.op(Op::Add, &[before, part]);
                let started = self.carried(1, Scalar::Bool);
                (self.b.select(started, moved, value), Combine::Sum)
            }
            _ => (self.b.op(Op::Add, &[before, value]), Combine::Sum),
        };
        let next = match args.iter().any(|&arg| self.valid(arg).is_some()) {
            true => {
                let valid = self.all_valid(args);
                self.b.select(valid, next, before)
            }
            false => next,
        };
        (next, vec![combine.identity(scalar)])
    }
}
