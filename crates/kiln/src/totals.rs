//! What a formula takes from whole columns: computed once a call, before the
//! rows, and handed to their function as values that are the same for all.

use crate::engine::Engine;
use crate::error::Error;
use kiln_formula::Param;
use kiln_ir::Const;
use kiln_runtime::{
    Buffer, ColumnArg, Parallel, Ran, ReduceKernel, RuntimeError, ScalarKernel, Scan, ScanKernel,
    Total,
};
use std::sync::{Arc, OnceLock};

/// The totals of a formula for inputs of given types.
#[derive(Debug)]
pub(crate) struct Totals {
    plan: kiln_formula::Totals,
    /// Which argument of a map each input is.
    places: Box<[usize]>,
    /// What is said where rows are computed one by one.
    problem: Error,
    stages: OnceLock<Result<Vec<Stage>, RuntimeError>>,
    single: OnceLock<Result<ScalarKernel, RuntimeError>>,
}

/// What computes a stage.
#[derive(Debug)]
struct Stage {
    /// What is combined, if anything is.
    totals: Option<ReduceKernel>,
    scans: Vec<ScanKernel>,
}

/// What a call knows of the columns before it computes rows.
#[derive(Debug, Default)]
pub(crate) struct Known {
    values: Vec<Const>,
    /// Those that are computed row after row.
    columns: Vec<Buffer>,
    /// Where it was computed, if any row was looked at.
    pub(crate) ran: Option<Ran>,
}

impl Known {
    /// Whether there is a column in it.
    pub(crate) fn has_column(&self) -> bool {
        !self.columns.is_empty()
    }
}

impl Totals {
    /// `nullable` says of each input whether its validity follows it.
    pub(crate) fn new(
        plan: kiln_formula::Totals,
        nullable: impl Iterator<Item = bool>,
        problem: Error,
    ) -> Totals {
        let mut next = 0;
        let place = |nullable: bool| {
            let place = next;
            next += 1 + usize::from(nullable);
            place
        };
        Totals {
            places: nullable.map(place).collect(),
            plan,
            problem,
            stages: OnceLock::new(),
            single: OnceLock::new(),
        }
    }

    /// Why this cannot be computed for one row.
    pub(crate) fn problem(&self) -> Error {
        self.problem.clone()
    }

    /// What is known of the columns.
    pub(crate) fn known(
        &self,
        engine: &Engine,
        parallel: Parallel,
        rows: usize,
        args: &[ColumnArg<'_>],
    ) -> Result<Known, RuntimeError> {
        let make = || self.make(engine);
        let kernels = self.stages.get_or_init(make).as_ref();
        let kernels = kernels.map_err(Clone::clone)?;
        let mut known = Known::default();
        for (kernels, stage) in kernels.iter().zip(&self.plan.stages) {
            let given = |params: &[Param]| -> Vec<ColumnArg<'_>> {
                let given = params.iter().map(|&param| self.arg(param, args, &known));
                given.collect()
            };
            let mut ran = None;
            let mut values = Vec::new();
            if let Some(totals) = &kernels.totals {
                let params = stage.totals.iter().map(|total| &total.params[..]);
                let given: Vec<_> = params.map(given).collect();
                let totals = totals.parallel(parallel);
                (values, ran) = totals.call(rows, &given, &known.values)?;
            }
            let mut columns = Vec::new();
            for (kernel, scan) in kernels.scans.iter().zip(&stage.scans) {
                let (more, here) = kernel.call(rows, &given(&scan.params))?;
                columns.extend(more);
                ran = ran.or(Some(here));
            }
            known.values.extend(values);
            known.columns.extend(columns);
            known.ran = known.ran.or(ran);
        }
        Ok(known)
    }

