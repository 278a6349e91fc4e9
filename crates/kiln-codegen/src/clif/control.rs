//! Entries, loops, branches and guards as blocks.
//!
//! A strip is
//! ```text
//! entry:  what does not vary; lo < hi ? loop : exit
//! loop:   a row, or a block of rows; guard ? on : fail; next < hi ? loop : exit
//! exit:   return 0
//! fail:   the error record; return its status
//! ```

use super::emit::{Kind, int_cc};
use super::lower::{Held, Lowerer};
use crate::frame;
use crate::{CodegenError, Entry, Level};
use cranelift_codegen::ir::{
    AbiParam, ArgumentExtension, Block, BlockArg, InstBuilder, SigRef, Signature, Value, types,
};
use cranelift_frontend::Variable;
use kiln_ir::{Class, FaultId, Func, Node, NodeId, Op, ParamType, RegionId, Scalar, strip_loop};

/// Rounds of an unbounded loop between two looks at the stop flag.
const STOP_ROUNDS: i64 = 1024;

/// The signature of an entry.
pub(super) fn signature(func: &Func, entry: Entry, target: &crate::Target) -> Signature {
    let mut signature = Signature::new(target.isa(false).default_call_conv());
    let word = AbiParam::new(types::I64);
    match entry {
        Entry::Direct => {
            let scalars = func.params().iter().filter_map(|p| match p.ty {
                ParamType::Scalar(scalar) => Some(abi(scalar)),
                ParamType::Array(_) => None,
            });
            signature.params.extend(scalars);
            signature.params.push(word);
            let results = func.results().iter().map(|ty| abi(ty.scalar));
            signature.returns.extend(results);
            return signature;
        }
        Entry::Frame => signature.params.push(word),
        Entry::Strip => signature.params.extend([word; 3]),
    }
    signature.returns.push(word);
    signature
}

/// A scalar as C passes it: narrow integers extended by their sign.
fn abi(scalar: Scalar) -> AbiParam {
    let param = AbiParam::new(Kind::one(scalar).clif());
    let extension = match scalar {
        _ if scalar.bytes() >= 4 => ArgumentExtension::None,
        _ if scalar.is_signed() => ArgumentExtension::Sext,
        _ => ArgumentExtension::Uext,
    };
    AbiParam { extension, ..param }
}

/// How a scalar Func is best called: directly if it has one result, cannot
/// fail and has no unbounded loop, which a frame is needed to stop.
pub(crate) fn scalar_entry(func: &Func) -> Entry {
    let is_bounded =
        (0..func.node_count()).all(|i| !matches!(func.node(NodeId::new(i)), Node::While { .. }));
    match func.is_scalar() && !func.can_fail() && func.results().len() == 1 && is_bounded {
        true => Entry::Direct,
        false => Entry::Frame,
    }
}

