//! The text form, read: tokens to a Func.
//!
//! The grammar stands in docs/ir.md. The parser checks names and types as it
//! goes and builds through [`FuncBuilder`]; it never panics, whatever the
//! text, and recurses on nothing but the nesting of regions, which is
//! limited. What it builds still wants [`verify`](crate::verify).

use crate::builder::FuncBuilder;
use crate::constant::Const;
use crate::func::{
    ArrayRef, CallArg, Combine, Fault, FaultKind, Func, NodeId, Operands, Shape, Span,
};
use crate::lex::{Token, lex};
use crate::op::{Op, TypeError};
use crate::print::is_plain;
use crate::types::{Access, ArrayType, Layout, ParamType, Scalar, Type};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use thiserror::Error;

/// How deep regions may nest in text and in a verified Func.
pub const NESTING_MAX: usize = 128;

/// Why a text is not a Func.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{line}:{column}: {kind}")]
pub struct ParseError {
    /// Line of the token at fault, from 1.
    pub line: u32,
    /// Column of the token at fault in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub kind: ParseErrorKind,
}

/// What is wrong with a text.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ParseErrorKind {
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What was expected.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A name that was not defined before.
    #[error("{0} is not defined here")]
    Undefined(String),
    /// A name that is defined twice.
    #[error("{0} is defined twice")]
    Redefined(String),
    /// A name that is no op.
    #[error("there is no op {0}")]
    UnknownOp(String),
    /// Operands that do not fit an op.
    #[error(transparent)]
    Type(#[from] TypeError),
    /// A value of another type than needed.
    #[error("expected a value of type {expected}, not {found}")]
    ValueType {
        /// The type needed.
        expected: Type,
        /// The type found.
        found: Type,
    },
    /// A wrong number of things.
    #[error("expected {expected} {what}, found {found}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// The number needed.
        expected: usize,
        /// The number found.
        found: usize,
    },
    /// Regions nest deeper than [`NESTING_MAX`].
    #[error("regions nest deeper than {NESTING_MAX}")]
    TooDeep,
    /// The file was written by a newer version.
    #[error("version {0} of the text form is newer than this reader")]
    Version(String),
}

type Result<T> = std::result::Result<T, ParseError>;

/// Parses one Func.
///
/// # Errors
/// The first thing that is wrong, with its line and column.
pub fn parse(text: &str) -> Result<Func> {
    let mut funcs = parse_file(text)?;
    match (funcs.pop(), funcs.is_empty()) {
        (Some(func), true) => Ok(func),
        (None, _) => Err(Parser::new(text).error(ParseErrorKind::Expected {
            expected: "a func",
            found: "the end".to_owned(),
        })),
        (Some(_), false) => Err(Parser::new(text).error(ParseErrorKind::Count {
            what: "func",
            expected: 1,
            found: funcs.len() + 1,
        })),
    }
}

