//! What the scalar types can do, for the builder's handles.

use kiln_runtime::Element;

/// An element that can be added and multiplied: every one but `bool`.
pub trait Number: Element {}
/// An integer element.
pub trait Int: Number {}
/// A float element.
pub trait Real: Number {}

macro_rules! marked {
    ($trait:ident: $($ty:ident)*) => {$(impl $trait for $ty {})*};
}

marked!(Number: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);
marked!(Int: i8 i16 i32 i64 u8 u16 u32 u64);
marked!(Real: f32 f64);
