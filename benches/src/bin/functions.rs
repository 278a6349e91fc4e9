//! What each mathematical function costs: ns per element over a column at
//! every level of this host, and ns of one call against the standard
//! library's. Prints one JSON object a line; never fails on a timing.
//!
//! `ops` are the operations of the common path, and `floor_ns` is the time
//! that they need at least on the pipes of a Zen 3 core. `share` is how much of
//! the measured time that is.
//!
//! ```text
//! functions [--calls | --columns] [FUNCTION ...]
//! ```

#![allow(clippy::print_stdout, reason = "a report on standard output")]

use kiln_benches::data::{ROWS, uniform};
use kiln_benches::kernels::{engine, host_levels};
use kiln_benches::measure::{alone, pair};
use kiln_ir::{
    Class, Column, Const, Func, FuncBuilder, Node, NodeId, Op, Scalar, Schedule, elementwise,
};
use kiln_opt::{OptConfig, common_path, loop_report};
use kiln_runtime::{ColumnArg, ColumnView, Element, Level, Ran, Tier, Typed, math};
use std::hint::black_box;

/// Where the numbers of a column lie.
type Range = (f64, f64);

const AROUND_ZERO: Range = (-1.0, 1.0);
const POSITIVE: Range = (0.0, 1.0);

/// A function over one column.
struct Kernel {
    name: &'static str,
    range: Range,
    build: fn(&mut FuncBuilder, NodeId) -> NodeId,
}

/// What is not an op of one operand.
const COMPOSED: [Kernel; 5] = [
    Kernel {
        name: "sqrt",
        range: POSITIVE,
        build: |b, x| b.op(Op::Sqrt, &[x]),
    },
    Kernel {
        name: "sigmoid",
        range: AROUND_ZERO,
        build: sigmoid,
    },
    Kernel {
        name: "pow",
        range: POSITIVE,
        build: |b, x| with_number(b, Op::Pow, x, 1.7),
    },
    Kernel {
        name: "atan2",
        range: AROUND_ZERO,
        build: |b, x| with_number(b, Op::Atan2, x, 0.7),
    },
    Kernel {
        name: "hypot",
        range: AROUND_ZERO,
        build: |b, x| with_number(b, Op::Hypot, x, 0.7),
    },
];

/// `1 / (1 + e^-x)`
fn sigmoid(b: &mut FuncBuilder, x: NodeId) -> NodeId {
    let minus = b.op(Op::Neg, &[x]);
    let e = b.op(Op::Exp, &[minus]);
    let one = number(b, x, 1.0);
    let sum = b.op(Op::Add, &[one, e]);
    b.op(Op::Div, &[one, sum])
}

fn with_number(b: &mut FuncBuilder, op: Op, x: NodeId, y: f64) -> NodeId {
    let y = number(b, x, y);
    b.op(op, &[x, y])
}

fn number(b: &mut FuncBuilder, like: NodeId, value: f64) -> NodeId {
    let constant = match b.func().ty(like).scalar {
        Scalar::F32 => Const::f32(value as f32),
        _ => Const::f64(value),
    };
    b.constant(constant)
}

fn range_of(op: Op) -> Range {
    match op {
        Op::Log | Op::Log2 | Op::Log10 | Op::Cbrt | Op::Tgamma | Op::Lgamma => POSITIVE,
        Op::Acosh => (1.0, 2.0),
        _ => AROUND_ZERO,
    }
}

fn func(scalar: Scalar, build: impl Fn(&mut FuncBuilder, NodeId) -> NodeId) -> Func {
    let mut b = FuncBuilder::new("f");
    let x = b.scalar_param("x", scalar);
    let y = build(&mut b, x);
    b.finish(&[y])
}

fn main() {
    let (options, names): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|arg| arg.starts_with("--"));
    let wants = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    let only = |what: &str| options.is_empty() || options.iter().any(|o| o == what);
    if only("--calls") {
        calls(&wants);
    }
    if !only("--columns") {
        return;
    }
    let cycle = cycle_ns();
    let unary = Op::all().filter(|op| op.class() == Class::Math && op.arity() == 1);
    for op in unary.filter(|op| wants(op.name())) {
        for_each_level(op.name(), range_of(op), cycle, |b, x| b.op(op, &[x]));
    }
    for kernel in COMPOSED.iter().filter(|kernel| wants(kernel.name)) {
        for_each_level(kernel.name, kernel.range, cycle, kernel.build);
    }
}

/// The time of one cycle: a quarter of a multiplication and an exclusive or,
/// each of which waits for the last one.
fn cycle_ns() -> f64 {
    const STEPS: u32 = 4096;
    let factor = black_box(0x9e37_79b9_7f4a_7c15u64);
    let step = |product: u64, _| product.wrapping_mul(factor) ^ factor;
    let chain = || _ = black_box((0..STEPS).fold(factor, step));
    alone(chain) / f64::from(STEPS) / 4.0
}

fn for_each_level(
    name: &str,
    range: Range,
    cycle: f64,
    build: impl Fn(&mut FuncBuilder, NodeId) -> NodeId,
) {
    for level in host_levels() {
        let double = func(Scalar::F64, &build);
        let single = func(Scalar::F32, &build);
        let numbers = uniform(ROWS, range.0, range.1, 42);
        let halves: Vec<f32> = numbers.iter().map(|&x| x as f32).collect();
        column(name, level, cycle, double, &numbers);
        column(&format!("{name}_f32"), level, cycle, single, &halves);
    }
}

