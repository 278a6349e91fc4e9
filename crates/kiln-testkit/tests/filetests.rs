//! Every filetest, and that the files leave nothing out.

use kiln_ir::{Class, OPS};
use kiln_testkit::filetest::{self, File};
use std::collections::HashSet;
use std::path::Path;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("filetests")
}

#[test]
fn filetests() {
    match filetest::run_all(&root()) {
        Ok(count) => assert!(count > 100, "{count} cases"),
        Err(failures) => panic!("{} failures\n\n{}", failures.len(), failures.join("\n\n")),
    }
}

/// An op counts if a Func with a `run` line holds it.
#[test]
fn every_op_is_in_a_run_filetest() {
    let mut words = HashSet::new();
    for path in filetest::files(&root().join("run")) {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        for case in File::parse(&text, false).cases {
            if case.expected.contains("run: ") {
                let names = case.input.split(|c: char| !c.is_alphanumeric() && c != '_');
                words.extend(names.map(str::to_owned));
            }
        }
    }
    let missing: Vec<&str> = OPS
        .iter()
        .filter(|info| info.class != Class::Vector && !words.contains(info.name))
        .map(|info| info.name)
        .collect();
    assert!(missing.is_empty(), "no run filetest holds {missing:?}");
}

/// A rule counts if an `optimize` file says that it fired in a Func named
/// after it, and that it did not in its near miss.
#[test]
fn every_rule_fires_in_an_optimize_filetest_and_misses_in_one() {
    let (mut fired, mut missed) = (HashSet::new(), HashSet::new());
    for path in filetest::files(&root().join("optimize")) {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        for case in File::parse(&text, false).cases {
            let lines = case.expected.lines();
            let names = lines.filter_map(|l| l.strip_prefix("fired: ")?.split(' ').next());
            let names: HashSet<&str> = names.collect();
            for rule in kiln_opt::rule_names() {
                let miss = format!("func @misses_{}", rule.replace('-', "_"));
                let is_miss = case
                    .input
                    .strip_prefix(&miss)
                    .is_some_and(|rest| rest.starts_with(['(', '_']));
                if names.contains(rule) {
                    assert!(!is_miss, "{rule} fires in {}", case.input);
                    fired.insert(rule);
                } else if is_miss {
                    missed.insert(rule);
                }
            }
        }
    }
    for (what, rules) in [("fires", fired), ("misses", missed)] {
        let without: Vec<&str> = kiln_opt::rule_names()
            .filter(|name| !rules.contains(name))
            .collect();
        assert!(
            without.is_empty(),
            "no optimize filetest {what} {without:?}"
        );
    }
}
