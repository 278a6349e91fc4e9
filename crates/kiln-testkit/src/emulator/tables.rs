//! What each vector instruction computes in one lane, on the lane's bits.
//!
//! Floats follow IEEE-754 in the default environment; where the processor
//! differs (minimum and maximum, conversions out of range) the processor is
//! followed, as the Intel manual has it.

use iced_x86::Mnemonic;

/// A function of one lane.
pub(super) type Fn1 = fn(u64) -> u64;
/// A function of two lanes.
pub(super) type Fn2 = fn(u64, u64) -> u64;
/// A function of one lane and the immediate.
pub(super) type FnImm = fn(u64, u8) -> u64;

fn d(x: u64) -> f64 {
    f64::from_bits(x)
}

fn s(x: u64) -> f32 {
    f32::from_bits(x as u32)
}

fn dd(x: f64) -> u64 {
    x.to_bits()
}

fn ss(x: f32) -> u64 {
    u64::from(x.to_bits())
}

/// `x < y ? x : y`: the second operand where one is NaN or both are zero.
fn min<T: PartialOrd>(x: T, y: T) -> T {
    if x < y { x } else { y }
}

fn max<T: PartialOrd>(x: T, y: T) -> T {
    if x > y { x } else { y }
}

/// Lane size in bytes and function of an instruction of two operands.
#[rustfmt::skip]
pub(super) fn binary(mnemonic: Mnemonic) -> Option<(usize, Fn2)> {
    use Mnemonic::*;
    Some(match mnemonic {
        Vaddpd => (8, |x, y| dd(d(x) + d(y))),
        Vsubpd => (8, |x, y| dd(d(x) - d(y))),
        Vmulpd => (8, |x, y| dd(d(x) * d(y))),
        Vdivpd => (8, |x, y| dd(d(x) / d(y))),
        Vminpd => (8, |x, y| dd(min(d(x), d(y)))),
        Vmaxpd => (8, |x, y| dd(max(d(x), d(y)))),
        Vscalefpd => (8, |x, y| dd(scalef(d(x), d(y)))),
        Vaddps => (4, |x, y| ss(s(x) + s(y))),
        Vsubps => (4, |x, y| ss(s(x) - s(y))),
        Vmulps => (4, |x, y| ss(s(x) * s(y))),
        Vdivps => (4, |x, y| ss(s(x) / s(y))),
        Vminps => (4, |x, y| ss(min(s(x), s(y)))),
        Vmaxps => (4, |x, y| ss(max(s(x), s(y)))),
        // Exact in f64 but for results outside of its range, which round to
        // the same f32; see `scalef`.
        Vscalefps => (4, |x, y| ss(scalef(s(x).into(), s(y).into()) as f32)),
        Vandpd | Vpandq => (8, |x, y| x & y),
        Vandps | Vpand | Vpandd => (4, |x, y| x & y),
        Vandnpd | Vpandnq => (8, |x, y| !x & y),
        Vandnps | Vpandn | Vpandnd => (4, |x, y| !x & y),
        Vorpd | Vporq => (8, |x, y| x | y),
        Vorps | Vpor | Vpord => (4, |x, y| x | y),
        Vxorpd | Vpxorq => (8, |x, y| x ^ y),
        Vxorps | Vpxor | Vpxord => (4, |x, y| x ^ y),
        Vpaddb => (1, u64::wrapping_add),
        Vpaddw => (2, u64::wrapping_add),
        Vpaddd => (4, u64::wrapping_add),
        Vpaddq => (8, u64::wrapping_add),
        Vpsubb => (1, u64::wrapping_sub),
        Vpsubw => (2, u64::wrapping_sub),
        Vpsubd => (4, u64::wrapping_sub),
        Vpsubq => (8, u64::wrapping_sub),
        Vpmullw => (2, u64::wrapping_mul),
        Vpmulld => (4, u64::wrapping_mul),
        Vpmullq => (8, u64::wrapping_mul),
        Vpmuludq => (8, |x, y| (x & 0xffff_ffff) * (y & 0xffff_ffff)),
        Vpminsb => (1, |x, y| min(x as i8, y as i8) as u64),
        Vpmaxsb => (1, |x, y| max(x as i8, y as i8) as u64),
        Vpminub => (1, |x, y| min(x as u8, y as u8) as u64),
        Vpmaxub => (1, |x, y| max(x as u8, y as u8) as u64),
        Vpminsw => (2, |x, y| min(x as i16, y as i16) as u64),
        Vpmaxsw => (2, |x, y| max(x as i16, y as i16) as u64),
        Vpminuw => (2, |x, y| min(x as u16, y as u16) as u64),
        Vpmaxuw => (2, |x, y| max(x as u16, y as u16) as u64),
        Vpminsd => (4, |x, y| min(x as i32, y as i32) as u64),
        Vpmaxsd => (4, |x, y| max(x as i32, y as i32) as u64),
        Vpminud => (4, |x, y| min(x as u32, y as u32) as u64),
        Vpmaxud => (4, |x, y| max(x as u32, y as u32) as u64),
        Vpminsq => (8, |x, y| min(x as i64, y as i64) as u64),
        Vpmaxsq => (8, |x, y| max(x as i64, y as i64) as u64),
        Vpminuq => (8, min),
        Vpmaxuq => (8, max),
        Vpsllvd => (4, |x, n| if n < 32 { x << n } else { 0 }),
        Vpsllvq => (8, |x, n| if n < 64 { x << n } else { 0 }),
        Vpsrlvd => (4, |x, n| if n < 32 { x >> n } else { 0 }),
        Vpsrlvq => (8, |x, n| if n < 64 { x >> n } else { 0 }),
        Vpsravd => (4, |x, n| ((x as i32) >> n.min(31)) as u64),
        Vpsravq => (8, |x, n| ((x as i64) >> n.min(63)) as u64),
        _ => return None,
    })
}

