//! A function of any parameters, arrays and loops included, called once with
//! scalars, views and outputs.
//!
//! What the arguments are decides nothing about the code: the Func says which
//! arrays are contiguous, and strides are data. So a kernel has one piece of
//! code, and the guarded variant of it, made the first time that a call asks
//! for it. A call checks its arguments before anything runs; from there on
//! stores are those of sequential code, whoever runs it.

#![allow(
    unsafe_code,
    reason = "calling machine code with pointers to the arguments"
)]

use crate::arg::{Arg, Kind};
use crate::budget::admit_any;
use crate::engine::{Engine, Native, Shared};
use crate::error::RuntimeError;
use crate::grid::Grid;
use crate::interpret::Interpreted;
use crate::level::Ran;
use crate::native::{Code, Compiled, Form, Request};
use crate::output::Values;
use crate::pieces::InPieces;
use crate::rows::{data_of, data_of_mut};
use crate::stop::Stop;
use crate::threads::Parallel;
use kiln_ir::{Access, Const, Func, ParamType, Signature, guard_accesses, is_guarded};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
#[cfg(feature = "jit")]
use {
    crate::columns::ran,
    crate::direct_entry::DirectEntry,
    crate::fpenv,
    crate::frame::Frame,
    crate::stats::count,
    kiln_codegen::frame::{DONE, STOPPED},
};

/// Results of a call that need no heap.
const RESULTS: usize = 16;

/// A function of scalars and arrays, ready to be called. Cheap to clone;
/// clones share everything.
///
/// ```
/// use kiln_runtime::Engine;
///
/// let axpy = kiln_ir::parse("func @axpy(a: f64, x: [f64], y: mut [f64]) {
///     v0 = len y
///     for v1 in 0..v0 {
///         v2 = load y[v1]
///         v3 = load x[v1]
///         v4 = mul a, v3
///         v5 = add v2, v4
///         store y[v1], v5
///     }
/// }").unwrap();
/// let axpy = Engine::default().arrays(axpy)?;
/// let (x, mut y) = ([1.0, 2.0], [0.5, 0.5, 0.5]);
/// axpy.call(&mut [2.0.into(), (&x).into(), (&mut y[..2]).into()], &mut [])?;
/// assert_eq!(y, [2.5, 4.5, 0.5]);
/// // There is no `x[2]`: what came before is done, and nothing after.
/// let error = axpy.call(&mut [2.0.into(), (&x).into(), (&mut y).into()], &mut []).unwrap_err();
/// assert_eq!(error.to_string(), "index 2 is outside x of length 2 in @axpy");
/// assert_eq!(y, [4.5, 8.5, 0.5]);
/// # Ok::<(), kiln_runtime::RuntimeError>(())
/// ```
#[derive(Clone)]
pub struct ArrayKernel {
    pub(crate) inner: Arc<Inner>,
    pub(crate) parallel: Parallel,
}

pub(crate) struct Inner {
    pub(crate) engine: Arc<Shared>,
    /// With a guard before each access.
    pub(crate) func: Arc<Func>,
    /// Whether an argument is written, so that memory could be shared.
    writes: bool,
    /// Leads to `fast`, once there is some, while calls may use it.
    #[cfg(feature = "jit")]
    direct: Arc<DirectEntry>,
    fast: Code,
    guarded: Code,
    /// The same in pieces, made when a call may use several threads.
    pieces: OnceLock<Result<InPieces, RuntimeError>>,
    interpreted: OnceLock<Result<Interpreted, RuntimeError>>,
}

