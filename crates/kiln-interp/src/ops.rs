//! The match from an op and its type to its meaning, written once for both
//! executors.
//!
//! [`dispatch!`] holds every op on every type; [`frequent!`] those that
//! formulas are made of. Both expand in a scope that defines three shapes,
//! `unary!`, `binary!` and `ternary!`, each taking the Rust types of the
//! operands and of the result, and the method of [`kiln_ir::meaning`] to
//! apply. They are macros and not closures, so that a method's body ends up in
//! the very loop that calls it. Signed and unsigned types share an arm where
//! their bits agree.
//!
//! Why two: what [`frequent!`] expands to is compiled again for each set of
//! target features, as one large function; the rest is compiled once, as many
//! small ones, for the least processor. All of it in each would take the
//! compiler minutes.

/// Applies `$op` on operands of `$ty` if that is frequent; `$to` is the type
/// of the result, `$function!` of a Rust type applies the functions of
/// kiln-math, and `$rest` everything else.
macro_rules! frequent {
    ($op:expr, $ty:expr, $to:expr, $function:ident, $rest:expr) => {
        match $ty {
            Scalar::F64 => frequent_real!(f64, u64, $op, $to, $function, $rest),
            Scalar::F32 => frequent_real!(f32, u32, $op, $to, $function, $rest),
            Scalar::I64 => frequent_integer!(i64, u64, $op, $to, $rest),
            Scalar::I32 => frequent_integer!(i32, u32, $op, $to, $rest),
            Scalar::Bool => match $op {
                Op::And => binary!(u8, u8 => u8, BitValue::and),
                Op::Or => binary!(u8, u8 => u8, BitValue::or),
                Op::Xor | Op::Ne => binary!(u8, u8 => u8, BitValue::xor),
                Op::Not => unary!(bool => bool, BitValue::not),
                Op::Select => choice!(u8, select),
                Op::Cast => match $to {
                    Scalar::I64 => unary!(u8 => i64, CastFrom::cast_from),
                    Scalar::F64 => unary!(u8 => f64, CastFrom::cast_from),
                    _ => $rest,
                },
                _ => $rest,
            },
            _ => $rest,
        }
    };
}

macro_rules! frequent_real {
    ($t:ty, $bits:ty, $op:expr, $to:expr, $function:ident, $rest:expr) => {
        match $op {
            Op::Add => same2!($t, Number::add),
            Op::Sub => same2!($t, Number::sub),
            Op::Mul => same2!($t, Number::mul),
            Op::Div => same2!($t, Number::div),
            Op::Neg => same1!($t, Number::neg),
            Op::Abs => same1!($t, Number::abs),
            Op::Min => same2!($t, Number::min),
            Op::Max => same2!($t, Number::max),
            Op::Fma => same3!($t, Real::fma),
            Op::Sqrt => same1!($t, Real::sqrt),
            Op::Floor => same1!($t, Real::floor),
            Op::Ceil => same1!($t, Real::ceil),
            Op::Trunc => same1!($t, Real::trunc),
            Op::Rint => same1!($t, Real::rint),
            Op::Powi => binary!($t, i32 => $t, Real::powi),
            Op::Eq => flag2!($t, equal),
            Op::Ne => flag2!($t, differ),
            Op::Lt | Op::Gt => flag2!($t, less),
            Op::Le | Op::Ge => flag2!($t, at_most),
            Op::Select => choice!($bits, select),
            Op::Cast => match $to {
                Scalar::I64 => unary!($t => i64, CastFrom::cast_from),
                Scalar::F32 => unary!($t => f32, CastFrom::cast_from),
                Scalar::F64 => unary!($t => f64, CastFrom::cast_from),
                _ => $rest,
            },
            other => match other.class() {
                Class::Math | Class::Slow => $function!($t),
                _ => $rest,
            },
        }
    };
}

macro_rules! frequent_integer {
    ($t:ty, $bits:ty, $op:expr, $to:expr, $rest:expr) => {
        match $op {
            Op::Add => same2!($bits, Number::add),
            Op::Sub => same2!($bits, Number::sub),
            Op::Mul => same2!($bits, Number::mul),
            Op::AddOverflows => flag2!($t, Integer::add_overflows),
            Op::SubOverflows => flag2!($t, Integer::sub_overflows),
            Op::MulOverflows => flag2!($t, Integer::mul_overflows),
            Op::Eq => flag2!($bits, equal),
            Op::Ne => flag2!($bits, differ),
            Op::Lt | Op::Gt => flag2!($t, less),
            Op::Le | Op::Ge => flag2!($t, at_most),
            Op::Select => choice!($bits, select),
            Op::Cast => match $to {
                Scalar::I64 => unary!($t => i64, CastFrom::cast_from),
                Scalar::F64 => unary!($t => f64, CastFrom::cast_from),
                _ => $rest,
            },
            _ => $rest,
        }
    };
}

