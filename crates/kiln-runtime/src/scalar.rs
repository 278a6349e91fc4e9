//! A function of one row, called one row at a time.
//!
//! A Func that gives one result and cannot fail has a direct entry: a plain
//! function of its arguments, which [`Typed`](crate::Typed)
//! calls through one pointer. Every other one is called through a frame on
//! the stack. Neither way takes a lock or allocates once the code is there.

#![allow(
    unsafe_code,
    reason = "calling machine code through a pointer with the types of its Func"
)]

use crate::budget::{Admitted, admit};
use crate::cache::Key;
use crate::columns::{check_type, scalar_of};
use crate::direct_entry::DirectEntry;
use crate::engine::{Engine, Native, Shared};
use crate::error::RuntimeError;
use crate::interpret::Interpreted;
use crate::level::Ran;
use crate::native::{Compiled, Form, Request};
use kiln_ir::{Const, Func, Scalar, Signature};
use std::fmt;
use std::sync::{Arc, OnceLock};
#[cfg(feature = "jit")]
use {
    crate::columns::ran,
    crate::fpenv,
    crate::frame::{Frame, RowFrame},
    crate::helpers::{self, HelperFn},
    kiln_codegen::frame,
};

/// Arguments that a direct entry is called with at most.
pub(crate) const DIRECT_ARGS_MAX: usize = 12;
/// Slots of arguments and results that need no heap.
const SLOTS: usize = 16;

/// A function of one row, ready to be called. Cheap to clone; clones share
/// everything.
#[derive(Clone)]
pub struct ScalarKernel(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) engine: Arc<Shared>,
    pub(crate) func: Arc<Func>,
    pub(crate) admitted: Admitted,
    /// Whether arguments and the result are `f64`, so that a direct entry can
    /// be called by number of arguments alone.
    is_f64: bool,
    /// Leads to the direct entry, once there is one; `code` keeps that.
    pub(crate) direct: Arc<DirectEntry>,
    /// With a direct entry if that can be; `None` if there is none for good.
    code: OnceLock<Option<Arc<Compiled>>>,
    /// With a frame entry, for calls by slots where `code` has the other one.
    framed: OnceLock<Option<Arc<Compiled>>>,
    interpreted: OnceLock<Result<Interpreted, RuntimeError>>,
}

impl Engine {
    /// A kernel that calls a function of one row.
    ///
    /// # Errors
    /// When the Func is not valid, has arrays, or is larger than the engine's
    /// limits allow.
    pub fn scalar(&self, func: impl Into<Arc<Func>>) -> Result<ScalarKernel, RuntimeError> {
        let func = func.into();
        let admitted = admit(&func, self.limits())?;
        let params = || func.params().iter().map(|p| scalar_of(p.ty));
        let results = || func.results().iter().map(|ty| ty.scalar);
        let kernel = ScalarKernel(Arc::new(Inner {
            engine: self.0.clone(),
            admitted,
            is_f64: params().chain(results()).all(|s| s == Scalar::F64),
            direct: Arc::default(),
            code: OnceLock::new(),
            framed: OnceLock::new(),
            interpreted: OnceLock::new(),
            func,
        }));
        if self.0.is_eager() {
            kernel.prepare();
        }
        Ok(kernel)
    }
}

impl ScalarKernel {
    /// The function.
    pub fn func(&self) -> &Arc<Func> {
        &self.0.func
    }

    /// The types that it takes and gives.
    pub fn signature(&self) -> Signature {
        Signature::of(&self.0.func)
    }

    /// Makes native code now. Gives it, or `None` if there is none to be had.
    pub fn prepare(&self) -> Option<Arc<Compiled>> {
        self.0.prepare()?;
        self.0.code.get().cloned().flatten()
    }

    /// Calls the function; `results` is filled with one value per result.
    ///
    /// # Errors
    /// When the arguments do not fit in number or type, or there is not one
    /// place per result; the fault of the function. `results` is untouched
    /// then.
    pub fn call(&self, args: &[Const], results: &mut [Const]) -> Result<Ran, RuntimeError> {
        let inner = &*self.0;
        inner.check(args, results)?;
        let mut stack = [0; SLOTS];
        let mut heap = Vec::new();
        let all = args.len() + results.len();
        let slots = if all <= stack.len() {
            &mut stack[..all]
        } else {
            heap.resize(all, 0);
            &mut heap[..]
        };
        let (inputs, outputs) = slots.split_at_mut(args.len());
        for (slot, arg) in inputs.iter_mut().zip(args) {
            *slot = arg.bits();
        }
        let ran = inner.call(inputs, outputs)?;
        for ((result, ty), &slot) in results.iter_mut().zip(inner.func.results()).zip(&*outputs) {
            *result = Const::from_bits(ty.scalar, slot);
        }
        Ok(ran)
    }
}

