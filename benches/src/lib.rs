//! What the benches compare: formulas, their twins in plain Rust and in the
//! words of other crates, and the data they run over.
//!
//! A twin computes the same formula as well as its crate can write it. A test
//! checks that each agrees with plain Rust to a few units in the last place,
//! so that nothing is timed that computes something else.

pub mod data;
pub mod formulas;
pub mod kernels;
pub mod measure;
pub mod peers;
pub mod rivals;
