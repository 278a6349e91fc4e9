//! Where an operator, or the end of something, is awaited.

use super::expr::{Callee, Frame, Next};
use super::{Parser, mistakes};
use crate::ast::{BinaryOp, Expr};
use crate::language::strength;
use crate::span::Span;
use crate::token::{Kind, Token};

impl Parser<'_> {
    pub(super) fn operator(&mut self) -> Next {
        let token = self.token();
        if self.groups > 0 && self.is_semicolon_for_comma(token) {
            self.report(mistakes::semicolon_for_comma(token.span()));
            return self.comma(token);
        }
        if self.ends_item(token) {
            return Next::Done;
        }
        match token.kind {
            Kind::Power => self.infix(BinaryOp::Pow, strength::POWER, token),
            Kind::Star => self.infix(BinaryOp::Mul, strength::PRODUCT, token),
            Kind::Slash => self.infix(BinaryOp::Div, strength::PRODUCT, token),
            Kind::SlashSlash => self.infix(BinaryOp::FloorDiv, strength::PRODUCT, token),
            Kind::Percent => self.infix(BinaryOp::Mod, strength::PRODUCT, token),
            Kind::Plus => self.infix(BinaryOp::Add, strength::SUM, token),
            Kind::Minus => self.infix(BinaryOp::Sub, strength::SUM, token),
            Kind::Amp => self.infix(BinaryOp::BitAnd, strength::BIT_AND, token),
            Kind::Bar => self.infix(BinaryOp::BitOr, strength::BIT_OR, token),
            Kind::Equal => self.comparison(BinaryOp::Equal, token),
            Kind::NotEqual => self.comparison(BinaryOp::NotEqual, token),
            Kind::Less => self.comparison(BinaryOp::Less, token),
            Kind::LessEqual => self.comparison(BinaryOp::LessEqual, token),
            Kind::Greater => self.comparison(BinaryOp::Greater, token),
            Kind::GreaterEqual => self.comparison(BinaryOp::GreaterEqual, token),
            Kind::And => self.infix(BinaryOp::And, strength::AND, token),
            Kind::Or => self.infix(BinaryOp::Or, strength::OR, token),
            Kind::Question => {
                self.reduce(strength::CONDITIONAL + 1);
                self.wait(Frame::Question { at: token.start }, token.span())
            }
            Kind::If => {
                self.reduce(strength::CONDITIONAL + 1);
                self.wait(Frame::If { at: token.start }, token.span())
            }
            Kind::Colon | Kind::Else => self.second_half(token),
            Kind::Comma => self.comma(token),
            Kind::Close => self.close(token),
            Kind::Assign => {
                self.report(mistakes::single_equals(token.span()));
                self.comparison(BinaryOp::Equal, token)
            }
            Kind::Foreign => self.foreign(token),
            _ => self.missing_operator(token),
        }
    }

    /// Whether `token` is a `;` between the values of a call that is closed
    /// soon after: a comma was meant.
    pub(super) fn is_semicolon_for_comma(&self, token: Token) -> bool {
        /// How far to look for the `)`; farther off it is anybody's guess.
        const AHEAD: usize = 32;
        let call = self
            .frames
            .iter()
            .rev()
            .find(|frame| matches!(frame, Frame::Group { .. } | Frame::Call { .. }));
        if token.kind != Kind::Semicolon || !matches!(call, Some(Frame::Call { .. })) {
            return false;
        }
        let mut open = 0usize;
        for ahead in self.tokens[self.at + 1..].iter().take(AHEAD) {
            match ahead.kind {
                Kind::Open => open += 1,
                Kind::Close if open == 0 => return true,
                Kind::Close => open -= 1,
                Kind::Assign | Kind::Let | Kind::End => return false,
                _ => {}
            }
        }
        false
    }

    /// Whether the item ends before `token`.
    pub(super) fn ends_item(&self, token: Token) -> bool {
        if matches!(token.kind, Kind::End | Kind::Semicolon) {
            return true;
        }
        if !token.on_new_line {
            return false;
        }
        let starts_next = token.kind == Kind::Let || self.starts_item(token, self.following());
        if self.groups > 0 {
            // Inside parentheses a line end means nothing, unless what follows
            // can only be the next item.
            return starts_next;
        }
        // A line that begins with `if` goes on with `a if c else b`; one that
        // begins with `if(` is a new expression.
        let goes_on = token.kind.continues_item()
            || token.kind == Kind::If && self.following().kind != Kind::Open;
        !goes_on
    }

    pub(super) fn infix(&mut self, op: BinaryOp, strength: u8, token: Token) -> Next {
        // Power groups from the right, everything else from the left.
        self.reduce(strength + u8::from(op == BinaryOp::Pow));
        let frame = Frame::Infix {
            op,
            strength,
            chained: false,
        };
        self.wait(frame, token.span())
    }

    pub(super) fn comparison(&mut self, op: BinaryOp, token: Token) -> Next {
        self.reduce(strength::COMPARISON + 1);
        let mut chained = false;
        if let Some(&Frame::Infix {
            strength: strength::COMPARISON,
            chained: reported,
            ..
        }) = self.frames.last()
        {
            if !reported {
                let left = self.operands[self.operands.len() - 2].span;
                let problem = mistakes::chained_comparison(self, left, token);
                self.report(problem);
            }
            chained = true;
            self.reduce(strength::COMPARISON);
            // What the chain was to mean is unknown: say nothing about types.
            if let Some(operand) = self.operands.last() {
                self.ast.nodes[operand.id.index()] = Expr::Error;
            }
        }
        let frame = Frame::Infix {
            op,
            strength: strength::COMPARISON,
            chained,
        };
        self.wait(frame, token.span())
    }

    pub(super) fn foreign(&mut self, token: Token) -> Next {
        let text = self.text(token.span());
        self.report(mistakes::foreign_operator(token.span(), text));
        match text {
            "<>" | "!==" => self.comparison(BinaryOp::NotEqual, token),
            "===" => self.comparison(BinaryOp::Equal, token),
            "=>" => self.comparison(BinaryOp::GreaterEqual, token),
            _ => {
                self.sync();
                Next::Operator
            }
        }
    }

    /// `:` or `else`.
    pub(super) fn second_half(&mut self, token: Token) -> Next {
        self.reduce(strength::CONDITIONAL);
        let is_else = token.kind == Kind::Else;
        match self.frames.last() {
            Some(Frame::Question { .. }) if !is_else => {}
            Some(Frame::If { .. }) if is_else => {}
            _ => {
                self.report(mistakes::lone_second_half(token));
                self.sync();
                return Next::Operator;
            }
        }
        self.pop_frame();
        let value_first = is_else;
        self.wait(Frame::Last { value_first }, token.span())
    }

    pub(super) fn comma(&mut self, token: Token) -> Next {
        self.reduce_group();
        let Some(frame) = self.frames.last_mut() else {
            self.report(mistakes::stray_comma(token.span()));
            self.sync();
            return Next::Operator;
        };
        match frame {
            Frame::Call {
                callee: Callee::Conditional,
                first,
                flat,
                ..
            } if !*flat && self.operands.len() - *first as usize == 2 => {
                // The last branch of a conditional does not nest.
                *flat = true;
                self.depth -= 1;
            }
            Frame::Call { .. } => {}
            _ => {
                self.report(mistakes::stray_comma(token.span()));
                // Keep the value after the comma: it is more likely to be
                // complete than the one before.
                self.operands.pop();
            }
        }
        self.advance();
        Next::Value
    }

    pub(super) fn close(&mut self, token: Token) -> Next {
        self.reduce_group();
        self.advance();
        match self.pop_frame() {
            Some(Frame::Group { open, .. }) => {
                if let Some(operand) = self.operands.last_mut() {
                    operand.span = Span::new(open, token.end);
                    operand.grouped = true;
                }
            }
            Some(Frame::Call {
                callee,
                start,
                first,
                ..
            }) => self.close_call(callee, first, Span::new(start, token.end)),
            _ => self.report(mistakes::closes_nothing(token.span())),
        }
        Next::Operator
    }

    pub(super) fn missing_operator(&mut self, token: Token) -> Next {
        let after_bad = self.at > 0 && self.tokens[self.at - 1].kind == Kind::Bad;
        if token.kind != Kind::Bad && !after_bad {
            let before = self.operands.last().map_or(Span::at(0), |o| o.span);
            let problem = mistakes::missing_operator(self, before, token);
            self.report(problem);
        }
        self.sync();
        Next::Operator
    }

    /// Skips to a token that surely ends the broken piece: a comma or `)` of
    /// the group it stands in, or the end of the item. Always moves on.
    pub(super) fn sync(&mut self) {
        let mut open = 0usize;
        loop {
            match self.token().kind {
                Kind::Open => open += 1,
                Kind::Close if open > 0 => open -= 1,
                _ => {}
            }
            self.advance();
            let token = self.token();
            let ends = match token.kind {
                Kind::End | Kind::Semicolon => true,
                Kind::Comma | Kind::Close => open == 0 && self.groups > 0,
                _ => token.on_new_line && open == 0 && self.ends_item(token),
            };
            if ends {
                return;
            }
        }
    }
}
