//! Records: structs whose fields are inputs by name.
//!
//! The derive gives each field as a function from the record to its value, so
//! a slice of records is a set of columns without a copy of the whole: the
//! runtime gathers one block at a time.

use crate::column::{Column, Kind};
use crate::engine::Engine;
use crate::error::{Described, Error, Kind as ErrorKind, list};
use crate::source::Source;
use crate::value::Value;
use kiln_formula::{InputType, OutputInfo};
use kiln_ir::Const;
use kiln_ir::meaning::Value as _;
use kiln_runtime::{Buffer, ColumnArg, ColumnKernel, ColumnView, Element, Parallel, ScalarKernel};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

#[cfg(feature = "macros")]
pub use kiln_macros::Record;

/// A struct of which each field is an input: see the derive of the same name.
///
/// ```
/// #[derive(kiln::Record)]
/// struct Line {
///     qty: f64,
///     price: f64,
///     #[kiln(rename = "discount rate")]
///     rate: Option<f64>,
/// }
///
/// let f: kiln::Formula = "qty * price * (1 - coalesce(`discount rate`, 0))".parse()?;
/// let net = f.record::<Line, f64>()?;
/// let lines = [
///     Line { qty: 2.0, price: 5.0, rate: None },
///     Line { qty: 1.0, price: 8.0, rate: Some(0.25) },
/// ];
/// assert_eq!(net.call(&lines[0])?, 10.0);
/// assert_eq!(net.map(&lines)?, [10.0, 6.0]);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// What is no record does not compile: a field that is no number,
///
/// ```compile_fail,E0277
/// #[derive(kiln::Record)]
/// struct Line { name: String }
/// ```
///
/// two fields of one name, fields without names, no field at all, an option
/// that does not exist:
///
/// ```compile_fail
/// #[derive(kiln::Record)]
/// struct Line { a: f64, #[kiln(rename = "a")] b: f64 }
/// ```
/// ```compile_fail
/// #[derive(kiln::Record)]
/// struct Line(f64);
/// ```
/// ```compile_fail
/// #[derive(kiln::Record)]
/// struct Line { #[kiln(skip)] a: f64 }
/// ```
/// ```compile_fail
/// #[derive(kiln::Record)]
/// struct Line { #[kiln(renamed = "b")] a: f64 }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a record",
    note = "`#[derive(kiln::Record)]` makes a struct with named fields one"
)]
pub trait Record: Sized + Sync {
    /// The fields, in order.
    const FIELDS: &'static [FieldInfo];

    /// Shows each field to the visitor, in the order of [`Record::FIELDS`].
    fn visit<V: Visitor<Self>>(visitor: &mut V);
}

/// What a field of a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// The name of its input.
    pub name: &'static str,
    /// What its values are, and whether they can be missing.
    pub ty: InputType,
}

impl FieldInfo {
    /// A field of this name and of type `T`.
    pub const fn of<T: Field>(name: &'static str) -> FieldInfo {
        FieldInfo { name, ty: T::TYPE }
    }
}

/// Sees every field of a record type.
pub trait Visitor<R> {
    /// A field, as a function from a record to its value.
    fn field<T: Field>(&mut self, get: impl Fn(&R) -> T + Clone + Send + Sync + 'static);
}

/// The type of a field: a scalar type, or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` is not an input",
    note = "a field of a record is a number, a bool, or an `Option` of one; `#[kiln(skip)]` leaves a field out"
)]
pub trait Field: Copy + Into<Value> + sealed::Sealed + 'static {
    #[doc(hidden)]
    const TYPE: InputType;

    #[doc(hidden)]
    fn column<R: Sync>(
        records: &[R],
        get: impl Fn(&R) -> Self + Clone + Send + Sync + 'static,
    ) -> Column<'_>;

    /// The value, and whether it is there if it can be missing.
    #[doc(hidden)]
    fn constants(self) -> (Const, Option<bool>);
}

mod sealed {
    pub trait Sealed {}
    pub trait SealedOutput {}
}

macro_rules! fields {
    ($($ty:ident)*) => {$(
        impl sealed::Sealed for $ty {}
        impl sealed::Sealed for Option<$ty> {}

        impl Field for $ty {
            const TYPE: InputType = InputType::new(<$ty as kiln_ir::meaning::Value>::SCALAR);

            fn column<R: Sync>(
                records: &[R],
                get: impl Fn(&R) -> $ty + Clone + Send + Sync + 'static,
            ) -> Column<'_> {
                Column(Kind::Values(ColumnView::field(records, get)))
            }

            fn constants(self) -> (Const, Option<bool>) {
                (self.to_const(), None)
            }
        }

        impl Field for Option<$ty> {
            const TYPE: InputType = <$ty as Field>::TYPE.nullable();

            fn column<R: Sync>(
                records: &[R],
                get: impl Fn(&R) -> Option<$ty> + Clone + Send + Sync + 'static,
            ) -> Column<'_> {
                let value = get.clone();
                Column(Kind::Nullable(
                    ColumnView::field(records, move |record| value(record).unwrap_or_default()),
                    ColumnView::field(records, move |record| get(record).is_some()),
                ))
            }

            fn constants(self) -> (Const, Option<bool>) {
                (self.unwrap_or_default().to_const(), Some(self.is_some()))
            }
        }
    )*};
}

