//! Columns that are computed row after row, each from its row and what the
//! rows before have come to: running totals and other recurrences of the first
//! order.
//!
//! A step is a Func of one row; the loop over it is a function of arrays
//! (`kiln_ir::recurrence`), so code, interpreter, faults and their rows are
//! those of any other. It runs on one thread, because the next row waits for
//! the one before. Code does not say which row has failed, so where one has,
//! the interpreter computes the rows again.

use crate::arg::{Arg, Kind};
use crate::arrays::{ArrayKernel, interpreter_arg};
use crate::budget::admit;
use crate::column_view::{ColumnArg, Source};
use crate::element::Buffer;
use crate::engine::Engine;
use crate::error::RuntimeError;
use crate::grid::Grid;
use crate::interpret::Interpreted;
use crate::level::Ran;
use crate::reduce::{check_count, check_rows, gathered, slice};
use crate::rows::part_mut;
use crate::specials::Specials;
use kiln_ir::{Column, Const, Func, Scalar, recurrence};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Rows that are gathered at once.
const GATHERED_ROWS: usize = 1 << 15;

/// A column to be computed row after row.
#[derive(Clone, Debug)]
pub struct Scan {
    /// The step, of scalar parameters. Its first results are the carried
    /// values after the row, of which the first one is the column's; further
    /// results are columns, too.
    pub func: Arc<Func>,
    /// The parameters that are the carried values, each with what it is before
    /// the first row.
    pub carried: Vec<(usize, Const)>,
}

/// A column computed row after row, ready to be computed. Cheap to clone;
/// clones share everything.
#[derive(Clone)]
pub struct ScanKernel(Arc<Inner>);

struct Inner {
    engine: Engine,
    scan: Scan,
    columns: Vec<Scalar>,
    specials: Specials<Result<Special, RuntimeError>>,
}

/// What computes the columns for one kind of each argument.
struct Special {
    kernel: ArrayKernel,
    /// The same, to find the row that fails.
    rows: Interpreted,
}

impl Engine {
    /// A kernel that computes columns row after row.
    ///
    /// # Errors
    /// When the Func is not valid, has arrays, or is larger than the engine's
    /// limits allow.
    ///
    /// # Panics
    /// When a carried parameter is none of the Func's, or has another type
    /// than the result that is its next value.
    pub fn scan(&self, scan: Scan) -> Result<ScanKernel, RuntimeError> {
        admit(&scan.func, self.limits())?;
        let results = scan.func.results();
        for ((_, before), ty) in scan.carried.iter().zip(results) {
            assert!(
                before.scalar() == ty.scalar,
                "a carried value keeps its type"
            );
        }
        let rest = &results[scan.carried.len()..];
        let columns = results[..1]
            .iter()
            .chain(rest)
            .map(|ty| ty.scalar)
            .collect();
        let kernel = ScanKernel(Arc::new(Inner {
            engine: self.clone(),
            scan,
            columns,
            specials: Specials::default(),
        }));
        if self.0.is_eager() {
            let columns = kernel.0.kinds(|_| Column::Contiguous);
            kernel.0.with_special(&columns, |special| {
                special.kernel.prepare();
                Ok(())
            })?;
        }
        Ok(kernel)
    }
}

impl ScanKernel {
    /// Computes the columns of `rows` rows; `args` has one entry per parameter,
    /// an update is read, and what stands for a carried value is not looked
    /// at. Says where they were computed.
    ///
    /// # Errors
    /// When the arguments do not fit in number, type or length; the fault of
    /// the first failing row.
    pub fn call(
        &self,
        rows: usize,
        args: &[ColumnArg<'_>],
    ) -> Result<(Vec<Buffer>, Ran), RuntimeError> {
        let inner = &*self.0;
        let params = inner.scan.func.params();
        check_count("arguments", params.len(), args.len())?;
        let is_given = |index: usize| inner.carried(index).is_none();
        for (index, (param, arg)) in params.iter().zip(args).enumerate() {
            if is_given(index) {
                check_rows(param, arg, rows)?;
            }
        }
        let columns = inner.kinds(|index| match args[index] {
            ColumnArg::Value(_) => Column::Uniform,
            ColumnArg::Column(_) | ColumnArg::Update(..) => Column::Contiguous,
        });
        inner.with_special(&columns, |special| inner.run(special, rows, args))
    }
}

impl fmt::Debug for ScanKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScanKernel(@{})", self.0.scan.func.name())
    }
}

