//! The schedule: where each pure node runs, and in which order everything in
//! a region does.
//!
//! Global code motion after Click (PLDI 1995, "Global Code Motion / Global
//! Value Numbering"): a pure node goes as late as its users allow, then out
//! of as many loops as its operands allow. Merging happened when the nodes
//! were built, so hoisting, sinking and merging are this one mechanism. The
//! order depends on the structure of the Func alone, not on its ids.

use crate::func::{Func, Node, NodeId, RegionId};

/// For each region, the nodes that run in it, in order.
#[derive(Clone, Debug)]
pub struct Schedule {
    lists: Vec<Vec<NodeId>>,
    place: Vec<Option<RegionId>>,
}

/// Where a region stands.
#[derive(Clone, Copy)]
struct Position {
    parent: RegionId,
    depth: u32,
    loops: u32,
}

impl Schedule {
    /// Schedules every node that the Func needs; unreachable pure nodes have
    /// no place.
    pub fn of(func: &Func) -> Schedule {
        let mut placer = Placer::new(func);
        placer.locate_effects();
        placer.find_homes();
        placer.place_pure();
        let place = placer.place;
        Schedule {
            lists: order(func, &place),
            place,
        }
    }

    /// The nodes of a region, in the order they run. Region arguments and
    /// results of structured nodes are not listed.
    pub fn nodes(&self, region: RegionId) -> &[NodeId] {
        &self.lists[region.index()]
    }

    /// The region a node runs in; `None` if nothing needs the node.
    pub fn place(&self, node: NodeId) -> Option<RegionId> {
        self.place[node.index()]
    }

    /// These regions and all those in them, each before what is in it.
    pub fn inside(
        &self,
        func: &Func,
        regions: impl IntoIterator<Item = RegionId>,
    ) -> Vec<RegionId> {
        let mut found: Vec<RegionId> = regions.into_iter().collect();
        let mut next = 0;
        while let Some(&region) = found.get(next) {
            next += 1;
            for &id in self.nodes(region) {
                found.extend(func.regions_of(id));
            }
        }
        found
    }
}

struct Placer<'a> {
    func: &'a Func,
    /// Where each region stands; known from the start for the regions of
    /// nodes with effects, and from their placing on for pure `if`s.
    position: Vec<Option<Position>>,
    /// The outermost region in which each node's operands exist.
    home: Vec<RegionId>,
    /// Where each node runs: fixed for effects, else found from the users.
    place: Vec<Option<RegionId>>,
}

