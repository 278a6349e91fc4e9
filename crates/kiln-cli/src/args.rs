//! The command line: what each command takes.
//!
//! No option has a one-letter form, so that a formula may begin with a minus:
//! `kiln eval '-height' height=2` reads as it looks. `-h` and `-V` alone are
//! understood as `--help` and `--version`.

use crate::types_option::TypeList;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Numeric formulas, compiled to native code.
#[derive(Debug, Parser)]
#[command(
    name = "kiln",
    version,
    disable_help_flag = true,
    disable_version_flag = true
)]
#[command(
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print help
    #[arg(long, global = true, action = clap::ArgAction::Help)]
    help: Option<bool>,
    /// Print version
    #[arg(long, global = true, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compute a formula once
    Eval(Eval),
    /// Add computed columns to a CSV file
    Map(Map),
    /// Compute single values over the columns of a CSV file
    Reduce(Reduce),
    /// Say whether a formula is in order, and what it takes and gives
    Check(Check),
    /// Show what a formula becomes on the way to machine code
    Explain(Explain),
    /// Measure a formula on this processor
    Time(Time),
    /// Show the processor, versions, limits and settings in use
    Doctor(Doctor),
    /// List the functions, operators and constants of formulas
    Language(Language),
}

/// What every command with a formula takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Types of the inputs, such as `a=f64,b=i32,c=bool?`; `?` means that
    /// values may be missing. An input that is not listed is f64
    #[arg(
        long,
        value_name = "NAME=TYPE,...",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) types: TypeList,
    /// Read the formula from a file
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// What a whole number beyond the 64-bit range becomes
    #[arg(long, value_enum, default_value = "error")]
    pub(crate) overflow: Overflow,
    /// Treat warnings as errors
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Print JSON; errors too, on standard error
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Overflow {
    Error,
    Wrap,
    Saturate,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TierName {
    Interp,
    Native,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LevelName {
    #[value(name = "scalar")]
    Scalar,
    #[value(name = "128")]
    V128,
    #[value(name = "avx2")]
    Avx2,
    #[value(name = "avx512")]
    Avx512,
}

#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// The formula, unless --file gives it
    #[arg(value_name = "FORMULA", allow_hyphen_values = true)]
    pub(crate) formula: Option<String>,
    /// Values of the inputs; an empty value is missing
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) values: Vec<String>,
    /// Where to compute
    #[arg(long, value_enum)]
    pub(crate) tier: Option<TierName>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Map {
    /// The columns to add
    #[arg(value_name = "NAME = FORMULA")]
    pub(crate) formulas: Vec<String>,
    /// The CSV file to read; `-` is standard input
    #[arg(long, value_name = "PATH", default_value = "-")]
    pub(crate) input: PathBuf,
    /// The CSV file to write; `-` is standard output. It appears when complete
    #[arg(long, value_name = "PATH", default_value = "-")]
    pub(crate) output: PathBuf,
    /// What stands between cells: one ASCII character, or `tab`
    #[arg(long, value_name = "CHAR", default_value = ",", value_parser = delimiter)]
    pub(crate) delimiter: u8,
    /// Cell texts that mean a missing value, besides the empty cell
    #[arg(long, value_name = "TEXT,...", value_delimiter = ',')]
    pub(crate) missing: Vec<String>,
    /// Let an output take the place of the column of the same name
    #[arg(long)]
    pub(crate) replace: bool,
    /// What to do with a row that cannot be read or computed. With a term over
    /// whole columns, such as sum(x), a row that cannot be computed always
    /// stops the run
    #[arg(long, value_enum, default_value = "fail")]
    pub(crate) on_error: OnError,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Reduce {
    /// The values to compute
    #[arg(value_name = "FORMULA")]
    pub(crate) formulas: Vec<String>,
    /// The CSV file to read; `-` is standard input
    #[arg(long, value_name = "PATH", default_value = "-")]
    pub(crate) input: PathBuf,
    /// What stands between cells: one ASCII character, or `tab`
    #[arg(long, value_name = "CHAR", default_value = ",", value_parser = delimiter)]
    pub(crate) delimiter: u8,
    /// Cell texts that mean a missing value, besides the empty cell
    #[arg(long, value_name = "TEXT,...", value_delimiter = ',')]
    pub(crate) missing: Vec<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Stop, and write nothing
    Fail,
    /// Leave the outputs of the row missing
    Missing,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The formula, unless --file gives it
    #[arg(value_name = "FORMULA", allow_hyphen_values = true)]
    pub(crate) formula: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Emit {
    /// The formula in kiln's own language
    Ir,
    /// The same after optimisation
    Opt,
    /// Cranelift's input
    Clif,
    /// The machine code
    Asm,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The formula, unless --file gives it
    #[arg(value_name = "FORMULA", allow_hyphen_values = true)]
    pub(crate) formula: Option<String>,
    /// Which stage to show; without it, all and a report
    #[arg(long, value_enum)]
    pub(crate) emit: Option<Emit>,
    /// The vectors to use, instead of this processor's best
    #[arg(long, value_enum)]
    pub(crate) level: Option<LevelName>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Time {
    /// The formula, unless --file gives it
    #[arg(value_name = "FORMULA", allow_hyphen_values = true)]
    pub(crate) formula: Option<String>,
    /// Number of rows
    #[arg(long, default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    pub(crate) rows: u32,
    /// The type of inputs that --types does not list
    #[arg(long, default_value = "f64", value_parser = crate::types_option::scalar)]
    pub(crate) dtype: kiln::Scalar,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Language {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        _ => match text.as_bytes() {
            [b'"' | b'\n' | b'\r'] => Err("a quote or a line end cannot separate cells".into()),
            [byte] if byte.is_ascii() => Ok(*byte),
            _ => Err("a delimiter is one ASCII character, or `tab`".into()),
        },
    }
}

/// The arguments as clap takes them: `-h` and `-V` spelt out, up to a `--`.
pub(crate) fn spelt_out(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut plain = true;
    let spell = |arg: OsString| {
        plain &= arg != "--";
        match arg.to_str() {
            Some("-h") if plain => "--help".into(),
            Some("-V") if plain => "--version".into(),
            _ => arg,
        }
    };
    args.into_iter().map(spell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(args: &[&str]) -> Cli {
        let args = args.iter().map(OsString::from);
        Cli::try_parse_from(spelt_out(args)).unwrap()
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_formula_may_begin_with_a_minus() {
        for formula in ["-height", "-x + 1", "-1", "-V * 2", "-json"] {
            let cli = parse(&["kiln", "eval", formula, "a=-1", "--json"]);
            let Command::Eval(eval) = cli.command else {
                panic!("not eval")
            };
            assert_eq!(eval.formula.as_deref(), Some(formula));
            assert_eq!(eval.values, ["a=-1"]);
            assert!(eval.common.json);
        }
        let cli = parse(&["kiln", "eval", "--json", "--", "-h", "h=2"]);
        let Command::Eval(eval) = cli.command else {
            panic!("not eval")
        };
        assert_eq!(eval.formula.as_deref(), Some("-h"));
    }

    #[test]
    fn delimiters_are_one_byte() {
        assert_eq!(delimiter(";"), Ok(b';'));
        assert_eq!(delimiter("tab"), Ok(b'\t'));
        assert!(delimiter("").is_err() && delimiter("||").is_err() && delimiter("\"").is_err());
    }
}
