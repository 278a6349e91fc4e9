//! The call frame: how generated code and the runtime share a call.
//!
//! Code takes one pointer to it and holds no other address. The layout
//! follows from the parameters of a Func alone, so the runtime can fill a
//! frame without knowing how the code was made. Everything is eight bytes
//! wide; a scalar narrower than that stands in the low bytes of its slot.
//! Strips read the frame; only results and the error record are written, so
//! a frame serves one thread at a time.
//!
//! What code returns is a status: [`DONE`]; 1 plus the index of a fault, with
//! the error record filled; [`RERUN`] or [`STOPPED`].

use kiln_ir::{Class, Const, FaultId, Func, OPS, Op, ParamType, Scalar};

/// The status of a call that did what it should.
pub const DONE: i64 = 0;
/// The status of a widened strip of which a lane failed. The error record's
/// row is the first of that lane's block; every block before it is done, and
/// of this one nothing is stored. Code of one lane, or the interpreter, finds
/// the row and the fault by running the block again.
pub const RERUN: i64 = -1;

/// The status of a call that ended because the stop flag was set; what it
/// had stored stays.
pub const STOPPED: i64 = -2;

/// Offset of the pointer to the helper table: an array of code addresses,
/// indexed by [`Helper::index`].
pub const HELPERS: usize = 0;
/// Offset of the pointer to the stop flag: one byte, 0 while the call may go
/// on. Code reads it in unbounded loops, so it is never null there.
pub const STOP: usize = 8;
/// Offset of the pointer to the table of strips: an array of code addresses.
/// Only code that calls strips reads it.
pub const STRIPS: usize = 16;
/// Offset of the error record's code: 0 while nothing failed, else 1 plus
/// the index of the fault in the low half, and in each byte of the high half
/// 1 plus the type of an operand, 0 where there is none.
pub const ERROR_CODE: usize = 24;
/// Offset of the row that failed, an `i64`: the index of the outermost
/// counted loop around the guard, 0 outside of loops.
pub const ERROR_ROW: usize = 32;
/// Offset of the first operand the error shows.
pub const ERROR_OPERANDS: usize = 40;
/// Operands an error shows at most.
pub const ERROR_OPERANDS_MAX: usize = 4;
/// Offset of the first parameter.
pub const PARAMS: usize = ERROR_OPERANDS + 8 * ERROR_OPERANDS_MAX;

/// The code of an error record for a guard with these operands.
pub(crate) fn error_code(fault: FaultId, operands: impl Iterator<Item = Scalar>) -> i64 {
    let mut code = 1 + fault.index() as i64;
    for (nth, scalar) in operands.enumerate() {
        code |= (1 + scalar as i64) << (32 + 8 * nth);
    }
    code
}

/// The operands that an error record shows: its code, and the words of its
/// operands.
pub fn error_operands(code: u64, words: &[u64; ERROR_OPERANDS_MAX]) -> Vec<Const> {
    let types = (code >> 32).to_le_bytes();
    let scalars = types.iter().map_while(|&ty| {
        let index = usize::from(ty).checked_sub(1)?;
        Scalar::ALL.get(index).copied()
    });
    let values = scalars.zip(words);
    values
        .map(|(ty, &word)| Const::from_bits(ty, word))
        .collect()
}

/// An op that code calls through the helper table, on one float type.
///
/// A helper is `extern "C" fn(vectors: *mut u8, lanes: i64)`. `vectors` holds,
/// one after the other, each at the next multiple of 64 bytes: a mask whose
/// elements are integers as wide as the operands' elements, all ones in the
/// lanes that are on and 0 elsewhere; the operands; the results. A helper
/// writes the results of the lanes that are on. It must not unwind, and may
/// not assume that `vectors` is aligned to more than 16 bytes.
///
/// There is one for `fma`, which lacks hardware on some targets, for `rem`,
/// and for every op of [`Class::Slow`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Helper {
    /// What it computes.
    pub op: Op,
    /// The type of its operands and of its result: `f32` or `f64`.
    pub scalar: Scalar,
}

