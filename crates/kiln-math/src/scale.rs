//! Scaling and rounding in binary64: `ldexp`, `exponent`, `mantissa`, `round`, `frem`.
//!
//! The first three are single instructions on AVX-512 (`vscalefpd`,
//! `vgetexppd`, `vgetmantpd`) and have exact expansions here for every other
//! machine. All five are exact, or rounded once.

use crate::log::TWO_54;
use crate::{Arith, Binary64, Slow};

const SIGN: i64 = i64::MIN;
const MANTISSA: i64 = (1 << 52) - 1;
const ONE_BITS: i64 = 0x3ff << 52;
/// The bits of `2^52`, in whose low bits an integer below `2^52` is a float.
const TWO_52_BITS: i64 = 0x433 << 52;
const TWO_52: f64 = 4503599627370496.0;
/// `1.5 * 2^52 + 1023`, in whose low bits a small integer is a biased exponent.
const SHIFTER: f64 = 6755399441055744.0 + 1023.0;
/// `2^1023` and `2^-969`. The second leaves 53 bits above the subnormals, so
/// that a product which is rounded there vanishes in the next step anyway.
const STEP_UP: f64 = f64::from_bits((1023 + 1023) << 52);
const STEP_DOWN: f64 = f64::from_bits((1023 - 969) << 52);

/// `x 2^floor(k)`, rounded once.
///
/// NaN if either operand is. A `k` beyond any finite result, infinities
/// included, saturates: `ldexp(0, inf) = 0` and `ldexp(inf, -inf) = inf`. That
/// is `vscalefpd` with `k` clamped to `[-4096, 4096]`.
#[inline(always)]
pub fn ldexp<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, k: A::F) -> A::F {
    let k = a.floor(k);
    let power = power_of_two(a, k);
    let common = a.mul(x, power);
    let size = a.abs(k);
    let limit = a.float(1022.0);
    let near = a.le(size, limit);
    let rare = a.not(near);
    a.rare(rare, |a| ldexp_far(a, x, k), common)
}

/// `2^k` for an integer `k` in `[-1022, 1023]`.
#[inline(always)]
fn power_of_two<A: Arith<Format = Binary64>>(a: &mut A, k: A::F) -> A::F {
    let shifter = a.float(SHIFTER);
    let shifted = a.add(k, shifter);
    let bits = a.bits(shifted);
    let bits = a.ishl(bits, 52);
    a.from_bits(bits)
}

#[inline(always)]
fn ldexp_far<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, k: A::F) -> A::F {
    let (mut y, mut rest) = (x, k);
    for _ in 0..2 {
        (y, rest) = ldexp_step(a, y, rest);
    }
    let (low, high) = (a.float(-1022.0), a.float(1023.0));
    let under = a.lt(rest, low);
    let rest = a.select(under, low, rest);
    let over = a.gt(rest, high);
    let rest = a.select(over, high, rest);
    let power = power_of_two(a, rest);
    let y = a.mul(y, power);
    let is_nan = a.ne(k, k);
    a.select(is_nan, k, y)
}

/// One step towards a `k` in range.
#[inline(always)]
fn ldexp_step<A: Arith<Format = Binary64>>(a: &mut A, y: A::F, k: A::F) -> (A::F, A::F) {
    let (low, high) = (a.float(-1022.0), a.float(1023.0));
    let (under, over) = (a.lt(k, low), a.gt(k, high));
    let (one, zero) = (a.float(1.0), a.float(0.0));
    let (up, down) = (a.float(STEP_UP), a.float(STEP_DOWN));
    let factor = a.select(over, up, one);
    let factor = a.select(under, down, factor);
    let minus_969 = a.float(-969.0);
    let taken = a.select(over, high, zero);
    let taken = a.select(under, minus_969, taken);
    (a.mul(y, factor), a.sub(k, taken))
}

