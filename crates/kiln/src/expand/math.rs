//! What stands behind `kiln::math` when a kernel calls one of its functions:
//! beside each a type of its name, as beside every kernel.

use super::companion::companion;
use super::{Body, Plain, Val};
use crate::element::Real;
use kiln_ir::{Op, math1_ops, math2_ops};

macro_rules! companions {
    ($args:tt $($op:ident $function:ident;)*) => {$(
        companion!($function);

        companions!(@build $args $op $function);
    )*};
    (@build ($($arg:ident)*) $op:ident $function:ident) => {
        impl $function {
            #[doc(hidden)]
            pub fn __build<'b, T: Plain + Real>(
                body: &'b Body,
                $($arg: Val<'b, T>),*
            ) -> Val<'b, T> {
                Val::new(body, body.op(Op::$op, &[$($arg.id()),*]))
            }
        }
    };
}

macro_rules! unary {
    ($($rows:tt)*) => { companions! { (x) $($rows)* } };
}

macro_rules! binary {
    ($($rows:tt)*) => { companions! { (x y) $($rows)* } };
}

math1_ops!(unary);
math2_ops!(binary);
