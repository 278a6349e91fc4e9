//! Comparisons whose outcome is known, and their complements.

use super::facts::never_nan;
use super::identity::{greatest, least, whole};
use super::{as_float, rules};
use kiln_ir::Op;

rules! {
    // x = x and the like for integers and bools; of floats those that no NaN
    // changes, x < x and x > x, and all where x is never NaN.
    "compare-self" [Eq Ne Lt Le Gt Ge] |s| {
        let strict = matches!(s.op, Op::Lt | Op::Gt);
        let certain = !s.operand().is_float() || strict || never_nan(s.b, s.x());
        let holds = matches!(s.op, Op::Eq | Op::Le | Op::Ge);
        (certain && s.x() == s.y()).then(|| s.bool(holds))
    };
    // No integer is beyond the ends of its type.
    "compare-with-end" [Lt Le Gt Ge] |s| {
        let c = s.constant(s.y())?;
        let end = if matches!(s.op, Op::Lt | Op::Ge) { least(s) } else { greatest(s) };
        let holds = matches!(s.op, Op::Le | Op::Ge);
        (Some(c) == end).then(|| s.bool(holds))
    };
    // x < -inf and x > inf hold for no float.
    "compare-with-infinity" [Lt Gt] |s| {
        let end = if s.op == Op::Lt { f64::NEG_INFINITY } else { f64::INFINITY };
        s.is_float(s.y(), end).then(|| s.bool(false))
    };
    // Compared with NaN, everything is unequal and nothing else.
    "compare-with-nan" [Eq Ne Lt Le Gt Ge] |s| {
        let is_nan = s.constant(s.y()).and_then(as_float)?.is_nan();
        is_nan.then(|| s.bool(s.op == Op::Ne))
    };
    // (b = true) = b, (b = false) = not b, and the other way round for !=.
    "compare-bool" [Eq Ne] |s| {
        let c = s.constant(s.y())?.as_bool()?;
        if c == (s.op == Op::Eq) {
            return Some(s.x());
        }
        Some(s.make(Op::Not, &[s.x()]))
    };
    // not (x = y) is x != y, on NaN too. Of the other comparisons this holds
    // where there is no NaN: for integers, and for floats that are numbers.
    "not-compare" [Not] |s| {
        let (op, args) = s.op_of(s.x())?;
        let opposite = complement(op)?;
        let is_equality = matches!(op, Op::Eq | Op::Ne);
        let certain = is_equality
            || !s.ty_of(args[0]).scalar.is_float()
            || (never_nan(s.b, args[0]) && never_nan(s.b, args[1]));
        certain.then(|| s.make(opposite, &args))
    };
    // -x < -y is y < x, for floats; integers wrap at MIN.
    "compare-negatives" [Eq Ne Lt Le Gt Ge] |s| {
        if !s.operand().is_float() {
            return None;
        }
        let x = s.operands(s.x(), Op::Neg)?[0];
        let y = s.operands(s.y(), Op::Neg)?[0];
        Some(s.make(s.op, &[y, x]))
    };
    // -x < c is x > -c, for floats.
    "compare-negative" [Eq Ne Lt Le Gt Ge] |s| {
        if !s.operand().is_float() {
            return None;
        }
        let x = s.operands(s.x(), Op::Neg)?[0];
        let c = s.constant(s.y())?;
        let ty = s.ty.with_scalar(c.scalar());
        let c = s.make_as(Op::Neg, &[s.y()], ty);
        let op = super::constant::mirrored(s.op).unwrap_or(s.op);
        Some(s.make(op, &[x, c]))
    };
    // x + c = d is x = d - c for integers, which wrap alike.
    "move-constant" [Eq Ne] |s| {
        let args = s.operands(s.x(), Op::Add)?;
        let (c, d) = (whole(s, args[1])?, whole(s, s.y())?);
        let moved = s.int(d - c);
        Some(s.make(s.op, &[args[0], moved]))
    };
    // x - y = 0 is x = y for integers, which wrap alike.
    "equal-by-difference" [Eq Ne] |s| {
        let args = s.operands(s.x(), Op::Sub)?;
        (whole(s, s.y())? == 0).then(|| s.make(s.op, &args))
    };
}

/// The comparison that holds where `op` does not, if there is no NaN.
fn complement(op: Op) -> Option<Op> {
    Some(match op {
        Op::Eq => Op::Ne,
        Op::Ne => Op::Eq,
        Op::Lt => Op::Ge,
        Op::Le => Op::Gt,
        Op::Gt => Op::Le,
        Op::Ge => Op::Lt,
        _ => return None,
    })
}
