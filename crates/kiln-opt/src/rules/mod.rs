//! Rewrite rules: what they are, and the pass that applies them.
//!
//! Rules for rules:
//! 1. A rule is exact: the same bits for every operand, infinities, zeros and
//!    subnormals included; only the bits of a NaN may differ. Its identity
//!    stands above it.
//! 2. A rule has a direction: its result is cheaper, or of a form that other
//!    rules wait for. No rule undoes another one.
//! 3. A rule looks at one op and a bounded part of its operands' trees.
//! 4. Constants of commutative ops stand on the right when the rules for
//!    identities look at them.
//! 5. Every rule has an example that it fires on and a near miss in
//!    `tests/rules.rs`, where both are evaluated on every operand worth it.
//!
//! The pass builds each node through [`simplify_op`], so operands are simple
//! already, and asks only the rules listed for its op.

mod bits;
mod cast;
mod choice;
mod compare;
mod constant;
mod facts;
mod float;
mod identity;
mod select;

use crate::report::RuleCount;
use kiln_ir::{
    Choice, Const, Func, FuncBuilder, NodeId, Op, Operands, Rewrite, Scalar, Type, rewrite,
};
use std::sync::LazyLock;

/// One rule: a name, the ops it looks at, and what it makes of one.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    ops: &'static [Op],
    /// The simpler value, or `None` where the rule does not apply.
    apply: fn(&mut Site<'_>) -> Option<NodeId>,
}

/// Declares a table of rules: `"name" [Ops] |site| value;`.
macro_rules! rules {
    ($($name:literal [$($op:ident)+] $apply:expr;)*) => {
        pub(super) const RULES: &[$crate::rules::Rule] = &[
            $($crate::rules::Rule {
                name: $name,
                ops: &[$(kiln_ir::Op::$op),+],
                apply: $apply,
            },)*
        ];
    };
}
use rules;

/// The tables in the order in which their rules are asked.
const TABLES: &[&[Rule]] = &[
    constant::RULES,
    identity::RULES,
    float::RULES,
    bits::RULES,
    compare::RULES,
    select::RULES,
    cast::RULES,
];

/// Every rule, and for each op the indices of the rules that look at it.
struct Index {
    rules: Vec<&'static Rule>,
    of_op: Vec<Vec<u16>>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let rules: Vec<&'static Rule> = TABLES.iter().copied().flatten().collect();
    let mut of_op = vec![Vec::new(); Op::all().count()];
    for (id, rule) in (0u16..).zip(&rules) {
        for &op in rule.ops {
            of_op[op as usize].push(id);
        }
    }
    Index { rules, of_op }
});

/// How often each rule fired.
#[derive(Debug)]
pub(crate) struct Counts(Vec<u32>);

impl Default for Counts {
    fn default() -> Counts {
        Counts(vec![0; rule_names().count()])
    }
}

impl Counts {
    /// Counts a rule for `if`s; they stand behind all others.
    fn add_choice(&mut self, rule: usize) {
        self.0[INDEX.rules.len() + rule] += 1;
    }

    /// The rules that fired at all.
    pub(crate) fn fired(&self) -> Vec<RuleCount> {
        rule_names()
            .zip(&self.0)
            .filter(|(_, fired)| **fired > 0)
            .map(|(name, &fired)| RuleCount { name, fired })
            .collect()
    }
}

/// The names of all rules, in the order in which they are asked.
pub fn rule_names() -> impl Iterator<Item = &'static str> {
    let ops = INDEX.rules.iter().map(|rule| rule.name);
    ops.chain(choice::NAMES)
}

/// The pass: simplifies every op of a Func.
pub(crate) fn simplify(func: &Func, counts: &mut Counts) -> Func {
    rewrite(func, &mut Simplify { counts })
}

struct Simplify<'a> {
    counts: &'a mut Counts,
}

impl Rewrite for Simplify<'_> {
    fn op(
        &mut self,
        b: &mut FuncBuilder,
        op: Op,
        args: &[NodeId],
        ty: Type,
        _old: NodeId,
    ) -> NodeId {
        simplify_op(b, self.counts, op, args, ty, FUEL)
    }

    fn choice(&mut self, b: &mut FuncBuilder, choice: &Choice<'_>) -> Vec<NodeId> {
        choice::simplify(b, self.counts, choice)
    }
}

/// Makes an op outside of the pass, as simple as the rules make it.
pub(crate) fn simple_op(
    b: &mut FuncBuilder,
    counts: &mut Counts,
    op: Op,
    args: &[NodeId],
    ty: Type,
) -> NodeId {
    simplify_op(b, counts, op, args, ty, FUEL)
}