fields! { bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

/// What a function of records gives: a scalar type, an `Option` of one where
/// it can be missing, or a tuple of up to four of these for as many outputs.
pub trait Output: sealed::SealedOutput + Sized {
    /// The types of the outputs, in order.
    #[doc(hidden)]
    const TYPES: &'static [InputType];

    /// From the results, each followed by its validity where it has one.
    #[doc(hidden)]
    fn from_results(results: &mut dyn Iterator<Item = Const>) -> Self;

    /// The columns of the results, likewise, as rows.
    #[doc(hidden)]
    fn from_columns(rows: usize, columns: &mut dyn Iterator<Item = Buffer>) -> Vec<Self>;
}

/// The next column, which [`check_outputs`] has found to have this type.
fn next_column<T: Element>(columns: &mut dyn Iterator<Item = Buffer>) -> Vec<T> {
    let column = columns.next().and_then(|column| column.into_vec().ok());
    column.unwrap_or_default()
}

macro_rules! outputs {
    ($($ty:ident)*) => {$(
        impl sealed::SealedOutput for $ty {}
        impl sealed::SealedOutput for Option<$ty> {}

        impl Output for $ty {
            const TYPES: &'static [InputType] = &[<$ty as Field>::TYPE];

            fn from_results(results: &mut dyn Iterator<Item = Const>) -> $ty {
                results.next().map(<$ty>::from_const).unwrap_or_default()
            }

            fn from_columns(_: usize, columns: &mut dyn Iterator<Item = Buffer>) -> Vec<$ty> {
                next_column(columns)
            }
        }

        impl Output for Option<$ty> {
            const TYPES: &'static [InputType] = &[<Option<$ty> as Field>::TYPE];

            fn from_results(results: &mut dyn Iterator<Item = Const>) -> Option<$ty> {
                let value = results.next().map(<$ty>::from_const)?;
                let is_there = results.next().and_then(Const::as_bool)?;
                is_there.then_some(value)
            }

            fn from_columns(
                _: usize,
                columns: &mut dyn Iterator<Item = Buffer>,
            ) -> Vec<Option<$ty>> {
                let values: Vec<$ty> = next_column(columns);
                let valid: Vec<bool> = next_column(columns);
                let cells = values.into_iter().zip(valid);
                cells.map(|(value, valid)| valid.then_some(value)).collect()
            }
        }
    )*};
}

outputs! { bool i64 f32 f64 }

macro_rules! tuples {
    ($(($($name:ident $index:tt)*))*) => {$(
        impl<$($name: Field + Output),*> sealed::SealedOutput for ($($name,)*) {}

        impl<$($name: Field + Output),*> Output for ($($name,)*) {
            const TYPES: &'static [InputType] = &[$(<$name as Field>::TYPE),*];

            fn from_results(results: &mut dyn Iterator<Item = Const>) -> Self {
                ($($name::from_results(results),)*)
            }

            fn from_columns(rows: usize, columns: &mut dyn Iterator<Item = Buffer>) -> Vec<Self> {
                let columns = ($($name::from_columns(rows, columns),)*);
                (0..rows).map(|row| ($(columns.$index[row],)*)).collect()
            }
        }
    )*};
}

tuples! {
    (A 0 B 1)
    (A 0 B 1 C 2)
    (A 0 B 1 C 2 D 3)
}

/// A computation as a function of records of type `R`, giving `O`. Cheap to
/// clone. Fields the computation does not use are in order.
pub struct RecordKernel<R, O> {
    inner: Arc<Inner>,
    parallel: Parallel,
    types: PhantomData<fn(&R) -> O>,
}

struct Inner {
    /// For each field, in which order its parameter comes, if it has one.
    places: Vec<Option<usize>>,
    /// Number of parameters that are values.
    used: usize,
    scalar: ScalarKernel,
    columns: ColumnKernel,
}

impl<R: Record, O: Output> RecordKernel<R, O> {
    pub(crate) fn new(engine: &Engine, source: &impl Source) -> Result<Self, Error> {
        let bindable = source.bindable();
        let used = R::FIELDS
            .iter()
            .filter(|f| bindable.iter().any(|n| **n == *f.name));
        let used: Vec<(&str, InputType)> = used.map(|field| (field.name, field.ty)).collect();
        let made = match source.specialise(&used) {
            Ok(made) => made,
            // Once more with every field, for its suggestions.
            Err(error) => {
                let all: Vec<_> = R::FIELDS
                    .iter()
                    .map(|field| (field.name, field.ty))
                    .collect();
                return Err(source.specialise(&all).err().unwrap_or(error));
            }
        };
        made.row_wise()?;
        check_outputs::<O>(&made.outputs)?;
        let place = |field: &FieldInfo| made.inputs.iter().position(|(n, _)| **n == *field.name);
        Ok(RecordKernel {
            inner: Arc::new(Inner {
                places: R::FIELDS.iter().map(place).collect(),
                used: made.inputs.len(),
                scalar: engine.runtime().scalar(made.func.clone())?,
                columns: engine.runtime().columns(made.func)?,
            }),
            parallel: Parallel::AsEngine,
            types: PhantomData,
        })
    }

    /// The same on as many threads as said: see [`Kernel::parallel`].
    ///
    /// [`Kernel::parallel`]: crate::Kernel::parallel
    #[must_use]
    pub fn parallel(&self, parallel: impl Into<Parallel>) -> Self {
        RecordKernel {
            parallel: parallel.into(),
            ..self.clone()
        }
    }

    /// Computes one record.
    ///
    /// # Errors
    /// A failed guard.
    pub fn call(&self, record: &R) -> Result<O, Error> {
        let mut row = Row {
            record,
            fields: self.inner.places.iter(),
            constants: vec![None; self.inner.used],
        };
        R::visit(&mut row);
        let mut args = Vec::with_capacity(2 * self.inner.used);
        for (value, valid) in row.constants.into_iter().flatten() {
            args.push(value);
            args.extend(valid.map(Const::bool));
        }
        let types = self.inner.scalar.func().results();
        let mut results: Vec<Const> = types.iter().map(|ty| Const::zero(ty.scalar)).collect();
        self.inner.scalar.call(&args, &mut results)?;
        Ok(O::from_results(&mut results.into_iter()))
    }

    /// Computes every record.
    ///
    /// # Errors
    /// A failed guard, with the [`row`](Error::row) of the record.
    pub fn map(&self, records: &[R]) -> Result<Vec<O>, Error> {
        let mut rows = Rows {
            records,
            fields: self.inner.places.iter(),
            columns: Vec::new(),
        };
        rows.columns.resize_with(self.inner.used, || None);
        R::visit(&mut rows);
        let mut args: Vec<ColumnArg<'_>> = Vec::with_capacity(2 * self.inner.used);
        for (column, nullable) in rows.columns.into_iter().flatten() {
            let (value, valid) = column.into_args();
            args.push(value);
            args.extend(nullable.then_some(valid));
        }
        if args.is_empty() {
            // Without a column the number of rows is nobody's but ours.
            return records.iter().map(|record| self.call(record)).collect();
        }
        let kernel = self.inner.columns.parallel(self.parallel);
        let (columns, _) = kernel.map(&mut args)?;
        Ok(O::from_columns(records.len(), &mut columns.into_iter()))
    }
}

fn check_outputs<O: Output>(outputs: &[OutputInfo]) -> Result<(), Error> {
    if outputs.len() != O::TYPES.len() {
        return Err(Error::from(ErrorKind::OutputCount {
            found: outputs.len(),
            names: list(outputs.iter().map(|info| info.name.as_str())),
            asked: O::TYPES.len(),
        }));
    }
    for (info, &asked) in outputs.iter().zip(O::TYPES) {
        if info.scalar != asked.scalar || info.nullable != asked.nullable {
            return Err(Error::from(ErrorKind::OutputType {
                name: info.name.clone(),
                found: info.into(),
                asked: Described::from(asked),
            }));
        }
    }
    Ok(())
}

impl<R, O> Clone for RecordKernel<R, O> {
    fn clone(&self) -> Self {
        RecordKernel {
            inner: self.inner.clone(),
            parallel: self.parallel,
            types: PhantomData,
        }
    }
}

impl<R, O> fmt::Debug for RecordKernel<R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordKernel(@{})", self.inner.scalar.func().name())
    }
}

/// Gathers the used fields of one record, in the order of the parameters.
struct Row<'a, R> {
    record: &'a R,
    fields: std::slice::Iter<'a, Option<usize>>,
    constants: Vec<Option<(Const, Option<bool>)>>,
}

impl<R> Visitor<R> for Row<'_, R> {
    fn field<T: Field>(&mut self, get: impl Fn(&R) -> T + Clone + Send + Sync + 'static) {
        if let Some(&Some(place)) = self.fields.next() {
            self.constants[place] = Some(get(self.record).constants());
        }
    }
}

/// Makes the used fields of many records columns.
struct Rows<'a, R> {
    records: &'a [R],
    fields: std::slice::Iter<'a, Option<usize>>,
    columns: Vec<Option<(Column<'a>, bool)>>,
}

impl<R: Sync> Visitor<R> for Rows<'_, R> {
    fn field<T: Field>(&mut self, get: impl Fn(&R) -> T + Clone + Send + Sync + 'static) {
        if let Some(&Some(place)) = self.fields.next() {
            self.columns[place] = Some((T::column(self.records, get), T::TYPE.nullable));
        }
    }
}
