//! What a text means: precedence, items, names.

use crate::eval::{BOOL, F64, V, formula, lower, row, row_with, value};
use kiln_formula::{InputType, Limits, OPERATORS, Options, parse};

const NUMBERS: [&str; 5] = ["a", "b", "c", "d", "e2"];
const TRUTHS: [&str; 3] = ["p", "q", "r"];

fn inputs() -> Vec<(&'static str, InputType)> {
    let numbers = NUMBERS.iter().map(|n| (*n, F64));
    numbers.chain(TRUTHS.iter().map(|n| (*n, BOOL))).collect()
}

/// Both texts become the same Func.
#[track_caller]
fn same(text: &str, parenthesised: &str) {
    let lowered = |text| lower(text, &inputs(), &Options::new()).func.to_string();
    assert_eq!(
        lowered(text),
        lowered(parenthesised),
        "{text} against {parenthesised}"
    );
}

#[test]
fn precedence() {
    #[rustfmt::skip]
    let table = [
        ("a + b * c", "a + (b * c)"),
        ("a * b + c", "(a * b) + c"),
        ("a - b - c", "(a - b) - c"),
        ("a / b / c", "(a / b) / c"),
        ("a / b * c", "(a / b) * c"),
        ("a * b / c", "(a * b) / c"),
        ("a % b * c", "(a % b) * c"),
        ("a // b % c", "(a // b) % c"),
        ("a ^ 3 ^ 2", "a ^ (3 ^ 2)"),
        ("-a ^ 2", "-(a ^ 2)"),
        ("a ^ -2", "a ^ (-2)"),
        ("a ** 2 * b", "(a ** 2) * b"),
        ("a ** 2", "a ^ 2"),
        ("a * -b", "a * (-b)"),
        ("-a * b", "(-a) * b"),
        ("a - -b", "a - (-b)"),
        ("- - a", "-(-a)"),
        ("a + b < c * d", "(a + b) < (c * d)"),
        ("a < b and c < d", "(a < b) and (c < d)"),
        ("a < b && c < d", "(a < b) and (c < d)"),
        ("p or q and r", "p or (q and r)"),
        ("p and q or r", "(p and q) or r"),
        ("p || q && r", "p or (q and r)"),
        ("not a < b", "not (a < b)"),
        ("not p and q", "(not p) and q"),
        ("not p or q", "(not p) or q"),
        ("p and not q", "p and (not q)"),
        ("not not p", "not (not p)"),
        ("!p == q", "(!p) == q"),
        ("~p & q", "(~p) & q"),
        ("!p and q", "(!p) and q"),
        ("p | q & r", "p | (q & r)"),
        ("p & q | r", "(p & q) | r"),
        ("p == q & r", "p == (q & r)"),
        ("p | q == r", "(p | q) == r"),
        ("p ? a : b", "if(p, a, b)"),
        ("a if p else b", "if(p, a, b)"),
        ("where(p, a, b)", "if(p, a, b)"),
        ("p ? a : q ? b : c", "p ? a : (q ? b : c)"),
        ("p ? q ? a : b : c", "p ? (q ? a : b) : c"),
        ("a if p else b if q else c", "a if p else (b if q else c)"),
        ("a if p and q else b + c", "a if (p and q) else (b + c)"),
        ("a + b if p else c", "(a + b) if p else c"),
        ("p or q ? a : b", "(p or q) ? a : b"),
        ("p ? a : b if q else c", "p ? a : (b if q else c)"),
        ("a if p else q ? b : c", "a if p else (q ? b : c)"),
        ("a + b\n- c", "a + b - c"),
        ("a +\n\n b", "a + b"),
        ("(a\n+ b\n)\n* c", "(a + b) * c"),
        ("max(a,\n b\n)", "max(a, b)"),
        ("a # plus\n + b # end", "a + b"),
        ("p\n and q", "p and q"),
        ("a\n  if p\n  else b", "a if p else b"),
        ("p\n ? a\n : b", "p ? a : b"),
        ("pow(a, 2)", "a ^ 2"),
        ("`a` + b", "a + b"),
        ("math::sqrt(a)", "sqrt(a)"),
        (";;a;;", "a"),
    ];
    for (text, parenthesised) in table {
        same(text, parenthesised);
    }
}

/// Every row of the table of operators is where its strength says: beside its
/// neighbour in the table, the tighter one groups first.
#[test]
fn the_operator_table_tells_the_truth() {
    use kiln_formula::Fixity::{Left, Right};
    let infix = OPERATORS
        .iter()
        .filter(|o| matches!(o.fixity, Left | Right));
    let all: Vec<(&str, u8, _)> = infix
        .flat_map(|o| o.spellings.iter().map(|s| (*s, o.strength, o.fixity)))
        .collect();
    for &(x, strong_x, fixity) in &all {
        for &(y, strong_y, _) in &all {
            let logic = |op: &str| matches!(op, "&" | "|" | "and" | "or" | "&&" | "||");
            if logic(x) != logic(y) {
                continue;
            }
            let [a, b, c] = if logic(x) { TRUTHS } else { ["a", "b", "c"] };
            let text = format!("{a} {x} {b} {y} {c}");
            let left_first = strong_x > strong_y || strong_x == strong_y && fixity == Left;
            let grouped = if left_first {
                format!("({a} {x} {b}) {y} {c}")
            } else {
                format!("{a} {x} ({b} {y} {c})")
            };
            if text.contains('^') || text.contains("**") {
                // A decimal exponent needs `pow`; the tree is what matters.
                let shape = |text: &str| parse(text, &Limits::new()).is_ok();
                assert!(shape(&text) && shape(&grouped));
                continue;
            }
            same(&text, &grouped);
        }
    }
}

