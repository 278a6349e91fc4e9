//! What a warm call of a `#[kernel]` function costs, beside a call through a
//! pointer and a call of what rustc made.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

#[kiln::kernel]
fn quadratic(x: f64) -> f64 {
    (x * 3.0 + 2.0) * x - 1.0
}

#[kiln::kernel]
fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        y[i] += a * x[i];
    }
}

#[kiln::kernel]
fn add(x: &[f64], y: &[f64], z: &mut [f64]) {
    for i in 0..z.len() {
        z[i] = x[i] + y[i];
    }
}

fn calls(c: &mut Criterion) {
    let pointer: fn(f64) -> f64 = black_box(quadratic::rust);
    assert!(quadratic::kernel().prepare() && add::kernel().prepare());
    let mut group = c.benchmark_group("call of a scalar kernel");
    group.bench_function("pointer", |b| b.iter(|| pointer(black_box(1.5))));
    group.bench_function("kiln", |b| b.iter(|| quadratic(black_box(1.5))));
    group.finish();
    let (x, y, mut z) = ([1.0], [2.0], [0.0]);
    let mut group = c.benchmark_group("call with three slices of one element");
    group.bench_function("rustc", |b| {
        b.iter(|| add::rust(black_box(&x), black_box(&y), black_box(&mut z)));
    });
    group.bench_function("kiln", |b| {
        b.iter(|| add(black_box(&x), black_box(&y), black_box(&mut z)));
    });
    group.finish();
}

/// The first call of an engine: the kernel is built, compiled and called.
fn first_call(c: &mut Criterion) {
    c.bench_function("first call of axpy", |b| {
        b.iter(|| {
            let engine = kiln::Engine::default();
            let mut y = [1.0, 2.0];
            let called = axpy::on(&engine).call((2.0, &[1.0, 2.0], &mut y));
            called.expect("axpy of two elements");
            y
        });
    });
}

criterion_group!(benches, calls, first_call);
criterion_main!(benches);
