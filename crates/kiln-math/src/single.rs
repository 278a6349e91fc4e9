//! The functions on plain `f32` numbers: the same text in binary32.
//!
//! Only those with coefficients and limits of their own in binary32; of the
//! others the value is that in binary64, rounded once. [`FUNCTIONS`] lists
//! them.

use crate::{Arith, Binary32, Plain32, generic};

/// A function on plain `f32` numbers.
#[derive(Debug, Clone, Copy)]
pub enum Eval {
    /// Of one operand.
    Unary(fn(f32) -> f32),
    /// Of two operands.
    Binary(fn(f32, f32) -> f32),
}

/// A function that exists in binary32; its row in [`crate::FUNCTIONS`] tells more.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub eval: Eval,
    /// The largest error it may have in units in the last place.
    pub max_ulp: f64,
}

/// Declares each function, its row in [`FUNCTIONS`] and its arm in [`expand`].
macro_rules! functions {
    ($($kind:ident $name:ident($($arg:ident),+) $ulp:literal;)+) => {
        $(
            #[doc = concat!("[`", stringify!($name), "`](crate::", stringify!($name), ") in binary32.")]
            #[inline]
            pub fn $name($($arg: f32),+) -> f32 {
                generic::$name(&mut Plain32, $($arg),+)
            }
        )+

        /// Every function that exists in binary32.
        pub const FUNCTIONS: &[Function] = &[
            $(Function { name: stringify!($name), eval: Eval::$kind($name), max_ulp: $ulp },)+
        ];

        /// The function called `name` over an abstract arithmetic in binary32,
        /// or `None` if there is none of this name and number of operands.
        pub fn expand<A: Arith<Format = Binary32>>(
            a: &mut A,
            name: &str,
            args: &[A::F],
        ) -> Option<A::F> {
            match (name, args) {
                $((stringify!($name), &[$($arg),+]) => Some(generic::$name(a, $($arg),+)),)+
                _ => None,
            }
        }
    };
}

functions! {
    Unary exp(x) 1.0;
    Unary exp2(x) 1.0;
    Unary exp10(x) 1.0;
    Unary expm1(x) 1.0;
    Unary log(x) 1.0;
    Unary log2(x) 1.0;
    Unary log10(x) 1.0;
    Unary log1p(x) 1.0;
    Unary sin(x) 1.0;
    Unary cos(x) 1.0;
    Unary tan(x) 1.0;
    Unary asin(x) 1.0;
    Unary acos(x) 1.0;
    Unary atan(x) 1.0;
    Unary sinh(x) 1.0;
    Unary cosh(x) 1.0;
    Unary tanh(x) 1.0;
    Unary asinh(x) 2.0;
    Unary acosh(x) 2.0;
    Unary atanh(x) 2.0;
    Binary atan2(y, x) 1.0;
    Unary round(x) 0.0;
}
