//! [`Formula`]: a formula's text, read and found in order.

use crate::error::Error;
use kiln_formula::{Diagnostic, InputType, Options, OutputInfo, Overflow, Span};
use kiln_runtime::Limits;
use std::fmt;
use std::str::FromStr;

/// A numeric formula. Cheap to clone; prints as it was written.
///
/// ```
/// let f: kiln::Formula = "total = qty * price; net = total * (1 - disc)".parse()?;
/// assert_eq!(f.inputs().collect::<Vec<_>>(), ["qty", "price", "disc"]);
/// assert_eq!(f.outputs().collect::<Vec<_>>(), ["total", "net"]);
/// assert!(f.is_row_wise());
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Formula {
    inner: kiln_formula::Formula,
    overflow: Overflow,
}

impl Formula {
    /// Reads a formula under limits of its size.
    ///
    /// # Errors
    /// Every problem of the text, with its place.
    pub fn parse(text: &str, limits: &Limits) -> Result<Formula, Error> {
        let limits = kiln_formula::Limits {
            text_bytes: limits.text_bytes,
            depth: limits.depth,
            inputs: limits.inputs,
            nodes: limits.nodes,
            totals: limits.totals,
        };
        match kiln_formula::parse(text, &limits) {
            Ok(inner) => Ok(Formula {
                inner,
                overflow: Overflow::Checked,
            }),
            Err(diagnostics) => Err(Error::formula(shown(text), diagnostics)),
        }
    }

    /// The same formula with another answer to whole numbers that leave the
    /// 64-bit range; at first that is an error naming the row.
    #[must_use]
    pub fn overflow(self, overflow: Overflow) -> Formula {
        Formula { overflow, ..self }
    }

    /// The text, as it was written.
    pub fn source(&self) -> &str {
        self.inner.source()
    }

    /// The names of the inputs, in the order of their first use.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inner.inputs()
    }

    /// The names of the outputs, in order; an expression without a name gives
    /// `result`.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        self.inner.outputs()
    }

    /// What the text may not mean as intended, in source order.
    pub fn warnings(&self) -> &[Diagnostic] {
        self.inner.warnings()
    }

    /// Whether each output row depends on the same row of the inputs alone.
    pub fn is_row_wise(&self) -> bool {
        self.inner.is_row_wise()
    }

    /// Why the formula cannot be computed for one row, if it cannot.
    pub(crate) fn row_wise_error(&self) -> Option<Error> {
        let problem = self.inner.row_wise_problem()?;
        Some(Error::formula(self.source(), problem.into()))
    }

    pub(crate) fn row_value_error(&self, name: &str, span: Option<Span>) -> Error {
        let problem = self.inner.row_value_problem(name, span);
        Error::formula(self.source(), problem.into())
    }

    /// Checks the formula against the types of its inputs, and says what it
    /// gives for them. Inputs it does not use are in order.
    ///
    /// # Errors
    /// Every problem of names and types, with its place.
    pub fn check(&self, inputs: &[(&str, InputType)]) -> Result<Vec<OutputInfo>, Error> {
        Ok(self.lower(inputs)?.outputs)
    }

    /// The names an input may have: those of [`inputs`](Formula::inputs), then
    /// the constants in the text, which an input of that name hides.
    pub fn bindable_names(&self) -> impl Iterator<Item = &str> {
        let constants = kiln_formula::CONSTANTS.iter().map(|c| c.name);
        let hidden = constants.filter(|name| self.inner.mentions(name));
        self.inner.inputs().chain(hidden)
    }

    pub(crate) fn lower(
        &self,
        inputs: &[(&str, InputType)],
    ) -> Result<kiln_formula::Lowered, Error> {
        let options = Options::new().overflow(self.overflow);
        let lowered = self.inner.lower(inputs, &options);
        lowered.map_err(|diagnostics| Error::formula(self.source(), diagnostics))
    }
}

/// Reads a formula under the limits for text from outside.
impl FromStr for Formula {
    type Err = Error;

    fn from_str(text: &str) -> Result<Formula, Error> {
        Formula::parse(text, &Limits::untrusted())
    }
}

/// The text, as it was written.
impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// What an error keeps of a text: all of it, unless it is beyond every limit.
fn shown(text: &str) -> &str {
    let most = Limits::trusted().text_bytes.min(text.len());
    &text[..text.floor_char_boundary(most)]
}

/// As text.
#[cfg(feature = "serde")]
impl serde::Serialize for Formula {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.source())
    }
}

/// From text, under the limits for text from outside.
#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Formula {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Formula, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
