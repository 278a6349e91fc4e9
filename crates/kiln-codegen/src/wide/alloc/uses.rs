//! Where values are used, where they are alive, and which loops hold them.
//!
//! Positions number the instructions in the order they will be emitted in.
//! Liveness is found value by value, from each use back to the definition
//! (Boissinot, Hack, Grund, Dupont de Dinechin, Rastello, "Fast liveness
//! checking for SSA-form programs", CGO 2008, survey the ways), so that its
//! cost is that of its result.

use super::Flat;
use crate::wide::inst::Part;
use regalloc2::{Block, Function, OperandKind};

/// A loop: blocks that stand together, the last of which leads to the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loop {
    /// Its first position.
    pub(super) first: usize,
    /// Its last position.
    pub(super) last: usize,
    /// Its first block.
    head: usize,
    /// Its last block.
    latch: usize,
}

/// What is known of the values of a machine function.
#[derive(Debug)]
pub(super) struct Uses {
    /// Where the uses of each value begin in `positions`.
    starts: Vec<u32>,
    /// Positions of uses, in order.
    positions: Vec<u32>,
    /// The block that defines each value.
    pub(super) home: Vec<u32>,
    /// The position that defines it; that of the block's first instruction
    /// for a parameter.
    pub(super) defined: Vec<u32>,
    /// The values alive where a block begins, its parameters aside, in order.
    pub(super) live_in: Vec<Vec<u32>>,
    /// The innermost loop around each block.
    inner: Vec<Option<Loop>>,
    /// The number of loops around each block.
    pub(super) depth: Vec<u32>,
    /// The first position of each block and one past its last.
    pub(super) ranges: Vec<(usize, usize)>,
}

impl Uses {
    pub(super) fn of(flat: &Flat<'_>) -> Uses {
        let values = flat.num_vregs();
        let ranges: Vec<(usize, usize)> = flat
            .block_ranges
            .iter()
            .map(|range| (range.first().index(), range.last().index() + 1))
            .collect();
        let mut found: Vec<(u32, u32)> = Vec::with_capacity(flat.operands.len());
        let (mut home, mut defined) = (vec![0; values], vec![0; values]);
        for (index, block) in flat.func.blocks.iter().enumerate() {
            let (first, end) = ranges[index];
            for param in &block.params {
                home[param.vreg()] = index as u32;
                defined[param.vreg()] = first as u32;
            }
            for at in first..end {
                for operand in flat.inst_operands(regalloc2::Inst::new(at)) {
                    let value = operand.vreg().vreg();
                    match operand.kind() {
                        OperandKind::Use => found.push((value as u32, at as u32)),
                        OperandKind::Def => {
                            home[value] = index as u32;
                            defined[value] = at as u32;
                        }
                    }
                }
            }
            let args = block.succ_args.iter().flatten();
            found.extend(args.map(|arg| (arg.vreg() as u32, end as u32 - 1)));
        }
        let (starts, positions) = grouped(&found, values);
        let (inner, depth) = loops(flat, &ranges);
        let mut uses = Uses {
            starts,
            positions,
            home,
            defined,
            live_in: vec![Vec::new(); ranges.len()],
            inner,
            depth,
            ranges,
        };
        uses.find_live(flat);
        uses
    }

    /// The positions that use a value, in order.
    fn positions(&self, value: usize) -> &[u32] {
        &self.positions[self.starts[value] as usize..self.starts[value + 1] as usize]
    }

    fn find_live(&mut self, flat: &Flat<'_>) {
        let mut block_of = vec![0u32; flat.num_insts()];
        for (index, &(first, end)) in self.ranges.iter().enumerate() {
            block_of[first..end].fill(index as u32);
        }
        let mut pending = Vec::new();
        for value in 0..self.home.len() {
            let used = self.starts[value] as usize..self.starts[value + 1] as usize;
            for use_at in used {
                pending.push(block_of[self.positions[use_at] as usize]);
                while let Some(block) = pending.pop() {
                    let live = &mut self.live_in[block as usize];
                    if self.home[value] == block || live.last() == Some(&(value as u32)) {
                        continue;
                    }
                    live.push(value as u32);
                    let before = flat.preds[block as usize].iter();
                    pending.extend(before.map(|pred| pred.index() as u32));
                }
            }
        }
    }

    /// Whether a value is alive where a block begins.
    pub(super) fn is_live_in(&self, value: usize, block: usize) -> bool {
        self.live_in[block].binary_search(&(value as u32)).is_ok()
    }

    /// Whether it is alive where one of these begins.
    pub(super) fn is_live_into(&self, value: usize, blocks: &[Block]) -> bool {
        blocks.iter().any(|b| self.is_live_in(value, b.index()))
    }

    /// How far from a position in a block the next use of a value is, where
    /// its first use after that position is known: around the loop for what
    /// comes from before it, and farther than any for what the loop does not
    /// use again.
    pub(super) fn distance(
        &self,
        value: usize,
        at: usize,
        block: usize,
        next: Option<usize>,
    ) -> usize {
        const FAR: usize = 1 << 32;
        let ahead = next.map_or(FAR, |next| next - at);
        let Some(around) = self.inner[block] else {
            return ahead;
        };
        if next.is_some_and(|next| next <= around.last) {
            return ahead;
        }
        if (self.defined[value] as usize) < around.first {
            let positions = self.positions(value);
            let again = positions.partition_point(|&p| (p as usize) < around.first);
            if let Some(&again) = positions.get(again)
                && again as usize <= at
            {
                return around.last - at + (again as usize - around.first) + 1;
            }
        }
        FAR + ahead
    }

    /// The first use of a value after a position; `cursor` counts those
    /// before it, which positions asked for in order only move on.
    pub(super) fn next(&self, value: usize, at: usize, cursor: &mut u32) -> Option<usize> {
        let positions = self.positions(value);
        while let Some(&position) = positions.get(*cursor as usize) {
            if position as usize > at {
                return Some(position as usize);
            }
            *cursor += 1;
        }
        None
    }
}

/// For each value where its positions begin, and the positions.
fn grouped(found: &[(u32, u32)], values: usize) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; values + 1];
    for &(value, _) in found {
        starts[value as usize + 1] += 1;
    }
    for value in 0..values {
        starts[value + 1] += starts[value];
    }
    let mut next = starts.clone();
    let mut positions = vec![0; found.len()];
    for &(value, at) in found {
        positions[next[value as usize] as usize] = at;
        next[value as usize] += 1;
    }
    (starts, positions)
}

/// The innermost loop around each block, and how many there are. A rare path
/// back to the common one makes no loop.
fn loops(flat: &Flat<'_>, ranges: &[(usize, usize)]) -> (Vec<Option<Loop>>, Vec<u32>) {
    let blocks = &flat.func.blocks;
    let is_cold = |block: usize| matches!(blocks[block].part, Part::Cold(_));
    let mut found: Vec<Loop> = Vec::new();
    for (latch, block) in blocks.iter().enumerate() {
        for head in block.succs.iter().map(|succ| succ.index()) {
            if head <= latch && is_cold(head) == is_cold(latch) {
                found.push(Loop {
                    first: ranges[head].0,
                    last: ranges[latch].1 - 1,
                    head,
                    latch,
                });
            }
        }
    }
    let (mut inner, mut depth) = (vec![None; blocks.len()], vec![0; blocks.len()]);
    // The widest first, so that what is inside is set last.
    found.sort_unstable_by_key(|l| std::cmp::Reverse(l.latch - l.head));
    for found in found {
        for block in found.head..=found.latch {
            inner[block] = Some(found);
            depth[block] += 1;
        }
    }
    (inner, depth)
}