impl<'a> Placer<'a> {
    fn new(func: &'a Func) -> Placer<'a> {
        let body = func.body();
        let mut position = vec![None; func.region_count()];
        position[body.index()] = Some(Position {
            parent: body,
            depth: 0,
            loops: 0,
        });
        Placer {
            func,
            position,
            home: vec![body; func.node_count()],
            place: vec![None; func.node_count()],
        }
    }

    fn position(&self, region: RegionId) -> Position {
        match self.position[region.index()] {
            Some(position) => position,
            None => unreachable!("{region} is placed before what is in it"),
        }
    }

    fn adopt(&mut self, owner: NodeId, parent: RegionId) {
        let Position { depth, loops, .. } = self.position(parent);
        let is_loop = !matches!(self.func.node(owner), Node::If { .. });
        for region in self.func.regions_of(owner) {
            self.position[region.index()] = Some(Position {
                parent,
                depth: depth + 1,
                loops: loops + u32::from(is_loop),
            });
        }
    }

    /// Fixes the nodes with effects, and the region arguments, where they
    /// stand.
    fn locate_effects(&mut self) {
        let mut pending = vec![self.func.body()];
        while let Some(region) = pending.pop() {
            for &arg in &self.func.region(region).args {
                self.place[arg.index()] = Some(region);
            }
            for &effect in &self.func.region(region).effects {
                self.place[effect.index()] = Some(region);
                self.adopt(effect, region);
                pending.extend(self.func.regions_of(effect));
            }
        }
    }

    /// Finds the innermost region among those that each pure node's operands
    /// live in. Operands have smaller ids, so one pass in order does it.
    fn find_homes(&mut self) {
        for index in 0..self.func.node_count() {
            let id = NodeId::new(index);
            if let Some(region) = self.place[index] {
                self.home[index] = region;
                continue;
            }
            let mut home = self.func.body();
            self.for_each_need(id, |this, need| {
                let other = this.home[need.index()];
                if this.depth_of(other) > this.depth_of(home) {
                    home = other;
                }
            });
            self.home[index] = home;
        }
    }

    /// Depth of a region; 0 for one that no reachable node owns.
    fn depth_of(&self, region: RegionId) -> u32 {
        self.position[region.index()].map_or(0, |p| p.depth)
    }

    /// Visits the operands of a node and, for a pure `if`, what its regions
    /// yield.
    fn for_each_need(&self, id: NodeId, mut visit: impl FnMut(&Self, NodeId)) {
        self.func.for_each_operand(id, |v| visit(self, v));
        for region in self.func.regions_of(id) {
            for &v in &self.func.region(region).yields {
                visit(self, v);
            }
        }
    }

    /// Places each pure node below all its users, from the last to the
    /// first: users have larger ids.
    fn place_pure(&mut self) {
        let body = self.func.body();
        for &result in &self.func.region(body).yields {
            self.use_in(result, body);
        }
        for index in (0..self.func.node_count()).rev() {
            let id = NodeId::new(index);
            let Some(below_users) = self.place[index] else {
                continue;
            };
            let region = if self.func.is_pure(id) {
                self.hoist(below_users, self.home[index])
            } else {
                below_users
            };
            self.place[index] = Some(region);
            if self.func.is_pure(id) {
                self.adopt(id, region);
            }
            let func = self.func;
            func.for_each_operand(id, |v| self.use_in(v, region));
            for inner in func.regions_of(id) {
                for &v in &func.region(inner).yields {
                    self.use_in(v, inner);
                }
            }
        }
    }

    /// Records that `node` is used in `region`.
    fn use_in(&mut self, node: NodeId, region: RegionId) {
        if !self.func.is_pure(node) {
            return;
        }
        let slot = self.place[node.index()];
        self.place[node.index()] = Some(match slot {
            None => region,
            Some(other) => self.common(other, region),
        });
    }

    /// The innermost region that holds both.
    fn common(&self, mut a: RegionId, mut b: RegionId) -> RegionId {
        while a != b {
            if self.position(a).depth >= self.position(b).depth {
                a = self.position(a).parent;
            } else {
                b = self.position(b).parent;
            }
        }
        a
    }

    /// The region in the fewest loops on the way from `from` out to `home`;
    /// the innermost of those.
    fn hoist(&self, from: RegionId, home: RegionId) -> RegionId {
        let mut best = from;
        let mut region = from;
        while region != home && self.position(region).depth > 0 {
            region = self.position(region).parent;
            if self.position(region).loops < self.position(best).loops {
                best = region;
            }
        }
        best
    }
}

/// A step of the walk that orders nodes.
enum Step {
    Enter(NodeId),
    Leave(NodeId),
}

/// Orders each region by one walk: a node comes after its operands and after
/// what the regions inside it need from outside.
fn order(func: &Func, place: &[Option<RegionId>]) -> Vec<Vec<NodeId>> {
    let mut lists = vec![Vec::new(); func.region_count()];
    let mut seen = vec![false; func.node_count()];
    let mut needs = Vec::new();
    let mut stack = Vec::new();
    let push_region = |region: RegionId, needs: &mut Vec<NodeId>| {
        needs.extend_from_slice(&func.region(region).effects);
        needs.extend_from_slice(&func.region(region).yields);
    };
    push_region(func.body(), &mut needs);
    stack.extend(needs.drain(..).rev().map(Step::Enter));
    while let Some(step) = stack.pop() {
        match step {
            Step::Enter(id) => {
                if std::mem::replace(&mut seen[id.index()], true) {
                    continue;
                }
                stack.push(Step::Leave(id));
                func.for_each_operand(id, |v| needs.push(v));
                for region in func.regions_of(id) {
                    push_region(region, &mut needs);
                }
                stack.extend(needs.drain(..).rev().map(Step::Enter));
            }
            Step::Leave(id) => {
                if matches!(func.node(id), Node::Arg { .. } | Node::Proj { .. }) {
                    continue;
                }
                if let Some(region) = place[id.index()] {
                    lists[region.index()].push(id);
                }
            }
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use crate::{ArrayType, Node};
    use crate::{Combine, FuncBuilder, Op, Scalar, Schedule, Shape, Type};

    #[test]
    fn an_invariant_leaves_its_loop_and_a_lone_use_sinks_into_its_side() {
        let mut b = FuncBuilder::new("f");
        let a = b.scalar_param("a", Scalar::F64);
        let x = b.array_param("x", ArrayType::slice(Scalar::F64));
        let (lo, hi) = (b.i64(0), b.len(x, 0));
        let i = b.begin_reduce();
        let root = b.op(Op::Sqrt, &[a]);
        let xi = b.load(x, &[i]);
        let deep = b.op(Op::Floor, &[xi]);
        let cond = b.op(Op::Lt, &[xi, a]);
        b.begin_if();
        let then = b.begin_else(&[deep]);
        let r = b.end_if(cond, then, &[xi])[0];
        let v = b.op(Op::Mul, &[r, root]);
        let sum = b.end_reduce(Combine::Sum, Shape::Tree, lo, hi, v);
        let f = b.finish(&[sum]);
        let s = Schedule::of(&f);
        assert_eq!(s.place(root), Some(f.body()));
        let Node::Proj { of, .. } = *f.node(sum) else {
            panic!("a result of reduce");
        };
        let body = f.regions_of(of).next();
        assert_eq!(s.place(xi), body);
        assert_ne!(s.place(deep), body);
        assert_eq!(f.ty(sum), Type::F64);
    }
}
