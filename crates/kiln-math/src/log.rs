//! `log`, `log2`, `log10` and `log1p` in any format, and the double-length
//! logarithm behind `pow` in binary64.
//!
//! `x = 2^k m` with `m` in `[sqrt(1/2), sqrt(2))` by integer arithmetic on the
//! bits. With `f = m - 1` and `s = f / (2 + f)` the identity
//! `log(1 + f) = 2 atanh(s) = f - (f^2/2 - s (f^2/2 + R(s^2)))` (the one of
//! fdlibm's `e_log.c`, after Tang) leaves a small correction to an exact `f`;
//! `k ln 2 + f` is kept as a pair.

use crate::coefficients::{
    LN_2_1, LN_2_2, LN_LEFT_1, LN_LEFT_2, LN_RIGHT_1, LN_RIGHT_2, LOG_TAIL, TWO_THIRDS_1,
    TWO_THIRDS_2,
};
use crate::poly::{Double, estrin, fast_two_sum, two_prod, two_sum};
use crate::tables::Tables;
use crate::{Arith, Binary64, Slow};

/// `2^54`, which makes a subnormal number normal.
pub(crate) const TWO_54: f64 = 18014398509481984.0;

/// `ln x`.
#[inline(always)]
pub fn log<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let (k, m) = split(a, x);
    let common = log_of_parts(a, k, m);
    let rare = is_not_normal_positive(a, x);
    a.rare(rare, |a| log_special(a, x, Slow::Log), common)
}

/// `k ln 2 + ln m`.
#[inline(always)]
pub(crate) fn log_of_parts<A: Arith>(a: &mut A, k: A::F, m: A::F) -> A::F {
    let (one, zero) = (a.float(1.0), a.float(0.0));
    let f = a.sub(m, one);
    log_of_sum(a, k, Double { hi: f, lo: zero })
}

/// `k ln 2 + ln(1 + f)` for `1 + f` in `[sqrt(1/2), sqrt(2))`.
///
/// `log(1 + f) - f = -f^2/2 + s (f^2/2 + s^2 P(s^2))`. All that does not need
/// the quotient is summed before it is there.
#[inline(always)]
pub(crate) fn log_of_sum<A: Arith>(a: &mut A, k: A::F, f: Double<A::F>) -> A::F {
    // The first product is exact, and larger than f unless k = 0.
    let (ln2_1, ln2_2) = (
        a.float(<A::Format as Tables>::LN_2_1),
        a.float(<A::Format as Tables>::LN_2_2),
    );
    let hi = a.fma(k, ln2_1, f.hi);
    let back = a.neg(hi);
    let back = a.fma(k, ln2_1, back);
    let lo = a.add(back, f.hi);
    let lo = a.add(lo, f.lo);

    let tail = Tail::of(a, f.hi);
    let rest = a.fma(k, ln2_2, tail.half_square);
    let rest = a.add(lo, rest);
    let rest = tail.add_to(a, rest);
    a.add(hi, rest)
}

/// `log(1 + f) - f` in the making: `half_square + s (half_square + s^2 P)`,
/// with the negatives of `f^2/2`, `s` and `P`, so that every step is one fma
/// without a sign change.
struct Tail<F> {
    half_square: F,
    s: F,
    g: F,
}

impl<F: Copy> Tail<F> {
    #[inline(always)]
    fn of<A: Arith<F = F>>(a: &mut A, f: F) -> Tail<F> {
        let (minus_two, minus_half) = (a.float(-2.0), a.float(-0.5));
        let denominator = a.sub(minus_two, f);
        let s = a.div(f, denominator);
        let z = a.mul(s, s);
        let half = a.mul(f, minus_half);
        let half_square = a.mul(half, f);
        let p = estrin(a, z, <A::Format as Tables>::LOG_NEGATED);
        let g = a.fma(z, p, half_square);
        Tail { half_square, s, g }
    }

    /// The part that needs the quotient, plus `rest`.
    #[inline(always)]
    fn add_to<A: Arith<F = F>>(&self, a: &mut A, rest: F) -> F {
        a.fma(self.s, self.g, rest)
    }
}

