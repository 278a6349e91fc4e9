//! A block of the fixed shape in registers, some of its lanes at a time.
//!
//! Lanes in memory cost a load and a store for each value. Where the body is
//! short, the block is gone through once for each group of lanes instead, and
//! those of the group stay in registers. A group has the lanes that are folded
//! with each other first, so what is left of it is one value:
//! ```text
//! group: lane k, k + groups, ..= the identity; whole rounds ? round : left
//! round: lane[k + groups * c] op= value of index + groups * c, for each c;
//!        index += lanes; index != stop ? round : left
//! left:  the same once more for those lanes that have one more value
//! done:  partial[k] = the group in halves; k + 1 < groups ? group : fold
//! fold:  the partial values in halves
//! ```
//! That a lane sees its own values alone and in their order is all that its
//! bits depend on. What a check would report does depend on the order of the
//! rounds, so where one fails the block begins again elsewhere, as after a
//! strip that fails: nothing has been stored. A body that stores is left alone.

use super::emit::{Kind, int_cc};
use super::lower::Lowerer;
use super::reduce::{Joinings, args};
use crate::CodegenError;
use cranelift_codegen::ir::{Block, InstBuilder, StackSlot, Value, types};
use kiln_ir::{Node, NodeId, Op, RegionId, Scalar};

/// The most lanes of a value in a group: as many sums as are begun while one of
/// them ends, on two pipes of four cycles.
const LANES_MAX: usize = 8;

/// The most nodes of all copies of a body in a group.
const NODES_MAX: usize = 48;

/// Registers for lanes and for what is joined to them: all copies of a body
/// load before the first value is joined, since Cranelift places what is pure
/// as late as it can.
const REGISTERS: usize = 16;

/// Groups of lanes, and their values.
struct Passes<'a> {
    joinings: &'a Joinings,
    /// Lanes in a group.
    at_once: usize,
    body: RegionId,
}

impl Passes<'_> {
    fn groups(&self) -> i64 {
        (self.joinings.lanes / self.at_once) as i64
    }
}

