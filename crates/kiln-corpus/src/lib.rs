//! Kernels with every construct of the language, as tests: see `tests/corpus`.
//!
//! A package of its own, so that they are built without optimisation: what
//! rustc makes of them is the reference, and speed is none of its merits.

#![forbid(unsafe_code)]
