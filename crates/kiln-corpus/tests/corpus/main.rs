//! Small functions with every construct of `#[kernel]`, each run as rustc
//! compiled it, in the interpreter and as native code, with generated
//! arguments: the same bits, the same panics with the same words, and the
//! same elements stored when a panic came.
//!
//! kiln-corpus-checked runs the same files with overflow checks.

#![forbid(unsafe_code)]
#![allow(
    clippy::style,
    clippy::complexity,
    clippy::perf,
    reason = "a corpus says things in every way there is"
)]

mod arithmetic;
mod control;
mod generic;
mod harness;
mod iterators;
mod methods;
mod reductions;
mod slices;
#[allow(
    elided_lifetimes_in_paths,
    reason = "a view may be written without a lifetime"
)]
mod views;

#[test]
fn the_checked_package_checks() {
    if env!("CARGO_PKG_NAME").ends_with("checked") {
        assert!(cfg!(debug_assertions), "its profile says so");
        let overflow = harness::outcome(|| std::hint::black_box(i32::MAX) + 1);
        assert_eq!(overflow, Err("attempt to add with overflow".to_owned()));
    }
}
