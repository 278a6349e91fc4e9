//! Running a strip in the emulator: the call frame, arrays flush against
//! their ends, and helpers by their meaning.

use super::{Access, EmulatorError, HelperCall, Memory, helper_address, run};
use kiln_codegen::frame::{self, FrameLayout, Helper};
use kiln_codegen::{Entry, MachineCode};
use kiln_ir::{Const, Func, ParamType, meaning};

/// An argument of a Func.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Argument {
    /// The elements of an array, side by side.
    Array(Vec<u8>),
    /// The elements of an array as they lie in memory, the first one first.
    Table {
        /// The elements and what is between.
        bytes: Vec<u8>,
        /// Elements in each dimension.
        shape: Vec<usize>,
        /// How many elements lie from one to the next in each dimension.
        strides: Vec<isize>,
    },
    /// The bits of a scalar.
    Scalar(u64),
}

/// What a strip did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The status it returned.
    pub status: i64,
    /// The row in the error record.
    pub row: i64,
}

const FRAME: u64 = 0x20_0000;
const TABLE: u64 = 0x30_0000;
/// Arrays stand this far apart, at addresses that are no multiple of a
/// vector's size.
const ARRAYS: u64 = 0x1_0000_0000;

/// Instructions a run may take for each block of rows, and besides.
const STEPS: u64 = 1_000_000;

/// Runs rows `lo..hi` of a strip; arrays that the code writes are updated.
///
/// # Errors
/// When the code does what it must not.
///
/// # Panics
/// When the arguments do not fit the Func, or the code is no strip.
pub fn run_strip(
    func: &Func,
    code: &MachineCode,
    args: &mut [Argument],
    rows: std::ops::Range<i64>,
) -> Result<Outcome, EmulatorError> {
    assert_eq!(code.entry, Entry::Strip, "only strips are emulated");
    assert_eq!(
        func.params().len(),
        args.len(),
        "one argument per parameter"
    );
    let layout = FrameLayout::of(func);
    let mut memory = Memory::new();
    let mut record = vec![0u8; layout.size()];
    let put = |record: &mut Vec<u8>, at: usize, value: u64| {
        record[at..at + 8].copy_from_slice(&value.to_le_bytes());
    };
    put(&mut record, frame::HELPERS, TABLE);
    let place = |index: usize| ARRAYS * (index as u64 + 1) + 8;
    for (index, (param, arg)) in func.params().iter().zip(args.iter_mut()).enumerate() {
        match (param.ty, arg) {
            (ParamType::Scalar(_), Argument::Scalar(bits)) => {
                put(&mut record, layout.param(index), *bits);
            }
            (ParamType::Array(array), arg) => {
                put(&mut record, layout.param(index), place(index));
                let rank = usize::from(array.rank);
                let (bytes, shape, strides) = match arg {
                    Argument::Array(bytes) => {
                        let length = bytes.len() / array.elem.bytes();
                        (bytes, vec![length; rank], vec![1; rank])
                    }
                    Argument::Table {
                        bytes,
                        shape,
                        strides,
                    } => (bytes, shape.clone(), strides.clone()),
                    Argument::Scalar(_) => panic!("argument {index} is not an array"),
                };
                for dim in 0..rank {
                    put(&mut record, layout.extent(index, dim), shape[dim] as u64);
                    let stride = layout.stride(index, rank, dim);
                    put(&mut record, stride, strides[dim] as u64);
                }
                let access = match array.access {
                    kiln_ir::Access::Read => Access::Read,
                    kiln_ir::Access::Mut => Access::Write,
                };
                memory.map(place(index), std::mem::take(bytes), access);
            }
            (ty, _) => panic!("argument {index} is not a {ty}"),
        }
    }
    let table: Vec<u8> = (0..Helper::all().count())
        .flat_map(|index| helper_address(index).to_le_bytes())
        .collect();
    memory.map(TABLE, table, Access::Read);
    memory.map(FRAME, record, Access::Write);
    let bounds = [FRAME, rows.start as u64, rows.end as u64];
    let mut failed = None;
    let helpers: &mut HelperCall<'_> = &mut |index, args, memory| {
        failed = failed.or(help(index, args, memory).is_none().then_some(args[0]));
    };
    let result = run(
        &code.bytes,
        code.code_len,
        bounds,
        &mut memory,
        helpers,
        STEPS,
    );
    for (index, arg) in args.iter_mut().enumerate() {
        if let Argument::Array(bytes) | Argument::Table { bytes, .. } = arg {
            *bytes = memory.unmap(place(index)).unwrap_or_default();
        }
    }
    let record = memory.unmap(FRAME).unwrap_or_default();
    if let Some(address) = failed {
        return Err(EmulatorError::Memory {
            at: 0,
            address,
            size: 0,
            write: true,
        });
    }
    let row = &record[frame::ERROR_ROW..frame::ERROR_ROW + 8];
    Ok(Outcome {
        status: result?,
        row: super::memory::word(row) as i64,
    })
}

/// A helper by the meaning of its op; `None` if its vectors are not there.
fn help(index: usize, args: [u64; 2], memory: &mut Memory) -> Option<()> {
    let helper = Helper::all().nth(index)?;
    let size = helper.scalar.bytes();
    let lanes = args[1] as usize;
    let stride = (size * lanes).next_multiple_of(64) as u64;
    let arity = helper.op.arity();
    let element = |memory: &Memory, vector: usize, lane: usize| {
        let at = args[0] + vector as u64 * stride + (lane * size) as u64;
        Some(super::memory::word(memory.get(at, size)?))
    };
    for lane in 0..lanes {
        if element(memory, 0, lane)? == 0 {
            continue;
        }
        let mut operands = Vec::new();
        for operand in 1..=arity {
            let bits = element(memory, operand, lane)?;
            operands.push(Const::from_bits(helper.scalar, bits));
        }
        let result = meaning::eval(helper.op, helper.scalar, &operands).bits();
        let at = args[0] + (1 + arity) as u64 * stride + (lane * size) as u64;
        memory
            .get_mut(at, size)?
            .copy_from_slice(&result.to_le_bytes()[..size]);
    }
    Some(())
}
