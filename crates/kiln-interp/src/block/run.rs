//! Running the code of a loop over rows, block by block.
//!
//! Everything here is inlined into [`run`], and that into its caller: the
//! loops are compiled for the target features of whoever calls.

use crate::block::ROWS;
use crate::block::code::{Apply, Banked, Blocks, Inst, Reg, Registers, Store, Uniform, read};
use crate::block::rest;
use crate::data::{Arg, Geometry, Slice, SliceMut};
use crate::held::Held;
use crate::math::{self, Binary, Unary};
use crate::ops::{at_most, differ, equal, less, select};
use crate::program::{Failure, Stop};
use kiln_ir::meaning::{BitValue, CastFrom, Integer, Number, Real};
use kiln_ir::{Class, Const, Op, Scalar, math1_ops, math2_ops};
use std::ops::Range;

/// Runs `rows` of a loop over rows.
#[inline(always)]
pub(crate) fn run(
    code: &Blocks,
    registers: &mut Registers,
    stop: &Stop,
    args: &mut [Arg<'_>],
    rows: Range<usize>,
) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let longest = ROWS.min(rows.len());
    fill_uniforms(code, registers, args, longest);
    // The prologue runs as a block too, so that the dispatch stands in the
    // code once.
    let mut in_body = code.prologue.is_empty();
    let mut at = rows.start;
    loop {
        let (insts, len) = if in_body {
            (&code.body, ROWS.min(rows.end - at))
        } else {
            (&code.prologue, longest)
        };
        let outcome = block(insts, registers, args, at, len);
        if in_body {
            finish_block(code, registers, args, at, &outcome)?;
            at += len;
            if at == rows.end {
                return Ok(());
            }
            stop.check()?;
        }
        in_body = true;
    }
}

