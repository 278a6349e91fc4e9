//! Before register allocation: loads and constants become memory operands,
//! constants that fit stay in registers across the loop, and every fused
//! multiply-add gets the form that saves moves and loads.
//!
//! Selection writes a fused multiply-add as form 213, `args[0] * args[1] +
//! args[2]`, with constants wherever they fall. The three forms differ in
//! which factor or addend the result overwrites and which may be in memory.

use super::alloc::vector_registers;
use super::inst::{Addr, Arg, Inst, MachFunc, Part, Role, VECTOR, VInst};
use super::pool::ConstId;
use super::rows::{MachOp, Slot, Width};
use regalloc2::{RegClass, VReg};
use rustc_hash::FxHashMap;

/// Rewrites a strip in place; `vector` is the level's register width. Gives
/// the number of vector registers alive at once on the common path.
pub(crate) fn fold(func: &mut MachFunc, vector: Width) -> usize {
    let loads = foldable_loads(func);
    let lives = Lives::of(func);
    let chosen = hoist(func, &lives, vector);
    let hoisted: FxHashMap<ConstId, VReg> = chosen
        .iter()
        .map(|&(id, _)| (id, func.fresh(VECTOR)))
        .collect();
    let mut folded = vec![false; func.classes.len()];
    let mut position = 0;
    for index in 0..func.blocks.len() {
        let insts = std::mem::take(&mut func.blocks[index].insts);
        let mut out = Vec::with_capacity(insts.len() + insts.len() / 4);
        for inst in insts {
            let mut rewriter = Rewriter {
                func,
                lives: &lives,
                hoisted: &hoisted,
                loads: &loads,
                folded: &mut folded,
                out: &mut out,
                at: (index, position),
            };
            position += 1;
            match inst {
                Inst::Vector(inst) => rewriter.vector(inst),
                other => out.push(other),
            }
        }
        func.blocks[index].insts = out;
    }
    let is_folded = |reg: VReg| folded.get(reg.vreg()).is_some_and(|&f| f);
    for block in &mut func.blocks {
        block.insts.retain(|inst| match inst {
            Inst::Vector(VInst { def: Some(def), .. }) => !is_folded(*def),
            _ => true,
        });
    }
    let preheader = &mut func.blocks[func.preheader].insts;
    let loads = chosen
        .iter()
        .map(|&(id, width)| load_constant(hoisted[&id], id, width));
    preheader.splice(0..0, loads);
    lives.pressure
}

/// A load that its only user may read from memory itself.
#[derive(Clone, Copy, Debug)]
struct FoldableLoad {
    addr: Addr,
    bytes: usize,
}

/// Bytes a load reads, if the instruction is one.
fn load_bytes(inst: &VInst) -> Option<(Addr, usize)> {
    let bytes = match inst.op {
        MachOp::MovUps => inst.width.bytes(),
        MachOp::Load64 => 8,
        MachOp::Load32 => 4,
        _ => return None,
    };
    match (inst.args[0], inst.mask) {
        (Some(Arg::Mem(addr)), None) => Some((addr, bytes)),
        _ => None,
    }
}

/// Loads with one use, in their own block, with no store or call between.
fn foldable_loads(func: &MachFunc) -> FxHashMap<VReg, FoldableLoad> {
    let mut uses = vec![0u32; func.classes.len()];
    for block in &func.blocks {
        let args = block.succ_args.iter().flatten();
        args.for_each(|reg| uses[reg.vreg()] += 1);
        for inst in &block.insts {
            inst.for_each_reg(|role, reg| {
                uses[reg.vreg()] += u32::from(role != Role::Def);
            });
            // Read twice by one instruction.
            if let Inst::Vector(inst) = inst {
                for (i, arg) in inst.args.iter().enumerate() {
                    if let Some(Arg::Reg(reg)) = arg
                        && inst.repeats_tied(i)
                    {
                        uses[reg.vreg()] += 1;
                    }
                }
            }
        }
    }
    let mut found = FxHashMap::default();
    for block in &func.blocks {
        let mut pending: FxHashMap<VReg, FoldableLoad> = FxHashMap::default();
        for inst in &block.insts {
            inst.for_each_reg(|_, reg| {
                if let Some(load) = pending.remove(&reg) {
                    found.insert(reg, load);
                }
            });
            match inst {
                Inst::Vector(inst) if inst.def.is_none() => pending.clear(),
                Inst::Vector(inst) => {
                    if let (Some((addr, bytes)), Some(def)) = (load_bytes(inst), inst.def)
                        && uses[def.vreg()] == 1
                    {
                        pending.insert(def, FoldableLoad { addr, bytes });
                    }
                }
                Inst::Slow(_) => pending.clear(),
                _ => {}
            }
        }
    }
    found
}

