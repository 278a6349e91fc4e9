//! From the nodes of a Func to Cranelift instructions.
//!
//! A vector of the language is held as pieces of 128 bits, all with the same
//! number of lanes: as many as the widest element of the loop fits. Narrower
//! elements fill the low part of a piece only, so every op is made piece by
//! piece, and the pieces of one op stand side by side, which keeps several
//! independent chains in flight. What does not vary has one piece.

use super::emit::{Emit, Kind, PIECE};
use crate::frame::FrameLayout;
use crate::{CodegenError, Entry, Level, Source, StripCall};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, StackSlot, Value};
use cranelift_frontend::Variable;
use kiln_ir::{Const, Func, Node, NodeId, Op, RegionId, Scalar, Schedule, Type};
use rustc_hash::FxHashMap;

/// Cranelift instructions a function may have: what it compiles in about a
/// second, and far below its own limits.
const INST_LIMIT: usize = 200_000;

/// The value of a node: a run of pieces in [`Lowerer::pool`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) start: u32,
    /// Number of pieces; 1 if the value does not vary.
    pub(super) len: u16,
    /// For masks, the size of their elements in bytes; 0 for all else.
    pub(super) mask: u8,
}

/// Lowers one Func.
pub(super) struct Lowerer<'a> {
    pub(super) func: &'a Func,
    /// The loops that have strips.
    pub(super) strips: &'a [StripCall<'a>],
    pub(super) schedule: Schedule,
    pub(super) layout: FrameLayout,
    pub(super) e: Emit<'a>,
    pub(super) entry: Entry,
    pub(super) level: Level,
    /// The call frame; none for direct entries.
    pub(super) frame: Option<Value>,
    /// The parameters of a direct entry.
    pub(super) direct: Vec<Value>,
    /// The table of helpers that a direct entry is handed.
    pub(super) helpers: Option<Value>,
    /// The row: the index of the outermost counted loop.
    pub(super) row: Option<Value>,
    /// Rounds of unbounded loops so far, where there are any.
    pub(super) rounds: Option<Variable>,
    /// The index of a loop whose body is being copied: the index of the first
    /// copy, and how far on this one is.
    pub(super) ahead: Option<(NodeId, Value, i64)>,
    /// Where a guard that fails goes, instead of reporting it.
    pub(super) on_failure: Option<Block>,
    /// Whether the loop being lowered has stored anything.
    pub(super) has_stored: bool,
    /// Size of the widest element held in vectors, in bytes.
    widest: usize,
    pool: Vec<Value>,
    values: Vec<Option<Held>>,
    results: FxHashMap<NodeId, Vec<Held>>,
    pub(super) bases: Vec<Option<super::memory::Base>>,
    pub(super) locals: Vec<StackSlot>,
    /// The frame of the strips that are called.
    pub(super) strip_frame: Option<StackSlot>,
    /// Room for the lanes and digits of reductions: one slot for each depth to
    /// which they stand in each other.
    pub(super) rooms: Vec<StackSlot>,
    /// In how many reductions the code being made stands.
    pub(super) reductions: usize,
    /// Room for the vectors of helpers.
    pub(super) scratch: Option<StackSlot>,
    /// The conditions of the rare paths being lowered.
    pub(super) active: Vec<NodeId>,
}

