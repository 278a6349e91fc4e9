//! From the syntax of Rust to the tree of a kernel: names are resolved, and
//! what is not in the subset is refused where it stands.

mod call;
mod expr;
mod iterate;
mod structure;

use super::ast::{Block, Body, Jump, Local, Pat, Stmt, Target, Var};
use super::signature::Param;
use super::words::hint;
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Error, Ident, Lifetime, Result};

/// What is known where the parser stands.
pub(super) struct Parser {
    /// The kernel itself, which cannot call itself.
    name: Ident,
    /// The types that it is generic over.
    types: Vec<Ident>,
    locals: Vec<Local>,
    /// The parameters that are slices to be written.
    written: Vec<Var>,
    /// The locals that can be seen, the last declared last.
    scope: Vec<Var>,
    /// The loops and blocks around, the innermost last.
    targets: Vec<Around>,
    next_target: usize,
    /// Whether one stands in a closure, which nothing jumps out of.
    in_closure: bool,
    /// Whether a loop is claimed to have independent rounds.
    claims: bool,
    errors: Option<Error>,
}

struct Around {
    target: Target,
    label: Option<Lifetime>,
    is_loop: bool,
}

/// The tree of a function with these parameters.
///
/// # Errors
/// Every construct that a kernel cannot have.
pub(super) fn parse(
    name: &Ident,
    types: Vec<Ident>,
    params: &[Param],
    block: &syn::Block,
) -> Result<Body> {
    let mut parser = Parser {
        name: name.clone(),
        types,
        locals: Vec::new(),
        written: Vec::new(),
        scope: Vec::new(),
        targets: Vec::new(),
        next_target: 0,
        in_closure: false,
        claims: false,
        errors: None,
    };
    for param in params {
        let var = parser.declare(&param.ident, param.is_mut);
        if param.is_written() {
            parser.written.push(var);
        }
    }
    let block = parser.block(block);
    match parser.errors {
        Some(errors) => Err(errors),
        None => Ok(Body {
            locals: parser.locals,
            claims: parser.claims,
            block,
        }),
    }
}

/// Where a piece of the source stands; names that an expansion puts there are
/// its own, also where a macro wrote the source.
fn here(piece: &impl Spanned) -> Span {
    piece.span().resolved_at(Span::call_site())
}

impl Parser {
    fn declare(&mut self, ident: &Ident, is_mut: bool) -> Var {
        let var = Var(self.locals.len());
        self.locals.push(Local {
            ident: ident.clone(),
            is_mut,
        });
        self.scope.push(var);
        var
    }

    fn local(&self, ident: &Ident) -> Option<Var> {
        let named = |var: &&Var| self.locals[var.0].ident == *ident;
        self.scope.iter().rev().find(named).copied()
    }

    /// Keeps an error and goes on, so that all are reported.
    fn keep(&mut self, error: Error) {
        match &mut self.errors {
            Some(errors) => errors.combine(error),
            None => self.errors = Some(error),
        }
    }

    fn block(&mut self, block: &syn::Block) -> Block {
        let outside = self.scope.len();
        let mut parsed = Block {
            stmts: Vec::new(),
            tail: None,
        };
        for (index, stmt) in block.stmts.iter().enumerate() {
            let is_last = index + 1 == block.stmts.len();
            if let Err(error) = self.stmt(stmt, is_last, &mut parsed) {
                self.keep(error);
            }
        }
        self.scope.truncate(outside);
        parsed
    }

