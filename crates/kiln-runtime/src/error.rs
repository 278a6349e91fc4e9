//! Why a kernel could not be made or called.
//!
//! A failure to make machine code is not here: it ends in the interpreter and
//! in [`Stats`](crate::Stats), never in an error.

use kiln_ir::{Const, FaultKind, Scalar, Span, VerifyError};
use std::fmt;
use thiserror::Error;

/// A guard of the computation failed: an overflow, a division by zero, a
/// condition that the source states.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// What kind of thing went wrong.
    pub kind: FaultKind,
    /// What was being computed, in the words of the source.
    pub message: String,
    /// The row that failed, the lowest of them; `None` for a call of one row.
    pub row: Option<usize>,
    /// The values that the guard shows, at that row.
    pub operands: Vec<Const>,
    /// Where in the source.
    pub span: Option<Span>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(row) = self.row {
            write!(f, " in row {row}")?;
        }
        for (index, value) in self.operands.iter().enumerate() {
            let separator = if index == 0 { ": " } else { ", " };
            write!(f, "{separator}{value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// Why a kernel could not be made or called.
#[derive(Clone, PartialEq, Debug, Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// A guard failed. Rows before it are computed, where there are outputs
    /// to see them in; none from it on is.
    #[error(transparent)]
    Fault(Box<Fault>),
    /// The computation is larger than the engine's limits allow.
    #[error("{found} {what} exceed the limit of {limit}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The Func breaks the rules of the language.
    #[error("the function is not valid")]
    Invalid(#[from] VerifyError),
    /// The Func has array parameters or arrays of its own, and what was asked
    /// for takes a function of one row.
    #[error("@{name} is not a function of one row: it has arrays")]
    Arrays {
        /// The name of the Func.
        name: String,
    },
    /// A wrong number of arguments or of outputs.
    #[error("expected {expected} {what}, found {found}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// The number needed.
        expected: usize,
        /// The number given.
        found: usize,
    },
    /// An argument or an output of the wrong type.
    #[error("{name} is {expected}, not {found}")]
    Type {
        /// The parameter, or the result by its number.
        name: String,
        /// The type it has.
        expected: Scalar,
        /// The type given.
        found: Scalar,
    },
    /// A column with another number of rows than the others.
    #[error("{name} has {found} rows, the others {expected}")]
    Length {
        /// The parameter, or the result by its number.
        name: String,
        /// The number of rows of the others.
        expected: usize,
        /// The number of rows given.
        found: usize,
    },
    /// A column that is written overlaps another one. Columns are numbered
    /// from 0, arguments before outputs.
    #[error("column {written} is written and overlaps column {other}")]
    Overlap {
        /// The column that is written.
        written: usize,
        /// The other one.
        other: usize,
    },
    /// A result that cannot be written over a parameter: there is none of
    /// this number, or two parameters are to be updated by it.
    #[error("{name} cannot be updated by result {result}")]
    Update {
        /// The parameter.
        name: String,
        /// The number of the result.
        result: usize,
    },
    /// The function pointer type asked for does not fit the Func.
    #[error("@{name} is {found}, not {asked}")]
    Signature {
        /// The name of the Func.
        name: String,
        /// Its signature.
        found: String,
        /// What was asked for.
        asked: String,
    },
    /// The function pointer type asked for cannot return the Func's errors.
    #[error("@{name} can fail ({what}): ask for a function that returns a Result")]
    Fallible {
        /// The name of the Func.
        name: String,
        /// A fault that it may report.
        what: String,
    },
    /// A strided view that reaches outside its slice.
    #[error("a view of {len} elements from {start} on, {step} apart, leaves its slice of {slice}")]
    Strided {
        /// The first element.
        start: usize,
        /// The distance between two elements.
        step: isize,
        /// The number of elements.
        len: usize,
        /// The number of elements of the slice.
        slice: usize,
    },
    /// An access outside an array, which a valid function of one row does
    /// not hold.
    #[error("index {index:?} lies outside an array")]
    Access {
        /// One index per dimension.
        index: Vec<i64>,
    },
    /// The call was stopped before it was done.
    #[error("the call was stopped")]
    Stopped,
    /// There is no machine code to show.
    #[error("{what}")]
    Code {
        /// Why not.
        what: String,
    },
    /// No tier runs this Func.
    #[error("the interpreter does not run {what}")]
    Unsupported {
        /// What it holds.
        what: String,
    },
}

impl From<Fault> for RuntimeError {
    fn from(fault: Fault) -> RuntimeError {
        RuntimeError::Fault(Box::new(fault))
    }
}
