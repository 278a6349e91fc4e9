//! The types of the language: scalars, vectors of them, arrays of them.
//!
//! A vector type exists only after widening; its lane count is a property of
//! the loop, not of any processor, so each backend splits it into registers
//! as it likes.

use std::fmt;

/// A scalar type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Scalar {
    /// `false` or `true`; one byte, 0 or 1, in memory.
    Bool,
    /// 8-bit signed integer.
    I8,
    /// 16-bit signed integer.
    I16,
    /// 32-bit signed integer.
    I32,
    /// 64-bit signed integer; also the type of indices and lengths.
    I64,
    /// 8-bit unsigned integer.
    U8,
    /// 16-bit unsigned integer.
    U16,
    /// 32-bit unsigned integer.
    U32,
    /// 64-bit unsigned integer.
    U64,
    /// IEEE-754 binary32.
    F32,
    /// IEEE-754 binary64.
    F64,
}

impl Scalar {
    /// Every scalar type, in declaration order.
    #[rustfmt::skip]
    pub const ALL: [Scalar; 11] = [
        Scalar::Bool,
        Scalar::I8, Scalar::I16, Scalar::I32, Scalar::I64,
        Scalar::U8, Scalar::U16, Scalar::U32, Scalar::U64,
        Scalar::F32, Scalar::F64,
    ];

    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Scalar::Bool => "bool",
            Scalar::I8 => "i8",
            Scalar::I16 => "i16",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::U8 => "u8",
            Scalar::U16 => "u16",
            Scalar::U32 => "u32",
            Scalar::U64 => "u64",
            Scalar::F32 => "f32",
            Scalar::F64 => "f64",
        }
    }

    /// The type named `name`, if there is one.
    pub fn from_name(name: &str) -> Option<Scalar> {
        Scalar::ALL.into_iter().find(|s| s.name() == name)
    }

    /// Size of an element in memory, in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Scalar::Bool | Scalar::I8 | Scalar::U8 => 1,
            Scalar::I16 | Scalar::U16 => 2,
            Scalar::I32 | Scalar::U32 | Scalar::F32 => 4,
            Scalar::I64 | Scalar::U64 | Scalar::F64 => 8,
        }
    }

    /// Number of bits that carry the value: 1 for `bool`.
    pub const fn bits(self) -> u32 {
        match self {
            Scalar::Bool => 1,
            other => other.bytes() as u32 * 8,
        }
    }

    /// Whether this is `f32` or `f64`.
    pub const fn is_float(self) -> bool {
        matches!(self, Scalar::F32 | Scalar::F64)
    }

    /// Whether this is an integer type; `bool` is not.
    pub const fn is_int(self) -> bool {
        !self.is_float() && !matches!(self, Scalar::Bool)
    }

    /// Whether this is a signed integer type.
    pub const fn is_signed(self) -> bool {
        matches!(self, Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64)
    }

    /// The unsigned integer of the same size; `u8` for `bool`.
    pub const fn to_unsigned(self) -> Scalar {
        match self.bytes() {
            1 => Scalar::U8,
            2 => Scalar::U16,
            4 => Scalar::U32,
            _ => Scalar::U64,
        }
    }

    /// The signed integer of the same size; `i8` for `bool`.
    pub const fn to_signed(self) -> Scalar {
        match self.bytes() {
            1 => Scalar::I8,
            2 => Scalar::I16,
            4 => Scalar::I32,
            _ => Scalar::I64,
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The type of a value: a scalar, or a vector of one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Type {
    /// What each lane holds.
    pub scalar: Scalar,
    /// Number of lanes; 1 for a scalar.
    pub lanes: u16,
}

impl Type {
    /// Scalar `bool`.
    pub const BOOL: Type = Type::scalar(Scalar::Bool);
    /// Scalar `i32`.
    pub const I32: Type = Type::scalar(Scalar::I32);
    /// Scalar `i64`, the type of indices and lengths.
    pub const I64: Type = Type::scalar(Scalar::I64);
    /// Scalar `u64`.
    pub const U64: Type = Type::scalar(Scalar::U64);
    /// Scalar `f32`.
    pub const F32: Type = Type::scalar(Scalar::F32);
    /// Scalar `f64`.
    pub const F64: Type = Type::scalar(Scalar::F64);

    /// The one-lane type of `scalar`.
    pub const fn scalar(scalar: Scalar) -> Type {
        Type { scalar, lanes: 1 }
    }

    /// A vector of `lanes` times `scalar`.
    pub const fn vector(scalar: Scalar, lanes: u16) -> Type {
        Type { scalar, lanes }
    }

    /// The same number of lanes of another scalar.
    pub const fn with_scalar(self, scalar: Scalar) -> Type {
        Type { scalar, ..self }
    }

    /// The same scalar in another number of lanes.
    pub const fn with_lanes(self, lanes: u16) -> Type {
        Type { lanes, ..self }
    }

    /// Whether this type has more than one lane.
    pub const fn is_vector(self) -> bool {
        self.lanes > 1
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.lanes {
            1 => write!(f, "{}", self.scalar),
            n => write!(f, "<{n} x {}>", self.scalar),
        }
    }
}

/// Whether a Func may write an array.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Access {
    /// Read only: loads from it are pure.
    Read,
    /// Read and written: loads keep their order among the stores.
    Mut,
}

/// How the elements of an array lie in memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Layout {
    /// Row-major without gaps.
    Contiguous,
    /// A stride per dimension, in elements; 0 and negative ones included.
    Strided,
}

/// The type of an array parameter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ArrayType {
    /// What each element is.
    pub elem: Scalar,
    /// Number of dimensions, 0 to [`ArrayType::RANK_MAX`].
    pub rank: u8,
    /// Whether the Func may write it.
    pub access: Access,
    /// How the elements lie in memory.
    pub layout: Layout,
}

impl ArrayType {
    /// The highest rank of an array.
    pub const RANK_MAX: u8 = 4;

    /// A contiguous rank-1 array that is only read.
    pub const fn slice(elem: Scalar) -> ArrayType {
        ArrayType {
            elem,
            rank: 1,
            access: Access::Read,
            layout: Layout::Contiguous,
        }
    }

    /// A contiguous rank-1 array that may be written.
    pub const fn slice_mut(elem: Scalar) -> ArrayType {
        ArrayType {
            access: Access::Mut,
            ..ArrayType::slice(elem)
        }
    }
}

impl fmt::Display for ArrayType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.access == Access::Mut {
            f.write_str("mut ")?;
        }
        match (self.rank, self.layout) {
            (1, Layout::Contiguous) => write!(f, "[{}]", self.elem),
            (rank, Layout::Contiguous) => write!(f, "[{} rank {rank}]", self.elem),
            (rank, Layout::Strided) => write!(f, "[{} rank {rank} strided]", self.elem),
        }
    }
}

/// The type of a parameter of a Func.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ParamType {
    /// One value.
    Scalar(Scalar),
    /// An array.
    Array(ArrayType),
}

impl ParamType {
    /// The type of a scalar, or of the elements of an array.
    pub fn elem(self) -> Scalar {
        match self {
            ParamType::Scalar(scalar) => scalar,
            ParamType::Array(array) => array.elem,
        }
    }

    /// The array type, if this is one.
    pub fn as_array(self) -> Option<ArrayType> {
        match self {
            ParamType::Array(array) => Some(array),
            ParamType::Scalar(_) => None,
        }
    }
}

impl fmt::Display for ParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamType::Scalar(scalar) => scalar.fmt(f),
            ParamType::Array(array) => array.fmt(f),
        }
    }
}