/// Parses a file of Funcs: the optional line `kiln 1`, then Funcs, each of
/// which may call the ones before it.
///
/// # Errors
/// The first thing that is wrong, with its line and column.
pub fn parse_file(text: &str) -> Result<Vec<Func>> {
    let mut parser = Parser::new(text);
    parser.header()?;
    let mut funcs: Vec<Arc<Func>> = Vec::new();
    while parser.peek().is_some() {
        let func = parser.func(&funcs)?;
        if funcs.iter().any(|f| f.name() == func.name()) {
            return Err(parser.error(ParseErrorKind::Redefined(func.name().to_owned())));
        }
        funcs.push(Arc::new(func));
    }
    Ok(funcs
        .into_iter()
        .map(|f| Arc::try_unwrap(f).unwrap_or_else(|f| (*f).clone()))
        .collect())
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Meaning {
    Value(NodeId),
    Array(ArrayRef),
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, usize)>,
    at: usize,
    names: FxHashMap<String, Meaning>,
    /// Names in the order they came, to forget the inner ones of a region.
    defined: Vec<String>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parser<'a> {
        Parser {
            text,
            tokens: lex(text),
            at: 0,
            names: FxHashMap::default(),
            defined: Vec::new(),
            depth: 0,
        }
    }

    // Tokens.

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn error(&self, kind: ParseErrorKind) -> ParseError {
        let byte = self
            .tokens
            .get(self.at)
            .map_or(self.text.len(), |&(_, byte)| byte);
        let before = &self.text[..byte];
        let start = before.rfind('\n').map_or(0, |n| n + 1);
        ParseError {
            line: before.matches('\n').count() as u32 + 1,
            column: before[start..].chars().count() as u32 + 1,
            kind,
        }
    }

    fn expected<T>(&self, expected: &'static str) -> Result<T> {
        let found = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Word(word)) => word.clone(),
            Some(Token::Quoted(name)) => format!("`{name}`"),
            Some(Token::Literal(value)) => value.to_string(),
            Some(Token::Text(text)) => format!("{text:?}"),
            Some(Token::Punct(punct)) => (*punct).to_owned(),
            Some(Token::Bad(text)) => format!("{text:?}"),
        };
        Err(self.error(ParseErrorKind::Expected { expected, found }))
    }

    fn take(&mut self, punct: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Punct(p)) if *p == punct);
        self.at += usize::from(is_next);
        is_next
    }

    fn want(&mut self, punct: &'static str) -> Result<()> {
        if self.take(punct) {
            Ok(())
        } else {
            self.expected(punct)
        }
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Word(w)) if w == keyword);
        self.at += usize::from(is_next);
        is_next
    }

    fn want_keyword(&mut self, keyword: &'static str) -> Result<()> {
        if self.keyword(keyword) {
            Ok(())
        } else {
            self.expected(keyword)
        }
    }

    /// The key under which the name that comes next is known: a name that
    /// needs its backticks is another name than the word without.
    fn key(&self) -> Option<String> {
        match self.peek()? {
            Token::Word(word) => Some(word.clone()),
            Token::Quoted(name) if is_plain(name) => Some(name.clone()),
            Token::Quoted(name) => Some(format!("`{name}")),
            _ => None,
        }
    }

    fn new_name(&mut self, expected: &'static str) -> Result<String> {
        match self.key() {
            Some(key) => {
                self.at += 1;
                Ok(key)
            }
            None => self.expected(expected),
        }
    }

    fn word(&mut self, expected: &'static str) -> Result<String> {
        match self.peek() {
            Some(Token::Word(word) | Token::Quoted(word)) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => self.expected(expected),
        }
    }

    fn whole(&mut self) -> Result<u32> {
        match self.peek() {
            Some(Token::Literal(value)) => match value.as_int().map(u32::try_from) {
                Some(Ok(value)) => {
                    self.at += 1;
                    Ok(value)
                }
                _ => self.expected("a small whole number"),
            },
            _ => self.expected("a small whole number"),
        }
    }

    // Names.

    fn define(&mut self, name: String, meaning: Meaning) -> Result<()> {
        if self.names.contains_key(&name) {
            return Err(self.error(ParseErrorKind::Redefined(name)));
        }
        self.names.insert(name.clone(), meaning);
        self.defined.push(name);
        Ok(())
    }

    fn forget(&mut self, down_to: usize) {
        for name in self.defined.drain(down_to..) {
            self.names.remove(&name);
        }
    }

    // Header, types.

    fn header(&mut self) -> Result<()> {
        if !self.keyword("kiln") {
            return Ok(());
        }
        match self.peek() {
            Some(Token::Literal(version)) if *version == Const::i64(1) => {
                self.at += 1;
                Ok(())
            }
            Some(Token::Literal(version)) => {
                Err(self.error(ParseErrorKind::Version(version.to_string())))
            }
            _ => self.expected("a version"),
        }
    }

    fn scalar(&mut self) -> Result<Scalar> {
        let scalar = match self.peek() {
            Some(Token::Word(word)) => Scalar::from_name(word),
            _ => None,
        };
        match scalar {
            Some(scalar) => {
                self.at += 1;
                Ok(scalar)
            }
            None => self.expected("a scalar type"),
        }
    }

    fn value_type(&mut self) -> Result<Type> {
        if !self.take("<") {
            return self.scalar().map(Type::scalar);
        }
        let lanes = self.whole()?;
        self.want_keyword("x")?;
        let scalar = self.scalar()?;
        self.want(">")?;
        match u16::try_from(lanes) {
            Ok(lanes) if lanes > 1 => Ok(Type::vector(scalar, lanes)),
            _ => self.expected("between 2 and 65535 lanes"),
        }
    }

    fn param_type(&mut self) -> Result<ParamType> {
        let access = match self.keyword("mut") {
            true => Access::Mut,
            false => Access::Read,
        };
        if access == Access::Read && !matches!(self.peek(), Some(Token::Punct("["))) {
            return self.scalar().map(ParamType::Scalar);
        }
        self.want("[")?;
        let elem = self.scalar()?;
        let (mut rank, mut layout) = (1, Layout::Contiguous);
        if self.keyword("rank") {
            rank = self.rank()?;
            if self.keyword("strided") {
                layout = Layout::Strided;
            }
        }
        self.want("]")?;
        Ok(ParamType::Array(ArrayType {
            elem,
            rank,
            access,
            layout,
        }))
    }

    fn rank(&mut self) -> Result<u8> {
        match self.peek() {
            Some(Token::Literal(value)) => match value.as_int() {
                Some(rank @ 0..=4) => {
                    self.at += 1;
                    Ok(rank as u8)
                }
                _ => self.expected("a rank from 0 to 4"),
            },
            _ => self.expected("a rank from 0 to 4"),
        }
    }

    // Funcs.

    fn func(&mut self, callees: &[Arc<Func>]) -> Result<Func> {
        self.want_keyword("func")?;
        self.want("@")?;
        let name = self.word("a name")?;
        let mut b = FuncBuilder::new(name);
        self.params(&mut b)?;
        let results = self.result_types()?;
        self.want("{")?;
        self.locals(&mut b)?;
        let mut body = Body {
            parser: self,
            b,
            callees,
            called: FxHashMap::default(),
        };
        let returned = body.region("return")?;
        body.parser.want("}")?;
        body.expect_types(&results, &returned, "results")?;
        let func = body.b.finish(&returned);
        self.forget(0);
        Ok(func)
    }

    fn params(&mut self, b: &mut FuncBuilder) -> Result<()> {
        self.want("(")?;
        while !self.take(")") {
            let Some(key) = self.key() else {
                return self.expected("a parameter");
            };
            let name = self.word("a parameter")?;
            self.want(":")?;
            let meaning = match self.param_type()? {
                ParamType::Scalar(s) => Meaning::Value(b.scalar_param(name.clone(), s)),
                ParamType::Array(ty) => Meaning::Array(b.array_param(name.clone(), ty)),
            };
            self.define(key, meaning)?;
            if !self.take(",") {
                self.want(")")?;
                break;
            }
        }
        Ok(())
    }

    fn result_types(&mut self) -> Result<Vec<Type>> {
        if !self.take("->") {
            return Ok(Vec::new());
        }
        if !self.take("(") {
            return Ok(vec![self.value_type()?]);
        }
        let mut types = Vec::new();
        while !self.take(")") {
            types.push(self.value_type()?);
            if !self.take(",") {
                self.want(")")?;
                break;
            }
        }
        Ok(types)
    }

    fn locals(&mut self, b: &mut FuncBuilder) -> Result<()> {
        while self.keyword("local") {
            let name = self.new_name("a name")?;
            self.want(":")?;
            self.want("[")?;
            let elem = self.scalar()?;
            self.want_keyword("x")?;
            let len = self.whole()?;
            self.want("]")?;
            let array = b.local(elem, len);
            self.define(name, Meaning::Array(array))?;
        }
        Ok(())
    }
}