/// The base-2 logarithm, exact for powers of two.
#[inline(always)]
pub fn log2<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let (k, m) = split(a, x);
    let common = log2_of_parts(a, k, m);
    let rare = is_not_normal_positive(a, x);
    a.rare(rare, |a| log_special(a, x, Slow::Log2), common)
}

/// `k + log2 m`.
#[inline(always)]
pub(crate) fn log2_of_parts<A: Arith>(a: &mut A, k: A::F, m: A::F) -> A::F {
    let y = scaled_log(
        a,
        m,
        <A::Format as Tables>::LOG2_E,
        <A::Format as Tables>::LOG2_E_LOW,
    );
    let sum = fast_two_sum(a, k, y.hi);
    let lo = a.add(sum.lo, y.lo);
    a.add(sum.hi, lo)
}

/// The base-10 logarithm, exact for powers of ten.
#[inline(always)]
pub fn log10<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let (k, m) = split(a, x);
    let common = log10_of_parts(a, k, m);
    let rare = is_not_normal_positive(a, x);
    a.rare(rare, |a| log_special(a, x, Slow::Log10), common)
}

/// `k log10 2 + log10 m`.
#[inline(always)]
pub(crate) fn log10_of_parts<A: Arith>(a: &mut A, k: A::F, m: A::F) -> A::F {
    let y = scaled_log(
        a,
        m,
        <A::Format as Tables>::LOG10_E_1,
        <A::Format as Tables>::LOG10_E_2,
    );
    let (log_1, log_2) = (
        a.float(<A::Format as Tables>::LOG10_2_1),
        a.float(<A::Format as Tables>::LOG10_2_2),
    );
    let whole = a.mul(k, log_1);
    let sum = fast_two_sum(a, whole, y.hi);
    let lo = a.fma(k, log_2, sum.lo);
    let lo = a.add(lo, y.lo);
    a.add(sum.hi, lo)
}

/// `ln m` times the constant `c + c_low`, as a pair.
#[inline(always)]
fn scaled_log<A: Arith>(a: &mut A, m: A::F, c: f64, c_low: f64) -> Double<A::F> {
    let one = a.float(1.0);
    let f = a.sub(m, one);
    let tail = Tail::of(a, f);
    // The rounding error of f^2/2 would be the largest of all.
    let (minus_half, minus) = (a.float(-0.5), a.neg(tail.half_square));
    let half = a.mul(f, minus_half);
    let lost = a.fma(half, f, minus);
    let small = tail.add_to(a, lost);
    let (c, c_low) = (a.float(c), a.float(c_low));
    let product = two_prod(a, f, c);
    let lo = a.fma(f, c_low, product.lo);
    let lo = a.fma(small, c, lo);
    let lo = a.fma(tail.half_square, c, lo);
    Double { hi: product.hi, lo }
}

/// `ln(1 + x)`, accurate near zero.
#[inline(always)]
pub fn log1p<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let zero = a.float(0.0);
    log1p_pair(a, Double { hi: x, lo: zero }, zero)
}

