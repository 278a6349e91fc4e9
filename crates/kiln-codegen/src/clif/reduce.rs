//! Reductions and scans.
//!
//! The shape `tree` of floats, where the order shows, is in `tree.rs`. Where
//! joining is associative and commutative to the bit, on integers, truth
//! values, least and greatest ones, the order cannot be seen and one running
//! value is enough. Where the reduction has a strip, that runs whole rounds of
//! the lanes, and what is left over goes round them here.

use super::emit::{ACCESS, Emit, Kind};
use super::lower::Lowerer;
use super::strip::Rounds;
use crate::CodegenError;
use cranelift_codegen::ir::{InstBuilder, StackSlot, Value, types};
use kiln_ir::{ArrayRef, Combine, NodeId, RegionId, Scalar, Shape};

/// What a reduction joins, and how.
#[derive(Clone, Copy)]
pub(super) struct Joining {
    pub(super) combine: Combine,
    pub(super) scalar: Scalar,
}

impl Joining {
    pub(super) fn kind(self) -> Kind {
        Kind::one(self.scalar)
    }

    /// Virtual lanes of the fixed shape.
    pub(super) fn lanes(self) -> usize {
        Shape::lanes(self.scalar).into()
    }

    pub(super) fn identity(self, e: &mut Emit<'_>) -> Value {
        e.bits(self.kind(), self.combine.identity(self.scalar).bits())
    }

    /// `left` and `right` joined, in this order.
    fn join(self, e: &mut Emit<'_>, left: Value, right: Value) -> Option<Value> {
        e.one(self.combine.op(), self.scalar, &[left, right])
    }

    pub(super) fn load(self, e: &mut Emit<'_>, pointer: Value, offset: usize) -> Value {
        let ty = self.kind().clif();
        e.b.ins().load(ty, ACCESS, pointer, offset as i32)
    }
}

