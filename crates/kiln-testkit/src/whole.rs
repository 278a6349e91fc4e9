//! Whole calls: any Func, with loops and arrays, called once, in the
//! interpreter, as machine code of one lane, and with loops on vectors.
//!
//! The interpreter before any pass is the reference. What is compared are the
//! results, everything that was written, and, where the call failed, what,
//! at which row and with which operands. Arrays lie flush against a page that
//! may not be touched, once behind them and once before them.

use crate::native::{Column, Frame, Native};
use crate::vectors::Vectors;
use crate::ways::{buffer, host, values};
use kiln_codegen::{Backend, CodegenConfig, CodegenError, Entry, Level, frame};
use kiln_interp::{Arg, Failure, Geometry, Program};
use kiln_ir::{Access, ArrayType, Const, Fault, FaultKind, Func, Layout, Node, NodeId, ParamType};
use kiln_opt::{OptConfig, Report, optimize};
use kiln_runtime::Buffer;
use std::fmt;

/// A way to call a Func once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// In the interpreter, before any pass: the reference.
    Interpreter,
    /// In the interpreter, after the passes.
    Optimised,
    /// As machine code of one lane.
    Code {
        /// Whether Cranelift optimises.
        optimise: bool,
    },
    /// As machine code whose loops run on vectors.
    Vectors {
        /// Of this level.
        level: Level,
        /// As made by this back end.
        backend: Backend,
    },
}

impl Way {
    /// Every way on this processor, the reference first.
    pub fn all() -> impl Iterator<Item = Way> {
        let has = |level| host().has_level(level);
        let narrow = has(Level::V128).then_some((Level::V128, Backend::Cranelift));
        let wide = [Level::V128, Level::Avx2, Level::Avx512].into_iter();
        let wide = wide.filter(move |&level| has(level.max(Level::Avx2)));
        let vectors = narrow
            .into_iter()
            .chain(wide.map(|level| (level, Backend::Wide)));
        [
            Way::Interpreter,
            Way::Optimised,
            Way::Code { optimise: false },
            Way::Code { optimise: true },
        ]
        .into_iter()
        .chain(vectors.map(|(level, backend)| Way::Vectors { level, backend }))
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Vectors { level, backend } => {
                return write!(f, "vectors at {level}, {backend}");
            }
            Way::Interpreter => "interpreter",
            Way::Optimised => "interpreter, optimised",
            Way::Code { optimise: false } => "code, opt_level none",
            Way::Code { optimise: true } => "code, opt_level speed",
        })
    }
}

/// An argument.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// For a scalar parameter.
    Value(Const),
    /// For an array parameter.
    Array(Array),
}

/// A buffer and how an array lies in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Array {
    /// The whole buffer.
    pub values: Vec<Const>,
    /// Where element 0 of every dimension lies.
    pub origin: usize,
    /// The extent of each dimension.
    pub shape: Vec<usize>,
    /// The step of each dimension, in elements.
    pub strides: Vec<isize>,
}

impl Array {
    /// Values side by side, in row-major order.
    pub fn contiguous(values: Vec<Const>, shape: Vec<usize>) -> Array {
        let mut strides = vec![1; shape.len()];
        for dim in (1..shape.len()).rev() {
            strides[dim - 1] = strides[dim] * shape[dim] as isize;
        }
        Array {
            values,
            origin: 0,
            shape,
            strides,
        }
    }

    fn geometry(&self) -> Geometry {
        let mut geometry = Geometry {
            origin: self.origin,
            shape: [1; 4],
            strides: [0; 4],
        };
        geometry.shape[..self.shape.len()].copy_from_slice(&self.shape);
        geometry.strides[..self.strides.len()].copy_from_slice(&self.strides);
        geometry
    }

    fn is_side_by_side(&self) -> bool {
        self.shape.len() == 1 && self.origin == 0 && self.shape[0] == self.values.len()
    }
}

/// Why a call ended early.
#[derive(Clone, PartialEq, Debug)]
pub struct Failed {
    /// What the guard reports.
    pub fault: Fault,
    /// The index of the outermost counted loop around it.
    pub row: i64,
    /// The values it names.
    pub operands: Vec<Const>,
}

/// What came of a call.
#[derive(Clone, PartialEq, Debug)]
pub struct Ran {
    /// The results; none if it failed.
    pub results: Vec<Const>,
    /// The whole buffers of the arrays that may be written.
    pub written: Vec<Vec<Const>>,
    /// Why it ended early.
    pub failed: Option<Failed>,
}

