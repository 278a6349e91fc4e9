//! From a function of one row to a loop over columns.
//!
//! A scalar Func, whose parameters are all scalars, maps over columns: each
//! parameter is either a column or one value for all rows, each result is
//! written to a column. Or its one result is combined over the rows, and the
//! loop is a reduction; or it is a step from row to row.

use crate::builder::FuncBuilder;
use crate::func::{ArrayRef, Combine, Func, Node, NodeId, Shape};
use crate::op::Op;
use crate::rewrite::{Keep, inline};
use crate::types::{ArrayType, Layout, ParamType, Scalar, Type};

/// What an argument of a mapped Func is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Column {
    /// One value for all rows.
    Uniform,
    /// One value per row, side by side.
    Contiguous,
    /// One value per row, a stride apart.
    Strided,
    /// One value per row, overwritten by the result with this index.
    Updated(u32),
}

/// The loop over rows that computes `func` for each: its parameters are the
/// columns and values in the order of `func`'s parameters, then one column
/// per result that updates none.
///
/// # Panics
/// When `func` has array parameters or local arrays, when there is not one
/// column per parameter, or when a parameter is updated by a result of
/// another type.
pub fn elementwise(func: &Func, columns: &[Column]) -> Func {
    assert!(func.is_scalar(), "only a scalar Func maps over columns");
    assert_eq!(
        func.params().len(),
        columns.len(),
        "one column per parameter"
    );
    let mut b = FuncBuilder::new(func.name());
    let inputs = add_inputs(&mut b, func, columns);
    let outputs = add_outputs(&mut b, func, columns, &inputs);
    let (lo, hi) = (b.i64(0), b.len(outputs[0], 0));
    let (i, _) = b.begin_for(&[]);
    let values = values_at(&mut b, &inputs, i);
    let results = at_row(&mut b, func, &values);
    for (&output, result) in outputs.iter().zip(results) {
        b.store(output, &[i], result);
    }
    b.end_for(lo, hi, 1, &[], &[]);
    b.finish(&[])
}

/// What the one result of `func` combines to over rows, in the shape of a
/// tree: its parameters are the columns and values in the order of `func`'s
/// parameters, then the number of rows. Where `row` is the parameter that is
/// told which row it is, its argument is the number of the first one.
///
/// # Panics
/// As [`elementwise`]; when `func` has not one result, when a column is
/// updated, or when the parameter `row` is a column or not an `i64`.
pub fn reduction(func: &Func, columns: &[Column], combine: Combine, row: Option<usize>) -> Func {
    assert!(func.is_scalar(), "only a scalar Func maps over columns");
    let given = (func.params().len(), func.results().len());
    assert_eq!(given, (columns.len(), 1), "a column each, and one result");
    let is_updated = |column: &Column| matches!(column, Column::Updated(_));
    assert!(!columns.iter().any(is_updated), "columns are only read");
    let mut b = FuncBuilder::new(func.name());
    let inputs = add_inputs(&mut b, func, columns);
    let rows = b.scalar_param(fresh_name(func, "rows"), Scalar::I64);
    let lo = b.i64(0);
    let i = b.begin_reduce();
    let mut values = values_at(&mut b, &inputs, i);
    if let Some(param) = row {
        let Some(first) = values[param] else {
            unreachable!("every parameter has a value");
        };
        values[param] = Some(b.op(Op::Add, &[first, i]));
    }
    let value = at_row(&mut b, func, &values)[0];
    let total = b.end_reduce(combine, Shape::Tree, lo, rows, value);
    b.finish(&[total])
}

