//! The oracle: every way of running a random program gives the same bits.
//!
//! The interpreter, one call per row and before any pass, is the reference.
//! A mismatch is shrunk and printed as a `run` filetest.

use crate::cells::{Cell, cells, is_left_out};
use crate::filetest::bare;
use crate::generate;
use crate::ways::{self, Case, Way};
use arbitrary::Unstructured;
use kiln_ir::{Func, Node, NodeId, Op, Scalar, parse, verify};
use std::collections::{BTreeMap, BTreeSet};

/// Which cells ran, and how often: an op on a type, one way.
#[derive(Clone, Default, Debug)]
pub struct Coverage {
    counts: BTreeMap<(u8, Vec<Scalar>, Scalar, String), u64>,
    /// Distinct programs.
    pub programs: u64,
    /// Values compared with the reference.
    pub compared: u64,
}

impl Coverage {
    fn add(&mut self, func: &Func, way: Way, rows: usize) {
        for index in 0..func.node_count() {
            let id = NodeId::new(index);
            if let Node::Op { op, args } = func.node(id) {
                let types = args.iter().map(|&v| func.ty(v).scalar).collect();
                let key = (*op as u8, types, func.ty(id).scalar, way.to_string());
                *self.counts.entry(key).or_default() += rows as u64;
            }
        }
        self.compared += (rows * func.results().len()) as u64;
    }

    /// The cells of `wanted` that did not run some way, although it has a
    /// form for them.
    pub fn empty_cells(&self, wanted: &[Cell], ways: &[Way]) -> Vec<String> {
        let mut empty = Vec::new();
        for way in ways {
            for cell in wanted.iter().filter(|c| !is_left_out(c, way.level())) {
                let cell = cell.clone();
                let key = (cell.op as u8, cell.args, cell.result, way.to_string());
                if self.counts.get(&key).copied().unwrap_or(0) == 0 {
                    empty.push(format!(
                        "{} on {:?} to {}: {way}",
                        cell.op.name(),
                        key.1,
                        key.2
                    ));
                }
            }
        }
        empty
    }
}

/// The cells that every way must run: every op on every type, mathematical
/// functions included.
pub fn wanted() -> Vec<Cell> {
    let functions = Op::all().filter(|op| op.class() == kiln_ir::Class::Math && *op != Op::Powi);
    let functions = functions.flat_map(|op| {
        [Scalar::F32, Scalar::F64].map(|scalar| Cell {
            op,
            args: vec![scalar; op.arity()],
            result: scalar,
        })
    });
    cells().into_iter().chain(functions).collect()
}

/// Runs one program every way.
///
/// # Errors
/// What differs, and the program as a `run` filetest.
pub fn check(source: &[u8], wanted: &[Cell], coverage: &mut Coverage) -> Result<(), String> {
    let Ok(case) = generate::case(&mut Unstructured::new(source), wanted) else {
        return Ok(());
    };
    check_case(&case, coverage)
}

/// Runs a case every way.
///
/// # Errors
/// As [`check`].
pub fn check_case(case: &Case, coverage: &mut Coverage) -> Result<(), String> {
    let report = |problem: &str| format!("{problem}\n{}", filetest(case));
    verify(&case.func).map_err(|e| report(&e.to_string()))?;
    let text = case.func.to_string();
    match parse(&text) {
        Ok(func) if func.to_string() == text => {}
        Ok(_) => return Err(report("printing and parsing differ")),
        Err(error) => return Err(report(&format!("does not parse: {error}"))),
    }
    coverage.programs += 1;
    let reference = ways::run(case, Way::Calls).map_err(|e| report(&e))?;
    for way in Way::all() {
        let ran = match ways::run(case, way) {
            Ok(ran) => ran,
            Err(reason) if reason.contains("form") && ways::may_refuse(case, way) => continue,
            Err(reason) => return Err(report(&format!("{way}: refused: {reason}"))),
        };
        if let Some(difference) = ways::difference(&reference, &ran) {
            return Err(report(&format!("{way}: {difference}")));
        }
        coverage.add(&case.func, way, ran.failed.unwrap_or(case.rows));
    }
    Ok(())
}

/// The smallest source found that still fails: pieces are cut out and bytes
/// set to zero as long as the failure stays.
pub fn shrink(source: &[u8], fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut best = source.to_vec();
    let mut size = best.len().next_power_of_two();
    while size > 0 {
        let mut at = 0;
        while at < best.len() {
            let end = best.len().min(at + size);
            let shorter = [&best[..at], &best[end..]].concat();
            let mut even = best.clone();
            even[at..end].fill(0);
            if fails(&shorter) {
                best = shorter;
            } else if even != best && fails(&even) {
                best = even;
                at = end;
            } else {
                at = end;
            }
        }
        size /= 2;
    }
    best
}

/// Runs a program every way; on a mismatch panics with the smallest program
/// found that shows one.
///
/// # Panics
/// When two ways differ.
pub fn assert_same(source: &[u8], wanted: &[Cell], coverage: &mut Coverage) {
    let Err(first) = check(source, wanted, coverage) else {
        return;
    };
    let fails = |source: &[u8]| check(source, wanted, &mut Coverage::default()).is_err();
    let small = shrink(source, fails);
    let report = check(&small, wanted, &mut Coverage::default()).err();
    panic!("{}", report.unwrap_or(first));
}

/// A case as a filetest: the Func, and what the interpreter gives for each
/// row.
pub fn filetest(case: &Case) -> String {
    let mut text = case.func.to_string();
    let Ok(reference) = ways::run(case, Way::Calls) else {
        return text;
    };
    let mut lines = BTreeSet::new();
    for row in 0..case.rows {
        let args: Vec<String> = case.inputs.iter().map(|c| bare(c[row])).collect();
        let call = format!("; run: @{}({})", case.func.name(), args.join(", "));
        match reference.failed {
            Some(failed) if failed == row => {
                text.push_str(&format!("{call} fails\n"));
                break;
            }
            _ => {
                let results: Vec<String> = reference.results.iter().map(|c| bare(c[row])).collect();
                let line = format!("{call} == ({})\n", results.join(", "));
                if lines.insert(line.clone()) {
                    text.push_str(&line);
                }
            }
        }
    }
    text.push_str(&format!("; {} rows, {:?}\n", case.rows, case.columns));
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn shrinking_keeps_what_fails() {
        let source: Vec<u8> = (0..200).collect();
        let fails = |s: &[u8]| s.contains(&7) && s.contains(&150);
        let mut small = super::shrink(&source, fails);
        small.sort_unstable();
        assert_eq!(small, [7, 150]);
    }
}
