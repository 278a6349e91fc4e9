//! What stands for the neighbours that the first and the last elements do not
//! have: functions from an index beyond the ends to one inside, in kernels and
//! beside them.

/// Beyond the end it begins anew: `b c d | a b c d | a b c`.
///
/// ```
/// use kiln::border;
///
/// #[kiln::kernel]
/// fn mean_of_neighbours(x: &[f64], y: &mut [f64]) {
///     assert!(x.len() == y.len());
///     let n = x.len() as i64;
///     for i in 0..n {
///         let (before, after) = (border::wrap(i - 1, n), border::wrap(i + 1, n));
///         y[i as usize] = 0.5 * (x[before as usize] + x[after as usize]);
///     }
/// }
///
/// let mut y = [0.0; 3];
/// mean_of_neighbours(&[1.0, 2.0, 6.0], &mut y);
/// assert_eq!(y, [4.0, 3.5, 1.5]);
/// ```
///
/// # Panics
/// When there are no elements: `n` is 0.
pub fn wrap(i: i64, n: i64) -> i64 {
    i.rem_euclid(n)
}

/// Beyond the end it goes back, with the last element twice:
/// `c b a | a b c d | d c b`.
///
/// # Panics
/// When there are no elements: `n` is 0.
pub fn reflect(i: i64, n: i64) -> i64 {
    let i = i.rem_euclid(n.wrapping_mul(2));
    if i < n {
        i
    } else {
        n.wrapping_mul(2).wrapping_sub(1).wrapping_sub(i)
    }
}

/// Beyond the end the last element goes on: `a a a | a b c d | d d d`. Of no
/// elements it is -1.
pub fn clamp(i: i64, n: i64) -> i64 {
    i.max(0).min(n.wrapping_sub(1))
}

#[doc(hidden)]
pub use crate::expand::border::*;
