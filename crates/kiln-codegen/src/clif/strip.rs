//! Calls of strips: a loop whose whole blocks run elsewhere, on vectors.
//!
//! ```text
//! loop:   lo < hi ? count : rest(lo)
//! count:  whole = (hi - lo) & -lanes; whole ? call : rest(lo)
//! call:   fill the frame of the strip; status of the rounds lo..lo + whole;
//!         done ? (lo + whole < hi ? again : rest(hi)) : failed
//! again:  status of the last block, hi - lanes..hi; done ? rest(hi) : failed
//! failed: rerun ? rest(the first round of the block) : return the status
//! rest:   the loop itself, one round at a time
//! ```
//! The last block begins with rounds that have run. Where the loop reads
//! nothing that it writes, they store once more what they have stored; another
//! loop has no `again`, and goes on with `rest(lo + whole)`.
//! The strip has a frame of its own on the stack, and its address is read from
//! the table of strips, so the code holds none. Where a guard fails in a
//! block, nothing of the block is stored, and the loop itself goes on from
//! there: it stores, stops and reports as sequential code does.

use super::control::with_first;
use super::emit::{Kind, int_cc};
use super::lower::Lowerer;
use crate::frame;
use crate::{CodegenError, FrameLayout};
use cranelift_codegen::ir::{AbiParam, Block, InstBuilder, Signature, StackSlot, Value, types};
use kiln_ir::{
    Access, ArrayRef, ArrayType, Func, Layout, Node, NodeId, Op, ParamType, RegionId, Row, Scalar,
    Schedule, StripInput, is_even,
};

/// Which rounds a strip is called for, and what it is given besides.
#[derive(Clone, Copy)]
pub(super) struct Rounds {
    /// The first one.
    pub(super) lo: Value,
    /// One past the last one.
    pub(super) hi: Value,
    /// The lanes, for a strip of a reduction.
    pub(super) lanes: Option<LanesAt>,
}

