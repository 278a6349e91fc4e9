//! Maps over columns: every level against the interpreter, tails, faults,
//! views, updates, misuse.

use crate::funcs::{
    CHECKED, MIXED, QUADRATIC, TWO, WAVE, arg, columns, func, interpreter, native_engines, same,
};
use kiln_ir::{Const, FaultKind};
use kiln_runtime::{Buffer, ColumnArg, ColumnView, Engine, Level, RuntimeError, SliceMut, Tier};

fn map(engine: &Engine, text: &str, inputs: &[Buffer]) -> (Vec<Buffer>, kiln_runtime::Ran) {
    let kernel = engine.columns(func(text)).unwrap();
    let mut args: Vec<ColumnArg<'_>> = inputs.iter().map(arg).collect();
    kernel.map(&mut args).unwrap()
}

#[test]
fn every_length_at_every_level_equals_the_interpreter() {
    for engine in native_engines() {
        for text in [QUADRATIC, WAVE, MIXED, TWO] {
            let func = func(text);
            let kernel = engine.columns(func.clone()).unwrap();
            let reference = interpreter().columns(func.clone()).unwrap();
            for rows in (0..=130).chain([1_000, 4_099]) {
                let inputs = columns(&func, rows, 11 + rows as u64);
                let mut args: Vec<ColumnArg<'_>> = inputs.iter().map(arg).collect();
                let (found, ran) = kernel.map(&mut args).unwrap();
                let (expected, in_reference) = reference.map(&mut args).unwrap();
                assert_eq!(in_reference.tier, Tier::Interpreter);
                assert_eq!(ran.tier, Tier::Native);
                assert_eq!(
                    Some(ran.level),
                    engine.level(),
                    "{text} {:?}",
                    kernel.prepare().map(|c| c.notes().to_vec())
                );
                for (found, expected) in found.iter().zip(&expected) {
                    assert!(
                        same(found, expected),
                        "{rows} rows of {text}\n{found:?}\n{expected:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_value_stands_for_every_row() {
    for engine in native_engines().into_iter().chain([interpreter()]) {
        let kernel = engine.columns(func(QUADRATIC)).unwrap();
        let y: Vec<f64> = (0..100).map(|i| i as f64 / -7.0).collect();
        let (found, ran) = kernel
            .map_one::<f64>(&mut [0.5.into(), (&y).into(), 2.0.into()])
            .unwrap();
        let ones = vec![0.5; 100];
        let twos = vec![2.0; 100];
        let (expected, _) = kernel
            .map_one::<f64>(&mut [(&ones).into(), (&y).into(), (&twos).into()])
            .unwrap();
        assert_eq!(found, expected);
        assert_eq!(ran.tier, engine.tier());
        // Values alone make one row; with outputs, as many as those have.
        let values = || [ColumnArg::from(1.0), 2.0.into(), 3.0.into()];
        assert_eq!(kernel.map_one::<f64>(&mut values()).unwrap().0, [-1.0]);
        let mut out = [0.0; 37];
        kernel
            .map_into(&mut values(), &mut [SliceMut::F64(&mut out)])
            .unwrap();
        assert_eq!(out, [-1.0; 37]);
    }
}

#[test]
fn strided_and_record_columns_equal_plain_ones() {
    #[derive(Clone, Copy)]
    struct Line {
        _id: u16,
        x: f64,
        y: f64,
    }
    for engine in native_engines().into_iter().chain([interpreter()]) {
        for rows in [0, 1, 5, 64, 1_023, 1_024, 1_025, 5_003] {
            let inputs = columns(&func(WAVE), rows, 3);
            let (Buffer::F64(x), Buffer::F64(y)) = (&inputs[0], &inputs[1]) else {
                panic!("f64 columns");
            };
            let (expected, _) = map(&engine, WAVE, &inputs);
            let pairs = x.iter().zip(y);
            let lines: Vec<Line> = pairs.map(|(&x, &y)| Line { _id: 1, x, y }).collect();
            let flat: Vec<f64> = lines.iter().flat_map(|l| [l.x, l.y]).collect();
            let kernel = engine.columns(func(WAVE)).unwrap();
            let mut fields = [
                ColumnView::field(&lines, |l| l.x).into(),
                ColumnView::field(&lines, |l| l.y).into(),
            ];
            let mut strided = [
                ColumnView::strided(&flat, 0, 2, rows).unwrap().into(),
                ColumnView::strided(&flat, 1, 2, rows).unwrap().into(),
            ];
            for args in [&mut fields, &mut strided] {
                let (found, ran) = kernel.map(args).unwrap();
                assert!(same(&found[0], &expected[0]), "{rows} rows");
                assert_eq!(ran.tier, engine.tier());
            }
        }
    }
}

#[test]
fn updating_in_place_equals_mapping() {
    for engine in native_engines().into_iter().chain([interpreter()]) {
        for rows in [0, 1, 7, 64, 129, 3_001] {
            let inputs = columns(&func(TWO), rows, 5);
            let (expected, _) = map(&engine, TWO, &inputs);
            let kernel = engine.columns(func(TWO)).unwrap();
            let (Buffer::F64(x), Buffer::F64(mut y)) = (&inputs[0], inputs[1].clone()) else {
                panic!("f64 columns");
            };
            let mut less = vec![false; rows];
            let ran = kernel
                .map_into(
                    &mut [x.into(), ColumnArg::Update(SliceMut::F64(&mut y), 0)],
                    &mut [SliceMut::Bool(&mut less)],
                )
                .unwrap();
            assert!(same(&Buffer::F64(y), &expected[0]));
            assert!(same(&Buffer::Bool(less), &expected[1]));
            assert_eq!(ran.tier, engine.tier());
        }
    }
}

#[test]
fn the_lowest_failing_row_is_reported_and_rows_before_it_stand() {
    const UNTOUCHED: i64 = -99;
    for engine in native_engines().into_iter().chain([interpreter()]) {
        let kernel = engine.columns(func(CHECKED)).unwrap();
        for rows in [1usize, 3, 8, 33, 64, 257, 2_050] {
            for bad in [0, 1, rows / 2, rows - 1] {
                let bad = bad.min(rows - 1);
                let a: Vec<i64> = (0..rows as i64).collect();
                let mut b = vec![5; rows];
                b[bad] = i64::MAX - bad as i64 + 1;
                b[rows - 1] = i64::MAX;
                let failing = b
                    .iter()
                    .zip(&a)
                    .position(|(b, a)| a.checked_add(*b).is_none());
                let mut out = vec![UNTOUCHED; rows];
                let mut args = [(&a).into(), (&b).into()];
                let done = kernel.map_into(&mut args, &mut [SliceMut::I64(&mut out)]);
                let Some(failing) = failing else {
                    assert_eq!(done.unwrap().tier, engine.tier());
                    continue;
                };
                let Err(RuntimeError::Fault(fault)) = done else {
                    panic!("row {failing} of {rows} overflows");
                };
                assert_eq!(
                    (fault.kind, fault.row),
                    (FaultKind::Overflow, Some(failing))
                );
                let operands = [Const::i64(a[failing]), Const::i64(b[failing])];
                assert_eq!(fault.operands, operands);
                let sums: Vec<i64> = (0..failing).map(|i| a[i] + b[i]).collect();
                assert_eq!(out[..failing], sums);
                assert!(out[failing..].iter().all(|&x| x == UNTOUCHED));
                assert!(kernel.map(&mut args).is_err(), "fresh outputs are dropped");
            }
        }
        let reruns = engine.stats().reruns;
        assert_eq!(reruns > 0, engine.tier() == Tier::Native);
    }
}

#[test]
fn a_fault_in_place_leaves_the_rows_from_it_on() {
    for engine in native_engines().into_iter().chain([interpreter()]) {
        let kernel = engine.columns(func(CHECKED)).unwrap();
        let mut a: Vec<i64> = (0..100).collect();
        a[77] = i64::MAX;
        let error = kernel
            .map_into(
                &mut [
                    ColumnArg::Update(SliceMut::I64(&mut a), 0),
                    ColumnArg::from(1i64),
                ],
                &mut [],
            )
            .unwrap_err();
        assert_eq!(error.to_string(), "a + b in row 77: 9223372036854775807, 1");
        assert!(a[..77].iter().zip(1..).all(|(&x, i)| x == i));
        assert!(a[77] == i64::MAX && a[78..].iter().zip(78..).all(|(&x, i)| x == i));
    }
}

#[test]
fn misuse_is_an_error_and_writes_nothing() {
    let engine = Engine::default();
    let kernel = engine.columns(func(WAVE)).unwrap();
    let (x, y) = (vec![1.0; 8], vec![2.0; 7]);
    let floats = vec![1.0f32; 8];
    let mut out = vec![-1.0; 8];
    let mut refuse = |args: &mut [ColumnArg<'_>], message: &str| {
        let error = kernel
            .map_into(args, &mut [SliceMut::F64(&mut out)])
            .unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(out, [-1.0; 8]);
    };
    refuse(&mut [(&x).into()], "expected 2 arguments, found 1");
    refuse(
        &mut [(&x).into(), (&y).into()],
        "y has 7 rows, the others 8",
    );
    refuse(&mut [(&floats).into(), (&x).into()], "x is f64, not f32");
    refuse(&mut [1i64.into(), (&x).into()], "x is f64, not i64");
    refuse(
        &mut [(&y).into(), (&y).into()],
        "result 0 has 8 rows, the others 7",
    );
    let mut z = vec![3.0; 8];
    let mut args = [(&x).into(), ColumnArg::Update(SliceMut::F64(&mut z), 1)];
    let error = kernel.map(&mut args).unwrap_err();
    assert_eq!(error.to_string(), "y cannot be updated by result 1");
    let mut out = vec![false; 8];
    let error = kernel
        .map_into(
            &mut [(&x).into(), (&x).into()],
            &mut [SliceMut::Bool(&mut out)],
        )
        .unwrap_err();
    assert_eq!(error.to_string(), "result 0 is f64, not bool");
    let error = kernel.map_one::<f32>(&mut [(&x).into(), (&x).into()]);
    assert_eq!(error.unwrap_err().to_string(), "result 0 is f64, not f32");
    let checked = engine.columns(func(CHECKED)).unwrap();
    let (mut a, mut b) = (vec![1i64; 4], vec![1i64; 4]);
    let mut twice = [
        ColumnArg::Update(SliceMut::I64(&mut a), 0),
        ColumnArg::Update(SliceMut::I64(&mut b), 0),
    ];
    let error = checked.map_into(&mut twice, &mut []).unwrap_err();
    assert!(matches!(error, RuntimeError::Update { .. }), "{error}");
    let nothing = func("func @nothing(x: f64) {\n}");
    assert!(engine.columns(nothing).is_err());
}

#[test]
fn kinds_of_arguments_have_code_of_their_own() {
    let engine = Engine::default();
    let kernel = engine.columns(func(WAVE)).unwrap();
    let x = vec![0.5; 10];
    for round in 1..=3 {
        kernel.map(&mut [(&x).into(), (&x).into()]).unwrap();
        kernel.map(&mut [(&x).into(), 1.0.into()]).unwrap();
        assert_eq!(engine.stats().compiles, 2, "round {round}");
    }
    let twin = engine.columns(func(WAVE)).unwrap();
    twin.map(&mut [(&x).into(), (&x).into()]).unwrap();
    assert_eq!((engine.stats().compiles, engine.stats().hits), (2, 1));
}

#[test]
fn a_lower_level_is_a_choice() {
    let engine = Engine::builder().level(Level::One).build();
    let inputs = columns(&func(QUADRATIC), 50, 1);
    let (_, ran) = map(&engine, QUADRATIC, &inputs);
    assert_eq!((ran.tier, ran.level), (Tier::Native, Level::One));
}
