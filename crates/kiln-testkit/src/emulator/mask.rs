//! k masks: logic, tests, and between masks and vectors or general registers.

use super::memory::word;
use super::{Flags, Machine, Step};
use iced_x86::{Instruction, Mnemonic, OpKind};

impl Machine<'_> {
    /// Runs an instruction on k masks; whether it was one.
    pub(super) fn mask_inst(&mut self, inst: &Instruction) -> Step<bool> {
        use Mnemonic::*;
        let mask = |i: u32| self.masks[inst.op_register(i).number()];
        let low = |bits: u32, x: u64| x & (u64::MAX >> (64 - bits));
        let value = match inst.mnemonic() {
            Kandq => mask(1) & mask(2),
            Korq => mask(1) | mask(2),
            Kxorq => mask(1) ^ mask(2),
            Kandnq => !mask(1) & mask(2),
            Knotb => low(8, !mask(1)),
            Knotw => low(16, !mask(1)),
            Knotd => low(32, !mask(1)),
            Knotq => !mask(1),
            Kmovq => return self.kmov(inst).map(|()| true),
            Kortestb => return Ok(self.kortest(8, mask(0) | mask(1))),
            Kortestw => return Ok(self.kortest(16, mask(0) | mask(1))),
            Kortestd => return Ok(self.kortest(32, mask(0) | mask(1))),
            Kortestq => return Ok(self.kortest(64, mask(0) | mask(1))),
            _ => return Ok(false),
        };
        self.masks[inst.op0_register().number()] = value;
        Ok(true)
    }

    fn kmov(&mut self, inst: &Instruction) -> Step<()> {
        if inst.op_kind(0) == OpKind::Memory {
            let value = self.masks[inst.op1_register().number()];
            return self.write(self.address(inst), &value.to_le_bytes());
        }
        let value = match inst.op_kind(1) {
            OpKind::Memory => word(self.read(self.address(inst), 8)?),
            _ => self.masks[inst.op1_register().number()],
        };
        self.masks[inst.op0_register().number()] = value;
        Ok(())
    }

    fn kortest(&mut self, bits: u32, value: u64) -> bool {
        let all = u64::MAX >> (64 - bits);
        self.flags = Flags {
            zero: value & all == 0,
            carry: value & all == all,
            ..Flags::default()
        };
        true
    }

    /// Writes the result of a comparison of lanes: a k mask under the write
    /// mask, or all ones and zeros.
    pub(super) fn set_comparison(
        &mut self,
        inst: &Instruction,
        size: usize,
        lanes: impl Iterator<Item = bool>,
    ) -> Step<()> {
        let lanes: Vec<bool> = lanes.collect();
        if inst.op0_register().is_k() {
            let bits = lanes
                .iter()
                .rev()
                .fold(0, |bits, &on| bits << 1 | u64::from(on));
            self.masks[inst.op0_register().number()] = bits & self.write_mask(inst);
            return Ok(());
        }
        let lanes: Vec<u64> = lanes
            .iter()
            .map(|&on| if on { u64::MAX } else { 0 })
            .collect();
        self.set_lanes(inst, size, &lanes)
    }
}
