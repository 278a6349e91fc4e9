//! Random machine functions, allocated with few registers: regalloc2's
//! checker follows every value to every use.

use super::*;
use crate::wide::inst::{Addr, Arg, BlockData, Part, VInst};
use crate::wide::rows::MachOp;
use regalloc2::{Allocation, Edit, SpillSlot};

/// Registers that each class keeps: enough for one instruction of each kind
/// and a copy.
const FEWEST: [usize; 3] = [4, 4, 2];

/// Draws a machine function: straight code, branches with both sides on the
/// common path or one on a rare path, and loops in loops.
struct Draw {
    seed: u64,
    func: MachFunc,
    /// The values alive here, by class.
    alive: [Vec<VReg>; 3],
    /// The block under construction.
    block: usize,
    part: Part,
}

impl Draw {
    fn new(seed: u64) -> Draw {
        let mut draw = Draw {
            seed,
            func: MachFunc::default(),
            alive: Default::default(),
            block: 0,
            part: Part::Once,
        };
        draw.block = draw.open();
        let [frame, lo, hi] = [GENERAL; 3].map(|class| draw.func.fresh(class));
        draw.push(Inst::Args { frame, lo, hi });
        draw.alive[0] = vec![frame, lo, hi];
        let def = draw.func.fresh(VECTOR);
        let arg = Some(Arg::Mem(draw.address()));
        draw.push(vector(MachOp::MovUps, Some(def), [arg, None, None]));
        draw.alive[1] = vec![def];
        let mask = draw.func.fresh(MASK);
        let arg = Some(Arg::Reg(def));
        draw.push(vector(MachOp::KCmpPd, Some(mask), [arg, arg, None]));
        draw.alive[2] = vec![mask];
        draw.region(3);
        draw.push(Inst::Return { status: 0 });
        draw.sorted()
    }

