//! Chains of conversions of which the middle one loses nothing.

use super::rules;
use kiln_ir::{Op, Scalar};

rules! {
    // A cast to the type of its operand does nothing.
    "cast-same" [Cast] |s| (s.ty_of(s.x()) == s.ty).then(|| s.x());
    // cast.T(cast.M(x)) = cast.T(x) where the step through M changes nothing.
    "cast-twice" [Cast] |s| {
        let inner = s.operands(s.x(), Op::Cast)?[0];
        let (from, middle, to) = (s.ty_of(inner).scalar, s.operand(), s.ty.scalar);
        passes_through(from, middle, to).then(|| s.make(Op::Cast, &[inner]))
    };
}

/// Whether casting `from` to `middle` and then `to` is casting at once.
fn passes_through(from: Scalar, middle: Scalar, to: Scalar) -> bool {
    if middle.is_float() {
        // A float that holds every value of `from` hands it on; but to an
        // integer a float saturates where an integer wraps.
        let exact = holds_all(middle, from);
        return exact && (from.is_float() || to.is_float() || holds_all(to, from));
    }
    if from.is_float() {
        return false;
    }
    // Every value survives, or no bit is asked for that did not.
    holds_all(middle, from) || (to.is_int() && to.bits() <= middle.bits())
}

/// Whether every value of `from` is one of `to`.
fn holds_all(to: Scalar, from: Scalar) -> bool {
    match (from, to) {
        (Scalar::Bool, _) => true,
        (_, Scalar::Bool) => false,
        (Scalar::F32, Scalar::F32 | Scalar::F64) | (Scalar::F64, Scalar::F64) => true,
        (Scalar::F32 | Scalar::F64, _) => false,
        (int, Scalar::F64) => int.bits() <= 32,
        (int, Scalar::F32) => int.bits() <= 16,
        (a, b) if a.is_signed() == b.is_signed() => a.bits() <= b.bits(),
        (a, b) => !a.is_signed() && a.bits() < b.bits(),
    }
}
