//! The ways to run a function of one row over rows: interpreter, machine code
//! of every level, the whole runtime.
//!
//! Each way runs what it is named for or refuses; none falls back to another,
//! so that two of them that agree are two computations. Machine code runs
//! between guard pages, and in the emulator where the processor lacks the
//! level.

use crate::cells::{Cell, is_left_out};
use crate::emulator::{Argument, run_strip};
use crate::native::{self, Frame, Native};
use kiln_codegen::{Backend, CodegenConfig, Entry, Level, MachineCode, Target, frame};
use kiln_interp::{Arg, Failure, Program};
use kiln_ir::{Column, Const, Func, Node, NodeId, Op, ParamType, Scalar, elementwise};
use kiln_opt::{OptConfig, block_lanes, optimize, widen};
use kiln_runtime::{Buffer, Engine, EngineBuilder, RuntimeError, Tier};
use std::fmt;
use std::sync::OnceLock;

/// A way to run rows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// In the interpreter, one call per row: the reference.
    Calls,
    /// In the interpreter, in blocks of rows.
    Blocks,
    /// As [`Way::Blocks`], after the passes.
    OptimisedBlocks,
    /// As machine code that Cranelift makes, whole blocks of rows.
    Cranelift {
        /// The vectors.
        level: Level,
        /// Whether Cranelift optimises.
        optimise: bool,
    },
    /// As machine code that the emitter of our own makes, whole blocks of rows.
    Wide(Level),
    /// Through an engine that uses this level, any number of rows.
    Engine(Level),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Calls => f.write_str("interpreter, calls"),
            Way::Blocks => f.write_str("interpreter, blocks"),
            Way::OptimisedBlocks => f.write_str("interpreter, optimised"),
            Way::Cranelift { level, optimise } => {
                let how = if *optimise { "speed" } else { "none" };
                write!(f, "cranelift, {level}, opt_level {how}")
            }
            Way::Wide(level) => write!(f, "wide, {level}"),
            Way::Engine(level) => write!(f, "engine, {level}"),
        }
    }
}

impl Way {
    /// The vectors that the code of this way uses; one lane in the
    /// interpreter.
    pub fn level(self) -> Level {
        match self {
            Way::Cranelift { level, .. } | Way::Wide(level) | Way::Engine(level) => level,
            _ => Level::One,
        }
    }

    /// Whether it runs what the emitter of our own makes, or nothing.
    pub fn is_wide(self) -> bool {
        match self {
            Way::Wide(_) => true,
            Way::Engine(level) => level > Level::V128,
            _ => false,
        }
    }

    /// Every way this machine has; wide code always, if only emulated.
    pub fn all() -> Vec<Way> {
        let mut ways = vec![Way::Calls, Way::Blocks, Way::OptimisedBlocks];
        for level in [Level::One, Level::V128] {
            for optimise in [false, true] {
                ways.push(Way::Cranelift { level, optimise });
            }
        }
        if cfg!(target_arch = "x86_64") {
            ways.extend([Level::V128, Level::Avx2, Level::Avx512].map(Way::Wide));
        }
        ways.extend(host().levels().iter().map(|&level| Way::Engine(level)));
        ways
    }
}

/// The processor that runs the tests.
///
/// # Panics
/// When code generation knows no such processor.
pub fn host() -> &'static Target {
    static HOST: OnceLock<Target> = OnceLock::new();
    HOST.get_or_init(|| Target::host().unwrap_or_else(|e| panic!("{e}")))
}

/// A function and the rows to run it on.
#[derive(Clone, Debug)]
pub struct Case {
    /// A function of one row.
    pub func: Func,
    /// What each parameter is: uniform or contiguous.
    pub columns: Vec<Column>,
    /// The values of each parameter; those of a uniform one are all alike.
    pub inputs: Vec<Vec<Const>>,
    /// Number of rows.
    pub rows: usize,
}

