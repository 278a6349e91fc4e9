//! [`view`] and [`view_mut`]: arrays of the `ndarray` crate as arguments.
//!
//! An array that fills a piece of memory is taken as it lies, whatever the
//! order of its dimensions and their directions: row-major, column-major,
//! transposed, reversed. A slice that skips elements is not, because those
//! between belong to somebody else; convert the whole array, and take the
//! [`window`](View::window) of that.
//!
//! Absent on purpose: copies that nobody asked for.

use crate::error::{Error, Kind};
use kiln_runtime::{Element, View, ViewMut};
use ndarray::{ArrayBase, Data, DataMut, Dimension};

/// The elements of an array, to be read.
///
/// ```
/// use ndarray::array;
///
/// let b = kiln::Builder::new("trace");
/// let x = b.strided::<f64, 2>("x");
/// b.output("trace", b.sum(0, x.len(), |i| x.at([i, i])));
/// let trace = b.finish()?.arrays()?;
///
/// let x = array![[1.0, 2.0], [3.0, 4.0]];
/// let out = trace.call(&mut [kiln::ndarray::view(&x.t())?.into()])?;
/// assert_eq!(out["trace"].as_f64(), Some(5.0));
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// # Errors
/// When the array has gaps in memory or repeats elements, or more than 4
/// dimensions.
pub fn view<T, S, D>(array: &ArrayBase<S, D>) -> Result<View<'_, T>, Error>
where
    T: Element,
    S: Data<Elem = T>,
    D: Dimension,
{
    let (shape, strides) = (array.shape(), array.strides());
    if array.is_empty() {
        return Ok(View::new(&[], shape)?);
    }
    let data = array.as_slice_memory_order();
    let data = data.ok_or_else(|| gaps(shape, strides))?;
    Ok(View::strided(data, origin(shape, strides), shape, strides)?)
}

/// The elements of an array, to be read and written.
///
/// ```
/// let mut y = ndarray::Array1::<i64>::zeros(3);
/// let b = kiln::Builder::new("squares");
/// let out = b.array_mut::<i64, 1>("y");
/// b.for_each(0, out.len(), |i| out.set(i, i * i));
/// let squares = b.finish()?.arrays()?;
/// squares.call(&mut [kiln::ndarray::view_mut(&mut y)?.into()])?;
/// assert_eq!(y, ndarray::array![0, 1, 4]);
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// # Errors
/// As for [`view`].
pub fn view_mut<T, S, D>(array: &mut ArrayBase<S, D>) -> Result<ViewMut<'_, T>, Error>
where
    T: Element,
    S: DataMut<Elem = T>,
    D: Dimension,
{
    let (shape, strides) = (array.shape().to_vec(), array.strides().to_vec());
    if array.is_empty() {
        return Ok(ViewMut::new(&mut [], shape)?);
    }
    let data = array.as_slice_memory_order_mut();
    let data = data.ok_or_else(|| gaps(&shape, &strides))?;
    Ok(ViewMut::strided(
        data,
        origin(&shape, &strides),
        &shape,
        &strides,
    )?)
}

/// Where the first element lies, counted from the lowest in memory, of an
/// array that has some.
fn origin(shape: &[usize], strides: &[isize]) -> usize {
    let backwards = shape.iter().zip(strides).filter(|(_, stride)| **stride < 0);
    backwards
        .map(|(&extent, stride)| (extent - 1) * stride.unsigned_abs())
        .sum()
}

fn gaps(shape: &[usize], strides: &[isize]) -> Error {
    Error::from(Kind::Gaps {
        shape: shape.to_vec(),
        strides: strides.to_vec(),
    })
}
