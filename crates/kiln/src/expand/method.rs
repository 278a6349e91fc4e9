//! The methods of numbers, with Rust's meaning.
//!
//! They are all methods of every [`Val`]: which type has which, rustc has
//! checked on the function as it stands in the source.

use super::int::Arith;
use super::{Body, Overflow, Plain, Val};
use kiln_ir::{Const, FaultKind, Interval, NodeId, Op, POWI_MAX, Scalar};

/// A float, by the integer that its bits are.
pub trait Float: Plain {
    /// That integer.
    type Bits: Plain;
}

impl Float for f32 {
    type Bits = u32;
}

impl Float for f64 {
    type Bits = u64;
}

/// An integer, by the one of its size without a sign.
pub trait Whole: Plain {
    /// That integer.
    type Unsigned: Plain;
}

macro_rules! whole {
    ($($ty:ident $unsigned:ident;)*) => {$(
        impl Whole for $ty {
            type Unsigned = $unsigned;
        }
    )*};
}

whole! {
    i8 u8; i16 u16; i32 u32; i64 u64; isize usize;
    u8 u8; u16 u16; u32 u32; u64 u64; usize usize;
}

macro_rules! unary {
    ($($name:ident $op:ident;)*) => {$(
        #[doc = concat!("As `", stringify!($name), "` in Rust.")]
        pub fn $name(self) -> Self {
            self.map(|b, x| b.op(Op::$op, &[x]))
        }
    )*};
}

macro_rules! binary {
    ($($name:ident $op:ident;)*) => {$(
        #[doc = concat!("As `", stringify!($name), "` in Rust.")]
        pub fn $name(self, other: Self) -> Self {
            self.map(|b, x| b.op(Op::$op, &[x, other.id()]))
        }
    )*};
}

macro_rules! by_rule {
    ($($name:ident $rule:ident $arith:ident;)*) => {$(
        #[doc = concat!("As `", stringify!($name), "` in Rust.")]
        pub fn $name(self, other: Self) -> Self {
            self.map(|b, x| b.arith_as(Overflow::$rule, Arith::$arith, x, other.id()))
        }
    )*};
}

macro_rules! counts {
    ($($name:ident $op:ident $invert:literal;)*) => {$(
        #[doc = concat!("As `", stringify!($name), "` in Rust.")]
        pub fn $name(self) -> Val<'b, u32> {
            let b = self.body();
            let x = if $invert { b.op(Op::Not, &[self.id()]) } else { self.id() };
            let count = b.op(Op::$op, &[x]);
            let bits = i128::from(b.scalar(x).bits());
            let count = b.cast_id(Scalar::U32, count);
            b.set_range(count, Interval { lo: 0, hi: bits });
            Val::new(b, count)
        }
    )*};
}

#[rustfmt::skip]
impl<'b, T: Plain> Val<'b, T> {
    unary! {
        sqrt Sqrt; floor Floor; ceil Ceil; trunc Trunc; round Round; round_ties_even Rint;
        exp Exp; exp2 Exp2; exp_m1 Expm1; ln Log; log2 Log2; log10 Log10; ln_1p Log1p;
        sin Sin; cos Cos; tan Tan; asin Asin; acos Acos; atan Atan;
        sinh Sinh; cosh Cosh; tanh Tanh; asinh Asinh; acosh Acosh; atanh Atanh; cbrt Cbrt;
        wrapping_neg Neg; wrapping_abs Abs;
    }

    binary! { atan2 Atan2; powf Pow; hypot Hypot; copysign Copysign; }

    by_rule! {
        wrapping_add Wrap Add; wrapping_sub Wrap Sub; wrapping_mul Wrap Mul;
        saturating_add Saturate Add; saturating_sub Saturate Sub; saturating_mul Saturate Mul;
    }

    counts! {
        leading_zeros Clz false; trailing_zeros Ctz false; count_ones Popcount false;
        leading_ones Clz true; trailing_ones Ctz true; count_zeros Popcount true;
    }
}

