//! Identities of `select`.

use super::{Site, rules};
use kiln_ir::{NodeId, Op};

rules! {
    // select(c, x, x) = x.
    "select-same" [Select] |s| (s.y() == s.z()).then(|| s.y());
    // select(true, x, y) = x, select(false, x, y) = y.
    "select-known" [Select] |s| {
        let known = s.constant(s.x())?.as_bool()?;
        Some(if known { s.y() } else { s.z() })
    };
    // select(not c, x, y) = select(c, y, x).
    "select-not" [Select] |s| {
        let cond = s.operands(s.x(), Op::Not)?[0];
        Some(s.make(Op::Select, &[cond, s.z(), s.y()]))
    };
    // select(c, true, false) = c, select(c, false, true) = not c.
    "select-truth" [Select] |s| {
        if s.is_bool(s.y(), true) && s.is_bool(s.z(), false) {
            return Some(s.x());
        }
        let inverse = s.is_bool(s.y(), false) && s.is_bool(s.z(), true);
        inverse.then(|| s.make(Op::Not, &[s.x()]))
    };
    // select(c, true, y) = c or y, select(c, x, false) = c and x.
    "select-or-and" [Select] |s| {
        if s.is_bool(s.y(), true) {
            return Some(s.make(Op::Or, &[s.x(), s.z()]));
        }
        s.is_bool(s.z(), false).then(|| s.make(Op::And, &[s.x(), s.y()]))
    };
    // select(c, false, y) = not c and y, select(c, x, true) = not c or x.
    "select-not-or-and" [Select] |s| {
        let (op, other) = if s.is_bool(s.y(), false) {
            (Op::And, s.z())
        } else if s.is_bool(s.z(), true) {
            (Op::Or, s.y())
        } else {
            return None;
        };
        let inverse = s.make(Op::Not, &[s.x()]);
        Some(s.make(op, &[inverse, other]))
    };
    // select(c, select(c, x, y), z) = select(c, x, z), and so on the other side.
    "select-again" [Select] |s| {
        if let Some(x) = side(s, s.y(), 1) {
            return Some(s.make(Op::Select, &[s.x(), x, s.z()]));
        }
        let z = side(s, s.z(), 2)?;
        Some(s.make(Op::Select, &[s.x(), s.y(), z]))
    };
    // select(x = y, x, y) = y for integers; for floats 0.0 = -0.0.
    "select-equal" [Select] |s| {
        let (op, args) = s.op_of(s.x())?;
        let same = [args.first(), args.get(1)] == [Some(&s.y()), Some(&s.z())]
            || [args.first(), args.get(1)] == [Some(&s.z()), Some(&s.y())];
        match op {
            _ if !same || s.ty.scalar.is_float() => None,
            Op::Eq => Some(s.z()),
            Op::Ne => Some(s.y()),
            _ => None,
        }
    };
    // select(x < y, x, y) = min(x, y) for integers; for floats NaN and zeros differ.
    "select-least" [Select] |s| {
        let (op, args) = s.op_of(s.x())?;
        let mirrored = super::constant::mirrored(op)?;
        let op = if args[..] == [s.y(), s.z()] {
            op
        } else if args[..] == [s.z(), s.y()] {
            mirrored
        } else {
            return None;
        };
        let is_min = matches!(op, Op::Lt | Op::Le);
        let op = if is_min { Op::Min } else { Op::Max };
        s.ty.scalar.is_int().then(|| s.make(op, &[s.y(), s.z()]))
    };
}

/// The operand at `at` of a `select` by the same condition as the site's.
fn side(s: &Site<'_>, id: NodeId, at: usize) -> Option<NodeId> {
    let args = s.operands(id, Op::Select)?;
    (args[0] == s.x()).then(|| args[at])
}
