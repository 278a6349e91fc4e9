//! What a formula takes from whole columns: computed once a call, before the
//! rows, and handed to their function as values that are the same for all.

use crate::engine::Engine;
use crate::error::Error;
use kiln_formula::Param;
use kiln_ir::Const;
use kiln_runtime::{ColumnArg, Parallel, Ran, ReduceKernel, RuntimeError, ScalarKernel, Total};
use std::sync::{Arc, OnceLock};

/// The totals of a formula for inputs of given types.
#[derive(Debug)]
pub(crate) struct Totals {
    plan: kiln_formula::Totals,
    /// Which argument of a map each input is.
    places: Box<[usize]>,
    /// What is said where rows are computed one by one.
    problem: Error,
    stages: OnceLock<Result<Vec<ReduceKernel>, RuntimeError>>,
    single: OnceLock<Result<ScalarKernel, RuntimeError>>,
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

    /// What is known of the columns, and where it was computed, if any row
    /// was looked at.
    pub(crate) fn known(
        &self,
        engine: &Engine,
        parallel: Parallel,
        rows: usize,
        args: &[ColumnArg<'_>],
    ) -> Result<(Vec<Const>, Option<Ran>), RuntimeError> {
        let make = || self.make(engine);
        let kernels = self.stages.get_or_init(make).as_ref();
        let kernels = kernels.map_err(Clone::clone)?;
        let (mut known, mut ran) = (Vec::with_capacity(self.plan.known.len()), None);
        for (kernel, stage) in kernels.iter().zip(&self.plan.stages) {
            let given = |param: &Param| self.arg(*param, args, &known);
            let totals = stage.totals.iter();
            let totals: Vec<Vec<ColumnArg<'_>>> = totals
                .map(|total| total.params.iter().map(given).collect())
                .collect();
            let (more, here) = kernel.parallel(parallel).call(rows, &totals, &known)?;
            drop(totals);
            known.extend(more);
            ran = ran.or(here);
        }
        Ok((known, ran))
    }

    /// Those that the function of the rows takes after its inputs.
    pub(crate) fn taken<'k>(
        &self,
        known: &'k [Const],
    ) -> impl Iterator<Item = Const> + use<'_, 'k> {
        self.plan.taken.iter().map(|&slot| known[slot as usize])
    }

    /// The results as single values, each validity behind its value; `args`
    /// are those of a map.
    pub(crate) fn single(
        &self,
        engine: &Engine,
        args: &[ColumnArg<'_>],
        known: &[Const],
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
                Param::Validity(_) | Param::Known(_) | Param::Row => None,
            });
        inputs.zip(self.plan.single.uses.iter().copied())
    }

    /// The loops that combine values over columns of which none is one value.
    #[cfg(feature = "jit")]
    pub(crate) fn loops(&self) -> impl Iterator<Item = kiln_ir::Func> + use<'_> {
        use kiln_ir::Column;
        let totals = self.plan.stages.iter().flat_map(|stage| &stage.totals);
        totals.map(|total| {
            let column = |param: &Param| match param {
                Param::Input(_) | Param::Validity(_) => Column::Contiguous,
                Param::Known(_) | Param::Row => Column::Uniform,
            };
            let columns: Vec<Column> = total.params.iter().map(column).collect();
            kiln_ir::reduction(&total.func, &columns, total.combine, row(&total.params))
        })
    }

    fn make(&self, engine: &Engine) -> Result<Vec<ReduceKernel>, RuntimeError> {
        let total = |total: &kiln_formula::Total| Total {
            func: Arc::new(total.func.clone()),
            combine: total.combine,
            row: row(&total.params),
        };
        let stages = self.plan.stages.iter();
        let kernels = stages.map(|stage| {
            let totals = stage.totals.iter().map(total).collect();
            engine.runtime().reduce(totals, &stage.finish)
        });
        kernels.collect()
    }

    fn arg<'a>(&self, param: Param, args: &'a [ColumnArg<'_>], known: &[Const]) -> ColumnArg<'a> {
        match param {
            Param::Input(index) => args[self.places[index as usize]].read(),
            Param::Validity(index) => args[self.places[index as usize] + 1].read(),
            Param::Known(slot) => ColumnArg::Value(known[slot as usize]),
            Param::Row => ColumnArg::Value(Const::i64(0)),
        }
    }
}

/// The parameter that is the number of the row.
fn row(params: &[Param]) -> Option<usize> {
    params.iter().position(|param| *param == Param::Row)
}
