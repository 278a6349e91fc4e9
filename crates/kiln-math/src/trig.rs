//! `sin`, `cos` and `tan` in any format.
//!
//! `|x| = k pi/2 + r`, `|r| <= pi/4`, by Cody and Waite's method with fma: the
//! first product is exact as the result is representable, the second as the
//! quotient has at most 22 bits and the constant 30 (in binary32, as it is
//! split); the third corrects the
//! low part of `r`. Both polynomials are evaluated and the quadrant selects.
//! The reduction depends on `|x|` alone and is the same sequence of operations
//! in every function, so that `sin(x)` and `cos(x)` share it. Beyond
//! `COMMON` the reduction needs more bits of `2/pi` than two constants hold:
//! the slow-lane operations do it by Payne and Hanek's method.

use crate::poly::{estrin, fast_two_sum, two_prod};
use crate::tables::Tables;
use crate::{Arith, Format, Slow};

/// An argument after reduction: `hi + lo` in `[-pi/4, pi/4]`, and the number
/// of quarter turns taken off, of which the two lowest bits count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reduced<F, I> {
    pub(crate) hi: F,
    pub(crate) lo: F,
    pub(crate) quadrant: I,
}

/// `sin x`, in radians.
#[inline(always)]
pub fn sin<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let r = reduce(a, size);
    let y = sin_of_reduced(a, &r);
    let y = flip(a, y, x);
    let rare = is_large(a, size);
    a.rare(rare, |a| a.slow(Slow::Sin, &[x]), y)
}

/// `cos x`, in radians.
#[inline(always)]
pub fn cos<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let r = reduce(a, size);
    let y = cos_of_reduced(a, &r);
    let rare = is_large(a, size);
    a.rare(rare, |a| a.slow(Slow::Cos, &[x]), y)
}

/// `tan x`, in radians.
#[inline(always)]
pub fn tan<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let r = reduce(a, size);
    let y = tan_of_reduced(a, &r);
    let y = flip(a, y, x);
    let rare = is_large(a, size);
    a.rare(rare, |a| a.slow(Slow::Tan, &[x]), y)
}

/// Beyond the range of [`reduce`]; false for NaN, which needs no care.
#[inline(always)]
pub(crate) fn is_large<A: Arith>(a: &mut A, size: A::F) -> A::M {
    let limit = a.float(<A::Format as Tables>::COMMON);
    a.gt(size, limit)
}

/// The reduction of `0 <= size <= COMMON`.
#[inline(always)]
pub(crate) fn reduce<A: Arith>(a: &mut A, size: A::F) -> Reduced<A::F, A::I> {
    let (two_over_pi, shifter) = (
        a.float(<A::Format as Tables>::TWO_OVER_PI),
        a.float(<A::Format as Tables>::ROUNDER),
    );
    let shifted = a.fma(size, two_over_pi, shifter);
    let quadrant = a.bits(shifted);
    let k = a.sub(shifted, shifter);
    let parts = [
        a.float(-<A::Format as Tables>::PI_2_1),
        a.float(-<A::Format as Tables>::PI_2_2),
        a.float(-<A::Format as Tables>::PI_2_3),
    ];
    let first = a.fma(k, parts[0], size);
    if <A::Format as Tables>::LONG_PARTS {
        return reduce_further(a, k, first, parts, quadrant);
    }
    let hi = a.fma(k, parts[1], first);
    let error = a.sub(first, hi);
    let error = a.fma(k, parts[1], error);
    let lo = a.fma(k, parts[2], error);
    Reduced { hi, lo, quadrant }
}

/// The rest of [`reduce`] where the second part of `pi/2` is a full number, so
/// that its product has an error of its own.
#[inline(always)]
fn reduce_further<A: Arith>(
    a: &mut A,
    k: A::F,
    first: A::F,
    parts: [A::F; 3],
    quadrant: A::I,
) -> Reduced<A::F, A::I> {
    let product = two_prod(a, k, parts[1]);
    let hi = a.add(first, product.hi);
    let error = a.sub(first, hi);
    let error = a.add(error, product.hi);
    let error = a.add(error, product.lo);
    let lo = a.fma(k, parts[2], error);
    Reduced { hi, lo, quadrant }
}

/// The sine of the whole angle.
#[inline(always)]
pub(crate) fn sin_of_reduced<A: Arith>(a: &mut A, r: &Reduced<A::F, A::I>) -> A::F {
    let (sine, cosine) = sine_and_cosine(a, r);
    let even = is_even(a, r.quadrant);
    let y = a.select(even, sine, cosine);
    turn(a, y, r.quadrant)
}

/// The cosine of the whole angle.
#[inline(always)]
pub(crate) fn cos_of_reduced<A: Arith>(a: &mut A, r: &Reduced<A::F, A::I>) -> A::F {
    let (sine, cosine) = sine_and_cosine(a, r);
    let even = is_even(a, r.quadrant);
    let y = a.select(even, cosine, sine);
    let one = a.int(1);
    let next = a.iadd(r.quadrant, one);
    turn(a, y, next)
}

