//! Array kernels of several steps: loops one after the other, totals that a
//! later loop reads, loops and branches with loops in them; the bits of one
//! thread and of the interpreter, and the first failure.

use crate::funcs::func;
use crate::threads::engines;
use kiln_ir::{Const, Scalar};
use kiln_runtime::{Arg, ArrayKernel, Engine, RuntimeError, Stop, Tier, ViewMut};
use std::error::Error;

/// An argument, and memory for it.
#[derive(Clone)]
enum Given {
    Value(Const),
    Read(Vec<f64>),
    Places(Vec<i64>),
    Write(Vec<f64>),
    /// Rows and columns.
    Plane(Vec<f64>, [usize; 2]),
}

/// What a call gives and leaves behind.
#[derive(PartialEq, Debug)]
struct Left {
    results: Result<Vec<Const>, String>,
    written: Vec<Vec<u64>>,
}

fn numbers(len: usize) -> Vec<f64> {
    let number = |i: usize| (i * 7_919 % 1_009) as f64 / 64.0 - 7.0;
    (0..len).map(number).collect()
}

/// As [`numbers`], with every kind of value.
fn special(len: usize) -> Vec<f64> {
    let mut values = numbers(len);
    let kinds = [0.0, -0.0, f64::NAN, f64::INFINITY, -1e300, 5e-324];
    for (value, kind) in values.iter_mut().step_by(13).zip(kinds.iter().cycle()) {
        *value = *kind;
    }
    values
}

fn bits(values: &[f64]) -> Vec<u64> {
    let bits = |x: &f64| if x.is_nan() { 1 } else { x.to_bits() };
    values.iter().map(bits).collect()
}

fn call(kernel: &ArrayKernel, given: &[Given]) -> Left {
    let mut given = given.to_vec();
    let mut args: Vec<Arg<'_>> = Vec::new();
    for one in &mut given {
        args.push(match one {
            Given::Value(value) => (*value).into(),
            Given::Read(data) => (&*data).into(),
            Given::Places(data) => (&*data).into(),
            Given::Write(data) => data.into(),
            Given::Plane(data, shape) => ViewMut::new(data, *shape).unwrap().into(),
        });
    }
    let types = kernel.func().results();
    let mut results: Vec<Const> = types.iter().map(|ty| Const::zero(ty.scalar)).collect();
    let done = kernel.call(&mut args, &mut results);
    drop(args);
    let written = given.iter().filter_map(|given| match given {
        Given::Write(data) | Given::Plane(data, _) => Some(bits(data)),
        Given::Value(_) | Given::Read(_) | Given::Places(_) => None,
    });
    Left {
        results: match done {
            Ok(_) => Ok(results),
            Err(error) => Err(error.to_string()),
        },
        written: written.collect(),
    }
}

/// What the interpreter makes of it, which knows of no steps.
fn expected(text: &str, given: &[Given]) -> Left {
    let engine = Engine::builder().tier(Tier::Interpreter).build();
    call(&engine.arrays(func(text)).unwrap(), given)
}

/// Calls a function of which `loops` loops come in pieces on any number of
/// threads.
fn check(text: &str, loops: usize, inputs: &[Vec<Given>]) {
    let explained = Engine::default().arrays(func(text)).unwrap().explain();
    let report = explained.unwrap().report;
    let lines = report.matches("threads may share the rounds").count();
    assert_eq!(lines, loops, "{report}\nof {text}");
    let expected: Vec<Left> = inputs.iter().map(|given| expected(text, given)).collect();
    for threads in 1..=8 {
        for piece_work in [1, 700] {
            for engine in engines(threads, piece_work) {
                let kernel = engine.arrays(func(text)).unwrap();
                for (given, expected) in inputs.iter().zip(&expected) {
                    let found = call(&kernel, given);
                    assert_eq!(&found, expected, "{threads}, {piece_work}: {text}");
                    assert_eq!(&call(&kernel.parallel(1), given), expected);
                }
                let is_parallel = threads > 1 && engine.tier() == Tier::Native;
                assert_eq!(engine.stats().parallel > 0, is_parallel, "{text}");
            }
        }
    }
}

