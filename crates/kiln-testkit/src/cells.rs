//! Every op on every type it takes: the cells that each backend must have.

use kiln_ir::{ArrayType, Class, Const, Func, FuncBuilder, NodeId, OPS, Op, Rule, Scalar, Type};

/// An op on types.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// The op.
    pub op: Op,
    /// The types of its operands.
    pub args: Vec<Scalar>,
    /// The type of its result.
    pub result: Scalar,
}

/// Every cell but those of ops on vectors alone and of mathematical
/// functions, which are expanded.
pub fn cells() -> Vec<Cell> {
    let mut all = Vec::new();
    for info in OPS {
        if matches!(info.class, Class::Math | Class::Vector) {
            continue;
        }
        for scalar in Scalar::ALL {
            let args = match info.rule {
                Rule::Select => vec![Scalar::Bool, scalar, scalar],
                rule => vec![scalar; rule.arity()],
            };
            let types: Vec<Type> = args.iter().map(|&s| Type::scalar(s)).collect();
            let annotations = match info.rule.is_annotated() {
                true => Scalar::ALL.map(|s| Some(Type::scalar(s))).to_vec(),
                false => vec![None],
            };
            for annotation in annotations {
                if let Ok(ty) = info.op.result_type(&types, annotation) {
                    all.push(Cell {
                        op: info.op,
                        args: args.clone(),
                        result: ty.scalar,
                    });
                }
            }
        }
    }
    all
}

/// Every mathematical function on every type; `powi` wants a constant.
pub fn functions() -> impl Iterator<Item = Cell> {
    let functions = Op::all().filter(|op| op.class() == Class::Math && *op != Op::Powi);
    functions.flat_map(|op| {
        [Scalar::F32, Scalar::F64].map(|scalar| Cell {
            op,
            args: vec![scalar; op.arity()],
            result: scalar,
        })
    })
}

impl Cell {
    /// The op as a function of scalars.
    pub fn function(&self) -> Func {
        let mut b = FuncBuilder::new("cell");
        let params = self.args.iter().enumerate();
        let args: Vec<NodeId> = params
            .map(|(i, &s)| b.scalar_param(format!("x{i}"), s))
            .collect();
        let result = b.op_as(self.op, &args, self.annotation(1));
        b.finish(&[result])
    }

    /// The op over columns, `lanes` rows at a time; the operands that are
    /// `uniform` are one value for all rows. The parameters are the operands
    /// and the column of results.
    pub fn strip(&self, lanes: u16, uniform: &[bool]) -> Func {
        let mut b = FuncBuilder::new("cell");
        let mut columns = vec![None; self.args.len()];
        let mut values = vec![None; self.args.len()];
        for (i, &scalar) in self.args.iter().enumerate() {
            let name = format!("x{i}");
            if uniform[i] {
                values[i] = Some(b.scalar_param(name, scalar));
            } else {
                columns[i] = Some(b.array_param(name, ArrayType::slice(scalar)));
            }
        }
        let out = b.array_param("out", ArrayType::slice_mut(self.result));
        let (lo, hi) = (b.i64(0), b.len(out, 0));
        let (row, _) = b.begin_for(&[]);
        let mut args = Vec::new();
        for (&column, value) in columns.iter().zip(values) {
            args.extend(column.map(|column| b.load_as(column, &[row], None, lanes)));
            args.extend(value.map(|value| match lanes {
                1 => value,
                _ => b.splat(lanes, value),
            }));
        }
        let result = b.op_as(self.op, &args, self.annotation(lanes));
        b.store(out, &[row], result);
        b.end_for(lo, hi, lanes, &[], &[]);
        b.finish(&[])
    }

    fn annotation(&self, lanes: u16) -> Option<Type> {
        let is_annotated = self.op.rule().is_annotated();
        is_annotated.then_some(Type::vector(self.result, lanes))
    }
}

/// Whether a cell has no form in the emitter of our own: a loop that holds it
/// runs at 128 bits, through Cranelift. The list is that of
/// docs/architecture.md.
pub fn is_left_out(cell: &Cell) -> bool {
    use Op::*;
    let Some(&scalar) = cell.args.first() else {
        return false;
    };
    let (int, narrow) = (scalar.is_int(), scalar.bytes() < 4);
    match cell.op {
        Div | Rem => int,
        Mul => int && scalar.bytes() == 1,
        Abs => int && narrow && scalar.is_signed(),
        Shl | Shr | AddOverflows | SubOverflows => narrow,
        AddSat | SubSat | MulSat | MulHigh | MulOverflows => true,
        Rotl | Rotr | Clz | Ctz | Popcount => true,
        _ => false,
    }
}

/// Values of a type: the ends and turning points of every rule, numbers of
/// all sizes, and any bits, from a seed.
pub fn samples(scalar: Scalar, count: usize, seed: u64) -> Vec<Const> {
    let special = special_values(scalar);
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    // Marsaglia's xorshift64.
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count)
        .map(|_| match next() % 3 {
            0 => special[next() as usize % special.len()],
            1 => {
                let value = next() as i64 >> (next() % 60);
                match scalar {
                    Scalar::F32 => Const::f32(value as f32 / 256.0),
                    Scalar::F64 => Const::f64(value as f64 / 256.0),
                    other => Const::from_bits(other, value as u64),
                }
            }
            _ => Const::from_bits(scalar, next()),
        })
        .collect()
}

#[rustfmt::skip]
const FLOATS: [f64; 32] = [
    0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, -0.7, 255.5, -128.7,
    0.49999999999999994, 8388609.0, 16777217.0, 4503599627370497.0, 1e300, -1e300, 1e38,
    5e-324, -3e-310, 1e-45, -3e-40, f64::MIN_POSITIVE, f32::MIN_POSITIVE as f64,
    2147483648.0, -2147483649.0, 9.3e18, -9.3e18, 1.9e19, f64::MAX,
];

fn special_values(scalar: Scalar) -> Vec<Const> {
    let ends = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    let floats = FLOATS.into_iter().chain(ends);
    match scalar {
        Scalar::F64 => floats.map(Const::f64).collect(),
        Scalar::F32 => floats.map(|x| Const::f32(x as f32)).collect(),
        Scalar::Bool => vec![Const::bool(false), Const::bool(true)],
        int => {
            let sign = 1u64 << (int.bits() - 1);
            #[rustfmt::skip]
            let bits = [
                0, 1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 100,
                u64::MAX, u64::MAX - 1, sign, sign - 1, sign + 1,
                (1 << 24) + 1, (1 << 53) + 1, 0x8000_0080_0000_0001,
            ];
            bits.map(|bits| Const::from_bits(int, bits)).to_vec()
        }
    }
}
