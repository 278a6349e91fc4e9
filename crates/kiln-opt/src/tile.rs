//! Running two rounds of an outer loop at once, where they read the same
//! elements.
//!
//! In a product of matrices each row of the result reads all of one matrix.
//! Two rows at once read it once, which is half of what a cache has to give;
//! the strips of the loops inside then hold two rows (unroll and jam; the copy
//! is [`kiln_ir::Tile`]'s). It is done where
//!
//! - the rounds are independent, by the test that pieces for threads have,
//!   and nothing in them can fail, stop or be left out: loops, loads, stores
//!   and ops alone;
//! - a load in two loops inside moves with both of them and not with the loop
//!   itself: it walks over a whole table in every round;
//! - no access moves along a row with the loop itself, whose rounds would
//!   rather share a vector;
//! - the loop begins at no less than 0, so that how often it runs is known
//!   without wrapping, and every access that was shown to lie inside its array still
//!   is.

use crate::pieces::rounds_are_independent;
use kiln_ir::{
    Bounds, Context, Func, Node, NodeId, RegionId, Rewrite, Schedule, Tile, check_accesses, rewrite,
};
use rustc_hash::FxHashSet;

/// Two rounds at once. With the four of the loop inside, that [`jam`] takes,
/// they need eight values and two rows of results in registers, half of what
/// a processor with 16 has; four rounds would need all of them.
///
/// [`jam`]: kiln_ir::jam
const TILE: Tile = Tile { shift: 1 };

/// Loops of a nest with a table in it: two that walk over it, and one around.
const DEPTH: usize = 3;

/// The most nodes in a loop that is copied.
const NODES_MAX: usize = 200;

/// Takes several rounds at once where it pays; gives how many loops, or `None`
/// if there are none.
pub(crate) fn tile(func: &Func) -> Option<(Func, u32)> {
    let nodes = (0..func.node_count()).map(NodeId::new);
    let loops = nodes.filter(|&id| matches!(func.node(id), Node::For { .. }));
    if loops.count() < DEPTH {
        return None;
    }
    let schedule = Schedule::of(func);
    let bounds = Bounds::of(func);
    let mut plans = FxHashSet::default();
    let mut pending = vec![func.body()];
    while let Some(region) = pending.pop() {
        for &id in schedule.nodes(region) {
            match pays(func, &schedule, &bounds, id) {
                true => _ = plans.insert(id),
                false => pending.extend(func.regions_of(id)),
            }
        }
    }
    if plans.is_empty() {
        return None;
    }
    let loops = plans.len() as u32;
    let tiled = rewrite(func, &mut Tiles { plans });
    // A Func without guards is as it came.
    let is_checked = check_accesses(&tiled).is_ok() || check_accesses(func).is_err();
    is_checked.then_some((tiled, loops))
}

struct Tiles {
    plans: FxHashSet<NodeId>,
}

impl Rewrite for Tiles {
    fn tile(&mut self, old: NodeId) -> Option<Tile> {
        self.plans.contains(&old).then_some(TILE)
    }
}

/// Whether rounds of a loop are to run at once.
fn pays(func: &Func, schedule: &Schedule, bounds: &Bounds<'_>, id: NodeId) -> bool {
    let Node::For {
        lo,
        lanes: 1,
        ref init,
        body,
        ..
    } = *func.node(id)
    else {
        return false;
    };
    bounds.ranges().get(lo).lo >= 0
        && init.is_empty()
        && is_plain(func, schedule, body)
        && reads_a_table(func, schedule, bounds, body)
        && rounds_are_independent(func, schedule, body).is_ok()
}

/// Whether there is nothing in a loop but loops, loads, stores and ops, and
/// not too much of them.
fn is_plain(func: &Func, schedule: &Schedule, body: RegionId) -> bool {
    let regions = schedule.inside(func, [body]);
    let nodes = || regions.iter().flat_map(|&r| schedule.nodes(r));
    let is_plain = |id: &NodeId| {
        matches!(
            func.node(*id),
            Node::For { lanes: 1, .. }
                | Node::Load { .. }
                | Node::Store { .. }
                | Node::Op { .. }
                | Node::Const(_)
                | Node::Len { .. }
                | Node::Proj { .. }
                | Node::Arg { .. }
                | Node::Param(_)
        )
    };
    nodes().count() <= NODES_MAX && nodes().all(is_plain)
}

/// Whether some load walks over elements of two dimensions at least, which
/// are the same in every round of the loop, and nothing moves along a row with
/// the loop itself.
fn reads_a_table(func: &Func, schedule: &Schedule, bounds: &Bounds<'_>, body: RegionId) -> bool {
    let regions = schedule.inside(func, [body]);
    let mut indices = FxHashSet::default();
    let mut inside: FxHashSet<NodeId> = func.region(body).args.iter().copied().collect();
    let (mut accesses, mut written) = (Vec::new(), FxHashSet::default());
    for &region in &regions {
        for &id in schedule.nodes(region) {
            inside.insert(id);
            match func.node(id) {
                Node::For { body, .. } => {
                    indices.insert(func.region(*body).args[0]);
                    inside.extend(&func.region(*body).args);
                }
                Node::Load { array, index, .. } => accesses.push((*array, index)),
                Node::Store { array, index, .. } => {
                    accesses.push((*array, index));
                    written.insert(*array);
                }
                _ => {}
            }
        }
    }
    let context = Context::default();
    let own = func.region(body).args[0];
    let is_along_rows = accesses.iter().any(|(_, index)| {
        let last = index.last();
        last.is_some_and(|&v| bounds.wrapping_value(&context, v).degree(own) > 0)
    });
    if is_along_rows {
        return false;
    }
    accesses.iter().any(|(array, index)| {
        let mut moves_with = FxHashSet::default();
        let stays = index.iter().all(|&v| {
            let at = bounds.wrapping_value(&context, v);
            moves_with.extend(at.nodes().filter(|v| indices.contains(v)));
            at.nodes()
                .all(|v| indices.contains(&v) || !inside.contains(&v))
        });
        stays && moves_with.len() >= 2 && !written.contains(array)
    })
}
