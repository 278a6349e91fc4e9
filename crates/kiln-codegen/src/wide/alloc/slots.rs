//! Slots of the stack frame: values that are never alive at once share one.

use super::Flat;
use super::uses::Uses;
use super::walk::{Move, Slot, Walked};
use regalloc2::{Allocation, Function, Output, RegClass, SpillSlot};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The walk's result as regalloc2's own would be, with slots in the frame.
pub(super) fn output(flat: &Flat<'_>, uses: &Uses, walked: Walked) -> Output {
    let Walked {
        mut moves,
        mut allocs,
        offsets,
        slots,
    } = walked;
    let (places, num_spillslots) = assign(flat, uses, &slots);
    let place = |alloc: &mut Allocation| {
        if let Some(slot) = alloc.as_stack() {
            *alloc = Allocation::stack(SpillSlot::new(places[slot.index()]));
        }
    };
    allocs.iter_mut().for_each(place);
    moves.sort_by_key(|one| (one.at, one.rank));
    for one in &mut moves {
        place(&mut one.from);
        place(&mut one.to);
    }
    Output {
        num_spillslots,
        edits: moves.iter().map(Move::edit).collect(),
        allocs,
        inst_alloc_offsets: offsets,
        ..Output::default()
    }
}

/// The unit of the frame at which each slot begins, and how many units there
/// are: vectors first, each at a multiple of its size.
fn assign(flat: &Flat<'_>, uses: &Uses, slots: &[Slot]) -> (Vec<usize>, usize) {
    let spans = spans(flat, uses, slots);
    let mut places = vec![0; slots.len()];
    let mut begin = 0;
    for of_vectors in [true, false] {
        let mut wanted: Vec<(usize, usize, usize)> = Vec::new();
        for (index, (slot, (from, to))) in slots.iter().zip(&spans).enumerate() {
            let class = match slot {
                Slot::Of(value) => value.class(),
                Slot::Spare(class) => *class,
            };
            if (class == RegClass::Float) == of_vectors {
                wanted.push((*from, *to, index));
            }
        }
        let units = flat.spillslot_size(match of_vectors {
            true => RegClass::Float,
            false => RegClass::Int,
        });
        wanted.sort_unstable();
        // The slots in use by the position they are free after.
        let mut busy: BinaryHeap<Reverse<(usize, usize)>> = BinaryHeap::new();
        let mut count = 0;
        for (from, to, index) in wanted {
            let place = match busy.peek() {
                Some(&Reverse((until, place))) if until < from => {
                    busy.pop();
                    place
                }
                _ => {
                    count += 1;
                    begin + (count - 1) * units
                }
            };
            places[index] = place;
            busy.push(Reverse((to, place)));
        }
        begin += count * units;
    }
    (places, begin)
}

/// The first and last position at which each slot holds something: from where
/// its value is defined to the end of the last block that it is alive in, and
/// for a parameter also where edges bring it.
fn spans(flat: &Flat<'_>, uses: &Uses, slots: &[Slot]) -> Vec<(usize, usize)> {
    let end = |block: usize| uses.ranges[block].1 - 1;
    let mut until = vec![0; flat.num_vregs()];
    for (block, live) in uses.live_in.iter().enumerate() {
        for &value in live {
            until[value as usize] = until[value as usize].max(end(block));
        }
    }
    let span = |slot: &Slot| {
        let Slot::Of(reg) = slot else {
            return (0, usize::MAX);
        };
        let (value, home) = (reg.vreg(), uses.home[reg.vreg()] as usize);
        let mut span = (uses.defined[value] as usize, until[value].max(end(home)));
        if flat.func.blocks[home].params.contains(reg) {
            for pred in &flat.preds[home] {
                let at = end(pred.index());
                span = (span.0.min(at), span.1.max(at));
            }
        }
        span
    };
    slots.iter().map(span).collect()
}
