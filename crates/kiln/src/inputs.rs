//! How named values and columns are handed over: lists of pairs, and maps.
//!
//! A list of pairs is written for one formula, so a name in it that the
//! formula does not use is an error. A map or a record is data that exists
//! anyway, so names the formula does not use are ignored. Nothing is ever bound
//! by the order of names.

use crate::column::Column;
use crate::value::Value;
use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

/// Things by name: `T` is a [`Value`] or a [`Column`]. Lists of pairs and maps
/// are inputs.
pub trait Inputs<T> {
    /// The thing of this name.
    fn find(&self, name: &str) -> Option<T>;

    /// Every name there is.
    fn names(&self) -> impl Iterator<Item = &str>;

    /// Number of things, where each has to be used; `None` where more than
    /// that are in order.
    fn exact_len(&self) -> Option<usize>;
}

/// Lists and maps of one kind of thing. Columns have to be columns already, so
/// that `x.into()` in a list is understood to make one.
macro_rules! inputs_of {
    ($thing:ty: [$($generics:tt)*] $value:ty) => {
        impl<$($generics)*, K: AsRef<str>> Inputs<$thing> for [(K, $value)] {
            fn find(&self, name: &str) -> Option<$thing> {
                let found = self.iter().find(|(known, _)| known.as_ref() == name);
                found.map(|(_, value)| value.clone().into())
            }

            fn names(&self) -> impl Iterator<Item = &str> {
                self.iter().map(|(name, _)| name.as_ref())
            }

            fn exact_len(&self) -> Option<usize> {
                Some(self.len())
            }
        }

        impl<$($generics)*, K, S> Inputs<$thing> for HashMap<K, $value, S>
        where
            K: Borrow<str> + Eq + Hash,
            S: BuildHasher,
        {
            fn find(&self, name: &str) -> Option<$thing> {
                self.get(name).map(|value| value.clone().into())
            }

            fn names(&self) -> impl Iterator<Item = &str> {
                self.keys().map(Borrow::borrow)
            }

            fn exact_len(&self) -> Option<usize> {
                None
            }
        }

        impl<$($generics)*, K: Borrow<str> + Ord> Inputs<$thing> for BTreeMap<K, $value> {
            fn find(&self, name: &str) -> Option<$thing> {
                self.get(name).map(|value| value.clone().into())
            }

            fn names(&self) -> impl Iterator<Item = &str> {
                self.keys().map(Borrow::borrow)
            }

            fn exact_len(&self) -> Option<usize> {
                None
            }
        }
    };
}

inputs_of!(Value: [V: Clone + Into<Value>] V);
inputs_of!(Column<'a>: ['a] Column<'a>);

/// Hands on to what stands behind: a reference, a vector, an array.
macro_rules! forwarded {
    ($([$($generics:tt)*] $ty:ty, $inner:ty, |$this:ident| $target:expr;)*) => {$(
        impl<$($generics)*> Inputs<T> for $ty
        where
            $inner: Inputs<T>,
        {
            fn find(&self, name: &str) -> Option<T> {
                let $this = self;
                <$inner as Inputs<T>>::find($target, name)
            }

            fn names(&self) -> impl Iterator<Item = &str> {
                let $this = self;
                <$inner as Inputs<T>>::names($target)
            }

            fn exact_len(&self) -> Option<usize> {
                let $this = self;
                <$inner as Inputs<T>>::exact_len($target)
            }
        }
    )*};
}

forwarded! {
    [T, I: ?Sized] &I, I, |this| *this;
    [T, P] Vec<P>, [P], |this| this.as_slice();
    [T, P, const N: usize] [P; N], [P], |this| this.as_slice();
}
