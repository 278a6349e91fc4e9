//! The ops that are not frequent, compiled once.

use crate::held::Held;
use crate::ops::{at_most, differ, equal, less, select};
use crate::scalar::code::{Apply, Reg};
use kiln_ir::meaning::{BitValue, CastFrom, Integer, Number, Real};
use kiln_ir::{Op, Scalar};

/// `dst = op(a, b, c)`.
#[inline(never)]
pub(crate) fn apply(registers: &mut [u64], inst: Apply) {
    let Apply {
        op,
        ty,
        to,
        dst,
        a,
        b,
        c,
    } = inst;
    let bits = |reg: Reg| registers[reg as usize];
    macro_rules! unary {
        ($a:ty => $r:ty, $f:expr) => {
            <$r as Held>::to_bits64(($f)(<$a as Held>::of_bits(bits(a))))
        };
    }
    macro_rules! binary {
        ($a:ty, $b:ty => $r:ty, $f:expr) => {
            <$r as Held>::to_bits64(($f)(
                <$a as Held>::of_bits(bits(a)),
                <$b as Held>::of_bits(bits(b)),
            ))
        };
    }
    macro_rules! ternary {
        ($a:ty, $b:ty, $c:ty => $r:ty, $f:expr) => {
            <$r as Held>::to_bits64(($f)(
                <$a as Held>::of_bits(bits(a)),
                <$b as Held>::of_bits(bits(b)),
                <$c as Held>::of_bits(bits(c)),
            ))
        };
    }
    let value = dispatch!(
        op,
        ty,
        to,
        unreachable!("{} has no meaning here", op.name())
    );
    registers[dst as usize] = value;
}
