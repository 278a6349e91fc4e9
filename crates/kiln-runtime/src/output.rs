//! [`Output`]: an array that has no values until a kernel has made them.
//!
//! It begins as zeros, which large allocations are anyway: a kernel may leave
//! elements unwritten and may read what it writes, so memory without a value
//! could be seen. What cannot be seen is the half of a call that failed.

use crate::element::Element;
use crate::error::RuntimeError;
use crate::grid::Grid;
use crate::view::View;
use std::fmt;

/// An array that a call fills. It has values once a call has succeeded;
/// elements that the kernel left out are zero.
///
/// ```
/// use kiln_runtime::{Engine, Output};
///
/// let squares = kiln_ir::parse("func @squares(y: mut [i64]) {
///     v0 = len y
///     for v1 in 0..v0 {
///         v2 = mul v1, v1
///         store y[v1], v2
///     }
/// }").unwrap();
/// let mut y = Output::<i64>::new([4])?;
/// assert_eq!(y.values(), None);
/// Engine::default().arrays(squares)?.call(&mut [(&mut y).into()], &mut [])?;
/// assert_eq!(y.into_values(), Some(vec![0, 1, 4, 9]));
/// # Ok::<(), kiln_runtime::RuntimeError>(())
/// ```
pub struct Output<T> {
    data: Vec<T>,
    grid: Grid,
    values: Values,
}

/// What the elements of an output are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Values {
    /// All zero.
    None,
    /// What a call that failed, or that runs, has written so far.
    Some,
    /// What a call has made.
    All,
}

impl<T: Element> Output<T> {
    /// An output of this shape, without values.
    ///
    /// # Errors
    /// When there are more than 4 dimensions, or more elements than memory
    /// can hold.
    pub fn new(shape: impl AsRef<[usize]>) -> Result<Output<T>, RuntimeError> {
        let shape = shape.as_ref();
        let too_large = || RuntimeError::Elements {
            shape: shape.to_vec(),
            found: isize::MAX as usize / size_of::<T>(),
        };
        let len = shape
            .iter()
            .try_fold(1usize, |n, &extent| n.checked_mul(extent))
            .filter(|&n| n <= isize::MAX as usize / size_of::<T>())
            .ok_or_else(too_large)?;
        Ok(Output {
            grid: Grid::contiguous(len, shape)?,
            data: vec![T::default(); len],
            values: Values::None,
        })
    }

    /// The extent of each dimension.
    pub fn shape(&self) -> &[usize] {
        self.grid.shape()
    }

    /// The elements, row-major; `None` until a call has succeeded.
    pub fn values(&self) -> Option<&[T]> {
        (self.values == Values::All).then_some(&*self.data)
    }

    /// The elements as an array; `None` until a call has succeeded.
    pub fn view(&self) -> Option<View<'_, T>> {
        let data = self.values()?;
        Some(View {
            data,
            grid: self.grid,
        })
    }

    /// The elements, row-major; `None` when no call has succeeded.
    pub fn into_values(self) -> Option<Vec<T>> {
        (self.values == Values::All).then_some(self.data)
    }

    /// What a call needs: zeros, and where to say what became of them.
    pub(crate) fn parts(&mut self) -> (&mut [T], Grid, &mut Values) {
        if self.values != Values::None {
            self.data.fill(T::default());
            self.values = Values::None;
        }
        (&mut self.data, self.grid, &mut self.values)
    }
}

impl<T: Element> fmt::Debug for Output<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = self.grid.shape();
        let state = match self.values {
            Values::All => "with values",
            Values::None | Values::Some => "without values",
        };
        write!(f, "Output({} {shape:?}, {state})", T::SCALAR)
    }
}
