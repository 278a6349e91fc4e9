//! Columns as the caller has them: slices, strided views of slices, fields of
//! records; and one value for all rows.
//!
//! A view that is not a plain slice is gathered block by block through safe
//! code, so nothing here needs to know how a record lies in memory.

use crate::element::{Buffer, Element};
use crate::error::RuntimeError;
use kiln_interp::{Slice, SliceMut};
use kiln_ir::meaning::Value;
use kiln_ir::{Const, Scalar};
use std::fmt;
use std::ops::Range;

/// A column that is read.
#[derive(Clone)]
pub struct ColumnView<'a>(pub(crate) Source<'a>);

#[derive(Clone)]
pub(crate) enum Source<'a> {
    Slice(Slice<'a>),
    Gather(std::sync::Arc<dyn Gather + 'a>),
}

/// A column that is copied out block by block.
pub(crate) trait Gather: Send + Sync {
    fn scalar(&self) -> Scalar;
    fn len(&self) -> usize;
    /// Appends the values of `rows`, which there are, to `out`, which has
    /// this type and is cleared.
    fn gather(&self, rows: Range<usize>, out: &mut Buffer);
}

impl<'a> ColumnView<'a> {
    /// Elements that lie side by side.
    pub fn slice<T: Element>(data: &'a [T]) -> ColumnView<'a> {
        ColumnView(Source::Slice(T::slice(data)))
    }

    /// `len` elements of `data` from `start` on, each `step` after the one
    /// before; `step` may be 0 or negative.
    ///
    /// # Errors
    /// When an element lies outside `data`.
    pub fn strided<T: Element>(
        data: &'a [T],
        start: usize,
        step: isize,
        len: usize,
    ) -> Result<ColumnView<'a>, RuntimeError> {
        let last = len
            .checked_sub(1)
            .and_then(|steps| isize::try_from(steps).ok())
            .and_then(|steps| steps.checked_mul(step))
            .and_then(|span| start.checked_add_signed(span));
        let inside = len == 0 || (start < data.len() && last.is_some_and(|l| l < data.len()));
        if !inside {
            return Err(RuntimeError::Strided {
                start,
                step,
                len,
                slice: data.len(),
            });
        }
        let at = move |row: usize| data[start.wrapping_add_signed(row as isize * step)];
        Ok(ColumnView(Source::Gather(std::sync::Arc::new(Rows {
            len,
            at,
        }))))
    }

    /// A field of records, or anything else that each of them gives.
    pub fn field<R: Sync, T: Element>(
        records: &'a [R],
        field: impl Fn(&R) -> T + Send + Sync + 'a,
    ) -> ColumnView<'a> {
        let (len, at) = (records.len(), move |row: usize| field(&records[row]));
        ColumnView(Source::Gather(std::sync::Arc::new(Rows { len, at })))
    }

    /// What each element is.
    pub fn scalar(&self) -> Scalar {
        match &self.0 {
            Source::Slice(slice) => slice.scalar(),
            Source::Gather(gather) => gather.scalar(),
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match &self.0 {
            Source::Slice(slice) => slice.len(),
            Source::Gather(gather) => gather.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for ColumnView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 {
            Source::Slice(_) => "slice",
            Source::Gather(_) => "gathered",
        };
        write!(f, "ColumnView({kind} of {} {})", self.len(), self.scalar())
    }
}

/// Rows that a function gives.
struct Rows<F> {
    len: usize,
    at: F,
}

impl<T: Element, F: Fn(usize) -> T + Send + Sync> Gather for Rows<F> {
    fn scalar(&self) -> Scalar {
        T::SCALAR
    }

    fn len(&self) -> usize {
        self.len
    }

    fn gather(&self, rows: Range<usize>, out: &mut Buffer) {
        let empty = Buffer::with_capacity(T::SCALAR, 0);
        if let Ok(mut data) = T::from_buffer(std::mem::replace(out, empty)) {
            data.clear();
            data.extend(rows.map(&self.at));
            *out = T::buffer(data);
        }
    }
}

/// What stands for one parameter when a function maps over columns.
#[derive(Debug)]
pub enum ColumnArg<'a> {
    /// One value for all rows.
    Value(Const),
    /// One value per row.
    Column(ColumnView<'a>),
    /// One value per row, overwritten by the result of this number.
    Update(SliceMut<'a>, usize),
}

impl ColumnArg<'_> {
    /// The same to be read, for a shorter time.
    pub fn read(&self) -> ColumnArg<'_> {
        match self {
            ColumnArg::Value(value) => ColumnArg::Value(*value),
            ColumnArg::Column(view) => ColumnArg::Column(view.clone()),
            ColumnArg::Update(data, _) => {
                ColumnArg::Column(ColumnView(Source::Slice(data.as_slice())))
            }
        }
    }
}

impl<'a> From<ColumnView<'a>> for ColumnArg<'a> {
    fn from(view: ColumnView<'a>) -> ColumnArg<'a> {
        ColumnArg::Column(view)
    }
}

impl From<Const> for ColumnArg<'_> {
    fn from(value: Const) -> Self {
        ColumnArg::Value(value)
    }
}

