//! Ops on one lane and on pieces of vectors: the legality table.
//!
//! An op on 128 bits is native, a short exact sequence, or made lane by lane;
//! the table says which, and the test of every cell of it holds it to that.

use super::emit::{Emit, Kind, float_cc, int_cc};
use crate::Arch;
use cranelift_codegen::ir::{InstBuilder, Value};
use kiln_ir::{Op, Scalar};

/// How an op on a piece is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// One instruction of Cranelift's.
    Native,
    /// A short exact sequence.
    Expand,
    /// Lane by lane.
    PerLane,
    /// The op is not defined on the type, or is made elsewhere.
    Absent,
}

use Form::{Absent as O, Expand as E, Native as N, PerLane as L};

/// Forms over integers of 8, 16, 32 and 64 bits, f32 and f64. Comparison,
/// choice, conversion, shifts by one amount and calls of helpers are made
/// elsewhere.
#[rustfmt::skip]
const FORMS: &[(Op, [Form; 6])] = &[
    //                   i8 16 32 64 f32 64
    (Op::Add,           [N, N, N, N, N, N]),
    (Op::Sub,           [N, N, N, N, N, N]),
    (Op::Mul,           [E, N, N, N, N, N]),
    (Op::Div,           [L, L, L, L, N, N]),
    (Op::Rem,           [L, L, L, L, O, O]),
    (Op::Neg,           [N, N, N, N, N, N]),
    (Op::Abs,           [N, N, N, N, N, N]),
    (Op::Min,           [N, N, N, E, N, N]),
    (Op::Max,           [N, N, N, E, N, N]),
    (Op::Fmin,          [O, O, O, O, E, E]),
    (Op::Fmax,          [O, O, O, O, E, E]),
    (Op::Fma,           [O, O, O, O, N, N]),
    (Op::Sqrt,          [O, O, O, O, N, N]),
    (Op::Floor,         [O, O, O, O, N, N]),
    (Op::Ceil,          [O, O, O, O, N, N]),
    (Op::Trunc,         [O, O, O, O, N, N]),
    (Op::Rint,          [O, O, O, O, N, N]),
    (Op::Copysign,      [O, O, O, O, E, E]),
    (Op::Ldexp,         [O, O, O, O, E, E]),
    (Op::Exponent,      [O, O, O, O, E, E]),
    (Op::Mantissa,      [O, O, O, O, E, E]),
    (Op::AddSat,        [E, E, E, E, O, O]),
    (Op::SubSat,        [E, E, E, E, O, O]),
    (Op::MulSat,        [L, L, L, L, O, O]),
    (Op::MulHigh,       [L, L, L, L, O, O]),
    (Op::AddOverflows,  [E, E, E, E, O, O]),
    (Op::SubOverflows,  [E, E, E, E, O, O]),
    (Op::MulOverflows,  [L, L, L, L, O, O]),
    (Op::And,           [N, N, N, N, O, O]),
    (Op::Or,            [N, N, N, N, O, O]),
    (Op::Xor,           [N, N, N, N, O, O]),
    (Op::Not,           [N, N, N, N, O, O]),
    (Op::Shl,           [L, L, L, L, O, O]),
    (Op::Shr,           [L, L, L, L, O, O]),
    (Op::Rotl,          [L, L, L, L, O, O]),
    (Op::Rotr,          [L, L, L, L, O, O]),
    (Op::Clz,           [L, L, L, L, O, O]),
    (Op::Ctz,           [L, L, L, L, O, O]),
    (Op::Popcount,      [L, L, L, L, O, O]),
    (Op::Bits,          [O, O, O, O, E, E]),
    (Op::RawBits,       [O, O, O, O, N, N]),
    (Op::FromBits,      [O, O, N, N, O, O]),
];

/// The form of an op on pieces of a type.
pub(super) fn form(op: Op, scalar: Scalar) -> Form {
    let column = match scalar {
        Scalar::F32 => 4,
        Scalar::F64 => 5,
        int => int.bytes().trailing_zeros() as usize,
    };
    let row = FORMS.iter().find(|(o, _)| *o == op);
    row.map_or(Form::Absent, |(_, forms)| forms[column])
}

