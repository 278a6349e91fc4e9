//! Which Rust types a kernel's locals, parameters and results can have.

use super::{Body, Val};
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
}

macro_rules! same {
    ($($ty:ident)*) => {$(
        impl Plain for $ty {
            type Repr = $ty;

            fn repr(self) -> $ty {
                self
            }

            fn of_repr(repr: $ty) -> $ty {
                repr
            }
        }
    )*};
}

same! { bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

macro_rules! pointer_wide {
    ($($ty:ident as $repr:ident;)*) => {$(
        impl Plain for $ty {
            type Repr = $repr;

            fn repr(self) -> $repr {
                self as $repr
            }

            fn of_repr(repr: $repr) -> $ty {
                repr as $ty
            }
        }
    )*};
}

pointer_wide! {
    usize as u64;
    isize as i64;
}

/// A type of Rust, by the handle that a local of it is.
#[diagnostic::on_unimplemented(
    message = "a local or a result of a kernel cannot be `{Self}`",
    note = "it can be a scalar, or a tuple of such"
)]
pub trait Ty {
    /// The handle.
    type Of<'b>: Value<'b>;
}

/// A type that a kernel can return.
#[diagnostic::on_unimplemented(
    message = "a kernel cannot return `{Self}`",
    note = "it can return nothing, a scalar, or a tuple of such"
)]
pub trait Result: Ty {
    /// What holds it, one scalar after the other.
    fn scalars() -> Vec<kiln_ir::Scalar>;
    /// The value, from slots.
    fn of_slots(slots: &mut std::slice::Iter<'_, u64>) -> Self;
}

/// A handle: a value, or values, of a function being built.
pub trait Value<'b>: Clone {
    /// A value to begin with: zeros.
    fn zero(body: &'b Body) -> Self;

    /// Makes a variable this value.
    fn assign(&mut self, value: Self) {
        *self = value;
    }

    /// A variable that begins as this value and is its own.
    fn fresh(self) -> Self {
        self
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
    fn scalars() -> Vec<kiln_ir::Scalar> {
        vec![<T::Repr as kiln_ir::meaning::Value>::SCALAR]
    }

    fn of_slots(slots: &mut std::slice::Iter<'_, u64>) -> T {
        match slots.next() {
            Some(&slot) => T::of_repr(T::Repr::from_slot(slot)),
            None => unreachable!("there is a slot per scalar"),
        }
    }
}
