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
        "sin" &[((-0.8, 0.8), NONE), ((-10.0, 10.0), NONE), ((-4.2e6, 4.2e6), NONE), ((4.1e6, 1e7), NONE), ((-1e15, 1e15), NONE)],
            |x, _| core_math::sin(x), Some(|x, _| exact::sin_cos(x).0.into());
        "cos" &[((-0.8, 0.8), NONE), ((-10.0, 10.0), NONE), ((-4.2e6, 4.2e6), NONE), ((4.1e6, 1e7), NONE), ((-1e15, 1e15), NONE)],
            |x, _| core_math::cos(x), Some(|x, _| exact::sin_cos(x).1.into());
        "asin" &[((-1.0, 1.0), NONE), ((0.4, 0.6), NONE), ((0.99, 1.0), NONE), ((-0.1, 0.1), NONE)],
            |x, _| core_math::asin(x), Some(|x, _| exact::asin(x));
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
        "frem" &[((-1e3, 1e3), (-10.0, 10.0)), ((0.0, 1e17), (0.5, 2.0)), ((0.0, 1e-307), (0.0, 1e-308))],
            |x, y| x % y, None;
    }
}
