//! Random numbers that are a function of a seed and two counters.
//!
//! There is no state: number `(i, j)` of a seed is the same in whatever order
//! it is asked for, on any thread, at any vector width, in a kernel and in
//! plain Rust. The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw
//! 2011, "Parallel random numbers: as easy as 1, 2, 3"), written once over
//! [`Word`], which is a number or a builder's handle of one.
//!
//! Absent on purpose: generators with a state, and anything fit for secrets.

use crate::build::Var;
use crate::math;
use std::f64::consts::TAU;
use std::ops::{Add, BitAnd, BitOr, BitXor, Mul, Shl, Shr, Sub};

/// 64 bits that can be worked on: `u64`, or a handle of one in a builder.
pub trait Bits:
    Copy
    + Add<u64, Output = Self>
    + Mul<u64, Output = Self>
    + BitAnd<u64, Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Shl<u64, Output = Self>
    + Shr<u64, Output = Self>
{
    /// The float of the same kind.
    type Float: Float;

    /// The nearest float.
    fn to_float(self) -> Self::Float;
}

/// A float with what [`normal`] needs: `f64`, or a handle of one in a builder.
pub trait Float:
    Copy
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Mul<Output = Self>
{
    #[doc(hidden)]
    fn root(self) -> Self;
    #[doc(hidden)]
    fn log(self) -> Self;
    #[doc(hidden)]
    fn cosine(self) -> Self;
}

/// What seeds and counters are: `u64` or `i64`, or a handle of one in a
/// builder. A negative number counts as its bits.
pub trait Word: Copy {
    /// The bits of the same kind.
    type Bits: Bits;

    /// The number as bits.
    fn to_bits(self) -> Self::Bits;
}

impl Bits for u64 {
    type Float = f64;

    fn to_float(self) -> f64 {
        self as f64
    }
}

impl<'b> Bits for Var<'b, u64> {
    type Float = Var<'b, f64>;

    fn to_float(self) -> Var<'b, f64> {
        self.cast()
    }
}

impl Float for f64 {
    fn root(self) -> f64 {
        self.sqrt()
    }

    fn log(self) -> f64 {
        math::log(self)
    }

    fn cosine(self) -> f64 {
        math::cos(self)
    }
}

impl Float for Var<'_, f64> {
    fn root(self) -> Self {
        self.sqrt()
    }

    fn log(self) -> Self {
        self.ln()
    }

    fn cosine(self) -> Self {
        self.cos()
    }
}

macro_rules! words {
    ($($ty:ident)*) => {$(
        impl Word for $ty {
            type Bits = u64;

            fn to_bits(self) -> u64 {
                self as u64
            }
        }

        impl<'b> Word for Var<'b, $ty> {
            type Bits = Var<'b, u64>;

            fn to_bits(self) -> Var<'b, u64> {
                self.cast()
            }
        }
    )*};
}

words! { u64 i64 }

const LOW: u64 = u32::MAX as u64;
/// The multipliers and the steps of the keys (Salmon et al. 2011, table 2 and
/// section 4).
const MULTIPLIERS: [u64; 2] = [0xd251_1f53, 0xcd9e_8d57];
const STEPS: [u64; 2] = [0x9e37_79b9, 0xbb67_ae85];
const ROUNDS: usize = 10;

/// Philox4x32-10: four words of 32 bits for four of a counter and two of a
/// key, each in the low half of 64 bits.
fn philox<B: Bits>(counter: [B; 4], mut key: [B; 2]) -> [B; 4] {
    let mut words = counter;
    for round in 0..ROUNDS {
        if round > 0 {
            key = [0, 1].map(|k| (key[k] + STEPS[k]) & LOW);
        }
        let [a, b] = [words[0] * MULTIPLIERS[0], words[2] * MULTIPLIERS[1]];
        words = [
            (b >> 32) ^ words[1] ^ key[0],
            b & LOW,
            (a >> 32) ^ words[3] ^ key[1],
            a & LOW,
        ];
    }
    words
}

fn words<W: Word>(seed: W, i: W, j: W) -> [W::Bits; 4] {
    let [seed, i, j] = [seed, i, j].map(W::to_bits);
    let counter = [i & LOW, i >> 32, j & LOW, j >> 32];
    philox(counter, [seed & LOW, seed >> 32])
}

/// `[0, 1)` in steps of 2^-53.
fn unit<B: Bits>(low: B, high: B) -> B::Float {
    ((low | (high << 32)) >> 11).to_float() * (1.0 / (1u64 << 53) as f64)
}

