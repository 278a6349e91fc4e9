//! What the wide emitter can make: one table, asked before anything is
//! emitted. A test compiles every cell that is legal.

use crate::target::Level;
use kiln_ir::{Class, Op, Scalar};

/// Whether an op on elements of `scalar` (its first operand's, or for a
/// choice its result's) has a form at a level.
pub(crate) fn is_legal(op: Op, scalar: Scalar, level: Level) -> bool {
    use Op::*;
    let (float, bytes) = (scalar.is_float(), scalar.bytes());
    match op {
        Add | Sub | And | Or | Xor | Not | Min | Max | Neg => true,
        Mul => float || bytes >= 2,
        Div | Sqrt | Fma | Rem => float,
        Abs => float || !scalar.is_signed() || bytes >= 4,
        Fmin | Fmax | Floor | Ceil | Trunc | Rint | Copysign => true,
        Ldexp | Exponent | Mantissa => level == Level::Avx512,
        AddOverflows | SubOverflows | Shl | Shr => bytes >= 4,
        Eq | Ne | Lt | Le | Gt | Ge | Select => true,
        Cast | Bits | RawBits | FromBits | Splat | Iota | Any | All => true,
        AddSat | SubSat | MulSat | MulHigh | MulOverflows => false,
        Rotl | Rotr | Clz | Ctz | Popcount => false,
        _ => op.class() == Class::Slow,
    }
}

/// Whether a conversion at a level goes through 64-bit lanes, which then
/// bound how many lanes a register holds.
pub(crate) fn cast_needs_quads(from: Scalar, to: Scalar, level: Level) -> bool {
    level < Level::Avx512
        && matches!(
            (from, to),
            (Scalar::U32, Scalar::F32) | (Scalar::F32, Scalar::U32)
        )
}
