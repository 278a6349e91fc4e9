//! A kernel that calls itself.

#[kiln::kernel]
fn f(n: u64) -> u64 {
    if n == 0 { 1 } else { n * f(n - 1) }
}

fn main() {}
