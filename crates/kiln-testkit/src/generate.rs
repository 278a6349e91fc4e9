//! Random programs: well-typed functions of one row, and rows to run them on.
//!
//! Everything is drawn from one [`Unstructured`] source, so that proptest, a
//! fuzzer and a counter can drive it, and a shorter or more even source gives
//! a smaller program. Operands are taken from what was computed before, from
//! constants at the edges of their type, or by a cast; `if`s nest three deep;
//! guards stand between the ops.

use crate::cells::{Cell, is_left_out, samples};
use crate::ways::Case;
use arbitrary::{Result, Unstructured};
use kiln_ir::{
    Class, Column, Const, Fault, FaultKind, Func, FuncBuilder, NodeId, OPS, Op, OpInfo, POWI_MAX,
    Rule, Scalar, Type,
};

/// How deep `if`s nest.
const DEPTH_MAX: usize = 3;
/// The most rows of a case: more than two blocks of any level.
pub const ROWS_MAX: usize = 130;

/// A random function and rows for it. It holds each op of `wanted`, on those
/// types, once for all rows and once inside an `if`; if all of them have a form at every level, so have all others.
///
/// # Errors
/// When the source runs dry in a way that it cannot make up for.
pub fn case(u: &mut Unstructured<'_>, wanted: &[Cell]) -> Result<Case> {
    let func = program(u, wanted)?;
    let rows = u.int_in_range(0..=ROWS_MAX)?;
    let mut columns = Vec::new();
    let mut inputs = Vec::new();
    for param in func.params() {
        let kiln_ir::ParamType::Scalar(scalar) = param.ty else {
            continue;
        };
        let values = samples(scalar, rows.max(1), u.arbitrary::<u32>()?.into());
        if u.ratio(1, 6)? {
            columns.push(Column::Uniform);
            inputs.push(vec![values[0]; rows.max(1)]);
        } else {
            columns.push(Column::Contiguous);
            inputs.push(values[..rows].to_vec());
        }
    }
    Ok(Case {
        func,
        columns,
        inputs,
        rows,
    })
}

/// A random function of one row.
///
/// # Errors
/// As [`case`].
pub fn program(u: &mut Unstructured<'_>, wanted: &[Cell]) -> Result<Func> {
    let mut generator = Generator {
        b: FuncBuilder::new("f"),
        values: Vec::new(),
        has_wide_form: !wanted.is_empty() && !wanted.iter().any(is_narrow),
    };
    for index in 0..u.int_in_range(1..=4)? {
        let scalar = *u.choose(&Scalar::ALL)?;
        let id = generator.b.scalar_param(format!("x{index}"), scalar);
        generator.values.push((id, scalar));
    }
    let mut must: Vec<NodeId> = Vec::new();
    for cell in wanted {
        let args = cell.args.iter().map(|&s| generator.operand(u, s));
        let args = args.collect::<Result<Vec<_>>>()?;
        must.push(generator.apply(cell.op, &args, Some(cell.result)));
        must.push(generator.masked(u, cell)?);
    }
    generator.steps(u, 0)?;
    let count = u.int_in_range(1..=3)?;
    let mut results = must;
    for _ in 0..count {
        // Late values depend on the most.
        let back = u.int_in_range(0..=3.min(generator.values.len() - 1))?;
        results.push(generator.values[generator.values.len() - 1 - back].0);
    }
    results.dedup();
    Ok(generator.b.finish(&results))
}

pub(crate) struct Generator {
    pub(crate) b: FuncBuilder,
    /// What may be used here.
    pub(crate) values: Vec<(NodeId, Scalar)>,
    /// Whether every op has a form at every level.
    pub(crate) has_wide_form: bool,
}

/// Whether a cell has no form at the wide levels.
fn is_narrow(cell: &Cell) -> bool {
    is_left_out(cell)
}

impl Generator {
    /// A few ops, `if`s and, outside of those, guards.
    fn steps(&mut self, u: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        let count = u.int_in_range(0..=if depth == 0 { 14 } else { 4 })?;
        for _ in 0..count {
            match u.int_in_range(0..=15)? {
                0 | 1 if depth < DEPTH_MAX => self.choice(u, depth)?,
                2 if depth == 0 => self.guard(u)?,
                _ => self.step(u)?,
            }
        }
        Ok(())
    }

    /// An op of the table on types that it takes.
    pub(crate) fn step(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let info = &OPS[u.choose_index(OPS.len())?];
        if info.class == Class::Vector {
            return Ok(());
        }
        let scalar = *u.choose(&Scalar::ALL)?;
        let Some((types, to)) = types(u, info, scalar)? else {
            return Ok(());
        };
        let cell = Cell {
            op: info.op,
            result: to.unwrap_or(scalar),
            args: types,
        };
        if self.has_wide_form && is_narrow(&cell) {
            return Ok(());
        }
        let mut args = Vec::new();
        for (index, &ty) in cell.args.iter().enumerate() {
            args.push(if info.rule == Rule::Powi && index == 1 {
                let n = u.int_in_range(-POWI_MAX..=POWI_MAX)?;
                self.b.constant(Const::int(Scalar::I32, n.into()))
            } else {
                self.operand(u, ty)?
            });
        }
        self.apply(info.op, &args, to);
        Ok(())
    }

