//! What a Func becomes, told before it becomes it.
//!
//! A mathematical function is one node in the source and dozens once it is
//! expanded, and a call is as large as what it calls. The sum is known
//! without expanding anything, so a computation that would take too long to
//! compile is refused when a kernel is made, in the time it takes to read it.

use crate::error::RuntimeError;
use crate::limits::Limits;
use kiln_ir::{Class, Func, FuncBuilder, Node, NodeId, Op, Rule, Scalar};
use std::sync::OnceLock;

/// More than any one op expands to.
const EXPANSION_MAX: usize = 512;

/// Checks that the Func fits the compile budget once it is expanded.
pub(crate) fn check(func: &Func, limits: &Limits) -> Result<(), RuntimeError> {
    let limit = limits.expanded_nodes();
    let is_small = func.callees().is_empty() && func.node_count() < limit / EXPANSION_MAX;
    if is_small {
        return Ok(());
    }
    let found = expanded_nodes(func, 0);
    if found > limit {
        return Err(RuntimeError::Limit {
            what: "nodes, once functions are expanded,",
            found,
            limit,
        });
    }
    Ok(())
}

/// Whether a Func or one that it calls has arrays of its own. Recurses on the
/// nesting of calls, to a limit.
pub(crate) fn has_arrays_inside(func: &Func) -> bool {
    fn inside(func: &Func, depth: usize) -> bool {
        !func.is_scalar()
            || depth > kiln_opt::CALL_DEPTH_MAX
            || func.callees().iter().any(|f| inside(f, depth + 1))
    }
    inside(func, 0)
}

/// Nodes of the Func once it is expanded: an upper bound, as nodes that turn
/// out equal are merged later. Recurses on the nesting of calls, to a limit.
fn expanded_nodes(func: &Func, depth: usize) -> usize {
    if depth > kiln_opt::CALL_DEPTH_MAX {
        return usize::MAX;
    }
    let callees: Vec<usize> = func
        .callees()
        .iter()
        .map(|callee| expanded_nodes(callee, depth + 1))
        .collect();
    (0..func.node_count())
        .map(|index| match func.node(NodeId::new(index)) {
            Node::Op { op, .. } => expansion(*op),
            Node::Call { callee, .. } => callees[*callee as usize],
            _ => 1,
        })
        .fold(0, usize::saturating_add)
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

    #[test]
    fn the_limit_names_both_numbers() {
        let mut b = FuncBuilder::new("f");
        let mut x = b.scalar_param("x", Scalar::F64);
        for _ in 0..2_000 {
            x = b.op(Op::Exp, &[x]);
        }
        let func = b.finish(&[x]);
        let Err(error) = check(&func, &Limits::untrusted()) else {
            panic!("2,000 exponentials in a row are too many");
        };
        let RuntimeError::Limit { found, limit, .. } = &error else {
            panic!("{error}");
        };
        assert!(*found > 2_000 * 20 && *limit == Limits::untrusted().expanded_nodes());
        let text = error.to_string();
        assert!(text.contains(&found.to_string()) && text.contains(&limit.to_string()));
        assert_eq!(check(&func, &Limits::trusted()), Ok(()));
    }
}
