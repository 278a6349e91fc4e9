//! The tests at entry.

use super::{Pass, bounds_of};
use crate::rules::{Counts, simple_op};
use kiln_ir::{
    ArrayRef, Fault, FaultKind, FuncBuilder, Interval, Node, NodeId, Op, Poly, Scalar, Type,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// What the guard at entry says of itself.
const TESTED: &str = "indices of all rounds";

/// Polynomials that must not be negative.
#[derive(Debug, Default)]
pub(super) struct Tests {
    /// The polynomials without their constants, in order.
    order: Vec<Poly>,
    /// The least constant of each.
    least: FxHashMap<Poly, i128>,
}

impl Tests {
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The values that they are computed from.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.order.iter().flat_map(Poly::nodes)
    }

    pub(super) fn add(&mut self, goal: Poly) {
        let (rest, constant) = goal.split_constant();
        match self.least.get_mut(&rest) {
            Some(least) => *least = constant.min(*least),
            None => {
                self.order.push(rest.clone());
                self.least.insert(rest, constant);
            }
        }
    }
}

/// Makes the tests at entry.
pub(super) struct Entry<'a, 'f> {
    pub(super) pass: &'a Pass<'f>,
    pub(super) b: &'a mut FuncBuilder,
    /// The rules that make the tests simple are not the kernel's.
    pub(super) counts: Counts,
    pub(super) made: FxHashMap<NodeId, NodeId>,
    pub(super) arrays: &'a [Option<ArrayRef>],
}

impl Entry<'_, '_> {
    /// The guard at entry, if anything is to be tested, and how many tests
    /// it makes.
    pub(super) fn guard(mut self) -> (Option<NodeId>, usize) {
        let pass = self.pass;
        let nest = pass.bounds.nest();
        let mut groups: BTreeMap<Vec<NodeId>, Tests> = BTreeMap::new();
        let mut ops = std::collections::BTreeSet::new();
        for need in pass.removed.values().chain(pass.freed.values()) {
            let around = nest.outwards(need.region).map(|(_, owner)| owner);
            let around: Vec<NodeId> = around.collect();
            let wishes = around.iter().filter_map(|owner| pass.wishes.get(owner));
            ops.extend(wishes.flatten().copied());
            let known = around
                .into_iter()
                .filter(|&owner| self.is_known_loop(owner));
            let tests = groups.entry(known.collect()).or_default();
            need.goals.iter().for_each(|goal| tests.add(goal.clone()));
        }
        let mut tests = ops.len();
        let mut all = self.b.bool(true);
        for op in ops {
            let fits = self.fits(op);
            all = self.join(Op::And, all, fits);
        }
        for (loops, group) in groups {
            tests += group.len();
            let mut holds = self.all_hold(&group);
            for owner in loops {
                let empty = self.is_empty(owner);
                holds = self.join(Op::Or, holds, empty);
            }
            all = self.join(Op::And, all, holds);
        }
        let is_true = self.b.func().as_const(all).and_then(|c| c.as_bool());
        if is_true == Some(true) {
            return (None, 0);
        }
        let fault = self.b.fault(Fault {
            kind: FaultKind::Retry,
            message: TESTED.to_owned(),
            span: None,
            site: None,
        });
        (Some(self.b.guard(all, fault, &[])), tests)
    }

    /// Whether no polynomial is negative.
    pub(super) fn all_hold(&mut self, tests: &Tests) -> NodeId {
        let mut holds = self.b.bool(true);
        for rest in &tests.order {
            let test = self.not_negative(rest, tests.least[rest]);
            holds = self.join(Op::And, holds, test);
        }
        holds
    }

    fn is_known_loop(&self, owner: NodeId) -> bool {
        let available = &self.pass.available;
        bounds_of(self.pass.func, owner)
            .is_some_and(|(lo, hi)| available[lo.index()] && available[hi.index()])
    }

    fn join(&mut self, op: Op, x: NodeId, y: NodeId) -> NodeId {
        simple_op(self.b, &mut self.counts, op, &[x, y], Type::BOOL)
    }

    fn not(&mut self, x: NodeId) -> NodeId {
        simple_op(self.b, &mut self.counts, Op::Not, &[x], Type::BOOL)
    }

    /// Copies a value that is known at entry, and what it needs.
    fn value(&mut self, old: NodeId) -> NodeId {
        let func = self.pass.func;
        let (mut needed, mut pending) = (Vec::new(), vec![old]);
        let mut seen = FxHashSet::default();
        while let Some(v) = pending.pop() {
            if !self.made.contains_key(&v) && seen.insert(v) {
                needed.push(v);
                func.for_each_operand(v, |operand| pending.push(operand));
            }
        }
        needed.sort_unstable();
        for v in needed {
            let new = match func.node(v) {
                Node::Const(value) => self.b.constant(*value),
                Node::Param(index) => self.b.param(*index),
                Node::Len {
                    array: ArrayRef::Param(index),
                    dim,
                } => match self.arrays[*index as usize] {
                    Some(array) => self.b.len(array, *dim),
                    None => unreachable!("parameter {index} is an array"),
                },
                Node::Op { op, args } => {
                    let args: Vec<NodeId> = args.iter().map(|a| self.made[a]).collect();
                    self.b.op_as(*op, &args, Some(func.ty(v)))
                }
                _ => unreachable!("{v} is known at entry"),
            };
            self.made.insert(v, new);
        }
        self.made[&old]
    }

