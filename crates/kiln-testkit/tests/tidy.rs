//! The rules of the house that a machine can check.
//!
//! Where a rule has exceptions they stand in one list with a reason each, and
//! an entry that is no longer needed is an error.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The kiln crates that each crate may depend on: the arrows of
/// docs/architecture.md.
#[rustfmt::skip]
const ARROWS: &[(&str, &[&str])] = &[
    ("kiln-math", &[]),
    ("kiln-ir", &["kiln-math"]),
    ("kiln-formula", &["kiln-ir", "kiln-math"]),
    ("kiln-opt", &["kiln-ir", "kiln-math"]),
    ("kiln-codegen", &["kiln-ir", "kiln-math"]),
    ("kiln-interp", &["kiln-ir", "kiln-math"]),
    ("kiln-runtime", &["kiln-ir", "kiln-math", "kiln-opt", "kiln-codegen", "kiln-interp"]),
    ("kiln-macros", &[]),
    ("kiln", &["kiln-ir", "kiln-math", "kiln-formula", "kiln-runtime", "kiln-macros"]),
    ("kiln-cli", &["kiln"]),
    ("kiln-corpus", &["kiln"]),
    ("kiln-corpus-checked", &["kiln"]),
];

/// Files with unsafe code, and why.
const UNSAFE: &[(&str, &str)] = &[
    ("crates/kiln-macros/tests/refused/unsafety.rs", "is refused"),
    (
        "crates/kiln-runtime/src/arrays.rs",
        "calls machine code with arrays",
    ),
    ("crates/kiln-runtime/src/compiled.rs", "calls machine code"),
    ("crates/kiln-runtime/src/fpenv.rs", "reads and sets MXCSR"),
    (
        "crates/kiln-runtime/src/frame_call.rs",
        "puts arguments into a frame and calls machine code",
    ),
    (
        "crates/kiln-runtime/src/helpers.rs",
        "machine code hands it pointers",
    ),
    (
        "crates/kiln-runtime/src/interpret.rs",
        "calls a function compiled for more features",
    ),
    ("crates/kiln-runtime/src/load.rs", "owns executable memory"),
    (
        "crates/kiln-runtime/src/math.rs",
        "calls a function compiled for more features",
    ),
    (
        "crates/kiln-runtime/src/rows.rs",
        "hands columns to machine code",
    ),
    ("crates/kiln-runtime/src/scalar.rs", "calls machine code"),
    ("crates/kiln-runtime/src/typed.rs", "calls machine code"),
    (
        "crates/kiln-runtime/src/words.rs",
        "takes a usize for the u64 that it is",
    ),
    (
        "crates/kiln-runtime/tests/it/c_function.rs",
        "calls a kernel as a library of C would",
    ),
    (
        "crates/kiln-runtime/tests/it/mxcsr.rs",
        "sets MXCSR as a host program might",
    ),
    (
        "crates/kiln-runtime/tests/resources.rs",
        "denies itself executable memory as a hardened host does",
    ),
    (
        "crates/kiln-testkit/src/native.rs",
        "maps guard pages and calls machine code",
    ),
    ("crates/kiln-testkit/tests/code.rs", "calls machine code"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every Rust file of the project, by its path from the root.
fn sources() -> Vec<(String, String)> {
    let mut pending: Vec<PathBuf> = ["crates", "examples", "benches", "fuzz"]
        .iter()
        .map(|folder| root().join(folder))
        .collect();
    let mut found = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                if entry.file_name() != "target" {
                    pending.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a readable file");
                let name = path.strip_prefix(root()).expect("below the root");
                found.push((name.to_string_lossy().into_owned(), text));
            }
        }
    }
    found.sort();
    assert!(found.len() > 100, "{} files", found.len());
    found
}

/// The lines of a file that are code: comments are cut off, and so are
/// strings as far as quotes on one line tell.
fn code(text: &str) -> impl Iterator<Item = (usize, String)> {
    (1..).zip(text.lines()).map(|(number, line)| {
        let mut code = String::new();
        let mut in_string = false;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if in_string => {
                    chars.next();
                }
                '"' => in_string = !in_string,
                '/' if !in_string && chars.peek() == Some(&'/') => break,
                c if !in_string => code.push(c),
                _ => {}
            }
        }
        (number, code)
    })
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[test]
fn every_file_says_what_it_is() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(name, _)| name)
        .collect();
    assert!(silent.is_empty(), "no header: {silent:#?}");
}

#[test]
fn nothing_is_left_to_do() {
    let this = "crates/kiln-testkit/tests/tidy.rs";
    let marks = ["dbg!(", "todo!(", "unimplemented!("];
    for (name, text) in sources().iter().filter(|(name, _)| name != this) {
        for (number, line) in code(text) {
            for mark in marks {
                assert!(!line.contains(mark), "{name}:{number}: {mark}");
            }
        }
        assert!(!text.contains("FIXME"), "{name} has a FIXME");
    }
}

#[test]
fn unsafe_code_stands_where_it_may() {
    let mut with: BTreeSet<String> = BTreeSet::new();
    for (name, text) in sources() {
        for (_, line) in code(&text) {
            if words(&line).any(|word| word == "unsafe") {
                with.insert(name.clone());
            }
        }
        let is_root = name.starts_with("crates/") && name.ends_with("/src/lib.rs");
        if is_root {
            let crate_name = name.split('/').nth(1).unwrap_or_default();
            let expected = match crate_name {
                "kiln-runtime" | "kiln-testkit" => "#![deny(unsafe_code)]",
                _ => "#![forbid(unsafe_code)]",
            };
            assert!(text.contains(expected), "{name} lacks {expected}");
        }
    }
    let may: BTreeSet<String> = UNSAFE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(with, may, "files with unsafe code, and the list of them");
}

#[test]
fn crates_depend_downwards() {
    for entry in fs::read_dir(root().join("crates"))
        .expect("crates")
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "kiln-testkit" {
            continue;
        }
        let Some((_, may)) = ARROWS.iter().find(|(of, _)| *of == name) else {
            panic!("{name} is not in docs/architecture.md");
        };
        let manifest = fs::read_to_string(entry.path().join("Cargo.toml")).expect("a manifest");
        let mut section = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let dependency = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let is_ours = dependency == "kiln" || dependency.starts_with("kiln-");
            if section.ends_with("dependencies]") && !section.contains("dev-") && is_ours {
                assert!(may.contains(&dependency), "{name} depends on {dependency}");
            }
        }
    }
}
