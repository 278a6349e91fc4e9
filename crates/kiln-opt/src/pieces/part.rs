//! Funcs of parts of a Func: what a part needs of what stands before it, and
//! the copy.

use super::Part;
use kiln_ir::{
    Func, FuncBuilder, Node, NodeId, Op, RegionId, Rewrite, Scalar, Schedule, copy_path,
    same_params,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// A Func that parts are made of, and the values that are known between them.
pub(super) struct Source<'a> {
    pub(super) func: &'a Func,
    pub(super) schedule: &'a Schedule,
    /// The values that steps give, or that stand for a round of an opened
    /// loop, by their nodes.
    known: FxHashMap<NodeId, usize>,
    pub(super) values: Vec<Scalar>,
}

/// What a part is made of.
pub(super) struct Wanted<'p> {
    /// The regions around it, the outermost first.
    pub(super) path: &'p [RegionId],
    /// What stands in them and runs in it, guards and other effects.
    pub(super) effects: Vec<NodeId>,
    /// What it gives.
    pub(super) values: Vec<NodeId>,
    /// The loop among the effects of which it runs some rounds and gives the
    /// results.
    pub(super) rounds: Option<NodeId>,
}

impl<'a> Source<'a> {
    pub(super) fn new(func: &'a Func, schedule: &'a Schedule) -> Source<'a> {
        Source {
            func,
            schedule,
            known: FxHashMap::default(),
            values: Vec::new(),
        }
    }

    /// Makes a value known from here on; gives its number.
    pub(super) fn know(&mut self, node: NodeId) -> usize {
        let next = self.values.len();
        self.values.push(self.func.ty(node).scalar);
        self.known.insert(node, next);
        next
    }

    /// The Func of a part.
    ///
    /// # Panics
    /// When it needs a value that is not known where it stands.
    pub(super) fn part(&self, wanted: &Wanted<'_>) -> Part {
        let Needs { inside, known } = self.needs(wanted);
        let mut b = FuncBuilder::new(self.func.name());
        same_params(&mut b, self.func);
        let mut names: FxHashSet<String> =
            self.func.params().iter().map(|p| p.name.clone()).collect();
        let mut further = |b: &mut FuncBuilder, mut name: String, scalar| {
            while !names.insert(name.clone()) {
                name.push('_');
            }
            b.scalar_param(name, scalar)
        };
        let mut pairs = Vec::new();
        let mut takes = Vec::new();
        for node in known {
            let value = self.known[&node];
            let name = format!("known{value}");
            pairs.push((node, further(&mut b, name, self.values[value])));
            takes.push(value);
        }
        let ends = wanted
            .rounds
            .map(|_| ["first", "last"].map(|name| further(&mut b, name.to_owned(), Scalar::I64)));
        let mut copy = Copy {
            inside: &inside,
            rounds: wanted.rounds,
            ends,
            results: Vec::new(),
        };
        let Wanted { path, values, .. } = wanted;
        let (func, schedule) = (self.func, self.schedule);
        let values = copy_path(&mut b, func, schedule, path, &pairs, values, &mut copy);
        let results = match wanted.rounds {
            Some(_) => copy.results,
            None => values,
        };
        Part {
            func: b.finish(&results),
            takes,
        }
    }

    /// What a part needs: nodes that run in it, and values that are known.
    fn needs(&self, wanted: &Wanted<'_>) -> Needs {
        let own: FxHashSet<NodeId> = wanted.effects.iter().copied().collect();
        let mut needs = Needs::default();
        let mut pending: Vec<NodeId> = wanted.effects.clone();
        pending.extend(&wanted.values);
        while let Some(id) = pending.pop() {
            if self.is_known(id, wanted.path, &own) {
                needs.known.push(id);
                continue;
            }
            if !needs.inside.insert(id) {
                continue;
            }
            self.func.for_each_operand(id, |v| pending.push(v));
            for region in self.func.regions_of(id) {
                let region = self.func.region(region);
                pending.extend(region.effects.iter().chain(&region.yields));
            }
        }
        needs.known.sort_unstable();
        needs.known.dedup();
        needs
    }

    /// Whether a node is a value from another step.
    fn is_known(&self, id: NodeId, path: &[RegionId], own: &FxHashSet<NodeId>) -> bool {
        let func = self.func;
        let is_other = |id: NodeId| {
            let place = self.schedule.place(id);
            !own.contains(&id) && place.is_some_and(|region| path.contains(&region))
        };
        match func.node(id) {
            Node::Arg { region, .. } => path.contains(region),
            Node::Proj { of, .. } => !func.is_pure(*of) && is_other(*of),
            Node::Load { .. } => !func.is_pure(id) && is_other(id),
            _ => false,
        }
    }
}

#[derive(Default)]
struct Needs {
    inside: FxHashSet<NodeId>,
    /// In the order of their nodes.
    known: Vec<NodeId>,
}

/// Copies what a part needs, and of one loop the rounds between two ends.
struct Copy<'a> {
    inside: &'a FxHashSet<NodeId>,
    rounds: Option<NodeId>,
    ends: Option<[NodeId; 2]>,
    /// Those of the loop, in the new Func.
    results: Vec<NodeId>,
}

impl Rewrite for Copy<'_> {
    fn wants(&mut self, old: NodeId) -> bool {
        self.inside.contains(&old)
    }

    fn made(&mut self, old: NodeId, results: &[NodeId]) {
        if self.rounds == Some(old) {
            self.results = results.to_vec();
        }
    }

    fn range(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        (lo, hi): (NodeId, NodeId),
    ) -> (NodeId, NodeId) {
        match self.ends.filter(|_| self.rounds == Some(old)) {
            Some([first, last]) => (b.op(Op::Max, &[lo, first]), b.op(Op::Min, &[hi, last])),
            None => (lo, hi),
        }
    }
}
