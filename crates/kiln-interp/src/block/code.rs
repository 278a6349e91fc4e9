//! The code of a loop over rows, and the registers it runs on.

use crate::block::ROWS;
use crate::held::Held;
use kiln_ir::{Const, FaultId, Op, Scalar};

/// A register: an index into the bank of its width.
pub(crate) type Reg = u16;

/// `dst = op(a, b, c)` on operands of type `ty`, with a result of type `to`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Apply {
    pub(crate) op: Op,
    pub(crate) ty: Scalar,
    pub(crate) to: Scalar,
    pub(crate) dst: Reg,
    pub(crate) a: Reg,
    pub(crate) b: Reg,
    pub(crate) c: Reg,
}

/// One instruction; each but the jumps and guards is one loop over a block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Inst {
    /// An op.
    Op(Apply),
    /// `dst` = the rows of an argument.
    Load { ty: Scalar, dst: Reg, arg: u16 },
    /// `dst` = the row numbers.
    Rows { dst: Reg },
    /// Goes on at `to` if `cond` is false in every row.
    SkipUnlessAny { cond: Reg, to: u32 },
    /// Goes on at `to` if `cond` is true in every row.
    SkipIfAll { cond: Reg, to: u32 },
    /// Fails the first row in which `cond` is false; the index is that of
    /// [`Blocks::guards`].
    Guard { cond: Reg, guard: u32 },
}

/// What a guard reports.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) fault: FaultId,
    pub(crate) operands: Vec<(Scalar, Reg)>,
}

/// A store at the end of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store {
    pub(crate) arg: u16,
    pub(crate) ty: Scalar,
    pub(crate) value: Reg,
    /// How many guards stand before it.
    pub(crate) guards_before: u32,
}

/// A register that has one value in all rows of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Uniform {
    /// A constant.
    Const(Const),
    /// A scalar argument.
    Param(u16),
    /// The length of an array argument.
    Len(u16),
}

/// The code of a loop over rows.
#[derive(Debug)]
pub(crate) struct Blocks {
    /// Registers to fill before anything runs.
    pub(crate) uniforms: Vec<(Reg, Uniform)>,
    /// What does not depend on the row; runs once per call.
    pub(crate) prologue: Vec<Inst>,
    /// Runs once per block.
    pub(crate) body: Vec<Inst>,
    pub(crate) guards: Vec<Guard>,
    pub(crate) stores: Vec<Store>,
    /// Number of registers per width: 1, 2, 4 and 8 bytes.
    pub(crate) registers: [Reg; 4],
    /// The argument whose length is the number of rows.
    pub(crate) rows_of: u16,
}

/// One register's buffer.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Block<C>(pub(crate) [C; ROWS]);

/// The registers of one width. A register is taken out while it is written,
/// so that its operands can be read meanwhile; it is never one of them.
pub(crate) type Bank<C> = Vec<Option<Box<Block<C>>>>;

/// The registers of a state.
#[derive(Debug, Default)]
pub(crate) struct Registers {
    pub(crate) bytes1: Bank<u8>,
    pub(crate) bytes2: Bank<u16>,
    pub(crate) bytes4: Bank<u32>,
    pub(crate) bytes8: Bank<u64>,
}

impl Registers {
    /// Zeroed registers, with the constants of `code` in place.
    pub(crate) fn new(code: &Blocks) -> Registers {
        fn bank<C: Copy + Default>(count: Reg) -> Bank<C> {
            (0..count)
                .map(|_| Some(Box::new(Block([C::default(); ROWS]))))
                .collect()
        }
        let [n1, n2, n4, n8] = code.registers;
        let mut registers = Registers {
            bytes1: bank(n1),
            bytes2: bank(n2),
            bytes4: bank(n4),
            bytes8: bank(n8),
        };
        for (reg, uniform) in &code.uniforms {
            if let Uniform::Const(value) = uniform {
                registers.fill(*reg, *value, ROWS);
            }
        }
        registers
    }

    /// Writes `value` to the first `rows` rows of a register.
    pub(crate) fn fill(&mut self, reg: Reg, value: Const, rows: usize) {
        let (at, bits) = (reg as usize, value.bits());
        match value.scalar().bytes() {
            1 => buffer(&mut self.bytes1[at])[..rows].fill(bits as u8),
            2 => buffer(&mut self.bytes2[at])[..rows].fill(bits as u16),
            4 => buffer(&mut self.bytes4[at])[..rows].fill(bits as u32),
            _ => buffer(&mut self.bytes8[at])[..rows].fill(bits),
        }
    }

    /// The value of a register in one row.
    pub(crate) fn value(&self, ty: Scalar, reg: Reg, row: usize) -> Const {
        fn cell<C: Copy>(bank: &Bank<C>, reg: Reg, row: usize) -> C {
            read(bank, reg)[row]
        }
        Const::from_bits(
            ty,
            match ty.bytes() {
                1 => cell(&self.bytes1, reg, row).into(),
                2 => cell(&self.bytes2, reg, row).into(),
                4 => cell(&self.bytes4, reg, row).into(),
                _ => cell(&self.bytes8, reg, row),
            },
        )
    }
}

#[inline(always)]
fn buffer<C>(slot: &mut Option<Box<Block<C>>>) -> &mut [C; ROWS] {
    match slot {
        Some(block) => &mut block.0,
        None => unreachable!("a register is put back before the next instruction"),
    }
}

/// A register's buffer.
#[inline(always)]
pub(crate) fn read<C>(bank: &Bank<C>, reg: Reg) -> &[C; ROWS] {
    match &bank[reg as usize] {
        Some(block) => &block.0,
        None => unreachable!("an instruction does not read what it writes"),
    }
}

/// The bank that holds values of a type.
pub(crate) trait Banked: Held {
    /// For reading.
    fn bank(registers: &Registers) -> &Bank<Self::Cell>;
    /// For taking registers out and putting them back.
    fn bank_mut(registers: &mut Registers) -> &mut Bank<Self::Cell>;
}

macro_rules! banked {
    ($($bank:ident: $($ty:ident)*;)*) => {$($(
        impl Banked for $ty {
            #[inline(always)]
            fn bank(registers: &Registers) -> &Bank<Self::Cell> {
                &registers.$bank
            }

            #[inline(always)]
            fn bank_mut(registers: &mut Registers) -> &mut Bank<Self::Cell> {
                &mut registers.$bank
            }
        }
    )*)*};
}

banked! {
    bytes1: bool i8 u8;
    bytes2: i16 u16;
    bytes4: i32 u32 f32;
    bytes8: i64 u64 f64;
}
