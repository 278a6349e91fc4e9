//! What one instruction reads and writes.

use super::evict::RegSet;
use super::{NONE, Rank, Walk};
use regalloc2::{
    Allocation, Function, Inst as InstId, Operand, OperandConstraint, OperandKind, PReg, ProgPoint,
    VReg,
};

impl Walk<'_> {
    pub(super) fn inst(&mut self, at: usize, ends_block: bool) {
        let operands = self.flat.inst_operands(InstId::new(at));
        let base = self.allocs.len();
        self.offsets.push(base as u32);
        self.allocs
            .resize(base + operands.len(), Allocation::none());
        let mut locked = RegSet::default();
        for operand in operands {
            if operand.kind() == OperandKind::Use
                && let Some(reg) = self.reg_of[operand.vreg().vreg()]
            {
                locked.add(reg);
            }
        }
        for (index, operand) in operands.iter().enumerate() {
            if operand.kind() == OperandKind::Use {
                self.allocs[base + index] = self.read(*operand, at, &mut locked);
            }
        }
        let mut written = RegSet::default();
        for operand in operands {
            if let OperandConstraint::Reuse(index) = operand.constraint() {
                let tied = operands[index].vreg();
                let reg = self.tie(tied, self.allocs[base + index], at, &mut locked);
                self.allocs[base + index] = Allocation::reg(reg);
                written.add(reg);
            }
        }
        if !ends_block {
            for operand in operands {
                let value = operand.vreg().vreg();
                if operand.kind() == OperandKind::Use && !self.lives_on(value, at) {
                    self.unplace(value);
                }
            }
        }
        for (index, operand) in operands.iter().enumerate() {
            if operand.kind() == OperandKind::Def {
                let reg = match operand.constraint() {
                    OperandConstraint::Reuse(tied) => self.allocs[base + tied].as_reg(),
                    OperandConstraint::FixedReg(reg) => Some(reg),
                    _ => None,
                };
                let reg = reg.unwrap_or_else(|| self.room(operand.vreg(), &written, at));
                written.add(reg);
                self.allocs[base + index] = Allocation::reg(reg);
                self.place(operand.vreg().vreg(), reg);
                self.born[operand.vreg().vreg()] = Some(reg);
            }
        }
        for operand in operands {
            let value = operand.vreg().vreg();
            if operand.kind() == OperandKind::Def && !self.lives_on(value, at) {
                self.unplace(value);
            }
        }
    }

    /// Where an operand is read from.
    fn read(&mut self, operand: Operand, at: usize, locked: &mut RegSet) -> Allocation {
        let value = operand.vreg().vreg();
        if let Some(reg) = self.reg_of[value] {
            return Allocation::reg(reg);
        }
        let class = operand.class();
        let from = self.slot(value);
        let reg = match (operand.constraint(), self.free(class, locked)) {
            (OperandConstraint::Any, None) => return from,
            (OperandConstraint::Any, Some(_)) if !self.lives_on(value, at) => return from,
            (_, Some(reg)) => reg,
            (_, None) => self.evict(class, locked, at),
        };
        self.push(ProgPoint::before(InstId::new(at)), Rank::Local, from, reg);
        self.place(value, reg);
        locked.add(reg);
        Allocation::reg(reg)
    }

    /// The register that is read as `value` and overwritten: its own if it is
    /// not needed any more, else another that it is copied to.
    fn tie(&mut self, tied: VReg, alloc: Allocation, at: usize, locked: &mut RegSet) -> PReg {
        let value = tied.vreg();
        let own = alloc
            .as_reg()
            .unwrap_or(self.order.of_class(tied.class())[0]);
        if !self.lives_on(value, at) {
            return own;
        }
        let copy = match self.free(tied.class(), locked) {
            Some(reg) => reg,
            None => {
                let mine = self.worth(value, at);
                let other = self.farthest(tied.class(), locked, at);
                if other.is_none_or(|(_, distance)| distance <= mine) {
                    self.release(value, at);
                    return own;
                }
                self.evict(tied.class(), locked, at)
            }
        };
        let before = ProgPoint::before(InstId::new(at));
        self.push(before, Rank::Local, alloc, copy);
        locked.add(copy);
        copy
    }

    /// A register for a result.
    fn room(&mut self, def: VReg, written: &RegSet, at: usize) -> PReg {
        let is_free = |reg: PReg| self.holder[reg.index()] == NONE && !written.has(reg);
        if let Some(goal) = self.goal.get(def.vreg())
            && let Some(Some(reg)) = self.born.get(*goal as usize)
            && is_free(*reg)
        {
            return *reg;
        }
        match self.free(def.class(), written) {
            Some(reg) => reg,
            None => self.evict(def.class(), written, at),
        }
    }
}