/// The sine and the cosine of `hi + lo`.
#[inline(always)]
pub(crate) fn sine_and_cosine<A: Arith>(a: &mut A, r: &Reduced<A::F, A::I>) -> (A::F, A::F) {
    // The polynomials take hi^2; (hi + lo)^2, less lo^2, joins them late, for
    // lo is late itself.
    let z = a.mul(r.hi, r.hi);
    let twice = a.add(r.hi, r.hi);
    let cross = a.mul(twice, r.lo);
    let whole = a.fma(r.hi, r.hi, cross);

    // sin = hi + (lo + hi z P(z)): only the low part carries rounding errors.
    let p = estrin(a, z, <A::Format as Tables>::SIN);
    let cube = a.mul(r.hi, whole);
    let tail = a.fma(cube, p, r.lo);
    let sine = a.add(r.hi, tail);

    // cos = 1 + z (-1/2 + z Q(z)), the large coefficient last.
    let q = estrin(a, z, <A::Format as Tables>::COS);
    let (minus_half, one) = (a.float(-0.5), a.float(1.0));
    let q = a.fma(z, q, minus_half);
    let cosine = a.fma(whole, q, one);
    (sine, cosine)
}

/// The tangent of the whole angle.
///
/// With `t = 2 tan(r/2)` as a pair, `tan r = t / (1 - t^2/4)`, and a quarter
/// turn further it is minus the reciprocal: one division serves both.
#[inline(always)]
pub(crate) fn tan_of_reduced<A: Arith>(a: &mut A, r: &Reduced<A::F, A::I>) -> A::F {
    let z = a.mul(r.hi, r.hi);
    let p = estrin(a, z, <A::Format as Tables>::TAN_DOUBLED);
    let cube = a.mul(r.hi, z);
    // 2 tan((hi + lo) / 2) = 2 tan(hi/2) + lo (1 + hi^2/4), up to lo hi^4.
    let quarter = a.float(0.25);
    let z_quarter = a.mul(z, quarter);
    let lo = a.fma(r.lo, z_quarter, r.lo);
    let tail = a.fma(cube, p, lo);
    let t = fast_two_sum(a, r.hi, tail);

    let square = two_prod(a, t.hi, t.hi);
    let twice = a.add(t.hi, t.hi);
    let square_lo = a.fma(twice, t.lo, square.lo);
    let (one, minus_quarter) = (a.float(1.0), a.float(-0.25));
    let minus = a.mul(square.hi, minus_quarter);
    let rest = fast_two_sum(a, one, minus);
    let rest_lo = a.fma(square_lo, minus_quarter, rest.lo);

    let even = is_even(a, r.quadrant);
    let numerator = a.select(even, t.hi, rest.hi);
    let numerator_lo = a.select(even, t.lo, rest_lo);
    let denominator = a.select(even, rest.hi, t.hi);
    let denominator_lo = a.select(even, rest_lo, t.lo);
    let reciprocal = a.div(one, denominator);
    let y = a.mul(numerator, reciprocal);
    let minus = a.neg(y);
    let error = a.fma(minus, denominator, numerator);
    let error = a.fma(minus, denominator_lo, error);
    let error = a.add(error, numerator_lo);
    let y = a.fma(error, reciprocal, y);
    // Minus the reciprocal: the sign flips in odd quadrants.
    let sign = a.ishl(r.quadrant, <A::Format as Format>::BITS - 1);
    let bits = a.bits(y);
    let bits = a.ixor(bits, sign);
    a.from_bits(bits)
}

#[inline(always)]
fn is_even<A: Arith>(a: &mut A, quadrant: A::I) -> A::M {
    let (one, zero) = (a.int(1), a.int(0));
    let low = a.iand(quadrant, one);
    a.ieq(low, zero)
}

/// `y` with its sign flipped in the third and fourth quadrant.
#[inline(always)]
fn turn<A: Arith>(a: &mut A, y: A::F, quadrant: A::I) -> A::F {
    let sign = a.ishl(quadrant, <A::Format as Format>::BITS - 2);
    let mask = a.int(<A::Format as Tables>::SIGN);
    let sign = a.iand(sign, mask);
    let bits = a.bits(y);
    let bits = a.ixor(bits, sign);
    a.from_bits(bits)
}

/// `y` with its sign flipped if `x` has the sign bit.
#[inline(always)]
pub(crate) fn flip<A: Arith>(a: &mut A, y: A::F, x: A::F) -> A::F {
    let mask = a.int(<A::Format as Tables>::SIGN);
    let sign = a.bits(x);
    let sign = a.iand(sign, mask);
    let bits = a.bits(y);
    let bits = a.ixor(bits, sign);
    a.from_bits(bits)
}
