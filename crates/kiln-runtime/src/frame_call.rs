//! [`FrameCall`]: a call of an array kernel whose arguments go straight to
//! the frame.
//!
//! A call through [`Arg`](crate::Arg)s looks at each argument several times:
//! whether it fits, and where its words go. Where the types of all arguments
//! are known when the caller is compiled, as those of a `#[kernel]` function
//! are, each puts its words at the next place instead, and what was put is
//! one number, a *shape*, that is compared with that of the code. Inlined,
//! the shape is a constant and the places are known. Two arguments cannot
//! share memory of which one is written: they are borrowed by the call, and
//! slices and views borrow all of theirs.
//!
//! Absent on purpose: everything that is rare. Other layouts than the code's,
//! more arguments than a small frame holds, the interpreter, and calls that
//! need their guards are for [`ArrayKernel::call_slots`].

#![allow(
    unsafe_code,
    reason = "a frame without values to begin with, and calling machine code with it"
)]

use crate::element::Element;
use crate::error::RuntimeError;
use crate::view::{View, ViewMut};

/// What came of a call through a frame.
#[derive(Debug)]
pub enum Called<'c> {
    /// The bits of the results, one slot each.
    Done(&'c [u64]),
    /// Nothing was stored: the call is to be made by
    /// [`ArrayKernel::call_slots`](crate::ArrayKernel::call_slots).
    Refused,
    /// The fault of the function, after what it stored before it.
    Failed(RuntimeError),
}

#[cfg(feature = "jit")]
pub(crate) use with_jit::CallShape;
#[cfg(feature = "jit")]
pub use with_jit::FrameCall;
#[cfg(not(feature = "jit"))]
pub use without_jit::FrameCall;

#[cfg(feature = "jit")]
mod with_jit {
    use super::{Called, Element, View, ViewMut};
    use crate::arrays::{ArrayKernel, Inner};
    use crate::compiled::Compiled;
    use crate::fpenv;
    use crate::frame::NEVER;
    use crate::grid::Grid;
    use crate::threads::Parallel;
    use kiln_codegen::frame::{self, DONE};
    use kiln_ir::{Access, Func, Layout, ParamType, Scalar};
    use std::marker::PhantomData;
    use std::mem::MaybeUninit;

    /// Words of the frame: those of eleven slices, or of twelve parameters of
    /// which eight are matrices.
    const WORDS: usize = 64;

