//! Statements of the text form that hold regions, and calls.

use super::body::Body;
use super::{Meaning, ParseErrorKind, Result};
use crate::func::{CallArg, Combine, NodeId, Shape};
use crate::lex::Token;
use crate::types::{ParamType, Type};
use std::sync::Arc;

impl Body<'_, '_> {
    pub(super) fn if_else(&mut self) -> Result<Vec<NodeId>> {
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

    pub(super) fn for_loop(&mut self) -> Result<Vec<NodeId>> {
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

    pub(super) fn while_loop(&mut self) -> Result<Vec<NodeId>> {
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

    /// The body of a `reduce` or `scan`: the values that `combine` joins.
    fn combined(&mut self, combine: &[Combine], index: String) -> Result<Vec<NodeId>> {
        let outer = self.parser.defined.len();
        let id = self.b.begin_reduce();
        self.parser.define(index, Meaning::Value(id))?;
        let yields = self.block(outer)?;
        self.expect_count("values yielded", combine.len(), yields.len())?;
        for (&value, combine) in yields.iter().zip(combine) {
            let ty = self.b.ty(value);
            if let Err(error) = combine.op().result_type(&[ty, ty], None) {
                return Err(self.error(error.into()));
            }
        }
        Ok(yields)
    }

    pub(super) fn reduce(&mut self) -> Result<Vec<NodeId>> {
        let mut combine = vec![self.combine()?];
        while self.parser.take(",") {
            combine.push(self.combine()?);
        }
        let shape = match self.parser.word("a shape")?.as_str() {
            "tree" => Shape::Tree,
            "in_order" => Shape::InOrder,
            _ => {
                self.parser.at -= 1;
                return self.parser.expected("tree or in_order");
            }
        };
        let (index, lo, hi) = self.range()?;
        let values = self.combined(&combine, index)?;
        let range = (lo, hi);
        Ok(self.b.end_reduce_all(&combine, shape, range, &values))
    }

    pub(super) fn scan(&mut self) -> Result<Vec<NodeId>> {
        let combine = self.combine()?;
        let (index, lo, hi) = self.range()?;
        self.parser.want_keyword("from")?;
        let init = self.value()?;
        self.parser.want_keyword("into")?;
        let array = self.array()?;
        let value = self.combined(&[combine], index)?[0];
        self.expect_type(self.b.ty(init), value)?;
        Ok(vec![self.b.end_scan(combine, init, lo, hi, array, value)])
    }

    pub(super) fn call(&mut self) -> Result<Vec<NodeId>> {
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
