//! Why a kernel could not be made or called.
//!
//! A failure to make machine code is not here: it ends in the interpreter and
//! in [`Stats`](crate::Stats), never in an error.

use kiln_ir::{Const, FaultKind, ParamType, Scalar, Site, Span, VerifyError};
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// A guard of the computation failed: an overflow, a division by zero, a
/// condition that the source states.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// What kind of thing went wrong.
    pub kind: FaultKind,
    /// What was being computed, in the words of the source.
    pub message: String,
    /// The kernel, where it has a name: that of its Func.
    pub kernel: Option<String>,
    /// The row that failed, the lowest of them; `None` for a call of one row.
    pub row: Option<usize>,
    /// The values that the guard shows, at that row.
    pub operands: Vec<Const>,
    /// Where in the source, if that is a text of its own.
    pub span: Option<Span>,
    /// Where in the source, if that is a file of a program.
    pub site: Option<Arc<Site>>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((index, length)) = self.index().zip(self.length()) {
            let array = &self.message;
            write!(f, "index {index} is outside {array} of length {length}")?;
            if let Some(dim) = self.dimension() {
                write!(f, " in dimension {dim}")?;
            }
            return self.place(f);
        }
        f.write_str(&self.message)?;
        self.place(f)?;
        for (index, value) in self.operands.iter().enumerate() {
            let separator = if index == 0 { ": " } else { ", " };
            write!(f, "{separator}{value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// What a fault of the kind [`FaultKind::Index`] says: its message is what the
/// source calls the array, its operands are the index, the length and, in an
/// array of several dimensions, the dimension.
impl Fault {
    /// The array that has no such element, as the source calls it.
    pub fn array(&self) -> Option<&str> {
        self.index().map(|_| self.message.as_str())
    }

    /// The index that is outside its array.
    pub fn index(&self) -> Option<i64> {
        self.of_index(0)
    }

    /// The extent of the array in that dimension.
    pub fn length(&self) -> Option<i64> {
        self.of_index(1)
    }

    /// The dimension, in an array of several.
    pub fn dimension(&self) -> Option<i64> {
        self.of_index(2)
    }

    fn of_index(&self, operand: usize) -> Option<i64> {
        let value = self.operands.get(operand)?.as_int()?;
        (self.kind == FaultKind::Index).then(|| i64::try_from(value).ok())?
    }

    fn place(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(row) = self.row {
            write!(f, " in row {row}")?;
        }
        match &self.kernel {
            Some(kernel) => write!(f, " in @{kernel}"),
            None => Ok(()),
        }
    }
}

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
    /// A view that reaches outside its buffer, or a window outside its
    /// dimension.
    #[error("the view reaches index {farthest} of {len} elements")]
    Reach {
        /// The index that is farthest outside.
        farthest: i128,
        /// The number of elements there are.
        len: usize,
    },
    /// A shape that does not have as many elements as there are.
    #[error("{found} elements do not make the shape {shape:?}")]
    Elements {
        /// The shape.
        shape: Vec<usize>,
        /// The number of elements there are.
        found: usize,
    },
    /// A dimension that a view does not have.
    #[error("there is no dimension {dim} in a view of {rank}")]
    Dimension {
        /// The dimension asked for.
        dim: usize,
        /// The number of dimensions.
        rank: usize,
    },
    /// An order of dimensions that does not name each one once.
    #[error("{dims:?} is no order of {rank} dimensions")]
    Permutation {
        /// The order.
        dims: Vec<usize>,
        /// The number of dimensions.
        rank: usize,
    },
    /// A view that does not broadcast to a shape.
    #[error("the shape {from:?} does not broadcast to {to:?}")]
    Broadcast {
        /// The shape of the view.
        from: Vec<usize>,
        /// The shape asked for.
        to: Vec<usize>,
    },
    /// An output of a map that is no array, or one that may only be read.
    #[error("output {index} is not to be written")]
    ReadOnly {
        /// Which output.
        index: usize,
    },
    /// A view to be written of which two elements are one.
    #[error("two elements of a view to be written are one: shape {shape:?}, strides {strides:?}")]
    SelfOverlap {
        /// The shape.
        shape: Vec<usize>,
        /// The strides, in elements.
        strides: Vec<isize>,
    },
    /// An argument of a kernel that is no scalar where one is needed, or of
    /// other dimensions, or not to be written where it has to be.
    #[error("{name} is {expected}, not {found}")]
    Argument {
        /// The parameter.
        name: String,
        /// What it takes.
        expected: ParamType,
        /// What was given, in the same words.
        found: ParamType,
    },
    /// Two arguments share memory, and one is to be written.
    #[error("{written} is written and overlaps {other}")]
    SharedMemory {
        /// The parameter whose argument is written.
        written: String,
        /// The other parameter.
        other: String,
    },
    /// A function of arrays was to run in pieces on several threads, and its
    /// rounds are not seen to be independent.
    #[error("@{name} does not come in pieces")]
    NotInPieces {
        /// The function.
        name: String,
        /// Why not.
        #[source]
        why: Box<kiln_opt::NotInPieces>,
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
    /// The system gave no thread to keep deadlines.
    #[error("no thread to keep the time: {what}")]
    Thread {
        /// What the system says.
        what: String,
    },
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
