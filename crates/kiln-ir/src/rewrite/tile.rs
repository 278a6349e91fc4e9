//! Several rounds of a loop at once, with the loops in them fused.
//!
//! ```text
//! for i in 0..n { for k in 0..m { body(i, k) } }
//! becomes, for two rounds at once,
//! whole = max(n, 0) >> 1
//! for t in 0..whole { for k in 0..m { body(2 * t, k); body(2 * t + 1, k) } }
//! for i in max(2 * whole, 0)..n { for k in 0..m { body(i, k) } }
//! ```
//! Unroll and jam of an outer loop (Allen and Kennedy, Optimizing Compilers
//! for Modern Architectures, 2001, section 8.6): rounds of which none touches
//! what another one writes may run in any order, and each sees the order of
//! its own operations.

use super::{Copier, Rewrite, Tile};
use crate::builder::FuncBuilder;
use crate::func::{Node, NodeId, RegionId};
use crate::op::Op;

/// What stands for the old nodes in each round.
struct Rounds {
    maps: Vec<Vec<Option<NodeId>>>,
    structures: Vec<Vec<Vec<NodeId>>>,
}

impl<R: Rewrite> Copier<'_, R> {
    /// Copies a loop, several rounds at once and then what is left over.
    pub(super) fn tiled(
        &mut self,
        b: &mut FuncBuilder,
        Tile { shift }: Tile,
        (lo, hi): (NodeId, NodeId),
        body: RegionId,
    ) -> Vec<NodeId> {
        let by = b.i64(shift.into());
        let size = b.i64(1 << shift);
        let zero = b.i64(0);
        // Neither `lo` nor what it is taken from is less than 0, so nothing
        // wraps; less than 0 rounds are none.
        let end = b.op(Op::Max, &[hi, zero]);
        let rounds = b.op(Op::Sub, &[end, lo]);
        let whole = b.op(Op::Shr, &[rounds, by]);
        let count = 1usize << shift;
        let mut rounds = Rounds {
            maps: vec![self.map.clone(); count],
            structures: vec![self.structures.clone(); count],
        };
        let (tile, _) = b.begin_for(&[]);
        let before = b.op(Op::Mul, &[tile, size]);
        let first = b.op(Op::Add, &[lo, before]);
        for round in 0..count {
            let further = b.i64(round as i64);
            let index = b.op(Op::Add, &[first, further]);
            self.in_round(&mut rounds, round, |this| this.bind(body, &[index]));
        }
        self.fused(b, body, &mut rounds);
        b.end_for(zero, whole, 1, &[], &[]);

        let done = b.op(Op::Mul, &[whole, size]);
        let rest = b.op(Op::Add, &[lo, done]);
        let rest = b.op(Op::Max, &[rest, lo]);
        let (index, _) = b.begin_for(&[]);
        self.bind(body, &[index]);
        self.region(b, body);
        b.end_for(rest, hi, 1, &[], &[])
    }

    /// Does what is to be done with what stands for old nodes in a round.
    fn in_round<T>(
        &mut self,
        rounds: &mut Rounds,
        round: usize,
        what: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let mut swap = |this: &mut Self| {
            std::mem::swap(&mut this.map, &mut rounds.maps[round]);
            std::mem::swap(&mut this.structures, &mut rounds.structures[round]);
        };
        swap(self);
        let result = what(self);
        swap(self);
        result
    }

    /// The same in each round.
    fn in_each<T>(&mut self, rounds: &mut Rounds, mut what: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..rounds.maps.len())
            .map(|round| self.in_round(rounds, round, &mut what))
            .collect()
    }

    /// Copies what is in a region for all rounds.
    fn fused(&mut self, b: &mut FuncBuilder, region: RegionId, rounds: &mut Rounds) {
        let schedule = self.schedule;
        for &id in schedule.nodes(region) {
            let is_one = match *self.func.node(id) {
                Node::For { lo, hi, .. } => {
                    let ends = |this: &mut Self| (this.get(b, lo), this.get(b, hi));
                    let ends = self.in_each(rounds, ends);
                    ends.iter().all(|e| e == &ends[0])
                }
                _ => false,
            };
            match is_one {
                true => self.fused_loop(b, id, rounds),
                false => _ = self.in_each(rounds, |this| this.node(b, id)),
            }
        }
    }

    /// Copies a loop that runs as often in each round, as one.
    fn fused_loop(&mut self, b: &mut FuncBuilder, id: NodeId, rounds: &mut Rounds) {
        let func = self.func;
        let Node::For {
            lo,
            hi,
            lanes,
            ref init,
            body,
        } = *func.node(id)
        else {
            unreachable!("{id} is no counted loop");
        };
        let (lo, hi) = self.in_round(rounds, 0, |this| (this.get(b, lo), this.get(b, hi)));
        let inits = self.in_each(rounds, |this| this.all(b, init)).concat();
        let (index, carried) = b.begin_for(&inits);
        let mut of_rounds = carried.chunks(init.len().max(1));
        self.in_each(rounds, |this| {
            let of_round = of_rounds.next().unwrap_or_default();
            this.bind(body, &[&[index], of_round].concat());
        });
        self.fused(b, body, rounds);
        let yields = &func.region(body).yields;
        let yields = self.in_each(rounds, |this| this.all(b, yields)).concat();
        let results = b.end_for(lo, hi, lanes, &inits, &yields);
        let mut of_rounds = results.chunks(init.len().max(1));
        self.in_each(rounds, |this| {
            this.structures[id.index()] = of_rounds.next().unwrap_or_default().to_vec();
        });
    }
}
