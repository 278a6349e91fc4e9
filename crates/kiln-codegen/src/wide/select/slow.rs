//! Slow-lane ops: calls of helpers for the lanes that need them.

use super::super::inst::{Arg, Inst, SlowCall, VECTOR};
use super::{Selector, Value};
use crate::CodegenError;
use crate::frame::Helper;
use kiln_ir::{NodeId, Op, Scalar};
use regalloc2::VReg;

/// Pieces handed to a helper at once: operands, results and the mask stand in
/// registers.
const PIECES_AT_ONCE: usize = 2;

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
        let pieces = operands.iter().map(Vec::len).max().unwrap_or(1);
        let mut results = Vec::with_capacity(pieces);
        let at_once = match self.shape.piece * scalar.bytes() == width.bytes() {
            true => PIECES_AT_ONCE,
            // Behind lanes that do not fill their register the next ones
            // would not follow.
            false => 1,
        };
        for start in (0..pieces).step_by(at_once) {
            let range = start..pieces.min(start + at_once);
            // The mask, then the operands.
            let ones = self.splat(scalar, u64::MAX);
            let mut args = vec![vec![ones; range.len()]];
            for operand in &operands {
                args.push(
                    range
                        .clone()
                        .map(|i| operand[i.min(operand.len() - 1)])
                        .collect(),
                );
            }
            let args = args
                .into_iter()
                .map(|vector| {
                    vector
                        .into_iter()
                        .map(|p| self.register(p, width))
                        .collect()
                })
                .collect();
            let defs: Vec<VReg> = range.map(|_| self.mach.fresh(VECTOR)).collect();
            results.extend(defs.iter().map(|&reg| Arg::Reg(reg)));
            self.push(Inst::Slow(Box::new(SlowCall {
                helper: helper.index() as u32,
                args,
                lanes: (defs.len() * self.shape.piece) as u16,
                results: vec![defs],
                width,
            })));
        }
        Ok(Value::of(results))
    }
}
