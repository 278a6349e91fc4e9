//! Formulas whose terms reduce a column: the bits of the functions of slices
//! on every tier, at every level and on any number of threads; whole numbers
//! that are exact or an error; missing rows; and the doors that take one row.

use crate::formula;
use kiln::{Column, ColumnMut, Engine, Tier, Value};

/// Engines that run code in different ways.
fn engines() -> Vec<(&'static str, Engine)> {
    let tier = |tier| Engine::builder().tier(tier);
    #[cfg_attr(
        not(feature = "jit"),
        expect(unused_mut, reason = "there are no levels")
    )]
    let mut engines = vec![
        ("interpreter", tier(Tier::Interpreter).build()),
        ("native", tier(Tier::Native).build()),
        (
            "threads",
            tier(Tier::Native)
                .threads(3)
                .piece_work(1)
                .parallel(true)
                .build(),
        ),
    ];
    #[cfg(feature = "jit")]
    for (name, level) in [
        ("one lane", kiln::Level::One),
        ("128 bits", kiln::Level::V128),
    ] {
        engines.push((name, tier(Tier::Native).level(level).build()));
    }
    engines
}

fn lengths() -> impl Iterator<Item = usize> {
    let around = [1_024, 2_048, 3_072, 8_192, 40_960].into_iter();
    (0..=130).chain(around.flat_map(|n| n - 1..=n + 1))
}

/// Numbers of a fixed pseudo-random sequence (Steele, Lea, Flood 2014), those
/// of `special` now and then.
fn numbers(len: usize, special: &[f64]) -> Vec<f64> {
    let mut state = len as u64;
    let mut next = move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let number = |_| {
        let bits = next();
        match special.get((bits % 97) as usize) {
            Some(&special) => special,
            None => (bits >> 11) as f64 / (1u64 << 46) as f64 - 60.0,
        }
    };
    (0..len).map(number).collect()
}

fn bits(x: f64) -> u64 {
    if x.is_nan() { 1 } else { x.to_bits() }
}

