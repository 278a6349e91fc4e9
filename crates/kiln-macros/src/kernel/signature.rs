//! The signature of a kernel: which parameters and results it can have.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{
    Error, FnArg, GenericArgument, GenericParam, Ident, ItemFn, Pat, PathArguments, Result,
    ReturnType, Type, parse_quote,
};

const NO_SUCH_SCALAR: &str =
    "the scalars of a kernel are bool, i8 to i64, u8 to u64, isize, usize, f32 and f64";

/// What a kernel takes and gives.
pub(super) struct Signature {
    pub(super) params: Vec<Param>,
    /// The type it returns.
    pub(super) result: TokenStream,
    pub(super) generics: Generics,
}

/// The types and numbers that a kernel is generic over.
pub(super) struct Generics {
    /// As the source declares them, with the demand that types are scalars.
    pub(super) all: syn::Generics,
    /// All of them but lifetimes, in order.
    names: Vec<Ident>,
    /// The types among them.
    pub(super) types: Vec<Ident>,
    /// The numbers among them.
    numbers: Vec<Ident>,
}

impl Generics {
    fn of(generics: &syn::Generics) -> Result<Generics> {
        let mut known = Generics {
            all: generics.clone(),
            names: Vec::new(),
            types: Vec::new(),
            numbers: Vec::new(),
        };
        let mut below = Vec::new();
        for param in &mut known.all.params {
            match param {
                GenericParam::Lifetime(_) => continue,
                GenericParam::Type(param) => {
                    // What is demanded of a type stands in one place.
                    match param.bounds.is_empty() && generics.where_clause.is_some() {
                        true => below.push(param.ident.clone()),
                        false => param.bounds.push(parse_quote!(::kiln::expand::Plain)),
                    }
                    known.types.push(param.ident.clone());
                    known.names.push(param.ident.clone());
                }
                GenericParam::Const(param) if is_usize(&param.ty) => {
                    known.numbers.push(param.ident.clone());
                    known.names.push(param.ident.clone());
                }
                GenericParam::Const(param) => {
                    let what = "a kernel is generic over types and numbers of type `usize`: take \
                                this as a parameter";
                    return Err(Error::new(param.ty.span(), what));
                }
            }
        }
        if let Some(clause) = &mut known.all.where_clause {
            for ty in &below {
                clause
                    .predicates
                    .push(parse_quote!(#ty: ::kiln::expand::Plain));
            }
        }
        Ok(known)
    }

    /// Whether there is nothing but lifetimes.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// As they are declared where no lifetime is.
    pub(super) fn declared(&self) -> TokenStream {
        let params = self.all.params.iter();
        let params = params.filter(|param| !matches!(param, GenericParam::Lifetime(_)));
        quote!(#(#params,)*)
    }

    /// Them as arguments.
    pub(super) fn turbofish(&self) -> TokenStream {
        let names = &self.names;
        match self.is_empty() {
            true => TokenStream::new(),
            false => quote!(::<#(#names),*>),
        }
    }

    /// What tells one instance from the others: a type.
    pub(super) fn key(&self) -> TokenStream {
        let (types, numbers) = (&self.types, &self.numbers);
        quote!((#(#types,)* #(::kiln::expand::Count<#numbers>,)*))
    }
}

fn is_usize(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("usize"))
}

pub(super) struct Param {
    pub(super) ident: Ident,
    pub(super) is_mut: bool,
    /// The type as it stands.
    ty: Type,
    /// The type, with references that live for ever.
    pub(super) marker: Type,
}

impl Param {
    /// Whether it is a reference to what may be written.
    pub(super) fn is_written(&self) -> bool {
        matches!(&self.marker, Type::Reference(reference) if reference.mutability.is_some())
    }
}

impl Signature {
    /// # Errors
    /// What no kernel can have.
    pub(super) fn of(function: &ItemFn) -> Result<Signature> {
        let sig = &function.sig;
        let unsafety = match &sig.safety {
            syn::Safety::Unsafe(word) => Some(word.span()),
            _ => None,
        };
        let refused = [
            (
                sig.asyncness.as_ref().map(Spanned::span),
                "a kernel cannot be `async`: it runs from start to end",
            ),
            (
                unsafety,
                "a kernel cannot be `unsafe`: every index is checked, once where it can be",
            ),
            (
                sig.constness.as_ref().map(Spanned::span),
                "a kernel cannot be `const`: it is compiled while the program runs",
            ),
            (
                sig.abi.as_ref().map(Spanned::span),
                "a kernel has Rust's own calling convention: leave `extern` out",
            ),
            (
                sig.variadic.as_ref().map(Spanned::span),
                "a kernel has a fixed number of parameters",
            ),
        ];
        for (span, what) in refused {
            if let Some(span) = span {
                return Err(Error::new(span, what));
            }
        }
        let generics = Generics::of(&sig.generics)?;
        let params = sig.inputs.iter().map(param).collect::<Result<Vec<_>>>()?;
        let result = match &sig.output {
            ReturnType::Default => quote!(()),
            ReturnType::Type(_, ty) => {
                check_result(ty)?;
                quote!(#ty)
            }
        };
        Ok(Signature {
            params,
            result,
            generics,
        })
    }

    /// The types of the parameters as a tuple.
    pub(super) fn marker(&self) -> TokenStream {
        let markers = self.params.iter().map(|param| &param.marker);
        quote!((#(#markers,)*))
    }

    /// What each parameter is in the body. Of a type that the kernel is
    /// generic over the handle is named, so that a caller's argument says
    /// which type that is.
    pub(super) fn handles(&self) -> Vec<TokenStream> {
        let handle = |param: &Param| {
            let ty = &param.marker;
            let is_generic = |ident: &Ident| self.generics.types.contains(ident);
            match ty {
                Type::Path(path) if path.path.get_ident().is_some_and(is_generic) => {
                    quote!(::kiln::expand::Val<'__b, #ty>)
                }
                _ => quote!(<#ty as ::kiln::expand::Param>::Handle<'__b>),
            }
        };
        self.params.iter().map(handle).collect()
    }

    /// The parameters without `mut`.
    pub(super) fn plain_inputs(&self) -> TokenStream {
        let idents = self.params.iter().map(|param| &param.ident);
        let types = self.params.iter().map(|param| &param.ty);
        quote!(#(#idents: #types),*)
    }
}

fn param(arg: &FnArg) -> Result<Param> {
    let FnArg::Typed(typed) = arg else {
        let what = "a kernel is a function, not a method: take the fields as parameters";
        return Err(Error::new(arg.span(), what));
    };
    let (ident, is_mut) = match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
            (pat.ident.clone(), pat.mutability.is_some())
        }
        other => {
            let what = "a parameter of a kernel is a name: take tuples apart inside";
            return Err(Error::new(other.span(), what));
        }
    };
    Ok(Param {
        ident,
        is_mut,
        ty: (*typed.ty).clone(),
        marker: marker(&typed.ty)?,
    })
}

fn marker(ty: &Type) -> Result<Type> {
    match ty {
        Type::Reference(reference) => {
            let elem = match &*reference.elem {
                Type::Slice(_) | Type::Array(_) => &reference.elem,
                Type::Path(path) if path.path.is_ident("str") => {
                    return Err(Error::new(
                        ty.span(),
                        "a kernel has no text: take bytes as `&[u8]`",
                    ));
                }
                other => {
                    let what = "a reference to a kernel is a slice, `&[T]` or `&mut [T]`: pass \
                                scalars by value and return them";
                    return Err(Error::new(other.span(), what));
                }
            };
            let mutability = &reference.mutability;
            Ok(parse_quote!(&'static #mutability #elem))
        }
        Type::Path(path) => {
            let last = path.path.segments.last().map(|last| last.ident.to_string());
            let what = match last.as_deref() {
                Some("String") => "a kernel has no text: take bytes as `&[u8]`",
                Some("Vec" | "Box" | "Arc" | "Rc") => {
                    "a kernel allocates nothing and frees nothing: take a slice, `&[T]`"
                }
                Some("Option" | "Result") => {
                    "there are no options in a kernel: take the value, and a `bool` beside it"
                }
                Some("i128" | "u128" | "char" | "f16" | "f128") => NO_SUCH_SCALAR,
                _ => return Ok(for_ever(path)),
            };
            Err(Error::new(ty.span(), what))
        }
        Type::Array(_) => Ok(ty.clone()),
        Type::ImplTrait(_) => Err(Error::new(
            ty.span(),
            "a kernel cannot take `impl Trait`: name the type, such as `f64` or `&[f64]`",
        )),
        Type::Paren(inner) => marker(&inner.elem),
        Type::Group(inner) => marker(&inner.elem),
        other => Err(Error::new(
            other.span(),
            "a parameter of a kernel is a scalar, an array, `&[T]`, `&mut [T]` or a view",
        )),
    }
}

/// Views by their names, whose lifetime need not be written.
const VIEWS: [&str; 2] = ["ArrayView", "ArrayViewMut"];

/// A type with every lifetime `'static`.
fn for_ever(path: &syn::TypePath) -> Type {
    let mut path = path.clone();
    let Some(last) = path.path.segments.last_mut() else {
        return Type::Path(path);
    };
    let name = last.ident.to_string();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if let PathArguments::AngleBracketed(args) = &mut last.arguments {
        let mut is_stated = false;
        for arg in &mut args.args {
            if let GenericArgument::Lifetime(lifetime) = arg {
                *lifetime = parse_quote!('static);
                is_stated = true;
            }
        }
        if !is_stated && VIEWS.contains(&name) {
            args.args.insert(0, parse_quote!('static));
        }
    }
    Type::Path(path)
}

fn check_result(ty: &Type) -> Result<()> {
    let what = match ty {
        Type::ImplTrait(_) => "a kernel cannot return `impl Trait`: name the type",
        Type::Reference(_) => "a kernel returns values: take a `&mut [T]` and write to it",
        Type::Never(_) => "a kernel returns",
        Type::Tuple(tuple) => return tuple.elems.iter().try_for_each(check_result),
        Type::Path(path) => {
            let last = path.path.segments.last().map(|last| last.ident.to_string());
            match last.as_deref() {
                Some("String") => "a kernel has no text",
                Some("i128" | "u128" | "char" | "f16" | "f128") => NO_SUCH_SCALAR,
                Some("Vec" | "Box") => {
                    "a kernel allocates nothing: take a `&mut [T]` and write to it"
                }
                Some("Option" | "Result") => {
                    "there are no options in a kernel: state what must hold with `assert!`, which \
                     `try_call` gives as an error"
                }
                _ => return Ok(()),
            }
        }
        _ => return Ok(()),
    };
    Err(Error::new(ty.span(), what))
}
