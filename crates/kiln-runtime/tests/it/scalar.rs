//! Calls of one row: typed, by slots, in both tiers.

use crate::funcs::{CHECKED, MIXED, QUADRATIC, TWO, WAVE, func, interpreter, native_engines};
use kiln_ir::{Const, FaultKind, Scalar, Span};
use kiln_runtime::{Engine, Fault, Policy, Ran, RuntimeError, Tier};

fn quadratic(x: f64, y: f64, z: f64) -> f64 {
    (-z + (z * z - x * y * 4.0).sqrt()) / (2.0 * x)
}

fn is_native(ran: Ran) -> bool {
    ran.tier == Tier::Native
}

#[test]
fn a_typed_call_gives_what_rust_gives() {
    let engine = Engine::default();
    let kernel = engine.scalar(func(QUADRATIC)).unwrap();
    let typed = kernel.typed::<fn(f64, f64, f64) -> f64>().unwrap();
    assert_eq!(engine.stats().compiles, 0, "nobody has called it");
    for (x, y, z) in [(1.0, 2.0, 5.0), (0.5, -3.0, 0.1), (1e-300, 1.0, 7.0)] {
        assert_eq!(typed.call(x, y, z).to_bits(), quadratic(x, y, z).to_bits());
    }
    assert!(typed.call(1.0, 5.0, 2.0).is_nan());
    assert!(is_native(typed.ran()));
    assert_eq!(engine.stats().compiles, 1);
}

#[test]
fn the_tier_changes_on_the_next_call() {
    let engine = Engine::default();
    let kernel = engine.scalar(func(WAVE)).unwrap();
    let typed = kernel.typed::<fn(f64, f64) -> f64>().unwrap();
    let mut result = [Const::zero(Scalar::F64)];
    let args = [Const::f64(0.7), Const::f64(1e10)];
    let native = typed.call(0.7, 1e10);
    assert!(is_native(kernel.call(&args, &mut result).unwrap()));
    assert_eq!(result, [Const::f64(native)]);
    engine.set_tier(Tier::Interpreter);
    assert_eq!(typed.ran(), Ran::INTERPRETED);
    assert_eq!(typed.call(0.7, 1e10).to_bits(), native.to_bits());
    assert_eq!(kernel.call(&args, &mut result).unwrap(), Ran::INTERPRETED);
    assert_eq!(result, [Const::f64(native)]);
    engine.set_tier(Tier::Native);
    assert!(is_native(kernel.call(&args, &mut result).unwrap()));
}

#[test]
fn an_eager_engine_compiles_before_the_first_call() {
    let engine = Engine::builder().policy(Policy::Eager).build();
    let kernel = engine.scalar(func(QUADRATIC)).unwrap();
    assert_eq!(engine.stats().compiles, 1);
    let typed = kernel.typed::<fn(f64, f64, f64) -> f64>().unwrap();
    typed.call(1.0, 2.0, 3.0);
    assert_eq!(engine.stats().compiles, 1);
}

#[test]
fn mixed_types_and_several_results() {
    for engine in native_engines().into_iter().chain([interpreter()]) {
        let mixed = engine.scalar(func(MIXED)).unwrap();
        let typed = mixed.typed::<fn(bool, f32, i32, i64) -> f32>().unwrap();
        assert_eq!(
            typed.call(true, 0.5, -6, 1 << 40),
            0.5 * -6.0 + 2f32.powi(40)
        );
        assert_eq!(typed.call(false, 0.5, -6, 1 << 40), 0.5);
        let args = [
            Const::bool(true),
            Const::f32(0.5),
            Const::int(Scalar::I32, -6),
            Const::i64(3),
        ];
        let mut one = [Const::zero(Scalar::F32)];
        let ran = mixed.call(&args, &mut one).unwrap();
        assert_eq!(one, [Const::f32(0.0)]);
        assert_eq!(ran.tier, engine.tier());

        let two = engine.scalar(func(TWO)).unwrap();
        let mut results = [Const::zero(Scalar::F64), Const::zero(Scalar::Bool)];
        let args = [Const::f64(-0.0), Const::f64(0.0)];
        let ran = two.call(&args, &mut results).unwrap();
        assert_eq!(results, [Const::f64(0.0), Const::bool(false)]);
        assert_eq!(ran.tier, engine.tier());
    }
}

