//! Bounds: whether an index lies inside its array, in every round of the
//! loops around it.
//!
//! An index is a polynomial over the indices of loops and over values known
//! outside of them. Its least and greatest value over a loop are found by
//! eliminating the loop's index, innermost first: where the polynomial grows
//! with the index (its difference is proved never negative by interval
//! arithmetic), the least value is at the first index, the greatest at the
//! last; where it is linear but nothing is known of the slope, both ends
//! count. What is left are polynomials over values known before the loops,
//! which must not be negative: they hold by themselves, or a `retry` guard
//! tested them, or the access is not proved.
//!
//! Polynomials are over whole numbers, ops on `i64` wrap. A loop's bound is
//! taken apart only where its ops provably do not wrap, or a guard tested
//! that they do not. An index may wrap on the way: if its polynomial, taken
//! without wrapping, lies inside the array, it has the same value.
//!
//! [`check_accesses`] trusts nothing but the Func before it. The pass that
//! removes guards asks [`Bounds::derive`] which tests would do.

mod check;
mod context;
mod proof;
mod value;

pub use check::{always_inside, check_accesses};
pub use context::Context;
pub(crate) use proof::loop_bounds;

use crate::func::{Func, Node, NodeId};
use crate::nest::Nest;
use crate::op::Op;
use crate::range::Ranges;
use crate::types::Type;
use rustc_hash::FxHashMap;

/// Why a bound is not proved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unproved {
    /// It depends on this value, which is not known before the loops.
    Depends(NodeId),
    /// It is no polynomial whose extremes are found, or a very large one.
    Form,
    /// It is broken whenever the access is reached.
    Never,
}

/// A guard that an index lies inside an extent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndexGuard {
    /// The index, an `i64`, or what [`Bounds::number`] has for it.
    pub index: NodeId,
    /// The extent, likewise.
    pub extent: NodeId,
}

/// A Func with what its bounds need.
#[derive(Debug)]
pub struct Bounds<'a> {
    func: &'a Func,
    nest: Nest,
    ranges: Ranges,
    /// The first constant of each whole number, whatever its type.
    numbers: FxHashMap<i128, NodeId>,
}

impl<'a> Bounds<'a> {
    /// Looks at a verified Func.
    pub fn of(func: &'a Func) -> Bounds<'a> {
        let nest = Nest::of(func);
        let ranges = Ranges::of(func, &nest);
        let mut numbers = FxHashMap::default();
        for id in (0..func.node_count()).map(NodeId::new) {
            if let Some(number) = func.as_const(id).and_then(|c| c.as_int()) {
                numbers.entry(number).or_insert(id);
            }
        }
        Bounds {
            func,
            nest,
            ranges,
            numbers,
        }
    }

    /// One node for all constants of the same whole number; any other node is
    /// itself.
    pub fn number(&self, id: NodeId) -> NodeId {
        let number = self.func.as_const(id).and_then(|c| c.as_int());
        number.map_or(id, |n| self.numbers[&n])
    }

    /// Where things stand.
    pub fn nest(&self) -> &Nest {
        &self.nest
    }

    /// What integers values can be.
    pub fn ranges(&self) -> &Ranges {
        &self.ranges
    }

    /// The indices that a guard's condition says to lie inside extents. Empty
    /// if it is not a conjunction of nothing but `u64(index) < u64(extent)`
    /// and pairs of `0 <= index` and `index < extent`.
    pub fn index_guards(&self, cond: NodeId) -> Vec<IndexGuard> {
        let (mut found, mut not_negative, mut below) = (Vec::new(), Vec::new(), Vec::new());
        for (leaf, holds) in self.leaves(cond, true, &[]) {
            let less = self.binary(leaf).and_then(|part| self.less(part, holds));
            let Some((x, y, strict)) = less else {
                return Vec::new();
            };
            match self.unsigned_pair(x, y) {
                Some(pair) if strict => found.push(pair),
                _ if self.func.ty(x) != Type::I64 => return Vec::new(),
                _ if !strict && self.is_zero(x) => not_negative.push(y),
                _ if strict => below.push((x, y)),
                _ => return Vec::new(),
            }
        }
        if !not_negative
            .iter()
            .all(|v| below.iter().any(|(x, _)| x == v))
        {
            return Vec::new();
        }
        for (index, extent) in below {
            if !not_negative.contains(&index) && self.ranges.get(index).lo < 0 {
                return Vec::new();
            }
            found.push(IndexGuard { index, extent });
        }
        let numbers = found.iter().map(|guard| IndexGuard {
            index: self.number(guard.index),
            extent: self.number(guard.extent),
        });
        numbers.collect()
    }

    /// A comparison as `x < y` or `x <= y`, with whether it is strict.
    fn less(
        &self,
        (op, x, y): (Op, NodeId, NodeId),
        holds: bool,
    ) -> Option<(NodeId, NodeId, bool)> {
        if !self.func.ty(x).scalar.is_int() {
            return None;
        }
        match (op, holds) {
            (Op::Lt, true) | (Op::Ge, false) => Some((x, y, true)),
            (Op::Le, true) | (Op::Gt, false) => Some((x, y, false)),
            (Op::Gt, true) | (Op::Le, false) => Some((y, x, true)),
            (Op::Ge, true) | (Op::Lt, false) => Some((y, x, false)),
            _ => None,
        }
    }

    fn is_zero(&self, id: NodeId) -> bool {
        self.func.as_const(id).and_then(|c| c.as_int()) == Some(0)
    }

    pub(super) fn binary(&self, id: NodeId) -> Option<(Op, NodeId, NodeId)> {
        match self.func.node(id) {
            Node::Op { op, args } if args.len() == 2 => Some((*op, args[0], args[1])),
            _ => None,
        }
    }

    fn unsigned_pair(&self, x: NodeId, y: NodeId) -> Option<IndexGuard> {
        Some(IndexGuard {
            index: self.before_unsigned(x)?,
            extent: self.before_unsigned(y)?,
        })
    }

    /// The value and the extent of `x < u64(extent)`, where `x` is a `u64` by
    /// itself or made of another integer.
    fn unsigned_below(&self, leaf: NodeId, holds: bool) -> Option<(NodeId, NodeId)> {
        let (x, y, strict) = self.less(self.binary(leaf)?, holds)?;
        (strict && self.func.ty(x) == Type::U64).then_some(())?;
        let extent = self.number(self.before_unsigned(y)?);
        Some((self.before_cast(x).unwrap_or(x), extent))
    }

    /// The integer that another one is a cast of: the same one gives the same
    /// bits as a `u64` and as an `i64`.
    fn before_cast(&self, id: NodeId) -> Option<NodeId> {
        match self.func.node(id) {
            Node::Op { op: Op::Cast, args } => {
                self.func.ty(args[0]).scalar.is_int().then_some(args[0])
            }
            _ => None,
        }
    }

    /// The `i64` that a `u64` was; a small constant is one itself.
    fn before_unsigned(&self, id: NodeId) -> Option<NodeId> {
        if self.func.ty(id) != Type::U64 {
            return None;
        }
        match self.func.node(id) {
            Node::Op { op: Op::Cast, args } if self.func.ty(args[0]) == Type::I64 => Some(args[0]),
            Node::Const(c) if c.as_int()? <= i128::from(i64::MAX) => Some(id),
            _ => None,
        }
    }
}
