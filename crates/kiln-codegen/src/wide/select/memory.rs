//! Parameters, indices of loops, loads and stores.
//!
//! A row lies side by side in the last dimension of an array, or apart, and is
//! then loaded and stored lane by lane. In the dimensions before stand indices
//! of loops in the loop. Where an index is data, each lane is loaded from an
//! address of its own.

use super::super::inst::{Addr, Arg, GENERAL, Inst, VECTOR};
use super::super::rows::{MachOp, Width};
use super::{Selector, Value};
use crate::CodegenError;
use kiln_ir::{Access, ArrayRef, Func, Layout, Node, NodeId, Op, Scalar, Type};
use regalloc2::VReg;

/// Where the first lane of an access stands, and how far it is to the next.
struct Place {
    addr: Addr,
    /// The register with the number of elements; `None` where they lie side
    /// by side.
    apart: Option<VReg>,
}

/// What the indices of an array are multiplied by.
struct Factors {
    words: Vec<VReg>,
    /// Whether there is one for each dimension.
    is_strided: bool,
}

/// An index of a gather.
enum LaneWords {
    /// The same for all lanes.
    Uniform(VReg),
    /// Side by side in an array that is only read.
    InMemory(Addr, Scalar),
    /// Two lanes in each part.
    Varying(Vec<Arg>),
}

