//! Kernels that read or write where data say: tables, permutations, products of
//! sparse matrices.

use super::{Buffers, CACHED, Case, Ours, read, x, z, zeros};
use kiln::kernel;

pub(super) const PLACES: &[Case] = &[
    GATHER,
    SCATTER,
    CHOICE,
    SEARCH,
    SERIES,
    SERIES_WHERE,
    SPARSE_ROW,
    SPARSE,
    SPARSE_SUM,
];

/// Elements of the table that is read: half a first-level cache.
const TABLE: usize = 2048;

/// Whole numbers below `most` in no order.
fn indices(n: usize, most: usize) -> Vec<i64> {
    let reals = crate::data::uniform(n, 0.0, most as f64, 11);
    reals.iter().map(|&x| x as i64).collect()
}

#[kernel]
fn gather(t: &[f64], k: &[i64], a: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        y[i] = t[k[i] as usize] * a[i];
    }
}

const GATHER: Case = Case {
    kernel: "gather",
    sizes: CACHED,
    elements: |n| n,
    exact: true,
    buffers: |n| Buffers {
        reals: vec![x(TABLE), z(n), zeros(n)],
        ints: vec![indices(n, TABLE)],
        result: 0.0,
    },
    plain: |buffers| {
        if let [t, a, y] = &mut buffers.reals[..] {
            for ((y, a), &k) in y.iter_mut().zip(&*a).zip(&buffers.ints[0]) {
                *y = t[k as usize] * a;
            }
        }
    },
    ours: Ours::Arrays {
        func: || gather::kernel().func().clone(),
        args: |buffers| match &mut buffers.reals[..] {
            [t, a, y] => vec![read(t), (&buffers.ints[0]).into(), read(a), y.into()],
            _ => Vec::new(),
        },
    },
};

#[kernel]
fn scatter(k: &[i64], a: &[f64], t: &mut [f64]) {
    for i in 0..a.len() {
        let v = a[i];
        t[k[i] as usize] = (v * v + 1.0).sqrt();
    }
}

const SCATTER: Case = Case {
    kernel: "scatter",
    sizes: CACHED,
    elements: |n| n,
    exact: true,
    buffers: |n| Buffers {
        reals: vec![z(n), zeros(TABLE)],
        ints: vec![indices(n, TABLE)],
        result: 0.0,
    },
    plain: |buffers| {
        if let [a, t] = &mut buffers.reals[..] {
            for (v, &k) in a.iter().zip(&buffers.ints[0]) {
                t[k as usize] = (v * v + 1.0).sqrt();
            }
        }
    },
    ours: Ours::Arrays {
        func: || scatter::kernel().func().clone(),
        args: |buffers| match &mut buffers.reals[..] {
            [a, t] => vec![(&buffers.ints[0]).into(), read(a), t.into()],
            _ => Vec::new(),
        },
    },
};

/// How many elements of a table in order are less.
#[kernel]
fn search(t: &[f64], x: &[f64], y: &mut [i64]) {
    for i in 0..x.len() {
        let v = x[i];
        let (mut from, mut to) = (0, t.len());
        while from < to {
            let half = (from + to) / 2;
            if t[half] < v {
                from = half + 1;
            } else {
                to = half;
            }
        }
        y[i] = from as i64;
    }
}

const SEARCH: Case = Case {
    kernel: "search",
    sizes: CACHED,
    elements: |n| n,
    exact: true,
    buffers: |n| Buffers {
        reals: vec![(0..TABLE).map(|i| i as f64 / TABLE as f64).collect(), z(n)],
        ints: vec![vec![0; n]],
        result: 0.0,
    },
    plain: |buffers| {
        if let [t, x] = &buffers.reals[..] {
            for (y, v) in buffers.ints[0].iter_mut().zip(x) {
                *y = t.partition_point(|t| t < v) as i64;
            }
        }
    },
    ours: Ours::Arrays {
        func: || search::kernel().func().clone(),
        args: |buffers| match &buffers.reals[..] {
            [t, x] => vec![read(t), read(x), (&mut buffers.ints[0]).into()],
            _ => Vec::new(),
        },
    },
};

