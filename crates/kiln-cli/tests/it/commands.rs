//! `kiln eval`, `check`, `explain`, `time`, `doctor`, `language`, and what
//! they share.

use super::{folder_with, kiln, text};

#[test]
fn eval_prints_bare_values() {
    assert_eq!(kiln(&["eval", "a + b", "a=1", "b=2.5"]).ok(), "3.5\n");
    assert_eq!(
        kiln(&["eval", "s = a + b; d = a - b", "a=1", "b=2"]).ok(),
        "s = 3\nd = -1\n"
    );
    assert_eq!(kiln(&["eval", "0.1 + 0.2"]).ok(), "0.30000000000000004\n");
    assert_eq!(kiln(&["eval", "a > 1", "a=2"]).ok(), "true\n");
    assert_eq!(kiln(&["eval", "if(a, 1, 2)", "a=false"]).ok(), "2\n");
    assert_eq!(kiln(&["eval", "a + 1", "a="]).ok(), "missing\n");
    assert_eq!(kiln(&["eval", "1e300 * x", "x=1"]).ok(), "1e300\n");
}

#[test]
fn both_tiers_give_the_same() {
    let formula = "exp(x) * sin(x) / (1 + x ^ 2)";
    let run = |tier| kiln(&["eval", formula, "x=0.7", "--tier", tier, "--json"]).json();
    let (interp, native) = (run("interp"), run("native"));
    assert_eq!(interp["tier"], "interpreter");
    assert_eq!(native["tier"], "native");
    assert_eq!(interp["outputs"], native["outputs"]);
    assert_eq!(native["outputs"][0]["type"], "f64");
}

#[test]
fn a_formula_may_begin_with_a_minus() {
    assert_eq!(kiln(&["eval", "-height * 2", "height=3"]).ok(), "-6\n");
    assert_eq!(kiln(&["eval", "-1"]).ok(), "-1\n");
    assert_eq!(kiln(&["eval", "--", "-h", "h=-2"]).ok(), "2\n");
}

#[test]
fn a_formula_may_come_from_a_file() {
    let (_folder, path) = folder_with("f.kf", "# the total\nqty * price\n");
    let ran = kiln(&["eval", "--file", text(&path), "qty=2", "price=4"]);
    assert_eq!(ran.ok(), "8\n");
    let ran = kiln(&["eval", "--file", "no such file"]);
    assert!(
        ran.failed().contains("cannot read the formula"),
        "{}",
        ran.err
    );
}

#[test]
fn types_are_as_listed() {
    let ran = kiln(&[
        "eval",
        "a // b",
        "a=7",
        "b=2",
        "--types",
        "a=i32,b=u8",
        "--json",
    ]);
    assert_eq!(ran.json()["outputs"][0]["type"], "i64");
    let ran = kiln(&["eval", "a // b", "a=7", "b=0", "--types", "a=i64,b=i64"]);
    assert!(ran.failed().contains("error: "), "{}", ran.err);
    let big = ["eval", "a + a", "a=9223372036854775807", "--types", "a=i64"];
    assert_eq!(kiln(&big).code, 1);
    let wrap = [big.as_slice(), &["--overflow", "wrap"]].concat();
    assert_eq!(kiln(&wrap).ok(), "-2\n");
    let saturate = [big.as_slice(), &["--overflow", "saturate"]].concat();
    assert_eq!(kiln(&saturate).ok(), "9223372036854775807\n");
}

