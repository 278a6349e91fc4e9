//! Arrays of a computation being built: parameters and local ones.
//!
//! An index outside its array ends the call with an error that names the
//! array, the index and the length; what was stored before stays.

use super::{Builder, Literal, Var};
use kiln_ir::{Access, ArrayRef, ArrayType, Layout, NodeId, ParamType};
use kiln_runtime::Element;
use std::marker::PhantomData;
use std::panic::Location;
use std::sync::Arc;

/// An array that the computation reads, of `N` dimensions. Copies name the
/// same array.
pub struct Array<'b, T, const N: usize>(Handle<'b, T>);

/// An array that the computation reads and writes, of `N` dimensions. Copies
/// name the same array.
pub struct ArrayMut<'b, T, const N: usize>(Handle<'b, T>);

struct Handle<'b, T> {
    builder: &'b Builder,
    array: ArrayRef,
    ty: PhantomData<T>,
}

impl<T> Clone for Handle<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<'_, T> {}

/// The index of an element: one for each of `N` dimensions, as a handle, a
/// plain number, an array or a tuple of them.
pub trait Index<'b, const N: usize> {
    #[doc(hidden)]
    fn ids(self, builder: &'b Builder) -> [NodeId; N];
}

impl<'b, I: Literal<'b, i64>> Index<'b, 1> for I {
    fn ids(self, builder: &'b Builder) -> [NodeId; 1] {
        [self.to_var(builder).id()]
    }
}

impl<'b, I: Literal<'b, i64>, const N: usize> Index<'b, N> for [I; N] {
    fn ids(self, builder: &'b Builder) -> [NodeId; N] {
        self.map(|index| index.to_var(builder).id())
    }
}

macro_rules! tuples {
    ($($n:literal: $($name:ident)*;)*) => {$(
        impl<'b, $($name: Literal<'b, i64>),*> Index<'b, $n> for ($($name,)*) {
            #[allow(non_snake_case, reason = "the parts are named as their types")]
            fn ids(self, builder: &'b Builder) -> [NodeId; $n] {
                let ($($name,)*) = self;
                [$($name.to_var(builder).id()),*]
            }
        }
    )*};
}

tuples! {
    2: A B;
    3: A B C;
    4: A B C D;
}

/// What arrays that are read and those that are written have in common.
macro_rules! common {
    ($($array:ident)*) => {$(
        impl<T, const N: usize> Clone for $array<'_, T, N> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T, const N: usize> Copy for $array<'_, T, N> {}

        impl<T: Element, const N: usize> std::fmt::Debug for $array<'_, T, N> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let name = self.0.builder.array_name(self.0.array);
                write!(f, "{name}: [{} rank {N}]", T::SCALAR)
            }
        }

        impl<'b, T: Element, const N: usize> $array<'b, T, N> {
            /// The extent in the first dimension.
            ///
            /// # Panics
            /// When the array has no dimension.
            pub fn len(self) -> Var<'b, i64> {
                self.extent(0)
            }

            /// The extent in a dimension, counted from 0.
            ///
            /// # Panics
            /// When there is no such dimension.
            pub fn extent(self, dim: usize) -> Var<'b, i64> {
                assert!(dim < N, "there is no dimension {dim} in an array of {N}");
                let b = self.0.builder;
                let id = b.state.borrow_mut().func.len(self.0.array, dim as u8);
                Var::new(b, id)
            }

            /// An element, as it is when the computation comes here.
            #[track_caller]
            pub fn at(self, index: impl Index<'b, N>) -> Var<'b, T> {
                let b = self.0.builder;
                let index = index.ids(b);
                let after = b.guard_index(self.0.array, &index);
                let func = &mut b.state.borrow_mut().func;
                let id = func.load_as(self.0.array, &index, after, 1);
                Var::new(b, id)
            }

            pub(super) fn array(self) -> ArrayRef {
                self.0.array
            }

            pub(super) fn builder(self) -> &'b Builder {
                self.0.builder
            }
        }
    )*};
}

common! { Array ArrayMut }

impl<'b, T: Element, const N: usize> ArrayMut<'b, T, N> {
    /// Writes an element.
    #[track_caller]
    pub fn set(self, index: impl Index<'b, N>, value: impl Literal<'b, T>) {
        let b = self.0.builder;
        let index = index.ids(b);
        let value = value.to_var(b).id();
        b.guard_index(self.0.array, &index);
        b.state.borrow_mut().func.store(self.0.array, &index, value);
    }

    #[track_caller]
    pub(super) fn guard(self, builder: &Builder, index: &[NodeId]) {
        let is_ours = std::ptr::eq(self.0.builder, builder);
        assert!(is_ours, "the array is another builder's");
        builder.guard_index(self.0.array, index);
    }
}

