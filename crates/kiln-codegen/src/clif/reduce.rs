//! Reductions and scans.
//!
//! The shape `tree` of floats, where the order shows, is in `tree.rs`. Where
//! joining is associative and commutative to the bit, on integers, truth
//! values, least and greatest ones, the order cannot be seen and one running
//! value is enough. Where the reduction has a strip, that runs whole rounds of
//! the lanes, and what is left over goes round them here.

use super::emit::{ACCESS, Emit, Kind};
use super::lower::Lowerer;
use super::strip::{LanesAt, Rounds};
use crate::CodegenError;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, StackSlot, Value, types};
use kiln_ir::{ArrayRef, Combine, NodeId, RegionId, Scalar, Shape, lanes_at};

/// What a reduction joins, and how.
#[derive(Clone, Copy)]
pub(super) struct Joining {
    pub(super) combine: Combine,
    pub(super) scalar: Scalar,
    /// Where its lanes begin, in bytes behind those of the first value.
    pub(super) at: usize,
}

impl Joining {
    pub(super) fn kind(self) -> Kind {
        Kind::one(self.scalar)
    }

    pub(super) fn size(self) -> usize {
        self.scalar.bytes()
    }

    pub(super) fn identity(self, e: &mut Emit<'_>) -> Value {
        e.bits(self.kind(), self.combine.identity(self.scalar).bits())
    }

    /// `left` and `right` joined, in this order.
    fn join(self, e: &mut Emit<'_>, left: Value, right: Value) -> Option<Value> {
        e.one(self.combine.op(), self.scalar, &[left, right])
    }

    pub(super) fn load(self, e: &mut Emit<'_>, pointer: Value, offset: usize) -> Value {
        let ty = self.kind().clif();
        e.b.ins().load(ty, ACCESS, pointer, offset as i32)
    }
}

/// The values of a reduction and the lanes that all of them go round in.
#[derive(Clone)]
pub(super) struct Joinings {
    pub(super) all: Vec<Joining>,
    pub(super) lanes: usize,
    /// What the lanes take, in bytes.
    pub(super) bytes: usize,
}

impl Joinings {
    fn of(values: &[(Combine, Scalar)]) -> Option<Joinings> {
        let lanes = Shape::common_lanes(values)?;
        let (places, bytes) = lanes_at(lanes, values);
        let all = values.iter().zip(places);
        let all = all.map(|(&(combine, scalar), at)| Joining {
            combine,
            scalar,
            at,
        });
        Some(Joinings {
            all: all.collect(),
            lanes: lanes.into(),
            bytes,
        })
    }

    pub(super) fn identities(&self, e: &mut Emit<'_>) -> Vec<Value> {
        self.all.iter().map(|j| j.identity(e)).collect()
    }

    /// Parameters of a block for one value each.
    pub(super) fn params(&self, e: &mut Emit<'_>, block: Block) -> Vec<Value> {
        let kinds = self.all.iter().map(|j| j.kind().clif());
        kinds
            .map(|kind| e.b.append_block_param(block, kind))
            .collect()
    }
}

/// Arguments of a jump: some, then others.
pub(super) fn args(first: &[Value], rest: &[Value]) -> Vec<BlockArg> {
    first.iter().chain(rest).map(|&v| v.into()).collect()
}