/// Applies `$op` on operands of `$ty`; `$to` is the type of the result, and
/// `$other` what to do with ops that are not listed.
macro_rules! dispatch {
    ($op:expr, $ty:expr, $to:expr, $other:expr) => {
        match $op {
            Op::Add => by_width!($ty, same2, Number::add),
            Op::Sub => by_width!($ty, same2, Number::sub),
            Op::Mul => by_width!($ty, same2, Number::mul),
            Op::Div => by_type!($ty, same2, Number::div),
            Op::Rem => by_type!($ty, same2, Number::rem),
            Op::Neg => by_width!($ty, same1, Number::neg),
            Op::Abs => by_type!($ty, same1, Number::abs),
            Op::Min => by_type!($ty, same2, Number::min),
            Op::Max => by_type!($ty, same2, Number::max),
            Op::Fmin => float!($ty, same2, Real::fmin),
            Op::Fmax => float!($ty, same2, Real::fmax),
            Op::Fma => float!($ty, same3, Real::fma),
            Op::Sqrt => float!($ty, same1, Real::sqrt),
            Op::Floor => float!($ty, same1, Real::floor),
            Op::Ceil => float!($ty, same1, Real::ceil),
            Op::Trunc => float!($ty, same1, Real::trunc),
            Op::Rint => float!($ty, same1, Real::rint),
            Op::Copysign => float!($ty, same2, Real::copysign),
            Op::Ldexp => float!($ty, same2, Real::ldexp),
            Op::Powi => match $ty {
                Scalar::F32 => binary!(f32, i32 => f32, Real::powi),
                _ => binary!(f64, i32 => f64, Real::powi),
            },
            Op::Exponent => float!($ty, same1, Real::exponent),
            Op::Mantissa => float!($ty, same1, Real::mantissa),
            Op::AddSat => integer!($ty, same2, Integer::add_sat),
            Op::SubSat => integer!($ty, same2, Integer::sub_sat),
            Op::MulSat => integer!($ty, same2, Integer::mul_sat),
            Op::MulHigh => integer!($ty, same2, Integer::mul_high),
            Op::AddOverflows => integer!($ty, flag2, Integer::add_overflows),
            Op::SubOverflows => integer!($ty, flag2, Integer::sub_overflows),
            Op::MulOverflows => integer!($ty, flag2, Integer::mul_overflows),
            Op::And => by_size!($ty, same2, BitValue::and),
            Op::Or => by_size!($ty, same2, BitValue::or),
            Op::Xor => by_size!($ty, same2, BitValue::xor),
            Op::Not => match $ty {
                Scalar::Bool => unary!(bool => bool, BitValue::not),
                _ => by_size!($ty, same1, BitValue::not),
            },
            Op::Shl => by_size!($ty, same2, Integer::shl),
            Op::Shr => integer!($ty, same2, Integer::shr),
            Op::Rotl => by_size!($ty, same2, Integer::rotl),
            Op::Rotr => by_size!($ty, same2, Integer::rotr),
            Op::Clz => by_size!($ty, same1, Integer::clz),
            Op::Ctz => by_size!($ty, same1, Integer::ctz),
            Op::Popcount => by_size!($ty, same1, Integer::popcount),
            Op::Eq => by_width!($ty, flag2, equal),
            Op::Ne => by_width!($ty, flag2, differ),
            Op::Lt | Op::Gt => by_type!($ty, flag2, less),
            Op::Le | Op::Ge => by_type!($ty, flag2, at_most),
            Op::Select => by_size!($ty, choice, select),
            Op::Cast => cast!($ty, $to),
            Op::Bits | Op::RawBits => match $ty {
                Scalar::F32 => unary!(f32 => u32, Real::bits),
                _ => unary!(f64 => u64, Real::bits),
            },
            Op::FromBits => match $ty {
                Scalar::U32 => unary!(u32 => f32, Real::from_bits),
                _ => unary!(u64 => f64, Real::from_bits),
            },
            _ => $other,
        }
    };
}

/// One arm per integer type.
macro_rules! integer {
    ($ty:expr, $shape:ident, $f:expr) => {
        match $ty {
            Scalar::I8 => $shape!(i8, $f),
            Scalar::I16 => $shape!(i16, $f),
            Scalar::I32 => $shape!(i32, $f),
            Scalar::I64 => $shape!(i64, $f),
            Scalar::U8 => $shape!(u8, $f),
            Scalar::U16 => $shape!(u16, $f),
            Scalar::U32 => $shape!(u32, $f),
            _ => $shape!(u64, $f),
        }
    };
}

/// One arm per float type.
macro_rules! float {
    ($ty:expr, $shape:ident, $f:expr) => {
        match $ty {
            Scalar::F32 => $shape!(f32, $f),
            _ => $shape!(f64, $f),
        }
    };
}

