//! Slices, local arrays, assertions and what panics.

use crate::harness::corpus;
use kiln::kernel;

#[kernel]
fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        y[i] += a * x[i];
    }
}

#[kernel]
fn sum(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        sum += x[i];
    }
    sum
}

#[kernel]
fn reversed(x: &[i32], y: &mut [i32]) {
    let n = x.len();
    for i in 0..n {
        y[n - 1 - i] = x[i];
    }
}

#[kernel]
fn stencil(x: &[f32], y: &mut [f32]) {
    for i in 1..x.len() - 1 {
        y[i] = 0.25 * x[i - 1] + 0.5 * x[i] + 0.25 * x[i + 1];
    }
}

#[kernel]
fn gather(x: &[u8], at: &[u32], y: &mut [u8]) {
    for i in 0..y.len() {
        y[i] = x[at[i] as usize];
    }
}

#[kernel]
fn bubble(x: &mut [i16]) {
    let n = x.len();
    let mut i = 0;
    while i < n {
        let mut j = 0;
        while j + 1 < n - i {
            if x[j] > x[j + 1] {
                let t = x[j];
                x[j] = x[j + 1];
                x[j + 1] = t;
            }
            j += 1;
        }
        i += 1;
    }
}

#[kernel]
fn running(x: &mut [i64]) {
    for i in 1..x.len() {
        x[i] += x[i - 1];
    }
}

#[kernel]
fn every_compound(x: &mut [i32], b: i32) {
    x[0] += b;
    x[1] -= 1;
    x[2] *= 3;
    x[0] /= b;
    x[1] %= 5;
    x[2] <<= 2;
    x[0] >>= 1;
    x[1] |= 16;
    x[2] &= 255;
    x[0] ^= x[1];
}

#[kernel]
fn lengths(x: &[bool], y: &[f64]) -> (usize, bool, usize) {
    (x.len(), y.is_empty(), x.len() * 2 + y.len())
}

#[kernel]
fn counts_true(x: &[bool]) -> u32 {
    let mut n = 0;
    for i in 0..x.len() {
        n += x[i] as u32;
    }
    n
}

#[kernel]
fn the_value_before_the_place(x: &mut [i32], i: usize, b: i32) {
    x[i] = 10 / b;
    x[i + 1] += 10 % b;
}

#[kernel]
fn an_index_wraps_or_panics(x: &[f64], i: usize) -> f64 {
    x[i - 3]
}

#[kernel]
fn asserts(x: &[f64], y: &[f64]) -> f64 {
    assert!(x.len() <= y.len(), "x is longer than y");
    assert!(y.len() < 9);
    let mut dot = 0.0;
    for i in 0..x.len() {
        dot += x[i] * y[i];
    }
    dot
}

#[kernel]
fn asserts_sides(a: i32, b: f64, c: u8) -> i32 {
    assert_eq!(a & 3, 1);
    assert_ne!(c, 3, "c is three");
    assert_eq!(b < 0.0, false, "b is negative");
    assert_eq!(b, b + 0.0);
    a
}

#[kernel]
fn asserts_in_debug(a: i32) -> i32 {
    debug_assert!(a > 2, "a is small");
    debug_assert_eq!(a % 2, 0);
    debug_assert_ne!(a, 8);
    a
}

#[kernel]
fn panics(a: i32) -> i32 {
    if a == 3 {
        panic!("three is {{odd}}");
    }
    if a > 5 {
        panic!();
    } else if a < 0 {
        unreachable!()
    }
    a
}

#[kernel]
fn panics_after_stores(x: &mut [i32]) {
    for i in 0..x.len() {
        if x[i] > 10 {
            panic!("too large");
        }
        x[i] = -1;
    }
}

#[kernel]
fn divides(x: &[i32], y: &mut [i32]) {
    for i in 0..x.len() {
        y[i] = y[i] / x[i] + x[i] % y[i];
    }
}

#[kernel]
fn local_array(x: &[u8]) -> (u32, usize) {
    let mut counts = [0u32; 16];
    for i in 0..x.len() {
        counts[(x[i] % 16) as usize] += 1;
    }
    let mut best = 0;
    for i in 1..counts.len() {
        if counts[i] > counts[best] {
            best = i;
        }
    }
    (counts[best], best)
}

