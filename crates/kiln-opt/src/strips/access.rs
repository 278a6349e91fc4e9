//! The rows of a loop: where its accesses stand, and whether its rounds are
//! independent.
//!
//! An index is a polynomial in the index of the loop, and in those of counted
//! loops in it, over values that stay, taken without wrapping, which changes
//! no address. Accesses of which only the constants differ share a row. Any
//! other index may be data: a load with one takes its array whole, if the loop
//! does not write that; so does a store, if nothing else touches the array and
//! every round makes it once, since then elements are written in order.

use super::NotAStrip;
use crate::report::loop_name;
use kiln_ir::{
    Accesses, ArrayRef, Bounds, Context, Func, INNER_MAX, Layout, Node, NodeId, Poly, RegionId,
    Row, Schedule, Walk,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// The price of lanes that lie apart, which are loaded one by one, in loads of
/// whole vectors.
const LANES_APART: u32 = 8;

/// The price of lanes whose places are data, in the same: each index is taken
/// out of its vector before its lane is loaded.
const LANES_ANYWHERE: u32 = 16;

/// Accesses that touch the same elements, but for a distance.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    array: ArrayRef,
    /// By dimension; of a row whose elements lie side by side, the last one
    /// without its constant.
    index: Vec<Poly>,
}

impl Key {
    /// Whether the elements of two rows are never the same: in one dimension
    /// they are so far apart in all rounds of all loops.
    fn is_apart(&self, other: &Key, is_index: impl Fn(NodeId) -> bool) -> bool {
        let mut dims = self.index.iter().zip(&other.index);
        dims.any(|(x, y)| {
            let distance = x.plus(-1, y).map(Poly::split_constant);
            let is_fixed = distance.is_some_and(|(rest, by)| rest == Poly::default() && by != 0);
            is_fixed && !x.nodes().any(&is_index)
        })
    }
}

/// An access of a loop.
struct Touch {
    array: ArrayRef,
    is_store: bool,
    /// The row and the element in round 0; `None` if it moves unevenly.
    place: Option<(usize, i64)>,
    /// Whether its index is data.
    is_data: bool,
    /// Whether each round makes it once.
    is_once: bool,
}

/// The rows of a loop and the accesses that make them.
pub(super) struct Rows {
    rows: Vec<Row>,
    /// What each row walks over.
    keys: Vec<Key>,
    /// The indices of the loop and of those in it.
    indices: Vec<NodeId>,
    places: FxHashMap<NodeId, (usize, i64)>,
    touches: Vec<Touch>,
    /// The arrays that accesses without a place read or write.
    whole: Vec<(ArrayRef, kiln_ir::Access)>,
    /// Rows whose elements are distinct from round to round.
    moves: Vec<bool>,
    /// Whether there is nothing in it but counted loops and those that run
    /// until they are done.
    is_regular: bool,
    /// Whether a loop inside of it that is not equally long in all rounds goes
    /// along an array, or checks where it stands.
    goes_along: bool,
}

/// A loop that may become a strip.
struct Loop {
    index: NodeId,
    /// The indices of the counted loops in it that are equally long in all
    /// rounds, in order.
    inner: Vec<NodeId>,
    /// The bodies of the other ones.
    uneven: Vec<RegionId>,
    /// What runs in it.
    nodes: FxHashSet<NodeId>,
}

impl Loop {
    /// Whether a value is the same in every round.
    fn stays(&self, func: &Func, v: NodeId) -> bool {
        match func.node(v) {
            Node::Proj { of, .. } => !self.nodes.contains(of),
            _ => !self.nodes.contains(&v),
        }
    }

    /// Whether a loop in it that is not equally long in all rounds touches more
    /// than elements that are read wherever it stands: what it would go along
    /// with would be read lane by lane, one element after the other.
    fn goes_along(&self, func: &Func, schedule: &Schedule, bounds: &Bounds<'_>) -> bool {
        let regions = schedule.inside(func, self.uneven.iter().copied());
        let mut nodes = regions.iter().flat_map(|&region| schedule.nodes(region));
        nodes.any(|&id| match func.node(id) {
            Node::Load { index, .. } => {
                let mut all = indices(bounds, index);
                !func.is_pure(id) || !all.all(|p| self.moves_evenly(func, &p))
            }
            Node::Store { .. } | Node::For { .. } => true,
            _ => false,
        })
    }

    fn is_index(&self, v: NodeId) -> bool {
        v == self.index || self.inner.contains(&v)
    }

