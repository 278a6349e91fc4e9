//! Making a `for` of a `while` that counts.
//!
//! A `while` counts if its condition compares a carried integer with a bound
//! that the loop does not change, and each round adds one constant to that
//! integer. It becomes a `for` only where the integer provably never wraps:
//! one that does would go on from the other end of its type. The integer is
//! then computed from the index, and after the loop from the bound.

use crate::rules::{Counts, simple_op};
use kiln_ir::{
    Const, Counted, CountedPart, Func, FuncBuilder, Interval, Nest, Node, NodeId, Op, Ranges,
    RegionId, Rewrite, Scalar, Type, rewrite,
};

/// Replaces the loops that count; gives how many, or `None` if there are none.
pub(crate) fn count(func: &Func, counts: &mut Counts) -> Option<(Func, u32)> {
    let nest = Nest::of(func);
    let ranges = Ranges::of(func, &nest);
    let whiles = (0..func.node_count()).map(NodeId::new);
    let plans: Vec<(NodeId, Plan)> = whiles
        .filter_map(|id| Some((id, plan(func, &nest, &ranges, id).ok()?)))
        .collect();
    if plans.is_empty() {
        return None;
    }
    let mut pass = Count {
        plans: &plans,
        counts,
    };
    let func = rewrite(func, &mut pass);
    Some((func, plans.len() as u32))
}

/// Why a `while` stays one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Uncounted {
    /// The node is no `while`.
    NoWhile,
    /// The condition is not one comparison of a carried integer.
    Condition,
    /// What it is compared with changes in the loop.
    Bound,
    /// A round does not add one constant to it.
    Step,
    /// It moves away from the bound, or may step over it.
    Direction,
    /// It may wrap around before it meets the bound.
    Wraps,
}

/// How a loop counts.
#[derive(Clone, Copy, Debug)]
struct Plan {
    counted: Counted,
    /// The type of the variable.
    scalar: Scalar,
    /// What a round adds to it.
    step: i64,
    /// Whether the bound itself has a round.
    inclusive: bool,
    /// Whether the distance between the first value and the bound, and a step
    /// more, is an `i64`.
    is_near: bool,
}

/// How the `while` loop `id` counts.
fn plan(func: &Func, nest: &Nest, ranges: &Ranges, id: NodeId) -> Result<Plan, Uncounted> {
    let Node::While { init, cond, body } = func.node(id) else {
        return Err(Uncounted::NoWhile);
    };
    let (test, after) = (func.region(*cond), func.region(*body));
    let (op, args) = match (func.node(test.yields[0]), &test.effects[..]) {
        (Node::Op { op, args }, []) if args.len() == 2 => (*op, [args[0], args[1]]),
        _ => return Err(Uncounted::Condition),
    };
    // The variable stands on the left, or the comparison is mirrored.
    let mirrored = mirror(op).ok_or(Uncounted::Condition)?;
    let is_stepped = |v: NodeId| {
        let index = test.args.iter().position(|&a| a == v)?;
        (after.yields[index] != after.args[index]).then_some(index)
    };
    let (op, variable, bound) = match (is_stepped(args[0]), is_stepped(args[1])) {
        (Some(variable), None) => (op, variable, args[1]),
        (None, Some(variable)) => (mirrored, variable, args[0]),
        (Some(_), Some(_)) => return Err(Uncounted::Bound),
        (None, None) => return Err(Uncounted::Condition),
    };
    let scalar = func.ty(args[0]).scalar;
    if !scalar.is_int() {
        return Err(Uncounted::Condition);
    }
    let bound = outside(func, nest, id, *cond, init, bound).ok_or(Uncounted::Bound)?;
    let step = step(func, after.args[variable], after.yields[variable]).ok_or(Uncounted::Step)?;
    let (first, last) = (ranges.get(init[variable]), ranges.get(bound));
    let inclusive = matches!(op, Op::Le | Op::Ge);
    let towards = match op {
        Op::Lt | Op::Le => step > 0,
        Op::Gt | Op::Ge => step < 0,
        // Meets the bound only if it starts on the near side.
        _ if step == 1 => first.hi <= last.lo,
        _ if step == -1 => first.lo >= last.hi,
        _ => false,
    };
    if step == 0 || !towards {
        return Err(Uncounted::Direction);
    }
    // The last value is the first one beyond the bound.
    let beyond = i128::from(step) - i128::from(step.signum()) * i128::from(!inclusive);
    let reached = Interval {
        lo: last.lo + beyond.min(0),
        hi: last.hi + beyond.max(0),
    };
    if !Interval::of_type(scalar).holds(reached) {
        return Err(Uncounted::Wraps);
    }
    let index = Interval::of_type(Scalar::I64);
    if !index.holds(first) || !index.holds(last) {
        return Err(Uncounted::Wraps);
    }
    let farthest = first.hi.max(reached.hi) - first.lo.min(reached.lo);
    Ok(Plan {
        counted: Counted { variable, bound },
        scalar,
        step,
        inclusive,
        is_near: farthest + i128::from(step).abs() <= index.hi,
    })
}

