//! Limits: what must fit, what must not, and how fast the refusal is.

use crate::eval::{F64, I64, formula};
use kiln_formula::{Code, Limits, Options, parse};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// Generous for a refusal that takes well under a millisecond: it tells linear
/// from quadratic, not fast from slow.
const SOON: Duration = Duration::from_millis(500);

#[track_caller]
fn refused(text: &str, code: Code, limit: &str) {
    let started = Instant::now();
    let problems = parse(text, &Limits::new()).unwrap_err();
    let spent = started.elapsed();
    assert_eq!(problems.first().code, code, "{}", problems.first().message);
    let message = &problems.first().message;
    assert!(message.contains(limit), "{message}");
    assert!(spent < SOON, "{spent:?}");
}

fn repeated(piece: &str, count: usize) -> String {
    piece.repeat(count)
}

#[test]
fn a_logistic_score_of_a_thousand_features_fits() {
    let mut text = "1/(1+exp(-(0.5".to_owned();
    for i in 0..1000 {
        write!(text, " + {}*x{i}", f64::from(i) / 16.0 - 30.0).unwrap();
    }
    text.push_str(")))");
    let f = formula(&text);
    assert_eq!(f.inputs().len(), 1000);
    let names: Vec<String> = f.inputs().map(str::to_owned).collect();
    let inputs: Vec<_> = names.iter().map(|n| (n.as_str(), F64)).collect();
    let lowered = f.lower(&inputs, &Options::new()).unwrap();
    assert_eq!(lowered.func.params().len(), 1000);
}

#[test]
fn rule_lists_of_two_hundred_branches_fit() {
    let branches = 200;
    let mut calls = String::new();
    let mut python = String::new();
    let mut grouped = String::new();
    let mut questions = String::new();
    for i in 0..branches {
        write!(calls, "if(x < {i} and y > 2, {i}, ").unwrap();
        write!(python, "{i} if x < {i} else ").unwrap();
        write!(grouped, "{i} if x < {i} else (").unwrap();
        write!(questions, "x < {i} ? {i} : ").unwrap();
    }
    let calls = format!("{calls}0{}", repeated(")", branches));
    let grouped = format!("{grouped}0{}", repeated(")", branches));
    for text in [
        &calls,
        &grouped,
        &format!("{python}0"),
        &format!("{questions}0"),
    ] {
        let f = formula(text);
        f.lower(&[("x", F64), ("y", F64)], &Options::new()).unwrap();
    }
}

/// Branches inside one another stay within what the text form of the IR holds,
/// also when `let` hides them from view.
#[test]
fn costly_rule_lists_nest_to_a_bound() {
    let mut text = String::new();
    for rule in 0..4 {
        let before = if rule == 0 {
            "x".to_owned()
        } else {
            format!("r{}", rule - 1)
        };
        write!(text, "let r{rule} = ").unwrap();
        for i in 0..60 {
            write!(text, "sqrt(sin({i} * x)) if x < {i} else ").unwrap();
        }
        writeln!(text, "exp({before})").unwrap();
    }
    text.push_str("r3");
    let lowered = formula(&text)
        .lower(&[("x", F64)], &Options::new())
        .unwrap();
    kiln_ir::verify(&lowered.func).unwrap();
    let printed = lowered.func.to_string();
    assert_eq!(kiln_ir::parse(&printed).unwrap().to_string(), printed);
}

#[test]
fn long_chains_are_flat() {
    let sum = format!("x{}", repeated(" + x", 2000));
    let items = repeated("let d = x\n", 1) + &format!("y = d{}", repeated("\n * d", 1500));
    for text in [sum, items] {
        formula(&text)
            .lower(&[("x", F64)], &Options::new())
            .unwrap();
    }
}

