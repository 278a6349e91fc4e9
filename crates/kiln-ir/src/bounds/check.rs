//! The check of every access of a Func.

use super::{Bounds, Context, IndexGuard};
use crate::func::{ArrayRef, FaultKind, Func, Node, NodeId, RegionId};
use crate::poly::Poly;
use crate::print::describe;
use crate::verify::{VerifyError, Violation};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Checks that every access of a Func lies inside its array: that a guard
/// checks it, or that its bounds follow from those of the loops around it
/// and from the `retry` guards before them. It is not for a loop over the
/// rows of columns, whose accesses are inside because whoever runs it has as
/// many rows in every column; nor for what a Func calls.
///
/// # Errors
/// The accesses for which that is not proved.
pub fn check_accesses(func: &Func) -> Result<(), VerifyError> {
    let mut nodes = (0..func.node_count()).map(NodeId::new);
    if !nodes.any(|id| is_access(func.node(id))) {
        return Ok(());
    }
    let mut checker = Checker::new(func);
    let mut violations = Vec::new();
    for id in (0..func.node_count()).map(NodeId::new) {
        if !checker.reached[id.index()] || checker.is_inside(id) {
            continue;
        }
        violations.push(Violation {
            node: id,
            message: "is not proved to lie inside its array".to_owned(),
            printed: describe(func, id),
        });
    }
    match violations.is_empty() {
        true => Ok(()),
        false => Err(VerifyError { violations }),
    }
}

/// Whether all of these loads and stores in a region lie inside their arrays in
/// every round of the loops around them, also where the conditions around them
/// in that region do not hold.
pub fn always_inside(func: &Func, region: RegionId, accesses: &[NodeId]) -> bool {
    if accesses.is_empty() {
        return true;
    }
    let mut checker = Checker::new(func);
    let mut accesses = accesses.iter();
    accesses.all(|&id| checker.is_always_inside(id, region))
}

fn is_access(node: &Node) -> bool {
    matches!(
        node,
        Node::Load { .. } | Node::Store { .. } | Node::Scan { .. }
    )
}

/// Where an access stands: after which guards it runs.
#[derive(Clone, Copy, Debug)]
struct Place {
    region: RegionId,
    /// What comes before this node comes before the access.
    at: Option<(RegionId, NodeId)>,
    /// A guard that the access names.
    after: Option<NodeId>,
}

struct Checker<'a> {
    bounds: Bounds<'a>,
    /// What is run at all.
    reached: Vec<bool>,
    /// The guards that ask for a retry, in the body, in order.
    retries: Vec<NodeId>,
    /// The guards of each index, with their extents.
    guards: FxHashMap<NodeId, Vec<(NodeId, NodeId)>>,
    /// The guards of each integer as a `u64`, with their extents.
    unsigned: FxHashMap<NodeId, Vec<(NodeId, NodeId)>>,
    /// The guards with a comparison of each value.
    mentions: FxHashMap<NodeId, Vec<NodeId>>,
    /// The guards that never hold: nothing runs behind them.
    walls: Vec<NodeId>,
    /// The extents of arrays.
    extents: FxHashMap<(ArrayRef, u8), NodeId>,
    /// What is known in a region after the first so many retry guards.
    contexts: FxHashMap<(RegionId, usize), Rc<Context>>,
    /// What these say inside loops of some bounds: most loops of a Func have
    /// the bounds of others.
    tested: FxHashMap<(Vec<(NodeId, NodeId)>, usize), Rc<Context>>,
}

