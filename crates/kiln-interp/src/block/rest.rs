//! The ops that are not frequent: a function per loop, compiled once.

use crate::block::code::{Apply, Bank, Banked, Reg, Registers, read};
use crate::ops::{at_most, differ, equal, less, select};
use kiln_ir::meaning::{BitValue, CastFrom, Integer, Number, Real};
use kiln_ir::{Op, Scalar};

/// `dst = op(a, b, c)` in `n` rows.
#[inline(never)]
pub(crate) fn apply(registers: &mut Registers, n: usize, inst: Apply) {
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
        ($a:ty => $r:ty, $f:expr) => {
            unary::<$a, $r>(registers, n, dst, a, $f)
        };
    }
    macro_rules! binary {
        ($a:ty, $b:ty => $r:ty, $f:expr) => {
            binary::<$a, $b, $r>(registers, n, dst, [a, b], $f)
        };
    }
    macro_rules! ternary {
        ($a:ty, $b:ty, $c:ty => $r:ty, $f:expr) => {
            ternary::<$a, $b, $c, $r>(registers, n, dst, [a, b, c], $f)
        };
    }
    dispatch!(
        op,
        ty,
        to,
        unreachable!("{} has no meaning here", op.name())
    );
}

/// Takes a register's buffer out, so that others can be read meanwhile, and
/// has its first `n` rows written.
#[inline(always)]
fn write<R: Banked>(
    registers: &mut Registers,
    n: usize,
    dst: Reg,
    fill: impl FnOnce(&Registers, &mut [R::Cell]),
) {
    let bank: &mut Bank<R::Cell> = R::bank_mut(registers);
    if let Some(mut taken) = bank[dst as usize].take() {
        fill(registers, &mut taken.0[..n]);
        R::bank_mut(registers)[dst as usize] = Some(taken);
    }
}

#[inline(never)]
fn unary<A: Banked, R: Banked>(
    registers: &mut Registers,
    n: usize,
    dst: Reg,
    a: Reg,
    f: impl Fn(A) -> R,
) {
    write::<R>(registers, n, dst, |registers, out| {
        for (out, &x) in out.iter_mut().zip(read(A::bank(registers), a)) {
            *out = f(A::get(x)).put();
        }
    });
}

#[inline(never)]
fn binary<A: Banked, B: Banked, R: Banked>(
    registers: &mut Registers,
    n: usize,
    dst: Reg,
    [a, b]: [Reg; 2],
    f: impl Fn(A, B) -> R,
) {
    write::<R>(registers, n, dst, |registers, out| {
        let operands = read(A::bank(registers), a)
            .iter()
            .zip(read(B::bank(registers), b));
        for (out, (&x, &y)) in out.iter_mut().zip(operands) {
            *out = f(A::get(x), B::get(y)).put();
        }
    });
}

#[inline(never)]
fn ternary<A: Banked, B: Banked, C: Banked, R: Banked>(
    registers: &mut Registers,
    n: usize,
    dst: Reg,
    [a, b, c]: [Reg; 3],
    f: impl Fn(A, B, C) -> R,
) {
    write::<R>(registers, n, dst, |registers, out| {
        let operands = read(A::bank(registers), a)
            .iter()
            .zip(read(B::bank(registers), b))
            .zip(read(C::bank(registers), c));
        for (out, ((&x, &y), &z)) in out.iter_mut().zip(operands) {
            *out = f(A::get(x), B::get(y), C::get(z)).put();
        }
    });
}
