//! Array kernels in pieces: what one thread stores, the lowest failure, and
//! which functions come in pieces.

use crate::funcs::func;
use crate::threads::engines;
use kiln_ir::{Const, Scalar};
use kiln_runtime::{Arg, Engine, RuntimeError, Stop, Tier, View, ViewMut};
use rayon::prelude::*;
use std::error::Error;

/// A loop over rows and columns, with a stencil that reads another array.
const STENCIL: &str = "func @stencil(u: [f64 rank 2 strided], out: mut [f64 rank 2 strided]) {
    v0 = len out, 0
    v1 = len out, 1
    v2 = sub v0, 1
    v3 = sub v1, 1
    for v4 in 1..v2 {
        for v5 in 1..v3 {
            v6 = sub v4, 1
            v7 = add v4, 1
            v8 = load u[v6, v5]
            v9 = load u[v7, v5]
            v10 = add v8, v9
            v11 = load out[v4, v5]
            v12 = sub v10, v11
            store out[v4, v5], v12
        }
    }
}";

/// Steps of a sequence, as long as it takes; and a result.
const STEPS: &str = "func @steps(most: i64, x: [i64], out: mut [i64]) -> i64 {
    v0 = len out
    for v1 in 0..v0 {
        v2 = load x[v1]
        v7, v8 = while with v3 = v2, v4 = 0 {
            v5 = ne v3, 1
            v6 = lt v4, most
            v9 = and v5, v6
            yield v9
        } do v10, v11 {
            v12 = and v10, 1
            v13 = eq v12, 1
            v14 = mul v10, 3
            v15 = add v14, 1
            v16 = shr v10, 1
            v17 = select v13, v15, v16
            v18 = add v11, 1
            yield v17, v18
        }
        store out[v1], v8
    }
    v19 = add v0, most
    return v19
}";

/// Elements at given places, some of which there may not be.
const GATHER: &str = "func @gather(x: [f64], at: [i64], y: mut [f64]) {
    v0 = len y
    for v1 in 0..v0 {
        v2 = load at[v1]
        v3 = load x[v2]
        store y[v1], v3
    }
}";

/// The greatest number of rows, columns and steps.
const ROWS: usize = 301;

fn numbers(len: usize) -> Vec<f64> {
    let special = [0.0, -0.0, f64::NAN, f64::INFINITY, -1e300, 5e-324];
    (0..len)
        .map(|i| match i % 17 {
            at if at < special.len() => special[at],
            _ => (i * 7919 % 1009) as f64 / 64.0 - 7.0,
        })
        .collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    let bits = |x: &f64| if x.is_nan() { 1 } else { x.to_bits() };
    values.iter().map(bits).collect()
}

#[test]
fn rows_of_an_array_are_shared_whatever_its_strides() {
    const COLUMNS: usize = 23;
    let u = numbers(ROWS * COLUMNS);
    let shape = [ROWS, COLUMNS];
    let whole = [COLUMNS as isize, 1];
    let turned = [-(COLUMNS as isize), 1];
    let last_row = (ROWS - 1) * COLUMNS;
    for threads in [1, 2, 3, 8] {
        for piece_work in [1, 700] {
            for engine in engines(threads, piece_work) {
                let stencil = engine.arrays(func(STENCIL)).unwrap();
                stencil.check_pieces().unwrap();
                for (origin, strides) in [(0, whole), (last_row, turned)] {
                    let run = |stencil: &kiln_runtime::ArrayKernel| {
                        let mut out = numbers(ROWS * COLUMNS + 1).split_off(1);
                        let written = ViewMut::strided(&mut out, origin, shape, strides);
                        let read = View::strided(&u, origin, shape, strides).unwrap();
                        let mut args = [read.into(), written.unwrap().into()];
                        let ran = stencil.call(&mut args, &mut []).unwrap();
                        assert_eq!(ran.tier, engine.tier());
                        bits(&out)
                    };
                    assert_eq!(run(&stencil), run(&stencil.parallel(false)));
                }
                let is_parallel = threads > 1 && engine.tier() == Tier::Native;
                assert_eq!(engine.stats().parallel, if is_parallel { 2 } else { 0 });
            }
        }
    }
}

