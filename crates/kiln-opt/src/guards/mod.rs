//! Replacing guards of indices by tests before the loops.
//!
//! An index is inside its array in every round if its least and greatest
//! value are. [`Bounds::derive`] says what that comes to: polynomials over
//! values known at entry that must not be negative. They become one `retry`
//! guard at entry, before any effect, and the guards they imply are left out.
//! A test holds for nothing if a loop around it is empty.
//!
//! The tests cannot be wrong by overflow: sums and products are `i64` ops,
//! and each that could leave the type by what is known of its operands is
//! asked whether it does; one that does fails the test, and the guarded
//! variant makes the call.
//!
//! Where a bound is data, what must hold is known only when the loop begins,
//! and by then something may have been stored. So such a loop is made twice,
//! as the sides of an `if` on its tests: without the guards and with them.
//!
//! Nothing here is trusted: [`check_accesses`] derives every bound again from
//! the Func that was made, and what it cannot derive gets its guard back.

mod copy;
mod entry;
mod versions;

use crate::report::{GuardReport, KeptGuard};
use crate::why;
use kiln_ir::{
    ArrayRef, Bounds, Context, FaultKind, Func, IndexGuard, Interval, Node, NodeId, Op, Poly,
    RegionId, Scalar, Unproved, check_accesses,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;
use versions::Versions;

/// How often guards are put back before all of them are.
const ATTEMPTS: usize = 4;

/// The most tests of a Func: a test is read once for each loop by whoever
/// derives the bounds again.
const TESTS_MAX: usize = 128;

/// Whether there is anything for the pass to do.
pub(crate) fn has_index_guards(func: &Func) -> bool {
    func.faults().iter().any(|f| f.kind == FaultKind::Index)
}

/// Leaves out the guards that tests at entry imply. `None` for the Func if
/// every guard stays.
pub(crate) fn hoist(func: &Func) -> (Option<Func>, GuardReport) {
    let mut pass = Pass::new(func);
    pass.decide();
    for _ in 0..ATTEMPTS {
        if pass.removed.is_empty() && pass.versions.guards.is_empty() {
            break;
        }
        let made = pass.make();
        match check_accesses(&made) {
            Ok(()) => return (Some(made), pass.report()),
            Err(error) => {
                let nodes = error.violations.iter().map(|v| v.node);
                let arrays = nodes.filter_map(|id| accessed(&made, id)).collect();
                pass.put_back(&arrays);
            }
        }
    }
    pass.put_back_all();
    (None, pass.report())
}

/// The report when every guard stays, for one reason.
pub(crate) fn all_kept(func: &Func, reason: &str) -> GuardReport {
    let mut pass = Pass::new(func);
    for (guard, _) in pass.guards() {
        pass.kept.insert(guard, reason.to_owned());
    }
    pass.report()
}

/// The array that a node accesses.
fn accessed(func: &Func, id: NodeId) -> Option<ArrayRef> {
    match func.node(id) {
        Node::Load { array, .. } | Node::Store { array, .. } | Node::Scan { array, .. } => {
            Some(*array)
        }
        _ => None,
    }
}

/// What an access or a guard needs tested.
struct Need {
    region: RegionId,
    goals: Vec<Poly>,
}

struct Pass<'a> {
    func: &'a Func,
    bounds: Bounds<'a>,
    /// Values that are there at entry.
    available: Vec<bool>,
    /// Ops in bounds of loops and in conditions that a test at entry shows
    /// not to wrap, by the node whose bounds they are in.
    wishes: FxHashMap<NodeId, Vec<NodeId>>,
    base: Context,
    contexts: FxHashMap<RegionId, Context>,
    /// Guards to leave out, with what they need.
    removed: BTreeMap<NodeId, Need>,
    /// Guards that stay, and why.
    kept: BTreeMap<NodeId, String>,
    /// Loads that move in front of their guards, with what they need.
    freed: BTreeMap<NodeId, Need>,
    /// Loads that another guard holds in place from now on.
    held: FxHashMap<NodeId, NodeId>,
    /// Guards that one of the copies of a loop is without.
    versions: Versions,
    tests: usize,
    extents: FxHashMap<(ArrayRef, u8), NodeId>,
}

