//! Instructions that put a lane, or a half, into a vector or take it out.

use super::memory::word;
use super::{Machine, Step};
use iced_x86::{Instruction, Mnemonic, OpKind};

impl Machine<'_> {
    /// Runs such an instruction; whether it was one.
    pub(super) fn lane_inst(&mut self, inst: &Instruction) -> Step<bool> {
        use Mnemonic::*;
        match inst.mnemonic() {
            Vmovhpd if inst.op_kind(0) == OpKind::Memory => self.take_lane(inst, 8, 1)?,
            Vmovhpd => self.put_lane(inst, 8, 1)?,
            Vpinsrb => self.put_lane(inst, 1, inst.immediate8().into())?,
            Vpinsrw => self.put_lane(inst, 2, inst.immediate8().into())?,
            Vpinsrd => self.put_lane(inst, 4, inst.immediate8().into())?,
            Vpextrq => {
                let lane = self.lanes(inst, 1, 8, 2)?[usize::from(inst.immediate8())];
                self.set_general(inst.op0_register(), lane);
            }
            Vpextrb => self.take_lane(inst, 1, inst.immediate8().into())?,
            Vpextrw => self.take_lane(inst, 2, inst.immediate8().into())?,
            Vpextrd => self.take_lane(inst, 4, inst.immediate8().into())?,
            Vinsertf128 | Vinsertf32x4 => self.put_part(inst, 16)?,
            Vinsertf64x4 => self.put_part(inst, 32)?,
            Vextracti128 | Vextracti32x4 => self.take_part(inst, 16)?,
            Vextracti64x4 => self.take_part(inst, 32)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The first operand with one lane of memory in it.
    fn put_lane(&mut self, inst: &Instruction, size: usize, at: usize) -> Step<()> {
        let mut lanes = self.lanes(inst, 1, size, 16 / size)?;
        lanes[at] = word(self.read(self.address(inst), size)?);
        self.set_lanes(inst, size, &lanes)
    }

    /// One lane, to memory.
    fn take_lane(&mut self, inst: &Instruction, size: usize, at: usize) -> Step<()> {
        let lane = self.lanes(inst, 1, size, 16 / size)?[at];
        self.set_lanes(inst, size, &[lane])
    }

    /// The first operand with the part of `bytes` bytes that the immediate
    /// says replaced.
    fn put_part(&mut self, inst: &Instruction, bytes: usize) -> Step<()> {
        let at = bytes * usize::from(inst.immediate8()) / 8;
        let mut lanes = self.lanes(inst, 1, 8, Self::widest(inst) / 8)?;
        let part = self.lanes(inst, 2, 8, bytes / 8)?;
        lanes[at..at + bytes / 8].copy_from_slice(&part);
        self.set_lanes(inst, 8, &lanes)
    }

    /// The part of `bytes` bytes that the immediate says.
    fn take_part(&mut self, inst: &Instruction, bytes: usize) -> Step<()> {
        let at = bytes * usize::from(inst.immediate8()) / 8;
        let lanes = self.lanes(inst, 1, 8, Self::widest(inst) / 8)?;
        self.set_lanes(inst, 8, &lanes[at..at + bytes / 8])
    }
}
