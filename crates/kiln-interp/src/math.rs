//! The functions of kiln-math, inlined into the caller's loops.
//!
//! The functions at the root of kiln-math are `inline` at the compiler's
//! discretion; these always are, so that a caller with FMA enabled gets its
//! instructions. Those of `f32` are [`kiln_math::single::inlined`].
//! A test holds all to [`kiln_ir::meaning::eval`].

use kiln_ir::Op;
use kiln_math::{Plain, Slow, generic, single};

macro_rules! unary {
    ($($variant:ident $function:ident;)*) => {
        /// A float with the functions of one operand.
        pub(crate) trait Unary: Copy {
            $(fn $function(self) -> Self;)*
        }

        impl Unary for f64 {
            $(#[inline(always)]
            fn $function(self) -> f64 {
                generic::$function(&mut Plain, self)
            })*
        }

        impl Unary for f32 {
            $(#[inline(always)]
            fn $function(self) -> f32 {
                single::inlined::$function(self)
            })*
        }
    };
}

macro_rules! binary {
    ($($variant:ident $function:ident;)*) => {
        /// A float with the functions of two operands.
        pub(crate) trait Binary: Copy {
            $(fn $function(self, y: Self) -> Self;)*
        }

        impl Binary for f64 {
            $(#[inline(always)]
            fn $function(self, y: f64) -> f64 {
                generic::$function(&mut Plain, self, y)
            })*
        }

        impl Binary for f32 {
            $(#[inline(always)]
            fn $function(self, y: f32) -> f32 {
                single::inlined::$function(self, y)
            })*
        }
    };
}

kiln_ir::math1_ops!(unary);
kiln_ir::math2_ops!(binary);

macro_rules! slow {
    ($($variant:ident $slow:ident;)*) => {
        /// The slow-lane op of kiln-math that `op` is.
        #[inline(always)]
        pub(crate) fn slow(op: Op) -> Slow {
            match op {
                $(Op::$variant => Slow::$slow,)*
                other => unreachable!("{} has no scalar meaning", other.name()),
            }
        }
    };
}

kiln_ir::slow_ops!(slow);
