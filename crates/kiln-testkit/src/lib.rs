//! Filetests, program generator and oracles for kiln; unpublished.

pub mod emulator;
pub mod ulp;
