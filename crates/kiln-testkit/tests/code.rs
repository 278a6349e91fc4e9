//! Machine code from Cranelift as a whole: entries, guards, loops, memory.
//! Ops alone are in `cells.rs`.

use kiln_codegen::frame::{DONE, ERROR_CODE, ERROR_OPERANDS, ERROR_ROW, RERUN, STOPPED};
use kiln_codegen::{
    CodegenConfig, CodegenError, Entry, Level, Target, asm_text, clif_text, compile, scalar_entry,
};
use kiln_ir::{Const, Func, Scalar, parse, verify};
use kiln_testkit::native::{Column, Frame, Native};

fn func(text: &str) -> Func {
    let func = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    verify(&func).unwrap_or_else(|e| panic!("{e}"));
    func
}

fn host() -> Target {
    let host = Target::host().expect("a code generator for this machine");
    host.checked().expect("checking is a setting")
}

fn native(func: &Func, entry: Entry, level: Level) -> Native {
    let code = compile(func, &host(), &CodegenConfig::new(entry, level));
    Native::new(&code.unwrap_or_else(|e| panic!("{e}")))
}

fn f64s(values: &[f64]) -> Vec<Const> {
    values.iter().map(|&x| Const::f64(x)).collect()
}

fn i64s(values: &[i64]) -> Vec<Const> {
    values.iter().map(|&x| Const::i64(x)).collect()
}

fn column(values: &[Const]) -> Column {
    Column::of(values[0].scalar(), values, true)
}

const DIVIDE: &str = "func @divide(a: [i64], b: [i64], k: i64, out: mut [i64]) {
    v0 = len out
    for v1 in 0..v0 {
        v2 = load b[v1]
        v3 = ne v2, 0
        v4 = guard v3, division_by_zero \"a / b\", v2, k
        v5 = load a[v1]
        v6 = div v5, v2
        v7 = add v6, k
        store out[v1], v7
    }
}
";

#[test]
fn a_guard_of_one_lane_stops_at_its_row() {
    let f = func(DIVIDE);
    let code = native(&f, Entry::Strip, Level::One);
    let (a, b) = (
        column(&i64s(&[10, 20, 30, 40, 50])),
        column(&i64s(&[1, 2, 3, 0, 5])),
    );
    let out = column(&i64s(&[-1; 5]));
    let mut frame = Frame::new(&f);
    frame.set_column(&f, 0, &a);
    frame.set_column(&f, 1, &b);
    frame.set_scalar(2, Const::i64(-7));
    frame.set_column(&f, 3, &out);
    assert_eq!(code.strip(&mut frame, 1, 5), 1);
    assert_eq!(frame.get(ERROR_CODE) & 0xffff_ffff, 1);
    assert_eq!(frame.get(ERROR_ROW), 3);
    assert_eq!(frame.get(ERROR_OPERANDS), 0);
    assert_eq!(frame.get(ERROR_OPERANDS + 8) as i64, -7);
    let found: Vec<i64> = (0..5).map(|row| out.get(row) as i64).collect();
    assert_eq!(found, [-1, 3, 3, -1, -1]);
    assert_eq!(code.strip(&mut frame, 0, 3), DONE);
    assert_eq!(code.strip(&mut frame, 3, 3), DONE, "no rows, no guard");
}

#[test]
fn a_guard_of_many_lanes_leaves_its_block_alone() {
    let f = func(DIVIDE);
    if !host().has_level(Level::V128) {
        return;
    }
    for lanes in [2, 4, 8] {
        let wide = kiln_opt::widen(&f, lanes).expect("a loop over rows");
        let code = native(&wide, Entry::Strip, Level::V128);
        let rows = 3 * i64::from(lanes);
        for zero in 0..rows {
            let divisors: Vec<i64> = (0..rows).map(|i| i64::from(i != zero)).collect();
            let a = column(&i64s(&(0..rows).collect::<Vec<_>>()));
            let b = column(&i64s(&divisors));
            let out = column(&i64s(&vec![-1; rows as usize]));
            let mut frame = Frame::new(&wide);
            frame.set_column(&wide, 0, &a);
            frame.set_column(&wide, 1, &b);
            frame.set_scalar(2, Const::i64(100));
            frame.set_column(&wide, 3, &out);
            assert_eq!(code.strip(&mut frame, 0, rows), RERUN);
            let first = zero / i64::from(lanes) * i64::from(lanes);
            assert_eq!(frame.get(ERROR_ROW) as i64, first);
            for row in 0..rows {
                let expected = if row < first { row + 100 } else { -1 };
                assert_eq!(out.get(row as usize) as i64, expected, "row {row}");
            }
        }
    }
}

