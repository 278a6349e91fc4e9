//! `kiln reduce`: single values over the columns of a CSV file.

use super::block::Block;
use super::plan::Plan;
use super::{formula, open, source_name};
use crate::args::{Map, OnError, Reduce};
use crate::csv::Records;
use crate::report::{Failure, print_values};
use std::path::PathBuf;

pub(crate) fn run(args: &Reduce) -> Result<(), Failure> {
    // The columns are read as they are for computed columns, of which none is
    // written, so none is in the way of another.
    let args = Map {
        formulas: args.formulas.clone(),
        input: args.input.clone(),
        output: PathBuf::from("-"),
        delimiter: args.delimiter,
        missing: args.missing.clone(),
        replace: true,
        on_error: OnError::Fail,
        common: args.common.clone(),
    };
    let formula = formula(&args)?;
    let (input, _) = open(&args.input)?;
    let mut records = Records::new(input, args.delimiter);
    let name = source_name(&args.input);
    let mut plan = Plan::new(&formula, &args, &mut records, &name, &mut Vec::new())?;
    plan.is_whole = true;
    let mut block = Block::new(&plan);
    block.read(&plan, &mut records, args.on_error)?;
    print_values(&formula, &block.reduce(&plan)?, args.common.json)
}
