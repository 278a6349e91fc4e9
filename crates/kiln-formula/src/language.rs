//! The words of the language: functions, operators, constants and keywords.
//!
//! One table each. The parser, the checker, the suggestions for misspelt
//! names, `kiln language` and docs/guide/formulas.md all read these, so a
//! function is added by adding a row here and its lowering.

/// What the values and the result of a function may be; the checker's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Numbers to a decimal number of their common type: `sqrt`, `atan2`.
    Decimal,
    /// Numbers to a number of their common type: `abs`, `max`.
    Number,
    /// A number to true/false: `is_nan`.
    Test,
    /// Anything to true/false, looking at whether it is missing.
    MissingTest,
    /// Values of one kind to that kind, looking through missing ones.
    Coalesce,
    /// Whole numbers to a whole number: `bitand`.
    Bits,
    /// A whole column to one value.
    Reduction,
    /// A column, row after row, to a column.
    Scan,
}

/// One function.
#[derive(Clone, Copy, Debug)]
pub struct FunctionInfo {
    /// Which one.
    pub function: Function,
    /// Its name.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Fewest values it takes.
    pub least: u8,
    /// Most values it takes; [`ANY_NUMBER`] for no bound.
    pub most: u8,
    /// What its values and its result may be.
    pub shape: Shape,
    /// How to write it.
    pub usage: &'static str,
    /// What it computes, in one line.
    pub doc: &'static str,
}

/// [`FunctionInfo::most`] of a function that takes any number of values.
pub const ANY_NUMBER: u8 = u8::MAX;

macro_rules! functions {
    ($($variant:ident $name:literal [$($alias:literal)*] $least:literal $most:tt $shape:ident $usage:literal $doc:literal;)*) => {
        /// A function of the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Function {
            $(#[doc = $doc] $variant,)*
        }

        /// Every function, by theme.
        pub const FUNCTIONS: &[FunctionInfo] = &[
            $(FunctionInfo {
                function: Function::$variant,
                name: $name,
                aliases: &[$($alias,)*],
                least: $least,
                most: $most,
                shape: Shape::$shape,
                usage: $usage,
                doc: $doc,
            },)*
        ];
    };
}

