//! Tokens to the syntax tree.
//!
//! A formula is a list of items, which this file reads. `expr.rs` holds the
//! stack that expressions are read with; `values.rs`, `calls.rs` and
//! `operators.rs` put things on it; `names.rs` knows what a name means;
//! `mistakes.rs` words the complaints. The
//! parser keeps its own stack, so depth costs heap and never the thread's
//! stack, and it goes on after a mistake to report the next one.

mod calls;
mod expr;
mod mistakes;
mod names;
mod operators;
mod values;

pub(crate) use mistakes::{function_called, nearest_name};

use crate::ast::{Ast, Expr, ExprId, Item, ItemKind};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Diagnostics, Problems};
use crate::formula::Formula;
use crate::language::KEYWORDS;
use crate::lex::lex;
use crate::limits::Limits;
use crate::render::quote;
use crate::span::Span;
use crate::token::{Kind, Token};
use expr::{Frame, Operand};
use names::{Binding, Names};

/// The name of the output that an expression without a name defines.
pub(crate) const LONE_RESULT: &str = "result";

/// Reads a formula.
///
/// # Errors
/// All problems found, in source order; a limit that is exceeded ends the
/// reading at once and names itself.
pub fn parse(text: &str, limits: &Limits) -> Result<Formula, Diagnostics> {
    let most = limits.text_bytes.min(Limits::TEXT_BYTES_EVER);
    if text.len() > most {
        let message = format!("the text has {} bytes, and the limit is {most}", text.len());
        let problem = Diagnostic::new(Code::TextTooLong, Span::at(0), message);
        return Err(Diagnostics::new(vec![problem], 0));
    }
    let mut problems = Problems::default();
    let tokens = lex(text, &mut problems);
    let mut parser = Parser::new(text, &tokens, limits, problems);
    parser.items();
    parser.finish()
}

struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Token],
    /// Index of the token to read next.
    at: usize,
    limits: &'a Limits,
    ast: Ast,
    names: Names<'a>,
    /// For each item, whether a later one uses it.
    used: Vec<bool>,
    /// The item that is an expression without a name.
    lone: Option<u32>,
    problems: Problems,
    /// Totals of columns so far.
    totals: usize,
    /// A limit was exceeded: nothing more is read.
    stopped: bool,
    /// A whole number past the range of i64 was written; see `finish`.
    has_huge_whole: bool,
    // The expression under way.
    frames: Vec<Frame>,
    operands: Vec<Operand>,
    depth: usize,
    /// How many parentheses and calls are open.
    groups: usize,
}

