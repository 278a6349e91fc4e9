//! Stencils that ask where the border is: the loops are split there, nothing
//! is asked in them, and no element differs from what plain Rust makes.

use super::engines;
use kiln::{Builder, Func, View, ViewMut};

/// `y[i]` from the neighbours of `x[i]`, where it has two.
fn smooth() -> Func {
    let b = Builder::new("smooth");
    let (x, y) = (b.array::<f64, 1>("x"), b.array_mut::<f64, 1>("y"));
    let n = x.len();
    b.for_each(0, n, |i| {
        let inside = i.gt(0).and(i.lt(n - 1));
        let mean = inside.choose(|| (x.at(i - 1) + x.at(i + 1)) * 0.5, || x.at(i));
        y.set(i, mean);
    });
    b.finish().unwrap()
}

fn smooth_in_rust(x: &[f64]) -> Vec<f64> {
    let mean = |i: usize| match i > 0 && i + 1 < x.len() {
        true => (x[i - 1] + x[i + 1]) * 0.5,
        false => x[i],
    };
    (0..x.len()).map(mean).collect()
}

/// The same over a plane, with a side for each neighbour that is not there.
fn plane() -> Func {
    let b = Builder::new("plane");
    let (x, y) = (b.array::<f64, 2>("x"), b.array_mut::<f64, 2>("y"));
    let (n, m) = (x.extent(0), x.extent(1));
    b.for_each(0, n, |i| {
        b.for_each(0, m, |j| {
            let up = i.eq(0).choose(|| 1.0, || x.at([i - 1, j]));
            let down = i.eq(n - 1).choose(|| 2.0, || x.at([i + 1, j]));
            let left = j.gt(0).choose(|| x.at([i, j - 1]), || 3.0);
            let right = (j + 1).lt(m).choose(|| x.at([i, j + 1]), || 4.0);
            y.set([i, j], (up + down) + (left + right));
        });
    });
    b.finish().unwrap()
}

fn plane_in_rust(x: &[f64], n: usize, m: usize) -> Vec<f64> {
    let at = |i: usize, j: usize| x[i * m + j];
    let mut y = Vec::new();
    for i in 0..n {
        for j in 0..m {
            let up = if i == 0 { 1.0 } else { at(i - 1, j) };
            let down = if i == n - 1 { 2.0 } else { at(i + 1, j) };
            let left = if j > 0 { at(i, j - 1) } else { 3.0 };
            let right = if j + 1 < m { at(i, j + 1) } else { 4.0 };
            y.push((up + down) + (left + right));
        }
    }
    y
}

fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|k| (k as f64 * 0.7).sin()).collect()
}

#[test]
fn the_values_are_those_of_plain_rust() {
    let (smooth, plane) = (smooth(), plane());
    for engine in engines() {
        let kernel = engine.arrays(&smooth).unwrap();
        for n in (0..9).chain([100]) {
            let (x, mut y) = (numbers(n), vec![0.0; n]);
            kernel.call(&mut [(&x).into(), (&mut y).into()]).unwrap();
            assert_eq!(y, smooth_in_rust(&x), "{n} elements");
        }
        let kernel = engine.arrays(&plane).unwrap();
        for (n, m) in [
            (0, 0),
            (0, 3),
            (1, 1),
            (1, 5),
            (2, 2),
            (3, 1),
            (4, 7),
            (20, 30),
        ] {
            let (x, mut y) = (numbers(n * m), vec![0.0; n * m]);
            let from = View::new(&x, [n, m]).unwrap();
            let to = ViewMut::new(&mut y, [n, m]).unwrap();
            kernel.call(&mut [from.into(), to.into()]).unwrap();
            assert_eq!(y, plane_in_rust(&x, n, m), "{n} x {m}");
        }
    }
}

