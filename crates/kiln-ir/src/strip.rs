//! Strips: a loop cut out of a Func, as a Func of its own.
//!
//! The Func keeps the loop. Code for it runs the strip for as many whole
//! blocks of rounds as there are, and the loop itself for what is left. So a
//! strip is widened and compiled like any loop over rows, and the loop around
//! it knows of vectors no more than that there is something to call.
//!
//! A strip takes what its loop does not compute: values that do not change
//! from round to round, and *rows*, the elements of an array that the index of
//! the loop walks over. Where a row begins is for its caller to find out, from
//! one access: at the address that this access would have in round 0. An array
//! that is read where data say is taken whole.
//!
//! A strip of a reduction combines what its rounds yield into *lanes*, in turn:
//! round `first + i` into lane `i % lanes`. The caller has filled them with the
//! identity, or with what an earlier call has left there, and joins them.

use crate::builder::FuncBuilder;
use crate::constant::Const;
use crate::func::{ArrayRef, Combine, FaultId, Func, Node, NodeId, RegionId, Shape};
use crate::jam::Jam;
use crate::op::Op;
use crate::rewrite::{Rewrite, copy_region};
use crate::schedule::Schedule;
use crate::types::{Access, ArrayType, Layout, Scalar};
use rustc_hash::FxHashMap;

/// A loop of a Func, cut out.
#[derive(Clone, Debug)]
pub struct Strip {
    /// The loop in the Func that is made by calling it.
    pub node: NodeId,
    /// The loop over its rounds: one parameter per input, and no result.
    pub func: Func,
    /// What its parameters are given.
    pub inputs: Vec<StripInput>,
    /// Rounds of a block, where that is not free to choose.
    pub block: Option<u16>,
    /// Whether an order shows in what its lanes come to: then it runs for one
    /// block of the shape at a time, and may do some of the lanes after others.
    pub shows_order: bool,
    /// How many rounds its loop has, where that is constant.
    pub rounds: Option<i64>,
    /// Where its rounds are those of the loop inside, for several rounds of
    /// this one.
    pub jam: Option<Jam>,
}

/// For each access in a loop its row, and which element of it in round 0.
pub type Places = FxHashMap<NodeId, (usize, i64)>;

/// What a parameter of a strip is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StripInput {
    /// A value that is computed before the loop.
    Value {
        /// It.
        node: NodeId,
        /// In which of the rounds of the loop around that run at once.
        round: u16,
    },
    /// A row.
    Row(Row),
    /// An array of the Func, whole: the loop reads it where data say, or writes
    /// it there, and never both. Where it is empty, its parameter is given
    /// memory of which element 0 can be read: that is what a round reads that
    /// does not want to.
    Array(ArrayRef),
    /// The lanes of one of the values of a reduction, so many bytes behind the
    /// first ones.
    Lanes {
        /// How many.
        at: usize,
    },
    /// The first round that it is called for.
    First,
}

/// The elements of an array that the index of a loop walks over.
///
/// Where accesses stand in counted loops inside of that loop, they may move
/// with those, too: a row is then a table, with a dimension for each of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// One of the accesses that make it, a load or a store of the Func.
    pub access: NodeId,
    /// Which element of the row this access touches in round 0.
    pub offset: i64,
    /// How far the elements lie apart.
    pub walk: Walk,
    /// The indices of the counted loops inside that it moves with, too, from
    /// the outermost.
    pub inner: [Option<NodeId>; INNER_MAX],
    /// Whether the loop writes it.
    pub is_written: bool,
    /// Of which of the rounds of the loop around that run at once it is.
    pub round: u16,
}

/// The most loops inside of a loop that a row of it moves with.
pub const INNER_MAX: usize = 2;

impl Row {
    /// The indices of the loops inside that it moves with.
    pub fn inner(&self) -> impl Iterator<Item = NodeId> {
        self.inner.into_iter().flatten()
    }

