//! Slices that are parameters, and small arrays that are locals.

use super::{Body, Fresh, Plain, Ty, Val, Value};
use kiln_ir::{ArrayRef, ArrayType, Const, FaultKind, Interval, NodeId, Op, Scalar};
use std::marker::PhantomData;

/// Elements that are written one by one; more are written in a loop.
const UNROLLED_MAX: usize = 8;

/// A slice, to be read or to be written: a parameter, a part of one or of a
/// local array, a row or a column.
pub struct Slice<'b, T> {
    body: &'b Body,
    array: ArrayRef,
    line: Line,
    /// Where it begins in its line; `None` where it is all of it.
    offset: Option<NodeId>,
    /// How long it is.
    len: NodeId,
    ty: PhantomData<T>,
}

/// The elements of an array along one dimension.
#[derive(Clone, Copy)]
struct Line {
    rank: usize,
    /// The index in each dimension but that one.
    fixed: [Option<NodeId>; RANK_MAX],
}

const RANK_MAX: usize = ArrayType::RANK_MAX as usize;

impl Line {
    /// All of an array of one dimension.
    const WHOLE: Line = Line {
        rank: 1,
        fixed: [None; RANK_MAX],
    };

    /// The dimension that it lies along, if there are several.
    fn dim(&self) -> Option<usize> {
        match self.rank {
            1 => None,
            rank => self.fixed[..rank].iter().position(Option::is_none),
        }
    }

    /// The index of an element, in all dimensions.
    fn index(&self, along: NodeId) -> Vec<NodeId> {
        let fixed = &self.fixed[..self.rank];
        fixed.iter().map(|at| at.unwrap_or(along)).collect()
    }
}

impl<T> Clone for Slice<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slice<'_, T> {}

impl<T> std::fmt::Debug for Slice<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}[..{}]", self.array, self.len)
    }
}

pub(super) fn scalar_of<T: Plain>() -> Scalar {
    <T::Repr as kiln_ir::meaning::Value>::SCALAR
}

impl Body {
    pub(super) fn slice_param<T: Plain>(&self, name: &str, is_mut: bool) -> Slice<'_, T> {
        let ty = match is_mut {
            true => ArrayType::slice_mut(scalar_of::<T>()),
            false => ArrayType::slice(scalar_of::<T>()),
        };
        let array = self.with(|func| func.array_param(name, ty));
        self.state.borrow_mut().names.push(name.to_owned());
        self.whole(array)
    }

    pub(super) fn scalar_param<T: Plain>(&self, name: &str) -> Val<'_, T> {
        let id = self.with(|func| func.scalar_param(name, scalar_of::<T>()));
        self.state.borrow_mut().names.push(name.to_owned());
        Val::new(self, id)
    }

    pub(super) fn whole<T: Plain>(&self, array: ArrayRef) -> Slice<'_, T> {
        let len = self.with(|func| func.len(array, 0));
        // An object of Rust has at most `isize::MAX` bytes.
        let most = i128::from(i64::MAX) / scalar_of::<T>().bytes() as i128;
        self.set_range(len, Interval { lo: 0, hi: most });
        Slice {
            body: self,
            array,
            line: Line::WHOLE,
            offset: None,
            len,
            ty: PhantomData,
        }
    }

    /// The elements along dimension `dim` of an array of two, at `index` of
    /// the other.
    pub(super) fn line<T: Plain>(
        &self,
        array: ArrayRef,
        dim: usize,
        index: NodeId,
    ) -> Slice<'_, T> {
        let mut line = Line {
            rank: 2,
            fixed: [None; RANK_MAX],
        };
        line.fixed[1 - dim] = Some(index);
        Slice {
            body: self,
            array,
            line,
            offset: None,
            len: self.extent(array, dim),
            ty: PhantomData,
        }
    }

    /// The extent of a view in a dimension.
    pub(super) fn extent(&self, array: ArrayRef, dim: usize) -> NodeId {
        let len = self.with(|func| func.len(array, dim as u8));
        let hi = i128::from(i64::MAX);
        self.set_range(len, Interval { lo: 0, hi });
        len
    }

    fn array_name(&self, array: ArrayRef) -> String {
        match array {
            ArrayRef::Param(index) => self.state.borrow().names[index as usize].clone(),
            ArrayRef::Local(_) => "a local array".to_owned(),
        }
    }

    /// Guards an access, unless one that is over has guarded the same.
    pub(super) fn guard_index(&self, array: ArrayRef, index: &[NodeId]) -> Option<NodeId> {
        let name = self.array_name(array);
        let site = self.site();
        let key = (array, index.to_vec());
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        if let Some(guard) = state.scopes.iter().find_map(|scope| scope.get(&key)) {
            return *guard;
        }
        let guard = state.func.guard_index(array, index, &name, site);
        if let Some(scope) = state.scopes.last_mut() {
            scope.insert(key, guard);
        }
        guard
    }

    /// As [`guard_index`](Self::guard_index), by a length that is not the
    /// array's; `dim` is the dimension, if there are several.
    pub(super) fn guard_within(
        &self,
        array: ArrayRef,
        dim: Option<usize>,
        index: NodeId,
        len: NodeId,
    ) {
        let unsigned = [index, len].map(|id| self.cast_id(Scalar::U64, id));
        let is_inside = self.op(Op::Lt, &unsigned);
        let name = self.array_name(array);
        // Guards with the same fault show the same operands.
        let shown = [index, len].into_iter();
        let shown = shown.chain(dim.map(|dim| self.i64(dim as i64)));
        let shown: Vec<NodeId> = shown.collect();
        self.guard(FaultKind::Index, is_inside, &name, &shown);
    }

    fn sum(&self, a: NodeId, b: NodeId) -> NodeId {
        match self.as_const(a) == Some(Const::i64(0)) {
            true => b,
            false => self.op(Op::Add, &[a, b]),
        }
    }

    /// An element, or a part: `of[index]`.
    pub fn index<'b, A: Indexed<'b, I>, I>(&'b self, of: &A, index: I) -> A::Item {
        of.index(index)
    }

    /// `of[lo..hi]`, where either may be missing.
    pub fn part<'b, S: super::Elementwise<'b>>(
        &'b self,
        of: &S,
        lo: Option<Val<'b, usize>>,
        hi: Option<Val<'b, usize>>,
    ) -> Slice<'b, S::Element> {
        of.all().range(lo, hi)
    }

    /// `of[index] = value`.
    pub fn store<'b, A: Stored<'b, I>, I>(&'b self, of: &A, index: I, value: A::Item) {
        of.store(index, value);
    }
}

