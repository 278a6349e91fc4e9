//! Loops in several threads, which there are not.

fn par<T>(range: T) -> T {
    range
}

#[kiln::kernel]
fn f(x: &mut [f64]) {
    for i in par(0..x.len()) {
        x[i] = 1.0;
    }
}

fn main() {}
