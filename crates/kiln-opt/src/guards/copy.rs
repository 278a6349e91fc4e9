//! The copy of a Func without the guards that tests replace.

use super::Pass;
use super::entry::{Entry, Tests};
use crate::rules::Counts;
use kiln_ir::{ArrayRef, FaultId, Func, FuncBuilder, NodeId, Rewrite, inline, same_params};
use rustc_hash::FxHashMap;

impl Pass<'_> {
    /// Makes the Func without the guards that go.
    pub(super) fn make(&mut self) -> Func {
        let func = self.func;
        let mut b = FuncBuilder::new(func.name());
        let (values, arrays) = same_params(&mut b, func);
        let entry = Entry {
            pass: self,
            b: &mut b,
            counts: Counts::default(),
            made: FxHashMap::default(),
            arrays: &arrays,
        };
        let (guard, tests) = entry.guard();
        self.tests = tests;
        let mut copy = Copy {
            pass: self,
            arrays: &arrays,
            entry: guard,
            made: FxHashMap::default(),
            without: Vec::new(),
            guarded: 0,
        };
        let results = inline(&mut b, func, &values, &arrays, &mut copy);
        b.finish(&results)
    }
}

/// Copies all but the guards that are left out.
struct Copy<'a, 'f> {
    pass: &'a Pass<'f>,
    arrays: &'a [Option<ArrayRef>],
    /// The guard at entry, if there are tests.
    entry: Option<NodeId>,
    /// The new guards by the old ones.
    made: FxHashMap<NodeId, NodeId>,
    /// The loops around, of which this is the copy without guards.
    without: Vec<NodeId>,
    /// How many loops are around of which this is the other copy.
    guarded: usize,
}

impl Rewrite for Copy<'_, '_> {
    fn guard(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        cond: NodeId,
        fault: FaultId,
        operands: &[NodeId],
    ) -> Option<NodeId> {
        let owner = self.pass.versions.guards.get(&old);
        let is_without = owner.is_some_and(|owner| self.without.contains(owner));
        if is_without || self.pass.removed.contains_key(&old) {
            return None;
        }
        let new = b.guard(cond, fault, operands);
        self.made.insert(old, new);
        Some(new)
    }

    fn access(
        &mut self,
        _b: &mut FuncBuilder,
        _array: ArrayRef,
        _index: &[NodeId],
        after: Option<NodeId>,
        old: NodeId,
    ) -> Option<NodeId> {
        match self.pass.held.get(&old) {
            Some(guard) => self.made.get(guard).copied().or(after).or(self.entry),
            None => after.or(self.entry),
        }
    }

    fn versions(&mut self, _func: &Func, old: NodeId) -> Option<Vec<NodeId>> {
        let tests = self.pass.versions.loops.get(&old)?;
        (self.guarded == 0).then(|| self.values(tests))
    }

    fn version(&mut self, b: &mut FuncBuilder, old: NodeId, values: &[NodeId]) -> NodeId {
        let tests = &self.pass.versions.loops[&old];
        let made = self.values(tests).into_iter().zip(values.iter().copied());
        let mut entry = Entry {
            pass: self.pass,
            b,
            counts: Counts::default(),
            made: made.collect(),
            arrays: self.arrays,
        };
        entry.all_hold(tests)
    }

    fn copy(&mut self, old: NodeId, holds: Option<bool>) {
        match holds {
            Some(true) => self.without.push(old),
            Some(false) => {
                self.without.pop();
                self.guarded += 1;
            }
            None => self.guarded -= 1,
        }
    }
}

impl Copy<'_, '_> {
    /// What tests are computed from, but what there is at entry.
    fn values(&self, tests: &Tests) -> Vec<NodeId> {
        let mut values: Vec<NodeId> = tests.nodes().collect();
        values.retain(|v| !self.pass.available[v.index()]);
        values.sort_unstable();
        values.dedup();
        values
    }
}
