//! The binary as its users run it: arguments in, exit code and text out.

mod commands;
mod map;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a run gave.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn new(output: Output) -> Ran {
        Ran {
            code: output.status.code().expect("no signal ended it"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// The standard output of a run that succeeded in silence.
    #[track_caller]
    fn ok(&self) -> &str {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        &self.out
    }

    /// The standard error of a run that failed.
    #[track_caller]
    fn failed(&self) -> &str {
        assert_eq!(self.code, 1, "{}{}", self.out, self.err);
        &self.err
    }

    #[track_caller]
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.ok()).expect("JSON")
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.args(args).stdin(Stdio::null());
    command
}

fn kiln(args: &[&str]) -> Ran {
    Ran::new(command(args).output().expect("the binary starts"))
}

/// A run with text on standard input.
fn kiln_on(input: &str, args: &[&str]) -> Ran {
    let mut child = command(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    // Beside reading, since both pipes are short.
    std::thread::scope(|scope| {
        // The run may end before it has read everything.
        scope.spawn(move || stdin.write_all(input.as_bytes()).is_ok());
        Ran::new(child.wait_with_output().expect("it ends"))
    })
}

/// A folder of the test's own, with a file in it.
fn folder_with(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("written");
    (folder, path)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}