/// What can be indexed.
pub trait Indexed<'b, I> {
    /// What an index gives.
    type Item;
    /// An element, or a part.
    fn index(&self, index: I) -> Self::Item;
}

/// What can be written at an index.
pub trait Stored<'b, I>: Indexed<'b, I> {
    /// Writes an element, or a part.
    fn store(&self, index: I, value: Self::Item);
}

impl<'b, T: Plain> Slice<'b, T> {
    /// The number of elements.
    pub fn len(&self) -> Val<'b, usize> {
        Val::new(self.body, self.body.cast_id(Scalar::U64, self.len))
    }

    /// The number of elements, as an index.
    pub(super) fn len_index(&self) -> Val<'b, i64> {
        Val::new(self.body, self.len)
    }

    /// `len` elements from `start` on, which the slice has.
    pub(super) fn part(&self, start: Val<'b, i64>, len: Val<'b, i64>) -> Slice<'b, T> {
        let offset = match self.offset {
            None => start.id(),
            Some(offset) => self.body.sum(offset, start.id()),
        };
        Slice {
            offset: Some(offset),
            len: len.id(),
            ..*self
        }
    }

    /// `self[lo..hi]`; a bound that is not stated is an end of the slice.
    pub(super) fn range(
        &self,
        lo: Option<Val<'b, usize>>,
        hi: Option<Val<'b, usize>>,
    ) -> Slice<'b, T> {
        let body = self.body;
        let len = self.len();
        let last = hi.unwrap_or(len);
        let first = lo.unwrap_or_else(|| body.lit(0));
        let guard = |a: Val<'b, usize>, b: Val<'b, usize>, message: &str| {
            if body.range(a.id()).hi > body.range(b.id()).lo {
                let fits = body.op(Op::Le, &[a.id(), b.id()]);
                body.guard(FaultKind::Range, fits, message, &[a.id(), b.id()]);
            }
        };
        match (lo, hi) {
            (Some(_), None) => guard(
                first,
                len,
                "range start index {} out of range for slice of length {}",
            ),
            (Some(_), Some(_)) => {
                let starts = "range start index {} out of range for slice of length {}";
                let ends = "range end index {} out of range for slice of length {}";
                guard(first, len, starts);
                guard(last, len, ends);
                guard(first, last, "slice index starts at {} but ends at {}");
            }
            (None, Some(_)) => guard(
                last,
                len,
                "range end index {} out of range for slice of length {}",
            ),
            (None, None) => {}
        }
        let [first, last] = [first, last].map(|v| body.cast_id(Scalar::I64, v.id()));
        let count = body.op(Op::Sub, &[last, first]);
        // Behind the guards it is between 0 and the length.
        let known = body.range(self.len);
        body.set_range(count, Interval { lo: 0, ..known });
        self.part(Val::new(body, first), Val::new(body, count))
    }

    /// The elements before `mid`, and those from it on.
    pub fn split_at(&self, mid: Val<'b, usize>) -> (Slice<'b, T>, Slice<'b, T>) {
        let body = self.body;
        let fits = body.op(Op::Le, &[mid.id(), self.len().id()]);
        body.guard(FaultKind::Range, fits, "mid > len", &[]);
        let mid = Val::new(body, body.cast_id(Scalar::I64, mid.id()));
        let rest = body.op(Op::Sub, &[self.len, mid.id()]);
        let known = body.range(self.len);
        body.set_range(rest, Interval { lo: 0, ..known });
        let first = self.part(Val::new(body, body.i64(0)), mid);
        (first, self.part(mid, Val::new(body, rest)))
    }

    /// As [`split_at`](Self::split_at): slices here may be written if they
    /// may be in the source.
    pub fn split_at_mut(&self, mid: Val<'b, usize>) -> (Slice<'b, T>, Slice<'b, T>) {
        self.split_at(mid)
    }

    /// Exchanges two elements.
    pub fn swap(&self, a: Val<'b, usize>, b: Val<'b, usize>) {
        let (x, y) = (self.index(a), self.index(b));
        self.store(a, y);
        self.store(b, x);
    }

    /// Makes each element a value.
    pub fn fill(&self, value: Val<'b, T>) {
        self.each(|_| value);
    }

    /// Makes each element that of another slice, which is as long.
    pub fn copy_from_slice<S: super::Elementwise<'b, Element = T>>(&self, from: S) {
        let (body, from) = (self.body, from.all());
        let is_same = body.op(Op::Eq, &[from.len, self.len]);
        let message = "copy_from_slice: source slice length ({}) does not match destination slice \
                       length ({})";
        body.guard(FaultKind::Range, is_same, message, &[from.len, self.len]);
        self.each(|index| from.index(index));
    }

    /// Makes each element what a function of its index gives.
    fn each(&self, value: impl FnOnce(Val<'b, usize>) -> Val<'b, T>) {
        let body = self.body;
        let (index, _) = body.open(|func| func.begin_for(&[]));
        let known = body.range(self.len);
        let most = (known.hi - 1).max(0);
        body.set_range(index, Interval { lo: 0, hi: most });
        let index = Val::new(body, body.cast_id(Scalar::U64, index));
        self.store(index, value(index));
        let lo = body.i64(0);
        body.close(|func| func.end_for(lo, self.len, 1, &[], &[]));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> Val<'b, bool> {
        let zero = self.body.i64(0);
        Val::new(self.body, self.body.op(Op::Eq, &[self.len, zero]))
    }

    /// Where an element lies, guarded.
    fn place(&self, mut index: NodeId) -> (Vec<NodeId>, Option<NodeId>) {
        if let Some(offset) = self.offset {
            self.body
                .guard_within(self.array, self.line.dim(), index, self.len);
            index = self.body.sum(offset, index);
        }
        let index = self.line.index(index);
        let guard = self.body.guard_index(self.array, &index);
        (index, guard)
    }

    /// The element at an index that is an `i64`.
    pub(super) fn read_index(&self, index: NodeId) -> Val<'b, T> {
        let (index, after) = self.place(index);
        let load = |func: &mut kiln_ir::FuncBuilder| func.load_as(self.array, &index, after, 1);
        Val::new(self.body, self.body.with(load))
    }

    /// Writes the element at an index that is an `i64`.
    pub(super) fn write_index(&self, index: NodeId, value: Val<'b, T>) {
        let (index, _) = self.place(index);
        self.body
            .with(|func| func.store(self.array, &index, value.id()));
    }
}

