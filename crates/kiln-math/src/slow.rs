//! Slow-lane operations: rare paths that need tables, wide integers or many cases.
//!
//! Each has one scalar meaning here. Backends call it for the active lanes of
//! a vector only, through the frame, and never expand it. The list:
//! - `sin`, `cos`, `tan`: arguments beyond 2^22, reduced by Payne and Hanek's method;
//! - `log`, `log2`, `log10`: subnormal arguments;
//! - `atan2`: zeros, infinities and sizes near the ends of the range;
//! - `pow`: bases that are not positive and normal, results near or beyond the
//!   ends of the range, NaN;
//! - `powi`: finite operands whose products leave the range;
//! - `cbrt`: subnormal arguments;
//! - `hypot`: infinities and sizes near the ends of the range;
//! - `tgamma`, `lgamma`: every argument;
//! - `frem`: quotients beyond 2^52, infinite dividends, zero divisors.

use crate::arc::angle_of_ratio;
use crate::log::{self, TWO_54};
use crate::tables::{ATAN2_LEAST, COMMON};
use crate::trig::{Reduced, cos_of_reduced, flip, sin_of_reduced, tan_of_reduced};
use crate::{Plain, gamma, payne_hanek, pow, root, trig};

/// A slow-lane operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Slow {
    /// `sin x` for large `x`.
    Sin,
    /// `cos x` for large `x`.
    Cos,
    /// `tan x` for large `x`.
    Tan,
    /// `ln x` for subnormal `x`.
    Log,
    /// `log2 x` for subnormal `x`.
    Log2,
    /// `log10 x` for subnormal `x`.
    Log10,
    /// The angle of a point for any operands.
    Atan2,
    /// `x^y` for any operands.
    Pow,
    /// `x^n` for any finite `x` but zero and an integer `n`.
    Powi,
    /// The cube root of a subnormal number.
    Cbrt,
    /// `sqrt(x^2 + y^2)` for any operands.
    Hypot,
    /// The gamma function.
    Tgamma,
    /// The logarithm of its size.
    Lgamma,
    /// C's `fmod` for any operands.
    Frem,
}

/// What there is to know about a slow-lane operation.
struct Row {
    op: Slow,
    name: &'static str,
    arity: usize,
    eval: fn(&[f64]) -> f64,
}

#[rustfmt::skip]
const TABLE: [Row; 14] = [
    Row { op: Slow::Sin,   name: "slow_sin",   arity: 1, eval: |x| sin(x[0]) },
    Row { op: Slow::Cos,   name: "slow_cos",   arity: 1, eval: |x| cos(x[0]) },
    Row { op: Slow::Tan,   name: "slow_tan",   arity: 1, eval: |x| tan(x[0]) },
    Row { op: Slow::Log,   name: "slow_log",   arity: 1, eval: |x| ln(x[0]) },
    Row { op: Slow::Log2,  name: "slow_log2",  arity: 1, eval: |x| log2(x[0]) },
    Row { op: Slow::Log10, name: "slow_log10", arity: 1, eval: |x| log10(x[0]) },
    Row { op: Slow::Atan2, name: "slow_atan2", arity: 2, eval: |x| atan2(x[0], x[1]) },
    Row { op: Slow::Pow,   name: "slow_pow",   arity: 2, eval: |x| pow::pow_any(x[0], x[1]) },
    Row { op: Slow::Powi,  name: "slow_powi",  arity: 2, eval: |x| pow::powi_any(x[0], x[1]) },
    Row { op: Slow::Cbrt,  name: "slow_cbrt",  arity: 1, eval: |x| cbrt(x[0]) },
    Row { op: Slow::Hypot, name: "slow_hypot", arity: 2, eval: |x| hypot(x[0], x[1]) },
    Row { op: Slow::Tgamma, name: "slow_tgamma", arity: 1, eval: |x| gamma::tgamma_any(x[0]) },
    Row { op: Slow::Lgamma, name: "slow_lgamma", arity: 1, eval: |x| gamma::lgamma_any(x[0]) },
    // Rust's `%` on floats is C's `fmod`, which is exact.
    Row { op: Slow::Frem,  name: "slow_frem",  arity: 2, eval: |x| x[0] % x[1] },
];

impl Slow {
    /// Every operation, in declaration order.
    pub fn all() -> impl Iterator<Item = Slow> {
        TABLE.iter().map(|row| row.op)
    }

    /// The name in the text form of the IR.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The operation of this name.
    pub fn from_name(name: &str) -> Option<Slow> {
        Slow::all().find(|op| op.name() == name)
    }

    /// The number of operands.
    pub fn arity(self) -> usize {
        self.row().arity
    }

    /// The value at `args`.
    ///
    /// # Panics
    /// If `args` is shorter than [`Slow::arity`].
    #[inline(never)]
    pub fn eval(self, args: &[f64]) -> f64 {
        (self.row().eval)(args)
    }

