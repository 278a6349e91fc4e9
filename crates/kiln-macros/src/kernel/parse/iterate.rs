//! What one goes over: ranges, slices, and what is made of them.

use super::{Parser, here};
use crate::kernel::ast::{Expr, Kind};
use crate::kernel::words::{ADAPTERS, FOLDS, SOURCES};
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Error, Ident, Result};

fn is_one_of(name: &Ident, names: &[&str]) -> bool {
    names.iter().any(|known| name == known)
}

/// Whether an expression is something to go over.
fn is_iterator(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Paren(inner) => is_iterator(&inner.expr),
        syn::Expr::Group(inner) => is_iterator(&inner.expr),
        syn::Expr::Range(_) => true,
        syn::Expr::MethodCall(call) => {
            is_one_of(&call.method, SOURCES)
                || (is_one_of(&call.method, ADAPTERS) && is_iterator(&call.receiver))
        }
        _ => false,
    }
}

/// `kiln::par`.
fn is_par(function: &syn::Expr) -> bool {
    let last = match function {
        syn::Expr::Path(path) => path.path.segments.last(),
        _ => None,
    };
    last.is_some_and(|last| last.ident == "par")
}

/// The words of Rust where there is no greatest and no least.
const NONE: &str = "called `Option::unwrap()` on a `None` value";