impl<'b, T: Plain> Val<'b, T> {
    fn map(self, work: impl FnOnce(&'b Body, NodeId) -> NodeId) -> Self {
        Val::new(self.body(), work(self.body(), self.id()))
    }

    fn is_float(self) -> bool {
        self.body().scalar(self.id()).is_float()
    }

    fn constant(self, value: f64) -> NodeId {
        let value = match self.body().scalar(self.id()) {
            Scalar::F32 => Const::f32(value as f32),
            Scalar::F64 => Const::f64(value),
            integer => Const::int(integer, value as i64),
        };
        self.body().constant(value)
    }

    fn test(self, op: Op, other: NodeId) -> Val<'b, bool> {
        Val::new(self.body(), self.body().op(op, &[self.id(), other]))
    }

    /// The lesser; of floats, the one that is not NaN.
    pub fn min(self, other: Self) -> Self {
        let op = if self.is_float() { Op::Fmin } else { Op::Min };
        self.map(|b, x| b.op(op, &[x, other.id()]))
    }

    /// The greater; of floats, the one that is not NaN.
    pub fn max(self, other: Self) -> Self {
        let op = if self.is_float() { Op::Fmax } else { Op::Max };
        self.map(|b, x| b.op(op, &[x, other.id()]))
    }

    /// As `clamp` in Rust: a NaN stays.
    pub fn clamp(self, least: Self, most: Self) -> Self {
        let b = self.body();
        let is_range = b.op(Op::Le, &[least.id(), most.id()]);
        match self.is_float() {
            true => {
                let message = "min > max, or either was NaN. min = {}, max = {}";
                b.guard(
                    FaultKind::Assert,
                    is_range,
                    message,
                    &[least.id(), most.id()],
                );
            }
            false => b.guard(
                FaultKind::Assert,
                is_range,
                "assertion failed: min <= max",
                &[],
            ),
        }
        let is_less = b.op(Op::Lt, &[self.id(), least.id()]);
        let raised = b.op(Op::Select, &[is_less, least.id(), self.id()]);
        let is_more = b.op(Op::Gt, &[raised, most.id()]);
        Val::new(b, b.op(Op::Select, &[is_more, most.id(), raised]))
    }

    /// The size without the sign.
    pub fn abs(self) -> Self {
        let b = self.body();
        if !self.is_float() && b.rules.get().overflow == Overflow::Checked {
            b.guard_not_least(self.id(), "attempt to negate with overflow");
        }
        self.map(|b, x| b.op(Op::Abs, &[x]))
    }

    /// `self * factor + addend`, rounded once.
    pub fn mul_add(self, factor: Self, addend: Self) -> Self {
        self.map(|b, x| b.op(Op::Fma, &[x, factor.id(), addend.id()]))
    }

    /// To a fixed whole power.
    pub fn powi(self, exponent: Val<'b, i32>) -> Self {
        let b = self.body();
        let value = b.as_const(exponent.id()).and_then(Const::as_int);
        let fits = value.is_some_and(|n| n.unsigned_abs() <= POWI_MAX as u128);
        if fits {
            return self.map(|b, x| b.op(Op::Powi, &[x, exponent.id()]));
        }
        // Larger and unknown exponents have the meaning of `powf`, which is
        // the exact power rounded nearly as well.
        let scalar = b.scalar(self.id());
        let exponent = b.cast_id(scalar, exponent.id());
        self.map(|b, x| b.op(Op::Pow, &[x, exponent]))
    }

    /// To a whole power, by squaring, with the panics of the products.
    pub fn pow(self, exponent: Val<'b, u32>) -> Self {
        let b = self.body();
        match b.as_const(exponent.id()).and_then(Const::as_int) {
            Some(n) => self.pow_of_constant(n as u32),
            None => self.pow_in_loop(exponent),
        }
    }

