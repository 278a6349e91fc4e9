//! `erf` and `erfc` in binary64.
//!
//! Up to 0.84 `erf` is an odd polynomial, beyond it `1 - e^Q` with a polynomial
//! `Q` for the logarithm of the complement, which needs no relative accuracy
//! there. `erfc` from there on is `e^(-x^2) / (1 + 2x)` times a nearly constant
//! polynomial in `(x - 4) / (x + 4)` (after Shepherd and Laframboise, "Chebyshev
//! approximation of (1 + 2x) exp(x^2) erfc x", Math. Comp. 36, 1981), with the
//! square as a pair.

use crate::coefficients::{ERF, ERFCX, LOG_ERFC, LOG2_E};
use crate::exp::{exp_parts, expm1_of_rest, power, quotient, two_powers};
use crate::poly::{estrin, fast_two_sum, two_prod};
use crate::trig::flip;
use crate::{Arith, Binary64};

/// The end of the polynomial about zero.
const NEAR: f64 = 0.84375;
/// From here on `erf` rounds to 1.
const ONE_FROM: f64 = 6.0;
/// Beyond it `erfc` may be subnormal.
const FAR: f64 = 26.0;
/// Beyond it `erfc` is less than half the least subnormal.
const VANISHING: f64 = 27.5;

/// The error function.
#[inline(always)]
pub fn erf<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let (one, top) = (a.float(1.0), a.float(ONE_FROM));
    let tail = erf_tail(a, size);
    let inner = a.add(size, tail);

    let over = a.gt(size, top);
    let clamped = a.select(over, top, size);
    let u = a.sub(clamped, one);
    let (constant, p) = (a.float(LOG_ERFC[0]), estrin(a, u, &LOG_ERFC[1..]));
    let q = a.fma(u, p, constant);
    let lost = a.sub(constant, q);
    let lost = a.fma(u, p, lost);
    // 1 - 2^k (1 + t) = (1 - 2^k) - 2^k t, the first exactly.
    let (shifted, k) = quotient(a, q, LOG2_E);
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
fn erf_tail<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let z = a.mul(x, x);
    let p = estrin(a, z, &ERF);
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
