//! Values that only a rare path still needs are computed there again.
//!
//! A rare path leaves the loop's body at its end and reads what was computed
//! at its start: the operand, comparisons of it. Keeping those alive would
//! take registers from the common path, so the rare path repeats their
//! computation, down to what is alive anyway or can be loaded again.

use super::inst::{Arg, Inst, MachFunc, Part, Role, VInst};
use super::rows::{MachOp, Slot};
use regalloc2::VReg;
use rustc_hash::FxHashMap;

/// Instructions repeated for one value at most.
const REPEATED_MAX: usize = 16;

/// Repeats computations in rare paths, in place.
pub(crate) fn sink(func: &mut MachFunc) {
    let analysis = Analysis::of(func);
    for index in 0..func.blocks.len() {
        let Some(anchor) = analysis.anchor(index) else {
            continue;
        };
        let mut copies = Copies {
            func,
            analysis: &analysis,
            anchor,
            known: FxHashMap::default(),
            insts: Vec::new(),
        };
        let mut renamed = FxHashMap::default();
        for reg in copies.used_in(index) {
            if let Some(copy) = copies.copy(reg) {
                renamed.insert(reg, copy);
            }
        }
        let insts = copies.insts;
        let block = &mut func.blocks[index];
        for inst in &mut block.insts {
            inst.rename_uses(&renamed);
        }
        for reg in block.succ_args.iter_mut().flatten() {
            if let Some(&copy) = renamed.get(reg) {
                *reg = copy;
            }
        }
        block.insts.splice(0..0, insts);
    }
}

/// Where values of the common path are defined and last used.
struct Analysis {
    /// Part of each block.
    parts: Vec<Part>,
    /// Position of the last instruction of each block.
    ends: Vec<usize>,
    /// The vector instruction on the common path that defines a register,
    /// and its position.
    defs: FxHashMap<VReg, (VInst, usize)>,
    /// Position of the last use on the common path.
    last: FxHashMap<VReg, usize>,
    /// Positions of stores on the common path.
    stores: Vec<usize>,
}

impl Analysis {
    fn of(func: &MachFunc) -> Analysis {
        let mut analysis = Analysis {
            parts: func.blocks.iter().map(|b| b.part).collect(),
            ends: Vec::new(),
            defs: FxHashMap::default(),
            last: FxHashMap::default(),
            stores: Vec::new(),
        };
        let mut position = 0;
        for block in &func.blocks {
            let start = position;
            position += block.insts.len();
            analysis.ends.push(position - 1);
            if block.part != Part::Hot {
                continue;
            }
            for (inst, at) in block.insts.iter().zip(start..) {
                inst.for_each_reg(|role, reg| {
                    if role != Role::Def {
                        analysis.last.insert(reg, at);
                    }
                });
                match inst {
                    Inst::Vector(VInst { def: None, .. }) => analysis.stores.push(at),
                    Inst::Vector(inst) => {
                        let def = inst.def.map(|reg| (reg, (*inst, at)));
                        analysis.defs.extend(def);
                    }
                    _ => {}
                }
            }
            for &reg in block.succ_args.iter().flatten() {
                analysis.last.insert(reg, position);
            }
        }
        analysis
    }

    /// The common block that a rare path leaves from.
    fn anchor(&self, block: usize) -> Option<usize> {
        let mut at = block;
        while let Part::Cold(from) = self.parts[at] {
            at = from;
        }
        (at != block && self.parts[at] == Part::Hot).then_some(at)
    }
}

/// Copies of computations for one block of a rare path.
struct Copies<'a> {
    func: &'a mut MachFunc,
    analysis: &'a Analysis,
    anchor: usize,
    known: FxHashMap<VReg, VReg>,
    insts: Vec<Inst>,
}

