//! Loops for x86-64 at 256 bits (AVX2 and FMA) and 512 bits (AVX-512 F, DQ,
//! VL, BW), which Cranelift cannot make, and at 128 bits with the instructions
//! of AVX2, where its code is slower.
//!
//! A widened Func with one elementwise loop becomes machine code in steps:
//! `legal` says whether every op can be made at the level; `select` turns
//! nodes into instructions over virtual registers; `sink` lets rare paths
//! repeat what only they still need; `schedule` orders blocks for few
//! registers; `fold` puts loads and constants into memory operands and picks
//! the forms of fused multiply-adds; `alloc` assigns registers; `emit` makes
//! bytes. Constants stand behind the code; there are no relocations, no
//! addresses, no traps.
//!
//! Deliberately absent: tails, since the caller runs whole blocks, and gather
//! instructions: lanes that lie apart are loaded one by one. What has no form
//! is refused before anything is emitted.

mod alloc;
mod asm;
mod emit;
mod fold;
mod inst;
mod legal;
mod pool;
mod rows;
mod schedule;
mod select;
mod sink;
#[cfg(test)]
mod tests;

use crate::machine_code::{Backend, Entry, MachineCode};
use crate::target::{Level, Target};
use crate::{CodegenConfig, CodegenError};
use kiln_ir::{Func, Node, NodeId, Op, Schedule, rounds_at_once, strip_loop};
use rows::Width;
use select::Shape;
use target_lexicon::OperatingSystem;

/// Stack a strip may use, in bytes.
const FRAME_LIMIT: usize = 64 << 10;

/// Machine instructions a strip may have: what register allocation does in
/// a fraction of a second.
const INST_LIMIT: usize = 200_000;

/// How arguments are passed and which registers a callee preserves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Convention {
    /// System V: Linux, macOS and the other Unix systems.
    SystemV,
    /// Windows x64.
    Windows,
}

/// Machine code for a widened Func that is one elementwise loop.
///
/// # Errors
/// When the Func holds something that has no form here, or a limit is passed.
pub(crate) fn compile(
    func: &Func,
    target: &Target,
    config: &CodegenConfig,
) -> Result<MachineCode, CodegenError> {
    if config.entry != Entry::Strip {
        return Err(CodegenError::Entry {
            entry: config.entry,
            takes: "one lane at these levels",
        });
    }
    let emitted = emit(func, target, config)?;
    Ok(MachineCode {
        code_len: emitted.code.code_len,
        bytes: emitted.code.bytes,
        alignment: asm::ALIGNMENT,
        stack_bytes: emitted.stack_bytes,
        entry: config.entry,
        level: config.level,
        backend: Backend::Wide,
        lanes: emitted.lanes,
        guarded_divisions: 0,
        target: target.name().into(),
    })
}

/// The machine code of [`compile`] as text.
///
/// # Errors
/// As [`compile`].
pub(crate) fn assembly(
    func: &Func,
    target: &Target,
    config: &CodegenConfig,
) -> Result<String, CodegenError> {
    let code = compile(func, target, config)?;
    Ok(asm::disassemble(&code.bytes[..code.code_len]))
}

struct Emitted {
    code: asm::Assembled,
    stack_bytes: usize,
    lanes: u16,
}

fn emit(func: &Func, target: &Target, config: &CodegenConfig) -> Result<Emitted, CodegenError> {
    let level = config.level;
    let checked = target.isa(false).flags().regalloc_checker();
    let convention = match target.triple().operating_system {
        OperatingSystem::Windows => Convention::Windows,
        _ => Convention::SystemV,
    };
    let vector = Width::holding(level.vector_bytes());
    let unsupported = |what: &str| CodegenError::Unsupported {
        what: what.into(),
        level,
    };
    let row_loop = strip_loop(func).ok_or_else(|| unsupported("what is not one loop"))?;
    let lanes = rounds_at_once(func, row_loop);
    let schedule = Schedule::of(func);
    check(func, &schedule, level)?;
    let shape = shape(func, &schedule, lanes, level)?;
    let selected = select::select(func, &schedule, row_loop, level, shape)?;
    let (mut mach, constants) = (selected.func, selected.constants);
    let limit = |found| match found > INST_LIMIT {
        true => Err(CodegenError::Limit {
            what: "machine instructions",
            found,
            limit: INST_LIMIT,
        }),
        false => Ok(()),
    };
    limit(mach.inst_count())?;
    sink::sink(&mut mach);
    schedule::schedule(&mut mach);
    let pressure = fold::fold(&mut mach, vector);
    // What is alive at once and in no register is on the stack.
    let spilled = pressure.saturating_sub(alloc::vector_registers(vector)) * vector.bytes();
    if spilled > FRAME_LIMIT {
        return Err(CodegenError::Limit {
            what: "bytes of stack",
            found: spilled,
            limit: FRAME_LIMIT,
        });
    }
    let output =
        alloc::allocate(&mach, vector, convention, checked).map_err(CodegenError::Backend)?;
    let emitted = emit::emit(&mach, &output, &constants, vector, convention, checked)?;
    if emitted.code.bytes.len() > config.code_limit {
        return Err(CodegenError::Limit {
            what: "bytes of code",
            found: emitted.code.bytes.len(),
            limit: config.code_limit,
        });
    }
    Ok(Emitted {
        code: emitted.code,
        stack_bytes: emitted.stack_bytes,
        lanes,
    })
}

