//! The table of measured errors in docs/numerics.md.

use super::Report;
use std::fmt::Write;

/// The lines between which a table stands.
#[derive(Debug, Clone, Copy)]
pub struct Markers {
    begin: &'static str,
    end: &'static str,
}

/// Those of the table of binary64.
pub const DOUBLE: Markers = Markers {
    begin: "<!-- ulp:begin -->",
    end: "<!-- ulp:end -->",
};
/// Those of the table of binary32.
pub const SINGLE: Markers = Markers {
    begin: "<!-- ulp32:begin -->",
    end: "<!-- ulp32:end -->",
};

/// The rows of the reports as Markdown.
pub fn markdown(reports: &[Report]) -> String {
    let mut text = String::from(
        "| function | promised | measured | at | not correctly rounded | inputs |\n\
         |---|---|---|---|---|---|\n",
    );
    for report in reports {
        let share = 100.0 * report.misrounded as f64 / report.count as f64;
        writeln!(
            text,
            "| {} | {} | {} | {} | {share:.2} % | {:.1e} |",
            report.name,
            bound(report.promised),
            measured(report),
            place(report),
            report.count as f64,
        )
        .expect("writing to a string");
    }
    text
}

fn bound(ulp: f64) -> String {
    if ulp == 0.0 {
        "exact".to_owned()
    } else {
        format!("{ulp:.1}")
    }
}

fn measured(report: &Report) -> String {
    if report.misrounded == 0 && report.promised == 0.0 {
        "exact".to_owned()
    } else {
        // Rounded up, so that the table never understates.
        format!("{:.3}", (report.worst.max(0.5) * 1e3).ceil() / 1e3)
    }
}

fn place(report: &Report) -> String {
    match report.at {
        (0.0, 0.0) => "-".to_owned(),
        (x, 0.0) => format!("{x:e}"),
        (x, y) => format!("{x:e}, {y:e}"),
    }
}

/// The error that a table of `document` gives for the function called `name`.
pub fn measured_in(document: &str, markers: Markers, name: &str) -> Option<String> {
    let start = document.find(markers.begin)?;
    let end = document.find(markers.end)?;
    document.get(start..end)?.lines().find_map(|row| {
        let mut cells = row.split('|').map(str::trim).skip(1);
        (cells.next() == Some(name)).then(|| cells.nth(1).map(str::to_owned))?
    })
}

/// `document` with the rows of `reports` in place of those of the same
/// functions; rows of functions that were not measured stay.
///
/// # Errors
/// If the markers are missing.
pub fn rewrite(document: &str, markers: Markers, reports: &[Report]) -> anyhow::Result<String> {
    let missing = || anyhow::anyhow!("the document has no ulp table markers");
    let start = document.find(markers.begin).ok_or_else(missing)? + markers.begin.len();
    let end = document
        .find(markers.end)
        .filter(|&end| end >= start)
        .ok_or_else(missing)?;
    let name = |row: &str| row.split('|').nth(1).map(|cell| cell.trim().to_owned());
    let fresh = markdown(reports);
    let (header, fresh): (Vec<&str>, Vec<&str>) = (
        fresh.lines().take(2).collect(),
        fresh.lines().skip(2).collect(),
    );
    let kept = document[start..end]
        .lines()
        .filter(|row| row.starts_with("| ") && !header.contains(row));
    let mut rows: Vec<String> = kept
        .filter(|row| !fresh.iter().any(|new| name(new) == name(row)))
        .chain(fresh.iter().copied())
        .map(str::to_owned)
        .collect();
    let order = |row: &str| {
        let name = name(row);
        kiln_math::FUNCTIONS
            .iter()
            .position(|function| Some(function.name) == name.as_deref())
    };
    rows.sort_by_key(|row| order(row).unwrap_or(usize::MAX));
    Ok(format!(
        "{}\n{}\n{}\n{}",
        &document[..start],
        header.join("\n"),
        rows.join("\n"),
        &document[end..]
    ))
}
