//! Identities of floats that hold bit for bit, zeros and infinities included.

use super::facts::never_nan;
use super::{as_float, float_const, rules};
use kiln_ir::{Op, Scalar};

rules! {
    // x + -0.0 = x; x + 0.0 is not: it turns -0.0 into 0.0.
    "add-negative-zero" [Add] |s| s.is_float(s.y(), -0.0).then(|| s.x());
    // x - 0.0 = x; x - -0.0 is not.
    "subtract-zero" [Sub] |s| s.is_float(s.y(), 0.0).then(|| s.x());
    // -0.0 - x = -x; 0.0 - x is not at x = 0.
    "negative-zero-minus" [Sub] |s| {
        s.is_float(s.x(), -0.0).then(|| s.make(Op::Neg, &[s.y()]))
    };
    // x / c = x * (1 / c) where 1 / c is exact: c is a power of two and 1 / c finite.
    "divide-by-power-of-two" [Div] |s| {
        let c = s.constant(s.y()).and_then(as_float)?;
        let inverse = float_const(s.ty.scalar, 1.0 / c);
        let is_exact = is_power_of_two(c) && as_float(inverse).is_some_and(f64::is_finite);
        let inverse = is_exact.then(|| s.constant_of(inverse))?;
        Some(s.make(Op::Mul, &[s.x(), inverse]))
    };
    // fma(-x, -y, z) = fma(x, y, z).
    "fma-negatives-cancel" [Fma] |s| {
        let x = s.operands(s.x(), Op::Neg)?[0];
        let y = s.operands(s.y(), Op::Neg)?[0];
        Some(s.make(Op::Fma, &[x, y, s.z()]))
    };
    // fma(-x, c, z) = fma(x, -c, z).
    "fma-negate-constant" [Fma] |s| {
        let x = s.operands(s.x(), Op::Neg)?[0];
        s.constant(s.y())?;
        let c = s.make(Op::Neg, &[s.y()]);
        Some(s.make(Op::Fma, &[x, c, s.z()]))
    };
    // fma(x, 1, z) = x + z, fma(x, -1, z) = z - x.
    "fma-one" [Fma] |s| {
        if s.is_float(s.y(), 1.0) {
            return Some(s.make(Op::Add, &[s.x(), s.z()]));
        }
        s.is_float(s.y(), -1.0).then(|| s.make(Op::Sub, &[s.z(), s.x()]))
    };
    // fma(x, y, -0.0) = x * y: it rounds once, and -0.0 keeps the sign of a zero.
    "fma-adds-nothing" [Fma] |s| {
        s.is_float(s.z(), -0.0).then(|| s.make(Op::Mul, &[s.x(), s.y()]))
    };
    // |x * x| = x * x: a square has no sign.
    "absolute-of-square" [Abs] |s| {
        let args = s.operands(s.x(), Op::Mul)?;
        (s.ty.scalar.is_float() && args[0] == args[1]).then(|| s.x())
    };
    // |copysign(x, y)| = |x|.
    "absolute-drops-sign" [Abs] |s| {
        let args = s.operands(s.x(), Op::Copysign)?;
        Some(s.make(Op::Abs, &[args[0]]))
    };
    // copysign(|x|, y) = copysign(-x, y) = copysign(x, y).
    "copysign-drops-sign" [Copysign] |s| match s.op_of(s.x())? {
        (Op::Abs | Op::Neg | Op::Copysign, args) => Some(s.make(Op::Copysign, &[args[0], s.y()])),
        _ => None,
    };
    // copysign(x, c) = |x| or -|x|; a NaN c counts as positive.
    "copysign-constant" [Copysign] |s| {
        let c = s.constant(s.y()).and_then(as_float)?;
        let size = s.make(Op::Abs, &[s.x()]);
        let negative = c.is_sign_negative() && !c.is_nan();
        Some(if negative { s.make(Op::Neg, &[size]) } else { size })
    };
    // copysign(x, x) = x.
    "copysign-self" [Copysign] |s| (s.x() == s.y()).then(|| s.x());
    // A rounded value is whole: rounding it again, in whatever way, keeps it.
    "round-twice" [Floor Ceil Trunc Rint] |s| match s.op_of(s.x())? {
        (Op::Floor | Op::Ceil | Op::Trunc | Op::Rint, _) => Some(s.x()),
        _ => None,
    };
    // A float made of an integer is whole.
    "round-whole" [Floor Ceil Trunc Rint] |s| {
        let args = s.operands(s.x(), Op::Cast)?;
        (!s.ty_of(args[0]).scalar.is_float()).then(|| s.x())
    };
    // min(x, inf) = max(x, -inf) = x; fmin is not: it turns NaN into inf.
    "beyond-infinity" [Min Max] |s| {
        let far = if s.op == Op::Min { f64::INFINITY } else { f64::NEG_INFINITY };
        s.is_float(s.y(), far).then(|| s.x())
    };
    // fmin(x, NaN) = fmax(x, NaN) = x.
    "nan-loses" [Fmin Fmax] |s| {
        s.constant(s.y()).and_then(as_float)?.is_nan().then(|| s.x())
    };
    // fmin(x, -inf) = -inf, fmax(x, inf) = inf, for a NaN too; min is not.
    "at-infinity" [Fmin Fmax] |s| {
        let end = if s.op == Op::Fmin { f64::NEG_INFINITY } else { f64::INFINITY };
        s.is_float(s.y(), end).then(|| s.y())
    };
    // fmin = min and fmax = max where neither is NaN.
    "no-nan-to-lose" [Fmin Fmax] |s| {
        let certain = never_nan(s.b, s.x()) && never_nan(s.b, s.y());
        let op = if s.op == Op::Fmin { Op::Min } else { Op::Max };
        certain.then(|| s.make(op, &[s.x(), s.y()]))
    };
    // ldexp(x, c) = x * 2^floor(c) where the power is representable: both round once.
    "scale-by-constant" [Ldexp] |s| {
        let k = s.constant(s.y()).and_then(as_float)?.floor();
        let (low, high) = exponents(s.ty.scalar);
        if !(low..=high).contains(&k) {
            return None;
        }
        let power = s.float(kiln_math::ldexp(1.0, k));
        Some(s.make(Op::Mul, &[s.x(), power]))
    };
    // x^0 = 1, also of NaN; x^1 = x, x^2 = x * x, x^-1 = 1 / x, as powi means them.
    // In f32 the quotient of f64 rounds once: 53 bits are more than 2 * 24 + 2.
    "small-power" [Powi] |s| {
        match s.constant(s.y())?.as_int()? {
            0 => Some(s.float(1.0)),
            1 => Some(s.x()),
            2 => Some(s.make(Op::Mul, &[s.x(), s.x()])),
            -1 => {
                let one = s.float(1.0);
                Some(s.make(Op::Div, &[one, s.x()]))
            }
            _ => None,
        }
    };
}

/// Whether `|c| = 2^k`.
fn is_power_of_two(c: f64) -> bool {
    c.is_finite() && c != 0.0 && kiln_math::mantissa(c).abs() == 1.0
}

/// The exponents of the powers of two that a float type holds.
fn exponents(scalar: Scalar) -> (f64, f64) {
    match scalar {
        Scalar::F32 => (-149.0, 127.0),
        _ => (-1074.0, 1023.0),
    }
}
