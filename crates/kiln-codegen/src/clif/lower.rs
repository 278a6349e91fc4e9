//! From the nodes of a Func to Cranelift instructions.
//!
//! A vector of the language is held as pieces of 128 bits, all with the same
//! number of lanes: as many as the widest element of the loop fits. Narrower
//! elements fill the low part of a piece only, so every op is made piece by
//! piece, and the pieces of one op stand side by side, which keeps several
//! independent chains in flight. What does not vary has one piece.

use super::emit::{Emit, Kind, PIECE};
use super::ops::is_comparison;
use crate::frame::{FrameLayout, Helper};
use crate::{CodegenError, Entry, Level};
use cranelift_codegen::ir::{Block, BlockArg, ConstantData, InstBuilder, StackSlot, Value, types};
use kiln_ir::{Class, Const, Func, Node, NodeId, Op, RegionId, Scalar, Schedule, Type};
use rustc_hash::FxHashMap;

/// Cranelift instructions a function may have: what it compiles in about a
/// second, and far below its own limits.
const INST_LIMIT: usize = 200_000;

/// The value of a node: a run of pieces in [`Lowerer::pool`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    start: u32,
    /// Number of pieces; 1 if the value does not vary.
    len: u16,
    /// For masks, the size of their elements in bytes; 0 for all else.
    mask: u8,
}

/// Lowers one Func.
pub(super) struct Lowerer<'a> {
    pub(super) func: &'a Func,
    pub(super) schedule: Schedule,
    pub(super) layout: FrameLayout,
    pub(super) e: Emit<'a>,
    pub(super) entry: Entry,
    pub(super) level: Level,
    /// The call frame; none for direct entries.
    pub(super) frame: Option<Value>,
    /// The parameters of a direct entry.
    pub(super) direct: Vec<Value>,
    /// The row a strip is at.
    pub(super) row: Option<Value>,
    /// Whether the loop being lowered has stored anything.
    pub(super) has_stored: bool,
    /// Size of the widest element held in vectors, in bytes.
    widest: usize,
    pool: Vec<Value>,
    values: Vec<Option<Held>>,
    results: FxHashMap<NodeId, Vec<Held>>,
    pub(super) bases: Vec<Option<super::memory::Base>>,
    pub(super) locals: Vec<StackSlot>,
    /// Room for the vectors of helpers.
    scratch: Option<StackSlot>,
    /// The conditions of the rare paths being lowered.
    pub(super) active: Vec<NodeId>,
}

