//! The ULP harness: how far every function of kiln-math is from exact.
//!
//! The oracle is CORE-MATH, which rounds correctly. Where a result differs from
//! it, the distance from the exact value is computed in double length
//! ([`exact`]), in units in the last place of the exact value, subnormals
//! included. Each double-length value is checked against the oracle as well,
//! so neither can be wrong alone. NaN, zeros and their signs must agree
//! outright.

pub mod double;
pub mod exact;
pub mod inputs;
pub mod oracle;
pub mod single;
pub mod table;

use double::Double;
use exact::Exact;
use kiln_math::{Eval, Function};
use oracle::Oracle;

/// What was measured of one function.
#[derive(Debug, Clone)]
pub struct Report {
    /// The function's name.
    pub name: &'static str,
    /// What it promises.
    pub promised: f64,
    /// The largest error in units in the last place.
    pub worst: f64,
    /// Where; the second number counts for binary functions only.
    pub at: (f64, f64),
    /// How many inputs were measured.
    pub count: u64,
    /// How many results were not the correctly rounded ones.
    pub misrounded: u64,
    /// Inputs on which special values disagree, or the two oracles do.
    pub broken: Vec<(f64, f64)>,
}

impl Report {
    /// Whether the function keeps its promise on every input measured.
    pub fn holds(&self) -> bool {
        self.broken.is_empty() && self.worst <= self.promised
    }

    fn new(function: &Function) -> Report {
        Report {
            name: function.name,
            promised: function.max_ulp,
            worst: 0.0,
            at: (0.0, 0.0),
            count: 0,
            misrounded: 0,
            broken: Vec::new(),
        }
    }

    /// Measures one result; the error, for the search.
    fn add(&mut self, x: f64, y: f64, value: f64, oracle: &Oracle) -> f64 {
        let rounded = (oracle.rounded)(x, y);
        self.count += 1;
        let same = value == rounded && value.is_sign_negative() == rounded.is_sign_negative();
        if same || value.is_nan() && rounded.is_nan() {
            if self.count.is_multiple_of(64)
                && is_ordinary(rounded)
                && !oracle.agrees(x, y, rounded)
            {
                self.break_at(x, y);
            }
            return 0.5;
        }
        self.misrounded += 1;
        let error = oracle.error(x, y, value, rounded);
        match error {
            None => self.break_at(x, y),
            Some(error) if error > self.worst => (self.worst, self.at) = (error, (x, y)),
            Some(_) => {}
        }
        error.unwrap_or(0.0)
    }

    fn break_at(&mut self, x: f64, y: f64) {
        if self.broken.len() < 8 {
            self.broken.push((x, y));
        }
    }
}

fn is_ordinary(x: f64) -> bool {
    x.is_finite() && x != 0.0
}

impl Oracle {
    /// The error of `value` in units in the last place of the exact one, or
    /// `None` if it is not even of its kind or the oracles disagree.
    fn error(&self, x: f64, y: f64, value: f64, rounded: f64) -> Option<f64> {
        if value.is_nan()
            || rounded.is_nan()
            || value.is_sign_negative() != rounded.is_sign_negative()
        {
            return None;
        }
        if x < 0.0 && rounded.abs() < self.coarse {
            return Some((value - rounded).abs() / (self.coarse * f64::EPSILON) + 0.5);
        }
        // Infinity counts as the next number after the greatest.
        let steps = value.to_bits().abs_diff(rounded.to_bits()) as f64;
        if steps > 64.0 {
            return Some(steps);
        }
        let Some(exact) = self.exact_at(x, y).filter(|_| rounded != 0.0) else {
            return Some(steps + 0.5);
        };
        if rounded.is_finite() && !agrees(exact, rounded) {
            return None;
        }
        Some(distance(value, exact))
    }

    fn agrees(&self, x: f64, y: f64, rounded: f64) -> bool {
        self.exact_at(x, y)
            .is_none_or(|exact| agrees(exact, rounded))
    }

    /// The exact value, unless an operand is a limit of the function.
    fn exact_at(&self, x: f64, y: f64) -> Option<Exact> {
        let usable = is_ordinary(x) && (is_ordinary(y) || self.is_unary());
        self.exact.filter(|_| usable).map(|exact| exact(x, y))
    }
}

/// Whether the exact value rounds to `rounded`, up to 2^-30 of a unit.
fn agrees(exact: Exact, rounded: f64) -> bool {
    distance(rounded, exact) <= 0.5 + 1e-9
}

/// `|value - exact|` in units in the last place of `exact`.
fn distance(value: f64, exact: Exact) -> f64 {
    let size = kiln_math::exponent(exact.value.hi) as i32 + exact.exponent;
    let unit = size.clamp(-1022, 1023) - 52;
    // Both over the unit: about 2^53 in size.
    let value = if value.is_infinite() {
        Double::from(value.signum()).scale(1024 - unit)
    } else {
        Double::from(value).scale(-unit)
    };
    (value - exact.value.scale(exact.exponent - unit)).abs().hi
}

/// Measures `function` on about `count` inputs: all its sets, then a search
/// around the worst.
pub fn measure(function: &Function, count: u64) -> Option<Report> {
    let oracle = oracle::oracle(function.name)?;
    let mut report = Report::new(function);
    let eval = |x: f64, y: f64| match function.eval {
        Eval::Unary(f) => f(x),
        Eval::Binary(f) => f(x, y),
    };
    let mut worst = inputs::Worst::default();
    let mut visit = |x: f64, y: f64| {
        let error = report.add(x, y, eval(x, y), &oracle);
        worst.offer(error, x, y);
    };
    inputs::visit_all(&oracle, function.arity(), count, &mut visit);
    for (x, y) in worst.places() {
        inputs::visit_near(x, y, count / 256, |x, y| {
            report.add(x, y, eval(x, y), &oracle);
        });
    }
    Some(report)
}
