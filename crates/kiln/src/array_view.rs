//! [`ArrayView`] and [`ArrayViewMut`]: views whose number of dimensions is
//! part of their type, as the parameters of a `#[kernel]` are.
//!
//! A [`View`] of any rank is what a kernel is called with when its types are
//! known at run time; these wrap one, so that `a[[i, j]]` is written alike in
//! a kernel and beside it. Absent on purpose: arithmetic on whole arrays,
//! which other crates have; their views are parameters of kernels, too.

use crate::error::{Error, Kind};
use kiln_runtime::{Element, View, ViewMut};
use std::ops::{Index, IndexMut};

/// An array of `N` dimensions, 1 to 4, that is read: elements of a slice, by
/// shape and strides.
///
/// ```
/// use kiln::ArrayView;
///
/// #[kiln::kernel]
/// fn trace(a: ArrayView<'_, f64, 2>) -> f64 {
///     let mut trace = 0.0;
///     for i in 0..a.nrows() {
///         trace += a[[i, i]];
///     }
///     trace
/// }
///
/// let a = ArrayView::new(&[1.0, 2.0, 3.0, 4.0], [2, 2])?;
/// assert_eq!(trace(a), 5.0);
/// assert_eq!(trace::rust(a), 5.0);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ArrayView<'a, T: Element, const N: usize>(View<'a, T>);

/// An array of `N` dimensions, 1 to 4, that is read and written: elements of
/// a slice, by shape and strides. No two elements are one.
#[derive(Debug)]
pub struct ArrayViewMut<'a, T: Element, const N: usize>(ViewMut<'a, T>);

#[cold]
#[track_caller]
fn outside(shape: &[usize], index: &[usize]) -> ! {
    let found = index.iter().zip(shape).find(|(index, len)| index >= len);
    let (index, len) = found.unwrap_or((&0, &0));
    panic!("index out of bounds: the len is {len} but the index is {index}")
}

/// What views to be read and to be written have in common.
macro_rules! common {
    ($($array:ident $view:ident;)*) => {$(
        impl<'a, T: Element, const N: usize> $array<'a, T, N> {
            /// The extent of each dimension.
            pub fn shape(&self) -> &[usize] {
                self.0.shape()
            }

            /// Number of elements.
            pub fn len(&self) -> usize {
                self.0.len()
            }

            /// Whether there are no elements.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// The elements as a slice, if they lie side by side, row-major.
            pub fn as_slice(&self) -> Option<&[T]> {
                self.0.as_slice()
            }

            fn extents(&self) -> [usize; N] {
                let mut extents = [0; N];
                extents.copy_from_slice(self.shape());
                extents
            }

            /// The view, of a rank that is known at run time.
            #[inline]
            pub fn into_view(self) -> $view<'a, T> {
                self.0
            }
        }

        impl<'a, T: Element, const N: usize> TryFrom<$view<'a, T>> for $array<'a, T, N> {
            type Error = Error;

            /// # Errors
            /// When the view has another number of dimensions.
            fn try_from(view: $view<'a, T>) -> Result<Self, Error> {
                match view.rank() == N {
                    true => Ok($array(view)),
                    false => Err(Error::from(Kind::Rank {
                        found: view.rank(),
                        expected: N,
                    })),
                }
            }
        }

        impl<T: Element, const N: usize> Index<[usize; N]> for $array<'_, T, N> {
            type Output = T;

            #[track_caller]
            fn index(&self, index: [usize; N]) -> &T {
                match self.0.get_ref(&index) {
                    Some(element) => element,
                    None => outside(self.shape(), &index),
                }
            }
        }

        impl<T: Element> Index<usize> for $array<'_, T, 1> {
            type Output = T;

            #[track_caller]
            fn index(&self, index: usize) -> &T {
                &self[[index]]
            }
        }

        impl<T: Element> $array<'_, T, 1> {
            /// Number of elements, as the extents of arrays of more
            /// dimensions are given.
            pub fn dim(&self) -> usize {
                self.len()
            }

            /// Each element.
            pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
                (0..self.len()).map(|index| &self[index])
            }
        }

        impl<T: Element> $array<'_, T, 2> {
            /// The number of rows and that of columns.
            pub fn dim(&self) -> (usize, usize) {
                let [rows, columns] = self.extents();
                (rows, columns)
            }

            /// The number of rows, which is the extent of dimension 0.
            pub fn nrows(&self) -> usize {
                self.extents()[0]
            }

            /// The number of columns, which is the extent of dimension 1.
            pub fn ncols(&self) -> usize {
                self.extents()[1]
            }

            /// A row.
            ///
            /// # Panics
            /// When there is no such row.
            #[track_caller]
            pub fn row(&self, index: usize) -> ArrayView<'_, T, 1> {
                self.line(0, index)
            }

            /// A column.
            ///
            /// # Panics
            /// When there is no such column.
            #[track_caller]
            pub fn col(&self, index: usize) -> ArrayView<'_, T, 1> {
                self.line(1, index)
            }

            #[track_caller]
            fn line(&self, dim: usize, index: usize) -> ArrayView<'_, T, 1> {
                match self.as_view().0.index_axis(dim, index) {
                    Ok(line) => ArrayView(line),
                    Err(_) => outside(&self.shape()[dim..], &[index]),
                }
            }
        }

        impl<T: Element> $array<'_, T, 3> {
            /// The extent of each dimension.
            pub fn dim(&self) -> (usize, usize, usize) {
                let [a, b, c] = self.extents();
                (a, b, c)
            }
        }

        impl<T: Element> $array<'_, T, 4> {
            /// The extent of each dimension.
            pub fn dim(&self) -> (usize, usize, usize, usize) {
                let [a, b, c, d] = self.extents();
                (a, b, c, d)
            }
        }
    )*};
}

