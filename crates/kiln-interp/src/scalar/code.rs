//! The code of a Func for one value at a time, and what it runs on.

use crate::scalar::tree::Tree;
use kiln_ir::{Combine, Const, FaultId, Op, Scalar};

/// A register: an index into [`Scalars::registers`].
pub(crate) type Reg = u32;

/// An array that an instruction touches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// The argument with this index.
    Arg(u16),
    /// The local array with this index.
    Local(u16),
}

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

/// One instruction. Jumps name the index of the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Inst {
    /// An op.
    Op(Apply),
    /// `dst = a + b` in f64. What most formulas are made of has instructions
    /// of its own: one jump leads to each.
    AddF64 { dst: Reg, a: Reg, b: Reg },
    /// `dst = a - b` in f64.
    SubF64 { dst: Reg, a: Reg, b: Reg },
    /// `dst = a * b` in f64.
    MulF64 { dst: Reg, a: Reg, b: Reg },
    /// `dst = a / b` in f64.
    DivF64 { dst: Reg, a: Reg, b: Reg },
    /// `dst = a < b` in f64.
    LessF64 { dst: Reg, a: Reg, b: Reg },
    /// `dst = a <= b` in f64.
    AtMostF64 { dst: Reg, a: Reg, b: Reg },
    /// `dst = -a` in f64.
    NegF64 { dst: Reg, a: Reg },
    /// `dst` = the square root of `a` in f64.
    SqrtF64 { dst: Reg, a: Reg },
    /// `dst = from`.
    Copy { dst: Reg, from: Reg },
    /// `dst` = the extent of an array in one dimension.
    Len { dst: Reg, array: Place, dim: u8 },
    /// `dst` = an element; its indices are `rank` registers, listed from
    /// `index` on in [`Code::indices`].
    Load {
        ty: Scalar,
        rank: u8,
        array: Place,
        dst: Reg,
        index: u32,
    },
    /// An element = `value`.
    Store {
        ty: Scalar,
        rank: u8,
        array: Place,
        value: Reg,
        index: u32,
    },
    /// Sets a local array to zero.
    Clear { local: u16 },
    /// Fails unless `cond` holds.
    Guard { cond: Reg, guard: u32 },
    /// Goes on at `to`.
    Jump { to: u32 },
    /// Goes on at `to` unless `cond` holds.
    JumpUnless { cond: Reg, to: u32 },
    /// Goes back to `to`: the end of a round of an unbounded loop.
    Back { to: u32 },
    /// Goes on at `to` unless `index < hi`: the head of a counted loop.
    Enter { index: Reg, hi: Reg, to: u32 },
    /// Counts `index` up and goes back to `to` if it is still below `hi`.
    Next { index: Reg, hi: Reg, to: u32 },
    /// Replaces the bounds of the loop over rows by those asked for.
    Rows { lo: Reg, hi: Reg },
    /// Empties a tree.
    TreeBegin { tree: u16 },
    /// Adds a value to a tree.
    TreeAdd { tree: u16, value: Reg },
    /// `dst` = what a tree's values combine to.
    TreeEnd { tree: u16, dst: Reg },
}

/// What a guard reports.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) fault: FaultId,
    /// The index of the outermost counted loop around it.
    pub(crate) row: Option<Reg>,
    pub(crate) operands: Vec<(Scalar, Reg)>,
}

/// The code of a Func.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) insts: Vec<Inst>,
    pub(crate) indices: Vec<Reg>,
    pub(crate) guards: Vec<Guard>,
    /// The registers at the start of a call: constants in place.
    pub(crate) registers: Vec<u64>,
    /// The register of each scalar parameter, by its index.
    pub(crate) params: Vec<(u16, Reg)>,
    pub(crate) results: Vec<Reg>,
    /// Number of elements of each local array.
    pub(crate) locals: Vec<(Scalar, u32)>,
    pub(crate) trees: Vec<(Combine, Scalar)>,
    /// What the local arrays take.
    pub(crate) local_bytes: usize,
}

/// What code runs on: the registers, local arrays and trees of a state.
#[derive(Debug, Default)]
pub(crate) struct Scalars {
    pub(crate) registers: Vec<u64>,
    pub(crate) locals: Vec<Vec<u64>>,
    pub(crate) trees: Vec<Tree>,
    /// Rounds of loops until the stop flag is looked at again.
    pub(crate) rounds: u32,
}

impl Scalars {
    pub(crate) fn new(code: &Code) -> Scalars {
        let zeros = |&(_, len): &(Scalar, u32)| vec![0; len as usize];
        Scalars {
            registers: code.registers.clone(),
            locals: code.locals.iter().map(zeros).collect(),
            trees: code.trees.iter().map(|&(c, ty)| Tree::new(c, ty)).collect(),
            rounds: 0,
        }
    }

    /// The constant that a register holds.
    pub(crate) fn value(&self, ty: Scalar, reg: Reg) -> Const {
        Const::from_bits(ty, self.registers[reg as usize])
    }
}
