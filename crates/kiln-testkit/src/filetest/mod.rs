//! Filetests: input and expectation in one file.
//!
//! A file stands in a folder named after its command. Comments above the
//! first Func say what it is about and set options (`; lanes: 8`); the
//! comment directly below a Func is what the command must print of it.
//! `KILN_BLESS=1` rewrites expectations; a failure prints the difference and
//! that command. `run` expectations are facts and are never rewritten.

mod command;
mod diff;
mod file;
mod pieces;
mod run;
mod value;

pub use file::{Case, File};
pub use value::bare;

use std::path::{Path, PathBuf};

/// Runs every file below `root`; gives how many Funcs passed.
///
/// # Errors
/// One report per failing Func or unreadable file.
pub fn run_all(root: &Path) -> Result<usize, Vec<String>> {
    let bless = std::env::var_os("KILN_BLESS").is_some();
    let (mut passed, mut failures) = (0, Vec::new());
    for path in files(root) {
        match run_file(&path, bless) {
            Ok(count) => passed += count,
            Err(reports) => failures.extend(reports),
        }
    }
    match failures.is_empty() {
        true => Ok(passed),
        false => Err(failures),
    }
}

/// The filetests below `root`, sorted.
pub fn files(root: &Path) -> Vec<PathBuf> {
    let mut pending = vec![root.to_path_buf()];
    let mut found = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|e| e == "kiln") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn run_file(path: &Path, bless: bool) -> Result<usize, Vec<String>> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| vec![format!("{name}: {e}")])?;
    let command = path
        .parent()
        .and_then(Path::file_name)
        .map(|folder| folder.to_string_lossy().into_owned())
        .unwrap_or_default();
    let mut file = File::parse(&text, command == "formula");
    if file.cases.is_empty() {
        return Err(vec![format!("{name}: nothing to test")]);
    }
    let mut failures = Vec::new();
    let mut earlier = String::new();
    for index in 0..file.cases.len() {
        let case = &file.cases[index];
        let place = format!("{name}:{}", case.line);
        if command == "run" {
            if let Err(problem) = run::check(&file.options, &earlier, case) {
                failures.push(format!("{place}: {problem}"));
            }
        } else {
            match command::output(&command, &file.options, &earlier, case) {
                Err(problem) => failures.push(format!("{place}: {problem}")),
                Ok(found) if found != case.expected => {
                    if bless {
                        file.cases[index].expected = found;
                    } else {
                        let diff = diff::unified(&case.expected, &found);
                        failures.push(format!(
                            "{place}: not as expected\n{diff}\
                             to accept: KILN_BLESS=1 cargo test --release -p kiln-testkit filetests"
                        ));
                    }
                }
                Ok(_) => {}
            }
        }
        // What parses may be called by what follows.
        let input = &file.cases[index].input;
        if kiln_ir::parse_file(&format!("kiln 1\n{earlier}{input}")).is_ok() {
            earlier.push_str(input);
        }
    }
    if bless
        && file.to_string() != text
        && let Err(error) = std::fs::write(path, file.to_string())
    {
        failures.push(format!("{name}: {error}"));
    }
    match failures.is_empty() {
        true => Ok(file.cases.len()),
        false => Err(failures),
    }
}
