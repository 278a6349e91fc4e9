//! What a `#[kernel]` function keeps, and how its parameters become
//! arguments.

use super::{Arr, Body, Elem, Grid, Plain, Result, Slice, Val};
use crate::array_view::{ArrayView, ArrayViewMut};
use crate::engine::Engine;
use crate::error::Error;
use crate::func::Func;
use crate::kernel_fn::KernelFn;
use kiln_formula::OutputInfo;
use kiln_ir::{Access, Layout, NodeId, Scalar};
use kiln_runtime::{Arg, Element, FrameCall, ScalarKernel, Tier, Typed, View, ViewMut};
use std::sync::OnceLock;

/// A type that a parameter can have.
#[diagnostic::on_unimplemented(
    message = "a parameter of a kernel cannot be `{Self}`",
    note = "it can be a scalar, an array, `&[T]`, `&mut [T]`, or a view"
)]
pub trait Param {
    /// The handle that it is in the body.
    type Handle<'b>;
    /// What is passed for it.
    type Arg<'a>;
    /// What holds it, if it is a scalar.
    type Slot: Element;
    /// Whether it is one.
    const IS_SCALAR: bool = false;
    /// Whether it is a view, whose elements need not lie side by side.
    const IS_VIEW: bool = false;
    /// A scalar as what holds it; of no meaning for anything else.
    fn slot<'a>(arg: &Self::Arg<'a>) -> Self::Slot;
    /// Adds it to a function.
    fn declare<'b>(body: &'b Body, name: &str) -> Self::Handle<'b>;
    /// What is passed, as the engine takes it.
    ///
    /// # Errors
    /// Of an array of another library that has gaps in memory.
    fn arg<'s>(arg: &'s mut Self::Arg<'_>) -> core::result::Result<Arg<'s>, Error>;
    /// Puts what is passed straight into the frame of a call.
    ///
    /// # Errors
    /// As there.
    fn put<'s>(
        arg: &'s mut Self::Arg<'_>,
        call: &mut FrameCall<'_, 's>,
    ) -> core::result::Result<(), Error>;
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

    #[inline(always)]
    fn arg<'s>(arg: &'s mut T) -> core::result::Result<Arg<'s>, Error> {
        use kiln_ir::meaning::Value as _;
        Ok(Arg::from(arg.repr().to_const()))
    }

    #[inline(always)]
    fn put<'s>(arg: &'s mut T, call: &mut FrameCall<'_, 's>) -> core::result::Result<(), Error> {
        call.scalar(arg.repr());
        Ok(())
    }
}

/// Parameters that are arrays of one kind or another: as the signature states
/// them, as they are passed, as they are in the body, and how they become
/// views.
macro_rules! arrays {
    ($(
        [$($generics:tt)*] $param:ty, $arg:ty as $handle:ty, $is_view:literal,
        $declare:expr, |$passed:ident| $put:ident $view:expr;
    )*) => {$(
        impl<$($generics)*> Param for $param {
            type Handle<'b> = $handle;
            type Arg<'a> = $arg;
            type Slot = bool;
            const IS_VIEW: bool = $is_view;

            fn slot<'a>(_: &Self::Arg<'a>) -> bool {
                false
            }

            fn declare<'b>(body: &'b Body, name: &str) -> $handle {
                ($declare)(body, name)
            }

            #[inline(always)]
            fn arg<'s>($passed: &'s mut Self::Arg<'_>) -> core::result::Result<Arg<'s>, Error> {
                Ok($view.into())
            }

            #[inline(always)]
            fn put<'s>(
                $passed: &'s mut Self::Arg<'_>,
                call: &mut FrameCall<'_, 's>,
            ) -> core::result::Result<(), Error> {
                call.$put($view);
                Ok(())
            }
        }
    )*};
}

arrays! {
    [T: Plain] &'static [T], &'a [T] as Slice<'b, T>, false,
        |body: &'b Body, name| body.slice_param(name, false),
        |arg| view View::from(T::slice(&arg[..]));
    [T: Plain] &'static mut [T], &'a mut [T] as Slice<'b, T>, false,
        |body: &'b Body, name| body.slice_param(name, true),
        |arg| view_mut ViewMut::from(T::slice_mut(&mut arg[..]));
    [T: Plain, const N: usize] &'static [T; N], &'a [T; N] as Slice<'b, T>, false,
        |body: &'b Body, name| body.slice_param(name, false),
        |arg| view View::from(T::slice(&arg[..]));
    [T: Plain, const N: usize] &'static mut [T; N], &'a mut [T; N] as Slice<'b, T>, false,
        |body: &'b Body, name| body.slice_param(name, true),
        |arg| view_mut ViewMut::from(T::slice_mut(&mut arg[..]));
    [E: Elem, const N: usize] [E; N], [E; N] as Arr<'b, [E; N]>, false,
        |body: &'b Body, name| Arr::param(body, name),
        |arg| view View::from(E::Scalar::slice(E::scalars(&arg[..])));
}

