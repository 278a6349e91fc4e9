//! From allocated machine code to bytes: prologue, blocks, moves, epilogue,
//! and the stub that calls slow-lane helpers.
//!
//! A strip without spills and slow lanes has no stack frame. Otherwise the
//! frame, from the stack pointer up, is: spill slots, the vectors handed to
//! slow-lane helpers, and what the stub saves; it is aligned to 64 bytes and
//! its pages are touched in order, so no probe function is needed.

use super::alloc::{SLOT_BYTES, argument_registers, gpr, is_callee_saved};
use super::asm::{Assembled, Assembler, Label, Modifiers, Operand};
use super::inst::{Addr, Arg, Inst, MachFunc, Part, Signs, SlowCall, VInst};
use super::pool::Constants;
use super::rows::{Form, MachOp, Slot, Width};
use super::{Convention, FRAME_LIMIT};
use crate::CodegenError;
use iced_x86::{Code, Instruction, MemoryOperand, Register};
use regalloc2::{
    Allocation, AllocationKind, Block, Edit, Inst as InstId, Output, PReg, ProgPoint, RegClass,
};

/// What code was made, and what it needs.
#[derive(Debug)]
pub(crate) struct Emitted {
    /// The code and its pool.
    pub(crate) code: Assembled,
    /// Bytes of stack the strip takes at most.
    pub(crate) stack_bytes: usize,
}

/// Emits an allocated strip.
pub(crate) fn emit(
    func: &MachFunc,
    output: &Output,
    constants: &Constants,
    vector: Width,
    convention: Convention,
    check: bool,
) -> Result<Emitted, CodegenError> {
    let frame = Frame::new(func, output, vector, convention);
    if frame.bytes > FRAME_LIMIT {
        return Err(CodegenError::Limit {
            what: "bytes of stack",
            found: frame.bytes,
            limit: FRAME_LIMIT,
        });
    }
    let mut asm = Assembler::new(constants, check);
    let labels = func.blocks.iter().map(|_| asm.label()).collect();
    let stub = asm.label();
    let mut emitter = Emitter {
        func,
        output,
        vector,
        convention,
        targets: thread_jumps(func, output),
        labels,
        stub,
        frame,
        asm,
    };
    emitter.prologue();
    emitter.blocks();
    emitter.slow_stub();
    let stack_bytes = emitter.frame.stack_bytes();
    Ok(Emitted {
        code: emitter.asm.finish()?,
        stack_bytes,
    })
}

/// The stack frame.
#[derive(Debug)]
struct Frame {
    /// Whether there is one.
    exists: bool,
    /// General registers of the caller that are used.
    pushed: Vec<usize>,
    /// Vector registers of the caller that are used (Windows).
    kept_vectors: Vec<usize>,
    /// Registers the slow-lane stub saves.
    saved: Vec<PReg>,
    /// Offset of the vectors handed to helpers.
    scratch: usize,
    /// Offset of what the stub saves.
    saves: usize,
    /// Offset of the caller's vector registers.
    kept_at: usize,
    /// Offset of the frame pointer of the call.
    call_frame: usize,
    /// Offset of the number of lanes of the slow-lane call under way.
    lanes: usize,
    /// Bytes below the saved registers.
    bytes: usize,
}

