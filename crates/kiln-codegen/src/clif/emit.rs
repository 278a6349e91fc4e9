//! Typed instructions: the layer between the language's types and
//! Cranelift's.
//!
//! A value is a scalar or one 128-bit piece of a vector; the two differ in
//! how a truth value is held. A scalar one is an `i8`, 0 or 1. In a vector it
//! is an integer of all ones or zeros, as wide as the data it was made from.
//! What is written here over both serves both.

use crate::Target;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{
    ConstantData, Endianness, InstBuilder, MemFlagsData, Opcode, Type, Value, types,
};
use cranelift_frontend::FunctionBuilder;
use kiln_ir::{Op, Scalar};

/// Size of a vector piece, in bytes.
pub(super) const PIECE: usize = 16;

/// The flags of every access: it never faults, and nothing is promised about
/// its alignment or about what else may lie there.
pub(super) const ACCESS: MemFlagsData = MemFlagsData::new().with_notrap();

/// What a Cranelift value holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    /// The type of each lane.
    pub(super) scalar: Scalar,
    /// Whether it is a piece of a vector.
    pub(super) vector: bool,
}

impl Kind {
    pub(super) const fn one(scalar: Scalar) -> Kind {
        Kind {
            scalar,
            vector: false,
        }
    }

    pub(super) const fn piece(scalar: Scalar) -> Kind {
        Kind {
            scalar,
            vector: true,
        }
    }

    pub(super) const fn with(self, scalar: Scalar) -> Kind {
        Kind { scalar, ..self }
    }

    /// The signed integers as wide.
    pub(super) const fn signed(self) -> Kind {
        self.with(self.scalar.to_signed())
    }

    pub(super) const fn bytes(self) -> usize {
        self.scalar.bytes()
    }

    /// Cranelift's type.
    pub(super) const fn clif(self) -> Type {
        match (self.vector, self.scalar) {
            (false, Scalar::F32) => types::F32,
            (false, Scalar::F64) => types::F64,
            (true, Scalar::F32) => types::F32X4,
            (true, Scalar::F64) => types::F64X2,
            (false, other) => match other.bytes() {
                1 => types::I8,
                2 => types::I16,
                4 => types::I32,
                _ => types::I64,
            },
            (true, other) => match other.bytes() {
                1 => types::I8X16,
                2 => types::I16X8,
                4 => types::I32X4,
                _ => types::I64X2,
            },
        }
    }
}

/// The signed integer of a size.
pub(super) const fn int_of(bytes: usize) -> Scalar {
    match bytes {
        1 => Scalar::I8,
        2 => Scalar::I16,
        4 => Scalar::I32,
        _ => Scalar::I64,
    }
}

/// Emits typed instructions.
pub(super) struct Emit<'a> {
    pub(super) b: FunctionBuilder<'a>,
    pub(super) target: &'a Target,
    /// Trap records that divisions by a safe divisor may leave.
    pub(super) division_traps: usize,
    /// Divisions emitted.
    pub(super) divisions: usize,
    /// Saturating conversions of floats to integers emitted, of one lane.
    pub(super) conversions: usize,
}

macro_rules! binary {
    ($($name:ident)*) => {$(
        pub(super) fn $name(&mut self, x: Value, y: Value) -> Value {
            self.b.ins().$name(x, y)
        }
    )*};
}

impl<'a> Emit<'a> {
    pub(super) fn new(b: FunctionBuilder<'a>, target: &'a Target) -> Emit<'a> {
        Emit {
            b,
            target,
            division_traps: 0,
            divisions: 0,
            conversions: 0,
        }
    }
}

