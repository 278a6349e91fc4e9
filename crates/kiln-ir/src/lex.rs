//! The text form, read: characters to tokens.

use crate::constant::Const;
use crate::types::Scalar;

/// A token of the text form.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Token {
    /// A word, or a name in backticks.
    Word(String),
    /// A name in backticks: never a keyword.
    Quoted(String),
    /// A number, `true` or `false`.
    Literal(Const),
    /// Text in double quotes.
    Text(String),
    /// Punctuation.
    Punct(&'static str),
    /// A character that starts no token, or a malformed literal.
    Bad(String),
}

/// The longest come first.
const PUNCT: [&str; 16] = [
    "->", "..", "(", ")", "[", "]", "{", "}", ",", ":", "=", ".", "<", ">", "@", "-",
];

/// A token, and the byte it starts at.
pub(crate) type Spanned = (Token, usize);

/// Splits a text into tokens. A comment runs from `;` or `#` to the end of
/// the line.
pub(crate) fn lex(text: &str) -> Vec<Spanned> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, len) = if c.is_whitespace() {
            (None, c.len_utf8())
        } else if c == ';' || c == '#' {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if c.is_ascii_digit() {
            let (token, len) = number(rest);
            (Some(token), len)
        } else if c.is_ascii_alphabetic() || c == '_' {
            let len = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            (Some(word(&rest[..len])), len)
        } else if c == '`' || c == '"' {
            let (token, len) = quoted(rest, c);
            (Some(token), len)
        } else if let Some(punct) = PUNCT.iter().find(|p| rest.starts_with(**p)) {
            (Some(Token::Punct(punct)), punct.len())
        } else {
            (Some(Token::Bad(c.to_string())), c.len_utf8())
        };
        tokens.extend(token.map(|t| (t, at)));
        at += len;
    }
    tokens
}

fn word(word: &str) -> Token {
    match word {
        "true" => Token::Literal(Const::bool(true)),
        "false" => Token::Literal(Const::bool(false)),
        "inf" => Token::Literal(Const::f64(f64::INFINITY)),
        "nan" => Token::Literal(Const::f64(f64::NAN)),
        "inff32" => Token::Literal(Const::f32(f32::INFINITY)),
        "nanf32" => Token::Literal(Const::f32(f32::NAN)),
        _ => Token::Word(word.to_owned()),
    }
}

/// A number: digits, then a fraction, an exponent, a type. A type may not be
/// separated from its digits; `0..n` is a whole number and a range.
fn number(text: &str) -> (Token, usize) {
    let digits = |from: usize| {
        text[from..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(text.len(), |n| from + n)
    };
    let mut end = digits(0);
    let mut is_float = false;
    if text[end..].starts_with('.') && !text[end..].starts_with("..") {
        is_float = true;
        end = digits(end + 1);
    }
    if text[end..].starts_with('e') {
        let sign = usize::from(text[end + 1..].starts_with(['-', '+']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            is_float = true;
            end = exponent;
        }
    }
    let len = text[end..]
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .map_or(text.len(), |n| end + n);
    let token = literal(&text[..end], &text[end..len], is_float)
        .map_or_else(|| Token::Bad(text[..len].to_owned()), Token::Literal);
    (token, len)
}

fn literal(digits: &str, suffix: &str, is_float: bool) -> Option<Const> {
    let scalar = match suffix {
        "" if is_float => Scalar::F64,
        "" => Scalar::I64,
        name => Scalar::from_name(name)?,
    };
    match scalar {
        Scalar::Bool => None,
        Scalar::F64 => digits.parse().ok().map(Const::f64),
        Scalar::F32 => digits.parse().ok().map(Const::f32),
        _ if is_float => None,
        // One past the greatest signed value is the magnitude of the least.
        int => {
            let value: u64 = digits.parse().ok()?;
            let limit = match int.is_signed() {
                true => 1u64 << (int.bits() - 1),
                false => u64::MAX >> (64 - int.bits()),
            };
            (value <= limit).then(|| Const::from_bits(int, value))
        }
    }
}

fn quoted(text: &str, quote: char) -> (Token, usize) {
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => {
                let token = match quote {
                    '"' => Token::Text(value),
                    _ => Token::Quoted(value),
                };
                return (token, at + 1);
            }
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 't')) => value.push('\t'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, '0')) => value.push('\0'),
                Some((_, 'u')) => match unicode(&mut chars) {
                    Some(c) => value.push(c),
                    None => break,
                },
                Some((_, c)) => value.push(c),
                None => break,
            },
            c => value.push(c),
        }
    }
    (Token::Bad(quote.to_string()), text.len())
}

/// The rest of `\u{...}`, as Rust's debug form of text writes it.
fn unicode(chars: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    let mut code = 0u32;
    if chars.next()?.1 != '{' {
        return None;
    }
    for _ in 0..7 {
        match chars.next()?.1 {
            '}' => return char::from_u32(code),
            c => code = code.checked_mul(16)?.checked_add(c.to_digit(16)?)?,
        }
    }
    None
}
