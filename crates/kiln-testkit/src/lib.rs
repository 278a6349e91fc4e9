//! Filetests, program generator and oracles for kiln; unpublished.

pub mod cells;
pub mod emulator;
pub mod native;
pub mod ulp;