/// A Func made ready every way.
#[derive(Debug)]
pub struct Whole {
    func: Func,
    optimised: Func,
    report: Report,
    program: Program,
    optimised_program: Program,
    code: [Native; 2],
    vectors: Vec<(Level, Backend, Vectors)>,
    /// The variant that answers retries, made on first need.
    guarded: Option<Box<Whole>>,
    /// Calls that the guarded variant answered.
    pub retries: u64,
    has_while: bool,
}

/// Why a Func is not made ready.
enum Unready {
    Code(CodegenError),
    Other(String),
}

impl From<String> for Unready {
    fn from(problem: String) -> Unready {
        Unready::Other(problem)
    }
}

impl From<Unready> for String {
    fn from(unready: Unready) -> String {
        match unready {
            Unready::Code(error) => format!("code: {error}"),
            Unready::Other(problem) => problem,
        }
    }
}

impl Whole {
    /// Makes a Func ready.
    ///
    /// # Errors
    /// When a pass, the interpreter or code generation refuses it: no form is
    /// left out at one lane.
    pub fn new(func: &Func) -> Result<Whole, String> {
        Ok(Whole::with(func, false)?)
    }

    /// As [`Whole::new`], and nothing where code would pass a limit, as of
    /// the stack it takes.
    ///
    /// # Errors
    /// As [`Whole::new`].
    pub fn within_limits(func: &Func) -> Result<Option<Whole>, String> {
        match Whole::with(func, false) {
            Err(Unready::Code(CodegenError::Limit { .. })) => Ok(None),
            made => Ok(Some(made?)),
        }
    }

    fn with(func: &Func, guarded: bool) -> Result<Whole, Unready> {
        let config = OptConfig::default().verify(true).guarded(guarded);
        let optimised = optimize(func, &config).map_err(|e| format!("passes: {e}"))?;
        let (optimised, report) = (optimised.func, optimised.report);
        let compile = |optimise| {
            let config = CodegenConfig {
                optimise: Some(optimise),
                ..CodegenConfig::new(Entry::Frame, Level::One)
            };
            kiln_codegen::compile(&optimised, host(), &config)
                .map(|code| Native::new(&code))
                .map_err(Unready::Code)
        };
        let mut vectors = Vec::new();
        // The guarded variant has no strips.
        for way in Way::all().filter(|_| !guarded) {
            if let Way::Vectors { level, backend } = way {
                let made = Vectors::new(&optimised, host(), level, backend);
                vectors.push((level, backend, made.map_err(Unready::Code)?));
            }
        }
        Ok(Whole {
            vectors,
            func: func.clone(),
            program: Program::new(func).map_err(|e| e.to_string())?,
            optimised_program: Program::new(&optimised).map_err(|e| e.to_string())?,
            code: [compile(false)?, compile(true)?],
            optimised,
            report,
            guarded: None,
            retries: 0,
            has_while: has_while(func),
        })
    }

    /// The Func.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// The Func after the passes.
    pub fn optimised(&self) -> &Func {
        &self.optimised
    }

    /// How many of its loops run on vectors of a level, as the back end that
    /// makes the most of them.
    pub fn strips(&self, level: Level) -> usize {
        self.most(level, Vectors::strips)
    }

    /// How many of those read where data say.
    pub fn gathers(&self, level: Level) -> usize {
        self.most(level, Vectors::gathers)
    }

    /// How many of those have a loop under a condition.
    pub fn conditions(&self, level: Level) -> usize {
        self.most(level, Vectors::conditions)
    }

    fn most(&self, level: Level, count: impl Fn(&Vectors) -> usize) -> usize {
        let of_level = self.vectors.iter().filter(|(of, ..)| *of == level);
        of_level.map(|(.., v)| count(v)).max().unwrap_or(0)
    }