    fn stmt(&mut self, stmt: &syn::Stmt, is_last: bool, block: &mut Block) -> Result<()> {
        match stmt {
            syn::Stmt::Local(local) => block.stmts.push(self.local_stmt(local)?),
            syn::Stmt::Item(item @ (syn::Item::Const(_) | syn::Item::Use(_))) => {
                block.stmts.push(Stmt::Item(quote::quote!(#item)));
            }
            syn::Stmt::Item(item) => {
                return Err(Error::new(
                    item.span(),
                    "inside a kernel stand `const` and `use` only: move this before it",
                ));
            }
            syn::Stmt::Expr(expr, semicolon) => {
                let expr = self.expr(expr)?;
                match is_last && semicolon.is_none() {
                    true => block.tail = Some(Box::new(expr)),
                    false => block.stmts.push(Stmt::Expr(Box::new(expr))),
                }
            }
            syn::Stmt::Macro(stmt) => {
                let expr = self.macro_call(&stmt.mac)?;
                block.stmts.push(Stmt::Expr(Box::new(expr)));
            }
        }
        Ok(())
    }

    fn local_stmt(&mut self, local: &syn::Local) -> Result<Stmt> {
        let (pat, ty) = match &local.pat {
            syn::Pat::Type(typed) => (&*typed.pat, Some(typed.ty.clone())),
            pat => (pat, None),
        };
        let init = match &local.init {
            Some(init) => {
                if let Some((_, otherwise)) = &init.diverge {
                    return Err(Error::new(otherwise.span(), hint(&init.expr)));
                }
                Some(Box::new(self.expr(&init.expr)?))
            }
            None => None,
        };
        // The name is seen from the next statement on.
        let pat = self.pat(pat)?;
        if init.is_none() {
            self.set_mut(&pat);
        }
        Ok(Stmt::Let { pat, ty, init })
    }

    /// What is given its value later is a variable here.
    fn set_mut(&mut self, pat: &Pat) {
        match pat {
            Pat::Bind(var) => self.locals[var.0].is_mut = true,
            Pat::Tuple(parts) => parts.iter().for_each(|part| self.set_mut(part)),
            Pat::Ignore => {}
        }
    }

    fn pat(&mut self, pat: &syn::Pat) -> Result<Pat> {
        match pat {
            syn::Pat::Ident(ident) if ident.subpat.is_none() && ident.by_ref.is_none() => {
                let is_mut = ident.mutability.is_some();
                Ok(Pat::Bind(self.declare(&ident.ident, is_mut)))
            }
            syn::Pat::Wild(_) => Ok(Pat::Ignore),
            syn::Pat::Paren(inner) => self.pat(&inner.pat),
            // An element is the value of the reference to it.
            syn::Pat::Reference(inner) if inner.mutability.is_none() => self.pat(&inner.pat),
            syn::Pat::Tuple(tuple) => {
                let parts = tuple.elems.iter().map(|part| self.pat(part));
                Ok(Pat::Tuple(parts.collect::<Result<_>>()?))
            }
            other => Err(Error::new(
                other.span(),
                "a pattern of a kernel is a name, `_` or a tuple of such",
            )),
        }
    }

    /// Where `break` or `continue` leads.
    fn target_of(
        &self,
        label: Option<&Lifetime>,
        span: proc_macro2::Span,
        is_continue: bool,
    ) -> Result<Jump> {
        let mut around = self.targets.iter().rev();
        let found = match label {
            Some(label) => around.find(|a| a.label.as_ref().is_some_and(|l| l == label)),
            None => around.find(|a| a.is_loop),
        };
        match found {
            Some(around) if is_continue => Ok(Jump::Continue(around.target)),
            Some(around) => Ok(Jump::Break(around.target)),
            None => Err(Error::new(span, "there is no such loop around this")),
        }
    }

    /// Works on what is inside a loop or a block with a label.
    fn inside<R>(
        &mut self,
        label: Option<&syn::Label>,
        is_loop: bool,
        work: impl FnOnce(&mut Parser) -> R,
    ) -> (Target, R) {
        let target = Target(self.next_target);
        self.next_target += 1;
        self.targets.push(Around {
            target,
            label: label.map(|label| label.name.clone()),
            is_loop,
        });
        let done = work(self);
        self.targets.pop();
        (target, done)
    }
}
