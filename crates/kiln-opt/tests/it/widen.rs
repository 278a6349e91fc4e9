//! Widening: the same bits as row by row, and a reason where it is refused.

use super::reference::{Arg, float_edges, random_bits, run};
use kiln_ir::{
    Class, Column, Const, Func, Node, NodeId, Op, ParamType, Scalar, Schedule, as_row_loop,
    elementwise, parse, verify,
};
use kiln_opt::{NotWidened, OptConfig, block_lanes, loop_report, optimize, widen};

fn row_loop(text: &str, columns: &[Column]) -> Func {
    let func = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let rows = elementwise(&func, columns);
    let config = OptConfig::default().verify(true);
    optimize(&rows, &config).unwrap().func
}

/// The loop over contiguous columns.
fn columns(text: &str) -> Func {
    let func = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    row_loop(text, &vec![Column::Contiguous; func.params().len()])
}

fn ops(func: &Func, op: Op) -> usize {
    (0..func.node_count())
        .filter(|&i| matches!(func.node(NodeId::new(i)), Node::Op { op: o, .. } if *o == op))
        .count()
}

/// Rows of every kind: blocks of alike ones, for the branches that no lane
/// or every lane takes, and blocks of mixed ones.
fn rows(scalar: Scalar, salt: usize) -> Vec<Const> {
    let edges = match scalar {
        Scalar::F32 | Scalar::F64 => float_edges(scalar),
        _ => Vec::new(),
    };
    let random = random_bits(96 + salt)
        .skip(salt)
        .enumerate()
        .map(|(i, bits)| {
            let small = (bits >> 11) as f64 / (1u64 << 53) as f64 * if i < 48 { 3.0 } else { -3.0 };
            match scalar {
                Scalar::F64 => Const::f64(small),
                Scalar::F32 => Const::f32(small as f32),
                other => Const::from_bits(other, bits),
            }
        });
    let mixed = edges.iter().copied().cycle().skip(salt * 5);
    random
        .chain(mixed.take(if edges.is_empty() { 0 } else { 96 }))
        .collect()
}

fn arguments(func: &Func) -> Vec<Arg> {
    let params = func.params().iter().enumerate();
    params
        .map(|(i, param)| match param.ty {
            ParamType::Scalar(scalar) => Arg::Value(rows(scalar, i)[i]),
            ParamType::Array(ty) => Arg::Array(rows(ty.elem, i)),
        })
        .map(|arg| match arg {
            Arg::Array(mut rows) => {
                rows.resize(192, *rows.last().unwrap());
                Arg::Array(rows)
            }
            value => value,
        })
        .collect()
}

#[track_caller]
fn assert_widens(func: &Func) -> Func {
    let mut last = None;
    for lanes in [2, 4, 8, 16] {
        let wide = widen(func, lanes).unwrap_or_else(|e| panic!("{e}\n{func}"));
        verify(&wide).unwrap_or_else(|e| panic!("{e}\n{wide}"));
        assert_eq!(
            parse(&wide.to_string()).unwrap().to_string(),
            wide.to_string()
        );
        let (mut one, mut many) = (arguments(func), arguments(func));
        assert_eq!(run(func, &mut one), run(&wide, &mut many));
        assert_eq!(one, many, "{func}\n{wide}");
        last = Some(wide);
    }
    last.unwrap()
}

/// The functions of one float.
fn math1() -> impl Iterator<Item = Op> {
    Op::all().filter(|op| {
        op.arity() == 1 && (op.class() == Class::Math || matches!(op, Op::Exponent | Op::Mantissa))
    })
}

#[test]
fn functions_widen() {
    for op in math1() {
        for ty in ["f64", "f32"] {
            let name = op.name();
            let text = format!("func @f(x: {ty}) -> {ty} {{\n a = {name} x\n return a\n}}\n");
            assert_widens(&columns(&text));
        }
    }
    for name in ["pow", "atan2", "hypot", "rem", "ldexp"] {
        let text = format!("func @f(x: f64, y: f64) -> f64 {{\n a = {name} x, y\n return a\n}}\n");
        assert_widens(&columns(&text));
    }
}

#[test]
fn several_columns_types_and_results_widen() {
    assert_widens(&columns(
        "func @f(x: f64, n: i32, c: bool, y: f32) -> (f64, bool, f32, i64) {
    a = cast.f64 n
    b = select c, x, a
    d = lt b, 0.5
    e = cast.f32 d
    g = sub y, e
    h = cast.i64 g
    return b, d, g, h
}
",
    ));
}

