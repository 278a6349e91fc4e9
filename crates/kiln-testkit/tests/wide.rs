//! Wide code in the emulator: every op on every type at AVX2 and AVX-512
//! gives the bits of its meaning on any host, and where this processor has
//! AVX2 the emulator gives the bits it does.

use kiln_codegen::frame::DONE;
use kiln_codegen::{
    Backend, CodegenConfig, CodegenError, Entry, Level, MachineCode, Target, compile,
};
use kiln_ir::meaning::eval;
use kiln_ir::{ArrayType, Class, Const, Func, FuncBuilder, Op, Scalar, Type};
use kiln_testkit::cells::{Cell, cells, is_left_out, samples};
use kiln_testkit::emulator::{Argument, run_strip};
use kiln_testkit::native::{Column, Frame, Native};

const ROWS: usize = 256;

fn target(level: Level) -> Target {
    let name = match level {
        Level::Avx512 => "x86_64-v4",
        _ => "x86_64-v3",
    };
    let target = Target::named(name).expect("x86-64 is built in");
    target.checked().expect("checking is a setting")
}

fn strip(func: &Func, level: Level) -> Result<MachineCode, CodegenError> {
    compile(
        func,
        &target(level),
        &CodegenConfig {
            backend: Some(Backend::Wide),
            ..CodegenConfig::new(Entry::Strip, level)
        },
    )
}

fn packed(scalar: Scalar, values: &[Const]) -> Vec<u8> {
    let bytes = |c: &Const| c.bits().to_le_bytes()[..scalar.bytes()].to_vec();
    values.iter().flat_map(bytes).collect()
}

fn unpacked(scalar: Scalar, bytes: &[u8]) -> Vec<Const> {
    let element = |chunk: &[u8]| {
        let mut bits = [0; 8];
        bits[..chunk.len()].copy_from_slice(chunk);
        Const::from_bits(scalar, u64::from_le_bytes(bits))
    };
    bytes.chunks(scalar.bytes()).map(element).collect()
}

fn is_nan(c: Const) -> bool {
    c.as_f64().is_some_and(f64::is_nan) || c.as_f32().is_some_and(f32::is_nan)
}

/// What the emulator makes of columns; the results are the last array.
fn emulated(func: &Func, code: &MachineCode, columns: &[Vec<Const>], result: Scalar) -> Vec<Const> {
    let mut args: Vec<Argument> = columns
        .iter()
        .map(|c| Argument::Array(packed(c[0].scalar(), c)))
        .collect();
    let rows = columns[0].len();
    args.push(Argument::Array(vec![0xee; rows * result.bytes()]));
    let outcome = run_strip(func, code, &mut args, 0..rows as i64);
    let outcome = outcome.unwrap_or_else(|e| panic!("{e}\n{func}"));
    assert_eq!(outcome.status, DONE, "{func}");
    match args.pop() {
        Some(Argument::Array(bytes)) => unpacked(result, &bytes),
        _ => unreachable!("the last argument is an array"),
    }
}

fn native(func: &Func, code: &MachineCode, columns: &[Vec<Const>], result: Scalar) -> Vec<Const> {
    let rows = columns[0].len();
    let inputs: Vec<Column> = columns
        .iter()
        .map(|c| Column::of(c[0].scalar(), c, true))
        .collect();
    let out = Column::new(result, rows, true);
    let mut frame = Frame::new(func);
    for (i, column) in inputs.iter().chain([&out]).enumerate() {
        frame.set_column(func, i, column);
    }
    assert_eq!(Native::new(code).strip(&mut frame, 0, rows as i64), DONE);
    (0..rows)
        .map(|row| Const::from_bits(result, out.get(row)))
        .collect()
}

fn columns(cell: &Cell) -> Vec<Vec<Const>> {
    let seeds = 5..;
    let args = cell.args.iter().zip(seeds);
    args.map(|(&s, seed)| samples(s, ROWS, seed)).collect()
}

/// Compares a cell with its meaning; gives the lanes compared.
fn check_cell(cell: &Cell, level: Level, lanes: u16, on_host: bool) -> Option<usize> {
    let func = cell.strip(lanes, &vec![false; cell.args.len()]);
    let code = match strip(&func, level) {
        Err(CodegenError::Unsupported { .. }) => return None,
        other => other.unwrap_or_else(|e| panic!("{cell:?} at {level}: {e}")),
    };
    let columns = columns(cell);
    let found = emulated(&func, &code, &columns, cell.result);
    for (row, &found) in found.iter().enumerate() {
        let args: Vec<Const> = columns.iter().map(|c| c[row]).collect();
        if cell.op == Op::RawBits && is_nan(args[0]) {
            continue;
        }
        let expected = eval(cell.op, cell.result, &args);
        assert_eq!(found, expected, "{cell:?} of {args:?} at {level}");
    }
    let needs_helper = cell.op.class() == Class::Slow || cell.op == Op::Rem;
    if on_host && !needs_helper && cell.op != Op::RawBits {
        let run = native(&func, &code, &columns, cell.result);
        assert_eq!(run, found, "{cell:?}: processor and emulator differ");
    }
    Some(ROWS)
}

