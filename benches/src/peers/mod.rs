//! The kernels by which numeric compilers are compared, each a `#[kernel]`,
//! and in plain Rust over the same buffers.
//!
//! A [`Case`] is a row of a table: what it computes, over what, and how it is
//! called. Who runs it (native code of a level, the interpreter, plain Rust)
//! is not its business.

mod formulas;
mod loops;
mod places;
mod rows;

use crate::data::uniform;
use kiln::{Arg, Column, ColumnMut, Engine, Formula, Func, Ran};
use std::time::Instant;

pub use loops::{jacobi512, matmul256, pairdist3};

/// What a case reads and writes: inputs first, then outputs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buffers {
    /// Columns or flattened arrays of `f64`.
    pub reals: Vec<Vec<f64>>,
    /// Columns of `i64`.
    pub ints: Vec<Vec<i64>>,
    /// The one result of a reduction.
    pub result: f64,
}

impl Buffers {
    /// Every number as bits, so that NaN and the sign of zero count.
    pub fn bits(&self) -> Vec<u64> {
        let reals = self.reals.iter().flatten().chain([&self.result]);
        let ints = self.ints.iter().flatten().map(|&i| i as u64);
        reals.map(|x| x.to_bits()).chain(ints).collect()
    }
}

/// One kernel.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name in every list.
    pub kernel: &'static str,
    /// Sizes at which it is timed: elements of a column, or the extent of a
    /// square array.
    pub sizes: &'static [usize],
    /// Elements (or steps) that a time is divided by.
    pub elements: fn(size: usize) -> usize,
    /// Whether plain Rust gives the same bits: no mathematical function, and
    /// additions in the same order.
    pub exact: bool,
    /// Inputs and room for outputs.
    pub buffers: fn(size: usize) -> Buffers,
    /// The kernel in plain Rust.
    pub plain: fn(&mut Buffers),
    /// The kernel in kiln.
    pub ours: Ours,
}

/// How kiln is asked for a kernel.
#[derive(Clone, Copy, Debug)]
pub enum Ours {
    /// A computation of one row, over columns.
    Rows {
        /// It.
        func: fn() -> Func,
        /// Inputs that are columns, then inputs that are one number.
        columns: &'static [&'static str],
        /// The numbers.
        numbers: &'static [(&'static str, f64)],
        /// Outputs; one that is named like an input is updated in place.
        outputs: &'static [&'static str],
    },
    /// The same from text.
    Formula {
        /// The text.
        text: &'static str,
        /// Its inputs.
        columns: &'static [&'static str],
    },
    /// A computation of loops over arrays.
    Arrays {
        /// It.
        func: fn() -> Func,
        /// Its arguments.
        args: for<'a> fn(&'a mut Buffers) -> Vec<Arg<'a>>,
    },
}

/// Columns of three sizes: in the first cache, in the second, in memory.
const COLUMNS: &[usize] = &[1024, 65_536, 1 << 23];
/// The same without memory, for what computes longer than it loads.
const CACHED: &[usize] = &[1024, 65_536];

/// Every case, in the order of the lists.
pub fn cases() -> impl Iterator<Item = Case> {
    rows::ROWS
        .iter()
        .chain(loops::LOOPS)
        .chain(places::PLACES)
        .chain(formulas::FORMULAS)
        .copied()
}

fn read(column: &[f64]) -> Arg<'_> {
    column.into()
}

/// A case made ready on an engine.
pub struct Ready {
    run: Box<dyn FnMut(&mut Buffers) -> Ran>,
    /// Microseconds from the computation to code.
    pub compile_us: f64,
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ready({} us)", self.compile_us)
    }
}

impl Ready {
    /// Runs the kernel once; says where.
    ///
    /// # Panics
    /// When the call fails.
    pub fn run(&mut self, buffers: &mut Buffers) -> Ran {
        (self.run)(buffers)
    }
}

impl Case {
    /// The computation as kiln's own function, for what is not a formula.
    pub fn func(&self) -> Option<Func> {
        match self.ours {
            Ours::Rows { func, outputs, .. } => {
                let named = func().with_outputs(outputs);
                Some(named.expect("a name for each output"))
            }
            Ours::Arrays { func, .. } => Some(func()),
            Ours::Formula { .. } => None,
        }
    }

    /// Makes the kernel on an engine.
    ///
    /// # Panics
    /// When it cannot be made: every case can.
    pub fn prepare(&self, engine: &Engine) -> Ready {
        match self.ours {
            Ours::Rows {
                columns,
                numbers,
                outputs,
                ..
            } => {
                let func = self.func().expect("not a formula");
                let start = Instant::now();
                let kernel = engine.kernel(&func);
                self.over_columns(start, kernel, columns, numbers, outputs)
            }
            Ours::Formula { text, columns } => {
                let start = Instant::now();
                let formula: Formula = text.parse().expect("a formula");
                let kernel = engine.kernel(&formula);
                self.over_columns(start, kernel, columns, &[], &["result"])
            }
            Ours::Arrays { args, .. } => {
                let func = self.func().expect("not a formula");
                let start = Instant::now();
                let kernel = engine.arrays(&func).expect("a kernel");
                kernel.prepare();
                let compile_us = start.elapsed().as_secs_f64() * 1e6;
                let run = move |buffers: &mut Buffers| {
                    let values = kernel.call(&mut args(buffers)).expect("a call");
                    let (ran, result) = (values.ran(), values.only());
                    if let Some(result) = result.and_then(|value| value.as_f64()) {
                        buffers.result = result;
                    }
                    ran
                };
                Ready {
                    run: Box::new(run),
                    compile_us,
                }
            }
        }
    }

    fn over_columns(
        &self,
        start: Instant,
        kernel: kiln::Kernel,
        columns: &'static [&'static str],
        numbers: &'static [(&'static str, f64)],
        outputs: &'static [&'static str],
    ) -> Ready {
        let run = move |buffers: &mut Buffers| {
            let (read, written) = buffers.reals.split_at_mut(columns.len());
            let mut inputs: Vec<(&str, Column<'_>)> = Vec::with_capacity(8);
            inputs.extend(columns.iter().zip(read).map(|(&n, c)| (n, (&*c).into())));
            inputs.extend(numbers.iter().map(|&(n, value)| (n, value.into())));
            let written = outputs.iter().zip(written);
            let mut written: Vec<(&str, ColumnMut<'_>)> =
                written.map(|(&n, column)| (n, column.into())).collect();
            kernel
                .update(&inputs[..], &mut written)
                .expect("columns of one length")
        };
        run(&mut (self.buffers)(1));
        Ready {
            run: Box::new(run),
            compile_us: start.elapsed().as_secs_f64() * 1e6,
        }
    }
}

/// A column in `[-1, 1)`.
fn x(n: usize) -> Vec<f64> {
    uniform(n, -1.0, 1.0, 1)
}

/// A column in `(0, 1)`.
fn z(n: usize) -> Vec<f64> {
    uniform(n, 1e-4, 1.0, 2)
}

fn zeros(n: usize) -> Vec<f64> {
    vec![0.0; n]
}

fn reals(reals: impl Into<Vec<Vec<f64>>>) -> Buffers {
    Buffers {
        reals: reals.into(),
        ..Buffers::default()
    }
}
