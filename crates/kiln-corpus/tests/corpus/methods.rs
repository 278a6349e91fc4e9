//! Methods of floats and integers whose value is exact.

use crate::harness::corpus;
use kiln::kernel;

macro_rules! of_floats {
    ($($ty:ident: $rounds:ident $tests:ident $orders:ident $rests:ident;)*) => {$(
        #[kernel]
        fn $rounds(a: $ty) -> ($ty, $ty, $ty, $ty) {
            let a = a * 1.25;
            (a.floor() + a.ceil(), a.trunc(), a.round(), a.round_ties_even() + a.fract())
        }

        #[kernel]
        fn $tests(a: $ty) -> (bool, bool, bool, bool) {
            (a.is_nan(), a.is_finite(), a.is_infinite(), a.is_sign_negative() & !a.is_nan())
        }

        #[kernel]
        fn $orders(a: $ty, b: $ty) -> ($ty, $ty, $ty, $ty) {
            ((a + 0.25).min(b), (a + 0.25).max(b), a.clamp(-1.0, 2.0), a.copysign(1.0))
        }

        #[kernel]
        fn $rests(a: $ty, b: $ty) -> ($ty, $ty, $ty, $ty) {
            (a.abs().sqrt(), a.signum() * 3.0, a.recip(), a.mul_add(b, 1.5))
        }
    )*};
}

of_floats! {
    f32: rounds_f32 tests_f32 orders_f32 rests_f32;
    f64: rounds_f64 tests_f64 orders_f64 rests_f64;
}

#[kernel]
fn angles(a: f64, b: f32) -> (f64, f64, f32, f32) {
    (
        a.to_degrees(),
        a.to_radians(),
        b.to_degrees(),
        b.to_radians(),
    )
}

#[kernel]
fn euclid_of_floats(a: f64, b: f64) -> (f64, f64) {
    (a.div_euclid(b), a.rem_euclid(b))
}

#[kernel]
fn bits_of_floats(a: f64, b: f32) -> (u64, u32) {
    (
        (a + 1.0).abs().to_bits() >> 3,
        (b * b).abs().to_bits() & 0xffff,
    )
}

#[kernel]
fn clamps(a: f64, lo: f64, hi: f64) -> f64 {
    a.clamp(lo, hi)
}

macro_rules! of_integers {
    ($($ty:ident: $orders:ident $wraps:ident $saturates:ident $counts:ident $turns:ident
        $euclid:ident $powers:ident $over:ident;)*) => {$(
        #[kernel]
        fn $orders(a: $ty, b: $ty) -> ($ty, $ty, $ty) {
            (a.min(b), a.max(b), a.clamp(2, 9))
        }

        #[kernel]
        fn $wraps(a: $ty, b: $ty) -> ($ty, $ty, $ty, $ty) {
            (a.wrapping_add(b), a.wrapping_sub(b), a.wrapping_mul(b), a.wrapping_neg())
        }

        #[kernel]
        fn $saturates(a: $ty, b: $ty) -> ($ty, $ty, $ty) {
            (a.saturating_add(b), a.saturating_sub(b), a.saturating_mul(b))
        }

        #[kernel]
        fn $counts(a: $ty) -> (u32, u32, u32, u32) {
            (
                a.leading_zeros() + a.leading_ones(),
                a.trailing_zeros(),
                a.trailing_ones(),
                a.count_ones() * 100 + a.count_zeros(),
            )
        }

        #[kernel]
        fn $turns(a: $ty, by: u32) -> ($ty, $ty, $ty, $ty) {
            (a.rotate_left(by), a.rotate_right(by), a.wrapping_shl(by), a.wrapping_shr(by))
        }

        #[kernel]
        fn $euclid(a: $ty, b: $ty) -> ($ty, $ty) {
            (a.div_euclid(b), a.rem_euclid(b))
        }

        #[kernel]
        fn $powers(a: $ty, n: u32) -> ($ty, $ty, $ty) {
            (a.pow(2), a.pow(n % 8), a.pow(5) ^ a.pow(0))
        }

        #[kernel]
        fn $over(a: $ty, b: $ty) -> (($ty, bool), bool, bool) {
            (a.overflowing_add(b), a.overflowing_sub(b).1, a.overflowing_mul(b).1)
        }
    )*};
}

