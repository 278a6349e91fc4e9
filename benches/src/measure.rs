//! Timing two things in turn, so that a ratio holds on a host whose speed
//! drifts.

use std::time::Instant;

/// Medians of rounds in which two things were timed one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Nanoseconds of the first.
    pub ours: f64,
    /// Nanoseconds of the second.
    pub theirs: f64,
    /// Median of the rounds' ratios, first by second.
    pub ratio: f64,
}

const ROUNDS: usize = 31;
const ROUND_NS: f64 = 4e6;

/// Times `ours` and `theirs` in turn.
pub fn pair(mut ours: impl FnMut(), mut theirs: impl FnMut()) -> Pair {
    let (a, b) = (repetitions(&mut ours), repetitions(&mut theirs));
    let rounds: Vec<(f64, f64)> = (0..ROUNDS)
        .map(|_| (time(a, &mut ours), time(b, &mut theirs)))
        .collect();
    Pair {
        ours: median(rounds.iter().map(|r| r.0)),
        theirs: median(rounds.iter().map(|r| r.1)),
        ratio: median(rounds.iter().map(|r| r.0 / r.1)),
    }
}

/// Nanoseconds of one thing: the median of rounds.
pub fn alone(mut f: impl FnMut()) -> f64 {
    let n = repetitions(&mut f);
    median((0..ROUNDS).map(|_| time(n, &mut f)).collect::<Vec<_>>())
}

/// How often to run something so that a round takes long enough to time.
fn repetitions(f: &mut impl FnMut()) -> usize {
    f();
    let mut n = 1;
    loop {
        let total = time(n, f) * n as f64;
        if total >= ROUND_NS / 4.0 {
            return ((n as f64 * ROUND_NS / total).ceil() as usize).max(1);
        }
        n *= 2;
    }
}

fn time(n: usize, f: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..n {
        f();
    }
    start.elapsed().as_nanos() as f64 / n as f64
}

fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
