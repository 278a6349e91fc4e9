//! The functions to about 95 bits, against which results are measured.
//!
//! The correctly rounded library only tells the nearest double; the distance
//! of any other result from the exact value needs more bits. These are slow
//! textbook methods in double-length arithmetic, written independently of
//! kiln-math, and the harness checks that each value rounds to what the
//! correctly rounded library gives.

use super::double::Double;

/// `value 2^exponent`.
#[derive(Debug, Clone, Copy)]
pub struct Exact {
    /// The significand, of any size near 1.
    pub value: Double,
    /// The power of two it is scaled by.
    pub exponent: i32,
}

impl From<Double> for Exact {
    fn from(value: Double) -> Exact {
        Exact { value, exponent: 0 }
    }
}

const LN_2: [f64; 3] = [
    f64::from_bits(0x3fe6_2e42_fefa_39ef),
    f64::from_bits(0x3c7a_bc9e_3b39_803f),
    f64::from_bits(0x3907_b57a_079a_1934),
];
const LN_10: Double = Double::new(
    f64::from_bits(0x4002_6bb1_bbb5_5516),
    f64::from_bits(0xbcaf_48ad_494e_a3e9),
);
const PI_2: [f64; 4] = [
    f64::from_bits(0x3ff9_21fb_5444_2d18),
    f64::from_bits(0x3c91_a626_3314_5c07),
    f64::from_bits(0xb91f_1976_b7ed_8fbc),
    f64::from_bits(0x35b4_cf98_e804_177d),
];

fn ln2() -> Double {
    Double::new(LN_2[0], LN_2[1])
}

/// `x - k (parts summed)`.
fn less_multiple(x: Double, k: f64, parts: &[f64]) -> Double {
    parts
        .iter()
        .fold(x, |rest, &part| rest - Double::product(k, part))
}

/// `e^x - 1` for `|x| <= 0.36`: Taylor's series at `x / 512`, then nine times
/// `(1 + p)^2 - 1 = 2p + p^2`.
fn expm1_near(x: Double) -> Double {
    let r = x.scale(-9);
    let mut p = Double::from(0.0);
    for n in (2..=11).rev() {
        p = (p + 1.0) * r / f64::from(n);
    }
    p = (p + 1.0) * r;
    for _ in 0..9 {
        p = p * 2.0 + p * p;
    }
    p
}

/// `e^x`.
pub fn exp(x: Double) -> Exact {
    let k = (x.hi / LN_2[0]).round();
    let r = less_multiple(x, k, &LN_2);
    Exact {
        value: expm1_near(r) + 1.0,
        exponent: k as i32,
    }
}

/// `2^x`.
pub fn exp2(x: f64) -> Exact {
    let k = x.round();
    let value = expm1_near(ln2() * (x - k)) + 1.0;
    Exact {
        value,
        exponent: k as i32,
    }
}

/// `10^x`.
pub fn exp10(x: f64) -> Exact {
    exp(LN_10 * x)
}

/// `e^x - 1`.
pub fn expm1(x: Double) -> Exact {
    if x.hi.abs() < 1e-60 {
        return small(x.hi);
    }
    if x.hi.abs() < 0.3 {
        return expm1_near(x).into();
    }
    let e = exp(x);
    if e.exponent > 200 {
        return e;
    }
    if e.exponent < -200 {
        return Double::from(-1.0).into();
    }
    (e.value.scale(e.exponent) - 1.0).into()
}

/// `2 atanh s` for `|s| <= 0.06`.
fn twice_atanh(s: Double) -> Double {
    let z = s * s;
    let mut p = Double::from(0.0);
    for n in (0..=14).rev() {
        p = p * z + Double::from(2.0) / f64::from(2 * n + 1);
    }
    p * s
}

/// `ln(1 + x)` for any `x > -1` whose `1 + x` fits.
pub fn log1p(x: Double) -> Double {
    if x.hi.abs() < 0.1 {
        twice_atanh(x / (x + 2.0))
    } else {
        log(x + 1.0)
    }
}

