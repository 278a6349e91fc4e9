//! The state a block begins in.

use super::super::edges::Ends;
use super::evict::RegSet;
use super::{NONE, Walk};
use regalloc2::{Allocation, Block, VReg};

impl Walk<'_> {
    /// Begins a block where one of those that lead to it ends.
    pub(super) fn enter(&mut self) {
        let block = self.block;
        self.forget();
        let flat = self.flat;
        let before = flat.preds[block].iter().map(|pred| pred.index());
        let known = before.filter(|&pred| pred < block);
        // The last of the common path, which falls through.
        let Some(from) = known.max_by_key(|&pred| (!self.is_cold(pred), pred)) else {
            return;
        };
        let end = std::mem::take(&mut self.ends[from]);
        for &(value, reg) in &end.regs {
            let dropped = self.without.binary_search(&(block as u32, value)).is_ok();
            if self.uses.is_live_in(value as usize, block) {
                match dropped {
                    true => self.store(value as usize),
                    false => self.place(value as usize, reg),
                }
            }
        }
        // What stands in a register need not be in its slot on other edges.
        let is_only_one = flat.preds[block].len() == 1;
        for &value in &end.written {
            let value_at = value as usize;
            if self.uses.is_live_in(value_at, block)
                && (is_only_one || self.reg_of[value_at].is_none())
            {
                self.written.push(value);
            }
        }
        let params = self.enter_params(from, &end);
        self.ends[from] = end;
        self.starts[block] = self.here(params);
        // Parameters are not alive before the block.
        let own = &flat.func.blocks[block].params;
        self.starts[block]
            .regs
            .retain(|&(value, _)| !own.iter().any(|param| param.vreg() as u32 == value));
    }

    /// Places the parameters of the block, which `from` leads to.
    fn enter_params(&mut self, from: usize, end: &Ends) -> Vec<Allocation> {
        let (flat, block) = (self.flat, self.block);
        let params = &flat.func.blocks[block].params;
        if params.is_empty() {
            return Vec::new();
        }
        let to = Block::new(block);
        let edge = flat.func.blocks[from].succs.iter().position(|&s| s == to);
        let args = edge.map_or(&[][..], |edge| &flat.func.blocks[from].succ_args[edge]);
        let mut taken = RegSet::default();
        for (param, arg) in params.iter().zip(args) {
            // The register of what dies on the edge.
            if let Some(reg) = end.reg_of(arg.vreg() as u32)
                && self.holder[reg.index()] == NONE
            {
                self.place(param.vreg(), reg);
            }
        }
        let first = self.uses.ranges[block].0;
        let at = first.saturating_sub(1);
        for param in params {
            if self.reg_of[param.vreg()].is_none()
                && let Some(reg) = self.free(param.class(), &taken)
            {
                self.place(param.vreg(), reg);
            }
            if let Some(reg) = self.reg_of[param.vreg()] {
                taken.add(reg);
            }
        }
        let mut placed = Vec::with_capacity(params.len());
        for param in params {
            let value = param.vreg();
            if self.reg_of[value].is_none() {
                self.crowd_in(*param, at);
            }
            self.born[value] = self.reg_of[value];
            placed.push(match self.reg_of[value] {
                Some(reg) => Allocation::reg(reg),
                None => self.slot(value),
            });
        }
        placed
    }

    /// A parameter for which no register is free takes that of a value used
    /// later, or lives in its slot.
    fn crowd_in(&mut self, param: VReg, at: usize) {
        let own = self.distance(param.vreg(), at);
        let params = &self.flat.func.blocks[self.block].params;
        let mut kept = RegSet::default();
        for param in params {
            if let Some(reg) = self.reg_of[param.vreg()] {
                kept.add(reg);
            }
        }
        match self.farthest(param.class(), &kept, at) {
            Some((reg, distance)) if distance > own => {
                // Edges bring it to its slot.
                let value = self.holder[reg.index()] as usize;
                if !self.is_in_slot(value) {
                    match self.is_cold(self.block) {
                        true => self.written.push(value as u32),
                        false => self.store(value),
                    }
                }
                self.unplace(value);
                self.place(param.vreg(), reg);
            }
            _ => self.stored[param.vreg()] = true,
        }
    }
}