    /// The parameters of some code, as the arguments of a call must be.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(crate) struct CallShape {
        /// One byte for each parameter, the first in the highest, under a 1;
        /// 0 where no such call can be.
        bytes: u128,
        /// Whether no array may have gaps.
        is_contiguous: bool,
        /// The word of the first scalar, and of the first result.
        scalars: usize,
        results: usize,
        /// One past the last result.
        end: usize,
    }

    /// The byte of a scalar.
    #[inline(always)]
    const fn scalar_byte(scalar: Scalar) -> u8 {
        1 + scalar as u8
    }

    /// The byte of an array, beyond those of scalars.
    #[inline(always)]
    const fn array_byte(elem: Scalar, rank: usize, is_mut: bool) -> u8 {
        16 + 10 * elem as u8 + 2 * rank as u8 + is_mut as u8
    }

    impl CallShape {
        pub(crate) fn of(func: &Func) -> CallShape {
            let mut shape = CallShape {
                bytes: 1,
                is_contiguous: false,
                scalars: frame::PARAMS / 8,
                results: 0,
                end: 0,
            };
            for param in func.params() {
                let byte = match param.ty {
                    ParamType::Scalar(scalar) => {
                        shape.results += 1;
                        scalar_byte(scalar)
                    }
                    ParamType::Array(array) => {
                        let rank = usize::from(array.rank);
                        shape.scalars += 1 + 2 * rank;
                        shape.is_contiguous |= array.layout == Layout::Contiguous;
                        array_byte(array.elem, rank, array.access == Access::Mut)
                    }
                };
                shape.bytes = shape.bytes << 8 | u128::from(byte);
            }
            shape.results += shape.scalars;
            shape.end = shape.results + func.results().len();
            let fits = shape.end <= WORDS && func.params().len() < size_of::<u128>();
            if !fits {
                shape.bytes = 0;
            }
            shape
        }
    }

    /// The frame, on the stack of the caller.
    #[repr(C, align(64))]
    struct Words([MaybeUninit<u64>; WORDS]);

    /// A call of an [`ArrayKernel`] that its arguments are put into, in the
    /// order of the parameters.
    pub struct FrameCall<'k, 'a> {
        kernel: &'k Inner,
        code: &'k Compiled,
        words: Words,
        /// What was put.
        bytes: u128,
        is_contiguous: bool,
        /// Where the next array goes, and the next scalar.
        array: usize,
        scalar: usize,
        arguments: PhantomData<&'a mut ()>,
    }

    impl ArrayKernel {
        /// A call whose arguments go straight to the frame; `None` while the
        /// kernel has no native code, the engine wants none, or the call may
        /// use several threads.
        ///
        /// ```
        /// use kiln_runtime::{Called, Engine, View, ViewMut};
        ///
        /// let scale = kiln_ir::parse("func @scale(a: f64, x: mut [f64]) {
        ///     v0 = len x
        ///     for v1 in 0..v0 {
        ///         v2 = load x[v1]
        ///         v3 = mul a, v2
        ///         store x[v1], v3
        ///     }
        /// }").unwrap();
        /// let scale = Engine::default().arrays(scale)?;
        /// let mut x = [1.0, 2.0];
        /// if scale.prepare().is_some() {
        ///     let mut call = scale.frame_call().unwrap();
        ///     call.scalar(3.0);
        ///     call.view_mut(ViewMut::from(&mut x[..]));
        ///     assert!(matches!(call.run(), Called::Done([])));
        ///     assert_eq!(x, [3.0, 6.0]);
        ///     let mut call = scale.frame_call().unwrap();
        ///     call.view(View::from(&x[..]));
        ///     assert!(matches!(call.run(), Called::Refused));
        /// }
        /// # Ok::<(), kiln_runtime::RuntimeError>(())
        /// ```
        #[inline(always)]
        pub fn frame_call<'a>(&self) -> Option<FrameCall<'_, 'a>> {
            // What is published is for one thread, as the engine is set up.
            let may_share = !matches!(self.parallel, Parallel::AsEngine | Parallel::Off);
            if may_share && self.inner.uses_threads(self.parallel) {
                return None;
            }
            let code = self.inner.published()?;
            Some(FrameCall {
                kernel: &self.inner,
                code,
                words: Words([MaybeUninit::uninit(); WORDS]),
                bytes: 1,
                is_contiguous: true,
                array: frame::PARAMS / 8,
                scalar: code.shape().scalars,
                arguments: PhantomData,
            })
        }
    }

    impl<'a> FrameCall<'_, 'a> {
        /// Puts a scalar.
        #[inline(always)]
        pub fn scalar<T: Element>(&mut self, value: T) {
            self.bytes = self.bytes << 8 | u128::from(scalar_byte(T::SCALAR));
            self.put(self.scalar, value.to_slot());
            self.scalar += 1;
        }

        /// Puts an array that is read.
        #[inline(always)]
        pub fn view<T: Element>(&mut self, view: View<'a, T>) {
            self.array(view.data.as_ptr(), &view.grid, false);
        }

        /// Puts an array that is written.
        #[inline(always)]
        pub fn view_mut<T: Element>(&mut self, view: ViewMut<'a, T>) {
            self.array(view.data.as_mut_ptr(), &view.grid, true);
        }

        #[inline(always)]
        fn array<T: Element>(&mut self, data: *const T, grid: &Grid, is_mut: bool) {
            let byte = array_byte(T::SCALAR, grid.rank(), is_mut);
            self.bytes = self.bytes << 8 | u128::from(byte);
            self.is_contiguous &= grid.is_contiguous();
            let first = data.wrapping_add(grid.geometry().origin);
            self.put(self.array, first as u64);
            self.array += 1;
            for &extent in grid.shape() {
                self.put(self.array, extent as u64);
                self.array += 1;
            }
            for &stride in grid.strides() {
                self.put(self.array, stride as u64);
                self.array += 1;
            }
        }

        /// Sets a word; what no frame has room for is not put, and then the
        /// shape is none that a call can have.
        #[inline(always)]
        fn put(&mut self, at: usize, word: u64) {
            if let Some(place) = self.words.0.get_mut(at) {
                place.write(word);
            }
        }

        /// Makes the call.
        #[inline(always)]
        pub fn run(&mut self) -> Called<'_> {
            let shape = self.code.shape();
            let fits = self.bytes == shape.bytes && (self.is_contiguous || !shape.is_contiguous);
            if !fits {
                return Called::Refused;
            }
            self.put(frame::HELPERS / 8, self.code.helpers().as_ptr() as u64);
            self.put(frame::STOP / 8, (&raw const NEVER) as u64);
            self.put(frame::STRIPS / 8, self.code.strips().as_ptr() as u64);
            let code = self.code;
            let words = (&raw mut self.words).cast();
            // SAFETY: the code has the frame entry (`Inner::published`). The
            // arguments have the types of its parameters, one for one, as
            // `bytes` says, so each word stands where `FrameLayout` has it:
            // arrays first, then scalars. What is no part of the frame yet,
            // results and the error record, code writes before it is read.
            // Each grid lies within its slice (`Grid`), which is borrowed for
            // `'a`, alone where it is written. Code reaches no element
            // outside a shape, since a guard stands before every access.
            let status = fpenv::with_default(|| unsafe { code.call(words) });
            if status != DONE {
                return self.otherwise(status);
            }
            let results = &self.words.0[shape.results..shape.end];
            // SAFETY: code that ends with `DONE` has written every result.
            Called::Done(unsafe { results.assume_init_ref() })
        }

        #[cold]
        fn otherwise(&mut self, status: i64) -> Called<'_> {
            if self
                .code
                .fault(status)
                .is_some_and(|fault| fault.is_retry())
            {
                return Called::Refused;
            }
            let words = &self.words.0;
            let operand = |index: usize| {
                // SAFETY: code that reports a fault has written its operands.
                unsafe { words[frame::ERROR_OPERANDS / 8 + index].assume_init() }
            };
            Called::Failed(self.kernel.failed(self.code, status, operand))
        }
    }
}

