//! The functions of kiln-math, inlined into the caller's loops.
//!
//! The functions at the root of kiln-math are `inline` at the compiler's
//! discretion; these always are, so that a caller with FMA enabled gets its
//! instructions. All compute in f64, as [`kiln_ir::meaning`] says; an executor
//! widens and narrows f32 around them, so that each stands in its code once.
//! A test holds them to [`kiln_ir::meaning::eval`].

use kiln_ir::Op;
use kiln_math::{Plain, Slow, generic};

macro_rules! unary {
    ($($variant:ident $function:ident;)*) => {$(
        #[inline(always)]
        pub(crate) fn $function(x: f64) -> f64 {
            generic::$function(&mut Plain, x)
        }
    )*};
}

macro_rules! binary {
    ($($variant:ident $function:ident;)*) => {$(
        #[inline(always)]
        pub(crate) fn $function(x: f64, y: f64) -> f64 {
            generic::$function(&mut Plain, x, y)
        }
    )*};
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
