//! Parameters, indices of loops, loads and stores.
//!
//! A row lies side by side in the last dimension of an array, or apart, and is
//! then loaded and stored lane by lane. In the dimensions before stand indices
//! of loops in the loop.

use super::super::inst::{Addr, Arg, GENERAL, Inst, VECTOR};
use super::super::rows::{MachOp, Width};
use super::{Selector, Value};
use crate::CodegenError;
use kiln_ir::{ArrayRef, Layout, Node, NodeId, Op, Scalar, Type};
use regalloc2::VReg;

/// Where the first lane of an access stands, and how far it is to the next.
struct Place {
    addr: Addr,
    /// The register with the number of elements; `None` where they lie side
    /// by side.
    apart: Option<VReg>,
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

    /// The index of a loop in every lane.
    pub(super) fn loop_index(&mut self, arg: VReg) -> Value {
        let def = self.mach.fresh(VECTOR);
        let width = self.width(Scalar::I64);
        self.push(Inst::BroadcastWord { def, arg, width });
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

    /// A load: elements of one row, or one element for all lanes.
    pub(super) fn load(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        ty: Type,
    ) -> Result<Value, CodegenError> {
        let mut place = self.place(array, index, ty)?;
        let size = ty.scalar.bytes();
        if !ty.is_vector() {
            return Ok(self.broadcast(place.addr, ty.scalar));
        }
        let mut pieces = Vec::new();
        for piece in 0..self.shape.pieces() {
            let raw = match place.apart {
                None => {
                    let addr = self.piece_address(place.addr, size, piece)?;
                    self.load_piece(addr, size)
                }
                Some(apart) => self.load_lanes(&mut place.addr, apart, size),
            };
            pieces.push(match ty.scalar {
                Scalar::Bool => self.bytes_to_mask(raw),
                _ => raw,
            });
        }
        Ok(match ty.scalar {
            Scalar::Bool => Value::mask(pieces, self.mask_bytes()),
            _ => Value::of(pieces),
        })
    }

    /// A store of elements of one row.
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
        let mut place = self.place(array, index, ty)?;
        let size = ty.scalar.bytes();
        let pieces = match ty.scalar {
            Scalar::Bool => self.mask_to_bytes(value),
            _ => self.pieces(value),
        };
        for (piece, arg) in self.spread(&pieces, ty).into_iter().enumerate() {
            match place.apart {
                None => {
                    let addr = self.piece_address(place.addr, size, piece)?;
                    self.store_piece(addr, arg, size);
                }
                Some(apart) => self.store_lanes(&mut place.addr, apart, arg, size),
            }
        }
        Ok(())
    }

    /// The lanes of a piece, one by one; `at` moves past them.
    fn load_lanes(&mut self, at: &mut Addr, apart: VReg, size: usize) -> Arg {
        let in_part = Width::X.bytes() / size;
        let mut parts = Vec::new();
        let mut lane = 0;
        while lane < self.shape.piece {
            let end = self.shape.piece.min(lane + in_part);
            parts.push(self.load_part(at, apart, size, end - lane));
            lane = end;
        }
        let mut width = Width::X;
        while parts.len() > 1 {
            width = Width::holding(2 * width.bytes());
            parts = parts
                .chunks(2)
                .map(|pair| self.inst(MachOp::InsertHigh, width, pair, 1))
                .collect();
        }
        parts[0]
    }

    /// As many lanes as fill 128 bits at most.
    fn load_part(&mut self, at: &mut Addr, apart: VReg, size: usize, lanes: usize) -> Arg {
        let mut part = match size {
            8 => self.op(MachOp::Load64, Width::X, &[Arg::Mem(*at)]),
            4 => self.op(MachOp::Load32, Width::X, &[Arg::Mem(*at)]),
            _ => {
                let zero = self.splat_bytes(8, 0);
                let zero = Arg::Reg(self.register(zero, Width::X));
                let op = if size == 2 {
                    MachOp::InsertW
                } else {
                    MachOp::InsertB
                };
                self.inst(op, Width::X, &[zero, Arg::Mem(*at)], 0)
            }
        };
        *at = self.step(*at, apart, size);
        for lane in 1..lanes {
            let args = [part, Arg::Mem(*at)];
            part = match size {
                8 => self.op(MachOp::LoadHigh, Width::X, &args),
                4 => self.inst(MachOp::InsertD, Width::X, &args, lane as u8),
                2 => self.inst(MachOp::InsertW, Width::X, &args, lane as u8),
                _ => self.inst(MachOp::InsertB, Width::X, &args, lane as u8),
            };
            *at = self.step(*at, apart, size);
        }
        part
    }

    /// Stores the lanes of a piece one by one; `at` moves past them.
    fn store_lanes(&mut self, at: &mut Addr, apart: VReg, value: Arg, size: usize) {
        let width = self.width_of(size);
        let value = Arg::Reg(self.register(value, width));
        let mut parts = vec![value];
        let mut width = width;
        while width > Width::X {
            let mut halves = Vec::with_capacity(2 * parts.len());
            for part in parts {
                let high = self.inst(MachOp::ExtractHigh, width, &[part], 1);
                halves.extend([part, high]);
            }
            (parts, width) = (halves, width.narrower(1));
        }
        let in_part = Width::X.bytes() / size;
        for lane in 0..self.shape.piece {
            let args = [Arg::Mem(*at), parts[lane / in_part]];
            let within = (lane % in_part) as u8;
            match (size, within) {
                (8, 0) => self.op(MachOp::Store64, Width::X, &args),
                (8, _) => self.op(MachOp::StoreHigh, Width::X, &args),
                (4, 0) => self.op(MachOp::Store32, Width::X, &args),
                (4, _) => self.inst(MachOp::ExtractD, Width::X, &args, within),
                (2, _) => self.inst(MachOp::ExtractW, Width::X, &args, within),
                _ => self.inst(MachOp::ExtractB, Width::X, &args, within),
            };
            *at = self.step(*at, apart, size);
        }
    }

