//! From text to a first result, stage by stage and as a whole.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kiln_benches::formulas::{ALL, QUADRATIC};
use kiln_benches::kernels::{engine, host_levels, lower};
use kiln_ir::{Column, Const, Func, FuncBuilder, Op, Scalar, elementwise};
use kiln_runtime::{Engine, Level, Limits, Tier};
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

/// Compile time against size; criterion draws it, under
/// `target/criterion/compile_size/report`.
fn sizes(c: &mut Criterion) {
    let mut group = c.benchmark_group("compile/size");
    group.sample_size(10);
    for nodes in [10, 30, 100, 300, 1_000, 3_000, 10_000] {
        let func = chain(nodes);
        group.throughput(Throughput::Elements(nodes as u64));
        for level in [Level::One, Level::Avx2] {
            group.bench_with_input(BenchmarkId::new(level.name(), nodes), &func, |b, func| {
                b.iter_batched(
                    || {
                        let builder = Engine::builder().limits(Limits::trusted());
                        builder.tier(Tier::Native).level(level).build()
                    },
                    |engine| {
                        let kernel = engine.columns(func.clone()).expect("within the limits");
                        kernel.prepare().expect("native code").code_bytes()
                    },
                    BatchSize::PerIteration,
                );
            });
        }
    }
    group.finish();
}

/// A chain of ops that none can be left out of.
fn chain(nodes: usize) -> Func {
    let mut b = FuncBuilder::new("chain");
    let x = b.scalar_param("x", Scalar::F64);
    let half = b.f64(0.5);
    let result = (0..nodes).fold(x, |sum, i| match i % 3 {
        0 => b.op(Op::Add, &[sum, x]),
        1 => b.op(Op::Mul, &[sum, half]),
        _ => {
            let step = b.f64(i as f64);
            b.op(Op::Sub, &[sum, step])
        }
    });
    b.finish(&[result])
}

criterion_group!(benches, stages, first_result, sizes);
criterion_main!(benches);