/// An output that is too short fails where it ends, with everything before it
/// written, whichever loop that is in.
#[test]
fn what_does_not_fit_fails_in_its_place() {
    let smooth = smooth();
    for engine in engines() {
        let kernel = engine.arrays(&smooth).unwrap();
        let x = numbers(9);
        for fits in [0, 1, 5, 8] {
            let mut y = vec![0.0; fits];
            let error = kernel
                .call(&mut [(&x).into(), (&mut y).into()])
                .unwrap_err();
            let expected = format!("index {fits} is outside y of length {fits} in @smooth");
            assert_eq!(error.to_string(), expected);
            assert_eq!(y, smooth_in_rust(&x)[..fits]);
        }
    }
}

/// The plane as one slice, its width a constant.
#[cfg(feature = "macros")]
#[kiln::kernel]
fn rows_of_twenty(x: &[f64], y: &mut [f64]) {
    let rows = x.len() / 20;
    for i in 0..rows {
        for j in 0..20 {
            let at = i * 20 + j;
            if i == 0 || i == rows - 1 || j == 0 || j == 19 {
                y[at] = x[at];
            } else {
                y[at] = (x[at - 20] + x[at + 20]) + (x[at - 1] + x[at + 1]);
            }
        }
    }
}

/// The plane as a view.
#[cfg(feature = "macros")]
#[kiln::kernel]
fn inside_of(x: kiln::ArrayView<'_, f64, 2>, mut y: kiln::ArrayViewMut<'_, f64, 2>) {
    let (rows, columns) = x.dim();
    for i in 0..rows {
        for j in 0..columns {
            if i > 0 && i < rows - 1 && j > 0 && j < columns - 1 {
                y[[i, j]] = (x[[i - 1, j]] + x[[i + 1, j]]) + (x[[i, j - 1]] + x[[i, j + 1]]);
            } else {
                y[[i, j]] = x[[i, j]];
            }
        }
    }
}

#[cfg(feature = "macros")]
#[test]
fn a_kernel_over_a_plane_is_split_as_well() {
    use kiln::{ArrayView, ArrayViewMut};
    for (n, m) in [(0, 0), (1, 1), (1, 5), (2, 2), (3, 3), (20, 30)] {
        let x = numbers(n * m);
        let (mut y, mut expected) = (vec![0.0; n * m], vec![0.0; n * m]);
        let from = || ArrayView::new(&x, [n, m]).unwrap();
        inside_of(from(), ArrayViewMut::new(&mut y, [n, m]).unwrap());
        inside_of::rust(from(), ArrayViewMut::new(&mut expected, [n, m]).unwrap());
        assert_eq!(y, expected, "{n} x {m}");
    }
}

#[cfg(feature = "macros")]
#[test]
fn a_kernel_in_rust_is_split_as_well() {
    for rows in [0, 1, 2, 3, 20] {
        let x = numbers(rows * 20);
        let (mut y, mut expected) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        rows_of_twenty(&x, &mut y);
        rows_of_twenty::rust(&x, &mut expected);
        assert_eq!(y, expected, "{rows} rows");
    }
}

#[cfg(all(feature = "macros", feature = "jit"))]
#[test]
fn a_kernel_in_rust_asks_nothing_either() {
    let kernels = [
        rows_of_twenty::kernel().explain(),
        inside_of::kernel().explain(),
    ];
    for explained in kernels {
        let report = explained.unwrap().report;
        assert_eq!(report.matches("split into").count(), 2, "{report}");
        assert!(!report.contains("stays"), "{report}");
    }
}

#[cfg(feature = "jit")]
#[test]
fn the_loops_are_split_and_ask_nothing() {
    let engine = kiln::Engine::builder().build();
    for (func, splits) in [(smooth(), 1), (plane(), 2)] {
        let report = engine.arrays(&func).unwrap().explain().unwrap().report;
        assert_eq!(report.matches("split into").count(), splits, "{report}");
        assert!(!report.contains("stays"), "{report}");
    }
}
