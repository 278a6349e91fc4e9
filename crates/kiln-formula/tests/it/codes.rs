//! Every code has a text that provokes it, and its words stay as they are.

use crate::eval::{BOOL, F64, I64};
use kiln_formula::{Code, Diagnostic, InputType, Limits, Options, Severity, parse};
use std::collections::HashSet;

fn inputs() -> Vec<(&'static str, InputType)> {
    vec![
        ("a", F64),
        ("b", F64),
        ("c", F64),
        ("price", F64),
        ("n", I64),
        ("flag", BOOL),
    ]
}

/// All problems and warnings of a text.
fn problems(text: &str) -> Vec<Diagnostic> {
    match parse(text, &Limits::new()) {
        Err(problems) => problems.as_slice().to_vec(),
        Ok(formula) => {
            let mut all = formula.warnings().to_vec();
            if let Err(problems) = formula.lower(&inputs(), &Options::new()) {
                all.extend(problems.as_slice().iter().cloned());
            }
            all
        }
    }
}

/// A text, its only code, the piece it points at, its message, and the text
/// after the suggestion, if there is one.
struct Case(
    &'static str,
    Code,
    &'static str,
    &'static str,
    Option<&'static str>,
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case("a + $b", Code::UnexpectedCharacter, "$", "`$` is not used in formulas", None),
    Case("a × b", Code::UnexpectedCharacter, "×", "`×` is not used in formulas", Some("a * b")),
    Case("a + \u{0}", Code::ControlCharacter, "\u{0}", "the text contains a NUL byte", None),
    Case("a + 2x", Code::MalformedNumber, "2x", "`2x` is not a number", Some("a + 2 * x")),
    Case("1__0", Code::MalformedNumber, "1__0", "`1__0` is not a number", None),
    Case("1e999", Code::NumberTooLarge, "1e999", "`1e999` is too large, numbers reach to 1.797e308", None),
    Case("9223372036854775808", Code::NumberTooLarge, "9223372036854775808", "`9223372036854775808` is too large, whole numbers reach to 9223372036854775807", Some("9223372036854775808.0")),
    Case("a == \"x\"", Code::TextLiteral, "\"x\"", "formulas compute with numbers and true/false, not with text", None),
    Case("`a + 1", Code::MalformedName, "`a + 1", "this name in backticks is not closed", None),
    Case("", Code::Empty, "", "the formula is empty", None),
    Case("# only words", Code::Empty, "", "the formula is empty", None),
    Case("a + * b", Code::ExpectedValue, "*", "a value is missing after `+`, before `*`", None),
    Case("a +", Code::ExpectedValue, "+", "a value is missing after `+`", None),
    Case("x =\ny = a", Code::ExpectedValue, "=", "a value is missing after `=`", None),
    Case("a b", Code::ExpectedOperator, "b", "an operator is missing before `b`", Some("a * b")),
    Case("2 (a)", Code::ExpectedOperator, "(", "an operator is missing before `(`", Some("2 * (a)")),
    Case("flag AND flag", Code::ExpectedOperator, "AND", "an operator is missing before `AND`", Some("flag and flag")),
    Case("1,5", Code::ExpectedOperator, ",", "a comma only separates the values of a function", None),
    Case("max(a; b)", Code::ExpectedOperator, ";", "the values of a function are separated by commas", Some("max(a, b)")),
    Case("= a * 2", Code::ExpectedValue, "=", "a value is missing before `=`", Some(" a * 2")),
    Case("50% * a", Code::ExpectedValue, "*", "a value is missing after `%`, before `*`", None),
    Case("pi()", Code::UnknownFunction, "pi", "there is no function called `pi`", None),
    Case("(a + b", Code::UnclosedParenthesis, "(", "this `(` is not closed", None),
    Case("x = max(a, b\ny = a", Code::UnclosedParenthesis, "(", "this `(` is not closed", None),
    Case("a + b)", Code::UnopenedParenthesis, ")", "this `)` closes nothing", None),
    Case("if(a = 1, b, c)", Code::SingleEquals, "=", "a single `=` defines a name, it does not compare", Some("if(a == 1, b, c)")),
    Case("a <> b", Code::ForeignOperator, "<>", "`<>` is not an operator of formulas", Some("a != b")),
    Case("a < b < c", Code::ChainedComparison, "<", "comparisons cannot follow one another", Some("a < b and b < c")),
    Case("if(0 < a <= b == c, 1, 2)", Code::ChainedComparison, "<=", "comparisons cannot follow one another", Some("if(0 < a and a <= b and b == c, 1, 2)")),
    Case("a > 1 & b > 1", Code::ComparisonAndBits, "a > 1 & b > 1", "`&` and `|` bind tighter than comparisons", Some("(a > 1) & (b > 1)")),
    Case("a > 1 | b > 1 | c < 2", Code::ComparisonAndBits, "a > 1 | b > 1 | c < 2", "`&` and `|` bind tighter than comparisons", Some("(a > 1) | (b > 1) | (c < 2)")),
    Case("a > 1 & flag", Code::ComparisonAndBits, "a > 1 & flag", "`&` binds tighter than the comparison beside it", None),
    Case("a if flag", Code::IncompleteCondition, "if", "this `if` has no `else`", None),
    Case("flag ? a", Code::IncompleteCondition, "?", "this `?` has no `:`", None),
    Case("a else b", Code::IncompleteCondition, "else", "this `else` has no `if`", None),
    Case("let 3 = a; a", Code::BadDefinition, "3", "`let` defines a private name, as in `let margin = price - cost`", None),
    Case("let if = a; a", Code::BadDefinition, "if", "`if` is a word of the language, not a name", None),
    Case("x = a; x = b", Code::DuplicateName, "x", "`x` is defined twice", None),
    Case("a + 1; b + 1", Code::SeveralResults, "b + 1", "only one expression can stand without a name", None),
    Case("let x = a", Code::NoOutput, "x", "the formula has no output", None),
    Case("flag == not flag", Code::LooseNot, "not", "`not` binds looser than the operator before it", None),
    Case("prise * 2", Code::UnknownName, "prise", "`prise` is not an input", Some("price * 2")),
    Case("Price * 2", Code::UnknownName, "Price", "`Price` is not an input", Some("price * 2")),
    Case("sqrt + 1", Code::UnknownName, "sqrt", "`sqrt` is not an input", None),
    Case("sqroot(a)", Code::UnknownFunction, "sqroot", "there is no function called `sqroot`", Some("sqrt(a)")),
    Case("MAX(a, b)", Code::UnknownFunction, "MAX", "there is no function called `MAX`", Some("max(a, b)")),
    Case("IF(flag, a, b)", Code::UnknownFunction, "IF", "there is no function called `IF`", Some("if(flag, a, b)")),
    Case("sqrt(a, b)", Code::WrongArguments, "sqrt(a, b)", "`sqrt` takes 1 value, not 2", None),
    Case("clamp(a)", Code::WrongArguments, "clamp(a)", "`clamp` takes 3 values, not 1", None),
    Case("round(a, 2)", Code::WrongArguments, "round(a, 2)", "`round` takes 1 value, not 2", None),
    Case("max()", Code::WrongArguments, "max()", "`max` takes at least 1 value, not 0", None),
    Case("if(flag, a)", Code::WrongArguments, "if(flag, a)", "`if` takes 3 values, not 2", None),
    Case("x = d + 1; let d = a; y = d", Code::UsedBeforeLet, "d", "`d` is used before its `let`", None),
    Case("let f = a; f(2)", Code::NotAFunction, "f", "`f` is a private name here, not a function", None),
    Case("any(a)", Code::ExpectedTrueFalse, "a", "`any` needs true/false, this is a number", Some("any((a != 0))")),
    Case("1 + all(n)", Code::ExpectedTrueFalse, "n", "`all` needs true/false, this is a whole number", Some("1 + all((n != 0))")),
    Case("dot(a)", Code::WrongArguments, "dot(a)", "`dot` takes 2 values, not 1", None),
    Case("if(a, 1, 2)", Code::ExpectedTrueFalse, "a", "a condition needs true/false, this is a number", Some("if((a != 0), 1, 2)")),
    Case("n and flag", Code::ExpectedTrueFalse, "n", "`and` needs true/false, this is a whole number", Some("(n != 0) and flag")),
    Case("~n", Code::ExpectedTrueFalse, "n", "`not` needs true/false, this is a whole number", Some("~(n != 0)")),
    Case("flag ^ flag", Code::ExpectedNumber, "flag ^ flag", "`^` is power and needs numbers, these are true/false", None),
    Case("bitand(a, 1)", Code::ExpectedWholeNumber, "a", "`bitand` needs whole numbers, this is a number", None),
    Case("log(a)", Code::AmbiguousLog, "log", "`log` of one value is the natural logarithm here", Some("ln(a)")),
    Case("let x = a; a", Code::UnusedLet, "x", "nothing uses `x`", None),
    Case("a == nan", Code::ComparisonWithNan, "nan", "nan is not equal to anything, not even to itself", None),
];

