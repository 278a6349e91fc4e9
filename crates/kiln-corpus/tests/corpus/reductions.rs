//! Reductions of a fixed shape and mathematical functions by their names: the
//! same bits as the functions beside a kernel have.

use crate::harness::corpus;
use kiln::kernel;

#[kernel]
fn total(x: &[f64]) -> f64 {
    kiln::sum(x)
}

#[kernel]
fn total_single(x: &[f32]) -> f32 {
    kiln::sum(x)
}

/// A slice as long as the shape of a reduction has levels: blocks, and lanes.
#[kernel]
fn of_many(x: &[f64], n: usize) -> f64 {
    let mut many = [0.0; 2600];
    for i in 0..many.len() {
        many[i] = 1.0 / (i + n) as f64;
        if i < x.len() {
            many[i] = x[i];
        }
    }
    kiln::sum(&many[..n * 64]) + kiln::sum(&many)
}

#[kernel]
fn of_many_single(by: f32) -> f32 {
    let mut many = [0.0f32; 3100];
    for i in 0..many.len() {
        many[i] = (i % 37) as f32 * by;
    }
    kiln::sum(&many) + kiln::mean(&many[7..])
}

#[kernel]
fn integers_wrap(x: &[i16], y: &[u32]) -> (i16, u32) {
    (kiln::sum(x), kiln::product(y))
}

#[kernel]
fn products(x: &[f64], y: &[f64]) -> (f64, f64) {
    let n = x.len().min(y.len());
    (kiln::dot(&x[..n], &y[..n]), kiln::product(x))
}

#[kernel]
fn lengths_of_a_dot_are_one(x: &[i32], y: &[i32]) -> i32 {
    kiln::dot(x, y)
}

#[kernel]
fn means(x: &[f64], y: &[f32]) -> (f64, f32) {
    (kiln::mean(x), kiln::mean(&y[y.len() / 2..]))
}

#[kernel]
fn variances(x: &[f64], y: &[f32]) -> (f64, f64, f32, f32) {
    (
        kiln::var(x),
        kiln::std_dev(&x[..x.len() / 3]),
        kiln::var(y),
        kiln::std_dev(y),
    )
}

#[kernel]
fn sums_of_exponentials(x: &[f64], y: &[f32]) -> (f64, f32) {
    (kiln::logsumexp(x), kiln::logsumexp(&y[y.len() / 2..]))
}

#[kernel]
fn places_of_ends(x: &[f64], y: &[i8]) -> (usize, usize, usize, usize) {
    (
        kiln::argmin(x),
        kiln::argmax(x),
        kiln::argmin(y),
        kiln::argmax(y),
    )
}

#[kernel]
fn truths(x: &[bool]) -> (bool, bool, usize) {
    (kiln::any(x), kiln::all(x), kiln::count(x))
}

#[kernel]
fn ends(x: &[f64], y: &[i8]) -> (f64, f64, i8, i8) {
    (kiln::min(x), kiln::max(x), kiln::min(y), kiln::max(y))
}

#[kernel]
fn of_an_array(a: [f32; 5]) -> f32 {
    kiln::max(&a) - kiln::min(&a[1..])
}

#[kernel]
fn functions(x: f64, y: f64) -> (f64, f64, f64, f64) {
    (
        kiln::math::erf(x),
        kiln::math::sin(x) * kiln::math::exp(y),
        kiln::math::hypot(x, y),
        kiln::math::atan2(y, kiln::math::cbrt(x)),
    )
}

#[kernel]
fn functions_of_singles(x: f32, y: f32) -> (f32, f32, f32) {
    use kiln::math;
    (math::tgamma(x), math::pow(x, y), math::log1p(math::tanh(y)))
}

#[kernel]
fn extremes(x: &[i32], y: &[u8]) -> (i32, i32, u8, i32) {
    (
        x.iter().copied().max().unwrap_or(-1),
        *x.iter().min().unwrap(),
        y.iter().map(|v| v ^ 21).max().expect("y has some"),
        (1..x.len() as i32).map(|k| k * 3 % 7).min().unwrap_or(9),
    )
}

#[kernel]
fn borders(i: i64, j: i32, n: i64) -> (i64, i64, i64) {
    use kiln::border::{self, clamp, reflect};
    (reflect(j as i64, n), border::wrap(i, n), clamp(i, n))
}

#[kernel]
fn blurred(x: &[f64], y: &mut [f64]) {
    let n = x.len() as i64;
    for i in 0..n {
        let outer = kiln::border::reflect(i - 2, n) + kiln::border::clamp(i + 3, n);
        y[i as usize] = x[kiln::border::wrap(outer, n) as usize] - x[i as usize];
    }
}

corpus! {
    borders(i: i64, j: i32, n: Few<i64>);
    blurred(x: In<f64>, y: Mut<f64>);
    extremes(x: In<i32>, y: In<u8>);
    total(x: In<f64>);
    total_single(x: In<f32>);
    of_many(x: In<f64>, n: Few<usize>);
    of_many_single(by: f32);
    integers_wrap(x: In<i16>, y: In<u32>);
    products(x: In<f64>, y: In<f64>);
    lengths_of_a_dot_are_one(x: In<i32>, y: In<i32>);
    means(x: In<f64>, y: In<f32>);
    ends(x: In<f64>, y: In<i8>);
    of_an_array(a: [f32; 5]);
    variances(x: In<f64>, y: In<f32>);
    sums_of_exponentials(x: In<f64>, y: In<f32>);
    places_of_ends(x: In<f64>, y: In<i8>);
    truths(x: In<bool>);
    functions(x: f64, y: f64);
    functions_of_singles(x: f32, y: f32);
}