impl Engine {
    /// A kernel that calls a function of scalars and arrays. Each access is
    /// guarded, by the Func itself or else here.
    ///
    /// # Errors
    /// When the Func is not valid, or is larger than the engine's limits
    /// allow.
    pub fn arrays(&self, func: impl Into<Arc<Func>>) -> Result<ArrayKernel, RuntimeError> {
        let func = func.into();
        admit_any(&func, self.limits())?;
        let func = match is_guarded(&func) {
            true => func,
            false => Arc::new(guard_accesses(&func)),
        };
        let is_written = |ty: ParamType| ty.as_array().is_some_and(|a| a.access == Access::Mut);
        let inner = Inner {
            engine: self.0.clone(),
            writes: func.params().iter().any(|p| is_written(p.ty)),
            #[cfg(feature = "jit")]
            direct: Arc::default(),
            fast: Code::new(),
            guarded: Code::new(),
            pieces: OnceLock::new(),
            interpreted: OnceLock::new(),
            func,
        };
        let kernel = ArrayKernel {
            inner: Arc::new(inner),
            parallel: Parallel::AsEngine,
        };
        if self.0.is_eager() {
            kernel.prepare();
        }
        Ok(kernel)
    }
}

impl ArrayKernel {
    /// The function, with a guard before each access.
    pub fn func(&self) -> &Arc<Func> {
        &self.inner.func
    }

    /// The types that it takes and gives.
    pub fn signature(&self) -> Signature {
        Signature::of(&self.inner.func)
    }

    /// The same on as many threads as said: the rounds of its outermost loops
    /// are shared by them where that pays, if they are
    /// [independent](Self::check_pieces); the rest of a call runs on one
    /// thread.
    #[must_use]
    pub fn parallel(&self, parallel: impl Into<Parallel>) -> ArrayKernel {
        ArrayKernel {
            inner: self.inner.clone(),
            parallel: parallel.into(),
        }
    }

    /// Whether the function comes in pieces, so that threads can share it:
    /// there is a counted loop in it, or a reduction, of whose rounds none
    /// touches an element that another one writes, and that stands in no loop
    /// but those that run round after round for the sake of it.
    ///
    /// # Errors
    /// [`RuntimeError::NotInPieces`] with the reason, such as the two accesses
    /// that may meet, for the first loop.
    pub fn check_pieces(&self) -> Result<(), RuntimeError> {
        match self.inner.pieces() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.clone()),
        }
    }

    /// As [`check_pieces`](Self::check_pieces), for all loops that stand in no
    /// other.
    ///
    /// # Errors
    /// As there, for the first loop of which it does not hold.
    pub fn check_all_pieces(&self) -> Result<(), RuntimeError> {
        match self.inner.pieces() {
            Ok(pieces) => pieces.all.clone(),
            Err(error) => Err(error.clone()),
        }
    }

    /// Makes native code now. Gives it, or `None` if there is none to be had.
    pub fn prepare(&self) -> Option<Arc<Compiled>> {
        self.inner.fast()?;
        self.inner.fast.get().cloned().flatten()
    }

    /// What becomes of the function, as text: its code before and after the
    /// passes, which checks of indices stay at every access and why, and
    /// machine code.
    ///
    /// # Errors
    /// As [`Engine::explain`](crate::Engine::explain).
    #[cfg(feature = "jit")]
    pub fn explain(&self) -> Result<crate::Explanation, RuntimeError> {
        let engine = Engine(self.inner.engine.clone());
        engine.explain(&self.inner.func, crate::Shape::Arrays, None)
    }

    /// Whether a call runs native code, made if it must be.
    pub(crate) fn is_native(&self) -> bool {
        self.inner.engine.is_native() && self.inner.fast().is_some()
    }

    /// Calls the function; `results` is filled with one value per result.
    ///
    /// # Errors
    /// When an argument does not fit its parameter in type, rank or layout,
    /// two share memory of which one is written, or there is not one place
    /// per result: nothing is written then. The fault of the function: what
    /// it stored before is stored, what comes after is not, and outputs and
    /// `results` have no values. On several threads it is the fault of the
    /// lowest failing round; what other pieces of the loop store may be
    /// stored, too.
    pub fn call(&self, args: &mut [Arg<'_>], results: &mut [Const]) -> Result<Ran, RuntimeError> {
        self.inner.call(self.parallel, args, results, None)
    }

    /// As [`call`](Self::call), with a slot for each result: its bits, those
    /// above its size zero.
    ///
    /// # Errors
    /// As there.
    pub fn call_slots(
        &self,
        args: &mut [Arg<'_>],
        results: &mut [u64],
    ) -> Result<Ran, RuntimeError> {
        self.inner.check(args, results.len())?;
        self.inner.call_checked(self.parallel, args, results, None)
    }

    /// As [`call`](Self::call), until it is stopped.
    ///
    /// # Errors
    /// As there; and [`RuntimeError::Stopped`], with what the function has
    /// stored by then.
    pub fn call_until(
        &self,
        stop: &Stop,
        args: &mut [Arg<'_>],
        results: &mut [Const],
    ) -> Result<Ran, RuntimeError> {
        self.inner.call(self.parallel, args, results, Some(stop))
    }
}

impl fmt::Debug for ArrayKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArrayKernel(@{})", self.inner.func.name())
    }
}

