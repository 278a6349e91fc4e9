//! What a Func becomes on the way to machine code, as text.
//!
//! The stages are run again for the asking, by the same functions and with
//! the same choices as a compile, and nothing is loaded. So a level that this
//! processor lacks can be looked at as well.

use crate::engine::Engine;
use crate::error::RuntimeError;
use crate::level::Level;
use crate::limits::Limits;
use crate::pipeline::{Failure, opt_config};
use crate::strips::{self, MadeStrip};
use crate::worker;
use kiln_codegen::{Backend, CodegenConfig, CodegenError, Entry, Source, StripCall, Target};
use kiln_ir::{Column, Func, elementwise, guard_accesses, is_guarded};
use kiln_opt::{block_lanes, loop_report, optimize, widen};
use std::sync::Arc;

/// The stages of one compile, as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// The Func in kiln's language, before any pass.
    pub ir: String,
    /// The same after all passes, widened where it is a loop over rows;
    /// behind a function of arrays the strips of its loops, widened.
    pub optimised: String,
    /// What Cranelift is given, where the code goes through it.
    pub clif: Option<String>,
    /// The machine code, and behind it that of the strips.
    pub assembly: String,
    /// The level of the code; of several strips, the widest.
    pub level: Level,
    /// What the passes did, and why a loop is not wider.
    pub report: String,
}

impl Explanation {
    /// Adds the explanation of another function, each part of it under
    /// `title`.
    pub fn append(&mut self, title: &str, other: &Explanation) {
        let parts = [
            (&mut self.ir, &other.ir),
            (&mut self.optimised, &other.optimised),
            (&mut self.assembly, &other.assembly),
            (&mut self.report, &other.report),
        ];
        for (text, more) in parts {
            text.push_str(&format!("\n; {title}\n{more}"));
        }
        if let Some(more) = &other.clif {
            let clif = self.clif.get_or_insert_default();
            clif.push_str(&format!("\n; {title}\n{more}"));
        }
    }
}

/// What is to be explained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// A call for one row.
    Row,
    /// A loop over rows.
    Rows,
    /// A call of a Func of any parameters, arrays and loops included.
    Arrays,
}

impl Engine {
    /// Explains what becomes of a function: of one row, called for one or
    /// mapped over columns, or of arrays. For columns and arrays, `level` asks
    /// for another level than the engine's.
    ///
    /// # Errors
    /// When the Func is not valid or larger than the limits, and when there is
    /// no code for the level.
    pub fn explain(
        &self,
        func: &Arc<Func>,
        shape: Shape,
        level: Option<Level>,
    ) -> Result<Explanation, RuntimeError> {
        let columns = vec![Column::Contiguous; func.params().len()];
        self.explain_columns(func, shape, level, columns)
    }

    /// As [`explain`](Self::explain) of a loop over rows, for arguments of
    /// which some are one value for all rows.
    ///
    /// # Errors
    /// As there.
    pub fn explain_rows(
        &self,
        func: &Arc<Func>,
        columns: &[Column],
        level: Option<Level>,
    ) -> Result<Explanation, RuntimeError> {
        self.explain_columns(func, Shape::Rows, level, columns.to_vec())
    }

    fn explain_columns(
        &self,
        func: &Arc<Func>,
        shape: Shape,
        level: Option<Level>,
        columns: Vec<Column>,
    ) -> Result<Explanation, RuntimeError> {
        match shape {
            Shape::Row | Shape::Rows => crate::budget::admit(func, self.limits())?,
            Shape::Arrays => crate::budget::admit_any(func, self.limits())?,
        };
        let best = self.level().unwrap_or(Level::One);
        let level = match shape {
            Shape::Row => Level::One,
            Shape::Rows | Shape::Arrays => level.unwrap_or(best),
        };
        let (func, limits) = (func.clone(), *self.limits());
        let explained = worker::run(move || explain(&func, shape, &columns, level, &limits));
        let explained = explained.map_err(Failure::from).flatten();
        explained.map_err(|failure| RuntimeError::Code {
            what: failure.to_string(),
        })
    }
}

fn explain(
    row: &Func,
    shape: Shape,
    columns: &[Column],
    level: Level,
    limits: &Limits,
) -> Result<Explanation, Failure> {
    let target = target_with(level)?;
    let func = match shape {
        Shape::Row => row.clone(),
        Shape::Rows => elementwise(row, columns),
        Shape::Arrays if is_guarded(row) => row.clone(),
        Shape::Arrays => guard_accesses(row),
    };
    if shape == Shape::Arrays {
        return explain_arrays(&func, row, &target, level, limits);
    }
    let mut optimised = optimize(&func, &opt_config(level, limits))?;
    let (made, level, entry) = match shape {
        Shape::Row => {
            let entry = kiln_codegen::scalar_entry(&optimised.func);
            (optimised.func.clone(), level, entry)
        }
        Shape::Rows | Shape::Arrays => {
            let lanes = match level {
                Level::One => 1,
                _ => block_lanes(&optimised.func, 8 * level.vector_bytes() as u32),
            };
            let widened = widen(&optimised.func, lanes);
            let refusal = widened.as_ref().err().filter(|_| lanes > 1);
            let made = widened.as_ref().unwrap_or(&optimised.func);
            optimised.report.row_loop = loop_report(made, refusal);
            let level = if refusal.is_some() { Level::One } else { level };
            (made.clone(), level, Entry::Strip)
        }
    };
    let config = CodegenConfig::new(entry, level);
    let made_by = kiln_codegen::compile(&made, &target, &config)?.backend;
    let is_clif = made_by == Backend::Cranelift;
    let clif = is_clif.then(|| kiln_codegen::clif_text(&made, &target, &config));
    Ok(Explanation {
        ir: row.to_string(),
        optimised: made.to_string(),
        clif: clif.transpose()?,
        assembly: kiln_codegen::asm_text(&made, &target, &config)?,
        level,
        report: optimised.report.to_string(),
    })
}