of_integers! {
    i8: orders_i8 wraps_i8 saturates_i8 counts_i8 turns_i8 euclid_i8 powers_i8 over_i8;
    i32: orders_i32 wraps_i32 saturates_i32 counts_i32 turns_i32 euclid_i32 powers_i32 over_i32;
    i64: orders_i64 wraps_i64 saturates_i64 counts_i64 turns_i64 euclid_i64 powers_i64 over_i64;
    u16: orders_u16 wraps_u16 saturates_u16 counts_u16 turns_u16 euclid_u16 powers_u16 over_u16;
    u64: orders_u64 wraps_u64 saturates_u64 counts_u64 turns_u64 euclid_u64 powers_u64 over_u64;
    usize: orders_usize wraps_usize saturates_usize counts_usize turns_usize euclid_usize
        powers_usize over_usize;
}

#[kernel]
fn signs(a: i32, b: i64) -> (i32, i64, bool, bool) {
    (a.signum(), b.abs(), a.is_positive(), b.is_negative())
}

#[kernel]
fn distances(a: i32, b: i32, c: u8) -> (u32, u32, u8, bool) {
    (
        a.abs_diff(b),
        a.unsigned_abs(),
        c.abs_diff(7),
        c.is_power_of_two(),
    )
}

#[kernel]
fn by_path(a: f64, b: i32, c: u8) -> (f64, f64, i64, u32) {
    (
        f64::max(a, 1.0),
        f64::from(b),
        i64::from(b),
        u32::from(c) + u32::min(3, 4),
    )
}

#[kernel]
fn methods_of_literals(a: f64) -> f64 {
    2.0f64.sqrt() * a + 9f64.sqrt() + (-2.5f64).abs()
}

corpus! {
    rounds_f32(a: f32); tests_f32(a: f32); orders_f32(a: f32, b: f32); rests_f32(a: f32, b: f32);
    rounds_f64(a: f64); tests_f64(a: f64); orders_f64(a: f64, b: f64); rests_f64(a: f64, b: f64);
    angles(a: f64, b: f32);
    euclid_of_floats(a: f64, b: f64);
    bits_of_floats(a: f64, b: f32);
    clamps(a: f64, lo: f64, hi: f64);
    orders_i8(a: i8, b: i8); wraps_i8(a: i8, b: i8); saturates_i8(a: i8, b: i8);
    counts_i8(a: i8); turns_i8(a: i8, by: u32); euclid_i8(a: i8, b: i8);
    powers_i8(a: i8, n: u32); over_i8(a: i8, b: i8);
    orders_i32(a: i32, b: i32); wraps_i32(a: i32, b: i32); saturates_i32(a: i32, b: i32);
    counts_i32(a: i32); turns_i32(a: i32, by: u32); euclid_i32(a: i32, b: i32);
    powers_i32(a: i32, n: u32); over_i32(a: i32, b: i32);
    orders_i64(a: i64, b: i64); wraps_i64(a: i64, b: i64); saturates_i64(a: i64, b: i64);
    counts_i64(a: i64); turns_i64(a: i64, by: u32); euclid_i64(a: i64, b: i64);
    powers_i64(a: i64, n: u32); over_i64(a: i64, b: i64);
    orders_u16(a: u16, b: u16); wraps_u16(a: u16, b: u16); saturates_u16(a: u16, b: u16);
    counts_u16(a: u16); turns_u16(a: u16, by: u32); euclid_u16(a: u16, b: u16);
    powers_u16(a: u16, n: u32); over_u16(a: u16, b: u16);
    orders_u64(a: u64, b: u64); wraps_u64(a: u64, b: u64); saturates_u64(a: u64, b: u64);
    counts_u64(a: u64); turns_u64(a: u64, by: u32); euclid_u64(a: u64, b: u64);
    powers_u64(a: u64, n: u32); over_u64(a: u64, b: u64);
    orders_usize(a: usize, b: usize); wraps_usize(a: usize, b: usize);
    saturates_usize(a: usize, b: usize); counts_usize(a: usize);
    turns_usize(a: usize, by: u32); euclid_usize(a: usize, b: usize);
    powers_usize(a: usize, n: u32); over_usize(a: usize, b: usize);
    signs(a: i32, b: i64);
    distances(a: i32, b: i32, c: u8);
    by_path(a: f64, b: i32, c: u8);
    methods_of_literals(a: f64);
}
