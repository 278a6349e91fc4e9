//! Widening: from a loop over rows to a loop over blocks of rows.
//!
//! Each value of the body is uniform (the same for all rows: it stays a
//! scalar outside of the loop and is splat where it is used), linear (the
//! index) or varying (a vector). A load whose index is a vector is a gather: an
//! element for each row, with index 0 for rows that do not want it. A side of a condition that varies is skipped
//! only where it costs more than asking whether any lane wants it. All guards
//! come before the first store, which waits for them where it can, so that the runtime can run a block in which
//! a guard fails again, one row at a time, as if nothing had happened.

use crate::cost::{BRANCH_PRICE, region_price};
use kiln_ir::{
    ArrayRef, Const, FaultKind, Func, FuncBuilder, Node, NodeId, Op, ParamType, RegionId, Scalar,
    Schedule, Type, as_row_loop, is_even, is_lane,
};
use rustc_hash::FxHashSet;
use thiserror::Error;

/// Why a loop runs one row at a time.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NotWidened {
    /// A block of one row is the loop as it is.
    #[error("a block holds one row")]
    OneLane,
    /// The Func is more than a loop over rows.
    #[error("the function is not one loop over rows")]
    NoRowLoop,
    /// The loop was widened before.
    #[error("the loop is widened already")]
    Widened,
    /// There is a loop in the loop that rows run differently often, or a call.
    #[error("there is a loop inside each row that cannot run for many at once")]
    InnerLoop,
    /// A row checks the index of what it reads in order under a condition, or
    /// stores under the condition of a loop.
    #[error("a row checks an index under a condition, or stores in a loop that ends by one")]
    ConditionalEffect,
    /// An array is not read or written in the order of the rows.
    #[error("the array {array} is not accessed row by row")]
    Access {
        /// The name of the array.
        array: String,
    },
    /// A check comes after a store of the same row.
    #[error("a check comes after the first store of its row")]
    LateGuard,
    /// Two lanes do not make up for what is done lane by lane.
    #[error("at 128 bits it takes longer to read and write where floats say")]
    LanesApart,
    /// Two lanes do not make up for rounds of which the longest is waited for.
    #[error("at 128 bits it takes longer to wait for the longest of the loops inside")]
    Uneven,
    /// No vector is as short as the loop.
    #[error("it has {0} round(s), fewer than a vector has lanes")]
    Short(i64),
    /// A value cannot be a vector.
    #[error("{op} works on one row at a time")]
    Op {
        /// The name of the op.
        op: &'static str,
    },
}

/// The row loop of `func` over blocks of `lanes` rows.
///
/// The bounds of the loop stay as they are: the caller runs it over ranges
/// that are whole blocks. Of an array that is read where data say it sees to
/// it that element 0 can be read, even if there is none.
///
/// # Errors
/// Why the loop must run one row at a time.
pub fn widen(func: &Func, lanes: u16) -> Result<Func, NotWidened> {
    widen_carrying(func, lanes, lanes, usize::MAX)
}

/// The same for blocks of `step` rows, of which it runs as many as there are
/// lanes: those of a reduction that it is given. At most so many bytes of its
/// lanes are carried from block to block; those of further values stay in
/// memory.
pub(crate) fn widen_carrying(
    func: &Func,
    lanes: u16,
    step: u16,
    bytes_max: usize,
) -> Result<Func, NotWidened> {
    let row_loop = as_row_loop(func).ok_or(NotWidened::NoRowLoop)?;
    let Node::For {
        lanes: old_lanes,
        body,
        ..
    } = *func.node(row_loop)
    else {
        return Err(NotWidened::NoRowLoop);
    };
    if old_lanes != 1 {
        return Err(NotWidened::Widened);
    }
    if lanes < 2 {
        return Err(NotWidened::OneLane);
    }
    let waits = match check_effects(func, body, &mut Effects::default()) {
        Err(NotWidened::LateGuard) if stores_can_wait(func, body, &mut Vec::new()) => true,
        checked => checked.map(|()| false)?,
    };
    if waits {
        let mut seen = Effects {
            waits,
            ..Effects::default()
        };
        check_effects(func, body, &mut seen)?;
    }
    let mut widener = Widener {
        func,
        schedule: Schedule::of(func),
        b: FuncBuilder::new(func.name()),
        lanes,
        step,
        index: func.region(body).args[0],
        mask: None,
        masked_guards: FxHashSet::default(),
        waiting: waits.then(Vec::new),
        carried: carried_lanes(func, body, lanes, bytes_max),
        map: vec![None; func.node_count()],
        results: vec![Vec::new(); func.node_count()],
    };
    widener.b.reserve(func.node_count());
    widener.add_params();
    widener.region(func.body())?;
    Ok(widener.b.finish(&[]))
}