/// How many rules may fire in a row on what one op becomes. The longest chain
/// known is five; the bound keeps a pass linear whatever the rules do.
const FUEL: u32 = 16;

/// Makes the node of an op, or a simpler one of the same value.
fn simplify_op(
    b: &mut FuncBuilder,
    counts: &mut Counts,
    op: Op,
    args: &[NodeId],
    ty: Type,
    fuel: u32,
) -> NodeId {
    if let Some(fuel) = fuel.checked_sub(1) {
        let index = &*INDEX;
        let mut site = Site {
            b,
            counts,
            op,
            args: Operands::new(args),
            ty,
            fuel,
        };
        for &id in &index.of_op[op as usize] {
            if let Some(value) = (index.rules[id as usize].apply)(&mut site) {
                site.counts.0[id as usize] += 1;
                return value;
            }
        }
    }
    b.op_as(op, args, Some(ty))
}

/// An op that a rule looks at, before it is made.
pub(crate) struct Site<'a> {
    b: &'a mut FuncBuilder,
    counts: &'a mut Counts,
    op: Op,
    args: Operands,
    /// The type of the op's value.
    ty: Type,
    fuel: u32,
}

impl Site<'_> {
    /// The first operand.
    fn x(&self) -> NodeId {
        self.args[0]
    }

    /// The second operand.
    fn y(&self) -> NodeId {
        self.args[1]
    }

    /// The third operand.
    fn z(&self) -> NodeId {
        self.args[2]
    }

    /// The scalar type of the operands.
    fn operand(&self) -> Scalar {
        self.b.ty(self.x()).scalar
    }

    /// The constant that a value is in every lane.
    fn constant(&self, id: NodeId) -> Option<Const> {
        match as_op(self.b, id) {
            Some((Op::Splat, args)) => self.b.func().as_const(args[0]),
            _ => self.b.func().as_const(id),
        }
    }

    /// Whether a value is the float `value`, bit for bit.
    fn is_float(&self, id: NodeId, value: f64) -> bool {
        self.constant(id)
            .and_then(as_float)
            .is_some_and(|c| c.to_bits() == value.to_bits())
    }

    /// Whether a value is the bool `value`.
    fn is_bool(&self, id: NodeId, value: bool) -> bool {
        self.constant(id).and_then(Const::as_bool) == Some(value)
    }

    /// The operands of a value that is this op.
    fn operands(&self, id: NodeId, op: Op) -> Option<Operands> {
        as_op(self.b, id).filter(|found| found.0 == op).map(|f| f.1)
    }

    /// The op that a value is.
    fn op_of(&self, id: NodeId) -> Option<(Op, Operands)> {
        as_op(self.b, id)
    }

    /// The type of a value.
    fn ty_of(&self, id: NodeId) -> Type {
        self.b.ty(id)
    }

    /// An op with a result of type `ty`, simplified in turn.
    fn make_as(&mut self, op: Op, args: &[NodeId], ty: Type) -> NodeId {
        simplify_op(self.b, self.counts, op, args, ty, self.fuel)
    }

    /// An op whose result has the type of the op at this site.
    fn make(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        self.make_as(op, args, self.ty)
    }

    /// A constant in every lane of the result.
    fn constant_of(&mut self, value: Const) -> NodeId {
        let ty = self.ty.with_scalar(value.scalar());
        self.b.constant_of(ty, value)
    }

    /// The integer constant `value` of the operands' type, wrapped into it.
    fn int(&mut self, value: i128) -> NodeId {
        let scalar = self.operand();
        self.constant_of(Const::from_bits(scalar, value as u64))
    }

    /// The bool constant `value`.
    fn bool(&mut self, value: bool) -> NodeId {
        self.constant_of(Const::bool(value))
    }

    /// The float constant `value` of the result's type.
    fn float(&mut self, value: f64) -> NodeId {
        let value = float_const(self.ty.scalar, value);
        self.constant_of(value)
    }
}

/// The op that a node is.
fn as_op(b: &FuncBuilder, id: NodeId) -> Option<(Op, Operands)> {
    match b.func().node(id) {
        kiln_ir::Node::Op { op, args } => Some((*op, *args)),
        _ => None,
    }
}

/// The value of a float constant of either width.
fn as_float(value: Const) -> Option<f64> {
    value.as_f64().or_else(|| value.as_f32().map(f64::from))
}

/// The float constant of type `scalar` nearest to `value`.
fn float_const(scalar: Scalar, value: f64) -> Const {
    match scalar {
        Scalar::F32 => Const::f32(value as f32),
        _ => Const::f64(value),
    }
}
