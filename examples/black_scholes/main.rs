//! Prices of options, over columns.
//!
//! Black and Scholes (1973), with the polynomial of Abramowitz and Stegun
//! 26.2.17 for the normal distribution. The mathematical functions of kiln are
//! its own, so a price may differ from rustc's in the last bits; from itself,
//! in the interpreter and on any machine, it does not.
//!
//! ```text
//! cargo run --release --bin black_scholes
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what an example does")]

use anyhow::{Result, ensure};
use std::time::Instant;

const ROWS: usize = 100_000;

/// How probable it is that a normal number is at most `x`, to 7.5e-8.
#[kiln::kernel]
fn normal(x: f64) -> f64 {
    let k = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let poly = -1.821_255_978 + k * 1.330_274_429;
    let poly = 1.781_477_937 + k * poly;
    let poly = k * (0.319_381_530 + k * (-0.356_563_782 + k * poly));
    let tail = 0.398_942_280_401_432_7 * (-0.5 * x * x).exp() * poly;
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// The prices of calls and puts; `years` is the time that is left.
#[kiln::kernel]
fn prices(
    spot: &[f64],
    strike: &[f64],
    years: &[f64],
    rate: f64,
    volatility: f64,
    call: &mut [f64],
    put: &mut [f64],
) {
    for i in 0..call.len() {
        let (s, k, t) = (spot[i], strike[i], years[i]);
        let spread = volatility * t.sqrt();
        let d1 = ((s / k).ln() + (rate + 0.5 * volatility * volatility) * t) / spread;
        let d2 = d1 - spread;
        let discounted = k * (-rate * t).exp();
        call[i] = s * normal(d1) - discounted * normal(d2);
        put[i] = discounted * normal(-d2) - s * normal(-d1);
    }
}

fn main() -> Result<()> {
    let column = |from: f64, step: f64, rounds: usize| -> Vec<f64> {
        (0..ROWS)
            .map(|i| from + step * (i % rounds) as f64)
            .collect()
    };
    let (spot, strike) = (column(80.0, 0.25, 161), column(90.0, 0.5, 41));
    let years = column(0.25, 0.125, 31);
    let (rate, volatility) = (0.02, 0.3);
    let (mut call, mut put) = (vec![0.0; ROWS], vec![0.0; ROWS]);
    let (mut call_rust, mut put_rust) = (call.clone(), put.clone());
    let (mut call_slow, mut put_slow) = (call.clone(), put.clone());
    ensure!(prices::kernel().prepare(), "there is no native code");
    let start = Instant::now();
    prices(
        &spot, &strike, &years, rate, volatility, &mut call, &mut put,
    );
    let native = start.elapsed();
    let start = Instant::now();
    prices::rust(
        &spot,
        &strike,
        &years,
        rate,
        volatility,
        &mut call_rust,
        &mut put_rust,
    );
    let rust = start.elapsed();
    prices::interpret(
        &spot,
        &strike,
        &years,
        rate,
        volatility,
        &mut call_slow,
        &mut put_slow,
    );
    ensure!(
        (&call, &put) == (&call_slow, &put_slow),
        "the interpreter differs"
    );
    let near = |x: &f64, y: &f64| (x - y).abs() <= 1e-12 * y.abs().max(1.0);
    let all_near = |x: &[f64], y: &[f64]| x.iter().zip(y).all(|(x, y)| near(x, y));
    ensure!(
        all_near(&call, &call_rust) && all_near(&put, &put_rust),
        "rustc differs"
    );
    for i in 0..ROWS {
        // Put-call parity: C - P = S - K e^(-rt).
        let parity = spot[i] - strike[i] * (-rate * years[i]).exp();
        ensure!(
            (call[i] - put[i] - parity).abs() < 1e-5,
            "no parity in row {i}"
        );
    }
    println!(
        "a call at {} struck at {}: {:.4}",
        spot[7], strike[7], call[7]
    );
    println!("{ROWS} rows: kiln {native:.1?}, rustc {rust:.1?}");
    Ok(())
}
