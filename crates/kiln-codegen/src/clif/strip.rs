//! Calls of strips: a loop whose whole blocks run elsewhere, on vectors.
//!
//! ```text
//! loop:   lo < hi ? count : rest(lo)
//! count:  whole = (hi - lo) & -lanes; whole ? call : rest(lo)
//! call:   fill the frame of the strip; status of the rounds lo..lo + whole;
//!         done ? rest(lo + whole) : failed
//! failed: rerun ? rest(the first round of the block) : return the status
//! rest:   the loop itself, one round at a time
//! ```
//! The strip has a frame of its own on the stack, and its address is read from
//! the table of strips, so the code holds none. Where a guard fails in a
//! block, nothing of the block is stored, and the loop itself goes on from
//! there: it stores, stops and reports as sequential code does.

use super::control::with_first;
use super::emit::{Kind, int_cc};
use super::lower::Lowerer;
use crate::frame;
use crate::{CodegenError, FrameLayout, StripCall};
use cranelift_codegen::ir::{AbiParam, Block, InstBuilder, Signature, StackSlot, Value, types};
use kiln_ir::{
    ArrayRef, Func, Node, NodeId, Op, ParamType, RegionId, Row, Scalar, Schedule, StripInput, Walk,
};

/// Which rounds a strip is called for, and what it is given besides.
#[derive(Clone, Copy)]
pub(super) struct Rounds {
    /// The first one.
    pub(super) lo: Value,
    /// One past the last one.
    pub(super) hi: Value,
    /// The address of the lanes, for a strip of a reduction.
    pub(super) lanes: Option<Value>,
}

