//! What comes in with a Func: the Funcs it calls, whether they are valid and
//! fit, and what they all become.
//!
//! A mathematical function is one node in the source and dozens once it is
//! expanded, and a call is as large as what it calls. The sum is known
//! without expanding anything, so a computation that would take too long to
//! compile is refused when a kernel is made, in the time it takes to read it.

use crate::error::RuntimeError;
use crate::limits::Limits;
use kiln_ir::{Class, Func, FuncBuilder, LOCALS_BYTES_MAX, Node, NodeId, Op, Rule, Scalar};
use kiln_opt::CALL_DEPTH_MAX;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, OnceLock};

/// More than any one op expands to.
const EXPANSION_MAX: usize = 512;

/// What there is to know of a Func that was let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Admitted {
    /// Whether there is a guard in it or in what it calls.
    pub(crate) can_fail: bool,
}

/// Checks that a Func from outside, with everything it calls, is valid, is a
/// function of one row, and is within the limits.
pub(crate) fn admit(func: &Func, limits: &Limits) -> Result<Admitted, RuntimeError> {
    let all = reachable(func)?;
    for func in &all {
        kiln_ir::verify(func)?;
        if !func.is_scalar() {
            return Err(RuntimeError::Arrays {
                name: func.name().to_owned(),
            });
        }
    }
    admit_size(func, &all, limits)
}

/// As [`admit`], for a Func of any parameters.
pub(crate) fn admit_any(func: &Func, limits: &Limits) -> Result<Admitted, RuntimeError> {
    let all = reachable(func)?;
    let mut local_bytes = 0;
    for func in &all {
        kiln_ir::verify(func)?;
        local_bytes += func
            .locals()
            .iter()
            .map(|local| local.bytes())
            .sum::<usize>();
    }
    check_limit("bytes of local arrays", local_bytes, LOCALS_BYTES_MAX)?;
    admit_size(func, &all, limits)
}

fn admit_size(func: &Func, all: &[&Func], limits: &Limits) -> Result<Admitted, RuntimeError> {
    check_limit("inputs", func.params().len(), limits.inputs)?;
    let budget = limits.expanded_nodes();
    // Most Funcs are so small that nothing need be counted.
    let is_small = all.len() == 1 && func.node_count() < budget / EXPANSION_MAX;
    if !is_small {
        let what = "nodes, functions expanded,";
        check_limit(what, expanded_nodes(all), budget)?;
    }
    Ok(Admitted {
        can_fail: all.iter().any(|func| has_guard(func)),
    })
}

fn check_limit(what: &'static str, found: usize, limit: usize) -> Result<(), RuntimeError> {
    if found <= limit {
        return Ok(());
    }
    Err(RuntimeError::Limit { what, found, limit })
}

fn nodes(func: &Func) -> impl Iterator<Item = &Node> {
    (0..func.node_count()).map(|index| func.node(NodeId::new(index)))
}

fn has_guard(func: &Func) -> bool {
    nodes(func).any(|node| matches!(node, Node::Guard { .. }))
}

/// The Func and each that it calls, once however many call it, callees first.
fn reachable(func: &Func) -> Result<Vec<&Func>, RuntimeError> {
    let (mut seen, mut all) = (FxHashSet::default(), Vec::new());
    visit(func, 0, &mut seen, &mut all)?;
    Ok(all)
}

/// Recurses on the nesting of calls, to a limit.
fn visit<'a>(
    func: &'a Func,
    depth: usize,
    seen: &mut FxHashSet<*const Func>,
    all: &mut Vec<&'a Func>,
) -> Result<(), RuntimeError> {
    check_limit("calls, one in the other,", depth, CALL_DEPTH_MAX)?;
    for callee in func.callees() {
        if seen.insert(Arc::as_ptr(callee)) {
            visit(callee, depth + 1, seen, all)?;
        }
    }
    all.push(func);
    Ok(())
}

