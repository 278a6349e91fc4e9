//! Expressions, by operator precedence with an explicit stack.
//!
//! The method is Pratt's ("Top down operator precedence", 1973) with the call
//! stack replaced by a list of frames: operators that wait for their right
//! side, and parentheses, calls and conditionals that wait to be closed. Depth
//! therefore costs heap only, and is counted only where something truly nests:
//! operator chains and the last branch of a conditional are flat.

use super::names::{self, Binding};
use super::{Parser, mistakes};
use crate::ast::{BinaryOp, Expr, ExprId, Input, InputId, ItemKind, UnaryOp};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::language::{ANY_NUMBER, CONSTANTS, ConstantValue, Function, constant, strength};
use crate::render::quote;
use crate::span::Span;
use crate::token::{Kind, Token};

/// A value that has been read, with the span that includes its parentheses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand {
    pub(super) id: ExprId,
    pub(super) span: Span,
    /// Whether it stands in parentheses of its own.
    pub(super) grouped: bool,
}

/// What a call calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Callee {
    Function(Function),
    /// `if` or `where`.
    Conditional,
    /// Something that has been reported.
    Unknown,
}

/// Something that waits for what follows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Frame {
    /// An operator that waits for its right side.
    Infix {
        op: BinaryOp,
        strength: u8,
        /// A chain of comparisons that has been reported.
        chained: bool,
    },
    /// A sign or negation that waits for its value.
    Prefix {
        op: UnaryOp,
        strength: u8,
        start: u32,
    },
    /// `(`
    Group { open: u32, flat: bool },
    /// `name(`
    Call {
        callee: Callee,
        start: u32,
        open: u32,
        /// Where its values begin among the operands.
        first: u32,
        flat: bool,
    },
    /// `c ?`, waiting for `:`.
    Question { at: u32 },
    /// `a if`, waiting for `else`.
    If { at: u32 },
    /// The second half of a conditional, waiting for its last branch.
    Last { value_first: bool },
}

impl Frame {
    /// How strongly an operator holds on to the value before it; `None` for
    /// what only a closing token ends.
    fn strength(self) -> Option<u8> {
        match self {
            Frame::Infix { strength, .. } | Frame::Prefix { strength, .. } => Some(strength),
            Frame::Last { .. } => Some(strength::CONDITIONAL),
            _ => None,
        }
    }

    /// Whether the frame is a level of nesting.
    fn nests(self) -> bool {
        match self {
            Frame::Infix { op, .. } => op == BinaryOp::Pow,
            Frame::Group { flat, .. } | Frame::Call { flat, .. } => !flat,
            Frame::Prefix { .. } | Frame::Question { .. } | Frame::If { .. } => true,
            Frame::Last { .. } => false,
        }
    }
}

/// What to read next.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Value,
    Operator,
    Done,
}

impl<'a> Parser<'a> {
    /// Reads one expression, up to the end of its item.
    pub(super) fn expression(&mut self) -> ExprId {
        let mut next = Next::Value;
        while next != Next::Done && !self.stopped {
            next = match next {
                Next::Value => self.value(),
                Next::Operator => self.operator(),
                Next::Done => Next::Done,
            };
        }
        if self.stopped {
            return ExprId(0);
        }
        self.close_all();
        match self.operands.pop() {
            Some(operand) => operand.id,
            None => self.push_node(Expr::Error, Span::at(self.token().start)),
        }
    }

    // Values.