impl Helper {
    /// Every helper, in the order of the helper table.
    pub fn all() -> impl Iterator<Item = Helper> {
        helper_ops().flat_map(|op| [Scalar::F32, Scalar::F64].map(|scalar| Helper { op, scalar }))
    }

    /// The helper for an op on a type, if it has one.
    pub fn of(op: Op, scalar: Scalar) -> Option<Helper> {
        (scalar.is_float() && helper_ops().any(|o| o == op)).then_some(Helper { op, scalar })
    }

    /// Index into the helper table.
    pub fn index(self) -> usize {
        let row = helper_ops().position(|op| op == self.op);
        2 * row.unwrap_or(0) + usize::from(self.scalar == Scalar::F64)
    }
}

fn helper_ops() -> impl Iterator<Item = Op> {
    let slow = OPS.iter().filter(|info| info.class == Class::Slow);
    [Op::Fma, Op::Rem]
        .into_iter()
        .chain(slow.map(|info| info.op))
}

/// Where everything in a call frame stands, in bytes: the fixed part above,
/// then for each array parameter its record, each scalar parameter, each
/// result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrameLayout {
    params: Vec<usize>,
    results: usize,
    size: usize,
}

impl FrameLayout {
    /// The layout for a Func.
    pub fn of(func: &Func) -> FrameLayout {
        let mut at = PARAMS;
        let mut params = vec![0; func.params().len()];
        for (slot, param) in params.iter_mut().zip(func.params()) {
            if let ParamType::Array(array) = param.ty {
                *slot = at;
                at += 8 * (1 + 2 * usize::from(array.rank));
            }
        }
        for (slot, param) in params.iter_mut().zip(func.params()) {
            if let ParamType::Scalar(_) = param.ty {
                *slot = at;
                at += 8;
            }
        }
        let results = at;
        at += 8 * func.results().len();
        FrameLayout {
            params,
            results,
            size: at.next_multiple_of(64),
        }
    }

    /// Offset of a scalar parameter, or of an array parameter's record: its
    /// pointer, then its shape, then its strides in elements.
    ///
    /// # Panics
    /// When there is no such parameter.
    pub fn param(&self, index: usize) -> usize {
        self.params[index]
    }

    /// Offset of the extent of an array parameter in one dimension.
    ///
    /// # Panics
    /// When there is no such parameter.
    pub fn extent(&self, index: usize, dim: usize) -> usize {
        self.params[index] + 8 * (1 + dim)
    }

    /// Offset of the stride of an array parameter of this rank in one
    /// dimension.
    ///
    /// # Panics
    /// When there is no such parameter.
    pub fn stride(&self, index: usize, rank: usize, dim: usize) -> usize {
        self.params[index] + 8 * (1 + rank + dim)
    }

    /// Offset of a result.
    pub fn result(&self, index: usize) -> usize {
        self.results + 8 * index
    }

    /// Size of the frame; its address is a multiple of 64.
    pub fn size(&self) -> usize {
        self.size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_are_numbered_in_order() {
        for (index, helper) in Helper::all().enumerate() {
            assert_eq!(helper.index(), index);
            assert_eq!(Helper::of(helper.op, helper.scalar), Some(helper));
        }
        assert_eq!(Helper::of(Op::Rem, Scalar::I64), None);
    }

    #[test]
    fn an_error_record_says_what_its_operands_are() {
        let types = [Scalar::I8, Scalar::F64, Scalar::Bool, Scalar::U64];
        let code = error_code(FaultId::new(6), types.into_iter());
        assert_eq!(code & 0xffff_ffff, 7);
        let words = [u64::MAX, 2.5f64.to_bits(), 1, u64::MAX];
        let shown = error_operands(code as u64, &words);
        let value = |ty: Scalar, bits| Const::from_bits(ty, bits);
        let expected = types.iter().zip(words).map(|(&ty, bits)| value(ty, bits));
        assert_eq!(shown, expected.collect::<Vec<_>>());
        assert_eq!(error_operands(7, &words), []);
    }
}
