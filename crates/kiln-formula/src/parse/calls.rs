//! Names, and calls of what they name.

use super::expr::{Callee, Frame, Next};
use super::names::{self, Binding};
use super::{Parser, mistakes};
use crate::ast::{BinaryOp, Expr, Input, InputId, ItemKind};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::language::{ANY_NUMBER, Function, constant};
use crate::render::quote;
use crate::span::Span;
use crate::token::{Kind, Token};

impl<'a> Parser<'a> {
    pub(super) fn name(&mut self, token: Token) -> Next {
        let span = token.span();
        let next = self.following();
        if self.starts_item(token, next) {
            return self.missing_value(token);
        }
        let is_call = next.kind == Kind::Open && (self.groups > 0 || !next.on_new_line);
        let raw = names::raw(self.text(span));
        let is_plain = !self.text(span).starts_with('`');
        let binding = self.names.get(raw);
        if is_call {
            let callee = self.callee(raw, is_plain, binding, span);
            self.advance();
            return self.open_call(callee, token);
        }
        let expr = match binding {
            Some(Binding::Input(input)) => Expr::Input(input),
            Some(Binding::Local(item)) => {
                self.used[item as usize] = true;
                Expr::Local(self.ast.items[item as usize].body)
            }
            None => match constant(raw).filter(|_| is_plain) {
                Some(index) => Expr::Constant(index),
                None => Expr::Input(self.new_input(raw, span)),
            },
        };
        self.give(expr, span)
    }

    /// Whether `token` begins another item although a value or `)` is awaited:
    /// the line before was left unfinished.
    pub(super) fn starts_item(&self, token: Token, next: Token) -> bool {
        token.on_new_line && token.kind == Kind::Name && next.kind == Kind::Assign
    }

    pub(super) fn new_input(&mut self, raw: &'a str, span: Span) -> InputId {
        let limit = self.limits.inputs;
        let input = InputId(self.ast.inputs.len() as u32);
        if self.ast.inputs.len() >= limit {
            let message = format!("the formula has more inputs than the limit of {limit}");
            self.stop(Code::TooManyInputs, span, message);
            return input;
        }
        self.ast.inputs.push(Input {
            name: names::plain(raw),
            span,
        });
        self.names.bind_input(raw, input, span.start);
        input
    }

    pub(super) fn callee(
        &mut self,
        raw: &'a str,
        is_plain: bool,
        binding: Option<Binding>,
        span: Span,
    ) -> Callee {
        if let Some(Binding::Local(item)) = binding {
            self.used[item as usize] = true;
            let item = &self.ast.items[item as usize];
            let kind = match item.kind {
                ItemKind::Let => "a private name",
                ItemKind::Output => "an output",
            };
            let problem = Diagnostic::new(
                Code::NotAFunction,
                span,
                format!("{} is {kind} here, not a function", quote(raw)),
            );
            let problem = match Function::from_name(raw) {
                Some(f) => problem.help(format!("the function is `math::{}`", f.name())),
                None => problem.help("a product needs its `*`"),
            };
            self.report(problem.label(item.name_span, "defined here"));
            return Callee::Unknown;
        }
        if is_plain && raw == "where" {
            return Callee::Conditional;
        }
        if let Some(function) = Function::from_name(raw).filter(|_| is_plain) {
            return Callee::Function(function);
        }
        let is_input = binding.is_some();
        self.problems
            .push_with(|| mistakes::unknown_function(raw, span, is_input));
        Callee::Unknown
    }

    /// Opens a call; the current token is its `(`.
    pub(super) fn open_call(&mut self, callee: Callee, name: Token) -> Next {
        let flat = callee == Callee::Conditional
            && (self.is_in_last_branch() || matches!(self.frames.last(), Some(Frame::Last { .. })));
        let frame = Frame::Call {
            callee,
            start: name.start,
            open: self.token().start,
            first: self.operands.len() as u32,
            flat,
        };
        self.groups += 1;
        self.wait(frame, name.span())
    }

    pub(super) fn close_call(&mut self, callee: Callee, first: u32, span: Span) {
        let first = (first as usize).min(self.operands.len());
        let count = self.operands.len() - first;
        let expr = match callee {
            Callee::Unknown => Expr::Error,
            Callee::Conditional if count == 3 => Expr::If {
                cond: self.operands[first].id,
                yes: self.operands[first + 1].id,
                no: self.operands[first + 2].id,
            },
            Callee::Conditional => {
                self.report(mistakes::wrong_arguments(
                    span,
                    "if",
                    "if(condition, value, otherwise)",
                    (3, 3),
                    count,
                ));
                Expr::Error
            }
            Callee::Function(function) => self.function_call(function, first, count, span),
        };
        self.operands.truncate(first);
        self.push_operand(expr, span);
    }

    pub(super) fn function_call(
        &mut self,
        function: Function,
        first: usize,
        count: usize,
        span: Span,
    ) -> Expr {
        let info = function.info();
        let most = if info.most == ANY_NUMBER {
            usize::MAX
        } else {
            info.most as usize
        };
        if count < info.least as usize || count > most {
            let bounds = (info.least as usize, most);
            self.report(mistakes::wrong_arguments(
                span, info.name, info.usage, bounds, count,
            ));
            return Expr::Error;
        }
        if function == Function::Pow {
            let (x, y) = (self.operands[first].id, self.operands[first + 1].id);
            return Expr::Binary(BinaryOp::Pow, x, y);
        }
        if function == Function::Log && count == 1 {
            let name = mistakes::callee_span(span, self.source);
            self.report(mistakes::ambiguous_log(name));
        }
        let start = self.ast.args.len() as u32;
        let args = self.operands[first..].iter().map(|operand| operand.id);
        self.ast.args.extend(args);
        Expr::Call {
            function,
            first: start,
            count: count as u32,
        }
    }
}
