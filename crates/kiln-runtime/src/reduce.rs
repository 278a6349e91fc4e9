//! Functions of one row, each combined over all rows to one value, and what is
//! made of these values.
//!
//! Each value is a reduction of the language in the shape of a tree. Native
//! code runs it as a function of arrays; the interpreter, whose reductions go
//! value by value, computes rows in blocks and combines what they give. Where
//! several are taken of the same rows, or columns have to be gathered, rows
//! come in pieces that stay in the cache; on several threads they come in
//! pieces anyway. Pieces are subtrees of the shape, so how rows are cut shows
//! in no bit.
//!
//! A row that fails is looked for once more, in the interpreter: a reduction
//! stores nothing, and its code does not say which row it was.

use crate::arg::{Arg, Kind};
use crate::arrays::ArrayKernel;
use crate::budget::admit;
use crate::column_view::{ColumnArg, Source};
use crate::cut::{Cut, combined};
use crate::element::Buffer;
use crate::engine::Engine;
use crate::error::RuntimeError;
use crate::grid::Grid;
use crate::interpret::Interpreted;
use crate::level::{Ran, Tier};
use crate::rows::part;
use crate::specials::Specials;
use crate::stats::count;
use crate::threads::{Parallel, pieces};
use kiln_interp::{Slice, fold};
use kiln_ir::{Column, Combine, Const, Func, Param, Scalar, elementwise, reduction};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Rows of a piece that several reductions share: 256 KiB of a column of f64,
/// half of the second cache of most processors.
const PIECE_ROWS: usize = 1 << 15;

/// Rows of a vector that share a price.
const VECTOR_ROWS: usize = 4;

/// One value to combine over all rows.
#[derive(Clone, Debug)]
pub struct Total {
    /// The value of one row, of scalar parameters.
    pub func: Arc<Func>,
    /// How two values are combined.
    pub combine: Combine,
    /// The parameter, an `i64`, that is the number of the row.
    pub row: Option<usize>,
}

/// Values combined over the same rows, and what is made of them, ready to be
/// computed. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct ReduceKernel {
    inner: Arc<Inner>,
    parallel: Parallel,
}

struct Inner {
    engine: Engine,
    totals: Vec<Made>,
    finish: Interpreted,
    results: Vec<Scalar>,
}

struct Made {
    total: Total,
    specials: Specials<Result<Special, RuntimeError>>,
}

/// What computes a value for one kind of each argument.
struct Special {
    reduction: ArrayKernel,
    /// The value of each row.
    rows: Interpreted,
}

impl Engine {
    /// A kernel that combines values over rows. `finish` makes the results,
    /// from the number of rows, an `i64`, whatever a call hands on, and then
    /// the values; it is interpreted, once a call.
    ///
    /// # Errors
    /// When a Func is not valid, has arrays, or is larger than the engine's
    /// limits allow.
    pub fn reduce(&self, totals: Vec<Total>, finish: &Func) -> Result<ReduceKernel, RuntimeError> {
        for total in &totals {
            admit(&total.func, self.limits())?;
        }
        admit(finish, self.limits())?;
        let made = |total| Made {
            total,
            specials: Specials::default(),
        };
        let kernel = ReduceKernel {
            inner: Arc::new(Inner {
                engine: self.clone(),
                totals: totals.into_iter().map(made).collect(),
                finish: Interpreted::new(finish)?,
                results: finish.results().iter().map(|ty| ty.scalar).collect(),
            }),
            parallel: Parallel::AsEngine,
        };
        if self.0.is_eager() {
            for made in &kernel.inner.totals {
                let columns = made.columns(|_| Column::Contiguous);
                made.with_special(self, &columns, |special| {
                    special.reduction.prepare();
                    Ok(())
                })?;
            }
        }
        Ok(kernel)
    }
}

impl ReduceKernel {
    /// The same on as many threads as said: its calls are cut into pieces of
    /// rows where that pays.
    #[must_use]
    pub fn parallel(&self, parallel: impl Into<Parallel>) -> ReduceKernel {
        ReduceKernel {
            inner: self.inner.clone(),
            parallel: parallel.into(),
        }
    }

