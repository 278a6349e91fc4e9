//! What is combined over all rows, and in which order.
//!
//! A formula that reduces is computed in stages. Each stage combines some
//! values over all rows, each by a Func of one row, and makes of these what
//! the next stages know; the last Func is that of the rows, as it is for any
//! other formula, with what is known as further parameters. So
//! `(x - mean(x)) / std(x)` is a stage that adds up `x` and knows its mean, one
//! that adds up the squares of the distances from that, and the rows.
//!
//! A stage also computes columns row after row, as `cumsum(x)` is one: each
//! from what the stages before it know and have computed (`scans.rs`). The
//! stages behind it and the rows read them as they read columns that are given.
//!
//! Equal reductions are one, wherever they stand, and equal values that one
//! stage combines are combined once.

use super::scans::{Scan, scan};
use super::{Lowerer, Source, Value};
use crate::ast::{Ast, Expr, ExprId};
use crate::language::Function;
use crate::span::Span;
use kiln_ir::{Combine, Func, FuncBuilder, NodeId, Scalar};
use rustc_hash::FxHashMap;

/// Where a parameter of a Func of one row gets its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Param {
    /// From the declared input of this number.
    Input(u32),
    /// From whether that is there.
    Validity(u32),
    /// From what is [known](Totals::known), under this number.
    Known(u32),
    /// It is the number of the row, an `i64`.
    Row,
    /// From the [column](Totals::columns) of this number.
    Column(u32),
    /// It is what the rows before have come to, under this number: a
    /// parameter of a [`Scan`].
    Carried(u32),
}

/// What a formula takes from whole columns.
#[derive(Clone, Debug)]
pub struct Totals {
    /// What is combined, in the order in which that can be done.
    pub stages: Vec<Stage>,
    /// The types of the values that are the same for all rows, each known
    /// after its stage.
    pub known: Vec<Scalar>,
    /// The types of the columns that are computed before the rows, in the
    /// order of the stages and of their scans.
    pub columns: Vec<Scalar>,
    /// What follows the inputs among the parameters of the Func of the rows:
    /// known values and such columns.
    pub taken: Vec<Param>,
    /// The outputs for those who want no rows.
    pub single: Single,
}

/// Values that can be combined at once.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What is combined.
    pub totals: Vec<Total>,
    /// What becomes known, from the number of rows, an `i64`, all that was
    /// known before, and the values that were combined.
    pub finish: Func,
    /// The columns that are computed row after row.
    pub scans: Vec<Scan>,
}

/// One value, combined over all rows.
#[derive(Clone, Debug)]
pub struct Total {
    /// The value of one row.
    pub func: Func,
    /// What its parameters are.
    pub params: Vec<Param>,
    /// How two of them are combined; in the shape of a tree.
    pub combine: Combine,
}

/// The outputs as single values.
#[derive(Clone, Debug)]
pub struct Single {
    /// The outputs, as those of the Func of the rows. It computes nothing
    /// that no output uses.
    pub func: Func,
    /// What its parameters are; the inputs among them must not differ from
    /// row to row.
    pub params: Vec<Param>,
    /// Where the inputs among the parameters are first used.
    pub uses: Vec<Span>,
    /// The first term that has a value for each row, if there is one: then
    /// there are no single values.
    pub scan: Option<Span>,
}

/// The values that are the same for all rows.
#[derive(Debug, Default)]
pub(super) struct Known {
    scalars: Vec<Scalar>,
    /// The first of the nodes that are equal to each.
    canonical: Vec<ExprId>,
    /// What each step of a reduction made known: of the last one its value,
    /// and its validity if it has one.
    steps: FxHashMap<(ExprId, usize), Vec<u32>>,
    columns: Vec<Scalar>,
    /// The column that each scan is; its validity follows.
    scanned: FxHashMap<ExprId, u32>,
}

impl Known {
    pub(super) fn canonical(&self, id: ExprId) -> ExprId {
        self.canonical[id.index()]
    }
}