fn column<T: Element + Default>(name: &str, level: Level, cycle: f64, func: Func, input: &[T]) {
    let (ops, floor) = floor(&func, level, cycle);
    let kernel = engine(Tier::Native, level)
        .columns(func)
        .expect("a kernel over columns");
    let mut output = vec![T::default(); input.len()];
    let mut run = || {
        let mut args = [ColumnArg::Column(ColumnView::slice(input))];
        let mut outputs = [T::slice_mut(&mut output)];
        kernel
            .map_into(&mut args, &mut outputs)
            .expect("one column")
    };
    let tier = Tier::Native;
    assert_eq!(run(), Ran { tier, level }, "{name}: another form ran");
    let ns = alone(|| _ = run()) / input.len() as f64;
    let share = floor / ns;
    println!(
        "{{\"peer\":\"kiln-{}\",\"kernel\":\"{name}\",\"n\":{},\"ns\":{ns:.3},\
         \"ops\":{ops},\"floor_ns\":{floor:.3},\"share\":{share:.2}}}",
        peer(level),
        input.len(),
    );
}

fn peer(level: Level) -> &'static str {
    match level {
        Level::One => "one",
        Level::V128 => "128",
        Level::Avx2 => "avx2",
        _ => "avx512",
    }
}

/// The operations of the common path of a row, and the ns that they take at
/// least.
fn floor(func: &Func, level: Level, cycle: f64) -> (u32, f64) {
    let rows = elementwise(func, &[Column::Contiguous]);
    let common = common_path(&rows, &OptConfig::default());
    let report = loop_report(&common, None).expect("a row loop");
    let scalar_bits = 8 * func.results()[0].scalar.bytes() as u32;
    let per_vector = f64::from((bits(level) / scalar_bits).max(1));
    (report.ops, cycles(&common) * cycle / per_vector)
}

/// Cycles that the ops of a row need at least on Zen 3 (Fog's instruction
/// tables): four pipes take vectors, two of them products, two others sums and
/// comparisons, and one of them divides, in the time given here.
fn cycles(func: &Func) -> f64 {
    let schedule = Schedule::of(func);
    let (mut all, mut products, mut sums, mut quotients) = (0f64, 0f64, 0f64, 0f64);
    for id in (0..func.node_count()).map(NodeId::new) {
        let (Node::Op { op, args }, Some(_)) = (func.node(id), schedule.place(id)) else {
            continue;
        };
        let scalar = func.ty(args[0]).scalar;
        let short = scalar == Scalar::F32;
        match op {
            Op::RawBits | Op::FromBits | Op::Splat => continue,
            Op::Mul | Op::Fma if scalar.is_float() => products += 1.0,
            Op::Add | Op::Sub | Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge
                if scalar.is_float() =>
            {
                sums += 1.0;
            }
            Op::Div => quotients += if short { 3.5 } else { 4.5 },
            Op::Sqrt => quotients += if short { 5.0 } else { 9.0 },
            _ => {}
        }
        all += 1.0;
    }
    (all / 4.0)
        .max(products / 2.0)
        .max(sums / 2.0)
        .max(quotients)
}

/// The width of the vectors of a level; 1 for one lane.
fn bits(level: Level) -> u32 {
    match level {
        Level::One => 1,
        Level::V128 => 128,
        Level::Avx2 => 256,
        _ => 512,
    }
}

fn calls(wants: &impl Fn(&str) -> bool) {
    type F = fn(f64) -> f64;
    let rows: [(Op, F, F, f64); 8] = [
        (Op::Exp, math::exp, f64::exp, 0.7),
        (Op::Log, math::log, f64::ln, 0.7),
        (Op::Sin, math::sin, f64::sin, 0.7),
        (Op::Cos, math::cos, f64::cos, 0.7),
        (Op::Tan, math::tan, f64::tan, 0.7),
        (Op::Tanh, math::tanh, f64::tanh, 0.7),
        (Op::Atan, math::atan, f64::atan, 0.7),
        (Op::Cbrt, math::cbrt, f64::cbrt, 0.7),
    ];
    for (op, plain, std, x) in rows {
        if !wants(op.name()) {
            continue;
        }
        let kernel = engine(Tier::Native, Level::One)
            .scalar(func(Scalar::F64, |b, x| b.op(op, &[x])))
            .expect("a scalar kernel");
        kernel.prepare().expect("native code");
        let typed: Typed<fn(f64) -> f64> = kernel.typed().expect("a number");
        assert_eq!(typed.ran().tier, Tier::Native);
        let (plain, std) = (black_box(plain), black_box(std));
        // Independent calls overlap; in a chain each waits for the last.
        let call = [
            pair(
                || _ = black_box(typed.call(black_box(x))),
                || _ = black_box(std(black_box(x))),
            ),
            pair(
                || _ = black_box(plain(black_box(x))),
                || _ = black_box(std(black_box(x))),
            ),
        ];
        let chain = [
            pair(chain(x, |x| typed.call(x)), chain(x, std)),
            pair(chain(x, plain), chain(x, std)),
        ];
        for (how, timed) in [("call", call), ("chain", chain)] {
            for (peer, timed) in ["kiln-typed", "kiln-rust"].into_iter().zip(timed) {
                println!(
                    "{{\"peer\":\"{peer}\",\"kernel\":\"{}\",\"how\":\"{how}\",\"n\":1,\
                     \"ns\":{:.2},\"std_ns\":{:.2},\"ratio\":{:.2}}}",
                    op.name(),
                    timed.ours,
                    timed.theirs,
                    timed.ratio,
                );
            }
        }
    }
}

/// A step of a chain: `f` at a number that depends on the last result.
fn chain(x: f64, f: impl Fn(f64) -> f64) -> impl FnMut() {
    let mut last = 0.0;
    move || last = f(black_box(x) + last * 1e-300)
}
