//! The functions on plain `f32` numbers.
//!
//! Most are the same text in binary32, with coefficients and limits of its
//! own. Those that would need double-length numbers throughout to be accurate
//! there are computed in binary64 and rounded once: that is cheaper.
//! [`FUNCTIONS`] tells which is which.

use crate::{Arith, Binary32, Plain, generic};

/// A function on plain `f32` numbers.
#[derive(Debug, Clone, Copy)]
pub enum Eval {
    /// Of one operand.
    Unary(fn(f32) -> f32),
    /// Of two operands.
    Binary(fn(f32, f32) -> f32),
}

/// The format in which a function of binary32 is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// In binary32.
    Single,
    /// In binary64, rounded once.
    Double,
}

/// A function in binary32; its row in [`crate::FUNCTIONS`] tells more.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub eval: Eval,
    /// What it is computed in.
    pub width: Width,
    /// The largest error it may have in units in the last place.
    pub max_ulp: f64,
}

/// The value of a function, by the format that it is computed in.
macro_rules! value {
    (Single $name:ident $($arg:ident)+) => {
        generic::$name(&mut Plain32, $($arg),+)
    };
    (Double $name:ident $($arg:ident)+) => {
        generic::$name(&mut Plain, $(f64::from($arg)),+) as f32
    };
}

/// The expansion of a function in binary32, if it is computed there.
macro_rules! expansion {
    (Single $a:ident $name:ident $($arg:ident)+) => {
        Some(generic::$name($a, $($arg),+))
    };
    (Double $a:ident $name:ident $($arg:ident)+) => {{
        let _ = ($($arg,)+);
        None
    }};
}

/// Declares each function, its row in [`FUNCTIONS`] and its arm in [`expand`].
macro_rules! functions {
    ($($kind:ident $name:ident($($arg:ident),+) $width:ident $ulp:literal;)+) => {
        $(
            #[doc = concat!("[`", stringify!($name), "`](crate::", stringify!($name), ") in binary32.")]
            #[inline]
            pub fn $name($($arg: f32),+) -> f32 {
                inlined::$name($($arg),+)
            }
        )+

        /// The same functions, inlined wherever they are called: for loops in
        /// functions with more target features than this crate.
        pub mod inlined {
            use crate::{Plain, Plain32, generic};
            $(
                #[doc = concat!("[`", stringify!($name), "`](super::", stringify!($name), "), inlined.")]
                #[inline(always)]
                pub fn $name($($arg: f32),+) -> f32 {
                    value!($width $name $($arg)+)
                }
            )+
        }

        /// Every function of one or two floats in binary32.
        pub const FUNCTIONS: &[Function] = &[
            $(Function {
                name: stringify!($name),
                eval: Eval::$kind($name),
                width: Width::$width,
                max_ulp: $ulp,
            },)+
        ];

        /// The function called `name` over an abstract arithmetic in binary32,
        /// or `None` if none of this name and number of operands is computed there.
        pub fn expand<A: Arith<Format = Binary32>>(
            a: &mut A,
            name: &str,
            args: &[A::F],
        ) -> Option<A::F> {
            match (name, args) {
                $((stringify!($name), &[$($arg),+]) => expansion!($width a $name $($arg)+),)+
                _ => None,
            }
        }
    };
}

functions! {
    Unary exp(x) Single 1.0;
    Unary exp2(x) Single 1.0;
    Unary exp10(x) Single 1.0;
    Unary expm1(x) Single 1.0;
    Unary log(x) Single 1.0;
    Unary log2(x) Single 1.0;
    Unary log10(x) Single 1.0;
    Unary log1p(x) Single 1.0;
    Unary sin(x) Single 1.0;
    Unary cos(x) Single 1.0;
    Unary tan(x) Single 1.0;
    Unary asin(x) Single 1.0;
    Unary acos(x) Single 1.0;
    Unary atan(x) Single 1.0;
    Binary atan2(y, x) Single 1.0;
    Unary sinh(x) Single 1.0;
    Unary cosh(x) Single 1.0;
    Unary tanh(x) Single 1.0;
    Unary asinh(x) Single 2.0;
    Unary acosh(x) Single 2.0;
    Unary atanh(x) Single 2.0;
    Binary pow(x, y) Double 1.0;
    Unary cbrt(x) Double 1.0;
    Binary hypot(x, y) Double 1.0;
    Unary erf(x) Double 1.0;
    Unary erfc(x) Double 1.0;
    Unary tgamma(x) Double 1.0;
    Unary lgamma(x) Double 1.0;
    Unary round(x) Single 0.0;
}

/// `x^n` for a constant `n`, computed in binary64 and rounded once.
///
/// # Panics
/// If `n` is larger in size than [`generic::POWI_MAX`].
#[inline]
pub fn powi(x: f32, n: i32) -> f32 {
    generic::powi(&mut Plain, f64::from(x), n) as f32
}
