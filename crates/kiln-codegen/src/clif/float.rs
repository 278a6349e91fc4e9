//! Floats: what is one instruction, and the exact sequences for the rest.
//!
//! Each sequence serves one lane and vectors alike, has no branch, and gives
//! the bits of `kiln_ir::meaning`.

use super::emit::{Emit, Kind};
use crate::Arch;
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{InstBuilder, Value};
use kiln_ir::{Op, Scalar};

/// The parameters of a binary format (IEEE 754-2019, 3.6).
struct Format {
    /// Bits of the significand that are stored.
    mantissa: i64,
    /// The bias of the exponent.
    bias: i64,
    /// The least normal number.
    least_normal: f64,
    /// Lifts every subnormal into the normal range.
    lift: f64,
    /// The canonical quiet NaN.
    nan: u64,
}

const fn format(scalar: Scalar) -> Format {
    match scalar {
        Scalar::F32 => Format {
            mantissa: 23,
            bias: 127,
            least_normal: f32::MIN_POSITIVE as f64,
            lift: (1u64 << 24) as f64,
            nan: kiln_ir::meaning::NAN32.to_bits() as u64,
        },
        _ => Format {
            mantissa: 52,
            bias: 1023,
            least_normal: f64::MIN_POSITIVE,
            lift: (1u64 << 53) as f64,
            nan: kiln_ir::meaning::NAN64.to_bits(),
        },
    }
}

