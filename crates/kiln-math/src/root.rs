//! `cbrt` in any format, and `hypot` in binary64.
//!
//! `cbrt`: `|x| = 2^(3q) m` with `m` in `[1, 8)`; a polynomial guess at
//! `m^(-1/3)` to 14 bits, in binary64 one step of Householder's method of third
//! order without division, then Newton's step on the root itself with the residual
//! computed exactly. `hypot`: the sum of squares as a pair, and one correction
//! of the rounded root.

use crate::log::is_not_normal_positive;
use crate::poly::{estrin, fast_two_sum, two_prod};
use crate::tables::Tables;
use crate::trig::flip;
use crate::{Arith, Binary64, Slow};

/// The cube root.
#[inline(always)]
pub fn cbrt<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let y = cbrt_of_normal(a, size);
    let common = flip(a, y, x);
    let rare = is_not_normal_positive(a, size);
    a.rare(
        rare,
        |a| {
            // Zero, infinity and NaN are their own roots.
            let (zero, least) = (a.float(0.0), a.float(<A::Format as Tables>::MIN_POSITIVE));
            let (positive, tiny) = (a.gt(size, zero), a.lt(size, least));
            let subnormal = a.and(positive, tiny);
            a.rare(subnormal, |a| a.slow(Slow::Cbrt, &[x]), x)
        },
        common,
    )
}

/// The cube root of a normal positive number.
#[inline(always)]
pub(crate) fn cbrt_of_normal<A: Arith>(a: &mut A, size: A::F) -> A::F {
    let bits = a.bits(size);
    let (mask, one_bits) = (
        a.int((1 << <A::Format as Tables>::FRACTION) - 1),
        a.int(<A::Format as Tables>::ONE_BITS),
    );
    let mantissa = a.iand(bits, mask);
    let mantissa = a.ior(mantissa, one_bits);
    let mantissa = a.from_bits(mantissa);

    // e - 1 = 3q + j with j in -1, 0, 1.
    let field = a.ushr(bits, <A::Format as Tables>::FRACTION);
    let whole = a.int(<A::Format as Tables>::WHOLE_BITS);
    let field = a.ior(field, whole);
    let field = a.from_bits(field);
    let bias = a.float(<A::Format as Tables>::WHOLE + <A::Format as Tables>::BIAS + 1.0);
    let e = a.sub(field, bias);
    let (third, shifter, minus_three) = (
        a.float(<A::Format as Tables>::THIRD),
        a.float(<A::Format as Tables>::SHIFTER),
        a.float(-3.0),
    );
    let shifted = a.fma(e, third, shifter);
    let q = a.sub(shifted, shifter);
    let j = a.fma(minus_three, q, e);
    let power = a.bits(shifted);
    let power = a.ishl(power, <A::Format as Tables>::FRACTION);
    let power = a.from_bits(power);

    // m = mantissa 2^(j+1)
    let zero = a.float(0.0);
    let (low, high) = (a.lt(j, zero), a.gt(j, zero));
    let three_way = |a: &mut A, first: f64, second: f64, third: f64| {
        let (first, second, third) = (a.float(first), a.float(second), a.float(third));
        let other = a.select(high, third, second);
        a.select(low, first, other)
    };
    let factor = three_way(a, 1.0, 2.0, 4.0);
    let root_factor = three_way(
        a,
        1.0,
        <A::Format as Tables>::ROOT_HALF,
        <A::Format as Tables>::ROOT_QUARTER,
    );
    let m = a.mul(mantissa, factor);
    let guess = estrin(a, mantissa, <A::Format as Tables>::CBRT);
    let r = a.mul(guess, root_factor);
    let y = root_from_guess(a, m, r);
    a.mul(y, power)
}

/// The cube root of `m` from `r` near `m^(-1/3)`.
#[inline(always)]
fn root_from_guess<A: Arith>(a: &mut A, m: A::F, r: A::F) -> A::F {
    let third = a.float(<A::Format as Tables>::THIRD);
    let mut r = r;
    if <A::Format as Tables>::ROUGH_CBRT {
        // h = 1 - m r^3, and m^(-1/3) = r (1 - h)^(-1/3) = r (1 + h/3 + 2/9 h^2 + ...).
        let (one, two_ninths) = (a.float(1.0), a.float(<A::Format as Tables>::TWO_NINTHS));
        let square = a.mul(r, r);
        let product = a.mul(m, r);
        let minus = a.neg(product);
        let h = a.fma(minus, square, one);
        let step = a.fma(h, two_ninths, third);
        let step = a.mul(step, h);
        r = a.fma(r, step, r);
    }

    // y + (m - y^3) / (3 y^2) with y = m r^2 and 1/y^2 = r^2.
    let square = a.mul(r, r);
    let y = a.mul(m, square);
    let y2 = two_prod(a, y, y);
    let minus = a.neg(y);
    let rest = a.fma(minus, y2.hi, m);
    let rest = a.fma(minus, y2.lo, rest);
    let slope = a.mul(square, third);
    a.fma(rest, slope, y)
}

/// `2^-450` and `2^500`: between them the squares of the larger operand and
/// their error terms stay in range.
const HYPOT_LEAST: f64 = f64::from_bits((1023 - 450) << 52);
const HYPOT_GREATEST: f64 = f64::from_bits((1023 + 500) << 52);

/// `sqrt(x^2 + y^2)`; infinite if either operand is, even beside NaN.
#[inline(always)]
pub fn hypot<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, y: A::F) -> A::F {
    let (width, height) = (a.abs(x), a.abs(y));
    let steep = a.gt(height, width);
    let more = a.select(steep, height, width);
    let less = a.select(steep, width, height);
    let common = root_of_squares(a, more, less);
    let (least, greatest) = (a.float(HYPOT_LEAST), a.float(HYPOT_GREATEST));
    let (above, below) = (a.ge(more, least), a.le(more, greatest));
    let inside = a.and(above, below);
    let rare = a.not(inside);
    a.rare(rare, |a| a.slow(Slow::Hypot, &[x, y]), common)
}

/// `sqrt(more^2 + less^2)` for `more` in the common range.
#[inline(always)]
pub(crate) fn root_of_squares<A: Arith<Format = Binary64>>(
    a: &mut A,
    more: A::F,
    less: A::F,
) -> A::F {
    let (p, q) = (two_prod(a, more, more), two_prod(a, less, less));
    let sum = fast_two_sum(a, p.hi, q.hi);
    let lo = a.add(sum.lo, p.lo);
    let lo = a.add(lo, q.lo);
    let root = a.sqrt(sum.hi);
    let minus = a.neg(root);
    let rest = a.fma(minus, root, sum.hi);
    let rest = a.add(rest, lo);
    let twice = a.add(root, root);
    let correction = a.div(rest, twice);
    a.add(root, correction)
}

/// [`hypot`] of numbers of binary32, to be rounded to it: their squares are
/// exact and in range.
#[inline(always)]
pub fn hypot_to_single<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, y: A::F) -> A::F {
    let square = a.mul(y, y);
    let sum = a.fma(x, x, square);
    let root = a.sqrt(sum);
    let (width, height) = (a.abs(x), a.abs(y));
    let infinity = a.float(f64::INFINITY);
    let (wide, high) = (a.eq(width, infinity), a.eq(height, infinity));
    let infinite = a.or(wide, high);
    a.select(infinite, infinity, root)
}
