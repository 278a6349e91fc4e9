//! One walk over the code that gives every value its registers.
//!
//! Blocks are taken in the order they will be emitted in, each from the state
//! in which one of those before it ends: what stands in which register. Where
//! a register is missing, the value whose next use is farthest gives up its
//! own (Belady, "A study of replacement algorithms for a virtual-storage
//! computer", IBM Systems Journal 1966); it is written to its slot once,
//! where it is defined, or, if only a rare path needs the room, there. What
//! other blocks that lead to a block leave elsewhere is moved on the edge.
//!
//! A value that comes from before a loop and loses its register in it would
//! have to come back before each round: such values are noted, and a second
//! walk begins the loop without them.

mod edge;
mod enter;
mod evict;
mod inst;

use super::edges::Ends;
use super::uses::Uses;
use super::{Flat, RegisterOrder};
use crate::wide::inst::Part;
use regalloc2::{Allocation, Edit, Function, PReg, ProgPoint, RegClass, SpillSlot, VReg};

/// No value, no register, no slot.
const NONE: u32 = u32::MAX;

/// The order of moves at one point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Rank {
    /// Where an edge enters a block.
    Entering,
    /// A value goes to its slot where it is defined.
    Storing,
    /// What an instruction needs.
    Local,
    /// Where an edge leaves a block.
    Leaving,
}

/// A move at a point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub(super) at: ProgPoint,
    pub(super) rank: Rank,
    pub(super) from: Allocation,
    pub(super) to: Allocation,
}

impl Move {
    /// Whether it is made between two blocks.
    #[cfg(test)]
    pub(super) fn is_on_edge(&self) -> bool {
        matches!(self.rank, Rank::Entering | Rank::Leaving)
    }

    pub(super) fn edit(&self) -> (ProgPoint, Edit) {
        let (from, to) = (self.from, self.to);
        (self.at, Edit::Move { from, to })
    }
}

/// What a walk has found. Slots are numbered in the order they were asked
/// for; `slots` says whose they are.
#[derive(Debug)]
pub(super) struct Walked {
    pub(super) moves: Vec<Move>,
    pub(super) allocs: Vec<Allocation>,
    pub(super) offsets: Vec<u32>,
    pub(super) slots: Vec<Slot>,
}

/// What a slot is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slot {
    /// A value, for as long as it lives.
    Of(VReg),
    /// A register of a class, in the moves of an edge.
    Spare(RegClass),
}

/// Walks over the code, twice where that is worth it; nothing if an
/// instruction names more registers than there are.
pub(super) fn walk(flat: &Flat<'_>, uses: &Uses, order: &RegisterOrder) -> Option<Walked> {
    let mut walk = Walk::new(flat, uses, order, Vec::new());
    walk.blocks();
    let lost = walk.lost();
    if !lost.is_empty() {
        walk = Walk::new(flat, uses, order, lost);
        walk.blocks();
    }
    walk.edges();
    (!walk.is_short).then_some(Walked {
        moves: walk.moves,
        allocs: walk.allocs,
        offsets: walk.offsets,
        slots: walk.slots,
    })
}

struct Walk<'a> {
    flat: &'a Flat<'a>,
    uses: &'a Uses,
    order: &'a RegisterOrder,
    /// Loop heads and values that begin them without a register, in order.
    without: Vec<(u32, u32)>,
    /// The value in each register.
    holder: [u32; PReg::NUM_INDEX],
    /// The register of each value.
    reg_of: Vec<Option<PReg>>,
    /// How many uses of each value lie behind.
    cursor: Vec<u32>,
    /// The register each value is defined in.
    born: Vec<Option<PReg>>,
    /// Values that are in their slots from their definition on.
    stored: Vec<bool>,
    /// Values that are in their slots here, but not everywhere.
    written: Vec<u32>,
    /// The parameter each value goes to.
    goal: Vec<u32>,
    slot_of: Vec<u32>,
    slots: Vec<Slot>,
    starts: Vec<Ends>,
    ends: Vec<Ends>,
    moves: Vec<Move>,
    allocs: Vec<Allocation>,
    offsets: Vec<u32>,
    /// The block that the walk is in.
    block: usize,
    /// Whether an instruction named more registers than there are.
    is_short: bool,
}

