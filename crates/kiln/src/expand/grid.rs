//! Views of two to four dimensions that are parameters.
//!
//! A view of one is a [`Slice`]; so are a row and a column of one of two.

use super::array::scalar_of;
use super::{Arr, Body, Fresh, Indexed, Plain, Slice, Stored, Val};
use kiln_ir::{Access, ArrayRef, ArrayType, Const, FaultKind, NodeId, Op, Scalar};
use std::marker::PhantomData;

/// A view of `N` dimensions, to be read or to be written.
pub struct Grid<'b, T, const N: usize> {
    body: &'b Body,
    array: ArrayRef,
    ty: PhantomData<T>,
}

/// What `shape()` gives.
#[derive(Clone, Copy, Debug)]
pub struct Extents<'b, const N: usize> {
    body: &'b Body,
    array: ArrayRef,
}

impl<T, const N: usize> Clone for Grid<'_, T, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, const N: usize> Copy for Grid<'_, T, N> {}

impl<T, const N: usize> std::fmt::Debug for Grid<'_, T, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} of {N} dimensions", self.array)
    }
}

impl<T, const N: usize> Fresh for Grid<'_, T, N> {
    fn fresh(self) -> Self {
        self
    }
}

impl Body {
    fn view_param<T: Plain>(&self, name: &str, rank: u8, access: Access) -> ArrayRef {
        let ty = ArrayType {
            elem: scalar_of::<T>(),
            rank,
            access,
            layout: self.layout,
        };
        let array = self.with(|func| func.array_param(name, ty));
        self.state.borrow_mut().names.push(name.to_owned());
        array
    }

    /// A view of one dimension.
    pub(super) fn line_param<T: Plain>(&self, name: &str, access: Access) -> Slice<'_, T> {
        let array = self.view_param::<T>(name, 1, access);
        self.whole(array)
    }

    /// A view of more.
    pub(super) fn grid_param<T: Plain, const N: usize>(
        &self,
        name: &str,
        access: Access,
    ) -> Grid<'_, T, N> {
        Grid {
            body: self,
            array: self.view_param::<T>(name, N as u8, access),
            ty: PhantomData,
        }
    }

    fn unsigned_extent(&self, array: ArrayRef, dim: usize) -> Val<'_, usize> {
        let extent = self.extent(array, dim);
        Val::new(self, self.cast_id(Scalar::U64, extent))
    }
}

impl<'b, T: Plain, const N: usize> Grid<'b, T, N> {
    fn extent(&self, dim: usize) -> Val<'b, usize> {
        self.body.unsigned_extent(self.array, dim)
    }

    /// Number of elements.
    pub fn len(&self) -> Val<'b, usize> {
        let body = self.body;
        let product = |a: Val<'b, usize>, b: Val<'b, usize>| {
            Val::new(body, body.op(Op::Mul, &[a.id(), b.id()]))
        };
        let first = self.extent(0);
        (1..N).fold(first, |len, dim| product(len, self.extent(dim)))
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> Val<'b, bool> {
        let body = self.body;
        let none = |dim| body.eq(self.extent(dim), body.lit(0));
        (1..N).fold(none(0), |is_empty, dim| body.bitor(is_empty, none(dim)))
    }

    /// The extent of each dimension.
    pub fn shape(&self) -> Extents<'b, N> {
        Extents {
            body: self.body,
            array: self.array,
        }
    }

    /// Views are what they are views of.
    pub fn as_view(&self) -> Self {
        *self
    }

    /// As [`as_view`](Self::as_view).
    pub fn reborrow(&self) -> Self {
        *self
    }

    /// As [`as_view`](Self::as_view).
    pub fn view(&self) -> Self {
        *self
    }

    /// As [`as_view`](Self::as_view).
    pub fn view_mut(&self) -> Self {
        *self
    }

    /// The element at an index of `i64`s.
    pub(super) fn read_index(&self, index: [NodeId; N]) -> Val<'b, T> {
        let after = self.body.guard_index(self.array, &index);
        let load = |func: &mut kiln_ir::FuncBuilder| func.load_as(self.array, &index, after, 1);
        Val::new(self.body, self.body.with(load))
    }

    /// Writes the element at an index of `i64`s.
    pub(super) fn write_index(&self, index: [NodeId; N], value: Val<'b, T>) {
        self.body.guard_index(self.array, &index);
        self.body
            .with(|func| func.store(self.array, &index, value.id()));
    }

    /// An index as `i64`s.
    fn signed(&self, index: [Val<'b, usize>; N]) -> [NodeId; N] {
        index.map(|at| self.body.cast_id(Scalar::I64, at.id()))
    }

    /// The extent of a dimension, as an index.
    pub(super) fn long_of(&self, dim: usize) -> Val<'b, i64> {
        Val::new(self.body, self.body.extent(self.array, dim))
    }
}

