//! Operators of every type, casts, literals, constants, assignment.

use crate::harness::corpus;
use kiln::kernel;

const SCALE: f64 = 2.5;
const LIMIT: i32 = 40;

macro_rules! of_integers {
    ($($ty:ident: $ops:ident $bits:ident $shifts:ident $compound:ident $compare:ident;)*) => {$(
        #[kernel]
        fn $ops(a: $ty, b: $ty) -> ($ty, $ty) {
            let s = a + b;
            let d = s - b;
            (d * 3 % 7, (a + b * 2) / (b + 1))
        }

        #[kernel]
        fn $bits(a: $ty, b: $ty) -> ($ty, $ty, $ty) {
            (a & b | 5, (a ^ b) & !b, !(a | b))
        }

        #[kernel]
        fn $shifts(a: $ty, by: u32, other: $ty) -> ($ty, $ty, $ty) {
            (a << by, a >> by, (a << 3) ^ (other >> 2))
        }

        #[kernel]
        fn $compound(a: $ty, b: $ty) -> $ty {
            let mut x = a;
            x += b;
            x *= 2;
            x -= 1;
            x /= b;
            x %= 10;
            x &= 31;
            x |= 1;
            x ^= b;
            x <<= 1;
            x >>= 2;
            x
        }

        #[kernel]
        fn $compare(a: $ty, b: $ty) -> (bool, bool, bool, bool) {
            (a < b, a <= b && a != 3, a > b || b == 1, !(a >= b) ^ (a == b))
        }
    )*};
}

of_integers! {
    i8: ops_i8 bits_i8 shifts_i8 compound_i8 compare_i8;
    i16: ops_i16 bits_i16 shifts_i16 compound_i16 compare_i16;
    i32: ops_i32 bits_i32 shifts_i32 compound_i32 compare_i32;
    i64: ops_i64 bits_i64 shifts_i64 compound_i64 compare_i64;
    u8: ops_u8 bits_u8 shifts_u8 compound_u8 compare_u8;
    u16: ops_u16 bits_u16 shifts_u16 compound_u16 compare_u16;
    u32: ops_u32 bits_u32 shifts_u32 compound_u32 compare_u32;
    u64: ops_u64 bits_u64 shifts_u64 compound_u64 compare_u64;
    usize: ops_usize bits_usize shifts_usize compound_usize compare_usize;
    isize: ops_isize bits_isize shifts_isize compound_isize compare_isize;
}

macro_rules! of_floats {
    ($($ty:ident: $ops:ident $compound:ident $compare:ident;)*) => {$(
        #[kernel]
        fn $ops(a: $ty, b: $ty) -> ($ty, $ty, $ty) {
            (a + b * 2.0 - 1.5, (a - b) / (a * b), -a % (b + 0.5))
        }

        #[kernel]
        fn $compound(a: $ty, b: $ty) -> $ty {
            let mut x = a;
            x += b;
            x *= 2.0;
            x -= 1e-3;
            x /= b;
            x %= 10.0;
            x
        }

        #[kernel]
        fn $compare(a: $ty, b: $ty) -> (bool, bool, bool, bool) {
            (a < b, a <= b || a != b, a > b, a >= b && a == b)
        }
    )*};
}

of_floats! {
    f32: ops_f32 compound_f32 compare_f32;
    f64: ops_f64 compound_f64 compare_f64;
}

#[kernel]
fn negate(a: i32, b: i64, c: f32) -> (i32, i64, f32) {
    (-a, -(b - 1), -c)
}

#[kernel]
fn casts_of_ints(a: i64, b: u8, c: i16) -> (i8, u32, f32, f64) {
    (
        a as i8,
        (a as u32) ^ b as u32,
        a as f32,
        c as f64 + b as f64,
    )
}

#[kernel]
fn casts_of_floats(a: f64, b: f32) -> (i32, u8, i64, f32) {
    (a as i32, b as u8, (a * 1e6) as i64, a as f32 + b)
}