const LENGTHS: [usize; 6] = [0, 1, 2, 65, 1_025, 4_500];

/// Inputs of each length.
fn inputs(given: impl Fn(usize) -> Vec<Given>) -> Vec<Vec<Given>> {
    LENGTHS.into_iter().map(given).collect()
}

const CENTRE: &str = "func @centre(x: [f64], y: mut [f64]) -> f64 {
    n = len x
    s = reduce sum tree i in 0..n {
        a = load x[i]
        yield a
    }
    f = cast.f64 n
    m = div s, f
    k = len y
    for i in 0..k {
        b = load x[i]
        c = sub b, m
        store y[i], c
    }
    return m
}";

#[test]
fn a_total_is_known_in_the_loop_behind_it() {
    let given = |n| vec![Given::Read(numbers(n)), Given::Write(vec![-1.0; n])];
    check(CENTRE, 2, &inputs(given));
    let given = |n| vec![Given::Read(special(n)), Given::Write(vec![-1.0; n])];
    check(CENTRE, 2, &inputs(given));
}

#[test]
fn a_loop_reads_what_the_one_before_it_has_written() {
    let text = "func @smooth(x: [f64], y: mut [f64], z: mut [f64]) {
        n = len x
        for i in 0..n {
            a = load x[i]
            b = sqrt a
            store y[i], b
        }
        m = sub n, 1
        for i in 1..m {
            h = sub i, 1
            j = add i, 1
            a = load y[h]
            b = load y[j]
            c = add a, b
            store z[i], c
        }
        for i in 0..n {
            k = sub n, 1
            j = sub k, i
            a = load z[j]
            store y[i], a
        }
    }";
    let given = |n| {
        let (y, z) = (vec![-1.0; n], vec![-2.0; n]);
        vec![Given::Read(special(n)), Given::Write(y), Given::Write(z)]
    };
    check(text, 3, &inputs(given));
}

/// Elements that are stored and loaded between loops, a loop whose rounds wait
/// for each other, a running total, and a guard on what it has come to.
#[test]
fn what_stands_between_loops_runs_once() {
    let text = "func @between(x: [f64], y: mut [f64], z: mut [f64]) -> (f64, i64) {
        n = len x
        p = gt n, 1
        g = guard p, assert \"two elements\", n
        store y[0], 0.25
        for i in 1..n {
            a = load x[i]
            b = mul a, a
            store y[i], b
        }
        l = sub n, 1
        q = load y[l]
        h = for i in 0..n with t = 0.0 {
            a = load y[i]
            b = mul t, 0.5
            c = add a, b
            store z[i], c
            yield c
        }
        o = eq h, h
        r = guard o, assert \"a number\", h
        for i in 0..n {
            a = load z[i]
            b = mul a, q
            c = sub b, h
            store y[i], c
        }
        s = scan sum i in 0..n from 0.0 into z {
            a = load y[i]
            yield a
        }
        k = reduce sum in_order i in 0..n {
            a = load z[i]
            b = gt a, 0.0
            c = cast.i64 b
            yield c
        }
        w = sub s, q
        return w, k
    }";
    let given = |x: Vec<f64>| {
        let (y, z) = (vec![-1.0; x.len()], vec![-2.0; x.len()]);
        vec![Given::Read(x), Given::Write(y), Given::Write(z)]
    };
    let mut all = inputs(|n| given(numbers(n)));
    // The loop between gives a NaN: the loops behind it do not run.
    all.push(given(special(1_500)));
    check(text, 3, &all);
}

