//! Splitting loops at conditions on their index.
//!
//! A stencil asks in every round whether it is at a border, and a guard under
//! such a condition cannot leave it: the load behind it would float out. So a
//! loop is cut where the conditions change (index-set splitting; Griebl,
//! Feautrier and Lengauer, "Index set splitting", IJPP 2000): the pieces run
//! one after the other and in order, in each the conditions are known, and
//! what the guards ask follows from its bounds. Nothing else changes: each
//! round runs once, with the same index and what the round before it carried.
//!
//! A condition that holds in all rounds, or in none, costs no copy. Only
//! conditions with guards of indices under them count: others cost a
//! comparison, and a copy may cost more.

pub(crate) mod branches;
mod test;

use crate::report::SplitLoop;
use crate::rules::{Counts, simple_op};
use branches::{Branch, branches, sizes};
use kiln_ir::{
    Bounds, Context, FaultId, FaultKind, Func, FuncBuilder, Node, NodeId, Op, Poly, RegionId,
    Rewrite, Type, rewrite,
};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use test::{Cut, Test, Useless};

/// The most places a loop is cut at: a stencil that reaches three elements to
/// either side, each asked for by itself.
const CUTS_MAX: usize = 6;

/// A loop of fewer rounds stays whole: what its pieces ask before they begin
/// costs as much as the conditions in it.
pub(crate) const ROUNDS_MIN: i128 = 16;

/// The most nodes that all copies of a Func may add.
pub(crate) const GROWTH_MAX: usize = 4096;

/// Cuts the loops whose conditions have guards under them. `None` for the
/// Func if nothing changes.
pub(crate) fn split(func: &Func) -> (Option<Func>, Vec<SplitLoop>) {
    let branches = branches(func);
    if branches.is_empty() {
        return (None, Vec::new());
    }
    let mut pass = Split::new(func, branches);
    let made = rewrite(func, &mut pass);
    pass.note_reductions();
    let report = pass.report.into_values().collect();
    (pass.changed.then_some(made), report)
}

/// A loop that is being copied.
#[derive(Default)]
struct Plan {
    cuts: Vec<Cut>,
    /// What is known in each piece: conditions without connectives.
    known: Vec<Vec<(NodeId, bool)>>,
}

struct Split<'a> {
    func: &'a Func,
    bounds: Bounds<'a>,
    branches: Vec<Branch>,
    /// Nodes in each region and those in it.
    sizes: Vec<usize>,
    tests: FxHashMap<NodeId, Result<Test, Useless>>,
    /// What is known where the copy stands.
    known: FxHashMap<NodeId, bool>,
    /// What became of conditions, as if nothing were known: a guard keeps
    /// the form in which it says of an index that it is inside.
    asked: FxHashMap<NodeId, NodeId>,
    /// The loops around that place, innermost last.
    plans: Vec<Plan>,
    growth: usize,
    changed: bool,
    report: BTreeMap<NodeId, SplitLoop>,
    /// The rules that fold what has become known are not the kernel's.
    counts: Counts,
}

