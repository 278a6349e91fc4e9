//! Items in a kernel, and what is no function.

#[kiln::kernel]
fn f(x: f64) -> f64 {
    fn helper(x: f64) -> f64 {
        x
    }
    helper(x)
}

#[kiln::kernel]
struct S;

fn main() {}
