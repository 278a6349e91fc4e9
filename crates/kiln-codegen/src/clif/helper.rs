//! Calls of helpers: slow-lane ops, remainders of floats, and `fma` without
//! hardware.
//!
//! The mask of lanes, the operands and the result stand on the stack; see
//! [`Helper`] for how they lie there.

use super::lower::{Held, Lowerer};
use crate::CodegenError;
use crate::frame::Helper;
use cranelift_codegen::ir::{InstBuilder, StackSlot, Value, types};
use kiln_ir::{Class, Func, NodeId, Op, Type};

impl Lowerer<'_> {
    /// Whether an op on a type is a call of a helper on this target.
    pub(super) fn calls_helper(&self, op: Op, from: Type) -> bool {
        from.scalar.is_float()
            && (op == Op::Rem
                || op.class() == Class::Slow
                || (op == Op::Fma && !self.e.target.has_fma()))
    }

    /// A call of a helper for the lanes that need it: those of the rare path
    /// it stands on, or all.
    pub(super) fn helper(&mut self, op: Op, ty: Type, args: &[Held]) -> Result<Held, CodegenError> {
        let helper = Helper::of(op, ty.scalar).ok_or_else(|| self.no_form(op, ty))?;
        let bytes = ty.scalar.bytes();
        let vector_bytes = (usize::from(ty.lanes) * bytes).next_multiple_of(64);
        let slot = self.scratch_slot();
        let pointer = self.e.b.ins().stack_addr(types::I64, slot, 0);
        let pieces = self.pieces_of(ty);
        let mask = self.active_mask(ty);
        let ints = ty.with_scalar(ty.scalar.to_signed());
        self.put_vector(ints, mask, pointer, 0);
        let mut at = vector_bytes;
        for &arg in args {
            self.put_vector(ty, arg, pointer, at);
            at += vector_bytes;
        }
        // Lanes that are off keep the first operand: some value, always the
        // same one.
        self.put_vector(ty, args[0], pointer, at);
        let table = self.helper_table()?;
        let code = self.load_word(table, 8 * helper.index());
        let lanes = self.e.b.ins().iconst(types::I64, i64::from(ty.lanes));
        let signature = self.helper_signature();
        self.e
            .b
            .ins()
            .call_indirect(signature, code, &[pointer, lanes]);
        let mut results = Vec::with_capacity(pieces);
        for piece in 0..pieces {
            let offset = at + piece * self.piece_lanes(ty) * bytes;
            results.push(self.load_piece(ty, pointer, offset as i32));
        }
        Ok(self.hold(&results, 0))
    }

    /// The lanes a helper is called for.
    fn active_mask(&mut self, ty: Type) -> Held {
        let bytes = ty.scalar.bytes();
        match self.active.last() {
            Some(&mask) if self.func.ty(mask).lanes == ty.lanes && ty.is_vector() => {
                self.get_mask(mask, bytes)
            }
            _ => {
                let kind = self.kind(ty.with_scalar(ty.scalar.to_signed()));
                let on = self.e.int(kind, -1);
                self.hold(&[on], bytes)
            }
        }
    }

    fn scratch_slot(&mut self) -> StackSlot {
        if let Some(slot) = self.scratch {
            return slot;
        }
        let lanes = max_lanes(self.func);
        let vector = (lanes * 8).next_multiple_of(64);
        // The mask, three operands, one result.
        let slot = self.e.stack_slot(5 * vector);
        self.scratch = Some(slot);
        slot
    }

    fn put_vector(&mut self, ty: Type, held: Held, pointer: Value, at: usize) {
        for piece in 0..self.pieces_of(ty) {
            let value = self.at(held, piece);
            let offset = at + piece * self.piece_lanes(ty) * ty.scalar.bytes();
            self.store_piece(ty, value, pointer, offset as i32);
        }
    }
}

/// The most lanes of a value.
fn max_lanes(func: &Func) -> usize {
    let lanes = (0..func.node_count()).filter_map(|i| func.value_type(NodeId::new(i)));
    lanes.map(|ty| usize::from(ty.lanes)).max().unwrap_or(1)
}
