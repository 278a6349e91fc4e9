//! `call`, `map`, `map_into`, `update`, one-shot `eval`.

use super::{engines, formula};
use kiln::{Column, ColumnMut, Fault, Overflow, Tier, Value};

#[test]
fn values_broadcast_and_slices_do_not() {
    for engine in engines() {
        let k = engine.kernel(&formula("x * s"));
        let x = [1.0, 2.0, 3.0];
        let out = k
            .map(&[("x", Column::from(&x)), ("s", 2.0.into())])
            .unwrap();
        assert_eq!(out["result"].as_slice(), Some(&[2.0, 4.0, 6.0][..]));
        let one = [2.0];
        let error = k
            .map(&[("x", Column::from(&x)), ("s", (&one).into())])
            .unwrap_err();
        assert_eq!(error.to_string(), "`s` has 1 rows, where `x` has 3");
        let out = k.map(&[("x", 1.0.into()), ("s", 2.0.into())]).unwrap();
        assert_eq!(out["result"].len(), 1);
        let out = k
            .map_rows(4, &[("x", 1.0.into()), ("s", 2.0.into())])
            .unwrap();
        assert_eq!(out["result"].as_slice(), Some(&[2.0; 4][..]));
        assert!(
            k.map_rows(2, &[("x", Column::from(&x)), ("s", 2.0.into())])
                .is_err()
        );
        let none: [f64; 0] = [];
        let out = k
            .map(&[("x", Column::from(&none)), ("s", 2.0.into())])
            .unwrap();
        assert!(out["result"].is_empty());
    }
}

#[cfg(feature = "jit")]
#[test]
fn the_tiers_say_where_they_ran() {
    let [interpreter, native] = engines();
    let f = formula("exp(x) + x");
    let x: Vec<f64> = (0..1000).map(f64::from).map(|i| i * 0.01 - 5.0).collect();
    let inputs = [("x", Column::from(&x))];
    let a = interpreter.kernel(&f).map(&inputs).unwrap();
    let b = native.kernel(&f).map(&inputs).unwrap();
    assert_eq!(
        (a.ran().tier, b.ran().tier),
        (Tier::Interpreter, Tier::Native)
    );
    let bits = |out: &kiln::Columns| -> Vec<u64> {
        out["result"]
            .as_slice::<f64>()
            .unwrap()
            .iter()
            .map(|x| x.to_bits())
            .collect()
    };
    assert_eq!(bits(&a), bits(&b));
    let row = native.kernel(&f).call(&[("x", x[3])]).unwrap();
    assert_eq!(
        (row.ran().tier, row["result"]),
        (Tier::Native, b["result"].get(3))
    );
    native.set_tier(Tier::Interpreter);
    assert_eq!(
        native.kernel(&f).map(&inputs).unwrap().ran().tier,
        Tier::Interpreter
    );
}

#[test]
fn missing_values_flow_through_columns() {
    for engine in engines() {
        let k = engine.kernel(&formula("s = a + b; c = coalesce(a, 0)"));
        let (a, valid) = ([1.0, f64::NAN, 3.0], [true, false, true]);
        let b = [Some(10.0), Some(20.0), None];
        let inputs = [("a", Column::with_validity(&a, &valid)), ("b", (&b).into())];
        let out = k.map(&inputs).unwrap();
        let s: Vec<Value> = out["s"].iter().collect();
        assert_eq!(s, [Value::F64(11.0), Value::Missing, Value::Missing]);
        assert_eq!(out["s"].validity(), Some(&[true, false, false][..]));
        assert_eq!(out["c"].validity(), None);
        assert_eq!(out["c"].as_slice(), Some(&[1.0, 0.0, 3.0][..]));
        // An output is an input again.
        let k = engine.kernel(&formula("is_null(s)"));
        let out = k.map(&[("s", Column::from(&out["s"]))]).unwrap();
        assert_eq!(out["result"].as_slice(), Some(&[false, true, true][..]));
        let short = Column::with_validity(&a, &valid[..2]);
        assert!(k.map(&[("s", short)]).is_err());
    }
}

