//! Vector instructions that work lane by lane.

use super::tables::{
    binary, compare_floats, compare_integers, float, fused, integer_comparison, multiply_add,
    range, unary, vex_comparison, with_immediate,
};
use super::{Machine, Step};
use iced_x86::{Instruction, Mnemonic, OpKind};

impl Machine<'_> {
    /// Runs a vector instruction; whether it was a known one.
    pub(super) fn vector_inst(&mut self, inst: &Instruction) -> Step<bool> {
        let mnemonic = inst.mnemonic();
        if let Some((size, f)) = binary(mnemonic) {
            let (x, y) = self.two(inst, size)?;
            let lanes: Vec<u64> = x.iter().zip(&y).map(|(&x, &y)| f(x, y)).collect();
            return self.set_lanes(inst, size, &lanes).map(|()| true);
        }
        let operands = inst.op_count();
        let has_immediate = inst.op_kind(operands - 1) == OpKind::Immediate8;
        if let Some((from, to, f)) = unary(mnemonic) {
            return self.convert(inst, from, to, f).map(|()| true);
        }
        if let Some((size, f)) = with_immediate(mnemonic)
            && has_immediate
        {
            let count = Self::widest(inst) / size;
            let imm = inst.immediate8();
            let x = self.lanes(inst, 1, size, count)?;
            let lanes: Vec<u64> = x.iter().map(|&x| f(x, imm)).collect();
            return self.set_lanes(inst, size, &lanes).map(|()| true);
        }
        if let Some((size, order, product, addend)) = multiply_add(mnemonic) {
            let count = Self::widest(inst) / size;
            let mut args = Vec::new();
            for operand in order {
                args.push(self.lanes(inst, operand, size, count)?);
            }
            let lanes: Vec<u64> = (0..count)
                .map(|i| fused(size, args[0][i], args[1][i], args[2][i], (product, addend)))
                .collect();
            return self.set_lanes(inst, size, &lanes).map(|()| true);
        }
        self.comparison(inst)
    }

    /// Operands one and two as lanes.
    fn two(&self, inst: &Instruction, size: usize) -> Step<(Vec<u64>, Vec<u64>)> {
        let count = Self::widest(inst) / size;
        Ok((
            self.lanes(inst, 1, size, count)?,
            self.lanes(inst, 2, size, count)?,
        ))
    }

    fn convert(
        &mut self,
        inst: &Instruction,
        from: usize,
        to: usize,
        f: fn(u64) -> u64,
    ) -> Step<()> {
        // The wider side fills the widest operand.
        let widest = Self::widest(inst).max(memory_operand_size(inst));
        let count = widest / from.max(to);
        let x = self.lanes(inst, 1, from, count)?;
        let lanes: Vec<u64> = x.iter().map(|&x| f(x)).collect();
        self.set_lanes(inst, to, &lanes)
    }

    fn comparison(&mut self, inst: &Instruction) -> Step<bool> {
        let mnemonic = inst.mnemonic();
        if let Some(size) = match mnemonic {
            Mnemonic::Vcmppd => Some(8),
            Mnemonic::Vcmpps => Some(4),
            _ => None,
        } {
            let (x, y) = self.two(inst, size)?;
            let imm = inst.immediate8();
            let lanes = x
                .iter()
                .zip(&y)
                .map(|(&x, &y)| compare_floats(float(size, x), float(size, y), imm));
            return self.set_comparison(inst, size, lanes).map(|()| true);
        }
        if let Some((size, signed)) = integer_comparison(mnemonic) {
            let (x, y) = self.two(inst, size)?;
            let imm = inst.immediate8();
            let lanes = x.iter().zip(&y).map(|(&x, &y)| match signed {
                true => compare_integers(extend(x, size), extend(y, size), imm),
                false => compare_integers(x, y, imm),
            });
            return self.set_comparison(inst, size, lanes).map(|()| true);
        }
        if let Some((size, greater)) = vex_comparison(mnemonic) {
            let (x, y) = self.two(inst, size)?;
            let lanes = x.iter().zip(&y).map(|(&x, &y)| match greater {
                true => extend(x, size) > extend(y, size),
                false => x == y,
            });
            return self.set_comparison(inst, size, lanes).map(|()| true);
        }
        if let Some(size) = match mnemonic {
            Mnemonic::Vrangepd => Some(8),
            Mnemonic::Vrangeps => Some(4),
            _ => None,
        } {
            let imm = inst.immediate8();
            if !matches!(imm, 4 | 5) {
                return Ok(false);
            }
            let (x, y) = self.two(inst, size)?;
            let lanes: Vec<u64> = x
                .iter()
                .zip(&y)
                .map(|(&x, &y)| range(size, x, y, imm))
                .collect();
            return self.set_lanes(inst, size, &lanes).map(|()| true);
        }
        Ok(false)
    }
}

/// Size of what a memory operand stands for, in bytes: of the vector, where
/// one element is broadcast. iced names those sizes `Broadcast256_Float64`
/// and the like.
fn memory_operand_size(inst: &Instruction) -> usize {
    let size = inst.memory_size();
    if !size.is_broadcast() {
        return size.size();
    }
    let name = format!("{size:?}");
    let bits: String = name
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    bits.parse::<usize>().map_or(0, |bits| bits / 8)
}

/// A lane sign-extended.
fn extend(x: u64, size: usize) -> i64 {
    let shift = 64 - 8 * size as u32;
    (x << shift) as i64 >> shift
}
