//! Reductions of several values: the same bits every way, for every number of
//! rounds, and those of one reduction for each value.

use kiln_codegen::Level;
use kiln_ir::{Const, Func, guard_accesses, parse};
use kiln_testkit::cells::samples;
use kiln_testkit::ways::host;
use kiln_testkit::whole::{Array, Input, Way, Whole};

/// A reduction of several values with what it stands for: the same values, each
/// from a reduction of its own.
struct Case {
    name: &'static str,
    types: &'static str,
    combine: &'static [&'static str],
    shape: &'static str,
    params: &'static str,
    body: &'static str,
    yields: &'static [&'static str],
    /// Whether it runs on vectors.
    is_strip: bool,
    /// Whether a check in it can fail.
    can_fail: bool,
}

const CASES: &[Case] = &[
    Case {
        name: "the sums of a line through points",
        types: "f64, f64, f64, f64, f64",
        combine: &["sum", "sum", "sum", "sum", "sum"],
        shape: "tree",
        params: "x: [f64], z: [f64]",
        body: "v = load x[i]
        w = load z[i]
        p = mul v, v
        q = mul v, w
        r = mul w, w",
        yields: &["v", "w", "p", "q", "r"],
        is_strip: true,
        can_fail: false,
    },
    Case {
        name: "floats, whole numbers and truth values, sums and extremes",
        types: "f64, i32, f64, f64, bool, i64, u8, f32",
        combine: &["product", "sum", "min", "fmax", "any", "max", "all", "fmin"],
        shape: "tree",
        params: "x: [f64], k: [i32], u: [u8], y: [f32]",
        body: "v = load x[i]
        m = load k[i]
        o = load u[i]
        f = load y[i]
        n0 = gt v, 3.0
        j = cast.i64 m
        w = mul v, v
        t = neg v",
        yields: &["t", "m", "w", "v", "n0", "j", "o", "f"],
        is_strip: true,
        can_fail: false,
    },
    Case {
        name: "smaller floats, with a row that lies apart",
        types: "f32, f32, i8",
        combine: &["sum", "product", "sum"],
        shape: "tree",
        params: "x: [f32], b: [i8]",
        body: "v = load x[i]
        o = load b[i]
        w = abs v",
        yields: &["v", "w", "o"],
        is_strip: true,
        can_fail: false,
    },
    Case {
        name: "a check after many blocks, with lanes in memory",
        types: "f64, f64, f64, f64, i32",
        combine: &["sum", "sum", "sum", "sum", "sum"],
        shape: "tree",
        params: "x: [f64], k: [i32]",
        body: "v = load x[i]
        m = load k[i]
        c = ne m, -1i32
        g = guard c, assert \"not one less than nothing\", i
        p = mul v, v
        q = mul p, v
        r = abs v",
        yields: &["v", "p", "q", "r", "m"],
        is_strip: true,
        can_fail: true,
    },
    Case {
        name: "no order shows",
        types: "i64, f64, f64, bool",
        combine: &["sum", "fmin", "max", "all"],
        shape: "in_order",
        params: "x: [f64], k: [i64]",
        body: "v = load x[i]
        m = load k[i]
        w = neg v
        c = lt v, 100.0",
        yields: &["m", "v", "w", "c"],
        is_strip: true,
        can_fail: false,
    },
    Case {
        name: "in order",
        types: "f64, f64",
        combine: &["sum", "max"],
        shape: "in_order",
        params: "x: [f64]",
        body: "v = load x[i]
        w = mul v, v",
        yields: &["v", "w"],
        is_strip: false,
        can_fail: false,
    },
];

impl Case {
    fn func(&self, text: String) -> Func {
        let func = parse(&text).unwrap_or_else(|e| panic!("{}: {e}\n{text}", self.name));
        guard_accesses(&func)
    }

