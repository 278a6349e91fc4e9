//! Machine code before register allocation: blocks of instructions over
//! virtual registers, in SSA form with block parameters.
//!
//! Vector instructions are rows of the table in `rows.rs`; the few others
//! (addresses, loop control, calls of slow lanes) are variants here. Blocks
//! stand in the order they will be emitted in; cold ones stand last.

use super::pool::ConstId;
use super::rows::{MachOp, Slot, Width};
use kiln_ir::Scalar;
use regalloc2::{Block, RegClass, VReg};

/// Registers of the vector file.
pub(crate) const VECTOR: RegClass = RegClass::Float;
/// The k masks.
pub(crate) const MASK: RegClass = RegClass::Vector;
/// The general registers.
pub(crate) const GENERAL: RegClass = RegClass::Int;

/// A memory operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Addr {
    /// A general register.
    pub(crate) base: VReg,
    /// A general register, multiplied by `scale`.
    pub(crate) index: Option<VReg>,
    /// 1, 2, 4 or 8.
    pub(crate) scale: u8,
    /// Bytes added.
    pub(crate) disp: i32,
}

/// An argument of a vector instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arg {
    /// A register.
    Reg(VReg),
    /// Memory.
    Mem(Addr),
    /// A constant of the pool.
    Const(ConstId),
}

/// A vector instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VInst {
    /// The row.
    pub(crate) op: MachOp,
    /// Width of its widest operand.
    pub(crate) width: Width,
    /// Result, if the form has one.
    pub(crate) def: Option<VReg>,
    /// As many arguments as the form has.
    pub(crate) args: [Option<Arg>; 3],
    /// The immediate, where the form has one.
    pub(crate) imm: u8,
    /// The write mask, AVX-512 only.
    pub(crate) mask: Option<VReg>,
    /// What lanes outside the write mask keep; without it they become zero,
    /// or, in blends, choose the first argument.
    pub(crate) merge: Option<VReg>,
}

/// A call of a slow-lane helper for the lanes that are on.
#[derive(Clone, Debug)]
pub(crate) struct SlowCall {
    /// Index into the helper table of the frame.
    pub(crate) helper: u32,
    /// For each argument its pieces; the first is the mask, whose elements
    /// are as wide as the others' and all ones in active lanes.
    pub(crate) args: Vec<Vec<VReg>>,
    /// For each result its pieces.
    pub(crate) results: Vec<Vec<VReg>>,
    /// Width of a piece of an argument or result.
    pub(crate) width: Width,
    /// Lanes in all.
    pub(crate) lanes: u16,
}

/// Which sign bits of a vector are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Signs {
    /// Size of the elements: 8, 4, or 1 byte.
    pub(crate) bytes: u8,
    /// Width of the vector.
    pub(crate) width: Width,
}

