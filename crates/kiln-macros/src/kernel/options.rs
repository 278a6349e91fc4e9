//! What stands in the parentheses of `#[kernel(..)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Result, Token};

/// The options of a kernel.
#[derive(Default)]
pub(super) struct Options {
    /// What integers do when a result leaves its type, if it is not what the
    /// build does.
    overflow: Option<&'static str>,
    /// Whether a product and a sum are rounded once.
    contract: bool,
    /// Whether sums and products of floats take the shape of a tree.
    reassoc: bool,
    /// Whether threads share the rounds of its loop.
    parallel: bool,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Options> {
        let mut options = Options::default();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            match name.to_string().as_str() {
                "overflow" => {
                    input.parse::<Token![=]>()?;
                    let value: LitStr = input.parse()?;
                    options.overflow = Some(match value.value().as_str() {
                        "wrap" => "Wrap",
                        "checked" => "Checked",
                        "saturate" => "Saturate",
                        _ => {
                            let what = "`overflow` is \"wrap\", \"checked\" or \"saturate\"";
                            return Err(Error::new(value.span(), what));
                        }
                    });
                }
                "contract" => options.contract = true,
                "reassoc" => options.reassoc = true,
                "parallel" => options.parallel = true,
                _ => {
                    let what = "the options of a kernel are `overflow = \"..\"`, `contract`, `reassoc` and \
                                `parallel`";
                    return Err(Error::new(name.span(), what));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

impl Options {
    /// On how many threads it runs, as the name of a variant; `claims` says
    /// whether the source claims that its rounds are independent.
    pub(super) fn threads(&self, claims: bool) -> TokenStream {
        match (claims, self.parallel) {
            (true, _) => quote!(::kiln::expand::Threads::Claimed),
            (false, true) => quote!(::kiln::expand::Threads::Several),
            (false, false) => quote!(::kiln::expand::Threads::AsEngine),
        }
    }

    /// How operators are built, as an expression.
    pub(super) fn rules(&self) -> TokenStream {
        let overflow = quote!(::kiln::expand::Overflow);
        let overflow = match self.overflow {
            None => quote!(#overflow::of_build(::core::cfg!(debug_assertions))),
            Some(name) => {
                let name = quote::format_ident!("{name}");
                quote!(#overflow::#name)
            }
        };
        let (contract, reassoc) = (self.contract, self.reassoc);
        quote! {
            ::kiln::expand::Rules {
                overflow: #overflow,
                contract: #contract,
                reassoc: #reassoc,
                file: ::core::file!(),
            }
        }
    }
}
