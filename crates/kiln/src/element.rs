//! What the scalar types can do, for the builder's handles.

use kiln_ir::meaning::Number as Meaning;
use kiln_runtime::Element;

/// An element that can be added and multiplied: every one but `bool`.
pub trait Number: Element + Meaning {}
/// A number with a sign: floats and signed integers.
pub trait Signed: Number {}
/// An integer element.
pub trait Int: Number {}
/// An element whose bits can be worked on: `bool` and the integers.
pub trait Bits: Element {}
/// A float element.
pub trait Real: Signed {
    /// The nearest value of this type.
    fn of(value: f64) -> Self;
}

macro_rules! marked {
    ($trait:ident: $($ty:ident)*) => {$(impl $trait for $ty {})*};
}

marked!(Number: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);
marked!(Signed: i8 i16 i32 i64 f32 f64);
marked!(Int: i8 i16 i32 i64 u8 u16 u32 u64);
marked!(Bits: bool i8 i16 i32 i64 u8 u16 u32 u64);

impl Real for f32 {
    fn of(value: f64) -> f32 {
        value as f32
    }
}

impl Real for f64 {
    fn of(value: f64) -> f64 {
        value
    }
}