/// The loop over rows that carries values from each to the next. `func` is the
/// step: `carried` are its parameters that are what the rows before have come
/// to, and as many of its first results are that with its row. The parameters
/// are the columns and values in the order of `func`'s, those that are carried
/// as they are before the first row; then a column for what the first carried
/// value is in each row, and one for each result that is not carried. The
/// results are the carried values after the last row.
///
/// # Panics
/// As [`elementwise`]; when nothing is carried, when a column is updated, or
/// when a carried parameter is a column or has another type than its result.
pub fn recurrence(func: &Func, columns: &[Column], carried: &[usize]) -> Func {
    assert!(func.is_scalar(), "only a scalar Func maps over columns");
    let count = carried.len();
    assert!(
        (1..=func.results().len()).contains(&count),
        "a value is carried"
    );
    let is_updated = |column: &Column| matches!(column, Column::Updated(_));
    assert!(!columns.iter().any(is_updated), "columns are only read");
    let mut b = FuncBuilder::new(func.name());
    let inputs = add_inputs(&mut b, func, columns);
    let kept = || (0..1).chain(count..func.results().len());
    let output = |index: usize| {
        let name = fresh_name(func, &format!("out{index}"));
        (name, ArrayType::slice_mut(func.results()[index].scalar))
    };
    let outputs: Vec<ArrayRef> = kept()
        .map(output)
        .map(|(name, ty)| b.array_param(name, ty))
        .collect();
    let before = |&param: &usize| match inputs[param] {
        Input::Value(value) => value,
        Input::Array(_) => panic!("a carried value is no column"),
    };
    let init: Vec<NodeId> = carried.iter().map(before).collect();
    let (lo, hi) = (b.i64(0), b.len(outputs[0], 0));
    let (i, now) = b.begin_for(&init);
    let mut values = values_at(&mut b, &inputs, i);
    for (&param, &value) in carried.iter().zip(&now) {
        values[param] = Some(value);
    }
    let results = at_row(&mut b, func, &values);
    for (index, &array) in kept().zip(&outputs) {
        b.store(array, &[i], results[index]);
    }
    let after = b.end_for(lo, hi, 1, &init, &results[..count]);
    b.finish(&after)
}

/// The value of each input in row `i`.
fn values_at(b: &mut FuncBuilder, inputs: &[Input], i: NodeId) -> Vec<Option<NodeId>> {
    let value = |input: &Input| {
        Some(match *input {
            Input::Value(value) => value,
            Input::Array(array) => b.load(array, &[i]),
        })
    };
    inputs.iter().map(value).collect()
}

/// The results of `func` for one row.
fn at_row(b: &mut FuncBuilder, func: &Func, values: &[Option<NodeId>]) -> Vec<NodeId> {
    let none = vec![None; values.len()];
    inline(b, func, values, &none, &mut Keep)
}

enum Input {
    Value(NodeId),
    Array(ArrayRef),
}

fn add_inputs(b: &mut FuncBuilder, func: &Func, columns: &[Column]) -> Vec<Input> {
    func.params()
        .iter()
        .zip(columns)
        .map(|(param, column)| {
            let ParamType::Scalar(scalar) = param.ty else {
                unreachable!("a scalar Func has scalar parameters");
            };
            let name = param.name.clone();
            match column {
                Column::Uniform => Input::Value(b.scalar_param(name, scalar)),
                Column::Contiguous => Input::Array(b.array_param(name, ArrayType::slice(scalar))),
                Column::Strided => {
                    let ty = ArrayType {
                        layout: Layout::Strided,
                        ..ArrayType::slice(scalar)
                    };
                    Input::Array(b.array_param(name, ty))
                }
                Column::Updated(result) => {
                    let ty = func.results()[*result as usize];
                    assert_eq!(ty, Type::scalar(scalar), "a column keeps its type");
                    Input::Array(b.array_param(name, ArrayType::slice_mut(scalar)))
                }
            }
        })
        .collect()
}

fn add_outputs(
    b: &mut FuncBuilder,
    func: &Func,
    columns: &[Column],
    inputs: &[Input],
) -> Vec<ArrayRef> {
    (0u32..)
        .zip(func.results())
        .map(|(index, ty)| {
            let updated = columns.iter().position(|c| *c == Column::Updated(index));
            match updated.map(|p| &inputs[p]) {
                Some(Input::Array(array)) => *array,
                _ => {
                    let name = fresh_name(func, &format!("out{index}"));
                    b.array_param(name, ArrayType::slice_mut(ty.scalar))
                }
            }
        })
        .collect()
}

/// The name, with underscores until no parameter has it.
fn fresh_name(func: &Func, name: &str) -> String {
    let mut name = name.to_owned();
    while func.params().iter().any(|p| p.name == name) {
        name.push('_');
    }
    name
}

/// The loop of a Func that is one loop over rows and nothing else: what
/// [`elementwise`] makes, before and after the passes.
pub fn as_row_loop(func: &Func) -> Option<NodeId> {
    let body = func.region(func.body());
    match body.effects[..] {
        [only] if body.yields.is_empty() => match func.node(only) {
            Node::For { init, .. } if init.is_empty() => Some(only),
            _ => None,
        },
        _ => None,
    }
}