/// `ln x` of a positive number.
pub fn log(x: Double) -> Double {
    if (x.hi - 1.0).abs() < 0.1 {
        return twice_atanh((x - 1.0) / (x + 1.0));
    }
    // One step from the rounded logarithm of the significand.
    let k = kiln_math::exponent(x.hi) as i32;
    let m = x.scale(-k);
    let near = m.hi.ln();
    let e = exp(Double::from(-near));
    let f = (m * e.value).scale(e.exponent) - 1.0;
    let rest = f - f * f * 0.5;
    let whole = Double::product(f64::from(k), LN_2[0]) + Double::product(f64::from(k), LN_2[1]);
    whole + (rest + near)
}

/// `ln(1 + x)`.
pub fn log1p_of(x: f64) -> Exact {
    if x.abs() < 1e-60 {
        return small(x);
    }
    log1p(x.into()).into()
}

/// `log2 x` of a positive number.
pub fn log2(x: f64) -> Double {
    if (x - 1.0).abs() < 0.1 {
        return log(x.into()) / ln2();
    }
    let k = kiln_math::exponent(x);
    log(Double::from(kiln_math::mantissa(x))) / ln2() + k
}

/// `log10 x` of a positive number.
pub fn log10(x: f64) -> Double {
    log(x.into()) / LN_10
}

/// The sine and the cosine of `|r| <= 0.8`, by Taylor's series.
fn sin_cos_near(r: Double) -> (Double, Double) {
    let z = r * r;
    let (mut s, mut c) = (Double::from(0.0), Double::from(0.0));
    for n in (1..=14).rev() {
        let n = f64::from(n);
        s = (s + 1.0) * z / -(2.0 * n * (2.0 * n + 1.0));
        c = (c + 1.0) * z / -(2.0 * n * (2.0 * n - 1.0));
    }
    ((s + 1.0) * r, c + 1.0)
}

/// The sine and the cosine of any finite angle.
pub fn sin_cos(x: f64) -> (Double, Double) {
    let (r, quadrant) = quarter_turns(x);
    let (s, c) = sin_cos_near(r);
    match quadrant {
        0 => (s, c),
        1 => (c, -s),
        2 => (-s, -c),
        _ => (-c, s),
    }
}

/// `x` modulo quarter turns, in radians, and their number modulo 4.
fn quarter_turns(x: f64) -> (Double, i64) {
    if x.abs() < 1e9 {
        let k = (x / PI_2[0]).round();
        return (less_multiple(x.into(), k, &PI_2), (k as i64) & 3);
    }
    let exponent = kiln_math::exponent(x) as i32 - 52;
    let mantissa = kiln_math::ldexp(x.abs(), f64::from(-exponent)) as u64;
    let (fraction, whole) = large_quarter_turns(mantissa, exponent);
    let r = fraction * Double::new(PI_2[0], PI_2[1]);
    if x < 0.0 {
        (-r, -whole & 3)
    } else {
        (r, whole & 3)
    }
}

/// `mantissa 2^exponent 2/pi` as its nearest integer modulo 4 and the rest: the
/// whole product with every known bit of `2/pi`, of which the middle is read.
fn large_quarter_turns(mantissa: u64, exponent: i32) -> (Double, i64) {
    const WORDS: usize = kiln_math::TWO_OVER_PI_BITS.len();
    // Little-endian here.
    let mut product = [0u64; WORDS + 1];
    let mut carry = 0u128;
    for (place, &word) in product
        .iter_mut()
        .zip(kiln_math::TWO_OVER_PI_BITS.iter().rev())
    {
        let wide = u128::from(word) * u128::from(mantissa) + carry;
        *place = wide as u64;
        carry = wide >> 64;
    }
    product[WORDS] = carry as u64;
    let bit = |position: i32| match usize::try_from(position) {
        Ok(p) if p / 64 <= WORDS => product[p / 64] >> (p % 64) & 1,
        _ => 0,
    };
    let point = 64 * WORDS as i32 - exponent;
    let whole = (bit(point) + 2 * bit(point + 1)) as i64;
    let up = bit(point - 1) == 1;
    // The fraction, or what it lacks to 1, from the top in pieces of 48 bits.
    let mut fraction = Double::from(0.0);
    for piece in 0..5 {
        let mut value = 0u64;
        for i in 1..=48 {
            value = value << 1 | (bit(point - 48 * piece - i) ^ u64::from(up));
        }
        fraction = fraction + Double::from(value as f64).scale(-48 * (piece + 1));
    }
    if up {
        (-fraction, whole + 1)
    } else {
        (fraction, whole)
    }
}

