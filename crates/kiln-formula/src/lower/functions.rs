//! Calls of functions.

use super::{Lowerer, Value};
use crate::ast::ExprId;
use crate::language::{Function, Shape};
use crate::types::{Kind, Meeting};
use kiln_ir::{Const, FaultKind, NodeId, Op, POWI_MAX};

/// The op that a function of decimal numbers is made of: the op of its name if
/// the IR has one, or the one that does its work.
fn math_op(function: Function) -> Option<Op> {
    match function {
        Function::Ln | Function::Log => Some(Op::Log),
        Function::Sigmoid => Some(Op::Exp),
        // The frequent ones are spared the search.
        Function::Exp => Some(Op::Exp),
        Function::Sqrt => Some(Op::Sqrt),
        Function::Sin => Some(Op::Sin),
        Function::Cos => Some(Op::Cos),
        Function::Atan => Op::from_name("atan").or(Some(Op::Atan2)),
        other => Op::from_name(other.name()),
    }
}

/// Whether the IR has what the function needs.
pub(crate) fn is_available(function: Function) -> bool {
    math_op(function).is_some()
}

/// Whether a literal exponent is one of the fixed multiplications of `powi`.
pub(super) fn is_powi(exponent: Option<i64>) -> bool {
    exponent.is_some_and(|n| n.unsigned_abs() <= POWI_MAX as u64)
}

/// Whether a call is worth a branch to avoid.
pub(super) fn is_costly(function: Function) -> bool {
    match function.info().shape {
        Shape::Decimal => function != Function::Sqrt,
        _ => function == Function::Rem,
    }
}

