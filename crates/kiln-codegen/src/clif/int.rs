//! Integers and truth values.
//!
//! Nothing here can trap: a divisor is replaced by 1 where the hardware
//! would, and the result put right afterwards. Multiplications, divisions,
//! shifts and counts of 8 and 16 bits are made in 32, whose forms are the
//! ones that are exercised everywhere.

use super::emit::{Emit, Kind, int_cc, int_of};
use cranelift_codegen::ir::{InstBuilder, Value};
use kiln_ir::{Op, Scalar};

impl Emit<'_> {
    /// An op on integers of one lane that gives an integer; `None` if there
    /// is no such op.
    pub(super) fn int_op(&mut self, op: Op, scalar: Scalar, args: &[Value]) -> Option<Value> {
        let kind = Kind::one(scalar);
        if let Some(value) = self.int_any(op, kind, args) {
            return Some(value);
        }
        let x = args[0];
        Some(match (op, args) {
            (Op::Mul, &[x, y]) => self.in_32_bits(scalar, [x, y], |e, [x, y]| e.imul(x, y)),
            (Op::Div | Op::Rem, &[x, y]) => self.divide(op, scalar, x, y),
            (Op::Abs, _) => self.magnitude(kind, x),
            (Op::MulSat, &[x, y]) => self.mul_sat(scalar, x, y),
            (Op::MulHigh, &[x, y]) => self.mul_high(scalar, x, y),
            (Op::MulOverflows, &[x, y]) => self.mul_overflows(scalar, x, y),
            (Op::Shl | Op::Shr | Op::Rotl | Op::Rotr, &[x, y]) => self.shift(op, scalar, x, y),
            (Op::Clz | Op::Ctz | Op::Popcount, _) => self.count(op, scalar, x),
            _ => return None,
        })
    }

    /// Ops whose sequence serves one lane and vectors alike.
    pub(super) fn int_any(&mut self, op: Op, kind: Kind, args: &[Value]) -> Option<Value> {
        let x = args[0];
        Some(match (op, args) {
            (Op::Add, &[x, y]) => self.iadd(x, y),
            (Op::Sub, &[x, y]) => self.isub(x, y),
            (Op::And, &[x, y]) => self.band(x, y),
            (Op::Or, &[x, y]) => self.bor(x, y),
            (Op::Xor, &[x, y]) => self.bxor(x, y),
            (Op::Not, _) => self.b.ins().bnot(x),
            (Op::Neg, _) => self.b.ins().ineg(x),
            (Op::Min | Op::Max, &[x, y]) => self.min_max(op, kind, x, y),
            (Op::AddSat | Op::SubSat, &[x, y]) => self.saturating(op, kind, x, y),
            (Op::AddOverflows | Op::SubOverflows, &[x, y]) => self.overflows(op, kind, x, y),
            (Op::FromBits, _) => {
                let float = match kind.bytes() {
                    4 => Scalar::F32,
                    _ => Scalar::F64,
                };
                self.bitcast(kind.with(float), x)
            }
            _ => return None,
        })
    }

    /// The lesser or the greater of two integers.
    pub(super) fn min_max(&mut self, op: Op, kind: Kind, x: Value, y: Value) -> Value {
        let signed = kind.scalar.is_signed();
        if kind.vector && kind.bytes() < 8 {
            return match (op, signed) {
                (Op::Min, true) => self.b.ins().smin(x, y),
                (Op::Min, false) => self.b.ins().umin(x, y),
                (_, true) => self.b.ins().smax(x, y),
                (_, false) => self.b.ins().umax(x, y),
            };
        }
        let order = if op == Op::Min { Op::Lt } else { Op::Gt };
        let first = self.icmp(kind, int_cc(order, signed), x, y);
        self.select(kind, first, x, y)
    }

    /// `|x|`; an unsigned `x` is its own.
    pub(super) fn magnitude(&mut self, kind: Kind, x: Value) -> Value {
        if !kind.scalar.is_signed() {
            return x;
        }
        if kind.vector {
            return self.b.ins().iabs(x);
        }
        let zero = self.int(kind, 0);
        let below = self.icmp(kind, int_cc(Op::Lt, true), x, zero);
        let minus = self.b.ins().ineg(x);
        self.select(kind, below, minus, x)
    }

    /// Whether `x + y` or `x - y` leaves the type.
    fn overflows(&mut self, op: Op, kind: Kind, x: Value, y: Value) -> Value {
        let signed = kind.scalar.is_signed();
        let less = int_cc(Op::Lt, signed);
        match (op, signed) {
            (Op::AddOverflows | Op::AddSat, false) => {
                let sum = self.iadd(x, y);
                self.icmp(kind, less, sum, x)
            }
            (_, false) => self.icmp(kind, less, x, y),
            // The result has the wrong sign: that of neither addend, or not
            // that of x where the signs of x and y differ (Hacker's Delight,
            // 2-13).
            (Op::AddOverflows | Op::AddSat, true) => {
                let sum = self.iadd(x, y);
                let (a, b) = (self.bxor(sum, x), self.bxor(sum, y));
                self.both_negative(kind, a, b)
            }
            (_, true) => {
                let rest = self.isub(x, y);
                let (a, b) = (self.bxor(x, y), self.bxor(rest, x));
                self.both_negative(kind, a, b)
            }
        }
    }

    fn both_negative(&mut self, kind: Kind, a: Value, b: Value) -> Value {
        let (both, zero) = (self.band(a, b), self.int(kind, 0));
        self.icmp(kind, int_cc(Op::Lt, true), both, zero)
    }

    fn saturating(&mut self, op: Op, kind: Kind, x: Value, y: Value) -> Value {
        let wrapped = match op {
            Op::AddSat => self.iadd(x, y),
            _ => self.isub(x, y),
        };
        let over = self.overflows(op, kind, x, y);
        let bound = match (kind.scalar.is_signed(), op) {
            // MAX for x >= 0, MIN below.
            (true, _) => self.bound_of_sign(kind, x),
            (false, Op::AddSat) => self.int(kind, -1),
            (false, _) => self.int(kind, 0),
        };
        self.select(kind, over, bound, wrapped)
    }

    /// The greatest value for a sign bit of 0, the least for 1.
    fn bound_of_sign(&mut self, kind: Kind, x: Value) -> Value {
        let width = 8 * kind.bytes() as u64;
        let by = self.bits(Kind::one(Scalar::I32), width - 1);
        let sign = self.sshr(x, by);
        let greatest = self.bits(kind, (1u64 << (width - 1)) - 1);
        self.bxor(sign, greatest)
    }

    /// Computes in 32 bits what is narrower.
    fn in_32_bits<const N: usize>(
        &mut self,
        scalar: Scalar,
        args: [Value; N],
        f: impl FnOnce(&mut Self, [Value; N]) -> Value,
    ) -> Value {
        let wide = int_of(scalar.bytes().max(4));
        let args = args.map(|x| self.extend(wide, scalar.is_signed(), x));
        let result = f(self, args);
        self.reduce(scalar, result)
    }

    /// `x / y` or `x % y`, with 0 for a zero divisor and MIN, 0 for MIN and
    /// -1: the divisor is 1 in both cases.
    fn divide(&mut self, op: Op, scalar: Scalar, x: Value, y: Value) -> Value {
        let known = self.known(y);
        self.in_32_bits(scalar, [x, y], |e, [x, y]| {
            let signed = scalar.is_signed();
            let kind = Kind::one(int_of(scalar.bytes().max(4)));
            let minus_one = u64::MAX >> (64 - scalar.bits());
            if known.is_some_and(|y| y != 0 && y != minus_one) {
                return e.raw_divide(op, signed, x, y);
            }
            let (zero, one) = (e.int(kind, 0), e.int(kind, 1));
            let is_zero = e.icmp(kind, int_cc(Op::Eq, true), y, zero);
            let mut is_bad = is_zero;
            if signed {
                let least = e.bits(kind, 1 << (8 * kind.bytes() - 1));
                let least = e.icmp(kind, int_cc(Op::Eq, true), x, least);
                let minus_one = e.int(kind, -1);
                let minus = e.icmp(kind, int_cc(Op::Eq, true), y, minus_one);
                let leaves = e.band(least, minus);
                is_bad = e.bor(is_zero, leaves);
            }
            let safe = e.select(kind, is_bad, one, y);
            let result = e.raw_divide(op, signed, x, safe);
            match op {
                Op::Div => e.select(kind, is_zero, zero, result),
                _ => result,
            }
        })
    }

    fn raw_divide(&mut self, op: Op, signed: bool, x: Value, y: Value) -> Value {
        self.divisions += 1;
        self.division_traps += if op == Op::Div && signed { 2 } else { 1 };
        match (op, signed) {
            (Op::Div, true) => self.b.ins().sdiv(x, y),
            (Op::Div, false) => self.b.ins().udiv(x, y),
            (_, true) => self.b.ins().srem(x, y),
            (_, false) => self.b.ins().urem(x, y),
        }
    }

    /// The product of types up to 32 bits, in 64.
    fn product(&mut self, scalar: Scalar, x: Value, y: Value) -> Value {
        let signed = scalar.is_signed();
        let x = self.extend(Scalar::I64, signed, x);
        let y = self.extend(Scalar::I64, signed, y);
        self.imul(x, y)
    }

    fn high(&mut self, signed: bool, x: Value, y: Value) -> Value {
        if signed {
            self.b.ins().smulhi(x, y)
        } else {
            self.b.ins().umulhi(x, y)
        }
    }

    fn mul_high(&mut self, scalar: Scalar, x: Value, y: Value) -> Value {
        if scalar.bytes() == 8 {
            return self.high(scalar.is_signed(), x, y);
        }
        let product = self.product(scalar, x, y);
        let by = self.bits(Kind::one(Scalar::I32), u64::from(scalar.bits()));
        let high = self.ushr(product, by);
        self.reduce(scalar, high)
    }

    fn mul_overflows(&mut self, scalar: Scalar, x: Value, y: Value) -> Value {
        let signed = scalar.is_signed();
        let wide = Kind::one(Scalar::I64);
        if scalar.bytes() < 8 {
            let product = self.product(scalar, x, y);
            let low = self.reduce(scalar, product);
            let back = self.extend(Scalar::I64, signed, low);
            return self.icmp(wide, int_cc(Op::Ne, signed), product, back);
        }
        let high = self.high(signed, x, y);
        let expected = if signed {
            let low = self.imul(x, y);
            let by = self.bits(Kind::one(Scalar::I32), 63);
            self.sshr(low, by)
        } else {
            self.int(wide, 0)
        };
        self.icmp(wide, int_cc(Op::Ne, signed), high, expected)
    }

    fn mul_sat(&mut self, scalar: Scalar, x: Value, y: Value) -> Value {
        let kind = Kind::one(scalar);
        let low = self.in_32_bits(scalar, [x, y], |e, [x, y]| e.imul(x, y));
        let over = self.mul_overflows(scalar, x, y);
        let bound = if scalar.is_signed() {
            let sign = self.bxor(x, y);
            self.bound_of_sign(kind, sign)
        } else {
            self.int(kind, -1)
        };
        self.select(kind, over, bound, low)
    }

    fn shift(&mut self, op: Op, scalar: Scalar, x: Value, y: Value) -> Value {
        let width = u64::from(scalar.bits());
        if scalar.bytes() >= 4 {
            // Cranelift takes the amount modulo the width.
            return match op {
                Op::Shl => self.ishl(x, y),
                Op::Shr if scalar.is_signed() => self.sshr(x, y),
                Op::Shr => self.ushr(x, y),
                Op::Rotl => self.b.ins().rotl(x, y),
                _ => self.b.ins().rotr(x, y),
            };
        }
        let kind = Kind::one(Scalar::I32);
        let y = self.extend(Scalar::I32, false, y);
        let low = self.bits(kind, width - 1);
        let by = self.band(y, low);
        let signed = scalar.is_signed() && op == Op::Shr;
        let x = self.extend(Scalar::I32, signed, x);
        let result = match op {
            Op::Shl => self.ishl(x, by),
            Op::Shr if signed => self.sshr(x, by),
            Op::Shr => self.ushr(x, by),
            _ => {
                let all = self.bits(kind, width);
                let rest = self.isub(all, by);
                let (left, right) = match op {
                    Op::Rotl => (by, rest),
                    _ => (rest, by),
                };
                let (left, right) = (self.ishl(x, left), self.ushr(x, right));
                self.bor(left, right)
            }
        };
        self.reduce(scalar, result)
    }

    fn count(&mut self, op: Op, scalar: Scalar, x: Value) -> Value {
        let wide = int_of(scalar.bytes().max(4));
        let kind = Kind::one(wide);
        let x = self.extend(wide, false, x);
        let spare = u64::from(wide.bits() - scalar.bits());
        let result = match op {
            Op::Popcount => self.b.ins().popcnt(x),
            Op::Clz => {
                let all = self.b.ins().clz(x);
                let spare = self.bits(kind, spare);
                self.isub(all, spare)
            }
            _ if spare > 0 => {
                let stop = self.bits(kind, 1 << scalar.bits());
                let x = self.bor(x, stop);
                self.b.ins().ctz(x)
            }
            _ => self.b.ins().ctz(x),
        };
        self.reduce(scalar, result)
    }
}