impl<'a> Pass<'a> {
    fn new(func: &'a Func) -> Pass<'a> {
        let mut pass = Pass {
            func,
            bounds: Bounds::of(func),
            available: available(func),
            wishes: FxHashMap::default(),
            base: Context::default(),
            contexts: FxHashMap::default(),
            removed: BTreeMap::new(),
            kept: BTreeMap::new(),
            freed: BTreeMap::new(),
            held: FxHashMap::default(),
            versions: Versions::default(),
            tests: 0,
            extents: FxHashMap::default(),
        };
        for id in pass.nodes() {
            if let Node::Len { array, dim } = func.node(id) {
                pass.extents.insert((*array, *dim), id);
            }
        }
        pass.wish();
        pass
    }

    fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.func.node_count()).map(NodeId::new)
    }

    /// The guards of indices, with what they say.
    fn guards(&self) -> Vec<(NodeId, Vec<IndexGuard>)> {
        let func = self.func;
        let guards = self.nodes().filter_map(|id| match func.node(id) {
            Node::Guard { cond, fault, .. } if func.fault(*fault).kind == FaultKind::Index => {
                Some((id, self.bounds.index_guards(*cond)))
            }
            _ => None,
        });
        guards.collect()
    }

    // What may wrap.

    /// Finds the ops in bounds and conditions that may wrap.
    fn wish(&mut self) {
        for id in self.nodes() {
            let roots = match *self.func.node(id) {
                Node::For { lo, hi, .. }
                | Node::Reduce { lo, hi, .. }
                | Node::Scan { lo, hi, .. } => vec![lo, hi],
                Node::If { cond, .. } if !self.func.is_pure(id) => vec![cond],
                _ => continue,
            };
            let mut ops = Vec::new();
            let mut seen = FxHashSet::default();
            let mut pending = roots;
            while let Some(v) = pending.pop() {
                let Node::Op { op, args } = self.func.node(v) else {
                    continue;
                };
                if !seen.insert(v) {
                    continue;
                }
                let sums = matches!(op, Op::Add | Op::Sub | Op::Mul);
                let is_int = self.func.ty(v).scalar.is_int();
                let may_wrap = !self.bounds.ranges().is_exact(v);
                let is_wished = sums && is_int && self.available[v.index()] && may_wrap;
                if is_wished && !is_subtraction(self.func, *op, args[1]) {
                    self.base.assume_exact(*op, args[0], args[1]);
                    ops.push(v);
                }
                pending.extend(args.iter());
            }
            if !ops.is_empty() {
                ops.sort_unstable();
                self.wishes.insert(id, ops);
            }
        }
    }

    // Which guards go.

    fn derive(&mut self, region: RegionId, guard: IndexGuard) -> Result<Need, Unproved> {
        let bounds = &self.bounds;
        let made = self.contexts.entry(region);
        let context = made.or_insert_with(|| bounds.context(region, &self.base));
        let index = Interval::of_type(Scalar::I64);
        let known = |v: NodeId| self.available[v.index()] && index.holds(bounds.ranges().get(v));
        let goals = bounds.derive(context, guard, known)?;
        Ok(Need { region, goals })
    }

    fn derive_all(&mut self, region: RegionId, said: &[IndexGuard]) -> Result<Need, Unproved> {
        let mut goals = Vec::new();
        for &guard in said {
            goals.extend(self.derive(region, guard)?.goals);
        }
        Ok(Need { region, goals })
    }

    /// Decides about every guard, then about the loads behind them.
    fn decide(&mut self) {
        let guards = self.guards();
        let mut data = Vec::new();
        let mut by_index: FxHashMap<(RegionId, NodeId), Vec<(NodeId, NodeId)>> =
            FxHashMap::default();
        let mut tested = FxHashSet::default();
        for (id, said) in guards {
            let region = self.bounds.nest().home(id);
            if said.is_empty() {
                self.kept.insert(id, why::FORM.to_owned());
                continue;
            }
            for guard in &said {
                let entry = by_index.entry((region, guard.index)).or_default();
                entry.push((guard.extent, id));
            }
            match self.derive_all(region, &said) {
                Ok(need) if !need.goals.is_empty() && !self.is_repeated(region) => {
                    self.kept.insert(id, why::ONCE.to_owned());
                }
                Ok(need) => {
                    let rests = need.goals.iter().map(|g| g.clone().split_constant().0);
                    let new: FxHashSet<Poly> = rests.filter(|p| !tested.contains(p)).collect();
                    if tested.len() + new.len() <= TESTS_MAX {
                        tested.extend(new);
                        self.removed.insert(id, need);
                    } else {
                        self.kept.insert(id, why::MANY.to_owned());
                    }
                }
                Err(_) if !self.is_repeated(region) => {
                    self.kept.insert(id, why::ONCE.to_owned());
                }
                Err(Unproved::Never) if self.is_conditional(region) => {
                    self.kept.insert(id, why::CONDITION.to_owned());
                }
                Err(reason) => {
                    if matches!(reason, Unproved::Depends(_)) {
                        data.push((id, said));
                    }
                    let reason = why::stays(self.func, &self.bounds, reason);
                    self.kept.insert(id, reason);
                }
            }
        }
        for id in self.nodes() {
            if let Node::Load {
                after: Some(after), ..
            } = self.func.node(id)
                && self.func.is_pure(id)
                && self.removed.contains_key(after)
            {
                self.free(id, *after, &by_index);
            }
        }
        self.version(&data);
    }

    /// Whether a region is in a loop.
    fn is_repeated(&self, region: RegionId) -> bool {
        let mut owners = self.bounds.nest().outwards(region);
        owners.any(|(_, owner)| !matches!(self.func.node(owner), Node::If { .. }))
    }

    /// Whether a region is in a branch.
    fn is_conditional(&self, region: RegionId) -> bool {
        let mut owners = self.bounds.nest().outwards(region);
        owners.any(|(_, owner)| matches!(self.func.node(owner), Node::If { .. }))
    }

    /// Decides where a load goes whose guard would be left out: behind
    /// another guard of the same access that stays, or free.
    fn free(
        &mut self,
        id: NodeId,
        after: NodeId,
        by_index: &FxHashMap<(RegionId, NodeId), Vec<(NodeId, NodeId)>>,
    ) {
        let Node::Load { array, index, .. } = self.func.node(id) else {
            return;
        };
        let region = self.bounds.nest().home(after);
        let extents: Vec<Option<NodeId>> = (0..index.len() as u8)
            .map(|dim| self.extent(*array, dim))
            .collect();
        let mut guards = Vec::new();
        for (v, extent) in index.iter().zip(&extents) {
            let of_index = by_index
                .get(&(region, self.bounds.number(*v)))
                .into_iter()
                .flatten();
            let fits = of_index.filter(|(e, g)| Some(*e) == *extent && *g <= after);
            guards.extend(fits.map(|&(_, guard)| guard));
        }
        let stays = guards.iter().copied().filter(|g| self.kept.contains_key(g));
        if let Some(guard) = stays.max() {
            self.held.insert(id, guard);
            return;
        }
        // Where the load may run once no guard holds it.
        let homes = index.iter().map(|&v| self.bounds.nest().home(v));
        let nest = self.bounds.nest();
        let home = homes.max_by_key(|&home| nest.depth(home));
        let home = home.unwrap_or(self.func.body());
        let mut need = Need {
            region: home,
            goals: Vec::new(),
        };
        for (dim, &v) in (0u8..).zip(index.iter()) {
            let found = match self.extent(*array, dim) {
                Some(extent) => self.derive(home, IndexGuard { index: v, extent }),
                None => Err(Unproved::Form),
            };
            match found {
                Ok(found) => need.goals.extend(found.goals),
                Err(_) => {
                    self.removed.remove(&after);
                    self.kept.insert(after, why::CONDITION.to_owned());
                    return;
                }
            }
        }
        self.freed.insert(id, need);
    }

    fn extent(&self, array: ArrayRef, dim: u8) -> Option<NodeId> {
        self.extents.get(&(array, dim)).copied()
    }

    /// Puts the guards of some arrays back.
    fn put_back(&mut self, arrays: &FxHashSet<ArrayRef>) {
        // Copies of loops first: their guards keep the reasons they had.
        if !self.versions.guards.is_empty() {
            self.versions = Versions::default();
            return;
        }
        let func = self.func;
        let is_of = |id: &NodeId| match func.node(*id) {
            Node::Guard { operands, .. } => operands.iter().any(|&v| match func.node(v) {
                Node::Len { array, .. } => arrays.contains(array),
                _ => false,
            }),
            _ => false,
        };
        let back: Vec<NodeId> = self.removed.keys().copied().filter(is_of).collect();
        if back.is_empty() {
            self.put_back_all();
        }
        for id in back {
            self.removed.remove(&id);
            self.kept.insert(id, why::NOT_AGAIN.to_owned());
        }
        let removed = &self.removed;
        self.freed.retain(|id, _| match func.node(*id) {
            Node::Load { after, .. } => after.is_some_and(|g| removed.contains_key(&g)),
            _ => false,
        });
    }

    fn put_back_all(&mut self) {
        for (id, _) in std::mem::take(&mut self.removed) {
            self.kept.insert(id, why::NOT_AGAIN.to_owned());
        }
        self.freed.clear();
        self.versions = Versions::default();
    }

    fn report(&self) -> GuardReport {
        let is_asked = |id: &NodeId| !self.versions.guards.contains_key(id);
        let kept = self.kept.iter().filter(|(id, _)| is_asked(id));
        let worth_a_word = kept.filter(|(_, reason)| *reason != why::ONCE);
        let kept = worth_a_word.map(|(&id, reason)| {
            let fault = match self.func.node(id) {
                Node::Guard { fault, .. } => self.func.fault(*fault),
                _ => unreachable!("{id} is a guard"),
            };
            KeptGuard {
                name: fault.message.clone(),
                span: fault.span,
                reason: reason.clone(),
            }
        });
        GuardReport {
            split: Vec::new(),
            versions: self.versions.report(),
            removed: self.removed.len() as u32,
            tests: match self.removed.is_empty() {
                true => 0,
                false => self.tests as u32,
            },
            kept: kept.collect(),
        }
    }
}

