//! Program: a Func made ready to be interpreted, and the state of its calls.

use crate::block::{self, Blocks, Registers};
use crate::data::Arg;
use crate::scalar::{self, Code, Scalars};
use kiln_ir::{Const, Fault, FaultId, Func, ParamType, Schedule, as_row_loop};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

/// Why a Func has no program.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("the interpreter does not run {what}")]
pub struct Unsupported {
    /// The node or type, as the text form prints it.
    pub what: String,
}

/// Why a call ended early. Stores before the failing point are done and none
/// after it, as in sequential code.
#[derive(Clone, PartialEq, Debug, Error)]
pub enum Failure {
    /// A guard failed.
    #[error("guard {fault} failed at row {row}")]
    Fault {
        /// What failed: see [`Program::fault`]. Equal to the id in the Func,
        /// unless the guard stands in a Func that it calls.
        fault: FaultId,
        /// The row: the index of the outermost counted loop around the
        /// guard, 0 outside of loops.
        row: i64,
        /// The values that the guard names, at that row.
        operands: Vec<Const>,
    },
    /// An access outside an array that no guard stopped.
    #[error("index {index:?} lies outside an array")]
    Access {
        /// The array parameter; `None` for a local array.
        param: Option<usize>,
        /// One index per dimension.
        index: Vec<i64>,
    },
    /// The stop flag was raised.
    #[error("the call was stopped")]
    Stopped,
}

/// The flag that ends a call early.
#[derive(Clone, Default, Debug)]
pub(crate) struct Stop(Option<Arc<AtomicBool>>);

impl Stop {
    #[inline(always)]
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match &self.0 {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(Failure::Stopped),
            _ => Ok(()),
        }
    }
}

/// A Func made ready to be interpreted. Immutable and shared; each thread
/// that runs it has its own [`State`].
#[derive(Debug)]
pub struct Program {
    params: Vec<ParamType>,
    faults: Vec<Fault>,
    is_row_loop: bool,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Blocks(Blocks),
    Scalar(Code),
}

/// The registers of one thread that runs a program; made by
/// [`Program::state`] and reused from call to call of that program.
#[derive(Debug)]
pub struct State {
    blocks: Registers,
    scalars: Scalars,
    stop: Stop,
    executor: Executor,
}

