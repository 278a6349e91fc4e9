//! What a function is measured on, and the search for its worst input.
//!
//! Half of the inputs are random bits, which favour extreme exponents; the
//! other half are uniform on the ranges of the function, with their ends and
//! the neighbours of numbers where methods change: powers of two, multiples
//! of `pi/2`, thresholds of over- and underflow, published hard cases. Then the
//! places with the largest errors are searched again, nearer and nearer, as in
//! Zimmermann et al., "Accuracy of Mathematical Functions" (HAL hal-03141101).

use super::oracle::{Oracle, Range};
use std::f64::consts::{FRAC_PI_2, LN_2};

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A double of random bits.
    pub fn any(&mut self) -> f64 {
        f64::from_bits(self.bits())
    }

    /// Uniform between the ends.
    pub fn within(&mut self, (low, high): Range) -> f64 {
        low + (high - low) * ((self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64))
    }
}

/// Calls `visit` on about `count` inputs.
pub fn visit_all(oracle: &Oracle, arity: usize, count: u64, visit: &mut impl FnMut(f64, f64)) {
    let mut random = Random(1);
    let special = special();
    for &x in &special {
        if arity == 1 {
            visit(x, 0.0);
            continue;
        }
        for &y in &special {
            visit(x, y);
        }
    }
    for _ in 0..count / 2 {
        let x = random.any();
        visit(x, if arity == 1 { 0.0 } else { random.any() });
    }
    for &(first, second) in oracle.ranges {
        for _ in 0..count / 2 / oracle.ranges.len() as u64 {
            visit(random.within(first), random.within(second));
        }
    }
}

/// The bases around which [`special`] takes neighbours.
#[rustfmt::skip]
const BASES: [f64; 25] = [
    0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, 1e22, 1e300, 3.0, 10.0, 0.1,
    std::f64::consts::SQRT_2, std::f64::consts::FRAC_1_SQRT_2, 0.3465735902799726, LN_2, 0.347,
    709.782712893384, 745.1332191019411, 708.0, 707.5, 1e-300, 4503599627370495.5, 0.75,
    // Hard to round: exp, log, sin (Lefevre and Muller), and the double nearest
    // to a multiple of pi/2 of all.
    f64::from_bits(0x3e09_e9cb_bfd6_080b), f64::from_bits(0x6a56_2a88_6136_29b5),
    f64::from_bits(0x3ebe_0000_0000_01c2), 5.319372648326541e255,
];

/// Special numbers: both signs, and the neighbours on either side.
fn special() -> Vec<f64> {
    let mut all = vec![f64::INFINITY, f64::NAN, f64::NEG_INFINITY];
    let powers = [
        -1022, -540, -60, -53, -30, -27, -2, -1, 0, 1, 2, 10, 21, 22, 23, 52, 53, 62, 900, 1020,
        1023,
    ];
    let bases = BASES
        .into_iter()
        .chain(powers.map(|k| kiln_math::ldexp(1.0, f64::from(k))))
        .chain((1..24).map(|k| f64::from(k) * FRAC_PI_2))
        .chain([1e3, 1e5, 2e6].map(|k| (k * FRAC_PI_2).round() * 1.0))
        .chain([1e3, 12345.0, 2e6, 1e9, 1e15].map(|k: f64| k * FRAC_PI_2));
    for base in bases {
        for x in [base.next_down(), base, base.next_up()] {
            all.extend([x, -x]);
        }
    }
    all
}

/// The places with the largest errors so far, one per region.
#[derive(Debug, Default)]
pub struct Worst(Vec<(f64, f64, f64)>);

/// How many regions are kept.
const REGIONS: usize = 24;

impl Worst {
    /// Keeps the place if its error is among the largest.
    pub fn offer(&mut self, error: f64, x: f64, y: f64) {
        let least = if self.0.len() < REGIONS {
            0.5
        } else {
            self.0[self.0.len() - 1].0
        };
        if error <= least {
            return;
        }
        // A region is a sixteenth of a binade.
        let region = x.to_bits() >> 48;
        match self
            .0
            .iter_mut()
            .find(|place| place.1.to_bits() >> 48 == region)
        {
            Some(place) if place.0 >= error => return,
            Some(place) => *place = (error, x, y),
            None => self.0.push((error, x, y)),
        }
        self.0.sort_by(|p, q| q.0.total_cmp(&p.0));
        self.0.truncate(REGIONS);
    }

    /// The places, the worst first.
    pub fn places(&self) -> impl Iterator<Item = (f64, f64)> {
        self.0.iter().map(|&(_, x, y)| (x, y))
    }
}

/// Calls `visit` on `count` inputs near `(x, y)`, at distances from a
/// hundredth down to a few units in the last place.
pub fn visit_near(x: f64, y: f64, count: u64, mut visit: impl FnMut(f64, f64)) {
    let mut random = Random(x.to_bits() ^ y.to_bits());
    let mut near = |v: f64, spread: u32| {
        let offset = random.bits() >> spread;
        let offset = if offset & 1 == 1 {
            offset
        } else {
            offset.wrapping_neg()
        };
        f64::from_bits(v.to_bits().wrapping_add(offset))
    };
    for i in 0..count {
        let spread = 17 + (i % 40) as u32;
        visit(
            near(x, spread),
            if y == 0.0 { 0.0 } else { near(y, spread) },
        );
    }
}
