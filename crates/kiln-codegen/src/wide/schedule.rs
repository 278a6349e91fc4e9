//! The order of instructions within a block: the one selection chose, except
//! where another needs fewer registers.
//!
//! List scheduling from the bottom up, by the registers alive. Latencies are left to the
//! processor: it looks far enough ahead to overlap the pieces of a value and
//! whole rounds of the loop, but it cannot undo a spill.

use super::inst::{Arg, Inst, MachFunc, Role};
use crate::bottom_up::{Memory, Needs, bottom_up};
use regalloc2::{RegClass, VReg};

/// Orders every block, in place.
pub(crate) fn schedule(func: &mut MachFunc) {
    let blocks_of_uses = blocks_of_uses(func);
    let mut alive = Alive::new(func.classes.len());
    let mut defined = Defined {
        by: vec![(0, 0); func.classes.len()],
        run: 0,
    };
    for index in 0..func.blocks.len() {
        let block = &func.blocks[index];
        alive.clear();
        block
            .succ_args
            .iter()
            .flatten()
            .for_each(|&v| alive.insert(v));
        let outlives = |reg: VReg| blocks_of_uses[reg.vreg()].is_used_outside(index);
        let mut insts = std::mem::take(&mut func.blocks[index].insts);
        let mut end = insts.len();
        while end > 0 {
            let start = run_start(&insts, end);
            if start < end {
                order_run(&mut insts[start..end], &mut alive, &mut defined, &outlives);
                end = start;
            } else {
                end -= 1;
                walk_back(&insts[end], &mut alive);
            }
        }
        func.blocks[index].insts = insts;
    }
}

/// A set of registers that is asked very often: for each the number of the
/// time since which it is in the set.
struct Alive {
    since: Vec<u32>,
    time: u32,
}

impl Alive {
    fn new(registers: usize) -> Alive {
        Alive {
            since: vec![0; registers],
            time: 0,
        }
    }

    fn clear(&mut self) {
        self.time += 1;
    }

    fn contains(&self, reg: VReg) -> bool {
        self.since[reg.vreg()] == self.time
    }

    fn insert(&mut self, reg: VReg) {
        self.since[reg.vreg()] = self.time;
    }

    fn remove(&mut self, reg: VReg) {
        self.since[reg.vreg()] = 0;
    }
}

/// In which blocks a register is read.
#[derive(Clone, Copy, Default)]
struct UsedIn {
    first: Option<usize>,
    several: bool,
}

impl UsedIn {
    fn is_used_outside(self, block: usize) -> bool {
        self.several || self.first.is_some_and(|b| b != block)
    }
}

fn blocks_of_uses(func: &MachFunc) -> Vec<UsedIn> {
    let mut used = vec![UsedIn::default(); func.classes.len()];
    for (index, block) in func.blocks.iter().enumerate() {
        let mut note = |reg: VReg| {
            let entry = &mut used[reg.vreg()];
            entry.several |= entry.first.is_some_and(|b| b != index);
            entry.first.get_or_insert(index);
        };
        for inst in &block.insts {
            inst.for_each_reg(|role, reg| {
                if role != Role::Def {
                    note(reg);
                }
            });
        }
        block.succ_args.iter().flatten().for_each(|&reg| note(reg));
    }
    used
}

fn is_movable(inst: &Inst) -> bool {
    matches!(
        inst,
        Inst::Vector(_)
            | Inst::LaneBits { .. }
            | Inst::LaneWord { .. }
            | Inst::LoadIndex { .. }
            | Inst::Lea { .. }
            | Inst::MulWord { .. }
    )
}

/// Where the run of movable instructions that ends at `end` starts.
fn run_start(insts: &[Inst], end: usize) -> usize {
    let run = insts[..end].iter().rev().take_while(|i| is_movable(i));
    end - run.count()
}

fn walk_back(inst: &Inst, alive: &mut Alive) {
    inst.for_each_reg(|role, reg| match role {
        Role::Def | Role::Incoming(_) => alive.remove(reg),
        _ => alive.insert(reg),
    });
}

/// Orders instructions that may all move, as far as memory allows. `alive`
/// is what is alive behind them, and becomes what is alive before them.
fn order_run(
    run: &mut [Inst],
    alive: &mut Alive,
    defined: &mut Defined,
    outlives: &impl Fn(VReg) -> bool,
) {
    let order = bottom_up(
        &needs(run, defined),
        alive,
        |alive, i| cost(&run[i], alive, outlives),
        |alive, i| walk_back(&run[i], alive),
    );
    let mut old: Vec<Inst> = run
        .iter_mut()
        .map(|inst| std::mem::replace(inst, Inst::Jump))
        .collect();
    for (slot, from) in run.iter_mut().zip(order) {
        *slot = std::mem::replace(&mut old[from], Inst::Jump);
    }
}

/// Which instruction of the run under way defines each register.
struct Defined {
    by: Vec<(u32, u32)>,
    run: u32,
}

/// What each instruction of a run needs before it.
fn needs(run: &[Inst], defined: &mut Defined) -> Needs {
    let mut needs = Needs::default();
    let mut values = Vec::new();
    defined.run += 1;
    for (i, inst) in run.iter().enumerate() {
        inst.for_each_reg(|role, reg| {
            let entry = &mut defined.by[reg.vreg()];
            match (role, *entry) {
                (Role::Def, _) => *entry = (defined.run, i as u32),
                (_, (run, by)) if run == defined.run => values.push(by),
                _ => {}
            }
        });
        needs.push(values.drain(..), memory(inst));
    }
    needs
}

fn memory(inst: &Inst) -> Memory {
    let Inst::Vector(inst) = inst else {
        return Memory::None;
    };
    let reads = |arg: &Option<Arg>| matches!(arg, Some(Arg::Mem(_)));
    match inst.def {
        None => Memory::Store,
        Some(_) if inst.args.iter().any(reads) => Memory::Load,
        Some(_) => Memory::None,
    }
}

/// Registers alive before an instruction less those alive behind it.
fn cost(inst: &Inst, alive: &Alive, outlives: &impl Fn(VReg) -> bool) -> i32 {
    let is_vector = |reg: VReg| reg.class() == RegClass::Float;
    let mut cost = 0;
    let mut seen = [None; 5];
    let mut count = 0;
    inst.for_each_reg(|role, reg| {
        if !is_vector(reg) {
            return;
        }
        match role {
            Role::Def => cost -= i32::from(alive.contains(reg)),
            _ if alive.contains(reg) || outlives(reg) => {}
            _ if seen[..count].contains(&Some(reg)) => {}
            _ => {
                cost += 1;
                if count < seen.len() {
                    seen[count] = Some(reg);
                    count += 1;
                }
            }
        }
    });
    cost
}
