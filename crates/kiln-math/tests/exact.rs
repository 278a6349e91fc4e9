//! The functions that are exact or rounded once, against independent integer arithmetic.

use kiln_math::{exponent, ldexp, mantissa, powi, round};

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ *state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// `significand 2^exponent`, rounded once to nearest, ties to even.
fn compose(negative: bool, significand: u128, exponent: i64) -> f64 {
    let sign = u64::from(negative) << 63;
    if significand == 0 {
        return f64::from_bits(sign);
    }
    let length = 128 - i64::from(significand.leading_zeros());
    // The weight of the last bit that is kept.
    let last = (exponent + length - 53).max(-1074);
    if last > 971 {
        return f64::from_bits(sign | 0x7ff << 52);
    }
    let drop = last - exponent;
    let kept = match drop {
        ..=0 => (significand as u64) << -drop,
        1..=127 => {
            let (kept, rest) = (significand >> drop, significand & ((1 << drop) - 1));
            let half = 1u128 << (drop - 1);
            let up = rest > half || rest == half && kept & 1 == 1;
            kept as u64 + u64::from(up)
        }
        128 => u64::from(significand > 1 << 127),
        _ => 0,
    };
    // A carry out of the significand or out of the subnormals moves into the field.
    let field = if kept < 1 << 52 {
        kept
    } else {
        ((last + 1074) as u64) * (1 << 52) + kept
    };
    f64::from_bits(sign | field)
}

/// Sign, significand and exponent of a finite number.
fn parts(x: f64) -> (bool, u128, i64) {
    let field = (x.to_bits() >> 52 & 0x7ff) as i64;
    let fraction = x.to_bits() & ((1 << 52) - 1);
    let significand = if field == 0 {
        fraction
    } else {
        fraction | 1 << 52
    };
    (
        x.is_sign_negative(),
        u128::from(significand),
        field.max(1) - 1075,
    )
}

fn same(x: f64, y: f64) -> bool {
    x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan()
}

fn finite(state: &mut u64) -> f64 {
    loop {
        let x = f64::from_bits(next(state));
        if x.is_finite() {
            return x;
        }
    }
}

#[test]
fn ldexp_rounds_once() {
    let mut state = 1;
    for i in 0..1_000_000 {
        let mut x = finite(&mut state);
        let mut k = (next(&mut state) % 4400) as i64 - 2200;
        if i % 2 == 0 {
            // Aim at the subnormals, where a second rounding would show.
            k = -1074 - exponent(x) as i64 + (next(&mut state) % 60) as i64 - 3;
        }
        if i % 5 == 0 {
            x = f64::from_bits(x.to_bits() & !((1 << 30) - 1));
        }
        let (negative, significand, e) = parts(x);
        let expected = compose(negative, significand, e + k);
        let value = ldexp(x, k as f64);
        assert!(
            same(value, expected),
            "ldexp({x:e}, {k}) = {value:e}, not {expected:e}"
        );
        assert!(same(ldexp(x, k as f64 + 0.75), expected));
    }
}

#[test]
fn ldexp_saturates() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    #[rustfmt::skip]
    let table = [
        (1.0, inf, inf), (-1.0, inf, -inf), (0.0, inf, 0.0), (-0.0, 1e300, -0.0),
        (1.0, -inf, 0.0), (-1.0, -1e300, -0.0), (inf, -inf, inf), (-inf, -5000.0, -inf),
        (nan, 1.0, nan), (1.0, nan, nan), (nan, inf, nan), (5e-324, 2098.0, inf),
        (5e-324, 2097.0, 2f64.powi(1023)), (inf, nan, nan),
    ];
    for (x, k, y) in table {
        assert!(same(ldexp(x, k), y), "ldexp({x}, {k}) = {}", ldexp(x, k));
    }
}

