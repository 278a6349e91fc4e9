//! The functions that compiled code calls through its frame: slow-lane ops,
//! remainders, and `fma` where the processor has none.
//!
//! Each is pure arithmetic on the lanes that are on and cannot panic, since a
//! panic could not pass through the code that called it.

#![allow(
    unsafe_code,
    reason = "compiled code hands these functions a pointer to its vectors"
)]

use kiln_codegen::Helper;
use kiln_ir::meaning::{Number, Real};
use kiln_ir::{Op, Scalar, slow_ops};
use kiln_math::Slow;
use std::sync::OnceLock;

/// What compiled code calls: see [`Helper`].
pub(crate) type HelperFn = extern "C" fn(*mut u8, i64);

/// The table of helpers, in the order of [`Helper::all`].
pub(crate) fn table() -> &'static [HelperFn] {
    static TABLE: OnceLock<Vec<HelperFn>> = OnceLock::new();
    TABLE.get_or_init(|| Helper::all().map(function).collect())
}

/// The function for a helper; its meaning is the op's.
fn function(helper: Helper) -> HelperFn {
    macro_rules! rows {
        ($($variant:ident $slow:ident;)*) => {
            match (helper.op, helper.scalar) {
                (Op::Fma, Scalar::F32) => fma::<f32>,
                (Op::Fma, _) => fma::<f64>,
                (Op::Rem, Scalar::F32) => rem::<f32>,
                (Op::Rem, _) => rem::<f64>,
                $(
                    (Op::$variant, Scalar::F32) => slow::<f32, { Slow::$slow as u8 }>,
                    (Op::$variant, _) => slow::<f64, { Slow::$slow as u8 }>,
                )*
                (op, _) => unreachable!("{} has no helper", op.name()),
            }
        };
    }
    slow_ops!(rows)
}

extern "C" fn fma<T: Real>(vectors: *mut u8, lanes: i64) {
    each_lane(vectors, lanes, |[x, y, z]: [T; 3]| x.fma(y, z));
}

extern "C" fn rem<T: Real>(vectors: *mut u8, lanes: i64) {
    each_lane(vectors, lanes, |[x, y]: [T; 2]| Number::rem(x, y));
}

/// The slow-lane op whose number is `OP`.
extern "C" fn slow<T: Real, const OP: u8>(vectors: *mut u8, lanes: i64) {
    let Some(op) = Slow::all().nth(usize::from(OP)) else {
        return;
    };
    if op.arity() == 1 {
        each_lane(vectors, lanes, |x: [T; 1]| T::slow(op, &x));
    } else {
        each_lane(vectors, lanes, |args: [T; 2]| T::slow(op, &args));
    }
}

/// Where the next vector begins.
const VECTOR_ALIGNMENT: usize = 64;

/// Computes `f` in the lanes that are on: the mask, `N` vectors of operands
/// and one of results stand one after the other at `vectors`.
#[inline(always)]
fn each_lane<T: Real, const N: usize>(vectors: *mut u8, lanes: i64, f: impl Fn([T; N]) -> T) {
    let size = size_of::<T>();
    let step = (lanes as usize * size).next_multiple_of(VECTOR_ALIGNMENT);
    for lane in 0..lanes as usize {
        let at = lane * size;
        // SAFETY: the caller is compiled code, which lays out a mask, N
        // operands and a result of `lanes` elements each, as `Helper` says,
        // on its own stack. Nothing is assumed of their alignment, every
        // pattern of bytes is a float, and the lowest byte of a mask element
        // tells as much as all of them.
        unsafe {
            if *vectors.add(at) == 0 {
                continue;
            }
            let operand = |i: usize| {
                vectors
                    .add((1 + i) * step + at)
                    .cast::<T>()
                    .read_unaligned()
            };
            let result = f(std::array::from_fn(operand));
            vectors
                .add((1 + N) * step + at)
                .cast::<T>()
                .write_unaligned(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_ir::Const;
    use kiln_ir::meaning::eval;

    /// Lanes 0 and 2 of three are on.
    fn run<T: Real>(helper: Helper, operands: &[[T; 3]]) -> [T; 3] {
        let size = size_of::<T>();
        let mut vectors = vec![0u8; 64 * (operands.len() + 2)];
        for lane in [0, 2] {
            vectors[lane * size..][..size].fill(0xff);
        }
        let bytes = |x: T| x.to_const().bits().to_le_bytes();
        for (i, operand) in operands.iter().enumerate() {
            for (lane, &x) in operand.iter().enumerate() {
                vectors[64 * (1 + i) + lane * size..][..size].copy_from_slice(&bytes(x)[..size]);
            }
        }
        function(helper)(vectors.as_mut_ptr(), 3);
        let results = &vectors[64 * (1 + operands.len())..];
        std::array::from_fn(|lane| {
            let mut bits = [0; 8];
            bits[..size].copy_from_slice(&results[lane * size..][..size]);
            T::from_const(Const::from_bits(T::SCALAR, u64::from_le_bytes(bits)))
        })
    }

    fn check<T: Real>(helper: Helper, numbers: [[T; 3]; 3]) {
        let operands = &numbers[..helper.op.arity()];
        let found = run(helper, operands);
        assert_eq!(found[1], T::default(), "a lane that is off is not written");
        for lane in [0, 2] {
            let args: Vec<Const> = operands.iter().map(|o| o[lane].to_const()).collect();
            let expected = eval(helper.op, T::SCALAR, &args);
            assert_eq!(found[lane].to_const(), expected, "{helper:?} {args:?}");
        }
    }

    #[test]
    fn helpers_compute_what_their_ops_mean() {
        assert_eq!(table().len(), Helper::all().count());
        for helper in Helper::all() {
            match helper.scalar {
                Scalar::F32 => check(
                    helper,
                    [[3e7f32, 1.0, -9e30], [2.5, 1.0, 3.0], [0.1, 1.0, -7.0]],
                ),
                _ => check(
                    helper,
                    [[3e20f64, 1.0, -4e300], [2.5, 1.0, 3.0], [0.1, 1.0, -7.0]],
                ),
            }
        }
    }
}
