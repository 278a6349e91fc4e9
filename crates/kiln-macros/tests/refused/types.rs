//! Types that kernels do not have.

#[kiln::kernel]
fn f(x: i128) -> i128 {
    x
}

#[kiln::kernel]
fn g(x: f64) -> char {
    'x'
}

fn main() {}