    /// Combines `rows` rows. For each value, `args` has one entry per
    /// parameter, and an update is read; what stands for the number of the row
    /// is not looked at. `known` is handed on to what makes the
    /// results. Gives these, and where the rows were computed, if they were.
    ///
    /// # Errors
    /// When the arguments do not fit in number, type or length; the fault of
    /// the lowest failing row, there of the first value that fails; that of
    /// what makes the results.
    pub fn call(
        &self,
        rows: usize,
        args: &[Vec<ColumnArg<'_>>],
        known: &[Const],
    ) -> Result<(Vec<Const>, Option<Ran>), RuntimeError> {
        let inner = &*self.inner;
        inner.check(rows, args)?;
        let (values, ran) = inner.combine(self.parallel, rows, args)?;
        let rows = i64::try_from(rows).unwrap_or(i64::MAX) as u64;
        let known = known.iter().map(|value| value.bits());
        let values = values.iter().map(|value| value.bits());
        let all: Vec<u64> = [rows].into_iter().chain(known).chain(values).collect();
        let mut results = vec![0; inner.results.len()];
        let done = inner.finish.call(&all, &mut results);
        done.map_err(|failure| inner.finish.error(failure, None))?;
        let results = inner.results.iter().zip(results);
        let results = results.map(|(&scalar, bits)| Const::from_bits(scalar, bits));
        Ok((results.collect(), ran))
    }
}

impl fmt::Debug for ReduceKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReduceKernel({} values)", self.inner.totals.len())
    }
}

