//! `kiln language`: the words of formulas, from the tables that the parser reads.

use crate::args::Language;
use crate::report::{Failure, print, print_json};
use kiln::language::{CONSTANTS, ConstantValue, FUNCTIONS, Fixity, FunctionInfo, OPERATORS};
use serde_json::{Value as Json, json};

pub(crate) fn run(args: &Language) -> Result<(), Failure> {
    if args.json {
        return print_json(&to_json());
    }
    let mut text = String::from("Operators, tightest first\n");
    for info in OPERATORS {
        let spelling = info.spellings.join("  ");
        let note = match info.fixity {
            Fixity::Prefix => " (before its value)",
            Fixity::Right => " (from the right)",
            Fixity::Once => " (never two in a row)",
            Fixity::Left | Fixity::Conditional => "",
        };
        text.push_str(&format!("  {spelling:<48} {}{note}\n", info.doc));
    }
    text.push_str("\nFunctions\n");
    for info in functions() {
        let also = match info.aliases {
            [] => String::new(),
            names => format!(" (also {})", names.join(", ")),
        };
        text.push_str(&format!("  {:<22} {}{also}\n", info.usage, info.doc));
    }
    text.push_str("\nConstants\n");
    for info in CONSTANTS {
        text.push_str(&format!("  {:<22} {}\n", info.name, info.doc));
    }
    print(&text)
}

/// The functions that formulas can compute now.
fn functions() -> impl Iterator<Item = &'static FunctionInfo> {
    FUNCTIONS.iter().filter(|info| info.function.is_available())
}

fn to_json() -> Json {
    let fixity = |fixity| match fixity {
        Fixity::Prefix => "prefix",
        Fixity::Left => "left",
        Fixity::Right => "right",
        Fixity::Once => "once",
        Fixity::Conditional => "conditional",
    };
    let operators = OPERATORS.iter().map(|info| {
        json!({
            "spellings": info.spellings,
            "strength": info.strength,
            "fixity": fixity(info.fixity),
            "doc": info.doc,
        })
    });
    let functions = functions().map(|info| {
        json!({
            "name": info.name,
            "aliases": info.aliases,
            "usage": info.usage,
            "doc": info.doc,
        })
    });
    let constants = CONSTANTS.iter().map(|info| {
        let value = match info.value {
            ConstantValue::Number(number) => crate::report::value_json(number.into()),
            ConstantValue::Truth(truth) => truth.into(),
        };
        json!({ "name": info.name, "value": value, "doc": info.doc })
    });
    json!({
        "operators": operators.collect::<Vec<_>>(),
        "functions": functions.collect::<Vec<_>>(),
        "constants": constants.collect::<Vec<_>>(),
    })
}
