//! Numeric formulas and functions, known only while a program runs, compiled
//! to native code for the processor it runs on.
//!
//! - [`kernel`](macro@kernel): a numeric function of Rust, compiled for the
//!   processor at hand.
//! - [`Formula`]: a formula's text. [`Builder`] and [`build`]: the same from
//!   Rust expressions.
//! - [`Engine::typed`]: a function of stated types, one indirect call away.
//! - [`Kernel`]: types known only at run time; `call` for one row, `map` for
//!   columns, `map_into` for columns that exist, `update` over the inputs.
//! - [`ArrayView`], [`ArrayViewMut`]: arrays of several dimensions in kernels.
//! - [`ArrayKernel`]: loops and arrays from the builder, called with views.
//! - [`sum`], [`product`], [`dot`], [`mean`], [`var`], [`std_dev`], [`min`],
//!   [`max`], [`argmin`], [`argmax`], [`logsumexp`], [`any`], [`all`],
//!   [`count`]: reductions whose bits depend on the values alone. [`axis`]: the
//!   same along one axis of an array.
//! - [`cumsum`], [`cumprod`], [`cummax`], [`cummin`]: running totals, in order.
//! - [`border`]: what stands for neighbours that there are not.
//! - [`random`]: random numbers that need no state, in kernels and beside them.
//! - [`Dispatcher`]: such a kernel for each of the types it is called with.
//! - [`Record`]: a struct whose fields are the inputs.
//! - [`eval`]: one formula, one row, once.
//!
//! The first call compiles, and later ones find the code. The interpreter
//! gives the same bits, and answers where no code can be made. Inputs meet
//! arguments by name, never by the order of the alphabet. Every handle is
//! `Clone + Send + Sync` and cheap to clone.
//!
//! ```
//! let f: kiln::Formula = "qty * price * (1 - disc)".parse()?;
//! let net = f.typed::<fn(f64, f64, f64) -> f64>(["qty", "price", "disc"])?;
//! assert_eq!(net.call(4.0, 2.5, 0.5), 5.0);
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! Absent on purpose: types of the code generator, of Arrow and of other array
//! libraries; the module `ndarray`, behind the feature of that name, is the one
//! place where those of ndarray are named.

#![forbid(unsafe_code)]

mod array_view;
mod arrays;
pub mod axis;
pub mod border;
mod broadcast;
mod build;
mod column;
mod dispatcher;
mod element;
mod engine;
mod error;
mod eval;
#[doc(hidden)]
pub mod expand;
mod formula;
mod func;
mod inputs;
mod kernel;
mod kernel_fn;
mod line;
#[cfg(feature = "ndarray")]
pub mod ndarray;
mod par;
pub mod random;
pub mod record;
mod reduce;
mod scan;
mod source;
mod totals;
mod typed;
mod value;

pub use array_view::{ArrayView, ArrayViewMut};
pub use arrays::ArrayKernel;
pub use broadcast::Arrays;
pub use build::{Array, ArrayMut, Builder, Index, Literal, Operand, Results, Var, Vars, build};
pub use column::{Column, ColumnBuf, ColumnMut, Columns};
pub use dispatcher::Dispatcher;
pub use element::{Bits, Int, Number, Real, Signed};
pub use engine::{Engine, EngineBuilder};
pub use error::Error;
pub use eval::eval;
#[doc(hidden)]
pub use expand::reduce::{
    all, any, argmax, argmin, count, dot, logsumexp, max, mean, min, product, std_dev, sum, var,
};
#[doc(hidden)]
pub use expand::scan::{cummax, cummin, cumprod, cumsum};
pub use formula::Formula;
pub use func::Func;
pub use inputs::Inputs;
pub use kernel::{Kernel, Positional};
pub use kernel_fn::KernelFn;
#[cfg(feature = "macros")]
pub use kiln_macros::kernel;
pub use line::Line;
pub use par::par;
pub use record::{Record, RecordKernel};
pub use reduce::{
    all, any, argmax, argmin, count, dot, logsumexp, max, mean, min, product, std_dev, sum, var,
};
pub use scan::{cummax, cummin, cumprod, cumsum};
pub use source::Source;
pub use value::{Value, Values};

pub use kiln_formula::{
    Code, Diagnostic, InputType, Label, OutputInfo, Overflow, Place, Severity, Span, Suggestion,
};
pub use kiln_ir::{Access, ArrayType, Combine, FaultKind, Layout, ParamType, Scalar, Shape, Site};
#[cfg(feature = "jit")]
pub use kiln_runtime::Explanation;
pub use kiln_runtime::{
    Arg, CFunction, Element, Fault, Function, GlobalError, Level, Limits, Output, Parallel, Policy,
    Ran, Stats, Stop, Tier, Typed, View, ViewMut,
};

/// The mathematical functions as plain Rust functions of `f64` and `f32`, with
/// the bits that they have in kernels and formulas.
///
/// ```
/// let y = kiln::math::exp(0.5);
/// let formula: kiln::Formula = "exp(x)".parse()?;
/// assert_eq!(formula.typed::<fn(f64) -> f64>(["x"])?.call(0.5), y);
/// # Ok::<(), kiln::Error>(())
/// ```
pub mod math {
    #[doc(hidden)]
    pub use crate::expand::math::*;
    pub use kiln_runtime::math::*;
}

/// The words of formulas, as tables: functions, operators, constants.
pub mod language {
    pub use kiln_formula::{
        CONSTANTS, ConstantInfo, ConstantValue, FUNCTIONS, Fixity, FunctionInfo, KEYWORDS,
        OPERATORS, OperatorInfo,
    };
}

/// The README's Rust code is tested as everything else is.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So is the code of the guide.
#[cfg(all(doctest, feature = "macros"))]
mod guide {
    #[doc = include_str!("../../../docs/guide/kernels.md")]
    struct Kernels;
    #[doc = include_str!("../../../docs/guide/from-numba.md")]
    struct FromNumba;
    #[doc = include_str!("../../../docs/guide/errors.md")]
    struct Errors;
    #[doc = include_str!("../../../docs/guide/testing.md")]
    struct Testing;
    #[doc = include_str!("../../../docs/guide/arrays.md")]
    struct Arrays;
    #[doc = include_str!("../../../docs/guide/threads.md")]
    struct Threads;
}
