//! Arrays of the ndarray crate as arguments, in every layout.

use kiln::ndarray::{view, view_mut};
use kiln::{ArrayKernel, Builder};
use ndarray::{Array, Array2, ArrayD, ArrayView2, Axis, ShapeBuilder, array, s};

/// `y[i, j] = 10 x[i, j] + j`.
fn kernel() -> ArrayKernel {
    let b = Builder::new("digits");
    let (x, y) = (b.strided::<i64, 2>("x"), b.strided_mut::<i64, 2>("y"));
    b.for_each(0, x.len(), |i| {
        b.for_each(0, x.extent(1), |j| y.set([i, j], x.at([i, j]) * 10 + j));
    });
    b.finish().unwrap().arrays().unwrap()
}

fn check(x: ArrayView2<'_, i64>, mut y: Array2<i64>) {
    kernel()
        .call(&mut [view(&x).unwrap().into(), view_mut(&mut y).unwrap().into()])
        .unwrap();
    let expected = Array::from_shape_fn(x.dim(), |(i, j)| x[[i, j]] * 10 + j as i64);
    assert_eq!(y, expected);
}

#[test]
fn every_layout_that_fills_its_memory_is_taken() {
    let x = Array::from_shape_fn((3, 4), |(i, j)| (10 * i + j) as i64);
    let zeros = || Array2::zeros((3, 4));
    check(x.view(), zeros());
    check(x.view(), Array2::zeros((3, 4).f()));
    check(x.slice(s![..;-1, ..]), zeros());
    check(x.slice(s![..;-1, ..;-1]), zeros());
    check(x.t(), Array2::zeros((4, 3)));
    check(x.t().slice(s![.., ..;-1]), Array2::zeros((4, 3)));
    check(x.slice(s![1..3, ..]), Array2::zeros((2, 4)));
    check(x.slice(s![1..2, 1..3]), Array2::zeros((1, 2)));
    check(x.slice(s![1..1, ..]), Array2::zeros((0, 4)));
    let mut y = zeros();
    y.invert_axis(Axis(0));
    check(x.view(), y);
}

#[test]
fn gaps_and_repetitions_are_refused() {
    let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let error = view(&x.slice(s![.., ..;2])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "an array of shape [2, 2] and strides [3, 2] does not fill its memory: take the window of a view of the whole array"
    );
    assert!(view(&x.column(1)).is_err());
    let row = array![1.0, 2.0];
    assert!(view(&row.broadcast((3, 2)).unwrap()).is_err());
    let deep = ArrayD::<f64>::zeros(vec![1; 5]);
    assert!(view(&deep).unwrap_err().is_limit());
}

#[test]
fn no_elements_and_no_dimensions_are_taken() {
    let none = Array2::<f64>::zeros((0, 3));
    assert_eq!(view(&none).unwrap().shape(), [0, 3]);
    let one = ndarray::arr0(2.5);
    assert_eq!(view(&one).unwrap().get(&[]), Some(2.5));
}

#[cfg(feature = "macros")]
mod kernels {
    use ndarray::{
        Array, Array1, ArrayView1, ArrayView2, ArrayView3, ArrayViewMut2, ArrayViewMut4,
    };

    #[kiln::kernel]
    fn product(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, mut c: ArrayViewMut2<'_, f64>) {
        let (rows, columns) = c.dim();
        for i in 0..rows {
            for j in 0..columns {
                let mut sum = 0.0;
                for l in 0..a.ncols() {
                    sum += a[[i, l]] * b[(l, j)];
                }
                c[[i, j]] = sum;
            }
        }
    }

    #[kiln::kernel]
    fn columns(a: ArrayView2<'_, f64>, weights: ArrayView1<'_, f64>) -> f64 {
        let mut sum = 0.0;
        for j in 0..a.shape()[1] {
            for (x, w) in a.column(j).iter().zip(weights.iter()) {
                sum += x * w * a.row(0)[j];
            }
        }
        sum
    }

    #[kiln::kernel]
    fn outer(a: ArrayView3<'_, i32>, mut b: ArrayViewMut4<'_, i32>) -> usize {
        let (p, q, r) = a.dim();
        for i in 0..p {
            for j in 0..q {
                for k in 0..r {
                    b[[i, j, k, 1]] = a[[i, j, k]] - b[[i, j, k, 0]];
                }
            }
        }
        a.len() + b.len()
    }

