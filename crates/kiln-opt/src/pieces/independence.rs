//! Whether the rounds of a loop are independent: none touches what another one
//! writes.
//!
//! Of every array that the loop writes there is one dimension in which each of
//! its accesses moves with the loop's index, by the same step and from the
//! same place, so that an element is touched in one round only; all other
//! arrays are only read. The test is simple on purpose. What it refuses may
//! still be independent, and [`NotInPieces`] says what it saw.
//!
//! Deliberately absent: products of the index and a value that is not known,
//! as in `y[i * w + j]`, which are distinct only where they do not wrap.

use super::NotInPieces;
use crate::report::loop_name;
use kiln_ir::{ArrayRef, Bounds, Context, Func, Node, NodeId, Poly, RegionId, Schedule};
use rustc_hash::{FxHashMap, FxHashSet};

/// The largest step of an index for which rounds that meet again lie further
/// apart than any loop runs: indices are taken modulo 2^64.
const STEP_MAX: i128 = 1 << 15;

/// Whether no round of the loop with this body touches what another one
/// writes.
pub(crate) fn rounds_are_independent(
    func: &Func,
    schedule: &Schedule,
    body: RegionId,
) -> Result<(), NotInPieces> {
    Footprint::of(func, schedule, body).independent()
}

/// An access in a loop.
struct Access {
    array: ArrayRef,
    is_store: bool,
    /// By dimension; modulo 2^64.
    index: Vec<Poly>,
}

/// What the rounds of a loop touch.
pub(super) struct Footprint<'a> {
    func: &'a Func,
    /// The index of the loop.
    round: NodeId,
    /// What runs in the loop.
    inside: FxHashSet<NodeId>,
    accesses: Vec<Access>,
}

impl<'a> Footprint<'a> {
    pub(super) fn of(func: &'a Func, schedule: &Schedule, body: RegionId) -> Footprint<'a> {
        let bounds = Bounds::of(func);
        let context = Context::default();
        let mut touched = Footprint {
            func,
            round: func.region(body).args[0],
            inside: FxHashSet::default(),
            accesses: Vec::new(),
        };
        for region in schedule.inside(func, [body]) {
            touched.inside.extend(&func.region(region).args);
            for &id in schedule.nodes(region) {
                touched.inside.insert(id);
                let (array, index, is_store) = match func.node(id) {
                    Node::Load { array, index, .. } => (*array, &index[..], false),
                    Node::Store { array, index, .. } => (*array, &index[..], true),
                    // Its place is its own index, which is not this loop's.
                    Node::Scan { array, .. } => (*array, &[][..], true),
                    _ => continue,
                };
                let poly = |&v: &NodeId| bounds.wrapping_value(&context, v);
                touched.accesses.push(Access {
                    array,
                    is_store,
                    index: index.iter().map(poly).collect(),
                });
            }
        }
        touched
    }

    pub(super) fn independent(&self) -> Result<(), NotInPieces> {
        let is_local = |access: &Access| matches!(access.array, ArrayRef::Local(_));
        if self.accesses.iter().any(is_local) {
            return Err(NotInPieces::Local);
        }
        let mut by_array: FxHashMap<ArrayRef, Vec<&Access>> = FxHashMap::default();
        for access in &self.accesses {
            by_array.entry(access.array).or_default().push(access);
        }
        // In the order of the accesses, so that the answer is always the same.
        for store in self.accesses.iter().filter(|access| access.is_store) {
            let all = &by_array[&store.array];
            if let Some(other) = self.meets(store, all) {
                return Err(NotInPieces::Dependent {
                    array: self.func.array_name(store.array).to_owned(),
                    first: self.describe(store),
                    second: self.describe(other),
                });
            }
        }
        Ok(())
    }

    /// The arrays of which each round touches elements of its own.
    pub(super) fn own_arrays(&self) -> Vec<usize> {
        let moves = |access: &&Access| access.index.iter().any(|i| self.moving(i).is_some());
        let moving = self.accesses.iter().filter(moves);
        let mut arrays: Vec<usize> = moving
            .filter_map(|access| match access.array {
                ArrayRef::Param(index) => Some(index as usize),
                ArrayRef::Local(_) => None,
            })
            .collect();
        arrays.sort_unstable();
        arrays.dedup();
        arrays
    }

    /// What the loop reads and writes.
    pub(super) fn describe_loop(&self) -> String {
        let names = |is_store| {
            let of_kind = move |access: &&Access| access.is_store == is_store;
            let accesses = self.accesses.iter().filter(of_kind);
            accesses.map(|access| self.func.array_name(access.array))
        };
        loop_name(names(true), names(false))
    }

    /// The first of the accesses that may touch in another round what `store`
    /// touches; `None` if one dimension tells all rounds apart.
    fn meets<'t>(&self, store: &'t Access, all: &[&'t Access]) -> Option<&'t Access> {
        let mut met = store;
        for (dim, index) in store.index.iter().enumerate() {
            let Some(place) = self.moving(index) else {
                continue;
            };
            // A scan has no place that rounds of this loop could tell apart.
            let place_of = |other: &Access| other.index.get(dim).and_then(|i| self.moving(i));
            let apart = |other: &&&Access| place_of(other).as_ref() != Some(&place);
            met = all.iter().find(apart)?;
        }
        Some(met)
    }

    /// An index as a step of the loop's index and a place that stays, if it
    /// is that.
    fn moving(&self, index: &Poly) -> Option<(i128, Poly)> {
        let step = index.linear_coefficient(self.round)?;
        if step == 0 || step.abs() > STEP_MAX {
            return None;
        }
        let place = index.plus(-step, &Poly::node(self.round))?;
        let stays = |v: NodeId| match self.func.node(v) {
            Node::Proj { of, .. } => !self.inside.contains(of),
            _ => !self.inside.contains(&v),
        };
        let is_fixed = place.nodes().all(stays);
        is_fixed.then_some((step, place))
    }

    /// An access as text: `y[i + 1, ..]`, with `i` for the index of the loop.
    fn describe(&self, access: &Access) -> String {
        let index: Vec<String> = access.index.iter().map(|p| self.poly(p)).collect();
        let what = if access.is_store { "a store" } else { "a load" };
        format!(
            "{what} of {}[{}]",
            self.func.array_name(access.array),
            index.join(", ")
        )
    }

    /// An index as text, `..` for what has no name.
    fn poly(&self, index: &Poly) -> String {
        let mut text = String::new();
        for (nodes, factor) in index.terms() {
            let names: Option<Vec<&str>> = nodes.iter().map(|&v| self.name(v)).collect();
            let Some(names) = names else {
                return "..".to_owned();
            };
            let sign = match (text.is_empty(), factor < 0) {
                (true, false) => "",
                (true, true) => "-",
                (false, false) => " + ",
                (false, true) => " - ",
            };
            text.push_str(sign);
            let size = factor.unsigned_abs();
            if size != 1 || names.is_empty() {
                text.push_str(&size.to_string());
                text.push_str(if names.is_empty() { "" } else { " * " });
            }
            text.push_str(&names.join(" * "));
        }
        match text.is_empty() {
            true => "0".to_owned(),
            false => text,
        }
    }

    fn name(&self, id: NodeId) -> Option<&str> {
        match self.func.node(id) {
            _ if id == self.round => Some("i"),
            Node::Param(index) => Some(&self.func.params()[*index as usize].name),
            _ => None,
        }
    }
}
