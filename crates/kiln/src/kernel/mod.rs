//! [`Kernel`]: a computation ready for whatever types arrive.
//!
//! A kernel keeps the specialisations it has made in a list that only grows at
//! its end, so a warm call walks it without a lock; the engine's cache behind
//! it makes each piece of code once. What a call looks up is the types of its
//! inputs, never their values or lengths.

mod bound;
mod positional;
mod slots;

pub(crate) use bound::Bound;
pub use positional::Positional;

use crate::column::{Column, ColumnMut, Columns, repeated};
use crate::engine::Engine;
use crate::error::{Error, Kind};
use crate::inputs::Inputs;
use crate::source::AnySource;
use crate::totals::Known;
use crate::value::{Value, Values};
use kiln_formula::{InputType, nearest};
use kiln_runtime::{Parallel, Ran};
use std::sync::{Arc, OnceLock};

/// Specialisations a kernel keeps; more types than this at once are made anew
/// for every call, from the engine's cache of code.
const KEPT_MAX: usize = 64;

/// A computation whose types are known only when it is called. Cheap to clone.
///
/// ```
/// use std::collections::HashMap;
///
/// let k = "qty * price".parse::<kiln::Formula>()?.kernel();
/// let row = HashMap::from([("qty", 2.0), ("price", 1.5), ("weight", 7.0)]);
/// assert_eq!(k.call(&row)?["result"].as_f64(), Some(3.0));
/// // The same kernel, on whole numbers.
/// assert_eq!(k.call(&[("qty", 2i64), ("price", 3)])?["result"].as_i64(), Some(6));
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Kernel {
    inner: Arc<Inner>,
    parallel: Parallel,
}

#[derive(Debug)]
struct Inner {
    engine: Engine,
    source: AnySource,
    /// Names an input may have.
    names: Vec<Box<str>>,
    first: Link,
}

/// The end of the list, or a specialisation and the rest.
#[derive(Debug, Default)]
struct Link(OnceLock<Box<(Arc<Bound>, Link)>>);

impl Kernel {
    pub(crate) fn new(engine: Engine, source: AnySource) -> Kernel {
        let names = source.bindable();
        Kernel {
            inner: Arc::new(Inner {
                engine,
                source,
                names,
                first: Link::default(),
            }),
            parallel: Parallel::AsEngine,
        }
    }

    /// The same on as many threads as said: a `bool`, or a number. Its calls
    /// over columns are cut into pieces of rows where that pays; every bit is
    /// the same. Where a row fails, rows behind it may have been written, too.
    ///
    /// ```
    /// let k = "sqrt(x * x + 1)".parse::<kiln::Formula>()?.kernel().parallel(true);
    /// let x: Vec<f64> = (0..1_000_000).map(f64::from).collect();
    /// let y = k.map(&[("x", (&x).into())])?;
    /// assert_eq!(y["result"].len(), 1_000_000);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    #[must_use]
    pub fn parallel(&self, parallel: impl Into<Parallel>) -> Kernel {
        Kernel {
            inner: self.inner.clone(),
            parallel: parallel.into(),
        }
    }

    /// The engine whose code this runs.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Computes one row: values by name, in a list of pairs or a map.
    ///
    /// # Errors
    /// A name that is missing, a name in a list that is not used, types the
    /// computation does not take, a formula that is not
    /// [row-wise](crate::Formula::is_row_wise), a failed guard, a limit.
    pub fn call<I: Inputs<Value> + ?Sized>(&self, inputs: &I) -> Result<Values, Error> {
        let values: Vec<Option<Value>> = self.find_all(inputs)?;
        let types = values.iter().map(|v| v.map(crate::column::value_type));
        let bound = self.bound(types, inputs, crate::column::value_type)?;
        bound.row_wise()?;
        bound.call(|index| values[index].unwrap_or_default())
    }

    /// States the order in which [`Positional::call`] will be given the inputs:
    /// the fast way to call again and again with types known only now.
    ///
    /// ```
    /// let k = "qty * price".parse::<kiln::Formula>()?.kernel();
    /// let at = k.bind(&[("qty", kiln::Scalar::F64), ("price", kiln::Scalar::F64)])?;
    /// assert_eq!(at.call_f64(&[2.0, 1.5])?, 3.0);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Kernel::call`]; inputs the computation leaves unused are in
    /// order.
    pub fn bind<T: Into<InputType> + Copy>(
        &self,
        inputs: &[(&str, T)],
    ) -> Result<Positional, Error> {
        let positional = self.bind_any(inputs)?;
        positional.bound.row_wise()?;
        Ok(positional)
    }

