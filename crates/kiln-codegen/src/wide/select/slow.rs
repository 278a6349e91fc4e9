//! Slow-lane ops: calls of helpers for the lanes that need them.

use super::super::inst::{Arg, Inst, SlowCall, VECTOR};
use super::{Selector, Value};
use crate::CodegenError;
use crate::frame::Helper;
use kiln_ir::{NodeId, Op, Scalar};

impl Selector<'_> {
    pub(super) fn slow_op(
        &mut self,
        op: Op,
        args: &[NodeId],
        scalar: Scalar,
    ) -> Result<Value, CodegenError> {
        let helper = Helper::of(op, scalar).ok_or_else(|| self.unknown(op, scalar))?;
        let width = self.width(scalar);
        let operands: Vec<Vec<Arg>> = args.iter().map(|&arg| self.pieces(arg)).collect();
        let ones = self.splat(scalar, u64::MAX);
        let pieces = operands.iter().map(Vec::len).max().unwrap_or(1);
        let mut vectors = vec![vec![ones; pieces]];
        for operand in operands {
            vectors.push(
                (0..pieces)
                    .map(|i| operand[i.min(operand.len() - 1)])
                    .collect(),
            );
        }
        let in_registers = |s: &mut Self, pieces: Vec<Arg>| {
            pieces.into_iter().map(|p| s.register(p, width)).collect()
        };
        let args = vectors
            .into_iter()
            .map(|pieces| in_registers(self, pieces))
            .collect();
        let results: Vec<_> = (0..pieces).map(|_| self.mach.fresh(VECTOR)).collect();
        let value = Value::of(results.iter().map(|&r| Arg::Reg(r)).collect());
        self.push(Inst::Slow(Box::new(SlowCall {
            helper: helper.index() as u32,
            args,
            results: vec![results],
            width,
            lanes: (pieces * self.shape.piece) as u16,
        })));
        Ok(value)
    }
}
