//! A computation for inputs of given types: what a [`Kernel`] keeps for each
//! combination it has met.

use super::Kernel;
use super::slots::Slots;
use crate::column::{Column, ColumnBuf, ColumnMut, Columns};
use crate::engine::Engine;
use crate::error::{Error, Kind, list};
use crate::source::Specialised;
use crate::totals::{Known, Totals};
use crate::value::{Value, Values};
use kiln_formula::{InputType, OutputInfo, Span, nearest};
use kiln_ir::{Const, Scalar};
use kiln_runtime::{
    Buffer, ColumnArg, ColumnKernel, ColumnView, Parallel, Ran, RuntimeError, ScalarKernel,
    SliceMut,
};
use std::sync::{Arc, OnceLock};

/// A given column: its name, its values, its validity.
type Part<'o> = (&'o str, (SliceMut<'o>, Option<&'o mut [bool]>));

/// A computation for inputs of given types.
#[derive(Debug)]
pub(crate) struct Bound {
    /// For each name an input may have, the type it has, if it is there.
    pub(super) types: Box<[Option<InputType>]>,
    /// For each input in the order of the parameters, its index among the
    /// names, and whether its validity follows.
    pub(super) inputs: Box<[(usize, bool)]>,
    pub(super) outputs: Arc<[OutputInfo]>,
    pub(super) func: Arc<kiln_ir::Func>,
    /// What is taken from whole columns first.
    pub(super) totals: Option<Arc<Totals>>,
    pub(super) scalar: OnceLock<Result<ScalarKernel, RuntimeError>>,
    pub(super) columns: OnceLock<Result<ColumnKernel, RuntimeError>>,
    pub(super) engine: Engine,
}

impl Bound {
    pub(super) fn new(
        engine: &Engine,
        names: &[Box<str>],
        types: Box<[Option<InputType>]>,
        made: Specialised,
    ) -> Bound {
        let index = |name: &str| names.iter().position(|known| **known == *name);
        let inputs = made.inputs.iter();
        Bound {
            types,
            inputs: inputs
                .map(|(name, ty)| (index(name).unwrap_or(0), ty.nullable))
                .collect(),
            outputs: made.outputs,
            func: made.func,
            totals: made.totals,
            scalar: OnceLock::new(),
            columns: OnceLock::new(),
            engine: engine.clone(),
        }
    }

    /// The names of its inputs, in the order of the parameters; `kernel` is
    /// whose specialisation this is.
    pub(crate) fn input_names<'k>(&'k self, kernel: &'k Kernel) -> impl Iterator<Item = &'k str> {
        let names = &kernel.inner.names;
        self.inputs.iter().map(|&(index, _)| &*names[index])
    }