#[test]
fn items() {
    let text = "let d = a - b  # private\nx = d * 2; y = x + d\nd ^ 2";
    let f = formula(text);
    assert_eq!(f.inputs().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(f.outputs().collect::<Vec<_>>(), ["x", "y", "result"]);
    let got = row_with(
        text,
        &[("a", F64, V::D(5.0)), ("b", F64, V::D(2.0))],
        &Options::new(),
    );
    assert_eq!(got, Ok(vec![V::D(6.0), V::D(9.0), V::D(9.0)]));
}

#[test]
fn an_output_may_have_the_name_of_an_input() {
    let text = "x = x * 2\ny = x + 1";
    assert_eq!(formula(text).inputs().collect::<Vec<_>>(), ["x"]);
    let got = row_with(text, &[("x", F64, V::D(5.0))], &Options::new());
    assert_eq!(got, Ok(vec![V::D(10.0), V::D(11.0)]));
}

#[test]
fn lines_separate_items_where_they_can() {
    let outputs = |text: &str| {
        let f = formula(text);
        f.outputs().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(outputs("x = a\ny = b"), ["x", "y"]);
    assert_eq!(outputs("x = a +\n b\ny = b"), ["x", "y"]);
    assert_eq!(outputs("x = a\n + b\ny = b"), ["x", "y"]);
    assert_eq!(outputs("x =\n a\r\ny = b\r\n"), ["x", "y"]);
    assert_eq!(
        outputs("x = a\n\n# nothing\n\nif(p, b, c)"),
        ["x", "result"]
    );
    assert_eq!(outputs("x = a\n(b)"), ["x", "result"]);
    assert_eq!(outputs("x = a\nnot p"), ["x", "result"]);
}

#[test]
fn names() {
    let f = formula("`unit price` * Größe + order.total - `let` + `a``b` + _x1");
    let names: Vec<&str> = f.inputs().collect();
    assert_eq!(
        names,
        ["unit price", "Größe", "order.total", "let", "a`b", "_x1"]
    );
    assert_eq!(formula("X + x").inputs().count(), 2);
    assert_eq!(
        formula("sin + pi + min").inputs().collect::<Vec<_>>(),
        ["sin", "min"]
    );
}

#[test]
fn inputs_and_lets_hide_constants() {
    let e = |inputs: &[(&str, InputType, V)]| row("2 * e", inputs);
    assert_eq!(e(&[]), Ok(V::D(2.0 * std::f64::consts::E)));
    assert_eq!(e(&[("e", F64, V::D(5.0))]), Ok(V::D(10.0)));
    assert_eq!(value("let e = 3; 2 * e"), V::I(6));
    assert!(formula("2 * e").mentions("e"));
    assert!(!formula("2 * `e`").inputs().all(|i| i != "e"));
    let by_closure = formula("x + e")
        .lower_with(
            |name| (name == "e" || name == "x").then_some(F64),
            &Options::new(),
        )
        .unwrap();
    let names: Vec<&str> = by_closure.func.params().iter().map(|p| &*p.name).collect();
    assert_eq!(names, ["x", "e"]);
}

#[test]
fn a_hidden_function_is_reached_by_its_full_name() {
    let inputs = [("min", F64)];
    let problems = formula("min(1, 2)")
        .lower(&inputs, &Options::new())
        .unwrap_err();
    assert_eq!(problems.first().code.as_str(), "K0205");
    assert_eq!(
        problems
            .first()
            .suggestion
            .as_ref()
            .unwrap()
            .apply("min(1, 2)"),
        "math::min(1, 2)"
    );
    assert!(
        formula("math::min(1, 2) + min")
            .lower(&inputs, &Options::new())
            .is_ok()
    );
}

#[test]
fn parameters_come_in_the_given_order() {
    let inputs = [("z", F64), ("unused", BOOL.nullable()), ("a", F64)];
    let lowered = lower("a - z", &inputs, &Options::new());
    let names: Vec<&str> = lowered.func.params().iter().map(|p| &*p.name).collect();
    assert_eq!(names, ["z", "unused", "unused?", "a"]);
    let marked = [("a", F64.nullable()), ("a?", F64), ("unit price", F64)];
    let lowered = lower("`unit price` + `a?`", &marked, &Options::new());
    let names: Vec<&str> = lowered.func.params().iter().map(|p| &*p.name).collect();
    assert_eq!(names, ["a", "a??", "a?", "unit price"]);
}

#[test]
fn literals() {
    assert_eq!(value("1_000"), V::I(1000));
    assert_eq!(value("0x2A"), V::I(42));
    assert_eq!(value("0xffff_ffff"), V::I(0xffff_ffff));
    assert_eq!(value("1e-3"), V::D(1e-3));
    assert_eq!(value("1_0.5_0e+0_2"), V::D(1050.0));
    assert_eq!(value(".5"), V::D(0.5));
    assert_eq!(value("2."), V::D(2.0));
    assert_eq!(value("-9223372036854775808"), V::I(i64::MIN));
    assert_eq!(value("9223372036854775807"), V::I(i64::MAX));
    assert_eq!(value("1e308 * 10"), V::D(f64::INFINITY));
    assert_eq!(value("true"), V::B(true));
    assert_eq!(value("-inf"), V::D(f64::NEG_INFINITY));
    assert_eq!(value("nan"), V::D(f64::NAN));
    assert_eq!(value("tau - 2 * pi"), V::D(0.0));
}

#[test]
fn row_wise_or_not() {
    assert!(formula("max(a, b) + sin(a)").is_row_wise());
    let f = formula("a / sum(b)");
    let offender = f.not_row_wise().unwrap();
    assert_eq!(offender.function, "sum");
    assert_eq!(offender.span.text(f.source()), "sum(b)");
    assert!(!formula("x - min(x)").is_row_wise());
}
