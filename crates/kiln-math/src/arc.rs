//! `asin`, `acos`, `atan` and `atan2` in any format.
//!
//! `asin x = x + x^3 R(x^2)` up to 1/2, and above it
//! `pi/2 - 2 asin(sqrt((1 - x) / 2))` with the root as a pair (the scheme of
//! fdlibm's `e_asin.c`, both sides in one polynomial). `atan2` divides so that
//! the quotient lies in `[-1/3, 1/2]` around a multiple of `pi/4`, keeps the
//! quotient and the sum with that multiple as pairs, and uses one odd
//! polynomial.

use crate::poly::{Double, estrin, fast_two_sum, two_sum};
use crate::tables::Tables;
use crate::{Arith, Slow};

/// The angle in `[-pi/2, pi/2]` whose sine is `x`; NaN outside `[-1, 1]`.
#[inline(always)]
pub fn asin<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let (near, s, tail) = asin_parts(a, size);

    // Near: s + tail. Far: pi/2 - 2 (s + tail).
    let inner = a.add(s, tail);
    let (right_1, right_2) = (
        a.float(<A::Format as Tables>::PI_2_1),
        a.float(<A::Format as Tables>::PI_2_LOW),
    );
    let minus_two = a.float(-2.0);
    let outer = a.fma(minus_two, s, right_1);
    let lost = a.sub(right_1, outer);
    let lost = a.fma(minus_two, s, lost);
    let lost = a.add(lost, right_2);
    let tail = a.fma(minus_two, tail, lost);
    let outer = a.add(outer, tail);
    let y = a.select(near, inner, outer);
    a.copysign(y, x)
}

/// The angle in `[0, pi]` whose cosine is `x`; NaN outside `[-1, 1]`.
///
/// Near zero `pi/2 - asin x`; else `2 asin(sqrt((1 - |x|) / 2))`, or `pi` less
/// that for negative `x`.
#[inline(always)]
pub fn acos<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let size = a.abs(x);
    let (near, s, tail) = asin_parts(a, size);
    let (zero, one, two) = (a.float(0.0), a.float(1.0), a.float(2.0));
    let negative = a.lt(x, zero);
    // quarters pi/2 + factor (s + tail)
    let sign = a.copysign(one, x);
    let minus_sign = a.neg(sign);
    let doubled = a.mul(sign, two);
    let factor = a.select(near, minus_sign, doubled);
    let far = a.select(negative, two, zero);
    let quarters = a.select(near, one, far);
    let (right_1, right_2) = (
        a.float(<A::Format as Tables>::PI_2_1),
        a.float(<A::Format as Tables>::PI_2_LOW),
    );
    let base = a.mul(quarters, right_1);
    let s = a.mul(factor, s);
    let sum = fast_two_sum(a, base, s);
    let lo = a.fma(quarters, right_2, sum.lo);
    let lo = a.fma(factor, tail, lo);
    a.add(sum.hi, lo)
}

/// Whether `size` is at most 1/2, and `asin s = s + tail` for `size` itself if
/// so, else for `sqrt((1 - size) / 2)`.
#[inline(always)]
fn asin_parts<A: Arith>(a: &mut A, size: A::F) -> (A::M, A::F, A::F) {
    let (half, one) = (a.float(0.5), a.float(1.0));
    let near = a.le(size, half);
    let s = asin_argument(a, size, near);
    let square = a.mul(size, size);
    let rest = a.sub(one, size);
    let rest = a.mul(rest, half);
    let z = a.select(near, square, rest);
    let p = estrin(a, z, <A::Format as Tables>::ASIN);
    let cube = a.mul(s.hi, z);
    let tail = a.fma(cube, p, s.lo);
    (near, s.hi, tail)
}

/// `size` where it is near zero, else `sqrt((1 - size) / 2)` as a pair.
#[inline(always)]
pub(crate) fn asin_argument<A: Arith>(a: &mut A, size: A::F, near: A::M) -> Double<A::F> {
    let (half, one, zero, tiny) = (
        a.float(0.5),
        a.float(1.0),
        a.float(0.0),
        a.float(<A::Format as Tables>::TINY),
    );
    let rest = a.sub(one, size);
    let z = a.mul(rest, half);
    let root = a.sqrt(z);
    // sqrt(z) = root + (z - root^2) / (2 root); at z = 0 the tiny number
    // turns 0/0 into 0.
    let minus = a.neg(root);
    let error = a.fma(minus, root, z);
    let twice = a.add(root, root);
    let twice = a.add(twice, tiny);
    let lo = a.div(error, twice);
    let hi = a.select(near, size, root);
    let lo = a.select(near, zero, lo);
    Double { hi, lo }
}

