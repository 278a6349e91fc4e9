//! Conditions and choices, with missing values as the third truth.
//!
//! The value under a missing slot is arbitrary, so no formula here lets it
//! through: each is checked against the truth table of Kleene's strong logic in
//! the tests.

use super::{Lowerer, Value, Weight};
use crate::ast::{BinaryOp, ExprId};
use crate::types::Kind;
use kiln_ir::{NodeId, Op};

/// Most branches inside one another. Tiers walk regions recursively, and the
/// text form of the IR stops at twice this depth.
const BRANCHES_MAX: u8 = 64;

impl Lowerer<'_> {
    pub(super) fn logic(&mut self, op: BinaryOp, x: ExprId, y: ExprId) -> Value {
        let (a, b) = (self.get(x, Kind::Bool), self.get(y, Kind::Bool));
        let is_and = matches!(op, BinaryOp::And | BinaryOp::BitAnd);
        let node = if is_and {
            self.and(a, b)
        } else {
            self.or(a, b)
        };
        let valid = match (self.valid(x), self.valid(y)) {
            (None, None) => None,
            _ => Some(self.kleene_validity(is_and, x, y, a, b)),
        };
        Value {
            node: Some(node),
            raw: None,
            valid,
        }
    }

    /// The result is there if both sides are, or if one that is there decides:
    /// a false one for `and`, a true one for `or`.
    fn kleene_validity(
        &mut self,
        is_and: bool,
        x: ExprId,
        y: ExprId,
        a: NodeId,
        b: NodeId,
    ) -> NodeId {
        let (va, vb) = (self.validity(x), self.validity(y));
        let (a_decides, b_decides) = if is_and {
            (self.not(a), self.not(b))
        } else {
            (a, b)
        };
        let both = self.and(va, vb);
        let left = self.and(va, a_decides);
        let right = self.and(vb, b_decides);
        let either = self.or(left, right);
        self.or(both, either)
    }

    /// A choice. A side that costs much is put behind a branch of its own;
    /// otherwise picking one of two finished values is cheaper than a jump.
    /// So it is too where branches would lie too deep inside one another,
    /// whatever the sides cost.
    pub(super) fn conditional(
        &mut self,
        id: ExprId,
        cond: ExprId,
        yes: ExprId,
        no: ExprId,
    ) -> (Value, Weight) {
        let kind = self.ty(id).kind;
        let c = self.get(cond, Kind::Bool);
        let (a, b) = (self.get(yes, kind), self.get(no, kind));
        let sides_valid = match (self.valid(yes), self.valid(no)) {
            (None, None) => None,
            _ => Some((self.validity(yes), self.validity(no))),
        };
        let mut weight = self.weight_of(&[cond, yes, no]);
        let branch = self.weight_of(&[yes, no]).costly && weight.height < BRANCHES_MAX;
        let (node, chosen_valid) = if branch {
            weight.height += 1;
            self.branch(c, (a, b), sides_valid)
        } else {
            let node = self.b.select(c, a, b);
            let valid = sides_valid.map(|(va, vb)| self.b.select(c, va, vb));
            (node, valid)
        };
        let valid = self.both_valid(self.valid(cond), chosen_valid);
        let value = Value {
            node: Some(node),
            raw: None,
            valid,
        };
        (value, weight)
    }

    fn branch(
        &mut self,
        c: NodeId,
        (a, b): (NodeId, NodeId),
        valid: Option<(NodeId, NodeId)>,
    ) -> (NodeId, Option<NodeId>) {
        self.b.begin_if();
        let results = match valid {
            Some((va, vb)) => {
                let then = self.b.begin_else(&[a, va]);
                self.b.end_if(c, then, &[b, vb])
            }
            None => {
                let then = self.b.begin_else(&[a]);
                self.b.end_if(c, then, &[b])
            }
        };
        (results[0], results.get(1).copied())
    }

    /// Whether `x` is surely true (or false): it is there and says so.
    pub(super) fn surely(&mut self, x: ExprId, truth: bool) -> NodeId {
        let value = self.get(x, Kind::Bool);
        let says_so = if truth { value } else { self.not(value) };
        match self.valid(x) {
            Some(valid) => self.b.op(Op::And, &[valid, says_so]),
            None => says_so,
        }
    }
}
