//! `cbrt` and `hypot` in binary64.
//!
//! `cbrt`: `|x| = 2^(3q) m` with `m` in `[1, 8)`; a polynomial guess at
//! `m^(-1/3)` to 14 bits, one step of Householder's method of third order
//! without division, then Newton's step on the root itself with the residual
//! computed exactly. `hypot`: the sum of squares as a pair, and one correction
//! of the rounded root.

use crate::coefficients::CBRT;
use crate::log::is_not_normal_positive;
use crate::poly::{estrin, fast_two_sum, two_prod};
use crate::trig::flip;
use crate::{Arith, Binary64, Slow};

const MANTISSA: i64 = (1 << 52) - 1;
const ONE_BITS: i64 = 0x3ff << 52;
/// The bits of `2^52`, in whose low bits an integer below `2^52` is a float.
const TWO_52_BITS: i64 = 0x433 << 52;
const TWO_52: f64 = 4503599627370496.0;
/// `1.5 * 2^52 + 1023`, in whose low bits a small integer is a biased exponent.
const SHIFTER: f64 = 6755399441055744.0 + 1023.0;
/// `2^(-1/3)` and `2^(-2/3)`, for a first guess.
const ROOT_HALF: f64 = 0.7937005259840998;
const ROOT_QUARTER: f64 = 0.6299605249474366;

/// The cube root.
#[inline(always)]
pub fn cbrt<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let y = cbrt_of_normal(a, size);
    let common = flip(a, y, x);
    let rare = is_not_normal_positive(a, size);
    a.rare(
        rare,
        |a| {
            // Zero, infinity and NaN are their own roots.
            let (zero, least) = (a.float(0.0), a.float(f64::MIN_POSITIVE));
            let (positive, tiny) = (a.gt(size, zero), a.lt(size, least));
            let subnormal = a.and(positive, tiny);
            a.rare(subnormal, |a| a.slow(Slow::Cbrt, &[x]), x)
        },
        common,
    )
}

/// The cube root of a normal positive number.
#[inline(always)]
pub(crate) fn cbrt_of_normal<A: Arith<Format = Binary64>>(a: &mut A, size: A::F) -> A::F {
    let bits = a.bits(size);
    let (mask, one_bits) = (a.int(MANTISSA), a.int(ONE_BITS));
    let mantissa = a.iand(bits, mask);
    let mantissa = a.ior(mantissa, one_bits);
    let mantissa = a.from_bits(mantissa);

    // e - 1 = 3q + j with j in -1, 0, 1.
    let field = a.ushr(bits, 52);
    let two_52 = a.int(TWO_52_BITS);
    let field = a.ior(field, two_52);
    let field = a.from_bits(field);
    let bias = a.float(TWO_52 + 1024.0);
    let e = a.sub(field, bias);
    let (third, shifter, minus_three) = (a.float(1.0 / 3.0), a.float(SHIFTER), a.float(-3.0));
    let shifted = a.fma(e, third, shifter);
    let q = a.sub(shifted, shifter);
    let j = a.fma(minus_three, q, e);
    let power = a.bits(shifted);
    let power = a.ishl(power, 52);
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
    let root_factor = three_way(a, 1.0, ROOT_HALF, ROOT_QUARTER);
    let m = a.mul(mantissa, factor);
    let guess = estrin(a, mantissa, &CBRT);
    let r = a.mul(guess, root_factor);
    let y = root_from_guess(a, m, r);
    a.mul(y, power)
}

/// The cube root of `m` from `r` near `m^(-1/3)`.
#[inline(always)]
fn root_from_guess<A: Arith<Format = Binary64>>(a: &mut A, m: A::F, r: A::F) -> A::F {
    let (one, third, two_ninths) = (a.float(1.0), a.float(1.0 / 3.0), a.float(2.0 / 9.0));
    // h = 1 - m r^3, and m^(-1/3) = r (1 - h)^(-1/3) = r (1 + h/3 + 2/9 h^2 + ...).
    let square = a.mul(r, r);
    let product = a.mul(m, r);
    let minus = a.neg(product);
    let h = a.fma(minus, square, one);
    let step = a.fma(h, two_ninths, third);
    let step = a.mul(step, h);
    let r = a.fma(r, step, r);

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
