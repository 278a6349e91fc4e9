//! The plain caret form of a problem: message, place, line, caret, help.
//!
//! ```text
//! error[K0201]: `prise` is not an input
//!  --> line 1, column 7
//!   |
//! 1 | qty * prise
//!   |       ^^^^^
//!   = help: did you mean `price`?
//! ```
//! No colours and no frames: this goes into logs, terminals and tests alike.
//! Long lines are cut to a window around the caret, so a hostile one-line text
//! of 64 KiB cannot flood a log.

use crate::code::Severity;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// Most characters of a source line that are shown.
const WINDOW: usize = 96;

/// The problem in caret form, ending with a newline.
pub(crate) fn diagnostic(problem: &Diagnostic, source: &str) -> String {
    let word = match problem.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let place = problem.span.place(source);
    let gutter = place.line.to_string().len();
    let mut out = format!(
        "{word}[{}]: {}\n{:gutter$}--> {place}\n",
        problem.code, problem.message, ""
    );
    out.push_str(&format!("{:gutter$} |\n", ""));
    snippet(&mut out, problem.span, None, gutter, source);
    for label in &problem.labels {
        snippet(&mut out, label.span, Some(&label.message), gutter, source);
    }
    if let Some(help) = &problem.help {
        out.push_str(&format!("{:gutter$} = help: {help}\n", ""));
    }
    if let Some(suggestion) = &problem.suggestion {
        let repaired = suggestion.apply(source);
        let line = suggestion.span.place(source).line;
        let text = visible(repaired.lines().nth(line - 1).unwrap_or(""));
        if text.chars().count() <= WINDOW {
            out.push_str(&format!("{:gutter$} = try:  {}\n", "", text.trim()));
        }
    }
    out
}

/// One source line with a caret under `span` and, for a label, its message.
fn snippet(out: &mut String, span: Span, message: Option<&str>, gutter: usize, source: &str) {
    let place = span.place(source);
    let line = source.split('\n').nth(place.line - 1).unwrap_or("");
    let line = line.strip_suffix('\r').unwrap_or(line);
    let wanted = span.text(source).lines().next().unwrap_or("");
    let column = place.column - 1;
    let (first, shown) = window(line, column);
    let lead = if first > 0 { "..." } else { "" };
    let caret = if message.is_some() { '-' } else { '^' };
    let room = WINDOW.saturating_sub(column - first).max(1);
    let width = wanted.chars().count().clamp(1, room);
    let line_number = place.line;
    out.push_str(&format!("{line_number:gutter$} | {lead}{shown}\n"));
    out.push_str(&format!("{:gutter$} | ", ""));
    out.extend(std::iter::repeat_n(' ', lead.len() + column - first));
    out.extend(std::iter::repeat_n(caret, width));
    if let Some(message) = message {
        out.push(' ');
        out.push_str(message);
    }
    out.push('\n');
}

/// At most [`WINDOW`] characters of `line` that include the one at `column`,
/// and the number of the first of them.
fn window(line: &str, column: usize) -> (usize, String) {
    let length = line.chars().count();
    let first = if length <= WINDOW {
        0
    } else {
        column.saturating_sub(WINDOW / 2)
    };
    let shown: String = line.chars().skip(first).take(WINDOW).collect();
    (first, visible(&shown))
}

/// Tabs and control characters take one column each, so that carets line up
/// and nothing in a formula can move a terminal's cursor.
fn visible(text: &str) -> String {
    let show = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(show).collect()
}

/// A piece of a formula, quoted for a message and cut if it is long.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 40;
    // Only the head is looked at: pieces can be as long as the text, and a
    // text can be full of them.
    let end = text.char_indices().nth(LONGEST).map(|(at, _)| at);
    match end {
        None => format!("`{}`", visible(text)),
        Some(end) => format!("`{}...`", visible(&text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;

    #[test]
    fn a_caret_stands_under_its_place() {
        let source = "let d = 1\nqty * prise";
        let shown = Diagnostic::new(
            Code::UnknownName,
            Span::new(16, 21),
            "`prise` is not an input",
        )
        .help("did you mean `price`?")
        .suggest(Span::new(16, 21), "price")
        .render(source);
        let expected = "\
error[K0201]: `prise` is not an input
 --> line 2, column 7
  |
2 | qty * prise
  |       ^^^^^
  = help: did you mean `price`?
  = try:  qty * price
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let source = format!("{}?{}", "x+".repeat(5000), "+x".repeat(5000));
        let span = Span::new(10_000, 10_001);
        let shown = Diagnostic::new(Code::ExpectedValue, span, "here").render(&source);
        let lines: Vec<&str> = shown.lines().collect();
        let caret = lines[4].find('^').unwrap();
        assert_eq!(lines[3].as_bytes()[caret], b'?');
        assert!(shown.len() < 400, "{shown}");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let source = "a \u{1b}[2J b";
        let shown = Diagnostic::new(Code::ControlCharacter, Span::new(2, 3), "here").render(source);
        assert!(!shown.contains('\u{1b}'));
    }
}
