//! The functions on plain numbers, and the table that lists them.
//!
//! One row each: the op table of the IR, the ULP harness and the documentation
//! iterate over [`FUNCTIONS`] instead of naming functions themselves.

use crate::{Arith, Binary64, Plain, generic};

/// A function on plain `f64` numbers.
#[derive(Debug, Clone, Copy)]
pub enum Eval {
    /// Of one operand.
    Unary(fn(f64) -> f64),
    /// Of two operands.
    Binary(fn(f64, f64) -> f64),
}

/// What there is to know about a function.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name in formulas, in the IR and at the root of this crate.
    pub name: &'static str,
    /// Its value.
    pub eval: Eval,
    /// One line on what it is.
    pub doc: &'static str,
    /// Where it is defined; outside it is NaN.
    pub domain: &'static str,
    /// The largest error it may have in units in the last place of the exact
    /// result; 0.5 is correctly rounded, 0 exact.
    pub max_ulp: f64,
}

impl Function {
    /// The number of operands.
    pub fn arity(&self) -> usize {
        match self.eval {
            Eval::Unary(_) => 1,
            Eval::Binary(_) => 2,
        }
    }
}

/// The function of this name.
pub fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Declares each function at the root, its row in [`FUNCTIONS`] and its arm in [`expand`].
macro_rules! functions {
    ($($kind:ident $name:ident($($arg:ident),+) $doc:literal, $domain:literal, $ulp:literal;)+) => {
        $(
            #[doc = $doc]
            #[doc = ""]
            #[doc = concat!("Domain: ", $domain, ".")]
            #[inline]
            pub fn $name($($arg: f64),+) -> f64 {
                generic::$name(&mut Plain, $($arg),+)
            }
        )+

        /// Every function of one or two floats. `powi`, whose exponent is a
        /// constant, is not among them.
        pub const FUNCTIONS: &[Function] = &[
            $(Function {
                name: stringify!($name),
                eval: Eval::$kind($name),
                doc: $doc,
                domain: $domain,
                max_ulp: $ulp,
            },)+
        ];

        /// The function called `name` over an abstract arithmetic, or `None`
        /// if there is none of this name and number of operands.
        pub fn expand<A: Arith<Format = Binary64>>(
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
    Unary exp(x) "`e^x`.", "all numbers", 1.0;
    Unary exp2(x) "`2^x`.", "all numbers", 1.0;
    Unary exp10(x) "`10^x`.", "all numbers", 1.0;
    Unary expm1(x) "`e^x - 1`, accurate near zero.", "all numbers", 1.0;
    Unary log(x) "The natural logarithm.", "`x >= 0`", 1.0;
    Unary log2(x) "The base-2 logarithm.", "`x >= 0`", 1.0;
    Unary log10(x) "The base-10 logarithm.", "`x >= 0`", 1.0;
    Unary log1p(x) "`ln(1 + x)`, accurate near zero.", "`x >= -1`", 1.0;
    Unary sin(x) "The sine of an angle in radians.", "finite numbers", 1.0;
    Unary cos(x) "The cosine of an angle in radians.", "finite numbers", 1.0;
    Unary tan(x) "The tangent of an angle in radians.", "finite numbers", 1.0;
    Unary asin(x) "The angle in `[-pi/2, pi/2]` whose sine is `x`.", "`[-1, 1]`", 1.0;
    Unary acos(x) "The angle in `[0, pi]` whose cosine is `x`.", "`[-1, 1]`", 1.0;
    Unary atan(x) "The angle in `[-pi/2, pi/2]` whose tangent is `x`.", "all numbers", 1.0;
    Binary atan2(y, x) "The angle of the point `(x, y)` in `[-pi, pi]`.", "all numbers", 1.0;
    Unary sinh(x) "The hyperbolic sine.", "all numbers", 1.0;
    Unary cosh(x) "The hyperbolic cosine.", "all numbers", 1.0;
    Unary tanh(x) "The hyperbolic tangent.", "all numbers", 1.0;
    Unary asinh(x) "The number whose hyperbolic sine is `x`.", "all numbers", 1.0;
    Unary acosh(x) "The number, not negative, whose hyperbolic cosine is `x`.", "`x >= 1`", 1.0;
    Unary atanh(x) "The number whose hyperbolic tangent is `x`.", "`[-1, 1]`", 1.0;
    Binary pow(x, y) "`x^y`.", "`x >= 0`, or `y` an integer", 1.0;
    Unary cbrt(x) "The cube root.", "all numbers", 1.0;
    Binary hypot(x, y) "`sqrt(x^2 + y^2)`.", "all numbers", 1.0;
    Unary erf(x) "The error function.", "all numbers", 1.0;
    Unary erfc(x) "The complement of the error function, `1 - erf x`.", "all numbers", 2.5;
    Unary tgamma(x) "The gamma function.", "all numbers but negative integers", 10.0;
    Unary lgamma(x) "The logarithm of the size of the gamma function.", "all numbers", 4.0;
    Binary frem(x, y) "The remainder of a division that truncates, as C's `fmod`.",
        "finite `x`, `y` not zero", 0.0;
    Binary ldexp(x, k) "`x 2^floor(k)`, rounded once.", "all numbers", 0.5;
    Unary exponent(x) "`floor(log2 |x|)`; `-inf` at zero, `inf` at infinities.", "all numbers", 0.0;
    Unary mantissa(x) "`x 2^-exponent(x)`; 1 with the sign of `x` at zeros and infinities.",
        "all numbers", 0.0;
    Unary round(x) "The nearest integer, halves away from zero.", "all numbers", 0.0;
}

/// `x^n` by a fixed order of multiplications, within 0.51 ULP.
///
/// # Panics
/// If `n` is larger in size than [`generic::POWI_MAX`].
#[inline]
pub fn powi(x: f64, n: i32) -> f64 {
    generic::powi(&mut Plain, x, n)
}