#[rustfmt::skip]
functions! {
    Exp       "exp"        []           1 1 Decimal "exp(x)" "e to the power x";
    Exp2      "exp2"       []           1 1 Decimal "exp2(x)" "2 to the power x";
    Exp10     "exp10"      []           1 1 Decimal "exp10(x)" "10 to the power x";
    Expm1     "expm1"      []           1 1 Decimal "expm1(x)" "exp(x) - 1, accurate near 0";
    Ln        "ln"         []           1 1 Decimal "ln(x)" "natural logarithm";
    Log       "log"        []           1 2 Decimal "log(x, base)" "logarithm to a base; log(x) is ln(x), with a warning";
    Log2      "log2"       []           1 1 Decimal "log2(x)" "logarithm to base 2";
    Log10     "log10"      []           1 1 Decimal "log10(x)" "logarithm to base 10";
    Log1p     "log1p"      []           1 1 Decimal "log1p(x)" "ln(1 + x), accurate near 0";
    Sqrt      "sqrt"       []           1 1 Decimal "sqrt(x)" "square root";
    Cbrt      "cbrt"       []           1 1 Decimal "cbrt(x)" "cube root";
    Hypot     "hypot"      []           2 2 Decimal "hypot(x, y)" "sqrt(x^2 + y^2) without overflow";
    Pow       "pow"        []           2 2 Number  "pow(x, y)" "x to the power y, as x ^ y";
    Sin       "sin"        []           1 1 Decimal "sin(x)" "sine of x in radians";
    Cos       "cos"        []           1 1 Decimal "cos(x)" "cosine of x in radians";
    Tan       "tan"        []           1 1 Decimal "tan(x)" "tangent of x in radians";
    Asin      "asin"       ["arcsin"]   1 1 Decimal "asin(x)" "inverse sine, in radians";
    Acos      "acos"       ["arccos"]   1 1 Decimal "acos(x)" "inverse cosine, in radians";
    Atan      "atan"       ["arctan"]   1 1 Decimal "atan(x)" "inverse tangent, in radians";
    Atan2     "atan2"      ["arctan2"]  2 2 Decimal "atan2(y, x)" "angle of the point (x, y), in radians";
    Sinh      "sinh"       []           1 1 Decimal "sinh(x)" "hyperbolic sine";
    Cosh      "cosh"       []           1 1 Decimal "cosh(x)" "hyperbolic cosine";
    Tanh      "tanh"       []           1 1 Decimal "tanh(x)" "hyperbolic tangent";
    Asinh     "asinh"      ["arcsinh"]  1 1 Decimal "asinh(x)" "inverse hyperbolic sine";
    Acosh     "acosh"      ["arccosh"]  1 1 Decimal "acosh(x)" "inverse hyperbolic cosine";
    Atanh     "atanh"      ["arctanh"]  1 1 Decimal "atanh(x)" "inverse hyperbolic tangent";
    Erf       "erf"        []           1 1 Decimal "erf(x)" "error function";
    Erfc      "erfc"       []           1 1 Decimal "erfc(x)" "1 - erf(x), accurate for large x";
    Tgamma    "tgamma"     ["gamma"]    1 1 Decimal "tgamma(x)" "gamma function; tgamma(n + 1) is n factorial";
    Lgamma    "lgamma"     ["gammaln"]  1 1 Decimal "lgamma(x)" "natural logarithm of the size of tgamma(x)";
    Sigmoid   "sigmoid"    []           1 1 Decimal "sigmoid(x)" "1 / (1 + exp(-x))";
    Abs       "abs"        []           1 1 Number  "abs(x)" "size without the sign";
    Sign      "sign"       []           1 1 Number  "sign(x)" "-1, 0 or 1; sign(0) is 0";
    Floor     "floor"      []           1 1 Number  "floor(x)" "whole number below";
    Ceil      "ceil"       []           1 1 Number  "ceil(x)" "whole number above";
    Round     "round"      []           1 1 Number  "round(x)" "nearest whole number, halves away from zero";
    RoundEven "round_even" ["rint"]     1 1 Number  "round_even(x)" "nearest whole number, halves to the even one";
    Trunc     "trunc"      []           1 1 Number  "trunc(x)" "whole number towards zero";
    Min       "min"        ["minimum"]  1 ANY_NUMBER Number "min(a, b, ...)" "least of several values, or of a column; NaN if one is NaN";
    Max       "max"        ["maximum"]  1 ANY_NUMBER Number "max(a, b, ...)" "greatest of several values, or of a column; NaN if one is NaN";
    Fmin      "fmin"       []           2 ANY_NUMBER Number "fmin(a, b, ...)" "least of several values that are not NaN";
    Fmax      "fmax"       []           2 ANY_NUMBER Number "fmax(a, b, ...)" "greatest of several values that are not NaN";
    Clamp     "clamp"      ["clip"]     3 3 Number  "clamp(x, low, high)" "min(max(x, low), high)";
    Rem       "rem"        ["fmod"]     2 2 Number  "rem(a, b)" "remainder with the sign of a; a % b has the sign of b";
    BitAnd    "bitand"     []           2 2 Bits    "bitand(a, b)" "bits set in both";
    BitOr     "bitor"      []           2 2 Bits    "bitor(a, b)" "bits set in either";
    BitXor    "bitxor"     []           2 2 Bits    "bitxor(a, b)" "bits set in one of the two";
    Shl       "shl"        []           2 2 Bits    "shl(a, n)" "bits of a moved up by n places, 0 to 63";
    Shr       "shr"        []           2 2 Bits    "shr(a, n)" "bits of a moved down by n places, 0 to 63, keeping the sign";
    IsNan     "is_nan"     ["isnan"]    1 1 Test    "is_nan(x)" "whether x is not a number";
    IsFinite  "is_finite"  ["isfinite"] 1 1 Test    "is_finite(x)" "whether x is neither infinite nor NaN";
    IsInf     "is_inf"     ["isinf"]    1 1 Test    "is_inf(x)" "whether x is infinite";
    IsNull    "is_null"    []           1 1 MissingTest "is_null(x)" "whether x is missing";
    Coalesce  "coalesce"   []           1 ANY_NUMBER Coalesce "coalesce(a, b, ...)" "first value that is not missing";
    Sum       "sum"        []           1 1 Reduction "sum(x)" "total of a column; of true/false, how many are true";
    Mean      "mean"       []           1 1 Reduction "mean(x)" "average of a column";
    Prod      "prod"       []           1 1 Reduction "prod(x)" "product of a column";
    Dot       "dot"        []           2 2 Reduction "dot(a, b)" "total of the products a * b";
    Var       "var"        []           1 1 Reduction "var(x)" "variance of a column: mean((x - mean(x))^2)";
    Std       "std"        []           1 1 Reduction "std(x)" "standard deviation of a column: sqrt(var(x))";
    Logsumexp "logsumexp"  []           1 1 Reduction "logsumexp(x)" "ln(sum(exp(x))) without overflow";
    Argmin    "argmin"     []           1 1 Reduction "argmin(x)" "row of the least value, from 0; the first of several";
    Argmax    "argmax"     []           1 1 Reduction "argmax(x)" "row of the greatest value, from 0; the first of several";
    Any       "any"        []           1 1 Reduction "any(x)" "whether a row of a column is true";
    All       "all"        []           1 1 Reduction "all(x)" "whether every row of a column is true";
    Count     "count"      []           1 1 Reduction "count(x)" "number of rows that are not missing";
    Cumsum    "cumsum"     []           1 1 Scan    "cumsum(x)" "total of a column up to each row";
    Cumprod   "cumprod"    []           1 1 Scan    "cumprod(x)" "product of a column up to each row";
    Cummax    "cummax"     []           1 1 Scan    "cummax(x)" "greatest value of a column up to each row; NaN from the first NaN on";
    Cummin    "cummin"     []           1 1 Scan    "cummin(x)" "least value of a column up to each row; NaN from the first NaN on";
    Ema       "ema"        []           2 2 Scan    "ema(x, a)" "moving average of a column: the first x, then y + a * (x - y) with the y of the row before";
}

