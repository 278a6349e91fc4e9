//! Calls: methods, functions by their path, other kernels, and the macros
//! that panic.

use super::{Parser, here};
use crate::kernel::ast::{Expr, Kind};
use crate::kernel::words::{METHODS, SCALARS, hint_for_method, hint_for_path};
use quote::quote;
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Lit, Result, Token};

impl Parser {
    pub(super) fn method(&mut self, call: &syn::ExprMethodCall) -> Result<Kind> {
        if let Some(folded) = self.folded(call)? {
            return Ok(folded);
        }
        if let Some(extreme) = self.extreme(call)? {
            return Ok(extreme);
        }
        let name = call.method.to_string();
        if !METHODS.contains(&name.as_str()) {
            return Err(Error::new(call.method.span(), hint_for_method(&name)));
        }
        let of = self.expr(&call.receiver)?;
        let args = self.exprs(call.args.iter())?;
        Ok(Kind::Method(Box::new(of), call.method.clone(), args))
    }

    pub(super) fn call(&mut self, call: &syn::ExprCall) -> Result<Kind> {
        let syn::Expr::Path(function) = &*call.func else {
            let what = "a kernel calls a function by its name";
            return Err(Error::new(call.func.span(), what));
        };
        let mut args = self.exprs(call.args.iter())?;
        if let Some(kind) = self.scalar_function(&function.path, &mut args)? {
            return Ok(kind);
        }
        if function.path.is_ident(&self.name) {
            return Err(Error::new(
                function.span(),
                "a kernel cannot call itself: write the recursion as a loop",
            ));
        }
        let ident = function.path.get_ident();
        if ident.is_some_and(|ident| self.local(ident).is_some()) {
            let what = "a kernel calls a function by its name, not one that a local holds";
            return Err(Error::new(function.span(), what));
        }
        if let Some(what) = hint_for_path(&function.path) {
            return Err(Error::new(function.span(), what));
        }
        Ok(Kind::Call(Box::new(function.path.clone()), args))
    }

    /// `f64::sqrt(x)`, `f64::from(n)`: a method by its path.
    fn scalar_function(&mut self, path: &syn::Path, args: &mut Vec<Expr>) -> Result<Option<Kind>> {
        let [.., ty, method] = &*path.segments.iter().collect::<Vec<_>>() else {
            return Ok(None);
        };
        let is_generic = path.segments.len() == 2 && self.types.contains(&ty.ident);
        let is_scalar = is_generic || SCALARS.iter().any(|name| ty.ident == name);
        if !is_scalar || args.is_empty() {
            return Ok(None);
        }
        let of = args.remove(0);
        let is_conversion = match is_generic {
            true => method.ident == "of" || method.ident == "from_usize",
            false => method.ident == "from",
        };
        if is_conversion && args.is_empty() {
            let ty = &ty.ident;
            return Ok(Some(Kind::Cast(
                Box::new(of),
                Box::new(syn::parse_quote!(#ty)),
            )));
        }
        let name = method.ident.to_string();
        if !METHODS.contains(&name.as_str()) {
            return Err(Error::new(method.ident.span(), hint_for_method(&name)));
        }
        Ok(Some(Kind::Method(
            Box::new(of),
            method.ident.clone(),
            std::mem::take(args),
        )))
    }

    pub(super) fn macro_call(&mut self, call: &syn::Macro) -> Result<Expr> {
        let span = here(call);
        let name = match call.path.segments.last() {
            Some(last) => last.ident.to_string(),
            None => String::new(),
        };
        let (name, is_debug) = match name.strip_prefix("debug_") {
            Some(rest) if rest.starts_with("assert") => (rest.to_owned(), true),
            _ => (name, false),
        };
        let parser = Punctuated::<syn::Expr, Token![,]>::parse_terminated;
        let args = || parser.parse2(call.tokens.clone());
        let kind = match name.as_str() {
            "assert" => {
                let args = args()?;
                let mut args = args.iter();
                let Some(condition) = args.next() else {
                    return Err(Error::new(span, "`assert!` needs a condition"));
                };
                // As the macro of Rust words it.
                let stands = quote!(::kiln::__assertion_failed!(#condition));
                let message = text(args.next(), args.next())?.unwrap_or(stands);
                Kind::Assert(Box::new(self.expr(condition)?), message, is_debug)
            }
            "assert_eq" | "assert_ne" => {
                let args = args()?;
                let mut args = args.iter();
                let (Some(left), Some(right)) = (args.next(), args.next()) else {
                    return Err(Error::new(span, "this needs two values to compare"));
                };
                let (method, claim) = match name.as_str() {
                    "assert_eq" => ("assert_eq", "assertion `left == right` failed"),
                    _ => ("assert_ne", "assertion `left != right` failed"),
                };
                let sides = quote!(
                    " for `",
                    stringify!(#left),
                    "` and `",
                    stringify!(#right),
                    "`"
                );
                let message = match text(args.next(), args.next())? {
                    Some(text) => quote!(concat!(#claim, ": ", #text, #sides)),
                    None => quote!(concat!(#claim, #sides)),
                };
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                let sides = (Box::new(left), Box::new(right));
                Kind::AssertSides(method, sides.0, sides.1, message, is_debug)
            }
            "panic" => {
                let args = args()?;
                let mut args = args.iter();
                let message = text(args.next(), args.next())?;
                Kind::Panic(message.unwrap_or_else(|| quote!("explicit panic")))
            }
            "unreachable" => {
                let args = args()?;
                let mut args = args.iter();
                let entered = "internal error: entered unreachable code";
                Kind::Panic(match text(args.next(), args.next())? {
                    Some(text) => quote!(concat!(#entered, ": ", #text)),
                    None => quote!(#entered),
                })
            }
            "vec" => {
                return Err(Error::new(
                    span,
                    "a kernel allocates nothing: use an array `[0.0; N]`, or take a `&mut [T]`",
                ));
            }
            "println" | "print" | "eprintln" | "eprint" | "dbg" | "write" | "writeln" => {
                return Err(Error::new(
                    span,
                    "a kernel cannot print: write to a `&mut [T]`, or print in the caller",
                ));
            }
            "format" => return Err(Error::new(span, "a kernel has no text")),
            _ => {
                return Err(Error::new(
                    span,
                    "of macros a kernel has `assert!`, `assert_eq!`, `assert_ne!`, their \
                     `debug_` forms, `panic!` and `unreachable!`",
                ));
            }
        };
        Ok(Expr { kind, span })
    }
}

/// The literal text of a panic, of which nothing is to be filled in.
fn text(
    message: Option<&syn::Expr>,
    more: Option<&syn::Expr>,
) -> Result<Option<proc_macro2::TokenStream>> {
    let Some(message) = message else {
        return Ok(None);
    };
    let what = "the text of a panic in a kernel is a literal without `{}`";
    if let Some(more) = more {
        return Err(Error::new(more.span(), what));
    }
    let syn::Expr::Lit(syn::ExprLit {
        lit: Lit::Str(text),
        ..
    }) = message
    else {
        return Err(Error::new(message.span(), what));
    };
    let value = text.value();
    let plain = value.replace("{{", "").replace("}}", "");
    if plain.contains(['{', '}']) {
        return Err(Error::new(text.span(), what));
    }
    let value = value.replace("{{", "{").replace("}}", "}");
    Ok(Some(quote!(#value)))
}
