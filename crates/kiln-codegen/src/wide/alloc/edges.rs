//! Moves on the edges between blocks: all at once as wanted, one after the
//! other as made.
//!
//! A move whose target nothing waits to read is made first. What is left are
//! cycles, each of which is opened by a move to a register that is free, or
//! to a slot.

use super::walk::Slot;
use regalloc2::{Allocation, PReg, RegClass, SpillSlot};

/// What stands where at one end of a block.
#[derive(Clone, Default, Debug)]
pub(super) struct Ends {
    /// Values in registers.
    pub(super) regs: Vec<(u32, PReg)>,
    /// Values in their slots that are not so everywhere.
    pub(super) written: Vec<u32>,
    /// The parameters of the block.
    pub(super) params: Vec<Allocation>,
}

impl Ends {
    /// The register of a value.
    pub(super) fn reg_of(&self, value: u32) -> Option<PReg> {
        let found = self.regs.iter().find(|(v, _)| *v == value);
        found.map(|&(_, reg)| reg)
    }
}

/// One of the moves that an edge wants made at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    pub(super) from: Allocation,
    pub(super) to: Allocation,
    pub(super) class: RegClass,
}

/// The moves in an order in which they do what they would do at once; none
/// is from a slot to a slot. `spare` are registers nothing needs.
pub(super) fn sequence(
    mut wanted: Vec<Wanted>,
    spare: &[PReg],
    slots: &mut Vec<Slot>,
) -> Vec<(Allocation, Allocation)> {
    let mut made = Vec::with_capacity(wanted.len());
    while !wanted.is_empty() {
        let is_read = |to: Allocation| wanted.iter().any(|other| other.from == to);
        if let Some(next) = wanted.iter().position(|one| !is_read(one.to)) {
            let Wanted { from, to, class } = wanted.swap_remove(next);
            make(from, to, class, spare, slots, &mut made);
            continue;
        }
        // Only cycles are left: what the first one reads waits elsewhere.
        let Wanted { from, class, .. } = wanted[0];
        let mut free = spare.iter().filter(|reg| reg.class() == class);
        // The first of them is for moves from slot to slot.
        let aside = match (free.next(), free.next()) {
            (_, Some(reg)) => Allocation::reg(*reg),
            _ => slot(Slot::Spare(class), slots),
        };
        make(from, aside, class, spare, slots, &mut made);
        let readers = wanted.iter_mut().filter(|one| one.from == from);
        readers.for_each(|one| one.from = aside);
    }
    made
}

/// Makes one move, through a register if both ends are slots.
fn make(
    from: Allocation,
    to: Allocation,
    class: RegClass,
    spare: &[PReg],
    slots: &mut Vec<Slot>,
    made: &mut Vec<(Allocation, Allocation)>,
) {
    if !(from.is_stack() && to.is_stack()) {
        made.push((from, to));
        return;
    }
    if let Some(through) = spare.iter().find(|reg| reg.class() == class) {
        let through = Allocation::reg(*through);
        made.extend([(from, through), (through, to)]);
        return;
    }
    // Every register is needed: one waits in a slot meanwhile.
    let through = Allocation::reg(PReg::new(1, class));
    let aside = slot(Slot::Spare(class), slots);
    made.extend([
        (through, aside),
        (from, through),
        (through, to),
        (aside, through),
    ]);
}

fn slot(slot: Slot, slots: &mut Vec<Slot>) -> Allocation {
    slots.push(slot);
    Allocation::stack(SpillSlot::new(slots.len() - 1))
}
