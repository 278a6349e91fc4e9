//! The formulas that the benches run, as text and in plain Rust.

/// One formula of `f64` numbers.
#[derive(Clone, Copy, Debug)]
pub struct Bench {
    /// What the rows of a bench call it.
    pub name: &'static str,
    /// The formula.
    pub text: &'static str,
    /// Its inputs, in the order `plain` takes them.
    pub inputs: &'static [&'static str],
    /// The range of each input.
    pub ranges: &'static [(f64, f64)],
    /// The same in plain Rust, with the standard library's functions.
    pub plain: fn(&[f64]) -> f64,
}

/// A root of a quadratic equation: arithmetic and one square root.
pub const QUADRATIC: Bench = Bench {
    name: "quadratic",
    text: "(-z + sqrt(z^2 - 4*x*y)) / (2*x)",
    inputs: &["x", "y", "z"],
    ranges: &[(0.5, 1.0), (0.5, 1.0), (3.0, 4.0)],
    plain: |v| quadratic(v[0], v[1], v[2]),
};

/// The distance of two points on a sphere: five functions.
pub const GREAT_CIRCLE: Bench = Bench {
    name: "great-circle",
    text: "2 * 6371.0088 * asin(sqrt(sin((lat2-lat1)*pi/360)^2 \
           + cos(lat1*pi/180)*cos(lat2*pi/180)*sin((lon2-lon1)*pi/360)^2))",
    inputs: &["lat1", "lon1", "lat2", "lon2"],
    ranges: &[
        (-80.0, 80.0),
        (-170.0, 170.0),
        (-80.0, 80.0),
        (-170.0, 170.0),
    ],
    plain: |v| great_circle(v[0], v[1], v[2], v[3]),
};

/// One exponential.
pub const EXP: Bench = Bench {
    name: "exp",
    text: "exp(x)",
    inputs: &["x"],
    ranges: &[(-1.0, 1.0)],
    plain: |v| v[0].exp(),
};

/// A polynomial: arithmetic alone.
pub const POLYNOMIAL: Bench = Bench {
    name: "polynomial",
    text: "((0.5*x + 1.25)*x - 2.5)*x + y*(x - y)",
    inputs: &["x", "y"],
    ranges: &[(-1.0, 1.0), (-1.0, 1.0)],
    plain: |v| ((0.5 * v[0] + 1.25) * v[0] - 2.5) * v[0] + v[1] * (v[0] - v[1]),
};

/// No operation: what is left is the call.
pub const NOTHING: Bench = Bench {
    name: "nothing",
    text: "x",
    inputs: &["x"],
    ranges: &[(-1.0, 1.0)],
    plain: |v| v[0],
};

/// All formulas that compute something.
pub const ALL: [Bench; 4] = [QUADRATIC, GREAT_CIRCLE, EXP, POLYNOMIAL];

/// [`QUADRATIC`] in plain Rust.
pub fn quadratic(x: f64, y: f64, z: f64) -> f64 {
    (-z + (z * z - 4.0 * x * y).sqrt()) / (2.0 * x)
}

/// [`GREAT_CIRCLE`] in plain Rust, in km; the haversine formula.
pub fn great_circle(lat1: f64, lon1: f64, lat2: f64, lon2: f64) -> f64 {
    use std::f64::consts::PI;
    let half_lat = ((lat2 - lat1) * PI / 360.0).sin();
    let half_lon = ((lon2 - lon1) * PI / 360.0).sin();
    let cosines = (lat1 * PI / 180.0).cos() * (lat2 * PI / 180.0).cos();
    2.0 * 6371.0088
        * (half_lat * half_lat + cosines * half_lon * half_lon)
            .sqrt()
            .asin()
}

impl Bench {
    /// A column per input.
    pub fn columns(&self, rows: usize) -> Vec<Vec<f64>> {
        (1u64..)
            .zip(self.ranges)
            .map(|(seed, &(lo, hi))| crate::data::uniform(rows, lo, hi, seed))
            .collect()
    }

    /// One row of [`columns`](Self::columns).
    pub fn row(&self) -> Vec<f64> {
        self.columns(1).into_iter().map(|c| c[0]).collect()
    }
}
