//! `kiln eval`: one row from the command line.

use crate::args::{Eval, TierName};
use crate::report::{Failure, failure, print_values};
use crate::source;
use anyhow::Context;
use kiln::{Engine, InputType, Scalar, Tier, Value};

pub(crate) fn run(args: &Eval) -> Result<(), Failure> {
    let (text, given) = formula_and_values(args);
    let formula = source::formula(text, &args.common)?;
    let values = values(args, &given)?;
    let engine = Engine::builder().tier(tier(args)).build();
    let inputs: Vec<(&str, InputType)> = values
        .iter()
        .map(|(name, value, ty)| (*name, given_type(*value, *ty)))
        .collect();
    let kernel = engine.kernel(&formula).bind(&inputs)?;
    let mut names = values.iter().map(|(name, ..)| *name);
    if let Some(name) = names.find(|n| !formula.bindable_names().any(|k| k == *n)) {
        return Err(failure(format!("`{name}` is not an input of the formula")));
    }
    let row: Vec<Value> = values.iter().map(|(_, value, _)| *value).collect();
    let outputs = kernel.call(&row)?;
    if args.tier.is_some() && outputs.ran().tier != tier(args) {
        let reasons: Vec<String> = engine.stats().fallbacks.into_keys().collect();
        return Err(failure(format!(
            "there is no native code: {}",
            reasons.join("; ")
        )));
    }
    print_values(&formula, &outputs, args.common.json)
}

/// With `--file` the first word is a value too.
fn formula_and_values(args: &Eval) -> (Option<&str>, Vec<&str>) {
    let rest = args.values.iter().map(String::as_str);
    match (&args.formula, &args.common.file) {
        (Some(first), Some(_)) => (None, std::iter::once(first.as_str()).chain(rest).collect()),
        (first, _) => (first.as_deref(), rest.collect()),
    }
}

/// One row is interpreted unless native code is asked for: it is over before
/// code could be made.
fn tier(args: &Eval) -> Tier {
    match args.tier {
        Some(TierName::Native) => Tier::Native,
        Some(TierName::Interp) | None => Tier::Interpreter,
    }
}

type Given<'a> = (&'a str, Value, Option<InputType>);

/// Names, values, and the types listed for them.
fn values<'a>(args: &Eval, given: &[&'a str]) -> Result<Vec<Given<'a>>, Failure> {
    let mut values: Vec<Given<'a>> = Vec::new();
    for item in given {
        let (name, text) = item
            .split_once('=')
            .with_context(|| format!("`{item}` is not NAME=VALUE"))?;
        let name = name.trim().trim_matches('`');
        if values.iter().any(|(known, ..)| *known == name) {
            return Err(failure(format!("`{name}` is given twice")));
        }
        let ty = args.common.types.get(name);
        let value = value(text.trim(), ty.map(|ty| ty.scalar));
        let value = value.map_err(|clause| failure(format!("{name}: `{text}` {clause}")))?;
        values.push((name, value, ty));
    }
    for (name, _) in &args.common.types.0 {
        if !values.iter().any(|(known, ..)| known == name) {
            return Err(failure(format!("--types: there is no value for `{name}`")));
        }
    }
    Ok(values)
}

/// The type of an input: as listed, else that of its value. A value that is
/// missing makes its input one that can be.
fn given_type(value: Value, listed: Option<InputType>) -> InputType {
    let plain = InputType::new(value.scalar().unwrap_or(Scalar::F64));
    let ty = listed.unwrap_or(plain);
    match value.is_missing() {
        true => ty.nullable(),
        false => ty,
    }
}

/// A value of a listed type; without one, true and false are what they say
/// and everything else is an f64.
fn value(text: &str, listed: Option<Scalar>) -> Result<Value, &'static str> {
    use crate::csv::{parse_bool, parse_float, parse_int};
    let scalar = match (listed, text) {
        (_, "") => return Ok(Value::Missing),
        (Some(scalar), _) => scalar,
        (None, "true" | "false") => Scalar::Bool,
        (None, _) => Scalar::F64,
    };
    let bytes = text.as_bytes();
    let value = match scalar {
        Scalar::Bool => parse_bool(bytes).map(Value::Bool),
        Scalar::I8 => parse_int(bytes).map(Value::I8),
        Scalar::I16 => parse_int(bytes).map(Value::I16),
        Scalar::I32 => parse_int(bytes).map(Value::I32),
        Scalar::I64 => parse_int(bytes).map(Value::I64),
        Scalar::U8 => parse_int(bytes).map(Value::U8),
        Scalar::U16 => parse_int(bytes).map(Value::U16),
        Scalar::U32 => parse_int(bytes).map(Value::U32),
        Scalar::U64 => parse_int(bytes).map(Value::U64),
        Scalar::F32 => parse_float(bytes).map(Value::F32),
        Scalar::F64 => parse_float(bytes).map(Value::F64),
    };
    value.map_err(crate::csv::CellError::clause)
}
