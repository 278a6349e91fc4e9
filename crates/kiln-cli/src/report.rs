//! What every command says beside its result: warnings, errors, and both as
//! JSON.
//!
//! A problem of a formula is shown with its line and a caret. With `--json`
//! standard error carries one JSON object instead; docs/guide/cli.md has the
//! shapes.

use kiln::{Diagnostic, Formula, Severity};
use serde_json::{Value as Json, json};
use std::io::Write;

/// Why a command ends with exit code 1.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A formula is wrong, or its computation failed.
    Kiln(kiln::Error),
    /// A warning, under `--deny-warnings`; it has been printed.
    Denied,
    /// A command line that makes no sense, which clap cannot know.
    Misuse(&'static str),
    /// Anything else, with a place where there is one.
    Other(anyhow::Error),
}

impl From<kiln::Error> for Failure {
    fn from(error: kiln::Error) -> Failure {
        Failure::Kiln(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Other(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Other(error.into())
    }
}

/// A failure with a message of ours.
pub(crate) fn failure(message: impl Into<String>) -> Failure {
    Failure::Other(anyhow::Error::msg(message.into()))
}

/// A command line that makes no sense.
pub(crate) fn misuse(message: &'static str) -> Failure {
    Failure::Misuse(message)
}

impl Failure {
    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Misuse(_) => 2,
            Failure::Kiln(_) | Failure::Denied | Failure::Other(_) => 1,
        }
    }

    /// Whether the reader of our output went away, which is no failure of ours.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let is_pipe = |error: &(dyn std::error::Error + 'static)| {
            error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
        };
        match self {
            Failure::Other(error) => error.chain().any(is_pipe),
            _ => false,
        }
    }

    /// Prints the failure to standard error.
    pub(crate) fn print(&self, as_json: bool) {
        let text = match (self, as_json) {
            (Failure::Denied, false) => "error: warnings are denied\n".to_owned(),
            (Failure::Misuse(message), false) => format!("error: {message}\n"),
            (Failure::Kiln(error), false) => error.report(),
            (Failure::Other(error), false) => format!("error: {error:#}\n"),
            (_, true) => format!("{}\n", json!({ "error": self.to_json() })),
        };
        // Nobody is left to tell if standard error is closed.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    fn to_json(&self) -> Json {
        match self {
            Failure::Denied => json!({ "message": "warnings are denied" }),
            Failure::Misuse(message) => json!({ "message": message }),
            Failure::Other(error) => json!({ "message": format!("{error:#}") }),
            Failure::Kiln(error) => {
                let source = error.source_text().unwrap_or_default();
                let diagnostics = error.diagnostics().iter();
                json!({
                    "message": error.to_string(),
                    "row": error.row(),
                    "is_limit": error.is_limit(),
                    "diagnostics": diagnostics.map(|d| diagnostic(d, source)).collect::<Vec<_>>(),
                })
            }
        }
    }
}

/// A diagnostic as JSON.
pub(crate) fn diagnostic(d: &Diagnostic, source: &str) -> Json {
    let place = d.span.place(source);
    let utf16 = d.span.utf16_range(source);
    let labels = d.labels.iter().map(|label| {
        json!({ "start": label.span.start, "end": label.span.end, "message": label.message })
    });
    json!({
        "code": d.code.as_str(),
        "severity": match d.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": d.message,
        "start": d.span.start,
        "end": d.span.end,
        "line": place.line,
        "column": place.column,
        "utf16_start": utf16.start,
        "utf16_end": utf16.end,
        "labels": labels.collect::<Vec<_>>(),
        "help": d.help,
        "suggestion": d.suggestion.as_ref().map(|s| json!({
            "start": s.span.start,
            "end": s.span.end,
            "replacement": s.replacement,
        })),
    })
}

/// The warnings of a formula as JSON.
pub(crate) fn warnings_json(formula: &Formula) -> Json {
    let warnings = formula.warnings().iter();
    warnings.map(|d| diagnostic(d, formula.source())).collect()
}

/// Prints the warnings of a formula to standard error, unless a JSON result
/// will hold them, and fails if they are denied.
pub(crate) fn warn(formula: &Formula, as_json: bool, deny: bool) -> Result<(), Failure> {
    if formula.warnings().is_empty() {
        return Ok(());
    }
    if deny || !as_json {
        let mut text = String::new();
        for warning in formula.warnings() {
            text.push_str(&warning.render(formula.source()));
        }
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
    if deny { Err(Failure::Denied) } else { Ok(()) }
}

/// A value as JSON: numbers as such, but NaN and infinities as text, since
/// JSON has none; `null` where it is missing.
pub(crate) fn value_json(value: kiln::Value) -> Json {
    match value {
        kiln::Value::Missing => Json::Null,
        kiln::Value::Bool(truth) => truth.into(),
        kiln::Value::U64(number) => number.into(),
        kiln::Value::F32(number) if number.is_finite() => {
            // The shortest decimal form, not that of the number widened.
            let text = number.to_string();
            text.parse::<f64>().map_or(Json::Null, Json::from)
        }
        kiln::Value::F64(number) if number.is_finite() => number.into(),
        other => match other.as_i64() {
            Some(number) => number.into(),
            None => other.to_string().into(),
        },
    }
}

/// Prints to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints outputs that are single values: one as its bare value.
pub(crate) fn print_values(
    formula: &Formula,
    outputs: &kiln::Values,
    as_json: bool,
) -> Result<(), Failure> {
    if as_json {
        let output = |(name, value): (&str, kiln::Value)| {
            let ty = value.scalar().map(kiln::Scalar::name);
            json!({ "name": name, "type": ty, "value": value_json(value) })
        };
        return print_json(&json!({
            "outputs": outputs.iter().map(output).collect::<Vec<_>>(),
            "tier": outputs.ran().tier.name(),
            "warnings": warnings_json(formula),
        }));
    }
    match outputs.only() {
        Some(value) => print(&format!("{value}\n")),
        None => {
            let line = |(name, value)| format!("{name} = {value}\n");
            print(&outputs.iter().map(line).collect::<String>())
        }
    }
}

/// Prints JSON to standard output, indented.
pub(crate) fn print_json(json: &Json) -> Result<(), Failure> {
    print(&format!("{json:#}\n"))
}