/// Size of a source lane, size of a result lane, and the function of an
/// instruction of one operand.
#[rustfmt::skip]
pub(super) fn unary(mnemonic: Mnemonic) -> Option<(usize, usize, Fn1)> {
    use Mnemonic::*;
    Some(match mnemonic {
        Vmovups | Vmovaps => (4, 4, |x| x),
        Vsqrtpd => (8, 8, |x| dd(d(x).sqrt())),
        Vsqrtps => (4, 4, |x| ss(s(x).sqrt())),
        Vgetexppd => (8, 8, |x| dd(getexp(d(x)))),
        Vgetexpps => (4, 4, |x| ss(getexp(s(x).into()) as f32)),
        Vpabsd => (4, 4, |x| (x as i32).wrapping_abs() as u64),
        Vpabsq => (8, 8, |x| (x as i64).wrapping_abs() as u64),
        Vcvtpd2ps => (8, 4, |x| ss(d(x) as f32)),
        Vcvtps2pd => (4, 8, |x| dd(s(x).into())),
        Vcvtdq2pd => (4, 8, |x| dd((x as i32).into())),
        Vcvtdq2ps => (4, 4, |x| ss(x as i32 as f32)),
        Vcvtudq2pd => (4, 8, |x| dd((x as u32).into())),
        Vcvtudq2ps => (4, 4, |x| ss(x as u32 as f32)),
        Vcvtqq2pd => (8, 8, |x| dd(x as i64 as f64)),
        Vcvtqq2ps => (8, 4, |x| ss(x as i64 as f32)),
        Vcvtuqq2pd => (8, 8, |x| dd(x as f64)),
        Vcvtuqq2ps => (8, 4, |x| ss(x as f32)),
        Vcvttpd2dq => (8, 4, |x| to_signed(d(x), 32)),
        Vcvttps2dq => (4, 4, |x| to_signed(s(x).into(), 32)),
        Vcvttpd2qq => (8, 8, |x| to_signed(d(x), 64)),
        Vcvttpd2udq => (8, 4, |x| to_unsigned(d(x), 32)),
        Vcvttps2udq => (4, 4, |x| to_unsigned(s(x).into(), 32)),
        Vcvttpd2uqq => (8, 8, |x| to_unsigned(d(x), 64)),
        Vpmovsxbw => (1, 2, |x| x as i8 as u64),
        Vpmovsxbd => (1, 4, |x| x as i8 as u64),
        Vpmovsxbq => (1, 8, |x| x as i8 as u64),
        Vpmovsxwd => (2, 4, |x| x as i16 as u64),
        Vpmovsxwq => (2, 8, |x| x as i16 as u64),
        Vpmovsxdq => (4, 8, |x| x as i32 as u64),
        Vpmovzxbw => (1, 2, |x| x),
        Vpmovzxbd => (1, 4, |x| x),
        Vpmovzxbq => (1, 8, |x| x),
        Vpmovzxwd => (2, 4, |x| x),
        Vpmovzxwq => (2, 8, |x| x),
        Vpmovzxdq => (4, 8, |x| x),
        Vpmovqd => (8, 4, |x| x),
        Vpmovqw => (8, 2, |x| x),
        Vpmovqb => (8, 1, |x| x),
        Vpmovdw => (4, 2, |x| x),
        Vpmovdb => (4, 1, |x| x),
        Vpmovwb => (2, 1, |x| x),
        _ => return None,
    })
}

