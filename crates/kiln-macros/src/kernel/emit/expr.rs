//! Values.

use super::{Dest, Emit, Falls};
use crate::kernel::ast::{Expr, Kind, Var};
use crate::kernel::words::PANICKING;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Index;

impl Emit {
    /// A statement whose value goes to `dest`.
    pub(super) fn statement(&mut self, expr: &Expr, dest: Dest, falls: &Falls) -> TokenStream {
        match &expr.kind {
            Kind::If(condition, then, otherwise) => {
                let condition = self.value(condition);
                let otherwise = otherwise.as_deref();
                self.branch(
                    condition,
                    |e| e.block(then, dest, falls),
                    |e| match otherwise {
                        Some(otherwise) => e.statement(otherwise, dest, falls),
                        None => TokenStream::new(),
                    },
                )
            }
            Kind::Block(None, block) => self.block(block, dest, falls),
            Kind::Block(Some(target), block) => self.labelled(*target, block, dest, falls),
            Kind::Loop(target, body) => self.while_loop(*target, None, body, dest),
            Kind::While(target, condition, body) => {
                self.while_loop(*target, Some(condition), body, Dest::Nowhere)
            }
            Kind::For(target, pat, over, body) => self.for_loop(*target, pat, over, body),
            Kind::Jump(jump, value) => self.jump(*jump, value.as_deref(), falls),
            Kind::Panic(message) => {
                let message = at(expr.span, quote!(#message));
                quote!(__kiln.panic(#message);)
            }
            Kind::Assign(places, value) => self.assign(places, value),
            Kind::AssignOp(op, place, value) => self.assign_op(op, place, value),
            Kind::Assert(condition, message, is_debug) => {
                let condition = at(expr.span, self.value(condition));
                only_if(*is_debug, quote!(__kiln.assert(#condition, #message);))
            }
            Kind::AssertSides(method, left, right, message, is_debug) => {
                let method = format_ident!("{method}");
                let (left, right) = (self.value(left), at(expr.span, self.value(right)));
                let code = quote!(__kiln.#method(#left, #right, #message););
                only_if(*is_debug, code)
            }
            _ => match dest {
                Dest::Nowhere => {
                    let value = self.value(expr);
                    quote!(let _ = #value;)
                }
                Dest::Into(var) => {
                    let value = self.value(expr);
                    self.assigned(var);
                    let ident = self.ident(var);
                    quote_spanned!(expr.span=> __kiln.assign(&mut #ident, #value);)
                }
            },
        }
    }

    /// An expression of Rust that gives the handle of a value.
    pub(super) fn value(&mut self, expr: &Expr) -> TokenStream {
        let span = expr.span;
        if let Some(iterator) = self.iterator(expr) {
            return iterator;
        }
        match &expr.kind {
            Kind::Literal(literal) => quote_spanned!(span=> __kiln.lit(#literal)),
            Kind::Text(text) => quote!(#text),
            Kind::Constant(path) => quote_spanned!(span=> __kiln.named(#path)),
            Kind::Local(var) => {
                let ident = self.ident(*var);
                quote_spanned!(span=> #ident)
            }
            Kind::Op(op, operands) => {
                let mut operands = self.values(operands);
                if FALLIBLE.contains(op) {
                    operands = all_at(span, operands);
                }
                let op = format_ident!("{op}");
                quote_spanned!(span=> __kiln.#op(#(#operands),*))
            }
            Kind::And(left, right) => self.lazy("begin_and", left, right),
            Kind::Or(left, right) => self.lazy("begin_or", left, right),
            Kind::Cast(of, ty) => {
                let of = self.value(of);
                quote_spanned!(span=> __kiln.cast::<#ty, _>(#of))
            }
            Kind::Index(of, index) => {
                let (of, index) = (self.value(of), at(span, self.subscript(index)));
                quote_spanned!(span=> __kiln.index(&#of, #index))
            }
            Kind::Part(of, lo, hi) => {
                let of = self.value(of);
                let [lo, hi] = [lo, hi].map(|bound| match bound {
                    Some(bound) => {
                        let bound = self.value(bound);
                        quote!(::core::option::Option::Some(#bound))
                    }
                    None => quote!(::core::option::Option::None),
                });
                let hi = at(span, hi);
                quote_spanned!(span=> __kiln.part(&#of, #lo, #hi))
            }
            Kind::Deref(of) => {
                let of = self.value(of);
                quote_spanned!(span=> __kiln.read(#of))
            }
            Kind::Field(of, index) => {
                let (of, index) = (self.value(of), Index::from(*index as usize));
                quote_spanned!(span=> #of.#index)
            }
            Kind::Method(of, name, args) => {
                let (mut of, mut args) = (self.value(of), self.values(args));
                if PANICKING.iter().any(|known| name == known) {
                    match args.is_empty() {
                        true => of = at(span, of),
                        false => args = all_at(span, args),
                    }
                }
                quote_spanned!(span=> #of.#name(#(#args),*))
            }
            Kind::Call(path, args) => {
                let args = self.values(args).into_iter();
                let args = args.map(|arg| quote!(__kiln.pass(#arg))).collect();
                callee(path, span, &all_at(span, args))
            }
            Kind::Tuple(parts) => {
                let parts: Vec<TokenStream> = parts.iter().map(|part| self.own(part)).collect();
                quote_spanned!(span=> (#(#parts,)*))
            }
            Kind::Array(parts) => {
                let parts = self.values(parts);
                quote_spanned!(span=> __kiln.array([#(#parts),*]))
            }
            Kind::Repeat(of, len) => {
                let of = self.value(of);
                quote_spanned!(span=> __kiln.repeat::<_, {#len}>(#of))
            }
            Kind::Assign(..) | Kind::AssignOp(..) | Kind::Assert(..) | Kind::AssertSides(..) => {
                let code = self.statement(expr, Dest::Nowhere, &Vec::new());
                quote!({ #code })
            }
            _ => self.structure(expr),
        }
    }

    /// What stands in brackets: an index, or `[i, j]`, which needs no memory.
    fn subscript(&mut self, index: &Expr) -> TokenStream {
        let Kind::Array(parts) = &index.kind else {
            return self.value(index);
        };
        let parts = self.values(parts);
        quote_spanned!(index.span=> [#(#parts),*])
    }

    pub(super) fn values(&mut self, exprs: &[Expr]) -> Vec<TokenStream> {
        exprs.iter().map(|expr| self.value(expr)).collect()
    }

    /// The value of a branch, a block or a loop: that of a variable.
    fn structure(&mut self, expr: &Expr) -> TokenStream {
        let value = self.declare("__value", false);
        let code = self.statement(expr, Dest::Into(value), &Vec::new());
        let ident = self.ident(value);
        quote! {{
            let mut #ident = __kiln.zero();
            #code
            #ident
        }}
    }

    fn lazy(&mut self, begin: &str, left: &Expr, right: &Expr) -> TokenStream {
        let begin = format_ident!("{begin}");
        let span = right.span;
        let left = self.value(left);
        let (right, changed) = self.region(|e| e.value(right));
        if !changed.is_empty() {
            let what = "the right side of `&&` or `||` cannot assign: write it as an `if`";
            return quote_spanned!(span=> ::core::compile_error!(#what));
        }
        quote! {{
            let __lazy = __kiln.#begin(#left);
            __lazy.end(#right)
        }}
    }

    fn assign(&mut self, places: &[Expr], value: &Expr) -> TokenStream {
        let value = self.own(value);
        match places {
            [place] => {
                let code = self.store(place, quote!(__assigned));
                quote!(let __assigned = #value; #code)
            }
            places => {
                let stores: TokenStream = (0..places.len())
                    .map(|index| {
                        let part = Index::from(index);
                        self.store(&places[index], quote!(__assigned.#part))
                    })
                    .collect();
                quote!(let __assigned = #value; #stores)
            }
        }
    }

    /// Writes a value to a place, which is found after the value is.
    fn store(&mut self, place: &Expr, value: TokenStream) -> TokenStream {
        let span = place.span;
        if let Kind::Index(of, index) = &place.kind {
            let (of, index) = (self.value(of), self.subscript(index));
            let value = at(span, value);
            return quote_spanned!(span=> __kiln.store(&#of, #index, #value););
        }
        if let Kind::Deref(of) = &place.kind {
            let of = self.value(of);
            return quote_spanned!(span=> __kiln.write(&#of, #value););
        }
        if let Some(var) = root(place) {
            self.assigned(var);
        }
        let place = self.value(place);
        quote_spanned!(span=> __kiln.assign(&mut #place, #value);)
    }

    /// `place op= value`: for numbers, the value is computed first.
    fn assign_op(&mut self, op: &str, place: &Expr, value: &Expr) -> TokenStream {
        let (op, span) = (format_ident!("{op}"), place.span);
        let value = self.value(value);
        if let Kind::Index(of, index) = &place.kind {
            let (of, index) = (self.value(of), self.subscript(index));
            let at_index = at(span, quote!(__index));
            return quote_spanned! {span=> {
                let __operand = #value;
                let (__of, __index) = (#of, #index);
                let __old = __kiln.index(&__of, #at_index);
                __kiln.store(&__of, __index, __kiln.#op(__old, __operand));
            }};
        }
        if let Kind::Deref(of) = &place.kind {
            let of = self.value(of);
            return quote_spanned! {span=> {
                let (__operand, __of) = (#value, #of);
                let __old = __kiln.read(__of);
                __kiln.write(&__of, __kiln.#op(__old, __operand));
            }};
        }
        if let Some(var) = root(place) {
            self.assigned(var);
        }
        let place = self.value(place);
        let operand = at(span, quote!(__operand));
        quote_spanned! {span=> {
            let __operand = #value;
            #place = __kiln.#op(#place, #operand);
        }}
    }
}

/// Operators that can fail on integers.
const FALLIBLE: [&str; 8] = ["add", "sub", "mul", "div", "rem", "neg", "shl", "shr"];

/// The last operand of an operation, which says where that stands.
pub(super) fn at(span: Span, operand: TokenStream) -> TokenStream {
    let start = span.unwrap();
    let (line, column) = (start.line() as u32, start.column() as u32);
    quote!(__kiln.at(#line, #column, #operand))
}

/// Operands, of which the last says where the operation stands.
pub(super) fn all_at(span: Span, mut operands: Vec<TokenStream>) -> Vec<TokenStream> {
    if let Some(last) = operands.pop() {
        operands.push(at(span, last));
    }
    operands
}

/// A call of what a path names. Beside a kernel stands a type of its name; of
/// any other function the name leads to one type alone, which comes with the
/// glob, is no kernel, and is an error that says so.
fn callee(path: &syn::Path, span: Span, args: &[TokenStream]) -> TokenStream {
    let mut path = path.clone();
    let mut generics = TokenStream::new();
    if let Some(last) = path.segments.last_mut() {
        let given = std::mem::take(&mut last.arguments);
        generics = match given {
            syn::PathArguments::AngleBracketed(given) => {
                let given = given.args;
                quote!(::<#given>)
            }
            _ => TokenStream::new(),
        };
    }
    let others = format_ident!("of{}", args.len());
    quote_spanned! {span=> {
        use #path as __callee;
        use ::kiln::expand::no_kernel::#others::*;
        __callee::__build #generics (__kiln #(, #args)*)
    }}
}

/// The local that a place is a part of.
fn root(place: &Expr) -> Option<Var> {
    match &place.kind {
        Kind::Local(var) => Some(*var),
        Kind::Field(of, _) => root(of),
        _ => None,
    }
}

/// Code for builds with debug assertions alone.
fn only_if(is_debug: bool, code: TokenStream) -> TokenStream {
    match is_debug {
        true => quote!(if ::core::cfg!(debug_assertions) { #code }),
        false => code,
    }
}
