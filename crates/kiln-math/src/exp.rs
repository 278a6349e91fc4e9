//! `exp` in binary64.
//!
//! Cody-Waite reduction `x = k ln 2 + r`, `|r| <= ln 2 / 2`, a polynomial of
//! degree 11 for `e^r - 1`, and a scale by `2^k` built from the bits of the
//! rounding constant. One comparison guards the ends of the range; NaN needs
//! none, since every product with it stays NaN.

use crate::poly::estrin;
use crate::{Arith, Binary64};

/// `1.5 * 2^52 + 1023`: adding it rounds to an integer `k` and leaves the
/// biased exponent of `2^k` in the low bits.
const SHIFTER: f64 = 6755399441055744.0 + 1023.0;
const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// `ln 2` in two parts, the first with 42 bits, so that `k * LN2_HI` is exact.
const LN2_HI: f64 = f64::from_bits(0x3fe62e42fefa3800);
const LN2_LO: f64 = f64::from_bits(0x3d2ef35793c76730);

/// `2^1000`.
const TWO_1000: f64 = f64::from_bits((1023 + 1000) << 52);

/// `e^x`.
#[inline(always)]
pub fn exp<A: Arith<Format = Binary64>>(a: &mut A, x: A::F) -> A::F {
    let (log2_e, shifter) = (a.float(LOG2_E), a.float(SHIFTER));
    let shifted = a.fma(x, log2_e, shifter);
    let k = a.sub(shifted, shifter);
    let (ln2_hi, ln2_lo) = (a.float(-LN2_HI), a.float(-LN2_LO));
    let r = a.fma(k, ln2_hi, x);
    let r = a.fma(k, ln2_lo, r);
    let q = estrin(a, r, EXPM1);
    let r2 = a.mul(r, r);
    let t = a.fma(r2, q, r);
    let common = scale(a, shifted, t);
    let size = a.abs(x);
    let limit = a.float(708.0);
    let rare = a.gt(size, limit);
    a.rare(rare, |a| exp_far(a, x, shifted, t), common)
}

/// `2^k (1 + t)` where the low bits of `shifted` are the biased exponent.
#[inline(always)]
fn scale<A: Arith<Format = Binary64>>(a: &mut A, shifted: A::F, t: A::F) -> A::F {
    let bits = a.bits(shifted);
    let bits = a.ishl(bits, 52);
    let power = a.from_bits(bits);
    a.fma(power, t, power)
}

/// The ends of the range, where `2^k` is not a normal number: the scale is
/// applied in two steps, and what over- or underflows is selected.
#[inline(always)]
fn exp_far<A: Arith<Format = Binary64>>(a: &mut A, x: A::F, shifted: A::F, t: A::F) -> A::F {
    let zero = a.float(0.0);
    let positive = a.gt(x, zero);
    let (step_up, step_down) = (a.float(-1000.0), a.float(1000.0));
    let step = a.select(positive, step_up, step_down);
    let nearer = a.add(shifted, step);
    let y = scale(a, nearer, t);
    let (up, down) = (a.float(TWO_1000), a.float(1.0 / TWO_1000));
    let rest = a.select(positive, up, down);
    let y = a.mul(y, rest);
    // ln(2^1024) and ln(2^-1075), each beyond the last argument that counts.
    let (top, bottom) = (a.float(709.79), a.float(-745.14));
    let (over, under) = (a.gt(x, top), a.lt(x, bottom));
    let infinity = a.float(f64::INFINITY);
    let y = a.select(over, infinity, y);
    a.select(under, zero, y)
}

/// `(e^r - 1 - r) / r^2` on `|r| <= 0.3466`.
#[rustfmt::skip]
const EXPM1: [f64; 10] = [
    0.5, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0,
    1.0 / 5040.0, 1.0 / 40320.0, 1.0 / 362880.0, 1.0 / 3628800.0, 1.0 / 39916800.0,
];
