//! `pow` and `powi` in binary64.
//!
//! `x^y = e^(y ln x)` with the logarithm as a pair, so that the product has an
//! absolute error of at most 2^-55. Positive normal `x` with a result in
//! range is the common path; everything else (C Annex F 10.4.4) is one slow-lane
//! operation. `powi` multiplies in a fixed order, each product a pair by fma.

use crate::coefficients::LOG2_SHORT;
use crate::exp::{exp_double, exp_double_far, exp2_to_single};
use crate::log::{TWO_54, is_not_normal_positive, log_double, split};
use crate::poly::{Double, estrin, two_prod};
use crate::scale::ldexp;
use crate::tables::FAR;
use crate::{Arith, Binary64, Plain, Slow};

/// The largest size of the exponent of [`powi`].
pub const POWI_MAX: i32 = 64;
/// `2^-900` and `2^1000`: between them no product of [`powi`] loses its error term.
const POWI_LEAST: f64 = f64::from_bits((1023 - 900) << 52);
const POWI_GREATEST: f64 = f64::from_bits((1023 + 1000) << 52);

/// `x^y`.
#[inline(always)]
pub fn pow<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, y: A::F) -> A::F {
    let (k, m) = split(a, x);
    let product = times_log(a, k, m, y);
    let common = exp_double(a, product.hi, product.lo);
    // Written so that a NaN in either operand, and an infinite y, are rare too.
    let odd = is_not_normal_positive(a, x);
    let size = a.abs(product.hi);
    let limit = a.float(FAR);
    let near = a.le(size, limit);
    let far = a.not(near);
    let rare = a.or(odd, far);
    a.rare(rare, |a| a.slow(Slow::Pow, &[x, y]), common)
}

/// `y ln(2^k m)` as a pair.
#[inline(always)]
fn times_log<A: Arith<Format = Binary64>>(a: &mut A, k: A::F, m: A::F, y: A::F) -> Double<A::F> {
    let log = log_double(a, k, m);
    let product = two_prod(a, y, log.hi);
    let lo = a.fma(y, log.lo, product.lo);
    Double { hi: product.hi, lo }
}

/// `x^y` for every operand: the meaning of [`Slow::Pow`].
pub(crate) fn pow_any(x: f64, y: f64) -> f64 {
    // Annex F: these hold for a NaN on the other side too.
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    let whole = y.trunc() == y;
    let odd = whole && y.abs() < 2.0 * TWO_52 && (y * 0.5).trunc() != y * 0.5;
    let sign = if odd && x.is_sign_negative() {
        -1.0
    } else {
        1.0
    };
    let size = x.abs();
    if size == 0.0 || size.is_infinite() {
        let vanishes = (size == 0.0) == (y > 0.0);
        return if vanishes {
            sign * 0.0
        } else {
            sign * f64::INFINITY
        };
    }
    if y.is_infinite() {
        let grows = (size > 1.0) == (y > 0.0);
        return if size == 1.0 {
            1.0
        } else if grows {
            f64::INFINITY
        } else {
            0.0
        };
    }
    if x < 0.0 && !whole {
        return f64::NAN;
    }
    sign * pow_positive(size, y)
}

/// `2^52`.
const TWO_52: f64 = 4503599627370496.0;

/// `x^y` for positive finite `x` and finite `y`.
fn pow_positive(x: f64, y: f64) -> f64 {
    let a = &mut Plain;
    let (scaled, shift) = if x < f64::MIN_POSITIVE {
        (x * TWO_54, 54.0)
    } else {
        (x, 0.0)
    };
    let (k, m) = split(a, scaled);
    // Beyond this size the power is 0, 1 or infinity for every x but those
    // whose logarithm is below 2^-53, and there are none; a smaller y keeps
    // the products finite.
    let y = y.clamp(-1e30, 1e30);
    let product = times_log(a, k - shift, m, y);
    if product.hi.abs() > 1e4 {
        return if product.hi > 0.0 { f64::INFINITY } else { 0.0 };
    }
    if product.hi.abs() > FAR {
        exp_double_far(a, product.hi, product.lo)
    } else {
        exp_double(a, product.hi, product.lo)
    }
}

/// Beyond it in size a power of two is 0 or infinite in binary32.
const SINGLE_FAR: f64 = 160.0;

/// [`pow`] of numbers of binary32, to be rounded to it: `2^(y log2 x)`, where
/// the logarithm of `2^k m` is `k + s P(s^2)` with `s = (m - 1) / (m + 1)`.
#[inline(always)]
pub fn pow_to_single<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, y: A::F) -> A::F {
    let (k, m) = split(a, x);
    let one = a.float(1.0);
    let (numerator, denominator) = (a.sub(m, one), a.add(m, one));
    let s = a.div(numerator, denominator);
    let z = a.mul(s, s);
    let p = estrin(a, z, &LOG2_SHORT);
    let log = a.fma(s, p, k);
    let t = a.mul(y, log);
    let common = exp2_to_single(a, t);
    let odd = is_not_normal_positive(a, x);
    let size = a.abs(t);
    let limit = a.float(SINGLE_FAR);
    let near = a.le(size, limit);
    let far = a.not(near);
    let rare = a.or(odd, far);
    a.rare(rare, |a| a.slow(Slow::Pow, &[x, y]), common)
}

