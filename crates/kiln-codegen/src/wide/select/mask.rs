//! Masks: comparisons, logic, choice, and masks as bytes in memory.

use super::super::inst::Arg;
use super::super::rows::{MachOp, Width};
use super::{Selector, Value};
use crate::CodegenError;
use kiln_ir::{Node, NodeId, Op, Scalar, Type};

/// A comparison's immediate: VEX and EVEX float predicates, quiet.
const fn float_predicate(op: Op) -> u8 {
    match op {
        Op::Eq => 0x00,
        Op::Ne => 0x04,
        Op::Lt => 0x11,
        Op::Le => 0x12,
        Op::Gt => 0x1e,
        _ => 0x1d,
    }
}

/// The float predicate "unordered".
pub(super) const UNORDERED: u8 = 0x03;
/// The float predicate "ordered".
pub(super) const ORDERED: u8 = 0x07;

/// The immediate of an EVEX integer comparison.
const fn int_predicate(op: Op) -> u8 {
    match op {
        Op::Eq => 0,
        Op::Ne => 4,
        Op::Lt => 1,
        Op::Le => 2,
        Op::Gt => 6,
        _ => 5,
    }
}

impl Selector<'_> {
    /// A node's mask with elements of `bytes`.
    pub(super) fn mask_of(&mut self, node: NodeId, bytes: usize) -> Vec<Arg> {
        let value = self.value(node);
        if self.evex() || value.mask_bytes == bytes {
            return value.pieces;
        }
        let known = self
            .converted
            .iter()
            .find(|(of, size, _)| *of == node && *size == bytes);
        if let Some((_, _, pieces)) = known {
            return pieces.clone();
        }
        let from = value.mask_bytes;
        let pieces = self.zip([&value.pieces], |s, [m]| match m {
            // All ones and all zeros look the same in every size.
            Arg::Const(_) => m,
            _ => s.resize_signed(m, from, bytes),
        });
        self.converted.push((node, bytes, pieces.clone()));
        pieces
    }

    pub(super) fn constant_mask(&mut self, value: bool) -> Value {
        let bytes = self.mask_bytes();
        if !self.evex() {
            let bits = if value { u64::MAX } else { 0 };
            return Value::mask(vec![self.splat_bytes(bytes, bits)], bytes);
        }
        let zero = self.splat_bytes(bytes, 0);
        let width = self.width_of(bytes);
        let zero = Arg::Reg(self.register(zero, width));
        let predicate = int_predicate(if value { Op::Eq } else { Op::Ne });
        let op = k_compare(bytes, false);
        Value::mask(vec![self.inst(op, width, &[zero, zero], predicate)], bytes)
    }

    /// The lanes on in both masks, or in either.
    pub(super) fn mask_join(&mut self, all: bool, width: Width, a: Arg, b: Arg) -> Arg {
        let op = match (self.evex(), all) {
            (true, true) => MachOp::KAnd,
            (true, false) => MachOp::KOr,
            (false, true) => MachOp::AndPd,
            (false, false) => MachOp::OrPd,
        };
        self.op(op, width, &[a, b])
    }

    /// `and`, `or`, `xor`, `not` of masks.
    pub(super) fn mask_op(&mut self, op: Op, args: &[NodeId]) -> Result<Value, CodegenError> {
        let bytes = args
            .iter()
            .map(|&arg| self.value(arg).mask_bytes)
            .max()
            .unwrap_or(0);
        let width = self.width_of(bytes);
        let operands: Vec<Vec<Arg>> = args.iter().map(|&arg| self.mask_of(arg, bytes)).collect();
        let pieces = match (op, &operands[..]) {
            (Op::Not, [m]) => self.zip([m], |s, [m]| s.mask_not(m, bytes)),
            (Op::And, [a, b]) => {
                let complements = [0, 1].map(|i| self.complements[args[i].index()]);
                self.zip([a, b], |s, [a, b]| s.mask_and([a, b], complements, bytes))
            }
            (Op::Or | Op::Xor, [a, b]) => {
                let row = match (self.evex(), op) {
                    (true, Op::Or) => MachOp::KOr,
                    (true, _) => MachOp::KXor,
                    (false, Op::Or) => MachOp::OrPd,
                    (false, _) => MachOp::XorPd,
                };
                self.zip([a, b], |s, [a, b]| s.op(row, width, &[a, b]))
            }
            _ => return Err(self.unknown(op, Scalar::Bool)),
        };
        Ok(Value::mask(pieces, bytes))
    }

    /// The lanes on in two masks, of which the complements may be held.
    fn mask_and(&mut self, masks: [Arg; 2], complements: [bool; 2], bytes: usize) -> Arg {
        let width = self.width_of(bytes);
        let [a, b] = masks;
        match complements {
            [false, false] => self.mask_join(true, width, a, b),
            [true, false] => self.op(MachOp::PAndn, width, &[a, b]),
            [false, true] => self.op(MachOp::PAndn, width, &[b, a]),
            [true, true] => {
                let a = self.mask_not(a, bytes);
                self.op(MachOp::PAndn, width, &[b, a])
            }
        }
    }

    pub(super) fn mask_not(&mut self, mask: Arg, bytes: usize) -> Arg {
        let width = self.width_of(bytes);
        if !self.evex() {
            let ones = self.splat_bytes(bytes, u64::MAX);
            return self.op(MachOp::XorPd, width, &[mask, ones]);
        }
        let op = match self.shape.piece {
            8 => MachOp::KNotB,
            16 => MachOp::KNotW,
            32 => MachOp::KNotD,
            _ => MachOp::KNotQ,
        };
        self.op(op, width, &[mask])
    }

    /// A comparison of any two values of one type.
    pub(super) fn compare(&mut self, op: Op, args: &[NodeId]) -> Result<Value, CodegenError> {
        let scalar = self.scalar(args[0]);
        if scalar == Scalar::Bool {
            return self.compare_masks(op, args);
        }
        let is_order = !matches!(op, Op::Eq | Op::Ne);
        let is_unsigned = scalar.is_int() && !scalar.is_signed();
        let (a, b, compared) = match is_order && is_unsigned && !self.evex() {
            true => {
                let [a, b] = [args[0], args[1]].map(|v| self.flipped(v));
                (a, b, scalar.to_signed())
            }
            false => (self.pieces(args[0]), self.pieces(args[1]), scalar),
        };
        let pieces = self.zip([&a, &b], |s, [a, b]| s.compare_piece(op, compared, a, b));
        Ok(Value::mask(pieces, scalar.bytes()))
    }

    /// Unsigned integers with their sign bits flipped, which maps their order
    /// to that of signed ones. Where they stay, it is done before the loop.
    fn flipped(&mut self, node: NodeId) -> Vec<Arg> {
        if let Some(&found) = self.flipped_params.get(&node) {
            return vec![found];
        }
        let scalar = self.scalar(node);
        let param = match self.func.node(node) {
            Node::Op {
                op: Op::Splat,
                args,
            } => args[0],
            _ => node,
        };
        let stays = matches!(self.func.node(param), Node::Param(_));
        let pieces = self.pieces(if stays { param } else { node });
        let sign = self.splat(scalar, 1 << (scalar.bits() - 1));
        let width = self.width(scalar);
        let back = self.current;
        if stays {
            self.current = self.preheader;
        }
        let flipped = self.zip([&pieces], |s, [x]| s.op(MachOp::PXor, width, &[x, sign]));
        self.current = back;
        if stays {
            self.flipped_params.insert(node, flipped[0]);
        }
        flipped
    }

    fn compare_masks(&mut self, op: Op, args: &[NodeId]) -> Result<Value, CodegenError> {
        let value = self.mask_op(Op::Xor, args)?;
        let bytes = value.mask_bytes;
        Ok(match op {
            Op::Ne => value,
            _ => {
                let pieces = self.zip([&value.pieces], |s, [m]| s.mask_not(m, bytes));
                Value::mask(pieces, bytes)
            }
        })
    }

    /// A comparison of two pieces.
    pub(super) fn compare_piece(&mut self, op: Op, scalar: Scalar, a: Arg, b: Arg) -> Arg {
        let width = self.width(scalar);
        if scalar.is_float() {
            return self.compare_floats(float_predicate(op), scalar, a, b);
        }
        let bytes = scalar.bytes();
        if self.evex() {
            let row = k_compare(bytes, !scalar.is_signed());
            return self.inst(row, width, &[a, b], int_predicate(op));
        }
        match op {
            Op::Eq => self.op(vex_equal(bytes), width, &[a, b]),
            Op::Ne => {
                let equal = self.op(vex_equal(bytes), width, &[a, b]);
                self.mask_not(equal, bytes)
            }
            Op::Gt => self.greater(scalar, a, b),
            Op::Lt => self.greater(scalar, b, a),
            Op::Le => {
                let greater = self.greater(scalar, a, b);
                self.mask_not(greater, bytes)
            }
            _ => {
                let less = self.greater(scalar, b, a);
                self.mask_not(less, bytes)
            }
        }
    }

    /// A float comparison by its predicate.
    pub(super) fn compare_floats(&mut self, predicate: u8, scalar: Scalar, a: Arg, b: Arg) -> Arg {
        let row = match (self.evex(), scalar) {
            (false, Scalar::F32) => MachOp::CmpPs,
            (false, _) => MachOp::CmpPd,
            (true, Scalar::F32) => MachOp::KCmpPs,
            (true, _) => MachOp::KCmpPd,
        };
        let width = self.width(scalar);
        self.inst(row, width, &[a, b], predicate)
    }

    /// `a > b` of integers at AVX2, which compares signed ones only: flipping
    /// the sign bits maps the unsigned order to the signed one.
    fn greater(&mut self, scalar: Scalar, a: Arg, b: Arg) -> Arg {
        let (bytes, width) = (scalar.bytes(), self.width(scalar));
        let row = match bytes {
            1 => MachOp::CmpGtB,
            2 => MachOp::CmpGtW,
            4 => MachOp::CmpGtD,
            _ => MachOp::CmpGtQ,
        };
        if scalar.is_signed() {
            return self.op(row, width, &[a, b]);
        }
        let sign = self.splat(scalar, 1 << (scalar.bits() - 1));
        let a = self.op(MachOp::PXor, width, &[a, sign]);
        let b = self.op(MachOp::PXor, width, &[b, sign]);
        self.op(row, width, &[a, b])
    }

    /// `select(mask, yes, no)`.
    pub(super) fn select(&mut self, args: &[NodeId], ty: Type) -> Result<Value, CodegenError> {
        if ty.scalar == Scalar::Bool {
            return self.select_masks(args);
        }
        let mask = self.mask_of(args[0], ty.scalar.bytes());
        let (yes, no) = (self.pieces(args[1]), self.pieces(args[2]));
        let pieces = self.zip([&mask, &yes, &no], |s, [m, yes, no]| {
            s.blend(ty.scalar, m, yes, no)
        });
        Ok(Value::of(pieces))
    }

    /// `(mask & yes) | (!mask & no)`.
    fn select_masks(&mut self, args: &[NodeId]) -> Result<Value, CodegenError> {
        let bytes = args
            .iter()
            .map(|&arg| self.value(arg).mask_bytes)
            .max()
            .unwrap_or(0);
        let width = self.width_of(bytes);
        let [mask, yes, no] = [0, 1, 2].map(|i| self.mask_of(args[i], bytes));
        let pieces = self.zip([&mask, &yes, &no], |s, [m, yes, no]| {
            let (and, andn, or) = match s.evex() {
                true => (MachOp::KAnd, MachOp::KAndn, MachOp::KOr),
                false => (MachOp::AndPd, MachOp::AndnPd, MachOp::OrPd),
            };
            let yes = s.op(and, width, &[m, yes]);
            let no = s.op(andn, width, &[m, no]);
            s.op(or, width, &[yes, no])
        });
        Ok(Value::mask(pieces, bytes))
    }

    /// `yes` in the lanes that are on, `no` in the others.
    pub(super) fn blend(&mut self, scalar: Scalar, mask: Arg, yes: Arg, no: Arg) -> Arg {
        let width = self.width(scalar);
        let bytes = scalar.bytes();
        if self.evex() {
            let row = match (bytes, scalar.is_float()) {
                (8, true) => MachOp::BlendmPd,
                (4, true) => MachOp::BlendmPs,
                (8, false) => MachOp::BlendmQ,
                (4, false) => MachOp::BlendmD,
                (2, _) => MachOp::BlendmW,
                _ => MachOp::BlendmB,
            };
            return self.masked(row, width, &[no, yes], 0, Some(mask), None);
        }
        // What computes with floats passes its result on to what computes with
        // integers, and back, a cycle later.
        let (and, andn, row) = match (scalar.is_float(), bytes) {
            (true, 8) => (MachOp::AndPd, MachOp::AndnPd, MachOp::BlendvPd),
            (true, _) => (MachOp::AndPs, MachOp::AndnPs, MachOp::BlendvPs),
            (false, _) => (MachOp::PAnd, MachOp::PAndn, MachOp::BlendvB),
        };
        if self.is_zero(no) {
            return self.op(and, width, &[mask, yes]);
        }
        if self.is_zero(yes) {
            return self.op(andn, width, &[mask, no]);
        }
        self.op(row, width, &[no, yes, mask])
    }

    /// Bytes 0 and 1, as loaded, as a mask.
    pub(super) fn bytes_to_mask(&mut self, raw: Arg) -> Arg {
        let bytes = self.mask_bytes();
        let width = self.width_of(bytes);
        let wide = self.widen(raw, 1, bytes, false);
        self.nonzero(wide, bytes, width)
    }

    /// Every byte 0 or 1, the same in all lanes, as a mask.
    pub(super) fn nonzero_bytes_everywhere(&mut self, raw: Arg, width: Width) -> Value {
        let bytes = self.mask_bytes();
        // 0x0101..01 or 0 in every element.
        let piece = self.nonzero(raw, bytes, width);
        Value::mask(vec![piece], bytes)
    }

    /// Elements that are not zero, and not negative, as a mask.
    fn nonzero(&mut self, value: Arg, bytes: usize, width: Width) -> Arg {
        let zero = self.splat_bytes(bytes, 0);
        if self.evex() {
            return self.inst(
                k_compare(bytes, false),
                width,
                &[value, zero],
                int_predicate(Op::Ne),
            );
        }
        let row = match bytes {
            1 => MachOp::CmpGtB,
            2 => MachOp::CmpGtW,
            4 => MachOp::CmpGtD,
            _ => MachOp::CmpGtQ,
        };
        self.op(row, width, &[value, zero])
    }

    /// A mask as bytes 0 and 1, to be stored.
    pub(super) fn mask_to_bytes(&mut self, node: NodeId) -> Vec<Arg> {
        let value = self.value(node);
        let bytes = value.mask_bytes;
        self.zip([&value.pieces], |s, [mask]| {
            let one = s.splat_bytes(bytes, 1);
            let width = s.width_of(bytes);
            if s.evex() {
                let zero = s.splat_bytes(1, 0);
                let one = s.splat_bytes(1, 1);
                let narrow = s.width_of(1);
                return s.masked(MachOp::BlendmB, narrow, &[zero, one], 0, Some(mask), None);
            }
            let ones = s.op(MachOp::AndPd, width, &[mask, one]);
            s.narrow(ones, bytes, 1)
        })
    }

    /// A mask as a number: `yes` where it is on, else zero.
    pub(super) fn mask_to_number(&mut self, node: NodeId, scalar: Scalar, yes: u64) -> Value {
        let mask = self.mask_of(node, scalar.bytes());
        let yes = self.splat(scalar, yes);
        let zero = self.splat(scalar, 0);
        let pieces = self.zip([&mask], |s, [m]| s.blend(scalar, m, yes, zero));
        Value::of(pieces)
    }

    /// The lanes of integers below zero.
    pub(super) fn negative(&mut self, value: Arg, bytes: usize) -> Arg {
        let width = self.width_of(bytes);
        let zero = self.splat_bytes(bytes, 0);
        if self.evex() {
            return self.inst(
                k_compare(bytes, false),
                width,
                &[value, zero],
                int_predicate(Op::Lt),
            );
        }
        let zero = Arg::Reg(self.register(zero, width));
        let row = if bytes == 4 {
            MachOp::CmpGtD
        } else {
            MachOp::CmpGtQ
        };
        self.op(row, width, &[zero, value])
    }
}

/// The EVEX integer comparison into a k register.
fn k_compare(bytes: usize, unsigned: bool) -> MachOp {
    match (bytes, unsigned) {
        (1, false) => MachOp::KCmpB,
        (1, true) => MachOp::KCmpUB,
        (2, false) => MachOp::KCmpW,
        (2, true) => MachOp::KCmpUW,
        (4, false) => MachOp::KCmpD,
        (4, true) => MachOp::KCmpUD,
        (_, false) => MachOp::KCmpQ,
        (_, true) => MachOp::KCmpUQ,
    }
}

fn vex_equal(bytes: usize) -> MachOp {
    match bytes {
        1 => MachOp::CmpEqB,
        2 => MachOp::CmpEqW,
        4 => MachOp::CmpEqD,
        _ => MachOp::CmpEqQ,
    }
}