fn fill_uniforms(code: &Blocks, registers: &mut Registers, args: &[Arg<'_>], rows: usize) {
    for &(reg, uniform) in &code.uniforms {
        match uniform {
            Uniform::Const(_) => {}
            Uniform::Param(arg) => {
                if let Arg::Value(value) = args[arg as usize] {
                    registers.fill(reg, value, rows);
                }
            }
            Uniform::Len(arg) => {
                let len = args[arg as usize].extent(0) as i64;
                registers.fill(reg, Const::i64(len), rows);
            }
        }
    }
}

/// How a block ended: the number of rows before the first failing one, and
/// the guard that failed in it.
struct Outcome {
    live: usize,
    failed: Option<u32>,
}

/// Does the stores of the rows of a block that have not failed, and reports
/// the one that has.
#[inline(always)]
fn finish_block(
    code: &Blocks,
    registers: &Registers,
    args: &mut [Arg<'_>],
    at: usize,
    outcome: &Outcome,
) -> Result<(), Failure> {
    for store in &code.stores {
        // The failing row too is stored by what stands before its guard.
        let partial = outcome
            .failed
            .is_some_and(|guard| store.guards_before <= guard);
        write(
            registers,
            args,
            store,
            at,
            outcome.live + usize::from(partial),
        );
    }
    match outcome.failed {
        None => Ok(()),
        Some(index) => {
            let guard = &code.guards[index as usize];
            let operand = |&(ty, reg): &(Scalar, Reg)| registers.value(ty, reg, outcome.live);
            Err(Failure::Fault {
                fault: guard.fault,
                row: (at + outcome.live) as i64,
                operands: guard.operands.iter().map(operand).collect(),
            })
        }
    }
}

/// Runs `insts` on the rows `at..at + len`.
#[inline(always)]
fn block(
    insts: &[Inst],
    registers: &mut Registers,
    args: &[Arg<'_>],
    at: usize,
    len: usize,
) -> Outcome {
    let mut outcome = Outcome {
        live: len,
        failed: None,
    };
    let mut pc = 0;
    while let Some(&inst) = insts.get(pc) {
        let n = outcome.live;
        pc += 1;
        match inst {
            Inst::Op(inst) => apply(registers, n, inst),
            Inst::Load { ty, dst, arg } => load(registers, &args[arg as usize], ty, dst, at, n),
            Inst::Rows { dst } => {
                let mut out = registers.bytes8[dst as usize].take();
                if let Some(out) = &mut out {
                    for (row, cell) in out.0[..n].iter_mut().enumerate() {
                        *cell = (at + row) as u64;
                    }
                }
                registers.bytes8[dst as usize] = out;
            }
            Inst::SkipUnlessAny { cond, to } => {
                if read(&registers.bytes1, cond)[..n].iter().all(|&c| c == 0) {
                    pc = to as usize;
                }
            }
            Inst::SkipIfAll { cond, to } => {
                if read(&registers.bytes1, cond)[..n].iter().all(|&c| c != 0) {
                    pc = to as usize;
                }
            }
            Inst::Guard { cond, guard } => {
                let holds = &read(&registers.bytes1, cond)[..n];
                // A reduction without an exit is a vector loop; the exit is
                // looked for once it is known to be there.
                if holds.iter().fold(1, |all, &c| all & c) == 0 {
                    let first = holds.iter().position(|&c| c == 0);
                    outcome.live = first.unwrap_or(n);
                    outcome.failed = Some(guard);
                    if outcome.live == 0 {
                        break;
                    }
                }
            }
        }
    }
    outcome
}

/// `dst = op(a, b, c)` in `n` rows.
#[inline(always)]
fn apply(registers: &mut Registers, n: usize, inst: Apply) {
    let Apply {
        op,
        ty,
        to,
        dst,
        a,
        b,
        c,
    } = inst;
    // Takes the result's buffer out, so that the operands can be read, and
    // cuts all to `n` once: the loops have no bounds left to check.
    macro_rules! written {
        ($r:ty, |$out:ident| $loop:block) => {{
            let slot = &mut <$r as Banked>::bank_mut(registers)[dst as usize];
            if let Some(mut taken) = slot.take() {
                let $out = &mut taken.0[..n];
                $loop
                <$r as Banked>::bank_mut(registers)[dst as usize] = Some(taken);
            }
        }};
    }
    macro_rules! unary {
        ($a:ty => $r:ty, $f:expr) => {
            written!($r, |out| {
                let x = &read(<$a as Banked>::bank(registers), a)[..n];
                for i in 0..n {
                    out[i] = <$r as Held>::put(($f)(<$a as Held>::get(x[i])));
                }
            })
        };
    }
    macro_rules! binary {
        ($a:ty, $b:ty => $r:ty, $f:expr) => {
            written!($r, |out| {
                let x = &read(<$a as Banked>::bank(registers), a)[..n];
                let y = &read(<$b as Banked>::bank(registers), b)[..n];
                for i in 0..n {
                    let value = ($f)(<$a as Held>::get(x[i]), <$b as Held>::get(y[i]));
                    out[i] = <$r as Held>::put(value);
                }
            })
        };
    }
    macro_rules! ternary {
        ($a:ty, $b:ty, $c:ty => $r:ty, $f:expr) => {
            written!($r, |out| {
                let x = &read(<$a as Banked>::bank(registers), a)[..n];
                let y = &read(<$b as Banked>::bank(registers), b)[..n];
                let z = &read(<$c as Banked>::bank(registers), c)[..n];
                for i in 0..n {
                    let value = ($f)(
                        <$a as Held>::get(x[i]),
                        <$b as Held>::get(y[i]),
                        <$c as Held>::get(z[i]),
                    );
                    out[i] = <$r as Held>::put(value);
                }
            })
        };
    }
    macro_rules! function {
        ($t:ty) => {
            functions::<$t>(registers, n, op, dst, a, b)
        };
    }
    frequent!(op, ty, to, function, rest::apply(registers, n, inst));
}

/// `dst = op(a, b)` in `n` rows for the functions of kiln-math; `b` is not
/// looked at by those of one operand.
#[inline(always)]
fn functions<T>(registers: &mut Registers, n: usize, op: Op, dst: Reg, a: Reg, b: Reg)
where
    T: Banked + Real + Unary + Binary + Default,
{
    let (mut x, mut y) = ([T::default(); ROWS], [T::default(); ROWS]);
    let (x, y) = (&mut x[..n], &mut y[..n]);
    copy_out(registers, a, x);
    if op.arity() == 2 {
        copy_out(registers, b, y);
    }
    macro_rules! math2 {
        ($($variant:ident $function:ident;)*) => {
            match op {
                $(Op::$variant => {
                    for i in 0..n {
                        x[i] = Binary::$function(x[i], y[i]);
                    }
                })*
                _ => {
                    let slow = math::slow(op);
                    for i in 0..n {
                        x[i] = T::slow(slow, &[x[i], y[i]]);
                    }
                }
            }
        };
    }
    macro_rules! math1 {
        ($($variant:ident $function:ident;)*) => {
            match op {
                $(Op::$variant => {
                    for i in 0..n {
                        x[i] = Unary::$function(x[i]);
                    }
                })*
                _ => math2_ops!(math2),
            }
        };
    }
    math1_ops!(math1);
    copy_in(registers, dst, x);
}

/// A register of floats as numbers.
#[inline(always)]
fn copy_out<T: Banked>(registers: &Registers, reg: Reg, to: &mut [T]) {
    for (to, &cell) in to.iter_mut().zip(read(T::bank(registers), reg)) {
        *to = T::get(cell);
    }
}

/// Numbers to a register of floats.
#[inline(always)]
fn copy_in<T: Banked>(registers: &mut Registers, reg: Reg, from: &[T]) {
    if let Some(out) = &mut T::bank_mut(registers)[reg as usize] {
        for (cell, &x) in out.0.iter_mut().zip(from) {
            *cell = x.put();
        }
    }
}

/// Copies the rows `at..at + n` of an argument to a register.
#[inline(always)]
fn load(registers: &mut Registers, arg: &Arg<'_>, ty: Scalar, dst: Reg, at: usize, n: usize) {
    macro_rules! copy {
        ($($variant:ident $t:ident;)*) => {
            match (arg, ty) {
                $(
                    (Arg::Slice(Slice::$variant(data)), Scalar::$variant) => {
                        contiguous::<$t>(registers, &data[at..at + n], dst);
                    }
                    (Arg::SliceMut(SliceMut::$variant(data)), Scalar::$variant) => {
                        contiguous::<$t>(registers, &data[at..at + n], dst);
                    }
                    (Arg::View(Slice::$variant(data), geometry), Scalar::$variant) => {
                        strided::<$t>(registers, data, geometry, dst, at, n);
                    }
                    (Arg::ViewMut(SliceMut::$variant(data), geometry), Scalar::$variant) => {
                        strided::<$t>(registers, data, geometry, dst, at, n);
                    }
                )*
                _ => unreachable!("arguments are checked against the parameters"),
            }
        };
    }
    all_types!(copy);
}

#[inline(always)]
fn contiguous<T: Banked>(registers: &mut Registers, data: &[T], dst: Reg) {
    if let Some(out) = &mut T::bank_mut(registers)[dst as usize] {
        for (cell, value) in out.0.iter_mut().zip(data) {
            *cell = value.put();
        }
    }
}

#[inline(always)]
fn strided<T: Banked>(
    registers: &mut Registers,
    data: &[T],
    geometry: &Geometry,
    dst: Reg,
    at: usize,
    n: usize,
) {
    if let Some(out) = &mut T::bank_mut(registers)[dst as usize] {
        for (row, cell) in out.0[..n].iter_mut().enumerate() {
            *cell = data[geometry.at((at + row) as isize)].put();
        }
    }
}

/// Stores the first `n` rows of a block that begins at row `at`.
#[inline(always)]
fn write(registers: &Registers, args: &mut [Arg<'_>], store: &Store, at: usize, n: usize) {
    macro_rules! copy {
        ($($variant:ident $t:ident;)*) => {
            match (&mut args[store.arg as usize], store.ty) {
                $(
                    (Arg::SliceMut(SliceMut::$variant(data)), Scalar::$variant) => {
                        let value = &read(<$t as Banked>::bank(registers), store.value)[..n];
                        for (to, &cell) in data[at..at + n].iter_mut().zip(value) {
                            *to = <$t as Held>::get(cell);
                        }
                    }
                    (Arg::ViewMut(SliceMut::$variant(data), geometry), Scalar::$variant) => {
                        let value = &read(<$t as Banked>::bank(registers), store.value)[..n];
                        for (row, &cell) in value.iter().enumerate() {
                            data[geometry.at((at + row) as isize)] = <$t as Held>::get(cell);
                        }
                    }
                )*
                _ => unreachable!("arguments are checked against the parameters"),
            }
        };
    }
    all_types!(copy);
}