/// What the effects of a row were, so far.
#[derive(Default)]
struct Effects {
    stored: bool,
    checked: bool,
    /// Whether stores that stand in no loop inside wait for the checks.
    waits: bool,
}

/// Whether the stores of a row can wait until all of it is checked: they stand
/// in no loop inside, and the row does not read afterwards what they write.
/// `stored` is what was stored before. Recurses on the nesting of regions,
/// which is limited.
fn stores_can_wait(func: &Func, region: RegionId, stored: &mut Vec<ArrayRef>) -> bool {
    for &id in &func.region(region).effects {
        match *func.node(id) {
            Node::Store { array, .. } => stored.push(array),
            Node::Load { array, .. } if stored.contains(&array) => return false,
            Node::Load { .. } | Node::Guard { .. } => {}
            Node::If {
                then, otherwise, ..
            } => {
                // A row runs one of them.
                let mut other = stored.clone();
                if !stores_can_wait(func, then, stored)
                    || !stores_can_wait(func, otherwise, &mut other)
                {
                    return false;
                }
                stored.extend(other);
            }
            _ if func.regions_of(id).any(|r| touches(func, r, stored)) => return false,
            _ => {}
        }
    }
    true
}

/// Whether something in a region stores, or loads what was stored. Recurses on
/// the nesting of regions, which is limited.
fn touches(func: &Func, region: RegionId, stored: &[ArrayRef]) -> bool {
    let mut effects = func.region(region).effects.iter();
    effects.any(|&id| match func.node(id) {
        Node::Load { array, .. } => stored.contains(array),
        Node::Guard { .. } => false,
        Node::If { .. } | Node::For { .. } | Node::While { .. } => {
            func.regions_of(id).any(|r| touches(func, r, stored))
        }
        _ => true,
    })
}

/// Checks the order and the kind of what has effects in a row, or in a part
/// of it. Recurses on the nesting of regions, which is limited.
fn check_effects(func: &Func, body: RegionId, seen: &mut Effects) -> Result<(), NotWidened> {
    for &id in &func.region(body).effects {
        match func.node(id) {
            Node::Guard { .. } | Node::While { .. } if seen.stored => {
                return Err(NotWidened::LateGuard);
            }
            Node::Guard { .. } => seen.checked = true,
            Node::Load { .. } => {}
            Node::Store { .. } => seen.stored |= !seen.waits,
            // Rows that do not want a side load and store what they have.
            Node::If {
                then, otherwise, ..
            } => {
                for side in [*then, *otherwise] {
                    let inside = check_part(func, side, seen, seen.waits)?;
                    seen.stored |= inside.stored;
                    seen.checked |= inside.checked;
                }
            }
            Node::While { cond, body, .. } => {
                seen.checked = true;
                check_masked(func, *cond)?;
                check_masked(func, *body)?;
            }
            // It runs until no row is left, as a `while` does.
            Node::For { lo, hi, .. } if !is_even(func, *lo, *hi) && seen.stored => {
                return Err(NotWidened::LateGuard);
            }
            Node::For { lo, hi, body, .. } => {
                let inside = check_part(func, *body, seen, false)?;
                // What a round checks comes after what the one before stored.
                if inside.checked && inside.stored {
                    return Err(NotWidened::LateGuard);
                }
                seen.stored |= inside.stored;
                seen.checked |= inside.checked || !is_even(func, *lo, *hi);
            }
            _ => return Err(NotWidened::InnerLoop),
        }
    }
    Ok(())
}

/// Checks a side of an `if` or the body of a loop.
fn check_part(
    func: &Func,
    part: RegionId,
    seen: &Effects,
    waits: bool,
) -> Result<Effects, NotWidened> {
    let mut inside = Effects {
        stored: seen.stored,
        checked: false,
        waits,
    };
    check_effects(func, part, &mut inside)?;
    Ok(inside)
}

/// Checks what has effects for some of the rows alone. Recurses on the
/// nesting of regions, which is limited.
fn check_masked(func: &Func, region: RegionId) -> Result<(), NotWidened> {
    for &id in &func.region(region).effects {
        match func.node(id) {
            Node::While { cond, body, .. } => {
                check_masked(func, *cond)?;
                check_masked(func, *body)?;
            }
            Node::If {
                then, otherwise, ..
            } => {
                check_masked(func, *then)?;
                check_masked(func, *otherwise)?;
            }
            Node::For { body, .. } => check_masked(func, *body)?,
            Node::Guard { .. } | Node::Load { .. } => {}
            Node::Reduce { .. } => return Err(NotWidened::InnerLoop),
            _ => return Err(NotWidened::ConditionalEffect),
        }
    }
    Ok(())
}