/// Where values are used last, and how many are alive on the common path.
struct Lives {
    /// For each register the position of its last use; uses on a rare path
    /// count at the end of the block that leads there.
    last: Vec<usize>,
    /// The same with uses on rare paths where they stand.
    last_in_block: Vec<usize>,
    /// The block that defines each register.
    home: Vec<usize>,
    /// Parts of the blocks.
    parts: Vec<Part>,
    /// Vector registers alive at once on the common path.
    pressure: usize,
}

impl Lives {
    fn of(func: &MachFunc) -> Lives {
        let count = func.classes.len();
        let mut lives = Lives {
            last: vec![0; count],
            last_in_block: vec![0; count],
            home: vec![0; count],
            parts: func.blocks.iter().map(|b| b.part).collect(),
            pressure: 0,
        };
        let ends = block_ends(func);
        let mut position = 0;
        for (index, block) in func.blocks.iter().enumerate() {
            let shown = |position: usize| match lives.anchor(index) {
                Some(anchor) => ends[anchor],
                None => position,
            };
            let mut uses = Vec::new();
            let mut defs: Vec<VReg> = block.params.clone();
            for (i, inst) in block.insts.iter().enumerate() {
                inst.for_each_reg(|role, reg| match role {
                    Role::Def | Role::Incoming(_) => defs.push(reg),
                    _ => uses.push((reg, shown(position + i), position + i)),
                });
            }
            position += block.insts.len();
            let end = position - 1;
            for &reg in block.succ_args.iter().flatten() {
                uses.push((reg, shown(end), end));
            }
            for (reg, at, real) in uses {
                let reg = reg.vreg();
                lives.last[reg] = lives.last[reg].max(at);
                lives.last_in_block[reg] = lives.last_in_block[reg].max(real);
            }
            for reg in defs {
                lives.home[reg.vreg()] = index;
            }
        }
        lives.extend_over_loops(func, &ends);
        lives.pressure = pressure(func, &lives);
        lives
    }

    /// What a loop in the loop reads and does not define is alive until it
    /// ends.
    fn extend_over_loops(&mut self, func: &MachFunc, ends: &[usize]) {
        for (latch, block) in func.blocks.iter().enumerate() {
            for succ in &block.succs {
                let head = succ.index();
                let is_inner = head <= latch && head > 0 && func.blocks[head - 1].part == Part::Hot;
                if !is_inner || block.part != Part::Hot {
                    continue;
                }
                for inside in &func.blocks[head..=latch] {
                    for inst in &inside.insts {
                        inst.for_each_reg(|role, reg| {
                            let is_use = !matches!(role, Role::Def | Role::Incoming(_));
                            if is_use && self.home[reg.vreg()] < head {
                                let last = &mut self.last[reg.vreg()];
                                *last = (*last).max(ends[latch]);
                            }
                        });
                    }
                }
            }
        }
    }

    /// The common block a rare path leaves from.
    fn anchor(&self, block: usize) -> Option<usize> {
        let mut at = block;
        while let Part::Cold(from) = self.parts[at] {
            at = from;
        }
        (at != block).then_some(at)
    }

    /// Whether a register's value is not needed after an instruction.
    fn dies(&self, reg: VReg, (block, position): (usize, usize)) -> bool {
        let reg = reg.vreg();
        if reg >= self.home.len() {
            return false;
        }
        match self.parts[block] {
            Part::Hot => self.last[reg] == position && self.parts[self.home[reg]] == Part::Hot,
            Part::Once | Part::Cold(_) => {
                self.last_in_block[reg] == position && self.home[reg] == block
            }
        }
    }
}

/// For each block the position of its terminator.
fn block_ends(func: &MachFunc) -> Vec<usize> {
    let mut end = 0;
    func.blocks
        .iter()
        .map(|block| {
            end += block.insts.len();
            end - 1
        })
        .collect()
}

/// The most vector registers alive at once on the common path, those that
/// come from before the loop included.
fn pressure(func: &MachFunc, lives: &Lives) -> usize {
    let is_vector = |reg: VReg| func.classes[reg.vreg()] == RegClass::Float;
    let is_hot = |reg: VReg| lives.parts[lives.home[reg.vreg()]] == Part::Hot;
    let mut from_before = vec![false; func.classes.len()];
    let mut alive = 0usize;
    let mut most = 0;
    let mut ending: FxHashMap<usize, usize> = FxHashMap::default();
    let mut position = 0;
    for block in &func.blocks {
        if block.part != Part::Hot {
            position += block.insts.len();
            continue;
        }
        let mut defs = block.params.clone();
        for inst in &block.insts {
            alive -= ending.remove(&position).unwrap_or(0);
            inst.for_each_reg(|role, reg| match role {
                Role::Def => defs.push(reg),
                _ if is_vector(reg) && !is_hot(reg) => from_before[reg.vreg()] = true,
                _ => {}
            });
            for reg in defs.drain(..) {
                let last = lives.last[reg.vreg()];
                if is_vector(reg) && last > position {
                    alive += 1;
                    *ending.entry(last).or_default() += 1;
                }
            }
            most = most.max(alive);
            position += 1;
        }
    }
    most + from_before.iter().filter(|&&used| used).count()
}