impl Frame {
    fn new(func: &MachFunc, output: &Output, vector: Width, convention: Convention) -> Frame {
        let used = used_registers(output);
        let general = |reg: &PReg| reg.class() == RegClass::Int;
        let pushed: Vec<usize> = used
            .iter()
            .filter(|r| general(r) && is_callee_saved(r.hw_enc(), convention))
            .map(|r| r.hw_enc())
            .collect();
        let kept_vectors: Vec<usize> = match convention {
            Convention::SystemV => Vec::new(),
            Convention::Windows => used
                .iter()
                .filter(|r| r.class() == RegClass::Float && matches!(r.hw_enc(), 6..=15))
                .map(|r| r.hw_enc())
                .collect(),
        };
        let slow_bytes = func
            .blocks
            .iter()
            .flat_map(|b| &b.insts)
            .filter_map(|inst| match inst {
                Inst::Slow(call) => Some(call.scratch_bytes()),
                _ => None,
            })
            .max();
        let saved: Vec<PReg> = match slow_bytes {
            None => Vec::new(),
            Some(_) => used
                .into_iter()
                .filter(|r| !(general(r) && is_callee_saved(r.hw_enc(), convention)))
                .collect(),
        };
        let scratch = (output.num_spillslots * SLOT_BYTES).next_multiple_of(64);
        let saves = scratch + slow_bytes.unwrap_or(0).next_multiple_of(64);
        let kept_at = saves + saved.len() * vector.bytes();
        let call_frame = kept_at + kept_vectors.len() * 16;
        let exists = output.num_spillslots > 0
            || slow_bytes.is_some()
            || !pushed.is_empty()
            || !kept_vectors.is_empty();
        Frame {
            exists,
            pushed,
            kept_vectors,
            saved,
            scratch,
            saves,
            kept_at,
            call_frame,
            lanes: call_frame + SLOT_BYTES,
            bytes: (call_frame + 2 * SLOT_BYTES).next_multiple_of(64),
        }
    }

    /// Stack used at most: frame, alignment, return addresses, pushes.
    fn stack_bytes(&self) -> usize {
        if self.exists {
            self.bytes + 64 + 8 * (4 + self.pushed.len())
        } else {
            8
        }
    }
}

/// The registers allocation has used.
fn used_registers(output: &Output) -> Vec<PReg> {
    let edits = output.edits.iter().flat_map(|(_, edit)| {
        let Edit::Move { from, to } = edit;
        [*from, *to]
    });
    let mut used: Vec<PReg> = output
        .allocs
        .iter()
        .copied()
        .chain(edits)
        .filter_map(|alloc| alloc.as_reg())
        .collect();
    used.sort_unstable_by_key(|reg| reg.index());
    used.dedup();
    used
}

/// For each block the one to jump to instead: blocks that only jump are
/// passed over.
fn thread_jumps(func: &MachFunc, output: &Output) -> Vec<Block> {
    let mut moves = vec![false; func.inst_count()];
    for (point, Edit::Move { from, to }) in &output.edits {
        moves[point.inst().index()] |= from != to;
    }
    let mut first = 0;
    let mut targets = Vec::with_capacity(func.blocks.len());
    for (index, block) in func.blocks.iter().enumerate() {
        let only_jumps = matches!(block.insts[..], [Inst::Jump]) && !moves[first];
        // Edge blocks lead to blocks that do not only jump, so one step is
        // enough; a longer chain costs a jump more.
        targets.push(match only_jumps && block.succs[0].index() != index {
            true => block.succs[0],
            false => Block::new(index),
        });
        first += block.insts.len();
    }
    targets
}

struct Emitter<'a> {
    func: &'a MachFunc,
    output: &'a Output,
    vector: Width,
    convention: Convention,
    targets: Vec<Block>,
    labels: Vec<Label>,
    stub: Label,
    frame: Frame,
    asm: Assembler<'a>,
}

