//! Methods that kernels do not have.

#[kiln::kernel]
fn f(x: &[f64]) -> f64 {
    let y = x.to_vec();
    let first = x.first();
    x[0].checked_add(1.0)
}

fn main() {}
