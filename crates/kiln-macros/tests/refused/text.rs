//! There is no text in a kernel.

#[kiln::kernel]
fn f(x: &str) -> f64 {
    1.0
}

#[kiln::kernel]
fn g(x: f64) -> f64 {
    let name = "x";
    let letter = 'x';
    println!("{x}");
    x
}

fn main() {}
