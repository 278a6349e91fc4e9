//! Whole calls that are too long for a filetest.

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
        assert!(distinct.len() > 2, "{combine} of {scalar} sees its values");
    }
}
