//! The `kiln` command: compute, map, check, explain and time formulas.
//!
//! One file per command; each takes its arguments and prints its result.
//! Errors and warnings go to standard error. The exit code is 0, 1 for an
//! error, 2 for a misuse of the command line.

#![forbid(unsafe_code)]

mod args;
mod check;
mod csv;
mod destination;
mod doctor;
mod eval;
mod explain;
mod language;
mod map;
mod report;
mod source;
mod time;
mod types_option;

use args::{Cli, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Misuse ends here, with exit code 2.
    let cli = Cli::parse_from(args::spelt_out(std::env::args_os()));
    let (result, is_json) = match &cli.command {
        Command::Eval(args) => (eval::run(args), args.common.json),
        Command::Map(args) => (map::run(args), args.common.json),
        Command::Reduce(args) => (map::reduce::run(args), args.common.json),
        Command::Check(args) => (check::run(args), args.common.json),
        Command::Explain(args) => (explain::run(args), args.common.json),
        Command::Time(args) => (time::run(args), args.common.json),
        Command::Doctor(args) => (doctor::run(args), args.json),
        Command::Language(args) => (language::run(args), args.json),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read our output has seen enough.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(is_json);
            ExitCode::from(failure.exit_code())
        }
    }
}
