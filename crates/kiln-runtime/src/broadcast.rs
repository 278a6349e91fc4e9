//! A function of one row, mapped over arrays of several dimensions.
//!
//! NumPy's rule gives the shape: dimensions are matched from the last, and
//! one of extent 1, or one that is not there, is repeated. The elements of
//! that shape, row-major, are the rows of a map over columns; so everything
//! that is true of those (vectors, threads, faults, bits) is true here. An
//! array whose elements lie in that order is a column where it is, one that
//! is repeated throughout is a value, and any other is gathered block by
//! block, in runs as long as its strides allow: neighbouring dimensions that
//! step as one are merged. An output that has gaps is computed beside it and
//! copied in.

use crate::arg::{Arg, Kind};
use crate::arrays::{begin, finish};
use crate::column_view::{ColumnArg, ColumnView, Gather, Source};
use crate::columns::ColumnKernel;
use crate::element::{Buffer, Element};
use crate::error::RuntimeError;
use crate::grid::{Grid, RANK_MAX};
use crate::level::Ran;
use crate::rows::Outputs;
use kiln_interp::{Slice, SliceMut};
use kiln_ir::{Const, Scalar};
use std::ops::Range;
use std::sync::Arc;

/// The most elements of a map.
const ELEMENTS_MAX: usize = isize::MAX as usize / 8;

/// What stands for a parameter in a map over arrays.
#[derive(Debug)]
pub enum Operand<'a> {
    /// A value, or an array that is read.
    Arg(Arg<'a>),
    /// The array of the output of this number, which is written over.
    Output(usize),
}

impl<'a, T: Into<Arg<'a>>> From<T> for Operand<'a> {
    fn from(arg: T) -> Operand<'a> {
        Operand::Arg(arg.into())
    }
}

/// What a map over arrays has computed.
#[derive(Clone, PartialEq, Debug)]
pub struct Mapped {
    /// The extent of each dimension of every output.
    pub shape: Vec<usize>,
    /// One output per result, its elements row-major.
    pub outputs: Vec<Buffer>,
    /// Where it ran.
    pub ran: Ran,
}

