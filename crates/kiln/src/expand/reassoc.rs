//! `#[kernel(reassoc)]`: sums and products of floats that a loop makes one
//! after the other become reductions of the shape `tree`, in which no value
//! waits for the one before.
//!
//! It is done while the function is built, so that every tier runs the same
//! reduction. A loop is one if it counts, carries one float and nothing else,
//! and does nothing with it but add to it or multiply it; what else a round
//! does stays. Absent on purpose: loops that carry several values, which would
//! have to be taken apart.

use super::Body;
use kiln_ir::{Combine, NodeId, Op, RegionId};

/// What a loop combines, and how that meets what was there before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reassociated {
    pub(super) combine: Combine,
    /// What each round gives.
    pub(super) value: NodeId,
    /// The operator between the value before the loop and what it combines.
    pub(super) op: Op,
}

impl Body {
    /// The reduction that the open loop is, whose only carried value is
    /// `carried` at the start of a round and `next` at its end.
    pub(super) fn reassociated(&self, carried: NodeId, next: NodeId) -> Option<Reassociated> {
        if !self.rules.get().reassoc || !self.scalar(carried).is_float() {
            return None;
        }
        let (op, args) = self.as_op(next)?;
        let found = match (op, &args[..]) {
            (Op::Add | Op::Mul, &[x, y]) if x == carried => (op, y),
            (Op::Add | Op::Mul, &[x, y]) if y == carried => (op, x),
            // s - e is s + (-e), exactly.
            (Op::Sub, &[x, e]) if x == carried => (Op::Add, self.op(Op::Neg, &[e])),
            // Rounded with the sum where that was wanted; here alone.
            (Op::Fma, &[x, y, z]) if z == carried => (Op::Add, self.op(Op::Mul, &[x, y])),
            _ => return None,
        };
        let is_alone = self.uses(carried) == 1 && self.uses(next) == 0;
        is_alone.then_some(Reassociated {
            combine: match found.0 {
                Op::Mul => Combine::Product,
                _ => Combine::Sum,
            },
            value: found.1,
            op: found.0,
        })
    }

    /// How often a node is an operand of another one, or given by a region
    /// that is closed.
    fn uses(&self, id: NodeId) -> usize {
        let state = self.state.borrow();
        let func = state.func.func();
        let mut count = 0;
        for node in (id.index() + 1..func.node_count()).map(NodeId::new) {
            func.for_each_operand(node, |operand| count += usize::from(operand == id));
            for region in func.regions_of(node) {
                count += given(func, region, id);
            }
        }
        count
    }
}

fn given(func: &kiln_ir::Func, region: RegionId, id: NodeId) -> usize {
    let yields = func.region(region).yields.iter();
    yields.filter(|&&given| given == id).count()
}
