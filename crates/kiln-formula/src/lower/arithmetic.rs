//! Operators between numbers: decimal ones as IEEE 754 has them, whole ones as
//! i64 with a guard wherever a result could leave it.

use super::functions::is_powi;
use super::{Lowerer, Number, Overflow, Value};
use crate::ast::{BinaryOp, ExprId};
use crate::check::whole_literal;
use crate::range::{Range, Wide};
use crate::types::{Kind, Meeting};
use kiln_ir::{Const, FaultKind, NodeId, Op, Scalar};

impl Lowerer<'_> {
    pub(super) fn binary(&mut self, id: ExprId, op: BinaryOp, x: ExprId, y: ExprId) -> Value {
        if matches!(
            op,
            BinaryOp::And | BinaryOp::Or | BinaryOp::BitAnd | BinaryOp::BitOr
        ) {
            return self.logic(op, x, y);
        }
        let kind = self.ty(id).kind;
        let node = match op {
            _ if op.is_comparison() => self.comparison(op, x, y),
            BinaryOp::Pow => self.power(id, x, y),
            _ if kind == Kind::Int => self.whole_binary(id, op, x, y),
            _ => {
                let (a, b) = (self.get(x, kind), self.get(y, kind));
                self.decimal_binary(op, kind, a, b)
            }
        };
        let valid = self.both_valid(self.valid(x), self.valid(y));
        Value {
            node: Some(node),
            raw: None,
            valid,
        }
    }

    pub(super) fn is_costly_binary(&self, id: ExprId, op: BinaryOp) -> bool {
        let kind = self.ty(id).kind;
        match op {
            BinaryOp::Pow => kind.is_float(),
            BinaryOp::FloorDiv | BinaryOp::Mod => true,
            _ => false,
        }
    }

    // Comparisons.

    fn comparison(&mut self, op: BinaryOp, x: ExprId, y: ExprId) -> NodeId {
        let op = match op {
            BinaryOp::Equal => Op::Eq,
            BinaryOp::NotEqual => Op::Ne,
            BinaryOp::Less => Op::Lt,
            BinaryOp::LessEqual => Op::Le,
            BinaryOp::Greater => Op::Gt,
            _ => Op::Ge,
        };
        let meeting = Meeting::of(&[self.ty(x), self.ty(y)]);
        let equality = matches!(op, Op::Eq | Op::Ne);
        let kind = match meeting.value().kind {
            Kind::Bool if equality => Kind::Bool,
            _ => meeting.number().kind,
        };
        if kind == Kind::Int
            && let Some((a, b)) = self.narrow_pair(x, y)
        {
            return self.b.op(op, &[a, b]);
        }
        let (a, b) = (self.get(x, kind), self.get(y, kind));
        self.b.op(op, &[a, b])
    }

    /// Two whole inputs of one type, or one beside a number it can hold, as
    /// they are: comparing them needs no 64 bits.
    fn narrow_pair(&mut self, x: ExprId, y: ExprId) -> Option<(NodeId, NodeId)> {
        let raw = |id: ExprId| self.value(id).raw.map(|node| (node, self.scalar_of(node)));
        let literal = |id: ExprId, scalar: Scalar| match (self.value(id).node, self.number(id)) {
            (None, Number::Whole(n)) if Range::of(scalar).contains(n) => {
                Some(Const::int(scalar, n))
            }
            _ => None,
        };
        match (raw(x), raw(y)) {
            (Some((a, s)), Some((b, t))) if s == t && s.is_int() => Some((a, b)),
            (Some((a, s)), None) if s.is_int() => {
                let constant = literal(y, s)?;
                Some((a, self.b.constant(constant)))
            }
            (None, Some((b, t))) if t.is_int() => {
                let constant = literal(x, t)?;
                Some((self.b.constant(constant), b))
            }
            _ => None,
        }
    }

    // Decimal numbers.

    pub(super) fn decimal_binary(
        &mut self,
        op: BinaryOp,
        kind: Kind,
        a: NodeId,
        b: NodeId,
    ) -> NodeId {
        match op {
            BinaryOp::Add => self.b.op(Op::Add, &[a, b]),
            BinaryOp::Sub => self.b.op(Op::Sub, &[a, b]),
            BinaryOp::Mul => self.b.op(Op::Mul, &[a, b]),
            BinaryOp::Div => self.b.op(Op::Div, &[a, b]),
            BinaryOp::FloorDiv => self.floor_quotient(kind, a, b),
            _ => self.floor_remainder(kind, a, b).0,
        }
    }

    /// The remainder with the sign of the divisor, and what it was made of: the
    /// truncating remainder, and whether the divisor had to be added.
    ///
    /// As NumPy: r = fmod(a, b); if r != 0 and its sign is not b's, r + b;
    /// a zero remainder takes the sign of b.
    fn floor_remainder(&mut self, kind: Kind, a: NodeId, b: NodeId) -> (NodeId, NodeId, NodeId) {
        let zero = self.constant(kind, 0);
        let r = self.b.op(Op::Rem, &[a, b]);
        let is_zero = self.b.op(Op::Eq, &[r, zero]);
        let r_negative = self.b.op(Op::Lt, &[r, zero]);
        let b_negative = self.b.op(Op::Lt, &[b, zero]);
        let differ = self.b.op(Op::Xor, &[r_negative, b_negative]);
        // NaN is neither zero nor negative: it goes through `sum` or stays.
        let not_zero = self.not(is_zero);
        let adjust = self.and(differ, not_zero);
        let sum = self.b.op(Op::Add, &[r, b]);
        let adjusted = self.b.select(adjust, sum, r);
        let signed_zero = self.b.op(Op::Copysign, &[zero, b]);
        let remainder = self.b.select(is_zero, signed_zero, adjusted);
        (remainder, r, adjust)
    }

    /// The quotient rounded down.
    ///
    /// As NumPy: q = (a - fmod(a, b)) / b, less one if the remainder was
    /// adjusted; then q is whole up to rounding and is snapped to the nearest
    /// whole number; a zero quotient takes the sign of a / b, and a zero
    /// divisor gives a / b.
    fn floor_quotient(&mut self, kind: Kind, a: NodeId, b: NodeId) -> NodeId {
        let zero = self.constant(kind, 0);
        let one = self.constant(kind, 1);
        let (_, r, adjust) = self.floor_remainder(kind, a, b);
        let plain = self.b.op(Op::Div, &[a, b]);
        let whole_part = self.b.op(Op::Sub, &[a, r]);
        let q = self.b.op(Op::Div, &[whole_part, b]);
        let less = self.b.op(Op::Sub, &[q, one]);
        let q = self.b.select(adjust, less, q);
        let floor = self.b.op(Op::Floor, &[q]);
        let over = self.b.op(Op::Sub, &[q, floor]);
        let half = match kind {
            Kind::F32 => Const::f32(0.5),
            _ => Const::f64(0.5),
        };
        let half = self.b.constant(half);
        let snap = self.b.op(Op::Gt, &[over, half]);
        let above = self.b.op(Op::Add, &[floor, one]);
        let snapped = self.b.select(snap, above, floor);
        let is_zero = self.b.op(Op::Eq, &[q, zero]);
        let signed_zero = self.b.op(Op::Copysign, &[zero, plain]);
        let quotient = self.b.select(is_zero, signed_zero, snapped);
        let by_zero = self.b.op(Op::Eq, &[b, zero]);
        self.b.select(by_zero, plain, quotient)
    }

    // Whole numbers.

    fn whole_binary(&mut self, id: ExprId, op: BinaryOp, x: ExprId, y: ExprId) -> NodeId {
        let (a, b) = (self.get(x, Kind::Int), self.get(y, Kind::Int));
        let fits = Range::binary(op, self.range(x), self.range(y)).fits();
        match op {
            BinaryOp::Add => self.summary(id, fits, SUM, a, b),
            BinaryOp::Sub => self.summary(id, fits, DIFFERENCE, a, b),
            BinaryOp::Mul => self.summary(id, fits, PRODUCT, a, b),
            _ => self.floor_division(id, op, x, y),
        }
    }

    /// One of the three operations that can overflow in many ways.
    pub(super) fn summary(
        &mut self,
        id: ExprId,
        fits: bool,
        ops: Ops,
        a: NodeId,
        b: NodeId,
    ) -> NodeId {
        match self.overflow {
            Overflow::Saturating if !fits => self.b.op(ops.saturating, &[a, b]),
            Overflow::Checked if !fits => {
                let overflows = self.b.op(ops.overflows, &[a, b]);
                let ok = self.not(overflows);
                self.guard(id, FaultKind::Overflow, ok, &[a, b]);
                self.b.op(ops.plain, &[a, b])
            }
            _ => self.b.op(ops.plain, &[a, b]),
        }
    }

    /// Applies the overflow rule to an operation whose only overflow is at
    /// `limit`: when `at_limit` holds, the true result is 2^63.
    fn at_limit(&mut self, id: ExprId, wide: Wide, at_limit: NodeId, result: NodeId) -> NodeId {
        if wide.fits() {
            return result;
        }
        match self.overflow {
            Overflow::Wrapping => result,
            Overflow::Saturating => {
                let greatest = self.b.i64(i64::MAX);
                self.b.select(at_limit, greatest, result)
            }
            Overflow::Checked => {
                let ok = self.not(at_limit);
                self.guard(id, FaultKind::Overflow, ok, &[]);
                result
            }
        }
    }

    pub(super) fn negative(&mut self, id: ExprId, x: ExprId, value: NodeId) -> NodeId {
        let least = self.b.i64(i64::MIN);
        let at_limit = self.b.op(Op::Eq, &[value, least]);
        let result = self.b.op(Op::Neg, &[value]);
        self.at_limit(id, self.range(x).neg(), at_limit, result)
    }

    pub(super) fn whole_abs(&mut self, id: ExprId, x: ExprId) -> NodeId {
        let value = self.get(x, Kind::Int);
        let least = self.b.i64(i64::MIN);
        let at_limit = self.b.op(Op::Eq, &[value, least]);
        let result = self.b.op(Op::Abs, &[value]);
        self.at_limit(id, self.range(x).abs(), at_limit, result)
    }

    fn guard_divisor(&mut self, id: ExprId, y: ExprId, b: NodeId) {
        if self.range(y).contains(0) {
            let zero = self.b.i64(0);
            let ok = self.b.op(Op::Ne, &[b, zero]);
            self.guard(id, FaultKind::DivisionByZero, ok, &[]);
        }
    }

    /// `//` and `%`. The ops truncate; the floor is one less where a remainder
    /// is left and the signs differ.
    fn floor_division(&mut self, id: ExprId, op: BinaryOp, x: ExprId, y: ExprId) -> NodeId {
        let (a, b) = (self.get(x, Kind::Int), self.get(y, Kind::Int));
        let (ra, rb) = (self.range(x), self.range(y));
        self.guard_divisor(id, y, b);
        let signs_agree = ra.lo >= 0 && rb.lo >= 0;
        if op == BinaryOp::Mod {
            let r = self.b.op(Op::Rem, &[a, b]);
            if signs_agree {
                return r;
            }
            let adjust = self.floor_adjust(r, b);
            let sum = self.b.op(Op::Add, &[r, b]);
            return self.b.select(adjust, sum, r);
        }
        let q = self.b.op(Op::Div, &[a, b]);
        if signs_agree {
            return q;
        }
        let r = self.b.op(Op::Rem, &[a, b]);
        let adjust = self.floor_adjust(r, b);
        let one = self.b.i64(1);
        let less = self.b.op(Op::Sub, &[q, one]);
        let result = self.b.select(adjust, less, q);
        let wide = Range::binary(BinaryOp::FloorDiv, ra, rb);
        if wide.fits() {
            return result;
        }
        let (least, minus_one) = (self.b.i64(i64::MIN), self.b.i64(-1));
        let a_least = self.b.op(Op::Eq, &[a, least]);
        let b_minus_one = self.b.op(Op::Eq, &[b, minus_one]);
        let at_limit = self.and(a_least, b_minus_one);
        self.at_limit(id, wide, at_limit, result)
    }

    /// Whether the remainder `r` is not zero and has not the sign of `b`:
    /// r != 0 and (r xor b) < 0.
    fn floor_adjust(&mut self, r: NodeId, b: NodeId) -> NodeId {
        let zero = self.b.i64(0);
        let left = self.b.op(Op::Ne, &[r, zero]);
        let mixed = self.b.op(Op::Xor, &[r, b]);
        let differ = self.b.op(Op::Lt, &[mixed, zero]);
        self.and(left, differ)
    }

    /// `rem(a, b)` of whole numbers.
    pub(super) fn whole_rem(&mut self, id: ExprId, x: ExprId, y: ExprId) -> NodeId {
        let (a, b) = (self.get(x, Kind::Int), self.get(y, Kind::Int));
        self.guard_divisor(id, y, b);
        self.b.op(Op::Rem, &[a, b])
    }

    // Powers.

    fn power(&mut self, id: ExprId, x: ExprId, y: ExprId) -> NodeId {
        let kind = self.ty(id).kind;
        let literal = whole_literal(self.ast, y);
        match literal {
            Some(n @ 0..) if kind == Kind::Int => self.whole_power(id, x, n as u64),
            Some(n) if is_powi(literal) => {
                let base = self.get(x, kind);
                let exponent = self.b.constant(Const::int(Scalar::I32, n));
                self.b.op(Op::Powi, &[base, exponent])
            }
            _ => {
                let (base, exponent) = (self.get(x, kind), self.get(y, kind));
                self.b.op(Op::Pow, &[base, exponent])
            }
        }
    }

    /// A whole power by squaring. No square past the exponent's top bit is
    /// formed, so a factor overflows only if the power itself does.
    fn whole_power(&mut self, id: ExprId, x: ExprId, exponent: u64) -> NodeId {
        let mut square = self.get(x, Kind::Int);
        let fits = self.range(x).power(exponent).fits();
        let checked = self.overflow == Overflow::Checked && !fits;
        let mut failed: Option<NodeId> = None;
        let mut result: Option<NodeId> = None;
        let mut rest = exponent;
        while rest > 0 {
            if rest & 1 == 1 {
                result = Some(match result {
                    Some(product) => self.factor(checked, fits, &mut failed, product, square),
                    None => square,
                });
            }
            rest >>= 1;
            if rest > 0 {
                square = self.factor(checked, fits, &mut failed, square, square);
            }
        }
        if let Some(failed) = failed {
            let ok = self.not(failed);
            self.guard(id, FaultKind::Overflow, ok, &[]);
        }
        match result {
            Some(result) => result,
            None => self.b.i64(1),
        }
    }

    fn factor(
        &mut self,
        checked: bool,
        fits: bool,
        failed: &mut Option<NodeId>,
        a: NodeId,
        b: NodeId,
    ) -> NodeId {
        if checked {
            let overflows = self.b.op(Op::MulOverflows, &[a, b]);
            *failed = Some(match *failed {
                Some(before) => self.or(before, overflows),
                None => overflows,
            });
        }
        let op = match self.overflow {
            Overflow::Saturating if !fits => Op::MulSat,
            _ => Op::Mul,
        };
        self.b.op(op, &[a, b])
    }
}

/// The forms of an operation on whole numbers.
pub(super) struct Ops {
    plain: Op,
    overflows: Op,
    saturating: Op,
}

pub(super) const SUM: Ops = Ops {
    plain: Op::Add,
    overflows: Op::AddOverflows,
    saturating: Op::AddSat,
};
const DIFFERENCE: Ops = Ops {
    plain: Op::Sub,
    overflows: Op::SubOverflows,
    saturating: Op::SubSat,
};
pub(super) const PRODUCT: Ops = Ops {
    plain: Op::Mul,
    overflows: Op::MulOverflows,
    saturating: Op::MulSat,
};
