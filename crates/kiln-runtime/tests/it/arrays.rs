//! Functions of arrays and loops, in native code and in the interpreter.

use crate::funcs::{func, interpreter};
use kiln_ir::{Const, FaultKind};
use kiln_runtime::{Arg, ArrayKernel, Engine, Output, RuntimeError, Stop, Tier, View, ViewMut};
use std::time::Duration;

const AXPY: &str = "func @axpy(a: f64, x: [f64], y: mut [f64]) {
    v0 = len y
    for v1 in 0..v0 {
        v2 = load y[v1]
        v3 = load x[v1]
        v4 = mul a, v3
        v5 = add v2, v4
        store y[v1], v5
    }
}";

/// `c[i, j] = a[i, j] + 2 b[j, i]`, and the number of elements.
const PLUS: &str = "func @plus(a: [f64 rank 2 strided], b: [f64 rank 2 strided], c: mut [f64 rank 2 strided]) -> i64 {
    v0 = len c
    v1 = len c, 1
    v9 = for v2 in 0..v0 with v3 = 0 {
        v10 = for v4 in 0..v1 with v5 = v3 {
            v6 = load a[v2, v4]
            v7 = load b[v4, v2]
            v8 = mul v7, 2.0
            v11 = add v6, v8
            store c[v2, v4], v11
            v12 = add v5, 1
            yield v12
        }
        yield v10
    }
    return v9
}";

/// Counts down by 0 for ever, unless `step` is more.
const COUNT: &str = "func @count(n: i64, step: i64, y: mut [i64]) -> i64 {
    store y[0], n
    v0, v1 = while with v2 = n, v3 = 0 {
        v4 = gt v2, 0
        yield v4
    } do v5, v6 {
        v7 = sub v5, step
        v8 = add v6, 1
        yield v7, v8
    }
    store y[1], v1
    return v1
}";

/// The same kernel natively and interpreted.
fn both(text: &str) -> [ArrayKernel; 2] {
    let native = Engine::default().arrays(func(text)).unwrap();
    assert!(native.prepare().is_some(), "there is native code");
    [native, interpreter().arrays(func(text)).unwrap()]
}