    fn bind_any<T: Into<InputType> + Copy>(
        &self,
        inputs: &[(&str, T)],
    ) -> Result<Positional, Error> {
        let inputs: Vec<(&str, InputType)> =
            inputs.iter().map(|&(name, ty)| (name, ty.into())).collect();
        let names = &self.inner.names;
        let place = |name: &str| names.iter().position(|known| **known == *name);
        let mut types = vec![None; names.len()];
        for &(name, ty) in &inputs {
            if let Some(index) = place(name) {
                types[index] = Some(ty);
            }
        }
        let bound = match self.inner.first.find(types.iter().copied()) {
            Some(bound) => bound.clone(),
            None => self.inner.make(types, &inputs)?,
        };
        let position = |index: usize| {
            let name = &*names[index];
            inputs
                .iter()
                .position(|(known, _)| *known == name)
                .unwrap_or(0)
        };
        let positions = bound.inputs.iter().map(|&(index, _)| position(index));
        Ok(Positional {
            positions: positions.collect(),
            types: inputs.iter().map(|&(_, ty)| ty).collect(),
            bound,
        })
    }

    /// Computes every row of columns of one length, into new columns. What a
    /// formula takes from whole columns, as `mean(x)`, is computed first; an
    /// output that is the same for all rows is a column of equal values.
    ///
    /// ```
    /// let k = "part = 100 * x / sum(x); total = sum(x)".parse::<kiln::Formula>()?.kernel();
    /// let y = k.map(&[("x", (&[1.0, 4.0]).into())])?;
    /// assert_eq!(y["part"].as_slice(), Some(&[20.0, 80.0][..]));
    /// assert_eq!(y["total"].as_slice(), Some(&[5.0, 5.0][..]));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Kernel::call`], and columns of different lengths. A failed
    /// guard tells the [`row`](Error::row).
    pub fn map<'a, I>(&self, inputs: &I) -> Result<Columns, Error>
    where
        I: Inputs<Column<'a>> + ?Sized,
    {
        self.map_any(None, inputs)
    }

    /// As [`map`](Kernel::map) where the number of rows is not that of a
    /// column: values alone give as many equal rows as asked for.
    ///
    /// # Errors
    /// As for [`Kernel::map`]; a column has to have this many rows.
    pub fn map_rows<'a, I>(&self, rows: usize, inputs: &I) -> Result<Columns, Error>
    where
        I: Inputs<Column<'a>> + ?Sized,
    {
        self.map_any(Some(rows), inputs)
    }

    fn map_any<'a, I>(&self, rows: Option<usize>, inputs: &I) -> Result<Columns, Error>
    where
        I: Inputs<Column<'a>> + ?Sized,
    {
        let columns: Vec<Option<Column<'a>>> = self.find_all(inputs)?;
        let bound = self.bound_columns(&columns, inputs)?;
        let rows = self.rows(rows.map(|rows| ("the output", rows)), &columns)?;
        // It outlives the arguments that refer to it.
        let mut known = Known::default();
        let mut args = bound.args(&columns);
        bound.add_known(self.parallel, rows, &mut args, &mut known)?;
        let (mut buffers, ran) = bound.columns(self.parallel)?.map(&mut args)?;
        drop(args);
        if !known.has_column()
            && columns
                .iter()
                .flatten()
                .all(|column| column.lengths().next().is_none())
        {
            // Values alone are one row to the runtime.
            buffers = buffers.iter().map(|b| repeated(b, rows)).collect();
        }
        Ok(bound.collect(buffers, ran))
    }