impl Lowerer<'_> {
    /// A reduction of what `body` yields over `lo..hi`.
    pub(super) fn reduce(
        &mut self,
        node: NodeId,
        (combine, shape): (Combine, Shape),
        (lo, hi): (Value, Value),
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let ty = self.func.ty(self.func.region(body).yields[0]);
        if ty.is_vector() {
            return Err(self.unsupported("a reduction of vectors"));
        }
        let joining = Joining {
            combine,
            scalar: ty.scalar,
        };
        let strip = self.strip_of(node);
        // No order shows in least and greatest values.
        let is_extreme = matches!(combine, Combine::Min | Combine::Max) && strip.is_some();
        let result = if shape == Shape::Tree && ty.scalar.is_float() && !is_extreme {
            self.tree(joining, (lo, hi), body, strip)?
        } else {
            let first = joining.identity(&mut self.e);
            let (from, before) = match strip {
                Some(strip) => self.blocks_first(joining, first, (lo, hi), body, strip)?,
                None => (lo, first),
            };
            self.running(joining, before, (from, hi), body, None)?
        };
        let held = self.hold(&[result], 0);
        self.set_results(node, vec![held]);
        Ok(())
    }

    /// As a reduction in order from `init`, writing every running value.
    pub(super) fn scan(
        &mut self,
        node: NodeId,
        (combine, init): (Combine, NodeId),
        (lo, hi): (Value, Value),
        array: ArrayRef,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let ty = self.func.ty(init);
        if ty.is_vector() {
            return Err(self.unsupported("a scan of vectors"));
        }
        let joining = Joining {
            combine,
            scalar: ty.scalar,
        };
        let first = self.scalar(init);
        let result = self.running(joining, first, (lo, hi), body, Some(array))?;
        let held = self.hold(&[result], 0);
        self.set_results(node, vec![held]);
        Ok(())
    }

    /// What a strip makes of the whole blocks of `lo..hi`, where no order
    /// shows: the round that is next, and the value so far.
    fn blocks_first(
        &mut self,
        joining: Joining,
        first: Value,
        (lo, hi): (Value, Value),
        body: RegionId,
        strip: usize,
    ) -> Result<(Value, Value), CodegenError> {
        let lanes = self.e.stack_slot(joining.lanes() * joining.scalar.bytes());
        let [count, enter, rest] = [(); 3].map(|()| self.e.b.create_block());
        let from = self.e.b.append_block_param(rest, types::I64);
        let before = self.e.b.append_block_param(rest, joining.kind().clif());
        let none = [lo.into(), first.into()];
        self.less(lo, hi, (count, Vec::new()), (rest, none.to_vec()));
        self.e.b.switch_to_block(count);
        let whole = self.whole_blocks(strip, lo, hi);
        self.e.b.ins().brif(whole, enter, &[], rest, &none);

        self.e.b.switch_to_block(enter);
        let base = self.clear_lanes(joining, lanes);
        let end = self.e.iadd(lo, whole);
        let rounds = Rounds {
            lo,
            hi: end,
            lanes: Some(base),
        };
        self.enter_strip(strip, rounds, body)?;
        if let Some(failed) = self.run_strip(strip, rounds)? {
            let go_on = self.e.b.current_block();
            self.e.b.switch_to_block(failed);
            self.e.b.ins().jump(rest, &none);
            self.go_on_in(go_on);
        }
        let folded = self.fold(joining, lanes)?;
        let joined = self.joined(joining, first, folded)?;
        self.e.b.ins().jump(rest, &[end.into(), joined.into()]);
        self.e.b.switch_to_block(rest);
        Ok((from, before))
    }

    /// Sets every lane to the identity; gives the address of the first.
    pub(super) fn clear_lanes(&mut self, joining: Joining, lanes: StackSlot) -> Value {
        let base = self.e.b.ins().stack_addr(types::I64, lanes, 0);
        let identity = joining.identity(&mut self.e);
        for lane in 0..joining.lanes() {
            self.store_word(identity, base, lane * joining.scalar.bytes());
        }
        base
    }

    /// One running value, joined with what `body` yields over `lo..hi` and
    /// written to `array`, if there is one.
    fn running(
        &mut self,
        joining: Joining,
        first: Value,
        (lo, hi): (Value, Value),
        body: RegionId,
        array: Option<ArrayRef>,
    ) -> Result<Value, CodegenError> {
        let clif = joining.kind().clif();
        let head = self.e.b.create_block();
        let exit = self.e.b.create_block();
        let index = self.e.b.append_block_param(head, types::I64);
        let before = self.e.b.append_block_param(head, clif);
        let result = self.e.b.append_block_param(exit, clif);
        let (enter, leave) = ([lo.into(), first.into()], [first.into()]);
        self.less(lo, hi, (head, enter.into()), (exit, leave.into()));

        self.e.b.switch_to_block(head);
        let value = self.round(index, body)?;
        let after = self.joined(joining, before, value)?;
        if let Some(array) = array {
            self.store_value(array, &[self.func.region(body).args[0]], after);
        }
        let next = self.count(index);
        let (again, leave) = ([next.into(), after.into()], [after.into()]);
        self.less(next, hi, (head, again.into()), (exit, leave.into()));
        self.e.b.switch_to_block(exit);
        Ok(result)
    }

    /// The body for one index: what it yields.
    pub(super) fn round(&mut self, index: Value, body: RegionId) -> Result<Value, CodegenError> {
        let held = self.hold(&[index], 0);
        self.set(self.func.region(body).args[0], held);
        self.in_loop(index, |this| this.region(body))?;
        Ok(self.scalar(self.func.region(body).yields[0]))
    }

    pub(super) fn count(&mut self, index: Value) -> Value {
        let one = self.e.b.ins().iconst(types::I64, 1);
        self.e.iadd(index, one)
    }

    pub(super) fn joined(
        &mut self,
        joining: Joining,
        left: Value,
        right: Value,
    ) -> Result<Value, CodegenError> {
        let made = joining.join(&mut self.e, left, right);
        made.ok_or_else(|| {
            let ty = kiln_ir::Type::scalar(joining.scalar);
            self.no_form(joining.combine.op(), ty)
        })
    }

    /// The lanes folded in halves: lane `i` takes lane `i + width`.
    pub(super) fn fold(
        &mut self,
        joining: Joining,
        lanes: StackSlot,
    ) -> Result<Value, CodegenError> {
        let size = joining.scalar.bytes();
        let base = self.e.b.ins().stack_addr(types::I64, lanes, 0);
        let mut values: Vec<Value> = (0..joining.lanes())
            .map(|lane| joining.load(&mut self.e, base, lane * size))
            .collect();
        while values.len() > 1 {
            let upper = values.split_off(values.len() / 2);
            for (value, &other) in values.iter_mut().zip(&upper) {
                *value = self.joined(joining, *value, other)?;
            }
        }
        Ok(values[0])
    }
}
