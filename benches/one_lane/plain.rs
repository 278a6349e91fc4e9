//! The comparison kernels with loops in plain Rust, for `guards --plain`:
//! prints the nanoseconds of a call of the kernel that is named.
//!
//! A program of its own, because it is compiled without vectors:
//! benches/one_lane/run builds it. Inputs are those of the bin `guards` of
//! kiln-testkit.

use std::hint::black_box;
use std::time::Instant;

const ROUND_NS: f64 = 1e7;

fn main() {
    let kernel = std::env::args().nth(1).unwrap_or_default();
    println!("{}", run(&kernel));
}

fn time(mut f: impl FnMut()) -> f64 {
    f();
    let (start, mut calls) = (Instant::now(), 0.0);
    loop {
        f();
        calls += 1.0;
        let spent = start.elapsed().as_nanos() as f64;
        if spent >= ROUND_NS {
            return spent / calls;
        }
    }
}

/// Numbers in [0, 1): splitmix64 of the index and the place.
fn reals(index: u64, len: usize) -> Vec<f64> {
    let real = |i: u64| {
        let mut z = i + 1 + (index << 32);
        z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..len as u64).map(real).collect()
}

fn line(lo: f64, hi: f64, i: usize, n: usize) -> f64 {
    lo + (hi - lo) * i as f64 / (n - 1) as f64
}

fn run(kernel: &str) -> f64 {
    let n = 65_536;
    match kernel {
        "axpy" => {
            let (x, mut y) = (reals(1, n), reals(2, n));
            time(|| axpy(black_box(1e-9), black_box(&x), black_box(&mut y)))
        }
        "ema" => {
            let (x, mut y) = (reals(1, n), vec![0.0; n]);
            time(|| ema(black_box(0.1), black_box(&x), black_box(&mut y)))
        }
        "sum" => {
            let x = reals(0, n);
            time(|| _ = black_box(sum(black_box(&x))))
        }
        "dot" => {
            let (x, y) = (reals(0, n), reals(1, n));
            time(|| _ = black_box(dot(black_box(&x), black_box(&y))))
        }
        "max" => {
            let x = reals(0, n);
            time(|| _ = black_box(max(black_box(&x))))
        }
        "hist256" => {
            let (z, mut counts) = (reals(0, n), vec![0; 256]);
            time(|| hist(black_box(&z), black_box(&mut counts)))
        }
        "mandel200" => {
            let re: Vec<f64> = (0..n).map(|i| line(-2.0, 0.5, i % 256, 256)).collect();
            let im: Vec<f64> = (0..n).map(|i| line(-1.25, 1.25, i / 256, 256)).collect();
            let mut steps = vec![0; n];
            time(|| {
                mandel(
                    black_box(200),
                    black_box(&re),
                    black_box(&im),
                    black_box(&mut steps),
                );
            })
        }
        "jacobi512" => {
            let (u, mut v) = (reals(0, 512 * 512), vec![0.0; 512 * 512]);
            time(|| jacobi(black_box(512), black_box(&u), black_box(&mut v)))
        }
        "border512" => {
            let (u, mut v) = (reals(0, 512 * 512), vec![0.0; 512 * 512]);
            time(|| border(black_box(512), black_box(&u), black_box(&mut v)))
        }
        "spmv" => {
            let start: Vec<usize> = (0..4097).map(|i| 16 * i).collect();
            let columns: Vec<usize> = (0..n).map(|i| i * 7919 % 4096).collect();
            let (values, x, mut y) = (reals(2, n), reals(3, 4096), vec![0.0; 4096]);
            time(|| {
                spmv(
                    black_box(&start),
                    black_box(&columns),
                    black_box(&values),
                    black_box(&x),
                    black_box(&mut y),
                );
            })
        }
        "matmul256" => {
            let (a, b) = (reals(0, 256 * 256), reals(1, 256 * 256));
            let mut c = vec![0.0; 256 * 256];
            time(|| matmul(black_box(256), black_box(&a), black_box(&b), black_box(&mut c)))
        }
        "pairdist3" => {
            let (points, mut d) = (reals(0, 3000), vec![0.0; 1_000_000]);
            time(|| pairdist(black_box(3), black_box(&points), black_box(&mut d)))
        }
        "collatz" => {
            let starts: Vec<i64> = (1..=n as i64).collect();
            let mut steps = vec![0; n];
            time(|| collatz(black_box(&starts), black_box(&mut steps)))
        }
        other => panic!("there is no kernel {other}"),
    }
}

