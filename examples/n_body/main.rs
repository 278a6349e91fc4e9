//! The sun and four planets, one step of time after the other.
//!
//! Positions and velocities after a few thousand steps have the bits that
//! rustc's have: every operation is the one in the source.
//!
//! ```text
//! cargo run --release --bin n_body
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what an example does")]

use anyhow::{Result, ensure};
use std::time::Instant;

const STEPS: usize = 20_000;
const STEP: f64 = 0.01;

/// `steps` steps of `dt`; three coordinates for each body in `at` and `speed`.
#[kiln::kernel]
fn advance(mass: &[f64], at: &mut [f64], speed: &mut [f64], dt: f64, steps: usize) {
    let n = mass.len();
    assert!(at.len() == 3 * n, "three coordinates for each body");
    assert!(speed.len() == 3 * n, "three speeds for each body");
    for _ in 0..steps {
        for i in 0..n {
            for j in i + 1..n {
                let dx = at[3 * i] - at[3 * j];
                let dy = at[3 * i + 1] - at[3 * j + 1];
                let dz = at[3 * i + 2] - at[3 * j + 2];
                let square = dx * dx + dy * dy + dz * dz;
                let pull = dt / (square * square.sqrt());
                let (here, there) = (mass[i] * pull, mass[j] * pull);
                speed[3 * i] -= dx * there;
                speed[3 * i + 1] -= dy * there;
                speed[3 * i + 2] -= dz * there;
                speed[3 * j] += dx * here;
                speed[3 * j + 1] += dy * here;
                speed[3 * j + 2] += dz * here;
            }
        }
        for k in 0..3 * n {
            at[k] += dt * speed[k];
        }
    }
}

/// What does not change: energy, of motion and of place.
#[kiln::kernel]
fn energy(mass: &[f64], at: &[f64], speed: &[f64]) -> f64 {
    let mut energy = 0.0;
    for i in 0..mass.len() {
        let (x, y, z) = (speed[3 * i], speed[3 * i + 1], speed[3 * i + 2]);
        energy += 0.5 * mass[i] * (x * x + y * y + z * z);
        for j in i + 1..mass.len() {
            let dx = at[3 * i] - at[3 * j];
            let dy = at[3 * i + 1] - at[3 * j + 1];
            let dz = at[3 * i + 2] - at[3 * j + 2];
            energy -= mass[i] * mass[j] / (dx * dx + dy * dy + dz * dz).sqrt();
        }
    }
    energy
}

fn main() -> Result<()> {
    // A sun of mass 1 and planets on circles of radius 1 to 4, where speed
    // and radius give balance: v^2 = 1 / r.
    let mut mass = vec![1.0];
    let (mut at, mut speed) = (vec![0.0; 3], vec![0.0; 3]);
    for planet in 1..=4 {
        let radius = f64::from(planet);
        mass.push(1e-3 / radius);
        let turn = f64::from(planet % 2 * 2 - 1);
        at.extend([radius * turn, 0.0, 0.1]);
        speed.extend([0.0, turn / radius.sqrt(), 0.0]);
    }
    let before = energy(&mass, &at, &speed);
    let (mut at_rust, mut speed_rust) = (at.clone(), speed.clone());
    ensure!(advance::kernel().prepare(), "there is no native code");
    let start = Instant::now();
    advance(&mass, &mut at, &mut speed, STEP, STEPS);
    let native = start.elapsed();
    let start = Instant::now();
    advance::rust(&mass, &mut at_rust, &mut speed_rust, STEP, STEPS);
    let rust = start.elapsed();
    ensure!(
        (&at, &speed) == (&at_rust, &speed_rust),
        "the orbits differ"
    );
    let after = energy(&mass, &at, &speed);
    ensure!(
        after == energy::rust(&mass, &at, &speed),
        "the energies differ"
    );
    ensure!(
        (after / before - 1.0).abs() < 1e-2,
        "energy from nowhere: {before} to {after}"
    );
    println!("{STEPS} steps: energy {before:.9} before, {after:.9} after");
    println!("kiln {native:.1?}, rustc {rust:.1?}, with the same bits");
    Ok(())
}
