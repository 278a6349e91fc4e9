//! What a `for` goes over, what is made of all of it, parts of slices,
//! constants that are arrays.

use crate::harness::corpus;
use kiln::kernel;

const WEIGHTS: [f64; 3] = [0.25, 0.5, 0.25];
const TABLE: [[i32; 2]; 3] = [[1, 2], [3, 4], [5, 6]];

#[kernel]
fn each(x: &[f64]) -> f64 {
    let mut most = 0.0;
    for v in x.iter() {
        if *v > most {
            most = *v;
        }
    }
    most
}

#[kernel]
fn each_by_value(x: &[i32]) -> i32 {
    let mut odd = 0;
    for &v in x.iter() {
        odd += v & 1;
    }
    for v in x.iter().copied().rev() {
        odd = odd * 3 % 1009 + v % 7;
    }
    odd
}

#[kernel]
fn each_of_a_reference(x: &[u8]) -> u32 {
    let mut sum = 0;
    for v in &x[..] {
        sum += *v as u32;
    }
    sum
}

#[kernel]
fn each_of_a_name(x: &[f64]) -> f64 {
    let mut least = 9.0;
    for v in x {
        if *v < least {
            least = *v;
        }
    }
    for part in x.chunks_exact(3) {
        for v in part {
            least += v * 0.5;
        }
    }
    least
}

#[kernel]
fn each_of_a_name_to_write(y: &mut [i32], a: i32) {
    for v in y {
        *v = a - *v % 100;
    }
}

#[kernel]
fn each_to_write(y: &mut [f64], a: f64) {
    for v in y.iter_mut() {
        *v *= a;
        *v = *v + 1.0;
    }
}

#[kernel]
fn numbered(x: &[i64]) -> i64 {
    let mut sum = 0;
    for (i, &v) in x.iter().enumerate() {
        sum += (v % 100) * i as i64;
    }
    sum
}

#[kernel]
fn numbered_to_write(y: &mut [u32]) {
    for (i, v) in y.iter_mut().enumerate() {
        if i % 2 == 0 {
            continue;
        }
        *v = i as u32 * 10;
    }
}

#[kernel]
fn zipped(x: &[f32], y: &[f32]) -> f32 {
    let mut dot = 0.0;
    for (a, b) in x.iter().zip(y) {
        dot += a * b;
    }
    for (a, (i, b)) in x.iter().rev().zip(y.iter().enumerate()) {
        dot -= a * b * i as f32;
    }
    dot
}

#[kernel]
fn zipped_to_write(x: &[i32], y: &mut [i32]) {
    for (to, from) in y.iter_mut().zip(x.iter()) {
        *to ^= *from;
    }
}

#[kernel]
fn zipped_with_a_range(x: &[i32]) -> i32 {
    let mut sum = 0;
    for (v, k) in x.iter().zip(3..9) {
        sum += v % 50 * k;
    }
    sum
}

#[kernel]
fn windows(x: &[f64], n: usize) -> f64 {
    let mut most = -1.0;
    for w in x.windows(n % 5) {
        let mut sum = 0.0;
        for i in 0..w.len() {
            sum += w[i];
        }
        most = sum.max(most);
    }
    most
}

#[kernel]
fn chunks(x: &[i32], n: usize) -> i32 {
    let mut mixed = 0;
    for (k, c) in x.chunks_exact(n % 4).enumerate() {
        mixed ^= c[0] ^ c[c.len() - 1] ^ k as i32;
    }
    mixed
}

#[kernel]
fn mapped(x: &[i32]) -> i32 {
    let mut mixed = 0;
    for v in x.iter().map(|v| v & 15).map(|v| v * v) {
        mixed = mixed * 5 % 1013 + v;
    }
    mixed
}

#[kernel]
fn stepped(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for v in x.iter().step_by(3) {
        sum += v;
    }
    for (i, v) in x.iter().enumerate().step_by(2).rev() {
        sum -= v * i as f64;
    }
    sum
}

