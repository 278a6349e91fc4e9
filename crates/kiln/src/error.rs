//! The error of the facade: opaque, with accessors for what callers act on.

use kiln_formula::{Code, Diagnostic, Diagnostics, Span};
use kiln_ir::{ParamType, Scalar, Site};
use kiln_runtime::{Fault, RuntimeError};
use std::sync::Arc;

/// Why a computation could not be made or run.
///
/// It prints as one line; [`Error::report`] is the long form with the place in
/// the formula marked.
#[derive(Clone, Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error {
    kind: Box<Kind>,
}

#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Kind {
    /// A formula that is wrong in itself, or for the inputs at hand.
    #[error("{diagnostics}")]
    Formula {
        source_text: Arc<str>,
        diagnostics: Diagnostics,
    },
    /// A name in a list of pairs that nothing uses.
    #[error("`{name}` is not an input{}", nearest(.near))]
    ExtraInput { name: String, near: Option<String> },
    /// An input that a computation with fixed inputs lacks.
    #[error("input `{name}` is missing{}", nearest(.near))]
    MissingInput { name: String, near: Option<String> },
    /// An input of another type than the computation was built for.
    #[error("input `{name}` is {expected}, not {found}")]
    InputType {
        name: String,
        expected: Described,
        found: Described,
    },
    /// An output of another type than asked for.
    #[error("output `{name}` is {found}, not {asked}")]
    OutputType {
        name: String,
        found: Described,
        asked: Described,
    },
    /// Another number of outputs than asked for.
    #[error("{found} outputs ({names}), where {asked} {} asked for", were(.asked))]
    OutputCount {
        found: usize,
        names: String,
        asked: usize,
    },
    /// Another number of names than of arguments.
    #[error("{names} names for {arguments} arguments")]
    NameCount { names: usize, arguments: usize },
    /// A name that is no output.
    #[error("`{name}` is not an output{}", nearest(.near))]
    NoSuchOutput { name: String, near: Option<String> },
    /// A name given twice.
    #[error("`{name}` is given twice")]
    Twice { name: String },
    /// Columns of different lengths.
    #[error("`{name}` has {found} rows, where `{other}` has {expected}")]
    Length {
        name: String,
        found: usize,
        other: String,
        expected: usize,
    },
    /// An input with a value for each row where one for all is asked for.
    #[error("`{name}` has a value for each row, and here there is one for all")]
    RowValue { name: String },
    /// A builder that was closed without an output.
    #[error("a computation needs an output")]
    NoOutput,
    /// Arguments of types for which there is no computation.
    #[error("@{name} does not take ({})", listed(.types))]
    NotTaken {
        name: String,
        types: Box<[ParamType]>,
    },
    /// A view of another rank than its type states.
    #[error("a view of {found} dimension{}, where {expected} {} stated", plural(.found), were(.expected))]
    Rank { found: usize, expected: usize },
    /// More signatures than a dispatcher takes.
    #[error("@{name} has {limit} signature{}, as many as it may have", plural(.limit))]
    Signatures { name: String, limit: usize },
    /// An array of another library that is not all of the memory it spans.
    #[cfg(feature = "ndarray")]
    #[error(
        "an array of shape {shape:?} and strides {strides:?} does not fill its memory: \
         take the window of a view of the whole array"
    )]
    Gaps {
        shape: Vec<usize>,
        strides: Vec<isize>,
    },
    /// What the runtime says.
    #[error(transparent)]
    Runtime(RuntimeError),
}

/// A type as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) scalar: Scalar,
    pub(crate) nullable: bool,
}

impl std::fmt::Display for Described {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.nullable {
            true => write!(f, "Option<{}>", self.scalar),
            false => self.scalar.fmt(f),
        }
    }
}

fn nearest(near: &Option<String>) -> String {
    match near {
        Some(name) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// Names as messages list them.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn listed(types: &[ParamType]) -> String {
    let types: Vec<String> = types.iter().map(ParamType::to_string).collect();
    types.join(", ")
}

fn plural(count: &usize) -> &'static str {
    if *count == 1 { "" } else { "s" }
}