impl fmt::Debug for ScalarKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScalarKernel(@{})", self.0.func.name())
    }
}

impl Inner {
    fn check(&self, args: &[Const], results: &[Const]) -> Result<(), RuntimeError> {
        let (params, types) = (self.func.params(), self.func.results());
        let counts = [
            ("arguments", params.len(), args.len()),
            ("results", types.len(), results.len()),
        ];
        for (what, expected, found) in counts {
            if expected != found {
                return Err(RuntimeError::Count {
                    what,
                    expected,
                    found,
                });
            }
        }
        for (param, arg) in params.iter().zip(args) {
            check_type(|| param.name.clone(), scalar_of(param.ty), arg.scalar())?;
        }
        Ok(())
    }

    /// Calls the function on slots that fit it.
    pub(crate) fn call(&self, args: &[u64], results: &mut [u64]) -> Result<Ran, RuntimeError> {
        if self.engine.is_native()
            && let Some(ran) = self.call_native(args, results)
        {
            return Ok(ran);
        }
        self.call_interpreted(args, results)?;
        Ok(Ran::INTERPRETED)
    }

    /// Calls native code; `None` if there is none, or if a guard failed,
    /// which the interpreter then reports.
    #[cfg(feature = "jit")]
    fn call_native(&self, args: &[u64], results: &mut [u64]) -> Option<Ran> {
        let first = known(&self.code).or_else(|| self.prepare())?;
        if first.direct().is_null() {
            return call_framed(first, args, results);
        }
        if !self.is_f64 {
            let framed = known(&self.framed).or_else(|| self.prepare_framed())?;
            return call_framed(framed, args, results);
        }
        let mut values = [0.0; DIRECT_ARGS_MAX];
        for (value, &slot) in values.iter_mut().zip(args) {
            *value = f64::from_bits(slot);
        }
        let values = &values[..args.len()];
        // SAFETY: the code is a function of as many `f64` as there are
        // arguments to an `f64` (`is_f64`), kept by `self.code`.
        let result = fpenv::with_default(|| unsafe { call_f64(first.direct(), values) });
        results[0] = result.to_bits();
        Some(ran(Some(first)))
    }

    #[cfg(not(feature = "jit"))]
    fn call_native(&self, _: &[u64], _: &mut [u64]) -> Option<Ran> {
        None
    }

    /// The program of the interpreter.
    #[inline]
    pub(crate) fn interpreted(&self) -> Result<&Interpreted, RuntimeError> {
        match self.interpreted.get() {
            Some(Ok(interpreted)) => Ok(interpreted),
            _ => self.interpret(),
        }
    }

    #[cold]
    fn interpret(&self) -> Result<&Interpreted, RuntimeError> {
        self.interpreted
            .get_or_init(|| Interpreted::new(&self.func))
            .as_ref()
            .map_err(Clone::clone)
    }

    #[cold]
    pub(crate) fn call_interpreted(
        &self,
        args: &[u64],
        results: &mut [u64],
    ) -> Result<(), RuntimeError> {
        let interpreted = self.interpreted()?;
        interpreted
            .call(args, results)
            .map_err(|failure| interpreted.error(failure, None))
    }

    /// The native code, made if it must be. From then on the direct entry leads to
    /// the direct entry, if it has one.
    #[cold]
    pub(crate) fn prepare(&self) -> Option<&Compiled> {
        let code = self.native(&self.code, Form::Scalar)?;
        #[cfg(feature = "jit")]
        if !code.direct().is_null() {
            self.engine.direct.add(&self.direct, code.direct());
        }
        Some(code)
    }

    #[cfg(feature = "jit")]
    #[cold]
    fn prepare_framed(&self) -> Option<&Compiled> {
        self.native(&self.framed, Form::Frame)
    }

