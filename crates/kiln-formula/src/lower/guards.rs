//! What can fail, and where it counts.
//!
//! A guard counts only where its value is used: under the conditions of the
//! branches around it, and where its operands are not missing. While nodes are
//! lowered guards are only noted; at the end each becomes
//! `guard ok or not there or not reached`, in the order of the text. The
//! conditions are found by one walk from the roots down, and only if there is
//! a guard at all.
//!
//! An item is computed on every row: a guard inside `let` counts whether or not
//! the branch that uses the name is taken. So does one in what a reduction
//! or a scan combines.

use super::{Lowerer, Parameter};
use crate::ast::{BinaryOp, Expr, ExprId};
use crate::language::Function;
use crate::render::quote;
use kiln_ir::{Fault, FaultKind, NodeId, Op, Span};

/// A guard that has been noted.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// The node it protects.
    id: ExprId,
    kind: FaultKind,
    ok: NodeId,
    /// Whether its operands are there.
    valid: Option<NodeId>,
    /// Whether it counts in every branch.
    always: bool,
    operands: [Option<NodeId>; 2],
}

/// A condition under which a piece of the formula counts.
#[derive(Clone, Copy, Debug)]
struct Reached {
    parent: u32,
    when: When,
    of: ExprId,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    /// Everywhere: the context of an item's root.
    Always,
    IsTrue,
    IsFalse,
    NotFalse,
    NotTrue,
    Missing,
}

/// The context of the roots.
const EVERYWHERE: u32 = 0;

impl Lowerer<'_> {
    /// Notes that `ok` must hold wherever node `id` counts.
    pub(super) fn guard(&mut self, id: ExprId, kind: FaultKind, ok: NodeId, shown: &[NodeId]) {
        let mut valid = None;
        for operand in self.operands(id) {
            valid = self.both_valid(valid, self.valid(operand));
        }
        let mut operands = [None; 2];
        for (slot, &value) in operands.iter_mut().zip(shown) {
            *slot = Some(value);
        }
        self.pending.push(Pending {
            id,
            kind,
            ok,
            valid,
            always: false,
            operands,
        });
    }

    /// A u64 input must not exceed what a whole number of a formula holds.
    pub(super) fn guard_u64(&mut self, parameter: Parameter, id: ExprId) {
        let most = kiln_ir::Const::int(parameter.scalar, i64::MAX);
        let most = self.b.constant(most);
        let ok = self.b.op(Op::Le, &[parameter.value, most]);
        self.pending.push(Pending {
            id,
            kind: FaultKind::Range,
            ok,
            valid: parameter.valid,
            always: true,
            operands: [Some(parameter.value), None],
        });
    }

    fn operands(&self, id: ExprId) -> Vec<ExprId> {
        match self.ast.expr(id) {
            Expr::Unary(_, x) => vec![x],
            Expr::Binary(_, x, y) => vec![x, y],
            Expr::Call { first, count, .. } => self.ast.call_args(first, count).to_vec(),
            _ => Vec::new(),
        }
    }

    /// Emits the guards noted.
    pub(super) fn emit_guards(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let contexts = Contexts::of(self);
        let mut conditions: Vec<Option<NodeId>> = vec![None; contexts.list.len()];
        for guard in pending {
            let mut ok = guard.ok;
            if let Some(valid) = guard.valid {
                let missing = self.not(valid);
                ok = self.or(ok, missing);
            }
            let context = match guard.always || self.root == Some(guard.id) {
                true => EVERYWHERE,
                false => contexts.of_node[guard.id.index()],
            };
            if let Some(reached) = self.condition(&contexts, &mut conditions, context) {
                let untaken = self.not(reached);
                ok = self.or(ok, untaken);
            }
            let fault = self.b.fault(self.fault(&guard));
            let shown: Vec<NodeId> = guard.operands.iter().flatten().copied().collect();
            self.b.guard(ok, fault, &shown);
        }
    }

    /// The condition of a context as a value; `None` where it always holds.
    /// Each context joins its own condition to that of its parent, once.
    fn condition(
        &mut self,
        contexts: &Contexts,
        conditions: &mut [Option<NodeId>],
        context: u32,
    ) -> Option<NodeId> {
        // Up to the nearest context whose condition is known, then down again.
        let mut path = Vec::new();
        let mut at = context;
        while at != EVERYWHERE && conditions[at as usize].is_none() {
            path.push(at);
            at = contexts.list[at as usize].parent;
        }
        let mut known = conditions[at as usize];
        for &index in path.iter().rev() {
            let own = self.reached(contexts.list[index as usize]);
            let joined = match known {
                Some(outer) => self.and(outer, own),
                None => own,
            };
            conditions[index as usize] = Some(joined);
            known = Some(joined);
        }
        known
    }

    fn reached(&mut self, context: Reached) -> NodeId {
        match context.when {
            When::Always => self.b.bool(true),
            When::IsTrue => self.surely(context.of, true),
            When::IsFalse => self.surely(context.of, false),
            When::NotFalse => {
                let surely = self.surely(context.of, false);
                self.not(surely)
            }
            When::NotTrue => {
                let surely = self.surely(context.of, true);
                self.not(surely)
            }
            When::Missing => {
                let valid = self.validity(context.of);
                self.not(valid)
            }
        }
    }

    fn fault(&self, guard: &Pending) -> Fault {
        let span = self.ast.span(guard.id);
        let shown = quote(span.text(self.source));
        let message = match guard.kind {
            FaultKind::Overflow => format!("{shown} is too large for a whole number"),
            FaultKind::DivisionByZero => format!("{shown} divides a whole number by zero"),
            _ if guard.always => format!("{shown} is above 9223372036854775807"),
            _ => format!("{shown} shifts by less than 0 or more than 63 places"),
        };
        Fault {
            kind: guard.kind,
            message,
            span: Some(Span {
                start: span.start,
                end: span.end,
            }),
            site: None,
        }
    }
}