/// Views, which have a handle for each number of dimensions.
macro_rules! views {
    ($($n:literal $handle:ty, $declare:ident;)*) => {
        arrays! {$(
            [T: Plain<Repr = T> + Element] ArrayView<'static, T, $n>,
                ArrayView<'a, T, $n> as $handle, true,
                |body: &'b Body, name| body.$declare(name, Access::Read),
                |arg| view arg.into_view();
            [T: Plain<Repr = T> + Element] ArrayViewMut<'static, T, $n>,
                ArrayViewMut<'a, T, $n> as $handle, true,
                |body: &'b Body, name| body.$declare(name, Access::Mut),
                |arg| view_mut arg.reborrow().into_view();
        )*}
    };
}

views! {
    1 Slice<'b, T>, line_param;
    2 Grid<'b, T, 2>, grid_param;
    3 Grid<'b, T, 3>, grid_param;
    4 Grid<'b, T, 4>, grid_param;
}

/// Views of ndarray.
#[cfg(feature = "ndarray")]
macro_rules! foreign {
    ($($dim:ident $handle:ty, $declare:ident;)*) => {
        arrays! {$(
            [T: Plain<Repr = T> + Element] ndarray::ArrayView<'static, T, ndarray::$dim>,
                ndarray::ArrayView<'a, T, ndarray::$dim> as $handle, true,
                |body: &'b Body, name| body.$declare(name, Access::Read),
                |arg| view crate::ndarray::view(arg)?;
            [T: Plain<Repr = T> + Element] ndarray::ArrayViewMut<'static, T, ndarray::$dim>,
                ndarray::ArrayViewMut<'a, T, ndarray::$dim> as $handle, true,
                |body: &'b Body, name| body.$declare(name, Access::Mut),
                |arg| view_mut crate::ndarray::view_mut(arg)?;
        )*}
    };
}

#[cfg(feature = "ndarray")]
foreign! {
    Ix1 Slice<'b, T>, line_param;
    Ix2 Grid<'b, T, 2>, grid_param;
    Ix3 Grid<'b, T, 3>, grid_param;
    Ix4 Grid<'b, T, 4>, grid_param;
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
    /// Whether a view is among them.
    const HAS_VIEW: bool;
    /// Calls `work` with what is passed, as the engine takes it.
    ///
    /// # Errors
    /// Of an array of another library that has gaps in memory, and those of
    /// `work`.
    fn with<R>(
        args: Self::Args<'_>,
        work: impl FnOnce(&mut [Arg<'_>]) -> core::result::Result<R, Error>,
    ) -> core::result::Result<R, Error>;
    /// Puts what is passed straight into the frame of a call.
    ///
    /// # Errors
    /// Of an array of another library that has gaps in memory.
    fn put<'s>(
        args: &'s mut Self::Args<'_>,
        call: &mut FrameCall<'_, 's>,
    ) -> core::result::Result<(), Error>;
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

            const HAS_VIEW: bool = false $(|| $name::IS_VIEW)*;

            #[inline(always)]
            fn with<Out>(
                args: Self::Args<'_>,
                work: impl FnOnce(&mut [Arg<'_>]) -> core::result::Result<Out, Error>,
            ) -> core::result::Result<Out, Error> {
                let ($(mut $name,)*) = args;
                work(&mut [$($name::arg(&mut $name)?),*])
            }

            #[inline(always)]
            fn put<'s>(
                args: &'s mut Self::Args<'_>,
                call: &mut FrameCall<'_, 's>,
            ) -> core::result::Result<(), Error> {
                let ($($name,)*) = args;
                $($name::put($name, call)?;)*
                Ok(())
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
    pub fn give<'b, R: Result>(&'b self, value: R::Of<'b>) -> Made {
        let mut ids = Vec::new();
        R::give(&value, &mut ids);
        Made(ids)
    }

    /// An argument, as the parameter wants it.
    pub fn pass<H, A: super::Pass<H>>(&self, arg: A) -> H {
        arg.pass()
    }
}

/// On how many threads a kernel runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Threads {
    /// As its engine says.
    AsEngine,
    /// On several, if its rounds are seen to be independent.
    Several,
    /// On several, because its source claims that they are.
    Claimed,
}

/// How a function is built.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    name: &'static str,
    pub(crate) threads: Threads,
    build: fn(&Body) -> Made,
    /// What it gives.
    scalars: fn() -> Vec<Scalar>,
}

impl Recipe {
    /// The function, for views of which the elements lie like this.
    pub(crate) fn func(&self, layout: Layout) -> Func {
        let body = Body::new(self.name, layout);
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
        let outputs = names.zip((self.scalars)()).map(info).collect();
        Func::new(body.finish(&ids), outputs)
    }
}

/// What a `#[kernel]` function keeps: how it is built, and what was made of
/// it.
#[derive(Debug)]
pub struct Static<P: Params, R: Result> {
    recipe: Recipe,
    func: OnceLock<Func>,
    kernel: OnceLock<KernelFn<P, R>>,
    interpreted: OnceLock<KernelFn<P, R>>,
}

impl<P: Params, R: Result> Static<P, R> {
    /// Nothing yet.
    pub const fn new(
        name: &'static str,
        threads: Threads,
        build: fn(&Body) -> Made,
    ) -> Static<P, R> {
        Static {
            recipe: Recipe {
                name,
                threads,
                build,
                scalars: R::scalars,
            },
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
        let func = self
            .func
            .get_or_init(|| self.recipe.func(Layout::Contiguous));
        KernelFn::new(engine, func.clone(), self.recipe)
    }
}