#[test]
fn every_number_of_rounds_gives_what_one_thread_gives() {
    for threads in 1..=8 {
        for engine in engines(threads, 10) {
            let steps = engine.arrays(func(STEPS)).unwrap();
            for len in (0..=20).chain([63, 64, 65, 130, 1_000]) {
                let x: Vec<i64> = (1..=len as i64).map(|i| i * 37 % 911 + 1).collect();
                let run = |steps: &kiln_runtime::ArrayKernel| {
                    let (mut out, mut result) = (vec![-1i64; len], [Const::zero(Scalar::I64)]);
                    let mut args = [200i64.into(), (&x).into(), (&mut out).into()];
                    steps.call(&mut args, &mut result).unwrap();
                    (out, result)
                };
                assert_eq!(run(&steps), run(&steps.parallel(1)), "{len} rounds");
            }
        }
    }
}

#[test]
fn the_lowest_failing_round_is_reported() {
    let x = numbers(100);
    for engine in engines(4, 1) {
        let gather = engine.arrays(func(GATHER)).unwrap();
        for failing in [
            vec![3, 900],
            vec![899, 901],
            vec![999],
            vec![0, 1, 2],
            vec![],
        ] {
            let mut at: Vec<i64> = (0..1_000).map(|i| i % 100).collect();
            failing.iter().for_each(|&i| at[i] = 100 + i as i64);
            for _ in 0..5 {
                let mut y = vec![-1.0; 1_000];
                let mut args = [(&x).into(), (&at).into(), (&mut y).into()];
                let done = gather.call(&mut args, &mut []);
                let Some(&lowest) = failing.first() else {
                    assert_eq!(done.unwrap().tier, engine.tier());
                    continue;
                };
                let Err(RuntimeError::Fault(fault)) = done else {
                    panic!("element {lowest} is not there");
                };
                assert_eq!(fault.index(), Some(100 + lowest as i64));
                let before: Vec<f64> = at[..lowest].iter().map(|&i| x[i as usize]).collect();
                assert_eq!(bits(&y[..lowest]), bits(&before));
                assert_eq!(y[lowest], -1.0);
            }
        }
        let ran = engine.stats().parallel;
        assert_eq!(ran > 0, engine.tier() == Tier::Native);
    }
}

/// `y` is shorter than what the loop asks of `x`: tests before the loop fail
/// in some pieces, and those run with their guards.
#[test]
fn pieces_that_may_leave_an_array_run_with_guards() {
    const COPY: &str = "func @copy(n: i64, x: [f64], y: mut [f64]) {
        for v0 in 0..n {
            v1 = load x[v0]
            store y[v0], v1
        }
    }";
    let x = numbers(1_000);
    for engine in engines(3, 1) {
        let copy = engine.arrays(func(COPY)).unwrap();
        for len in [0, 1, 500, 999, 1_000] {
            let mut y = vec![-1.0; len];
            let mut args = [1_000i64.into(), (&x).into(), (&mut y).into()];
            let done = copy.call(&mut args, &mut []);
            assert_eq!(bits(&y), bits(&x[..len]));
            match done {
                Err(RuntimeError::Fault(fault)) => {
                    assert_eq!(fault.index(), Some(len as i64), "{len}");
                    assert_eq!(fault.array(), Some("y"));
                }
                done => assert!(done.is_ok() && len == 1_000),
            }
        }
        let is_native = engine.tier() == Tier::Native;
        assert_eq!(engine.stats().parallel > 0, is_native);
        assert_eq!(engine.stats().retries > 0, is_native);
    }
}

#[test]
fn calls_inside_of_a_pool_end() {
    for engine in engines(2, 1) {
        let steps = engine.arrays(func(STEPS)).unwrap();
        let x: Vec<i64> = (1..=500).collect();
        let run = || {
            let (mut out, mut result) = (vec![0i64; 500], [Const::zero(Scalar::I64)]);
            let mut args = [200i64.into(), (&x).into(), (&mut out).into()];
            steps.call(&mut args, &mut result).unwrap();
            out
        };
        let expected = run();
        (0..200)
            .into_par_iter()
            .for_each(|_| assert_eq!(run(), expected));
    }
}