/// Where an access stands.
enum Place {
    /// For the first row of the block, and how many elements it touches: one per
    /// row, along the last dimension, where its last index is that of the rows
    /// or lies so many rows before or behind it; one for all rows where no
    /// index varies.
    Row(Vec<NodeId>, u16),
    /// Somewhere else for each row.
    Anywhere(Vec<NodeId>),
}

/// The loads or the stores of lanes in the loop over rows.
fn lane_accesses(func: &Func, body: RegionId, stores: bool) -> Vec<(NodeId, ArrayRef)> {
    let effects = func.region(body).effects.iter();
    let lanes = effects.filter_map(|&id| match *func.node(id) {
        Node::Load {
            array, ref index, ..
        } if !stores => Some((id, array, index)),
        Node::Store {
            array, ref index, ..
        } if stores => Some((id, array, index)),
        _ => None,
    });
    let lanes = lanes.filter(|(_, _, index)| is_lane_of(func, index));
    lanes.map(|(id, array, _)| (id, array)).collect()
}

fn is_lane_of(func: &Func, index: &[NodeId]) -> bool {
    matches!(index, [only] if is_lane(func, *only))
}

/// The arrays of lanes that are carried from block to block: the first ones
/// that take no more than so many bytes together, and one in any case.
fn carried_lanes(func: &Func, body: RegionId, lanes: u16, bytes_max: usize) -> Vec<ArrayRef> {
    let (mut carried, mut bytes) = (Vec::new(), 0usize);
    for (_, array) in lane_accesses(func, body, false) {
        bytes += usize::from(lanes) * func.array_type(array).elem.bytes();
        if carried.is_empty() || bytes <= bytes_max {
            carried.push(array);
        }
    }
    carried
}

struct Widener<'a> {
    func: &'a Func,
    schedule: Schedule,
    b: FuncBuilder,
    lanes: u16,
    /// How many rows the loop goes on by.
    step: u16,
    /// The index of the row loop, in the old Func.
    index: NodeId,
    /// The rows that want what is being widened; `None` for all.
    mask: Option<NodeId>,
    /// The guards of indices, in the new Func, that hold for some of the rows
    /// alone.
    masked_guards: FxHashSet<NodeId>,
    /// The stores of the row that wait until all of it is checked: array, index
    /// and value; `None` where stores do not wait.
    waiting: Option<Vec<(ArrayRef, Vec<NodeId>, NodeId)>>,
    /// The arrays of lanes that are carried from block to block.
    carried: Vec<ArrayRef>,
    /// The new node for an old one; the first row of the block for the index.
    map: Vec<Option<NodeId>>,
    /// The new results of each structured node.
    results: Vec<Vec<NodeId>>,
}

