//! The column of passes.

use crate::config::{OptConfig, OptError};
use crate::report::Report;
use crate::rules::Counts;
use crate::{count, expand, guards, inline, reduce, rules, split, tile, why};
use kiln_ir::{Class, Func, Node, NodeId, check_accesses, verify};

/// A Func after the passes, and what they did.
#[derive(Clone, Debug)]
pub struct Optimized {
    /// The Func: without calls, without mathematical functions but those the
    /// config calls native.
    pub func: Func,
    /// What the passes did.
    pub report: Report,
}

/// Runs the passes over a Func.
///
/// # Errors
/// When the Func grows beyond the config's limit, when its calls nest too
/// deeply, and, where the config asks for verifying, when the Func given or
/// made breaks the rules of the language.
pub fn optimize(func: &Func, config: &OptConfig) -> Result<Optimized, OptError> {
    optimize_traced(func, config, &mut |_, _| {})
}

/// As [`optimize`], calling `trace` with the name of each pass and the Func
/// it made.
///
/// # Errors
/// As [`optimize`].
pub fn optimize_traced(
    func: &Func,
    config: &OptConfig,
    trace: &mut dyn FnMut(&'static str, &Func),
) -> Result<Optimized, OptError> {
    check("input", func, config)?;
    let source = func;
    let mut column = Column {
        config,
        trace: &mut *trace,
        report: Report::default(),
        counts: Counts::default(),
    };
    let func = column.inline(func)?;
    let func = column.rules("rules", &func)?;
    let func = column.count(func)?;
    let func = column.reduce(func)?;
    let func = column.guards(func)?;
    let func = column.tile(func)?;
    let func = column.expand(func)?;
    let Column {
        mut report, counts, ..
    } = column;
    report.rules = counts.fired();
    if report.guards.has_changes() && check_accesses(&func).is_err() {
        // A later pass hid a bound from the check: then the guards stay.
        let mut guarded = optimize_traced(source, &config.guarded(true), trace)?;
        guarded.report.guards = guards::all_kept(source, why::NOT_AGAIN);
        return Ok(guarded);
    }
    Ok(Optimized { func, report })
}

/// The first passes alone: without calls, and with counted loops and
/// reductions for those that are.
pub(crate) fn prepare(func: &Func, config: &OptConfig) -> Result<Func, OptError> {
    let mut column = Column {
        config,
        trace: &mut |_, _| {},
        report: Report::default(),
        counts: Counts::default(),
    };
    let func = column.inline(func)?;
    let func = column.rules("rules", &func)?;
    let func = column.count(func)?;
    column.reduce(func)
}

/// What most rows of `func` run: of each mathematical function that the config
/// does not call native, the common path alone. For counting, not for running:
/// other rows get wrong values.
pub fn common_path(func: &Func, config: &OptConfig) -> Func {
    let func = expand::expand_common(func, config.native);
    rules::simplify(&func, &mut Counts::default())
}

struct Column<'a> {
    config: &'a OptConfig,
    trace: &'a mut dyn FnMut(&'static str, &Func),
    report: Report,
    counts: Counts,
}

impl Column<'_> {
    fn inline(&mut self, func: &Func) -> Result<Func, OptError> {
        if func.callees().is_empty() {
            return Ok(func.clone());
        }
        let (func, calls) = inline::inline_calls(func, self.config.nodes_max)?;
        self.report.calls_inlined = calls;
        self.done(inline::NAME, func)
    }

    fn rules(&mut self, name: &'static str, func: &Func) -> Result<Func, OptError> {
        let func = rules::simplify(func, &mut self.counts);
        self.done(name, func)
    }

    /// Makes counted loops of those that count; without any, and without
    /// loops to look at, the Func is left alone.
    fn count(&mut self, func: Func) -> Result<Func, OptError> {
        if !nodes(&func).any(|(_, node)| matches!(node, Node::While { .. })) {
            return Ok(func);
        }
        let Some((func, loops)) = count::count(&func, &mut self.counts) else {
            return Ok(func);
        };
        self.report.loops_counted = loops;
        let func = self.done("count", func)?;
        self.rules("rules", &func)
    }

    /// Makes reductions of the loops that are one in all but form.
    fn reduce(&mut self, func: Func) -> Result<Func, OptError> {
        let Some((func, loops)) = reduce::reduce(&func) else {
            return Ok(func);
        };
        self.report.loops_reduced = loops;
        let func = self.done("reduce", func)?;
        self.rules("rules", &func)
    }

    /// Cuts loops where conditions on their index change, and tests indices
    /// before loops; the guarded variant, and a Func without
    /// guards of indices, is left alone.
    fn guards(&mut self, func: Func) -> Result<Func, OptError> {
        if self.config.guarded || !guards::has_index_guards(&func) {
            return Ok(func);
        }
        let (cut, loops) = split::split(&func);
        let func = match cut {
            Some(cut) => {
                let cut = self.done("split", cut)?;
                self.rules("rules", &cut)?
            }
            None => func,
        };
        let (hoisted, report) = guards::hoist(&func);
        self.report.guards = report;
        self.report.guards.split = loops;
        match hoisted {
            Some(func) => self.done("guards", func),
            None => Ok(func),
        }
    }

    /// Takes two rounds of a loop at once where they read the same elements;
    /// the guarded variant is left alone.
    fn tile(&mut self, func: Func) -> Result<Func, OptError> {
        if self.config.guarded {
            return Ok(func);
        }
        let Some((func, loops)) = tile::tile(&func) else {
            return Ok(func);
        };
        self.report.loops_tiled = loops;
        let func = self.done("tile", func)?;
        self.rules("rules", &func)
    }

    /// Expands, and simplifies what came of it; a Func without mathematical
    /// functions is left alone.
    fn expand(&mut self, func: Func) -> Result<Func, OptError> {
        let native = self.config.native;
        let needed = nodes(&func).any(|(id, node)| match node {
            Node::Op { op, .. } => expand::is_expanded(*op, func.ty(id), native),
            _ => false,
        });
        if !needed {
            return Ok(func);
        }
        let (func, expanded) = expand::expand(&func, native);
        self.report.functions_expanded = expanded;
        let func = self.done("expand", func)?;
        self.rules("rules", &func)
    }

    fn done(&mut self, pass: &'static str, func: Func) -> Result<Func, OptError> {
        self.report.passed(pass, func.node_count());
        (self.trace)(pass, &func);
        check(pass, &func, self.config)?;
        Ok(func)
    }
}

fn nodes(func: &Func) -> impl Iterator<Item = (NodeId, &Node)> {
    (0..func.node_count())
        .map(NodeId::new)
        .map(|id| (id, func.node(id)))
}

fn check(pass: &'static str, func: &Func, config: &OptConfig) -> Result<(), OptError> {
    let (nodes, limit) = (func.node_count(), config.nodes_max);
    if nodes > limit {
        return Err(OptError::TooLarge { pass, nodes, limit });
    }
    if config.verify {
        verify(func).map_err(|source| OptError::Verify { pass, source })?;
    }
    Ok(())
}

/// Number of nodes that are ops of `class`.
pub(crate) fn count_class(func: &Func, class: Class) -> usize {
    nodes(func)
        .filter(|(_, node)| matches!(node, Node::Op { op, .. } if op.class() == class))
        .count()
}
