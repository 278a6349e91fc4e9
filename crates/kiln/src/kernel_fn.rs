//! [`KernelFn`]: what stands behind a `#[kernel]` function.

use crate::engine::Engine;
use crate::error::Error;
use crate::expand::{Params, Recipe, Result as Returned, SIDES, Threads};
use crate::func::Func;
use kiln_ir::{Const, FaultKind, Layout};
use kiln_runtime::{Arg, ArrayKernel, Called, Fault, Parallel, RuntimeError};
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

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
pub struct KernelFn<P: Params, R: Returned> {
    func: Func,
    kernel: Way<P::Direct<R>>,
    /// The kernel for views whose elements do not lie side by side.
    strided: Option<Arc<Strided>>,
    function: PhantomData<fn(P) -> R>,
}

/// A kernel that is made when it is first wanted.
struct Strided {
    engine: Engine,
    recipe: Recipe,
    parallel: Parallel,
    kernel: OnceLock<Result<ArrayKernel, RuntimeError>>,
}

impl Strided {
    #[cold]
    fn kernel(&self) -> &Result<ArrayKernel, RuntimeError> {
        self.kernel.get_or_init(|| {
            let func = self.recipe.func(Layout::Strided);
            let kernel = self.engine.runtime().arrays(func.ir().clone())?;
            Ok(kernel.parallel(self.parallel))
        })
    }
}

/// How a kernel is called.
#[derive(Clone)]
enum Way<D> {
    /// As a function of scalars that cannot fail.
    Direct(D, Engine),
    /// With arguments of any kind.
    General(Result<ArrayKernel, RuntimeError>),
}

