//! What is known at a place: by the guards that held before it and by the
//! conditions around it.

use super::{Bounds, loop_bounds};
use crate::func::{Node, NodeId, RegionId};
use crate::op::Op;
use crate::poly::Poly;
use rustc_hash::{FxHashMap, FxHashSet};

/// The most ranges that follow from one.
const RANGES_MAX: usize = 16;

/// What is known at some place: which ops do not wrap, and which
/// polynomials are not negative.
#[derive(Clone, Default, Debug)]
pub struct Context {
    /// Ops with two operands that give what they give over whole numbers.
    pub(super) exact: FxHashSet<(Op, NodeId, NodeId)>,
    /// Products with a constant that do not wrap: a shift is one, too.
    pub(super) scaled: FxHashSet<(NodeId, i128)>,
    /// By the polynomial without its constant: the least constant with which
    /// it is known not to be negative.
    facts: FxHashMap<Poly, i128>,
    /// What conditions around the place say of loop indices.
    pub(super) conditions: Vec<Poly>,
}

impl Context {
    /// Takes an op as one that does not wrap.
    pub fn assume_exact(&mut self, op: Op, x: NodeId, y: NodeId) {
        self.exact.insert((op, x, y));
    }

    fn learn(&mut self, fact: Poly) {
        let (rest, constant) = fact.split_constant();
        let known = self.facts.entry(rest).or_insert(constant);
        *known = constant.min(*known);
    }

    /// Whether a polynomial is known not to be negative.
    pub(super) fn implies(&self, goal: &Poly) -> bool {
        let (rest, constant) = goal.clone().split_constant();
        self.facts
            .get(&rest)
            .is_some_and(|&least| least <= constant)
    }
}

