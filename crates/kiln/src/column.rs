//! Columns: what a map takes, one value per row or one for all, and what it
//! gives.

use crate::error::Described;
use crate::value::Value;
use kiln_formula::{InputType, OutputInfo};
use kiln_ir::{Const, Scalar};
use kiln_runtime::{Buffer, ColumnArg, ColumnView, Element, Ran, SliceMut};
use std::any::Any;
use std::sync::Arc;

/// A column that is read: a slice, a slice with validity, or one value for all
/// rows. A value broadcasts, a slice never does.
///
/// ```
/// let k = "qty * price".parse::<kiln::Formula>()?.kernel();
/// let qty = [2.0, 3.0];
/// let out = k.map(&[("qty", (&qty).into()), ("price", 1.5.into())])?;
/// assert_eq!(out["result"].as_slice(), Some(&[3.0, 4.5][..]));
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Column<'a>(pub(crate) Kind<'a>);

#[derive(Clone, Debug)]
pub(crate) enum Kind<'a> {
    Value(Value),
    Values(ColumnView<'a>),
    /// Values, and whether each is there.
    Nullable(ColumnView<'a>, ColumnView<'a>),
}

impl<'a> Column<'a> {
    /// Values of which only those are there that `valid` marks. What stands in
    /// the other places is never looked at.
    pub fn with_validity<T: Element>(values: &'a [T], valid: &'a [bool]) -> Column<'a> {
        Column(Kind::Nullable(
            ColumnView::slice(values),
            ColumnView::slice(valid),
        ))
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
    ) -> Result<Column<'a>, crate::Error> {
        Ok(Column(Kind::Values(ColumnView::strided(
            data, start, step, len,
        )?)))
    }

    /// What a formula sees: the type, and whether values can be missing.
    pub(crate) fn input_type(&self) -> InputType {
        match &self.0 {
            Kind::Value(value) => value_type(*value),
            Kind::Values(values) => InputType::new(values.scalar()),
            Kind::Nullable(values, _) => InputType::new(values.scalar()).nullable(),
        }
    }

    /// Whether there is a value for each row, and not one for all.
    pub(crate) fn is_column(&self) -> bool {
        !matches!(self.0, Kind::Value(_))
    }

    /// The number of rows of the values and of the validity, where there are.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = usize> + use<> {
        let (values, valid) = match &self.0 {
            Kind::Value(_) => (None, None),
            Kind::Values(values) => (Some(values.len()), None),
            Kind::Nullable(values, valid) => (Some(values.len()), Some(valid.len())),
        };
        values.into_iter().chain(valid)
    }

    /// What stands for the parameter of the value, and for that of its
    /// validity.
    pub(crate) fn into_args(self) -> (ColumnArg<'a>, ColumnArg<'a>) {
        match self.0 {
            Kind::Value(value) => {
                let missing = Const::zero(value_type(value).scalar);
                let constant = value.to_const().unwrap_or(missing);
                let valid = Const::bool(!value.is_missing());
                (ColumnArg::Value(constant), ColumnArg::Value(valid))
            }
            Kind::Values(values) => (
                ColumnArg::Column(values),
                ColumnArg::Value(Const::bool(true)),
            ),
            Kind::Nullable(values, valid) => (ColumnArg::Column(values), ColumnArg::Column(valid)),
        }
    }
}

/// What a formula sees of one value.
pub(crate) fn value_type(value: Value) -> InputType {
    match value.scalar() {
        Some(scalar) => InputType::new(scalar),
        None => InputType::new(Scalar::F64).nullable(),
    }
}

impl<'a, T> From<&'a Vec<T>> for Column<'a>
where
    Column<'a>: From<&'a [T]>,
{
    fn from(values: &'a Vec<T>) -> Column<'a> {
        values.as_slice().into()
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for Column<'a>
where
    Column<'a>: From<&'a [T]>,
{
    fn from(values: &'a [T; N]) -> Column<'a> {
        values.as_slice().into()
    }
}

impl From<Value> for Column<'_> {
    fn from(value: Value) -> Self {
        Column(Kind::Value(value))
    }
}

impl<'a> From<&'a ColumnBuf> for Column<'a> {
    fn from(column: &'a ColumnBuf) -> Column<'a> {
        let values = view(&column.data);
        match &column.valid {
            None => Column(Kind::Values(values)),
            Some(valid) => Column(Kind::Nullable(values, ColumnView::slice(valid))),
        }
    }
}

macro_rules! scalars {
    ($($ty:ident)*) => {$(
        impl From<$ty> for Column<'_> {
            fn from(value: $ty) -> Self {
                Column(Kind::Value(value.into()))
            }
        }

        impl<'a> From<&'a [$ty]> for Column<'a> {
            fn from(values: &'a [$ty]) -> Column<'a> {
                Column(Kind::Values(ColumnView::slice(values)))
            }
        }

        impl<'a> From<&'a [Option<$ty>]> for Column<'a> {
            fn from(cells: &'a [Option<$ty>]) -> Column<'a> {
                let value = |cell: &Option<$ty>| cell.unwrap_or_default();
                Column(Kind::Nullable(
                    ColumnView::field(cells, value),
                    ColumnView::field(cells, |cell: &Option<$ty>| cell.is_some()),
                ))
            }
        }
    )*};
}

scalars! { bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

/// A column that is written: a slice, or a slice with validity.
#[derive(Debug)]
pub struct ColumnMut<'a> {
    values: SliceMut<'a>,
    valid: Option<&'a mut [bool]>,
}

impl<'a> ColumnMut<'a> {
    /// Values, and whether each is there, which an output that can be missing
    /// needs. What is written to the places of missing rows is arbitrary.
    pub fn with_validity<T: Element>(values: &'a mut [T], valid: &'a mut [bool]) -> ColumnMut<'a> {
        ColumnMut {
            values: T::slice_mut(values),
            valid: Some(valid),
        }
    }

    pub(crate) fn described(&self) -> Described {
        Described {
            scalar: self.values.scalar(),
            nullable: self.valid.is_some(),
        }
    }

    /// The number of rows of the values and of the validity, where there is one.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = usize> + use<> {
        let valid = self.valid.as_ref().map(|valid| valid.len());
        std::iter::once(self.values.len()).chain(valid)
    }

    /// The values and the validity, to be written by a call.
    pub(crate) fn parts(&mut self) -> (SliceMut<'_>, Option<&mut [bool]>) {
        (reborrow(&mut self.values), self.valid.as_deref_mut())
    }
}

