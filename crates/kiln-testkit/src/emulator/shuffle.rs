//! Instructions that choose, move and repeat lanes.

use super::{Machine, Step};
use iced_x86::{Instruction, Mnemonic, OpKind, Register};

impl Machine<'_> {
    /// Runs a choice, shuffle, broadcast or move; whether it was one.
    pub(super) fn shuffle_inst(&mut self, inst: &Instruction) -> Step<bool> {
        use Mnemonic::*;
        match inst.mnemonic() {
            Vblendvpd => self.blend_by_sign(inst, 8)?,
            Vblendvps => self.blend_by_sign(inst, 4)?,
            Vpblendvb => self.blend_by_sign(inst, 1)?,
            Vblendmpd | Vpblendmq => self.blend_by_mask(inst, 8)?,
            Vblendmps | Vpblendmd => self.blend_by_mask(inst, 4)?,
            Vpblendmw => self.blend_by_mask(inst, 2)?,
            Vpblendmb => self.blend_by_mask(inst, 1)?,
            Vpblendd => {
                let count = Self::widest(inst) / 4;
                let x = self.lanes(inst, 1, 4, count)?;
                let y = self.lanes(inst, 2, 4, count)?;
                let imm = inst.immediate8();
                let pick = |i: usize| if imm >> i & 1 != 0 { y[i] } else { x[i] };
                let lanes: Vec<u64> = (0..count).map(pick).collect();
                self.set_lanes(inst, 4, &lanes)?;
            }
            Vpshufb => {
                let count = Self::widest(inst);
                let x = self.lanes(inst, 1, 1, count)?;
                let control = self.lanes(inst, 2, 1, count)?;
                let pick = |i: usize| match control[i] {
                    at if at & 0x80 != 0 => 0,
                    at => x[(i & !15) + (at & 15) as usize],
                };
                let lanes: Vec<u64> = (0..count).map(pick).collect();
                self.set_lanes(inst, 1, &lanes)?;
            }
            Vpshufd => {
                let count = Self::widest(inst) / 4;
                let x = self.lanes(inst, 1, 4, count)?;
                let imm = inst.immediate8();
                let pick = |i: usize| x[(i & !3) + usize::from(imm >> (2 * (i & 3)) & 3)];
                let lanes: Vec<u64> = (0..count).map(pick).collect();
                self.set_lanes(inst, 4, &lanes)?;
            }
            Vpbroadcastb => self.broadcast(inst, 1)?,
            Vpbroadcastw => self.broadcast(inst, 2)?,
            Vpbroadcastd => self.broadcast(inst, 4)?,
            Vpbroadcastq => self.broadcast(inst, 8)?,
            Vmovq => self.move_low(inst, 8)?,
            Vmovd => self.move_low(inst, 4)?,
            Vmovmskpd => self.signs(inst, 8)?,
            Vmovmskps => self.signs(inst, 4)?,
            Vpmovmskb => self.signs(inst, 1)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The second operand where the sign bit of the third is set.
    fn blend_by_sign(&mut self, inst: &Instruction, size: usize) -> Step<()> {
        let count = Self::widest(inst) / size;
        let no = self.lanes(inst, 1, size, count)?;
        let yes = self.lanes(inst, 2, size, count)?;
        let mask = self.lanes(inst, 3, size, count)?;
        let lanes: Vec<u64> = (0..count)
            .map(|i| match mask[i] >> (8 * size - 1) {
                0 => no[i],
                _ => yes[i],
            })
            .collect();
        self.set_lanes(inst, size, &lanes)
    }

    /// The second operand where the write mask is set, else the first.
    fn blend_by_mask(&mut self, inst: &Instruction, size: usize) -> Step<()> {
        let count = Self::widest(inst) / size;
        let no = self.lanes(inst, 1, size, count)?;
        let yes = self.lanes(inst, 2, size, count)?;
        let on = self.write_mask(inst);
        let lanes: Vec<u64> = (0..count)
            .map(|i| if on >> i & 1 != 0 { yes[i] } else { no[i] })
            .collect();
        let mut plain = *inst;
        plain.set_op_mask(Register::None);
        self.set_lanes(&plain, size, &lanes)
    }

    fn broadcast(&mut self, inst: &Instruction, size: usize) -> Step<()> {
        let count = Self::vector_size(inst, 0) / size;
        let value = match inst.op_kind(1) {
            OpKind::Register if inst.op1_register().is_gpr() => self.general(inst.op1_register()),
            _ => self.lanes(inst, 1, size, 1)?[0],
        };
        self.set_lanes(inst, size, &vec![value; count])
    }

    /// `vmovq` and `vmovd`: the low lane, the rest cleared.
    fn move_low(&mut self, inst: &Instruction, size: usize) -> Step<()> {
        let value = match inst.op_kind(1) {
            OpKind::Register if inst.op1_register().is_gpr() => self.general(inst.op1_register()),
            _ => self.lanes(inst, 1, size, 1)?[0],
        };
        match inst.op_kind(0) {
            OpKind::Register if inst.op0_register().is_gpr() => {
                self.set_general(inst.op0_register(), value);
                Ok(())
            }
            _ => self.set_lanes(inst, size, &[value]),
        }
    }

    /// The sign bits of all lanes.
    fn signs(&mut self, inst: &Instruction, size: usize) -> Step<()> {
        let count = Self::widest(inst) / size;
        let lanes = self.lanes(inst, 1, size, count)?;
        let bits = lanes
            .iter()
            .rev()
            .fold(0, |bits, lane| bits << 1 | lane >> (8 * size - 1) & 1);
        self.set_general(inst.op0_register(), bits);
        Ok(())
    }
}
