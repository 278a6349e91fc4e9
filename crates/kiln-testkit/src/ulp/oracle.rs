//! The oracle of each function: the correctly rounded one, the exact one, and
//! the ranges where its inputs are dense.

use super::exact::{self, Exact};

/// How a function is judged.
#[derive(Debug, Clone, Copy)]
pub struct Oracle {
    /// The correctly rounded value; unary functions ignore the second operand.
    pub rounded: fn(f64, f64) -> f64,
    /// The value to about 95 bits where it is finite and not zero; without it
    /// errors are whole steps plus a half.
    pub exact: Option<fn(f64, f64) -> Exact>,
    /// Results of negative operands below this size are measured in its last
    /// place: near a zero that no double is, the error is absolute.
    pub coarse: f64,
    /// Ranges of the operands that are sampled uniformly.
    pub ranges: &'static [(Range, Range)],
}

impl Oracle {
    /// Whether the second operand is ignored.
    pub fn is_unary(&self) -> bool {
        self.ranges.iter().all(|&(_, second)| second == NONE)
    }
}

/// From, to.
pub type Range = (f64, f64);

/// For the operand that a unary function does not have.
const NONE: Range = (0.0, 0.0);

/// One row per function: name, ranges, correctly rounded, exact.
macro_rules! oracles {
    ($name:expr; $($row:literal $ranges:expr, |$x:pat_param, $y:pat_param| $rounded:expr, $exact:expr;)+) => {
        match $name {
            $($row => Some(Oracle {
                rounded: |$x, $y| $rounded,
                exact: $exact,
                coarse: if $row == "lgamma" { 1.0 } else { 0.0 },
                ranges: $ranges,
            }),)+
            _ => None,
        }
    };
}

