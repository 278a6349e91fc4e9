//! `#[derive(Record)]`: the list of a struct's fields, and a visit of each.
//!
//! The expansion holds no offsets. It hands every field to the facade as a
//! closure `|row| row.field`, so how a record lies in memory is rustc's affair
//! and an implementation written by hand can be wrong but never unsound.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use std::collections::HashMap;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Result};

/// A field that gives a column.
struct Column<'a> {
    field: &'a Field,
    ident: &'a Ident,
    name: String,
}

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let columns = columns(input)?;
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let infos = columns.iter().map(|column| {
        let (name, ty) = (&column.name, &column.field.ty);
        quote_spanned! {ty.span()=> ::kiln::record::FieldInfo::of::<#ty>(#name) }
    });
    let visits = columns.iter().map(|column| {
        let (member, ty) = (column.ident, &column.field.ty);
        quote_spanned! {ty.span()=> visitor.field::<#ty>(|row: &Self| row.#member); }
    });
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::kiln::Record for #ident #type_generics #where_clause {
            const FIELDS: &'static [::kiln::record::FieldInfo] = &[#(#infos),*];

            fn visit<V: ::kiln::record::Visitor<Self>>(visitor: &mut V) {
                #(#visits)*
            }
        }
    })
}

fn columns(input: &DeriveInput) -> Result<Vec<Column<'_>>> {
    let mut errors = Errors::default();
    for attr in input.attrs.iter().filter(|a| a.path().is_ident("kiln")) {
        errors.push(Error::new(
            attr.span(),
            "`#[kiln(..)]` belongs on a field of the record",
        ));
    }
    let fields = match named_fields(input) {
        Ok(fields) => fields,
        Err(error) => {
            errors.push(error);
            return Err(errors.take());
        }
    };
    let mut columns = Vec::new();
    for field in fields {
        match column(field) {
            Ok(column) => columns.extend(column),
            Err(error) => errors.push(error),
        }
    }
    distinct_names(&columns, &mut errors);
    if columns.is_empty() && errors.is_empty() {
        errors.push(Error::new(
            input.ident.span(),
            "a record needs at least one field that is not skipped",
        ));
    }
    errors.finish(columns)
}

fn named_fields(input: &DeriveInput) -> Result<impl Iterator<Item = &Field>> {
    let what = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Ok(fields.named.iter()),
            Fields::Unnamed(_) => "the fields of a record need names: they are its inputs",
            Fields::Unit => "a record needs fields: they are its inputs",
        },
        Data::Enum(_) => "a record is a struct: every row has the same fields",
        Data::Union(_) => "a record is a struct: every field of a row holds a value",
    };
    Err(Error::new(input.ident.span(), what))
}

/// The column of a field; `None` for one that is skipped.
fn column(field: &Field) -> Result<Option<Column<'_>>> {
    let Some(ident) = &field.ident else {
        return Ok(None);
    };
    let mut name = None;
    let mut skipped = false;
    for attr in field.attrs.iter().filter(|a| a.path().is_ident("kiln")) {
        attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                skipped = true;
                Ok(())
            } else if meta.path.is_ident("rename") {
                let text: LitStr = meta.value()?.parse()?;
                if text.value().is_empty() {
                    return Err(Error::new(text.span(), "an input needs a name"));
                }
                name = Some(text.value());
                Ok(())
            } else {
                Err(meta.error("expected `skip` or `rename = \"name\"`"))
            }
        })?;
    }
    if skipped {
        return match name {
            None => Ok(None),
            Some(_) => Err(Error::new(
                field.span(),
                "a skipped field has no name to change",
            )),
        };
    }
    Ok(Some(Column {
        field,
        ident,
        name: name.unwrap_or_else(|| plain_name(ident)),
    }))
}

/// The name of a field without the `r#` of a keyword.
fn plain_name(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
}

fn distinct_names(columns: &[Column<'_>], errors: &mut Errors) {
    let mut seen: HashMap<&str, &Ident> = HashMap::new();
    for column in columns {
        if let Some(first) = seen.insert(&column.name, column.ident) {
            let text = format!("`{}` is the name of `{first}` already", column.name);
            errors.push(Error::new(column.ident.span(), text));
        }
    }
}

/// All problems of one derive, reported together.
#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn take(self) -> Error {
        match self.0 {
            Some(error) => error,
            None => unreachable!("taken after a push"),
        }
    }

    fn finish<T>(self, value: T) -> Result<T> {
        match self.0 {
            Some(error) => Err(error),
            None => Ok(value),
        }
    }
}
