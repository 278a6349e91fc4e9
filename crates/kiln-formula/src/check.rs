//! Names and types: what every node of the tree is, given the inputs.
//!
//! One loop over the arena, operands first. Beside its type every whole number
//! carries its range, from which the lowering knows the guards that can never
//! fail. Wrong nodes become [`Kind::Error`] and stay silent from there on, so
//! one mistake is reported once.

use crate::ast::{Ast, BinaryOp, Expr, ExprId, UnaryOp};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Diagnostics, Problems};
use crate::formula::Formula;
use crate::language::{CONSTANTS, ConstantValue, Function, Shape};
use crate::lower::Overflow;
use crate::parse::{function_called, nearest_name};
use crate::range::{Range, Wide};
use crate::render::quote;
use crate::span::Span;
use crate::types::{InputType, Kind, Meeting, Ty};
use rustc_hash::FxHashMap;

/// What the checker found out.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The type of each node.
    pub(crate) types: Vec<Ty>,
    /// The range of each node that is a whole number or true/false.
    pub(crate) ranges: Vec<Range>,
    /// The declared input that each [`Expr::Input`] stands for.
    pub(crate) inputs: Vec<u32>,
    /// The declared input that hides a constant.
    pub(crate) hidden: [Option<u32>; CONSTANTS.len()],
}

/// Checks the formula against the declared inputs.
pub(crate) fn check(
    formula: &Formula,
    declared: &[(&str, InputType)],
    overflow: Overflow,
) -> Result<Checked, Diagnostics> {
    let ast = formula.ast();
    let mut checker = Checker {
        ast,
        source: formula.source(),
        declared,
        overflow,
        out: Checked {
            types: Vec::with_capacity(ast.nodes.len()),
            ranges: Vec::with_capacity(ast.nodes.len()),
            inputs: Vec::with_capacity(ast.inputs.len()),
            hidden: [None; CONSTANTS.len()],
        },
        problems: Problems::default(),
    };
    checker.bind();
    for id in 0..ast.nodes.len() {
        checker.node(ExprId(id as u32));
    }
    checker.problems.finish()?;
    Ok(checker.out)
}

struct Checker<'a> {
    ast: &'a Ast,
    source: &'a str,
    declared: &'a [(&'a str, InputType)],
    overflow: Overflow,
    out: Checked,
    problems: Problems,
}

/// Up to this many declared inputs are searched by scanning.
const SCAN_MAX: usize = 16;

/// Stands for an input that was not declared; the problem has been reported.
const UNDECLARED: u32 = u32::MAX;

