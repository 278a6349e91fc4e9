//! Functions that are no kernels.

struct Point(f64);

impl Point {
    fn length(x: f64) -> f64 {
        x
    }
}

fn plain(x: f64) -> f64 {
    x
}

#[kiln::kernel]
fn of_this_crate(x: f64) -> f64 {
    plain(x)
}

#[kiln::kernel]
fn with_a_method(x: f64) -> f64 {
    1.0 + plain(x).sqrt()
}

#[kiln::kernel]
fn of_std(x: f64) -> f64 {
    std::hint::black_box(x)
}

#[kiln::kernel]
fn of_a_type(x: f64) -> f64 {
    Point::length(x)
}

#[kiln::kernel]
fn constructors(x: f64) -> f64 {
    let p = Point(x);
    let q = Some(x);
    x
}

fn main() {}
