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
use super::strip::{LanesAt, Rounds};
use crate::CodegenError;
use cranelift_codegen::ir::{Block, InstBuilder, StackSlot, Value, types};
use kiln_ir::{Op, RegionId, Scalar};

/// Values in a block of the fixed shape.
const BLOCK: i64 = 1024;

/// Digits of the counter of blocks: `2^63` values are fewer blocks.
const DIGITS: usize = 54;

/// Values that are worth the call of a strip, where there may be many calls.
const STRIP_MIN: i64 = 64;

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
        let folded = self.block(&tree, (first, end), body)?;
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

    /// What the values of `first..end` come to, a block at most.
    fn block(
        &mut self,
        tree: &Tree<'_>,
        (first, end): (Value, Value),
        body: RegionId,
    ) -> Result<Vec<Value>, CodegenError> {
        let joinings = tree.joinings;
        let at_once = self.lanes_at_once(joinings, body);
        // A reduction that runs once may as well call its strip.
        let Some(at_once) = at_once.filter(|_| tree.strip.is_none() || self.row.is_some()) else {
            return self.block_in_memory(tree, (first, end), body);
        };
        let how = (joinings, at_once);
        if tree.strip.is_none() && self.is_short(body) {
            return self.in_passes(how, tree.room, (first, end), body, None);
        }
        let [few, many, folded] = [(); 3].map(|()| self.e.b.create_block());
        let results = joinings.params(&mut self.e, folded);
        match tree.strip {
            Some(_) => {
                let count = self.e.isub(end, first);
                let limit = self.e.b.ins().iconst(types::I64, STRIP_MIN);
                self.less(count, limit, (few, Vec::new()), (many, Vec::new()));
            }
            None => _ = self.e.b.ins().jump(few, &[]),
        }
        self.e.b.switch_to_block(few);
        let values = self.in_passes(how, tree.room, (first, end), body, Some(many))?;
        self.e.b.ins().jump(folded, &args(&[], &values));
        self.e.b.switch_to_block(many);
        let values = self.block_in_memory(tree, (first, end), body)?;
        self.e.b.ins().jump(folded, &args(&[], &values));
        self.e.b.switch_to_block(folded);
        Ok(results)
    }

    /// The same with its lanes in memory, where a strip takes them.
    fn block_in_memory(
        &mut self,
        tree: &Tree<'_>,
        (first, end): (Value, Value),
        body: RegionId,
    ) -> Result<Vec<Value>, CodegenError> {
        self.fill_lanes(tree, first, end, body)?;
        self.fold(tree.joinings, tree.room, tree.joinings.lanes)
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
            Some(strip) => self.whole_rounds(tree, strip, (first, end), base, body)?,
        };
        let enter = vec![from.into(), start.into()];
        self.less(from, end, (round, enter), (done, Vec::new()));

        self.e.b.switch_to_block(round);
        let values = self.round(index, body)?;
        self.join_lane(tree, lane, &values)?;
        let further = self.next_lane(tree, lane);
        let next = self.count(index);
        let again = vec![next.into(), further.into()];
        self.less(next, end, (round, again), (done, Vec::new()));
        self.e.b.switch_to_block(done);
        Ok(())
    }

    /// The next lane, round and round.
    fn next_lane(&mut self, tree: &Tree<'_>, lane: Value) -> Value {
        let wrap = tree.joinings.lanes as i64 - 1;
        let wrap = self.e.b.ins().iconst(types::I64, wrap);
        let further = self.count(lane);
        self.e.band(further, wrap)
    }

    /// Joins the values of a round to a lane.
    fn join_lane(
        &mut self,
        tree: &Tree<'_>,
        lane: Value,
        values: &[Value],
    ) -> Result<(), CodegenError> {
        let base = self.e.b.ins().stack_addr(types::I64, tree.room, 0);
        for (&joining, &value) in tree.joinings.all.iter().zip(values) {
            let shift = joining.size().trailing_zeros();
            let bytes = self.e.b.ins().ishl_imm_u(lane, i64::from(shift));
            let at = self.e.iadd(base, bytes);
            let before = joining.load(&mut self.e, at, joining.at);
            let after = self.joined(joining, before, value)?;
            self.store_word(after, at, joining.at);
        }
        Ok(())
    }

    /// Runs a strip for whole rounds of the lanes; gives the round that is
    /// next: the first one where a guard has failed, since nothing is stored
    /// then.
    fn whole_rounds(
        &mut self,
        tree: &Tree<'_>,
        strip: usize,
        (first, end): (Value, Value),
        base: Value,
        body: RegionId,
    ) -> Result<Value, CodegenError> {
        let [enter, rest] = [(); 2].map(|()| self.e.b.create_block());
        let from = self.e.b.append_block_param(rest, types::I64);
        let mut whole = self.whole_blocks(strip, first, end);
        let at_once = self.strips[strip].lanes;
        let in_turn = usize::from(at_once) < tree.joinings.lanes;
        if in_turn {
            whole = self.unless_last(whole, end);
        }
        let none = [first.into()];
        self.e.b.ins().brif(whole, enter, &[], rest, &none);
        self.e.b.switch_to_block(enter);
        let hi = self.e.iadd(first, whole);
        let rounds = Rounds {
            lo: first,
            hi,
            lanes: Some(LanesAt { base, from: None }),
        };
        self.enter_strip(strip, rounds, body)?;
        if in_turn {
            self.lanes_in_turn(tree, strip, rounds, (base, rest), body)?;
        } else {
            self.lanes_or_rest(strip, rounds, (first, rest))?;
            self.e.b.ins().jump(rest, &[hi.into()]);
        }
        self.e.b.switch_to_block(rest);
        Ok(from)
    }

    /// No rounds where a round that is a block further on would have no index.
    fn unless_last(&mut self, whole: Value, end: Value) -> Value {
        let kind = Kind::one(Scalar::I64);
        let last = self.e.b.ins().iconst(types::I64, i64::MAX - BLOCK);
        let none = self.e.b.ins().iconst(types::I64, 0);
        let is_far = self.e.icmp(kind, int_cc(Op::Lt, true), last, end);
        self.e.select(kind, is_far, none, whole)
    }

    /// Calls a strip for whole rounds of the lanes that it takes, and again
    /// for the lanes behind them, until all have run.
    fn lanes_in_turn(
        &mut self,
        tree: &Tree<'_>,
        strip: usize,
        rounds: Rounds,
        (base, rest): (Value, Block),
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let at_once = self.strips[strip].lanes;
        let turn = self.e.b.create_block();
        let lane = self.e.b.append_block_param(turn, types::I64);
        let none = self.e.b.ins().iconst(types::I64, 0);
        self.e.b.ins().jump(turn, &[none.into()]);
        self.e.b.switch_to_block(turn);
        let of_turn = Rounds {
            lo: self.e.iadd(rounds.lo, lane),
            hi: self.e.iadd(rounds.hi, lane),
            lanes: Some(LanesAt {
                base,
                from: Some(lane),
            }),
        };
        self.give_lanes(strip, of_turn, body)?;
        self.lanes_or_rest(strip, of_turn, (rounds.lo, rest))?;
        let by = self.e.b.ins().iconst(types::I64, i64::from(at_once));
        let next = self.e.iadd(lane, by);
        let all = self
            .e
            .b
            .ins()
            .iconst(types::I64, tree.joinings.lanes as i64);
        let again = (turn, vec![next.into()]);
        self.less(next, all, again, (rest, vec![rounds.hi.into()]));
        Ok(())
    }

    /// Calls a strip for whole rounds of lanes. Where it fails, `rest` goes on
    /// with the first round.
    fn lanes_or_rest(
        &mut self,
        strip: usize,
        rounds: Rounds,
        (first, rest): (Value, Block),
    ) -> Result<(), CodegenError> {
        if let Some(failed) = self.run_strip(strip, rounds)? {
            let go_on = self.e.b.current_block();
            self.e.b.switch_to_block(failed);
            self.e.b.ins().jump(rest, &[first.into()]);
            self.go_on_in(go_on);
        }
        Ok(())
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
