//! The command `run`: every way must compute what the file says.
//!
//! The lines `; run: @f(..) == ..` of a function of one row are rows: they
//! are called one by one and mapped together, at every level. A line with
//! `fails KIND` ends such a map. A Func with arrays runs in the interpreter,
//! before and after the passes; the file then says `; ways: interpreter`.

use crate::filetest::command::func;
use crate::filetest::file::{Case, option};
use crate::filetest::value::{Written, bare, parse, split};
use crate::ways::{self, Ran, Way, buffer, values};
use kiln_codegen::Level;
use kiln_interp::{Arg, Failure, Program};
use kiln_ir::{Access, Column, Const, Func, ParamType};
use kiln_opt::{OptConfig, optimize};
use kiln_runtime::Buffer;

/// One line: a call and what must come of it.
struct Line {
    args: Vec<Written>,
    outcome: Outcome,
}

enum Outcome {
    Gives(Vec<Written>),
    Fails(String),
}

/// Checks every line of a case.
///
/// # Errors
/// What differs, and which way.
pub(crate) fn check(
    options: &[(String, String)],
    earlier: &str,
    case: &Case,
) -> Result<(), String> {
    let func = func(earlier, case)?;
    let lines = lines(&func, &case.expected)?;
    if lines.is_empty() {
        return Ok(());
    }
    let ways = match option(options, "ways") {
        None => Way::all(),
        Some("interpreter") => Vec::new(),
        Some("one lane") => {
            let mut ways = vec![Way::Calls, Way::Engine(Level::One)];
            ways.extend([false, true].map(|optimise| Way::Code {
                level: Level::One,
                optimise,
            }));
            ways
        }
        Some(other) => return Err(format!("there are no ways {other}")),
    };
    if ways.is_empty() {
        return lines.iter().try_for_each(|line| interpret(&func, line));
    }
    if !func.is_scalar() {
        return Err("a Func with arrays runs in the interpreter alone".to_owned());
    }
    let (good, failing): (Vec<&Line>, Vec<&Line>) = lines
        .iter()
        .partition(|line| matches!(line.outcome, Outcome::Gives(_)));
    ways.iter()
        .try_for_each(|&way| rows(&func, &good, None, way))?;
    for line in failing {
        ways.iter()
            .try_for_each(|&way| rows(&func, &good, Some(line), way))?;
    }
    Ok(())
}

fn lines(func: &Func, expected: &str) -> Result<Vec<Line>, String> {
    let call = format!("@{}(", func.name());
    let mut lines = Vec::new();
    for text in expected.lines().filter_map(|l| l.strip_prefix("run: ")) {
        let wrong = || format!("not a run line: {text}");
        let rest = text.strip_prefix(&call).ok_or_else(wrong)?;
        let (args, outcome) = rest.split_once(')').ok_or_else(wrong)?;
        let outcome = outcome.trim();
        let outcome = if let Some(results) = outcome.strip_prefix("== ") {
            let tuple = results.strip_prefix('(').and_then(|r| r.strip_suffix(')'));
            Outcome::Gives(split(tuple.unwrap_or(results)))
        } else {
            Outcome::Fails(outcome.strip_prefix("fails ").ok_or_else(wrong)?.to_owned())
        };
        let args = split(args);
        if args.len() != func.params().len() {
            return Err(format!("{} arguments: {text}", args.len()));
        }
        lines.push(Line { args, outcome });
    }
    Ok(lines)
}

/// Runs good lines as rows, `failing` as the last one.
fn rows(func: &Func, good: &[&Line], failing: Option<&Line>, way: Way) -> Result<(), String> {
    let all: Vec<&Line> = good.iter().copied().chain(failing).collect();
    let mut inputs = Vec::new();
    for (index, param) in func.params().iter().enumerate() {
        let column = all.iter().map(|line| match (&line.args[index], param.ty) {
            (Written::One(text), ParamType::Scalar(scalar)) => parse(scalar, text),
            _ => Err("a scalar takes one value".to_owned()),
        });
        inputs.push(column.collect::<Result<Vec<_>, _>>()?);
    }
    let mut results = Vec::new();
    for (index, ty) in func.results().iter().enumerate() {
        let column = good.iter().map(|line| match &line.outcome {
            Outcome::Gives(values) => match values.get(index) {
                Some(Written::One(text)) => parse(ty.scalar, text),
                _ => Err("one value per result".to_owned()),
            },
            Outcome::Fails(_) => unreachable!("these lines give values"),
        });
        results.push(column.collect::<Result<Vec<_>, _>>()?);
    }
    let case = ways::Case {
        func: func.clone(),
        columns: vec![Column::Contiguous; func.params().len()],
        inputs,
        rows: all.len(),
    };
    let expected = Ran {
        results,
        failed: failing.map(|_| good.len()),
        block: 1,
    };
    let ran = match ways::run(&case, way) {
        Ok(ran) => ran,
        Err(reason) if reason.contains("form") && ways::may_refuse(&case, way) => return Ok(()),
        Err(reason) => return Err(format!("{way}: refused: {reason}")),
    };
    if let Some(difference) = ways::difference(&expected, &ran) {
        let row = |row: usize| {
            let args: Vec<String> = case.inputs.iter().map(|c| bare(c[row])).collect();
            format!("  row {row}: @{}({})", func.name(), args.join(", "))
        };
        let rows: Vec<String> = (0..case.rows).map(row).collect();
        return Err(format!("{way}: {difference}\n{}", rows.join("\n")));
    }
    match (way, failing.map(|line| &line.outcome)) {
        (Way::Calls, Some(Outcome::Fails(kind))) => fails_as(func, &case, kind),
        _ => Ok(()),
    }
}

