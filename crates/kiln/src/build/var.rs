//! [`Var`]: a value of a computation being built, with the operators of its type.

use super::Builder;
use super::control::Vars;
use crate::element::{Bits, Int, Number, Real, Signed};
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

    pub(super) fn builder(self) -> &'b Builder {
        self.builder
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

/// Mathematical functions, in the type they are asked in.
#[rustfmt::skip]
impl<'b, T: Real> Var<'b, T> {
    methods! {
        exp     Exp    "e to the power of this.";
        exp2    Exp2   "2 to the power of this.";
        exp10   Exp10  "10 to the power of this.";
        exp_m1  Expm1  "e to the power of this, less 1; accurate near zero.";
        ln      Log    "The natural logarithm.";
        log2    Log2   "The logarithm to base 2.";
        log10   Log10  "The logarithm to base 10.";
        ln_1p   Log1p  "The natural logarithm of 1 more; accurate near zero.";
        sin     Sin    "The sine of an angle in radians.";
        cos     Cos    "The cosine of an angle in radians.";
        tan     Tan    "The tangent of an angle in radians.";
        asin    Asin   "The inverse sine, in radians.";
        acos    Acos   "The inverse cosine, in radians.";
        atan    Atan   "The inverse tangent, in radians.";
        sinh    Sinh   "The hyperbolic sine.";
        cosh    Cosh   "The hyperbolic cosine.";
        tanh    Tanh   "The hyperbolic tangent.";
        asinh   Asinh  "The inverse hyperbolic sine.";
        acosh   Acosh  "The inverse hyperbolic cosine.";
        atanh   Atanh  "The inverse hyperbolic tangent.";
        cbrt    Cbrt   "The cube root.";
        erf     Erf    "The error function.";
        erfc    Erfc   "1 less the error function; accurate where it is small.";
        gamma   Tgamma "The gamma function.";
        ln_gamma Lgamma "The logarithm of the size of the gamma function.";
        round   Round  "The nearest whole number, halves away from zero.";
    }

    methods_of_two! {
        atan2 Atan2 "The angle of the point `(other, self)`, in radians.";
        powf  Pow   "This to the power of the other.";
        hypot Hypot "The root of the sum of both squares, without overflow on the way.";
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

    /// `yes()` where this is true, else `no()`; only that one runs. What they
    /// give is a handle, a plain value, or a tuple of them.
    ///
    /// ```
    /// let f = kiln::build(|b| {
    ///     let x = b.input::<f64>("x");
    ///     let (size, sign) = x.lt(0.0).choose(|| (-x, -1.0), || (x, 1.0));
    ///     size.sqrt() * sign
    /// })?;
    /// let f = f.typed::<fn(f64) -> f64>(["x"])?;
    /// assert_eq!((f.call(-9.0), f.call(4.0)), (-3.0, 2.0));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn choose<Y, N>(self, yes: impl FnOnce() -> Y, no: impl FnOnce() -> N) -> Y::Handles
    where
        Y: Vars<'b>,
        N: Vars<'b, Handles = Y::Handles>,
    {
        let b = self.builder;
        b.open(|func| func.begin_if());
        let yes = b.ids(yes());
        b.close();
        let then = b.open(|func| func.begin_else(&yes));
        let no = b.ids(no());
        b.close();
        let results = b.state.borrow_mut().func.end_if(self.id, then, &no);
        b.handles::<Y>(results)
    }

    /// Runs `body` where this is true.
    pub fn then(self, body: impl FnOnce()) {
        self.choose(body, || ());
    }

    /// Whether both are true.
    pub fn and(self, other: impl Literal<'b, bool>) -> Self {
        self.with(Op::And, other)
    }

    /// Whether one is true, or both.
    pub fn or(self, other: impl Literal<'b, bool>) -> Self {
        self.with(Op::Or, other)
    }
}

/// `Var op Var` and `Var op value` for the types of a trait.
macro_rules! operators {
    ($($trait:ident $method:ident $op:ident: $kind:ident;)*) => {$(
        impl<'b, T: $kind> ops::$trait for Var<'b, T> {
            type Output = Var<'b, T>;

            fn $method(self, other: Var<'b, T>) -> Var<'b, T> {
                self.with(Op::$op, other)
            }
        }

        impl<'b, T: $kind> ops::$trait<T> for Var<'b, T> {
            type Output = Var<'b, T>;

            fn $method(self, other: T) -> Var<'b, T> {
                self.with(Op::$op, other)
            }
        }
    )*};
}

operators! {
    Add add Add: Number;
    Sub sub Sub: Number;
    Mul mul Mul: Number;
    Div div Div: Number;
    Rem rem Rem: Number;
    BitAnd bitand And: Bits;
    BitOr bitor Or: Bits;
    BitXor bitxor Xor: Bits;
    Shl shl Shl: Int;
    Shr shr Shr: Int;
}

/// `value op Var`, for each of the listed types.
macro_rules! operators_of_values {
    ($($trait:ident $method:ident: $($ty:ident)*;)*) => {$($(
        impl<'b> ops::$trait<Var<'b, $ty>> for $ty {
            type Output = Var<'b, $ty>;

            fn $method(self, other: Var<'b, $ty>) -> Var<'b, $ty> {
                other.builder.constant(self).$method(other)
            }
        }
    )*)*};
}

operators_of_values! {
    Add add: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    Sub sub: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    Mul mul: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    Div div: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    Rem rem: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    BitAnd bitand: bool i8 i16 i32 i64 u8 u16 u32 u64;
    BitOr bitor: bool i8 i16 i32 i64 u8 u16 u32 u64;
    BitXor bitxor: bool i8 i16 i32 i64 u8 u16 u32 u64;
    Shl shl: i8 i16 i32 i64 u8 u16 u32 u64;
    Shr shr: i8 i16 i32 i64 u8 u16 u32 u64;
}

macro_rules! signs {
    ($($trait:ident $method:ident $op:ident: $kind:ident;)*) => {$(
        impl<'b, T: $kind> ops::$trait for Var<'b, T> {
            type Output = Var<'b, T>;

            fn $method(self) -> Var<'b, T> {
                self.op(Op::$op, &[])
            }
        }
    )*};
}

signs! {
    Neg neg Neg: Signed;
    Not not Not: Bits;
}
