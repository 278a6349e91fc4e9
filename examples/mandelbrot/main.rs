//! The Mandelbrot set, as a picture.
//!
//! For each point of the plane: after how many steps of z^2 + c does it leave
//! the circle of 2? The same function runs as kiln and as rustc compiled it;
//! the two count alike for every pixel.
//!
//! ```text
//! cargo run --release --bin mandelbrot -- mandelbrot.png
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what an example does")]
#![allow(
    clippy::needless_range_loop,
    reason = "kernels index, as their loops are what is compiled"
)]

#[path = "../picture/mod.rs"]
mod picture;

use anyhow::{Result, ensure};
use std::time::Instant;

const WIDTH: usize = 600;
const HEIGHT: usize = 400;
const STEPS_MAX: u32 = 200;

#[kiln::kernel]
fn escape(re: f64, im: f64, most: u32) -> u32 {
    let (mut x, mut y) = (0.0, 0.0);
    let mut n = 0;
    while n < most && x * x + y * y <= 4.0 {
        (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
        n += 1;
    }
    n
}

/// Steps for each pixel of a picture from (-2.2, -1.2) to (1, 1.2) or so.
#[kiln::kernel]
fn mandelbrot(width: usize, most: u32, steps: &mut [u32]) {
    let scale = 3.2 / width as f64;
    for i in 0..steps.len() {
        let (row, column) = (i / width, i % width);
        let re = column as f64 * scale - 2.2;
        let im = row as f64 * scale - 1.067;
        steps[i] = escape(re, im, most);
    }
}

fn main() -> Result<()> {
    let mut steps = vec![0; WIDTH * HEIGHT];
    let mut expected = steps.clone();
    let start = Instant::now();
    mandelbrot::rust(WIDTH, STEPS_MAX, &mut expected);
    let rust = start.elapsed();
    ensure!(mandelbrot::kernel().prepare(), "there is no native code");
    let start = Instant::now();
    mandelbrot(WIDTH, STEPS_MAX, &mut steps);
    let native = start.elapsed();
    ensure!(steps == expected, "the two pictures differ");
    let inside = steps.iter().filter(|&&n| n == STEPS_MAX).count();
    println!("{inside} of {} points stay inside", steps.len());
    println!("kiln {native:.1?}, rustc {rust:.1?}, with the same counts");
    let levels = steps.iter().map(|&n| f64::from(n) / f64::from(STEPS_MAX));
    picture::write(
        "mandelbrot.png",
        WIDTH,
        levels.map(|level| 1.0 - level.sqrt()),
    )
}
