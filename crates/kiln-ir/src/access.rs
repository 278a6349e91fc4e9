//! Every access behind its guards.
//!
//! The language leaves an access outside its array without a meaning, so
//! code may be made only of Funcs whose accesses are guarded. Front ends
//! write the guards with [`FuncBuilder::guard_index`]; this adds those that a
//! text or a program that builds Funcs by hand has left out, in the same form:
//! one per dimension, `index < extent` as unsigned numbers, so that a
//! negative index fails too.

use crate::builder::FuncBuilder;
use crate::constant::Const;
use crate::func::{ArrayRef, CallArg, Fault, FaultKind, Func, Node, NodeId, RegionId, Site};
use crate::op::Op;
use crate::rewrite::{Rewrite, rewrite};
use crate::schedule::Schedule;
use crate::types::Scalar;
use std::sync::Arc;

impl FuncBuilder {
    /// Guards an access: one guard per dimension, each with the fault
    /// [`FaultKind::Index`] whose text is `name`, what the source calls the
    /// array, and whose operands are the index, the extent and, in an array
    /// of several dimensions, the dimension. Gives the last guard, which a
    /// load names with `after`; `None` for an array of no dimension.
    pub fn guard_index(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        name: &str,
        site: Option<Arc<Site>>,
    ) -> Option<NodeId> {
        let fault = self.fault(Fault {
            kind: FaultKind::Index,
            message: name.to_owned(),
            span: None,
            site,
        });
        let mut last = None;
        for (dim, &i) in (0u8..).zip(index) {
            let extent = self.len(array, dim);
            let unsigned = [i, extent].map(|v| self.cast(Scalar::U64, v));
            let is_inside = self.op(Op::Lt, &unsigned);
            last = Some(if index.len() == 1 {
                self.guard(is_inside, fault, &[i, extent])
            } else {
                let dim = self.constant(Const::i64(dim.into()));
                self.guard(is_inside, fault, &[i, extent, dim])
            });
        }
        last
    }
}

/// Whether every access of a Func, and of those it calls, is behind guards of
/// its own.
pub fn is_guarded(func: &Func) -> bool {
    let accesses = |id: &NodeId| {
        matches!(
            func.node(*id),
            Node::Load { .. } | Node::Store { .. } | Node::Scan { .. }
        )
    };
    let covered = covered(func);
    let mut all = (0..func.node_count()).map(NodeId::new).filter(accesses);
    all.all(|id| covered[id.index()]) && func.callees().iter().all(|f| is_guarded(f))
}

/// The Func with guards before each access that has none.
///
/// A load from an array that is only read has no place of its own; it is
/// guarded where the schedule puts it.
pub fn guard_accesses(func: &Func) -> Func {
    let names = func.params().iter().map(|p| p.name.clone()).collect();
    let covered = covered(func);
    rewrite(func, &mut Guards { names, covered })
}

struct Guards {
    names: Vec<String>,
    /// By the old ids: accesses that have their guards.
    covered: Vec<bool>,
}

impl Rewrite for Guards {
    fn access(
        &mut self,
        b: &mut FuncBuilder,
        array: ArrayRef,
        index: &[NodeId],
        after: Option<NodeId>,
        old: NodeId,
    ) -> Option<NodeId> {
        if self.covered[old.index()] {
            return after;
        }
        let name = match array {
            ArrayRef::Param(index) => &self.names[index as usize],
            ArrayRef::Local(_) => "a local array",
        };
        b.guard_index(array, index, name, None).or(after)
    }

    /// An access in a pure `if` is guarded there, for the side that reads it.
    fn fills_branches(&self) -> bool {
        true
    }

    fn call(
        &mut self,
        b: &mut FuncBuilder,
        callee: &Arc<Func>,
        args: &[CallArg],
    ) -> Option<Vec<NodeId>> {
        if is_guarded(callee) {
            return None;
        }
        let callee = b.callee(Arc::new(guard_accesses(callee)));
        Some(b.call(callee, args))
    }
}

