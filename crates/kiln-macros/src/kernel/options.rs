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
                "contract" | "reassoc" | "parallel" => {
                    let what = format!("`{name}` is not supported yet: leave it out");
                    return Err(Error::new(name.span(), what));
                }
                _ => {
                    let what = "an option of a kernel is `overflow = \"..\"`";
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
    /// The rule for overflow, as an expression.
    pub(super) fn overflow(&self) -> TokenStream {
        let rule = quote!(::kiln::expand::Overflow);
        match self.overflow {
            None => quote!(#rule::of_build(::core::cfg!(debug_assertions))),
            Some(name) => {
                let name = quote::format_ident!("{name}");
                quote!(#rule::#name)
            }
        }
    }
}
