//! Identities of bit operations and of the algebra of bools.

use super::facts::never_nan;
use super::identity::whole;
use super::{Site, rules};
use kiln_ir::{Const, NodeId, Op};

rules! {
    // x & 111...1 = x, x | 111...1 = 111...1.
    "all-ones" [And Or] |s| {
        is_ones(s, s.y()).then(|| if s.op == Op::And { s.x() } else { s.y() })
    };
    // x ^ 111...1 = ~x; for bools, x ^ true = not x.
    "xor-ones" [Xor] |s| is_ones(s, s.y()).then(|| s.make(Op::Not, &[s.x()]));
    // x & ~x = 0, x | ~x = x ^ ~x = 111...1.
    "with-complement" [And Or Xor] |s| {
        (is_complement(s, s.x(), s.y()) || is_complement(s, s.y(), s.x())).then(|| {
            let value = if s.op == Op::And { Const::zero(s.ty.scalar) } else { ones(s) };
            s.constant_of(value)
        })
    };
    // x & (x | y) = x | (x & y) = x.
    "absorb" [And Or] |s| {
        let other = if s.op == Op::And { Op::Or } else { Op::And };
        let holds = |whole: NodeId, part: NodeId| {
            s.operands(whole, other).is_some_and(|a| a.contains(&part))
        };
        if holds(s.y(), s.x()) {
            return Some(s.x());
        }
        holds(s.x(), s.y()).then(|| s.y())
    };
    // x & (x & y) = x & y, x | (x | y) = x | y.
    "repeat" [And Or] |s| {
        let holds = |whole: NodeId, part: NodeId| {
            s.operands(whole, s.op).is_some_and(|a| a.contains(&part))
        };
        if holds(s.y(), s.x()) {
            return Some(s.y());
        }
        holds(s.x(), s.y()).then(|| s.x())
    };
    // (x ^ y) ^ y = x.
    "xor-twice" [Xor] |s| {
        let undone = |outer: NodeId, other: NodeId| {
            let args = s.operands(outer, Op::Xor)?;
            match (args[0] == other, args[1] == other) {
                (true, _) => Some(args[1]),
                (_, true) => Some(args[0]),
                _ => None,
            }
        };
        undone(s.x(), s.y()).or_else(|| undone(s.y(), s.x()))
    };
    // x << c = x << (c mod width), and so for every shift and rotation.
    "shift-modulo" [Shl Shr Rotl Rotr] |s| {
        let (c, width) = (whole(s, s.y())?, i128::from(s.operand().bits()));
        let rest = c.rem_euclid(width);
        if rest == c {
            return None;
        }
        let rest = s.int(rest);
        Some(s.make(s.op, &[s.x(), rest]))
    };
    // (x << c) << d = x << (c + d), 0 from the width on; so x >> c >> d, where
    // signed values keep their sign.
    "shift-twice" [Shl Shr] |s| {
        let inner = s.operands(s.x(), s.op)?;
        let width = i128::from(s.operand().bits());
        let sum = whole(s, inner[1])?.rem_euclid(width) + whole(s, s.y())?.rem_euclid(width);
        let is_arithmetic = s.op == Op::Shr && s.operand().is_signed();
        if sum >= width && !is_arithmetic {
            return Some(s.constant_of(Const::zero(s.ty.scalar)));
        }
        let sum = s.int(sum.min(width - 1));
        Some(s.make(s.op, &[inner[0], sum]))
    };
    // rotl(rotl(x, c), d) = rotl(x, c + d), and so to the right.
    "rotate-twice" [Rotl Rotr] |s| {
        let inner = s.operands(s.x(), s.op)?;
        let width = i128::from(s.operand().bits());
        let sum = whole(s, inner[1])?.rem_euclid(width) + whole(s, s.y())?.rem_euclid(width);
        let sum = s.int(sum % width);
        Some(s.make(s.op, &[inner[0], sum]))
    };
    // bits(x) = raw_bits(x) where x is never NaN.
    "bits-of-number" [Bits] |s| {
        never_nan(s.b, s.x()).then(|| s.make(Op::RawBits, &[s.x()]))
    };
    // raw_bits(from_bits(i)) = i; at a NaN raw_bits may give any.
    "bits-of-bits" [RawBits] |s| Some(s.operands(s.x(), Op::FromBits)?[0]);
    // from_bits(bits(x)) = x: the bits of a NaN cannot be told apart.
    "float-of-bits" [FromBits] |s| match s.op_of(s.x())? {
        (Op::Bits | Op::RawBits, args) => Some(args[0]),
        _ => None,
    };
    // from_bits(bits(x) & 0111...1) = |x|, from_bits(bits(x) ^ 1000...0) = -x.
    "sign-by-bits" [FromBits] |s| {
        let (op, args) = s.op_of(s.x())?;
        let inner = match s.op_of(args.first().copied()?)? {
            (Op::RawBits | Op::Bits, inner) => inner[0],
            _ => return None,
        };
        let sign = 1u64 << (s.ty.scalar.bits() - 1);
        match (op, s.constant(*args.get(1)?)?.bits()) {
            (Op::And, mask) if mask == sign - 1 => Some(s.make(Op::Abs, &[inner])),
            (Op::Xor, mask) if mask == sign => Some(s.make(Op::Neg, &[inner])),
            _ => None,
        }
    };
    // Every lane of a splat is its value.
    "lanes-agree" [Any All] |s| Some(s.operands(s.x(), Op::Splat)?[0]);
}

fn ones(s: &Site<'_>) -> Const {
    Const::from_bits(s.ty.scalar, u64::MAX)
}

fn is_ones(s: &Site<'_>, id: NodeId) -> bool {
    s.constant(id) == Some(ones(s))
}

/// Whether `y` is `not x`.
fn is_complement(s: &Site<'_>, x: NodeId, y: NodeId) -> bool {
    s.operands(y, Op::Not).is_some_and(|args| args[0] == x)
}
