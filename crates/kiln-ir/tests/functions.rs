//! The op table has every function and slow-lane op of kiln-math.

use kiln_ir::{Class, OPS, Op, meaning};
use kiln_math::{FUNCTIONS, Slow};

/// Functions of kiln-math that are ops of arithmetic here, by another name or
/// for more types.
const ARITHMETIC: [&str; 4] = ["frem", "ldexp", "exponent", "mantissa"];

#[test]
fn every_function_is_an_op() {
    for function in FUNCTIONS {
        if ARITHMETIC.contains(&function.name) {
            continue;
        }
        let op = Op::from_name(function.name).unwrap_or_else(|| panic!("no op {}", function.name));
        assert_eq!(op.class(), Class::Math);
        assert_eq!(op.arity(), function.arity());
        let has_meaning = match op.arity() {
            1 => meaning::math1_double(op).is_some() && meaning::math1_single(op).is_some(),
            _ => meaning::math2_double(op).is_some() && meaning::math2_single(op).is_some(),
        };
        assert!(has_meaning, "{} has no meaning", function.name);
    }
    let functions = OPS.iter().filter(|info| info.class == Class::Math).count();
    // powi takes a constant and stands in no list.
    assert_eq!(functions, FUNCTIONS.len() - ARITHMETIC.len() + 1);
}

#[test]
fn every_slow_lane_op_is_an_op() {
    for slow in Slow::all() {
        let op = meaning::slow_op(slow).unwrap_or_else(|| panic!("no op {}", slow.name()));
        assert_eq!((op.name(), op.arity()), (slow.name(), slow.arity()));
        assert_eq!(op.class(), Class::Slow);
        assert_eq!(meaning::slow_function(op), Some(slow));
    }
    let slow_ops = OPS.iter().filter(|info| info.class == Class::Slow).count();
    assert_eq!(slow_ops, Slow::all().count());
}