/// What came of running rows.
#[derive(Clone, PartialEq, Debug)]
pub struct Ran {
    /// The values of each result, up to the failing row or further.
    pub results: Vec<Vec<Const>>,
    /// The failing row. Exact, but for machine code, which names the first
    /// row of the failing block of `block` rows.
    pub failed: Option<usize>,
    /// How many rows stand for the failing one.
    pub block: usize,
}

/// Whether this way may refuse the case: after the passes it holds a cell
/// that has no form at the way's level.
pub fn may_refuse(case: &Case, way: Way) -> bool {
    let rows = elementwise(&case.func, &case.columns);
    let Ok(optimized) = optimize(&rows, &OptConfig::default()) else {
        return false;
    };
    let func = &optimized.func;
    (0..func.node_count()).any(|index| {
        let id = NodeId::new(index);
        let Node::Op { op, args } = func.node(id) else {
            return false;
        };
        let cell = Cell {
            op: *op,
            args: args.iter().map(|&v| func.ty(v).scalar).collect(),
            result: func.ty(id).scalar,
        };
        way.is_wide() && is_left_out(&cell)
    })
}

/// Runs a case one way.
///
/// # Errors
/// Why the way does not run it; a reason that is not on the list of forms
/// that fall back is a failure of the test.
pub fn run(case: &Case, way: Way) -> Result<Ran, String> {
    match way {
        Way::Calls => calls(case),
        Way::Blocks => blocks(case, &elementwise(&case.func, &case.columns)),
        Way::OptimisedBlocks => {
            let rows = elementwise(&case.func, &case.columns);
            let optimized = optimize(&rows, &OptConfig::default().verify(true));
            blocks(case, &optimized.map_err(|e| e.to_string())?.func)
        }
        Way::Cranelift { level, optimise } => code(case, level, Backend::Cranelift, optimise),
        Way::Wide(level) => code(case, level, Backend::Wide, true),
        Way::Engine(level) => engine(case, level),
    }
}

fn zeros(case: &Case) -> Vec<Vec<Const>> {
    let zeros = |ty: &kiln_ir::Type| vec![Const::zero(ty.scalar); case.rows];
    case.func.results().iter().map(zeros).collect()
}

fn calls(case: &Case) -> Result<Ran, String> {
    let program = Program::new(&case.func).map_err(|e| e.to_string())?;
    let mut state = program.state();
    let mut results = zeros(case);
    let mut slots = vec![0; results.len()];
    for row in 0..case.rows {
        let args: Vec<u64> = case.inputs.iter().map(|c| c[row].bits()).collect();
        match program.call(&mut state, &args, &mut slots) {
            Ok(()) => {}
            Err(Failure::Fault { .. }) => {
                return Ok(Ran {
                    results,
                    failed: Some(row),
                    block: 1,
                });
            }
            Err(other) => return Err(other.to_string()),
        }
        for ((result, ty), &bits) in results.iter_mut().zip(case.func.results()).zip(&slots) {
            result[row] = Const::from_bits(ty.scalar, bits);
        }
    }
    Ok(Ran {
        results,
        failed: None,
        block: 1,
    })
}

/// A column of these values.
pub fn buffer(scalar: Scalar, values: &[Const]) -> Buffer {
    let mut buffer = Buffer::zeroed(scalar, values.len());
    macro_rules! fill {
        ($($variant:ident)*) => {
            match &mut buffer {
                $(Buffer::$variant(data) => {
                    for (to, &value) in data.iter_mut().zip(values) {
                        *to = kiln_ir::meaning::Value::from_const(value);
                    }
                })*
            }
        };
    }
    fill!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64);
    buffer
}

/// The values of a column.
pub fn values(buffer: &Buffer) -> Vec<Const> {
    macro_rules! read {
        ($($variant:ident)*) => {
            match buffer {
                $(Buffer::$variant(data) => {
                    data.iter().map(|&v| kiln_ir::meaning::Value::to_const(v)).collect()
                })*
            }
        };
    }
    read!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64)
}

