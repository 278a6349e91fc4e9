//! Parameters, the loop's index, loads and stores.

use super::super::inst::{Addr, Arg, GENERAL, Inst, VECTOR};
use super::super::rows::{MachOp, Width};
use super::{Selector, Value};
use crate::CodegenError;
use kiln_ir::{ArrayRef, Layout, Node, NodeId, Op, Scalar, Type};
use regalloc2::VReg;

/// Where an access stands.
enum Place {
    /// At the loop's index plus a constant.
    Index(i64),
    /// At a constant.
    Fixed(i64),
}

impl Selector<'_> {
    /// A scalar parameter in every lane, loaded before the loop.
    pub(super) fn uniform_param(&mut self, index: u32, scalar: Scalar) -> Value {
        let addr = Addr {
            base: self.frame,
            index: None,
            scale: 1,
            disp: self.layout.param(index as usize) as i32,
        };
        let back = std::mem::replace(&mut self.current, self.preheader);
        let value = self.broadcast(addr, scalar);
        self.current = back;
        value
    }

    /// The element at an address in every lane.
    fn broadcast(&mut self, addr: Addr, scalar: Scalar) -> Value {
        let op = match scalar.bytes() {
            1 => MachOp::BroadcastB,
            2 => MachOp::BroadcastW,
            4 => MachOp::BroadcastD,
            _ => MachOp::BroadcastQ,
        };
        if scalar == Scalar::Bool {
            let bytes = self.mask_bytes();
            let width = self.width_of(bytes);
            let raw = self.op(MachOp::BroadcastB, width, &[Arg::Mem(addr)]);
            return self.nonzero_bytes_everywhere(raw, width);
        }
        let width = self.width(scalar);
        Value::uniform(self.op(op, width, &[Arg::Mem(addr)]))
    }

    /// The loop's index in every lane.
    pub(super) fn loop_index(&mut self) -> Value {
        let def = self.mach.fresh(VECTOR);
        let width = self.width(Scalar::I64);
        self.push(Inst::BroadcastWord {
            def,
            arg: self.index,
            width,
        });
        Value::uniform(Arg::Reg(def))
    }

    /// 0, 1, 2, ...
    pub(super) fn iota(&mut self) -> Value {
        let lanes = self.shape.piece;
        let pieces = (0..self.shape.pieces())
            .map(|piece| {
                let values = (piece * lanes..(piece + 1) * lanes).map(|i| i as u64);
                let bytes = values.flat_map(u64::to_le_bytes).collect();
                Arg::Const(self.constants.table(bytes))
            })
            .collect();
        Value::of(pieces)
    }

    /// A load: contiguous elements, or one element for all lanes.
    pub(super) fn load(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        ty: Type,
    ) -> Result<Value, CodegenError> {
        let (base, place) = self.place(array, index)?;
        let size = ty.scalar.bytes();
        if !ty.is_vector() {
            let addr = self.address(base, &place, size, 0)?;
            return Ok(self.broadcast(addr, ty.scalar));
        }
        let mut pieces = Vec::new();
        for piece in 0..self.shape.pieces() {
            let addr = self.address(base, &place, size, piece)?;
            pieces.push(match ty.scalar {
                Scalar::Bool => self.load_mask(addr),
                _ => self.load_piece(addr, size),
            });
        }
        Ok(match ty.scalar {
            Scalar::Bool => Value::mask(pieces, self.mask_bytes()),
            _ => Value::of(pieces),
        })
    }

    /// A store of contiguous elements.
    pub(super) fn store(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        value: NodeId,
    ) -> Result<(), CodegenError> {
        let ty = self.func.ty(value);
        if !ty.is_vector() {
            return Err(self.strange_access(array));
        }
        let (base, place) = self.place(array, index)?;
        let size = ty.scalar.bytes();
        let pieces = match ty.scalar {
            Scalar::Bool => self.mask_to_bytes(value),
            _ => self.pieces(value),
        };
        for (piece, arg) in self.spread(&pieces, ty).into_iter().enumerate() {
            let addr = self.address(base, &place, size, piece)?;
            self.store_piece(addr, arg, size);
        }
        Ok(())
    }

    fn load_piece(&mut self, addr: Addr, size: usize) -> Arg {
        let bytes = self.shape.piece * size;
        let (op, width) = match bytes {
            4 => (MachOp::Load32, Width::X),
            8 => (MachOp::Load64, Width::X),
            _ => (MachOp::MovUps, Width::holding(bytes)),
        };
        self.op(op, width, &[Arg::Mem(addr)])
    }

    fn store_piece(&mut self, addr: Addr, value: Arg, size: usize) {
        let bytes = self.shape.piece * size;
        let (op, width) = match bytes {
            4 => (MachOp::Store32, Width::X),
            8 => (MachOp::Store64, Width::X),
            _ => (MachOp::StoreUps, Width::holding(bytes)),
        };
        self.op(op, width, &[Arg::Mem(addr), value]);
    }

    /// The bytes 0 and 1 at an address as a mask.
    fn load_mask(&mut self, addr: Addr) -> Arg {
        let raw = self.load_piece(addr, 1);
        self.bytes_to_mask(raw)
    }

    fn strange_access(&self, array: ArrayRef) -> CodegenError {
        self.unsupported(match array {
            ArrayRef::Param(index) => {
                let name = &self.func.params()[index as usize].name;
                format!("an access to {name} that is not contiguous at the loop's index")
            }
            ArrayRef::Local(_) => "a local array".into(),
        })
    }

    /// The base pointer of an array and where in it an access stands.
    fn place(&mut self, array: ArrayRef, index: &[NodeId]) -> Result<(VReg, Place), CodegenError> {
        let illegal = || self.strange_access(array);
        let ArrayRef::Param(param) = array else {
            return Err(illegal());
        };
        let ty = self.func.array_type(array);
        if ty.layout != Layout::Contiguous {
            return Err(illegal());
        }
        let place = match *index {
            [] => Place::Fixed(0),
            [at] => self.offset(at).ok_or_else(illegal)?,
            _ => return Err(illegal()),
        };
        Ok((self.base(param as usize), place))
    }

    /// An index as the loop's plus a constant, or as a constant.
    fn offset(&self, at: NodeId) -> Option<Place> {
        if Some(at) == self.index_node {
            return Some(Place::Index(0));
        }
        if let Some(value) = self.func.as_const(at) {
            return Some(Place::Fixed(value.bits() as i64));
        }
        let Node::Op { op, args } = self.func.node(at) else {
            return None;
        };
        let constant = |id| self.func.as_const(id).map(|c| c.bits() as i64);
        match (*op, args[0], args[1]) {
            (Op::Add, a, b) if Some(a) == self.index_node => constant(b).map(Place::Index),
            (Op::Add, a, b) if Some(b) == self.index_node => constant(a).map(Place::Index),
            (Op::Sub, a, b) if Some(a) == self.index_node => {
                constant(b)?.checked_neg().map(Place::Index)
            }
            _ => None,
        }
    }

    /// The pointer of an array parameter, loaded before the loop.
    fn base(&mut self, param: usize) -> VReg {
        if let Some(base) = self.bases[param] {
            return base;
        }
        let def = self.mach.fresh(GENERAL);
        let addr = Addr {
            base: self.frame,
            index: None,
            scale: 1,
            disp: self.layout.param(param) as i32,
        };
        let back = std::mem::replace(&mut self.current, self.preheader);
        self.push(Inst::LoadWord { def, addr });
        self.current = back;
        self.bases[param] = Some(def);
        def
    }

    fn address(
        &self,
        base: VReg,
        place: &Place,
        size: usize,
        piece: usize,
    ) -> Result<Addr, CodegenError> {
        let (index, offset) = match *place {
            Place::Index(offset) => (Some(self.index), offset),
            Place::Fixed(offset) => (None, offset),
        };
        let lane = (piece * self.shape.piece) as i64;
        let disp = offset
            .checked_add(lane)
            .and_then(|lanes| lanes.checked_mul(size as i64))
            .and_then(|bytes| i32::try_from(bytes).ok())
            .ok_or_else(|| self.unsupported(format!("a load or store {offset} elements away")))?;
        Ok(Addr {
            base,
            index,
            scale: if index.is_some() { size as u8 } else { 1 },
            disp,
        })
    }
}
