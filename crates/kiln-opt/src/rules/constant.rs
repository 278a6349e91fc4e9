//! Folding, and the order of operands.

use super::{Rule, Site};
use kiln_ir::{Class, Const, NodeId, OPS, Op, Operands, meaning};

const SCALAR_OPS: usize = {
    let (mut i, mut n) = (0, 0);
    while i < OPS.len() {
        n += !matches!(OPS[i].class, Class::Vector) as usize;
        i += 1;
    }
    n
};

/// Every op with a scalar meaning.
const FOLDED: &[Op] = &{
    let mut ops = [Op::Add; SCALAR_OPS];
    let (mut i, mut n) = (0, 0);
    while i < OPS.len() {
        if !matches!(OPS[i].class, Class::Vector) {
            ops[n] = OPS[i].op;
            n += 1;
        }
        i += 1;
    }
    ops
};

#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    // op(constants) = what the op means.
    Rule { name: "fold", ops: FOLDED, apply: fold },
    // x op y = y op x: a constant stands on the right, else the older value on the left.
    Rule {
        name: "commute",
        ops: &[
            Op::Add, Op::Mul, Op::Min, Op::Max, Op::Fmin, Op::Fmax, Op::AddSat, Op::MulSat, Op::MulHigh,
            Op::AddOverflows, Op::MulOverflows, Op::And, Op::Or, Op::Xor, Op::Eq, Op::Ne, Op::Fma,
        ],
        apply: commute,
    },
    // c < x = x > c, and so on.
    Rule { name: "compare-commute", ops: &[Op::Lt, Op::Le, Op::Gt, Op::Ge], apply: compare_commute },
];

fn fold(site: &mut Site<'_>) -> Option<NodeId> {
    let mut values = [Const::bool(false); Operands::MAX];
    for (value, &arg) in values.iter_mut().zip(&*site.args) {
        *value = site.constant(arg)?;
    }
    let values = &values[..site.args.len()];
    let folded = meaning::eval(site.op, site.ty.scalar, values);
    Some(site.constant_of(folded))
}

fn commute(site: &mut Site<'_>) -> Option<NodeId> {
    let mut args = site.args.to_vec();
    if !is_out_of_order(site) {
        return None;
    }
    args.swap(0, 1);
    Some(site.make(site.op, &args))
}

fn is_out_of_order(site: &Site<'_>) -> bool {
    let (x, y) = (site.x(), site.y());
    match (site.constant(x).is_some(), site.constant(y).is_some()) {
        (true, false) => true,
        (false, true) => false,
        _ => x > y,
    }
}

fn compare_commute(site: &mut Site<'_>) -> Option<NodeId> {
    site.constant(site.x())?;
    let mirrored = mirrored(site.op)?;
    Some(site.make(mirrored, &[site.y(), site.x()]))
}

/// The comparison that says of `(y, x)` what `op` says of `(x, y)`.
pub(super) fn mirrored(op: Op) -> Option<Op> {
    Some(match op {
        Op::Lt => Op::Gt,
        Op::Le => Op::Ge,
        Op::Gt => Op::Lt,
        Op::Ge => Op::Le,
        _ => return None,
    })
}
