//! Filetests, program generator and oracles for kiln; unpublished.

pub mod ulp;
