//! What is known of a value for every input.

use super::{as_float, as_op};
use kiln_ir::{FuncBuilder, NodeId, Op};

/// How deep a proof looks into a value.
const DEPTH: u32 = 6;

/// Whether a float is never NaN, by what it is made of.
pub(super) fn never_nan(b: &FuncBuilder, id: NodeId) -> bool {
    proves_number(b, id, DEPTH)
}

fn proves_number(b: &FuncBuilder, id: NodeId, depth: u32) -> bool {
    if let Some(value) = b.func().as_const(id) {
        return as_float(value).is_some_and(|v| !v.is_nan());
    }
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    let Some((op, args)) = as_op(b, id) else {
        return false;
    };
    let holds = |arg: NodeId| proves_number(b, arg, depth);
    match op {
        // Integers and bools have no NaN.
        Op::Cast => !b.ty(args[0]).scalar.is_float() || holds(args[0]),
        Op::Neg | Op::Abs | Op::Floor | Op::Ceil | Op::Trunc | Op::Rint => holds(args[0]),
        Op::Splat | Op::Exponent | Op::Mantissa | Op::Exp | Op::Copysign => holds(args[0]),
        Op::Min | Op::Max => holds(args[0]) && holds(args[1]),
        // NaN loses, so one number is enough.
        Op::Fmin | Op::Fmax => holds(args[0]) || holds(args[1]),
        Op::Select => holds(args[1]) && holds(args[2]),
        // No square is negative, and sqrt is NaN below zero alone.
        Op::Sqrt => as_op(b, args[0]).is_some_and(|(op, inner)| match op {
            Op::Abs => holds(inner[0]),
            Op::Mul => inner[0] == inner[1] && holds(inner[0]),
            _ => false,
        }),
        // inf * inf = inf; 0 * inf cannot be with one operand twice.
        Op::Mul => args[0] == args[1] && holds(args[0]),
        _ => false,
    }
}
