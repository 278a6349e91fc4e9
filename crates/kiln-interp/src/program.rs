//! Program: a Func made ready to be interpreted, and the state of its calls.

use crate::data::Arg;
use kiln_ir::{Const, FaultId, Func, verify};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
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
        /// Index into the table of faults of the Func.
        fault: FaultId,
        /// The row, or the index of the innermost loop around the guard; 0
        /// outside loops.
        row: i64,
        /// The values that the guard names, at that row.
        operands: Vec<Const>,
    },
    /// An access outside an array that no guard stopped.
    #[error("index {index:?} lies outside {array}")]
    Access {
        /// The array's name.
        array: String,
        /// One index per dimension.
        index: Vec<i64>,
    },
    /// The stop flag was raised.
    #[error("the call was stopped")]
    Stopped,
}

/// A Func made ready to be interpreted. Immutable and shared; each thread
/// that runs it has its own [`State`].
#[derive(Debug)]
pub struct Program {}

/// The registers of one thread that runs a program; made by
/// [`Program::state`], reused from call to call.
#[derive(Debug)]
pub struct State {}

impl Program {
    /// Makes a Func ready; `func` must be verified.
    ///
    /// # Errors
    /// When the Func holds something that only native code runs: vectors.
    pub fn new(func: &Func) -> Result<Program, Unsupported> {
        debug_assert!(verify(func).is_ok());
        Err(Unsupported {
            what: func.name().to_owned(),
        })
    }

    /// Whether [`run_rows`](Program::run_rows) is what runs this program: it
    /// is one loop over rows and nothing else.
    pub fn is_row_loop(&self) -> bool {
        false
    }

    /// A state for this program.
    pub fn state(&self) -> State {
        State {}
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
        self.run_rows_inline(state, args, rows)
    }

    /// [`run_rows`](Program::run_rows), compiled into its caller.
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    pub fn run_rows_inline(
        &self,
        state: &mut State,
        args: &mut [Arg<'_>],
        rows: Range<usize>,
    ) -> Result<(), Failure> {
        let _ = (state, args, rows);
        Ok(())
    }

    /// Runs a Func whose parameters are all scalars: `args` holds the bits
    /// of each ([`Const::bits`]), `results` receives the bits of each result.
    /// Allocates nothing unless it fails.
    ///
    /// # Errors
    /// The failure of the first failing guard; `results` is then unspecified.
    ///
    /// # Panics
    /// When there is an array parameter or the numbers of arguments or
    /// results are not the Func's.
    pub fn call(
        &self,
        state: &mut State,
        args: &[u64],
        results: &mut [u64],
    ) -> Result<(), Failure> {
        self.call_inline(state, args, results)
    }

    /// [`call`](Program::call), compiled into its caller.
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    pub fn call_inline(
        &self,
        state: &mut State,
        args: &[u64],
        results: &mut [u64],
    ) -> Result<(), Failure> {
        let _ = (state, args, results);
        Ok(())
    }

    /// Runs any Func once, arrays and loops included.
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
        self.run_inline(state, args, results)
    }

    /// [`run`](Program::run), compiled into its caller.
    ///
    /// # Errors
    /// As there.
    #[inline(always)]
    pub fn run_inline(
        &self,
        state: &mut State,
        args: &mut [Arg<'_>],
        results: &mut [u64],
    ) -> Result<(), Failure> {
        let _ = (state, args, results);
        Ok(())
    }
}

impl State {
    /// The flag that ends a call early when it is raised: looked at between
    /// blocks of rows, and once in 1,024 rounds of a loop.
    pub fn set_stop(&mut self, stop: Option<Arc<AtomicBool>>) {
        let _ = stop;
    }
}
