//! The strips of a function: its loops that run on vectors, each at the
//! widest level that has a form for it.
//!
//! A loop that no level has a form for is no failure. It runs one round at a
//! time, as part of the function, and the report says why.

use crate::pipeline::{Failure, generate};
use kiln_codegen::{Entry, Level, MachineCode, StripCall, Target};
use kiln_ir::{Func, Strip};
use kiln_opt::{LoopPlan, LoopReport, NotWidened, loop_report, strips, widen_strip};

/// A strip with its code.
#[derive(Debug)]
pub(crate) struct MadeStrip {
    strip: Strip,
    /// It, over blocks of rounds.
    pub(crate) widened: Func,
    pub(crate) code: MachineCode,
}

impl MadeStrip {
    /// How the code of the function calls it.
    pub(crate) fn call(&self) -> StripCall<'_> {
        StripCall {
            strip: &self.strip,
            lanes: self.code.lanes,
        }
    }
}

/// What became of the loops of a function.
#[derive(Debug, Default)]
pub(crate) struct Loops {
    pub(crate) reports: Vec<LoopReport>,
    pub(crate) strips: Vec<MadeStrip>,
}

/// Makes strips of the loops of a Func after the passes, at `level` at most.
/// `check` is asked before each, because each takes its time.
pub(crate) fn make(
    func: &Func,
    target: &Target,
    level: Level,
    check: impl Fn() -> Result<(), Failure>,
) -> Result<Loops, Failure> {
    let mut made = Loops::default();
    let levels: Vec<Level> = levels(target, level)
        .filter(|&level| level != Level::One)
        .collect();
    if levels.is_empty() {
        return Ok(made);
    }
    for LoopPlan { name, strip, .. } in strips(func) {
        check()?;
        let report = match strip {
            Ok(strip) => match widest(strip, target, &levels) {
                Ok((report, strip)) => {
                    made.strips.push(strip);
                    report
                }
                Err(report) => report,
            },
            Err(refusal) => LoopReport::refused(&refusal),
        };
        made.reports.push(LoopReport { name, ..report });
    }
    Ok(made)
}

/// The levels of a target up to one, from the widest.
pub(crate) fn levels(target: &Target, level: Level) -> impl Iterator<Item = Level> {
    let levels = target.levels().iter().rev().copied();
    levels.filter(move |&found| found <= level)
}

/// Code for a strip at the widest level that has a form for it, and what it
/// costs; or why no level has.
fn widest(
    strip: Strip,
    target: &Target,
    levels: &[Level],
) -> Result<(LoopReport, MadeStrip), LoopReport> {
    let mut refused = LoopReport::default();
    for &level in levels {
        let widened = match widen_strip(&strip, 8 * level.vector_bytes() as u32) {
            Ok(widened) => widened,
            // Narrower vectors have fewer lanes.
            Err(refusal @ NotWidened::Short(_)) => {
                refused = LoopReport::refused(&refusal);
                continue;
            }
            // No level has what widening refuses otherwise.
            Err(refusal) => return Err(LoopReport::refused(&refusal)),
        };
        match generate(&widened, target, Entry::Strip, level) {
            Ok(code) => {
                let report = LoopReport {
                    level: level.to_string(),
                    ..loop_report(&widened, None).unwrap_or_default()
                };
                let made = MadeStrip {
                    strip,
                    widened,
                    code,
                };
                return Ok((report, made));
            }
            Err(failure) => refused = LoopReport::refused(&failure),
        }
    }
    Err(refused)
}
