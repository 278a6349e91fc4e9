//! What stands behind `kiln::axis` when a kernel calls it: loops over the
//! lanes of a view, each of which is one reduction.
//!
//! Along the last dimension the elements of a lane lie side by side, and each
//! lane is a `reduce` of the language. Along any other one they lie apart, but
//! those of neighbouring lanes side by side, so there some lanes are reduced
//! at once (`Columns`), in the same shape.

use super::companion::companion;
use super::reduce::{self, Element, Reduction, Step};
use super::{Arr, Body, Elem, Grid, Plain, Slice, Val};
use crate::axis::{NO_AXIS, Ordinal, SHAPE};
use crate::element::{Number, Real};
use crate::math::Unary;
use kiln_ir::{ArrayRef, Combine, FaultKind, Interval, Layout, NodeId, Op, Scalar};

/// A local array of which a function has one of each type: its calls use it
/// one after the other, and each fills it before it reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Table {
    /// What a step finds in each lane, by its number.
    Total(usize),
    /// The virtual lanes of a block.
    Sums,
    /// The blocks that wait.
    Done,
}

/// An array of one dimension or more, by indices that are `i64`.
pub trait Spread<'b> {
    /// The type of its elements.
    type Elem: Plain;
    /// The number of dimensions.
    const RANK: usize;
    /// How long a dimension is.
    fn long(&self, dim: usize) -> Val<'b, i64>;
    /// An element, guarded.
    fn read(&self, index: &[Val<'b, i64>]) -> Val<'b, Self::Elem>;
    /// Writes an element, guarded.
    fn write(&self, index: &[Val<'b, i64>], value: Val<'b, Self::Elem>);
}

impl<'b, T: Plain> Spread<'b> for Slice<'b, T> {
    type Elem = T;
    const RANK: usize = 1;

    fn long(&self, _: usize) -> Val<'b, i64> {
        self.len_index()
    }

    fn read(&self, index: &[Val<'b, i64>]) -> Val<'b, T> {
        self.read_index(index[0].id())
    }

    fn write(&self, index: &[Val<'b, i64>], value: Val<'b, T>) {
        self.write_index(index[0].id(), value);
    }
}

impl<'b, T: Plain + Elem, const N: usize> Spread<'b> for Arr<'b, [T; N]> {
    type Elem = T;
    const RANK: usize = 1;

    fn long(&self, dim: usize) -> Val<'b, i64> {
        self.as_slice().long(dim)
    }

    fn read(&self, index: &[Val<'b, i64>]) -> Val<'b, T> {
        self.as_slice().read(index)
    }

    fn write(&self, index: &[Val<'b, i64>], value: Val<'b, T>) {
        self.as_slice().write(index, value);
    }
}

impl<'b, T: Plain, const N: usize> Spread<'b> for Grid<'b, T, N> {
    type Elem = T;
    const RANK: usize = N;

    fn long(&self, dim: usize) -> Val<'b, i64> {
        self.long_of(dim)
    }

    fn read(&self, index: &[Val<'b, i64>]) -> Val<'b, T> {
        self.read_index(std::array::from_fn(|dim| index[dim].id()))
    }

    fn write(&self, index: &[Val<'b, i64>], value: Val<'b, T>) {
        self.write_index(std::array::from_fn(|dim| index[dim].id()), value);
    }
}

/// A reduction of a view along an axis.
struct Along<'b, 'r, A, O> {
    body: &'b Body,
    reduction: &'r Reduction,
    a: A,
    axis: usize,
    out: O,
    /// The number of elements of a lane.
    len: NodeId,
}

impl Body {
    fn along<'b, A: Spread<'b>, O: Spread<'b>>(
        &'b self,
        reduction: &Reduction,
        a: A,
        axis: Val<'b, usize>,
        out: O,
    ) {
        let known = self.as_const(axis.id()).and_then(|axis| axis.as_int());
        let axis = match known {
            Some(axis) if (0..A::RANK as i128).contains(&axis) => axis as usize,
            _ => {
                let never = self.lit(false);
                self.guard(FaultKind::Assert, never.id(), NO_AXIS, &[]);
                return;
            }
        };
        let along = Along {
            body: self,
            reduction,
            len: a.long(axis).id(),
            a,
            axis,
            out,
        };
        along.check();
        along.build();
    }

    /// A loop over `lo..hi`, of indices that are not negative.
    fn counted(&self, lo: NodeId, hi: NodeId, round: impl FnOnce(NodeId)) {
        let (index, _) = self.open(|func| func.begin_for(&[]));
        let most = (self.range(hi).hi - 1).max(0);
        self.set_range(index, Interval { lo: 0, hi: most });
        round(index);
        self.close(|func| func.end_for(lo, hi, 1, &[], &[]));
    }

    /// How many parts of `size`, a power of two, a length has; of none one.
    fn parts(&self, len: NodeId, size: i64) -> NodeId {
        let (one, by) = (self.i64(1), self.i64(size.trailing_zeros().into()));
        let last = self.op(Op::Sub, &[self.op(Op::Max, &[len, one]), one]);
        self.op(Op::Add, &[self.op(Op::Shr, &[last, by]), one])
    }

    fn table(&self, table: Table, scalar: Scalar, len: i64) -> ArrayRef {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let made = state.tables.entry((table, scalar));
        *made.or_insert_with(|| state.func.local(scalar, len as u32))
    }

    fn get(&self, table: ArrayRef, at: NodeId) -> NodeId {
        let after = self.guard_index(table, &[at]);
        self.with(|func| func.load_as(table, &[at], after, 1))
    }

    fn put(&self, table: ArrayRef, at: NodeId, value: NodeId) {
        self.guard_index(table, &[at]);
        self.with(|func| func.store(table, &[at], value));
    }
}

impl<'b, A: Spread<'b>, O: Spread<'b>> Along<'b, '_, A, O> {
    /// The dimensions but the axis.
    fn others(&self) -> impl Iterator<Item = usize> + use<'b, A, O> {
        let axis = self.axis;
        (0..A::RANK).filter(move |&dim| dim != axis)
    }

    /// The shape of the result, and that there is an element where one has
    /// to be.
    fn check(&self) {
        let body = self.body;
        let is_one_less = body.lit(A::RANK == O::RANK + 1).id();
        body.guard(FaultKind::Assert, is_one_less, SHAPE, &[]);
        for (to, from) in self.others().enumerate().take(O::RANK) {
            let lengths = [self.a.long(from).id(), self.out.long(to).id()];
            let is_same = body.op(Op::Eq, &lengths);
            body.guard(FaultKind::Assert, is_same, SHAPE, &[]);
        }
        if self.reduction.needs_some {
            body.guard_some(self.len);
        }
    }

    fn build(&self) {
        let last = A::RANK - 1;
        let mut index = Vec::new();
        if A::RANK != O::RANK + 1 {
            return;
        }
        if self.axis == last || self.body.layout == Layout::Strided {
            return self.each_lane(&mut index);
        }
        let across = self.a.long(last).id();
        let is_wide = self.body.op(Op::Ge, &[across, self.body.i64(WIDE)]);
        let is_short = self.body.op(Op::Le, &[self.len, self.body.i64(LEN_MAX)]);
        let is_wide = self.body.op(Op::And, &[is_wide, is_short]);
        let mut branch = self.body.begin_if(Val::new(self.body, is_wide));
        self.columns(&mut index);
        branch.begin_else();
        self.each_lane(&mut index);
        branch.end();
    }

    /// Reduces one lane after the other; `index` is that of the loops around.
    fn each_lane(&self, index: &mut Vec<Val<'b, i64>>) {
        let body = self.body;
        let Some(dim) = self.others().nth(index.len()) else {
            let steps = self.reduction.steps;
            let value = body.reduce(steps, self.len, |at| self.element(index, at));
            return self.store(index, value);
        };
        let len = self.a.long(dim).id();
        body.counted(body.i64(0), len, |at| {
            index.push(Val::new(body, at));
            self.each_lane(index);
            index.pop();
        });
    }

    /// Reduces some neighbouring lanes at once.
    fn columns(&self, index: &mut Vec<Val<'b, i64>>) {
        let body = self.body;
        let others: Vec<usize> = self.others().collect();
        let dim = others[index.len()];
        let len = self.a.long(dim).id();
        if index.len() + 1 < others.len() {
            return body.counted(body.i64(0), len, |at| {
                index.push(Val::new(body, at));
                self.columns(index);
                index.pop();
            });
        }
        body.counted(body.i64(0), body.parts(len, WIDTH), |part| {
            let first = body.op(Op::Mul, &[part, body.i64(WIDTH)]);
            let left = body.op(Op::Sub, &[len, first]);
            let count = body.op(Op::Min, &[left, body.i64(WIDTH)]);
            Columns {
                along: self,
                outer: index,
                first,
                count,
            }
            .build();
        });
    }

    fn element(&self, others: &[Val<'b, i64>], at: NodeId) -> NodeId {
        let mut index = others.to_vec();
        index.insert(self.axis, Val::new(self.body, at));
        self.a.read(&index).id()
    }

    fn store(&self, index: &[Val<'b, i64>], value: NodeId) {
        let scalar = super::array::scalar_of::<O::Elem>();
        let value = self.body.cast_id(scalar, value);
        self.out.write(index, Val::new(self.body, value));
    }
}

/// Lanes that are reduced at once.
const WIDTH: i64 = 64;
/// From how many lanes on that is done: as many as a block of a vector loop
/// has.
const WIDE: i64 = 16;
/// Elements of a block of the shape `tree`.
const BLOCK: i64 = 1024;
/// Blocks that wait to be combined: one for each digit of their number.
const DIGITS: i64 = 18;
/// Elements that need no more of them.
const LEN_MAX: i64 = BLOCK << DIGITS;

/// Neighbouring lanes, reduced row by row: a row has an element of each.
///
/// What is found in each of them stands in local arrays. Sums and products of
/// floats take the shape `tree` there, as [`kiln_ir::tree`] has it; anything
/// else combines in any order.
struct Columns<'b, 'r, 'x, A, O> {
    along: &'x Along<'b, 'r, A, O>,
    /// The index in the dimensions but the axis and the last one.
    outer: &'x [Val<'b, i64>],
    /// The first lane, and how many there are.
    first: NodeId,
    count: NodeId,
}

impl<'b, A: Spread<'b>, O: Spread<'b>> Columns<'b, '_, '_, A, O> {
    fn body(&self) -> &'b Body {
        self.along.body
    }

    fn build(&self) {
        let (body, along) = (self.body(), self.along);
        let elements = super::array::scalar_of::<A::Elem>();
        let mut found: Option<ArrayRef> = None;
        let steps = along.reduction.steps;
        for (number, step) in steps.iter().enumerate() {
            let scalar = step.combined(elements);
            let total = body.table(Table::Total(number), scalar, WIDTH);
            self.combine(step, scalar, found, total);
            let is_last = number + 1 == steps.len();
            self.each(|lane| {
                let before = found.map(|found| body.get(found, lane));
                let value = step.then(body, body.get(total, lane), along.len, before);
                match is_last {
                    true => along.store(&self.index(lane), value),
                    false => body.put(total, lane, value),
                }
            });
            found = Some(total);
        }
    }

    /// A loop over the lanes.
    fn each(&self, round: impl FnOnce(NodeId)) {
        let body = self.body();
        body.counted(body.i64(0), self.count, round);
    }

    /// The index of a lane.
    fn index(&self, lane: NodeId) -> Vec<Val<'b, i64>> {
        let body = self.body();
        let last = body.op(Op::Add, &[self.first, lane]);
        let mut index = self.outer.to_vec();
        index.push(Val::new(body, last));
        index
    }

    /// What the element of a lane gives to a step.
    fn term(&self, step: &Step, row: NodeId, lane: NodeId, found: Option<ArrayRef>) -> NodeId {
        let body = self.body();
        let element = Element {
            x: self.along.element(&self.index(lane), row),
            index: row,
            len: self.along.len,
        };
        let found = found.map(|found| body.get(found, lane));
        step.term(body, &element, found)
    }

    /// Combines what the elements of each lane give into `total`.
    fn combine(&self, step: &Step, scalar: Scalar, found: Option<ArrayRef>, total: ArrayRef) {
        let is_ordered =
            scalar.is_float() && matches!(step.combine, Combine::Sum | Combine::Product);
        match is_ordered {
            true => self.tree(step, scalar, found, total),
            false => self.in_any_order(step, scalar, found, total),
        }
    }

    fn in_any_order(&self, step: &Step, scalar: Scalar, found: Option<ArrayRef>, total: ArrayRef) {
        let body = self.body();
        let identity = body.constant(step.combine.identity(scalar));
        self.each(|lane| body.put(total, lane, identity));
        body.counted(body.i64(0), self.along.len, |row| {
            self.each(|lane| {
                let value = self.term(step, row, lane, found);
                let value = body.op(step.combine.op(), &[body.get(total, lane), value]);
                body.put(total, lane, value);
            });
        });
    }

    fn tree(&self, step: &Step, scalar: Scalar, found: Option<ArrayRef>, total: ArrayRef) {
        let (body, len) = (self.body(), self.along.len);
        let identity = body.constant(step.combine.identity(scalar));
        let lanes = if scalar.bytes() == 8 { 16 } else { 32 };
        let sums = body.table(Table::Sums, scalar, lanes * WIDTH);
        let done = body.table(Table::Done, scalar, DIGITS * WIDTH);
        self.each(|lane| body.put(total, lane, identity));
        body.counted(body.i64(0), body.parts(len, BLOCK), |block| {
            body.counted(body.i64(0), body.i64(lanes * WIDTH), |at| {
                body.put(sums, at, identity);
            });
            let from = body.op(Op::Mul, &[block, body.i64(BLOCK)]);
            let to = body.op(Op::Add, &[from, body.i64(BLOCK)]);
            let to = body.op(Op::Min, &[to, len]);
            body.counted(from, to, |row| {
                let virtual_lane = body.op(Op::And, &[row, body.i64(lanes - 1)]);
                let from = body.op(Op::Mul, &[virtual_lane, body.i64(WIDTH)]);
                self.each(|lane| {
                    let at = body.op(Op::Add, &[from, lane]);
                    let value = self.term(step, row, lane, found);
                    let value = body.op(step.combine.op(), &[body.get(sums, at), value]);
                    body.put(sums, at, value);
                });
            });
            self.fold(step.combine, sums, lanes, total);
            self.count_up(step.combine, block, done, total);
        });
        self.last_to_first(step.combine, done, total);
    }

    /// Folds the virtual lanes of a block in halves.
    fn fold(&self, combine: Combine, sums: ArrayRef, lanes: i64, total: ArrayRef) {
        let body = self.body();
        self.each(|lane| {
            let value = |virtual_lane| {
                let from = body.i64(virtual_lane * WIDTH);
                body.get(sums, body.op(Op::Add, &[lane, from]))
            };
            let mut values: Vec<NodeId> = (0..lanes).map(value).collect();
            while values.len() > 1 {
                let high = values.split_off(values.len() / 2);
                let pairs = values.iter().zip(&high);
                values = pairs
                    .map(|(&low, &high)| body.op(combine.op(), &[low, high]))
                    .collect();
            }
            body.put(total, lane, values[0]);
        });
    }

    /// Combines blocks like the digits of a binary counter: of the blocks
    /// before, those that end in as many as the number of this one has ones
    /// at its end.
    fn count_up(&self, combine: Combine, block: NodeId, done: ArrayRef, total: ArrayRef) {
        let body = self.body();
        let ones = body.op(Op::Ctz, &[body.op(Op::Not, &[block])]);
        let waiting = body.op(Op::Popcount, &[block]);
        body.counted(body.i64(0), ones, |digit| {
            let top = body.op(Op::Sub, &[waiting, digit]);
            let top = body.op(Op::Sub, &[top, body.i64(1)]);
            self.join(combine, done, top, total);
        });
        let top = body.op(Op::Sub, &[waiting, ones]);
        let from = body.op(Op::Mul, &[top, body.i64(WIDTH)]);
        self.each(|lane| {
            let at = body.op(Op::Add, &[from, lane]);
            body.put(done, at, body.get(total, lane));
        });
    }

    /// Combines the blocks that wait, from the last to the first, which is
    /// where the total of the last one stands.
    fn last_to_first(&self, combine: Combine, done: ArrayRef, total: ArrayRef) {
        let body = self.body();
        let waiting = body.op(Op::Popcount, &[body.parts(self.along.len, BLOCK)]);
        body.counted(body.i64(1), waiting, |digit| {
            let top = body.op(Op::Sub, &[waiting, digit]);
            let top = body.op(Op::Sub, &[top, body.i64(1)]);
            self.join(combine, done, top, total);
        });
    }

    /// Puts what waits at a digit before the total.
    fn join(&self, combine: Combine, done: ArrayRef, digit: NodeId, total: ArrayRef) {
        let body = self.body();
        let from = body.op(Op::Mul, &[digit, body.i64(WIDTH)]);
        self.each(|lane| {
            let at = body.op(Op::Add, &[from, lane]);
            let values = [body.get(done, at), body.get(total, lane)];
            body.put(total, lane, body.op(combine.op(), &values));
        });
    }
}

