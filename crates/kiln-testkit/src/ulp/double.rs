//! Double-length arithmetic of about 104 bits, on plain numbers.
//!
//! A value is the unevaluated sum `hi + lo` with `|lo| <= ulp(hi) / 2`. The
//! algorithms are those of Joldes, Muller and Popescu, "Tight and rigorous
//! error bounds for basic building blocks of double-word arithmetic", ACM
//! TOMS 44(2), 2017. Nothing here guards the range: the callers scale.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// `hi + lo`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Double {
    /// The nearest `f64`.
    pub hi: f64,
    /// What is left.
    pub lo: f64,
}

impl From<f64> for Double {
    fn from(hi: f64) -> Double {
        Double { hi, lo: 0.0 }
    }
}

impl Double {
    /// `hi + lo`, already normalised.
    pub const fn new(hi: f64, lo: f64) -> Double {
        Double { hi, lo }
    }

    /// `x + y` exactly.
    pub fn sum(x: f64, y: f64) -> Double {
        let hi = x + y;
        let part = hi - x;
        Double {
            hi,
            lo: (x - (hi - part)) + (y - part),
        }
    }

    /// `x y` exactly.
    pub fn product(x: f64, y: f64) -> Double {
        let hi = x * y;
        Double {
            hi,
            lo: x.mul_add(y, -hi),
        }
    }

    /// The square root.
    pub fn sqrt(self) -> Double {
        if self.hi == 0.0 {
            return self;
        }
        let root = self.hi.sqrt();
        let rest = (self - Double::product(root, root)).hi;
        Double::sum(root, rest / (2.0 * root))
    }

    /// `self 2^k` for results in range.
    pub fn scale(self, k: i32) -> Double {
        let k = f64::from(k);
        Double {
            hi: kiln_math::ldexp(self.hi, k),
            lo: kiln_math::ldexp(self.lo, k),
        }
    }

    /// The size.
    pub fn abs(self) -> Double {
        if self.hi < 0.0 { -self } else { self }
    }
}

impl Neg for Double {
    type Output = Double;
    fn neg(self) -> Double {
        Double {
            hi: -self.hi,
            lo: -self.lo,
        }
    }
}

impl<T: Into<Double>> Add<T> for Double {
    type Output = Double;
    fn add(self, other: T) -> Double {
        let other = other.into();
        let (high, low) = (
            Double::sum(self.hi, other.hi),
            Double::sum(self.lo, other.lo),
        );
        let sum = quick_sum(high.hi, high.lo + low.hi);
        quick_sum(sum.hi, sum.lo + low.lo)
    }
}

impl<T: Into<Double>> Sub<T> for Double {
    type Output = Double;
    fn sub(self, other: T) -> Double {
        self + -other.into()
    }
}

impl<T: Into<Double>> Mul<T> for Double {
    type Output = Double;
    fn mul(self, other: T) -> Double {
        let other = other.into();
        let product = Double::product(self.hi, other.hi);
        let cross = self.hi.mul_add(other.lo, self.lo * other.hi);
        quick_sum(product.hi, product.lo + cross)
    }
}

impl<T: Into<Double>> Div<T> for Double {
    type Output = Double;
    fn div(self, other: T) -> Double {
        let other = other.into();
        let first = self.hi / other.hi;
        let rest = self - other * first;
        let second = rest.hi / other.hi;
        let rest = rest - other * second;
        quick_sum(first, second) + rest.hi / other.hi
    }
}

/// `x + y` exactly for `|x| >= |y|`.
fn quick_sum(x: f64, y: f64) -> Double {
    let hi = x + y;
    Double {
        hi,
        lo: y - (hi - x),
    }
}
