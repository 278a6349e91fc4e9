//! Random programs of pure ops: the passes together change no bit.
//!
//! Operands are drawn from few values, and constants from the ones that rules
//! look for, so that rules meet each other's results.

use super::reference::{Reference, float_edges, random_bits};
use kiln_ir::{
    Class, Const, Func, FuncBuilder, NodeId, OPS, Op, ParamType, Rule, Scalar, Type, verify,
};
use kiln_opt::{OptConfig, optimize};

const PROGRAMS: usize = 1500;
const OPS_EACH: usize = 14;
const INPUTS: usize = 40;

/// A stream of random choices.
struct Choices<I>(I);

impl<I: Iterator<Item = u64>> Choices<I> {
    fn below(&mut self, n: usize) -> usize {
        (self.0.next().expect("the stream is endless") % n as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

fn constant(choices: &mut Choices<impl Iterator<Item = u64>>, scalar: Scalar) -> Const {
    match scalar {
        Scalar::F32 | Scalar::F64 => {
            let value = choices.pick(&[0.0, -0.0, 1.0, -1.0, 2.0, 0.5, -3.0, f64::INFINITY]);
            match scalar {
                Scalar::F32 => Const::f32(value as f32),
                _ => Const::f64(value),
            }
        }
        other => {
            let top = 1 << (other.bits() - 1);
            let bits = choices.pick(&[0, 1, 2, 3, 8, u64::MAX, top, top - 1]);
            Const::from_bits(other, bits)
        }
    }
}

/// A value of the type: one made before where there is one, else a constant.
fn operand(
    choices: &mut Choices<impl Iterator<Item = u64>>,
    b: &mut FuncBuilder,
    made: &[NodeId],
    scalar: Scalar,
) -> NodeId {
    let fitting: Vec<NodeId> = made
        .iter()
        .copied()
        .filter(|&v| b.ty(v) == Type::scalar(scalar))
        .collect();
    if fitting.is_empty() || choices.below(4) == 0 {
        let value = constant(choices, scalar);
        return b.constant(value);
    }
    choices.pick(&fitting)
}

/// An op whose value is the same for every NaN: all but `raw_bits`.
fn any_op(
    choices: &mut Choices<impl Iterator<Item = u64>>,
    b: &mut FuncBuilder,
    made: &[NodeId],
) -> Option<NodeId> {
    let info = choices.pick(OPS);
    if matches!(info.class, Class::Vector | Class::Slow) || info.op == Op::RawBits {
        return None;
    }
    let first = b.ty(choices.pick(made)).scalar;
    let types: Vec<Scalar> = match info.rule {
        Rule::Select => vec![Scalar::Bool, first, first],
        Rule::Powi => vec![first, Scalar::I32],
        rule => vec![first; rule.arity()],
    };
    let annotation = match info.rule {
        Rule::Cast => Some(Type::scalar(choices.pick(&Scalar::ALL))),
        _ => None,
    };
    let operands: Vec<Type> = types.iter().map(|&s| Type::scalar(s)).collect();
    info.op.result_type(&operands, annotation).ok()?;
    let mut args: Vec<NodeId> = types
        .iter()
        .map(|&s| operand(choices, b, made, s))
        .collect();
    if info.rule == Rule::Powi {
        let n = choices.below(9) as i64 - 3;
        args[1] = b.constant(Const::int(Scalar::I32, n));
    }
    Some(b.op_as(info.op, &args, annotation))
}

/// An `if` between two values made before.
fn any_if(
    choices: &mut Choices<impl Iterator<Item = u64>>,
    b: &mut FuncBuilder,
    made: &[NodeId],
) -> NodeId {
    let yes = choices.pick(made);
    let no = operand(choices, b, made, b.ty(yes).scalar);
    let cond = operand(choices, b, made, Scalar::Bool);
    b.begin_if();
    let then = b.begin_else(&[yes]);
    b.end_if(cond, then, &[no])[0]
}

fn program(choices: &mut Choices<impl Iterator<Item = u64>>) -> Func {
    let mut b = FuncBuilder::new("f");
    let mut made = Vec::new();
    for name in ["x", "y", "z"] {
        let scalar = choices.pick(&Scalar::ALL);
        made.push(b.scalar_param(name, scalar));
    }
    for _ in 0..OPS_EACH {
        let new = match choices.below(8) {
            0 => Some(any_if(choices, &mut b, &made)),
            _ => any_op(choices, &mut b, &made),
        };
        made.extend(new);
    }
    let results: Vec<NodeId> = made.split_off(made.len().saturating_sub(2));
    b.finish(&results)
}

fn inputs(func: &Func, seed: u64) -> Vec<Const> {
    let values = func.params().iter().zip(0u64..).map(|(param, at)| {
        let ParamType::Scalar(scalar) = param.ty else {
            unreachable!("programs take scalars")
        };
        let mixed = (seed + 1).wrapping_mul(0x9e37_79b9 + 2 * at);
        match scalar {
            Scalar::F32 | Scalar::F64 if !seed.is_multiple_of(3) => {
                let edges = float_edges(scalar);
                edges[mixed as usize % edges.len()]
            }
            _ => Const::from_bits(
                scalar,
                mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> (seed % 50),
            ),
        }
    });
    values.collect()
}

#[test]
fn random_programs_keep_their_values() {
    let mut choices = Choices(random_bits(usize::MAX));
    let config = OptConfig::default().verify(true);
    let mut fired = 0;
    for _ in 0..PROGRAMS {
        let before = program(&mut choices);
        verify(&before).unwrap_or_else(|e| panic!("{e}\n{before}"));
        let after = optimize(&before, &config).unwrap_or_else(|e| panic!("{e}\n{before}"));
        fired += after.report.rules.len();
        let (one, other) = (Reference::new(&before), Reference::new(&after.func));
        for seed in 0..INPUTS as u64 {
            let args = inputs(&before, seed);
            let (want, found) = (one.values(&args), other.values(&args));
            assert_eq!(want, found, "at {args:?}\n{before}\n{}", after.func);
        }
        // What is simple already stays as it is.
        let again = optimize(&after.func, &config).unwrap();
        let third = optimize(&again.func, &config).unwrap();
        assert_eq!(again.func.to_string(), third.func.to_string());
    }
    assert!(fired > PROGRAMS, "rules fire often enough to meet");
}