impl ColumnKernel {
    /// Computes each element of the shape that the arguments broadcast to,
    /// into fresh arrays.
    ///
    /// # Errors
    /// When the arguments do not fit in number or type, or two shapes do not
    /// go together; the fault of the lowest failing element, whose row is its
    /// place in row-major order.
    pub fn map_arrays(&self, args: &[Arg<'_>]) -> Result<Mapped, RuntimeError> {
        let shape = common_shape(args)?;
        let rows = elements(&shape)?;
        let mut inputs = Vec::with_capacity(args.len());
        for arg in args {
            inputs.push(column(arg, &shape, rows)?);
        }
        let columns = self.kinds(&inputs)?;
        let results = self.func().results().iter();
        let mut outputs: Vec<Buffer> = results
            .map(|ty| Buffer::with_capacity(ty.scalar, 0))
            .collect();
        let ran = self.run_columns(&columns, &mut inputs, Outputs::Fresh(&mut outputs), rows)?;
        Ok(Mapped {
            shape,
            outputs,
            ran,
        })
    }

    /// As [`map_arrays`](Self::map_arrays) into the arrays `outputs`, one per
    /// result, all of one shape, to which the arguments broadcast.
    ///
    /// # Errors
    /// As there, and when an output is no array that may be written, is
    /// another shape's, or stands for two parameters. Nothing is written when
    /// the arguments do not fit; elements before a failing one are, and on
    /// several threads perhaps some behind it.
    pub fn map_arrays_into(
        &self,
        args: &[Operand<'_>],
        outputs: &mut [Arg<'_>],
    ) -> Result<Ran, RuntimeError> {
        let shape = output_shape(outputs)?;
        let rows = elements(&shape)?;
        self.check_results(outputs)?;
        let mut places = Vec::with_capacity(outputs.len());
        let mut beside = Vec::with_capacity(outputs.len());
        for (index, output) in outputs.iter().enumerate() {
            let runs = Runs::of(output, &shape)?;
            let is_input = args
                .iter()
                .any(|arg| matches!(arg, Operand::Output(of) if *of == index));
            beside.push(match runs.is_line() {
                true => None,
                false => Some(copied(output, runs, rows, is_input)),
            });
            places.push(runs);
        }
        begin(outputs);
        let done = self.run_into(args, &shape, rows, outputs, &places, &mut beside);
        let written = match &done {
            Ok(_) => rows,
            Err(RuntimeError::Fault(fault)) => fault.row.unwrap_or(0),
            Err(_) => 0,
        };
        for ((output, runs), buffer) in outputs.iter_mut().zip(&places).zip(&beside) {
            if let Some(buffer) = buffer {
                scatter(buffer.as_slice(), written_part(output), runs, 0..written);
            }
        }
        let ran = done?;
        finish(outputs);
        Ok(ran)
    }

    fn run_into(
        &self,
        args: &[Operand<'_>],
        shape: &[usize],
        rows: usize,
        outputs: &mut [Arg<'_>],
        places: &[Runs],
        beside: &mut [Option<Buffer>],
    ) -> Result<Ran, RuntimeError> {
        let slices = outputs.iter_mut().zip(places).zip(beside);
        let mut slices: Vec<Option<SliceMut<'_>>> = slices
            .map(|((output, runs), beside)| match beside {
                Some(buffer) => Some(buffer.as_slice_mut()),
                None => Some(line(written_part(output), runs.origin, rows)),
            })
            .collect();
        let mut inputs = Vec::with_capacity(args.len());
        for (param, arg) in args.iter().enumerate() {
            inputs.push(match arg {
                Operand::Arg(arg) => column(arg, shape, rows)?,
                Operand::Output(result) => {
                    let slice = slices.get_mut(*result).and_then(Option::take);
                    let refused = || RuntimeError::Update {
                        name: self.param_name(param),
                        result: *result,
                    };
                    ColumnArg::Update(slice.ok_or_else(refused)?, *result)
                }
            });
        }
        let columns = self.kinds(&inputs)?;
        let mut given: Vec<SliceMut<'_>> = slices.into_iter().flatten().collect();
        self.run_columns(&columns, &mut inputs, Outputs::Given(&mut given), rows)
    }

    fn param_name(&self, param: usize) -> String {
        let param = self.func().params().get(param);
        param.map_or_else(String::new, |param| param.name.clone())
    }

    /// Refuses outputs that are not one array per result, of its type.
    fn check_results(&self, outputs: &[Arg<'_>]) -> Result<(), RuntimeError> {
        let results = self.func().results();
        if results.len() != outputs.len() {
            return Err(RuntimeError::Count {
                what: "outputs",
                expected: results.len(),
                found: outputs.len(),
            });
        }
        for (index, (ty, output)) in results.iter().zip(outputs).enumerate() {
            let found = match &output.0 {
                Kind::Write(data, _) | Kind::Output(data, ..) => data.scalar(),
                Kind::Value(_) | Kind::Read(..) => return Err(RuntimeError::ReadOnly { index }),
            };
            if found != ty.scalar {
                return Err(RuntimeError::Type {
                    name: format!("result {index}"),
                    expected: ty.scalar,
                    found,
                });
            }
        }
        Ok(())
    }
}

/// The shape of the first output, which all have.
fn output_shape(outputs: &[Arg<'_>]) -> Result<Vec<usize>, RuntimeError> {
    let shape = outputs.first().map_or(&[][..], Arg::shape);
    match outputs.iter().find(|output| output.shape() != shape) {
        None => Ok(shape.to_vec()),
        Some(other) => Err(RuntimeError::Broadcast {
            from: other.shape().to_vec(),
            to: shape.to_vec(),
        }),
    }
}

/// The shape that all arguments broadcast to.
fn common_shape(args: &[Arg<'_>]) -> Result<Vec<usize>, RuntimeError> {
    let mut shape: Vec<usize> = Vec::new();
    for arg in args {
        let (new, old) = (arg.shape(), shape.clone());
        let added = new.len().saturating_sub(shape.len());
        shape.splice(0..0, new[..added].iter().copied());
        for (extent, &found) in shape.iter_mut().rev().zip(new.iter().rev()) {
            if *extent == 1 {
                *extent = found;
            } else if found != 1 && found != *extent {
                return Err(RuntimeError::Broadcast {
                    from: new.to_vec(),
                    to: old,
                });
            }
        }
    }
    Ok(shape)
}

/// Number of elements of a shape.
fn elements(shape: &[usize]) -> Result<usize, RuntimeError> {
    let all = shape.iter().fold(1usize, |n, &e| n.saturating_mul(e));
    match shape.contains(&0) {
        true => Ok(0),
        false if all <= ELEMENTS_MAX => Ok(all),
        false => Err(RuntimeError::Limit {
            what: "elements",
            found: all,
            limit: ELEMENTS_MAX,
        }),
    }
}

/// The elements of an array, in the order of a shape that it broadcasts to,
/// as a column.
fn column<'a>(
    arg: &'a Arg<'_>,
    shape: &[usize],
    rows: usize,
) -> Result<ColumnArg<'a>, RuntimeError> {
    let data = match &arg.0 {
        Kind::Value(value) => return Ok(ColumnArg::Value(*value)),
        Kind::Read(data, _) => *data,
        Kind::Write(data, _) | Kind::Output(data, ..) => data.as_slice(),
    };
    let runs = Runs::of(arg, shape)?;
    Ok(if rows == 0 {
        ColumnArg::Column(empty(data))
    } else if runs.rank == 0 {
        ColumnArg::Value(element(data, runs.origin))
    } else if runs.is_line() {
        let first = runs.origin;
        ColumnArg::Column(ColumnView(Source::Slice(part(data, first..first + rows))))
    } else {
        ColumnArg::Column(ColumnView(Source::Gather(gather_of(data, runs, rows))))
    })
}

/// The elements of an array in the order of a shape: dimensions that step as
/// one are merged, those of one element left out.
#[derive(Clone, Copy, Debug)]
struct Runs {
    origin: usize,
    rank: usize,
    shape: [usize; RANK_MAX],
    strides: [isize; RANK_MAX],
}

impl Runs {
    fn of(arg: &Arg<'_>, shape: &[usize]) -> Result<Runs, RuntimeError> {
        let grid = match &arg.0 {
            Kind::Value(_) => Grid::contiguous(1, &[])?,
            Kind::Read(_, grid) | Kind::Write(_, grid) | Kind::Output(_, grid, _) => *grid,
        };
        let grid = grid.broadcast(shape)?;
        let mut runs = Runs {
            origin: grid.geometry().origin,
            rank: 0,
            shape: [1; RANK_MAX],
            strides: [0; RANK_MAX],
        };
        for (&extent, &stride) in grid.shape().iter().zip(grid.strides()) {
            runs.push(extent, stride);
        }
        // One element, however often it is met, is a value.
        if runs.rank == 1 && runs.strides[0] == 0 {
            runs.rank = 0;
        }
        Ok(runs)
    }

    /// Adds a dimension inside of those there are.
    fn push(&mut self, extent: usize, stride: isize) {
        if extent == 1 {
            return;
        }
        if let Some(last) = self.rank.checked_sub(1)
            && Some(self.strides[last]) == stride.checked_mul(extent as isize)
        {
            self.shape[last] = self.shape[last].saturating_mul(extent);
            self.strides[last] = stride;
            return;
        }
        (self.shape[self.rank], self.strides[self.rank]) = (extent, stride);
        self.rank += 1;
    }

    /// Whether the elements lie side by side in order.
    fn is_line(&self) -> bool {
        match self.rank {
            0 => self.shape[0] <= 1,
            1 => self.strides[0] == 1,
            _ => false,
        }
    }

    /// Visits the elements `rows` in order, as runs: the place of the first,
    /// the step, and how many.
    fn for_each(&self, rows: Range<usize>, mut visit: impl FnMut(usize, isize, usize)) {
        let last = self.rank.saturating_sub(1);
        let (extent, stride) = (self.shape[last].max(1), self.strides[last]);
        let mut row = rows.start;
        while row < rows.end {
            let (mut outer, inner) = (row / extent, row % extent);
            let mut place = self.origin as isize + inner as isize * stride;
            for dim in (0..last).rev() {
                place += (outer % self.shape[dim]) as isize * self.strides[dim];
                outer /= self.shape[dim];
            }
            let count = (extent - inner).min(rows.end - row);
            visit(place as usize, stride, count);
            row += count;
        }
    }
}

/// The elements of an array, to be gathered.
struct Elements<'a, T> {
    data: &'a [T],
    runs: Runs,
    len: usize,
}

impl<T: Element> Gather for Elements<'_, T> {
    fn scalar(&self) -> Scalar {
        T::SCALAR
    }

    fn len(&self) -> usize {
        self.len
    }

    fn gather(&self, rows: Range<usize>, out: &mut Buffer) {
        let empty = Buffer::with_capacity(T::SCALAR, 0);
        let Ok(mut to) = T::from_buffer(std::mem::replace(out, empty)) else {
            return;
        };
        to.clear();
        let data = self.data;
        self.runs
            .for_each(rows, |place, stride, count| match stride {
                1 => to.extend_from_slice(&data[place..place + count]),
                0 => to.resize(to.len() + count, data[place]),
                _ => {
                    let at = |k: usize| data[place.wrapping_add_signed(k as isize * stride)];
                    to.extend((0..count).map(at));
                }
            });
        *out = T::buffer(to);
    }
}

/// Puts `rows` elements, from the first on, where they belong.
fn put<T: Copy>(from: &[T], to: &mut [T], runs: &Runs, rows: Range<usize>) {
    let mut next = rows.start;
    runs.for_each(rows, |place, stride, count| {
        let from = &from[next..next + count];
        match stride {
            1 => to[place..place + count].copy_from_slice(from),
            _ => {
                for (k, &value) in from.iter().enumerate() {
                    to[place.wrapping_add_signed(k as isize * stride)] = value;
                }
            }
        }
        next += count;
    });
}

/// The memory of an output.
fn written_part<'b>(output: &'b mut Arg<'_>) -> SliceMut<'b> {
    match &mut output.0 {
        Kind::Write(data, _) | Kind::Output(data, ..) => data.reborrow(),
        Kind::Value(_) | Kind::Read(..) => unreachable!("outputs may be written"),
    }
}

macro_rules! by_type {
    ($($variant:ident)*) => {
        fn element(data: Slice<'_>, at: usize) -> Const {
            match data {
                $(Slice::$variant(data) => kiln_ir::meaning::Value::to_const(data[at]),)*
            }
        }

        fn empty(data: Slice<'_>) -> ColumnView<'_> {
            match data {
                $(Slice::$variant(data) => ColumnView(Source::Slice(Slice::$variant(&data[..0]))),)*
            }
        }

        fn part(data: Slice<'_>, rows: Range<usize>) -> Slice<'_> {
            match data {
                $(Slice::$variant(data) => Slice::$variant(&data[rows]),)*
            }
        }

        /// The part of an output whose elements lie side by side.
        fn line(data: SliceMut<'_>, first: usize, rows: usize) -> SliceMut<'_> {
            match data {
                $(SliceMut::$variant(data) if rows == 0 => SliceMut::$variant(&mut data[..0]),
                SliceMut::$variant(data) => SliceMut::$variant(&mut data[first..first + rows]),)*
            }
        }

        fn gather_of(data: Slice<'_>, runs: Runs, len: usize) -> Arc<dyn Gather + '_> {
            match data {
                $(Slice::$variant(data) => Arc::new(Elements { data, runs, len }),)*
            }
        }

        /// Room for an output that has gaps; with what is in it, if it is an
        /// input too.
        fn copied(output: &Arg<'_>, runs: Runs, rows: usize, is_input: bool) -> Buffer {
            let data = match &output.0 {
                Kind::Write(data, _) | Kind::Output(data, ..) => data.as_slice(),
                Kind::Read(data, _) => *data,
                Kind::Value(value) => return Buffer::zeroed(value.scalar(), rows),
            };
            let mut buffer = Buffer::zeroed(data.scalar(), if is_input { 0 } else { rows });
            if is_input {
                gather_of(data, runs, rows).gather(0..rows, &mut buffer);
            }
            buffer
        }

        fn scatter(from: Slice<'_>, to: SliceMut<'_>, runs: &Runs, rows: Range<usize>) {
            match (from, to) {
                $((Slice::$variant(from), SliceMut::$variant(to)) => put(from, to, runs, rows),)*
                _ => unreachable!("a copy has the type of its array"),
            }
        }
    };
}

by_type! { Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 }
