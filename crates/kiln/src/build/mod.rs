//! The builder: a computation written as Rust expressions over typed handles.
//!
//! A [`Var`] is a value of the computation being built; operators and methods
//! on it add nodes. What they mean is what the ops of the language mean (the
//! table in docs/ir.md): floats as IEEE 754 says, integers wrap, `x / 0` is 0
//! for integers, `min` and `max` let NaN through. A condition that must hold is
//! a [`guard`](Builder::guard). An [`Array`] is a parameter with dimensions;
//! every index into it is guarded.
//!
//! Absent on purpose: type inference at run time (a `Var<f64>` is one to rustc)
//! and missing values, which belong to formulas.

mod array;
mod call;
mod control;
mod var;

pub use array::{Array, ArrayMut, Index};
pub use call::{Operand, Results};
pub use control::Vars;
pub use var::{Literal, Var};

use crate::error::Error;
use crate::func::Func;
use kiln_formula::OutputInfo;
use kiln_ir::{Access, ArrayRef, Fault, FaultKind, FuncBuilder, NodeId, ParamType};
use kiln_runtime::Element;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;

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
    inputs: Vec<(String, ParamType)>,
    outputs: Vec<(String, NodeId)>,
    /// One for each open region: the accesses that were guarded there.
    scopes: Vec<Scope>,
}

/// Accesses and the last guard of each.
type Scope = HashMap<(ArrayRef, Vec<NodeId>), Option<NodeId>>;

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
                scopes: vec![Scope::new()],
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
                let ty = state.inputs[index].1;
                let is_same = ty == ParamType::Scalar(T::SCALAR);
                assert!(is_same, "input `{name}` has another type");
                state.func.param(index as u32)
            }
            None => {
                let ty = ParamType::Scalar(T::SCALAR);
                state.inputs.push((name.to_owned(), ty));
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
    #[track_caller]
    pub fn guard(&self, condition: Var<'_, bool>, message: &str) {
        self.guard_as(FaultKind::Assert, condition, message, &[]);
    }

    /// As [`guard`](Builder::guard), with an error that shows values, at most
    /// four.
    ///
    /// ```
    /// let b = kiln::Builder::new("share");
    /// let (part, all) = (b.input::<i64>("part"), b.input::<i64>("all"));
    /// b.guard_showing(part.le(all), "a part is more than all", (part, all));
    /// b.output("share", part.cast::<f64>() / all.cast::<f64>());
    /// let share = b.finish()?.kernel();
    /// let error = share.call(&[("part", 3i64), ("all", 2)]).unwrap_err();
    /// assert_eq!(error.to_string(), "a part is more than all: 3, 2");
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Panics
    /// When a value is another builder's, or there are more than four.
    #[track_caller]
    pub fn guard_showing<'b>(
        &'b self,
        condition: Var<'b, bool>,
        message: &str,
        values: impl Vars<'b>,
    ) {
        let values = self.ids(values);
        self.guard_as(FaultKind::Assert, condition, message, &values);
    }

    #[track_caller]
    fn guard_as(
        &self,
        kind: FaultKind,
        condition: Var<'_, bool>,
        message: &str,
        values: &[NodeId],
    ) {
        assert!(condition.is_of(self), "the condition is another builder's");
        let func = &mut self.state.borrow_mut().func;
        let fault = func.fault(Fault {
            kind,
            message: message.to_owned(),
            span: None,
            site: Some(Arc::new(Location::caller().into())),
        });
        func.guard(condition.id(), fault, values);
    }

    /// Opens a region with a method of the builder beneath.
    fn open<R>(&self, begin: impl FnOnce(&mut FuncBuilder) -> R) -> R {
        let mut state = self.state.borrow_mut();
        state.scopes.push(Scope::new());
        begin(&mut state.func)
    }

    /// Forgets what was guarded in the region that is closed next.
    fn close(&self) {
        self.state.borrow_mut().scopes.pop();
    }

    /// Closes the computation.
    ///
    /// # Errors
    /// When it has no output and writes no array.
    pub fn finish(self) -> Result<Func, Error> {
        let state = self.state.into_inner();
        let is_written = |ty: ParamType| ty.as_array().is_some_and(|a| a.access == Access::Mut);
        if state.outputs.is_empty() && !state.inputs.iter().any(|(_, ty)| is_written(*ty)) {
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