impl<'b, T: Plain> Indexed<'b, Val<'b, usize>> for Slice<'b, T> {
    type Item = Val<'b, T>;

    fn index(&self, index: Val<'b, usize>) -> Val<'b, T> {
        self.read_index(self.body.cast_id(Scalar::I64, index.id()))
    }
}

impl<'b, T: Plain> Stored<'b, Val<'b, usize>> for Slice<'b, T> {
    fn store(&self, index: Val<'b, usize>, value: Val<'b, T>) {
        self.write_index(self.body.cast_id(Scalar::I64, index.id()), value);
    }
}

/// As a view of one dimension is indexed, too.
impl<'b, T: Plain> Indexed<'b, [Val<'b, usize>; 1]> for Slice<'b, T> {
    type Item = Val<'b, T>;

    fn index(&self, [index]: [Val<'b, usize>; 1]) -> Val<'b, T> {
        self.index(index)
    }
}

impl<'b, T: Plain> Stored<'b, [Val<'b, usize>; 1]> for Slice<'b, T> {
    fn store(&self, [index]: [Val<'b, usize>; 1], value: Val<'b, T>) {
        self.store(index, value);
    }
}

/// What an array can be made of: scalars, and arrays of such.
pub trait Elem: Ty {
    /// The scalar beneath.
    type Scalar: Plain;
    /// How many of them there are.
    const SIZE: usize;
    /// The element from this place on.
    fn load<'b>(place: Place<'b>) -> Self::Of<'b>;
    /// Writes the element from this place on.
    fn save<'b>(place: Place<'b>, value: &Self::Of<'b>);
    /// Elements as the scalars beneath, one after the other.
    fn scalars(elements: &[Self]) -> &[Self::Scalar]
    where
        Self: Sized;
}

/// A place in a local array.
#[derive(Clone, Copy, Debug)]
pub struct Place<'b> {
    body: &'b Body,
    array: ArrayRef,
    /// How many scalars the array has.
    size: usize,
    /// The index of its first scalar.
    at: NodeId,
}

/// A local array of type `A`, which is `[E; N]`, or a parameter of that type;
/// or an element of one that is an array itself.
pub struct Arr<'b, A> {
    place: Place<'b>,
    ty: PhantomData<A>,
}

impl<A> Clone for Arr<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Arr<'_, A> {}

impl<A> std::fmt::Debug for Arr<'_, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} from {}", self.place.array, self.place.at)
    }
}

impl<T: Plain> Elem for T {
    type Scalar = T;
    const SIZE: usize = 1;

