//! What integers a value can be: an interval for each node.
//!
//! Interval arithmetic (Moore 1966) in 128 bits over the whole arena, once,
//! in order. A result that can leave its type may be anything of its type. A
//! loop's index is known by its bounds; a carried value is not.

use crate::func::{ArrayRef, Func, Node, NodeId, Operands};
use crate::nest::Nest;
use crate::op::Op;
use crate::types::{ArrayType, Layout, Scalar};

/// The integers from `lo` to `hi`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interval {
    /// The least.
    pub lo: i128,
    /// The greatest.
    pub hi: i128,
}

impl Interval {
    /// One integer.
    pub const fn point(value: i128) -> Interval {
        Interval {
            lo: value,
            hi: value,
        }
    }

    /// The values of an integer type; 0 and 1 for `bool`.
    pub const fn of_type(scalar: Scalar) -> Interval {
        let bits = scalar.bits();
        match scalar.is_signed() {
            true => Interval {
                lo: -(1 << (bits - 1)),
                hi: (1 << (bits - 1)) - 1,
            },
            false => Interval {
                lo: 0,
                hi: (1 << bits) - 1,
            },
        }
    }

    /// Whether every value of `other` is one of these.
    pub const fn holds(self, other: Interval) -> bool {
        self.lo <= other.lo && other.hi <= self.hi
    }

    /// The sums; `None` beyond 128 bits.
    pub fn plus(self, other: Interval) -> Option<Interval> {
        Some(Interval {
            lo: self.lo.checked_add(other.lo)?,
            hi: self.hi.checked_add(other.hi)?,
        })
    }

    /// The differences; `None` beyond 128 bits.
    pub fn minus(self, other: Interval) -> Option<Interval> {
        Some(Interval {
            lo: self.lo.checked_sub(other.hi)?,
            hi: self.hi.checked_sub(other.lo)?,
        })
    }

    /// The products; `None` beyond 128 bits.
    pub fn times(self, other: Interval) -> Option<Interval> {
        let corners = [
            self.lo.checked_mul(other.lo)?,
            self.lo.checked_mul(other.hi)?,
            self.hi.checked_mul(other.lo)?,
            self.hi.checked_mul(other.hi)?,
        ];
        Some(Interval {
            lo: corners.into_iter().min()?,
            hi: corners.into_iter().max()?,
        })
    }

    /// The values of either.
    fn union(self, other: Interval) -> Interval {
        Interval {
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
        }
    }
}

/// An interval for each node that is an integer.
#[derive(Clone, Debug)]
pub struct Ranges {
    of: Vec<Interval>,
    exact: Vec<bool>,
}

impl Ranges {
    /// The intervals of a verified Func.
    pub fn of(func: &Func, nest: &Nest) -> Ranges {
        let mut ranges = Ranges {
            of: Vec::with_capacity(func.node_count()),
            exact: Vec::with_capacity(func.node_count()),
        };
        for id in (0..func.node_count()).map(NodeId::new) {
            let (interval, exact) = ranges.node(func, nest, id);
            ranges.of.push(interval);
            ranges.exact.push(exact);
        }
        ranges
    }

    /// The interval of an integer or a `bool`; of anything else it means
    /// nothing.
    pub fn get(&self, id: NodeId) -> Interval {
        self.of[id.index()]
    }

    /// Whether an op's value is what the op computes over whole numbers
    /// without bounds: it wraps for no operands it can have.
    pub fn is_exact(&self, id: NodeId) -> bool {
        self.exact[id.index()]
    }

    fn node(&self, func: &Func, nest: &Nest, id: NodeId) -> (Interval, bool) {
        let Some(scalar) = func.value_type(id).map(|ty| ty.scalar) else {
            return (Interval::point(0), false);
        };
        if scalar.is_float() {
            return (Interval::point(0), false);
        }
        let whole = Interval::of_type(scalar);
        let found = match func.node(id) {
            Node::Const(value) => value.as_int().map(Interval::point),
            Node::Len { array, dim } => Some(extent(func, *array, *dim)),
            Node::Arg { .. } => self.index(func, nest, id),
            Node::Op { op, args } => self.op(func, *op, args),
            _ => None,
        };
        match found {
            Some(interval) if whole.holds(interval) => (interval, true),
            _ => (whole, false),
        }
    }