#[cfg(not(feature = "jit"))]
mod without_jit {
    use super::{Called, Element, View, ViewMut};
    use crate::arrays::ArrayKernel;
    use std::convert::Infallible;
    use std::marker::PhantomData;

    /// A call of native code, of which this build has none.
    pub struct FrameCall<'k, 'a>(Infallible, PhantomData<(&'k (), &'a mut ())>);

    impl ArrayKernel {
        /// None, since there is no native code.
        pub fn frame_call<'a>(&self) -> Option<FrameCall<'_, 'a>> {
            None
        }
    }

    impl<'a> FrameCall<'_, 'a> {
        /// Puts a scalar.
        pub fn scalar<T: Element>(&mut self, _: T) {
            match self.0 {}
        }

        /// Puts an array that is read.
        pub fn view<T: Element>(&mut self, _: View<'a, T>) {
            match self.0 {}
        }

        /// Puts an array that is written.
        pub fn view_mut<T: Element>(&mut self, _: ViewMut<'a, T>) {
            match self.0 {}
        }

        /// Makes the call.
        pub fn run(&mut self) -> Called<'_> {
            match self.0 {}
        }
    }
}

impl std::fmt::Debug for FrameCall<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FrameCall")
    }
}

#[cfg(all(test, feature = "jit"))]
mod tests {
    use super::*;
    use crate::arg::Arg;
    use crate::engine::Engine;
    use crate::level::Tier;
    use crate::{ArrayKernel, Element};
    use kiln_ir::{ArrayType, FuncBuilder, Scalar};

    /// Weighs the ends of arrays of every kind, each argument by another
    /// power.
    const MIXED: &str = "
        func @mixed(a: f64, x: [f64], m: [f32 rank 2], n: i32, y: mut [i64]) -> (f64, i32) {
            v0 = load x[1]
            v1 = mul v0, 10.0
            v2 = add a, v1
            v3 = load m[1, 2]
            v4 = cast.f64 v3
            v5 = mul v4, 100.0
            v6 = add v2, v5
            v7 = cast.i64 n
            store y[2], v7
            v8 = len m, 1
            v9 = cast.i32 v8
            v10 = sub n, v9
            return v6, v10
        }";

    fn kernel(engine: &Engine, text: &str) -> ArrayKernel {
        let kernel = engine.arrays(kiln_ir::parse(text).unwrap()).unwrap();
        assert!(kernel.prepare().is_some());
        kernel
    }