    #[test]
    fn views_of_every_layout() {
        let a = Array::from_shape_fn((3, 4), |(i, j)| (i * 7 + j) as f64 - 5.0);
        let b = Array::from_shape_fn((4, 3), |(i, j)| 1.5 - (i * j) as f64);
        let (mut ours, mut rusts) = (Array::zeros((3, 3)), Array::zeros((3, 3)));
        let turned = b.t().as_standard_layout().to_owned();
        let mut backwards = a.clone();
        backwards.invert_axis(ndarray::Axis(1));
        for (a, b) in [
            (a.view(), b.view()),
            (a.view(), turned.t()),
            (backwards.view(), b.view()),
            (b.t(), a.t()),
        ] {
            product(a, b, ours.view_mut());
            product::rust(a, b, rusts.view_mut());
            assert_eq!(ours, rusts);
            product(a, b, ours.t_view_mut());
            assert_eq!(ours.t(), rusts);
            product::interpret(a, b, ours.view_mut());
            assert_eq!(ours, rusts);
        }
        let weights = Array1::from(vec![0.5, 2.0, -1.0]);
        let given = (a.view(), weights.view());
        assert_eq!(columns(given.0, given.1), columns::rust(given.0, given.1));
        assert!(product::kernel().prepare() && columns::kernel().prepare());
    }

    trait Turned<T> {
        fn t_view_mut(&mut self) -> ndarray::ArrayViewMut2<'_, T>;
    }

    impl<T> Turned<T> for ndarray::Array2<T> {
        fn t_view_mut(&mut self) -> ndarray::ArrayViewMut2<'_, T> {
            self.view_mut().reversed_axes()
        }
    }

    #[test]
    fn views_of_three_and_four_dimensions() {
        let a = Array::from_shape_fn((2, 3, 2), |(i, j, k)| (i * 9 + j * 4 + k) as i32);
        let mut ours = Array::from_elem((2, 3, 2, 2), 3);
        let mut rusts = ours.clone();
        let count = outer(a.view(), ours.view_mut());
        assert_eq!(count, outer::rust(a.view(), rusts.view_mut()));
        assert_eq!(ours, rusts);
        assert_ne!(ours, Array::from_elem((2, 3, 2, 2), 3));
    }

    #[test]
    fn what_cannot_be_passed_is_an_error() {
        let a = Array::<f64, _>::zeros((4, 4));
        let inner = a.slice(ndarray::s![1..3, 1..3]);
        let mut c = Array::zeros((2, 2));
        let error = product::try_call(inner, a.view(), c.view_mut()).unwrap_err();
        assert!(
            error.to_string().contains("does not fill its memory"),
            "{error}"
        );
        let error = product::try_call(a.view(), a.slice(ndarray::s![..1, ..]), c.view_mut());
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("index 1 is outside b of length 1"),
            "{error}"
        );
    }
}

#[kiln::kernel]
fn along(a: ArrayView2<'_, f64>, sums: &mut [f64], mut best: ndarray::ArrayViewMut1<'_, u64>) {
    kiln::axis::sum(&a, 0, sums);
    kiln::axis::argmax(&a, 1, &mut best);
}

#[test]
fn reductions_along_an_axis_take_them() {
    let a = Array::from_shape_fn((20, 30), |(i, j)| ((i * 7 + j * 11) % 23) as f64 / 3.0);
    for a in [a.view(), a.t()] {
        let (rows, columns) = a.dim();
        let mut sums = vec![0.0; columns];
        let mut best = Array::zeros(rows);
        along(a, &mut sums, best.view_mut());
        let (mut beside, mut places) = (Array::zeros(columns), Array::<u64, _>::zeros(rows));
        kiln::axis::sum(&a, 0, &mut beside);
        kiln::axis::argmax(&a, 1, &mut places);
        assert_eq!((Array::from(sums), best), (beside.clone(), places.clone()));
        for (j, sum) in beside.iter().enumerate() {
            assert_eq!(*sum, kiln::sum(&a.column(j)));
        }
        for (i, &place) in places.iter().enumerate() {
            assert_eq!(place, kiln::argmax(&a.row(i)) as u64);
        }
    }
}
