//! What guards cost, and how one-lane code compares with rustc's: times the
//! comparison kernels with loops in turn with tests before the loops, with
//! every guard in place, without any guard, and as plain Rust.
//!
//! Only here is a kernel compiled without guards: the arguments are known to
//! fit. Prints nanoseconds per element and medians of the ratios of rounds;
//! never fails on a timing. `guards --plain PROGRAM [KERNEL...]` times the
//! program that benches/one_lane builds; `guards --asm KERNEL [none | all]` prints code.

#![allow(clippy::print_stdout, reason = "a report on standard output")]

use kiln_codegen::{CodegenConfig, Entry, Level, MachineCode, Target, asm_text, compile};
use kiln_ir::{Const, Func, Scalar, guard_accesses, parse_file};
use kiln_opt::{OptConfig, optimize};
use kiln_testkit::native::{Column, Frame, Native};
use std::process::{Command, ExitCode};
use std::time::Instant;

const KERNELS: &str = include_str!("kernels.kiln");
const ROUNDS: usize = 16;
const ROUND_NS: f64 = 1e7;

/// How far behind the start of a line of the cache code begins, a place for
/// each round in turn. Where its loops fall decides up to a sixth of the time
/// of code that is otherwise the same, so neither side may keep one place
/// (Curtsinger and Berger, "Stabilizer", ASPLOS 2013).
const PLACES: [usize; 4] = [0, 32, 16, 48];

/// A kernel with the shapes of its arrays.
struct Case {
    kernel: &'static str,
    /// Elements that a time is divided by.
    elements: usize,
    args: &'static [Arg],
}