/// The body of a Func while it is read.
struct Body<'p, 'a> {
    parser: &'p mut Parser<'a>,
    b: FuncBuilder,
    callees: &'p [Arc<Func>],
    called: FxHashMap<usize, u32>,
}

impl Body<'_, '_> {
    fn error(&self, kind: ParseErrorKind) -> ParseError {
        self.parser.error(kind)
    }

    // Values.

    fn value(&mut self) -> Result<NodeId> {
        let negative = self.parser.take("-");
        match self.parser.peek() {
            Some(Token::Literal(value)) => {
                let value = *value;
                let value = match negative {
                    true => self.negated(value)?,
                    false => value,
                };
                if !negative && is_unsigned_min(value) {
                    return self.parser.expected("a value in range");
                }
                self.parser.at += 1;
                Ok(self.b.constant(value))
            }
            Some(Token::Word(_) | Token::Quoted(_)) if !negative => match self.named()? {
                Meaning::Value(id) if self.b.func().value_type(id).is_some() => {
                    self.parser.at += 1;
                    Ok(id)
                }
                _ => self.parser.expected("a value"),
            },
            _ => self.parser.expected("a value"),
        }
    }

    fn negated(&self, value: Const) -> Result<Const> {
        match value.scalar() {
            Scalar::Bool => self.parser.expected("a number"),
            s if s.is_int() && !s.is_signed() && value.bits() != 0 => {
                self.parser.expected("a number that is not negative")
            }
            s => Ok(crate::meaning::eval(Op::Neg, s, &[value])),
        }
    }

