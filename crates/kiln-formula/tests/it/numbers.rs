//! What numbers mean: types, whole numbers, rounding, remainders.

use crate::eval::{BOOL, F32, F64, I64, V, lower, row, row_with, value};
use kiln_formula::{InputType, Options, Overflow};
use kiln_ir::{FaultKind, Scalar};

fn input(scalar: Scalar) -> InputType {
    InputType::new(scalar)
}

/// The type of an output, given inputs called after their types.
fn type_of(text: &str) -> Scalar {
    let inputs: Vec<(&str, InputType)> =
        Scalar::ALL.iter().map(|&s| (s.name(), input(s))).collect();
    lower(text, &inputs, &Options::new()).outputs[0].scalar
}

#[test]
fn types_of_results() {
    use Scalar::{Bool, F32, F64, I64};
    #[rustfmt::skip]
    let table = [
        ("f32 + f32", F32), ("f32 + f64", F64), ("f32 * 2", F32), ("f32 * 0.1", F32),
        ("f32 + pi", F32), ("f64 + 1", F64), ("(2 * 0.5 + 1) * f32", F32),
        ("sqrt(2) * f32", F32), ("i8 + f32", F32), ("u16 * f32", F32),
        ("i32 + f32", F64), ("(i8 + i8) * f32", F64), ("i8 + 1.5", F64),
        ("i8 + i8", I64), ("u64 + i8", I64), ("i32", I64), ("u8", I64), ("-u8", I64),
        ("i32 * 2", I64), ("i32 * 2.0", F64), ("i32 / 2", F64), ("4 / 2", F64),
        ("i32 // 2", I64), ("f32 // 2", F32), ("i32 % 2", I64), ("f64 % 2", F64),
        ("bool + bool", I64), ("bool * f32", F32), ("bool * f64", F64), ("-bool", I64),
        ("bool + 0.5", F64), ("bool", Bool), ("not bool", Bool), ("i8 > f32", Bool),
        ("i32 ^ 2", I64), ("i32 ^ -2", F64), ("i32 ** 0", I64), ("f32 ^ 2", F32),
        ("f32 ^ -64", F32), ("bool ^ 2", I64), ("i8 / f32", F32), ("i64 / f32", F64),
        ("if(bool, f32, 0)", F32), ("if(bool, i8, 0.5)", F64), ("if(bool, 1, 2)", I64),
        ("if(bool, bool, not bool)", Bool), ("if(bool, f32, i32)", F64),
        ("min(i8, 3)", I64), ("min(f32, 3, f64)", F64), ("max(1, f32, i32)", F64),
        ("max(i32, f32, 1)", F64), ("clamp(f32, 0, 1)", F32), ("clamp(i8, 0, 10)", I64),
        ("abs(i8)", I64), ("abs(f32)", F32), ("abs(bool)", I64), ("sign(i16)", I64),
        ("round(f32)", F32), ("floor(i8)", I64), ("floor(f64)", F64),
        ("sqrt(i8)", F64), ("sqrt(f32)", F32), ("sqrt(4)", F64),
        ("rem(i8, 3)", I64), ("rem(f32, 3)", F32), ("bitand(i8, 1)", I64),
        ("is_nan(i8)", Bool), ("is_null(f32)", Bool), ("coalesce(f32, 0)", F32),
        ("coalesce(bool, false)", Bool), ("2", I64), ("2.0", F64), ("2 > 1", Bool),
        ("let k = 0.5; f32 * k", F32), ("let k = i8; f32 * k", F32),
    ];
    for (text, expected) in table {
        assert_eq!(type_of(text), expected, "{text}");
    }
}

#[test]
fn division_is_real_and_floors_by_two_slashes() {
    assert_eq!(value("1 / 2"), V::D(0.5));
    assert_eq!(value("1 / 0"), V::D(f64::INFINITY));
    assert_eq!(value("0 / 0"), V::D(f64::NAN));
    assert_eq!(value("7 // 2"), V::I(3));
}

