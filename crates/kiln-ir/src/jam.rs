//! Unroll and jam: several rounds of the loop around a loop, as one strip.
//!
//! ```text
//! for l in ..  { for j in .. { c[j] = c[j] + a[l] * b[l, j] } }
//! becomes, for two rounds of the loop over l at once,
//! for l in .. by 2 { for j in .. { c[j] = (c[j] + a[l] * b[l, j]) + a[l + 1] * b[l + 1, j] } }
//! ```
//! What every round loads and stores anew stays in a register, and each element
//! sees the same operations in the same order (Allen and Kennedy, Optimizing
//! Compilers for Modern Architectures, 2001, section 8.6).

use crate::builder::FuncBuilder;
use crate::func::{ArrayRef, Func, Node, NodeId};
use crate::rewrite::{Rewrite, copy_region};
use crate::schedule::Schedule;
use crate::strip::{
    Inside, Places, Row, Strip, StripInput, add_row, constant_rounds, fresh, index_in_strip, needed,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// How the loop of a strip takes several rounds of the loop around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Jam {
    /// The loop inside, whose rounds are those of the strip.
    pub inner: NodeId,
    /// Rounds of the loop around.
    pub rounds: u16,
}

/// The indices of the accesses in the loop `inner` that change with the loop
/// `around` it, as the accesses.
///
/// # Panics
/// When they are no counted loops.
pub fn moved_by(
    func: &Func,
    schedule: &Schedule,
    around: NodeId,
    inner: NodeId,
    accesses: impl IntoIterator<Item = NodeId>,
) -> FxHashSet<NodeId> {
    let between = Between::of(func, schedule, around, inner);
    let moves = |access: &NodeId| match func.node(*access) {
        Node::Load { index, .. } | Node::Store { index, .. } => between.reaches(func, index),
        _ => false,
    };
    accesses.into_iter().filter(moves).collect()
}

/// What runs in a loop, but not in the one inside of it.
struct Between {
    around: Inside,
    inner: Inside,
}

impl Between {
    fn of(func: &Func, schedule: &Schedule, around: NodeId, inner: NodeId) -> Between {
        let inside = |node| match *func.node(node) {
            Node::For { body, .. } => Inside::of(func, schedule, body),
            _ => panic!("{node} is no counted loop"),
        };
        Between {
            around: inside(around),
            inner: inside(inner),
        }
    }

    fn holds(&self, func: &Func, id: NodeId) -> bool {
        self.around.holds(func, id) && !self.inner.holds(func, id)
    }

    /// Whether values are made of what runs here.
    fn reaches(&self, func: &Func, values: &[NodeId]) -> bool {
        let mut pending = values.to_vec();
        let mut seen = FxHashSet::default();
        while let Some(id) = pending.pop() {
            if self.holds(func, id) {
                return true;
            }
            if self.inner.holds(func, id) && seen.insert(id) {
                func.for_each_operand(id, |v| pending.push(v));
            }
        }
        false
    }
}

/// The strip of `rounds` rounds of the loop `around` at once, whose only
/// effect is the loop `inner`. `rows` and `places` are those of `inner`.
/// Where `inner` writes, `around` does not move, and each round loads at most
/// once there, before it stores once.
///
/// # Panics
/// When they are no counted loops, or an access has no place.
pub fn jam(
    func: &Func,
    schedule: &Schedule,
    (around, inner): (NodeId, NodeId),
    rounds: u16,
    rows: &[Row],
    places: &Places,
) -> Strip {
    let Node::For { body, .. } = *func.node(inner) else {
        panic!("{inner} is no counted loop");
    };
    let between = Between::of(func, schedule, around, inner);
    let moved = moved_by(func, schedule, around, inner, rows.iter().map(|r| r.access));
    let mut b = FuncBuilder::new(format!("{}.{around}.{inner}", func.name()));
    let mut inputs = Vec::new();
    let mut arrays: Vec<Vec<ArrayRef>> = Vec::with_capacity(rounds.into());
    for round in 0..rounds {
        let mut of_round = Vec::with_capacity(rows.len());
        for (number, row) in rows.iter().enumerate() {
            let shared = arrays.first().filter(|_| !moved.contains(&row.access));
            of_round.push(match shared {
                Some(first) => first[number],
                None => {
                    inputs.push(StripInput::Row(Row { round, ..*row }));
                    add_row(&mut b, func, row)
                }
            });
        }
        arrays.push(of_round);
    }
    let needed = needed(func, body, places, &between.inner);
    let mut maps = vec![vec![None; func.node_count()]; rounds.into()];
    for id in (0..func.node_count()).map(NodeId::new) {
        let is_const = matches!(func.node(id), Node::Const(_));
        if !needed[id.index()] || is_const || between.inner.holds(func, id) {
            continue;
        }
        let own = between.holds(func, id);
        for round in 0..rounds {
            if round > 0 && !own {
                maps[usize::from(round)][id.index()] = maps[0][id.index()];
                continue;
            }
            let name = fresh(b.func(), &format!("v{}", inputs.len()));
            let param = b.scalar_param(name, func.ty(id).scalar);
            maps[usize::from(round)][id.index()] = Some(param);
            inputs.push(StripInput::Value { node: id, round });
        }
    }
    let lo = b.i64(0);
    let hi = match arrays.first().and_then(|first| first.first()) {
        Some(&first) => b.len(first, 0),
        None => lo,
    };
    let (index, _) = b.begin_for(&[]);
    let mut jammer = Jammer {
        needed,
        rows,
        places,
        arrays: &[],
        index,
        stored: FxHashMap::default(),
        is_last: false,
    };
    for (round, mut map) in maps.into_iter().enumerate() {
        map[func.region(body).args[0].index()] = Some(index);
        for (&load, &(row, _)) in places {
            if let (Node::Load { .. }, Some(&value)) = (func.node(load), jammer.stored.get(&row)) {
                map[load.index()] = Some(value);
                jammer.needed[load.index()] = false;
            }
        }
        jammer.arrays = &arrays[round];
        jammer.is_last = round + 1 == usize::from(rounds);
        copy_region(&mut b, func, schedule, body, map, &mut jammer);
    }
    b.end_for(lo, hi, 1, &[], &[]);
    Strip {
        node: around,
        func: b.finish(&[]),
        inputs,
        block: None,
        shows_order: false,
        rounds: constant_rounds(func, inner),
        jam: Some(Jam { inner, rounds }),
    }
}

struct Jammer<'a> {
    needed: Vec<bool>,
    rows: &'a [Row],
    places: &'a Places,
    /// Those of the round that is copied, by row.
    arrays: &'a [ArrayRef],
    index: NodeId,
    /// What the round before has stored, by row.
    stored: FxHashMap<usize, NodeId>,
    /// Whether the last round is copied, the one that stores.
    is_last: bool,
}

impl Rewrite for Jammer<'_> {
    fn wants(&mut self, old: NodeId) -> bool {
        self.needed[old.index()]
    }

    fn place(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        map: &[Option<NodeId>],
    ) -> Option<(ArrayRef, Vec<NodeId>)> {
        let &(row, offset) = self.places.get(&old)?;
        let at = index_in_strip(b, &self.rows[row], offset, self.index, map);
        Some((self.arrays[row], at))
    }

    fn store(&mut self, old: NodeId, value: NodeId) -> bool {
        if let Some(&(row, _)) = self.places.get(&old) {
            self.stored.insert(row, value);
        }
        self.is_last
    }
}
