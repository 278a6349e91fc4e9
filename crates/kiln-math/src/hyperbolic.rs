//! `sinh`, `cosh`, `tanh` and their inverses in any format.
//!
//! With `|x| = k ln 2 + r` and `p = 2^k / 2`, `q = 2^-k / 2`,
//! `sinh |x| = (p - q) + (p + q) sinh r + (p - q) (cosh r - 1)` and
//! `cosh x = (p + q) + (p - q) sinh r + (p + q) (cosh r - 1)`: no cancellation
//! and no division, and the two functions share everything but the last steps.
//! `tanh x = e / (e + 2)` with `e = e^(2|x|) - 1` as a pair. The inverses are
//! logarithms of `1 +` a pair.

use crate::Arith;
use crate::exp::{expm1_pair, power, quotient};
use crate::log::log1p_pair;
use crate::poly::{Double, estrin, fast_two_sum, two_prod, two_sum};
use crate::tables::Tables;
use crate::trig::flip;

/// From here on `2^-k` does not count.
const LONE: f64 = 40.0;

/// The hyperbolic sine.
#[inline(always)]
pub fn sinh<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let parts = halves(a, x);
    let y = combine(a, &parts, parts.difference, parts.sum.hi);
    flip(a, y, x)
}

/// The hyperbolic cosine.
#[inline(always)]
pub fn cosh<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let parts = halves(a, x);
    combine(a, &parts, parts.sum, parts.difference.hi)
}

/// `p + q` and `p - q` over `factor`, lest they overflow, with what they lost
/// to rounding (from k = 27 on), and `sinh r = hi + lo` and `cosh r - 1`.
struct Halves<F> {
    factor: F,
    sum: Double<F>,
    difference: Double<F>,
    sinh: Double<F>,
    cosh_less_one: F,
}

#[inline(always)]
fn halves<A: Arith>(a: &mut A, x: A::F) -> Halves<A::F> {
    let size = a.abs(x);
    let top = a.float(<A::Format as Tables>::SINH_OVERFLOW);
    let over = a.gt(size, top);
    let size = a.select(over, top, size);
    let (shifted, k) = quotient(a, size, <A::Format as Tables>::LOG2_E);
    let (ln2_1, ln2_2) = (
        a.float(-<A::Format as Tables>::LN_2_1),
        a.float(-<A::Format as Tables>::LN_2_2),
    );
    let first = a.fma(k, ln2_1, size);
    let r = a.fma(k, ln2_2, first);
    let low = a.mul(k, ln2_2);

    // p and q, or half of p alone for large k.
    let (lone, zero, one, two) = (a.float(LONE), a.float(0.0), a.float(1.0), a.float(2.0));
    let large = a.gt(k, lone);
    let factor = a.select(large, two, one);
    let shifted = a.sub(shifted, factor);
    let p = power(a, shifted);
    let (unit, p_bits) = (
        a.int(2 * <A::Format as Tables>::ONE_BITS - (2 << <A::Format as Tables>::FRACTION)),
        a.bits(p),
    );
    let q = a.isub(unit, p_bits);
    let q = a.from_bits(q);
    let q = a.select(large, zero, q);

    let z = a.mul(r, r);
    let z2 = a.mul(z, z);
    let s = estrin(a, z, <A::Format as Tables>::SINH);
    let cube = a.mul(r, z);
    let lo = a.fma(cube, s, low);
    let c = estrin(a, z, <A::Format as Tables>::COSH);
    let half = a.float(0.5);
    let half_z = a.mul(z, half);
    let cosh_less_one = a.fma(z2, c, half_z);
    let minus_q = a.neg(q);
    Halves {
        factor,
        sum: fast_two_sum(a, p, q),
        difference: fast_two_sum(a, p, minus_q),
        sinh: Double { hi: first, lo },
        cosh_less_one,
    }
}

/// `factor (first + second sinh r + first (cosh r - 1))`, where `first` is the
/// larger unless it is zero.
#[inline(always)]
fn combine<A: Arith>(a: &mut A, parts: &Halves<A::F>, first: Double<A::F>, second: A::F) -> A::F {
    let hi = a.fma(second, parts.sinh.hi, first.hi);
    let error = a.sub(first.hi, hi);
    let error = a.fma(second, parts.sinh.hi, error);
    let lo = a.fma(second, parts.sinh.lo, error);
    let lo = a.fma(first.hi, parts.cosh_less_one, lo);
    let lo = a.add(lo, first.lo);
    let y = a.add(hi, lo);
    a.mul(y, parts.factor)
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let twice = a.add(size, size);
    // tanh 20 rounds to 1.
    let top = a.float(LONE);
    let over = a.gt(twice, top);
    let twice = a.select(over, top, twice);
    let (e, ..) = expm1_pair(a, twice);
    let e = fast_two_sum(a, e.hi, e.lo);
    let (one, two) = (a.float(1.0), a.float(2.0));
    let denominator = two_sum(a, e.hi, two);
    let low = a.add(denominator.lo, e.lo);
    let denominator = denominator.hi;
    let reciprocal = a.div(one, denominator);
    let y = a.mul(e.hi, reciprocal);
    let minus = a.neg(y);
    let rest = a.fma(minus, denominator, e.hi);
    let rest = a.fma(minus, low, rest);
    let rest = a.add(rest, e.lo);
    let y = a.fma(rest, reciprocal, y);
    flip(a, y, x)
}