/// The oracle of the function called `name`.
#[rustfmt::skip]
pub fn oracle(name: &str) -> Option<Oracle> {
    oracles! { name;
        "exp" &[((-1.0, 1.0), NONE), ((-746.0, 710.0), NONE), ((-746.0, -707.0), NONE), ((-0.1, 0.1), NONE)],
            |x, _| core_math::exp(x), Some(|x, _| exact::exp(x.into()));
        "log" &[((0.5, 2.0), NONE), ((0.99, 1.01), NONE), ((0.0, 1e3), NONE), ((0.0, 1e-307), NONE)],
            |x, _| core_math::log(x), Some(|x, _| exact::log(x.into()).into());
        "exp2" &[((-1.0, 1.0), NONE), ((-1080.0, 1025.0), NONE), ((-1076.0, -1020.0), NONE)],
            |x, _| core_math::exp2(x), Some(|x, _| exact::exp2(x));
        "exp10" &[((-1.0, 1.0), NONE), ((-325.0, 309.0), NONE), ((-324.0, -306.0), NONE)],
            |x, _| core_math::exp10(x), Some(|x, _| exact::exp10(x));
        "expm1" &[((-1.0, 1.0), NONE), ((-40.0, 710.0), NONE), ((-0.01, 0.01), NONE), ((-3.0, 3.0), NONE)],
            |x, _| core_math::expm1(x), Some(|x, _| exact::expm1(x.into()));
        "log2" &[((0.5, 2.0), NONE), ((0.99, 1.01), NONE), ((0.0, 1e3), NONE), ((0.0, 1e-307), NONE)],
            |x, _| core_math::log2(x), Some(|x, _| exact::log2(x).into());
        "log10" &[((0.5, 2.0), NONE), ((0.99, 1.01), NONE), ((0.0, 1e3), NONE), ((0.0, 1e-307), NONE)],
            |x, _| core_math::log10(x), Some(|x, _| exact::log10(x).into());
        "log1p" &[((-1.0, 1.0), NONE), ((-0.01, 0.01), NONE), ((0.0, 1e3), NONE), ((-1.0, -0.99), NONE), ((0.0, 4.0), NONE)],
            |x, _| core_math::log1p(x), Some(|x, _| exact::log1p_of(x));
        "sin" &[((-0.8, 0.8), NONE), ((-10.0, 10.0), NONE), ((-4.2e6, 4.2e6), NONE), ((4.1e6, 1e7), NONE), ((-1e15, 1e15), NONE)],
            |x, _| core_math::sin(x), Some(|x, _| exact::sin_cos(x).0.into());
        "cos" &[((-0.8, 0.8), NONE), ((-10.0, 10.0), NONE), ((-4.2e6, 4.2e6), NONE), ((4.1e6, 1e7), NONE), ((-1e15, 1e15), NONE)],
            |x, _| core_math::cos(x), Some(|x, _| exact::sin_cos(x).1.into());
        "asin" &[((-1.0, 1.0), NONE), ((0.4, 0.6), NONE), ((0.99, 1.0), NONE), ((-0.1, 0.1), NONE)],
            |x, _| core_math::asin(x), Some(|x, _| exact::asin(x));
        "tan" &[((-0.8, 0.8), NONE), ((-10.0, 10.0), NONE), ((-4.2e6, 4.2e6), NONE), ((4.1e6, 1e7), NONE), ((-1e15, 1e15), NONE)],
            |x, _| core_math::tan(x), Some(|x, _| exact::tan(x).into());
        "acos" &[((-1.0, 1.0), NONE), ((0.4, 0.6), NONE), ((0.99, 1.0), NONE), ((-1.0, -0.9), NONE)],
            |x, _| core_math::acos(x), Some(|x, _| exact::acos(x).into());
        "atan" &[((-1.0, 1.0), NONE), ((0.4, 0.6), NONE), ((1.5, 2.5), NONE), ((-50.0, 50.0), NONE)],
            |x, _| core_math::atan(x), Some(|x, _| exact::atan(x));
        "sinh" &[((-1.0, 1.0), NONE), ((-5.0, 5.0), NONE), ((-711.0, 711.0), NONE), ((708.0, 711.0), NONE)],
            |x, _| core_math::sinh(x), Some(|x, _| exact::sinh(x));
        "cosh" &[((-1.0, 1.0), NONE), ((-5.0, 5.0), NONE), ((-711.0, 711.0), NONE), ((708.0, 711.0), NONE)],
            |x, _| core_math::cosh(x), Some(|x, _| exact::cosh(x));
        "tanh" &[((-1.0, 1.0), NONE), ((-5.0, 5.0), NONE), ((-25.0, 25.0), NONE)],
            |x, _| core_math::tanh(x), Some(|x, _| exact::tanh(x));
        "asinh" &[((-1.0, 1.0), NONE), ((-5.0, 5.0), NONE), ((-1e5, 1e5), NONE), ((0.0, 1e20), NONE)],
            |x, _| core_math::asinh(x), Some(|x, _| exact::asinh(x));
        "acosh" &[((1.0, 1.01), NONE), ((1.0, 5.0), NONE), ((1.0, 1e5), NONE), ((1.0, 1e20), NONE)],
            |x, _| core_math::acosh(x), Some(|x, _| exact::acosh(x).into());
        "atanh" &[((-1.0, 1.0), NONE), ((-0.2, 0.2), NONE), ((0.99, 1.0), NONE)],
            |x, _| core_math::atanh(x), Some(|x, _| exact::atanh(x));
        "atan2" &[
                ((-1.0, 1.0), (-1.0, 1.0)), ((-1e-9, 1e-9), (-1.0, 1.0)), ((-1.0, 1.0), (-1e-9, 1e-9)),
                ((0.0, 1e-300), (0.0, 1e-300)), ((0.0, 1e308), (0.0, 1.7e308)), ((0.0, 1e-300), (0.5, 2.0)),
            ],
            |y, x| core_math::atan2(y, x), Some(exact::atan2_scaled);
        "pow" &[
                ((0.0, 10.0), (-10.0, 10.0)), ((0.99, 1.01), (-70000.0, 70000.0)), ((0.0, 1e300), (-1.1, 1.1)),
                ((0.0, 1e-307), (-1.1, 1.1)), ((0.0, 2.0), (-1000.0, 1000.0)), ((0.7, 1.4), (-2000.0, 2000.0)),
            ],
            |x, y| core_math::pow(x, y), Some(|x, y| {
                let power = exact::pow(x.abs(), y);
                let odd = x < 0.0 && (y * 0.5).trunc() != y * 0.5;
                if odd { Exact { value: -power.value, ..power } } else { power }
            });
        "cbrt" &[((0.5, 8.0), NONE), ((-1e3, 1e3), NONE), ((0.0, 1e-307), NONE)],
            |x, _| core_math::cbrt(x), Some(|x, _| exact::cbrt(x));
        "hypot" &[((0.0, 1.0), (0.0, 1.0)), ((0.0, 1.0), (0.0, 1e-8)), ((0.0, 1e-300), (0.0, 1e-300)), ((0.0, 1e308), (0.0, 1.7e308)), ((0.0, 1e-322), (0.0, 1e-322))],
            |x, y| core_math::hypot(x, y), Some(exact::hypot);
        "erf" &[((-1.0, 1.0), NONE), ((0.9, 2.0), NONE), ((-6.5, 6.5), NONE)],
            |x, _| core_math::erf(x), Some(|x, _| exact::erf(x));
        "erfc" &[((-1.0, 1.0), NONE), ((0.7, 2.0), NONE), ((-7.0, 28.0), NONE), ((25.0, 28.0), NONE)],
            |x, _| core_math::erfc(x), Some(|x, _| exact::erfc(x));
        "tgamma" &[((0.0, 4.0), NONE), ((0.0, 172.0), NONE), ((-4.0, 0.0), NONE), ((-186.0, 0.0), NONE)],
            |x, _| core_math::tgamma(x), None;
        "lgamma" &[((0.0, 4.0), NONE), ((0.9, 1.1), NONE), ((1.9, 2.1), NONE), ((0.0, 200.0), NONE), ((0.0, 1e306), NONE)],
            |x, _| core_math::lgamma(x), None;
        "frem" &[((-1e3, 1e3), (-10.0, 10.0)), ((0.0, 1e17), (0.5, 2.0)), ((0.0, 1e-307), (0.0, 1e-308))],
            |x, y| x % y, None;
    }
}