    fn together(&self) -> Func {
        let names: Vec<String> = (0..self.combine.len()).map(|i| format!("r{i}")).collect();
        let (names, Case { types, shape, .. }) = (names.join(", "), self);
        self.func(format!(
            "func @f({}) -> ({types}) {{
    n = len x
    {names} = reduce {} {shape} i in 0..n {{
        {}
        yield {}
    }}
    return {names}
}}",
            self.params,
            self.combine.join(", "),
            self.body,
            self.yields.join(", ")
        ))
    }

    fn apart(&self) -> Func {
        let loops = self.combine.iter().zip(self.yields).enumerate();
        let loops = loops.map(|(i, (combine, value))| {
            let (shape, body) = (self.shape, self.body);
            format!(
                "    r{i} = reduce {combine} {shape} i in 0..n {{
        {body}
        yield {value}
    }}
"
            )
        });
        let names: Vec<String> = (0..self.combine.len()).map(|i| format!("r{i}")).collect();
        self.func(format!(
            "func @f({}) -> ({}) {{
    n = len x
{}    return {}
}}",
            self.params,
            self.types,
            loops.collect::<String>(),
            names.join(", ")
        ))
    }
}

fn inputs(func: &Func, n: usize) -> Vec<Input> {
    let params = func.params().iter().zip(n as u64..);
    let arrays = params.map(|(param, salt)| {
        let ty = param.ty.as_array().expect("an array");
        let mut values = samples(ty.elem, n, salt);
        // Now and then sums are numbers.
        if salt % 3 == 0 && ty.elem.is_float() {
            for (i, value) in values.iter_mut().enumerate() {
                let real = (i as f64 * 0.37).sin();
                *value = match ty.elem.bytes() {
                    4 => Const::f32(real as f32),
                    _ => Const::f64(real),
                };
            }
        }
        Input::Array(Array::contiguous(values, vec![n]))
    });
    arrays.collect()
}

#[test]
fn several_values_have_the_bits_of_one_at_a_time() {
    for case in CASES {
        let name = case.name;
        let mut whole = Whole::new(&case.together()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut apart = Whole::new(&case.apart()).unwrap_or_else(|e| panic!("{name}: {e}"));
        for &level in host().levels().iter().filter(|&&l| l != Level::One) {
            let strips = usize::from(case.is_strip);
            assert_eq!(whole.strips(level), strips, "{name} at {level}");
        }
        let mut failed = 0;
        for n in (0..=130).chain([1023, 1024, 1025, 1040, 2048, 2049, 3100, 5000]) {
            let inputs = inputs(whole.func(), n);
            let ran = whole.check(&inputs);
            let ran = ran.unwrap_or_else(|e| panic!("{name}, {n}: {e}"));
            let expected = apart.run(Way::Interpreter, &inputs);
            let expected = expected.unwrap_or_else(|e| panic!("{name}, {n}: {e}"));
            assert_eq!(ran.failed, expected.failed, "{name}, {n}");
            assert_eq!(ran.results, expected.results, "{name}, {n}");
            failed += usize::from(ran.failed.is_some());
        }
        assert_eq!(failed > 0, case.can_fail, "{name} fails {failed} times");
    }
}

/// As many reductions one after the other, most of several values and some with
/// one inside: `reduce`s that store what they come to.
fn one_after_the_other(count: usize) -> Func {
    let mut text = "func @f(x: [f64], z: [f64], y: mut [f64]) {\n    n = len x\n".to_owned();
    for at in 0..count {
        let inner = match at % 10 {
            // Its rounds begin where the last one has ended.
            3 => {
                "u = reduce sum tree j in 0..40 {\n        w = load z[j]\n        q = mul v, w\n        yield q\n        }\n"
            }
            _ => "u = mul v, v\n",
        };
        text += &format!(
            "    a{at}, b{at} = reduce sum, sum tree i in 0..n {{
        v0 = load x[i]
        v = mul v0, {at}.5
        {inner}        yield v, u
    }}
    store y[{}], a{at}
    store y[{}], b{at}
",
            2 * at,
            2 * at + 1
        );
    }
    text += "}\n";
    let func = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    guard_accesses(&func)
}

/// Each needs more than a KiB of stack while it runs, and a function has 64.
#[test]
fn reductions_one_after_the_other_share_their_stack() {
    const COUNT: usize = 200;
    let mut whole = Whole::new(&one_after_the_other(COUNT)).unwrap_or_else(|e| panic!("{e}"));
    for &level in host().levels().iter().filter(|&&l| l != Level::One) {
        assert!(whole.strips(level) >= COUNT, "{level}");
    }
    for n in [41, 2100] {
        let mut inputs = inputs(whole.func(), n);
        inputs[2] = Input::Array(Array::contiguous(
            vec![Const::f64(0.0); 2 * COUNT],
            vec![2 * COUNT],
        ));
        let ran = whole.check(&inputs).unwrap_or_else(|e| panic!("{n}: {e}"));
        assert_eq!(ran.failed, None, "{n}");
    }
}

