//! What the functions need to know of a format: constants, limits, coefficients.
//!
//! The functions are written once for both formats; everything in which they
//! differ stands here, one column per format. Coefficients of binary32 are
//! exact in binary32.

use crate::arith::{Binary32, Binary64};
use crate::coefficients as c;

/// Where a function overflows and underflows: between the true thresholds and
/// these the scale does. Below the second the result is less than half the
/// least subnormal.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    pub(crate) overflow: f64,
    pub(crate) underflow: f64,
}

/// Beyond it in size `2^k` of `exp` may not be a normal number, in binary64.
pub(crate) const FAR: f64 = 708.0;
/// The largest size of an angle in binary64 that is reduced with constants of
/// three parts.
pub(crate) const COMMON: f64 = 4194304.0;
/// `2^-900`, below which the larger operand of `atan2` is scaled up first.
pub(crate) const ATAN2_LEAST: f64 = f64::from_bits((1023 - 900) << 52);

/// `2^k`.
const fn two_to(k: i64) -> f64 {
    f64::from_bits(((1023 + k) as u64) << 52)
}

/// The negatives of some coefficients.
const fn negated<const N: usize>(mut c: [f64; N]) -> [f64; N] {
    let mut i = 0;
    while i < N {
        c[i] = -c[i];
        i += 1;
    }
    c
}

/// The coefficients of `2 tan(r/2)` from those of `tan`: exact scalings.
const fn doubled<const N: usize>(mut c: [f64; N]) -> [f64; N] {
    let (mut i, mut scale) = (0, 0.25);
    while i < N {
        c[i] *= scale;
        scale *= 0.25;
        i += 1;
    }
    c
}

