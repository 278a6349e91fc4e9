//! Arithmetic on integers, shifts, and bits of floats.
//!
//! AVX2 lacks 64-bit multiplication, arithmetic shift, minimum and maximum,
//! and absolute value; each is a short exact sequence here.

use super::super::inst::Arg;
use super::super::rows::MachOp;
use super::{Selector, Value};
use crate::CodegenError;
use kiln_ir::{NodeId, Op, Scalar};

/// The row for the element size: bytes, words, double words, quad words.
macro_rules! by_size {
    ($bytes:expr, $b:ident, $w:ident, $d:ident, $q:ident) => {
        match $bytes {
            1 => MachOp::$b,
            2 => MachOp::$w,
            4 => MachOp::$d,
            _ => MachOp::$q,
        }
    };
}

impl Selector<'_> {
    pub(super) fn int_op(
        &mut self,
        op: Op,
        args: &[NodeId],
        scalar: Scalar,
    ) -> Result<Value, CodegenError> {
        let operands: Vec<Vec<Arg>> = args.iter().map(|&arg| self.pieces(arg)).collect();
        let source = self.scalar(args[0]);
        let (width, bytes) = (self.width(scalar), scalar.bytes());
        let pieces = match (op, &operands[..]) {
            (Op::RawBits | Op::FromBits, [a]) => a.clone(),
            (Op::Bits, [a]) => self.zip([a], |s, [a]| s.canonical_bits(source, a)),
            (Op::Add | Op::Sub, [a, b]) => {
                let row = match op {
                    Op::Add => by_size!(bytes, AddB, AddW, AddD, AddQ),
                    _ => by_size!(bytes, SubB, SubW, SubD, SubQ),
                };
                self.zip([a, b], |s, [a, b]| s.op(row, width, &[a, b]))
            }
            (Op::And | Op::Or | Op::Xor, [a, b]) => {
                let row = match op {
                    Op::And => MachOp::PAnd,
                    Op::Or => MachOp::POr,
                    _ => MachOp::PXor,
                };
                self.zip([a, b], |s, [a, b]| s.op(row, width, &[a, b]))
            }
            (Op::Not, [a]) => {
                let ones = self.splat(scalar, u64::MAX);
                self.zip([a], |s, [a]| s.op(MachOp::PXor, width, &[a, ones]))
            }
            (Op::Neg, [a]) => self.zip([a], |s, [a]| s.int_neg(scalar, a)),
            (Op::Abs, [a]) if !scalar.is_signed() => a.clone(),
            (Op::Abs, [a]) if bytes >= 4 => self.zip([a], |s, [a]| s.int_abs(scalar, a)),
            (Op::Mul, [a, b]) if bytes >= 4 => self.zip([a, b], |s, [a, b]| s.mul(scalar, a, b)),
            (Op::Mul, [a, b]) if bytes == 2 => {
                self.zip([a, b], |s, [a, b]| s.op(MachOp::MulLoW, width, &[a, b]))
            }
            (Op::Min | Op::Max, [a, b]) => self.zip([a, b], |s, [a, b]| {
                s.int_min_max(op == Op::Min, scalar, a, b)
            }),
            (Op::Shl | Op::Shr, [a, b]) if bytes >= 4 => {
                let count = self.constant_count(args[1], scalar);
                self.zip([a, b], |s, [a, b]| match count {
                    Some(count) => s.shift_by(op, scalar, a, count),
                    None => s.shift(op, scalar, a, b),
                })
            }
            _ => return Err(self.unknown(op, scalar)),
        };
        Ok(Value::of(pieces))
    }

    fn int_neg(&mut self, scalar: Scalar, value: Arg) -> Arg {
        let zero = self.splat(scalar, 0);
        let row = by_size!(scalar.bytes(), SubB, SubW, SubD, SubQ);
        self.op(row, self.width(scalar), &[zero, value])
    }

    /// `|x|`; at AVX2 in 64 bits `(x ^ m) - m` with `m` the sign spread out.
    fn int_abs(&mut self, scalar: Scalar, value: Arg) -> Arg {
        let width = self.width(scalar);
        if scalar.bytes() == 4 {
            return self.op(MachOp::AbsD, width, &[value]);
        }
        if self.evex() {
            return self.op(MachOp::AbsQ, width, &[value]);
        }
        let sign = self.negative(value, 8);
        let flipped = self.op(MachOp::PXor, width, &[value, sign]);
        self.op(MachOp::SubQ, width, &[flipped, sign])
    }

    /// The low half of a product. In 64 bits at AVX2: the product of the low
    /// halves plus the sum of the cross products shifted up.
    fn mul(&mut self, scalar: Scalar, a: Arg, b: Arg) -> Arg {
        let width = self.width(scalar);
        if scalar.bytes() == 4 {
            return self.op(MachOp::MulLoD, width, &[a, b]);
        }
        if self.evex() {
            return self.op(MachOp::MulLoQ, width, &[a, b]);
        }
        // Swaps the halves of each 64-bit lane.
        let swapped = self.inst(MachOp::ShufD, width, &[b], 0b10_11_00_01);
        let cross = self.op(MachOp::MulLoD, width, &[a, swapped]);
        let high = self.inst(MachOp::SrlQ, width, &[cross], 32);
        let cross = self.op(MachOp::AddD, width, &[cross, high]);
        let cross = self.inst(MachOp::SllQ, width, &[cross], 32);
        let low = self.op(MachOp::MulUDQ, width, &[a, b]);
        self.op(MachOp::AddQ, width, &[low, cross])
    }

    fn int_min_max(&mut self, is_min: bool, scalar: Scalar, a: Arg, b: Arg) -> Arg {
        let (width, bytes) = (self.width(scalar), scalar.bytes());
        if bytes == 8 && !self.evex() {
            let op = if is_min { Op::Lt } else { Op::Gt };
            let first = self.compare_piece(op, scalar, a, b);
            return self.blend(scalar, first, a, b);
        }
        let row = match (is_min, scalar.is_signed()) {
            (true, true) => by_size!(bytes, MinSB, MinSW, MinSD, MinSQ),
            (true, false) => by_size!(bytes, MinUB, MinUW, MinUD, MinUQ),
            (false, true) => by_size!(bytes, MaxSB, MaxSW, MaxSD, MaxSQ),
            (false, false) => by_size!(bytes, MaxUB, MaxUW, MaxUD, MaxUQ),
        };
        self.op(row, width, &[a, b])
    }

    /// A shift's count, modulo the width, if it is a constant.
    fn constant_count(&self, node: NodeId, scalar: Scalar) -> Option<u8> {
        let mut node = node;
        if let kiln_ir::Node::Op {
            op: Op::Splat,
            args,
        } = self.func.node(node)
        {
            node = args[0];
        }
        let count = self.func.as_const(node)?.bits();
        Some((count & u64::from(scalar.bits() - 1)) as u8)
    }

    /// A shift by a constant.
    pub(super) fn shift_by(&mut self, op: Op, scalar: Scalar, value: Arg, count: u8) -> Arg {
        let (width, wide) = (self.width(scalar), scalar.bytes() == 8);
        let value = Arg::Reg(self.register(value, width));
        let arithmetic = scalar.is_signed();
        let row = match (op, arithmetic, wide) {
            (Op::Shl, _, true) => MachOp::SllQ,
            (Op::Shl, _, false) => MachOp::SllD,
            (_, false, true) => MachOp::SrlQ,
            (_, false, false) => MachOp::SrlD,
            (_, true, false) => MachOp::SraD,
            (_, true, true) if self.evex() => MachOp::SraQ,
            (_, true, true) => return self.arithmetic_shift(value, count),
        };
        self.inst(row, width, &[value], count)
    }

    /// `x >> count`, signed, in 64 bits at AVX2: `((x >>> n) ^ m) - m` with
    /// `m` the sign bit shifted as far.
    fn arithmetic_shift(&mut self, value: Arg, count: u8) -> Arg {
        let width = self.width(Scalar::I64);
        let shifted = self.inst(MachOp::SrlQ, width, &[value], count);
        let sign = self.splat(Scalar::I64, (1 << 63) >> count);
        let flipped = self.op(MachOp::PXor, width, &[shifted, sign]);
        self.op(MachOp::SubQ, width, &[flipped, sign])
    }

    /// A shift by a count per lane, modulo the width.
    fn shift(&mut self, op: Op, scalar: Scalar, value: Arg, count: Arg) -> Arg {
        let (width, wide) = (self.width(scalar), scalar.bytes() == 8);
        let limit = self.splat(scalar, u64::from(scalar.bits() - 1));
        let count = self.op(MachOp::PAnd, width, &[count, limit]);
        let row = match (op, scalar.is_signed(), wide) {
            (Op::Shl, _, true) => MachOp::SllvQ,
            (Op::Shl, _, false) => MachOp::SllvD,
            (_, false, true) => MachOp::SrlvQ,
            (_, false, false) => MachOp::SrlvD,
            (_, true, false) => MachOp::SravD,
            (_, true, true) if self.evex() => MachOp::SravQ,
            (_, true, true) => {
                let sign = self.splat(Scalar::I64, 1 << 63);
                let shifted = self.op(MachOp::SrlvQ, width, &[value, count]);
                let sign = self.op(MachOp::SrlvQ, width, &[sign, count]);
                let flipped = self.op(MachOp::PXor, width, &[shifted, sign]);
                return self.op(MachOp::SubQ, width, &[flipped, sign]);
            }
        };
        self.op(row, width, &[value, count])
    }

    /// Whether a sum or difference leaves its type.
    ///
    /// Signed: it does if the result's sign differs from that of both
    /// addends, or of the minuend and of the inverted subtrahend. Unsigned:
    /// if the sum is below an addend, or the minuend below the subtrahend.
    pub(super) fn overflows(&mut self, op: Op, args: &[NodeId]) -> Result<Value, CodegenError> {
        let scalar = self.scalar(args[0]);
        let (width, bytes) = (self.width(scalar), scalar.bytes());
        if bytes < 4 {
            return Err(self.unknown(op, scalar));
        }
        let (a, b) = (self.pieces(args[0]), self.pieces(args[1]));
        let pieces = self.zip([&a, &b], |s, [a, b]| match (scalar.is_signed(), op) {
            (false, Op::SubOverflows) => s.compare_piece(Op::Lt, scalar, a, b),
            (false, _) => {
                let sum = s.op(by_size!(bytes, AddB, AddW, AddD, AddQ), width, &[a, b]);
                s.compare_piece(Op::Lt, scalar, sum, a)
            }
            (true, Op::SubOverflows) => {
                let result = s.op(by_size!(bytes, SubB, SubW, SubD, SubQ), width, &[a, b]);
                let to_a = s.op(MachOp::PXor, width, &[a, result]);
                let apart = s.op(MachOp::PXor, width, &[a, b]);
                let both = s.op(MachOp::PAnd, width, &[to_a, apart]);
                s.negative(both, bytes)
            }
            (true, _) => {
                let result = s.op(by_size!(bytes, AddB, AddW, AddD, AddQ), width, &[a, b]);
                let to_a = s.op(MachOp::PXor, width, &[a, result]);
                let to_b = s.op(MachOp::PXor, width, &[b, result]);
                let both = s.op(MachOp::PAnd, width, &[to_a, to_b]);
                s.negative(both, bytes)
            }
        });
        Ok(Value::mask(pieces, bytes))
    }
}