/// One arm per number type.
macro_rules! by_type {
    ($ty:expr, $shape:ident, $f:expr) => {
        match $ty {
            Scalar::F32 => $shape!(f32, $f),
            Scalar::F64 => $shape!(f64, $f),
            other => integer!(other, $shape, $f),
        }
    };
}

/// One arm per size, for ops on bits: floats too count as bits.
macro_rules! by_size {
    ($ty:expr, $shape:ident, $f:expr) => {
        match $ty.bytes() {
            1 => $shape!(u8, $f),
            2 => $shape!(u16, $f),
            4 => $shape!(u32, $f),
            _ => $shape!(u64, $f),
        }
    };
}

/// One arm per float type and per size of integer.
macro_rules! by_width {
    ($ty:expr, $shape:ident, $f:expr) => {
        match $ty {
            Scalar::F32 => $shape!(f32, $f),
            Scalar::F64 => $shape!(f64, $f),
            other => by_size!(other, $shape, $f),
        }
    };
}

macro_rules! same1 {
    ($t:ty, $f:expr) => {
        unary!($t => $t, $f)
    };
}

macro_rules! same2 {
    ($t:ty, $f:expr) => {
        binary!($t, $t => $t, $f)
    };
}

macro_rules! same3 {
    ($t:ty, $f:expr) => {
        ternary!($t, $t, $t => $t, $f)
    };
}

macro_rules! flag2 {
    ($t:ty, $f:expr) => {
        binary!($t, $t => bool, $f)
    };
}

macro_rules! choice {
    ($t:ty, $f:expr) => {
        ternary!(bool, $t, $t => $t, $f)
    };
}

/// Every cast: integers to integers by the size of the result alone.
macro_rules! cast {
    ($from:expr, $to:expr) => {
        match $from {
            Scalar::Bool | Scalar::U8 => cast_integer!(u8, $to),
            Scalar::I8 => cast_integer!(i8, $to),
            Scalar::I16 => cast_integer!(i16, $to),
            Scalar::I32 => cast_integer!(i32, $to),
            Scalar::I64 => cast_integer!(i64, $to),
            Scalar::U16 => cast_integer!(u16, $to),
            Scalar::U32 => cast_integer!(u32, $to),
            Scalar::U64 => cast_integer!(u64, $to),
            Scalar::F32 => cast_float!(f32, $to),
            Scalar::F64 => cast_float!(f64, $to),
        }
    };
}

macro_rules! cast_integer {
    ($from:ty, $to:expr) => {
        match $to {
            Scalar::F32 => unary!($from => f32, CastFrom::cast_from),
            Scalar::F64 => unary!($from => f64, CastFrom::cast_from),
            other => match other.bytes() {
                1 => unary!($from => u8, CastFrom::cast_from),
                2 => unary!($from => u16, CastFrom::cast_from),
                4 => unary!($from => u32, CastFrom::cast_from),
                _ => unary!($from => u64, CastFrom::cast_from),
            },
        }
    };
}

macro_rules! cast_float {
    ($from:ty, $to:expr) => {
        match $to {
            Scalar::F32 => unary!($from => f32, CastFrom::cast_from),
            Scalar::F64 => unary!($from => f64, CastFrom::cast_from),
            Scalar::I8 => unary!($from => i8, CastFrom::cast_from),
            Scalar::I16 => unary!($from => i16, CastFrom::cast_from),
            Scalar::I32 => unary!($from => i32, CastFrom::cast_from),
            Scalar::I64 => unary!($from => i64, CastFrom::cast_from),
            Scalar::U8 => unary!($from => u8, CastFrom::cast_from),
            Scalar::U16 => unary!($from => u16, CastFrom::cast_from),
            Scalar::U32 => unary!($from => u32, CastFrom::cast_from),
            _ => unary!($from => u64, CastFrom::cast_from),
        }
    };
}

/// Calls the macro `$then` with every type: its variant and its Rust type.
macro_rules! all_types {
    ($then:ident) => {
        $then! {
            Bool bool;
            I8 i8; I16 i16; I32 i32; I64 i64;
            U8 u8; U16 u16; U32 u32; U64 u64;
            F32 f32; F64 f64;
        }
    };
}

/// The meanings that are Rust operators and no method.
#[inline(always)]
pub(crate) fn equal<T: PartialEq>(x: T, y: T) -> bool {
    x == y
}

#[inline(always)]
pub(crate) fn differ<T: PartialEq>(x: T, y: T) -> bool {
    x != y
}

#[inline(always)]
pub(crate) fn less<T: PartialOrd>(x: T, y: T) -> bool {
    x < y
}

#[inline(always)]
pub(crate) fn at_most<T: PartialOrd>(x: T, y: T) -> bool {
    x <= y
}

#[inline(always)]
pub(crate) fn select<T>(c: bool, x: T, y: T) -> T {
    if c { x } else { y }
}