/// Lane size and function of an instruction of one operand and an immediate.
#[rustfmt::skip]
pub(super) fn with_immediate(mnemonic: Mnemonic) -> Option<(usize, FnImm)> {
    use Mnemonic::*;
    Some(match mnemonic {
        Vroundpd | Vrndscalepd => (8, |x, mode| dd(round(d(x), mode))),
        // Rounding a value exact in f64 to an integer gives an f32 again.
        Vroundps | Vrndscaleps => (4, |x, mode| ss(round(s(x).into(), mode) as f32)),
        Vgetmantpd => (8, |x, _| dd(getmant(d(x)))),
        Vgetmantps => (4, |x, _| ss(getmant(s(x).into()) as f32)),
        Vpslld => (4, |x, n| if n < 32 { x << n } else { 0 }),
        Vpsllq => (8, |x, n| if n < 64 { x << n } else { 0 }),
        Vpsrld => (4, |x, n| if n < 32 { x >> n } else { 0 }),
        Vpsrlq => (8, |x, n| if n < 64 { x >> n } else { 0 }),
        Vpsrad => (4, |x, n| ((x as i32) >> n.min(31)) as u64),
        Vpsraq => (8, |x, n| ((x as i64) >> n.min(63)) as u64),
        _ => return None,
    })
}

/// Lane size, and for an integer comparison of two operands whether lanes are
/// signed.
pub(super) fn integer_comparison(mnemonic: Mnemonic) -> Option<(usize, bool)> {
    use Mnemonic::*;
    Some(match mnemonic {
        Vpcmpb => (1, true),
        Vpcmpub => (1, false),
        Vpcmpw => (2, true),
        Vpcmpuw => (2, false),
        Vpcmpd => (4, true),
        Vpcmpud => (4, false),
        Vpcmpq => (8, true),
        Vpcmpuq => (8, false),
        _ => return None,
    })
}

/// Lane size of the VEX comparisons, and whether they ask for "greater".
pub(super) fn vex_comparison(mnemonic: Mnemonic) -> Option<(usize, bool)> {
    use Mnemonic::*;
    Some(match mnemonic {
        Vpcmpeqb => (1, false),
        Vpcmpeqw => (2, false),
        Vpcmpeqd => (4, false),
        Vpcmpeqq => (8, false),
        Vpcmpgtb => (1, true),
        Vpcmpgtw => (2, true),
        Vpcmpgtd => (4, true),
        Vpcmpgtq => (8, true),
        _ => return None,
    })
}

