//! What each op computes: one scalar meaning, used by the interpreter and by
//! constant folding, and the reference for every backend.
//!
//! The traits are implemented for the plain Rust numbers, and every method is
//! `inline(always)`, so that the interpreter's loops over blocks compile to
//! vector code inside functions with more target features than this crate.

use crate::constant::Const;
use crate::op::Op;
use crate::types::Scalar;
use kiln_math::Slow;

/// Calls the macro `$then` with the one-operand functions of kiln-math, as
/// rows of an op and its function. Whoever evaluates ops expands this one
/// list, so that a new function is one new row.
#[macro_export]
macro_rules! math1_ops {
    ($then:ident) => {
        $then! {
            Exp exp;
            Exp2 exp2;
            Exp10 exp10;
            Expm1 expm1;
            Log log;
            Log2 log2;
            Log10 log10;
            Log1p log1p;
            Sin sin;
            Cos cos;
            Tan tan;
            Asin asin;
            Acos acos;
            Atan atan;
            Sinh sinh;
            Cosh cosh;
            Tanh tanh;
            Asinh asinh;
            Acosh acosh;
            Atanh atanh;
            Cbrt cbrt;
            Erf erf;
            Erfc erfc;
            Tgamma tgamma;
            Lgamma lgamma;
            Round round;
        }
    };
}

/// As [`math1_ops`](crate::math1_ops), for the functions of two operands.
#[macro_export]
macro_rules! math2_ops {
    ($then:ident) => {
        $then! { Atan2 atan2; Pow pow; Hypot hypot; }
    };
}

/// The slow-lane ops of kiln-math, as rows of an op and its [`Slow`].
///
/// [`Slow`]: kiln_math::Slow
#[macro_export]
macro_rules! slow_ops {
    ($then:ident) => {
        $then! {
            SlowSin Sin;
            SlowCos Cos;
            SlowTan Tan;
            SlowLog Log;
            SlowLog2 Log2;
            SlowLog10 Log10;
            SlowAtan2 Atan2;
            SlowPow Pow;
            SlowPowi Powi;
            SlowCbrt Cbrt;
            SlowHypot Hypot;
            SlowTgamma Tgamma;
            SlowLgamma Lgamma;
            SlowFrem Frem;
        }
    };
}

/// The canonical quiet NaN of binary64.
pub const NAN64: f64 = f64::from_bits(0x7ff8_0000_0000_0000);
/// The canonical quiet NaN of binary32.
pub const NAN32: f32 = f32::from_bits(0x7fc0_0000);

/// A Rust type that a scalar type of the language is held in.
pub trait Value: Copy + Default + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// The scalar type.
    const SCALAR: Scalar;
    /// The value of a constant of this type.
    fn from_const(value: Const) -> Self;
    /// The constant of this value.
    fn to_const(self) -> Const;
}

/// The meaning of the ops on integers and floats.
#[expect(missing_docs, reason = "each method is the op of its name")]
pub trait Number: Value + PartialOrd {
    fn add(self, y: Self) -> Self;
    fn sub(self, y: Self) -> Self;
    fn mul(self, y: Self) -> Self;
    fn div(self, y: Self) -> Self;
    fn rem(self, y: Self) -> Self;
    fn neg(self) -> Self;
    fn abs(self) -> Self;
    fn min(self, y: Self) -> Self;
    fn max(self, y: Self) -> Self;
}

/// The meaning of the bit ops.
#[expect(missing_docs, reason = "each method is the op of its name")]
pub trait BitValue: Value {
    fn and(self, y: Self) -> Self;
    fn or(self, y: Self) -> Self;
    fn xor(self, y: Self) -> Self;
    fn not(self) -> Self;
}

/// The meaning of the ops on integers alone.
#[expect(missing_docs, reason = "each method is the op of its name")]
pub trait Integer: Number + BitValue {
    fn add_sat(self, y: Self) -> Self;
    fn sub_sat(self, y: Self) -> Self;
    fn mul_sat(self, y: Self) -> Self;
    fn mul_high(self, y: Self) -> Self;
    fn add_overflows(self, y: Self) -> bool;
    fn sub_overflows(self, y: Self) -> bool;
    fn mul_overflows(self, y: Self) -> bool;
    fn shl(self, y: Self) -> Self;
    fn shr(self, y: Self) -> Self;
    fn rotl(self, y: Self) -> Self;
    fn rotr(self, y: Self) -> Self;
    fn clz(self) -> Self;
    fn ctz(self) -> Self;
    fn popcount(self) -> Self;
}

