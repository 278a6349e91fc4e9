//! Times the comparison kernels as native code, in the interpreter and as plain
//! Rust, on one thread unless told otherwise, and prints a JSON line for each:
//! `{"peer","kernel","n","ns","compile_us"}`, nanoseconds per element.
//!
//! What is timed is checked first: native code that ran as something else, or
//! that gives other bits than the interpreter, ends the program.

#![allow(clippy::print_stdout, reason = "a report on standard output")]

use clap::Parser;
use kiln::{Engine, Level, Tier};
use kiln_benches::peers::{Case, Ours, Ready, cases};
use serde_json::{Map, Value, json};
use std::hint::black_box;
use std::time::Instant;

#[derive(Parser)]
#[command(about = "Times the comparison kernels; prints JSON lines")]
struct Options {
    /// Vectors of this level: one, 128, avx2, avx512 (default: the host's).
    #[arg(long)]
    level: Option<Level>,
    /// Only kernels whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Threads that native code may use.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Only columns of this length.
    #[arg(long)]
    n: Option<usize>,
    /// Only native code: the interpreter and plain Rust are checked and not
    /// timed.
    #[arg(long)]
    native: bool,
}

fn main() {
    let options = Options::parse();
    let wanted = |case: &Case| match &options.only {
        Some(part) => case.kernel.contains(&**part),
        None => true,
    };
    for case in cases().filter(wanted) {
        for &size in case.sizes {
            if options.n.is_none_or(|n| n == (case.elements)(size)) {
                time(&case, size, &options);
            }
        }
    }
}

fn time(case: &Case, size: usize, options: &Options) {
    let threads = options.threads;
    let engine = |tier| {
        let builder = Engine::builder().tier(tier).threads(threads);
        let builder = builder.parallel(tier == Tier::Native);
        match options.level {
            Some(level) => builder.level(level).build(),
            None => builder.build(),
        }
    };
    let n = (case.elements)(size);
    let (native, interpreter) = (engine(Tier::Native), engine(Tier::Interpreter));
    let (mut ours, mut slow) = (case.prepare(&native), case.prepare(&interpreter));
    let level = check(case, size, &native, &mut ours, &mut slow);
    let mut buffers = (case.buffers)(size);

    let ns = best(n, 7, 2e7, || {
        _ = black_box(ours.run(black_box(&mut buffers)))
    });
    row(
        "kiln",
        case,
        n,
        ns,
        [
            ("compile_us", json!(ours.compile_us)),
            ("level", json!(level)),
            ("threads", json!(threads)),
        ],
    );
    if options.native {
        return;
    }
    let ns = best(n, 3, 2e6, || {
        _ = black_box(slow.run(black_box(&mut buffers)))
    });
    row("kiln-interp", case, n, ns, []);
    let ns = best(n, 7, 2e7, || (case.plain)(black_box(&mut buffers)));
    row("rust", case, n, ns, []);
}

/// Runs both forms once; gives the level of the native one.
fn check(case: &Case, size: usize, engine: &Engine, ours: &mut Ready, slow: &mut Ready) -> String {
    let (mut a, mut b) = ((case.buffers)(size), (case.buffers)(size));
    let ran = ours.run(&mut a);
    assert_eq!(ran.tier, Tier::Native, "{}", case.kernel);
    if !matches!(case.ours, Ours::Arrays { .. }) {
        assert_eq!(Some(ran.level), engine.level(), "{}", case.kernel);
    }
    assert_eq!(slow.run(&mut b).tier, Tier::Interpreter, "{}", case.kernel);
    assert!(
        a.bits() == b.bits(),
        "{}: the interpreter differs",
        case.kernel
    );
    if case.exact {
        let mut plain = (case.buffers)(size);
        (case.plain)(&mut plain);
        assert!(a.bits() == plain.bits(), "{}: Rust differs", case.kernel);
    }
    ran.level.to_string()
}

/// Nanoseconds per element: the best of some rounds, each of so many elements.
fn best(n: usize, rounds: usize, elements: f64, mut f: impl FnMut()) -> f64 {
    f();
    let repetitions = (elements / n as f64).max(1.0) as usize;
    let round = |_| {
        let start = Instant::now();
        (0..repetitions).for_each(|_| f());
        start.elapsed().as_nanos() as f64 / repetitions as f64
    };
    let times = (0..rounds).map(round);
    times.fold(f64::INFINITY, f64::min) / n as f64
}

fn row<const N: usize>(peer: &str, case: &Case, n: usize, ns: f64, more: [(&str, Value); N]) {
    let mut row = Map::new();
    row.insert("peer".into(), peer.into());
    row.insert("kernel".into(), case.kernel.into());
    row.insert("n".into(), n.into());
    row.insert("ns".into(), json!((ns * 1e4).round() / 1e4));
    row.extend(more.map(|(key, value)| (key.to_owned(), value)));
    println!("{}", Value::Object(row));
}
