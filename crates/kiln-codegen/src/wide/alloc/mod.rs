//! Register allocation.
//!
//! `uses` finds where values are used and alive, `walk` gives them registers
//! in one pass over the code, with the moves of `edges` between blocks, and
//! `slots` lays out the stack. What comes out has the form of regalloc2's
//! output, and the machine function is flattened as regalloc2 sees it, so
//! that its checker, which knows nothing of the walk, can confirm every
//! allocation in tests.
//!
//! The register files are those of the level; `rax` and `rsp` are
//! never allocated (the encoder needs one scratch), nor is `rbp`, which holds
//! the stack frame, nor `k0`, which cannot be a write mask.

mod edges;
mod slots;
#[cfg(test)]
mod tests;
mod uses;
mod walk;

use crate::wide::Convention;
use crate::wide::inst::{GENERAL, Inst, MASK, MachFunc, Role, VECTOR};
use crate::wide::rows::Width;
use regalloc2::checker::Checker;
use regalloc2::{
    Block, Function, Inst as InstId, InstRange, MachineEnv, Operand, OperandConstraint,
    OperandKind, OperandPos, Output, PReg, PRegSet, RegClass, VReg,
};

/// Number of `rax` in the encoding of general registers, and so on.
pub(crate) mod gpr {
    pub(crate) const RAX: usize = 0;
    pub(crate) const RCX: usize = 1;
    pub(crate) const RDX: usize = 2;
    pub(crate) const RBX: usize = 3;
    pub(crate) const RSP: usize = 4;
    pub(crate) const RBP: usize = 5;
    pub(crate) const RSI: usize = 6;
    pub(crate) const RDI: usize = 7;
}

/// Bytes of a spill slot's unit.
pub(crate) const SLOT_BYTES: usize = 8;

/// The machine function, flattened.
struct Flat<'a> {
    func: &'a MachFunc,
    operands: Vec<Operand>,
    operand_ranges: Vec<(u32, u32)>,
    terminators: Vec<Terminator>,
    block_ranges: Vec<InstRange>,
    preds: Vec<Vec<Block>>,
    vector_slots: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Terminator {
    No,
    Branch,
    Return,
}

/// Number of vector registers at a width.
pub(crate) fn vector_registers(vector: Width) -> usize {
    if vector == Width::Z { 32 } else { 16 }
}

/// Allocates registers; `vector` is the width of the level's registers.
pub(crate) fn allocate(
    func: &MachFunc,
    vector: Width,
    convention: Convention,
    check: bool,
) -> Result<Output, String> {
    let flat = Flat::new(func, vector, convention);
    let env = machine_env(vector, convention);
    let uses = uses::Uses::of(&flat);
    let walked = walk::walk(&flat, &uses, &RegisterOrder::of(&env));
    let walked = walked.ok_or("an instruction names more registers than there are")?;
    let output = slots::output(&flat, &uses, walked);
    if check {
        let mut checker = Checker::new(&flat, &env);
        checker.prepare(&output);
        checker
            .run()
            .map_err(|e| format!("register allocation is wrong: {e:?}"))?;
    }
    Ok(output)
}

/// The registers of each class in the order they are taken in: those that
/// cost the caller nothing first.
#[derive(Debug)]
struct RegisterOrder([Vec<PReg>; 3]);

impl RegisterOrder {
    fn of(env: &MachineEnv) -> RegisterOrder {
        let classes = env
            .preferred_regs_by_class
            .iter()
            .zip(&env.non_preferred_regs_by_class);
        let mut order = classes.map(|(first, then)| first.into_iter().chain(*then).collect());
        RegisterOrder(std::array::from_fn(|_| order.next().unwrap_or_default()))
    }

    fn of_class(&self, class: RegClass) -> &[PReg] {
        &self.0[class as usize]
    }

    fn all(&self) -> impl Iterator<Item = &PReg> {
        self.0.iter().flatten()
    }
}

/// Whether the callee must preserve a general register.
pub(crate) fn is_callee_saved(reg: usize, convention: Convention) -> bool {
    let windows = matches!(convention, Convention::Windows);
    matches!(reg, gpr::RBX | gpr::RBP | 12..=15) || (windows && matches!(reg, gpr::RSI | gpr::RDI))
}

/// The general registers of the three arguments.
pub(crate) fn argument_registers(convention: Convention) -> [usize; 3] {
    match convention {
        Convention::SystemV => [gpr::RDI, gpr::RSI, gpr::RDX],
        Convention::Windows => [gpr::RCX, gpr::RDX, 8],
    }
}

