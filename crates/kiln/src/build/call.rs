//! Calls of one computation by another.

use super::control::Vars;
use super::{Array, ArrayMut, Builder, Var};
use crate::func::Func;
use kiln_ir::CallArg;
use kiln_runtime::Element;

/// An argument of a [`Builder::call`]: a value, or an array by reference.
/// Made with `into()`.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'b> {
    builder: &'b Builder,
    arg: CallArg,
}

impl<'b, T: Element> From<Var<'b, T>> for Operand<'b> {
    fn from(value: Var<'b, T>) -> Operand<'b> {
        Operand {
            builder: value.builder(),
            arg: CallArg::Value(value.id()),
        }
    }
}

macro_rules! arrays {
    ($($array:ident)*) => {$(
        impl<'b, T: Element, const N: usize> From<$array<'b, T, N>> for Operand<'b> {
            fn from(array: $array<'b, T, N>) -> Operand<'b> {
                Operand {
                    builder: array.builder(),
                    arg: CallArg::Array(array.array()),
                }
            }
        }
    )*};
}

arrays! { Array ArrayMut }

impl Builder {
    /// Calls another computation; `R` says what it gives: nothing, a type, or
    /// a tuple of types. Arrays are passed by reference, in the type that they
    /// have: what is only read is not what may be written.
    ///
    /// ```
    /// let b = kiln::Builder::new("twice");
    /// let x = b.input::<f64>("x");
    /// b.output("twice", x + x);
    /// let twice = b.finish()?;
    /// let four = kiln::build(|b| {
    ///     let x = b.input::<f64>("x");
    ///     let two = b.call::<f64>(&twice, &[x.into()]);
    ///     b.call::<f64>(&twice, &[two.into()])
    /// })?;
    /// assert_eq!(four.typed::<fn(f64) -> f64>(["x"])?.call(1.5), 6.0);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Panics
    /// When arguments or results are not those of the computation, in number
    /// or in type.
    pub fn call<'b, R: Results<'b>>(&'b self, func: &Func, args: &[Operand<'b>]) -> R::Handles {
        let is_ours = args.iter().all(|arg| std::ptr::eq(arg.builder, self));
        assert!(is_ours, "an argument is another builder's");
        let found: Vec<_> = func.ir().results().iter().map(|ty| ty.scalar).collect();
        assert_eq!(
            found,
            R::scalars(),
            "the types that @{} gives",
            func.ir().name()
        );
        let args: Vec<CallArg> = args.iter().map(|arg| arg.arg).collect();
        let mut state = self.state.borrow_mut();
        let callee = state.func.callee(func.ir().clone());
        let results = state.func.call(callee, &args);
        drop(state);
        self.handles::<R>(results)
    }
}

/// The types of the results of a call: nothing, a scalar type, or a tuple of
/// them.
pub trait Results<'b>: Vars<'b> {
    #[doc(hidden)]
    fn scalars() -> Vec<kiln_ir::Scalar>;
}

macro_rules! scalars {
    ($($ty:ident)*) => {$(
        impl Results<'_> for $ty {
            fn scalars() -> Vec<kiln_ir::Scalar> {
                vec![<$ty as kiln_ir::meaning::Value>::SCALAR]
            }
        }
    )*};
}

scalars! { bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

macro_rules! tuples {
    ($(($($name:ident)*);)*) => {$(
        impl<'b, $($name: Results<'b>),*> Results<'b> for ($($name,)*) {
            fn scalars() -> Vec<kiln_ir::Scalar> {
                let all: &[Vec<kiln_ir::Scalar>] = &[$($name::scalars()),*];
                all.concat()
            }
        }
    )*};
}

tuples! {
    ();
    (A B);
    (A B C);
    (A B C D);
}
