//! What one goes over.

use super::Emit;
use super::expr::{all_at, at};
use crate::kernel::ast::{Expr, Kind, Pat};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};

impl Emit {
    /// What a `for` goes over, or what is made of all of it; `None` of any
    /// other expression.
    pub(super) fn iterator(&mut self, expr: &Expr) -> Option<TokenStream> {
        let span = expr.span;
        Some(match &expr.kind {
            Kind::Range(lo, hi, is_inclusive) => {
                let (lo, hi) = (self.value(lo), at(span, self.value(hi)));
                match is_inclusive {
                    true => quote_spanned!(span=> __kiln.span_inclusive(#lo, #hi)),
                    false => quote_spanned!(span=> __kiln.span(#lo, #hi)),
                }
            }
            Kind::Iter(of, name, args) => {
                let (of, args) = (self.value(of), all_at(span, self.values(args)));
                let name = format_ident!("{name}", span = name.span());
                quote_spanned!(span=> ::kiln::expand::Elementwise::#name(&#of #(, #args)*))
            }
            Kind::Adapt(of, name, args) => {
                let (mut of, mut args) = (self.value(of), self.values(args));
                if name == "step_by" || name == "max_some" || name == "min_some" {
                    args = all_at(span, args);
                }
                if name == "sum" || name == "product" {
                    of = at(span, of);
                }
                let name = format_ident!("{name}", span = name.span());
                quote_spanned!(span=> ::kiln::expand::IterExt::#name(#of #(, #args)*))
            }
            Kind::Closure(pats, body) => self.closure(pats, body),
            _ => return None,
        })
    }

    fn closure(&mut self, pats: &[Pat], body: &Expr) -> TokenStream {
        let (code, changed) = self.region(|e| {
            let pats: Vec<TokenStream> = pats.iter().map(|pat| e.pat(pat)).collect();
            let body = e.value(body);
            quote!(|#(#pats),*| #body)
        });
        match changed.is_empty() {
            true => code,
            false => {
                let what = "a closure of a kernel cannot assign: write it as a `for`";
                quote_spanned!(body.span=> ::core::compile_error!(#what))
            }
        }
    }
}
