//! The text form, written: numbered in schedule order, so that printing what
//! was parsed gives the same text again.
//!
//! A Func on its own prints as `func @name(...)`; a file of Funcs begins with
//! the line [`FILE_HEADER`], and a newer reader accepts every older version.

use crate::func::{ArrayRef, CallArg, Combine, Func, Node, NodeId, RegionId};
use crate::schedule::Schedule;
use rustc_hash::FxHashMap;
use std::fmt::{self, Write};

/// The first line of a file of Funcs.
pub const FILE_HEADER: &str = "kiln 1";

impl fmt::Display for Func {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printer = Printer::new(self);
        printer.number();
        printer.func()?;
        f.write_str(&printer.text)
    }
}

/// Prints one node as the text form has it, with the ids of the arena as
/// names: for messages about Funcs that may be wrong.
pub(crate) fn describe(func: &Func, id: NodeId) -> String {
    let mut printer = Printer::new(func);
    for index in 0..func.node_count() {
        printer.names[index] = Some(index as u32);
    }
    let written = match func.node(id) {
        Node::If { cond, .. } => write!(printer.text, "{id} = if {cond}"),
        Node::For { lo, hi, .. } => write!(printer.text, "{id} = for in {lo}..{hi}"),
        Node::While { .. } => write!(printer.text, "{id} = while"),
        Node::Reduce { combine, .. } => {
            write!(printer.text, "{id} = reduce {}", names(combine))
        }
        Node::Scan { combine, .. } => write!(printer.text, "{id} = scan {}", combine.name()),
        Node::Proj { of, index } => write!(printer.text, "{id} = result {index} of {of}"),
        Node::Arg { region, index } => write!(printer.text, "{id} = argument {index} of {region}"),
        Node::Param(index) => write!(printer.text, "{id} = parameter {index}"),
        Node::Const(value) => write!(printer.text, "{id} = {value}"),
        _ => printer.node(id, 0),
    };
    match written {
        Ok(()) => printer.text.trim().to_owned(),
        Err(fmt::Error) => id.to_string(),
    }
}

/// Ways to combine, with commas.
fn names(combine: &[Combine]) -> String {
    let names: Vec<&str> = combine.iter().map(|c| c.name()).collect();
    names.join(", ")
}

struct Printer<'a> {
    func: &'a Func,
    schedule: Schedule,
    /// The results of each structured node.
    projections: FxHashMap<NodeId, Vec<NodeId>>,
    /// The number each value prints under.
    names: Vec<Option<u32>>,
    next: u32,
    text: String,
}

