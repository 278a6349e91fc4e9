//! Views: arrays of 0 to 4 dimensions in a caller's slice.
//!
//! A view is a slice and a checked [`Grid`], so it is safe code throughout: one
//! that would reach outside its slice cannot be made, and one to be written
//! has a place of its own for every element.

use crate::element::Element;
use crate::error::RuntimeError;
use crate::grid::Grid;
use std::fmt;

/// An array that is read: elements of a slice, by shape and strides.
///
/// ```
/// use kiln_runtime::View;
///
/// let data = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let rows = View::new(&data, [2, 3])?;
/// assert_eq!(rows.get(&[1, 0]), Some(4.0));
/// // The transpose, without its first row, is the same memory.
/// let columns = rows.permuted([1, 0])?.window(0, 1, 1, 2)?;
/// assert_eq!((columns.shape(), columns.strides()), (&[2, 2][..], &[1, 3][..]));
/// assert_eq!(columns.get(&[1, 1]), Some(6.0));
/// # Ok::<(), kiln_runtime::RuntimeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct View<'a, T> {
    pub(crate) data: &'a [T],
    pub(crate) grid: Grid,
}

/// An array that is read and written: elements of a slice, by shape and
/// strides. No two elements are one.
pub struct ViewMut<'a, T> {
    pub(crate) data: &'a mut [T],
    pub(crate) grid: Grid,
}

/// What views to be read and to be written have in common.
macro_rules! common {
    ($($view:ident)*) => {$(
        impl<'a, T: Element> $view<'a, T> {
            /// Number of dimensions.
            pub fn rank(&self) -> usize {
                self.grid.rank()
            }

            /// The extent of each dimension.
            pub fn shape(&self) -> &[usize] {
                self.grid.shape()
            }

            /// The distance between neighbours in each dimension, in elements.
            pub fn strides(&self) -> &[isize] {
                self.grid.strides()
            }

            /// Number of elements.
            pub fn len(&self) -> usize {
                self.grid.len()
            }

            /// Whether there are no elements.
            pub fn is_empty(&self) -> bool {
                self.grid.is_empty()
            }

            /// Whether the elements lie side by side, row-major.
            pub fn is_contiguous(&self) -> bool {
                self.grid.is_contiguous()
            }

            /// An element; `None` outside the shape.
            pub fn get(&self, index: &[usize]) -> Option<T> {
                self.data.get(self.grid.locate(index)?).copied()
            }

            /// As [`get`](Self::get), where the element lies.
            #[inline]
            pub fn get_ref(&self, index: &[usize]) -> Option<&T> {
                self.data.get(self.grid.locate(index)?)
            }

            /// The elements as a slice, if they lie side by side, row-major.
            #[inline]
            pub fn as_slice(&self) -> Option<&[T]> {
                let start = self.grid.geometry().origin;
                let end = start.checked_add(self.len())?;
                self.data.get(start..end).filter(|_| self.is_contiguous())
            }

            /// What is at `index` of dimension `dim`, without that dimension:
            /// of a matrix a row or a column.
            ///
            /// # Errors
            /// When there is no such dimension, or it is not as long.
            pub fn index_axis(
                self,
                dim: usize,
                index: usize,
            ) -> Result<$view<'a, T>, RuntimeError> {
                let grid = self.grid.index_axis(dim, index)?;
                $view::on(self.data, grid)
            }

            /// `len` elements of dimension `dim`, from `start` on and `step`
            /// apart; `step` may be negative.
            ///
            /// # Errors
            /// When there is no such dimension or an element lies outside it;
            /// and a `step` of 0 over several elements to be written.
            pub fn window(
                self,
                dim: usize,
                start: usize,
                step: isize,
                len: usize,
            ) -> Result<$view<'a, T>, RuntimeError> {
                let grid = self.grid.window(dim, start, step, len)?;
                $view::on(self.data, grid)
            }

            /// The dimensions in another order: `[1, 0]` is the transpose.
            ///
            /// # Errors
            /// When `dims` does not name each dimension once.
            pub fn permuted(
                self,
                dims: impl AsRef<[usize]>,
            ) -> Result<$view<'a, T>, RuntimeError> {
                let grid = self.grid.permuted(dims.as_ref())?;
                $view::on(self.data, grid)
            }
        }

        impl<T: Element> fmt::Debug for $view<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (shape, strides) = (self.grid.shape(), self.grid.strides());
                let name = stringify!($view);
                write!(f, "{name}({} {shape:?}, strides {strides:?})", T::SCALAR)
            }
        }
    )*};
}

common! { View ViewMut }

impl<'a, T: Element> View<'a, T> {
    /// The elements of a slice, row-major.
    ///
    /// # Errors
    /// When the shape has another number of elements, or more than 4
    /// dimensions.
    pub fn new(data: &'a [T], shape: impl AsRef<[usize]>) -> Result<View<'a, T>, RuntimeError> {
        View::on(data, Grid::contiguous(data.len(), shape.as_ref())?)
    }

    /// Element `(i, j, ..)` is the one at `origin + i * strides[0] +
    /// j * strides[1] + ..` in `data`; strides may be 0 or negative.
    ///
    /// # Errors
    /// When an element would lie outside `data`, with the index it would have;
    /// when there is not one stride per dimension, or more than 4 dimensions.
    pub fn strided(
        data: &'a [T],
        origin: usize,
        shape: impl AsRef<[usize]>,
        strides: impl AsRef<[isize]>,
    ) -> Result<View<'a, T>, RuntimeError> {
        let grid = Grid::strided(data.len(), origin, shape.as_ref(), strides.as_ref())?;
        View::on(data, grid)
    }