fn scalar(ty: ParamType) -> Scalar {
    match ty {
        ParamType::Scalar(scalar) => scalar,
        ParamType::Array(array) => array.elem,
    }
}

fn blocks(case: &Case, rows: &Func) -> Result<Ran, String> {
    let program = Program::new(rows).map_err(|e| e.to_string())?;
    if !program.runs_in_blocks() {
        return Err("the loop has no code for blocks".to_owned());
    }
    let inputs: Vec<Buffer> = case
        .inputs
        .iter()
        .zip(case.func.params())
        .map(|(values, param)| buffer(scalar(param.ty), values))
        .collect();
    let mut outputs: Vec<Buffer> = case
        .func
        .results()
        .iter()
        .map(|ty| Buffer::zeroed(ty.scalar, case.rows))
        .collect();
    let mut args: Vec<Arg<'_>> = Vec::new();
    for ((column, input), values) in case.columns.iter().zip(&inputs).zip(&case.inputs) {
        args.push(match column {
            Column::Uniform => match values.first() {
                Some(value) => Arg::Value(*value),
                None => return Err("a uniform parameter has a value".to_owned()),
            },
            _ => Arg::Slice(input.as_slice()),
        });
    }
    args.extend(outputs.iter_mut().map(|o| Arg::SliceMut(o.as_slice_mut())));
    let ran = program.run_rows(&mut program.state(), &mut args, 0..case.rows);
    drop(args);
    let failed = match ran {
        Ok(()) => None,
        Err(Failure::Fault { row, .. }) => Some(row as usize),
        Err(other) => return Err(other.to_string()),
    };
    Ok(Ran {
        results: outputs.iter().map(values).collect(),
        failed,
        block: 1,
    })
}

/// The machine code of a case at a level, and the Func that it is of.
///
/// # Errors
/// When a pass or code generation refuses.
pub fn compile(
    case: &Case,
    target: &Target,
    level: Level,
    backend: Backend,
    optimise: bool,
) -> Result<(Func, MachineCode), String> {
    let native: &[Op] = match level {
        Level::Avx512 => &[Op::Ldexp, Op::Exponent, Op::Mantissa],
        _ => &[],
    };
    let config = OptConfig::default().native(native).verify(true);
    let rows = elementwise(&case.func, &case.columns);
    let optimized = optimize(&rows, &config).map_err(|e| e.to_string())?.func;
    let func = match level {
        Level::One => optimized,
        _ => {
            let lanes = block_lanes(&optimized, 8 * level.vector_bytes() as u32);
            widen(&optimized, lanes).map_err(|e| e.to_string())?
        }
    };
    let config = CodegenConfig {
        backend: Some(backend),
        optimise: Some(optimise),
        ..CodegenConfig::new(Entry::Strip, level)
    };
    let code = kiln_codegen::compile(&func, target, &config).map_err(|e| e.to_string())?;
    match (code.backend, code.level) == (backend, level) {
        true => Ok((func, code)),
        false => Err(format!(
            "asked {backend} for {level}, {} made {}",
            code.backend, code.level
        )),
    }
}

/// How many rows a round of the code of a way takes; 1 in the interpreter.
pub fn block(case: &Case, way: Way) -> usize {
    let rows = elementwise(&case.func, &case.columns);
    match (way.level(), optimize(&rows, &OptConfig::default())) {
        (Level::One, _) | (_, Err(_)) => 1,
        (level, Ok(rows)) => block_lanes(&rows.func, 8 * level.vector_bytes() as u32).into(),
    }
}

/// A target that has AVX-512, whatever the host.
const AVX512: &str = "x86_64-v4";

