//! Expressions, by operator precedence with an explicit stack.
//!
//! The method is Pratt's ("Top down operator precedence", 1973) with the call
//! stack replaced by a list of frames: operators that wait for their right
//! side, and parentheses, calls and conditionals that wait to be closed. Depth
//! therefore costs heap only, and is counted only where something truly nests:
//! operator chains and the last branch of a conditional are flat.

use super::{Parser, mistakes};
use crate::ast::{BinaryOp, Expr, ExprId, UnaryOp};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::language::{CONSTANTS, ConstantValue, Function, strength};
use crate::span::Span;

/// A value that has been read, with the span that includes its parentheses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand {
    pub(super) id: ExprId,
    pub(super) span: Span,
    /// Whether it stands in parentheses of its own.
    pub(super) grouped: bool,
}

/// What a call calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Callee {
    Function(Function),
    /// `if` or `where`.
    Conditional,
    /// Something that has been reported.
    Unknown,
}

/// Something that waits for what follows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Frame {
    /// An operator that waits for its right side.
    Infix {
        op: BinaryOp,
        strength: u8,
        /// A chain of comparisons that has been reported.
        chained: bool,
    },
    /// A sign or negation that waits for its value.
    Prefix {
        op: UnaryOp,
        strength: u8,
        start: u32,
    },
    /// `(`
    Group { open: u32, flat: bool },
    /// `name(`
    Call {
        callee: Callee,
        start: u32,
        open: u32,
        /// Where its values begin among the operands.
        first: u32,
        flat: bool,
    },
    /// `c ?`, waiting for `:`.
    Question { at: u32 },
    /// `a if`, waiting for `else`.
    If { at: u32 },
    /// The second half of a conditional, waiting for its last branch.
    Last { value_first: bool },
}

impl Frame {
    /// How strongly an operator holds on to the value before it; `None` for
    /// what only a closing token ends.
    pub(super) fn strength(self) -> Option<u8> {
        match self {
            Frame::Infix { strength, .. } | Frame::Prefix { strength, .. } => Some(strength),
            Frame::Last { .. } => Some(strength::CONDITIONAL),
            _ => None,
        }
    }

    /// Whether the frame is a level of nesting.
    pub(super) fn nests(self) -> bool {
        match self {
            Frame::Infix { op, .. } => op == BinaryOp::Pow,
            Frame::Group { flat, .. } | Frame::Call { flat, .. } => !flat,
            Frame::Prefix { .. } | Frame::Question { .. } | Frame::If { .. } => true,
            Frame::Last { .. } => false,
        }
    }
}

/// What to read next.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Next {
    Value,
    Operator,
    Done,
}

impl<'a> Parser<'a> {
    /// Reads one expression, up to the end of its item.
    pub(super) fn expression(&mut self) -> ExprId {
        let mut next = Next::Value;
        while next != Next::Done && !self.stopped {
            next = match next {
                Next::Value => self.value(),
                Next::Operator => self.operator(),
                Next::Done => Next::Done,
            };
        }
        if self.stopped {
            return ExprId(0);
        }
        self.close_all();
        match self.operands.pop() {
            Some(operand) => operand.id,
            None => self.push_node(Expr::Error, Span::at(self.token().start)),
        }
    }

    // Reduction: operators that have all their operands become nodes.

    /// Finishes every waiting operator at least as strong as `least`.
    pub(super) fn reduce(&mut self, least: u8) {
        while let Some(&frame) = self.frames.last() {
            if frame.strength().is_none_or(|held| held < least) {
                return;
            }
            self.pop_frame();
            self.apply(frame);
        }
    }

    /// Finishes everything down to the innermost parenthesis or call.
    pub(super) fn reduce_group(&mut self) {
        loop {
            self.reduce(0);
            match self.frames.last() {
                Some(Frame::Question { .. } | Frame::If { .. }) => self.give_up_conditional(),
                _ => return,
            }
        }
    }

    /// Reports a conditional without its second half and drops it.
    pub(super) fn give_up_conditional(&mut self) {
        if let Some(frame @ (Frame::Question { at } | Frame::If { at })) = self.pop_frame() {
            self.report(mistakes::missing_second_half(
                at,
                matches!(frame, Frame::If { .. }),
            ));
            self.operands.pop();
            self.poison_last();
        }
    }