impl Copies<'_> {
    /// The registers a block reads, in order.
    fn used_in(&self, block: usize) -> Vec<VReg> {
        let block = &self.func.blocks[block];
        let mut used = Vec::new();
        for inst in &block.insts {
            inst.for_each_reg(|role, reg| {
                if role != Role::Def {
                    used.push(reg);
                }
            });
        }
        used.extend(block.succ_args.iter().flatten());
        let mut seen = rustc_hash::FxHashSet::default();
        used.retain(|reg| seen.insert(*reg));
        used
    }

    /// A register that holds the value again, if that is cheap and spares
    /// the common path a register.
    fn copy(&mut self, reg: VReg) -> Option<VReg> {
        if self.is_alive_anyway(reg) {
            return None;
        }
        let mut order = Vec::new();
        self.collect(reg, REPEATED_MAX, &mut order)?;
        for inst in order {
            self.repeat(inst);
        }
        self.known.get(&reg).copied()
    }

    /// Whether a value outlives the block the rare path leaves from, or was
    /// not computed on the common path by an instruction of the table.
    fn is_alive_anyway(&self, reg: VReg) -> bool {
        let end = self.analysis.ends[self.anchor];
        !self.analysis.defs.contains_key(&reg)
            || self.analysis.last.get(&reg).is_some_and(|&last| last > end)
    }

    /// The instructions that compute a value, in order; `None` if there are
    /// too many or one cannot be repeated.
    fn collect(&self, reg: VReg, depth: usize, order: &mut Vec<VInst>) -> Option<()> {
        if self.known.contains_key(&reg) || self.is_alive_anyway(reg) {
            return Some(());
        }
        let (inst, at) = self.analysis.defs[&reg];
        if order.iter().any(|other| other.def == inst.def) {
            return Some(());
        }
        if order.len() >= REPEATED_MAX || depth == 0 || !self.is_repeatable(&inst, at) {
            return None;
        }
        let held = [inst.mask, inst.merge];
        let args = inst.args.iter().flatten().filter_map(|arg| match arg {
            Arg::Reg(reg) => Some(*reg),
            _ => None,
        });
        for need in args.chain(held.into_iter().flatten()) {
            self.collect(need, depth - 1, order)?;
        }
        order.push(inst);
        Some(())
    }

    /// A load can be repeated if nothing was stored since.
    fn is_repeatable(&self, inst: &VInst, at: usize) -> bool {
        let reads_memory = inst.args.iter().any(|a| matches!(a, Some(Arg::Mem(_))))
            || inst.op.form().args[0] == Slot::Mem && inst.op != MachOp::MovUps;
        let end = self.analysis.ends[self.anchor];
        !reads_memory || !self.analysis.stores.iter().any(|&s| s > at && s <= end)
    }

    fn repeat(&mut self, mut inst: VInst) {
        let Some(def) = inst.def else { return };
        if self.known.contains_key(&def) {
            return;
        }
        let copy = self.func.fresh(self.func.classes[def.vreg()]);
        inst.rename_uses(&self.known);
        inst.def = Some(copy);
        self.known.insert(def, copy);
        self.insts.push(Inst::Vector(inst));
    }
}

impl VInst {
    fn rename_uses(&mut self, names: &FxHashMap<VReg, VReg>) {
        let new = |reg: &mut VReg| {
            if let Some(&name) = names.get(reg) {
                *reg = name;
            }
        };
        for arg in self.args.iter_mut().flatten() {
            if let Arg::Reg(reg) = arg {
                new(reg);
            }
        }
        self.mask.iter_mut().for_each(new);
        self.merge.iter_mut().for_each(new);
    }
}

impl Inst {
    /// Renames the vector registers and masks that are read.
    fn rename_uses(&mut self, names: &FxHashMap<VReg, VReg>) {
        let new = |reg: &mut VReg| {
            if let Some(&name) = names.get(reg) {
                *reg = name;
            }
        };
        match self {
            Inst::Vector(inst) => inst.rename_uses(names),
            Inst::Slow(call) => call.args.iter_mut().flatten().for_each(new),
            Inst::LaneBits { mask, .. } | Inst::IfMask { mask, .. } => new(mask),
            _ => {}
        }
    }
}
