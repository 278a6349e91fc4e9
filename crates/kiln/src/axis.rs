//! Reductions along one axis of an array, as NumPy's with `axis=`: each element
//! of the result is the reduction of one lane of the array.
//!
//! They are ordinary functions, and in a `#[kernel]` loops that run on vectors
//! along the last axis and across any other one. Both have the bits of the
//! reduction of the same name, [`kiln::sum`](crate::sum()) and so on, of every
//! lane. The axis is counted from 0, and in a kernel it is a literal. The
//! result has the dimensions of the array but that one; those of an array of
//! one dimension are taken by the reductions of the crate themselves.
//!
//! ```
//! use kiln::ArrayView;
//!
//! #[kiln::kernel]
//! fn centres(points: ArrayView<'_, f64, 2>, centre: &mut [f64], spread: &mut [f64]) {
//!     kiln::axis::mean(&points, 0, centre);
//!     kiln::axis::std_dev(&points, 0, spread);
//! }
//!
//! let points = ArrayView::new(&[1.0, 10.0, 2.0, 10.0, 6.0, 40.0], [3, 2])?;
//! let (mut centre, mut spread) = ([0.0; 2], [0.0; 2]);
//! centres(points, &mut centre, &mut spread);
//! assert_eq!(centre, [3.0, 20.0]);
//!
//! // The same without a kernel, along the rows.
//! let mut sums = [0.0; 3];
//! kiln::axis::sum(&points, 1, &mut sums);
//! assert_eq!(sums, [11.0, 12.0, 46.0]);
//! # Ok::<(), kiln::Error>(())
//! ```
//!
//! Absent on purpose: several axes at once, which are two calls, and results
//! that are allocated here.

use crate::array_view::{ArrayView, ArrayViewMut};
use crate::element::{Number, Real};
use crate::line::Line;
use crate::math::Unary;
use kiln_runtime::{Element, View, ViewMut};

#[doc(hidden)]
pub use crate::expand::axis::{
    all, any, argmax, argmin, count, logsumexp, max, mean, min, product, std_dev, sum, var,
};

/// What the messages say of an axis that there is not.
pub(crate) const NO_AXIS: &str = "the array has no such axis";
/// What the messages say of a result of another shape.
pub(crate) const SHAPE: &str = "the shape of the result is not that of the array without the axis";

/// An array that is reduced: a [`View`], an [`ArrayView`], an array of
/// ndarray.
pub trait Read {
    /// The type of its elements.
    type Elem: Element;
    /// Its elements.
    fn elements(&self) -> View<'_, Self::Elem>;
}

/// What takes the results: a slice for an array of two dimensions, and views.
pub trait Write {
    /// The type of its elements.
    type Elem;
    /// Whether its extents are these.
    fn has_shape(&self, shape: &[usize]) -> bool;
    /// Writes an element.
    ///
    /// # Panics
    /// When there is no such element.
    fn write(&mut self, index: &[usize], value: Self::Elem);
}

/// A type that holds an index or a number of elements.
pub trait Ordinal {
    /// An index as this type.
    fn of(index: usize) -> Self;
}

macro_rules! ordinals {
    ($($ty:ident)*) => {$(
        impl Ordinal for $ty {
            fn of(index: usize) -> $ty {
                index as $ty
            }
        }
    )*};
}

ordinals! { usize u64 i64 }

impl<T: Element> Read for View<'_, T> {
    type Elem = T;

    fn elements(&self) -> View<'_, T> {
        *self
    }
}

impl<T: Element> Read for ViewMut<'_, T> {
    type Elem = T;

    fn elements(&self) -> View<'_, T> {
        self.as_view()
    }
}

impl<T: Element, const N: usize> Read for ArrayView<'_, T, N> {
    type Elem = T;

    fn elements(&self) -> View<'_, T> {
        self.into_view()
    }
}

impl<T: Element, const N: usize> Read for ArrayViewMut<'_, T, N> {
    type Elem = T;

    fn elements(&self) -> View<'_, T> {
        self.as_view().into_view()
    }
}

impl<A: Read + ?Sized> Read for &A {
    type Elem = A::Elem;

    fn elements(&self) -> View<'_, A::Elem> {
        (**self).elements()
    }
}

/// An array with gaps in memory is none of kiln's.
#[cfg(feature = "ndarray")]
impl<T, S, D> Read for ndarray::ArrayBase<S, D>
where
    T: Element,
    S: ndarray::Data<Elem = T>,
    D: ndarray::Dimension,
{
    type Elem = T;

    fn elements(&self) -> View<'_, T> {
        match crate::ndarray::view(self) {
            Ok(view) => view,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Slices that take results.
macro_rules! slices {
    ($([$($generics:tt)*] $ty:ty;)*) => {$(
        impl<T $($generics)*> Write for $ty {
            type Elem = T;

            fn has_shape(&self, shape: &[usize]) -> bool {
                *shape == [self[..].len()]
            }

            fn write(&mut self, index: &[usize], value: T) {
                self[index[0]] = value;
            }
        }
    )*};
}

slices! {
    [] [T];
    [] Vec<T>;
    [, const N: usize] [T; N];
}

impl<O: Write + ?Sized> Write for &mut O {
    type Elem = O::Elem;

    fn has_shape(&self, shape: &[usize]) -> bool {
        (**self).has_shape(shape)
    }

    fn write(&mut self, index: &[usize], value: O::Elem) {
        (**self).write(index, value);
    }
}

impl<T: Element> Write for ViewMut<'_, T> {
    type Elem = T;

    fn has_shape(&self, shape: &[usize]) -> bool {
        self.shape() == shape
    }

    #[track_caller]
    fn write(&mut self, index: &[usize], value: T) {
        match self.get_mut(index) {
            Some(element) => *element = value,
            None => panic!("no element {index:?} in the shape {:?}", self.shape()),
        }
    }
}

impl<T: Element, const N: usize> Write for ArrayViewMut<'_, T, N> {
    type Elem = T;

    fn has_shape(&self, shape: &[usize]) -> bool {
        self.shape() == shape
    }

    #[track_caller]
    fn write(&mut self, index: &[usize], value: T) {
        self.reborrow().into_view().write(index, value);
    }
}

