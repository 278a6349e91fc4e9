//! Short loops, a few rounds at a time.
//!
//! A body of a handful of instructions costs no more than the count and the
//! branch around it. Such a body is copied, so that a round of the loop does
//! [`COPIES`] rounds of the Func, one after the other in their order:
//! ```text
//! entry:  lo < hi ? start : exit
//! start:  whole = (hi - lo) & -COPIES; end = lo + whole; whole ? head : rest
//! head:   COPIES rounds; next != end ? head : after
//! after:  end < hi ? rest : exit
//! rest:   a round; next < hi ? rest : exit
//! ```
//! Copies read and write through the address of the first one. A branch with
//! sides as plain as that is copied with the rest: where every round jumps,
//! the jump of the loop costs another fetch of code. A body with guards,
//! branches in branches or calls of helpers is not copied: what it does costs
//! more than the loop.

use super::control::with_first;
use super::emit::{Kind, int_cc};
use super::lower::Lowerer;
use crate::CodegenError;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value, types};
use kiln_ir::{Node, NodeId, Op, RegionId, Scalar};

/// Rounds of the Func in a round of the code; a power of two.
const COPIES: i64 = 4;

/// The most nodes of a body that is copied.
const NODES_MAX: usize = 16;

impl Lowerer<'_> {
    /// Whether a body is to be copied.
    pub(super) fn is_short(&self, body: RegionId) -> bool {
        let mut count = 0;
        self.are_plain(body, &mut count, true) && count <= NODES_MAX
    }

    /// Whether a body would be, were it not for its checks, and stores nothing,
    /// so that its rounds may run in another order.
    pub(super) fn is_short_and_reads(&self, body: RegionId) -> bool {
        let regions = self.schedule.inside(self.func, [body]);
        let mut all = regions.iter().flat_map(|&r| self.schedule.nodes(r));
        if all.any(|&node| matches!(self.func.node(node), Node::Store { .. })) {
            return false;
        }
        let nodes = self.schedule.nodes(body);
        let is_copied = |&node: &NodeId| {
            matches!(self.func.node(node), Node::Guard { .. }) || self.is_plain(node)
        };
        self.is_short(body) || nodes.len() <= NODES_MAX && nodes.iter().all(is_copied)
    }

    /// Whether a region may be copied, `if`s in it where `branches` allows
    /// them; counts its nodes.
    fn are_plain(&self, region: RegionId, count: &mut usize, branches: bool) -> bool {
        let nodes = self.schedule.nodes(region);
        *count += nodes.len();
        nodes.iter().all(|&node| match *self.func.node(node) {
            Node::If {
                then, otherwise, ..
            } => {
                let mut side = |region| self.are_plain(region, count, false);
                branches && side(then) && side(otherwise)
            }
            _ => self.is_plain(node),
        })
    }

    fn is_plain(&self, node: NodeId) -> bool {
        match self.func.node(node) {
            Node::Const(_) | Node::Load { .. } | Node::Store { .. } => true,
            Node::Op { op, args } => args
                .first()
                .is_some_and(|&v| !self.calls_helper(*op, self.func.ty(v))),
            _ => false,
        }
    }

    pub(super) fn unrolled(
        &mut self,
        node: NodeId,
        lo: Value,
        hi: Value,
        init: &[NodeId],
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let types = self.func.result_types(node);
        let [start, head, after, rest, exit] = [(); 5].map(|()| self.e.b.create_block());
        let results = self.block_params(exit, &types);
        let init = self.spread(init);
        self.less(lo, hi, (start, Vec::new()), (exit, init.clone()));

        self.e.b.switch_to_block(start);
        // lo < hi, so the difference is right as an unsigned number.
        let rounds = self.e.b.ins().isub(hi, lo);
        let mask = self.e.b.ins().iconst(types::I64, -COPIES);
        let whole = self.e.band(rounds, mask);
        let end = self.e.iadd(lo, whole);
        let first = with_first(lo, &init);
        self.e.b.ins().brif(whole, head, &first, rest, &first);

        let index = self.e.b.append_block_param(head, types::I64);
        let carried = self.block_params(head, &types);
        self.e.b.switch_to_block(head);
        for (&arg, held) in self.func.region(body).args[1..].iter().zip(carried) {
            self.set(arg, held);
        }
        for copy in 0..COPIES {
            self.copy(index, copy, body)?;
        }
        let next = self.yielded(body);
        let by = self.e.b.ins().iconst(types::I64, COPIES);
        let further = self.e.iadd(index, by);
        let more = self
            .e
            .icmp(Kind::one(Scalar::I64), int_cc(Op::Ne, true), further, end);
        let back = with_first(further, &next);
        self.e.b.ins().brif(more, head, &back, after, &next);

        let carried = self.block_params(after, &types);
        self.e.b.switch_to_block(after);
        let carried: Vec<BlockArg> = carried.into_iter().map(|h| self.at(h, 0).into()).collect();
        self.less(end, hi, (rest, with_first(end, &carried)), (exit, carried));

        let index = self.e.b.append_block_param(rest, types::I64);
        let carried = self.block_params(rest, &types);
        self.e.b.switch_to_block(rest);
        for (&arg, held) in self.func.region(body).args[1..].iter().zip(carried) {
            self.set(arg, held);
        }
        self.copy(index, 0, body)?;
        let next = self.yielded(body);
        let one = self.e.b.ins().iconst(types::I64, 1);
        let further = self.e.iadd(index, one);
        self.less(
            further,
            hi,
            (rest, with_first(further, &next)),
            (exit, next),
        );
        self.e.b.switch_to_block(exit);
        self.set_results(node, results);
        Ok(())
    }

    /// A round of the body, so many after `index`, and what it carries on.
    pub(super) fn copy(
        &mut self,
        index: Value,
        copy: i64,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let args = &self.func.region(body).args;
        let by = self.e.b.ins().iconst(types::I64, copy);
        let at = match copy {
            0 => index,
            _ => self.e.iadd(index, by),
        };
        let held = self.hold(&[at], 0);
        self.set(args[0], held);
        let outer = self.ahead.replace((args[0], index, copy));
        self.in_loop(at, |this| this.region(body))?;
        self.ahead = outer;
        let func = self.func;
        let yields: Vec<_> = func
            .region(body)
            .yields
            .iter()
            .map(|&v| self.get(v))
            .collect();
        for (&arg, held) in args[1..].iter().zip(yields) {
            self.set(arg, held);
        }
        Ok(())
    }

    /// What the last round carries on, as block arguments.
    fn yielded(&mut self, body: RegionId) -> Vec<BlockArg> {
        let carried = &self.func.region(body).args[1..];
        self.spread(carried)
    }
}