    fn pow_of_constant(self, mut exponent: u32) -> Self {
        let b = self.body();
        let (mut base, mut result) = (self.id(), self.constant(1.0));
        if exponent == 0 {
            return Val::new(b, result);
        }
        // The order of the products is that of the standard library.
        while exponent > 1 {
            if exponent & 1 == 1 {
                result = b.arith(Arith::Mul, result, base);
            }
            exponent /= 2;
            base = b.arith(Arith::Mul, base, base);
        }
        Val::new(b, b.arith(Arith::Mul, result, base))
    }

    fn pow_in_loop(self, exponent: Val<'b, u32>) -> Self {
        let b = self.body();
        let (mut base, mut left) = (self, exponent);
        let mut result: Self = Val::new(b, self.constant(1.0));
        let one = b.lit(1u32);
        let mut l = b.begin_while();
        l.carry(&base);
        l.carry(&left);
        l.carry(&result);
        l.open_test();
        l.take(&mut base);
        l.take(&mut left);
        l.take(&mut result);
        l.test(b.gt(left, one));
        l.take(&mut base);
        l.take(&mut left);
        l.take(&mut result);
        let is_odd = b.eq(b.bitand(left, one), one);
        let mut branch = b.begin_if(is_odd);
        branch.keep(&result);
        result = b.mul(result, base);
        branch.then(&mut result);
        branch.begin_else();
        branch.otherwise(&result);
        branch.end();
        branch.take(&mut result);
        left = b.shr(left, one);
        base = b.mul(base, base);
        l.next(&base);
        l.next(&left);
        l.next(&result);
        l.close();
        l.take(&mut base);
        l.take(&mut left);
        l.take(&mut result);
        // To the power of 0 nothing is multiplied, and nothing overflows.
        let is_some = b.ne(left, b.lit(0u32));
        let mut branch = b.begin_if(is_some);
        branch.keep(&result);
        result = b.mul(result, base);
        branch.then(&mut result);
        branch.begin_else();
        branch.otherwise(&result);
        branch.end();
        branch.take(&mut result);
        result
    }

    /// 1, 0 or -1 by the sign; of floats 1 or -1 by the sign bit, and NaN of
    /// NaN.
    pub fn signum(self) -> Self {
        let b = self.body();
        let (zero, one) = (self.constant(0.0), self.constant(1.0));
        if self.is_float() {
            let signed = b.op(Op::Copysign, &[one, self.id()]);
            let is_nan = b.op(Op::Ne, &[self.id(), self.id()]);
            return Val::new(b, b.op(Op::Select, &[is_nan, self.id(), signed]));
        }
        let minus_one = self.constant(-1.0);
        let is_more = b.op(Op::Gt, &[self.id(), zero]);
        let is_less = b.op(Op::Lt, &[self.id(), zero]);
        let rest = b.op(Op::Select, &[is_less, minus_one, zero]);
        Val::new(b, b.op(Op::Select, &[is_more, one, rest]))
    }

