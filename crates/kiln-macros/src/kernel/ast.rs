//! The part of Rust that kernels are written in, as a tree of its own: names
//! resolved, jumps with their targets, nothing that a kernel cannot do.

use proc_macro2::{Span, TokenStream};
use syn::{BinOp, Ident, Path, Type};

/// A local variable; an index into [`Body::locals`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Var(pub(super) usize);

/// A loop or a block with a label.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Target(pub(super) usize);

/// A way out of where one stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Jump {
    Return,
    Break(Target),
    Continue(Target),
}

/// What a function is, beyond its signature.
pub(super) struct Body {
    pub(super) locals: Vec<Local>,
    /// Whether a loop is claimed to have independent rounds.
    pub(super) claims: bool,
    pub(super) block: Block,
}

pub(super) struct Local {
    pub(super) ident: Ident,
    pub(super) is_mut: bool,
}

pub(super) struct Block {
    pub(super) stmts: Vec<Stmt>,
    /// The value of the block.
    pub(super) tail: Option<Box<Expr>>,
}

pub(super) enum Stmt {
    Let {
        pat: Pat,
        ty: Option<Box<Type>>,
        init: Option<Box<Expr>>,
    },
    Expr(Box<Expr>),
    /// A `const` or a `use`, as it stands.
    Item(TokenStream),
}

pub(super) enum Pat {
    Bind(Var),
    Tuple(Vec<Pat>),
    Ignore,
}

