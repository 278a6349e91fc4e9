//! The syntax tree: an arena of nodes in which operands come before what uses
//! them.
//!
//! A child's id is always less than its parent's, so every later walk is a
//! plain loop over the arena, forwards for values and backwards for contexts:
//! nothing recurses, and clone and drop are flat.

use crate::language::Function;
use crate::span::Span;

/// A node of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ExprId(pub(crate) u32);

impl ExprId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A name that is not defined inside the formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct InputId(pub(crate) u32);

/// Signs and negations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Plus,
    Minus,
    /// `not`, `!` and `~`.
    Not,
}

/// Operators between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// `and`, `&&`: the right side counts only where the left is not false.
    And,
    /// `or`, `||`: the right side counts only where the left is not true.
    Or,
    /// `&`: both sides count.
    BitAnd,
    /// `|`: both sides count.
    BitOr,
}

impl BinaryOp {
    pub(crate) fn is_comparison(self) -> bool {
        matches!(
            self,
            BinaryOp::Equal
                | BinaryOp::NotEqual
                | BinaryOp::Less
                | BinaryOp::LessEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterEqual
        )
    }

    /// How the operator is written in messages.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::FloorDiv => "//",
            BinaryOp::Mod => "%",
            BinaryOp::Pow => "^",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
            BinaryOp::And => "and",
            BinaryOp::Or => "or",
            BinaryOp::BitAnd => "&",
            BinaryOp::BitOr => "|",
        }
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Expr {
    /// Stands where the text was wrong; the problem has been reported.
    Error,
    /// A whole number as written: magnitude and sign.
    Whole {
        magnitude: u64,
        negative: bool,
    },
    /// A decimal number as written.
    Decimal(f64),
    /// A row of [`CONSTANTS`](crate::CONSTANTS), unless an input of that name
    /// is declared.
    Constant(u8),
    /// A name that comes from outside.
    Input(InputId),
    /// A name defined by an earlier item: that item's expression.
    Local(ExprId),
    Unary(UnaryOp, ExprId),
    Binary(BinaryOp, ExprId, ExprId),
    /// All four conditional forms.
    If {
        cond: ExprId,
        yes: ExprId,
        no: ExprId,
    },
    /// A call; the arguments are `args[first..first + count]`.
    Call {
        function: Function,
        first: u32,
        count: u32,
    },
}

/// What an item is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemKind {
    /// `let name = expr`.
    Let,
    /// `name = expr`, or the lone expression.
    Output,
}

/// One item of the formula.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) kind: ItemKind,
    pub(crate) name: Box<str>,
    /// Where the name stands; the expression for the lone expression.
    pub(crate) name_span: Span,
    pub(crate) body: ExprId,
}

/// A name from outside and where it is used first.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) name: Box<str>,
    pub(crate) span: Span,
}

/// The tree of a formula.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ast {
    pub(crate) nodes: Vec<Expr>,
    pub(crate) spans: Vec<Span>,
    pub(crate) args: Vec<ExprId>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) items: Vec<Item>,
    /// `&` or `|` without parentheses inside a comparison, and the comparison.
    pub(crate) loose_bits: Vec<(ExprId, ExprId)>,
}

impl Ast {
    pub(crate) fn push(&mut self, expr: Expr, span: Span) -> ExprId {
        self.nodes.push(expr);
        self.spans.push(span);
        ExprId(self.nodes.len() as u32 - 1)
    }

    pub(crate) fn expr(&self, id: ExprId) -> Expr {
        self.nodes[id.index()]
    }

    pub(crate) fn span(&self, id: ExprId) -> Span {
        self.spans[id.index()]
    }

    /// The arguments of a call.
    pub(crate) fn call_args(&self, first: u32, count: u32) -> &[ExprId] {
        &self.args[first as usize..(first + count) as usize]
    }
}
