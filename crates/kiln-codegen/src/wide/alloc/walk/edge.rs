//! What has to move between two blocks.

use super::super::edges::{self, Wanted};
use super::evict::RegSet;
use super::{Rank, Walk};
use regalloc2::{Allocation, Inst as InstId, PReg, ProgPoint, VReg};

impl Walk<'_> {
    /// The moves on all edges.
    pub(super) fn edges(&mut self) {
        let flat = self.flat;
        for (from, block) in flat.func.blocks.iter().enumerate() {
            for (edge, succ) in block.succs.iter().enumerate() {
                let to = succ.index();
                let (at, rank) = match block.succs.len() {
                    1 => (self.uses.ranges[from].1 - 1, Rank::Leaving),
                    _ => (self.uses.ranges[to].0, Rank::Entering),
                };
                let wanted = self.wanted(from, to, &block.succ_args[edge]);
                if wanted.is_empty() {
                    continue;
                }
                let spare = self.spare(from, &wanted);
                let at = ProgPoint::before(InstId::new(at));
                for (from, to) in edges::sequence(wanted, &spare, &mut self.slots) {
                    self.push_to(at, rank, from, to);
                }
            }
        }
    }

    /// What has to be where, on an edge, at once.
    fn wanted(&mut self, from: usize, to: usize, args: &[VReg]) -> Vec<Wanted> {
        let (end, start) = (
            std::mem::take(&mut self.ends[from]),
            std::mem::take(&mut self.starts[to]),
        );
        for &(value, reg) in &end.regs {
            self.reg_of[value as usize] = Some(reg);
        }
        let mut wanted = Vec::new();
        let mut want = |walk: &mut Self, value: usize, to: Allocation| {
            let from = match walk.reg_of[value] {
                Some(reg) => Allocation::reg(reg),
                None => walk.slot(value),
            };
            let class = walk.flat.func.classes[value];
            if from != to {
                wanted.push(Wanted { from, to, class });
            }
        };
        for &(value, reg) in &start.regs {
            want(self, value as usize, Allocation::reg(reg));
        }
        for (arg, &to) in args.iter().zip(&start.params) {
            want(self, arg.vreg(), to);
        }
        for &value in &start.written {
            if !self.stored[value as usize] && !end.written.contains(&value) {
                let to = self.slot(value as usize);
                want(self, value as usize, to);
            }
        }
        for &(value, _) in &end.regs {
            self.reg_of[value as usize] = None;
        }
        (self.ends[from], self.starts[to]) = (end, start);
        wanted
    }

    /// Registers that nothing needs on an edge.
    fn spare(&self, from: usize, wanted: &[Wanted]) -> Vec<PReg> {
        let mut used = RegSet::default();
        for (_, reg) in &self.ends[from].regs {
            used.add(*reg);
        }
        for to in wanted.iter().filter_map(|wanted| wanted.to.as_reg()) {
            used.add(to);
        }
        let all = self.order.all();
        all.copied().filter(|&reg| !used.has(reg)).collect()
    }
}
