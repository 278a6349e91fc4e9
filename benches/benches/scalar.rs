//! One row at a time: typed and dynamic calls of kiln, plain Rust through a
//! pointer, and other crates.

use criterion::{Criterion, criterion_group, criterion_main};
use kiln_benches::formulas::{ALL, GREAT_CIRCLE, QUADRATIC, great_circle, quadratic};
use kiln_benches::kernels::{scalar, typed3, typed4};
use kiln_benches::rivals::RIVALS;
use kiln_ir::{Const, Scalar};
use kiln_runtime::Tier;
use std::hint::black_box;

fn typed(c: &mut Criterion) {
    let row = QUADRATIC.row();
    let (x, y, z) = (row[0], row[1], row[2]);
    let mut group = c.benchmark_group("scalar/quadratic");
    let f = typed3(&QUADRATIC);
    group.bench_function("kiln typed", |b| {
        b.iter(|| f.call(black_box(x), black_box(y), black_box(z)));
    });
    let f: fn(f64, f64, f64) -> f64 = black_box(quadratic);
    group.bench_function("rust through a pointer", |b| {
        b.iter(|| f(black_box(x), black_box(y), black_box(z)));
    });
    group.finish();

    let row = GREAT_CIRCLE.row();
    let (a, b_, d, e) = (row[0], row[1], row[2], row[3]);
    let mut group = c.benchmark_group("scalar/great-circle");
    let f = typed4(&GREAT_CIRCLE);
    group.bench_function("kiln typed", |b| {
        b.iter(|| f.call(black_box(a), black_box(b_), black_box(d), black_box(e)));
    });
    let f: fn(f64, f64, f64, f64) -> f64 = black_box(great_circle);
    group.bench_function("rust through a pointer", |b| {
        b.iter(|| f(black_box(a), black_box(b_), black_box(d), black_box(e)));
    });
    group.finish();
}

fn dynamic(c: &mut Criterion) {
    for bench in ALL {
        let mut group = c.benchmark_group(format!("scalar/{}", bench.name));
        let row = bench.row();
        let args: Vec<Const> = row.iter().map(|&v| Const::f64(v)).collect();
        for tier in [Tier::Native, Tier::Interpreter] {
            let kernel = scalar(&bench, tier);
            let mut results = [Const::zero(Scalar::F64)];
            let ran = kernel.call(&args, &mut results).expect("a row");
            assert_eq!(ran.tier, tier);
            group.bench_function(format!("kiln dynamic, {tier}"), |b| {
                b.iter(|| {
                    kernel.call(black_box(&args), &mut results).expect("a row");
                    results[0]
                });
            });
        }
        for rival in RIVALS {
            let mut ready = (rival.prepare)(&bench).expect("every rival can write it");
            group.bench_function(rival.name, |b| b.iter(|| ready(black_box(&row))));
        }
        group.finish();
    }
}

criterion_group!(benches, typed, dynamic);
criterion_main!(benches);