/// `tan x`.
pub fn tan(x: f64) -> Double {
    let (s, c) = sin_cos(x);
    s / c
}

/// The angle of `(x, y)` for sides near 1 in size, one step from the rounded angle.
pub fn atan2(y: Double, x: Double) -> Double {
    let near = y.hi.atan2(x.hi);
    let (s, c) = sin_cos(near);
    let d = (y * c - x * s) / (x * c + y * s);
    d - d * d * d / 3.0 + near
}

/// The angle of the finite point `(x, y)`, neither zero.
pub fn atan2_scaled(y: f64, x: f64) -> Exact {
    let (ey, ex) = (kiln_math::exponent(y) as i32, kiln_math::exponent(x) as i32);
    let (my, mx) = (kiln_math::mantissa(y), kiln_math::mantissa(x));
    let gap = ey - ex;
    if gap < -200 && x > 0.0 {
        return Exact {
            value: Double::from(my) / mx,
            exponent: gap,
        };
    }
    let gap = gap.clamp(-200, 200);
    atan2(Double::from(my).scale(gap), mx.into()).into()
}

/// `asin x` for `|x| <= 1`.
pub fn asin(x: f64) -> Exact {
    if x.abs() < 1e-60 {
        return small(x);
    }
    atan2(x.into(), other_side(x)).into()
}

/// `acos x` for `|x| <= 1`.
pub fn acos(x: f64) -> Double {
    atan2(other_side(x), x.into())
}

/// `atan x`.
pub fn atan(x: f64) -> Exact {
    if x.abs() < 1e-60 {
        small(x)
    } else {
        atan2_scaled(x, 1.0)
    }
}

/// `sqrt(1 - x^2)` without cancellation.
fn other_side(x: f64) -> Double {
    (Double::sum(1.0, x) * Double::sum(1.0, -x)).sqrt()
}

/// A function that is `x` to all bits counted here.
fn small(x: f64) -> Exact {
    Exact {
        value: kiln_math::mantissa(x).into(),
        exponent: kiln_math::exponent(x) as i32,
    }
}

/// `sinh x`.
pub fn sinh(x: f64) -> Exact {
    if x.abs() < 1e-60 {
        return small(x);
    }
    if x.abs() < 0.3 {
        let p = expm1_near(x.into());
        return ((p + p / (p + 1.0)) * 0.5).into();
    }
    let sign = x.signum();
    let (e, inverse) = exp_and_inverse(x.abs());
    Exact {
        value: (e.value - inverse) * (0.5 * sign),
        exponent: e.exponent,
    }
}

/// `cosh x`.
pub fn cosh(x: f64) -> Exact {
    let (e, inverse) = exp_and_inverse(x.abs());
    Exact {
        value: (e.value + inverse) * 0.5,
        exponent: e.exponent,
    }
}

/// `e^x` for `x >= 0`, and `e^-x` at the same scale.
fn exp_and_inverse(x: f64) -> (Exact, Double) {
    let e = exp(x.into());
    let inverse = Double::from(1.0) / e.value;
    (e, inverse.scale((-2 * e.exponent).max(-400)))
}

/// `tanh x`.
pub fn tanh(x: f64) -> Exact {
    if x.abs() < 1e-60 {
        return small(x);
    }
    if x.abs() > 60.0 {
        // 1 - 2 e^-2x: all that double length holds.
        return Double::new(x.signum(), -x.signum() * 1e-40).into();
    }
    let p = expm1(Double::from(x) * 2.0);
    let p = p.value.scale(p.exponent);
    (p / (p + 2.0)).into()
}