#[test]
fn a_call_in_pieces_can_be_stopped() {
    const FOR_EVER: &str = "func @for_ever(y: mut [i64]) {
        v0 = len y
        for v1 in 0..v0 {
            v5 = while with v2 = 0 {
                v3 = ge v2, 0
                yield v3
            } do v4 {
                v6 = and v4, 1
                yield v6
            }
            store y[v1], v5
        }
    }";
    for engine in engines(4, 1) {
        let for_ever = engine.arrays(func(FOR_EVER)).unwrap();
        let stop = Stop::after(std::time::Duration::from_millis(5)).unwrap();
        let mut y = [0i64; 64];
        let done = for_ever.call_until(&stop, &mut [(&mut y).into()], &mut []);
        assert_eq!(done.unwrap_err(), RuntimeError::Stopped);
    }
}

/// Calls a function of an array and a first index, on all threads and on one.
fn check<'a>(engine: &Engine, text: &str, data: &dyn Fn(usize) -> Arg<'a>) {
    let kernel = engine.arrays(func(text)).unwrap();
    kernel.check_pieces().unwrap();
    for (first, len) in [(0i64, 0), (0, 1_024), (0, 1_025), (3, 5_000), (7, 70_001)] {
        let run = |kernel: &kiln_runtime::ArrayKernel| {
            let types = kernel.func().results();
            let mut results: Vec<Const> = types.iter().map(|ty| Const::zero(ty.scalar)).collect();
            let mut args = [data(len), Arg::from(first)];
            kernel.call(&mut args, &mut results).unwrap();
            results
        };
        let (found, expected) = (run(&kernel), run(&kernel.parallel(1)));
        assert_eq!(found, expected, "{first}..{len} of {text}");
    }
}

/// Reductions of each kind, the results of some further along.
#[test]
fn reductions_are_cut_between_subtrees() {
    let mean = "func @mean(x: [f64], first: i64) -> (f64, i64) {
        v0 = len x
        v1 = reduce sum tree v2 in first..v0 {
            v3 = load x[v2]
            yield v3
        }
        v4 = sub v0, first
        v5 = cast.f64 v4
        v6 = div v1, v5
        return v6, v4
    }";
    let product = "func @product(x: [f32], first: i64) -> f32 {
        v0 = len x
        v1 = reduce product tree v2 in first..v0 {
            v3 = load x[v2]
            yield v3
        }
        return v1
    }";
    let least = "func @least(x: [f64], first: i64) -> f64 {
        v0 = len x
        v1 = reduce min in_order v2 in first..v0 {
            v3 = load x[v2]
            yield v3
        }
        return v1
    }";
    let whole = "func @whole(x: [i64], first: i64) -> i64 {
        v0 = len x
        v1 = reduce sum in_order v2 in first..v0 {
            v3 = load x[v2]
            yield v3
        }
        return v1
    }";
    let reals = numbers(70_001);
    let single: Vec<f32> = (0..70_001)
        .map(|i| 1.0 + ((i * 7919 % 1009) as f32 - 504.0) / 65_536.0)
        .collect();
    let ints: Vec<i64> = (0..70_001).map(|i| i * i * 7_919).collect();
    let tame: Vec<f64> = (0..70_001).map(|i| 1.0 / f64::from(i + 1)).collect();
    for threads in 1..=8 {
        for piece_work in [1, 5_000] {
            for engine in engines(threads, piece_work) {
                check(&engine, mean, &|len| (&tame[..len]).into());
                check(&engine, mean, &|len| (&reals[..len]).into());
                check(&engine, product, &|len| (&single[..len]).into());
                check(&engine, least, &|len| (&tame[..len]).into());
                check(&engine, least, &|len| (&reals[..len]).into());
                check(&engine, whole, &|len| (&ints[..len]).into());
                let is_parallel = threads > 1 && engine.tier() == Tier::Native;
                assert_eq!(engine.stats().parallel > 0, is_parallel);
            }
        }
    }
    let in_order = mean.replace("tree", "in_order");
    let kernel = Engine::default().arrays(func(&in_order)).unwrap();
    assert!(
        kernel.check_pieces().is_err(),
        "a sum in order has one order"
    );
}

