//! `kiln map`: adds computed columns to a CSV file, one block of rows at a time.
//!
//! Memory is one block, whatever the file's length, unless formulas take
//! something from whole columns. Bytes the formulas do not touch pass through
//! unread; see [`crate::csv`].

mod block;
mod cells;
mod plan;
pub(crate) mod reduce;

use crate::args::{Map, OnError};
use crate::csv::Records;
use crate::destination::Destination;
use crate::report::{Failure, failure, print_json, warnings_json};
use crate::source;
use anyhow::Context;
use block::Block;
use indicatif::{ProgressBar, ProgressStyle};
use kiln::Formula;
use plan::Plan;
use serde_json::json;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

/// Input shorter than this is done before a progress bar could be read.
const PROGRESS_BYTES: u64 = 16 << 20;

/// What a run has done.
#[derive(Default)]
struct Summary {
    rows: u64,
    /// Rows whose outputs were left missing because of an error.
    failed_rows: u64,
    /// Missing values, by output.
    missing: Vec<u64>,
}

pub(crate) fn run(args: &Map) -> Result<(), Failure> {
    let formula = formula(args)?;
    let (input, length) = open(&args.input)?;
    let name = source_name(&args.input);
    let mut records = Records::new(input, args.delimiter);
    let mut head = Vec::new();
    let plan = Plan::new(&formula, args, &mut records, &name, &mut head)?;
    let mut destination = Destination::open(&args.output)?;
    destination.write_all(&head)?;
    let summary = stream(&plan, args, &mut records, &mut destination, length)?;
    destination.finish()?;
    tell(args, &formula, &plan, &summary)
}

/// All formulas as one, each on a line of its own, so that a problem's line
/// tells which one it is in.
fn formula(args: &Map) -> Result<Formula, Failure> {
    if args.formulas.is_empty() {
        return source::formula(None, &args.common);
    }
    source::formula(Some(&args.formulas.join("\n")), &args.common)
}

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// What messages call the input.
fn source_name(path: &Path) -> String {
    match is_standard(path) {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    }
}

/// The input, and its length where that is known.
fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if is_standard(path) {
        return Ok((Box::new(std::io::stdin().lock()), None));
    }
    let context = || format!("cannot open {}", path.display());
    let file = File::open(path).with_context(context)?;
    let meta = file.metadata().with_context(context)?;
    if meta.is_dir() {
        return Err(failure(format!("{} is a folder", path.display())));
    }
    let length = meta.is_file().then_some(meta.len());
    Ok((Box::new(file), length))
}

fn stream(
    plan: &Plan,
    args: &Map,
    records: &mut Records<Box<dyn Read>>,
    out: &mut impl Write,
    length: Option<u64>,
) -> Result<Summary, Failure> {
    let progress = progress(length);
    let mut summary = Summary {
        missing: vec![0; plan.outputs.len()],
        ..Summary::default()
    };
    let mut block = Block::new(plan);
    loop {
        let more = block.read(plan, records, args.on_error)?;
        block.compute(plan, args.on_error)?;
        block.write(plan, out)?;
        summary.rows += block.len() as u64;
        summary.failed_rows += block.failed_rows();
        block.count_missing(&mut summary.missing);
        progress.set_position(records.bytes_read());
        if !more {
            out.write_all(records.lead())?;
            progress.finish_and_clear();
            return Ok(summary);
        }
    }
}

/// A bar on standard error, where that is a terminal and the input is long.
fn progress(length: Option<u64>) -> ProgressBar {
    let bar = match length {
        Some(length) if length < PROGRESS_BYTES => return ProgressBar::hidden(),
        Some(length) => ProgressBar::new(length),
        None => ProgressBar::no_length(),
    };
    let template = match length {
        Some(_) => "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        None => "{spinner} {bytes}, {bytes_per_sec}",
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn tell(args: &Map, formula: &Formula, plan: &Plan, summary: &Summary) -> Result<(), Failure> {
    if args.common.json {
        let outputs = plan.outputs.iter().zip(&summary.missing);
        let output = |(info, missing): (&kiln::OutputInfo, &u64)| json!({ "name": info.name, "type": info.scalar.name(), "missing": missing });
        let json = json!({
            "rows": summary.rows,
            "failed_rows": summary.failed_rows,
            "outputs": outputs.map(output).collect::<Vec<_>>(),
            "warnings": warnings_json(formula),
        });
        if is_standard(&args.output) {
            // Standard output holds the rows.
            let _ = writeln!(std::io::stderr(), "{json:#}");
            return Ok(());
        }
        return print_json(&json);
    }
    if args.on_error == OnError::Missing && summary.failed_rows > 0 {
        let rows = summary.failed_rows;
        let _ = writeln!(
            std::io::stderr(),
            "warning: {rows} of {} rows could not be computed; their outputs are missing",
            summary.rows
        );
    }
    Ok(())
}
