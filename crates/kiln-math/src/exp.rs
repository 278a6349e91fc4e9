//! `exp`, `exp2`, `exp10` and `expm1` in any format.
//!
//! Cody-Waite reduction `x = k ln 2 + r`, `|r| <= ln 2 / 2` (or the like for
//! another base), a polynomial of degree 11 for `e^r - 1`, and a scale by
//! `2^k` built from the bits of the rounding constant. One comparison guards
//! the ends of the range; NaN needs none, since every product with it stays NaN.

use crate::coefficients::EXP2_SHORT;
use crate::poly::{Double, estrin, fast_two_sum, onto, two_prod};
use crate::tables::{Range, Tables};
use crate::{Arith, Binary64};

/// `e^x`.
#[inline(always)]
pub fn exp<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let (shifted, k) = quotient(a, x, <A::Format as Tables>::LOG2_E);
    let parts = expm1_of_rest(a, x, k);
    let t = a.add(parts.hi, parts.lo);
    scaled(
        a,
        x,
        shifted,
        t,
        <A::Format as Tables>::FAR,
        &<A::Format as Tables>::EXP_RANGE,
    )
}

/// `e^r - 1` as a pair, for `r = x - k ln 2`: the first number is exact, the
/// second is at most 0.06.
///
/// `e^r - 1 = first + (r^2/2 - k LN_2_2 + r^3 P(r))`: what does not need the
/// polynomial is summed before it is there, and `r` is never rounded.
#[inline(always)]
pub(crate) fn expm1_of_rest<A: Arith>(a: &mut A, x: A::F, k: A::F) -> Double<A::F> {
    let (ln2_1, ln2_2) = (
        a.float(-<A::Format as Tables>::LN_2_1),
        a.float(-<A::Format as Tables>::LN_2_2),
    );
    let first = a.fma(k, ln2_1, x);
    let r = a.fma(k, ln2_2, first);
    let r2 = a.mul(r, r);
    let r3 = a.mul(r2, r);
    let half = a.float(0.5);
    let t = a.mul(r2, half);
    let t = a.fma(k, ln2_2, t);
    let lo = onto(a, t, r, r2, r3, <A::Format as Tables>::EXP);
    Double { hi: first, lo }
}

/// `2^k (1 + t)`, where `k` stands in `shifted`; `x` beyond `far` in size is
/// scaled in two steps and saturates.
#[inline(always)]
fn scaled<A: Arith>(a: &mut A, x: A::F, shifted: A::F, t: A::F, far: f64, range: &Range) -> A::F {
    let power = power(a, shifted);
    let common = a.fma(power, t, power);
    let size = a.abs(x);
    let limit = a.float(far);
    let rare = a.gt(size, limit);
    a.rare(
        rare,
        |a| {
            let (power, rest) = two_powers(a, x, shifted);
            let y = a.fma(power, t, power);
            saturate(a, x, y, rest, range)
        },
        common,
    )
}

/// `2^x`, exact for integers.
#[inline(always)]
pub fn exp2<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let (shifted, k) = quotient(a, x, 1.0);
    let r = a.sub(x, k);
    // 2^r - 1 = c1 r + (c2 r^2 + r^3 P(r))
    let r2 = a.mul(r, r);
    let r3 = a.mul(r2, r);
    let (c1, c2) = (
        a.float(<A::Format as Tables>::EXP2[0]),
        a.float(<A::Format as Tables>::EXP2[1]),
    );
    let t = a.mul(r2, c2);
    let t = onto(a, t, r, r2, r3, &<A::Format as Tables>::EXP2[2..]);
    let t = a.fma(r, c1, t);
    scaled(
        a,
        x,
        shifted,
        t,
        <A::Format as Tables>::EXP2_FAR,
        &<A::Format as Tables>::EXP2_RANGE,
    )
}