/// For each node, whether it is an access with a guard for every dimension
/// before it, and, for one that floats, with a reason to stay behind them.
fn covered(func: &Func) -> Vec<bool> {
    let mut walk = Walk {
        func,
        schedule: Schedule::of(func),
        guards: Vec::new(),
        covered: vec![false; func.node_count()],
    };
    walk.region(func.body());
    walk.covered
}

struct Walk<'a> {
    func: &'a Func,
    schedule: Schedule,
    /// The guards that hold where the walk stands, in order.
    guards: Vec<NodeId>,
    covered: Vec<bool>,
}

impl Walk<'_> {
    /// Recurses on the nesting of regions, which is limited.
    fn region(&mut self, region: RegionId) {
        let outside = self.guards.len();
        for at in 0..self.schedule.nodes(region).len() {
            let id = self.schedule.nodes(region)[at];
            match self.func.node(id) {
                Node::Guard { .. } => self.guards.push(id),
                Node::Load {
                    array,
                    index,
                    after,
                } => {
                    let before = match after {
                        Some(guard) => self.guards.iter().position(|g| g == guard),
                        None if !self.func.is_pure(id) => self.guards.len().checked_sub(1),
                        None => None,
                    };
                    let guards = before.map_or(0, |last| last + 1);
                    self.covered[id.index()] = self.is_covered(*array, index, guards);
                }
                Node::Store { array, index, .. } => {
                    let guards = self.guards.len();
                    self.covered[id.index()] = self.is_covered(*array, index, guards);
                }
                Node::Scan { array, body, .. } => {
                    let (array, index) = (*array, self.func.region(*body).args[0]);
                    self.region(*body);
                    self.covered[id.index()] = self.is_covered_in(*body, array, index);
                }
                _ => {
                    for inner in self.func.regions_of(id) {
                        self.region(inner);
                    }
                }
            }
        }
        self.guards.truncate(outside);
    }

    /// Whether one of the first `guards` guards holds each index inside.
    fn is_covered(&self, array: ArrayRef, index: &[NodeId], guards: usize) -> bool {
        let guards = &self.guards[..guards];
        (0u8..).zip(index).all(|(dim, &i)| {
            let held = |guard: &NodeId| self.holds(*guard, array, dim, i);
            self.is_constant_inside(array, i) || guards.iter().any(held)
        })
    }

    /// Whether a guard of the body of a scan holds the index inside.
    fn is_covered_in(&self, body: RegionId, array: ArrayRef, index: NodeId) -> bool {
        let effects = &self.func.region(body).effects;
        effects.iter().any(|&id| self.holds(id, array, 0, index))
    }

    /// Whether a node is a guard of the form that `guard_index` makes, for
    /// this index.
    fn holds(&self, guard: NodeId, array: ArrayRef, dim: u8, index: NodeId) -> bool {
        let Node::Guard { cond, .. } = self.func.node(guard) else {
            return false;
        };
        let Node::Op { op: Op::Lt, args } = self.func.node(*cond) else {
            return false;
        };
        let (Some(i), Some(extent)) = (self.unsigned(args[0]), self.unsigned(args[1])) else {
            return false;
        };
        i == index && *self.func.node(extent) == Node::Len { array, dim }
    }

    /// What was made unsigned, if the value is an `i64` that was.
    fn unsigned(&self, value: NodeId) -> Option<NodeId> {
        match self.func.node(value) {
            Node::Op { op: Op::Cast, args }
                if self.func.ty(value).scalar == Scalar::U64
                    && self.func.ty(args[0]).scalar == Scalar::I64 =>
            {
                Some(args[0])
            }
            _ => None,
        }
    }

    fn is_constant_inside(&self, array: ArrayRef, index: NodeId) -> bool {
        let ArrayRef::Local(local) = array else {
            return false;
        };
        let len = i128::from(self.func.locals()[local as usize].len);
        let known = self.func.as_const(index).and_then(Const::as_int);
        known.is_some_and(|i| (0..len).contains(&i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{parse_file, verify};

    fn guards(text: &str) -> (usize, Func) {
        let func = parse_file(text).expect("parses").pop().expect("a func");
        let guarded = guard_accesses(&func);
        verify(&guarded).expect("verifies");
        assert!(is_guarded(&guarded), "{guarded}");
        let again = guard_accesses(&guarded);
        assert_eq!(again.to_string(), guarded.to_string(), "once is enough");
        let count = |f: &Func| {
            let all = (0..f.node_count()).map(NodeId::new);
            all.filter(|&id| matches!(f.node(id), Node::Guard { .. }))
                .count()
        };
        (count(&guarded) - count(&func), guarded)
    }

    #[test]
    fn accesses_without_guards_get_them() {
        let (added, func) = guards(
            "func @axpy(a: f64, x: [f64], y: mut [f64]) {
    v0 = len y
    for v1 in 0..v0 {
        v2 = load y[v1]
        v3 = load x[v1]
        v4 = mul a, v3
        v5 = add v2, v4
        store y[v1], v5
    }
}",
        );
        assert_eq!(added, 3);
        assert!(func.to_string().contains("index \"x\""), "{func}");
        let (added, _) = guards(
            "func @at(x: [f64 rank 3], i: i64) -> f64 {
    v0 = load x[i, 0, i]
    return v0
}",
        );
        assert_eq!(added, 3, "one per dimension");
    }

    #[test]
    fn a_guard_that_is_there_is_enough() {
        let (added, _) = guards(
            "func @get(x: [f64], i: i64) -> f64 {
    v0 = len x
    v1 = cast.u64 i
    v2 = cast.u64 v0
    v3 = lt v1, v2
    v4 = guard v3, index \"x\", i, v0
    v5 = load x[i] after v4
    return v5
}",
        );
        assert_eq!(added, 0);
        // The guard is of another index, or the load does not heed it.
        for load in ["load x[0] after v4", "load x[i]"] {
            let (added, _) = guards(&format!(
                "func @get(x: [f64], i: i64) -> f64 {{
    v0 = len x
    v1 = cast.u64 i
    v2 = cast.u64 v0
    v3 = lt v1, v2
    v4 = guard v3, index \"x\", i, v0
    v5 = {load}
    return v5
}}"
            ));
            assert_eq!(added, 1, "{load}");
        }
    }

    #[test]
    fn a_guard_stands_in_the_branch_that_reads() {
        let (added, func) = guards(
            "func @shifted(x: [f64], i: i64) -> f64 {
    c = gt i, 0
    r = if c {
        j = sub i, 1
        a = load x[j]
        yield a
    } else {
        yield 0.0
    }
    return r
}",
        );
        assert_eq!(added, 1);
        let nodes = (0..func.node_count()).map(NodeId::new);
        let branch = nodes.filter_map(|id| match func.node(id) {
            Node::If { then, .. } => Some(func.region(*then).effects.len()),
            _ => None,
        });
        assert_eq!(branch.collect::<Vec<_>>(), [1], "{func}");
        assert_eq!(func.region(func.body()).effects.len(), 1, "the if alone");
        // A branch that reads nothing floats as before.
        let (_, func) = guards(
            "func @sign(x: [f64], c: bool) -> f64 {
    n = len x
    r = if c {
        s = cast.f64 n
        yield s
    } else {
        yield 0.0
    }
    return r
}",
        );
        assert!(func.region(func.body()).effects.is_empty(), "{func}");
    }

    #[test]
    fn scans_locals_and_callees_are_accesses_too() {
        let (added, _) = guards(
            "func @running(x: [f64], y: mut [f64]) -> f64 {
    v0 = len x
    v1 = scan sum v2 in 0..v0 from 0.0 into y {
        v3 = load x[v2]
        yield v3
    }
    return v1
}",
        );
        assert_eq!(added, 2);
        let (added, _) = guards(
            "func @local(i: i64) -> f64 {
    local t: [f64 x 3]
    store t[2], 1.5
    v0 = load t[i]
    return v0
}",
        );
        assert_eq!(added, 1, "a constant inside a local array needs none");
        let (added, func) = guards(
            "func @get(x: [f64], i: i64) -> f64 {
    v0 = load x[i]
    return v0
}
func @twice(x: [f64], i: i64) -> f64 {
    v0 = call @get x, i
    v1 = add v0, v0
    return v1
}",
        );
        assert_eq!(added, 0);
        assert!(is_guarded(&func.callees()[0]));
    }
}
