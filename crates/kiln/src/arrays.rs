//! [`ArrayKernel`]: a computation over arrays, called with views.

use crate::engine::Engine;
use crate::error::Error;
use crate::func::Func;
use crate::value::{Value, Values};
use kiln_formula::OutputInfo;
use kiln_ir::{Const, Scalar};
use kiln_runtime::{Arg, Parallel, Stop};
use std::sync::Arc;

/// Outputs of a call that need no heap.
const INLINE: usize = 16;

/// A computation over arrays and scalars of fixed types, ready to be called.
/// Cheap to clone.
///
/// Arguments stand in the order of the inputs: scalars, slices, [`View`]s,
/// [`ViewMut`]s and [`Output`]s, each made an argument with `into()`.
///
/// ```
/// use kiln::{Builder, Output, View};
///
/// let b = Builder::new("transpose");
/// let (x, y) = (b.strided::<f64, 2>("x"), b.array_mut::<f64, 2>("y"));
/// b.for_each(0, y.len(), |i| {
///     b.for_each(0, y.extent(1), |j| y.set([i, j], x.at([j, i])));
/// });
/// let transpose = b.finish()?.arrays()?;
///
/// let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let mut y = Output::new([3, 2])?;
/// transpose.call(&mut [View::new(&data, [2, 3])?.into(), (&mut y).into()])?;
/// assert_eq!(y.values(), Some(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0][..]));
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// [`View`]: crate::View
/// [`ViewMut`]: crate::ViewMut
/// [`Output`]: crate::Output
#[derive(Clone, Debug)]
pub struct ArrayKernel {
    kernel: kiln_runtime::ArrayKernel,
    outputs: Arc<[OutputInfo]>,
}

impl ArrayKernel {
    pub(crate) fn new(engine: &Engine, func: &Func) -> Result<ArrayKernel, Error> {
        Ok(ArrayKernel {
            kernel: engine.runtime().arrays(func.ir().clone())?,
            outputs: func.output_infos().clone(),
        })
    }

    /// The same on as many threads as said: a `bool`, or a number. They share
    /// the rounds of those of its loops that
    /// [come in pieces](Self::check_pieces), one loop after the other, where
    /// that pays, with every bit the same; the rest runs on one thread.
    ///
    /// ```
    /// let b = kiln::Builder::new("double");
    /// let x = b.array_mut::<f64, 1>("x");
    /// b.for_each(0, x.len(), |i| x.set(i, x.at(i) * 2.0));
    /// let double = b.finish()?.arrays()?.parallel(true);
    /// double.check_pieces()?;
    /// let mut x = vec![1.0; 1_000_000];
    /// double.call(&mut [(&mut x).into()])?;
    /// assert!(x.iter().all(|&x| x == 2.0));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    #[must_use]
    pub fn parallel(&self, parallel: impl Into<Parallel>) -> ArrayKernel {
        ArrayKernel {
            kernel: self.kernel.parallel(parallel),
            outputs: self.outputs.clone(),
        }
    }

    /// Whether threads can share it: there is a counted loop in it that hands
    /// nothing from round to round, and of which no round touches an element
    /// that another one writes, or a reduction like that; and it stands in no
    /// other loop but those whose own rounds run one after the other.
    ///
    /// ```
    /// let b = kiln::Builder::new("running");
    /// let x = b.array_mut::<f64, 1>("x");
    /// b.for_each(1, x.len(), |i| x.set(i, x.at(i) + x.at(i - 1)));
    /// let error = b.finish()?.arrays()?.check_pieces().unwrap_err();
    /// let why = std::error::Error::source(&error).unwrap().to_string();
    /// assert_eq!(why, "rounds may meet at a store of x[i] and a load of x[-1 + i]");
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// What is in the way of its first loop.
    pub fn check_pieces(&self) -> Result<(), Error> {
        Ok(self.kernel.check_pieces()?)
    }

    /// Calls it; gives its outputs by name.
    ///
    /// # Errors
    /// Arguments that do not fit in number, type, dimensions or layout, or
    /// that share memory of which some is written: nothing is written then.
    /// A failed guard: what was stored before is stored, what comes after it
    /// is not.
    pub fn call(&self, args: &mut [Arg<'_>]) -> Result<Values, Error> {
        self.call_any(args, None)
    }

    /// As [`call`](Self::call), until it is stopped.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let b = kiln::Builder::new("for_ever");
    /// let k = b.repeat_while(0i64, |k| k.ge(0), |k| k & 1);
    /// b.output("k", k);
    /// let for_ever = b.finish()?.arrays()?;
    /// let stop = kiln::Stop::after(Duration::from_millis(2))?;
    /// let error = for_ever.call_until(&stop, &mut []).unwrap_err();
    /// assert_eq!(error.to_string(), "the call was stopped");
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there; and that it was stopped, with what was stored by then.
    pub fn call_until(&self, stop: &Stop, args: &mut [Arg<'_>]) -> Result<Values, Error> {
        self.call_any(args, Some(stop))
    }

    fn call_any(&self, args: &mut [Arg<'_>], stop: Option<&Stop>) -> Result<Values, Error> {
        let mut inline = [Const::zero(Scalar::Bool); INLINE];
        let mut heap = Vec::new();
        let count = self.outputs.len();
        let results = if count <= INLINE {
            &mut inline[..count]
        } else {
            heap.resize(count, Const::zero(Scalar::Bool));
            &mut heap[..]
        };
        let ran = match stop {
            None => self.kernel.call(args, results)?,
            Some(stop) => self.kernel.call_until(stop, args, results)?,
        };
        let values = results.iter().map(|&result| Value::from_const(result));
        Ok(Values::new(self.outputs.clone(), values.collect(), ran))
    }

    /// What becomes of it, as text: its language before and after the passes,
    /// Cranelift's input, machine code, and a report that says which checks
    /// of indices stay at every access and why.
    ///
    /// ```
    /// let b = kiln::Builder::new("gather");
    /// let (x, at) = (b.array::<f64, 1>("x"), b.array::<i64, 1>("at"));
    /// let y = b.array_mut::<f64, 1>("y");
    /// b.for_each(0, y.len(), |i| y.set(i, x.at(at.at(i))));
    /// let report = b.finish()?.arrays()?.explain()?.report;
    /// assert!(report.contains("index checks: 2 replaced by 1 test(s) before the loops"));
    /// assert!(report.contains("index check of x stays"));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there is no code for it.
    #[cfg(feature = "jit")]
    pub fn explain(&self) -> Result<kiln_runtime::Explanation, Error> {
        Ok(self.kernel.explain()?)
    }

    /// Makes native code now, so that the first call is as fast as the next.
    /// Whether there is some.
    pub fn prepare(&self) -> bool {
        self.kernel.prepare().is_some()
    }
}
