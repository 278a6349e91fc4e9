//! docs/guide/formulas.md and coming-from.md say what the code does: their
//! tables are made from the code's, their examples are run.
//!
//! `KILN_BLESS=1` rewrites the tables between the markers.

use crate::eval::{V, rows_with};
use kiln_formula::{
    ANY_NUMBER, CONSTANTS, Code, Diagnostic, FUNCTIONS, Fixity, InputType, KEYWORDS, Limits,
    OPERATORS, Options, Severity, Shape, parse,
};
use kiln_ir::{FaultKind, Scalar};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn guide(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join("docs/guide").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(guide(name)).unwrap()
}

// Tables.

fn functions() -> String {
    let mut out = "| function | also called | value |\n|---|---|---|\n".to_owned();
    for info in FUNCTIONS {
        let aliases: Vec<String> = info.aliases.iter().map(|a| format!("`{a}`")).collect();
        writeln!(
            out,
            "| `{}` | {} | {} |",
            info.usage,
            aliases.join(", "),
            info.doc
        )
        .unwrap();
    }
    out
}

fn operators() -> String {
    let mut out = "| operator | groups | value |\n|---|---|---|\n".to_owned();
    for info in OPERATORS {
        let spellings: Vec<String> = info
            .spellings
            .iter()
            .map(|s| format!("`{}`", s.replace('|', "\\|")))
            .collect();
        let groups = match info.fixity {
            Fixity::Prefix => "before its value",
            Fixity::Left => "from the left",
            Fixity::Right => "from the right",
            Fixity::Once => "not in a row",
            Fixity::Conditional => "last branch from the right",
        };
        writeln!(
            out,
            "| {} | {groups} | {} |",
            spellings.join(", "),
            info.doc
        )
        .unwrap();
    }
    out
}

fn constants() -> String {
    let mut out = "| constant | value |\n|---|---|\n".to_owned();
    for info in CONSTANTS {
        writeln!(out, "| `{}` | {} |", info.name, info.doc).unwrap();
    }
    out
}

fn codes() -> String {
    let mut out = "| code | kind | what it reports |\n|---|---|---|\n".to_owned();
    for code in Code::ALL {
        let kind = match code.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(out, "| `{code}` | {kind} | {} |", code.title()).unwrap();
    }
    out
}

/// The functions that the checker refuses because the IR has no op for them.
fn not_yet() -> String {
    let f64 = InputType::new(Scalar::F64);
    let refused = FUNCTIONS.iter().filter(|info| {
        let args = ["a", "b", "c"][..usize::from(info.least)].join(", ");
        let formula = parse(&format!("{}({args})", info.name), &Limits::new()).unwrap();
        let inputs = [("a", f64), ("b", f64), ("c", f64)];
        match formula.lower(&inputs, &Options::new()) {
            Ok(_) => false,
            Err(problems) => problems.first().code == Code::NotAvailable,
        }
    });
    let names: Vec<String> = refused.map(|info| format!("`{}`", info.name)).collect();
    format!("{}.\n", names.join(", "))
}

#[test]
fn tables_are_those_of_the_code() {
    let sections = [
        ("functions", functions()),
        ("operators", operators()),
        ("constants", constants()),
        ("codes", codes()),
        ("not-yet", not_yet()),
    ];
    let mut text = read("formulas.md");
    for (name, table) in sections {
        let open = format!("<!-- {name} -->\n");
        let start = text.find(&open).unwrap_or_else(|| panic!("no {open}")) + open.len();
        let end = start + text[start..].find("<!-- end -->").unwrap();
        if std::env::var_os("KILN_BLESS").is_some() {
            text.replace_range(start..end, &table);
            std::fs::write(guide("formulas.md"), &text).unwrap();
        } else {
            assert_eq!(
                &text[start..end],
                table,
                "docs/guide/formulas.md, {name}: KILN_BLESS=1 cargo test -p kiln-formula docs"
            );
        }
    }
}

#[test]
fn limits_are_those_of_the_code() {
    let text = read("formulas.md");
    let (default, trusted) = (Limits::new(), Limits::trusted());
    for (name, a, b) in [
        ("bytes of text", default.text_bytes, trusted.text_bytes),
        ("depth", default.depth, trusted.depth),
        ("inputs", default.inputs, trusted.inputs),
        ("values and operations", default.nodes, trusted.nodes),
    ] {
        assert!(
            text.contains(&format!("| {name} | {a} | {b} |\n")),
            "{name}"
        );
    }
    for keyword in KEYWORDS {
        assert!(text.contains(&format!("`{keyword}`")), "{keyword}");
    }
    assert!(
        FUNCTIONS
            .iter()
            .any(|f| f.most == ANY_NUMBER && f.shape == Shape::Number)
    );
}

// Examples.

/// The code spans of a line with the text after each.
fn spans(line: &str) -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        if let Some(last) = out.last_mut() {
            last.1 = rest[..start].to_owned();
        }
        let ticks = rest[start..].chars().take_while(|&c| c == '`').count();
        let fence = "`".repeat(ticks);
        let body = &rest[start + ticks..];
        let Some(end) = body.find(&fence) else { break };
        let code = body[..end].replace("\\|", "|");
        let code = if ticks > 1 { code.trim() } else { &code };
        out.push((code.to_owned(), String::new()));
        rest = &body[end + ticks..];
    }
    if let Some(last) = out.last_mut() {
        last.1 = rest.to_owned();
    }
    out
}

