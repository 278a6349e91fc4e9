//! Reductions of values that lie side by side: rows are computed in blocks,
//! and what they give is combined afterwards.

use crate::data::Slice;
use kiln_ir::meaning::{BitValue, Number, Value, eval};
use kiln_ir::{Combine, Const, tree};

/// What the elements combine to in the shape of a tree.
pub fn fold(combine: Combine, values: Slice<'_>) -> Const {
    match values {
        Slice::Bool(values) => truths(combine, values),
        Slice::I8(values) => numbers(combine, values),
        Slice::I16(values) => numbers(combine, values),
        Slice::I32(values) => numbers(combine, values),
        Slice::I64(values) => numbers(combine, values),
        Slice::U8(values) => numbers(combine, values),
        Slice::U16(values) => numbers(combine, values),
        Slice::U32(values) => numbers(combine, values),
        Slice::U64(values) => numbers(combine, values),
        Slice::F32(values) => numbers(combine, values),
        Slice::F64(values) => numbers(combine, values),
    }
}

/// One loop for each way to combine, so that none asks which it is.
fn numbers<T: Number>(combine: Combine, values: &[T]) -> Const {
    match combine {
        Combine::Sum => over(combine, values, T::add),
        Combine::Product => over(combine, values, T::mul),
        Combine::Min => over(combine, values, T::min),
        Combine::Max => over(combine, values, T::max),
        _ => others(combine, values),
    }
}

fn truths(combine: Combine, values: &[bool]) -> Const {
    match combine {
        Combine::Any => over(combine, values, bool::or),
        Combine::All => over(combine, values, bool::and),
        _ => others(combine, values),
    }
}

/// Values by the meaning of the op that joins them.
fn others<T: Value>(combine: Combine, values: &[T]) -> Const {
    let join = |x: T, y: T| {
        let args = [x.to_const(), y.to_const()];
        T::from_const(eval(combine.op(), T::SCALAR, &args))
    };
    over(combine, values, join)
}

fn over<T: Value>(combine: Combine, values: &[T], join: impl Fn(T, T) -> T) -> Const {
    let identity = T::from_const(combine.identity(T::SCALAR));
    tree(join, identity, values.len(), |index| values[index]).to_const()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_ir::Scalar;

    #[test]
    fn every_type_combines_as_its_op_says() {
        let whole: Vec<u8> = (0..2_050u32).map(|i| (i * 37 % 251) as u8 + 1).collect();
        let sum = whole.iter().fold(0, |sum: u8, &x| sum.wrapping_add(x));
        assert_eq!(
            fold(Combine::Sum, Slice::U8(&whole)).as_int(),
            Some(sum.into())
        );
        let bits = whole.iter().fold(0, |bits, &x| bits | x);
        assert_eq!(
            fold(Combine::Any, Slice::U8(&whole)).as_int(),
            Some(bits.into())
        );
        assert_eq!(fold(Combine::Min, Slice::U8(&whole)).as_int(), Some(1));
        let mut truths = vec![false; 1_500];
        assert_eq!(fold(Combine::Any, Slice::Bool(&truths)), Const::bool(false));
        truths[1_400] = true;
        assert_eq!(fold(Combine::Any, Slice::Bool(&truths)), Const::bool(true));
        assert_eq!(fold(Combine::All, Slice::Bool(&truths)), Const::bool(false));
        let nothing = fold(Combine::Sum, Slice::F32(&[]));
        assert_eq!(nothing, Combine::Sum.identity(Scalar::F32));
    }

    /// 16 lanes of a block, folded in halves, and blocks like a counter.
    #[test]
    fn the_shape_is_the_one_of_values_that_come_one_by_one() {
        let values: Vec<f64> = (0..3_000u32).map(|i| 1.0 / f64::from(i + 1)).collect();
        let block = |values: &[f64]| {
            let mut lanes = [-0.0; 16];
            for (i, value) in values.iter().enumerate() {
                lanes[i % 16] += value;
            }
            for width in [8, 4, 2, 1] {
                for i in 0..width {
                    lanes[i] += lanes[i + width];
                }
            }
            lanes[0]
        };
        let blocks: Vec<f64> = values.chunks(1_024).map(block).collect();
        let expected = (blocks[0] + blocks[1]) + blocks[2];
        assert_eq!(
            fold(Combine::Sum, Slice::F64(&values)),
            Const::f64(expected)
        );
    }
}