/// The meaning of the ops on floats alone.
#[expect(missing_docs, reason = "each method is the op of its name")]
pub trait Real: Number {
    /// The unsigned integer as wide.
    type Bits: Integer;
    fn fmin(self, y: Self) -> Self;
    fn fmax(self, y: Self) -> Self;
    fn fma(self, y: Self, z: Self) -> Self;
    fn sqrt(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn trunc(self) -> Self;
    fn rint(self) -> Self;
    fn copysign(self, y: Self) -> Self;
    fn ldexp(self, y: Self) -> Self;
    fn exponent(self) -> Self;
    fn mantissa(self) -> Self;
    fn bits(self) -> Self::Bits;
    fn from_bits(bits: Self::Bits) -> Self;
    fn powi(self, n: i32) -> Self;
    /// A one-operand function of kiln-math, if the op is one.
    fn math1(self, op: Op) -> Option<Self>;
    /// A two-operand function of kiln-math, if the op is one.
    fn math2(self, y: Self, op: Op) -> Option<Self>;
    /// A slow-lane op of kiln-math.
    fn slow(op: Slow, args: &[Self]) -> Self;
}

/// The meaning of `cast`.
pub trait CastFrom<S> {
    /// `value` as this type.
    fn cast_from(value: S) -> Self;
}

impl Value for bool {
    const SCALAR: Scalar = Scalar::Bool;

    #[inline(always)]
    fn from_const(value: Const) -> bool {
        value.bits() != 0
    }

    #[inline(always)]
    fn to_const(self) -> Const {
        Const::bool(self)
    }
}

impl BitValue for bool {
    #[inline(always)]
    fn and(self, y: bool) -> bool {
        self & y
    }

    #[inline(always)]
    fn or(self, y: bool) -> bool {
        self | y
    }

    #[inline(always)]
    fn xor(self, y: bool) -> bool {
        self ^ y
    }

