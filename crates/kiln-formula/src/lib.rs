//! Formula text for kiln: lexer, parser, checker and lowering to the IR.
//!
//! `text -> tokens -> tree -> types -> kiln_ir::Func`, each step its own file
//! and none of them recursive. [`parse`] needs no types and says everything
//! that can be said about the text alone; [`Formula::lower`] takes the types of
//! the inputs and gives a scalar Func. Problems are data, see [`Diagnostic`].
//!
//! ```
//! use kiln_formula::{Formula, InputType, Options};
//! use kiln_ir::Scalar;
//!
//! let formula: Formula = "total = qty * price * (1 - disc)".parse()?;
//! assert!(formula.inputs().eq(["qty", "price", "disc"]));
//!
//! let f64 = InputType::new(Scalar::F64);
//! let inputs = [("qty", InputType::new(Scalar::I32)), ("price", f64), ("disc", f64.nullable())];
//! let lowered = formula.lower(&inputs, &Options::new())?;
//! assert_eq!(lowered.outputs[0].name, "total");
//! assert!(lowered.outputs[0].nullable);
//!
//! let problems = "qty * (1 - disc".parse::<Formula>().unwrap_err();
//! assert_eq!(problems.first().code.as_str(), "K0112");
//! # Ok::<(), kiln_formula::Diagnostics>(())
//! ```
//!
//! Absent on purpose: evaluation (the tiers do that), arrays (the engine maps
//! scalar Funcs over columns) and functions of the caller's own.

#![forbid(unsafe_code)]

mod ast;
mod check;
mod code;
mod diagnostic;
mod formula;
mod language;
mod lex;
mod limits;
mod lower;
mod parse;
mod range;
mod render;
mod span;
mod suggest;
mod token;
mod types;

pub use code::{Code, Severity};
pub use diagnostic::{Diagnostic, Diagnostics, Label, MAX_DIAGNOSTICS, Suggestion};
pub use formula::{Formula, Offender};
pub use language::{
    ANY_NUMBER, CONSTANTS, ConstantInfo, ConstantValue, FUNCTIONS, Fixity, Function, FunctionInfo,
    KEYWORDS, OPERATORS, OperatorInfo, Shape,
};
pub use limits::Limits;
pub use lower::{
    Lowered, Options, OutputInfo, Overflow, Param, Scan, Single, Stage, Total, Totals,
};
pub use parse::parse;
pub use span::{Place, Span};
pub use suggest::nearest;
pub use types::InputType;
