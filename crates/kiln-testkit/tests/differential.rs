//! Random programs, every way: the same bits.

use kiln_testkit::cells::{Cell, is_left_out};
use kiln_testkit::differential::{Coverage, assert_same, bytes, random_source, wanted};
use kiln_testkit::ways::Way;

/// Every op on every type, some per program, inside random code. A program
/// in which a pass leaves an op that a level does not have is followed by
/// another one.
#[test]
fn every_cell_gives_the_same_bits_every_way() {
    let wide = |cell: &Cell| !is_left_out(cell);
    let (all, narrow): (Vec<Cell>, Vec<Cell>) = wanted().into_iter().partition(wide);
    let ways = Way::all();
    let mut coverage = Coverage::default();
    for (index, chunk) in (0..).zip(all.chunks(4).chain(narrow.chunks(4))) {
        let mut empty = Vec::new();
        for attempt in 0..32 {
            assert_same(&bytes(index << 8 | attempt, 600), chunk, &mut coverage);
            empty = coverage.empty_cells(chunk, &ways);
            if empty.is_empty() {
                break;
            }
        }
        assert!(empty.is_empty(), "{empty:#?} did not run");
    }
    let (programs, compared) = (coverage.programs(), coverage.compared);
    assert!(
        programs > 100 && compared > 100_000,
        "{programs} programs, {compared} values"
    );
}

/// Random programs and nothing else.
#[test]
fn random_programs_give_the_same_bits_every_way() {
    let count = std::env::var("KILN_PROGRAMS").map_or(2000, |n| n.parse().expect("a number"));
    let mut coverage = Coverage::default();
    for seed in 0..count {
        assert_same(&random_source(seed), &[], &mut coverage);
    }
}