impl Emit<'_> {
    /// An op on floats that gives a float or its bits; `None` if there is no
    /// such op.
    pub(super) fn float_op(&mut self, op: Op, kind: Kind, args: &[Value]) -> Option<Value> {
        let x = args[0];
        Some(match (op, args) {
            (Op::Add, &[x, y]) => self.fadd(x, y),
            (Op::Sub, &[x, y]) => self.fsub(x, y),
            (Op::Mul, &[x, y]) => self.fmul(x, y),
            (Op::Div, &[x, y]) => self.b.ins().fdiv(x, y),
            (Op::Min | Op::Max, &[x, y]) => self.extreme(op, kind, x, y),
            (Op::Fmin | Op::Fmax, &[x, y]) => self.ignoring_nan(op, kind, x, y),
            (Op::Fma, &[x, y, z]) => self.b.ins().fma(x, y, z),
            (Op::Copysign, &[x, y]) => self.copysign(kind, x, y),
            (Op::Ldexp, &[x, n]) => self.ldexp(kind, x, n),
            (Op::Neg, _) => self.b.ins().fneg(x),
            (Op::Abs, _) => self.b.ins().fabs(x),
            (Op::Sqrt, _) => self.b.ins().sqrt(x),
            (Op::Floor | Op::Ceil | Op::Trunc | Op::Rint, _) => self.round(op, kind, x),
            (Op::Exponent, _) => self.exponent(kind, x),
            (Op::Mantissa, _) => self.mantissa(kind, x),
            (Op::Bits, _) => self.canonical_bits(kind, x),
            (Op::RawBits, _) => self.bitcast(kind.signed(), x),
            _ => return None,
        })
    }

    fn is_number(&mut self, x: Value) -> Value {
        self.fcmp(FloatCC::Ordered, x, x)
    }

    /// IEEE 754-2019 minimum and maximum. Cranelift's own makes NaN canonical
    /// on x86-64, which nothing sees.
    fn extreme(&mut self, op: Op, kind: Kind, x: Value, y: Value) -> Value {
        let is_max = op == Op::Max;
        if !kind.vector || self.target.arch() != Arch::X86_64 {
            return match is_max {
                true => self.b.ins().fmax(x, y),
                false => self.b.ins().fmin(x, y),
            };
        }
        // One instruction each: the second operand where one is NaN or both
        // are zero.
        let [xy, yx] = [[x, y], [y, x]].map(|[x, y]| {
            let first = match is_max {
                true => self.b.ins().fcmp(FloatCC::LessThan, y, x),
                false => self.b.ins().fcmp(FloatCC::LessThan, x, y),
            };
            self.select(kind, first, x, y)
        });
        if !is_max {
            // Equal numbers, or zeros: the sign bit of either. NaN stays NaN.
            return self.bor(xy, yx);
        }
        // The difference is zero, or the sign bit where zeros met, or NaN.
        let difference = self.bxor(xy, yx);
        let either = self.bor(xy, difference);
        self.fsub(either, difference)
    }

    /// IEEE 754-2019 minimumNumber and maximumNumber.
    fn ignoring_nan(&mut self, op: Op, kind: Kind, x: Value, y: Value) -> Value {
        let both = match op {
            Op::Fmin => self.extreme(Op::Min, kind, x, y),
            _ => self.extreme(Op::Max, kind, x, y),
        };
        let has_y = self.is_number(y);
        let known = self.select(kind, has_y, both, x);
        let has_x = self.is_number(x);
        self.select(kind, has_x, known, y)
    }

    /// `|x|` with the sign bit of `y`.
    fn with_sign_of(&mut self, kind: Kind, x: Value, y: Value) -> Value {
        if !kind.vector {
            return self.fcopysign(x, y);
        }
        let ints = kind.signed();
        let sign = self.bits(ints, 1 << (8 * kind.bytes() - 1));
        let (x, y) = (self.bitcast(ints, x), self.bitcast(ints, y));
        let size = self.b.ins().band_not(x, sign);
        let sign = self.band(y, sign);
        let joined = self.bor(size, sign);
        self.bitcast(kind, joined)
    }

    fn copysign(&mut self, kind: Kind, x: Value, y: Value) -> Value {
        let (is_number, zero) = (self.is_number(y), self.float(kind, 0.0));
        let y = self.select(kind, is_number, y, zero);
        self.with_sign_of(kind, x, y)
    }

    fn canonical_bits(&mut self, kind: Kind, x: Value) -> Value {
        let ints = kind.signed();
        let is_number = self.is_number(x);
        let (bits, nan) = (
            self.bitcast(ints, x),
            self.bits(ints, format(kind.scalar).nan),
        );
        self.select(ints, is_number, bits, nan)
    }

    fn round(&mut self, op: Op, kind: Kind, x: Value) -> Value {
        if !self.target.has_rounding() {
            return self.round_by_adding(op, kind, x);
        }
        match op {
            Op::Floor => self.b.ins().floor(x),
            Op::Ceil => self.b.ins().ceil(x),
            Op::Trunc => self.b.ins().trunc(x),
            _ => self.b.ins().nearest(x),
        }
    }

    /// Rounding without an instruction for it: adding 2^52 to a smaller
    /// number rounds it to an integer, ties to even; one more or less is the
    /// floor or the ceiling. Numbers from 2^52 on are integers.
    fn round_by_adding(&mut self, op: Op, kind: Kind, x: Value) -> Value {
        let limit = self.float(kind, (1u64 << format(kind.scalar).mantissa) as f64);
        let size = self.b.ins().fabs(x);
        let is_small = self.fcmp(FloatCC::LessThan, size, limit);
        let sum = self.fadd(size, limit);
        let nearest = self.fsub(sum, limit);
        let (one, zero) = (self.float(kind, 1.0), self.float(kind, 0.0));
        let rounded = match op {
            Op::Rint => nearest,
            Op::Trunc => {
                let over = self.fcmp(FloatCC::GreaterThan, nearest, size);
                let step = self.select(kind, over, one, zero);
                self.fsub(nearest, step)
            }
            Op::Floor => {
                let nearest = self.with_sign_of(kind, nearest, x);
                let over = self.fcmp(FloatCC::GreaterThan, nearest, x);
                let step = self.select(kind, over, one, zero);
                self.fsub(nearest, step)
            }
            _ => {
                let nearest = self.with_sign_of(kind, nearest, x);
                let under = self.fcmp(FloatCC::LessThan, nearest, x);
                let step = self.select(kind, under, one, zero);
                self.fadd(nearest, step)
            }
        };
        let signed = self.with_sign_of(kind, rounded, x);
        self.select(kind, is_small, signed, x)
    }

    /// `x * 2^floor(y)` in three factors, of which the last alone rounds:
    /// the steps down stop short of the subnormals by the bits of a mantissa.
    fn ldexp(&mut self, kind: Kind, x: Value, y: Value) -> Value {
        let Format { mantissa, bias, .. } = format(kind.scalar);
        let (up, down) = (bias as f64, (bias - 1 - mantissa) as f64);
        let power = |n: f64| (n as i64 + bias) << mantissa;
        // Past these every finite number is 0 or infinite. NaN stays.
        let (least, greatest) = (self.float(kind, -3.0 * up), self.float(kind, 3.0 * up));
        let (low, high) = (self.float(kind, 1.0 - up), self.float(kind, up));
        let n = self.round(Op::Floor, kind, y);
        let mut n = self.between(kind, n, least, greatest);
        let mut x = x;
        for _ in 0..2 {
            let over = self.fcmp(FloatCC::GreaterThan, n, high);
            let under = self.fcmp(FloatCC::LessThan, n, low);
            let (one, raise) = (self.float(kind, 1.0), self.bits(kind, power(up) as u64));
            let lower = self.bits(kind, power(-down) as u64);
            let factor = self.select(kind, under, lower, one);
            let factor = self.select(kind, over, raise, factor);
            let (zero, taken_down) = (self.float(kind, 0.0), self.float(kind, -down));
            let taken = self.select(kind, under, taken_down, zero);
            let taken = self.select(kind, over, high, taken);
            x = self.fmul(x, factor);
            n = self.fsub(n, taken);
        }
        n = self.between(kind, n, low, high);
        // An integer in the low bits of 1.5 * 2^52.
        let shifter = 1.5 * (1u64 << mantissa) as f64 + bias as f64;
        let shifter = self.float(kind, shifter);
        let shifted = self.fadd(n, shifter);
        let bits = self.bitcast(kind.signed(), shifted);
        let by = self.bits(Kind::one(Scalar::I32), mantissa as u64);
        let factor = self.ishl(bits, by);
        let factor = self.bitcast(kind, factor);
        let scaled = self.fmul(x, factor);
        let is_number = self.is_number(y);
        self.select(kind, is_number, scaled, y)
    }

    /// A float brought into a range; NaN stays.
    fn between(&mut self, kind: Kind, x: Value, low: Value, high: Value) -> Value {
        let under = self.fcmp(FloatCC::LessThan, x, low);
        let x = self.select(kind, under, low, x);
        let over = self.fcmp(FloatCC::GreaterThan, x, high);
        self.select(kind, over, high, x)
    }

    /// A signed integer brought into a range.
    pub(super) fn clamp(&mut self, kind: Kind, x: Value, low: i64, high: i64) -> Value {
        let (low, high) = (self.int(kind, low), self.int(kind, high));
        let x = self.min_max(Op::Max, kind, x, low);
        self.min_max(Op::Min, kind, x, high)
    }

    /// `|x|`, lifted into the normal range, and whether it was lifted.
    fn lifted(&mut self, kind: Kind, size: Value) -> (Value, Value) {
        let Format {
            least_normal, lift, ..
        } = format(kind.scalar);
        let (least, lift) = (self.float(kind, least_normal), self.float(kind, lift));
        let is_low = self.fcmp(FloatCC::LessThan, size, least);
        let up = self.fmul(size, lift);
        (self.select(kind, is_low, up, size), is_low)
    }

    fn exponent(&mut self, kind: Kind, x: Value) -> Value {
        let Format { mantissa, bias, .. } = format(kind.scalar);
        let ints = kind.signed();
        let size = self.b.ins().fabs(x);
        let (normal, was_lifted) = self.lifted(kind, size);
        let bits = self.bitcast(ints, normal);
        let by = self.bits(Kind::one(Scalar::I32), mantissa as u64);
        let field = self.ushr(bits, by);
        // An integer below 2^52 in the low bits of 2^52 is 2^52 plus it.
        let two_to = (bias + mantissa) << mantissa;
        let two_to_bits = self.bits(ints, two_to as u64);
        let field = self.bor(field, two_to_bits);
        let field = self.bitcast(kind, field);
        let offset = (1u64 << mantissa) as f64 + bias as f64;
        let (plain, lift) = (
            self.float(kind, offset),
            self.float(kind, offset + mantissa as f64 + 1.0),
        );
        let offset = self.select(kind, was_lifted, lift, plain);
        let exponent = self.fsub(field, offset);
        let infinity = self.float(kind, f64::INFINITY);
        let finite = self.fcmp(FloatCC::LessThan, size, infinity);
        let exponent = self.select(kind, finite, exponent, size);
        let (zero, least) = (self.float(kind, 0.0), self.float(kind, f64::NEG_INFINITY));
        let is_zero = self.fcmp(FloatCC::Equal, size, zero);
        self.select(kind, is_zero, least, exponent)
    }

    fn mantissa(&mut self, kind: Kind, x: Value) -> Value {
        let Format { mantissa, nan, .. } = format(kind.scalar);
        let ints = kind.signed();
        let size = self.b.ins().fabs(x);
        let (normal, _) = self.lifted(kind, size);
        let bits = self.bitcast(ints, normal);
        let low = self.bits(ints, (1 << mantissa) - 1);
        let fraction = self.band(bits, low);
        let one = self.float(kind, 1.0);
        let one_bits = self.bitcast(ints, one);
        let joined = self.bor(fraction, one_bits);
        let joined = self.bitcast(kind, joined);
        let (zero, infinity) = (self.float(kind, 0.0), self.float(kind, f64::INFINITY));
        let is_zero = self.fcmp(FloatCC::Equal, size, zero);
        let joined = self.select(kind, is_zero, one, joined);
        let is_infinite = self.fcmp(FloatCC::Equal, size, infinity);
        let joined = self.select(kind, is_infinite, one, joined);
        let signed = self.with_sign_of(kind, joined, x);
        let (is_number, nan) = (self.is_number(x), self.bits(kind, nan));
        self.select(kind, is_number, signed, nan)
    }
}
