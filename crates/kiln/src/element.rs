//! What the scalar types can do: for the builder's handles, and for functions
//! that are generic over them, `#[kernel]` functions among these.
//!
//! The operators and methods of a number are Rust's own, so that a generic
//! kernel means what the function of each type means.

use crate::expand::Plain;
use core::ops::{
    Add, AddAssign, BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Div, DivAssign,
    Mul, MulAssign, Neg, Not, Rem, RemAssign, Shl, Shr, Sub, SubAssign,
};
use kiln_ir::Combine;
use kiln_ir::meaning::Number as Meaning;
use kiln_runtime::Element;

/// An element that can be added and multiplied: every one but `bool`.
///
/// ```
/// use kiln::Number;
///
/// #[kiln::kernel]
/// fn weighted<T: Number>(x: &[T], weights: &[T]) -> T {
///     let mut sum = T::ZERO;
///     for (x, w) in x.iter().zip(weights) {
///         sum += *x * *w;
///     }
///     sum
/// }
///
/// assert_eq!(weighted(&[0.5f32, 1.5], &[2.0, 4.0]), 7.0);
/// assert_eq!(weighted(&[3i64, 4], &[10, 1]), 34);
/// ```
pub trait Number:
    Element
    + Plain<Repr = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Rem<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + RemAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// A count as this type, as `as` makes it.
    fn from_usize(value: usize) -> Self;
    /// The nearest `f64`.
    fn to_f64(self) -> f64;
    /// The lesser, as Rust has it: of a number and a NaN the number.
    fn min(self, other: Self) -> Self;
    /// The greater, likewise.
    fn max(self, other: Self) -> Self;
    /// The nearest value of a range.
    ///
    /// # Panics
    /// When `least` is greater than `most`, or one is NaN.
    fn clamp(self, least: Self, most: Self) -> Self;
    /// What a reduction makes of two values.
    #[doc(hidden)]
    fn combined(combine: Combine, x: Self, y: Self) -> Self;
}

/// A number with a sign: floats and signed integers.
pub trait Signed: Number + Neg<Output = Self> {
    /// The size.
    fn abs(self) -> Self;
    /// Its sign, as a number.
    fn signum(self) -> Self;
}

/// An integer element.
pub trait Int:
    Number
    + Bits
    + Eq
    + Ord
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + BitAndAssign
    + BitOrAssign
    + BitXorAssign
    + Not<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
{
    /// The sum, wrapped.
    fn wrapping_add(self, other: Self) -> Self;
    /// The difference, wrapped.
    fn wrapping_sub(self, other: Self) -> Self;
    /// The product, wrapped.
    fn wrapping_mul(self, other: Self) -> Self;
    /// A power.
    fn pow(self, exponent: u32) -> Self;
    /// The bits that are 1.
    fn count_ones(self) -> u32;
    /// The bits above the highest 1.
    fn leading_zeros(self) -> u32;
    /// The bits below the lowest 1.
    fn trailing_zeros(self) -> u32;
}

/// An element whose bits can be worked on: `bool` and the integers.
pub trait Bits: Element {}

macro_rules! float_methods {
    (
        one: $($one:ident)*; two: $($two:ident)*; is: $($is:ident)*;
    ) => {
        /// A float element. The methods are those of `f64` and `f32`, by
        /// their names; in a kernel the mathematical functions are kiln's.
        ///
        /// ```
        /// use kiln::Real;
        ///
        /// #[kiln::kernel]
        /// fn norm<T: Real>(x: &[T]) -> T {
        ///     let mut sum = T::ZERO;
        ///     for v in x {
        ///         sum += *v * *v;
        ///     }
        ///     (sum / T::from_usize(x.len())).sqrt() * T::of(0.5)
        /// }
        ///
        /// assert_eq!(norm(&[3.0f32, 3.0]), 1.5);
        /// assert_eq!(norm::rust(&[3.0f64, 3.0]), norm(&[3.0f64, 3.0]));
        /// ```
        #[expect(missing_docs, reason = "each method is the float's own")]
        pub trait Real: Signed {
            /// The nearest value of this type.
            fn of(value: f64) -> Self;
            fn powi(self, exponent: i32) -> Self;
            fn mul_add(self, factor: Self, summand: Self) -> Self;
            fn sin_cos(self) -> (Self, Self);
            $(fn $one(self) -> Self;)*
            $(fn $two(self, other: Self) -> Self;)*
            $(fn $is(self) -> bool;)*
        }

        float_methods! { @impl f32 one: $($one)*; two: $($two)*; is: $($is)*; }
        float_methods! { @impl f64 one: $($one)*; two: $($two)*; is: $($is)*; }
    };
    (
        @impl $ty:ident one: $($one:ident)*; two: $($two:ident)*; is: $($is:ident)*;
    ) => {
        impl Real for $ty {
            fn of(value: f64) -> $ty {
                value as $ty
            }

            fn powi(self, exponent: i32) -> $ty {
                <$ty>::powi(self, exponent)
            }

            fn mul_add(self, factor: $ty, summand: $ty) -> $ty {
                <$ty>::mul_add(self, factor, summand)
            }

            fn sin_cos(self) -> ($ty, $ty) {
                <$ty>::sin_cos(self)
            }

            $(fn $one(self) -> $ty {
                <$ty>::$one(self)
            })*

            $(fn $two(self, other: $ty) -> $ty {
                <$ty>::$two(self, other)
            })*

            $(fn $is(self) -> bool {
                <$ty>::$is(self)
            })*
        }
    };
}