    #[test]
    fn every_word_stands_where_the_code_reads_it() {
        let engine = Engine::default();
        let kernel = kernel(&engine, MIXED);
        let (x, m, mut y) = ([1.0, 2.0], [0.0f32, 0.0, 0.0, 0.0, 0.0, 3.0], [0i64; 3]);
        let mut call = kernel.frame_call().unwrap();
        call.scalar(0.5);
        call.view(View::from(&x[..]));
        call.view(View::new(&m, [2, 3]).unwrap());
        call.scalar(7i32);
        call.view_mut(ViewMut::from(&mut y[..]));
        let Called::Done(&[sum, rest]) = call.run() else {
            panic!("the call was not made");
        };
        assert_eq!((f64::from_slot(sum), i32::from_slot(rest)), (320.5, 4));
        assert_eq!(y, [0, 0, 7]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let engine = Engine::default();
        let kernel = kernel(&engine, MIXED);
        let (x, m) = ([1.0, 2.0], [0.0f32; 12]);
        let columns = View::new(&m, [6, 2]).unwrap().permuted([1, 0]).unwrap();
        let refused = |put: &dyn Fn(&mut FrameCall<'_, '_>)| {
            let mut call = kernel.frame_call().unwrap();
            put(&mut call);
            matches!(call.run(), Called::Refused)
        };
        assert!(refused(&|_| ()), "nothing");
        assert!(refused(&|call| (0..40).for_each(|_| call.scalar(1.0))));
        for grid in [columns, View::new(&m, [2, 6]).unwrap()] {
            // The first has gaps; of the second `y` is no `mut`.
            let mut call = kernel.frame_call().unwrap();
            let mut y = [0i64; 3];
            call.scalar(0.5);
            call.view(View::from(&x[..]));
            call.view(grid);
            call.scalar(7i32);
            match grid.is_contiguous() {
                true => call.view(View::from(&y[..])),
                false => call.view_mut(ViewMut::from(&mut y[..])),
            }
            assert!(matches!(call.run(), Called::Refused), "{grid:?}");
        }
        engine.set_tier(Tier::Interpreter);
        assert!(kernel.frame_call().is_none());
        engine.set_tier(Tier::Native);
        assert!(kernel.frame_call().is_some());
    }

    #[test]
    fn a_frame_that_is_too_large_is_refused() {
        let engine = Engine::default();
        let mut b = FuncBuilder::new("wide");
        let ty = ArrayType::slice(Scalar::F64);
        let arrays: Vec<_> = (0..20)
            .map(|i| b.array_param(format!("x{i}"), ty))
            .collect();
        let lens: Vec<_> = arrays.iter().map(|&array| b.len(array, 0)).collect();
        let kernel = engine.arrays(b.finish(&lens[..1])).unwrap();
        assert!(kernel.prepare().is_some());
        let x = [1.0];
        let mut call = kernel.frame_call().unwrap();
        (0..20).for_each(|_| call.view(View::from(&x[..])));
        assert!(matches!(call.run(), Called::Refused));
    }

    #[test]
    fn faults_are_those_of_the_other_way_and_retries_leave_nothing() {
        let engine = Engine::default();
        let ratio = kernel(
            &engine,
            "func @ratio(a: i64, b: i64, y: mut [i64]) {
                v0 = ne b, 0
                v1 = guard v0, division_by_zero \"a / b\", a
                v2 = div a, b
                store y[0], v2
            }",
        );
        let mut y = [5i64];
        let mut call = ratio.frame_call().unwrap();
        call.scalar(9i64);
        call.scalar(0i64);
        call.view_mut(ViewMut::from(&mut y[..]));
        let Called::Failed(error) = call.run() else {
            panic!("the guard failed");
        };
        let mut args: [Arg<'_>; 3] = [9i64.into(), 0i64.into(), (&mut y).into()];
        let other = ratio.call_slots(&mut args, &mut []).unwrap_err();
        assert_eq!(format!("{error:?}"), format!("{other:?}"));

        let double = kernel(
            &engine,
            "func @double(x: [f64], y: mut [f64]) {
                v0 = len y
                for v1 in 0..v0 {
                    v2 = load x[v1]
                    store y[v1], v2
                }
            }",
        );
        let (x, mut y) = ([1.0], [5.0, 6.0]);
        let mut call = double.frame_call().unwrap();
        call.view(View::from(&x[..]));
        call.view_mut(ViewMut::from(&mut y[..]));
        assert!(matches!(call.run(), Called::Refused), "x is too short");
        assert_eq!(y, [5.0, 6.0]);
        assert_eq!(engine.stats().retries, 0, "the other way counts it");
    }
}
