//! Integers: what they are known to be, operators with Rust's panics, and
//! conversions between a `usize` and the signed indices of the language.

use super::{Body, Overflow};
use kiln_ir::{Const, FaultKind, Interval, NodeId, Op, Scalar};

/// Nesting up to which a conversion is carried to the operands of a sum.
const CARRY_DEPTH: usize = 16;

/// An operator that can leave the type of an integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arith {
    Add,
    Sub,
    Mul,
}

impl Arith {
    fn ops(self) -> [Op; 3] {
        match self {
            Arith::Add => [Op::Add, Op::AddOverflows, Op::AddSat],
            Arith::Sub => [Op::Sub, Op::SubOverflows, Op::SubSat],
            Arith::Mul => [Op::Mul, Op::MulOverflows, Op::MulSat],
        }
    }

    fn message(self) -> &'static str {
        match self {
            Arith::Add => "attempt to add with overflow",
            Arith::Sub => "attempt to subtract with overflow",
            Arith::Mul => "attempt to multiply with overflow",
        }
    }

    fn range(self, a: Interval, b: Interval) -> Option<Interval> {
        match self {
            Arith::Add => a.plus(b),
            Arith::Sub => a.minus(b),
            Arith::Mul => a.times(b),
        }
    }
}

impl Body {
    /// What an integer is known to be.
    pub(super) fn range(&self, id: NodeId) -> Interval {
        if let Some(value) = self.as_const(id).and_then(Const::as_int) {
            return Interval::point(value);
        }
        let known = self.state.borrow().ranges.get(&id).copied();
        known.unwrap_or_else(|| Interval::of_type(self.scalar(id)))
    }

    pub(super) fn set_range(&self, id: NodeId, range: Interval) {
        self.state.borrow_mut().ranges.insert(id, range);
    }

    /// An operator on two numbers, by the rule for overflow in force.
    pub(super) fn arith(&self, arith: Arith, a: NodeId, b: NodeId) -> NodeId {
        self.arith_as(self.rules.get().overflow, arith, a, b)
    }

    pub(super) fn arith_as(&self, rule: Overflow, arith: Arith, a: NodeId, b: NodeId) -> NodeId {
        let [op, overflows, saturating] = arith.ops();
        let scalar = self.scalar(a);
        if scalar.is_float() {
            return match self.contracted(arith, a, b) {
                Some(fused) => fused,
                None => self.op(op, &[a, b]),
            };
        }
        let exact = arith.range(self.range(a), self.range(b));
        let exact = exact.filter(|&range| Interval::of_type(scalar).holds(range));
        if exact.is_none() {
            match rule {
                Overflow::Wrap => {}
                Overflow::Saturate => {
                    let id = self.op(saturating, &[a, b]);
                    if let Some(all) = arith.range(self.range(a), self.range(b)) {
                        let most = Interval::of_type(scalar);
                        let clamp = |end: i128| end.clamp(most.lo, most.hi);
                        let (lo, hi) = (clamp(all.lo), clamp(all.hi));
                        self.set_range(id, Interval { lo, hi });
                    }
                    return id;
                }
                Overflow::Checked => {
                    let leaves = self.op(overflows, &[a, b]);
                    let stays = self.op(Op::Not, &[leaves]);
                    self.guard(FaultKind::Overflow, stays, arith.message(), &[a, b]);
                }
            }
        }
        let id = self.op(op, &[a, b]);
        if let Some(range) = exact {
            self.set_range(id, range);
        }
        id
    }

    /// A sum of which one side is a product, rounded once, where that is
    /// wanted; of two products the left one.
    fn contracted(&self, arith: Arith, a: NodeId, b: NodeId) -> Option<NodeId> {
        if !self.rules.get().contract || arith == Arith::Mul {
            return None;
        }
        let product = |id| match self.as_op(id)? {
            (Op::Mul, args) => Some((args[0], args[1])),
            _ => None,
        };
        let negated = |id| self.op(Op::Neg, &[id]);
        let (x, y, z) = match (product(a), product(b)) {
            (Some((x, y)), _) if arith == Arith::Sub => (x, y, negated(b)),
            (Some((x, y)), _) => (x, y, b),
            // a - x y = (-x) y + a.
            (None, Some((x, y))) if arith == Arith::Sub => (negated(x), y, a),
            (None, Some((x, y))) => (x, y, a),
            (None, None) => return None,
        };
        Some(self.op(Op::Fma, &[x, y, z]))
    }

