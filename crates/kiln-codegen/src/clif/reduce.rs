//! Reductions and scans.
//!
//! The shape `tree` keeps its virtual lanes in an array on the stack, so the
//! body stands in the code once however many lanes there are, and
//! consecutive values join different sums and do not wait for each other.
//! A block of 1,024 values is
//! ```text
//! block:  every lane = the identity; end = the end of the block
//! round:  lane[off] = lane[off] op value; off, index go on; index < end ? round : fold
//! fold:   the lanes in halves; end == hi ? finish : carry
//! carry:  as a binary counter: while the digit is 1, value = digit op value; then block
//! finish: value = digit op value for every digit that is 1, from the lowest
//! ```
//! Adding the last block to the counter and then combining the digits from
//! the last block to the first are the same joins as `finish` alone, so one
//! block needs no counter at all.
//!
//! Where joining is associative and commutative to the bit, on integers, truth
//! values, least and greatest ones, the order cannot be seen and one running
//! value is enough. Where the reduction has a strip, that runs whole rounds of
//! the lanes, and what is left over goes round them here.

use super::emit::{ACCESS, Emit, Kind, int_cc};
use super::lower::Lowerer;
use super::strip::Rounds;
use crate::CodegenError;
use cranelift_codegen::ir::{Block, InstBuilder, StackSlot, Value, types};
use kiln_ir::{ArrayRef, Combine, NodeId, Op, RegionId, Scalar, Shape};

/// Values in a block of the fixed shape.
const BLOCK: i64 = 1024;

/// Digits of the counter of blocks: `2^63` values are fewer blocks.
const DIGITS: usize = 54;

/// What a reduction joins, and how.
#[derive(Clone, Copy)]
struct Joining {
    combine: Combine,
    scalar: Scalar,
}

impl Joining {
    fn kind(self) -> Kind {
        Kind::one(self.scalar)
    }

    /// Virtual lanes of the fixed shape.
    fn lanes(self) -> usize {
        Shape::lanes(self.scalar).into()
    }

    fn identity(self, e: &mut Emit<'_>) -> Value {
        e.bits(self.kind(), self.combine.identity(self.scalar).bits())
    }

    /// `left` and `right` joined, in this order.
    fn join(self, e: &mut Emit<'_>, left: Value, right: Value) -> Option<Value> {
        e.one(self.combine.op(), self.scalar, &[left, right])
    }

    fn load(self, e: &mut Emit<'_>, pointer: Value, offset: usize) -> Value {
        let ty = self.kind().clif();
        e.b.ins().load(ty, ACCESS, pointer, offset as i32)
    }
}