#[test]
fn a_call_through_a_frame_gives_every_result_or_its_fault() {
    let f = func(
        "func @f(c: bool, x: f64, n: i16, y: f32) -> (f64, i16, bool, f32) {
    v0 = guard c, overflow \"first\", x, n
    v1 = gt x, 1.0
    v2 = guard v1, range \"second\", n
    v3 = add n, -1i16
    v4 = rem x, 2.5
    v5 = not c
    v6 = fma y, y, y
    return v4, v3, v5, v6
}
",
    );
    let code = native(&f, Entry::Frame, Level::One);
    let mut frame = Frame::new(&f);
    frame.set_scalar(0, Const::bool(true));
    frame.set_scalar(1, Const::f64(7.0));
    frame.set_scalar(2, Const::int(Scalar::I16, -5));
    frame.set_scalar(3, Const::f32(3.0));
    assert_eq!(code.call(&mut frame), DONE);
    assert_eq!(f64::from_bits(frame.result(0)), 2.0);
    assert_eq!(frame.result(1) as i64, -6, "extended to its slot");
    assert_eq!(frame.result(2), 0);
    assert_eq!(f32::from_bits(frame.result(3) as u32), 12.0);
    frame.set_scalar(1, Const::f64(0.5));
    assert_eq!(code.call(&mut frame), 2);
    assert_eq!(frame.get(ERROR_OPERANDS) as i64, -5);
    frame.set_scalar(0, Const::bool(false));
    assert_eq!(code.call(&mut frame), 1);
    assert_eq!(f64::from_bits(frame.get(ERROR_OPERANDS)), 0.5);
}

#[test]
fn an_unbounded_loop_ends_when_asked() {
    let f = func(
        "func @steps(k: i64) -> i64 {
    v6, v7 = while with v0 = k, v1 = 0 {
        v2 = ne v0, 1
        yield v2
    } do v3, v4 {
        v5 = rem v3, 2
        v8 = eq v5, 0
        v12 = if v8 {
            v9 = div v3, 2
            yield v9
        } else {
            v10 = mul v3, 3
            v11 = add v10, 1
            yield v11
        }
        v13 = add v4, 1
        yield v12, v13
    }
    return v7
}
",
    );
    assert_eq!(scalar_entry(&f), Entry::Frame);
    let code = native(&f, Entry::Frame, Level::One);
    let mut frame = Frame::new(&f);
    frame.set_scalar(0, Const::i64(27));
    assert_eq!(code.call(&mut frame), DONE);
    assert_eq!(frame.result(0), 111, "Collatz steps of 27");
    frame.stop();
    assert_eq!(code.call(&mut frame), DONE, "too short to be asked");
    // Zero never becomes 1.
    frame.set_scalar(0, Const::i64(0));
    assert_eq!(code.call(&mut frame), STOPPED);
}