impl Lowerer<'_> {
    /// The strip of a loop, as its number in the table of strips.
    pub(super) fn strip_of(&self, node: NodeId) -> Option<usize> {
        self.strips.iter().position(|call| call.strip.node == node)
    }

    /// A loop that has a strip.
    pub(super) fn loop_with_strip(
        &mut self,
        number: usize,
        lo: Value,
        hi: Value,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let [count, enter, rest] = [(); 3].map(|()| self.e.b.create_block());
        let from = self.e.b.append_block_param(rest, types::I64);
        let none = with_first(lo, &[]);
        self.less(lo, hi, (count, Vec::new()), (rest, none.clone()));

        self.e.b.switch_to_block(count);
        let whole = self.whole_blocks(number, lo, hi);
        self.e.b.ins().brif(whole, enter, &[], rest, &none);

        self.e.b.switch_to_block(enter);
        let end = self.e.iadd(lo, whole);
        let rounds = Rounds {
            lo,
            hi: end,
            lanes: None,
        };
        if let Some(failed) = self.run_strip(number, rounds, body)? {
            let go_on = self.e.b.current_block();
            self.e.b.switch_to_block(failed);
            let slot = self.strip_frame();
            let base = self.e.b.ins().stack_addr(types::I64, slot, 0);
            let round = self.load_word(base, frame::ERROR_ROW);
            self.e.b.ins().jump(rest, &with_first(round, &[]));
            self.go_on_in(go_on);
        }
        self.e.b.ins().jump(rest, &with_first(end, &[]));
        self.e.b.switch_to_block(rest);
        self.plain_rounds(from, hi, body)
    }

    /// How many rounds of `lo..hi` fill blocks of a strip; `lo < hi`.
    pub(super) fn whole_blocks(&mut self, number: usize, lo: Value, hi: Value) -> Value {
        // The difference is right as an unsigned number.
        let rounds = self.e.b.ins().isub(hi, lo);
        let lanes = i64::from(self.strips[number].lanes);
        let mask = self.e.b.ins().iconst(types::I64, -lanes);
        self.e.band(rounds, mask)
    }

    /// Calls a strip for whole blocks of rounds. What follows comes after all
    /// of them. Where a guard can fail, gives the block where the code goes on
    /// if one has: the error record of the strip says in which block.
    pub(super) fn run_strip(
        &mut self,
        number: usize,
        rounds: Rounds,
        body: RegionId,
    ) -> Result<Option<Block>, CodegenError> {
        let call = self.strips[number];
        let slot = self.strip_frame();
        self.fill_frame(&call, slot, rounds, body)?;
        let status = self.call_strip(number, slot, rounds)?;
        if !can_end_early(&call.strip.func) {
            return Ok(None);
        }
        let [ended, again, leave, on] = [(); 4].map(|()| self.e.b.create_block());
        for rare in [ended, again, leave] {
            self.e.b.set_cold_block(rare);
        }
        self.e.b.ins().brif(status, ended, &[], on, &[]);
        self.e.b.switch_to_block(ended);
        let kind = Kind::one(Scalar::I64);
        let rerun = self.e.b.ins().iconst(types::I64, frame::RERUN);
        let is_rerun = self.e.icmp(kind, int_cc(Op::Eq, true), status, rerun);
        self.e.b.ins().brif(is_rerun, again, &[], leave, &[]);
        self.e.b.switch_to_block(leave);
        self.e.b.ins().return_(&[status]);
        self.e.b.switch_to_block(on);
        Ok(Some(again))
    }

    /// Goes on in a block that was left open.
    pub(super) fn go_on_in(&mut self, block: Option<Block>) {
        if let Some(block) = block {
            self.e.b.switch_to_block(block);
        }
    }

    /// The rounds `lo..hi` of a loop that carries nothing.
    fn plain_rounds(&mut self, lo: Value, hi: Value, body: RegionId) -> Result<(), CodegenError> {
        let head = self.e.b.create_block();
        let exit = self.e.b.create_block();
        let index = self.e.b.append_block_param(head, types::I64);
        self.less(lo, hi, (head, with_first(lo, &[])), (exit, Vec::new()));
        self.e.b.switch_to_block(head);
        let held = self.hold(&[index], 0);
        self.set(self.func.region(body).args[0], held);
        self.in_loop(index, |this| this.region(body))?;
        let one = self.e.b.ins().iconst(types::I64, 1);
        let next = self.e.iadd(index, one);
        self.less(next, hi, (head, with_first(next, &[])), (exit, Vec::new()));
        self.e.b.switch_to_block(exit);
        Ok(())
    }

    /// The frame of strips: one is called at a time.
    fn strip_frame(&mut self) -> StackSlot {
        if let Some(slot) = self.strip_frame {
            return slot;
        }
        let sizes = self
            .strips
            .iter()
            .map(|c| FrameLayout::of(&c.strip.func).size());
        let slot = self.e.stack_slot(sizes.max().unwrap_or(0));
        self.strip_frame = Some(slot);
        slot
    }

    fn fill_frame(
        &mut self,
        call: &StripCall<'_>,
        slot: StackSlot,
        rounds: Rounds,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let Some(frame) = self.frame else {
            return Err(self.unsupported("a strip called without a frame"));
        };
        let base = self.e.b.ins().stack_addr(types::I64, slot, 0);
        for shared in [frame::HELPERS, frame::STOP] {
            let word = self.load_word(frame, shared);
            self.store_word(word, base, shared);
        }
        let layout = FrameLayout::of(&call.strip.func);
        let params = call.strip.func.params().iter().enumerate();
        for ((index, param), input) in params.zip(&call.strip.inputs) {
            match (*input, param.ty) {
                (StripInput::Value(node), ParamType::Scalar(scalar)) => {
                    let value = self.scalar(node);
                    self.store_slot(scalar, value, base, layout.param(index));
                }
                (StripInput::Row(row), _) => {
                    let (first, stride) = self.row(&row, body)?;
                    self.store_word(first, base, layout.param(index));
                    if let Some(stride) = stride {
                        self.store_word(stride, base, layout.stride(index, 1, 0));
                    }
                }
                (StripInput::First, _) => self.store_word(rounds.lo, base, layout.param(index)),
                (StripInput::Lanes, _) => {
                    let Some(lanes) = rounds.lanes else {
                        return Err(self.unsupported("a reduction without lanes"));
                    };
                    self.store_word(lanes, base, layout.param(index));
                }
                (StripInput::Value(_), ParamType::Array(_)) => {
                    return Err(self.unsupported("an array as the value of a strip"));
                }
            }
        }
        Ok(())
    }

    /// The address of the first element of a row and, where they do not lie
    /// side by side, how many elements the next one is away.
    fn row(&mut self, row: &Row, body: RegionId) -> Result<(Value, Option<Value>), CodegenError> {
        let (array, index) = match *self.func.node(row.access) {
            Node::Load { array, index, .. } | Node::Store { array, index, .. } => (array, index),
            _ => return Err(self.unsupported("a row that is no access")),
        };
        let size = self.func.array_type(array).elem.bytes();
        let first = self.address_in_round(0, array, &index, body)?;
        match row.walk {
            Walk::Still | Walk::Unit if row.offset == 0 => Ok((first, None)),
            Walk::Still | Walk::Unit => {
                let back = row.offset.wrapping_neg().wrapping_mul(size as i64);
                let back = self.e.b.ins().iconst(types::I64, back);
                Ok((self.e.iadd(first, back), None))
            }
            Walk::Strided => {
                let second = self.address_in_round(1, array, &index, body)?;
                let bytes = self.e.isub(second, first);
                let shift = i64::from(size.trailing_zeros());
                let shift = self.e.b.ins().iconst(types::I64, shift);
                Ok((first, Some(self.e.sshr(bytes, shift))))
            }
        }
    }

    /// Where an access of the loop would stand in a round, computed before the
    /// loop: its index is made of ops alone, and of what stays.
    fn address_in_round(
        &mut self,
        round: i64,
        array: ArrayRef,
        index: &[NodeId],
        body: RegionId,
    ) -> Result<Value, CodegenError> {
        let number = self.func.region(body).args[0];
        let round = self.e.b.ins().iconst(types::I64, round);
        let held = self.hold(&[round], 0);
        self.set(number, held);
        for node in moving(self.func, index, number, &self.schedule) {
            self.node(node)?;
        }
        Ok(self.element_address(array, index))
    }

    fn call_strip(
        &mut self,
        number: usize,
        slot: StackSlot,
        rounds: Rounds,
    ) -> Result<Value, CodegenError> {
        let Some(frame) = self.frame else {
            return Err(self.unsupported("a strip called without a frame"));
        };
        let table = self.load_word(frame, frame::STRIPS);
        let code = self.load_word(table, 8 * number);
        let mut signature = Signature::new(self.e.target.isa(false).default_call_conv());
        signature.params = vec![AbiParam::new(types::I64); 3];
        signature.returns = vec![AbiParam::new(types::I64)];
        let signature = self.e.b.import_signature(signature);
        let base = self.e.b.ins().stack_addr(types::I64, slot, 0);
        let args = [base, rounds.lo, rounds.hi];
        let call = self.e.b.ins().call_indirect(signature, code, &args);
        Ok(self.e.b.inst_results(call)[0])
    }
}

