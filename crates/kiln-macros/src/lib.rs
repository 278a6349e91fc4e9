//! Procedural macros of kiln.
//!
//! Each macro turns Rust tokens into plain safe calls of the facade, so an
//! expansion compiles under `#![forbid(unsafe_code)]` and what it means is
//! written in `kiln`, not here. Absent on purpose: any knowledge of layouts;
//! a derive names fields, and the facade finds where they lie.

#![forbid(unsafe_code)]

mod record;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct with named fields usable as a row: `formula.record::<Row, _>()`.
///
/// Every field is a number, a `bool`, or an `Option` of one, and gives its
/// value to the input of the same name. On a field,
///
/// - `#[kiln(rename = "unit price")]` gives it another name;
/// - `#[kiln(skip)]` leaves it out, as a text must be.
#[proc_macro_derive(Record, attributes(kiln))]
pub fn derive_record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    record::derive(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