    /// Its dimensions, in the strip.
    pub fn rank(&self) -> usize {
        let still = self.walk == Walk::Still && self.inner().next().is_some();
        self.inner().count() + usize::from(!still)
    }

    /// How it lies in memory, in the strip. Elements side by side do so in its
    /// last dimension, and then its extent there is how far the rows before it
    /// lie apart.
    pub fn layout(&self) -> Layout {
        match (self.walk, self.inner().count()) {
            (Walk::Unit, 0 | 1) | (Walk::Still, 0) => Layout::Contiguous,
            _ => Layout::Strided,
        }
    }
}

/// How far the elements of a row lie apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Walk {
    /// It is one element, the same in every round.
    Still,
    /// Side by side.
    Unit,
    /// As far as the access moves from one round to the next.
    Strided,
}

/// What a loop accesses, for a strip of it.
#[derive(Clone, Copy, Debug)]
pub struct Accesses<'a> {
    /// Its rows.
    pub rows: &'a [Row],
    /// For each access in it, which of the rows it touches, and which element
    /// of it in round 0.
    pub places: &'a Places,
    /// The arrays that accesses without a place read or write.
    pub whole: &'a [(ArrayRef, Access)],
}

/// Cuts the counted loop or the reduction `node` out of `func`.
///
/// # Panics
/// When `node` is neither, or an access in it has neither a place nor its array
/// whole.
pub fn cut(func: &Func, schedule: &Schedule, node: NodeId, accesses: Accesses<'_>) -> Strip {
    let Accesses {
        rows,
        places,
        whole,
    } = accesses;
    let (Node::For { body, .. } | Node::Reduce { body, .. }) = *func.node(node) else {
        panic!("{node} is no counted loop")
    };
    let mut b = FuncBuilder::new(format!("{}.{node}", func.name()));
    let arrays: Vec<ArrayRef> = rows.iter().map(|r| add_row(&mut b, func, r)).collect();
    let mut inputs: Vec<StripInput> = rows.iter().copied().map(StripInput::Row).collect();
    let whole = whole.iter().map(|&(array, access)| {
        inputs.push(StripInput::Array(array));
        (array, add_whole(&mut b, func, array, access))
    });
    let whole: Vec<(ArrayRef, ArrayRef)> = whole.collect();
    let inside = Inside::of(func, schedule, body);
    let needed = needed(func, body, places, &inside);
    let mut map = vec![None; func.node_count()];
    for id in (0..func.node_count()).map(NodeId::new) {
        let is_const = matches!(func.node(id), Node::Const(_));
        if needed[id.index()] && !is_const && !inside.holds(func, id) {
            let name = fresh(b.func(), &format!("v{}", inputs.len()));
            map[id.index()] = Some(b.scalar_param(name, func.ty(id).scalar));
            inputs.push(StripInput::Value { node: id, round: 0 });
        }
    }
    let reduced = func.reduced(node);
    let lanes = Shape::common_lanes(&reduced);
    let lanes = lanes.map(|count| Lanes::add(&mut b, &mut inputs, count, &reduced));
    let lo = b.i64(0);
    let hi = match arrays.first() {
        Some(&first) => b.len(first, 0),
        None => lo,
    };
    let (index, _) = b.begin_for(&[]);
    map[func.region(body).args[0].index()] = Some(index);
    let mut cutter = Cutter {
        needed,
        rows,
        arrays: &arrays,
        places,
        whole: &whole,
        guards: Guards::before(func, body),
        index,
    };
    let yields = copy_region(&mut b, func, schedule, body, map, &mut cutter);
    if let Some(lanes) = &lanes {
        lanes.join(&mut b, index, &yields);
    }
    b.end_for(lo, hi, 1, &[], &[]);
    Strip {
        node,
        func: b.finish(&[]),
        inputs,
        block: lanes.map(|lanes| lanes.count),
        shows_order: reduced
            .iter()
            .any(|&(combine, scalar)| !combine.is_free(scalar)),
        rounds: constant_rounds(func, node),
        jam: None,
    }
}

