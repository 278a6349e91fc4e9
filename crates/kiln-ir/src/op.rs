//! The op table: every pure op, its text name, its typing rule and its
//! meaning in one line.
//!
//! The table drives builder, parser, printer, verifier, generator and the op
//! page of docs/ir.md. What an op computes is written in `meaning.rs`; it is
//! total: it has a value for every operand. Failing is a `guard`, never an op.

use crate::types::{Scalar, Type};
use thiserror::Error;

/// How the types of an op's operands and of its result are related.
///
/// Every rule works lane by lane: operands of one op have the same number of
/// lanes, and so has the result, except where the rule says otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rule {
    /// `T -> T`, T an integer or a float.
    Number1,
    /// `(T, T) -> T`, T an integer or a float.
    Number2,
    /// `F -> F`.
    Float1,
    /// `(F, F) -> F`.
    Float2,
    /// `(F, F, F) -> F`.
    Float3,
    /// `(F, i32 constant) -> F`, the exponent within [`POWI_MAX`].
    Powi,
    /// `I -> I`.
    Int1,
    /// `(I, I) -> I`.
    Int2,
    /// `(I, I) -> bool`.
    IntFlag,
    /// `B -> B`, B an integer or `bool`.
    Bits1,
    /// `(B, B) -> B`, B an integer or `bool`.
    Bits2,
    /// `(T, T) -> bool`, any T.
    Equality,
    /// `(T, T) -> bool`, T an integer or a float.
    Order,
    /// `(bool, T, T) -> T`, any T.
    Select,
    /// `S -> T`: the result type is written on the op; T is not `bool`.
    Cast,
    /// `F -> U` with U the unsigned integer as wide as F.
    ToBits,
    /// `U -> F` with F the float as wide as U.
    FromBits,
    /// `T -> <n x T>`: the result type is written on the op.
    Splat,
    /// `() -> <n x i64>`: the result type is written on the op.
    Iota,
    /// `<n x bool> -> bool`.
    Mask,
}

impl Rule {
    /// Number of operands.
    pub const fn arity(self) -> usize {
        match self {
            Rule::Iota => 0,
            Rule::Number1
            | Rule::Float1
            | Rule::Int1
            | Rule::Bits1
            | Rule::Cast
            | Rule::ToBits
            | Rule::FromBits
            | Rule::Splat
            | Rule::Mask => 1,
            Rule::Number2
            | Rule::Float2
            | Rule::Powi
            | Rule::Int2
            | Rule::IntFlag
            | Rule::Bits2
            | Rule::Equality
            | Rule::Order => 2,
            Rule::Float3 | Rule::Select => 3,
        }
    }

    /// Whether the result type is written on the op, because the operands do
    /// not determine it.
    pub const fn is_annotated(self) -> bool {
        matches!(self, Rule::Cast | Rule::Splat | Rule::Iota)
    }
}

/// What an op is for: how tools group it, and how passes treat it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// Arithmetic.
    Arithmetic,
    /// Bit operations.
    Bits,
    /// Comparison.
    Compare,
    /// Choice and conversion.
    Convert,
    /// Exists after widening only.
    Vector,
    /// A mathematical function of kiln-math, expanded before code generation.
    Math,
    /// A slow-lane op of kiln-math: one scalar meaning, never expanded,
    /// called lane by lane.
    Slow,
}

/// One row of the op table.
#[derive(Clone, Copy, Debug)]
pub struct OpInfo {
    /// The op.
    pub op: Op,
    /// The name in the text form.
    pub name: &'static str,
    /// The typing rule.
    pub rule: Rule,
    /// What it is for.
    pub class: Class,
    /// The meaning in one line.
    pub doc: &'static str,
}

/// The largest magnitude of the exponent of `powi`.
pub const POWI_MAX: i32 = 64;

