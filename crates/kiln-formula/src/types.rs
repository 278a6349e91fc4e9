//! What a value of a formula is: true/false, whole number, decimal number; how
//! two kinds meet.
//!
//! The rules for decimals and written numbers are NumPy 2's (NEP 50): a written
//! number takes its partner's type. Whole numbers differ on purpose and are all
//! computed as i64.

use kiln_ir::Scalar;

/// The declared type of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InputType {
    /// What its values are.
    pub scalar: Scalar,
    /// Whether values may be missing.
    pub nullable: bool,
}

impl InputType {
    /// An input without missing values.
    pub const fn new(scalar: Scalar) -> InputType {
        InputType {
            scalar,
            nullable: false,
        }
    }

    /// The same type, with missing values.
    pub const fn nullable(self) -> InputType {
        InputType {
            nullable: true,
            ..self
        }
    }
}

impl From<Scalar> for InputType {
    fn from(scalar: Scalar) -> InputType {
        InputType::new(scalar)
    }
}

/// What a value is computed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Wrong, and reported.
    Error,
    Bool,
    /// Every whole number: i64.
    Int,
    F32,
    F64,
}

impl Kind {
    pub(crate) fn is_float(self) -> bool {
        matches!(self, Kind::F32 | Kind::F64)
    }

    pub(crate) fn scalar(self) -> Scalar {
        match self {
            Kind::Bool => Scalar::Bool,
            Kind::Int => Scalar::I64,
            Kind::F32 => Scalar::F32,
            // An error never reaches the Func; any type will do.
            Kind::F64 | Kind::Error => Scalar::F64,
        }
    }
}

/// What the checker knows of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ty {
    pub(crate) kind: Kind,
    /// Made of written numbers only: takes its partner's type.
    pub(crate) weak: bool,
    /// An 8- or 16-bit whole number straight from an input: f32 holds it.
    pub(crate) narrow: bool,
    pub(crate) nullable: bool,
}

impl Ty {
    pub(crate) const ERROR: Ty = Ty::of(Kind::Error);
    pub(crate) const BOOL: Ty = Ty::of(Kind::Bool);

    pub(crate) const fn of(kind: Kind) -> Ty {
        Ty {
            kind,
            weak: false,
            narrow: false,
            nullable: false,
        }
    }

    /// A number as written.
    pub(crate) const fn written(kind: Kind) -> Ty {
        Ty {
            weak: true,
            ..Ty::of(kind)
        }
    }

    pub(crate) fn input(ty: InputType) -> Ty {
        let kind = match ty.scalar {
            Scalar::Bool => Kind::Bool,
            Scalar::F32 => Kind::F32,
            Scalar::F64 => Kind::F64,
            _ => Kind::Int,
        };
        Ty {
            kind,
            weak: false,
            narrow: kind == Kind::Int && ty.scalar.bits() <= 16,
            nullable: ty.nullable,
        }
    }

    pub(crate) fn nullable(self, nullable: bool) -> Ty {
        Ty { nullable, ..self }
    }

    /// As a decimal number: what `/` and most functions compute in.
    pub(crate) fn decimal(self) -> Ty {
        match self.kind {
            Kind::Bool | Kind::Int => Ty {
                kind: Kind::F64,
                narrow: false,
                ..self
            },
            _ => self,
        }
    }

    /// As a number: true/false counts as 0/1.
    pub(crate) fn number(self) -> Ty {
        match self.kind {
            Kind::Bool => Ty {
                kind: Kind::Int,
                ..self
            },
            _ => Ty {
                narrow: false,
                ..self
            },
        }
    }
}

/// The common type of several values, gathered one by one. Gathering first and
/// deciding once makes the result independent of the order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meeting {
    error: bool,
    f64: bool,
    f32: bool,
    wide_int: bool,
    narrow_int: bool,
    bool: bool,
    weak_decimal: bool,
    weak_int: bool,
    nullable: bool,
}

