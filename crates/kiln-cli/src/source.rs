//! Where a formula comes from: the command line or a file.

use crate::args::{Common, Overflow};
use crate::report::{Failure, failure, misuse, warn};
use anyhow::Context;
use kiln::{Formula, InputType, Limits, Scalar};
use std::path::Path;

/// The formula of a command, its warnings told.
pub(crate) fn formula(text: Option<&str>, common: &Common) -> Result<Formula, Failure> {
    let formula = match (text, &common.file) {
        (Some(text), None) => parse(text, common)?,
        (None, Some(path)) => parse(&read(path)?, common)?,
        (None, None) => return Err(misuse("a formula is needed, or --file")),
        (Some(_), Some(_)) => {
            return Err(misuse("a formula is given twice: as text and by --file"));
        }
    };
    warn(&formula, common.json, common.deny_warnings)?;
    Ok(formula)
}

/// Whoever types a formula here is trusted with its size.
fn parse(text: &str, common: &Common) -> Result<Formula, Failure> {
    let formula = Formula::parse(text, &Limits::trusted())?;
    Ok(formula.overflow(match common.overflow {
        Overflow::Error => kiln::Overflow::Checked,
        Overflow::Wrap => kiln::Overflow::Wrapping,
        Overflow::Saturate => kiln::Overflow::Saturating,
    }))
}

/// The text of a formula file, its line end taken off.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the formula in {}", path.display()))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// The types of a formula's inputs: as listed, else `other`. A type listed for
/// a name that is no input is an error.
pub(crate) fn input_types<'a>(
    formula: &'a Formula,
    common: &'a Common,
    other: Scalar,
) -> Result<Vec<(&'a str, InputType)>, Failure> {
    let listed = common.types.0.iter().map(|(name, ty)| (name.as_str(), *ty));
    for (name, _) in listed.clone() {
        if !formula.bindable_names().any(|known| known == name) {
            return Err(failure(format!("--types: `{name}` is not an input")));
        }
    }
    let rest = formula
        .inputs()
        .filter(|name| common.types.get(name).is_none())
        .map(|name| (name, InputType::new(other)));
    Ok(listed.chain(rest).collect())
}
