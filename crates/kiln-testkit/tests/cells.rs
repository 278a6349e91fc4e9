//! Every op on every type, one lane and vectors, compiled for every target
//! and run where this machine can: the bits are those of the meaning.

use kiln_codegen::frame::DONE;
use kiln_codegen::{
    Backend, CodegenConfig, Entry, Level, MachineCode, Target, compile, scalar_entry,
};
use kiln_ir::meaning::eval;
use kiln_ir::{Column, Const, Func, Op, Scalar, elementwise};
use kiln_opt::{OptConfig, block_lanes, optimize, widen};
use kiln_testkit::cells::{Cell, cells, functions, samples};
use kiln_testkit::native::{self, Frame, Native};

const LANES: [u16; 5] = [2, 4, 8, 16, 32];
const OPTIMISE: [Option<bool>; 2] = [Some(false), Some(true)];

fn target(name: &str) -> Option<Target> {
    // Targets of other instruction sets are built in by `all-targets`.
    let target = match Target::named(name) {
        Err(error) if cfg!(feature = "all-targets") => panic!("{name}: {error}"),
        other => other.ok()?,
    };
    Some(target.checked().expect("checking is a setting"))
}

fn made(func: &Func, target: &Target, config: &CodegenConfig, what: &str) -> MachineCode {
    kiln_ir::verify(func).unwrap_or_else(|e| panic!("{what}: {e}"));
    let code = compile(func, target, config);
    code.unwrap_or_else(|e| panic!("{what} for {target} at {}: {e}", config.level))
}

fn config(entry: Entry, level: Level, optimise: Option<bool>) -> CodegenConfig {
    CodegenConfig {
        backend: (level <= Level::V128).then_some(Backend::Cranelift),
        optimise,
        ..CodegenConfig::new(entry, level)
    }
}

#[test]
fn every_cell_compiles_for_every_target() {
    let mut count = 0;
    for name in Target::names() {
        let Some(target) = target(name) else {
            continue;
        };
        for cell in cells() {
            let what = format!("{cell:?}");
            let func = cell.function();
            for optimise in OPTIMISE {
                let entry = scalar_entry(&func);
                made(&func, &target, &config(entry, Level::One, optimise), &what);
                let frame = config(Entry::Frame, Level::One, optimise);
                made(&func, &target, &frame, &what);
                count += 2;
                if !target.has_level(Level::V128) {
                    continue;
                }
                let mut uniform = vec![false; cell.args.len()];
                for _last_operand in [false, true] {
                    for lanes in LANES {
                        let strip = cell.strip(lanes, &uniform);
                        let vectors = config(Entry::Strip, Level::V128, optimise);
                        made(&strip, &target, &vectors, &what);
                        count += 1;
                    }
                    uniform[cell.args.len() - 1] = true;
                }
            }
        }
    }
    assert!(count > 10_000, "{count} cells");
}

