//! Kernels of loops over arrays: reductions, recurrences, nests, searches.

use super::{Buffers, CACHED, COLUMNS, Case, Ours, read, reals, x, z, zeros};
use crate::data::uniform;
use kiln::{Arg, ArrayView, ArrayViewMut, View, ViewMut, kernel};

pub(super) const LOOPS: &[Case] = &[
    SUM, DOT, LINE, MAX, EMA, HIST, MANDEL, JACOBI, MATMUL, PAIRDIST, COLLATZ,
];

#[kernel]
fn sum(x: &[f64]) -> f64 {
    kiln::sum(x)
}

const SUM: Case = Case {
    kernel: "sum",
    sizes: COLUMNS,
    elements: |n| n,
    exact: false,
    buffers: |n| reals([x(n)]),
    plain: |buffers| buffers.result = buffers.reals[0].iter().fold(0.0, |sum, x| sum + x),
    ours: Ours::Arrays {
        func: || sum::kernel().func().clone(),
        args: |buffers| vec![read(&buffers.reals[0])],
    },
};

/// The five sums of a line through points, in one loop, as one number.
#[kernel(reassoc)]
fn line(x: &[f64], z: &[f64]) -> f64 {
    let (mut sx, mut sz, mut sxx, mut sxz, mut szz) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for i in 0..x.len() {
        sx += x[i];
        sz += z[i];
        sxx += x[i] * x[i];
        sxz += x[i] * z[i];
        szz += z[i] * z[i];
    }
    (sx * sz + sxz) / (1.0 + sxx + szz)
}

const LINE: Case = Case {
    kernel: "line",
    sizes: COLUMNS,
    elements: |n| n,
    exact: false,
    buffers: |n| reals([x(n), z(n)]),
    plain: |buffers| {
        let (mut sx, mut sz, mut sxx, mut sxz, mut szz) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (x, z) in buffers.reals[0].iter().zip(&buffers.reals[1]) {
            sx += x;
            sz += z;
            sxx += x * x;
            sxz += x * z;
            szz += z * z;
        }
        buffers.result = (sx * sz + sxz) / (1.0 + sxx + szz);
    },
    ours: Ours::Arrays {
        func: || line::kernel().func().clone(),
        args: |buffers| vec![read(&buffers.reals[0]), read(&buffers.reals[1])],
    },
};

#[kernel]
fn dot(x: &[f64], z: &[f64]) -> f64 {
    kiln::dot(x, z)
}

const DOT: Case = Case {
    kernel: "dot",
    sizes: COLUMNS,
    elements: |n| n,
    exact: false,
    buffers: |n| reals([x(n), z(n)]),
    plain: |buffers| {
        let pairs = buffers.reals[0].iter().zip(&buffers.reals[1]);
        buffers.result = pairs.fold(0.0, |sum, (x, z)| sum + x * z);
    },
    ours: Ours::Arrays {
        func: || dot::kernel().func().clone(),
        args: |buffers| buffers.reals.iter().map(|column| read(column)).collect(),
    },
};

#[kernel]
fn max(x: &[f64]) -> f64 {
    kiln::max(x)
}

const MAX: Case = Case {
    kernel: "max",
    sizes: COLUMNS,
    elements: |n| n,
    exact: true,
    buffers: |n| reals([x(n)]),
    plain: |buffers| {
        let start = f64::NEG_INFINITY;
        let larger = |m: f64, &x: &f64| if x > m { x } else { m };
        buffers.result = buffers.reals[0].iter().fold(start, larger);
    },
    ours: Ours::Arrays {
        func: || max::kernel().func().clone(),
        args: |buffers| vec![read(&buffers.reals[0])],
    },
};

/// Exponential moving average.
#[kernel]
fn ema(a: f64, x: &[f64], y: &mut [f64]) {
    let mut s = 0.0;
    for i in 0..x.len() {
        s = a * x[i] + (1.0 - a) * s;
        y[i] = s;
    }
}

const EMA: Case = Case {
    kernel: "ema",
    sizes: CACHED,
    elements: |n| n,
    exact: true,
    buffers: |n| reals([x(n), zeros(n)]),
    plain: |buffers| {
        if let [x, y] = &mut buffers.reals[..] {
            let (a, mut s) = (0.1, 0.0);
            for (y, &x) in y.iter_mut().zip(&*x) {
                s = a * x + (1.0 - a) * s;
                *y = s;
            }
        }
    },
    ours: Ours::Arrays {
        func: || ema::kernel().func().clone(),
        args: |buffers| match &mut buffers.reals[..] {
            [x, y] => vec![0.1.into(), read(x), y.into()],
            _ => Vec::new(),
        },
    },
};