/// The comparison that says of `(y, x)` what `op` says of `(x, y)`.
fn mirror(op: Op) -> Option<Op> {
    Some(match op {
        Op::Lt => Op::Gt,
        Op::Le => Op::Ge,
        Op::Gt => Op::Lt,
        Op::Ge => Op::Le,
        Op::Ne => Op::Ne,
        _ => return None,
    })
}

/// The value of `v` where the loop stands: what lives outside of it, and what
/// the loop carries but never changes.
fn outside(
    func: &Func,
    nest: &Nest,
    id: NodeId,
    cond: RegionId,
    init: &[NodeId],
    v: NodeId,
) -> Option<NodeId> {
    if let Some(index) = func.region(cond).args.iter().position(|&a| a == v) {
        return Some(init[index]);
    }
    let home = nest.home(v);
    nest.encloses(home, nest.home(id)).then_some(v)
}

/// What a round adds to the variable.
fn step(func: &Func, variable: NodeId, next: NodeId) -> Option<i64> {
    let Node::Op { op, args } = func.node(next) else {
        return None;
    };
    let constant = |v: NodeId| i64::try_from(func.as_const(v)?.as_int()?).ok();
    match op {
        Op::Add if args[0] == variable => added(func, constant(args[1])?, args[1]),
        Op::Add if args[1] == variable => added(func, constant(args[0])?, args[0]),
        Op::Sub if args[0] == variable => constant(args[1])?.checked_neg(),
        _ => None,
    }
}

/// An unsigned constant in the upper half steps down: adding it wraps.
fn added(func: &Func, step: i64, constant: NodeId) -> Option<i64> {
    let scalar = func.ty(constant).scalar;
    let top = Interval::of_type(scalar.to_signed()).hi;
    if scalar.is_signed() || i128::from(step) <= top {
        return Some(step);
    }
    i64::try_from(i128::from(step) - (1 << scalar.bits())).ok()
}

struct Count<'a> {
    plans: &'a [(NodeId, Plan)],
    counts: &'a mut Counts,
}

impl Rewrite for Count<'_> {
    fn counts(&mut self, _func: &Func, old: NodeId) -> Option<Counted> {
        self.plan(old).map(|plan| plan.counted)
    }

    fn counted(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        init: NodeId,
        bound: NodeId,
        part: CountedPart,
    ) -> NodeId {
        let Some(plan) = self.plan(old) else {
            unreachable!("{old} counts")
        };
        let mut make = Make {
            b,
            counts: self.counts,
            plan,
        };
        make.part(init, bound, part)
    }
}

impl Count<'_> {
    fn plan(&self, id: NodeId) -> Option<Plan> {
        let found = self.plans.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.plans[found].1)
    }
}

/// Makes the values around one loop.
struct Make<'a> {
    b: &'a mut FuncBuilder,
    counts: &'a mut Counts,
    plan: Plan,
}

