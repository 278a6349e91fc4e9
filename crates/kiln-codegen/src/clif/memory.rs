//! Parameters, arrays and the call frame.
//!
//! Pointers, extents and strides are read from the frame once, at the entry.
//! Addresses are 64-bit sums; no access is marked aligned, movable or
//! read-only, because the runtime may pass any pointer and the same column
//! as input and output.

use super::emit::{ACCESS, Emit, Kind, PIECE};
use super::lower::Lowerer;
use crate::CodegenError;
use cranelift_codegen::ir::{InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value, types};
use kiln_ir::{ArrayRef, Func, Layout, Node, NodeId, Op, ParamType, Scalar, Type};

/// What code knows of an array.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pointer: Value,
    /// What the index of each dimension is multiplied by: all strides, in
    /// bytes, or the extents from the second on.
    factors: Vec<Value>,
}

/// Where an element lies.
struct Address {
    pointer: Value,
    /// Bytes from the pointer.
    offset: i32,
    /// The distance in bytes to the next element in the last dimension;
    /// `None` if that is the element's size.
    step: Option<Value>,
}

/// The greatest part of an index that goes into an offset.
const OFFSET_MAX: i128 = 1 << 20;

/// An index as a value plus a constant, so that `x[i - 1]` and `x[i + 1]`
/// share their address.
fn split_constant(func: &Func, index: NodeId) -> (Option<NodeId>, i64) {
    let small = |id: NodeId| {
        let value = func.as_const(id)?.as_int()?;
        (value.abs() <= OFFSET_MAX).then_some(value as i64)
    };
    if let Some(constant) = small(index) {
        return (None, constant);
    }
    match func.node(index) {
        Node::Op { op: Op::Add, args } => match (small(args[0]), small(args[1])) {
            (Some(constant), _) => (Some(args[1]), constant),
            (_, Some(constant)) => (Some(args[0]), constant),
            _ => (Some(index), 0),
        },
        Node::Op { op: Op::Sub, args } => match small(args[1]) {
            Some(constant) => (Some(args[0]), -constant),
            None => (Some(index), 0),
        },
        _ => (Some(index), 0),
    }
}

impl Emit<'_> {
    pub(super) fn stack_slot(&mut self, bytes: usize) -> StackSlot {
        let data = StackSlotData::new(StackSlotKind::ExplicitSlot, bytes as u32, 4);
        self.b.create_sized_stack_slot(data)
    }
}

