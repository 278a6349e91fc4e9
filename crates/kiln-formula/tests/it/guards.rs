//! Where an error counts: not in a branch that is not taken.

use crate::eval::{F64, I64, V, row, row_with};
use kiln_formula::Options;
use kiln_ir::FaultKind;

fn at(text: &str, a: V, b: V) -> Result<V, FaultKind> {
    row(text, &[("a", I64.nullable(), a), ("b", I64.nullable(), b)])
}

#[test]
fn a_branch_that_is_not_taken_cannot_fail() {
    let (zero, two) = (V::I(0), V::I(2));
    #[rustfmt::skip]
    let texts = [
        "if(b != 0, a // b, -1)", "b != 0 ? a // b : -1", "a // b if b != 0 else -1",
        "if(b == 0, -1, a // b)", "if(b == 0, -1, if(a > 100, 0, a // b))",
        "if(b == 0, -1, sqrt(2.0) + a // b > 0 ? a // b : a // b)",
    ];
    for text in texts {
        assert_eq!(at(text, V::I(7), zero), Ok(V::I(-1)), "{text}");
        assert_eq!(at(text, V::I(7), two), Ok(V::I(3)), "{text}");
        assert_eq!(at(text, V::M, zero), Ok(V::I(-1)), "{text}");
        // The condition is missing: neither side is taken.
        assert_eq!(at(text, V::I(7), V::M), Ok(V::M), "{text}");
    }
    // The condition itself is outside of its branches.
    assert_eq!(
        at("if(a // b > 0, 1, 2)", V::I(7), zero),
        Err(FaultKind::DivisionByZero)
    );
    // The inner branch is taken.
    let inner = "if(a > 0, if(b == 0, a // b, 1), 2)";
    assert_eq!(at(inner, V::I(7), zero), Err(FaultKind::DivisionByZero));
    assert_eq!(at(inner, V::I(-7), zero), Ok(V::I(2)));
}

#[test]
fn and_or_and_coalesce_protect_what_follows() {
    let zero = V::I(0);
    assert_eq!(at("b != 0 and a // b > 1", V::I(7), zero), Ok(V::B(false)));
    assert_eq!(at("b == 0 or a // b > 1", V::I(7), zero), Ok(V::B(true)));
    assert_eq!(
        at("(b != 0) & (a // b > 1)", V::I(7), zero),
        Err(FaultKind::DivisionByZero)
    );
    assert_eq!(at("coalesce(a, 1 // b)", V::I(7), zero), Ok(V::I(7)));
    assert_eq!(
        at("coalesce(a, 1 // b)", V::M, zero),
        Err(FaultKind::DivisionByZero)
    );
    // A missing left side of `and` does not decide, so the right side counts.
    assert_eq!(
        at("a > 0 and 1 // b > 0", V::M, zero),
        Err(FaultKind::DivisionByZero)
    );
}

#[test]
fn a_let_is_computed_on_every_row() {
    let text = "let q = a // b; if(b != 0, q, -1)";
    assert_eq!(at(text, V::I(7), V::I(0)), Err(FaultKind::DivisionByZero));
}

#[test]
fn faults_quote_the_formula() {
    let text = "total = price * (qty + 1)";
    let inputs = [("price", I64, V::I(2)), ("qty", I64, V::I(i64::MAX))];
    let (kind, message) = row_with(text, &inputs, &Options::new()).unwrap_err();
    assert_eq!(kind, FaultKind::Overflow);
    assert_eq!(message, "`qty + 1` is too large for a whole number");
}

#[test]
fn decimal_numbers_never_fail() {
    let inputs = [("a", F64, V::D(1.0)), ("b", F64, V::D(0.0))];
    assert_eq!(row("a / b", &inputs), Ok(V::D(f64::INFINITY)));
    assert_eq!(row("a // b", &inputs), Ok(V::D(f64::INFINITY)));
    assert_eq!(row("a % b", &inputs), Ok(V::D(f64::NAN)));
}