impl<'a> Checker<'a> {
    fn new(func: &'a Func) -> Checker<'a> {
        let mut checker = Checker {
            bounds: Bounds::of(func),
            reached: reached(func),
            retries: Vec::new(),
            guards: FxHashMap::default(),
            unsigned: FxHashMap::default(),
            mentions: FxHashMap::default(),
            walls: Vec::new(),
            extents: FxHashMap::default(),
            contexts: FxHashMap::default(),
            tested: FxHashMap::default(),
        };
        for id in (0..func.node_count()).map(NodeId::new) {
            match func.node(id) {
                Node::Len { array, dim } => {
                    checker.extents.insert((*array, *dim), id);
                }
                Node::Guard { cond, fault, .. } if checker.reached[id.index()] => {
                    checker.note_guard(id, *cond, func.fault(*fault).kind);
                }
                _ => {}
            }
        }
        checker
    }

    fn note_guard(&mut self, id: NodeId, cond: NodeId, kind: FaultKind) {
        let in_body = self.bounds.nest.home(id) == self.bounds.func.body();
        if kind == FaultKind::Retry && in_body {
            self.retries.push(id);
        }
        for IndexGuard { index, extent } in self.bounds.index_guards(cond) {
            self.guards.entry(index).or_default().push((extent, id));
        }
        if self.bounds.func.as_const(cond).and_then(|c| c.as_bool()) == Some(false) {
            self.walls.push(id);
        }
        for (leaf, holds) in self.bounds.leaves(cond, true, &[]) {
            if let Some((index, extent)) = self.bounds.unsigned_below(leaf, holds) {
                self.unsigned.entry(index).or_default().push((extent, id));
            }
            if let Some((_, x, y)) = self.bounds.binary(leaf) {
                for v in [x, y] {
                    let mentions = self.mentions.entry(self.bounds.number(v));
                    mentions.or_default().push(id);
                }
            }
        }
    }

    /// Whether a node is no access, or one inside its array.
    fn is_inside(&mut self, id: NodeId) -> bool {
        let func = self.bounds.func;
        let home = self.bounds.nest.home(id);
        let mut place = Place {
            region: home,
            at: Some((home, id)),
            after: None,
        };
        let (array, index, lanes) = match func.node(id) {
            Node::Load {
                array,
                index,
                after,
            } => {
                if func.is_pure(id) {
                    place.after = *after;
                    place.at = after.map(|guard| (self.bounds.nest.home(guard), guard));
                }
                (*array, index.to_vec(), func.ty(id).lanes)
            }
            Node::Store {
                array,
                index,
                value,
            } => (*array, index.to_vec(), func.ty(*value).lanes),
            Node::Scan { array, body, .. } => {
                place.region = *body;
                place.at = Some((*body, id));
                (*array, vec![func.region(*body).args[0]], 1)
            }
            _ => return true,
        };
        if self.walls.iter().any(|&wall| self.is_before(wall, place)) {
            return true;
        }
        (0u8..).zip(index).all(|(dim, index)| {
            // The bounds of loops say nothing of an index for each lane.
            if func.ty(index).is_vector() {
                return false;
            }
            if lanes == 1 && self.is_guarded(array, dim, index, place) {
                return true;
            }
            let context = self.context(place);
            self.is_bounded(&context, array, dim, index, lanes)
                || (lanes == 1 && self.is_compared(array, dim, index, place))
        })
    }

    /// Whether a load or a store in a region would lie inside its array without
    /// the conditions around it there.
    fn is_always_inside(&mut self, id: NodeId, region: RegionId) -> bool {
        let (Node::Load { array, index, .. } | Node::Store { array, index, .. }) =
            self.bounds.func.node(id)
        else {
            return false;
        };
        let home = self.bounds.nest.home(id);
        let tested = self.tested(Place {
            region: home,
            at: Some((home, id)),
            after: None,
        });
        let context = self.bounds.context(region, &tested);
        let mut dims = (0u8..).zip(&index[..]);
        dims.all(|(dim, &index)| self.is_bounded(&context, *array, dim, index, 1))
    }

    fn is_guarded(&self, array: ArrayRef, dim: u8, index: NodeId, place: Place) -> bool {
        // A `u64` below an extent is the same number as an index.
        let unsigned = self.bounds.before_cast(index);
        let unsigned = unsigned.and_then(|of| self.unsigned.get(&of));
        let guards = self.guards.get(&self.bounds.number(index));
        let mut guards = guards.into_iter().chain(unsigned).flatten();
        guards.any(|&(extent, guard)| {
            self.is_extent(extent, array, dim) && self.is_before(guard, place)
        })
    }

    fn is_extent(&self, extent: NodeId, array: ArrayRef, dim: u8) -> bool {
        match (self.bounds.func.node(extent), array) {
            (Node::Len { array: of, dim: at }, _) => (*of, *at) == (array, dim),
            (Node::Const(c), ArrayRef::Local(local)) => {
                c.as_int() == Some(self.bounds.func.locals()[local as usize].len.into())
            }
            _ => false,
        }
    }

    /// Whether a guard has held when what stands at a place runs.
    fn is_before(&self, guard: NodeId, place: Place) -> bool {
        if place.after == Some(guard) {
            return true;
        }
        let Some((region, at)) = place.at else {
            return false;
        };
        let nest = &self.bounds.nest;
        let around = nest.home(guard);
        if around == region {
            return guard < at;
        }
        let mut outwards = nest.outwards(region);
        outwards.any(|(inner, owner)| {
            nest.owner(inner)
                .is_some_and(|(parent, _)| parent == around)
                && guard < owner
        })
    }

    /// Whether an index is proved to lie inside.
    fn is_bounded(
        &self,
        context: &Context,
        array: ArrayRef,
        dim: u8,
        index: NodeId,
        lanes: u16,
    ) -> bool {
        let Some(extent) = self.extent(array, dim) else {
            return false;
        };
        let func = self.bounds.func;
        let nest = &self.bounds.nest;
        let known = |v: NodeId| nest.home(v) == func.body();
        let derived = self
            .bounds
            .derive_lanes(context, index, &extent, lanes, &known);
        derived.is_ok_and(|goals| goals.is_empty())
    }

    /// Whether comparisons in guards before the access, each on its own, come
    /// to an index that lies inside.
    fn is_compared(&mut self, array: ArrayRef, dim: u8, index: NodeId, place: Place) -> bool {
        let Some(extent) = self.extent(array, dim) else {
            return false;
        };
        let mut context = (*self.context(place)).clone();
        let bounds = &self.bounds;
        for &guard in self
            .mentions
            .get(&bounds.number(index))
            .into_iter()
            .flatten()
        {
            if let Node::Guard { cond, .. } = bounds.func.node(guard)
                && self.is_before(guard, place)
            {
                bounds.learn(&mut context, *cond, &[]);
            }
        }
        let index = bounds.value(&context, index);
        let below = Poly::constant(-1)
            .plus(1, &extent)
            .and_then(|p| p.plus(-1, &index));
        bounds.is_proved(&context, &index)
            && below.is_some_and(|below| bounds.is_proved(&context, &below))
    }

    fn extent(&self, array: ArrayRef, dim: u8) -> Option<Poly> {
        match array {
            ArrayRef::Local(local) => {
                let len = self.bounds.func.locals()[local as usize].len;
                Some(Poly::constant(len.into()))
            }
            ArrayRef::Param(_) => self.extents.get(&(array, dim)).map(|&id| Poly::node(id)),
        }
    }

    /// How many of the retry guards have held at a place.
    fn held(&self, place: Place) -> usize {
        let retries = self.retries.iter();
        retries.take_while(|&&g| self.is_before(g, place)).count()
    }

    /// What is known at a place by the guards before it and the loops around.
    fn tested(&mut self, place: Place) -> Rc<Context> {
        let held = self.held(place);
        let loops = self.bounds.loops(place.region);
        if let Some(tested) = self.tested.get(&(loops.clone(), held)) {
            return tested.clone();
        }
        let tested = Rc::new(self.bounds.tested(&loops, &self.retries[..held]));
        self.tested.insert((loops, held), tested.clone());
        tested
    }

    /// The same, and what the conditions around say.
    fn context(&mut self, place: Place) -> Rc<Context> {
        let key = (place.region, self.held(place));
        if let Some(made) = self.contexts.get(&key) {
            return made.clone();
        }
        let tested = self.tested(place);
        let bounds = &self.bounds;
        let mut owners = bounds.nest.outwards(place.region);
        let context = match owners.any(|(_, o)| matches!(bounds.func.node(o), Node::If { .. })) {
            true => Rc::new(bounds.context(place.region, &tested)),
            false => tested,
        };
        self.contexts.insert(key, context.clone());
        context
    }
}

/// Whether each node runs at all: effects, what the Func gives, and what
/// they need.
fn reached(func: &Func) -> Vec<bool> {
    let mut reached = vec![false; func.node_count()];
    let mark = |region: RegionId, reached: &mut Vec<bool>| {
        let data = func.region(region);
        for &id in data.effects.iter().chain(&data.yields) {
            reached[id.index()] = true;
        }
    };
    mark(func.body(), &mut reached);
    // What a node needs, and what is in it, stands before it.
    for id in (0..func.node_count()).rev().map(NodeId::new) {
        if reached[id.index()] {
            func.for_each_operand(id, |v| reached[v.index()] = true);
            for region in func.regions_of(id) {
                mark(region, &mut reached);
            }
        }
    }
    reached
}
