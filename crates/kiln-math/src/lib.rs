//! The mathematical functions of kiln, each written once over an abstract arithmetic.
//!
//! [`generic`] holds the functions over [`Arith`]; the functions at the root
//! are their instantiation with plain numbers. Nothing here calls the standard
//! library's transcendental functions: their bits change with the platform.
//! Coefficients come from the scripts in `coefficients/`.
#![forbid(unsafe_code)]

mod arith;
mod exp;
mod poly;
mod slow;

pub use arith::{Arith, Binary32, Binary64, Format, Plain, Plain32};
pub use slow::Slow;

/// The functions over an abstract arithmetic in binary64.
pub mod generic {
    pub use crate::exp::exp;
}

/// `e^x`.
#[inline]
pub fn exp(x: f64) -> f64 {
    generic::exp(&mut Plain, x)
}

#[cfg(test)]
mod tests {
    #[test]
    fn exp_at_the_ends_of_the_range() {
        for (x, y) in [
            (0.0, 1.0),
            (-0.0, 1.0),
            (f64::INFINITY, f64::INFINITY),
            (f64::NEG_INFINITY, 0.0),
            (709.782712893384, 1.7976931348622732e308),
            (709.79, f64::INFINITY),
            (1e300, f64::INFINITY),
            (-745.1332191019411, 5e-324),
            (-745.1332191019412, 0.0),
            (-1e300, 0.0),
        ] {
            assert_eq!(super::exp(x).to_bits(), f64::to_bits(y), "exp({x})");
        }
        assert!(super::exp(f64::NAN).is_nan());
    }
}
