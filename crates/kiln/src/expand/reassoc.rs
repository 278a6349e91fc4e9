//! `#[kernel(reassoc)]`: sums and products of floats that a loop makes one
//! after the other become reductions of the shape `tree`, in which no value
//! waits for the one before.
//!
//! It is done while the function is built, so that every tier runs the same
//! reduction. A loop is one if it counts, and does nothing with a value that it
//! carries but add to it, multiply it or keep the least or greatest one, and
//! adds up or multiplies at least one float; what else a round does stays.
//! Several values are one reduction of several, so sums of pairs, of squares
//! and of products are made in one loop. Absent on purpose: loops that carry
//! something else beside, and sums of f32 beside those of f64, whose shapes
//! differ.

use super::Body;
use kiln_ir::{Combine, NodeId, Op, RegionId, Shape};

/// What a loop combines into one of the values that it carries, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reassociated {
    pub(super) combine: Combine,
    /// What each round gives.
    pub(super) value: NodeId,
}

impl Body {
    /// The reductions that the open loop is, whose carried values are
    /// `carried` at the start of a round and `next` at its end.
    pub(super) fn reassociated(
        &self,
        carried: &[NodeId],
        next: &[NodeId],
    ) -> Option<Vec<Reassociated>> {
        if !self.rules.get().reassoc {
            return None;
        }
        let pairs = carried.iter().zip(next);
        let found = pairs.map(|(&carried, &next)| self.reassociated_one(carried, next));
        let found: Vec<Reassociated> = found.collect::<Option<_>>()?;
        let kinds = found.iter().zip(carried);
        let kinds: Vec<_> = kinds.map(|(f, &v)| (f.combine, self.scalar(v))).collect();
        // Where no order shows nothing is to be gained here.
        let is_free = kinds.iter().all(|(combine, ty)| combine.is_free(*ty));
        let next_are_apart = next.iter().enumerate().all(|(i, v)| !next[..i].contains(v));
        (!is_free && next_are_apart && Shape::common_lanes(&kinds).is_some()).then_some(found)
    }

    fn reassociated_one(&self, carried: NodeId, next: NodeId) -> Option<Reassociated> {
        let (op, args) = self.as_op(next)?;
        let combine = match op {
            Op::Add | Op::Sub | Op::Fma => Combine::Sum,
            Op::Mul => Combine::Product,
            Op::Min => Combine::Min,
            Op::Max => Combine::Max,
            Op::Fmin => Combine::Fmin,
            Op::Fmax => Combine::Fmax,
            _ => return None,
        };
        let value = match (op, &args[..]) {
            (Op::Add | Op::Mul | Op::Min | Op::Max | Op::Fmin | Op::Fmax, &[x, y]) => {
                match (x == carried, y == carried) {
                    (true, false) => y,
                    (false, true) => x,
                    _ => return None,
                }
            }
            // s - e is s + (-e), exactly.
            (Op::Sub, &[x, e]) if x == carried => self.op(Op::Neg, &[e]),
            // Rounded with the sum where that was wanted; here alone.
            (Op::Fma, &[x, y, z]) if z == carried => self.op(Op::Mul, &[x, y]),
            _ => return None,
        };
        let is_alone = self.uses(carried) == 1 && self.uses(next) == 0;
        is_alone.then_some(Reassociated { combine, value })
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
