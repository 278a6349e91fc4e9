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
