//! [`Line`]: what a reduction reads.

use crate::array_view::{ArrayView, ArrayViewMut};
use kiln_runtime::Element;

/// Elements one after the other: a slice, or a row or a column of an array.
///
/// ```
/// use kiln::ArrayView;
///
/// let a = ArrayView::new(&[1.0, 2.0, 3.0, 4.0], [2, 2])?;
/// assert_eq!(kiln::sum(&a.row(1)), 7.0);
/// assert_eq!(kiln::max(&a.col(0)), 3.0);
/// # Ok::<(), kiln::Error>(())
/// ```
pub trait Line {
    /// The type of an element.
    type Elem: Copy;

    /// Number of elements.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An element.
    ///
    /// # Panics
    /// When there is no such element.
    fn at(&self, index: usize) -> Self::Elem;

    /// The elements, if they lie side by side.
    fn as_slice(&self) -> Option<&[Self::Elem]> {
        None
    }
}

/// Lines that are slices.
macro_rules! slices {
    ($([$($generics:tt)*] $ty:ty;)*) => {$(
        impl<T: Copy $($generics)*> Line for $ty {
            type Elem = T;

            fn len(&self) -> usize {
                self[..].len()
            }

            fn at(&self, index: usize) -> T {
                self[index]
            }

            fn as_slice(&self) -> Option<&[T]> {
                Some(&self[..])
            }
        }
    )*};
}

slices! {
    [] [T];
    [] Vec<T>;
    [, const N: usize] [T; N];
}

/// Lines behind a pointer.
macro_rules! pointers {
    ($($ty:ty;)*) => {$(
        impl<L: Line + ?Sized> Line for $ty {
            type Elem = L::Elem;

            fn len(&self) -> usize {
                (**self).len()
            }

            fn at(&self, index: usize) -> L::Elem {
                (**self).at(index)
            }

            fn as_slice(&self) -> Option<&[L::Elem]> {
                (**self).as_slice()
            }
        }
    )*};
}

pointers! {
    &L;
    &mut L;
    Box<L>;
    std::rc::Rc<L>;
    std::sync::Arc<L>;
}

/// Lines that are views.
macro_rules! views {
    ($($ty:ident)*) => {$(
        impl<T: Element> Line for $ty<'_, T, 1> {
            type Elem = T;

            fn len(&self) -> usize {
                $ty::len(self)
            }

            fn at(&self, index: usize) -> T {
                self[index]
            }

            fn as_slice(&self) -> Option<&[T]> {
                $ty::as_slice(self)
            }
        }
    )*};
}

views! { ArrayView ArrayViewMut }

#[cfg(feature = "ndarray")]
impl<T: Copy, S: ndarray::Data<Elem = T>> Line for ndarray::ArrayBase<S, ndarray::Ix1> {
    type Elem = T;

    fn len(&self) -> usize {
        self.shape()[0]
    }

    fn at(&self, index: usize) -> T {
        self[index]
    }

    fn as_slice(&self) -> Option<&[T]> {
        self.view().to_slice()
    }
}
