//! Reductions of slices, in a shape that depends on their length alone.
//!
//! They are ordinary functions, and in a `#[kernel]` the reductions of shape
//! `tree` of the language: the same bits in both, on every machine, whatever
//! vectors compute them. Absent on purpose: sums in order, which
//! `x.iter().sum()` gives.

use crate::element::{Number, Real};
use kiln_ir::Combine;

/// Values in a block of the shape.
const BLOCK: usize = 1024;

/// The most lanes of a block: 16 for values of 8 bytes, 32 for smaller ones.
const LANES_MAX: usize = 32;

/// A block for each binary digit of a length.
const DIGITS: usize = usize::BITS as usize;

/// What `len` values combine to. Values go round the lanes of a block, lanes
/// are folded in halves, and blocks are combined like the digits of a binary
/// counter, at the end from the last block to the first.
fn tree<T: Number>(combine: Combine, len: usize, at: impl Fn(usize) -> T) -> T {
    let join = |x, y| T::combined(combine, x, y);
    let lanes = if size_of::<T>() == 8 { 16 } else { LANES_MAX };
    let identity = identity(combine);
    let (mut done, mut digits) = ([identity; DIGITS], 0);
    for (block, start) in (0..len).step_by(BLOCK).enumerate() {
        let mut values = [identity; LANES_MAX];
        let values = &mut values[..lanes];
        for first in (start..len.min(start + BLOCK)).step_by(lanes) {
            for (value, index) in values.iter_mut().zip(first..len) {
                *value = join(*value, at(index));
            }
        }
        let mut width = lanes / 2;
        while width > 0 {
            let (low, high) = values.split_at_mut(width);
            for (low, &high) in low.iter_mut().zip(&*high) {
                *low = join(*low, high);
            }
            width /= 2;
        }
        let mut value = values[0];
        for _ in 0..block.trailing_ones() {
            digits -= 1;
            value = join(done[digits], value);
        }
        done[digits] = value;
        digits += 1;
    }
    let blocks = done[..digits].iter().copied().rev();
    blocks
        .reduce(|right, left| join(left, right))
        .unwrap_or(identity)
}

/// What leaves every value as it is.
fn identity<T: Number>(combine: Combine) -> T {
    T::from_slot(combine.identity(T::SCALAR).bits())
}

/// The sum; -0.0 of no floats. Integers wrap.
///
/// ```
/// #[kiln::kernel]
/// fn total(x: &[f64]) -> f64 {
///     kiln::sum(x)
/// }
///
/// let x: Vec<f64> = (0..5000).map(|i| 1.0 / f64::from(i + 1)).collect();
/// assert_eq!(total(&x), kiln::sum(&x));
/// ```
pub fn sum<T: Number>(x: &[T]) -> T {
    tree(Combine::Sum, x.len(), |index| x[index])
}

/// The product; 1 of nothing. Integers wrap.
pub fn product<T: Number>(x: &[T]) -> T {
    tree(Combine::Product, x.len(), |index| x[index])
}

/// What the message of [`dot`] says.
pub(crate) const LENGTHS: &str = "the dot product of slices of different lengths";

/// The sum of the products of what stands at the same index.
///
/// # Panics
/// When the slices have different lengths.
#[track_caller]
pub fn dot<T: Number>(x: &[T], y: &[T]) -> T {
    assert!(x.len() == y.len(), "{LENGTHS}");
    let product = |index: usize| T::combined(Combine::Product, x[index], y[index]);
    tree(Combine::Sum, x.len(), product)
}

/// The sum by the number of elements; NaN of nothing.
pub fn mean<T: Real>(x: &[T]) -> T {
    sum(x) / T::from_usize(x.len())
}

/// What the messages of [`min`] and [`max`] say.
pub(crate) const NOTHING: &str = "the least or greatest of no values";

/// The least element; NaN if one is.
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn min<T: Number>(x: &[T]) -> T {
    assert!(!x.is_empty(), "{NOTHING}");
    tree(Combine::Min, x.len(), |index| x[index])
}

/// The greatest element; NaN if one is.
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn max<T: Number>(x: &[T]) -> T {
    assert!(!x.is_empty(), "{NOTHING}");
    tree(Combine::Max, x.len(), |index| x[index])
}