macro_rules! ops {
    ($($variant:ident $name:literal $rule:ident $class:ident $doc:literal;)*) => {
        /// A pure, total op.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[repr(u8)]
        pub enum Op {
            $(#[doc = $doc] $variant,)*
        }

        /// The op table, in the order of [`Op`].
        pub const OPS: &[OpInfo] = &[
            $(OpInfo {
                op: Op::$variant,
                name: $name,
                rule: Rule::$rule,
                class: Class::$class,
                doc: $doc,
            },)*
        ];
    };
}

#[rustfmt::skip]
ops! {
    Add         "add"           Number2  Arithmetic "x + y; integers wrap";
    Sub         "sub"           Number2  Arithmetic "x - y; integers wrap";
    Mul         "mul"           Number2  Arithmetic "x * y; integers wrap";
    Div         "div"           Number2  Arithmetic "x / y; integers truncate, x/0 = 0, MIN/-1 = MIN";
    Rem         "rem"           Number2  Arithmetic "x - y * trunc(x / y), exact, with the sign of x; for integers x%0 = 0, MIN%-1 = 0";
    Neg         "neg"           Number1  Arithmetic "-x; floats flip the sign bit, integers wrap";
    Abs         "abs"           Number1  Arithmetic "|x|; floats clear the sign bit, integers wrap at MIN";
    Min         "min"           Number2  Arithmetic "the lesser; IEEE 754-2019 minimum: NaN wins, -0 < +0";
    Max         "max"           Number2  Arithmetic "the greater; IEEE 754-2019 maximum: NaN wins, -0 < +0";
    Fmin        "fmin"          Float2   Arithmetic "the lesser; IEEE 754-2019 minimumNumber: NaN loses, -0 < +0";
    Fmax        "fmax"          Float2   Arithmetic "the greater; IEEE 754-2019 maximumNumber: NaN loses, -0 < +0";
    Fma         "fma"           Float3   Arithmetic "x * y + z, rounded once";
    Sqrt        "sqrt"          Float1   Arithmetic "square root, correctly rounded";
    Floor       "floor"         Float1   Arithmetic "to the integer below";
    Ceil        "ceil"          Float1   Arithmetic "to the integer above";
    Trunc       "trunc"         Float1   Arithmetic "to the integer towards zero";
    Rint        "rint"          Float1   Arithmetic "to the nearest integer, ties to even";
    Copysign    "copysign"      Float2   Arithmetic "|x| with the sign of y; a NaN y counts as positive";
    Ldexp       "ldexp"         Float2   Arithmetic "x * 2^floor(y), rounded once; y saturates: infinite y gives 0 for x = 0, inf for x = inf, never NaN";
    Exponent    "exponent"      Float1   Arithmetic "floor(log2 |x|) as a float; -inf at 0, inf at inf";
    Mantissa    "mantissa"      Float1   Arithmetic "x / 2^exponent(x), in [1, 2) with the sign of x; +-1 at 0 and inf";
    AddSat      "add_sat"       Int2     Arithmetic "x + y, saturating";
    SubSat      "sub_sat"       Int2     Arithmetic "x - y, saturating";
    MulSat      "mul_sat"       Int2     Arithmetic "x * y, saturating";
    MulHigh     "mul_high"      Int2     Arithmetic "the high half of the double-width x * y";
    AddOverflows "add_overflows" IntFlag Arithmetic "whether x + y leaves the type";
    SubOverflows "sub_overflows" IntFlag Arithmetic "whether x - y leaves the type";
    MulOverflows "mul_overflows" IntFlag Arithmetic "whether x * y leaves the type";
    And         "and"           Bits2    Bits       "bitwise and";
    Or          "or"            Bits2    Bits       "bitwise or";
    Xor         "xor"           Bits2    Bits       "bitwise exclusive or";
    Not         "not"           Bits1    Bits       "bitwise complement";
    Shl         "shl"           Int2     Bits       "x << y; y is taken modulo the width";
    Shr         "shr"           Int2     Bits       "x >> y, arithmetic for signed types; y is taken modulo the width";
    Rotl        "rotl"          Int2     Bits       "x rotated left by y modulo the width";
    Rotr        "rotr"          Int2     Bits       "x rotated right by y modulo the width";
    Clz         "clz"           Int1     Bits       "number of leading zero bits";
    Ctz         "ctz"           Int1     Bits       "number of trailing zero bits";
    Popcount    "popcount"      Int1     Bits       "number of one bits";
    Eq          "eq"            Equality Compare    "x = y; false on NaN";
    Ne          "ne"            Equality Compare    "x != y; true on NaN";
    Lt          "lt"            Order    Compare    "x < y; false on NaN";
    Le          "le"            Order    Compare    "x <= y; false on NaN";
    Gt          "gt"            Order    Compare    "x > y; false on NaN";
    Ge          "ge"            Order    Compare    "x >= y; false on NaN";
    Select      "select"        Select   Convert    "y where x is true, else z";
    Cast        "cast"          Cast     Convert    "to another type: floats to integers truncate and saturate, NaN to 0; integers to integers wrap; to floats rounds to nearest even; bool counts as 0 or 1";
    Bits        "bits"          ToBits   Convert    "the bits of a float; those of a NaN are the canonical quiet NaN's";
    RawBits     "raw_bits"      ToBits   Convert    "as bits, but unspecified at a NaN: for expansions, where the result is then discarded";
    FromBits    "from_bits"     FromBits Convert    "the float with these bits";
    Splat       "splat"         Splat    Vector     "every lane x";
    Iota        "iota"          Iota     Vector     "0, 1, 2, ...";
    Any         "any"           Mask     Vector     "whether any lane is true";
    All         "all"           Mask     Vector     "whether every lane is true";
    Exp         "exp"           Float1   Math       "e^x";
    Exp2        "exp2"          Float1   Math       "2^x";
    Exp10       "exp10"         Float1   Math       "10^x";
    Expm1       "expm1"         Float1   Math       "e^x - 1, accurate near zero";
    Log         "log"           Float1   Math       "the natural logarithm";
    Log2        "log2"          Float1   Math       "the base-2 logarithm";
    Log10       "log10"         Float1   Math       "the base-10 logarithm";
    Log1p       "log1p"         Float1   Math       "the natural logarithm of 1 + x, accurate near zero";
    Sin         "sin"           Float1   Math       "sine of an angle in radians";
    Cos         "cos"           Float1   Math       "cosine of an angle in radians";
    Tan         "tan"           Float1   Math       "tangent of an angle in radians";
    Asin        "asin"          Float1   Math       "arcsine, in radians";
    Acos        "acos"          Float1   Math       "arccosine, in radians";
    Atan        "atan"          Float1   Math       "arctangent, in radians";
    Atan2       "atan2"         Float2   Math       "the angle of the point (y, x), in radians";
    Sinh        "sinh"          Float1   Math       "hyperbolic sine";
    Cosh        "cosh"          Float1   Math       "hyperbolic cosine";
    Tanh        "tanh"          Float1   Math       "hyperbolic tangent";
    Asinh       "asinh"         Float1   Math       "inverse hyperbolic sine";
    Acosh       "acosh"         Float1   Math       "inverse hyperbolic cosine";
    Atanh       "atanh"         Float1   Math       "inverse hyperbolic tangent";
    Pow         "pow"           Float2   Math       "x^y";
    Powi        "powi"          Powi     Math       "x^n for a constant whole n, in a fixed order of multiplications";
    Cbrt        "cbrt"          Float1   Math       "the cube root";
    Hypot       "hypot"         Float2   Math       "the square root of x^2 + y^2, without overflow on the way";
    Erf         "erf"           Float1   Math       "the error function";
    Erfc        "erfc"          Float1   Math       "1 - erf(x), accurate where it is small";
    Tgamma      "tgamma"        Float1   Math       "the gamma function";
    Lgamma      "lgamma"        Float1   Math       "the logarithm of the size of the gamma function";
    Round       "round"         Float1   Math       "to the nearest integer, halves away from zero";
    SlowSin     "slow_sin"      Float1   Slow       "sine, for large arguments";
    SlowCos     "slow_cos"      Float1   Slow       "cosine, for large arguments";
    SlowTan     "slow_tan"      Float1   Slow       "tangent, for large arguments";
    SlowLog     "slow_log"      Float1   Slow       "the natural logarithm, for subnormal arguments";
    SlowLog2    "slow_log2"     Float1   Slow       "the base-2 logarithm, for subnormal arguments";
    SlowLog10   "slow_log10"    Float1   Slow       "the base-10 logarithm, for subnormal arguments";
    SlowAtan2   "slow_atan2"    Float2   Slow       "the angle of a point, for any operands";
    SlowPow     "slow_pow"      Float2   Slow       "x^y, for any operands";
    SlowPowi    "slow_powi"     Float2   Slow       "x^n for a whole n as a float, where products leave the range";
    SlowCbrt    "slow_cbrt"     Float1   Slow       "the cube root, for subnormal arguments";
    SlowHypot   "slow_hypot"    Float2   Slow       "the square root of x^2 + y^2, for any operands";
    SlowTgamma  "slow_tgamma"   Float1   Slow       "the gamma function, for any operand";
    SlowLgamma  "slow_lgamma"   Float1   Slow       "the logarithm of the size of the gamma function, for any operand";
    SlowFrem    "slow_frem"     Float2   Slow       "the exact remainder, for any operands";
}

/// Why an op does not accept its operands.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum TypeError {
    /// The number of operands is not the op's.
    #[error("{op} takes {expected} operands, not {found}")]
    Arity {
        /// Name of the op.
        op: &'static str,
        /// Number it takes.
        expected: usize,
        /// Number it was given.
        found: usize,
    },
    /// An operand has a type that the op does not take.
    #[error("{op} takes {expected}, not {found}")]
    Operand {
        /// Name of the op.
        op: &'static str,
        /// What it takes.
        expected: &'static str,
        /// What it was given.
        found: Type,
    },
    /// Two operands should have one type and have two.
    #[error("operands of {op} differ: {left}, {right}")]
    Differ {
        /// Name of the op.
        op: &'static str,
        /// Type of the first.
        left: Type,
        /// Type of the other.
        right: Type,
    },
    /// The result type is missing, or is not one the op can have.
    #[error("{op} cannot give {found}")]
    Result {
        /// Name of the op.
        op: &'static str,
        /// The type asked for.
        found: Type,
    },
}