#[test]
fn a_reduction_of_several_values_is_shared() {
    let text = "func @spread(x: [f64], first: i64) -> (f64, f64, f64, f64, f64) {
        n = len x
        s, q, l, g = reduce sum, sum, min, fmax tree i in first..n {
            a = load x[i]
            b = mul a, a
            yield a, b, a, a
        }
        w = sub g, l
        return s, q, l, g, w
    }";
    for data in [numbers, special] {
        let mut all = Vec::new();
        for (first, n) in [(0, 0), (0, 1_024), (3, 5_000), (7, 20_001)] {
            all.push(vec![Given::Read(data(n)), Given::Value(Const::i64(first))]);
        }
        check(text, 1, &all);
    }
    let narrow = "func @narrow(x: [i64]) -> (i64, i64, i64) {
        n = len x
        s, l, g = reduce sum, min, max in_order i in 0..n {
            a = load x[i]
            yield a, a, a
        }
        return s, l, g
    }";
    let places = |n: usize| (0..n as i64).map(|i| i * i * 7_919 % 1_009 - 400).collect();
    check(narrow, 1, &inputs(|n| vec![Given::Places(places(n))]));
}

/// Sweeps over an array in a loop over time: two loops a round, and the
/// greatest change, which it carries.
const SWEEPS: &str = "func @sweeps(steps: i64, u: mut [f64 rank 2], v: mut [f64 rank 2]) -> f64 {
    h = len u
    w = len u, 1
    k = sub h, 1
    l = sub w, 1
    d = for t in 0..steps with before = 0.0 {
        for i in 1..k {
            for j in 1..l {
                a = sub i, 1
                b = add i, 1
                c = load u[a, j]
                d = load u[b, j]
                e = add c, d
                f = mul e, 0.5
                store v[i, j], f
            }
        }
        m = reduce max tree i in 1..k {
            a = load u[i, 1]
            b = load v[i, 1]
            c = sub a, b
            d = abs c
            yield d
        }
        for i in 1..k {
            for j in 1..l {
                a = load v[i, j]
                store u[i, j], a
            }
        }
        x = add m, before
        yield x
    }
    return d
}";

#[test]
fn loops_in_a_loop_over_time_are_shared() {
    let given = |[steps, rows, columns]: [usize; 3]| {
        let plane = |from: usize| numbers(rows * columns + from).split_off(from);
        vec![
            Given::Value(Const::i64(steps as i64)),
            Given::Plane(plane(0), [rows, columns]),
            Given::Plane(plane(5), [rows, columns]),
        ]
    };
    let shapes = [[0, 9, 9], [1, 2, 7], [1, 40, 3], [7, 33, 21], [20, 130, 4]];
    check(SWEEPS, 3, &shapes.map(given));
    let explained = Engine::default().arrays(func(SWEEPS)).unwrap().explain();
    let report = explained.unwrap().report;
    let line = "threads share no rounds of the loop over u, v into v, u but those of loops in it, \
                because a round begins with what the one before it has computed";
    assert!(report.contains(line), "{report}");
}

/// Until nothing changes much, and then as one side of a branch says.
#[test]
fn loops_in_a_while_and_in_branches_are_shared() {
    let text = "func @settle(most: i64, up: bool, x: mut [f64]) -> (i64, f64) {
        n = len x
        left, change = while with k = most, e = 1.0 {
            far = gt e, 0.001
            some = gt k, 0
            on = and far, some
            yield on
        } do r, f {
            for i in 0..n {
                a = load x[i]
                b = mul a, 0.25
                store x[i], b
            }
            g = reduce max tree i in 0..n {
                a = load x[i]
                b = abs a
                yield b
            }
            s = sub r, 1
            odd = and s, 1
            is = eq odd, 1
            if is {
                for i in 0..n {
                    a = load x[i]
                    b = add a, 0.0001
                    store x[i], b
                }
            } else {
            }
            yield s, g
        }
        z = if up {
            for i in 0..n {
                a = load x[i]
                b = add a, 1.0
                store x[i], b
            }
            yield change
        } else {
            c = reduce sum tree i in 0..n {
                a = load x[i]
                yield a
            }
            d = mul c, change
            yield d
        }
        return left, z
    }";
    let mut all = Vec::new();
    for n in LENGTHS {
        for (most, up) in [(0, true), (3, false), (100, true), (100, false)] {
            all.push(vec![
                Given::Value(Const::i64(most)),
                Given::Value(Const::bool(up)),
                Given::Write(numbers(n)),
            ]);
        }
    }
    check(text, 5, &all);
}