    fn load<'b>(place: Place<'b>) -> Val<'b, T> {
        let Place {
            body, array, at, ..
        } = place;
        let after = body.guard_index(array, &[at]);
        Val::new(body, body.with(|f| f.load_as(array, &[at], after, 1)))
    }

    fn save<'b>(place: Place<'b>, value: &Val<'b, T>) {
        let Place {
            body, array, at, ..
        } = place;
        body.guard_index(array, &[at]);
        body.with(|func| func.store(array, &[at], value.id()));
    }

    fn scalars(elements: &[T]) -> &[T] {
        elements
    }
}

impl<E: Elem, const N: usize> Ty for [E; N] {
    type Of<'b> = Arr<'b, [E; N]>;
}

impl<E: Elem, const N: usize> Elem for [E; N] {
    type Scalar = E::Scalar;
    const SIZE: usize = E::SIZE * N;

    fn load<'b>(place: Place<'b>) -> Arr<'b, [E; N]> {
        Arr {
            place,
            ty: PhantomData,
        }
    }

    fn save<'b>(place: Place<'b>, value: &Arr<'b, [E; N]>) {
        place.each(Self::SIZE, 1, |at| {
            let from = value.place.shifted(at);
            E::Scalar::save(place.shifted(at), &E::Scalar::load(from));
        });
    }

    fn scalars(elements: &[[E; N]]) -> &[E::Scalar] {
        E::scalars(elements.as_flattened())
    }
}