impl Inner {
    /// Which carried value a parameter is.
    fn carried(&self, param: usize) -> Option<usize> {
        let mut carried = self.scan.carried.iter();
        carried.position(|&(index, _)| index == param)
    }

    fn kinds(&self, kind: impl Fn(usize) -> Column) -> Vec<Column> {
        (0..self.scan.func.params().len())
            .map(|index| match self.carried(index) {
                Some(_) => Column::Uniform,
                None => kind(index),
            })
            .collect()
    }

    fn with_special<T>(
        &self,
        columns: &[Column],
        with: impl FnOnce(&Special) -> Result<T, RuntimeError>,
    ) -> Result<T, RuntimeError> {
        let carried: Vec<usize> = self.scan.carried.iter().map(|&(index, _)| index).collect();
        let make = || {
            let func = recurrence(&self.scan.func, columns, &carried);
            let rows = Interpreted::new(&func)?;
            let kernel = self.engine.arrays(func)?.parallel(false);
            Ok(Special { kernel, rows })
        };
        self.specials.with(columns, make, |made| match made {
            Ok(special) => with(special),
            Err(error) => Err(error.clone()),
        })
    }

    fn run(
        &self,
        special: &Special,
        rows: usize,
        args: &[ColumnArg<'_>],
    ) -> Result<(Vec<Buffer>, Ran), RuntimeError> {
        let columns = self.columns.iter();
        let mut columns: Vec<Buffer> = columns.map(|&ty| Buffer::zeroed(ty, rows)).collect();
        let mut before: Vec<u64> = self.scan.carried.iter().map(|(_, c)| c.bits()).collect();
        let is_gathered = |arg: &ColumnArg<'_>| match arg {
            ColumnArg::Column(view) => matches!(view.0, Source::Gather(_)),
            ColumnArg::Value(_) | ColumnArg::Update(..) => false,
        };
        let step = match args.iter().any(is_gathered) {
            true => GATHERED_ROWS,
            false => rows.max(1),
        };
        let mut ran = Ran::INTERPRETED;
        for start in (0..rows).step_by(step) {
            let piece = start..rows.min(start + step);
            let gathered = gathered(args, &piece);
            let mut given = self.given(args, &gathered, &piece, &before, &mut columns);
            let mut after = vec![0; before.len()];
            ran = match special.kernel.call_slots(&mut given, &mut after) {
                Err(error @ RuntimeError::Fault(_)) => {
                    let mut given: Vec<_> = given.iter_mut().map(interpreter_arg).collect();
                    let found = special.rows.run(&mut given, &mut after, None);
                    let found = found.map_err(|failure| special.rows.error(failure, Some(start)));
                    return Err(found.err().unwrap_or(error));
                }
                done => done?,
            };
            before = after;
        }
        Ok((columns, ran))
    }

    /// The arguments of the loop for some rows.
    fn given<'a>(
        &self,
        args: &'a [ColumnArg<'_>],
        gathered: &'a [Option<Buffer>],
        rows: &Range<usize>,
        before: &[u64],
        columns: &'a mut [Buffer],
    ) -> Vec<Arg<'a>> {
        let given = args.iter().enumerate();
        let given = given.map(|(index, arg)| match self.carried(index) {
            Some(number) => {
                let scalar = self.scan.carried[number].1.scalar();
                Const::from_bits(scalar, before[number]).into()
            }
            None => match slice(arg, &gathered[index], rows) {
                Ok(slice) => Arg(Kind::Read(slice, Grid::line(rows.len()))),
                Err(value) => value.into(),
            },
        });
        let outputs = columns.iter_mut().map(|column| {
            let part = part_mut(column.as_slice_mut(), rows.clone());
            Arg(Kind::Write(part, Grid::line(rows.len())))
        });
        given.chain(outputs).collect()
    }
}
