//! A function that is no kernel.

fn plain(x: f64) -> f64 {
    x
}

#[kiln::kernel]
fn f(x: f64) -> f64 {
    plain(x)
}

fn main() {}