#[kernel]
fn breaks(x: &[i32]) -> usize {
    let mut seen = 0;
    for (i, v) in x.iter().enumerate() {
        if *v > 10 {
            break;
        }
        seen = i + 1;
    }
    seen
}

#[kernel]
fn sums(x: &[f64], y: &[i32]) -> (f64, i32, f64, u64) {
    let squares: f64 = x.iter().map(|v| v * v).sum();
    let n = y.iter().map(|&v| (v % 9) as u64 & 7).sum();
    (
        x.iter().sum(),
        y.iter().map(|v| v % 1000).sum::<i32>(),
        squares,
        n,
    )
}

#[kernel]
fn sums_that_overflow(x: &[i8]) -> i8 {
    x.iter().sum()
}

#[kernel]
fn products(x: &[f64], y: &[u8]) -> (f64, u8) {
    (x.iter().product(), y.iter().map(|v| v % 3 + 1).product())
}

#[kernel]
fn folds(x: &[f64], y: &[i32]) -> (f64, (i32, i32)) {
    let norm = x.iter().fold(0.0, |sum, v| sum + v * v).sqrt();
    let ends = y.iter().fold((0, 0), |(lo, hi), &v| (lo.min(v), hi.max(v)));
    (norm, ends)
}

#[kernel]
fn folds_with_branches(x: &[i32]) -> i32 {
    x.iter().fold(1, |mixed, &v| {
        let w = v % 100;
        if w > 3 { mixed * 2 % 1009 } else { mixed + w }
    })
}

#[kernel]
fn questions(x: &[i32], n: i32) -> (bool, bool, usize) {
    (
        x.iter().all(|&v| 10 / v < n),
        x.iter().any(|v| *v == n),
        x.iter().rev().step_by(2).count(),
    )
}

#[kernel]
fn sums_of_ranges(n: i32) -> (i32, bool) {
    ((0..n % 50).map(|i| i * i).sum(), (1..=n % 7).all(|i| i < 5))
}

#[kernel]
fn dots_of_rows(x: &[f64], y: &[f64], width: usize) -> f64 {
    let width = width % 6 + 1;
    let mut sum = 0.0;
    for row in x.chunks_exact(width) {
        sum += row.iter().zip(y).map(|(a, b)| a * b).sum::<f64>();
    }
    sum
}

#[kernel]
fn parts(x: &[i32], lo: usize, hi: usize) -> i32 {
    let part = &x[lo..hi];
    let mut mixed = part.len() as i32;
    for v in part.iter() {
        mixed ^= *v;
    }
    mixed
}

#[kernel]
fn open_parts(x: &[i32], at: usize) -> (i32, usize, i32) {
    let (before, after) = (&x[..at], &x[at..]);
    (after[0], before.len(), after[1..][0] ^ x[..=at][at])
}

#[kernel]
fn parts_to_write(y: &mut [f64], at: usize) {
    let part = &mut y[at..];
    part[0] = 1.5;
    for v in part.iter_mut() {
        *v += 1.0;
    }
}

#[kernel]
fn halves(x: &[i32], at: usize) -> i32 {
    let (a, b) = x.split_at(at);
    a.len() as i32 * 100 + b[0] % 100
}

#[kernel]
fn halves_to_write(y: &mut [i32], at: usize) {
    let (a, b) = y.split_at_mut(at);
    for i in 0..a.len() {
        a[i] = b[i] % 1000 + 1;
        b[i] = 0;
    }
}

#[kernel]
fn scaled(a: f64, y: &mut [f64]) -> f64 {
    for v in y.iter_mut() {
        *v *= a;
    }
    y.iter().sum()
}

#[kernel]
fn calls_with_parts(y: &mut [f64], at: usize) -> f64 {
    let mut local = [1.0, 2.0, 3.0];
    scaled(2.0, &mut y[at..]) + scaled(0.5, &mut local) + local[0]
}

#[kernel]
fn swaps_and_fills(y: &mut [i32], i: usize, j: usize) {
    y.swap(i, j);
    y[..i].fill(7);
}

