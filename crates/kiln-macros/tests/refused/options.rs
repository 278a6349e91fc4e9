//! Options that there are not.

#[kiln::kernel(overflow = "panic")]
fn f(x: i32) -> i32 {
    x
}

#[kiln::kernel(fast)]
fn g(x: i32) -> i32 {
    x
}

fn main() {}