    /// Whether the sign is that of a number greater than 0.
    pub fn is_positive(self) -> Val<'b, bool> {
        self.test(Op::Gt, self.constant(0.0))
    }

    /// Whether the sign is that of a number less than 0.
    pub fn is_negative(self) -> Val<'b, bool> {
        self.test(Op::Lt, self.constant(0.0))
    }

    /// Whether this is NaN.
    pub fn is_nan(self) -> Val<'b, bool> {
        self.test(Op::Ne, self.id())
    }

    /// Whether this is neither infinite nor NaN.
    pub fn is_finite(self) -> Val<'b, bool> {
        let size = self.map(|b, x| b.op(Op::Abs, &[x]));
        size.test(Op::Lt, self.constant(f64::INFINITY))
    }

    /// Whether this is infinite.
    pub fn is_infinite(self) -> Val<'b, bool> {
        let b = self.body();
        let size = b.op(Op::Abs, &[self.id()]);
        let infinity = self.constant(f64::INFINITY);
        Val::new(b, b.op(Op::Eq, &[size, infinity]))
    }

    /// Whether the sign bit is set.
    pub fn is_sign_negative(self) -> Val<'b, bool> {
        let b = self.body();
        let one = self.constant(1.0);
        let zero = self.constant(0.0);
        let signed = b.op(Op::Copysign, &[one, self.id()]);
        Val::new(b, b.op(Op::Lt, &[signed, zero]))
    }

    /// Whether the sign bit is not set.
    pub fn is_sign_positive(self) -> Val<'b, bool> {
        let b = self.body();
        b.not(self.is_sign_negative())
    }

    /// `self - self.trunc()`.
    pub fn fract(self) -> Self {
        self.map(|b, x| {
            let whole = b.op(Op::Trunc, &[x]);
            b.op(Op::Sub, &[x, whole])
        })
    }

    /// `1 / self`.
    pub fn recip(self) -> Self {
        let one = self.constant(1.0);
        self.map(|b, x| b.op(Op::Div, &[one, x]))
    }

    /// Degrees, of radians, by one factor as in Rust.
    pub fn to_degrees(self) -> Self {
        // Rust's factors: 180 / pi in f64, and 57.2957795... in f32.
        let factor = match self.body().scalar(self.id()) {
            Scalar::F32 => self.constant(57.295_779_513_082_32),
            _ => self.constant(180.0 / std::f64::consts::PI),
        };
        self.map(|b, x| b.op(Op::Mul, &[x, factor]))
    }

    /// Radians, of degrees, by one factor as in Rust.
    pub fn to_radians(self) -> Self {
        let factor = match self.body().scalar(self.id()) {
            Scalar::F32 => {
                let factor = std::f32::consts::PI / 180.0;
                self.body().constant(Const::f32(factor))
            }
            _ => self.constant(std::f64::consts::PI / 180.0),
        };
        self.map(|b, x| b.op(Op::Mul, &[x, factor]))
    }

    /// The sine and the cosine.
    pub fn sin_cos(self) -> (Self, Self) {
        (self.sin(), self.cos())
    }

    /// The logarithm to a base, as Rust computes it.
    pub fn log(self, base: Self) -> Self {
        let (x, y) = (self.ln(), base.ln());
        self.map(|b, _| b.op(Op::Div, &[x.id(), y.id()]))
    }

    /// The bits turned up.
    pub fn rotate_left(self, by: Val<'b, u32>) -> Self {
        self.rotate(Op::Rotl, by)
    }

    /// The bits turned down.
    pub fn rotate_right(self, by: Val<'b, u32>) -> Self {
        self.rotate(Op::Rotr, by)
    }

    fn rotate(self, op: Op, by: Val<'b, u32>) -> Self {
        self.map(|b, x| {
            let by = b.cast_id(b.scalar(x), by.id());
            b.op(op, &[x, by])
        })
    }

    /// As in Rust: the amount modulo the width.
    pub fn wrapping_shl(self, by: Val<'b, u32>) -> Self {
        self.rotate(Op::Shl, by)
    }

    /// As in Rust: the amount modulo the width.
    pub fn wrapping_shr(self, by: Val<'b, u32>) -> Self {
        self.rotate(Op::Shr, by)
    }

    /// The quotient rounded so that the remainder is not negative.
    pub fn div_euclid(self, other: Self) -> Self {
        let b = self.body();
        if self.is_float() {
            let quotient = b.op(Op::Div, &[self.id(), other.id()]);
            let quotient = b.op(Op::Trunc, &[quotient]);
            let rest = b.op(Op::Rem, &[self.id(), other.id()]);
            return self.euclid(rest, quotient, other);
        }
        let quotient = b.divide(Op::Div, self.id(), other.id());
        let rest = b.op(Op::Rem, &[self.id(), other.id()]);
        self.euclid(rest, quotient, other)
    }

    fn euclid(self, rest: NodeId, quotient: NodeId, other: Self) -> Self {
        let b = self.body();
        let (zero, one) = (self.constant(0.0), self.constant(1.0));
        let is_more = b.op(Op::Gt, &[other.id(), zero]);
        let [less, more] = [Op::Sub, Op::Add].map(|op| b.op(op, &[quotient, one]));
        let moved = b.op(Op::Select, &[is_more, less, more]);
        let is_less = b.op(Op::Lt, &[rest, zero]);
        Val::new(b, b.op(Op::Select, &[is_less, moved, quotient]))
    }

    /// The remainder that is not negative.
    pub fn rem_euclid(self, other: Self) -> Self {
        let b = self.body();
        let rest = b.divide(Op::Rem, self.id(), other.id());
        let zero = self.constant(0.0);
        let is_less = b.op(Op::Lt, &[rest, zero]);
        let size = b.op(Op::Abs, &[other.id()]);
        let moved = b.op(Op::Add, &[rest, size]);
        Val::new(b, b.op(Op::Select, &[is_less, moved, rest]))
    }

    /// The nearest `f64`, of a number of any type.
    pub fn to_f64(self) -> Val<'b, f64> {
        let b = self.body();
        Val::new(b, b.cast_id(Scalar::F64, self.id()))
    }

    /// Whether this is a power of two.
    pub fn is_power_of_two(self) -> Val<'b, bool> {
        let b = self.body();
        let ones = b.op(Op::Popcount, &[self.id()]);
        let one = self.constant(1.0);
        Val::new(b, b.op(Op::Eq, &[ones, one]))
    }
}

