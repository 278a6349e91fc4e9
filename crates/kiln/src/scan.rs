//! Running totals of slices, in order.
//!
//! They are ordinary functions, and in a `#[kernel]` loops that carry the
//! value: the same bits in both, because each element waits for the one before.
//! Absent on purpose: blocks that are added up apart and joined, which would
//! be faster and round differently.

use crate::element::Number;
use crate::line::Line;
use kiln_ir::Combine;

/// What the messages of running totals say.
pub(crate) const LENGTHS: &str = "the running total of slices of different lengths";

#[track_caller]
fn running<T: Number>(combine: Combine, x: &(impl Line<Elem = T> + ?Sized), out: &mut [T]) {
    assert!(x.len() == out.len(), "{LENGTHS}");
    let mut total = T::from_slot(combine.identity(T::SCALAR).bits());
    for (index, out) in out.iter_mut().enumerate() {
        total = T::combined(combine, total, x.at(index));
        *out = total;
    }
}

/// The sum up to each element, as NumPy's `cumsum`. Integers wrap.
///
/// ```
/// #[kiln::kernel]
/// fn balance(changes: &[f64], out: &mut [f64]) {
///     kiln::cumsum(changes, out);
/// }
///
/// let mut out = [0.0; 3];
/// balance(&[2.0, -0.5, 1.0], &mut out);
/// assert_eq!(out, [2.0, 1.5, 2.5]);
/// ```
///
/// # Panics
/// When the slices have different lengths.
#[track_caller]
pub fn cumsum<T: Number>(x: &(impl Line<Elem = T> + ?Sized), out: &mut [T]) {
    running(Combine::Sum, x, out);
}

/// The product up to each element, as NumPy's `cumprod`. Integers wrap.
///
/// # Panics
/// When the slices have different lengths.
#[track_caller]
pub fn cumprod<T: Number>(x: &(impl Line<Elem = T> + ?Sized), out: &mut [T]) {
    running(Combine::Product, x, out);
}

/// The greatest element up to each, as NumPy's `maximum.accumulate`: NaN from
/// the first NaN on.
///
/// # Panics
/// When the slices have different lengths.
#[track_caller]
pub fn cummax<T: Number>(x: &(impl Line<Elem = T> + ?Sized), out: &mut [T]) {
    running(Combine::Max, x, out);
}

/// The least element up to each, as NumPy's `minimum.accumulate`: NaN from
/// the first NaN on.
///
/// # Panics
/// When the slices have different lengths.
#[track_caller]
pub fn cummin<T: Number>(x: &(impl Line<Elem = T> + ?Sized), out: &mut [T]) {
    running(Combine::Min, x, out);
}