/// `asinh x`.
pub fn asinh(x: f64) -> Exact {
    if x.abs() < 1e-60 {
        return small(x);
    }
    let size = Double::from(x.abs());
    let y = if size.hi > 1e30 {
        log(size) + ln2()
    } else {
        let square = size * size;
        log1p(size + square / ((square + 1.0).sqrt() + 1.0))
    };
    (y * x.signum()).into()
}

/// `acosh x` for `x >= 1`.
pub fn acosh(x: f64) -> Double {
    if x > 1e30 {
        return log(x.into()) + ln2();
    }
    let t = Double::sum(x, -1.0);
    log1p(t + (t * t + t * 2.0).sqrt())
}

/// `atanh x` for `|x| < 1`.
pub fn atanh(x: f64) -> Exact {
    if x.abs() < 1e-60 {
        return small(x);
    }
    let size = x.abs();
    let y = log1p(Double::from(2.0 * size) / Double::sum(1.0, -size));
    (y * (0.5 * x.signum())).into()
}

/// The cube root of a finite number, not zero.
pub fn cbrt(x: f64) -> Exact {
    let exponent = (kiln_math::exponent(x) as i32).div_euclid(3);
    let m = Double::from(x).scale(-3 * exponent);
    let near = m.hi.cbrt();
    let square = Double::product(near, near);
    let rest = m - square * near;
    Exact {
        value: rest / (square * 3.0) + near,
        exponent,
    }
}

/// `sqrt(x^2 + y^2)` of finite numbers that are not both zero.
pub fn hypot(x: f64, y: f64) -> Exact {
    let (x, y) = (x.abs().max(y.abs()), x.abs().min(y.abs()));
    let exponent = kiln_math::exponent(x) as i32;
    let scale = |v: f64| kiln_math::ldexp(v, f64::from(-exponent));
    let (x, y) = (scale(x), if y < x * 1e-60 { 0.0 } else { scale(y) });
    let sum = Double::product(x, x) + Double::product(y, y);
    Exact {
        value: sum.sqrt(),
        exponent,
    }
}

/// `x^y` of a positive number.
pub fn pow(x: f64, y: f64) -> Exact {
    exp(log(x.into()) * y)
}

/// `2 / sqrt(pi)`.
const TWO_OVER_SQRT_PI: Double = Double::new(
    f64::from_bits(0x3ff2_0dd7_5042_9b6d),
    f64::from_bits(0x3c71_ae3a_914f_ed80),
);

/// `erf x`: the series of positive terms
/// `2/sqrt(pi) e^(-x^2) sum 2^n x^(2n+1) / (1 3 5 ... (2n+1))`.
pub fn erf(x: f64) -> Exact {
    if x.abs() < 1e-60 {
        let m = small(x);
        return Exact {
            value: m.value * TWO_OVER_SQRT_PI,
            ..m
        };
    }
    if x.abs() > 7.0 {
        return Double::new(x.signum(), -x.signum() * 1e-40).into();
    }
    erf_series(x).into()
}

fn erf_series(x: f64) -> Double {
    let square = Double::product(x, x);
    let mut term = Double::from(x);
    let mut sum = term;
    let mut n = 1.0;
    while term.hi.abs() > sum.hi.abs() * 1e-33 {
        term = term * square * 2.0 / (2.0 * n + 1.0);
        sum = sum + term;
        n += 1.0;
    }
    let e = exp(-square);
    (sum * e.value).scale(e.exponent) * TWO_OVER_SQRT_PI
}

/// `1 - erf x`: beyond 2 by the continued fraction
/// `e^(-x^2) / sqrt(pi) / (x + (1/2) / (x + 1 / (x + (3/2) / (x + ...))))`.
pub fn erfc(x: f64) -> Exact {
    if x < 2.0 {
        let y = erf(x);
        return (Double::from(1.0) - y.value.scale(y.exponent.max(-400))).into();
    }
    let mut fraction = Double::from(x);
    for n in (1..400).rev() {
        fraction = Double::from(0.5 * f64::from(n)) / fraction + x;
    }
    let e = exp(-Double::product(x, x));
    Exact {
        value: e.value * TWO_OVER_SQRT_PI * 0.5 / fraction,
        exponent: e.exponent,
    }
}