#[test]
fn what_is_too_large_is_refused_at_once() {
    refused(
        &format!("x{}", repeated("+x", 1_000_000)),
        Code::TextTooLong,
        "65536",
    );
    refused(
        &format!("x{}", repeated("+x", 5_000)),
        Code::TooManyNodes,
        "4096",
    );
    refused(&repeated("(", 30_000), Code::TooDeep, "64");
    refused(&format!("{}x", repeated("-", 30_000)), Code::TooDeep, "64");
    refused(&format!("x{}", repeated("^x", 30_000)), Code::TooDeep, "64");
    refused(&repeated("sqrt(", 10_000), Code::TooDeep, "64");
    refused(&repeated("if(", 10_000), Code::TooDeep, "64");
    refused(&repeated("x?", 30_000), Code::TooDeep, "64");
    refused(&repeated("x if ", 10_000), Code::TooDeep, "64");
    let inputs: Vec<String> = (0..2000).map(|i| format!("x{i}")).collect();
    refused(&inputs.join("+"), Code::TooManyInputs, "1024");
    let totals: Vec<String> = (0..257).map(|i| format!("sum(x + {i})")).collect();
    refused(&totals.join("+"), Code::TooManyTotals, "256");
    refused(
        &repeated("9", 60_000),
        Code::NumberTooLarge,
        "9223372036854775807",
    );
}

#[test]
fn depth_is_counted_exactly() {
    let nested = |n: usize| format!("{}x{}", repeated("(", n), repeated(")", n));
    assert!(parse(&nested(64), &Limits::new()).is_ok());
    refused(&nested(65), Code::TooDeep, "64");
    assert!(parse(&nested(640), &Limits::trusted()).is_ok());
    assert!(parse(&nested(641), &Limits::trusted()).is_err());
}

#[test]
fn trusted_text_may_be_ten_times_larger() {
    let text = format!("x{}", repeated("+x", 15_000));
    assert!(parse(&text, &Limits::new()).is_err());
    assert!(parse(&text, &Limits::trusted()).is_ok());
}

/// Many names, many items, many mistakes: nothing is quadratic.
#[test]
fn large_texts_are_quick() {
    let mut texts = Vec::new();
    let mut items = String::new();
    for i in 0..2000 {
        writeln!(items, "let a{i} = {i}").unwrap();
    }
    texts.push(items + "a1");
    texts.push(repeated("a b ", 10_000));
    texts.push(repeated("a < b < ", 8_000));
    texts.push(repeated("1 2;", 10_000));
    texts.push(repeated(")", 60_000));
    texts.push(repeated("\u{0}", 60_000));
    texts.push(repeated("a = 1;", 10_000));
    texts.push(repeated("foo(", 60) + &repeated("x,", 20_000));
    texts.push(repeated("sqroot(a);", 6_000));
    for text in texts {
        let started = Instant::now();
        let _ = std::hint::black_box(parse(&text, &Limits::new()));
        assert!(
            started.elapsed() < SOON,
            "{:?} {}",
            started.elapsed(),
            &text[..20]
        );
    }
}

/// Many inputs, all of them misspelt, and many guards: not quadratic either.
#[test]
fn large_formulas_lower_quickly() {
    let wrong: Vec<String> = (0..1000).map(|i| format!("quantitty_of_{i}")).collect();
    let right: Vec<String> = (0..1000).map(|i| format!("quantity_of_{i}")).collect();
    let declared: Vec<_> = right.iter().map(|name| (name.as_str(), F64)).collect();
    let f = formula(&wrong.join(" + "));
    let started = Instant::now();
    let problems = f.lower(&declared, &Options::new()).unwrap_err();
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert_eq!(problems.as_slice().len() + problems.omitted(), 1000);

    let f = formula(&format!("x{}", repeated(" + x", 2000)));
    let started = Instant::now();
    let lowered = f.lower(&[("x", I64)], &Options::new()).unwrap();
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert!(lowered.func.can_fail());
}

/// Each total is combined by a Func of its own, and equal ones are one.
#[test]
fn as_many_totals_as_the_limits_allow() {
    let totals: Vec<String> = (1..=256).map(|i| format!("sum(n // {i})")).collect();
    let text = format!("{} + {}", totals.join(" + "), totals[..20].join(" + "));
    let formula = parse(&text, &Limits::trusted()).unwrap();
    let n = kiln_ir::Scalar::I32.into();
    let lowered = formula.lower(&[("n", n)], &Options::new()).unwrap();
    let found = lowered.totals.unwrap();
    assert_eq!(found.stages.len(), 1);
    assert_eq!(found.stages[0].totals.len(), totals.len());
    assert_eq!(found.taken.len(), totals.len());
}