    /// A loop's index, where its bounds stand before it.
    fn index(&self, func: &Func, nest: &Nest, id: NodeId) -> Option<Interval> {
        let (_, lo, hi) = nest.index_of(func, id)?;
        let (lo, hi) = (self.of.get(lo.index())?, self.of.get(hi.index())?);
        // In a round the first index is below the bound.
        (lo.lo < hi.hi).then_some(Interval {
            lo: lo.lo,
            hi: hi.hi - 1,
        })
    }

    fn op(&self, func: &Func, op: Op, args: &Operands) -> Option<Interval> {
        let int = |at: usize| {
            let ty = func.ty(args[at]);
            (!ty.scalar.is_float()).then(|| self.get(args[at]))
        };
        match op {
            Op::Add => int(0)?.plus(int(1)?),
            Op::Sub => int(0)?.minus(int(1)?),
            Op::Mul => int(0)?.times(int(1)?),
            Op::Neg => Interval::point(0).minus(int(0)?),
            Op::Cast => int(0),
            Op::Shl => {
                let shift = func.as_const(args[1])?.as_int()?;
                (0..63).contains(&shift).then_some(())?;
                int(0)?.times(Interval::point(1 << shift))
            }
            Op::Min => {
                let (x, y) = (int(0)?, int(1)?);
                Some(Interval {
                    lo: x.lo.min(y.lo),
                    hi: x.hi.min(y.hi),
                })
            }
            Op::Max => {
                let (x, y) = (int(0)?, int(1)?);
                Some(Interval {
                    lo: x.lo.max(y.lo),
                    hi: x.hi.max(y.hi),
                })
            }
            Op::Select => Some(int(1)?.union(int(2)?)),
            // Those of an x that is not negative, by what is not: x / c and
            // x >> c come as far as they do for the least c, x % c stays
            // within both.
            Op::Div | Op::Shr | Op::Rem => {
                let (x, y) = (int(0)?, int(1)?);
                (x.lo >= 0).then_some(())?;
                let bits = i128::from(func.ty(args[0]).scalar.bits());
                let below = match op {
                    Op::Rem if y.lo > 0 => x.hi.min(y.hi - 1),
                    Op::Div if y.lo > 0 => x.hi / y.lo,
                    Op::Shr if 0 <= y.lo && y.hi < bits => x.hi >> y.lo,
                    _ => x.hi,
                };
                let signed_divisor = op == Op::Div && y.lo < 0;
                (!signed_divisor).then_some(Interval { lo: 0, hi: below })
            }
            Op::And => {
                let (x, y) = (int(0)?, int(1)?);
                let hi = match (x.lo >= 0, y.lo >= 0) {
                    (true, true) => x.hi.min(y.hi),
                    (true, false) => x.hi,
                    (false, true) => y.hi,
                    (false, false) => return None,
                };
                Some(Interval { lo: 0, hi })
            }
            _ => None,
        }
    }
}

/// The extents an array can have: no array is larger than memory, so the only
/// extent of a contiguous one is bounded by the size of its elements.
fn extent(func: &Func, array: ArrayRef, dim: u8) -> Interval {
    let ArrayType {
        elem, rank, layout, ..
    } = func.array_type(array);
    if let (ArrayRef::Local(index), 0) = (array, dim) {
        return Interval::point(func.locals()[index as usize].len.into());
    }
    let per_element = match (rank, layout) {
        (1, Layout::Contiguous) => elem.bytes() as i128,
        _ => 1,
    };
    Interval {
        lo: 0,
        hi: i128::from(i64::MAX) / per_element,
    }
}