/// `floor(log2 |x|)` as a float: `-inf` at 0, `inf` at infinities, NaN at NaN.
#[inline(always)]
pub fn exponent<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let common = exponent_of_normal(a, size);
    let rare = is_not_normal(a, size);
    a.rare(
        rare,
        |a| {
            let up = a.float(TWO_54);
            let scaled = a.mul(size, up);
            let y = exponent_of_normal(a, scaled);
            let shift = a.float(54.0);
            let y = a.sub(y, shift);
            let zero = a.float(0.0);
            let is_zero = a.eq(size, zero);
            let minus_infinity = a.float(f64::NEG_INFINITY);
            let y = a.select(is_zero, minus_infinity, y);
            let greatest = a.float(f64::MAX);
            let finite = a.le(size, greatest);
            a.select(finite, y, size)
        },
        common,
    )
}

#[inline(always)]
fn exponent_of_normal<A: Arith<Format = Binary64>>(a: &mut A, size: A::F) -> A::F {
    let bits = a.bits(size);
    let field = a.ushr(bits, 52);
    let two_52 = a.int(TWO_52_BITS);
    let field = a.ior(field, two_52);
    let field = a.from_bits(field);
    let bias = a.float(TWO_52 + 1023.0);
    a.sub(field, bias)
}

/// Zero, subnormal, infinite or NaN, for a `size` without sign.
#[inline(always)]
fn is_not_normal<A: Arith<Format = Binary64>>(a: &mut A, size: A::F) -> A::M {
    let (least, greatest) = (a.float(f64::MIN_POSITIVE), a.float(f64::MAX));
    let (above, below) = (a.ge(size, least), a.le(size, greatest));
    let normal = a.and(above, below);
    a.not(normal)
}

/// `x 2^-exponent(x)`, in `[1, 2)` with the sign of `x`: 1 with the sign of `x`
/// at zeros and infinities, NaN at NaN.
#[inline(always)]
pub fn mantissa<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let common = mantissa_of_normal(a, x);
    let size = a.abs(x);
    let rare = is_not_normal(a, size);
    a.rare(
        rare,
        |a| {
            let up = a.float(TWO_54);
            let scaled = a.mul(x, up);
            let y = mantissa_of_normal(a, scaled);
            let (zero, greatest, one) = (a.float(0.0), a.float(f64::MAX), a.float(1.0));
            let (is_zero, is_infinite) = (a.eq(size, zero), a.gt(size, greatest));
            let unit = a.or(is_zero, is_infinite);
            let signed = a.copysign(one, x);
            let y = a.select(unit, signed, y);
            let is_nan = a.ne(x, x);
            a.select(is_nan, x, y)
        },
        common,
    )
}

#[inline(always)]
fn mantissa_of_normal<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let bits = a.bits(x);
    let (mask, one) = (a.int(SIGN | MANTISSA), a.int(ONE_BITS));
    let bits = a.iand(bits, mask);
    let bits = a.ior(bits, one);
    a.from_bits(bits)
}

/// The nearest integer, halves away from zero; the sign of zero is kept.
#[inline(always)]
pub fn round<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let whole = a.trunc(x);
    // Exact, and NaN at infinities, where the comparison then fails.
    let rest = a.sub(x, whole);
    let rest = a.abs(rest);
    let (half, one, zero) = (a.float(0.5), a.float(1.0), a.float(0.0));
    let away = a.ge(rest, half);
    let step = a.select(away, one, zero);
    let step = a.copysign(step, x);
    let y = a.add(whole, step);
    a.copysign(y, x)
}

/// C's `fmod`: `x - y trunc(x / y)` without rounding, with the sign of `x`.
///
/// NaN for an infinite `x` or a zero `y`.
#[inline(always)]
pub fn frem<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, y: A::F) -> A::F {
    let (n, d) = (a.abs(x), a.abs(y));
    let ratio = a.div(n, d);
    let whole = a.trunc(ratio);
    let minus = a.neg(whole);
    // The quotient may have been rounded up to the next integer; both
    // remainders are representable, so the fma is exact.
    let rest = a.fma(minus, d, n);
    let zero = a.float(0.0);
    let below = a.lt(rest, zero);
    let fixed = a.add(rest, d);
    let rest = a.select(below, fixed, rest);
    // Also where y is infinite and the product is NaN.
    let inside = a.lt(n, d);
    let rest = a.select(inside, n, rest);
    let common = a.copysign(rest, x);
    let limit = a.float(TWO_52);
    let rare = a.ge(ratio, limit);
    a.rare(rare, |a| a.slow(Slow::Frem, &[x, y]), common)
}
