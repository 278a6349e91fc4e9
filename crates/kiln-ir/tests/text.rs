//! Printing and parsing are inverse, and nothing that is read panics.

use kiln_ir::{parse, parse_file, verify};
use proptest::prelude::*;

const SAMPLES: &[&str] = &[
    "func @axpy(a: f64, x: [f64], y: mut [f64]) {
    v0 = len y
    for v1 in 0..v0 {
        v2 = load y[v1]
        v3 = load x[v1]
        v4 = mul a, v3
        v5 = add v2, v4
        store y[v1], v5
    }
}
",
    "func @pick(c: bool, x: f64, `v1`: i16) -> (f64, i16) {
    v0 = guard c, overflow \"a + b\" at 3..8, x, `v1`
    v1 = guard c, assert \"never\" in \"src/lib.rs\" 12:5, x
    v3 = if c {
        v2 = exp x
        yield v2
    } else {
        yield x
    }
    v4 = add `v1`, -32768i16
    return v3, v4
}
",
    "func @steps(k: i64) -> i64 {
    v6, v7 = while with v0 = k, v1 = 0 {
        v2 = ne v0, 1
        yield v2
    } do v3, v4 {
        v5 = add v4, 1
        yield v3, v5
    }
    return v7
}
",
    "func @all(x: [f32 rank 2 strided], out: mut [f32]) -> f32 {
    local l0: [f32 x 4]
    v0 = len x, 1
    v3 = reduce sum tree v1 in 0..v0 {
        v2 = load x[0, v1]
        yield v2
    }
    v6 = scan max v4 in 0..v0 from -inff32 into out {
        v5 = load x[1, v4]
        yield v5
    }
    store l0[0], v6
    v7 = cast.f32 true
    v8 = add v3, v7
    return v8
}
",
    "func @wide(x: [f64], a: f64, y: mut [f64]) {
    v0 = len y
    v1 = splat.<8 x f64> a
    for v2 in 0..v0 by 8 {
        v3 = load.<8 x f64> x[v2]
        v4 = lt v3, v1
        v5 = any v4
        v7 = if v5 {
            v6 = mul v3, v1
            yield v6
        } else {
            yield v3
        }
        store y[v2], v7
    }
}
",
];

#[test]
fn samples_print_as_they_are_written() {
    for sample in SAMPLES {
        let func = parse(sample).unwrap_or_else(|e| panic!("{e}\n{sample}"));
        verify(&func).unwrap_or_else(|e| panic!("{e}\n{sample}"));
        assert_eq!(func.to_string(), **sample);
    }
}

#[test]
fn a_file_has_a_header_and_calls_what_came_before() {
    let text = "kiln 1
func @square(x: f64) -> f64 {
    v0 = mul x, x
    return v0
}
func @fourth(x: f64) -> f64 {
    v0 = call @square x
    v1 = call @square v0
    return v1
}
";
    let funcs = parse_file(text).expect("both parse");
    assert_eq!(funcs.len(), 2);
    assert_eq!(funcs[1].callees().len(), 1);
    assert!(parse_file("kiln 2\n").is_err());
}

#[test]
fn errors_name_line_and_column() {
    for (text, message) in [
        (
            "func @f(a: f64) -> f64 {\n  v0 = add a, b\n}",
            "2:15: b is not defined here",
        ),
        (
            "func @f(a: f64) {\n  v0 = add a, 1\n}",
            "3:1: operands of add differ: f64, i64",
        ),
        (
            "func @f(a: f64) {\n  v0 = plus a, a\n}",
            "2:8: there is no op plus",
        ),
        ("", "1:1: expected a func, found the end"),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn nesting_is_limited() {
    let mut text = "func @f(c: bool, y: mut [f64]) {\n".to_owned();
    text.push_str(&"if c {\n".repeat(100_000));
    let error = parse(&text).expect_err("too deep");
    assert!(error.to_string().contains("nest deeper than"), "{error}");
}

proptest! {
    #[test]
    fn random_text_never_panics(text in "\\PC*") {
        let _ = parse(&text);
    }

    #[test]
    fn damaged_text_never_panics(
        which in 0..SAMPLES.len(),
        cut in any::<prop::sample::Index>(),
        len in 0usize..12,
        put in "[-a-z0-9v=,.(){}\\[\\] ]{0,8}",
    ) {
        let sample = SAMPLES[which];
        let start = cut.index(sample.len());
        let end = (start + len).min(sample.len());
        let text = format!("{}{put}{}", &sample[..start], &sample[end..]);
        if let Ok(func) = parse(&text) {
            let _ = verify(&func);
            let printed = func.to_string();
            let again = parse(&printed).expect("what is printed parses");
            prop_assert_eq!(again.to_string(), printed);
        }
    }
}
