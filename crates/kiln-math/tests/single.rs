//! The functions in binary32 against those in binary64, on every 8191st input.
//!
//! A result in binary64 is exact for this purpose. The `ulp` binary of
//! kiln-testkit measures all 2^32 inputs.

use kiln_math::single::{Eval, FUNCTIONS};

/// A prime, so that every exponent and every low bit is met.
const STRIDE: usize = 8191;

/// The error of `value` in units in the last place of `exact`; infinite if it
/// is not even of its kind or sign.
fn error(value: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if value.is_nan() && rounded.is_nan() {
        return 0.0;
    }
    let same_kind = value.is_nan() == rounded.is_nan();
    if !same_kind || value.is_sign_negative() != rounded.is_sign_negative() {
        return f64::INFINITY;
    }
    if value == rounded {
        return 0.0;
    }
    // Infinity counts as the next number after the greatest.
    let value = if value.is_infinite() {
        2f64.powi(128).copysign(exact)
    } else {
        f64::from(value)
    };
    let size = kiln_math::exponent(exact).clamp(-126.0, 127.0);
    ((value - exact) / kiln_math::ldexp(1.0, size - 23.0)).abs()
}

fn exact(name: &str) -> kiln_math::Eval {
    kiln_math::function(name)
        .map(|function| function.eval)
        .expect("a function in binary64 too")
}

#[test]
fn unary_functions_keep_their_promises() {
    for function in FUNCTIONS {
        let (Eval::Unary(single), kiln_math::Eval::Unary(double)) =
            (function.eval, exact(function.name))
        else {
            continue;
        };
        for bits in (0..=u32::MAX).step_by(STRIDE) {
            let x = f32::from_bits(bits);
            let error = error(single(x), double(f64::from(x)));
            assert!(
                error <= function.max_ulp,
                "{}({x:e}): {error} ULP",
                function.name
            );
        }
    }
}

#[test]
fn atan2_keeps_its_promise() {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        1e-45,
        -3e38,
    ];
    let check = |y: f32, x: f32| {
        let error = error(
            kiln_math::single::atan2(y, x),
            kiln_math::atan2(y.into(), x.into()),
        );
        assert!(error <= 1.0, "atan2({y:e}, {x:e}): {error} ULP");
    };
    for y in special {
        special.iter().for_each(|&x| check(y, x));
    }
    let mut state = 1u64;
    for _ in 0..300_000 {
        // A linear congruential generator modulo 2^64; its high bits are good.
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let y = f32::from_bits((state >> 32) as u32);
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let x = f32::from_bits((state >> 32) as u32);
        check(y, x);
        check(y, y * (1.0 + (x % 8.0)));
    }
}
