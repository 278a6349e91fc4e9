//! The mathematical functions of kiln, each written once over an abstract arithmetic.
//!
//! [`generic`] holds the functions over [`Arith`]; the functions at the root
//! are their instantiation with plain numbers, and [`FUNCTIONS`] lists them.
//! Nothing here calls the standard library's transcendental functions: their
//! bits change with the platform. Coefficients come from
//! `coefficients/derive.py`.
#![forbid(unsafe_code)]

mod arc;
mod arith;
#[rustfmt::skip]
#[allow(clippy::approx_constant, reason = "coefficients of a polynomial may come near a constant")]
mod coefficients;
mod erf;
mod exp;
mod functions;
mod gamma;
mod hyperbolic;
mod log;
mod payne_hanek;
mod poly;
mod pow;
mod root;
mod scale;
pub mod single;
mod slow;
mod tables;
mod trig;

pub use arith::{Arith, Binary32, Binary64, Format, Plain, Plain32};
pub use coefficients::TWO_OVER_PI_BITS;
pub use functions::*;
pub use slow::Slow;

/// The functions over an abstract arithmetic, in either format unless they name one.
pub mod generic {
    pub use crate::arc::{acos, asin, atan, atan2};
    pub use crate::erf::{erf, erfc, erfc_to_single};
    pub use crate::exp::{exp, exp2, exp10, expm1};
    pub use crate::gamma::{lgamma, tgamma};
    pub use crate::hyperbolic::{acosh, asinh, atanh, cosh, sinh, tanh};
    pub use crate::log::{log, log1p, log2, log10};
    pub use crate::pow::{POWI_MAX, pow, pow_to_single, powi, powi_to_single};
    pub use crate::root::{cbrt, hypot, hypot_to_single};
    pub use crate::scale::{exponent, frem, ldexp, mantissa, round};
    pub use crate::trig::{cos, sin, tan};
}