#[test]
fn a_fault_says_what_and_where() {
    for engine in native_engines().into_iter().chain([interpreter()]) {
        let kernel = engine.scalar(func(CHECKED)).unwrap();
        let typed = kernel
            .typed::<fn(i64, i64) -> Result<i64, Fault>>()
            .unwrap();
        assert_eq!(typed.call(2, -3), Ok(-1));
        let fault = Fault {
            kernel: None,
            kind: FaultKind::Overflow,
            message: "a + b".to_owned(),
            row: None,
            operands: vec![Const::i64(i64::MAX), Const::i64(1)],
            span: Some(Span { start: 3, end: 8 }),
            site: None,
        };
        assert_eq!(typed.call(i64::MAX, 1), Err(fault.clone()));
        let mut result = [Const::i64(77)];
        let args = [Const::i64(i64::MAX), Const::i64(1)];
        let error = kernel.call(&args, &mut result).unwrap_err();
        assert_eq!(error.to_string(), "a + b: 9223372036854775807, 1");
        assert_eq!(error, RuntimeError::from(fault));
        assert_eq!(result, [Const::i64(77)], "untouched");
        let ran = kernel.call(&[Const::i64(1); 2], &mut result).unwrap();
        assert_eq!(ran.tier, engine.tier());
    }
}

#[test]
fn misuse_is_an_error() {
    let engine = Engine::default();
    let kernel = engine.scalar(func(CHECKED)).unwrap();
    let wrong = kernel.typed::<fn(i64, f64) -> i64>().unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "@checked is (i64, i64) -> i64, not (i64, f64) -> i64"
    );
    assert!(matches!(
        kernel.typed::<fn(i64) -> i64>(),
        Err(RuntimeError::Signature { .. })
    ));
    let fallible = kernel.typed::<fn(i64, i64) -> i64>().unwrap_err();
    assert!(fallible.to_string().contains("a + b"), "{fallible}");
    let mut result = [Const::i64(0)];
    assert!(matches!(
        kernel.call(&[Const::i64(1)], &mut result),
        Err(RuntimeError::Count {
            expected: 2,
            found: 1,
            ..
        })
    ));
    assert!(matches!(
        kernel.call(&[Const::i64(1); 2], &mut []),
        Err(RuntimeError::Count {
            what: "results",
            ..
        })
    ));
    let error = kernel.call(&[Const::i64(1), Const::f64(1.0)], &mut result);
    assert_eq!(error.unwrap_err().to_string(), "b is i64, not f64");
    let arrays = func("func @len(x: [f64]) -> i64 {\n    v0 = len x\n    return v0\n}");
    assert!(matches!(
        engine.scalar(arrays),
        Err(RuntimeError::Arrays { .. })
    ));
}

#[test]
fn every_arity_and_no_argument_at_all() {
    let engine = Engine::default();
    for arity in 0..=14usize {
        let names: Vec<String> = (0..arity).map(|i| format!("x{i}")).collect();
        let params: Vec<String> = names.iter().map(|n| format!("{n}: f64")).collect();
        let mut text = format!("func @sum({}) -> f64 {{\n", params.join(", "));
        let mut sum = "1.0".to_owned();
        for (i, name) in names.iter().enumerate() {
            // Twice the sum so far, so that each place counts differently.
            text.push_str(&format!("v{} = add {sum}, {sum}\n", 2 * i));
            text.push_str(&format!("v{} = add v{}, {name}\n", 2 * i + 1, 2 * i));
            sum = format!("v{}", 2 * i + 1);
        }
        text.push_str(&format!("return {sum}\n}}"));
        let kernel = engine.scalar(func(&text)).unwrap();
        let args: Vec<f64> = (0..arity).map(|i| i as f64 + 0.5).collect();
        let expected = args.iter().fold(1.0, |sum, x| sum + sum + x);
        let mut result = [Const::zero(Scalar::F64)];
        let slots: Vec<Const> = args.iter().copied().map(Const::f64).collect();
        let ran = kernel.call(&slots, &mut result).unwrap();
        assert_eq!(result, [Const::f64(expected)], "{arity} arguments");
        assert!(is_native(ran));
    }
    let none = engine
        .scalar(func("func @one() -> f64 {\n    return 1.0\n}"))
        .unwrap();
    assert_eq!(none.typed::<fn() -> f64>().unwrap().call(), 1.0);
}