    /// Whether an index moves evenly: each index of a loop stands in terms of
    /// its own, with what stays.
    fn moves_evenly(&self, func: &Func, at: &Poly) -> bool {
        at.terms().all(|(factors, _)| {
            let mut indices = 0;
            let known = factors.iter().all(|&v| {
                indices += usize::from(self.is_index(v));
                self.is_index(v) || self.stays(func, v)
            });
            known && indices <= 1
        })
    }
}

impl Rows {
    /// The rows of the counted loop `node`; for another one, what it touches.
    pub(super) fn of(func: &Func, schedule: &Schedule, bounds: &Bounds<'_>, node: NodeId) -> Rows {
        let mut found = Rows {
            rows: Vec::new(),
            keys: Vec::new(),
            indices: Vec::new(),
            places: FxHashMap::default(),
            touches: Vec::new(),
            whole: Vec::new(),
            moves: Vec::new(),
            is_regular: true,
            goes_along: false,
        };
        let regions = schedule.inside(func, func.regions_of(node));
        let (around, accesses) = look_inside(func, schedule, node, &regions);
        if let Some(around) = &around {
            found.indices = [&[around.index], &around.inner[..]].concat();
            found.is_regular = regions.iter().all(|&r| is_regular(func, schedule, r));
            found.goes_along = around.goes_along(func, schedule, bounds);
        }
        let mut known = FxHashMap::default();
        for id in accesses {
            let (array, at, is_store) = match func.node(id) {
                Node::Load { array, index, .. } => (*array, index, false),
                Node::Store { array, index, .. } => (*array, index, true),
                _ => continue,
            };
            let place = around.as_ref().and_then(|around| {
                let access = Access {
                    id,
                    array,
                    at,
                    is_store,
                };
                found.place(func, bounds, around, &access, &mut known)
            });
            let is_data = around.as_ref().is_some_and(|around| {
                let mut all = indices(bounds, at);
                !all.all(|p| around.moves_evenly(func, &p))
            });
            found.touches.push(Touch {
                array,
                is_store,
                place,
                is_data,
                is_once: regions.first().copied() == schedule.place(id),
            });
            if let Some(place) = place {
                found.places.insert(id, place);
            } else if is_data && !found.whole.iter().any(|(of, _)| *of == array) {
                let access = match is_store {
                    true => kiln_ir::Access::Mut,
                    false => kiln_ir::Access::Read,
                };
                found.whole.push((array, access));
            }
        }
        found
    }

