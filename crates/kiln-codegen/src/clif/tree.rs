//! The fixed shape of reductions whose order shows: sums and products of
//! floats.
//!
//! It keeps its virtual lanes in an array on the stack, so the
//! body stands in the code once however many lanes there are, and
//! consecutive values join different sums and do not wait for each other.
//! A block of 1,024 values is
//! ```text
//! block:  every lane = the identity; end = the end of the block
//! round:  lane[k] = lane[k] op value; k, index go on; index < end ? round : fold
//! fold:   the lanes in halves; end == hi ? finish : carry
//! carry:  as a binary counter: while the digit is 1, value = digit op value; then block
//! finish: value = digit op value for every digit that is 1, from the lowest
//! ```
//! Adding the last block to the counter and then combining the digits from
//! the last block to the first are the same joins as `finish` alone, so one
//! block needs no counter at all.

use super::emit::{Kind, int_cc};
use super::lower::Lowerer;
use super::reduce::{Joinings, args};
use super::strip::Rounds;
use super::unroll::COPIES;
use crate::CodegenError;
use cranelift_codegen::ir::{Block, InstBuilder, StackSlot, Value, types};
use kiln_ir::{Op, RegionId, Scalar};

/// Values in a block of the fixed shape.
const BLOCK: i64 = 1024;

/// Digits of the counter of blocks: `2^63` values are fewer blocks.
const DIGITS: usize = 54;

/// What a digit takes of each value, in bytes.
const DIGIT: usize = 8;

/// The fixed shape under construction.
struct Tree<'a> {
    joinings: &'a Joinings,
    /// The lanes and, behind them, the digits.
    room: StackSlot,
    exit: Block,
    /// The strip that runs whole rounds of the lanes, if there is one.
    strip: Option<usize>,
}

impl Tree<'_> {
    /// Where the digits begin.
    fn digits(&self) -> i32 {
        self.joinings.bytes as i32
    }
}

