//! Arithmetic on floats.

use super::super::inst::Arg;
use super::super::rows::MachOp;
use super::mask::{ORDERED, UNORDERED};
use super::{Selector, Value};
use crate::CodegenError;
use kiln_ir::{Class, Node, NodeId, Op, Scalar};

/// A pair of rows: for f64 and for f32.
macro_rules! by_type {
    ($scalar:expr, $double:ident, $single:ident) => {
        match $scalar {
            Scalar::F32 => MachOp::$single,
            _ => MachOp::$double,
        }
    };
}

/// Rounding modes of `vroundpd` and `vrndscalepd`, inexact suppressed.
const fn rounding(op: Op) -> u8 {
    match op {
        Op::Floor => 9,
        Op::Ceil => 10,
        Op::Trunc => 11,
        _ => 8,
    }
}

impl Selector<'_> {
    pub(super) fn float_op(
        &mut self,
        op: Op,
        args: &[NodeId],
        scalar: Scalar,
    ) -> Result<Value, CodegenError> {
        if op.class() == Class::Slow || op == Op::Rem {
            return self.slow_op(op, args, scalar);
        }
        if op == Op::Fma {
            return Ok(self.fma(args, scalar));
        }
        if op == Op::FromBits {
            return Ok(Value::of(self.pieces(args[0])));
        }
        let operands: Vec<Vec<Arg>> = args.iter().map(|&arg| self.pieces(arg)).collect();
        let width = self.width(scalar);
        let pieces = match (op, &operands[..]) {
            (Op::Add | Op::Sub | Op::Mul | Op::Div, [a, b]) => {
                let row = match op {
                    Op::Add => by_type!(scalar, AddPd, AddPs),
                    Op::Sub => by_type!(scalar, SubPd, SubPs),
                    Op::Mul => by_type!(scalar, MulPd, MulPs),
                    _ => by_type!(scalar, DivPd, DivPs),
                };
                self.zip([a, b], |s, [a, b]| s.op(row, width, &[a, b]))
            }
            (Op::Min | Op::Max | Op::Fmin | Op::Fmax, [a, b]) => {
                let known = [0, 1].map(|i| self.is_nonzero_number(args[i]));
                self.zip([a, b], |s, [a, b]| s.min_max(op, scalar, a, b, known))
            }
            (Op::Sqrt, [a]) => {
                let row = by_type!(scalar, SqrtPd, SqrtPs);
                self.zip([a], |s, [a]| s.op(row, width, &[a]))
            }
            (Op::Floor | Op::Ceil | Op::Trunc | Op::Rint, [a]) => {
                let row = by_type!(scalar, RoundPd, RoundPs);
                self.zip([a], |s, [a]| s.inst(row, width, &[a], rounding(op)))
            }
            (Op::Neg, [a]) => self.zip([a], |s, [a]| s.float_neg(scalar, a)),
            (Op::Abs, [a]) => self.zip([a], |s, [a]| s.float_abs(scalar, a)),
            (Op::Copysign, [a, b]) => self.zip([a, b], |s, [a, b]| s.copysign(scalar, a, b)),
            (Op::Ldexp, [a, b]) if self.evex() => {
                self.zip([a, b], |s, [a, b]| s.ldexp(scalar, a, b))
            }
            (Op::Exponent, [a]) if self.evex() => {
                let row = by_type!(scalar, GetExpPd, GetExpPs);
                self.zip([a], |s, [a]| s.op(row, width, &[a]))
            }
            (Op::Mantissa, [a]) if self.evex() => {
                // Interval [1, 2), sign of the operand: immediate 0.
                let row = by_type!(scalar, GetMantPd, GetMantPs);
                self.zip([a], |s, [a]| s.inst(row, width, &[a], 0))
            }
            _ => return Err(self.unknown(op, scalar)),
        };
        Ok(Value::of(pieces))
    }

    /// A fused multiply-add; negated operands are part of the instruction.
    fn fma(&mut self, args: &[NodeId], scalar: Scalar) -> Value {
        let mut negated = [false; 3];
        let mut operands = Vec::with_capacity(3);
        for (i, &arg) in args.iter().enumerate() {
            let inner = match self.func.node(arg) {
                Node::Op { op: Op::Neg, args } if self.absorbed[arg.index()] => Some(args[0]),
                _ => None,
            };
            negated[i] = inner.is_some();
            operands.push(self.pieces(inner.unwrap_or(arg)));
        }
        let row = match (negated[0] != negated[1], negated[2]) {
            (false, false) => by_type!(scalar, Fmadd213Pd, Fmadd213Ps),
            (false, true) => by_type!(scalar, Fmsub213Pd, Fmsub213Ps),
            (true, false) => by_type!(scalar, Fnmadd213Pd, Fnmadd213Ps),
            (true, true) => by_type!(scalar, Fnmsub213Pd, Fnmsub213Ps),
        };
        let width = self.width(scalar);
        let operands = [&operands[0][..], &operands[1], &operands[2]];
        Value::of(self.zip(operands, |s, args| s.op(row, width, &args)))
    }

    fn sign_bit(&mut self, scalar: Scalar) -> Arg {
        self.splat(scalar, 1 << (scalar.bits() - 1))
    }

    fn float_neg(&mut self, scalar: Scalar, value: Arg) -> Arg {
        let sign = self.sign_bit(scalar);
        let row = by_type!(scalar, XorPd, XorPs);
        self.op(row, self.width(scalar), &[value, sign])
    }

    pub(super) fn float_abs(&mut self, scalar: Scalar, value: Arg) -> Arg {
        let rest = self.splat(scalar, (1 << (scalar.bits() - 1)) - 1);
        let row = by_type!(scalar, AndPd, AndPs);
        self.op(row, self.width(scalar), &[value, rest])
    }

    /// `|x|` with the sign of `y`, where a NaN `y` counts as positive.
    fn copysign(&mut self, scalar: Scalar, x: Arg, y: Arg) -> Arg {
        let width = self.width(scalar);
        let (and, andn, or) = (
            by_type!(scalar, AndPd, AndPs),
            by_type!(scalar, AndnPd, AndnPs),
            by_type!(scalar, OrPd, OrPs),
        );
        let sign = self.sign_bit(scalar);
        let ordered = self.compare_floats(ORDERED, scalar, y, y);
        let taken = if self.evex() {
            self.masked(and, width, &[y, sign], 0, Some(ordered), None)
        } else {
            let y = self.op(and, width, &[ordered, y]);
            self.op(and, width, &[y, sign])
        };
        let size = self.op(andn, width, &[sign, x]);
        self.op(or, width, &[size, taken])
    }

    /// `x * 2^floor(y)`. `vscalef` gives NaN for zero times two to infinity
    /// and its mirror, so `y` is held within what already saturates.
    fn ldexp(&mut self, scalar: Scalar, x: Arg, y: Arg) -> Arg {
        let width = self.width(scalar);
        let (low, high) = (self.float(scalar, -4096.0), self.float(scalar, 4096.0));
        // The second operand of `vmaxpd` and `vminpd` wins where one is NaN.
        let y = self.op(by_type!(scalar, MaxPd, MaxPs), width, &[low, y]);
        let y = self.op(by_type!(scalar, MinPd, MinPs), width, &[high, y]);
        self.op(by_type!(scalar, ScalefPd, ScalefPs), width, &[x, y])
    }

    /// Whether a node is a constant that is neither zero nor NaN.
    fn is_nonzero_number(&self, node: NodeId) -> bool {
        let mut node = node;
        if let Node::Op {
            op: Op::Splat,
            args,
        } = self.func.node(node)
        {
            node = args[0];
        }
        let value = self.func.as_const(node);
        value
            .and_then(|c| c.as_f64().or(c.as_f32().map(f64::from)))
            .is_some_and(|v| v != 0.0 && !v.is_nan())
    }

    /// The four kinds of minimum and maximum.
    ///
    /// `vminpd(x, y)` is `x < y ? x : y`: its second operand where one is NaN
    /// or both are zero. `known` tells which operand is a number but zero.
    fn min_max(&mut self, op: Op, scalar: Scalar, x: Arg, y: Arg, known: [bool; 2]) -> Arg {
        let width = self.width(scalar);
        let is_min = matches!(op, Op::Min | Op::Fmin);
        let row = match is_min {
            true => by_type!(scalar, MinPd, MinPs),
            false => by_type!(scalar, MaxPd, MaxPs),
        };
        let nan_wins = matches!(op, Op::Min | Op::Max);
        // With one operand a known number but zero, the other decides alone
        // whether there is a NaN, and zeros never meet.
        match (known, nan_wins) {
            ([true, _], true) | ([false, true], false) => return self.op(row, width, &[x, y]),
            ([false, true], true) | ([true, _], false) => return self.op(row, width, &[y, x]),
            _ => {}
        }
        if self.evex() {
            return self.min_max_range(is_min, nan_wins, scalar, x, y);
        }
        let xy = self.op(row, width, &[x, y]);
        let yx = self.op(row, width, &[y, x]);
        let both = match is_min {
            // Equal numbers, or zeros: the sign bit of either. NaN stays NaN.
            true => self.op(by_type!(scalar, OrPd, OrPs), width, &[xy, yx]),
            // The difference is zero, or the sign bit where zeros met, or NaN.
            false => {
                let difference = self.op(by_type!(scalar, XorPd, XorPs), width, &[xy, yx]);
                let either = self.op(by_type!(scalar, OrPd, OrPs), width, &[xy, difference]);
                let sub = by_type!(scalar, SubPd, SubPs);
                self.op(sub, width, &[either, difference])
            }
        };
        if nan_wins {
            return both;
        }
        let x_nan = self.compare_floats(UNORDERED, scalar, x, x);
        let both = self.blend(scalar, x_nan, y, both);
        let y_nan = self.compare_floats(UNORDERED, scalar, y, y);
        self.blend(scalar, y_nan, x, both)
    }

    /// The same with `vrangepd`, which orders zeros, and prefers numbers to
    /// quiet NaN but not to signalling ones.
    fn min_max_range(
        &mut self,
        is_min: bool,
        nan_wins: bool,
        scalar: Scalar,
        x: Arg,
        y: Arg,
    ) -> Arg {
        let width = self.width(scalar);
        // Bit 0 chooses the maximum; bits 2 and 3 keep the result's own sign.
        let imm = if is_min { 4 } else { 5 };
        let row = by_type!(scalar, RangePd, RangePs);
        let range = self.inst(row, width, &[x, y], imm);
        if nan_wins {
            let unordered = self.compare_floats(UNORDERED, scalar, x, y);
            let add = by_type!(scalar, AddPd, AddPs);
            return self.masked(add, width, &[x, y], 0, Some(unordered), Some(range));
        }
        let x_nan = self.compare_floats(UNORDERED, scalar, x, x);
        let range = self.blend(scalar, x_nan, y, range);
        let y_nan = self.compare_floats(UNORDERED, scalar, y, y);
        self.blend(scalar, y_nan, x, range)
    }

    /// The bits of floats, a NaN's replaced by the canonical one's.
    pub(super) fn canonical_bits(&mut self, scalar: Scalar, value: Arg) -> Arg {
        let nan = match scalar {
            Scalar::F32 => self.splat(scalar, u64::from(kiln_ir::meaning::NAN32.to_bits())),
            _ => self.splat(scalar, kiln_ir::meaning::NAN64.to_bits()),
        };
        let unordered = self.compare_floats(UNORDERED, scalar, value, value);
        self.blend(scalar, unordered, nan, value)
    }
}
