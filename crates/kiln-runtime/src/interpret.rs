//! The interpreter, made ready for the processor at hand.
//!
//! kiln-interp's loops are generic and inlined into their caller. Here they
//! are compiled twice, once for any processor and once for AVX2 and FMA, and
//! the features of this one decide; the bits are the same.

#![allow(
    unsafe_code,
    reason = "a function compiled for more features may be called only where they exist"
)]

use crate::error::{Fault, RuntimeError};
use crate::fpenv;
use crate::stop::Stop;
use kiln_interp::{Arg, Failure, Program, State};
use kiln_ir::Func;
use std::ops::Range;
use std::sync::Mutex;

/// States kept for reuse beside the first: as many threads as one kernel is
/// likely to be interpreted on at once.
const STATES_MAX: usize = 15;

/// A program, and the states of the threads that run it.
#[derive(Debug)]
pub(crate) struct Interpreted {
    program: Program,
    /// Used where it stands by whoever finds it free, as moving a state costs
    /// more than a small program.
    first: Mutex<State>,
    others: Mutex<Vec<State>>,
}

impl Interpreted {
    pub(crate) fn new(func: &Func) -> Result<Interpreted, RuntimeError> {
        let program = Program::new(func).map_err(|unsupported| RuntimeError::Unsupported {
            what: unsupported.what,
        })?;
        Ok(Interpreted {
            first: Mutex::new(state(&program)),
            others: Mutex::new(Vec::new()),
            program,
        })
    }

    /// Calls a Func of scalars, under the default floating-point environment.
    pub(crate) fn call(&self, args: &[u64], results: &mut [u64]) -> Result<(), Failure> {
        self.with_state(|state| self.program.call(state, args, results))
    }

    /// Runs rows of a Func that is a loop over rows, under the default
    /// floating-point environment.
    pub(crate) fn run_rows(&self, args: &mut [Arg<'_>], rows: Range<usize>) -> Result<(), Failure> {
        self.with_state(|state| self.program.run_rows(state, args, rows))
    }

    /// Calls any Func once, under the default floating-point environment.
    pub(crate) fn run(
        &self,
        args: &mut [Arg<'_>],
        results: &mut [u64],
        stop: Option<&Stop>,
    ) -> Result<(), Failure> {
        self.with_state(|state| {
            state.set_stop(stop.map(|stop| stop.0.clone()));
            let result = self.program.run(state, args, results);
            state.set_stop(None);
            result
        })
    }

    /// What a failure means to the caller; there are rows if `first_row` says
    /// from where on the row in it counts.
    pub(crate) fn error(&self, failure: Failure, first_row: Option<usize>) -> RuntimeError {
        match failure {
            Failure::Fault {
                fault,
                row,
                operands,
            } => {
                let known = self.program.fault(fault);
                let row = first_row.map(|first| first + usize::try_from(row).unwrap_or(0));
                RuntimeError::from(Fault {
                    kind: known.kind,
                    message: known.message.clone(),
                    kernel: None,
                    row,
                    operands,
                    span: known.span,
                    site: known.site.clone(),
                })
            }
            Failure::Access { index, .. } => RuntimeError::Access { index },
            Failure::Stopped => RuntimeError::Stopped,
        }
    }

    #[inline]
    fn with_state<T>(&self, run: impl FnOnce(&mut State) -> T) -> T {
        match self.first.try_lock() {
            Ok(mut state) => fpenv::with_default(|| run(&mut state)),
            Err(_) => self.with_another_state(run),
        }
    }

    #[cold]
    fn with_another_state<T>(&self, run: impl FnOnce(&mut State) -> T) -> T {
        let kept = self.others.try_lock().ok().and_then(|mut s| s.pop());
        let mut state = kept.unwrap_or_else(|| state(&self.program));
        let result = fpenv::with_default(|| run(&mut state));
        if let Ok(mut states) = self.others.try_lock()
            && states.len() < STATES_MAX
        {
            states.push(state);
        }
        result
    }
}

/// A state whose calls run the loops that this processor runs best.
fn state(program: &Program) -> State {
    #[allow(unused_mut, reason = "one processor has nothing to set")]
    let mut state = program.state();
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
        state.set_executor(execute_where_avx2_exists);
    }
    state
}

/// An executor for processors with AVX2 and FMA; installed nowhere else.
#[cfg(target_arch = "x86_64")]
fn execute_where_avx2_exists(
    program: &Program,
    state: &mut State,
    args: &mut [Arg<'_>],
    rows: Option<Range<usize>>,
) -> Result<(), Failure> {
    // SAFETY: `state` has asked the processor.
    unsafe { execute_avx2(program, state, args, rows) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn execute_avx2(
    program: &Program,
    state: &mut State,
    args: &mut [Arg<'_>],
    rows: Option<Range<usize>>,
) -> Result<(), Failure> {
    program.execute_inline(state, args, rows)
}
