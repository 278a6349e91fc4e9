//! Values as `run` lines write them: numbers without a type, lists in
//! brackets. The type comes from the Func.

use kiln_ir::{Const, Scalar};

/// A value or a list of values, as text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    One(String),
    List(Vec<String>),
}

/// Splits at the commas outside brackets.
pub(crate) fn split(text: &str) -> Vec<Written> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in text.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        match (c, depth, parts.last_mut()) {
            (',', 0, _) => parts.push(String::new()),
            (_, _, Some(part)) => part.push(c),
            _ => {}
        }
    }
    let parts = parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty());
    parts
        .map(|part| {
            let inner = part.strip_prefix('[').and_then(|p| p.strip_suffix(']'));
            match inner {
                Some(list) => Written::List(
                    list.split(',')
                        .map(|p| p.trim().to_owned())
                        .filter(|p| !p.is_empty())
                        .collect(),
                ),
                None => Written::One(part.to_owned()),
            }
        })
        .collect()
}

/// A value of a type.
///
/// # Errors
/// When the text is no value of it.
pub(crate) fn parse(scalar: Scalar, text: &str) -> Result<Const, String> {
    let value = match scalar {
        Scalar::Bool => text.parse().ok().map(Const::bool),
        Scalar::F32 => text.parse().ok().map(Const::f32),
        Scalar::F64 => text.parse().ok().map(Const::f64),
        int => text.parse::<i128>().ok().and_then(|wide| {
            let value = Const::from_bits(int, wide as u64);
            (value.as_int() == Some(wide)).then_some(value)
        }),
    };
    value.ok_or_else(|| format!("{text} is no {scalar}"))
}

/// A value as `parse` reads it.
pub fn bare(value: Const) -> String {
    let text = value.to_string();
    match value.scalar() {
        Scalar::Bool | Scalar::I64 | Scalar::F64 => text,
        other => text.strip_suffix(other.name()).unwrap_or(&text).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_written() {
        for value in [
            Const::f32(f32::NEG_INFINITY),
            Const::f64(-0.0),
            Const::f64(5e-324),
            Const::f32(f32::NAN),
            Const::int(Scalar::I8, -128),
            Const::int(Scalar::U64, -1),
            Const::bool(true),
        ] {
            assert_eq!(parse(value.scalar(), &bare(value)), Ok(value));
        }
        assert!(parse(Scalar::U8, "256").is_err());
        let list = Written::List(vec!["1".to_owned(), "2".to_owned()]);
        assert_eq!(split("a, [1, 2]"), [Written::One("a".to_owned()), list]);
    }
}
