//! Names, never positions by alphabet.

use super::{engines, formula};
use kiln::{Column, InputType, Scalar, Value};
use std::collections::{BTreeMap, HashMap};

#[test]
fn names_bind_in_any_order() {
    for engine in engines() {
        let k = engine.kernel(&formula("a - b"));
        let value = |pairs: &[(&str, f64)]| k.call(pairs).unwrap()["result"];
        assert_eq!(value(&[("a", 5.0), ("b", 3.0)]), Value::F64(2.0));
        assert_eq!(value(&[("b", 3.0), ("a", 5.0)]), Value::F64(2.0));
    }
}

#[test]
fn typed_arguments_are_in_the_stated_order() {
    for engine in engines() {
        let f = formula("a - b");
        let ab = engine.typed::<fn(f64, f64) -> f64>(&f, ["a", "b"]).unwrap();
        let ba = engine.typed::<fn(f64, f64) -> f64>(&f, ["b", "a"]).unwrap();
        assert_eq!((ab.call(5.0, 3.0), ba.call(5.0, 3.0)), (2.0, -2.0));
        // A schema may be wider than the formula.
        let wide = engine.typed::<fn(f64, i32, f64) -> f64>(&f, ["b", "id", "a"]);
        assert_eq!(wide.unwrap().call(3.0, 7, 5.0), 2.0);
    }
}

#[test]
fn a_missing_name_is_told_with_the_nearest() {
    let k = formula("qty * price").kernel();
    let error = k.call(&[("qty", 1.0), ("prize", 2.0)]).unwrap_err();
    assert!(error.is_name());
    assert_eq!(
        error.to_string(),
        "`prize` is not an input; did you mean `price`?"
    );
    let row = HashMap::from([("qty", 1.0), ("prise", 2.0)]);
    let error = k.call(&row).unwrap_err();
    assert!(
        error.is_name() && error.report().contains("did you mean `prise`?"),
        "{error}"
    );
    let error = formula("qty * prise")
        .typed::<fn(f64, f64) -> f64>(["qty", "price"])
        .unwrap_err();
    assert!(
        error.report().contains("did you mean `price`?"),
        "{}",
        error.report()
    );
    assert_eq!(
        error.span().map(|span| (span.start, span.end)),
        Some((6, 11))
    );
}

#[test]
fn extra_names_are_an_error_in_lists_and_nothing_in_maps() {
    for engine in engines() {
        let k = engine.kernel(&formula("a + 1"));
        let error = k.call(&[("a", 1.0), ("b", 2.0)]).unwrap_err();
        assert_eq!(error.to_string(), "`b` is not an input");
        let error = k.call(&[("a", 1.0), ("a", 2.0)]).unwrap_err();
        assert_eq!(error.to_string(), "`a` is given twice");
        let map = BTreeMap::from([("a", 1.0), ("b", 2.0)]);
        assert_eq!(k.call(&map).unwrap()["result"], Value::F64(2.0));
        let owned = HashMap::from([("a".to_owned(), Value::F64(1.0))]);
        assert_eq!(k.call(&owned).unwrap()["result"], Value::F64(2.0));
        let x = [1.0, 2.0];
        let columns = HashMap::from([("a", Column::from(&x)), ("b", (&[0u8; 9]).into())]);
        assert_eq!(
            k.map(&columns).unwrap()["result"].as_slice(),
            Some(&[2.0, 3.0][..])
        );
        assert!(
            k.map(&[("a", Column::from(&x)), ("b", 1.0.into())])
                .is_err()
        );
    }
}

#[test]
fn an_input_hides_a_constant() {
    for engine in engines() {
        let k = engine.kernel(&formula("2 * pi"));
        assert_eq!(k.call(&[("pi", 3.0)]).unwrap()["result"], Value::F64(6.0));
        let none: [(&str, f64); 0] = [];
        let turn = k.call(&none).unwrap()["result"];
        assert_eq!(turn, Value::F64(std::f64::consts::TAU));
    }
}

#[test]
fn positions_are_stated_once() {
    for engine in engines() {
        let k = engine.kernel(&formula("a / b"));
        let at = k
            .bind(&[("b", Scalar::F64), ("id", Scalar::I32), ("a", Scalar::F64)])
            .unwrap();
        let values = at.call(&[2.0.into(), 7i32.into(), 5.0.into()]).unwrap();
        assert_eq!(values["result"], Value::F64(2.5));
        let error = at.call(&[2.0.into(), 7.0.into(), 5.0.into()]).unwrap_err();
        assert_eq!(error.to_string(), "input `number 2` is i32, not f64");
        assert!(at.call(&[2.0.into()]).is_err());
        assert!(at.call_f64(&[2.0, 7.0, 5.0]).is_err());
        let at = k.bind(&[("b", Scalar::F64), ("a", Scalar::F64)]).unwrap();
        assert_eq!(at.call_f64(&[2.0, 5.0]).unwrap(), 2.5);
        let at = k.bind(&[
            ("a", InputType::new(Scalar::F64).nullable()),
            ("b", Scalar::F64.into()),
        ]);
        let at = at.unwrap();
        assert_eq!(
            at.call(&[Value::Missing, 1.0.into()]).unwrap()["result"],
            Value::Missing
        );
        assert_eq!(
            at.call(&[3.0.into(), 1.0.into()]).unwrap()["result"],
            Value::F64(3.0)
        );
    }
}

#[test]
fn one_kernel_takes_every_type() {
    for engine in engines() {
        let k = engine.kernel(&formula("a + b"));
        assert_eq!(
            k.call(&[("a", 1i8), ("b", 2)]).unwrap()["result"],
            Value::I64(3)
        );
        assert_eq!(
            k.call(&[("a", 1.5f32), ("b", 2.0)]).unwrap()["result"],
            Value::F32(3.5)
        );
        let mixed = [("a", Value::U8(1)), ("b", Value::F32(0.5))];
        assert_eq!(k.call(&mixed).unwrap()["result"], Value::F32(1.5));
        let missing = [("a", Value::Missing), ("b", Value::F64(0.5))];
        assert_eq!(k.call(&missing).unwrap()["result"], Value::Missing);
        for _ in 0..3 {
            assert_eq!(
                k.call(&[("a", 1.0), ("b", 2.0)]).unwrap()["result"],
                Value::F64(3.0)
            );
        }
    }
}