impl Function {
    /// The row of the table.
    pub fn info(self) -> &'static FunctionInfo {
        &FUNCTIONS[self as usize]
    }

    /// The name.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The function called `name`; a leading `math::` is understood.
    pub fn from_name(name: &str) -> Option<Function> {
        let name = name.strip_prefix("math::").unwrap_or(name);
        // Comparing lengths settles nearly every row, so a scan of one small
        // table is as fast as hashing and needs no second one.
        FUNCTIONS
            .iter()
            .find(|info| info.name == name || info.aliases.contains(&name))
            .map(|info| info.function)
    }

    /// Whether formulas can compute it now: some words of the language are
    /// known before there is code for them.
    pub fn is_available(self) -> bool {
        match self.info().shape {
            Shape::Decimal => crate::lower::is_available(self),
            _ => true,
        }
    }

    /// Whether a call with `count` values takes a whole column: the totals,
    /// and `min` and `max` of one value.
    pub fn is_reduction(self, count: usize) -> bool {
        self.info().shape == Shape::Reduction
            || (count == 1 && matches!(self, Function::Min | Function::Max))
    }

    /// Whether it takes a column row after row: the running totals.
    pub fn is_scan(self) -> bool {
        self.info().shape == Shape::Scan
    }

    /// Whether a call with `count` values needs other rows than its own.
    pub fn is_over_rows(self, count: usize) -> bool {
        self.is_reduction(count) || self.is_scan()
    }
}

/// One constant.
#[derive(Clone, Copy, Debug)]
pub struct ConstantInfo {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: ConstantValue,
    /// What it is.
    pub doc: &'static str,
}

/// The value of a constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConstantValue {
    /// A number; it takes its partner's type as a written number does.
    Number(f64),
    /// True or false.
    Truth(bool),
}

/// Every constant.
#[rustfmt::skip]
pub const CONSTANTS: &[ConstantInfo] = &[
    ConstantInfo { name: "pi", value: ConstantValue::Number(std::f64::consts::PI), doc: "half a turn in radians, 3.14159..." },
    ConstantInfo { name: "tau", value: ConstantValue::Number(std::f64::consts::TAU), doc: "a full turn in radians, 6.28318..." },
    ConstantInfo { name: "e", value: ConstantValue::Number(std::f64::consts::E), doc: "base of the natural logarithm, 2.71828..." },
    ConstantInfo { name: "inf", value: ConstantValue::Number(f64::INFINITY), doc: "infinity" },
    ConstantInfo { name: "nan", value: ConstantValue::Number(f64::NAN), doc: "not a number" },
    ConstantInfo { name: "true", value: ConstantValue::Truth(true), doc: "true" },
    ConstantInfo { name: "false", value: ConstantValue::Truth(false), doc: "false" },
];

/// The index in [`CONSTANTS`] of the constant called `name`.
pub(crate) fn constant(name: &str) -> Option<u8> {
    let index = CONSTANTS.iter().position(|c| c.name == name)?;
    Some(index as u8)
}

/// How operators of one strength group, and on which side they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixity {
    /// Before its value.
    Prefix,
    /// Between two values, grouping from the left.
    Left,
    /// Between two values, grouping from the right.
    Right,
    /// Between two values, never two in a row.
    Once,
    /// The conditional forms.
    Conditional,
}

/// One row of the table of operators.
#[derive(Clone, Copy, Debug)]
pub struct OperatorInfo {
    /// How it is written; several spellings of one operator stand together.
    pub spellings: &'static [&'static str],
    /// How tightly it binds: a greater number binds tighter.
    pub strength: u8,
    /// How it groups.
    pub fixity: Fixity,
    /// What it computes, in one line.
    pub doc: &'static str,
}

