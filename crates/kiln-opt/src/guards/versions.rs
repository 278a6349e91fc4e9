//! Tests where a loop begins.
//!
//! The rows of a sparse matrix lie in `start[i]..start[i + 1]`: such bounds
//! are data, so what an index needs is not known before the outer loop, and
//! inside of it something may have been stored, so that a call cannot be made
//! again. What the guards of the inner loop come to is known where it begins,
//! though, and if that holds a copy of the loop without them runs. A guard
//! goes at the outermost loop where its bounds are known; in the copy with
//! all guards nothing is copied again, so n loops in one another come to n + 1
//! copies of the innermost at most.

use super::Pass;
use super::entry::Tests;
use crate::report::VersionReport;
use crate::split::branches::sizes;
use crate::split::{GROWTH_MAX, ROUNDS_MIN};
use kiln_ir::{IndexGuard, Interval, Node, NodeId, Poly, RegionId, Scalar, Schedule};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The loops that are made twice.
#[derive(Default)]
pub(super) struct Versions {
    /// The guards that one copy is without, and the loops.
    pub(super) guards: BTreeMap<NodeId, NodeId>,
    /// What must not be negative for that copy to run, by loop.
    pub(super) loops: BTreeMap<NodeId, Tests>,
}

impl Versions {
    pub(super) fn report(&self) -> VersionReport {
        VersionReport {
            guards: self.guards.len() as u32,
            loops: self.loops.len() as u32,
            tests: self.loops.values().map(Tests::len).sum::<usize>() as u32,
        }
    }
}

impl Pass<'_> {
    /// Decides which of the guards whose bounds are data go where a loop
    /// begins.
    pub(super) fn version(&mut self, data: &[(NodeId, Vec<IndexGuard>)]) {
        if data.is_empty() {
            return;
        }
        let schedule = Schedule::of(self.func);
        let sizes = sizes(self.func, self.bounds.nest());
        let mut loads: FxHashMap<NodeId, Vec<NodeId>> = FxHashMap::default();
        for id in self.nodes() {
            if let Node::Load {
                after: Some(after), ..
            } = self.func.node(id)
                && self.func.is_pure(id)
                && schedule.place(id).is_some()
            {
                loads.entry(*after).or_default().push(id);
            }
        }
        let mut growth = 0;
        for (guard, said) in data {
            let held = loads.get(guard).map_or(&[][..], Vec::as_slice);
            for (owner, body) in self.loops_around(*guard) {
                let is_new = !self.versions.loops.contains_key(&owner);
                let added = if is_new { sizes[body.index()] } else { 0 };
                if growth + added > GROWTH_MAX {
                    continue;
                }
                let Some(goals) = self.goals_at(owner, body, *guard, said, held) else {
                    continue;
                };
                let known = |v: NodeId| self.available[v.index()] || schedule.place(v).is_some();
                if !goals.iter().flat_map(Poly::nodes).all(known) {
                    continue;
                }
                growth += added;
                let tests = self.versions.loops.entry(owner).or_default();
                goals.into_iter().for_each(|goal| tests.add(goal));
                self.versions.guards.insert(*guard, owner);
                break;
            }
        }
    }

    /// The counted loops around a guard, outermost first, with their bodies;
    /// without those of few rounds.
    fn loops_around(&self, guard: NodeId) -> Vec<(NodeId, RegionId)> {
        let nest = self.bounds.nest();
        let mut loops: Vec<_> = nest
            .outwards(nest.home(guard))
            .filter(|&(_, owner)| {
                super::bounds_of(self.func, owner).is_some_and(|(lo, hi)| {
                    let [lo, hi] = [lo, hi].map(|v| self.bounds.value(&self.base, v));
                    let rounds = hi.plus(-1, &lo).map(Poly::split_constant);
                    !rounds.is_some_and(|(rest, n)| rest == Poly::default() && n < ROUNDS_MIN)
                })
            })
            .map(|(body, owner)| (owner, body))
            .collect();
        loops.reverse();
        loops
    }

    /// What must hold where a loop begins for a guard in it to be needless,
    /// and for the loads behind the guard to run without it.
    fn goals_at(
        &self,
        owner: NodeId,
        body: RegionId,
        guard: NodeId,
        said: &[IndexGuard],
        loads: &[NodeId],
    ) -> Option<Vec<Poly>> {
        let nest = self.bounds.nest();
        let outside = nest.home(owner);
        let whole = Interval::of_type(Scalar::I64);
        let known = |v: NodeId| {
            nest.encloses(nest.home(v), outside) && whole.holds(self.bounds.ranges().get(v))
        };
        let derive = |region: RegionId, guard: IndexGuard| {
            let context = self.bounds.context(region, &self.base);
            self.bounds.derive(&context, guard, known).ok()
        };
        let mut goals = Vec::new();
        for &said in said {
            goals.extend(derive(nest.home(guard), said)?);
        }
        for &load in loads {
            let Node::Load { array, index, .. } = self.func.node(load) else {
                return None;
            };
            let homes = index.iter().map(|&v| nest.home(v));
            let home = homes.max_by_key(|&home| nest.depth(home))?;
            if !nest.encloses(body, home) {
                return None;
            }
            for (dim, &index) in (0u8..).zip(index.iter()) {
                let extent = self.extent(*array, dim)?;
                goals.extend(derive(home, IndexGuard { index, extent })?);
            }
        }
        Some(goals)
    }
}