/// Cells without a form, which fall back whole.
fn has_no_form(cell: &Cell, level: Level) -> bool {
    let is_native = matches!(cell.op, Op::Ldexp | Op::Exponent | Op::Mantissa);
    is_left_out(cell) || is_native && level != Level::Avx512
}

fn check_level(level: Level) {
    let host = Target::host().expect("a code generator for this machine");
    let on_host = level != Level::Avx512 && host.has_level(Level::Avx2);
    let mut lanes_compared = 0;
    for cell in cells() {
        let types = cell.args.iter().chain([&cell.result]);
        let widest = types.map(|s| s.bytes()).max().unwrap_or(1);
        for vectors in [1, 2] {
            let lanes = (vectors * level.vector_bytes() / widest) as u16;
            let compared = check_cell(&cell, level, lanes, on_host);
            let left_out = has_no_form(&cell, level);
            assert_eq!(compared.is_none(), left_out, "{cell:?} at {level}");
            lanes_compared += compared.unwrap_or(0);
        }
    }
    assert!(
        lanes_compared > 100_000,
        "{lanes_compared} lanes at {level}"
    );
}

#[test]
fn cells_at_128_bits() {
    check_level(Level::V128);
}

#[test]
fn cells_at_avx2() {
    check_level(Level::Avx2);
}

#[test]
fn cells_at_avx512() {
    check_level(Level::Avx512);
}

/// A body with as many values alive at once as it has ops.
fn crowded(ops: usize, lanes: u16) -> Func {
    let mut b = FuncBuilder::new("crowded");
    let x = b.array_param("x", ArrayType::slice(Scalar::F64));
    let out = b.array_param("out", ArrayType::slice_mut(Scalar::F64));
    let (lo, hi) = (b.i64(0), b.len(out, 0));
    let (row, _) = b.begin_for(&[]);
    let x = b.load_as(x, &[row], None, lanes);
    let mut values = vec![x];
    for i in 0..ops {
        let (y, z) = (values[i / 2], values[i]);
        let c = b.constant_of(Type::vector(Scalar::F64, lanes), Const::f64(i as f64 + 0.5));
        let t = b.op(Op::Fma, &[y, c, z]);
        values.push(b.op(Op::Sqrt, &[t]));
    }
    let sum = values.iter().copied().reduce(|s, v| b.op(Op::Sub, &[s, v]));
    b.store(out, &[row], sum.expect("there are values"));
    b.end_for(lo, hi, lanes, &[], &[]);
    b.finish(&[])
}

fn crowded_meaning(ops: usize, x: f64) -> f64 {
    let mut values = vec![x];
    for i in 0..ops {
        let t = values[i / 2].mul_add(i as f64 + 0.5, values[i]);
        values.push(t.sqrt());
    }
    values
        .into_iter()
        .reduce(|s, v| s - v)
        .expect("there are values")
}

#[test]
fn spilled_values_come_back() {
    for level in [Level::V128, Level::Avx2, Level::Avx512] {
        for ops in [12, 40, 120, 500] {
            let lanes = (level.vector_bytes() / 8) as u16;
            let func = crowded(ops, lanes);
            let code = strip(&func, level).unwrap_or_else(|e| panic!("{ops} at {level}: {e}"));
            let xs: Vec<Const> = (0..32).map(|i| Const::f64(0.25 * f64::from(i))).collect();
            let found = emulated(&func, &code, std::slice::from_ref(&xs), Scalar::F64);
            for (x, found) in xs.iter().zip(found) {
                let x = x.as_f64().expect("a float");
                assert_eq!(
                    found,
                    Const::f64(crowded_meaning(ops, x)),
                    "{ops} at {level}"
                );
            }
        }
    }
}

#[test]
fn too_much_at_once_is_a_limit() {
    let func = crowded(20_000, 8);
    let error = strip(&func, Level::Avx512).expect_err("more than a stack frame holds");
    assert!(matches!(error, CodegenError::Limit { .. }), "{error}");
}

#[test]
fn an_access_past_the_end_is_an_error() {
    let lanes = 4;
    let func = crowded(3, lanes);
    let code = strip(&func, Level::Avx2).expect("it has a form");
    let short = vec![0; 8 * 8 - 1];
    let mut args = [Argument::Array(short), Argument::Array(vec![0; 64])];
    let outcome = run_strip(&func, &code, &mut args, 0..8);
    assert!(outcome.is_err(), "{outcome:?}");
}