impl<'a> Parser<'a> {
    fn new(
        source: &'a str,
        tokens: &'a [Token],
        limits: &'a Limits,
        problems: Problems,
    ) -> Parser<'a> {
        let expected = tokens.len().min(limits.nodes);
        let mut ast = Ast::default();
        ast.nodes.reserve(expected);
        ast.spans.reserve(expected);
        Parser {
            source,
            tokens,
            at: 0,
            limits,
            ast,
            names: Names::default(),
            used: Vec::new(),
            lone: None,
            problems,
            totals: 0,
            stopped: false,
            has_huge_whole: false,
            frames: Vec::with_capacity(16),
            operands: Vec::with_capacity(16),
            depth: 0,
            groups: 0,
        }
    }

    fn token(&self) -> Token {
        self.tokens[self.at]
    }

    /// The token after the next one.
    fn following(&self) -> Token {
        self.tokens[(self.at + 1).min(self.tokens.len() - 1)]
    }

    /// Moves past the current token, but never past the end.
    fn advance(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn text(&self, span: Span) -> &'a str {
        let source: &'a str = self.source;
        span.text(source)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.problems.push(diagnostic);
    }

    /// Reports a limit and ends the reading.
    fn stop(&mut self, code: Code, span: Span, message: String) {
        if !self.stopped {
            self.stopped = true;
            self.report(Diagnostic::new(code, span, message));
        }
    }

    fn push_node(&mut self, expr: Expr, span: Span) -> ExprId {
        if let Expr::Call {
            function, count, ..
        } = expr
            && function.is_over_rows(count as usize)
        {
            self.count_total(span);
        }
        let limit = self.limits.nodes;
        if self.ast.nodes.len() >= limit {
            let message =
                format!("the formula has more values and operations than the limit of {limit}");
            self.stop(Code::TooManyNodes, span, message);
            // Nothing of the tree is used any more; any node will do.
            if let Some(last) = self.ast.nodes.len().checked_sub(1) {
                return ExprId(last as u32);
            }
        }
        self.ast.push(expr, span)
    }

    fn count_total(&mut self, span: Span) {
        let limit = self.limits.totals;
        self.totals += 1;
        if self.totals > limit {
            let message =
                format!("the formula has more totals of columns than the limit of {limit}");
            self.stop(Code::TooManyTotals, span, message);
        }
    }

    // Items.

    fn items(&mut self) {
        while !self.stopped {
            while self.token().kind == Kind::Semicolon {
                self.advance();
            }
            match self.token().kind {
                Kind::End => break,
                Kind::Let => self.let_item(),
                Kind::Name if self.following().kind == Kind::Assign => {
                    let name = self.token();
                    self.advance();
                    self.advance();
                    self.define(ItemKind::Output, name);
                }
                _ => self.lone_item(),
            }
            self.end_item();
        }
    }

    fn let_item(&mut self) {
        self.advance();
        let name = self.token();
        let is_definition = name.kind == Kind::Name && self.following().kind == Kind::Assign;
        if !is_definition {
            let shown = self.text(name.span());
            let message = if KEYWORDS.contains(&shown) {
                format!("`{shown}` is a word of the language, not a name")
            } else {
                "`let` defines a private name, as in `let margin = price - cost`".to_owned()
            };
            let mut problem = Diagnostic::new(Code::BadDefinition, name.span(), message);
            if KEYWORDS.contains(&shown) {
                problem = problem.help("choose another name, or write it in backticks");
            }
            self.report(problem);
            self.skip_item();
            return;
        }
        self.advance();
        self.advance();
        self.define(ItemKind::Let, name);
    }

    fn lone_item(&mut self) {
        let start = self.token().start;
        let body = self.expression();
        if self.stopped {
            return;
        }
        let span = self.ast.span(body).to(Span::at(start));
        self.add_item(ItemKind::Output, LONE_RESULT, span, body, true);
    }

    /// Reads the expression of the item called `name` and binds the name.
    fn define(&mut self, kind: ItemKind, name: Token) {
        let body = self.expression();
        if self.stopped {
            return;
        }
        let raw = names::raw(self.text(name.span()));
        self.add_item(kind, raw, name.span(), body, false);
    }

    fn add_item(&mut self, kind: ItemKind, raw: &'a str, span: Span, body: ExprId, lone: bool) {
        let name = names::plain(raw);
        let same_name = match self.names.get(raw) {
            Some(Binding::Local(item)) => Some(item),
            _ => None,
        };
        let lone_before = self.lone.filter(|_| raw == LONE_RESULT);
        if lone && lone_before.is_some() && self.ast.expr(body) == Expr::Error {
            // What is broken already is probably no second result.
            return;
        }
        if let Some(earlier) = lone_before.or(same_name) {
            let first = self.ast.items[earlier as usize].name_span;
            let problem = if lone && lone_before.is_some() {
                Diagnostic::new(
                    Code::SeveralResults,
                    span,
                    "only one expression can stand without a name",
                )
                .label(first, "the first one")
                .help("give each a name, as in `total = a + b`")
            } else {
                let message = format!("{} is defined twice", quote(&name));
                Diagnostic::new(Code::DuplicateName, span, message)
                    .label(first, "first defined here")
            };
            return self.report(problem);
        }
        let before = self.names.input_used_before(raw, span.start);
        if let (ItemKind::Let, Some(used_at)) = (kind, before) {
            let used_at = self.ast.inputs[used_at.0 as usize].span;
            let message = format!("{} is used before its `let`", quote(&name));
            self.report(
                Diagnostic::new(Code::UsedBeforeLet, used_at, message)
                    .label(span, "defined here")
                    .help("move the definition up"),
            );
        }
        let index = self.ast.items.len() as u32;
        if lone {
            self.lone = Some(index);
        } else {
            self.names.bind_local(raw, index);
        }
        self.used.push(false);
        self.ast.items.push(Item {
            kind,
            name,
            name_span: span,
            body,
        });
    }

    /// Skips to the end of the item after a mistake in its head.
    fn skip_item(&mut self) {
        loop {
            let token = self.token();
            if matches!(token.kind, Kind::End | Kind::Semicolon) || token.on_new_line {
                return;
            }
            self.advance();
        }
    }

    /// An expression ends where an item may end, so nothing is left to check;
    /// what is left is to make progress whatever happened.
    fn end_item(&mut self) {
        self.frames.clear();
        self.operands.clear();
        self.depth = 0;
        self.groups = 0;
    }

    // The end.

    fn finish(mut self) -> Result<Formula, Diagnostics> {
        if !self.stopped {
            self.check_whole_numbers();
            self.check_items();
        }
        let warnings = self.problems.finish()?;
        Ok(Formula::new(self.source, self.ast, warnings))
    }

    fn check_items(&mut self) {
        if self.ast.items.is_empty() && !self.problems.has_errors() {
            let message = "the formula is empty";
            self.report(Diagnostic::new(Code::Empty, Span::at(0), message));
            return;
        }
        let is_let = |item: &Item| item.kind == ItemKind::Let;
        if self.ast.items.iter().all(is_let) && !self.problems.has_errors() {
            let last = self.ast.items[self.ast.items.len() - 1].name_span;
            self.report(
                Diagnostic::new(Code::NoOutput, last, "the formula has no output")
                    .help("`let` names are private; end with an expression, or drop a `let`"),
            );
        }
        for (item, used) in self.ast.items.iter().zip(&self.used) {
            if is_let(item) && !used {
                let message = format!("nothing uses {}", quote(&item.name));
                self.problems.push(
                    Diagnostic::new(Code::UnusedLet, item.name_span, message)
                        .help("without `let` it would be an output"),
                );
            }
        }
    }

    /// The greatest magnitude, 2^63, is a whole number only with its sign,
    /// which is known after the expression has been read.
    fn check_whole_numbers(&mut self) {
        if !self.has_huge_whole {
            return;
        }
        for id in 0..self.ast.nodes.len() {
            if let Expr::Whole {
                magnitude,
                negative,
            } = self.ast.nodes[id]
                && magnitude > i64::MAX as u64 + u64::from(negative)
            {
                let span = self.ast.spans[id];
                self.report(mistakes::whole_too_large(span, self.source));
            }
        }
    }
}
