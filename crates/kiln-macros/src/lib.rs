//! Procedural macros of kiln.
//!
//! Each macro turns Rust tokens into plain safe calls of the facade, so an
//! expansion compiles under `#![forbid(unsafe_code)]` and what it means is
//! written in `kiln`, not here. Absent on purpose: any knowledge of layouts;
//! a derive names fields, and the facade finds where they lie.

#![forbid(unsafe_code)]

mod kernel;
mod record;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct with named fields usable as a row: `formula.record::<Row, _>()`.
///
/// Every field is a number, a `bool`, or an `Option` of one, and gives its
/// value to the input of the same name. On a field,
///
/// - `#[kiln(rename = "unit price")]` gives it another name;
/// - `#[kiln(skip)]` leaves it out, as a text must be.
#[proc_macro_derive(Record, attributes(kiln))]
pub fn derive_record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    record::derive(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a numeric function a kernel: the same function, compiled by kiln for
/// the processor it runs on when it is first called.
///
/// ```
/// #[kiln::kernel]
/// fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
///     for i in 0..y.len() {
///         y[i] += a * x[i];
///     }
/// }
///
/// let (x, mut y) = ([1.0, 2.0], [0.5, 0.5]);
/// axpy(2.0, &x, &mut y);
/// assert_eq!(y, [2.5, 4.5]);
/// axpy::rust(2.0, &x, &mut y); // as rustc compiled it
/// assert_eq!(y, [4.5, 8.5]);
/// let error = axpy::try_call(2.0, &x[..1], &mut y).unwrap_err(); // where it would panic
/// assert_eq!(error.to_string(), "index 1 is outside x of length 1 in @axpy");
/// ```
///
/// `f(..)` keeps its signature, its values and its panics. Beside it stand
///
/// - `f::rust(..)`: the function as rustc compiled it;
/// - `f::try_call(..)`: an error where the function panics;
/// - `f::interpret(..)`: the same in the interpreter;
/// - `f::on(&engine)`: the kernel on an engine of one's own, called with a
///   tuple;
/// - `f::kernel()`: the kernel on the global engine.
///
/// # The subset
/// Scalars (`bool`, integers of 8 to 64 bits, `usize`, `isize`, floats),
/// slices and views of them as parameters, tuples, arrays; `let`, assignment of
/// every kind, `if`, `while`, `loop`, `for` over ranges, labels, `break`,
/// `continue`, `return`; every operator and cast; the methods of numbers;
/// `assert!` and its family, `panic!` with literal text; constants; calls of
/// other kernels; types `T: kiln::Real`, `Int`, `Number` or `Element` and
/// `const N: usize` that the kernel is generic over. Anything else is an error
/// that says what to write instead.
///
/// # What numbers mean
/// What they mean in Rust. Where an integer leaves its type a crate built with
/// debug assertions panics, and another one wraps;
/// `#[kernel(overflow = "wrap" | "checked" | "saturate")]` says otherwise. The
/// mathematical functions (`exp`, `sin`, `powf` and so on) are kiln's, whose
/// bits are the same on every machine. `#[kernel(contract)]` rounds a product
/// and the sum it stands in once: `a * b + c` is `a.mul_add(b, c)`.
/// `#[kernel(reassoc)]` gives sums and products of floats the shape of
/// `kiln::sum`, which vectors can compute.
///
/// # Threads
/// `#[kernel(parallel)]` lets threads share the rounds of the outermost loops
/// that are independent; `kiln::par(0..n)` claims that those of all of them
/// are, which is checked.
#[proc_macro_attribute]
pub fn kernel(options: TokenStream, function: TokenStream) -> TokenStream {
    let original = proc_macro2::TokenStream::from(function.clone());
    match kernel::expand(options.into(), function.into()) {
        Ok(code) => code.into(),
        // The function stays, so that its callers are no errors too.
        Err(error) => {
            let error = error.into_compile_error();
            quote::quote!(#original #error).into()
        }
    }
}