/// An instruction.
#[derive(Clone, Debug)]
pub(crate) enum Inst {
    /// A row of the table.
    Vector(VInst),
    /// The three arguments of the strip arrive.
    Args {
        /// The call frame.
        frame: VReg,
        /// First index.
        lo: VReg,
        /// One past the last index.
        hi: VReg,
    },
    /// Loads eight bytes.
    LoadWord {
        /// What is loaded.
        def: VReg,
        /// From where.
        addr: Addr,
    },
    /// Loads a whole number of an array that is only read, as eight bytes.
    LoadIndex {
        /// What is loaded.
        def: VReg,
        /// From where.
        addr: Addr,
        /// Its type.
        scalar: Scalar,
    },
    /// Loads a byte, without its sign.
    LoadByte {
        /// What is loaded.
        def: VReg,
        /// From where.
        addr: Addr,
    },
    /// A small number.
    Number {
        /// The register.
        def: VReg,
        /// What it holds.
        value: i32,
    },
    /// Stores eight bytes.
    StoreWord {
        /// Where to.
        addr: Addr,
        /// What is stored.
        arg: VReg,
    },
    /// The sum that an address is.
    Lea {
        /// The sum.
        def: VReg,
        /// The address.
        addr: Addr,
    },
    /// Multiplies indices.
    MulWord {
        /// The product.
        def: VReg,
        /// One factor.
        left: VReg,
        /// The other.
        right: VReg,
    },
    /// Adds a constant to an address or index.
    AddImm {
        /// The sum.
        def: VReg,
        /// One addend.
        arg: VReg,
        /// The other.
        imm: i32,
    },
    /// Broadcasts a general register to all 64-bit lanes.
    BroadcastWord {
        /// The vector.
        def: VReg,
        /// The general register.
        arg: VReg,
        /// Width of the vector.
        width: Width,
    },
    /// One of the first two 64-bit lanes of a vector in a general register.
    LaneWord {
        /// The lane.
        def: VReg,
        /// The vector.
        arg: VReg,
        /// Which of the two.
        lane: u8,
    },
    /// A call of a slow-lane helper.
    Slow(Box<SlowCall>),
    /// To the one successor.
    Jump,
    /// The sign bits of a vector mask as an integer.
    LaneBits {
        /// The integer.
        def: VReg,
        /// The mask.
        mask: VReg,
        /// Which bits.
        signs: Signs,
    },
    /// To the first successor if any lane is on, or if all are, else to the
    /// second.
    IfBits {
        /// What [`Inst::LaneBits`] gave, or a number that is counted down.
        bits: VReg,
        /// The bits of all lanes, if all must be on.
        all: Option<u32>,
    },
    /// To the first successor if any lane is on, or if all are, else to the
    /// second.
    IfMask {
        /// A k mask.
        mask: VReg,
        /// Number of lanes: 8, 16, 32 or 64.
        lanes: u8,
        /// Whether all must be on.
        all: bool,
    },
    /// To the first successor if `left < right`, signed, else to the second.
    IfLess {
        /// The left side.
        left: VReg,
        /// The right side.
        right: VReg,
    },
    /// Returns from the strip.
    Return {
        /// What is returned.
        status: i64,
    },
}

/// Why an operand of an instruction is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Read from a register.
    Use,
    /// Read from a register or a spill slot.
    UseAny,
    /// Read, and overwritten by the result.
    Tied,
    /// Written.
    Def,
    /// Written by the caller, as argument number.
    Incoming(u8),
}

impl VInst {
    /// Whether an argument is the tied one once more: it is then read from
    /// the register the result overwrites.
    pub(crate) fn repeats_tied(&self, arg: usize) -> bool {
        self.op.form().tied && self.repeats_first(arg)
    }

    fn repeats_first(&self, arg: usize) -> bool {
        arg > 0 && self.args[arg] == self.args[0]
    }

    /// Visits the registers in the order operands are listed for allocation.
    fn for_each_reg(&self, visit: &mut impl FnMut(Role, VReg)) {
        let form = self.op.form();
        for (i, arg) in self.args.iter().flatten().enumerate() {
            match *arg {
                // The same register as the tied one, under the same name.
                _ if form.tied && self.repeats_first(i) => {}
                Arg::Reg(reg) => {
                    let in_memory = form.mem == Some(i as u8)
                        && matches!(form.args[i], Slot::Vec(_) | Slot::Xmm);
                    visit(
                        match (i, in_memory) {
                            (0, _) if form.tied => Role::Tied,
                            (_, true) => Role::UseAny,
                            (_, false) => Role::Use,
                        },
                        reg,
                    );
                }
                Arg::Mem(addr) => addr.for_each_reg(visit),
                Arg::Const(_) => {}
            }
        }
        if let Some(mask) = self.mask {
            visit(Role::Use, mask);
        }
        if let Some(merge) = self.merge {
            visit(Role::Tied, merge);
        }
        if let Some(def) = self.def {
            visit(Role::Def, def);
        }
    }
}

impl Addr {
    fn for_each_reg(&self, visit: &mut impl FnMut(Role, VReg)) {
        visit(Role::Use, self.base);
        if let Some(index) = self.index {
            visit(Role::Use, index);
        }
    }
}

