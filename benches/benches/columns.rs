//! Columns of 65,536 rows: kiln at each level and interpreted, plain Rust,
//! and other crates row by row.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kiln_benches::data::ROWS;
use kiln_benches::formulas::{ALL, Bench};
use kiln_benches::kernels::{Columns, host_levels};
use kiln_benches::rivals::RIVALS;
use kiln_runtime::{Level, Tier};

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

criterion_group!(benches, columns);
criterion_main!(benches);