impl Bounds<'_> {
    /// What is known in a region by `base` and by the conditions around it.
    pub fn context(&self, region: RegionId, base: &Context) -> Context {
        let mut context = base.clone();
        for (inner, owner) in self.nest.outwards(region) {
            if let Node::If { cond, then, .. } = self.func.node(owner) {
                self.condition(&mut context, *cond, inner == *then);
            }
        }
        context
    }

    /// The loops around a region, each as its first index and its bound, and
    /// those that are not empty because these are not.
    pub(super) fn loops(&self, region: RegionId) -> Vec<(NodeId, NodeId)> {
        let owners = self.nest.outwards(region).map(|(_, owner)| owner);
        let bounds = owners.filter_map(|id| loop_bounds(self.func, id));
        bounds
            .flat_map(|(lo, hi)| self.as_full(self.number(lo), self.number(hi)))
            .collect()
    }

    /// The ranges that hold an integer because `lo..hi` does: those of what
    /// the ends are made of, where nothing is less than 0.
    fn as_full(&self, lo: NodeId, hi: NodeId) -> Vec<(NodeId, NodeId)> {
        let mut found = vec![(lo, hi)];
        let mut next = 0;
        while let Some(&(lo, hi)) = found.get(next) {
            next += 1;
            for (lo, hi) in self.follow(lo, hi) {
                let range = (self.number(lo), self.number(hi));
                if !found.contains(&range) && found.len() < RANGES_MAX {
                    found.push(range);
                }
            }
        }
        found
    }

    /// Ranges that hold an integer if `lo..hi` does.
    fn follow(&self, lo: NodeId, hi: NodeId) -> Vec<(NodeId, NodeId)> {
        let mut found = Vec::new();
        // max(x, y) < hi: so are both.
        if let Some((Op::Max, x, y)) = self.binary(lo) {
            found.extend([(x, hi), (y, hi)]);
        }
        let is_natural = |v: NodeId| self.ranges.get(v).lo >= 0;
        let Some(&zero) = self.numbers.get(&0).filter(|_| is_natural(lo)) else {
            return found;
        };
        found.push((zero, hi));
        match self.binary(hi) {
            // lo < max(x, 0): then lo < x.
            Some((Op::Max, x, y)) if self.is_zero(y) => found.push((lo, x)),
            Some((Op::Max, x, y)) if self.is_zero(x) => found.push((lo, y)),
            // 0 < x >> k: then 0 < x.
            Some((Op::Shr, x, _)) => found.push((zero, x)),
            // 0 < x - y: then y < x.
            Some((Op::Sub, x, y)) if is_natural(x) && is_natural(y) => found.push((y, x)),
            _ => {}
        }
        found
    }

    /// What is known inside `loops` by the guards `tests` that held before
    /// them.
    pub(super) fn tested(&self, loops: &[(NodeId, NodeId)], tests: &[NodeId]) -> Context {
        let mut context = Context::default();
        for &test in tests {
            if let Node::Guard { cond, .. } = self.func.node(test) {
                self.learn(&mut context, *cond, loops);
            }
        }
        context
    }

    /// Adds what a condition says if it `holds`, or if it does not.
    fn condition(&self, context: &mut Context, cond: NodeId, holds: bool) {
        let leaves = self.leaves(cond, holds, &[]);
        self.learn_exact(context, &leaves);
        for (leaf, holds) in leaves {
            if let Some((op, x, y)) = self.binary(leaf) {
                let mut facts = self.comparison(context, op, &[x, y], holds);
                facts.extend(self.difference(context, op, &[x, y], holds));
                context.conditions.extend(facts);
            }
        }
    }

    /// What two integers that differ say where one is known to be no less:
    /// it is greater, as an index that is not the first one.
    fn difference(&self, context: &Context, op: Op, args: &[NodeId], holds: bool) -> Option<Poly> {
        let differ = matches!((op, holds), (Op::Ne, true) | (Op::Eq, false));
        if !differ || !self.func.ty(args[0]).scalar.is_int() {
            return None;
        }
        let (x, y) = (self.value(context, args[0]), self.value(context, args[1]));
        let ways = [x.plus(-1, &y)?, y.plus(-1, &x)?];
        let ordered = ways.into_iter().find(|way| self.is_proved(context, way))?;
        ordered.plus(-1, &Poly::constant(1))
    }

    /// What a comparison of integers says: polynomials that are not negative.
    fn comparison(&self, context: &Context, op: Op, args: &[NodeId], holds: bool) -> Vec<Poly> {
        if args.len() != 2 || !self.func.ty(args[0]).scalar.is_int() {
            return Vec::new();
        }
        let (x, y) = (self.value(context, args[0]), self.value(context, args[1]));
        if matches!((op, holds), (Op::Eq, true) | (Op::Ne, false)) {
            let both = [x.plus(-1, &y), y.plus(-1, &x)];
            return both.into_iter().flatten().collect();
        }
        let Some((less, _, strict)) = self.less((op, args[0], args[1]), holds) else {
            return Vec::new();
        };
        let fact = match less == args[0] {
            true => y.plus(-1, &x),
            false => x.plus(-1, &y),
        };
        let strict = Poly::constant(strict.into());
        fact.and_then(|p| p.plus(-1, &strict)).into_iter().collect()
    }

    /// Adds what a guard that held says at a place inside `loops`, each as
    /// its first index and its bound: such a place has no empty loop around
    /// it.
    pub(super) fn learn(&self, context: &mut Context, cond: NodeId, loops: &[(NodeId, NodeId)]) {
        let leaves = self.leaves(cond, true, loops);
        // First which ops do not wrap, then what they say.
        self.learn_exact(context, &leaves);
        for (leaf, holds) in leaves {
            if let Some((op, x, y)) = self.binary(leaf) {
                for fact in self.comparison(context, op, &[x, y], holds) {
                    context.learn(fact);
                }
            }
        }
    }

    /// Adds which ops do not wrap, by what asks it.
    fn learn_exact(&self, context: &mut Context, leaves: &[(NodeId, bool)]) {
        for &(leaf, holds) in leaves {
            let exact = match self.binary(leaf) {
                Some((Op::AddOverflows, x, y)) => (Op::Add, x, y),
                Some((Op::SubOverflows, x, y)) => (Op::Sub, x, y),
                Some((Op::MulOverflows, x, y)) => (Op::Mul, x, y),
                _ => continue,
            };
            if holds {
                continue;
            }
            context.exact.insert(exact);
            let factor = self.func.as_const(exact.2).and_then(|c| c.as_int());
            if let (Op::Mul, Some(factor)) = (exact.0, factor) {
                context.scaled.insert((exact.1, factor));
            }
        }
    }

    /// The conditions without connectives that follow from one, at a place
    /// inside `loops`.
    pub(super) fn leaves(
        &self,
        cond: NodeId,
        holds: bool,
        loops: &[(NodeId, NodeId)],
    ) -> Vec<(NodeId, bool)> {
        let mut leaves = Vec::new();
        let (mut seen, mut pending) = (FxHashSet::default(), vec![(cond, holds)]);
        while let Some((cond, holds)) = pending.pop() {
            let Node::Op { op, args } = self.func.node(cond) else {
                continue;
            };
            if !seen.insert((cond, holds)) {
                continue;
            }
            match (op, holds) {
                (Op::Not, _) => pending.push((args[0], !holds)),
                (Op::And, true) | (Op::Or, false) => {
                    pending.extend(args.iter().map(|&v| (v, holds)));
                }
                (Op::Or, true) | (Op::And, false) => {
                    // One side is known to be otherwise: the other one holds.
                    match [args[0], args[1]].map(|v| self.is_refuted(v, holds, loops)) {
                        [true, false] => pending.push((args[1], holds)),
                        [false, true] => pending.push((args[0], holds)),
                        _ => {}
                    }
                }
                _ => leaves.push((cond, holds)),
            }
        }
        leaves
    }

    /// Whether `cond` cannot be `holds` in a round of all of `loops`: it says
    /// that one of them is empty, or all of several things that say so.
    fn is_refuted(&self, cond: NodeId, holds: bool, loops: &[(NodeId, NodeId)]) -> bool {
        let says_empty = |lo: NodeId, hi: NodeId| {
            loops
                .iter()
                .any(|&(l, h)| l == self.number(lo) && h == self.number(hi))
        };
        let (mut seen, mut pending) = (FxHashSet::default(), vec![(cond, holds)]);
        while let Some((cond, holds)) = pending.pop() {
            let Some((op, x, y)) = self.binary(cond) else {
                return false;
            };
            if !seen.insert((cond, holds)) {
                continue;
            }
            let refuted = match (op, holds) {
                (Op::Or, true) | (Op::And, false) => {
                    pending.extend([(x, holds), (y, holds)]);
                    true
                }
                (Op::Le, true) | (Op::Gt, false) => says_empty(y, x),
                (Op::Ge, true) | (Op::Lt, false) => says_empty(x, y),
                _ => false,
            };
            if !refuted {
                return false;
            }
        }
        true
    }
}