impl Lowerer<'_> {
    /// The whole function.
    pub(super) fn function(&mut self) -> Result<(), CodegenError> {
        let entry = self.e.b.create_block();
        self.e.b.append_block_params_for_function_params(entry);
        self.e.b.switch_to_block(entry);
        let params = self.e.b.block_params(entry).to_vec();
        match self.entry {
            Entry::Direct => self.direct_entry(params),
            Entry::Frame => self.frame_entry(params[0]),
            Entry::Strip => self.strip_entry(params[0], params[1], params[2]),
        }
    }

    fn refused(&self, takes: &'static str) -> CodegenError {
        CodegenError::Entry {
            entry: self.entry,
            takes,
        }
    }

    fn direct_entry(&mut self, mut params: Vec<Value>) -> Result<(), CodegenError> {
        if !self.func.is_scalar() || self.func.can_fail() || self.func.results().len() != 1 {
            return Err(self.refused("a scalar Func with one result that cannot fail"));
        }
        self.helpers = params.pop();
        self.direct = params;
        let body = self.func.body();
        self.region(body)?;
        let result = self.scalar(self.func.region(body).yields[0]);
        self.e.b.ins().return_(&[result]);
        Ok(())
    }

    fn frame_entry(&mut self, frame: Value) -> Result<(), CodegenError> {
        self.frame = Some(frame);
        self.start_rounds();
        self.open_arrays()?;
        let body = self.func.body();
        self.region(body)?;
        for (index, &node) in self.func.region(body).yields.iter().enumerate() {
            let value = self.scalar(node);
            let scalar = self.func.ty(node).scalar;
            self.store_slot(scalar, value, frame, self.layout.result(index));
        }
        self.give(frame::DONE);
        Ok(())
    }

    fn strip_entry(&mut self, frame: Value, lo: Value, hi: Value) -> Result<(), CodegenError> {
        let func = self.func;
        let row_loop = strip_loop(func).ok_or_else(|| self.refused("one loop over rows"))?;
        let Node::For {
            lanes,
            ref init,
            body,
            ..
        } = *func.node(row_loop)
        else {
            return Err(self.refused("one loop over rows"));
        };
        // A local array lives as long as the call, and a strip is a part of it.
        if !self.func.locals().is_empty() {
            return Err(self.refused("one loop over rows without local arrays"));
        }
        self.frame = Some(frame);
        self.start_rounds();
        self.open_arrays()?;
        let nodes = self.schedule.nodes(self.func.body()).to_vec();
        for node in nodes {
            // The bounds of the loop are the strip's arguments.
            match self.func.node(node) {
                Node::Len { .. } => {}
                _ if node == row_loop => self.for_loop(row_loop, lo, hi, lanes, init, body)?,
                _ => self.node(node)?,
            }
        }
        self.give(frame::DONE);
        Ok(())
    }

    /// Returns a status.
    fn give(&mut self, status: i64) {
        let status = self.e.b.ins().iconst(types::I64, status);
        self.e.b.ins().return_(&[status]);
    }

    pub(super) fn for_loop(
        &mut self,
        node: NodeId,
        lo: Value,
        hi: Value,
        lanes: u16,
        init: &[NodeId],
        body: RegionId,
    ) -> Result<(), CodegenError> {
        if let Some(number) = self.strip_of(node) {
            return match self.strips[number].strip.jam {
                Some(jam) => self.jammed_loop(number, jam, (lo, hi), body),
                None => self.loop_with_strip(number, lo, hi, body),
            };
        }
        if lanes == 1 && self.entry == Entry::Frame && self.is_short(body) {
            return self.unrolled(node, lo, hi, init, body);
        }
        let types = self.func.result_types(node);
        let head = self.e.b.create_block();
        let exit = self.e.b.create_block();
        let index = self.e.b.append_block_param(head, types::I64);
        let carried = self.block_params(head, &types);
        let results = self.block_params(exit, &types);
        let init = self.spread(init);
        self.less(lo, hi, (head, with_first(lo, &init)), (exit, init));

        self.e.b.switch_to_block(head);
        let args = &self.func.region(body).args;
        let held = self.hold(&[index], 0);
        self.set(args[0], held);
        for (&arg, held) in args[1..].iter().zip(carried) {
            self.set(arg, held);
        }
        self.in_loop(index, |this| this.region(body))?;
        let next = self.spread(&self.func.region(body).yields);
        let step = self.e.b.ins().iconst(types::I64, i64::from(lanes));
        let after = self.e.iadd(index, step);
        self.less(after, hi, (head, with_first(after, &next)), (exit, next));
        self.e.b.switch_to_block(exit);
        self.set_results(node, results);
        Ok(())
    }

    /// Does what is in a counted loop.
    pub(super) fn in_loop(
        &mut self,
        index: Value,
        inside: impl FnOnce(&mut Self) -> Result<(), CodegenError>,
    ) -> Result<(), CodegenError> {
        let outer = self.row;
        self.row = outer.or(Some(index));
        inside(self)?;
        self.row = outer;
        Ok(())
    }

    /// Branches on `x < y`.
    pub(super) fn less(
        &mut self,
        x: Value,
        y: Value,
        then: (Block, Vec<BlockArg>),
        otherwise: (Block, Vec<BlockArg>),
    ) {
        let kind = Kind::one(Scalar::I64);
        let less = self.e.icmp(kind, int_cc(Op::Lt, true), x, y);
        self.e
            .b
            .ins()
            .brif(less, then.0, &then.1, otherwise.0, &otherwise.1);
    }

    pub(super) fn while_loop(
        &mut self,
        node: NodeId,
        init: &[NodeId],
        cond: RegionId,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        if self.is_short(cond) {
            return self.tested_below(node, init, cond, body);
        }
        let types = self.func.result_types(node);
        let head = self.e.b.create_block();
        let inside = self.e.b.create_block();
        let exit = self.e.b.create_block();
        let carried = self.block_params(head, &types);
        let init = self.spread(init);
        self.e.b.ins().jump(head, &init);

        self.e.b.switch_to_block(head);
        self.set_args(body, &carried);
        let go_on = self.asked(cond, &carried)?;
        self.e.b.ins().brif(go_on, inside, &[], exit, &[]);
        self.e.b.switch_to_block(inside);
        self.region(body)?;
        let next = self.spread(&self.func.region(body).yields);
        self.count_round()?;
        self.e.b.ins().jump(head, &next);
        // What is carried at the head is what the loop ends with.
        self.e.b.switch_to_block(exit);
        self.set_results(node, carried);
        Ok(())
    }

    /// An unbounded loop whose short condition is asked before the first
    /// round and at the end of each, so that a round is one jump.
    fn tested_below(
        &mut self,
        node: NodeId,
        init: &[NodeId],
        cond: RegionId,
        body: RegionId,
    ) -> Result<(), CodegenError> {
        let types = self.func.result_types(node);
        let head = self.e.b.create_block();
        let exit = self.e.b.create_block();
        let results = self.block_params(exit, &types);
        let first: Vec<Held> = init.iter().map(|&v| self.get(v)).collect();
        let go_on = self.asked(cond, &first)?;
        let init = self.spread(init);
        self.e.b.ins().brif(go_on, head, &init, exit, &init);

        let carried = self.block_params(head, &types);
        self.e.b.switch_to_block(head);
        self.set_args(body, &carried);
        self.region(body)?;
        let yields = &self.func.region(body).yields;
        let last: Vec<Held> = yields.iter().map(|&v| self.get(v)).collect();
        let next = self.spread(yields);
        self.count_round()?;
        let go_on = self.asked(cond, &last)?;
        self.e.b.ins().brif(go_on, head, &next, exit, &next);
        self.e.b.switch_to_block(exit);
        self.set_results(node, results);
        Ok(())
    }

    fn set_args(&mut self, region: RegionId, held: &[Held]) {
        for (&arg, &held) in self.func.region(region).args.iter().zip(held) {
            self.set(arg, held);
        }
    }

    /// Whether an unbounded loop goes on with what it carries.
    fn asked(&mut self, cond: RegionId, carried: &[Held]) -> Result<Value, CodegenError> {
        self.set_args(cond, carried);
        self.region(cond)?;
        Ok(self.scalar(self.func.region(cond).yields[0]))
    }

    /// The counter of rounds of unbounded loops: one for the whole call, so
    /// that loops in loops look at the stop flag as often as one loop.
    fn rounds(&mut self) -> Variable {
        if let Some(rounds) = self.rounds {
            return rounds;
        }
        let rounds = self.e.b.declare_var(types::I64);
        self.rounds = Some(rounds);
        rounds
    }

    /// Starts to count rounds, at the entry.
    fn start_rounds(&mut self) {
        let is_while = |i| matches!(self.func.node(NodeId::new(i)), Node::While { .. });
        if (0..self.func.node_count()).any(is_while) {
            let rounds = self.rounds();
            let all = self.e.b.ins().iconst(types::I64, STOP_ROUNDS);
            self.e.b.def_var(rounds, all);
        }
    }

    /// Counts a round of an unbounded loop. Once in [`STOP_ROUNDS`] rounds,
    /// ends the call if the stop flag is set.
    fn count_round(&mut self) -> Result<(), CodegenError> {
        let Some(frame) = self.frame else {
            return Err(self.refused("a Func without unbounded loops"));
        };
        let [look, stop, again, on] = [(); 4].map(|()| self.e.b.create_block());
        for rare in [look, stop, again] {
            self.e.b.set_cold_block(rare);
        }
        let rounds = self.rounds();
        let left = self.e.b.use_var(rounds);
        let less = self.e.b.ins().iconst(types::I64, -1);
        let left = self.e.iadd(left, less);
        self.e.b.def_var(rounds, left);
        self.e.b.ins().brif(left, on, &[], look, &[]);
        self.e.b.switch_to_block(look);
        let flag = self.load_word(frame, frame::STOP);
        let asked = self.e.b.ins().load(types::I8, super::emit::ACCESS, flag, 0);
        self.e.b.ins().brif(asked, stop, &[], again, &[]);
        self.e.b.switch_to_block(stop);
        self.give(frame::STOPPED);
        self.e.b.switch_to_block(again);
        let all = self.e.b.ins().iconst(types::I64, STOP_ROUNDS);
        self.e.b.def_var(rounds, all);
        self.e.b.ins().jump(on, &[]);
        self.e.b.switch_to_block(on);
        Ok(())
    }

    pub(super) fn branch(
        &mut self,
        node: NodeId,
        cond: NodeId,
        then: RegionId,
        otherwise: RegionId,
    ) -> Result<(), CodegenError> {
        let types = self.func.result_types(node);
        let test = self.scalar(cond);
        let [yes, no, join] = [(); 3].map(|()| self.e.b.create_block());
        // Whether any lane is on is asked before rare paths only.
        let any = match self.func.node(cond) {
            Node::Op { op: Op::Any, args } => Some(args[0]),
            _ => None,
        };
        if any.is_some() || self.calls_slow(then) {
            self.e.b.set_cold_block(yes);
        }
        self.e.b.ins().brif(test, yes, &[], no, &[]);
        self.e.b.switch_to_block(yes);
        self.active.extend(any);
        self.region(then)?;
        if any.is_some() {
            self.active.pop();
        }
        let args = self.spread(&self.func.region(then).yields);
        self.e.b.ins().jump(join, &args);
        self.e.b.switch_to_block(no);
        self.region(otherwise)?;
        let args = self.spread(&self.func.region(otherwise).yields);
        self.e.b.ins().jump(join, &args);
        self.e.b.switch_to_block(join);
        let results = self.block_params(join, &types);
        self.set_results(node, results);
        Ok(())
    }

    fn calls_slow(&self, region: RegionId) -> bool {
        let nodes = self.schedule.nodes(region).iter();
        nodes.into_iter().any(
            |&id| matches!(self.func.node(id), Node::Op { op, .. } if op.class() == Class::Slow),
        )
    }

    pub(super) fn guard(
        &mut self,
        cond: NodeId,
        fault: FaultId,
        operands: &[NodeId],
    ) -> Result<(), CodegenError> {
        let Some(frame) = self.frame else {
            return Err(self.refused("a Func that cannot fail"));
        };
        // Of a strip of blocks, the row that fails reports when it runs alone.
        let is_vector = self.func.ty(cond).is_vector();
        let reruns = is_vector || (self.entry == Entry::Strip && self.level != Level::One);
        if reruns && (self.entry != Entry::Strip || self.has_stored) {
            return Err(self.unsupported("a guard behind a store"));
        }
        let holds = match is_vector {
            true => self.test(Op::All, cond),
            false => self.scalar(cond),
        };
        let on = self.e.b.create_block();
        if let Some(elsewhere) = self.on_failure {
            self.e.b.ins().brif(holds, on, &[], elsewhere, &[]);
            self.e.b.switch_to_block(on);
            return Ok(());
        }
        let fail = self.e.b.create_block();
        self.e.b.set_cold_block(fail);
        self.e.b.ins().brif(holds, on, &[], fail, &[]);
        self.e.b.switch_to_block(fail);
        let row = match self.row {
            Some(row) => row,
            None => self.e.b.ins().iconst(types::I64, 0),
        };
        self.store_word(row, frame, frame::ERROR_ROW);
        if reruns {
            self.give(frame::RERUN);
        } else {
            self.fail(frame, fault, operands);
        }
        self.e.b.switch_to_block(on);
        Ok(())
    }

    /// Fills the error record and returns the fault's status.
    fn fail(&mut self, frame: Value, fault: FaultId, operands: &[NodeId]) {
        let shown = operands.iter().map(|&v| self.func.ty(v));
        let shown = shown.filter(|ty| !ty.is_vector()).map(|ty| ty.scalar);
        let code = frame::error_code(fault, shown);
        let code = self.e.b.ins().iconst(types::I64, code);
        self.store_word(code, frame, frame::ERROR_CODE);
        for (slot, &operand) in operands.iter().enumerate() {
            let ty = self.func.ty(operand);
            let value = self.scalar(operand);
            if !ty.is_vector() {
                let at = frame::ERROR_OPERANDS + 8 * slot;
                self.store_slot(ty.scalar, value, frame, at);
            }
        }
        self.give(frame::DONE + 1 + fault.index() as i64);
    }

    /// The table of helpers: the last argument of a direct entry, else in the
    /// frame.
    pub(super) fn helper_table(&mut self) -> Result<Value, CodegenError> {
        match (self.helpers, self.frame) {
            (Some(table), _) => Ok(table),
            (None, Some(frame)) => Ok(self.load_word(frame, frame::HELPERS)),
            (None, None) => Err(self.refused("a Func that calls no helper")),
        }
    }

    /// The signature of helpers.
    pub(super) fn helper_signature(&mut self) -> SigRef {
        let mut signature = Signature::new(self.e.target.isa(false).default_call_conv());
        signature.params = vec![AbiParam::new(types::I64); 2];
        self.e.b.import_signature(signature)
    }
}

pub(super) fn with_first(first: Value, rest: &[BlockArg]) -> Vec<BlockArg> {
    let mut args = Vec::with_capacity(1 + rest.len());
    args.push(first.into());
    args.extend_from_slice(rest);
    args
}
