//! The checked tree to a scalar Func.
//!
//! One loop over the arena again, operands first: each node becomes a value
//! and, where it can be missing, a validity. Pure ops are total, so both sides
//! of a conditional are simply there; what can fail is a guard beside them, and
//! `guards.rs` puts those under the conditions of the branches they stand in.
//! What stands for a whole column is a parameter of that Func, and each piece
//! of it that is combined over the rows is a Func of one row of its own.
//!
//! - `arithmetic.rs`: operators between numbers.
//! - `functions.rs`: calls.
//! - `logic.rs`: conditions, choices, missing values.
//! - `guards.rs`: what can fail, and when it counts.
//! - `totals.rs`: what is combined over all rows, and in which order.
//! - `reductions.rs`: what each reduction combines and makes of it.
//! - `scans.rs`: columns that are computed row after row.

mod arithmetic;
mod functions;
mod guards;
mod logic;
mod reductions;
mod scans;
mod totals;

pub(crate) use functions::is_available;
pub use scans::Scan;
pub use totals::{Param, Single, Stage, Total, Totals};

use crate::ast::{Ast, Expr, ExprId, ItemKind, UnaryOp};
use crate::check::{Checked, check, whole};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::formula::Formula;
use crate::language::{CONSTANTS, ConstantValue};
use crate::range::Range;
use crate::span::Span;
use crate::types::{InputType, Kind, Ty};
use guards::Pending;
use kiln_ir::{Const, Func, FuncBuilder, NodeId, Op, Scalar, Type};
use totals::{Known, Plan};

/// What happens when a whole number leaves the range of i64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// It is an error that names the row.
    #[default]
    Checked,
    /// It wraps around.
    Wrapping,
    /// It stays at the least or the greatest whole number.
    Saturating,
}

/// How a formula is lowered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    overflow: Overflow,
}

impl Options {
    /// Overflow is an error.
    pub const fn new() -> Options {
        Options {
            overflow: Overflow::Checked,
        }
    }

    /// What happens on overflow of whole numbers.
    pub const fn overflow(self, overflow: Overflow) -> Options {
        Options { overflow }
    }
}

/// An output of a lowered formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputInfo {
    /// Its name.
    pub name: String,
    /// What its values are: `bool`, `i64`, `f32` or `f64`.
    pub scalar: Scalar,
    /// Whether values can be missing; then a `bool` result follows it.
    pub nullable: bool,
}

/// A formula with the types of its inputs, as a Func over one row.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The Func; see [`Formula::lower`] for its parameters and results.
    pub func: Func,
    /// The outputs, in order.
    pub outputs: Vec<OutputInfo>,
    /// What has to be known of whole columns before a row can be computed;
    /// `None` where the formula is row-wise.
    pub totals: Option<Totals>,
}

/// Most parameters of a Func: two per input of the most generous limits.
const PARAMS_MAX: usize = 1 << 16;

/// Checks `formula` against `declared` and lowers it.
pub(crate) fn lower(
    formula: &Formula,
    declared: &[(&str, InputType)],
    options: &Options,
) -> Result<Lowered, Diagnostics> {
    if 2 * declared.len() > PARAMS_MAX {
        let message = format!("there are more inputs than the limit of {}", PARAMS_MAX / 2);
        let problem = Diagnostic::new(Code::TooManyInputs, Span::at(0), message);
        return Err(Diagnostics::new(vec![problem], 0));
    }
    let checked = check(formula, declared, options.overflow)?;
    let source = Source {
        ast: formula.ast(),
        text: formula.source(),
        checked: &checked,
        overflow: options.overflow,
        declared,
    };
    let plan = match formula.is_row_wise() {
        true => None,
        false => Some(Plan::of(&source)),
    };
    let nothing = Known::default();
    let known = plan.as_ref().map_or(&nothing, |plan| &plan.known);
    let mut lowerer = Lowerer::new(&source, known);
    (0..declared.len()).for_each(|index| _ = lowerer.parameter(index));
    if plan.is_some() {
        lowerer.wanted = totals::outside(source.ast);
    }
    lowerer.nodes();
    let (func, params) = lowerer.finish_outputs();
    Ok(Lowered {
        func,
        outputs: source.outputs(),
        totals: plan.map(|plan| plan.finish(&source, &params)),
    })
}

