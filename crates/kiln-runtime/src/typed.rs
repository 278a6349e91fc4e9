//! A scalar kernel behind a function type: a call is a look at a pointer, and
//! the function.

#![allow(
    unsafe_code,
    reason = "calling machine code through a pointer with the types of its Func"
)]

use crate::columns::scalar_of;
use crate::direct_entry::DirectEntry;
use crate::element::Element;
use crate::error::{Fault, RuntimeError};
#[cfg(feature = "jit")]
use crate::helpers::{self, HelperFn};
use crate::level::{Level, Ran, Tier};
use crate::scalar::{Inner, ScalarKernel};
use kiln_ir::Scalar;
use std::ffi::c_void;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Where no code is made, none is called, and there is nothing to help.
#[cfg(not(feature = "jit"))]
mod helpers {
    pub(super) type HelperFn = extern "C" fn(*mut u8, i64);

    pub(super) fn table() -> &'static [HelperFn] {
        &[]
    }
}
#[cfg(not(feature = "jit"))]
use helpers::HelperFn;

/// A function type that a kernel can be called as: `fn(A, B) -> R` or
/// `fn(A, B) -> Result<R, Fault>` of up to twelve [`Element`]s.
pub trait Function: sealed::Sealed {
    /// The types of the arguments.
    const PARAMS: &'static [Scalar];
    /// The type of the result.
    const RESULT: Scalar;
    /// Whether faults of the function can be returned.
    const RETURNS_FAULTS: bool;
}

mod sealed {
    pub trait Sealed {}
}

/// A scalar kernel as the function type `F`. Cheap to clone.
pub struct Typed<F> {
    kernel: Arc<Inner>,
    direct: Arc<DirectEntry>,
    helpers: &'static [HelperFn],
    function: PhantomData<F>,
}

impl ScalarKernel {
    /// The kernel as a function of type `F`, for instance
    /// `fn(f64, f64) -> f64`.
    ///
    /// # Errors
    /// When the types are not the Func's, or when the Func can fail and `F`
    /// does not return a `Result`.
    pub fn typed<F: Function>(&self) -> Result<Typed<F>, RuntimeError> {
        let func = &self.0.func;
        let params = func.params().iter().map(|p| scalar_of(p.ty));
        let results = func.results().iter().map(|ty| ty.scalar);
        if !params.eq(F::PARAMS.iter().copied()) || !results.eq([F::RESULT]) {
            return Err(RuntimeError::Signature {
                name: func.name().to_owned(),
                found: self.signature().to_string(),
                asked: asked::<F>(),
            });
        }
        if self.0.admitted.can_fail && !F::RETURNS_FAULTS {
            let what = func.faults().first().map(|fault| fault.message.clone());
            return Err(RuntimeError::Fallible {
                name: func.name().to_owned(),
                what: what.unwrap_or_else(|| "in a function it calls".to_owned()),
            });
        }
        // A Func that no tier runs is refused here, so that a call cannot be.
        self.0.interpreted()?;
        Ok(Typed {
            kernel: self.0.clone(),
            direct: self.0.direct.clone(),
            helpers: helpers::table(),
            function: PhantomData,
        })
    }
}

/// A signature in the words of the text form.
fn asked<F: Function>() -> String {
    let params: Vec<&str> = F::PARAMS.iter().map(|s| s.name()).collect();
    format!("({}) -> {}", params.join(", "), F::RESULT)
}

impl<F> Typed<F> {
    /// Where a call made now runs.
    pub fn ran(&self) -> Ran {
        let is_native = self.kernel.engine.is_native() && self.kernel.prepare().is_some();
        if !is_native {
            return Ran::INTERPRETED;
        }
        Ran {
            tier: Tier::Native,
            level: Level::One,
        }
    }
}

impl<F> Clone for Typed<F> {
    fn clone(&self) -> Typed<F> {
        Typed {
            kernel: self.kernel.clone(),
            direct: self.direct.clone(),
            helpers: self.helpers,
            function: PhantomData,
        }
    }
}

impl<F> fmt::Debug for Typed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Typed(@{})", self.kernel.func.name())
    }
}

/// A kernel as a C function pointer, borrowed from the [`Typed`] that keeps
/// its code.
///
/// ```
/// use kiln_runtime::Engine;
///
/// let func = kiln_ir::parse("func @twice(x: f64) -> f64 { v0 = add x, x return v0 }").unwrap();
/// let twice = Engine::default().scalar(func)?.typed::<fn(f64) -> f64>()?;
/// if let Some(c) = twice.as_c() {
///     // SAFETY: `twice` lives, and the context is the function's own.
///     assert_eq!(unsafe { c.pointer()(1.5, c.context()) }, 3.0);
/// }
/// # Ok::<(), kiln_runtime::RuntimeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CFunction<'k, P> {
    pointer: P,
    context: *const c_void,
    kernel: PhantomData<&'k ()>,
}