#[test]
fn problems_are_told_with_a_caret_or_as_json() {
    let args = ["eval", "qty * prise", "qty=1", "price=2"];
    let ran = kiln(&args);
    assert!(
        ran.failed().contains("1 | qty * prise\n  |       ^^^^^\n"),
        "{}",
        ran.err
    );
    let ran = kiln(&[args.as_slice(), &["--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(ran.failed()).unwrap();
    let problem = &json["error"]["diagnostics"][0];
    assert_eq!(problem["code"], "K0201");
    assert_eq!(
        (&problem["start"], &problem["end"]),
        (&6.into(), &11.into())
    );
    assert_eq!(problem["suggestion"]["replacement"], "price");
    let ran = kiln(&["eval", "a", "a=1", "b=2"]);
    assert!(ran.failed().contains("`b` is not an input"), "{}", ran.err);
    let ran = kiln(&["eval", "a", "a=x"]);
    assert!(
        ran.failed().contains("a: `x` is not a number"),
        "{}",
        ran.err
    );
}

#[test]
fn warnings_are_told_and_can_be_denied() {
    let ran = kiln(&["eval", "log(x)", "x=1"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "0\n"));
    assert!(ran.err.starts_with("warning[K0501]"), "{}", ran.err);
    let ran = kiln(&["eval", "log(x)", "x=1", "--deny-warnings"]);
    assert!(ran.failed().contains("warnings are denied"), "{}", ran.err);
    assert_eq!(ran.out, "");
    let ran = kiln(&["eval", "log(x)", "x=1", "--json"]);
    assert_eq!(ran.json()["warnings"][0]["code"], "K0501");
}

#[test]
fn misuse_ends_with_2() {
    for args in [
        ["evil", "1"].as_slice(),
        &["eval", "a", "a=1", "--types", "a=f65"],
        &["map", "a = 1", "--delimiter", "ab"],
        &["time", "1", "--rows", "0"],
        &["eval", "1", "--tier", "fast"],
        &["eval"],
        &["check", "1", "--file", "f.kf"],
        &[],
    ] {
        let ran = kiln(args);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(!ran.err.is_empty());
    }
}

#[test]
fn help_and_version_are_there() {
    assert!(kiln(&["-h"]).ok().contains("Usage: kiln"));
    assert!(kiln(&["map", "--help"]).ok().contains("--on-error"));
    let version = format!("kiln {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(kiln(&["-V"]).ok(), version);
}

#[test]
fn check_says_what_goes_in_and_out() {
    let args = [
        "check",
        "y = a > 1; z = coalesce(b, 0) + a",
        "--types",
        "a=i16,b=f32?",
    ];
    let expected = "in order\n  takes a: i16\n  takes b: f32?\n  gives y: bool\n  gives z: f32\n";
    assert_eq!(kiln(&args).ok(), expected);
    let json = kiln(&[args.as_slice(), &["--json"]].concat()).json();
    assert_eq!(json["row_wise"], true);
    assert_eq!(json["inputs"][1]["nullable"], true);
    assert_eq!(json["outputs"][1]["type"], "f32");
    let ran = kiln(&["check", "if(x, 1, 2)"]);
    assert!(ran.failed().contains("error[K0301]"), "{}", ran.err);
    let ran = kiln(&["check", "x", "--types", "y=f64"]);
    assert!(ran.failed().contains("`y` is not an input"), "{}", ran.err);
}

#[test]
fn explain_shows_every_stage() {
    let emit = |stage, level: &str| {
        let args = [
            "explain",
            "sqrt(x * x + 1)",
            "--emit",
            stage,
            "--level",
            level,
        ];
        kiln(&args).ok().to_owned()
    };
    assert!(emit("ir", "128").contains("sqrt"));
    assert!(emit("opt", "128").contains("for "));
    assert!(emit("clif", "scalar").contains("fmul"));
    assert!(emit("asm", "128").contains("sqrtpd"));
    #[cfg(target_arch = "x86_64")]
    {
        assert!(emit("asm", "avx2").contains("ymm"));
        assert!(emit("asm", "avx512").contains("zmm"));
    }
    let ran = kiln(&["explain", "x", "--emit", "clif", "--level", "avx2"]);
    assert!(
        ran.failed().contains("does not go through Cranelift"),
        "{}",
        ran.err
    );
    let json = kiln(&["explain", "x + 1", "--json", "--level", "128"]).json();
    assert_eq!(json["level"], "128");
    assert!(json["asm"].as_str().is_some_and(|asm| asm.contains("add")));
    assert!(kiln(&["explain", "x + 1"]).ok().contains("# report"));
}

#[test]
fn time_measures_both_tiers() {
    let json = kiln(&["time", "x * 2 + 1", "--rows", "4096", "--json"]).json();
    assert_eq!(json["rows"], 4096);
    for key in [
        "compile_ns",
        "first_call_ns",
        "native_ns_per_row",
        "interpreted_ns_per_row",
    ] {
        assert!(
            json[key].as_f64().is_some_and(|ns| ns > 0.0),
            "{key}: {json}"
        );
    }
    let ran = kiln(&[
        "time",
        "a and b > 1",
        "--types",
        "a=bool?,b=f32",
        "--rows",
        "1000",
    ]);
    assert!(ran.ok().contains("ns a row"));
}

#[test]
fn doctor_sees_native_code_at_work() {
    let json = kiln(&["doctor", "--json"]).json();
    let native = json["native_code"].as_str().unwrap();
    assert!(native.starts_with("works"), "{native}");
    assert_eq!(json["limits"]["depth"], 64);
    assert!(kiln(&["doctor"]).ok().contains("processor"));
    let mut command = super::command(&["doctor", "--json"]);
    command
        .env("KILN_TIER", "interpreter")
        .env("KILN_CPU", "128");
    let ran = super::Ran::new(command.output().unwrap());
    let json = ran.json();
    assert_eq!(
        (&json["tier"], &json["level"]),
        (&"interpreter".into(), &"128".into())
    );
    assert_eq!(json["environment"].as_array().unwrap().len(), 2);
}

#[test]
fn language_lists_what_can_be_computed() {
    let shown = kiln(&["language"]).ok().to_owned();
    for word in ["sqrt(x)", "**", "pi", "coalesce"] {
        assert!(shown.contains(word), "{word}");
    }
    let json = kiln(&["language", "--json"]).json();
    for function in json["functions"].as_array().unwrap() {
        let usage = function["usage"].as_str().unwrap();
        if function["name"] == "log" {
            continue; // it warns
        }
        kiln(&["check", &usage.replace(", ...", "")]).ok_or_types(usage);
    }
}

impl super::Ran {
    /// That a formula was in order, or that only the types were not.
    #[track_caller]
    fn ok_or_types(&self, usage: &str) {
        let is_type = self.err.contains("error[K03");
        assert!(self.code == 0 || is_type, "{usage}: {}", self.err);
    }
}

/// The transcript in the README is what the binary says.
#[test]
fn the_readme_tells_the_truth() {
    let readme = include_str!("../../../../README.md");
    let block = readme
        .split("```console\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let mut runs = 0;
    for session in block.expect("a transcript").split("$ kiln ").skip(1) {
        let (line, expected) = session
            .split_once('\n')
            .expect("a command and what it says");
        let ran = kiln(&words(line));
        assert_eq!(format!("{}{}", ran.out, ran.err), expected, "{line}");
        runs += 1;
    }
    assert_eq!(runs, 2);
    let version = env!("CARGO_PKG_VERSION")
        .rsplit_once('.')
        .expect("a version")
        .0;
    assert!(readme.contains(&format!("kiln = \"{version}\"")));
}

/// The words of a shell line in which only single quotes quote.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (index, part) in line.split('\'').enumerate() {
        match index % 2 {
            0 => words.extend(part.split_whitespace()),
            _ => words.push(part),
        }
    }
    words
}