/// The fixed shape under construction.
struct Tree {
    joining: Joining,
    lanes: StackSlot,
    digits: StackSlot,
    exit: Block,
    /// The strip that runs whole rounds of the lanes, if there is one.
    strip: Option<usize>,
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
    fn clear_lanes(&mut self, joining: Joining, lanes: StackSlot) -> Value {
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
    fn round(&mut self, index: Value, body: RegionId) -> Result<Value, CodegenError> {
        let held = self.hold(&[index], 0);
        self.set(self.func.region(body).args[0], held);
        self.in_loop(index, |this| this.region(body))?;
        Ok(self.scalar(self.func.region(body).yields[0]))
    }

    fn count(&mut self, index: Value) -> Value {
        let one = self.e.b.ins().iconst(types::I64, 1);
        self.e.iadd(index, one)
    }

    fn joined(
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

    /// The fixed shape.
    fn tree(
        &mut self,
        joining: Joining,
        (lo, hi): (Value, Value),
        body: RegionId,
        strip: Option<usize>,
    ) -> Result<Value, CodegenError> {
        let size = joining.scalar.bytes();
        let tree = Tree {
            joining,
            strip,
            lanes: self.e.stack_slot(joining.lanes() * size),
            digits: self.e.stack_slot(DIGITS * size),
            exit: self.e.b.create_block(),
        };
        let result = self
            .e
            .b
            .append_block_param(tree.exit, joining.kind().clif());
        let block = self.e.b.create_block();
        let first = self.e.b.append_block_param(block, types::I64);
        let blocks = self.e.b.append_block_param(block, types::I64);
        let none = self.e.b.ins().iconst(types::I64, 0);
        let empty = joining.identity(&mut self.e);
        let (enter, leave) = (vec![lo.into(), none.into()], vec![empty.into()]);
        self.less(lo, hi, (block, enter), (tree.exit, leave));

        self.e.b.switch_to_block(block);
        let end = self.end_of_block(first, hi);
        self.fill_lanes(&tree, first, end, body)?;
        let folded = self.fold(tree.joining, tree.lanes)?;
        let (finish, carry) = (self.e.b.create_block(), self.e.b.create_block());
        let kind = Kind::one(Scalar::I64);
        let is_last = self.e.icmp(kind, int_cc(Op::Eq, true), end, hi);
        self.e.b.ins().brif(is_last, finish, &[], carry, &[]);
        self.e.b.switch_to_block(carry);
        self.add_digit(&tree, folded, blocks, (block, end))?;
        self.e.b.switch_to_block(finish);
        self.join_digits(&tree, folded, blocks)?;
        self.e.b.switch_to_block(tree.exit);
        Ok(result)
    }

    /// `min(first + 1024, hi)`. The difference is unsigned: it may be more
    /// than the greatest `i64`.
    fn end_of_block(&mut self, first: Value, hi: Value) -> Value {
        let unsigned = Kind::one(Scalar::U64);
        let left = self.e.isub(hi, first);
        let whole = self.e.b.ins().iconst(types::I64, BLOCK);
        let full = self.e.iadd(first, whole);
        let is_short = self.e.icmp(unsigned, int_cc(Op::Lt, false), left, whole);
        self.e.select(Kind::one(Scalar::I64), is_short, hi, full)
    }

    /// Joins the values of `first..end` to the lanes, round and round.
    fn fill_lanes(
        &mut self,
        tree: &Tree,
        first: Value,
        end: Value,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let Joining { scalar, .. } = tree.joining;
        let (lanes, size) = (tree.joining.lanes(), scalar.bytes());
        let base = self.clear_lanes(tree.joining, tree.lanes);
        let round = self.e.b.create_block();
        let done = self.e.b.create_block();
        let index = self.e.b.append_block_param(round, types::I64);
        let offset = self.e.b.append_block_param(round, types::I64);
        let start = self.e.b.ins().iconst(types::I64, 0);
        match tree.strip {
            None => {
                self.e.b.ins().jump(round, &[first.into(), start.into()]);
            }
            Some(strip) => {
                // Whole rounds of the lanes: what is left begins with the
                // first lane again.
                let from = self.whole_rounds(strip, (first, end), base, body)?;
                let enter = vec![from.into(), start.into()];
                self.less(from, end, (round, enter), (done, Vec::new()));
            }
        }

        self.e.b.switch_to_block(round);
        let value = self.round(index, body)?;
        let base = self.e.b.ins().stack_addr(types::I64, tree.lanes, 0);
        let lane = self.e.iadd(base, offset);
        let before = tree.joining.load(&mut self.e, lane, 0);
        let after = self.joined(tree.joining, before, value)?;
        self.store_word(after, lane, 0);
        let step = self.e.b.ins().iconst(types::I64, size as i64);
        let wrap = self.e.b.ins().iconst(types::I64, (lanes * size) as i64 - 1);
        let further = self.e.iadd(offset, step);
        let further = self.e.band(further, wrap);
        let next = self.count(index);
        let again = vec![next.into(), further.into()];
        self.less(next, end, (round, again), (done, Vec::new()));
        self.e.b.switch_to_block(done);
        Ok(())
    }

    /// Runs a strip for whole rounds of the lanes; gives the round that is
    /// next: the first one where a guard has failed, since nothing is stored
    /// then.
    fn whole_rounds(
        &mut self,
        strip: usize,
        (first, end): (Value, Value),
        lanes: Value,
        body: RegionId,
    ) -> Result<Value, CodegenError> {
        let [enter, rest] = [(); 2].map(|()| self.e.b.create_block());
        let from = self.e.b.append_block_param(rest, types::I64);
        let whole = self.whole_blocks(strip, first, end);
        self.e
            .b
            .ins()
            .brif(whole, enter, &[], rest, &[first.into()]);
        self.e.b.switch_to_block(enter);
        let hi = self.e.iadd(first, whole);
        let rounds = Rounds {
            lo: first,
            hi,
            lanes: Some(lanes),
        };
        self.enter_strip(strip, rounds, body)?;
        if let Some(failed) = self.run_strip(strip, rounds)? {
            let go_on = self.e.b.current_block();
            self.e.b.switch_to_block(failed);
            self.e.b.ins().jump(rest, &[first.into()]);
            self.go_on_in(go_on);
        }
        self.e.b.ins().jump(rest, &[hi.into()]);
        self.e.b.switch_to_block(rest);
        Ok(from)
    }

    /// The lanes folded in halves: lane `i` takes lane `i + width`.
    fn fold(&mut self, joining: Joining, lanes: StackSlot) -> Result<Value, CodegenError> {
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

    /// Adds a block to the counter and goes on with the next one.
    fn add_digit(
        &mut self,
        tree: &Tree,
        value: Value,
        blocks: Value,
        (again, first): (Block, Value),
    ) -> Result<(), CodegenError> {
        let clif = tree.joining.kind().clif();
        let [test, join, put] = [(); 3].map(|()| self.e.b.create_block());
        let digits = self.e.b.append_block_param(test, types::I64);
        let at = self.e.b.append_block_param(test, types::I64);
        let held = self.e.b.append_block_param(test, clif);
        let base = self.e.b.ins().stack_addr(types::I64, tree.digits, 0);
        self.e
            .b
            .ins()
            .jump(test, &[blocks.into(), base.into(), value.into()]);

        self.e.b.switch_to_block(test);
        let is_one = self.lowest_bit(digits);
        self.e.b.ins().brif(is_one, join, &[], put, &[]);

        self.e.b.switch_to_block(join);
        let digit = tree.joining.load(&mut self.e, at, 0);
        let joined = self.joined(tree.joining, digit, held)?;
        let (digits, next) = self.next_digit(tree, digits, at);
        self.e
            .b
            .ins()
            .jump(test, &[digits.into(), next.into(), joined.into()]);

        self.e.b.switch_to_block(put);
        self.store_word(held, at, 0);
        let blocks = self.count(blocks);
        self.e.b.ins().jump(again, &[first.into(), blocks.into()]);
        Ok(())
    }

    /// Joins the last block with every digit that is 1, from the lowest, and
    /// leaves.
    fn join_digits(
        &mut self,
        tree: &Tree,
        value: Value,
        blocks: Value,
    ) -> Result<(), CodegenError> {
        let clif = tree.joining.kind().clif();
        let [test, look, join, skip] = [(); 4].map(|()| self.e.b.create_block());
        let digits = self.e.b.append_block_param(test, types::I64);
        let at = self.e.b.append_block_param(test, types::I64);
        let held = self.e.b.append_block_param(test, clif);
        let after = self.e.b.append_block_param(skip, clif);
        let base = self.e.b.ins().stack_addr(types::I64, tree.digits, 0);
        self.e
            .b
            .ins()
            .jump(test, &[blocks.into(), base.into(), value.into()]);

        self.e.b.switch_to_block(test);
        let exit = tree.exit;
        self.e.b.ins().brif(digits, look, &[], exit, &[held.into()]);

        self.e.b.switch_to_block(look);
        let is_one = self.lowest_bit(digits);
        self.e.b.ins().brif(is_one, join, &[], skip, &[held.into()]);

        self.e.b.switch_to_block(join);
        let digit = tree.joining.load(&mut self.e, at, 0);
        let joined = self.joined(tree.joining, digit, held)?;
        self.e.b.ins().jump(skip, &[joined.into()]);

        self.e.b.switch_to_block(skip);
        let (digits, next) = self.next_digit(tree, digits, at);
        self.e
            .b
            .ins()
            .jump(test, &[digits.into(), next.into(), after.into()]);
        Ok(())
    }

    fn lowest_bit(&mut self, digits: Value) -> Value {
        let one = self.e.b.ins().iconst(types::I64, 1);
        self.e.band(digits, one)
    }

    fn next_digit(&mut self, tree: &Tree, digits: Value, at: Value) -> (Value, Value) {
        let one = self.e.b.ins().iconst(types::I64, 1);
        let digits = self.e.ushr(digits, one);
        let size = tree.joining.scalar.bytes() as i64;
        let size = self.e.b.ins().iconst(types::I64, size);
        (digits, self.e.iadd(at, size))
    }
}