impl Lowerer<'_> {
    /// What a step of a reduction made known, under this number.
    pub(super) fn known_of(&mut self, id: ExprId, step: usize, index: usize) -> NodeId {
        let slot = self.known.steps[&(self.known.canonical(id), step)][index];
        let scalar = self.known.scalars[slot as usize];
        self.other_parameter(Param::Known(slot), &format!("known{slot}"), scalar)
    }

    /// The value of a reduction, or of a scan in a row.
    pub(super) fn known(&mut self, id: ExprId) -> Value {
        if let Some(&column) = self.known.scanned.get(&self.known.canonical(id)) {
            let node = self.column(column);
            let valid = self.ty(id).nullable.then(|| self.column(column + 1));
            return Value {
                node: Some(node),
                raw: None,
                valid,
            };
        }
        let last = function_of(self.ast, id).map_or(1, steps) - 1;
        let node = self.known_of(id, last, 0);
        let valid = self.ty(id).nullable.then(|| self.known_of(id, last, 1));
        Value {
            node: Some(node),
            raw: None,
            valid,
        }
    }

    fn column(&mut self, number: u32) -> NodeId {
        let scalar = self.known.columns[number as usize];
        self.other_parameter(Param::Column(number), &format!("column{number}"), scalar)
    }

    /// The number of the row.
    pub(super) fn row(&mut self) -> NodeId {
        self.other_parameter(Param::Row, "row", Scalar::I64)
    }
}

/// In how many steps a reduction is computed, of which each but the first
/// wants to know what the one before has found.
pub(super) fn steps(function: Function) -> usize {
    match function {
        Function::Var | Function::Std | Function::Logsumexp => 2,
        Function::Argmin | Function::Argmax => 2,
        _ => 1,
    }
}

/// The function of a node that is a reduction or a scan.
pub(super) fn function_of(ast: &Ast, id: ExprId) -> Option<Function> {
    match ast.expr(id) {
        Expr::Call {
            function, count, ..
        } if function.is_over_rows(count as usize) => Some(function),
        _ => None,
    }
}

/// Which nodes are computed for each row: those that no reduction combines.
pub(super) fn outside(ast: &Ast) -> Vec<bool> {
    let mut wanted = vec![true; ast.nodes.len()];
    // Parents come after their operands.
    for index in (0..ast.nodes.len()).rev() {
        let id = ExprId(index as u32);
        if !wanted[index] || function_of(ast, id).is_some() {
            // A name's expression belongs to its own item.
            operands(ast, id, |operand| wanted[operand.index()] = false);
        }
    }
    wanted
}

/// Which nodes the values of `roots` need; what reductions combine they do
/// not, but for the roots.
fn needed(ast: &Ast, roots: impl Iterator<Item = ExprId>) -> Vec<bool> {
    let mut wanted = vec![false; ast.nodes.len()];
    roots.for_each(|root| wanted[root.index()] = true);
    for index in (0..ast.nodes.len()).rev() {
        let id = ExprId(index as u32);
        if !wanted[index] || function_of(ast, id).is_some() {
            continue;
        }
        match ast.expr(id) {
            Expr::Local(body) => wanted[body.index()] = true,
            _ => operands(ast, id, |operand| wanted[operand.index()] = true),
        }
    }
    wanted
}

fn operands(ast: &Ast, id: ExprId, mut each: impl FnMut(ExprId)) {
    match ast.expr(id) {
        Expr::Unary(_, x) => each(x),
        Expr::Binary(_, x, y) => [x, y].into_iter().for_each(each),
        Expr::If { cond, yes, no } => [cond, yes, no].into_iter().for_each(each),
        Expr::Call { first, count, .. } => {
            ast.call_args(first, count).iter().copied().for_each(each);
        }
        Expr::Error
        | Expr::Whole { .. }
        | Expr::Decimal(_)
        | Expr::Constant(_)
        | Expr::Input(_)
        | Expr::Local(_) => {}
    }
}

/// The first of the nodes that are equal to each.
fn canonical(ast: &Ast) -> Vec<ExprId> {
    let mut seen: FxHashMap<(u8, u64, Vec<u32>), ExprId> = FxHashMap::default();
    let mut first: Vec<ExprId> = Vec::with_capacity(ast.nodes.len());
    for (index, &expr) in ast.nodes.iter().enumerate() {
        let id = ExprId(index as u32);
        let (kind, data) = match expr {
            Expr::Local(body) => {
                first.push(first[body.index()]);
                continue;
            }
            Expr::Error => (0, u64::from(id.0)),
            Expr::Whole {
                magnitude,
                negative,
            } => (1 + u8::from(negative), magnitude),
            Expr::Decimal(value) => (3, value.to_bits()),
            Expr::Constant(index) => (4, index.into()),
            Expr::Input(input) => (5, input.0.into()),
            Expr::Unary(op, _) => (6, op as u64),
            Expr::Binary(op, ..) => (7, op as u64),
            Expr::If { .. } => (8, 0),
            Expr::Call { function, .. } => (9, function as u64),
        };
        let mut of = Vec::new();
        operands(ast, id, |operand| of.push(first[operand.index()].0));
        first.push(*seen.entry((kind, data, of)).or_insert(id));
    }
    first
}

