//! Conversions: integers wrap, floats truncate and saturate, NaN gives 0,
//! and what becomes a float is rounded once.

use super::emit::{Emit, Kind};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use kiln_ir::{Const, Scalar};

impl Emit<'_> {
    /// `cast` of one lane.
    pub(super) fn cast(&mut self, from: Scalar, to: Scalar, x: Value) -> Value {
        match (from.is_float(), to.is_float()) {
            (false, false) if to.bytes() > from.bytes() => self.extend(to, from.is_signed(), x),
            (false, false) => self.reduce(to, x),
            (false, true) => self.int_to_float(from, to, x),
            (true, false) => self.float_to_int(to, x),
            (true, true) => match (from, to) {
                (Scalar::F32, Scalar::F64) => self.b.ins().fpromote(types::F64, x),
                (Scalar::F64, Scalar::F32) => self.b.ins().fdemote(types::F32, x),
                _ => x,
            },
        }
    }

    fn int_to_float(&mut self, from: Scalar, to: Scalar, x: Value) -> Value {
        let ty = Kind::one(to).clif();
        if from == Scalar::U64 {
            return self.b.ins().fcvt_from_uint(ty, x);
        }
        // Every other type fits a signed one that is converted exactly.
        let wide = match from {
            Scalar::U32 | Scalar::I64 => Scalar::I64,
            _ => Scalar::I32,
        };
        let x = self.extend(wide, from.is_signed(), x);
        self.b.ins().fcvt_from_sint(ty, x)
    }

    fn float_to_int(&mut self, to: Scalar, x: Value) -> Value {
        self.conversions += 1;
        let signed = to.is_signed();
        if to.bytes() >= 4 {
            let ty = Kind::one(to).clif();
            return match signed {
                true => self.b.ins().fcvt_to_sint_sat(ty, x),
                false => self.b.ins().fcvt_to_uint_sat(ty, x),
            };
        }
        let wide = self.b.ins().fcvt_to_sint_sat(types::I32, x);
        let (low, high) = range(to);
        let clamped = self.clamp(Kind::one(Scalar::I32), wide, low, high);
        self.reduce(to, clamped)
    }

    /// `cast` of the first lanes of a piece; `None` where lanes must be
    /// converted one by one. A `bool` is a mask as wide as `to`.
    pub(super) fn cast_piece(&mut self, from: Scalar, to: Scalar, x: Value) -> Option<Value> {
        let kind = Kind::piece(to);
        if from == Scalar::Bool {
            let one = self.bits(kind.signed(), Const::one(to).bits());
            let bits = self.band(x, one);
            return Some(self.bitcast(kind, bits));
        }
        match (from.is_float(), to.is_float()) {
            (false, false) => Some(self.resize(from, to.bytes(), x)),
            (false, true) => self.ints_to_floats(from, to, x),
            (true, false) => self.floats_to_ints(from, to, x),
            (true, true) => Some(match (from, to) {
                (Scalar::F32, Scalar::F64) => self.b.ins().fvpromote_low(x),
                (Scalar::F64, Scalar::F32) => self.b.ins().fvdemote(x),
                _ => x,
            }),
        }
    }

    /// Integers as integers of another size.
    fn resize(&mut self, from: Scalar, to: usize, x: Value) -> Value {
        if from.bytes() < to {
            self.widen(from.bytes(), to, from.is_signed(), x)
        } else {
            self.narrow(from.bytes(), to, x)
        }
    }

    fn ints_to_floats(&mut self, from: Scalar, to: Scalar, x: Value) -> Option<Value> {
        let ty = Kind::piece(to).clif();
        if from.bytes() == 8 {
            return match (from, to) {
                (_, Scalar::F32) => None,
                (Scalar::U64, _) => Some(self.b.ins().fcvt_from_uint(ty, x)),
                _ => Some(self.b.ins().fcvt_from_sint(ty, x)),
            };
        }
        let words = self.resize(from, 4, x);
        let unsigned = from == Scalar::U32;
        Some(match (to, unsigned) {
            (Scalar::F32, false) => self.b.ins().fcvt_from_sint(ty, words),
            (Scalar::F32, true) => self.b.ins().fcvt_from_uint(ty, words),
            (_, false) => {
                let wide = self.b.ins().swiden_low(words);
                self.b.ins().fcvt_from_sint(ty, wide)
            }
            (_, true) => {
                let wide = self.b.ins().uwiden_low(words);
                self.b.ins().fcvt_from_uint(ty, wide)
            }
        })
    }

    fn floats_to_ints(&mut self, from: Scalar, to: Scalar, x: Value) -> Option<Value> {
        if to.bytes() == 8 || (from, to) == (Scalar::F64, Scalar::U32) {
            return None;
        }
        if to == Scalar::U32 {
            return Some(self.b.ins().fcvt_to_uint_sat(types::I32X4, x));
        }
        let words = match from {
            Scalar::F32 => self.b.ins().fcvt_to_sint_sat(types::I32X4, x),
            _ => {
                let wide = self.b.ins().fcvt_to_sint_sat(types::I64X2, x);
                let zero = self.bits(Kind::piece(Scalar::I64), 0);
                self.b.ins().snarrow(wide, zero)
            }
        };
        if to.bytes() == 4 {
            return Some(words);
        }
        let (low, high) = range(to);
        let clamped = self.clamp(Kind::piece(Scalar::I32), words, low, high);
        Some(self.narrow(4, to.bytes(), clamped))
    }
}

/// The values of an integer type of up to 32 bits.
fn range(scalar: Scalar) -> (i64, i64) {
    let bits = scalar.bits();
    match scalar.is_signed() {
        true => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        false => (0, (1 << bits) - 1),
    }
}