fn were(count: &usize) -> &'static str {
    if *count == 1 { "was" } else { "were" }
}

impl Error {
    pub(crate) fn formula(source: &str, diagnostics: Diagnostics) -> Error {
        Kind::Formula {
            source_text: source.into(),
            diagnostics,
        }
        .into()
    }

    /// Every problem of the formula, in source order; empty for other errors.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match &*self.kind {
            Kind::Formula { diagnostics, .. } => diagnostics.as_slice(),
            _ => &[],
        }
    }

    /// The text of the formula that [`Error::diagnostics`] speak of.
    pub fn source_text(&self) -> Option<&str> {
        match &*self.kind {
            Kind::Formula { source_text, .. } => Some(source_text),
            _ => None,
        }
    }

    /// Where in the formula the first problem lies, or what failed at run time.
    pub fn span(&self) -> Option<Span> {
        let fault = || {
            let span = self.fault()?.span?;
            Some(Span {
                start: span.start,
                end: span.end,
            })
        };
        self.diagnostics().first().map(|d| d.span).or_else(fault)
    }

    /// Where in the program the access or the guard that failed was written,
    /// in a computation that the builder made.
    ///
    /// ```
    /// let b = kiln::Builder::new("second");
    /// let x = b.array::<f64, 1>("x");
    /// b.output("second", x.at(1));
    /// let second = b.finish()?.arrays()?;
    /// let error = second.call(&mut [(&[1.0]).into()]).unwrap_err();
    /// assert_eq!(error.to_string(), "index 1 is outside x of length 1 in @second");
    /// assert!(error.site().is_some_and(|site| site.line > 0));
    /// assert!(error.report().contains("\n --> "));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn site(&self) -> Option<&Site> {
        self.fault()?.site.as_deref()
    }

    /// The guard that failed, where one did.
    pub fn fault(&self) -> Option<&Fault> {
        match &*self.kind {
            Kind::Runtime(RuntimeError::Fault(fault)) => Some(fault),
            _ => None,
        }
    }

    /// The row that failed, counted from 0, where a row of a map did.
    pub fn row(&self) -> Option<usize> {
        self.fault()?.row
    }

    /// Whether a limit was passed: of the text, or of what it becomes.
    pub fn is_limit(&self) -> bool {
        const LIMITS: [Code; 5] = [
            Code::TextTooLong,
            Code::TooDeep,
            Code::TooManyInputs,
            Code::TooManyNodes,
            Code::TooManyTotals,
        ];
        match &*self.kind {
            Kind::Runtime(RuntimeError::Limit { .. }) | Kind::Signatures { .. } => true,
            _ => self.diagnostics().iter().any(|d| LIMITS.contains(&d.code)),
        }
    }

    /// Whether a name is the problem: one that is missing, not used, or given
    /// twice.
    pub fn is_name(&self) -> bool {
        let named = |d: &Diagnostic| matches!(d.code, Code::UnknownName | Code::DuplicateInput);
        match &*self.kind {
            Kind::ExtraInput { .. }
            | Kind::MissingInput { .. }
            | Kind::NoSuchOutput { .. }
            | Kind::Twice { .. } => true,
            _ => self.diagnostics().iter().any(named),
        }
    }

    /// The long form: every problem of a formula with its line and a caret, as
    /// for a terminal; the one line for other errors.
    ///
    /// ```
    /// let error = "qty * (price".parse::<kiln::Formula>().unwrap_err();
    /// assert!(error.report().contains("qty * (price\n  |       ^"));
    /// ```
    pub fn report(&self) -> String {
        match &*self.kind {
            Kind::Formula {
                source_text,
                diagnostics,
            } => diagnostics.render(source_text),
            other => match self.site() {
                Some(site) => format!("error: {other}\n --> {site}\n"),
                None => format!("error: {other}\n"),
            },
        }
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Error {
        Error {
            kind: Box::new(kind),
        }
    }
}

impl From<RuntimeError> for Error {
    fn from(error: RuntimeError) -> Error {
        Kind::Runtime(error).into()
    }
}