/// `more ln 2 + ln(1 + x)`, with the sign of `x`; NaN for `x < -1`.
///
/// `1 + x = w + c` exactly and `w = 2^k m`, so `1 + f = m + c 2^-k`. Beyond
/// 2^60 `c` does not count.
#[inline(always)]
pub(crate) fn log1p_pair<A: Arith>(a: &mut A, x: Double<A::F>, more: A::F) -> A::F {
    let one = a.float(1.0);
    let sum = two_sum(a, one, x.hi);
    let w = sum.hi;
    let c = a.add(sum.lo, x.lo);
    let (k, m) = split(a, w);
    // 2^-k: the bits of w and m differ by k in the field of the exponent.
    let (w_bits, m_bits, one_bits) = (a.bits(w), a.bits(m), a.int(<A::Format as Tables>::ONE_BITS));
    let scale = a.isub(m_bits, w_bits);
    let scale = a.iadd(scale, one_bits);
    let scale = a.from_bits(scale);
    let (limit, zero) = (a.float(TWO_60), a.float(0.0));
    let large = a.gt(w, limit);
    let scale = a.select(large, zero, scale);
    let c = a.mul(c, scale);
    let f = a.sub(m, one);
    let f = fast_two_sum(a, f, c);
    // ln(1 + hi + lo) = ln(1 + hi) + lo (1 - hi) up to lo hi^2; and what hi^2/2
    // loses to rounding.
    let (minus_half, minus_hi) = (a.float(-0.5), a.neg(f.hi));
    let lo = a.fma(minus_hi, f.lo, f.lo);
    let half = a.mul(f.hi, minus_half);
    let half_square = a.mul(half, f.hi);
    let minus = a.neg(half_square);
    let lost = a.fma(half, f.hi, minus);
    let f = Double {
        hi: f.hi,
        lo: a.add(lo, lost),
    };
    let k = a.add(k, more);
    let y = log_of_sum(a, k, f);
    let common = a.copysign(y, x.hi);
    let rare = is_not_normal_positive(a, w);
    a.rare(rare, |a| log_limit(a, w), common)
}

/// `2^60`.
const TWO_60: f64 = (1u64 << 60) as f64;

/// `k` and `m` of `x = 2^k m`, `m` in `[sqrt(1/2), sqrt(2))`, for normal positive `x`.
#[inline(always)]
pub(crate) fn split<A: Arith>(a: &mut A, x: A::F) -> (A::F, A::F) {
    let bits = a.bits(x);
    let offset = a.int(<A::Format as Tables>::ONE_BITS - <A::Format as Tables>::SQRT_HALF);
    let shifted = a.iadd(bits, offset);
    let (mask, least) = (
        a.int((1 << <A::Format as Tables>::FRACTION) - 1),
        a.int(<A::Format as Tables>::SQRT_HALF),
    );
    let m = a.iand(shifted, mask);
    let m = a.iadd(m, least);
    let m = a.from_bits(m);
    let k = a.ushr(shifted, <A::Format as Tables>::FRACTION);
    let two_52 = a.int(<A::Format as Tables>::WHOLE_BITS);
    let k = a.ior(k, two_52);
    let k = a.from_bits(k);
    let bias = a.float(<A::Format as Tables>::WHOLE + <A::Format as Tables>::BIAS);
    (a.sub(k, bias), m)
}

/// Zero, negative, subnormal, infinite or NaN.
#[inline(always)]
pub(crate) fn is_not_normal_positive<A: Arith>(a: &mut A, x: A::F) -> A::M {
    let (least, greatest) = (
        a.float(<A::Format as Tables>::MIN_POSITIVE),
        a.float(<A::Format as Tables>::MAX),
    );
    let (above, below) = (a.ge(x, least), a.le(x, greatest));
    let normal = a.and(above, below);
    a.not(normal)
}

/// A logarithm of what is not a normal positive number; `slow` takes subnormals.
#[inline(always)]
pub(crate) fn log_special<A: Arith>(a: &mut A, x: A::F, slow: Slow) -> A::F {
    let limit = log_limit(a, x);
    let (zero, least) = (a.float(0.0), a.float(<A::Format as Tables>::MIN_POSITIVE));
    let (positive, tiny) = (a.gt(x, zero), a.lt(x, least));
    let subnormal = a.and(positive, tiny);
    a.rare(subnormal, |a| a.slow(slow, &[x]), limit)
}

/// A logarithm of zero or infinity; NaN for every other number.
#[inline(always)]
fn log_limit<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let (zero, infinity, nan) = (a.float(0.0), a.float(f64::INFINITY), a.float(f64::NAN));
    let minus_infinity = a.float(f64::NEG_INFINITY);
    let is_zero = a.eq(x, zero);
    let is_infinity = a.eq(x, infinity);
    let y = a.select(is_zero, minus_infinity, nan);
    a.select(is_infinity, infinity, y)
}

/// The points about which [`log_double`] expands, besides 1, and where they part.
const LEFT: f64 = 0.796875;
const RIGHT: f64 = 1.2578125;
const LEFT_END: f64 = 0.8909;
const RIGHT_START: f64 = 1.1224;

