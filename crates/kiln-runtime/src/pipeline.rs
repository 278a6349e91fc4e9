//! From a Func to native code: the passes, the choice of a level, code
//! generation, loading.
//!
//! A function of arrays is code of one lane that calls strips of its loops
//! (`strips.rs`). For a loop over rows the widest level that the engine allows is tried
//! first; where it has no form for something in the Func, the next one down
//! is, and each refusal is kept as a note. What ends in no code at all is a
//! [`Failure`], which the engine counts and answers with the interpreter.

use crate::cache::Lasting;
use crate::compiled::Compiled;
use crate::limits::Limits;
use crate::load::LoadError;
use crate::native::Form;
use crate::scalar::DIRECT_ARGS_MAX;
use crate::stats::CodeBytes;
use crate::strips::{self, MadeStrip};
use crate::worker;
use kiln_codegen::{
    CodegenConfig, CodegenError, Entry, Level, MachineCode, Source, StripCall, Target, scalar_entry,
};
use kiln_ir::{Func, Op, VerifyError, check_accesses};
use kiln_opt::{NotWidened, OptConfig, OptError, Optimized, block_lanes, loop_report, widen};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;

/// What there is to know to make code.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) target: Target,
    /// The highest level to use.
    pub(crate) level: Level,
    pub(crate) limits: Limits,
    pub(crate) live: Arc<CodeBytes>,
}

/// Why there is no native code for a Func.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// A pass refused the Func.
    #[error("{}", chain(.0))]
    Optimise(#[from] OptError),
    /// An access is not shown to lie inside its array.
    #[error("{}", chain(.0))]
    Accesses(#[from] VerifyError),
    /// Code generation refused it.
    #[error("{0}")]
    Codegen(#[from] CodegenError),
    /// The system gave no executable memory.
    #[error("{0}")]
    Load(#[from] LoadError),
    /// A pass or the code generator broke: a bug of ours or of Cranelift's.
    #[error("the compiler panicked: {0}")]
    Panic(String),
    /// The system gave no thread to compile on.
    #[error("no thread to compile on: {0}")]
    Thread(std::io::Error),
    /// The clock ran out between two passes.
    #[error("{spent:?} of compiling exceed the limit of {limit:?}")]
    Budget {
        /// What was spent.
        spent: Duration,
        /// What may be.
        limit: Duration,
    },
}

/// An error and its sources on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl Lasting for Failure {
    fn is_lasting(&self) -> bool {
        !matches!(
            self,
            Failure::Load(LoadError::Memory(_)) | Failure::Thread(_)
        )
    }
}

impl From<worker::Failure> for Failure {
    fn from(failure: worker::Failure) -> Failure {
        match failure {
            worker::Failure::Panic(message) => Failure::Panic(message),
            worker::Failure::Thread(error) => Failure::Thread(error),
        }
    }
}

/// Makes native code for a Func on a thread of ours and waits for it.
pub(crate) fn compile(
    func: Arc<Func>,
    form: Form,
    settings: Settings,
) -> Result<Compiled, Failure> {
    worker::run(move || {
        let compiler = Compiler {
            func: &func,
            settings: &settings,
            start: Instant::now(),
        };
        match form {
            Form::Scalar | Form::Frame | Form::Guarded => compiler.scalar(form),
            Form::Rows => compiler.rows(),
        }
    })?
}

struct Compiler<'a> {
    func: &'a Func,
    settings: &'a Settings,
    start: Instant,
}

impl Compiler<'_> {
    /// A Func that is called for one row.
    fn scalar(&self, form: Form) -> Result<Compiled, Failure> {
        let config = opt_config(Level::One, &self.settings.limits);
        let mut optimized = self.optimize_with(&config.guarded(form == Form::Guarded))?;
        let func = &optimized.func;
        // A Func whose accesses are guarded stays one through every pass;
        // no code is made of one for which that cannot be shown again.
        check_accesses(func)?;
        let entry = match form {
            Form::Scalar if func.params().len() <= DIRECT_ARGS_MAX => scalar_entry(func),
            _ => Entry::Frame,
        };
        if entry != Entry::Frame || form == Form::Guarded {
            let code = self.generate(func, entry, Level::One)?;
            return self.load(optimized, &code, &[], Vec::new());
        }
        let Settings { target, level, .. } = self.settings;
        let loops = strips::make(func, target, *level, || self.check_clock())?;
        let calls: Vec<StripCall<'_>> = loops.strips.iter().map(MadeStrip::call).collect();
        let source = Source {
            func,
            strips: &calls,
        };
        let code = self.generate(source, entry, Level::One)?;
        optimized.report.loops = loops.reports;
        let strips: Vec<MachineCode> = loops.strips.into_iter().map(|made| made.code).collect();
        self.load(optimized, &code, &strips, Vec::new())
    }

    /// A loop over rows, at the widest level that has a form for it.
    fn rows(&self) -> Result<Compiled, Failure> {
        let mut notes = Vec::new();
        for level in strips::levels(&self.settings.target, self.settings.level) {
            match self.rows_at(level, &mut notes) {
                Ok(compiled) => return Ok(compiled),
                Err(failure) if level == Level::One || !is_about_level(&failure) => {
                    return Err(failure);
                }
                Err(failure) => notes.push(format!("{level}: {failure}")),
            }
        }
        let target = self.settings.target.name().to_owned();
        let level = Level::One;
        Err(CodegenError::Level { target, level }.into())
    }

    fn rows_at(&self, level: Level, notes: &mut Vec<String>) -> Result<Compiled, Failure> {
        let mut optimized = self.optimize(level)?;
        let lanes = match level {
            Level::One => 1,
            _ => block_lanes(&optimized.func, 8 * level.vector_bytes() as u32),
        };
        let widened = widen(&optimized.func, lanes);
        self.check_clock()?;
        let (func, level) = match &widened {
            Ok(func) => (func, level),
            // No level has what widening refuses.
            Err(_) => (&optimized.func, Level::One),
        };
        let refusal = match &widened {
            Err(NotWidened::OneLane) | Ok(_) => None,
            Err(refusal) => Some(refusal),
        };
        let code = self.generate(func, Entry::Strip, level)?;
        optimized.report.row_loop = loop_report(func, refusal);
        let mut notes = std::mem::take(notes);
        notes.extend(refusal.map(|refusal| format!("one row at a time: {refusal}")));
        self.load(optimized, &code, &[], notes)
    }

    fn optimize(&self, level: Level) -> Result<Optimized, Failure> {
        self.optimize_with(&opt_config(level, &self.settings.limits))
    }

    fn optimize_with(&self, config: &OptConfig) -> Result<Optimized, Failure> {
        let optimized = kiln_opt::optimize(self.func, config)?;
        self.check_clock()?;
        Ok(optimized)
    }

    fn generate<'s>(
        &self,
        source: impl Into<Source<'s>>,
        entry: Entry,
        level: Level,
    ) -> Result<MachineCode, Failure> {
        generate(source, &self.settings.target, entry, level)
    }

    fn load(
        &self,
        optimized: Optimized,
        code: &MachineCode,
        strips: &[MachineCode],
        notes: Vec<String>,
    ) -> Result<Compiled, Failure> {
        let Optimized { func, report } = optimized;
        let live = self.settings.live.clone();
        Ok(Compiled::new(&func, code, strips, report, notes, live)?)
    }

    fn check_clock(&self) -> Result<(), Failure> {
        let (spent, limit) = (self.start.elapsed(), self.settings.limits.clock());
        if spent > limit {
            return Err(Failure::Budget { spent, limit });
        }
        Ok(())
    }
}