#[cfg(feature = "ndarray")]
impl<T, S, D> Write for ndarray::ArrayBase<S, D>
where
    T: Element,
    S: ndarray::DataMut<Elem = T>,
    D: ndarray::Dimension,
{
    type Elem = T;

    fn has_shape(&self, shape: &[usize]) -> bool {
        self.shape() == shape
    }

    #[track_caller]
    fn write(&mut self, index: &[usize], value: T) {
        self.view_mut().into_dyn()[index] = value;
    }
}

/// The elements of an array along an axis.
struct Lane<'a, T>(View<'a, T>);

impl<T: Element> Line for Lane<'_, T> {
    type Elem = T;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn at(&self, index: usize) -> T {
        match self.0.get_ref(&[index]) {
            Some(&element) => element,
            None => unreachable!("an index below the length"),
        }
    }

    fn as_slice(&self) -> Option<&[T]> {
        self.0.as_slice()
    }
}

/// Reduces every lane.
#[track_caller]
fn each_lane<T: Element, R>(
    a: View<'_, T>,
    axis: usize,
    out: &mut (impl Write<Elem = R> + ?Sized),
    needs_some: bool,
    reduce: impl Fn(&Lane<'_, T>) -> R,
) {
    assert!(axis < a.rank(), "{NO_AXIS}");
    let others: Vec<usize> = (0..a.rank()).filter(|&dim| dim != axis).collect();
    let shape: Vec<usize> = others.iter().map(|&dim| a.shape()[dim]).collect();
    assert!(a.rank() > 1 && out.has_shape(&shape), "{SHAPE}");
    assert!(
        !needs_some || a.shape()[axis] > 0,
        "{}",
        crate::reduce::NOTHING
    );
    let count = shape.iter().product();
    let mut index = vec![0; others.len()];
    for _ in 0..count {
        out.write(&index, reduce(&lane(a, &others, &index)));
        for (at, extent) in index.iter_mut().zip(&shape).rev() {
            *at += 1;
            if *at < *extent {
                break;
            }
            *at = 0;
        }
    }
}

/// What is left of an array at an index in all dimensions but one.
fn lane<'a, T: Element>(mut a: View<'a, T>, others: &[usize], index: &[usize]) -> Lane<'a, T> {
    // From the last dimension on, so that those before keep their numbers.
    for (&dim, &at) in others.iter().zip(index).rev() {
        a = match a.index_axis(dim, at) {
            Ok(rest) => rest,
            Err(_) => unreachable!("an index inside of the shape"),
        };
    }
    Lane(a)
}

/// Functions of an array, an axis and a result.
macro_rules! along {
    ($(
        $(#[$doc:meta])*
        $name:ident [$($generics:tt)*] [$elem:ty] -> $result:ident, $needs_some:literal;
    )*) => {$(
        $(#[$doc])*
        ///
        /// # Panics
        /// When the array has no such axis, or the shape of the result is not
        /// the array's without it.
        #[track_caller]
        pub fn $name<$($generics)*>(
            a: &(impl Read<Elem = $elem> + ?Sized),
            axis: usize,
            out: &mut (impl Write<Elem = along!(@result $result)> + ?Sized),
        ) {
            each_lane(a.elements(), axis, out, $needs_some, |lane| {
                along!(@of $result crate::reduce::$name(lane))
            });
        }
    )*};
    (@result Ordinal) => { R };
    (@result $result:ident) => { $result };
    (@of Ordinal $value:expr) => { R::of($value) };
    (@of $result:ident $value:expr) => { $value };
}

along! {
    /// The sum of every lane; -0.0 of no floats. Integers wrap.
    sum [T: Number] [T] -> T, false;
    /// The product of every lane; 1 of nothing. Integers wrap.
    product [T: Number] [T] -> T, false;
    /// The mean of every lane; NaN of nothing.
    mean [T: Real] [T] -> T, false;
    /// The mean of the squares of the distances from the mean, of every lane;
    /// NaN of nothing.
    var [T: Real] [T] -> T, false;
    /// The square root of the variance of every lane.
    std_dev [T: Real] [T] -> T, false;
    /// The logarithm of the sum of the exponentials of every lane; minus
    /// infinity of nothing.
    logsumexp [T: Real + Unary] [T] -> T, false;
    /// The least element of every lane; NaN if one is. It panics, too, when
    /// lanes have no elements.
    min [T: Number] [T] -> T, true;
    /// The greatest element of every lane; NaN if one is. It panics, too,
    /// when lanes have no elements.
    max [T: Number] [T] -> T, true;
    /// The index of the least element of every lane, the first of several; of
    /// the first NaN, if there is one. It panics, too, when lanes have no
    /// elements.
    argmin [T: Number, R: Ordinal] [T] -> Ordinal, true;
    /// The index of the greatest element of every lane, the first of several;
    /// of the first NaN, if there is one. It panics, too, when lanes have no
    /// elements.
    argmax [T: Number, R: Ordinal] [T] -> Ordinal, true;
    /// Whether an element is true, of every lane.
    any [] [bool] -> bool, false;
    /// Whether every element is true, of every lane; so it is of nothing.
    all [] [bool] -> bool, false;
    /// How many elements are true, of every lane.
    count [R: Ordinal] [bool] -> Ordinal, false;
}
