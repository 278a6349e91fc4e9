//! `kiln map`.

use super::{folder_with, kiln, kiln_on, text};

const SHOP: &str = "item,qty,price\nbolt,3,1.5\nnut,,2\n";

#[test]
fn a_column_is_added() {
    let ran = kiln_on(SHOP, &["map", "total = qty * price"]);
    assert_eq!(ran.ok(), "item,qty,price,total\nbolt,3,1.5,4.5\nnut,,2,\n");
}

#[test]
fn several_formulas_see_each_other() {
    let ran = kiln_on(SHOP, &["map", "total = qty * price", "gross = total * 2"]);
    let lines: Vec<&str> = ran.ok().lines().collect();
    assert_eq!(
        lines,
        ["item,qty,price,total,gross", "bolt,3,1.5,4.5,9", "nut,,2,,"]
    );
}

#[test]
fn cells_pass_byte_for_byte() {
    let input = "\u{feff}\"a,\"\"b\"\"\",x\r\n\"one\r\ntwo\", 1.50 \r\n\r\n'',\"2\"\r\n\"\",3";
    let expected =
        "\u{feff}\"a,\"\"b\"\"\",x,y\r\n\"one\r\ntwo\", 1.50 ,3\r\n\r\n'',\"2\",4\r\n\"\",3,6";
    assert_eq!(kiln_on(input, &["map", "y = 2 * x"]).ok(), expected);
    let input = "a\tb\n1\tx,y\n";
    let ran = kiln_on(input, &["map", "c = -a", "--delimiter", "tab"]);
    assert_eq!(ran.ok(), "a\tb\tc\n1\tx,y\t-1\n");
}

#[test]
fn only_used_columns_are_read() {
    let input = "name,x\nnot a number,1\n";
    assert_eq!(
        kiln_on(input, &["map", "y = x"]).ok(),
        "name,x,y\nnot a number,1,1\n"
    );
}

#[test]
fn a_formula_without_columns_gives_a_value_per_row() {
    assert_eq!(
        kiln_on("x\n1\n2\n", &["map", "two = 2"]).ok(),
        "x,two\n1,2\n2,2\n"
    );
    assert_eq!(kiln_on("x\n", &["map", "two = 2 * x"]).ok(), "x,two\n");
}

/// More rows than a block: totals are over all of them.
#[test]
fn totals_are_over_the_whole_file() {
    let rows = 10_000u64;
    let lines: String = (1..=rows).map(|x| format!("{x}\n")).collect();
    let input = format!("x\n{lines}");
    let formulas = ["map", "total = sum(x)", "n = count(x)", "--types", "x=i64"];
    let ran = kiln_on(&input, &formulas);
    let sum = rows * (rows + 1) / 2;
    let mut found = ran.ok().lines();
    assert_eq!(found.next(), Some("x,total,n"));
    for x in 1..=rows {
        assert_eq!(found.next(), Some(&*format!("{x},{sum},{rows}")));
    }
    assert_eq!(found.next(), None);
    let ran = kiln_on(&input, &["reduce", "sum(x)", "--types", "x=i64"]);
    assert_eq!(ran.ok(), format!("{sum}\n"));
}

#[test]
fn a_row_that_fails_stops_totals() {
    let input = "a,b\n1,1\n2,0\nx,1\n";
    let types = ["--types", "a=i64,b=i64", "--on-error", "missing"];
    let ran = kiln_on(input, &[&["map", "s = sum(a // b)"], &types[..]].concat());
    let expected = "error: standard input:3: `a // b` divides a whole number by zero\n";
    assert_eq!(ran.failed(), expected);
    // A cell that cannot be read is missing, and not in the total.
    let ran = kiln_on(
        input,
        &[&["map", "s = sum(a) + 0 * b"], &types[..]].concat(),
    );
    assert_eq!(ran.out, "a,b,s\n1,1,3\n2,0,3\nx,1,\n");
}