/// For each node the branch it stands in.
struct Contexts {
    list: Vec<Reached>,
    of_node: Vec<u32>,
}

impl Contexts {
    /// Parents come after their operands in the arena, so one walk backwards
    /// hands every context down.
    fn of(lowerer: &Lowerer<'_>) -> Contexts {
        let ast = lowerer.ast;
        let mut contexts = Contexts {
            list: vec![Reached {
                parent: EVERYWHERE,
                when: When::Always,
                of: ExprId(0),
            }],
            of_node: vec![EVERYWHERE; ast.nodes.len()],
        };
        for index in (0..ast.nodes.len()).rev() {
            let here = contexts.of_node[index];
            match ast.nodes[index] {
                Expr::Unary(_, x) => contexts.set(x, here),
                Expr::Binary(op, x, y) => {
                    contexts.set(x, here);
                    let there = match op {
                        BinaryOp::And => contexts.add(here, When::NotFalse, x),
                        BinaryOp::Or => contexts.add(here, When::NotTrue, x),
                        _ => here,
                    };
                    contexts.set(y, there);
                }
                Expr::If { cond, yes, no } => {
                    contexts.set(cond, here);
                    let taken = contexts.add(here, When::IsTrue, cond);
                    contexts.set(yes, taken);
                    let otherwise = contexts.add(here, When::IsFalse, cond);
                    contexts.set(no, otherwise);
                }
                Expr::Call {
                    function,
                    first,
                    count,
                } => {
                    // All rows are combined, whatever becomes of the total.
                    let mut there = match function.is_over_rows(count as usize) {
                        true => EVERYWHERE,
                        false => here,
                    };
                    for &arg in ast.call_args(first, count) {
                        contexts.set(arg, there);
                        if function == Function::Coalesce {
                            there = contexts.add(there, When::Missing, arg);
                        }
                    }
                }
                // A name's expression belongs to its own item.
                _ => {}
            }
        }
        contexts
    }

    fn set(&mut self, id: ExprId, context: u32) {
        self.of_node[id.index()] = context;
    }

    fn add(&mut self, parent: u32, when: When, of: ExprId) -> u32 {
        self.list.push(Reached { parent, when, of });
        self.list.len() as u32 - 1
    }
}