impl Emit<'_> {
    binary! { iadd isub imul band bor bxor ishl sshr ushr fadd fsub fmul fcopysign }

    /// The constant with these bits in every lane.
    pub(super) fn bits(&mut self, kind: Kind, bits: u64) -> Value {
        let bytes = kind.bytes();
        let masked = bits & (u64::MAX >> (64 - 8 * bytes));
        if kind.vector {
            let lane = &masked.to_le_bytes()[..bytes];
            let data: ConstantData = lane.iter().copied().cycle().take(PIECE).collect();
            return self.constant(kind, data);
        }
        match kind.scalar {
            Scalar::F32 => self.b.ins().f32const(Ieee32::with_bits(masked as u32)),
            Scalar::F64 => self.b.ins().f64const(Ieee64::with_bits(masked)),
            _ => self.b.ins().iconst(kind.clif(), masked as i64),
        }
    }

    /// A vector constant.
    pub(super) fn constant(&mut self, kind: Kind, data: ConstantData) -> Value {
        let handle = self.b.func.dfg.constants.insert(data);
        self.b.ins().vconst(kind.clif(), handle)
    }

    /// Whether a vector is a constant of no bits.
    fn is_zero(&self, value: Value) -> bool {
        let dfg = &self.b.func.dfg;
        let inst = dfg.value_def(value).inst();
        match inst.map(|inst| dfg.insts[inst]) {
            Some(cranelift_codegen::ir::InstructionData::UnaryConst {
                opcode: Opcode::Vconst,
                constant_handle,
            }) => {
                let data = dfg.constants.get(constant_handle);
                data.iter().all(|&byte| byte == 0)
            }
            _ => false,
        }
    }

    /// An integer in every lane.
    pub(super) fn int(&mut self, kind: Kind, value: i64) -> Value {
        self.bits(kind, value as u64)
    }

    /// A float in every lane.
    pub(super) fn float(&mut self, kind: Kind, value: f64) -> Value {
        match kind.scalar {
            Scalar::F32 => self.bits(kind, u64::from((value as f32).to_bits())),
            _ => self.bits(kind, value.to_bits()),
        }
    }

    /// The bits of an integer constant, if the value is one.
    pub(super) fn known(&self, value: Value) -> Option<u64> {
        let dfg = &self.b.func.dfg;
        let inst = dfg.value_def(value).inst()?;
        match dfg.insts[inst] {
            cranelift_codegen::ir::InstructionData::UnaryImm {
                opcode: Opcode::Iconst,
                imm,
            } => Some(imm.bits() as u64),
            _ => None,
        }
    }

    /// The same bits as another type of the same size.
    pub(super) fn bitcast(&mut self, kind: Kind, value: Value) -> Value {
        let ty = kind.clif();
        if self.b.func.dfg.value_type(value) == ty {
            return value;
        }
        let flags = match kind.vector {
            true => MemFlagsData::new().with_endianness(Endianness::Little),
            false => MemFlagsData::new(),
        };
        self.b.ins().bitcast(ty, flags, value)
    }

    /// `yes` where the truth value is true, else `no`. In a vector the truth
    /// value is as wide as the data.
    pub(super) fn select(&mut self, kind: Kind, cond: Value, yes: Value, no: Value) -> Value {
        if kind.vector {
            let cond = self.bitcast(kind, cond);
            if self.is_zero(no) {
                return self.band(cond, yes);
            }
            self.b.ins().bitselect(cond, yes, no)
        } else {
            self.b.ins().select(cond, yes, no)
        }
    }

    /// Compares floats; `x > y` as `y < x`, because Cranelift makes one
    /// instruction of `y < x ? x : y`.
    pub(super) fn fcmp(&mut self, cc: FloatCC, x: Value, y: Value) -> Value {
        match cc {
            FloatCC::GreaterThan => self.b.ins().fcmp(FloatCC::LessThan, y, x),
            _ => self.b.ins().fcmp(cc, x, y),
        }
    }

    /// Compares integers; `cc` fits the signedness of `kind`.
    pub(super) fn icmp(&mut self, kind: Kind, cc: IntCC, x: Value, y: Value) -> Value {
        // Targets lack unsigned comparisons of 64-bit lanes; flipping the
        // sign bits maps the order to the signed one.
        if kind.vector && kind.bytes() == 8 && is_unsigned(cc) {
            let sign = self.bits(kind, 1 << 63);
            let (x, y) = (self.bxor(x, sign), self.bxor(y, sign));
            return self.b.ins().icmp(to_signed(cc), x, y);
        }
        self.b.ins().icmp(cc, x, y)
    }

    /// The complement of a truth value.
    pub(super) fn not(&mut self, vector: bool, cond: Value) -> Value {
        if vector {
            self.b.ins().bnot(cond)
        } else {
            let one = self.b.ins().iconst(types::I8, 1);
            self.bxor(cond, one)
        }
    }

    /// An integer as a wider one of `scalar`.
    pub(super) fn extend(&mut self, scalar: Scalar, signed: bool, value: Value) -> Value {
        let ty = Kind::one(scalar).clif();
        if self.b.func.dfg.value_type(value) == ty {
            value
        } else if signed {
            self.b.ins().sextend(ty, value)
        } else {
            self.b.ins().uextend(ty, value)
        }
    }

    /// The low bits of an integer as one of `scalar`.
    pub(super) fn reduce(&mut self, scalar: Scalar, value: Value) -> Value {
        let ty = Kind::one(scalar).clif();
        if self.b.func.dfg.value_type(value) == ty {
            value
        } else {
            self.b.ins().ireduce(ty, value)
        }
    }

    /// A lane of a piece.
    pub(super) fn lane(&mut self, piece: Value, lane: usize) -> Value {
        self.b.ins().extractlane(piece, lane as u8)
    }

    /// A piece with these lanes; the others are zero.
    pub(super) fn gather(&mut self, kind: Kind, lanes: &[Value]) -> Value {
        let mut piece = self.bits(kind, 0);
        for (i, &lane) in lanes.iter().enumerate() {
            piece = self.b.ins().insertlane(piece, lane, i as u8);
        }
        piece
    }

    /// The first `lanes` lanes all ones, the others zero.
    pub(super) fn first_lanes(&mut self, kind: Kind, lanes: usize) -> Value {
        let on = lanes * kind.bytes();
        let data: ConstantData = (0..PIECE).map(|i| if i < on { 0xff } else { 0 }).collect();
        self.constant(kind, data)
    }

    /// Bytes of a piece, picked from it.
    fn pick(&mut self, kind: Kind, value: Value, bytes: [u8; PIECE]) -> Value {
        let mask = self.b.func.dfg.immediates.push(bytes.as_slice().into());
        let value = self.bitcast(Kind::piece(Scalar::I8), value);
        let picked = self.b.ins().shuffle(value, value, mask);
        self.bitcast(kind, picked)
    }

    /// The low halves of 64-bit lanes, in the first two 32-bit lanes.
    pub(super) fn low_words(&mut self, value: Value) -> Value {
        #[rustfmt::skip]
        let bytes = [0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11];
        self.pick(Kind::piece(Scalar::I32), value, bytes)
    }

    /// The first lanes of a vector of integers, widened.
    pub(super) fn widen(&mut self, from: usize, to: usize, signed: bool, value: Value) -> Value {
        let mut value = value;
        let mut bytes = from;
        while bytes < to {
            value = if signed {
                self.b.ins().swiden_low(value)
            } else {
                self.b.ins().uwiden_low(value)
            };
            bytes *= 2;
        }
        value
    }

    /// The lanes of a vector of integers, wrapped into narrower ones.
    pub(super) fn narrow(&mut self, from: usize, to: usize, value: Value) -> Value {
        let mut value = value;
        let mut bytes = from;
        while bytes > to {
            bytes /= 2;
            if bytes == 4 {
                value = self.low_words(value);
                continue;
            }
            // Saturation does nothing to what fits already.
            let kind = Kind::piece(int_of(2 * bytes));
            let low = self.bits(kind, (1 << (8 * bytes)) - 1);
            let fits = self.band(value, low);
            value = self.b.ins().unarrow(fits, fits);
        }
        value
    }

    /// A mask over elements of another size.
    pub(super) fn mask_to(&mut self, from: usize, to: usize, mask: Value) -> Value {
        if from <= to {
            return self.widen(from, to, true, mask);
        }
        let mut mask = mask;
        let mut bytes = from;
        while bytes > to {
            bytes /= 2;
            mask = match bytes {
                4 => self.low_words(mask),
                _ => self.b.ins().snarrow(mask, mask),
            };
        }
        mask
    }
}

