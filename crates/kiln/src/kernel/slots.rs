//! Inputs and outputs of one row: on the stack unless there are many, since a
//! warm call allocates nothing.

use kiln_ir::{Const, Scalar};
use std::ops::{Deref, DerefMut};

/// Inputs and outputs of a call that need no heap.
const INLINE: usize = 16;

/// Constants on the stack, and on the heap where there are many.
pub(super) struct Slots {
    inline: [Const; INLINE],
    len: usize,
    heap: Vec<Const>,
}

impl Slots {
    pub(super) fn new() -> Slots {
        Slots {
            inline: [Const::zero(Scalar::Bool); INLINE],
            len: 0,
            heap: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, value: Const) {
        if self.len < INLINE {
            self.inline[self.len] = value;
        } else {
            if self.len == INLINE {
                self.heap.extend_from_slice(&self.inline);
            }
            self.heap.push(value);
        }
        self.len += 1;
    }
}

impl Deref for Slots {
    type Target = [Const];

    #[inline]
    fn deref(&self) -> &[Const] {
        match self.len {
            0..=INLINE => &self.inline[..self.len],
            _ => &self.heap,
        }
    }
}

impl DerefMut for Slots {
    #[inline]
    fn deref_mut(&mut self) -> &mut [Const] {
        match self.len {
            0..=INLINE => &mut self.inline[..self.len],
            _ => &mut self.heap,
        }
    }
}
