//! Arguments of a kernel that another one calls.

use super::{Arr, Elem, Fresh, Grid, Plain, Slice, Val};

/// What can be passed where a handle `H` is wanted.
pub trait Pass<H> {
    /// It, as that handle.
    fn pass(self) -> H;
}

impl<'b, T: Plain> Pass<Val<'b, T>> for Val<'b, T> {
    fn pass(self) -> Val<'b, T> {
        self
    }
}

impl<'b, T: Plain> Pass<Slice<'b, T>> for Slice<'b, T> {
    fn pass(self) -> Slice<'b, T> {
        self
    }
}

impl<'b, E: Elem, const N: usize> Pass<Arr<'b, [E; N]>> for Arr<'b, [E; N]> {
    /// A copy: what is changed meanwhile is another array.
    fn pass(self) -> Arr<'b, [E; N]> {
        self.fresh()
    }
}

impl<'b, T: Plain, const N: usize> Pass<Grid<'b, T, N>> for Grid<'b, T, N> {
    fn pass(self) -> Grid<'b, T, N> {
        self
    }
}

impl<'b, T: Plain + Elem, const N: usize> Pass<Slice<'b, T>> for Arr<'b, [T; N]> {
    fn pass(self) -> Slice<'b, T> {
        self.as_slice()
    }
}
