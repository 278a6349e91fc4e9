//! Pi, by throwing points at a square.
//!
//! The random numbers are SplitMix64 (Steele, Lea and Flood 2014), integers
//! that wrap, written out in the kernel; so kiln and rustc throw the same
//! points and count the same.
//!
//! ```text
//! cargo run --release --bin monte_carlo
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what an example does")]

use anyhow::{Result, ensure};
use std::time::Instant;

const POINTS: u64 = 2_000_000;

/// A number in [0, 1) for each state.
#[kiln::kernel(overflow = "wrap")]
fn uniform(state: u64) -> f64 {
    let mut z = state * 0x9e37_79b9_7f4a_7c15;
    z = (z ^ (z >> 30)) * 0xbf58_476d_1ce4_e5b9;
    z = (z ^ (z >> 27)) * 0x94d0_49bb_1331_11eb;
    z ^= z >> 31;
    // 53 bits are what an f64 holds.
    (z >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// How many of `n` points fall into the quarter of the circle.
#[kiln::kernel(overflow = "wrap")]
fn hits(seed: u64, n: u64) -> u64 {
    let mut hits = 0;
    for i in 0..n {
        let (x, y) = (uniform(seed + 2 * i), uniform(seed + 2 * i + 1));
        hits += (x * x + y * y < 1.0) as u64;
    }
    hits
}

/// What `hits` says in plain Rust, where a multiplication that wraps is
/// written so.
fn expected(seed: u64, n: u64) -> u64 {
    let uniform = |state: u64| {
        let mut z = state.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    };
    let is_hit = |i: &u64| {
        let (x, y) = (uniform(seed + 2 * i), uniform(seed + 2 * i + 1));
        x * x + y * y < 1.0
    };
    (0..n).filter(is_hit).count() as u64
}

fn main() -> Result<()> {
    let seed = 12_345;
    ensure!(hits::kernel().prepare(), "there is no native code");
    let start = Instant::now();
    let native = hits(seed, POINTS);
    let took = start.elapsed();
    let start = Instant::now();
    let rust = expected(seed, POINTS);
    let rust_took = start.elapsed();
    ensure!(native == rust, "kiln counts {native}, rustc {rust}");
    let pi = 4.0 * native as f64 / POINTS as f64;
    ensure!((pi - std::f64::consts::PI).abs() < 0.01, "pi is not {pi}");
    println!("pi is about {pi} after {POINTS} points");
    println!("kiln {took:.1?}, rustc {rust_took:.1?}, with the same count");
    Ok(())
}