/// Loops that grow shorter round by round, and one that is as long as an
/// element says which is stored before it.
#[test]
fn lengths_of_loops_may_depend_on_steps() {
    let text = "func @rows(a: mut [f64 rank 2], x: mut [f64]) {
        n = len a
        w = len a, 1
        for k in 0..n {
            for i in k..n {
                for j in 0..w {
                    p = load a[i, j]
                    q = cast.f64 k
                    r = add p, q
                    store a[i, j], r
                }
            }
        }
        f = cast.f64 w
        store x[0], f
        g = load x[0]
        m = cast.i64 g
        for i in 0..m {
            b = cast.f64 i
            store x[i], b
        }
    }";
    let given = |[rows, columns]: [usize; 2]| {
        let plane = numbers(rows * columns);
        let x = vec![-1.0; columns + 1];
        vec![Given::Plane(plane, [rows, columns]), Given::Write(x)]
    };
    let shapes = [[0, 4], [1, 1], [17, 30], [50, 1_000]];
    check(text, 2, &shapes.map(given));
}

/// A local array has one step from where it is first touched to where it is
/// last.
#[test]
fn what_touches_a_local_array_is_one_step() {
    let text = "func @local(x: [f64], y: mut [f64]) -> f64 {
        local l0: [f64 x 4]
        n = len x
        for i in 0..n {
            a = load x[i]
            store y[i], a
        }
        store l0[1], 2.0
        for i in 0..n {
            a = load y[i]
            b = add a, 1.0
            store y[i], b
        }
        q = load l0[1]
        for i in 0..n {
            a = load y[i]
            b = mul a, q
            store y[i], b
        }
        return q
    }";
    let given = |n| vec![Given::Read(special(n)), Given::Write(vec![-1.0; n])];
    check(text, 2, &inputs(given));
    let explained = Engine::default().arrays(func(text)).unwrap().explain();
    let report = explained.unwrap().report;
    let line = "threads: one for the loop over y into y, because a local array is used before it and behind it";
    assert!(report.contains(line), "{report}");
}

/// Elements at given places, twice: into `y`, and then from it into `z`.
const TWICE: &str =
    "func @twice(x: [f64], at: [i64], y: mut [f64], to: [i64], z: mut [f64]) -> i64 {
    n = len y
    for i in 0..n {
        a = load at[i]
        b = load x[a]
        store y[i], b
    }
    p = load y[0]
    ok = lt p, 100.0
    g = guard ok, assert \"a small number\", p
    m = len z
    for i in 0..m {
        a = load to[i]
        b = load y[a]
        store z[i], b
    }
    return m
}";

