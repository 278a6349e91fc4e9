//! General registers, jumps, calls.

use super::memory::word;
use super::{Flags, Flow, Machine, Step};
use iced_x86::{Instruction, Mnemonic, OpKind};

impl Machine<'_> {
    /// Runs an instruction on general registers; `None` if it is not one.
    pub(super) fn general_inst(&mut self, inst: &Instruction) -> Step<Option<Flow>> {
        use Mnemonic::*;
        let flow = match inst.mnemonic() {
            Nop | Vzeroupper => {
                if inst.mnemonic() == Vzeroupper {
                    self.zero_upper();
                }
                Flow::Next
            }
            Ret => Flow::Jump(self.pop()?),
            Jmp => Flow::Jump(inst.near_branch_target()),
            Call => {
                let target = match inst.op_kind(0) {
                    OpKind::NearBranch64 => inst.near_branch_target(),
                    _ => self.source(inst, 0)?,
                };
                self.push(inst.next_ip())?;
                Flow::Jump(target)
            }
            Je | Jne | Jl | Jge | Jb | Jae => match self.is_taken(inst.mnemonic()) {
                true => Flow::Jump(inst.near_branch_target()),
                false => Flow::Next,
            },
            Push => {
                let value = self.source(inst, 0)?;
                self.push(value)?;
                Flow::Next
            }
            Pop => {
                let value = self.pop()?;
                self.set_general(inst.op0_register(), value);
                Flow::Next
            }
            Lea => {
                self.set_general(inst.op0_register(), self.address(inst));
                Flow::Next
            }
            // A byte is read as far as it goes.
            Mov | Movzx => {
                let value = self.source(inst, 1)?;
                self.store_general(inst, value)?;
                Flow::Next
            }
            Movsx | Movsxd => {
                let value = self.source(inst, 1)?;
                let unused = 64 - 8 * inst.memory_size().size() as u32;
                let value = ((value << unused) as i64 >> unused) as u64;
                self.set_general(inst.op0_register(), value);
                Flow::Next
            }
            Imul => {
                let product = self.source(inst, 0)?.wrapping_mul(self.source(inst, 1)?);
                self.set_general(inst.op0_register(), product);
                Flow::Next
            }
            Add | Sub | And | Xor | Cmp | Test => {
                self.arithmetic(inst)?;
                Flow::Next
            }
            _ => return Ok(None),
        };
        Ok(Some(flow))
    }

    /// An operand of an instruction on general registers.
    fn source(&self, inst: &Instruction, operand: u32) -> Step<u64> {
        match inst.op_kind(operand) {
            OpKind::Register => Ok(self.general(inst.op_register(operand))),
            OpKind::Memory => Ok(word(
                self.read(self.address(inst), inst.memory_size().size())?,
            )),
            _ => inst.try_immediate(operand).map_err(|_| self.unknown(inst)),
        }
    }

    fn store_general(&mut self, inst: &Instruction, value: u64) -> Step<()> {
        if inst.op_kind(0) == OpKind::Memory {
            let size = inst.memory_size().size();
            return self.write(self.address(inst), &value.to_le_bytes()[..size]);
        }
        self.set_general(inst.op0_register(), value);
        Ok(())
    }

    fn arithmetic(&mut self, inst: &Instruction) -> Step<()> {
        let bits = 8 * inst.op0_register().size() as u32;
        let (a, b) = (self.source(inst, 0)?, self.source(inst, 1)?);
        let low = |x: u64| x & (u64::MAX >> (64 - bits));
        let (a, b) = (low(a), low(b));
        let signed = |x: u64| i128::from((x << (64 - bits)) as i64 >> (64 - bits));
        let (value, carry, exact) = match inst.mnemonic() {
            Mnemonic::Add => (
                a.wrapping_add(b),
                low(a.wrapping_add(b)) < a,
                signed(a) + signed(b),
            ),
            Mnemonic::Sub | Mnemonic::Cmp => (a.wrapping_sub(b), a < b, signed(a) - signed(b)),
            Mnemonic::Xor => (a ^ b, false, signed(a ^ b)),
            _ => (a & b, false, signed(a & b)),
        };
        let value = low(value);
        self.flags = Flags {
            zero: value == 0,
            carry,
            sign: signed(value) < 0,
            overflow: signed(value) != exact,
        };
        if !matches!(inst.mnemonic(), Mnemonic::Cmp | Mnemonic::Test) {
            self.set_general(inst.op0_register(), value);
        }
        Ok(())
    }

    fn is_taken(&self, jump: Mnemonic) -> bool {
        let flags = self.flags;
        match jump {
            Mnemonic::Je => flags.zero,
            Mnemonic::Jne => !flags.zero,
            Mnemonic::Jl => flags.sign != flags.overflow,
            Mnemonic::Jge => flags.sign == flags.overflow,
            Mnemonic::Jb => flags.carry,
            _ => !flags.carry,
        }
    }

    /// `vzeroupper`: the upper parts of the first sixteen registers.
    fn zero_upper(&mut self) {
        for reg in &mut self.vectors[..16] {
            reg[16..].fill(0);
        }
    }
}
