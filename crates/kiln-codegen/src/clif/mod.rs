//! Code through Cranelift: scalar functions, and strips at one lane and at
//! 128 bits.
//!
//! `ops` is the legality table; `int`, `float` and `cast` are the sequences
//! behind it; `lower` walks a Func, `memory`, `control` and `reduce` are its
//! accesses, its blocks and its reductions, `strip` its calls of strips. What comes back from Cranelift is
//! checked: no relocation, no trap but those of divisions made safe, a
//! bounded stack frame.
//!
//! Deliberately absent: calls, which kiln-opt inlines first, and reductions
//! of vectors.

mod cast;
mod control;
mod emit;
mod float;
mod helper;
mod int;
mod jam;
mod lower;
mod memory;
mod ops;
mod order;
mod passes;
mod reduce;
mod strip;
mod tree;
mod unroll;
mod vector;

pub(crate) use control::scalar_entry;

use crate::{Arch, Backend, CodegenConfig, CodegenError, Level, MachineCode, Source, Target};
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{Function, TrapCode, UserFuncName};
use cranelift_codegen::{CompiledCode, Context};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use emit::Emit;
use kiln_ir::{Func, rounds_at_once, strip_loop};
use lower::Lowerer;
use std::cell::Cell;

/// Stack a function may use, in bytes.
const FRAME_LIMIT: usize = 64 << 10;

/// What compiling needs and can be used again.
struct Scratch {
    context: Context,
    builder: FunctionBuilderContext,
}

thread_local! {
    /// Taken while a function is compiled, and put back only if that went
    /// well, so that nothing survives a failure.
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Machine code for a Func.
pub(crate) fn compile(
    source: Source<'_>,
    target: &Target,
    config: &CodegenConfig,
) -> Result<MachineCode, CodegenError> {
    with_scratch(|scratch| {
        let lowered = lower(source, target, config, scratch)?;
        let optimise = optimises(config);
        let code = generate(scratch, target, optimise)?;
        machine_code(source.func, target, config, code, lowered)
    })
}

/// The function as Cranelift is given it.
pub(crate) fn text(
    source: Source<'_>,
    target: &Target,
    config: &CodegenConfig,
) -> Result<String, CodegenError> {
    with_scratch(|scratch| {
        lower(source, target, config, scratch)?;
        Ok(scratch.context.func.display().to_string())
    })
}

/// The machine code as text.
pub(crate) fn assembly(
    source: Source<'_>,
    target: &Target,
    config: &CodegenConfig,
) -> Result<String, CodegenError> {
    with_scratch(|scratch| {
        lower(source, target, config, scratch)?;
        scratch.context.set_disasm(true);
        let code = generate(scratch, target, optimises(config))?;
        Ok(code.vcode.clone().unwrap_or_default())
    })
}

/// Cranelift's rules for vectors of integers are its least used ones, and
/// its pass orders pure nodes depth first, which loses their interleaving;
/// kiln-opt has merged and hoisted already.
fn optimises(config: &CodegenConfig) -> bool {
    config.optimise.unwrap_or(config.level == Level::One)
}

fn with_scratch<T>(
    f: impl FnOnce(&mut Scratch) -> Result<T, CodegenError>,
) -> Result<T, CodegenError> {
    let mut scratch = SCRATCH.take().unwrap_or_else(|| {
        Box::new(Scratch {
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
        })
    });
    let result = f(&mut scratch)?;
    SCRATCH.set(Some(scratch));
    Ok(result)
}

/// What lowering tells about a function.
struct Lowered {
    divisions: usize,
    division_traps: usize,
    conversions: usize,
}

fn lower(
    source: Source<'_>,
    target: &Target,
    config: &CodegenConfig,
    scratch: &mut Scratch,
) -> Result<Lowered, CodegenError> {
    scratch.context.clear();
    let func = source.func;
    let is_wide = |i| {
        let ty = func.value_type(kiln_ir::NodeId::new(i));
        ty.is_some_and(|ty| ty.is_vector())
    };
    if config.level == Level::One && (0..func.node_count()).any(is_wide) {
        return Err(CodegenError::Unsupported {
            what: "a vector".into(),
            level: config.level,
        });
    }
    let signature = control::signature(func, config.entry, target);
    scratch.context.func = Function::with_name_signature(UserFuncName::default(), signature);
    let builder = FunctionBuilder::new(&mut scratch.context.func, &mut scratch.builder);
    let emit = Emit::new(builder, target);
    let mut lowerer = Lowerer::new(source, emit, config.entry, config.level);
    lowerer.function()?;
    let Emit {
        mut b,
        divisions,
        division_traps,
        conversions,
        ..
    } = lowerer.e;
    b.seal_all_blocks();
    b.finalize(target.isa(false).frontend_config());
    if !optimises(config) {
        order::order(&mut scratch.context.func);
    }
    Ok(Lowered {
        divisions,
        division_traps,
        conversions,
    })
}

fn generate<'a>(
    scratch: &'a mut Scratch,
    target: &Target,
    optimise: bool,
) -> Result<&'a CompiledCode, CodegenError> {
    let isa = target.isa(optimise);
    // A mistake of ours is an error and no wrong code. That Cranelift's own
    // passes keep a function valid is asked in tests alone: asking after
    // each of them took a third of a compile.
    cranelift_codegen::verify_function(&scratch.context.func, isa)
        .map_err(|e| CodegenError::Backend(e.to_string()))?;
    scratch
        .context
        .compile(isa, &mut ControlPlane::default())
        .map_err(|e| CodegenError::Backend(e.inner.to_string()))
}

