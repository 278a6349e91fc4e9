//! The kernels of kiln-corpus in a build with debug assertions and overflow
//! checks: where Rust panics then, kernels do, with the same words.
//!
//! A package of its own, because such a build is a setting of a package.

#![forbid(unsafe_code)]