/// The first terms of the exponential series, as many as data say.
#[kernel(overflow = "wrap")]
fn series(terms: &[i64], x: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        let (mut sum, mut term) = (1.0, 1.0);
        for k in 1..terms[i] {
            term *= x[i] / k as f64;
            sum += term;
        }
        y[i] = sum;
    }
}

const SERIES: Case = Case {
    kernel: "series",
    sizes: CACHED,
    elements: |n| n,
    exact: true,
    buffers: |n| Buffers {
        reals: vec![x(n), zeros(n)],
        ints: vec![indices(n, 24)],
        result: 0.0,
    },
    plain: |buffers| {
        if let [x, y] = &mut buffers.reals[..] {
            for ((y, x), &terms) in y.iter_mut().zip(&*x).zip(&buffers.ints[0]) {
                let (mut sum, mut term) = (1.0, 1.0);
                for k in 1..terms {
                    term *= x / k as f64;
                    sum += term;
                }
                *y = sum;
            }
        }
    },
    ours: Ours::Arrays {
        func: || series::kernel().func().clone(),
        args: |buffers| match &mut buffers.reals[..] {
            [x, y] => vec![(&buffers.ints[0]).into(), read(x), y.into()],
            _ => Vec::new(),
        },
    },
};

/// The same where there is a term for it: three of four rounds.
#[kernel(overflow = "wrap")]
fn series_where(terms: &[i64], x: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        if terms[i] > 5 {
            let (mut sum, mut term) = (1.0, 1.0);
            for k in 1..terms[i] {
                term *= x[i] / k as f64;
                sum += term;
            }
            y[i] = sum;
        }
    }
}

const SERIES_WHERE: Case = Case {
    kernel: "series-where",
    sizes: CACHED,
    elements: |n| n,
    exact: true,
    buffers: |n| Buffers {
        reals: vec![x(n), zeros(n)],
        ints: vec![indices(n, 24)],
        result: 0.0,
    },
    plain: |buffers| {
        if let [x, y] = &mut buffers.reals[..] {
            for ((y, x), &terms) in y.iter_mut().zip(&*x).zip(&buffers.ints[0]) {
                if terms > 5 {
                    let (mut sum, mut term) = (1.0, 1.0);
                    for k in 1..terms {
                        term *= x / k as f64;
                        sum += term;
                    }
                    *y = sum;
                }
            }
        }
    },
    ours: Ours::Arrays {
        func: || series_where::kernel().func().clone(),
        args: |buffers| match &mut buffers.reals[..] {
            [x, y] => vec![(&buffers.ints[0]).into(), read(x), y.into()],
            _ => Vec::new(),
        },
    },
};

/// Between the elements of a table, where the place is inside.
#[kernel]
fn interpolate(t: &[f64], x: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        let at = x[i];
        let below = at.floor();
        let k = below as i64;
        y[i] = if k >= 0 && k < t.len() as i64 - 1 {
            let (a, b) = (t[k as usize], t[k as usize + 1]);
            a + (at - below) * (b - a)
        } else {
            f64::NAN
        };
    }
}

const CHOICE: Case = Case {
    kernel: "interpolate",
    sizes: CACHED,
    elements: |n| n,
    exact: true,
    buffers: |n| Buffers {
        reals: vec![
            x(TABLE),
            crate::data::uniform(n, -4.0, TABLE as f64 + 4.0, 12),
            zeros(n),
        ],
        ints: Vec::new(),
        result: 0.0,
    },
    plain: |buffers| {
        if let [t, x, y] = &mut buffers.reals[..] {
            for (y, &at) in y.iter_mut().zip(&*x) {
                let below = at.floor();
                let k = below as i64;
                *y = if k >= 0 && k < t.len() as i64 - 1 {
                    let (a, b) = (t[k as usize], t[k as usize + 1]);
                    a + (at - below) * (b - a)
                } else {
                    f64::NAN
                };
            }
        }
    },
    ours: Ours::Arrays {
        func: || interpolate::kernel().func().clone(),
        args: |buffers| match &mut buffers.reals[..] {
            [t, x, y] => vec![read(t), read(x), y.into()],
            _ => Vec::new(),
        },
    },
};

