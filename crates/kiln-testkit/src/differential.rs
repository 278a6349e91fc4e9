//! The oracle: every way of running a random program gives the same bits.
//!
//! The interpreter, one call per row and before any pass, is the reference.
//! A mismatch is shrunk and printed as a `run` filetest.

use crate::cells::{Cell, cells, functions, is_left_out};
use crate::filetest::bare;
use crate::generate;
use crate::ways::{self, Case, Way};
use arbitrary::Unstructured;
use kiln_codegen::Level;
use kiln_ir::{Func, Node, NodeId, Scalar, Schedule, parse, verify};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Where in a program an op ran.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Place {
    /// On every row of a whole block.
    Straight,
    /// Inside an `if`: in vectors, for the lanes of a mask.
    Masked,
    /// On rows that do not fill a block.
    Tail,
}

impl Place {
    /// Where every op must have run some way. Machine code on its own runs
    /// whole blocks, the runtime the rest as well; how many rows make a block
    /// is not known before, so its whole blocks are not demanded.
    pub fn demanded(way: Way) -> &'static [Place] {
        match way {
            Way::Engine(Level::One) => &[Place::Straight, Place::Masked],
            Way::Engine(_) => &[Place::Tail],
            _ => &[Place::Straight, Place::Masked],
        }
    }
}

/// An op on types, with a result, some way and somewhere.
type Key = (u8, Vec<Scalar>, Scalar, String, Place);

/// Which cells ran, and how often: an op on a type, one way.
#[derive(Clone, Default, Debug)]
pub struct Coverage {
    counts: BTreeMap<Key, u64>,
    /// Hashes of the programs' texts.
    texts: HashSet<u64>,
    /// Values compared with the reference.
    pub compared: u64,
}

impl Coverage {
    /// Distinct programs.
    pub fn programs(&self) -> u64 {
        self.texts.len() as u64
    }

    fn add_program(&mut self, text: &str) {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        self.texts.insert(hasher.finish());
    }

    /// Adds `rows` rows that a way ran in blocks of `block`.
    fn add(&mut self, func: &Func, way: Way, rows: usize, block: usize) {
        self.compared += (rows * func.results().len()) as u64;
        let schedule = Schedule::of(func);
        let (whole, rest) = match way {
            Way::Engine(_) => (rows - rows % block, rows % block),
            _ => (rows, 0),
        };
        for index in 0..func.node_count() {
            let id = NodeId::new(index);
            let (Node::Op { op, args }, Some(region)) = (func.node(id), schedule.place(id)) else {
                continue;
            };
            let types: Vec<Scalar> = args.iter().map(|&v| func.ty(v).scalar).collect();
            let inside = match region == func.body() {
                true => Place::Straight,
                false => Place::Masked,
            };
            for (place, rows) in [(inside, whole), (Place::Tail, rest)] {
                let scalar = func.ty(id).scalar;
                let key = (*op as u8, types.clone(), scalar, way.to_string(), place);
                if rows > 0 {
                    *self.counts.entry(key).or_default() += rows as u64;
                }
            }
        }
    }

    /// The cells of `wanted` that did not run some way in a place where they
    /// must, although it has a form for them.
    pub fn empty_cells(&self, wanted: &[Cell], ways: &[Way]) -> Vec<String> {
        let mut empty = Vec::new();
        for way in ways {
            for cell in wanted.iter().filter(|c| !(way.is_wide() && is_left_out(c))) {
                for &place in Place::demanded(*way) {
                    let types = cell.args.clone();
                    let key = (cell.op as u8, types, cell.result, way.to_string(), place);
                    if !self.counts.contains_key(&key) {
                        let (op, types) = (cell.op.name(), &cell.args);
                        let to = cell.result;
                        empty.push(format!("{op} on {types:?} to {to}: {way}, {place:?}"));
                    }
                }
            }
        }
        empty
    }
}

/// Bytes that look random, from a seed: Steele, Lea and Flood's splitmix64
/// ("Fast splittable pseudorandom number generators", OOPSLA 2014).
pub fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed;
    (0..count.div_ceil(8))
        .flat_map(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)).to_le_bytes()
        })
        .collect()
}

/// The bytes of a program that nothing steers.
pub fn random_source(seed: u64) -> Vec<u8> {
    bytes(1 << 32 | seed, 800)
}

/// The cells that every way must run: every op on every type, mathematical
/// functions included.
pub fn wanted() -> Vec<Cell> {
    cells().into_iter().chain(functions()).collect()
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
    coverage.add_program(&text);
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
        let rows = ran.failed.unwrap_or(case.rows);
        coverage.add(&case.func, way, rows, ways::block(case, way));
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
    use super::*;
    use kiln_ir::Op;

    #[test]
    fn a_cell_that_did_not_run_everywhere_is_empty() {
        let text = "func @f(x: f64, c: bool) -> f64 {
    v0 = sqrt x
    v1 = if c {
        v2 = floor x
        yield v2
    } else {
        yield x
    }
    v3 = add v0, v1
    return v3
}
";
        let func = parse(text).expect("it is in order");
        let cells = wanted().into_iter();
        let of = |op| {
            cells
                .clone()
                .filter(move |c| c.op == op && c.args[0] == Scalar::F64)
        };
        let (sqrt, floor): (Vec<Cell>, Vec<Cell>) =
            (of(Op::Sqrt).collect(), of(Op::Floor).collect());
        let (blocks, tails) = (Way::Blocks, Way::Engine(Level::V128));
        let mut coverage = Coverage::default();
        assert_eq!(coverage.empty_cells(&sqrt, &[blocks, tails]).len(), 3);
        coverage.add(&func, blocks, 8, 1);
        coverage.add(&func, tails, 8, 4);
        let empty =
            |coverage: &Coverage, cells| coverage.empty_cells(cells, &[blocks, tails]).join("\n");
        assert_eq!(
            empty(&coverage, &sqrt),
            "sqrt on [F64] to f64: interpreter, blocks, Masked\nsqrt on [F64] to f64: engine, 128, Tail"
        );
        coverage.add(&func, tails, 9, 4);
        assert_eq!(
            empty(&coverage, &floor),
            "floor on [F64] to f64: interpreter, blocks, Straight"
        );
    }

    #[test]
    fn shrinking_keeps_what_fails() {
        let source: Vec<u8> = (0..200).collect();
        let fails = |s: &[u8]| s.contains(&7) && s.contains(&150);
        let mut small = super::shrink(&source, fails);
        small.sort_unstable();
        assert_eq!(small, [7, 150]);
    }
}
