//! Kernels of loops over arrays: reductions, recurrences, nests, searches.

use super::{Buffers, CACHED, COLUMNS, Case, Ours, reals, x, z, zeros};
use crate::data::uniform;
use kiln::{Arg, Array, ArrayMut, Builder, View, ViewMut};

pub(super) const LOOPS: &[Case] = &[
    SUM, DOT, MAX, EMA, HIST, MANDEL, JACOBI, MATMUL, PAIRDIST, COLLATZ,
];

fn read(column: &[f64]) -> Arg<'_> {
    column.into()
}

const SUM: Case = Case {
    kernel: "sum",
    sizes: COLUMNS,
    elements: |n| n,
    exact: false,
    buffers: |n| reals([x(n)]),
    plain: |buffers| buffers.result = buffers.reals[0].iter().fold(0.0, |sum, x| sum + x),
    ours: Ours::Arrays {
        build: |b| {
            let x = b.array::<f64, 1>("x");
            b.output("sum", b.sum(0, x.len(), |i| x.at(i)));
        },
        args: |buffers| vec![read(&buffers.reals[0])],
    },
};

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
        build: |b| {
            let (x, z) = (b.array::<f64, 1>("x"), b.array::<f64, 1>("z"));
            b.output("dot", b.sum(0, x.len(), |i| x.at(i) * z.at(i)));
        },
        args: |buffers| buffers.reals.iter().map(|column| read(column)).collect(),
    },
};

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
        build: |b| {
            let x = b.array::<f64, 1>("x");
            b.output("max", b.greatest(0, x.len(), |i| x.at(i)));
        },
        args: |buffers| vec![read(&buffers.reals[0])],
    },
};

/// Exponential moving average.
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
        build: |b| {
            let a = b.input::<f64>("a");
            let (x, y) = (b.array::<f64, 1>("x"), b.array_mut::<f64, 1>("y"));
            b.fold(0, x.len(), 0.0, |i, s| {
                let s = a * x.at(i) + (1.0 - a) * s;
                y.set(i, s);
                s
            });
        },
        args: |buffers| match &mut buffers.reals[..] {
            [x, y] => vec![0.1.into(), read(x), y.into()],
            _ => Vec::new(),
        },
    },
};

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
        build: |b| {
            let (z, counts) = (b.array::<f64, 1>("z"), b.array_mut::<i64, 1>("counts"));
            let bins = counts.len();
            let scale = bins.cast::<f64>();
            b.for_each(0, z.len(), |i| {
                let bin = (z.at(i) * scale).cast::<i64>();
                let is_in = bin.ge(0).and(bin.lt(bins));
                is_in.then(|| counts.set(bin, counts.at(bin) + 1));
            });
        },
        args: |buffers| vec![read(&buffers.reals[0]), (&mut buffers.ints[0]).into()],
    },
};

const STEPS: i64 = 200;

/// Steps until a point leaves the circle of radius 2.
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
        build: |b| {
            let most = b.input::<i64>("most");
            let (re, im) = (b.array::<f64, 1>("re"), b.array::<f64, 1>("im"));
            let steps = b.array_mut::<i64, 1>("steps");
            b.for_each(0, re.len(), |i| {
                let (a, c) = (re.at(i), im.at(i));
                let (_, _, k) = b.repeat_while(
                    (0.0f64, 0.0f64, 0i64),
                    |&(x, y, k)| k.lt(most).and((x * x + y * y).le(4.0)),
                    |(x, y, k)| (x * x - y * y + a, 2.0 * x * y + c, k + 1),
                );
                steps.set(i, k);
            });
        },
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
pub fn jacobi<'b>(b: &'b Builder, u: Array<'b, f64, 2>, v: ArrayMut<'b, f64, 2>) {
    b.for_each(1, u.len() - 1, |i| {
        b.for_each(1, u.extent(1) - 1, |j| {
            let (rows, columns) = (u.at((i - 1, j)) + u.at((i + 1, j)), u.at((i, j - 1)));
            v.set([i, j], 0.25 * (rows + columns + u.at((i, j + 1))));
        });
    });
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
        build: |b| jacobi(b, b.array("u"), b.array_mut("v")),
        args: |buffers| match &mut buffers.reals[..] {
            [u, v] => vec![square(u), square_mut(v)],
            _ => Vec::new(),
        },
    },
};

/// `c = a b`, the innermost loop along the rows of `b` and `c`.
pub fn matmul<'b>(
    b: &'b Builder,
    x: Array<'b, f64, 2>,
    y: Array<'b, f64, 2>,
    z: ArrayMut<'b, f64, 2>,
) {
    let columns = y.extent(1);
    b.for_each(0, x.len(), |i| {
        b.for_each(0, columns, |j| z.set([i, j], 0.0));
        b.for_each(0, x.extent(1), |l| {
            let factor = x.at([i, l]);
            b.for_each(0, columns, |j| {
                z.set([i, j], z.at([i, j]) + factor * y.at([l, j]));
            });
        });
    });
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
        build: |b| matmul(b, b.array("a"), b.array("b"), b.array_mut("c")),
        args: |buffers| match &mut buffers.reals[..] {
            [a, b, c] => vec![square(a), square(b), square_mut(c)],
            _ => Vec::new(),
        },
    },
};

/// The distance of every point from every point.
pub fn pairdist<'b>(b: &'b Builder, points: Array<'b, f64, 2>, d: ArrayMut<'b, f64, 2>) {
    b.for_each(0, points.len(), |i| {
        b.for_each(0, points.len(), |j| {
            let squares = b.fold(0, points.extent(1), 0.0f64, |k, sum| {
                let t = points.at([i, k]) - points.at([j, k]);
                sum + t * t
            });
            d.set([i, j], squares.sqrt());
        });
    });
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
        build: |b| pairdist(b, b.array("points"), b.array_mut("distances")),
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
        build: |b| {
            let (starts, steps) = (b.array::<i64, 1>("starts"), b.array_mut::<i64, 1>("steps"));
            b.for_each(0, starts.len(), |i| {
                let (_, count) = b.repeat_while(
                    (starts.at(i), 0i64),
                    |&(k, _)| k.ne(1),
                    |(k, count)| ((k & 1).eq(1).select(3 * k + 1, k >> 1), count + 1),
                );
                steps.set(i, count);
            });
        },
        args: |buffers| match &mut buffers.ints[..] {
            [starts, steps] => vec![(&*starts).into(), steps.into()],
            _ => Vec::new(),
        },
    },
};