    /// The names of its outputs.
    pub(crate) fn output_names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|info| info.name.as_str())
    }

    /// Refuses what cannot be computed for one row.
    pub(crate) fn row_wise(&self) -> Result<(), Error> {
        let problem = |totals: &Arc<Totals>| Err(totals.problem());
        self.totals.as_ref().map_or(Ok(()), problem)
    }

    /// Adds what is known of the columns, which `known` then holds, to the
    /// arguments of a map.
    pub(super) fn add_known<'k>(
        &self,
        parallel: Parallel,
        rows: usize,
        args: &mut Vec<ColumnArg<'k>>,
        known: &'k mut Known,
    ) -> Result<(), RuntimeError> {
        if let Some(totals) = &self.totals {
            *known = totals.known(&self.engine, parallel, rows, args)?;
            args.extend(totals.taken(known));
        }
        Ok(())
    }

    /// The inputs that the outputs depend on as single values: the indices of
    /// their names, and where they are used, if that is known.
    pub(super) fn single_inputs(&self) -> impl Iterator<Item = (usize, Option<Span>)> {
        let all = self.inputs.iter().filter(|_| self.totals.is_none());
        let all = all.map(|&(index, _)| (index, None));
        let totals = self.totals.iter().flat_map(|totals| totals.single_inputs());
        all.chain(totals.map(|(input, span)| (self.inputs[input].0, Some(span))))
    }

    /// The first term of the outputs that has a value for each row, if there
    /// is one.
    pub(super) fn single_scan(&self) -> Option<Span> {
        self.totals.as_ref()?.single_scan()
    }

    /// Computes the outputs as single values.
    pub(super) fn reduce(
        &self,
        parallel: Parallel,
        rows: usize,
        columns: &[Option<Column<'_>>],
    ) -> Result<Values, Error> {
        let args = self.args(columns);
        let results = self.func.results().iter();
        let mut results: Vec<Const> = results.map(|ty| Const::zero(ty.scalar)).collect();
        let ran = match &self.totals {
            Some(totals) => {
                let known = totals.known(&self.engine, parallel, rows, &args)?;
                let here = totals.single(&self.engine, &args, &known, &mut results)?;
                known.ran.unwrap_or(here)
            }
            None => {
                let value = |arg: &ColumnArg<'_>| match arg {
                    ColumnArg::Value(value) => Some(*value),
                    ColumnArg::Column(_) | ColumnArg::Update(..) => None,
                };
                let args: Vec<Const> = args.iter().filter_map(value).collect();
                self.scalar()?.call(&args, &mut results)?
            }
        };
        Ok(self.values(&results, ran))
    }

    /// The results of one row as outputs by name.
    pub(super) fn values(&self, results: &[Const], ran: Ran) -> Values {
        let mut results = results.iter().copied();
        let mut next = || results.next().unwrap_or(Const::bool(false));
        let value = |info: &OutputInfo| {
            let value = Value::from_const(next());
            match info.nullable && next().as_bool() != Some(true) {
                true => Value::Missing,
                false => value,
            }
        };
        let values = self.outputs.iter().map(value).collect();
        Values::new(self.outputs.clone(), values, ran)
    }

    /// The results of all rows as outputs by name.
    pub(crate) fn collect(&self, results: Vec<Buffer>, ran: Ran) -> Columns {
        let mut results = results.into_iter();
        let mut outputs = Vec::with_capacity(self.outputs.len());
        for info in &*self.outputs {
            let Some(data) = results.next() else { break };
            let valid = info.nullable.then(|| results.next()).flatten();
            let valid = valid.and_then(|valid| valid.into_vec().ok());
            outputs.push(ColumnBuf::new(data, valid));
        }
        Columns::new(self.outputs.clone(), outputs, ran)
    }

    /// What calls it for one row.
    pub(super) fn scalar(&self) -> Result<&ScalarKernel, RuntimeError> {
        let make = || self.engine.runtime().scalar(self.func.clone());
        self.scalar.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    /// What maps it over columns.
    pub(crate) fn columns(&self, parallel: Parallel) -> Result<ColumnKernel, RuntimeError> {
        let make = || self.engine.runtime().columns(self.func.clone());
        match self.columns.get_or_init(make) {
            Ok(kernel) => Ok(kernel.parallel(parallel)),
            Err(error) => Err(error.clone()),
        }
    }

    /// Calls for one row; `value` gives the value of a name by its index.
    pub(super) fn call(&self, mut value: impl FnMut(usize) -> Value) -> Result<Values, Error> {
        let mut args = Slots::new();
        for &(index, nullable) in &self.inputs {
            let value = value(index);
            args.push(value.to_const().unwrap_or(self.zero(index)));
            if nullable {
                args.push(Const::bool(!value.is_missing()));
            }
        }
        let mut results = Slots::new();
        for ty in self.func.results() {
            results.push(Const::zero(ty.scalar));
        }
        let ran = self.scalar()?.call(&args, &mut results)?;
        Ok(self.values(&results, ran))
    }

    /// What stands in the place of a missing value.
    pub(super) fn zero(&self, index: usize) -> Const {
        let ty = self.types[index].unwrap_or(InputType::new(Scalar::F64));
        Const::zero(ty.scalar)
    }

    /// The columns as arguments, validities where they are parameters.
    pub(super) fn args<'a>(&self, columns: &[Option<Column<'a>>]) -> Vec<ColumnArg<'a>> {
        let mut args = Vec::with_capacity(2 * self.inputs.len());
        for &(index, nullable) in &self.inputs {
            let Some(column) = &columns[index] else {
                continue;
            };
            let (value, valid) = column.clone().into_args();
            args.push(value);
            if nullable {
                args.push(valid);
            }
        }
        args
    }

    /// The given columns in the order of the results; a validity that the
    /// output does not have says that every row is there.
    pub(super) fn slices<'o>(&self, outputs: &'o mut [(&str, ColumnMut<'_>)]) -> Vec<SliceMut<'o>> {
        let parts = outputs.iter_mut();
        self.in_order(
            parts
                .map(|(name, column)| (&**name, column.parts()))
                .collect(),
        )
    }

    pub(super) fn in_order<'o>(&self, mut parts: Vec<Part<'o>>) -> Vec<SliceMut<'o>> {
        let mut slices = Vec::with_capacity(2 * parts.len());
        for info in &*self.outputs {
            let Some(at) = parts.iter().position(|(name, _)| *name == info.name) else {
                continue;
            };
            let (_, (values, valid)) = parts.swap_remove(at);
            slices.push(values);
            match valid {
                Some(valid) if info.nullable => slices.push(SliceMut::Bool(valid)),
                Some(valid) => valid.fill(true),
                None => {}
            }
        }
        slices
    }

    /// Runs with every given column that is an input written over.
    pub(super) fn update(
        &self,
        parallel: Parallel,
        rows: usize,
        names: &[Box<str>],
        columns: &[Option<Column<'_>>],
        outputs: &mut [(&str, ColumnMut<'_>)],
    ) -> Result<Ran, Error> {
        let mut parts: Vec<_> = outputs
            .iter_mut()
            .map(|(name, column)| (&**name, column.parts()))
            .collect();
        // It outlives the arguments that refer to it.
        let mut known = Known::default();
        let mut args = Vec::with_capacity(2 * self.inputs.len());
        for &(index, nullable) in &self.inputs {
            if let Some(column) = &columns[index] {
                let (value, valid) = column.clone().into_args();
                args.push(value);
                args.extend(nullable.then_some(valid));
                continue;
            }
            let at = parts.iter().position(|(name, _)| *name == &*names[index]);
            let Some(at) = at else { continue };
            let (name, (values, valid)) = parts.swap_remove(at);
            let (result, validity) = self.results_of(name);
            args.push(ColumnArg::Update(values, result));
            args.extend(valid.map(|valid| match validity {
                Some(result) => ColumnArg::Update(SliceMut::Bool(valid), result),
                // Every row of the output is there; told once it is.
                None => ColumnArg::Column(ColumnView::slice(valid)),
            }));
        }
        self.add_known(parallel, rows, &mut args, &mut known)?;
        let mut slices = self.in_order(parts);
        let ran = self.columns(parallel)?.map_into(&mut args, &mut slices)?;
        drop((args, slices));
        for (name, column) in outputs {
            if let (None, (_, Some(valid))) = (self.results_of(name).1, column.parts()) {
                valid.fill(true);
            }
        }
        Ok(ran)
    }

    /// The numbers of the results that an output is: its values, and its
    /// validity where it has one.
    pub(super) fn results_of(&self, name: &str) -> (usize, Option<usize>) {
        let mut result = 0;
        for info in &*self.outputs {
            if info.name == name {
                return (result, info.nullable.then_some(result + 1));
            }
            result += 1 + usize::from(info.nullable);
        }
        (result, None)
    }

    pub(super) fn check_outputs(
        &self,
        rows: usize,
        outputs: &[(&str, ColumnMut<'_>)],
    ) -> Result<(), Error> {
        for (at, (name, column)) in outputs.iter().enumerate() {
            let Some(info) = self.outputs.iter().find(|info| info.name == *name) else {
                let names = self.outputs.iter().map(|info| info.name.as_str());
                return Err(Error::from(Kind::NoSuchOutput {
                    name: (*name).to_owned(),
                    near: nearest(name, names).map(str::to_owned),
                }));
            };
            if outputs[..at].iter().any(|(other, _)| other == name) {
                return Err(Error::from(Kind::Twice {
                    name: (*name).to_owned(),
                }));
            }
            let given = column.described();
            if given.scalar != info.scalar || (info.nullable && !given.nullable) {
                return Err(Error::from(Kind::OutputType {
                    name: info.name.clone(),
                    found: info.into(),
                    asked: given,
                }));
            }
            for found in column.lengths() {
                if found != rows {
                    return Err(Error::from(Kind::Length {
                        name: info.name.clone(),
                        found,
                        other: "the input".to_owned(),
                        expected: rows,
                    }));
                }
            }
        }
        if outputs.len() != self.outputs.len() {
            return Err(Error::from(Kind::OutputCount {
                found: self.outputs.len(),
                names: list(self.outputs.iter().map(|info| info.name.as_str())),
                asked: outputs.len(),
            }));
        }
        Ok(())
    }
}