/// A loop of fewer rounds than pass between two looks at the flag, inside of
/// one that never ends, and inside of a counted one.
#[test]
fn loops_in_loops_look_at_the_stop_flag() {
    let inner = "v3 = while with v4 = 0 {
            v5 = lt v4, 100
            yield v5
        } do v6 {
            v7 = add v6, 1
            yield v7
        }";
    let endless = format!(
        "func @f(n: i64) -> i64 {{
    v1 = while with v0 = n {{
        v2 = ne v0, 1
        yield v2
    }} do v9 {{
        {inner}
        v8 = add v9, v3
        yield v9
    }}
    return v1
}}"
    );
    let counted = format!(
        "func @f(n: i64) -> i64 {{
    v1 = for v2 in 0..n with v0 = 0 {{
        {inner}
        v8 = add v0, v3
        yield v8
    }}
    return v1
}}"
    );
    for (text, rounds) in [(endless, 0), (counted, 1 << 60)] {
        let f = func(&text);
        let code = native(&f, Entry::Frame, Level::One);
        let mut frame = Frame::new(&f);
        frame.stop();
        frame.set_scalar(0, Const::i64(rounds));
        assert_eq!(code.call(&mut frame), STOPPED);
        frame.set_scalar(0, Const::i64(1));
        assert_eq!(code.call(&mut frame), DONE, "too short to be asked");
    }
}

#[test]
fn loops_and_choices_over_numbers_have_a_direct_entry() {
    let f = func(
        "func @f(n: i64, x: f64) -> f64 {
    v7 = reduce sum tree v0 in 0..n {
        v1 = and v0, 1
        v2 = eq v1, 0
        v3 = if v2 {
            yield x
        } else {
            v4 = neg x
            v5 = sqrt v4
            yield v5
        }
        yield v3
    }
    v11 = for v8 in 0..n with v9 = v7 {
        v10 = mul v9, 0.5
        yield v10
    }
    return v11
}",
    );
    assert_eq!(scalar_entry(&f), Entry::Direct);
    let code = native(&f, Entry::Direct, Level::One);
    type F = extern "C" fn(i64, f64) -> f64;
    #[expect(unsafe_code, reason = "the code is called with its own signature")]
    // SAFETY: that is what the direct entry of this Func is.
    let f: F = unsafe { std::mem::transmute(code.entry()) };
    assert_eq!(f(0, -4.0).to_bits(), (-0.0f64).to_bits());
    assert_eq!(f(3, -4.0), (-4.0 + 2.0 - 4.0) / 8.0);
    assert_eq!(f(-1, 1.0).to_bits(), (-0.0f64).to_bits());
}

#[test]
fn loops_carry_and_local_arrays_start_as_zeros() {
    let f = func(
        "func @f(n: i64, x: [f64 rank 2], out: mut [f64]) -> f64 {
    local l0: [f64 x 40]
    v0 = len x, 0
    v20 = for v1 in 0..v0 with v2 = 1.0 {
        v3 = load x[v1, 1]
        v4 = mul v2, v3
        v5 = load l0[v1]
        v6 = add v5, v4
        store l0[v1], v6
        store out[v1], v6
        yield v4
    }
    v21 = load l0[39]
    v22 = add v20, v21
    return v22
}
",
    );
    let code = native(&f, Entry::Frame, Level::One);
    let x = column(&f64s(&[0.0, 2.0, 0.0, 0.0, 3.0, 0.0, 0.0, 5.0, 0.0]));
    let out = column(&f64s(&[0.0; 3]));
    for _ in 0..2 {
        let mut frame = Frame::new(&f);
        frame.set_array(1, &x, 0, &[3, 3], &[3, 1]);
        frame.set_column(&f, 2, &out);
        assert_eq!(code.call(&mut frame), DONE);
        assert_eq!(f64::from_bits(frame.result(0)), 30.0);
        let found = [0, 1, 2].map(|row| f64::from_bits(out.get(row)));
        assert_eq!(found, [2.0, 6.0, 30.0]);
    }
}