/// The stages of a formula.
pub(super) struct Plan {
    pub(super) known: Known,
    stages: Vec<Stage>,
}

/// A step of a reduction, and which values its stage combines for it.
pub(super) struct Step {
    pub(super) id: ExprId,
    pub(super) function: Function,
    pub(super) step: usize,
    pub(super) totals: Vec<usize>,
}

impl Plan {
    pub(super) fn of(source: &Source<'_>) -> Plan {
        let known = Known {
            canonical: canonical(source.ast),
            ..Known::default()
        };
        let mut plan = Plan {
            stages: Vec::new(),
            known,
        };
        for steps in schedule(source.ast, &plan.known.canonical) {
            plan.stage(source, steps);
        }
        plan
    }

    fn stage(&mut self, source: &Source<'_>, steps: Vec<Step>) {
        let is_scan = |step: &Step| step.function.is_scan();
        let (scans, mut steps): (Vec<Step>, Vec<Step>) = steps.into_iter().partition(is_scan);
        let scans: Vec<(ExprId, Scan)> = scans
            .iter()
            .map(|step| (step.id, scan(source, &self.known, step.id, step.function)))
            .collect();
        let mut totals: Vec<Total> = Vec::new();
        // The names of parameters say what they are, so text tells all.
        let mut seen: FxHashMap<(Combine, String), usize> = FxHashMap::default();
        for step in &mut steps {
            for total in super::reductions::totals(source, &self.known, step) {
                let key = (total.combine, total.func.to_string());
                let index = *seen.entry(key).or_insert(totals.len());
                if index == totals.len() {
                    totals.push(total);
                }
                step.totals.push(index);
            }
        }
        let finish = self.finish_stage(source, &totals, &steps);
        for (id, scan) in &scans {
            let first = self.known.columns.len() as u32;
            self.known.scanned.insert(*id, first);
            self.known.columns.extend(scan.columns());
        }
        self.stages.push(Stage {
            totals,
            finish,
            scans: scans.into_iter().map(|(_, scan)| scan).collect(),
        });
    }

    /// The Func of what becomes known in a stage.
    fn finish_stage(&mut self, source: &Source<'_>, totals: &[Total], steps: &[Step]) -> Func {
        let mut b = FuncBuilder::new("known");
        let rows = b.scalar_param("rows", Scalar::I64);
        let before: Vec<NodeId> = (0u32..)
            .zip(&self.known.scalars)
            .map(|(slot, &scalar)| b.scalar_param(format!("known{slot}"), scalar))
            .collect();
        let combined: Vec<NodeId> = totals
            .iter()
            .enumerate()
            .map(|(index, total)| {
                let scalar = total.func.results()[0].scalar;
                b.scalar_param(format!("total{index}"), scalar)
            })
            .collect();
        let mut results = Vec::new();
        for step in steps {
            let totals: Vec<NodeId> = step.totals.iter().map(|&index| combined[index]).collect();
            let known = match step.step {
                0 => Vec::new(),
                later => self.known.steps[&(step.id, later - 1)]
                    .iter()
                    .map(|&slot| before[slot as usize])
                    .collect(),
            };
            let made = super::reductions::finish(source, &mut b, step, rows, &known, &totals);
            let first = self.known.scalars.len() as u32;
            let slots = (first..).take(made.len()).collect();
            self.known.steps.insert((step.id, step.step), slots);
            let scalars = made.iter().map(|&node| b.ty(node).scalar);
            self.known.scalars.extend(scalars);
            results.extend(made);
        }
        b.finish(&results)
    }