#[test]
fn columns_that_exist_are_written() {
    for engine in engines() {
        let k = engine.kernel(&formula("y = x * 2; big = x > 1; z = x"));
        let x = [1.0, 2.0];
        let (mut y, mut big, mut z) = ([0.0; 2], [false; 2], [0.0; 2]);
        let mut valid = [false; 2];
        // In any order; a validity nobody needs says that all is there.
        let mut outputs = [
            ("big", ColumnMut::from(&mut big)),
            ("z", ColumnMut::with_validity(&mut z, &mut valid)),
            ("y", (&mut y).into()),
        ];
        k.map_into(&[("x", Column::from(&x))], &mut outputs)
            .unwrap();
        assert_eq!(
            (y, big, z, valid),
            ([2.0, 4.0], [false, true], x, [true; 2])
        );
    }
}

#[test]
fn outputs_that_do_not_fit_are_refused() {
    let k = formula("y = x * 2; z = x + 1").kernel();
    let x = [1.0, 2.0];
    let inputs = [("x", Column::from(&x))];
    let refused = |outputs: &mut [(&str, ColumnMut<'_>)]| {
        k.map_into(&inputs, outputs).unwrap_err().to_string()
    };
    let (mut a, mut b, mut c) = ([0.0; 2], [0.0; 3], [0i64; 2]);
    assert_eq!(
        refused(&mut [("y", (&mut a).into())]),
        "2 outputs (`y`, `z`), where 1 was asked for"
    );
    let wrong = refused(&mut [("y", (&mut a).into()), ("zz", (&mut b).into())]);
    assert_eq!(wrong, "`zz` is not an output");
    let wrong = refused(&mut [("y", (&mut a).into()), ("z", (&mut b).into())]);
    assert!(wrong.contains("`z` has 3 rows"), "{wrong}");
    let wrong = refused(&mut [("y", (&mut a).into()), ("z", (&mut c).into())]);
    assert_eq!(wrong, "output `z` is f64, not i64");
    assert_eq!(a, [0.0; 2]);
    let k = formula("y = x").kernel();
    let cells = [Some(1.0), None];
    let error = k.map_into(
        &[("x", Column::from(&cells))],
        &mut [("y", (&mut a).into())],
    );
    assert_eq!(
        error.unwrap_err().to_string(),
        "output `y` is Option<f64>, not f64"
    );
}

#[test]
fn inputs_are_updated_in_place() {
    for engine in engines() {
        let k = engine.kernel(&formula("x = x + v * dt; e = v ^ 2; v = v * 0.5"));
        let n = 1001i32;
        let mut x: Vec<f64> = (0..n).map(f64::from).collect();
        let mut v = vec![2.0; n as usize];
        let mut e = vec![0.0; n as usize];
        let mut outputs = [
            ("v", ColumnMut::from(&mut v)),
            ("e", (&mut e).into()),
            ("x", (&mut x).into()),
        ];
        k.update(&[("dt", 0.5.into())], &mut outputs).unwrap();
        assert!(x.iter().enumerate().all(|(i, &x)| x == i as f64 + 1.0));
        assert!(v.iter().all(|&v| v == 1.0) && e.iter().all(|&e| e == 4.0));
        // A missing cell is filled.
        let k = engine.kernel(&formula("x = coalesce(x, 9)"));
        let (mut x, mut valid) = ([1.0, 2.0], [true, false]);
        let none: [(&str, Column<'_>); 0] = [];
        let mut outputs = [("x", ColumnMut::with_validity(&mut x, &mut valid))];
        k.update(&none, &mut outputs).unwrap();
        assert_eq!((x, valid), ([1.0, 9.0], [true, true]));
        let error = k
            .update(&[("x", 1.0.into())], &mut [("x", (&mut x).into())])
            .unwrap_err();
        assert_eq!(error.to_string(), "`x` is given twice");
    }
}

#[test]
fn a_failing_row_is_named_and_those_before_it_are_done() {
    for engine in engines() {
        let k = engine.kernel(&formula("q = a // b"));
        let a: Vec<i64> = (0..600).collect();
        let mut b = vec![1i64; 600];
        b[517] = 0;
        b[540] = 0;
        let inputs = [("a", Column::from(&a)), ("b", (&b).into())];
        let error = k.map(&inputs).unwrap_err();
        assert_eq!(error.row(), Some(517));
        let mut q = vec![-1i64; 600];
        let error = k
            .map_into(&inputs, &mut [("q", (&mut q).into())])
            .unwrap_err();
        assert_eq!(error.row(), Some(517));
        assert_eq!(error.span().map(|s| (s.start, s.end)), Some((4, 10)));
        assert_eq!((q[516], q[517], q[599]), (516, -1, -1));
    }
}

#[test]
fn what_can_fail_returns_a_result() {
    for engine in engines() {
        let f = formula("a // b");
        let error = engine
            .typed::<fn(i64, i64) -> i64>(&f, ["a", "b"])
            .unwrap_err();
        assert!(error.to_string().contains("can fail"), "{error}");
        let div = engine
            .typed::<fn(i64, i64) -> Result<i64, Fault>>(&f, ["a", "b"])
            .unwrap();
        assert_eq!(div.call(-7, 2).ok(), Some(-4));
        let fault = div.call(1, 0).unwrap_err();
        assert_eq!(fault.kind, kiln::FaultKind::DivisionByZero);
        // Always granted, also where nothing can fail.
        let sum = engine.typed::<fn(f64) -> Result<f64, Fault>>(&formula("x + 1"), ["x"]);
        assert_eq!(sum.unwrap().call(1.0).ok(), Some(2.0));
        let wrapping = formula("a + 1").overflow(Overflow::Wrapping);
        let next = engine.typed::<fn(i64) -> i64>(&wrapping, ["a"]).unwrap();
        assert_eq!(next.call(i64::MAX), i64::MIN);
    }
}

#[test]
fn one_shot() {
    let values = kiln::eval("s = a + b; d = a - b", [("a", 1.0), ("b", 2.0)]).unwrap();
    let pairs: Vec<_> = values.iter().collect();
    assert_eq!(pairs, [("s", Value::F64(3.0)), ("d", Value::F64(-1.0))]);
    assert_eq!(values.ran().tier, Tier::Interpreter);
    assert!(kiln::eval("a +", [("a", 1.0)]).is_err());
    assert!(kiln::eval("a", [("b", 1.0)]).is_err());
}

#[test]
fn many_threads_first_call_one_formula_once() {
    let engine = kiln::Engine::default();
    let k = engine.kernel(&formula("x * x + 0.25"));
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                let x = [1.5; 100];
                let out = k.map(&[("x", Column::from(&x))]).unwrap();
                assert_eq!(out["result"].get(99), Value::F64(2.5));
            });
        }
    });
    assert_eq!(engine.stats().compiles, 1);
}

#[test]
fn more_types_than_a_kernel_keeps_are_served() {
    let k = kiln::Engine::builder()
        .tier(Tier::Interpreter)
        .build()
        .kernel(&formula("a + b + c"));
    let samples = [
        Value::I8(1),
        Value::I16(1),
        Value::I32(1),
        Value::I64(1),
        Value::U8(1),
        Value::F32(1.0),
        Value::F64(1.0),
    ];
    for a in samples {
        for b in samples {
            for c in samples {
                let sum = k.call(&[("a", a), ("b", b), ("c", c)]).unwrap()["result"];
                assert_eq!(sum.as_f64().or(sum.as_i64().map(|i| i as f64)), Some(3.0));
            }
        }
    }
}