impl Emitter<'_> {
    fn prologue(&mut self) {
        if !self.frame.exists {
            return;
        }
        let (rsp, rbp) = (Register::RSP, Register::RBP);
        self.asm.push(Instruction::with1(Code::Push_r64, rbp));
        self.asm
            .push(Instruction::with2(Code::Mov_rm64_r64, rbp, rsp));
        for &reg in &self.frame.pushed.clone() {
            self.asm
                .push(Instruction::with1(Code::Push_r64, general(reg)));
        }
        // Each page is touched before the next, so that the guard page of
        // the thread is never stepped over.
        for page in 1..=self.frame.bytes / PAGE {
            let mem = MemoryOperand::with_base_displ(rsp, -((page * PAGE) as i64));
            self.asm
                .push(Instruction::with2(Code::Mov_rm64_r64, mem, Register::RAX));
        }
        let bytes = self.frame.bytes as i32;
        self.asm
            .push(Instruction::with2(Code::Sub_rm64_imm32, rsp, bytes));
        self.asm
            .push(Instruction::with2(Code::And_rm64_imm8, rsp, -64i32));
        let frame_arg = general(argument_registers(self.convention)[0]);
        self.store_word(self.frame.call_frame, frame_arg);
        for (i, reg) in self.frame.kept_vectors.clone().into_iter().enumerate() {
            let mem = stack(self.frame.kept_at + 16 * i);
            let code = Code::VEX_Vmovups_xmmm128_xmm;
            self.asm.push(Instruction::with2(
                code,
                mem,
                vector_register(reg, Width::X),
            ));
        }
    }

    fn epilogue(&mut self) {
        for (i, reg) in self.frame.kept_vectors.clone().into_iter().enumerate() {
            let mem = stack(self.frame.kept_at + 16 * i);
            let code = Code::VEX_Vmovups_xmm_xmmm128;
            self.asm.push(Instruction::with2(
                code,
                vector_register(reg, Width::X),
                mem,
            ));
        }
        if self.frame.exists {
            let pushed = self.frame.pushed.clone();
            let mem = MemoryOperand::with_base_displ(Register::RBP, -8 * pushed.len() as i64);
            self.asm
                .push(Instruction::with2(Code::Lea_r64_m, Register::RSP, mem));
            for &reg in pushed.iter().rev() {
                self.asm
                    .push(Instruction::with1(Code::Pop_r64, general(reg)));
            }
            self.asm
                .push(Instruction::with1(Code::Pop_r64, Register::RBP));
        }
        self.asm.op0(Code::VEX_Vzeroupper);
        self.asm.op0(Code::Retnq);
    }

    fn blocks(&mut self) {
        let (func, output) = (self.func, self.output);
        let mut number = 0;
        let mut edits = output.edits.iter().peekable();
        for (index, block) in func.blocks.iter().enumerate() {
            let is_passed_over = self.target(Block::new(index)).index() != index;
            let starts_loop = block.part == Part::Hot && func.blocks[index - 1].part != Part::Hot;
            if starts_loop && !is_passed_over {
                self.asm.align(LOOP_ALIGNMENT);
            }
            self.asm.bind(self.labels[index]);
            for inst in &block.insts {
                let id = InstId::new(number);
                let due = ProgPoint::before(id);
                while let Some((_, Edit::Move { from, to })) = edits.next_if(|e| e.0 <= due) {
                    self.move_between(*from, *to);
                }
                if !is_passed_over {
                    self.inst(inst, output.inst_allocs(id), index);
                }
                number += 1;
            }
        }
    }

    fn inst(&mut self, inst: &Inst, allocs: &[Allocation], block: usize) {
        match inst {
            Inst::Vector(inst) => self.vector_inst(inst, allocs),
            Inst::Args { .. } => {}
            Inst::LoadWord { addr, .. } => {
                let mut regs = allocs.iter();
                let mem = address(addr, &mut regs);
                let def = general_of(regs.next());
                self.asm
                    .push(Instruction::with2(Code::Mov_r64_rm64, def, mem));
            }
            Inst::LoadIndex { addr, scalar, .. } => {
                let mut regs = allocs.iter();
                let mem = address(addr, &mut regs);
                let def = general_of(regs.next());
                let low = def.full_register32();
                let (code, def) = match (scalar.bytes(), scalar.is_signed()) {
                    (1, true) => (Code::Movsx_r64_rm8, def),
                    (1, false) => (Code::Movzx_r32_rm8, low),
                    (2, true) => (Code::Movsx_r64_rm16, def),
                    (2, false) => (Code::Movzx_r32_rm16, low),
                    (4, true) => (Code::Movsxd_r64_rm32, def),
                    (4, false) => (Code::Mov_r32_rm32, low),
                    _ => (Code::Mov_r64_rm64, def),
                };
                self.asm.push(Instruction::with2(code, def, mem));
            }
            Inst::LoadByte { addr, .. } => {
                let mut regs = allocs.iter();
                let mem = address(addr, &mut regs);
                let def = general_of(regs.next()).full_register32();
                self.asm
                    .push(Instruction::with2(Code::Movzx_r32_rm8, def, mem));
            }
            Inst::Number { value, .. } => {
                let def = general_of(allocs.first());
                let code = Code::Mov_rm64_imm32;
                self.asm.push(Instruction::with2(code, def, *value));
            }
            Inst::StoreWord { addr, .. } => {
                let mut regs = allocs.iter();
                let mem = address(addr, &mut regs);
                let arg = general_of(regs.next());
                self.asm
                    .push(Instruction::with2(Code::Mov_rm64_r64, mem, arg));
            }
            Inst::Lea { addr, .. } => {
                let mut regs = allocs.iter();
                let sum = address(addr, &mut regs);
                let def = general_of(regs.next());
                self.asm.push(Instruction::with2(Code::Lea_r64_m, def, sum));
            }
            Inst::MulWord { .. } => {
                let (right, def) = (general_of(allocs.get(1)), general_of(allocs.get(2)));
                self.asm
                    .push(Instruction::with2(Code::Imul_r64_rm64, def, right));
            }
            Inst::AddImm { imm, .. } => {
                let (arg, def) = (general_of(allocs.first()), general_of(allocs.get(1)));
                debug_assert_eq!(arg, def, "a tied operand");
                let code = match i8::try_from(*imm) {
                    Ok(_) => Code::Add_rm64_imm8,
                    Err(_) => Code::Add_rm64_imm32,
                };
                self.asm.push(Instruction::with2(code, def, *imm));
            }
            Inst::BroadcastWord { width, .. } => self.broadcast_word(*width, allocs),
            Inst::LaneWord { lane, .. } => self.lane_word(*lane, allocs),
            Inst::Slow(call) => self.slow_call(call, allocs),
            Inst::Jump => self.jump(self.func.blocks[block].succs[0], block),
            Inst::LaneBits { signs, .. } => self.lane_bits(*signs, allocs),
            Inst::IfBits { all, .. } => {
                let bits = general_of(allocs.first()).full_register32();
                self.asm.push(match all {
                    None => Instruction::with2(Code::Test_rm32_r32, bits, bits),
                    Some(all) => Instruction::with2(Code::Cmp_rm32_imm32, bits, *all),
                });
                self.branch(
                    match all {
                        None => (Code::Jne_rel32_64, Code::Je_rel32_64),
                        Some(_) => (Code::Je_rel32_64, Code::Jne_rel32_64),
                    },
                    block,
                );
            }
            Inst::IfMask { lanes, all, .. } => {
                self.kortest(*lanes, allocs[0]);
                self.branch(
                    match all {
                        false => (Code::Jne_rel32_64, Code::Je_rel32_64),
                        true => (Code::Jb_rel32_64, Code::Jae_rel32_64),
                    },
                    block,
                );
            }
            Inst::IfLess { .. } => {
                let (left, right) = (general_of(allocs.first()), general_of(allocs.get(1)));
                self.asm
                    .push(Instruction::with2(Code::Cmp_r64_rm64, left, right));
                self.branch((Code::Jl_rel32_64, Code::Jge_rel32_64), block);
            }
            Inst::Return { status } => {
                let (rax, eax) = (Register::RAX, Register::EAX);
                self.asm.push(match status {
                    0 => Instruction::with2(Code::Xor_r32_rm32, eax, eax),
                    _ => Instruction::with2(Code::Mov_rm64_imm32, rax, *status as i32),
                });
                self.epilogue();
            }
        }
    }

    fn vector_inst(&mut self, inst: &VInst, allocs: &[Allocation]) {
        let evex = self.vector == Width::Z;
        let form = inst.op.form();
        let Some(code) = inst.op.code(evex, inst.width) else {
            let name = inst.op.row().name;
            return self.asm.fail(format!("{name} has no form"));
        };
        let mut regs = allocs.iter();
        let mut operands = Vec::with_capacity(4);
        for (i, arg) in inst.args.iter().flatten().enumerate() {
            operands.push(match *arg {
                // Replaced by the result's register below.
                Arg::Reg(_) if inst.repeats_tied(i) => Operand::Reg(Register::None),
                Arg::Reg(_) => self.register_or_slot(form.args[i], inst.width, regs.next()),
                Arg::Mem(addr) => Operand::Mem(address(&addr, &mut regs)),
                Arg::Const(id) => {
                    let width = match form.args[i] {
                        Slot::Vec(shift) => inst.width.narrower(shift),
                        _ => inst.width,
                    };
                    self.asm
                        .constant(id, width, if evex { inst.op.row().broadcast } else { 0 })
                }
            });
        }
        let mask = inst.mask.map(|_| mask_of(regs.next()));
        if inst.merge.is_some() {
            regs.next();
        }
        if inst.def.is_some() {
            let def = self.register_or_slot(form.def, inst.width, regs.next());
            // A tied argument is the result's register: it is written once.
            if form.tied {
                for (i, operand) in operands.iter_mut().enumerate() {
                    if i == 0 || inst.repeats_tied(i) {
                        *operand = def;
                    }
                }
            } else {
                operands.insert(0, def);
            }
        }
        let modifiers = Modifiers {
            imm: form.imm.then_some(inst.imm),
            mask,
            zeroing: mask.is_some() && inst.merge.is_none() && zeroes(inst.op, form),
        };
        self.asm.vector(code, &operands, modifiers);
    }

    fn register_or_slot(&self, slot: Slot, width: Width, alloc: Option<&Allocation>) -> Operand {
        let alloc = alloc.copied().unwrap_or(Allocation::none());
        if let Some(spill) = alloc.as_stack() {
            return Operand::Mem(stack(spill.index() * SLOT_BYTES));
        }
        let number = alloc.as_reg().map_or(0, PReg::hw_enc);
        Operand::Reg(match slot {
            Slot::Mask => Register::K0 + number as u32,
            Slot::Vec(shift) => vector_register(number, width.narrower(shift)),
            Slot::Xmm | Slot::Mem | Slot::None => vector_register(number, Width::X),
        })
    }

    fn broadcast_word(&mut self, width: Width, allocs: &[Allocation]) {
        let arg = general_of(allocs.first());
        let number = allocs[1].as_reg().map_or(0, PReg::hw_enc);
        let (low, def) = (
            vector_register(number, Width::X),
            vector_register(number, width),
        );
        if self.vector == Width::Z {
            let code = match width {
                Width::X => Code::EVEX_Vpbroadcastq_xmm_k1z_r64,
                Width::Y => Code::EVEX_Vpbroadcastq_ymm_k1z_r64,
                Width::Z => Code::EVEX_Vpbroadcastq_zmm_k1z_r64,
            };
            self.asm.push(Instruction::with2(code, def, arg));
        } else {
            self.asm
                .push(Instruction::with2(Code::VEX_Vmovq_xmm_rm64, low, arg));
            let code = match width {
                Width::X => Code::VEX_Vpbroadcastq_xmm_xmmm64,
                _ => Code::VEX_Vpbroadcastq_ymm_xmmm64,
            };
            self.asm.push(Instruction::with2(code, def, low));
        }
    }

    fn lane_word(&mut self, lane: u8, allocs: &[Allocation]) {
        let number = allocs[0].as_reg().map_or(0, PReg::hw_enc);
        let arg = vector_register(number, Width::X);
        let def = general_of(allocs.get(1));
        let evex = self.vector == Width::Z;
        self.asm.push(match lane {
            0 if evex => Instruction::with2(Code::EVEX_Vmovq_rm64_xmm, def, arg),
            0 => Instruction::with2(Code::VEX_Vmovq_rm64_xmm, def, arg),
            _ if evex => {
                Instruction::with3(Code::EVEX_Vpextrq_rm64_xmm_imm8, def, arg, u32::from(lane))
            }
            _ => Instruction::with3(Code::VEX_Vpextrq_rm64_xmm_imm8, def, arg, u32::from(lane)),
        });
    }

    /// Zero and carry flags: whether no lane is on, whether all are.
    fn kortest(&mut self, bits: u8, mask: Allocation) {
        let code = match bits {
            8 => Code::VEX_Kortestb_kr_kr,
            16 => Code::VEX_Kortestw_kr_kr,
            32 => Code::VEX_Kortestd_kr_kr,
            _ => Code::VEX_Kortestq_kr_kr,
        };
        let mask = mask_of(Some(&mask));
        self.asm.push(Instruction::with2(code, mask, mask));
    }

    fn lane_bits(&mut self, signs: Signs, allocs: &[Allocation]) {
        let code = match (signs.bytes, signs.width) {
            (8, Width::X) => Code::VEX_Vmovmskpd_r32_xmm,
            (8, _) => Code::VEX_Vmovmskpd_r32_ymm,
            (4, Width::X) => Code::VEX_Vmovmskps_r32_xmm,
            (4, _) => Code::VEX_Vmovmskps_r32_ymm,
            (_, Width::X) => Code::VEX_Vpmovmskb_r32_xmm,
            (_, _) => Code::VEX_Vpmovmskb_r32_ymm,
        };
        let number = allocs[0].as_reg().map_or(0, PReg::hw_enc);
        let mask = vector_register(number, signs.width);
        let def = general_of(allocs.get(1)).full_register32();
        self.asm.push(Instruction::with2(code, def, mask));
    }

    /// Branches to the first successor on `codes.0`, else to the second,
    /// falling through where the next block allows it.
    fn branch(&mut self, codes: (Code, Code), block: usize) {
        let succs = &self.func.blocks[block].succs;
        let (yes, no) = (self.target(succs[0]), self.target(succs[1]));
        if self.falls_to(block, yes) {
            self.asm.branch(codes.1, self.labels[no.index()]);
        } else {
            self.asm.branch(codes.0, self.labels[yes.index()]);
            self.jump(no, block);
        }
    }

    fn jump(&mut self, to: Block, from: usize) {
        let to = self.target(to);
        if !self.falls_to(from, to) {
            self.asm.branch(Code::Jmp_rel32_64, self.labels[to.index()]);
        }
    }

    fn target(&self, block: Block) -> Block {
        self.targets[block.index()]
    }

    /// Whether everything between two blocks is passed over.
    fn falls_to(&self, from: usize, to: Block) -> bool {
        to.index() > from && (from + 1..to.index()).all(|i| self.targets[i] != Block::new(i))
    }

    fn move_between(&mut self, from: Allocation, to: Allocation) {
        if from == to {
            return;
        }
        let class = from.as_reg().or(to.as_reg()).map(PReg::class);
        let evex = self.vector == Width::Z;
        match class {
            Some(RegClass::Float) => {
                let op = match to.kind() {
                    AllocationKind::Stack => MachOp::StoreUps,
                    _ if from.is_stack() => MachOp::MovUps,
                    _ => MachOp::MovAps,
                };
                if let Some(code) = op.code(evex, self.vector) {
                    let operands = [to, from]
                        .map(|a| self.register_or_slot(Slot::Vec(0), self.vector, Some(&a)));
                    self.asm.vector(code, &operands, Modifiers::default());
                }
            }
            Some(RegClass::Vector) => {
                let code = if to.is_stack() {
                    Code::VEX_Kmovq_m64_kr
                } else {
                    Code::VEX_Kmovq_kr_km64
                };
                let operands =
                    [to, from].map(|a| self.register_or_slot(Slot::Mask, Width::X, Some(&a)));
                self.asm.vector(code, &operands, Modifiers::default());
            }
            _ => self.move_general(from, to),
        }
    }

    fn move_general(&mut self, from: Allocation, to: Allocation) {
        let inst = match (from.as_stack(), to.as_stack()) {
            (Some(slot), _) => Instruction::with2(
                Code::Mov_r64_rm64,
                general_of(Some(&to)),
                stack(slot.index() * SLOT_BYTES),
            ),
            (_, Some(slot)) => Instruction::with2(
                Code::Mov_rm64_r64,
                stack(slot.index() * SLOT_BYTES),
                general_of(Some(&from)),
            ),
            _ => Instruction::with2(
                Code::Mov_r64_rm64,
                general_of(Some(&to)),
                general_of(Some(&from)),
            ),
        };
        self.asm.push(inst);
    }

    fn store_word(&mut self, offset: usize, reg: Register) {
        self.asm
            .push(Instruction::with2(Code::Mov_rm64_r64, stack(offset), reg));
    }

    /// Stores the arguments, calls the helper through the stub, loads the
    /// results.
    fn slow_call(&mut self, call: &SlowCall, allocs: &[Allocation]) {
        let mut allocs = allocs.iter();
        let stride = call.stride();
        for (vector, pieces) in call.args.iter().enumerate() {
            for piece in 0..pieces.len() {
                let at = self.frame.scratch + vector * stride + piece * call.width.bytes();
                self.scratch_move(MachOp::StoreUps, call.width, at, allocs.next());
            }
        }
        self.asm.push(Instruction::with2(
            Code::Mov_rm64_imm32,
            stack(self.frame.lanes),
            i32::from(call.lanes),
        ));
        let eax = Register::EAX;
        self.asm
            .push(Instruction::with2(Code::Mov_r32_imm32, eax, call.helper));
        self.asm.branch(Code::Call_rel32_64, self.stub);
        for (vector, pieces) in call.results.iter().enumerate() {
            for piece in 0..pieces.len() {
                let at = (call.args.len() + vector) * stride + piece * call.width.bytes();
                let at = self.frame.scratch + at;
                self.scratch_move(MachOp::MovUps, call.width, at, allocs.next());
            }
        }
    }

    fn scratch_move(&mut self, op: MachOp, width: Width, at: usize, reg: Option<&Allocation>) {
        let reg = self.register_or_slot(Slot::Vec(0), width, reg);
        let mem = Operand::Mem(stack(at));
        let operands = match op {
            MachOp::StoreUps => [mem, reg],
            _ => [reg, mem],
        };
        if let Some(code) = op.code(self.vector == Width::Z, width) {
            self.asm.vector(code, &operands, Modifiers::default());
        }
    }

    /// The stub: saves every register in use, calls helper number `eax` with
    /// the scratch vectors and the number of lanes, restores. To the code
    /// around it a slow-lane call clobbers nothing.
    fn slow_stub(&mut self) {
        let mut insts = self.func.blocks.iter().flat_map(|b| &b.insts);
        if !insts.any(|inst| matches!(inst, Inst::Slow(_))) {
            return;
        }
        self.asm.align(16);
        self.asm.bind(self.stub);
        // The return address and the shadow space stand below the frame.
        let below = match self.convention {
            Convention::SystemV => 8,
            Convention::Windows => 40,
        };
        let rsp = Register::RSP;
        self.asm
            .push(Instruction::with2(Code::Sub_rm64_imm32, rsp, below));
        let below = below as usize + 8;
        let saved = self.frame.saved.clone();
        for (i, &reg) in saved.iter().enumerate() {
            let at = below + self.frame.saves + i * self.vector.bytes();
            self.save(reg, at, true);
        }
        self.asm.op0(Code::VEX_Vzeroupper);
        let [first, second, third] = argument_registers(self.convention).map(general);
        self.asm.push(Instruction::with2(
            Code::Mov_r64_rm64,
            third,
            stack(below + self.frame.call_frame),
        ));
        self.asm.push(Instruction::with2(
            Code::Mov_r64_rm64,
            third,
            MemoryOperand::with_base_displ(third, crate::frame::HELPERS as i64),
        ));
        self.asm.push(Instruction::with2(
            Code::Lea_r64_m,
            first,
            stack(below + self.frame.scratch),
        ));
        self.asm.push(Instruction::with2(
            Code::Mov_r64_rm64,
            second,
            stack(below + self.frame.lanes),
        ));
        let entry = MemoryOperand::with_base_index_scale(third, Register::RAX, 8);
        self.asm.push(Instruction::with1(Code::Call_rm64, entry));
        for (i, &reg) in saved.iter().enumerate() {
            let at = below + self.frame.saves + i * self.vector.bytes();
            self.save(reg, at, false);
        }
        self.asm.push(Instruction::with2(
            Code::Add_rm64_imm32,
            rsp,
            below as i32 - 8,
        ));
        self.asm.op0(Code::Retnq);
    }

    /// Saves a register to the stack, or restores it.
    fn save(&mut self, reg: PReg, at: usize, store: bool) {
        let slot = regalloc2::SpillSlot::new(at / SLOT_BYTES);
        debug_assert!(at.is_multiple_of(SLOT_BYTES));
        let (reg, slot) = (Allocation::reg(reg), Allocation::stack(slot));
        if store {
            self.move_between(reg, slot);
        } else {
            self.move_between(slot, reg);
        }
    }
}

