//! Loops over rows: guards, stores, pure `if`s, uniforms, views and pieces.

use kiln_interp::{Arg, Failure, Geometry, Program, Slice, SliceMut};
use kiln_ir::{Const, parse, verify};

fn program(text: &str) -> Program {
    let func = parse(text).unwrap_or_else(|e| panic!("{e}"));
    verify(&func).unwrap_or_else(|e| panic!("{e}"));
    Program::new(&func).unwrap_or_else(|e| panic!("{e}"))
}

const TWO_STORES: &str = "func @f(x: [f64], a: mut [f64], b: mut [f64]) {
    v0 = len x
    for v1 in 0..v0 {
        v2 = load x[v1]
        store a[v1], v2
        v3 = lt v2, 500.0
        v4 = guard v3, overflow \"x\", v2
        v5 = add v2, 1.0
        store b[v1], v5
        v6 = lt v2, 400.0
        v7 = guard v6, range \"y\"
    }
}
";

#[test]
fn the_first_failing_row_stops_stores_as_sequential_code_does() {
    let program = program(TWO_STORES);
    assert!(program.runs_in_blocks());
    let mut state = program.state();
    for (bad, value, b_stored) in [(0, 600.0, 0), (299, 450.0, 300), (299, 600.0, 299)] {
        let mut x: Vec<f64> = (0..400).map(|i| f64::from(i) / 10.0).collect();
        x[bad] = value;
        x[bad + 5] = 1000.0;
        let (mut a, mut b) = (vec![-1.0; 400], vec![-1.0; 400]);
        let mut args = [(&x[..]).into(), (&mut a[..]).into(), (&mut b[..]).into()];
        let failure = program
            .run_rows(&mut state, &mut args, 0..400)
            .expect_err("a row fails");
        let Failure::Fault {
            fault,
            row,
            operands,
        } = failure
        else {
            panic!("{failure}");
        };
        assert_eq!(row, bad as i64);
        if value > 500.0 {
            assert_eq!(program.fault(fault).message, "x");
            assert_eq!(operands, [Const::f64(value)]);
        } else {
            assert_eq!(program.fault(fault).message, "y");
        }
        assert_eq!(a[bad], value);
        assert!(a[bad + 1..].iter().all(|&v| v == -1.0));
        assert!(b[..b_stored].iter().all(|&v| v != -1.0));
        assert!(b[b_stored..].iter().all(|&v| v == -1.0));
    }
}

#[test]
fn a_pure_if_runs_the_sides_that_some_row_takes() {
    let program = program(
        "func @f(x: [f64], k: f64, y: mut [f64]) {
    v0 = len y
    v1 = mul k, k
    for v2 in 0..v0 {
        v3 = load x[v2]
        v4 = lt v3, 0.0
        v9, v10 = if v4 {
            v5 = neg v3
            v6 = lt v5, v1
            v8 = if v6 {
                yield v1
            } else {
                v7 = sqrt v5
                yield v7
            }
            yield v8, 1.0
        } else {
            yield v3, k
        }
        v11 = cast.f64 v2
        v12 = mul v9, v10
        v13 = add v12, v11
        store y[v2], v13
    }
}
",
    );
    assert!(program.runs_in_blocks());
    let mut state = program.state();
    for spread in [0.0, 1.0, -1.0, 4.0] {
        for len in [0, 1, 255, 256, 257, 1000] {
            let x: Vec<f64> = (0..len)
                .map(|i| f64::from(i % 7 - 3) * spread - f64::from(i / 500))
                .collect();
            let mut y = vec![0.0; len as usize];
            let mut args = [
                (&x[..]).into(),
                Const::f64(1.5).into(),
                Arg::SliceMut(SliceMut::F64(&mut y)),
            ];
            let end = len as usize;
            let half = end / 2;
            for piece in [0..half, half..end] {
                program
                    .run_rows(&mut state, &mut args, piece)
                    .expect("no guards");
            }
            for (i, (&x, &y)) in x.iter().zip(&y).enumerate() {
                let (v, k) = match x {
                    _ if x >= 0.0 => (x, 1.5),
                    _ if -x < 2.25 => (2.25, 1.0),
                    _ => ((-x).sqrt(), 1.0),
                };
                assert_eq!(y, v * k + i as f64);
            }
        }
    }
}

#[test]
fn a_column_is_updated_in_place_and_a_load_sees_the_store_before_it() {
    let program = program(
        "func @f(y: mut [i32]) {
    v0 = len y
    for v1 in 0..v0 {
        v2 = load y[v1]
        v3 = add v2, v2
        store y[v1], v3
        v4 = load y[v1]
        v5 = add v4, 1i32
        store y[v1], v5
    }
}
",
    );
    assert!(program.runs_in_blocks());
    let mut y: Vec<i32> = (0..600).collect();
    let mut args = [(&mut y[..]).into()];
    program
        .run(&mut program.state(), &mut args, &mut [])
        .expect("no guards");
    assert!(y.iter().enumerate().all(|(i, &v)| v == 2 * i as i32 + 1));
}

#[test]
fn strided_columns_are_gathered() {
    let program = program(
        "func @f(x: [f32 rank 1 strided], y: mut [f32]) {
    v0 = len y
    for v1 in 0..v0 {
        v2 = load x[v1]
        store y[v1], v2
    }
}
",
    );
    let x: Vec<f32> = (0..900u16).map(f32::from).collect();
    let mut y = vec![0.0f32; 300];
    let geometry = Geometry {
        origin: 899,
        shape: [300, 1, 1, 1],
        strides: [-3, 0, 0, 0],
    };
    let mut args = [Arg::View(Slice::F32(&x), geometry), (&mut y[..]).into()];
    let mut state = program.state();
    program
        .run_rows(&mut state, &mut args, 0..300)
        .expect("no guards");
    assert!(
        y.iter()
            .enumerate()
            .all(|(i, &v)| v == 899.0 - 3.0 * i as f32)
    );
}

#[test]
#[should_panic(expected = "argument 0 does not fit its parameter, [f64]")]
fn an_argument_of_another_type_is_refused() {
    let program = program(TWO_STORES);
    let (x, mut a, mut b) = (vec![0.0f32; 4], vec![0.0; 4], vec![0.0; 4]);
    let mut args = [(&x[..]).into(), (&mut a[..]).into(), (&mut b[..]).into()];
    let _ = program.run_rows(&mut program.state(), &mut args, 0..4);
}
