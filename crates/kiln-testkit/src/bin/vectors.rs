//! What taking several vectors a round gains: times formulas, and Mandelbrot's
//! loop, with one, two and four of them in turn, beside the number that the
//! passes choose.
//!
//! Prints nanoseconds per element, medians of rounds; never fails on a timing.
//! `vectors [LEVEL]` takes 128, avx2 (the default) or avx512.

#![allow(clippy::print_stdout, reason = "a report on standard output")]

use kiln_codegen::{CodegenConfig, Entry, Level, Target, compile};
use kiln_formula::{InputType, Limits, Options};
use kiln_ir::{Column as Layout, Const, Func, Scalar, elementwise, parse_file};
use kiln_opt::{OptConfig, block_lanes, optimize, widen};
use kiln_testkit::native::{Column, Frame, Native};
use std::time::Instant;

const ROUNDS: usize = 31;
const ELEMENTS: i64 = 16_384;
/// Calls of a round, for what costs little.
const CALLS: usize = 8;
const KERNELS: &str = include_str!("kernels.kiln");

/// Formulas from few operations to many, with their inputs.
const FORMULAS: &[(&str, &str, &[&str])] = &[
    ("polynomial", "((x * 0.5 + 1) * x - 2) * x + 3", &["x"]),
    ("a*exp(-b)+c", "a*exp(-b)+c", &["a", "b", "c"]),
    ("sin", "sin(x)", &["x"]),
    ("erf", "erf(x)", &["x"]),
    ("pow", "x^y", &["x", "y"]),
    (
        "three functions",
        "exp(sin(x * 0.5)) * log(x + 0.25) * y",
        &["x", "y"],
    ),
    (
        "great-circle",
        "2 * 6371 * asin(sqrt(sin((c-a)/2)^2 + cos(a)*cos(c)*sin((d-b)/2)^2))",
        &["a", "b", "c", "d"],
    ),
    (
        "blackscholes",
        "let d1 = (log(s/k) + (0.02 + 0.5*0.3^2)*t) / (0.3*sqrt(t)); \
         let d2 = d1 - 0.3*sqrt(t); \
         let n1 = 0.5*(1+erf(d1/sqrt(2))); \
         let n2 = 0.5*(1+erf(d2/sqrt(2))); \
         call = s*n1 - k*exp(-0.02*t)*n2; \
         put = k*exp(-0.02*t)*(1-n2) - s*(1-n1)",
        &["s", "k", "t"],
    ),
    (
        "nine functions",
        "exp(sin(x))*log(x + 0.25)*atan(y) + exp(sin(x*1.5))*log(x + 1.25)*atan(y + 1) \
         + exp(sin(x*2.5))*log(x + 2.25)*atan(y + 2)",
        &["x", "y"],
    ),
];

/// A formula as a loop over columns.
fn formula(text: &str, inputs: &[&str]) -> Func {
    let double = InputType {
        scalar: Scalar::F64,
        nullable: false,
    };
    let types: Vec<(&str, InputType)> = inputs.iter().map(|&name| (name, double)).collect();
    let row = kiln_formula::parse(text, &Limits::default())
        .and_then(|formula| formula.lower(&types, &Options::default()));
    let row = row.unwrap_or_else(|e| panic!("{text}: {e:?}")).func;
    elementwise(&row, &vec![Layout::Contiguous; inputs.len()])
}

/// The columns of the points that Mandelbrot's loop begins with, and where
/// its counts go; for formulas numbers from 0.5 to 1.5.
fn column(kernel: &str, at: usize, scalar: Scalar) -> Column {
    let value = |i: i64| match (scalar, kernel, at) {
        (Scalar::I64, ..) => Const::i64(0),
        (_, "mandel200", 1) => Const::f64(-2.0 + 2.5 * (i % 128) as f64 / 127.0),
        (_, "mandel200", _) => Const::f64(-1.25 + 2.5 * (i / 128) as f64 / 127.0),
        _ => Const::f64(0.5 + ((i * 7919 + at as i64 * 131) % 1000) as f64 / 1000.0),
    };
    let values: Vec<Const> = (0..ELEMENTS).map(value).collect();
    Column::of(scalar, &values, true)
}

/// Code for a number of lanes, and what it is called with; the columns must
/// live.
struct Ready {
    native: Native,
    frame: Frame,
    _columns: Vec<Column>,
}

fn ready(kernel: &str, func: &Func, lanes: u16, level: Level) -> Ready {
    let func = widen(func, lanes).unwrap_or_else(|e| panic!("{kernel}: {e}"));
    let target = Target::host().expect("a target for this processor");
    let config = CodegenConfig::new(Entry::Strip, level);
    let code = compile(&func, &target, &config).unwrap_or_else(|e| panic!("{kernel}: {e}"));
    let mut frame = Frame::new(&func);
    let mut columns = Vec::new();
    for (index, param) in func.params().iter().enumerate() {
        match param.ty.as_array() {
            Some(array) => {
                let column = column(kernel, index, array.elem);
                frame.set_array(index, &column, 0, &[ELEMENTS], &[1]);
                columns.push(column);
            }
            None => frame.set_scalar(index, Const::i64(200)),
        }
    }
    Ready {
        native: Native::new(&code),
        frame,
        _columns: columns,
    }
}

fn measure(kernel: &str, func: &Func, level: Level) {
    let func = optimize(func, &OptConfig::default());
    let func = func.expect("the passes take it").func;
    let bits = 8 * level.vector_bytes() as u32;
    let one = (bits / 64) as u16;
    let mut sides = [1, 2, 4].map(|vectors| ready(kernel, &func, one * vectors, level));
    let mut times = [(); 3].map(|()| Vec::with_capacity(ROUNDS));
    for _ in 0..ROUNDS {
        for (side, times) in sides.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..CALLS {
                let status = side.native.strip(&mut side.frame, 0, ELEMENTS);
                assert_eq!(status, 0, "nothing fails");
            }
            let elements = (CALLS as i64 * ELEMENTS) as f64;
            times.push(start.elapsed().as_nanos() as f64 / elements);
        }
    }
    let [one_vector, two, four] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    let chosen = block_lanes(&func, bits) / one;
    println!("{kernel:<16} {one_vector:>8.3} {two:>8.3} {four:>8.3} {chosen:>8}");
}

fn main() {
    let level = match std::env::args().nth(1).as_deref() {
        Some("128") => Level::V128,
        Some("avx512") => Level::Avx512,
        _ => Level::Avx2,
    };
    println!("ns per element, vectors a round:");
    println!("kernel                 1        2        4   chosen");
    for (name, text, inputs) in FORMULAS {
        measure(name, &formula(text, inputs), level);
    }
    let funcs = parse_file(KERNELS).expect("the kernels parse");
    let mandel = funcs.iter().find(|func| func.name() == "mandel200");
    measure("mandel200", mandel.expect("it is there"), level);
}