    /// The view repeated to a shape, as NumPy does: dimensions are matched
    /// from the last, and one of extent 1, or one that is not there, is
    /// repeated.
    ///
    /// # Errors
    /// When an extent is neither 1 nor what is asked for.
    pub fn broadcast(self, shape: impl AsRef<[usize]>) -> Result<View<'a, T>, RuntimeError> {
        View::on(self.data, self.grid.broadcast(shape.as_ref())?)
    }

    fn on(data: &'a [T], grid: Grid) -> Result<View<'a, T>, RuntimeError> {
        Ok(View { data, grid })
    }
}

impl<'a, T: Element> ViewMut<'a, T> {
    /// The elements of a slice, row-major.
    ///
    /// # Errors
    /// When the shape has another number of elements, or more than 4
    /// dimensions.
    pub fn new(
        data: &'a mut [T],
        shape: impl AsRef<[usize]>,
    ) -> Result<ViewMut<'a, T>, RuntimeError> {
        let grid = Grid::contiguous(data.len(), shape.as_ref())?;
        ViewMut::on(data, grid)
    }

    /// As [`View::strided`].
    ///
    /// # Errors
    /// As there; and when two elements would be one.
    pub fn strided(
        data: &'a mut [T],
        origin: usize,
        shape: impl AsRef<[usize]>,
        strides: impl AsRef<[isize]>,
    ) -> Result<ViewMut<'a, T>, RuntimeError> {
        let grid = Grid::strided(data.len(), origin, shape.as_ref(), strides.as_ref())?;
        ViewMut::on(data, grid)
    }

    /// The same elements, to be read.
    pub fn as_view(&self) -> View<'_, T> {
        View {
            data: self.data,
            grid: self.grid,
        }
    }

    /// As [`get_ref`](Self::get_ref), to be written.
    #[inline]
    pub fn get_mut(&mut self, index: &[usize]) -> Option<&mut T> {
        self.data.get_mut(self.grid.locate(index)?)
    }

    /// The same elements, for a shorter time.
    #[inline]
    pub fn reborrow(&mut self) -> ViewMut<'_, T> {
        ViewMut {
            data: self.data,
            grid: self.grid,
        }
    }

    fn on(data: &'a mut [T], grid: Grid) -> Result<ViewMut<'a, T>, RuntimeError> {
        if !grid.is_injective() {
            return Err(RuntimeError::SelfOverlap {
                shape: grid.shape().to_vec(),
                strides: grid.strides().to_vec(),
            });
        }
        Ok(ViewMut { data, grid })
    }
}

impl<'a, T: Element> From<&'a [T]> for View<'a, T> {
    #[inline(always)]
    fn from(data: &'a [T]) -> View<'a, T> {
        let grid = Grid::line(data.len());
        View { data, grid }
    }
}

impl<'a, T: Element> From<&'a mut [T]> for ViewMut<'a, T> {
    #[inline(always)]
    fn from(data: &'a mut [T]) -> ViewMut<'a, T> {
        let grid = Grid::line(data.len());
        ViewMut { data, grid }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_to_be_written_has_no_element_twice() {
        let mut data = [0i32; 6];
        assert!(ViewMut::strided(&mut data, 0, [2, 3], [3, 1]).is_ok());
        assert!(ViewMut::strided(&mut data, 5, [2, 3], [-3, -1]).is_ok());
        for strides in [[0, 1], [1, 1], [2, 1]] {
            let error = ViewMut::strided(&mut data, 0, [2, 3], strides).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("two elements of a view"), "{text}");
        }
        let line = ViewMut::from(&mut data[..]);
        assert!(line.window(0, 2, 0, 2).is_err());
    }

    #[test]
    fn a_row_and_a_column_are_views_of_one_dimension_less() {
        let mut data = [1, 2, 3, 4, 5, 6];
        let view = View::new(&data, [2, 3]).unwrap();
        let (row, column) = (view.index_axis(0, 1), view.index_axis(1, 2));
        let (row, column) = (row.unwrap(), column.unwrap());
        assert_eq!((row.shape(), row.strides()), (&[3][..], &[1][..]));
        assert_eq!((column.shape(), column.strides()), (&[2][..], &[3][..]));
        assert_eq!(row.get_ref(&[2]), Some(&6));
        assert_eq!(column.get_ref(&[0]), Some(&3));
        assert!(view.index_axis(0, 2).is_err() && view.index_axis(2, 0).is_err());
        let mut view = ViewMut::new(&mut data, [2, 3]).unwrap();
        *view.get_mut(&[1, 1]).unwrap() = 9;
        assert_eq!(view.get_mut(&[2, 0]), None);
        let column = view.index_axis(1, 1).unwrap();
        assert_eq!(column.get(&[1]), Some(9));
    }

    #[test]
    fn views_say_what_they_are() {
        let mut data = [1u8, 2, 3, 4];
        let view = View::new(&data, [2, 2]).unwrap();
        assert_eq!(format!("{view:?}"), "View(u8 [2, 2], strides [2, 1])");
        let all = view.broadcast([3, 2, 2]).unwrap();
        assert_eq!((all.len(), all.rank()), (12, 3));
        assert_eq!(all.get(&[2, 1, 1]), Some(4));
        assert_eq!(all.get(&[3, 0, 0]), None);
        assert_eq!(all.get(&[0, 0]), None);
        let mut written = ViewMut::from(&mut data[..]);
        assert!(written.reborrow().as_view().is_contiguous() && !written.is_empty());
    }
}
