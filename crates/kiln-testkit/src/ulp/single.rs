//! The functions in binary32: all 2^32 inputs of a unary one, as the native
//! code of a column computes them.
//!
//! CORE-MATH's function in binary32 says what rounds correctly; where a result
//! differs from it, the distance is taken from CORE-MATH's function in
//! binary64, whose own error is a billionth of a unit in the last place of
//! binary32. Now and then a result is compared with the plain function too.

use super::inputs::Random;
use super::{Report, oracle};
use kiln_ir::{FuncBuilder, NodeId, Op, Scalar};
use kiln_math::single::{Eval, Function};
use kiln_runtime::{ColumnArg, ColumnKernel, ColumnView, Element, Engine, Tier};

/// Inputs that are computed at once.
const BLOCK: usize = 1 << 16;

/// How often a result is compared with the plain function: a prime.
const COMPARED: usize = 257;

/// The correctly rounded value of a function; unary ones ignore the second operand.
type Rounded = fn(f32, f32) -> f32;

/// Measures every `stride`-th input; binary functions on `pairs` random pairs.
/// None if the function has no oracle.
///
/// # Panics
/// If native code differs from the plain function.
pub fn measure(function: &Function, stride: u32, pairs: u64) -> Option<Report> {
    let rounded = rounded(function.name)?;
    // Rounding to an integer has no function in binary64 to be measured by.
    let exact = oracle::oracle(function.name).map(|oracle| oracle.rounded);
    let exact = exact.unwrap_or(|x, _| x.round());
    let mut report = Report {
        name: function.name,
        promised: function.max_ulp,
        worst: 0.0,
        at: (0.0, 0.0),
        count: 0,
        misrounded: 0,
        broken: Vec::new(),
    };
    let kernel = kernel(function);
    let (mut x, mut y, mut out) = (vec![0f32; BLOCK], vec![0f32; BLOCK], vec![0f32; BLOCK]);
    let mut random = Random(1);
    let is_unary = matches!(function.eval, Eval::Unary(_));
    let total = if is_unary {
        (1u64 << 32).div_ceil(stride.into())
    } else {
        pairs
    };
    for start in (0..total).step_by(BLOCK) {
        let len = BLOCK.min((total - start) as usize);
        for i in 0..len {
            if is_unary {
                x[i] = f32::from_bits(((start + i as u64) * u64::from(stride)) as u32);
            } else {
                (x[i], y[i]) = random_pair(&mut random);
            }
        }
        let mut args = vec![ColumnArg::Column(ColumnView::slice(&x[..len]))];
        if !is_unary {
            args.push(ColumnArg::Column(ColumnView::slice(&y[..len])));
        }
        let mut outputs = [f32::slice_mut(&mut out[..len])];
        let ran = kernel
            .map_into(&mut args, &mut outputs)
            .expect("columns of one length");
        assert_eq!(
            ran.tier,
            Tier::Native,
            "{}: another tier ran",
            function.name
        );
        for i in 0..len {
            let (at, value) = ((x[i], y[i]), out[i]);
            if i % COMPARED == 0 {
                compare(function, at, value);
            }
            add(&mut report, at, value, rounded(at.0, at.1), exact);
        }
    }
    Some(report)
}

/// The function over columns, as native code at the widest level.
fn kernel(function: &Function) -> ColumnKernel {
    let op = Op::from_name(function.name).unwrap_or_else(|| panic!("no op {}", function.name));
    let mut b = FuncBuilder::new("f");
    let args: Vec<NodeId> = ["x", "y"][..op.arity()]
        .iter()
        .map(|name| b.scalar_param(*name, Scalar::F32))
        .collect();
    let value = b.op(op, &args);
    let engine = Engine::builder().tier(Tier::Native).build();
    engine
        .columns(b.finish(&[value]))
        .expect("a kernel over columns")
}

/// Half of the pairs are of like size, as most are in life.
fn random_pair(random: &mut Random) -> (f32, f32) {
    let bits = random.bits();
    let x = f32::from_bits(bits as u32);
    let high = (bits >> 32) as u32;
    match bits.count_ones() % 2 {
        0 => (x, f32::from_bits(high)),
        _ => (x, x * (high as f32 * 1e-9 - 2.0)),
    }
}

fn compare(function: &Function, at: (f32, f32), value: f32) {
    let plain = match function.eval {
        Eval::Unary(f) => f(at.0),
        Eval::Binary(f) => f(at.0, at.1),
    };
    let same = plain.to_bits() == value.to_bits() || plain.is_nan() && value.is_nan();
    assert!(
        same,
        "{} at {at:?}: {value:e} as native code, {plain:e} plain",
        function.name
    );
}

/// The correctly rounded function of this name.
#[rustfmt::skip]
fn rounded(name: &str) -> Option<Rounded> {
    use core_math as cr;
    Some(match name {
        "exp" => |x, _| cr::expf(x),
        "exp2" => |x, _| cr::exp2f(x),
        "exp10" => |x, _| cr::exp10f(x),
        "expm1" => |x, _| cr::expm1f(x),
        "log" => |x, _| cr::logf(x),
        "log2" => |x, _| cr::log2f(x),
        "log10" => |x, _| cr::log10f(x),
        "log1p" => |x, _| cr::log1pf(x),
        "sin" => |x, _| cr::sinf(x),
        "cos" => |x, _| cr::cosf(x),
        "tan" => |x, _| cr::tanf(x),
        "asin" => |x, _| cr::asinf(x),
        "acos" => |x, _| cr::acosf(x),
        "atan" => |x, _| cr::atanf(x),
        "atan2" => cr::atan2f,
        "sinh" => |x, _| cr::sinhf(x),
        "cosh" => |x, _| cr::coshf(x),
        "tanh" => |x, _| cr::tanhf(x),
        "asinh" => |x, _| cr::asinhf(x),
        "acosh" => |x, _| cr::acoshf(x),
        "atanh" => |x, _| cr::atanhf(x),
        "pow" => cr::powf,
        "cbrt" => |x, _| cr::cbrtf(x),
        "hypot" => cr::hypotf,
        "erf" => |x, _| cr::erff(x),
        "erfc" => |x, _| cr::erfcf(x),
        "tgamma" => |x, _| cr::tgammaf(x),
        "lgamma" => |x, _| cr::lgammaf(x),
        "round" => |x, _| x.round(),
        _ => return None,
    })
}

fn add(report: &mut Report, at: (f32, f32), value: f32, rounded: f32, exact: fn(f64, f64) -> f64) {
    report.count += 1;
    if value.to_bits() == rounded.to_bits() || value.is_nan() && rounded.is_nan() {
        return;
    }
    report.misrounded += 1;
    let at = (f64::from(at.0), f64::from(at.1));
    match error(value, rounded, exact(at.0, at.1)) {
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
