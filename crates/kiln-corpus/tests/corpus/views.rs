//! Views of one to four dimensions, and arrays by value.

use crate::harness::corpus;
use kiln::{ArrayView, ArrayViewMut, kernel};

#[kernel]
fn trace(a: ArrayView<'_, f64, 2>) -> f64 {
    let mut trace = 0.0;
    for i in 0..a.nrows() {
        trace += a[[i, i]];
    }
    trace
}

#[kernel]
fn transposed(a: ArrayView<i32, 2>, mut b: ArrayViewMut<i32, 2>) {
    for i in 0..b.nrows() {
        for j in 0..b.ncols() {
            b[[i, j]] = a[[j, i]];
        }
    }
}

#[kernel]
fn in_place(mut a: ArrayViewMut<'_, i64, 2>, i: usize, by: i64) {
    let (rows, columns) = a.dim();
    for j in 0..columns {
        a[[i, j]] += by;
        a[[rows - 1, j]] ^= a[[i, j]];
    }
}

#[kernel]
fn extents(
    a: ArrayView<'_, u8, 1>,
    b: ArrayView<'_, u8, 2>,
    c: ArrayView<'_, u8, 3>,
    d: ArrayView<'_, u8, 4>,
) -> (usize, usize, usize, usize, bool) {
    let (x, y) = b.dim();
    let (p, q, r) = c.dim();
    let (k, l, m, n) = d.dim();
    let lengths = a.len() + b.len() * 3 + c.len() * 5 + d.len() * 7;
    let of_shapes = a.shape()[0] + b.shape()[1] + c.shape()[2] + d.shape()[3];
    (
        lengths,
        of_shapes,
        a.dim() + x + 2 * y + p + 3 * q + r,
        k * l + m * n + b.shape().len(),
        a.is_empty() || b.is_empty() != c.is_empty(),
    )
}

#[kernel]
fn a_dimension_that_varies(a: ArrayView<'_, f32, 3>, n: usize) -> usize {
    let mut product = 1;
    for dim in 0..n % 5 {
        product = product * 7 + a.shape()[dim];
    }
    product
}

#[kernel]
fn rows_and_columns(a: ArrayView<'_, f64, 2>, i: usize, j: usize) -> f64 {
    let row = a.row(i);
    let mut dot = 0.0;
    for k in 0..row.len() {
        dot += row[k] * a.col(j)[k];
    }
    dot + row[[0]]
}

#[kernel]
fn over_rows(a: ArrayView<'_, i32, 2>, mut sums: ArrayViewMut<'_, i32, 1>) {
    for i in 0..a.nrows() {
        let mut sum = 0i32;
        for v in a.row(i).iter() {
            sum = sum.wrapping_add(*v);
        }
        for (k, v) in a.row(i).iter().enumerate().rev() {
            sum = sum.wrapping_mul(3).wrapping_add(*v ^ k as i32);
        }
        sums[i] = sum;
    }
}

#[kernel]
fn written_rows(mut a: ArrayViewMut<'_, f32, 2>, i: usize, j: usize) {
    let columns = a.ncols();
    for k in 0..columns {
        a.row_mut(i)[k] += 1.0;
    }
    for k in 0..a.nrows() {
        a.col_mut(j)[[k]] *= 2.0;
    }
}

#[kernel]
fn cubes(a: ArrayView<'_, f64, 3>, mut b: ArrayViewMut<'_, f64, 4>) {
    let (p, q, r) = a.dim();
    let (k, l, m, n) = b.dim();
    for i in 0..p.min(k) {
        for j in 0..q.min(l) {
            for s in 0..r.min(m) {
                for t in 0..n {
                    b[[i, j, s, t]] = a[[i, j, s]] - t as f64;
                }
            }
        }
    }
}

#[kernel]
fn an_index_of_its_own(a: ArrayView<'_, u16, 2>, i: usize, j: usize) -> u16 {
    let mut at = [i, j];
    at[1] += 1;
    a[at]
}

#[kernel]
fn smoothed(u: ArrayView<'_, f64, 2>, mut v: ArrayViewMut<'_, f64, 2>) {
    let (rows, columns) = u.dim();
    assert!(rows > 0 && columns > 0, "there is nothing to smooth");
    for i in 1..rows - 1 {
        for j in 1..columns - 1 {
            v[[i, j]] = 0.25 * (u[[i - 1, j]] + u[[i + 1, j]] + u[[i, j - 1]] + u[[i, j + 1]]);
        }
    }
}

