//! The abstract arithmetic over which every function is written once.
//!
//! A function generic over [`Arith`] is instantiated twice: with plain numbers
//! ([`Plain`]), where it is the interpreter's function and the one that folding
//! calls, and with an IR builder, where the same source text yields the
//! expansion that every backend compiles. So bits agree by construction.
//!
//! The list of operations is short on purpose: each is at most three
//! instructions on SSE4.1, AVX2 and AVX-512. Hence no 64-bit arithmetic shift,
//! no conversion between floats and integers (functions add a large constant
//! and read the low bits instead), no integer minimum or product, and no
//! table look-up.

use crate::Slow;

/// A floating-point format; tells the two families of functions apart in types.
pub trait Format: crate::tables::Tables {
    /// Width of a float and of an integer in bits.
    const BITS: u32;
}

/// IEEE-754 binary64: floats are `f64`, integers are 64 bits wide.
#[derive(Debug, Clone, Copy)]
pub struct Binary64;

/// IEEE-754 binary32: floats are `f32`, integers are 32 bits wide.
#[derive(Debug, Clone, Copy)]
pub struct Binary32;

impl Format for Binary64 {
    const BITS: u32 = 64;
}

impl Format for Binary32 {
    const BITS: u32 = 32;
}

/// An arithmetic on floats of one format, integers of the same width and masks.
///
/// Methods take `&mut self` because one implementation owns an IR builder.
/// Every operation is the IEEE-754 operation of its name (round to nearest,
/// ties to even) or the wrapping two's-complement one, and every operation is
/// total. The bits of a NaN are not specified: [`Arith::bits`] of a NaN may be
/// any NaN's, and a function's result must not depend on which.
pub trait Arith {
    /// The format of [`Arith::F`].
    type Format: Format;
    /// A float.
    type F: Copy;
    /// An integer of the float's width, two's complement.
    type I: Copy;
    /// A truth value per lane.
    type M: Copy;

    /// The float constant `c`, which must be exact in the format.
    fn float(&mut self, c: f64) -> Self::F;
    /// The integer constant `c`, which must fit the width (as signed or as bits).
    fn int(&mut self, c: i64) -> Self::I;

    /// `x + y`
    fn add(&mut self, x: Self::F, y: Self::F) -> Self::F;
    /// `x - y`
    fn sub(&mut self, x: Self::F, y: Self::F) -> Self::F;
    /// `x * y`
    fn mul(&mut self, x: Self::F, y: Self::F) -> Self::F;
    /// `x / y`
    fn div(&mut self, x: Self::F, y: Self::F) -> Self::F;
    /// `x * y + z`, rounded once.
    fn fma(&mut self, x: Self::F, y: Self::F, z: Self::F) -> Self::F;
    /// The square root.
    fn sqrt(&mut self, x: Self::F) -> Self::F;
    /// `x` with its sign bit flipped.
    fn neg(&mut self, x: Self::F) -> Self::F;
    /// `x` with its sign bit cleared.
    fn abs(&mut self, x: Self::F) -> Self::F;
    /// `magnitude` with the sign bit of `sign`.
    fn copysign(&mut self, magnitude: Self::F, sign: Self::F) -> Self::F;
    /// The nearest integer, ties to even, sign of zero kept.
    fn rint(&mut self, x: Self::F) -> Self::F;
    /// The largest integer not above `x`.
    fn floor(&mut self, x: Self::F) -> Self::F;
    /// The integer part.
    fn trunc(&mut self, x: Self::F) -> Self::F;

    /// `x < y`; false on NaN, as are the next four.
    fn lt(&mut self, x: Self::F, y: Self::F) -> Self::M;
    /// `x <= y`
    fn le(&mut self, x: Self::F, y: Self::F) -> Self::M;
    /// `x > y`
    fn gt(&mut self, x: Self::F, y: Self::F) -> Self::M {
        self.lt(y, x)
    }
    /// `x >= y`
    fn ge(&mut self, x: Self::F, y: Self::F) -> Self::M {
        self.le(y, x)
    }
    /// `x == y`
    fn eq(&mut self, x: Self::F, y: Self::F) -> Self::M;
    /// `x != y`; true on NaN.
    fn ne(&mut self, x: Self::F, y: Self::F) -> Self::M;

