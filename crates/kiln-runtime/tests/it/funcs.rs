//! The Funcs that the tests run, and data for their columns.

use kiln_ir::{Func, Scalar, parse};
use kiln_runtime::{Buffer, ColumnArg, Engine, Level, Slice, Tier};

/// A root of a quadratic.
pub(crate) const QUADRATIC: &str = "func @quadratic(x: f64, y: f64, z: f64) -> f64 {
    v0 = mul z, z
    v1 = mul x, y
    v2 = mul v1, 4.0
    v3 = sub v0, v2
    v4 = sqrt v3
    v5 = sub v4, z
    v6 = mul x, 2.0
    v7 = div v5, v6
    return v7
}";

/// Mathematical functions, one of them with a rare path.
pub(crate) const WAVE: &str = "func @wave(x: f64, y: f64) -> f64 {
    v0 = exp x
    v1 = sin y
    v2 = mul v0, v1
    return v2
}";

/// A whole-number sum that must not overflow.
pub(crate) const CHECKED: &str = "func @checked(a: i64, b: i64) -> i64 {
    v0 = add_overflows a, b
    v1 = not v0
    v2 = guard v1, overflow \"a + b\" at 3..8, a, b
    v3 = add a, b
    return v3
}";

/// Several types at once.
pub(crate) const MIXED: &str = "func @mixed(c: bool, x: f32, k: i32, n: i64) -> f32 {
    v0 = cast.f32 k
    v1 = mul x, v0
    v2 = cast.f32 n
    v3 = add v1, v2
    v4 = select c, v3, x
    return v4
}";

/// Two results of different types.
pub(crate) const TWO: &str = "func @two(x: f64, y: f64) -> (f64, bool) {
    v0 = max x, y
    v1 = lt x, y
    return v0, v1
}";

pub(crate) fn func(text: &str) -> Func {
    match parse(text) {
        Ok(func) => func,
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// An engine at each level that the processor has.
pub(crate) fn native_engines() -> Vec<Engine> {
    let Some(best) = Engine::default().level() else {
        return Vec::new();
    };
    Level::ALL
        .into_iter()
        .filter(|level| *level <= best)
        .map(|level| Engine::builder().level(level).build())
        .collect()
}

pub(crate) fn interpreter() -> Engine {
    Engine::builder().tier(Tier::Interpreter).build()
}

/// A column of values that differ in sign, size and kind.
pub(crate) fn column(scalar: Scalar, rows: usize, seed: u64) -> Buffer {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        // Marsaglia's xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let real = |bits: u64| match bits % 29 {
        0 => 0.0,
        1 => -0.0,
        2 => f64::INFINITY,
        3 => f64::NAN,
        4 => 5e-324,
        5 => -1e300,
        _ => (bits >> 11) as f64 / (1u64 << 50) as f64 - 4.0,
    };
    match scalar {
        Scalar::Bool => Buffer::Bool((0..rows).map(|_| next() & 64 != 0).collect()),
        Scalar::I32 => Buffer::I32((0..rows).map(|_| next() as i32 >> 8).collect()),
        Scalar::I64 => Buffer::I64((0..rows).map(|_| next() as i64 >> 3).collect()),
        Scalar::F32 => Buffer::F32((0..rows).map(|_| real(next()) as f32).collect()),
        Scalar::F64 => Buffer::F64((0..rows).map(|_| real(next())).collect()),
        other => panic!("no test column of {other}"),
    }
}

/// One column per parameter.
pub(crate) fn columns(func: &Func, rows: usize, seed: u64) -> Vec<Buffer> {
    func.params()
        .iter()
        .zip(seed..)
        .map(|(param, seed)| match param.ty {
            kiln_ir::ParamType::Scalar(scalar) => column(scalar, rows, seed),
            kiln_ir::ParamType::Array(_) => panic!("{} is an array", param.name),
        })
        .collect()
}

pub(crate) fn arg(buffer: &Buffer) -> ColumnArg<'_> {
    match buffer.as_slice() {
        Slice::Bool(data) => data.into(),
        Slice::I32(data) => data.into(),
        Slice::I64(data) => data.into(),
        Slice::F32(data) => data.into(),
        Slice::F64(data) => data.into(),
        other => panic!("no test column of {}", other.scalar()),
    }
}

/// Whether two columns have the same bits; NaN equals NaN.
pub(crate) fn same(a: &Buffer, b: &Buffer) -> bool {
    match (a, b) {
        (Buffer::F64(a), Buffer::F64(b)) => same_by(a, b, |x| (x.is_nan(), x.to_bits())),
        (Buffer::F32(a), Buffer::F32(b)) => same_by(a, b, |x| (x.is_nan(), u64::from(x.to_bits()))),
        (a, b) => a == b,
    }
}

fn same_by<T: Copy>(a: &[T], b: &[T], bits: impl Fn(T) -> (bool, u64)) -> bool {
    let alike = |(&x, &y): (&T, &T)| {
        let ((x_nan, x), (y_nan, y)) = (bits(x), bits(y));
        (x_nan && y_nan) || (x == y && x_nan == y_nan)
    };
    a.len() == b.len() && a.iter().zip(b).all(alike)
}
