//! Reductions of slices, rows and columns, in a shape that depends on their
//! length alone.
//!
//! They are ordinary functions, and in a `#[kernel]` the reductions of shape
//! `tree` of the language: the same bits in both, on every machine, whatever
//! vectors compute them. Absent on purpose: sums in order, which
//! `x.iter().sum()` gives.
//!
//! The variance is taken in two passes, the second over the distances from
//! the mean (Chan, Golub and LeVeque, "Algorithms for computing the sample
//! variance", The American Statistician 1983), and the logarithm of a sum of
//! exponentials after the greatest is taken from each, so neither loses its
//! digits, or its range, on the way.

use crate::element::{Number, Real};
use crate::line::Line;
use crate::math::Unary;
use kiln_ir::Combine;

/// What a function of each element combines to.
fn tree<T: Number>(
    combine: Combine,
    x: &(impl Line<Elem = T> + ?Sized),
    value: impl Fn(T) -> T,
) -> T {
    let join = |x, y| T::combined(combine, x, y);
    let identity = identity(combine);
    match x.as_slice() {
        Some(x) => kiln_ir::tree(join, identity, x.len(), |index| value(x[index])),
        None => kiln_ir::tree(join, identity, x.len(), |index| value(x.at(index))),
    }
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
pub fn sum<T: Number>(x: &(impl Line<Elem = T> + ?Sized)) -> T {
    tree(Combine::Sum, x, |x| x)
}

/// The product; 1 of nothing. Integers wrap.
pub fn product<T: Number>(x: &(impl Line<Elem = T> + ?Sized)) -> T {
    tree(Combine::Product, x, |x| x)
}

/// What the message of [`dot`] says.
pub(crate) const LENGTHS: &str = "the dot product of slices of different lengths";

/// The sum of the products of what stands at the same index.
///
/// # Panics
/// When the slices have different lengths.
#[track_caller]
pub fn dot<T: Number>(x: &(impl Line<Elem = T> + ?Sized), y: &(impl Line<Elem = T> + ?Sized)) -> T {
    assert!(x.len() == y.len(), "{LENGTHS}");
    let product = |index: usize| T::combined(Combine::Product, x.at(index), y.at(index));
    let join = |x, y| T::combined(Combine::Sum, x, y);
    kiln_ir::tree(join, identity(Combine::Sum), x.len(), product)
}

/// The sum by the number of elements; NaN of nothing.
pub fn mean<T: Real>(x: &(impl Line<Elem = T> + ?Sized)) -> T {
    sum(x) / T::from_usize(x.len())
}

/// What the messages of [`min`] and [`max`] say.
pub(crate) const NOTHING: &str = "the least or greatest of no values";

/// The least element; NaN if one is.
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn min<T: Number>(x: &(impl Line<Elem = T> + ?Sized)) -> T {
    assert!(!x.is_empty(), "{NOTHING}");
    tree(Combine::Min, x, |x| x)
}

/// The greatest element; NaN if one is.
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn max<T: Number>(x: &(impl Line<Elem = T> + ?Sized)) -> T {
    assert!(!x.is_empty(), "{NOTHING}");
    tree(Combine::Max, x, |x| x)
}

/// The mean of the squares of the distances from the mean, as NumPy's `var`;
/// NaN of nothing.
///
/// ```
/// let x: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i % 2)).collect();
/// assert_eq!(kiln::var(&x), 0.25);
/// assert_eq!(kiln::std_dev(&x), 0.5);
/// ```
pub fn var<T: Real>(x: &(impl Line<Elem = T> + ?Sized)) -> T {
    let mean = mean(x);
    let square = |x: T| {
        let distance = x - mean;
        distance * distance
    };
    tree(Combine::Sum, x, square) / T::of(x.len() as f64)
}

/// The square root of the [variance](var()), as NumPy's `std`.
pub fn std_dev<T: Real>(x: &(impl Line<Elem = T> + ?Sized)) -> T {
    var(x).sqrt()
}

/// The logarithm of the sum of the exponentials; minus infinity of nothing.
///
/// ```
/// assert_eq!(kiln::logsumexp(&[1000.0, 1000.0]), 1000.0 + kiln::math::log(2.0));
/// ```
pub fn logsumexp<T: Real + Unary>(x: &(impl Line<Elem = T> + ?Sized)) -> T {
    let greatest = tree(Combine::Max, x, |x| x);
    let from = match greatest.is_finite() {
        true => greatest,
        false => T::ZERO,
    };
    let part = |x: T| Unary::exp(x - from);
    Unary::log(tree(Combine::Sum, x, part)) + from
}

/// The index of the least element, the first of several; of the first NaN,
/// if there is one.
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn argmin<T: Number>(x: &(impl Line<Elem = T> + ?Sized)) -> usize {
    first(x, min(x))
}

/// The index of the greatest element, the first of several; of the first
/// NaN, if there is one.
///
/// ```
/// assert_eq!(kiln::argmax(&[2.0, 7.0, 7.0]), 1);
/// assert_eq!(kiln::argmax(&[2.0, f64::NAN, f64::INFINITY]), 1);
/// ```
///
/// # Panics
/// When there is none.
#[track_caller]
pub fn argmax<T: Number>(x: &(impl Line<Elem = T> + ?Sized)) -> usize {
    first(x, max(x))
}

/// Where an element is first equal to `value`, which one is, or NaN.
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
fn first<T: Number>(x: &(impl Line<Elem = T> + ?Sized), value: T) -> usize {
    let mut places = 0..x.len();
    let found = places.find(|&index| {
        let x = x.at(index);
        x == value || x != x
    });
    found.unwrap_or(x.len())
}

/// Whether one is true.
pub fn any(x: &(impl Line<Elem = bool> + ?Sized)) -> bool {
    (0..x.len()).any(|index| x.at(index))
}

/// Whether every one is true; so it is of nothing.
pub fn all(x: &(impl Line<Elem = bool> + ?Sized)) -> bool {
    (0..x.len()).all(|index| x.at(index))
}

/// How many are true, as NumPy's `count_nonzero`.
pub fn count(x: &(impl Line<Elem = bool> + ?Sized)) -> usize {
    (0..x.len()).filter(|&index| x.at(index)).count()
}
