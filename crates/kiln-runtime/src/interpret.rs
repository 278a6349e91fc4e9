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
use kiln_interp::{Arg, Failure, Program, State};
use kiln_ir::Func;
use std::ops::Range;
use std::sync::Mutex;

/// States kept for reuse: as many threads as one kernel is likely to be
/// interpreted on at once.
const STATES_MAX: usize = 16;

/// A program, and the states of the threads that run it.
#[derive(Debug)]
pub(crate) struct Interpreted {
    program: Program,
    faults: Vec<kiln_ir::Fault>,
    states: Mutex<Vec<State>>,
}

impl Interpreted {
    pub(crate) fn new(func: &Func) -> Result<Interpreted, RuntimeError> {
        let program = Program::new(func).map_err(|unsupported| RuntimeError::Unsupported {
            what: unsupported.what,
        })?;
        Ok(Interpreted {
            program,
            faults: func.faults().to_vec(),
            states: Mutex::new(Vec::new()),
        })
    }

    /// Calls a Func of scalars, under the default floating-point environment.
    pub(crate) fn call(&self, args: &[u64], results: &mut [u64]) -> Result<(), Failure> {
        self.with_state(|state| {
            #[cfg(target_arch = "x86_64")]
            if has_avx2() {
                // SAFETY: the processor has the features.
                return unsafe { call_avx2(&self.program, state, args, results) };
            }
            self.program.call(state, args, results)
        })
    }

    /// Runs rows of a Func that is a loop over rows, under the default
    /// floating-point environment.
    pub(crate) fn run_rows(&self, args: &mut [Arg<'_>], rows: Range<usize>) -> Result<(), Failure> {
        self.with_state(|state| {
            #[cfg(target_arch = "x86_64")]
            if has_avx2() {
                // SAFETY: the processor has the features.
                return unsafe { run_rows_avx2(&self.program, state, args, rows) };
            }
            self.program.run_rows(state, args, rows)
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
                let known = &self.faults[fault.index()];
                let row = first_row.map(|first| first + usize::try_from(row).unwrap_or(0));
                RuntimeError::from(Fault {
                    kind: known.kind,
                    message: known.message.clone(),
                    row,
                    operands,
                    span: known.span,
                })
            }
            Failure::Access { index, .. } => RuntimeError::Access { index },
            Failure::Stopped => RuntimeError::Stopped,
        }
    }

    fn with_state<T>(&self, run: impl FnOnce(&mut State) -> T) -> T {
        let kept = self.states.try_lock().ok().and_then(|mut s| s.pop());
        let mut state = kept.unwrap_or_else(|| self.program.state());
        let result = fpenv::with_default(|| run(&mut state));
        if let Ok(mut states) = self.states.try_lock()
            && states.len() < STATES_MAX
        {
            states.push(state);
        }
        result
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn call_avx2(
    program: &Program,
    state: &mut State,
    args: &[u64],
    results: &mut [u64],
) -> Result<(), Failure> {
    program.call_inline(state, args, results)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_rows_avx2(
    program: &Program,
    state: &mut State,
    args: &mut [Arg<'_>],
    rows: Range<usize>,
) -> Result<(), Failure> {
    program.run_rows_inline(state, args, rows)
}
