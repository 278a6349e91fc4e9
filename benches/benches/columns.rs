//! Columns of 65,536 rows: kiln at each level and interpreted, plain Rust,
//! and other crates row by row; and formulas that take totals of columns.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kiln::{Column, Formula};
use kiln_benches::data::ROWS;
use kiln_benches::formulas::{ALL, Bench, POLYNOMIAL};
use kiln_benches::kernels::{Columns, host_levels};
use kiln_benches::rivals::RIVALS;
use kiln_runtime::{Level, Tier};
use std::collections::HashMap;
use std::hint::black_box;

fn columns(c: &mut Criterion) {
    for bench in ALL {
        let mut group = c.benchmark_group(format!("columns/{}", bench.name));
        group.throughput(Throughput::Elements(ROWS as u64));
        group.sample_size(20);
        let mut interpreted = Columns::new(&bench, Tier::Interpreter, Level::One, ROWS);
        group.bench_function("kiln interpreter", |b| b.iter(|| interpreted.run()));
        for level in host_levels() {
            let mut native = Columns::new(&bench, Tier::Native, level, ROWS);
            group.bench_function(format!("kiln {level}"), |b| b.iter(|| native.run()));
        }
        let plain = bench.plain;
        rows(&mut group, &bench, "plain rust", plain);
        for rival in RIVALS {
            let ready = (rival.prepare)(&bench).expect("every rival can write it");
            rows(&mut group, &bench, rival.name, ready);
        }
        group.finish();
    }
}

/// A bench that computes row by row.
fn rows(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    bench: &Bench,
    name: &str,
    mut f: impl FnMut(&[f64]) -> f64,
) {
    let inputs = bench.columns(ROWS);
    let mut output = vec![0.0; ROWS];
    let mut row = vec![0.0; inputs.len()];
    group.bench_function(name, |b| {
        b.iter(|| {
            for (i, out) in output.iter_mut().enumerate() {
                for (slot, column) in row.iter_mut().zip(&inputs) {
                    *slot = column[i];
                }
                *out = f(&row);
            }
            output[ROWS - 1]
        });
    });
}

/// A formula over two columns, and the same in plain Rust.
type Totals = (&'static str, fn(&[f64], &[f64], &mut [f64]) -> f64);

/// As numexpr and pandas would be asked for them.
const TOTALS: [Totals; 3] = [
    ("sum(a * b)", |a, b, _| {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }),
    ("max(a)", |a, _, _| {
        a.iter().fold(f64::NEG_INFINITY, |m, &a| m.max(a))
    }),
    ("(a - mean(a)) / std(a)", |a, _, out| {
        let mean = a.iter().sum::<f64>() / a.len() as f64;
        let squares: f64 = a.iter().map(|a| (a - mean) * (a - mean)).sum();
        let deviation = (squares / a.len() as f64).sqrt();
        for (out, a) in out.iter_mut().zip(a) {
            *out = (a - mean) / deviation;
        }
        out[0]
    }),
];

fn totals(c: &mut Criterion) {
    let inputs = POLYNOMIAL.columns(ROWS);
    let (a, b) = (&inputs[0], &inputs[1]);
    for (text, plain) in TOTALS {
        let mut group = c.benchmark_group(format!("totals/{text}"));
        group.throughput(Throughput::Elements(ROWS as u64));
        group.sample_size(20);
        let formula: Formula = text.parse().expect("a formula");
        let mut run = |name: String, tier: Tier, level: Level| {
            let engine = kiln::Engine::builder().tier(tier).level(level).build();
            let kernel = engine.kernel(&formula);
            let columns = HashMap::from([("a", Column::from(a)), ("b", b.into())]);
            let is_single = kernel.reduce(&columns).is_ok();
            let mut out = vec![0.0; ROWS];
            group.bench_function(name, |bench| {
                bench.iter(|| match is_single {
                    true => kernel.reduce(&columns).expect("values").ran(),
                    false => {
                        let mut outputs = [("result", (&mut out).into())];
                        kernel.map_into(&columns, &mut outputs).expect("rows")
                    }
                });
            });
        };
        run("kiln interpreter".to_owned(), Tier::Interpreter, Level::One);
        for level in host_levels() {
            run(format!("kiln {level}"), Tier::Native, level);
        }
        let mut out = vec![0.0; ROWS];
        group.bench_function("plain rust", |bench| {
            bench.iter(|| plain(black_box(a), black_box(b), &mut out));
        });
        group.finish();
    }
}

criterion_group!(benches, columns, totals);
criterion_main!(benches);
