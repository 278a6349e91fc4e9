//! Filetests, program generator and oracles for kiln; unpublished.

#![deny(unsafe_code)]

pub mod cells;
pub mod differential;
pub mod emulator;
pub mod filetest;
pub mod fuzz;
pub mod generate;
pub mod native;
pub mod nests;
pub mod ulp;
pub mod vectors;
pub mod ways;
pub mod whole;
