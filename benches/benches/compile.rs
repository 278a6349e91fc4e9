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

/// Statements over an array, and blocks in blocks, with every index checked.
fn structure(c: &mut Criterion) {
    let cases: [(&str, &[usize], fn(usize) -> kiln::Func); 2] = [
        ("statements", &[10, 30, 100, 300, 1_000], statements),
        ("blocks", &[5, 10, 20, 40, 60], blocks),
    ];
    for (name, sizes, func) in cases {
        let mut group = c.benchmark_group(format!("compile/{name}"));
        group.sample_size(10);
        for &size in sizes {
            group.throughput(Throughput::Elements(size as u64));
            group.bench_with_input(BenchmarkId::from_parameter(size), &func(size), |b, func| {
                b.iter_batched(
                    || {
                        let builder = kiln::Engine::builder().limits(kiln::Limits::trusted());
                        builder.tier(Tier::Native).build()
                    },
                    |engine| {
                        let kernel = engine.arrays(func).expect("within the limits");
                        assert!(kernel.prepare(), "native code");
                    },
                    BatchSize::PerIteration,
                );
            });
        }
        group.finish();
    }
}

/// Stores, each of what the one before stored.
fn statements(count: usize) -> kiln::Func {
    let b = kiln::Builder::new("statements");
    let y = b.array_mut::<i64, 1>("y");
    for i in 1..=count as i64 {
        y.set(i, y.at(i - 1) * 3 + i);
    }
    b.finish().expect("in order")
}

/// Loops of two rounds, nine conditions between one and the next.
fn blocks(depth: usize) -> kiln::Func {
    type Round<'b> = kiln::Var<'b, i64>;
    type Array<'b> = kiln::ArrayMut<'b, i64, 1>;
    fn nest<'b>(b: &'b kiln::Builder, y: Array<'b>, round: Round<'b>, depth: usize) {
        if depth == 0 {
            y.set(0, y.at(0) + round + 1);
        } else if depth.is_multiple_of(10) {
            b.for_each(0, 2, |round| nest(b, y, round, depth - 1));
        } else {
            round.lt(depth as i64).then(|| nest(b, y, round, depth - 1));
        }
    }
    let b = kiln::Builder::new("blocks");
    let y = b.array_mut::<i64, 1>("y");
    let first = b.input::<i64>("first");
    nest(&b, y, first, depth);
    b.finish().expect("in order")
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

criterion_group!(benches, stages, first_result, sizes, structure);
criterion_main!(benches);