fn machine_env(vector: Width, convention: Convention) -> MachineEnv {
    let set = |class: RegClass, regs: &mut dyn Iterator<Item = usize>| {
        let mut set = PRegSet::empty();
        for reg in regs {
            set.add(PReg::new(reg, class));
        }
        set
    };
    let allocatable = |reg: &usize| !matches!(*reg, gpr::RAX | gpr::RSP | gpr::RBP);
    let saved = |reg: &usize| is_callee_saved(*reg, convention);
    let evex = vector == Width::Z;
    let vectors = vector_registers(vector);
    // On Windows the low halves of xmm6 to xmm15 belong to the caller.
    let kept = |reg: &usize| matches!(convention, Convention::Windows) && matches!(*reg, 6..=15);
    MachineEnv {
        preferred_regs_by_class: [
            set(
                GENERAL,
                &mut (0..16).filter(allocatable).filter(|r| !saved(r)),
            ),
            set(VECTOR, &mut (0..vectors).filter(|r| !kept(r))),
            set(MASK, &mut (1..8).filter(|_| evex)),
        ],
        non_preferred_regs_by_class: [
            set(GENERAL, &mut (0..16).filter(allocatable).filter(saved)),
            set(VECTOR, &mut (0..vectors).filter(kept)),
            PRegSet::empty(),
        ],
        scratch_by_class: [None, None, None],
        fixed_stack_slots: Vec::new(),
    }
}

impl<'a> Flat<'a> {
    fn new(func: &'a MachFunc, vector: Width, convention: Convention) -> Flat<'a> {
        let mut flat = Flat {
            func,
            operands: Vec::with_capacity(4 * func.inst_count()),
            operand_ranges: Vec::with_capacity(func.inst_count()),
            terminators: Vec::with_capacity(func.inst_count()),
            block_ranges: Vec::with_capacity(func.blocks.len()),
            preds: vec![Vec::new(); func.blocks.len()],
            vector_slots: vector.bytes() / SLOT_BYTES,
        };
        let incoming = argument_registers(convention);
        for (index, block) in func.blocks.iter().enumerate() {
            let first = InstId::new(flat.operand_ranges.len());
            for inst in &block.insts {
                flat.push(inst, incoming);
            }
            let end = InstId::new(flat.operand_ranges.len());
            flat.block_ranges.push(InstRange::new(first, end));
            for succ in &block.succs {
                flat.preds[succ.index()].push(Block::new(index));
            }
        }
        flat
    }

    fn push(&mut self, inst: &Inst, incoming: [usize; 3]) {
        let start = self.operands.len();
        let mut tied = None;
        inst.for_each_reg(|role, reg| {
            let at = self.operands.len() - start;
            self.operands.push(match role {
                Role::Use => Operand::reg_use(reg),
                Role::UseAny => Operand::any_use(reg),
                Role::Tied => {
                    tied = Some(at);
                    Operand::reg_use(reg)
                }
                Role::Def => match tied {
                    Some(index) => Operand::reg_reuse_def(reg, index),
                    None => Operand::reg_def(reg),
                },
                Role::Incoming(i) => Operand::new(
                    reg,
                    OperandConstraint::FixedReg(PReg::new(incoming[usize::from(i)], GENERAL)),
                    OperandKind::Def,
                    OperandPos::Late,
                ),
            });
        });
        self.operand_ranges
            .push((start as u32, self.operands.len() as u32));
        self.terminators.push(match (inst.is_terminator(), inst) {
            (false, _) => Terminator::No,
            (true, Inst::Return { .. }) => Terminator::Return,
            (true, _) => Terminator::Branch,
        });
    }
}

impl Function for Flat<'_> {
    fn num_insts(&self) -> usize {
        self.operand_ranges.len()
    }

    fn num_blocks(&self) -> usize {
        self.block_ranges.len()
    }

    fn entry_block(&self) -> Block {
        Block::new(0)
    }

    fn block_insns(&self, block: Block) -> InstRange {
        self.block_ranges[block.index()]
    }

    fn block_succs(&self, block: Block) -> &[Block] {
        &self.func.blocks[block.index()].succs
    }

    fn block_preds(&self, block: Block) -> &[Block] {
        &self.preds[block.index()]
    }

    fn block_params(&self, block: Block) -> &[VReg] {
        &self.func.blocks[block.index()].params
    }

    fn is_ret(&self, inst: InstId) -> bool {
        self.terminators[inst.index()] == Terminator::Return
    }

    fn is_branch(&self, inst: InstId) -> bool {
        self.terminators[inst.index()] == Terminator::Branch
    }

    fn branch_blockparams(&self, block: Block, _: InstId, succ: usize) -> &[VReg] {
        &self.func.blocks[block.index()].succ_args[succ]
    }

    fn inst_operands(&self, inst: InstId) -> &[Operand] {
        let (start, end) = self.operand_ranges[inst.index()];
        &self.operands[start as usize..end as usize]
    }

    fn inst_clobbers(&self, _: InstId) -> PRegSet {
        // Slow-lane calls preserve every register themselves.
        PRegSet::empty()
    }

    fn num_vregs(&self) -> usize {
        self.func.classes.len()
    }

    fn spillslot_size(&self, class: RegClass) -> usize {
        match class {
            RegClass::Float => self.vector_slots,
            RegClass::Int | RegClass::Vector => 1,
        }
    }
}
