//! A reference evaluator for the scalar Funcs that formulas become: every node
//! once, in order, by the one meaning of its op. Slow and plain on purpose.
//! What reductions combine it combines in the order of the rows.

use kiln_formula::{
    Formula, InputType, Limits, Lowered, Options, Param, Scan, Total, Totals, parse,
};
use kiln_ir::{Const, FaultKind, Func, Node, Scalar, Type, meaning, verify};

/// What a call gave: a value per result of the Func, or the first fault.
pub(crate) type Outcome = Result<Vec<Const>, (FaultKind, String)>;

/// Runs `func`, whose pure nodes are total, on one row.
pub(crate) fn run(func: &Func, args: &[Const]) -> Outcome {
    assert_eq!(args.len(), func.params().len());
    let mut values: Vec<Option<Const>> = vec![None; func.node_count()];
    for index in 0..func.node_count() {
        let id = kiln_ir::NodeId::new(index);
        values[index] = match func.node(id) {
            Node::Const(value) => Some(*value),
            Node::Param(param) => Some(args[*param as usize]),
            Node::Op { op, args } => {
                let operands: Vec<Const> =
                    args.iter().map(|a| values[a.index()].unwrap()).collect();
                let Type { scalar, .. } = func.ty(id);
                Some(meaning::eval(*op, scalar, &operands))
            }
            Node::Proj { of, index } => match func.node(*of) {
                Node::If {
                    cond,
                    then,
                    otherwise,
                } => {
                    let taken = values[cond.index()].unwrap().as_bool().unwrap();
                    let region = func.region(if taken { *then } else { *otherwise });
                    values[region.yields[*index as usize].index()]
                }
                other => panic!("unexpected {other:?}"),
            },
            Node::Guard { cond, fault, .. } => {
                if values[cond.index()].unwrap().as_bool() == Some(false) {
                    let fault = func.fault(*fault);
                    return Err((fault.kind, fault.message.clone()));
                }
                None
            }
            Node::If { .. } => None,
            other => panic!("unexpected {other:?}"),
        };
    }
    let yields = &func.region(func.body()).yields;
    Ok(yields.iter().map(|y| values[y.index()].unwrap()).collect())
}

/// A value of an input or output in tests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum V {
    B(bool),
    I(i64),
    D(f64),
    S(f32),
    /// Missing.
    M,
}

