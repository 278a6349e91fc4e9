//! The executor of everything but loops over rows: one instruction and one
//! value at a time, on registers of 64 bits.

mod code;
mod lower;
mod rest;
mod run;
mod tree;

pub(crate) use code::{Code, Scalars};
pub(crate) use lower::lower;
pub(crate) use run::run;