impl Widener<'_> {
    fn add_params(&mut self) {
        for param in self.func.params() {
            match param.ty {
                ParamType::Scalar(scalar) => {
                    self.b.scalar_param(param.name.clone(), scalar);
                }
                ParamType::Array(ty) => {
                    self.b.array_param(param.name.clone(), ty);
                }
            }
        }
        for local in self.func.locals() {
            self.b.local(local.elem, local.len);
        }
    }

    /// Widens what runs in a region; gives what it yields. Recurses on the
    /// nesting of regions, which is limited.
    fn region(&mut self, region: RegionId) -> Result<Vec<NodeId>, NotWidened> {
        for at in 0..self.schedule.nodes(region).len() {
            let id = self.schedule.nodes(region)[at];
            self.node(id)?;
        }
        let yields = &self.func.region(region).yields;
        Ok(yields.iter().map(|&v| self.value(v)).collect())
    }

    /// The new value of an old one: a scalar if it is uniform.
    fn value(&mut self, old: NodeId) -> NodeId {
        match self.func.node(old) {
            Node::Const(value) => self.b.constant(*value),
            Node::Param(index) => self.b.param(*index),
            Node::Proj { of, index } => self.results[of.index()][*index as usize],
            _ => {
                let Some(new) = self.map[old.index()] else {
                    unreachable!("{old} is widened before its users")
                };
                if old == self.index {
                    self.rows(new)
                } else {
                    new
                }
            }
        }
    }

    /// The indices of the rows of the block that begins at `first`.
    fn rows(&mut self, first: NodeId) -> NodeId {
        let ty = Type::vector(Scalar::I64, self.lanes);
        let first = self.b.splat(self.lanes, first);
        let steps = self.b.op_as(Op::Iota, &[], Some(ty));
        self.b.op(Op::Add, &[first, steps])
    }

    /// The value in every lane.
    fn vector(&mut self, value: NodeId) -> NodeId {
        if self.b.ty(value).is_vector() {
            value
        } else {
            self.b.splat(self.lanes, value)
        }
    }

    fn node(&mut self, id: NodeId) -> Result<(), NotWidened> {
        let func = self.func;
        let new = match func.node(id) {
            Node::Param(_) | Node::Const(_) | Node::Proj { .. } | Node::Arg { .. } => return Ok(()),
            Node::Op { op, args } => self.op(id, *op, args)?,
            Node::Len { array, dim } => self.b.len(*array, *dim),
            Node::Load { array, index, .. } | Node::Store { array, index, .. }
                if is_lane_of(func, index) =>
            {
                if !self.carried.contains(array) {
                    self.lanes_in_memory(id);
                }
                return Ok(());
            }
            Node::Load {
                array,
                index,
                after,
            } => {
                let after = after.and_then(|g| self.map[g.index()]);
                match self.place(index) {
                    // Rows that do not want it might read beyond the array.
                    Place::Row(..) if after.is_some_and(|g| self.masked_guards.contains(&g)) => {
                        return Err(NotWidened::ConditionalEffect);
                    }
                    Place::Row(at, lanes) => self.b.load_as(*array, &at, after, lanes),
                    Place::Anywhere(at) => self.gather(*array, at, after),
                }
            }
            Node::Store {
                array,
                index,
                value,
            } => {
                let at = match self.place(index) {
                    Place::Row(at, lanes) if lanes == self.lanes => at,
                    // Lane by lane, in their order.
                    Place::Anywhere(at) if self.mask.is_none() => at,
                    _ => {
                        let array = self.name(*array);
                        return Err(NotWidened::Access { array });
                    }
                };
                let value = self.value(*value);
                let mut value = self.vector(value);
                let waits =
                    |(to, place, _): &(ArrayRef, Vec<NodeId>, NodeId)| to == array && *place == at;
                let same = self.waiting.as_ref().and_then(|w| w.iter().position(waits));
                if let Some(mask) = self.mask {
                    // Rows that do not store it keep what they have.
                    let before = match (&self.waiting, same) {
                        (Some(waiting), Some(same)) => waiting[same].2,
                        _ => self.b.load_as(*array, &at, None, self.lanes),
                    };
                    value = self.b.select(mask, value, before);
                }
                match (&mut self.waiting, same) {
                    (Some(waiting), Some(same)) => waiting[same].2 = value,
                    (Some(waiting), None) => waiting.push((*array, at, value)),
                    (None, _) => self.b.store(*array, &at, value),
                }
                return Ok(());
            }
            Node::Guard { cond, fault, .. } => {
                let cond = self.value(*cond);
                let cond = self.where_wanted(cond);
                let kind = func.fault(*fault).kind;
                let fault = self.b.fault(func.fault(*fault).clone());
                // The row that fails reports, when it runs alone.
                let guard = self.b.guard(cond, fault, &[]);
                if self.mask.is_some() && kind == FaultKind::Index {
                    self.masked_guards.insert(guard);
                }
                guard
            }
            Node::If {
                cond,
                then,
                otherwise,
            } => {
                let sides = [*then, *otherwise];
                let is_pure = |side: &RegionId| func.region(*side).effects.is_empty();
                self.results[id.index()] = match sides.iter().all(is_pure) {
                    true => self.choice(*cond, *then, *otherwise)?,
                    false => self.both_sides(*cond, sides)?,
                };
                return Ok(());
            }
            Node::For { lo, hi, body, .. } if func.region(*body).args[0] == self.index => {
                return self.row_loop(*lo, *hi, *body);
            }
            Node::For {
                lo, hi, init, body, ..
            } => {
                let bounds = [*lo, *hi].map(|v| self.value(v));
                let is_even = bounds.iter().all(|&v| !self.b.ty(v).is_vector());
                self.results[id.index()] = match is_even {
                    true => self.inner_loop(bounds, init, *body)?,
                    false => self.masked_for(id, bounds, init, *body)?,
                };
                return Ok(());
            }
            Node::While { init, cond, body } => {
                self.results[id.index()] = self.masked_while(id, init, *cond, *body)?;
                return Ok(());
            }
            _ => return Err(NotWidened::InnerLoop),
        };
        self.map[id.index()] = Some(new);
        Ok(())
    }

    /// The loop over blocks. The lanes of a reduction, one per row of a block,
    /// are carried from block to block instead of stored and loaded.
    fn row_loop(&mut self, lo: NodeId, hi: NodeId, body: RegionId) -> Result<(), NotWidened> {
        let (lo, hi) = (self.value(lo), self.value(hi));
        let zero = self.b.i64(0);
        let loads: Vec<(NodeId, ArrayRef)> = self.lane_accesses(body, false);
        let mut init = Vec::new();
        for &(_, array) in &loads {
            init.push(self.b.load_as(array, &[zero], None, self.lanes));
        }
        let (first, carried) = self.b.begin_for(&init);
        self.map[self.index.index()] = Some(first);
        for (&(load, _), &lanes) in loads.iter().zip(&carried) {
            self.map[load.index()] = Some(lanes);
        }
        self.region(body)?;
        for (array, at, value) in self.waiting.take().into_iter().flatten() {
            self.b.store(array, &at, value);
        }
        let mut next = carried;
        for (store, array) in self.lane_accesses(body, true) {
            let at = loads.iter().position(|&(_, loaded)| loaded == array);
            if let (Some(at), Node::Store { value, .. }) = (at, self.func.node(store)) {
                let value = self.value(*value);
                next[at] = self.vector(value);
            }
        }
        let last = self.b.end_for(lo, hi, self.step, &init, &next);
        for (&(_, array), lanes) in loads.iter().zip(last) {
            self.b.store(array, &[zero], lanes);
        }
        Ok(())
    }

    /// Loads or stores all lanes of a value that is not carried. A block that
    /// fails a check may have stored some before: the call ends with it.
    fn lanes_in_memory(&mut self, id: NodeId) {
        let zero = self.b.i64(0);
        match *self.func.node(id) {
            Node::Load { array, .. } => {
                self.map[id.index()] = Some(self.b.load_as(array, &[zero], None, self.lanes));
            }
            Node::Store { array, value, .. } => {
                let value = self.value(value);
                let value = self.vector(value);
                self.b.store(array, &[zero], value);
            }
            _ => unreachable!("{id} is an access"),
        }
    }

    /// The loads or the stores of carried lanes in the loop over rows.
    fn lane_accesses(&self, body: RegionId, stores: bool) -> Vec<(NodeId, ArrayRef)> {
        let mut lanes = lane_accesses(self.func, body, stores);
        lanes.retain(|(_, array)| self.carried.contains(array));
        lanes
    }

    /// A `while` that runs until no row is left. Rows that are done keep what
    /// is read afterwards; the rest of them may hold anything.
    fn masked_while(
        &mut self,
        id: NodeId,
        init: &[NodeId],
        cond: RegionId,
        body: RegionId,
    ) -> Result<Vec<NodeId>, NotWidened> {
        let mut first = Vec::with_capacity(init.len() + 1);
        for &value in init {
            let value = self.value(value);
            first.push(self.vector(value));
        }
        let go_on = self.goes_on(cond, &first)?;
        let wanted = match self.mask {
            Some(outer) => self.b.op(Op::And, &[outer, go_on]),
            None => go_on,
        };
        first.push(wanted);
        let asked = self.b.begin_while(&first);
        let any = self.b.op(Op::Any, &asked[init.len()..]);
        let (test, carried) = self.b.begin_do(any);
        let (carried, mask) = carried.split_at(init.len());
        let outer = self.mask.replace(mask[0]);
        for (&arg, &value) in self.func.region(body).args.iter().zip(carried) {
            self.map[arg.index()] = Some(value);
        }
        let yields = self.region(body)?;
        let mut next = Vec::with_capacity(first.len());
        for (index, (value, &before)) in yields.into_iter().zip(carried).enumerate() {
            let value = self.vector(value);
            next.push(match self.is_read_after(id, index) {
                true => self.next_where(mask[0], value, before),
                false => value,
            });
        }
        let go_on = self.goes_on(cond, &next)?;
        next.push(self.b.op(Op::And, &[mask[0], go_on]));
        self.mask = outer;
        let mut results = self.b.end_while(test, &first, &next);
        results.truncate(init.len());
        Ok(results)
    }

    /// A counted loop that rows run differently often: until no row is left.
    /// The index is carried, for each row; it cannot overflow where it counts.
    fn masked_for(
        &mut self,
        id: NodeId,
        [lo, hi]: [NodeId; 2],
        init: &[NodeId],
        body: RegionId,
    ) -> Result<Vec<NodeId>, NotWidened> {
        check_masked(self.func, body)?;
        let (lo, hi) = (self.vector(lo), self.vector(hi));
        let mut first = vec![lo];
        for &value in init {
            let value = self.value(value);
            first.push(self.vector(value));
        }
        let go_on = self.b.op(Op::Lt, &[lo, hi]);
        first.push(match self.mask {
            Some(outer) => self.b.op(Op::And, &[outer, go_on]),
            None => go_on,
        });
        let last = first.len() - 1;
        let asked = self.b.begin_while(&first);
        let any = self.b.op(Op::Any, &asked[last..]);
        let (test, carried) = self.b.begin_do(any);
        let mask = carried[last];
        let outer = self.mask.replace(mask);
        for (&arg, &value) in self.func.region(body).args.iter().zip(&carried) {
            self.map[arg.index()] = Some(value);
        }
        let yields = self.region(body)?;
        let one = self.b.i64(1);
        let one = self.vector(one);
        let index = self.b.op(Op::Add, &[carried[0], one]);
        let mut next = vec![index];
        for (nth, (value, &before)) in yields.into_iter().zip(&carried[1..]).enumerate() {
            let value = self.vector(value);
            next.push(match self.is_read_after(id, nth) {
                true => self.next_where(mask, value, before),
                false => value,
            });
        }
        let go_on = self.b.op(Op::Lt, &[index, hi]);
        next.push(self.b.op(Op::And, &[mask, go_on]));
        self.mask = outer;
        let results = self.b.end_while(test, &first, &next);
        Ok(results[1..last].to_vec())
    }

    /// Which rows go on with these carried values.
    fn goes_on(&mut self, cond: RegionId, carried: &[NodeId]) -> Result<NodeId, NotWidened> {
        for (&arg, &value) in self.func.region(cond).args.iter().zip(carried) {
            self.map[arg.index()] = Some(value);
        }
        let yields = self.region(cond)?;
        Ok(self.vector(yields[0]))
    }

    /// Whether a result of a loop is read.
    fn is_read_after(&self, id: NodeId, index: usize) -> bool {
        let index = index as u32;
        let proj = |v: NodeId| *self.func.node(v) == Node::Proj { of: id, index };
        let mut is_read = false;
        for node in (0..self.func.node_count()).map(NodeId::new) {
            if self.schedule.place(node).is_some() {
                self.func.for_each_operand(node, |v| is_read |= proj(v));
                for region in self.func.regions_of(node) {
                    is_read |= self.func.region(region).yields.iter().any(|&v| proj(v));
                }
            }
        }
        is_read
    }

    /// A condition that has to hold for the rows that want it.
    fn where_wanted(&mut self, cond: NodeId) -> NodeId {
        let Some(mask) = self.mask else {
            return cond;
        };
        let cond = self.vector(cond);
        let others = self.b.op(Op::Not, &[mask]);
        self.b.op(Op::Or, &[others, cond])
    }

    fn op(&mut self, id: NodeId, op: Op, args: &[NodeId]) -> Result<NodeId, NotWidened> {
        let mut args: Vec<NodeId> = args.iter().map(|&v| self.value(v)).collect();
        let ty = self.func.ty(id);
        if !args.iter().any(|&v| self.b.ty(v).is_vector()) {
            return Ok(self.b.op_as(op, &args, Some(ty)));
        }
        if op == Op::Powi {
            return Err(NotWidened::Op { op: op.name() });
        }
        if let Some((factor, shifts)) = self.sum_of_shifts(id) {
            let x = self.value(factor);
            let x = self.vector(x);
            return Ok(self.shifted_sum(x, ty.scalar, shifts));
        }
        for arg in &mut args {
            *arg = self.vector(*arg);
        }
        Ok(self.b.op_as(op, &args, Some(ty.with_lanes(self.lanes))))
    }

    /// The factor of a product of 64-bit integers with a constant of one or two
    /// bits, and which. Vectors of them have no product of one instruction
    /// below AVX-512.
    fn sum_of_shifts(&self, id: NodeId) -> Option<(NodeId, [Option<u64>; 2])> {
        let Node::Op { op: Op::Mul, args } = self.func.node(id) else {
            return None;
        };
        if !matches!(self.func.ty(id).scalar, Scalar::I64 | Scalar::U64) {
            return None;
        }
        (0..2).find_map(|factor| {
            let bits = self.func.as_const(args[1 - factor])?.bits();
            let low = u64::from(bits.trailing_zeros());
            let rest = bits & bits.wrapping_sub(1);
            let high = (rest != 0).then(|| u64::from(rest.trailing_zeros()));
            matches!(bits.count_ones(), 1 | 2).then_some((args[factor], [Some(low), high]))
        })
    }

    /// `x * 2^a + x * 2^b`: integers wrap, so this is the product.
    fn shifted_sum(&mut self, x: NodeId, scalar: Scalar, shifts: [Option<u64>; 2]) -> NodeId {
        let mut sum = None;
        for shift in shifts.into_iter().flatten() {
            let term = match shift {
                0 => x,
                _ => {
                    let by = self.b.constant(Const::from_bits(scalar, shift));
                    let by = self.vector(by);
                    self.b.op(Op::Shl, &[x, by])
                }
            };
            sum = Some(match sum {
                None => term,
                Some(sum) => self.b.op(Op::Add, &[sum, term]),
            });
        }
        sum.unwrap_or(x)
    }

    /// The next value of a carried one where a mask says so: of a sum with it
    /// the other term is left out where it does not.
    fn next_where(&mut self, mask: NodeId, value: NodeId, before: NodeId) -> NodeId {
        let ty = self.b.ty(value);
        if let Node::Op { op: Op::Add, args } = self.b.func().node(value)
            && ty.scalar.is_int()
            && let Some(other) = (0..2).find(|&i| args[1 - i] == before)
        {
            let term = args[other];
            let nothing = self.b.constant_of(ty, Const::zero(ty.scalar));
            let term = self.b.select(mask, term, nothing);
            return self.b.op(Op::Add, &[before, term]);
        }
        self.b.select(mask, value, before)
    }

    fn name(&self, array: ArrayRef) -> String {
        match array {
            ArrayRef::Param(index) => self.func.params()[index as usize].name.clone(),
            ArrayRef::Local(index) => format!("l{index}"),
        }
    }

    /// Where an access stands.
    fn place(&mut self, index: &[NodeId]) -> Place {
        let mut at = Vec::with_capacity(index.len());
        let mut lanes = 1;
        for (dim, &i) in index.iter().enumerate() {
            let first = match self.first_row(i) {
                Some(first) if dim + 1 == index.len() => {
                    lanes = self.lanes;
                    first
                }
                _ => self.value(i),
            };
            if self.b.ty(first).is_vector() {
                return Place::Anywhere(index.iter().map(|&i| self.value(i)).collect());
            }
            at.push(first);
        }
        let is_of_row = |&i: &NodeId| {
            matches!(self.func.node(i), Node::Arg { .. }) || self.func.as_const(i).is_some()
        };
        // An index that is data may be outside where no row wants it.
        if self.mask.is_some() && lanes == 1 && !index.iter().all(is_of_row) {
            return Place::Anywhere(at);
        }
        Place::Row(at, lanes)
    }

    /// An element for each row; element 0 for those that do not want it.
    fn gather(&mut self, array: ArrayRef, mut at: Vec<NodeId>, after: Option<NodeId>) -> NodeId {
        if let Some(mask) = self.mask {
            let zero = self.b.i64(0);
            let zero = self.vector(zero);
            for index in &mut at {
                let wanted = self.vector(*index);
                *index = self.b.select(mask, wanted, zero);
            }
        }
        self.b.load_as(array, &at, after, self.lanes)
    }

    /// An index for the first row of the block, if it is that of the rows, or
    /// a constant away from it.
    fn first_row(&mut self, at: NodeId) -> Option<NodeId> {
        let first = self.map[self.index.index()]?;
        if at == self.index {
            return Some(first);
        }
        match self.func.node(at) {
            Node::Op { op: Op::Add, args } if args[0] == self.index => {
                let distance = self.func.as_const(args[1])?;
                let distance = self.b.constant(distance);
                Some(self.b.op(Op::Add, &[first, distance]))
            }
            _ => None,
        }
    }

    /// A counted loop in a row, which all rows run equally often that want it.
    /// Where none does, it has no rounds.
    fn inner_loop(
        &mut self,
        [lo, mut hi]: [NodeId; 2],
        init: &[NodeId],
        body: RegionId,
    ) -> Result<Vec<NodeId>, NotWidened> {
        if let Some(mask) = self.mask {
            let any = self.b.op(Op::Any, &[mask]);
            hi = self.b.select(any, hi, lo);
        }
        let mut first = Vec::with_capacity(init.len());
        for &value in init {
            let value = self.value(value);
            first.push(self.vector(value));
        }
        let (index, carried) = self.b.begin_for(&first);
        let args = &self.func.region(body).args;
        for (&arg, value) in args.iter().zip([index].iter().chain(&carried)) {
            self.map[arg.index()] = Some(*value);
        }
        let mut next = self.region(body)?;
        for value in &mut next {
            *value = self.vector(*value);
        }
        Ok(self.b.end_for(lo, hi, 1, &first, &next))
    }

    /// An `if` whose sides are pure.
    fn choice(
        &mut self,
        cond: NodeId,
        then: RegionId,
        otherwise: RegionId,
    ) -> Result<Vec<NodeId>, NotWidened> {
        let cond = self.value(cond);
        if !self.b.ty(cond).is_vector() {
            let (yes, no) = (self.region(then)?, self.region(otherwise)?);
            let (yes, no) = self.alike(yes, no);
            return Ok(self.branch(cond, &yes, &no));
        }
        let dear = |region| region_price(self.func, &self.schedule, region) > BRANCH_PRICE;
        let (then_is_dear, else_is_dear) = (dear(then), dear(otherwise));
        let other = self.b.op(Op::Not, &[cond]);
        let (yes_wanted, yes) = self.side(cond, then)?;
        let (no_wanted, no) = self.side(other, otherwise)?;
        let yes: Vec<NodeId> = yes.into_iter().map(|v| self.vector(v)).collect();
        let no: Vec<NodeId> = no.into_iter().map(|v| self.vector(v)).collect();
        Ok(match (then_is_dear, else_is_dear) {
            (false, false) => self.selects(cond, &yes, &no),
            (true, false) => {
                let mixed = self.selects(cond, &yes, &no);
                self.where_any(yes_wanted, &mixed, &no)
            }
            (false, true) => {
                let mixed = self.selects(cond, &yes, &no);
                self.where_any(no_wanted, &mixed, &yes)
            }
            (true, true) => {
                let nothing = self.zeros(&yes);
                let yes = self.where_any(yes_wanted, &yes, &nothing);
                let no = self.where_any(no_wanted, &no, &nothing);
                self.selects(cond, &yes, &no)
            }
        })
    }

    /// An `if` whose sides have effects: both run, one after the other, each
    /// for the rows that want it.
    fn both_sides(
        &mut self,
        cond: NodeId,
        [then, otherwise]: [RegionId; 2],
    ) -> Result<Vec<NodeId>, NotWidened> {
        let cond = self.value(cond);
        let cond = self.vector(cond);
        let other = self.b.op(Op::Not, &[cond]);
        let (_, yes) = self.side(cond, then)?;
        let (_, no) = self.side(other, otherwise)?;
        let yes: Vec<NodeId> = yes.into_iter().map(|v| self.vector(v)).collect();
        let no: Vec<NodeId> = no.into_iter().map(|v| self.vector(v)).collect();
        Ok(self.selects(cond, &yes, &no))
    }

    /// Widens one side of an `if` for the rows in `mask`; gives which rows
    /// want it, of those that want the `if` at all, and what it yields.
    /// Pure nodes float, so that the schedule sinks them into the branch that
    /// uses them.
    fn side(
        &mut self,
        mask: NodeId,
        region: RegionId,
    ) -> Result<(NodeId, Vec<NodeId>), NotWidened> {
        let wanted = match self.mask {
            Some(outer) => self.b.op(Op::And, &[outer, mask]),
            None => mask,
        };
        let outer = self.mask.replace(wanted);
        let yields = self.region(region);
        self.mask = outer;
        Ok((wanted, yields?))
    }

    /// The values as vectors wherever one of a pair is.
    fn alike(&mut self, mut yes: Vec<NodeId>, mut no: Vec<NodeId>) -> (Vec<NodeId>, Vec<NodeId>) {
        for (x, y) in yes.iter_mut().zip(&mut no) {
            if self.b.ty(*x) != self.b.ty(*y) {
                (*x, *y) = (self.vector(*x), self.vector(*y));
            }
        }
        (yes, no)
    }

    fn selects(&mut self, cond: NodeId, yes: &[NodeId], no: &[NodeId]) -> Vec<NodeId> {
        yes.iter()
            .zip(no)
            .map(|(&x, &y)| self.b.select(cond, x, y))
            .collect()
    }

    fn zeros(&mut self, like: &[NodeId]) -> Vec<NodeId> {
        like.iter()
            .map(|&v| {
                let ty = self.b.ty(v);
                self.b.constant_of(ty, Const::zero(ty.scalar))
            })
            .collect()
    }

    /// `if any(mask) { yes } else { no }`.
    fn where_any(&mut self, mask: NodeId, yes: &[NodeId], no: &[NodeId]) -> Vec<NodeId> {
        let any = self.b.op(Op::Any, &[mask]);
        self.branch(any, yes, no)
    }

    fn branch(&mut self, cond: NodeId, yes: &[NodeId], no: &[NodeId]) -> Vec<NodeId> {
        self.b.begin_if();
        let then = self.b.begin_else(yes);
        self.b.end_if(cond, then, no)
    }
}
