//! How rounds are cut into pieces, and how the values of pieces combine.

use kiln_ir::meaning::eval;
use kiln_ir::{Combine, Const, Scalar};
use std::ops::Range;

/// Rounds that fill whole blocks at every level; a piece has as many of these
/// as it can.
const BLOCK: usize = 64;

/// Values of a block of a reduction; a piece has 2^k blocks.
const TREE_BLOCK: u64 = 1_024;

/// Rounds, cut into pieces.
pub(crate) struct Cut {
    rounds: Range<i64>,
    /// Rounds of a piece.
    step: u64,
}

impl Cut {
    /// Cuts rounds into at most `count` pieces; those of a reduction where
    /// its shape allows.
    pub(crate) fn new(rounds: Range<i64>, count: usize, is_reduction: bool) -> Cut {
        let all = rounds.end.abs_diff(rounds.start);
        let step = all.div_ceil(count.max(1) as u64).max(1);
        let step = if is_reduction {
            let blocks = step.div_ceil(TREE_BLOCK).next_power_of_two();
            blocks.saturating_mul(TREE_BLOCK)
        } else if step < BLOCK as u64 {
            step
        } else {
            step.checked_next_multiple_of(BLOCK as u64).unwrap_or(step)
        };
        Cut { rounds, step }
    }

    /// How many pieces there are.
    pub(crate) fn count(&self) -> usize {
        let all = self.rounds.end.abs_diff(self.rounds.start);
        all.div_ceil(self.step) as usize
    }

    /// The rounds of one.
    pub(crate) fn piece(&self, piece: usize) -> Range<i64> {
        let Range { start, end } = self.rounds;
        let at = |pieces: usize| {
            let first = (pieces as u64).saturating_mul(self.step);
            end.min(start.saturating_add_unsigned(first))
        };
        at(piece)..at(piece + 1)
    }
}

/// Combines the values of pieces, in slots, as those of blocks are: like the
/// digits of a binary counter, at the end from the last to the first.
pub(crate) fn combined(
    combine: Combine,
    scalar: Scalar,
    pieces: impl Iterator<Item = u64>,
) -> Const {
    let join = |left: Const, right: Const| eval(combine.op(), scalar, &[left, right]);
    let mut done: Vec<Const> = Vec::new();
    for (piece, value) in pieces.enumerate() {
        let mut value = Const::from_bits(scalar, value);
        for _ in 0..piece.trailing_ones() {
            value = done.pop().map_or(value, |left| join(left, value));
        }
        done.push(value);
    }
    let values = done.into_iter().rev();
    let value = values.reduce(|right, left| join(left, right));
    value.unwrap_or(combine.identity(scalar))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_all_rounds_in_order() {
        for rounds in [0..1, 0..63, -7..1_000, 5..6_405, i64::MIN..i64::MAX] {
            for asked in [1, 2, 3, 8, 100] {
                for is_reduction in [false, true] {
                    let cut = Cut::new(rounds.clone(), asked, is_reduction);
                    let count = cut.count();
                    assert!((1..=asked).contains(&count), "{rounds:?} in {asked}");
                    let mut next = rounds.start;
                    for index in 0..count {
                        let piece = cut.piece(index);
                        assert!(piece.start == next && !piece.is_empty(), "{piece:?}");
                        next = piece.end;
                    }
                    assert_eq!(next, rounds.end);
                }
            }
        }
    }
}