#[test]
fn strides_of_every_kind_give_what_plain_rust_gives() {
    let data: Vec<f64> = (0..48).map(f64::from).collect();
    let shapes = [[3usize, 4], [1, 5], [4, 1], [0, 3], [2, 2]];
    for [rows, columns] in shapes {
        let a = View::strided(&data, 40, [rows, columns], [-9, -1]).unwrap();
        let b = View::strided(&data, 0, [columns, rows], [2, 7]).unwrap();
        let line = View::new(&data[..columns], [columns, 1]).unwrap();
        for b in [b, line.broadcast([columns, rows]).unwrap()] {
            for kernel in both(PLUS) {
                let mut c = vec![-1.0; 60];
                let mut n = [Const::i64(-1)];
                let out = ViewMut::strided(&mut c, 59, [rows, columns], [-2, -9]).unwrap();
                let args = &mut [a.into(), b.into(), out.into()];
                kernel.call(args, &mut n).unwrap();
                assert_eq!(n[0], Const::i64((rows * columns) as i64));
                let c = View::strided(&c, 59, [rows, columns], [-2, -9]).unwrap();
                for i in 0..rows {
                    for j in 0..columns {
                        let expected = a.get(&[i, j]).unwrap() + 2.0 * b.get(&[j, i]).unwrap();
                        assert_eq!(c.get(&[i, j]), Some(expected));
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_outside_is_a_fault_that_says_all() {
    for kernel in both(AXPY) {
        let (x, mut y) = ([1.0, 2.0, 3.0], [10.0; 5]);
        let args = &mut [2.0.into(), (&x).into(), (&mut y).into()];
        let error = kernel.call(args, &mut []).unwrap_err();
        assert_eq!(y, [12.0, 14.0, 16.0, 10.0, 10.0], "as sequential code does");
        let RuntimeError::Fault(fault) = &error else {
            panic!("{error}");
        };
        assert_eq!(fault.kind, FaultKind::Index);
        assert_eq!(fault.kernel.as_deref(), Some("axpy"));
        assert_eq!(fault.array(), Some("x"));
        assert_eq!((fault.index(), fault.length()), (Some(3), Some(3)));
        assert_eq!(fault.dimension(), None);
        assert_eq!(
            error.to_string(),
            "index 3 is outside x of length 3 in @axpy"
        );
        // The kernel is as good as before.
        let args = &mut [2.0.into(), (&x).into(), (&mut y[..2]).into()];
        kernel.call(args, &mut []).unwrap();
        assert_eq!(y[..3], [14.0, 18.0, 16.0]);
    }
    for kernel in both(PLUS) {
        let data = [0.0; 6];
        let a = View::new(&data, [2, 3]).unwrap();
        let mut c = Output::<f64>::new([2, 3]).unwrap();
        let args = &mut [a.into(), a.into(), (&mut c).into()];
        let error = kernel.call(args, &mut [Const::i64(0)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "index 2 is outside b of length 2 in dimension 0 in @plus"
        );
        assert_eq!(c.values(), None, "a failed call gives no output");
    }
}

#[test]
fn outputs_have_values_once_a_call_has_succeeded() {
    let data = [1.0, 2.0, 3.0, 4.0];
    for kernel in both(PLUS) {
        let a = View::new(&data, [2, 2]).unwrap();
        let narrow = View::new(&data[..2], [2, 1]).unwrap();
        let mut c = Output::new([2, 2]).unwrap();
        let call = |b: View<'_, f64>, c: &mut Output<f64>| {
            kernel.call(&mut [a.into(), b.into(), c.into()], &mut [Const::i64(0)])
        };
        assert!(call(narrow, &mut c).is_err());
        assert_eq!(c.values(), None);
        call(a, &mut c).unwrap();
        assert_eq!(c.values(), Some(&[3.0, 8.0, 7.0, 12.0][..]));
        assert_eq!(c.view().unwrap().get(&[1, 0]), Some(7.0));
        assert!(call(narrow, &mut c).is_err());
        assert_eq!(c.into_values(), None);
    }
}

#[test]
fn misuse_is_an_error_and_nothing_is_written() {
    let text = "func @f(n: i64, x: [f64 rank 2], y: mut [f32]) {
    store y[0], 1.0f32
}";
    for kernel in both(text) {
        let data = [0.0; 4];
        let x = View::new(&data, [2, 2]).unwrap();
        let mut y = [0.0f32; 1];
        let mut refuse = |n: Arg<'_>, x: Arg<'_>, expected: &str| {
            let error = kernel
                .call(&mut [n, x, (&mut y).into()], &mut [])
                .unwrap_err();
            assert_eq!(error.to_string(), expected);
        };
        refuse(1i32.into(), x.into(), "n is i64, not i32");
        refuse((&data).into(), x.into(), "n is i64, not [f64]");
        refuse(1i64.into(), 2.0.into(), "x is [f64 rank 2], not f64");
        refuse(1i64.into(), (&data).into(), "x is [f64 rank 2], not [f64]");
        let turned = x.permuted([1, 0]).unwrap();
        refuse(
            1i64.into(),
            turned.into(),
            "x is [f64 rank 2], not [f64 rank 2 strided]",
        );
        assert_eq!(y, [0.0]);
        let read = [0.0f32; 1];
        let call = |args: &mut [Arg<'_>], results: &mut [Const]| {
            kernel.call(args, results).unwrap_err().to_string()
        };
        assert_eq!(
            call(&mut [1i64.into(), x.into(), (&read).into()], &mut []),
            "y is mut [f32], not [f32]"
        );
        assert_eq!(
            call(&mut [1i64.into()], &mut []),
            "expected 3 arguments, found 1"
        );
        assert_eq!(
            call(
                &mut [1i64.into(), x.into(), (&mut y).into()],
                &mut [Const::i64(0)]
            ),
            "expected 0 results, found 1"
        );
        assert_eq!(y, [0.0]);
    }
}

#[test]
fn a_loop_without_end_can_be_stopped() {
    for kernel in both(COUNT) {
        let mut y = [0i64; 2];
        let mut result = [Const::i64(-1)];
        let mut call = |step: i64, stop: &Stop, y: &mut [i64; 2]| {
            kernel.call_until(stop, &mut [5i64.into(), step.into(), y.into()], &mut result)
        };
        call(2, &Stop::new(), &mut y).unwrap();
        assert_eq!(y, [5, 3]);
        let stop = Stop::after(Duration::from_millis(5)).unwrap();
        assert_eq!(call(0, &stop, &mut y), Err(RuntimeError::Stopped));
        assert_eq!(y, [5, 3], "stored before, not after");
        y = [0; 2];
        assert_eq!(call(2, &stop, &mut y), Err(RuntimeError::Stopped));
        assert_eq!(y, [0, 0], "a stop that was raised lets nothing begin");
        assert_eq!(result[0], Const::i64(3), "the last call that succeeded");
    }
}

#[test]
fn code_is_made_once_and_both_tiers_are_told_apart() {
    let engine = Engine::default();
    let kernels: Vec<ArrayKernel> = (0..8).map(|_| engine.arrays(func(AXPY)).unwrap()).collect();
    std::thread::scope(|scope| {
        for kernel in &kernels {
            scope.spawn(|| {
                let (x, mut y) = ([1.0; 9], [0.0; 9]);
                let args = &mut [3.0.into(), (&x).into(), (&mut y).into()];
                assert_eq!(kernel.call(args, &mut []).unwrap().tier, Tier::Native);
                assert_eq!(y, [3.0; 9]);
            });
        }
    });
    assert_eq!(engine.stats().compiles, 1);
    engine.set_tier(Tier::Interpreter);
    let (x, mut y) = ([1.0; 9], [0.0; 9]);
    let args = &mut [3.0.into(), (&x).into(), (&mut y).into()];
    assert_eq!(
        kernels[0].call(args, &mut []).unwrap().tier,
        Tier::Interpreter
    );
}

#[test]
fn frames_beyond_the_stack_are_frames_too() {
    let params: Vec<String> = (0..40).map(|i| format!("x{i}: [i64]")).collect();
    let mut text = format!(
        "func @many({}) -> i64 {{\n    v0 = load x0[0]\n",
        params.join(", ")
    );
    for i in 1..40 {
        text.push_str(&format!(
            "    l{i} = load x{i}[0]\n    v{i} = add v{}, l{i}\n",
            i - 1
        ));
    }
    text.push_str("    return v39\n}");
    let data: Vec<[i64; 1]> = (0..40).map(|i| [i]).collect();
    for kernel in both(&text) {
        for _ in 0..3 {
            let mut args: Vec<Arg<'_>> = data.iter().map(Arg::from).collect();
            let mut sum = [Const::i64(0)];
            kernel.call(&mut args, &mut sum).unwrap();
            assert_eq!(sum[0], Const::i64(780));
        }
    }
}

#[test]
fn local_arrays_have_a_limit() {
    let text = "func @big() -> f64 {
    local t: [f64 x 100000]
    v0 = load t[5]
    return v0
}";
    let error = Engine::default().arrays(func(text)).unwrap_err();
    let RuntimeError::Invalid(violations) = &error else {
        panic!("{error:?}");
    };
    assert!(
        violations.to_string().contains("bytes of local arrays"),
        "{violations}"
    );
}