/// What functions expand to, each alone: common and rare paths.
#[test]
fn every_function_compiles_for_every_target() {
    let mut count = 0;
    for target in Target::names().filter_map(target) {
        for cell in functions() {
            let what = format!("{cell:?}");
            let columns = vec![Column::Contiguous; cell.args.len()];
            let passes = OptConfig::default().verify(true);
            let [scalar, rows] = [cell.function(), elementwise(&cell.function(), &columns)]
                .map(|func| optimize(&func, &passes).expect("it expands").func);
            for optimise in OPTIMISE {
                let entry = scalar_entry(&scalar);
                let config = |entry, level| config(entry, level, optimise);
                made(&scalar, &target, &config(entry, Level::One), &what);
                count += 1;
                for &level in target.levels().iter().filter(|&&l| l != Level::One) {
                    let lanes = block_lanes(&rows, 8 * level.vector_bytes() as u32);
                    let strip = widen(&rows, lanes).unwrap_or_else(|e| panic!("{what}: {e}"));
                    made(&strip, &target, &config(Entry::Strip, level), &what);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 1000, "{count} functions");
}

/// The result that a cell must give. `raw_bits` of a NaN is anything.
fn expected(cell: &Cell, args: &[Const]) -> Option<Const> {
    let is_nan =
        |c: Const| c.as_f64().is_some_and(f64::is_nan) || c.as_f32().is_some_and(f32::is_nan);
    match cell.op {
        Op::RawBits if is_nan(args[0]) => None,
        op => Some(eval(op, cell.result, args)),
    }
}

/// Gives every other NaN of a column a sign and a payload, which no result
/// may show.
fn any_nan(mut column: native::Column, values: &[Const]) -> native::Column {
    for (row, value) in values.iter().enumerate().step_by(2) {
        if value.as_f64().is_some_and(f64::is_nan) {
            column.set(row, 0xfff8_0000_0000_0001);
        } else if value.as_f32().is_some_and(f32::is_nan) {
            column.set(row, 0xffc0_0001);
        }
    }
    column
}

fn run(cell: &Cell, func: &Func, native: &Native, uniform: &[bool], rows: usize, at_end: bool) {
    let values: Vec<Vec<Const>> = (0..cell.args.len())
        .map(|i| samples(cell.args[i], rows, 77 + 13 * i as u64))
        .collect();
    let columns: Vec<native::Column> = (0..cell.args.len())
        .map(|i| {
            any_nan(
                native::Column::of(cell.args[i], &values[i], at_end),
                &values[i],
            )
        })
        .collect();
    let rounds = if uniform.contains(&true) { 24 } else { 1 };
    for round in 0..rounds {
        let mut frame = Frame::new(func);
        let out = native::Column::new(cell.result, rows, at_end);
        for (i, column) in columns.iter().enumerate() {
            if uniform[i] {
                frame.set_scalar(i, values[i][round]);
            } else {
                frame.set_column(func, i, column);
            }
        }
        frame.set_column(func, cell.args.len(), &out);
        assert_eq!(native.strip(&mut frame, 0, rows as i64), DONE, "{cell:?}");
        for row in 0..rows {
            let args: Vec<Const> = (0..values.len())
                .map(|i| values[i][if uniform[i] { round } else { row }])
                .collect();
            let Some(expected) = expected(cell, &args) else {
                continue;
            };
            let bits = out.get(row);
            let found = Const::from_bits(cell.result, bits);
            assert_eq!(
                found, expected,
                "{cell:?} of {args:?} in row {row}: {bits:#x}"
            );
            assert!(
                cell.result != Scalar::Bool || bits < 2,
                "{cell:?}: {bits:#x}"
            );
        }
    }
}

/// Runs every cell at a level of a target whose features this machine has.
fn run_cells(name: &str, level: Level, lanes: &[u16]) {
    let host = Target::host().expect("a code generator for this machine");
    let Some(target) = target(name).filter(|t| t.arch() == host.arch()) else {
        return;
    };
    let is_present = target.features().iter().all(|f| host.has(f));
    if !is_present || !target.has_level(level) {
        return;
    }
    for cell in cells() {
        for &lanes in lanes {
            for optimise in OPTIMISE {
                let mut uniform = vec![false; cell.args.len()];
                loop {
                    let func = cell.strip(lanes, &uniform);
                    let config = config(Entry::Strip, level, optimise);
                    let code = made(&func, &target, &config, &format!("{cell:?}"));
                    let native = Native::new(&code);
                    for at_end in [true, false] {
                        run(&cell, &func, &native, &uniform, 192, at_end);
                    }
                    // Once more with the last operand the same for all rows.
                    match uniform.last_mut() {
                        Some(last) if !*last && cell.args.len() > 1 => *last = true,
                        _ => break,
                    }
                }
            }
        }
    }
}

#[test]
fn one_lane_gives_the_bits_of_the_meaning() {
    for name in ["x86_64-v1", "x86_64-v2", "x86_64-v3", "host"] {
        run_cells(name, Level::One, &[1]);
    }
}

#[test]
fn vectors_of_128_bits_give_the_bits_of_the_meaning() {
    for name in ["x86_64-v2", "x86_64-v3", "host"] {
        run_cells(name, Level::V128, &LANES);
    }
}
