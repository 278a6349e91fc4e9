//! Running code one instruction at a time.

use crate::data::{Arg, Slice, SliceMut};
use crate::held::Held;
use crate::math::{self, Binary, Unary};
use crate::ops::{at_most, differ, equal, less, select};
use crate::program::{Failure, Stop};
use crate::scalar::code::{Apply, Code, Inst, Place, Reg, Scalars};
use crate::scalar::rest;
use kiln_ir::meaning::{BitValue, CastFrom, Integer, Number, Real};
use kiln_ir::{Class, Op, Scalar, math1_ops, math2_ops};
use std::ops::Range;

/// Number of rounds of loops between two looks at the stop flag.
const ROUNDS: u32 = 1024;

/// Runs `code` on registers that hold the arguments. `rows` replaces the
/// bounds of the loop over rows, if the code is one.
#[inline(always)]
pub(crate) fn run(
    code: &Code,
    state: &mut Scalars,
    stop: &Stop,
    args: &mut [Arg<'_>],
    rows: Option<Range<usize>>,
) -> Result<(), Failure> {
    macro_rules! binary_f64 {
        ($dst:ident, $a:ident, $b:ident, $f:expr) => {{
            let registers = &mut state.registers;
            let x = f64::of_bits(registers[$a as usize]);
            let y = f64::of_bits(registers[$b as usize]);
            registers[$dst as usize] = ($f)(x, y).to_bits64();
        }};
    }
    macro_rules! unary_f64 {
        ($dst:ident, $a:ident, $f:expr) => {{
            let registers = &mut state.registers;
            let x = f64::of_bits(registers[$a as usize]);
            registers[$dst as usize] = ($f)(x).to_bits64();
        }};
    }
    let mut pc = 0;
    while let Some(&inst) = code.insts.get(pc) {
        pc += 1;
        match inst {
            Inst::Op(inst) => apply(&mut state.registers, inst),
            Inst::AddF64 { dst, a, b } => binary_f64!(dst, a, b, Number::add),
            Inst::SubF64 { dst, a, b } => binary_f64!(dst, a, b, Number::sub),
            Inst::MulF64 { dst, a, b } => binary_f64!(dst, a, b, Number::mul),
            Inst::DivF64 { dst, a, b } => binary_f64!(dst, a, b, Number::div),
            Inst::LessF64 { dst, a, b } => binary_f64!(dst, a, b, less),
            Inst::AtMostF64 { dst, a, b } => binary_f64!(dst, a, b, at_most),
            Inst::NegF64 { dst, a } => unary_f64!(dst, a, Number::neg),
            Inst::SqrtF64 { dst, a } => unary_f64!(dst, a, Real::sqrt),
            Inst::Copy { dst, from } => {
                state.registers[dst as usize] = state.registers[from as usize];
            }
            Inst::Jump { to } => pc = to as usize,
            Inst::JumpUnless { cond, to } => {
                if state.registers[cond as usize] == 0 {
                    pc = to as usize;
                }
            }
            Inst::Back { to } => {
                pc = to as usize;
                round(state, stop)?;
            }
            Inst::Enter { index, hi, to } => {
                if state.index(index) >= state.index(hi) {
                    pc = to as usize;
                }
            }
            Inst::Next { index, hi, to } => {
                let next = state.index(index) + 1;
                state.registers[index as usize] = next as u64;
                if next < state.index(hi) {
                    pc = to as usize;
                    round(state, stop)?;
                }
            }
            Inst::Guard { cond, guard } => {
                if state.registers[cond as usize] == 0 {
                    return Err(failed(code, state, guard));
                }
            }
            other => memory(code, state, args, &rows, other)?,
        }
    }
    Ok(())
}

impl Scalars {
    #[inline(always)]
    fn index(&self, reg: Reg) -> i64 {
        self.registers[reg as usize] as i64
    }
}

/// Looks at the stop flag once in [`ROUNDS`] rounds.
#[inline(always)]
fn round(state: &mut Scalars, stop: &Stop) -> Result<(), Failure> {
    state.rounds += 1;
    if state.rounds >= ROUNDS {
        state.rounds = 0;
        stop.check()?;
    }
    Ok(())
}

#[cold]
fn failed(code: &Code, state: &Scalars, guard: u32) -> Failure {
    let guard = &code.guards[guard as usize];
    Failure::Fault {
        fault: guard.fault,
        row: guard.row.map_or(0, |reg| state.index(reg)),
        operands: guard
            .operands
            .iter()
            .map(|&(ty, reg)| state.value(ty, reg))
            .collect(),
    }
}

/// The instructions that touch memory or trees, apart from the dispatch of
/// the ops: they do not gain from being compiled for more features.
fn memory(
    code: &Code,
    state: &mut Scalars,
    args: &mut [Arg<'_>],
    rows: &Option<Range<usize>>,
    inst: Inst,
) -> Result<(), Failure> {
    match inst {
        Inst::Len { dst, array, dim } => {
            let len = match array {
                Place::Arg(arg) => args[arg as usize].extent(dim),
                Place::Local(local) => state.locals[local as usize].len(),
            };
            state.registers[dst as usize] = len as u64;
        }
        Inst::Load {
            ty,
            rank,
            array,
            dst,
            index,
        } => {
            let index = &code.indices[index as usize..][..rank as usize];
            let element = match array {
                Place::Arg(arg) => {
                    let arg = &args[arg as usize];
                    arg.locate(index.iter().map(|&r| state.index(r)))
                        .map(|at| load(arg, ty, at))
                }
                Place::Local(local) => {
                    let at = usize::try_from(state.index(index[0])).ok();
                    at.and_then(|at| state.locals[local as usize].get(at).copied())
                }
            };
            match element {
                Some(bits) => state.registers[dst as usize] = bits,
                None => return Err(outside(state, array, index)),
            }
        }
        Inst::Store {
            ty,
            rank,
            array,
            value,
            index,
        } => {
            let index = &code.indices[index as usize..][..rank as usize];
            let bits = state.registers[value as usize];
            let done = match array {
                Place::Arg(arg) => {
                    let arg = &mut args[arg as usize];
                    arg.locate(index.iter().map(|&r| state.index(r)))
                        .map(|at| store(arg, ty, at, bits))
                }
                Place::Local(local) => {
                    let at = usize::try_from(state.index(index[0])).ok();
                    let slot = at.and_then(|at| state.locals[local as usize].get_mut(at));
                    slot.map(|slot| *slot = bits)
                }
            };
            if done.is_none() {
                return Err(outside(state, array, index));
            }
        }
        Inst::Clear { local } => state.locals[local as usize].fill(0),
        Inst::Rows { lo, hi } => {
            if let Some(rows) = rows {
                state.registers[lo as usize] = rows.start as u64;
                state.registers[hi as usize] = rows.end as u64;
            }
        }
        Inst::TreeBegin { tree } => state.trees[tree as usize].clear(),
        Inst::TreeAdd { tree, value } => {
            state.trees[tree as usize].add(state.registers[value as usize]);
        }
        Inst::TreeEnd { tree, dst } => {
            state.registers[dst as usize] = state.trees[tree as usize].finish();
        }
        _ => unreachable!("run has done it"),
    }
    Ok(())
}

#[cold]
fn outside(state: &Scalars, array: Place, index: &[Reg]) -> Failure {
    Failure::Access {
        param: match array {
            Place::Arg(arg) => Some(arg.into()),
            Place::Local(_) => None,
        },
        index: index.iter().map(|&reg| state.index(reg)).collect(),
    }
}

/// The bits of an element that lies within its slice.
fn load(arg: &Arg<'_>, ty: Scalar, at: usize) -> u64 {
    macro_rules! element {
        ($($variant:ident $t:ident;)*) => {
            match (arg, ty) {
                $(
                    (
                        Arg::Slice(Slice::$variant(data)) | Arg::View(Slice::$variant(data), _),
                        Scalar::$variant,
                    ) => <$t as Held>::to_bits64(data[at]),
                    (
                        Arg::SliceMut(SliceMut::$variant(data))
                        | Arg::ViewMut(SliceMut::$variant(data), _),
                        Scalar::$variant,
                    ) => <$t as Held>::to_bits64(data[at]),
                )*
                _ => unreachable!("arguments are checked against the parameters"),
            }
        };
    }
    all_types!(element)
}

/// Writes an element that lies within its slice.
fn store(arg: &mut Arg<'_>, ty: Scalar, at: usize, bits: u64) {
    macro_rules! element {
        ($($variant:ident $t:ident;)*) => {
            match (arg, ty) {
                $((
                    Arg::SliceMut(SliceMut::$variant(data))
                    | Arg::ViewMut(SliceMut::$variant(data), _),
                    Scalar::$variant,
                ) => data[at] = <$t as Held>::of_bits(bits),)*
                _ => unreachable!("arguments are checked against the parameters"),
            }
        };
    }
    all_types!(element);
}

/// `dst = op(a, b, c)`.
#[inline(always)]
fn apply(registers: &mut [u64], inst: Apply) {
    let Apply {
        op,
        ty,
        to,
        dst,
        a,
        b,
        c,
    } = inst;
    macro_rules! unary {
        ($a:ty => $r:ty, $f:expr) => {{
            let value = ($f)(<$a as Held>::of_bits(registers[a as usize]));
            registers[dst as usize] = <$r as Held>::to_bits64(value);
        }};
    }
    macro_rules! binary {
        ($a:ty, $b:ty => $r:ty, $f:expr) => {{
            let value = ($f)(
                <$a as Held>::of_bits(registers[a as usize]),
                <$b as Held>::of_bits(registers[b as usize]),
            );
            registers[dst as usize] = <$r as Held>::to_bits64(value);
        }};
    }
    macro_rules! ternary {
        ($a:ty, $b:ty, $c:ty => $r:ty, $f:expr) => {{
            let value = ($f)(
                <$a as Held>::of_bits(registers[a as usize]),
                <$b as Held>::of_bits(registers[b as usize]),
                <$c as Held>::of_bits(registers[c as usize]),
            );
            registers[dst as usize] = <$r as Held>::to_bits64(value);
        }};
    }
    macro_rules! function {
        ($t:ty) => {{
            let operand = |reg: Reg| <$t as Held>::of_bits(registers[reg as usize]);
            let value = function::<$t>(op, operand(a), operand(b));
            registers[dst as usize] = value.to_bits64();
        }};
    }
    frequent!(op, ty, to, function, rest::apply(registers, inst));
}

/// A function of kiln-math; `y` is not looked at by those of one operand.
#[inline(always)]
fn function<T: Real + Unary + Binary>(op: Op, x: T, y: T) -> T {
    macro_rules! math2 {
        ($($variant:ident $function:ident;)*) => {
            match op {
                $(Op::$variant => Binary::$function(x, y),)*
                _ => T::slow(math::slow(op), &[x, y]),
            }
        };
    }
    macro_rules! math1 {
        ($($variant:ident $function:ident;)*) => {
            match op {
                $(Op::$variant => Unary::$function(x),)*
                _ => math2_ops!(math2),
            }
        };
    }
    math1_ops!(math1)
}