impl Op {
    /// Every op.
    pub fn all() -> impl Iterator<Item = Op> {
        OPS.iter().map(|info| info.op)
    }

    /// The row of the table.
    pub fn info(self) -> &'static OpInfo {
        &OPS[self as usize]
    }

    /// The name in the text form.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The op named `name`, if there is one.
    pub fn from_name(name: &str) -> Option<Op> {
        OPS.iter()
            .find(|info| info.name == name)
            .map(|info| info.op)
    }

    /// The typing rule.
    pub fn rule(self) -> Rule {
        self.info().rule
    }

    /// Number of operands.
    pub fn arity(self) -> usize {
        self.rule().arity()
    }

    /// What it is for.
    pub fn class(self) -> Class {
        self.info().class
    }

    /// Whether the operands of a two-operand op may be swapped without
    /// changing a bit of the result (NaN payloads aside).
    pub fn is_commutative(self) -> bool {
        use Op::*;
        matches!(
            self,
            Add | Mul
                | Min
                | Max
                | Fmin
                | Fmax
                | AddSat
                | MulSat
                | MulHigh
                | AddOverflows
                | MulOverflows
                | And
                | Or
                | Xor
                | Eq
                | Ne
        )
    }

    /// The type of the result.
    ///
    /// `annotation` is the type written on the op and must be given exactly
    /// for the ops whose rule [is annotated](Rule::is_annotated).
    ///
    /// # Errors
    /// When the operands or the annotation do not fit the op's rule.
    pub fn result_type(
        self,
        operands: &[Type],
        annotation: Option<Type>,
    ) -> Result<Type, TypeError> {
        let op = self.name();
        if operands.len() != self.arity() {
            return Err(TypeError::Arity {
                op,
                expected: self.arity(),
                found: operands.len(),
            });
        }
        let takes = |i: usize, what: &'static str, fits: fn(Scalar) -> bool| {
            if fits(operands[i].scalar) {
                Ok(operands[i])
            } else {
                Err(TypeError::Operand {
                    op,
                    expected: what,
                    found: operands[i],
                })
            }
        };
        let alike = |i: usize, j: usize| {
            if operands[i] == operands[j] {
                Ok(())
            } else {
                Err(TypeError::Differ {
                    op,
                    left: operands[i],
                    right: operands[j],
                })
            }
        };
        let is_number = |s: Scalar| s != Scalar::Bool;
        let is_bits = |s: Scalar| !s.is_float();
        let is_bool = |s: Scalar| s == Scalar::Bool;
        match self.rule() {
            Rule::Number1 => takes(0, "a number", is_number),
            Rule::Number2 => {
                alike(0, 1)?;
                takes(0, "numbers", is_number)
            }
            Rule::Float1 => takes(0, "a float", Scalar::is_float),
            Rule::Float2 => {
                alike(0, 1)?;
                takes(0, "floats", Scalar::is_float)
            }
            Rule::Float3 => {
                alike(0, 1)?;
                alike(0, 2)?;
                takes(0, "floats", Scalar::is_float)
            }
            Rule::Powi => {
                takes(1, "an i32 exponent", |s| s == Scalar::I32)?;
                takes(0, "a float first", Scalar::is_float)
            }
            Rule::Int1 => takes(0, "an integer", Scalar::is_int),
            Rule::Int2 => {
                alike(0, 1)?;
                takes(0, "integers", Scalar::is_int)
            }
            Rule::IntFlag => {
                alike(0, 1)?;
                Ok(takes(0, "integers", Scalar::is_int)?.with_scalar(Scalar::Bool))
            }
            Rule::Bits1 => takes(0, "an integer or a bool", is_bits),
            Rule::Bits2 => {
                alike(0, 1)?;
                takes(0, "integers or bools", is_bits)
            }
            Rule::Equality => {
                alike(0, 1)?;
                Ok(operands[0].with_scalar(Scalar::Bool))
            }
            Rule::Order => {
                alike(0, 1)?;
                Ok(takes(0, "numbers", is_number)?.with_scalar(Scalar::Bool))
            }
            Rule::Select => {
                let mask = takes(0, "a bool first", is_bool)?;
                alike(1, 2)?;
                if mask.lanes != operands[1].lanes {
                    return Err(TypeError::Differ {
                        op,
                        left: operands[0],
                        right: operands[1],
                    });
                }
                Ok(operands[1])
            }
            Rule::Cast => match annotation {
                Some(ty) if ty.scalar != Scalar::Bool && ty.lanes == operands[0].lanes => Ok(ty),
                other => Err(TypeError::Result {
                    op,
                    found: other.unwrap_or(operands[0]),
                }),
            },
            Rule::ToBits => {
                let float = takes(0, "a float", Scalar::is_float)?;
                Ok(float.with_scalar(float.scalar.to_unsigned()))
            }
            Rule::FromBits => {
                let bits = takes(0, "u32 or u64", |s| matches!(s, Scalar::U32 | Scalar::U64))?;
                Ok(bits.with_scalar(match bits.scalar {
                    Scalar::U32 => Scalar::F32,
                    _ => Scalar::F64,
                }))
            }
            Rule::Splat => match annotation {
                Some(ty) if ty.is_vector() && ty.with_lanes(1) == operands[0] => Ok(ty),
                other => Err(TypeError::Result {
                    op,
                    found: other.unwrap_or(operands[0]),
                }),
            },
            Rule::Iota => match annotation {
                Some(ty) if ty.is_vector() && ty.scalar == Scalar::I64 => Ok(ty),
                other => Err(TypeError::Result {
                    op,
                    found: other.unwrap_or(Type::I64),
                }),
            },
            Rule::Mask => match operands[0] {
                ty if ty.is_vector() && ty.scalar == Scalar::Bool => Ok(Type::BOOL),
                found => Err(TypeError::Operand {
                    op,
                    expected: "a vector of bools",
                    found,
                }),
            },
        }
    }
}