impl<'a> Split<'a> {
    fn new(func: &'a Func, branches: Vec<Branch>) -> Split<'a> {
        let bounds = Bounds::of(func);
        let sizes = sizes(func, bounds.nest());
        Split {
            func,
            bounds,
            branches,
            sizes,
            tests: FxHashMap::default(),
            known: FxHashMap::default(),
            asked: FxHashMap::default(),
            plans: Vec::new(),
            growth: 0,
            changed: false,
            report: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    fn test(&mut self, leaf: NodeId) -> &Result<Test, Useless> {
        let (func, bounds) = (self.func, &self.bounds);
        let made = self.tests.entry(leaf);
        made.or_insert_with(|| Test::of(func, bounds, leaf))
    }

    /// Remembers a condition in its own form, if what is known changes it.
    fn ask(&mut self, b: &mut FuncBuilder, op: Op, args: &[NodeId], old: NodeId) {
        let Node::Op { args: from, .. } = self.func.node(old) else {
            return;
        };
        let asked = |(v, &new)| self.asked.get(v).copied().unwrap_or(new);
        let own: Vec<NodeId> = from.iter().zip(args).map(asked).collect();
        if self.known.contains_key(&old) || own != args {
            self.asked.insert(old, b.op_as(op, &own, Some(Type::BOOL)));
        } else {
            // Of another piece.
            self.asked.remove(&old);
        }
    }

    /// What a condition is by what is known, and the conditions without
    /// connectives that it still depends on.
    fn truth(&self, cond: NodeId) -> (Option<bool>, Vec<NodeId>) {
        branches::truth(self.func, cond, &self.known)
    }

    /// The branches in a region that may run, by what is known.
    fn live(&self, body: RegionId) -> Vec<Branch> {
        let nest = self.bounds.nest();
        let is_live = |branch: &&Branch| {
            let home = nest.home(branch.owner);
            nest.encloses(body, home)
                && nest.outwards(home).all(|(inner, owner)| {
                    let Node::If { cond, then, .. } = self.func.node(owner) else {
                        return true;
                    };
                    self.truth(*cond)
                        .0
                        .is_none_or(|holds| holds == (inner == *then))
                })
        };
        self.branches.iter().filter(is_live).copied().collect()
    }

    /// Decides where a loop is cut.
    fn plan(&mut self, owner: NodeId, body: RegionId) -> Plan {
        let (mut leaves, mut first) = (Vec::new(), None);
        for branch in self.live(body) {
            for leaf in self.truth(branch.cond).1 {
                match self.test(leaf) {
                    Ok(test) if test.owner == owner && !leaves.contains(&leaf) => {
                        leaves.push(leaf);
                        first.get_or_insert(branch);
                    }
                    _ => {}
                }
            }
        }
        let Some(first) = first else {
            return Plan::default();
        };
        let places = Places::of(self, owner, body, &leaves);
        let (cuts, refused) = match self.cuts_at(&places, self.sizes[body.index()]) {
            Ok(cuts) => (cuts, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        let pieces = cuts.len() + 1;
        let known = (0..pieces).map(|piece| self.known_in(&places, &cuts, piece, &leaves));
        let known: Vec<_> = known.collect();
        self.growth += cuts.len() * self.sizes[body.index()];
        self.changed |= known.iter().any(|known| !known.is_empty());
        if pieces > 1 || refused.is_some() {
            self.note(owner, first, pieces, refused);
        }
        Plan { cuts, known }
    }

    /// The cuts at the places that not all rounds agree on, or why there are
    /// none in a loop of `size` nodes.
    fn cuts_at(&self, places: &Places, size: usize) -> Result<Vec<Cut>, String> {
        let cut = |place| Cut::new(self.func, &self.bounds, places.index, place);
        let cuts: Result<Vec<Cut>, Useless> = places.open.iter().map(cut).collect();
        let cuts = cuts.map_err(|why| useless(why).to_owned())?;
        let (count, added) = (cuts.len(), cuts.len() * size);
        if count > 0 && places.rounds.is_some_and(|rounds| rounds < ROUNDS_MIN) {
            return Err(format!("it has fewer than {ROUNDS_MIN} rounds"));
        }
        if count > CUTS_MAX {
            return Err(format!(
                "its conditions change at {count} places, and it is cut at {CUTS_MAX} at most"
            ));
        }
        if self.growth + added > GROWTH_MAX {
            return Err(format!(
                "copies of loops may add {GROWTH_MAX} steps to a function, and {added} more \
                 would be too many"
            ));
        }
        Ok(cuts)
    }

    /// Notes the reductions and scans with conditions on their index.
    fn note_reductions(&mut self) {
        for branch in self.branches.clone() {
            for leaf in self.truth(branch.cond).1 {
                if let Err(Useless::Reduction(owner)) = *self.test(leaf) {
                    let reason = useless(Useless::Reduction(owner)).to_owned();
                    self.note(owner, branch, 1, Some(reason));
                }
            }
        }
    }

    /// The leaves that are known in a piece.
    fn known_in(
        &self,
        places: &Places,
        cuts: &[Cut],
        piece: usize,
        leaves: &[NodeId],
    ) -> Vec<(NodeId, bool)> {
        let none = Context::default();
        let reached = |place: &Poly| {
            if let Some(&(_, always)) = places.known.iter().find(|(known, _)| known == place) {
                return Some(always);
            }
            let at = cuts.iter().position(|cut| cut.at == *place)?;
            if at < piece {
                return Some(true);
            }
            // The index is below the cut that ends the piece.
            let beyond = place.plus(-1, &cuts[piece].at)?;
            (at == piece || self.bounds.is_proved(&none, &beyond)).then_some(false)
        };
        let known = leaves.iter().filter_map(|&leaf| {
            let Some(Ok(test)) = self.tests.get(&leaf) else {
                return None;
            };
            Some((leaf, test.holds(reached)?))
        });
        known.collect()
    }

    fn note(&mut self, owner: NodeId, branch: Branch, pieces: usize, reason: Option<String>) {
        let Node::Guard { fault, .. } = self.func.node(branch.guard) else {
            unreachable!("{} is a guard", branch.guard);
        };
        let fault = self.func.fault(*fault);
        debug_assert_eq!(fault.kind, FaultKind::Index);
        let found = SplitLoop {
            name: fault.message.clone(),
            span: fault.span,
            ranges: pieces as u32,
            reason: reason.unwrap_or_default(),
        };
        // A loop in a piece of another one is copied again, with less to
        // ask: what it became first says most.
        self.report.entry(owner).or_insert(found);
    }
}

/// Why a condition is no reason to cut a loop, in words.
fn useless(why: Useless) -> &'static str {
    match why {
        Useless::Form => "a condition is no comparison of its index with a value",
        Useless::Reduction(_) => "the shape of a reduction, or of a scan, is part of its meaning",
        Useless::Wraps => "the index at which a condition changes may leave the integers",
    }
}

/// Where the conditions on an index change.
struct Places {
    index: NodeId,
    /// The number of rounds, if it is a constant.
    rounds: Option<i128>,
    /// Places that all rounds reach, or none.
    known: Vec<(Poly, bool)>,
    /// The others, in the order in which they are likely to stand.
    open: Vec<Poly>,
}

impl Places {
    fn of(split: &Split<'_>, owner: NodeId, body: RegionId, leaves: &[NodeId]) -> Places {
        let bounds = &split.bounds;
        let index = split.func.region(body).args[0];
        let context = bounds.context(body, &Context::default());
        let mut places = Places {
            index,
            rounds: None,
            known: Vec::new(),
            open: Vec::new(),
        };
        let tests = leaves.iter().filter_map(|leaf| split.tests.get(leaf));
        for place in tests.flatten().flat_map(Test::places) {
            let is_known = places.known.iter().any(|(known, _)| *known == place);
            if is_known || places.open.contains(&place) {
                continue;
            }
            let ahead = Poly::node(index).plus(-1, &place);
            let behind = place
                .plus(-1, &Poly::node(index))
                .and_then(|p| p.plus(-1, &Poly::constant(1)));
            let holds = |goal: Option<Poly>| goal.is_some_and(|g| bounds.is_proved(&context, &g));
            if holds(ahead) {
                places.known.push((place, true));
            } else if holds(behind) {
                places.known.push((place, false));
            } else {
                places.open.push(place);
            }
        }
        let (lo, hi) = match *split.func.node(owner) {
            Node::For { lo, hi, .. } => (lo, hi),
            _ => unreachable!("{owner} is a for"),
        };
        let none = Context::default();
        let (lo, hi) = (bounds.value(&none, lo), bounds.value(&none, hi));
        places.rounds = distance(&hi, &lo);
        places.open.sort_by_key(|place| order(place, &lo, &hi));
        places
    }
}

/// Borders near the first index come before those of which nothing is known,
/// and these before borders near the last.
fn order(place: &Poly, lo: &Poly, hi: &Poly) -> (u8, i128) {
    match (distance(place, lo), distance(place, hi)) {
        (Some(after), _) => (0, after),
        (None, Some(before)) => (2, before),
        (None, None) => (1, 0),
    }
}

/// What `to` is more than `from`, if that is a constant.
fn distance(to: &Poly, from: &Poly) -> Option<i128> {
    let (rest, constant) = to.plus(-1, from)?.split_constant();
    (rest == Poly::default()).then_some(constant)
}

impl Rewrite for Split<'_> {
    fn op(
        &mut self,
        b: &mut FuncBuilder,
        op: Op,
        args: &[NodeId],
        ty: Type,
        old: NodeId,
    ) -> NodeId {
        if ty != Type::BOOL {
            return b.op_as(op, args, Some(ty));
        }
        self.ask(b, op, args, old);
        match self.known.get(&old) {
            Some(&holds) => b.bool(holds),
            // So that a branch is decided as it is copied.
            None => simple_op(b, &mut self.counts, op, args, ty),
        }
    }

    fn guard(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        cond: NodeId,
        fault: FaultId,
        operands: &[NodeId],
    ) -> Option<NodeId> {
        let asked = match self.func.node(old) {
            Node::Guard { cond, .. } => self.asked.get(cond).copied(),
            _ => None,
        };
        Some(b.guard(asked.unwrap_or(cond), fault, operands))
    }

    fn cuts(&mut self, func: &Func, old: NodeId) -> Vec<Vec<NodeId>> {
        let plan = match *func.node(old) {
            Node::For { lanes: 1, body, .. } => self.plan(old, body),
            _ => Plan::default(),
        };
        let cuts = plan.cuts.iter().map(Cut::values).collect();
        self.plans.push(plan);
        cuts
    }

    fn cut(&mut self, b: &mut FuncBuilder, old: NodeId, cut: usize, values: &[NodeId]) -> NodeId {
        let Some(plan) = self.plans.last() else {
            unreachable!("{old} is being copied");
        };
        plan.cuts[cut].make(b, &mut self.counts, values)
    }

    fn piece(&mut self, old: NodeId, piece: Option<usize>) {
        let Some(plan) = self.plans.last() else {
            unreachable!("{old} is being copied");
        };
        for (leaf, _) in plan.known.iter().flatten() {
            self.known.remove(leaf);
        }
        match piece {
            Some(piece) => self
                .known
                .extend(plan.known.get(piece).into_iter().flatten().copied()),
            None => {
                self.plans.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_ir::{guard_accesses, parse, verify};

    /// The loops of a Func over `y` after the pass, and what the pass says.
    fn pieces(params: &str, hi: &str, body: &str) -> (usize, String) {
        let text = format!(
            "func @f(u: [f64], y: mut [f64]{params}) {{
    n = len u
    last = add n, -1
    for i in 0..{hi} {{
{body}
    }}
}}"
        );
        let func = guard_accesses(&parse(&text).expect("parses"));
        let (made, report) = split(&func);
        let made = made.unwrap_or(func);
        verify(&made).expect("verifies");
        let nodes = (0..made.node_count()).map(NodeId::new);
        let loops = nodes.filter(|&id| matches!(made.node(id), Node::For { .. }));
        let reasons: Vec<String> = report.into_iter().map(|split| split.reason).collect();
        (loops.count(), reasons.join("; "))
    }

    const READ: &str = "if c {
            l = sub i, 1
            x = load u[l]
            store y[i], x
        }";

    #[test]
    fn a_loop_is_cut_where_a_condition_on_its_index_changes() {
        let cases = [
            ("c = gt i, 0", 2),
            ("c = ge i, 1", 2),
            ("c = lt 0, i", 2),
            ("c = ne i, 0", 2),
            ("c = eq i, 0", 2),
            ("c = eq i, 5", 3),
            ("c = le i, 5", 2),
            ("c = lt i, last", 2),
            ("j = add i, 1; c = lt j, n", 2),
            ("j = sub last, i; c = gt j, 0", 2),
            ("a = gt i, 0; b = lt i, last; c = and a, b", 3),
            ("a = le i, 0; b = ge i, last; d = or a, b; c = not d", 3),
            ("a = gt i, 0; b = lt i, last; c = select a, b, false", 3),
            // All say the same.
            (
                "a = gt i, 0; b = ge i, 1; d = ne i, 0; e = and a, b; c = and d, e",
                2,
            ),
            // In all rounds, and in none.
            ("c = ge i, 0", 1),
            ("c = gt i, n", 1),
            ("c = lt i, n", 1),
        ];
        for (conds, expected) in cases {
            let conds = conds.replace("; ", "\n");
            let (loops, reason) = pieces("", "n", &format!("{conds}\n{READ}"));
            assert_eq!((loops, reason.as_str()), (expected, ""), "{conds}");
        }
    }

    #[test]
    fn a_loop_stays_whole_without_such_a_condition() {
        let cases = [
            // Not of the index; twice the index; data; of another type.
            "c = gt n, 3",
            "j = mul i, 2; c = gt j, 3",
            "v = load y[i]; c = gt v, 0.0",
            "v = load y[i]; k = cast.i64 v; c = gt i, k",
            "k = cast.f64 i; c = gt k, 1.0",
        ];
        for conds in cases {
            let conds = conds.replace("; ", "\n");
            let (loops, _) = pieces("", "n", &format!("{conds}\n{READ}"));
            assert_eq!(loops, 1, "{conds}");
        }
        // No guard stands under the condition.
        let body = "c = gt i, 0\nx = load u[i]\nv = select c, x, 1.0\nstore y[i], v";
        assert_eq!(pieces("", "n", body).0, 1);
    }

    #[test]
    fn copies_are_limited() {
        let cond = |count: usize| {
            let tests = (0..count).map(|k| format!("a{k} = lt i, p{k}\n"));
            let joined = (1..count).map(|k| {
                let last = if k == 1 {
                    "a0".to_owned()
                } else {
                    format!("c{}", k - 1)
                };
                format!("c{k} = or {last}, a{k}\n")
            });
            let last = format!("c = or c{}, false\n{READ}", count - 1);
            tests.chain(joined).chain([last]).collect::<String>()
        };
        let params = |count: usize| {
            (0..count)
                .map(|k| format!(", p{k}: i64"))
                .collect::<String>()
        };
        let (loops, _) = pieces(&params(CUTS_MAX), "n", &cond(CUTS_MAX));
        assert_eq!(loops, CUTS_MAX + 1);
        let (loops, reason) = pieces(&params(CUTS_MAX + 1), "n", &cond(CUTS_MAX + 1));
        assert_eq!(loops, 1);
        assert!(reason.contains("7 places"), "{reason}");

        let with_steps = |steps: usize| {
            let chain: String = (0..steps)
                .map(|k| {
                    let from = if k == 0 {
                        "x".to_owned()
                    } else {
                        format!("x{}", k - 1)
                    };
                    format!("x{k} = sqrt {from}\n")
                })
                .collect();
            let last = steps - 1;
            format!(
                "c = gt i, 0\nif c {{\nl = sub i, 1\nx = load u[l]\n{chain}store y[i], x{last}\n}}"
            )
        };
        assert_eq!(pieces("", "n", &with_steps(GROWTH_MAX / 2)).0, 2);
        let (loops, reason) = pieces("", "n", &with_steps(GROWTH_MAX));
        assert_eq!(loops, 1);
        assert!(reason.contains("4096 steps"), "{reason}");

        let body = format!("c = gt i, 0\n{READ}");
        assert_eq!(pieces("", "16", &body).0, 2);
        let (loops, reason) = pieces("", "15", &body);
        assert_eq!((loops, reason.as_str()), (1, "it has fewer than 16 rounds"));
    }

    #[test]
    fn a_place_beyond_the_integers_is_not_computed() {
        // i + p < q, where p and q are anything: the sum may wrap, so the
        // condition is not about the index.
        let body = format!("j = add i, p0\nc = lt j, p1\n{READ}");
        assert_eq!(pieces(", p0: i64, p1: i64", "n", &body).0, 1);
        // i < p0 - 1 may wrap, too, but it is one value, whatever it is.
        let body = format!("k = sub p0, 1\nc = lt i, k\n{READ}");
        assert_eq!(pieces(", p0: i64", "n", &body).0, 2);
        // i + 1 < p0: with saturation.
        let body = format!("j = add i, 1\nc = lt j, p0\n{READ}");
        assert_eq!(pieces(", p0: i64", "n", &body).0, 2);
    }
}