    /// What the function of the rows takes after its inputs.
    pub(crate) fn taken<'k>(
        &self,
        known: &'k Known,
    ) -> impl Iterator<Item = ColumnArg<'k>> + use<'_, 'k> {
        let taken = self.plan.taken.iter();
        taken.map(|&param| self.arg(param, &[], known))
    }

    /// What each of these is to the loop over the rows.
    #[cfg(feature = "jit")]
    pub(crate) fn taken_columns(&self) -> impl Iterator<Item = kiln_ir::Column> {
        self.plan.taken.iter().map(column)
    }

    /// The first term of the outputs that has a value for each row, if there
    /// is one.
    pub(crate) fn single_scan(&self) -> Option<kiln_formula::Span> {
        self.plan.single.scan
    }

    /// The results as single values, each validity behind its value; `args`
    /// are those of a map.
    pub(crate) fn single(
        &self,
        engine: &Engine,
        args: &[ColumnArg<'_>],
        known: &Known,
        results: &mut [Const],
    ) -> Result<Ran, RuntimeError> {
        let single = &self.plan.single;
        let make = || engine.runtime().scalar(single.func.clone());
        let kernel = self.single.get_or_init(make).as_ref();
        let kernel = kernel.map_err(Clone::clone)?;
        let value = |&param: &Param| match self.arg(param, args, known) {
            ColumnArg::Value(value) => value,
            // Inputs that are columns have been refused.
            ColumnArg::Column(_) | ColumnArg::Update(..) => Const::bool(false),
        };
        let given: Vec<Const> = single.params.iter().map(value).collect();
        kernel.call(&given, results)
    }

    /// The inputs that single outputs depend on, by their number, and where
    /// they are used.
    pub(crate) fn single_inputs(
        &self,
    ) -> impl Iterator<Item = (usize, kiln_formula::Span)> + use<'_> {
        let inputs = self
            .plan
            .single
            .params
            .iter()
            .filter_map(|param| match param {
                Param::Input(index) => Some(*index as usize),
                _ => None,
            });
        inputs.zip(self.plan.single.uses.iter().copied())
    }

    /// The loops over columns of which none is one value, each with what it
    /// is: those that combine values, and those that go row after row.
    #[cfg(feature = "jit")]
    pub(crate) fn loops(&self) -> impl Iterator<Item = (&'static str, kiln_ir::Func)> + use<'_> {
        let kinds = |params: &[Param]| params.iter().map(column).collect::<Vec<_>>();
        self.plan.stages.iter().flat_map(move |stage| {
            let totals = stage.totals.iter().map(move |total| {
                let (func, combine) = (&total.func, total.combine);
                let row = row(&total.params);
                let func = kiln_ir::reduction(func, &kinds(&total.params), combine, row);
                ("total", func)
            });
            let scans = stage.scans.iter().map(move |scan| {
                let carried: Vec<usize> = carried(scan).map(|(index, _)| index).collect();
                let func = kiln_ir::recurrence(&scan.func, &kinds(&scan.params), &carried);
                ("running total", func)
            });
            totals.chain(scans)
        })
    }

    fn make(&self, engine: &Engine) -> Result<Vec<Stage>, RuntimeError> {
        let total = |total: &kiln_formula::Total| Total {
            func: Arc::new(total.func.clone()),
            combine: total.combine,
            row: row(&total.params),
        };
        let scan = |scan: &kiln_formula::Scan| {
            engine.runtime().scan(Scan {
                func: Arc::new(scan.func.clone()),
                carried: carried(scan).collect(),
            })
        };
        let stages = self.plan.stages.iter();
        let kernels = stages.map(|stage| {
            let totals: Vec<Total> = stage.totals.iter().map(total).collect();
            let is_needed = !totals.is_empty() || !stage.finish.results().is_empty();
            let totals = is_needed.then(|| engine.runtime().reduce(totals, &stage.finish));
            Ok(Stage {
                totals: totals.transpose()?,
                scans: stage.scans.iter().map(scan).collect::<Result<_, _>>()?,
            })
        });
        kernels.collect()
    }

    fn arg<'a>(&self, param: Param, args: &'a [ColumnArg<'_>], known: &'a Known) -> ColumnArg<'a> {
        match param {
            Param::Input(index) => args[self.places[index as usize]].read(),
            Param::Validity(index) => args[self.places[index as usize] + 1].read(),
            Param::Known(slot) => ColumnArg::Value(known.values[slot as usize]),
            Param::Column(number) => ColumnArg::from(&known.columns[number as usize]),
            // Whoever runs the rows knows them.
            Param::Row | Param::Carried(_) => ColumnArg::Value(Const::i64(0)),
        }
    }
}

/// The parameter that is the number of the row.
fn row(params: &[Param]) -> Option<usize> {
    params.iter().position(|param| *param == Param::Row)
}

/// The parameters of a scan that are carried, in order, each with what it is
/// before the first row.
fn carried(scan: &kiln_formula::Scan) -> impl Iterator<Item = (usize, Const)> + use<'_> {
    (0u32..).zip(&scan.carried).filter_map(|(number, &before)| {
        let mut params = scan.params.iter();
        let param = params.position(|param| *param == Param::Carried(number))?;
        Some((param, before))
    })
}

/// What a parameter is to a loop where all inputs are columns.
#[cfg(feature = "jit")]
fn column(param: &Param) -> kiln_ir::Column {
    match param {
        Param::Input(_) | Param::Validity(_) | Param::Column(_) => kiln_ir::Column::Contiguous,
        Param::Known(_) | Param::Row | Param::Carried(_) => kiln_ir::Column::Uniform,
    }
}