/// Whether a strip can end before its last round.
fn can_end_early(func: &Func) -> bool {
    let is_unbounded = |i| matches!(func.node(NodeId::new(i)), Node::While { .. });
    func.can_fail() || (0..func.node_count()).any(is_unbounded)
}

/// The ops that an index is made of and that run in the loop of `number`, its
/// index, in an order to compute them in.
fn moving(func: &Func, index: &[NodeId], number: NodeId, schedule: &Schedule) -> Vec<NodeId> {
    let Node::Arg { region: body, .. } = *func.node(number) else {
        return Vec::new();
    };
    let inside = regions_inside(func, schedule, body);
    let mut pending = index.to_vec();
    let mut found = Vec::new();
    while let Some(id) = pending.pop() {
        let is_inside = schedule
            .place(id)
            .is_some_and(|region| inside.contains(&region));
        if is_inside && matches!(func.node(id), Node::Op { .. }) && !found.contains(&id) {
            found.push(id);
            func.for_each_operand(id, |v| pending.push(v));
        }
    }
    found.sort_unstable();
    found
}

fn regions_inside(func: &Func, schedule: &Schedule, body: RegionId) -> Vec<RegionId> {
    let mut found = vec![body];
    let mut next = 0;
    while let Some(&region) = found.get(next) {
        next += 1;
        for &id in schedule.nodes(region) {
            found.extend(func.regions_of(id));
        }
    }
    found
}