/// Whether an op adds an unsigned constant of the upper half, as `x - 1` does
/// once its constant is a summand: it wraps for all but a few `x`.
fn is_subtraction(func: &Func, op: Op, constant: NodeId) -> bool {
    let scalar = func.ty(constant).scalar;
    let top = Interval::of_type(scalar.to_signed()).hi;
    let constant = func.as_const(constant).and_then(|c| c.as_int());
    op == Op::Add && !scalar.is_signed() && constant.is_some_and(|c| c > top)
}

/// Values that need nothing but parameters and extents.
fn available(func: &Func) -> Vec<bool> {
    let mut available = vec![false; func.node_count()];
    for id in (0..func.node_count()).map(NodeId::new) {
        let is_local = |array: ArrayRef| matches!(array, ArrayRef::Local(_));
        available[id.index()] = match func.node(id) {
            Node::Param(_) | Node::Const(_) => true,
            Node::Len { array, .. } => !is_local(*array),
            Node::Op { args, .. } => args.iter().all(|v| available[v.index()]),
            _ => false,
        };
    }
    available
}

fn bounds_of(func: &Func, owner: NodeId) -> Option<(NodeId, NodeId)> {
    match *func.node(owner) {
        Node::For { lo, hi, .. } | Node::Reduce { lo, hi, .. } | Node::Scan { lo, hi, .. } => {
            Some((lo, hi))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_ir::{guard_accesses, parse};
    use std::fmt::Write;

    /// Loops of bounds of their own, and one more of the first bound.
    fn loops(count: usize) -> Func {
        let mut text = "func @f(".to_owned();
        (0..count).for_each(|k| write!(text, "n{k}: i64, ").expect("a string"));
        text.push_str("y: mut [f64]) {\n");
        for k in (0..count).chain([0]) {
            let at = text.len();
            writeln!(text, "    for i{at} in 0..n{k} {{").expect("a string");
            writeln!(text, "        store y[i{at}], 1.0\n    }}").expect("a string");
        }
        text.push_str("}\n");
        guard_accesses(&parse(&text).expect("parses"))
    }

    #[test]
    fn no_more_is_tested_than_is_read_again_in_time() {
        let (_, report) = hoist(&loops(TESTS_MAX));
        assert_eq!(report.removed as usize, TESTS_MAX + 1);
        assert!(report.kept.is_empty());
        let (func, report) = hoist(&loops(TESTS_MAX + 20));
        assert!(func.is_some());
        assert_eq!(report.removed as usize, TESTS_MAX + 1);
        assert_eq!(report.kept.len(), 20);
        assert!(report.kept.iter().all(|kept| kept.reason == why::MANY));
    }
}