impl Lowerer<'_> {
    /// Eight bytes at an address.
    pub(super) fn load_word(&mut self, pointer: Value, offset: usize) -> Value {
        self.e
            .b
            .ins()
            .load(types::I64, ACCESS, pointer, offset as i32)
    }

    pub(super) fn store_word(&mut self, value: Value, pointer: Value, offset: usize) {
        self.store_at(value, pointer, offset as i32);
    }

    fn store_at(&mut self, value: Value, pointer: Value, offset: i32) {
        self.e.b.ins().store(ACCESS, value, pointer, offset);
    }

    /// Writes a scalar to a slot of the frame, integers extended to it.
    pub(super) fn store_slot(&mut self, scalar: Scalar, value: Value, pointer: Value, at: usize) {
        let value = match scalar.is_float() {
            true => value,
            false => self.e.extend(Scalar::I64, scalar.is_signed(), value),
        };
        self.store_word(value, pointer, at);
    }

    /// A scalar parameter.
    pub(super) fn parameter(&mut self, index: usize) -> Result<Value, CodegenError> {
        if let Some(&value) = self.direct.get(index) {
            return Ok(value);
        }
        let (ParamType::Scalar(scalar), Some(frame)) = (self.func.params()[index].ty, self.frame)
        else {
            return Err(self.unsupported(format!("parameter {index}")));
        };
        let offset = self.layout.param(index) as i32;
        let ty = Kind::one(scalar).clif();
        Ok(self.e.b.ins().load(ty, ACCESS, frame, offset))
    }

    /// Reads what is needed of every array that is accessed, and makes the
    /// local ones, which start as zeros.
    pub(super) fn open_arrays(&mut self) -> Result<(), CodegenError> {
        self.bases = vec![None; self.func.params().len()];
        for index in 0..self.func.node_count() {
            let id = NodeId::new(index);
            let (Node::Load { array, .. } | Node::Store { array, .. } | Node::Scan { array, .. }) =
                self.func.node(id)
            else {
                continue;
            };
            if let (ArrayRef::Param(param), Some(_)) = (*array, self.schedule.place(id)) {
                self.open_array(param as usize)?;
            }
        }
        for local in self.func.locals() {
            let bytes = local.len as usize * local.elem.bytes();
            let slot = self.e.stack_slot(bytes.next_multiple_of(8).max(8));
            self.locals.push(slot);
            self.clear(slot, bytes.div_ceil(8));
        }
        Ok(())
    }

    fn open_array(&mut self, param: usize) -> Result<(), CodegenError> {
        if self.bases[param].is_some() {
            return Ok(());
        }
        let (ParamType::Array(ty), Some(frame)) = (self.func.params()[param].ty, self.frame) else {
            return Err(self.unsupported("an array of a direct entry"));
        };
        let rank = usize::from(ty.rank);
        let pointer = self.load_word(frame, self.layout.param(param));
        let offsets: Vec<usize> = match ty.layout {
            Layout::Strided => (0..rank)
                .map(|dim| self.layout.stride(param, rank, dim))
                .collect(),
            Layout::Contiguous => (1..rank)
                .map(|dim| self.layout.extent(param, dim))
                .collect(),
        };
        let scale = match ty.layout {
            Layout::Strided => ty.elem.bytes().trailing_zeros(),
            Layout::Contiguous => 0,
        };
        let factors = offsets
            .into_iter()
            .map(|at| {
                let factor = self.load_word(frame, at);
                self.scaled(factor, scale)
            })
            .collect();
        self.bases[param] = Some(Base { pointer, factors });
        Ok(())
    }

    /// Writes zeros to `words` words of a stack slot.
    fn clear(&mut self, slot: StackSlot, words: usize) {
        let zero = self.e.b.ins().iconst(types::I64, 0);
        let base = self.e.b.ins().stack_addr(types::I64, slot, 0);
        if words <= 16 {
            for word in 0..words {
                self.store_word(zero, base, 8 * word);
            }
            return;
        }
        let body = self.e.b.create_block();
        let done = self.e.b.create_block();
        let at = self.e.b.append_block_param(body, types::I64);
        self.e.b.ins().jump(body, &[base.into()]);
        self.e.b.switch_to_block(body);
        self.store_word(zero, at, 0);
        let eight = self.e.b.ins().iconst(types::I64, 8);
        let next = self.e.iadd(at, eight);
        let size = self.e.b.ins().iconst(types::I64, 8 * words as i64);
        let end = self.e.iadd(base, size);
        let kind = Kind::one(Scalar::U64);
        let more = self
            .e
            .icmp(kind, super::emit::int_cc(Op::Lt, false), next, end);
        self.e.b.ins().brif(more, body, &[next.into()], done, &[]);
        self.e.b.switch_to_block(done);
    }

    pub(super) fn extent(&mut self, array: ArrayRef, dim: u8) -> Result<Value, CodegenError> {
        match (array, self.frame) {
            (ArrayRef::Local(index), _) => {
                let len = i64::from(self.func.locals()[index as usize].len);
                Ok(self.e.b.ins().iconst(types::I64, len))
            }
            (ArrayRef::Param(param), Some(frame)) => {
                let at = self.layout.extent(param as usize, dim.into());
                Ok(self.load_word(frame, at))
            }
            (ArrayRef::Param(_), None) => Err(self.unsupported("an array of a direct entry")),
        }
    }

    /// The address of an element. Products and sums wrap, as do those of the
    /// index, so an index inside its extent gives the right address however
    /// it is put together; its guard has answered for any other.
    fn address(&mut self, array: ArrayRef, index: &[NodeId]) -> Address {
        let ty = self.func.array_type(array);
        let base = self.base(array);
        let scale = ty.elem.bytes().trailing_zeros();
        let mut pointer = base.pointer;
        let Some((&last, outer)) = index.split_last() else {
            return Address {
                pointer,
                offset: 0,
                step: None,
            };
        };
        if ty.layout == Layout::Strided {
            // The factors are strides in bytes.
            for (&at, &factor) in index.iter().zip(&base.factors) {
                let at = self.scalar(at);
                let bytes = self.e.imul(at, factor);
                pointer = self.e.iadd(pointer, bytes);
            }
            return Address {
                pointer,
                offset: 0,
                step: base.factors.last().copied(),
            };
        }
        // What does not change with the last index is added first: it leaves
        // the innermost loop.
        let mut rows = None;
        for (&at, &extent) in outer.iter().zip(&base.factors) {
            let at = self.scalar(at);
            let sum = match rows {
                None => at,
                Some(rows) => self.e.iadd(rows, at),
            };
            rows = Some(self.e.imul(sum, extent));
        }
        if let Some(rows) = rows {
            let bytes = self.scaled(rows, scale);
            pointer = self.e.iadd(pointer, bytes);
        }
        let (varying, mut constant) = split_constant(self.func, last);
        if let Some(varying) = varying {
            let at = match self.ahead {
                // The copies of a body share their addresses, too.
                Some((index, first, by)) if index == varying => {
                    constant += by;
                    first
                }
                _ => self.scalar(varying),
            };
            let bytes = self.scaled(at, scale);
            pointer = self.e.iadd(pointer, bytes);
        }
        Address {
            pointer,
            offset: (constant << scale) as i32,
            step: None,
        }
    }

    /// The address of an element, as one value.
    pub(super) fn element_address(&mut self, array: ArrayRef, index: &[NodeId]) -> Value {
        let Address {
            pointer, offset, ..
        } = self.address(array, index);
        let offset = self.e.b.ins().iconst(types::I64, i64::from(offset));
        self.e.iadd(pointer, offset)
    }

    /// The address of element 0 of an array that the Func accesses.
    pub(super) fn pointer(&mut self, array: ArrayRef) -> Value {
        self.base(array).pointer
    }

    fn base(&mut self, array: ArrayRef) -> Base {
        let local = match array {
            ArrayRef::Param(param) => match self.bases[param as usize].clone() {
                Some(base) => return base,
                None => unreachable!("arrays are opened at the entry"),
            },
            ArrayRef::Local(local) => local,
        };
        let slot = self.locals[local as usize];
        Base {
            pointer: self.e.b.ins().stack_addr(types::I64, slot, 0),
            factors: Vec::new(),
        }
    }

    pub(super) fn scaled(&mut self, elements: Value, scale: u32) -> Value {
        if scale == 0 {
            return elements;
        }
        let by = self.e.b.ins().iconst(types::I64, i64::from(scale));
        self.e.ishl(elements, by)
    }

    pub(super) fn load(
        &mut self,
        node: NodeId,
        array: ArrayRef,
        index: &[NodeId],
    ) -> Result<(), CodegenError> {
        let ty = self.func.ty(node);
        if index.iter().any(|&i| self.func.ty(i).is_vector()) {
            return self.gather(node, array, index);
        }
        let Address {
            pointer,
            offset,
            step,
        } = self.address(array, index);
        if !ty.is_vector() {
            let clif = self.kind(ty).clif();
            let value = self.e.b.ins().load(clif, ACCESS, pointer, offset);
            let held = self.hold(&[value], 0);
            self.set(node, held);
            return Ok(());
        }
        let lanes = self.piece_lanes(ty);
        let mut pieces = Vec::with_capacity(self.pieces_of(ty));
        let mut at = pointer;
        for piece in 0..self.pieces_of(ty) {
            let value = match step {
                None => {
                    let further = (piece * lanes * ty.scalar.bytes()) as i32;
                    self.load_piece(ty, pointer, offset + further)
                }
                Some(step) => self.load_lanes(ty, &mut at, offset, step),
            };
            pieces.push(value);
        }
        self.set_loaded(node, pieces);
        Ok(())
    }

    /// Sets a vector to what was loaded: truth values become masks.
    fn set_loaded(&mut self, node: NodeId, mut pieces: Vec<Value>) {
        let is_mask = self.func.ty(node).scalar == Scalar::Bool;
        if is_mask {
            for piece in &mut pieces {
                let zero = self.e.bits(Kind::piece(Scalar::I8), 0);
                let cc = super::emit::int_cc(Op::Ne, true);
                *piece = self.e.icmp(Kind::piece(Scalar::I8), cc, *piece, zero);
            }
        }
        let held = self.hold(&pieces, usize::from(is_mask));
        self.set(node, held);
    }

    /// A load with an index for each lane, lane by lane.
    fn gather(
        &mut self,
        node: NodeId,
        array: ArrayRef,
        index: &[NodeId],
    ) -> Result<(), CodegenError> {
        let ty = self.func.ty(node);
        let one = Kind::one(ty.scalar).clif();
        let mut pieces = Vec::with_capacity(self.pieces_of(ty));
        for piece in 0..self.pieces_of(ty) {
            let lanes: Vec<Value> = (0..self.piece_lanes(ty))
                .map(|lane| {
                    let at = self.lane_address(array, index, piece, lane);
                    self.e.b.ins().load(one, ACCESS, at, 0)
                })
                .collect();
            pieces.push(self.e.gather(Kind::piece(ty.scalar), &lanes));
        }
        self.set_loaded(node, pieces);
        Ok(())
    }

    /// The address of an element whose indices are those of a lane.
    fn lane_address(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        piece: usize,
        lane: usize,
    ) -> Value {
        let ty = self.func.array_type(array);
        let scale = ty.elem.bytes().trailing_zeros();
        let base = self.base(array);
        let is_strided = ty.layout == Layout::Strided;
        let mut elements = None;
        let mut pointer = base.pointer;
        for (dim, &at) in index.iter().enumerate() {
            let held = self.get(at);
            let mut at = match self.func.ty(at).is_vector() {
                true => {
                    let value = self.at(held, piece);
                    self.e.lane(value, lane)
                }
                false => self.at(held, 0),
            };
            if is_strided {
                // The factors are strides in bytes.
                let bytes = self.e.imul(at, base.factors[dim]);
                pointer = self.e.iadd(pointer, bytes);
                continue;
            }
            if let Some(before) = elements {
                let rows = self.e.imul(before, base.factors[dim - 1]);
                at = self.e.iadd(rows, at);
            }
            elements = Some(at);
        }
        match elements {
            Some(elements) => {
                let bytes = self.scaled(elements, scale);
                self.e.iadd(pointer, bytes)
            }
            None => pointer,
        }
    }

    /// The lanes of a piece, a stride apart; `at` moves past them.
    fn load_lanes(&mut self, ty: Type, at: &mut Value, offset: i32, step: Value) -> Value {
        let one = Kind::one(ty.scalar).clif();
        let lanes: Vec<Value> = (0..self.piece_lanes(ty))
            .map(|_| {
                let value = self.e.b.ins().load(one, ACCESS, *at, offset);
                *at = self.e.iadd(*at, step);
                value
            })
            .collect();
        self.e.gather(Kind::piece(ty.scalar), &lanes)
    }

    /// A piece of a vector, or a scalar, `offset` bytes from a pointer.
    pub(super) fn load_piece(&mut self, ty: Type, pointer: Value, offset: i32) -> Value {
        let kind = self.kind(ty);
        let bytes = self.piece_lanes(ty) * ty.scalar.bytes();
        if !kind.vector || bytes == PIECE {
            return self.e.b.ins().load(kind.clif(), ACCESS, pointer, offset);
        }
        let (part, whole) = match bytes {
            8 => (types::F64, types::F64X2),
            4 => (types::F32, types::F32X4),
            _ => (types::I32, types::I32X4),
        };
        let low = match bytes {
            2 => self.e.b.ins().uload16(types::I32, ACCESS, pointer, offset),
            1 => self.e.b.ins().uload8(types::I32, ACCESS, pointer, offset),
            _ => self.e.b.ins().load(part, ACCESS, pointer, offset),
        };
        let vector = self.e.b.ins().scalar_to_vector(whole, low);
        self.e.bitcast(kind, vector)
    }

    /// Writes a piece of a vector, or a scalar.
    pub(super) fn store_piece(&mut self, ty: Type, value: Value, pointer: Value, offset: i32) {
        let kind = self.kind(ty);
        let bytes = self.piece_lanes(ty) * ty.scalar.bytes();
        let value = match bytes {
            _ if !kind.vector || bytes == PIECE => value,
            8 => self.low(Scalar::F64, value),
            4 => self.low(Scalar::F32, value),
            2 => self.low(Scalar::I16, value),
            _ => self.low(Scalar::I8, value),
        };
        self.store_at(value, pointer, offset);
    }

    /// The first lane of a piece seen as lanes of `scalar`.
    fn low(&mut self, scalar: Scalar, value: Value) -> Value {
        let value = self.e.bitcast(Kind::piece(scalar), value);
        self.e.lane(value, 0)
    }

    /// Writes a scalar to an element.
    pub(super) fn store_value(&mut self, array: ArrayRef, index: &[NodeId], value: Value) {
        self.has_stored = true;
        let Address {
            pointer, offset, ..
        } = self.address(array, index);
        self.store_at(value, pointer, offset);
    }

    pub(super) fn store(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        value: NodeId,
    ) -> Result<(), CodegenError> {
        let ty = self.func.ty(value);
        let held = self.get_mask_or_value(value, 1);
        if !ty.is_vector() {
            let value = self.at(held, 0);
            self.store_value(array, index, value);
            return Ok(());
        }
        self.has_stored = true;
        let lanes = self.piece_lanes(ty);
        let is_scatter = index.iter().any(|&i| self.func.ty(i).is_vector());
        let Address {
            pointer,
            offset: first,
            step,
        } = match is_scatter {
            true => Address {
                pointer: self.pointer(array),
                offset: 0,
                step: None,
            },
            false => self.address(array, index),
        };
        let mut at = pointer;
        for piece in 0..self.pieces_of(ty) {
            let mut value = self.at(held, piece);
            if ty.scalar == Scalar::Bool {
                let one = self.e.bits(Kind::piece(Scalar::I8), 1);
                value = self.e.band(value, one);
            }
            if is_scatter {
                for lane in 0..lanes {
                    let at = self.lane_address(array, index, piece, lane);
                    let value = self.e.lane(value, lane);
                    self.store_at(value, at, 0);
                }
                continue;
            }
            let Some(step) = step else {
                let offset = (piece * lanes * ty.scalar.bytes()) as i32;
                self.store_piece(ty, value, pointer, first + offset);
                continue;
            };
            for lane in 0..lanes {
                let value = self.e.lane(value, lane);
                self.store_at(value, at, first);
                at = self.e.iadd(at, step);
            }
        }
        Ok(())
    }
}
