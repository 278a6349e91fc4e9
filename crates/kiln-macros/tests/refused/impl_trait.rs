//! Types are named.

#[kiln::kernel]
fn f(x: impl Into<f64>) -> f64 {
    1.0
}

#[kiln::kernel]
fn g(x: f64) -> impl Copy {
    x
}

fn main() {}
