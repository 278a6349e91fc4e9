//! What a run does with each column: decided once, from the header.

use super::is_standard;
use crate::args::Map;
use crate::csv::{Records, write_name};
use crate::report::{Failure, failure};
use anyhow::Context;
use kiln::{Engine, Formula, InputType, Kernel, OutputInfo, Scalar};
use std::io::Read;

/// Header cells are all read.
const ALL: &[bool] = &[true; 1 << 16];

/// A column that the formulas use.
pub(super) struct Used {
    pub(super) name: String,
    /// Its index among the cells of a row.
    pub(super) cell: usize,
    pub(super) scalar: Scalar,
}

/// What a run does.
pub(super) struct Plan {
    pub(super) kernel: Kernel,
    /// Whether rows can only be computed when all have been read.
    pub(super) is_whole: bool,
    /// Names the input in messages.
    pub(super) input: String,
    pub(super) delimiter: u8,
    /// Texts that mean a missing value, besides nothing.
    pub(super) missing: Vec<String>,
    /// Number of cells of every row.
    pub(super) width: usize,
    pub(super) used: Vec<Used>,
    /// For each cell, whether it is used.
    pub(super) wanted: Vec<bool>,
    pub(super) outputs: Vec<OutputInfo>,
    /// Cells whose place an output takes, by cell, with the output's index.
    pub(super) replaced: Vec<(usize, usize)>,
    /// Outputs that are appended.
    pub(super) added: Vec<usize>,
}

impl Plan {
    /// Reads the header and writes that of the output to `head`.
    pub(super) fn new(
        formula: &Formula,
        args: &Map,
        records: &mut Records<Box<dyn Read>>,
        input: &str,
        head: &mut Vec<u8>,
    ) -> Result<Plan, Failure> {
        let reading = || format!("cannot read {input}");
        head.extend_from_slice(records.take_mark().with_context(reading)?);
        if !records.read(ALL).with_context(reading)? {
            let hint = match is_standard(&args.input) {
                true => "; `--input` names a file",
                false => "",
            };
            return Err(failure(format!("{input} has no header line{hint}")));
        }
        if records.len() > ALL.len() {
            let most = ALL.len();
            return Err(failure(format!("{input} has more than {most} columns")));
        }
        let header: Vec<String> = (0..records.len())
            .map(|cell| String::from_utf8_lossy(records.text(cell)).into_owned())
            .collect();
        let used = used(formula, args, &header, input)?;
        let outputs = outputs(formula, args, &header, &used)?;
        let (replaced, added) = places(args, &header, &outputs)?;
        let mut wanted = vec![false; header.len()];
        for column in &used {
            wanted[column.cell] = true;
        }
        let plan = Plan {
            kernel: Engine::global().kernel(formula),
            is_whole: !formula.is_row_wise(),
            input: input.to_owned(),
            delimiter: args.delimiter,
            missing: args.missing.clone(),
            width: header.len(),
            used,
            wanted,
            outputs,
            replaced,
            added,
        };
        plan.write_head(records, head);
        Ok(plan)
    }

    fn write_head(&self, records: &Records<Box<dyn Read>>, head: &mut Vec<u8>) {
        head.extend_from_slice(records.lead());
        head.extend_from_slice(records.raw());
        for &output in &self.added {
            head.push(self.delimiter);
            write_name(head, &self.outputs[output].name, self.delimiter);
        }
        head.extend_from_slice(records.terminator());
    }

    /// Whether the text of a cell means a missing value.
    pub(super) fn is_missing(&self, text: &[u8]) -> bool {
        let text = text.trim_ascii();
        text.is_empty() || self.missing.iter().any(|m| m.as_bytes() == text)
    }
}

/// The columns that the formulas use, by name.
fn used(
    formula: &Formula,
    args: &Map,
    header: &[String],
    input: &str,
) -> Result<Vec<Used>, Failure> {
    for (name, _) in &args.common.types.0 {
        if !header.contains(name) {
            return Err(failure(format!("--types: {input} has no column `{name}`")));
        }
    }
    let mut used = Vec::new();
    for name in formula.bindable_names() {
        let mut cells = header.iter().enumerate().filter(|(_, h)| *h == name);
        let Some((cell, _)) = cells.next() else {
            continue;
        };
        if cells.next().is_some() {
            let message = format!("{input} has more than one column `{name}`");
            return Err(failure(message));
        }
        let listed = args.common.types.get(name);
        used.push(Used {
            name: name.to_owned(),
            cell,
            scalar: listed.map_or(Scalar::F64, |ty| ty.scalar),
        });
    }
    Ok(used)
}

/// The outputs, which a check of the formulas against the columns gives. For
/// its suggestions it is told of every column.
fn outputs(
    formula: &Formula,
    args: &Map,
    header: &[String],
    used: &[Used],
) -> Result<Vec<OutputInfo>, Failure> {
    let nullable = |scalar| InputType::new(scalar).nullable();
    let mut inputs: Vec<(&str, InputType)> = Vec::new();
    for column in used {
        inputs.push((&column.name, nullable(column.scalar)));
    }
    for name in header {
        if !inputs.iter().any(|(known, _)| known == name) {
            let listed = args.common.types.get(name);
            let scalar = listed.map_or(Scalar::F64, |ty| ty.scalar);
            inputs.push((name, nullable(scalar)));
        }
    }
    Ok(formula.check(&inputs)?)
}

/// Which outputs take the place of a column, and which are added.
fn places(
    args: &Map,
    header: &[String],
    outputs: &[OutputInfo],
) -> Result<(Vec<(usize, usize)>, Vec<usize>), Failure> {
    let (mut replaced, mut added) = (Vec::new(), Vec::new());
    for (index, info) in outputs.iter().enumerate() {
        match header.iter().position(|name| *name == info.name) {
            None => added.push(index),
            Some(cell) if args.replace => replaced.push((cell, index)),
            Some(_) => {
                let name = &info.name;
                let message = format!(
                    "there is a column `{name}` already; --replace puts the output in its place"
                );
                return Err(failure(message));
            }
        }
    }
    replaced.sort_unstable();
    Ok((replaced, added))
}
