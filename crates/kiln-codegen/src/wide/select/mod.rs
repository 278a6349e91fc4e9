//! Instruction selection: from the nodes of a widened loop to machine
//! instructions over virtual registers.
//!
//! Every value is held as pieces, one register each, all with the same number
//! of lanes: as many as the loop's widest type fits into a register. Narrower
//! types use narrower registers, so an operation is always piece by piece and
//! the pieces of one operation stand side by side, which keeps two to four
//! independent chains in flight. A value that does not vary has one piece.
//!
//! A mask is a vector of all ones and zeros at AVX2, as wide as the data it
//! was made from, and a k register at AVX-512.

mod absorbed;
mod cast;
mod float;
mod inner_loop;
mod int;
mod mask;
mod memory;
mod slow;
mod structure;
mod while_loop;

use super::inst::{Arg, BlockData, GENERAL, Inst, MASK, MachFunc, Part, VECTOR, VInst};
use super::pool::Constants;
use super::rows::{MachOp, Slot, Width};
use crate::frame::FrameLayout;
use crate::{CodegenError, Level};
use absorbed::{absorbed_complements, absorbed_negations, complement};
use inner_loop::asked_bound;
use kiln_ir::{Const, Func, Node, NodeId, Op, RegionId, Scalar, Schedule, Type};
use regalloc2::{Block, VReg};
use rustc_hash::FxHashMap;

/// What selection gives.
#[derive(Debug)]
pub(crate) struct Selected {
    /// The strip.
    pub(crate) func: MachFunc,
    /// Its constants.
    pub(crate) constants: Constants,
}

/// Selects instructions for the loop `row_loop` of `func`, which must be
/// legal at the level.
pub(crate) fn select(
    func: &Func,
    schedule: &Schedule,
    row_loop: NodeId,
    level: Level,
    shape: Shape,
) -> Result<Selected, CodegenError> {
    let mut selector = Selector::new(func, schedule, level, shape);
    selector.strip(row_loop)?;
    Ok(Selected {
        func: selector.finish(),
        constants: selector.constants,
    })
}

/// How the lanes of a loop lie in registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    /// Lanes of the loop.
    pub(crate) lanes: usize,
    /// Lanes of a piece.
    pub(crate) piece: usize,
    /// Size of the widest element, in bytes.
    pub(crate) widest: usize,
}

impl Shape {
    /// Pieces of a varying value.
    fn pieces(self) -> usize {
        self.lanes / self.piece
    }
}

/// The value of a node.
#[derive(Clone, Debug)]
struct Value {
    /// One per piece; a single one if the value does not vary.
    pieces: Vec<Arg>,
    /// For masks at AVX2, the size of their elements in bytes.
    mask_bytes: usize,
}

/// A block under construction.
#[derive(Debug)]
struct OpenBlock {
    data: BlockData,
    /// Blocks of one chain are emitted together; chain 0 comes first.
    chain: usize,
}

struct Selector<'a> {
    func: &'a Func,
    schedule: &'a Schedule,
    layout: FrameLayout,
    level: Level,
    shape: Shape,
    mach: MachFunc,
    blocks: Vec<OpenBlock>,
    chains: usize,
    current: usize,
    constants: Constants,
    values: Vec<Option<Value>>,
    /// Values found while inside a region, to be forgotten at its end.
    found: Vec<NodeId>,
    /// Masks converted to another element size.
    converted: Vec<(NodeId, usize, Vec<Arg>)>,
    /// Masks as integers, by the `any` or `all` that asks for them.
    lane_bits: FxHashMap<NodeId, (VReg, usize)>,
    /// Negations that their users take over.
    absorbed: Vec<bool>,
    /// Comparisons of which the complement is held, as their users know.
    complements: Vec<bool>,
    frame: VReg,
    index: VReg,
    /// The registers that hold the indices of the loops around.
    indices: Vec<(NodeId, VReg)>,
    /// What was loaded of the frame before the loop, by its place there.
    frame_words: FxHashMap<usize, VReg>,
    /// Parameters with their sign bits flipped, by the node that spreads them.
    flipped_params: FxHashMap<NodeId, Arg>,
    preheader: usize,
}