#[test]
fn the_first_failure_of_the_first_step_that_fails_is_reported() {
    const LEN: usize = 1_500;
    let x = numbers(LEN);
    for threads in [2, 3, 8] {
        for engine in engines(threads, 1) {
            let kernel = engine.arrays(func(TWICE)).unwrap();
            kernel.check_all_pieces().unwrap();
            // Which element of the first and of the second loop fail.
            for (first, second) in [
                (None, None),
                (Some([3, 900]), Some([0, 1])),
                (Some([1_499, 1_499]), None),
                (None, Some([700, 701])),
                (None, Some([0, 1_499])),
            ] {
                let mut at: Vec<i64> = (0..LEN as i64).rev().collect();
                let mut to = at.clone();
                for place in first.iter().flatten() {
                    at[*place] = 5_000 + *place as i64;
                }
                for place in second.iter().flatten() {
                    to[*place] = -1 - *place as i64;
                }
                let (mut y, mut z) = (vec![-1.0; LEN], vec![-2.0; LEN]);
                let mut results = [Const::zero(Scalar::I64)];
                let mut args = [
                    (&x).into(),
                    (&at).into(),
                    (&mut y).into(),
                    (&to).into(),
                    (&mut z).into(),
                ];
                let done = kernel.call(&mut args, &mut results);
                let lowest = |of: Option<[usize; 2]>| of.map_or(LEN, |places| places[0]);
                let (low, high) = (lowest(first), lowest(second));
                assert!((0..low).all(|i| y[i] == x[LEN - 1 - i]));
                match (first, second) {
                    (None, None) => {
                        assert_eq!(done.unwrap().tier, engine.tier());
                        assert_eq!(results, [Const::i64(LEN as i64)]);
                        assert!((0..LEN).all(|i| z[i] == x[i]));
                    }
                    _ => {
                        let Err(RuntimeError::Fault(fault)) = done else {
                            panic!("{done:?}");
                        };
                        let (array, index) = match first {
                            Some([low, _]) => ("x", 5_000 + low as i64),
                            None => ("y", -1 - high as i64),
                        };
                        assert_eq!((fault.array(), fault.index()), (Some(array), Some(index)));
                        assert_eq!(fault.kernel.as_deref(), Some("twice"));
                        if first.is_some() {
                            assert!(z.iter().all(|&z| z == -2.0), "no later step has begun");
                        } else {
                            assert!((0..high).all(|i| z[i] == x[i]) && z[high] == -2.0);
                        }
                    }
                }
            }
            // A guard between the loops.
            let given = [
                Given::Read(vec![1e3; LEN]),
                Given::Places(vec![7; LEN]),
                Given::Write(vec![-1.0; LEN]),
                Given::Places(vec![0; LEN]),
                Given::Write(vec![-2.0; LEN]),
            ];
            assert_eq!(call(&kernel, &given), expected(TWICE, &given));
            assert_eq!(
                engine.stats().parallel > 0,
                engine.tier() == Tier::Native,
                "{threads}"
            );
        }
    }
}

/// The second loop leaves its array, and in a later round of the first, too:
/// what runs with guards is a piece of one step.
#[test]
fn steps_that_may_leave_an_array_run_with_guards() {
    let text = "func @copy(n: i64, m: i64, x: [f64], y: mut [f64], z: mut [f64]) {
        for t in 0..3 {
            for i in 0..n {
                a = load x[i]
                store y[i], a
            }
            for i in 0..m {
                a = load y[i]
                store z[i], a
            }
        }
    }";
    for engine in engines(3, 1) {
        let kernel = engine.arrays(func(text)).unwrap();
        for (n, m) in [(900, 900), (900, 1_000), (1_000, 900), (1_200, 1_200)] {
            let given = [
                Given::Value(Const::i64(n)),
                Given::Value(Const::i64(m)),
                Given::Read(numbers(1_000)),
                Given::Write(vec![-1.0; 950]),
                Given::Write(vec![-2.0; 1_100]),
            ];
            let (found, expected) = (call(&kernel, &given), expected(text, &given));
            assert_eq!(found, expected, "{n} and {m}");
        }
        let is_native = engine.tier() == Tier::Native;
        assert_eq!(engine.stats().retries > 0, is_native);
        assert_eq!(engine.stats().parallel > 0, is_native);
    }
}

#[test]
fn calls_of_many_steps_can_be_stopped() {
    let text = "func @for_ever(x: mut [f64]) -> i64 {
        n = len x
        r = while with k = 0 {
            on = ge k, 0
            yield on
        } do c {
            for i in 0..n {
                a = load x[i]
                b = mul a, 0.5
                store x[i], b
            }
            d = and c, 1
            yield d
        }
        return r
    }";
    for engine in engines(4, 1) {
        let for_ever = engine.arrays(func(text)).unwrap();
        let stop = Stop::after(std::time::Duration::from_millis(5)).unwrap();
        let (mut x, mut results) = (vec![1.0; 500], [Const::zero(Scalar::I64)]);
        let done = for_ever.call_until(&stop, &mut [(&mut x).into()], &mut results);
        assert_eq!(done.unwrap_err(), RuntimeError::Stopped);
        let is_native = engine.tier() == Tier::Native;
        assert_eq!(engine.stats().parallel > 0, is_native);
    }
}

