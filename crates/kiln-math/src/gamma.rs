//! `tgamma` and `lgamma` in binary64: slow-lane operations as a whole.
//!
//! Their method changes with the argument five times, so they are evaluated
//! one number at a time. From 20 on Stirling's series, with the logarithm and
//! the products as pairs; below it the recurrence `gamma(x + 1) = x gamma(x)`
//! leads there; negative arguments are reflected. `lgamma` about its zeros at
//! 1 and 2 is a polynomial; at its zeros between the negative integers its
//! error is small in absolute terms only.

use crate::coefficients::{LGAMMA_1, LGAMMA_2, PI_2_1, PI_2_LOW};
use crate::exp::{exp_double, exp_double_far};
use crate::log::{log_double, split};
use crate::poly::{Double, estrin, two_prod, two_sum};
use crate::tables::FAR;
use crate::trig::{Reduced, sine_and_cosine};
use crate::{Arith, Binary64, Plain, Slow};

/// The gamma function.
#[inline(always)]
pub fn tgamma<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    a.slow(Slow::Tgamma, &[x])
}

/// The logarithm of the size of the gamma function.
#[inline(always)]
pub fn lgamma<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    a.slow(Slow::Lgamma, &[x])
}

/// Where Stirling's series starts.
const SERIES_FROM: f64 = 20.0;
/// Above it the gamma function overflows.
const OVERFLOW: f64 = 171.625;
/// Below the negative of it the gamma function underflows to zero.
const UNDERFLOW: f64 = 185.0;
/// Below it in size `gamma x = 1/x` and `lgamma x = -ln |x|`.
const TINY: f64 = 1.0 / (1u64 << 60) as f64;

/// The meaning of [`Slow::Tgamma`].
pub(crate) fn tgamma_any(x: f64) -> f64 {
    let pole = x < 0.0 && x.trunc() == x;
    if x.is_nan() || pole {
        return f64::NAN;
    }
    if x.abs() < TINY {
        return 1.0 / x;
    }
    if x > OVERFLOW {
        return f64::INFINITY;
    }
    if x > 0.0 {
        let (p, s) = product_and_series(x);
        let e = exp_pair(s);
        return e / p.hi * (1.0 - p.lo / p.hi);
    }
    // gamma(-b) = -pi / (b sin(pi b) gamma(b))
    let b = -x;
    let sine = sin_pi(b);
    if b > UNDERFLOW {
        return -0.0 * sine.signum();
    }
    let (p, s) = product_and_series(b);
    let factor = -2.0 * PI_2_1 / (b * sine) * p.hi * (1.0 + p.lo / p.hi);
    // In two halves, lest the power vanishes before the factor is there.
    let e = exp_pair(Double {
        hi: -0.5 * s.hi,
        lo: -0.5 * s.lo,
    });
    factor * e * e
}

/// The meaning of [`Slow::Lgamma`].
pub(crate) fn lgamma_any(x: f64) -> f64 {
    let pole = x <= 0.0 && x.trunc() == x;
    if x.is_nan() {
        return x;
    }
    if pole || x.is_infinite() {
        return f64::INFINITY;
    }
    if x.abs() < TINY {
        return -crate::log(x.abs());
    }
    if x > 0.0 {
        let y = lgamma_positive(x);
        return y.hi + y.lo;
    }
    let b = -x;
    let ratio = 2.0 * PI_2_1 / (b * sin_pi(b).abs());
    let reflected = ln(Double { hi: ratio, lo: 0.0 });
    let y = lgamma_positive(b);
    let sum = two_sum(&mut Plain, reflected.hi, -y.hi);
    sum.hi + (sum.lo + (reflected.lo - y.lo))
}

/// `lgamma x` for `x >= TINY`.
fn lgamma_positive(x: f64) -> Double<f64> {
    let a = &mut Plain;
    let near_one = |t: f64| t * constant_last(t, LGAMMA_1);
    let near_two = |t: f64| t * constant_last(t, LGAMMA_2);
    let plain = |hi: f64| Double { hi, lo: 0.0 };
    match x {
        // lgamma x = lgamma(x + 1) - ln x
        ..0.7 => {
            let next = if x <= 0.5 {
                near_one(x)
            } else {
                near_two(x - 1.0)
            };
            let log = ln(plain(x));
            let sum = two_sum(a, -log.hi, next);
            Double {
                hi: sum.hi,
                lo: sum.lo - log.lo,
            }
        }
        ..1.5 => plain(near_one(x - 1.0)),
        ..=2.75 => plain(near_two(x - 2.0)),
        // The product (z - 1/2) (ln z - 1) is the whole, and may overflow.
        1e305.. => plain((x - 0.5) * (crate::log(x) - 1.0)),
        _ => {
            let (p, s) = product_and_series(x);
            let log = ln(p);
            let sum = two_sum(a, s.hi, -log.hi);
            Double {
                hi: sum.hi,
                lo: sum.lo + (s.lo - log.lo),
            }
        }
    }
}