/// A function that is [`Program::execute_inline`], compiled for some set of
/// target features.
pub type Executor =
    fn(&Program, &mut State, &mut [Arg<'_>], Option<Range<usize>>) -> Result<(), Failure>;

/// [`Program::execute_inline`] for any processor.
fn execute(
    program: &Program,
    state: &mut State,
    args: &mut [Arg<'_>],
    rows: Option<Range<usize>>,
) -> Result<(), Failure> {
    program.execute_inline(state, args, rows)
}

impl Program {
    /// Makes a Func ready, which must have passed [`kiln_ir::verify`].
    ///
    /// # Errors
    /// When the Func holds vectors, which exist after widening only, or its
    /// calls expand to more than a million instructions.
    pub fn new(func: &Func) -> Result<Program, Unsupported> {
        let schedule = Schedule::of(func);
        let rows = as_row_loop(func);
        let mut faults = func.faults().to_vec();
        let blocks = rows.and_then(|rows| block::lower(func, &schedule, rows));
        let body = match blocks {
            Some(blocks) => Body::Blocks(blocks),
            None => Body::Scalar(scalar::lower(func, &schedule, &mut faults)?),
        };
        Ok(Program {
            params: func.params().iter().map(|p| p.ty).collect(),
            faults,
            is_row_loop: rows.is_some(),
            body,
        })
    }

    /// Whether this is one loop over rows and nothing else, which
    /// [`run_rows`](Program::run_rows) runs in pieces.
    pub fn is_row_loop(&self) -> bool {
        self.is_row_loop
    }

    /// Whether the rows run in blocks; else they run one at a time.
    pub fn runs_in_blocks(&self) -> bool {
        matches!(self.body, Body::Blocks(_))
    }

    /// What a [`Failure::Fault`] reports.
    pub fn fault(&self, id: FaultId) -> &Fault {
        &self.faults[id.index()]
    }

    /// A state for this program.
    pub fn state(&self) -> State {
        let (blocks, scalars) = match &self.body {
            Body::Blocks(code) => (Registers::new(code), Scalars::default()),
            Body::Scalar(code) => (Registers::default(), Scalars::new(code)),
        };
        State {
            blocks,
            scalars,
            stop: Stop::default(),
            executor: execute,
        }
    }

    /// Runs `rows` of a program that is a loop over rows. `args` has one
    /// entry per parameter; the bounds that the loop itself states are not
    /// looked at.
    ///
    /// # Errors
    /// The failure of the lowest failing row.
    ///
    /// # Panics
    /// When an argument is not what its parameter is, when a column is
    /// shorter than the rows, or when the program is no loop over rows.
    pub fn run_rows(
        &self,
        state: &mut State,
        args: &mut [Arg<'_>],
        rows: Range<usize>,
    ) -> Result<(), Failure> {
        assert!(self.is_row_loop, "the program is no loop over rows");
        self.check(args);
        self.place(state, args);
        (state.executor)(self, state, args, Some(rows))
    }

    /// Runs a Func whose parameters are all scalars: `args` holds the bits
    /// of each ([`Const::bits`]), `results` receives the bits of each result.
    /// Allocates nothing unless it fails.
    ///
    /// # Errors
    /// The first failure; `results` is then as it was.
    ///
    /// # Panics
    /// When there is an array parameter, or the numbers of arguments or
    /// results are not the Func's.
    pub fn call(
        &self,
        state: &mut State,
        args: &[u64],
        results: &mut [u64],
    ) -> Result<(), Failure> {
        let Body::Scalar(code) = &self.body else {
            panic!("a loop over rows has array parameters");
        };
        assert_eq!(args.len(), self.params.len(), "one argument per parameter");
        assert_eq!(args.len(), code.params.len(), "every parameter is a scalar");
        for (&(_, reg), &bits) in code.params.iter().zip(args) {
            state.scalars.registers[reg as usize] = bits;
        }
        (state.executor)(self, state, &mut [], None)?;
        fetch(code, &state.scalars, results);
        Ok(())
    }

    /// Runs any Func once, arrays and loops included; `results` receives the
    /// bits of each result.
    ///
    /// # Errors
    /// The first failure.
    ///
    /// # Panics
    /// When an argument is not what its parameter is, or a view reaches
    /// outside its slice.
    pub fn run(
        &self,
        state: &mut State,
        args: &mut [Arg<'_>],
        results: &mut [u64],
    ) -> Result<(), Failure> {
        self.check(args);
        self.place(state, args);
        (state.executor)(self, state, args, None)?;
        if let Body::Scalar(code) = &self.body {
            fetch(code, &state.scalars, results);
        }
        Ok(())
    }

    /// The one function that runs programs, inlined into its caller: see
    /// [`State::set_executor`]. Arguments are checked, and scalars are in
    /// place, before it is called.
    ///
    /// # Errors
    /// The first failure.
    #[inline(always)]
    pub fn execute_inline(
        &self,
        state: &mut State,
        args: &mut [Arg<'_>],
        rows: Option<Range<usize>>,
    ) -> Result<(), Failure> {
        let stop = &state.stop;
        match &self.body {
            Body::Blocks(code) => {
                let rows = rows.unwrap_or(0..args[code.rows_of as usize].extent(0));
                block::run(code, &mut state.blocks, stop, args, rows)
            }
            Body::Scalar(code) => scalar::run(code, &mut state.scalars, stop, args, rows),
        }
    }

    /// Puts scalar arguments where scalar code expects them.
    fn place(&self, state: &mut State, args: &[Arg<'_>]) {
        if let Body::Scalar(code) = &self.body {
            for &(index, reg) in &code.params {
                if let Arg::Value(value) = args[index as usize] {
                    state.scalars.registers[reg as usize] = value.bits();
                }
            }
        }
    }

    /// Panics unless each argument is what its parameter is.
    fn check(&self, args: &[Arg<'_>]) {
        assert_eq!(args.len(), self.params.len(), "one argument per parameter");
        for (index, (arg, &param)) in args.iter().zip(&self.params).enumerate() {
            assert!(
                arg.fits(param),
                "argument {index} does not fit its parameter, {param}"
            );
        }
    }
}

#[inline(always)]
fn fetch(code: &Code, scalars: &Scalars, results: &mut [u64]) {
    assert_eq!(results.len(), code.results.len(), "one slot per result");
    for (slot, &reg) in results.iter_mut().zip(&code.results) {
        *slot = scalars.registers[reg as usize];
    }
}

impl State {
    /// Makes calls with this state go through `executor`, which inlines
    /// [`Program::execute_inline`] into a function with more target features
    /// enabled. The results are the same, bit for bit.
    pub fn set_executor(&mut self, executor: Executor) {
        self.executor = executor;
    }

    /// The flag that ends a call early when it is raised: looked at between
    /// blocks of rows, and once in 1,024 rounds of a loop.
    pub fn set_stop(&mut self, stop: Option<Arc<AtomicBool>>) {
        self.stop = Stop(stop);
    }
}
