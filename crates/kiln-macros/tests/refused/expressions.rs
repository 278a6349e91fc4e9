//! Expressions that kernels do not have.

struct Point {
    x: f64,
}

#[kiln::kernel]
fn f(a: f64, n: i32) -> f64 {
    let square = |x: f64| x * x;
    let p = Point { x: a };
    let q = match n {
        0 => 1.0,
        _ => 2.0,
    };
    if let 3 = n {
        return 1.0;
    }
    let r = p.x;
    let s = n?;
    let Some(t) = q else { return 0.0 };
    a
}

fn main() {}