/// Strides are read and written as they are, zero and negative ones too.
#[test]
fn strided_columns_of_every_width() {
    let text = "func @f(x: [f64 rank 1 strided], y: [i8 rank 1 strided], \
out: mut [f64 rank 1 strided]) {
    v0 = len out
    for v1 in 0..v0 {
        v2 = load x[v1]
        v3 = load y[v1]
        v4 = cast.f64 v3
        v5 = add v2, v4
        store out[v1], v5
    }
}
";
    let widened = |lanes: u16| {
        text.replace("0..v0 {", &format!("0..v0 by {lanes} {{"))
            .replace("load x", &format!("load.<{lanes} x f64> x"))
            .replace("load y", &format!("load.<{lanes} x i8> y"))
            .replace("cast.f64", &format!("cast.<{lanes} x f64>"))
    };
    let data: Vec<f64> = (0..64).map(f64::from).collect();
    let x = column(&f64s(&data));
    let bytes: Vec<Const> = (0..8).map(|i| Const::int(Scalar::I8, -i)).collect();
    let y = column(&bytes);
    for lanes in [1, 2, 4, 8] {
        let level = if lanes == 1 { Level::One } else { Level::V128 };
        if !host().has_level(level) {
            continue;
        }
        let wide = match lanes {
            1 => func(text),
            _ => func(&widened(lanes)),
        };
        let code = native(&wide, Entry::Strip, level);
        for (stride, first) in [(-3, 63), (0, 5), (7, 1)] {
            let out = column(&f64s(&[-1.0; 16]));
            let mut frame = Frame::new(&wide);
            frame.set_array(0, &x, first, &[8], &[stride]);
            frame.set_array(1, &y, 0, &[8], &[1]);
            frame.set_array(2, &out, 0, &[8], &[2]);
            assert_eq!(code.strip(&mut frame, 0, 8), DONE);
            for row in 0..8 {
                let expected = (first as i64 + stride * row) as f64 - row as f64;
                let found = f64::from_bits(out.get(2 * row as usize));
                assert_eq!(found, expected, "{lanes} lanes, stride {stride}, row {row}");
                assert_eq!(f64::from_bits(out.get(2 * row as usize + 1)), -1.0);
            }
        }
    }
}

/// A rare path calls its helper for the lanes that need it, in every piece.
#[test]
fn a_rare_path_serves_the_lanes_that_need_it() {
    let f = func(
        "func @sine(x: [f64], out: mut [f64]) {
    v0 = len out
    for v1 in 0..v0 {
        v2 = load x[v1]
        v3 = sin v2
        store out[v1], v3
    }
}
",
    );
    let f = kiln_opt::optimize(&f, &kiln_opt::OptConfig::default())
        .expect("it is valid")
        .func;
    let rows = 32;
    for level in [Level::One, Level::V128] {
        for lanes in [1u16, 2, 4, 8] {
            if (level == Level::One) != (lanes == 1) || !host().has_level(level) {
                continue;
            }
            let wide = match lanes {
                1 => f.clone(),
                _ => kiln_opt::widen(&f, lanes).expect("a loop over rows"),
            };
            let code = native(&wide, Entry::Strip, level);
            for large in 0..rows {
                let values: Vec<f64> = (0..rows)
                    .map(|i| {
                        if i == large {
                            1e300
                        } else {
                            i as f64 * 0.37 - 3.0
                        }
                    })
                    .collect();
                let x = column(&f64s(&values));
                let out = Column::new(Scalar::F64, rows, false);
                let mut frame = Frame::new(&wide);
                frame.set_column(&wide, 0, &x);
                frame.set_column(&wide, 1, &out);
                assert_eq!(code.strip(&mut frame, 0, rows as i64), DONE);
                for (row, &x) in values.iter().enumerate() {
                    assert_eq!(out.get(row), kiln_math::sin(x).to_bits(), "sin {x}");
                }
            }
        }
    }
}

