//! A kernel allocates nothing.

#[kiln::kernel]
fn f(n: usize) -> Vec<f64> {
    vec![0.0; n]
}

#[kiln::kernel]
fn g(n: usize) -> f64 {
    let x = vec![0.0; n];
    x[0]
}

#[kiln::kernel]
fn h(x: Vec<f64>) -> f64 {
    x[0]
}

fn main() {}