    /// Whether an op does not wrap.
    fn fits(&mut self, old: NodeId) -> NodeId {
        self.value(old);
        let Node::Op { op, args } = self.pass.func.node(old) else {
            unreachable!("{old} is an op");
        };
        let (op, args) = (*op, args.iter().map(|a| self.made[a]).collect::<Vec<_>>());
        self.no_overflow(op, &args)
    }

    fn no_overflow(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        let asks = match op {
            Op::Add => Op::AddOverflows,
            Op::Sub => Op::SubOverflows,
            _ => Op::MulOverflows,
        };
        let overflows = simple_op(self.b, &mut self.counts, asks, args, Type::BOOL);
        self.not(overflows)
    }

    fn is_empty(&mut self, owner: NodeId) -> NodeId {
        let Some((lo, hi)) = bounds_of(self.pass.func, owner) else {
            unreachable!("{owner} is a loop");
        };
        let (lo, hi) = (self.value(lo), self.value(hi));
        simple_op(self.b, &mut self.counts, Op::Le, &[hi, lo], Type::BOOL)
    }

    /// Whether `rest + constant` is not negative: what is added on one side
    /// is at least what is subtracted on the other.
    fn not_negative(&mut self, rest: &Poly, constant: i128) -> NodeId {
        let (mut more, mut less) = (Vec::new(), Vec::new());
        for (factors, c) in rest.terms() {
            match c > 0 {
                true => more.push((factors.to_vec(), c)),
                false => less.push((factors.to_vec(), -c)),
            }
        }
        // The constant goes where fewer steps may leave the type.
        let left = self.asked(&more, constant) + self.asked(&less, 0);
        let right = self.asked(&more, 0) + self.asked(&less, -constant);
        let (add, subtract) = match left <= right {
            true => (constant, 0),
            false => (0, -constant),
        };
        let mut fits = self.b.bool(true);
        let more = self.sum(&more, add, &mut fits);
        let less = self.sum(&less, subtract, &mut fits);
        match (more, less) {
            (Some(more), Some(less)) => {
                let holds = simple_op(self.b, &mut self.counts, Op::Ge, &[more, less], Type::BOOL);
                self.join(Op::And, holds, fits)
            }
            // A constant beyond 64 bits: the test holds for no extent.
            _ => self.b.bool(false),
        }
    }

    /// How many steps of a sum must be asked whether they leave the type.
    fn asked(&self, terms: &[(Vec<NodeId>, i128)], constant: i128) -> usize {
        let ranges = self.pass.bounds.ranges();
        let whole = Interval::of_type(Scalar::I64);
        let mut asked = 0;
        let mut step = |value: Option<Interval>| match value {
            Some(value) if whole.holds(value) => value,
            _ => {
                asked += 1;
                whole
            }
        };
        let mut sum: Option<Interval> = None;
        for (factors, c) in terms {
            let mut product: Option<Interval> = None;
            for &v in factors {
                let v = ranges.get(v);
                product = Some(product.map_or(v, |p| step(p.times(v))));
            }
            let mut product = product.unwrap_or(Interval::point(1));
            if *c != 1 {
                product = step(product.times(Interval::point(*c)));
            }
            sum = Some(sum.map_or(product, |s| step(s.plus(product))));
        }
        if constant != 0
            && let Some(sum) = sum
        {
            step(sum.plus(Interval::point(constant)));
        }
        asked
    }

    /// The sum of products and a constant; `fits` becomes false where a step
    /// leaves the type. `None` if a constant does.
    fn sum(
        &mut self,
        terms: &[(Vec<NodeId>, i128)],
        constant: i128,
        fits: &mut NodeId,
    ) -> Option<NodeId> {
        let mut sum: Option<(NodeId, Interval)> = None;
        for (factors, c) in terms {
            let mut product: Option<(NodeId, Interval)> = None;
            for &v in factors {
                let range = self.pass.bounds.ranges().get(v);
                let new = self.value(v);
                let factor = (self.b.cast(Scalar::I64, new), range);
                product = Some(match product {
                    Some(product) => self.step(Op::Mul, product, factor, fits),
                    None => factor,
                });
            }
            let mut product = product?;
            if *c != 1 {
                let factor = (self.b.i64(i64::try_from(*c).ok()?), Interval::point(*c));
                product = self.step(Op::Mul, product, factor, fits);
            }
            sum = Some(match sum {
                Some(sum) => self.step(Op::Add, sum, product, fits),
                None => product,
            });
        }
        let added = (
            self.b.i64(i64::try_from(constant).ok()?),
            Interval::point(constant),
        );
        Some(match sum {
            Some((sum, _)) if constant == 0 => sum,
            Some(sum) => self.step(Op::Add, sum, added, fits).0,
            None => added.0,
        })
    }

    fn step(
        &mut self,
        op: Op,
        x: (NodeId, Interval),
        y: (NodeId, Interval),
        fits: &mut NodeId,
    ) -> (NodeId, Interval) {
        let whole = Interval::of_type(Scalar::I64);
        let range = match op {
            Op::Add => x.1.plus(y.1),
            _ => x.1.times(y.1),
        };
        let value = simple_op(self.b, &mut self.counts, op, &[x.0, y.0], Type::I64);
        match range {
            Some(range) if whole.holds(range) => (value, range),
            _ => {
                let step_fits = self.no_overflow(op, &[x.0, y.0]);
                *fits = self.join(Op::And, *fits, step_fits);
                (value, whole)
            }
        }
    }
}
