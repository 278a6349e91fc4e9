//! The builder: a computation written as Rust expressions over typed handles.
//!
//! A [`Var`] is a value of the computation being built; operators and methods
//! on it add nodes. What they mean is what the ops of the language mean (the
//! table in docs/ir.md): floats as IEEE 754 says, integers wrap, `x / 0` is 0
//! for integers, `min` and `max` let NaN through. A condition that must hold is
//! a [`guard`](Builder::guard).
//!
//! Absent on purpose: type inference at run time (a `Var<f64>` is one to rustc)
//! and missing values, which belong to formulas.

mod var;

pub use var::{Literal, Var};

use crate::error::Error;
use crate::func::Func;
use kiln_formula::OutputInfo;
use kiln_ir::{Fault, FaultKind, FuncBuilder, NodeId, Scalar};
use kiln_runtime::Element;
use std::cell::RefCell;

/// Builds one [`Func`]; see [`build`] for the short way.
///
/// ```
/// let b = kiln::Builder::new("polar");
/// let (x, y) = (b.input::<f64>("x"), b.input::<f64>("y"));
/// b.output("r", (x * x + y * y).sqrt());
/// b.output("angle", y.atan2(x));
/// let polar = b.finish()?;
/// assert_eq!(polar.outputs().collect::<Vec<_>>(), ["r", "angle"]);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Debug)]
pub struct Builder {
    state: RefCell<State>,
}

#[derive(Debug)]
struct State {
    func: FuncBuilder,
    inputs: Vec<(String, Scalar)>,
    outputs: Vec<(String, NodeId)>,
}

/// Builds a [`Func`] with one output, called `result`.
///
/// ```
/// let f = kiln::build(|b| {
///     let x = b.input::<f64>("x");
///     x * 2.0 + x.sin()
/// })?;
/// let f = f.typed::<fn(f64) -> f64>(["x"])?;
/// assert_eq!(f.call(0.0), 0.0);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// # Errors
/// As for [`Builder::finish`].
pub fn build<T: Element>(
    body: impl for<'b> FnOnce(&'b Builder) -> Var<'b, T>,
) -> Result<Func, Error> {
    let builder = Builder::new("built");
    let result = body(&builder).id();
    builder
        .state
        .borrow_mut()
        .outputs
        .push(("result".to_owned(), result));
    builder.finish()
}

impl Builder {
    /// Starts a computation of this name.
    pub fn new(name: &str) -> Builder {
        Builder {
            state: RefCell::new(State {
                func: FuncBuilder::new(name),
                inputs: Vec::new(),
                outputs: Vec::new(),
            }),
        }
    }

    /// Adds an input; the same name again, in the same type, is the same input.
    ///
    /// # Panics
    /// When there is an input of this name with another type.
    pub fn input<T: Element>(&self, name: &str) -> Var<'_, T> {
        let mut state = self.state.borrow_mut();
        let id = match state.inputs.iter().position(|(known, _)| known == name) {
            Some(index) => {
                let scalar = state.inputs[index].1;
                assert_eq!(scalar, T::SCALAR, "input `{name}` has another type");
                state.func.param(index as u32)
            }
            None => {
                state.inputs.push((name.to_owned(), T::SCALAR));
                state.func.scalar_param(name, T::SCALAR)
            }
        };
        drop(state);
        Var::new(self, id)
    }

    /// A constant.
    pub fn constant<T: Element>(&self, value: T) -> Var<'_, T> {
        let id = self.state.borrow_mut().func.constant(value.to_const());
        Var::new(self, id)
    }

    /// Adds an output.
    ///
    /// # Panics
    /// When there is an output of this name, or the value is another builder's.
    pub fn output<T: Element>(&self, name: &str, value: Var<'_, T>) {
        assert!(value.is_of(self), "the value is another builder's");
        let mut state = self.state.borrow_mut();
        let taken = state.outputs.iter().any(|(known, _)| known == name);
        assert!(!taken, "output `{name}` exists already");
        state.outputs.push((name.to_owned(), value.id()));
    }

    /// Ends the call with an error that says `message` unless `condition` holds.
    ///
    /// # Panics
    /// When the condition is another builder's.
    pub fn guard(&self, condition: Var<'_, bool>, message: &str) {
        assert!(condition.is_of(self), "the condition is another builder's");
        let func = &mut self.state.borrow_mut().func;
        let fault = func.fault(Fault {
            kind: FaultKind::Assert,
            message: message.to_owned(),
            span: None,
        });
        func.guard(condition.id(), fault, &[]);
    }

    /// Closes the computation.
    ///
    /// # Errors
    /// When it has no output.
    pub fn finish(self) -> Result<Func, Error> {
        let state = self.state.into_inner();
        if state.outputs.is_empty() {
            return Err(Error::no_output());
        }
        let (names, ids): (Vec<String>, Vec<NodeId>) = state.outputs.into_iter().unzip();
        let func = state.func.finish(&ids);
        let info = |(name, ty): (String, &kiln_ir::Type)| OutputInfo {
            name,
            scalar: ty.scalar,
            nullable: false,
        };
        let outputs = names.into_iter().zip(func.results()).map(info).collect();
        Ok(Func::new(func, outputs))
    }
}