/// `10^x`, exact where the result is an integer.
#[inline(always)]
pub fn exp10<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let (shifted, k) = quotient(a, x, <A::Format as Tables>::LOG2_10);
    let (log_1, log_2) = (
        a.float(-<A::Format as Tables>::LOG10_2_1),
        a.float(-<A::Format as Tables>::LOG10_2_2),
    );
    let first = a.fma(k, log_1, x);
    let r = a.fma(k, log_2, first);
    // 10^r - 1 = r ln 10 + (c2 r^2 + r^3 P(r)), r and ln 10 in two parts.
    let r2 = a.mul(r, r);
    let r3 = a.mul(r2, r);
    let c2 = a.float(<A::Format as Tables>::EXP10[0]);
    let (ln10_1, ln10_2) = (
        a.float(<A::Format as Tables>::LN_10_1),
        a.float(<A::Format as Tables>::LN_10_2),
    );
    // The terms join in the order of their size: each sum rounds.
    let low = a.mul(k, log_2);
    let t = a.mul(low, ln10_1);
    let t = a.fma(first, ln10_2, t);
    let t = onto(a, t, r, r2, r3, &<A::Format as Tables>::EXP10[1..]);
    let t = a.fma(r2, c2, t);
    let t = a.fma(first, ln10_1, t);
    scaled(
        a,
        x,
        shifted,
        t,
        <A::Format as Tables>::EXP10_FAR,
        &<A::Format as Tables>::EXP10_RANGE,
    )
}

/// `e^x - 1`, accurate near zero.
#[inline(always)]
pub fn expm1<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let (pair, shifted, parts) = expm1_pair(a, x);
    let y = a.add(pair.hi, pair.lo);
    let common = a.copysign(y, x);
    let size = a.abs(x);
    let limit = a.float(<A::Format as Tables>::FAR);
    let rare = a.gt(size, limit);
    a.rare(
        rare,
        |a| {
            let t = a.add(parts.hi, parts.lo);
            let (power, rest) = two_powers(a, x, shifted);
            let y = a.fma(power, t, power);
            let y = saturate(a, x, y, rest, &<A::Format as Tables>::EXP_RANGE);
            // Below, e^x is far less than the last place of 1.
            let (zero, minus_one) = (a.float(0.0), a.float(-1.0));
            let negative = a.lt(x, zero);
            a.select(negative, minus_one, y)
        },
        common,
    )
}

/// `e^x - 1` as a pair, for `|x| <= FAR`; with the steps on the way there.
///
/// `2^k (1 + hi + lo) - 1 = (2^k - 1) + 2^k hi + 2^k lo`, the first two summed
/// without error: the first is the larger unless it is zero. Around `k = 1`
/// that cancels, so here the polynomial is taken at the exact `first` and what
/// is left of the reduction is multiplied in: `e^r = e^first (1 - k LN_2_2)`.
#[inline(always)]
pub(crate) fn expm1_pair<A: Arith>(a: &mut A, x: A::F) -> (Double<A::F>, A::F, Double<A::F>) {
    let (shifted, k) = quotient(a, x, <A::Format as Tables>::LOG2_E);
    let (ln2_1, ln2_2) = (
        a.float(-<A::Format as Tables>::LN_2_1),
        a.float(-<A::Format as Tables>::LN_2_2),
    );
    let (half, one) = (a.float(0.5), a.float(1.0));
    let first = a.fma(k, ln2_1, x);
    let square = two_prod(a, first, first);
    let r3 = a.mul(square.hi, first);
    let p = estrin(a, first, <A::Format as Tables>::EXP);
    let t = a.mul(square.lo, half);
    let t = a.fma(r3, p, t);
    let t = a.fma(square.hi, half, t);
    let e = a.add(first, one);
    let e = a.add(e, t);
    let low = a.mul(k, ln2_2);
    let t = a.fma(low, e, t);

    let power = power(a, shifted);
    let whole = a.sub(power, one);
    let hi = a.fma(power, first, whole);
    let error = a.sub(whole, hi);
    let error = a.fma(power, first, error);
    let lo = a.fma(power, t, error);
    // What 2^k - 1 lost to rounding, from k = 54 on.
    let lost = a.sub(power, whole);
    let lost = a.sub(lost, one);
    let lo = a.add(lo, lost);
    (Double { hi, lo }, shifted, Double { hi: first, lo: t })
}

/// `e^(x + low)` for `|low| <= |x| 2^-50`, within 0.53 ULP; the tail of `pow`.
///
/// `e^r` stays a pair until it is scaled: `1 + r` is exact as a pair, and the
/// tail, at most 0.1, is added to its low part.
#[inline(always)]
pub(crate) fn exp_double<A: Arith>(a: &mut A, x: A::F, low: A::F) -> A::F {
    let (shifted, pair) = exp_parts(a, x, low);
    let y = a.add(pair.hi, pair.lo);
    let power = power(a, shifted);
    a.mul(y, power)
}

