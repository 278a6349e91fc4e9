//! A set of ops, held as bits.

use kiln_ir::Op;
use std::fmt;

/// Which ops: for instance those that a target has as instructions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct OpSet {
    words: [u64; OpSet::WORDS],
}

impl OpSet {
    /// An op is one byte, so four words hold every one.
    const WORDS: usize = 4;

    /// No op.
    pub const NONE: OpSet = OpSet {
        words: [0; OpSet::WORDS],
    };

    /// The set of `ops`.
    pub const fn of(ops: &[Op]) -> OpSet {
        let mut set = OpSet::NONE;
        let mut i = 0;
        while i < ops.len() {
            let bit = ops[i] as usize;
            set.words[bit / 64] |= 1 << (bit % 64);
            i += 1;
        }
        set
    }

    /// Whether `op` is in the set.
    pub const fn contains(self, op: Op) -> bool {
        let bit = op as usize;
        self.words[bit / 64] >> (bit % 64) & 1 == 1
    }
}

impl FromIterator<Op> for OpSet {
    fn from_iter<I: IntoIterator<Item = Op>>(ops: I) -> OpSet {
        OpSet::of(&ops.into_iter().collect::<Vec<_>>())
    }
}

impl fmt::Debug for OpSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(Op::all().filter(|&op| self.contains(op)))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_was_made_of() {
        let set = OpSet::of(&[Op::Add, Op::SlowFrem]);
        for op in Op::all() {
            assert_eq!(set.contains(op), matches!(op, Op::Add | Op::SlowFrem));
        }
    }
}