    /// `/` or `%`: these panic in every build.
    pub(super) fn divide(&self, op: Op, a: NodeId, b: NodeId) -> NodeId {
        let scalar = self.scalar(a);
        if scalar.is_float() {
            return self.op(op, &[a, b]);
        }
        self.guard_divisor(op, a, b);
        let id = self.op(op, &[a, b]);
        let (x, y) = (self.range(a), self.range(b));
        if x.lo >= 0 && y.lo >= 1 {
            let (lo, hi) = match op {
                Op::Div => (x.lo / y.hi, x.hi / y.lo),
                _ => (0, x.hi.min(y.hi - 1)),
            };
            self.set_range(id, Interval { lo, hi });
        }
        id
    }

    pub(super) fn guard_divisor(&self, op: Op, a: NodeId, b: NodeId) {
        let scalar = self.scalar(a);
        let (by_zero, leaves) = match op {
            Op::Div => (
                "attempt to divide by zero",
                "attempt to divide with overflow",
            ),
            _ => (
                "attempt to calculate the remainder with a divisor of zero",
                "attempt to calculate the remainder with overflow",
            ),
        };
        let (x, y) = (self.range(a), self.range(b));
        if y.holds(Interval::point(0)) {
            let zero = self.constant(Const::zero(scalar));
            let is_some = self.op(Op::Ne, &[b, zero]);
            self.guard(FaultKind::DivisionByZero, is_some, by_zero, &[a, b]);
        }
        let least = Interval::of_type(scalar).lo;
        if least < 0 && y.holds(Interval::point(-1)) && x.holds(Interval::point(least)) {
            let minus_one = self.constant(Const::int(scalar, -1));
            let least = self.constant(Const::int(scalar, least as i64));
            let other = self.op(Op::Ne, &[b, minus_one]);
            let more = self.op(Op::Ne, &[a, least]);
            let fits = self.op(Op::Or, &[other, more]);
            self.guard(FaultKind::Overflow, fits, leaves, &[a, b]);
        }
    }

    /// `-x`.
    pub(super) fn negate(&self, a: NodeId) -> NodeId {
        let scalar = self.scalar(a);
        let least = Interval::of_type(scalar).lo;
        if scalar.is_float() || !self.range(a).holds(Interval::point(least)) {
            return self.op(Op::Neg, &[a]);
        }
        match self.rules.get().overflow {
            Overflow::Wrap => self.op(Op::Neg, &[a]),
            Overflow::Saturate => {
                let zero = self.constant(Const::zero(scalar));
                self.op(Op::SubSat, &[zero, a])
            }
            Overflow::Checked => {
                self.guard_not_least(a, "attempt to negate with overflow");
                self.op(Op::Neg, &[a])
            }
        }
    }

    pub(super) fn guard_not_least(&self, a: NodeId, message: &str) {
        let scalar = self.scalar(a);
        let least = Interval::of_type(scalar).lo;
        if !self.range(a).holds(Interval::point(least)) {
            return;
        }
        let least = self.constant(Const::int(scalar, least as i64));
        let more = self.op(Op::Ne, &[a, least]);
        self.guard(FaultKind::Overflow, more, message, &[a]);
    }