/// Where a strip finds the lanes of a reduction.
#[derive(Clone, Copy)]
pub(super) struct LanesAt {
    /// The address of all of them.
    pub(super) base: Value,
    /// Which is the first one that it runs, unless that is lane 0.
    pub(super) from: Option<Value>,
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
        let call = self.strips[number];
        self.enter_strip(number, rounds, body)?;
        self.rounds_or_rest(number, rounds, rest)?;
        if can_repeat(&call.strip.func) {
            let again = self.e.b.create_block();
            self.less(end, hi, (again, Vec::new()), (rest, with_first(hi, &[])));
            self.e.b.switch_to_block(again);
            let back = self.e.b.ins().iconst(types::I64, -i64::from(call.lanes));
            let last = Rounds {
                lo: self.e.iadd(hi, back),
                hi,
                lanes: None,
            };
            self.rounds_or_rest(number, last, rest)?;
            self.e.b.ins().jump(rest, &with_first(hi, &[]));
        } else {
            self.e.b.ins().jump(rest, &with_first(end, &[]));
        }
        self.e.b.switch_to_block(rest);
        self.plain_rounds(from, hi, body)
    }

    /// Calls a strip for whole blocks of rounds; where one fails, `rest` goes
    /// on with its first round.
    fn rounds_or_rest(
        &mut self,
        number: usize,
        rounds: Rounds,
        rest: Block,
    ) -> Result<(), CodegenError> {
        if let Some(failed) = self.run_strip(number, rounds)? {
            let go_on = self.e.b.current_block();
            self.e.b.switch_to_block(failed);
            let slot = self.strip_frame();
            let base = self.e.b.ins().stack_addr(types::I64, slot, 0);
            let round = self.load_word(base, frame::ERROR_ROW);
            self.e.b.ins().jump(rest, &with_first(round, &[]));
            self.go_on_in(go_on);
        }
        Ok(())
    }

    /// How many rounds of `lo..hi` fill blocks of a strip; `lo < hi`.
    pub(super) fn whole_blocks(&mut self, number: usize, lo: Value, hi: Value) -> Value {
        // The difference is right as an unsigned number.
        let rounds = self.e.b.ins().isub(hi, lo);
        let call = self.strips[number];
        let lanes = i64::from(call.strip.block.unwrap_or(call.lanes));
        let mask = self.e.b.ins().iconst(types::I64, -lanes);
        self.e.band(rounds, mask)
    }

    /// Fills the frame of a strip, for any rounds of its loop.
    pub(super) fn enter_strip(
        &mut self,
        number: usize,
        rounds: Rounds,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let base = self.share_frame()?;
        for input in 0..self.strips[number].strip.inputs.len() {
            self.give_input(number, input, base, rounds, body)?;
        }
        Ok(())
    }

    /// Writes where its lanes are to the frame of a strip.
    pub(super) fn give_lanes(
        &mut self,
        number: usize,
        rounds: Rounds,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let slot = self.strip_frame();
        let base = self.e.b.ins().stack_addr(types::I64, slot, 0);
        let inputs = &self.strips[number].strip.inputs;
        for (input, _) in inputs
            .iter()
            .enumerate()
            .filter(|(_, input)| matches!(input, StripInput::Lanes { .. }))
        {
            self.give_input(number, input, base, rounds, body)?;
        }
        Ok(())
    }

    /// Calls a strip, whose frame is filled, for whole blocks of rounds. What
    /// follows comes after all of them. Where a guard can fail, gives the block
    /// where the code goes on if one has: the error record of the strip says in
    /// which block.
    pub(super) fn run_strip(
        &mut self,
        number: usize,
        rounds: Rounds,
    ) -> Result<Option<Block>, CodegenError> {
        let call = self.strips[number];
        let slot = self.strip_frame();
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
    pub(super) fn plain_rounds(
        &mut self,
        lo: Value,
        hi: Value,
        body: RegionId,
    ) -> Result<(), CodegenError> {
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

    /// Gives the frame of strips what it shares with this one; its address.
    pub(super) fn share_frame(&mut self) -> Result<Value, CodegenError> {
        let Some(frame) = self.frame else {
            return Err(self.unsupported("a strip called without a frame"));
        };
        let slot = self.strip_frame();
        let base = self.e.b.ins().stack_addr(types::I64, slot, 0);
        for shared in [frame::HELPERS, frame::STOP] {
            let word = self.load_word(frame, shared);
            self.store_word(word, base, shared);
        }
        Ok(base)
    }

    /// Writes an input of a strip to its frame.
    pub(super) fn give_input(
        &mut self,
        number: usize,
        input: usize,
        base: Value,
        rounds: Rounds,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let strip = self.strips[number].strip;
        let layout = FrameLayout::of(&strip.func);
        let at = layout.param(input);
        match (strip.inputs[input], strip.func.params()[input].ty) {
            (StripInput::Value { node, .. }, ParamType::Scalar(scalar)) => {
                let value = self.scalar(node);
                self.store_slot(scalar, value, base, at);
            }
            (StripInput::Row(row), _) => {
                let (first, apart) = self.row(&row, body)?;
                self.store_word(first, base, at);
                let rank = row.rank();
                for (dim, apart) in apart.into_iter().enumerate() {
                    let at = match row.layout() {
                        Layout::Strided => layout.stride(input, rank, dim),
                        // The extent of the last dimension says it.
                        Layout::Contiguous => layout.extent(input, dim + 1),
                    };
                    self.store_word(apart, base, at);
                }
            }
            (StripInput::Array(array), ParamType::Array(ty)) => {
                self.give_array(array, input, ty, (base, &layout))?;
            }
            (StripInput::First, _) => self.store_word(rounds.lo, base, at),
            (StripInput::Lanes { at: place }, ParamType::Array(ty)) => {
                let Some(lanes) = rounds.lanes else {
                    return Err(self.unsupported("a reduction without lanes"));
                };
                let place = self.e.b.ins().iconst(types::I64, place as i64);
                let mut first = self.e.iadd(lanes.base, place);
                if let Some(from) = lanes.from {
                    let bytes = self.scaled(from, ty.elem.bytes().trailing_zeros());
                    first = self.e.iadd(first, bytes);
                }
                self.store_word(first, base, at);
            }
            (StripInput::Value { .. }, ParamType::Array(_))
            | (StripInput::Array(_) | StripInput::Lanes { .. }, ParamType::Scalar(_)) => {
                return Err(self.unsupported("a strip whose input is no such parameter"));
            }
        }
        Ok(())
    }

    /// Writes an array to the frame of a strip, which has it as its parameter
    /// `input` of type `ty`; where it is empty, the frame itself, which is
    /// memory that can be read.
    fn give_array(
        &mut self,
        array: ArrayRef,
        input: usize,
        ty: ArrayType,
        (base, layout): (Value, &FrameLayout),
    ) -> Result<(), CodegenError> {
        let rank = usize::from(ty.rank);
        let kind = Kind::one(Scalar::I64);
        let zero = self.e.b.ins().iconst(types::I64, 0);
        let mut pointer = self.pointer(array);
        for dim in 0..rank {
            let extent = self.extent(array, dim as u8)?;
            self.store_word(extent, base, layout.extent(input, dim));
            let is_empty = self.e.icmp(kind, int_cc(Op::Eq, true), extent, zero);
            pointer = self.e.select(kind, is_empty, base, pointer);
        }
        self.store_word(pointer, base, layout.param(input));
        if let (Layout::Strided, ArrayRef::Param(param), Some(frame)) =
            (ty.layout, array, self.frame)
        {
            for dim in 0..rank {
                let stride = self.layout.stride(param as usize, rank, dim);
                let stride = self.load_word(frame, stride);
                self.store_word(stride, base, layout.stride(input, rank, dim));
            }
        }
        Ok(())
    }

    /// The address of the first element of a row, and how many elements it is
    /// from one to the next in each of its dimensions, but for the last one
    /// where they lie side by side.
    fn row(&mut self, row: &Row, body: RegionId) -> Result<(Value, Vec<Value>), CodegenError> {
        let (array, index) = match *self.func.node(row.access) {
            Node::Load { array, index, .. } | Node::Store { array, index, .. } => (array, index),
            _ => return Err(self.unsupported("a row that is no access")),
        };
        let size = self.func.array_type(array).elem.bytes();
        let number = self.func.region(body).args[0];
        let mut loops: Vec<NodeId> = row.inner().collect();
        let moving = loops.len() + usize::from(row.layout() == Layout::Strided);
        loops.push(number);
        let mut first = self.address_in_round(None, &loops, array, &index, body)?;
        let mut apart = Vec::with_capacity(moving);
        for &moved in &loops[..moving.min(row.rank())] {
            let next = self.address_in_round(Some(moved), &loops, array, &index, body)?;
            let bytes = self.e.isub(next, first);
            let shift = i64::from(size.trailing_zeros());
            let shift = self.e.b.ins().iconst(types::I64, shift);
            apart.push(self.e.sshr(bytes, shift));
        }
        if row.offset != 0 {
            let back = row.offset.wrapping_neg().wrapping_mul(size as i64);
            let back = self.e.b.ins().iconst(types::I64, back);
            first = self.e.iadd(first, back);
        }
        Ok((first, apart))
    }

    /// Where an access of the loop would stand in round 0 of `loops`, the loop
    /// itself and those in it, or in round 1 of one of them. It is computed
    /// before the loop: its index is made of ops alone, and of what stays.
    fn address_in_round(
        &mut self,
        moved: Option<NodeId>,
        loops: &[NodeId],
        array: ArrayRef,
        index: &[NodeId],
        body: RegionId,
    ) -> Result<Value, CodegenError> {
        let (leaves, ops) = moving(self.func, index, body, &self.schedule);
        for leaf in leaves {
            // Whatever is no index of these loops is subtracted from itself:
            // it occurs in the ops and not in the sum that they come to.
            let round = u64::from(Some(leaf) == moved);
            debug_assert!(round == 0 || loops.contains(&leaf), "{leaf} is no index");
            let kind = Kind::one(self.func.ty(leaf).scalar);
            let value = self.e.bits(kind, round);
            self.put(leaf, value);
        }
        for node in ops {
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
    let is_unbounded = |i| match *func.node(NodeId::new(i)) {
        Node::While { .. } => true,
        // It runs until no round is left that wants it.
        Node::For { lo, hi, .. } => !is_even(func, lo, hi),
        _ => false,
    };
    func.can_fail() || (0..func.node_count()).any(is_unbounded)
}

/// Whether rounds of a strip may run twice: it reads nothing that it writes.
fn can_repeat(func: &Func) -> bool {
    (0..func.node_count()).all(|i| match *func.node(NodeId::new(i)) {
        Node::Load { array, .. } => func.array_type(array).access == Access::Read,
        _ => true,
    })
}

/// What an index is made of and runs in the loop with this body: what is no op,
/// indices of loops above all, and ops, in an order to compute them in.
fn moving(
    func: &Func,
    index: &[NodeId],
    body: RegionId,
    schedule: &Schedule,
) -> (Vec<NodeId>, Vec<NodeId>) {
    let inside = schedule.inside(func, [body]);
    let home = |id: NodeId| match func.node(id) {
        Node::Proj { of, .. } => schedule.place(*of),
        _ => schedule.place(id),
    };
    let mut pending = index.to_vec();
    let (mut leaves, mut ops) = (Vec::new(), Vec::new());
    while let Some(id) = pending.pop() {
        let is_inside = home(id).is_some_and(|region| inside.contains(&region));
        if !is_inside || leaves.contains(&id) || ops.contains(&id) {
            continue;
        }
        if matches!(func.node(id), Node::Op { .. }) {
            ops.push(id);
            func.for_each_operand(id, |v| pending.push(v));
        } else {
            leaves.push(id);
        }
    }
    ops.sort_unstable();
    (leaves, ops)
}
