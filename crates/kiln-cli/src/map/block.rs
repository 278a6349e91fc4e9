//! One block of rows: read, computed, written. Where formulas take something
//! from whole columns, it is all rows there are.

use super::cells::Cells;
use super::plan::Plan;
use crate::args::OnError;
use crate::csv::{CellError, Records};
use crate::report::{Failure, failure};
use anyhow::Context;
use kiln::{Column, ColumnMut, Values};
use std::io::{Read, Write};
use std::ops::Range;

/// Rows of a block: enough that a call costs nothing per row, few enough that
/// its columns stay in the cache.
const ROWS_MAX: usize = 4096;
/// Bytes of a block, which ends early where rows are long.
const BYTES_MAX: usize = 1 << 20;

/// Where a row lies in the text of the block. Blank lines stand before it.
struct Row {
    raw: Range<usize>,
    line: u64,
}

/// A block of rows with the columns that are read and computed.
pub(super) struct Block {
    text: Vec<u8>,
    rows: Vec<Row>,
    /// The cells that are replaced, all of the first row, then of the next.
    replaced: Vec<Range<usize>>,
    inputs: Vec<Cells>,
    outputs: Vec<Cells>,
    failed: Vec<usize>,
    written: Vec<u8>,
}

impl Block {
    pub(super) fn new(plan: &Plan) -> Block {
        Block {
            text: Vec::new(),
            rows: Vec::new(),
            replaced: Vec::new(),
            inputs: plan.used.iter().map(|c| Cells::new(c.scalar)).collect(),
            outputs: plan.outputs.iter().map(|o| Cells::new(o.scalar)).collect(),
            failed: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Number of rows that could not be read or computed.
    pub(super) fn failed_rows(&self) -> u64 {
        self.failed.len() as u64
    }

    /// Adds the number of missing values of each output.
    pub(super) fn count_missing(&self, counts: &mut [u64]) {
        for (count, cells) in counts.iter_mut().zip(&self.outputs) {
            *count += cells.missing();
        }
    }

    /// Reads the next rows; false where the input has no more.
    pub(super) fn read(
        &mut self,
        plan: &Plan,
        records: &mut Records<Box<dyn Read>>,
        on_error: OnError,
    ) -> Result<bool, Failure> {
        self.clear();
        while plan.is_whole || self.rows.len() < ROWS_MAX && self.text.len() < BYTES_MAX {
            let reading = || format!("cannot read {}", plan.input);
            if !records.read(&plan.wanted).with_context(reading)? {
                return Ok(false);
            }
            if records.len() != plan.width {
                return Err(failure(format!(
                    "{}:{}: {} {}, where the header has {}",
                    plan.input,
                    records.line(),
                    records.len(),
                    if records.len() == 1 { "cell" } else { "cells" },
                    plan.width
                )));
            }
            self.push(plan, records, on_error)?;
        }
        Ok(true)
    }

    fn clear(&mut self) {
        self.text.clear();
        self.rows.clear();
        self.replaced.clear();
        self.failed.clear();
        for cells in &mut self.inputs {
            cells.resize(0);
        }
    }

    fn push(
        &mut self,
        plan: &Plan,
        records: &Records<Box<dyn Read>>,
        on_error: OnError,
    ) -> Result<(), Failure> {
        self.text.extend_from_slice(records.lead());
        let start = self.text.len();
        self.text.extend_from_slice(records.raw());
        let raw = start..self.text.len();
        self.text.extend_from_slice(records.terminator());
        for &(cell, _) in &plan.replaced {
            let range = records.cell_range(cell);
            self.replaced.push(start + range.start..start + range.end);
        }
        let mut bad = None;
        for (cells, column) in self.inputs.iter_mut().zip(&plan.used) {
            let text = records.text(column.cell);
            if plan.is_missing(text) {
                cells.push_missing();
            } else if let Err(error) = cells.push(text) {
                bad = bad.or(Some((column.cell, error)));
                cells.push_missing();
            }
        }
        match bad {
            Some((cell, error)) if on_error == OnError::Fail => {
                return Err(bad_cell(plan, records, cell, error));
            }
            Some(_) => self.failed.push(self.rows.len()),
            None => {}
        }
        let line = records.line();
        self.rows.push(Row { raw, line });
        Ok(())
    }

    /// Computes the outputs of every row.
    pub(super) fn compute(&mut self, plan: &Plan, on_error: OnError) -> Result<(), Failure> {
        for cells in &mut self.outputs {
            cells.resize(self.rows.len());
        }
        let mut from = 0;
        while from < self.rows.len() {
            let inputs = columns(plan, &self.inputs, from);
            let outputs = plan.outputs.iter().zip(&mut self.outputs);
            let mut outputs: Vec<(&str, ColumnMut<'_>)> = outputs
                .map(|(info, cells)| (info.name.as_str(), cells.column_mut(from)))
                .collect();
            let Err(error) = plan.kernel.map_into(&inputs, &mut outputs) else {
                break;
            };
            let Some(row) = error.row().map(|row| from + row) else {
                return Err(error.into());
            };
            let was_bad = self.failed.contains(&row);
            // Without the row the totals of all others would be different.
            let stops = on_error == OnError::Fail || plan.is_whole;
            if stops && !was_bad {
                let line = self.rows[row].line;
                let message = format!("{}:{line}: {}", plan.input, fault_text(&error));
                return Err(failure(message));
            }
            if !was_bad {
                self.failed.push(row);
            }
            // Rows before the failing one are done.
            from = row + 1;
        }
        for &row in &self.failed {
            for cells in &mut self.outputs {
                cells.set_missing(row);
            }
        }
        Ok(())
    }

    /// Computes the outputs as single values.
    pub(super) fn reduce(&self, plan: &Plan) -> Result<Values, Failure> {
        let reduced = plan
            .kernel
            .reduce_rows(self.len(), &columns(plan, &self.inputs, 0));
        reduced.map_err(|error| match error.row() {
            Some(row) => {
                let line = self.rows[row].line;
                failure(format!("{}:{line}: {}", plan.input, fault_text(&error)))
            }
            None => error.into(),
        })
    }

    /// Writes every row with its outputs.
    pub(super) fn write(&mut self, plan: &Plan, out: &mut impl Write) -> Result<(), Failure> {
        let mut buffer = std::mem::take(&mut self.written);
        buffer.clear();
        let mut at = 0;
        let mut replaced = self.replaced.iter();
        for (index, row) in self.rows.iter().enumerate() {
            for &(_, output) in &plan.replaced {
                if let Some(cell) = replaced.next() {
                    buffer.extend_from_slice(&self.text[at..cell.start]);
                    self.outputs[output].write(index, &mut buffer);
                    at = cell.end;
                }
            }
            buffer.extend_from_slice(&self.text[at..row.raw.end]);
            at = row.raw.end;
            for &output in &plan.added {
                buffer.push(plan.delimiter);
                self.outputs[output].write(index, &mut buffer);
            }
        }
        buffer.extend_from_slice(&self.text[at..]);
        out.write_all(&buffer)?;
        self.written = buffer;
        Ok(())
    }
}

/// The columns that the formulas use, from a row on.
fn columns<'a>(plan: &'a Plan, inputs: &'a [Cells], from: usize) -> Vec<(&'a str, Column<'a>)> {
    let inputs = plan.used.iter().zip(inputs);
    inputs
        .map(|(used, cells)| (used.name.as_str(), cells.column(from)))
        .collect()
}

/// What failed, without the row within the block.
fn fault_text(error: &kiln::Error) -> String {
    match error.fault() {
        Some(fault) => {
            let mut fault = fault.clone();
            fault.row = None;
            fault.to_string()
        }
        None => error.to_string(),
    }
}

fn bad_cell(
    plan: &Plan,
    records: &Records<Box<dyn Read>>,
    cell: usize,
    error: CellError,
) -> Failure {
    const LONGEST: usize = 40;
    let (line, column) = records.place(cell);
    let text = String::from_utf8_lossy(records.text(cell));
    let shown: String = text.chars().take(LONGEST).collect();
    let rest = if shown.len() < text.len() { "..." } else { "" };
    let name = plan.used.iter().find(|used| used.cell == cell);
    let name = name.map_or("", |used| used.name.as_str());
    failure(format!(
        "{}:{line}:{column}: `{}{rest}` {} (column `{name}`)",
        plan.input,
        shown.escape_debug(),
        error.clause()
    ))
}