impl Lowerer<'_> {
    /// How many lanes of these values are to be joined at once, with a body
    /// copied for each; `None` where it is too long for that.
    pub(super) fn lanes_at_once(&self, joinings: &Joinings, body: RegionId) -> Option<usize> {
        if !self.is_short_and_reads(body) {
            return None;
        }
        let nodes = self.schedule.nodes(body);
        let is_load = |&&node: &&NodeId| matches!(self.func.node(node), Node::Load { .. });
        let held = joinings.all.len() + nodes.iter().filter(is_load).count();
        let fits = |lanes: &usize| {
            lanes * held <= REGISTERS && (*lanes == 1 || lanes * nodes.len() <= NODES_MAX)
        };
        let halves = std::iter::successors(Some(LANES_MAX), |lanes| Some(lanes / 2));
        halves.take_while(|&lanes| lanes > 0).find(fits)
    }

    /// What the values of `first..end`, a block at most, come to. Where a check
    /// fails the code goes on in the block for that.
    pub(super) fn in_passes(
        &mut self,
        (joinings, at_once): (&Joinings, usize),
        partial: StackSlot,
        (first, end): (Value, Value),
        body: RegionId,
        on_failure: Option<Block>,
    ) -> Result<Vec<Value>, CodegenError> {
        let passes = Passes {
            joinings,
            at_once,
            body,
        };
        let outer = std::mem::replace(&mut self.on_failure, on_failure);
        let [group, finish] = [(); 2].map(|()| self.e.b.create_block());
        let number = self.e.b.append_block_param(group, types::I64);
        let left = self.e.isub(end, first);
        let lanes = joinings.lanes as i64;
        let whole = self.masked(left, -lanes);
        let left = self.masked(left, lanes - 1);
        let none = self.e.b.ins().iconst(types::I64, 0);
        self.e.b.ins().jump(group, &[none.into()]);

        self.e.b.switch_to_block(group);
        let begin = self.e.iadd(first, number);
        let values = self.group(&passes, (begin, whole), (number, left))?;
        let base = self.e.b.ins().stack_addr(types::I64, partial, 0);
        for (&joining, value) in joinings.all.iter().zip(values) {
            let bytes = self.scaled(number, joining.size().trailing_zeros());
            let at = self.e.iadd(base, bytes);
            self.store_word(value, at, joining.at);
        }
        let next = self.count(number);
        let groups = self.e.b.ins().iconst(types::I64, passes.groups());
        let again = (group, vec![next.into()]);
        self.less(next, groups, again, (finish, Vec::new()));
        self.on_failure = outer;
        self.e.b.switch_to_block(finish);
        self.fold(joinings, partial, passes.groups() as usize)
    }

    fn masked(&mut self, value: Value, mask: i64) -> Value {
        let mask = self.e.b.ins().iconst(types::I64, mask);
        self.e.band(value, mask)
    }

    /// What the lanes of a group come to, folded: they begin with the round
    /// `begin`, have `whole` rounds in common with all others, and of the
    /// `left` lanes that have one more, those from lane `number` on.
    fn group(
        &mut self,
        passes: &Passes<'_>,
        (begin, whole): (Value, Value),
        (number, left): (Value, Value),
    ) -> Result<Vec<Value>, CodegenError> {
        let [round, rest] = [(); 2].map(|()| self.e.b.create_block());
        let index = self.e.b.append_block_param(round, types::I64);
        let joined = self.lanes_of_group(passes, round);
        let after = self.lanes_of_group(passes, rest);
        let stop = self.e.iadd(begin, whole);
        let identities = passes.joinings.identities(&mut self.e);
        let identities = identities.repeat(passes.at_once);
        let (enter, skip) = (args(&[begin], &identities), args(&[], &identities));
        self.e.b.ins().brif(whole, round, &enter, rest, &skip);

        self.e.b.switch_to_block(round);
        let mut lanes = joined;
        for lane in 0..passes.at_once {
            self.join_in_group(passes, &mut lanes, (index, lane))?;
        }
        let by = self
            .e
            .b
            .ins()
            .iconst(types::I64, passes.joinings.lanes as i64);
        let next = self.e.iadd(index, by);
        let kind = Kind::one(Scalar::I64);
        let more = self.e.icmp(kind, int_cc(Op::Ne, true), next, stop);
        let (again, leave) = (args(&[next], &lanes), args(&[], &lanes));
        self.e.b.ins().brif(more, round, &again, rest, &leave);

        self.e.b.switch_to_block(rest);
        self.rest_of_group(passes, after, stop, (number, left))
    }

    /// One more value for those lanes of a group that have one; folds it.
    fn rest_of_group(
        &mut self,
        passes: &Passes<'_>,
        mut lanes: Vec<Value>,
        index: Value,
        (number, left): (Value, Value),
    ) -> Result<Vec<Value>, CodegenError> {
        let done = self.e.b.create_block();
        let results = self.lanes_of_group(passes, done);
        for lane in 0..passes.at_once {
            let by = passes.groups() * lane as i64;
            let by = self.e.b.ins().iconst(types::I64, by);
            let place = self.e.iadd(number, by);
            let one_more = self.e.b.create_block();
            let leave = args(&[], &lanes);
            self.less(place, left, (one_more, Vec::new()), (done, leave));
            self.e.b.switch_to_block(one_more);
            self.join_in_group(passes, &mut lanes, (index, lane))?;
        }
        self.e.b.ins().jump(done, &args(&[], &lanes));
        self.e.b.switch_to_block(done);
        let values = passes.joinings.all.len();
        let mut folded: Vec<Vec<Value>> = results.chunks(values).map(<[Value]>::to_vec).collect();
        while folded.len() > 1 {
            let upper = folded.split_off(folded.len() / 2);
            for (lane, other) in folded.iter_mut().zip(&upper) {
                *lane = self.joined_all(passes.joinings, lane, other)?;
            }
        }
        Ok(folded.remove(0))
    }

    /// Parameters of a block for the lanes of a group, each with all values.
    fn lanes_of_group(&mut self, passes: &Passes<'_>, block: Block) -> Vec<Value> {
        let lanes = (0..passes.at_once).map(|_| passes.joinings.params(&mut self.e, block));
        lanes.flatten().collect()
    }

    /// Joins a round of the body to a lane of a group, which begins at `index`.
    fn join_in_group(
        &mut self,
        passes: &Passes<'_>,
        lanes: &mut [Value],
        (index, lane): (Value, usize),
    ) -> Result<(), CodegenError> {
        self.copy(index, passes.groups() * lane as i64, passes.body)?;
        let values = self.given(passes.body);
        let count = passes.joinings.all.len();
        let lane = &mut lanes[lane * count..][..count];
        let after = self.joined_all(passes.joinings, lane, &values)?;
        lane.copy_from_slice(&after);
        Ok(())
    }
}
