//! Branches, loops and jumps.

use super::Parser;
use crate::kernel::ast::{Block, Expr, Jump, Kind, Stmt};
use syn::spanned::Spanned;
use syn::{Error, Result};

impl Parser {
    pub(super) fn if_else(&mut self, expr: &syn::ExprIf) -> Result<Kind> {
        let condition = self.expr(&expr.cond)?;
        let then = self.block(&expr.then_branch);
        let otherwise = match &expr.else_branch {
            Some((_, otherwise)) => Some(Box::new(self.expr(otherwise)?)),
            None => None,
        };
        Ok(Kind::If(Box::new(condition), then, otherwise))
    }

    pub(super) fn while_loop(&mut self, expr: &syn::ExprWhile) -> Result<Kind> {
        let label = expr.label.as_ref();
        let (target, (condition, mut body)) = self.inside(label, true, |parser| {
            let condition = parser.expr(&expr.cond);
            (condition, parser.block(&expr.body))
        });
        let mut condition = condition?;
        while let Some(stop) = leading_break(&mut body, Jump::Break(target)) {
            condition = and_not(condition, stop);
        }
        Ok(Kind::While(target, Box::new(condition), body))
    }

    pub(super) fn endless_loop(&mut self, expr: &syn::ExprLoop) -> Result<Kind> {
        let label = expr.label.as_ref();
        let (target, mut body) = self.inside(label, true, |parser| parser.block(&expr.body));
        let Some(stop) = leading_break(&mut body, Jump::Break(target)) else {
            return Ok(Kind::Loop(target, body));
        };
        let mut condition = not(stop);
        while let Some(stop) = leading_break(&mut body, Jump::Break(target)) {
            condition = and_not(condition, stop);
        }
        Ok(Kind::While(target, Box::new(condition), body))
    }

    pub(super) fn for_loop(&mut self, expr: &syn::ExprForLoop) -> Result<Kind> {
        let over = self.iterator(&expr.expr)?;
        let outside = self.scope.len();
        let pat = self.pat(&expr.pat)?;
        let label = expr.label.as_ref();
        let (target, body) = self.inside(label, true, |parser| parser.block(&expr.body));
        self.scope.truncate(outside);
        Ok(Kind::For(target, pat, Box::new(over), body))
    }

    pub(super) fn labelled_block(&mut self, expr: &syn::ExprBlock) -> Kind {
        match &expr.label {
            None => Kind::Block(None, self.block(&expr.block)),
            Some(label) => {
                let inside = |parser: &mut Parser| parser.block(&expr.block);
                let (target, block) = self.inside(Some(label), false, inside);
                Kind::Block(Some(target), block)
            }
        }
    }

    pub(super) fn jump(&mut self, expr: &syn::Expr) -> Result<Kind> {
        let (jump, value) = match expr {
            syn::Expr::Break(e) => {
                let jump = self.target_of(e.label.as_ref(), e.span(), false)?;
                (jump, e.expr.as_deref())
            }
            syn::Expr::Continue(e) => {
                let jump = self.target_of(e.label.as_ref(), e.span(), true)?;
                (jump, None)
            }
            syn::Expr::Return(e) if self.in_closure => {
                let what = "a closure of a kernel gives its last value";
                return Err(Error::new(e.span(), what));
            }
            syn::Expr::Return(e) => (Jump::Return, e.expr.as_deref()),
            other => return Err(Error::new(other.span(), super::hint(other))),
        };
        let value = match value {
            Some(value) => Some(Box::new(self.expr(value)?)),
            None => None,
        };
        Ok(Kind::Jump(jump, value))
    }
}

/// The condition of an `if condition { break; }` that a body begins with,
/// which is taken out of it: to test it before the round is the same.
fn leading_break(body: &mut Block, jump: Jump) -> Option<Expr> {
    let is_break = |expr: &Expr| matches!(expr.kind, Kind::Jump(found, None) if found == jump);
    let only_breaks = |block: &Block| match (&block.stmts[..], &block.tail) {
        ([Stmt::Expr(expr)], None) => is_break(expr),
        ([], Some(tail)) => is_break(tail),
        _ => false,
    };
    let is_leading = |expr: &Expr| match &expr.kind {
        Kind::If(condition, then, None) => only_breaks(then) && !condition.jumps(),
        _ => false,
    };
    match body.stmts.first() {
        Some(Stmt::Expr(first)) if is_leading(first) => {}
        _ => return None,
    }
    match body.stmts.remove(0) {
        Stmt::Expr(first) => match first.kind {
            Kind::If(condition, ..) => Some(*condition),
            _ => None,
        },
        _ => None,
    }
}

fn not(of: Expr) -> Expr {
    let span = of.span;
    Expr {
        kind: Kind::Op("not", vec![of]),
        span,
    }
}

fn and_not(condition: Expr, stop: Expr) -> Expr {
    let span = condition.span;
    Expr {
        kind: Kind::And(Box::new(condition), Box::new(not(stop))),
        span,
    }
}
