//! The commands that print: what each makes of a case.

use crate::filetest::file::{Case, option};
use crate::filetest::pieces::in_pieces;
use kiln_codegen::{CodegenConfig, Entry, Level, Target};
use kiln_formula::{Formula, InputType, Options};
use kiln_ir::{Func, Op, Scalar, as_row_loop, guard_accesses, parse_file, verify};
use kiln_opt::{LoopPlan, OptConfig, optimize, strips, widen, widen_strip};

type Settings = [(String, String)];

/// What `command` prints of a case; `earlier` are the Funcs that it may call.
///
/// # Errors
/// When the case cannot be read, or there is no such command.
pub(crate) fn output(
    command: &str,
    options: &Settings,
    earlier: &str,
    case: &Case,
) -> Result<String, String> {
    match command {
        "print" => Ok(func(earlier, case)?.to_string()),
        "verify" => Ok(violations(earlier, case)),
        "optimize" => optimized(options, &func(earlier, case)?),
        "widen" => {
            let lanes = option(options, "lanes").unwrap_or("8");
            let lanes = lanes.parse().map_err(|_| format!("{lanes} lanes"))?;
            Ok(match widen(&func(earlier, case)?, lanes) {
                Ok(func) => func.to_string(),
                Err(refusal) => format!("not widened: {refusal}\n"),
            })
        }
        "strips" => stripped(options, &func(earlier, case)?),
        "pieces" => Ok(in_pieces(options, &func(earlier, case)?)),
        "lower" => lowered(options, &func(earlier, case)?),
        "formula" => Ok(formula(options, case)),
        other => Err(format!("there is no command {other}")),
    }
}

/// The Func of a case, verified.
pub(crate) fn func(earlier: &str, case: &Case) -> Result<Func, String> {
    let text = format!("kiln 1\n{earlier}{}", case.input);
    let mut funcs = parse_file(&text).map_err(|e| e.to_string())?;
    let func = funcs.pop().ok_or("there is no func")?;
    verify(&func).map_err(|e| e.to_string())?;
    Ok(func)
}

/// What is wrong with a case: one line each, or `ok`.
fn violations(earlier: &str, case: &Case) -> String {
    let head = format!("kiln 1\n{earlier}");
    let skipped = head.lines().count();
    match parse_file(&format!("{head}{}", case.input)) {
        Err(error) => {
            // Lines count from the case's own first one.
            let text = error.to_string();
            let place = text.split_once(':');
            let line = place.and_then(|(line, rest)| Some((line.parse::<usize>().ok()?, rest)));
            match line {
                Some((line, rest)) => format!("error: {}:{rest}\n", line - skipped),
                None => format!("error: {text}\n"),
            }
        }
        Ok(funcs) => match funcs.last().map(verify) {
            Some(Err(error)) => {
                let lines = error.violations.iter().map(|v| format!("error: {v}\n"));
                lines.collect()
            }
            _ => "ok\n".to_owned(),
        },
    }
}

/// The Func, with guards before all accesses if the file asks for them.
pub(crate) fn with_guards(options: &Settings, func: Func) -> Func {
    match option(options, "guards") {
        Some("added") => guard_accesses(&func),
        _ => func,
    }
}

fn optimized(options: &Settings, func: &Func) -> Result<String, String> {
    let mut config = OptConfig::default().verify(true);
    // Functions that are native ops are not expanded.
    if option(options, "functions") == Some("stay") {
        config = config.native(&Op::all().collect::<Vec<_>>());
    }
    let func = with_guards(options, func.clone());
    let optimized = optimize(&func, &config).map_err(|e| e.to_string())?;
    let mut text = optimized.func.to_string();
    for rule in &optimized.report.rules {
        text.push_str(&format!("fired: {} x{}\n", rule.name, rule.fired));
    }
    for line in optimized.report.guards.to_string().lines().skip(1) {
        text.push_str(&format!("{line}\n"));
    }
    Ok(text)
}

/// What becomes of the loops of a Func after the passes: a line each, and the
/// strip, widened for the level.
fn stripped(options: &Settings, func: &Func) -> Result<String, String> {
    let level = option(options, "level").unwrap_or("avx2");
    let level = level.parse::<Level>().map_err(|e| e.to_string())?;
    let target = match level {
        Level::Avx512 => "x86_64-v4",
        _ => "x86_64-v3",
    };
    let target = Target::named(target).map_err(|e| e.to_string())?;
    let func = with_guards(options, func.clone());
    let optimized =
        optimize(&func, &OptConfig::default().verify(true)).map_err(|e| e.to_string())?;
    let mut text = String::new();
    for LoopPlan { name, strip, .. } in strips(&optimized.func) {
        let bits = 8 * level.vector_bytes() as u32;
        let widened = strip.map_err(|refusal| refusal.to_string());
        let widened = widened.and_then(|s| widen_strip(&s, bits).map_err(|e| e.to_string()));
        let code = widened.and_then(|widened| {
            verify(&widened).map_err(|e| e.to_string())?;
            let config = CodegenConfig::new(Entry::Strip, level);
            let code = kiln_codegen::compile(&widened, &target, &config);
            code.map(|code| (widened, code.lanes))
                .map_err(|e| e.to_string())
        });
        match code {
            Ok((widened, lanes)) => {
                text.push_str(&format!("{name}: {lanes} rounds at once\n"));
                if option(options, "text") != Some("no") {
                    text.push_str(&widened.to_string());
                }
            }
            Err(why) => text.push_str(&format!("{name}: one round at a time because {why}\n")),
        }
    }
    Ok(text)
}

fn lowered(options: &Settings, func: &Func) -> Result<String, String> {
    let name = option(options, "target").unwrap_or("x86_64-v3");
    let target = Target::named(name).map_err(|e| e.to_string())?;
    let level = match option(options, "level") {
        Some(level) => level.parse::<Level>().map_err(|e| e.to_string())?,
        None => Level::One,
    };
    let config = OptConfig::default().native(match level {
        Level::Avx512 => &[Op::Ldexp, Op::Exponent, Op::Mantissa],
        _ => &[],
    });
    let mut func = optimize(func, &config).map_err(|e| e.to_string())?.func;
    let entry = match as_row_loop(&func) {
        Some(_) => Entry::Strip,
        None => kiln_codegen::scalar_entry(&func),
    };
    if level != Level::One {
        let lanes = option(options, "lanes").unwrap_or("4");
        let lanes = lanes.parse().map_err(|_| format!("{lanes} lanes"))?;
        func = widen(&func, lanes).map_err(|e| e.to_string())?;
    }
    let config = CodegenConfig::new(entry, level);
    match level {
        Level::One | Level::V128 => kiln_codegen::clif_text(&func, &target, &config),
        _ => kiln_codegen::asm_text(&func, &target, &config),
    }
    .map_err(|e| e.to_string())
}

/// The Func that a formula lowers to, or its diagnostics.
fn formula(options: &Settings, case: &Case) -> String {
    let text = case.input.trim_end();
    let lowered = text.parse::<Formula>().and_then(|formula| {
        let ty = |name: &str| {
            let declared = option(options, name).unwrap_or("f64");
            let scalar = Scalar::from_name(declared.trim_end_matches('?'))?;
            let ty = InputType::new(scalar);
            Some(match declared.ends_with('?') {
                true => ty.nullable(),
                false => ty,
            })
        };
        formula.lower_with(ty, &Options::new())
    });
    match lowered {
        Ok(lowered) => lowered.func.to_string(),
        Err(problems) => {
            let mut text = problems.render(text);
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text
        }
    }
}
