//! Conversions between types, exact or rounded once, saturating from floats
//! to integers.
//!
//! AVX-512 has an instruction for each direction; AVX2 lacks those of 64-bit
//! and of unsigned integers, which are built from the bits of doubles: adding
//! `2^52` to an integer below it leaves the integer in the low bits.

use super::super::inst::Arg;
use super::super::rows::{MachOp, Width};
use super::mask::ORDERED;
use super::{Selector, Value};
use crate::CodegenError;
use kiln_ir::{NodeId, Op, Scalar};

/// `2^52`.
const TWO_52: f64 = 4503599627370496.0;
/// `1.5 * 2^52`, which does the same for negative integers.
const SHIFTER: f64 = 6755399441055744.0;
const TWO_32: f64 = 4294967296.0;
const TWO_63: f64 = 9223372036854775808.0;
const TWO_64: f64 = 18446744073709551616.0;
const TWO_84: f64 = 19342813113834066795298816.0;

impl Selector<'_> {
    pub(super) fn cast_node(&mut self, from: NodeId, to: Scalar) -> Result<Value, CodegenError> {
        let source = self.scalar(from);
        if source == Scalar::Bool {
            let one = kiln_ir::Const::one(to).bits();
            return Ok(self.mask_to_number(from, to, one));
        }
        let pieces = self.pieces(from);
        let pieces = self.zip([&pieces], |s, [a]| s.cast(source, to, a));
        Ok(Value::of(pieces))
    }

    fn cast(&mut self, from: Scalar, to: Scalar, value: Arg) -> Arg {
        match (from.is_float(), to.is_float()) {
            (true, true) => self.resize_float(from, to, value),
            (false, false) => self.resize(value, from.bytes(), to.bytes(), from.is_signed()),
            (false, true) => self.int_to_float(from, to, value),
            (true, false) => self.float_to_int(from, to, value),
        }
    }

    fn resize_float(&mut self, from: Scalar, to: Scalar, value: Arg) -> Arg {
        let width = self.width(Scalar::F64);
        match (from, to) {
            (Scalar::F64, Scalar::F32) => self.op(MachOp::CvtPdPs, width, &[value]),
            (Scalar::F32, Scalar::F64) => self.op(MachOp::CvtPsPd, width, &[value]),
            _ => value,
        }
    }

    fn resize(&mut self, value: Arg, from: usize, to: usize, signed: bool) -> Arg {
        match from.cmp(&to) {
            std::cmp::Ordering::Less => self.widen(value, from, to, signed),
            std::cmp::Ordering::Equal => value,
            std::cmp::Ordering::Greater => self.narrow(value, from, to),
        }
    }

    /// A mask's elements in another size.
    pub(super) fn resize_signed(&mut self, mask: Arg, from: usize, to: usize) -> Arg {
        self.resize(mask, from, to, true)
    }

    /// Elements of `from` bytes as elements of `to` bytes, sign- or
    /// zero-extended.
    pub(super) fn widen(&mut self, value: Arg, from: usize, to: usize, signed: bool) -> Arg {
        use MachOp::*;
        let row = match (from, to, signed) {
            (1, 2, true) => MovSxBW,
            (1, 4, true) => MovSxBD,
            (1, 8, true) => MovSxBQ,
            (2, 4, true) => MovSxWD,
            (2, 8, true) => MovSxWQ,
            (4, 8, true) => MovSxDQ,
            (1, 2, false) => MovZxBW,
            (1, 4, false) => MovZxBD,
            (1, 8, false) => MovZxBQ,
            (2, 4, false) => MovZxWD,
            (2, 8, false) => MovZxWQ,
            (4, 8, false) => MovZxDQ,
            _ => return value,
        };
        let width = self.width_of(to);
        self.op(row, width, &[value])
    }

    /// The low `to` bytes of elements of `from` bytes, side by side.
    pub(super) fn narrow(&mut self, value: Arg, from: usize, to: usize) -> Arg {
        let width = self.width_of(from);
        if from == to {
            return value;
        }
        if self.evex() {
            let row = match (from, to) {
                (8, 4) => MachOp::MovQD,
                (8, 2) => MachOp::MovQW,
                (8, 1) => MachOp::MovQB,
                (4, 2) => MachOp::MovDW,
                (4, 1) => MachOp::MovDB,
                _ => MachOp::MovWB,
            };
            let value = Arg::Reg(self.register(value, width));
            return self.op(row, width, &[value]);
        }
        // Each half packs its elements where they belong in the whole; the
        // halves are then joined.
        let table = narrowing_table(from, to, width);
        let table = Arg::Const(self.constants.table(table));
        let packed = self.op(MachOp::ShufB, width, &[value, table]);
        if width == Width::X {
            return packed;
        }
        let high = self.inst(MachOp::ExtractHigh, width, &[packed], 1);
        self.op(MachOp::POr, Width::X, &[packed, high])
    }

    fn int_to_float(&mut self, from: Scalar, to: Scalar, value: Arg) -> Arg {
        if from.bytes() < 4 {
            let wide = self.widen(value, from.bytes(), 4, from.is_signed());
            return self.int_to_float(Scalar::I32, to, wide);
        }
        let width = self.width_of(from.bytes().max(to.bytes()));
        let row = match (from, to, self.evex()) {
            (Scalar::I32, Scalar::F64, _) => MachOp::CvtDPd,
            (Scalar::I32, _, _) => MachOp::CvtDPs,
            (Scalar::U32, Scalar::F64, true) => MachOp::CvtUdPd,
            (Scalar::U32, _, true) => MachOp::CvtUdPs,
            (Scalar::I64, Scalar::F64, true) => MachOp::CvtQPd,
            (Scalar::I64, _, true) => MachOp::CvtQPs,
            (Scalar::U64, Scalar::F64, true) => MachOp::CvtUqPd,
            (_, _, true) => MachOp::CvtUqPs,
            (_, Scalar::F64, false) => return self.double_of(from, value),
            (_, _, false) => {
                let sticky = match from {
                    // Below 2^53 the double is exact.
                    Scalar::U32 => value,
                    _ => self.sticky(from, value),
                };
                let double = self.double_of(from, sticky);
                return self.resize_float(Scalar::F64, Scalar::F32, double);
            }
        };
        self.op(row, width, &[value])
    }

    /// `u32`, `i64` and `u64` to f64 at AVX2.
    ///
    /// `2^84 + 2^32 high` and `2^52 + low` are exact as bits; subtracting
    /// `2^84 + 2^52` from the first is exact, so the sum is rounded once. The
    /// sign bit of an `i64` is flipped and `2^63` more subtracted.
    fn double_of(&mut self, from: Scalar, value: Arg) -> Arg {
        let width = self.width(Scalar::F64);
        let magic = self.float(Scalar::F64, TWO_52);
        if from == Scalar::U32 {
            let wide = self.widen(value, 4, 8, false);
            let bits = self.op(MachOp::POr, width, &[wide, magic]);
            return self.op(MachOp::SubPd, width, &[bits, magic]);
        }
        let (bits, offset) = match from {
            Scalar::I64 => (TWO_84.to_bits() ^ (1 << 31), TWO_84 + TWO_63 + TWO_52),
            _ => (TWO_84.to_bits(), TWO_84 + TWO_52),
        };
        let bits = self.splat(Scalar::U64, bits);
        let offset = self.float(Scalar::F64, offset);
        // The odd halves of the constant over the low halves of the value.
        let low = self.inst(MachOp::BlendD, width, &[value, magic], 0b1010_1010);
        let high = self.inst(MachOp::SrlQ, width, &[value], 32);
        let high = self.op(MachOp::PXor, width, &[high, bits]);
        let high = self.op(MachOp::SubPd, width, &[high, offset]);
        self.op(MachOp::AddPd, width, &[high, low])
    }

    /// A 64-bit integer that rounds to the same f32, and is exact in f64:
    /// beyond `2^53` the low 11 bits are folded into the one above them.
    fn sticky(&mut self, from: Scalar, value: Arg) -> Arg {
        let width = self.width(from);
        let low = self.splat(from, 0x7ff);
        let folded = self.op(MachOp::PAnd, width, &[value, low]);
        let folded = self.op(MachOp::AddQ, width, &[folded, low]);
        let folded = self.op(MachOp::POr, width, &[folded, value]);
        let high = self.splat(from, !0x7ff);
        let folded = self.op(MachOp::PAnd, width, &[folded, high]);
        let limit = 1u64 << 53;
        let is_small = if from.is_signed() {
            let (shift, bound) = (self.splat(from, limit), self.splat(from, 2 * limit));
            let shifted = self.op(MachOp::AddQ, width, &[value, shift]);
            self.compare_piece(Op::Lt, Scalar::U64, shifted, bound)
        } else {
            let bound = self.splat(from, limit);
            self.compare_piece(Op::Lt, Scalar::U64, value, bound)
        };
        self.blend(from, is_small, value, folded)
    }

    fn float_to_int(&mut self, from: Scalar, to: Scalar, value: Arg) -> Arg {
        match (from, to) {
            (Scalar::F32, Scalar::I64 | Scalar::U64) => {
                let double = self.resize_float(from, Scalar::F64, value);
                self.float_to_int(Scalar::F64, to, double)
            }
            (Scalar::F32, Scalar::U32) if !self.evex() => {
                let double = self.resize_float(from, Scalar::F64, value);
                self.float_to_int(Scalar::F64, to, double)
            }
            (Scalar::F32, Scalar::I32) => self.single_to_i32(value),
            (_, Scalar::U32) if self.evex() => self.float_to_unsigned(from, to, value),
            (_, Scalar::U64) if self.evex() => self.float_to_unsigned(from, to, value),
            (_, Scalar::I64) if self.evex() => self.double_to_i64_native(value),
            (_, Scalar::U32) => {
                let clamped = self.clamped(from, to, value);
                let width = self.width(Scalar::F64);
                let whole = self.inst(MachOp::RoundPd, width, &[clamped], 11);
                let magic = self.float(Scalar::F64, TWO_52);
                let bits = self.op(MachOp::AddPd, width, &[whole, magic]);
                self.narrow(bits, 8, 4)
            }
            (_, Scalar::I64 | Scalar::U64) => self.double_to_64(to, value),
            _ => {
                let clamped = self.clamped(from, to, value);
                let row = match from {
                    Scalar::F32 => MachOp::CvttPsD,
                    _ => MachOp::CvttPdD,
                };
                let whole = self.op(row, self.width(from), &[clamped]);
                self.narrow(whole, 4, to.bytes())
            }
        }
    }

    /// NaN as 0, everything else as it is.
    fn nan_to_zero(&mut self, from: Scalar, value: Arg) -> Arg {
        let width = self.width(from);
        let ordered = self.compare_floats(ORDERED, from, value, value);
        if self.evex() {
            let zero = self.splat(from, 0);
            return self.blend(from, ordered, value, zero);
        }
        self.op(MachOp::AndPd, width, &[ordered, value])
    }

    /// A float held within an integer type's range, which it represents.
    fn clamped(&mut self, from: Scalar, to: Scalar, value: Arg) -> Arg {
        let width = self.width(from);
        let bits = to.bits();
        let (low, high) = if to.is_signed() {
            (
                -((1u64 << (bits - 1)) as f64),
                ((1u64 << (bits - 1)) - 1) as f64,
            )
        } else {
            (0.0, ((1u64 << bits) - 1) as f64)
        };
        let (low, high) = (self.float(from, low), self.float(from, high));
        let (max, min) = match from {
            Scalar::F32 => (MachOp::MaxPs, MachOp::MinPs),
            _ => (MachOp::MaxPd, MachOp::MinPd),
        };
        let value = self.nan_to_zero(from, value);
        let value = self.op(max, width, &[value, low]);
        self.op(min, width, &[value, high])
    }

    /// The conversion gives `i32::MIN` for everything out of range, which is
    /// right below it; above it is put right. `2^31 - 1` is not an f32.
    fn single_to_i32(&mut self, value: Arg) -> Arg {
        let width = self.width(Scalar::F32);
        let value = self.nan_to_zero(Scalar::F32, value);
        let whole = self.op(MachOp::CvttPsD, width, &[value]);
        let limit = self.float(Scalar::F32, 2147483648.0);
        let above = self.compare_piece(Op::Ge, Scalar::F32, value, limit);
        let most = self.splat(Scalar::I32, i32::MAX as u64);
        self.blend(Scalar::I32, above, most, whole)
    }

    /// AVX-512: out of range the conversion gives all ones, which is right
    /// above; below, and at NaN, the operand becomes 0 (`vmaxpd` gives its
    /// second operand where one is NaN).
    fn float_to_unsigned(&mut self, from: Scalar, to: Scalar, value: Arg) -> Arg {
        let zero = self.splat(from, 0);
        let (max, row) = match (from, to) {
            (Scalar::F32, Scalar::U32) => (MachOp::MaxPs, MachOp::CvttPsUd),
            (_, Scalar::U32) => (MachOp::MaxPd, MachOp::CvttPdUd),
            _ => (MachOp::MaxPd, MachOp::CvttPdUq),
        };
        let width = self.width(from);
        let value = self.op(max, width, &[value, zero]);
        self.op(row, width, &[value])
    }

    fn double_to_i64_native(&mut self, value: Arg) -> Arg {
        let width = self.width(Scalar::F64);
        let value = self.nan_to_zero(Scalar::F64, value);
        let whole = self.op(MachOp::CvttPdQ, width, &[value]);
        let limit = self.float(Scalar::F64, TWO_63);
        let above = self.compare_piece(Op::Ge, Scalar::F64, value, limit);
        let most = self.splat(Scalar::I64, i64::MAX as u64);
        self.blend(Scalar::I64, above, most, whole)
    }

    /// f64 to a 64-bit integer at AVX2: the whole number is split exactly
    /// into `2^32 high + low`, and each half read from the bits of a double.
    fn double_to_64(&mut self, to: Scalar, value: Arg) -> Arg {
        let width = self.width(Scalar::F64);
        let zero = self.splat(Scalar::F64, 0);
        let value = match to {
            Scalar::I64 => self.nan_to_zero(Scalar::F64, value),
            // The second operand wins where one is NaN.
            _ => self.op(MachOp::MaxPd, width, &[value, zero]),
        };
        let whole = self.inst(MachOp::RoundPd, width, &[value], 11);
        let down = self.float(Scalar::F64, 1.0 / TWO_32);
        let high = self.op(MachOp::MulPd, width, &[whole, down]);
        let high = self.inst(MachOp::RoundPd, width, &[high], 9);
        let up = self.float(Scalar::F64, TWO_32);
        let low = self.op(MachOp::Fnmadd213Pd, width, &[high, up, whole]);
        let (shifter, magic) = (
            self.float(Scalar::F64, SHIFTER),
            self.float(Scalar::F64, TWO_52),
        );
        let high = self.op(MachOp::AddPd, width, &[high, shifter]);
        let high = self.inst(MachOp::SllQ, width, &[high], 32);
        let low = self.op(MachOp::AddPd, width, &[low, magic]);
        let low = self.op(MachOp::PXor, width, &[low, magic]);
        let whole = self.op(MachOp::POr, width, &[high, low]);
        let (limit, most) = match to {
            Scalar::I64 => (TWO_63, i64::MAX as u64),
            _ => (TWO_64, u64::MAX),
        };
        let limit = self.float(Scalar::F64, limit);
        let above = self.compare_piece(Op::Ge, Scalar::F64, value, limit);
        let most = self.splat(to, most);
        let whole = self.blend(to, above, most, whole);
        if to == Scalar::U64 {
            return whole;
        }
        let limit = self.float(Scalar::F64, -TWO_63);
        let below = self.compare_piece(Op::Lt, Scalar::F64, value, limit);
        let least = self.splat(to, 1 << 63);
        self.blend(to, below, least, whole)
    }
}

/// The `vpshufb` control that packs elements; the upper half of a 256-bit
/// register puts its elements behind those of the lower half.
fn narrowing_table(from: usize, to: usize, width: Width) -> Vec<u8> {
    const ZERO: u8 = 0x80;
    let elements = 16 / from;
    let mut table = vec![ZERO; width.bytes()];
    for (half, part) in table.chunks_mut(16).enumerate() {
        for element in 0..elements {
            for byte in 0..to {
                let at = (half * elements + element) * to + byte;
                part[at] = (element * from + byte) as u8;
            }
        }
    }
    table
}
