//! Each comparison kernel is the computation that the builder makes of it:
//! the attribute adds nothing and loses nothing.

use kiln::{Builder, Var};
use kiln_benches::peers::{Case, Ours, cases};

/// The text of a computation, without where in a program it was written.
fn text(func: &kiln::Func) -> String {
    let lines = func.to_string();
    let lines = lines.lines().map(|line| match line.split_once(" in \"") {
        Some((before, after)) => match after.find(',') {
            Some(at) => format!("{before}{}", &after[at..]),
            None => before.to_owned(),
        },
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Kernels that are held to plain Rust alone: what is particular in them are
/// the guards that the attribute writes, which have tests of their own.
const PLACES: [&str; 8] = [
    "gather",
    "series",
    "scatter",
    "search",
    "interpolate",
    "sparse-row",
    "sparse16",
    "sparse16-reassoc",
];

#[test]
fn every_kernel_is_what_the_builder_makes() {
    let mut compared = 0;
    let is_written =
        |case: &Case| !matches!(case.ours, Ours::Formula { .. }) && !PLACES.contains(&case.kernel);
    for case in cases().filter(is_written) {
        let b = Builder::new(case.kernel);
        build(&b, &case);
        let built = text(&b.finish().unwrap());
        let kernel = text(&case.func().unwrap());
        assert!(built == kernel, "{}:\n{built}\n{kernel}", case.kernel);
        compared += 1;
    }
    assert_eq!(compared, 27);
}

fn build(b: &Builder, case: &Case) {
    match case.ours {
        Ours::Rows { .. } => rows(b, case.kernel),
        _ => loops(b, case.kernel),
    }
}

fn rows(b: &Builder, kernel: &str) {
    match kernel {
        "triad" => {
            let (x, z) = (b.input::<f64>("x"), b.input::<f64>("z"));
            b.output("y", x + 3.0 * z);
        }
        "axpy" => {
            let a = b.input::<f64>("a");
            let (x, y) = (b.input::<f64>("x"), b.input::<f64>("y"));
            b.output("y", y + a * x);
        }
        "blackscholes" => {
            let (s, x, t) = (b.input("s"), b.input("x"), b.input("t"));
            let (r, v) = (b.input("r"), b.input("v"));
            let (call, put) = black_scholes(s, x, t, r, v);
            b.output("call", call);
            b.output("put", put);
        }
        kernel => b.output("y", unary(kernel, b.input("v"))),
    }
}

type Real<'b> = Var<'b, f64>;

fn unary<'b>(kernel: &str, v: Real<'b>) -> Real<'b> {
    match kernel {
        "poly11" => {
            let rest = [
                362880.0, 40320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0, 1.0, 1.0,
            ];
            let first = v * (1.0 / 39916800.0) + 1.0 / 3628800.0;
            rest.iter().fold(first, |s, c| s * v + 1.0 / c)
        }
        "clampsel" => {
            let rest = || v.lt(0.8).choose(|| v * v, || 1.0 - v);
            v.lt(0.2).choose(|| v * 2.0, rest)
        }
        "exp" => v.exp(),
        "sin" => v.sin(),
        "cos" => v.cos(),
        "tan" => v.tan(),
        "tanh" => v.tanh(),
        "atan" => v.atan(),
        "erf" => v.erf(),
        "sigmoid" => 1.0 / (1.0 + (-v).exp()),
        "log" => v.ln(),
        "pow" => v.powf(1.7),
        "cbrt" => v.cbrt(),
        "sqrt" => v.sqrt(),
        other => panic!("there is no {other}"),
    }
}

fn cnd(d: Real<'_>) -> Real<'_> {
    let k = 1.0 / (1.0 + 0.231_641_9 * d.abs());
    let poly = [-1.821255978, 1.781477937, -0.356563782, 0.31938153];
    let first = poly[0] + k * 1.330274429;
    let poly = poly[1..].iter().fold(first, |s, &c| c + k * s);
    let upper = 0.398_942_280_401_432_7 * (-0.5 * d * d).exp() * (k * poly);
    d.gt(0.0).choose(|| 1.0 - upper, || upper)
}

fn black_scholes<'b>(
    s: Real<'b>,
    x: Real<'b>,
    t: Real<'b>,
    r: Real<'b>,
    v: Real<'b>,
) -> (Real<'b>, Real<'b>) {
    let root = t.sqrt();
    let d1 = ((s / x).ln() + (r + 0.5 * v * v) * t) / (v * root);
    let (c1, c2) = (cnd(d1), cnd(d1 - v * root));
    let discount = (-r * t).exp();
    let call = s * c1 - x * discount * c2;
    (call, x * discount * (1.0 - c2) - s * (1.0 - c1))
}

fn loops(b: &Builder, kernel: &str) {
    match kernel {
        "sum" => {
            let x = b.array::<f64, 1>("x");
            b.output("result", b.sum(0, x.len(), |i| x.at(i)));
        }
        "dot" => {
            let (x, z) = (b.array::<f64, 1>("x"), b.array::<f64, 1>("z"));
            let message = "the dot product of slices of different lengths";
            b.guard(x.len().eq(z.len()), message);
            b.output("result", b.sum(0, x.len(), |i| x.at(i) * z.at(i)));
        }
        "max" => {
            let x = b.array::<f64, 1>("x");
            b.output("result", b.greatest(0, x.len(), |i| x.at(i)));
        }
        "ema" => {
            let a = b.input::<f64>("a");
            let (x, y) = (b.array::<f64, 1>("x"), b.array_mut::<f64, 1>("y"));
            b.fold(0, x.len(), 0.0, |i, s| {
                let s = a * x.at(i) + (1.0 - a) * s;
                y.set(i, s);
                s
            });
        }
        "hist256" => {
            let (z, counts) = (b.array::<f64, 1>("z"), b.array_mut::<i64, 1>("counts"));
            let bins = counts.len();
            let scale = bins.cast::<f64>();
            b.for_each(0, z.len(), |i| {
                let bin = (z.at(i) * scale).cast::<i64>();
                let is_in = bin.ge(0).and(bin.lt(bins));
                is_in.then(|| counts.set(bin, counts.at(bin) + 1));
            });
        }
        "mandel200" => {
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
        }
        "collatz" => {
            let (starts, steps) = (b.array::<i64, 1>("starts"), b.array_mut::<i64, 1>("steps"));
            b.for_each(0, starts.len(), |i| {
                let (_, count) = b.repeat_while(
                    (starts.at(i), 0i64),
                    |&(k, _)| k.ne(1),
                    |(k, count)| ((k & 1).eq(1).choose(|| 3 * k + 1, || k >> 1), count + 1),
                );
                steps.set(i, count);
            });
        }
        kernel => nests(b, kernel),
    }
}

fn nests(b: &Builder, kernel: &str) {
    match kernel {
        "jacobi512" => {
            let (u, v) = (b.array::<f64, 2>("u"), b.array_mut::<f64, 2>("v"));
            b.for_each(1, last(u.len()), |i| {
                b.for_each(1, last(u.extent(1)), |j| {
                    let (rows, columns) = (u.at((i - 1, j)) + u.at((i + 1, j)), u.at((i, j - 1)));
                    v.set([i, j], 0.25 * (rows + columns + u.at((i, j + 1))));
                });
            });
        }
        "matmul256" => {
            let (x, y) = (b.array::<f64, 2>("a"), b.array::<f64, 2>("b"));
            let z = b.array_mut::<f64, 2>("c");
            b.for_each(0, x.len(), |i| {
                b.for_each(0, y.extent(1), |j| z.set([i, j], 0.0));
                b.for_each(0, x.extent(1), |l| {
                    let factor = x.at([i, l]);
                    b.for_each(0, y.extent(1), |j| {
                        let product = factor * y.at([l, j]);
                        z.set([i, j], z.at([i, j]) + product);
                    });
                });
            });
        }
        "pairdist3" => {
            let points = b.array::<f64, 2>("points");
            let d = b.array_mut::<f64, 2>("distances");
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
        other => panic!("there is no {other}"),
    }
}

/// What is one before the end, and nothing of nothing.
fn last(extent: Var<'_, i64>) -> Var<'_, i64> {
    extent.cast::<u64>().saturating_sub(1).cast::<i64>()
}
