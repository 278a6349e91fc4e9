//! The words for mistakes of grammar: what was written, what was probably
//! meant, and the text to write instead.

use super::Parser;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::language::{CONSTANTS, FUNCTIONS, Function, KEYWORDS};
use crate::render::quote;
use crate::span::Span;
use crate::suggest::nearest;
use crate::token::{Kind, Token};

/// Longest piece of text that a suggestion repeats.
const SUGGESTION_BYTES: usize = 200;

/// A value is missing before `token`.
pub(super) fn missing_value(token: Token, previous: Option<Token>, source: &str) -> Diagnostic {
    let previous = previous.filter(|p| p.kind != Kind::Semicolon);
    let after = match previous {
        Some(p) => format!(" after {}", quote(p.span().text(source))),
        None => String::new(),
    };
    let found = token.span().text(source);
    let (span, message) = match token.kind {
        Kind::End | Kind::Semicolon | Kind::Name => {
            let span = previous.map_or(Span::at(token.start), Token::span);
            (span, format!("a value is missing{after}"))
        }
        Kind::If => {
            let problem = Diagnostic::new(
                Code::ExpectedValue,
                token.span(),
                "`if` needs its values in parentheses here",
            );
            return problem.help(
                "write if(condition, value, otherwise), or value if condition else otherwise",
            );
        }
        _ => (
            token.span(),
            format!("a value is missing{after}, before {}", quote(found)),
        ),
    };
    let problem = Diagnostic::new(Code::ExpectedValue, span, message);
    match (token.kind, previous.map(|p| p.kind)) {
        (_, Some(Kind::Percent)) => problem.help("`%` is the remainder; write 0.5 for 50%"),
        (Kind::And | Kind::Or | Kind::Else, _) => problem.help(format!(
            "{} is a word of the language; as a name it needs backticks",
            quote(found)
        )),
        _ => problem,
    }
}

/// A `=` or an operator of another language where a value begins.
pub(super) fn misplaced_sign(token: Token, source: &str) -> Diagnostic {
    let span = token.span();
    let found = quote(span.text(source));
    let message = format!("a value is missing before {found}");
    let problem = Diagnostic::new(Code::ExpectedValue, span, message);
    match token.kind {
        Kind::Assign => problem
            .help("a definition reads `name = value`; an expression needs no `=`")
            .suggest(span, ""),
        _ => problem,
    }
}

/// A `;` between the values of a call.
pub(super) fn semicolon_for_comma(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::ExpectedOperator,
        span,
        "the values of a function are separated by commas",
    )
    .help("`;` ends an item")
    .suggest(span, ",")
}

/// Two values stand side by side.
pub(super) fn missing_operator(parser: &Parser<'_>, before: Span, token: Token) -> Diagnostic {
    let span = token.span();
    let found = parser.text(span);
    let problem = Diagnostic::new(
        Code::ExpectedOperator,
        span,
        format!("an operator is missing before {}", quote(found)),
    );
    let word = match found.to_ascii_lowercase().as_str() {
        "and" => "and",
        "or" => "or",
        "if" => "if",
        "else" => "else",
        "mod" => "%",
        "div" => "//",
        "xor" | "is" | "eq" | "ne" => {
            return problem.help("compare with == and !=, also true/false with true/false");
        }
        "in" | "between" => {
            return problem.help("write the comparisons out, as in `low <= x and x <= high`");
        }
        "not" => return problem.help("`not` stands before a whole condition, as in `not a == b`"),
        _ => "",
    };
    if !word.is_empty() {
        return problem
            .help(format!("did you mean `{word}`?"))
            .suggest(span, word);
    }
    match token.kind {
        Kind::Let => problem.help("end the item before with `;` or a new line"),
        Kind::Open | Kind::Name | Kind::Whole | Kind::Decimal => problem
            .help("a product needs its `*`; separate items with `;` or a new line")
            .suggest(Span::new(before.end, span.start), " * "),
        _ => problem,
    }
}

/// `=` inside an expression.
pub(super) fn single_equals(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::SingleEquals,
        span,
        "a single `=` defines a name, it does not compare",
    )
    .help("did you mean `==`?")
    .suggest(span, "==")
}

/// An operator of another language.
pub(super) fn foreign_operator(span: Span, text: &str) -> Diagnostic {
    let problem = Diagnostic::new(
        Code::ForeignOperator,
        span,
        format!("`{text}` is not an operator of formulas"),
    );
    let instead = match text {
        "<>" | "!==" => "!=",
        "===" => "==",
        ":=" => "=",
        "=>" => ">=",
        "<<" => return problem.help("shift bits with shl(a, n)"),
        ">>" => return problem.help("shift bits with shr(a, n)"),
        "->" | "<=>" => return problem.help("see the list of operators"),
        _ => return problem.help("names cannot be changed, write `name = value` once"),
    };
    problem
        .help(format!("did you mean `{instead}`?"))
        .suggest(span, instead)
}

