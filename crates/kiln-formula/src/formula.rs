//! [`Formula`]: a text that has been read and found in order.

use crate::ast::{Ast, Expr, ItemKind};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::language::CONSTANTS;
use crate::limits::Limits;
use crate::lower::{self, Lowered, Options};
use crate::parse;
use crate::render::quote;
use crate::span::Span;
use crate::types::InputType;
use std::sync::Arc;

/// A formula: its text, names and warnings. Cheap to clone.
///
/// It has no types yet; those come with the inputs, see [`Formula::lower`].
#[derive(Clone, Debug)]
pub struct Formula {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: Box<str>,
    ast: Ast,
    warnings: Vec<Diagnostic>,
}

/// A piece of a formula that needs more than its own row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offender {
    /// Where it stands.
    pub span: Span,
    /// The function that makes it so.
    pub function: &'static str,
}

impl Formula {
    pub(crate) fn new(source: &str, ast: Ast, warnings: Vec<Diagnostic>) -> Formula {
        let source = source.into();
        Formula {
            inner: Arc::new(Inner {
                source,
                ast,
                warnings,
            }),
        }
    }

    pub(crate) fn ast(&self) -> &Ast {
        &self.inner.ast
    }

    /// The text, as given.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// The names that come from outside, in the order of their first use.
    ///
    /// The name of a constant, such as `e`, is not among them although an
    /// input may take it over: see [`Formula::mentions`].
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inner.ast.inputs.iter().map(|input| &*input.name)
    }

    /// The names of the outputs, in order; an expression without a name is
    /// called `result`.
    pub fn outputs(&self) -> impl Iterator<Item = &str> {
        let items = self.inner.ast.items.iter();
        items
            .filter(|item| item.kind == ItemKind::Output)
            .map(|item| &*item.name)
    }

    /// What the text may not mean as intended, in source order.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.inner.warnings
    }

    /// Whether an input called `name` would be used: it is one of the
    /// [`inputs`](Formula::inputs), or the formula names a constant that an
    /// input of this name hides.
    pub fn mentions(&self, name: &str) -> bool {
        let hides = |expr: &Expr| match *expr {
            Expr::Constant(index) => CONSTANTS[index as usize].name == name,
            _ => false,
        };
        self.inputs().any(|input| input == name) || self.inner.ast.nodes.iter().any(hides)
    }

    /// Whether each row of the outputs depends on its own row alone.
    pub fn is_row_wise(&self) -> bool {
        self.not_row_wise().is_none()
    }

    /// The first piece that needs more than its own row, if there is one.
    pub fn not_row_wise(&self) -> Option<Offender> {
        let ast = &self.inner.ast;
        let mut nodes = ast.nodes.iter().zip(&ast.spans);
        nodes.find_map(|(expr, &span)| match *expr {
            Expr::Call {
                function, count, ..
            } if function.is_over_rows(count as usize) => Some(Offender {
                span,
                function: function.name(),
            }),
            _ => None,
        })
    }

    /// Checks the formula against the types of its inputs and lowers it to a
    /// scalar Func. The Func takes one parameter per declared input, in the
    /// given order and whether used or not, each nullable one followed by its
    /// validity (`bool`, true where the value is there); it returns each output
    /// in order, again with a validity where it can be missing.
    ///
    /// # Errors
    /// Every problem of names and types, in source order.
    pub fn lower(
        &self,
        inputs: &[(&str, InputType)],
        options: &Options,
    ) -> Result<Lowered, Diagnostics> {
        lower::lower(self, inputs, options)
    }

    /// As [`Formula::lower`], asking `resolve` for the type of every name that
    /// the formula uses; constants are asked for too, since an input hides
    /// them. The parameters are the inputs that were found, in order of first
    /// use, then hidden constants.
    ///
    /// # Errors
    /// As for [`Formula::lower`].
    pub fn lower_with(
        &self,
        mut resolve: impl FnMut(&str) -> Option<InputType>,
        options: &Options,
    ) -> Result<Lowered, Diagnostics> {
        let constants = CONSTANTS.iter().map(|c| c.name);
        let hidden = constants.filter(|name| self.mentions(name));
        let names = self.inputs().chain(hidden);
        let found: Vec<(&str, InputType)> = names
            .filter_map(|name| resolve(name).map(|ty| (name, ty)))
            .collect();
        self.lower(&found, options)
    }

    /// The problem of using a piece that is not row-wise where rows are
    /// computed one by one.
    pub fn row_wise_problem(&self) -> Option<Diagnostic> {
        let offender = self.not_row_wise()?;
        let text = quote(offender.span.text(self.source()));
        let message = format!("{text} is over a whole column, and here there is one row");
        let problem = Diagnostic::new(Code::ColumnReduction, offender.span, message);
        let is_choice = offender.function == "min" || offender.function == "max";
        Some(match is_choice {
            true => problem.help(format!(
                "per row it takes several values: {}(a, b)",
                offender.function
            )),
            false => problem.help("columns are what map and reduce compute"),
        })
    }

    /// The problem of using an input that has a value for each row where one
    /// value for all rows is asked for; `span` is where it is used.
    pub fn row_value_problem(&self, name: &str, span: Option<Span>) -> Diagnostic {
        let known = self.inner.ast.inputs.iter().find(|i| *i.name == *name);
        let span = span.or_else(|| known.map(|input| input.span));
        let name = quote(name);
        let message = format!("{name} has a value for each row, and here there is one for all");
        let problem = Diagnostic::new(Code::RowValue, span.unwrap_or(Span::at(0)), message);
        problem.help("take a total of it, as in sum(x); map gives the values of all rows")
    }
}

impl std::str::FromStr for Formula {
    type Err = Diagnostics;

    /// Reads a formula under the default limits.
    fn from_str(text: &str) -> Result<Formula, Diagnostics> {
        parse::parse(text, &Limits::new())
    }
}

/// Shows the text.
impl std::fmt::Display for Formula {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.inner.source)
    }
}