impl Lowerer<'_> {
    pub(super) fn call(&mut self, id: ExprId, function: Function, args: &[ExprId]) -> Value {
        let kind = self.ty(id).kind;
        match function.info().shape {
            Shape::Coalesce => return self.coalesce(id, args),
            Shape::MissingTest => {
                let valid = self.validity(args[0]);
                let node = self.not(valid);
                return Value {
                    node: Some(node),
                    raw: None,
                    valid: None,
                };
            }
            _ => {}
        }
        let node = match function.info().shape {
            Shape::Decimal => self.decimal_function(function, kind, args),
            Shape::Test => self.test(function, args[0]),
            Shape::Bits => self.bits(id, function, args),
            _ => self.number_function(id, function, kind, args),
        };
        let mut valid = None;
        for &arg in args {
            valid = self.both_valid(valid, self.valid(arg));
        }
        Value {
            node: Some(node),
            raw: None,
            valid,
        }
    }

    /// # Panics
    /// If there is no such op; the checker has asked [`is_available`].
    fn decimal_function(&mut self, function: Function, kind: Kind, args: &[ExprId]) -> NodeId {
        let Some(op) = math_op(function) else {
            unreachable!("the checker refuses functions without an op");
        };
        let x = self.get(args[0], kind);
        let second = args.get(1).map(|&arg| self.get(arg, kind));
        match (function, second) {
            // log(x, b) = ln(x) / ln(b)
            (Function::Log, Some(base)) => {
                let top = self.b.op(op, &[x]);
                let bottom = self.b.op(op, &[base]);
                self.b.op(Op::Div, &[top, bottom])
            }
            // atan(x) = atan2(x, 1)
            (Function::Atan, None) if op == Op::Atan2 => {
                let one = self.constant(kind, 1);
                self.b.op(op, &[x, one])
            }
            // sigmoid(x) = 1 / (1 + exp(-x)); exp(-x) = inf gives 0.
            (Function::Sigmoid, None) => {
                let one = self.constant(kind, 1);
                let negative = self.b.op(Op::Neg, &[x]);
                let power = self.b.op(op, &[negative]);
                let sum = self.b.op(Op::Add, &[one, power]);
                self.b.op(Op::Div, &[one, sum])
            }
            (_, Some(y)) => self.b.op(op, &[x, y]),
            (_, None) => self.b.op(op, &[x]),
        }
    }

    fn number_function(
        &mut self,
        id: ExprId,
        function: Function,
        kind: Kind,
        args: &[ExprId],
    ) -> NodeId {
        let decimal = kind.is_float();
        match function {
            Function::Abs if !decimal => self.whole_abs(id, args[0]),
            Function::Rem if !decimal => self.whole_rem(id, args[0], args[1]),
            Function::Min => self.fold(Op::Min, kind, args),
            Function::Max => self.fold(Op::Max, kind, args),
            Function::Fmin => self.fold(if decimal { Op::Fmin } else { Op::Min }, kind, args),
            Function::Fmax => self.fold(if decimal { Op::Fmax } else { Op::Max }, kind, args),
            Function::Clamp => {
                let (x, low) = (self.get(args[0], kind), self.get(args[1], kind));
                let high = self.get(args[2], kind);
                let raised = self.b.op(Op::Max, &[x, low]);
                self.b.op(Op::Min, &[raised, high])
            }
            Function::Rem => {
                let (a, b) = (self.get(args[0], kind), self.get(args[1], kind));
                self.b.op(Op::Rem, &[a, b])
            }
            Function::Sign => {
                let x = self.get(args[0], kind);
                self.sign(kind, x)
            }
            _ => {
                let x = self.get(args[0], kind);
                match function {
                    // Rounding leaves a whole number as it is.
                    _ if !decimal => x,
                    Function::Abs => self.b.op(Op::Abs, &[x]),
                    Function::Floor => self.b.op(Op::Floor, &[x]),
                    Function::Ceil => self.b.op(Op::Ceil, &[x]),
                    Function::Trunc => self.b.op(Op::Trunc, &[x]),
                    Function::RoundEven => self.b.op(Op::Rint, &[x]),
                    _ => self.round(kind, x),
                }
            }
        }
    }

    fn fold(&mut self, op: Op, kind: Kind, args: &[ExprId]) -> NodeId {
        let mut result = self.get(args[0], kind);
        for &arg in &args[1..] {
            let next = self.get(arg, kind);
            result = self.b.op(op, &[result, next]);
        }
        result
    }

    /// -1, 0 or 1; sign(-0) is 0, sign(NaN) is NaN.
    fn sign(&mut self, kind: Kind, x: NodeId) -> NodeId {
        let (zero, one) = (self.constant(kind, 0), self.constant(kind, 1));
        let minus_one = self.constant(kind, -1);
        let below = self.b.op(Op::Lt, &[x, zero]);
        let above = self.b.op(Op::Gt, &[x, zero]);
        let neither = if kind.is_float() {
            let is_zero = self.b.op(Op::Eq, &[x, zero]);
            self.b.select(is_zero, zero, x)
        } else {
            zero
        };
        let not_above = self.b.select(below, minus_one, neither);
        self.b.select(above, one, not_above)
    }

    /// Halves away from zero. With t = trunc(x), x - t is exact, so
    /// t + copysign(|x - t| >= 1/2, x) rounds right also next to 1/2 and keeps
    /// the sign of zero; for infinity x - t is NaN, which is not >= 1/2.
    fn round(&mut self, kind: Kind, x: NodeId) -> NodeId {
        let half = match kind {
            Kind::F32 => Const::f32(0.5),
            _ => Const::f64(0.5),
        };
        let half = self.b.constant(half);
        let (zero, one) = (self.constant(kind, 0), self.constant(kind, 1));
        let t = self.b.op(Op::Trunc, &[x]);
        let rest = self.b.op(Op::Sub, &[x, t]);
        let size = self.b.op(Op::Abs, &[rest]);
        let up = self.b.op(Op::Ge, &[size, half]);
        let step = self.b.select(up, one, zero);
        let signed = self.b.op(Op::Copysign, &[step, x]);
        self.b.op(Op::Add, &[t, signed])
    }

    fn test(&mut self, function: Function, arg: ExprId) -> NodeId {
        let kind = self.ty(arg).kind;
        if !kind.is_float() {
            return self.b.bool(function == Function::IsFinite);
        }
        let x = self.get(arg, kind);
        if function == Function::IsNan {
            return self.b.op(Op::Ne, &[x, x]);
        }
        let infinity = match kind {
            Kind::F32 => Const::f32(f32::INFINITY),
            _ => Const::f64(f64::INFINITY),
        };
        let infinity = self.b.constant(infinity);
        let size = self.b.op(Op::Abs, &[x]);
        let op = match function {
            Function::IsInf => Op::Eq,
            // False for NaN as well.
            _ => Op::Lt,
        };
        self.b.op(op, &[size, infinity])
    }

    fn bits(&mut self, id: ExprId, function: Function, args: &[ExprId]) -> NodeId {
        let (a, b) = (self.get(args[0], Kind::Int), self.get(args[1], Kind::Int));
        let op = match function {
            Function::BitAnd => Op::And,
            Function::BitOr => Op::Or,
            Function::BitXor => Op::Xor,
            Function::Shl => Op::Shl,
            _ => Op::Shr,
        };
        let is_shift = matches!(function, Function::Shl | Function::Shr);
        if is_shift && !self.range(args[1]).is_within(0, 63) {
            let (zero, most) = (self.b.i64(0), self.b.i64(63));
            let at_least = self.b.op(Op::Ge, &[b, zero]);
            let at_most = self.b.op(Op::Le, &[b, most]);
            let ok = self.and(at_least, at_most);
            self.guard(id, FaultKind::Range, ok, &[b]);
        }
        self.b.op(op, &[a, b])
    }

    /// The first value that is there.
    fn coalesce(&mut self, id: ExprId, args: &[ExprId]) -> Value {
        let types: Vec<_> = args.iter().map(|&arg| self.ty(arg)).collect();
        let kind = Meeting::of(&types).value().kind;
        debug_assert_eq!(kind, self.ty(id).kind);
        let mut node = self.get(args[0], kind);
        let mut valid = self.valid(args[0]);
        for &arg in &args[1..] {
            let Some(so_far) = valid else {
                // A value that is always there ends the search.
                break;
            };
            let next = self.get(arg, kind);
            node = self.b.select(so_far, node, next);
            valid = self
                .valid(arg)
                .map(|next_valid| self.or(so_far, next_valid));
        }
        Value {
            node: Some(node),
            raw: None,
            valid,
        }
    }
}
