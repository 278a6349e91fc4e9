//! [`Value`]: one value whose type is known at run time only.

use kiln_formula::OutputInfo;
use kiln_ir::{Const, Scalar};
use kiln_runtime::Ran;
use std::fmt;
use std::sync::Arc;

macro_rules! values {
    ($($variant:ident $ty:ident $doc:literal;)*) => {
        /// A value, or that there is none.
        #[derive(Clone, Copy, PartialEq, Debug, Default)]
        #[non_exhaustive]
        pub enum Value {
            /// There is no value. As an input it counts as a missing `f64`.
            #[default]
            Missing,
            $(#[doc = $doc] $variant($ty),)*
        }

        impl Value {
            /// The type; `None` for a missing value.
            pub fn scalar(self) -> Option<Scalar> {
                match self {
                    Value::Missing => None,
                    $(Value::$variant(_) => Some(Scalar::$variant),)*
                }
            }

            /// The number as `f64`, rounded to nearest where it has more
            /// digits; true is 1 and false 0. `None` for a missing value.
            pub fn as_f64(self) -> Option<f64> {
                match self {
                    Value::Missing => None,
                    Value::Bool(value) => Some(f64::from(u8::from(value))),
                    Value::I64(value) => Some(value as f64),
                    Value::U64(value) => Some(value as f64),
                    Value::I8(value) => Some(value.into()),
                    Value::I16(value) => Some(value.into()),
                    Value::I32(value) => Some(value.into()),
                    Value::U8(value) => Some(value.into()),
                    Value::U16(value) => Some(value.into()),
                    Value::U32(value) => Some(value.into()),
                    Value::F32(value) => Some(value.into()),
                    Value::F64(value) => Some(value),
                }
            }

            pub(crate) fn to_const(self) -> Option<Const> {
                match self {
                    Value::Missing => None,
                    $(Value::$variant(value) => Some(kiln_ir::meaning::Value::to_const(value)),)*
                }
            }

            /// A constant as a value.
            pub(crate) fn from_const(value: Const) -> Value {
                match value.scalar() {
                    $(Scalar::$variant => {
                        Value::$variant(kiln_ir::meaning::Value::from_const(value))
                    })*
                }
            }
        }

        $(impl From<$ty> for Value {
            fn from(value: $ty) -> Value {
                Value::$variant(value)
            }
        })*
    };
}

values! {
    Bool bool "True or false.";
    I8 i8 "A signed integer of 8 bits.";
    I16 i16 "A signed integer of 16 bits.";
    I32 i32 "A signed integer of 32 bits.";
    I64 i64 "A signed integer of 64 bits.";
    U8 u8 "An unsigned integer of 8 bits.";
    U16 u16 "An unsigned integer of 16 bits.";
    U32 u32 "An unsigned integer of 32 bits.";
    U64 u64 "An unsigned integer of 64 bits.";
    F32 f32 "A float of 32 bits.";
    F64 f64 "A float of 64 bits.";
}

impl Value {
    /// Whether there is no value.
    pub fn is_missing(self) -> bool {
        self == Value::Missing
    }

    /// The integer as `i64`; `None` for other types and for a `u64` beyond.
    pub fn as_i64(self) -> Option<i64> {
        match self {
            Value::I8(value) => Some(value.into()),
            Value::I16(value) => Some(value.into()),
            Value::I32(value) => Some(value.into()),
            Value::I64(value) => Some(value),
            Value::U8(value) => Some(value.into()),
            Value::U16(value) => Some(value.into()),
            Value::U32(value) => Some(value.into()),
            Value::U64(value) => value.try_into().ok(),
            _ => None,
        }
    }

    /// The truth value; `None` for other types.
    pub fn as_bool(self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }
}

/// The outputs of one row, by name.
#[derive(Clone, Debug)]
pub struct Values {
    outputs: Arc<[OutputInfo]>,
    values: Vec<Value>,
    ran: Ran,
}

impl Values {
    pub(crate) fn new(outputs: Arc<[OutputInfo]>, values: Vec<Value>, ran: Ran) -> Values {
        Values {
            outputs,
            values,
            ran,
        }
    }

    /// The output of this name.
    pub fn get(&self, name: &str) -> Option<Value> {
        let index = self.outputs.iter().position(|info| info.name == name)?;
        Some(self.values[index])
    }

    /// Names and outputs, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Value)> {
        let names = self.outputs.iter().map(|info| info.name.as_str());
        names.zip(self.values.iter().copied())
    }

    /// The only output; `None` where there are several.
    pub fn only(&self) -> Option<Value> {
        match self.values[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    /// Where the call ran.
    pub fn ran(&self) -> Ran {
        self.ran
    }
}

/// The output of a name.
///
/// # Panics
/// When there is no output of this name.
impl std::ops::Index<&str> for Values {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        match self.outputs.iter().position(|info| info.name == name) {
            Some(index) => &self.values[index],
            None => panic!("there is no output `{name}`"),
        }
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Missing, Into::into)
    }
}

/// The shortest text that reads back as the value; `missing` for none.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Value::Missing => f.write_str("missing"),
            Value::Bool(value) => value.fmt(f),
            Value::F32(value) if is_plain(value.into()) => value.fmt(f),
            Value::F32(value) => fmt::LowerExp::fmt(&value, f),
            Value::F64(value) if is_plain(value) => value.fmt(f),
            Value::F64(value) => fmt::LowerExp::fmt(&value, f),
            Value::U64(value) => value.fmt(f),
            other => other.as_i64().unwrap_or_default().fmt(f),
        }
    }
}

/// Whether a float is shorter without an exponent.
fn is_plain(value: f64) -> bool {
    let size = value.abs();
    size == 0.0 || (1e-5..1e16).contains(&size) || !size.is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_print_short() {
        assert_eq!(Value::from(0.1).to_string(), "0.1");
        assert_eq!(Value::from(3.0).to_string(), "3");
        assert_eq!(Value::from(1e300).to_string(), "1e300");
        assert_eq!(Value::from(0.1f32).to_string(), "0.1");
        assert_eq!(Value::from(u64::MAX).to_string(), "18446744073709551615");
        assert_eq!(Value::from(-3i8).to_string(), "-3");
        assert_eq!(Value::from(None::<f64>).to_string(), "missing");
        assert_eq!(Value::from(true).to_string(), "true");
        assert_eq!(Value::from(f64::NAN).to_string(), "NaN");
    }

    #[test]
    fn constants_and_values_are_the_same_things() {
        for value in [
            Value::F64(-0.0),
            Value::I8(-1),
            Value::U64(u64::MAX),
            Value::Bool(true),
        ] {
            let back = value.to_const().map(Value::from_const);
            assert_eq!(back, Some(value));
        }
        assert_eq!(Value::Missing.to_const(), None);
    }
}