    fn typed(&mut self, expected: Type) -> Result<NodeId> {
        let value = self.value()?;
        self.expect_type(expected, value)?;
        Ok(value)
    }

    fn expect_type(&self, expected: Type, value: NodeId) -> Result<()> {
        let found = self.b.ty(value);
        if found == expected {
            Ok(())
        } else {
            Err(self.error(ParseErrorKind::ValueType { expected, found }))
        }
    }

    fn expect_types(&self, expected: &[Type], values: &[NodeId], what: &'static str) -> Result<()> {
        self.expect_count(what, expected.len(), values.len())?;
        expected
            .iter()
            .zip(values)
            .try_for_each(|(&ty, &v)| self.expect_type(ty, v))
    }

    fn expect_count(&self, what: &'static str, expected: usize, found: usize) -> Result<()> {
        if expected == found {
            Ok(())
        } else {
            Err(self.error(ParseErrorKind::Count {
                what,
                expected,
                found,
            }))
        }
    }

    fn types_of(&self, values: &[NodeId]) -> Vec<Type> {
        values.iter().map(|&v| self.b.ty(v)).collect()
    }

    /// Values up to the end of the line's list; possibly none.
    fn values(&mut self) -> Result<Vec<NodeId>> {
        let mut values = vec![self.value()?];
        while self.parser.take(",") {
            values.push(self.value()?);
        }
        Ok(values)
    }

    fn array(&mut self) -> Result<ArrayRef> {
        match self.named()? {
            Meaning::Array(array) => {
                self.parser.at += 1;
                Ok(array)
            }
            Meaning::Value(_) => self.parser.expected("an array"),
        }
    }

    /// What the name that comes next stands for; the name stays.
    fn named(&self) -> Result<Meaning> {
        let Some(key) = self.parser.key() else {
            return self.parser.expected("a name");
        };
        match self.parser.names.get(&key) {
            Some(meaning) => Ok(*meaning),
            None => Err(self.error(ParseErrorKind::Undefined(
                key.trim_start_matches('`').to_owned(),
            ))),
        }
    }

    fn element(&mut self) -> Result<(ArrayRef, Vec<NodeId>)> {
        let array = self.array()?;
        self.parser.want("[")?;
        let mut index = Vec::new();
        while !self.parser.take("]") {
            index.push(self.typed(Type::I64)?);
            if !self.parser.take(",") {
                self.parser.want("]")?;
                break;
            }
        }
        let rank = self.b.func().array_type(array).rank;
        self.expect_count("indices", rank as usize, index.len())?;
        Ok((array, index))
    }

    // Regions and statements.

    /// Statements up to the closing brace, which stays; gives what is
    /// yielded. Recurses on the nesting of regions, up to [`NESTING_MAX`].
    fn region(&mut self, end: &'static str) -> Result<Vec<NodeId>> {
        self.parser.depth += 1;
        if self.parser.depth > NESTING_MAX {
            return Err(self.error(ParseErrorKind::TooDeep));
        }
        let mut yields = Vec::new();
        loop {
            if matches!(self.parser.peek(), Some(Token::Punct("}"))) {
                break;
            }
            if self.parser.keyword(end) {
                yields = self.values()?;
                break;
            }
            self.statement()?;
        }
        self.parser.depth -= 1;
        Ok(yields)
    }