/// `ln(2^k m)` as a pair with a relative error of about 2^-68.
///
/// `m` is taken relative to the nearest of three points `p`, so that
/// `s = (m - p) / (m + p)` is at most 0.06; then
/// `ln(m / p) = 2 atanh s = 2s + 2/3 s^3 + s^5 T(s^2)`, where `s` and the second
/// term are pairs and the third, at most 2^-18 of the first, is a plain number.
#[inline(always)]
pub(crate) fn log_double<A: Arith<Format = Binary64>>(a: &mut A, k: A::F, m: A::F) -> Double<A::F> {
    let (left_end, right_start) = (a.float(LEFT_END), a.float(RIGHT_START));
    let (is_left, is_right) = (a.lt(m, left_end), a.gt(m, right_start));
    let of_three = |a: &mut A, left: f64, middle: f64, right: f64| {
        let (left, middle, right) = (a.float(left), a.float(middle), a.float(right));
        let other = a.select(is_right, right, middle);
        a.select(is_left, left, other)
    };
    let point = of_three(a, LEFT, 1.0, RIGHT);
    let ln_hi = of_three(a, LN_LEFT_1, 0.0, LN_RIGHT_1);
    let ln_lo = of_three(a, LN_LEFT_2, 0.0, LN_RIGHT_2);
    let sum = ln_of_ratio(a, m, point);

    // Both constants lie on one grid, so the whole part is exact.
    let (ln2_1, ln2_2) = (a.float(LN_2_1), a.float(LN_2_2));
    let whole = a.fma(k, ln2_1, ln_hi);
    let total = fast_two_sum(a, whole, sum.hi);
    let lo = a.fma(k, ln2_2, ln_lo);
    let lo = a.add(lo, sum.lo);
    let lo = a.add(lo, total.lo);
    fast_two_sum(a, total.hi, lo)
}

/// `ln(m / point)` for operands near each other.
#[inline(always)]
fn ln_of_ratio<A: Arith<Format = Binary64>>(a: &mut A, m: A::F, point: A::F) -> Double<A::F> {
    let s = atanh_argument(a, m, point);
    let z = two_prod(a, s.hi, s.hi);
    let twice = a.add(s.hi, s.hi);
    let z_lo = a.fma(twice, s.lo, z.lo);

    // w = (2 atanh s - 2s) / s = 2/3 z + z^2 T(z).
    let (third_1, third_2) = (a.float(TWO_THIRDS_1), a.float(TWO_THIRDS_2));
    let w = two_prod(a, z.hi, third_1);
    let w_lo = a.fma(z_lo, third_1, w.lo);
    let w_lo = a.fma(z.hi, third_2, w_lo);
    let t = estrin(a, z.hi, &LOG_TAIL);
    let z2 = a.mul(z.hi, z.hi);
    let w_lo = a.fma(z2, t, w_lo);

    let p = two_prod(a, s.hi, w.hi);
    let p_lo = a.fma(s.hi, w_lo, p.lo);
    let p_lo = a.fma(s.lo, w.hi, p_lo);
    let twice_lo = a.add(s.lo, s.lo);
    let p_lo = a.add(p_lo, twice_lo);
    let sum = fast_two_sum(a, twice, p.hi);
    let lo = a.add(sum.lo, p_lo);
    Double { hi: sum.hi, lo }
}

/// `(m - point) / (m + point)` as a pair; the difference is exact.
#[inline(always)]
fn atanh_argument<A: Arith<Format = Binary64>>(a: &mut A, m: A::F, point: A::F) -> Double<A::F> {
    let f = a.sub(m, point);
    let twice = a.add(point, point);
    let denominator = fast_two_sum(a, twice, f);
    let one = a.float(1.0);
    let reciprocal = a.div(one, denominator.hi);
    let hi = a.mul(f, reciprocal);
    let minus = a.neg(hi);
    let rest = a.fma(minus, denominator.hi, f);
    let rest = a.fma(minus, denominator.lo, rest);
    let lo = a.mul(rest, reciprocal);
    Double { hi, lo }
}