/// How many rounds a counted loop or a reduction has, where that is constant.
pub fn constant_rounds(func: &Func, node: NodeId) -> Option<i64> {
    let (Node::For { lo, hi, .. } | Node::Reduce { lo, hi, .. }) = *func.node(node) else {
        return None;
    };
    let [lo, hi] = [lo, hi].map(|v| func.as_const(v)?.as_int());
    i64::try_from(hi? - lo?).ok().map(|rounds| rounds.max(0))
}

/// Where the lanes of each value of a reduction begin, in bytes behind those of
/// the first one, and how many bytes all take.
pub fn lanes_at(count: u16, values: &[(Combine, Scalar)]) -> (Vec<usize>, usize) {
    let mut end = 0;
    let size = |scalar: Scalar| usize::from(count) * scalar.bytes();
    let begin = |&(_, scalar): &(Combine, Scalar)| {
        end += size(scalar);
        end - size(scalar)
    };
    let places = values.iter().map(begin).collect();
    (places, end)
}

/// The lanes of a reduction.
struct Lanes {
    /// Those of each value.
    values: Vec<(ArrayRef, Combine)>,
    first: NodeId,
    count: u16,
}

impl Lanes {
    fn add(
        b: &mut FuncBuilder,
        inputs: &mut Vec<StripInput>,
        count: u16,
        reduced: &[(Combine, Scalar)],
    ) -> Lanes {
        let mut values = Vec::new();
        for (&(combine, scalar), at) in reduced.iter().zip(lanes_at(count, reduced).0) {
            inputs.push(StripInput::Lanes { at });
            let array = b.array_param(fresh(b.func(), "lanes"), ArrayType::slice_mut(scalar));
            values.push((array, combine));
        }
        inputs.push(StripInput::First);
        Lanes {
            values,
            first: b.scalar_param(fresh(b.func(), "first"), Scalar::I64),
            count,
        }
    }

    /// Combines the values of a round into their lane.
    fn join(&self, b: &mut FuncBuilder, index: NodeId, values: &[NodeId]) {
        let round = b.op(Op::Sub, &[index, self.first]);
        let mask = b.constant(Const::i64(i64::from(self.count) - 1));
        let lane = b.op(Op::And, &[round, mask]);
        for (&(array, combine), &value) in self.values.iter().zip(values) {
            let before = b.load(array, &[lane]);
            let after = b.op(combine.op(), &[before, value]);
            b.store(array, &[lane], after);
        }
    }
}

/// Whether the index of an access in a strip is that of a lane: it goes round
/// from the first round on.
pub fn is_lane(func: &Func, index: NodeId) -> bool {
    let is_round = |id: NodeId| match func.node(id) {
        Node::Op { op: Op::Sub, args } => {
            let (from, first) = (func.node(args[0]), func.node(args[1]));
            matches!(from, Node::Arg { index: 0, .. }) && matches!(first, Node::Param(_))
        }
        _ => false,
    };
    match func.node(index) {
        Node::Op { op: Op::And, args } => is_round(args[0]) && func.as_const(args[1]).is_some(),
        _ => false,
    }
}

/// The loop of a strip, before it is widened and after: of what the strip does
/// itself, all but loads and stores.
pub fn strip_loop(func: &Func) -> Option<NodeId> {
    let body = func.region(func.body());
    let mut others = body
        .effects
        .iter()
        .copied()
        .filter(|&id| !matches!(func.node(id), Node::Load { .. } | Node::Store { .. }));
    match (others.next(), others.next()) {
        (Some(only), None) if body.yields.is_empty() => {
            matches!(func.node(only), Node::For { .. }).then_some(only)
        }
        _ => None,
    }
}

/// How many rounds of the loop of a strip run at once: of one that carries
/// lanes, as many as it carries, else those that it goes on by.
pub fn rounds_at_once(func: &Func, strip_loop: NodeId) -> u16 {
    match func.node(strip_loop) {
        Node::For { lanes, init, .. } => init.first().map_or(*lanes, |&v| func.ty(v).lanes),
        _ => 1,
    }
}