#[kernel]
fn norm(v: ArrayView<'_, f64, 1>) -> f64 {
    let mut sum = 0.0;
    for x in v.iter() {
        sum += x * x;
    }
    sum.sqrt()
}

#[kernel]
fn calls_with_views(a: ArrayView<'_, f64, 2>, mut b: ArrayViewMut<'_, f64, 1>) -> f64 {
    for i in 0..a.nrows() {
        b[i] = norm(a.row(i));
    }
    trace(a) + norm(b.as_view())
}

#[kernel]
fn arrays_by_value(a: [f64; 3], b: [[i32; 2]; 3], i: usize) -> (f64, i32) {
    (a[i] + a[0], b[i][1] - b[2][i])
}

#[kernel]
fn an_array_of_ones_own(mut a: [i64; 4], by: i64) -> i64 {
    for v in a.iter_mut() {
        *v ^= by;
    }
    a.swap(0, 3);
    a[0] - a[1]
}

#[kernel]
fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

#[kernel]
fn gives_nested(m: [[f32; 2]; 2], n: u8) -> (u8, [[f32; 2]; 2]) {
    let mut power = [[1.0, 0.0], [0.0, 1.0]];
    for _ in 0..n % 7 {
        let mut next = [[0.0f32; 2]; 2];
        for i in 0..2 {
            for j in 0..2 {
                next[i][j] = power[i][0] * m[0][j] + power[i][1] * m[1][j];
            }
        }
        power = next;
    }
    (n, power)
}

#[kernel]
fn scaled(mut v: [f64; 3], by: f64) -> [f64; 3] {
    v[0] *= by;
    v[1] *= by;
    v[2] *= by;
    v
}

#[kernel]
fn calls_with_arrays(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    let c = cross(a, scaled(b, 2.0));
    let d = scaled(c, c[0]);
    [c[0] - d[0], d[1], a[2]]
}

#[kernel]
fn a_row_ends_where_it_ends(i: usize, j: usize) -> i32 {
    let table = [[1, 2, 3], [4, 5, 6]];
    table[0][j % 5] + table[i % 2][0]
}

#[kernel]
fn words_by_value(a: [usize; 2], b: [isize; 2], c: [bool; 2]) -> [usize; 2] {
    let i = if c[0] { 0 } else { 1 };
    [a[i] & 255, (b[i] & 7) as usize]
}

corpus! {
    trace(a: GridIn<f64, 2>);
    transposed(a: GridIn<i32, 2>, b: GridMut<i32, 2>);
    in_place(a: GridMut<i64, 2>, i: Few<usize>, by: i64);
    extents(a: GridIn<u8, 1>, b: GridIn<u8, 2>, c: GridIn<u8, 3>, d: GridIn<u8, 4>);
    a_dimension_that_varies(a: GridIn<f32, 3>, n: Few<usize>);
    rows_and_columns(a: GridIn<f64, 2>, i: Few<usize>, j: Few<usize>);
    over_rows(a: GridIn<i32, 2>, sums: GridMut<i32, 1>);
    written_rows(a: GridMut<f32, 2>, i: Few<usize>, j: Few<usize>);
    cubes(a: GridIn<f64, 3>, b: GridMut<f64, 4>);
    an_index_of_its_own(a: GridIn<u16, 2>, i: Few<usize>, j: Few<usize>);
    smoothed(u: GridIn<f64, 2>, v: GridMut<f64, 2>);
    norm(v: GridIn<f64, 1>);
    calls_with_views(a: GridIn<f64, 2>, b: GridMut<f64, 1>);
    arrays_by_value(a: [f64; 3], b: [[i32; 2]; 3], i: Few<usize>);
    an_array_of_ones_own(a: [i64; 4], by: i64);
    cross(a: [f64; 3], b: [f64; 3]);
    gives_nested(m: [[f32; 2]; 2], n: u8);
    scaled(v: [f64; 3], by: f64);
    calls_with_arrays(a: [f64; 3], b: [f64; 3]);
    a_row_ends_where_it_ends(i: Few<usize>, j: Few<usize>);
    words_by_value(a: [usize; 2], b: [isize; 2], c: [bool; 2]);
}