    fn place(
        &mut self,
        func: &Func,
        bounds: &Bounds<'_>,
        around: &Loop,
        access: &Access<'_>,
        known: &mut FxHashMap<Key, usize>,
    ) -> Option<(usize, i64)> {
        let mut polys: Vec<Poly> = indices(bounds, access.at).collect();
        if !polys.iter().all(|p| around.moves_evenly(func, p)) {
            return None;
        }
        let moves_with = |v: NodeId| polys.iter().any(|p| p.degree(v) > 0);
        let mut inner = [None; INNER_MAX];
        let along = around.inner.iter().filter(|&&v| moves_with(v));
        for (at, &index) in along.enumerate() {
            *inner.get_mut(at)? = Some(index);
        }
        // Rounds touch distinct elements where they differ in a dimension that
        // no other loop moves in.
        let coefficient = |p: &Poly| p.linear_coefficient(around.index);
        let alone = |p: &Poly| around.inner.iter().all(|&v| p.degree(v) == 0);
        let moves = polys
            .iter()
            .any(|p| alone(p) && coefficient(p).is_some_and(|c| c != 0));
        let outer = polys.len().saturating_sub(1);
        let is_unit = func.array_type(access.array).layout == Layout::Contiguous
            && polys[..outer].iter().all(|p| p.degree(around.index) == 0)
            && polys.last().and_then(coefficient) == Some(1);
        let walk = match moves_with(around.index) {
            false => Walk::Still,
            // The rows of a table lie apart in one dimension.
            true if is_unit && inner[1..].iter().all(Option::is_none) => Walk::Unit,
            true => Walk::Strided,
        };
        let mut offset = 0;
        if walk == Walk::Unit {
            let (rest, constant) = polys.pop()?.split_constant();
            polys.push(rest);
            offset = i64::try_from(constant).ok()?;
        }
        let key = Key {
            array: access.array,
            index: polys,
        };
        let row = *known.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            self.rows.push(Row {
                access: access.id,
                offset,
                walk,
                inner,
                is_written: false,
                round: 0,
            });
            self.moves.push(moves);
            self.rows.len() - 1
        });
        self.rows[row].is_written |= access.is_store;
        Some((row, offset))
    }

    /// What the loop accesses, if no round of it touches what another one
    /// writes.
    pub(super) fn independent(&self, func: &Func) -> Result<Accesses<'_>, NotAStrip> {
        for touch in &self.touches {
            let array = || func.array_name(touch.array).to_owned();
            let mut others = self.touches.iter().filter(|t| t.array == touch.array);
            if touch.is_data && (!touch.is_store || touch.is_once && others.clone().count() == 1) {
                // What is written is asked about below.
                continue;
            }
            let Some(place) = touch.place else {
                return Err(NotAStrip::Uneven { array: array() });
            };
            if !touch.is_store {
                continue;
            }
            let moves = self.moves[place.0];
            let is_safe = |other: &Touch| match other.place {
                Some(at) if at == place => true,
                Some((row, _)) => self.are_apart(row, place.0),
                None => false,
            };
            if !moves || !others.all(is_safe) {
                return Err(NotAStrip::Dependent { array: array() });
            }
        }
        Ok(Accesses {
            rows: &self.rows,
            places: &self.places,
            whole: &self.whole,
        })
    }

    /// Whether two rows of an array have no element in common.
    fn are_apart(&self, row: usize, other: usize) -> bool {
        self.keys[row].is_apart(&self.keys[other], |v| self.indices.contains(&v))
    }

    /// Whether there is nothing in it but counted loops and those that run
    /// until they are done.
    pub(super) fn is_regular(&self) -> bool {
        self.is_regular
    }

    /// Whether a loop inside of it that is not equally long in all rounds goes
    /// along an array.
    pub(super) fn goes_along(&self) -> bool {
        self.goes_along
    }

    /// What a round of the loop pays for where its rows lie, against one row of
    /// elements side by side.
    pub(super) fn price(&self) -> u32 {
        let prices = self.rows.iter().map(|row| match row.layout() {
            Layout::Contiguous => 1,
            Layout::Strided if row.walk == Walk::Still => 1,
            Layout::Strided => LANES_APART,
        });
        let anywhere = self.touches.iter().filter(|t| t.is_data).count();
        prices.sum::<u32>() + LANES_ANYWHERE * anywhere as u32
    }

    /// What the loop writes and reads, in words.
    pub(super) fn describe(&self, func: &Func) -> String {
        let names = |is_store| {
            let touches = self.touches.iter().filter(move |t| t.is_store == is_store);
            touches.map(|t| func.array_name(t.array))
        };
        loop_name(names(true), names(false))
    }
}

/// The indices of an access.
fn indices(bounds: &Bounds<'_>, at: &[NodeId]) -> impl Iterator<Item = Poly> {
    let context = Context::default();
    at.iter().map(move |&v| bounds.wrapping_value(&context, v))
}

/// An access while its place is looked for.
struct Access<'a> {
    id: NodeId,
    array: ArrayRef,
    at: &'a [NodeId],
    is_store: bool,
}

/// Whether there are no loops in a region but counted ones and those that run
/// until they are done.
fn is_regular(func: &Func, schedule: &Schedule, region: RegionId) -> bool {
    let mut nodes = schedule.nodes(region).iter();
    !nodes.any(|&id| {
        matches!(
            func.node(id),
            Node::Reduce { .. } | Node::Scan { .. } | Node::Call { .. }
        )
    })
}

/// What runs in a loop, if that is counted, and its loads and stores.
fn look_inside(
    func: &Func,
    schedule: &Schedule,
    node: NodeId,
    regions: &[RegionId],
) -> (Option<Loop>, Vec<NodeId>) {
    let (mut nodes, mut counted) = (FxHashSet::default(), Vec::new());
    let mut accesses = Vec::new();
    for &region in regions {
        nodes.extend(&func.region(region).args);
        for &id in schedule.nodes(region) {
            nodes.insert(id);
            match *func.node(id) {
                Node::Load { .. } | Node::Store { .. } => accesses.push(id),
                Node::For { lo, hi, body, .. } => counted.push((lo, hi, body)),
                _ => {}
            }
        }
    }
    let mut around = match func.node(node) {
        Node::For { body, .. } | Node::Reduce { body, .. } => Loop {
            index: func.region(*body).args[0],
            inner: Vec::new(),
            uneven: Vec::new(),
            nodes,
        },
        _ => return (None, accesses),
    };
    for (lo, hi, body) in counted {
        match around.stays(func, lo) && around.stays(func, hi) {
            true => around.inner.push(func.region(body).args[0]),
            false => around.uneven.push(body),
        }
    }
    (Some(around), accesses)
}