#[kernel]
fn copies(x: &[i32], y: &mut [i32], at: usize) -> i32 {
    let mut last = [0; 2];
    y[..at].copy_from_slice(&x[..at]);
    if at > 1 {
        // Too few elements where `at` is 6 or more.
        last.copy_from_slice(&y[at / 3..at.min(3)]);
    }
    last[0] / 2 + last[1] / 2
}

#[kernel]
fn local_arrays(n: usize) -> f64 {
    let mut a = [0.5; 12];
    for (i, v) in a.iter_mut().enumerate() {
        *v += i as f64;
    }
    a.swap(1, n % 13);
    let mut b = [[1.0; 3]; 2];
    b[1].fill(2.0);
    a.iter().sum::<f64>() * b[n % 2].iter().product::<f64>()
}

#[kernel]
fn constant_arrays(x: &[f64], i: usize, j: usize) -> (f64, i32) {
    let mut sum = 0.0;
    for (w, v) in WEIGHTS.iter().zip(x) {
        sum += w * v;
    }
    (sum * WEIGHTS[i % 4], TABLE[i % 3][j % 2])
}

#[kernel]
fn words(x: &[usize], y: &mut [isize]) -> usize {
    let mut most = 0;
    for i in 0..x.len() {
        most = most.max(x[i]);
        y[i] -= x[i] as isize;
    }
    most
}

#[kernel]
fn indirect(x: &[f64], at: &[usize]) -> f64 {
    at.iter().map(|&i| x[i]).sum()
}

#[kernel]
fn of_fixed_length(x: &[f64; 3], y: &mut [f64; 3]) -> f64 {
    for i in 0..3 {
        y[i] += x[i];
    }
    y[0] * x[1] - y[1] * x[0]
}

corpus! {
    each(x: In<f64>);
    each_by_value(x: In<i32>);
    each_of_a_reference(x: In<u8>);
    each_of_a_name(x: In<f64>);
    each_of_a_name_to_write(y: Mut<i32>, a: i32);
    each_to_write(y: Mut<f64>, a: f64);
    numbered(x: In<i64>);
    numbered_to_write(y: Mut<u32>);
    zipped(x: In<f32>, y: In<f32>);
    zipped_to_write(x: In<i32>, y: Mut<i32>);
    zipped_with_a_range(x: In<i32>);
    windows(x: In<f64>, n: usize);
    chunks(x: In<i32>, n: usize);
    mapped(x: In<i32>);
    stepped(x: In<f64>);
    breaks(x: In<i32>);
    sums(x: In<f64>, y: In<i32>);
    sums_that_overflow(x: In<i8>);
    products(x: In<f64>, y: In<u8>);
    folds(x: In<f64>, y: In<i32>);
    folds_with_branches(x: In<i32>);
    questions(x: In<i32>, n: i32);
    sums_of_ranges(n: i32);
    dots_of_rows(x: In<f64>, y: In<f64>, width: usize);
    parts(x: In<i32>, lo: Few<usize>, hi: Few<usize>);
    open_parts(x: In<i32>, at: usize);
    parts_to_write(y: Mut<f64>, at: usize);
    halves(x: In<i32>, at: usize);
    halves_to_write(y: Mut<i32>, at: usize);
    scaled(a: f64, y: Mut<f64>);
    calls_with_parts(y: Mut<f64>, at: usize);
    swaps_and_fills(y: Mut<i32>, i: usize, j: usize);
    copies(x: In<i32>, y: Mut<i32>, at: Few<usize>);
    local_arrays(n: usize);
    constant_arrays(x: In<f64>, i: usize, j: usize);
    words(x: In<usize>, y: Mut<isize>);
    indirect(x: In<f64>, at: In<usize>);
}

#[test]
fn references_to_arrays_are_slices() {
    let x = [1.0, 2.0, 3.0];
    let (mut y, mut z) = ([0.5; 3], [0.5; 3]);
    let expected = of_fixed_length::rust(&x, &mut y);
    assert_eq!((of_fixed_length(&x, &mut z), z), (expected, y));
}