impl<P: Copy> CFunction<'_, P> {
    /// The function. It may be called, from any thread, as long as what this
    /// was borrowed from lives, with [`context`](Self::context) as its last
    /// argument. It is native code whatever the engine's tier becomes.
    pub fn pointer(&self) -> P {
        self.pointer
    }

    /// What the function takes last.
    pub fn context(&self) -> *const c_void {
        self.context
    }
}

/// One result of a kernel that cannot fail, in other ways than through its
/// direct entry.
#[inline(never)]
fn call_otherwise(kernel: &Inner, args: &[u64]) -> u64 {
    let mut result = [0];
    match kernel.call(args, &mut result) {
        Ok(_) => result[0],
        // `typed` has seen that the Func has a program and no guard.
        Err(error) => unreachable!("a function that cannot fail did: {error}"),
    }
}

/// One result of a kernel that may fail.
#[inline(never)]
fn call_fallible(kernel: &Inner, args: &[u64]) -> Result<u64, Fault> {
    let mut result = [0];
    match kernel.call(args, &mut result) {
        Ok(_) => Ok(result[0]),
        Err(RuntimeError::Fault(fault)) => Err(*fault),
        // `typed` has seen that the Func has a program; a guard is all that
        // can fail in it.
        Err(error) => unreachable!("a function of one row failed: {error}"),
    }
}

macro_rules! functions {
    ($(($($arg:ident $ty:ident),*))*) => {$(
        impl<$($ty: Element,)* R: Element> sealed::Sealed for fn($($ty),*) -> R {}

        impl<$($ty: Element,)* R: Element> Function for fn($($ty),*) -> R {
            const PARAMS: &'static [Scalar] = &[$($ty::SCALAR),*];
            const RESULT: Scalar = R::SCALAR;
            const RETURNS_FAULTS: bool = false;
        }

        impl<$($ty: Element,)* R: Element> Typed<fn($($ty),*) -> R> {
            /// Calls the function.
            #[inline]
            #[allow(clippy::too_many_arguments, reason = "as many as the function has")]
            pub fn call(&self, $($arg: $ty),*) -> R {
                let entry = self.direct.published();
                if entry.is_null() {
                    return R::from_slot(call_otherwise(&self.kernel, &[$($arg.to_slot()),*]));
                }
                let code: extern "C" fn($($ty,)* *const HelperFn) -> R =
                    // SAFETY: the direct entry is code of this type, which
                    // `typed` has compared with the Func's, and the kernel
                    // that we hold keeps it mapped.
                    unsafe { std::mem::transmute(entry) };
                code($($arg,)* self.helpers.as_ptr())
            }

            /// The function for code that knows nothing of kiln: a C function
            /// of these arguments and a pointer, as libraries take that hand
            /// a pointer of yours back to you. Compiled now if it must be;
            /// `None` without native code.
            pub fn as_c(
                &self,
            ) -> Option<CFunction<'_, unsafe extern "C" fn($($ty,)* *const c_void) -> R>> {
                if self.ran().tier != Tier::Native {
                    return None;
                }
                let entry = self.direct.published();
                // SAFETY: as in `call`; a pointer to the helpers is passed as
                // one to anything.
                let pointer = (!entry.is_null()).then(|| unsafe { std::mem::transmute(entry) });
                Some(CFunction {
                    pointer: pointer?,
                    context: self.helpers.as_ptr().cast(),
                    kernel: PhantomData,
                })
            }
        }

        impl<$($ty: Element,)* R: Element> sealed::Sealed for fn($($ty),*) -> Result<R, Fault> {}

        impl<$($ty: Element,)* R: Element> Function for fn($($ty),*) -> Result<R, Fault> {
            const PARAMS: &'static [Scalar] = &[$($ty::SCALAR),*];
            const RESULT: Scalar = R::SCALAR;
            const RETURNS_FAULTS: bool = true;
        }

        impl<$($ty: Element,)* R: Element> Typed<fn($($ty),*) -> Result<R, Fault>> {
            /// Calls the function.
            ///
            /// # Errors
            /// The fault of the function.
            #[inline]
            #[allow(clippy::too_many_arguments, reason = "as many as the function has")]
            pub fn call(&self, $($arg: $ty),*) -> Result<R, Fault> {
                call_fallible(&self.kernel, &[$($arg.to_slot()),*]).map(R::from_slot)
            }
        }
    )*};
}

functions! {
    ()
    (a A)
    (a A, b B)
    (a A, b B, c C)
    (a A, b B, c C, d D)
    (a A, b B, c C, d D, e E)
    (a A, b B, c C, d D, e E, f F)
    (a A, b B, c C, d D, e E, f F, g G)
    (a A, b B, c C, d D, e E, f F, g G, h H)
    (a A, b B, c C, d D, e E, f F, g G, h H, i I)
    (a A, b B, c C, d D, e E, f F, g G, h H, i I, j J)
    (a A, b B, c C, d D, e E, f F, g G, h H, i I, j J, k K)
    (a A, b B, c C, d D, e E, f F, g G, h H, i I, j J, k K, l L)
}
