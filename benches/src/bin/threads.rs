//! Two threads against one: how much faster calls become, and from which size
//! on they do.
//!
//! Both engines run the same case in turn. The first table is of calls as
//! they are, the second of kernels with several loops; the third cuts a call
//! into pieces whatever it is worth, to show where that begins to pay, and the
//! fourth does so with sweeps over a plane, of which each has two steps.

#![allow(clippy::print_stdout, reason = "a report on standard output")]

use kiln::{ArrayViewMut, Column, Engine, EngineBuilder, Formula, kernel};
use kiln_benches::measure::pair;
use kiln_benches::peers::{Case, cases};
use std::hint::black_box;

/// Kernels of the first table, and their sizes.
const CASES: &[(&str, usize)] = &[
    ("blackscholes", 65_536),
    ("mandel200", 256),
    ("collatz", 65_536),
    ("jacobi512", 512),
    ("matmul256", 256),
    ("pairdist3", 1_000),
    ("exp", 65_536),
    ("sin(a)**2+cos(b)**2", 65_536),
    ("triad", 1 << 23),
];

/// Formulas of the second table.
const FORMULAS: &[&str] = &["2*a + 3*b", "a*exp(-b) + 1", "sin(a)^2 + cos(b)^2"];

fn main() {
    let threads = |builder: EngineBuilder| builder.threads(2).parallel(true).build();
    let (one, two) = (Engine::default(), threads(Engine::builder()));
    println!("| kernel | one thread | two threads | times as fast | in pieces |");
    println!("|---|---:|---:|---:|---|");
    for &(name, size) in CASES {
        let found = cases().find(|case| case.kernel == name);
        if let Some(case) = found {
            row(&case, size, &one, &two);
        }
    }
    println!("\n| kernel | one thread | two threads | times as fast | in pieces |");
    println!("|---|---:|---:|---:|---|");
    for n in [1_000, 65_536, 1 << 20] {
        let x: Vec<f64> = (0..n).map(|i| (i % 1013) as f64 / 7.0).collect();
        let y = std::cell::RefCell::new(vec![0.0; n]);
        several(&format!("x - mean(x), {n}"), &one, &two, |engine| {
            let kernel = centred::on(engine);
            let (x, y) = (&x, &y);
            move || kernel.call((x, &mut y.borrow_mut())).expect("one length")
        });
        several(
            &format!("(x - mean(x)) / std(x), {n}"),
            &one,
            &two,
            |engine| {
                let kernel = standard::on(engine);
                let (x, y) = (&x, &y);
                move || kernel.call((x, &mut y.borrow_mut())).expect("one length")
            },
        );
        several(&format!("sums and extremes, {n}"), &one, &two, |engine| {
            let kernel = spread::on(engine);
            let x = &x;
            move || _ = black_box(kernel.call((x,)).expect("a slice"))
        });
    }
    println!("\n| formula | rows | one thread | two pieces or more | times as fast |");
    println!("|---|---:|---:|---:|---:|");
    let cut = threads(Engine::builder().piece_work(1));
    for text in FORMULAS {
        for rows in [1_000, 4_000, 16_000, 64_000, 256_000] {
            formula(text, rows, &one, &cut);
        }
    }
    println!(
        "\n| sweeps over a plane, 20 | one thread | two pieces or more | times as fast | cut as it is |"
    );
    println!("|---|---:|---:|---:|---|");
    for size in [32, 64, 128, 256, 512, 1_024] {
        sweep(size, &one, &two, &cut);
    }
}

/// `x` without its mean.
#[kernel]
fn centred(x: &[f64], y: &mut [f64]) {
    let mean = kiln::mean(x);
    for i in 0..y.len() {
        y[i] = x[i] - mean;
    }
}

/// `x` without its mean, in its standard deviations.
#[kernel]
fn standard(x: &[f64], y: &mut [f64]) {
    let mean = kiln::mean(x);
    let deviation = kiln::std_dev(x);
    for i in 0..y.len() {
        y[i] = (x[i] - mean) / deviation;
    }
}

/// Sums and extremes, in one loop.
#[kernel(reassoc)]
fn spread(x: &[f64]) -> (f64, f64, f64, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    for &x in x {
        sum += x;
        squares += x * x;
        least = least.min(x);
        greatest = greatest.max(x);
    }
    (sum, squares, least, greatest)
}