/// [`exp_double`] where the result may over- or underflow.
pub(crate) fn exp_double_far<A: Arith>(a: &mut A, x: A::F, low: A::F) -> A::F {
    let (shifted, pair) = exp_parts(a, x, low);
    let (power, rest) = two_powers(a, x, shifted);
    let y = a.add(pair.hi, pair.lo);
    let y = a.mul(y, power);
    saturate(a, x, y, rest, &<A::Format as Tables>::EXP_RANGE)
}

/// `k = rint(x scale)` twice: with the exponent of `2^k` in its low bits, and plain.
#[inline(always)]
pub(crate) fn quotient<A: Arith>(a: &mut A, x: A::F, scale: f64) -> (A::F, A::F) {
    let (scale, shifter) = (a.float(scale), a.float(<A::Format as Tables>::SHIFTER));
    let shifted = a.fma(x, scale, shifter);
    let k = a.sub(shifted, shifter);
    (shifted, k)
}

/// `2^k` and `e^r` of [`exp_double`].
#[inline(always)]
pub(crate) fn exp_parts<A: Arith>(a: &mut A, x: A::F, low: A::F) -> (A::F, Double<A::F>) {
    let (shifted, k) = quotient(a, x, <A::Format as Tables>::LOG2_E);
    let (ln2_1, ln2_2) = (
        a.float(-<A::Format as Tables>::LN_2_1),
        a.float(-<A::Format as Tables>::LN_2_2),
    );
    let first = a.fma(k, ln2_1, x);
    let r = a.fma(k, ln2_2, first);
    let error = a.sub(first, r);
    let error = a.fma(k, ln2_2, error);
    let error = a.add(error, low);
    let r = fast_two_sum(a, r, error);
    let r2 = a.mul(r.hi, r.hi);
    let r3 = a.mul(r2, r.hi);
    let (half, one) = (a.float(0.5), a.float(1.0));
    let sum = fast_two_sum(a, one, r.hi);
    // e^(hi + lo) = e^hi + lo (1 + hi) up to terms below 2^-57.
    let lo = a.fma(r.lo, r.hi, r.lo);
    let lo = a.add(lo, sum.lo);
    let lo = a.fma(r2, half, lo);
    let p = estrin(a, r.hi, <A::Format as Tables>::EXP);
    let lo = a.fma(r3, p, lo);
    (shifted, Double { hi: sum.hi, lo })
}

/// `2^k`, where the low bits of `shifted` are its biased exponent.
#[inline(always)]
pub(crate) fn power<A: Arith>(a: &mut A, shifted: A::F) -> A::F {
    let bits = a.bits(shifted);
    let bits = a.ishl(bits, <A::Format as Tables>::FRACTION);
    a.from_bits(bits)
}

/// `2^k` as two factors of which the first is normal wherever `e^x` is finite
/// and not zero.
#[inline(always)]
pub(crate) fn two_powers<A: Arith>(a: &mut A, x: A::F, shifted: A::F) -> (A::F, A::F) {
    let zero = a.float(0.0);
    let positive = a.gt(x, zero);
    let (less, more) = (
        a.float(-<A::Format as Tables>::STEP),
        a.float(<A::Format as Tables>::STEP),
    );
    let step = a.select(positive, less, more);
    let nearer = a.add(shifted, step);
    let (up, down) = (
        a.float(<A::Format as Tables>::TWO_STEP),
        a.float(1.0 / <A::Format as Tables>::TWO_STEP),
    );
    let rest = a.select(positive, up, down);
    (power(a, nearer), rest)
}

/// `y * rest`, or what `e^x` over- or underflows to.
#[inline(always)]
fn saturate<A: Arith>(a: &mut A, x: A::F, y: A::F, rest: A::F, range: &Range) -> A::F {
    let y = a.mul(y, rest);
    let (top, bottom) = (a.float(range.overflow), a.float(range.underflow));
    let (over, under) = (a.ge(x, top), a.lt(x, bottom));
    let (infinity, zero) = (a.float(f64::INFINITY), a.float(0.0));
    let y = a.select(over, infinity, y);
    a.select(under, zero, y)
}

/// `2^x` for `|x|` at most 1022, to be rounded to binary32.
#[inline(always)]
pub(crate) fn exp2_to_single<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let (shifted, k) = quotient(a, x, 1.0);
    let r = a.sub(x, k);
    let p = estrin(a, r, &EXP2_SHORT);
    let t = a.mul(r, p);
    let power = power(a, shifted);
    a.fma(power, t, power)
}
