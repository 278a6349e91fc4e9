//! Random programs with loops and arrays, every way: the same bits, the same
//! failures, the same stores before them.

use kiln_testkit::nests::{Coverage, assert_same, wanted};

/// Programs of a usual run; `KILN_NESTS` sets another number.
const PROGRAMS: u64 = 2000;

/// Bytes that look random, from a seed; splitmix64.
fn bytes(seed: u64, count: usize) -> Vec<u8> {
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

fn run(seeds: impl Iterator<Item = u64>, length: usize) -> Coverage {
    let mut coverage = Coverage::default();
    for seed in seeds {
        assert_same(&bytes(seed, length), &mut coverage);
    }
    coverage
}

#[test]
fn programs_with_loops_and_arrays_give_the_same_bits_every_way() {
    let count = std::env::var("KILN_NESTS").map_or(PROGRAMS, |n| n.parse().expect("a number"));
    let first: u64 = std::env::var("KILN_NESTS_FROM").map_or(0, |n| n.parse().expect("a number"));
    let coverage = run(first..first + count, 1200);
    println!("{coverage:#?}");
    if count < PROGRAMS {
        return;
    }
    for form in wanted() {
        let ran = coverage.forms.get(&form).copied().unwrap_or(0);
        assert!(ran > 0, "{form} did not run: {:#?}", coverage.forms);
    }
    let Coverage {
        programs,
        finished,
        failed,
        compared,
        replaced,
        stayed,
        tested,
        split,
        versions,
        retried,
        passed,
        strips,
        gathers,
        conditions,
        ..
    } = coverage;
    assert!(strips > count / 4, "{strips} loops on vectors");
    assert!(gathers > count / 40, "{gathers} that read where data say");
    assert!(
        conditions > count / 40,
        "{conditions} with a loop under a condition"
    );
    assert!(programs > count * 9 / 10, "{programs} programs");
    assert!(
        finished > count / 2 && failed > count / 2,
        "{finished} finished, {failed} failed"
    );
    assert!(compared > 100 * count, "{compared} values");
    assert!(
        replaced > count && stayed > count / 4 && tested > count / 4,
        "{replaced} guards replaced, {stayed} stayed, {tested} programs with tests"
    );
    assert!(
        split > count / 10 && versions > count / 40,
        "{split} loops were split, {versions} made twice"
    );
    assert!(
        passed > count / 4 && retried > count,
        "{passed} calls passed their tests, {retried} runs did not"
    );
}

/// Many calls with arguments at the edges of their types, arrays of every
/// size, indices everywhere: each ends with a value or a typed error.
#[test]
#[ignore = "takes long: run it with --ignored, KILN_CALLS sets the number"]
fn adversarial_calls_never_end_with_a_signal() {
    let calls: u64 =
        std::env::var("KILN_CALLS").map_or(1_000_000, |n| n.parse().expect("a number"));
    let mut coverage = Coverage::default();
    let mut seed = 1 << 40;
    // Two ways of code, each with arrays at either end of their pages.
    while 4 * (coverage.finished + coverage.failed) < calls {
        assert_same(&bytes(seed, 1200), &mut coverage);
        seed += 1;
    }
    println!("{coverage:#?}");
    assert!(coverage.failed > 0 && coverage.finished > 0);
}
