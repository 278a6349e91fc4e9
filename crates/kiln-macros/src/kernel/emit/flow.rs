//! Loops, and blocks with labels.

use super::{Dest, Emit, Falls};
use crate::kernel::ast::{Block, Expr, Jump, Pat, Target, Var};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use std::collections::BTreeSet;

impl Emit {
    /// The depth of the region where the flag of a jump is declared: inside
    /// the loop for `continue`, around it for `break`.
    pub(super) fn depth_of(&self, jump: Jump) -> usize {
        match jump {
            Jump::Return => 1,
            Jump::Break(_) | Jump::Continue(_) => self.depths.get(&jump).copied().unwrap_or(1),
        }
    }

    pub(super) fn labelled(
        &mut self,
        target: Target,
        block: &Block,
        dest: Dest,
        falls: &Falls,
    ) -> TokenStream {
        let jump = Jump::Break(target);
        self.depths.insert(jump, self.regions.len());
        self.values.insert(jump, dest);
        let mut falls = falls.clone();
        falls.push(jump);
        let inside = self.block(block, dest, &falls);
        let flag = self.take_flag(jump);
        quote!({ #flag #inside })
    }

    /// The declaration of the flag of a jump whose target ends here. That the
    /// flag is set says nothing outside.
    fn take_flag(&mut self, jump: Jump) -> Option<TokenStream> {
        let flag = self.flags.remove(&jump)?;
        self.top().remove(&flag);
        Some(self.declare_flag(flag))
    }

    /// The body of a loop, once; the flags it sets that end the loop, the
    /// variables it assigns, and the declaration of the loop's own flag.
    fn round(
        &mut self,
        target: Target,
        dest: Dest,
        write: impl FnOnce(&mut Emit, &Falls) -> TokenStream,
    ) -> Round {
        let (again, out) = (Jump::Continue(target), Jump::Break(target));
        self.depths.insert(out, self.regions.len());
        self.depths.insert(again, self.regions.len() + 1);
        self.values.insert(out, dest);
        let (code, assigned) = self.region(|e| {
            let code = write(e, &vec![again]);
            let flag = e.take_flag(again);
            quote!(#flag #code)
        });
        let flags = assigned.iter().copied();
        let flags = flags.filter(|var| self.vars[var.0].is_flag).collect();
        Round {
            code,
            assigned,
            flags,
            own: self.take_flag(out),
        }
    }

    pub(super) fn for_loop(
        &mut self,
        target: Target,
        pat: &Pat,
        over: &Expr,
        body: &Block,
    ) -> TokenStream {
        let over = self.value(over);
        let round = self.round(target, Dest::Nowhere, |e, falls| {
            let pat = e.pat(pat);
            let body = e.block(body, Dest::Nowhere, falls);
            quote!(let #pat = ::kiln::expand::Iter::at(&__iter, __index); #body)
        });
        if !round.flags.is_empty() {
            return self.for_with_exit(over, round);
        }
        let (call, code) = (quote!(__loop), &round.code);
        let carry = self.each(&round.assigned, "carry", false, &call);
        let take = self.each(&round.assigned, "take", true, &call);
        let next = self.each(&round.assigned, "next", false, &call);
        quote! {{
            let __iter = #over;
            let mut __loop = __kiln.begin_for(&__iter);
            #carry
            let __index = __loop.open();
            #take
            { #code }
            #next
            __loop.close();
            #take
        }}
    }

    /// A loop that counts and can be left before its end: a `while` with the
    /// index as one more variable.
    fn for_with_exit(&mut self, over: TokenStream, mut round: Round) -> TokenStream {
        let index = self.declare("__at", false);
        round.assigned.insert(index);
        let index = self.ident(index).clone();
        let go_on = self.none_of(&round.flags);
        let code = &round.code;
        round.code = quote! {
            let __index = __kiln.inside(&__iter, #index);
            { #code }
            #index = __kiln.after(#index);
        };
        let own = round.own.take();
        let test = quote!(__kiln.bitand(#go_on, __kiln.lt(#index, __past)));
        let looped = self.while_of(&round, &test);
        quote! {{
            let __iter = #over;
            let (mut #index, __past) = ::kiln::expand::Iter::bounds(&__iter);
            #own
            #looped
        }}
    }

    pub(super) fn while_loop(
        &mut self,
        target: Target,
        condition: Option<&Expr>,
        body: &Block,
        dest: Dest,
    ) -> TokenStream {
        let write = |e: &mut Emit, falls: &Falls| e.block(body, Dest::Nowhere, falls);
        let mut round = self.round(target, dest, write);
        let (test, changed) = self.region(|e| condition.map(|condition| e.value(condition)));
        if let (Some(condition), false) = (condition, changed.is_empty()) {
            let what = "the condition of a `while` cannot assign: write `loop` and `break`";
            return quote_spanned!(condition.span=> ::core::compile_error!(#what););
        }
        let go_on = self.none_of(&round.flags);
        let test = match test {
            None => go_on,
            Some(test) if round.flags.is_empty() => test,
            Some(test) => quote! {{
                let __and = __kiln.begin_and(#go_on);
                __and.end(#test)
            }},
        };
        let own = round.own.take();
        let looped = self.while_of(&round, &test);
        quote!({ #own #looped })
    }

    fn while_of(&self, round: &Round, test: &TokenStream) -> TokenStream {
        let (call, code) = (quote!(__loop), &round.code);
        let carry = self.each(&round.assigned, "carry", false, &call);
        let take = self.each(&round.assigned, "take", true, &call);
        let next = self.each(&round.assigned, "next", false, &call);
        quote! {
            let mut __loop = __kiln.begin_while();
            #carry
            __loop.open_test();
            #take
            let __test = #test;
            __loop.test(__test);
            #take
            { #code }
            #next
            __loop.close();
            #take
        }
    }
}

/// One round of a loop.
struct Round {
    code: TokenStream,
    assigned: BTreeSet<Var>,
    flags: Vec<Var>,
    own: Option<TokenStream>,
}