    #[inline(always)]
    fn not(self) -> bool {
        !self
    }
}

macro_rules! integer {
    ($($ty:ident $scalar:ident $unsigned:ident $wide:ident;)*) => {$(
        impl Value for $ty {
            const SCALAR: Scalar = Scalar::$scalar;

            #[inline(always)]
            fn from_const(value: Const) -> $ty {
                value.bits() as $ty
            }

            #[inline(always)]
            fn to_const(self) -> Const {
                Const::from_bits(Scalar::$scalar, self as u64)
            }
        }

        impl Number for $ty {
            #[inline(always)]
            fn add(self, y: $ty) -> $ty {
                self.wrapping_add(y)
            }

            #[inline(always)]
            fn sub(self, y: $ty) -> $ty {
                self.wrapping_sub(y)
            }

            #[inline(always)]
            fn mul(self, y: $ty) -> $ty {
                self.wrapping_mul(y)
            }

            #[inline(always)]
            fn div(self, y: $ty) -> $ty {
                if y == 0 { 0 } else { self.wrapping_div(y) }
            }

            #[inline(always)]
            fn rem(self, y: $ty) -> $ty {
                if y == 0 { 0 } else { self.wrapping_rem(y) }
            }

            #[inline(always)]
            fn neg(self) -> $ty {
                self.wrapping_neg()
            }

            #[inline(always)]
            #[allow(unused_comparisons, reason = "the macro serves unsigned types too")]
            fn abs(self) -> $ty {
                if self < 0 { self.wrapping_neg() } else { self }
            }

            #[inline(always)]
            fn min(self, y: $ty) -> $ty {
                Ord::min(self, y)
            }

            #[inline(always)]
            fn max(self, y: $ty) -> $ty {
                Ord::max(self, y)
            }
        }

        impl BitValue for $ty {
            #[inline(always)]
            fn and(self, y: $ty) -> $ty {
                self & y
            }

            #[inline(always)]
            fn or(self, y: $ty) -> $ty {
                self | y
            }

            #[inline(always)]
            fn xor(self, y: $ty) -> $ty {
                self ^ y
            }

            #[inline(always)]
            fn not(self) -> $ty {
                !self
            }
        }

        impl Integer for $ty {
            #[inline(always)]
            fn add_sat(self, y: $ty) -> $ty {
                self.saturating_add(y)
            }

            #[inline(always)]
            fn sub_sat(self, y: $ty) -> $ty {
                self.saturating_sub(y)
            }

            #[inline(always)]
            fn mul_sat(self, y: $ty) -> $ty {
                self.saturating_mul(y)
            }

            #[inline(always)]
            fn mul_high(self, y: $ty) -> $ty {
                ((self as $wide * y as $wide) >> $ty::BITS) as $ty
            }

            #[inline(always)]
            fn add_overflows(self, y: $ty) -> bool {
                self.overflowing_add(y).1
            }

            #[inline(always)]
            fn sub_overflows(self, y: $ty) -> bool {
                self.overflowing_sub(y).1
            }

            #[inline(always)]
            fn mul_overflows(self, y: $ty) -> bool {
                self.overflowing_mul(y).1
            }

            #[inline(always)]
            fn shl(self, y: $ty) -> $ty {
                self.wrapping_shl(y as u32)
            }

            #[inline(always)]
            fn shr(self, y: $ty) -> $ty {
                self.wrapping_shr(y as u32)
            }

            #[inline(always)]
            fn rotl(self, y: $ty) -> $ty {
                self.rotate_left(y as u32 & ($ty::BITS - 1))
            }

            #[inline(always)]
            fn rotr(self, y: $ty) -> $ty {
                self.rotate_right(y as u32 & ($ty::BITS - 1))
            }

            #[inline(always)]
            fn clz(self) -> $ty {
                self.leading_zeros() as $ty
            }

            #[inline(always)]
            fn ctz(self) -> $ty {
                self.trailing_zeros() as $ty
            }

            #[inline(always)]
            fn popcount(self) -> $ty {
                self.count_ones() as $ty
            }
        }
    )*};
}

#[rustfmt::skip]
integer! {
    i8  I8  u8  i16;
    i16 I16 u16 i32;
    i32 I32 u32 i64;
    i64 I64 u64 i128;
    u8  U8  u8  u16;
    u16 U16 u16 u32;
    u32 U32 u32 u64;
    u64 U64 u64 u128;
}

macro_rules! real {
    ($($ty:ident $scalar:ident $bits:ident $nan:ident $powi:path, $math1:ident, $math2:ident, $slow:ident;)*) => {$(
        impl Value for $ty {
            const SCALAR: Scalar = Scalar::$scalar;

            #[inline(always)]
            fn from_const(value: Const) -> $ty {
                <$ty>::from_bits(value.bits() as $bits)
            }

            #[inline(always)]
            fn to_const(self) -> Const {
                Const::from_bits(Scalar::$scalar, self.to_bits().into())
            }
        }

        impl Number for $ty {
            #[inline(always)]
            fn add(self, y: $ty) -> $ty {
                self + y
            }

            #[inline(always)]
            fn sub(self, y: $ty) -> $ty {
                self - y
            }

            #[inline(always)]
            fn mul(self, y: $ty) -> $ty {
                self * y
            }

            #[inline(always)]
            fn div(self, y: $ty) -> $ty {
                self / y
            }

            #[inline(always)]
            fn rem(self, y: $ty) -> $ty {
                // Rust's % is C's fmod, which is exact.
                self % y
            }

            #[inline(always)]
            fn neg(self) -> $ty {
                -self
            }

            #[inline(always)]
            fn abs(self) -> $ty {
                <$ty>::abs(self)
            }

            #[inline(always)]
            fn min(self, y: $ty) -> $ty {
                if self < y {
                    self
                } else if y < self {
                    y
                } else if self == y {
                    // Equal numbers have equal bits but for the sign of zero.
                    <$ty>::from_bits(self.to_bits() | y.to_bits())
                } else {
                    $nan
                }
            }

            #[inline(always)]
            fn max(self, y: $ty) -> $ty {
                if self > y {
                    self
                } else if y > self {
                    y
                } else if self == y {
                    <$ty>::from_bits(self.to_bits() & y.to_bits())
                } else {
                    $nan
                }
            }
        }

        impl Real for $ty {
            type Bits = $bits;

            #[inline(always)]
            fn fmin(self, y: $ty) -> $ty {
                if self.is_nan() {
                    y
                } else if y.is_nan() {
                    self
                } else {
                    Number::min(self, y)
                }
            }

            #[inline(always)]
            fn fmax(self, y: $ty) -> $ty {
                if self.is_nan() {
                    y
                } else if y.is_nan() {
                    self
                } else {
                    Number::max(self, y)
                }
            }

            #[inline(always)]
            fn fma(self, y: $ty, z: $ty) -> $ty {
                self.mul_add(y, z)
            }

            #[inline(always)]
            fn sqrt(self) -> $ty {
                <$ty>::sqrt(self)
            }

            #[inline(always)]
            fn floor(self) -> $ty {
                <$ty>::floor(self)
            }

            #[inline(always)]
            fn ceil(self) -> $ty {
                <$ty>::ceil(self)
            }

            #[inline(always)]
            fn trunc(self) -> $ty {
                <$ty>::trunc(self)
            }

            #[inline(always)]
            fn rint(self) -> $ty {
                self.round_ties_even()
            }

            #[inline(always)]
            fn copysign(self, y: $ty) -> $ty {
                let sign = if y.is_nan() { 0.0 } else { y };
                <$ty>::copysign(self, sign)
            }

            // Exact or rounded once in f64, hence also in f32.
            #[inline(always)]
            fn ldexp(self, y: $ty) -> $ty {
                kiln_math::ldexp(self.into(), y.into()) as $ty
            }

            #[inline(always)]
            fn exponent(self) -> $ty {
                kiln_math::exponent(self.into()) as $ty
            }

            #[inline(always)]
            fn mantissa(self) -> $ty {
                kiln_math::mantissa(self.into()) as $ty
            }

            #[inline(always)]
            fn bits(self) -> $bits {
                if self.is_nan() {
                    $nan.to_bits()
                } else {
                    self.to_bits()
                }
            }

            #[inline(always)]
            fn from_bits(bits: $bits) -> $ty {
                <$ty>::from_bits(bits)
            }

            #[inline(always)]
            fn powi(self, n: i32) -> $ty {
                $powi(self, n)
            }

            #[inline(always)]
            fn math1(self, op: Op) -> Option<$ty> {
                $math1(op).map(|f| f(self))
            }

            #[inline(always)]
            fn math2(self, y: $ty, op: Op) -> Option<$ty> {
                $math2(op).map(|f| f(self, y))
            }

            #[inline(always)]
            fn slow(op: Slow, args: &[$ty]) -> $ty {
                op.$slow(args)
            }
        }
    )*};
}

#[rustfmt::skip]
real! {
    f32 F32 u32 NAN32 kiln_math::single::powi, math1_single, math2_single, eval32;
    f64 F64 u64 NAN64 kiln_math::powi,         math1_double, math2_double, eval;
}

macro_rules! casts {
    ($($to:ident)*) => {$(
        casts!(@ $to: i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

        impl CastFrom<bool> for $to {
            #[inline(always)]
            fn cast_from(value: bool) -> $to {
                u8::from(value) as $to
            }
        }
    )*};
    (@ $to:ident: $($from:ident)*) => {$(
        impl CastFrom<$from> for $to {
            #[inline(always)]
            fn cast_from(value: $from) -> $to {
                // Rust's `as` truncates and saturates floats, wraps integers
                // and rounds to nearest even: the meaning of `cast`.
                value as $to
            }
        }
    )*};
}

casts!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);

/// Calls `$body` with the type alias `T` set to the Rust type of `$scalar`.
macro_rules! with_type {
    (number $scalar:expr, $body:block) => {
        match $scalar {
            Scalar::F32 => with_type!(@ f32, $body),
            Scalar::F64 => with_type!(@ f64, $body),
            other => with_type!(int other, $body),
        }
    };
    (int $scalar:expr, $body:block) => {
        match $scalar {
            Scalar::I8 => with_type!(@ i8, $body),
            Scalar::I16 => with_type!(@ i16, $body),
            Scalar::I32 => with_type!(@ i32, $body),
            Scalar::I64 => with_type!(@ i64, $body),
            Scalar::U8 => with_type!(@ u8, $body),
            Scalar::U16 => with_type!(@ u16, $body),
            Scalar::U32 => with_type!(@ u32, $body),
            Scalar::U64 => with_type!(@ u64, $body),
            other => unreachable!("{other} is not an integer type"),
        }
    };
    (float $scalar:expr, $body:block) => {
        match $scalar {
            Scalar::F32 => with_type!(@ f32, $body),
            Scalar::F64 => with_type!(@ f64, $body),
            other => unreachable!("{other} is not a float type"),
        }
    };
    (@ $ty:ident, $body:block) => {{
        type T = $ty;
        $body
    }};
}

/// What `op` gives for scalar operands; `result` is the scalar type of the
/// result. Total: every operand has a value.
///
/// # Panics
/// When the operands do not fit the op, which the verifier rules out, and
/// for the ops on vectors, which have no scalar meaning of their own.
pub fn eval(op: Op, result: Scalar, args: &[Const]) -> Const {
    let operand = args.first().map_or(result, |c| c.scalar());
    match args {
        [x] => eval1(op, operand, result, *x),
        [x, y] => eval2(op, operand, *x, *y),
        [x, y, z] => eval3(op, operand, *x, *y, *z),
        _ => unreachable!("{} has no scalar meaning", op.name()),
    }
}

fn eval1(op: Op, ty: Scalar, result: Scalar, x: Const) -> Const {
    macro_rules! unary {
        ($kind:ident $f:expr) => {
            with_type!($kind ty, { $f(T::from_const(x)).to_const() })
        };
    }
    match op {
        Op::Neg => unary!(number Number::neg),
        Op::Abs => unary!(number Number::abs),
        Op::Sqrt => unary!(float Real::sqrt),
        Op::Floor => unary!(float Real::floor),
        Op::Ceil => unary!(float Real::ceil),
        Op::Trunc => unary!(float Real::trunc),
        Op::Rint => unary!(float Real::rint),
        Op::Exponent => unary!(float Real::exponent),
        Op::Mantissa => unary!(float Real::mantissa),
        Op::Not if ty == Scalar::Bool => Const::bool(x.bits() == 0),
        Op::Not => unary!(int BitValue::not),
        Op::Clz => unary!(int Integer::clz),
        Op::Ctz => unary!(int Integer::ctz),
        Op::Popcount => unary!(int Integer::popcount),
        Op::Bits | Op::RawBits => unary!(float Real::bits),
        Op::FromBits => Const::from_bits(result, x.bits()),
        Op::Cast => cast(result, x),
        other => with_type!(float ty, {
            let x = T::from_const(x);
            let slow = || slow_function(other).map(|slow| T::slow(slow, &[x]));
            match x.math1(other).or_else(slow) {
                Some(value) => value.to_const(),
                None => unreachable!("{} has no one-operand meaning", other.name()),
            }
        }),
    }
}

/// The function of kiln-math that a one-operand op is, in binary64.
pub fn math1_double(op: Op) -> Option<fn(f64) -> f64> {
    macro_rules! rows {
        ($($variant:ident $function:ident;)*) => {
            match op {
                $(Op::$variant => Some(kiln_math::$function),)*
                _ => None,
            }
        };
    }
    math1_ops!(rows)
}

/// The function of kiln-math that a one-operand op is, in binary32.
pub fn math1_single(op: Op) -> Option<fn(f32) -> f32> {
    macro_rules! rows {
        ($($variant:ident $function:ident;)*) => {
            match op {
                $(Op::$variant => Some(kiln_math::single::$function),)*
                _ => None,
            }
        };
    }
    math1_ops!(rows)
}

fn eval2(op: Op, ty: Scalar, x: Const, y: Const) -> Const {
    macro_rules! binary {
        ($kind:ident $f:expr) => {
            with_type!($kind ty, { $f(T::from_const(x), T::from_const(y)).to_const() })
        };
    }
    macro_rules! compare {
        ($op:tt) => {
            with_type!(number ty, { Const::bool(T::from_const(x) $op T::from_const(y)) })
        };
    }
    match op {
        Op::Add => binary!(number Number::add),
        Op::Sub => binary!(number Number::sub),
        Op::Mul => binary!(number Number::mul),
        Op::Div => binary!(number Number::div),
        Op::Rem => binary!(number Number::rem),
        Op::Min => binary!(number Number::min),
        Op::Max => binary!(number Number::max),
        Op::Fmin => binary!(float Real::fmin),
        Op::Fmax => binary!(float Real::fmax),
        Op::Copysign => binary!(float Real::copysign),
        Op::Ldexp => binary!(float Real::ldexp),
        Op::Powi => with_type!(float ty, {
            Real::powi(T::from_const(x), i32::from_const(y)).to_const()
        }),
        Op::AddSat => binary!(int Integer::add_sat),
        Op::SubSat => binary!(int Integer::sub_sat),
        Op::MulSat => binary!(int Integer::mul_sat),
        Op::MulHigh => binary!(int Integer::mul_high),
        Op::AddOverflows => binary!(int Integer::add_overflows),
        Op::SubOverflows => binary!(int Integer::sub_overflows),
        Op::MulOverflows => binary!(int Integer::mul_overflows),
        Op::And => Const::from_bits(ty, x.bits() & y.bits()),
        Op::Or => Const::from_bits(ty, x.bits() | y.bits()),
        Op::Xor => Const::from_bits(ty, x.bits() ^ y.bits()),
        Op::Shl => binary!(int Integer::shl),
        Op::Shr => binary!(int Integer::shr),
        Op::Rotl => binary!(int Integer::rotl),
        Op::Rotr => binary!(int Integer::rotr),
        Op::Eq if ty == Scalar::Bool => Const::bool(x == y),
        Op::Ne if ty == Scalar::Bool => Const::bool(x != y),
        Op::Eq => compare!(==),
        Op::Ne => compare!(!=),
        Op::Lt => compare!(<),
        Op::Le => compare!(<=),
        Op::Gt => compare!(>),
        Op::Ge => compare!(>=),
        other => with_type!(float ty, {
            let (x, y) = (T::from_const(x), T::from_const(y));
            let slow = || slow_function(other).map(|slow| T::slow(slow, &[x, y]));
            match x.math2(y, other).or_else(slow) {
                Some(value) => value.to_const(),
                None => unreachable!("{} has no two-operand meaning", other.name()),
            }
        }),
    }
}

/// The function of kiln-math that a two-operand op is, in binary64.
pub fn math2_double(op: Op) -> Option<fn(f64, f64) -> f64> {
    macro_rules! rows {
        ($($variant:ident $function:ident;)*) => {
            match op {
                $(Op::$variant => Some(kiln_math::$function),)*
                _ => None,
            }
        };
    }
    math2_ops!(rows)
}

/// The function of kiln-math that a two-operand op is, in binary32.
pub fn math2_single(op: Op) -> Option<fn(f32, f32) -> f32> {
    macro_rules! rows {
        ($($variant:ident $function:ident;)*) => {
            match op {
                $(Op::$variant => Some(kiln_math::single::$function),)*
                _ => None,
            }
        };
    }
    math2_ops!(rows)
}

/// The slow-lane op of kiln-math that an op is.
pub fn slow_function(op: Op) -> Option<Slow> {
    macro_rules! rows {
        ($($variant:ident $slow:ident;)*) => {
            match op {
                $(Op::$variant => Some(Slow::$slow),)*
                _ => None,
            }
        };
    }
    slow_ops!(rows)
}

/// The op that a slow-lane op of kiln-math is, if the table has it.
pub fn slow_op(slow: Slow) -> Option<Op> {
    macro_rules! rows {
        ($($variant:ident $slow:ident;)*) => {
            match slow {
                $(Slow::$slow => Some(Op::$variant),)*
                _ => None,
            }
        };
    }
    slow_ops!(rows)
}

fn eval3(op: Op, ty: Scalar, x: Const, y: Const, z: Const) -> Const {
    match op {
        Op::Fma => with_type!(float ty, {
            Real::fma(T::from_const(x), T::from_const(y), T::from_const(z)).to_const()
        }),
        Op::Select => {
            if x.bits() != 0 {
                y
            } else {
                z
            }
        }
        other => unreachable!("{} has no three-operand meaning", other.name()),
    }
}

fn cast(to: Scalar, x: Const) -> Const {
    macro_rules! from {
        ($source:ident) => {{
            let value = $source::from_const(x);
            with_type!(number to, { T::cast_from(value).to_const() })
        }};
    }
    match x.scalar() {
        Scalar::Bool => from!(bool),
        Scalar::I8 => from!(i8),
        Scalar::I16 => from!(i16),
        Scalar::I32 => from!(i32),
        Scalar::I64 => from!(i64),
        Scalar::U8 => from!(u8),
        Scalar::U16 => from!(u16),
        Scalar::U32 => from!(u32),
        Scalar::U64 => from!(u64),
        Scalar::F32 => from!(f32),
        Scalar::F64 => from!(f64),
    }
}