fn is_unsigned(cc: IntCC) -> bool {
    use IntCC::*;
    matches!(
        cc,
        UnsignedLessThan
            | UnsignedLessThanOrEqual
            | UnsignedGreaterThan
            | UnsignedGreaterThanOrEqual
    )
}

fn to_signed(cc: IntCC) -> IntCC {
    match cc {
        IntCC::UnsignedLessThan => IntCC::SignedLessThan,
        IntCC::UnsignedLessThanOrEqual => IntCC::SignedLessThanOrEqual,
        IntCC::UnsignedGreaterThan => IntCC::SignedGreaterThan,
        IntCC::UnsignedGreaterThanOrEqual => IntCC::SignedGreaterThanOrEqual,
        other => other,
    }
}

/// The condition of a comparison of integers.
pub(super) fn int_cc(op: Op, signed: bool) -> IntCC {
    match (op, signed) {
        (Op::Eq, _) => IntCC::Equal,
        (Op::Ne, _) => IntCC::NotEqual,
        (Op::Lt, true) => IntCC::SignedLessThan,
        (Op::Le, true) => IntCC::SignedLessThanOrEqual,
        (Op::Gt, true) => IntCC::SignedGreaterThan,
        (Op::Ge, true) => IntCC::SignedGreaterThanOrEqual,
        (Op::Lt, false) => IntCC::UnsignedLessThan,
        (Op::Le, false) => IntCC::UnsignedLessThanOrEqual,
        (Op::Gt, false) => IntCC::UnsignedGreaterThan,
        (Op::Ge, false) => IntCC::UnsignedGreaterThanOrEqual,
        _ => unreachable!("{} compares nothing", op.name()),
    }
}

/// The condition of a comparison of floats: false on NaN, but for `ne`.
pub(super) fn float_cc(op: Op) -> FloatCC {
    match op {
        Op::Eq => FloatCC::Equal,
        Op::Ne => FloatCC::NotEqual,
        Op::Lt => FloatCC::LessThan,
        Op::Le => FloatCC::LessThanOrEqual,
        Op::Gt => FloatCC::GreaterThan,
        Op::Ge => FloatCC::GreaterThanOrEqual,
        _ => unreachable!("{} compares nothing", op.name()),
    }
}