#[test]
fn single_values_are_reduced() {
    let ran = kiln_on(SHOP, &["reduce", "n = count(qty)", "best = max(price)"]);
    assert_eq!(ran.ok(), "n = 1\nbest = 2\n");
    let ran = kiln_on(SHOP, &["reduce", "sum(1)"]);
    assert_eq!(ran.ok(), "2\n");
    let ran = kiln_on(SHOP, &["reduce", "sum(qty * price)", "--json"]);
    assert_eq!(ran.json()["outputs"][0]["value"], 4.5);
    let ran = kiln_on(SHOP, &["reduce", "2 * price"]);
    let message = "error[K0209]: `price` has a value for each row, and here there is one for all";
    assert!(ran.failed().starts_with(message), "{}", ran.err);
    let ran = kiln(&["eval", "x - mean(x)", "x=1"]);
    let message = "error[K0206]: `mean(x)` is over a whole column, and here there is one row";
    assert!(ran.failed().starts_with(message), "{}", ran.err);
}

#[test]
fn missing_values_are_empty_or_as_listed() {
    let input = "x\nNA\nnull\n1\n";
    let ran = kiln_on(
        input,
        &[
            "map",
            "y = x + 1",
            "z = coalesce(x, 7)",
            "--missing",
            "NA,null",
        ],
    );
    assert_eq!(ran.ok(), "x,y,z\nNA,,7\nnull,,7\n1,2,1\n");
    let ran = kiln_on(input, &["map", "y = x + 1"]);
    assert_eq!(
        ran.failed(),
        "error: standard input:2:1: `NA` is not a number (column `x`)\n"
    );
}

#[test]
fn types_are_as_listed() {
    let input = "a,b,c\n7,2,true\n9,4,FALSE\n";
    let args = [
        "map",
        "d = if(c, a // b, a ^ 2)",
        "--types",
        "a=i32,b=u8,c=bool",
    ];
    assert_eq!(
        kiln_on(input, &args).ok(),
        "a,b,c,d\n7,2,true,3\n9,4,FALSE,81\n"
    );
    let ran = kiln_on("a\n1.5\n", &["map", "b = a", "--types", "a=i64"]);
    assert!(
        ran.failed()
            .contains("standard input:2:1: `1.5` is not a whole number")
    );
    let ran = kiln_on("a\n300\n", &["map", "b = a", "--types", "a=u8"]);
    assert!(ran.failed().contains("does not fit the column's type"));
    let ran = kiln_on("a\n1\n", &["map", "b = a", "--types", "z=u8"]);
    assert!(ran.failed().contains("has no column `z`"));
}

#[test]
fn an_existing_column_is_replaced_only_on_demand() {
    let ran = kiln_on(SHOP, &["map", "qty = qty + 1"]);
    assert!(ran.failed().contains("there is a column `qty` already"));
    let ran = kiln_on(
        SHOP,
        &["map", "qty = qty + 1", "twice = 2 * price", "--replace"],
    );
    assert_eq!(ran.ok(), "item,qty,price,twice\nbolt,4,1.5,3\nnut,,2,4\n");
}