impl<'b> Place<'b> {
    /// So many scalars further.
    fn shifted(self, by: NodeId) -> Place<'b> {
        Place {
            at: self.body.sum(self.at, by),
            ..self
        }
    }

    /// Does something at 0, `step`, `2 * step` and so on, `count` times: in a
    /// loop where there are many.
    fn each(self, count: usize, step: usize, work: impl Fn(NodeId)) {
        let body = self.body;
        let scaled = |index: NodeId| match step {
            1 => index,
            _ => body.op(Op::Mul, &[index, body.i64(step as i64)]),
        };
        if count <= UNROLLED_MAX {
            for index in 0..count {
                work(scaled(body.i64(index as i64)));
            }
            return;
        }
        let (index, _) = body.open(|func| func.begin_for(&[]));
        work(scaled(index));
        let (lo, hi) = (body.i64(0), body.i64(count as i64));
        body.close(|func| func.end_for(lo, hi, 1, &[], &[]));
    }
}

impl<'b, E: Elem, const N: usize> Arr<'b, [E; N]> {
    /// An array of zeros.
    fn new(body: &'b Body) -> Self {
        let len = <[E; N]>::SIZE;
        let array = body.with(|func| func.local(scalar_of::<E::Scalar>(), len as u32));
        Arr::all_of(body, array)
    }

    /// All of an array with as many scalars.
    fn all_of(body: &'b Body, array: ArrayRef) -> Self {
        Arr {
            place: Place {
                body,
                array,
                size: <[E; N]>::SIZE,
                at: body.i64(0),
            },
            ty: PhantomData,
        }
    }

    /// A parameter, which is read.
    pub(super) fn param(body: &'b Body, name: &str) -> Self {
        Arr::all_of(body, body.slice_param::<E::Scalar>(name, false).array)
    }

    /// Each element.
    pub(super) fn each(&self) -> impl Iterator<Item = E::Of<'b>> {
        let place = self.place;
        (0..N).map(move |index| {
            let by = place.body.i64((index * E::SIZE) as i64);
            E::load(place.shifted(by))
        })
    }

    /// The number of elements.
    pub fn len(&self) -> Val<'b, usize> {
        self.place.body.lit(N)
    }

    /// The place of an element, guarded.
    fn place(&self, index: Val<'b, usize>) -> Place<'b> {
        let body = self.place.body;
        let index = body.cast_id(Scalar::I64, index.id());
        // The guard of the array itself says it all then.
        let is_whole = E::SIZE == 1 && self.place.size == N;
        if !is_whole {
            body.guard_within(self.place.array, None, index, body.i64(N as i64));
        }
        let size = body.i64(E::SIZE as i64);
        let by = match E::SIZE {
            1 => index,
            _ => body.op(Op::Mul, &[index, size]),
        };
        Place {
            at: body.sum(self.place.at, by),
            ..self.place
        }
    }
}

impl<'b, E: Elem, const N: usize> Value<'b> for Arr<'b, [E; N]> {
    fn zero(body: &'b Body) -> Self {
        Arr::new(body)
    }

    fn assign(&mut self, value: Self) {
        // What is assigned may be a part of the array: copy it first.
        let copy = value.fresh();
        <[E; N]>::save(self.place, &copy);
    }

    fn push(&self, _: &mut Vec<NodeId>) {}

    fn pull(&mut self, _: &mut std::vec::IntoIter<NodeId>) {}
}

impl<'b, E: Elem, const N: usize> Fresh for Arr<'b, [E; N]> {
    fn fresh(self) -> Self {
        let copy = Arr::new(self.place.body);
        <[E; N]>::save(copy.place, &self);
        copy
    }
}

impl<T> Fresh for Slice<'_, T> {
    fn fresh(self) -> Self {
        self
    }
}

impl<'b, E: Elem, const N: usize> Indexed<'b, Val<'b, usize>> for Arr<'b, [E; N]> {
    type Item = E::Of<'b>;

    fn index(&self, index: Val<'b, usize>) -> E::Of<'b> {
        E::load(self.place(index))
    }
}

impl<'b, E: Elem, const N: usize> Stored<'b, Val<'b, usize>> for Arr<'b, [E; N]> {
    fn store(&self, index: Val<'b, usize>, value: E::Of<'b>) {
        E::save(self.place(index), &value);
    }
}

impl Body {
    /// `[a, b, c]`.
    pub fn array<'b, H: Listed<'b>, const N: usize>(
        &'b self,
        elements: [H; N],
    ) -> Arr<'b, [H::Elem; N]> {
        let array: Arr<'b, [H::Elem; N]> = Arr::new(self);
        for (index, element) in elements.iter().enumerate() {
            let by = self.i64((index * H::Elem::SIZE) as i64);
            element.save_at(array.place.shifted(by));
        }
        array
    }