impl Inst {
    /// Visits the registers in the order operands are listed for allocation.
    pub(crate) fn for_each_reg(&self, mut visit: impl FnMut(Role, VReg)) {
        match self {
            Inst::Vector(inst) => inst.for_each_reg(&mut visit),
            Inst::Args { frame, lo, hi } => {
                for (i, reg) in [frame, lo, hi].into_iter().enumerate() {
                    visit(Role::Incoming(i as u8), *reg);
                }
            }
            Inst::Number { def, .. } => visit(Role::Def, *def),
            Inst::MulWord { def, left, right } => {
                visit(Role::Tied, *left);
                visit(Role::Use, *right);
                visit(Role::Def, *def);
            }
            Inst::LoadWord { def, addr }
            | Inst::LoadIndex { def, addr, .. }
            | Inst::LoadByte { def, addr }
            | Inst::Lea { def, addr } => {
                addr.for_each_reg(&mut visit);
                visit(Role::Def, *def);
            }
            Inst::StoreWord { addr, arg } => {
                addr.for_each_reg(&mut visit);
                visit(Role::Use, *arg);
            }
            Inst::AddImm { def, arg, .. } => {
                visit(Role::Tied, *arg);
                visit(Role::Def, *def);
            }
            Inst::BroadcastWord { def, arg, .. } | Inst::LaneWord { def, arg, .. } => {
                visit(Role::Use, *arg);
                visit(Role::Def, *def);
            }
            Inst::Slow(call) => {
                for piece in call.args.iter().flatten() {
                    visit(Role::Use, *piece);
                }
                for piece in call.results.iter().flatten() {
                    visit(Role::Def, *piece);
                }
            }
            Inst::LaneBits { def, mask, .. } => {
                visit(Role::Use, *mask);
                visit(Role::Def, *def);
            }
            Inst::IfBits { bits: reg, .. } | Inst::IfMask { mask: reg, .. } => {
                visit(Role::Use, *reg);
            }
            Inst::IfLess { left, right } => {
                visit(Role::Use, *left);
                visit(Role::Use, *right);
            }
            Inst::Jump | Inst::Return { .. } => {}
        }
    }

    /// Whether it ends a block.
    pub(crate) fn is_terminator(&self) -> bool {
        matches!(
            self,
            Inst::Jump
                | Inst::IfBits { .. }
                | Inst::IfMask { .. }
                | Inst::IfLess { .. }
                | Inst::Return { .. }
        )
    }
}

/// A basic block.
#[derive(Clone, Debug, Default)]
pub(crate) struct BlockData {
    /// Parameters.
    pub(crate) params: Vec<VReg>,
    /// Instructions; the last is a terminator.
    pub(crate) insts: Vec<Inst>,
    /// Successors, in the terminator's order.
    pub(crate) succs: Vec<Block>,
    /// For each successor the arguments of its parameters.
    pub(crate) succ_args: Vec<Vec<VReg>>,
    /// What part of the strip it is.
    pub(crate) part: Part,
}

/// What part of the strip a block is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Part {
    /// Before or after the loop.
    #[default]
    Once,
    /// The loop's common path; these blocks run in the order they stand in.
    Hot,
    /// A rare path that leaves the block with this index.
    Cold(usize),
}

/// A strip in machine code over virtual registers.
#[derive(Clone, Debug, Default)]
pub(crate) struct MachFunc {
    /// The blocks in emission order; the first is the entry.
    pub(crate) blocks: Vec<BlockData>,
    /// The class of each virtual register.
    pub(crate) classes: Vec<RegClass>,
    /// Index of the block that runs once before the loop.
    pub(crate) preheader: usize,
}

impl MachFunc {
    /// A fresh virtual register.
    pub(crate) fn fresh(&mut self, class: RegClass) -> VReg {
        let reg = VReg::new(self.classes.len(), class);
        self.classes.push(class);
        reg
    }

    /// Number of instructions.
    pub(crate) fn inst_count(&self) -> usize {
        self.blocks.iter().map(|b| b.insts.len()).sum()
    }
}
