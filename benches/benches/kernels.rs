//! What a warm call of a `#[kernel]` function costs, beside a call through a
//! pointer and a call of what rustc made; reductions along an axis, beside
//! loops that add rows, or the elements of a row, one after the other; and
//! running totals.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kiln::ArrayView;
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

#[kiln::kernel]
fn column_sums(a: ArrayView<'_, f64, 2>, out: &mut [f64]) {
    kiln::axis::sum(&a, 0, out);
}

#[kiln::kernel]
fn row_sums(a: ArrayView<'_, f64, 2>, out: &mut [f64]) {
    kiln::axis::sum(&a, 1, out);
}

/// One row after the other, as an order that is not kiln's.
fn add_rows(data: &[f64], out: &mut [f64]) {
    out.fill(-0.0);
    for row in data.chunks_exact(out.len()) {
        for (sum, x) in out.iter_mut().zip(row) {
            *sum += x;
        }
    }
}

/// One element after the other.
fn add_in_rows(data: &[f64], columns: usize, out: &mut [f64]) {
    for (sum, row) in out.iter_mut().zip(data.chunks_exact(columns)) {
        *sum = row.iter().sum();
    }
}

fn axes(c: &mut Criterion) {
    assert!(column_sums::kernel().prepare() && row_sums::kernel().prepare());
    for (rows, columns) in [(1000, 1000), (10_000, 100), (100_000, 10)] {
        let data: Vec<f64> = (0..rows * columns).map(|i| (i % 1013) as f64).collect();
        let a = ArrayView::new(&data, [rows, columns]).expect("as many elements");
        let shape = format!("{rows} x {columns}");
        let mut group = c.benchmark_group("sum along axis 0");
        group.throughput(Throughput::Elements(data.len() as u64));
        let mut out = vec![0.0; columns];
        group.bench_function(BenchmarkId::new("kiln", &shape), |b| {
            b.iter(|| column_sums(black_box(a), black_box(&mut out)));
        });
        group.bench_function(BenchmarkId::new("kiln beside", &shape), |b| {
            b.iter(|| column_sums::rust(black_box(a), black_box(&mut out)));
        });
        group.bench_function(BenchmarkId::new("rows in order", &shape), |b| {
            b.iter(|| add_rows(black_box(&data), black_box(&mut out)));
        });
        group.finish();
        let mut group = c.benchmark_group("sum along axis 1");
        group.throughput(Throughput::Elements(data.len() as u64));
        let mut out = vec![0.0; rows];
        group.bench_function(BenchmarkId::new("kiln", &shape), |b| {
            b.iter(|| row_sums(black_box(a), black_box(&mut out)));
        });
        group.bench_function(BenchmarkId::new("kiln beside", &shape), |b| {
            b.iter(|| row_sums::rust(black_box(a), black_box(&mut out)));
        });
        group.bench_function(BenchmarkId::new("elements in order", &shape), |b| {
            b.iter(|| add_in_rows(black_box(&data), columns, black_box(&mut out)));
        });
        group.finish();
    }
}

#[kiln::kernel]
fn running(x: &[f64], out: &mut [f64]) {
    kiln::cumsum(x, out);
}

fn scans(c: &mut Criterion) {
    let x: Vec<f64> = (0..1_000_000).map(|i| f64::from(i % 1013)).collect();
    let mut out = vec![0.0; x.len()];
    assert!(running::kernel().prepare());
    let formula: kiln::Formula = "s = cumsum(x)".parse().expect("a formula");
    let kernel = formula.kernel();
    let mut group = c.benchmark_group("cumsum of 1,000,000");
    group.throughput(Throughput::Elements(x.len() as u64));
    group.bench_function("kernel", |b| {
        b.iter(|| running(black_box(&x), black_box(&mut out)))
    });
    group.bench_function("beside", |b| {
        b.iter(|| running::rust(black_box(&x), black_box(&mut out)));
    });
    group.bench_function("formula", |b| {
        b.iter(|| {
            let mut outputs = [("s", (&mut out).into())];
            kernel.map_into(&[("x", black_box(&x).into())], &mut outputs)
        });
    });
    group.finish();
}

criterion_group!(benches, calls, first_call, axes, scans);
criterion_main!(benches);
