//! The order of vector code within a block: the one lowering chose, except
//! where another needs fewer registers.
//!
//! Lowering computes all pieces of a value before the next value. Sixteen
//! registers do not hold that where values are many, and a load that stands
//! beside its only user becomes its memory operand. Cranelift keeps the order
//! it is given, since strips are compiled without its optimisations.

use crate::bottom_up::{Memory, Needs, bottom_up};
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{Block, Function, Inst, Value};

/// Orders every block, in place.
pub(super) fn order(func: &mut Function) {
    let home = homes(func);
    let mut scratch = Scratch::default();
    let blocks: Vec<Block> = func.layout.blocks().collect();
    for block in blocks {
        let insts: Vec<Inst> = func.layout.block_insts(block).collect();
        let mut run = Vec::new();
        for inst in insts {
            if is_movable(func, inst) {
                run.push(inst);
            } else {
                order_run(func, &home, &mut scratch, &run, inst);
                run.clear();
            }
        }
    }
}

/// Where a value is read.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Home {
    #[default]
    Nowhere,
    /// In one block alone.
    In(Block),
    Several,
}

fn homes(func: &Function) -> SecondaryMap<Value, Home> {
    let mut homes = SecondaryMap::with_capacity(func.dfg.num_values());
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            for value in reads(func, inst) {
                homes[value] = match homes[value] {
                    Home::In(other) if other != block => Home::Several,
                    Home::Several => Home::Several,
                    Home::Nowhere | Home::In(_) => Home::In(block),
                };
            }
        }
    }
    homes
}

/// What is known of values in the run under way, which has a number of its
/// own, so that nothing has to be cleared between runs.
#[derive(Default)]
struct Scratch {
    run: u32,
    /// The run in which a value is alive.
    alive: SecondaryMap<Value, u32>,
    /// The run, and the instruction in it that defines a value.
    defined: SecondaryMap<Value, (u32, u32)>,
}

/// What an instruction reads, the arguments of branches included.
fn reads(func: &Function, inst: Inst) -> impl Iterator<Item = Value> + '_ {
    let dfg = &func.dfg;
    dfg.inst_values(inst).map(|v| dfg.resolve_aliases(v))
}

fn is_movable(func: &Function, inst: Inst) -> bool {
    let opcode = func.dfg.insts[inst].opcode();
    let has_effects = opcode.is_terminator()
        || opcode.is_call()
        || opcode.is_branch()
        || opcode.other_side_effects()
        || (opcode.can_trap() && !opcode.can_load() && !opcode.can_store());
    !has_effects
}

/// The values alive in a run of instructions of a block.
struct Alive<'a> {
    func: &'a Function,
    home: &'a SecondaryMap<Value, Home>,
    block: Block,
    run: u32,
    since: &'a mut SecondaryMap<Value, u32>,
}

impl Alive<'_> {
    /// Vectors alive before an instruction less those alive behind it.
    fn cost(&self, inst: Inst) -> i32 {
        let is_vector = |&v: &Value| self.func.dfg.value_type(v).is_vector();
        let results = self.func.dfg.inst_results(inst).iter();
        let ends = results.filter(|v| is_vector(v) && self.has(**v));
        let begins = |v: &Value| is_vector(v) && !self.has(*v) && !self.outlives(*v);
        let mut count = 0;
        for (i, value) in reads(self.func, inst).enumerate() {
            let again = || reads(self.func, inst).take(i).any(|other| other == value);
            count += i32::from(begins(&value) && !again());
        }
        count - ends.count() as i32
    }

    fn has(&self, value: Value) -> bool {
        self.since[value] == self.run
    }

    fn outlives(&self, value: Value) -> bool {
        self.home[value] != Home::In(self.block)
    }

    fn read(&mut self, inst: Inst) {
        for value in reads(self.func, inst) {
            self.since[value] = self.run;
        }
    }

    fn walk_back(&mut self, inst: Inst) {
        for &result in self.func.dfg.inst_results(inst) {
            self.since[result] = 0;
        }
        self.read(inst);
    }
}

/// Orders instructions that may all move, as far as memory allows, before the
/// one behind them.
fn order_run(
    func: &mut Function,
    home: &SecondaryMap<Value, Home>,
    scratch: &mut Scratch,
    run: &[Inst],
    behind: Inst,
) {
    let Some(block) = func.layout.inst_block(behind) else {
        return;
    };
    if run.len() < 3 {
        return;
    }
    scratch.run += 1;
    let needs = needs(func, run, scratch);
    let mut alive = Alive {
        func,
        home,
        block,
        run: scratch.run,
        since: &mut scratch.alive,
    };
    let mut rest = Some(behind);
    while let Some(inst) = rest {
        // What is read behind stays alive; the order there does not matter.
        alive.read(inst);
        rest = func.layout.next_inst(inst);
    }
    let order = bottom_up(
        &needs,
        &mut alive,
        |alive, i| alive.cost(run[i]),
        |alive, i| alive.walk_back(run[i]),
    );
    for &inst in run {
        func.layout.remove_inst(inst);
    }
    for i in order {
        func.layout.insert_inst(run[i], behind);
    }
}

/// What each instruction of a run needs before it.
fn needs(func: &Function, run: &[Inst], scratch: &mut Scratch) -> Needs {
    let mut needs = Needs::default();
    for (i, &inst) in run.iter().enumerate() {
        let defined = &scratch.defined;
        let by = reads(func, inst).map(|v| defined[v]);
        let values = by.filter(|by| by.0 == scratch.run).map(|by| by.1);
        let opcode = func.dfg.insts[inst].opcode();
        let memory = match (opcode.can_store(), opcode.can_load()) {
            (true, _) => Memory::Store,
            (false, true) => Memory::Load,
            (false, false) => Memory::None,
        };
        needs.push(values, memory);
        for &result in func.dfg.inst_results(inst) {
            scratch.defined[result] = (scratch.run, i as u32);
        }
    }
    needs
}
