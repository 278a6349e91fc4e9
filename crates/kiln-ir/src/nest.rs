//! Where things stand: the tree of regions, and the region each value lives in.
//!
//! Only regions of nodes with effects stand in the tree. A pure `if` floats,
//! and what is in it lives where its operands do, because it may run there.

use crate::func::{Func, Node, NodeId, RegionId};

/// The regions of a Func as a tree, and the home of each node.
#[derive(Clone, Debug)]
pub struct Nest {
    /// The region around each region, and the node that owns it.
    owners: Vec<Option<(RegionId, NodeId)>>,
    depth: Vec<u32>,
    home: Vec<RegionId>,
}

impl Nest {
    /// The nest of a verified Func.
    pub fn of(func: &Func) -> Nest {
        let body = func.body();
        let mut nest = Nest {
            owners: vec![None; func.region_count()],
            depth: vec![0; func.region_count()],
            home: vec![body; func.node_count()],
        };
        let mut fixed = vec![false; func.node_count()];
        let mut pending = vec![body];
        while let Some(region) = pending.pop() {
            let data = func.region(region);
            for &id in data.args.iter().chain(&data.effects) {
                fixed[id.index()] = true;
                nest.home[id.index()] = region;
            }
            for &owner in &data.effects {
                for inner in func.regions_of(owner) {
                    nest.owners[inner.index()] = Some((region, owner));
                    nest.depth[inner.index()] = nest.depth[region.index()] + 1;
                    pending.push(inner);
                }
            }
        }
        for id in (0..func.node_count()).map(NodeId::new) {
            if !fixed[id.index()] {
                nest.home[id.index()] = nest.innermost_need(func, id);
            }
        }
        nest
    }

    /// The innermost region that what a floating node needs lives in.
    fn innermost_need(&self, func: &Func, id: NodeId) -> RegionId {
        let mut home = func.body();
        let mut see = |v: NodeId| {
            let other = self.home[v.index()];
            if self.depth[other.index()] > self.depth[home.index()] {
                home = other;
            }
        };
        func.for_each_operand(id, &mut see);
        for region in func.regions_of(id) {
            func.region(region)
                .yields
                .iter()
                .copied()
                .for_each(&mut see);
        }
        home
    }

    /// The outermost region in which the value of a node exists; for a node
    /// with effects, the region it stands in.
    pub fn home(&self, id: NodeId) -> RegionId {
        self.home[id.index()]
    }

    /// The region around a region, and the node that owns it; `None` for the
    /// body of the Func and for regions of pure `if`s.
    pub fn owner(&self, region: RegionId) -> Option<(RegionId, NodeId)> {
        self.owners[region.index()]
    }

    /// How many regions are around a region; 0 for what floats, too.
    pub fn depth(&self, region: RegionId) -> u32 {
        self.depth[region.index()]
    }

    /// Whether `inner` is `outer` or lies in it.
    pub fn encloses(&self, outer: RegionId, mut inner: RegionId) -> bool {
        while self.depth[inner.index()] > self.depth[outer.index()] {
            match self.owners[inner.index()] {
                Some((parent, _)) => inner = parent,
                None => return false,
            }
        }
        inner == outer
    }

    /// The regions from `region` outwards, each with the node that owns it.
    pub fn outwards(&self, region: RegionId) -> impl Iterator<Item = (RegionId, NodeId)> + '_ {
        let mut at = region;
        std::iter::from_fn(move || {
            let (parent, owner) = self.owners[at.index()]?;
            let inner = std::mem::replace(&mut at, parent);
            Some((inner, owner))
        })
    }

    /// The loop whose index `id` is: its node, first index, and one past the
    /// last. The other arguments of loops are no index.
    pub fn index_of(&self, func: &Func, id: NodeId) -> Option<(NodeId, NodeId, NodeId)> {
        let Node::Arg { region, index: 0 } = *func.node(id) else {
            return None;
        };
        let (_, owner) = self.owner(region)?;
        match *func.node(owner) {
            Node::For { lo, hi, .. } | Node::Reduce { lo, hi, .. } | Node::Scan { lo, hi, .. } => {
                Some((owner, lo, hi))
            }
            _ => None,
        }
    }
}
