//! What its users do themselves: negations in fused multiply-adds, and
//! complements of comparisons in conjunctions.

use crate::Level;
use kiln_ir::{Func, Node, NodeId, Op, Scalar, Schedule};

/// Negations that only fused multiply-adds read: those have forms that
/// negate, and `fma(-x, y, z)` is the same number however it is written.
pub(super) fn absorbed_negations(func: &Func, schedule: &Schedule) -> Vec<bool> {
    let is_negation = |id: NodeId| {
        matches!(func.node(id), Node::Op { op: Op::Neg, .. }) && func.ty(id).scalar.is_float()
    };
    let takes_over = |id: NodeId| matches!(func.node(id), Node::Op { op: Op::Fma, .. });
    only_read_by(func, schedule, is_negation, takes_over)
}

/// Comparisons of integers that only conjunctions read, and that AVX2 makes
/// as the complement of another one: `and(m, ne(x, y))` is `vpandn` of
/// `eq(x, y)` and `m`.
pub(super) fn absorbed_complements(func: &Func, schedule: &Schedule, level: Level) -> Vec<bool> {
    let is_complement = |id: NodeId| match func.node(id) {
        Node::Op { op, args } => level < Level::Avx512 && complement(func, *op, args).is_some(),
        _ => false,
    };
    let takes_over = |id: NodeId| {
        matches!(func.node(id), Node::Op { op: Op::And, .. }) && func.ty(id).scalar == Scalar::Bool
    };
    only_read_by(func, schedule, is_complement, takes_over)
}

/// The comparison that AVX2 makes for one whose complement it is.
pub(super) fn complement(func: &Func, op: Op, args: &[NodeId]) -> Option<Op> {
    let complement = match op {
        Op::Ne => Op::Eq,
        Op::Le => Op::Gt,
        Op::Ge => Op::Lt,
        _ => return None,
    };
    func.ty(args[0]).scalar.is_int().then_some(complement)
}

/// The candidates that are read by nodes of a kind and by nothing else.
fn only_read_by(
    func: &Func,
    schedule: &Schedule,
    is_candidate: impl Fn(NodeId) -> bool,
    takes_over: impl Fn(NodeId) -> bool,
) -> Vec<bool> {
    let nodes = || (0..func.node_count()).map(NodeId::new);
    let mut absorbed: Vec<bool> = nodes().map(is_candidate).collect();
    if !absorbed.contains(&true) {
        return absorbed;
    }
    for id in nodes().filter(|&id| !takes_over(id)) {
        if schedule.place(id).is_none() && !matches!(func.node(id), Node::If { .. }) {
            continue;
        }
        func.for_each_operand(id, |used| absorbed[used.index()] = false);
        for region in func.regions_of(id) {
            for &used in &func.region(region).yields {
                absorbed[used.index()] = false;
            }
        }
    }
    absorbed
}