impl<'a> Walk<'a> {
    fn new(
        flat: &'a Flat<'a>,
        uses: &'a Uses,
        order: &'a RegisterOrder,
        without: Vec<(u32, u32)>,
    ) -> Walk<'a> {
        let (values, blocks) = (flat.num_vregs(), flat.num_blocks());
        let mut goal = vec![NONE; values];
        for block in &flat.func.blocks {
            for (succ, args) in block.succs.iter().zip(&block.succ_args) {
                let params = &flat.func.blocks[succ.index()].params;
                for (arg, param) in args.iter().zip(params) {
                    goal[arg.vreg()] = param.vreg() as u32;
                }
            }
        }
        Walk {
            flat,
            uses,
            order,
            without,
            holder: [NONE; PReg::NUM_INDEX],
            reg_of: vec![None; values],
            cursor: vec![0; values],
            born: vec![None; values],
            stored: vec![false; values],
            written: Vec::new(),
            goal,
            slot_of: vec![NONE; values],
            slots: Vec::new(),
            starts: vec![Ends::default(); blocks],
            ends: vec![Ends::default(); blocks],
            moves: Vec::new(),
            allocs: Vec::with_capacity(flat.operands.len()),
            offsets: Vec::with_capacity(flat.num_insts()),
            block: 0,
            is_short: false,
        }
    }

    fn blocks(&mut self) {
        for block in 0..self.flat.num_blocks() {
            self.block = block;
            self.enter();
            let (first, end) = self.uses.ranges[block];
            for at in first..end {
                self.inst(at, at + 1 == end);
            }
            self.ends[block] = self.here(Vec::new());
        }
        self.forget();
    }

    /// No register holds anything.
    fn forget(&mut self) {
        for value in std::mem::replace(&mut self.holder, [NONE; PReg::NUM_INDEX]) {
            if value != NONE {
                self.reg_of[value as usize] = None;
            }
        }
        self.written.clear();
    }

    /// What stands where.
    fn here(&self, params: Vec<Allocation>) -> Ends {
        let held = (0..PReg::NUM_INDEX).filter(|&reg| self.holder[reg] != NONE);
        Ends {
            regs: held
                .map(|reg| (self.holder[reg], PReg::from_index(reg)))
                .collect(),
            written: self.written.clone(),
            params,
        }
    }

    /// Values that a loop begins with in a register and ends without.
    fn lost(&self) -> Vec<(u32, u32)> {
        let mut lost = Vec::new();
        for (latch, block) in self.flat.func.blocks.iter().enumerate() {
            for head in block.succs.iter().map(|succ| succ.index()) {
                if head > latch || self.is_cold(latch) {
                    continue;
                }
                let end = &self.ends[latch];
                for (value, _) in &self.starts[head].regs {
                    if end.reg_of(*value).is_none() {
                        lost.push((head as u32, *value));
                    }
                }
            }
        }
        lost.sort_unstable();
        lost.dedup();
        lost
    }

    fn is_cold(&self, block: usize) -> bool {
        matches!(self.flat.func.blocks[block].part, Part::Cold(_))
    }

    fn place(&mut self, value: usize, reg: PReg) {
        self.holder[reg.index()] = value as u32;
        self.reg_of[value] = Some(reg);
    }

    fn unplace(&mut self, value: usize) {
        if let Some(reg) = self.reg_of[value].take() {
            self.holder[reg.index()] = NONE;
        }
    }

    /// The slot of a value.
    fn slot(&mut self, value: usize) -> Allocation {
        if self.slot_of[value] == NONE {
            self.slot_of[value] = self.slots.len() as u32;
            let class = self.flat.func.classes[value];
            self.slots.push(Slot::Of(VReg::new(value, class)));
        }
        Allocation::stack(SpillSlot::new(self.slot_of[value] as usize))
    }

    fn push(&mut self, at: ProgPoint, rank: Rank, from: Allocation, to: PReg) {
        self.push_to(at, rank, from, Allocation::reg(to));
    }

    fn push_to(&mut self, at: ProgPoint, rank: Rank, from: Allocation, to: Allocation) {
        self.moves.push(Move { at, rank, from, to });
    }
}
