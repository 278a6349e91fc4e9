//! The search for what a bound comes to.

use super::{Bounds, Context, IndexGuard, Unproved};
use crate::func::{Func, Node, NodeId};
use crate::op::Op;
use crate::poly::Poly;
use crate::types::Type;

/// How many polynomials one bound may come to.
const GOALS_MAX: usize = 16;
/// How many steps one bound may take.
const FUEL: u32 = 200;

impl Bounds<'_> {
    /// What must not be negative for an index to lie inside an extent, where
    /// `context` is known: polynomials over values for which `known` holds.
    ///
    /// # Errors
    /// Why there are none.
    pub fn derive(
        &self,
        context: &Context,
        IndexGuard { index, extent }: IndexGuard,
        known: impl Fn(NodeId) -> bool,
    ) -> Result<Vec<Poly>, Unproved> {
        let extent = self.value(context, extent);
        self.derive_lanes(context, index, &extent, 1, &known)
    }

    /// Whether a polynomial is never negative, by what is known.
    pub fn is_proved(&self, context: &Context, goal: &Poly) -> bool {
        let known = |v: NodeId| self.nest.home(v) == self.func.body();
        let mut proof = Proof {
            bounds: self,
            context,
            known: &known,
            fuel: FUEL,
        };
        proof
            .reduce(goal.clone())
            .is_ok_and(|goals| goals.is_empty())
    }

    pub(super) fn derive_lanes(
        &self,
        context: &Context,
        index: NodeId,
        extent: &Poly,
        lanes: u16,
        known: &impl Fn(NodeId) -> bool,
    ) -> Result<Vec<Poly>, Unproved> {
        let index = self.wrapping_value(context, index);
        let below = Poly::constant(-i128::from(lanes))
            .plus(1, extent)
            .and_then(|p| p.plus(-1, &index))
            .ok_or(Unproved::Form)?;
        let mut proof = Proof {
            bounds: self,
            context,
            known,
            fuel: FUEL,
        };
        let mut goals = proof.reduce(index)?;
        goals.extend(proof.reduce(below)?);
        Ok(goals)
    }
}

/// The first index of a loop and its bound, if a node is a counted loop.
pub(crate) fn loop_bounds(func: &Func, id: NodeId) -> Option<(NodeId, NodeId)> {
    match *func.node(id) {
        Node::For { lo, hi, .. } | Node::Reduce { lo, hi, .. } | Node::Scan { lo, hi, .. } => {
            Some((lo, hi))
        }
        _ => None,
    }
}

/// One search for what a bound comes to.
struct Proof<'a, F> {
    bounds: &'a Bounds<'a>,
    context: &'a Context,
    known: &'a F,
    fuel: u32,
}

