//! Intervals of whole numbers: what a value can be, given the widths of the
//! inputs, so that a test that can never fail is never emitted.
//!
//! Bounds are computed in 128 bits, where no operation on 64-bit bounds can
//! overflow, and cut to i64 when they become a node's range. Every function
//! gives an interval that contains each possible result; most give the least.

use crate::ast::BinaryOp;
use kiln_ir::Scalar;

/// The least and the greatest value, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) lo: i64,
    pub(crate) hi: i64,
}

/// An interval before it is cut to i64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wide {
    lo: i128,
    hi: i128,
}

impl Range {
    pub(crate) const FULL: Range = Range::new(i64::MIN, i64::MAX);
    pub(crate) const TRUTH: Range = Range::new(0, 1);

    pub(crate) const fn new(lo: i64, hi: i64) -> Range {
        Range { lo, hi }
    }

    pub(crate) fn exactly(value: i64) -> Range {
        Range::new(value, value)
    }

    /// What an input of this type holds; a u64 above i64::MAX is refused by a
    /// guard.
    pub(crate) fn of(scalar: Scalar) -> Range {
        match scalar {
            Scalar::Bool => Range::TRUTH,
            Scalar::I8 => Range::new(i8::MIN.into(), i8::MAX.into()),
            Scalar::I16 => Range::new(i16::MIN.into(), i16::MAX.into()),
            Scalar::I32 => Range::new(i32::MIN.into(), i32::MAX.into()),
            Scalar::U8 => Range::new(0, u8::MAX.into()),
            Scalar::U16 => Range::new(0, u16::MAX.into()),
            Scalar::U32 => Range::new(0, u32::MAX.into()),
            Scalar::U64 => Range::new(0, i64::MAX),
            Scalar::I64 | Scalar::F32 | Scalar::F64 => Range::FULL,
        }
    }

    pub(crate) fn contains(self, value: i64) -> bool {
        self.lo <= value && value <= self.hi
    }

    pub(crate) fn is_within(self, lo: i64, hi: i64) -> bool {
        lo <= self.lo && self.hi <= hi
    }

    /// The least range that holds both.
    pub(crate) fn join(self, other: Range) -> Range {
        Range::new(self.lo.min(other.lo), self.hi.max(other.hi))
    }

    fn wide(self) -> Wide {
        Wide {
            lo: self.lo.into(),
            hi: self.hi.into(),
        }
    }

    /// The greatest magnitude.
    fn magnitude(self) -> i128 {
        self.wide().lo.abs().max(self.wide().hi.abs())
    }

    pub(crate) fn neg(self) -> Wide {
        let wide = self.wide();
        Wide {
            lo: -wide.hi,
            hi: -wide.lo,
        }
    }

    pub(crate) fn abs(self) -> Wide {
        let lo = if self.contains(0) {
            0
        } else {
            self.wide().lo.abs().min(self.wide().hi.abs())
        };
        Wide {
            lo,
            hi: self.magnitude(),
        }
    }

    pub(crate) fn min(self, other: Range) -> Range {
        Range::new(self.lo.min(other.lo), self.hi.min(other.hi))
    }

    pub(crate) fn max(self, other: Range) -> Range {
        Range::new(self.lo.max(other.lo), self.hi.max(other.hi))
    }

    /// The sum, difference, product, floor quotient or its remainder, before it
    /// is cut to i64. Division by zero is a matter of its own guard.
    pub(crate) fn binary(op: BinaryOp, a: Range, b: Range) -> Wide {
        let (x, y) = (a.wide(), b.wide());
        match op {
            BinaryOp::Add => Wide {
                lo: x.lo + y.lo,
                hi: x.hi + y.hi,
            },
            BinaryOp::Sub => Wide {
                lo: x.lo - y.hi,
                hi: x.hi - y.lo,
            },
            BinaryOp::Mul => Wide::hull([x.lo * y.lo, x.lo * y.hi, x.hi * y.lo, x.hi * y.hi]),
            BinaryOp::FloorDiv if b.lo >= 1 => Wide {
                lo: x.lo.min(0),
                hi: x.hi.max(0),
            },
            BinaryOp::FloorDiv => {
                // |a // b| <= |a|; only MIN // -1 reaches past i64.
                let most = if b.contains(-1) {
                    a.magnitude()
                } else {
                    a.magnitude().min(i64::MAX.into())
                };
                Wide {
                    lo: -a.magnitude(),
                    hi: most,
                }
            }
            _ => Range::floor_mod(b),
        }
    }

    /// The remainder of `//` has the sign of the divisor and is smaller.
    fn floor_mod(b: Range) -> Wide {
        Wide {
            lo: (i128::from(b.lo) + 1).min(0),
            hi: (i128::from(b.hi) - 1).max(0),
        }
    }

    /// The remainder of truncating division: sign of `a`, smaller than `b`.
    pub(crate) fn rem(a: Range, b: Range) -> Wide {
        let most = a.magnitude().min((b.magnitude() - 1).max(0));
        Wide {
            lo: if a.lo < 0 { -most } else { 0 },
            hi: if a.hi > 0 { most } else { 0 },
        }
    }