/// A formula that was found in order, and what it was checked against.
#[derive(Clone, Copy)]
struct Source<'a> {
    ast: &'a Ast,
    text: &'a str,
    checked: &'a Checked,
    overflow: Overflow,
    declared: &'a [(&'a str, InputType)],
}

impl Source<'_> {
    fn ty(&self, id: ExprId) -> Ty {
        self.checked.types[id.index()]
    }

    fn output_bodies(&self) -> impl Iterator<Item = ExprId> {
        let items = self.ast.items.iter();
        items
            .filter(|item| item.kind == ItemKind::Output)
            .map(|item| item.body)
    }

    fn outputs(&self) -> Vec<OutputInfo> {
        let items = self.ast.items.iter();
        let outputs = items.filter(|item| item.kind == ItemKind::Output);
        let info = |item: &crate::ast::Item| {
            let ty = self.ty(item.body);
            OutputInfo {
                name: item.name.to_string(),
                scalar: ty.kind.scalar(),
                nullable: ty.nullable,
            }
        };
        outputs.map(info).collect()
    }
}

/// A node's value.
#[derive(Clone, Copy, Debug)]
struct Value {
    /// The value in the type the checker gave; `None` for a written number,
    /// which becomes a constant of whatever type its use asks for.
    node: Option<NodeId>,
    /// The parameter itself where this is an input: converted in one step, so
    /// that an i32 column meets f64 without a detour through i64.
    raw: Option<NodeId>,
    /// Whether it is there; `None` if it always is.
    valid: Option<NodeId>,
}

/// What decides whether a choice becomes a branch.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    /// Whether computing the node is worth a branch to avoid.
    costly: bool,
    /// How many branches lie inside one another below the node.
    height: u8,
}

impl Weight {
    fn join(self, other: Weight) -> Weight {
        Weight {
            costly: self.costly || other.costly,
            height: self.height.max(other.height),
        }
    }

    fn or_costly(self, costly: bool) -> Weight {
        Weight {
            costly: self.costly || costly,
            ..self
        }
    }
}

/// A declared input.
#[derive(Clone, Copy, Debug)]
struct Parameter {
    value: NodeId,
    valid: Option<NodeId>,
    scalar: Scalar,
    guarded: bool,
}

/// Makes one Func of a formula, or of a part of it.
struct Lowerer<'a> {
    ast: &'a Ast,
    source: &'a str,
    checked: &'a Checked,
    overflow: Overflow,
    declared: &'a [(&'a str, InputType)],
    /// The validity of `x` is called `x?`, with more marks than any input ends
    /// with, so that no two parameters have one name.
    validity_suffix: String,
    /// What is known of whole columns.
    known: &'a Known,
    b: FuncBuilder,
    /// Where each parameter gets its value.
    params: Vec<Param>,
    /// The declared inputs that have parameters.
    parameters: Vec<Option<Parameter>>,
    /// Which nodes are lowered; the others have no value.
    wanted: Vec<bool>,
    /// The reduction whose values this Func computes: its guards count in
    /// every row.
    root: Option<ExprId>,
    values: Vec<Value>,
    weights: Vec<Weight>,
    pending: Vec<Pending>,
}

