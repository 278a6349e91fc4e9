//! Computations written in Rust.

use super::engines;
use kiln::{Builder, Column, Value};

#[test]
fn operators_mean_what_the_language_says() {
    let f = kiln::build(|b| {
        let (x, y) = (b.input::<f64>("x"), b.input::<f64>("y"));
        let bigger = x.gt(y).select(x, y);
        2.0 * bigger - x / 4.0 + (x * y).sqrt().mul_add(y, 1.0) + x.powi(3) - -y % 2.0
    })
    .unwrap();
    let expected = |x: f64, y: f64| {
        let bigger = if x > y { x } else { y };
        2.0 * bigger - x / 4.0 + (x * y).sqrt().mul_add(y, 1.0) + x * x * x - -y % 2.0
    };
    for engine in engines() {
        let f = engine.typed::<fn(f64, f64) -> f64>(&f, ["x", "y"]).unwrap();
        for (x, y) in [(1.0, 3.0), (2.5, 0.5), (0.0, 7.25)] {
            assert_eq!(f.call(x, y), expected(x, y));
        }
    }
}

#[test]
fn every_method_is_its_function() {
    let b = Builder::new("all");
    let (x, n) = (b.input::<f64>("x"), b.input::<i32>("n"));
    b.output("exp", x.exp());
    b.output("ln", x.ln());
    b.output("sin", x.sin());
    b.output("cos", x.cos());
    b.output("asin", x.asin());
    b.output("atan2", x.atan2(2.0));
    b.output("powf", x.powf(1.5));
    b.output("floor", x.floor());
    b.output("ceil", x.ceil());
    b.output("trunc", x.trunc());
    b.output("round_even", (x * 5.0).round_even());
    b.output("copysign", x.copysign(-1.0));
    b.output("fmin", x.fmin(f64::NAN));
    b.output("min", x.min(f64::NAN));
    b.output("is_nan", x.is_nan());
    b.output("zeros", n.leading_zeros());
    b.output("sat", n.saturating_add(i32::MAX));
    b.output("wrap", n + i32::MAX);
    b.output("bits", (n << 3) ^ (n & 1) | !n);
    b.output("cast", n.cast::<f64>() / 2.0);
    b.output("lazy", x.lt(1.0).choose(|| x.exp(), || x));
    let all = b.finish().unwrap();
    for engine in engines() {
        let k = engine.kernel(&all);
        let out = k
            .call(&[("x", Value::F64(0.5)), ("n", Value::I32(5))])
            .unwrap();
        let close = |name: &str, expected: f64| {
            let found = out[name].as_f64().unwrap();
            assert!(
                (found - expected).abs() < 1e-15,
                "{name}: {found}, not {expected}"
            );
        };
        close("exp", 0.5f64.exp());
        close("ln", 0.5f64.ln());
        close("sin", 0.5f64.sin());
        close("cos", 0.5f64.cos());
        close("asin", 0.5f64.asin());
        close("atan2", 0.5f64.atan2(2.0));
        close("powf", 0.5f64.powf(1.5));
        close("lazy", 0.5f64.exp());
        for (name, expected) in [
            ("floor", 0.0),
            ("ceil", 1.0),
            ("trunc", 0.0),
            ("round_even", 2.0),
            ("copysign", -0.5),
            ("fmin", 0.5),
            ("cast", 2.5),
        ] {
            assert_eq!(out[name], Value::F64(expected), "{name}");
        }
        assert!(out["min"].as_f64().unwrap().is_nan());
        assert_eq!(out["is_nan"], Value::Bool(false));
        assert_eq!(out["zeros"], Value::I32(29));
        assert_eq!(out["sat"], Value::I32(i32::MAX));
        assert_eq!(out["wrap"], Value::I32(i32::MIN + 4));
        assert_eq!(out["bits"], Value::I32((5 << 3) ^ (5 & 1) | !5));
    }
}

#[test]
fn a_guard_ends_the_call() {
    let b = Builder::new("root");
    let x = b.input::<f64>("x");
    b.guard(x.ge(0.0), "x is negative");
    b.output("root", x.sqrt());
    let root = b.finish().unwrap();
    for engine in engines() {
        let k = engine.kernel(&root);
        assert_eq!(k.call(&[("x", 4.0)]).unwrap()["root"], Value::F64(2.0));
        let error = k.map(&[("x", Column::from(&[1.0, -1.0]))]).unwrap_err();
        assert_eq!(error.row(), Some(1));
        assert!(error.to_string().contains("x is negative"), "{error}");
    }
}

#[test]
fn types_are_fixed() {
    let f = kiln::build(|b| b.input::<f32>("x") + 1.0f32).unwrap();
    let k = f.kernel();
    assert_eq!(k.call(&[("x", 1.0f32)]).unwrap()["result"], Value::F32(2.0));
    let error = k.call(&[("x", 1.0f64)]).unwrap_err();
    assert_eq!(error.to_string(), "input `x` is f32, not f64");
    let none: [(&str, f32); 0] = [];
    assert_eq!(
        k.call(&none).unwrap_err().to_string(),
        "input `x` is missing"
    );
    assert_eq!(f.inputs().collect::<Vec<_>>(), ["x"]);
    assert!(f.to_string().contains("func @built(x: f32)"), "{f}");
    let none = Builder::new("none").finish().unwrap_err();
    assert_eq!(none.to_string(), "a computation needs an output");
}

#[test]
#[should_panic(expected = "another builder's")]
fn values_do_not_mix() {
    let (a, b) = (Builder::new("a"), Builder::new("b"));
    b.output("x", a.input::<f64>("x"));
}