impl<'a> Lowerer<'a> {
    pub(super) fn new(
        Source { func, strips }: Source<'a>,
        e: Emit<'a>,
        entry: Entry,
        level: Level,
    ) -> Lowerer<'a> {
        let schedule = Schedule::of(func);
        Lowerer {
            func,
            strips,
            layout: FrameLayout::of(func),
            e,
            entry,
            level,
            frame: None,
            direct: Vec::new(),
            helpers: None,
            row: None,
            rounds: None,
            ahead: None,
            on_failure: None,
            has_stored: false,
            widest: widest(func, &schedule),
            pool: Vec::with_capacity(2 * func.node_count()),
            values: vec![None; func.node_count()],
            results: FxHashMap::default(),
            bases: Vec::new(),
            locals: Vec::new(),
            strip_frame: None,
            rooms: Vec::new(),
            reductions: 0,
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

    pub(super) fn no_form(&self, op: Op, ty: Type) -> CodegenError {
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

    /// Sets a scalar, results of structured nodes included.
    pub(super) fn put(&mut self, node: NodeId, value: Value) {
        let held = self.hold(&[value], 0);
        match *self.func.node(node) {
            Node::Proj { of, index } => {
                let count = self.func.result_types(of).len();
                let results = self.results.entry(of);
                results.or_insert_with(|| vec![held; count])[index as usize] = held;
            }
            _ => self.set(node, held),
        }
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
            Node::Reduce {
                shape,
                lo,
                hi,
                body,
                ..
            } => {
                let range = (self.scalar(*lo), self.scalar(*hi));
                self.reduce(node, *shape, range, *body)
            }
            Node::Scan {
                combine,
                init,
                lo,
                hi,
                array,
                body,
            } => {
                let range = (self.scalar(*lo), self.scalar(*hi));
                self.scan(node, (*combine, *init), range, *array, *body)
            }
            Node::Call { .. } => Err(self.unsupported("a call that was not inlined")),
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
            Op::Mul if let Some((factor, shift)) = self.sum_of_shifted(args) => {
                let clif = self.kind(ty).clif();
                let by = self.e.b.ins().iconst(clif, shift);
                let x = values[factor];
                let shifted = self.e.ishl(x, by);
                Ok(self.e.iadd(x, shifted))
            }
            Op::And | Op::Or if let Some([x, extent]) = self.within(op, args) => {
                let (x, extent) = (self.scalar(x), self.scalar(extent));
                let compare = match op {
                    Op::And => IntCC::UnsignedLessThan,
                    _ => IntCC::UnsignedGreaterThanOrEqual,
                };
                Ok(self.e.b.ins().icmp(compare, x, extent))
            }
            _ => {
                let made = self.e.one(op, from.scalar, &values[..args.len()]);
                made.ok_or_else(|| self.no_form(op, from))
            }
        }
    }

    /// Whether an integer is multiplied by 3, 5 or 9: which operand it is, and
    /// by how much it is shifted to be added to itself. That is one
    /// instruction of one cycle, a product takes three.
    fn sum_of_shifted(&self, args: &[NodeId]) -> Option<(usize, i64)> {
        (0..2).find_map(|factor| {
            let by = self.func.as_const(args[1 - factor])?.as_int()?;
            [3, 5, 9]
                .contains(&by)
                .then(|| (factor, (by - 1).ilog2().into()))
        })
    }

    /// The value and the extent of `0 <= x && x < extent`, or of its opposite
    /// with `or`, where the extent is not negative: without signs that is one
    /// comparison.
    fn within(&self, op: Op, args: &[NodeId]) -> Option<[NodeId; 2]> {
        let (from, below) = match op {
            Op::And => (Op::Ge, Op::Lt),
            _ => (Op::Lt, Op::Ge),
        };
        let compared = |v: NodeId, by: Op| match self.func.node(v) {
            Node::Op { op, args } if *op == by => Some([args[0], args[1]]),
            _ => None,
        };
        let whole = |v: NodeId| self.func.as_const(v).and_then(|c| c.as_int());
        (0..2).find_map(|first| {
            let [x, zero] = compared(args[first], from)?;
            let [same, extent] = compared(args[1 - first], below)?;
            let is_extent = matches!(self.func.node(extent), Node::Len { .. })
                || whole(extent).is_some_and(|n| n >= 0);
            let is_signed = self.func.ty(x).scalar.is_signed();
            let found = x == same && is_signed && whole(zero) == Some(0) && is_extent;
            found.then_some([x, extent])
        })
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