#[kernel(overflow = "wrap")]
fn hist256(z: &[f64], counts: &mut [i64]) {
    let bins = counts.len() as i64;
    let scale = bins as f64;
    for z in z.iter() {
        let bin = (z * scale) as i64;
        if bin >= 0 && bin < bins {
            counts[bin as usize] += 1;
        }
    }
}

const HIST: Case = Case {
    kernel: "hist256",
    sizes: CACHED,
    elements: |n| n,
    exact: true,
    buffers: |n| Buffers {
        reals: vec![z(n)],
        ints: vec![vec![0; 256]],
        result: 0.0,
    },
    plain: |buffers| {
        let counts = &mut buffers.ints[0];
        let bins = counts.len() as i64;
        for z in &buffers.reals[0] {
            let bin = (z * bins as f64) as i64;
            if 0 <= bin && bin < bins {
                counts[bin as usize] += 1;
            }
        }
    },
    ours: Ours::Arrays {
        func: || hist256::kernel().func().clone(),
        args: |buffers| vec![read(&buffers.reals[0]), (&mut buffers.ints[0]).into()],
    },
};

const STEPS: i64 = 200;

/// Steps until a point leaves the circle of radius 2.
#[kernel(overflow = "wrap")]
fn mandel200(most: i64, re: &[f64], im: &[f64], steps: &mut [i64]) {
    for i in 0..re.len() {
        let (a, c) = (re[i], im[i]);
        let (mut x, mut y, mut k) = (0.0, 0.0, 0);
        while k < most && x * x + y * y <= 4.0 {
            (x, y) = (x * x - y * y + a, 2.0 * x * y + c);
            k += 1;
        }
        steps[i] = k;
    }
}

const MANDEL: Case = Case {
    kernel: "mandel200",
    sizes: &[256],
    elements: |n| n * n,
    exact: true,
    buffers: |n| {
        let line = |lo: f64, hi: f64, i: usize| lo + (hi - lo) * i as f64 / (n.max(2) - 1) as f64;
        let points = 0..n * n;
        Buffers {
            reals: vec![
                points.clone().map(|i| line(-2.0, 0.5, i % n)).collect(),
                points.map(|i| line(-1.25, 1.25, i / n)).collect(),
            ],
            ints: vec![vec![0; n * n]],
            result: 0.0,
        }
    },
    plain: |buffers| {
        for (i, steps) in buffers.ints[0].iter_mut().enumerate() {
            let (a, b) = (buffers.reals[0][i], buffers.reals[1][i]);
            let (mut x, mut y, mut k) = (0.0, 0.0, 0);
            while k < STEPS && x * x + y * y <= 4.0 {
                (x, y) = (x * x - y * y + a, 2.0 * x * y + b);
                k += 1;
            }
            *steps = k;
        }
    },
    ours: Ours::Arrays {
        func: || mandel200::kernel().func().clone(),
        args: |buffers| match &buffers.reals[..] {
            [re, im] => vec![
                STEPS.into(),
                read(re),
                read(im),
                (&mut buffers.ints[0]).into(),
            ],
            _ => Vec::new(),
        },
    },
};

/// A view of a flattened square array.
fn square(data: &[f64]) -> Arg<'_> {
    let n = data.len().isqrt();
    View::new(data, [n, n]).expect("a square").into()
}

fn square_mut(data: &mut [f64]) -> Arg<'_> {
    let n = data.len().isqrt();
    ViewMut::new(data, [n, n]).expect("a square").into()
}

/// The average of the four neighbours of each inner point.
#[kernel]
pub fn jacobi512(u: ArrayView<'_, f64, 2>, mut v: ArrayViewMut<'_, f64, 2>) {
    for i in 1..u.nrows().saturating_sub(1) {
        for j in 1..u.ncols().saturating_sub(1) {
            v[[i, j]] = 0.25 * (u[[i - 1, j]] + u[[i + 1, j]] + u[[i, j - 1]] + u[[i, j + 1]]);
        }
    }
}

const JACOBI: Case = Case {
    kernel: "jacobi512",
    sizes: &[512],
    elements: |n| n.saturating_sub(2) * n.saturating_sub(2),
    exact: true,
    buffers: |n| {
        let u = uniform(n * n, 0.0, 1.0, 3);
        reals([u.clone(), u])
    },
    plain: |buffers| {
        if let [u, v] = &mut buffers.reals[..] {
            let n = u.len().isqrt();
            for i in 1..n.saturating_sub(1) {
                for j in 1..n - 1 {
                    let (up, down) = (u[(i - 1) * n + j], u[(i + 1) * n + j]);
                    let (left, right) = (u[i * n + j - 1], u[i * n + j + 1]);
                    v[i * n + j] = 0.25 * (up + down + left + right);
                }
            }
        }
    },
    ours: Ours::Arrays {
        func: || jacobi512::kernel().func().clone(),
        args: |buffers| match &mut buffers.reals[..] {
            [u, v] => vec![square(u), square_mut(v)],
            _ => Vec::new(),
        },
    },
};