    /// What the passes did.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Calls it one way.
    ///
    /// # Errors
    /// When the call ends in a way that no call of a sound Func ends.
    pub fn run(&mut self, way: Way, inputs: &[Input]) -> Result<Ran, String> {
        let ran = match way {
            Way::Interpreter => interpret(&self.func, &self.program, inputs)?,
            Way::Optimised => interpret(&self.optimised, &self.optimised_program, inputs)?,
            Way::Code { optimise } => {
                let code = &self.code[usize::from(optimise)];
                self.twice(inputs, |frame| code.call(frame))?
            }
            Way::Vectors { level, backend } => {
                let mut all = self.vectors.iter();
                match all.find(|(of, by, _)| (*of, *by) == (level, backend)) {
                    Some((.., code)) => self.twice(inputs, |frame| code.call(frame))?,
                    // The guarded variant runs one round at a time.
                    None => self.twice(inputs, |frame| self.code[1].call(frame))?,
                }
            }
        };
        let retries = |failed: &Failed| failed.fault.kind == FaultKind::Retry;
        if !ran.failed.as_ref().is_some_and(retries) {
            return Ok(ran);
        }
        let untouched = inputs_written(&self.func, inputs);
        if ran.written != untouched {
            return Err("something was written before a retry".to_owned());
        }
        self.retries += 1;
        if self.guarded.is_none() {
            let guarded = Whole::with(&self.func, true)?;
            self.guarded = Some(Box::new(guarded));
        }
        match &mut self.guarded {
            Some(guarded) => guarded.run(way, inputs),
            None => Err("the guarded variant asks for a retry".to_owned()),
        }
    }

    /// Calls code with arrays that end at a page that may not be touched, and
    /// with ones that begin there.
    fn twice(&self, inputs: &[Input], code: impl Fn(&mut Frame) -> i64) -> Result<Ran, String> {
        let first = call(&self.optimised, &code, inputs, true)?;
        if call(&self.optimised, &code, inputs, false)? != first {
            return Err("results depend on where the arrays lie".to_owned());
        }
        Ok(first)
    }

    /// Calls it every way; gives what the reference gives.
    ///
    /// # Errors
    /// The first way that differs, and how.
    pub fn check(&mut self, inputs: &[Input]) -> Result<Ran, String> {
        let named = |way: Way| move |e: String| format!("{way}: {e}");
        let reference = self
            .run(Way::Interpreter, inputs)
            .map_err(named(Way::Interpreter))?;
        for way in Way::all().skip(1) {
            let ran = self.run(way, inputs).map_err(named(way))?;
            if let Some(difference) = self.difference(&reference, &ran) {
                return Err(format!("{way}: {difference}"));
            }
        }
        Ok(reference)
    }

    fn difference(&self, reference: &Ran, ran: &Ran) -> Option<String> {
        let mut failed = ran.failed.clone();
        // A pass may find that an unbounded loop is a counted one, and then
        // it has rows.
        if let (Some(failed), Some(expected), true) =
            (&mut failed, &reference.failed, self.has_while)
        {
            failed.row = expected.row;
        }
        if failed != reference.failed {
            return Some(format!(
                "failed with {:?} instead of {:?}",
                ran.failed, reference.failed
            ));
        }
        if ran.results != reference.results {
            return Some(format!(
                "gives {} instead of {}",
                list(&ran.results),
                list(&reference.results)
            ));
        }
        let pairs = ran.written.iter().zip(&reference.written).enumerate();
        for (nth, (found, expected)) in pairs {
            for (at, (x, y)) in found.iter().zip(expected).enumerate() {
                if x != y {
                    return Some(format!(
                        "element {at} of written array {nth} is {x} and not {y}"
                    ));
                }
            }
        }
        None
    }
}

/// Values as text.
pub fn list(values: &[Const]) -> String {
    let values: Vec<String> = values.iter().map(|v| v.to_string()).collect();
    format!("[{}]", values.join(", "))
}

fn has_while(func: &Func) -> bool {
    let mut nodes = (0..func.node_count()).map(|i| func.node(NodeId::new(i)));
    nodes.any(|node| matches!(node, Node::While { .. }))
        || func.callees().iter().any(|callee| has_while(callee))
}

fn array_type(func: &Func, index: usize) -> Option<ArrayType> {
    func.params()[index].ty.as_array()
}

fn is_written(func: &Func, index: usize) -> bool {
    array_type(func, index).is_some_and(|ty| ty.access == Access::Mut)
}

/// The arrays that may be written, as they are given.
fn inputs_written(func: &Func, inputs: &[Input]) -> Vec<Vec<Const>> {
    let arrays = inputs.iter().enumerate().filter_map(|(index, input)| {
        let Input::Array(array) = input else {
            return None;
        };
        is_written(func, index).then(|| array.values.clone())
    });
    arrays.collect()
}

fn results(func: &Func, bits: impl Fn(usize) -> u64) -> Vec<Const> {
    let types = func.results().iter().enumerate();
    types
        .map(|(index, ty)| Const::from_bits(ty.scalar, bits(index)))
        .collect()
}