/// Whether the last row fails as it must.
fn fails_as(func: &Func, case: &ways::Case, kind: &str) -> Result<(), String> {
    let program = Program::new(func).map_err(|e| e.to_string())?;
    let args: Vec<u64> = case
        .inputs
        .iter()
        .map(|c| c[case.rows - 1].bits())
        .collect();
    let mut results = vec![0; func.results().len()];
    match program.call(&mut program.state(), &args, &mut results) {
        Err(Failure::Fault { fault, .. }) if program.fault(fault).kind.name() == kind => Ok(()),
        other => Err(format!("fails as {other:?} and not as {kind}")),
    }
}

/// Runs a line in the interpreter, before and after the passes.
fn interpret(func: &Func, line: &Line) -> Result<(), String> {
    interpret_once(func, line).map_err(|e| format!("interpreter: {e}"))?;
    let config = OptConfig::default().verify(true);
    let optimized = optimize(func, &config).map_err(|e| e.to_string())?;
    interpret_once(&optimized.func, line).map_err(|e| format!("interpreter, optimised: {e}"))
}

fn interpret_once(func: &Func, line: &Line) -> Result<(), String> {
    let program = Program::new(func).map_err(|e| e.to_string())?;
    let mut scalars = Vec::new();
    let mut arrays: Vec<(usize, Buffer)> = Vec::new();
    for (index, (param, arg)) in func.params().iter().zip(&line.args).enumerate() {
        match (param.ty, arg) {
            (ParamType::Scalar(scalar), Written::One(text)) => scalars.push(parse(scalar, text)?),
            (ParamType::Array(ty), Written::List(list)) if ty.rank == 1 => {
                let column = list.iter().map(|text| parse(ty.elem, text));
                let column = column.collect::<Result<Vec<_>, _>>()?;
                arrays.push((index, buffer(ty.elem, &column)));
            }
            (ty, _) => return Err(format!("{arg:?} is no {ty}")),
        }
    }
    let mut slots = vec![0; func.results().len()];
    let ran = {
        let mut rest = arrays.iter_mut();
        let mut scalars = scalars.into_iter();
        let mut args: Vec<Arg<'_>> = Vec::new();
        for param in func.params() {
            args.push(
                match param.ty {
                    ParamType::Scalar(_) => scalars.next().map(Arg::Value),
                    ParamType::Array(ty) => rest.next().map(|(_, data)| match ty.access {
                        Access::Read => Arg::Slice(data.as_slice()),
                        Access::Mut => Arg::SliceMut(data.as_slice_mut()),
                    }),
                }
                .ok_or("one argument per parameter")?,
            );
        }
        program.run(&mut program.state(), &mut args, &mut slots)
    };
    let expected = match (&line.outcome, ran) {
        (Outcome::Gives(expected), Ok(())) => expected,
        (Outcome::Fails(kind), Err(Failure::Fault { fault, .. }))
            if program.fault(fault).kind.name() == kind =>
        {
            return Ok(());
        }
        (Outcome::Gives(_), Err(failure)) => return Err(failure.to_string()),
        (Outcome::Fails(kind), other) => return Err(format!("{other:?} and not {kind}")),
    };
    let mut found: Vec<Vec<Const>> = Vec::new();
    for (ty, &bits) in func.results().iter().zip(&slots) {
        found.push(vec![Const::from_bits(ty.scalar, bits)]);
    }
    for (index, data) in &arrays {
        let is_written =
            matches!(func.params()[*index].ty, ParamType::Array(ty) if ty.access == Access::Mut);
        if is_written {
            found.push(values(data));
        }
    }
    if found.len() != expected.len() {
        return Err(format!("{} values, not {}", found.len(), expected.len()));
    }
    for (found, expected) in found.iter().zip(expected) {
        let texts: &[String] = match expected {
            Written::One(text) => std::slice::from_ref(text),
            Written::List(list) => list,
        };
        let same = found.len() == texts.len()
            && found
                .iter()
                .zip(texts)
                .all(|(&value, text)| parse(value.scalar(), text) == Ok(value));
        if !same {
            let found: Vec<String> = found.iter().map(|&v| bare(v)).collect();
            return Err(format!(
                "[{}] and not [{}]",
                found.join(", "),
                texts.join(", ")
            ));
        }
    }
    Ok(())
}