    /// The plan as the caller sees it; `params` are those of the Func of the
    /// rows.
    pub(super) fn finish(self, source: &Source<'_>, params: &[Param]) -> Totals {
        let mut lowerer = Lowerer::new(source, &self.known);
        lowerer.wanted = needed(source.ast, source.output_bodies());
        lowerer.nodes();
        let wanted = std::mem::take(&mut lowerer.wanted);
        let (func, single) = lowerer.finish_outputs();
        let inputs = single.iter().filter_map(|param| match *param {
            Param::Input(index) => Some(index),
            _ => None,
        });
        let is_taken = |param: &&Param| matches!(param, Param::Known(_) | Param::Column(_));
        Totals {
            taken: params.iter().filter(is_taken).copied().collect(),
            single: Single {
                uses: inputs.map(|i| first_use(source, &wanted, i)).collect(),
                scan: first_scan(source, &wanted),
                func,
                params: single,
            },
            stages: self.stages,
            known: self.known.scalars,
            columns: self.known.columns,
        }
    }
}

/// Where an input is first used by a node that is lowered.
fn first_use(source: &Source<'_>, wanted: &[bool], input: u32) -> Span {
    let stands_for = |expr: Expr| match expr {
        Expr::Input(id) => source.checked.inputs[id.0 as usize] == input,
        Expr::Constant(index) => source.checked.hidden[index as usize] == Some(input),
        _ => false,
    };
    let mut nodes = source.ast.nodes.iter().zip(&source.ast.spans).zip(wanted);
    let found = nodes.find(|((expr, _), wanted)| **wanted && stands_for(**expr));
    found.map_or(Span::at(0), |((_, &span), _)| span)
}

/// Where a node that is lowered is a scan.
fn first_scan(source: &Source<'_>, wanted: &[bool]) -> Option<Span> {
    let is_scan = |expr: &Expr| match expr {
        Expr::Call { function, .. } => function.is_scan(),
        _ => false,
    };
    let mut nodes = source.ast.nodes.iter().zip(&source.ast.spans).zip(wanted);
    let found = nodes.find(|((expr, _), wanted)| **wanted && is_scan(expr));
    found.map(|((_, &span), _)| span)
}

/// Which steps of which reductions each stage has: a reduction begins when
/// everything below it is known.
fn schedule(ast: &Ast, canonical: &[ExprId]) -> Vec<Vec<Step>> {
    let mut stages: Vec<Vec<Step>> = Vec::new();
    // The first stage after which each node is known, or can be computed.
    let mut known_from = vec![0; ast.nodes.len()];
    for index in 0..ast.nodes.len() {
        let id = ExprId(index as u32);
        let mut from = match ast.expr(id) {
            Expr::Local(body) => known_from[body.index()],
            _ => 0,
        };
        operands(ast, id, |operand| {
            from = from.max(known_from[operand.index()]);
        });
        if let Some(function) = function_of(ast, id) {
            let last = from + steps(function);
            if canonical[index] == id {
                stages.resize_with(stages.len().max(last), Vec::new);
                for step in 0..steps(function) {
                    stages[from + step].push(Step {
                        id,
                        function,
                        step,
                        totals: Vec::new(),
                    });
                }
            }
            from = last;
        }
        known_from[index] = from;
    }
    stages
}

/// What a Func of what stands in a call is made with, and the values of the
/// call.
pub(super) fn lowerer_of<'a>(
    source: &Source<'a>,
    known: &'a Known,
    id: ExprId,
) -> (Lowerer<'a>, &'a [ExprId]) {
    let ast: &'a Ast = source.ast;
    let args: &'a [ExprId] = match ast.expr(id) {
        Expr::Call { first, count, .. } => ast.call_args(first, count),
        _ => &[],
    };
    let mut lowerer = Lowerer::new(source, known);
    lowerer.wanted = needed(ast, args.iter().copied());
    lowerer.root = Some(id);
    // The root's own value is what the caller makes; above it nothing is
    // wanted.
    lowerer.nodes();
    (lowerer, args)
}

/// Makes the Func of a value that a reduction combines.
pub(super) fn total(
    source: &Source<'_>,
    known: &Known,
    step: &Step,
    combine: Combine,
    value: impl FnOnce(&mut Lowerer<'_>, &[ExprId]) -> NodeId,
) -> Total {
    let (mut lowerer, args) = lowerer_of(source, known, step.id);
    let value = value(&mut lowerer, args);
    let (func, params) = lowerer.finish(&[value]);
    Total {
        func,
        params,
        combine,
    }
}
