//! `--types a=f64,b=i32?`: the types of inputs, by name.

use kiln::{InputType, Scalar};
use std::str::FromStr;

/// Names and their types, in the order given.
#[derive(Clone, Debug, Default)]
pub(crate) struct TypeList(pub(crate) Vec<(String, InputType)>);

impl TypeList {
    /// The type listed for `name`.
    pub(crate) fn get(&self, name: &str) -> Option<InputType> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, ty)| *ty)
    }
}

impl FromStr for TypeList {
    type Err = String;

    fn from_str(text: &str) -> Result<TypeList, String> {
        let mut list = TypeList::default();
        for item in text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            let (name, ty) = item
                .rsplit_once('=')
                .ok_or_else(|| format!("`{item}` is not NAME=TYPE"))?;
            let name = name.trim().trim_matches('`');
            if list.get(name).is_some() {
                return Err(format!("`{name}` is listed twice"));
            }
            list.0.push((name.to_owned(), input_type(ty.trim())?));
        }
        Ok(list)
    }
}

fn input_type(text: &str) -> Result<InputType, String> {
    match text.strip_suffix('?') {
        Some(plain) => Ok(InputType::new(scalar(plain)?).nullable()),
        None => scalar(text).map(InputType::new),
    }
}

/// A scalar type by name.
pub(crate) fn scalar(text: &str) -> Result<Scalar, String> {
    Scalar::from_name(text).ok_or_else(|| {
        let names: Vec<&str> = Scalar::ALL.iter().map(|s| s.name()).collect();
        format!("`{text}` is not a type; there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        let list: TypeList = " a=f64, unit.price =i32?,".parse().unwrap();
        assert_eq!(list.get("a"), Some(InputType::new(Scalar::F64)));
        assert_eq!(
            list.get("unit.price"),
            Some(InputType::new(Scalar::I32).nullable())
        );
        assert_eq!(list.get("b"), None);
        assert!("a".parse::<TypeList>().is_err());
        assert!("a=f65".parse::<TypeList>().unwrap_err().contains("f32"));
        assert!("a=f64,a=f32".parse::<TypeList>().is_err());
    }
}
