//! What the benches compare: formulas, their twins in plain Rust and in the
//! words of other crates, and the data they run over.
//!
//! A twin computes the same formula as well as its crate can write it. Every
//! bench checks first that a twin agrees with plain Rust to a few units in
//! the last place, so that nothing is timed that computes something else.

pub mod data;
pub mod formulas;
pub mod rivals;
