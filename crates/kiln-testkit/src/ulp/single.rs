//! The functions in binary32: all 2^32 inputs of a unary one.
//!
//! The oracle is the function in binary64, whose own error is a billionth of a
//! unit in the last place of binary32.

use super::Report;
use super::inputs::Random;
use kiln_math::single::{Eval, Function};

/// Measures every `stride`-th input; binary functions on as many random pairs.
pub fn measure(function: &Function, stride: u32) -> Option<Report> {
    let double = kiln_math::function(function.name)?.eval;
    let mut report = Report {
        name: function.name,
        promised: function.max_ulp,
        worst: 0.0,
        at: (0.0, 0.0),
        count: 0,
        misrounded: 0,
        broken: Vec::new(),
    };
    match (function.eval, double) {
        (Eval::Unary(single), kiln_math::Eval::Unary(double)) => {
            for bits in (0..=u32::MAX).step_by(stride as usize) {
                let x = f32::from_bits(bits);
                add(&mut report, (x, 0.0), single(x), double(x.into()));
            }
        }
        (Eval::Binary(single), kiln_math::Eval::Binary(double)) => {
            let mut random = Random(1);
            for i in 0..u32::MAX / stride {
                let bits = random.bits();
                let x = f32::from_bits(bits as u32);
                // Half of the pairs are of like size, as most are in life.
                let y = match i % 2 {
                    0 => f32::from_bits((bits >> 32) as u32),
                    _ => x * ((bits >> 32) as f32 * 1e-9 - 2.0),
                };
                add(
                    &mut report,
                    (x, y),
                    single(x, y),
                    double(x.into(), y.into()),
                );
            }
        }
        _ => return None,
    }
    Some(report)
}

fn add(report: &mut Report, at: (f32, f32), value: f32, exact: f64) {
    let rounded = exact as f32;
    report.count += 1;
    let same = value == rounded && value.is_sign_negative() == rounded.is_sign_negative();
    if same || value.is_nan() && rounded.is_nan() {
        return;
    }
    report.misrounded += 1;
    let at = (f64::from(at.0), f64::from(at.1));
    match error(value, rounded, exact) {
        None => report.break_at(at.0, at.1),
        Some(error) if error > report.worst => (report.worst, report.at) = (error, at),
        Some(_) => {}
    }
}

/// In units in the last place of the exact value; none if not of its kind.
fn error(value: f32, rounded: f32, exact: f64) -> Option<f64> {
    let one_nan = value.is_nan() || rounded.is_nan();
    if one_nan || value.is_sign_negative() != rounded.is_sign_negative() {
        return None;
    }
    let size = kiln_math::exponent(exact).clamp(-126.0, 127.0);
    let unit = kiln_math::ldexp(1.0, size - 23.0);
    // Infinity counts as the next number after the greatest.
    let value = match value.is_infinite() {
        true => kiln_math::ldexp(1.0, 128.0).copysign(exact),
        false => f64::from(value),
    };
    Some(((value - exact) / unit).abs())
}
