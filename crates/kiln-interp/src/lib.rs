//! The interpreter of kiln: the reference tier, and one that serves traffic.
//!
//! A [`Program`] is made from a Func as it is before optimisation, in the
//! order its schedule gives, and computes what [`kiln_ir::meaning`] says. A
//! loop over rows runs in blocks of 256 rows over typed buffers, each
//! instruction as one tight loop over a block; everything else runs one
//! instruction and one value at a time.
//!
//! [`Program::execute_inline`] holds the whole dispatch and is inlined into
//! its caller, so that a caller with more target features enabled gets loops
//! compiled for them: see [`State::set_executor`]. This crate itself knows no
//! processor.

#![forbid(unsafe_code)]

#[macro_use]
mod ops;

mod block;
mod data;
mod fold;
mod held;
mod math;
mod program;
mod scalar;

pub use data::{Arg, Geometry, Slice, SliceMut};
pub use fold::fold;
pub use program::{Executor, Failure, Program, State, Unsupported};