    fn value(&mut self) -> Next {
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
            _ => self.missing_value(token),
        }
    }

    /// A finished value made of the current token.
    fn give(&mut self, expr: Expr, span: Span) -> Next {
        self.advance();
        self.push_operand(expr, span);
        Next::Operator
    }

    fn push_operand(&mut self, expr: Expr, span: Span) {
        let id = self.push_node(expr, span);
        self.operands.push(Operand {
            id,
            span,
            grouped: false,
        });
    }

    /// Puts `frame` on the stack and moves past its token.
    fn wait(&mut self, frame: Frame, span: Span) -> Next {
        self.advance();
        self.push_frame(frame, span);
        Next::Value
    }

    fn push_frame(&mut self, frame: Frame, span: Span) {
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

    fn pop_frame(&mut self) -> Option<Frame> {
        let frame = self.frames.pop()?;
        self.depth -= usize::from(frame.nests());
        self.groups -= usize::from(matches!(frame, Frame::Group { .. } | Frame::Call { .. }));
        Some(frame)
    }

    fn prefix(&mut self, op: UnaryOp, strength: u8, token: Token) -> Next {
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
    fn is_in_last_branch(&self) -> bool {
        match self.frames.last() {
            Some(&Frame::Call {
                callee: Callee::Conditional,
                first,
                ..
            }) => self.operands.len() - first as usize == 2,
            _ => false,
        }
    }

    fn is_empty_call(&self) -> bool {
        let just_opened = self.tokens[self.at.saturating_sub(1)].kind == Kind::Open;
        just_opened && matches!(self.frames.last(), Some(Frame::Call { .. }))
    }

    /// Reports that a value is missing and puts an error in its place. The
    /// token stays: it is read again as an operator.
    fn missing_value(&mut self, token: Token) -> Next {
        let previous = self.at.checked_sub(1).map(|i| self.tokens[i]);
        self.report(mistakes::missing_value(token, previous, self.source));
        self.push_operand(Expr::Error, Span::at(token.start));
        if matches!(token.kind, Kind::Let | Kind::If) {
            self.sync();
        }
        Next::Operator
    }

    /// A `)` where an item begins.
    fn stray_close(&mut self, token: Token) -> Next {
        self.report(mistakes::closes_nothing(token.span()));
        self.advance();
        if self.ends_item(self.token()) {
            self.push_operand(Expr::Error, token.span());
            return Next::Done;
        }
        Next::Value
    }

    fn number(&mut self, token: Token) -> Expr {
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

    fn decimal(&mut self, text: &str, span: Span) -> Expr {
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

    // Names and calls.

    fn name(&mut self, token: Token) -> Next {
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
    fn starts_item(&self, token: Token, next: Token) -> bool {
        token.on_new_line && token.kind == Kind::Name && next.kind == Kind::Assign
    }

    fn new_input(&mut self, raw: &'a str, span: Span) -> InputId {
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

    fn callee(
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
        self.report(mistakes::unknown_function(raw, span, is_input));
        Callee::Unknown
    }

    /// Opens a call; the current token is its `(`.
    fn open_call(&mut self, callee: Callee, name: Token) -> Next {
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

    fn close_call(&mut self, callee: Callee, first: u32, span: Span) {
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

    fn function_call(
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

    // Operators.

    fn operator(&mut self) -> Next {
        let token = self.token();
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

    /// Whether the item ends before `token`.
    fn ends_item(&self, token: Token) -> bool {
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

    fn infix(&mut self, op: BinaryOp, strength: u8, token: Token) -> Next {
        // Power groups from the right, everything else from the left.
        self.reduce(strength + u8::from(op == BinaryOp::Pow));
        let frame = Frame::Infix {
            op,
            strength,
            chained: false,
        };
        self.wait(frame, token.span())
    }

    fn comparison(&mut self, op: BinaryOp, token: Token) -> Next {
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

    fn foreign(&mut self, token: Token) -> Next {
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
    fn second_half(&mut self, token: Token) -> Next {
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

    fn comma(&mut self, token: Token) -> Next {
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

    fn close(&mut self, token: Token) -> Next {
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

    fn missing_operator(&mut self, token: Token) -> Next {
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
    fn sync(&mut self) {
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

    // Reduction: operators that have all their operands become nodes.

    /// Finishes every waiting operator at least as strong as `least`.
    fn reduce(&mut self, least: u8) {
        while let Some(&frame) = self.frames.last() {
            if frame.strength().is_none_or(|held| held < least) {
                return;
            }
            self.pop_frame();
            self.apply(frame);
        }
    }

    /// Finishes everything down to the innermost parenthesis or call.
    fn reduce_group(&mut self) {
        loop {
            self.reduce(0);
            match self.frames.last() {
                Some(Frame::Question { .. } | Frame::If { .. }) => self.give_up_conditional(),
                _ => return,
            }
        }
    }

    /// Reports a conditional without its second half and drops it.
    fn give_up_conditional(&mut self) {
        if let Some(frame @ (Frame::Question { at } | Frame::If { at })) = self.pop_frame() {
            self.report(mistakes::missing_second_half(
                at,
                matches!(frame, Frame::If { .. }),
            ));
            self.operands.pop();
            self.poison_last();
        }
    }

    fn poison_last(&mut self) {
        if let Some(operand) = self.operands.last() {
            let span = operand.span;
            let id = self.push_node(Expr::Error, span);
            if let Some(operand) = self.operands.last_mut() {
                operand.id = id;
            }
        }
    }

    /// Finishes everything at the end of an item and reports what is open.
    fn close_all(&mut self) {
        loop {
            self.reduce_group();
            match self.pop_frame() {
                Some(Frame::Group { open, .. } | Frame::Call { open, .. }) => {
                    self.report(
                        Diagnostic::new(
                            Code::UnclosedParenthesis,
                            Span::new(open, open + 1),
                            "this `(` is not closed",
                        )
                        .label(Span::at(self.token().start), "a `)` is missing before here"),
                    );
                    // One report is enough; the rest follows from it.
                    self.frames.clear();
                    self.depth = 0;
                    self.groups = 0;
                    self.operands.truncate(1);
                    self.poison_last();
                    return;
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    fn apply(&mut self, frame: Frame) {
        match frame {
            Frame::Prefix { op, start, .. } => self.apply_prefix(op, start),
            Frame::Infix { op, .. } => self.apply_infix(op),
            Frame::Last { value_first } => self.apply_conditional(value_first),
            _ => {}
        }
    }

    fn apply_prefix(&mut self, op: UnaryOp, start: u32) {
        let Some(operand) = self.operands.pop() else {
            return;
        };
        let span = Span::at(start).to(operand.span);
        // A sign belongs to the number it stands before: -2 is a literal.
        let signed = match (op, self.ast.expr(operand.id)) {
            (
                UnaryOp::Minus,
                Expr::Whole {
                    magnitude,
                    negative,
                },
            ) => Some(Expr::Whole {
                magnitude,
                negative: !negative,
            }),
            (UnaryOp::Minus, Expr::Decimal(value)) => Some(Expr::Decimal(-value)),
            _ => None,
        };
        let id = match signed {
            Some(literal) => {
                self.ast.nodes[operand.id.index()] = literal;
                self.ast.spans[operand.id.index()] = span;
                operand.id
            }
            None => self.push_node(Expr::Unary(op, operand.id), span),
        };
        self.operands.push(Operand {
            id,
            span,
            grouped: false,
        });
    }

    fn apply_infix(&mut self, op: BinaryOp) {
        let (Some(right), Some(left)) = (self.operands.pop(), self.operands.pop()) else {
            return;
        };
        let span = left.span.to(right.span);
        let id = self.push_node(Expr::Binary(op, left.id, right.id), span);
        if op.is_comparison() {
            self.note_comparison(id, left, right);
        }
        self.operands.push(Operand {
            id,
            span,
            grouped: false,
        });
    }

    /// Remembers `a > 1 & b`, which reads otherwise than it looks, for the
    /// checker; warns of comparisons with `nan`.
    fn note_comparison(&mut self, id: ExprId, left: Operand, right: Operand) {
        for side in [left, right] {
            match self.ast.expr(side.id) {
                Expr::Binary(BinaryOp::BitAnd | BinaryOp::BitOr, ..) if !side.grouped => {
                    self.ast.loose_bits.push((side.id, id));
                }
                Expr::Constant(index) => {
                    if let ConstantValue::Number(value) = CONSTANTS[index as usize].value
                        && value.is_nan()
                    {
                        let other = if side.id == left.id { right } else { left };
                        let other = self.text(other.span);
                        self.report(mistakes::nan_comparison(side.span, other));
                    }
                }
                _ => {}
            }
        }
    }

    fn apply_conditional(&mut self, value_first: bool) {
        let (Some(third), Some(second), Some(first)) = (
            self.operands.pop(),
            self.operands.pop(),
            self.operands.pop(),
        ) else {
            return;
        };
        let span = first.span.to(third.span);
        let (cond, yes) = if value_first {
            (second.id, first.id)
        } else {
            (first.id, second.id)
        };
        let no = third.id;
        self.push_operand(Expr::If { cond, yes, no }, span);
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