#[cfg(test)]
mod tests {
    use super::super::hoist;
    use super::*;
    use kiln_ir::{check_accesses, guard_accesses, parse, verify};

    /// What becomes of the guards of `rows`, in a loop over `i`.
    fn report(rows: &str) -> (VersionReport, usize) {
        let text = format!(
            "func @f(p: [i64], q: mut [i64], x: [f64], y: mut [f64]) {{
    n = len p
    for i in 0..n {{
        a = load p[i]
{rows}
    }}
}}"
        );
        let func = guard_accesses(&parse(&text).expect("parses"));
        let (made, report) = hoist(&func);
        if let Some(made) = made {
            verify(&made).expect("verifies");
            check_accesses(&made).expect("is inside");
        }
        (report.versions, report.kept.len())
    }

    #[test]
    fn what_is_known_where_a_loop_begins_is_tested_there() {
        let cases = [
            // The bound, the first index, and what is added to the index.
            ("for k in 0..a { store y[k], 1.0 }", 1, 1),
            ("for k in a..n { store y[k], 1.0 }", 1, 2),
            ("for k in 0..n { l = add k, a\nstore y[l], 1.0 }", 1, 2),
            // What a loop before has stored.
            ("b = load q[0]\nfor k in 0..b { store y[k], 1.0 }", 1, 1),
            // Two guards; one that an outer loop's bound decides, too.
            ("for k in 0..a { v = load x[k]\nstore y[k], v }", 2, 2),
            ("for k in 0..a { for l in 0..20 { store y[k], 1.0 } }", 1, 1),
        ];
        for (rows, guards, tests) in cases {
            let (found, kept) = report(rows);
            let expected = VersionReport {
                guards,
                loops: 1,
                tests,
            };
            assert_eq!((found, kept), (expected, 0), "{rows}");
        }
        // The inner loop is made twice in one of the copies of the outer one.
        let rows = "for k in 0..a { b = load q[k]\nfor l in 0..b { store y[l], 1.0 } }";
        let (found, kept) = report(rows);
        assert_eq!((found.guards, found.loops, kept), (2, 2, 0));
    }

    #[test]
    fn what_is_not_known_there_keeps_its_guard() {
        let cases = [
            // The index is data of the innermost loop.
            ("for k in 0..a { b = load q[0]\nstore y[b], 1.0 }", 1),
            // Nothing around it but loops that are no loops of a count.
            ("store y[a], 1.0", 1),
            // Few rounds cost less than the tests.
            ("for k in 0..15 { l = add k, a\nstore y[l], 1.0 }", 1),
            // A condition alone keeps the index inside.
            (
                "for k in 0..a { c = gt k, 3\nif c { l = sub k, 4\nv = load x[l]\nstore q[0], a } }",
                0,
            ),
        ];
        for (rows, kept) in cases {
            let (found, stay) = report(rows);
            assert_eq!((found.loops, stay), (0, kept), "{rows}");
        }
    }

    #[test]
    fn copies_are_limited() {
        let rows = |steps: usize| {
            let chain: String = (0..steps)
                .map(|k| format!("v{} = sqrt v{k}\n", k + 1))
                .collect();
            format!("for k in 0..a {{ v0 = load y[k]\n{chain}store y[k], v{steps} }}")
        };
        assert_eq!(report(&rows(10)).0.loops, 1);
        assert_eq!(report(&rows(GROWTH_MAX)).0.loops, 0);
    }
}