/// One row of a sparse matrix and a vector, in the fixed shape.
#[kernel(reassoc)]
fn sparse_row(val: &[f64], col: &[i64], x: &[f64]) -> f64 {
    let mut s = 0.0;
    for k in 0..val.len() {
        s += val[k] * x[col[k] as usize];
    }
    s
}

const SPARSE_ROW: Case = Case {
    kernel: "sparse-row",
    sizes: CACHED,
    elements: |n| n,
    exact: false,
    buffers: |n| Buffers {
        reals: vec![z(n), x(TABLE)],
        ints: vec![indices(n, TABLE)],
        result: 0.0,
    },
    plain: |buffers| {
        let pairs = buffers.reals[0].iter().zip(&buffers.ints[0]);
        let x = &buffers.reals[1];
        buffers.result = pairs.fold(0.0, |sum, (v, &k)| sum + v * x[k as usize]);
    },
    ours: Ours::Arrays {
        func: || sparse_row::kernel().func().clone(),
        args: |buffers| match &buffers.reals[..] {
            [val, x] => vec![read(val), (&buffers.ints[0]).into(), read(x)],
            _ => Vec::new(),
        },
    },
};

/// Elements of a row of the sparse matrices.
const ROW: usize = 16;

/// A matrix with `n` elements in rows of [`ROW`].
fn matrix(n: usize) -> Buffers {
    let rows = n.div_ceil(ROW);
    Buffers {
        reals: vec![z(n), x(TABLE), zeros(rows)],
        ints: vec![
            (0..=rows).map(|row| (row * ROW).min(n) as i64).collect(),
            indices(n, TABLE),
        ],
        result: 0.0,
    }
}

fn product(buffers: &mut Buffers) {
    if let ([val, x, y], [first, col]) = (&mut buffers.reals[..], &buffers.ints[..]) {
        for (y, ends) in y.iter_mut().zip(first.windows(2)) {
            let mut s = 0.0;
            for k in ends[0] as usize..ends[1] as usize {
                s += val[k] * x[col[k] as usize];
            }
            *y = s;
        }
    }
}

#[kernel]
fn sparse16(first: &[i64], col: &[i64], val: &[f64], x: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        let mut s = 0.0;
        for k in first[i] as usize..first[i + 1] as usize {
            s += val[k] * x[col[k] as usize];
        }
        y[i] = s;
    }
}

const SPARSE: Case = Case {
    kernel: "sparse16",
    sizes: CACHED,
    elements: |n| n,
    exact: true,
    buffers: matrix,
    plain: product,
    ours: Ours::Arrays {
        func: || sparse16::kernel().func().clone(),
        args: sparse_args,
    },
};

#[kernel(reassoc)]
fn sparse16_sum(first: &[i64], col: &[i64], val: &[f64], x: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        let mut s = 0.0;
        for k in first[i] as usize..first[i + 1] as usize {
            s += val[k] * x[col[k] as usize];
        }
        y[i] = s;
    }
}

const SPARSE_SUM: Case = Case {
    kernel: "sparse16-reassoc",
    exact: false,
    ours: Ours::Arrays {
        func: || sparse16_sum::kernel().func().clone(),
        args: sparse_args,
    },
    ..SPARSE
};

fn sparse_args(buffers: &mut Buffers) -> Vec<kiln::Arg<'_>> {
    match (&mut buffers.reals[..], &buffers.ints[..]) {
        ([val, x, y], [first, col]) => {
            vec![first.into(), col.into(), read(val), read(x), y.into()]
        }
        _ => Vec::new(),
    }
}
