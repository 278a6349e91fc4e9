//! Rules for pure `if`s, which are no ops and have a table of their own.

use super::{Counts, FUEL, as_op, simplify_op};
use crate::cost::{BRANCH_PRICE, region_price};
use kiln_ir::{Choice, FuncBuilder, Node, NodeId, Op};

/// The names of the rules, in the order of [`simplify`].
pub(super) const NAMES: [&str; 3] = ["if-not", "if-same", "if-cheap"];

const IF_NOT: usize = 0;
const IF_SAME: usize = 1;
const IF_CHEAP: usize = 2;

/// Makes a pure `if`, or simpler values that are the same.
pub(super) fn simplify(
    b: &mut FuncBuilder,
    counts: &mut Counts,
    choice: &Choice<'_>,
) -> Vec<NodeId> {
    // if not c { x } else { y } = if c { y } else { x }.
    if let Some((Op::Not, args)) = as_op(b, choice.cond) {
        counts.add_choice(IF_NOT);
        let swapped = Choice {
            cond: args[0],
            yes: choice.no,
            no: choice.yes,
            ..*choice
        };
        return simplify(b, counts, &swapped);
    }
    // if c { x } else { x } = x.
    if choice.yes == choice.no {
        counts.add_choice(IF_SAME);
        return choice.yes.to_vec();
    }
    // if c { x } else { y } = select(c, x, y), where both cost less than asking.
    if is_cheap(choice) {
        counts.add_choice(IF_CHEAP);
        let pairs = choice.yes.iter().zip(choice.no);
        return pairs
            .map(|(&x, &y)| {
                let ty = b.ty(x);
                simplify_op(b, counts, Op::Select, &[choice.cond, x, y], ty, FUEL)
            })
            .collect();
    }
    choice.make(b)
}

/// Whether both sides are a few ops. A load stays where its condition keeps
/// it from an index that does not exist.
fn is_cheap(choice: &Choice<'_>) -> bool {
    let Choice { func, schedule, .. } = choice;
    let mut sides = func.regions_of(choice.old);
    sides.all(|side| {
        let mut nodes = schedule.nodes(side).iter();
        nodes.all(|&id| is_op(func.node(id))) && region_price(func, schedule, side) <= BRANCH_PRICE
    })
}

fn is_op(node: &Node) -> bool {
    matches!(node, Node::Op { .. } | Node::Const(_) | Node::Param(_))
}
