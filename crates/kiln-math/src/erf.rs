//! `erf` in any format, and `erfc` in binary64.
//!
//! Up to 0.84 `erf` is an odd polynomial, beyond it `1 - e^Q` with a polynomial
//! `Q` for the logarithm of the complement, which needs no relative accuracy
//! there. `erfc` from there on is `e^(-x^2) / (1 + 2x)` times a nearly constant
//! polynomial in `(x - 4) / (x + 4)` (after Shepherd and Laframboise, "Chebyshev
//! approximation of (1 + 2x) exp(x^2) erfc x", Math. Comp. 36, 1981), with the
//! square as a pair.

use crate::coefficients::{ERF_SHORT, ERFCX, ERFCX_SHORT};
use crate::exp::{exp_parts, exp2_to_single, expm1_of_rest, power, quotient, two_powers};
use crate::poly::{estrin, fast_two_sum, two_prod};
use crate::tables::Tables;
use crate::trig::flip;
use crate::{Arith, Binary64};

/// The end of the polynomial about zero.
const NEAR: f64 = 0.84375;
/// Beyond it `erfc` may be subnormal.
const FAR: f64 = 26.0;
/// Beyond it `erfc` is less than half the least subnormal.
const VANISHING: f64 = 27.5;

/// The error function.
#[inline(always)]
pub fn erf<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let (one, top) = (a.float(1.0), a.float(<A::Format as Tables>::ERF_ONE_FROM));
    let tail = erf_tail(a, size);
    let inner = a.add(size, tail);

    let over = a.gt(size, top);
    let clamped = a.select(over, top, size);
    let u = a.sub(clamped, one);
    let (constant, p) = (
        a.float(<A::Format as Tables>::LOG_ERFC[0]),
        estrin(a, u, &<A::Format as Tables>::LOG_ERFC[1..]),
    );
    let q = a.fma(u, p, constant);
    let lost = a.sub(constant, q);
    let lost = a.fma(u, p, lost);
    // 1 - 2^k (1 + t) = (1 - 2^k) - 2^k t, the first exactly.
    let (shifted, k) = quotient(a, q, <A::Format as Tables>::LOG2_E);
    let parts = expm1_of_rest(a, q, k);
    let t = a.add(parts.lo, lost);
    let t = a.add(parts.hi, t);
    let power = power(a, shifted);
    let whole = a.sub(one, power);
    let minus = a.neg(power);
    let outer = a.fma(minus, t, whole);

    let limit = a.float(NEAR);
    let near = a.le(size, limit);
    let y = a.select(near, inner, outer);
    flip(a, y, x)
}

/// `erf x - x` near zero.
#[inline(always)]
fn erf_tail<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let z = a.mul(x, x);
    let p = estrin(a, z, <A::Format as Tables>::ERF);
    a.mul(x, p)
}

/// The complement of the error function, `1 - erf x`.
#[inline(always)]
pub fn erfc<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let (zero, one, two, four) = (a.float(0.0), a.float(1.0), a.float(2.0), a.float(4.0));
    let square = two_prod(a, size, size);
    let (exponent, low) = (a.neg(square.hi), a.neg(square.lo));
    let (shifted, e) = exp_parts(a, exponent, low);
    let (t, sum) = (a.sub(size, four), a.add(size, four));
    let t = a.div(t, sum);
    let (constant, w) = (a.float(ERFCX[0]), estrin(a, t, &ERFCX[1..]));
    let w = a.fma(t, w, constant);
    // e w / (1 + 2 size) with the rounding errors of every step but w's.
    let e = fast_two_sum(a, e.hi, e.lo);
    let product = two_prod(a, e.hi, w);
    let product_lo = a.fma(e.lo, w, product.lo);
    let twice = a.add(size, size);
    let denominator = fast_two_sum(a, twice, one);
    let reciprocal = a.div(one, denominator.hi);
    let y = a.mul(product.hi, reciprocal);
    let minus = a.neg(y);
    let rest = a.fma(minus, denominator.hi, product.hi);
    let rest = a.fma(minus, denominator.lo, rest);
    let rest = a.add(rest, product_lo);
    let y = a.fma(rest, reciprocal, y);
    let power = power(a, shifted);
    let outer = a.mul(y, power);
    let limit = a.float(FAR);
    let far = a.gt(size, limit);
    let outer = a.rare(
        far,
        |a| {
            let (power, rest) = two_powers(a, exponent, shifted);
            let y = a.mul(y, power);
            let y = a.mul(y, rest);
            let limit = a.float(VANISHING);
            let vanishing = a.gt(size, limit);
            a.select(vanishing, zero, y)
        },
        outer,
    );
    let mirrored = a.sub(two, outer);
    let negative = a.lt(x, zero);
    let outer = a.select(negative, mirrored, outer);

    // 1 - x - (erf x - x). At the end of this range the difference is a quarter
    // of erf, whose last places weigh four times as much: the worst of erfc.
    let tail = erf_tail(a, x);
    let minus = a.neg(x);
    let sum = fast_two_sum(a, one, minus);
    let lo = a.sub(sum.lo, tail);
    let inner = a.add(sum.hi, lo);
    let limit = a.float(NEAR);
    let near = a.le(size, limit);
    a.select(near, inner, outer)
}

/// Beyond it `erfc` is less than half the least subnormal of binary32.
const SINGLE_VANISHING: f64 = 10.5;

/// [`erfc`] of a number of binary32, to be rounded to it.
///
/// From 0.84 on `e^(-x^2) P(1 / (x + 2))`; the square is exact.
#[inline(always)]
pub fn erfc_to_single<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let (zero, one, two) = (a.float(0.0), a.float(1.0), a.float(2.0));
    let top = a.float(SINGLE_VANISHING);
    let over = a.gt(size, top);
    let clamped = a.select(over, top, size);
    let square = a.mul(clamped, clamped);
    let minus_log2_e = a.float(-<A::Format as Tables>::LOG2_E);
    let t = a.mul(square, minus_log2_e);
    let e = exp2_to_single(a, t);
    let sum = a.add(clamped, two);
    let u = a.div(one, sum);
    let w = estrin(a, u, &ERFCX_SHORT);
    let outer = a.mul(e, w);
    let mirrored = a.sub(two, outer);
    let negative = a.lt(x, zero);
    let outer = a.select(negative, mirrored, outer);

    let z = a.mul(x, x);
    let p = estrin(a, z, &ERF_SHORT);
    let tail = a.mul(x, p);
    let inner = a.sub(one, x);
    let inner = a.sub(inner, tail);
    let limit = a.float(NEAR);
    let far = a.gt(size, limit);
    a.select(far, outer, inner)
}