impl Builder {
    /// Adds an array that is read, whose elements lie side by side.
    ///
    /// # Panics
    /// When there is an input of this name, or more than 4 dimensions.
    pub fn array<T: Element, const N: usize>(&self, name: &str) -> Array<'_, T, N> {
        Array(self.add_array(name, N, Access::Read, Layout::Contiguous))
    }

    /// Adds an array that is read and written, whose elements lie side by
    /// side.
    ///
    /// # Panics
    /// As for [`array`](Self::array).
    pub fn array_mut<T: Element, const N: usize>(&self, name: &str) -> ArrayMut<'_, T, N> {
        ArrayMut(self.add_array(name, N, Access::Mut, Layout::Contiguous))
    }

    /// Adds an array that is read, with strides: every view fits.
    ///
    /// ```
    /// let b = kiln::Builder::new("trace");
    /// let x = b.strided::<f64, 2>("x");
    /// b.output("trace", b.sum(0, x.len(), |i| x.at([i, i])));
    /// let trace = b.finish()?.arrays()?;
    /// let data = [1.0, 2.0, 3.0, 4.0];
    /// let x = kiln::View::new(&data, [2, 2])?;
    /// for (x, expected) in [(x, 5.0), (x.window(0, 1, -1, 2)?, 5.0), (x.permuted([1, 0])?, 5.0)] {
    ///     assert_eq!(trace.call(&mut [x.into()])?["trace"].as_f64(), Some(expected));
    /// }
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Panics
    /// As for [`array`](Self::array).
    pub fn strided<T: Element, const N: usize>(&self, name: &str) -> Array<'_, T, N> {
        Array(self.add_array(name, N, Access::Read, Layout::Strided))
    }

    /// Adds an array that is read and written, with strides.
    ///
    /// # Panics
    /// As for [`array`](Self::array).
    pub fn strided_mut<T: Element, const N: usize>(&self, name: &str) -> ArrayMut<'_, T, N> {
        ArrayMut(self.add_array(name, N, Access::Mut, Layout::Strided))
    }

    /// Makes a small array of `len` zeros, which lives as long as the call.
    ///
    /// ```
    /// let b = kiln::Builder::new("most");
    /// let x = b.array::<u8, 1>("x");
    /// let counts = b.local::<i64>(256);
    /// b.for_each(0, x.len(), |i| {
    ///     let bin = x.at(i).cast::<i64>();
    ///     counts.set(bin, counts.at(bin) + 1);
    /// });
    /// b.output("most", b.greatest(0, counts.len(), |i| counts.at(i)));
    /// let most = b.finish()?.arrays()?;
    /// assert_eq!(most.call(&mut [(&[7u8, 1, 7, 7]).into()])?["most"].as_i64(), Some(3));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn local<T: Element>(&self, len: u32) -> ArrayMut<'_, T, 1> {
        let array = self.state.borrow_mut().func.local(T::SCALAR, len);
        ArrayMut(self.handle(array))
    }

    fn handle<T>(&self, array: ArrayRef) -> Handle<'_, T> {
        Handle {
            builder: self,
            array,
            ty: PhantomData,
        }
    }

    fn add_array<T: Element>(
        &self,
        name: &str,
        rank: usize,
        access: Access,
        layout: Layout,
    ) -> Handle<'_, T> {
        assert!(
            rank <= usize::from(ArrayType::RANK_MAX),
            "{rank} dimensions"
        );
        let ty = ArrayType {
            elem: T::SCALAR,
            rank: rank as u8,
            access,
            layout,
        };
        let mut state = self.state.borrow_mut();
        let taken = state.inputs.iter().any(|(known, _)| known == name);
        assert!(!taken, "input `{name}` exists already");
        state.inputs.push((name.to_owned(), ParamType::Array(ty)));
        let array = state.func.array_param(name, ty);
        drop(state);
        self.handle(array)
    }

    fn array_name(&self, array: ArrayRef) -> String {
        match array {
            ArrayRef::Param(index) => self.state.borrow().inputs[index as usize].0.clone(),
            ArrayRef::Local(_) => "a local array".to_owned(),
        }
    }

    /// Guards an access, unless one that is over has guarded the same.
    #[track_caller]
    fn guard_index(&self, array: ArrayRef, index: &[NodeId]) -> Option<NodeId> {
        let name = self.array_name(array);
        let site = Arc::new(Location::caller().into());
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let known = |scope: &super::Scope| scope.get(&(array, index.to_vec())).copied();
        if let Some(guard) = state.scopes.iter().find_map(known) {
            return guard;
        }
        let guard = state.func.guard_index(array, index, &name, Some(site));
        if let Some(scope) = state.scopes.last_mut() {
            scope.insert((array, index.to_vec()), guard);
        }
        guard
    }
}