pub(super) struct Expr {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

pub(super) enum Kind {
    /// A literal with its sign and cast, for rustc to give it a type.
    Literal(TokenStream),
    /// A text that a panic has, as it stands.
    Text(TokenStream),
    /// A constant of the scope around.
    Constant(TokenStream),
    Local(Var),
    /// A method of the builder with these operands: an operator.
    Op(&'static str, Vec<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Cast(Box<Expr>, Box<Type>),
    Assign(Vec<Expr>, Box<Expr>),
    AssignOp(&'static str, Box<Expr>, Box<Expr>),
    Index(Box<Expr>, Box<Expr>),
    /// `of[lo..hi]`, with the bounds that are stated.
    Part(Box<Expr>, Option<Box<Expr>>, Option<Box<Expr>>),
    Field(Box<Expr>, u32),
    /// `*of`: what stands behind a reference to an element.
    Deref(Box<Expr>),
    Method(Box<Expr>, Ident, Vec<Expr>),
    /// `iter()` and its like, of a slice or an array.
    Iter(Box<Expr>, Ident, Vec<Expr>),
    /// `rev()` and its like, of what those give.
    Adapt(Box<Expr>, Ident, Vec<Expr>),
    /// `lo..hi`, `lo..=hi`.
    Range(Box<Expr>, Box<Expr>, bool),
    /// A function for one of those.
    Closure(Vec<Pat>, Box<Expr>),
    /// Another kernel.
    Call(Box<Path>, Vec<Expr>),
    Tuple(Vec<Expr>),
    Array(Vec<Expr>),
    Repeat(Box<Expr>, TokenStream),
    If(Box<Expr>, Block, Option<Box<Expr>>),
    Block(Option<Target>, Block),
    Loop(Target, Block),
    While(Target, Box<Expr>, Block),
    For(Target, Pat, Box<Expr>, Block),
    Jump(Jump, Option<Box<Expr>>),
    /// `assert!`: the condition, the message, and whether only in debug
    /// builds.
    Assert(Box<Expr>, TokenStream, bool),
    /// `assert_eq!` or `assert_ne!`, by the name of the method.
    AssertSides(&'static str, Box<Expr>, Box<Expr>, TokenStream, bool),
    Panic(TokenStream),
}

impl Expr {
    /// Whether this names a place: what is taken from it is a copy.
    pub(super) fn is_place(&self) -> bool {
        matches!(
            self.kind,
            Kind::Local(_) | Kind::Index(..) | Kind::Part(..) | Kind::Field(..) | Kind::Deref(_)
        )
    }

    /// Whether this is a statement that has a value.
    pub(super) fn is_structure(&self) -> bool {
        matches!(
            self.kind,
            Kind::If(..)
                | Kind::Block(..)
                | Kind::Loop(..)
                | Kind::While(..)
                | Kind::For(..)
                | Kind::Jump(..)
                | Kind::Panic(_)
        )
    }

    fn children(&self) -> (Vec<&Expr>, Vec<&Block>) {
        match &self.kind {
            Kind::Literal(_)
            | Kind::Text(_)
            | Kind::Constant(_)
            | Kind::Local(_)
            | Kind::Panic(_) => (Vec::new(), Vec::new()),
            Kind::Op(_, all) | Kind::Call(_, all) | Kind::Tuple(all) | Kind::Array(all) => {
                (all.iter().collect(), Vec::new())
            }
            Kind::Cast(of, _)
            | Kind::Field(of, _)
            | Kind::Deref(of)
            | Kind::Closure(_, of)
            | Kind::Repeat(of, _)
            | Kind::Assert(of, ..) => (vec![of], Vec::new()),
            Kind::And(a, b)
            | Kind::Or(a, b)
            | Kind::AssignOp(_, a, b)
            | Kind::Index(a, b)
            | Kind::Range(a, b, _)
            | Kind::AssertSides(_, a, b, ..) => (vec![a, b], Vec::new()),
            Kind::Assign(places, value) => (places.iter().chain([&**value]).collect(), Vec::new()),
            Kind::Part(of, lo, hi) => {
                let bounds = lo.as_deref().into_iter().chain(hi.as_deref());
                ([&**of].into_iter().chain(bounds).collect(), Vec::new())
            }
            Kind::Method(of, _, args) | Kind::Iter(of, _, args) | Kind::Adapt(of, _, args) => {
                ([&**of].into_iter().chain(args).collect(), Vec::new())
            }
            Kind::If(condition, then, otherwise) => {
                let otherwise = otherwise.as_deref();
                let exprs = [&**condition].into_iter().chain(otherwise);
                (exprs.collect(), vec![then])
            }
            Kind::Block(_, block) | Kind::Loop(_, block) => (Vec::new(), vec![block]),
            Kind::While(_, head, block) | Kind::For(_, _, head, block) => (vec![head], vec![block]),
            Kind::Jump(_, value) => (value.as_deref().into_iter().collect(), Vec::new()),
        }
    }

    /// The target that jumps inside this can have and none outside can.
    fn target(&self) -> Option<Target> {
        match self.kind {
            Kind::Loop(target, _) | Kind::While(target, ..) | Kind::For(target, ..) => Some(target),
            Kind::Block(target, _) => target,
            _ => None,
        }
    }

    fn collect_jumps(&self, jumps: &mut Vec<Jump>) {
        if let Kind::Jump(jump, _) = self.kind {
            jumps.push(jump);
        }
        let (exprs, blocks) = self.children();
        for expr in exprs {
            expr.collect_jumps(jumps);
        }
        for block in blocks {
            block.collect_jumps(jumps);
        }
        if let Some(target) = self.target() {
            jumps.retain(|&jump| !jump.is_to(target));
        }
    }

    /// Whether a jump leads out of this.
    pub(super) fn jumps(&self) -> bool {
        let mut jumps = Vec::new();
        self.collect_jumps(&mut jumps);
        !jumps.is_empty()
    }

    /// Whether nothing that follows this is ever reached.
    pub(super) fn never_ends(&self) -> bool {
        match &self.kind {
            Kind::Jump(..) | Kind::Panic(_) => true,
            Kind::If(_, then, Some(otherwise)) => then.never_ends() && otherwise.never_ends(),
            Kind::Block(None, block) => block.never_ends(),
            _ => false,
        }
    }
}

impl Block {
    fn exprs(&self) -> impl Iterator<Item = &Expr> {
        let stmts = self.stmts.iter().filter_map(|stmt| match stmt {
            Stmt::Let { init, .. } => init.as_deref(),
            Stmt::Expr(expr) => Some(expr),
            Stmt::Item(_) => None,
        });
        stmts.chain(self.tail.as_deref())
    }

    pub(super) fn collect_jumps(&self, jumps: &mut Vec<Jump>) {
        for expr in self.exprs() {
            expr.collect_jumps(jumps);
        }
    }

    /// Whether nothing that follows this is ever reached.
    pub(super) fn never_ends(&self) -> bool {
        self.exprs().any(Expr::never_ends)
    }
}

impl Jump {
    fn is_to(self, target: Target) -> bool {
        self == Jump::Break(target) || self == Jump::Continue(target)
    }
}

/// The builder's method for an operator, and whether it assigns; `None` for
/// `&&` and `||`.
pub(super) fn operator(op: &BinOp) -> Option<(&'static str, bool)> {
    Some(match op {
        BinOp::Add(_) => ("add", false),
        BinOp::Sub(_) => ("sub", false),
        BinOp::Mul(_) => ("mul", false),
        BinOp::Div(_) => ("div", false),
        BinOp::Rem(_) => ("rem", false),
        BinOp::BitXor(_) => ("bitxor", false),
        BinOp::BitAnd(_) => ("bitand", false),
        BinOp::BitOr(_) => ("bitor", false),
        BinOp::Shl(_) => ("shl", false),
        BinOp::Shr(_) => ("shr", false),
        BinOp::Eq(_) => ("eq", false),
        BinOp::Lt(_) => ("lt", false),
        BinOp::Le(_) => ("le", false),
        BinOp::Ne(_) => ("ne", false),
        BinOp::Ge(_) => ("ge", false),
        BinOp::Gt(_) => ("gt", false),
        BinOp::AddAssign(_) => ("add", true),
        BinOp::SubAssign(_) => ("sub", true),
        BinOp::MulAssign(_) => ("mul", true),
        BinOp::DivAssign(_) => ("div", true),
        BinOp::RemAssign(_) => ("rem", true),
        BinOp::BitXorAssign(_) => ("bitxor", true),
        BinOp::BitAndAssign(_) => ("bitand", true),
        BinOp::BitOrAssign(_) => ("bitor", true),
        BinOp::ShlAssign(_) => ("shl", true),
        BinOp::ShrAssign(_) => ("shr", true),
        _ => return None,
    })
}
