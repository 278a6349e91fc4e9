//! What a `#[kernel]` function keeps, and how its parameters become
//! arguments.

use super::{Body, Plain, Result, Slice, Ty, Val, Value};
use crate::engine::Engine;
use crate::func::Func;
use crate::kernel_fn::KernelFn;
use kiln_formula::OutputInfo;
use kiln_ir::{NodeId, Scalar};
use kiln_runtime::{Arg, Element, ScalarKernel, Tier, Typed, View, ViewMut};
use std::sync::OnceLock;

/// A type that a parameter can have.
#[diagnostic::on_unimplemented(
    message = "a parameter of a kernel cannot be `{Self}`",
    note = "it can be a scalar, `&[T]` or `&mut [T]`"
)]
pub trait Param {
    /// The handle that it is in the body.
    type Handle<'b>;
    /// What is passed for it.
    type Arg<'a>;
    /// What holds it, if it is a scalar.
    type Slot: Element;
    /// Whether it is one.
    const IS_SCALAR: bool;
    /// A scalar as what holds it; of no meaning for anything else.
    fn slot<'a>(arg: &Self::Arg<'a>) -> Self::Slot;
    /// Adds it to a function.
    fn declare<'b>(body: &'b Body, name: &str) -> Self::Handle<'b>;
    /// What is passed, as the engine takes it.
    fn arg<'a>(arg: Self::Arg<'a>) -> Arg<'a>;
}

impl<T: Plain> Param for T {
    type Handle<'b> = Val<'b, T>;
    type Arg<'a> = T;
    type Slot = T::Repr;
    const IS_SCALAR: bool = true;

    #[inline(always)]
    fn slot<'a>(arg: &Self::Arg<'a>) -> T::Repr {
        arg.repr()
    }

    fn declare<'b>(body: &'b Body, name: &str) -> Val<'b, T> {
        body.scalar_param(name)
    }

    fn arg<'a>(arg: Self::Arg<'a>) -> Arg<'a> {
        use kiln_ir::meaning::Value as _;
        Arg::from(arg.repr().to_const())
    }
}

impl<T: Plain> Param for &'static [T] {
    type Handle<'b> = Slice<'b, T>;
    type Arg<'a> = &'a [T];
    type Slot = bool;
    const IS_SCALAR: bool = false;

    fn slot<'a>(_: &Self::Arg<'a>) -> bool {
        false
    }

    fn declare<'b>(body: &'b Body, name: &str) -> Slice<'b, T> {
        body.slice_param(name, false)
    }

    fn arg<'a>(arg: Self::Arg<'a>) -> Arg<'a> {
        View::from(T::slice(arg)).into()
    }
}

impl<T: Plain> Param for &'static mut [T] {
    type Handle<'b> = Slice<'b, T>;
    type Arg<'a> = &'a mut [T];
    type Slot = bool;
    const IS_SCALAR: bool = false;

    fn slot<'a>(_: &Self::Arg<'a>) -> bool {
        false
    }

    fn declare<'b>(body: &'b Body, name: &str) -> Slice<'b, T> {
        body.slice_param(name, true)
    }

    fn arg<'a>(arg: Self::Arg<'a>) -> Arg<'a> {
        ViewMut::from(T::slice_mut(arg)).into()
    }
}

impl<T: Plain, const N: usize> Param for &'static [T; N] {
    type Handle<'b> = Slice<'b, T>;
    type Arg<'a> = &'a [T; N];
    type Slot = bool;
    const IS_SCALAR: bool = false;

    fn slot<'a>(_: &Self::Arg<'a>) -> bool {
        false
    }

    fn declare<'b>(body: &'b Body, name: &str) -> Slice<'b, T> {
        body.slice_param(name, false)
    }

    fn arg<'a>(arg: Self::Arg<'a>) -> Arg<'a> {
        View::from(T::slice(arg)).into()
    }
}

impl<T: Plain, const N: usize> Param for &'static mut [T; N] {
    type Handle<'b> = Slice<'b, T>;
    type Arg<'a> = &'a mut [T; N];
    type Slot = bool;
    const IS_SCALAR: bool = false;

    fn slot<'a>(_: &Self::Arg<'a>) -> bool {
        false
    }

    fn declare<'b>(body: &'b Body, name: &str) -> Slice<'b, T> {
        body.slice_param(name, true)
    }

    fn arg<'a>(arg: Self::Arg<'a>) -> Arg<'a> {
        ViewMut::from(T::slice_mut(arg)).into()
    }
}

/// The parameters of a kernel, as a tuple.
pub trait Params {
    /// What is passed for them.
    type Args<'a>;
    /// A function of scalars, if they are such.
    type Direct<R: Result>: Clone + Send + Sync;
    /// The kernel as such a function, if it is one that cannot fail.
    fn direct<R: Result>(kernel: &ScalarKernel) -> Option<Self::Direct<R>>;
    /// Calls that function.
    fn call_direct<'a, R: Result>(direct: &Self::Direct<R>, args: &Self::Args<'a>) -> R;
    /// Whether native code is there now, made if it must be.
    fn prepare_direct<R: Result>(direct: &Self::Direct<R>) -> bool;
    /// Calls `work` with what is passed, as the engine takes it.
    fn with<R>(args: Self::Args<'_>, work: impl FnOnce(&mut [Arg<'_>]) -> R) -> R;
}

