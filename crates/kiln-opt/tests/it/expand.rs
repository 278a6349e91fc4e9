//! The expansion of functions: the same bits, and no more nodes than needed.

use super::reference::{Reference, float_edges, random_bits};
use kiln_ir::{
    Class, Column, Const, Func, FuncBuilder, Node, NodeId, OPS, Op, Scalar, Schedule, Type,
    as_row_loop, elementwise,
};
use kiln_opt::{OptConfig, optimize};

fn config() -> OptConfig {
    OptConfig::default().verify(true)
}

fn optimized(func: &Func) -> Func {
    optimize(func, &config()).unwrap().func
}

fn ops(func: &Func) -> impl Iterator<Item = Op> {
    (0..func.node_count()).filter_map(|i| match func.node(NodeId::new(i)) {
        Node::Op { op, .. } => Some(*op),
        _ => None,
    })
}

fn count(func: &Func, op: Op) -> usize {
    ops(func).filter(|&o| o == op).count()
}

/// `op(x)` or `op(x, y)` in `scalar`.
fn call(op: Op, scalar: Scalar) -> Func {
    let mut b = FuncBuilder::new("f");
    let args: Vec<NodeId> = ["x", "y"][..op.arity()]
        .iter()
        .map(|name| b.scalar_param(*name, scalar))
        .collect();
    let result = b.op(op, &args);
    b.finish(&[result])
}

fn expanded_ops() -> impl Iterator<Item = Op> {
    OPS.iter()
        .filter(|info| info.class == Class::Math && info.op != Op::Powi)
        .map(|info| info.op)
        .chain([Op::Rem, Op::Ldexp, Op::Exponent, Op::Mantissa])
}

fn operands(scalar: Scalar) -> Vec<Const> {
    let mut values = float_edges(scalar);
    values.extend(random_bits(200).map(|bits| Const::from_bits(scalar, bits)));
    // Most random bits are huge or tiny; these are where people work.
    values.extend(random_bits(200).map(|bits| {
        let x = (bits >> 11) as f64 / (1u64 << 53) as f64 * 40.0 - 20.0;
        match scalar {
            Scalar::F32 => Const::f32(x as f32),
            _ => Const::f64(x),
        }
    }));
    values
}

#[test]
fn every_function_expands_to_the_same_bits() {
    for op in expanded_ops() {
        for scalar in [Scalar::F64, Scalar::F32] {
            let before = call(op, scalar);
            let after = optimized(&before);
            assert!(
                ops(&after).all(|o| o.class() != Class::Math && o != op),
                "{} stays\n{after}",
                op.name()
            );
            let (one, other) = (Reference::new(&before), Reference::new(&after));
            for args in tuples(&operands(scalar), op.arity()) {
                assert_eq!(
                    one.values(&args),
                    other.values(&args),
                    "{} at {args:?}\n{after}",
                    op.name()
                );
            }
        }
    }
}

/// Each value; or each with some other one, and every pair of edges.
fn tuples(values: &[Const], arity: usize) -> Vec<Vec<Const>> {
    if arity == 1 {
        return values.iter().map(|&x| vec![x]).collect();
    }
    let partners = values.iter().cycle().skip(3).step_by(7);
    let pairs = values.iter().zip(partners).map(|(&x, &y)| vec![x, y]);
    let edges = &values[..EDGES];
    let squares = edges
        .iter()
        .flat_map(|&x| edges.iter().map(move |&y| vec![x, y]));
    pairs.chain(squares).collect()
}

/// How many of the operands are edges, at least.
const EDGES: usize = 36;

#[test]
fn powers_expand_to_the_same_bits() {
    for scalar in [Scalar::F64, Scalar::F32] {
        for n in [-64, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 10, 63, 64] {
            let mut b = FuncBuilder::new("f");
            let x = b.scalar_param("x", scalar);
            let n = b.constant(Const::int(Scalar::I32, n));
            let y = b.op(Op::Powi, &[x, n]);
            let before = b.finish(&[y]);
            let after = optimized(&before);
            assert_eq!(count(&after, Op::Powi), 0);
            let (one, other) = (Reference::new(&before), Reference::new(&after));
            for &x in &operands(scalar) {
                assert_eq!(one.values(&[x]), other.values(&[x]), "at {x}\n{after}");
            }
        }
    }
}

#[test]
fn sine_and_cosine_share_their_reduction() {
    let build = |both: bool| {
        let mut b = FuncBuilder::new("f");
        let x = b.scalar_param("x", Scalar::F64);
        let sine = b.op(Op::Sin, &[x]);
        let result = match both {
            true => {
                let cosine = b.op(Op::Cos, &[x]);
                b.op(Op::Mul, &[sine, cosine])
            }
            false => sine,
        };
        optimized(&b.finish(&[result]))
    };
    let (one, both) = (build(false), build(true));
    // Polynomials and reduction are all of the fused products there are.
    assert_eq!(count(&one, Op::Fma), count(&both, Op::Fma));
    assert!(both.node_count() < one.node_count() + 20);
}

fn row_loop_body(func: &Func) -> kiln_ir::RegionId {
    func.regions_of(as_row_loop(func).unwrap()).next().unwrap()
}

#[test]
fn a_uniform_function_leaves_the_row_loop() {
    let mut b = FuncBuilder::new("f");
    let a = b.scalar_param("a", Scalar::F64);
    let x = b.scalar_param("x", Scalar::F64);
    let power = b.op(Op::Exp, &[a]);
    let y = b.op(Op::Mul, &[power, x]);
    let rows = elementwise(&b.finish(&[y]), &[Column::Uniform, Column::Contiguous]);
    let func = optimized(&rows);
    let schedule = Schedule::of(&func);
    let inside = schedule.nodes(row_loop_body(&func));
    // load, mul, store.
    assert_eq!(inside.len(), 3, "{func}");
}

#[test]
fn a_function_on_one_side_stays_there() {
    let mut b = FuncBuilder::new("f");
    let c = b.scalar_param("c", Scalar::Bool);
    let x = b.scalar_param("x", Scalar::F64);
    b.begin_if();
    let y = b.op(Op::Exp, &[x]);
    let then = b.begin_else(&[y]);
    let y = b.end_if(c, then, &[x])[0];
    let func = optimized(&b.finish(&[y]));
    let schedule = Schedule::of(&func);
    let outside = schedule.nodes(func.body());
    let is_op = |id: &&NodeId| matches!(func.node(**id), Node::Op { .. });
    assert_eq!(outside.iter().filter(is_op).count(), 0, "{func}");
    assert!(count(&func, Op::Fma) > 5);
    assert_eq!(func.results(), [Type::F64]);
}

#[test]
fn an_op_that_is_native_stays() {
    for op in [Op::Ldexp, Op::Exponent, Op::Mantissa] {
        let func = call(op, Scalar::F64);
        let kept = optimize(&func, &config().native(&[op])).unwrap();
        assert_eq!(count(&kept.func, op), 1);
        assert_eq!(kept.report.functions_expanded, 0);
    }
}
