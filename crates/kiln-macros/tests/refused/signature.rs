//! Parameters and results that kernels do not have.

#[kiln::kernel]
fn by_reference(x: &f64) -> f64 {
    *x
}

#[kiln::kernel]
fn optional(x: Option<f64>) -> f64 {
    1.0
}

#[kiln::kernel]
fn fallible(x: f64) -> Result<f64, ()> {
    Ok(x)
}

#[kiln::kernel]
fn generic<const FLAG: bool>(x: f64) -> f64 {
    x
}

#[kiln::kernel]
const fn constant(x: f64) -> f64 {
    x
}

#[kiln::kernel]
extern "C" fn foreign(x: f64) -> f64 {
    x
}

#[kiln::kernel]
fn pattern((x, y): (f64, f64)) -> f64 {
    x + y
}

#[kiln::kernel]
fn borrowed(x: &[f64]) -> &[f64] {
    x
}

struct S;

impl S {
    #[kiln::kernel]
    fn method(&self, x: f64) -> f64 {
        x
    }
}

fn main() {}