    /// The code of one form, kept in `kept` once there is some, or once it is
    /// known that there will be none.
    fn native<'k>(
        &self,
        kept: &'k OnceLock<Option<Arc<Compiled>>>,
        form: Form,
    ) -> Option<&'k Compiled> {
        if let Some(code) = kept.get() {
            return code.as_deref();
        }
        let request = Request {
            form,
            func: &|| self.func.clone(),
        };
        let key: Key = format!("{form:?}\n{}", self.func).into();
        match self.engine.native(&key, request) {
            Native::Code(code) => kept.get_or_init(|| Some(code)).as_deref(),
            Native::Never => kept.get_or_init(|| None).as_deref(),
            Native::NotNow => None,
        }
    }
}

/// The code that is kept, if there is some.
#[cfg(feature = "jit")]
#[inline]
fn known(kept: &OnceLock<Option<Arc<Compiled>>>) -> Option<&Compiled> {
    kept.get()?.as_deref()
}

/// Calls code through a frame; `None` if a guard failed.
#[cfg(feature = "jit")]
#[inline]
fn call_framed(code: &Compiled, args: &[u64], results: &mut [u64]) -> Option<Ran> {
    if !RowFrame::fits(args.len(), results.len()) {
        return call_in_large_frame(code, args, results);
    }
    let mut frame = RowFrame::new(args);
    frame.set_strips(code.strips());
    // SAFETY: the code has the frame entry, as it has no other one, and its
    // Func has no arrays; a row's frame has the layout of such a Func, and the
    // table of its strips is the code's.
    let status = fpenv::with_default(|| unsafe { code.call(frame.as_mut_ptr()) });
    if status != frame::DONE {
        return None;
    }
    frame.results(args.len(), results);
    Some(ran(Some(code)))
}

#[cfg(feature = "jit")]
#[cold]
fn call_in_large_frame(code: &Compiled, args: &[u64], results: &mut [u64]) -> Option<Ran> {
    let mut frame = Frame::new(code.layout());
    for (param, &slot) in args.iter().enumerate() {
        frame.set_scalar(param, slot);
    }
    frame.set_strips(code.strips());
    // SAFETY: as in `call_framed`; this frame has the layout of its Func.
    let status = fpenv::with_default(|| unsafe { code.call(frame.as_mut_ptr()) });
    if status != frame::DONE {
        return None;
    }
    for (index, slot) in results.iter_mut().enumerate() {
        *slot = frame.result(index);
    }
    Some(ran(Some(code)))
}

/// Calls a function of `args.len()` arguments.
///
/// # Safety
/// `entry` is the direct entry of a Func of that many `f64` to an `f64`, and
/// stays so during the call.
#[cfg(feature = "jit")]
unsafe fn call_f64(entry: *const u8, args: &[f64]) -> f64 {
    macro_rules! arity {
        ($($x:ident: $ty:ident),*) => {{
            type Code = extern "C" fn($($ty,)* *const HelperFn) -> f64;
            // SAFETY: the caller says so; the pattern counts the arguments.
            let code: Code = unsafe { std::mem::transmute(entry) };
            code($($x,)* helpers::table().as_ptr())
        }};
    }
    match *args {
        [] => arity!(),
        [a] => arity!(a: f64),
        [a, b] => arity!(a: f64, b: f64),
        [a, b, c] => arity!(a: f64, b: f64, c: f64),
        [a, b, c, d] => arity!(a: f64, b: f64, c: f64, d: f64),
        [a, b, c, d, e] => arity!(a: f64, b: f64, c: f64, d: f64, e: f64),
        [a, b, c, d, e, f] => arity!(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64),
        [a, b, c, d, e, f, g] => {
            arity!(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64)
        }
        [a, b, c, d, e, f, g, h] => {
            arity!(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64)
        }
        [a, b, c, d, e, f, g, h, i] => {
            arity!(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64, i: f64)
        }
        [a, b, c, d, e, f, g, h, i, j] => {
            arity!(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64, i: f64,
                   j: f64)
        }
        [a, b, c, d, e, f, g, h, i, j, k] => {
            arity!(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64, i: f64,
                   j: f64, k: f64)
        }
        [a, b, c, d, e, f, g, h, i, j, k, l] => {
            arity!(a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64, i: f64,
                   j: f64, k: f64, l: f64)
        }
        _ => unreachable!("no direct entry has {} arguments", args.len()),
    }
}