    /// Computes every row into the given columns, which name all outputs.
    /// Where a guard fails, the rows before it are written and no other, but
    /// on several [threads](Kernel::parallel).
    ///
    /// # Errors
    /// As for [`Kernel::map`], and an output that is missing, given twice, or
    /// of another type.
    pub fn map_into<'a, I>(
        &self,
        inputs: &I,
        outputs: &mut [(&str, ColumnMut<'_>)],
    ) -> Result<Ran, Error>
    where
        I: Inputs<Column<'a>> + ?Sized,
    {
        let columns: Vec<Option<Column<'a>>> = self.find_all(inputs)?;
        let bound = self.bound_columns(&columns, inputs)?;
        let given = outputs.first();
        let given = given.and_then(|(name, out)| Some((*name, out.lengths().next()?)));
        let rows = self.rows(given, &columns)?;
        bound.check_outputs(rows, outputs)?;
        // It outlives the arguments that refer to it.
        let mut known = Known::default();
        let mut args = bound.args(&columns);
        bound.add_known(self.parallel, rows, &mut args, &mut known)?;
        let mut slices = bound.slices(outputs);
        Ok(bound
            .columns(self.parallel)?
            .map_into(&mut args, &mut slices)?)
    }

    /// As [`map_into`](Kernel::map_into), where a given column that is an input
    /// too is read as that input and then written over.
    ///
    /// ```
    /// let k = "x = x + v * dt; v = v * 0.5".parse::<kiln::Formula>()?.kernel();
    /// let (mut x, mut v) = (vec![0.0, 1.0], vec![2.0, 4.0]);
    /// k.update(&[("dt", 0.5.into())], &mut [("x", (&mut x).into()), ("v", (&mut v).into())])?;
    /// assert_eq!((x, v), (vec![1.0, 3.0], vec![1.0, 2.0]));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Kernel::map_into`], and an output of another type than the
    /// input of its name.
    pub fn update<'a, I>(
        &self,
        inputs: &I,
        outputs: &mut [(&str, ColumnMut<'_>)],
    ) -> Result<Ran, Error>
    where
        I: Inputs<Column<'a>> + ?Sized,
    {
        let columns: Vec<Option<Column<'a>>> = self.find_all(inputs)?;
        let mut types: Vec<Option<InputType>> = Vec::with_capacity(columns.len());
        for (name, column) in self.inner.names.iter().zip(&columns) {
            let updated = outputs.iter().find(|(known, _)| **known == **name);
            types.push(match (column, updated) {
                (Some(_), Some(_)) => {
                    return Err(Error::from(Kind::Twice {
                        name: name.to_string(),
                    }));
                }
                (Some(column), None) => Some(column.input_type()),
                (None, updated) => updated.map(|(_, out)| out.described().into()),
            });
        }
        let bound = match self.inner.first.find(types.iter().copied()) {
            Some(bound) => bound.clone(),
            None => self.inner.make(types, &[])?,
        };
        let given = outputs.first();
        let given = given.and_then(|(name, out)| Some((*name, out.lengths().next()?)));
        let rows = self.rows(given, &columns)?;
        bound.check_outputs(rows, outputs)?;
        bound.update(self.parallel, rows, &self.inner.names, &columns, outputs)
    }

    /// Computes the outputs as single values: those of a formula in which
    /// columns stand only in what is taken from the whole of them, as `x` does
    /// in `sum(x)`. Inputs that are values may stand anywhere.
    ///
    /// ```
    /// let k = "lo = min(x); mid = mean(x) * scale".parse::<kiln::Formula>()?.kernel();
    /// let x = [3.0, 1.0, 2.0];
    /// let values = k.reduce(&[("x", (&x).into()), ("scale", 10.0.into())])?;
    /// assert_eq!(values["lo"].as_f64(), Some(1.0));
    /// assert_eq!(values["mid"].as_f64(), Some(20.0));
    ///
    /// let error = "x - mean(x)".parse::<kiln::Formula>()?.kernel().reduce(&[("x", (&x).into())]);
    /// let message = "`x` has a value for each row, and here there is one for all";
    /// assert_eq!(error.unwrap_err().to_string(), message);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Kernel::map`], and an output that depends on a column outside
    /// of such a term.
    pub fn reduce<'a, I>(&self, inputs: &I) -> Result<Values, Error>
    where
        I: Inputs<Column<'a>> + ?Sized,
    {
        self.reduce_any(None, inputs)
    }

    /// As [`reduce`](Kernel::reduce) where the number of rows is not that of a
    /// column: values alone stand for as many equal rows as asked for.
    ///
    /// ```
    /// let k = "count(x) * x".parse::<kiln::Formula>()?.kernel();
    /// let values = k.reduce_rows(5, &[("x", kiln::Column::from(2i64))])?;
    /// assert_eq!(values.only(), Some(kiln::Value::I64(10)));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Kernel::reduce`]; a column has to have this many rows.
    pub fn reduce_rows<'a, I>(&self, rows: usize, inputs: &I) -> Result<Values, Error>
    where
        I: Inputs<Column<'a>> + ?Sized,
    {
        self.reduce_any(Some(rows), inputs)
    }

    fn reduce_any<'a, I>(&self, rows: Option<usize>, inputs: &I) -> Result<Values, Error>
    where
        I: Inputs<Column<'a>> + ?Sized,
    {
        let columns: Vec<Option<Column<'a>>> = self.find_all(inputs)?;
        let bound = self.bound_columns(&columns, inputs)?;
        let rows = self.rows(rows.map(|rows| ("the output", rows)), &columns)?;
        let is_column = |index: usize| columns[index].as_ref().is_some_and(Column::is_column);
        if let Some((index, span)) = bound.single_inputs().find(|(index, _)| is_column(*index)) {
            return Err(self.inner.source.row_value(&self.inner.names[index], span));
        }
        if let Some(span) = bound.single_scan() {
            return Err(self.inner.source.row_term(span));
        }
        bound.reduce(self.parallel, rows, &columns)
    }

    /// What becomes of the computation for inputs of these types when it maps
    /// over columns: its language before and after the passes, Cranelift's
    /// input, machine code and a report, as text. `level` asks for other
    /// vectors than the engine's.
    ///
    /// # Errors
    /// As for [`Kernel::bind`], and a level without code.
    #[cfg(feature = "jit")]
    pub fn explain<T: Into<InputType> + Copy>(
        &self,
        inputs: &[(&str, T)],
        level: Option<kiln_runtime::Level>,
    ) -> Result<kiln_runtime::Explanation, Error> {
        use kiln_ir::Column;
        use kiln_runtime::Shape;
        let bound = self.bind_any(inputs)?.bound;
        let runtime = self.inner.engine.runtime();
        // What is known of whole columns comes after the inputs.
        let validities = bound.inputs.iter().filter(|(_, nullable)| *nullable);
        let given = bound.inputs.len() + validities.count();
        let mut columns = vec![Column::Contiguous; given];
        columns.extend(
            bound
                .totals
                .iter()
                .flat_map(|totals| totals.taken_columns()),
        );
        let mut explained = runtime.explain_rows(&bound.func, &columns, level)?;
        let loops = bound.totals.iter().flat_map(|totals| totals.loops());
        for (index, (what, func)) in loops.enumerate() {
            let total = runtime.explain(&Arc::new(func), Shape::Arrays, level)?;
            explained.append(&format!("{what} {index}"), &total);
        }
        Ok(explained)
    }

    /// The names an input may have.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.inner.names.iter().map(|name| &**name)
    }

    /// On how many threads its calls run.
    pub(crate) fn parallelism(&self) -> Parallel {
        self.parallel
    }

    /// The specialisation for these types, one for each name, made if it must
    /// be; `all` are those that were given.
    pub(crate) fn bound_for(
        &self,
        types: Vec<Option<InputType>>,
        all: &[(&str, InputType)],
    ) -> Result<Arc<Bound>, Error> {
        match self.inner.first.find(types.iter().copied()) {
            Some(bound) => Ok(bound.clone()),
            None => self.inner.make(types, all),
        }
    }

    /// The inputs of every name there may be. A list may hold no others.
    fn find_all<T, I: Inputs<T> + ?Sized>(&self, inputs: &I) -> Result<Vec<Option<T>>, Error> {
        let names = &self.inner.names;
        let found: Vec<Option<T>> = names.iter().map(|name| inputs.find(name)).collect();
        let count = found.iter().filter(|f| f.is_some()).count();
        match inputs.exact_len() {
            Some(len) if len != count => Err(self.extra(inputs)),
            _ => Ok(found),
        }
    }

    /// The name in a list that is not used, or there twice.
    #[cold]
    fn extra<T, I: Inputs<T> + ?Sized>(&self, inputs: &I) -> Error {
        let names = &self.inner.names;
        let known = |name: &str| names.iter().any(|known| **known == *name);
        let listed: Vec<&str> = inputs.names().collect();
        if let Some(&name) = listed.iter().find(|name| !known(name)) {
            let unused = names.iter().filter(|n| !listed.contains(&&***n));
            let near = nearest(name, unused.map(|n| &**n));
            return Error::from(Kind::ExtraInput {
                name: name.to_owned(),
                near: near.map(str::to_owned),
            });
        }
        let twice = |name: &&&str| listed.iter().filter(|other| *other == *name).count() > 1;
        let name = listed.iter().find(twice).copied().unwrap_or_default();
        Error::from(Kind::Twice {
            name: name.to_owned(),
        })
    }

    fn bound_columns<'a, I>(
        &self,
        columns: &[Option<Column<'a>>],
        inputs: &I,
    ) -> Result<Arc<Bound>, Error>
    where
        I: Inputs<Column<'a>> + ?Sized,
    {
        let types = columns.iter().map(|c| c.as_ref().map(Column::input_type));
        self.bound(types, inputs, |column: Column<'a>| column.input_type())
    }

    /// The specialisation for these types, made if it must be.
    fn bound<T, I: Inputs<T> + ?Sized>(
        &self,
        types: impl Iterator<Item = Option<InputType>> + Clone,
        inputs: &I,
        type_of: impl Fn(T) -> InputType,
    ) -> Result<Arc<Bound>, Error> {
        if let Some(bound) = self.inner.first.find(types.clone()) {
            return Ok(bound.clone());
        }
        // With every name there is, so that a missing one finds its nearest.
        let mut all: Vec<(&str, InputType)> = Vec::new();
        for name in inputs.names() {
            if let Some(input) = inputs.find(name) {
                all.push((name, type_of(input)));
            }
        }
        self.inner.make(types.collect(), &all)
    }

    /// The number of rows that all columns have: `given`, or that of the first
    /// column, or one.
    fn rows(
        &self,
        given: Option<(&str, usize)>,
        columns: &[Option<Column<'_>>],
    ) -> Result<usize, Error> {
        let mut agreed = given;
        for (name, column) in self.inner.names.iter().zip(columns) {
            let Some(column) = column else { continue };
            for found in column.lengths() {
                match agreed {
                    None => agreed = Some((name, found)),
                    Some((_, expected)) if expected == found => {}
                    Some((other, expected)) => {
                        return Err(Error::from(Kind::Length {
                            name: name.to_string(),
                            found,
                            other: other.to_owned(),
                            expected,
                        }));
                    }
                }
            }
        }
        Ok(agreed.map_or(1, |(_, rows)| rows))
    }
}

impl Inner {
    #[cold]
    fn make(
        &self,
        types: Vec<Option<InputType>>,
        all: &[(&str, InputType)],
    ) -> Result<Arc<Bound>, Error> {
        let declared: Vec<(&str, InputType)> = self
            .names
            .iter()
            .zip(&types)
            .filter_map(|(name, ty)| Some((&**name, (*ty)?)))
            .collect();
        let made = match self.source.specialise(&declared) {
            Ok(made) => made,
            // Once more with every name, for its suggestions.
            Err(error) => return Err(self.source.specialise(all).err().unwrap_or(error)),
        };
        let bound = Arc::new(Bound::new(&self.engine, &self.names, types.into(), made));
        self.first.push(bound.clone());
        Ok(bound)
    }
}

impl Link {
    fn find(&self, types: impl Iterator<Item = Option<InputType>> + Clone) -> Option<&Arc<Bound>> {
        let mut link = self;
        while let Some(entry) = link.0.get() {
            let (bound, rest) = &**entry;
            if bound.types.iter().copied().eq(types.clone()) {
                return Some(bound);
            }
            link = rest;
        }
        None
    }

    fn push(&self, bound: Arc<Bound>) {
        let mut link = self;
        let mut entry = Box::new((bound, Link::default()));
        for _ in 0..KEPT_MAX {
            match link.0.set(entry) {
                Ok(()) => return,
                Err(back) => entry = back,
            }
            match link.0.get() {
                Some(taken) => link = &taken.1,
                None => return,
            }
        }
    }
}