/// Lane size of a fused multiply-add, the order of its operands as factor,
/// factor, addend, and whether product and addend are negated.
pub(super) fn multiply_add(mnemonic: Mnemonic) -> Option<(usize, [u32; 3], bool, bool)> {
    use Mnemonic::*;
    const F132: [u32; 3] = [0, 2, 1];
    const F213: [u32; 3] = [1, 0, 2];
    const F231: [u32; 3] = [1, 2, 0];
    Some(match mnemonic {
        Vfmadd132pd => (8, F132, false, false),
        Vfmadd213pd => (8, F213, false, false),
        Vfmadd231pd => (8, F231, false, false),
        Vfmsub132pd => (8, F132, false, true),
        Vfmsub213pd => (8, F213, false, true),
        Vfmsub231pd => (8, F231, false, true),
        Vfnmadd132pd => (8, F132, true, false),
        Vfnmadd213pd => (8, F213, true, false),
        Vfnmadd231pd => (8, F231, true, false),
        Vfnmsub132pd => (8, F132, true, true),
        Vfnmsub213pd => (8, F213, true, true),
        Vfnmsub231pd => (8, F231, true, true),
        Vfmadd132ps => (4, F132, false, false),
        Vfmadd213ps => (4, F213, false, false),
        Vfmadd231ps => (4, F231, false, false),
        Vfmsub132ps => (4, F132, false, true),
        Vfmsub213ps => (4, F213, false, true),
        Vfmsub231ps => (4, F231, false, true),
        Vfnmadd132ps => (4, F132, true, false),
        Vfnmadd213ps => (4, F213, true, false),
        Vfnmadd231ps => (4, F231, true, false),
        Vfnmsub132ps => (4, F132, true, true),
        Vfnmsub213ps => (4, F213, true, true),
        Vfnmsub231ps => (4, F231, true, true),
        _ => return None,
    })
}

/// `x * y + z` in a lane of `size` bytes, rounded once.
pub(super) fn fused(size: usize, x: u64, y: u64, z: u64, negate: (bool, bool)) -> u64 {
    if size == 8 {
        let (x, z) = (
            if negate.0 { -d(x) } else { d(x) },
            if negate.1 { -d(z) } else { d(z) },
        );
        return dd(x.mul_add(d(y), z));
    }
    let (x, z) = (
        if negate.0 { -s(x) } else { s(x) },
        if negate.1 { -s(z) } else { s(z) },
    );
    ss(x.mul_add(s(y), z))
}

/// A float comparison by its predicate.
pub(super) fn compare_floats(x: f64, y: f64, predicate: u8) -> bool {
    let unordered = x.is_nan() || y.is_nan();
    // The upper sixteen differ in what they signal alone.
    match predicate & 15 {
        0 => x == y,
        1 => x < y,
        2 => x <= y,
        3 => unordered,
        4 => x != y,
        5 => unordered || x >= y,
        6 => unordered || x > y,
        7 => !unordered,
        8 => unordered || x == y,
        9 => unordered || x < y,
        10 => unordered || x <= y,
        11 => false,
        12 => !unordered && x != y,
        13 => x >= y,
        14 => x > y,
        _ => true,
    }
}

/// A lane as a float of its size.
pub(super) fn float(size: usize, x: u64) -> f64 {
    if size == 8 { d(x) } else { s(x).into() }
}

/// An integer comparison by its predicate.
pub(super) fn compare_integers<T: Ord>(x: T, y: T, predicate: u8) -> bool {
    match predicate & 7 {
        0 => x == y,
        1 => x < y,
        2 => x <= y,
        3 => false,
        4 => x != y,
        5 => x >= y,
        6 => x > y,
        _ => true,
    }
}

/// `vrange` with the sign of the comparison's result: the lesser or greater
/// number, -0 below +0, a number rather than a quiet NaN, but a signalling
/// NaN, made quiet, rather than a number.
pub(super) fn range(size: usize, x: u64, y: u64, imm: u8) -> u64 {
    let (quiet, exponent) = match size {
        8 => (1 << 51, 0x7ff0_0000_0000_0000),
        _ => (1 << 22, 0x7f80_0000),
    };
    let sign = 1 << (8 * size - 1);
    let is_nan = |v: u64| v & !sign > exponent;
    let is_signalling = |v: u64| is_nan(v) && v & quiet == 0;
    if is_signalling(x) || (is_signalling(y) && !is_signalling(x)) {
        let signalling = if is_signalling(x) { x } else { y };
        return signalling | quiet;
    }
    match (is_nan(x), is_nan(y)) {
        (true, true) => return x,
        (true, false) => return y,
        (false, true) => return x,
        (false, false) => {}
    }
    // Ordered by value with -0 below +0: the total order of numbers.
    let key = |v: u64| match v & sign {
        0 => i128::from(v),
        _ => -i128::from(v & !sign) - 1,
    };
    let x_is_less = key(x) <= key(y);
    match (imm & 1 == 0) == x_is_less {
        true => x,
        false => y,
    }
}

