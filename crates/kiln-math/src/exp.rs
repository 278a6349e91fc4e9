//! `exp` in binary64.
//!
//! Cody-Waite reduction `x = k ln 2 + r`, `|r| <= ln 2 / 2`, a polynomial of
//! degree 11 for `e^r - 1`, and a scale by `2^k` built from the bits of the
//! rounding constant. One comparison guards the ends of the range; NaN needs
//! none, since every product with it stays NaN.

use crate::coefficients::{EXP, LN_2_1, LN_2_2, LOG2_E};
use crate::poly::{Double, estrin, fast_two_sum};
use crate::{Arith, Binary64};

/// `1.5 * 2^52 + 1023`: adding it rounds to an integer `k` and leaves the
/// biased exponent of `2^k` in the low bits.
const SHIFTER: f64 = 6755399441055744.0 + 1023.0;
/// Beyond it in size `2^k` may not be a normal number.
pub(crate) const FAR: f64 = 708.0;
/// Above it `e^x` overflows; between the true threshold and this the scale does.
const OVERFLOW: f64 = 709.79;
/// Below it `e^x` is less than half the least subnormal.
const UNDERFLOW: f64 = -745.14;
/// `2^1000`.
const TWO_1000: f64 = f64::from_bits((1023 + 1000) << 52);

/// `e^x`.
#[inline(always)]
pub fn exp<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let (shifted, k) = quotient(a, x);
    let (ln2_1, ln2_2) = (a.float(-LN_2_1), a.float(-LN_2_2));
    let first = a.fma(k, ln2_1, x);
    let r = a.fma(k, ln2_2, first);
    // e^r - 1 = first + (r^2/2 - k LN_2_2 + r^3 P(r)): what does not need the
    // polynomial is summed before it is there, and r is never rounded.
    let r2 = a.mul(r, r);
    let r3 = a.mul(r2, r);
    let half = a.float(0.5);
    let t = a.mul(r2, half);
    let t = a.fma(k, ln2_2, t);
    let p = estrin(a, r, EXP);
    let t = a.fma(r3, p, t);
    let t = a.add(first, t);
    let power = power(a, shifted);
    let common = a.fma(power, t, power);
    let size = a.abs(x);
    let limit = a.float(FAR);
    let rare = a.gt(size, limit);
    a.rare(
        rare,
        |a| {
            let (power, rest) = two_powers(a, x, shifted);
            let y = a.fma(power, t, power);
            saturate(a, x, y, rest)
        },
        common,
    )
}

/// `e^(x + low)` for `|low| <= |x| 2^-50`, within 0.53 ULP; the tail of `pow`.
///
/// `e^r` stays a pair until it is scaled: `1 + r` is exact as a pair, and the
/// tail, at most 0.1, is added to its low part.
#[inline(always)]
pub(crate) fn exp_double<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, low: A::F) -> A::F {
    let (shifted, pair) = exp_parts(a, x, low);
    let y = a.add(pair.hi, pair.lo);
    let power = power(a, shifted);
    a.mul(y, power)
}

/// [`exp_double`] where the result may over- or underflow.
pub(crate) fn exp_double_far<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, low: A::F) -> A::F {
    let (shifted, pair) = exp_parts(a, x, low);
    let (power, rest) = two_powers(a, x, shifted);
    let y = a.add(pair.hi, pair.lo);
    let y = a.mul(y, power);
    saturate(a, x, y, rest)
}

/// `k = rint(x / ln 2)` twice: with the exponent of `2^k` in its low bits, and plain.
#[inline(always)]
fn quotient<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> (A::F, A::F) {
    let (log2_e, shifter) = (a.float(LOG2_E), a.float(SHIFTER));
    let shifted = a.fma(x, log2_e, shifter);
    let k = a.sub(shifted, shifter);
    (shifted, k)
}

/// `2^k` and `e^r` of [`exp_double`].
#[inline(always)]
fn exp_parts<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, low: A::F) -> (A::F, Double<A::F>) {
    let (shifted, k) = quotient(a, x);
    let (ln2_1, ln2_2) = (a.float(-LN_2_1), a.float(-LN_2_2));
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
    let p = estrin(a, r.hi, EXP);
    let lo = a.fma(r3, p, lo);
    (shifted, Double { hi: sum.hi, lo })
}

/// `2^k`, where the low bits of `shifted` are its biased exponent.
#[inline(always)]
fn power<A: Arith<Format = Binary64>>(a: &mut A, shifted: A::F) -> A::F {
    let bits = a.bits(shifted);
    let bits = a.ishl(bits, 52);
    a.from_bits(bits)
}

/// `2^k` as two factors of which the first is normal wherever `e^x` is finite
/// and not zero.
#[inline(always)]
fn two_powers<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, shifted: A::F) -> (A::F, A::F) {
    let zero = a.float(0.0);
    let positive = a.gt(x, zero);
    let (less, more) = (a.float(-1000.0), a.float(1000.0));
    let step = a.select(positive, less, more);
    let nearer = a.add(shifted, step);
    let (up, down) = (a.float(TWO_1000), a.float(1.0 / TWO_1000));
    let rest = a.select(positive, up, down);
    (power(a, nearer), rest)
}

/// `y * rest`, or what `e^x` over- or underflows to.
#[inline(always)]
fn saturate<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, y: A::F, rest: A::F) -> A::F {
    let y = a.mul(y, rest);
    let (top, bottom) = (a.float(OVERFLOW), a.float(UNDERFLOW));
    let (over, under) = (a.gt(x, top), a.lt(x, bottom));
    let (infinity, zero) = (a.float(f64::INFINITY), a.float(0.0));
    let y = a.select(over, infinity, y);
    a.select(under, zero, y)
}