impl Lowerer<'_> {
    /// A reduction of what `body` yields over `lo..hi`.
    pub(super) fn reduce(
        &mut self,
        node: NodeId,
        shape: Shape,
        (lo, hi): (Value, Value),
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let mut yields = self.func.region(body).yields.iter();
        if yields.any(|&v| self.func.ty(v).is_vector()) {
            return Err(self.unsupported("a reduction of vectors"));
        }
        let Some(joinings) = Joinings::of(&self.func.reduced(node)) else {
            return Err(self.unsupported("a reduction in several numbers of lanes"));
        };
        let strip = self.strip_of(node);
        self.reductions += 1;
        // No order shows in least and greatest values.
        let in_lanes =
            |j: &Joining| j.scalar.is_float() && !(j.combine.is_extreme() && strip.is_some());
        let results = if shape == Shape::Tree && joinings.all.iter().any(in_lanes) {
            self.tree(&joinings, (lo, hi), body, strip)?
        } else {
            let first = joinings.identities(&mut self.e);
            let (from, before) = match strip {
                Some(strip) => self.blocks_first(&joinings, first, (lo, hi), body, strip)?,
                None => (lo, first),
            };
            self.running(&joinings, before, (from, hi), body, None)?
        };
        self.reductions -= 1;
        let held = results.iter().map(|&result| self.hold(&[result], 0));
        let held = held.collect();
        self.set_results(node, held);
        Ok(())
    }

    /// Room for the reduction being made. Those that run one after the other
    /// share it, and one inside of another has its own.
    pub(super) fn room(&mut self, bytes: usize) -> StackSlot {
        let depth = self.reductions - 1;
        while self.rooms.len() <= depth {
            let slot = self.e.stack_slot(0);
            self.rooms.push(slot);
        }
        let slot = self.rooms[depth];
        let data = &mut self.e.b.func.sized_stack_slots[slot];
        data.size = data.size.max(bytes as u32);
        slot
    }

    /// As a reduction in order from `init`, writing every running value.
    pub(super) fn scan(
        &mut self,
        node: NodeId,
        (combine, init): (Combine, NodeId),
        (lo, hi): (Value, Value),
        array: ArrayRef,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let ty = self.func.ty(init);
        if ty.is_vector() {
            return Err(self.unsupported("a scan of vectors"));
        }
        let Some(joinings) = Joinings::of(&[(combine, ty.scalar)]) else {
            return Err(self.unsupported("a scan of nothing"));
        };
        let first = vec![self.scalar(init)];
        let result = self.running(&joinings, first, (lo, hi), body, Some(array))?;
        let held = self.hold(&result, 0);
        self.set_results(node, vec![held]);
        Ok(())
    }

    /// What a strip makes of the whole blocks of `lo..hi`, where no order
    /// shows: the round that is next, and the values so far.
    fn blocks_first(
        &mut self,
        joinings: &Joinings,
        first: Vec<Value>,
        (lo, hi): (Value, Value),
        body: RegionId,
        strip: usize,
    ) -> Result<(Value, Vec<Value>), CodegenError> {
        let lanes = self.room(joinings.bytes);
        let [count, enter, rest] = [(); 3].map(|()| self.e.b.create_block());
        let from = self.e.b.append_block_param(rest, types::I64);
        let before = joinings.params(&mut self.e, rest);
        let none = args(&[lo], &first);
        self.less(lo, hi, (count, Vec::new()), (rest, none.clone()));
        self.e.b.switch_to_block(count);
        let whole = self.whole_blocks(strip, lo, hi);
        self.e.b.ins().brif(whole, enter, &[], rest, &none);

        self.e.b.switch_to_block(enter);
        let base = self.clear_lanes(joinings, lanes);
        let end = self.e.iadd(lo, whole);
        let rounds = Rounds {
            lo,
            hi: end,
            lanes: Some(LanesAt { base, from: None }),
        };
        self.enter_strip(strip, rounds, body)?;
        if let Some(failed) = self.run_strip(strip, rounds)? {
            let go_on = self.e.b.current_block();
            self.e.b.switch_to_block(failed);
            self.e.b.ins().jump(rest, &none);
            self.go_on_in(go_on);
        }
        let folded = self.fold(joinings, lanes, joinings.lanes)?;
        let joined = self.joined_all(joinings, &first, &folded)?;
        self.e.b.ins().jump(rest, &args(&[end], &joined));
        self.e.b.switch_to_block(rest);
        Ok((from, before))
    }

    /// Sets every lane to the identity; gives the address of the first.
    pub(super) fn clear_lanes(&mut self, joinings: &Joinings, lanes: StackSlot) -> Value {
        let base = self.e.b.ins().stack_addr(types::I64, lanes, 0);
        for &joining in &joinings.all {
            let identity = joining.identity(&mut self.e);
            for lane in 0..joinings.lanes {
                self.store_word(identity, base, joining.at + lane * joining.size());
            }
        }
        base
    }

    /// Running values, joined with what `body` yields over `lo..hi`, the first
    /// of them written to `array`, if there is one.
    fn running(
        &mut self,
        joinings: &Joinings,
        first: Vec<Value>,
        (lo, hi): (Value, Value),
        body: RegionId,
        array: Option<ArrayRef>,
    ) -> Result<Vec<Value>, CodegenError> {
        let head = self.e.b.create_block();
        let exit = self.e.b.create_block();
        let index = self.e.b.append_block_param(head, types::I64);
        let before = joinings.params(&mut self.e, head);
        let results = joinings.params(&mut self.e, exit);
        let (enter, leave) = (args(&[lo], &first), args(&[], &first));
        self.less(lo, hi, (head, enter), (exit, leave));

        self.e.b.switch_to_block(head);
        let values = self.round(index, body)?;
        let after = self.joined_all(joinings, &before, &values)?;
        if let Some(array) = array {
            self.store_value(array, &[self.func.region(body).args[0]], after[0]);
        }
        let next = self.count(index);
        let (again, leave) = (args(&[next], &after), args(&[], &after));
        self.less(next, hi, (head, again), (exit, leave));
        self.e.b.switch_to_block(exit);
        Ok(results)
    }

    /// The body for one index: what it yields.
    pub(super) fn round(
        &mut self,
        index: Value,
        body: RegionId,
    ) -> Result<Vec<Value>, CodegenError> {
        let held = self.hold(&[index], 0);
        self.set(self.func.region(body).args[0], held);
        self.in_loop(index, |this| this.region(body))?;
        Ok(self.given(body))
    }

    /// What a region yields.
    pub(super) fn given(&mut self, body: RegionId) -> Vec<Value> {
        let yields = self.func.region(body).yields.iter();
        yields.map(|&v| self.scalar(v)).collect()
    }

    pub(super) fn count(&mut self, index: Value) -> Value {
        let one = self.e.b.ins().iconst(types::I64, 1);
        self.e.iadd(index, one)
    }

    pub(super) fn joined(
        &mut self,
        joining: Joining,
        left: Value,
        right: Value,
    ) -> Result<Value, CodegenError> {
        let made = joining.join(&mut self.e, left, right);
        made.ok_or_else(|| {
            let ty = kiln_ir::Type::scalar(joining.scalar);
            self.no_form(joining.combine.op(), ty)
        })
    }

    /// The same for all values of a reduction.
    pub(super) fn joined_all(
        &mut self,
        joinings: &Joinings,
        left: &[Value],
        right: &[Value],
    ) -> Result<Vec<Value>, CodegenError> {
        let pairs = joinings.all.iter().zip(left.iter().zip(right));
        pairs
            .map(|(&joining, (&left, &right))| self.joined(joining, left, right))
            .collect()
    }

    /// The first `count` lanes folded in halves: lane `i` takes lane
    /// `i + width`.
    pub(super) fn fold(
        &mut self,
        joinings: &Joinings,
        lanes: StackSlot,
        count: usize,
    ) -> Result<Vec<Value>, CodegenError> {
        let base = self.e.b.ins().stack_addr(types::I64, lanes, 0);
        let mut folded = Vec::with_capacity(joinings.all.len());
        for &joining in &joinings.all {
            let places = (0..count).map(|lane| joining.at + lane * joining.size());
            let mut values: Vec<Value> = places
                .map(|at| joining.load(&mut self.e, base, at))
                .collect();
            while values.len() > 1 {
                let upper = values.split_off(values.len() / 2);
                for (value, &other) in values.iter_mut().zip(&upper) {
                    *value = self.joined(joining, *value, other)?;
                }
            }
            folded.push(values[0]);
        }
        Ok(folded)
    }
}
