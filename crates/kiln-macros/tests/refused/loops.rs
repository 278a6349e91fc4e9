//! What a loop cannot go over.

#[kiln::kernel]
fn f(x: &[f64]) -> f64 {
    for i in 0.. {
        let _ = i;
    }
    for i in (0..4).filter(|i| i % 2 == 0) {
        let _ = i;
    }
    let r = 0..3;
    0.0
}

fn main() {}