fn interpret(func: &Func, program: &Program, inputs: &[Input]) -> Result<Ran, String> {
    let mut buffers: Vec<Option<Buffer>> = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        buffers.push(match (input, array_type(func, index)) {
            (Input::Value(_), None) => None,
            (Input::Array(array), Some(ty)) => Some(buffer(ty.elem, &array.values)),
            _ => return Err(format!("argument {index} is not what its parameter is")),
        });
    }
    let mut args = Vec::new();
    for ((input, held), param) in inputs.iter().zip(&mut buffers).zip(func.params()) {
        args.push(match (input, held, param.ty) {
            (Input::Value(value), ..) => Arg::Value(*value),
            (Input::Array(array), Some(held), ParamType::Array(ty)) => {
                let plain = ty.layout == Layout::Contiguous && array.is_side_by_side();
                match (ty.access, plain) {
                    (Access::Read, true) => Arg::Slice(held.as_slice()),
                    (Access::Mut, true) => Arg::SliceMut(held.as_slice_mut()),
                    (Access::Read, false) => Arg::View(held.as_slice(), array.geometry()),
                    (Access::Mut, false) => Arg::ViewMut(held.as_slice_mut(), array.geometry()),
                }
            }
            _ => return Err("an array needs a buffer".to_owned()),
        });
    }
    let mut slots = vec![0; func.results().len()];
    let ran = program.run(&mut program.state(), &mut args, &mut slots);
    drop(args);
    let failed = match ran {
        Ok(()) => None,
        Err(Failure::Fault {
            fault,
            row,
            operands,
        }) => Some(Failed {
            fault: program.fault(fault).clone(),
            row,
            operands,
        }),
        Err(other) => return Err(other.to_string()),
    };
    let written = buffers.iter().enumerate();
    let written = written.filter(|(index, _)| is_written(func, *index));
    Ok(Ran {
        results: match failed {
            None => results(func, |index| slots[index]),
            Some(_) => Vec::new(),
        },
        written: written
            .filter_map(|(_, b)| b.as_ref().map(values))
            .collect(),
        failed,
    })
}

fn call(
    func: &Func,
    code: impl Fn(&mut Frame) -> i64,
    inputs: &[Input],
    at_end: bool,
) -> Result<Ran, String> {
    let mut frame = Frame::new(func);
    let mut columns = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        match (input, func.params()[index].ty) {
            (Input::Value(value), ParamType::Scalar(_)) => frame.set_scalar(index, *value),
            (Input::Array(array), ParamType::Array(ty)) => {
                let column = Column::of(ty.elem, &array.values, at_end);
                let shape: Vec<i64> = array.shape.iter().map(|&n| n as i64).collect();
                let strides: Vec<i64> = array.strides.iter().map(|&n| n as i64).collect();
                frame.set_array(index, &column, array.origin, &shape, &strides);
                columns.push((index, ty, column));
            }
            _ => return Err(format!("argument {index} is not what its parameter is")),
        }
    }
    let status = code(&mut frame);
    let failed = match status {
        frame::DONE => None,
        1.. => Some(failure(func, &frame, status)?),
        _ => return Err(format!("the code ended with {status}")),
    };
    let written = columns.iter().filter(|(_, ty, _)| ty.access == Access::Mut);
    Ok(Ran {
        results: match failed {
            None => results(func, |index| frame.result(index)),
            Some(_) => Vec::new(),
        },
        written: written
            .map(|(_, ty, column)| {
                let bits = (0..column.len()).map(|at| column.get(at));
                bits.map(|bits| Const::from_bits(ty.elem, bits)).collect()
            })
            .collect(),
        failed,
    })
}

fn failure(func: &Func, frame: &Frame, status: i64) -> Result<Failed, String> {
    let code = frame.get(frame::ERROR_CODE);
    if code & 0xffff_ffff != status as u64 {
        return Err(format!("status {status} with the error code {code:#x}"));
    }
    let words = std::array::from_fn(|slot| frame.get(frame::ERROR_OPERANDS + 8 * slot));
    let fault = func.faults().get(status as usize - 1);
    Ok(Failed {
        fault: fault.ok_or("a fault that the Func does not have")?.clone(),
        row: frame.get(frame::ERROR_ROW) as i64,
        operands: frame::error_operands(code, &words),
    })
}
