//! Kernels of one row: arithmetic, choices, functions, Black and Scholes.

use super::{Buffers, CACHED, COLUMNS, Case, Ours, reals, x, z, zeros};
use kiln::Var;

const POLY: [f64; 12] = [
    1.0 / 39916800.0,
    1.0 / 3628800.0,
    1.0 / 362880.0,
    1.0 / 40320.0,
    1.0 / 5040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// Writes `y[i] = f(x[i])` in plain Rust, where every case of one input and
/// one output has its buffers.
fn each(buffers: &mut Buffers, f: impl Fn(f64) -> f64) {
    if let [x, y] = &mut buffers.reals[..] {
        for (y, &x) in y.iter_mut().zip(&*x) {
            *y = f(x);
        }
    }
}

macro_rules! unary {
    ($($kernel:literal $exact:literal $sizes:ident $input:ident |$v:ident| $ours:expr, $plain:expr;)*) => {
        [$(Case {
            kernel: $kernel,
            sizes: $sizes,
            elements: |n| n,
            exact: $exact,
            buffers: |n| reals([$input(n), zeros(n)]),
            plain: |buffers| each(buffers, |$v: f64| $plain),
            ours: Ours::Rows {
                build: |b| {
                    let $v = b.input::<f64>("v");
                    b.output("y", $ours);
                },
                columns: &["v"],
                numbers: &[],
                outputs: &["y"],
            },
        }),*]
    };
}

#[rustfmt::skip]
const UNARY: [Case; 14] = unary! {
    "poly11"   true  COLUMNS x |v| POLY[2..].iter().fold(v * POLY[0] + POLY[1], |s, &c| s * v + c),
                                   POLY[2..].iter().fold(v * POLY[0] + POLY[1], |s, &c| s * v + c);
    "clampsel" true  COLUMNS z |v| v.lt(0.2).select(v * 2.0, v.lt(0.8).select(v * v, 1.0 - v)),
                                   if v < 0.2 { v * 2.0 } else if v < 0.8 { v * v } else { 1.0 - v };
    "exp"      false CACHED  x |v| v.exp(), v.exp();
    "sin"      false CACHED  x |v| v.sin(), v.sin();
    "cos"      false CACHED  x |v| v.cos(), v.cos();
    "tan"      false CACHED  x |v| v.tan(), v.tan();
    "tanh"     false CACHED  x |v| v.tanh(), v.tanh();
    "atan"     false CACHED  x |v| v.atan(), v.atan();
    "erf"      false CACHED  x |v| v.erf(), libm::erf(v);
    "sigmoid"  false CACHED  x |v| 1.0 / (1.0 + (-v).exp()), 1.0 / (1.0 + (-v).exp());
    "log"      false CACHED  z |v| v.ln(), v.ln();
    "pow"      false CACHED  z |v| v.powf(1.7), v.powf(1.7);
    "cbrt"     false CACHED  z |v| v.cbrt(), v.cbrt();
    "sqrt"     true  CACHED  z |v| v.sqrt(), v.sqrt();
};

/// The elementwise kernels.
pub(super) const ROWS: &[Case] = &{
    let mut all = [TRIAD; 17];
    let mut i = 0;
    while i < UNARY.len() {
        all[3 + i] = UNARY[i];
        i += 1;
    }
    all[1] = AXPY;
    all[2] = BLACK_SCHOLES;
    all
};

const TRIAD: Case = Case {
    kernel: "triad",
    sizes: COLUMNS,
    elements: |n| n,
    exact: true,
    buffers: |n| reals([x(n), z(n), zeros(n)]),
    plain: |buffers| {
        if let [x, z, y] = &mut buffers.reals[..] {
            for ((y, &x), &z) in y.iter_mut().zip(&*x).zip(&*z) {
                *y = x + 3.0 * z;
            }
        }
    },
    ours: Ours::Rows {
        build: |b| {
            let (x, z) = (b.input::<f64>("x"), b.input::<f64>("z"));
            b.output("y", x + 3.0 * z);
        },
        columns: &["x", "z"],
        numbers: &[],
        outputs: &["y"],
    },
};

const A: f64 = 1e-9;

const AXPY: Case = Case {
    kernel: "axpy",
    sizes: COLUMNS,
    elements: |n| n,
    exact: true,
    buffers: |n| reals([x(n), z(n)]),
    plain: |buffers| {
        if let [x, y] = &mut buffers.reals[..] {
            for (y, &x) in y.iter_mut().zip(&*x) {
                *y += A * x;
            }
        }
    },
    ours: Ours::Rows {
        build: |b| {
            let a = b.input::<f64>("a");
            let (x, y) = (b.input::<f64>("x"), b.input::<f64>("y"));
            b.output("y", y + a * x);
        },
        columns: &["x"],
        numbers: &[("a", A)],
        outputs: &["y"],
    },
};

const RATE: f64 = 0.1;
const VOLATILITY: f64 = 0.2;

/// Black and Scholes 1973, with the normal distribution of Abramowitz and
/// Stegun 26.2.17.
const BLACK_SCHOLES: Case = Case {
    kernel: "blackscholes",
    sizes: CACHED,
    elements: |n| n,
    exact: false,
    buffers: |n| {
        let price = x(n).iter().map(|x| 52.5 + 47.5 * x).collect();
        let strike = z(n).iter().map(|z| 10.0 + 90.0 * z).collect();
        let years = z(n).iter().rev().map(|z| 1.0 + 9.0 * z).collect();
        reals([price, strike, years, zeros(n), zeros(n)])
    },
    plain: |buffers| {
        if let [s, x, t, call, put] = &mut buffers.reals[..] {
            for i in 0..s.len() {
                (call[i], put[i]) = black_scholes(s[i], x[i], t[i], RATE, VOLATILITY);
            }
        }
    },
    ours: Ours::Rows {
        build: |b| {
            let (s, x, t) = (b.input("s"), b.input("x"), b.input::<f64>("t"));
            let (r, v) = (b.input("r"), b.input("v"));
            let (call, put) = built(s, x, t, r, v);
            b.output("call", call);
            b.output("put", put);
        },
        columns: &["s", "x", "t"],
        numbers: &[("r", RATE), ("v", VOLATILITY)],
        outputs: &["call", "put"],
    },
};

/// `N'(0)`, the factor in `k`, and the polynomial in `k`.
const DENSITY: f64 = 0.398_942_280_401_432_7;
const SCALE: f64 = 0.231_641_9;
const CND: [f64; 5] = [
    1.330274429,
    -1.821255978,
    1.781477937,
    -0.356563782,
    0.31938153,
];

fn cnd(d: f64) -> f64 {
    let k = 1.0 / (1.0 + SCALE * d.abs());
    let poly = CND[1..].iter().fold(CND[0], |sum, c| c + k * sum);
    let upper = DENSITY * (-0.5 * d * d).exp() * (k * poly);
    if d > 0.0 { 1.0 - upper } else { upper }
}

fn black_scholes(s: f64, x: f64, t: f64, r: f64, v: f64) -> (f64, f64) {
    let root = t.sqrt();
    let d1 = ((s / x).ln() + (r + 0.5 * v * v) * t) / (v * root);
    let (c1, c2) = (cnd(d1), cnd(d1 - v * root));
    let discount = (-r * t).exp();
    let call = s * c1 - x * discount * c2;
    (call, x * discount * (1.0 - c2) - s * (1.0 - c1))
}

type Real<'b> = Var<'b, f64>;

fn built_cnd(d: Real<'_>) -> Real<'_> {
    let k = 1.0 / (1.0 + SCALE * d.abs());
    let poly = CND[2..]
        .iter()
        .fold(CND[1] + k * CND[0], |sum, &c| c + k * sum);
    let upper = DENSITY * (-0.5 * d * d).exp() * (k * poly);
    d.gt(0.0).select(1.0 - upper, upper)
}

fn built<'b>(
    s: Real<'b>,
    x: Real<'b>,
    t: Real<'b>,
    r: Real<'b>,
    v: Real<'b>,
) -> (Real<'b>, Real<'b>) {
    let root = t.sqrt();
    let d1 = ((s / x).ln() + (r + 0.5 * v * v) * t) / (v * root);
    let (c1, c2) = (built_cnd(d1), built_cnd(d1 - v * root));
    let discount = (-r * t).exp();
    let call = s * c1 - x * discount * c2;
    (call, x * discount * (1.0 - c2) - s * (1.0 - c1))
}
