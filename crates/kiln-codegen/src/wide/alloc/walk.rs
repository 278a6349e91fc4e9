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

use super::edges::{self, Ends};
use super::uses::Uses;
use super::{Flat, RegisterOrder};
use crate::wide::inst::Part;
use regalloc2::{
    Allocation, Block, Edit, Function, Inst as InstId, Operand, OperandConstraint, OperandKind,
    PReg, ProgPoint, RegClass, SpillSlot, VReg,
};

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

    /// Begins a block where one of those that lead to it ends.
    fn enter(&mut self) {
        let block = self.block;
        self.forget();
        let flat = self.flat;
        let before = flat.preds[block].iter().map(|pred| pred.index());
        let known = before.filter(|&pred| pred < block);
        // The last of the common path, which falls through.
        let Some(from) = known.max_by_key(|&pred| (!self.is_cold(pred), pred)) else {
            return;
        };
        let end = std::mem::take(&mut self.ends[from]);
        for &(value, reg) in &end.regs {
            let dropped = self.without.binary_search(&(block as u32, value)).is_ok();
            if self.uses.is_live_in(value as usize, block) {
                match dropped {
                    true => self.store(value as usize),
                    false => self.place(value as usize, reg),
                }
            }
        }
        // What stands in a register need not be in its slot on other edges.
        let is_only_one = flat.preds[block].len() == 1;
        for &value in &end.written {
            let value_at = value as usize;
            if self.uses.is_live_in(value_at, block)
                && (is_only_one || self.reg_of[value_at].is_none())
            {
                self.written.push(value);
            }
        }
        let params = self.enter_params(from, &end);
        self.ends[from] = end;
        self.starts[block] = self.here(params);
        // Parameters are not alive before the block.
        let own = &flat.func.blocks[block].params;
        self.starts[block]
            .regs
            .retain(|&(value, _)| !own.iter().any(|param| param.vreg() as u32 == value));
    }

    /// Places the parameters of the block, which `from` leads to.
    fn enter_params(&mut self, from: usize, end: &Ends) -> Vec<Allocation> {
        let (flat, block) = (self.flat, self.block);
        let params = &flat.func.blocks[block].params;
        if params.is_empty() {
            return Vec::new();
        }
        let to = Block::new(block);
        let edge = flat.func.blocks[from].succs.iter().position(|&s| s == to);
        let args = edge.map_or(&[][..], |edge| &flat.func.blocks[from].succ_args[edge]);
        let mut taken = RegSet::default();
        for (param, arg) in params.iter().zip(args) {
            // The register of what dies on the edge.
            if let Some(reg) = end.reg_of(arg.vreg() as u32)
                && self.holder[reg.index()] == NONE
            {
                self.place(param.vreg(), reg);
            }
        }
        let first = self.uses.ranges[block].0;
        let at = first.saturating_sub(1);
        for param in params {
            if self.reg_of[param.vreg()].is_none()
                && let Some(reg) = self.free(param.class(), &taken)
            {
                self.place(param.vreg(), reg);
            }
            if let Some(reg) = self.reg_of[param.vreg()] {
                taken.add(reg);
            }
        }
        let mut placed = Vec::with_capacity(params.len());
        for param in params {
            let value = param.vreg();
            if self.reg_of[value].is_none() {
                self.crowd_in(*param, at);
            }
            self.born[value] = self.reg_of[value];
            placed.push(match self.reg_of[value] {
                Some(reg) => Allocation::reg(reg),
                None => self.slot(value),
            });
        }
        placed
    }

    /// A parameter for which no register is free takes that of a value used
    /// later, or lives in its slot.
    fn crowd_in(&mut self, param: VReg, at: usize) {
        let own = self.distance(param.vreg(), at);
        let params = &self.flat.func.blocks[self.block].params;
        let mut kept = RegSet::default();
        for param in params {
            if let Some(reg) = self.reg_of[param.vreg()] {
                kept.add(reg);
            }
        }
        match self.farthest(param.class(), &kept, at) {
            Some((reg, distance)) if distance > own => {
                // Edges bring it to its slot.
                let value = self.holder[reg.index()] as usize;
                if !self.stored[value] && !self.written.contains(&(value as u32)) {
                    match self.is_cold(self.block) {
                        true => self.written.push(value as u32),
                        false => self.store(value),
                    }
                }
                self.unplace(value);
                self.place(param.vreg(), reg);
            }
            _ => self.stored[param.vreg()] = true,
        }
    }

    fn inst(&mut self, at: usize, ends_block: bool) {
        let operands = self.flat.inst_operands(InstId::new(at));
        let base = self.allocs.len();
        self.offsets.push(base as u32);
        self.allocs
            .resize(base + operands.len(), Allocation::none());
        let mut locked = RegSet::default();
        for operand in operands {
            if operand.kind() == OperandKind::Use
                && let Some(reg) = self.reg_of[operand.vreg().vreg()]
            {
                locked.add(reg);
            }
        }
        for (index, operand) in operands.iter().enumerate() {
            if operand.kind() == OperandKind::Use {
                self.allocs[base + index] = self.read(*operand, at, &mut locked);
            }
        }
        let mut written = RegSet::default();
        for operand in operands {
            if let OperandConstraint::Reuse(index) = operand.constraint() {
                let tied = operands[index].vreg();
                let reg = self.tie(tied, self.allocs[base + index], at, &mut locked);
                self.allocs[base + index] = Allocation::reg(reg);
                written.add(reg);
            }
        }
        if !ends_block {
            for operand in operands {
                let value = operand.vreg().vreg();
                if operand.kind() == OperandKind::Use && !self.lives_on(value, at) {
                    self.unplace(value);
                }
            }
        }
        for (index, operand) in operands.iter().enumerate() {
            if operand.kind() == OperandKind::Def {
                let reg = match operand.constraint() {
                    OperandConstraint::Reuse(tied) => self.allocs[base + tied].as_reg(),
                    OperandConstraint::FixedReg(reg) => Some(reg),
                    _ => None,
                };
                let reg = reg.unwrap_or_else(|| self.room(operand.vreg(), &written, at));
                written.add(reg);
                self.allocs[base + index] = Allocation::reg(reg);
                self.place(operand.vreg().vreg(), reg);
                self.born[operand.vreg().vreg()] = Some(reg);
            }
        }
        for operand in operands {
            let value = operand.vreg().vreg();
            if operand.kind() == OperandKind::Def && !self.lives_on(value, at) {
                self.unplace(value);
            }
        }
    }

    /// Where an operand is read from.
    fn read(&mut self, operand: Operand, at: usize, locked: &mut RegSet) -> Allocation {
        let value = operand.vreg().vreg();
        if let Some(reg) = self.reg_of[value] {
            return Allocation::reg(reg);
        }
        let class = operand.class();
        let from = self.slot(value);
        let reg = match (operand.constraint(), self.free(class, locked)) {
            (OperandConstraint::Any, None) => return from,
            (OperandConstraint::Any, Some(_)) if !self.lives_on(value, at) => return from,
            (_, Some(reg)) => reg,
            (_, None) => self.evict(class, locked, at),
        };
        self.push(ProgPoint::before(InstId::new(at)), Rank::Local, from, reg);
        self.place(value, reg);
        locked.add(reg);
        Allocation::reg(reg)
    }

    /// The register that is read as `value` and overwritten: its own if it is
    /// not needed any more, else another that it is copied to.
    fn tie(&mut self, tied: VReg, alloc: Allocation, at: usize, locked: &mut RegSet) -> PReg {
        let value = tied.vreg();
        let own = alloc
            .as_reg()
            .unwrap_or(self.order.of_class(tied.class())[0]);
        if !self.lives_on(value, at) {
            return own;
        }
        let copy = match self.free(tied.class(), locked) {
            Some(reg) => reg,
            None => {
                let mine = self.worth(value, at);
                let other = self.farthest(tied.class(), locked, at);
                if other.is_none_or(|(_, distance)| distance <= mine) {
                    self.release(value, at);
                    return own;
                }
                self.evict(tied.class(), locked, at)
            }
        };
        let before = ProgPoint::before(InstId::new(at));
        self.push(before, Rank::Local, alloc, copy);
        locked.add(copy);
        copy
    }

    /// A register for a result.
    fn room(&mut self, def: VReg, written: &RegSet, at: usize) -> PReg {
        let is_free = |reg: PReg| self.holder[reg.index()] == NONE && !written.has(reg);
        if let Some(goal) = self.goal.get(def.vreg())
            && let Some(Some(reg)) = self.born.get(*goal as usize)
            && is_free(*reg)
        {
            return *reg;
        }
        match self.free(def.class(), written) {
            Some(reg) => reg,
            None => self.evict(def.class(), written, at),
        }
    }

    /// A register that holds nothing.
    fn free(&self, class: RegClass, but: &RegSet) -> Option<PReg> {
        let mut regs = self.order.of_class(class).iter().copied();
        regs.find(|&reg| self.holder[reg.index()] == NONE && !but.has(reg))
    }

    /// Takes a register from the value that is worth least.
    fn evict(&mut self, class: RegClass, but: &RegSet, at: usize) -> PReg {
        let Some((reg, _)) = self.farthest(class, but, at) else {
            self.is_short = true;
            return self.order.of_class(class)[0];
        };
        self.release(self.holder[reg.index()] as usize, at);
        reg
    }

    /// The register whose value is worth least in it.
    fn farthest(&mut self, class: RegClass, but: &RegSet, at: usize) -> Option<(PReg, usize)> {
        let order = self.order;
        let mut found: Option<(PReg, usize)> = None;
        for &reg in order.of_class(class) {
            let value = self.holder[reg.index()];
            if value == NONE || but.has(reg) {
                continue;
            }
            let distance = self.worth(value as usize, at);
            if found.is_none_or(|(_, most)| distance > most) {
                found = Some((reg, distance));
            }
        }
        found
    }

    fn distance(&mut self, value: usize, at: usize) -> usize {
        let next = self.uses.next(value, at, &mut self.cursor[value]);
        self.uses.distance(value, at, self.block, next)
    }

    /// How little a value is worth in its register: the distance of its next
    /// use, twice that if nothing has to be written in this loop.
    fn worth(&mut self, value: usize, at: usize) -> usize {
        let depth = &self.uses.depth;
        let from_outside = depth[self.uses.home[value] as usize] < depth[self.block];
        let distance = self.distance(value, at);
        match self.stored[value] || from_outside || self.written.contains(&(value as u32)) {
            true => 2 * distance,
            false => distance,
        }
    }

    /// A value leaves its register, to its slot unless it is there.
    fn release(&mut self, value: usize, at: usize) {
        let (home, depth) = (self.uses.home[value] as usize, &self.uses.depth);
        let here =
            depth[home] > depth[self.block] || self.is_cold(self.block) && !self.is_cold(home);
        let is_written = self.stored[value] || self.written.contains(&(value as u32));
        match (is_written, here, self.reg_of[value]) {
            (false, true, Some(reg)) => {
                let slot = self.slot(value);
                let before = ProgPoint::before(InstId::new(at));
                self.push_to(before, Rank::Local, Allocation::reg(reg), slot);
                self.written.push(value as u32);
            }
            (false, ..) => self.store(value),
            (true, ..) => {}
        }
        self.unplace(value);
    }

    /// A value goes to its slot where it is defined.
    fn store(&mut self, value: usize) {
        if std::mem::replace(&mut self.stored[value], true) {
            return;
        }
        let slot = self.slot(value);
        let Some(born) = self.born[value] else {
            return;
        };
        let home = self.uses.home[value] as usize;
        let params = &self.flat.func.blocks[home].params;
        let defined = InstId::new(self.uses.defined[value] as usize);
        let at = match params.iter().any(|param| param.vreg() == value) {
            true => ProgPoint::before(defined),
            false => ProgPoint::after(defined),
        };
        self.push_to(at, Rank::Storing, Allocation::reg(born), slot);
    }

    /// Whether a value is used after a position of this block.
    fn lives_on(&mut self, value: usize, at: usize) -> bool {
        let end = self.uses.ranges[self.block].1;
        let next = self.uses.next(value, at, &mut self.cursor[value]);
        next.is_some_and(|next| next < end)
            || self
                .uses
                .is_live_into(value, &self.flat.func.blocks[self.block].succs)
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

    /// The moves on all edges.
    fn edges(&mut self) {
        let flat = self.flat;
        for (from, block) in flat.func.blocks.iter().enumerate() {
            for (edge, succ) in block.succs.iter().enumerate() {
                let to = succ.index();
                let (at, rank) = match block.succs.len() {
                    1 => (self.uses.ranges[from].1 - 1, Rank::Leaving),
                    _ => (self.uses.ranges[to].0, Rank::Entering),
                };
                let wanted = self.wanted(from, to, &block.succ_args[edge]);
                if wanted.is_empty() {
                    continue;
                }
                let spare = self.spare(from, &wanted);
                let at = ProgPoint::before(InstId::new(at));
                for (from, to) in edges::sequence(wanted, &spare, &mut self.slots) {
                    self.push_to(at, rank, from, to);
                }
            }
        }
    }

    /// What has to be where, on an edge, at once.
    fn wanted(&mut self, from: usize, to: usize, args: &[VReg]) -> Vec<edges::Wanted> {
        let (end, start) = (
            std::mem::take(&mut self.ends[from]),
            std::mem::take(&mut self.starts[to]),
        );
        for &(value, reg) in &end.regs {
            self.reg_of[value as usize] = Some(reg);
        }
        let mut wanted = Vec::new();
        let mut want = |walk: &mut Self, value: usize, to: Allocation| {
            let from = match walk.reg_of[value] {
                Some(reg) => Allocation::reg(reg),
                None => walk.slot(value),
            };
            let class = walk.flat.func.classes[value];
            if from != to {
                wanted.push(edges::Wanted { from, to, class });
            }
        };
        for &(value, reg) in &start.regs {
            want(self, value as usize, Allocation::reg(reg));
        }
        for (arg, &to) in args.iter().zip(&start.params) {
            want(self, arg.vreg(), to);
        }
        for &value in &start.written {
            if !self.stored[value as usize] && !end.written.contains(&value) {
                let to = self.slot(value as usize);
                want(self, value as usize, to);
            }
        }
        for &(value, _) in &end.regs {
            self.reg_of[value as usize] = None;
        }
        (self.ends[from], self.starts[to]) = (end, start);
        wanted
    }

    /// Registers that nothing needs on an edge.
    fn spare(&self, from: usize, wanted: &[edges::Wanted]) -> Vec<PReg> {
        let mut used = RegSet::default();
        for (_, reg) in &self.ends[from].regs {
            used.add(*reg);
        }
        for to in wanted.iter().filter_map(|wanted| wanted.to.as_reg()) {
            used.add(to);
        }
        let all = self.order.all();
        all.copied().filter(|&reg| !used.has(reg)).collect()
    }
}

/// A set of registers.
#[derive(Clone, Copy, Default, Debug)]
struct RegSet([u64; 3]);

impl RegSet {
    fn add(&mut self, reg: PReg) {
        self.0[reg.index() / 64] |= 1 << (reg.index() % 64);
    }

    fn has(&self, reg: PReg) -> bool {
        self.0[reg.index() / 64] >> (reg.index() % 64) & 1 != 0
    }
}