    /// Both.
    fn and(&mut self, m: Self::M, n: Self::M) -> Self::M;
    /// Either.
    fn or(&mut self, m: Self::M, n: Self::M) -> Self::M;
    /// Not.
    fn not(&mut self, m: Self::M) -> Self::M;
    /// `if m { x } else { y }`, both computed.
    fn select(&mut self, m: Self::M, x: Self::F, y: Self::F) -> Self::F;
    /// `if m { i } else { j }`, both computed.
    fn select_int(&mut self, m: Self::M, i: Self::I, j: Self::I) -> Self::I;

    /// The bits of `x`; any NaN's bits for a NaN.
    fn bits(&mut self, x: Self::F) -> Self::I;
    /// The float with these bits.
    #[allow(
        clippy::wrong_self_convention,
        reason = "`self` is the context that makes values"
    )]
    fn from_bits(&mut self, i: Self::I) -> Self::F;
    /// `i + j`, wrapping.
    fn iadd(&mut self, i: Self::I, j: Self::I) -> Self::I;
    /// `i - j`, wrapping.
    fn isub(&mut self, i: Self::I, j: Self::I) -> Self::I;
    /// Bitwise and.
    fn iand(&mut self, i: Self::I, j: Self::I) -> Self::I;
    /// Bitwise or.
    fn ior(&mut self, i: Self::I, j: Self::I) -> Self::I;
    /// Bitwise exclusive or.
    fn ixor(&mut self, i: Self::I, j: Self::I) -> Self::I;
    /// `i << n` for a constant `n` below the width.
    fn ishl(&mut self, i: Self::I, n: u32) -> Self::I;
    /// `i >> n`, logical, for a constant `n` below the width.
    fn ushr(&mut self, i: Self::I, n: u32) -> Self::I;
    /// `i == j`
    fn ieq(&mut self, i: Self::I, j: Self::I) -> Self::M;
    /// `i < j`, signed.
    fn ilt(&mut self, i: Self::I, j: Self::I) -> Self::M;

    /// `if cond { then() } else { common }` where `cond` seldom holds.
    ///
    /// A pure conditional: vector code branches on "any lane" and blends.
    fn rare(
        &mut self,
        cond: Self::M,
        then: impl FnOnce(&mut Self) -> Self::F,
        common: Self::F,
    ) -> Self::F;

    /// A slow-lane operation: one scalar meaning ([`Slow::eval`]), called for
    /// the active lanes only and never expanded. Stands inside [`Arith::rare`].
    fn slow(&mut self, op: Slow, args: &[Self::F]) -> Self::F;
}

/// Plain `f64` numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

/// Plain `f32` numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain32;

