//! Problems with a formula, as data: what, where, why, and what to write
//! instead.
//!
//! A service shows these in its own pages, so nothing is baked into one string:
//! code, span, message, labels, help and suggestion stand apart, and the plain
//! caret form is only one way to print them. Messages speak an analyst's
//! language: number, whole number, true/false, missing.

use crate::code::{Code, Severity};
use crate::render;
use crate::span::Span;

/// No more problems than this are reported for one text; the rest is counted.
/// Beyond twenty nobody reads on, and a hostile text must not fill a log.
pub const MAX_DIAGNOSTICS: usize = 20;

/// A further place that explains a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is to be seen there.
    pub message: String,
}

/// Text that would repair the formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// The piece to replace; empty for an insertion.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

impl Suggestion {
    /// `source` with the suggestion applied.
    pub fn apply(&self, source: &str) -> String {
        let start = (self.span.start as usize).min(source.len());
        let end = (self.span.end as usize).min(source.len());
        match (source.get(..start), source.get(end..)) {
            (Some(before), Some(after)) => format!("{before}{}{after}", self.replacement),
            _ => source.to_owned(),
        }
    }
}

/// One problem with a formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of problem it is; its text form, such as `K0103`, is stable.
    pub code: Code,
    /// The place it is about.
    pub span: Span,
    /// What is wrong, as a lower-case clause.
    pub message: String,
    /// Further places.
    pub labels: Vec<Label>,
    /// How to go on, as a lower-case clause.
    pub help: Option<String>,
    /// A replacement that would repair it.
    pub suggestion: Option<Suggestion>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            span,
            message: message.into(),
            labels: Vec::new(),
            help: None,
            suggestion: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn label(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    pub(crate) fn suggest(mut self, span: Span, replacement: impl Into<String>) -> Diagnostic {
        self.suggestion = Some(Suggestion {
            span,
            replacement: replacement.into(),
        });
        self
    }

    /// Whether this is an error or a warning.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The problem as text with the line it stands on and a caret under the
    /// place; `source` is the text of the formula. Ends with a newline.
    pub fn render(&self, source: &str) -> String {
        render::diagnostic(self, source)
    }
}

/// All problems found in one text, in source order: at least one, at most
/// [`MAX_DIAGNOSTICS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    omitted: usize,
}

impl From<Diagnostic> for Diagnostics {
    fn from(problem: Diagnostic) -> Diagnostics {
        Diagnostics::new(vec![problem], 0)
    }
}

impl Diagnostics {
    /// Sorts by place and keeps the first [`MAX_DIAGNOSTICS`].
    ///
    /// # Panics
    /// If `list` is empty: a failure without a reason is a bug of the checker.
    pub(crate) fn new(mut list: Vec<Diagnostic>, dropped: usize) -> Diagnostics {
        assert!(!list.is_empty(), "a failure names at least one problem");
        list.sort_by_key(|d| d.span.start);
        let omitted = dropped + list.len().saturating_sub(MAX_DIAGNOSTICS);
        list.truncate(MAX_DIAGNOSTICS);
        Diagnostics { list, omitted }
    }

    /// The problems, in source order.
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.list
    }

    /// The first problem.
    pub fn first(&self) -> &Diagnostic {
        &self.list[0]
    }

    /// The problems, in source order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many further problems were found and left out.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// All problems in caret form, with a blank line between them.
    pub fn render(&self, source: &str) -> String {
        let mut out = String::new();
        for (i, diagnostic) in self.list.iter().enumerate() {
            if i > 0 {
                out.push('\n');
            }
            out.push_str(&diagnostic.render(source));
        }
        if self.omitted > 0 {
            out.push_str(&format!("\nand {} more\n", self.omitted));
        }
        out
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.list[0].message)?;
        match self.list.len() - 1 + self.omitted {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl std::error::Error for Diagnostics {}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

/// Collects problems while a text is read. Keeps a few more than are shown,
/// because they arrive by stage and are sorted by place at the end.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    dropped: usize,
}

impl Problems {
    /// How many are kept before only the count goes on.
    const KEPT: usize = 4 * MAX_DIAGNOSTICS;

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        match diagnostic.severity() {
            Severity::Error if self.errors.len() < Problems::KEPT => self.errors.push(diagnostic),
            Severity::Error => self.dropped += 1,
            Severity::Warning if self.warnings.len() < MAX_DIAGNOSTICS => {
                self.warnings.push(diagnostic);
            }
            Severity::Warning => {}
        }
    }

    /// Adds a problem that takes some work to word, unless it would only be
    /// counted: a text can hold thousands of them.
    pub(crate) fn push_with(&mut self, error: impl FnOnce() -> Diagnostic) {
        if self.errors.len() < Problems::KEPT {
            self.push(error());
        } else {
            self.dropped += 1;
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The warnings if nothing worse was found, else the errors.
    pub(crate) fn finish(self) -> Result<Vec<Diagnostic>, Diagnostics> {
        if self.has_errors() {
            return Err(Diagnostics::new(self.errors, self.dropped));
        }
        let mut warnings = self.warnings;
        warnings.sort_by_key(|d| d.span.start);
        Ok(warnings)
    }
}
