//! The copy of a Func without the guards that tests replace.

use super::Pass;
use super::entry::Entry;
use crate::rules::Counts;
use kiln_ir::{ArrayRef, FaultId, Func, FuncBuilder, NodeId, ParamType, Rewrite, inline};
use rustc_hash::FxHashMap;

impl Pass<'_> {
    /// Makes the Func without the guards that go.
    pub(super) fn make(&mut self) -> Func {
        let func = self.func;
        let mut b = FuncBuilder::new(func.name());
        let (mut values, mut arrays) = (Vec::new(), Vec::new());
        for param in func.params() {
            let name = param.name.clone();
            let (value, array) = match param.ty {
                ParamType::Scalar(s) => (Some(b.scalar_param(name, s)), None),
                ParamType::Array(ty) => (None, Some(b.array_param(name, ty))),
            };
            values.push(value);
            arrays.push(array);
        }
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
            entry: guard,
            made: FxHashMap::default(),
        };
        let results = inline(&mut b, func, &values, &arrays, &mut copy);
        b.finish(&results)
    }
}

/// Copies all but the guards that are left out.
struct Copy<'a, 'f> {
    pass: &'a Pass<'f>,
    /// The guard at entry, if there are tests.
    entry: Option<NodeId>,
    /// The new guards by the old ones.
    made: FxHashMap<NodeId, NodeId>,
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
        if self.pass.removed.contains_key(&old) {
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
}