impl Meeting {
    pub(crate) fn of(types: &[Ty]) -> Meeting {
        let mut meeting = Meeting::default();
        for &ty in types {
            meeting.add(ty);
        }
        meeting
    }

    pub(crate) fn add(&mut self, ty: Ty) {
        self.nullable |= ty.nullable;
        match (ty.kind, ty.weak) {
            (Kind::Error, _) => self.error = true,
            (Kind::Bool, _) => self.bool = true,
            (Kind::Int, true) => self.weak_int = true,
            (Kind::Int, false) if ty.narrow => self.narrow_int = true,
            (Kind::Int, false) => self.wide_int = true,
            (Kind::F32 | Kind::F64, true) => self.weak_decimal = true,
            (Kind::F32, false) => self.f32 = true,
            (Kind::F64, false) => self.f64 = true,
        }
    }

    /// The common number type.
    pub(crate) fn number(self) -> Ty {
        let strong_int = self.wide_int || self.narrow_int || self.bool;
        let ty = if self.error {
            Ty::ERROR
        } else if self.f64 {
            Ty::of(Kind::F64)
        } else if self.f32 {
            // f32 holds every 8- and 16-bit number, but not every wider one.
            Ty::of(if self.wide_int { Kind::F64 } else { Kind::F32 })
        } else if self.weak_decimal {
            Ty {
                weak: !strong_int,
                ..Ty::of(Kind::F64)
            }
        } else {
            Ty {
                weak: !strong_int,
                ..Ty::of(Kind::Int)
            }
        };
        ty.nullable(self.nullable)
    }

    /// The common type where true/false stays what it is among its own.
    pub(crate) fn value(self) -> Ty {
        let numbers = self.f64
            || self.f32
            || self.wide_int
            || self.narrow_int
            || self.weak_decimal
            || self.weak_int;
        if self.bool && !numbers && !self.error {
            return Ty::BOOL.nullable(self.nullable);
        }
        self.number()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meet(a: Ty, b: Ty) -> Ty {
        Meeting::of(&[a, b]).number()
    }

    #[test]
    fn numbers_meet_as_in_nep_50_with_wide_whole_numbers() {
        let of = Ty::of;
        let input = |s| Ty::input(InputType::new(s));
        let (i, d) = (Ty::written(Kind::Int), Ty::written(Kind::F64));
        assert_eq!(meet(of(Kind::F32), d), of(Kind::F32));
        assert_eq!(meet(of(Kind::F32), i), of(Kind::F32));
        assert_eq!(meet(of(Kind::F32), of(Kind::F64)), of(Kind::F64));
        assert_eq!(meet(of(Kind::F32), input(Scalar::I8)), of(Kind::F32));
        assert_eq!(meet(of(Kind::F32), input(Scalar::U16)), of(Kind::F32));
        assert_eq!(meet(of(Kind::F32), input(Scalar::I32)), of(Kind::F64));
        assert_eq!(meet(input(Scalar::I8), input(Scalar::U64)), of(Kind::Int));
        assert_eq!(meet(input(Scalar::I8), d), of(Kind::F64));
        assert_eq!(meet(Ty::BOOL, Ty::BOOL), of(Kind::Int));
        assert_eq!(meet(Ty::BOOL, of(Kind::F32)), of(Kind::F32));
        assert_eq!(meet(i, d), d);
        assert_eq!(meet(i, i), i);
    }

    #[test]
    fn the_order_of_values_does_not_matter() {
        let all = [
            Ty::of(Kind::F32),
            Ty::input(InputType::new(Scalar::I32)),
            Ty::written(Kind::F64),
        ];
        let expected = Ty::of(Kind::F64);
        for (a, b, c) in [(0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 1, 0)] {
            let meeting = Meeting::of(&[all[a], all[b], all[c]]);
            assert_eq!(meeting.number(), expected);
        }
    }
}
