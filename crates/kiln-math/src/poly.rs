//! Polynomial evaluation and error-free transforms over an [`Arith`].
//!
//! Estrin's scheme: pairs are joined by fma with rising powers of two of the
//! argument, so that the depth is logarithmic. The order is part of the
//! meaning of each function that uses it.

use crate::Arith;

/// The longest polynomial that [`estrin`] takes.
const MAX_TERMS: usize = 32;

/// `c[0] + c[1] z + c[2] z^2 + ...` by Estrin's scheme.
///
/// Powers `z^2, z^4, ...` are made only as far as they are needed; equal powers
/// asked for twice are one node in the IR.
#[inline(always)]
pub(crate) fn estrin<A: Arith>(a: &mut A, z: A::F, c: &[f64]) -> A::F {
    let mut terms = [z; MAX_TERMS];
    let mut i = 0;
    while i < c.len() {
        terms[i] = a.float(c[i]);
        i += 1;
    }
    let (mut len, mut power) = (c.len(), z);
    while len > 1 {
        let mut i = 0;
        while i < len {
            terms[i / 2] = if i + 1 < len {
                a.fma(terms[i + 1], power, terms[i])
            } else {
                terms[i]
            };
            i += 2;
        }
        len = len.div_ceil(2);
        if len > 1 {
            power = a.mul(power, power);
        }
    }
    terms[0]
}

/// `t + z^3 P(z)` for the coefficients `c` of `P`, where `z2 = z^2` and
/// `z3 = z^3`.
///
/// Its first four terms join `t` while the others are still on their way, so
/// that the whole takes one step less than the polynomial and a product.
#[inline(always)]
pub(crate) fn onto<A: Arith>(a: &mut A, t: A::F, z: A::F, z2: A::F, z3: A::F, c: &[f64]) -> A::F {
    let (low, high) = c.split_at(if c.len() < 4 { c.len() } else { 4 });
    let p = estrin(a, z, low);
    let t = a.fma(z3, p, t);
    if high.is_empty() {
        return t;
    }
    let z4 = a.mul(z2, z2);
    let z7 = a.mul(z4, z3);
    let p = estrin(a, z, high);
    a.fma(z7, p, t)
}

/// A value as the unevaluated sum `hi + lo`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Double<F> {
    pub(crate) hi: F,
    pub(crate) lo: F,
}

/// `x + y` exactly, for `|x| >= |y|` or `x = 0` (Dekker's Fast2Sum).
#[inline(always)]
pub(crate) fn fast_two_sum<A: Arith>(a: &mut A, x: A::F, y: A::F) -> Double<A::F> {
    let hi = a.add(x, y);
    let back = a.sub(x, hi);
    let lo = a.add(back, y);
    Double { hi, lo }
}

/// `x + y` exactly (Knuth's 2Sum).
#[inline(always)]
pub(crate) fn two_sum<A: Arith>(a: &mut A, x: A::F, y: A::F) -> Double<A::F> {
    let hi = a.add(x, y);
    let part = a.sub(hi, x);
    let other = a.sub(hi, part);
    let x_lost = a.sub(x, other);
    let y_lost = a.sub(y, part);
    let lo = a.add(x_lost, y_lost);
    Double { hi, lo }
}

/// `x * y` exactly, unless it underflows.
#[inline(always)]
pub(crate) fn two_prod<A: Arith>(a: &mut A, x: A::F, y: A::F) -> Double<A::F> {
    let hi = a.mul(x, y);
    let minus = a.neg(hi);
    let lo = a.fma(x, y, minus);
    Double { hi, lo }
}