/// Whether a counted loop in a strip is equally long in all rounds: its bounds
/// are then given to the strip.
pub fn is_even(func: &Func, lo: NodeId, hi: NodeId) -> bool {
    let is_given = |v| {
        matches!(
            func.node(v),
            Node::Const(_) | Node::Param(_) | Node::Len { .. }
        )
    };
    is_given(lo) && is_given(hi)
}

/// The array of an access.
fn array_of(func: &Func, access: NodeId) -> ArrayRef {
    match *func.node(access) {
        Node::Load { array, .. } | Node::Store { array, .. } => array,
        _ => panic!("{access} is no access"),
    }
}

/// Adds the parameter for a row.
pub(crate) fn add_row(b: &mut FuncBuilder, func: &Func, row: &Row) -> ArrayRef {
    let array = array_of(func, row.access);
    let ty = ArrayType {
        elem: func.array_type(array).elem,
        rank: row.rank() as u8,
        access: match row.is_written {
            true => Access::Mut,
            false => Access::Read,
        },
        layout: row.layout(),
    };
    b.array_param(array_name(func, b.func(), array), ty)
}

/// Adds the parameter for an array that is taken whole.
fn add_whole(b: &mut FuncBuilder, func: &Func, array: ArrayRef, access: Access) -> ArrayRef {
    let ty = ArrayType {
        access,
        ..func.array_type(array)
    };
    b.array_param(array_name(func, b.func(), array), ty)
}

/// The guards that hold where a load stands. In a strip an array that may be
/// written elsewhere is only read, so its loads float there, and have to name
/// the guard that they stand behind.
#[derive(Default)]
struct Guards {
    /// The last guard before each load and each guard.
    before: FxHashMap<NodeId, NodeId>,
    /// The new guard for an old one.
    made: FxHashMap<NodeId, NodeId>,
}

impl Guards {
    fn before(func: &Func, body: RegionId) -> Guards {
        let mut guards = Guards::default();
        guards.region(func, body, None);
        guards
    }

    /// Recurses on the nesting of regions, which is limited.
    fn region(&mut self, func: &Func, region: RegionId, mut last: Option<NodeId>) {
        for &id in &func.region(region).effects {
            let is_guard = matches!(func.node(id), Node::Guard { .. });
            if let Some(last) = last
                && (is_guard || matches!(func.node(id), Node::Load { .. }))
            {
                self.before.insert(id, last);
            }
            if is_guard {
                last = Some(id);
            }
            for inner in func.regions_of(id) {
                self.region(func, inner, last);
            }
        }
    }

    /// The last guard before a load, of those that were made.
    fn of(&self, load: NodeId) -> Option<NodeId> {
        let mut at = load;
        loop {
            at = *self.before.get(&at)?;
            if let Some(&made) = self.made.get(&at) {
                return Some(made);
            }
        }
    }
}

/// The name of an array.
fn array_name(func: &Func, strip: &Func, array: ArrayRef) -> String {
    match array {
        ArrayRef::Param(index) => fresh(strip, &func.params()[index as usize].name),
        ArrayRef::Local(index) => fresh(strip, &format!("l{index}")),
    }
}

/// A name, with underscores until no parameter has it.
pub(crate) fn fresh(strip: &Func, name: &str) -> String {
    let mut name = name.to_owned();
    while strip.params().iter().any(|p| p.name == name) {
        name.push('_');
    }
    name
}

/// What runs in a loop.
pub(crate) struct Inside(Vec<bool>);

impl Inside {
    pub(crate) fn of(func: &Func, schedule: &Schedule, body: RegionId) -> Inside {
        let mut inside = vec![false; func.node_count()];
        for region in schedule.inside(func, [body]) {
            let args = func.region(region).args.iter();
            for &id in args.chain(schedule.nodes(region)) {
                inside[id.index()] = true;
            }
        }
        Inside(inside)
    }