/// Binding strengths, loosest first. The parser and the table share them.
pub(crate) mod strength {
    pub(crate) const CONDITIONAL: u8 = 1;
    pub(crate) const OR: u8 = 2;
    pub(crate) const AND: u8 = 3;
    pub(crate) const NOT: u8 = 4;
    pub(crate) const COMPARISON: u8 = 5;
    pub(crate) const BIT_OR: u8 = 6;
    pub(crate) const BIT_AND: u8 = 7;
    pub(crate) const SUM: u8 = 8;
    pub(crate) const PRODUCT: u8 = 9;
    pub(crate) const SIGN: u8 = 10;
    pub(crate) const POWER: u8 = 11;
}

/// Every operator, tightest first.
#[rustfmt::skip]
pub const OPERATORS: &[OperatorInfo] = &[
    OperatorInfo { spellings: &["^", "**"], strength: strength::POWER, fixity: Fixity::Right, doc: "power" },
    OperatorInfo { spellings: &["-"], strength: strength::SIGN, fixity: Fixity::Prefix, doc: "negative" },
    OperatorInfo { spellings: &["+"], strength: strength::SIGN, fixity: Fixity::Prefix, doc: "the number itself" },
    OperatorInfo { spellings: &["!", "~"], strength: strength::SIGN, fixity: Fixity::Prefix, doc: "not, binding tighter than every operator between two values but power" },
    OperatorInfo { spellings: &["*"], strength: strength::PRODUCT, fixity: Fixity::Left, doc: "product" },
    OperatorInfo { spellings: &["/"], strength: strength::PRODUCT, fixity: Fixity::Left, doc: "quotient, always a decimal number" },
    OperatorInfo { spellings: &["//"], strength: strength::PRODUCT, fixity: Fixity::Left, doc: "quotient rounded down" },
    OperatorInfo { spellings: &["%"], strength: strength::PRODUCT, fixity: Fixity::Left, doc: "remainder of //, with the sign of the divisor" },
    OperatorInfo { spellings: &["+"], strength: strength::SUM, fixity: Fixity::Left, doc: "sum" },
    OperatorInfo { spellings: &["-"], strength: strength::SUM, fixity: Fixity::Left, doc: "difference" },
    OperatorInfo { spellings: &["&"], strength: strength::BIT_AND, fixity: Fixity::Left, doc: "and, binding tighter than comparisons" },
    OperatorInfo { spellings: &["|"], strength: strength::BIT_OR, fixity: Fixity::Left, doc: "or, binding tighter than comparisons" },
    OperatorInfo { spellings: &["==", "!="], strength: strength::COMPARISON, fixity: Fixity::Once, doc: "equal, not equal" },
    OperatorInfo { spellings: &["<", "<=", ">", ">="], strength: strength::COMPARISON, fixity: Fixity::Once, doc: "less, at most, greater, at least" },
    OperatorInfo { spellings: &["not"], strength: strength::NOT, fixity: Fixity::Prefix, doc: "not, binding looser than comparisons" },
    OperatorInfo { spellings: &["and", "&&"], strength: strength::AND, fixity: Fixity::Left, doc: "and" },
    OperatorInfo { spellings: &["or", "||"], strength: strength::OR, fixity: Fixity::Left, doc: "or" },
    OperatorInfo { spellings: &["if(c, a, b)", "where(c, a, b)", "c ? a : b", "a if c else b"], strength: strength::CONDITIONAL, fixity: Fixity::Conditional, doc: "a where c is true, b where it is false" },
];

/// Words with a fixed meaning; in backticks they are names like any other.
pub const KEYWORDS: &[&str] = &["let", "if", "else", "and", "or", "not"];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rows_stand_at_their_index_and_names_are_distinct() {
        let mut seen = HashSet::new();
        for (i, info) in FUNCTIONS.iter().enumerate() {
            assert_eq!(info.function as usize, i);
            assert!(info.least >= 1 && info.least <= info.most, "{}", info.name);
            assert!(info.usage.starts_with(info.name), "{}", info.usage);
            for name in info.aliases.iter().chain([&info.name]) {
                assert!(seen.insert(*name), "{name} twice");
                assert_eq!(Function::from_name(name), Some(info.function));
            }
        }
        for c in CONSTANTS {
            assert!(seen.insert(c.name), "{} twice", c.name);
        }
        for k in KEYWORDS {
            assert!(seen.insert(k), "{k} twice");
        }
        assert_eq!(Function::from_name("math::ln"), Some(Function::Ln));
        assert_eq!(Function::from_name("LN"), None);
    }

    #[test]
    fn operators_stand_tightest_first() {
        for pair in OPERATORS.windows(2) {
            assert!(pair[0].strength >= pair[1].strength, "{pair:?}");
        }
    }
}