impl Checker<'_> {
    // Names.

    fn bind(&mut self) {
        let declared = self.declared;
        if declared.len() <= SCAN_MAX {
            let position = |name: &str| declared.iter().position(|(d, _)| *d == name);
            self.bind_with(|name| position(name).map(|i| i as u32));
        } else {
            let mut map: FxHashMap<&str, u32> = FxHashMap::default();
            for (&(name, _), index) in declared.iter().zip(0u32..) {
                // The first of two equal names wins, as above.
                map.entry(name).or_insert(index);
            }
            self.bind_with(|name| map.get(name).copied());
        }
    }

    fn bind_with(&mut self, find: impl Fn(&str) -> Option<u32>) {
        for (&(name, _), index) in self.declared.iter().zip(0u32..) {
            if find(name) != Some(index) {
                let message = format!("the input {} is declared twice", quote(name));
                let problem = Diagnostic::new(Code::DuplicateInput, Span::at(0), message);
                self.problems.push(problem);
            }
        }
        for input in &self.ast.inputs {
            let found = find(&input.name);
            if found.is_none() {
                let mut problems = std::mem::take(&mut self.problems);
                problems.push_with(|| self.unknown_name(&input.name, input.span));
                self.problems = problems;
            }
            self.out.inputs.push(found.unwrap_or(UNDECLARED));
        }
        for (slot, constant) in self.out.hidden.iter_mut().zip(CONSTANTS) {
            *slot = find(constant.name);
        }
        self.hidden_functions(find);
    }

    fn unknown_name(&self, name: &str, span: Span) -> Diagnostic {
        let message = format!("{} is not an input", quote(name));
        let problem = Diagnostic::new(Code::UnknownName, span, message);
        if let Some(function) = function_called(name) {
            let usage = function.info().usage;
            return problem.help(format!("it is a function, write {usage}"));
        }
        let lets = self.ast.items.iter().map(|item| &*item.name);
        let declared = self.declared.iter().map(|(name, _)| *name);
        match nearest_name(name, declared.chain(lets)) {
            Some(near) => problem
                .help(format!("did you mean {}?", quote(near)))
                .suggest(span, as_written(near)),
            None => problem.help(self.list_of_inputs()),
        }
    }

    /// The first inputs there are, for somebody who guessed.
    fn list_of_inputs(&self) -> String {
        const SHOWN: usize = 6;
        if self.declared.is_empty() {
            return "there are no inputs".to_owned();
        }
        let shown: Vec<String> = self
            .declared
            .iter()
            .take(SHOWN)
            .map(|(n, _)| quote(n))
            .collect();
        match self.declared.len().saturating_sub(SHOWN) {
            0 => format!("the inputs are {}", shown.join(", ")),
            more => format!("the inputs are {} and {more} more", shown.join(", ")),
        }
    }

    /// An input hides the function of its name.
    fn hidden_functions(&mut self, find: impl Fn(&str) -> Option<u32>) {
        for (expr, &span) in self.ast.nodes.iter().zip(&self.ast.spans) {
            let Expr::Call { function, .. } = expr else {
                continue;
            };
            let text = span.text(self.source);
            let spelled = text[..text.find('(').unwrap_or(0)].trim_end();
            if find(spelled).is_some() {
                let name_span = Span::new(span.start, span.start + spelled.len() as u32);
                let message = format!("{} is an input here, not a function", quote(spelled));
                let instead = format!("math::{}", function.name());
                self.problems.push(
                    Diagnostic::new(Code::NotAFunction, name_span, message)
                        .help(format!("the function is `{instead}`"))
                        .suggest(name_span, instead),
                );
            }
        }
    }

    // Types.

    fn ty(&self, id: ExprId) -> Ty {
        self.out.types[id.index()]
    }

    fn range(&self, id: ExprId) -> Range {
        self.out.ranges[id.index()]
    }

    fn node(&mut self, id: ExprId) {
        let (ty, range) = match self.ast.expr(id) {
            Expr::Error => (Ty::ERROR, Range::FULL),
            Expr::Whole {
                magnitude,
                negative,
            } => (
                Ty::written(Kind::Int),
                Range::exactly(whole(magnitude, negative)),
            ),
            Expr::Decimal(_) => (Ty::written(Kind::F64), Range::FULL),
            Expr::Constant(index) => self.constant(index),
            Expr::Input(input) => self.input(self.out.inputs[input.0 as usize]),
            Expr::Local(body) => (self.ty(body), self.range(body)),
            Expr::Unary(op, x) => self.unary(id, op, x),
            Expr::Binary(op, x, y) => self.binary(id, op, x, y),
            Expr::If { cond, yes, no } => self.conditional(cond, yes, no),
            Expr::Call {
                function,
                first,
                count,
            } => self.call(id, function, first, count),
        };
        self.out.types.push(ty);
        self.out.ranges.push(range);
    }

    fn input(&self, index: u32) -> (Ty, Range) {
        match self.declared.get(index as usize) {
            Some(&(_, ty)) => (Ty::input(ty), Range::of(ty.scalar)),
            None => (Ty::ERROR, Range::FULL),
        }
    }

    fn constant(&self, index: u8) -> (Ty, Range) {
        if let Some(input) = self.out.hidden[index as usize] {
            return self.input(input);
        }
        match CONSTANTS[index as usize].value {
            ConstantValue::Number(_) => (Ty::written(Kind::F64), Range::FULL),
            ConstantValue::Truth(_) => (Ty::BOOL, Range::TRUTH),
        }
    }

    fn unary(&mut self, id: ExprId, op: UnaryOp, x: ExprId) -> (Ty, Range) {
        let (ty, range) = (self.ty(x), self.range(x));
        match op {
            _ if ty.kind == Kind::Error => (Ty::ERROR, Range::FULL),
            UnaryOp::Not if ty.kind == Kind::Bool => (ty, Range::TRUTH),
            UnaryOp::Not => {
                let span = self.ast.span(id);
                let sign = self.source[span.start as usize..].chars().next();
                let problem = self.not_true_false(x, "`not`");
                self.problems.push(match sign {
                    Some('~') => problem.help("to flip the bits write bitxor(x, -1)"),
                    _ => problem,
                });
                (Ty::ERROR, Range::FULL)
            }
            UnaryOp::Plus => (ty.number(), range),
            UnaryOp::Minus => (ty.number(), self.cut(range.neg())),
        }
    }

    /// What remains of a range after the overflow rule has been applied.
    fn cut(&self, wide: Wide) -> Range {
        match self.overflow {
            Overflow::Wrapping if !wide.fits() => Range::FULL,
            _ => wide.cut(),
        }
    }

    fn binary(&mut self, id: ExprId, op: BinaryOp, x: ExprId, y: ExprId) -> (Ty, Range) {
        let both = [self.ty(x), self.ty(y)];
        let nullable = both[0].nullable || both[1].nullable;
        let wrong = (Ty::ERROR, Range::FULL);
        match op {
            BinaryOp::And | BinaryOp::Or | BinaryOp::BitAnd | BinaryOp::BitOr => {
                let mut ok = true;
                for side in [x, y] {
                    if !matches!(self.ty(side).kind, Kind::Bool | Kind::Error) {
                        self.misplaced_logic(id, op, side);
                        ok = false;
                    }
                }
                if !ok || both.iter().any(|ty| ty.kind == Kind::Error) {
                    return wrong;
                }
                (Ty::BOOL.nullable(nullable), Range::TRUTH)
            }
            _ if both.iter().any(|ty| ty.kind == Kind::Error) => wrong,
            op if op.is_comparison() => (Ty::BOOL.nullable(nullable), Range::TRUTH),
            BinaryOp::Pow => self.power(id, x, y),
            BinaryOp::Div => (Meeting::of(&both).number().decimal(), Range::FULL),
            _ => {
                let ty = Meeting::of(&both).number();
                let range = match ty.kind {
                    Kind::Int => self.cut(Range::binary(op, self.range(x), self.range(y))),
                    _ => Range::FULL,
                };
                (ty, range)
            }
        }
    }

    fn power(&mut self, id: ExprId, x: ExprId, y: ExprId) -> (Ty, Range) {
        let (base, exponent) = (self.ty(x), self.ty(y));
        if base.kind == Kind::Bool && exponent.kind == Kind::Bool {
            self.problems.push(
                Diagnostic::new(
                    Code::ExpectedNumber,
                    self.ast.span(id),
                    "`^` is power and needs numbers, these are true/false",
                )
                .help("for one of the two but not both write a != b"),
            );
            return (Ty::ERROR, Range::FULL);
        }
        let meeting = Meeting::of(&[base, exponent]).number();
        match (meeting.kind, whole_literal(self.ast, y)) {
            (Kind::Int, Some(n @ 0..)) => {
                let range = self.cut(self.range(x).power(n as u64));
                (meeting, range)
            }
            _ => (meeting.decimal(), Range::FULL),
        }
    }

    fn conditional(&mut self, cond: ExprId, yes: ExprId, no: ExprId) -> (Ty, Range) {
        let test = self.ty(cond);
        if !matches!(test.kind, Kind::Bool | Kind::Error) {
            let problem = self.not_true_false(cond, "a condition");
            self.problems.push(problem);
        }
        let ty = Meeting::of(&[self.ty(yes), self.ty(no)]).value();
        if test.kind != Kind::Bool {
            return (Ty::ERROR, Range::FULL);
        }
        let nullable = ty.nullable || test.nullable;
        (ty.nullable(nullable), self.range(yes).join(self.range(no)))
    }

    fn call(&mut self, id: ExprId, function: Function, first: u32, count: u32) -> (Ty, Range) {
        let span = self.ast.span(id);
        let wrong = (Ty::ERROR, Range::FULL);
        let args = self.ast.call_args(first, count);
        let mut meeting = Meeting::default();
        for &arg in args {
            meeting.add(self.ty(arg));
        }
        if args.iter().any(|&arg| self.ty(arg).kind == Kind::Error) {
            return wrong;
        }
        if function.is_reduction(count as usize) {
            return self.reduction(function, args, meeting);
        }
        match function.info().shape {
            Shape::Decimal => {
                if !crate::lower::is_available(function) {
                    let message = format!("`{}` cannot be computed yet", function.name());
                    self.problems
                        .push(Diagnostic::new(Code::NotAvailable, span, message));
                    return wrong;
                }
                (meeting.number().decimal(), Range::FULL)
            }
            Shape::Number => {
                let ty = meeting.number();
                (ty, self.number_range(function, args, ty))
            }
            Shape::Test => (Ty::BOOL.nullable(self.ty(args[0]).nullable), Range::TRUTH),
            Shape::MissingTest => (Ty::BOOL, Range::TRUTH),
            Shape::Coalesce => {
                let nullable = args.iter().all(|&arg| self.ty(arg).nullable);
                let ranges = args.iter().map(|&arg| self.range(arg));
                let range = ranges.reduce(Range::join).unwrap_or(Range::FULL);
                (meeting.value().nullable(nullable), range)
            }
            Shape::Bits => self.bits(function, args),
            Shape::Reduction => wrong,
            Shape::Scan => self.scan(function, args, meeting),
        }
    }

    /// A value of a whole column: never that of a written number, and missing
    /// only where it needs a row that is there.
    fn reduction(&mut self, function: Function, args: &[ExprId], meeting: Meeting) -> (Ty, Range) {
        let whole = |range| (Ty::of(Kind::Int), range);
        let strong = |ty: Ty| Ty { weak: false, ..ty };
        let number = strong(meeting.number());
        match function {
            Function::Any | Function::All => {
                let kind = self.ty(args[0]).kind;
                if kind != Kind::Bool {
                    let what = format!("`{}`", function.name());
                    let problem = self.not_true_false(args[0], &what);
                    self.problems.push(problem);
                    return (Ty::ERROR, Range::FULL);
                }
                (Ty::BOOL, Range::TRUTH)
            }
            Function::Count => whole(Range::new(0, i64::MAX)),
            Function::Argmin | Function::Argmax => {
                let (ty, range) = whole(Range::new(0, i64::MAX));
                (ty.nullable(number.nullable), range)
            }
            Function::Min | Function::Max => (number, self.range(args[0])),
            Function::Mean | Function::Var | Function::Std => (number.decimal(), Range::FULL),
            Function::Logsumexp => (number.decimal().nullable(false), Range::FULL),
            // Totals of no rows are there: 0, and 1 of a product.
            _ => (number.nullable(false), Range::FULL),
        }
    }

    /// A value for each row of a column, missing where the row is.
    fn scan(&self, function: Function, args: &[ExprId], meeting: Meeting) -> (Ty, Range) {
        let number = Ty {
            weak: false,
            ..meeting.number()
        };
        match function {
            Function::Ema => (number.decimal(), Range::FULL),
            Function::Cummax | Function::Cummin => (number, self.range(args[0])),
            _ => (number, Range::FULL),
        }
    }

    fn number_range(&self, function: Function, args: &[ExprId], ty: Ty) -> Range {
        if ty.kind != Kind::Int {
            return Range::FULL;
        }
        let range = |i: usize| self.range(args[i]);
        let all = || args.iter().map(|&arg| self.range(arg));
        match function {
            Function::Abs => self.cut(range(0).abs()),
            Function::Sign => Range::new(-1, 1),
            Function::Min | Function::Fmin => all().reduce(Range::min).unwrap_or(Range::FULL),
            Function::Max | Function::Fmax => all().reduce(Range::max).unwrap_or(Range::FULL),
            Function::Clamp => range(0).max(range(1)).min(range(2)),
            Function::Rem => Range::rem(range(0), range(1)).cut(),
            // Rounding leaves a whole number as it is.
            _ => range(0),
        }
    }

    fn bits(&mut self, function: Function, args: &[ExprId]) -> (Ty, Range) {
        let mut ok = true;
        for &arg in args {
            let kind = self.ty(arg).kind;
            if kind != Kind::Int {
                ok = false;
                let message = format!(
                    "`{}` needs whole numbers, this is {}",
                    function.name(),
                    noun(kind)
                );
                let problem =
                    Diagnostic::new(Code::ExpectedWholeNumber, self.ast.span(arg), message);
                self.problems.push(match kind {
                    Kind::Bool => problem.help("true/false is combined with and, or, not"),
                    _ => problem,
                });
            }
        }
        if !ok {
            return (Ty::ERROR, Range::FULL);
        }
        let (a, b) = (self.range(args[0]), self.range(args[1]));
        let range = match function {
            Function::BitAnd => a.bit_and(b),
            Function::Shr => a.shr(),
            _ => Range::FULL,
        };
        let types = [self.ty(args[0]), self.ty(args[1])];
        (Meeting::of(&types).number(), range)
    }

    // Words.

    fn not_true_false(&self, id: ExprId, what: &str) -> Diagnostic {
        let span = self.ast.span(id);
        let kind = self.ty(id).kind;
        let message = format!("{what} needs true/false, this is {}", noun(kind));
        let problem = Diagnostic::new(Code::ExpectedTrueFalse, span, message);
        let text = span.text(self.source);
        // Only a short, simple piece can be followed by a comparison as it is.
        let simple = matches!(
            self.ast.expr(id),
            Expr::Input(_) | Expr::Local(_) | Expr::Call { .. }
        );
        if simple && text.len() <= 40 {
            return problem
                .help("compare it with something")
                .suggest(span, format!("({text} != 0)"));
        }
        problem.help("compare it with something, as in x != 0")
    }

    /// `and`, `or`, `&` or `|` with a number on one side.
    fn misplaced_logic(&mut self, id: ExprId, op: BinaryOp, side: ExprId) {
        let loose = self.ast.loose_bits.iter().find(|(bits, _)| *bits == id);
        let symbol = op.symbol();
        let problem = match loose {
            Some(&(_, comparison)) => {
                let span = self.ast.span(comparison);
                let message = format!("`{symbol}` binds tighter than the comparison beside it");
                let help = format!(
                    "put parentheses around the comparison, as in (a > 1) {symbol} (b > 1)"
                );
                Diagnostic::new(Code::ComparisonAndBits, span, message).help(help)
            }
            None => {
                let problem = self.not_true_false(side, &format!("`{symbol}`"));
                match op {
                    BinaryOp::BitAnd => problem.help("for the bits of numbers write bitand(a, b)"),
                    BinaryOp::BitOr => problem.help("for the bits of numbers write bitor(a, b)"),
                    _ => problem,
                }
            }
        };
        self.problems.push(problem);
    }
}

/// What an analyst calls a value of this kind.
fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "true/false",
        Kind::Int => "a whole number",
        Kind::F32 | Kind::F64 | Kind::Error => "a number",
    }
}

/// A name as it is written in a formula: in backticks where it must be.
fn as_written(name: &str) -> String {
    let plain = name.split('.').all(|part| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || c == '_')
    });
    if plain && !crate::language::KEYWORDS.contains(&name) {
        name.to_owned()
    } else {
        format!("`{}`", name.replace('`', "``"))
    }
}

/// The value of a whole number as written.
pub(crate) fn whole(magnitude: u64, negative: bool) -> i64 {
    // The parser has refused magnitudes that do not fit with their sign.
    if negative {
        (magnitude as i64).wrapping_neg()
    } else {
        magnitude as i64
    }
}

/// The value of a node that is written as a whole number, for exponents: what
/// `x^3` means must be visible in its text.
pub(crate) fn whole_literal(ast: &Ast, id: ExprId) -> Option<i64> {
    match ast.expr(id) {
        Expr::Whole {
            magnitude,
            negative,
        } => Some(whole(magnitude, negative)),
        _ => None,
    }
}
