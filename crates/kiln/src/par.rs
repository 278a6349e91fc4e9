//! [`par`]: the claim that the rounds of a loop are independent.

/// In a `#[kernel]`, what the outermost loop goes over, with the claim that no
/// round touches an element that another one writes; threads of the engine
/// share the rounds where that pays. In a kernel of several outermost loops the
/// claim is one about them all. Anywhere else it is what it is given.
///
/// ```
/// #[kiln::kernel]
/// fn scale(a: f64, x: &mut [f64]) {
///     for i in kiln::par(0..x.len()) {
///         x[i] *= a;
///     }
/// }
///
/// let mut x = vec![1.5; 100_000];
/// scale(2.0, &mut x);
/// assert!(x.iter().all(|&x| x == 3.0));
/// ```
///
/// kiln checks the claim. If it does not see that it holds, each call is an
/// error that names the two accesses which may meet, in the interpreter, too:
///
/// ```
/// #[kiln::kernel]
/// fn running(x: &mut [f64]) {
///     for i in kiln::par(1..x.len()) {
///         x[i] += x[i - 1];
///     }
/// }
///
/// let error = running::try_call(&mut [1.0, 2.0]).unwrap_err();
/// let why = std::error::Error::source(&error).unwrap().to_string();
/// assert_eq!(why, "rounds may meet at a store of x[i] and a load of x[-1 + i]");
/// ```
pub fn par<I>(rounds: I) -> I {
    rounds
}