    /// `{ statements }`; what it defines is forgotten after it.
    fn block(&mut self, outer: usize) -> Result<Vec<NodeId>> {
        self.parser.want("{")?;
        let yields = self.region("yield")?;
        self.parser.want("}")?;
        self.parser.forget(outer);
        Ok(yields)
    }

    fn statement(&mut self) -> Result<()> {
        if self.parser.keyword("store") {
            return self.store();
        }
        let names = self.defined_names()?;
        let results = self.right_hand_side()?;
        if !names.is_empty() {
            self.expect_count("names", results.len(), names.len())?;
        }
        names
            .into_iter()
            .zip(results)
            .try_for_each(|(name, id)| self.parser.define(name, Meaning::Value(id)))
    }

    /// `a, b =` if the statement begins so.
    fn defined_names(&mut self) -> Result<Vec<String>> {
        let start = self.parser.at;
        let mut names = Vec::new();
        while let Some(key) = self.parser.key() {
            names.push(key);
            self.parser.at += 1;
            if self.parser.take("=") {
                return Ok(names);
            }
            if !self.parser.take(",") {
                break;
            }
        }
        self.parser.at = start;
        Ok(Vec::new())
    }

    fn right_hand_side(&mut self) -> Result<Vec<NodeId>> {
        let word = match self.parser.peek() {
            Some(Token::Word(word)) => word.clone(),
            _ => return self.parser.expected("a statement"),
        };
        self.parser.at += 1;
        match word.as_str() {
            "len" => self.len(),
            "load" => self.load(),
            "guard" => self.guard(),
            "if" => self.if_else(),
            "for" => self.for_loop(),
            "while" => self.while_loop(),
            "reduce" => self.reduce(),
            "scan" => self.scan(),
            "call" => self.call(),
            name => self.op(name),
        }
    }

    fn op(&mut self, name: &str) -> Result<Vec<NodeId>> {
        let Some(op) = Op::from_name(name) else {
            self.parser.at -= 1;
            return Err(self.error(ParseErrorKind::UnknownOp(name.to_owned())));
        };
        let annotation = match self.parser.take(".") {
            true => Some(self.parser.value_type()?),
            false => None,
        };
        let args = match op.arity() {
            0 => Vec::new(),
            _ => self.values()?,
        };
        if let Err(error) = op.result_type(&self.types_of(&args), annotation) {
            return Err(self.error(error.into()));
        }
        Ok(vec![self.b.op_as(op, &args, annotation)])
    }

    fn len(&mut self) -> Result<Vec<NodeId>> {
        let array = self.array()?;
        let dim = match self.parser.take(",") {
            true => self.parser.rank()?,
            false => 0,
        };
        if dim >= self.b.func().array_type(array).rank {
            return self.parser.expected("a dimension of the array");
        }
        Ok(vec![self.b.len(array, dim)])
    }

    fn load(&mut self) -> Result<Vec<NodeId>> {
        let lanes = match self.parser.take(".") {
            true => self.parser.value_type()?.lanes,
            false => 1,
        };
        let (array, index) = self.element()?;
        let after = match self.parser.keyword("after") {
            true => Some(self.guard_name()?),
            false => None,
        };
        Ok(vec![self.b.load_as(array, &index, after, lanes)])
    }

    fn guard_name(&mut self) -> Result<NodeId> {
        match self.named()? {
            Meaning::Value(id) if self.b.func().value_type(id).is_none() => {
                self.parser.at += 1;
                Ok(id)
            }
            _ => self.parser.expected("a guard"),
        }
    }

    fn store(&mut self) -> Result<()> {
        let (array, index) = self.element()?;
        self.parser.want(",")?;
        let value = self.value()?;
        let ty = self.b.func().array_type(array);
        if ty.access != Access::Mut {
            return self.parser.expected("an array that may be written");
        }
        self.expect_type(
            Type::scalar(ty.elem).with_lanes(self.b.ty(value).lanes),
            value,
        )?;
        self.b.store(array, &index, value);
        Ok(())
    }