/// A polynomial with its two largest terms added last, for their roundings' sake.
fn constant_last(t: f64, c: [f64; 24]) -> f64 {
    let q = estrin(&mut Plain, t, &c[2..]);
    t.mul_add(t.mul_add(q, c[1]), c[0])
}

/// `x (x + 1) ... (z - 1)` and `ln gamma(z)` for the first `z = x + n` from 20 on.
fn product_and_series(x: f64) -> (Double<f64>, Double<f64>) {
    let a = &mut Plain;
    let mut product = Double { hi: 1.0, lo: 0.0 };
    let mut n = 0.0;
    while x + n < SERIES_FROM {
        let factor = two_sum(a, x, n);
        let high = two_prod(a, product.hi, factor.hi);
        let low = product.hi.mul_add(factor.lo, product.lo * factor.hi) + high.lo;
        product = two_sum(a, high.hi, low);
        n += 1.0;
    }
    let z = two_sum(a, x, n);
    (product, stirling(z))
}

/// `ln gamma(z)` for `z >= 20`, as
/// `(z - 1/2) (ln z - 1) + (ln(2 pi) - 1) / 2 + 1/(12 z) - 1/(360 z^3) + ...`.
fn stirling(z: Double<f64>) -> Double<f64> {
    let a = &mut Plain;
    let log = ln(z);
    let log = {
        let high = two_sum(a, log.hi, -1.0);
        two_sum(a, high.hi, high.lo + log.lo)
    };
    let factor = two_sum(a, z.hi, -0.5);
    let factor = two_sum(a, factor.hi, factor.lo + z.lo);
    let product = two_prod(a, factor.hi, log.hi);
    let low = factor.hi.mul_add(log.lo, factor.lo * log.hi) + product.lo;
    let r = 1.0 / z.hi;
    let series = r * estrin(a, r * r, &SERIES);
    let sum = two_sum(a, product.hi, CONSTANT.hi);
    two_sum(a, sum.hi, sum.lo + (low + (CONSTANT.lo + series)))
}

/// `(ln(2 pi) - 1) / 2`.
const CONSTANT: Double<f64> = Double {
    hi: f64::from_bits(0x3fda_cfe3_90c9_7d69),
    lo: f64::from_bits(0x3c73_494b_c900_1442),
};

/// Bernoulli numbers over `2n (2n - 1)`: the series of `1/z`.
const SERIES: [f64; 7] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360360.0,
    1.0 / 156.0,
];

/// `ln x` of a positive normal pair.
fn ln(x: Double<f64>) -> Double<f64> {
    let a = &mut Plain;
    let (k, m) = split(a, x.hi);
    let log = log_double(a, k, m);
    two_sum(a, log.hi, log.lo + x.lo / x.hi)
}

/// `e^s` of a pair.
fn exp_pair(s: Double<f64>) -> f64 {
    if s.hi.abs() > FAR {
        exp_double_far(&mut Plain, s.hi, s.lo)
    } else {
        exp_double(&mut Plain, s.hi, s.lo)
    }
}

/// `sin(pi b)` for `b > 0`; the reduction is exact.
fn sin_pi(b: f64) -> f64 {
    let turns = b - 2.0 * (b * 0.5).floor();
    let half_turns = turns.round_ties_even();
    let t = turns - half_turns;
    let size = t.abs();
    let (argument, is_sine) = if size <= 0.25 {
        (size, true)
    } else {
        (0.5 - size, false)
    };
    let a = &mut Plain;
    let twice = 2.0 * argument;
    let product = two_prod(a, twice, PI_2_1);
    let lo = twice.mul_add(PI_2_LOW, product.lo);
    let (sine, cosine) = sine_and_cosine(
        a,
        &Reduced {
            hi: product.hi,
            lo,
            quadrant: 0i64,
        },
    );
    let y = if is_sine { sine } else { cosine };
    let odd = half_turns == 1.0;
    y.copysign(t) * if odd { -1.0 } else { 1.0 }
}
