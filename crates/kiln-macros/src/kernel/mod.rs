//! `#[kernel]`: a numeric function of Rust, and beside it the code that builds
//! the same computation for kiln.
//!
//! `parse` reads the function into the tree of `ast` and refuses what kernels
//! do not have; `emit` writes calls of the builder in which rustc infers every
//! type. The companion of `fn f` is an empty `enum f`, so that a kernel inside
//! a function sees the scope that it stands in.

mod ast;
mod emit;
mod options;
mod parse;
mod signature;
mod words;

use options::Options;
use proc_macro2::TokenStream;
use quote::quote;
use signature::Signature;
use syn::{Attribute, ItemFn, Result};

/// The function, its companion, and the code that builds it.
pub(crate) fn expand(options: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let options: Options = syn::parse2(options)?;
    let function: ItemFn = syn::parse2(function)?;
    let signature = Signature::of(&function)?;
    let types = signature.generics.types.clone();
    let body = parse::parse(
        &function.sig.ident,
        types,
        &signature.params,
        &function.block,
    )?;
    Ok(write(&options, &function, &signature, &body))
}

/// Whether an attribute is about how rustc reads the body.
fn is_lint(attribute: &&Attribute) -> bool {
    const LINTS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];
    LINTS.iter().any(|lint| attribute.path().is_ident(lint))
}

fn write(
    options: &Options,
    function: &ItemFn,
    signature: &Signature,
    body: &ast::Body,
) -> TokenStream {
    let ItemFn {
        attrs,
        vis,
        sig,
        block,
        ..
    } = function;
    let name = &sig.ident;
    let text = name.to_string();
    let text = text.strip_prefix("r#").unwrap_or(&text);
    let lints = attrs.iter().filter(is_lint);
    let others = attrs.iter().filter(|a| !is_lint(a));
    let (inputs, output) = (&sig.inputs, &sig.output);
    // `Generics` prints without its where clause.
    let (plainly, stated) = (&sig.generics, &sig.generics.where_clause);
    let (generics, bounds) = (
        &signature.generics.all,
        &signature.generics.all.where_clause,
    );
    let (declared, fish) = (
        signature.generics.declared(),
        signature.generics.turbofish(),
    );
    let (params, result) = (signature.marker(), &signature.result);
    let idents: Vec<_> = signature.params.iter().map(|p| &p.ident).collect();
    let types: Vec<_> = signature.params.iter().map(|p| &p.marker).collect();
    let handles = signature.handles();
    let plain = signature.plain_inputs();
    let built = emit::emit(body, idents.len(), result);
    let rules = options.rules();
    let threads = options.threads(body.claims);
    let made = quote! {
        ::kiln::expand::Static::new(#text, #threads, |__kiln| {
            #(let #idents = __kiln.param::<#types>(::core::stringify!(#idents));)*
            __kiln.give::<#result>(#name::__build #fish (__kiln #(, #idents)*))
        })
    };
    let state = match signature.generics.is_empty() {
        true => quote! {
            static STATIC: ::kiln::expand::Static<#params, #result> = #made;
            &STATIC
        },
        false => {
            let key = signature.generics.key();
            quote! {
                static INSTANCES: ::kiln::expand::Instances = ::kiln::expand::Instances::new();
                INSTANCES.get::<#key, ::kiln::expand::Static<#params, #result>>(|| #made)
            }
        }
    };
    let about = format!("What stands behind the kernel `{text}`.");
    quote! {
        #(#others)*
        #[track_caller]
        #[inline]
        #vis fn #name #generics (#plain) #output #bounds {
            #name::kernel #fish ().call_or_panic((#(#idents,)*))
        }

        #[doc = #about]
        #[allow(non_camel_case_types, dead_code, unreachable_pub)]
        #vis enum #name {}

        #[allow(dead_code, clippy::extra_unused_type_parameters, unreachable_pub, clippy::too_many_arguments)]
        impl #name {
            /// The function as rustc compiled it.
            #(#lints)*
            #vis fn rust #plainly (#inputs) #output #stated #block

            /// Calls the kernel; where the function would panic it gives an
            /// error.
            ///
            /// # Errors
            /// Where the function would panic: what was stored before is
            /// stored, and nothing after it.
            #vis fn try_call #generics (
                #plain
            ) -> ::core::result::Result<#result, ::kiln::Error> #bounds {
                Self::kernel #fish ().call_out_of_line((#(#idents,)*))
            }

            /// Calls the kernel in the interpreter.
            #[track_caller]
            #vis fn interpret #generics (#plain) #output #bounds {
                Self::__static #fish ().interpreted().call_out_of_line_or_panic((#(#idents,)*))
            }

            /// The kernel on an engine of your own.
            #vis fn on<#declared>(
                engine: &::kiln::Engine
            ) -> ::kiln::KernelFn<#params, #result> #bounds {
                Self::__static #fish ().on(engine)
            }

            /// The kernel on the global engine.
            #[inline]
            #vis fn kernel<#declared>() -> &'static ::kiln::KernelFn<#params, #result> #bounds {
                Self::__static #fish ().kernel()
            }

            #[doc(hidden)]
            #[inline]
            #vis fn __static<#declared>() -> &'static ::kiln::expand::Static<#params, #result>
            #bounds
            {
                #state
            }

            #[doc(hidden)]
            #[allow(unused, clippy::all)]
            #vis fn __build<'__b, #declared>(
                __kiln: &'__b ::kiln::expand::Body
                #(, #idents: #handles)*
            ) -> <#result as ::kiln::expand::Ty>::Of<'__b> #bounds {
                let __rules = __kiln.set_rules(#rules);
                let __given = { #built };
                __kiln.set_rules(__rules);
                __given
            }
        }
    }
}
