//! Every mathematical function, every way: the same bits in every lane.

use kiln_ir::{Class, Column, Const, FuncBuilder, NodeId, Op, Scalar};
use kiln_testkit::cells::samples;
use kiln_testkit::differential::{Coverage, check_case};
use kiln_testkit::ways::Case;

/// Odd, so that a value that returns after so many rows meets every lane.
const PERIOD: usize = 61;
/// Rows: every value in every lane of a block of 64, and a tail.
const ROWS: usize = PERIOD * 64 + 7;

/// What functions turn on, besides the samples: ends of ranges, where methods
/// change, and what lies beyond, in both formats.
#[rustfmt::skip]
const TURNS: [f64; 24] = [
    0.25, 0.84375, 0.9, 1.0000001, 1.4, 6.0, 9.3, 10.06, 27.0, 35.5, 87.5, 88.7, 103.9,
    128.0, 150.0, 171.6, 709.0, 745.2, 24999.9, 25001.0, 4194303.0, 4194305.0, 1e15, 1e-20,
];

/// `PERIOD` values: special ones first, then turning points, then any.
fn values(scalar: Scalar, seed: u64) -> Vec<Const> {
    let float = |x: f64| match scalar {
        Scalar::F32 => Const::f32(x as f32),
        _ => Const::f64(x),
    };
    let special = [
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        1.0,
        -1.0,
    ];
    let mut all: Vec<Const> = special.into_iter().map(float).collect();
    all.extend(
        TURNS
            .iter()
            .flat_map(|&x| [float(x), float(-x)])
            .skip(seed as usize % 2)
            .step_by(2),
    );
    all.extend(samples(scalar, PERIOD - all.len(), seed));
    all
}

fn case(op: Op, scalar: Scalar) -> Case {
    let mut b = FuncBuilder::new("f");
    let names = &["x", "y"][..if op == Op::Powi { 1 } else { op.arity() }];
    let mut args: Vec<NodeId> = names
        .iter()
        .map(|name| b.scalar_param(*name, scalar))
        .collect();
    let results: Vec<NodeId> = if op == Op::Powi {
        [-64, -3, -1, 2, 3, 7, 64]
            .map(|n| {
                let n = b.constant(Const::int(Scalar::I32, n));
                b.op(op, &[args[0], n])
            })
            .to_vec()
    } else {
        vec![b.op(op, &args)]
    };
    args.truncate(names.len());
    let func = b.finish(&results);
    // Operands return after different periods, so that they meet in pairs.
    let inputs = (0..names.len())
        .map(|i| {
            let period = values(scalar, 5 + i as u64);
            let period = &period[..PERIOD - 2 * i];
            (0..ROWS).map(|row| period[row % period.len()]).collect()
        })
        .collect();
    Case {
        func,
        columns: vec![Column::Contiguous; names.len()],
        inputs,
        rows: ROWS,
    }
}

#[test]
fn every_function_gives_the_same_bits_in_every_lane() {
    let scaling = [Op::Rem, Op::Ldexp, Op::Exponent, Op::Mantissa];
    let functions = Op::all()
        .filter(|op| op.class() == Class::Math)
        .chain(scaling);
    let mut coverage = Coverage::default();
    for op in functions {
        for scalar in [Scalar::F32, Scalar::F64] {
            if let Err(report) = check_case(&case(op, scalar), &mut coverage) {
                panic!(
                    "{} on {scalar}: {}",
                    op.name(),
                    report.lines().next().unwrap_or("")
                );
            }
        }
    }
    assert!(
        coverage.compared > 1_000_000,
        "{} values",
        coverage.compared
    );
}