/// Reductions along an axis: what the elements of the array and of the result
/// are.
macro_rules! along {
    ($($name:ident $table:ident [$($generics:tt)*] [$($wanted:tt)*];)*) => {$(
        companion!($name);

        impl $name {
            #[doc(hidden)]
            pub fn __build<'b, $($generics)*>(
                body: &'b Body,
                a: A,
                axis: Val<'b, usize>,
                out: O,
            ) where $($wanted)* {
                body.along(&reduce::$table, a, axis, out);
            }
        }
    )*};
    (same: $($name:ident $table:ident [$($bound:tt)*];)*) => {
        along! {$(
            $name $table [A: Spread<'b>, O: Spread<'b, Elem = A::Elem>] [A::Elem: $($bound)*];
        )*}
    };
    (ordinal: $($name:ident $table:ident;)*) => {
        along! {$(
            $name $table [A: Spread<'b>, O: Spread<'b>] [A::Elem: Number, O::Elem: Ordinal];
        )*}
    };
}

along! {
    same:
    sum SUM [Number];
    product PRODUCT [Number];
    min MIN [Number];
    max MAX [Number];
    mean MEAN [Real];
    var VAR [Real];
    std_dev STD_DEV [Real];
    logsumexp LOGSUMEXP [Real + Unary];
}

along! {
    ordinal:
    argmin ARGMIN;
    argmax ARGMAX;
}

along! {
    any ANY [A: Spread<'b, Elem = bool>, O: Spread<'b, Elem = bool>] [];
    all ALL [A: Spread<'b, Elem = bool>, O: Spread<'b, Elem = bool>] [];
    count COUNT [A: Spread<'b, Elem = bool>, O: Spread<'b>] [O::Elem: Ordinal];
}
