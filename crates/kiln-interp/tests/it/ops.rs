//! Every op on every type and every pair of edge values, one value at a time
//! and in blocks, against [`kiln_ir::meaning::eval`].

use kiln_interp::{Arg, Program, Slice, SliceMut};
use kiln_ir::{
    Class, Column, Const, Func, FuncBuilder, OPS, OpInfo, ParamType, Rule, Scalar, Type,
    elementwise, meaning,
};

/// Values at which ops change their ways.
fn edges(scalar: Scalar) -> Vec<Const> {
    let of_f64 = |x: f64| match scalar {
        Scalar::F32 => Const::f32(x as f32),
        _ => Const::f64(x),
    };
    let floats = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -1.5,
        2.5,
        3.0,
        1e-40,
        -1e-310,
        5e-324,
        16777217.0,
        4503599627370497.0,
        9.3e18,
        -1.9e19,
        1e300,
        -3.5e38,
        800.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    let ints = [
        0,
        1,
        2,
        7,
        8,
        31,
        32,
        63,
        64,
        -1,
        -2,
        i64::MAX,
        i64::MIN,
        1 << 31,
        (1 << 31) - 1,
        1 << 15,
        1 << 7,
        127,
        0x5555_5555_5555_5555,
    ];
    match scalar {
        Scalar::Bool => vec![Const::bool(false), Const::bool(true)],
        s if s.is_float() => floats.into_iter().map(of_f64).collect(),
        s => ints.into_iter().map(|i| Const::int(s, i)).collect(),
    }
}

/// The operand types of each form of an op, and the type written on it.
fn forms(info: &OpInfo) -> Vec<(Vec<Scalar>, Option<Scalar>)> {
    let plain = |s: Scalar| (vec![s; info.rule.arity()], None);
    let all = Scalar::ALL.into_iter();
    match info.rule {
        Rule::Cast => all
            .clone()
            .flat_map(|from| {
                Scalar::ALL
                    .into_iter()
                    .map(move |to| (vec![from], Some(to)))
            })
            .collect(),
        Rule::Select => all.map(|s| (vec![Scalar::Bool, s, s], None)).collect(),
        Rule::Powi => vec![
            (vec![Scalar::F32, Scalar::I32], None),
            (vec![Scalar::F64, Scalar::I32], None),
        ],
        _ => all.map(plain).collect(),
    }
}

/// A Func of this one op, if the op takes these types. The exponent of
/// `powi`, which must be a constant, is no parameter.
fn func(info: &OpInfo, types: &[Scalar], to: Option<Scalar>, exponent: i64) -> Option<Func> {
    let operands: Vec<Type> = types.iter().map(|&s| Type::scalar(s)).collect();
    let ty = info.op.result_type(&operands, to.map(Type::scalar)).ok()?;
    let mut b = FuncBuilder::new("f");
    let count = types.len() - usize::from(info.rule == Rule::Powi);
    let mut args: Vec<_> = (0..count)
        .map(|i| b.scalar_param(format!("x{i}"), types[i]))
        .collect();
    if info.rule == Rule::Powi {
        args.push(b.constant(Const::int(Scalar::I32, exponent)));
    }
    let result = b.op_as(info.op, &args, Some(ty));
    Some(b.finish(&[result]))
}

/// Every combination of edge values of the parameters.
fn rows(func: &Func) -> Vec<Vec<Const>> {
    let mut rows = vec![Vec::new()];
    for param in func.params() {
        let ParamType::Scalar(scalar) = param.ty else {
            panic!("a scalar Func");
        };
        let values = edges(scalar);
        rows = rows
            .iter()
            .flat_map(|row: &Vec<Const>| {
                values.iter().map(move |&v| {
                    let mut row = row.clone();
                    row.push(v);
                    row
                })
            })
            .collect();
    }
    rows
}

/// Typed columns, so that arguments can borrow them.
#[derive(Debug)]
enum Data {
    Bool(Vec<bool>),
    I8(Vec<i8>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

macro_rules! data {
    ($($variant:ident $ty:ident;)*) => {
        impl Data {
            fn new(scalar: Scalar, values: impl Iterator<Item = Const>) -> Data {
                match scalar {
                    $(Scalar::$variant => {
                        Data::$variant(values.map(meaning::Value::from_const).collect())
                    })*
                }
            }

            fn read(&self) -> Arg<'_> {
                match self {
                    $(Data::$variant(v) => Arg::Slice(Slice::$variant(v)),)*
                }
            }

            fn write(&mut self) -> Arg<'_> {
                match self {
                    $(Data::$variant(v) => Arg::SliceMut(SliceMut::$variant(v)),)*
                }
            }

            fn get(&self, i: usize) -> Const {
                match self {
                    $(Data::$variant(v) => meaning::Value::to_const(v[i]),)*
                }
            }
        }
    };
}

data! {
    Bool bool; I8 i8; I16 i16; I32 i32; I64 i64; U8 u8; U16 u16; U32 u32; U64 u64; F32 f32; F64 f64;
}

fn check(info: &OpInfo, func: &Func, exponent: Option<Const>) -> usize {
    let result = func.results()[0].scalar;
    let rows = rows(func);
    let expected: Vec<Const> = rows
        .iter()
        .map(|row| {
            let operands: Vec<Const> = row.iter().copied().chain(exponent).collect();
            meaning::eval(info.op, result, &operands)
        })
        .collect();
    let scalar = Program::new(func).expect("no vectors");
    let mut state = scalar.state();
    for (row, &expected) in rows.iter().zip(&expected) {
        let bits: Vec<u64> = row.iter().map(|c| c.bits()).collect();
        let mut out = [0];
        scalar.call(&mut state, &bits, &mut out).expect("no guards");
        let found = Const::from_bits(result, out[0]);
        assert_eq!(found, expected, "{} of {row:?}", info.name);
    }
    let columns = vec![Column::Contiguous; func.params().len()];
    let blocks = Program::new(&elementwise(func, &columns)).expect("no vectors");
    assert!(blocks.runs_in_blocks());
    let inputs: Vec<Data> = func
        .params()
        .iter()
        .enumerate()
        .map(|(i, p)| {
            let ParamType::Scalar(s) = p.ty else {
                panic!("a scalar Func");
            };
            Data::new(s, rows.iter().map(|row| row[i]))
        })
        .collect();
    let mut output = Data::new(result, rows.iter().map(|_| Const::zero(result)));
    let mut args: Vec<Arg<'_>> = inputs.iter().map(Data::read).collect();
    args.push(output.write());
    let mut state = blocks.state();
    blocks
        .run_rows(&mut state, &mut args, 0..rows.len())
        .expect("no guards");
    for (i, (row, &expected)) in rows.iter().zip(&expected).enumerate() {
        assert_eq!(
            output.get(i),
            expected,
            "{} of {row:?} in a block",
            info.name
        );
    }
    rows.len()
}

#[test]
fn every_op_on_every_type_means_what_eval_says() {
    let mut values = 0;
    for info in OPS.iter().filter(|i| i.class != Class::Vector) {
        let mut count = 0;
        let exponents: &[i64] = match info.rule {
            Rule::Powi => &[0, 1, -1, 2, 3, -7, 64, -64],
            _ => &[0],
        };
        for (types, to) in forms(info) {
            for &exponent in exponents {
                let Some(func) = func(info, &types, to, exponent) else {
                    continue;
                };
                let constant = (info.rule == Rule::Powi).then(|| Const::int(Scalar::I32, exponent));
                count += check(info, &func, constant);
            }
        }
        assert!(count > 0, "{} has no form", info.name);
        values += count;
    }
    assert!(values > 10_000);
}