#[kernel]
fn array_in_a_loop(n: usize) -> i64 {
    let mut total = 0;
    for i in 0..n % 10 {
        let mut a = [0; 4];
        a[i % 4] += i as i64;
        a[3] += 2;
        total = total * 3 + a[0] + a[1] * 5 + a[2] * 7 + a[3] * 11;
    }
    total
}

#[kernel]
fn listed_array(a: f64, b: f64, i: usize) -> f64 {
    let x = [a, b, a * b, 1.5];
    let mut y = x;
    y[1] = 7.0;
    x[i % 5] + y[1] + x[1]
}

#[kernel]
fn matrix(a: f64, i: usize, j: usize) -> f64 {
    let mut m = [[0.0; 3]; 2];
    for r in 0..2 {
        for c in 0..3 {
            m[r][c] = a + (r * 3 + c) as f64;
        }
    }
    let row = m[1];
    m[1] = m[0];
    m[i % 3][j % 3] + row[0] + m[1][2]
}

#[kernel]
fn array_assigned(a: i32) -> i32 {
    let mut x = [1, 2, 3];
    if a > 2 {
        x = [4, 5, 6];
    }
    let y = if a > 5 { x } else { [7; 3] };
    x[0] + y[1] * 10
}

#[kernel]
fn large_array(n: usize) -> u64 {
    let mut a = [1u64; 40];
    for i in 2..40 {
        a[i] = a[i - 1] + a[i - 2];
    }
    let b = a;
    a[n % 40] = 0;
    b[n % 40] + a[3]
}

#[kernel]
fn sieve(n: usize) -> u32 {
    let mut composite = [false; 64];
    let mut primes = 0;
    for i in 2..n % 64 {
        if composite[i] {
            continue;
        }
        primes += 1;
        for j in (i * i..64).step_by(i) {
            composite[j] = true;
        }
    }
    primes
}

#[kernel]
fn scale(a: f64, y: &mut [f64]) -> f64 {
    let mut most = 0.0;
    for i in 0..y.len() {
        y[i] *= a;
        if y[i] > most {
            most = y[i];
        }
    }
    most
}

#[kernel]
fn calls_with_slices(x: &[f64], y: &mut [f64]) -> f64 {
    axpy(2.0, x, y);
    let most = scale(0.5, y);
    most + sum(x)
}

#[kernel]
fn calls_in_a_loop(y: &mut [f64], n: u8) {
    for _ in 0..n % 4 {
        if scale(0.5, y) < 0.25 {
            break;
        }
    }
}

#[kernel]
fn early_return_of_a_call(x: &[i32]) -> i32 {
    first_above(x, 3) * 100 + first_above(x, 5)
}

#[kernel]
fn first_above(x: &[i32], limit: i32) -> i32 {
    for i in 0..x.len() {
        if x[i] > limit {
            return x[i] % 50;
        }
    }
    -1
}

corpus! {
    axpy(a: f64, x: In<f64>, y: Mut<f64>);
    sum(x: In<f64>);
    reversed(x: In<i32>, y: Mut<i32>);
    gather(x: In<u8>, at: In<u32>, y: Mut<u8>);
    bubble(x: Mut<i16>);
    running(x: Mut<i64>);
    every_compound(x: Mut<i32>, b: i32);
    lengths(x: In<bool>, y: In<f64>);
    counts_true(x: In<bool>);
    the_value_before_the_place(x: Mut<i32>, i: usize, b: i32);
    an_index_wraps_or_panics(x: In<f64>, i: usize);
    asserts(x: In<f64>, y: In<f64>);
    asserts_sides(a: i32, b: f64, c: u8);
    asserts_in_debug(a: i32);
    panics(a: i32);
    panics_after_stores(x: Mut<i32>);
    divides(x: In<i32>, y: Mut<i32>);
    local_array(x: In<u8>);
    array_in_a_loop(n: usize);
    listed_array(a: f64, b: f64, i: usize);
    matrix(a: f64, i: usize, j: usize);
    array_assigned(a: i32);
    large_array(n: usize);
    sieve(n: usize);
    scale(a: f64, y: Mut<f64>);
    stencil(x: In<f32>, y: Mut<f32>);
    calls_with_slices(x: In<f64>, y: Mut<f64>);
    calls_in_a_loop(y: Mut<f64>, n: u8);
    early_return_of_a_call(x: In<i32>);
    first_above(x: In<i32>, limit: i32);
}
