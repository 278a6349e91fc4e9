//! Making a reduction of a loop that only counts, adds up or keeps the
//! greatest: of integers and truth values, whose order of combining shows in no
//! bit, so that it runs on vectors.
//!
//! ```text
//! for i in .. with c = c0 { yield select(x[i] > t, c + 1, c) }
//! becomes  c0 + reduce sum in_order i in .. { yield select(x[i] > t, 1, 0) }
//! ```
//! A loop may carry several such values, none of which sees another one.
//! Only loops that no other loop is around: there the one around may be the
//! better one to run on vectors, with this one inside. Sums and products of
//! floats stay, because they depend on the order.

use kiln_ir::{Combine, Func, Nest, Node, NodeId, Op, Reduced, RegionId, Rewrite, Shape, rewrite};

/// Replaces the loops that reduce; gives how many, or `None` if there are
/// none.
pub(crate) fn reduce(func: &Func) -> Option<(Func, u32)> {
    let nest = Nest::of(func);
    let loops = (0..func.node_count()).map(NodeId::new);
    let plans: Vec<(NodeId, Vec<Reduced>)> = loops
        .filter(|&id| is_outermost(func, &nest, id))
        .filter_map(|id| Some((id, plan(func, id)?)))
        .collect();
    if plans.is_empty() {
        return None;
    }
    let mut pass = Reduce { plans: &plans };
    Some((rewrite(func, &mut pass), plans.len() as u32))
}

fn is_outermost(func: &Func, nest: &Nest, id: NodeId) -> bool {
    let is_if = |owner: NodeId| matches!(func.node(owner), Node::If { .. });
    matches!(func.node(id), Node::For { .. })
        && nest.outwards(nest.home(id)).all(|(_, owner)| is_if(owner))
}

/// How a loop reduces, if it carries values and does nothing else with them.
fn plan(func: &Func, id: NodeId) -> Option<Vec<Reduced>> {
    let Node::For { ref init, body, .. } = *func.node(id) else {
        return None;
    };
    let region = func.region(body);
    let (&index, carried) = region.args.split_first()?;
    let only_reads = |id: &NodeId| matches!(func.node(*id), Node::Load { .. } | Node::Guard { .. });
    if init.is_empty() || !region.effects.iter().all(only_reads) || compares(func, index) {
        return None;
    }
    let values = carried.iter().zip(&region.yields);
    let plans = values.map(|(&carried, &next)| plan_of(func, carried, next));
    let plans: Vec<Reduced> = plans.collect::<Option<_>>()?;
    let kinds = plans.iter().zip(carried);
    let kinds: Vec<_> = kinds
        .map(|(p, &v)| (p.combine, func.ty(v).scalar))
        .collect();
    Shape::common_lanes(&kinds).map(|_| plans)
}

/// How a carried value reduces.
fn plan_of(func: &Func, carried: NodeId, next: NodeId) -> Option<Reduced> {
    let uses = |of: NodeId| uses(func, of);
    let plain = step(func, carried, next).filter(|_| uses(carried) == 1 && uses(next) == 1);
    if let Some((combine, value)) = plain {
        return Some(Reduced {
            combine,
            value,
            only: None,
        });
    }
    let (cond, [yes, no]) = choice(func, next)?;
    let (stepped, holds) = match (yes == carried, no == carried) {
        (false, true) => (yes, true),
        (true, false) => (no, false),
        _ => return None,
    };
    let (combine, value) = step(func, carried, stepped)?;
    let is_alone = uses(carried) == 2 && uses(stepped) == 1 && uses(next) == 1;
    is_alone.then_some(Reduced {
        combine,
        value,
        only: Some((cond, holds)),
    })
}

/// What a step combines the carried value with, and how.
fn step(func: &Func, carried: NodeId, next: NodeId) -> Option<(Combine, NodeId)> {
    let Node::Op { op, args } = func.node(next) else {
        return None;
    };
    let &[x, y] = &args[..] else {
        return None;
    };
    let value = match (x == carried, y == carried) {
        (true, false) => y,
        (false, true) => x,
        _ => return None,
    };
    let scalar = func.ty(next).scalar;
    let combine = match op {
        Op::Add if scalar.is_int() => Combine::Sum,
        Op::Mul if scalar.is_int() => Combine::Product,
        Op::Min => Combine::Min,
        Op::Max => Combine::Max,
        Op::Fmin => Combine::Fmin,
        Op::Fmax => Combine::Fmax,
        Op::And if !scalar.is_int() => Combine::All,
        Op::Or if !scalar.is_int() => Combine::Any,
        _ => return None,
    };
    Some((combine, value))
}

/// A choice between two values by a condition.
fn choice(func: &Func, id: NodeId) -> Option<(NodeId, [NodeId; 2])> {
    match func.node(id) {
        Node::Op {
            op: Op::Select,
            args,
        } => Some((args[0], [args[1], args[2]])),
        Node::Proj { of, index } => match *func.node(*of) {
            Node::If {
                cond,
                then,
                otherwise,
            } if func.is_pure(*of) => {
                let given = |side: RegionId| func.region(side).yields[*index as usize];
                Some((cond, [then, otherwise].map(given)))
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether what a round does depends on a comparison of its index: then the
/// loop may be cut where that changes, which a reduction is not. Comparisons
/// for guards do not count.
fn compares(func: &Func, index: NodeId) -> bool {
    let compares = |id: NodeId| match func.node(id) {
        Node::Op { op, args } => {
            matches!(op, Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge)
                && args.contains(&index)
        }
        _ => false,
    };
    let decides = |id: NodeId| match func.node(id) {
        Node::If { cond, .. } => Some(*cond),
        Node::Op {
            op: Op::Select,
            args,
        } => Some(args[0]),
        _ => None,
    };
    let nodes = (0..func.node_count()).map(NodeId::new);
    nodes.filter_map(decides).any(|cond| {
        let mut pending = vec![cond];
        while let Some(id) = pending.pop() {
            if compares(id) {
                return true;
            }
            if let Node::Op {
                op: Op::And | Op::Or | Op::Not,
                args,
            } = func.node(id)
            {
                pending.extend(args.iter().copied());
            }
        }
        false
    })
}

/// How often a value is read or given.
fn uses(func: &Func, of: NodeId) -> usize {
    let mut count = 0;
    for id in (0..func.node_count()).map(NodeId::new) {
        func.for_each_operand(id, |v| count += usize::from(v == of));
        for region in func.regions_of(id) {
            let given = func.region(region).yields.iter();
            count += given.filter(|&&v| v == of).count();
        }
    }
    count
}

struct Reduce<'a> {
    plans: &'a [(NodeId, Vec<Reduced>)],
}

impl Rewrite for Reduce<'_> {
    fn reduces(&mut self, old: NodeId) -> Option<Vec<Reduced>> {
        let found = self.plans.iter().find(|(id, _)| *id == old);
        found.map(|(_, plan)| plan.clone())
    }
}