/// [`powi`] of a number of binary32, to be rounded to it: plain products, which
/// leave the range only where the power leaves that of binary32.
///
/// # Panics
/// If `n` is larger in size than [`POWI_MAX`].
#[inline(always)]
pub fn powi_to_single<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, n: i32) -> A::F {
    let digits = n.unsigned_abs();
    assert!(digits <= POWI_MAX as u32, "exponent {n} beyond {POWI_MAX}");
    let one = a.float(1.0);
    if n == 0 {
        return one;
    }
    let mut power = x;
    for place in (0..digits.ilog2()).rev() {
        power = a.mul(power, power);
        if digits >> place & 1 == 1 {
            power = a.mul(power, x);
        }
    }
    if n > 0 { power } else { a.div(one, power) }
}

/// `x^n` for a constant `n` of at most [`POWI_MAX`] in size, within 0.51 ULP.
///
/// `x^0 = 1`, also of NaN; `x^1`, `x^2` and `x^-1` are the plain operations.
/// Other powers go by the binary digits of `n`, the highest first.
///
/// # Panics
/// If `n` is larger in size than [`POWI_MAX`].
#[inline(always)]
pub fn powi<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, n: i32) -> A::F {
    assert!(
        n.unsigned_abs() <= POWI_MAX as u32,
        "exponent {n} beyond {POWI_MAX}"
    );
    let one = a.float(1.0);
    match n {
        0 => return one,
        1 => return x,
        2 => return a.mul(x, x),
        -1 => return a.div(one, x),
        _ => {}
    }
    let power = power_pair(a, x, n.unsigned_abs());
    let common = if n > 0 {
        a.add(power.hi, power.lo)
    } else {
        reciprocal(a, &power)
    };
    let size = a.abs(power.hi);
    let (least, greatest) = (a.float(POWI_LEAST), a.float(POWI_GREATEST));
    let (above, below) = (a.ge(size, least), a.le(size, greatest));
    let inside = a.and(above, below);
    let rare = a.not(inside);
    a.rare(
        rare,
        |a| {
            // Of zero, infinity and NaN the plain product is the power.
            let plain = if n > 0 {
                power.hi
            } else {
                a.div(one, power.hi)
            };
            let size = a.abs(x);
            let (zero, infinity) = (a.float(0.0), a.float(f64::INFINITY));
            let (above, below) = (a.gt(size, zero), a.lt(size, infinity));
            let finite = a.and(above, below);
            let exponent = a.float(f64::from(n));
            a.rare(finite, |a| a.slow(Slow::Powi, &[x, exponent]), plain)
        },
        common,
    )
}

/// `x^n` for `n >= 2` as a pair, by squaring and multiplying.
#[inline(always)]
fn power_pair<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, n: u32) -> Double<A::F> {
    let mut power = two_prod(a, x, x);
    // The highest digit was consumed by starting at x, the next by the square.
    let mut below = n.ilog2() - 1;
    if n >> below & 1 == 1 {
        power = times(a, &power, x);
    }
    while below > 0 {
        below -= 1;
        power = square(a, &power);
        if n >> below & 1 == 1 {
            power = times(a, &power, x);
        }
    }
    power
}

/// `p^2` without the square of the low part.
#[inline(always)]
fn square<A: Arith<Format = Binary64>>(a: &mut A, p: &Double<A::F>) -> Double<A::F> {
    let product = two_prod(a, p.hi, p.hi);
    let twice = a.add(p.hi, p.hi);
    let lo = a.fma(twice, p.lo, product.lo);
    Double { hi: product.hi, lo }
}

#[inline(always)]
fn times<A: Arith<Format = Binary64>>(a: &mut A, p: &Double<A::F>, x: A::F) -> Double<A::F> {
    let product = two_prod(a, p.hi, x);
    let lo = a.fma(p.lo, x, product.lo);
    Double { hi: product.hi, lo }
}

/// `1 / (hi + lo)`: one Newton step from `1 / hi`.
#[inline(always)]
fn reciprocal<A: Arith<Format = Binary64>>(a: &mut A, p: &Double<A::F>) -> A::F {
    let one = a.float(1.0);
    let y = a.div(one, p.hi);
    let minus = a.neg(y);
    let rest = a.fma(minus, p.hi, one);
    let rest = a.fma(minus, p.lo, rest);
    a.fma(y, rest, y)
}

/// `x^n` for finite `x`, not zero, whatever the range: the meaning of [`Slow::Powi`].
///
/// `x = m 2^e` with `m` in `[1, 2)`: `m^n` stays in range, and the scale by
/// `2^(e n)` rounds once. Other operands never come here from [`powi`]; an op
/// of the IR has a value for them too, that of `pow`.
pub(crate) fn powi_any(x: f64, n: f64) -> f64 {
    let a = &mut Plain;
    let in_range = (2.0..=f64::from(POWI_MAX)).contains(&n.abs());
    if !in_range || n.trunc() != n {
        return pow_any(x, n);
    }
    let e = crate::exponent(x);
    let m = crate::mantissa(x);
    let power = power_pair(a, m, n.abs() as u32);
    let y = if n > 0.0 {
        power.hi + power.lo
    } else {
        reciprocal(a, &power)
    };
    ldexp(a, y, e * n)
}
