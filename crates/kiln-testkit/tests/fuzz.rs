//! Each fuzz target for a moment: mutations of texts that mean something.

use kiln_testkit::filetest::files;
use kiln_testkit::fuzz;
use std::path::Path;

/// Pieces of texts, mixed: cut, swapped, repeated, with odd bytes.
fn mutations(seeds: &[Vec<u8>], count: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    // Marsaglia's xorshift64.
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below.max(1)
    };
    let words: Vec<Vec<u8>> = seeds
        .iter()
        .flat_map(|s| s.split(|b| *b == b' ').map(<[u8]>::to_vec))
        .collect();
    let seeds = seeds.to_vec();
    (0..count).map(move |_| {
        let mut text = seeds[next(seeds.len())].clone();
        for _ in 0..=next(6) {
            let at = next(text.len() + 1);
            let end = (at + next(12)).min(text.len());
            match next(4) {
                0 => drop(text.drain(at..end)),
                1 => drop(text.splice(at..end, words[next(words.len())].clone())),
                2 => text.insert(at, next(256) as u8),
                _ => drop(text.splice(at..at, text[at..end].to_vec())),
            }
        }
        text
    })
}

#[test]
fn mutated_funcs_parse_or_say_why_not() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("filetests");
    let mut seeds = Vec::new();
    for path in files(&root) {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        for case in kiln_testkit::filetest::File::parse(&text, false).cases {
            seeds.push(case.input.into_bytes());
        }
    }
    assert!(seeds.len() > 50);
    mutations(&seeds, 3_000).for_each(|text| fuzz::ir_text(&text));
}

#[test]
fn mutated_formulas_parse_or_say_why_not() {
    let seeds: Vec<Vec<u8>> = [
        "qty * price * (1 - disc)",
        "let d = hypot(x, y); near = d < 10 and d > 1; d",
        "a if b > 0 else coalesce(c, -1.5e3)",
        "(-z + sqrt(z^2 - 4*x*y)) / (2*x)",
        "`a b` // 3 % 2 ** -1 ? min(a, b, c) : max(1, 2)",
        "x & y | ~z == 0x1f and not w.v != 3",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    mutations(&seeds, 10_000).for_each(|text| fuzz::formula_text(&text));
}

#[test]
fn short_sources_run_every_way() {
    let seeds = [vec![0u8; 40], (0..120u8).collect(), vec![255; 60]];
    mutations(&seeds, 12).for_each(|source| fuzz::differential(&source));
}