    /// The value at `args` in binary32: that in binary64, rounded once.
    ///
    /// # Panics
    /// If `args` is shorter than [`Slow::arity`].
    #[inline(never)]
    pub fn eval32(self, args: &[f32]) -> f32 {
        let wide = [
            f64::from(args[0]),
            args.get(1).map_or(0.0, |&x| f64::from(x)),
        ];
        self.eval(&wide) as f32
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

/// The reduction of any finite `x`: within the common range too, for an
/// operation has a value for every operand.
fn reduce(x: f64) -> Option<Reduced<f64, i64>> {
    match x.abs() {
        size if size <= COMMON => Some(trig::reduce(&mut Plain, size)),
        size => size.is_finite().then(|| payne_hanek::reduce(size)),
    }
}

fn sin(x: f64) -> f64 {
    let a = &mut Plain;
    reduce(x).map_or(f64::NAN, |r| {
        let y = sin_of_reduced(a, &r);
        flip(a, y, x)
    })
}

fn cos(x: f64) -> f64 {
    reduce(x).map_or(f64::NAN, |r| cos_of_reduced(&mut Plain, &r))
}

fn tan(x: f64) -> f64 {
    let a = &mut Plain;
    reduce(x).map_or(f64::NAN, |r| {
        let y = tan_of_reduced(a, &r);
        flip(a, y, x)
    })
}

/// `log_of` the `k` and `m` of a positive subnormal `2^k m`; NaN of NaN, whose
/// bits must not be seen.
fn log_of_subnormal(x: f64, log_of: fn(&mut Plain, f64, f64) -> f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    let (k, m) = log::split(&mut Plain, x * TWO_54);
    log_of(&mut Plain, k - 54.0, m)
}

/// `ln x` of a positive subnormal number, as are the next two.
fn ln(x: f64) -> f64 {
    log_of_subnormal(x, log::log_of_parts)
}

fn log2(x: f64) -> f64 {
    log_of_subnormal(x, log::log2_of_parts)
}

fn log10(x: f64) -> f64 {
    log_of_subnormal(x, log::log10_of_parts)
}

/// The cube root of a subnormal number; NaN of NaN.
fn cbrt(x: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    let root = root::cbrt_of_normal(&mut Plain, x.abs() * TWO_54);
    (root * TWO_MINUS_18).copysign(x)
}

/// `2^-18`.
const TWO_MINUS_18: f64 = 1.0 / 262144.0;

fn hypot(x: f64, y: f64) -> f64 {
    if x.is_infinite() || y.is_infinite() {
        return f64::INFINITY;
    }
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    let (more, less) = if y.abs() > x.abs() {
        (y.abs(), x.abs())
    } else {
        (x.abs(), y.abs())
    };
    if more == 0.0 {
        return 0.0;
    }
    let scale = if more < 1.0 { TWO_600 } else { 1.0 / TWO_600 };
    root::root_of_squares(&mut Plain, more * scale, less * scale) / scale
}

fn atan2(y: f64, x: f64) -> f64 {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    let (height, width) = (y.abs(), x.abs());
    let left = x.is_sign_negative();
    let angle = if height == width && (height == 0.0 || height.is_infinite()) {
        match (height == 0.0, left) {
            (true, false) => 0.0,
            (true, true) => PI,
            (false, false) => FRAC_PI_4,
            (false, true) => 3.0 * FRAC_PI_4,
        }
    } else if height.is_infinite() {
        FRAC_PI_2
    } else if width.is_infinite() {
        if left { PI } else { 0.0 }
    } else {
        scaled_angle(height, width, left)
    };
    angle.copysign(y)
}

/// The angle of finite sides that are not both zero, brought into the range of
/// the common path by a power of two.
fn scaled_angle(height: f64, width: f64, left: bool) -> f64 {
    let steep = height > width;
    let (less, more) = if steep {
        (width, height)
    } else {
        (height, width)
    };
    let scale = if more < ATAN2_LEAST {
        TWO_600
    } else {
        1.0 / TWO_600
    };
    angle_of_ratio(&mut Plain, less * scale, more * scale, steep, left)
}

/// `2^600`.
const TWO_600: f64 = f64::from_bits((1023 + 600) << 52);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_declaration_order() {
        for (i, row) in TABLE.iter().enumerate() {
            assert_eq!(row.op as usize, i);
            assert_eq!(Slow::from_name(row.name), Some(row.op));
        }
    }

    #[test]
    fn the_bits_of_a_nan_are_not_seen() {
        let nans = [
            0x7ff8_0000_0000_0000,
            0xfff8_0000_0000_0000,
            0x7ff0_0000_0000_1234,
            u64::MAX,
        ];
        let nans = nans.map(f64::from_bits);
        let others = [0.0, -0.0, 1.0, -2.5, 3.0, 1e-310, 1e300, f64::INFINITY];
        for op in Slow::all() {
            for other in others.into_iter().chain(nans) {
                for at in 0..op.arity() {
                    let with = |nan: f64| {
                        let mut args = [other; 2];
                        args[at] = nan;
                        op.eval(&args[..op.arity()])
                    };
                    let first = with(f64::NAN);
                    for value in nans.map(with) {
                        let same = value.to_bits() == first.to_bits();
                        assert!(
                            same || value.is_nan() && first.is_nan(),
                            "{op:?} of {other:e}"
                        );
                    }
                }
            }
        }
    }
}
