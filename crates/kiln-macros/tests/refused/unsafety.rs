//! Kernels are safe.

#[kiln::kernel]
unsafe fn f(x: f64) -> f64 {
    x
}

#[kiln::kernel]
fn g(x: &[f64]) -> f64 {
    unsafe { *x.get_unchecked(0) }
}

fn main() {}