    /// splitmix64.
    fn below(&mut self, n: usize) -> usize {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    fn open(&mut self) -> usize {
        self.func.blocks.push(BlockData {
            part: self.part,
            ..BlockData::default()
        });
        self.func.blocks.len() - 1
    }

    fn push(&mut self, inst: Inst) {
        self.func.blocks[self.block].insts.push(inst);
    }

    /// Ends the block and goes on in another.
    fn end(&mut self, inst: Inst, to: &[(usize, Vec<VReg>)]) {
        self.push(inst);
        let block = &mut self.func.blocks[self.block];
        block.succs = to.iter().map(|(to, _)| Block::new(*to)).collect();
        block.succ_args = to.iter().map(|(_, args)| args.clone()).collect();
    }

    fn any(&mut self, class: RegClass) -> VReg {
        // Old and new values alike.
        let count = self.alive[class as usize].len();
        let at = match self.below(3) {
            0 => self.below(count),
            _ => count - 1 - self.below(count.min(6)),
        };
        self.alive[class as usize][at]
    }

    fn address(&mut self) -> Addr {
        let (base, index) = (self.any(GENERAL), self.any(GENERAL));
        Addr {
            base,
            index: Some(index),
            scale: 8,
            disp: 0,
        }
    }

    fn fresh(&mut self, class: RegClass) -> VReg {
        let reg = self.func.fresh(class);
        self.alive[class as usize].push(reg);
        reg
    }

    fn straight(&mut self) {
        for _ in 0..self.below(12) {
            let [x, y, z] = [VECTOR; 3].map(|class| Some(Arg::Reg(self.any(class))));
            let (arg, right) = (self.any(GENERAL), self.any(GENERAL));
            let mask = self.any(MASK);
            let inst = match self.below(8) {
                0 | 1 => vector(MachOp::AddPd, Some(self.fresh(VECTOR)), [x, y, None]),
                2 | 3 => vector(MachOp::Fmadd213Pd, Some(self.fresh(VECTOR)), [x, y, z]),
                4 => {
                    let def = self.fresh(MASK);
                    vector(MachOp::KCmpPd, Some(def), [x, y, None])
                }
                5 => match vector(MachOp::BlendmPd, Some(self.fresh(VECTOR)), [x, y, None]) {
                    Inst::Vector(inst) => Inst::Vector(VInst {
                        mask: Some(mask),
                        ..inst
                    }),
                    other => other,
                },
                6 => Inst::MulWord {
                    def: self.fresh(GENERAL),
                    left: arg,
                    right,
                },
                _ => Inst::AddImm {
                    def: self.fresh(GENERAL),
                    arg,
                    imm: 1,
                },
            };
            self.push(inst);
        }
    }

    fn region(&mut self, depth: usize) {
        self.straight();
        for _ in 0..self.below(3) {
            match (depth, self.below(2)) {
                (0, _) => {}
                (_, 0) => self.branch(depth - 1),
                (_, _) => self.repeat(depth - 1),
            }
            self.straight();
        }
    }

    /// Some values of each class, as arguments of a block.
    fn some(&mut self) -> Vec<VReg> {
        let mut some = Vec::new();
        for class in [GENERAL, VECTOR, MASK] {
            for _ in 0..self.below(4) {
                some.push(self.any(class));
            }
        }
        some
    }

    fn params(&mut self, block: usize, args: &[VReg]) {
        for arg in args {
            let param = self.fresh(arg.class());
            self.func.blocks[block].params.push(param);
        }
    }

    /// Others of the same classes.
    fn like(&mut self, args: &[VReg]) -> Vec<VReg> {
        args.iter().map(|arg| self.any(arg.class())).collect()
    }

    fn branch(&mut self, depth: usize) {
        let (left, right) = (self.any(GENERAL), self.any(GENERAL));
        let (from, part, alive) = (self.block, self.part, self.alive.clone());
        let yes = self.open();
        if part != Part::Once && self.below(2) == 0 {
            self.part = Part::Cold(from);
        }
        let no = self.open();
        self.end(Inst::IfLess { left, right }, &[(yes, vec![]), (no, vec![])]);
        let rare = std::mem::replace(&mut self.part, part);
        self.block = yes;
        self.region(depth);
        let first = self.some();
        let yes = self.block;
        (self.alive, self.block, self.part) = (alive.clone(), no, rare);
        self.region(depth);
        let second = self.like(&first);
        (self.alive, self.part) = (alive, part);
        let join = self.open();
        self.end(Inst::Jump, &[(join, second)]);
        self.block = yes;
        self.end(Inst::Jump, &[(join, first.clone())]);
        self.block = join;
        self.params(join, &first);
    }

    fn repeat(&mut self, depth: usize) {
        let part = self.part;
        if part == Part::Once {
            self.part = Part::Hot;
        }
        let (head, first) = (self.open(), self.some());
        self.end(Inst::Jump, &[(head, first.clone())]);
        let alive = self.alive.clone();
        self.block = head;
        self.params(head, &first);
        self.region(depth);
        let (left, right) = (self.any(GENERAL), self.any(GENERAL));
        let inside = self.alive.clone();
        let back = self.open();
        self.part = part;
        let done = self.open();
        self.end(
            Inst::IfLess { left, right },
            &[(back, vec![]), (done, vec![])],
        );
        self.block = back;
        self.alive = inside;
        // Often the parameters themselves, in another order.
        let next = match self.below(2) {
            0 => self.like(&first),
            _ => self.turned(head),
        };
        self.end(Inst::Jump, &[(head, next)]);
        self.alive = alive;
        self.block = done;
    }

    /// The parameters of a block, each at the next one's place.
    fn turned(&mut self, block: usize) -> Vec<VReg> {
        let mut turned = self.func.blocks[block].params.clone();
        for class in [GENERAL, VECTOR, MASK] {
            let at = (0..turned.len()).filter(|&i| turned[i].class() == class);
            let at: Vec<usize> = at.collect();
            for pair in at.windows(2) {
                turned.swap(pair[0], pair[1]);
            }
        }
        turned
    }

    /// With rare paths last.
    fn sorted(self) -> Draw {
        let blocks = &self.func.blocks;
        let mut order: Vec<usize> = (0..blocks.len()).collect();
        order.sort_by_key(|&block| matches!(blocks[block].part, Part::Cold(_)));
        let mut place = vec![0; order.len()];
        for (at, &block) in order.iter().enumerate() {
            place[block] = at;
        }
        let moved = order.iter().map(|&block| {
            let mut block = blocks[block].clone();
            for succ in &mut block.succs {
                *succ = Block::new(place[succ.index()]);
            }
            if let Part::Cold(from) = &mut block.part {
                *from = place[*from];
            }
            block
        });
        let blocks = moved.collect();
        let func = MachFunc {
            blocks,
            ..self.func.clone()
        };
        Draw { func, ..self }
    }
}

fn vector(op: MachOp, def: Option<VReg>, args: [Option<Arg>; 3]) -> Inst {
    Inst::Vector(VInst {
        op,
        width: Width::Z,
        def,
        args,
        imm: 0,
        mask: None,
        merge: None,
    })
}

/// The registers of the arguments and few others: `share` of 4 parts of what
/// is there beyond the fewest.
fn few(env: &MachineEnv, share: usize) -> RegisterOrder {
    let mut order = RegisterOrder::of(env);
    for (class, fewest) in order.0.iter_mut().zip(FEWEST) {
        class.sort_by_key(|reg| !matches!(reg.hw_enc(), gpr::RDI | gpr::RSI | gpr::RDX));
        class.truncate(fewest + share * (class.len() - fewest) / 4);
    }
    order
}

#[test]
fn every_value_reaches_every_use() {
    let (mut spilled, mut edges, mut insts) = (0, 0, 0);
    let env = machine_env(Width::Z, Convention::SystemV);
    for seed in 0..4000 {
        let func = Draw::new(seed).func;
        let flat = Flat::new(&func, Width::Z, Convention::SystemV);
        let uses = uses::Uses::of(&flat);
        let walked = walk::walk(&flat, &uses, &few(&env, seed as usize % 5));
        let walked = walked.unwrap_or_else(|| panic!("seed {seed}: too few registers"));
        edges += walked.moves.iter().filter(|one| one.is_on_edge()).count();
        let output = slots::output(&flat, &uses, walked);
        let mut checker = Checker::new(&flat, &env);
        checker.prepare(&output);
        if let Err(errors) = checker.run() {
            panic!("seed {seed}: {errors:?}");
        }
        spilled += usize::from(output.num_spillslots > 0);
        insts += func.inst_count();
    }
    assert!(spilled > 1000 && edges > 10_000 && insts > 100_000);
}

/// The checker knows slots by their first unit alone, so it does not see that
/// no vector reaches into another's slot.
#[test]
fn slots_of_vectors_stand_apart() {
    let env = machine_env(Width::Z, Convention::SystemV);
    for seed in 0..200 {
        let func = Draw::new(seed).func;
        let flat = Flat::new(&func, Width::Z, Convention::SystemV);
        let uses = uses::Uses::of(&flat);
        let walked = walk::walk(&flat, &uses, &few(&env, 0));
        let walked = walked.unwrap_or_else(|| panic!("seed {seed}: too few registers"));
        let output = slots::output(&flat, &uses, walked);
        let mut kinds = vec![None; output.num_spillslots];
        for (_, Edit::Move { from, to }) in &output.edits {
            let reg = from.as_reg().or(to.as_reg());
            let slot = from.as_stack().or(to.as_stack());
            let (Some(reg), Some(slot)) = (reg, slot) else {
                continue;
            };
            let units = flat.spillslot_size(reg.class());
            for (unit, kind) in kinds[slot.index()..][..units].iter_mut().enumerate() {
                assert_eq!(
                    *kind.get_or_insert((units, unit)),
                    (units, unit),
                    "seed {seed}"
                );
            }
        }
    }
}

#[test]
fn moves_at_once_are_made_in_turn() {
    // Every way four places can be filled from four places.
    let regs = [0, 1].map(|reg| Allocation::reg(PReg::new(reg, VECTOR)));
    let stack = [0, 1].map(|slot| Allocation::stack(SpillSlot::new(slot)));
    let places = [regs[0], stack[0], regs[1], stack[1]];
    for spare in 0..3 {
        let spare: Vec<PReg> = (2..2 + spare).map(|reg| PReg::new(reg, VECTOR)).collect();
        for which in 0..256 {
            let from = |i: usize| which >> (2 * i) & 3;
            let wanted: Vec<edges::Wanted> = (0..4)
                .filter(|&i| from(i) != i)
                .map(|i| edges::Wanted {
                    from: places[from(i)],
                    to: places[i],
                    class: VECTOR,
                })
                .collect();
            let mut slots = vec![walk::Slot::Spare(VECTOR); 2];
            let mut held: Vec<(Allocation, usize)> = places.into_iter().zip(0..).collect();
            for (from, to) in edges::sequence(wanted, &spare, &mut slots) {
                assert!(!(from.is_stack() && to.is_stack()), "{which}");
                let value = held.iter().find(|(at, _)| *at == from);
                let value = value
                    .unwrap_or_else(|| panic!("{which}: nothing in {from}"))
                    .1;
                held.retain(|(at, _)| *at != to);
                held.push((to, value));
            }
            for (i, place) in places.iter().enumerate() {
                assert!(held.contains(&(*place, from(i))), "{which} {spare:?}");
            }
        }
    }
}
