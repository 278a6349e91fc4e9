//! From text to a first result, stage by stage and as a whole.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use kiln_benches::formulas::{ALL, QUADRATIC};
use kiln_benches::kernels::{engine, host_levels, lower};
use kiln_ir::{Column, Const, Scalar, elementwise};
use kiln_runtime::{Level, Tier};
use std::hint::black_box;

fn stages(c: &mut Criterion) {
    for bench in ALL {
        let mut group = c.benchmark_group(format!("compile/{}", bench.name));
        group.bench_function("text to func", |b| b.iter(|| lower(black_box(&bench))));
        let columns = vec![Column::Contiguous; bench.inputs.len()];
        let func = elementwise(&lower(&bench), &columns);
        group.bench_function("optimise", |b| {
            b.iter(|| kiln_opt::optimize(black_box(&func), &kiln_opt::OptConfig::default()));
        });
        for level in host_levels() {
            group.bench_function(format!("func to code, {level}"), |b| {
                b.iter_batched(
                    || engine(Tier::Native, level),
                    |engine| {
                        let kernel = engine.columns(lower(&bench)).expect("a kernel");
                        kernel.prepare().expect("native code").code_bytes()
                    },
                    BatchSize::PerIteration,
                );
            });
        }
        group.finish();
    }
}

fn first_result(c: &mut Criterion) {
    let mut group = c.benchmark_group("text to first result/quadratic");
    let args: Vec<Const> = QUADRATIC.row().iter().map(|&v| Const::f64(v)).collect();
    for tier in [Tier::Interpreter, Tier::Native] {
        group.bench_function(tier.name(), |b| {
            b.iter_batched(
                || engine(tier, Level::One),
                |engine| {
                    let kernel = engine.scalar(lower(&QUADRATIC)).expect("a kernel");
                    let mut results = [Const::zero(Scalar::F64)];
                    let ran = kernel.call(&args, &mut results).expect("a row");
                    assert_eq!(ran.tier, tier);
                    results[0]
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, stages, first_result);
criterion_main!(benches);
