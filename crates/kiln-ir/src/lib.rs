//! The language of kiln: types, ops, Func, builder, text form, verifier, and
//! one meaning per op.
//!
//! A [`Func`] is a small typed program: an arena of nodes in structured SSA.
//! Pure nodes float and are merged by structure; a schedule gives each its
//! place. The crate depends on no other kiln crate but kiln-math, performs no
//! input or output, and knows nothing of any processor.

#![forbid(unsafe_code)]

mod access;
mod bounds;
mod builder;
mod constant;
mod elementwise;
mod func;
mod jam;
mod lex;
pub mod meaning;
mod nest;
mod op;
mod parse;
mod poly;
mod print;
mod range;
mod rewrite;
mod schedule;
mod signature;
mod strip;
mod tree;
mod types;
mod verify;

pub use access::{guard_accesses, is_guarded};
pub use bounds::{Bounds, Context, IndexGuard, Unproved, always_inside, check_accesses};
pub use builder::FuncBuilder;
pub use constant::Const;
pub use elementwise::{Column, as_row_loop, elementwise, recurrence, reduction};
pub use func::{
    ArrayRef, CallArg, Combine, Fault, FaultId, FaultKind, Func, LOCALS_BYTES_MAX, Local, Node,
    NodeId, Operands, Param, Region, RegionId, Shape, Site, Span,
};
pub use jam::{Jam, jam, moved_by};
pub use nest::Nest;
pub use op::{Class, OPS, Op, OpInfo, POWI_MAX, Rule, TypeError};
pub use parse::{NESTING_MAX, ParseError, ParseErrorKind, parse, parse_file};
pub use poly::Poly;
pub use print::FILE_HEADER;
pub use range::{Interval, Ranges};
pub use rewrite::{
    Choice, Counted, CountedPart, Keep, Reduced, Rewrite, Tile, copy_path, inline, rewrite,
    same_params,
};
pub use schedule::Schedule;
pub use signature::Signature;
pub use strip::{
    Accesses, INNER_MAX, Places, Row, Strip, StripInput, Walk, constant_rounds, cut, is_even,
    is_lane, lanes_at, rounds_at_once, strip_loop,
};
pub use tree::tree;
pub use types::{Access, ArrayType, Layout, ParamType, Scalar, Type};
pub use verify::{VerifyError, Violation, verify};
