//! Loops of which several rounds at once are one call of a strip.
//!
//! ```text
//! loop:   at + rounds <= hi ? block : rest(at)
//! block:  the loop inside has a whole block ? fill : left(its first round)
//! fill:   the frame of the strip, round by round; the strip; left(what fills
//!         no block of the loop inside)
//! left:   that, one round after the other; to loop with at + rounds
//! rest:   the loop itself
//! ```
//! Such a strip cannot fail, and what is around its loop is pure, so it is
//! computed where it is needed.

use super::control::with_first;
use super::emit::{Kind, int_cc};
use super::lower::Lowerer;
use super::strip::Rounds;
use crate::CodegenError;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use kiln_ir::{Jam, Node, NodeId, Op, RegionId, Scalar, StripInput};

impl Lowerer<'_> {
    /// The loop `lo..hi` around the one of a strip.
    pub(super) fn jammed_loop(
        &mut self,
        number: usize,
        jam: Jam,
        (lo, hi): (Value, Value),
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let Node::For {
            lo: inner_lo,
            hi: inner_hi,
            body: inner,
            ..
        } = *self.func.node(jam.inner)
        else {
            return Err(self.unsupported("a strip of what is no counted loop"));
        };
        let [head, block, fill, left, rest] = [(); 5].map(|()| self.e.b.create_block());
        let at = self.e.b.append_block_param(head, types::I64);
        let from = self.e.b.append_block_param(left, types::I64);
        let inner_lo = self.scalar(inner_lo);
        let inner_hi = self.scalar(inner_hi);
        self.e.b.ins().jump(head, &with_first(lo, &[]));

        // Subtracting cannot overflow where the loop has rounds left.
        self.e.b.switch_to_block(head);
        let some = self.e.b.create_block();
        self.less(at, hi, (some, Vec::new()), (rest, Vec::new()));
        self.e.b.switch_to_block(some);
        let rounds_left = self.e.b.ins().isub(hi, at);
        let rounds = self.e.b.ins().iconst(types::I64, i64::from(jam.rounds));
        let kind = Kind::one(Scalar::U64);
        let few = self
            .e
            .icmp(kind, int_cc(Op::Lt, false), rounds_left, rounds);
        self.e.b.ins().brif(few, rest, &[], block, &[]);

        self.e.b.switch_to_block(block);
        let count = self.e.b.create_block();
        let next = self.e.iadd(at, rounds);
        let done = self.e.b.create_block();
        self.less(inner_lo, inner_hi, (count, Vec::new()), (done, Vec::new()));
        self.e.b.switch_to_block(count);
        let whole = self.whole_blocks(number, inner_lo, inner_hi);
        let none = with_first(inner_lo, &[]);
        self.e.b.ins().brif(whole, fill, &[], left, &none);

        self.e.b.switch_to_block(fill);
        let end = self.e.iadd(inner_lo, whole);
        let rounds = Rounds {
            lo: inner_lo,
            hi: end,
            lanes: None,
        };
        let base = self.share_frame()?;
        for round in 0..jam.rounds {
            self.around(at, round.into(), body, jam.inner)?;
            for (input, given) in self.strips[number].strip.inputs.iter().enumerate() {
                let of = match *given {
                    StripInput::Value { round, .. } => round,
                    StripInput::Row(row) => row.round,
                    StripInput::Array(_) | StripInput::Lanes { .. } | StripInput::First => 0,
                };
                if of == round {
                    self.give_input(number, input, base, rounds, inner)?;
                }
            }
        }
        self.run_strip(number, rounds)?;
        self.less(
            end,
            inner_hi,
            (left, with_first(end, &[])),
            (done, Vec::new()),
        );

        self.e.b.switch_to_block(left);
        self.one_after_the_other((at, next), (from, inner_hi), body, jam.inner)?;
        self.e.b.ins().jump(done, &[]);
        self.e.b.switch_to_block(done);
        self.e.b.ins().jump(head, &with_first(next, &[]));
        self.e.b.switch_to_block(rest);
        self.plain_rounds(at, hi, body)
    }

    /// The rounds `lo..hi` of the loop inside, in each of the rounds of the
    /// one around it.
    fn one_after_the_other(
        &mut self,
        (first, last): (Value, Value),
        (lo, hi): (Value, Value),
        body: RegionId,
        inner: NodeId,
    ) -> Result<(), CodegenError> {
        let Node::For { body: inside, .. } = *self.func.node(inner) else {
            return Err(self.unsupported("a strip of what is no counted loop"));
        };
        let head = self.e.b.create_block();
        let exit = self.e.b.create_block();
        let at = self.e.b.append_block_param(head, types::I64);
        self.e.b.ins().jump(head, &with_first(first, &[]));
        self.e.b.switch_to_block(head);
        self.around(at, 0, body, inner)?;
        self.plain_rounds(lo, hi, inside)?;
        let one = self.e.b.ins().iconst(types::I64, 1);
        let next = self.e.iadd(at, one);
        self.less(
            next,
            last,
            (head, with_first(next, &[])),
            (exit, Vec::new()),
        );
        self.e.b.switch_to_block(exit);
        Ok(())
    }

    /// Computes what a round of a loop does besides the loop inside.
    fn around(
        &mut self,
        at: Value,
        round: i64,
        body: RegionId,
        inner: NodeId,
    ) -> Result<(), CodegenError> {
        let round = self.e.b.ins().iconst(types::I64, round);
        let index = self.e.iadd(at, round);
        let held = self.hold(&[index], 0);
        self.set(self.func.region(body).args[0], held);
        for position in 0..self.schedule.nodes(body).len() {
            let node = self.schedule.nodes(body)[position];
            if node != inner {
                self.node(node)?;
            }
        }
        Ok(())
    }
}
