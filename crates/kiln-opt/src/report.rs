//! What the passes did, as plain data and as text a user can act on.

use kiln_ir::Span;
use std::fmt;

/// What the passes did to a Func.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Report {
    /// One entry per pass that ran, in order.
    pub passes: Vec<PassReport>,
    /// The rules that fired and how often, in the order of the tables.
    pub rules: Vec<RuleCount>,
    /// Calls that were inlined.
    pub calls_inlined: u32,
    /// `while` loops that became counted ones.
    pub loops_counted: u32,
    /// Counted loops that became reductions.
    pub loops_reduced: u32,
    /// Loops of which two rounds run at once, because they read the same
    /// elements.
    pub loops_tiled: u32,
    /// What became of the guards of indices.
    pub guards: GuardReport,
    /// Mathematical functions that were expanded.
    pub functions_expanded: u32,
    /// What the row loop costs and whether it was widened, if there is one
    /// and it was tried.
    pub row_loop: Option<LoopReport>,
    /// What became of the loops over arrays, in their order, those around a
    /// loop on vectors left out.
    pub loops: Vec<LoopReport>,
}

/// The size of a Func after a pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PassReport {
    /// The name of the pass.
    pub name: &'static str,
    /// Number of nodes after it.
    pub nodes: usize,
}

/// What became of the guards of indices.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct GuardReport {
    /// Loops that were cut where conditions on their index change, and those
    /// that could have been, in the order of the Func.
    pub split: Vec<SplitLoop>,
    /// Guards that tests at entry replaced.
    pub removed: u32,
    /// Those tests; a call that fails one is made by the guarded variant.
    pub tests: u32,
    /// Loops that are made twice, with and without guards.
    pub versions: VersionReport,
    /// The guards that stayed, in the order of the Func.
    pub kept: Vec<KeptGuard>,
}

/// Loops of which a copy without guards runs if what is tested where they
/// begin holds: their bounds, or what an index starts from, are data.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct VersionReport {
    /// Guards that these copies are without.
    pub guards: u32,
    /// Those loops.
    pub loops: u32,
    /// What is tested where they begin, of all together.
    pub tests: u32,
}

/// A loop with guards of indices under conditions on its index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SplitLoop {
    /// What the source calls the array of the first such guard.
    pub name: String,
    /// Where in the source.
    pub span: Option<Span>,
    /// The loops that run one after the other in its place.
    pub ranges: u32,
    /// Why it is still one; empty if it is not.
    pub reason: String,
}

/// A guard that is asked at every access.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptGuard {
    /// What the source calls the array.
    pub name: String,
    /// Where in the source.
    pub span: Option<Span>,
    /// Why no test at entry replaces it.
    pub reason: String,
}

/// How often a rule fired.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleCount {
    /// The name of the rule.
    pub name: &'static str,
    /// How often.
    pub fired: u32,
}

/// What became of a loop.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct LoopReport {
    /// What it reads and writes; empty for the loop over rows.
    pub name: String,
    /// The level of its code, where that is for each loop to choose.
    pub level: String,
    /// Rows a round: 1 for a loop that was not widened.
    pub lanes: u16,
    /// Ops a round on the common path.
    pub ops: u32,
    /// Price of a round on the common path, in the time of one addition.
    pub price: u32,
    /// Guards that stay in the loop.
    pub guards: u32,
    /// Slow-lane ops, called one lane at a time on rare paths.
    pub slow_ops: u32,
    /// Why the loop was not widened; empty if it was.
    pub reason: String,
}

/// Names as a list, each once.
fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut list: Vec<&str> = Vec::new();
    for name in names {
        if !list.contains(&name) {
            list.push(name);
        }
    }
    list.join(", ")
}

/// What a loop is called, by the names of the arrays that it writes and reads.
pub(crate) fn loop_name<'a>(
    writes: impl Iterator<Item = &'a str>,
    reads: impl Iterator<Item = &'a str>,
) -> String {
    match (each_once(writes), each_once(reads)) {
        (writes, reads) if writes.is_empty() && reads.is_empty() => {
            "loop without arrays".to_owned()
        }
        (writes, reads) if writes.is_empty() => format!("loop over {reads}"),
        (writes, reads) if reads.is_empty() => format!("loop into {writes}"),
        (writes, reads) => format!("loop over {reads} into {writes}"),
    }
}