/// `//` and `%` are floor and its remainder, against plain arithmetic.
#[test]
fn whole_quotients_and_remainders() {
    let (a, b) = (("a", I64), ("b", I64));
    for x in [-9, -8, -7, -1, 0, 1, 6, 7, 8, 9, i64::MAX, i64::MIN + 1] {
        for y in [-4i64, -3, -2, -1, 1, 2, 3, 4, i64::MAX, i64::MIN] {
            let at = |text| row(text, &[(a.0, a.1, V::I(x)), (b.0, b.1, V::I(y))]);
            let q = (i128::from(x)).div_euclid(y.into());
            let floor = if y < 0 && i128::from(x) - q * i128::from(y) != 0 {
                q - 1
            } else {
                q
            };
            let modulo = i128::from(x) - floor * i128::from(y);
            assert_eq!(at("a // b"), Ok(V::I(floor as i64)), "{x} // {y}");
            assert_eq!(at("a % b"), Ok(V::I(modulo as i64)), "{x} % {y}");
            assert_eq!(at("rem(a, b)"), Ok(V::I(x % y)), "rem({x}, {y})");
        }
    }
    for text in ["a // b", "a % b", "rem(a, b)"] {
        let zero = row(text, &[("a", I64, V::I(5)), ("b", I64, V::I(0))]);
        assert_eq!(zero, Err(FaultKind::DivisionByZero), "{text}");
    }
    let edge = [("a", I64, V::I(i64::MIN)), ("b", I64, V::I(-1))];
    assert_eq!(row("a // b", &edge), Err(FaultKind::Overflow));
    assert_eq!(row("a % b", &edge), Ok(V::I(0)));
}

/// Expected values are NumPy 2's `floor_divide` and `remainder`.
#[test]
fn decimal_quotients_and_remainders() {
    let at = |text: &str, a: f64, b: f64| {
        row(text, &[("a", F64, V::D(a)), ("b", F64, V::D(b))]).unwrap()
    };
    #[rustfmt::skip]
    let table = [
        (7.5, 2.0, 3.0, 1.5), (-7.5, 2.0, -4.0, 0.5), (7.5, -2.0, -4.0, -0.5),
        (-7.5, -2.0, 3.0, -1.5), (6.0, 3.0, 2.0, 0.0), (-6.0, 3.0, -2.0, 0.0),
        (6.0, -3.0, -2.0, -0.0), (0.0, -3.0, -0.0, -0.0), (-0.0, 3.0, -0.0, 0.0),
        (1.0, 0.1, 9.0, 0.09999999999999995), (5.0, f64::INFINITY, 0.0, 5.0),
        (-5.0, f64::INFINITY, -1.0, f64::INFINITY),
        (1.0, 0.0, f64::INFINITY, f64::NAN), (f64::NAN, 1.0, f64::NAN, f64::NAN),
    ];
    for (a, b, quotient, remainder) in table {
        assert_eq!(at("a // b", a, b), V::D(quotient), "{a} // {b}");
        assert_eq!(at("a % b", a, b), V::D(remainder), "{a} % {b}");
    }
    assert_eq!(at("rem(a, b)", -7.5, 2.0), V::D(-1.5));
}

#[test]
fn overflow_is_checked_wraps_or_saturates() {
    let (least, most) = (i64::MIN, i64::MAX);
    #[rustfmt::skip]
    let table = [
        ("a + b", most, 1, least, most), ("a - b", least, 1, most, least),
        ("a * b", most, 2, -2, most), ("a * b", least, 2, 0, least),
        ("-a + 0*b", least, 0, least, most), ("abs(a) + 0*b", least, 0, least, most),
        ("a // b", least, -1, least, most), ("a ^ 2 + 0*b", 1 << 32, 0, 0, most),
        ("a ^ 3 + 0*b", -(1 << 22), 0, 0, least), ("a ^ 65 + 0*b", 3, 0, 3i64.wrapping_pow(65), most),
    ];
    for (text, a, b, wrapped, saturated) in table {
        let inputs = [("a", I64, V::I(a)), ("b", I64, V::I(b))];
        let under = |rule| row_with(text, &inputs, &Options::new().overflow(rule));
        assert_eq!(
            row(text, &inputs),
            Err(FaultKind::Overflow),
            "{text} {a} {b}"
        );
        assert_eq!(under(Overflow::Wrapping), Ok(vec![V::I(wrapped)]), "{text}");
        assert_eq!(
            under(Overflow::Saturating),
            Ok(vec![V::I(saturated)]),
            "{text}"
        );
    }
}

