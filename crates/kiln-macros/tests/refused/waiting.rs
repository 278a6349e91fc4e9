//! Kernels do not wait.

#[kiln::kernel]
async fn f(x: f64) -> f64 {
    x
}

#[kiln::kernel]
fn g(x: f64) -> f64 {
    let y = async { x };
    x
}

fn main() {}