/// Implements [`Arith`] by the primitive operators of one pair of types.
macro_rules! plain {
    ($plain:ty, $format:ty, $f:ty, $i:ty, $u:ty, $slow:ident) => {
        impl Arith for $plain {
            type Format = $format;
            type F = $f;
            type I = $i;
            type M = bool;

            #[inline(always)]
            fn float(&mut self, c: f64) -> $f {
                debug_assert!(c as $f as f64 == c || c.is_nan(), "{c:e} is not exact");
                c as $f
            }
            #[inline(always)]
            fn int(&mut self, c: i64) -> $i {
                c as $i
            }
            #[inline(always)]
            fn add(&mut self, x: $f, y: $f) -> $f {
                x + y
            }
            #[inline(always)]
            fn sub(&mut self, x: $f, y: $f) -> $f {
                x - y
            }
            #[inline(always)]
            fn mul(&mut self, x: $f, y: $f) -> $f {
                x * y
            }
            #[inline(always)]
            fn div(&mut self, x: $f, y: $f) -> $f {
                x / y
            }
            #[inline(always)]
            fn fma(&mut self, x: $f, y: $f, z: $f) -> $f {
                x.mul_add(y, z)
            }
            #[inline(always)]
            fn sqrt(&mut self, x: $f) -> $f {
                x.sqrt()
            }
            #[inline(always)]
            fn neg(&mut self, x: $f) -> $f {
                -x
            }
            #[inline(always)]
            fn abs(&mut self, x: $f) -> $f {
                x.abs()
            }
            #[inline(always)]
            fn copysign(&mut self, magnitude: $f, sign: $f) -> $f {
                magnitude.copysign(sign)
            }
            #[inline(always)]
            fn rint(&mut self, x: $f) -> $f {
                x.round_ties_even()
            }
            #[inline(always)]
            fn floor(&mut self, x: $f) -> $f {
                x.floor()
            }
            #[inline(always)]
            fn trunc(&mut self, x: $f) -> $f {
                x.trunc()
            }
            #[inline(always)]
            fn lt(&mut self, x: $f, y: $f) -> bool {
                x < y
            }
            #[inline(always)]
            fn le(&mut self, x: $f, y: $f) -> bool {
                x <= y
            }
            #[inline(always)]
            fn eq(&mut self, x: $f, y: $f) -> bool {
                x == y
            }
            #[inline(always)]
            fn ne(&mut self, x: $f, y: $f) -> bool {
                x != y
            }
            #[inline(always)]
            fn and(&mut self, m: bool, n: bool) -> bool {
                m & n
            }
            #[inline(always)]
            fn or(&mut self, m: bool, n: bool) -> bool {
                m | n
            }
            #[inline(always)]
            fn not(&mut self, m: bool) -> bool {
                !m
            }
            #[inline(always)]
            fn select(&mut self, m: bool, x: $f, y: $f) -> $f {
                if m { x } else { y }
            }
            #[inline(always)]
            fn select_int(&mut self, m: bool, i: $i, j: $i) -> $i {
                if m { i } else { j }
            }
            #[inline(always)]
            fn bits(&mut self, x: $f) -> $i {
                x.to_bits() as $i
            }
            #[inline(always)]
            fn from_bits(&mut self, i: $i) -> $f {
                <$f>::from_bits(i as $u)
            }
            #[inline(always)]
            fn iadd(&mut self, i: $i, j: $i) -> $i {
                i.wrapping_add(j)
            }
            #[inline(always)]
            fn isub(&mut self, i: $i, j: $i) -> $i {
                i.wrapping_sub(j)
            }
            #[inline(always)]
            fn iand(&mut self, i: $i, j: $i) -> $i {
                i & j
            }
            #[inline(always)]
            fn ior(&mut self, i: $i, j: $i) -> $i {
                i | j
            }
            #[inline(always)]
            fn ixor(&mut self, i: $i, j: $i) -> $i {
                i ^ j
            }
            #[inline(always)]
            fn ishl(&mut self, i: $i, n: u32) -> $i {
                i.wrapping_shl(n)
            }
            #[inline(always)]
            fn ushr(&mut self, i: $i, n: u32) -> $i {
                (i as $u).wrapping_shr(n) as $i
            }
            #[inline(always)]
            fn ieq(&mut self, i: $i, j: $i) -> bool {
                i == j
            }
            #[inline(always)]
            fn ilt(&mut self, i: $i, j: $i) -> bool {
                i < j
            }
            #[inline(always)]
            fn rare(&mut self, cond: bool, then: impl FnOnce(&mut Self) -> $f, common: $f) -> $f {
                if cond {
                    std::hint::cold_path();
                    then(self)
                } else {
                    common
                }
            }
            #[inline(always)]
            fn slow(&mut self, op: Slow, args: &[$f]) -> $f {
                op.$slow(args)
            }
        }
    };
}

plain!(Plain, Binary64, f64, i64, u64, eval);
plain!(Plain32, Binary32, f32, i32, u32, eval32);
