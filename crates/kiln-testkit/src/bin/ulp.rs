//! Measures the functions of kiln-math against a correctly rounded oracle.
//!
//! ```text
//! ulp [--count N] [--single [--stride N] [--pairs N]] [--write FILE] [FUNCTION ...]
//! ```
//! Without names it measures every function, on a million inputs each unless
//! told otherwise; with `--single` those in binary32, on every input or on
//! every N-th, and those of two operands on 1e9 random pairs unless told
//! otherwise. `--write` puts each row into the table of FILE
//! (docs/numerics.md) as soon as it is known. It fails if a function breaks its promise.
#![allow(clippy::print_stdout, reason = "a command line tool")]

use anyhow::{Context, bail};
use kiln_testkit::ulp::{self, Report, table};

/// What the command line asks for.
struct Request {
    count: u64,
    single: bool,
    stride: u32,
    pairs: u64,
    file: Option<String>,
    names: Vec<String>,
}

impl Request {
    fn parse(mut args: impl Iterator<Item = String>) -> anyhow::Result<Request> {
        let mut request = Request {
            count: 1_000_000,
            single: false,
            stride: 1,
            pairs: 1_000_000_000,
            file: None,
            names: Vec::new(),
        };
        while let Some(arg) = args.next() {
            let mut number = || -> anyhow::Result<f64> {
                let text = args
                    .next()
                    .with_context(|| format!("{arg} needs a number"))?;
                let number: f64 = text
                    .parse()
                    .with_context(|| format!("{arg} needs a number"))?;
                Ok(number.max(1.0))
            };
            match arg.as_str() {
                "--count" => request.count = number()? as u64,
                "--stride" => request.stride = number()? as u32,
                "--pairs" => request.pairs = number()? as u64,
                "--single" => request.single = true,
                "--write" => request.file = Some(args.next().context("--write needs a file")?),
                name => request.names.push(name.to_owned()),
            }
        }
        Ok(request)
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}

fn main() -> anyhow::Result<()> {
    let request = Request::parse(std::env::args().skip(1))?;
    let mut reports = Vec::new();
    let mut take = |report: Option<Report>| -> anyhow::Result<()> {
        if let Some(report) = report {
            println!("{}", line(&report));
            reports.push(report);
            if let Some(file) = &request.file {
                write_table(file, request.single, &reports)?;
            }
        }
        Ok(())
    };
    if request.single {
        let wanted = kiln_math::single::FUNCTIONS.iter();
        for function in wanted.filter(|function| request.wants(function.name)) {
            take(ulp::single::measure(
                function,
                request.stride,
                request.pairs,
            ))?;
        }
    } else {
        let wanted = kiln_math::FUNCTIONS.iter();
        for function in wanted.filter(|function| request.wants(function.name)) {
            take(ulp::measure(function, request.count))?;
        }
    }
    if reports.is_empty() {
        bail!("no function of that name has an oracle");
    }
    let broken: Vec<_> = reports
        .iter()
        .filter(|report| !report.holds())
        .map(|report| report.name)
        .collect();
    if !broken.is_empty() {
        bail!("beyond their promises: {}", broken.join(", "));
    }
    Ok(())
}

fn write_table(file: &str, single: bool, reports: &[Report]) -> anyhow::Result<()> {
    let markers = if single { table::SINGLE } else { table::DOUBLE };
    let document = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    std::fs::write(file, table::rewrite(&document, markers, reports)?)
        .with_context(|| format!("cannot write {file}"))
}

fn line(report: &Report) -> String {
    let least = if report.promised == 0.0 { 0.0 } else { 0.5 };
    let (x, y) = report.at;
    let share = 100.0 * report.misrounded as f64 / report.count as f64;
    let mut line = format!(
        "{:8} {:.4} ULP (promised {}) at {x:e}, {y:e}; {share:.3}% of {} not correctly rounded",
        report.name,
        report.worst.max(least),
        report.promised,
        report.count,
    );
    if !report.holds() {
        line += &format!("  BROKEN {:?}", report.broken);
    }
    line
}