/// Refuses what has no form at the level.
fn check(func: &Func, schedule: &Schedule, level: Level) -> Result<(), CodegenError> {
    let unsupported = |what: String| Err(CodegenError::Unsupported { what, level });
    let row_loop = strip_loop(func);
    for id in scheduled(func, schedule) {
        match func.node(id) {
            Node::For { lanes, .. } if Some(id) != row_loop && *lanes != 1 => {
                return unsupported("a widened loop in the loop".into());
            }
            Node::Op { op, args } => {
                let scalar = match op {
                    Op::Select => func.ty(id).scalar,
                    _ => args
                        .first()
                        .map_or(func.ty(id).scalar, |&a| func.ty(a).scalar),
                };
                if !legal::is_legal(*op, scalar, level) {
                    return unsupported(format!("{} of {scalar}", op.name()));
                }
            }
            Node::Reduce { .. } | Node::Scan { .. } | Node::Call { .. } => {
                return unsupported("a loop in a loop, or a call".into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The nodes that run.
fn scheduled<'a>(func: &'a Func, schedule: &'a Schedule) -> impl Iterator<Item = NodeId> + 'a {
    (0..func.node_count())
        .map(NodeId::new)
        .filter(|&id| schedule.place(id).is_some())
}

/// Whether a scalar is an index, a bound, or a constant, which is as wide as
/// its user.
fn is_address(func: &Func, id: NodeId) -> bool {
    match func.node(id) {
        Node::Op { op, args } => {
            matches!(op, Op::Add | Op::Sub)
                && args
                    .iter()
                    .any(|&a| matches!(func.node(a), Node::Arg { .. }))
        }
        Node::Len { .. } | Node::Arg { .. } | Node::Const(_) => true,
        _ => false,
    }
}

/// How the loop's lanes lie in registers: as many to a piece as fit of the
/// widest type.
fn shape(
    func: &Func,
    schedule: &Schedule,
    lanes: u16,
    level: Level,
) -> Result<Shape, CodegenError> {
    let mut widest = 1;
    for id in scheduled(func, schedule) {
        // A constant is as wide as what takes it, here a result of an `if`.
        let yields = func.regions_of(id).flat_map(|r| &func.region(r).yields);
        widest = yields.fold(widest, |w, &y| w.max(func.ty(y).scalar.bytes()));
        // An index of a loop that something is computed from is a value.
        if let Node::Op { args, .. } = func.node(id)
            && !is_address(func, id)
            && args
                .iter()
                .any(|&a| is_address(func, a) && func.as_const(a).is_none())
        {
            widest = 8;
        }
        let Some(ty) = func.value_type(id) else {
            continue;
        };
        // What does not vary has one value per lane too; the loop's index
        // and what is added to it are addresses.
        if !ty.is_vector() && is_address(func, id) {
            continue;
        }
        widest = widest.max(ty.scalar.bytes());
        if let Node::Op { op: Op::Cast, args } = func.node(id)
            && legal::cast_needs_quads(func.ty(args[0]).scalar, ty.scalar, level)
        {
            widest = 8;
        }
    }
    let lanes = usize::from(lanes);
    let mut piece = level.vector_bytes() / widest;
    // Fewer lanes than a register holds run in a part of it, which is whole
    // for elements of eight bytes.
    while widest < 8 && !lanes.is_multiple_of(piece) {
        (piece, widest) = (piece / 2, widest * 2);
    }
    if lanes == 0 || !lanes.is_multiple_of(piece) {
        return Err(CodegenError::Unsupported {
            what: format!("a loop of {lanes} lanes of {widest} bytes"),
            level,
        });
    }
    Ok(Shape {
        lanes,
        piece,
        widest,
    })
}
