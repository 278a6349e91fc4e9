//! Loops, arrays and calls, one value at a time, against plain Rust.

use kiln_interp::{Arg, Failure, Geometry, Program, Slice, SliceMut};
use kiln_ir::{Const, parse_file, verify};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The last Func of a text; it may call those before it.
fn program(text: &str) -> Program {
    let funcs = parse_file(text).unwrap_or_else(|e| panic!("{e}"));
    let func = funcs.last().expect("a Func");
    verify(func).unwrap_or_else(|e| panic!("{e}"));
    Program::new(func).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn a_while_counts_the_steps_of_collatz() {
    let program = program(
        "kiln 1
func @steps(k: i64) -> i64 {
    v8, v9 = while with v0 = k, v1 = 0 {
        v2 = ne v0, 1
        yield v2
    } do v3, v4 {
        v10 = rem v3, 2
        v11 = eq v10, 0
        v12 = if v11 {
            v5 = div v3, 2
            yield v5
        } else {
            v6 = mul v3, 3
            v7 = add v6, 1
            yield v7
        }
        v13 = add v4, 1
        yield v12, v13
    }
    return v9
}
",
    );
    let mut state = program.state();
    let mut steps = [0];
    for (k, expected) in [(1, 0), (27, 111), (97, 118)] {
        program
            .call(&mut state, &[k], &mut steps)
            .expect("no guards");
        assert_eq!(steps, [expected]);
    }
}

#[test]
fn carried_values_change_places() {
    let program = program(
        "kiln 1
func @fibonacci(n: i64) -> (i64, i64) {
    v5, v6 = for v0 in 0..n with v1 = 0, v2 = 1 {
        v3 = add v1, v2
        yield v2, v3
    }
    return v5, v6
}
func @swap(n: i64, a: f64, b: f64) -> (f64, f64) {
    v3, v4 = for v0 in 0..n with v1 = a, v2 = b {
        yield v2, v1
    }
    return v3, v4
}
func @both(n: i64) -> (i64, f64, f64) {
    v0, v1 = call @fibonacci n
    v2, v3 = call @swap n, 1.0, 2.0
    return v0, v2, v3
}
",
    );
    let mut out = [0; 3];
    program
        .call(&mut program.state(), &[11], &mut out)
        .expect("no guards");
    assert_eq!(out, [89, 2.0f64.to_bits(), 1.0f64.to_bits()]);
}

#[test]
fn a_matrix_product_over_views() {
    let program = program(
        "kiln 1
func @matmul(a: [f64 rank 2 strided], b: [f64 rank 2], c: mut [f64 rank 2]) {
    v0 = len c, 0
    v1 = len c, 1
    v2 = len b, 0
    for v3 in 0..v0 {
        for v4 in 0..v1 {
            v10 = for v5 in 0..v2 with v6 = 0.0 {
                v7 = load a[v3, v5]
                v8 = load b[v5, v4]
                v9 = fma v7, v8, v6
                yield v9
            }
            store c[v3, v4], v10
        }
    }
}
",
    );
    assert!(!program.runs_in_blocks());
    let (n, k, m) = (4usize, 3usize, 5usize);
    let a: Vec<f64> = (0..n * k).map(|i| i as f64 + 0.1).collect();
    let b: Vec<f64> = (0..k * m).map(|i| 1.0 / (i as f64 + 1.0)).collect();
    let mut c = vec![0.0; n * m];
    let shape = |rows, columns| [rows, columns, 1, 1];
    // `a` is stored by columns.
    let by_columns = Geometry {
        origin: 0,
        shape: shape(n, k),
        strides: [1, n as isize, 0, 0],
    };
    let by_rows = |rows, columns| Geometry {
        origin: 0,
        shape: shape(rows, columns),
        strides: [columns as isize, 1, 0, 0],
    };
    let mut args = [
        Arg::View(Slice::F64(&a), by_columns),
        Arg::View(Slice::F64(&b), by_rows(k, m)),
        Arg::ViewMut(SliceMut::F64(&mut c), by_rows(n, m)),
    ];
    program
        .run(&mut program.state(), &mut args, &mut [])
        .expect("in bounds");
    for i in 0..n {
        for j in 0..m {
            let sum = (0..k).fold(0.0, |s, l| a[l * n + i].mul_add(b[l * m + j], s));
            assert_eq!(c[i * m + j].to_bits(), sum.to_bits());
        }
    }
}

#[test]
fn reductions_scans_and_local_arrays() {
    let program = program(
        "kiln 1
func @f(x: [f64], out: mut [f64]) -> (f64, f64, f64, i64) {
    local l0: [i64 x 4]
    v0 = len x
    v3 = reduce sum tree v1 in 0..v0 {
        v2 = load x[v1]
        yield v2
    }
    v6 = reduce max in_order v4 in 0..v0 {
        v5 = load x[v4]
        yield v5
    }
    v9 = scan sum v7 in 0..v0 from 0.5 into out {
        v8 = load x[v7]
        yield v8
    }
    for v10 in 0..v0 {
        v11 = and v10, 3
        v12 = load l0[v11]
        v13 = add v12, v10
        store l0[v11], v13
    }
    v14 = load l0[2]
    return v3, v6, v9, v14
}
",
    );
    let mut state = program.state();
    for len in [0usize, 1, 17, 1024, 3000] {
        let x: Vec<f64> = (0..len).map(|i| ((i * 37) % 101) as f64 * 0.1).collect();
        let mut out = vec![0.0; len];
        let mut args = [(&x[..]).into(), (&mut out[..]).into()];
        let mut results = [0; 4];
        program
            .run(&mut state, &mut args, &mut results)
            .expect("in bounds");
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut running = 0.5;
        for (&x, &out) in x.iter().zip(&out) {
            running += x;
            assert_eq!(out, running);
        }
        let total: f64 = x.iter().sum();
        assert!((f64::from_bits(results[0]) - total).abs() <= total * 1e-13);
        assert_eq!(f64::from_bits(results[1]), max);
        assert_eq!(f64::from_bits(results[2]), running);
        assert_eq!(results[3], (0..len as u64).filter(|i| i % 4 == 2).sum());
    }
}

#[test]
fn an_index_outside_an_array_is_a_failure_and_a_stop_ends_a_loop() {
    let program = program(
        "kiln 1
func @f(x: [f64], i: i64) -> f64 {
    v0 = load x[i]
    v3 = while with v1 = v0 {
        v2 = lt v1, 1.0
        yield v2
    } do v4 {
        yield v4
    }
    return v3
}
",
    );
    let x = [1.0, 0.0];
    let mut state = program.state();
    let mut run = |i: i64, stop: bool| {
        state.set_stop(Some(Arc::new(AtomicBool::new(stop))));
        let mut out = [0];
        program
            .run(
                &mut state,
                &mut [(&x[..]).into(), Const::i64(i).into()],
                &mut out,
            )
            .map(|()| f64::from_bits(out[0]))
    };
    assert_eq!(run(0, false), Ok(1.0));
    for i in [2, -1, i64::MIN] {
        let index = vec![i];
        assert_eq!(
            run(i, false),
            Err(Failure::Access {
                param: Some(0),
                index
            })
        );
    }
    assert_eq!(run(1, true), Err(Failure::Stopped));
}
