//! Tokens: what the text consists of, before any grammar.
//!
//! A token is its kind and its span; whatever it says is read from the text
//! again when it is needed. Line ends are not tokens but a flag on the token
//! after them, because whether one ends an item depends on where the parser is.

use crate::span::Span;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The end of the text. Every token list ends with one.
    End,
    /// A piece of text the lexer has reported already.
    Bad,
    /// A name; in backticks or plain.
    Name,
    /// A whole number without point or exponent, in decimal or hexadecimal.
    Whole,
    /// A decimal number.
    Decimal,
    Let,
    If,
    Else,
    And,
    Or,
    Not,
    Plus,
    Minus,
    Star,
    Slash,
    SlashSlash,
    Percent,
    Power,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Amp,
    Bar,
    Tilde,
    Bang,
    Question,
    Colon,
    Assign,
    /// An operator of another language: `<>`, `===`, `++`, `:=`, `=>`, ...
    Foreign,
    Comma,
    Semicolon,
    Open,
    Close,
}

/// A token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// Whether a line ended between the token before and this one.
    pub(crate) on_new_line: bool,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Token {
    pub(crate) fn span(self) -> Span {
        Span::new(self.start, self.end)
    }
}

impl Kind {
    /// Whether a line that begins with this token goes on with the item of the
    /// line before.
    pub(crate) fn continues_item(self) -> bool {
        matches!(
            self,
            Kind::Else
                | Kind::And
                | Kind::Or
                | Kind::Plus
                | Kind::Minus
                | Kind::Star
                | Kind::Slash
                | Kind::SlashSlash
                | Kind::Percent
                | Kind::Power
                | Kind::Equal
                | Kind::NotEqual
                | Kind::Less
                | Kind::LessEqual
                | Kind::Greater
                | Kind::GreaterEqual
                | Kind::Amp
                | Kind::Bar
                | Kind::Question
                | Kind::Colon
                | Kind::Foreign
                | Kind::Comma
                | Kind::Close
        )
    }

    /// Whether this is a comparison.
    pub(crate) fn is_comparison(self) -> bool {
        matches!(
            self,
            Kind::Equal
                | Kind::NotEqual
                | Kind::Less
                | Kind::LessEqual
                | Kind::Greater
                | Kind::GreaterEqual
        )
    }
}
