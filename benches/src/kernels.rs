//! kiln's side of a bench: a formula as a kernel on one tier and level.
//!
//! Every helper checks that the tier and level it was asked for is the one
//! that ran, so that no bench measures a fallback.

use crate::formulas::Bench;
use kiln_formula::{InputType, Limits, Options};
use kiln_ir::{Func, Scalar};
use kiln_runtime::{
    ColumnArg, ColumnKernel, ColumnView, Element, Engine, Level, Ran, ScalarKernel, Tier, Typed,
};

/// Text to Func: what the front end does.
///
/// # Panics
/// When the formula is wrong.
pub fn lower(bench: &Bench) -> Func {
    let double = InputType {
        scalar: Scalar::F64,
        nullable: false,
    };
    let inputs: Vec<(&str, InputType)> = bench.inputs.iter().map(|&n| (n, double)).collect();
    kiln_formula::parse(bench.text, &Limits::default())
        .and_then(|f| f.lower(&inputs, &Options::default()))
        .unwrap_or_else(|e| panic!("{}: {e:?}", bench.name))
        .func
}

/// An engine of its own, so that nothing is cached from elsewhere.
pub fn engine(tier: Tier, level: Level) -> Engine {
    Engine::builder().tier(tier).level(level).build()
}

/// The levels this host has, narrowest first.
pub fn host_levels() -> Vec<Level> {
    let best = engine(Tier::Native, Level::Avx512).level();
    [Level::One, Level::V128, Level::Avx2, Level::Avx512]
        .into_iter()
        .filter(|&level| best.is_some_and(|b| level <= b))
        .collect()
}

/// A kernel of one row.
///
/// # Panics
/// When it cannot be made.
pub fn scalar(bench: &Bench, tier: Tier) -> ScalarKernel {
    let engine = engine(tier, Level::One);
    let kernel = engine.scalar(lower(bench)).expect("a scalar kernel");
    if tier == Tier::Native {
        kernel.prepare().expect("native code");
    }
    kernel
}

/// A kernel of one row as a function of three numbers.
///
/// # Panics
/// When it does not run natively.
pub fn typed3(bench: &Bench) -> Typed<fn(f64, f64, f64) -> f64> {
    let typed: Typed<fn(f64, f64, f64) -> f64> =
        scalar(bench, Tier::Native).typed().expect("three numbers");
    assert_eq!(typed.ran().tier, Tier::Native);
    typed
}

/// A kernel of one row as a function of four numbers.
///
/// # Panics
/// When it does not run natively.
pub fn typed4(bench: &Bench) -> Typed<fn(f64, f64, f64, f64) -> f64> {
    let typed: Typed<fn(f64, f64, f64, f64) -> f64> =
        scalar(bench, Tier::Native).typed().expect("four numbers");
    assert_eq!(typed.ran().tier, Tier::Native);
    typed
}

/// A kernel over columns, with its columns and its output.
#[derive(Debug)]
pub struct Columns {
    kernel: ColumnKernel,
    inputs: Vec<Vec<f64>>,
    /// What the last run computed.
    pub output: Vec<f64>,
}

impl Columns {
    /// Prepares a formula on a tier and level.
    ///
    /// # Panics
    /// When another tier or level runs.
    pub fn new(bench: &Bench, tier: Tier, level: Level, rows: usize) -> Columns {
        let kernel = engine(tier, level)
            .columns(lower(bench))
            .expect("a kernel over columns");
        let mut columns = Columns {
            kernel,
            inputs: bench.columns(rows),
            output: vec![0.0; rows],
        };
        let expected = match tier {
            Tier::Interpreter => Ran::INTERPRETED,
            Tier::Native => Ran { tier, level },
        };
        assert_eq!(columns.run(), expected, "{}: another form ran", bench.name);
        columns
    }

    /// Maps the formula over all rows.
    ///
    /// # Panics
    /// When the call fails.
    pub fn run(&mut self) -> Ran {
        let mut args: Vec<ColumnArg<'_>> = self
            .inputs
            .iter()
            .map(|column| ColumnArg::Column(ColumnView::slice(column)))
            .collect();
        let mut outputs = [f64::slice_mut(&mut self.output)];
        self.kernel
            .map_into(&mut args, &mut outputs)
            .expect("columns of one length")
    }
}