/// The angle in `[-pi/2, pi/2]` whose tangent is `x`.
///
/// `atan n/d` for `|x|` itself, for `(|x| - 1) / (|x| + 1)` about `pi/4` from
/// 1/2 to 2, or for `-1 / |x|` about `pi/2`.
#[inline(always)]
pub fn atan<A: Arith>(a: &mut A, x: A::F) -> A::F {
    let (half, one, two, minus_one) = (a.float(0.5), a.float(1.0), a.float(2.0), a.float(-1.0));
    let (zero, top) = (a.float(0.0), a.float(TWO_60));
    let size = a.abs(x);
    let over = a.gt(size, top);
    let size = a.select(over, top, size);
    let (middle, steep) = (a.gt(size, half), a.gt(size, two));
    let less = a.sub(size, one);
    let numerator = a.select(middle, less, size);
    let numerator = a.select(steep, minus_one, numerator);
    let first = a.select(middle, size, one);
    let second = a.select(middle, one, zero);
    let second = a.select(steep, zero, second);
    let denominator = two_sum(a, first, second);
    let reciprocal = a.div(one, denominator.hi);
    let t = a.mul(numerator, reciprocal);
    let minus = a.neg(t);
    let rest = a.fma(minus, denominator.hi, numerator);
    let rest = a.fma(minus, denominator.lo, rest);
    let t_lo = a.mul(rest, reciprocal);
    let eighths = a.select(middle, one, zero);
    let eighths = a.select(steep, two, eighths);
    let y = angle_about(a, Double { hi: t, lo: t_lo }, eighths, one);
    a.copysign(y, x)
}

/// `2^60`, whose angle is `pi/2` to all bits.
const TWO_60: f64 = (1u64 << 60) as f64;

/// `eighths pi/4 + sign atan t`, where the first is the larger unless it is zero.
#[inline(always)]
fn angle_about<A: Arith>(a: &mut A, t: Double<A::F>, eighths: A::F, sign: A::F) -> A::F {
    let z = a.mul(t.hi, t.hi);
    let p = estrin(a, z, <A::Format as Tables>::ATAN);
    let cube = a.mul(t.hi, z);
    let tail = a.fma(cube, p, t.lo);
    let (eighth_1, eighth_2) = (
        a.float(<A::Format as Tables>::PI_4_1),
        a.float(<A::Format as Tables>::PI_4_2),
    );
    let base = a.mul(eighths, eighth_1);
    let t = a.mul(sign, t.hi);
    let sum = fast_two_sum(a, base, t);
    let lo = a.fma(eighths, eighth_2, sum.lo);
    let lo = a.fma(sign, tail, lo);
    a.add(sum.hi, lo)
}

/// The angle of the point `(x, y)` in `[-pi, pi]`, with the zeros of C Annex F.
#[inline(always)]
pub fn atan2<A: Arith>(a: &mut A, y: A::F, x: A::F) -> A::F {
    let (height, width) = (a.abs(y), a.abs(x));
    let steep = a.gt(height, width);
    let less = a.select(steep, width, height);
    let more = a.select(steep, height, width);
    let zero = a.float(0.0);
    let left = a.lt(x, zero);
    let angle = angle_of_ratio(a, less, more, steep, left);
    let common = a.copysign(angle, y);
    // Where the sum, or the remainder of the division, leaves the range.
    let (least, greatest) = (
        a.float(<A::Format as Tables>::ATAN2_LEAST),
        a.float(<A::Format as Tables>::ATAN2_GREATEST),
    );
    let (small, large) = (a.lt(more, least), a.gt(more, greatest));
    let rare = a.or(small, large);
    a.rare(rare, |a| a.slow(Slow::Atan2, &[y, x]), common)
}

/// `atan(less / more)` for `0 <= less <= more`, or what it becomes in the
/// second to fourth octant: `pi/2` less it if `steep`, `pi` less that if `left`.
#[inline(always)]
pub(crate) fn angle_of_ratio<A: Arith>(
    a: &mut A,
    less: A::F,
    more: A::F,
    steep: A::M,
    left: A::M,
) -> A::F {
    // Above 1/2: atan(n/d) = pi/4 + atan((n - d) / (n + d)), n - d exact.
    let (zero, half) = (a.float(0.0), a.float(0.5));
    let bound = a.mul(more, half);
    let diagonal = a.gt(less, bound);
    let shift = a.select(diagonal, more, zero);
    let numerator = a.sub(less, shift);
    let add = a.select(diagonal, less, zero);
    let denominator = fast_two_sum(a, more, add);
    let t = a.div(numerator, denominator.hi);
    let minus = a.neg(t);
    let rest = a.fma(minus, denominator.hi, numerator);
    let rest = a.fma(minus, denominator.lo, rest);
    let t_lo = a.div(rest, denominator.hi);

    // eighths of a turn, and the sign of the rest
    let (one, two, four) = (a.float(1.0), a.float(2.0), a.float(4.0));
    let straight = a.select(steep, two, zero);
    let eighths = a.select(diagonal, one, straight);
    let opposite = a.sub(four, eighths);
    let eighths = a.select(left, opposite, eighths);
    let minus_one = a.float(-1.0);
    let (up, down) = (
        a.select(steep, minus_one, one),
        a.select(steep, one, minus_one),
    );
    let sign = a.select(left, down, up);
    angle_about(a, Double { hi: t, lo: t_lo }, eighths, sign)
}
