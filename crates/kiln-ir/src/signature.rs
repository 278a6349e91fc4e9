//! Signatures: the types a Func takes and gives, which pick its machine code.

use crate::func::Func;
use crate::types::{ParamType, Type};
use std::fmt;

/// The types of a Func's parameters and results; never sizes or values.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Signature {
    /// One per parameter.
    pub params: Box<[ParamType]>,
    /// One per result.
    pub results: Box<[Type]>,
}

impl Signature {
    /// The signature of a Func.
    pub fn of(func: &Func) -> Signature {
        Signature {
            params: func.params().iter().map(|p| p.ty).collect(),
            results: func.results().into(),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (index, param) in self.params.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{param}")?;
        }
        f.write_str(")")?;
        for (index, result) in self.results.iter().enumerate() {
            let separator = if index == 0 { " -> " } else { ", " };
            write!(f, "{separator}{result}")?;
        }
        Ok(())
    }
}