#[derive(Clone, Copy)]
enum Arg {
    Real(f64),
    Int(i64),
    /// `f64` in [0, 1).
    Reals(&'static [i64]),
    Zeros(&'static [i64]),
    /// 0, 0, ...
    Counts(i64),
    /// 1, 2, ...
    Numbers(i64),
    /// 0, 16, 32, ...: where rows of 16 begin.
    Starts(i64),
    /// Places in an array of the second length, all over it.
    Places(i64, i64),
    /// The points of a grid over a rectangle of the plane: the real parts,
    /// or the imaginary ones.
    Re(i64),
    Im(i64),
}

const CASES: &[Case] = &[
    Case {
        kernel: "axpy",
        elements: 65_536,
        args: &[
            Arg::Real(1e-9),
            Arg::Reals(&[65_536]),
            Arg::Reals(&[65_536]),
        ],
    },
    Case {
        kernel: "ema",
        elements: 65_536,
        args: &[Arg::Real(0.1), Arg::Reals(&[65_536]), Arg::Zeros(&[65_536])],
    },
    Case {
        kernel: "sum",
        elements: 65_536,
        args: &[Arg::Reals(&[65_536])],
    },
    Case {
        kernel: "dot",
        elements: 65_536,
        args: &[Arg::Reals(&[65_536]), Arg::Reals(&[65_536])],
    },
    Case {
        kernel: "max",
        elements: 65_536,
        args: &[Arg::Reals(&[65_536])],
    },
    Case {
        kernel: "hist256",
        elements: 65_536,
        args: &[Arg::Reals(&[65_536]), Arg::Counts(256)],
    },
    Case {
        kernel: "mandel200",
        elements: 65_536,
        args: &[
            Arg::Int(200),
            Arg::Re(256),
            Arg::Im(256),
            Arg::Counts(65_536),
        ],
    },
    Case {
        kernel: "jacobi512",
        elements: 510 * 510,
        args: &[Arg::Reals(&[512, 512]), Arg::Zeros(&[512, 512])],
    },
    Case {
        kernel: "border512",
        elements: 512 * 512,
        args: &[Arg::Reals(&[512, 512]), Arg::Zeros(&[512, 512])],
    },
    Case {
        kernel: "spmv",
        elements: 65_536,
        args: &[
            Arg::Starts(4097),
            Arg::Places(65_536, 4096),
            Arg::Reals(&[65_536]),
            Arg::Reals(&[4096]),
            Arg::Zeros(&[4096]),
        ],
    },
    Case {
        kernel: "matmul256",
        elements: 256 * 256 * 256,
        args: &[
            Arg::Reals(&[256, 256]),
            Arg::Reals(&[256, 256]),
            Arg::Zeros(&[256, 256]),
        ],
    },
    Case {
        kernel: "pairdist3",
        elements: 1_000_000,
        args: &[Arg::Reals(&[1000, 3]), Arg::Zeros(&[1000, 1000])],
    },
    Case {
        kernel: "collatz",
        elements: 65_536,
        args: &[Arg::Numbers(65_536), Arg::Counts(65_536)],
    },
];

/// Which guards code has.
#[derive(Clone, Copy, PartialEq)]
enum Guards {
    /// What the passes make of them.
    Passes,
    /// All of them in place: what answers calls whose tests fail.
    All,
    None,
}

fn func(kernel: &str) -> Func {
    let funcs = parse_file(KERNELS).expect("the kernels parse");
    let found = funcs.into_iter().find(|f| f.name() == kernel);
    found.unwrap_or_else(|| panic!("there is no kernel {kernel}"))
}

fn optimised(func: &Func, guards: Guards) -> Func {
    let config = OptConfig::default().guarded(guards == Guards::All);
    let func = match guards {
        Guards::None => func.clone(),
        Guards::Passes | Guards::All => guard_accesses(func),
    };
    optimize(&func, &config).expect("the passes take it").func
}

/// Code at each of the places and a frame to call it with; the columns must
/// live.
struct Ready {
    natives: [Native; PLACES.len()],
    frame: Frame,
    _columns: Vec<Column>,
}

impl Ready {
    fn new(case: &Case, guards: Guards) -> Ready {
        let func = optimised(&func(case.kernel), guards);
        let target = Target::host().expect("a target for this processor");
        let config = CodegenConfig::new(Entry::Frame, Level::One);
        let code = compile(&func, &target, &config).expect("there is code");
        let mut frame = Frame::new(&func);
        let mut columns = Vec::new();
        for (index, arg) in case.args.iter().enumerate() {
            if let Some((column, shape)) = set(&mut frame, index, *arg) {
                let strides: Vec<i64> = (0..shape.len())
                    .map(|dim| shape[dim + 1..].iter().product())
                    .collect();
                frame.set_array(index, &column, 0, &shape, &strides);
                columns.push(column);
            }
        }
        Ready {
            natives: PLACES.map(|place| Native::new(&behind(&code, place))),
            frame,
            _columns: columns,
        }
    }

    fn call(&mut self, round: usize) {
        let native = &self.natives[round % PLACES.len()];
        let status = native.call(&mut self.frame);
        assert_eq!(status, 0, "the arguments fit");
    }
}

/// The code after so many bytes that do nothing.
fn behind(code: &MachineCode, place: usize) -> MachineCode {
    const NOP: u8 = 0x90;
    assert!(
        place.is_multiple_of(code.alignment),
        "constants keep theirs"
    );
    let mut code = code.clone();
    code.bytes.splice(0..0, std::iter::repeat_n(NOP, place));
    code
}

fn set(frame: &mut Frame, index: usize, arg: Arg) -> Option<(Column, Vec<i64>)> {
    // splitmix64 of the index and the place.
    let random = |i: i64| {
        let mut z = (i + 1 + ((index as i64) << 32)) as u64;
        z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    let line = |lo: f64, hi: f64, i: i64, n: i64| lo + (hi - lo) * i as f64 / (n - 1) as f64;
    let reals = |shape: &[i64], value: &dyn Fn(i64) -> f64| {
        let len = shape.iter().product();
        let values: Vec<Const> = (0..len).map(|i| Const::f64(value(i))).collect();
        Some((Column::of(Scalar::F64, &values, true), shape.to_vec()))
    };
    let ints = |len: i64, first: i64, step: i64| {
        let values: Vec<Const> = (0..len).map(|i| Const::i64(first + i * step)).collect();
        Some((Column::of(Scalar::I64, &values, true), vec![len]))
    };
    match arg {
        Arg::Real(value) => {
            frame.set_scalar(index, Const::f64(value));
            None
        }
        Arg::Int(value) => {
            frame.set_scalar(index, Const::i64(value));
            None
        }
        Arg::Reals(shape) => reals(shape, &random),
        Arg::Zeros(shape) => reals(shape, &|_| 0.0),
        Arg::Counts(len) => ints(len, 0, 0),
        Arg::Numbers(len) => ints(len, 1, 1),
        Arg::Starts(len) => ints(len, 0, 16),
        Arg::Places(len, of) => {
            let places = (0..len).map(|i| Const::i64(i * 7919 % of));
            let places: Vec<Const> = places.collect();
            Some((Column::of(Scalar::I64, &places, true), vec![len]))
        }
        Arg::Re(n) => reals(&[n * n], &|i| line(-2.0, 0.5, i % n, n)),
        Arg::Im(n) => reals(&[n * n], &|i| line(-1.25, 1.25, i / n, n)),
    }
}

/// Nanoseconds of a call, over a round.
fn time(ready: &mut Ready, round: usize) -> f64 {
    let (start, mut calls) = (Instant::now(), 0.0);
    loop {
        ready.call(round);
        calls += 1.0;
        let spent = start.elapsed().as_nanos() as f64;
        if spent >= ROUND_NS {
            return spent / calls;
        }
    }
}

/// Nanoseconds of a call of the plain kernel, in its own program.
fn time_plain(program: &str, kernel: &str) -> f64 {
    let output = Command::new(program).arg(kernel).output();
    let output = output.expect("the program of the plain kernels runs");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().expect("it prints nanoseconds")
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn measure(case: &Case, plain: Option<&str>) {
    let [mut ours, mut all, mut none] =
        [Guards::Passes, Guards::All, Guards::None].map(|guards| Ready::new(case, guards));
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let plain = plain.map_or(f64::NAN, |program| time_plain(program, case.kernel));
        let [ours, none, all] = [&mut ours, &mut none, &mut all].map(|it| time(it, round));
        rounds.push([ours, none, all, plain]);
    }
    let ns = |which: usize| median(rounds.iter().map(|r| r[which])) / case.elements as f64;
    let ratio = |which: usize| median(rounds.iter().map(|r| r[0] / r[which]));
    println!(
        "{:<10} {:>8.3} {:>8.3} {:>8.3} {:>8.3} | {:>6.2} {:>6.2} {:>6.2}",
        case.kernel,
        ns(0),
        ns(1),
        ns(2),
        ns(3),
        ratio(1),
        ratio(2),
        ratio(3)
    );
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1).peekable();
    let mut plain = None;
    match args.peek().map(String::as_str) {
        Some("--asm") => {
            let kernel = args.nth(1).unwrap_or_default();
            let guards = match args.next().as_deref() {
                Some("none") => Guards::None,
                Some("all") => Guards::All,
                _ => Guards::Passes,
            };
            let func = optimised(&func(&kernel), guards);
            let target = Target::host().expect("a target for this processor");
            let config = CodegenConfig::new(Entry::Frame, Level::One);
            let text = asm_text(&func, &target, &config).expect("there is code");
            println!("{func}\n{text}");
            return ExitCode::SUCCESS;
        }
        Some("--plain") => plain = args.nth(1),
        _ => {}
    }
    let only: Vec<String> = args.collect();
    println!("ns per element                                | ours by");
    println!("kernel         ours     none      all    plain |   none    all  plain");
    for case in CASES {
        if only.is_empty() || only.iter().any(|name| name == case.kernel) {
            measure(case, plain.as_deref());
        }
    }
    ExitCode::SUCCESS
}