#[kernel]
fn casts_of_words(a: f64, b: i32, c: u64) -> (usize, isize, u64, i64) {
    (a as usize, b as isize, b as usize as u64, c as usize as i64)
}

#[kernel]
fn casts_of_bools(a: f64, b: i32) -> (i32, u8, i64, usize) {
    let c = a > 0.5;
    (c as i32, (b == 1) as u8, c as i64 + 1, true as usize)
}

#[kernel]
fn literals(a: u64) -> (u64, i64, u8, f32) {
    let big = 0xffff_ffff_0000_0001u64 as i64;
    (
        a ^ 3_000_000_000,
        big,
        b'a' as u8 ^ 0x0f,
        1e3 as f32 - 2.5f32,
    )
}

#[kernel]
fn least_literals(a: i8, b: i64) -> (bool, bool, i8) {
    (a == -128, b == -9_223_372_036_854_775_808, -128i8)
}

#[kernel]
fn constants(a: f64, b: i32) -> (f64, i32, f64) {
    const HALF: f64 = 0.5;
    (a * SCALE + HALF, b % LIMIT, std::f64::consts::PI * a)
}

#[kernel]
fn limits(a: i32, b: u8) -> (bool, bool, f64, f32) {
    (a == i32::MAX, b == u8::MIN, f64::EPSILON, f32::MAX)
}

#[kernel]
fn shadowing(x: f64) -> f64 {
    let x = x + 1.0;
    let x = x * x;
    let y = {
        let x = x - 2.0;
        x * 0.5
    };
    x + y
}

#[kernel]
fn shadowing_types(x: i32) -> f64 {
    let x = x as f64;
    let x = x > 2.0;
    let x = if x { 1.0 } else { -1.0 };
    x * 3.0
}

#[kernel]
fn tuples(a: f64, b: f64) -> (f64, f64) {
    let pair = (a, b);
    let (x, y) = (pair.1, pair.0);
    let nested = ((x, 1.0), y);
    let ((p, q), _) = nested;
    (p + q, nested.1)
}

#[kernel]
fn assigns_parts(a: i32, b: i32) -> (i32, i32) {
    let mut pair = (a, b);
    pair.0 = pair.1 ^ 1;
    pair.1 |= 8;
    pair
}

#[kernel]
fn swaps(a: f32, b: f32, c: f32) -> (f32, f32, f32) {
    let (mut x, mut y, mut z) = (a, b, c);
    (x, y, z) = (y, z, x);
    (x, z) = (z, x);
    _ = x;
    (x, y, z)
}

#[kernel]
fn assigned_later(a: i32) -> i32 {
    let x;
    let y: i64;
    if a > 3 {
        x = 1;
        y = 2;
    } else {
        x = 10;
        y = 20;
    }
    x + y as i32
}

#[kernel]
fn inferred_back(a: u16) -> u16 {
    let mut sum = 0;
    let one = 1;
    sum += a / 2;
    sum + one
}

#[kernel(overflow = "wrap")]
fn always_wraps(a: i32, b: i32) -> i32 {
    a * b + a - b - (-a) + (a << (b & 63))
}

#[kernel]
fn mutable_parameters(mut a: i32, mut b: f64) -> (i32, f64) {
    a &= 7;
    while a > 0 {
        b *= 0.5;
        a -= 1;
    }
    (a, b)
}

#[kernel]
fn distance(x: f64, y: f64) -> f64 {
    (x * x + y * y).sqrt()
}

#[kernel]
fn half_and_rest(n: i32) -> (i32, i32) {
    (n / 2, n % 2)
}

#[kernel]
fn calls(x: f64, n: i32) -> f64 {
    let (half, rest) = half_and_rest(n);
    distance(x, 3.0) + distance(half as f64, x) * rest as f64
}

#[kernel]
fn nothing(_a: f64) {}

#[kernel]
fn no_parameters() -> f64 {
    0.1 + 0.2
}

