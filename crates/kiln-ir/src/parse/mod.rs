//! The text form, read: tokens to a Func.
//!
//! The grammar stands in docs/ir.md. The parser checks names and types as it
//! goes and builds through [`FuncBuilder`]; it never panics, whatever the
//! text, and recurses on nothing but the nesting of regions, which is
//! limited. What it builds still wants [`verify`](crate::verify).

mod body;
mod structure;

use self::body::Body;
use crate::builder::FuncBuilder;
use crate::constant::Const;
use crate::func::{ArrayRef, Func, NodeId};
use crate::lex::{Token, lex};
use crate::op::TypeError;
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
