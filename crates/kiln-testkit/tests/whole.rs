//! Whole calls that are too long for a filetest.

use kiln_codegen::Level;
use kiln_ir::{Const, Scalar, parse};
use kiln_testkit::cells::samples;
use kiln_testkit::whole::{Array, Input, Whole};

/// Lengths around every step of the fixed shape: lanes, blocks, digits of the
/// counter of blocks.
fn lengths() -> impl Iterator<Item = usize> {
    let blocks = [1, 2, 3, 4, 5, 7, 8].into_iter();
    let edges = blocks.flat_map(|n| [n * 1024 - 1, n * 1024, n * 1024 + 1, n * 1024 + 17]);
    (0..=70).chain(edges)
}

#[test]
fn a_reduction_of_any_length_has_the_same_bits_every_way() {
    for (scalar, combine) in [
        (Scalar::F64, "sum"),
        (Scalar::F64, "product"),
        (Scalar::F64, "min"),
        (Scalar::F32, "sum"),
        (Scalar::F32, "max"),
        (Scalar::I64, "sum"),
        (Scalar::U8, "product"),
        (Scalar::I32, "min"),
    ] {
        let text = format!(
            "func @f(x: [{scalar}]) -> {scalar} {{
    v0 = len x
    v1 = reduce {combine} tree v2 in 0..v0 {{
        v3 = load x[v2]
        yield v3
    }}
    return v1
}}"
        );
        let mut whole = Whole::new(&parse(&text).unwrap()).unwrap();
        let mut distinct = std::collections::BTreeSet::new();
        for len in lengths() {
            let values: Vec<Const> = match scalar {
                // Edges would soon give a NaN, and nothing else.
                Scalar::F64 => (0..len)
                    .map(|i| Const::f64(1.0 + (i as f64 * 0.7).sin() / 64.0))
                    .collect(),
                Scalar::F32 => (0..len)
                    .map(|i| Const::f32(1.0 + (i as f32 * 0.7).sin()))
                    .collect(),
                other => samples(other, len, len as u64),
            };
            let array = Array::contiguous(values, vec![len]);
            let ran = whole.check(&[Input::Array(array)]);
            let ran = ran.unwrap_or_else(|e| panic!("{combine} of {len} {scalar}: {e}"));
            distinct.insert(ran.results[0].bits());
        }
        for level in host_levels() {
            // Wide code has no product of bytes.
            let has_form = scalar != Scalar::U8 || level == Level::V128;
            let expected = usize::from(has_form);
            assert_eq!(
                whole.strips(level),
                expected,
                "{combine} of {scalar} at {level}"
            );
        }
        assert!(distinct.len() > 2, "{combine} of {scalar} sees its values");
    }
}

/// Functions of `n` and arrays `x` and `y`, the last one written, with one
/// loop each.
const LOOPS: &[(&str, &str)] = &[
    (
        "neighbours",
        "func @f(x: [f64], y: mut [f64]) {
    n = len y
    m = sub n, 1
    for i in 1..m {
        before = sub i, 1
        after = add i, 1
        a = load x[before]
        b = load x[after]
        c = add a, b
        d = load y[i]
        e = fma c, 0.5, d
        store y[i], e
    }
}",
    ),
    (
        "mixed widths",
        "func @f(x: [i16], y: mut [f64]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        b = cast.f64 a
        c = cast.f64 i
        d = mul b, c
        store y[i], d
    }
}",
    ),
    (
        "a check in each round",
        "func @f(x: [i64], y: mut [i64]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        b = load y[i]
        o = add_overflows a, b
        h = not o
        g = guard h, overflow \"x + y\", a, b
        c = add a, b
        store y[i], c
    }
}",
    ),
    (
        "until no round is left",
        "func @f(x: [f64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        s, k = while with v = a, c = 0 {
            w = abs v
            far = gt w, 1.5
            few = lt c, 40
            both = and far, few
            yield both
        } do t, d {
            u = mul t, 0.75
            e = add d, 1
            yield u, e
        }
        f = cast.f64 k
        r = add s, f
        store y[i], r
    }
}",
    ),
    (
        "a check that some rounds make",
        "func @f(x: [i32], y: mut [i32]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        most = cast.i32 100
        step = cast.i32 2147483600
        one = cast.i32 1
        s = while with v = a {
            big = gt v, most
            yield big
        } do t {
            o = add_overflows t, step
            h = not o
            g = guard h, overflow \"v\", t
            u = shr t, one
            yield u
        }
        store y[i], s
    }
}",
    ),
];

/// Every loop at every length, in place and with a row that fails here and
/// there, with special values in every lane.
#[test]
fn loops_on_vectors_have_the_bits_of_loops_of_one_lane() {
    for (name, text) in LOOPS {
        let func = parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let guarded = kiln_ir::guard_accesses(&func);
        let mut whole = Whole::new(&guarded).unwrap_or_else(|e| panic!("{name}: {e}"));
        for level in host_levels() {
            assert_eq!(whole.strips(level), 1, "{name} at {level}");
        }
        let types: Vec<Scalar> = func.params().iter().map(|p| p.ty.elem()).collect();
        let (mut failed, mut finished) = (0, 0);
        for len in 0..=130 {
            for salt in 0..3 {
                let inputs: Vec<Input> = types
                    .iter()
                    .enumerate()
                    .map(|(nth, &scalar)| {
                        let values = match (scalar, salt) {
                            // No sum of these overflows.
                            (Scalar::I64, 0) => (0..len).map(|v| Const::i64(v as i64)).collect(),
                            (Scalar::I32, 0) => (0..len)
                                .map(|v| Const::from_bits(Scalar::I32, v as u64))
                                .collect(),
                            _ => samples(scalar, len, (3 * len + salt + nth) as u64),
                        };
                        Input::Array(Array::contiguous(values, vec![len]))
                    })
                    .collect();
                let ran = whole.check(&inputs);
                let ran = ran.unwrap_or_else(|e| panic!("{name} of {len}: {e}"));
                match ran.failed {
                    Some(_) => failed += 1,
                    None => finished += 1,
                }
            }
        }
        assert!(finished > 0, "{name} never finishes");
        assert_eq!(
            failed > 0,
            name.contains("check"),
            "{name} fails {failed} times"
        );
    }
}

/// The levels of this processor that have vectors.
fn host_levels() -> Vec<Level> {
    let levels = kiln_testkit::ways::host().levels().iter().copied();
    levels.filter(|&level| level != Level::One).collect()
}