impl<'a> Selector<'a> {
    fn new(func: &'a Func, schedule: &'a Schedule, level: Level, shape: Shape) -> Selector<'a> {
        let mut mach = MachFunc::default();
        let frame = mach.fresh(GENERAL);
        let index = mach.fresh(GENERAL);
        Selector {
            func,
            schedule,
            layout: FrameLayout::of(func),
            level,
            shape,
            mach,
            blocks: Vec::new(),
            chains: 1,
            current: 0,
            constants: Constants::default(),
            values: vec![None; func.node_count()],
            found: Vec::new(),
            converted: Vec::new(),
            lane_bits: FxHashMap::default(),
            absorbed: absorbed_negations(func, schedule),
            complements: absorbed_complements(func, schedule, level),
            frame,
            index,
            indices: Vec::new(),
            frame_words: FxHashMap::default(),
            flipped_params: FxHashMap::default(),
            preheader: 0,
        }
    }

    fn evex(&self) -> bool {
        self.level == Level::Avx512
    }

    /// Element size of a mask that was not made from data.
    fn mask_bytes(&self) -> usize {
        self.shape.widest
    }

    /// Width of a piece of a scalar type.
    fn width(&self, scalar: Scalar) -> Width {
        self.width_of(scalar.bytes())
    }

    /// Width of a piece with elements of `bytes`.
    fn width_of(&self, bytes: usize) -> Width {
        Width::holding(self.shape.piece * bytes)
    }

    fn push(&mut self, inst: Inst) {
        self.blocks[self.current].data.insts.push(inst);
    }

    /// Emits a row of the table.
    fn inst(&mut self, op: MachOp, width: Width, args: &[Arg], imm: u8) -> Arg {
        self.masked(op, width, args, imm, None, None)
    }

    /// Emits a row of the table under a write mask.
    fn masked(
        &mut self,
        op: MachOp,
        width: Width,
        args: &[Arg],
        imm: u8,
        mask: Option<Arg>,
        merge: Option<Arg>,
    ) -> Arg {
        let form = op.form();
        debug_assert_eq!(args.len(), form.arity(), "{op:?}");
        let mut held = [None; 3];
        for (slot, &arg) in held.iter_mut().zip(args) {
            *slot = Some(arg);
        }
        let def = match form.def {
            Slot::None => None,
            Slot::Mask => Some(self.mach.fresh(MASK)),
            _ => Some(self.mach.fresh(VECTOR)),
        };
        let mask = mask.map(|m| self.register(m, Width::X));
        let merge = merge.map(|m| self.register(m, width));
        self.push(Inst::Vector(VInst {
            op,
            width,
            def,
            args: held,
            imm,
            mask,
            merge,
        }));
        def.map_or(args[0], Arg::Reg)
    }

    fn op(&mut self, op: MachOp, width: Width, args: &[Arg]) -> Arg {
        self.inst(op, width, args, 0)
    }

    /// A register that holds an argument.
    fn register(&mut self, arg: Arg, width: Width) -> VReg {
        match arg {
            Arg::Reg(reg) => reg,
            other => match self.op(MachOp::MovUps, width, &[other]) {
                Arg::Reg(reg) => reg,
                _ => unreachable!("a load defines a register"),
            },
        }
    }

    /// `bits` in every lane of a scalar type.
    fn splat(&mut self, scalar: Scalar, bits: u64) -> Arg {
        self.splat_bytes(scalar.bytes(), bits)
    }

    /// `bits` in every lane of `bytes` bytes.
    fn splat_bytes(&mut self, bytes: usize, bits: u64) -> Arg {
        Arg::Const(self.constants.splat(bits, bytes))
    }

    /// The float `value` in every lane, in the precision of `scalar`.
    fn float(&mut self, scalar: Scalar, value: f64) -> Arg {
        match scalar {
            Scalar::F32 => self.splat(scalar, u64::from((value as f32).to_bits())),
            _ => self.splat(scalar, value.to_bits()),
        }
    }

    fn is_zero(&self, arg: Arg) -> bool {
        matches!(arg, Arg::Const(id) if self.constants.is_zero(id))
    }

    fn scalar(&self, node: NodeId) -> Scalar {
        self.func.ty(node).scalar
    }

    /// The pieces of a node's value; masks must be asked for by `mask_of`.
    fn pieces(&mut self, node: NodeId) -> Vec<Arg> {
        self.value(node).pieces
    }

    fn value(&mut self, node: NodeId) -> Value {
        if let Some(value) = &self.values[node.index()] {
            return value.clone();
        }
        match *self.func.node(node) {
            Node::Const(value) => self.constant(value),
            Node::Param(index) => {
                let value = self.uniform_param(index, self.scalar(node));
                // It stands before the loop, so no region's end forgets it.
                self.values[node.index()] = Some(value.clone());
                value
            }
            Node::Arg { .. } => {
                let found = self.indices.iter().find(|(i, _)| *i == node);
                let Some(&(_, index)) = found else {
                    unreachable!("{node} is the index of a loop around")
                };
                let value = self.loop_index(index);
                self.set(node, value.clone());
                value
            }
            _ => unreachable!("{node} is used before it is computed"),
        }
    }

    fn set(&mut self, node: NodeId, value: Value) {
        self.values[node.index()] = Some(value);
        self.found.push(node);
    }

    /// Forgets what was found since `mark`: it does not dominate what follows.
    fn forget(&mut self, mark: (usize, usize)) {
        for node in self.found.drain(mark.0..) {
            self.values[node.index()] = None;
        }
        self.converted.truncate(mark.1);
    }

    fn mark(&self) -> (usize, usize) {
        (self.found.len(), self.converted.len())
    }

    fn constant(&mut self, value: Const) -> Value {
        if value.scalar() == Scalar::Bool {
            return self.constant_mask(value.bits() != 0);
        }
        Value::uniform(self.splat(value.scalar(), value.bits()))
    }

    /// Applies `f` piece by piece; the result does not vary if no operand
    /// does.
    fn zip<const N: usize>(
        &mut self,
        operands: [&[Arg]; N],
        mut f: impl FnMut(&mut Self, [Arg; N]) -> Arg,
    ) -> Vec<Arg> {
        let pieces = operands.iter().map(|o| o.len()).max().unwrap_or(1);
        (0..pieces)
            .map(|i| f(self, operands.map(|o| o[i.min(o.len() - 1)])))
            .collect()
    }

    /// All pieces of a value, repeated if it does not vary.
    fn spread(&self, pieces: &[Arg], ty: Type) -> Vec<Arg> {
        let count = if ty.is_vector() {
            self.shape.pieces()
        } else {
            1
        };
        (0..count)
            .map(|i| pieces[i.min(pieces.len() - 1)])
            .collect()
    }

    /// Computes the nodes of a region.
    fn region(&mut self, region: RegionId) -> Result<(), CodegenError> {
        let schedule = self.schedule;
        for &node in schedule.nodes(region) {
            self.node(node)?;
        }
        Ok(())
    }

    fn node(&mut self, node: NodeId) -> Result<(), CodegenError> {
        match self.func.node(node) {
            Node::Op { op, args } if !self.absorbed[node.index()] => {
                let args: Vec<NodeId> = args.to_vec();
                self.op_node(node, *op, &args)
            }
            Node::Load { array, index, .. } => {
                let value = self.load(*array, index, self.func.ty(node))?;
                self.set(node, value);
                Ok(())
            }
            Node::Store {
                array,
                index,
                value,
            } => self.store(*array, index, *value),
            Node::If { .. } => self.branch(node),
            Node::While { .. } => self.while_loop(node),
            Node::For { .. } => self.inner_loop(node),
            Node::Guard { cond, .. } => self.guard(*cond),
            // Constants, parameters and arguments are made where they are
            // first used; projections are set with their structure.
            _ => Ok(()),
        }
    }

    fn op_node(&mut self, node: NodeId, op: Op, args: &[NodeId]) -> Result<(), CodegenError> {
        let ty = self.func.ty(node);
        let value = match op {
            Op::Any | Op::All => {
                self.any_or_all(node, args[0], op == Op::All);
                return Ok(());
            }
            // The loop whose bound it is asks.
            Op::Select if asked_bound(self.func, node).is_some() => return Ok(()),
            Op::Splat => self.value(args[0]),
            Op::Iota => self.iota(),
            Op::Cast => self.cast_node(args[0], ty.scalar)?,
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge => {
                let held =
                    complement(self.func, op, args).filter(|_| self.complements[node.index()]);
                self.compare(held.unwrap_or(op), args)?
            }
            Op::AddOverflows | Op::SubOverflows => self.overflows(op, args)?,
            Op::Select => self.select(args, ty)?,
            _ if ty.scalar == Scalar::Bool => self.mask_op(op, args)?,
            _ if ty.scalar.is_float() && op != Op::FromBits => {
                self.float_op(op, args, ty.scalar)?
            }
            _ => self.int_op(op, args, ty.scalar)?,
        };
        self.set(node, value);
        Ok(())
    }

    /// The error of an op that selection does not know; `legal` refuses it
    /// first.
    fn unknown(&self, op: Op, scalar: Scalar) -> CodegenError {
        self.unsupported(format!("{} of {scalar}", op.name()))
    }

    fn unsupported(&self, what: String) -> CodegenError {
        CodegenError::Unsupported {
            what,
            level: self.level,
        }
    }

    /// Puts the blocks in the order of emission.
    fn finish(&mut self) -> MachFunc {
        let mut order: Vec<usize> = (0..self.blocks.len()).collect();
        order.sort_by_key(|&i| self.blocks[i].chain);
        let mut new = vec![0; order.len()];
        for (at, &old) in order.iter().enumerate() {
            new[old] = at;
        }
        let mut mach = std::mem::take(&mut self.mach);
        mach.preheader = new[self.preheader];
        for old in order {
            let mut data = std::mem::take(&mut self.blocks[old].data);
            for succ in &mut data.succs {
                *succ = Block::new(new[succ.index()]);
            }
            if let Part::Cold(from) = &mut data.part {
                *from = new[*from];
            }
            mach.blocks.push(data);
        }
        mach
    }
}

impl Value {
    fn uniform(piece: Arg) -> Value {
        Value::of(vec![piece])
    }

    fn of(pieces: Vec<Arg>) -> Value {
        Value {
            pieces,
            mask_bytes: 0,
        }
    }

    fn mask(pieces: Vec<Arg>, mask_bytes: usize) -> Value {
        Value { pieces, mask_bytes }
    }
}