impl<'a> From<&'a Buffer> for ColumnArg<'a> {
    fn from(buffer: &'a Buffer) -> ColumnArg<'a> {
        ColumnArg::Column(ColumnView(Source::Slice(buffer.as_slice())))
    }
}

impl<'a, T: Element> From<&'a [T]> for ColumnArg<'a> {
    fn from(data: &'a [T]) -> ColumnArg<'a> {
        ColumnArg::Column(ColumnView::slice(data))
    }
}

impl<'a, T: Element> From<&'a Vec<T>> for ColumnArg<'a> {
    fn from(data: &'a Vec<T>) -> ColumnArg<'a> {
        ColumnArg::Column(ColumnView::slice(data))
    }
}

impl<'a, T: Element, const N: usize> From<&'a [T; N]> for ColumnArg<'a> {
    fn from(data: &'a [T; N]) -> ColumnArg<'a> {
        ColumnArg::Column(ColumnView::slice(data))
    }
}

macro_rules! values {
    ($($ty:ident)*) => {$(
        impl From<$ty> for ColumnArg<'_> {
            fn from(value: $ty) -> Self {
                ColumnArg::Value(value.to_const())
            }
        }
    )*};
}

values! { bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

#[cfg(test)]
mod tests {
    use super::*;

    fn gathered(view: &ColumnView<'_>) -> Vec<f64> {
        let Source::Gather(gather) = &view.0 else {
            panic!("{view:?} is gathered");
        };
        let mut out = Buffer::with_capacity(Scalar::F64, 0);
        gather.gather(0..gather.len(), &mut out);
        out.into_vec().unwrap_or_default()
    }

    #[test]
    fn strided_views_stay_inside() {
        let data = [0.0, 1.0, 2.0, 3.0, 4.0];
        let view = |start, step, len| ColumnView::strided(&data, start, step, len);
        assert_eq!(view(0, 2, 3).map(|v| gathered(&v)), Ok(vec![0.0, 2.0, 4.0]));
        assert_eq!(view(4, -1, 5).map(|v| gathered(&v)[4]), Ok(0.0));
        assert_eq!(view(3, 0, 4).map(|v| gathered(&v)), Ok(vec![3.0; 4]));
        assert_eq!(view(9, 1, 0).map(|v| v.len()), Ok(0));
        for (start, step, len) in [
            (0, 2, 4),
            (4, -1, 6),
            (5, 0, 1),
            (1, isize::MAX, 3),
            (0, 1, usize::MAX),
            (0, isize::MIN, 2),
        ] {
            assert!(view(start, step, len).is_err(), "{start} {step} {len}");
        }
    }

    #[test]
    fn a_field_is_a_column() {
        let records = [(1u8, 0.5), (2, 1.5)];
        let view = ColumnView::field(&records, |r| r.1);
        assert_eq!((view.len(), view.scalar()), (2, Scalar::F64));
        assert_eq!(gathered(&view), [0.5, 1.5]);
    }
}
