//! Formula text for kiln: lexer, parser, checker and lowering to the IR.
//!
//! `text -> tokens -> tree -> types -> kiln_ir::Func`, each step its own file
//! and none of them recursive. [`parse`] needs no types and says everything
//! that can be said about the text alone; [`Formula::lower`] takes the types of
//! the inputs and gives a scalar Func. Problems are data, see [`Diagnostic`].
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
pub use lower::{Lowered, Options, OutputInfo, Overflow};
pub use parse::parse;
pub use span::{Place, Span};
pub use suggest::nearest;
pub use types::InputType;