#[test]
fn a_bad_cell_has_a_place() {
    let input = "a,b\n\"x\ny\",1\n\"é\",two\n";
    let (folder, path) = folder_with("in.csv", input);
    let output = folder.path().join("out.csv");
    let args = [
        "map",
        "c = b",
        "--input",
        text(&path),
        "--output",
        text(&output),
    ];
    let ran = kiln(&args);
    let expected = format!(
        "error: {}:4:5: `two` is not a number (column `b`)\n",
        path.display()
    );
    assert_eq!(ran.failed(), expected);
    assert!(!output.exists());
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn rows_that_fail_can_be_left_missing() {
    let input = "a,b\n6,2\n1,0\n9,3\nx,1\n8,0\n4,2\n";
    let types = ["--types", "a=i64,b=i64"];
    let ran = kiln_on(input, &[["map", "c = a // b"].as_slice(), &types].concat());
    assert!(
        ran.failed().contains("standard input:5:1: `x`"),
        "{}",
        ran.err
    );
    let more = ["map", "c = a // b", "--on-error", "missing"];
    let ran = kiln_on(input, &[more.as_slice(), &types].concat());
    assert_eq!(ran.code, 0);
    assert_eq!(ran.out, "a,b,c\n6,2,3\n1,0,\n9,3,3\nx,1,\n8,0,\n4,2,2\n");
    assert!(ran.err.contains("3 of 6 rows"), "{}", ran.err);
}

#[test]
fn a_failing_row_has_its_line() {
    let input = "a,b\n6,2\n\n1,0\n";
    let ran = kiln_on(input, &["map", "c = a // b", "--types", "a=i64,b=i64"]);
    assert!(
        ran.failed().starts_with("error: standard input:4: "),
        "{}",
        ran.err
    );
}

#[test]
fn nothing_on_standard_input_says_how_to_name_a_file() {
    let ran = kiln_on("", &["map", "x + 1"]);
    assert_eq!(
        ran.failed(),
        "error: standard input has no header line; `--input` names a file\n"
    );
    let (_folder, path) = folder_with("empty.csv", "");
    let ran = kiln(&["map", "x + 1", "--input", text(&path)]);
    assert!(ran.failed().ends_with("empty.csv has no header line\n"));
}

#[test]
fn rows_have_as_many_cells_as_the_header() {
    let ran = kiln_on("a,b\n1,2\n3\n", &["map", "c = a"]);
    assert_eq!(
        ran.failed(),
        "error: standard input:3: 1 cell, where the header has 2\n"
    );
    assert!(
        kiln_on("", &["map", "c = 1"])
            .failed()
            .contains("no header")
    );
    let ran = kiln_on("a,a\n1,2\n", &["map", "c = a"]);
    assert!(ran.failed().contains("more than one column `a`"));
}

#[test]
fn an_unknown_name_gets_a_suggestion() {
    let ran = kiln_on(SHOP, &["map", "total = qty * prise"]);
    assert!(
        ran.failed().contains("did you mean `price`?"),
        "{}",
        ran.err
    );
}

#[test]
fn the_output_file_is_an_ordinary_one() {
    let (folder, path) = folder_with("data.csv", "x\n1\n");
    // In place: the input is read to its end before it is replaced.
    let args = [
        "map",
        "y = x + 1",
        "--input",
        text(&path),
        "--output",
        text(&path),
    ];
    kiln(&args).ok();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "x,y\n1,2\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let ordinary = folder.path().join("ordinary");
        std::fs::write(&ordinary, "").unwrap();
        assert_eq!(mode(&path), mode(&ordinary));
    }
}

#[test]
fn json_tells_what_was_done() {
    let (folder, path) = folder_with("in.csv", SHOP);
    let output = folder.path().join("out.csv");
    let args = ["map", "total = qty * price", "--json"];
    let files = ["--input", text(&path), "--output", text(&output)];
    let json = kiln(&[args.as_slice(), &files].concat()).json();
    assert_eq!(json["rows"], 2);
    assert_eq!(json["failed_rows"], 0);
    assert_eq!(json["outputs"][0]["name"], "total");
    assert_eq!(json["outputs"][0]["missing"], 1);
}

#[test]
fn many_blocks_are_one_file() {
    let rows = 20_000;
    let mut input = String::from("x,pad\n");
    for row in 0..rows {
        input.push_str(&format!("{row},{}\n", "p".repeat(row % 100)));
    }
    let ran = kiln_on(&input, &["map", "y = x * 0.5"]);
    let mut lines = ran.ok().lines();
    assert_eq!(lines.next(), Some("x,pad,y"));
    for (row, line) in lines.by_ref().take(rows).enumerate() {
        let pad = "p".repeat(row % 100);
        assert_eq!(line, format!("{row},{pad},{}", row as f64 * 0.5));
    }
    assert_eq!(lines.next(), None);
}

/// Writes and maps a file of 2 GB; run by name.
#[test]
#[ignore = "takes a minute and 4 GB of disk"]
#[cfg(target_os = "linux")]
fn two_gigabytes_stay_under_64_mib() {
    use std::io::{BufWriter, Write};
    let (folder, path) = folder_with("big.csv", "");
    let mut file = BufWriter::new(std::fs::File::create(&path).unwrap());
    writeln!(file, "id,x,y,note").unwrap();
    let note = "n".repeat(80);
    for id in 0..20_000_000u64 {
        writeln!(file, "{id},{}.25,{}e-3,{note}", id % 977, id % 3571).unwrap();
    }
    file.into_inner().unwrap();
    assert!(path.metadata().unwrap().len() >= 2_000_000_000);
    let output = folder.path().join("out.csv");
    let args = [
        "map",
        "z = sqrt(x^2 + y^2)",
        "--input",
        text(&path),
        "--output",
        text(&output),
    ];
    let mut child = super::command(&args).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak_kib = peak_kib.max(kib.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(child.wait().unwrap().success());
    println!("{peak_kib} KiB at most");
    assert!(peak_kib > 0 && peak_kib < 64 << 10, "{peak_kib} KiB");
    assert!(output.metadata().unwrap().len() > path.metadata().unwrap().len());
}