impl<'b, T: Plain> Grid<'b, T, 2> {
    /// The number of rows.
    pub fn nrows(&self) -> Val<'b, usize> {
        self.extent(0)
    }

    /// The number of columns.
    pub fn ncols(&self) -> Val<'b, usize> {
        self.extent(1)
    }

    /// A row.
    pub fn row(&self, index: Val<'b, usize>) -> Slice<'b, T> {
        self.line(1, index)
    }

    /// A column.
    pub fn col(&self, index: Val<'b, usize>) -> Slice<'b, T> {
        self.line(0, index)
    }

    /// As [`row`](Self::row): what may be written is known to rustc.
    pub fn row_mut(&self, index: Val<'b, usize>) -> Slice<'b, T> {
        self.row(index)
    }

    /// As [`col`](Self::col).
    pub fn col_mut(&self, index: Val<'b, usize>) -> Slice<'b, T> {
        self.col(index)
    }

    /// As [`col`](Self::col), in the words of ndarray.
    pub fn column(&self, index: Val<'b, usize>) -> Slice<'b, T> {
        self.col(index)
    }

    /// As [`column`](Self::column).
    pub fn column_mut(&self, index: Val<'b, usize>) -> Slice<'b, T> {
        self.col(index)
    }

    /// The elements along a dimension, at an index of the other.
    fn line(&self, along: usize, index: Val<'b, usize>) -> Slice<'b, T> {
        let body = self.body;
        let index = body.cast_id(Scalar::I64, index.id());
        let across = 1 - along;
        let extent = body.extent(self.array, across);
        body.guard_within(self.array, Some(across), index, extent);
        body.line(self.array, along, index)
    }
}

macro_rules! extents {
    ($($n:literal: $($dim:literal)*;)*) => {$(
        impl<'b, T: Plain> Grid<'b, T, $n> {
            /// The extent of each dimension.
            pub fn dim(&self) -> ($(extents!(@$dim Val<'b, usize>),)*) {
                ($(self.extent($dim),)*)
            }
        }
    )*};
    (@$dim:literal $ty:ty) => { $ty };
}

extents! {
    2: 0 1;
    3: 0 1 2;
    4: 0 1 2 3;
}

impl<'b, T: Plain> Slice<'b, T> {
    /// The extent of its one dimension.
    pub fn dim(&self) -> Val<'b, usize> {
        self.len()
    }

    /// The extent of its one dimension, as that of others.
    pub fn shape(&self) -> [Val<'b, usize>; 1] {
        [self.len()]
    }

    /// Views are what they are views of.
    pub fn as_view(&self) -> Self {
        *self
    }

    /// As [`as_view`](Self::as_view).
    pub fn reborrow(&self) -> Self {
        *self
    }

    /// As [`as_view`](Self::as_view).
    pub fn view(&self) -> Self {
        *self
    }

    /// As [`as_view`](Self::as_view).
    pub fn view_mut(&self) -> Self {
        *self
    }
}

impl<'b, T: Plain, const N: usize> Indexed<'b, [Val<'b, usize>; N]> for Grid<'b, T, N> {
    type Item = Val<'b, T>;

    fn index(&self, index: [Val<'b, usize>; N]) -> Val<'b, T> {
        self.read_index(self.signed(index))
    }
}

impl<'b, T: Plain, const N: usize> Stored<'b, [Val<'b, usize>; N]> for Grid<'b, T, N> {
    fn store(&self, index: [Val<'b, usize>; N], value: Val<'b, T>) {
        self.write_index(self.signed(index), value);
    }
}

/// An index that a local array holds.
impl<'b, T: Plain, const N: usize> Indexed<'b, Arr<'b, [usize; N]>> for Grid<'b, T, N> {
    type Item = Val<'b, T>;

    fn index(&self, index: Arr<'b, [usize; N]>) -> Val<'b, T> {
        self.index(parts(&index))
    }
}

impl<'b, T: Plain, const N: usize> Stored<'b, Arr<'b, [usize; N]>> for Grid<'b, T, N> {
    fn store(&self, index: Arr<'b, [usize; N]>, value: Val<'b, T>) {
        self.store(parts(&index), value);
    }
}

fn parts<'b, const N: usize>(index: &Arr<'b, [usize; N]>) -> [Val<'b, usize>; N] {
    let mut each = index.each();
    std::array::from_fn(|_| match each.next() {
        Some(part) => part,
        None => unreachable!("there are as many parts as dimensions"),
    })
}

/// An index that is a tuple, as ndarray takes them.
macro_rules! tuples {
    ($($n:literal: $($part:ident)*;)*) => {$(
        impl<'b, T: Plain> Indexed<'b, ($(tuples!(@$part Val<'b, usize>),)*)> for Grid<'b, T, $n> {
            type Item = Val<'b, T>;

            fn index(&self, index: ($(tuples!(@$part Val<'b, usize>),)*)) -> Val<'b, T> {
                let ($($part,)*) = index;
                self.index([$($part),*])
            }
        }

        impl<'b, T: Plain> Stored<'b, ($(tuples!(@$part Val<'b, usize>),)*)> for Grid<'b, T, $n> {
            fn store(&self, index: ($(tuples!(@$part Val<'b, usize>),)*), value: Val<'b, T>) {
                let ($($part,)*) = index;
                self.store([$($part),*], value);
            }
        }
    )*};
    (@$part:ident $ty:ty) => { $ty };
}

tuples! {
    2: i j;
    3: i j k;
    4: i j k l;
}

impl<'b, const N: usize> Indexed<'b, Val<'b, usize>> for Extents<'b, N> {
    type Item = Val<'b, usize>;

    fn index(&self, dim: Val<'b, usize>) -> Val<'b, usize> {
        let body = self.body;
        let extent = |dim| body.unsigned_extent(self.array, dim);
        match body.as_const(dim.id()).and_then(Const::as_int) {
            Some(known) if (known as usize) < N => extent(known as usize),
            _ => {
                let inside = body.lt(dim, body.lit(N));
                let shown = [dim.id(), body.lit(N).id()];
                body.guard(FaultKind::Index, inside.id(), "the shape", &shown);
                (1..N).fold(extent(0), |chosen, other| {
                    let is_it = body.eq(dim, body.lit(other));
                    let ids = [is_it.id(), extent(other).id(), chosen.id()];
                    Val::new(body, body.op(Op::Select, &ids))
                })
            }
        }
    }
}

impl<'b, const N: usize> Extents<'b, N> {
    /// The number of dimensions.
    pub fn len(&self) -> Val<'b, usize> {
        self.body.lit(N)
    }
}

/// The shape of a view of one dimension.
impl<'b> Indexed<'b, Val<'b, usize>> for [Val<'b, usize>; 1] {
    type Item = Val<'b, usize>;

    fn index(&self, dim: Val<'b, usize>) -> Val<'b, usize> {
        let body = dim.body();
        let inside = body.lt(dim, body.lit(1));
        let shown = [dim.id(), body.lit(1usize).id()];
        body.guard(FaultKind::Index, inside.id(), "the shape", &shown);
        self[0]
    }
}
