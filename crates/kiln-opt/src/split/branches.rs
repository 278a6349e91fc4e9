//! The branches that a loop may be cut for, and what is known of them.

use kiln_ir::{FaultKind, Func, Nest, Node, NodeId, Op, RegionId, Type};
use rustc_hash::{FxHashMap, FxHashSet};

/// How many nodes of one condition are looked at.
const CONDITION_MAX: usize = 256;

/// A branch with a guard of an index under its condition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
    /// The `if`.
    pub(super) owner: NodeId,
    pub(super) cond: NodeId,
    /// The first such guard.
    pub(super) guard: NodeId,
}

/// The branches of a Func that have guards of indices under them, in order.
pub(super) fn branches(func: &Func) -> Vec<Branch> {
    let nodes = || (0..func.node_count()).map(NodeId::new);
    let is_branch = |id: NodeId| matches!(func.node(id), Node::If { .. }) && !func.is_pure(id);
    if !nodes().any(is_branch) {
        return Vec::new();
    }
    let nest = Nest::of(func);
    let mut first: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    for id in nodes() {
        let Node::Guard { fault, .. } = func.node(id) else {
            continue;
        };
        if func.fault(*fault).kind == FaultKind::Index {
            for (_, owner) in nest.outwards(nest.home(id)) {
                first.entry(owner).or_insert(id);
            }
        }
    }
    let found = nodes().filter_map(|owner| match func.node(owner) {
        Node::If { cond, .. } => Some(Branch {
            owner,
            cond: *cond,
            guard: *first.get(&owner)?,
        }),
        _ => None,
    });
    found.collect()
}

/// The number of nodes in each region and the regions in it.
pub(crate) fn sizes(func: &Func, nest: &Nest) -> Vec<usize> {
    let mut sizes = vec![0; func.region_count()];
    for id in (0..func.node_count()).map(NodeId::new) {
        sizes[nest.home(id).index()] += 1;
    }
    let mut regions: Vec<RegionId> = (0..func.region_count()).map(RegionId::new).collect();
    regions.sort_by_key(|&region| std::cmp::Reverse(nest.depth(region)));
    for region in regions {
        if let Some((around, _)) = nest.owner(region) {
            sizes[around.index()] += sizes[region.index()];
        }
    }
    sizes
}

/// What a condition is where `known` holds, and the conditions without
/// connectives that it depends on otherwise.
pub(super) fn truth(
    func: &Func,
    cond: NodeId,
    known: &FxHashMap<NodeId, bool>,
) -> (Option<bool>, Vec<NodeId>) {
    let (mut nodes, mut pending) = (Vec::new(), vec![cond]);
    let mut seen = FxHashSet::default();
    while let Some(id) = pending.pop() {
        if nodes.len() < CONDITION_MAX && seen.insert(id) {
            nodes.push(id);
            pending.extend(connected(func, id));
        }
    }
    // Operands come first.
    nodes.sort_unstable();
    let mut values: FxHashMap<NodeId, Option<bool>> = FxHashMap::default();
    for &id in &nodes {
        let value = known.get(&id).copied();
        let value = value.or_else(|| connect(func, id, |v| values.get(&v).copied().flatten()));
        values.insert(id, value);
    }
    let mut leaves = Vec::new();
    let (mut pending, mut seen) = (vec![cond], FxHashSet::default());
    while let Some(id) = pending.pop() {
        if values.get(&id).copied().flatten().is_some() || !seen.insert(id) {
            continue;
        }
        let parts = connected(func, id);
        if parts.is_empty() {
            leaves.push(id);
        }
        pending.extend(parts.into_iter().filter(|v| values.contains_key(v)));
    }
    leaves.sort_unstable();
    (values.get(&cond).copied().flatten(), leaves)
}

/// The conditions that a connective connects; none of anything else.
fn connected(func: &Func, id: NodeId) -> Vec<NodeId> {
    match func.node(id) {
        Node::Op { op, args } => match op {
            Op::And | Op::Or | Op::Xor | Op::Not | Op::Select if func.ty(id) == Type::BOOL => {
                args.to_vec()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The value of a connective, by those of what it connects.
fn connect(func: &Func, id: NodeId, of: impl Fn(NodeId) -> Option<bool>) -> Option<bool> {
    if let Some(value) = func.as_const(id).and_then(|c| c.as_bool()) {
        return Some(value);
    }
    let Node::Op { op, args } = func.node(id) else {
        return None;
    };
    if connected(func, id).is_empty() {
        return None;
    }
    let of = |at: usize| of(args[at]);
    match op {
        Op::Not => of(0).map(|x| !x),
        Op::Xor => Some(of(0)? ^ of(1)?),
        Op::And => match (of(0), of(1)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (x, y) => Some(x? && y?),
        },
        Op::Or => match (of(0), of(1)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (x, y) => Some(x? || y?),
        },
        Op::Select => match (of(0), of(1), of(2)) {
            (Some(true), x, _) | (Some(false), _, x) => x,
            (None, x, y) => x.filter(|_| x == y),
        },
        _ => None,
    }
}
