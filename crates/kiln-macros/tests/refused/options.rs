//! Options that there are not.

#[kiln::kernel(overflow = "panic")]
fn f(x: i32) -> i32 {
    x
}

#[kiln::kernel(fast)]
fn g(x: i32) -> i32 {
    x
}

#[kiln::kernel(parallel)]
fn h(x: i32) -> i32 {
    x
}

#[kiln::kernel(contract, reassoc)]
fn k(x: f64) -> f64 {
    x
}

fn main() {}
