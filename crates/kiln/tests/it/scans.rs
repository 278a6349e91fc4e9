//! Running totals: the same bits in formulas, in kernels and beside them, in
//! order; missing rows; whole numbers that do not fit; and what takes one row.

use crate::{formula, tier};
use kiln::{Column, Engine, Tier, Value};

/// Every tier, some levels, and several threads.
fn engines() -> Vec<(&'static str, Engine)> {
    let tiers = [Tier::Interpreter, Tier::Native];
    let [interpreter, native] = tiers.map(|tier| Engine::builder().tier(tier).build());
    let threads = Engine::builder().threads(3).piece_work(1).parallel(true);
    #[cfg_attr(not(feature = "jit"), expect(unused_mut))]
    let mut engines = vec![
        ("interpreter", interpreter),
        ("native", native),
        ("threads", threads.build()),
    ];
    #[cfg(feature = "jit")]
    for (name, level) in [
        ("one lane", kiln::Level::One),
        ("128 bits", kiln::Level::V128),
    ] {
        engines.push((name, Engine::builder().level(level).build()));
    }
    engines
}

const SPECIAL: [&[f64]; 4] = [
    &[],
    &[0.0, -0.0, 5e-324],
    &[f64::INFINITY, f64::NEG_INFINITY],
    &[1.0, f64::NAN, f64::INFINITY],
];

fn numbers(len: usize, special: &[f64]) -> Vec<f64> {
    let number = |i: usize| match special.get(i % 61) {
        Some(&special) if i > 0 => special,
        _ => ((i * 7919 % 1009) as f64 / 8.0 - 60.0) * 1.0625,
    };
    (0..len).map(number).collect()
}

fn bits(x: &[f64]) -> Vec<u64> {
    let bits = |x: &f64| if x.is_nan() { 1 } else { x.to_bits() };
    x.iter().map(bits).collect()
}

/// The one output of a formula for a column.
fn mapped(engine: &Engine, text: &str, x: &[f64]) -> Vec<f64> {
    let columns = engine.kernel(&formula(text)).map(&[("x", x.into())]);
    let columns = columns.unwrap_or_else(|error| panic!("{text}: {error}"));
    let (_, found) = columns.iter().next().expect("an output");
    // Of no rows nothing is computed.
    let ran = columns.ran().tier;
    assert!(x.is_empty() || ran == tier(engine), "{text}: {ran:?}");
    found.as_slice().expect("decimal numbers").to_vec()
}

#[cfg(feature = "macros")]
#[kiln::kernel]
fn running(x: &[f64], sum: &mut [f64], product: &mut [f64], max: &mut [f64], min: &mut [f64]) {
    kiln::cumsum(x, sum);
    kiln::cumprod(x, product);
    kiln::cummax(x, max);
    kiln::cummin(x, min);
}

/// One after the other, as the words say.
fn by_hand(x: &[f64], join: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    let mut out = Vec::with_capacity(x.len());
    for &x in x {
        let next = out.last().map_or(x, |&before| join(before, x));
        out.push(next);
    }
    out
}

fn either(better: impl Fn(f64, f64) -> bool) -> impl Fn(f64, f64) -> f64 {
    move |a, b| match () {
        () if a.is_nan() || b.is_nan() => f64::NAN,
        // The zeros differ: -0 is the lesser one.
        () if a == 0.0 && b == 0.0 => {
            let is_better = better(if a.is_sign_negative() { -1.0 } else { 1.0 }, 0.0);
            if is_better { a } else { b }
        }
        () => {
            if better(a, b) {
                a
            } else {
                b
            }
        }
    }
}

#[test]
fn every_door_gives_the_bits_of_one_after_the_other() {
    for (name, engine) in engines() {
        for len in (0..=130).chain([1_023, 1_024, 1_025, 40_000]) {
            for special in SPECIAL {
                let x = numbers(len, special);
                let expected = [
                    by_hand(&x, |a, b| a + b),
                    by_hand(&x, |a, b| a * b),
                    by_hand(&x, either(|a, b| a > b)),
                    by_hand(&x, either(|a, b| a < b)),
                ];
                let mut beside: [Vec<f64>; 4] = std::array::from_fn(|_| vec![7.0; len]);
                let [sum, product, max, min] = &mut beside;
                kiln::cumsum(&x, sum);
                kiln::cumprod(&x, product);
                kiln::cummax(&x, max);
                kiln::cummin(&x, min);
                #[cfg(feature = "macros")]
                {
                    let mut out: [Vec<f64>; 4] = std::array::from_fn(|_| vec![7.0; len]);
                    let [sum, product, max, min] = &mut out;
                    let args = (
                        &x[..],
                        &mut sum[..],
                        &mut product[..],
                        &mut max[..],
                        &mut min[..],
                    );
                    let kernel = running::on(&engine);
                    assert!(tier(&engine) != Tier::Native || kernel.prepare());
                    kernel.call(args).unwrap();
                    assert_eq!(
                        out.each_ref().map(|x| bits(x)),
                        beside.each_ref().map(|x| bits(x))
                    );
                }
                let texts = ["cumsum(x)", "cumprod(x)", "cummax(x)", "cummin(x)"];
                for ((text, expected), beside) in texts.iter().zip(&expected).zip(&beside) {
                    assert_eq!(bits(beside), bits(expected), "{text} of {len}");
                    let found = mapped(&engine, text, &x);
                    assert_eq!(bits(&found), bits(expected), "{text} of {len}, {name}");
                }
            }
        }
    }
}

