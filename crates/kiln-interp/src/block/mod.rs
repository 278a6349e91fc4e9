//! The executor of loops over rows: 256 rows at a time, one loop over a
//! block per instruction.
//!
//! Ops are total, so an arm of a pure `if` may run on every row of a block
//! in which some row takes it; a select picks the values afterwards. Stores
//! wait for the end of the block: then it is known which row, if any, failed
//! first, and every store of the rows before it is done, and those stores of
//! the failing row that stand before its guard.

mod code;
mod lower;
mod rest;
mod run;

pub(crate) use code::{Blocks, Registers};
pub(crate) use lower::lower;
pub(crate) use run::run;

/// Rows in a block: a register of 8-byte values takes 2 KiB, so that a dozen
/// of them stay in the first-level cache.
pub(crate) const ROWS: usize = 256;