common! {
    ArrayView View;
    ArrayViewMut ViewMut;
}

impl<'a, T: Element, const N: usize> ArrayView<'a, T, N> {
    /// The elements of a slice, row-major.
    ///
    /// # Errors
    /// When the shape has another number of elements.
    pub fn new(data: &'a [T], shape: [usize; N]) -> Result<Self, Error> {
        View::new(data, shape)?.try_into()
    }

    /// The same elements.
    pub fn as_view(&self) -> ArrayView<'_, T, N> {
        *self
    }
}

impl<'a, T: Element, const N: usize> ArrayViewMut<'a, T, N> {
    /// The elements of a slice, row-major.
    ///
    /// # Errors
    /// When the shape has another number of elements.
    pub fn new(data: &'a mut [T], shape: [usize; N]) -> Result<Self, Error> {
        ViewMut::new(data, shape)?.try_into()
    }

    /// The same elements, to be read.
    pub fn as_view(&self) -> ArrayView<'_, T, N> {
        ArrayView(self.0.as_view())
    }

    /// The same elements, for a shorter time.
    #[inline]
    pub fn reborrow(&mut self) -> ArrayViewMut<'_, T, N> {
        ArrayViewMut(self.0.reborrow())
    }
}

impl<T: Element, const N: usize> IndexMut<[usize; N]> for ArrayViewMut<'_, T, N> {
    #[track_caller]
    fn index_mut(&mut self, index: [usize; N]) -> &mut T {
        let extents = self.extents();
        match self.0.get_mut(&index) {
            Some(element) => element,
            None => outside(&extents, &index),
        }
    }
}

impl<T: Element> IndexMut<usize> for ArrayViewMut<'_, T, 1> {
    #[track_caller]
    fn index_mut(&mut self, index: usize) -> &mut T {
        &mut self[[index]]
    }
}

impl<T: Element> ArrayViewMut<'_, T, 2> {
    /// A row, to be written.
    ///
    /// # Panics
    /// When there is no such row.
    #[track_caller]
    pub fn row_mut(&mut self, index: usize) -> ArrayViewMut<'_, T, 1> {
        self.line_mut(0, index)
    }

    /// A column, to be written.
    ///
    /// # Panics
    /// When there is no such column.
    #[track_caller]
    pub fn col_mut(&mut self, index: usize) -> ArrayViewMut<'_, T, 1> {
        self.line_mut(1, index)
    }

    #[track_caller]
    fn line_mut(&mut self, dim: usize, index: usize) -> ArrayViewMut<'_, T, 1> {
        let extents = self.extents();
        match self.0.reborrow().index_axis(dim, index) {
            Ok(line) => ArrayViewMut(line),
            Err(_) => outside(&extents[dim..], &[index]),
        }
    }
}