/// A function of arrays, with the strips of its loops.
fn explain_arrays(
    func: &Func,
    source: &Func,
    target: &Target,
    level: Level,
    limits: &Limits,
) -> Result<Explanation, Failure> {
    let mut optimised = optimize(func, &opt_config(Level::One, limits))?;
    let loops = strips::make(&optimised.func, target, level, || Ok(()))?;
    optimised.report.loops = loops.reports;
    let calls: Vec<StripCall<'_>> = loops.strips.iter().map(MadeStrip::call).collect();
    let code = Source {
        func: &optimised.func,
        strips: &calls,
    };
    let config = CodegenConfig::new(Entry::Frame, Level::One);
    let mut text = optimised.func.to_string();
    let mut assembly = kiln_codegen::asm_text(code, target, &config)?;
    let mut widest = Level::One;
    for made in &loops.strips {
        let level = made.code.level;
        widest = widest.max(level);
        text.push_str(&format!("\n{}", made.widened));
        let config = CodegenConfig::new(Entry::Strip, level);
        let strip = kiln_codegen::asm_text(&made.widened, target, &config)?;
        assembly.push_str(&format!("\n; @{}\n{strip}", made.widened.name()));
    }
    let pieces = match kiln_opt::pieces(func, &opt_config(Level::One, limits)) {
        Ok(pieces) => pieces.to_string(),
        Err(why) => format!("threads: one, {why}"),
    };
    Ok(Explanation {
        ir: source.to_string(),
        optimised: text,
        clif: Some(kiln_codegen::clif_text(code, target, &config)?),
        assembly,
        level: widest,
        report: format!("{}\n{pieces}", optimised.report),
    })
}

/// This processor, or a named one that has the level.
fn target_with(level: Level) -> Result<Target, CodegenError> {
    let host = Target::host()?;
    if host.has_level(level) {
        return Ok(host);
    }
    let named = Target::names().filter_map(|name| Target::named(name).ok());
    let mut fitting = named.filter(|t| t.arch() == host.arch() && t.has_level(level));
    fitting.next().map_or(Ok(host), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_ir::{FuncBuilder, Op, Scalar};

    fn square() -> Arc<Func> {
        let mut b = FuncBuilder::new("square");
        let x = b.scalar_param("x", Scalar::F64);
        let y = b.op(Op::Mul, &[x, x]);
        Arc::new(b.finish(&[y]))
    }

    #[test]
    fn every_level_is_explained_on_every_processor_of_its_kind() {
        let host = Target::host().unwrap();
        let has_wide = host.has_level(Level::Avx2);
        for &level in host.levels() {
            let engine = Engine::default();
            let made = engine.explain(&square(), Shape::Rows, Some(level)).unwrap();
            assert_eq!(made.level, level);
            assert!(made.ir.contains("mul"), "{}", made.ir);
            assert!(made.optimised.contains("for "), "{}", made.optimised);
            assert!(!made.assembly.is_empty());
            let goes_through_cranelift = level == Level::One || !has_wide;
            assert_eq!(made.clif.is_some(), goes_through_cranelift, "{level}");
        }
    }

    #[test]
    #[cfg(all(target_arch = "x86_64", feature = "wide"))]
    fn a_level_that_the_host_may_lack_has_code() {
        let engine = Engine::default();
        let made = engine.explain(&square(), Shape::Rows, Some(Level::Avx512));
        assert!(made.unwrap().assembly.contains("zmm"));
    }

    #[test]
    fn guards_of_arrays_are_explained() {
        let text = "func @gather(x: [f64], at: [i64], y: mut [f64]) {
    v0 = len y
    for v1 in 0..v0 {
        v2 = load at[v1]
        v3 = load x[v2]
        store y[v1], v3
    }
}";
        let func = Arc::new(kiln_ir::parse(text).unwrap());
        let made = Engine::default().explain(&func, Shape::Arrays, None);
        let made = made.unwrap();
        assert!(!made.ir.contains("guard"), "{}", made.ir);
        assert!(made.optimised.contains("retry"), "{}", made.optimised);
        for line in [
            "index checks: 2 replaced by 1 test(s) before the loops",
            "threads may share the rounds of its outermost loop",
            "index check of x stays: the index or a loop bound is read from at while the kernel runs",
        ] {
            assert!(made.report.contains(line), "{}", made.report);
        }
        assert!(Engine::default().explain(&func, Shape::Row, None).is_err());
    }

    #[test]
    fn a_row_is_explained_at_one_lane() {
        let made = Engine::default()
            .explain(&square(), Shape::Row, None)
            .unwrap();
        assert_eq!(made.level, Level::One);
        assert!(!made.optimised.contains("for "));
    }
}