impl Inner {
    fn call(
        &self,
        parallel: Parallel,
        args: &mut [Arg<'_>],
        results: &mut [Const],
        stop: Option<&Stop>,
    ) -> Result<Ran, RuntimeError> {
        self.check(args, results.len())?;
        let mut stack = [0; RESULTS];
        let mut heap = Vec::new();
        let slots = if results.len() <= RESULTS {
            &mut stack[..results.len()]
        } else {
            heap.resize(results.len(), 0);
            &mut heap[..]
        };
        let ran = self.call_checked(parallel, args, slots, stop)?;
        for ((result, ty), &slot) in results.iter_mut().zip(self.func.results()).zip(&*slots) {
            *result = Const::from_bits(ty.scalar, slot);
        }
        Ok(ran)
    }

    fn call_checked(
        &self,
        parallel: Parallel,
        args: &mut [Arg<'_>],
        slots: &mut [u64],
        stop: Option<&Stop>,
    ) -> Result<Ran, RuntimeError> {
        if stop.is_some_and(Stop::is_raised) {
            return Err(RuntimeError::Stopped);
        }
        begin(args);
        let ran = self.run(parallel, args, slots, stop)?;
        finish(args);
        Ok(ran)
    }

    fn check(&self, args: &mut [Arg<'_>], results: usize) -> Result<(), RuntimeError> {
        let params = self.func.params();
        let counts = [
            ("arguments", params.len(), args.len()),
            ("results", self.func.results().len(), results),
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
        for (param, arg) in params.iter().zip(&*args) {
            if !arg.fits(param.ty) {
                return Err(RuntimeError::Argument {
                    name: param.name.clone(),
                    expected: param.ty,
                    found: arg.ty(),
                });
            }
        }
        if self.writes {
            self.check_memory(args)?;
        }
        Ok(())
    }

    /// Refuses memory that is written and is another argument's too.
    fn check_memory(&self, args: &mut [Arg<'_>]) -> Result<(), RuntimeError> {
        for index in 1..args.len() {
            let (before, rest) = args.split_at_mut(index);
            if matches!(rest[0].0, Kind::Value(_)) {
                continue;
            }
            let Some(here) = Memory::of(&mut rest[0], self.is_written(index)) else {
                continue;
            };
            for (other, arg) in before.iter_mut().enumerate() {
                let there = Memory::of(arg, self.is_written(other));
                if there.is_some_and(|there| here.clashes(&there)) {
                    let (written, other) = match here.is_written {
                        true => (index, other),
                        false => (other, index),
                    };
                    let name = |index: usize| self.func.params()[index].name.clone();
                    return Err(RuntimeError::SharedMemory {
                        written: name(written),
                        other: name(other),
                    });
                }
            }
        }
        Ok(())
    }

    fn is_written(&self, param: usize) -> bool {
        let ty = self.func.params()[param].ty;
        ty.as_array().is_some_and(|a| a.access == Access::Mut)
    }

    /// Runs it on arguments that fit.
    #[cfg_attr(
        not(feature = "jit"),
        expect(unused_variables, reason = "the interpreter has one thread")
    )]
    fn run(
        &self,
        parallel: Parallel,
        args: &mut [Arg<'_>],
        results: &mut [u64],
        stop: Option<&Stop>,
    ) -> Result<Ran, RuntimeError> {
        #[cfg(feature = "jit")]
        if self.engine.is_native() {
            let most = self.engine.threads.of(parallel);
            if most > 1
                && let Some(ran) = self.run_steps(most, args, results, stop)
            {
                return ran;
            }
            if let Some(fast) = self.fast() {
                return self.run_native(fast, args, results, stop);
            }
        }
        self.interpret(args, results, stop)?;
        Ok(Ran::INTERPRETED)
    }

    #[cfg(feature = "jit")]
    fn run_native(
        &self,
        fast: &Compiled,
        args: &mut [Arg<'_>],
        results: &mut [u64],
        stop: Option<&Stop>,
    ) -> Result<Ran, RuntimeError> {
        let mut frame = self.frame(fast, args, stop);
        let mut code = fast;
        let mut status = call_code(code, &mut frame);
        if status > DONE && code.fault(status).is_some_and(|f| f.is_retry()) {
            count(&self.engine.counters.retries);
            let Some(guarded) = self.native(&self.guarded, Form::Guarded, &self.func) else {
                // Nothing was stored, so the interpreter may begin anew.
                self.interpret(args, results, stop)?;
                return Ok(Ran::INTERPRETED);
            };
            code = guarded;
            status = call_code(code, &mut frame);
        }
        match status {
            DONE => {
                for (index, slot) in results.iter_mut().enumerate() {
                    *slot = frame.result(index);
                }
                Ok(ran(Some(code)))
            }
            STOPPED => Err(RuntimeError::Stopped),
            status => Err(self.failed(code, status, |index| frame.error_operand(index))),
        }
    }

    /// A frame with the arguments of a call.
    #[cfg(feature = "jit")]
    #[inline]
    pub(crate) fn frame<'c>(
        &self,
        code: &'c Compiled,
        args: &mut [Arg<'_>],
        stop: Option<&Stop>,
    ) -> Frame<'c> {
        let mut frame = Frame::new(code.layout());
        for (param, arg) in args.iter_mut().enumerate() {
            fill(&mut frame, param, arg);
        }
        if let Some(stop) = stop {
            frame.set_stop(&stop.0);
        }
        frame.set_strips(code.strips());
        frame
    }

    /// Runs a piece whose frame is filled.
    #[cfg(feature = "jit")]
    pub(crate) fn run_piece(
        &self,
        fast: &Compiled,
        guarded: Option<&Compiled>,
        frame: &mut Frame<'_>,
    ) -> Result<(), RuntimeError> {
        let mut code = fast;
        let mut status = call_code(code, frame);
        if status > DONE
            && let Some(guarded) = guarded
            && code.fault(status).is_some_and(|f| f.is_retry())
        {
            count(&self.engine.counters.retries);
            code = guarded;
            status = call_code(code, frame);
        }
        match status {
            DONE => Ok(()),
            STOPPED => Err(RuntimeError::Stopped),
            status => Err(self.failed(code, status, |index| frame.error_operand(index))),
        }
    }

    pub(crate) fn pieces(&self) -> &Result<InPieces, RuntimeError> {
        self.pieces
            .get_or_init(|| InPieces::of(&self.func, self.engine.limits()))
    }

    #[cfg(feature = "jit")]
    #[cold]
    pub(crate) fn failed(
        &self,
        code: &Compiled,
        status: i64,
        operand: impl FnMut(usize) -> u64,
    ) -> RuntimeError {
        match code.fault(status) {
            Some(known) => known.report(self.func.name(), operand).into(),
            None => RuntimeError::Code {
                what: format!("code of @{} ended with status {status}", self.func.name()),
            },
        }
    }

    fn interpret(
        &self,
        args: &mut [Arg<'_>],
        results: &mut [u64],
        stop: Option<&Stop>,
    ) -> Result<(), RuntimeError> {
        let interpreted = self
            .interpreted
            .get_or_init(|| Interpreted::new(&self.func))
            .as_ref()
            .map_err(Clone::clone)?;
        let mut args: Vec<kiln_interp::Arg<'_>> = args.iter_mut().map(interpreter_arg).collect();
        interpreted
            .run(&mut args, results, stop)
            .map_err(|failure| named(interpreted.error(failure, None), self.func.name()))
    }

    /// The fast code, made if it must be, and published from then on, unless
    /// calls may use several threads.
    fn fast(&self) -> Option<&Compiled> {
        if let Some(code) = self.fast.get() {
            return code.as_deref();
        }
        let code = self.make(&self.fast, Form::Frame, &self.func)?;
        #[cfg(feature = "jit")]
        if !self.uses_threads(Parallel::AsEngine) {
            let code = std::ptr::from_ref(code).cast();
            self.engine.direct.add(&self.direct, code);
        }
        Some(code)
    }

    /// Whether a call may run on several threads.
    #[cfg(feature = "jit")]
    pub(crate) fn uses_threads(&self, parallel: Parallel) -> bool {
        self.engine.threads.of(parallel) > 1
    }

    /// The fast code while calls may use it; it has the frame entry.
    #[cfg(feature = "jit")]
    #[inline(always)]
    pub(crate) fn published(&self) -> Option<&Compiled> {
        let code: *const Compiled = self.direct.published().cast();
        // SAFETY: what is published is the address of what `self.fast` keeps
        // (`fast`), for good, and null otherwise.
        unsafe { code.as_ref() }
    }

    /// The code of one form, made if it must be: of the function, or of it in
    /// pieces.
    pub(crate) fn native<'k>(
        &self,
        kept: &'k Code,
        form: Form,
        func: &Arc<Func>,
    ) -> Option<&'k Compiled> {
        if let Some(code) = kept.get() {
            return code.as_deref();
        }
        self.make(kept, form, func)
    }

    #[cold]
    fn make<'k>(&self, kept: &'k Code, form: Form, func: &Arc<Func>) -> Option<&'k Compiled> {
        let request = Request {
            form,
            func: &|| func.clone(),
        };
        let key: crate::cache::Key = format!("{form:?}\n{}", key_text(func)).into();
        match self.engine.native(&key, request) {
            Native::Code(code) => kept.get_or_init(|| Some(code)).as_deref(),
            Native::Never => kept.get_or_init(|| None).as_deref(),
            Native::NotNow => None,
        }
    }
}

/// The text of a Func and of all that it calls, which tells apart what
/// computes different things.
fn key_text(func: &Func) -> String {
    let mut text = String::new();
    for callee in func.callees() {
        text.push_str(&key_text(callee));
    }
    text.push_str(&func.to_string());
    text
}

/// Names the kernel in a fault.
pub(crate) fn named(error: RuntimeError, kernel: &str) -> RuntimeError {
    match error {
        RuntimeError::Fault(mut fault) => {
            fault.kernel = Some(kernel.to_owned());
            RuntimeError::Fault(fault)
        }
        other => other,
    }
}

/// Outputs lose their values before a call, and have some after it.
pub(crate) fn begin(args: &mut [Arg<'_>]) {
    set_values(args, Values::Some);
}

pub(crate) fn finish(args: &mut [Arg<'_>]) {
    set_values(args, Values::All);
}

fn set_values(args: &mut [Arg<'_>], now: Values) {
    for arg in args {
        if let Kind::Output(_, _, values) = &mut arg.0 {
            **values = now;
        }
    }
}

/// The bytes from the first to the last element of an argument.
struct Memory {
    bytes: Range<usize>,
    is_written: bool,
}

impl Memory {
    /// `None` without elements.
    #[inline]
    fn of(arg: &mut Arg<'_>, is_written: bool) -> Option<Memory> {
        let (data, scalar, grid) = match &mut arg.0 {
            Kind::Value(_) => return None,
            Kind::Read(data, grid) => (data_of(*data), data.scalar(), grid),
            Kind::Write(data, grid) | Kind::Output(data, grid, _) => {
                (data_of_mut(data).cast_const(), data.scalar(), grid)
            }
        };
        let at = |index: usize| data.addr() + index * scalar.bytes();
        let bytes = match grid.as_line() {
            Some((_, 0)) => return None,
            Some((first, len)) => at(first)..at(first + len),
            None => {
                let (least, greatest) = grid.reach()?;
                at(least as usize)..at(greatest as usize + 1)
            }
        };
        Some(Memory { bytes, is_written })
    }

    fn clashes(&self, other: &Memory) -> bool {
        (self.is_written || other.is_written)
            && self.bytes.start < other.bytes.end
            && other.bytes.start < self.bytes.end
    }
}

/// The argument as the interpreter takes it.
pub(crate) fn interpreter_arg<'a>(arg: &'a mut Arg<'_>) -> kiln_interp::Arg<'a> {
    use kiln_interp::Arg as Interpreted;
    let is_line = |grid: &Grid, len: usize| {
        grid.rank() == 1 && grid.is_contiguous() && grid.shape()[0] == len
    };
    match &mut arg.0 {
        Kind::Value(value) => Interpreted::Value(*value),
        Kind::Read(data, grid) => match is_line(grid, data.len()) {
            true => Interpreted::Slice(*data),
            false => Interpreted::View(*data, grid.geometry()),
        },
        Kind::Write(data, grid) | Kind::Output(data, grid, _) => match is_line(grid, data.len()) {
            true => Interpreted::SliceMut(data.reborrow()),
            false => Interpreted::ViewMut(data.reborrow(), grid.geometry()),
        },
    }
}

/// Puts an argument where code finds it.
#[cfg(feature = "jit")]
#[inline]
fn fill(frame: &mut Frame<'_>, param: usize, arg: &mut Arg<'_>) {
    let (data, scalar, grid) = match &mut arg.0 {
        Kind::Value(value) => return frame.set_scalar(param, value.bits()),
        Kind::Read(data, grid) => (data_of(*data), data.scalar(), grid),
        Kind::Write(data, grid) | Kind::Output(data, grid, _) => {
            (data_of_mut(data).cast_const(), data.scalar(), grid)
        }
    };
    let first = data.wrapping_add(grid.geometry().origin * scalar.bytes());
    frame.set_view(param, first, grid.shape(), grid.strides());
}

/// Calls code; gives its status.
#[cfg(feature = "jit")]
#[inline]
fn call_code(code: &Compiled, frame: &mut Frame<'_>) -> i64 {
    // SAFETY: the code was made for the Func (`Inner::make`) with the frame
    // entry, and the frame has its layout. Every argument fits its parameter
    // (`Inner::check`) and its grid lies within its slice (`Grid`), which the
    // arguments borrow during the call; what the Func writes is borrowed
    // alone, and shares no memory with another argument. Calls for pieces run
    // at once, and no element that one writes is touched by another
    // (`kiln_opt::pieces`; a view that is written has no element twice). Code
    // reaches no element outside a shape, since a guard stands before every
    // access.
    fpenv::with_default(|| unsafe { code.call(frame.as_mut_ptr()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::View;

    #[test]
    fn memory_is_what_a_view_reaches() {
        let data = [0i32; 10];
        let start = data.as_ptr().addr();
        let memory = |view: View<'_, i32>, is_written| Memory::of(&mut view.into(), is_written);
        let bytes = |view| memory(view, false).map(|m| m.bytes.start - start..m.bytes.end - start);
        let strided = |origin, shape: [usize; 2], strides: [isize; 2]| {
            View::strided(&data, origin, shape, strides).unwrap()
        };
        assert_eq!(bytes(strided(1, [2, 2], [4, 1])), Some(4..28));
        assert_eq!(bytes(strided(9, [2, 2], [-4, -1])), Some(16..40));
        assert_eq!(bytes(strided(3, [5, 5], [0, 0])), Some(12..16));
        assert_eq!(bytes(strided(3, [5, 0], [1, 1])), None);
        let of = |view, is_written| memory(view, is_written).unwrap();
        let (low, high) = (strided(0, [5, 1], [1, 1]), strided(5, [5, 1], [1, 1]));
        let middle = strided(4, [2, 1], [1, 1]);
        assert!(!of(low, true).clashes(&of(high, true)));
        assert!(of(low, true).clashes(&of(middle, false)));
        assert!(of(high, false).clashes(&of(middle, true)));
        assert!(
            !of(high, false).clashes(&of(middle, false)),
            "both are read"
        );
    }
}