impl<'b, T: Float> Val<'b, T> {
    /// The bits; those of a NaN are the canonical quiet NaN's.
    pub fn to_bits(self) -> Val<'b, T::Bits> {
        Val::new(self.body(), self.body().op(Op::Bits, &[self.id()]))
    }
}

impl<'b, T: Whole> Val<'b, T> {
    /// The distance of two integers.
    pub fn abs_diff(self, other: Self) -> Val<'b, T::Unsigned> {
        let b = self.body();
        let to = b.scalar(self.id()).to_unsigned();
        let [x, y] = [self.id(), other.id()].map(|id| b.cast_id(to, id));
        let is_less = b.op(Op::Lt, &[self.id(), other.id()]);
        let (below, above) = (b.op(Op::Sub, &[y, x]), b.op(Op::Sub, &[x, y]));
        Val::new(b, b.op(Op::Select, &[is_less, below, above]))
    }

    /// The size as an integer without a sign.
    pub fn unsigned_abs(self) -> Val<'b, T::Unsigned> {
        let b = self.body();
        let size = b.op(Op::Abs, &[self.id()]);
        Val::new(b, b.cast_id(b.scalar(size).to_unsigned(), size))
    }

    /// The sum, wrapped, and whether it left the type.
    pub fn overflowing_add(self, other: Self) -> (Self, Val<'b, bool>) {
        self.overflowing(Op::Add, Op::AddOverflows, other)
    }

    /// The difference, wrapped, and whether it left the type.
    pub fn overflowing_sub(self, other: Self) -> (Self, Val<'b, bool>) {
        self.overflowing(Op::Sub, Op::SubOverflows, other)
    }

    /// The product, wrapped, and whether it left the type.
    pub fn overflowing_mul(self, other: Self) -> (Self, Val<'b, bool>) {
        self.overflowing(Op::Mul, Op::MulOverflows, other)
    }

    fn overflowing(self, op: Op, overflows: Op, other: Self) -> (Self, Val<'b, bool>) {
        let b = self.body();
        let args = [self.id(), other.id()];
        (
            Val::new(b, b.op(op, &args)),
            Val::new(b, b.op(overflows, &args)),
        )
    }
}
