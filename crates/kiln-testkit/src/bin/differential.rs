//! Runs random programs every way and records how many agreed.
//!
//! ```text
//! differential [--programs N] [--seed FIRST] [--write FILE]
//! ```
//! Seeds run from FIRST (0 unless told otherwise) until N distinct programs
//! (a hundred thousand) have given the same bits every way. `--write` puts the
//! counts between the markers of FILE (docs/testing.md). A mismatch ends it with
//! the smallest program found that shows one, as a `run` filetest.
#![allow(clippy::print_stdout, reason = "a command line tool")]

use anyhow::{Context, bail};
use kiln_testkit::differential::{Coverage, assert_same, random_source};
use kiln_testkit::ways::Way;

const BEGIN: &str = "<!-- record:begin -->\n";
const END: &str = "<!-- record:end -->";

/// How many programs pass between two lines of progress.
const PROGRESS: u64 = 10_000;

fn main() -> anyhow::Result<()> {
    let (mut programs, mut first, mut file) = (100_000, 0, None);
    let mut args = std::env::args().skip(1);
    while let Some(option) = args.next() {
        let value = args.next().with_context(|| format!("{option} of what?"))?;
        match option.as_str() {
            "--programs" => programs = value.parse().context("--programs is a number")?,
            "--seed" => first = value.parse().context("--seed is a number")?,
            "--write" => file = Some(value),
            _ => bail!("there is no option {option}"),
        }
    }
    let mut coverage = Coverage::default();
    let mut seed: u64 = first;
    while coverage.programs() < programs {
        assert_same(&random_source(seed), &[], &mut coverage);
        seed += 1;
        if seed.is_multiple_of(PROGRESS) {
            println!("seed {seed}: {}", counts(&coverage));
        }
    }
    let record = format!(
        "Seeds {first} to {}: {}, no mismatch.\nWays: {}.\n",
        seed - 1,
        counts(&coverage),
        ways()
    );
    print!("{record}");
    match file {
        Some(file) => write(&file, &record),
        None => Ok(()),
    }
}

fn counts(coverage: &Coverage) -> String {
    format!(
        "{} distinct programs, {} values compared with the interpreter's",
        coverage.programs(),
        coverage.compared
    )
}

fn ways() -> String {
    let ways: Vec<String> = Way::all().iter().map(Way::to_string).collect();
    ways.join("; ")
}

fn write(file: &str, record: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    let begin = text.find(BEGIN).context("no place for the record")? + BEGIN.len();
    let end = text
        .find(END)
        .context("the place of the record has no end")?;
    let text = format!("{}{record}{}", &text[..begin], &text[end..]);
    std::fs::write(file, text).with_context(|| format!("cannot write {file}"))
}
