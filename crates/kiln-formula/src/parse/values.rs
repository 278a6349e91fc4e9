//! Where a value is awaited: numbers, signs, parentheses.

use super::expr::{Callee, Frame, Next, Operand};
use super::{Parser, mistakes};
use crate::ast::{Expr, UnaryOp};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::language::strength;
use crate::render::quote;
use crate::span::Span;
use crate::token::{Kind, Token};

impl Parser<'_> {
    pub(super) fn value(&mut self) -> Next {
        let token = self.token();
        let span = token.span();
        match token.kind {
            Kind::Whole | Kind::Decimal => {
                let expr = self.number(token);
                self.give(expr, span)
            }
            Kind::Name => self.name(token),
            Kind::If if self.following().kind == Kind::Open => {
                self.advance();
                self.open_call(Callee::Conditional, token)
            }
            Kind::Open => {
                let flat = matches!(self.frames.last(), Some(Frame::Last { .. }))
                    || self.is_in_last_branch();
                let open = token.start;
                self.groups += 1;
                self.wait(Frame::Group { open, flat }, span)
            }
            Kind::Minus => self.prefix(UnaryOp::Minus, strength::SIGN, token),
            Kind::Plus => self.prefix(UnaryOp::Plus, strength::SIGN, token),
            Kind::Bang | Kind::Tilde => self.prefix(UnaryOp::Not, strength::SIGN, token),
            Kind::Not => {
                if let Some(held) = self.frames.last().and_then(|f| f.strength())
                    && held > strength::NOT
                {
                    self.report(
                        Diagnostic::new(
                            Code::LooseNot,
                            span,
                            "`not` binds looser than the operator before it",
                        )
                        .help("put parentheses around the `not`, or write `!`"),
                    );
                }
                self.prefix(UnaryOp::Not, strength::NOT, token)
            }
            Kind::Bad => self.give(Expr::Error, span),
            Kind::Close if self.is_empty_call() => self.close(token),
            Kind::Close if self.frames.is_empty() => self.stray_close(token),
            Kind::Assign | Kind::Foreign => self.misplaced_sign(token),
            _ => self.missing_value(token),
        }
    }

    /// A finished value made of the current token.
    pub(super) fn give(&mut self, expr: Expr, span: Span) -> Next {
        self.advance();
        self.push_operand(expr, span);
        Next::Operator
    }

    pub(super) fn push_operand(&mut self, expr: Expr, span: Span) {
        let id = self.push_node(expr, span);
        self.operands.push(Operand {
            id,
            span,
            grouped: false,
        });
    }

    /// Puts `frame` on the stack and moves past its token.
    pub(super) fn wait(&mut self, frame: Frame, span: Span) -> Next {
        self.advance();
        self.push_frame(frame, span);
        Next::Value
    }

    pub(super) fn push_frame(&mut self, frame: Frame, span: Span) {
        if frame.nests() {
            self.depth += 1;
            let limit = self.limits.depth;
            if self.depth > limit {
                let message = format!("the formula nests deeper than the limit of {limit}");
                self.stop(Code::TooDeep, span, message);
            }
        }
        self.frames.push(frame);
    }

    pub(super) fn pop_frame(&mut self) -> Option<Frame> {
        let frame = self.frames.pop()?;
        self.depth -= usize::from(frame.nests());
        self.groups -= usize::from(matches!(frame, Frame::Group { .. } | Frame::Call { .. }));
        Some(frame)
    }

    pub(super) fn prefix(&mut self, op: UnaryOp, strength: u8, token: Token) -> Next {
        let start = token.start;
        self.wait(
            Frame::Prefix {
                op,
                strength,
                start,
            },
            token.span(),
        )
    }

    /// Whether the value to come begins the last branch of `if(c, a, ...)`.
    pub(super) fn is_in_last_branch(&self) -> bool {
        match self.frames.last() {
            Some(&Frame::Call {
                callee: Callee::Conditional,
                first,
                ..
            }) => self.operands.len() - first as usize == 2,
            _ => false,
        }
    }

    pub(super) fn is_empty_call(&self) -> bool {
        let just_opened = self.tokens[self.at.saturating_sub(1)].kind == Kind::Open;
        just_opened && matches!(self.frames.last(), Some(Frame::Call { .. }))
    }

    /// Reports that a value is missing and puts an error in its place. The
    /// token stays: it is read again as an operator.
    pub(super) fn missing_value(&mut self, token: Token) -> Next {
        let previous = self.at.checked_sub(1).map(|i| self.tokens[i]);
        self.report(mistakes::missing_value(token, previous, self.source));
        self.push_operand(Expr::Error, Span::at(token.start));
        if matches!(token.kind, Kind::Let | Kind::If) {
            self.sync();
        }
        Next::Operator
    }

    /// Reports a sign that cannot stand before a value and reads on behind it.
    pub(super) fn misplaced_sign(&mut self, token: Token) -> Next {
        self.report(mistakes::misplaced_sign(token, self.source));
        self.advance();
        Next::Value
    }

    /// A `)` where an item begins.
    pub(super) fn stray_close(&mut self, token: Token) -> Next {
        self.report(mistakes::closes_nothing(token.span()));
        self.advance();
        if self.ends_item(self.token()) {
            self.push_operand(Expr::Error, token.span());
            return Next::Done;
        }
        Next::Value
    }

    pub(super) fn number(&mut self, token: Token) -> Expr {
        let span = token.span();
        let text = self.text(span);
        if token.kind == Kind::Decimal {
            return self.decimal(text, span);
        }
        let magnitude = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
            Some(digits) => whole(digits, 16),
            None => whole(text, 10),
        };
        match magnitude {
            Some(magnitude) => {
                self.has_huge_whole |= magnitude > i64::MAX as u64;
                Expr::Whole {
                    magnitude,
                    negative: false,
                }
            }
            None => {
                self.report(mistakes::whole_too_large(span, self.source));
                Expr::Error
            }
        }
    }

    pub(super) fn decimal(&mut self, text: &str, span: Span) -> Expr {
        let parsed = if text.contains('_') {
            text.replace('_', "").parse::<f64>()
        } else {
            text.parse::<f64>()
        };
        match parsed {
            Ok(value) if value.is_finite() => Expr::Decimal(value),
            Ok(_) => {
                self.report(
                    Diagnostic::new(
                        Code::NumberTooLarge,
                        span,
                        format!("{} is too large, numbers reach to 1.797e308", quote(text)),
                    )
                    .help("write `inf` for infinity"),
                );
                Expr::Error
            }
            // Unreachable: the lexer lets only numbers through.
            Err(_) => Expr::Error,
        }
    }
}

/// A whole number with `_` between its digits, if it fits 64 bits.
fn whole(digits: &str, radix: u64) -> Option<u64> {
    let mut value = 0u64;
    for byte in digits.bytes().filter(|&b| b != b'_') {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            _ => (byte | 0x20) - b'a' + 10,
        };
        value = value.checked_mul(radix)?.checked_add(u64::from(digit))?;
    }
    Some(value)
}
