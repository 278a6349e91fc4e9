//! Running kiln: loading, dispatch, cache, limits and calls.
//!
//! An [`Engine`] takes a `Func` of one row and gives a [`ScalarKernel`], to
//! be called with one row, or a [`ColumnKernel`], to be mapped over columns;
//! of a `Func` with arrays and loops it makes an [`ArrayKernel`].
//! On the first call the Func is optimised and compiled for the processor at
//! hand, once per signature however many threads ask; where that fails, and
//! where the engine is told so, the interpreter answers with the same bits.
//!
//! This is the one crate with `unsafe` code: mapping machine code, calling
//! it, and the floating-point environment. The modules that need it say so
//! and why; everywhere else it is denied.

#![deny(unsafe_code)]
#![cfg_attr(
    not(feature = "jit"),
    allow(
        dead_code,
        reason = "a build without native code keeps the shape of one that has it"
    )
)]

mod arg;
mod arrays;
mod broadcast;
mod budget;
mod cache;
mod column_view;
mod columns;
mod cut;
mod direct_entry;
mod element;
mod engine;
mod error;
mod fpenv;
mod frame_call;
mod grid;
mod interpret;
mod level;
mod limits;
pub mod math;
mod native;
mod output;
mod pieces;
mod reduce;
mod rows;
mod scalar;
mod scan;
mod specials;
mod stats;
mod stop;
mod threads;
mod typed;
mod view;
pub mod words;

#[cfg(feature = "jit")]
mod compiled;
#[cfg(feature = "jit")]
mod explain;
#[cfg(feature = "jit")]
mod fault;
#[cfg(feature = "jit")]
mod frame;
#[cfg(feature = "jit")]
mod helpers;
#[cfg(feature = "jit")]
mod load;
#[cfg(feature = "jit")]
mod pipeline;
#[cfg(feature = "jit")]
mod steps;
#[cfg(feature = "jit")]
mod strips;
#[cfg(feature = "jit")]
mod worker;

pub use arg::Arg;
pub use arrays::ArrayKernel;
pub use broadcast::{Mapped, Operand};
pub use column_view::{ColumnArg, ColumnView};
pub use columns::ColumnKernel;
pub use element::{Buffer, Element};
pub use engine::{Engine, EngineBuilder, GlobalError, Policy};
pub use error::{Fault, RuntimeError};
#[cfg(feature = "jit")]
pub use explain::{Explanation, Shape};
pub use frame_call::{Called, FrameCall};
pub use kiln_interp::{Slice, SliceMut};
pub use kiln_opt::NotInPieces;
pub use level::{Level, Ran, Tier};
pub use limits::Limits;
pub use native::Compiled;
pub use output::Output;
pub use reduce::{ReduceKernel, Total};
pub use scalar::ScalarKernel;
pub use scan::{Scan, ScanKernel};
pub use stats::Stats;
pub use stop::Stop;
pub use threads::Parallel;
pub use typed::{CFunction, Function, Typed};
pub use view::{View, ViewMut};