macro_rules! params {
    ($(($($name:ident)*);)*) => {$(
        #[allow(non_snake_case, unused_variables, clippy::unused_unit,
            reason = "parts are named as their types")]
        impl<$($name: Param),*> Params for ($($name,)*) {
            type Args<'a> = ($($name::Arg<'a>,)*);
            type Direct<Out: Result> = Typed<fn($($name::Slot),*) -> Out::Slot>;

            fn direct<Out: Result>(kernel: &ScalarKernel) -> Option<Self::Direct<Out>> {
                let is_scalar = Out::IS_SCALAR $(&& $name::IS_SCALAR)*;
                is_scalar.then(|| kernel.typed().ok())?
            }

            #[inline(always)]
            fn call_direct<'a, Out: Result>(
                direct: &Self::Direct<Out>,
                args: &Self::Args<'a>,
            ) -> Out {
                let ($($name,)*) = args;
                Out::of_slot(direct.call($($name::slot($name)),*))
            }

            fn prepare_direct<Out: Result>(direct: &Self::Direct<Out>) -> bool {
                direct.ran().tier == Tier::Native
            }

            fn with<Out>(
                args: Self::Args<'_>,
                work: impl FnOnce(&mut [Arg<'_>]) -> Out,
            ) -> Out {
                let ($($name,)*) = args;
                work(&mut [$($name::arg($name)),*])
            }
        }
    )*};
}

params! {
    ();
    (A);
    (A B);
    (A B C);
    (A B C D);
    (A B C D E);
    (A B C D E F);
    (A B C D E F G);
    (A B C D E F G H);
    (A B C D E F G H I);
    (A B C D E F G H I J);
    (A B C D E F G H I J K);
    (A B C D E F G H I J K L);
}

/// What a function that was built gives.
#[derive(Debug)]
pub struct Made(Vec<NodeId>);

impl Body {
    /// Adds a parameter.
    pub fn param<'b, P: Param>(&'b self, name: &str) -> P::Handle<'b> {
        P::declare(self, name)
    }

    /// Ends the function, which returns `value`.
    pub fn give<'b, R: Ty>(&'b self, value: R::Of<'b>) -> Made {
        let mut ids = Vec::new();
        value.push(&mut ids);
        Made(ids)
    }

    /// An argument, as the parameter wants it.
    pub fn pass<H, A: super::Pass<H>>(&self, arg: A) -> H {
        arg.pass()
    }
}

/// What a `#[kernel]` function keeps: how it is built, and what was made of
/// it.
#[derive(Debug)]
pub struct Static<P: Params, R: Result> {
    name: &'static str,
    build: fn(&Body) -> Made,
    func: OnceLock<Func>,
    kernel: OnceLock<KernelFn<P, R>>,
    interpreted: OnceLock<KernelFn<P, R>>,
}

impl<P: Params, R: Result> Static<P, R> {
    /// Nothing yet.
    pub const fn new(name: &'static str, build: fn(&Body) -> Made) -> Static<P, R> {
        Static {
            name,
            build,
            func: OnceLock::new(),
            kernel: OnceLock::new(),
            interpreted: OnceLock::new(),
        }
    }

    /// The kernel of the global engine.
    #[inline]
    pub fn kernel(&self) -> &KernelFn<P, R> {
        match self.kernel.get() {
            Some(kernel) => kernel,
            None => self.first(),
        }
    }

    #[cold]
    fn first(&self) -> &KernelFn<P, R> {
        self.kernel.get_or_init(|| self.on(&Engine::global()))
    }

    /// The kernel of an engine of interpreters.
    pub fn interpreted(&self) -> &KernelFn<P, R> {
        static ENGINE: OnceLock<Engine> = OnceLock::new();
        let engine = || Engine::builder().tier(Tier::Interpreter).build();
        self.interpreted
            .get_or_init(|| self.on(ENGINE.get_or_init(engine)))
    }

    /// The kernel of an engine.
    pub fn on(&self, engine: &Engine) -> KernelFn<P, R> {
        let func = self.func.get_or_init(|| self.build());
        KernelFn::new(engine, func.clone())
    }

    fn build(&self) -> Func {
        let body = Body::new(self.name);
        let Made(ids) = (self.build)(&body);
        let names = (0..ids.len()).map(|index| match ids.len() {
            1 => "result".to_owned(),
            _ => format!("result{index}"),
        });
        let info = |(name, scalar): (String, Scalar)| OutputInfo {
            name,
            scalar,
            nullable: false,
        };
        let outputs = names.zip(R::scalars()).map(info).collect();
        Func::new(body.finish(&ids), outputs)
    }
}
