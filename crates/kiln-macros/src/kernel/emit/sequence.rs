//! Statements one after the other, and where jumps among them lead.

use super::{Dest, Emit, Falls};
use crate::kernel::ast::{Block, Expr, Jump, Kind, Pat, Stmt, Var};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use std::collections::BTreeSet;

impl Emit {
    pub(super) fn block(&mut self, block: &Block, dest: Dest, falls: &Falls) -> TokenStream {
        let inside = self.sequence(&block.stmts, block.tail.as_deref(), dest, falls);
        quote!({ #inside })
    }

    /// Statements and the value behind them, which goes to `dest`.
    pub(super) fn sequence(
        &mut self,
        stmts: &[Stmt],
        tail: Option<&Expr>,
        dest: Dest,
        falls: &Falls,
    ) -> TokenStream {
        let mut written = TokenStream::new();
        for (index, stmt) in stmts.iter().enumerate() {
            let rest = (&stmts[index + 1..], tail);
            let is_last = rest.0.is_empty() && tail.is_none();
            match stmt {
                Stmt::Item(item) => written.extend(quote!(#item)),
                Stmt::Let { pat, ty, init } => {
                    let init = init.as_deref();
                    let ty = ty.as_deref();
                    let jumping = init.filter(|init| init.jumps());
                    let Some(init) = jumping else {
                        written.extend(self.plain_let(pat, ty, init));
                        continue;
                    };
                    let value = self.declare("__value", false);
                    let (code, flags) =
                        self.flags_set(|e| e.statement(init, Dest::Into(value), &Vec::new()));
                    let ident = self.ident(value).clone();
                    let bind = self.bind(pat, ty, quote!(#ident));
                    let rest = self.unless(&flags, |e| {
                        let rest = e.sequence(rest.0, rest.1, dest, falls);
                        quote!(#bind #rest)
                    });
                    written.extend(quote!(let mut #ident = __kiln.zero(); #code #rest));
                    return written;
                }
                Stmt::Expr(expr) if expr.is_structure() => {
                    if let Some(code) = self.sink(expr, rest, dest, falls) {
                        written.extend(code);
                        return written;
                    }
                    let falls_here = if is_last { falls.clone() } else { Vec::new() };
                    let (code, flags) =
                        self.flags_set(|e| e.statement(expr, Dest::Nowhere, &falls_here));
                    written.extend(code);
                    if expr.never_ends() {
                        return written;
                    }
                    if !flags.is_empty() && !is_last {
                        let sequence = |e: &mut Emit| e.sequence(rest.0, rest.1, dest, falls);
                        written.extend(self.unless(&flags, sequence));
                        return written;
                    }
                }
                Stmt::Expr(expr) => written.extend(self.statement(expr, Dest::Nowhere, falls)),
            }
        }
        if let Some(tail) = tail {
            written.extend(self.statement(tail, dest, falls));
        }
        written
    }

    /// An `if` of which one side never ends: what follows stands in the
    /// other side.
    fn sink(
        &mut self,
        expr: &Expr,
        rest: (&[Stmt], Option<&Expr>),
        dest: Dest,
        falls: &Falls,
    ) -> Option<TokenStream> {
        let Kind::If(condition, then, otherwise) = &expr.kind else {
            return None;
        };
        if !expr.jumps() || (rest.0.is_empty() && rest.1.is_none()) {
            return None;
        }
        let then_ends = !then.never_ends();
        let otherwise_ends = !otherwise.as_deref().is_some_and(Expr::never_ends);
        if then_ends == otherwise_ends {
            return None;
        }
        let condition = self.value(condition);
        let follow = |e: &mut Emit, code: TokenStream, flags: Vec<Var>| {
            let rest = e.unless(&flags, |e| e.sequence(rest.0, rest.1, dest, falls));
            quote!(#code #rest)
        };
        let none = Vec::new();
        let write_then = |e: &mut Emit| match then_ends {
            true => {
                let (code, flags) = e.flags_set(|e| e.block(then, Dest::Nowhere, &none));
                follow(e, code, flags)
            }
            false => e.block(then, Dest::Nowhere, falls),
        };
        let write_otherwise = |e: &mut Emit| match (otherwise, otherwise_ends) {
            (Some(side), true) => {
                let (code, flags) = e.flags_set(|e| e.statement(side, Dest::Nowhere, &none));
                follow(e, code, flags)
            }
            (Some(side), false) => e.statement(side, Dest::Nowhere, falls),
            (None, _) => follow(e, TokenStream::new(), Vec::new()),
        };
        Some(self.branch(condition, write_then, write_otherwise))
    }

    /// Code that stands where none of the flags is set.
    pub(super) fn unless(
        &mut self,
        flags: &[Var],
        write: impl FnOnce(&mut Emit) -> TokenStream,
    ) -> TokenStream {
        if flags.is_empty() {
            let code = write(self);
            return quote!({ #code });
        }
        let go_on = self.none_of(flags);
        self.branch(go_on, write, |_| TokenStream::new())
    }

    /// Whether none of the flags is set.
    pub(super) fn none_of(&self, flags: &[Var]) -> TokenStream {
        let mut idents = flags.iter().map(|&flag| self.ident(flag));
        let Some(first) = idents.next() else {
            return quote!(__kiln.lit(true));
        };
        let any = idents.fold(
            quote!(#first),
            |any, flag| quote!(__kiln.bitor(#any, #flag)),
        );
        quote!(__kiln.not(#any))
    }

    /// `if`, both sides of which stand in regions of their own.
    pub(super) fn branch(
        &mut self,
        condition: TokenStream,
        then: impl FnOnce(&mut Emit) -> TokenStream,
        otherwise: impl FnOnce(&mut Emit) -> TokenStream,
    ) -> TokenStream {
        let (then, mut assigned) = self.region(then);
        let (otherwise, more) = self.region(otherwise);
        assigned.extend::<BTreeSet<Var>>(more);
        let call = quote!(__if);
        let keep = self.each(&assigned, "keep", false, &call);
        let leave = self.each(&assigned, "then", true, &call);
        let other = self.each(&assigned, "otherwise", false, &call);
        let take = self.each(&assigned, "take", true, &call);
        quote! {
            let mut __if = __kiln.begin_if(#condition);
            #keep
            { #then }
            #leave
            __if.begin_else();
            { #otherwise }
            #other
            __if.end();
            #take
        }
    }

    fn plain_let(&mut self, pat: &Pat, ty: Option<&syn::Type>, init: Option<&Expr>) -> TokenStream {
        let value = match init {
            None => quote!(__kiln.zero()),
            Some(init) => self.own(init),
        };
        self.bind(pat, ty, value)
    }

    /// The value of an expression, as one that nothing else changes.
    pub(super) fn own(&mut self, expr: &Expr) -> TokenStream {
        let value = self.value(expr);
        match expr.is_place() {
            true => quote_spanned!(expr.span=> __kiln.fresh(#value)),
            false => value,
        }
    }

    fn bind(&mut self, pat: &Pat, ty: Option<&syn::Type>, value: TokenStream) -> TokenStream {
        let pat = self.pat(pat);
        let ty = ty.map(|ty| quote!(: <#ty as ::kiln::expand::Ty>::Of<'_>));
        quote!(let #pat #ty = #value;)
    }

    /// A pattern; its variables are declared in the region one stands in.
    pub(super) fn pat(&mut self, pat: &Pat) -> TokenStream {
        match pat {
            Pat::Ignore => quote!(_),
            Pat::Bind(var) => {
                let depth = self.regions.len();
                let variable = &mut self.vars[var.0];
                variable.depth = depth;
                let ident = &variable.ident;
                match variable.is_mut {
                    true => quote!(mut #ident),
                    false => quote!(#ident),
                }
            }
            Pat::Tuple(parts) => {
                let parts: Vec<TokenStream> = parts.iter().map(|part| self.pat(part)).collect();
                quote!((#(#parts,)*))
            }
        }
    }

    /// A jump: its value, and its flag where it does not lead where one gets
    /// anyway.
    pub(super) fn jump(&mut self, jump: Jump, value: Option<&Expr>, falls: &Falls) -> TokenStream {
        let dest = self.values.get(&jump).copied().unwrap_or(Dest::Nowhere);
        let value = value.map(|value| self.statement(value, dest, &Vec::new()));
        if falls.contains(&jump) {
            return quote!(#value);
        }
        let depth = self.depth_of(jump);
        let flag = self.flag(jump, depth);
        self.assigned(flag);
        let ident = self.ident(flag);
        quote!(#value #ident = __kiln.lit(true);)
    }
}