#[test]
fn uniform_values_stay_scalars_outside() {
    let func = row_loop(
        "func @f(a: f64, x: f64) -> f64 {
    b = exp a
    c = mul b, x
    return c
}
",
        &[Column::Uniform, Column::Contiguous],
    );
    let wide = assert_widens(&func);
    let schedule = Schedule::of(&wide);
    let body = wide.regions_of(as_row_loop(&wide).unwrap()).next().unwrap();
    // load, mul, store.
    assert_eq!(schedule.nodes(body).len(), 3, "{wide}");
    assert_eq!(ops(&wide, Op::Any), 0);
}

#[test]
fn an_update_in_place_widens() {
    let func = row_loop(
        "func @f(x: f64, y: f64) -> f64 {
    b = mul x, y
    return b
}
",
        &[Column::Updated(0), Column::Contiguous],
    );
    assert_widens(&func);
}

#[test]
fn the_index_is_a_row_of_numbers() {
    let func = parse(
        "func @f(out: mut [f64]) {
    n = len out
    for i in 0..n {
        a = cast.f64 i
        store out[i], a
    }
}
",
    )
    .unwrap();
    let wide = assert_widens(&func);
    assert_eq!(ops(&wide, Op::Iota), 1);
}

#[test]
fn a_uniform_condition_stays_a_branch() {
    let func = row_loop(
        "func @f(c: bool, x: f64) -> f64 {
    b = if c {
        d = exp x
        yield d
    } else {
        yield 1.0
    }
    return b
}
",
        &[Column::Uniform, Column::Contiguous],
    );
    let wide = assert_widens(&func);
    // The rare path of exp, and no question about c.
    assert_eq!(ops(&wide, Op::Any), 1, "{wide}");
}

#[test]
fn cheap_sides_become_a_select() {
    let wide = assert_widens(&columns(
        "func @f(x: f64) -> f64 {
    c = gt x, 0.0
    b = if c {
        d = mul x, 3.0
        yield d
    } else {
        yield x
    }
    return b
}
",
    ));
    assert_eq!(ops(&wide, Op::Select), 1);
    assert_eq!(ops(&wide, Op::Any), 0);
}

#[test]
fn dear_sides_are_asked_for() {
    let one = assert_widens(&columns(
        "func @f(x: f64) -> (f64, f64) {
    c = gt x, 0.0
    b, g = if c {
        d = exp x
        e = add d, x
        yield d, e
    } else {
        yield x, 2.0
    }
    return b, g
}
",
    ));
    assert_eq!(ops(&one, Op::Any), 2, "{one}");
    let other = assert_widens(&columns(
        "func @f(x: f64) -> f64 {
    c = gt x, 0.0
    b = if c {
        yield x
    } else {
        d = exp x
        yield d
    }
    return b
}
",
    ));
    assert_eq!(ops(&other, Op::Any), 2, "{other}");
    let both = assert_widens(&columns(
        "func @f(x: f64) -> f64 {
    c = gt x, 0.0
    b = if c {
        d = exp x
        yield d
    } else {
        d = sin x
        yield d
    }
    return b
}
",
    ));
    // One for each side, and the rare paths of the two functions.
    assert!(ops(&both, Op::Any) >= 4, "{both}");
}

#[test]
fn a_rare_path_is_asked_for_by_the_rows_that_are_there() {
    // Zeros take the rare path of a power, whose own rare path is for finite
    // numbers: the other rows of the block must not send it there.
    let wide = assert_widens(&columns(
        "func @f(x: f64) -> f64 {
    b = powi x, 3i32
    return b
}
",
    ));
    assert_eq!(ops(&wide, Op::Any), 2, "{wide}");
    assert!(ops(&wide, Op::And) >= 2, "{wide}");
}

#[test]
fn guards_come_along() {
    let func = parse(
        "func @f(x: [i64], out: mut [i64]) {
    n = len out
    for i in 0..n {
        a = load x[i]
        b = ne a, 7
        g = guard b, assert \"seven\", a
        c = div 100, a
        store out[i], c
    }
}
",
    )
    .unwrap();
    let wide = assert_widens(&func);
    assert_eq!(loop_report(&wide, None).unwrap().guards, 1);
    let sevens = [
        Arg::Array(vec![Const::i64(7); 16]),
        Arg::Array(vec![Const::i64(0); 16]),
    ];
    assert_eq!(run(&wide, &mut sevens.clone()), Err("seven".to_owned()));
}

#[test]
fn stores_under_conditions_are_widened() {
    assert_widens(
        &parse(
            "func @f(x: [f64], out: mut [f64]) {
    n = len out
    for i in 0..n {
        a = load x[i]
        b = gt a, 0.0
        if b {
            store out[i], a
        }
    }
}
",
        )
        .unwrap(),
    );
}

#[test]
fn rows_that_lie_apart_are_widened() {
    assert_widens(
        &parse(
            "func @f(x: [f64 rank 1 strided], out: mut [f64]) {
    n = len out
    for i in 0..n {
        a = load x[i]
        store out[i], a
    }
}
",
        )
        .unwrap(),
    );
}