/// 64 random bits: number `(i, j)` of the seed.
///
/// ```
/// use kiln::random;
///
/// let plain = random::bits(7u64, 3, 0);
/// let in_kernel = kiln::build(|b| {
///     let i = b.input::<u64>("i");
///     random::bits(b.constant(7u64), i, b.constant(0u64))
/// })?;
/// let in_kernel = in_kernel.typed::<fn(u64) -> u64>(["i"])?;
/// assert_eq!(in_kernel.call(3), plain);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn bits<W: Word>(seed: W, i: W, j: W) -> W::Bits {
    let [low, high, ..] = words(seed, i, j);
    low | (high << 32)
}

/// A float uniform in `[0, 1)`, a multiple of 2^-53: number `(i, j)` of the
/// seed.
///
/// ```
/// // pi by throwing darts, the same darts on every machine.
/// let b = kiln::Builder::new("darts");
/// let (seed, n) = (b.input::<i64>("seed"), b.input::<i64>("n"));
/// let hits = b.sum(0, n, |i| {
///     let x = kiln::random::uniform(seed, i, b.constant(0));
///     let y = kiln::random::uniform(seed, i, b.constant(1));
///     (x * x + y * y).lt(1.0).select(1i64, 0)
/// });
/// b.output("hits", hits);
/// let darts = b.finish()?.typed::<fn(i64, i64) -> i64>(["seed", "n"])?;
/// let pi = 4.0 * darts.call(1, 100_000) as f64 / 1e5;
/// assert!((pi - std::f64::consts::PI).abs() < 0.02);
/// # Ok::<(), kiln::Error>(())
/// ```
pub fn uniform<W: Word>(seed: W, i: W, j: W) -> <W::Bits as Bits>::Float {
    let [low, high, ..] = words(seed, i, j);
    unit(low, high)
}

/// A float of the standard normal distribution: number `(i, j)` of the seed.
/// At most 8.58 in size. Made from two uniform ones (Box and Muller 1958, "A
/// note on the generation of random normal deviates").
///
/// ```
/// let draws: Vec<f64> = (0..10_000).map(|i| kiln::random::normal(1u64, i, 0)).collect();
/// let mean = draws.iter().sum::<f64>() / 1e4;
/// assert!(mean.abs() < 0.05);
/// ```
pub fn normal<W: Word>(seed: W, i: W, j: W) -> <W::Bits as Bits>::Float {
    let [a, b, c, d] = words(seed, i, j);
    // In (0, 1], whose logarithm is finite.
    let radius = (unit(a, b) * -1.0 + 1.0).log() * -2.0;
    radius.root() * (unit(c, d) * TAU).cosine()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors publish with their code (Random123,
    /// kat_vectors): counter, key, result.
    #[rustfmt::skip]
    const KNOWN: [([u64; 4], [u64; 2], [u64; 4]); 3] = [
        ([0; 4], [0; 2], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]),
        ([LOW; 4], [LOW; 2], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]),
        (
            [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
            [0xa4093822, 0x299f31d0],
            [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
        ),
    ];

    #[test]
    fn known_answers() {
        for (counter, key, expected) in KNOWN {
            assert_eq!(philox(counter, key), expected);
        }
    }

    #[test]
    fn seeds_and_counters_are_in_the_words() {
        let [counter, key, expected] = [&KNOWN[2].0[..], &KNOWN[2].1[..], &KNOWN[2].2[..]];
        let pair = |words: &[u64]| words[0] | (words[1] << 32);
        let found = bits(pair(key), pair(&counter[..2]), pair(&counter[2..]));
        assert_eq!(found, pair(expected));
    }

    #[test]
    fn uniform_numbers_fill_the_unit_interval() {
        let draws: Vec<f64> = (0..100_000).map(|i| uniform(3u64, i, 5)).collect();
        assert!(draws.iter().all(|x| (0.0..1.0).contains(x)));
        let mean = draws.iter().sum::<f64>() / 1e5;
        // The deviation of the mean of n is 1 / sqrt(12 n): six of them.
        assert!((mean - 0.5).abs() < 6.0 / f64::sqrt(12.0 * 1e5), "{mean}");
        assert_eq!(unit(0u64, 0), 0.0);
        assert_eq!(unit(LOW, LOW), 1.0 - f64::EPSILON / 2.0);
    }

    #[test]
    fn normal_numbers_have_the_moments_of_their_distribution() {
        let n = 100_000;
        let draws: Vec<f64> = (0..n).map(|i| normal(11u64, i, 0)).collect();
        let moment = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / n as f64;
        // The variances of the first four powers: 1, 2, 15, 96.
        for (power, expected, variance) in
            [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
        {
            let bound = 6.0 * f64::sqrt(variance / n as f64);
            assert!(
                (moment(power) - expected).abs() < bound,
                "{power}: {}",
                moment(power)
            );
        }
        assert!(draws.iter().all(|x| x.abs() <= 8.58));
    }
}
