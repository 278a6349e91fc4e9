//! Which Rust types a kernel's locals, parameters and results can have.

use super::{Arr, Body, Elem, Val};
use kiln_ir::NodeId;
use kiln_runtime::Element;

/// A scalar type of Rust that kernels compute with, and what holds it.
/// `usize` and `isize` are held as the integers of 64 bits.
#[diagnostic::on_unimplemented(
    message = "a kernel cannot compute with `{Self}`",
    note = "scalars are bool, i8 to i64, u8 to u64, isize, usize, f32 and f64"
)]
pub trait Plain: Copy + PartialOrd + std::fmt::Debug + Send + Sync + 'static {
    /// What holds it in the language.
    type Repr: Element;
    /// The value as that.
    fn repr(self) -> Self::Repr;
    /// The value that is held.
    fn of_repr(repr: Self::Repr) -> Self;
    /// Values as what holds them.
    fn slice(values: &[Self]) -> &[Self::Repr];
    /// Values to be written as what holds them.
    fn slice_mut(values: &mut [Self]) -> &mut [Self::Repr];
}

macro_rules! same {
    ($($ty:ident)*) => {$(
        impl Plain for $ty {
            type Repr = $ty;

            #[inline(always)]
            fn repr(self) -> $ty {
                self
            }

            #[inline(always)]
            fn of_repr(repr: $ty) -> $ty {
                repr
            }

            #[inline(always)]
            fn slice(values: &[$ty]) -> &[$ty] {
                values
            }

            #[inline(always)]
            fn slice_mut(values: &mut [$ty]) -> &mut [$ty] {
                values
            }
        }
    )*};
}

same! { bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

macro_rules! pointer_wide {
    ($($ty:ident as $repr:ident, $slice:ident $slice_mut:ident;)*) => {$(
        impl Plain for $ty {
            type Repr = $repr;

            #[inline(always)]
            fn repr(self) -> $repr {
                self as $repr
            }

            #[inline(always)]
            fn of_repr(repr: $repr) -> $ty {
                repr as $ty
            }

            #[inline(always)]
            fn slice(values: &[$ty]) -> &[$repr] {
                kiln_runtime::words::$slice(values)
            }

            #[inline(always)]
            fn slice_mut(values: &mut [$ty]) -> &mut [$repr] {
                kiln_runtime::words::$slice_mut(values)
            }
        }
    )*};
}

pointer_wide! {
    usize as u64, unsigned unsigned_mut;
    isize as i64, signed signed_mut;
}

/// A type of Rust, by the handle that a local of it is.
#[diagnostic::on_unimplemented(
    message = "a local or a result of a kernel cannot be `{Self}`",
    note = "it can be a scalar, an array, or a tuple of such"
)]
pub trait Ty {
    /// The handle.
    type Of<'b>: Value<'b>;
}

/// A type that a kernel can return.
#[diagnostic::on_unimplemented(
    message = "a kernel cannot return `{Self}`",
    note = "it can return nothing, a scalar, an array, or a tuple of such"
)]
pub trait Result: Ty {
    /// What holds it, if it is a scalar.
    type Slot: Element;
    /// Whether it is one.
    const IS_SCALAR: bool;
    /// The scalar that a slot holds.
    fn of_slot(slot: Self::Slot) -> Self;
    /// What holds it, one scalar after the other.
    fn scalars() -> Vec<kiln_ir::Scalar>;
    /// The nodes of a value, one scalar after the other.
    fn give<'b>(value: &Self::Of<'b>, ids: &mut Vec<NodeId>);
    /// The value, from slots.
    fn of_slots(slots: &mut std::slice::Iter<'_, u64>) -> Self;
}

/// A handle that a variable can begin as.
pub trait Fresh {
    /// A variable that begins as this value and is its own.
    fn fresh(self) -> Self;
}

/// A handle: a value, or values, of a function being built.
#[diagnostic::on_unimplemented(
    message = "a branch, a loop or a variable that changes cannot give `{Self}`",
    note = "it can give scalars, arrays, and tuples of such"
)]
pub trait Value<'b>: Fresh + Clone {
    /// A value to begin with: zeros.
    fn zero(body: &'b Body) -> Self;

    /// Makes a variable this value.
    fn assign(&mut self, value: Self) {
        *self = value;
    }

    /// Adds the nodes that it is made of.
    fn push(&self, ids: &mut Vec<NodeId>);

    /// Replaces the nodes that it is made of.
    fn pull(&mut self, ids: &mut std::vec::IntoIter<NodeId>);
}

impl<T: Plain> Ty for T {
    type Of<'b> = Val<'b, T>;
}

impl<T: Plain> Result for T {
    type Slot = T::Repr;
    const IS_SCALAR: bool = true;

    #[inline(always)]
    fn of_slot(slot: T::Repr) -> T {
        T::of_repr(slot)
    }

    fn scalars() -> Vec<kiln_ir::Scalar> {
        vec![<T::Repr as kiln_ir::meaning::Value>::SCALAR]
    }

    fn give<'b>(value: &Val<'b, T>, ids: &mut Vec<NodeId>) {
        value.push(ids);
    }

    fn of_slots(slots: &mut std::slice::Iter<'_, u64>) -> T {
        match slots.next() {
            Some(&slot) => T::of_repr(T::Repr::from_slot(slot)),
            None => unreachable!("there is a slot per scalar"),
        }
    }
}

impl<E: Elem + Result, const N: usize> Result for [E; N] {
    type Slot = bool;
    const IS_SCALAR: bool = false;

    fn of_slot(_: bool) -> Self {
        unreachable!("an array is no scalar")
    }

    fn scalars() -> Vec<kiln_ir::Scalar> {
        vec![<E as Result>::scalars(); N].concat()
    }

    fn give<'b>(value: &Arr<'b, [E; N]>, ids: &mut Vec<NodeId>) {
        value.each().for_each(|element| E::give(&element, ids));
    }

    fn of_slots(slots: &mut std::slice::Iter<'_, u64>) -> Self {
        std::array::from_fn(|_| E::of_slots(slots))
    }
}