impl Lowerer<'_> {
    /// The fixed shape.
    pub(super) fn tree(
        &mut self,
        joinings: &Joinings,
        (lo, hi): (Value, Value),
        body: RegionId,
        strip: Option<usize>,
    ) -> Result<Vec<Value>, CodegenError> {
        let tree = Tree {
            joinings,
            strip,
            room: self.room(joinings.bytes + DIGITS * joinings.all.len() * DIGIT),
            exit: self.e.b.create_block(),
        };
        let results = joinings.params(&mut self.e, tree.exit);
        let block = self.e.b.create_block();
        let first = self.e.b.append_block_param(block, types::I64);
        let blocks = self.e.b.append_block_param(block, types::I64);
        let none = self.e.b.ins().iconst(types::I64, 0);
        let empty = joinings.identities(&mut self.e);
        let (enter, leave) = (args(&[lo, none], &[]), args(&[], &empty));
        self.less(lo, hi, (block, enter), (tree.exit, leave));

        self.e.b.switch_to_block(block);
        let end = self.end_of_block(first, hi);
        self.fill_lanes(&tree, first, end, body)?;
        let folded = self.fold(tree.joinings, tree.room)?;
        let (finish, carry) = (self.e.b.create_block(), self.e.b.create_block());
        let kind = Kind::one(Scalar::I64);
        let is_last = self.e.icmp(kind, int_cc(Op::Eq, true), end, hi);
        self.e.b.ins().brif(is_last, finish, &[], carry, &[]);
        self.e.b.switch_to_block(carry);
        self.add_digit(&tree, &folded, blocks, (block, end))?;
        self.e.b.switch_to_block(finish);
        self.join_digits(&tree, &folded, blocks)?;
        self.e.b.switch_to_block(tree.exit);
        Ok(results)
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
        tree: &Tree<'_>,
        first: Value,
        end: Value,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let base = self.clear_lanes(tree.joinings, tree.room);
        let [round, done] = [(); 2].map(|()| self.e.b.create_block());
        let index = self.e.b.append_block_param(round, types::I64);
        let lane = self.e.b.append_block_param(round, types::I64);
        let start = self.e.b.ins().iconst(types::I64, 0);
        // Whole rounds of the lanes: what is left begins with the first lane
        // again.
        let from = match tree.strip {
            None => first,
            Some(strip) => self.whole_rounds(strip, (first, end), base, body)?,
        };
        let (from, start) = match tree.strip {
            None if self.is_short(body) => self.groups(tree, (from, end), body)?,
            _ => (from, start),
        };
        let enter = vec![from.into(), start.into()];
        self.less(from, end, (round, enter), (done, Vec::new()));

        self.e.b.switch_to_block(round);
        let values = self.round(index, body)?;
        self.join_lane(tree, lane, 0, &values)?;
        let further = self.lanes_on(tree, lane, 1);
        let next = self.count(index);
        let again = vec![next.into(), further.into()];
        self.less(next, end, (round, again), (done, Vec::new()));
        self.e.b.switch_to_block(done);
        Ok(())
    }

    /// Joins as many values of `from..end` to the lanes as come in whole
    /// groups of [`COPIES`], where what one costs is more its index, its
    /// lane and its jump than itself; gives the round that is next and its
    /// lane.
    fn groups(
        &mut self,
        tree: &Tree<'_>,
        (from, end): (Value, Value),
        body: RegionId,
    ) -> Result<(Value, Value), CodegenError> {
        let [group, rest] = [(); 2].map(|()| self.e.b.create_block());
        let [index, at] = [(); 2].map(|()| self.e.b.append_block_param(group, types::I64));
        let [next, lane] = [(); 2].map(|()| self.e.b.append_block_param(rest, types::I64));
        let start = self.e.b.ins().iconst(types::I64, 0);
        let left = self.e.isub(end, from);
        let mask = self.e.b.ins().iconst(types::I64, -COPIES);
        let whole = self.e.band(left, mask);
        let limit = self.e.iadd(from, whole);
        let enter = [from.into(), start.into()];
        self.e.b.ins().brif(whole, group, &enter, rest, &enter);

        self.e.b.switch_to_block(group);
        for copy in 0..COPIES {
            self.copy(index, copy, body)?;
            let values = self.given(body);
            self.join_lane(tree, at, copy as usize, &values)?;
        }
        // The lanes are whole groups, so none goes past the last one.
        let further = self.lanes_on(tree, at, COPIES);
        let by = self.e.b.ins().iconst(types::I64, COPIES);
        let after = self.e.iadd(index, by);
        let kind = Kind::one(Scalar::I64);
        let more = self.e.icmp(kind, int_cc(Op::Ne, true), after, limit);
        let on = [after.into(), further.into()];
        self.e.b.ins().brif(more, group, &on, rest, &on);
        self.e.b.switch_to_block(rest);
        Ok((next, lane))
    }

    /// The lane so many on, round and round.
    fn lanes_on(&mut self, tree: &Tree<'_>, lane: Value, by: i64) -> Value {
        let step = self.e.b.ins().iconst(types::I64, by);
        let wrap = tree.joinings.lanes as i64 - 1;
        let wrap = self.e.b.ins().iconst(types::I64, wrap);
        let further = self.e.iadd(lane, step);
        self.e.band(further, wrap)
    }

    /// Joins the values of a round to the lane that stands `place` lanes after
    /// `lane`.
    fn join_lane(
        &mut self,
        tree: &Tree<'_>,
        lane: Value,
        place: usize,
        values: &[Value],
    ) -> Result<(), CodegenError> {
        let base = self.e.b.ins().stack_addr(types::I64, tree.room, 0);
        for (&joining, &value) in tree.joinings.all.iter().zip(values) {
            let shift = joining.size().trailing_zeros();
            let bytes = self.e.b.ins().ishl_imm_u(lane, i64::from(shift));
            let at = self.e.iadd(base, bytes);
            let offset = joining.at + place * joining.size();
            let before = joining.load(&mut self.e, at, offset);
            let after = self.joined(joining, before, value)?;
            self.store_word(after, at, offset);
        }
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

    /// Adds a block to the counter and goes on with the next one.
    fn add_digit(
        &mut self,
        tree: &Tree<'_>,
        values: &[Value],
        blocks: Value,
        (again, first): (Block, Value),
    ) -> Result<(), CodegenError> {
        let [test, join, put] = [(); 3].map(|()| self.e.b.create_block());
        let digits = self.e.b.append_block_param(test, types::I64);
        let at = self.e.b.append_block_param(test, types::I64);
        let held = tree.joinings.params(&mut self.e, test);
        let base = self
            .e
            .b
            .ins()
            .stack_addr(types::I64, tree.room, tree.digits());
        self.e.b.ins().jump(test, &args(&[blocks, base], values));

        self.e.b.switch_to_block(test);
        let is_one = self.lowest_bit(digits);
        self.e.b.ins().brif(is_one, join, &[], put, &[]);

        self.e.b.switch_to_block(join);
        let joined = self.with_digit(tree, at, &held)?;
        let (digits, next) = self.next_digit(tree, digits, at);
        self.e.b.ins().jump(test, &args(&[digits, next], &joined));

        self.e.b.switch_to_block(put);
        for (nth, &held) in held.iter().enumerate() {
            self.store_word(held, at, nth * DIGIT);
        }
        let blocks = self.count(blocks);
        self.e.b.ins().jump(again, &args(&[first, blocks], &[]));
        Ok(())
    }

    /// A digit joined with what comes after it.
    fn with_digit(
        &mut self,
        tree: &Tree<'_>,
        at: Value,
        held: &[Value],
    ) -> Result<Vec<Value>, CodegenError> {
        let all = tree.joinings.all.iter().enumerate();
        let digits: Vec<Value> = all
            .map(|(nth, joining)| joining.load(&mut self.e, at, nth * DIGIT))
            .collect();
        self.joined_all(tree.joinings, &digits, held)
    }

    /// Joins the last block with every digit that is 1, from the lowest, and
    /// leaves.
    fn join_digits(
        &mut self,
        tree: &Tree<'_>,
        values: &[Value],
        blocks: Value,
    ) -> Result<(), CodegenError> {
        let [test, look, join, skip] = [(); 4].map(|()| self.e.b.create_block());
        let digits = self.e.b.append_block_param(test, types::I64);
        let at = self.e.b.append_block_param(test, types::I64);
        let held = tree.joinings.params(&mut self.e, test);
        let after = tree.joinings.params(&mut self.e, skip);
        let base = self
            .e
            .b
            .ins()
            .stack_addr(types::I64, tree.room, tree.digits());
        self.e.b.ins().jump(test, &args(&[blocks, base], values));

        self.e.b.switch_to_block(test);
        let (exit, held_args) = (tree.exit, args(&[], &held));
        self.e.b.ins().brif(digits, look, &[], exit, &held_args);

        self.e.b.switch_to_block(look);
        let is_one = self.lowest_bit(digits);
        self.e.b.ins().brif(is_one, join, &[], skip, &held_args);

        self.e.b.switch_to_block(join);
        let joined = self.with_digit(tree, at, &held)?;
        self.e.b.ins().jump(skip, &args(&[], &joined));

        self.e.b.switch_to_block(skip);
        let (digits, next) = self.next_digit(tree, digits, at);
        self.e.b.ins().jump(test, &args(&[digits, next], &after));
        Ok(())
    }

    fn lowest_bit(&mut self, digits: Value) -> Value {
        let one = self.e.b.ins().iconst(types::I64, 1);
        self.e.band(digits, one)
    }

    fn next_digit(&mut self, tree: &Tree<'_>, digits: Value, at: Value) -> (Value, Value) {
        let one = self.e.b.ins().iconst(types::I64, 1);
        let digits = self.e.ushr(digits, one);
        let size = (tree.joinings.all.len() * DIGIT) as i64;
        let size = self.e.b.ins().iconst(types::I64, size);
        (digits, self.e.iadd(at, size))
    }
}