    pub(crate) fn holds(&self, func: &Func, id: NodeId) -> bool {
        match func.node(id) {
            Node::Proj { of, .. } => self.0[of.index()],
            _ => self.0[id.index()],
        }
    }
}

/// What the effects of a loop need, but not to say where their accesses are.
pub(crate) fn needed(func: &Func, body: RegionId, places: &Places, inside: &Inside) -> Vec<bool> {
    let mut needed = vec![false; func.node_count()];
    let mut pending: Vec<NodeId> = Vec::new();
    let mut regions = vec![body];
    loop {
        while let Some(region) = regions.pop() {
            let region = func.region(region);
            pending.extend(region.effects.iter().chain(&region.yields));
        }
        let Some(id) = pending.pop() else {
            return needed;
        };
        if std::mem::replace(&mut needed[id.index()], true) || !inside.holds(func, id) {
            continue;
        }
        regions.extend(func.regions_of(id));
        match func.node(id) {
            Node::Load { index, after, .. } => {
                if !places.contains_key(&id) {
                    pending.extend(&index[..]);
                }
                // A guard before the loop holds by the time the loop runs.
                pending.extend(after.filter(|&guard| inside.holds(func, guard)));
            }
            Node::Store { index, value, .. } => {
                if !places.contains_key(&id) {
                    pending.extend(&index[..]);
                }
                pending.push(*value);
            }
            _ => func.for_each_operand(id, |v| pending.push(v)),
        }
    }
}

struct Cutter<'a> {
    needed: Vec<bool>,
    rows: &'a [Row],
    arrays: &'a [ArrayRef],
    places: &'a Places,
    /// For each array that is taken whole the parameter for it.
    whole: &'a [(ArrayRef, ArrayRef)],
    guards: Guards,
    index: NodeId,
}

impl Rewrite for Cutter<'_> {
    fn wants(&mut self, old: NodeId) -> bool {
        self.needed[old.index()]
    }

    fn place(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        map: &[Option<NodeId>],
    ) -> Option<(ArrayRef, Vec<NodeId>)> {
        let &(number, offset) = self.places.get(&old)?;
        let at = index_in_strip(b, &self.rows[number], offset, self.index, map);
        Some((self.arrays[number], at))
    }

    fn array(&self, array: ArrayRef) -> Option<ArrayRef> {
        let mut whole = self.whole.iter();
        whole.find(|(old, _)| *old == array).map(|&(_, new)| new)
    }

    fn access(
        &mut self,
        b: &mut FuncBuilder,
        array: ArrayRef,
        _: &[NodeId],
        after: Option<NodeId>,
        old: NodeId,
    ) -> Option<NodeId> {
        match b.func().array_type(array).access {
            Access::Read => after.or_else(|| self.guards.of(old)),
            Access::Mut => after,
        }
    }

    fn guard(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        cond: NodeId,
        fault: FaultId,
        operands: &[NodeId],
    ) -> Option<NodeId> {
        let new = b.guard(cond, fault, operands);
        self.guards.made.insert(old, new);
        Some(new)
    }
}

/// The index of an access in a strip. `index` is that of its loop, and `map`
/// has those of the loops inside.
pub(crate) fn index_in_strip(
    b: &mut FuncBuilder,
    row: &Row,
    offset: i64,
    index: NodeId,
    map: &[Option<NodeId>],
) -> Vec<NodeId> {
    let mut at: Vec<NodeId> = row.inner().filter_map(|i| map[i.index()]).collect();
    match (row.walk, offset) {
        (Walk::Still, _) if !at.is_empty() => {}
        (Walk::Still, _) => at.push(b.i64(offset)),
        (_, 0) => at.push(index),
        _ => {
            let offset = b.i64(offset);
            at.push(b.op(Op::Add, &[index, offset]));
        }
    }
    at
}
