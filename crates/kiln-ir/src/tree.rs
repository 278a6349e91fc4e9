//! The shape `tree` of reductions, over values at hand.
//!
//! Values go round the lanes of a block, lanes are folded in halves, and blocks
//! are combined like the digits of a binary counter, at the end from the last
//! block to the first. Absent on purpose: values that come one by one, which
//! whoever runs a loop has.

/// Values in a block.
const BLOCK: usize = 1024;

/// The most lanes of a block: 16 for values of 8 bytes, 32 for smaller ones.
const LANES_MAX: usize = 32;

/// A block for each binary digit of a length.
const DIGITS: usize = usize::BITS as usize;

/// What `len` values combine to by `join`, which `identity` leaves as they
/// are.
///
/// ```
/// let x: Vec<f64> = (0..3000).map(f64::from).collect();
/// let sum = kiln_ir::tree(|x, y| x + y, -0.0, x.len(), |index| x[index]);
/// assert_eq!(sum, 4_498_500.0);
/// ```
#[inline]
pub fn tree<T: Copy>(
    join: impl Fn(T, T) -> T,
    identity: T,
    len: usize,
    at: impl Fn(usize) -> T,
) -> T {
    let lanes = if size_of::<T>() == 8 { 16 } else { LANES_MAX };
    let (mut done, mut digits) = ([identity; DIGITS], 0);
    for (block, start) in (0..len).step_by(BLOCK).enumerate() {
        let mut values = [identity; LANES_MAX];
        let values = &mut values[..lanes];
        for first in (start..len.min(start + BLOCK)).step_by(lanes) {
            for (value, index) in values.iter_mut().zip(first..len) {
                *value = join(*value, at(index));
            }
        }
        let mut width = lanes / 2;
        while width > 0 {
            let (low, high) = values.split_at_mut(width);
            for (low, &high) in low.iter_mut().zip(&*high) {
                *low = join(*low, high);
            }
            width /= 2;
        }
        let mut value = values[0];
        for _ in 0..block.trailing_ones() {
            digits -= 1;
            value = join(done[digits], value);
        }
        done[digits] = value;
        digits += 1;
    }
    let blocks = done[..digits].iter().copied().rev();
    blocks
        .reduce(|right, left| join(left, right))
        .unwrap_or(identity)
}
