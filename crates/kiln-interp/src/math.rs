//! The functions of kiln-math, inlined into the caller's loops.
//!
//! The functions at the root of kiln-math are `inline` at the compiler's
//! discretion; these always are, so that a caller with FMA enabled gets its
//! instructions. A test holds them to [`kiln_ir::meaning::eval`].

use kiln_math::{Plain, generic};

/// A float that the functions, which compute in f64, take and give.
pub(crate) trait Wide: Copy {
    /// As f64, exact.
    fn widen(self) -> f64;
    /// From f64, rounded to nearest.
    fn narrow(x: f64) -> Self;
}

impl Wide for f64 {
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }

    #[inline(always)]
    fn narrow(x: f64) -> f64 {
        x
    }
}

impl Wide for f32 {
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn narrow(x: f64) -> f32 {
        x as f32
    }
}

macro_rules! unary {
    ($($variant:ident $function:ident;)*) => {$(
        #[inline(always)]
        pub(crate) fn $function<T: Wide>(x: T) -> T {
            T::narrow(generic::$function(&mut Plain, x.widen()))
        }
    )*};
}

macro_rules! binary {
    ($($variant:ident $function:ident;)*) => {$(
        #[inline(always)]
        pub(crate) fn $function<T: Wide>(x: T, y: T) -> T {
            T::narrow(generic::$function(&mut Plain, x.widen(), y.widen()))
        }
    )*};
}

kiln_ir::math1_ops!(unary);
kiln_ir::math2_ops!(binary);
unary! { Exponent exponent; Mantissa mantissa; }
binary! { Ldexp ldexp; }

#[inline(always)]
pub(crate) fn powi<T: Wide>(x: T, n: i32) -> T {
    T::narrow(generic::powi(&mut Plain, x.widen(), n))
}

macro_rules! slow {
    ($($variant:ident $slow:ident;)*) => {
        /// The slow-lane op of kiln-math that `op` is.
        #[inline(always)]
        pub(crate) fn slow<T: Wide>(op: kiln_ir::Op, x: T, y: T) -> T {
            let slow = match op {
                $(kiln_ir::Op::$variant => kiln_math::Slow::$slow,)*
                other => unreachable!("{} has no scalar meaning", other.name()),
            };
            T::narrow(slow.eval(&[x.widen(), y.widen()]))
        }
    };
}

kiln_ir::slow_ops!(slow);