impl<'a> Lowerer<'a> {
    pub(super) fn new(func: &'a Func, e: Emit<'a>, entry: Entry, level: Level) -> Lowerer<'a> {
        let schedule = Schedule::of(func);
        Lowerer {
            func,
            layout: FrameLayout::of(func),
            e,
            entry,
            level,
            frame: None,
            direct: Vec::new(),
            row: None,
            has_stored: false,
            widest: widest(func, &schedule),
            pool: Vec::with_capacity(2 * func.node_count()),
            values: vec![None; func.node_count()],
            results: FxHashMap::default(),
            bases: Vec::new(),
            locals: Vec::new(),
            scratch: None,
            active: Vec::new(),
            schedule,
        }
    }

    pub(super) fn unsupported(&self, what: impl Into<String>) -> CodegenError {
        CodegenError::Unsupported {
            what: what.into(),
            level: self.level,
        }
    }

    fn no_form(&self, op: Op, ty: Type) -> CodegenError {
        self.unsupported(format!("{} of {ty}", op.name()))
    }

    /// Lanes in each piece of a vector.
    pub(super) fn piece_lanes(&self, ty: Type) -> usize {
        (PIECE / self.widest).min(usize::from(ty.lanes))
    }

    /// Pieces of a value that varies.
    pub(super) fn pieces_of(&self, ty: Type) -> usize {
        usize::from(ty.lanes).div_ceil(PIECE / self.widest)
    }

    pub(super) fn kind(&self, ty: Type) -> Kind {
        Kind {
            scalar: ty.scalar,
            vector: ty.is_vector(),
        }
    }

    /// Size of the elements of a mask that was not made from data.
    pub(super) fn mask_bytes(&self) -> usize {
        self.widest
    }

    // Values.

    pub(super) fn hold(&mut self, pieces: &[Value], mask: usize) -> Held {
        let start = self.pool.len() as u32;
        self.pool.extend_from_slice(pieces);
        Held {
            start,
            len: pieces.len() as u16,
            mask: mask as u8,
        }
    }

    pub(super) fn at(&self, held: Held, piece: usize) -> Value {
        self.pool[held.start as usize + piece.min(usize::from(held.len) - 1)]
    }

    pub(super) fn set(&mut self, node: NodeId, held: Held) {
        self.values[node.index()] = Some(held);
    }

    pub(super) fn set_results(&mut self, node: NodeId, results: Vec<Held>) {
        self.results.insert(node, results);
    }

    /// The value of a node. Constants are made where they are used, so that
    /// none takes a register for longer than it must.
    pub(super) fn get(&mut self, node: NodeId) -> Held {
        match *self.func.node(node) {
            Node::Const(value) => {
                let value = self.e.bits(Kind::one(value.scalar()), value.bits());
                self.hold(&[value], 0)
            }
            Node::Proj { of, index } => self.results[&of][index as usize],
            Node::Op {
                op: Op::Splat,
                args,
            } if self.func.as_const(args[0]).is_some() => {
                let value = self.func.as_const(args[0]);
                self.splat_const(value.unwrap_or(Const::bool(false)))
            }
            _ => match self.values[node.index()] {
                Some(held) => held,
                None => unreachable!("{node} is used before it is computed"),
            },
        }
    }

    /// The value of a scalar node.
    pub(super) fn scalar(&mut self, node: NodeId) -> Value {
        let held = self.get(node);
        self.at(held, 0)
    }

    /// The value of a node, masks as masks over elements of `bytes`.
    pub(super) fn get_mask(&mut self, node: NodeId, bytes: usize) -> Held {
        let held = self.get(node);
        if !self.func.ty(node).is_vector() || usize::from(held.mask) == bytes {
            return held;
        }
        let from = usize::from(held.mask);
        let pieces: Vec<Value> = (0..usize::from(held.len))
            .map(|i| {
                let piece = self.at(held, i);
                self.e.mask_to(from, bytes, piece)
            })
            .collect();
        self.hold(&pieces, bytes)
    }

    fn splat_const(&mut self, value: Const) -> Held {
        if value.scalar() == Scalar::Bool {
            let bytes = self.mask_bytes();
            let kind = Kind::piece(super::emit::int_of(bytes));
            let mask = self.e.int(kind, -(value.bits() as i64));
            return self.hold(&[mask], bytes);
        }
        let piece = self.e.bits(Kind::piece(value.scalar()), value.bits());
        self.hold(&[piece], 0)
    }

    // Nodes.

    /// Lowers what runs in a region, in order. Recurses on the nesting of
    /// regions, which the verifier bounds.
    pub(super) fn region(&mut self, region: RegionId) -> Result<(), CodegenError> {
        for index in 0..self.schedule.nodes(region).len() {
            let node = self.schedule.nodes(region)[index];
            self.node(node)?;
        }
        let found = self.e.b.func.dfg.num_insts();
        if found > INST_LIMIT {
            return Err(CodegenError::Limit {
                what: "instructions",
                found,
                limit: INST_LIMIT,
            });
        }
        Ok(())
    }

    pub(super) fn node(&mut self, node: NodeId) -> Result<(), CodegenError> {
        let func = self.func;
        match func.node(node) {
            Node::Const(_) | Node::Arg { .. } | Node::Proj { .. } => Ok(()),
            Node::Param(index) => {
                let value = self.parameter(*index as usize)?;
                let held = self.hold(&[value], 0);
                self.set(node, held);
                Ok(())
            }
            Node::Op { op, args } => self.op(node, *op, args),
            Node::Len { array, dim } => {
                let value = self.extent(*array, *dim)?;
                let held = self.hold(&[value], 0);
                self.set(node, held);
                Ok(())
            }
            Node::Load { array, index, .. } => self.load(node, *array, index),
            Node::Store {
                array,
                index,
                value,
            } => self.store(*array, index, *value),
            Node::Guard {
                cond,
                fault,
                operands,
            } => self.guard(*cond, *fault, operands),
            Node::If {
                cond,
                then,
                otherwise,
            } => self.branch(node, *cond, *then, *otherwise),
            Node::For {
                lo,
                hi,
                lanes,
                init,
                body,
            } => {
                let (lo, hi) = (self.scalar(*lo), self.scalar(*hi));
                self.for_loop(node, lo, hi, *lanes, init, *body)
            }
            Node::While { init, cond, body } => self.while_loop(node, init, *cond, *body),
            Node::Reduce { .. } => Err(self.unsupported("reduce")),
            Node::Scan { .. } => Err(self.unsupported("scan")),
            Node::Call { .. } => Err(self.unsupported("call")),
        }
    }

    fn op(&mut self, node: NodeId, op: Op, args: &[NodeId]) -> Result<(), CodegenError> {
        let ty = self.func.ty(node);
        let held = match op {
            // Made where it is used.
            Op::Splat if self.func.as_const(args[0]).is_some() => return Ok(()),
            Op::Splat => self.splat(ty, args[0]),
            Op::Iota => self.iota(ty),
            Op::Any | Op::All => self.any_or_all(op, args[0]),
            _ => match args.first().map(|&a| self.func.ty(a)) {
                Some(from) if from.is_vector() => self.vector_op(op, from, ty, args)?,
                Some(from) => {
                    let value = self.scalar_op(op, from, ty, args)?;
                    self.hold(&[value], 0)
                }
                None => return Err(self.no_form(op, ty)),
            },
        };
        self.set(node, held);
        Ok(())
    }

    fn scalar_op(
        &mut self,
        op: Op,
        from: Type,
        ty: Type,
        args: &[NodeId],
    ) -> Result<Value, CodegenError> {
        if self.calls_helper(op, from) {
            let held: Vec<Held> = args.iter().map(|&a| self.get(a)).collect();
            let result = self.helper(op, from, &held)?;
            return Ok(self.at(result, 0));
        }
        let mut values = [Value::from_u32(0); 3];
        for (value, &arg) in values.iter_mut().zip(args) {
            *value = self.scalar(arg);
        }
        match op {
            Op::Select => Ok(self
                .e
                .select(self.kind(ty), values[0], values[1], values[2])),
            Op::Cast => Ok(self.e.cast(from.scalar, ty.scalar, values[0])),
            _ => {
                let made = self.e.one(op, from.scalar, &values[..args.len()]);
                made.ok_or_else(|| self.no_form(op, from))
            }
        }
    }

    /// Whether an op on a type is a call of a helper on this target.
    fn calls_helper(&self, op: Op, from: Type) -> bool {
        from.scalar.is_float()
            && (op == Op::Rem
                || op.class() == Class::Slow
                || (op == Op::Fma && !self.e.target.has_fma()))
    }

    fn vector_op(
        &mut self,
        op: Op,
        from: Type,
        ty: Type,
        args: &[NodeId],
    ) -> Result<Held, CodegenError> {
        if self.calls_helper(op, from) {
            let held: Vec<Held> = args.iter().map(|&a| self.get(a)).collect();
            return self.helper(op, from, &held);
        }
        match op {
            Op::Select => return Ok(self.vector_select(ty, args)),
            Op::Cast => return self.vector_cast(from, ty, args[0]),
            Op::Shl | Op::Shr | Op::Rotl | Op::Rotr => {
                if let Node::Op {
                    op: Op::Splat,
                    args: by,
                } = self.func.node(args[1])
                {
                    let (x, by) = (self.get(args[0]), self.scalar(by[0]));
                    return Ok(self
                        .map(&[x], 0, |e, v| Some(e.shift_all(op, from.scalar, v[0], by)))
                        .unwrap_or(x));
                }
            }
            _ => {}
        }
        if from.scalar == Scalar::Bool {
            let first = self.get(args[0]);
            let bytes = usize::from(first.mask);
            let mut held = vec![first];
            held.extend(args[1..].iter().map(|&a| self.get_mask(a, bytes)));
            return self
                .map(&held, bytes, |e, v| e.truth_op(op, true, v))
                .ok_or_else(|| self.no_form(op, from));
        }
        let held: Vec<Held> = args.iter().map(|&a| self.get(a)).collect();
        let gives_mask = is_comparison(op) || ty.scalar == Scalar::Bool;
        let mask = if gives_mask { from.scalar.bytes() } else { 0 };
        let lanes = self.piece_lanes(from);
        self.map(&held, mask, |e, v| e.piece(op, from.scalar, lanes, v))
            .ok_or_else(|| self.no_form(op, from))
    }

    /// Applies `f` piece by piece; the result does not vary if no operand
    /// does.
    fn map(
        &mut self,
        args: &[Held],
        mask: usize,
        mut f: impl FnMut(&mut Emit<'a>, &[Value]) -> Option<Value>,
    ) -> Option<Held> {
        let pieces = args.iter().map(|a| usize::from(a.len)).max().unwrap_or(1);
        let mut made = Vec::with_capacity(pieces);
        for piece in 0..pieces {
            let mut values = [Value::from_u32(0); 3];
            for (value, &arg) in values.iter_mut().zip(args) {
                *value = self.at(arg, piece);
            }
            made.push(f(&mut self.e, &values[..args.len()])?);
        }
        Some(self.hold(&made, mask))
    }

    fn vector_select(&mut self, ty: Type, args: &[NodeId]) -> Held {
        let yes = self.get(args[1]);
        let (bytes, mask) = match ty.scalar {
            Scalar::Bool => (usize::from(yes.mask), usize::from(yes.mask)),
            other => (other.bytes(), 0),
        };
        let cond = self.get_mask(args[0], bytes);
        let no = self.get_mask_or_value(args[2], bytes);
        let kind = match ty.scalar {
            Scalar::Bool => Kind::piece(super::emit::int_of(bytes)),
            scalar => Kind::piece(scalar),
        };
        let made = self.map(&[cond, yes, no], mask, |e, v| {
            Some(e.select(kind, v[0], v[1], v[2]))
        });
        made.unwrap_or(yes)
    }

    /// As [`get`](Self::get), masks as masks over elements of `bytes`.
    pub(super) fn get_mask_or_value(&mut self, node: NodeId, bytes: usize) -> Held {
        match self.func.ty(node).scalar {
            Scalar::Bool => self.get_mask(node, bytes),
            _ => self.get(node),
        }
    }

    fn vector_cast(&mut self, from: Type, ty: Type, arg: NodeId) -> Result<Held, CodegenError> {
        let x = self.get_mask_or_value(arg, ty.scalar.bytes());
        let lanes = self.piece_lanes(from);
        let (from, to) = (from.scalar, ty.scalar);
        let made = self.map(&[x], 0, |e, v| {
            Some(match e.cast_piece(from, to, v[0]) {
                Some(value) => value,
                None => {
                    let mut results = Vec::with_capacity(lanes);
                    for lane in 0..lanes {
                        let x = e.lane(v[0], lane);
                        results.push(e.cast(from, to, x));
                    }
                    e.gather(Kind::piece(to), &results)
                }
            })
        });
        made.ok_or_else(|| self.no_form(Op::Cast, ty))
    }

    fn splat(&mut self, ty: Type, arg: NodeId) -> Held {
        let value = self.scalar(arg);
        if ty.scalar == Scalar::Bool {
            let bytes = self.mask_bytes();
            let scalar = super::emit::int_of(bytes);
            let wide = self.e.extend(scalar, false, value);
            let wide = self.e.b.ins().ineg(wide);
            let mask = self.e.b.ins().splat(Kind::piece(scalar).clif(), wide);
            return self.hold(&[mask], bytes);
        }
        let piece = self.e.b.ins().splat(Kind::piece(ty.scalar).clif(), value);
        self.hold(&[piece], 0)
    }

    fn iota(&mut self, ty: Type) -> Held {
        let lanes = self.piece_lanes(ty);
        let pieces: Vec<Value> = (0..self.pieces_of(ty))
            .map(|piece| {
                let first = (piece * lanes) as i64;
                let data: ConstantData = (first..first + 2).flat_map(i64::to_le_bytes).collect();
                self.e.constant(Kind::piece(Scalar::I64), data)
            })
            .collect();
        self.hold(&pieces, 0)
    }

    fn any_or_all(&mut self, op: Op, arg: NodeId) -> Held {
        let value = self.test(op, arg);
        self.hold(&[value], 0)
    }

    /// Whether any lane, or every lane, of a mask is on.
    pub(super) fn test(&mut self, op: Op, arg: NodeId) -> Value {
        let ty = self.func.ty(arg);
        let held = self.get(arg);
        let bytes = usize::from(held.mask);
        let kind = Kind::piece(super::emit::int_of(bytes));
        let mut joined = self.at(held, 0);
        for piece in 1..usize::from(held.len) {
            let next = self.at(held, piece);
            joined = match op {
                Op::Any => self.e.bor(joined, next),
                _ => self.e.band(joined, next),
            };
        }
        // Lanes above the ones that count hold anything.
        let lanes = self.piece_lanes(ty);
        if lanes * bytes < PIECE {
            let first = self.e.first_lanes(kind, lanes);
            joined = match op {
                Op::Any => self.e.band(joined, first),
                _ => {
                    let others = self.e.b.ins().bnot(first);
                    self.e.bor(joined, others)
                }
            };
        }
        match op {
            Op::Any => self.e.b.ins().vany_true(joined),
            _ => self.e.b.ins().vall_true(joined),
        }
    }

    // Helpers.

    /// A call of a helper for the lanes that need it: those of the rare path
    /// it stands on, or all.
    fn helper(&mut self, op: Op, ty: Type, args: &[Held]) -> Result<Held, CodegenError> {
        let helper = Helper::of(op, ty.scalar).ok_or_else(|| self.no_form(op, ty))?;
        let Some(frame) = self.frame else {
            return Err(CodegenError::Entry {
                entry: self.entry,
                takes: "a Func that calls no helper",
            });
        };
        let bytes = ty.scalar.bytes();
        let vector_bytes = (usize::from(ty.lanes) * bytes).next_multiple_of(64);
        let slot = self.scratch_slot();
        let pointer = self.e.b.ins().stack_addr(types::I64, slot, 0);
        let pieces = self.pieces_of(ty);
        let mask = self.active_mask(ty);
        let ints = ty.with_scalar(ty.scalar.to_signed());
        self.put_vector(ints, mask, pointer, 0);
        let mut at = vector_bytes;
        for &arg in args {
            self.put_vector(ty, arg, pointer, at);
            at += vector_bytes;
        }
        // Lanes that are off keep the first operand: some value, always the
        // same one.
        self.put_vector(ty, args[0], pointer, at);
        let table = self.load_word(frame, crate::frame::HELPERS);
        let code = self.load_word(table, 8 * helper.index());
        let lanes = self.e.b.ins().iconst(types::I64, i64::from(ty.lanes));
        let signature = self.helper_signature();
        self.e
            .b
            .ins()
            .call_indirect(signature, code, &[pointer, lanes]);
        let mut results = Vec::with_capacity(pieces);
        for piece in 0..pieces {
            let offset = at + piece * self.piece_lanes(ty) * bytes;
            results.push(self.load_piece(ty, pointer, offset));
        }
        Ok(self.hold(&results, 0))
    }

    /// The lanes a helper is called for.
    fn active_mask(&mut self, ty: Type) -> Held {
        let bytes = ty.scalar.bytes();
        match self.active.last() {
            Some(&mask) if self.func.ty(mask).lanes == ty.lanes && ty.is_vector() => {
                self.get_mask(mask, bytes)
            }
            _ => {
                let kind = self.kind(ty.with_scalar(ty.scalar.to_signed()));
                let on = self.e.int(kind, -1);
                self.hold(&[on], bytes)
            }
        }
    }

    fn scratch_slot(&mut self) -> StackSlot {
        if let Some(slot) = self.scratch {
            return slot;
        }
        let lanes = max_lanes(self.func);
        let vector = (lanes * 8).next_multiple_of(64);
        // The mask, three operands, one result.
        let slot = self.e.stack_slot(5 * vector);
        self.scratch = Some(slot);
        slot
    }

    fn put_vector(&mut self, ty: Type, held: Held, pointer: Value, at: usize) {
        for piece in 0..self.pieces_of(ty) {
            let value = self.at(held, piece);
            let offset = at + piece * self.piece_lanes(ty) * ty.scalar.bytes();
            self.store_piece(ty, value, pointer, offset);
        }
    }

    // Blocks.

    /// Block arguments for values: every piece of each, masks over elements
    /// of [`mask_bytes`](Self::mask_bytes).
    pub(super) fn spread(&mut self, nodes: &[NodeId]) -> Vec<BlockArg> {
        let mut args = Vec::new();
        let bytes = self.mask_bytes();
        for &node in nodes {
            let held = self.get_mask_or_value(node, bytes);
            for piece in 0..self.pieces_of(self.func.ty(node)) {
                args.push(self.at(held, piece).into());
            }
        }
        args
    }

    /// Parameters of a block for values of these types.
    pub(super) fn block_params(&mut self, block: Block, types: &[Type]) -> Vec<Held> {
        let mut held = Vec::with_capacity(types.len());
        for &ty in types {
            let is_mask = ty.is_vector() && ty.scalar == Scalar::Bool;
            let mask = if is_mask { self.mask_bytes() } else { 0 };
            let kind = match is_mask {
                true => Kind::piece(super::emit::int_of(mask)),
                false => self.kind(ty),
            };
            let pieces: Vec<Value> = (0..self.pieces_of(ty))
                .map(|_| self.e.b.append_block_param(block, kind.clif()))
                .collect();
            held.push(self.hold(&pieces, mask));
        }
        held
    }
}

/// Size of the widest element of a vector that is computed, in bytes.
fn widest(func: &Func, schedule: &Schedule) -> usize {
    let sizes = (0..func.node_count()).map(NodeId::new).filter_map(|id| {
        schedule.place(id)?;
        let ty = func.value_type(id)?;
        ty.is_vector().then_some(ty.scalar.bytes())
    });
    sizes.max().unwrap_or(8)
}

/// The most lanes of a value.
fn max_lanes(func: &Func) -> usize {
    let lanes = (0..func.node_count()).filter_map(|i| func.value_type(NodeId::new(i)));
    lanes.map(|ty| usize::from(ty.lanes)).max().unwrap_or(1)
}
