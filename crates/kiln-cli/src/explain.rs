//! `kiln explain`: what a formula becomes on the way to machine code.

use crate::args::{Emit, Explain, LevelName};
use crate::report::{Failure, failure, print, print_json, warnings_json};
use crate::source;
use kiln::{Engine, Explanation, Level, Scalar};
use serde_json::json;

pub(crate) fn run(args: &Explain) -> Result<(), Failure> {
    let formula = source::formula(args.formula.as_deref(), &args.common)?;
    let inputs = source::input_types(&formula, &args.common, Scalar::F64)?;
    let level = args.level.map(|level| match level {
        LevelName::Scalar => Level::One,
        LevelName::V128 => Level::V128,
        LevelName::Avx2 => Level::Avx2,
        LevelName::Avx512 => Level::Avx512,
    });
    let kernel = Engine::global().kernel(&formula);
    let explained = kernel.explain(&inputs, level)?;
    if args.common.json {
        return print_json(&json!({
            "level": explained.level.name(),
            "ir": explained.ir,
            "opt": explained.optimised,
            "clif": explained.clif,
            "asm": explained.assembly,
            "report": explained.report,
            "warnings": warnings_json(&formula),
        }));
    }
    print(&match args.emit {
        Some(emit) => ended(stage(&explained, emit)?),
        None => everything(&explained),
    })
}

fn stage(explained: &Explanation, emit: Emit) -> Result<&str, Failure> {
    match emit {
        Emit::Ir => Ok(&explained.ir),
        Emit::Opt => Ok(&explained.optimised),
        Emit::Asm => Ok(&explained.assembly),
        Emit::Clif => explained.clif.as_deref().ok_or_else(|| {
            let level = explained.level.name();
            failure(format!(
                "code at {level} does not go through Cranelift; --level scalar does"
            ))
        }),
    }
}

fn everything(explained: &Explanation) -> String {
    let clif = explained.clif.as_deref();
    let sections = [
        (
            "formula as a function of one row",
            Some(explained.ir.as_str()),
        ),
        ("optimised, as a loop over rows", Some(&explained.optimised)),
        ("Cranelift's input", clif),
        ("machine code", Some(&explained.assembly)),
        ("report", Some(&explained.report)),
    ];
    let mut text = format!("level: {}\n", explained.level);
    for (title, body) in sections {
        if let Some(body) = body {
            text.push_str(&format!("\n# {title}\n{}", ended(body)));
        }
    }
    text
}

/// The text with one line end at its end.
fn ended(text: &str) -> String {
    format!("{}\n", text.trim_end())
}