fn round(x: f64, mode: u8) -> f64 {
    match mode & 3 {
        0 => x.round_ties_even(),
        1 => x.floor(),
        2 => x.ceil(),
        _ => x.trunc(),
    }
}

/// Splits a finite number but zero into its exponent and a mantissa in
/// `[1, 2)` with its sign.
fn split(x: f64) -> (i32, f64) {
    let (scale, x) = if x.is_subnormal() {
        (-64, x * 18446744073709551616.0)
    } else {
        (0, x)
    };
    let exponent = ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023;
    let mantissa = f64::from_bits(x.to_bits() & !(0x7ff << 52) | 1023 << 52);
    (exponent + scale, mantissa)
}

fn getexp(x: f64) -> f64 {
    if x.is_nan() {
        x
    } else if x.is_infinite() {
        f64::INFINITY
    } else if x == 0.0 {
        f64::NEG_INFINITY
    } else {
        split(x).0.into()
    }
}

fn getmant(x: f64) -> f64 {
    if x.is_nan() {
        x
    } else if x.is_infinite() || x == 0.0 {
        1f64.copysign(x)
    } else {
        split(x).1
    }
}

/// `x * 2^floor(y)`, rounded once: powers are applied so that only the last
/// product can be inexact.
fn scalef(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    if y.is_infinite() {
        let indefinite = (y > 0.0 && x == 0.0) || (y < 0.0 && x.is_infinite());
        return match (indefinite, y > 0.0) {
            (true, _) => f64::NAN,
            (false, true) => f64::INFINITY.copysign(x),
            (false, false) => 0f64.copysign(x),
        };
    }
    if x == 0.0 || x.is_infinite() {
        return x;
    }
    let (exponent, mantissa) = split(x);
    let total = f64::from(exponent) + y.floor();
    let power = |k: i32| f64::from_bits(((k + 1023) as u64) << 52);
    if total > 1023.0 {
        return f64::INFINITY.copysign(x);
    }
    match total as i32 {
        normal if total >= -1022.0 => mantissa * power(normal),
        small if total >= -1080.0 => mantissa * power(small + 1000) * power(-1000),
        _ => 0f64.copysign(x),
    }
}

/// Truncation to a signed integer; out of range the least one.
fn to_signed(x: f64, bits: u32) -> u64 {
    let limit = 2f64.powi(bits as i32 - 1);
    let x = x.trunc();
    if x >= -limit && x < limit {
        x as i64 as u64
    } else {
        1 << (bits - 1)
    }
}

/// Truncation to an unsigned integer; out of range all ones.
fn to_unsigned(x: f64, bits: u32) -> u64 {
    let x = x.trunc();
    if x >= 0.0 && x < 2f64.powi(bits as i32) {
        x as u64
    } else {
        u64::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_rounds_once() {
        assert_eq!(scalef(3.0, -1075.0), 2.0 * f64::from_bits(1));
        assert_eq!(scalef(1.0, -1075.0), 0.0);
        assert_eq!(scalef(1.0 + f64::EPSILON, -1075.0), f64::from_bits(1));
        assert_eq!(scalef(f64::from_bits(1), 2097.9), 2f64.powi(1023));
        assert_eq!(scalef(-1.5, 1e300), f64::NEG_INFINITY);
        assert!(scalef(0.0, f64::INFINITY).is_nan());
    }

    #[test]
    fn exponent_and_mantissa_of_subnormals() {
        assert_eq!(getexp(f64::from_bits(1)), -1074.0);
        assert_eq!(getmant(-f64::from_bits(3)), -1.5);
        assert_eq!(getmant(f64::NEG_INFINITY), -1.0);
    }

    #[test]
    fn range_orders_zeros_and_prefers_numbers() {
        let (plus, minus) = (0f64.to_bits(), (-0f64).to_bits());
        assert_eq!(range(8, plus, minus, 4), minus);
        assert_eq!(range(8, minus, plus, 5), plus);
        assert_eq!(range(8, f64::NAN.to_bits(), plus, 4), plus);
    }
}
