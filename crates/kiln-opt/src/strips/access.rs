//! The rows of a loop: where its accesses stand, and whether its rounds are
//! independent.
//!
//! An index is a polynomial in the index of the loop over values that stay,
//! taken without wrapping, which changes no address. Accesses of which only
//! the constants differ share a row.

use super::NotAStrip;
use kiln_ir::{
    ArrayRef, Bounds, Context, Func, Layout, Node, NodeId, Poly, RegionId, Row, Schedule, Walk,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// Accesses that touch the same elements, but for a distance.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    array: ArrayRef,
    /// By dimension; of a row whose elements lie side by side, the last one
    /// without its constant.
    index: Vec<Poly>,
}

/// An access of a loop.
struct Touch {
    array: ArrayRef,
    is_store: bool,
    /// The row and the element in round 0; `None` if it moves unevenly.
    place: Option<(usize, i64)>,
}

/// The rows of a loop and the accesses that make them.
pub(super) struct Rows {
    rows: Vec<Row>,
    places: FxHashMap<NodeId, (usize, i64)>,
    touches: Vec<Touch>,
    /// Rows whose elements are distinct from round to round.
    moves: Vec<bool>,
}

impl Rows {
    /// The rows of the counted loop `node`; for another one, what it touches.
    pub(super) fn of(func: &Func, schedule: &Schedule, bounds: &Bounds<'_>, node: NodeId) -> Rows {
        let mut found = Rows {
            rows: Vec::new(),
            places: FxHashMap::default(),
            touches: Vec::new(),
            moves: Vec::new(),
        };
        let regions: Vec<RegionId> = func.regions_of(node).collect();
        let index = match func.node(node) {
            Node::For { body, .. } | Node::Reduce { body, .. } => Some(func.region(*body).args[0]),
            _ => None,
        };
        let inside = inside(func, schedule, &regions);
        let mut known = FxHashMap::default();
        for &id in &inside.accesses {
            let (array, at, is_store) = match func.node(id) {
                Node::Load { array, index, .. } => (*array, index, false),
                Node::Store { array, index, .. } => (*array, index, true),
                _ => continue,
            };
            let place = index.and_then(|index| {
                let access = Access {
                    id,
                    array,
                    at,
                    is_store,
                };
                found.place(func, bounds, &inside.nodes, index, &access, &mut known)
            });
            found.touches.push(Touch {
                array,
                is_store,
                place,
            });
            if let Some(place) = place {
                found.places.insert(id, place);
            }
        }
        found
    }

    fn place(
        &mut self,
        func: &Func,
        bounds: &Bounds<'_>,
        inside: &FxHashSet<NodeId>,
        index: NodeId,
        access: &Access<'_>,
        known: &mut FxHashMap<Key, usize>,
    ) -> Option<(usize, i64)> {
        let context = Context::default();
        let mut polys: Vec<Poly> = access
            .at
            .iter()
            .map(|&v| bounds.wrapping_value(&context, v))
            .collect();
        let stays = |v: NodeId| match func.node(v) {
            Node::Proj { of, .. } => !inside.contains(of),
            _ => v == index || !inside.contains(&v),
        };
        if !polys.iter().flat_map(Poly::nodes).all(stays) {
            return None;
        }
        let degrees: Vec<usize> = polys.iter().map(|p| p.degree(index)).collect();
        if degrees.iter().any(|&d| d > 1) {
            return None;
        }
        let moving = degrees.iter().filter(|&&d| d > 0).count();
        let coefficient = |p: &Poly| p.linear_coefficient(index);
        let is_unit = moving == 1
            && func.array_type(access.array).layout == Layout::Contiguous
            && polys.last().and_then(coefficient) == Some(1);
        let moves = polys.iter().any(|p| coefficient(p).is_some_and(|c| c != 0));
        let (walk, mut offset) = match moving {
            0 => (Walk::Still, 0),
            _ if is_unit => (Walk::Unit, 0),
            _ => (Walk::Strided, 0),
        };
        if walk == Walk::Unit {
            let (rest, constant) = polys.pop()?.split_constant();
            polys.push(rest);
            offset = i64::try_from(constant).ok()?;
        }
        let key = Key {
            array: access.array,
            index: polys,
        };
        let row = *known.entry(key).or_insert_with(|| {
            self.rows.push(Row {
                access: access.id,
                offset,
                walk,
                is_written: false,
            });
            self.moves.push(moves);
            self.rows.len() - 1
        });
        self.rows[row].is_written |= access.is_store;
        Some((row, offset))
    }

    /// The rows and the places of the accesses, if no round of the loop
    /// touches what another one writes.
    pub(super) fn independent(
        &self,
        func: &Func,
    ) -> Result<(&[Row], &FxHashMap<NodeId, (usize, i64)>), NotAStrip> {
        for touch in &self.touches {
            let array = || array_name(func, touch.array);
            let Some(place) = touch.place else {
                return Err(NotAStrip::Uneven { array: array() });
            };
            if !touch.is_store {
                continue;
            }
            let mut others = self.touches.iter().filter(|t| t.array == touch.array);
            let moves = self.moves[place.0];
            if !moves || !others.all(|other| other.place == touch.place) {
                return Err(NotAStrip::Dependent { array: array() });
            }
        }
        Ok((&self.rows, &self.places))
    }

    /// What the loop writes and reads, in words.
    pub(super) fn describe(&self, func: &Func) -> String {
        let names = |is_store| {
            let mut names: Vec<String> = Vec::new();
            for touch in self.touches.iter().filter(|t| t.is_store == is_store) {
                let name = array_name(func, touch.array);
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names.join(", ")
        };
        match (names(true), names(false)) {
            (writes, reads) if writes.is_empty() && reads.is_empty() => {
                "loop without arrays".to_owned()
            }
            (writes, reads) if writes.is_empty() => format!("loop over {reads}"),
            (writes, reads) if reads.is_empty() => format!("loop into {writes}"),
            (writes, reads) => format!("loop over {reads} into {writes}"),
        }
    }
}

/// An access while its place is looked for.
struct Access<'a> {
    id: NodeId,
    array: ArrayRef,
    at: &'a [NodeId],
    is_store: bool,
}

fn array_name(func: &Func, array: ArrayRef) -> String {
    match array {
        ArrayRef::Param(index) => func.params()[index as usize].name.clone(),
        ArrayRef::Local(_) => "a local array".to_owned(),
    }
}

/// What runs in a loop.
struct Inside {
    nodes: FxHashSet<NodeId>,
    /// Loads and stores, in order.
    accesses: Vec<NodeId>,
}

fn inside(func: &Func, schedule: &Schedule, regions: &[RegionId]) -> Inside {
    let mut found = Inside {
        nodes: FxHashSet::default(),
        accesses: Vec::new(),
    };
    let mut pending: Vec<RegionId> = regions.iter().rev().copied().collect();
    while let Some(region) = pending.pop() {
        found.nodes.extend(&func.region(region).args);
        for &id in schedule.nodes(region) {
            found.nodes.insert(id);
            if matches!(func.node(id), Node::Load { .. } | Node::Store { .. }) {
                found.accesses.push(id);
            }
            pending.extend(func.regions_of(id));
        }
    }
    found
}