    fn guard(&mut self) -> Result<Vec<NodeId>> {
        let cond = self.value()?;
        if self.b.ty(cond).scalar != Scalar::Bool {
            return self.parser.expected("a condition");
        }
        self.parser.want(",")?;
        let name = self.parser.word("a kind of fault")?;
        let Some(kind) = FaultKind::ALL.into_iter().find(|k| k.name() == name) else {
            self.parser.at -= 1;
            return self.parser.expected("a kind of fault");
        };
        let message = match self.parser.peek() {
            Some(Token::Text(text)) => text.clone(),
            _ => return self.parser.expected("a message in quotes"),
        };
        self.parser.at += 1;
        let span = match self.parser.keyword("at") {
            true => {
                let start = self.parser.whole()?;
                self.parser.want("..")?;
                let end = self.parser.whole()?;
                Some(Span { start, end })
            }
            false => None,
        };
        let mut operands = Vec::new();
        while self.parser.take(",") {
            operands.push(self.value()?);
        }
        if operands.len() > Operands::MAX {
            self.expect_count("operands at most", Operands::MAX, operands.len())?;
        }
        let fault = self.b.fault(Fault {
            kind,
            message,
            span,
        });
        Ok(vec![self.b.guard(cond, fault, &operands)])
    }

    fn if_else(&mut self) -> Result<Vec<NodeId>> {
        let cond = self.typed(Type::BOOL)?;
        let outer = self.parser.defined.len();
        self.b.begin_if();
        let yes = self.block(outer)?;
        let then = self.b.begin_else(&yes);
        let no = match self.parser.keyword("else") {
            true => self.block(outer)?,
            false => Vec::new(),
        };
        self.expect_types(&self.types_of(&yes), &no, "values yielded")?;
        Ok(self.b.end_if(cond, then, &no))
    }

    /// `i in lo..hi`, with the name of the index.
    fn range(&mut self) -> Result<(String, NodeId, NodeId)> {
        let name = self.parser.new_name("the name of the index")?;
        self.parser.want_keyword("in")?;
        let lo = self.typed(Type::I64)?;
        self.parser.want("..")?;
        let hi = self.typed(Type::I64)?;
        Ok((name, lo, hi))
    }

    /// `with a = x, b = y`, if it stands there.
    fn carried(&mut self) -> Result<(Vec<String>, Vec<NodeId>)> {
        let (mut names, mut init) = (Vec::new(), Vec::new());
        if self.parser.keyword("with") {
            loop {
                names.push(self.parser.new_name("the name of a carried value")?);
                self.parser.want("=")?;
                init.push(self.value()?);
                if !self.parser.take(",") {
                    break;
                }
            }
        }
        Ok((names, init))
    }

    fn define_all(&mut self, names: Vec<String>, values: &[NodeId]) -> Result<()> {
        names
            .into_iter()
            .zip(values)
            .try_for_each(|(name, &v)| self.parser.define(name, Meaning::Value(v)))
    }

    fn for_loop(&mut self) -> Result<Vec<NodeId>> {
        let (index_name, lo, hi) = self.range()?;
        let lanes = match self.parser.keyword("by") {
            true => self.parser.whole()?,
            false => 1,
        };
        let Ok(lanes @ 1..) = u16::try_from(lanes) else {
            return self.parser.expected("between 1 and 65535 lanes");
        };
        let (names, init) = self.carried()?;
        let outer = self.parser.defined.len();
        let (index, args) = self.b.begin_for(&init);
        self.parser.define(index_name, Meaning::Value(index))?;
        self.define_all(names, &args)?;
        let yields = self.block(outer)?;
        self.expect_types(&self.types_of(&init), &yields, "values yielded")?;
        Ok(self.b.end_for(lo, hi, lanes, &init, &yields))
    }

