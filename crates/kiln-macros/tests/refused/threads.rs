//! Claims that rounds are independent where there is no such claim.

#[kiln::kernel]
fn inner(x: &mut [f64]) {
    for i in 0..x.len() {
        for j in kiln::par(0..i) {
            x[i] = 1.0;
        }
    }
}

#[kiln::kernel]
fn nothing(x: &mut [f64]) {
    for i in kiln::par() {
        x[0] = 1.0;
    }
}

#[kiln::kernel]
fn no_loop(n: usize) -> usize {
    let rounds = kiln::par(0..n);
    n
}

fn main() {}