fn code(case: &Case, level: Level, backend: Backend, optimise: bool) -> Result<Ran, String> {
    let is_emulated = match backend {
        Backend::Cranelift => false,
        Backend::Wide => !host().has_level(level.max(Level::Avx2)),
    };
    let target = match is_emulated {
        true => Target::named(AVX512).map_err(|e| e.to_string())?,
        false => host().clone(),
    };
    let (func, code) = compile(case, &target, level, backend, optimise)?;
    let lanes = usize::from(code.lanes).max(1);
    let padded = Case {
        inputs: case.inputs.iter().map(|c| pad(c, lanes)).collect(),
        rows: case.rows.next_multiple_of(lanes),
        ..case.clone()
    };
    let mut ran = match is_emulated {
        true => emulated(&padded, &func, &code)?,
        false => native(&padded, &func, &code)?,
    };
    for result in &mut ran.results {
        result.truncate(case.rows);
    }
    ran.block = lanes;
    Ok(ran)
}

/// Whole blocks of rows: the last value is repeated.
fn pad(values: &[Const], lanes: usize) -> Vec<Const> {
    let mut padded = values.to_vec();
    if let Some(&last) = values.last() {
        padded.resize(values.len().next_multiple_of(lanes), last);
    }
    padded
}

fn status(status: i64, row: i64) -> Result<Option<usize>, String> {
    match status {
        frame::DONE => Ok(None),
        frame::STOPPED => Err("the code was stopped".to_owned()),
        _ => Ok(Some(row as usize)),
    }
}

fn native(case: &Case, func: &Func, code: &MachineCode) -> Result<Ran, String> {
    let native = Native::new(code);
    let mut both = Vec::new();
    // Columns flush against the page behind them, then before them.
    for at_end in [true, false] {
        let mut frame = Frame::new(func);
        let mut held = Vec::new();
        for (index, (column, values)) in case.columns.iter().zip(&case.inputs).enumerate() {
            if *column == Column::Uniform {
                frame.set_scalar(index, values.first().copied().unwrap_or(Const::i64(0)));
            } else {
                let scalar = scalar(case.func.params()[index].ty);
                let column = native::Column::of(scalar, values, at_end);
                frame.set_column(func, index, &column);
                held.push(column);
            }
        }
        let first = case.columns.len();
        let outputs: Vec<native::Column> = case
            .func
            .results()
            .iter()
            .map(|ty| native::Column::new(ty.scalar, case.rows, at_end))
            .collect();
        for (index, output) in outputs.iter().enumerate() {
            frame.set_column(func, first + index, output);
        }
        let returned = native.strip(&mut frame, 0, case.rows as i64);
        let read = |(ty, output): (&kiln_ir::Type, &native::Column)| {
            (0..case.rows)
                .map(|row| Const::from_bits(ty.scalar, output.get(row)))
                .collect()
        };
        both.push(Ran {
            results: case.func.results().iter().zip(&outputs).map(read).collect(),
            failed: status(returned, frame.get(frame::ERROR_ROW) as i64)?,
            block: 1,
        });
    }
    match both.pop() {
        Some(second) if both.contains(&second) => Ok(second),
        _ => Err("results depend on where the columns lie".to_owned()),
    }
}

fn emulated(case: &Case, func: &Func, code: &MachineCode) -> Result<Ran, String> {
    let bytes = |scalar: Scalar, values: &[Const]| {
        let size = scalar.bytes();
        let bytes = values
            .iter()
            .flat_map(|v| v.bits().to_le_bytes().into_iter().take(size));
        Argument::Array(bytes.collect())
    };
    let mut args = Vec::new();
    for (index, (column, values)) in case.columns.iter().zip(&case.inputs).enumerate() {
        args.push(match column {
            Column::Uniform => Argument::Scalar(values.first().map_or(0, |v| v.bits())),
            _ => bytes(scalar(case.func.params()[index].ty), values),
        });
    }
    for ty in case.func.results() {
        args.push(Argument::Array(vec![0xaa; ty.scalar.bytes() * case.rows]));
    }
    let outcome = run_strip(func, code, &mut args, 0..case.rows as i64);
    let outcome = outcome.map_err(|e| e.to_string())?;
    let outputs = args.drain(case.columns.len()..);
    let results = case.func.results().iter().zip(outputs).map(|(ty, arg)| {
        let Argument::Array(bytes) = arg else {
            unreachable!("an output is an array");
        };
        let value = |chunk: &[u8]| {
            let mut bits = [0; 8];
            bits[..chunk.len()].copy_from_slice(chunk);
            Const::from_bits(ty.scalar, u64::from_le_bytes(bits))
        };
        bytes.chunks(ty.scalar.bytes()).map(value).collect()
    });
    Ok(Ran {
        results: results.collect(),
        failed: status(outcome.status, outcome.row)?,
        block: 1,
    })
}

