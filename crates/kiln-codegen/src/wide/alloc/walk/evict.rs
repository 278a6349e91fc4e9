//! Which value gives up its register, and how it comes to its slot.

use super::{NONE, Rank, Walk};
use regalloc2::{Allocation, Inst as InstId, PReg, ProgPoint, RegClass};

impl Walk<'_> {
    /// A register that holds nothing.
    pub(super) fn free(&self, class: RegClass, but: &RegSet) -> Option<PReg> {
        let mut regs = self.order.of_class(class).iter().copied();
        regs.find(|&reg| self.holder[reg.index()] == NONE && !but.has(reg))
    }

    /// Takes a register from the value that is worth least.
    pub(super) fn evict(&mut self, class: RegClass, but: &RegSet, at: usize) -> PReg {
        let Some((reg, _)) = self.farthest(class, but, at) else {
            self.is_short = true;
            return self.order.of_class(class)[0];
        };
        self.release(self.holder[reg.index()] as usize, at);
        reg
    }

    /// The register whose value is worth least in it.
    pub(super) fn farthest(
        &mut self,
        class: RegClass,
        but: &RegSet,
        at: usize,
    ) -> Option<(PReg, usize)> {
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

    pub(super) fn distance(&mut self, value: usize, at: usize) -> usize {
        let next = self.uses.next(value, at, &mut self.cursor[value]);
        self.uses.distance(value, at, self.block, next)
    }

    /// How little a value is worth in its register: the distance of its next
    /// use, twice that if nothing has to be written in this loop.
    pub(super) fn worth(&mut self, value: usize, at: usize) -> usize {
        let depth = &self.uses.depth;
        let from_outside = depth[self.uses.home[value] as usize] < depth[self.block];
        let distance = self.distance(value, at);
        match from_outside || self.is_in_slot(value) {
            true => 2 * distance,
            false => distance,
        }
    }

    /// Whether a value is in its slot here.
    pub(super) fn is_in_slot(&self, value: usize) -> bool {
        self.stored[value] || self.written.contains(&(value as u32))
    }

    /// A value leaves its register, to its slot unless it is there.
    pub(super) fn release(&mut self, value: usize, at: usize) {
        let (home, depth) = (self.uses.home[value] as usize, &self.uses.depth);
        let here =
            depth[home] > depth[self.block] || self.is_cold(self.block) && !self.is_cold(home);
        match (self.is_in_slot(value), here, self.reg_of[value]) {
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
    pub(super) fn store(&mut self, value: usize) {
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
    pub(super) fn lives_on(&mut self, value: usize, at: usize) -> bool {
        let end = self.uses.ranges[self.block].1;
        let next = self.uses.next(value, at, &mut self.cursor[value]);
        next.is_some_and(|next| next < end)
            || self
                .uses
                .is_live_into(value, &self.flat.func.blocks[self.block].succs)
    }
}

/// A set of registers.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct RegSet([u64; 3]);

impl RegSet {
    pub(super) fn add(&mut self, reg: PReg) {
        self.0[reg.index() / 64] |= 1 << (reg.index() % 64);
    }

    pub(super) fn has(&self, reg: PReg) -> bool {
        self.0[reg.index() / 64] >> (reg.index() % 64) & 1 != 0
    }
}