#[test]
fn they_stand_anywhere() {
    for (name, engine) in engines() {
        for len in [1, 2, 17, 1_000, 70_000] {
            let x: Vec<f64> = numbers(len, &[]).iter().map(|x| x.abs() + 1.0).collect();
            let sums = by_hand(&x, |a, b| a + b);
            let total = kiln::sum(&x);
            let check = |text: &str, expected: Vec<f64>| {
                let found = mapped(&engine, text, &x);
                assert_eq!(bits(&found), bits(&expected), "{text} of {len}, {name}");
            };
            check(
                "cumsum(x) / sum(x)",
                sums.iter().map(|s| s / total).collect(),
            );
            check("cumsum(cumsum(x))", by_hand(&sums, |a, b| a + b));
            let squares: Vec<f64> = x.iter().map(|x| x * x).collect();
            check(
                "let s = cumsum(x^2); s + s",
                by_hand(&squares, |a, b| a + b)
                    .iter()
                    .map(|s| s + s)
                    .collect(),
            );
            check(
                "x - max(cumsum(x)) + 0 * x",
                x.iter().map(|x| x - sums[len - 1] + 0.0 * x).collect(),
            );
            let mean = kiln::mean(&x);
            let away: Vec<f64> = x.iter().map(|x| x - mean).collect();
            check(
                "if(x > 0, cumsum(x - mean(x)), 0)",
                by_hand(&away, |a, b| a + b),
            );
            check("ema(x, 0.25)", by_hand(&x, |y, x| y + 0.25 * (x - y)));
            // Equal ones are one; several outputs.
            let kernel = engine.kernel(&formula("a = cumsum(x); b = cumsum(x) * 2; c = cummax(x)"));
            let columns = kernel.map(&[("x", (&x).into())]).unwrap();
            let doubled: Vec<f64> = sums.iter().map(|s| s * 2.0).collect();
            assert_eq!(columns["a"].as_slice(), Some(&sums[..]));
            assert_eq!(columns["b"].as_slice(), Some(&doubled[..]));
            // In place, and into a given column.
            let mut y = x.clone();
            let kernel = engine.kernel(&formula("x = cumsum(x)"));
            kernel
                .update(&[] as &[(&str, Column<'_>)], &mut [("x", (&mut y).into())])
                .unwrap();
            assert_eq!(y, sums);
            let mut out = vec![0.0; len];
            let kernel = engine.kernel(&formula("s = cumsum(x)"));
            kernel
                .map_into(&[("x", (&x).into())], &mut [("s", (&mut out).into())])
                .unwrap();
            assert_eq!(out, sums);
            // A total of a running one is one value; that itself is not.
            let value = engine
                .kernel(&formula("max(cumsum(x))"))
                .reduce(&[("x", (&x).into())]);
            assert_eq!(value.unwrap().only(), Some(Value::F64(sums[len - 1])));
        }
        let numbers = engine
            .kernel(&formula("cumsum(1)"))
            .map_rows(4, &[] as &[(&str, Column<'_>)]);
        assert_eq!(
            numbers.unwrap()["result"].as_slice(),
            Some(&[1i64, 2, 3, 4][..]),
            "{name}"
        );
        let halves = engine
            .kernel(&formula("cumsum(x)"))
            .map(&[("x", (&[0.5f32, 0.25]).into())]);
        assert_eq!(
            halves.unwrap()["result"].as_slice(),
            Some(&[0.5f32, 0.75][..]),
            "{name}"
        );
    }
}

#[test]
fn missing_rows_stay_missing_and_are_passed_over() {
    for (name, engine) in engines() {
        let cells = [None, Some(1.0), None, Some(3.0), Some(-2.0), None];
        let found = |text: &str| -> Vec<Value> {
            let kernel = engine.kernel(&formula(text));
            let y = kernel.map(&[("x", Column::from(&cells[..]))]).unwrap();
            y["result"].iter().collect()
        };
        let values = |found: [Option<f64>; 6]| found.map(|x| x.map_or(Value::Missing, Value::F64));
        let sums = values([None, Some(1.0), None, Some(4.0), Some(2.0), None]);
        assert_eq!(found("cumsum(x)"), sums, "{name}");
        let means = values([None, Some(1.0), None, Some(2.0), Some(0.0), None]);
        assert_eq!(found("ema(x, 0.5)"), means, "{name}");
        let filled = values([
            Some(0.0),
            Some(1.0),
            Some(1.0),
            Some(4.0),
            Some(2.0),
            Some(2.0),
        ]);
        assert_eq!(found("cumsum(coalesce(x, 0.0))"), filled, "{name}");
        let there = values([None, Some(5.0), None, Some(8.0), Some(6.0), None]);
        assert_eq!(found("cumsum(x) + count(cumsum(x)) + 1"), there, "{name}");
    }
}

/// Columns that lie apart are gathered piece by piece.
#[test]
fn strided_columns_are_taken() {
    let data: Vec<f64> = (0..200_000).map(|i| f64::from(i % 13) - 6.5).collect();
    let x: Vec<f64> = data.iter().copied().step_by(2).collect();
    for (name, engine) in engines() {
        let kernel = engine.kernel(&formula("cumsum(x)"));
        let column = Column::strided(&data, 0, 2, x.len()).unwrap();
        let found = kernel.map(&[("x", column)]).unwrap();
        let expected = by_hand(&x, |a, b| a + b);
        assert_eq!(found["result"].as_slice(), Some(&expected[..]), "{name}");
    }
}

#[test]
fn whole_numbers_that_do_not_fit_name_the_row() {
    for (name, engine) in engines() {
        for len in [2usize, 130, 70_000] {
            for row in [1, len / 2, len - 1] {
                let mut n = vec![0i64; len];
                n[0] = i64::MAX;
                n[row] += 1;
                let kernel = engine.kernel(&formula("1 + cumsum(n)"));
                let error = match row {
                    0 => continue,
                    _ => kernel.map(&[("n", (&n).into())]).unwrap_err(),
                };
                // The sum of row 0 does not fit either, once 1 is added.
                assert_eq!(error.row(), Some(row), "{len}, {name}: {error}");
                let span = error.span().unwrap();
                assert_eq!((span.start, span.end), (4, 13), "{error}");
            }
        }
        let wrapping = formula("cumprod(n)").overflow(kiln::Overflow::Wrapping);
        let found = engine
            .kernel(&wrapping)
            .map(&[("n", (&[i64::MAX, 2, 3]).into())])
            .unwrap();
        assert_eq!(found["result"].as_slice(), Some(&[i64::MAX, -2, -6][..]));
        let greatest = engine
            .kernel(&formula("cummax(n)"))
            .map(&[("n", (&[3u8, 1, 7]).into())]);
        assert_eq!(
            greatest.unwrap()["result"].as_slice(),
            Some(&[3i64, 3, 7][..])
        );
    }
}

#[test]
fn what_takes_one_row_refuses_them() {
    let f = formula("2 * cumsum(x)");
    assert!(!f.is_row_wise());
    let kernel = f.kernel();
    let x = [1.0];
    for error in [
        kernel.call(&[("x", 1.0)]).map(drop),
        kernel.bind(&[("x", kiln::Scalar::F64)]).map(drop),
        f.typed::<fn(f64) -> f64>(["x"]).map(drop),
        kernel.map_arrays(&[("x", (&x).into())]).map(drop),
    ] {
        let error = error.unwrap_err();
        let message = "`cumsum(x)` is over a whole column, and here there is one row";
        assert_eq!(error.to_string(), message);
        assert_eq!(error.diagnostics()[0].code.as_str(), "K0206");
        let report = error.report();
        assert!(
            report.contains("2 * cumsum(x)\n  |     ^^^^^^^^^"),
            "{report}"
        );
    }
    let error = kernel.reduce(&[("x", (&x).into())]).unwrap_err();
    let message = "`cumsum(x)` has a value for each row, and here there is one for all";
    assert_eq!(error.to_string(), message);
    assert_eq!(
        error.span().map(|span| (span.start, span.end)),
        Some((4, 13))
    );
}

#[cfg(feature = "macros")]
#[kiln::kernel]
fn down(a: kiln::ArrayView<'_, i32, 2>, out: &mut [i32]) {
    for i in 0..a.nrows() {
        kiln::cumsum(&a.row(i), &mut out[i * a.ncols()..(i + 1) * a.ncols()]);
    }
}

#[cfg(feature = "macros")]
#[test]
fn kernels_take_rows_and_parts_of_slices() {
    let data: Vec<i32> = (0..60).map(|i| i * 7 % 11 - 5).collect();
    let a = kiln::ArrayView::new(&data, [5, 12]).unwrap();
    let mut expected = vec![0; 60];
    down::rust(a, &mut expected);
    assert_eq!(
        expected[12..15],
        [
            data[12],
            data[12] + data[13],
            data[12] + data[13] + data[14]
        ]
    );
    for (name, engine) in engines() {
        let mut out = vec![0; 60];
        down::on(&engine).call((a, &mut out[..])).unwrap();
        assert_eq!(out, expected, "{name}");
        let mut few = [0.0; 2];
        let [mut b, mut c, mut d] = [[0.0; 3]; 3];
        let error = running::on(&engine).call((&[1.0; 3], &mut few, &mut b, &mut c, &mut d));
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("slices of different lengths"),
            "{name}: {error}"
        );
    }
}

#[test]
#[cfg(feature = "jit")]
fn explain_shows_the_loops() {
    let kernel = formula("cumsum(x) / sum(x)").kernel();
    let report = kernel.explain(&[("x", kiln::Scalar::F64)], None).unwrap();
    for part in ["total 0", "running total 1"] {
        assert!(report.report.contains(part), "{}", report.report);
    }
}
