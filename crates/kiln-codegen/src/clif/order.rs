//! The order of vector code within a block: the one lowering chose, except
//! where another needs fewer registers.
//!
//! Lowering computes all pieces of a value before the next value. Sixteen
//! registers do not hold that where values are many, and a load that stands
//! beside its only user becomes its memory operand. Cranelift keeps the order
//! it is given, since strips are compiled without its optimisations.

use crate::bottom_up::bottom_up;
use cranelift_codegen::ir::{Block, Function, Inst, Value};
use rustc_hash::{FxHashMap, FxHashSet};

/// Orders every block, in place.
pub(super) fn order(func: &mut Function) {
    let home = homes(func);
    let blocks: Vec<Block> = func.layout.blocks().collect();
    for block in blocks {
        let insts: Vec<Inst> = func.layout.block_insts(block).collect();
        let mut run = Vec::new();
        for inst in insts {
            if is_movable(func, inst) {
                run.push(inst);
            } else {
                order_run(func, &home, block, &std::mem::take(&mut run), inst);
            }
        }
    }
}

/// In which block each value is read, where that is one alone.
fn homes(func: &Function) -> FxHashMap<Value, Option<Block>> {
    let mut homes: FxHashMap<Value, Option<Block>> = FxHashMap::default();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            for value in reads(func, inst) {
                homes
                    .entry(value)
                    .and_modify(|found| *found = found.filter(|&b| b == block))
                    .or_insert(Some(block));
            }
        }
    }
    homes
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

/// What is alive, and which values are read in other blocks, too.
struct Alive<'a> {
    func: &'a Function,
    home: &'a FxHashMap<Value, Option<Block>>,
    block: Block,
    values: FxHashSet<Value>,
}

impl Alive<'_> {
    /// Vectors alive before an instruction less those alive behind it.
    fn cost(&self, inst: Inst) -> i32 {
        let is_vector = |&v: &Value| self.func.dfg.value_type(v).is_vector();
        let results = self.func.dfg.inst_results(inst).iter();
        let ends = results.filter(|v| is_vector(v) && self.values.contains(v));
        let mut begins: Vec<Value> = reads(self.func, inst)
            .filter(|v| is_vector(v) && !self.values.contains(v) && !self.outlives(*v))
            .collect();
        begins.sort_unstable();
        begins.dedup();
        begins.len() as i32 - ends.count() as i32
    }

    fn outlives(&self, value: Value) -> bool {
        self.home.get(&value) != Some(&Some(self.block))
    }

    fn walk_back(&mut self, inst: Inst) {
        for result in self.func.dfg.inst_results(inst) {
            self.values.remove(result);
        }
        self.values.extend(reads(self.func, inst));
    }
}

/// Orders instructions that may all move, as far as memory allows, before the
/// one behind them.
fn order_run(
    func: &mut Function,
    home: &FxHashMap<Value, Option<Block>>,
    block: Block,
    run: &[Inst],
    behind: Inst,
) {
    if run.len() < 3 {
        return;
    }
    let mut alive = Alive {
        func,
        home,
        block,
        values: FxHashSet::default(),
    };
    let mut rest = Some(behind);
    while let Some(inst) = rest {
        // What is read behind stays alive; the order there does not matter.
        alive.values.extend(reads(func, inst));
        rest = func.layout.next_inst(inst);
    }
    let before = dependencies(func, run);
    let order = bottom_up(
        &before,
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

/// For each instruction those that must stand before it.
fn dependencies(func: &Function, run: &[Inst]) -> Vec<Vec<usize>> {
    let mut defined: FxHashMap<Value, usize> = FxHashMap::default();
    let mut loads = Vec::new();
    let mut store = None;
    let mut before = vec![Vec::new(); run.len()];
    for (i, &inst) in run.iter().enumerate() {
        before[i].extend(reads(func, inst).filter_map(|v| defined.get(&v)));
        defined.extend(func.dfg.inst_results(inst).iter().map(|&v| (v, i)));
        let opcode = func.dfg.insts[inst].opcode();
        if opcode.can_store() {
            before[i].append(&mut loads);
            before[i].extend(store);
            store = Some(i);
        } else if opcode.can_load() {
            before[i].extend(store);
            loads.push(i);
        }
        before[i].sort_unstable();
        before[i].dedup();
    }
    before
}