/// A formula, its inputs and the result that the document promises.
struct Example {
    line: usize,
    text: String,
    inputs: String,
    result: String,
}

fn examples(document: &str) -> Vec<Example> {
    let mut out = Vec::new();
    for (index, line) in document.lines().enumerate() {
        let spans = spans(line);
        let joins = |i: usize, word: &str| {
            spans
                .get(i)
                .is_some_and(|s| s.1.trim_matches([' ', '|']) == word)
        };
        for i in 0..spans.len() {
            let (at, inputs) = if joins(i, "where") {
                (i + 1, spans[i + 1].0.clone())
            } else {
                (i, String::new())
            };
            let is_inputs = i > 0 && joins(i - 1, "where");
            if joins(at, "→") && !is_inputs {
                out.push(Example {
                    line: index + 1,
                    text: spans[i].0.clone(),
                    inputs,
                    result: spans[at + 1].0.clone(),
                });
            }
        }
    }
    out
}

/// A value as the documents write it, with its type.
fn value(text: &str) -> (InputType, V) {
    let of = |scalar, v| (InputType::new(scalar), v);
    match text {
        "missing" => (InputType::new(Scalar::F64).nullable(), V::M),
        "maybe" => (InputType::new(Scalar::Bool).nullable(), V::M),
        "true" | "false" => of(Scalar::Bool, V::B(text == "true")),
        "inf" | "-inf" | "nan" => of(Scalar::F64, V::D(text.parse().unwrap())),
        _ => {
            if let Some(single) = text.strip_suffix("f32") {
                of(Scalar::F32, V::S(single.parse().unwrap()))
            } else if let Ok(whole) = text.parse() {
                of(Scalar::I64, V::I(whole))
            } else {
                let decimal = text
                    .parse()
                    .unwrap_or_else(|_| panic!("{text} is no value"));
                of(Scalar::F64, V::D(decimal))
            }
        }
    }
}

/// The rows of a column, with a space between them; one is the usual case.
fn rows(text: &str) -> (InputType, Vec<V>) {
    let cells: Vec<(InputType, V)> = text.split(' ').map(value).collect();
    let mut ty = cells
        .iter()
        .find(|cell| cell.1 != V::M)
        .unwrap_or(&cells[0])
        .0;
    ty.nullable = cells.iter().any(|cell| cell.1 == V::M);
    (ty, cells.iter().map(|cell| cell.1).collect())
}

fn inputs(text: &str) -> Vec<(String, InputType, Vec<V>)> {
    let pairs = text.split(", ").filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, written) = pair.split_once(" = ").unwrap();
            let (ty, values) = rows(written);
            (name.to_owned(), ty, values)
        })
        .collect()
}

fn problems(text: &str, declared: &[(&str, InputType)]) -> Vec<Diagnostic> {
    match parse(text, &Limits::new()) {
        Err(problems) => problems.as_slice().to_vec(),
        Ok(formula) => {
            let mut all = formula.warnings().to_vec();
            if let Err(problems) = formula.lower(declared, &Options::new()) {
                all.extend(problems.as_slice().iter().cloned());
            }
            all
        }
    }
}

fn check(name: &str, example: &Example) {
    let Example {
        line,
        text,
        inputs: given,
        result,
    } = example;
    let place = format!("{name}:{line}: {text} where {given}");
    let given = inputs(given);
    let declared: Vec<_> = given.iter().map(|g| (g.0.as_str(), g.1)).collect();
    if result.starts_with('K') {
        let found = problems(text, &declared);
        let found: Vec<&str> = found.iter().map(|p| p.code.as_str()).collect();
        assert!(found.contains(&result.as_str()), "{place}: {found:?}");
        return;
    }
    let columns: Vec<_> = given
        .iter()
        .map(|g| (g.0.as_str(), g.1, g.2.clone()))
        .collect();
    let got = rows_with(text, &columns, &Options::new());
    let fault = match result.as_str() {
        "overflow" => FaultKind::Overflow,
        "division by zero" => FaultKind::DivisionByZero,
        _ => {
            let got = got.unwrap_or_else(|fault| panic!("{place}: {fault:?}"));
            let got: Vec<V> = got.iter().map(|outputs| outputs[0]).collect();
            assert_eq!(got, rows(result).1, "{place}");
            return;
        }
    };
    assert_eq!(got.map_err(|(kind, _)| kind), Err(fault), "{place}");
}

#[test]
fn examples_hold() {
    for (name, least) in [("formulas.md", 50), ("coming-from.md", 130)] {
        let examples = examples(&read(name));
        for example in &examples {
            check(name, example);
        }
        assert!(examples.len() >= least, "{name}: {}", examples.len());
    }
}

/// Each row of the tables of differences ends with something that is run.
#[test]
fn every_difference_is_checked() {
    let text = read("coming-from.md");
    let mut rows = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        if line.ends_with("| checked |") {
            continue;
        }
        rows += 1;
        let last = line.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        assert!(!examples(last).is_empty(), "{line}");
    }
    assert!(rows >= 80, "{rows}");
}