/// The number whose hyperbolic sine is `x`.
///
/// `asinh |x| = ln(1 + |x| + w)` with `w = sqrt(1 + x^2) - 1`, and the square
/// and the root as pairs.
#[inline(always)]
pub fn asinh<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let one = a.float(1.0);
    let square = two_prod(a, size, size);
    let under = two_sum(a, one, square.hi);
    let under_lo = a.add(under.lo, square.lo);
    let root = root_pair(a, under.hi, under_lo);
    // Exact, as the root is at least 1.
    let w = a.sub(root.hi, one);
    let argument = fast_two_sum(a, size, w);
    let argument = Double {
        hi: argument.hi,
        lo: a.add(argument.lo, root.lo),
    };
    let y = log1p_or_log_of_twice(a, size, argument);
    flip(a, y, x)
}

/// `sqrt(hi + lo)`; 0 for 0.
#[inline(always)]
fn root_pair<A: Arith>(a: &mut A, hi: A::F, lo: A::F) -> Double<A::F> {
    let root = a.sqrt(hi);
    let minus = a.neg(root);
    let rest = a.fma(minus, root, hi);
    let rest = a.add(rest, lo);
    // The tiny number turns 0/0 into 0.
    let tiny = a.float(<A::Format as Tables>::TINY);
    let twice = a.add(root, root);
    let twice = a.add(twice, tiny);
    Double {
        hi: root,
        lo: a.div(rest, twice),
    }
}

/// The number, not negative, whose hyperbolic cosine is `x`; NaN below 1.
///
/// `acosh x = ln(1 + t + sqrt(x^2 - 1))` with `t = x - 1`, and the square and
/// the root as pairs.
#[inline(always)]
pub fn acosh<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let (one, minus_one) = (a.float(1.0), a.float(-1.0));
    let t = a.sub(x, one);
    let square = two_prod(a, x, x);
    let under = fast_two_sum(a, square.hi, minus_one);
    let under_lo = a.add(under.lo, square.lo);
    let root = root_pair(a, under.hi, under_lo);
    let argument = fast_two_sum(a, root.hi, t);
    let argument = Double {
        hi: argument.hi,
        lo: a.add(argument.lo, root.lo),
    };
    // Below 1 the root is NaN only down to -1.
    let nan = a.float(f64::NAN);
    let outside = a.lt(x, one);
    let y = log1p_or_log_of_twice(a, x, argument);
    a.select(outside, nan, y)
}

/// `ln(1 + argument)`, or `ln(2 size)` where squares lose everything else.
#[inline(always)]
fn log1p_or_log_of_twice<A: Arith>(a: &mut A, size: A::F, argument: Double<A::F>) -> A::F {
    let (limit, one, zero) = (a.float(TWO_60), a.float(1.0), a.float(0.0));
    let large = a.gt(size, limit);
    let hi = a.select(large, size, argument.hi);
    let lo = a.select(large, zero, argument.lo);
    let more = a.select(large, one, zero);
    log1p_pair(a, Double { hi, lo }, more)
}

/// `2^60`.
const TWO_60: f64 = (1u64 << 60) as f64;

/// The number whose hyperbolic tangent is `x`; NaN outside `[-1, 1]`.
///
/// `atanh |x| = ln(1 + 2|x| / (1 - |x|)) / 2` with the quotient as a pair.
#[inline(always)]
pub fn atanh<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let (one, zero) = (a.float(1.0), a.float(0.0));
    let minus_size = a.neg(size);
    let denominator = fast_two_sum(a, one, minus_size);
    let numerator = a.add(size, size);
    let hi = a.div(numerator, denominator.hi);
    let minus = a.neg(hi);
    let rest = a.fma(minus, denominator.hi, numerator);
    let rest = a.fma(minus, denominator.lo, rest);
    let lo = a.div(rest, denominator.hi);
    // At 1 the quotient is infinite and its rest is not a number.
    let inside = a.lt(size, one);
    let lo = a.select(inside, lo, zero);
    let y = log1p_pair(a, Double { hi, lo }, zero);
    let half = a.float(0.5);
    let y = a.mul(y, half);
    flip(a, y, x)
}
