//! Where in a formula's text something stands: byte spans, and the two ways
//! people and editors count.
//!
//! Everything inside the crate counts in bytes, because that is what slices
//! need. Line and column (for people) and UTF-16 ranges (for editors and web
//! pages) are computed from the text on demand, since only a problem that is
//! shown ever needs them.

/// A range of bytes of the formula's text, end exclusive.
///
/// Texts are at most [`Limits::text_bytes`](crate::Limits) long, far below
/// 4 GiB, so 32 bits are enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`.
    pub(crate) fn new(start: u32, end: u32) -> Span {
        Span { start, end }
    }

    /// The empty span in front of byte `at`.
    pub(crate) fn at(at: u32) -> Span {
        Span { start: at, end: at }
    }

    /// The least span that covers both.
    pub(crate) fn to(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The piece of `source` that the span covers; empty if the span does not
    /// belong to this text.
    pub fn text(self, source: &str) -> &str {
        source
            .get(self.start as usize..self.end as usize)
            .unwrap_or("")
    }

    /// Line and column of the first character, both counted from 1, the column
    /// in characters.
    pub fn place(self, source: &str) -> Place {
        let before = prefix(source, self.start);
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The span in UTF-16 code units from the beginning of the text, as
    /// JavaScript strings and language servers count.
    pub fn utf16_range(self, source: &str) -> std::ops::Range<usize> {
        let units = |text: &str| text.encode_utf16().count();
        let start = units(prefix(source, self.start));
        start..start + units(self.text(source))
    }
}

/// A line and a column, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The text before byte `at`, cut back to a character boundary.
fn prefix(source: &str, at: u32) -> &str {
    let mut at = (at as usize).min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    &source[..at]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_lines() {
        let source = "a = 1\nβ𝛼 + c";
        let c = Span::new(15, 16);
        assert_eq!(c.text(source), "c");
        assert_eq!(c.place(source), Place { line: 2, column: 6 });
        // β is one UTF-16 unit, 𝛼 is two.
        assert_eq!(c.utf16_range(source), 12..13);
    }

    #[test]
    fn a_span_of_another_text_is_harmless() {
        let span = Span::new(7, 99);
        assert_eq!(span.text("aβ"), "");
        assert_eq!(span.place("aβ"), Place { line: 1, column: 3 });
    }
}