/// Declares the trait and both columns.
macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident: $ty:ty = $double:expr, $single:expr;)+) => {
        /// The constants of a format; sealed, as [`Format`](crate::Format) is.
        pub trait Tables {
            $($(#[$doc])* const $name: $ty;)+
        }
        impl Tables for Binary64 {
            $(const $name: $ty = $double;)+
        }
        impl Tables for Binary32 {
            $(const $name: $ty = $single;)+
        }
    };
}

tables! {
    /// The bits of the fraction.
    FRACTION: u32 = 52, 23;
    /// The bias of the exponent.
    BIAS: f64 = 1023.0, 127.0;
    /// The sign bit, as an integer of the width.
    SIGN: i64 = i64::MIN, i32::MIN as i64;
    /// The bits of 1.
    ONE_BITS: i64 = 1023 << 52, 127 << 23;
    /// The number from which on all are integers, `2^FRACTION`.
    WHOLE: f64 = two_to(52), two_to(23);
    /// Its bits: in their low part an integer below it is a float.
    WHOLE_BITS: i64 = (1023 + 52) << 52, (127 + 23) << 23;
    /// The least normal and the greatest finite number.
    MIN_POSITIVE: f64 = f64::MIN_POSITIVE, f32::MIN_POSITIVE as f64;
    /// The greatest finite number.
    MAX: f64 = f64::MAX, f32::MAX as f64;
    /// `1.5 * 2^FRACTION`: adding it rounds to an integer, whose low bits are
    /// then the low bits of the sum.
    ROUNDER: f64 = 1.5 * two_to(52), 1.5 * two_to(23);
    /// The same with the bias: the low bits are the biased exponent of `2^k`.
    SHIFTER: f64 = 1.5 * two_to(52) + 1023.0, 1.5 * two_to(23) + 127.0;

    /// Beyond it in size `2^k` of `exp` may not be a normal number.
    FAR: f64 = FAR, 87.0;
    /// The same of `exp2`.
    EXP2_FAR: f64 = 1022.0, 126.0;
    /// The same of `exp10`.
    EXP10_FAR: f64 = 307.0, 37.0;
    /// The range of `exp`.
    EXP_RANGE: Range = Range { overflow: 709.79, underflow: -745.14 },
        Range { overflow: 88.75, underflow: -104.0 };
    /// The range of `exp2`.
    EXP2_RANGE: Range = Range { overflow: 1024.0, underflow: -1075.0 },
        Range { overflow: 128.0, underflow: -150.0 };
    /// The range of `exp10`.
    EXP10_RANGE: Range = Range { overflow: 308.26, underflow: -323.61 },
        Range { overflow: 38.5625, underflow: -45.1875 };
    /// How far `k` is moved towards zero beyond them, and its power of two.
    STEP: f64 = 1000.0, 100.0;
    /// `2^STEP`.
    TWO_STEP: f64 = two_to(1000), two_to(100);
    /// Above it `sinh` and `cosh` overflow; `2^(k-2)` is a normal number up to it.
    SINH_OVERFLOW: f64 = 710.6, 89.5;

    /// `1 / ln 2`.
    LOG2_E: f64 = c::LOG2_E, c::LOG2_E_S;
    /// What it lost to rounding.
    LOG2_E_LOW: f64 = c::LOG2_E_LOW, c::LOG2_E_LOW_S;
    /// `ln 2`, short enough that its product with an exponent is exact.
    LN_2_1: f64 = c::LN_2_1, c::LN_2_S_1;
    /// What is left of it.
    LN_2_2: f64 = c::LN_2_2, c::LN_2_S_2;
    /// `ln 10`.
    LN_10_1: f64 = c::LN_10_1, c::LN_10_S_1;
    /// What it lost to rounding.
    LN_10_2: f64 = c::LN_10_2, c::LN_10_S_2;
    /// `1 / ln 10`.
    LOG10_E_1: f64 = c::LOG10_E_1, c::LOG10_E_S_1;
    /// What it lost to rounding.
    LOG10_E_2: f64 = c::LOG10_E_2, c::LOG10_E_S_2;
    /// `log10 2`, short enough that its product with an exponent is exact.
    LOG10_2_1: f64 = c::LOG10_2_1, c::LOG10_2_S_1;
    /// What is left of it.
    LOG10_2_2: f64 = c::LOG10_2_2, c::LOG10_2_S_2;
    /// `log2 10`.
    LOG2_10: f64 = c::LOG2_10, c::LOG2_10_S;
    /// `2 / pi`.
    TWO_OVER_PI: f64 = c::TWO_OVER_PI, c::TWO_OVER_PI_S;
    /// `pi / 2` in three parts, for the reduction of angles.
    PI_2_1: f64 = c::PI_2_1, c::PI_2_S_1;
    /// The second.
    PI_2_2: f64 = c::PI_2_2, c::PI_2_S_2;
    /// The third.
    PI_2_3: f64 = c::PI_2_3, c::PI_2_S_3;
    /// `pi / 2` less its nearest number.
    PI_2_LOW: f64 = c::PI_2_LOW, c::PI_2_S_2;
    /// Whether the product of a quotient and the second part is not exact.
    LONG_PARTS: bool = false, true;
    /// The largest size of an angle that is reduced with the three parts.
    COMMON: f64 = COMMON, 25000.0;
    /// `pi / 4`, short enough that its multiples up to 4 are exact.
    PI_4_1: f64 = c::PI_4_1, c::PI_4_S_1;
    /// What is left of it.
    PI_4_2: f64 = c::PI_4_2, c::PI_4_S_2;
    /// The bits of `sqrt(1/2)`, the least significand of a logarithm.
    SQRT_HALF: i64 = 0x3fe6_a09e_667f_3bcd, 0x3f35_04f3;
    /// Too small to change a root that is added to it.
    TINY: f64 = two_to(-1000), two_to(-100);
    /// Below it the larger operand of `atan2` is scaled up first.
    ATAN2_LEAST: f64 = ATAN2_LEAST, two_to(-90);
    /// Above it the larger operand of `atan2` is scaled down first.
    ATAN2_GREATEST: f64 = two_to(1020), two_to(124);

    /// Coefficients, as their table says, as are all that follow.
    EXP: &'static [f64] = &c::EXP, &c::EXP_S;
    /// See above.
    EXP2: &'static [f64] = &c::EXP2, &c::EXP2_S;
    /// See above.
    EXP10: &'static [f64] = &c::EXP10, &c::EXP10_S;
    /// See above.
    SINH: &'static [f64] = &c::SINH, &c::SINH_S;
    /// See above.
    COSH: &'static [f64] = &c::COSH, &c::COSH_S;
    /// See above.
    SIN: &'static [f64] = &c::SIN, &c::SIN_S;
    /// See above.
    COS: &'static [f64] = &c::COS, &c::COS_S;
    /// Those of `2 tan(r/2)`.
    TAN_DOUBLED: &'static [f64] = &doubled(c::TAN), &doubled(c::TAN_S);
    /// The negatives of the table's.
    LOG_NEGATED: &'static [f64] = &negated(c::LOG), &negated(c::LOG_S);
    /// See above.
    ASIN: &'static [f64] = &c::ASIN, &c::ASIN_S;
    /// See above.
    ATAN: &'static [f64] = &c::ATAN, &c::ATAN_S;
    /// See above.
    ERF: &'static [f64] = &c::ERF, &c::ERF_S;
    /// See above.
    LOG_ERFC: &'static [f64] = &c::LOG_ERFC, &c::LOG_ERFC_S;
    /// From here on `erf` rounds to 1.
    ERF_ONE_FROM: f64 = 6.0, 4.0;
    /// See above.
    CBRT: &'static [f64] = &c::CBRT, &c::CBRT_S;
    /// Whether that guess wants a step of Householder's method.
    ROUGH_CBRT: bool = true, false;
    /// `1/3`.
    THIRD: f64 = 1.0 / 3.0, (1.0f32 / 3.0) as f64;
    /// `2/9`.
    TWO_NINTHS: f64 = 2.0 / 9.0, (2.0f32 / 9.0) as f64;
    /// `2^(-1/3)`, for a first guess.
    ROOT_HALF: f64 = 0.7937005259840998, 0.793_700_5_f32 as f64;
    /// `2^(-2/3)`.
    ROOT_QUARTER: f64 = 0.6299605249474366, 0.629_960_54_f32 as f64;
}
