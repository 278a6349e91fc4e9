//! [`Var`]: a value of a computation being built, with the operators of its type.

use super::Builder;
use crate::element::{Int, Number, Real};
use kiln_ir::{NodeId, Op, POWI_MAX, Type};
use kiln_runtime::Element;
use std::marker::PhantomData;
use std::ops;

/// A value of type `T` of the computation that a [`Builder`] builds. Copies
/// name the same value.
pub struct Var<'b, T> {
    builder: &'b Builder,
    id: NodeId,
    ty: PhantomData<T>,
}

impl<T> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Var<'_, T> {}

impl<T: Element> std::fmt::Debug for Var<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.id, T::SCALAR)
    }
}

/// What can stand beside a `Var<T>`: another one, or a plain value.
pub trait Literal<'b, T: Element>: Copy {
    #[doc(hidden)]
    fn to_var(self, builder: &'b Builder) -> Var<'b, T>;
}

impl<'b, T: Element> Literal<'b, T> for Var<'b, T> {
    fn to_var(self, builder: &'b Builder) -> Var<'b, T> {
        assert!(self.is_of(builder), "the value is another builder's");
        self
    }
}

impl<'b, T: Element> Literal<'b, T> for T {
    fn to_var(self, builder: &'b Builder) -> Var<'b, T> {
        builder.constant(self)
    }
}

impl<'b, T: Element> Var<'b, T> {
    pub(super) fn new(builder: &'b Builder, id: NodeId) -> Var<'b, T> {
        Var {
            builder,
            id,
            ty: PhantomData,
        }
    }

    pub(super) fn id(self) -> NodeId {
        self.id
    }

    pub(super) fn is_of(self, builder: &Builder) -> bool {
        std::ptr::eq(self.builder, builder)
    }

    fn op<R: Element>(self, op: Op, more: &[NodeId]) -> Var<'b, R> {
        let mut args = vec![self.id];
        args.extend_from_slice(more);
        let id = self.builder.state.borrow_mut().func.op(op, &args);
        Var::new(self.builder, id)
    }

    fn with<U: Element, R: Element>(self, op: Op, other: impl Literal<'b, U>) -> Var<'b, R> {
        let other = other.to_var(self.builder);
        self.op(op, &[other.id])
    }

    /// Whether the two are equal; NaN is not, and -0.0 equals 0.0.
    pub fn eq(self, other: impl Literal<'b, T>) -> Var<'b, bool> {
        self.with(Op::Eq, other)
    }

    /// Whether the two differ.
    pub fn ne(self, other: impl Literal<'b, T>) -> Var<'b, bool> {
        self.with(Op::Ne, other)
    }

    /// The value as another number type: floats to integers truncate and
    /// saturate, NaN to 0; integers to integers wrap; `bool` counts as 0 or 1.
    pub fn cast<U: Number>(self) -> Var<'b, U> {
        let func = &mut self.builder.state.borrow_mut().func;
        let id = func.cast(U::SCALAR, self.id);
        debug_assert_eq!(func.ty(id), Type::scalar(U::SCALAR));
        Var::new(self.builder, id)
    }
}

macro_rules! methods {
    ($($name:ident $op:ident $doc:literal;)*) => {
        $(#[doc = $doc] pub fn $name(self) -> Self { self.op(Op::$op, &[]) })*
    };
}

macro_rules! methods_of_two {
    ($($name:ident $op:ident $doc:literal;)*) => {
        $(#[doc = $doc] pub fn $name(self, other: impl Literal<'b, T>) -> Self {
            self.with(Op::$op, other)
        })*
    };
}

macro_rules! comparisons {
    ($($name:ident $op:ident $doc:literal;)*) => {
        $(#[doc = $doc] pub fn $name(self, other: impl Literal<'b, T>) -> Var<'b, bool> {
            self.with(Op::$op, other)
        })*
    };
}

#[rustfmt::skip]
impl<'b, T: Number> Var<'b, T> {
    comparisons! {
        lt Lt "Whether this is less.";
        le Le "Whether this is at most the other.";
        gt Gt "Whether this is greater.";
        ge Ge "Whether this is at least the other.";
    }

    methods! {
        abs Abs "The size without the sign; integers wrap at the least one.";
    }

    methods_of_two! {
        min Min "The lesser; NaN if one is, and -0 is less than +0.";
        max Max "The greater; NaN if one is, and +0 is greater than -0.";
    }
}

#[rustfmt::skip]
impl<'b, T: Real> Var<'b, T> {
    methods! {
        sqrt       Sqrt     "The square root, correctly rounded.";
        floor      Floor    "The whole number below.";
        ceil       Ceil     "The whole number above.";
        trunc      Trunc    "The whole number towards zero.";
        round_even Rint     "The nearest whole number, halves to the even one.";
        exponent   Exponent "`floor(log2(|x|))`; -inf at 0, inf at infinities.";
        mantissa   Mantissa "`x / 2^exponent(x)`, in [1, 2) with the sign of x.";
    }

    methods_of_two! {
        fmin     Fmin     "The lesser of those that are not NaN.";
        fmax     Fmax     "The greater of those that are not NaN.";
        copysign Copysign "The size of this with the sign of the other.";
    }