    pub(super) fn poison_last(&mut self) {
        if let Some(operand) = self.operands.last() {
            let span = operand.span;
            let id = self.push_node(Expr::Error, span);
            if let Some(operand) = self.operands.last_mut() {
                operand.id = id;
            }
        }
    }

    /// Finishes everything at the end of an item and reports what is open.
    pub(super) fn close_all(&mut self) {
        loop {
            self.reduce_group();
            match self.pop_frame() {
                Some(Frame::Group { open, .. } | Frame::Call { open, .. }) => {
                    self.report(
                        Diagnostic::new(
                            Code::UnclosedParenthesis,
                            Span::new(open, open + 1),
                            "this `(` is not closed",
                        )
                        .label(Span::at(self.token().start), "a `)` is missing before here"),
                    );
                    // One report is enough; the rest follows from it.
                    self.frames.clear();
                    self.depth = 0;
                    self.groups = 0;
                    self.operands.truncate(1);
                    self.poison_last();
                    return;
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    pub(super) fn apply(&mut self, frame: Frame) {
        match frame {
            Frame::Prefix { op, start, .. } => self.apply_prefix(op, start),
            Frame::Infix { op, .. } => self.apply_infix(op),
            Frame::Last { value_first } => self.apply_conditional(value_first),
            _ => {}
        }
    }

    pub(super) fn apply_prefix(&mut self, op: UnaryOp, start: u32) {
        let Some(operand) = self.operands.pop() else {
            return;
        };
        let span = Span::at(start).to(operand.span);
        // A sign belongs to the number it stands before: -2 is a literal.
        let signed = match (op, self.ast.expr(operand.id)) {
            (
                UnaryOp::Minus,
                Expr::Whole {
                    magnitude,
                    negative,
                },
            ) => Some(Expr::Whole {
                magnitude,
                negative: !negative,
            }),
            (UnaryOp::Minus, Expr::Decimal(value)) => Some(Expr::Decimal(-value)),
            _ => None,
        };
        let id = match signed {
            Some(literal) => {
                self.ast.nodes[operand.id.index()] = literal;
                self.ast.spans[operand.id.index()] = span;
                operand.id
            }
            None => self.push_node(Expr::Unary(op, operand.id), span),
        };
        self.operands.push(Operand {
            id,
            span,
            grouped: false,
        });
    }

    pub(super) fn apply_infix(&mut self, op: BinaryOp) {
        let (Some(right), Some(left)) = (self.operands.pop(), self.operands.pop()) else {
            return;
        };
        let span = left.span.to(right.span);
        let id = self.push_node(Expr::Binary(op, left.id, right.id), span);
        if op.is_comparison() {
            self.note_comparison(id, left, right);
        }
        self.operands.push(Operand {
            id,
            span,
            grouped: false,
        });
    }

    /// Remembers `a > 1 & b`, which reads otherwise than it looks, for the
    /// checker; warns of comparisons with `nan`.
    pub(super) fn note_comparison(&mut self, id: ExprId, left: Operand, right: Operand) {
        for side in [left, right] {
            match self.ast.expr(side.id) {
                Expr::Binary(BinaryOp::BitAnd | BinaryOp::BitOr, ..) if !side.grouped => {
                    self.ast.loose_bits.push((side.id, id));
                }
                Expr::Constant(index) => {
                    if let ConstantValue::Number(value) = CONSTANTS[index as usize].value
                        && value.is_nan()
                    {
                        let other = if side.id == left.id { right } else { left };
                        let other = self.text(other.span);
                        self.report(mistakes::nan_comparison(side.span, other));
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn apply_conditional(&mut self, value_first: bool) {
        let (Some(third), Some(second), Some(first)) = (
            self.operands.pop(),
            self.operands.pop(),
            self.operands.pop(),
        ) else {
            return;
        };
        let span = first.span.to(third.span);
        let (cond, yes) = if value_first {
            (second.id, first.id)
        } else {
            (first.id, second.id)
        };
        let no = third.id;
        self.push_operand(Expr::If { cond, yes, no }, span);
    }
}
