//! Measures the functions of kiln-math against a correctly rounded oracle.
//!
//! ```text
//! ulp [--count N] [--write FILE] [FUNCTION ...]
//! ```
//! Without names it measures every function, on a million inputs each unless
//! told otherwise. `--write` puts the rows into the table of FILE
//! (docs/numerics.md). It fails if a function breaks its promise.
#![allow(clippy::print_stdout, reason = "a command line tool")]

use anyhow::{Context, bail};
use kiln_testkit::ulp::{measure, table};

fn main() -> anyhow::Result<()> {
    let (mut count, mut file, mut names) = (1_000_000u64, None, Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--count" => {
                let value = args.next().context("--count needs a number")?;
                count = value.parse::<f64>().context("--count needs a number")? as u64;
            }
            "--write" => file = Some(args.next().context("--write needs a file")?),
            name => names.push(name.to_owned()),
        }
    }
    let mut reports = Vec::new();
    for function in kiln_math::FUNCTIONS {
        if !names.is_empty() && !names.iter().any(|name| name == function.name) {
            continue;
        }
        let Some(report) = measure(function, count) else {
            continue;
        };
        println!(
            "{:8} {:.4} ULP (promised {}) at {:e}, {:e}; {:.3}% of {} not correctly rounded{}",
            report.name,
            report
                .worst
                .max(if report.promised == 0.0 { 0.0 } else { 0.5 }),
            report.promised,
            report.at.0,
            report.at.1,
            100.0 * report.misrounded as f64 / report.count as f64,
            report.count,
            if report.holds() {
                String::new()
            } else {
                format!("  BROKEN {:?}", report.broken)
            },
        );
        reports.push(report);
    }
    if reports.is_empty() {
        bail!("no function of that name has an oracle");
    }
    if let Some(file) = file {
        let document =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
        std::fs::write(&file, table::rewrite(&document, &reports)?)
            .with_context(|| format!("cannot write {file}"))?;
    }
    let broken: Vec<_> = reports
        .iter()
        .filter(|report| !report.holds())
        .map(|r| r.name)
        .collect();
    if !broken.is_empty() {
        bail!("beyond their promises: {}", broken.join(", "));
    }
    Ok(())
}