fn machine_code(
    func: &Func,
    target: &Target,
    config: &CodegenConfig,
    code: &CompiledCode,
    lowered: Lowered,
) -> Result<MachineCode, CodegenError> {
    let buffer = &code.buffer;
    if !buffer.relocs().is_empty() {
        return Err(CodegenError::Relocations(buffer.relocs().len()));
    }
    check_traps(code, target, &lowered)?;
    let stack_bytes = buffer
        .frame_layout()
        .map_or(0, |layout| layout.frame_to_fp_offset as usize + 16);
    at_most("bytes of stack", stack_bytes, FRAME_LIMIT)?;
    let bytes = buffer.data().to_vec();
    at_most("bytes of code", bytes.len(), config.code_limit)?;
    Ok(MachineCode {
        code_len: bytes.len(),
        bytes,
        alignment: (buffer.alignment as usize).max(16),
        stack_bytes,
        entry: config.entry,
        level: config.level,
        backend: Backend::Cranelift,
        lanes: rows_per_round(func),
        guarded_divisions: lowered.divisions,
        target: target.name().into(),
    })
}

/// Hardware division keeps its trap records although its divisor was made
/// safe. On RISC-V conversions to integers keep one too, although no
/// instruction on floats traps there (RISC-V unprivileged ISA, "F" extension:
/// exceptions are flags). Nothing else may leave one.
fn check_traps(
    code: &CompiledCode,
    target: &Target,
    lowered: &Lowered,
) -> Result<(), CodegenError> {
    let mut divisions = lowered.division_traps;
    let mut conversions = match target.arch() {
        Arch::Riscv64 => lowered.conversions,
        Arch::X86_64 | Arch::Aarch64 => 0,
    };
    for trap in code.buffer.traps() {
        let left = match trap.code {
            TrapCode::INTEGER_DIVISION_BY_ZERO | TrapCode::INTEGER_OVERFLOW => &mut divisions,
            TrapCode::BAD_CONVERSION_TO_INTEGER => &mut conversions,
            _ => &mut 0,
        };
        *left = left.checked_sub(1).ok_or_else(|| CodegenError::Trap {
            kind: trap.code.to_string(),
            at: trap.offset as usize,
        })?;
    }
    Ok(())
}

fn at_most(what: &'static str, found: usize, limit: usize) -> Result<(), CodegenError> {
    match found <= limit {
        true => Ok(()),
        false => Err(CodegenError::Limit { what, found, limit }),
    }
}

/// Rows a strip does at once.
fn rows_per_round(func: &Func) -> u16 {
    strip_loop(func).map_or(1, |row_loop| rounds_at_once(func, row_loop))
}
