//! Columns of numbers: the same for every run, so that runs compare.

/// `n` numbers in `[lo, hi)`, from a linear congruential generator (the
/// multiplier is Knuth's, MMIX).
pub fn uniform(n: usize, lo: f64, hi: f64, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..n)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            lo + (hi - lo) * ((state >> 11) as f64 / (1u64 << 53) as f64)
        })
        .collect()
}

/// The rows of a column in the benches: fits the second-level cache.
pub const ROWS: usize = 65_536;