    /// The address of the next element of a row whose elements lie apart.
    fn step(&mut self, at: Addr, apart: VReg, size: usize) -> Addr {
        self.sum(at, apart, size)
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

    fn strange_access(&self, array: ArrayRef) -> CodegenError {
        self.unsupported(match array {
            ArrayRef::Param(index) => {
                let name = &self.func.params()[index as usize].name;
                format!("an access to {name} whose index no register holds")
            }
            ArrayRef::Local(_) => "a local array".into(),
        })
    }

    /// Where an access stands.
    fn place(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        ty: Type,
    ) -> Result<Place, CodegenError> {
        let ArrayRef::Param(param) = array else {
            return Err(self.strange_access(array));
        };
        let param = param as usize;
        let array_type = self.func.array_type(array);
        let (rank, size) = (usize::from(array_type.rank), ty.scalar.bytes());
        let is_strided = array_type.layout == Layout::Strided;
        let mut addr = Addr {
            base: self.frame_word(self.layout.param(param)),
            index: None,
            scale: 1,
            disp: 0,
        };
        let mut apart = None;
        for (dim, &at) in index.iter().enumerate() {
            let (register, constant) = self.offset(at).ok_or_else(|| self.strange_access(array))?;
            let is_last = dim + 1 == rank;
            if is_last && !is_strided {
                addr.index = register;
                addr.scale = if register.is_some() { size as u8 } else { 1 };
                addr.disp = self.bytes(constant, size)?;
                break;
            }
            let factor = match is_strided {
                true => self.layout.stride(param, rank, dim),
                // Of the last dimension alone the elements lie side by side.
                false if rank == 2 => self.layout.extent(param, 1),
                false => return Err(self.strange_access(array)),
            };
            let factor = self.frame_word(factor);
            if is_last && ty.is_vector() {
                apart = Some(factor);
            }
            let moved = self.index_word(register, constant)?;
            let product = self.mach.fresh(GENERAL);
            self.push(Inst::MulWord {
                def: product,
                left: moved,
                right: factor,
            });
            addr = self.sum(addr, product, size);
        }
        Ok(Place { addr, apart })
    }

    /// An address so many elements on.
    fn sum(&mut self, addr: Addr, elements: VReg, size: usize) -> Addr {
        let def = self.mach.fresh(GENERAL);
        self.push(Inst::Lea {
            def,
            addr: Addr {
                base: addr.base,
                index: Some(elements),
                scale: size as u8,
                disp: addr.disp,
            },
        });
        Addr {
            base: def,
            index: None,
            scale: 1,
            disp: 0,
        }
    }

    /// An index as that of a loop and a constant.
    fn offset(&self, at: NodeId) -> Option<(Option<VReg>, i64)> {
        let register = |id: NodeId| self.indices.iter().find(|(i, _)| *i == id).map(|i| i.1);
        let constant = |id: NodeId| self.func.as_const(id).map(|c| c.bits() as i64);
        if let Some(found) = register(at) {
            return Some((Some(found), 0));
        }
        if let Some(value) = constant(at) {
            return Some((None, value));
        }
        let Node::Op { op, args } = self.func.node(at) else {
            return None;
        };
        let (index, distance) = match op {
            Op::Add if constant(args[1]).is_none() => (args[1], constant(args[0])?),
            Op::Add => (args[0], constant(args[1])?),
            Op::Sub => (args[0], constant(args[1])?.checked_neg()?),
            _ => return None,
        };
        Some((Some(register(index)?), distance))
    }

    /// A register that holds an index.
    fn index_word(&mut self, register: Option<VReg>, constant: i64) -> Result<VReg, CodegenError> {
        let small = i32::try_from(constant)
            .map_err(|_| self.unsupported(format!("an index {constant} elements away")))?;
        Ok(match register {
            None => self.number(small),
            Some(register) if small == 0 => register,
            Some(register) => {
                let def = self.mach.fresh(GENERAL);
                let (arg, imm) = (register, small);
                self.push(Inst::AddImm { def, arg, imm });
                def
            }
        })
    }

    /// A number that the caller passes, loaded before the loop.
    pub(super) fn frame_word(&mut self, at: usize) -> VReg {
        if let Some(&found) = self.frame_words.get(&at) {
            return found;
        }
        let def = self.mach.fresh(GENERAL);
        let addr = Addr {
            base: self.frame,
            index: None,
            scale: 1,
            disp: at as i32,
        };
        let back = std::mem::replace(&mut self.current, self.preheader);
        self.push(Inst::LoadWord { def, addr });
        self.current = back;
        self.frame_words.insert(at, def);
        def
    }

    fn bytes(&self, elements: i64, size: usize) -> Result<i32, CodegenError> {
        elements
            .checked_mul(size as i64)
            .and_then(|bytes| i32::try_from(bytes).ok())
            .ok_or_else(|| self.unsupported(format!("a load or store {elements} elements away")))
    }

    /// The address of a piece of elements that lie side by side.
    fn piece_address(&self, addr: Addr, size: usize, piece: usize) -> Result<Addr, CodegenError> {
        let lane = (piece * self.shape.piece * size) as i32;
        let disp = addr.disp.checked_add(lane);
        let disp = disp.ok_or_else(|| self.unsupported("a load or store far away".into()))?;
        Ok(Addr { disp, ..addr })
    }
}