impl LoopReport {
    /// Of a loop that runs one round at a time.
    pub fn refused(reason: &dyn fmt::Display) -> LoopReport {
        LoopReport {
            lanes: 1,
            reason: reason.to_string(),
            ..LoopReport::default()
        }
    }
}

impl Report {
    pub(crate) fn passed(&mut self, name: &'static str, nodes: usize) {
        self.passes.push(PassReport { name, nodes });
    }

    /// How often the rule of this name fired.
    pub fn fired(&self, name: &str) -> u32 {
        self.rules
            .iter()
            .find(|rule| rule.name == name)
            .map_or(0, |rule| rule.fired)
    }
}

impl GuardReport {
    /// Whether anything was left out or copied.
    pub(crate) fn has_changes(&self) -> bool {
        self.removed > 0 || self.versions.guards > 0 || !self.split.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("passes:")?;
        for pass in &self.passes {
            write!(f, " {} ({} nodes)", pass.name, pass.nodes)?;
        }
        if self.calls_inlined > 0 {
            write!(f, "\ncalls inlined: {}", self.calls_inlined)?;
        }
        if self.loops_counted > 0 {
            write!(f, "\nloops counted: {}", self.loops_counted)?;
        }
        if self.loops_reduced > 0 {
            write!(f, "\nloops that reduce: {}", self.loops_reduced)?;
        }
        if self.loops_tiled > 0 {
            write!(f, "\nloops of two rounds at once: {}", self.loops_tiled)?;
        }
        write!(f, "{}", self.guards)?;
        if self.functions_expanded > 0 {
            write!(f, "\nfunctions expanded: {}", self.functions_expanded)?;
        }
        if !self.rules.is_empty() {
            f.write_str("\nrules fired:")?;
            for rule in &self.rules {
                write!(f, " {} x{}", rule.name, rule.fired)?;
            }
        }
        if let Some(row_loop) = &self.row_loop {
            write!(f, "\n{row_loop}")?;
        }
        for report in &self.loops {
            write!(f, "\n{report}")?;
        }
        Ok(())
    }
}

/// " at 3..7", or nothing.
fn place(span: Option<Span>) -> String {
    span.map_or_else(String::new, |span| {
        format!(" at {}..{}", span.start, span.end)
    })
}

/// One line each, every one after a line end; nothing where there are no
/// guards of indices.
impl fmt::Display for GuardReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for split in &self.split {
            let (name, place) = (&split.name, place(split.span));
            write!(f, "\nloop around the index check of {name}{place}: ")?;
            match split.reason.is_empty() {
                true => write!(
                    f,
                    "split into {} ranges where conditions on its index change",
                    split.ranges
                )?,
                false => write!(f, "not split, because {}", split.reason)?,
            }
        }
        if self.removed > 0 {
            write!(
                f,
                "\nindex checks: {} replaced by {} test(s) before the loops",
                self.removed, self.tests
            )?;
        }
        let VersionReport {
            guards,
            loops,
            tests,
        } = self.versions;
        if guards > 0 {
            write!(
                f,
                "\nindex checks: {guards} replaced by {tests} test(s) where {loops} loop(s) begin"
            )?;
        }
        for KeptGuard { name, span, reason } in &self.kept {
            write!(f, "\nindex check of {name}{} stays: {reason}", place(*span))?;
        }
        Ok(())
    }
}

impl fmt::Display for LoopReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = if self.name.is_empty() { "row" } else { "round" };
        match self.name.as_str() {
            "" => write!(f, "row loop: {} row(s) a round", self.lanes)?,
            name if self.lanes > 1 => {
                write!(f, "{name}: {} round(s) at once, {}", self.lanes, self.level)?;
            }
            name => return write!(f, "{name}: one round at a time because {}", self.reason),
        }
        write!(f, ", {} ops, price {}", self.ops, self.price)?;
        if self.guards > 0 {
            write!(
                f,
                "; {} check(s) on every {row}, a block that fails one is run again {row} by {row}",
                self.guards
            )?;
        }
        if self.slow_ops > 0 {
            write!(
                f,
                "; {} rare path(s) call a function {row} by {row}",
                self.slow_ops
            )?;
        }
        if !self.reason.is_empty() {
            write!(f, "; one {row} at a time because {}", self.reason)?;
        }
        Ok(())
    }
}