/// What comes in pieces, and what the others are told.
#[test]
fn functions_whose_rounds_may_meet_run_on_one_thread() {
    let cases = [
        (
            "y: mut [f64]",
            "v1 = load y[i]\n v2 = add v1, 1.0\n store y[i], v2",
            "",
        ),
        (
            "x: [f64], y: mut [f64]",
            "v1 = add i, 3\n v2 = load x[v1]\n store y[i], v2",
            "",
        ),
        (
            "y: mut [f64]",
            "v1 = add i, 1\n v2 = load y[v1]\n store y[i], v2",
            "rounds may meet at a store of y[i] and a load of y[1 + i]",
        ),
        (
            "y: mut [f64]",
            "store y[7], 1.0",
            "rounds may meet at a store of y[7] and a store of y[7]",
        ),
        (
            "k: i64, y: mut [f64]",
            "v1 = mul i, k\n store y[v1], 1.0",
            "rounds may meet at a store of y[k * i] and a store of y[k * i]",
        ),
        (
            "k: i64, y: mut [f64]",
            "v1 = mul i, 2\n v2 = add v1, k\n store y[v2], 1.0\n v3 = add v2, 1\n store y[v3], 2.0",
            "rounds may meet at a store of y[k + 2 * i] and a store of y[1 + k + 2 * i]",
        ),
        (
            "at: [i64], y: mut [f64]",
            "v1 = load at[i]\n store y[v1], 1.0",
            "rounds may meet at a store of y[..] and a store of y[..]",
        ),
        (
            "k: i64, y: mut [f64]",
            "v1 = mul i, 2\n v2 = add v1, k\n store y[v2], 1.0",
            "",
        ),
        (
            "y: mut [f64 rank 2]",
            "for j in 0..3 {\n store y[j, i], 1.0 }",
            "",
        ),
        (
            "y: mut [f64 rank 2]",
            "for j in 0..3 {\n v1 = add i, j\n store y[j, v1], 1.0 }",
            "rounds may meet at a store of y[.., ..] and a store of y[.., ..]",
        ),
    ];
    for (params, body, why) in cases {
        let text = format!("func @f(n: i64, {params}) {{\n for i in 0..n {{\n {body}\n }}\n }}");
        let kernel = Engine::default().arrays(func(&text)).unwrap();
        match kernel.check_pieces() {
            Ok(()) => assert_eq!(why, "", "{text}"),
            Err(error) => {
                assert_eq!(error.to_string(), "@f does not come in pieces");
                assert_eq!(error.source().unwrap().to_string(), why, "{text}");
            }
        }
    }
    let carried = "func @f(n: i64, y: mut [f64]) -> f64 {
        v3 = for v0 in 0..n with v1 = 0.0 {
            store y[v0], v1
            v2 = add v1, 1.0
            yield v2
        }
        return v3
    }";
    let local = "func @f(n: i64, y: mut [f64]) {
        local l0: [f64 x 4]
        for v0 in 0..n {
            store l0[1], 2.0
            v1 = load l0[1]
            store y[v0], v1
        }
    }";
    for (text, why) in [
        (
            carried,
            "a round begins with what the one before it has computed",
        ),
        (local, "its rounds use a local array"),
    ] {
        for engine in engines(4, 1) {
            let kernel = engine.arrays(func(text)).unwrap();
            let error = kernel.check_pieces().unwrap_err();
            assert_eq!(error.source().unwrap().to_string(), why);
            let mut y = vec![0.0; 1_000];
            let mut results = vec![Const::zero(Scalar::F64); kernel.func().results().len()];
            let mut args: [Arg<'_>; 2] = [1_000i64.into(), (&mut y).into()];
            kernel.call(&mut args, &mut results).unwrap();
            assert_eq!(engine.stats().parallel, 0);
        }
    }
}
