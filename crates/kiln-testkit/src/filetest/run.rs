//! The command `run`: every way must compute what the file says.
//!
//! The lines `; run: @f(..) == ..` of a function of one row are rows: they
//! are called one by one and mapped together, at every level. A line with
//! `fails KIND` ends such a map. A Func with arrays is called once per line,
//! every way of [`whole`](crate::whole); the file then says `; ways: whole`,
//! and a line may say more of a failure: `fails KIND row N (OPERANDS)`, and
//! behind `==` what the arrays hold then.

use crate::filetest::command::{func, with_guards};
use crate::filetest::file::{Case, option};
use crate::filetest::value::{Written, bare, parse, split};
use crate::ways::{self, Ran, Way};
use crate::whole::{self, Array, Input, Whole};
use kiln_codegen::Level;
use kiln_interp::{Failure, Program};
use kiln_ir::{Column, Const, Func, ParamType};

/// One line: a call and what must come of it.
struct Line {
    args: Vec<Written>,
    outcome: Outcome,
}

enum Outcome {
    Gives(Vec<Written>),
    Fails(Fails),
}

/// What a line says of a failure.
struct Fails {
    kind: String,
    row: Option<String>,
    operands: Option<Vec<Written>>,
    written: Option<Vec<Written>>,
}

impl Fails {
    fn parse(text: &str) -> Fails {
        let (what, written) = match text.split_once(" == ") {
            Some((what, written)) => (what, Some(values_of(written))),
            None => (text, None),
        };
        let (what, operands) = match what.split_once('(') {
            Some((what, operands)) => (what, Some(values_of(&format!("({operands}")))),
            None => (what, None),
        };
        let (kind, row) = match what.split_once(" row ") {
            Some((kind, row)) => (kind, Some(row.trim().to_owned())),
            None => (what, None),
        };
        Fails {
            kind: kind.trim().to_owned(),
            row,
            operands,
            written,
        }
    }
}

/// One value, or several in parentheses.
fn values_of(text: &str) -> Vec<Written> {
    let text = text.trim();
    let tuple = text.strip_prefix('(').and_then(|r| r.strip_suffix(')'));
    split(tuple.unwrap_or(text))
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
    let func = with_guards(options, func(earlier, case)?);
    let lines = lines(&func, &case.expected)?;
    if lines.is_empty() {
        return Ok(());
    }
    let ways = match option(options, "ways") {
        None => Way::all(),
        Some("whole") => return whole_calls(&func, &lines),
        Some("one lane") => {
            let mut ways = vec![Way::Calls, Way::Engine(Level::One)];
            ways.extend([false, true].map(|optimise| Way::Cranelift {
                level: Level::One,
                optimise,
            }));
            ways
        }
        Some(other) => return Err(format!("there are no ways {other}")),
    };
    if !func.is_scalar() {
        return Err("a Func with arrays asks for `; ways: whole`".to_owned());
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
            Outcome::Gives(values_of(results))
        } else {
            Outcome::Fails(Fails::parse(
                outcome.strip_prefix("fails ").ok_or_else(wrong)?,
            ))
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
        (Way::Calls, Some(Outcome::Fails(fails))) => fails_as(func, &case, &fails.kind),
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

/// Calls a Func once per line, every way.
fn whole_calls(func: &Func, lines: &[Line]) -> Result<(), String> {
    let mut whole = Whole::new(func)?;
    lines.iter().try_for_each(|line| {
        let inputs = func.params().iter().zip(&line.args);
        let inputs: Result<Vec<Input>, String> =
            inputs.map(|(param, arg)| input(param.ty, arg)).collect();
        let inputs = inputs?;
        let outcome = whole.check(&inputs)?;
        as_expected(func, &line.outcome, &outcome)
    })
}

/// An argument as a line writes it: `[1, 2, 3, 4, 5, 6 | 2 x 3]` is an array
/// of rank 2, `[1, 2, 3 | 2 x 2 from 1 by 1, -1]` one with these strides
/// whose element 0 is that of index 1 in the buffer.
fn input(param: ParamType, arg: &Written) -> Result<Input, String> {
    let (ty, list) = match (param, arg) {
        (ParamType::Scalar(scalar), Written::One(text)) => {
            return Ok(Input::Value(parse(scalar, text)?));
        }
        (ParamType::Array(ty), Written::List(list)) => (ty, list),
        (ty, _) => return Err(format!("{arg:?} is no {ty}")),
    };
    let text = list.join(", ");
    let (values, geometry) = match text.split_once('|') {
        Some((values, geometry)) => (values, Some(geometry)),
        None => (text.as_str(), None),
    };
    let values: Result<Vec<Const>, String> = values
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| parse(ty.elem, text))
        .collect();
    let values = values?;
    let Some(geometry) = geometry else {
        let shape = vec![values.len(); usize::from(ty.rank)];
        return Ok(Input::Array(Array::contiguous(values, shape)));
    };
    let number = |text: &str| {
        let number = text.trim().parse::<isize>();
        number.map_err(|_| format!("{text} is no number"))
    };
    let (shape, rest) = match geometry.split_once(" from ") {
        Some((shape, rest)) => (shape, Some(rest)),
        None => (geometry, None),
    };
    let shape: Result<Vec<usize>, String> = shape
        .split('x')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| number(text).map(|n| n as usize))
        .collect();
    let mut array = Array::contiguous(values, shape?);
    if let Some((origin, strides)) = rest.and_then(|rest| rest.split_once(" by ")) {
        array.origin = number(origin)? as usize;
        array.strides = strides.split(',').map(number).collect::<Result<_, _>>()?;
    }
    Ok(Input::Array(array))
}

fn as_expected(func: &Func, expected: &Outcome, ran: &whole::Ran) -> Result<(), String> {
    let written = || ran.written.iter().cloned();
    let fails = match (expected, &ran.failed) {
        (Outcome::Gives(values), None) => {
            let results = ran.results.iter().map(|&v| vec![v]);
            return same(values, results.chain(written()));
        }
        (Outcome::Fails(fails), Some(failed)) => (fails, failed),
        (Outcome::Gives(_), Some(failed)) => return Err(format!("fails with {failed:?}")),
        (Outcome::Fails(fails), None) => return Err(format!("does not fail as {}", fails.kind)),
    };
    let (said, failed) = fails;
    if failed.fault.kind.name() != said.kind {
        return Err(format!("@{} fails with {failed:?}", func.name()));
    }
    if said
        .row
        .as_ref()
        .is_some_and(|row| *row != failed.row.to_string())
    {
        return Err(format!("fails in row {}", failed.row));
    }
    if let Some(operands) = &said.operands {
        same(operands, failed.operands.iter().map(|&v| vec![v]))?;
    }
    match &said.written {
        Some(values) => same(values, written()),
        None => Ok(()),
    }
}

/// Whether values are what a line writes.
fn same(expected: &[Written], found: impl Iterator<Item = Vec<Const>>) -> Result<(), String> {
    let found: Vec<Vec<Const>> = found.collect();
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
            return Err(format!(
                "{} and not [{}]",
                whole::list(found),
                texts.join(", ")
            ));
        }
    }
    Ok(())
}
