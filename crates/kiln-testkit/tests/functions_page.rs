//! docs/functions.md: its table is that of the code and of docs/numerics.md,
//! and every function has a section. `KILN_BLESS=1` writes the table anew.

use kiln_ir::{Class, Column, Const, FuncBuilder, NodeId, Op, Scalar, elementwise};
use kiln_opt::{OptConfig, common_path, loop_report};
use kiln_testkit::ulp::table::{self, Markers};
use std::fmt::Write;
use std::path::PathBuf;

const BEGIN: &str = "<!-- functions:begin -->\n";
const END: &str = "<!-- functions:end -->";

fn page(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs")).join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(page(name)).expect("the page is there")
}

fn functions() -> impl Iterator<Item = Op> {
    Op::all().filter(|op| op.class() == Class::Math)
}

/// Operations that a row runs on the common path.
fn operations(op: Op, scalar: Scalar) -> u32 {
    let mut b = FuncBuilder::new("f");
    let names = if op == Op::Powi { 1 } else { op.arity() };
    let mut args: Vec<NodeId> = ["x", "y"][..names]
        .iter()
        .map(|name| b.scalar_param(*name, scalar))
        .collect();
    if op == Op::Powi {
        args.push(b.constant(Const::int(Scalar::I32, 3)));
    }
    let value = b.op(op, &args);
    let rows = elementwise(&b.finish(&[value]), &vec![Column::Contiguous; names]);
    let common = common_path(&rows, &OptConfig::default());
    loop_report(&common, None)
        .expect("it is a loop over rows")
        .ops
}

fn measured(numerics: &str, markers: Markers, op: Op) -> String {
    // The exponent of powi is a constant, so no harness measures it.
    table::measured_in(numerics, markers, op.name()).unwrap_or_else(|| "-".to_owned())
}

fn rows() -> String {
    let numerics = read("numerics.md");
    let mut text = String::from(
        "| function | value | ULP, f64 | ULP, f32 | operations, f64 | operations, f32 |\n\
         |---|---|---|---|---|---|\n",
    );
    for op in functions() {
        let name = if op == Op::Powi {
            "powi, n = 3"
        } else {
            op.name()
        };
        writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} |",
            op.info().doc,
            measured(&numerics, table::DOUBLE, op),
            measured(&numerics, table::SINGLE, op),
            operations(op, Scalar::F64),
            operations(op, Scalar::F32),
        )
        .expect("writing to a string");
    }
    text
}

#[test]
fn the_table_is_the_one_of_the_code() {
    let text = read("functions.md");
    let begin = text.find(BEGIN).expect("the page has a table") + BEGIN.len();
    let end = text.find(END).expect("the table ends");
    let wanted = rows();
    if std::env::var_os("KILN_BLESS").is_some() {
        let text = format!("{}{wanted}{}", &text[..begin], &text[end..]);
        std::fs::write(page("functions.md"), text).expect("the page is writable");
        return;
    }
    assert!(
        text[begin..end] == wanted,
        "the table of docs/functions.md is old; run with KILN_BLESS=1"
    );
}

#[test]
fn every_function_has_a_section() {
    let text = read("functions.md");
    let sections: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .flat_map(|title| title.split(", "))
        .collect();
    for op in functions() {
        assert!(
            sections.contains(&op.name()),
            "{} has no section",
            op.name()
        );
    }
}