corpus! {
    ops_i8(a: i8, b: i8); bits_i8(a: i8, b: i8); shifts_i8(a: i8, by: u32, c: i8);
    compound_i8(a: i8, b: i8); compare_i8(a: i8, b: i8);
    ops_i16(a: i16, b: i16); bits_i16(a: i16, b: i16); shifts_i16(a: i16, by: u32, c: i16);
    compound_i16(a: i16, b: i16); compare_i16(a: i16, b: i16);
    ops_i32(a: i32, b: i32); bits_i32(a: i32, b: i32); shifts_i32(a: i32, by: u32, c: i32);
    compound_i32(a: i32, b: i32); compare_i32(a: i32, b: i32);
    ops_i64(a: i64, b: i64); bits_i64(a: i64, b: i64); shifts_i64(a: i64, by: u32, c: i64);
    compound_i64(a: i64, b: i64); compare_i64(a: i64, b: i64);
    ops_u8(a: u8, b: u8); bits_u8(a: u8, b: u8); shifts_u8(a: u8, by: u32, c: u8);
    compound_u8(a: u8, b: u8); compare_u8(a: u8, b: u8);
    ops_u16(a: u16, b: u16); bits_u16(a: u16, b: u16); shifts_u16(a: u16, by: u32, c: u16);
    compound_u16(a: u16, b: u16); compare_u16(a: u16, b: u16);
    ops_u32(a: u32, b: u32); bits_u32(a: u32, b: u32); shifts_u32(a: u32, by: u32, c: u32);
    compound_u32(a: u32, b: u32); compare_u32(a: u32, b: u32);
    ops_u64(a: u64, b: u64); bits_u64(a: u64, b: u64); shifts_u64(a: u64, by: u32, c: u64);
    compound_u64(a: u64, b: u64); compare_u64(a: u64, b: u64);
    ops_usize(a: usize, b: usize); bits_usize(a: usize, b: usize);
    shifts_usize(a: usize, by: u32, c: usize);
    compound_usize(a: usize, b: usize); compare_usize(a: usize, b: usize);
    ops_isize(a: isize, b: isize); bits_isize(a: isize, b: isize);
    shifts_isize(a: isize, by: u32, c: isize);
    compound_isize(a: isize, b: isize); compare_isize(a: isize, b: isize);
    ops_f32(a: f32, b: f32); compound_f32(a: f32, b: f32); compare_f32(a: f32, b: f32);
    ops_f64(a: f64, b: f64); compound_f64(a: f64, b: f64); compare_f64(a: f64, b: f64);
    negate(a: i32, b: i64, c: f32);
    casts_of_ints(a: i64, b: u8, c: i16);
    casts_of_floats(a: f64, b: f32);
    casts_of_words(a: f64, b: i32, c: u64);
    casts_of_bools(a: f64, b: i32);
    literals(a: u64);
    least_literals(a: i8, b: i64);
    constants(a: f64, b: i32);
    limits(a: i32, b: u8);
    shadowing(x: f64);
    shadowing_types(x: i32);
    tuples(a: f64, b: f64);
    assigns_parts(a: i32, b: i32);
    swaps(a: f32, b: f32, c: f32);
    assigned_later(a: i32);
    inferred_back(a: u16);
    mutable_parameters(a: i32, b: f64);
    distance(x: f64, y: f64);
    half_and_rest(n: i32);
    calls(x: f64, n: i32);
    nothing(a: f64);
}

#[test]
fn options_overrule_the_build() {
    for (a, b) in [(i32::MAX, 2), (i32::MIN, -1), (5, 33), (7, i32::MAX)] {
        let wrapped = a.wrapping_mul(b).wrapping_add(a).wrapping_sub(b);
        let wrapped = wrapped.wrapping_sub(a.wrapping_neg());
        let expected = wrapped.wrapping_add(a.wrapping_shl(b as u32 & 63));
        assert_eq!(always_wraps(a, b), expected);
        assert_eq!(always_wraps::interpret(a, b), expected);
    }
    assert_eq!(no_parameters(), 0.1 + 0.2);
    assert_eq!(no_parameters::interpret(), 0.1 + 0.2);
}
