//! The tests of kiln-runtime, as one binary.

#![cfg(feature = "jit")]
#![allow(missing_docs, reason = "tests are not documented item by item")]

#[path = "it/arrays.rs"]
mod arrays;
#[path = "it/broadcast.rs"]
mod broadcast;
#[path = "it/c_function.rs"]
mod c_function;
#[path = "it/cache.rs"]
mod cache;
#[path = "it/columns.rs"]
mod columns;
#[path = "it/funcs.rs"]
mod funcs;
#[path = "it/limits.rs"]
mod limits;
#[cfg(target_arch = "x86_64")]
#[path = "it/mxcsr.rs"]
mod mxcsr;
#[cfg(feature = "rayon")]
#[path = "it/pieces.rs"]
mod pieces;
#[path = "it/reduce.rs"]
mod reduce;
#[path = "it/scalar.rs"]
mod scalar;
#[cfg(feature = "rayon")]
#[path = "it/steps.rs"]
mod steps;
#[cfg(feature = "rayon")]
#[path = "it/threads.rs"]
mod threads;