#[test]
fn places_that_are_data_are_widened() {
    let backwards = "func @f(x: [f64], out: mut [f64]) {
    n = len out
    m = sub n, 1
    for i in 0..n {
        j = sub m, i
        a = load x[j]
        store out[i], a
    }
}
";
    let wide = assert_widens(&parse(backwards).unwrap());
    assert!(wide.to_string().contains("load.<16 x f64> x[v"), "{wide}");
    let scattered = backwards
        .replace("x[j]", "x[i]")
        .replace("out[i]", "out[j]");
    assert_widens(&parse(&scattered).unwrap());
    // Rows that do not want it read element 0.
    let some = "func @f(x: [f64], out: mut [f64]) {
    n = len out
    for i in 0..n {
        a = load x[i]
        far = add i, 1000000
        b = gt a, 0.0
        j = select b, i, far
        c = if b {
            d = load x[j]
            e = mul d, d
            yield e
        } else {
            yield 0.0
        }
        store out[i], c
    }
}
";
    assert_widens(&parse(some).unwrap());
}

#[track_caller]
fn assert_refused(text: &str, expected: &NotWidened) {
    let func = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(&widen(&func, 8).unwrap_err(), expected);
}

#[test]
fn what_cannot_be_widened_says_why() {
    assert_refused(
        "func @f(x: f64) -> f64 {\n return x\n}\n",
        &NotWidened::NoRowLoop,
    );
    assert_refused(
        "func @f(x: [f64], out: mut [f64]) {
    n = len out
    for i in 0..n {
        a = load x[i]
        store out[0], a
    }
}
",
        &NotWidened::Access {
            array: "out".to_owned(),
        },
    );
    assert_refused(
        "func @f(x: [f64], out: mut [f64]) {
    n = len out
    for i in 0..n {
        a = load x[i]
        store out[i], a
        c = load out[i]
        b = gt c, 0.0
        guard b, assert \"positive\", a
    }
}
",
        &NotWidened::LateGuard,
    );
    assert_refused(
        "func @f(x: [f64], out: mut [f64]) {
    n = len out
    for i in 0..n {
        s = reduce sum tree j in 0..n {
            a = load x[j]
            yield a
        }
        store out[i], s
    }
}
",
        &NotWidened::InnerLoop,
    );
    let func = columns("func @f(x: f64) -> f64 {\n a = sqrt x\n return a\n}\n");
    assert_eq!(widen(&func, 1).unwrap_err(), NotWidened::OneLane);
    let wide = widen(&func, 4).unwrap();
    assert_eq!(widen(&wide, 4).unwrap_err(), NotWidened::Widened);
}

#[test]
fn blocks_are_whole_vectors_of_the_widest_value() {
    let lanes = |body: &str, bits: u32| block_lanes(&columns(body), bits);
    let small = "func @f(x: f64) -> f64 {\n a = sqrt x\n return a\n}\n";
    assert_eq!(lanes(small, 256), 16);
    assert_eq!(lanes(small, 512), 32);
    let single = "func @f(x: f32) -> f32 {\n a = sqrt x\n return a\n}\n";
    assert_eq!(lanes(single, 256), 32);
    let medium = "func @f(x: f32) -> f32 {\n a = exp x\n return a\n}\n";
    assert_eq!(lanes(medium, 256), 16);
    // Some f32 functions work in f64.
    let double = "func @f(x: f32) -> f32 {\n a = erfc x\n return a\n}\n";
    assert_eq!(lanes(double, 256), 8);
    assert_eq!(block_lanes(&parse(small).unwrap(), 256), 1);
}

#[test]
fn reports_read_well() {
    let func = columns("func @f(x: f64) -> f64 {\n a = exp x\n return a\n}\n");
    let wide = widen(&func, 8).unwrap();
    let report = loop_report(&wide, None).unwrap();
    let text = report.to_string();
    assert!(text.starts_with("row loop: 8 row(s) a round, "), "{text}");
    let refused = loop_report(&func, Some(&NotWidened::LateGuard)).unwrap();
    let text = refused.to_string();
    assert!(
        text.ends_with("because a check comes after the first store of its row"),
        "{text}"
    );
}

#[test]
fn a_question_about_alike_lanes_is_one_about_their_value() {
    let func = parse(
        "func @f(c: bool) -> bool {
    a = splat.<4 x bool> c
    b = any a
    return b
}
",
    )
    .unwrap();
    let optimized = optimize(&func, &OptConfig::default().verify(true)).unwrap();
    assert_eq!(optimized.report.fired("lanes-agree"), 1);
    assert_eq!(ops(&optimized.func, Op::Any), 0);
}
