//! Kernels that are generic, called by kernels of one type each; planes in
//! slices, whose indices are products.

use crate::harness::corpus;
use kiln::{Int, Number, Real, Signed, kernel};

#[kernel]
fn horner<T: Number, const N: usize>(x: T, coefficients: &[T; N]) -> T {
    let mut value = T::ZERO;
    for k in 0..N {
        value = value * x + coefficients[N - 1 - k];
    }
    value
}

#[kernel]
fn spread<T: Real>(x: &[T]) -> (T, T) {
    let (mut least, mut most) = (T::of(9.0), T::of(-9.0));
    for v in x {
        if v.is_nan() {
            continue;
        }
        least = least.min(*v);
        most = most.max(*v);
    }
    let middle = (least + most) * T::of(0.5);
    (middle.abs().sqrt(), (most - least).floor())
}

#[kernel]
fn folded<T: Int>(x: &[T]) -> u32 {
    let mut all = T::ONE;
    for (i, v) in x.iter().enumerate() {
        all = (all << 1) ^ *v ^ T::from_usize(i);
    }
    (all >> 1).count_ones() + all.leading_zeros()
}

#[kernel]
fn turned<T: Signed>(x: &mut [T]) {
    for i in 0..x.len() / 2 {
        let j = x.len() - 1 - i;
        (x[i], x[j]) = (-x[j], x[i].signum());
    }
}

#[kernel]
fn horners(x: f64, n: i32) -> (f64, i32, f32) {
    let real = horner::<f64, 3>(x, &[1.0, -0.5, 0.25]);
    let whole = horner::<i32, 4>(n % 50, &[3, 2, 1, 1]);
    (real, whole, horner::<f32, 2>(x as f32, &[0.5, 2.0]))
}

#[kernel]
fn spreads(x: &[f64], y: &[f32]) -> (f64, f64, f32, f32) {
    let ((a, b), (c, d)) = (spread(x), spread(y));
    (a, b, c, d)
}

#[kernel(overflow = "wrap")]
fn folds_of_integers(x: &[i8], y: &[u64]) -> u32 {
    folded(x) * 100 + folded(y)
}

#[kernel(overflow = "wrap")]
fn turns(x: &mut [f32], y: &mut [i16]) {
    turned(x);
    turned(y);
}

#[kernel]
fn plane(x: &[f64], y: &mut [f64], h: usize, w: usize) {
    for i in 0..h {
        for j in 0..w {
            y[i * w + j] = 2.0 * x[i * w + j];
        }
    }
}

#[kernel]
fn plane_inside(x: &[i32], y: &mut [i32], h: usize, w: usize) {
    if h < 2 || w < 2 {
        return;
    }
    for i in 1..h - 1 {
        for j in 1..w - 1 {
            y[i * w + j] = x[(i - 1) * w + j] / 2 + x[i * w + j + 1] / 2;
        }
    }
}

#[kernel]
fn box_of_planes(y: &mut [u8], d: usize, h: usize, w: usize) {
    for k in 0..d {
        for i in 0..h {
            for j in 0..w {
                y[(k * h + i) * w + j] += 1;
            }
        }
    }
}

corpus! {
    horners(x: f64, n: i32);
    spreads(x: In<f64>, y: In<f32>);
    folds_of_integers(x: In<i8>, y: In<u64>);
    turns(x: Mut<f32>, y: Mut<i16>);
    plane(x: In<f64>, y: Mut<f64>, h: Few<usize>, w: Few<usize>);
    plane_inside(x: In<i32>, y: Mut<i32>, h: Few<usize>, w: Few<usize>);
    box_of_planes(y: Mut<u8>, d: Few<usize>, h: Few<usize>, w: Few<usize>);
}
