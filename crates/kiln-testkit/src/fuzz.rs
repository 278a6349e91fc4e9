//! What the fuzz targets call; the tests call each for a moment too.
//!
//! Each takes any bytes and panics when something is wrong. What comes out of
//! bytes as text is held to more than not panicking: what parses prints as
//! itself, and what lowers is valid.

use crate::differential::{Coverage, assert_same};
use kiln_formula::{Formula, InputType, Options};
use kiln_interp::Program;
use kiln_ir::{Scalar, parse_file, verify};
use kiln_opt::{OptConfig, optimize};

/// The text of Funcs.
///
/// # Panics
/// When a Func that parses does not print as itself, or a pass breaks one
/// that is valid.
pub fn ir_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(funcs) = parse_file(&text) else {
        return;
    };
    for func in funcs {
        if verify(&func).is_err() || !func.callees().is_empty() {
            continue;
        }
        let printed = func.to_string();
        match kiln_ir::parse(&printed) {
            Ok(again) => assert_eq!(again.to_string(), printed, "printing and parsing differ"),
            Err(error) => panic!("{error}\n{printed}"),
        }
        let program = Program::new(&func);
        let config = OptConfig::default().verify(true).nodes_max(10_000);
        if let Err(error @ kiln_opt::OptError::Verify { .. }) = optimize(&func, &config) {
            panic!("{error}\n{printed}");
        }
        drop(program);
    }
}

/// The text of a formula.
///
/// # Panics
/// When a diagnostic points outside the text, or a formula lowers to a Func
/// that is not valid.
pub fn formula_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let lowered = text.parse::<Formula>().and_then(|formula| {
        let ty = |name: &str| {
            let scalars = Scalar::ALL;
            let ty = InputType::new(scalars[name.len() % scalars.len()]);
            Some(match name.len() % 2 {
                0 => ty.nullable(),
                _ => ty,
            })
        };
        formula.lower_with(ty, &Options::new())
    });
    match lowered {
        Ok(lowered) => {
            let stages = lowered.totals.iter().flat_map(|totals| &totals.stages);
            let rows = stages.clone().flat_map(|stage| &stage.totals);
            let all = rows
                .map(|total| &total.func)
                .chain(stages.clone().map(|stage| &stage.finish))
                .chain(stages.flat_map(|stage| &stage.scans).map(|scan| &scan.func))
                .chain(lowered.totals.iter().map(|totals| &totals.single.func));
            for func in all.chain([&lowered.func]) {
                if let Err(error) = verify(func) {
                    panic!("{error}\n{text}\n{func}");
                }
            }
        }
        Err(problems) => assert!(!problems.to_string().is_empty()),
    }
}

/// A source of programs.
///
/// # Panics
/// When two ways of running one differ.
pub fn differential(data: &[u8]) {
    assert_same(data, &[], &mut Coverage::default());
}
