//! Kernels of one row: arithmetic, choices, functions, Black and Scholes.

use super::{Buffers, CACHED, COLUMNS, Case, Ours, reals, x, z, zeros};

/// Each kernel is a function of Rust, mapped over columns.
mod kernels {
    use kiln::kernel;

    #[kernel]
    pub(super) fn triad(x: f64, z: f64) -> f64 {
        x + 3.0 * z
    }

    #[kernel]
    pub(super) fn axpy(a: f64, x: f64, y: f64) -> f64 {
        y + a * x
    }

    /// The exponential by its Taylor polynomial of degree 11.
    #[kernel]
    pub(super) fn poly11(v: f64) -> f64 {
        let s = v * (1.0 / 39916800.0) + 1.0 / 3628800.0;
        let s = s * v + 1.0 / 362880.0;
        let s = s * v + 1.0 / 40320.0;
        let s = s * v + 1.0 / 5040.0;
        let s = s * v + 1.0 / 720.0;
        let s = s * v + 1.0 / 120.0;
        let s = s * v + 1.0 / 24.0;
        let s = s * v + 1.0 / 6.0;
        let s = s * v + 0.5;
        let s = s * v + 1.0;
        s * v + 1.0
    }

    #[kernel]
    pub(super) fn clampsel(v: f64) -> f64 {
        if v < 0.2 {
            v * 2.0
        } else if v < 0.8 {
            v * v
        } else {
            1.0 - v
        }
    }

    #[kernel]
    pub(super) fn exp(v: f64) -> f64 {
        v.exp()
    }

    #[kernel]
    pub(super) fn sin(v: f64) -> f64 {
        v.sin()
    }

    #[kernel]
    pub(super) fn cos(v: f64) -> f64 {
        v.cos()
    }

    #[kernel]
    pub(super) fn tan(v: f64) -> f64 {
        v.tan()
    }

    #[kernel]
    pub(super) fn tanh(v: f64) -> f64 {
        v.tanh()
    }

    #[kernel]
    pub(super) fn atan(v: f64) -> f64 {
        v.atan()
    }

    #[kernel]
    pub(super) fn erf(v: f64) -> f64 {
        kiln::math::erf(v)
    }

    #[kernel]
    pub(super) fn sigmoid(v: f64) -> f64 {
        1.0 / (1.0 + (-v).exp())
    }

    #[kernel]
    pub(super) fn log(v: f64) -> f64 {
        v.ln()
    }

    #[kernel]
    pub(super) fn pow(v: f64) -> f64 {
        v.powf(1.7)
    }

    #[kernel]
    pub(super) fn cbrt(v: f64) -> f64 {
        v.cbrt()
    }

    #[kernel]
    pub(super) fn sqrt(v: f64) -> f64 {
        v.sqrt()
    }

    /// `N'(0)`, and the factor in `k`.
    const DENSITY: f64 = 0.398_942_280_401_432_7;
    const SCALE: f64 = 0.231_641_9;

    /// The normal distribution of Abramowitz and Stegun 26.2.17.
    #[kernel]
    fn cnd(d: f64) -> f64 {
        let k = 1.0 / (1.0 + SCALE * d.abs());
        let s = -1.821255978 + k * 1.330274429;
        let s = 1.781477937 + k * s;
        let s = -0.356563782 + k * s;
        let poly = 0.31938153 + k * s;
        let upper = DENSITY * (-0.5 * d * d).exp() * (k * poly);
        if d > 0.0 { 1.0 - upper } else { upper }
    }

    /// The price of a call and of a put: Black and Scholes 1973.
    #[kernel]
    pub(super) fn blackscholes(s: f64, x: f64, t: f64, r: f64, v: f64) -> (f64, f64) {
        let root = t.sqrt();
        let d1 = ((s / x).ln() + (r + 0.5 * v * v) * t) / (v * root);
        let (c1, c2) = (cnd(d1), cnd(d1 - v * root));
        let discount = (-r * t).exp();
        let call = s * c1 - x * discount * c2;
        (call, x * discount * (1.0 - c2) - s * (1.0 - c1))
    }
}

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
    ($($kernel:ident $exact:literal $sizes:ident $input:ident |$v:ident| $plain:expr;)*) => {
        [$(Case {
            kernel: stringify!($kernel),
            sizes: $sizes,
            elements: |n| n,
            exact: $exact,
            buffers: |n| reals([$input(n), zeros(n)]),
            plain: |buffers| each(buffers, |$v: f64| $plain),
            ours: Ours::Rows {
                func: || kernels::$kernel::kernel().func().clone(),
                columns: &["v"],
                numbers: &[],
                outputs: &["y"],
            },
        }),*]
    };
}

#[rustfmt::skip]
const UNARY: [Case; 14] = unary! {
    poly11   true  COLUMNS x |v| kernels::poly11::rust(v);
    clampsel true  COLUMNS z |v| kernels::clampsel::rust(v);
    exp      false CACHED  x |v| v.exp();
    sin      false CACHED  x |v| v.sin();
    cos      false CACHED  x |v| v.cos();
    tan      false CACHED  x |v| v.tan();
    tanh     false CACHED  x |v| v.tanh();
    atan     false CACHED  x |v| v.atan();
    erf      false CACHED  x |v| libm::erf(v);
    sigmoid  false CACHED  x |v| kernels::sigmoid::rust(v);
    log      false CACHED  z |v| v.ln();
    pow      false CACHED  z |v| v.powf(1.7);
    cbrt     false CACHED  z |v| v.cbrt();
    sqrt     true  CACHED  z |v| v.sqrt();
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
        func: || kernels::triad::kernel().func().clone(),
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
        func: || kernels::axpy::kernel().func().clone(),
        columns: &["x"],
        numbers: &[("a", A)],
        outputs: &["y"],
    },
};

const RATE: f64 = 0.1;
const VOLATILITY: f64 = 0.2;

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
                (call[i], put[i]) = kernels::blackscholes::rust(s[i], x[i], t[i], RATE, VOLATILITY);
            }
        }
    },
    ours: Ours::Rows {
        func: || kernels::blackscholes::kernel().func().clone(),
        columns: &["s", "x", "t"],
        numbers: &[("r", RATE), ("v", VOLATILITY)],
        outputs: &["call", "put"],
    },
};