/// Where no loop is worth several threads, steps are not run at all; of loops
/// in others, one round has to be worth them.
#[test]
fn calls_of_little_work_run_as_one() {
    let engine = Engine::builder().threads(4).parallel(true).build();
    let kernel = engine.arrays(func(CENTRE)).unwrap();
    let sizes = [(1_000, 0), (4 << 20, 1)];
    for (n, parallel) in sizes {
        let given = [Given::Read(numbers(n)), Given::Write(vec![0.0; n])];
        assert!(call(&kernel, &given).results.is_ok());
        assert_eq!(engine.stats().parallel, parallel);
    }
    let kernel = engine.arrays(func(SWEEPS)).unwrap();
    for (steps, rows, parallel) in [(10_000, 20, 1), (2, 2_000, 2)] {
        let plane = numbers(rows * 500);
        let given = [
            Given::Value(Const::i64(steps)),
            Given::Plane(plane.clone(), [rows, 500]),
            Given::Plane(plane, [rows, 500]),
        ];
        assert!(call(&kernel, &given).results.is_ok());
        assert_eq!(engine.stats().parallel, parallel, "{steps} of {rows} rows");
    }
}

/// A view that is turned over, in a loop over time.
#[test]
fn strided_views_are_shared_in_steps() {
    let text = SWEEPS.replace("rank 2]", "rank 2 strided]");
    let data = numbers(60 * 40);
    for engine in engines(3, 1) {
        let kernel = engine.arrays(func(&text)).unwrap();
        let run = |kernel: &ArrayKernel| {
            let (mut u, mut v) = (data.clone(), data.clone());
            let mut results = [Const::zero(Scalar::F64)];
            let last = 59 * 40;
            let u_view = ViewMut::strided(&mut u, last, [60, 40], [-40, 1]).unwrap();
            let v_view = ViewMut::strided(&mut v, 0, [60, 40], [1, 60]).unwrap();
            let mut args = [5i64.into(), u_view.into(), v_view.into()];
            kernel.call(&mut args, &mut results).unwrap();
            (bits(&u), bits(&v), results)
        };
        assert_eq!(run(&kernel), run(&kernel.parallel(false)));
        let is_native = engine.tier() == Tier::Native;
        assert_eq!(engine.stats().parallel, u64::from(is_native));
    }
}

/// What is told of loops that do not come in pieces.
#[test]
fn a_claim_is_one_about_all_loops() {
    let text = |second: &str| {
        format!(
            "func @f(x: mut [f64], y: mut [f64]) -> f64 {{
                n = len x
                for i in 0..n {{
                    store x[i], 1.0
                }}
                {second}
            }}"
        )
    };
    let carried = text(
        "s = for i in 0..n with t = 0.0 {
            a = load x[i]
            b = add t, a
            yield b
        }
        return s",
    );
    let met = text(
        "m = sub n, 1
        for i in 0..m {
            j = add i, 1
            a = load x[j]
            store x[i], a
        }
        return 0.0",
    );
    let in_time = text(
        "for t in 0..9 {
            for i in 0..n {
                a = load x[i]
                store y[i], a
            }
        }
        return 0.0",
    );
    let few = text(
        "for t in 0..n {
            for i in 0..9 {
                a = load x[t]
                store y[i], a
            }
        }
        return 0.0",
    );
    for (text, why) in [
        (
            carried,
            "a round begins with what the one before it has computed",
        ),
        (
            met,
            "rounds may meet at a store of x[i] and a load of x[1 + i]",
        ),
        (
            in_time,
            "rounds may meet at a store of y[..] and a store of y[..]",
        ),
        (
            few,
            "rounds may meet at a store of y[..] and a store of y[..]",
        ),
    ] {
        let kernel = Engine::default().arrays(func(&text)).unwrap();
        assert!(kernel.check_pieces().is_ok(), "{text}");
        let error = kernel.check_all_pieces().unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), why);
    }
    let none = "func @f(x: mut [f64]) { store x[0], 1.0 }";
    let kernel = Engine::default().arrays(func(none)).unwrap();
    let error = kernel.check_pieces().unwrap_err();
    assert_eq!(
        error.source().unwrap().to_string(),
        "there is no loop in it"
    );
}