    /// `self * factor + addend`, rounded once.
    pub fn mul_add(self, factor: impl Literal<'b, T>, addend: impl Literal<'b, T>) -> Self {
        let (factor, addend) = (factor.to_var(self.builder), addend.to_var(self.builder));
        self.op(Op::Fma, &[factor.id, addend.id])
    }

    /// Whether this is NaN.
    pub fn is_nan(self) -> Var<'b, bool> {
        self.ne(self)
    }
}

#[rustfmt::skip]
impl<'b> Var<'b, f64> {
    methods! {
        exp  Exp  "e to the power of this.";
        ln   Log  "The natural logarithm.";
        sin  Sin  "The sine of an angle in radians.";
        cos  Cos  "The cosine of an angle in radians.";
        asin Asin "The inverse sine, in radians.";
    }

    /// The angle of the point `(x, self)`, in radians.
    pub fn atan2(self, x: impl Literal<'b, f64>) -> Self {
        self.with(Op::Atan2, x)
    }

    /// This to the power `exponent`.
    pub fn powf(self, exponent: impl Literal<'b, f64>) -> Self {
        self.with(Op::Pow, exponent)
    }

    /// This to a fixed whole power, in a fixed order of multiplications.
    ///
    /// # Panics
    /// When the exponent is beyond 64 in size.
    pub fn powi(self, exponent: i32) -> Self {
        assert!(exponent.unsigned_abs() <= POWI_MAX as u32, "an exponent beyond {POWI_MAX}");
        let exponent: Var<'b, i32> = self.builder.constant(exponent);
        self.op(Op::Powi, &[exponent.id])
    }
}

#[rustfmt::skip]
impl<'b, T: Int> Var<'b, T> {
    methods! {
        leading_zeros  Clz      "The number of zero bits at the top.";
        trailing_zeros Ctz      "The number of zero bits at the bottom.";
        count_ones     Popcount "The number of one bits.";
    }

    methods_of_two! {
        saturating_add AddSat "The sum, held to the type's range.";
        saturating_sub SubSat "The difference, held to the type's range.";
        saturating_mul MulSat "The product, held to the type's range.";
        rotate_left    Rotl   "The bits turned up, modulo the width.";
        rotate_right   Rotr   "The bits turned down, modulo the width.";
    }
}

impl<'b> Var<'b, bool> {
    /// `yes` where this is true, else `no`; both are computed.
    pub fn select<T: Element>(
        self,
        yes: impl Literal<'b, T>,
        no: impl Literal<'b, T>,
    ) -> Var<'b, T> {
        let (yes, no) = (yes.to_var(self.builder), no.to_var(self.builder));
        self.op(Op::Select, &[yes.id, no.id])
    }

    /// `yes()` where this is true, else `no()`; only that one is computed.
    pub fn choose<T: Element>(
        self,
        yes: impl FnOnce() -> Var<'b, T>,
        no: impl FnOnce() -> Var<'b, T>,
    ) -> Var<'b, T> {
        let state = &self.builder.state;
        state.borrow_mut().func.begin_if();
        let yes = yes().to_var(self.builder);
        let then = state.borrow_mut().func.begin_else(&[yes.id]);
        let no = no().to_var(self.builder);
        let results = state.borrow_mut().func.end_if(self.id, then, &[no.id]);
        Var::new(self.builder, results[0])
    }
}

/// `Var op Var`, `Var op value` and `value op Var` for the listed types.
macro_rules! operators {
    ($($trait:ident $method:ident $op:ident: $($ty:ident)*;)*) => {$($(
        impl<'b> ops::$trait for Var<'b, $ty> {
            type Output = Var<'b, $ty>;

            fn $method(self, other: Var<'b, $ty>) -> Var<'b, $ty> {
                self.with(Op::$op, other)
            }
        }

        impl<'b> ops::$trait<$ty> for Var<'b, $ty> {
            type Output = Var<'b, $ty>;

            fn $method(self, other: $ty) -> Var<'b, $ty> {
                self.with(Op::$op, other)
            }
        }

        impl<'b> ops::$trait<Var<'b, $ty>> for $ty {
            type Output = Var<'b, $ty>;

            fn $method(self, other: Var<'b, $ty>) -> Var<'b, $ty> {
                other.builder.constant(self).with(Op::$op, other)
            }
        }
    )*)*};
}

operators! {
    Add add Add: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    Sub sub Sub: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    Mul mul Mul: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    Div div Div: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    Rem rem Rem: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    BitAnd bitand And: bool i8 i16 i32 i64 u8 u16 u32 u64;
    BitOr bitor Or: bool i8 i16 i32 i64 u8 u16 u32 u64;
    BitXor bitxor Xor: bool i8 i16 i32 i64 u8 u16 u32 u64;
    Shl shl Shl: i8 i16 i32 i64 u8 u16 u32 u64;
    Shr shr Shr: i8 i16 i32 i64 u8 u16 u32 u64;
}

macro_rules! signs {
    ($($trait:ident $method:ident $op:ident: $($ty:ident)*;)*) => {$($(
        impl<'b> ops::$trait for Var<'b, $ty> {
            type Output = Var<'b, $ty>;

            fn $method(self) -> Var<'b, $ty> {
                self.op(Op::$op, &[])
            }
        }
    )*)*};
}

signs! {
    Neg neg Neg: i8 i16 i32 i64 f32 f64;
    Not not Not: bool i8 i16 i32 i64 u8 u16 u32 u64;
}