/// Registers left free for what the estimate of pressure does not see.
const SLACK: usize = 1;

/// Which constants of the common path to keep in registers: those that would
/// need a load of their own first, then those read most often.
fn hoist(func: &MachFunc, lives: &Lives, vector: Width) -> Vec<(ConstId, Width)> {
    let mut scores: FxHashMap<ConstId, (usize, usize, Width)> = FxHashMap::default();
    for block in func.blocks.iter().filter(|b| b.part == Part::Hot) {
        for inst in &block.insts {
            let Inst::Vector(inst) = inst else { continue };
            if inst.op == MachOp::MovUps {
                continue;
            }
            for (i, arg) in inst.args.iter().enumerate() {
                let Some(Arg::Const(id)) = arg else { continue };
                let entry = scores.entry(*id).or_insert((0, 0, inst.width));
                entry.0 += usize::from(needs_register(inst, i));
                entry.1 += 1;
                entry.2 = entry.2.max(inst.width);
            }
        }
    }
    let registers = vector_registers(vector);
    let room = registers - registers.min(lives.pressure + SLACK);
    let mut order: Vec<_> = scores.into_iter().collect();
    order.sort_unstable_by_key(|&(id, (loads, uses, _))| (std::cmp::Reverse((loads, uses)), id));
    order.truncate(room);
    order
        .into_iter()
        .map(|(id, (_, _, width))| (id, width))
        .collect()
}

/// Whether a constant at an argument cannot be a memory operand, whatever
/// form or order is chosen.
fn needs_register(inst: &VInst, arg: usize) -> bool {
    let form = inst.op.form();
    let others_constant = inst
        .args
        .iter()
        .enumerate()
        .any(|(i, a)| i != arg && matches!(a, Some(Arg::Const(_))));
    if fma_family(inst.op).is_some() {
        return others_constant;
    }
    match form.mem {
        Some(mem) if usize::from(mem) == arg => others_constant && form.commutes,
        Some(_) => !form.commutes || arg > 1 || others_constant,
        None => true,
    }
}

fn load_constant(def: VReg, id: ConstId, width: Width) -> Inst {
    Inst::Vector(VInst {
        op: MachOp::MovUps,
        width,
        def: Some(def),
        args: [Some(Arg::Const(id)), None, None],
        imm: 0,
        mask: None,
        merge: None,
    })
}

/// The three forms of one fused multiply-add.
struct FmaFamily {
    f132: MachOp,
    f213: MachOp,
    f231: MachOp,
}

fn fma_family(op: MachOp) -> Option<FmaFamily> {
    use MachOp::*;
    let (f132, f213, f231) = match op {
        Fmadd213Pd => (Fmadd132Pd, Fmadd213Pd, Fmadd231Pd),
        Fmsub213Pd => (Fmsub132Pd, Fmsub213Pd, Fmsub231Pd),
        Fnmadd213Pd => (Fnmadd132Pd, Fnmadd213Pd, Fnmadd231Pd),
        Fnmsub213Pd => (Fnmsub132Pd, Fnmsub213Pd, Fnmsub231Pd),
        Fmadd213Ps => (Fmadd132Ps, Fmadd213Ps, Fmadd231Ps),
        Fmsub213Ps => (Fmsub132Ps, Fmsub213Ps, Fmsub231Ps),
        Fnmadd213Ps => (Fnmadd132Ps, Fnmadd213Ps, Fnmadd231Ps),
        Fnmsub213Ps => (Fnmsub132Ps, Fnmsub213Ps, Fnmsub231Ps),
        _ => return None,
    };
    Some(FmaFamily { f132, f213, f231 })
}

/// A way to write a fused multiply-add: the op, the order of its arguments
/// in terms of (factor, factor, addend), the last of them in memory or not.
type FmaChoice = (MachOp, [usize; 3], bool);