/// Row `r` of a table that data say, `2 * r` of them: too few for a strip in the
/// first rows, and enough in the last ones.
const ROWS: &str = "func @f(x: [f64], k: [i64], y: mut [f64], z: mut [f64]) {
    m = len y
    for r in 0..m {
        hi = mul r, 3
        a, b = reduce sum, sum tree i in r..hi {
            j = load k[i]
            v = load x[j]
            w = mul v, v
            yield v, w
        }
        store y[r], a
        store z[r], b
    }
}";

#[test]
fn rows_of_any_length_have_the_same_bits_and_report_the_first_check() {
    const ROUNDS: usize = 300;
    let func = guard_accesses(&parse(ROWS).expect("it parses"));
    let mut whole = Whole::new(&func).unwrap_or_else(|e| panic!("{e}"));
    for &level in host().levels().iter().filter(|&&l| l != Level::One) {
        assert_eq!(whole.strips(level), 1, "{level}");
    }
    let mut failed = 0;
    // Two places that lie outside, of which the later one stands in a lane
    // before that of the first one.
    for bad in [
        None,
        Some((7, 16)),
        Some((60, 64)),
        Some((211, 224)),
        Some((289, 290)),
    ] {
        let real = |i: usize| Const::f64((i as f64 * 0.37).sin());
        let mut places: Vec<i64> = (0..ROUNDS as i64).map(|i| i * 7 % ROUNDS as i64).collect();
        if let Some((first, second)) = bad {
            (places[first], places[second]) = (-1, ROUNDS as i64);
        }
        let columns = [
            (0..ROUNDS).map(real).collect(),
            places.into_iter().map(Const::i64).collect(),
            vec![Const::f64(7.0); ROUNDS / 3],
            vec![Const::f64(8.0); ROUNDS / 3],
        ];
        let inputs = columns.map(|values: Vec<Const>| {
            let extent = values.len();
            Input::Array(Array::contiguous(values, vec![extent]))
        });
        let ran = whole.check(&inputs);
        let ran = ran.unwrap_or_else(|e| panic!("{bad:?}: {e}"));
        assert_eq!(ran.failed.is_some(), bad.is_some(), "{bad:?}");
        failed += usize::from(ran.failed.is_some());
    }
    assert_eq!(failed, 4);
}

/// Sums of five functions of the index, which no register file holds all lanes
/// of.
const INDICES: &str = "func @f(lo: i64, hi: i64) -> (f64, f64, f64, f64, f64) {
    a, b, c, d, e = reduce sum, sum, sum, sum, sum tree i in lo..hi {
        low = and i, 1023
        v = cast.f64 low
        w = mul v, v
        p = mul w, 0.37
        q = add p, v
        r = sub w, v
        yield v, w, p, q, r
    }
    return a, b, c, d, e
}";

#[test]
fn lanes_in_turn_stop_at_the_greatest_index() {
    let func = parse(INDICES).expect("it parses");
    let mut whole = Whole::new(&func).unwrap_or_else(|e| panic!("{e}"));
    for &level in host().levels().iter().filter(|&&l| l != Level::One) {
        assert_eq!(whole.strips(level), 1, "{level}");
    }
    let ends = [
        0,
        17,
        2000,
        i64::MIN + 1100,
        i64::MAX - 1024,
        i64::MAX - 1,
        i64::MAX,
    ];
    for hi in ends {
        for count in [1, 16, 40, 1024, 1040, 2100] {
            let lo = hi.saturating_sub(count);
            let inputs = [lo, hi].map(|v| Input::Value(Const::i64(v)));
            let ran = whole.check(&inputs);
            let ran = ran.unwrap_or_else(|e| panic!("{lo}..{hi}: {e}"));
            assert_eq!(ran.failed, None, "{lo}..{hi}");
        }
    }
}