/// Smallest page of any host.
const PAGE: usize = 4096;

/// Alignment of the loop's first instruction: one fetch block.
const LOOP_ALIGNMENT: usize = 32;

/// Whether lanes outside the write mask become zero. Blends choose by the
/// mask, and comparisons write a mask themselves.
fn zeroes(op: MachOp, form: Form) -> bool {
    use MachOp::*;
    matches!(form.def, Slot::Vec(_))
        && !matches!(
            op,
            BlendmPd | BlendmPs | BlendmB | BlendmW | BlendmD | BlendmQ
        )
}

fn stack(offset: usize) -> MemoryOperand {
    MemoryOperand::with_base_displ(Register::RSP, offset as i64)
}

fn address<'a>(addr: &Addr, regs: &mut impl Iterator<Item = &'a Allocation>) -> MemoryOperand {
    let base = general_of(regs.next());
    let index = addr
        .index
        .map_or(Register::None, |_| general_of(regs.next()));
    MemoryOperand::new(
        base,
        index,
        u32::from(addr.scale),
        i64::from(addr.disp),
        u32::from(addr.disp != 0),
        false,
        Register::None,
    )
}

fn vector_register(number: usize, width: Width) -> Register {
    let first = match width {
        Width::X => Register::XMM0,
        Width::Y => Register::YMM0,
        Width::Z => Register::ZMM0,
    };
    first + number as u32
}

fn general(number: usize) -> Register {
    Register::RAX + number as u32
}

fn general_of(alloc: Option<&Allocation>) -> Register {
    general(
        alloc
            .and_then(|a| a.as_reg())
            .map_or(gpr::RAX, PReg::hw_enc),
    )
}

fn mask_of(alloc: Option<&Allocation>) -> Register {
    Register::K0 + alloc.and_then(|a| a.as_reg()).map_or(0, PReg::hw_enc) as u32
}

impl SlowCall {
    /// Bytes from one vector of the scratch to the next.
    fn stride(&self) -> usize {
        let pieces = self.args.first().map_or(1, Vec::len);
        (pieces * self.width.bytes()).next_multiple_of(64)
    }

    /// Bytes of the vectors handed to the helper and back.
    fn scratch_bytes(&self) -> usize {
        self.stride() * (self.args.len() + self.results.len())
    }
}