impl<'a> Lowerer<'a> {
    fn new(source: &Source<'a>, known: &'a Known) -> Lowerer<'a> {
        let nodes = source.ast.nodes.len();
        let marks = |name: &str| name.len() - name.trim_end_matches('?').len();
        let most = source.declared.iter().map(|(name, _)| marks(name)).max();
        Lowerer {
            ast: source.ast,
            source: source.text,
            checked: source.checked,
            overflow: source.overflow,
            declared: source.declared,
            validity_suffix: "?".repeat(most.unwrap_or(0) + 1),
            known,
            b: FuncBuilder::new("formula"),
            params: Vec::new(),
            parameters: vec![None; source.declared.len()],
            wanted: vec![true; nodes],
            root: None,
            values: Vec::with_capacity(nodes),
            weights: Vec::with_capacity(nodes),
            pending: Vec::new(),
        }
    }

    /// The parameters of a declared input.
    fn parameter(&mut self, index: usize) -> Parameter {
        if let Some(parameter) = self.parameters[index] {
            return parameter;
        }
        let (name, ty) = self.declared[index];
        let value = self.b.scalar_param(name, ty.scalar);
        self.params.push(Param::Input(index as u32));
        let valid = ty.nullable.then(|| {
            self.params.push(Param::Validity(index as u32));
            let name = format!("{name}{}", self.validity_suffix);
            self.b.scalar_param(name, Scalar::Bool)
        });
        let parameter = Parameter {
            value,
            valid,
            scalar: ty.scalar,
            guarded: false,
        };
        self.parameters[index] = Some(parameter);
        parameter
    }

    /// A parameter that is no input.
    fn other_parameter(&mut self, param: Param, name: &str, scalar: Scalar) -> NodeId {
        match self.params.iter().position(|&known| known == param) {
            Some(index) => self.b.param(index as u32),
            None => {
                let mut name = name.to_owned();
                while self.declared.iter().any(|(known, _)| *known == name) {
                    name.push('_');
                }
                self.params.push(param);
                self.b.scalar_param(name, scalar)
            }
        }
    }

    fn nodes(&mut self) {
        for id in 0..self.ast.nodes.len() {
            self.node(ExprId(id as u32));
        }
    }

    /// The Func of all outputs, each with its validity if it has one.
    fn finish_outputs(mut self) -> (Func, Vec<Param>) {
        let mut results = Vec::new();
        for item in &self.ast.items {
            if item.kind != ItemKind::Output {
                continue;
            }
            let ty = self.ty(item.body);
            results.push(self.get(item.body, ty.kind));
            if ty.nullable {
                results.push(self.validity(item.body));
            }
        }
        self.finish(&results)
    }

    fn finish(mut self, results: &[NodeId]) -> (Func, Vec<Param>) {
        self.emit_guards();
        (self.b.finish(results), self.params)
    }

    fn ty(&self, id: ExprId) -> Ty {
        self.checked.types[id.index()]
    }

    fn range(&self, id: ExprId) -> Range {
        self.checked.ranges[id.index()]
    }

    fn value(&self, id: ExprId) -> Value {
        self.values[id.index()]
    }

    fn valid(&self, id: ExprId) -> Option<NodeId> {
        self.value(id).valid
    }

    /// The validity as a value.
    fn validity(&mut self, id: ExprId) -> NodeId {
        match self.valid(id) {
            Some(valid) => valid,
            None => self.b.bool(true),
        }
    }

    // Nodes.

    fn node(&mut self, id: ExprId) {
        let computed = |node: NodeId| Value {
            node: Some(node),
            raw: None,
            valid: None,
        };
        let written = Value {
            node: None,
            raw: None,
            valid: None,
        };
        let light = Weight::default();
        let (value, weight) = match self.ast.expr(id) {
            _ if !self.wanted[id.index()] => (written, light),
            Expr::Error | Expr::Whole { .. } | Expr::Decimal(_) => (written, light),
            Expr::Constant(index) => match self.checked.hidden[index as usize] {
                Some(input) => (self.input(input, id), light),
                None => match CONSTANTS[index as usize].value {
                    ConstantValue::Number(_) => (written, light),
                    ConstantValue::Truth(truth) => (computed(self.b.bool(truth)), light),
                },
            },
            Expr::Input(input) => {
                let input = self.checked.inputs[input.0 as usize];
                (self.input(input, id), light)
            }
            Expr::Local(body) => {
                let weight = Weight {
                    // The value is shared: a branch around one use of it
                    // saves nothing.
                    costly: false,
                    ..self.weights[body.index()]
                };
                (self.local(body), weight)
            }
            Expr::Unary(op, x) => {
                let node = self.unary(id, op, x);
                let value = Value {
                    valid: self.valid(x),
                    ..computed(node)
                };
                (value, self.weights[x.index()])
            }
            Expr::Binary(op, x, y) => {
                let own = self.is_costly_binary(id, op);
                let weight = self.weight_of(&[x, y]).or_costly(own);
                (self.binary(id, op, x, y), weight)
            }
            Expr::If { cond, yes, no } => self.conditional(id, cond, yes, no),
            Expr::Call {
                function, count, ..
            } if function.is_over_rows(count as usize) => (self.known(id), light),
            Expr::Call {
                function,
                first,
                count,
            } => {
                let args = self.ast.call_args(first, count);
                let own = functions::is_costly(function);
                let weight = self.weight_of(args).or_costly(own);
                (self.call(id, function, args), weight)
            }
        };
        self.values.push(value);
        self.weights.push(weight);
    }

    fn weight_of(&self, nodes: &[ExprId]) -> Weight {
        let weights = nodes.iter().map(|node| self.weights[node.index()]);
        weights.fold(Weight::default(), Weight::join)
    }

    fn input(&mut self, index: u32, id: ExprId) -> Value {
        let parameter = self.parameter(index as usize);
        let node = match parameter.scalar {
            scalar if scalar.is_int() => self.b.cast(Scalar::I64, parameter.value),
            _ => parameter.value,
        };
        if parameter.scalar == Scalar::U64 && !parameter.guarded {
            self.parameters[index as usize] = Some(Parameter {
                guarded: true,
                ..parameter
            });
            self.guard_u64(parameter, id);
        }
        Value {
            node: Some(node),
            raw: Some(parameter.value),
            valid: parameter.valid,
        }
    }

    /// A use of a name; a name for a written number is that number.
    fn local(&mut self, body: ExprId) -> Value {
        let value = self.value(body);
        if value.node.is_some() {
            return value;
        }
        let kind = self.ty(body).kind;
        Value {
            node: Some(self.get(body, kind)),
            ..value
        }
    }

    fn unary(&mut self, id: ExprId, op: UnaryOp, x: ExprId) -> NodeId {
        let kind = self.ty(id).kind;
        let value = self.get(x, kind);
        match op {
            UnaryOp::Plus => value,
            UnaryOp::Not => self.b.op(Op::Not, &[value]),
            UnaryOp::Minus if kind == Kind::Int => self.negative(id, x, value),
            UnaryOp::Minus => self.b.op(Op::Neg, &[value]),
        }
    }

    // Conversions.

    /// The value of `id` as `kind`, converted from its own as the checker has
    /// decided: upwards, or a written number to its partner's type.
    fn get(&mut self, id: ExprId, kind: Kind) -> NodeId {
        let own = self.ty(id).kind;
        match self.value(id) {
            Value { node: None, .. } => self.written(id, kind),
            Value {
                node: Some(node), ..
            } if own == kind => node,
            Value {
                node: Some(node),
                raw,
                ..
            } => self.b.cast(kind.scalar(), raw.unwrap_or(node)),
        }
    }

    /// A written number as a constant of the type its use asks for.
    fn written(&mut self, id: ExprId, kind: Kind) -> NodeId {
        let constant = match (self.number(id), kind) {
            (Number::Whole(n), Kind::Int) => Const::i64(n),
            (Number::Whole(n), Kind::F32) => Const::f32(n as f32),
            (Number::Whole(n), _) => Const::f64(n as f64),
            (Number::Decimal(x), Kind::F32) => Const::f32(x as f32),
            (Number::Decimal(x), _) => Const::f64(x),
        };
        self.b.constant(constant)
    }

    fn number(&self, id: ExprId) -> Number {
        match self.ast.expr(id) {
            Expr::Whole {
                magnitude,
                negative,
            } => Number::Whole(whole(magnitude, negative)),
            Expr::Decimal(x) => Number::Decimal(x),
            Expr::Constant(index) => match CONSTANTS[index as usize].value {
                ConstantValue::Number(x) => Number::Decimal(x),
                ConstantValue::Truth(truth) => Number::Whole(truth.into()),
            },
            // Only the above have no value of their own.
            _ => Number::Decimal(f64::NAN),
        }
    }

    /// A constant of `kind`.
    fn constant(&mut self, kind: Kind, value: i32) -> NodeId {
        self.b.constant(match kind {
            Kind::Int => Const::i64(value.into()),
            Kind::F32 => Const::f32(value as f32),
            Kind::Bool => Const::bool(value != 0),
            _ => Const::f64(value.into()),
        })
    }

    // Short forms.

    fn not(&mut self, x: NodeId) -> NodeId {
        self.b.op(Op::Not, &[x])
    }

    fn and(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.b.op(Op::And, &[x, y])
    }

    fn or(&mut self, x: NodeId, y: NodeId) -> NodeId {
        self.b.op(Op::Or, &[x, y])
    }

    /// The validity of something that uses both.
    fn both_valid(&mut self, x: Option<NodeId>, y: Option<NodeId>) -> Option<NodeId> {
        match (x, y) {
            (Some(x), Some(y)) if x != y => Some(self.and(x, y)),
            (x, y) => x.or(y),
        }
    }

    /// The scalar type of a value built so far.
    fn scalar_of(&self, node: NodeId) -> Scalar {
        let Type { scalar, .. } = self.b.ty(node);
        scalar
    }
}

/// A number as written.
#[derive(Clone, Copy, Debug)]
enum Number {
    Whole(i64),
    Decimal(f64),
}