impl<F: Fn(NodeId) -> bool> Proof<'_, F> {
    /// Polynomials over known values that are negative nowhere only if `goal`
    /// is. Recurses once for each loop index it eliminates.
    fn reduce(&mut self, goal: Poly) -> Result<Vec<Poly>, Unproved> {
        self.fuel = self.fuel.checked_sub(1).ok_or(Unproved::Form)?;
        let range = goal.range(|v| self.bounds.ranges.get(v));
        if range.is_some_and(|r| r.lo >= 0) || self.is_known(&goal) {
            return Ok(Vec::new());
        }
        let nest = &self.bounds.nest;
        let unknown = goal.nodes().filter(|&v| !(self.known)(v));
        let Some(innermost) = unknown.max_by_key(|&v| (nest.depth(nest.home(v)), v)) else {
            return match range {
                Some(r) if r.hi < 0 => Err(Unproved::Never),
                _ if self.holds_before_shifts(&goal) || self.holds_for_operands(&goal) => {
                    Ok(Vec::new())
                }
                _ => Ok(vec![goal]),
            };
        };
        let func = self.bounds.func;
        let (mut found, mut failed) = (None, None);
        for fact in &self.context.conditions {
            match cancel(&goal, fact, innermost).map(|rest| self.reduce(rest)) {
                // Nothing is left: no other fact does better.
                Some(Ok(goals)) if goals.is_empty() => return Ok(goals),
                Some(Ok(goals)) => _ = found.get_or_insert(goals),
                Some(Err(why)) => failed = Some(why),
                None => {}
            }
        }
        if let Some(goals) = found {
            return Ok(goals);
        }
        let Some((owner, lo, hi)) = nest.index_of(func, innermost) else {
            return self
                .chosen(&goal, innermost)
                .map_err(|why| failed.unwrap_or(why));
        };
        let lanes = match func.node(owner) {
            Node::For { lanes, .. } => i128::from(*lanes),
            _ => 1,
        };
        let last = self.bounds.bound(self.context, lo, hi).into_iter();
        let last: Vec<Poly> = last
            .filter_map(|hi| hi.plus(-lanes, &Poly::constant(1)))
            .collect();
        let first = self.bounds.least(self.context, lo, hi);
        let slope = goal.difference(innermost).ok_or(Unproved::Form)?;
        let slope = slope.range(|v| self.bounds.ranges.get(v));
        // A bound of several alternatives may lie outside of the loop, where
        // nothing is known of a slope that depends on the index.
        if goal.degree(innermost) > 1 && !(self.is_plain(lo) && self.is_plain(hi)) {
            return Err(Unproved::Form);
        }
        let ends: &[&[Poly]] = match slope {
            Some(slope) if slope.lo >= 0 => &[&first],
            Some(slope) if slope.hi <= 0 => &[&last],
            _ if goal.degree(innermost) == 1 => &[&first, &last],
            _ => return Err(Unproved::Form),
        };
        let mut goals = Vec::new();
        for candidates in ends {
            goals.extend(self.first_of(&goal, innermost, candidates, failed)?);
        }
        match goals.len() <= GOALS_MAX {
            true => Ok(goals),
            false => Err(Unproved::Form),
        }
    }

    /// Whether a goal follows from what was shifted right in it:
    /// `2^k * (x >> k) <= x`.
    fn holds_before_shifts(&mut self, goal: &Poly) -> bool {
        let bounds = self.bounds;
        let shifted = |v: NodeId| {
            let (op, x, y) = bounds.binary(v)?;
            let by = bounds.func.as_const(y)?.as_int()?;
            let is_shift = op == Op::Shr && (1..63).contains(&by);
            (is_shift && bounds.func.ty(v) == Type::I64).then_some((x, by))
        };
        goal.nodes().any(|v| {
            let (Some((x, by)), Some(factor)) = (shifted(v), goal.linear_coefficient(v)) else {
                return false;
            };
            if factor >= 0 || factor % (1 << by) != 0 {
                return false;
            }
            let before = bounds.value(self.context, x);
            let more = Poly::default().plus(factor >> by, &before);
            let with = goal
                .plus(-factor, &Poly::node(v))
                .zip(more)
                .and_then(|(rest, more)| rest.plus(1, &more));
            with.is_some_and(|goal| self.reduce(goal).is_ok_and(|goals| goals.is_empty()))
        })
    }

    /// Whether a goal follows with the operands of a known extreme in place of
    /// it.
    fn holds_for_operands(&mut self, goal: &Poly) -> bool {
        let bounds = self.bounds;
        let is_extreme = |v: NodeId| matches!(bounds.binary(v), Some((Op::Min | Op::Max, ..)));
        let mut extremes = goal.nodes().filter(|&v| is_extreme(v));
        extremes.any(|v| self.chosen(goal, v).is_ok_and(|goals| goals.is_empty()))
    }

    /// Whether a guard or a condition says so by itself.
    fn is_known(&self, goal: &Poly) -> bool {
        let ranges = &self.bounds.ranges;
        let follows = |fact: &Poly| {
            let rest = goal.plus(-1, fact).and_then(|p| p.range(|v| ranges.get(v)));
            rest.is_some_and(|rest| rest.lo >= 0)
        };
        self.context.implies(goal) || self.context.conditions.iter().any(follows)
    }

    /// What the goal comes to with the operands of an op that gives one of
    /// them, or a remainder, in place of the op.
    fn chosen(&mut self, goal: &Poly, id: NodeId) -> Result<Vec<Poly>, Unproved> {
        let unproved = Unproved::Depends(id);
        let factor = goal.linear_coefficient(id).ok_or(unproved)?;
        let bounds = self.bounds;
        let Node::Op { op, args } = bounds.func.node(id) else {
            return Err(unproved);
        };
        let is_int = |v: &NodeId| bounds.func.ty(*v).scalar.is_int();
        let (Op::Min | Op::Max | Op::Select | Op::Rem) = op else {
            return Err(unproved);
        };
        let [.., x, y] = args[..] else {
            return Err(unproved);
        };
        if !is_int(&x) || bounds.func.ty(x).lanes > 1 {
            return Err(unproved);
        }
        let (x, y) = (bounds.value(self.context, x), bounds.value(self.context, y));
        let with = |value: &Poly| goal.substitute(id, value).ok_or(Unproved::Form);
        match (op, factor > 0) {
            // min(x, y) <= x and <= y: either will do.
            (Op::Min, false) | (Op::Max, true) => match self.reduce(with(&x)?) {
                Ok(goals) => Ok(goals),
                Err(_) => self.reduce(with(&y)?),
            },
            (Op::Min | Op::Max | Op::Select, _) => self.both(with(&x)?, with(&y)?),
            // x % y >= 0 where x >= 0.
            (_, true) => self.both(x, with(&Poly::default())?),
            // x % y <= y - 1 where y >= 1.
            (_, false) => {
                let last = y.plus(-1, &Poly::constant(1)).ok_or(Unproved::Form)?;
                let goal = with(&last)?;
                self.both(last, goal)
            }
        }
    }

    fn both(&mut self, first: Poly, second: Poly) -> Result<Vec<Poly>, Unproved> {
        let mut goals = self.reduce(first)?;
        goals.extend(self.reduce(second)?);
        Ok(goals)
    }

    fn is_plain(&self, bound: NodeId) -> bool {
        !matches!(
            self.bounds.binary(bound),
            Some((Op::Min | Op::Max | Op::AddSat | Op::SubSat, ..))
        )
    }

    /// What the goal comes to with the first candidate that leads anywhere.
    fn first_of(
        &mut self,
        goal: &Poly,
        index: NodeId,
        candidates: &[Poly],
        failed: Option<Unproved>,
    ) -> Result<Vec<Poly>, Unproved> {
        let mut why = failed.unwrap_or(Unproved::Form);
        for end in candidates {
            // An end in terms of the index itself leads nowhere.
            if end.degree(index) > 0 {
                continue;
            }
            let goal = goal.substitute(index, end).ok_or(Unproved::Form)?;
            match self.reduce(goal) {
                Ok(goals) => return Ok(goals),
                Err(reason) => why = reason,
            }
        }
        Err(why)
    }
}

/// `goal - c * fact` for the whole `c > 0` with which `index` cancels.
fn cancel(goal: &Poly, fact: &Poly, index: NodeId) -> Option<Poly> {
    let (g, f) = (
        goal.linear_coefficient(index)?,
        fact.linear_coefficient(index)?,
    );
    (g % f == 0 && g / f > 0).then(|| goal.plus(-(g / f), fact))?
}
