//! Operands: registers and memory as lanes of bits.

use super::memory::word;
use super::{Machine, Step};
use iced_x86::{Instruction, OpKind, Register};

pub(super) const RDX: usize = 2;
pub(super) const RSP: usize = 4;
pub(super) const RBP: usize = 5;
pub(super) const RSI: usize = 6;
pub(super) const RDI: usize = 7;

impl Machine<'_> {
    /// The value of a general register, zero-extended from its size.
    pub(super) fn general(&self, reg: Register) -> u64 {
        let value = self.general[reg.full_register().number()];
        match reg.size() {
            8 => value,
            size => value & (u64::MAX >> (64 - 8 * size)),
        }
    }

    /// Writes a general register; 32-bit writes clear the upper half.
    pub(super) fn set_general(&mut self, reg: Register, value: u64) {
        let value = if reg.size() == 4 {
            value & 0xffff_ffff
        } else {
            value
        };
        self.general[reg.full_register().number()] = value;
    }

    /// The address of a memory operand.
    pub(super) fn address(&self, inst: &Instruction) -> u64 {
        if inst.is_ip_rel_memory_operand() {
            return inst.ip_rel_memory_address();
        }
        let part = |reg: Register| match reg {
            Register::None => 0,
            reg => self.general[reg.full_register().number()],
        };
        part(inst.memory_base())
            .wrapping_add(
                part(inst.memory_index()).wrapping_mul(u64::from(inst.memory_index_scale())),
            )
            .wrapping_add(inst.memory_displacement64())
    }

    /// An operand as `count` lanes of `size` bytes each.
    pub(super) fn lanes(
        &self,
        inst: &Instruction,
        operand: u32,
        size: usize,
        count: usize,
    ) -> Step<Vec<u64>> {
        if inst.op_kind(operand) == OpKind::Memory {
            let address = self.address(inst);
            if inst.is_broadcast() {
                return Ok(vec![word(self.read(address, size)?); count]);
            }
            let bytes = self.read(address, size * count)?;
            return Ok(bytes.chunks(size).map(word).collect());
        }
        let reg = inst.op_register(operand);
        let bytes = &self.vectors[reg.number()];
        Ok(bytes[..size * count].chunks(size).map(word).collect())
    }

    /// Writes lanes to the result, under the write mask if there is one.
    pub(super) fn set_lanes(&mut self, inst: &Instruction, size: usize, lanes: &[u64]) -> Step<()> {
        let on = self.write_mask(inst);
        if inst.op_kind(0) == OpKind::Memory {
            let address = self.address(inst);
            for (i, lane) in lanes.iter().enumerate() {
                if on >> i & 1 != 0 {
                    self.write(address + (i * size) as u64, &lane.to_le_bytes()[..size])?;
                }
            }
            return Ok(());
        }
        let reg = inst.op_register(0).number();
        let old = self.vectors[reg];
        let mut new = [0; 64];
        for (i, lane) in lanes.iter().enumerate() {
            let range = i * size..(i + 1) * size;
            if on >> i & 1 != 0 {
                new[range].copy_from_slice(&lane.to_le_bytes()[..size]);
            } else if !inst.zeroing_masking() {
                new[range.clone()].copy_from_slice(&old[range]);
            }
        }
        self.vectors[reg] = new;
        Ok(())
    }

    /// The lanes an instruction writes.
    pub(super) fn write_mask(&self, inst: &Instruction) -> u64 {
        match inst.op_mask() {
            Register::None | Register::K0 => u64::MAX,
            reg => self.masks[reg.number()],
        }
    }

    /// Size in bytes of an operand that is a vector register; 0 if it is
    /// something else.
    pub(super) fn vector_size(inst: &Instruction, operand: u32) -> usize {
        let is_register = operand < inst.op_count() && inst.op_kind(operand) == OpKind::Register;
        match is_register.then(|| inst.op_register(operand)) {
            Some(reg) if reg.is_vector_register() => reg.size(),
            _ => 0,
        }
    }

    /// Size in bytes of the widest vector register of an instruction.
    pub(super) fn widest(inst: &Instruction) -> usize {
        (0..inst.op_count())
            .map(|i| Self::vector_size(inst, i))
            .max()
            .unwrap_or(0)
    }
}
