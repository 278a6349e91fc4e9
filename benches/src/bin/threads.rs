//! Two threads against one: how much faster calls become, and from which size
//! on they do.
//!
//! Both engines run the same case in turn. The first table is of calls as
//! they are; the second cuts a call into pieces whatever it is worth, to show
//! where that begins to pay, with the work that the engine takes it for.

#![allow(clippy::print_stdout, reason = "a report on standard output")]

use kiln::{Column, Engine, EngineBuilder, Formula};
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
    println!("\n| formula | rows | one thread | two pieces or more | times as fast |");
    println!("|---|---:|---:|---:|---:|");
    let cut = threads(Engine::builder().piece_work(1));
    for text in FORMULAS {
        for rows in [1_000, 4_000, 16_000, 64_000, 256_000] {
            formula(text, rows, &one, &cut);
        }
    }
}

fn row(case: &Case, size: usize, one: &Engine, two: &Engine) {
    let (mut alone, mut shared) = (case.prepare(one), case.prepare(two));
    let (mut a, mut b) = ((case.buffers)(size), (case.buffers)(size));
    alone.run(&mut a);
    let before = two.stats().parallel;
    shared.run(&mut b);
    let pieces = match two.stats().parallel > before {
        true => "yes",
        false => "no",
    };
    assert!(a.bits() == b.bits(), "{}: threads differ", case.kernel);
    let times = pair(
        || _ = black_box(alone.run(black_box(&mut a))),
        || _ = black_box(shared.run(black_box(&mut b))),
    );
    let (ours, theirs, ratio) = (times.ours / 1e3, times.theirs / 1e3, times.ratio);
    let kernel = case.kernel;
    println!("| {kernel}, {size} | {ours:.1} us | {theirs:.1} us | {ratio:.2} | {pieces} |");
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
