//! Every counted loop of the filetests has a twin that counts by `while`, and
//! the passes say the same of both: the same loops, the same guards replaced
//! by the same number of tests, the same reasons why others stay.

use kiln_ir::{Func, guard_accesses, parse, verify};
use kiln_opt::{OptConfig, Optimized, optimize};
use kiln_testkit::filetest::{self, File};
use std::path::Path;

/// What a brace opens.
enum Block {
    /// A counted loop: its index, and whether its end has been written.
    For {
        index: String,
        has_yielded: bool,
    },
    Other,
}

/// The text with a `while` for every `for`, and how many there are.
fn twin(text: &str) -> (String, usize) {
    let (mut out, mut count) = (String::new(), 0);
    let mut blocks: Vec<Block> = Vec::new();
    for line in text.lines() {
        let word = line.trim();
        let indent = &line[..line.len() - line.trim_start().len()];
        if word.starts_with('}') {
            if let Some(Block::For {
                index,
                has_yielded: false,
            }) = blocks.pop()
            {
                step(&mut out, indent, &index, "");
            }
            out.push_str(line);
            if word.ends_with('{') {
                blocks.push(Block::Other);
            }
        } else if let Some(loops) = counted(word) {
            count += 1;
            open(&mut out, indent, &loops, count);
            blocks.push(Block::For {
                index: loops.index.to_owned(),
                has_yielded: false,
            });
        } else {
            if word.ends_with('{') {
                blocks.push(Block::Other);
            }
            match (word.strip_prefix("yield "), blocks.last_mut()) {
                (Some(values), Some(Block::For { index, has_yielded })) => {
                    *has_yielded = true;
                    step(&mut out, indent, index, &format!(", {values}"));
                }
                _ => out.push_str(line),
            }
        }
        out.push('\n');
    }
    (out, count)
}

/// The parts of `results = for index in lo..hi with name = value, ... {`.
struct Counted<'a> {
    results: &'a str,
    index: &'a str,
    lo: &'a str,
    hi: &'a str,
    carried: &'a str,
}

fn counted(word: &str) -> Option<Counted<'_>> {
    let head = word.strip_suffix(" {")?;
    let (results, head) = match head.split_once(" = for ") {
        Some((results, head)) => (results, head),
        None => ("", head.strip_prefix("for ")?),
    };
    let (index, head) = head.split_once(" in ")?;
    let (bounds, carried) = head.split_once(" with ").unwrap_or((head, ""));
    let (lo, hi) = bounds.split_once("..")?;
    Some(Counted {
        results,
        index,
        lo,
        hi,
        carried,
    })
}

/// Opens the twin of a loop: its condition, and its body with the same names.
fn open(out: &mut String, indent: &str, loops: &Counted<'_>, count: usize) {
    let Counted {
        results,
        index,
        lo,
        hi,
        carried,
    } = loops;
    let carried: Vec<(&str, &str)> = carried
        .split(", ")
        .filter_map(|part| part.split_once(" = "))
        .collect();
    let mut line = format!("{indent}last{count}_");
    if !results.is_empty() {
        line.push_str(&format!(", {results}"));
    }
    line.push_str(&format!(" = while with at{count}_ = {lo}"));
    for (nth, (_, value)) in carried.iter().enumerate() {
        line.push_str(&format!(", held{count}_{nth} = {value}"));
    }
    line.push_str(&format!(
        " {{\n{indent}    on{count}_ = lt at{count}_, {hi}\n{indent}    yield on{count}_\n{indent}}} do {index}"
    ));
    for (name, _) in carried {
        line.push_str(&format!(", {name}"));
    }
    line.push_str(" {");
    out.push_str(&line);
}

/// Steps the index and goes on.
fn step(out: &mut String, indent: &str, index: &str, values: &str) {
    out.push_str(&format!(
        "{indent}    next_{index} = add {index}, 1\n{indent}    yield next_{index}{values}\n"
    ));
}

fn passed(func: &Func) -> Optimized {
    let config = OptConfig::default().verify(true);
    optimize(&guard_accesses(func), &config).expect("the passes take it")
}

#[test]
fn a_while_that_counts_has_the_report_of_its_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("filetests");
    let (mut twins, mut replaced, mut kept) = (0, 0, 0);
    for path in ["optimize", "run"]
        .iter()
        .flat_map(|f| filetest::files(&root.join(f)))
    {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        for case in File::parse(&text, false).cases {
            let (text, count) = twin(&case.input);
            // Loops over vectors count by more than one; a call needs the
            // Funcs before it.
            if count == 0 || case.input.contains(" by ") || case.input.contains(" = call ") {
                continue;
            }
            let Ok(func) = parse(&case.input) else {
                continue;
            };
            let other = parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            verify(&other).unwrap_or_else(|e| panic!("{e}\n{text}"));
            let (one, two) = (passed(&func), passed(&other));
            assert_eq!(
                one.report.guards, two.report.guards,
                "{}\n{}\n{}",
                case.input, one.func, two.func
            );
            let counted = one.report.loops_counted + count as u32;
            assert_eq!(two.report.loops_counted, counted, "{text}\n{}", two.func);
            twins += 1;
            replaced += one.report.guards.removed;
            kept += one.report.guards.kept.len();
        }
    }
    assert!(
        twins > 25 && replaced > 40 && kept > 4,
        "{twins} twins, {replaced} guards replaced, {kept} kept"
    );
}