impl Inner {
    fn check(&self, rows: usize, args: &[Vec<ColumnArg<'_>>]) -> Result<(), RuntimeError> {
        check_count("values", self.totals.len(), args.len())?;
        for (made, args) in self.totals.iter().zip(args) {
            let params = made.total.func.params();
            check_count("arguments", params.len(), args.len())?;
            for (param, arg) in params.iter().zip(args) {
                check_rows(param, arg, rows)?;
            }
        }
        Ok(())
    }

    /// The combined values, and where they were computed.
    fn combine(
        &self,
        parallel: Parallel,
        rows: usize,
        args: &[Vec<ColumnArg<'_>>],
    ) -> Result<(Vec<Const>, Option<Ran>), RuntimeError> {
        let cut = self.cut(parallel, rows, args);
        let (count, totals) = (cut.count(), self.totals.len());
        let slots: Vec<AtomicU64> = (0..count * totals).map(|_| AtomicU64::new(0)).collect();
        let is_interpreted = AtomicBool::new(false);
        let level = std::sync::OnceLock::new();
        self.run(parallel, rows, count, &|piece| {
            let Range { start, end } = cut.piece(piece);
            let range = start as usize..end as usize;
            let mut failed: Option<RuntimeError> = None;
            for (index, (made, args)) in self.totals.iter().zip(args).enumerate() {
                match made.call(&self.engine, args, range.clone()) {
                    Ok((value, ran)) => {
                        slots[piece * totals + index].store(value, Ordering::Relaxed);
                        match ran.tier {
                            Tier::Interpreter => is_interpreted.store(true, Ordering::Relaxed),
                            Tier::Native => _ = level.set(ran),
                        }
                    }
                    // So it does not show how rows were cut.
                    Err(error) => match &failed {
                        Some(before) if row(before) <= row(&error) => {}
                        _ => failed = Some(error),
                    },
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
            Ok(())
        })?;
        // Whoever waited for the pieces sees what they stored.
        let value = |(index, made): (usize, &Made)| {
            let pieces = (0..count).map(|piece| &slots[piece * totals + index]);
            let pieces = pieces.map(|slot| slot.load(Ordering::Relaxed));
            let Total { func, combine, .. } = &made.total;
            combined(*combine, func.results()[0].scalar, pieces)
        };
        let ran = match level.into_inner() {
            Some(ran) if !is_interpreted.into_inner() => Some(ran),
            _ => (totals > 0).then_some(Ran::INTERPRETED),
        };
        Ok((self.totals.iter().enumerate().map(value).collect(), ran))
    }

    /// How rows are cut.
    fn cut(&self, parallel: Parallel, rows: usize, args: &[Vec<ColumnArg<'_>>]) -> Cut {
        let is_gathered = |arg: &ColumnArg<'_>| match arg {
            ColumnArg::Column(view) => matches!(view.0, Source::Gather(_)),
            ColumnArg::Value(_) | ColumnArg::Update(..) => false,
        };
        let stays = self.totals.len() > 1 || args.iter().flatten().any(is_gathered);
        let least = if stays { rows.div_ceil(PIECE_ROWS) } else { 1 };
        let asked = pieces(self.threads(parallel, rows), rows).max(least);
        let end = i64::try_from(rows).unwrap_or(i64::MAX);
        Cut::new(0..end, asked, true)
    }

    /// On how many threads rows are combined.
    fn threads(&self, parallel: Parallel, rows: usize) -> usize {
        let shared = &self.engine.0;
        let nodes = self.totals.iter().map(|made| made.total.func.node_count());
        let work = 2 * nodes.sum::<usize>() as u64;
        let rounds = match shared.is_native() {
            true => rows / VECTOR_ROWS,
            // The interpreter takes about as long for a node of each row.
            false => rows,
        };
        shared
            .threads
            .worth(shared.threads.of(parallel), rounds, work)
    }

    fn run(
        &self,
        parallel: Parallel,
        rows: usize,
        count_of_pieces: usize,
        piece: &(dyn Fn(usize) -> Result<(), RuntimeError> + Sync),
    ) -> Result<(), RuntimeError> {
        let shared = &self.engine.0;
        match self.threads(parallel, rows).min(count_of_pieces) {
            0 | 1 => (0..count_of_pieces).try_for_each(piece),
            threads => {
                count(&shared.counters.parallel);
                shared.threads.run(threads, count_of_pieces, piece)
            }
        }
    }
}

impl Made {
    /// What each argument is; what is told the row is one value to the loop.
    fn columns(&self, column: impl Fn(usize) -> Column) -> Vec<Column> {
        (0..self.total.func.params().len())
            .map(|index| match self.total.row == Some(index) {
                true => Column::Uniform,
                false => column(index),
            })
            .collect()
    }

    fn with_special<T>(
        &self,
        engine: &Engine,
        columns: &[Column],
        with: impl FnOnce(&Special) -> Result<T, RuntimeError>,
    ) -> Result<T, RuntimeError> {
        let Total { func, combine, row } = &self.total;
        let make = || {
            let mut numbered = columns.to_vec();
            if let Some(row) = *row {
                numbered[row] = Column::Contiguous;
            }
            let reduction = engine.arrays(reduction(func, columns, *combine, *row))?;
            Ok(Special {
                reduction: reduction.parallel(false),
                rows: Interpreted::new(&elementwise(func, &numbered))?,
            })
        };
        self.specials.with(columns, make, |made| match made {
            Ok(special) => with(special),
            Err(error) => Err(error.clone()),
        })
    }

    /// Combines some rows. Gives the value in a slot.
    fn call(
        &self,
        engine: &Engine,
        args: &[ColumnArg<'_>],
        rows: Range<usize>,
    ) -> Result<(u64, Ran), RuntimeError> {
        let columns = self.columns(|index| match args[index] {
            ColumnArg::Value(_) => Column::Uniform,
            ColumnArg::Column(_) | ColumnArg::Update(..) => Column::Contiguous,
        });
        self.with_special(engine, &columns, |special| {
            match special.reduction.is_native() {
                true => self.reduce(special, args, rows),
                false => Ok((self.interpret(special, args, rows)?, Ran::INTERPRETED)),
            }
        })
    }

    /// Combines some rows by the reduction.
    fn reduce(
        &self,
        special: &Special,
        args: &[ColumnArg<'_>],
        rows: Range<usize>,
    ) -> Result<(u64, Ran), RuntimeError> {
        let gathered = gathered(args, &rows);
        let first = Const::i64(rows.start as i64);
        let mut given: Vec<Arg<'_>> = args
            .iter()
            .enumerate()
            .map(|(index, arg)| match slice(arg, &gathered[index], &rows) {
                _ if self.total.row == Some(index) => first.into(),
                Ok(slice) => Arg(Kind::Read(slice, Grid::line(rows.len()))),
                Err(value) => value.into(),
            })
            .collect();
        given.push(Const::i64(rows.len() as i64).into());
        let mut result = [0];
        match special.reduction.call_slots(&mut given, &mut result) {
            Ok(ran) => Ok((result[0], ran)),
            Err(error @ RuntimeError::Fault(_)) => {
                // The same fault, with its row.
                let found = self.interpret(special, args, rows);
                Err(found.err().unwrap_or(error))
            }
            Err(error) => Err(error),
        }
    }

    /// Combines some rows in the interpreter.
    fn interpret(
        &self,
        special: &Special,
        args: &[ColumnArg<'_>],
        rows: Range<usize>,
    ) -> Result<u64, RuntimeError> {
        let scalar = self.total.func.results()[0].scalar;
        let mut out = Buffer::zeroed(scalar, rows.len().min(PIECE_ROWS));
        let mut numbers: Vec<i64> = Vec::new();
        let mut values = Vec::new();
        for start in rows.clone().step_by(PIECE_ROWS) {
            let piece = start..rows.end.min(start + PIECE_ROWS);
            let gathered = gathered(args, &piece);
            if self.total.row.is_some() {
                numbers.clear();
                numbers.extend(piece.clone().map(|row| row as i64));
            }
            let mut given: Vec<kiln_interp::Arg<'_>> = args
                .iter()
                .enumerate()
                .map(|(index, arg)| match slice(arg, &gathered[index], &piece) {
                    _ if self.total.row == Some(index) => {
                        kiln_interp::Arg::Slice(Slice::I64(&numbers))
                    }
                    Ok(slice) => kiln_interp::Arg::Slice(slice),
                    Err(value) => kiln_interp::Arg::Value(value),
                })
                .collect();
            given.push(kiln_interp::Arg::SliceMut(out.as_slice_mut()));
            let done = special.rows.run_rows(&mut given, 0..piece.len());
            drop(given);
            done.map_err(|failure| special.rows.error(failure, Some(start)))?;
            let computed = part(out.as_slice(), 0..piece.len());
            values.push(fold(self.total.combine, computed).bits());
        }
        Ok(combined(self.total.combine, scalar, values.into_iter()).bits())
    }
}

/// The row that failed; none is before all others, as it is no fault of a row.
fn row(error: &RuntimeError) -> Option<usize> {
    match error {
        RuntimeError::Fault(fault) => fault.row,
        _ => None,
    }
}

/// Refuses an argument of another type, or of another length than `rows`.
pub(crate) fn check_rows(
    param: &Param,
    arg: &ColumnArg<'_>,
    rows: usize,
) -> Result<(), RuntimeError> {
    let (found, len) = match arg {
        ColumnArg::Value(value) => (value.scalar(), rows),
        ColumnArg::Column(view) => (view.scalar(), view.len()),
        ColumnArg::Update(data, _) => (data.scalar(), data.len()),
    };
    let expected = crate::columns::scalar_of(param.ty);
    crate::columns::check_type(|| param.name.clone(), expected, found)?;
    crate::columns::check_length(|| param.name.clone(), rows, len)
}

/// Copies of the columns that do not lie side by side.
pub(crate) fn gathered(args: &[ColumnArg<'_>], rows: &Range<usize>) -> Vec<Option<Buffer>> {
    let copy = |arg: &ColumnArg<'_>| match arg {
        ColumnArg::Column(view) => match &view.0 {
            Source::Gather(gather) => Some(crate::rows::gathered(&**gather, rows.clone())),
            Source::Slice(_) => None,
        },
        ColumnArg::Value(_) | ColumnArg::Update(..) => None,
    };
    args.iter().map(copy).collect()
}

/// Some rows of a column, or its one value.
pub(crate) fn slice<'a>(
    arg: &'a ColumnArg<'_>,
    gathered: &'a Option<Buffer>,
    rows: &Range<usize>,
) -> Result<Slice<'a>, Const> {
    match (arg, gathered) {
        (ColumnArg::Value(value), _) => Err(*value),
        (_, Some(buffer)) => Ok(buffer.as_slice()),
        (ColumnArg::Column(view), None) => match &view.0 {
            Source::Slice(slice) => Ok(part(*slice, rows.clone())),
            Source::Gather(_) => unreachable!("gathered above"),
        },
        (ColumnArg::Update(data, _), None) => Ok(part(data.as_slice(), rows.clone())),
    }
}

pub(crate) fn check_count(
    what: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), RuntimeError> {
    match expected == found {
        true => Ok(()),
        false => Err(RuntimeError::Count {
            what,
            expected,
            found,
        }),
    }
}