impl<'a> Printer<'a> {
    fn new(func: &'a Func) -> Printer<'a> {
        let mut projections: FxHashMap<NodeId, Vec<NodeId>> = FxHashMap::default();
        for id in (0..func.node_count()).map(NodeId::new) {
            if let Node::Proj { of, .. } = func.node(id) {
                projections.entry(*of).or_default().push(id);
            }
        }
        for results in projections.values_mut() {
            results.sort_unstable_by_key(|&id| match func.node(id) {
                Node::Proj { index, .. } => *index,
                _ => 0,
            });
        }
        Printer {
            func,
            schedule: Schedule::of(func),
            projections,
            names: vec![None; func.node_count()],
            next: 0,
            text: String::new(),
        }
    }

    // Numbering.

    fn number(&mut self) {
        self.number_region(self.func.body());
    }

    fn name(&mut self, id: NodeId) {
        self.names[id.index()] = Some(self.next);
        self.next += 1;
    }

    /// Numbers what a region lists. Recurses on the nesting of regions, which
    /// the verifier limits.
    fn number_region(&mut self, region: RegionId) {
        for index in 0..self.func.region(region).args.len() {
            self.name(self.func.region(region).args[index]);
        }
        for index in 0..self.schedule.nodes(region).len() {
            let id = self.schedule.nodes(region)[index];
            match self.func.node(id) {
                Node::Param(_) | Node::Const(_) | Node::Store { .. } => {}
                Node::Op { .. } | Node::Len { .. } | Node::Load { .. } | Node::Guard { .. } => {
                    self.name(id);
                }
                _ => {
                    for region in self.func.regions_of(id) {
                        self.number_region(region);
                    }
                    for proj in self.projections(id) {
                        self.name(proj);
                    }
                }
            }
        }
    }

    /// The results of a structured node, by index.
    fn projections(&self, of: NodeId) -> Vec<NodeId> {
        self.projections.get(&of).cloned().unwrap_or_default()
    }

    // Writing.

    fn func(&mut self) -> fmt::Result {
        write!(self.text, "func @{}(", self.func.name())?;
        for (index, param) in self.func.params().iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(self.text, "{comma}{}: {}", Name(&param.name), param.ty)?;
        }
        self.text.push(')');
        match self.func.results() {
            [] => {}
            [one] => write!(self.text, " -> {one}")?,
            many => {
                self.text.push_str(" -> (");
                for (index, ty) in many.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(self.text, "{comma}{ty}")?;
                }
                self.text.push(')');
            }
        }
        self.text.push_str(" {\n");
        for (index, local) in self.func.locals().iter().enumerate() {
            writeln!(
                self.text,
                "    local l{index}: [{} x {}]",
                local.elem, local.len
            )?;
        }
        self.region(self.func.body(), 1, "return")?;
        self.text.push_str("}\n");
        Ok(())
    }

    fn region(&mut self, region: RegionId, indent: usize, yields: &str) -> fmt::Result {
        for index in 0..self.schedule.nodes(region).len() {
            let id = self.schedule.nodes(region)[index];
            if !matches!(self.func.node(id), Node::Param(_) | Node::Const(_)) {
                self.node(id, indent)?;
            }
        }
        if !self.func.region(region).yields.is_empty() {
            self.indent(indent);
            write!(self.text, "{yields} ")?;
            self.list(&self.func.region(region).yields.clone())?;
            self.text.push('\n');
        }
        Ok(())
    }

    fn indent(&mut self, indent: usize) {
        for _ in 0..indent {
            self.text.push_str("    ");
        }
    }

    fn value(&mut self, id: NodeId) -> fmt::Result {
        match self.func.node(id) {
            Node::Param(index) => {
                write!(
                    self.text,
                    "{}",
                    Name(&self.func.params()[*index as usize].name)
                )
            }
            Node::Const(value) => write!(self.text, "{value}"),
            _ => match self.names[id.index()] {
                Some(number) => write!(self.text, "v{number}"),
                None => write!(self.text, "v?"),
            },
        }
    }

    fn list(&mut self, ids: &[NodeId]) -> fmt::Result {
        for (index, &id) in ids.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.value(id)?;
        }
        Ok(())
    }

    fn array(&mut self, array: ArrayRef) -> fmt::Result {
        match array {
            ArrayRef::Param(index) => {
                write!(
                    self.text,
                    "{}",
                    Name(&self.func.params()[index as usize].name)
                )
            }
            ArrayRef::Local(index) => write!(self.text, "l{index}"),
        }
    }

    fn element(&mut self, array: ArrayRef, index: &[NodeId]) -> fmt::Result {
        self.array(array)?;
        self.text.push('[');
        self.list(index)?;
        self.text.push(']');
        Ok(())
    }

    fn node(&mut self, id: NodeId, indent: usize) -> fmt::Result {
        self.indent(indent);
        let func = self.func;
        match func.node(id) {
            Node::Op { op, args } => {
                self.value(id)?;
                write!(self.text, " = {}", op.name())?;
                if op.rule().is_annotated() {
                    write!(self.text, ".{}", func.ty(id))?;
                }
                if !args.is_empty() {
                    self.text.push(' ');
                }
                self.list(args)?;
            }
            Node::Len { array, dim } => {
                self.value(id)?;
                self.text.push_str(" = len ");
                self.array(*array)?;
                if *dim > 0 {
                    write!(self.text, ", {dim}")?;
                }
            }
            Node::Load {
                array,
                index,
                after,
            } => {
                self.value(id)?;
                self.text.push_str(" = load");
                if func.ty(id).is_vector() {
                    write!(self.text, ".{}", func.ty(id))?;
                }
                self.text.push(' ');
                self.element(*array, index)?;
                if let Some(guard) = after {
                    self.text.push_str(" after ");
                    self.value(*guard)?;
                }
            }
            Node::Store {
                array,
                index,
                value,
            } => {
                self.text.push_str("store ");
                self.element(*array, index)?;
                self.text.push_str(", ");
                self.value(*value)?;
            }
            Node::Guard {
                cond,
                fault,
                operands,
            } => {
                self.value(id)?;
                self.text.push_str(" = guard ");
                self.value(*cond)?;
                let fault = func.fault(*fault);
                write!(self.text, ", {} {:?}", fault.kind.name(), fault.message)?;
                if let Some(span) = fault.span {
                    write!(self.text, " at {}..{}", span.start, span.end)?;
                }
                if let Some(site) = &fault.site {
                    write!(
                        self.text,
                        " in {:?} {}:{}",
                        site.file, site.line, site.column
                    )?;
                }
                if !operands.is_empty() {
                    self.text.push_str(", ");
                    self.list(operands)?;
                }
            }
            _ => self.structured(id, indent)?,
        }
        self.text.push('\n');
        Ok(())
    }

    fn structured(&mut self, id: NodeId, indent: usize) -> fmt::Result {
        let func = self.func;
        let results = self.projections(id);
        if !results.is_empty() {
            self.list(&results)?;
            self.text.push_str(" = ");
        }
        match func.node(id) {
            Node::If {
                cond,
                then,
                otherwise,
            } => {
                self.text.push_str("if ");
                self.value(*cond)?;
                self.block(*then, indent)?;
                self.text.push_str(" else");
                self.block(*otherwise, indent)
            }
            Node::For {
                lo,
                hi,
                lanes,
                init,
                body,
            } => {
                self.text.push_str("for ");
                self.range(*body, *lo, *hi)?;
                if *lanes > 1 {
                    write!(self.text, " by {lanes}")?;
                }
                self.carried(&func.region(*body).args[1..], init)?;
                self.block(*body, indent)
            }
            Node::While { init, cond, body } => {
                self.text.push_str("while");
                self.carried(&func.region(*cond).args, init)?;
                self.block(*cond, indent)?;
                self.text.push_str(" do");
                if !init.is_empty() {
                    self.text.push(' ');
                    self.list(&func.region(*body).args)?;
                }
                self.block(*body, indent)
            }
            Node::Reduce {
                combine,
                shape,
                lo,
                hi,
                body,
            } => {
                write!(self.text, "reduce {} {} ", names(combine), shape.name())?;
                self.range(*body, *lo, *hi)?;
                self.block(*body, indent)
            }
            Node::Scan {
                combine,
                init,
                lo,
                hi,
                array,
                body,
            } => {
                write!(self.text, "scan {} ", combine.name())?;
                self.range(*body, *lo, *hi)?;
                self.text.push_str(" from ");
                self.value(*init)?;
                self.text.push_str(" into ");
                self.array(*array)?;
                self.block(*body, indent)
            }
            Node::Call { callee, args } => {
                write!(
                    self.text,
                    "call @{}",
                    func.callees()[*callee as usize].name()
                )?;
                for (index, arg) in args.iter().enumerate() {
                    self.text.push_str(if index == 0 { " " } else { ", " });
                    match arg {
                        CallArg::Value(value) => self.value(*value)?,
                        CallArg::Array(array) => self.array(*array)?,
                    }
                }
                Ok(())
            }
            _ => Err(fmt::Error),
        }
    }

    fn range(&mut self, body: RegionId, lo: NodeId, hi: NodeId) -> fmt::Result {
        self.value(self.func.region(body).args[0])?;
        self.text.push_str(" in ");
        self.value(lo)?;
        self.text.push_str("..");
        self.value(hi)
    }

    fn carried(&mut self, args: &[NodeId], init: &[NodeId]) -> fmt::Result {
        for (index, (&arg, &first)) in args.iter().zip(init).enumerate() {
            self.text.push_str(if index == 0 { " with " } else { ", " });
            self.value(arg)?;
            self.text.push_str(" = ");
            self.value(first)?;
        }
        Ok(())
    }

    fn block(&mut self, region: RegionId, indent: usize) -> fmt::Result {
        self.text.push_str(" {\n");
        self.region(region, indent + 1, "yield")?;
        self.indent(indent);
        self.text.push('}');
        Ok(())
    }
}

/// A name as the text form writes it: in backticks unless it is plain.
pub(crate) struct Name<'a>(pub(crate) &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain(self.0) {
            f.write_str(self.0)
        } else {
            write!(
                f,
                "`{}`",
                self.0
                    .replace('\\', "\\\\")
                    .replace('`', "\\`")
                    .replace('\n', "\\n")
            )
        }
    }
}

/// Whether a parameter's name needs no backticks: a word that is neither a
/// keyword, nor a literal, nor a name the printer gives.
pub(crate) fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    let starts = chars
        .next()
        .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let numbered = |prefix: char| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
    };
    starts
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !numbered('v')
        && !numbered('l')
        && !matches!(
            name,
            "true" | "false" | "nan" | "inf" | "nanf32" | "inff32" | "mut" | "after"
        )
}