    /// `[a; N]`.
    pub fn repeat<'b, H: Listed<'b>, const N: usize>(
        &'b self,
        element: H,
    ) -> Arr<'b, [H::Elem; N]> {
        let array: Arr<'b, [H::Elem; N]> = Arr::new(self);
        // Local arrays begin with zeros once a call, which in a loop is not
        // once a round.
        let is_done = element.is_zero() && !self.with(|func| func.is_nested());
        if !is_done {
            let place = array.place;
            place.each(N, H::Elem::SIZE, |by| element.save_at(place.shifted(by)));
        }
        array
    }
}

/// A constant of the scope around a kernel.
#[diagnostic::on_unimplemented(
    message = "a kernel cannot use a constant of the type `{Self}`",
    note = "it can be a scalar, or an array of such"
)]
pub trait Constant: Elem {
    /// Writes it to a place.
    fn put(self, place: Place<'_>);
    /// It, as a handle.
    fn handle<'b>(self, body: &'b Body) -> Self::Of<'b>;
}

impl<T: Plain> Constant for T {
    fn put(self, place: Place<'_>) {
        T::save(place, &place.body.lit(self));
    }

    fn handle<'b>(self, body: &'b Body) -> Val<'b, T> {
        body.lit(self)
    }
}

impl<E: Constant, const N: usize> Constant for [E; N] {
    fn put(self, place: Place<'_>) {
        for (index, element) in self.into_iter().enumerate() {
            let by = place.body.i64((index * E::SIZE) as i64);
            element.put(place.shifted(by));
        }
    }

    fn handle<'b>(self, body: &'b Body) -> Arr<'b, [E; N]> {
        let array = Arr::new(body);
        self.put(array.place);
        array
    }
}

impl Body {
    /// The value of a constant.
    pub fn named<'b, C: Constant>(&'b self, constant: C) -> C::Of<'b> {
        constant.handle(self)
    }
}

/// A handle that can stand in the list of an array.
pub trait Listed<'b> {
    /// The type of which it is one.
    type Elem: Elem;
    /// Writes it.
    fn save_at(&self, place: Place<'b>);
    /// Whether it is zero, which arrays begin with.
    fn is_zero(&self) -> bool;
}

impl<'b, T: Plain> Listed<'b> for Val<'b, T> {
    type Elem = T;

    fn save_at(&self, place: Place<'b>) {
        T::save(place, self);
    }

    fn is_zero(&self) -> bool {
        let value = self.body().as_const(self.id());
        value.is_some_and(|value| value.bits() == 0)
    }
}

impl<'b, E: Elem, const N: usize> Listed<'b> for Arr<'b, [E; N]> {
    type Elem = [E; N];

    fn save_at(&self, place: Place<'b>) {
        <[E; N]>::save(place, self);
    }

    fn is_zero(&self) -> bool {
        false
    }
}

/// What arrays do as slices do.
impl<'b, T: Plain, const N: usize> Arr<'b, [T; N]> {
    /// Exchanges two elements.
    pub fn swap(&self, a: Val<'b, usize>, b: Val<'b, usize>) {
        self.as_slice().swap(a, b);
    }

    /// Makes each element a value.
    pub fn fill(&self, value: Val<'b, T>) {
        self.as_slice().fill(value);
    }

    /// Makes each element that of another slice, which is as long.
    pub fn copy_from_slice<S: super::Elementwise<'b, Element = T>>(&self, from: S) {
        self.as_slice().copy_from_slice(from);
    }

    /// The elements before `mid`, and those from it on.
    pub fn split_at(&self, mid: Val<'b, usize>) -> (Slice<'b, T>, Slice<'b, T>) {
        self.as_slice().split_at(mid)
    }

    /// As [`split_at`](Self::split_at).
    pub fn split_at_mut(&self, mid: Val<'b, usize>) -> (Slice<'b, T>, Slice<'b, T>) {
        self.as_slice().split_at(mid)
    }

    /// All of it, as a slice.
    pub fn as_slice(&self) -> Slice<'b, T> {
        let body = self.place.body;
        Slice {
            body,
            array: self.place.array,
            line: Line::WHOLE,
            offset: Some(self.place.at),
            len: body.i64(N as i64),
            ty: PhantomData,
        }
    }
}
