//! The text of a panic is a literal.

#[kiln::kernel]
fn f(n: i32) -> i32 {
    assert!(n > 0, "n is {}", n);
    assert!(n > 1, "n is {n}");
    panic!("n is {n:?}");
    n
}

fn main() {}
