//! Values as polynomials, and the bounds of loops.
//!
//! A value is a graph, and as a tree it may be exponentially larger: each
//! walk has a number of steps, and what is beyond is a value by itself.

use super::{Bounds, Context};
use crate::func::{Node, NodeId};
use crate::op::Op;
use crate::poly::Poly;
use crate::range::Interval;
use crate::types::{Scalar, Type};
use std::cell::Cell;

/// How many ops one value may be taken apart into.
const STEPS: u32 = 128;

/// The steps that a walk has left.
struct Steps(Cell<u32>);

impl Steps {
    fn new() -> Steps {
        Steps(Cell::new(STEPS))
    }

    /// Takes one, if there is one.
    fn take(&self) -> bool {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}

impl Bounds<'_> {
    /// The value of an integer, where nothing wraps; else the node itself.
    pub fn value(&self, context: &Context, id: NodeId) -> Poly {
        self.exact_value(context, id, &Steps::new())
    }

    /// Recurses as deep as `steps` allow.
    fn exact_value(&self, context: &Context, id: NodeId, steps: &Steps) -> Poly {
        let range = self.ranges.get(id);
        let parts = match self.func.node(id) {
            _ if range.lo == range.hi => Some(Poly::constant(range.lo)),
            Node::Op { op, args } => {
                let assumed = args.len() == 2 && self.is_assumed(context, *op, args[0], args[1]);
                let is_exact = (assumed || self.ranges.is_exact(id)) && steps.take();
                is_exact
                    .then(|| self.combine(*op, args, |v| self.exact_value(context, v, steps)))
                    .flatten()
            }
            _ => None,
        };
        parts.unwrap_or_else(|| Poly::node(id))
    }

    fn is_assumed(&self, context: &Context, op: Op, x: NodeId, y: NodeId) -> bool {
        let shift = match op {
            Op::Shl => self.func.as_const(y).and_then(|c| c.as_int()),
            _ => None,
        };
        match shift {
            Some(shift) if (0..63).contains(&shift) => context.scaled.contains(&(x, 1 << shift)),
            _ => context.exact.contains(&(op, x, y)),
        }
    }

    /// A polynomial that a 64-bit value equals but for multiples of 2^64.
    pub fn wrapping_value(&self, context: &Context, id: NodeId) -> Poly {
        self.modular_value(context, id, &Steps::new())
    }

    fn modular_value(&self, context: &Context, id: NodeId, steps: &Steps) -> Poly {
        let wide = |v: NodeId| matches!(self.func.ty(v), Type::I64 | Type::U64);
        let parts = match self.func.node(id) {
            Node::Op { op, args } if wide(id) && args.iter().all(|&v| wide(v)) && steps.take() => {
                let parts = self.combine(*op, args, |v| self.modular_value(context, v, steps));
                // A value beyond the `i64`s is the `i64` that is made of it,
                // but for 2^64: bounds are of that.
                let is_beyond = *op == Op::Cast && !self.is_index(args[0]);
                match is_beyond && parts == Some(Poly::node(args[0])) {
                    true => None,
                    false => parts,
                }
            }
            _ => None,
        };
        parts.unwrap_or_else(|| self.exact_value(context, id, steps))
    }

    /// Whether every value that an integer can have is an `i64`.
    fn is_index(&self, id: NodeId) -> bool {
        Interval::of_type(Scalar::I64).holds(self.ranges.get(id))
    }

    fn combine(&self, op: Op, args: &[NodeId], part: impl Fn(NodeId) -> Poly) -> Option<Poly> {
        let is_int = |v: NodeId| self.func.ty(v).scalar.is_int() && self.func.ty(v).lanes == 1;
        if !args.iter().all(|&v| is_int(v)) {
            return None;
        }
        match op {
            Op::Add => part(args[0]).plus(1, &part(args[1])),
            Op::Sub => part(args[0]).plus(-1, &part(args[1])),
            Op::Mul => part(args[0]).times(&part(args[1])),
            Op::Neg => Poly::default().plus(-1, &part(args[0])),
            Op::Cast => Some(part(args[0])),
            Op::Shl => {
                let shift = self.func.as_const(args[1])?.as_int()?;
                (0..63).contains(&shift).then_some(())?;
                Poly::default().plus(1 << shift, &part(args[0]))
            }
            _ => None,
        }
    }

    /// Polynomials that an index is at least, by the loop's first index.
    pub(super) fn least(&self, context: &Context, lo: NodeId, hi: NodeId) -> Vec<Poly> {
        self.ends(context, lo, Op::Max, Op::Min, hi)
    }

    /// Polynomials that an index is less than, by the loop's bound.
    pub(super) fn bound(&self, context: &Context, lo: NodeId, hi: NodeId) -> Vec<Poly> {
        self.ends(context, hi, Op::Min, Op::Max, lo)
    }

    /// The alternatives for one end of a loop. Both operands of `outer` are
    /// at most as far out as the end. A round runs only if the first index is
    /// below the bound, so an `inner` with the `opposite` end is its other
    /// operand: `min(x, hi) < hi` is `x`.
    fn ends(
        &self,
        context: &Context,
        end: NodeId,
        outer: Op,
        inner: Op,
        opposite: NodeId,
    ) -> Vec<Poly> {
        let (mut found, mut pending) = (Vec::new(), vec![end]);
        let steps = Steps::new();
        while let Some(end) = pending.pop() {
            match self.binary(end) {
                _ if !steps.take() => break,
                Some((op, x, y)) if op == outer => pending.extend([y, x]),
                Some((op, x, y)) if op == inner && x == opposite => pending.push(y),
                Some((op, x, y)) if op == inner && y == opposite => pending.push(x),
                _ => found.extend(self.saturated(context, end)),
            }
        }
        found
    }

    /// A loop's bound; one that saturates at the end of `i64` bounds as the
    /// sum beyond does, because no index is there.
    fn saturated(&self, context: &Context, id: NodeId) -> Option<Poly> {
        let (factor, x, y) = match self.binary(id) {
            Some((Op::AddSat, x, y)) => (1, x, y),
            Some((Op::SubSat, x, y)) => (-1, x, y),
            _ => return Some(self.value(context, id)),
        };
        let (x, y) = (self.value(context, x), self.value(context, y));
        x.plus(factor, &y)
    }
}