#[test]
fn a_function_may_read_and_write_one_column() {
    let f = func(
        "func @twice(x: mut [f32], m: mut [bool]) {
    v0 = len x
    for v1 in 0..v0 {
        v2 = load x[v1]
        v3 = load m[v1]
        v4 = add v2, v2
        v5 = select v3, v4, v2
        store x[v1], v5
        v6 = not v3
        store m[v1], v6
    }
}
",
    );
    for lanes in [1u16, 2, 4, 8, 16] {
        let level = if lanes == 1 { Level::One } else { Level::V128 };
        if !host().has_level(level) {
            continue;
        }
        let wide = match lanes {
            1 => f.clone(),
            _ => kiln_opt::widen(&f, lanes).expect("a loop over rows"),
        };
        let code = native(&wide, Entry::Strip, level);
        let values: Vec<Const> = (0..16).map(|i| Const::f32(i as f32)).collect();
        let on: Vec<Const> = (0..16).map(|i| Const::bool(i % 3 == 0)).collect();
        let (x, m) = (column(&values), column(&on));
        let mut frame = Frame::new(&wide);
        frame.set_column(&wide, 0, &x);
        frame.set_column(&wide, 1, &m);
        assert_eq!(code.strip(&mut frame, 0, 16), DONE);
        for row in 0..16 {
            let is_on = row % 3 == 0;
            let expected = row as f32 * if is_on { 2.0 } else { 1.0 };
            assert_eq!(f32::from_bits(x.get(row) as u32), expected, "row {row}");
            assert_eq!(m.get(row), u64::from(!is_on), "row {row}");
        }
    }
}

#[test]
fn a_direct_entry_takes_what_c_passes() {
    let f = func(
        "func @f(c: bool, a: i8, x: f32, b: u16) -> i8 {
    v0 = cast.i8 b
    v1 = sub a, v0
    v2 = gt x, 0.5f32
    v3 = and c, v2
    v4 = select v3, v1, a
    return v4
}
",
    );
    assert_eq!(scalar_entry(&f), Entry::Direct);
    let code = native(&f, Entry::Direct, Level::One);
    type F = extern "C" fn(bool, i8, f32, u16, *const u8) -> i8;
    #[expect(unsafe_code, reason = "the code is called with its own signature")]
    // SAFETY: that is what the direct entry of this Func is.
    let f: F = unsafe { std::mem::transmute(code.entry()) };
    assert_eq!(
        f(true, -100, 1.0, 50, std::ptr::null()),
        (-100i8).wrapping_sub(50)
    );
    assert_eq!(f(false, -100, 1.0, 50, std::ptr::null()), -100);
    assert_eq!(f(true, 7, f32::NAN, 3, std::ptr::null()), 7);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let fails = func(DIVIDE);
    let refused = |func: &Func, entry, level| {
        let error = compile(func, &host(), &CodegenConfig::new(entry, level));
        error.expect_err("it does not fit")
    };
    assert!(matches!(
        refused(&fails, Entry::Direct, Level::One),
        CodegenError::Entry { .. }
    ));
    let exp = func("func @f(x: f64) -> f64 {\n    v0 = exp x\n    return v0\n}\n");
    assert_eq!(
        refused(&exp, Entry::Direct, Level::One).to_string(),
        "exp of f64 has no one form"
    );
    assert!(matches!(
        refused(&exp, Entry::Strip, Level::One),
        CodegenError::Entry { .. }
    ));
    let v1 = Target::named("x86_64-v1").expect("its code generator is built in");
    let config = CodegenConfig::new(Entry::Strip, Level::V128);
    assert!(matches!(
        compile(&fails, &v1, &config),
        Err(CodegenError::Level { .. })
    ));
    let tiny = CodegenConfig {
        code_limit: 16,
        ..CodegenConfig::new(Entry::Strip, Level::One)
    };
    assert!(matches!(
        compile(&fails, &host(), &tiny),
        Err(CodegenError::Limit { limit: 16, .. })
    ));
}

#[test]
fn the_same_input_gives_the_same_bytes_and_text() {
    let f = func(DIVIDE);
    let config = CodegenConfig::new(Entry::Strip, Level::One);
    let first = compile(&f, &host(), &config).expect("it compiles");
    assert_eq!(first.guarded_divisions, 1);
    for _ in 0..3 {
        assert_eq!(compile(&f, &host(), &config).expect("it compiles"), first);
    }
    let clif = clif_text(&f, &host(), &config).expect("it lowers");
    assert!(clif.contains("sdiv"), "{clif}");
    let asm = asm_text(&f, &host(), &config).expect("it compiles");
    assert!(asm.lines().count() > 10, "{asm}");
}
