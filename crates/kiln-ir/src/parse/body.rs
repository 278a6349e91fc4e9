//! Statements of the text form: values, ops, memory and guards.

use super::{Meaning, NESTING_MAX, ParseError, ParseErrorKind, Parser, Result};
use crate::builder::FuncBuilder;
use crate::constant::Const;
use crate::func::{ArrayRef, Fault, FaultKind, Func, NodeId, Operands, Site, Span};
use crate::lex::Token;
use crate::op::Op;
use crate::types::{Access, Scalar, Type};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The body of a Func while it is read.
pub(super) struct Body<'p, 'a> {
    pub(super) parser: &'p mut Parser<'a>,
    pub(super) b: FuncBuilder,
    pub(super) callees: &'p [Arc<Func>],
    pub(super) called: FxHashMap<usize, u32>,
}

impl Body<'_, '_> {
    pub(super) fn error(&self, kind: ParseErrorKind) -> ParseError {
        self.parser.error(kind)
    }

    // Values.

    pub(super) fn value(&mut self) -> Result<NodeId> {
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

    pub(super) fn typed(&mut self, expected: Type) -> Result<NodeId> {
        let value = self.value()?;
        self.expect_type(expected, value)?;
        Ok(value)
    }

    pub(super) fn expect_type(&self, expected: Type, value: NodeId) -> Result<()> {
        let found = self.b.ty(value);
        if found == expected {
            Ok(())
        } else {
            Err(self.error(ParseErrorKind::ValueType { expected, found }))
        }
    }

    pub(super) fn expect_types(
        &self,
        expected: &[Type],
        values: &[NodeId],
        what: &'static str,
    ) -> Result<()> {
        self.expect_count(what, expected.len(), values.len())?;
        expected
            .iter()
            .zip(values)
            .try_for_each(|(&ty, &v)| self.expect_type(ty, v))
    }

    pub(super) fn expect_count(
        &self,
        what: &'static str,
        expected: usize,
        found: usize,
    ) -> Result<()> {
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

    pub(super) fn types_of(&self, values: &[NodeId]) -> Vec<Type> {
        values.iter().map(|&v| self.b.ty(v)).collect()
    }

    /// Values up to the end of the line's list; possibly none.
    pub(super) fn values(&mut self) -> Result<Vec<NodeId>> {
        let mut values = vec![self.value()?];
        while self.parser.take(",") {
            values.push(self.value()?);
        }
        Ok(values)
    }

    pub(super) fn array(&mut self) -> Result<ArrayRef> {
        match self.named()? {
            Meaning::Array(array) => {
                self.parser.at += 1;
                Ok(array)
            }
            Meaning::Value(_) => self.parser.expected("an array"),
        }
    }

    /// What the name that comes next stands for; the name stays.
    pub(super) fn named(&self) -> Result<Meaning> {
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
            let at = self.value()?;
            // Of several lanes there may be one for each.
            let lanes = self.b.ty(at).lanes;
            self.expect_type(Type::vector(Scalar::I64, lanes), at)?;
            index.push(at);
            if !self.parser.take(",") {
                self.parser.want("]")?;
                break;
            }
        }
        let rank = self.b.func().array_type(array).rank;
        self.expect_count("indices", rank as usize, index.len())?;
        Ok((array, index))
    }

    /// Checks that indices are each an `i64`, or one for each of `lanes`.
    fn expect_indices(&self, index: &[NodeId], lanes: u16) -> Result<()> {
        let per_lane = Type::vector(Scalar::I64, lanes);
        let mut others = index.iter().filter(|&&i| self.b.ty(i) != per_lane);
        others.try_for_each(|&i| self.expect_type(Type::I64, i))
    }

    // Regions and statements.

    /// Statements up to the closing brace, which stays; gives what is
    /// yielded. Recurses on the nesting of regions, up to [`NESTING_MAX`].
    pub(super) fn region(&mut self, end: &'static str) -> Result<Vec<NodeId>> {
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
    pub(super) fn block(&mut self, outer: usize) -> Result<Vec<NodeId>> {
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
        self.expect_indices(&index, lanes)?;
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
        self.expect_indices(&index, self.b.ty(value).lanes)?;
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
        let site = match self.parser.keyword("in") {
            true => Some(Arc::new(self.site()?)),
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
            site,
        });
        Ok(vec![self.b.guard(cond, fault, &operands)])
    }

    fn site(&mut self) -> Result<Site> {
        let file = match self.parser.peek() {
            Some(Token::Text(text)) => text.as_str().into(),
            _ => return self.parser.expected("a file in quotes"),
        };
        self.parser.at += 1;
        let line = self.parser.whole()?;
        self.parser.want(":")?;
        let column = self.parser.whole()?;
        Ok(Site { file, line, column })
    }
}

/// Whether a literal without a minus sign is one past the greatest value of
/// its signed type: only its negative exists.
fn is_unsigned_min(value: Const) -> bool {
    value.scalar().is_signed() && value.bits() == 1u64 << (value.scalar().bits() - 1)
}
