//! The mathematical functions as plain Rust functions of `f64` and `f32`.
//!
//! They have the bits that they have in kernels, on every processor. Each is
//! compiled twice, as the interpreter's loops are: once for any processor, and
//! once for AVX2 and FMA, without which a fused product is a call; the
//! features of this one decide.

#![allow(
    unsafe_code,
    reason = "a function compiled for more features may be called only where they exist"
)]

use kiln_ir::{math1_ops, math2_ops};
use kiln_math::{Plain, generic, single};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The value of an expression of the arguments, compiled for the features of
/// this processor.
macro_rules! for_this_processor {
    (fn($($arg:ident),+: $ty:ident) $value:expr) => {{
        #[cfg(target_arch = "x86_64")]
        {
            #[inline]
            #[target_feature(enable = "avx2,fma")]
            fn with_fma($($arg: $ty),+) -> $ty {
                $value
            }
            if std::is_x86_feature_detected!("fma") && std::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has both features.
                return unsafe { with_fma($($arg),+) };
            }
        }
        $value
    }};
}

macro_rules! unary {
    ($($op:ident $function:ident;)*) => {
        /// A float with the functions of one operand: `f32` and `f64`.
        pub trait Unary: sealed::Sealed + Copy {
            $(
                #[doc(hidden)]
                fn $function(self) -> Self;
            )*
        }

        impl Unary for f64 {
            $(
                #[inline]
                fn $function(self) -> f64 {
                    let x = self;
                    for_this_processor!(fn(x: f64) generic::$function(&mut Plain, x))
                }
            )*
        }

        impl Unary for f32 {
            $(
                #[inline]
                fn $function(self) -> f32 {
                    let x = self;
                    for_this_processor!(fn(x: f32) single::inlined::$function(x))
                }
            )*
        }

        $(
            #[doc = concat!("The function [`", stringify!($function), "`](kiln_math::", stringify!($function), ") of either float.")]
            #[inline]
            pub fn $function<T: Unary>(x: T) -> T {
                x.$function()
            }
        )*
    };
}

macro_rules! binary {
    ($($op:ident $function:ident;)*) => {
        /// A float with the functions of two operands: `f32` and `f64`.
        pub trait Binary: sealed::Sealed + Copy {
            $(
                #[doc(hidden)]
                fn $function(self, y: Self) -> Self;
            )*
        }

        impl Binary for f64 {
            $(
                #[inline]
                fn $function(self, y: f64) -> f64 {
                    let x = self;
                    for_this_processor!(fn(x, y: f64) generic::$function(&mut Plain, x, y))
                }
            )*
        }

        impl Binary for f32 {
            $(
                #[inline]
                fn $function(self, y: f32) -> f32 {
                    let x = self;
                    for_this_processor!(fn(x, y: f32) single::inlined::$function(x, y))
                }
            )*
        }

        $(
            #[doc = concat!("The function [`", stringify!($function), "`](kiln_math::", stringify!($function), ") of either float, its operands in that order.")]
            #[inline]
            pub fn $function<T: Binary>(x: T, y: T) -> T {
                x.$function(y)
            }
        )*
    };
}

math1_ops!(unary);
math2_ops!(binary);

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_ir::meaning::eval;
    use kiln_ir::{Const, Op, Scalar};

    const VALUES: [f64; 16] = [
        0.0,
        -0.0,
        0.3,
        -0.7,
        1.0,
        1.5,
        -2.5,
        10.0,
        88.9,
        -104.5,
        3e5,
        1e-40,
        -1e308,
        5e-324,
        f64::INFINITY,
        f64::NAN,
    ];

    fn same(op: Op, value: Const, args: &[Const], scalar: Scalar) {
        assert_eq!(value, eval(op, scalar, args), "{} of {args:?}", op.name());
    }

    #[test]
    fn functions_have_the_bits_of_their_ops() {
        macro_rules! rows {
            ($($op:ident $function:ident;)*) => {$(
                for x in VALUES {
                    let args = [Const::f64(x)];
                    same(Op::$op, Const::f64($function(x)), &args, Scalar::F64);
                    let x = x as f32;
                    let args = [Const::f32(x)];
                    same(Op::$op, Const::f32($function(x)), &args, Scalar::F32);
                }
            )*};
        }
        math1_ops!(rows);
    }

    #[test]
    fn functions_of_two_have_the_bits_of_their_ops() {
        macro_rules! rows {
            ($($op:ident $function:ident;)*) => {$(
                for (x, y) in VALUES.iter().flat_map(|&x| VALUES.map(|y| (x, y))) {
                    let args = [Const::f64(x), Const::f64(y)];
                    same(Op::$op, Const::f64($function(x, y)), &args, Scalar::F64);
                    let (x, y) = (x as f32, y as f32);
                    let args = [Const::f32(x), Const::f32(y)];
                    same(Op::$op, Const::f32($function(x, y)), &args, Scalar::F32);
                }
            )*};
        }
        math2_ops!(rows);
    }
}
