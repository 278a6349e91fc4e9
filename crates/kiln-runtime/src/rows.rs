//! Running a loop over rows on the caller's columns, on one thread or in
//! pieces on several.
//!
//! Native code runs whole blocks of rows. Columns that do not lie side by
//! side are gathered piece by piece; the rows that fill no block are copied
//! to scratch memory, padded with copies of the last one, and run there by
//! the same code, so a row's position never changes a bit of it. A block with
//! a failing row is run again in the interpreter, which stores, stops and
//! reports as sequential code does.

#![allow(
    unsafe_code,
    reason = "compiled code takes pointers, and fresh outputs begin without values"
)]

use crate::column_view::{ColumnArg, Gather, Source};
use crate::element::Buffer;
use crate::error::RuntimeError;
use crate::interpret::Interpreted;
use crate::native::Compiled;
use crate::stats::count;
use crate::threads::{Threads, pieces};
use kiln_interp::{Arg, Slice, SliceMut};
use kiln_ir::{Const, Scalar};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::AtomicU64;
#[cfg(feature = "jit")]
use {
    crate::fpenv,
    crate::frame::{Frame, Line},
    kiln_codegen::frame,
    std::cell::Cell,
};

/// Rows that are gathered at once: few enough to stay in the first cache.
const GATHER_ROWS: usize = 1_024;

/// One parameter of a loop over rows, bound for a call.
pub(crate) enum Bound<'a> {
    /// One value for all rows.
    Value(Const),
    /// Elements side by side, one per row.
    Read(Slice<'a>),
    /// Elements to be gathered, one per row.
    Gather(&'a dyn Gather),
    /// Elements to be written.
    Write(Written<'a>),
}

/// Elements to be written, one per row.
///
/// Invariant: `data` points to as many elements of `scalar` as the call has
/// rows, which nobody else touches while this lives; they have values unless
/// the column is fresh.
pub(crate) struct Written<'a> {
    scalar: Scalar,
    data: *mut u8,
    /// Whether it is read as well.
    is_input: bool,
    is_fresh: bool,
    borrowed: PhantomData<&'a mut [u8]>,
}

// SAFETY: it is a pointer to memory of the call's that may be used from any
// thread (its elements are numbers); what follows it is `unsafe` and asks for
// rows that nobody else uses.
unsafe impl Send for Written<'_> {}
// SAFETY: as above.
unsafe impl Sync for Written<'_> {}

macro_rules! each_variant {
    ($enum:ident $value:expr, $data:ident => $body:expr) => {
        match $value {
            $enum::Bool($data) => $body,
            $enum::I8($data) => $body,
            $enum::I16($data) => $body,
            $enum::I32($data) => $body,
            $enum::I64($data) => $body,
            $enum::U8($data) => $body,
            $enum::U16($data) => $body,
            $enum::U32($data) => $body,
            $enum::U64($data) => $body,
            $enum::F32($data) => $body,
            $enum::F64($data) => $body,
        }
    };
}

impl<'a> Bound<'a> {
    /// A parameter that the loop reads.
    pub(crate) fn argument(arg: &'a mut ColumnArg<'_>) -> Bound<'a> {
        match arg {
            ColumnArg::Value(value) => Bound::Value(*value),
            ColumnArg::Column(view) => match &view.0 {
                Source::Slice(slice) => Bound::Read(*slice),
                Source::Gather(gather) => Bound::Gather(&**gather),
            },
            ColumnArg::Update(data, _) => Bound::written(data, true),
        }
    }

    /// A column that the caller gives to be written.
    pub(crate) fn given(data: &'a mut SliceMut<'_>) -> Bound<'a> {
        Bound::written(data, false)
    }

    fn written(data: &'a mut SliceMut<'_>, is_input: bool) -> Bound<'a> {
        Bound::Write(Written {
            scalar: data.scalar(),
            data: each_variant!(SliceMut data, d => d.as_mut_ptr().cast()),
            is_input,
            is_fresh: false,
            borrowed: PhantomData,
        })
    }

    /// A column of `rows` rows without values yet; `buffer` is empty.
    fn fresh(buffer: &'a mut Buffer, rows: usize) -> Bound<'a> {
        let scalar = buffer.scalar();
        Bound::Write(Written {
            scalar,
            data: each_variant!(Buffer buffer, d => {
                d.reserve_exact(rows);
                d.as_mut_ptr().cast()
            }),
            is_input: false,
            is_fresh: true,
            borrowed: PhantomData,
        })
    }

    /// First and last byte; nothing for what cannot overlap.
    pub(crate) fn bytes(&self, rows: usize) -> Option<(Range<usize>, bool)> {
        let (data, scalar, is_written) = match self {
            Bound::Value(_) | Bound::Gather(_) => return None,
            Bound::Read(slice) => (data_of(*slice), slice.scalar(), false),
            Bound::Write(written) => (written.data.cast_const(), written.scalar, true),
        };
        let start = data.addr();
        Some((start..start + rows * scalar.bytes(), is_written))
    }

    fn is_gathered(&self) -> bool {
        matches!(self, Bound::Gather(_))
    }
}