impl Make<'_> {
    fn op(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        let ty = self.b.ty(args[0]);
        simple_op(self.b, self.counts, op, args, ty)
    }

    fn cast(&mut self, scalar: Scalar, value: NodeId) -> NodeId {
        let args = [value];
        simple_op(self.b, self.counts, Op::Cast, &args, Type::scalar(scalar))
    }

    fn i64(&mut self, value: i64) -> NodeId {
        self.b.i64(value)
    }

    /// The first value that has no round, on the side of the bound.
    fn end(&mut self, bound: NodeId) -> NodeId {
        let bound = self.cast(Scalar::I64, bound);
        if !self.plan.inclusive {
            return bound;
        }
        let one = self.i64(self.plan.step.signum());
        self.op(Op::Add, &[bound, one])
    }

    fn part(&mut self, init: NodeId, bound: NodeId, part: CountedPart) -> NodeId {
        let first = self.cast(Scalar::I64, init);
        let end = self.end(bound);
        match (part, self.plan.step) {
            (CountedPart::Last, step) => self.last(first, end, step),
            // Up by one: the variable is the index.
            (CountedPart::Lo, 1) => first,
            (CountedPart::Hi, 1) => end,
            (CountedPart::Value(index), 1) => self.cast(self.plan.scalar, index),
            // Down by one, where the distance may be no i64: the index runs
            // from the end to the first value, and the variable the other
            // way, end + 1 + first - (index + 1).
            (CountedPart::Lo, -1) if !self.plan.is_near => end,
            (CountedPart::Hi, -1) if !self.plan.is_near => first,
            (CountedPart::Value(index), -1) if !self.plan.is_near => {
                let sum = self.op(Op::Add, &[first, end]);
                let value = self.op(Op::Sub, &[sum, index]);
                self.cast(self.plan.scalar, value)
            }
            (CountedPart::Lo, _) => self.i64(0),
            (CountedPart::Hi, step) => self.rounds(first, end, step),
            (CountedPart::Value(index), step) => {
                let value = self.stepped(first, index, step);
                self.cast(self.plan.scalar, value)
            }
        }
    }

    /// The variable after some rounds.
    fn stepped(&mut self, first: NodeId, rounds: NodeId, step: i64) -> NodeId {
        if step == -1 {
            return self.op(Op::Sub, &[first, rounds]);
        }
        let step = self.i64(step);
        let moved = self.op(Op::Mul, &[rounds, step]);
        self.op(Op::Add, &[first, moved])
    }

    /// The distance from the first value to the end, if there are rounds.
    fn distance(&mut self, first: NodeId, end: NodeId, step: i64) -> NodeId {
        match step > 0 {
            true => self.op(Op::Sub, &[end, first]),
            false => self.op(Op::Sub, &[first, end]),
        }
    }

    /// Number of rounds, 0 or less for none: the distance divided by the
    /// step, rounded up.
    fn rounds(&mut self, first: NodeId, end: NodeId, step: i64) -> NodeId {
        let distance = self.distance(first, end, step);
        let size = step.unsigned_abs();
        if size == 1 {
            return distance;
        }
        if self.plan.is_near {
            // A negative distance gives 0 or less: division truncates.
            let round_up = self.i64(size as i64 - 1);
            let padded = self.op(Op::Add, &[distance, round_up]);
            let size = self.i64(size as i64);
            return self.op(Op::Div, &[padded, size]);
        }
        // The distance is below 2^64: (distance - 1) / size + 1 without sign.
        let distance = self.cast(Scalar::U64, distance);
        let one = self.b.constant(Const::one(Scalar::U64));
        let less = self.op(Op::Sub, &[distance, one]);
        let size = self.b.constant(Const::from_bits(Scalar::U64, size));
        let divided = self.op(Op::Div, &[less, size]);
        let divided = self.cast(Scalar::I64, divided);
        let one = self.i64(1);
        let rounds = self.op(Op::Add, &[divided, one]);
        let any = self.any_round(first, end, step);
        let none = self.i64(0);
        let ty = Type::I64;
        simple_op(self.b, self.counts, Op::Select, &[any, rounds, none], ty)
    }

    fn any_round(&mut self, first: NodeId, end: NodeId, step: i64) -> NodeId {
        let op = if step > 0 { Op::Lt } else { Op::Gt };
        simple_op(self.b, self.counts, op, &[first, end], Type::BOOL)
    }

    /// The variable after the loop: as it was if there is no round.
    fn last(&mut self, first: NodeId, end: NodeId, step: i64) -> NodeId {
        let last = match step {
            1 => self.op(Op::Max, &[first, end]),
            -1 => self.op(Op::Min, &[first, end]),
            _ => {
                let rounds = self.rounds(first, end, step);
                let none = self.i64(0);
                let rounds = self.op(Op::Max, &[rounds, none]);
                self.stepped(first, rounds, step)
            }
        };
        self.cast(self.plan.scalar, last)
    }
}