    /// The power with a whole exponent.
    pub(crate) fn power(self, exponent: u64) -> Wide {
        let pow = |base: i128| {
            let exponent = u32::try_from(exponent).unwrap_or(u32::MAX);
            match base.abs() {
                0 | 1 => base.abs().pow(exponent.min(1)),
                size => size.checked_pow(exponent).unwrap_or(i128::MAX / 2),
            }
        };
        let wide = self.wide();
        if exponent == 0 {
            return Wide { lo: 1, hi: 1 };
        }
        if self.lo >= 0 {
            return Wide {
                lo: pow(wide.lo),
                hi: pow(wide.hi),
            };
        }
        let most = pow(wide.lo).max(pow(wide.hi));
        match exponent % 2 {
            0 => Wide { lo: 0, hi: most },
            _ => Wide {
                lo: -pow(wide.lo),
                hi: if self.hi > 0 { pow(wide.hi) } else { 0 },
            },
        }
    }

    pub(crate) fn bit_and(self, other: Range) -> Range {
        // And with a number that is not negative clears its sign and cannot
        // exceed it.
        match (self.lo >= 0, other.lo >= 0) {
            (true, true) => Range::new(0, self.hi.min(other.hi)),
            (true, false) => Range::new(0, self.hi),
            (false, true) => Range::new(0, other.hi),
            (false, false) => Range::FULL,
        }
    }

    pub(crate) fn shr(self) -> Range {
        Range::new(self.lo.min(0), self.hi.max(0))
    }
}

impl Wide {
    fn hull(corners: [i128; 4]) -> Wide {
        Wide {
            lo: corners.into_iter().min().unwrap_or(0),
            hi: corners.into_iter().max().unwrap_or(0),
        }
    }

    /// Whether every value fits i64.
    pub(crate) fn fits(self) -> bool {
        self.lo >= i64::MIN.into() && self.hi <= i64::MAX.into()
    }

    /// The part that fits i64; what a guard or saturation leaves.
    pub(crate) fn cut(self) -> Range {
        let cut = |bound: i128| bound.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        Range::new(cut(self.lo), cut(self.hi))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every small interval against every pair of its members.
    #[test]
    fn intervals_hold_every_result() {
        let ops = [
            BinaryOp::Add,
            BinaryOp::Sub,
            BinaryOp::Mul,
            BinaryOp::FloorDiv,
            BinaryOp::Mod,
        ];
        let ranges: Vec<Range> = (-4..=4)
            .flat_map(|lo| (lo..=4).map(move |hi| Range::new(lo, hi)))
            .collect();
        for &a in &ranges {
            for &b in &ranges {
                for x in a.lo..=a.hi {
                    for y in b.lo..=b.hi {
                        for op in ops {
                            check_one(op, a, b, x, y);
                        }
                        if y != 0 {
                            assert!(Range::rem(a, b).cut().contains(x % y), "{a:?} {b:?}");
                        }
                        assert!(a.bit_and(b).contains(x & y));
                        assert!(a.min(b).contains(x.min(y)));
                        assert!(a.max(b).contains(x.max(y)));
                        assert!(a.join(b).contains(x) && a.join(b).contains(y));
                        if (0..=4).contains(&y) {
                            assert!(a.shr().contains(x >> y));
                            let power = a.power(y as u64).cut();
                            assert!(power.contains(x.pow(y as u32)), "{a:?}^{y}: {power:?}");
                        }
                    }
                }
            }
        }
    }

    fn check_one(op: BinaryOp, a: Range, b: Range, x: i64, y: i64) {
        let result = match op {
            BinaryOp::Add => x + y,
            BinaryOp::Sub => x - y,
            BinaryOp::Mul => x * y,
            _ if y == 0 => return,
            BinaryOp::FloorDiv => (x as f64 / y as f64).floor() as i64,
            _ => x - y * (x as f64 / y as f64).floor() as i64,
        };
        let wide = Range::binary(op, a, b);
        assert!(
            wide.fits() && wide.cut().contains(result),
            "{op:?} {a:?} {b:?}"
        );
    }

    #[test]
    fn the_edges_of_i64_do_not_fit() {
        let full = Range::FULL;
        let one = Range::exactly(1);
        assert!(!Range::binary(BinaryOp::Add, full, one).fits());
        assert!(!full.neg().fits());
        assert!(!full.abs().fits());
        assert!(!Range::binary(BinaryOp::FloorDiv, full, full).fits());
        assert!(Range::binary(BinaryOp::FloorDiv, full, Range::of(Scalar::U32)).fits());
        assert!(!full.power(2).fits());
        assert!(Range::of(Scalar::I32).power(2).fits());
        assert!(Range::of(Scalar::U8).power(7).fits());
        assert!(!Range::of(Scalar::U8).power(8).fits());
        assert!(!Range::exactly(2).power(u64::MAX).fits());
        assert!(Range::TRUTH.power(u64::MAX).fits());
    }
}
