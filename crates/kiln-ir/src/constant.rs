//! Constants: a scalar type and its bits.
//!
//! Two constants are equal when their bits are: 0.0 is not -0.0. A NaN is
//! stored as the canonical quiet NaN, because NaN bits cannot be observed.

use crate::types::Scalar;
use std::fmt;

/// A constant of a scalar type, held as zero-extended bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Const {
    scalar: Scalar,
    bits: u64,
}

impl Const {
    /// A constant from its bits; bits outside the type are dropped, a NaN
    /// becomes the canonical one.
    pub fn from_bits(scalar: Scalar, bits: u64) -> Const {
        match scalar {
            Scalar::Bool => Const::bool(bits & 1 != 0),
            Scalar::F32 => Const::f32(f32::from_bits(bits as u32)),
            Scalar::F64 => Const::f64(f64::from_bits(bits)),
            int => Const {
                scalar,
                bits: bits & (u64::MAX >> (64 - int.bits())),
            },
        }
    }

    /// A truth value.
    pub fn bool(value: bool) -> Const {
        Const {
            scalar: Scalar::Bool,
            bits: u64::from(value),
        }
    }

    /// An `i64`.
    pub fn i64(value: i64) -> Const {
        Const {
            scalar: Scalar::I64,
            bits: value as u64,
        }
    }

    /// An `f64`.
    pub fn f64(value: f64) -> Const {
        // The choice is between integers: LLVM 22 takes that between floats,
        // `x < 0 ? NaN : sqrt(x)`, for `sqrt(x)`, whose NaN is negative.
        let bits = if value.is_nan() {
            crate::meaning::NAN64.to_bits()
        } else {
            value.to_bits()
        };
        Const {
            scalar: Scalar::F64,
            bits,
        }
    }

    /// An `f32`.
    pub fn f32(value: f32) -> Const {
        let bits = if value.is_nan() {
            crate::meaning::NAN32.to_bits()
        } else {
            value.to_bits()
        };
        Const {
            scalar: Scalar::F32,
            bits: u64::from(bits),
        }
    }

    /// An integer constant from a signed value, wrapped into `scalar`.
    pub fn int(scalar: Scalar, value: i64) -> Const {
        debug_assert!(scalar.is_int());
        Const::from_bits(scalar, value as u64)
    }

    /// Zero of any type; `false` for `bool`.
    pub fn zero(scalar: Scalar) -> Const {
        Const { scalar, bits: 0 }
    }

    /// One of any type; `true` for `bool`.
    pub fn one(scalar: Scalar) -> Const {
        match scalar {
            Scalar::F32 => Const::f32(1.0),
            Scalar::F64 => Const::f64(1.0),
            other => Const {
                scalar: other,
                bits: 1,
            },
        }
    }

    /// The type.
    pub fn scalar(self) -> Scalar {
        self.scalar
    }

    /// The bits, zero-extended.
    pub fn bits(self) -> u64 {
        self.bits
    }

    /// The value of a `bool` constant.
    pub fn as_bool(self) -> Option<bool> {
        (self.scalar == Scalar::Bool).then_some(self.bits != 0)
    }

    /// The value of an `f64` constant.
    pub fn as_f64(self) -> Option<f64> {
        (self.scalar == Scalar::F64).then(|| f64::from_bits(self.bits))
    }

    /// The value of an `f32` constant.
    pub fn as_f32(self) -> Option<f32> {
        (self.scalar == Scalar::F32).then(|| f32::from_bits(self.bits as u32))
    }

    /// The value of an integer constant, sign- or zero-extended; `None` for
    /// other types.
    pub fn as_int(self) -> Option<i128> {
        let shift = 64 - self.scalar.bits();
        match self.scalar {
            s if s.is_signed() => Some(i128::from(((self.bits << shift) as i64) >> shift)),
            s if s.is_int() => Some(i128::from(self.bits)),
            _ => None,
        }
    }
}

/// Prints as the text form reads it: bare for `i64`, `f64` and `bool`, else
/// with the type as suffix; floats in the shortest form that reads back.
impl fmt::Display for Const {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scalar {
            Scalar::Bool => write!(f, "{}", self.bits != 0),
            Scalar::F64 => write_float(f, f64::from_bits(self.bits)),
            Scalar::F32 => {
                let value = f32::from_bits(self.bits as u32);
                if value.is_finite() {
                    write!(f, "{value:?}f32")
                } else {
                    write_float(f, f64::from(value))?;
                    f.write_str("f32")
                }
            }
            Scalar::I64 => write!(f, "{}", self.bits as i64),
            int => write!(f, "{}{int}", self.as_int().unwrap_or_default()),
        }
    }
}

fn write_float(f: &mut fmt::Formatter<'_>, value: f64) -> fmt::Result {
    if value.is_nan() {
        f.write_str("nan")
    } else if value.is_infinite() {
        f.write_str(if value > 0.0 { "inf" } else { "-inf" })
    } else {
        write!(f, "{value:?}")
    }
}