impl Emit<'_> {
    /// An op on one lane, other than `select`, `cast` and those on vectors.
    /// `scalar` is the type of the first operand.
    pub(super) fn one(&mut self, op: Op, scalar: Scalar, args: &[Value]) -> Option<Value> {
        match scalar {
            Scalar::Bool => self.truth_op(op, false, args),
            _ if is_comparison(op) => Some(self.compare(op, Kind::one(scalar), args[0], args[1])),
            _ if scalar.is_float() => self.float_op(op, Kind::one(scalar), args),
            _ => self.int_op(op, scalar, args),
        }
    }

    /// An op on pieces whose first `lanes` lanes count.
    pub(super) fn piece(
        &mut self,
        op: Op,
        scalar: Scalar,
        lanes: usize,
        args: &[Value],
    ) -> Option<Value> {
        let kind = Kind::piece(scalar);
        if is_comparison(op) {
            return Some(self.compare(op, kind, args[0], args[1]));
        }
        match form(op, scalar) {
            Form::Absent => None,
            Form::PerLane => self.by_lane(op, scalar, lanes, args),
            Form::Native | Form::Expand if scalar.is_float() => self.float_op(op, kind, args),
            Form::Native | Form::Expand => match (op, args) {
                (Op::Abs, _) => Some(self.magnitude(kind, args[0])),
                (Op::Mul, &[x, y]) if kind.bytes() == 1 => Some(self.multiply_bytes(x, y)),
                (Op::Mul, &[x, y]) => Some(self.imul(x, y)),
                _ => self.int_any(op, kind, args),
            },
        }
    }

    /// A comparison of numbers.
    fn compare(&mut self, op: Op, kind: Kind, x: Value, y: Value) -> Value {
        if kind.scalar.is_float() {
            self.fcmp(float_cc(op), x, y)
        } else {
            self.icmp(kind, int_cc(op, kind.scalar.is_signed()), x, y)
        }
    }

    /// An op on truth values, or on masks over elements of one size.
    pub(super) fn truth_op(&mut self, op: Op, vector: bool, args: &[Value]) -> Option<Value> {
        Some(match (op, args) {
            (Op::And, &[x, y]) => self.band(x, y),
            (Op::Or, &[x, y]) => self.bor(x, y),
            (Op::Xor | Op::Ne, &[x, y]) => self.bxor(x, y),
            (Op::Eq, &[x, y]) => {
                let differ = self.bxor(x, y);
                self.not(vector, differ)
            }
            (Op::Not, &[x]) => self.not(vector, x),
            _ => return None,
        })
    }

    fn by_lane(&mut self, op: Op, scalar: Scalar, lanes: usize, args: &[Value]) -> Option<Value> {
        let gives_flag = op == Op::MulOverflows;
        let mut results = Vec::with_capacity(lanes);
        for lane in 0..lanes {
            let mut held = [args[0]; 3];
            for (slot, &arg) in held.iter_mut().zip(args) {
                *slot = self.lane(arg, lane);
            }
            let result = self.one(op, scalar, &held[..args.len()])?;
            results.push(match gives_flag {
                true => {
                    let wide = match scalar.bytes() {
                        1 => result,
                        _ => self.extend(scalar.to_signed(), false, result),
                    };
                    self.b.ins().ineg(wide)
                }
                false => result,
            });
        }
        Some(self.gather(Kind::piece(scalar), &results))
    }

    fn multiply_bytes(&mut self, x: Value, y: Value) -> Value {
        let low = [x, y].map(|v| self.b.ins().swiden_low(v));
        let high = [x, y].map(|v| self.b.ins().swiden_high(v));
        let byte = self.bits(Kind::piece(Scalar::I16), 0xff);
        let [low, high] = [low, high].map(|[x, y]| {
            let product = self.imul(x, y);
            self.band(product, byte)
        });
        self.b.ins().unarrow(low, high)
    }

    /// A shift of every lane by one amount, which is of the lanes' type.
    pub(super) fn shift_all(&mut self, op: Op, scalar: Scalar, x: Value, by: Value) -> Value {
        let width = u64::from(scalar.bits());
        let kind = Kind::one(scalar);
        let (by, rest) = match self.known(by) {
            Some(by) => {
                let by = by % width;
                (self.bits(kind, by), self.bits(kind, (width - by) % width))
            }
            None => {
                let low = self.bits(kind, width - 1);
                let by = self.band(by, low);
                let minus = self.b.ins().ineg(by);
                let rest = self.band(minus, low);
                (by, rest)
            }
        };
        match op {
            Op::Shl => self.ishl(x, by),
            Op::Shr if scalar == Scalar::I64 => self.shift_signed_quads(x, by),
            Op::Shr if scalar.is_signed() => self.sshr(x, by),
            Op::Shr => self.ushr(x, by),
            _ => {
                let (left, right) = match op {
                    Op::Rotl => (by, rest),
                    _ => (rest, by),
                };
                let (left, right) = (self.ishl(x, left), self.ushr(x, right));
                self.bor(left, right)
            }
        }
    }
}

impl Emit<'_> {
    /// An arithmetic shift of 64-bit lanes, which x86-64 has only for narrower
    /// ones: `((x >>> n) ^ s) - s`, where `s` is the place of the sign bit after
    /// the shift (Warren, Hacker's Delight, 2-7).
    fn shift_signed_quads(&mut self, x: Value, by: Value) -> Value {
        let known = self
            .known(by)
            .filter(|_| self.target.arch() == Arch::X86_64);
        let Some(by_known) = known else {
            return self.sshr(x, by);
        };
        let sign = self.bits(Kind::piece(Scalar::I64), (1 << 63) >> by_known);
        let shifted = self.ushr(x, by);
        let flipped = self.bxor(shifted, sign);
        self.isub(flipped, sign)
    }
}

/// Whether an op compares two operands.
pub(super) fn is_comparison(op: Op) -> bool {
    matches!(op, Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge)
}