impl PartialEq for V {
    /// Bit for bit, with every NaN equal.
    fn eq(&self, other: &V) -> bool {
        match (*self, *other) {
            (V::B(a), V::B(b)) => a == b,
            (V::I(a), V::I(b)) => a == b,
            (V::D(a), V::D(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (V::S(a), V::S(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (V::M, V::M) => true,
            _ => false,
        }
    }
}

/// An input: its name, type and value.
pub(crate) type In<'a> = (&'a str, InputType, V);

/// An input of many rows.
pub(crate) type Column<'a> = (&'a str, InputType, Vec<V>);

pub(crate) fn lower(text: &str, inputs: &[(&str, InputType)], options: &Options) -> Lowered {
    let formula = formula(text);
    match formula.lower(inputs, options) {
        Ok(lowered) => {
            verify(&lowered.func).unwrap_or_else(|e| panic!("{text}: {e}"));
            lowered
        }
        Err(problems) => panic!("{}", problems.render(text)),
    }
}

pub(crate) fn formula(text: &str) -> Formula {
    parse(text, &Limits::new()).unwrap_or_else(|problems| panic!("{}", problems.render(text)))
}

/// The outputs of `text` for one row.
pub(crate) fn row_with(
    text: &str,
    inputs: &[In<'_>],
    options: &Options,
) -> Result<Vec<V>, (FaultKind, String)> {
    let columns: Vec<Column<'_>> = inputs.iter().map(|i| (i.0, i.1, vec![i.2])).collect();
    Ok(rows_with(text, &columns, options)?.remove(0))
}

/// The outputs of `text` for each row of columns; one row without columns.
pub(crate) fn rows_with(
    text: &str,
    columns: &[Column<'_>],
    options: &Options,
) -> Result<Vec<Vec<V>>, (FaultKind, String)> {
    let types: Vec<(&str, InputType)> = columns.iter().map(|i| (i.0, i.1)).collect();
    let lowered = lower(text, &types, options);
    let rows = columns.first().map_or(1, |column| column.2.len());
    let known = match &lowered.totals {
        Some(totals) => known(totals, columns, rows)?,
        None => Known::default(),
    };
    let mut params: Vec<Param> = Vec::new();
    for (index, (_, ty, _)) in (0..).zip(columns) {
        params.push(Param::Input(index));
        params.extend(ty.nullable.then_some(Param::Validity(index)));
    }
    let taken = lowered.totals.iter().flat_map(|totals| &totals.taken);
    params.extend(taken);
    let outputs = (0..rows).map(|row| {
        let args = args(&params, columns, row, &known, &[]);
        let mut results = run(&lowered.func, &args)?.into_iter();
        let outputs = lowered.outputs.iter().map(|output| {
            let value = results.next().unwrap();
            let valid = !output.nullable || results.next().unwrap().as_bool().unwrap();
            if valid { from(value) } else { V::M }
        });
        Ok(outputs.collect())
    });
    outputs.collect()
}

/// What is known of whole columns, and those computed before the rows.
#[derive(Default)]
struct Known {
    values: Vec<Const>,
    columns: Vec<Vec<Const>>,
}

/// What is known of whole columns.
fn known(
    totals: &Totals,
    columns: &[Column<'_>],
    rows: usize,
) -> Result<Known, (FaultKind, String)> {
    let mut known = Known::default();
    for stage in &totals.stages {
        verify(&stage.finish).unwrap();
        let mut given = vec![Const::i64(rows as i64)];
        given.extend(&known.values);
        for Total {
            func,
            params,
            combine,
        } in &stage.totals
        {
            verify(func).unwrap();
            let Type { scalar, .. } = func.results()[0];
            let mut total = combine.identity(scalar);
            for row in 0..rows {
                let value = run(func, &args(params, columns, row, &known, &[]))?[0];
                total = meaning::eval(combine.op(), scalar, &[total, value]);
            }
            given.push(total);
        }
        let scans = stage.scans.iter();
        let scanned: Result<Vec<_>, _> = scans.map(|s| scanned(s, columns, rows, &known)).collect();
        known.columns.extend(scanned?.into_iter().flatten());
        known.values.extend(run(&stage.finish, &given)?);
    }
    assert_eq!(known.values.len(), totals.known.len());
    assert_eq!(known.columns.len(), totals.columns.len());
    Ok(known)
}

/// The columns of a scan.
fn scanned(
    scan: &Scan,
    columns: &[Column<'_>],
    rows: usize,
    known: &Known,
) -> Result<Vec<Vec<Const>>, (FaultKind, String)> {
    verify(&scan.func).unwrap();
    let mut carried = scan.carried.clone();
    let mut found = vec![Vec::new(); scan.columns().count()];
    for row in 0..rows {
        let args = args(&scan.params, columns, row, known, &carried);
        let results = run(&scan.func, &args)?;
        let (next, rest) = results.split_at(carried.len());
        let values = next[..1].iter().chain(rest);
        for (column, &value) in found.iter_mut().zip(values) {
            column.push(value);
        }
        carried = next.to_vec();
    }
    Ok(found)
}

fn args(
    params: &[Param],
    columns: &[Column<'_>],
    row: usize,
    known: &Known,
    carried: &[Const],
) -> Vec<Const> {
    let arg = |param: &Param| match *param {
        Param::Input(index) => {
            let (_, ty, values) = &columns[index as usize];
            constant(ty.scalar, values[row])
        }
        Param::Validity(index) => Const::bool(columns[index as usize].2[row] != V::M),
        Param::Known(slot) => known.values[slot as usize],
        Param::Column(number) => known.columns[number as usize][row],
        Param::Carried(number) => carried[number as usize],
        Param::Row => Const::i64(row as i64),
    };
    params.iter().map(arg).collect()
}

fn constant(scalar: Scalar, value: V) -> Const {
    match value {
        V::B(b) => Const::bool(b),
        V::I(i) if scalar.is_int() => Const::int(scalar, i),
        V::D(x) if scalar == Scalar::F64 => Const::f64(x),
        V::S(x) if scalar == Scalar::F32 => Const::f32(x),
        // The slot of a missing value holds whatever is worst.
        V::M if scalar.is_int() => Const::from_bits(scalar, 1 << (scalar.bits() - 1)),
        V::M if scalar.is_float() => Const::from_bits(scalar, u64::MAX),
        V::M => Const::bool(true),
        other => panic!("{other:?} is no {scalar}"),
    }
}

fn from(value: Const) -> V {
    match value.scalar() {
        Scalar::Bool => V::B(value.as_bool().unwrap()),
        Scalar::I64 => V::I(value.as_int().unwrap() as i64),
        Scalar::F32 => V::S(value.as_f32().unwrap()),
        Scalar::F64 => V::D(value.as_f64().unwrap()),
        other => panic!("no output is {other}"),
    }
}

/// The one output of `text` for one row, with overflow as an error.
pub(crate) fn row(text: &str, inputs: &[In<'_>]) -> Result<V, FaultKind> {
    match row_with(text, inputs, &Options::new()) {
        Ok(values) => Ok(values[0]),
        Err((kind, _)) => Err(kind),
    }
}

/// The value of a formula without inputs.
pub(crate) fn value(text: &str) -> V {
    row(text, &[]).unwrap_or_else(|kind| panic!("{text}: {kind:?}"))
}

pub(crate) const F64: InputType = InputType::new(Scalar::F64);
pub(crate) const F32: InputType = InputType::new(Scalar::F32);
pub(crate) const I64: InputType = InputType::new(Scalar::I64);
pub(crate) const BOOL: InputType = InputType::new(Scalar::Bool);