fn engine(case: &Case, level: Level) -> Result<Ran, String> {
    static ENGINES: OnceLock<Vec<(Level, Engine)>> = OnceLock::new();
    let engines = ENGINES.get_or_init(|| {
        let engine = |&level| {
            let builder = EngineBuilder::default().level(level).cache_entries(16);
            (level, builder.build())
        };
        host().levels().iter().map(engine).collect()
    });
    let Some((_, engine)) = engines.iter().find(|(l, _)| *l == level) else {
        return Err(format!("this processor has no {level}"));
    };
    let kernel = engine
        .columns(case.func.clone())
        .map_err(|e| e.to_string())?;
    let inputs: Vec<Buffer> = case
        .inputs
        .iter()
        .zip(case.func.params())
        .map(|(values, param)| buffer(scalar(param.ty), values))
        .collect();
    let mut outputs: Vec<Buffer> = case
        .func
        .results()
        .iter()
        .map(|ty| Buffer::zeroed(ty.scalar, case.rows))
        .collect();
    let mut args = Vec::new();
    for ((column, input), values) in case.columns.iter().zip(&inputs).zip(&case.inputs) {
        args.push(match (column, values.first()) {
            (Column::Uniform, Some(&value)) => kiln_runtime::ColumnArg::Value(value),
            _ => column_arg(input),
        });
    }
    let mut slices: Vec<_> = outputs.iter_mut().map(Buffer::as_slice_mut).collect();
    let failed = match kernel.map_into(&mut args, &mut slices) {
        Ok(ran) if case.rows == 0 || (ran.tier, ran.level) == (Tier::Native, level) => None,
        Ok(ran) => {
            // Its notes are not at hand: those of `prepare` are about columns
            // for every parameter.
            return Err(format!("{ran} instead of a form for {level}"));
        }
        Err(RuntimeError::Fault(fault)) => fault.row,
        Err(other) => return Err(other.to_string()),
    };
    Ok(Ran {
        results: outputs.iter().map(values).collect(),
        failed,
        block: 1,
    })
}

fn column_arg(buffer: &Buffer) -> kiln_runtime::ColumnArg<'_> {
    macro_rules! arg {
        ($($variant:ident)*) => {
            match buffer {
                $(Buffer::$variant(data) => kiln_runtime::ColumnArg::from(data),)*
            }
        };
    }
    arg!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64)
}

/// Where two ways differ: the reference ran one row at a time.
pub fn difference(reference: &Ran, other: &Ran) -> Option<String> {
    let rows = match (reference.failed, other.failed) {
        (None, None) => usize::MAX,
        // The block of the failing row, and nothing later.
        (Some(row), Some(block)) if block <= row && row < block + other.block => block,
        (expected, found) => {
            return Some(format!("failed in {found:?} instead of {expected:?}"));
        }
    };
    for (index, (left, right)) in reference.results.iter().zip(&other.results).enumerate() {
        for (row, (left, right)) in left.iter().zip(right).take(rows).enumerate() {
            if left != right {
                return Some(format!(
                    "result {index} of row {row} is {right} ({:#x}) instead of {left} ({:#x})",
                    right.bits(),
                    left.bits()
                ));
            }
        }
    }
    None
}