/// The value of a formula of one output as a single value.
fn reduced(engine: &Engine, text: &str, columns: &[(&str, Column<'_>)]) -> Result<Value, String> {
    let values = engine.kernel(&formula(text)).reduce(columns);
    let values = values.map_err(|error| error.to_string())?;
    Ok(values.only().expect("one output"))
}

fn number(engine: &Engine, text: &str, columns: &[(&str, Column<'_>)]) -> f64 {
    match reduced(engine, text, columns) {
        Ok(Value::F64(value)) => value,
        other => panic!("{text}: {other:?}"),
    }
}

const SPECIAL: [&[f64]; 4] = [
    &[],
    &[0.0, -0.0, 5e-324],
    &[f64::INFINITY, f64::NEG_INFINITY],
    &[1.0, f64::NAN, f64::INFINITY],
];

#[test]
fn totals_have_the_bits_of_the_functions_of_slices() {
    type Function = fn(&[f64]) -> f64;
    let functions: [(&str, Function); 6] = [
        ("sum(x)", kiln::sum),
        ("prod(x)", kiln::product),
        ("mean(x)", kiln::mean),
        ("var(x)", kiln::var),
        ("std(x)", kiln::std_dev),
        ("logsumexp(x)", kiln::logsumexp),
    ];
    for (name, engine) in engines() {
        for len in lengths() {
            for special in SPECIAL {
                let x = numbers(len, special);
                let columns = [("x", Column::from(&x))];
                for (text, function) in functions {
                    let found = number(&engine, text, &columns);
                    assert_eq!(bits(found), bits(function(&x)), "{text} of {len}, {name}");
                }
                let y: Vec<f64> = x.iter().rev().copied().collect();
                let both = [("x", Column::from(&x)), ("y", Column::from(&y))];
                let dot = bits(kiln::dot(&x, &y));
                assert_eq!(
                    bits(number(&engine, "dot(x, y)", &both)),
                    dot,
                    "{len}, {name}"
                );
                assert_eq!(
                    bits(number(&engine, "sum(x * y)", &both)),
                    dot,
                    "{len}, {name}"
                );
                if len == 0 {
                    continue;
                }
                let extremes = [("min(x)", kiln::min(&x)), ("max(x)", kiln::max(&x))];
                for (text, expected) in extremes {
                    let found = number(&engine, text, &columns);
                    assert_eq!(bits(found), bits(expected), "{text} of {len}, {name}");
                }
                let places = [
                    ("argmin(x)", kiln::argmin(&x)),
                    ("argmax(x)", kiln::argmax(&x)),
                ];
                for (text, expected) in places {
                    let found = reduced(&engine, text, &columns);
                    assert_eq!(
                        found,
                        Ok(Value::I64(expected as i64)),
                        "{text}, {len}, {name}"
                    );
                }
            }
        }
    }
}

#[test]
fn totals_of_single_precision_have_the_bits_of_the_functions_of_slices() {
    type Function = fn(&[f32]) -> f32;
    let functions: [(&str, Function); 4] = [
        ("sum(x)", kiln::sum),
        ("mean(x)", kiln::mean),
        ("std(x)", kiln::std_dev),
        ("logsumexp(x)", kiln::logsumexp),
    ];
    for (name, engine) in engines() {
        for len in lengths() {
            let x: Vec<f32> = numbers(len, &[]).iter().map(|&x| x as f32).collect();
            for (text, function) in functions {
                let found = reduced(&engine, text, &[("x", (&x).into())]);
                let Ok(Value::F32(found)) = found else {
                    panic!("{text}: {found:?}");
                };
                let expected = function(&x);
                let is_same =
                    found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
                assert!(is_same, "{text} of {len}, {name}: {found} and {expected}");
            }
        }
    }
}

#[test]
fn rows_know_what_was_taken_from_their_columns() {
    let text = "let m = mean(x); z = (x - m) / sqrt(mean((x - mean(x))^2));
                part = 100 * x / sum(x); wide = max(x) - min(x);
                flag = if(any(x > 3), 1, 0); rank = sum(x) > count(x) and x == max(x)";
    for (name, engine) in engines() {
        let kernel = engine.kernel(&formula(text));
        for len in (1..=70).chain([1_023, 1_025, 5_000, 40_961]) {
            let x = numbers(len, &[]);
            let y = kernel.map(&[("x", (&x).into())]).unwrap();
            let (mean, sum) = (kiln::mean(&x), kiln::sum(&x));
            let deviation = kiln::std_dev(&x);
            let (least, greatest) = (kiln::min(&x), kiln::max(&x));
            let column = |text: &str| y[text].as_slice::<f64>().unwrap();
            for (row, &x) in x.iter().enumerate() {
                let expected = [(x - mean) / deviation, 100.0 * x / sum, greatest - least];
                let found = [column("z")[row], column("part")[row], column("wide")[row]];
                assert_eq!(
                    found.map(bits),
                    expected.map(bits),
                    "row {row} of {len}, {name}"
                );
            }
            let flag = i64::from(x.iter().any(|&x| x > 3.0));
            assert_eq!(y["flag"].as_slice(), Some(&vec![flag; len][..]));
            let is_rank = |&x: &f64| sum > len as f64 && x == greatest;
            let rank: Vec<bool> = x.iter().map(is_rank).collect();
            assert_eq!(y["rank"].as_slice(), Some(&rank[..]));
        }
    }
}

#[test]
fn every_verb_of_columns_takes_totals() {
    for (name, engine) in engines() {
        let kernel = engine.kernel(&formula("s = sum(x * w); x = x - mean(x)"));
        let (data, w) = (vec![1.0, 2.0, 6.0], 0.5);
        let mapped = kernel
            .map(&[("x", (&data).into()), ("w", w.into())])
            .unwrap();
        assert_eq!(
            mapped["x"].as_slice(),
            Some(&[-2.0, -1.0, 3.0][..]),
            "{name}"
        );
        assert_eq!(mapped["s"].as_slice(), Some(&[4.5; 3][..]));
        let (mut x, mut s) = ([0.0; 3], [0.0; 3]);
        let mut outputs = [
            ("x", ColumnMut::from(&mut x)),
            ("s", ColumnMut::from(&mut s)),
        ];
        let inputs = [("x", Column::from(&data)), ("w", w.into())];
        kernel.map_into(&inputs, &mut outputs).unwrap();
        assert_eq!((x, s), ([-2.0, -1.0, 3.0], [4.5; 3]));
        let (mut x, mut s) = (data.clone(), [0.0; 3]);
        let mut outputs = [
            ("x", ColumnMut::from(&mut x)),
            ("s", ColumnMut::from(&mut s)),
        ];
        kernel
            .update(&[("w", Column::from(w))], &mut outputs)
            .unwrap();
        assert_eq!((&x[..], s), (&[-2.0, -1.0, 3.0][..], [4.5; 3]));
        // Values alone are as many equal rows as there are.
        let ones = engine.kernel(&formula("n = count(k); s = sum(k); t = sum(1)"));
        let y = ones.map_rows(5, &[("k", Column::from(3i64))]).unwrap();
        let all: Vec<_> = ["n", "s", "t"]
            .map(|n| y[n].as_slice::<i64>().unwrap())
            .to_vec();
        assert_eq!(all, [&[5i64; 5], &[15; 5], &[5; 5]]);
        // A strided column is gathered.
        let apart: Vec<f64> = numbers(90_000, &[]);
        let every: Vec<f64> = apart.iter().copied().step_by(2).collect();
        let column = Column::strided(&apart, 0, 2, 45_000).unwrap();
        let found = number(&engine, "std(x)", &[("x", column)]);
        assert_eq!(bits(found), bits(kiln::std_dev(&every)), "{name}");
    }
}

#[test]
fn a_total_of_a_total_counts_each_row() {
    for (_, engine) in engines() {
        let x = [1.5, 2.5];
        let columns = [("x", Column::from(&x))];
        assert_eq!(number(&engine, "sum(mean(x))", &columns), 4.0);
        assert_eq!(number(&engine, "sum(x - mean(x))", &columns), 0.0);
        assert_eq!(
            number(&engine, "mean((x - mean(x))^2) - var(x)", &columns),
            0.0
        );
        assert_eq!(
            reduced(&engine, "sum(1)", &columns),
            Err("`x` is not an input".to_owned())
        );
        assert_eq!(
            reduced(&engine, "sum(0 * x + 1)", &columns),
            Ok(Value::F64(2.0))
        );
    }
}

#[test]
fn totals_of_whole_numbers_are_exact_or_an_error() {
    let most = i64::MAX;
    let cases: [(&[i64], Option<i64>, Option<i64>); 9] = [
        (&[], Some(0), Some(1)),
        (&[3, -4, 5], Some(4), Some(-60)),
        (&[most, 1], None, Some(most)),
        (&[most, 1, -1], Some(most), Some(-most)),
        (&[i64::MIN, -1, 1], Some(i64::MIN), None),
        (&[i64::MIN, 0, most], Some(-1), Some(0)),
        (&[1 << 32, 1 << 31], Some(3 << 31), None),
        (&[1 << 32, -(1 << 31)], Some(1 << 31), Some(i64::MIN)),
        (
            &[49, 73, 127, 337, 92_737, 649_657],
            Some(742_980),
            Some(most),
        ),
    ];
    for (name, engine) in engines() {
        for (n, sum, product) in cases {
            for (text, expected) in [("sum(n)", sum), ("prod(n)", product)] {
                let found = reduced(&engine, text, &[("n", n.into())]);
                let too_large = format!("`{text}` is too large for a whole number");
                let expected = expected.map(Value::I64).ok_or(too_large);
                assert_eq!(found, expected, "{text} of {n:?}, {name}");
            }
        }
    }
}

#[test]
fn products_near_the_limit_are_told_apart() {
    // Every way to write 2^63 and its neighbours as a few factors.
    let factors: [i128; 12] = [
        -3,
        -2,
        -1,
        1,
        2,
        3,
        5,
        7,
        1 << 20,
        1 << 31,
        (1 << 31) - 1,
        3 << 29,
    ];
    let [_, (_, engine), ..] = &engines()[..] else {
        panic!("a native engine");
    };
    let kernel = engine.kernel(&formula("prod(n)"));
    let (mut fits, mut leaves) = (0, 0);
    for a in factors {
        for b in factors {
            for c in factors {
                for d in factors {
                    let n = [a, b, c, d].map(|factor| factor as i64);
                    let found = kernel.reduce(&[("n", (&n).into())]);
                    let exact = a * b * c * d;
                    match i64::try_from(exact) {
                        Ok(exact) => {
                            fits += 1;
                            assert_eq!(found.unwrap().only(), Some(Value::I64(exact)), "{n:?}");
                        }
                        Err(_) => {
                            leaves += 1;
                            assert!(found.is_err(), "{n:?}");
                        }
                    }
                }
            }
        }
    }
    assert!(fits > 1_000 && leaves > 1_000, "{fits}, {leaves}");
}

#[test]
fn whole_numbers_wrap_or_saturate_if_told() {
    use kiln::Overflow::{Saturating, Wrapping};
    let n = [i64::MAX, i64::MAX, 2];
    for (_, engine) in engines() {
        for (overflow, sum, product) in [(Wrapping, 0, 2), (Saturating, i64::MAX, i64::MAX)] {
            let kernel =
                engine.kernel(&formula("s = sum(n); p = prod(n); q = prod(-n)").overflow(overflow));
            let y = kernel.reduce(&[("n", (&n).into())]).unwrap();
            assert_eq!((y["s"], y["p"]), (Value::I64(sum), Value::I64(product)));
            let least = if overflow == Saturating { i64::MIN } else { -2 };
            assert_eq!(y["q"], Value::I64(least));
        }
    }
}

#[test]
fn narrow_columns_are_as_wide_ones() {
    for (name, engine) in engines() {
        for len in [0, 1, 31, 1_025, 40_000] {
            let wide: Vec<i64> = (0..len).map(|i| (i * 7919) % 251 - 125).collect();
            let narrow: Vec<i8> = wide.iter().map(|&n| n as i8).collect();
            let text = "s = sum(n); m = mean(n); a = if(count(n) > 0, sum(n // 3), -1)";
            let kernel = engine.kernel(&formula(text));
            let found = kernel.reduce(&[("n", (&narrow).into())]).unwrap();
            let expected = kernel.reduce(&[("n", (&wide).into())]).unwrap();
            for name in ["s", "a"] {
                assert_eq!(found[name], expected[name]);
            }
            assert_eq!(found["s"], Value::I64(wide.iter().sum()), "{name}");
            let mean = |y: &kiln::Values| bits(y["m"].as_f64().unwrap());
            assert_eq!(mean(&found), mean(&expected));
        }
    }
}

#[test]
fn missing_rows_are_skipped() {
    let text = "s = sum(x); p = prod(x); n = count(x); m = mean(x); v = var(x); lo = min(x);
                hi = max(x); at = argmax(x); any = any(x > 2); all = all(x > 2);
                l = logsumexp(x); d = dot(x, x); k = count(x > 2); truths = sum(x > 2)";
    for (name, engine) in engines() {
        let kernel = engine.kernel(&formula(text));
        for len in [1, 5, 64, 1_025, 40_000] {
            let all = numbers(len, &[]);
            let cells: Vec<Option<f64>> = (all.iter().enumerate())
                .map(|(i, &x)| (i % 3 != 0).then_some(x))
                .collect();
            // What stands under a missing value never counts.
            let values: Vec<f64> = cells.iter().map(|x| x.unwrap_or(f64::NAN)).collect();
            let valid: Vec<bool> = cells.iter().map(Option::is_some).collect();
            let there: Vec<f64> = cells.iter().copied().flatten().collect();
            let filled = |with: f64| cells.iter().map(|x| x.unwrap_or(with)).collect::<Vec<_>>();
            for column in [
                Column::from(&cells[..]),
                Column::with_validity(&values, &valid),
            ] {
                let y = kernel.reduce(&[("x", column)]).unwrap();
                let same = |output: &str, expected: f64| {
                    let found = y[output].as_f64().map(bits);
                    assert_eq!(found, Some(bits(expected)), "{output} of {len}, {name}");
                };
                let sum = kiln::sum(&filled(-0.0));
                same("s", sum);
                same("p", kiln::product(&filled(1.0)));
                same("n", there.len() as f64);
                same("k", there.len() as f64);
                same("truths", there.iter().filter(|&&x| x > 2.0).count() as f64);
                assert_eq!(y["any"], Value::Bool(there.iter().any(|&x| x > 2.0)));
                assert_eq!(y["all"], Value::Bool(there.iter().all(|&x| x > 2.0)));
                if there.is_empty() {
                    for output in ["m", "v", "lo", "hi", "at"] {
                        assert!(y[output].is_missing(), "{output}");
                    }
                    same("l", f64::NEG_INFINITY);
                    continue;
                }
                same("m", sum / there.len() as f64);
                same("lo", kiln::min(&there));
                same("hi", kiln::max(&there));
                let greatest = kiln::max(&there);
                let at = cells.iter().position(|&x| x == Some(greatest)).unwrap();
                same("at", at as f64);
            }
        }
    }
}

#[test]
fn rows_that_are_missing_stay_missing() {
    for (_, engine) in engines() {
        let cells = [Some(1.0), None, Some(3.0)];
        let kernel = engine.kernel(&formula("x - mean(x)"));
        let y = kernel.map(&[("x", Column::from(&cells[..]))]).unwrap();
        let found: Vec<Value> = y["result"].iter().collect();
        assert_eq!(found, [Value::F64(-1.0), Value::Missing, Value::F64(1.0)]);
    }
}

#[test]
fn faults_name_their_row_and_their_place() {
    for (name, engine) in engines() {
        for len in [1usize, 7, 1_030, 100_000] {
            for row in [0, len / 2, len - 1] {
                let a = vec![1i64; len];
                let mut b = vec![1i64; len];
                b[row..].fill(0);
                let kernel = engine.kernel(&formula("1 + sum(a // b)"));
                let error = kernel
                    .map(&[("a", (&a).into()), ("b", (&b).into())])
                    .unwrap_err();
                assert_eq!(error.row(), Some(row), "{len}, {name}: {error}");
                let span = error.span().unwrap();
                assert_eq!((span.start, span.end), (8, 14));
                let message = format!("`a // b` divides a whole number by zero in row {row}");
                assert_eq!(error.to_string(), message);
            }
        }
        // The place of an error without a row.
        let error = engine
            .kernel(&formula("2 * min(x)"))
            .reduce(&[("x", Column::from(&[0.0; 0]))]);
        let error = error.unwrap_err();
        assert_eq!(error.to_string(), "`min(x)` is of no rows");
        assert_eq!(
            error.span().map(|span| (span.start, span.end)),
            Some((4, 10))
        );
        assert_eq!(error.row(), None);
    }
}

#[test]
fn what_takes_one_row_names_the_term() {
    #[derive(kiln::Record)]
    struct Line {
        x: f64,
    }
    let f = formula("x - mean(x)");
    let kernel = f.kernel();
    let x = [1.0];
    let errors = [
        kernel.call(&[("x", 1.0)]).map(drop),
        kernel.bind(&[("x", kiln::Scalar::F64)]).map(drop),
        f.typed::<fn(f64) -> f64>(["x"]).map(drop),
        f.record::<Line, f64>().map(drop),
        kernel.map_arrays(&[("x", (&x).into())]).map(drop),
    ];
    for error in errors {
        let error = error.unwrap_err();
        let message = "`mean(x)` is over a whole column, and here there is one row";
        assert_eq!(error.to_string(), message);
        assert_eq!(error.diagnostics()[0].code.as_str(), "K0206");
        assert!(
            error.report().contains("x - mean(x)\n  |     ^^^^^^^"),
            "{}",
            error.report()
        );
    }
    assert_eq!(Line { x: 1.0 }.x, 1.0);
}

#[test]
fn single_values_depend_on_no_row() {
    let x = [1.0, 2.0];
    let error = |text: &str| {
        let error = formula(text)
            .kernel()
            .reduce(&[("x", (&x).into())])
            .unwrap_err();
        assert_eq!(error.diagnostics()[0].code.as_str(), "K0209");
        error.span().map(|span| (span.start, span.end)).unwrap()
    };
    assert_eq!(error("sum(x) + x"), (9, 10));
    assert_eq!(error("let y = 2 * x; s = sum(y); t = y"), (12, 13));
    assert_eq!(error("2 * x"), (4, 5));
    // What no output uses need not be one value.
    let value = formula("let y = 1 / x; s = sum(y)")
        .kernel()
        .reduce(&[("x", (&x).into())]);
    assert_eq!(value.unwrap()["s"], Value::F64(1.5));
    // A value is one for all rows, wherever it stands.
    let row_wise = formula("2 * k")
        .kernel()
        .reduce(&[("k", Column::from(1.5))])
        .unwrap();
    assert_eq!(row_wise.only(), Some(Value::F64(3.0)));
    let b = kiln::Builder::new("double");
    let k = b.input::<f64>("k");
    b.output("double", 2.0 * k);
    let double = b.finish().unwrap();
    let error = double.kernel().reduce(&[("k", (&x).into())]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`k` has a value for each row, and here there is one for all"
    );
}

/// Texts of nested totals, from a seed.
struct Texts(u64);

impl Texts {
    fn pick(&mut self, of: u64) -> u64 {
        // A linear congruential generator (Knuth, "MMIX").
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % of
    }

    fn number(&mut self, depth: u32) -> String {
        let leaf = ["x", "y", "n", "0.5", "3"];
        if depth == 0 {
            return leaf[self.pick(5) as usize].to_owned();
        }
        let a = self.number(depth - 1);
        const OF_ONE: [&str; 11] = [
            "sum",
            "mean",
            "max",
            "min",
            "std",
            "argmax",
            "argmin",
            "count",
            "logsumexp",
            "prod",
            "abs",
        ];
        match self.pick(18) {
            0 => format!("({a} + {})", self.number(depth - 1)),
            1 => format!("({a} - {})", self.number(depth - 1)),
            2 => format!("({a} * {})", self.number(depth - 1)),
            3 => format!("({a} // {})", self.number(depth - 1)),
            4 => format!(
                "if({}, {a}, {})",
                self.truth(depth - 1),
                self.number(depth - 1)
            ),
            5 => format!("coalesce({a}, {})", self.number(depth - 1)),
            6 => format!("dot({a}, {})", self.number(depth - 1)),
            function => format!("{}({a})", OF_ONE[function as usize - 7]),
        }
    }

    fn truth(&mut self, depth: u32) -> String {
        let (a, b) = (self.number(depth), self.number(depth));
        match self.pick(4) {
            0 => format!("any({a} < {b})"),
            1 => format!("all({a} > {b})"),
            _ => format!("{a} <= {b}"),
        }
    }
}

/// The rows of a map, or its error: what every way to run has to agree on.
fn outcome(engine: &Engine, text: &str, len: usize) -> Result<Vec<Option<u64>>, String> {
    let x = numbers(len, &[f64::NAN, 0.0, -0.0]);
    let y: Vec<Option<f64>> = (x.iter().enumerate())
        .map(|(i, &x)| (i % 5 != 1).then_some(x * 0.25))
        .collect();
    let n: Vec<i32> = x.iter().map(|&x| (x / 16.0) as i32).collect();
    let columns = std::collections::HashMap::from([
        ("x", Column::from(&x)),
        ("y", Column::from(&y[..])),
        ("n", Column::from(&n)),
    ]);
    let mapped = engine.kernel(&formula(text)).map_rows(len, &columns);
    let mapped = mapped.map_err(|error| error.to_string())?;
    let cell = |value: Value| match value {
        Value::Missing => None,
        Value::I64(value) => Some(value as u64),
        other => other.as_f64().map(bits),
    };
    Ok(mapped["result"].iter().map(cell).collect())
}

#[test]
fn nested_totals_agree_every_way() {
    let engines = engines();
    let (mut texts, mut values, mut errors) = (Texts(7), 0, 0);
    for _ in 0..120 {
        let text = texts.number(3);
        for len in [1, 100, 1_030, 40_000] {
            let expected = outcome(&engines[0].1, &text, len);
            match &expected {
                Ok(_) => values += 1,
                Err(_) => errors += 1,
            }
            for (name, engine) in &engines[1..] {
                assert_eq!(
                    outcome(engine, &text, len),
                    expected,
                    "{text}, {len}, {name}"
                );
            }
        }
    }
    assert!(
        values > 200 && errors > 20,
        "{values} values, {errors} errors"
    );
    let shared = engines
        .iter()
        .map(|(_, engine)| engine.stats().parallel)
        .max();
    assert_eq!(
        shared > Some(0),
        cfg!(all(feature = "rayon", feature = "jit"))
    );
}

#[test]
fn where_a_call_ran_is_told() {
    for (_, engine) in engines() {
        let x = numbers(5_000, &[]);
        let values = engine
            .kernel(&formula("std(x)"))
            .reduce(&[("x", (&x).into())])
            .unwrap();
        assert_eq!(values.ran().tier, crate::tier(&engine));
    }
}