    /// `<<` or `>>`, by an amount of any integer type.
    pub(super) fn shift(&self, op: Op, a: NodeId, amount: NodeId) -> NodeId {
        let scalar = self.scalar(a);
        let width = i128::from(scalar.bits());
        let inside = Interval {
            lo: 0,
            hi: width - 1,
        };
        if self.rules.get().overflow == Overflow::Checked && !inside.holds(self.range(amount)) {
            // As unsigned, a negative amount is a large one.
            let unsigned = self.cast_id(self.scalar(amount).to_unsigned(), amount);
            let width = self.constant(Const::int(self.scalar(unsigned), width as i64));
            let fits = self.op(Op::Lt, &[unsigned, width]);
            let message = match op {
                Op::Shl => "attempt to shift left with overflow",
                _ => "attempt to shift right with overflow",
            };
            self.guard(FaultKind::Overflow, fits, message, &[a, amount]);
        }
        let known = self.range(amount);
        let value = self.range(a);
        // The low bits of an amount, which are all that counts, are the same
        // in every integer type.
        let amount = self.cast_id(scalar, amount);
        let id = self.op(op, &[a, amount]);
        if op == Op::Shr && value.lo >= 0 && inside.holds(known) {
            let (lo, hi) = (value.lo >> known.hi, value.hi >> known.lo);
            self.set_range(id, Interval { lo, hi });
        }
        id
    }

    /// A number as another type, as `as` does it.
    pub(super) fn cast_id(&self, to: Scalar, id: NodeId) -> NodeId {
        let from = self.scalar(id);
        if from == to {
            return id;
        }
        if let Some(value) = self.as_const(id) {
            return self.constant(kiln_ir::meaning::eval(Op::Cast, to, &[value]));
        }
        if (from, to) == (Scalar::U64, Scalar::I64) {
            return match self.signed(id, CARRY_DEPTH) {
                Some(signed) => signed,
                None => self.with(|func| func.cast(to, id)),
            };
        }
        // There and back: nothing, if it fits there or wraps alike.
        if let Some((Op::Cast, args)) = self.as_op(id)
            && self.scalar(args[0]) == to
            && to.is_int()
            && from.is_int()
            && (from.bits() == to.bits() || Interval::of_type(from).holds(self.range(args[0])))
        {
            return args[0];
        }
        let cast = self.with(|func| func.cast(to, id));
        if from != Scalar::Bool && from.is_int() && to.is_int() {
            let range = self.range(id);
            if Interval::of_type(to).holds(range) {
                self.set_range(cast, range);
            }
        }
        cast
    }

    /// A `u64` as an `i64`, where it is one that was made a `u64`, or sums,
    /// differences and products with such a value in them: these wrap alike
    /// in both types.
    fn signed(&self, id: NodeId, depth: usize) -> Option<NodeId> {
        if let Some(value) = self.as_const(id) {
            return Some(self.constant(kiln_ir::meaning::eval(Op::Cast, Scalar::I64, &[value])));
        }
        match self.as_op(id)? {
            (Op::Cast, args) if self.scalar(args[0]) == Scalar::I64 => Some(args[0]),
            (op @ (Op::Add | Op::Sub | Op::Mul), args) if depth > 0 => {
                let sides = [args[0], args[1]].map(|v| self.signed(v, depth - 1));
                let is_const = |v: NodeId| self.as_const(v).is_some();
                let is_index = |side: usize| sides[side].is_some() && !is_const(args[side]);
                if !is_index(0) && !is_index(1) {
                    return None;
                }
                let cast = |v: NodeId| self.with(|func| func.cast(Scalar::I64, v));
                let [a, b] = [0, 1].map(|side| sides[side].unwrap_or_else(|| cast(args[side])));
                Some(self.op(op, &[a, b]))
            }
            _ => None,
        }
    }

    /// The bound of a range as an `i64`. A larger one becomes the largest:
    /// no loop gets there.
    pub(super) fn bound(&self, id: NodeId) -> NodeId {
        let id = match self.scalar(id) {
            Scalar::U64 if self.range(id).hi > i128::from(i64::MAX) => {
                let most = self.constant(Const::int(Scalar::U64, i64::MAX));
                self.op(Op::Min, &[id, most])
            }
            _ => id,
        };
        self.cast_id(Scalar::I64, id)
    }
}
