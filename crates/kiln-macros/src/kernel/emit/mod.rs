//! From the tree to calls of the builder.
//!
//! Regions of the computation have one entry and one exit. So a jump sets a
//! flag, and what follows it stands in a branch that asks the flag; where a
//! side of an `if` never ends, what follows stands in the other side, and no
//! flag is needed. A variable that a region assigns, flags included, is
//! carried through it: which ones these are is known once what is inside has
//! been written, so a region is put together from the inside out.

mod expr;
mod flow;
mod iterate;
mod sequence;

use super::ast::{Body, Jump, Var};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};
use syn::Ident;

/// Where the value of a statement goes.
#[derive(Clone, Copy)]
enum Dest {
    Nowhere,
    Into(Var),
}

/// Jumps that lead where one gets anyway.
type Falls = Vec<Jump>;

struct Emit {
    vars: Vec<Variable>,
    /// For each open region the variables that it assigns, the innermost
    /// last.
    regions: Vec<BTreeSet<Var>>,
    /// The flag of each jump that needs one.
    flags: BTreeMap<Jump, Var>,
    /// Where the value of a loop or block that is broken out of goes.
    values: BTreeMap<Jump, Dest>,
    /// The depth of the region where the flag of a jump is declared.
    depths: BTreeMap<Jump, usize>,
}

struct Variable {
    ident: Ident,
    is_mut: bool,
    /// The region it is declared in, by the number of those around it.
    depth: usize,
    is_flag: bool,
}

/// The body of the function that builds the kernel; `ret` is the type that
/// it returns.
pub(super) fn emit(body: &Body, params: usize, ret: &TokenStream) -> TokenStream {
    let locals = body.locals.iter().map(|local| Variable {
        ident: local.ident.clone(),
        is_mut: local.is_mut,
        depth: 1,
        is_flag: false,
    });
    let mut emit = Emit {
        vars: locals.collect(),
        regions: vec![BTreeSet::new()],
        flags: BTreeMap::new(),
        values: BTreeMap::new(),
        depths: BTreeMap::new(),
    };
    let fresh = emit.vars[..params].iter().filter(|param| param.is_mut);
    let fresh: TokenStream = fresh
        .map(|Variable { ident, .. }| quote!(let mut #ident = __kiln.fresh(#ident);))
        .collect();
    let result = emit.declare("__result", false);
    emit.values.insert(Jump::Return, Dest::Into(result));
    let (stmts, tail) = (&body.block.stmts, body.block.tail.as_deref());
    let inside = emit.sequence(stmts, tail, Dest::Into(result), &vec![Jump::Return]);
    let flag = emit.flags.get(&Jump::Return).copied();
    let flag = flag.map(|flag| emit.declare_flag(flag));
    let result = &emit.vars[result.0].ident;
    quote! {
        #fresh
        #flag
        let mut #result: <#ret as ::kiln::expand::Ty>::Of<'__b> = __kiln.zero();
        { #inside }
        #result
    }
}

impl Emit {
    /// A variable of the expansion, declared where one stands.
    fn declare(&mut self, name: &str, is_flag: bool) -> Var {
        let var = Var(self.vars.len());
        let ident = format_ident!("{name}{}", var.0, span = Span::mixed_site());
        self.vars.push(Variable {
            ident,
            is_mut: true,
            depth: self.regions.len(),
            is_flag,
        });
        var
    }

    fn declare_flag(&self, flag: Var) -> TokenStream {
        let ident = &self.vars[flag.0].ident;
        quote!(let mut #ident = __kiln.lit(false);)
    }

    /// The flag of a jump; `depth` is that of the region where it is
    /// declared.
    fn flag(&mut self, jump: Jump, depth: usize) -> Var {
        if let Some(&flag) = self.flags.get(&jump) {
            return flag;
        }
        let flag = self.declare("__flag", true);
        self.vars[flag.0].depth = depth;
        self.flags.insert(jump, flag);
        flag
    }

    fn ident(&self, var: Var) -> &Ident {
        &self.vars[var.0].ident
    }

    /// Says that the region one stands in assigns a variable.
    fn assigned(&mut self, var: Var) {
        if let Some(region) = self.regions.last_mut() {
            region.insert(var);
        }
    }

    /// Writes a region; gives also the variables from outside that it
    /// assigns, which the region around it assigns too.
    fn region<R>(&mut self, write: impl FnOnce(&mut Emit) -> R) -> (R, BTreeSet<Var>) {
        self.regions.push(BTreeSet::new());
        let written = write(self);
        let depth = self.regions.len();
        let mut assigned = self.regions.pop().unwrap_or_default();
        assigned.retain(|var| self.vars[var.0].depth < depth);
        for &var in &assigned {
            self.assigned(var);
        }
        (written, assigned)
    }

    /// Which flags a piece of code may set, as it is written.
    fn flags_set<R>(&mut self, write: impl FnOnce(&mut Emit) -> R) -> (R, Vec<Var>) {
        let outer = std::mem::take(self.top());
        let written = write(self);
        let inner = std::mem::replace(self.top(), outer);
        let flags = inner.iter().copied().filter(|v| self.vars[v.0].is_flag);
        let flags = flags.collect();
        self.top().extend(inner);
        (written, flags)
    }

    fn top(&mut self) -> &mut BTreeSet<Var> {
        match self.regions.last_mut() {
            Some(region) => region,
            None => unreachable!("the region of the function is always open"),
        }
    }

    /// `call.method(&mut variable);` for each of them.
    fn each(
        &self,
        vars: &BTreeSet<Var>,
        method: &str,
        is_mut: bool,
        call: &TokenStream,
    ) -> TokenStream {
        let method = format_ident!("{method}");
        let reference = if is_mut { quote!(&mut) } else { quote!(&) };
        vars.iter()
            .map(|&var| {
                let ident = self.ident(var);
                quote!(#call.#method(#reference #ident);)
            })
            .collect()
    }
}
