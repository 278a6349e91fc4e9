//! Code generation: from a Func to machine code.
//!
//! [`compile`] is pure and deterministic: the same Func, target and settings
//! give the same bytes on every machine. Code goes through Cranelift (`clif`),
//! but loops on vectors through the emitter in `wide` where the processor is
//! an x86-64 with AVX2 and FMA.
//! The code holds no address and no reachable trap; both are checked on every
//! compile. Loading and calling it is kiln-runtime's work.

#![forbid(unsafe_code)]

mod bottom_up;
mod clif;
mod error;
pub mod frame;
mod machine_code;
mod target;
#[cfg(feature = "wide")]
mod wide;

pub use error::CodegenError;
pub use frame::{FrameLayout, Helper};
pub use machine_code::{Backend, Entry, MachineCode};
pub use target::{Arch, Level, Target};

use kiln_ir::{Func, Strip};

/// What code is made of: a Func, and the strips that some of its loops have.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The Func.
    pub func: &'a Func,
    /// The strips, in the order of the frame's table. Whoever calls the code
    /// has to have code for each.
    pub strips: &'a [StripCall<'a>],
}

impl<'a> From<&'a Func> for Source<'a> {
    fn from(func: &'a Func) -> Source<'a> {
        Source { func, strips: &[] }
    }
}

/// A strip that is called for whole blocks of rounds of its loop.
#[derive(Clone, Copy, Debug)]
pub struct StripCall<'a> {
    /// The strip, before it was widened.
    pub strip: &'a Strip,
    /// Rounds of a block of its code.
    pub lanes: u16,
}

/// What is asked of code generation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CodegenConfig {
    /// How the code will be called.
    pub entry: Entry,
    /// What vectors it uses: the level the Func was widened for.
    pub level: Level,
    /// What makes the code. `None` takes the emitter of our own for a strip
    /// that it has forms for, else Cranelift.
    pub backend: Option<Backend>,
    /// Whether Cranelift optimises. `None` lets the code decide: it does
    /// unless values take several registers, because its pass orders pure
    /// nodes depth first and loses their interleaving.
    pub optimise: Option<bool>,
    /// Bytes of code at most.
    pub code_limit: usize,
}

impl CodegenConfig {
    /// The usual settings for an entry at a level.
    pub const fn new(entry: Entry, level: Level) -> CodegenConfig {
        CodegenConfig {
            entry,
            level,
            backend: None,
            optimise: None,
            code_limit: 4 << 20,
        }
    }
}

/// Machine code for a Func, which must be verified, and whose mathematical
/// functions must be expanded.
///
/// It may panic at limits of Cranelift's own; callers that serve others wrap
/// it in `catch_unwind` and run it on a stack of 16 MiB.
///
/// # Errors
/// When the target lacks the level, the Func does not fit the entry, a node
/// has no form at the level, or a limit is passed.
pub fn compile<'a>(
    source: impl Into<Source<'a>>,
    target: &Target,
    config: &CodegenConfig,
) -> Result<MachineCode, CodegenError> {
    let source = source.into();
    if !target.has_level(config.level) {
        return Err(no_level(target, config.level));
    }
    let wide = || wide_compile(source.func, target, config);
    by_backend(target, config, wide, || {
        clif::compile(source, target, config)
    })
}

/// How a scalar Func is best called: [`Entry::Direct`] if it has one result,
/// cannot fail and has no unbounded loop, else [`Entry::Frame`].
pub fn scalar_entry(func: &Func) -> Entry {
    clif::scalar_entry(func)
}

/// What Cranelift is given for a Func, as text, whether or not it would make
/// the code. Levels above 128 bits have none.
///
/// # Errors
/// As [`compile`].
pub fn clif_text<'a>(
    source: impl Into<Source<'a>>,
    target: &Target,
    config: &CodegenConfig,
) -> Result<String, CodegenError> {
    clif::text(source.into(), target, config)
}

/// The machine code for a Func as assembly text.
///
/// # Errors
/// As [`compile`].
pub fn asm_text<'a>(
    source: impl Into<Source<'a>>,
    target: &Target,
    config: &CodegenConfig,
) -> Result<String, CodegenError> {
    let source = source.into();
    let wide = || wide_assembly(source.func, target, config);
    by_backend(target, config, wide, || {
        clif::assembly(source, target, config)
    })
}

/// What one of the two makes: Cranelift takes over, where it can, what the
/// other has no form for.
fn by_backend<T>(
    target: &Target,
    config: &CodegenConfig,
    wide: impl FnOnce() -> Result<T, CodegenError>,
    clif: impl FnOnce() -> Result<T, CodegenError>,
) -> Result<T, CodegenError> {
    let is_narrow = config.level <= Level::V128;
    match config.backend {
        Some(Backend::Wide) => wide(),
        Some(Backend::Cranelift) if is_narrow => clif(),
        Some(Backend::Cranelift) => Err(no_level(target, config.level)),
        None if !is_narrow => wide(),
        None if config.entry != Entry::Strip || !target.has_wide(config.level) => clif(),
        None => match wide() {
            Err(CodegenError::Unsupported { .. }) => clif(),
            made => made,
        },
    }
}

fn no_level(target: &Target, level: Level) -> CodegenError {
    CodegenError::Level {
        target: target.name().into(),
        level,
    }
}

#[cfg(feature = "wide")]
use wide::{assembly as wide_assembly, compile as wide_compile};

#[cfg(not(feature = "wide"))]
fn wide_compile(
    _: &Func,
    target: &Target,
    config: &CodegenConfig,
) -> Result<MachineCode, CodegenError> {
    Err(no_level(target, config.level))
}

#[cfg(not(feature = "wide"))]
fn wide_assembly(
    _: &Func,
    target: &Target,
    config: &CodegenConfig,
) -> Result<String, CodegenError> {
    Err(no_level(target, config.level))
}
