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
use kiln_ir::{ArrayRef, Layout, Node, NodeId, ParamType, Scalar, Type};

/// What code knows of an array.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pointer: Value,
    /// What the index of each dimension is multiplied by: all strides, or
    /// the extents from the second on.
    factors: Vec<Value>,
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
        self.e.b.ins().store(ACCESS, value, pointer, offset as i32);
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
            let (Node::Load { array, .. } | Node::Store { array, .. }) = self.func.node(id) else {
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
        let factors = offsets
            .into_iter()
            .map(|at| self.load_word(frame, at))
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
            .icmp(kind, super::emit::int_cc(kiln_ir::Op::Lt, false), next, end);
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

    /// The address of an element, and the distance to the next one in the
    /// last dimension: none if that is the element's size.
    fn address(&mut self, array: ArrayRef, index: &[NodeId]) -> (Value, Option<Value>) {
        let ty = self.func.array_type(array);
        let base = match array {
            ArrayRef::Param(param) => self.bases[param as usize].clone(),
            ArrayRef::Local(_) => None,
        };
        let base = base.unwrap_or_else(|| {
            let ArrayRef::Local(local) = array else {
                unreachable!("arrays are opened at the entry");
            };
            let slot = self.locals[local as usize];
            let pointer = self.e.b.ins().stack_addr(types::I64, slot, 0);
            let factors = Vec::new();
            Base { pointer, factors }
        });
        let scale = ty.elem.bytes().trailing_zeros();
        let mut offset = None;
        let mut step = None;
        for (dim, &at) in index.iter().enumerate() {
            let at = self.scalar(at);
            offset = Some(match (ty.layout, offset) {
                (Layout::Contiguous, None) => at,
                (Layout::Contiguous, Some(offset)) => {
                    let rows = self.e.imul(offset, base.factors[dim - 1]);
                    self.e.iadd(rows, at)
                }
                (Layout::Strided, offset) => {
                    let here = self.e.imul(at, base.factors[dim]);
                    match offset {
                        None => here,
                        Some(offset) => self.e.iadd(offset, here),
                    }
                }
            });
            if ty.layout == Layout::Strided {
                step = Some(base.factors[dim]);
            }
        }
        let pointer = match offset {
            None => base.pointer,
            Some(offset) => {
                let bytes = self.scaled(offset, scale);
                self.e.iadd(base.pointer, bytes)
            }
        };
        let step = step.map(|step| self.scaled(step, scale));
        (pointer, step)
    }

    fn scaled(&mut self, elements: Value, scale: u32) -> Value {
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
        let (pointer, step) = self.address(array, index);
        if !ty.is_vector() {
            let clif = self.kind(ty).clif();
            let value = self.e.b.ins().load(clif, ACCESS, pointer, 0);
            let held = self.hold(&[value], 0);
            self.set(node, held);
            return Ok(());
        }
        let lanes = self.piece_lanes(ty);
        let mut pieces = Vec::with_capacity(self.pieces_of(ty));
        let mut at = pointer;
        for piece in 0..self.pieces_of(ty) {
            let value = match step {
                None => self.load_piece(ty, pointer, piece * lanes * ty.scalar.bytes()),
                Some(step) => self.load_lanes(ty, &mut at, step),
            };
            pieces.push(match ty.scalar {
                Scalar::Bool => {
                    let zero = self.e.bits(Kind::piece(Scalar::I8), 0);
                    let cc = super::emit::int_cc(kiln_ir::Op::Ne, true);
                    self.e.icmp(Kind::piece(Scalar::I8), cc, value, zero)
                }
                _ => value,
            });
        }
        let mask = usize::from(ty.scalar == Scalar::Bool);
        let held = self.hold(&pieces, mask);
        self.set(node, held);
        Ok(())
    }

    /// The lanes of a piece, a stride apart; `at` moves past them.
    fn load_lanes(&mut self, ty: Type, at: &mut Value, step: Value) -> Value {
        let one = Kind::one(ty.scalar).clif();
        let lanes: Vec<Value> = (0..self.piece_lanes(ty))
            .map(|_| {
                let value = self.e.b.ins().load(one, ACCESS, *at, 0);
                *at = self.e.iadd(*at, step);
                value
            })
            .collect();
        self.e.gather(Kind::piece(ty.scalar), &lanes)
    }

    /// A piece of a vector, or a scalar, `offset` bytes from a pointer.
    pub(super) fn load_piece(&mut self, ty: Type, pointer: Value, offset: usize) -> Value {
        let kind = self.kind(ty);
        let offset = offset as i32;
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
    pub(super) fn store_piece(&mut self, ty: Type, value: Value, pointer: Value, offset: usize) {
        let kind = self.kind(ty);
        let bytes = self.piece_lanes(ty) * ty.scalar.bytes();
        let value = match bytes {
            _ if !kind.vector || bytes == PIECE => value,
            8 => self.low(Scalar::F64, value),
            4 => self.low(Scalar::F32, value),
            2 => self.low(Scalar::I16, value),
            _ => self.low(Scalar::I8, value),
        };
        self.store_word(value, pointer, offset);
    }

    /// The first lane of a piece seen as lanes of `scalar`.
    fn low(&mut self, scalar: Scalar, value: Value) -> Value {
        let value = self.e.bitcast(Kind::piece(scalar), value);
        self.e.lane(value, 0)
    }

    pub(super) fn store(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        value: NodeId,
    ) -> Result<(), CodegenError> {
        self.has_stored = true;
        let ty = self.func.ty(value);
        let held = self.get_mask_or_value(value, 1);
        let (pointer, step) = self.address(array, index);
        if !ty.is_vector() {
            let value = self.at(held, 0);
            self.store_word(value, pointer, 0);
            return Ok(());
        }
        let lanes = self.piece_lanes(ty);
        let mut at = pointer;
        for piece in 0..self.pieces_of(ty) {
            let mut value = self.at(held, piece);
            if ty.scalar == Scalar::Bool {
                let one = self.e.bits(Kind::piece(Scalar::I8), 1);
                value = self.e.band(value, one);
            }
            let Some(step) = step else {
                self.store_piece(ty, value, pointer, piece * lanes * ty.scalar.bytes());
                continue;
            };
            for lane in 0..lanes {
                let value = self.e.lane(value, lane);
                self.store_word(value, at, 0);
                at = self.e.iadd(at, step);
            }
        }
        Ok(())
    }
}