#[test]
fn each_mistake_is_reported_once_and_in_its_place() {
    for Case(text, code, piece, message, repaired) in CASES {
        let found = problems(text);
        // Functions that the IR cannot compute yet add their own report.
        let found: Vec<_> = found
            .iter()
            .filter(|p| p.code != Code::NotAvailable)
            .collect();
        let shown: String = found.iter().map(|p| p.render(text)).collect();
        assert_eq!(found.len(), 1, "{text}\n{shown}");
        let problem = found[0];
        assert_eq!(problem.code, *code, "{text}\n{shown}");
        assert_eq!(problem.message, *message, "{text}");
        assert_eq!(problem.span.text(text), *piece, "{text}\n{shown}");
        let applied = problem.suggestion.as_ref().map(|s| s.apply(text));
        assert_eq!(applied.as_deref(), *repaired, "{text}");
    }
}

/// Codes that need more than one line of text, with where they are tested.
const ELSEWHERE: &[(Code, &str)] = &[
    (Code::TextTooLong, "limits.rs"),
    (Code::TooDeep, "limits.rs"),
    (Code::TooManyInputs, "limits.rs"),
    (Code::TooManyNodes, "limits.rs"),
    (Code::TooManyTotals, "limits.rs"),
    (Code::DuplicateInput, "below"),
    (Code::NotAvailable, "below"),
    (Code::ColumnReduction, "below"),
    (Code::RowValue, "below"),
];