/// Code generation, which may panic at limits of its own.
pub(crate) fn generate<'s>(
    source: impl Into<Source<'s>>,
    target: &Target,
    entry: Entry,
    level: Level,
) -> Result<MachineCode, Failure> {
    let config = CodegenConfig::new(entry, level);
    let source = source.into();
    let made = catch_unwind(AssertUnwindSafe(|| {
        kiln_codegen::compile(source, target, &config)
    }));
    match made {
        Ok(code) => Ok(code?),
        Err(panic) => Err(Failure::Panic(worker::message(&*panic))),
    }
}

/// Whether a narrower level may do where one failed.
fn is_about_level(failure: &Failure) -> bool {
    matches!(failure, Failure::Codegen(_) | Failure::Panic(_))
}

/// How a Func is optimised for a level. Its size was bounded when it was let
/// in, by what it expands to; the passes get twice that, as the loop around
/// it and what a pass leaves behind count there.
pub(crate) fn opt_config(level: Level, limits: &Limits) -> OptConfig {
    OptConfig::default()
        .native(native_ops(level))
        .nodes_max(2 * limits.expanded_nodes())
}

/// The ops that a level has as instructions and others expand.
fn native_ops(level: Level) -> &'static [Op] {
    match level {
        Level::Avx512 => &[Op::Ldexp, Op::Exponent, Op::Mantissa],
        _ => &[],
    }
}