    fn while_loop(&mut self) -> Result<Vec<NodeId>> {
        let (names, init) = self.carried()?;
        let outer = self.parser.defined.len();
        let args = self.b.begin_while(&init);
        self.define_all(names, &args)?;
        let yields = self.block(outer)?;
        self.expect_types(&[Type::BOOL], &yields, "conditions")?;
        let (cond, args) = self.b.begin_do(yields[0]);
        self.parser.want_keyword("do")?;
        let mut names = Vec::new();
        while !matches!(self.parser.peek(), Some(Token::Punct("{"))) {
            names.push(self.parser.new_name("the name of a carried value")?);
            if !self.parser.take(",") {
                break;
            }
        }
        self.expect_count("names", args.len(), names.len())?;
        self.define_all(names, &args)?;
        let yields = self.block(outer)?;
        self.expect_types(&self.types_of(&init), &yields, "values yielded")?;
        Ok(self.b.end_while(cond, &init, &yields))
    }

    fn combine(&mut self) -> Result<Combine> {
        let name = self.parser.word("how to combine")?;
        match Combine::ALL.into_iter().find(|c| c.name() == name) {
            Some(combine) => Ok(combine),
            None => {
                self.parser.at -= 1;
                self.parser.expected("how to combine")
            }
        }
    }

    /// The body of a `reduce` or `scan`: one value that `combine` joins.
    fn combined(&mut self, combine: Combine, index: String) -> Result<NodeId> {
        let outer = self.parser.defined.len();
        let id = self.b.begin_reduce();
        self.parser.define(index, Meaning::Value(id))?;
        let yields = self.block(outer)?;
        self.expect_count("values yielded", 1, yields.len())?;
        let ty = self.b.ty(yields[0]);
        match combine.op().result_type(&[ty, ty], None) {
            Ok(_) => Ok(yields[0]),
            Err(error) => Err(self.error(error.into())),
        }
    }

    fn reduce(&mut self) -> Result<Vec<NodeId>> {
        let combine = self.combine()?;
        let shape = match self.parser.word("a shape")?.as_str() {
            "tree" => Shape::Tree,
            "in_order" => Shape::InOrder,
            _ => {
                self.parser.at -= 1;
                return self.parser.expected("tree or in_order");
            }
        };
        let (index, lo, hi) = self.range()?;
        let value = self.combined(combine, index)?;
        Ok(vec![self.b.end_reduce(combine, shape, lo, hi, value)])
    }

    fn scan(&mut self) -> Result<Vec<NodeId>> {
        let combine = self.combine()?;
        let (index, lo, hi) = self.range()?;
        self.parser.want_keyword("from")?;
        let init = self.value()?;
        self.parser.want_keyword("into")?;
        let array = self.array()?;
        let value = self.combined(combine, index)?;
        self.expect_type(self.b.ty(init), value)?;
        Ok(vec![self.b.end_scan(combine, init, lo, hi, array, value)])
    }

    fn call(&mut self) -> Result<Vec<NodeId>> {
        self.parser.want("@")?;
        let name = self.parser.word("the name of a func")?;
        let Some(found) = self.callees.iter().position(|f| f.name() == name) else {
            self.parser.at -= 1;
            return Err(self.error(ParseErrorKind::Undefined(name)));
        };
        let target = Arc::clone(&self.callees[found]);
        let mut args = Vec::new();
        for (index, param) in target.params().iter().enumerate() {
            if index > 0 {
                self.parser.want(",")?;
            }
            args.push(match param.ty {
                ParamType::Scalar(s) => CallArg::Value(self.typed(Type::scalar(s))?),
                ParamType::Array(ty) => {
                    let array = self.array()?;
                    if self.b.func().array_type(array) != ty {
                        return self.parser.expected("an array of the parameter's type");
                    }
                    CallArg::Array(array)
                }
            });
        }
        let callee = match self.called.get(&found) {
            Some(&callee) => callee,
            None => {
                let callee = self.b.callee(target);
                self.called.insert(found, callee);
                callee
            }
        };
        Ok(self.b.call(callee, &args))
    }
}

/// Whether a literal without a minus sign is one past the greatest value of
/// its signed type: only its negative exists.
fn is_unsigned_min(value: Const) -> bool {
    value.scalar().is_signed() && value.bits() == 1u64 << (value.scalar().bits() - 1)
}