impl<P: Params, R: Returned> KernelFn<P, R> {
    pub(crate) fn new(engine: &Engine, func: Func, recipe: Recipe) -> KernelFn<P, R> {
        let runtime = engine.runtime();
        let is_claimed = recipe.threads == Threads::Claimed;
        let parallel = match recipe.threads {
            Threads::AsEngine => Parallel::AsEngine,
            Threads::Several | Threads::Claimed => Parallel::On,
        };
        let direct = match is_claimed {
            true => None,
            false => runtime.scalar(func.ir().clone()).ok(),
        };
        let direct = direct.and_then(|kernel| P::direct::<R>(&kernel));
        let general = || {
            let kernel = runtime.arrays(func.ir().clone())?;
            if is_claimed {
                kernel.check_all_pieces()?;
            }
            Ok(kernel.parallel(parallel))
        };
        let strided = || Strided {
            engine: engine.clone(),
            recipe,
            parallel,
            kernel: OnceLock::new(),
        };
        KernelFn {
            strided: P::HAS_VIEW.then(|| Arc::new(strided())),
            kernel: match direct {
                Some(direct) => Way::Direct(direct, engine.clone()),
                None => Way::General(general()),
            },
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
    #[inline]
    pub fn call(&self, mut args: P::Args<'_>) -> Result<R, Error> {
        let kernel = match &self.kernel {
            Way::Direct(direct, _) => return Ok(P::call_direct(direct, &args)),
            Way::General(kernel) => kernel,
        };
        if let Ok(kernel) = kernel
            && let Some(mut call) = kernel.frame_call()
        {
            P::put(&mut args, &mut call)?;
            match call.run() {
                Called::Done(slots) => return Ok(R::of_slots(&mut slots.iter())),
                Called::Refused => {}
                Called::Failed(error) => return Err(error.into()),
            }
        }
        self.call_slowly(kernel, args)
    }

    /// As [`call`](Self::call), as one function for all kernels of a
    /// signature: in a kernel's other companions it would cost more time to
    /// compile than it saves.
    ///
    /// # Errors
    /// As there.
    #[doc(hidden)]
    #[inline(never)]
    pub fn call_out_of_line(&self, args: P::Args<'_>) -> Result<R, Error> {
        self.call(args)
    }

    #[cold]
    #[inline(never)]
    fn call_slowly(
        &self,
        kernel: &Result<ArrayKernel, RuntimeError>,
        args: P::Args<'_>,
    ) -> Result<R, Error> {
        let mut inline = [0; INLINE];
        let mut heap = Vec::new();
        let count = self.func.ir().results().len();
        let slots = if count <= INLINE {
            &mut inline[..count]
        } else {
            heap.resize(count, 0);
            &mut heap[..]
        };
        P::with(args, |args| {
            let kernel = match &self.strided {
                Some(strided) if !args.iter().all(Arg::is_contiguous) => strided.kernel(),
                _ => kernel,
            };
            let kernel = kernel.as_ref().map_err(Clone::clone)?;
            Ok(kernel.call_slots(args, slots)?)
        })?;
        Ok(R::of_slots(&mut slots.iter()))
    }

    /// Calls it as the function in the source is called.
    ///
    /// # Panics
    /// Where that would, with the same message; and where
    /// [`call`](Self::call) gives another error.
    #[track_caller]
    #[inline]
    pub fn call_or_panic(&self, args: P::Args<'_>) -> R {
        match self.call(args) {
            Ok(value) => value,
            Err(error) => fail(&error),
        }
    }

    /// As [`call_or_panic`](Self::call_or_panic), out of line.
    ///
    /// # Panics
    /// As there.
    #[doc(hidden)]
    #[track_caller]
    pub fn call_out_of_line_or_panic(&self, args: P::Args<'_>) -> R {
        match self.call_out_of_line(args) {
            Ok(value) => value,
            Err(error) => fail(&error),
        }
    }

    /// The computation, for views whose elements lie side by side, of which
    /// another form is made when a call needs it; prints as the text of
    /// kiln's language.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// What becomes of it, as text: its language before and after the passes,
    /// Cranelift's input, machine code, and a report in words.
    ///
    /// # Errors
    /// When there is no code for it.
    #[cfg(feature = "jit")]
    pub fn explain(&self) -> Result<kiln_runtime::Explanation, Error> {
        Ok(match &self.kernel {
            Way::Direct(_, engine) => engine.runtime().arrays(self.func.ir().clone())?.explain()?,
            Way::General(kernel) => kernel.as_ref().map_err(Clone::clone)?.explain()?,
        })
    }

    /// The same on as many threads as said: a `bool`, or a number. They share
    /// the rounds of its loops, one loop after the other, where that pays and
    /// no round touches an element that another one writes, with every bit
    /// the same; the rest runs on one thread. `#[kernel(parallel)]` is
    /// `parallel(true)`.
    ///
    /// ```
    /// #[kiln::kernel]
    /// fn double(x: &mut [f64]) {
    ///     for v in x.iter_mut() {
    ///         *v *= 2.0;
    ///     }
    /// }
    ///
    /// let several = double::kernel().parallel(true);
    /// several.check_pieces()?;
    /// let mut x = vec![1.0; 1_000_000];
    /// several.call((&mut x,))?;
    /// assert!(x.iter().all(|&x| x == 2.0));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    #[must_use]
    pub fn parallel(&self, parallel: impl Into<Parallel>) -> KernelFn<P, R> {
        let parallel = parallel.into();
        let strided = self.strided.as_ref().map(|strided| {
            Arc::new(Strided {
                engine: strided.engine.clone(),
                recipe: strided.recipe,
                parallel,
                kernel: OnceLock::new(),
            })
        });
        let mut same = self.clone();
        same.strided = strided;
        if let Way::General(Ok(kernel)) = &mut same.kernel {
            *kernel = kernel.parallel(parallel);
        }
        same
    }

    /// Whether threads can share it: there is a counted loop in it that hands
    /// nothing from round to round, and of which no round touches an element
    /// that another one writes, or a reduction like that; and it stands in no
    /// other loop but those whose own rounds run one after the other.
    ///
    /// # Errors
    /// What is in the way of its first loop, such as the two accesses that may
    /// meet.
    pub fn check_pieces(&self) -> Result<(), Error> {
        let arrays = |engine: &Engine| engine.runtime().arrays(self.func.ir().clone());
        match &self.kernel {
            Way::Direct(_, engine) => Ok(arrays(engine)?.check_pieces()?),
            Way::General(kernel) => Ok(kernel.as_ref().map_err(Clone::clone)?.check_pieces()?),
        }
    }

    /// Makes native code now, so that the first call is as fast as the next.
    /// Whether there is some.
    pub fn prepare(&self) -> bool {
        match &self.kernel {
            Way::Direct(direct, _) => P::prepare_direct::<R>(direct),
            Way::General(kernel) => kernel.as_ref().is_ok_and(|k| k.prepare().is_some()),
        }
    }
}

impl<P: Params, R: Returned> Clone for KernelFn<P, R> {
    fn clone(&self) -> Self {
        KernelFn {
            func: self.func.clone(),
            kernel: self.kernel.clone(),
            strided: self.strided.clone(),
            function: PhantomData,
        }
    }
}

impl<P: Params, R: Returned> fmt::Debug for KernelFn<P, R> {
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
        (_, [left, right]) if message.contains("{}") => {
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
