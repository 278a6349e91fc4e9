//! Text to tokens, in one pass over the bytes.
//!
//! Problems do not stop the lexer: a piece it cannot read becomes a
//! [`Kind::Bad`] token, reported once, so that the parser goes on behind it.

use crate::code::Code;
use crate::diagnostic::{Diagnostic, Problems};
use crate::render::quote;
use crate::span::Span;
use crate::token::{Kind, Token};

/// The tokens of `source`, ending with [`Kind::End`]; problems go to
/// `problems`.
pub(crate) fn lex(source: &str, problems: &mut Problems) -> Vec<Token> {
    let mut lexer = Lexer {
        source,
        bytes: source.as_bytes(),
        at: 0,
        // About two bytes a token in dense text, more in usual text.
        tokens: Vec::with_capacity(source.len() / 2 + 2),
        on_new_line: false,
        problems,
    };
    lexer.run();
    lexer.tokens
}

struct Lexer<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    on_new_line: bool,
    problems: &'a mut Problems,
}

impl Lexer<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.on_new_line = true;
                    self.at += 1;
                }
                b'#' => self.skip_while(|b| b != b'\n'),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
                b'0'..=b'9' => self.number(),
                b'.' if self.peek(1).is_ascii_digit() => self.number(),
                b'`' => self.quoted_name(),
                b'"' | b'\'' => self.text_literal(byte),
                0x80.. => self.beyond_ascii(),
                _ => self.symbol(byte),
            }
        }
        self.push(Kind::End, self.at, self.at);
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        while self.at < self.bytes.len() && keep(self.bytes[self.at]) {
            self.at += 1;
        }
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token {
            kind,
            on_new_line: self.on_new_line,
            start: start as u32,
            end: end as u32,
        });
        self.on_new_line = false;
        self.at = end;
    }

    /// Reports the piece `start..end` and leaves a token in its place.
    fn bad(&mut self, start: usize, end: usize, code: Code, message: String, help: &str) {
        let mut diagnostic = Diagnostic::new(code, Span::new(start as u32, end as u32), message);
        if !help.is_empty() {
            diagnostic = diagnostic.help(help);
        }
        self.problems.push(diagnostic);
        self.push(Kind::Bad, start, end);
    }

    /// A plain name or keyword. Dots and `::` belong to a name when more of
    /// the name follows them.
    fn word(&mut self) {
        let start = self.at;
        loop {
            self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'_');
            match self.peek(0) {
                b'.' if self.name_goes_on(1) => self.at += 1,
                b':' if self.peek(1) == b':' && self.name_goes_on(2) => self.at += 2,
                0x80.. => match self.char_at(self.at) {
                    Some(c) if c.is_alphanumeric() => self.at += c.len_utf8(),
                    _ => break,
                },
                _ => break,
            }
        }
        let kind = match &self.bytes[start..self.at] {
            b"let" => Kind::Let,
            b"if" => Kind::If,
            b"else" => Kind::Else,
            b"and" => Kind::And,
            b"or" => Kind::Or,
            b"not" => Kind::Not,
            _ => Kind::Name,
        };
        self.push(kind, start, self.at);
    }

    fn char_at(&self, at: usize) -> Option<char> {
        self.source.get(at..).and_then(|rest| rest.chars().next())
    }

    fn name_goes_on(&self, ahead: usize) -> bool {
        match self.peek(ahead) {
            b if b.is_ascii_alphanumeric() || b == b'_' => true,
            0x80.. => self
                .char_at(self.at + ahead)
                .is_some_and(char::is_alphanumeric),
            _ => false,
        }
    }

    /// A character beyond ASCII: the start of a name, a space, or a sign that
    /// word processors put in place of an operator.
    fn beyond_ascii(&mut self) {
        let start = self.at;
        let Some(c) = self.char_at(start) else {
            // Unreachable in valid UTF-8: every step is a whole character.
            self.at += 1;
            return;
        };
        let end = start + c.len_utf8();
        if c.is_alphabetic() {
            return self.word();
        }
        if c.is_whitespace() || c == '\u{feff}' {
            self.at = end;
            return;
        }
        let instead = match c {
            '−' | '–' | '—' => "-",
            '×' | '·' | '∙' => "*",
            '÷' => "/",
            '≤' => "<=",
            '≥' => ">=",
            '≠' => "!=",
            '²' => "^2",
            '³' => "^3",
            '“' | '”' | '‘' | '’' => return self.text_literal_at(start, end),
            _ => "",
        };
        let span = Span::new(start as u32, end as u32);
        let mut diagnostic = Diagnostic::new(
            Code::UnexpectedCharacter,
            span,
            format!("`{c}` is not used in formulas"),
        );
        if !instead.is_empty() {
            diagnostic = diagnostic
                .help(format!("did you mean `{instead}`?"))
                .suggest(span, instead);
        }
        self.problems.push(diagnostic);
        self.push(Kind::Bad, start, end);
    }

    /// A name in backticks; two backticks stand for one.
    fn quoted_name(&mut self) {
        let start = self.at;
        self.at += 1;
        loop {
            self.skip_while(|b| b != b'`' && b != b'\n' && b != 0);
            if self.peek(0) != b'`' || self.at >= self.bytes.len() {
                let message = "this name in backticks is not closed".to_owned();
                return self.bad(
                    start,
                    self.at,
                    Code::MalformedName,
                    message,
                    "add a ` at its end",
                );
            }
            if self.peek(1) != b'`' || self.at == start + 1 {
                break;
            }
            self.at += 2;
        }
        let end = self.at + 1;
        if end == start + 2 {
            let message = "this name is empty".to_owned();
            return self.bad(start, end, Code::MalformedName, message, "");
        }
        self.push(Kind::Name, start, end);
    }

    /// A number: `12`, `1_000`, `0x2A`, `1.5`, `.5`, `2.`, `1e-3`.
    fn number(&mut self) {
        let start = self.at;
        if self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X') {
            self.at += 2;
            self.skip_while(|b| b.is_ascii_hexdigit() || b == b'_');
            return self.end_number(start, Kind::Whole);
        }
        let mut kind = Kind::Whole;
        let digits = |b: u8| b.is_ascii_digit() || b == b'_';
        self.skip_while(digits);
        // `1.` is a number, `1..2` and `1.foo` are mistakes.
        if self.peek(0) == b'.' && self.peek(1) != b'.' {
            kind = Kind::Decimal;
            self.at += 1;
            self.skip_while(digits);
        }
        if matches!(self.peek(0), b'e' | b'E') {
            let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
            if self.peek(1 + sign).is_ascii_digit() {
                kind = Kind::Decimal;
                self.at += 1 + sign;
                self.skip_while(digits);
            }
        }
        self.end_number(start, kind);
    }

    /// Ends a number at the current place unless a name or a second point is
    /// glued to it.
    fn end_number(&mut self, start: usize, kind: Kind) {
        let end = self.at;
        let glued = self.name_goes_on(0) || self.peek(0) == b'.';
        let text = &self.bytes[start..end];
        let misplaced = matches!(text, [b'0', b'x' | b'X'])
            || text.last() == Some(&b'_')
            || text.windows(2).any(|w| w == b"__");
        if !glued && !misplaced {
            return self.push(kind, start, end);
        }
        while self.name_goes_on(0) || self.peek(0) == b'.' {
            self.at += self.char_at(self.at).map_or(1, char::len_utf8);
        }
        let whole = Span::new(start as u32, self.at as u32);
        let shown = quote(whole.text(self.source));
        let mut diagnostic = Diagnostic::new(
            Code::MalformedNumber,
            whole,
            format!("{shown} is not a number"),
        );
        let number = &self.source[start..end];
        let rest = &self.source[end..self.at];
        if !misplaced && rest.starts_with(|c: char| c.is_alphabetic()) {
            diagnostic = diagnostic
                .help("a product needs its `*`; a name that begins with a digit needs backticks")
                .suggest(whole, format!("{number} * {rest}"));
        } else {
            diagnostic = diagnostic.help("write numbers as 1000, 1_000, 0.5, 1e-3 or 0x2A");
        }
        self.problems.push(diagnostic);
        self.push(Kind::Bad, start, self.at);
    }

    /// Quoted text, which the language does not have.
    fn text_literal(&mut self, quote: u8) {
        let start = self.at;
        self.at += 1;
        self.skip_while(|b| b != quote && b != b'\n');
        let end = self.at + usize::from(self.peek(0) == quote && self.at < self.bytes.len());
        self.text_literal_at(start, end);
    }

    fn text_literal_at(&mut self, start: usize, end: usize) {
        let message = "formulas compute with numbers and true/false, not with text".to_owned();
        let help = "a name with spaces stands in backticks: `unit price`";
        self.bad(start, end, Code::TextLiteral, message, help);
    }

    fn symbol(&mut self, byte: u8) {
        let (kind, length) = match (byte, self.peek(1), self.peek(2)) {
            (b'=', b'=', b'=') | (b'!', b'=', b'=') => (Kind::Foreign, 3),
            (b'<', b'=', b'>') | (b'*', b'*', b'=') | (b'/', b'/', b'=') => (Kind::Foreign, 3),
            (b'<', b'>' | b'<', _) | (b'>', b'>', _) | (b'=', b'>', _) => (Kind::Foreign, 2),
            (b':', b'=', _) | (b'-', b'>', _) => (Kind::Foreign, 2),
            (b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'&' | b'|', b'=', n) if n != b'=' => {
                (Kind::Foreign, 2)
            }
            (b'*', b'*', _) => (Kind::Power, 2),
            (b'/', b'/', _) => (Kind::SlashSlash, 2),
            (b'=', b'=', _) => (Kind::Equal, 2),
            (b'!', b'=', _) => (Kind::NotEqual, 2),
            (b'<', b'=', _) => (Kind::LessEqual, 2),
            (b'>', b'=', _) => (Kind::GreaterEqual, 2),
            (b'&', b'&', _) => (Kind::And, 2),
            (b'|', b'|', _) => (Kind::Or, 2),
            (b'+', ..) => (Kind::Plus, 1),
            (b'-', ..) => (Kind::Minus, 1),
            (b'*', ..) => (Kind::Star, 1),
            (b'/', ..) => (Kind::Slash, 1),
            (b'%', ..) => (Kind::Percent, 1),
            (b'^', ..) => (Kind::Power, 1),
            (b'<', ..) => (Kind::Less, 1),
            (b'>', ..) => (Kind::Greater, 1),
            (b'=', ..) => (Kind::Assign, 1),
            (b'&', ..) => (Kind::Amp, 1),
            (b'|', ..) => (Kind::Bar, 1),
            (b'~', ..) => (Kind::Tilde, 1),
            (b'!', ..) => (Kind::Bang, 1),
            (b'?', ..) => (Kind::Question, 1),
            (b':', ..) => (Kind::Colon, 1),
            (b',', ..) => (Kind::Comma, 1),
            (b';', ..) => (Kind::Semicolon, 1),
            (b'(', ..) => (Kind::Open, 1),
            (b')', ..) => (Kind::Close, 1),
            _ => return self.unexpected(byte),
        };
        self.push(kind, self.at, self.at + length);
    }

    fn unexpected(&mut self, byte: u8) {
        let start = self.at;
        if byte.is_ascii_control() {
            let message = match byte {
                0 => "the text contains a NUL byte".to_owned(),
                _ => format!("the text contains the control character 0x{byte:02x}"),
            };
            // One report for a run of them.
            self.skip_while(|b| b.is_ascii_control() && b != b'\n');
            return self.bad(start, self.at, Code::ControlCharacter, message, "");
        }
        let help = match byte {
            b'[' | b']' | b'{' | b'}' => "group with ( and )",
            b'$' | b'@' => "write names without this sign, or in backticks",
            b'.' => "a decimal number needs a digit, as in 0.5",
            _ => "",
        };
        let message = format!("`{}` is not used in formulas", byte as char);
        self.bad(start, start + 1, Code::UnexpectedCharacter, message, help);
    }
}