/// `:` without `?`, or `else` without `if`.
pub(super) fn lone_second_half(token: Token) -> Diagnostic {
    let (message, help) = if token.kind == Kind::Else {
        (
            "this `else` has no `if`",
            "write `value if condition else otherwise`",
        )
    } else {
        (
            "this `:` has no `?`",
            "write `condition ? value : otherwise`",
        )
    };
    Diagnostic::new(Code::IncompleteCondition, token.span(), message).help(help)
}

/// `?` without `:`, or `if` without `else`.
pub(super) fn missing_second_half(at: u32, is_if: bool) -> Diagnostic {
    let (length, message, help) = if is_if {
        (
            2,
            "this `if` has no `else`",
            "write `value if condition else otherwise`",
        )
    } else {
        (
            1,
            "this `?` has no `:`",
            "write `condition ? value : otherwise`",
        )
    };
    Diagnostic::new(
        Code::IncompleteCondition,
        Span::new(at, at + length),
        message,
    )
    .help(help)
}

/// A `)` without its `(`.
pub(super) fn closes_nothing(span: Span) -> Diagnostic {
    Diagnostic::new(Code::UnopenedParenthesis, span, "this `)` closes nothing")
}

/// A comma outside a call.
pub(super) fn stray_comma(span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::ExpectedOperator,
        span,
        "a comma only separates the values of a function",
    )
    .help("decimals are written with a point, as in 0.5; separate items with `;`")
}

/// A whole number past the range.
pub(super) fn whole_too_large(span: Span, source: &str) -> Diagnostic {
    let text = span.text(source);
    let problem = Diagnostic::new(
        Code::NumberTooLarge,
        span,
        format!(
            "{} is too large, whole numbers reach to 9223372036854775807",
            quote(text)
        ),
    );
    let is_decimal = !text.to_ascii_lowercase().contains('x') && text.len() <= 300;
    if is_decimal {
        problem
            .help("write it as a decimal number")
            .suggest(span, format!("{text}.0"))
    } else {
        problem
    }
}

/// `log` of one value.
pub(super) fn ambiguous_log(name: Span) -> Diagnostic {
    Diagnostic::new(
        Code::AmbiguousLog,
        name,
        "`log` of one value is the natural logarithm here",
    )
    .help("write `ln` to say so, `log10` for base 10, or log(x, base)")
    .suggest(name, "ln")
}

/// A comparison with the constant `nan`.
pub(super) fn nan_comparison(span: Span, other: &str) -> Diagnostic {
    let problem = Diagnostic::new(
        Code::ComparisonWithNan,
        span,
        "nan is not equal to anything, not even to itself",
    );
    match other.len() {
        0..=40 => problem.help(format!("write is_nan({other})")),
        _ => problem.help("write is_nan(x)"),
    }
}

/// A call of something that is no function.
pub(super) fn unknown_function(name: &str, span: Span, is_input: bool) -> Diagnostic {
    let problem = Diagnostic::new(
        Code::UnknownFunction,
        span,
        format!("there is no function called {}", quote(name)),
    );
    if is_input {
        return problem.help("a product needs its `*`");
    }
    let lower = name.to_ascii_lowercase();
    if CONSTANTS.iter().any(|c| c.name == lower) {
        return problem.help(format!(
            "`{lower}` is a constant, written without parentheses"
        ));
    }
    let instead = match lower.as_str() {
        "mod" => return problem.help("write a % b, or rem(a, b)"),
        "power" => "pow",
        "avg" | "average" => "mean",
        "product" => "prod",
        "int" | "fix" => "trunc",
        "ceiling" => "ceil",
        "len" | "size" => "count",
        "ifs" | "iif" | "switch" | "case" | "when" | "select" => "if",
        "isnull" | "isna" | "isblank" | "ismissing" => "is_null",
        "nvl" | "ifnull" | "fillna" => "coalesce",
        "and" | "or" | "not" => {
            return problem.help(format!(
                "`{lower}` is an operator, as in a > 1 and not b > 1"
            ));
        }
        "xor" => return problem.help("write a != b for true/false, bitxor(a, b) for bits"),
        "sgn" => "sign",
        "sqr" => return problem.help("write x^2 for the square, sqrt(x) for the root"),
        _ => nearest(name.strip_prefix("math::").unwrap_or(name), all_callable()).unwrap_or(""),
    };
    match instead {
        "" => problem.help("see the list of functions; a product needs its `*`"),
        instead => problem
            .help(format!("did you mean `{instead}`?"))
            .suggest(span, instead),
    }
}

fn all_callable() -> impl Iterator<Item = &'static str> {
    let names = FUNCTIONS.iter().map(|info| info.name);
    let aliases = FUNCTIONS.iter().flat_map(|info| info.aliases);
    names.chain(aliases.copied()).chain(["if", "where"])
}