#[inline(never)]
fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

#[inline(never)]
fn ema(a: f64, x: &[f64], y: &mut [f64]) {
    let (b, mut s) = (1.0 - a, 0.0);
    for (y, x) in y.iter_mut().zip(x) {
        s = a * x + b * s;
        *y = s;
    }
}

#[inline(never)]
fn sum(x: &[f64]) -> f64 {
    x.iter().sum()
}

#[inline(never)]
fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

#[inline(never)]
fn max(x: &[f64]) -> f64 {
    x.iter().fold(f64::NEG_INFINITY, |m, &x| if x > m { x } else { m })
}

#[inline(never)]
fn hist(z: &[f64], counts: &mut [i64]) {
    let bins = counts.len() as i64;
    for z in z {
        let bin = (z * bins as f64) as i64;
        if 0 <= bin && bin < bins {
            counts[bin as usize] += 1;
        }
    }
}

#[inline(never)]
fn mandel(most: i64, re: &[f64], im: &[f64], steps: &mut [i64]) {
    for ((steps, &a), &b) in steps.iter_mut().zip(re).zip(im) {
        let (mut x, mut y, mut k) = (0.0, 0.0, 0);
        while k < most && x * x + y * y <= 4.0 {
            (x, y) = (x * x - y * y + a, 2.0 * x * y + b);
            k += 1;
        }
        *steps = k;
    }
}

#[inline(never)]
fn jacobi(n: usize, u: &[f64], v: &mut [f64]) {
    let rows = u.chunks_exact(n).zip(u.chunks_exact(n).skip(1));
    let rows = rows.zip(u.chunks_exact(n).skip(2));
    for (((up, here), down), v) in rows.zip(v.chunks_exact_mut(n).skip(1)) {
        for j in 1..n - 1 {
            v[j] = 0.25 * (up[j] + down[j] + here[j - 1] + here[j + 1]);
        }
    }
}

#[inline(never)]
fn border(n: usize, u: &[f64], v: &mut [f64]) {
    for i in 0..n {
        for j in 0..n {
            v[i * n + j] = if i > 0 && i < n - 1 && j > 0 && j < n - 1 {
                let (up, down) = (u[(i - 1) * n + j], u[(i + 1) * n + j]);
                0.25 * (up + down + u[i * n + j - 1] + u[i * n + j + 1])
            } else {
                u[i * n + j]
            };
        }
    }
}

#[inline(never)]
fn spmv(start: &[usize], columns: &[usize], values: &[f64], x: &[f64], y: &mut [f64]) {
    for (i, y) in y.iter_mut().enumerate() {
        *y = 0.0;
        for k in start[i]..start[i + 1] {
            *y += values[k] * x[columns[k]];
        }
    }
}

#[inline(never)]
fn matmul(n: usize, a: &[f64], b: &[f64], c: &mut [f64]) {
    for (a, c) in a.chunks_exact(n).zip(c.chunks_exact_mut(n)) {
        c.fill(0.0);
        for (a, b) in a.iter().zip(b.chunks_exact(n)) {
            for (c, b) in c.iter_mut().zip(b) {
                *c += a * b;
            }
        }
    }
}

#[inline(never)]
fn pairdist(dims: usize, points: &[f64], d: &mut [f64]) {
    let n = points.len() / dims;
    for (p, d) in points.chunks_exact(dims).zip(d.chunks_exact_mut(n)) {
        for (q, d) in points.chunks_exact(dims).zip(d) {
            let squares = p.iter().zip(q).fold(0.0, |s, (a, b)| s + (a - b) * (a - b));
            *d = squares.sqrt();
        }
    }
}

#[inline(never)]
fn collatz(starts: &[i64], steps: &mut [i64]) {
    for (steps, &start) in steps.iter_mut().zip(starts) {
        let (mut k, mut count) = (start, 0);
        while k != 1 {
            k = if k & 1 == 1 { 3 * k + 1 } else { k >> 1 };
            count += 1;
        }
        *steps = count;
    }
}
