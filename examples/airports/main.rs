//! How far is every airport from one of them?
//!
//! The distance is a formula given as text, by default the great circle on a
//! round earth. It runs over the columns of a CSV file in the interpreter and
//! as native code, and the two are compared bit by bit. A second formula sums
//! the distances up.
//!
//! ```text
//! cargo run --release --bin airports
//! cargo run --release --bin airports -- --from JFK
//! cargo run --release --bin airports -- 'abs(latitude - from_latitude)'
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what an example does")]

use anyhow::{Context, Result, bail, ensure};
use kiln::{Engine, Formula, Kernel, Ran, Tier};
use std::time::{Duration, Instant};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/airports.csv");

/// The great-circle distance by the haversine formula, in kilometres on a
/// sphere with the earth's mean radius.
const DISTANCE: &str = "\
let rad = pi / 180
let a = sin((latitude - from_latitude) * rad / 2) ^ 2 + cos(latitude * rad) * cos(from_latitude * rad) * sin((longitude - from_longitude) * rad / 2) ^ 2
km = 2 * 6371.0088 * asin(sqrt(a))";

/// What there is to say of all distances.
const SUMMARY: &str = "\
average = mean(km)
deviation = std(km)
near = sum(km < average) / count(km)
farthest = argmax(km)";

/// The airports, as columns.
struct Airports {
    code: Vec<String>,
    name: Vec<String>,
    latitude: Vec<f64>,
    longitude: Vec<f64>,
}

fn main() -> Result<()> {
    let (from, text) = arguments()?;
    let airports = read()?;
    let wanted = airports.code.iter().position(|code| *code == from);
    let from = wanted.with_context(|| format!("there is no airport {from}"))?;
    let formula = match text.parse::<Formula>() {
        Ok(formula) => formula,
        Err(error) => bail!("{}", error.report()),
    };
    println!(
        "distance from {}, {}",
        airports.code[from], airports.name[from]
    );
    for line in formula.source().lines() {
        println!("  {line}");
    }

    let native = Engine::builder().tier(Tier::Native).build();
    let start = Instant::now();
    let kernel = native.kernel(&formula);
    let (km, ran) = distances(&kernel, &airports, from)?;
    let first = start.elapsed();
    ensure!(
        ran.tier == Tier::Native,
        "no native code: {:?}",
        native.stats().fallbacks
    );
    let compiling = native.stats().compile_time;
    println!(
        "compiled in {} ({ran}); first result after {}",
        ms(compiling),
        ms(first)
    );

    let interpreted = Engine::builder()
        .tier(Tier::Interpreter)
        .build()
        .kernel(&formula);
    let (check, _) = distances(&interpreted, &airports, from)?;
    println!(
        "interpreted {:6.2} ns a row",
        row_ns(&interpreted, &airports, from)?
    );
    println!(
        "native      {:6.2} ns a row",
        row_ns(&kernel, &airports, from)?
    );
    let same = km.len() == check.len() && km.iter().zip(&check).all(|(a, b)| same_bits(*a, *b));
    println!("same bits: {}", if same { "yes" } else { "no" });

    let summary: Formula = SUMMARY.parse()?;
    let summary = native.kernel(&summary).reduce(&[("km", (&km).into())])?;
    for (name, value) in summary.iter() {
        println!("{name} = {value}");
    }
    println!("the ten farthest of {}:", km.len());
    let mut order: Vec<usize> = (0..km.len()).collect();
    order.sort_by(|&a, &b| km[b].total_cmp(&km[a]));
    for &row in order.iter().take(10) {
        println!(
            "{:10.1}  {}  {}",
            km[row], airports.code[row], airports.name[row]
        );
    }
    println!("try: cargo run --release --bin kiln -- explain 'sqrt(a^2 + b^2)' --emit asm");
    ensure!(same, "the interpreter and native code differ");
    Ok(())
}

/// The airport to start from, and the formula.
fn arguments() -> Result<(String, String)> {
    let (mut from, mut text) = ("SEA".to_owned(), DISTANCE.to_owned());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--from" => {
                from = args
                    .next()
                    .context("--from needs an airport, such as JFK")?
            }
            "--help" => bail!("airports [--from IATA] [FORMULA]"),
            _ => text = arg,
        }
    }
    Ok((from, text))
}

fn read() -> Result<Airports> {
    let mut airports = Airports {
        code: Vec::new(),
        name: Vec::new(),
        latitude: Vec::new(),
        longitude: Vec::new(),
    };
    let mut reader = csv::Reader::from_path(DATA).with_context(|| format!("cannot read {DATA}"))?;
    for record in reader.records() {
        let record = record?;
        airports.code.push(record[0].to_owned());
        airports.name.push(record[1].to_owned());
        airports.latitude.push(record[5].parse()?);
        airports.longitude.push(record[6].parse()?);
    }
    Ok(airports)
}

/// The first output of the formula for every airport, and where it was
/// computed. A map may hold more names than the formula uses.
fn distances(kernel: &Kernel, airports: &Airports, from: usize) -> Result<(Vec<f64>, Ran)> {
    let inputs = std::collections::HashMap::from([
        ("latitude", kiln::Column::from(&airports.latitude)),
        ("longitude", (&airports.longitude).into()),
        ("from_latitude", airports.latitude[from].into()),
        ("from_longitude", airports.longitude[from].into()),
    ]);
    let outputs = match kernel.map_rows(airports.code.len(), &inputs) {
        Ok(outputs) => outputs,
        Err(error) => bail!("{}", error.report()),
    };
    let ran = outputs.ran();
    let first = outputs.into_vec().into_iter().next().context("an output")?;
    let values = first.into_vec().ok();
    Ok((values.context("the output is not a decimal number")?, ran))
}

/// The least time of a row over many runs.
fn row_ns(kernel: &Kernel, airports: &Airports, from: usize) -> Result<f64> {
    let start = Instant::now();
    let mut least = Duration::MAX;
    while start.elapsed() < Duration::from_millis(100) {
        let run = Instant::now();
        std::hint::black_box(distances(kernel, airports, from)?);
        least = least.min(run.elapsed());
    }
    Ok(least.as_nanos() as f64 / airports.code.len() as f64)
}

/// Any two NaNs are the same here: their bits mean nothing.
fn same_bits(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
