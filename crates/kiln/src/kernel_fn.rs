//! [`KernelFn`]: what stands behind a `#[kernel]` function.

use crate::engine::Engine;
use crate::error::Error;
use crate::expand::{Params, Result as Returned, SIDES};
use crate::func::Func;
use kiln_ir::{Const, FaultKind, Scalar};
use kiln_runtime::{ArrayKernel, Fault, RuntimeError};
use std::fmt;
use std::marker::PhantomData;

/// Results of a call that need no heap.
const INLINE: usize = 16;

/// A `#[kernel]` function on an engine, with its parameters `P`, a tuple of
/// types, and its result `R`. Cheap to clone.
///
/// ```
/// #[kiln::kernel]
/// fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
///     for i in 0..y.len() {
///         y[i] += a * x[i];
///     }
/// }
///
/// let engine = kiln::Engine::default();
/// let (x, mut y) = ([1.0, 2.0], [0.5, 0.5]);
/// axpy::on(&engine).call((2.0, &x, &mut y))?;
/// assert_eq!(y, [2.5, 4.5]);
/// println!("{}", axpy::kernel().func());
/// # Ok::<(), kiln::Error>(())
/// ```
pub struct KernelFn<P, R> {
    func: Func,
    kernel: Result<ArrayKernel, RuntimeError>,
    function: PhantomData<fn(P) -> R>,
}

impl<P: Params, R: Returned> KernelFn<P, R> {
    pub(crate) fn new(engine: &Engine, func: Func) -> KernelFn<P, R> {
        KernelFn {
            kernel: engine.runtime().arrays(func.ir().clone()),
            func,
            function: PhantomData,
        }
    }

    /// Calls it; the arguments are a tuple.
    ///
    /// # Errors
    /// Where the function would panic: the fault. What was stored before it
    /// is stored, and nothing after it. A function larger than the engine's
    /// limits.
    pub fn call(&self, args: P::Args<'_>) -> Result<R, Error> {
        let kernel = self.kernel.as_ref().map_err(Clone::clone)?;
        let mut inline = [Const::zero(Scalar::Bool); INLINE];
        let mut heap = Vec::new();
        let count = self.func.outputs().len();
        let results = if count <= INLINE {
            &mut inline[..count]
        } else {
            heap.resize(count, Const::zero(Scalar::Bool));
            &mut heap[..]
        };
        P::with(args, |args| kernel.call(args, results))?;
        let slots: Vec<u64> = results.iter().map(|result| result.bits()).collect();
        Ok(R::of_slots(&mut slots.iter()))
    }

    /// Calls it as the function in the source is called.
    ///
    /// # Panics
    /// Where that would, with the same message; and where
    /// [`call`](Self::call) gives another error.
    #[track_caller]
    pub fn call_or_panic(&self, args: P::Args<'_>) -> R {
        match self.call(args) {
            Ok(value) => value,
            Err(error) => fail(&error),
        }
    }

    /// The computation; prints as the text of kiln's language.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Makes native code now, so that the first call is as fast as the next.
    /// Whether there is some.
    pub fn prepare(&self) -> bool {
        let kernel = self.kernel.as_ref().ok();
        kernel.is_some_and(|kernel| kernel.prepare().is_some())
    }
}

impl<P, R> Clone for KernelFn<P, R> {
    fn clone(&self) -> Self {
        KernelFn {
            func: self.func.clone(),
            kernel: self.kernel.clone(),
            function: PhantomData,
        }
    }
}

impl<P, R> fmt::Debug for KernelFn<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KernelFn(@{})", self.func.ir().name())
    }
}

#[cold]
#[track_caller]
fn fail(error: &Error) -> ! {
    match error.fault() {
        Some(fault) => panic!("{}", panic_message(fault)),
        None => panic!("{error}"),
    }
}

/// What the function in the source would say where this fault is.
fn panic_message(fault: &Fault) -> String {
    let message = &fault.message;
    match (fault.kind, &fault.operands[..]) {
        (FaultKind::Index, [index, len, ..]) => {
            let unsigned = |value: &Const| value.bits();
            let (index, len) = (unsigned(index), unsigned(len));
            format!("index out of bounds: the len is {len} but the index is {index}")
        }
        (FaultKind::Assert, [left, right]) if message.contains("= {}") => {
            let shown = message.replacen("{}", &debug(*left), 1);
            shown.replacen("{}", &debug(*right), 1)
        }
        (FaultKind::Assert, [left, right]) => {
            let (left, right) = (debug(*left), debug(*right));
            let message = message.rfind(SIDES).map_or(&**message, |at| &message[..at]);
            format!("{message}\n  left: {left}\n right: {right}")
        }
        _ => message.clone(),
    }
}

/// A value as `{:?}` shows it.
fn debug(value: Const) -> String {
    match (value.as_f64(), value.as_f32()) {
        (Some(value), _) => format!("{value:?}"),
        (_, Some(value)) => format!("{value:?}"),
        _ => match value.as_bool() {
            Some(value) => value.to_string(),
            None => value.as_int().map_or_else(String::new, |v| v.to_string()),
        },
    }
}