#[test]
fn powers_of_whole_numbers() {
    for base in [-3i64, -2, -1, 0, 1, 2, 7] {
        for exponent in 0..=22u32 {
            let got = row(&format!("a ^ {exponent}"), &[("a", I64, V::I(base))]);
            assert_eq!(got, Ok(V::I(base.pow(exponent))), "{base}^{exponent}");
        }
    }
    assert_eq!(row("a ^ 63", &[("a", I64, V::I(-2))]), Ok(V::I(i64::MIN)));
    assert_eq!(
        row("a ^ 63", &[("a", I64, V::I(2))]),
        Err(FaultKind::Overflow)
    );
    assert_eq!(
        row("a ^ 1000000000000", &[("a", I64, V::I(-1))]),
        Ok(V::I(1))
    );
    assert_eq!(value("0 ^ 0"), V::I(1));
    assert_eq!(value("0.0 ^ 0"), V::D(1.0));
    assert_eq!(value("2 ^ -1"), V::D(0.5));
    assert_eq!(value("-2 ^ 2"), V::I(-4));
    assert_eq!(value("2 ^ 3 ^ 2"), V::D(512.0));
}

#[test]
fn a_guard_that_the_widths_rule_out_is_not_emitted() {
    let fails = |text: &str, scalar| {
        let inputs = [("a", input(scalar)), ("b", input(scalar))];
        lower(text, &inputs, &Options::new()).func.can_fail()
    };
    use Scalar::{F64, I8, I16, I32, I64, U8, U16, U32, U64};
    for scalar in [I8, I16, I32, U8, U16, U32] {
        assert!(!fails("a + b * 3 - 100", scalar), "{scalar}");
        assert!(!fails("-a + abs(b)", scalar), "{scalar}");
        assert_eq!(
            fails("a ^ 2 + b // 7 + a % 7", scalar),
            scalar == U32,
            "{scalar}"
        );
        assert!(fails("a // b", scalar), "{scalar}");
        assert!(fails("a // clamp(b, 0, 9)", scalar), "{scalar}");
        assert!(!fails("a // clamp(b, 1, 9)", scalar), "{scalar}");
        assert!(!fails("shl(a, bitand(b, 63))", scalar), "{scalar}");
        assert!(fails("a ^ 64", scalar), "{scalar}");
    }
    assert!(!fails("a * b * a", U8) && fails("a * b * a", U32));
    assert!(fails("a + b", I64) && fails("-a", I64) && fails("a", U64));
    assert!(!fails("a + b // a % b", F64));
    assert!(!fails("a / b", I32) && !fails("a > b", I64) && !fails("a + 0.5", I64));
}

#[test]
fn large_u64_values_are_an_error() {
    let huge = [("u", input(Scalar::U64), V::I(-1))];
    assert_eq!(row("u * 1.0", &huge), Err(FaultKind::Range));
    let fine = [("u", input(Scalar::U64), V::I(i64::MAX))];
    assert_eq!(row("u", &fine), Ok(V::I(i64::MAX)));
}

#[test]
fn rounding() {
    let d = |text: &str, x: f64| row(text, &[("x", F64, V::D(x))]).unwrap();
    let s = |text: &str, x: f32| row(text, &[("x", F32, V::S(x))]).unwrap();
    #[rustfmt::skip]
    let table = [
        (2.5, 3.0, 2.0), (-2.5, -3.0, -2.0), (0.5, 1.0, 0.0), (-0.5, -1.0, -0.0), (1.5, 2.0, 2.0),
        (0.49999999999999994, 0.0, 0.0), (-0.2, -0.0, -0.0), (4503599627370497.0, 4503599627370497.0, 4503599627370497.0),
        (f64::INFINITY, f64::INFINITY, f64::INFINITY), (f64::NAN, f64::NAN, f64::NAN),
    ];
    for (x, away, even) in table {
        assert_eq!(d("round(x)", x), V::D(away), "round({x})");
        assert_eq!(d("round(x)", x), V::D(x.round()), "round({x})");
        assert_eq!(d("round_even(x)", x), V::D(even), "round_even({x})");
        assert_eq!(
            s("round(x)", x as f32),
            V::S((x as f32).round()),
            "round({x})"
        );
    }
    assert_eq!(d("floor(x)", -1.5), V::D(-2.0));
    assert_eq!(d("ceil(x)", -0.5), V::D(-0.0));
    assert_eq!(d("trunc(x)", -1.5), V::D(-1.0));
}