/// A text of the expansion.
fn literal(text: &str, at: &syn::ExprMethodCall) -> Expr {
    Expr {
        kind: Kind::Text(quote::quote!(#text)),
        span: here(at),
    }
}

impl Parser {
    /// `max()` and `min()` of integers, with what follows where there are
    /// none: `unwrap()`, `expect("..")` or `unwrap_or(value)`.
    pub(super) fn extreme(&mut self, call: &syn::ExprMethodCall) -> Result<Option<Kind>> {
        let mut inner = &*call.receiver;
        if let syn::Expr::MethodCall(copied) = inner
            && is_one_of(&copied.method, &["copied", "cloned"])
            && !is_iterator(inner)
        {
            inner = &copied.receiver;
        }
        let syn::Expr::MethodCall(found) = inner else {
            return Ok(None);
        };
        let is_extreme = is_one_of(&found.method, &["max", "min"]) && found.args.is_empty();
        if !is_extreme || !is_iterator(&found.receiver) {
            return Ok(None);
        }
        let method = call.method.to_string();
        let (suffix, arg) = match (method.as_str(), call.args.first()) {
            ("unwrap", None) => ("some", literal(NONE, call)),
            ("expect", Some(syn::Expr::Lit(text))) => {
                let kind = Kind::Text(quote::quote!(#text));
                let span = here(call);
                ("some", Expr { kind, span })
            }
            ("unwrap_or", Some(otherwise)) => ("or", self.expr(otherwise)?),
            _ => return Ok(None),
        };
        let of = self.iterator(&found.receiver)?;
        let name = Ident::new(&format!("{}_{suffix}", found.method), found.method.span());
        Ok(Some(Kind::Adapt(Box::new(of), name, vec![arg])))
    }

    /// What a `for` goes over.
    pub(super) fn iterator(&mut self, expr: &syn::Expr) -> Result<Expr> {
        let span = here(expr);
        if let Some(over) = self.slice_itself(expr) {
            return Ok(over);
        }
        let kind = match expr {
            syn::Expr::Paren(inner) => return self.iterator(&inner.expr),
            syn::Expr::Group(inner) => return self.iterator(&inner.expr),
            syn::Expr::Range(range) => {
                let (Some(lo), Some(hi)) = (&range.start, &range.end) else {
                    let what = "a range of a kernel has both bounds";
                    return Err(Error::new(expr.span(), what));
                };
                let is_inclusive = matches!(range.limits, syn::RangeLimits::Closed(_));
                let (lo, hi) = (self.expr(lo)?, self.expr(hi)?);
                Kind::Range(Box::new(lo), Box::new(hi), is_inclusive)
            }
            syn::Expr::MethodCall(call) if is_one_of(&call.method, SOURCES) => {
                let of = self.expr(&call.receiver)?;
                let args = self.exprs(call.args.iter())?;
                Kind::Iter(Box::new(of), call.method.clone(), args)
            }
            syn::Expr::MethodCall(call) if is_one_of(&call.method, ADAPTERS) => {
                self.adapted(call)?
            }
            syn::Expr::Reference(reference) => {
                let name = match reference.mutability {
                    Some(_) => "iter_mut",
                    None => "iter",
                };
                let of = self.expr(&reference.expr)?;
                Kind::Iter(
                    Box::new(of),
                    Ident::new(name, Span::call_site()),
                    Vec::new(),
                )
            }
            syn::Expr::Call(call) if is_par(&call.func) => return self.claimed(call),
            other => {
                return Err(Error::new(
                    other.span(),
                    "a `for` of a kernel goes over a range, such as `0..x.len()`, or over \
                     `x.iter()`, `x.iter_mut()`, `x.windows(n)` or `x.chunks_exact(n)`, with \
                     `.rev()`, `.step_by(n)`, `.enumerate()`, `.zip(..)` or `.map(..)` of one",
                ));
            }
        };
        Ok(Expr { kind, span })
    }

    /// `kiln::par(..)`: what stands in it, with the claim that its rounds are
    /// independent.
    fn claimed(&mut self, call: &syn::ExprCall) -> Result<Expr> {
        if self.in_closure || self.targets.iter().any(|around| around.is_loop) {
            let what = "`par` stands at the outermost loop: write the range itself here";
            return Err(Error::new(call.func.span(), what));
        }
        let mut args = call.args.iter();
        let (Some(over), None) = (args.next(), args.next()) else {
            let what = "`par` takes what the loop goes over, such as `0..x.len()`";
            return Err(Error::new(call.span(), what));
        };
        self.claims = true;
        self.iterator(over)
    }

    /// A slice by its name: its elements, or references to them where it is a
    /// parameter that may be written.
    fn slice_itself(&self, expr: &syn::Expr) -> Option<Expr> {
        let syn::Expr::Path(path) = expr else {
            return None;
        };
        let var = self.local(path.path.get_ident()?)?;
        let name = match self.written.contains(&var) {
            true => "iter_mut",
            false => "iter",
        };
        let (kind, span) = (Kind::Local(var), here(expr));
        let of = Box::new(Expr { kind, span });
        let kind = Kind::Iter(of, Ident::new(name, Span::call_site()), Vec::new());
        Some(Expr { kind, span })
    }

    fn adapted(&mut self, call: &syn::ExprMethodCall) -> Result<Kind> {
        let of = self.iterator(&call.receiver)?;
        let mut args = Vec::new();
        for arg in &call.args {
            args.push(match arg {
                syn::Expr::Closure(closure) => self.closure(closure)?,
                // What is zipped is gone over too.
                _ if call.method == "zip" && is_iterator(arg) => self.iterator(arg)?,
                _ if call.method == "zip" => {
                    let span = here(arg);
                    let name = Ident::new("iter", Span::call_site());
                    let of = Box::new(self.expr(arg)?);
                    let kind = Kind::Iter(of, name, Vec::new());
                    Expr { kind, span }
                }
                _ => self.expr(arg)?,
            });
        }
        Ok(Kind::Adapt(Box::new(of), call.method.clone(), args))
    }

    /// `x.iter().sum()` and its like.
    pub(super) fn folded(&mut self, call: &syn::ExprMethodCall) -> Result<Option<Kind>> {
        if !is_one_of(&call.method, FOLDS) || !is_iterator(&call.receiver) {
            return Ok(None);
        }
        self.adapted(call).map(Some)
    }

    fn closure(&mut self, closure: &syn::ExprClosure) -> Result<Expr> {
        let outside = self.scope.len();
        let mut pats = Vec::new();
        for input in &closure.inputs {
            pats.push(match input {
                syn::Pat::Type(typed) => self.pat(&typed.pat)?,
                pat => self.pat(pat)?,
            });
        }
        let targets = std::mem::take(&mut self.targets);
        let was_in_closure = std::mem::replace(&mut self.in_closure, true);
        let body = self.expr(&closure.body);
        self.in_closure = was_in_closure;
        self.targets = targets;
        self.scope.truncate(outside);
        Ok(Expr {
            kind: Kind::Closure(pats, Box::new(body?)),
            span: here(closure),
        })
    }
}
