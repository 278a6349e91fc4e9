//! Values combined over rows.

use kiln_ir::{Combine, Const, Func};
use kiln_runtime::{ColumnArg, ColumnView, Engine, RuntimeError, Tier, Total};
use std::sync::Arc;

fn func(text: &str) -> Func {
    kiln_ir::parse(text).expect("the text is in order")
}

fn total(text: &str, combine: Combine, row: Option<usize>) -> Total {
    Total {
        func: Arc::new(func(text)),
        combine,
        row,
    }
}

const PRODUCT: &str = "func @product(x: f64, y: f64) -> f64 { v0 = mul x, y return v0 }";

/// The greatest row whose value is above a bound.
const LAST: &str = "func @last(x: f64, bound: f64, row: i64) -> i64 {
    v0 = gt x, bound
    v1 = select v0, row, -1
    return v1
}";

/// Hands on what it is given: rows, a number, two totals.
const FINISH: &str = "func @finish(rows: i64, k: f64, a: f64, b: i64) -> (i64, f64, i64) {
    v0 = mul a, k
    return rows, v0, b
}";

fn engines() -> [Engine; 3] {
    let native = Engine::builder().tier(Tier::Native);
    [
        Engine::builder().tier(Tier::Interpreter).build(),
        native.clone().build(),
        native.threads(3).parallel(true).piece_work(1).build(),
    ]
}

#[test]
fn totals_are_combined_and_handed_on() {
    for engine in engines() {
        let totals = vec![
            total(PRODUCT, Combine::Sum, None),
            total(LAST, Combine::Max, Some(2)),
        ];
        let kernel = engine.reduce(totals, &func(FINISH)).unwrap();
        for rows in [0usize, 1, 1_023, 1_025, 40_000, 100_001] {
            let x: Vec<f64> = (0..rows).map(|i| (i * 7919 % 1009) as f64).collect();
            let args = || -> Vec<Vec<ColumnArg<'_>>> {
                vec![
                    vec![(&x).into(), 0.5.into()],
                    vec![
                        ColumnView::field(&x, |&x| x).into(),
                        1_000.0.into(),
                        0i64.into(),
                    ],
                ]
            };
            let known = [Const::f64(2.0)];
            let (found, ran) = kernel.call(rows, &args(), &known).unwrap();
            let sum: f64 = x.iter().sum();
            let last = x.iter().rposition(|&x| x > 1_000.0);
            let last = last.map_or(if rows == 0 { i64::MIN } else { -1 }, |row| row as i64);
            // Sums of few whole numbers are exact in any order.
            assert_eq!(found[0], Const::i64(rows as i64));
            assert_eq!(found[1].as_f64(), Some(sum), "{rows}");
            assert_eq!(found[2], Const::i64(last), "{rows}");
            let is_native = ran.is_some_and(|ran| ran.tier == Tier::Native);
            let expected = cfg!(feature = "jit") && engine.tier() == Tier::Native;
            assert_eq!(is_native, expected && rows > 0, "{rows}");
        }
    }
}

#[test]
fn the_lowest_row_that_fails_is_named() {
    const QUOTIENT: &str = "func @quotient(x: i64, y: i64) -> i64 {
        v0 = ne y, 0
        v1 = guard v0, division_by_zero \"x // y\" at 0..6
        v2 = div x, y
        return v2
    }";
    const ONLY: &str = "func @only(rows: i64, total: i64) -> i64 { return total }";
    for engine in engines() {
        let totals = vec![total(QUOTIENT, Combine::Sum, None)];
        let kernel = engine.reduce(totals, &func(ONLY)).unwrap();
        let x = vec![6i64; 70_000];
        for row in [0, 5, 1_024, 32_768, 69_999] {
            let mut y = vec![2i64; 70_000];
            y[row] = 0;
            y[69_999] = 0;
            let args = vec![vec![(&x).into(), (&y).into()]];
            let error = kernel.call(70_000, &args, &[]).unwrap_err();
            let RuntimeError::Fault(fault) = error else {
                panic!("{error}");
            };
            assert_eq!(fault.row, Some(row));
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let engine = Engine::default();
    const ONLY: &str = "func @only(rows: i64, total: f64) -> f64 { return total }";
    let totals = vec![total(PRODUCT, Combine::Sum, None)];
    let kernel = engine.reduce(totals, &func(ONLY)).unwrap();
    let (x, whole) = ([1.0, 2.0], [1i64, 2]);
    let call = |rows, args: Vec<Vec<ColumnArg<'_>>>| kernel.call(rows, &args, &[]).unwrap_err();
    let error = call(2, vec![]);
    assert_eq!(error.to_string(), "expected 1 values, found 0");
    let error = call(2, vec![vec![(&x).into()]]);
    assert_eq!(error.to_string(), "expected 2 arguments, found 1");
    let error = call(2, vec![vec![(&x).into(), (&whole).into()]]);
    assert_eq!(error.to_string(), "y is f64, not i64");
    let error = call(3, vec![vec![(&x).into(), 1.0.into()]]);
    assert_eq!(error.to_string(), "x has 2 rows, the others 3");
    let arrays = total(
        "func @a(x: [f64]) -> i64 { v0 = len x return v0 }",
        Combine::Sum,
        None,
    );
    assert!(engine.reduce(vec![arrays], &func(ONLY)).is_err());
}
