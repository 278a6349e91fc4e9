//! Missing values: what is missing, what looks through.

use crate::eval::{BOOL, F64, I64, V, lower, row};
use kiln_formula::Options;

/// Two inputs that may be missing, `p` and `q`, and whatever else.
fn truth(text: &str, p: V, q: V) -> V {
    row(
        text,
        &[("p", BOOL.nullable(), p), ("q", BOOL.nullable(), q)],
    )
    .unwrap()
}

#[test]
fn and_or_follow_kleene() {
    let (t, f, m) = (V::B(true), V::B(false), V::M);
    #[rustfmt::skip]
    let table = [
        (t, t, t, t), (t, f, f, t), (t, m, m, t),
        (f, t, f, t), (f, f, f, f), (f, m, f, m),
        (m, t, m, t), (m, f, f, m), (m, m, m, m),
    ];
    for (p, q, and, or) in table {
        for text in ["p and q", "p && q", "p & q", "not (not p or not q)"] {
            assert_eq!(truth(text, p, q), and, "{text} {p:?} {q:?}");
        }
        for text in ["p or q", "p || q", "p | q", "not (not p and not q)"] {
            assert_eq!(truth(text, p, q), or, "{text} {p:?} {q:?}");
        }
    }
    assert_eq!(truth("!p", m, t), m);
}

#[test]
fn what_uses_a_missing_value_is_missing() {
    let x = [("x", F64.nullable(), V::M), ("y", F64, V::D(2.0))];
    for text in [
        "x + y",
        "-x",
        "x > y",
        "x == x",
        "max(y, x)",
        "sqrt(x)",
        "x ^ 2",
        "is_nan(x)",
    ] {
        assert_eq!(row(text, &x), Ok(V::M), "{text}");
    }
    assert_eq!(row("y + 1", &x), Ok(V::D(3.0)));
    assert_eq!(row("is_null(x)", &x), Ok(V::B(true)));
    assert_eq!(row("is_null(y)", &x), Ok(V::B(false)));
    assert_eq!(row("is_null(x + y)", &x), Ok(V::B(true)));
    assert_eq!(row("coalesce(x, y)", &x), Ok(V::D(2.0)));
    assert_eq!(row("coalesce(x, x, 7)", &x), Ok(V::D(7.0)));
    assert_eq!(row("coalesce(x, x)", &x), Ok(V::M));
    assert_eq!(row("coalesce(y, x)", &x), Ok(V::D(2.0)));
}

#[test]
fn only_the_taken_side_of_a_choice_counts() {
    let at = |text: &str, c: V, x: V| {
        let inputs = [
            ("c", BOOL.nullable(), c),
            ("x", F64.nullable(), x),
            ("y", F64, V::D(2.0)),
        ];
        row(text, &inputs).unwrap()
    };
    let (t, f) = (V::B(true), V::B(false));
    // The second text has a costly side and becomes a branch.
    for text in ["if(c, x, y)", "if(c, sigmoid(x) * 0 + x, y)"] {
        assert_eq!(at(text, t, V::D(1.0)), V::D(1.0), "{text}");
        assert_eq!(at(text, t, V::M), V::M, "{text}");
        assert_eq!(at(text, f, V::M), V::D(2.0), "{text}");
        assert_eq!(at(text, V::M, V::D(1.0)), V::M, "{text}");
    }
    assert_eq!(at("if(is_null(c), 1.0, 0.0)", V::M, V::M), V::D(1.0));
}

#[test]
fn outputs_know_whether_they_can_be_missing() {
    let inputs = [("x", F64.nullable()), ("y", F64)];
    let nullable = |text| lower(text, &inputs, &Options::new()).outputs[0].nullable;
    assert!(nullable("x + y") && nullable("coalesce(x, x)") && nullable("if(y > 0, x, y)"));
    assert!(!nullable("y") && !nullable("coalesce(x, y)") && !nullable("is_null(x)"));
}

#[test]
fn the_value_under_a_missing_slot_never_fails() {
    // The test harness puts the least whole number under a missing slot.
    let a = [("a", I64.nullable(), V::M), ("b", I64, V::I(0))];
    for text in [
        "-a",
        "abs(a)",
        "a - 1",
        "a * a",
        "a // b",
        "b % a",
        "shl(1, a)",
        "a ^ 3",
    ] {
        assert_eq!(row(text, &a), Ok(V::M), "{text}");
    }
    let u = [(
        "u",
        kiln_formula::InputType::new(kiln_ir::Scalar::U64).nullable(),
        V::M,
    )];
    assert_eq!(row("u", &u), Ok(V::M));
    assert_eq!(row("coalesce(u, 3)", &u), Ok(V::I(3)));
}