/// A function with too few or too many values.
pub(super) fn wrong_arguments(
    span: Span,
    name: &str,
    usage: &str,
    (least, most): (usize, usize),
    found: usize,
) -> Diagnostic {
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let takes = match (least, most) {
        (least, usize::MAX) => format!("at least {least} value{}", plural(least)),
        (least, most) if least == most => format!("{least} value{}", plural(least)),
        (least, most) => format!("{least} to {most} values"),
    };
    let message = format!("`{name}` takes {takes}, not {found}");
    let problem = Diagnostic::new(Code::WrongArguments, span, message);
    match name {
        "round" if found == 2 => problem.help("for two decimals write round(x * 100) / 100"),
        _ => problem.help(format!("write {usage}")),
    }
}

/// The name at the beginning of a call.
pub(super) fn callee_span(call: Span, source: &str) -> Span {
    let length = call.text(source).find('(').unwrap_or(0) as u32;
    Span::new(call.start, call.start + length)
}

/// A second comparison at `token`; the first one's left side is `left`.
pub(super) fn chained_comparison(parser: &Parser<'_>, left: Span, token: Token) -> Diagnostic {
    let pieces = Pieces::of(parser, left);
    let suggestion = pieces.suggestion(parser);
    let problem = if pieces.has_bits {
        Diagnostic::new(
            Code::ComparisonAndBits,
            pieces.whole,
            "`&` and `|` bind tighter than comparisons",
        )
        .help("put parentheses around each comparison, or write `and` and `or`")
    } else {
        Diagnostic::new(
            Code::ChainedComparison,
            token.span(),
            "comparisons cannot follow one another",
        )
        .label(left, "the first comparison begins here")
        .help("join two comparisons with `and`")
    };
    match suggestion {
        Some(text) if text != parser.text(pieces.whole) => problem.suggest(pieces.whole, text),
        _ => problem,
    }
}

/// A chain of comparisons, cut at its operators of the outermost level.
struct Pieces {
    whole: Span,
    /// Values and the operators between them, in turn.
    parts: Vec<Span>,
    operators: Vec<Token>,
    has_bits: bool,
}

impl Pieces {
    fn of(parser: &Parser<'_>, left: Span) -> Pieces {
        let mut at = parser.tokens.partition_point(|t| t.start < left.start);
        let mut pieces = Pieces {
            whole: left,
            parts: Vec::new(),
            operators: Vec::new(),
            has_bits: false,
        };
        let mut open = 0usize;
        let mut part = Span::at(left.start);
        while let Some(&token) = parser.tokens.get(at) {
            let ends_line = token.on_new_line && !token.kind.continues_item();
            match token.kind {
                Kind::End => break,
                Kind::Open => open += 1,
                Kind::Close if open > 0 => open -= 1,
                _ if open > 0 => {}
                Kind::Close | Kind::Semicolon | Kind::Comma => break,
                Kind::And | Kind::Or | Kind::If | Kind::Else | Kind::Question | Kind::Colon => {
                    break;
                }
                _ if ends_line && parser.groups == 0 => break,
                Kind::Amp | Kind::Bar => {
                    pieces.has_bits = true;
                    pieces.cut(part, token);
                    part = Span::at(token.end);
                    at += 1;
                    continue;
                }
                kind if kind.is_comparison() => {
                    pieces.cut(part, token);
                    part = Span::at(token.end);
                    at += 1;
                    continue;
                }
                _ => {}
            }
            part = Span::new(part.start, token.end);
            at += 1;
        }
        pieces.whole = left.to(part);
        pieces.parts.push(part);
        pieces
    }

    fn cut(&mut self, part: Span, operator: Token) {
        self.parts.push(part);
        self.operators.push(operator);
    }

    /// The chain as it was probably meant.
    fn suggestion(&self, parser: &Parser<'_>) -> Option<String> {
        if (self.whole.end - self.whole.start) as usize > SUGGESTION_BYTES {
            return None;
        }
        let part = |i: usize| parser.text(self.parts[i]).trim();
        let mut out = String::new();
        let mut i = 0;
        while i < self.operators.len() {
            let operator = self.operators[i];
            let symbol = parser.text(operator.span());
            if !operator.kind.is_comparison() {
                out.push_str(&format!(" {symbol} "));
                // `a > 1 & b`: the value after the sign stands alone.
                if self
                    .operators
                    .get(i + 1)
                    .is_none_or(|o| !o.kind.is_comparison())
                {
                    out.push_str(part(i + 1));
                }
                i += 1;
                continue;
            }
            let comparison = format!("{} {symbol} {}", part(i), part(i + 1));
            if self.has_bits {
                out.push_str(&format!("({comparison})"));
            } else if i > 0 {
                out.push_str(&format!(" and {comparison}"));
            } else {
                out.push_str(&comparison);
            }
            i += 1;
        }
        Some(out)
    }
}

/// The nearest of what a name can stand for: inputs first, then constants and
/// words.
pub(crate) fn nearest_name<'a>(
    name: &str,
    inputs: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let constants = CONSTANTS.iter().map(|c| c.name);
    nearest(name, inputs)
        .or_else(|| nearest(name, constants))
        .or_else(|| nearest(name, KEYWORDS.iter().copied()))
}

/// Whether a name without its parentheses is a function's.
pub(crate) fn function_called(name: &str) -> Option<Function> {
    Function::from_name(name)
}