/// Nodes of the last of the Funcs, which calls the others, once it is
/// expanded: an upper bound, as nodes that turn out equal are merged later.
fn expanded_nodes(all: &[&Func]) -> usize {
    let mut sizes: FxHashMap<*const Func, usize> = FxHashMap::default();
    let mut last = 0;
    for &func in all {
        let size = |node: &Node| match node {
            Node::Op { op, .. } => expansion(*op),
            Node::Call { callee, .. } => {
                let callee = Arc::as_ptr(&func.callees()[*callee as usize]);
                sizes.get(&callee).copied().unwrap_or(1)
            }
            _ => 1,
        };
        last = nodes(func).map(size).fold(0, usize::saturating_add);
        sizes.insert(func, last);
    }
    last
}

/// Nodes that an op expands to, found by expanding it once.
fn expansion(op: Op) -> usize {
    static TABLE: OnceLock<Vec<usize>> = OnceLock::new();
    if op.class() != Class::Math {
        return 1;
    }
    let table = TABLE.get_or_init(|| Op::all().map(measure).collect());
    table[op as usize]
}

fn measure(op: Op) -> usize {
    if op.class() != Class::Math {
        return 1;
    }
    let mut b = FuncBuilder::new(op.name());
    let mut args: Vec<NodeId> = (0..op.arity())
        .map(|i| b.scalar_param(format!("x{i}"), Scalar::F64))
        .collect();
    if op.rule() == Rule::Powi {
        args[1] = b.constant(kiln_ir::Const::int(Scalar::I32, 63));
    }
    let result = b.op(op, &args);
    let func = b.finish(&[result]);
    match kiln_opt::optimize(&func, &kiln_opt::OptConfig::default()) {
        Ok(optimized) => optimized.func.node_count(),
        Err(_) => EXPANSION_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_op_expands_to_more_than_the_bound() {
        for op in Op::all() {
            let nodes = expansion(op);
            assert!(nodes <= EXPANSION_MAX, "{}: {nodes}", op.name());
        }
        assert!(expansion(Op::Exp) > 20);
    }

    fn exponentials(len: usize) -> Func {
        let mut b = FuncBuilder::new("f");
        let mut x = b.scalar_param("x", Scalar::F64);
        for _ in 0..len {
            x = b.op(Op::Exp, &[x]);
        }
        b.finish(&[x])
    }

    #[test]
    fn the_limit_names_both_numbers() {
        let func = exponentials(2_000);
        let Err(error) = admit(&func, &Limits::untrusted()) else {
            panic!("2,000 exponentials in a row are too many");
        };
        let RuntimeError::Limit { found, limit, .. } = &error else {
            panic!("{error}");
        };
        assert!(*found > 2_000 * 20 && *limit == Limits::untrusted().expanded_nodes());
        let text = error.to_string();
        assert!(text.contains(&found.to_string()) && text.contains(&limit.to_string()));
        assert_eq!(
            admit(&func, &Limits::trusted()),
            Ok(Admitted { can_fail: false })
        );
    }

    /// Each calls the one before twice.
    fn doubling(depth: usize) -> Func {
        let mut func = exponentials(1);
        for _ in 0..depth {
            let mut b = FuncBuilder::new("f");
            let x = b.scalar_param("x", Scalar::F64);
            let callee = b.callee(Arc::new(func));
            let once = b.call(callee, &[kiln_ir::CallArg::Value(x)])[0];
            let twice = b.call(callee, &[kiln_ir::CallArg::Value(once)])[0];
            func = b.finish(&[twice]);
        }
        func
    }

    #[test]
    fn calls_count_as_what_they_call() {
        let limits = Limits::untrusted();
        assert!(admit(&doubling(5), &limits).is_ok());
        for depth in [30, CALL_DEPTH_MAX, CALL_DEPTH_MAX + 1] {
            let refused = admit(&doubling(depth), &limits);
            assert!(matches!(refused, Err(RuntimeError::Limit { .. })));
        }
    }
}