/// `c = a b`, the innermost loop along the rows of `b` and `c`.
#[kernel]
pub fn matmul256(
    a: ArrayView<'_, f64, 2>,
    b: ArrayView<'_, f64, 2>,
    mut c: ArrayViewMut<'_, f64, 2>,
) {
    for i in 0..a.nrows() {
        for j in 0..b.ncols() {
            c[[i, j]] = 0.0;
        }
        for l in 0..a.ncols() {
            let factor = a[[i, l]];
            for j in 0..b.ncols() {
                c[[i, j]] += factor * b[[l, j]];
            }
        }
    }
}

const MATMUL: Case = Case {
    kernel: "matmul256",
    sizes: &[256],
    elements: |n| n * n * n,
    exact: true,
    buffers: |n| {
        let (a, b) = (uniform(n * n, 0.0, 1.0, 4), uniform(n * n, 0.0, 1.0, 5));
        reals([a, b, zeros(n * n)])
    },
    plain: |buffers| {
        if let [a, b, c] = &mut buffers.reals[..] {
            let n = a.len().isqrt();
            for i in 0..n {
                let row = &mut c[i * n..][..n];
                row.fill(0.0);
                for l in 0..n {
                    let x = a[i * n + l];
                    for (c, b) in row.iter_mut().zip(&b[l * n..]) {
                        *c += x * b;
                    }
                }
            }
        }
    },
    ours: Ours::Arrays {
        func: || matmul256::kernel().func().clone(),
        args: |buffers| match &mut buffers.reals[..] {
            [a, b, c] => vec![square(a), square(b), square_mut(c)],
            _ => Vec::new(),
        },
    },
};

/// The distance of every point from every point.
#[kernel]
pub fn pairdist3(points: ArrayView<'_, f64, 2>, mut distances: ArrayViewMut<'_, f64, 2>) {
    for i in 0..points.nrows() {
        for j in 0..points.nrows() {
            let mut squares = 0.0;
            for k in 0..points.ncols() {
                let t = points[[i, k]] - points[[j, k]];
                squares += t * t;
            }
            distances[[i, j]] = squares.sqrt();
        }
    }
}

const PAIRDIST: Case = Case {
    kernel: "pairdist3",
    sizes: &[1000],
    elements: |n| n * n,
    exact: true,
    buffers: |n| reals([uniform(n * 3, 0.0, 1.0, 6), zeros(n * n)]),
    plain: |buffers| {
        if let [points, d] = &mut buffers.reals[..] {
            let n = points.len() / 3;
            for i in 0..n {
                for j in 0..n {
                    let pairs = points[i * 3..][..3].iter().zip(&points[j * 3..][..3]);
                    let squares = pairs.fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b));
                    d[i * n + j] = squares.sqrt();
                }
            }
        }
    },
    ours: Ours::Arrays {
        func: || pairdist3::kernel().func().clone(),
        args: |buffers| match &mut buffers.reals[..] {
            [points, d] => {
                let n = points.len() / 3;
                let points = View::new(&points[..], [n, 3]).expect("triples");
                vec![points.into(), square_mut(d)]
            }
            _ => Vec::new(),
        },
    },
};

/// Steps to 1 of `k -> k / 2` or `3 k + 1`.
#[kernel(overflow = "wrap")]
fn collatz(starts: &[i64], steps: &mut [i64]) {
    for i in 0..starts.len() {
        let (mut k, mut count) = (starts[i], 0);
        while k != 1 {
            k = if k & 1 == 1 { 3 * k + 1 } else { k >> 1 };
            count += 1;
        }
        steps[i] = count;
    }
}

const COLLATZ: Case = Case {
    kernel: "collatz",
    sizes: &[65_536],
    elements: |n| n,
    exact: true,
    buffers: |n| Buffers {
        reals: Vec::new(),
        ints: vec![(1..=n as i64).collect(), vec![0; n]],
        result: 0.0,
    },
    plain: |buffers| {
        if let [starts, steps] = &mut buffers.ints[..] {
            for (steps, &start) in steps.iter_mut().zip(&*starts) {
                let (mut k, mut count) = (start, 0);
                while k != 1 {
                    k = if k & 1 == 1 { 3 * k + 1 } else { k >> 1 };
                    count += 1;
                }
                *steps = count;
            }
        }
    },
    ours: Ours::Arrays {
        func: || collatz::kernel().func().clone(),
        args: |buffers| match &mut buffers.ints[..] {
            [starts, steps] => vec![(&*starts).into(), steps.into()],
            _ => Vec::new(),
        },
    },
};