impl FmaFamily {
    fn choices(&self) -> [FmaChoice; 9] {
        [
            (self.f213, [0, 1, 2], true),
            (self.f213, [1, 0, 2], true),
            (self.f231, [2, 0, 1], true),
            (self.f231, [2, 1, 0], true),
            (self.f132, [0, 2, 1], true),
            (self.f132, [1, 2, 0], true),
            (self.f213, [0, 1, 2], false),
            (self.f213, [1, 0, 2], false),
            (self.f231, [2, 0, 1], false),
        ]
    }
}

struct Rewriter<'a> {
    func: &'a mut MachFunc,
    lives: &'a Lives,
    hoisted: &'a FxHashMap<ConstId, VReg>,
    loads: &'a FxHashMap<VReg, FoldableLoad>,
    folded: &'a mut [bool],
    out: &'a mut Vec<Inst>,
    at: (usize, usize),
}

impl Rewriter<'_> {
    fn vector(&mut self, mut inst: VInst) {
        self.use_hoisted(&mut inst);
        match fma_family(inst.op) {
            Some(family) => self.choose_fma(&mut inst, &family),
            None => self.order(&mut inst),
        }
        let form = inst.op.form();
        for i in 0..inst.args.len() {
            let is_memory = form.mem == Some(i as u8);
            match inst.args[i] {
                Some(Arg::Const(id)) if !is_memory => {
                    inst.args[i] = Some(Arg::Reg(self.load(id, &inst, i)));
                }
                Some(Arg::Reg(reg)) if is_memory => {
                    if let Some(load) = self.foldable(&inst, i, reg) {
                        self.folded[reg.vreg()] = true;
                        inst.args[i] = Some(Arg::Mem(load.addr));
                    }
                }
                _ => {}
            }
        }
        self.out.push(Inst::Vector(inst));
    }

    fn use_hoisted(&self, inst: &mut VInst) {
        // A load of a constant into a register is what hoisting makes.
        if inst.op == MachOp::MovUps {
            return;
        }
        for arg in inst.args.iter_mut().flatten() {
            if let Arg::Const(id) = *arg
                && let Some(&reg) = self.hoisted.get(&id)
            {
                *arg = Arg::Reg(reg);
            }
        }
    }

    /// The load behind an argument, where its size is what is read there.
    fn foldable(&self, inst: &VInst, arg: usize, reg: VReg) -> Option<FoldableLoad> {
        let bytes = match inst.op.form().args[arg] {
            Slot::Vec(shift) => inst.width.bytes() >> shift,
            _ => return None,
        };
        let load = self.loads.get(&reg).copied()?;
        (load.bytes == bytes && inst.mask.is_none()).then_some(load)
    }

    /// Puts what can be in memory where memory can be.
    fn order(&self, inst: &mut VInst) {
        let in_memory = |i: usize| match inst.args[i] {
            Some(Arg::Const(_)) => true,
            Some(Arg::Reg(reg)) => self.foldable(inst, 1, reg).is_some(),
            _ => false,
        };
        if inst.op.form().commutes && inst.mask.is_none() && in_memory(0) && !in_memory(1) {
            inst.args.swap(0, 1);
        }
    }

    fn choose_fma(&self, inst: &mut VInst, family: &FmaFamily) {
        let args = inst.args;
        let best = family
            .choices()
            .into_iter()
            .filter_map(|choice| Some((self.fma_cost(inst, &args, choice)?, choice)))
            .min_by_key(|&(cost, _)| cost);
        if let Some((_, (op, order, _))) = best {
            inst.op = op;
            inst.args = order.map(|i| args[i]);
        }
    }

    /// Instructions a choice needs besides the multiply-add; `None` if it
    /// wants something in memory that is not there.
    fn fma_cost(&self, inst: &VInst, args: &[Option<Arg>; 3], choice: FmaChoice) -> Option<usize> {
        let (_, order, memory) = choice;
        let mut cost = 0;
        for (slot, &i) in order.iter().enumerate() {
            let foldable = match args[i] {
                Some(Arg::Reg(reg)) => self.foldable(inst, 2, reg).is_some(),
                Some(Arg::Const(_)) => true,
                _ => false,
            };
            if slot == 2 && memory {
                if !foldable {
                    return None;
                }
            } else {
                cost += 2 * usize::from(foldable);
            }
        }
        if let Some(Arg::Reg(tied)) = args[order[0]] {
            cost += 2 * usize::from(!self.lives.dies(tied, self.at));
        }
        // Among equals, memory operands leave the register free earlier.
        Some(cost + usize::from(!memory))
    }

    fn load(&mut self, id: ConstId, inst: &VInst, arg: usize) -> VReg {
        let width = match inst.op.form().args[arg] {
            Slot::Vec(shift) => inst.width.narrower(shift),
            _ => inst.width,
        };
        let def = self.func.fresh(VECTOR);
        self.out.push(load_constant(def, id, width));
        def
    }
}
