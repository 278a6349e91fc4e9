//! A plate that is hot at the top and cold elsewhere, as a picture.
//!
//! The heat equation in rest: each point is the mean of its four neighbours.
//! Jacobi's method repeats that until nothing changes much. Every sweep of
//! kiln is compared with rustc's, bit by bit.
//!
//! ```text
//! cargo run --release --bin heat -- heat.png
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what an example does")]

#[path = "../picture/mod.rs"]
mod picture;

use anyhow::{Result, ensure};

const SIZE: usize = 128;
const SWEEPS: usize = 400;

/// One sweep over the inner points of `n` by `n`; the largest change.
#[kiln::kernel]
fn sweep(n: usize, old: &[f64], new: &mut [f64]) -> f64 {
    assert!(old.len() == n * n, "the old plate has another size");
    assert!(new.len() == n * n, "the new plate has another size");
    let mut change = 0.0;
    for i in 1..n - 1 {
        for j in 1..n - 1 {
            let at = i * n + j;
            let mean = 0.25 * (old[at - n] + old[at + n] + old[at - 1] + old[at + 1]);
            new[at] = mean;
            change = f64::max(change, (mean - old[at]).abs());
        }
    }
    change
}

fn main() -> Result<()> {
    let mut plate = vec![0.0; SIZE * SIZE];
    plate[..SIZE].fill(1.0);
    let (mut next, mut expected) = (plate.clone(), plate.clone());
    let mut change = 0.0;
    ensure!(sweep::kernel().prepare(), "there is no native code");
    for _ in 0..SWEEPS {
        change = sweep(SIZE, &plate, &mut next);
        let rust = sweep::rust(SIZE, &plate, &mut expected);
        ensure!((change, &next) == (rust, &expected), "a sweep differs");
        std::mem::swap(&mut plate, &mut next);
    }
    println!("{SWEEPS} sweeps, the last of which changes a point by {change:.1e}");
    let middle = plate[SIZE / 2 * SIZE + SIZE / 2];
    ensure!((0.0..1.0).contains(&middle), "heat comes from nowhere");
    println!("in the middle {middle:.4}");
    picture::write("heat.png", SIZE, plate.iter().map(|heat| heat.sqrt()))
}