impl<'a, T: Element> From<&'a mut [T]> for ColumnMut<'a> {
    fn from(values: &'a mut [T]) -> ColumnMut<'a> {
        ColumnMut {
            values: T::slice_mut(values),
            valid: None,
        }
    }
}

impl<'a, T: Element> From<&'a mut Vec<T>> for ColumnMut<'a> {
    fn from(values: &'a mut Vec<T>) -> ColumnMut<'a> {
        values.as_mut_slice().into()
    }
}

impl<'a, T: Element, const N: usize> From<&'a mut [T; N]> for ColumnMut<'a> {
    fn from(values: &'a mut [T; N]) -> ColumnMut<'a> {
        values.as_mut_slice().into()
    }
}

macro_rules! buffers {
    ($($variant:ident)*) => {
        /// The elements of a buffer as a column to read.
        fn view(buffer: &Buffer) -> ColumnView<'_> {
            match buffer {
                $(Buffer::$variant(data) => ColumnView::slice(data),)*
            }
        }

        /// The same elements for a shorter time.
        fn reborrow<'s>(slice: &'s mut SliceMut<'_>) -> SliceMut<'s> {
            match slice {
                $(SliceMut::$variant(data) => SliceMut::$variant(data),)*
            }
        }

        /// `rows` copies of the first element.
        pub(crate) fn repeated(buffer: &Buffer, rows: usize) -> Buffer {
            match buffer {
                $(Buffer::$variant(data) => {
                    Buffer::$variant(data.first().map_or(Vec::new(), |&value| vec![value; rows]))
                })*
            }
        }

        /// The vector in a buffer, whatever its type.
        fn vector(buffer: &Buffer) -> &dyn Any {
            match buffer {
                $(Buffer::$variant(data) => data,)*
            }
        }

        /// One element of a buffer.
        fn element(buffer: &Buffer, row: usize) -> Value {
            match buffer {
                $(Buffer::$variant(data) => data[row].into(),)*
            }
        }
    };
}

buffers! { Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64 }

/// A column that was computed.
#[derive(Clone, PartialEq, Debug)]
pub struct ColumnBuf {
    data: Buffer,
    valid: Option<Vec<bool>>,
}

impl ColumnBuf {
    pub(crate) fn new(data: Buffer, valid: Option<Vec<bool>>) -> ColumnBuf {
        ColumnBuf { data, valid }
    }

    /// The type of the values.
    pub fn scalar(&self) -> Scalar {
        self.data.scalar()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values, if they are of type `T`. Those of missing rows are arbitrary.
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        vector(&self.data)
            .downcast_ref::<Vec<T>>()
            .map(Vec::as_slice)
    }

    /// Whether each row is there; `None` where none can be missing.
    pub fn validity(&self) -> Option<&[bool]> {
        self.valid.as_deref()
    }

    /// The values without their validity.
    ///
    /// # Errors
    /// The column, when its values are not of type `T`.
    pub fn into_vec<T: Element>(self) -> Result<Vec<T>, ColumnBuf> {
        let valid = self.valid;
        self.data
            .into_vec()
            .map_err(|data| ColumnBuf { data, valid })
    }

    /// The value of a row.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn get(&self, row: usize) -> Value {
        match &self.valid {
            Some(valid) if !valid[row] => Value::Missing,
            _ => element(&self.data, row),
        }
    }

    /// The values of all rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = Value> {
        (0..self.len()).map(|row| self.get(row))
    }
}

/// The outputs of a map, by name.
#[derive(Clone, Debug)]
pub struct Columns {
    outputs: Arc<[OutputInfo]>,
    columns: Vec<ColumnBuf>,
    ran: Ran,
}

impl Columns {
    pub(crate) fn new(outputs: Arc<[OutputInfo]>, columns: Vec<ColumnBuf>, ran: Ran) -> Columns {
        Columns {
            outputs,
            columns,
            ran,
        }
    }

    /// Where the call ran.
    pub fn ran(&self) -> Ran {
        self.ran
    }

    /// The output of this name.
    pub fn get(&self, name: &str) -> Option<&ColumnBuf> {
        let index = self.outputs.iter().position(|info| info.name == name)?;
        Some(&self.columns[index])
    }

    /// Names and outputs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ColumnBuf)> {
        let names = self.outputs.iter().map(|info| info.name.as_str());
        names.zip(&self.columns)
    }

    /// The outputs, in order.
    pub fn into_vec(self) -> Vec<ColumnBuf> {
        self.columns
    }
}

/// The output of a name.
///
/// # Panics
/// When there is no output of this name.
impl std::ops::Index<&str> for Columns {
    type Output = ColumnBuf;

    fn index(&self, name: &str) -> &ColumnBuf {
        match self.get(name) {
            Some(column) => column,
            None => panic!("there is no output `{name}`"),
        }
    }
}