    /// Applies an op; what it gives may be used from now on.
    fn apply(&mut self, op: Op, args: &[NodeId], to: Option<Scalar>) -> NodeId {
        let mut id = self.b.op_as(op, args, to.map(Type::scalar));
        if op == Op::RawBits {
            // The bits of a NaN are not to be seen: back to the float.
            id = self.b.op(Op::FromBits, &[id]);
        }
        let scalar = self.b.ty(id).scalar;
        self.values.push((id, scalar));
        id
    }

    /// An op that only some rows run.
    fn masked(&mut self, u: &mut Unstructured<'_>, cell: &Cell) -> Result<NodeId> {
        let cond = self.operand(u, Scalar::Bool)?;
        let outside = self.values.len();
        self.b.begin_if();
        let args = cell.args.iter().map(|&s| self.operand(u, s));
        let args = args.collect::<Result<Vec<_>>>()?;
        let value = self.apply(cell.op, &args, Some(cell.result));
        self.values.truncate(outside);
        let scalar = self.b.ty(value).scalar;
        let then = self.b.begin_else(&[value]);
        let other = self.operand(u, scalar)?;
        let result = self.b.end_if(cond, then, &[other])[0];
        self.values.push((result, scalar));
        Ok(result)
    }

    /// Something of a type.
    pub(crate) fn operand(&mut self, u: &mut Unstructured<'_>, scalar: Scalar) -> Result<NodeId> {
        let fitting: Vec<NodeId> = self
            .values
            .iter()
            .filter_map(|&(id, s)| (s == scalar).then_some(id))
            .collect();
        if !fitting.is_empty() && u.ratio(7, 8)? {
            // The last are the deepest.
            let back = u.choose_index(fitting.len().min(6))?;
            return Ok(fitting[fitting.len() - 1 - back]);
        }
        if u.ratio(1, 2)? {
            let edges = samples(scalar, 1, u.arbitrary::<u16>()?.into());
            return Ok(self.b.constant(edges[0]));
        }
        let (id, from) = *u.choose(&self.values)?;
        Ok(match scalar {
            _ if from == scalar => id,
            Scalar::Bool => {
                let zero = self.b.constant(Const::zero(from));
                self.b.op(Op::Ne, &[id, zero])
            }
            _ => self.b.cast(scalar, id),
        })
    }

    /// A pure `if`.
    pub(crate) fn choice(&mut self, u: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        let cond = self.operand(u, Scalar::Bool)?;
        let count = u.int_in_range(1..=2)?;
        let mut types = Vec::new();
        for _ in 0..count {
            types.push(*u.choose(&Scalar::ALL)?);
        }
        let outside = self.values.len();
        self.b.begin_if();
        self.steps(u, depth + 1)?;
        let yields = types.iter().map(|&s| self.operand(u, s));
        let yields = yields.collect::<Result<Vec<_>>>()?;
        self.values.truncate(outside);
        let then = self.b.begin_else(&yields);
        self.steps(u, depth + 1)?;
        let yields = types.iter().map(|&s| self.operand(u, s));
        let yields = yields.collect::<Result<Vec<_>>>()?;
        self.values.truncate(outside);
        let results = self.b.end_if(cond, then, &yields);
        self.values.extend(results.into_iter().zip(types));
        Ok(())
    }

    /// A guard that few rows fail.
    pub(crate) fn guard(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let (id, scalar) = *u.choose(&self.values)?;
        if scalar == Scalar::Bool {
            return Ok(());
        }
        let limit = samples(scalar, 1, u.arbitrary::<u16>()?.into())[0];
        let limit = self.b.constant(limit);
        let cond = self.b.op(Op::Ne, &[id, limit]);
        let fault = self.b.fault(Fault {
            kind: *u.choose(&FaultKind::REPORTED)?,
            message: "x".to_owned(),
            span: None,
            site: None,
        });
        self.b.guard(cond, fault, &[id]);
        Ok(())
    }
}

/// The operand types of an op around `scalar`, and the type written on it;
/// `None` if the op does not take that type.
fn types(
    u: &mut Unstructured<'_>,
    info: &OpInfo,
    scalar: Scalar,
) -> Result<Option<(Vec<Scalar>, Option<Scalar>)>> {
    let (types, to) = match info.rule {
        Rule::Select => (vec![Scalar::Bool, scalar, scalar], None),
        Rule::Powi => (vec![scalar, Scalar::I32], None),
        Rule::Cast => (vec![*u.choose(&Scalar::ALL)?], Some(scalar)),
        rule => (vec![scalar; rule.arity()], None),
    };
    let operands: Vec<Type> = types.iter().map(|&s| Type::scalar(s)).collect();
    let fits = info.op.result_type(&operands, to.map(Type::scalar)).is_ok();
    Ok(fits.then_some((types, to)))
}