float_methods! {
    one: sqrt cbrt floor ceil trunc round round_ties_even fract recip exp exp2 exp_m1 ln log2
        log10 ln_1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh to_degrees
        to_radians;
    two: powf atan2 hypot copysign log div_euclid rem_euclid;
    is: is_nan is_finite is_infinite is_sign_negative is_sign_positive;
}

/// Numbers, with what 0 and 1 are and how the lesser, the greater and the
/// nearest in a range are found.
macro_rules! numbers {
    ($($ty:ident $zero:literal $one:literal $lesser:path, $greater:path, $clamp:path;)*) => {$(
        impl Number for $ty {
            const ZERO: $ty = $zero;
            const ONE: $ty = $one;

            fn from_usize(value: usize) -> $ty {
                value as $ty
            }

            fn to_f64(self) -> f64 {
                self as f64
            }

            fn min(self, other: $ty) -> $ty {
                $lesser(self, other)
            }

            fn max(self, other: $ty) -> $ty {
                $greater(self, other)
            }

            fn clamp(self, least: $ty, most: $ty) -> $ty {
                $clamp(self, least, most)
            }

            #[inline(always)]
            fn combined(combine: Combine, x: $ty, y: $ty) -> $ty {
                match combine {
                    Combine::Sum => Meaning::add(x, y),
                    Combine::Product => Meaning::mul(x, y),
                    Combine::Min => Meaning::min(x, y),
                    Combine::Max => Meaning::max(x, y),
                    Combine::Fmin | Combine::Fmax | Combine::Any | Combine::All => {
                        unreachable!("no function of slices asks for it")
                    }
                }
            }
        }
    )*};
}

numbers! {
    i8 0 1 Ord::min, Ord::max, Ord::clamp;
    i16 0 1 Ord::min, Ord::max, Ord::clamp;
    i32 0 1 Ord::min, Ord::max, Ord::clamp;
    i64 0 1 Ord::min, Ord::max, Ord::clamp;
    u8 0 1 Ord::min, Ord::max, Ord::clamp;
    u16 0 1 Ord::min, Ord::max, Ord::clamp;
    u32 0 1 Ord::min, Ord::max, Ord::clamp;
    u64 0 1 Ord::min, Ord::max, Ord::clamp;
    f32 0.0 1.0 f32::min, f32::max, f32::clamp;
    f64 0.0 1.0 f64::min, f64::max, f64::clamp;
}

macro_rules! signed {
    ($($ty:ident)*) => {$(
        impl Signed for $ty {
            fn abs(self) -> $ty {
                <$ty>::abs(self)
            }

            fn signum(self) -> $ty {
                <$ty>::signum(self)
            }
        }
    )*};
}

signed! { i8 i16 i32 i64 f32 f64 }

macro_rules! integers {
    ($($ty:ident)*) => {$(
        impl Bits for $ty {}

        impl Int for $ty {
            fn wrapping_add(self, other: $ty) -> $ty {
                <$ty>::wrapping_add(self, other)
            }

            fn wrapping_sub(self, other: $ty) -> $ty {
                <$ty>::wrapping_sub(self, other)
            }

            fn wrapping_mul(self, other: $ty) -> $ty {
                <$ty>::wrapping_mul(self, other)
            }

            fn pow(self, exponent: u32) -> $ty {
                <$ty>::pow(self, exponent)
            }

            fn count_ones(self) -> u32 {
                <$ty>::count_ones(self)
            }

            fn leading_zeros(self) -> u32 {
                <$ty>::leading_zeros(self)
            }

            fn trailing_zeros(self) -> u32 {
                <$ty>::trailing_zeros(self)
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 u8 u16 u32 u64 }

impl Bits for bool {}