#[test]
fn exponent_and_mantissa_take_numbers_apart() {
    let mut state = 2;
    for i in 0..500_000 {
        let mut x = finite(&mut state);
        if i % 3 == 0 {
            x = f64::from_bits(x.to_bits() & !(0x7ff << 52) | 1);
        }
        let (negative, significand, e) = parts(x);
        let length = 128 - i64::from(significand.leading_zeros());
        assert_eq!(exponent(x), (e + length - 1) as f64, "exponent({x:e})");
        let m = compose(negative, significand, 1 - length);
        assert!(same(mantissa(x), m), "mantissa({x:e})");
    }
    let inf = f64::INFINITY;
    for (x, e, m) in [
        (0.0, -inf, 1.0),
        (-0.0, -inf, -1.0),
        (inf, inf, 1.0),
        (-inf, inf, -1.0),
    ] {
        assert!(same(exponent(x), e) && same(mantissa(x), m), "{x}");
    }
    assert!(exponent(f64::NAN).is_nan() && mantissa(f64::NAN).is_nan());
}

#[test]
fn round_takes_halves_away_from_zero() {
    let mut state = 3;
    for i in 0..500_000 {
        let mut x = finite(&mut state);
        if i % 2 == 0 {
            x = (next(&mut state) % 4000) as f64 * 0.25 - 500.0;
        }
        assert!(same(round(x), x.round()), "round({x:e}) = {}", round(x));
    }
    for x in [
        0.49999999999999994,
        -0.3,
        -0.0,
        2.5,
        -2.5,
        4503599627370497.0,
        f64::NEG_INFINITY,
    ] {
        assert!(same(round(x), x.round()), "round({x})");
    }
    assert!(round(f64::NAN).is_nan());
}

/// The correctly rounded power where it fits 128 bits: a check of every exponent.
#[test]
fn powi_is_exact_on_small_numbers() {
    for base in 2u32..=9 {
        for n in 2..=64u32 {
            let Some(exact) = u128::from(base).checked_pow(n) else {
                break;
            };
            let expected = compose(false, exact, 0);
            assert_eq!(powi(f64::from(base), n as i32), expected, "{base}^{n}");
            let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
            assert_eq!(
                powi(-f64::from(base), n as i32),
                sign * expected,
                "-{base}^{n}"
            );
        }
    }
}

#[test]
fn powi_at_most_one_unit_off() {
    let mut state = 4;
    for _ in 0..400_000 {
        let n = (next(&mut state) % 129) as i32 - 64;
        let spread = 1100.0 / f64::from(n.unsigned_abs().max(1));
        let unit = (next(&mut state) >> 11) as f64 * 2f64.powi(-53);
        let x = ldexp(mantissa(finite(&mut state)), spread * (2.0 * unit - 1.0));
        let expected = core_math::pow(x, f64::from(n));
        let value = powi(x, n);
        let distance = value.to_bits().abs_diff(expected.to_bits());
        assert!(
            distance <= 1,
            "powi({x:e}, {n}) = {value:e}, not {expected:e}"
        );
    }
}

#[test]
fn powi_at_the_ends() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    #[rustfmt::skip]
    let table = [
        (nan, 0, 1.0), (inf, 0, 1.0), (nan, 3, nan), (0.0, 3, 0.0), (-0.0, 3, -0.0), (-0.0, 4, 0.0),
        (0.0, -3, inf), (-0.0, -3, -inf), (-0.0, -4, inf), (-0.0, 1, -0.0), (-0.0, -1, -inf),
        (inf, 5, inf), (-inf, 5, -inf), (-inf, 6, inf), (-inf, -5, -0.0), (inf, -6, 0.0),
        (1e300, 3, inf), (-1e300, 3, -inf), (1e-300, 3, 0.0), (-1e-300, 3, -0.0),
        (1e300, -3, 0.0), (1e-300, -3, inf), (1.0, 64, 1.0), (-1.0, -63, -1.0),
    ];
    for (x, n, y) in table {
        assert!(same(powi(x, n), y), "powi({x}, {n}) = {}", powi(x, n));
    }
}