/// The load of whole numbers of an array that is only read, if that is what an
/// index is: it is then cheaper to load each lane once more than to take it out
/// of a vector.
fn loaded_index(func: &Func, at: NodeId) -> Option<NodeId> {
    let mut found = at;
    while let Node::Op { op: Op::Cast, args } = func.node(found)
        && func.ty(found).scalar.bytes() == 8
    {
        found = args[0];
    }
    let Node::Load { array, index, .. } = func.node(found) else {
        return None;
    };
    let is_row = index.iter().all(|&i| !func.ty(i).is_vector());
    let ty = func.ty(found);
    let is_read = func.array_type(*array).access == Access::Read;
    (is_row && is_read && ty.is_vector() && ty.scalar.is_int()).then_some(found)
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
        let size = ty.scalar.bytes();
        if index.iter().any(|&i| self.func.ty(i).is_vector()) {
            let pieces = self.gather(array, index, size)?;
            return Ok(self.loaded(ty.scalar, pieces));
        }
        let mut place = self.place(array, index, ty)?;
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
                Some(apart) => self.load_lanes(size, &mut |this| {
                    let next = this.step(place.addr, apart, size);
                    std::mem::replace(&mut place.addr, next)
                }),
            };
            pieces.push(raw);
        }
        Ok(self.loaded(ty.scalar, pieces))
    }

    /// The value that these pieces of elements are, as they lie in memory.
    fn loaded(&mut self, scalar: Scalar, pieces: Vec<Arg>) -> Value {
        if scalar != Scalar::Bool {
            return Value::of(pieces);
        }
        let pieces = pieces.into_iter().map(|raw| self.bytes_to_mask(raw));
        Value::mask(pieces.collect(), self.mask_bytes())
    }

    /// The pieces of a load with an index for each lane.
    fn gather(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        size: usize,
    ) -> Result<Vec<Arg>, CodegenError> {
        let (base, factors) = self.base_and_factors(array)?;
        let mut pieces = Vec::with_capacity(self.shape.pieces());
        for piece in 0..self.shape.pieces() {
            let words = self.all_lane_words(index, piece)?;
            let mut lanes = 0..;
            pieces.push(self.load_lanes(size, &mut |this| {
                let words = this.words_of_lane(&words, lanes.next());
                this.element(base, &factors, &words, size)
            }));
        }
        Ok(pieces)
    }

    /// A store with an index for each lane, in the order of the lanes.
    fn scatter(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        pieces: &[Arg],
        size: usize,
    ) -> Result<(), CodegenError> {
        let (base, factors) = self.base_and_factors(array)?;
        for (piece, &arg) in pieces.iter().enumerate() {
            let words = self.all_lane_words(index, piece)?;
            let mut lanes = 0..;
            self.store_lanes(arg, size, &mut |this| {
                let words = this.words_of_lane(&words, lanes.next());
                this.element(base, &factors, &words, size)
            });
        }
        Ok(())
    }

    /// Where the lanes of a piece of each index are found.
    fn all_lane_words(
        &mut self,
        index: &[NodeId],
        piece: usize,
    ) -> Result<Vec<LaneWords>, CodegenError> {
        let words = index.iter().map(|&at| self.lane_words(at, piece));
        words.collect()
    }

    /// The indices of a lane in general registers.
    fn words_of_lane(&mut self, words: &[LaneWords], lane: Option<usize>) -> Vec<VReg> {
        let lane = lane.unwrap_or(0);
        words.iter().map(|w| self.lane_word(w, lane)).collect()
    }

    /// Where the lanes of a piece of an index are found.
    fn lane_words(&mut self, at: NodeId, piece: usize) -> Result<LaneWords, CodegenError> {
        if !self.func.ty(at).is_vector() {
            return Ok(LaneWords::Uniform(self.word(at)?));
        }
        if let Some(load) = loaded_index(self.func, at)
            && let Node::Load { array, index, .. } = self.func.node(load)
        {
            let ty = self.func.ty(load);
            let place = self.place(*array, index, ty)?;
            if place.apart.is_none() {
                let addr = self.piece_address(place.addr, ty.scalar.bytes(), piece)?;
                return Ok(LaneWords::InMemory(addr, ty.scalar));
            }
        }
        let held = self.pieces(at);
        let of_piece = held[piece.min(held.len() - 1)];
        Ok(LaneWords::Varying(self.halves(of_piece, 8)))
    }

    /// The index of a lane in a general register.
    fn lane_word(&mut self, words: &LaneWords, lane: usize) -> VReg {
        match *words {
            LaneWords::Uniform(word) => word,
            LaneWords::InMemory(addr, scalar) => {
                let def = self.mach.fresh(GENERAL);
                let disp = addr.disp + (lane * scalar.bytes()) as i32;
                let addr = Addr { disp, ..addr };
                self.push(Inst::LoadIndex { def, addr, scalar });
                def
            }
            LaneWords::Varying(ref parts) => self.word_of(parts[lane / 2], lane % 2),
        }
    }

    /// One of the first two lanes of a vector of words.
    fn word_of(&mut self, part: Arg, lane: usize) -> VReg {
        let arg = self.register(part, Width::X);
        let def = self.mach.fresh(GENERAL);
        let lane = lane as u8;
        self.push(Inst::LaneWord { def, arg, lane });
        def
    }

    /// The register with the address of an array, and those with what the index
    /// of each dimension is multiplied by: all strides, or the extents from
    /// the second on.
    fn base_and_factors(&mut self, array: ArrayRef) -> Result<(VReg, Factors), CodegenError> {
        let ArrayRef::Param(param) = array else {
            return Err(self.strange_access(array));
        };
        let param = param as usize;
        let ty = self.func.array_type(array);
        let rank = usize::from(ty.rank);
        let is_strided = ty.layout == Layout::Strided;
        let places: Vec<usize> = match is_strided {
            true => (0..rank)
                .map(|dim| self.layout.stride(param, rank, dim))
                .collect(),
            false => (1..rank)
                .map(|dim| self.layout.extent(param, dim))
                .collect(),
        };
        let words = places.into_iter().map(|at| self.frame_word(at)).collect();
        let base = self.frame_word(self.layout.param(param));
        Ok((base, Factors { words, is_strided }))
    }

    /// The address of an element by its indices.
    fn element(&mut self, base: VReg, factors: &Factors, words: &[VReg], size: usize) -> Addr {
        let mut addr = Addr {
            base,
            index: None,
            scale: 1,
            disp: 0,
        };
        if factors.is_strided {
            for (&word, &factor) in words.iter().zip(&factors.words) {
                let product = self.product(word, factor);
                addr = self.sum(addr, product, size);
            }
            return addr;
        }
        let Some((&first, others)) = words.split_first() else {
            return addr;
        };
        let mut elements = first;
        for (&word, &extent) in others.iter().zip(&factors.words) {
            let rows = self.product(elements, extent);
            let row = Addr { base: rows, ..addr };
            elements = self.sum(row, word, 1).base;
        }
        addr.index = Some(elements);
        addr.scale = size as u8;
        addr
    }

    fn product(&mut self, left: VReg, right: VReg) -> VReg {
        let def = self.mach.fresh(GENERAL);
        self.push(Inst::MulWord { def, left, right });
        def
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
        let size = ty.scalar.bytes();
        let pieces = match ty.scalar {
            Scalar::Bool => self.mask_to_bytes(value),
            _ => self.pieces(value),
        };
        if index.iter().any(|&i| self.func.ty(i).is_vector()) {
            let pieces = self.spread(&pieces, ty);
            return self.scatter(array, index, &pieces, size);
        }
        let mut place = self.place(array, index, ty)?;
        for (piece, arg) in self.spread(&pieces, ty).into_iter().enumerate() {
            match place.apart {
                None => {
                    let addr = self.piece_address(place.addr, size, piece)?;
                    self.store_piece(addr, arg, size);
                }
                Some(apart) => self.store_lanes(arg, size, &mut |this| {
                    let next = this.step(place.addr, apart, size);
                    std::mem::replace(&mut place.addr, next)
                }),
            }
        }
        Ok(())
    }

    /// The lanes of a piece, one by one, each from the `next` address.
    fn load_lanes(&mut self, size: usize, next: &mut dyn FnMut(&mut Self) -> Addr) -> Arg {
        let in_part = Width::X.bytes() / size;
        let mut parts = Vec::new();
        let mut lane = 0;
        while lane < self.shape.piece {
            let end = self.shape.piece.min(lane + in_part);
            parts.push(self.load_part(size, end - lane, next));
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
    fn load_part(
        &mut self,
        size: usize,
        lanes: usize,
        next: &mut dyn FnMut(&mut Self) -> Addr,
    ) -> Arg {
        let at = next(self);
        let mut part = match size {
            8 => self.op(MachOp::Load64, Width::X, &[Arg::Mem(at)]),
            4 => self.op(MachOp::Load32, Width::X, &[Arg::Mem(at)]),
            2 => self.load_small(MachOp::InsertW, at),
            _ => self.load_small(MachOp::InsertB, at),
        };
        for lane in 1..lanes {
            let args = [part, Arg::Mem(next(self))];
            part = match size {
                8 => self.op(MachOp::LoadHigh, Width::X, &args),
                4 => self.inst(MachOp::InsertD, Width::X, &args, lane as u8),
                2 => self.inst(MachOp::InsertW, Width::X, &args, lane as u8),
                _ => self.inst(MachOp::InsertB, Width::X, &args, lane as u8),
            };
        }
        part
    }

    /// What `insert` puts into the lowest lane of zeros.
    fn load_small(&mut self, insert: MachOp, at: Addr) -> Arg {
        let zero = self.splat_bytes(8, 0);
        let zero = Arg::Reg(self.register(zero, Width::X));
        self.inst(insert, Width::X, &[zero, Arg::Mem(at)], 0)
    }

    /// A vector with elements of `size` bytes as vectors of 128 bits.
    fn halves(&mut self, value: Arg, size: usize) -> Vec<Arg> {
        let mut width = self.width_of(size);
        let mut parts = vec![Arg::Reg(self.register(value, width))];
        while width > Width::X {
            let mut halves = Vec::with_capacity(2 * parts.len());
            for part in parts {
                let high = self.inst(MachOp::ExtractHigh, width, &[part], 1);
                halves.extend([part, high]);
            }
            (parts, width) = (halves, width.narrower(1));
        }
        parts
    }

    /// Stores the lanes of a piece one by one, each at the `next` address.
    fn store_lanes(&mut self, value: Arg, size: usize, next: &mut dyn FnMut(&mut Self) -> Addr) {
        let parts = self.halves(value, size);
        let in_part = Width::X.bytes() / size;
        for lane in 0..self.shape.piece {
            let args = [Arg::Mem(next(self)), parts[lane / in_part]];
            let within = (lane % in_part) as u8;
            match (size, within) {
                (8, 0) => self.op(MachOp::Store64, Width::X, &args),
                (8, _) => self.op(MachOp::StoreHigh, Width::X, &args),
                (4, 0) => self.op(MachOp::Store32, Width::X, &args),
                (4, _) => self.inst(MachOp::ExtractD, Width::X, &args, within),
                (2, _) => self.inst(MachOp::ExtractW, Width::X, &args, within),
                _ => self.inst(MachOp::ExtractB, Width::X, &args, within),
            };
        }
    }

    /// The address of the next element of a row whose elements lie apart.
    fn step(&mut self, at: Addr, apart: VReg, size: usize) -> Addr {
        self.sum(at, apart, size)
    }

    fn load_piece(&mut self, addr: Addr, size: usize) -> Arg {
        let bytes = self.shape.piece * size;
        let (op, width) = match bytes {
            2 => return self.load_small(MachOp::InsertW, addr),
            4 => (MachOp::Load32, Width::X),
            8 => (MachOp::Load64, Width::X),
            _ => (MachOp::MovUps, Width::holding(bytes)),
        };
        self.op(op, width, &[Arg::Mem(addr)])
    }

    fn store_piece(&mut self, addr: Addr, value: Arg, size: usize) {
        let bytes = self.shape.piece * size;
        let (op, width) = match bytes {
            2 => (MachOp::ExtractW, Width::X),
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
            let (register, constant) = match self.offset(at) {
                Some(found) => found,
                None => (Some(self.word(at)?), 0),
            };
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
            let product = self.product(moved, factor);
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

    /// A register that holds a whole number that is the same for all lanes.
    pub(super) fn word(&mut self, node: NodeId) -> Result<VReg, CodegenError> {
        if let Some((register, constant)) = self.offset(node) {
            return self.index_word(register, constant);
        }
        if let Node::Param(index) = *self.func.node(node) {
            return Ok(self.frame_word(self.layout.param(index as usize)));
        }
        let value = self.pieces(node)[0];
        Ok(self.word_of(value, 0))
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
