//! The functions on plain `f32` numbers.
//!
//! Most are the same text in binary32, with coefficients and limits of its
//! own. Those that would need double-length numbers throughout to be accurate
//! there are computed in binary64 and rounded once: that is cheaper.
//! [`FUNCTIONS`] tells which is which.

use crate::{Arith, Binary32, Binary64, Plain, generic};

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
    (Single $text:ident $($arg:ident)+) => {
        generic::$text(&mut Plain32, $($arg),+)
    };
    (Double $text:ident $($arg:ident)+) => {
        generic::$text(&mut Plain, $(f64::from($arg)),+) as f32
    };
}

/// The expansion of a function in one format, if that is the one of its row.
macro_rules! expansion {
    (Single Single $a:ident $text:ident $($arg:ident)+) => {
        Some(generic::$text($a, $($arg),+))
    };
    (Double Double $a:ident $text:ident $($arg:ident)+) => {
        Some(generic::$text($a, $($arg),+))
    };
    ($wanted:ident $width:ident $a:ident $text:ident $($arg:ident)+) => {{
        let _ = ($($arg,)+);
        None
    }};
}

/// Declares each function, its row in [`FUNCTIONS`] and its arm in [`expand`].
macro_rules! functions {
    ($($kind:ident $name:ident($($arg:ident),+) $width:ident $text:ident $ulp:literal;)+) => {
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
                    value!($width $text $($arg)+)
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
                $((stringify!($name), &[$($arg),+]) => expansion!(Single $width a $text $($arg)+),)+
                _ => None,
            }
        }

        /// The function called `name` of numbers of binary32 over an abstract
        /// arithmetic in binary64, to be rounded once, or `None` if none of
        /// this name and number of operands is computed there.
        pub fn expand_double<A: Arith<Format = Binary64>>(
            a: &mut A,
            name: &str,
            args: &[A::F],
        ) -> Option<A::F> {
            match (name, args) {
                $((stringify!($name), &[$($arg),+]) => expansion!(Double $width a $text $($arg)+),)+
                _ => None,
            }
        }
    };
}

functions! {
    Unary exp(x) Single exp 1.0;
    Unary exp2(x) Single exp2 1.0;
    Unary exp10(x) Single exp10 1.0;
    Unary expm1(x) Single expm1 1.0;
    Unary log(x) Single log 1.0;
    Unary log2(x) Single log2 1.0;
    Unary log10(x) Single log10 1.0;
    Unary log1p(x) Single log1p 1.0;
    Unary sin(x) Single sin 1.0;
    Unary cos(x) Single cos 1.0;
    Unary tan(x) Single tan 1.0;
    Unary asin(x) Single asin 1.0;
    Unary acos(x) Single acos 1.0;
    Unary atan(x) Single atan 1.0;
    Binary atan2(y, x) Single atan2 1.0;
    Unary sinh(x) Single sinh 1.0;
    Unary cosh(x) Single cosh 1.0;
    Unary tanh(x) Single tanh 1.0;
    Unary asinh(x) Single asinh 1.0;
    Unary acosh(x) Single acosh 1.0;
    Unary atanh(x) Single atanh 1.0;
    Binary pow(x, y) Double pow_to_single 1.0;
    Unary cbrt(x) Single cbrt 1.0;
    Binary hypot(x, y) Double hypot_to_single 1.0;
    Unary erf(x) Single erf 1.0;
    Unary erfc(x) Double erfc_to_single 1.0;
    Unary tgamma(x) Double tgamma 1.0;
    Unary lgamma(x) Double lgamma 1.0;
    Unary round(x) Single round 0.0;
}

/// `x^n` for a constant `n`, computed in binary64 and rounded once.
///
/// # Panics
/// If `n` is larger in size than [`generic::POWI_MAX`].
#[inline]
pub fn powi(x: f32, n: i32) -> f32 {
    generic::powi_to_single(&mut Plain, f64::from(x), n) as f32
}
