//! The ratios that docs/performance.md promises, each measured with both
//! sides in turn. Prints one line per promise; never fails on a timing.

#![allow(clippy::print_stdout, reason = "a report on standard output")]

use kiln_benches::data::ROWS;
use kiln_benches::formulas::{
    ALL, Bench, EXP, GREAT_CIRCLE, NOTHING, POLYNOMIAL, QUADRATIC, great_circle, quadratic,
};
use kiln_benches::kernels::{Columns, engine, host_levels, lower, scalar, typed3, typed4};
use kiln_benches::measure::{Pair, alone, pair};
use kiln_benches::rivals::RIVALS;
use kiln_ir::{Class, Const, Func, Node, NodeId, Scalar};
use kiln_runtime::{Level, Tier};
use std::hint::black_box;

fn main() {
    typed_calls();
    dynamic_calls();
    rivals();
    interpreter();
    columns();
    first_results();
}

fn line(what: &str, pair: Pair) {
    println!(
        "{what:<58} {:>10.2} ns {:>10.2} ns  ratio {:.2}",
        pair.ours, pair.theirs, pair.ratio
    );
}

fn typed_calls() {
    let row = QUADRATIC.row();
    let (x, y, z) = (row[0], row[1], row[2]);
    let f = typed3(&QUADRATIC);
    let g: fn(f64, f64, f64) -> f64 = black_box(quadratic);
    line(
        "quadratic: typed call against rust through a pointer",
        pair(
            || _ = black_box(f.call(black_box(x), black_box(y), black_box(z))),
            || _ = black_box(g(black_box(x), black_box(y), black_box(z))),
        ),
    );
    let row = GREAT_CIRCLE.row();
    let (a, b, c, d) = (row[0], row[1], row[2], row[3]);
    let f = typed4(&GREAT_CIRCLE);
    let g: fn(f64, f64, f64, f64) -> f64 = black_box(great_circle);
    line(
        "great-circle: typed call against rust through a pointer",
        pair(
            || _ = black_box(f.call(black_box(a), black_box(b), black_box(c), black_box(d))),
            || _ = black_box(g(black_box(a), black_box(b), black_box(c), black_box(d))),
        ),
    );
}

fn dynamic_calls() {
    let row = QUADRATIC.row();
    let (x, y, z) = (row[0], row[1], row[2]);
    let f = typed3(&QUADRATIC);
    let args: Vec<Const> = row.iter().map(|&v| Const::f64(v)).collect();
    let kernel = scalar(&QUADRATIC, Tier::Native);
    let mut results = [Const::zero(Scalar::F64)];
    line(
        "quadratic: dynamic call against typed call",
        pair(
            || _ = black_box(kernel.call(black_box(&args), &mut results)),
            || _ = black_box(f.call(black_box(x), black_box(y), black_box(z))),
        ),
    );
}

fn rivals() {
    let row = QUADRATIC.row();
    let (x, y, z) = (row[0], row[1], row[2]);
    let f = typed3(&QUADRATIC);
    for rival in RIVALS {
        let mut ready = (rival.prepare)(&QUADRATIC).expect("every rival can write it");
        line(
            &format!("quadratic: typed call against {}", rival.name),
            pair(
                || _ = black_box(f.call(black_box(x), black_box(y), black_box(z))),
                || _ = black_box(ready(black_box(&row))),
            ),
        );
    }
}

/// Arithmetic nodes of a Func.
fn arithmetic(func: &Func) -> usize {
    (0..func.node_count())
        .filter(|&id| match func.node(NodeId::new(id)) {
            Node::Op { op, .. } => op.class() == Class::Arithmetic || *op == kiln_ir::Op::Powi,
            _ => false,
        })
        .count()
}

fn interpreter() {
    let nodes = arithmetic(&lower(&QUADRATIC));
    let mut columns = Columns::new(&QUADRATIC, Tier::Interpreter, Level::One, ROWS);
    let ns = alone(|| _ = columns.run()) / ROWS as f64;
    println!(
        "quadratic: interpreter over columns: {ns:.2} ns per row, {:.2} per node and row",
        ns / nodes as f64
    );
    let call = one_row_ns(&NOTHING);
    for bench in [QUADRATIC, POLYNOMIAL] {
        let nodes = arithmetic(&lower(&bench));
        let ns = one_row_ns(&bench);
        println!(
            "{}: interpreter, one row: {ns:.1} ns, {:.2} per node beyond {call:.1} of the call",
            bench.name,
            (ns - call) / nodes as f64
        );
    }
}

/// Nanoseconds of a call of one row in the interpreter.
fn one_row_ns(bench: &Bench) -> f64 {
    let kernel = scalar(bench, Tier::Interpreter);
    let args: Vec<Const> = bench.row().iter().map(|&v| Const::f64(v)).collect();
    let mut results = [Const::zero(Scalar::F64)];
    alone(|| _ = black_box(kernel.call(black_box(&args), &mut results)))
}

fn columns() {
    for bench in ALL {
        for level in host_levels() {
            let mut columns = Columns::new(&bench, Tier::Native, level, ROWS);
            let ns = alone(|| _ = columns.run()) / ROWS as f64;
            println!("{}: columns at {level}: {ns:.3} ns per row", bench.name);
        }
    }
    let inputs = EXP.columns(ROWS);
    let mut output = vec![0.0; ROWS];
    for level in host_levels() {
        let mut columns = Columns::new(&EXP, Tier::Native, level, ROWS);
        line(
            &format!("exp: a column at {level} against std, per column"),
            pair(
                || _ = columns.run(),
                || {
                    for (out, x) in output.iter_mut().zip(&inputs[0]) {
                        *out = x.exp();
                    }
                    black_box(&output);
                },
            ),
        );
    }
}

fn first_results() {
    let args: Vec<Const> = QUADRATIC.row().iter().map(|&v| Const::f64(v)).collect();
    for tier in [Tier::Interpreter, Tier::Native] {
        let engine = engine(tier, Level::One);
        let ns = alone(|| {
            engine.clear_cache();
            let kernel = engine.scalar(lower(&QUADRATIC)).expect("a kernel");
            let mut results = [Const::zero(Scalar::F64)];
            let ran = kernel.call(&args, &mut results).expect("a row");
            assert_eq!(ran.tier, tier, "another tier ran");
            black_box(results);
        });
        println!(
            "quadratic: text to first result, {tier}: {:.1} us",
            ns / 1e3
        );
    }
}
