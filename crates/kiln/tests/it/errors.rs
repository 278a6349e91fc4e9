//! What goes wrong, and how it is told.

use super::formula;
use kiln::{Engine, Formula, Limits};
use std::error::Error as _;

#[test]
fn problems_are_data_and_text() {
    let error = "qty * (1 + ".parse::<Formula>().unwrap_err();
    assert!(!error.diagnostics().is_empty());
    assert_eq!(error.source_text(), Some("qty * (1 + "));
    assert!(error.span().is_some() && !error.is_limit() && error.row().is_none());
    assert!(error.report().contains("-->"));
    // The cause says it once.
    let mut source = error.source();
    while let Some(cause) = source {
        assert_ne!(cause.to_string(), error.to_string());
        source = cause.source();
    }
}

#[test]
fn limits_are_told_as_such() {
    let deep = format!("{}1{}", "(".repeat(100), ")".repeat(100));
    assert!(deep.parse::<Formula>().unwrap_err().is_limit());
    assert!(Formula::parse(&deep, &Limits::trusted()).is_ok());
    let long = "x+".repeat(1 << 20) + "x";
    assert!(long.parse::<Formula>().unwrap_err().is_limit());
    let mut limits = Limits::untrusted();
    limits.inputs = 1;
    let small = Engine::builder().limits(limits).build();
    assert!(small.parse("a + b").unwrap_err().is_limit());
    // A formula parsed elsewhere is measured again.
    let wide = formula("a + b");
    let error = small
        .kernel(&wide)
        .call(&[("a", 1.0), ("b", 2.0)])
        .unwrap_err();
    assert!(error.is_limit(), "{error}");
}

#[test]
fn bad_text_is_an_error_within_milliseconds() {
    let long = "9".repeat(60_000);
    for text in [
        "", "   ", "\0", "1 +", "a b", ")", "x = ", "`", "0x", "€", &long, "a;b;c",
    ] {
        let start = std::time::Instant::now();
        let outcome = text
            .parse::<Formula>()
            .map(|f| f.kernel().call(&[("a", 1.0)]));
        assert!(matches!(outcome, Err(_) | Ok(Err(_))), "{text:.20}");
        assert!(start.elapsed().as_millis() < 500, "{text:.20}");
    }
}

#[test]
fn typed_functions_are_checked() {
    let f = formula("a + b");
    let text = |result: Result<kiln::Typed<fn(f64, f64) -> f64>, kiln::Error>| {
        result.unwrap_err().to_string()
    };
    assert_eq!(text(f.typed(["a"])), "1 names for 2 arguments");
    assert_eq!(text(f.typed(["a", "a"])), "`a` is given twice");
    assert_eq!(
        text(formula("x = a; y = b").typed(["a", "b"])),
        "2 outputs (`x`, `y`), where 1 was asked for"
    );
    assert_eq!(
        text(formula("a > b").typed(["a", "b"])),
        "output `result` is bool, not f64"
    );
}

#[test]
#[cfg(feature = "serde")]
fn a_formula_is_its_text_in_serde() {
    let f: Formula = serde_json::from_str("\"a + b\"").unwrap();
    assert_eq!(f.inputs().count(), 2);
    assert_eq!(serde_json::to_string(&f).unwrap(), "\"a + b\"");
    let error = serde_json::from_str::<Formula>("\"a +\"").unwrap_err();
    assert!(!error.to_string().is_empty());
}

#[test]
#[cfg(feature = "jit")]
fn explanations_show_every_stage() {
    let k = formula("sqrt(x) + 1").kernel();
    let made = k.explain(&[("x", kiln::Scalar::F64)], None).unwrap();
    assert!(made.ir.contains("sqrt") && made.optimised.contains("for "));
    assert!(!made.assembly.is_empty() && !made.report.is_empty());
}
