//! Expressions that are values.

use super::{Parser, here};
use crate::kernel::ast::{Expr, Kind, operator};
use crate::kernel::words::hint;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, Lit, Result, UnOp};

impl Parser {
    pub(super) fn expr(&mut self, expr: &syn::Expr) -> Result<Expr> {
        let span = here(expr);
        let kind = match expr {
            syn::Expr::Paren(inner) => return self.expr(&inner.expr),
            syn::Expr::Group(inner) => return self.expr(&inner.expr),
            syn::Expr::Lit(literal) => {
                check_literal(&literal.lit)?;
                Kind::Literal(quote!(#literal))
            }
            syn::Expr::Path(path) => match path.path.get_ident().and_then(|id| self.local(id)) {
                Some(var) => Kind::Local(var),
                None => Kind::Constant(quote!(#path)),
            },
            syn::Expr::Unary(unary) => self.unary(unary)?,
            syn::Expr::Reference(reference) if reference.mutability.is_none() => {
                return self.expr(&reference.expr);
            }
            syn::Expr::Reference(reference) => return self.unique(reference),
            syn::Expr::Binary(binary) => self.binary(binary)?,
            syn::Expr::Cast(cast) => match is_literal(&cast.expr) {
                true => Kind::Literal(quote!((#cast))),
                false => {
                    let of = self.expr(&cast.expr)?;
                    Kind::Cast(Box::new(of), cast.ty.clone())
                }
            },
            syn::Expr::Assign(assign) => self.assign(assign)?,
            syn::Expr::Index(index) => self.index(index)?,
            syn::Expr::Field(field) => match &field.member {
                syn::Member::Unnamed(index) => {
                    let of = self.expr(&field.base)?;
                    Kind::Field(Box::new(of), index.index)
                }
                syn::Member::Named(name) => {
                    let what = "a kernel has no structs: use a tuple, or a local for each field";
                    return Err(Error::new(name.span(), what));
                }
            },
            syn::Expr::MethodCall(call) => self.method(call)?,
            syn::Expr::Call(call) => self.call(call)?,
            syn::Expr::Macro(call) => return self.macro_call(&call.mac),
            syn::Expr::Tuple(tuple) => Kind::Tuple(self.exprs(tuple.elems.iter())?),
            syn::Expr::Array(array) => Kind::Array(self.exprs(array.elems.iter())?),
            syn::Expr::Repeat(repeat) => {
                let (of, len) = (self.expr(&repeat.expr)?, &repeat.len);
                Kind::Repeat(Box::new(of), quote!(#len))
            }
            syn::Expr::If(branch) => self.if_else(branch)?,
            syn::Expr::Block(block) => self.labelled_block(block),
            syn::Expr::Loop(l) => self.endless_loop(l)?,
            syn::Expr::While(l) => self.while_loop(l)?,
            syn::Expr::ForLoop(l) => self.for_loop(l)?,
            syn::Expr::Break(_) | syn::Expr::Continue(_) | syn::Expr::Return(_) => {
                self.jump(expr)?
            }
            other => return Err(Error::new(other.span(), hint(other))),
        };
        Ok(Expr { kind, span })
    }

    pub(super) fn exprs<'e>(
        &mut self,
        exprs: impl Iterator<Item = &'e syn::Expr>,
    ) -> Result<Vec<Expr>> {
        exprs.map(|expr| self.expr(expr)).collect()
    }

    fn unary(&mut self, unary: &syn::ExprUnary) -> Result<Kind> {
        match &unary.op {
            // -128i8 is a literal; 128i8 alone is none.
            UnOp::Neg(_) if is_literal(&unary.expr) => Ok(Kind::Literal(quote!(#unary))),
            UnOp::Neg(_) => Ok(Kind::Op("neg", vec![self.expr(&unary.expr)?])),
            UnOp::Not(_) => Ok(Kind::Op("not", vec![self.expr(&unary.expr)?])),
            // A reference to an element is the element.
            UnOp::Deref(_) => Ok(Kind::Deref(Box::new(self.expr(&unary.expr)?))),
            other => Err(Error::new(other.span(), "a kernel has no such operator")),
        }
    }

    /// `&mut`: of a slice or an array, which are references here already.
    fn unique(&mut self, reference: &syn::ExprReference) -> Result<Expr> {
        let inner = self.expr(&reference.expr)?;
        match inner.kind {
            Kind::Local(_) | Kind::Index(..) | Kind::Part(..) | Kind::Field(..) => Ok(inner),
            _ => Err(Error::new(
                reference.span(),
                "`&mut` of a kernel is of a slice or an array that has a name",
            )),
        }
    }

    fn binary(&mut self, binary: &syn::ExprBinary) -> Result<Kind> {
        let left = self.expr(&binary.left)?;
        let right = self.expr(&binary.right)?;
        let (left_box, right_box) = (Box::new(left), Box::new(right));
        match operator(&binary.op) {
            Some((op, false)) => Ok(Kind::Op(op, vec![*left_box, *right_box])),
            Some((op, true)) => {
                self.check_place(&left_box)?;
                Ok(Kind::AssignOp(op, left_box, right_box))
            }
            None => match &binary.op {
                syn::BinOp::And(_) => Ok(Kind::And(left_box, right_box)),
                syn::BinOp::Or(_) => Ok(Kind::Or(left_box, right_box)),
                other => Err(Error::new(other.span(), "a kernel has no such operator")),
            },
        }
    }

    fn assign(&mut self, assign: &syn::ExprAssign) -> Result<Kind> {
        let value = Box::new(self.expr(&assign.right)?);
        let places = match &*assign.left {
            syn::Expr::Tuple(tuple) => self.exprs(tuple.elems.iter())?,
            syn::Expr::Infer(_) => return Ok(Kind::Tuple(vec![*value])),
            one => vec![self.expr(one)?],
        };
        for place in &places {
            self.check_place(place)?;
        }
        Ok(Kind::Assign(places, value))
    }

    fn check_place(&self, place: &Expr) -> Result<()> {
        match place.is_place() {
            true => Ok(()),
            false => Err(Error::new(
                place.span,
                "what is assigned is a local, an element or a part of a tuple",
            )),
        }
    }

    fn index(&mut self, index: &syn::ExprIndex) -> Result<Kind> {
        match &*index.index {
            syn::Expr::Range(range) => {
                let of = Box::new(self.expr(&index.expr)?);
                let lo = range.start.as_deref().map(|lo| self.expr(lo)).transpose()?;
                let hi = range.end.as_deref().map(|hi| self.expr(hi)).transpose()?;
                let hi = match range.limits {
                    syn::RangeLimits::HalfOpen(_) => hi,
                    syn::RangeLimits::Closed(_) => hi.map(one_more),
                };
                Ok(Kind::Part(of, lo.map(Box::new), hi.map(Box::new)))
            }
            at => {
                let (of, at) = (self.expr(&index.expr)?, self.expr(at)?);
                Ok(Kind::Index(Box::new(of), Box::new(at)))
            }
        }
    }
}

fn one_more(of: Expr) -> Expr {
    let span = of.span;
    let one = Expr {
        kind: Kind::Literal(quote!(1)),
        span,
    };
    Expr {
        kind: Kind::Op("add", vec![of, one]),
        span,
    }
}

fn check_literal(literal: &Lit) -> Result<()> {
    match literal {
        Lit::Int(_) | Lit::Float(_) | Lit::Bool(_) | Lit::Byte(_) => Ok(()),
        Lit::Char(_) => Err(Error::new(
            literal.span(),
            "a kernel has no characters: write a byte, such as `b'a'`",
        )),
        other => Err(Error::new(
            other.span(),
            "a kernel has no text: pass numbers, and bytes as `&[u8]`",
        )),
    }
}

/// A literal number, with a sign or in parentheses.
fn is_literal(expr: &syn::Expr) -> bool {
    match expr {
        syn::Expr::Lit(literal) => matches!(
            literal.lit,
            Lit::Int(_) | Lit::Float(_) | Lit::Bool(_) | Lit::Byte(_)
        ),
        syn::Expr::Paren(inner) => is_literal(&inner.expr),
        syn::Expr::Group(inner) => is_literal(&inner.expr),
        syn::Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && is_literal(&unary.expr),
        _ => false,
    }
}
