//! The expressions of numexpr's timing scripts (timing.py, boolean_timing.py,
//! vml_timing.py) parse, check and lower.

use kiln_formula::{InputType, Limits, Lowered, Options, parse};
use kiln_ir::{Op, Scalar, verify};

const TIMING: &[&str] = &[
    "b*c+d*e",
    "2*a+3*b",
    "2*a + (cos(3)+5)*sinh(cos(b))",
    "2*a + arctan2(a, b)",
    "where(0.1*a > arctan2(a, b), 2*a, arctan2(a,b))",
    "where(a != 0.0, 2, b)",
    "where(a-10 != 0.0, a, 2)",
    "where(a%2 != 0.0, b+5, 2)",
    "where(a%2 != 0.0, 2, b+5)",
    "a**2 + (b+1)**-2.5",
    "(a+1)**50",
    "sqrt(a**2 + b**2)",
];

const BOOLEAN: &[&str] = &[
    "i2 > 0",
    "i2 < 0",
    "i2 < f3",
    "i2-10 < f3",
    "i2*f3+f3*f3 > i2",
    "0.1*i2 > arctan2(i2, f3)",
    "i2%2 > 3",
    "i2%10 < 4",
    "i2**2 + (f3+1)**-2.5 < 3",
    "(f3+1)**50 > i2",
    "sqrt(i2**2 + f3**2) > 1",
    "(i2>2) | ((f3**2>3) & ~(i2*f3<2))",
];

const VML: &[&str] = &[
    "i2 > 0",
    "f3+f4",
    "f3+i2",
    "exp(f3)",
    "log(exp(f3)+1)/f4",
    "0.1*i2 > arctan2(f3, f4)",
    "sqrt(f3**2 + f4**2) > 1",
    "sin(f3)>cos(f4)",
    "f3**f4",
];

/// What each function of the scripts needs from the IR.
const NEEDS: &[(&str, &str)] = &[
    ("sinh(", "sinh"),
    ("cos(", "cos"),
    ("sin(", "sin"),
    ("arctan2(", "atan2"),
    ("log(", "log"),
    ("-2.5", "pow"),
    ("**f4", "pow"),
];

fn check(texts: &[&str], inputs: &[(&str, InputType)], expected: Scalar) {
    for text in texts {
        let formula = parse(text, &Limits::new()).unwrap_or_else(|p| panic!("{}", p.render(text)));
        assert!(formula.is_row_wise());
        let missing: Vec<&str> = NEEDS
            .iter()
            .filter(|(spelled, op)| text.contains(spelled) && Op::from_name(op).is_none())
            .map(|(_, op)| *op)
            .collect();
        match formula.lower(inputs, &Options::new()) {
            Ok(Lowered { func, outputs, .. }) => {
                assert_eq!(missing, [""; 0], "{text}");
                verify(&func).unwrap_or_else(|e| panic!("{text}: {e}"));
                assert!(
                    outputs[0].scalar == expected || outputs[0].scalar == Scalar::Bool,
                    "{text}: {}",
                    outputs[0].scalar
                );
            }
            Err(problems) => {
                assert!(!missing.is_empty(), "{}", problems.render(text));
                let codes = problems.iter().map(|p| p.code.as_str());
                assert!(
                    codes.into_iter().all(|c| c == "K0208"),
                    "{}",
                    problems.render(text)
                );
            }
        }
    }
}

#[test]
fn timing() {
    let f32 = InputType::new(Scalar::F32);
    let inputs: Vec<_> = ["a", "b", "c", "d", "e"].map(|n| (n, f32)).to_vec();
    check(TIMING, &inputs, Scalar::F32);
}

#[test]
fn boolean_timing() {
    let inputs = [
        ("i2", InputType::new(Scalar::I32)),
        ("f3", InputType::new(Scalar::F64)),
    ];
    check(BOOLEAN, &inputs, Scalar::Bool);
}

#[test]
fn vml_timing() {
    let inputs = [
        ("i2", InputType::new(Scalar::I32)),
        ("f3", InputType::new(Scalar::F32)),
        ("f4", InputType::new(Scalar::F64)),
    ];
    // Only `exp(f3)` stays in f32; the others meet f64 or an i32.
    check(&["exp(f3)"], &inputs, Scalar::F32);
    let others: Vec<&str> = VML.iter().copied().filter(|t| *t != "exp(f3)").collect();
    check(&others, &inputs, Scalar::F64);
}