/// The average of the four neighbours of each inner point, into `v` and back.
#[kernel]
fn sweeps(steps: usize, mut u: ArrayViewMut<'_, f64, 2>, mut v: ArrayViewMut<'_, f64, 2>) {
    for _ in 0..steps {
        for i in 1..u.nrows().saturating_sub(1) {
            for j in 1..u.ncols().saturating_sub(1) {
                v[[i, j]] = 0.25 * (u[[i - 1, j]] + u[[i + 1, j]] + u[[i, j - 1]] + u[[i, j + 1]]);
            }
        }
        for i in 1..u.nrows().saturating_sub(1) {
            for j in 1..u.ncols().saturating_sub(1) {
                u[[i, j]] = v[[i, j]];
            }
        }
    }
}

/// Times calls of a kernel on both engines.
fn several<F: FnMut()>(name: &str, one: &Engine, two: &Engine, with: impl Fn(&Engine) -> F) {
    let (mut alone, mut shared) = (with(one), with(two));
    alone();
    let before = two.stats().parallel;
    shared();
    let pieces = yes_or_no(two.stats().parallel > before);
    let times = pair(alone, shared);
    let (ours, theirs, ratio) = (times.ours / 1e3, times.theirs / 1e3, times.ratio);
    println!("| {name} | {ours:.1} us | {theirs:.1} us | {ratio:.2} | {pieces} |");
}

fn sweep(size: usize, one: &Engine, two: &Engine, cut: &Engine) {
    let plane = || -> Vec<f64> { (0..size * size).map(|i| (i % 1013) as f64 / 7.0).collect() };
    let with = |engine: &Engine| {
        let kernel = sweeps::on(engine);
        let (mut u, mut v) = (plane(), plane());
        move || {
            let u = ArrayViewMut::new(&mut u, [size, size]).expect("a square");
            let v = ArrayViewMut::new(&mut v, [size, size]).expect("a square");
            kernel.call((20, u, v)).expect("planes of one size");
        }
    };
    let before = two.stats().parallel;
    with(two)();
    let pieces = yes_or_no(two.stats().parallel > before);
    let times = pair(with(one), with(cut));
    let (ours, theirs, ratio) = (times.ours / 1e3, times.theirs / 1e3, times.ratio);
    println!("| {size} x {size} | {ours:.1} us | {theirs:.1} us | {ratio:.2} | {pieces} |");
}

fn row(case: &Case, size: usize, one: &Engine, two: &Engine) {
    let (mut alone, mut shared) = (case.prepare(one), case.prepare(two));
    let (mut a, mut b) = ((case.buffers)(size), (case.buffers)(size));
    alone.run(&mut a);
    let before = two.stats().parallel;
    shared.run(&mut b);
    let pieces = yes_or_no(two.stats().parallel > before);
    assert!(a.bits() == b.bits(), "{}: threads differ", case.kernel);
    let times = pair(
        || _ = black_box(alone.run(black_box(&mut a))),
        || _ = black_box(shared.run(black_box(&mut b))),
    );
    let (ours, theirs, ratio) = (times.ours / 1e3, times.theirs / 1e3, times.ratio);
    let kernel = case.kernel;
    println!("| {kernel}, {size} | {ours:.1} us | {theirs:.1} us | {ratio:.2} | {pieces} |");
}

fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn formula(text: &str, rows: usize, one: &Engine, cut: &Engine) {
    let formula: Formula = text.parse().expect("a formula");
    let (alone, shared) = (one.kernel(&formula), cut.kernel(&formula));
    let a: Vec<f64> = (0..rows).map(|i| i as f64 / rows as f64).collect();
    let mut out = vec![0.0; rows];
    let mut run = |kernel: &kiln::Kernel| {
        let inputs: [(&str, Column<'_>); 2] = [("a", (&a).into()), ("b", (&a).into())];
        let mut outputs = [("result", (&mut out).into())];
        black_box(kernel.map_into(&inputs, &mut outputs)).expect("columns of one length");
    };
    run(&alone);
    run(&shared);
    let run = std::cell::RefCell::new(run);
    let times = pair(
        || (run.borrow_mut())(&alone),
        || (run.borrow_mut())(&shared),
    );
    let (ours, theirs, ratio) = (times.ours / 1e3, times.theirs / 1e3, times.ratio);
    println!("| `{text}` | {rows} | {ours:.1} us | {theirs:.1} us | {ratio:.2} |");
}