/// Where the results go.
pub(crate) enum Outputs<'o, 'd> {
    /// To columns of the caller's, as long as the call has rows.
    Given(&'o mut [SliceMut<'d>]),
    /// To empty buffers, which are filled if the call succeeds.
    Fresh(&'o mut [Buffer]),
}

/// A loop over rows, and who runs it.
pub(crate) struct Runner<'r> {
    /// Native code; `None` leaves everything to the interpreter.
    pub(crate) native: Option<&'r Compiled>,
    /// The interpreter, made on demand.
    pub(crate) interpreted: &'r (dyn Fn() -> Result<&'r Interpreted, RuntimeError> + Sync),
    /// Counts the blocks that were run again.
    pub(crate) reruns: &'r AtomicU64,
    /// Counts the calls that ran in pieces.
    pub(crate) parallel: &'r AtomicU64,
    /// Who runs pieces.
    pub(crate) threads: &'r Threads,
    /// How many threads the call may use.
    pub(crate) most: usize,
    /// What a row costs, in prices of vector ops.
    pub(crate) work: u64,
}

impl Runner<'_> {
    /// Runs `rows` rows. The arguments fit the parameters in number, type and
    /// length, the outputs the results that update no argument, and nothing
    /// that is written overlaps anything else.
    ///
    /// # Errors
    /// The failure of the lowest failing row. Rows before it are computed
    /// where the outputs are the caller's; of those behind it none is on one
    /// thread, and some may be on several.
    pub(crate) fn run(
        &self,
        args: &mut [ColumnArg<'_>],
        outputs: Outputs<'_, '_>,
        rows: usize,
    ) -> Result<(), RuntimeError> {
        let inputs = args.iter_mut().map(Bound::argument);
        match outputs {
            Outputs::Given(given) => {
                let bounds: Vec<Bound<'_>> =
                    inputs.chain(given.iter_mut().map(Bound::given)).collect();
                refuse_overlap(&bounds, rows)?;
                self.run_bound(&bounds, rows)
            }
            Outputs::Fresh(fresh) => {
                let columns = fresh.iter_mut().map(|buffer| Bound::fresh(buffer, rows));
                let bounds: Vec<Bound<'_>> = inputs.chain(columns).collect();
                refuse_overlap(&bounds, rows)?;
                self.run_bound(&bounds, rows)?;
                drop(bounds);
                for buffer in fresh {
                    // SAFETY: there is room for `rows` elements (`fresh`), and
                    // the loop, having succeeded, has written every row.
                    each_variant!(Buffer buffer, data => unsafe { data.set_len(rows) });
                }
                Ok(())
            }
        }
    }

    fn run_bound(&self, bounds: &[Bound<'_>], rows: usize) -> Result<(), RuntimeError> {
        let threads = self.threads.worth(self.most, rows, self.work);
        let step = self.piece_rows(threads, rows);
        if step >= rows {
            // SAFETY: the bounds are this call's.
            return unsafe { self.run_rows(bounds, 0..rows) };
        }
        count(self.parallel);
        self.threads.run(threads, rows.div_ceil(step), &|piece| {
            let start = piece * step;
            // SAFETY: the bounds are this call's, and no other piece has one
            // of these rows.
            unsafe { self.run_rows(bounds, start..rows.min(start + step)) }
        })
    }

    /// Rows of a piece, whole blocks of them; as many as there are, or more,
    /// where the call is one piece.
    fn piece_rows(&self, threads: usize, rows: usize) -> usize {
        let pieces = pieces(threads, rows).max(1);
        #[cfg(feature = "jit")]
        let block = self.native.map_or(1, Compiled::lanes);
        #[cfg(not(feature = "jit"))]
        let block = 1;
        rows.div_ceil(pieces).next_multiple_of(block)
    }

    /// Runs some rows on this thread.
    ///
    /// # Safety
    /// Nobody else touches these rows of a column that is written.
    unsafe fn run_rows(
        &self,
        bounds: &[Bound<'_>],
        rows: Range<usize>,
    ) -> Result<(), RuntimeError> {
        if rows.is_empty() {
            return Ok(());
        }
        #[cfg(feature = "jit")]
        if let Some(native) = self.native {
            // SAFETY: as above.
            return fpenv::with_default(|| unsafe { self.run_native(native, bounds, rows) });
        }
        let step = match bounds.iter().any(Bound::is_gathered) {
            true => GATHER_ROWS,
            false => rows.len(),
        };
        for start in rows.clone().step_by(step) {
            // SAFETY: as above.
            unsafe { self.interpret(bounds, start..rows.end.min(start + step))? };
        }
        Ok(())
    }

    /// Runs some rows in the interpreter.
    ///
    /// # Safety
    /// As [`run_rows`](Self::run_rows).
    unsafe fn interpret(
        &self,
        bounds: &[Bound<'_>],
        rows: Range<usize>,
    ) -> Result<(), RuntimeError> {
        let interpreted = (self.interpreted)()?;
        let gathered: Vec<Option<Buffer>> = bounds
            .iter()
            .map(|bound| match bound {
                Bound::Gather(gather) => Some(gathered(*gather, rows.clone())),
                _ => None,
            })
            .collect();
        let mut args: Vec<Arg<'_>> = bounds
            .iter()
            .zip(&gathered)
            .map(|(bound, gathered)| match (bound, gathered) {
                (_, Some(buffer)) => Arg::Slice(buffer.as_slice()),
                (Bound::Value(value), _) => Arg::Value(*value),
                (Bound::Read(slice), _) => Arg::Slice(part(*slice, rows.clone())),
                (Bound::Write(written), _) => {
                    // SAFETY: the rows are ours, and no other column has them.
                    Arg::SliceMut(unsafe { written.part(rows.clone()) })
                }
                (Bound::Gather(_), None) => unreachable!("gathered above"),
            })
            .collect();
        interpreted
            .run_rows(&mut args, 0..rows.len())
            .map_err(|failure| interpreted.error(failure, Some(rows.start)))
    }
}

#[cfg(feature = "jit")]
impl Runner<'_> {
    /// Runs some rows in native code.
    ///
    /// # Safety
    /// As [`run_rows`](Self::run_rows).
    unsafe fn run_native(
        &self,
        native: &Compiled,
        bounds: &[Bound<'_>],
        rows: Range<usize>,
    ) -> Result<(), RuntimeError> {
        let lanes = native.lanes();
        let whole = rows.end - rows.len() % lanes;
        let step = match bounds.iter().any(Bound::is_gathered) {
            true => GATHER_ROWS.next_multiple_of(lanes),
            false => rows.len(),
        };
        let mut frame = Frame::new(native.layout());
        for (param, bound) in bounds.iter().enumerate() {
            if let Bound::Value(value) = bound {
                frame.set_scalar(param, value.bits());
            }
        }
        let mut start = rows.start;
        while start < whole {
            let end = whole.min(start + step);
            // SAFETY: the rows are ours.
            let failed = unsafe { run_blocks(native, &mut frame, bounds, start..end) };
            start = match failed {
                None => end,
                Some(row) => {
                    // The lowest row that fails is in this block. Should the
                    // interpreter find none, its results stand.
                    let end = end.min(row + lanes);
                    count(self.reruns);
                    // SAFETY: the rows are ours.
                    unsafe { self.interpret(bounds, row..end)? };
                    end
                }
            };
        }
        let tail = whole..rows.end;
        // SAFETY: the rows are ours.
        if !tail.is_empty() && unsafe { !run_tail(native, &mut frame, bounds, tail.clone()) } {
            count(self.reruns);
            // SAFETY: as above.
            unsafe { self.interpret(bounds, tail)? };
        }
        Ok(())
    }
}

/// Runs whole blocks where the columns are; the first row of the block that
/// failed, if one did.
///
/// # Safety
/// As [`Runner::run_rows`].
#[cfg(feature = "jit")]
unsafe fn run_blocks(
    native: &Compiled,
    frame: &mut Frame<'_>,
    bounds: &[Bound<'_>],
    rows: Range<usize>,
) -> Option<usize> {
    let mut buffers = Vec::new();
    for (param, bound) in bounds.iter().enumerate() {
        let data = match bound {
            Bound::Value(_) => continue,
            Bound::Read(slice) => data_of(part(*slice, rows.clone())),
            Bound::Gather(gather) => {
                let buffer = gathered(*gather, rows.clone());
                let data = data_of(buffer.as_slice());
                buffers.push(buffer);
                data
            }
            Bound::Write(written) => written.at(rows.start),
        };
        frame.set_array(param, data, rows.len());
    }
    // SAFETY: the code is a strip made for these parameters; each column in
    // the frame has `rows.len()` elements from `data` on, whole blocks of
    // them; what is written is ours alone (`Written`, and our caller), and
    // the gathered buffers live until the end of this function.
    let status = unsafe { native.run(frame, rows.len()) };
    drop(buffers);
    (status != frame::DONE).then(|| rows.start + frame.error_row() as usize)
}

/// Runs the rows that fill no block, on copies padded to one. Whether no row
/// failed; if one did, nothing is stored.
///
/// # Safety
/// As [`Runner::run_rows`].
#[cfg(feature = "jit")]
unsafe fn run_tail(
    native: &Compiled,
    frame: &mut Frame<'_>,
    bounds: &[Bound<'_>],
    rows: Range<usize>,
) -> bool {
    let lanes = native.lanes();
    // Room for the widest elements, from line to line.
    let lines = (8 * lanes).div_ceil(Line::BYTES);
    let mut scratch = SCRATCH.take();
    scratch.resize(scratch.len().max(lines * bounds.len()), Line::ZERO);
    for (param, (bound, column)) in bounds.iter().zip(scratch.chunks_mut(lines)).enumerate() {
        let target: *mut u8 = column.as_mut_ptr().cast();
        let (data, scalar, buffer) = match bound {
            Bound::Value(_) => continue,
            Bound::Read(slice) => (data_of(part(*slice, rows.clone())), slice.scalar(), None),
            Bound::Gather(gather) => {
                let buffer = gathered(*gather, rows.clone());
                (data_of(buffer.as_slice()), gather.scalar(), Some(buffer))
            }
            Bound::Write(written) => (written.at(rows.start).cast_const(), written.scalar, None),
        };
        if !matches!(bound, Bound::Write(written) if !written.is_input) {
            // SAFETY: there are `rows` elements at `data`, all with values,
            // and room for `lanes` at `target`, which is scratch.
            unsafe { copy_padded(data, target, scalar.bytes(), rows.len(), lanes) };
        }
        drop(buffer);
        frame.set_array(param, target, lanes);
    }
    // SAFETY: the code is a strip made for these parameters; each column in
    // the frame is scratch memory for one block, apart from all others.
    let is_done = unsafe { native.run(frame, lanes) } == frame::DONE;
    for (bound, column) in bounds.iter().zip(scratch.chunks(lines)) {
        if let (true, Bound::Write(written)) = (is_done, bound) {
            let source: *const u8 = column.as_ptr().cast();
            let bytes = rows.len() * written.scalar.bytes();
            // SAFETY: `Written` has these rows, and the scratch column holds
            // a block, which is more.
            unsafe { std::ptr::copy_nonoverlapping(source, written.at(rows.start), bytes) };
        }
    }
    SCRATCH.set(scratch);
    is_done
}

/// Copies `rows` elements of `size` bytes, at least one, and then the last of
/// them until there are `lanes`.
///
/// # Safety
/// `source` holds `rows` elements with values, `target` has room for `lanes`,
/// and the two do not overlap.
#[cfg(feature = "jit")]
unsafe fn copy_padded(source: *const u8, target: *mut u8, size: usize, rows: usize, lanes: usize) {
    // SAFETY: as above; `rows` is less than `lanes` and not 0.
    unsafe {
        std::ptr::copy_nonoverlapping(source, target, rows * size);
        let last = source.add((rows - 1) * size);
        for lane in rows..lanes {
            std::ptr::copy_nonoverlapping(last, target.add(lane * size), size);
        }
    }
}

#[cfg(feature = "jit")]
thread_local! {
    /// Memory for the last rows of columns; it stays for the next call.
    static SCRATCH: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

impl Written<'_> {
    fn at(&self, row: usize) -> *mut u8 {
        self.data.wrapping_add(row * self.scalar.bytes())
    }

    /// Some rows, to be read and written. Rows of a fresh column become 0.
    ///
    /// # Safety
    /// Nobody else touches these rows while the slice lives.
    unsafe fn part(&self, rows: Range<usize>) -> SliceMut<'_> {
        macro_rules! parts {
            ($($variant:ident $ty:ident)*) => {
                match self.scalar {
                    $(Scalar::$variant => {
                        let data = self.at(rows.start).cast::<$ty>();
                        // SAFETY: by the invariant there are these rows, and
                        // they are the caller's; what has no value yet
                        // becomes zero, a value of every element type.
                        SliceMut::$variant(unsafe {
                            if self.is_fresh {
                                data.write_bytes(0, rows.len());
                            }
                            std::slice::from_raw_parts_mut(data, rows.len())
                        })
                    })*
                }
            };
        }
        parts!(Bool bool I8 i8 I16 i16 I32 i32 I64 i64 U8 u8 U16 u16 U32 u32 U64 u64 F32 f32 F64 f64)
    }
}

pub(crate) fn gathered(gather: &dyn Gather, rows: Range<usize>) -> Buffer {
    let mut buffer = Buffer::with_capacity(gather.scalar(), rows.len());
    gather.gather(rows, &mut buffer);
    buffer
}

/// Where a slice begins.
#[inline]
pub(crate) fn data_of(slice: Slice<'_>) -> *const u8 {
    each_variant!(Slice slice, data => data.as_ptr().cast())
}

/// Where a slice that is written begins.
#[inline]
pub(crate) fn data_of_mut(slice: &mut SliceMut<'_>) -> *mut u8 {
    each_variant!(SliceMut slice, data => data.as_mut_ptr().cast())
}

/// Some rows of a slice.
pub(crate) fn part(slice: Slice<'_>, rows: Range<usize>) -> Slice<'_> {
    each_variant!(Slice slice, data => Slice::from(&data[rows]))
}

/// Some rows of a slice, to be written.
pub(crate) fn part_mut(slice: SliceMut<'_>, rows: Range<usize>) -> SliceMut<'_> {
    each_variant!(SliceMut slice, data => SliceMut::from(&mut data[rows]))
}

/// Refuses columns that are written and share a byte with another.
fn refuse_overlap(bounds: &[Bound<'_>], rows: usize) -> Result<(), RuntimeError> {
    let ranges: Vec<(usize, Range<usize>, bool)> = bounds
        .iter()
        .enumerate()
        .filter_map(|(index, bound)| {
            let (bytes, is_written) = bound.bytes(rows)?;
            Some((index, bytes, is_written))
        })
        .collect();
    for (written, bytes, _) in ranges.iter().filter(|(.., is_written)| *is_written) {
        let clash = ranges.iter().find(|(other, range, _)| {
            other != written && bytes.start < range.end && range.start < bytes.end
        });
        if let Some((other, ..)) = clash {
            return Err(RuntimeError::Overlap {
                written: *written,
                other: *other,
            });
        }
    }
    Ok(())
}