#[test]
fn every_code_is_tested() {
    let here = CASES.iter().map(|case| case.1);
    let tested: HashSet<Code> = here.chain(ELSEWHERE.iter().map(|e| e.0)).collect();
    for code in Code::ALL {
        assert!(tested.contains(code), "{code} {}", code.title());
    }
}

#[test]
fn an_input_declared_twice() {
    let formula = parse("a", &Limits::new()).unwrap();
    let problems = formula
        .lower(&[("a", F64), ("a", I64)], &Options::new())
        .unwrap_err();
    assert_eq!(problems.first().code, Code::DuplicateInput);
    let many: Vec<(String, InputType)> = (0..40).map(|i| (format!("x{}", i % 39), F64)).collect();
    let many: Vec<(&str, InputType)> = many.iter().map(|(n, t)| (n.as_str(), *t)).collect();
    let problems = parse("x1", &Limits::new())
        .unwrap()
        .lower(&many, &Options::new());
    assert_eq!(problems.unwrap_err().first().code, Code::DuplicateInput);
}

/// The problems of who asks for one row, or for one value.
#[test]
fn whole_columns_and_rows_are_told_apart() {
    let text = "a / max(b)";
    let formula = parse(text, &Limits::new()).unwrap();
    let problem = formula.row_wise_problem().unwrap();
    assert_eq!(problem.code, Code::ColumnReduction);
    assert_eq!(problem.span.text(text), "max(b)");
    let message = "`max(b)` is over a whole column, and here there is one row";
    assert_eq!(problem.message, message);
    let help = problem.help.unwrap();
    assert_eq!(help, "per row it takes several values: max(a, b)");
    assert_eq!(
        parse("max(a, b)", &Limits::new())
            .unwrap()
            .row_wise_problem(),
        None
    );
    let problem = formula.row_value_problem("a", None);
    assert_eq!(problem.code, Code::RowValue);
    assert_eq!(problem.span.text(text), "a");
    let lowered = formula.lower(&inputs(), &Options::new()).unwrap();
    let single = lowered.totals.unwrap().single;
    assert_eq!(single.uses, [problem.span]);
}

#[test]
fn a_function_without_an_op_is_refused_by_name() {
    for info in kiln_formula::FUNCTIONS {
        if info.shape != kiln_formula::Shape::Decimal {
            continue;
        }
        let args = ["a", "b"][..usize::from(info.least)].join(", ");
        let formula = parse(&format!("{}({args})", info.name), &Limits::new()).unwrap();
        match formula.lower(&inputs(), &Options::new()) {
            Ok(lowered) => kiln_ir::verify(&lowered.func).unwrap(),
            Err(problems) => {
                assert_eq!(problems.first().code, Code::NotAvailable);
                assert!(problems.first().message.contains(info.name));
            }
        }
    }
}

#[test]
fn several_mistakes_come_in_the_order_of_the_text() {
    let text = "x = a <> 1\ny = foo(b)\nz = (a < b < c\nw = 3 +";
    let codes: Vec<Code> = problems(text).iter().map(|p| p.code).collect();
    assert_eq!(
        codes,
        [
            Code::ForeignOperator,
            Code::UnknownFunction,
            Code::UnclosedParenthesis,
            Code::ChainedComparison,
            Code::ExpectedValue,
        ]
    );
    for diagnostic in problems(text) {
        assert_eq!(diagnostic.severity(), Severity::Error);
    }
}

#[test]
fn at_most_twenty_are_shown() {
    let text = "foo(a);".repeat(50);
    let problems = parse(&text, &Limits::new()).unwrap_err();
    assert_eq!(problems.as_slice().len(), 20);
    assert_eq!(problems.omitted(), 30);
    assert!(problems.render(&text).ends_with("and 30 more\n"));
}