#[test]
fn signs_and_extremes() {
    let d = |text: &str, x: f64, y: f64| {
        row(text, &[("x", F64, V::D(x)), ("y", F64, V::D(y))]).unwrap()
    };
    let nan = f64::NAN;
    assert_eq!(d("sign(x) + 0*y", -3.5, 0.0), V::D(-1.0));
    assert_eq!(d("copy = sign(x); y", -0.0, 0.0), V::D(0.0));
    assert_eq!(d("sign(x)", nan, 0.0), V::D(nan));
    assert_eq!(d("min(x, y)", nan, 1.0), V::D(nan));
    assert_eq!(d("fmin(x, y)", nan, 1.0), V::D(1.0));
    assert_eq!(d("max(x, y, 7)", 1.0, 9.0), V::D(9.0));
    assert_eq!(d("fmax(x, y)", 2.0, nan), V::D(2.0));
    assert_eq!(d("clamp(x, 0, 10)", -3.0, 0.0), V::D(0.0));
    assert_eq!(d("clamp(x, 10, 0)", 5.0, 0.0), V::D(0.0));
    assert_eq!(d("is_nan(x)", nan, 0.0), V::B(true));
    assert_eq!(d("is_finite(x)", nan, 0.0), V::B(false));
    assert_eq!(d("is_finite(x)", 1.0, 0.0), V::B(true));
    assert_eq!(d("is_inf(x)", f64::NEG_INFINITY, 0.0), V::B(true));
    assert_eq!(value("sign(-7)"), V::I(-1));
    assert_eq!(value("fmin(3, 1, 2)"), V::I(1));
    assert_eq!(value("sigmoid(0.0)"), V::D(0.5));
}

#[test]
fn bits() {
    assert_eq!(value("bitand(12, 10)"), V::I(8));
    assert_eq!(value("bitor(12, 10)"), V::I(14));
    assert_eq!(value("bitxor(12, -1)"), V::I(!12));
    assert_eq!(value("shl(1, 40)"), V::I(1 << 40));
    assert_eq!(value("shr(-8, 1)"), V::I(-4));
    let by = |n| row("shl(1, n)", &[("n", I64, V::I(n))]);
    assert_eq!(by(64), Err(FaultKind::Range));
    assert_eq!(by(-1), Err(FaultKind::Range));
}

#[test]
fn comparisons_between_types() {
    let i8 = input(Scalar::I8);
    let u64 = input(Scalar::U64);
    assert_eq!(row("a > -129", &[("a", i8, V::I(-128))]), Ok(V::B(true)));
    assert_eq!(row("a == 127", &[("a", i8, V::I(127))]), Ok(V::B(true)));
    assert_eq!(row("a > -1", &[("a", u64, V::I(0))]), Ok(V::B(true)));
    assert_eq!(row("a > 0.5", &[("a", i8, V::I(1))]), Ok(V::B(true)));
    assert_eq!(row("p == true", &[("p", BOOL, V::B(true))]), Ok(V::B(true)));
    assert_eq!(row("p > 0", &[("p", BOOL, V::B(true))]), Ok(V::B(true)));
    assert_eq!(row("p + p", &[("p", BOOL, V::B(true))]), Ok(V::I(2)));
    // A written number takes the type of its partner.
    assert_eq!(row("x == 0.1", &[("x", F32, V::S(0.1))]), Ok(V::B(true)));
    // Whole and decimal numbers compare as f64.
    let near = [
        ("a", I64, V::I((1 << 53) + 1)),
        ("x", F64, V::D(2f64.powi(53))),
    ];
    assert_eq!(row("a == x", &near), Ok(V::B(true)));
    assert_eq!(row("a != a", &near), Ok(V::B(false)));
}
