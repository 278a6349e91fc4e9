//! Assignments in a condition.

#[kiln::kernel]
fn f(n: i32) -> i32 {
    let mut i = 0;
    while {
        i += 1;
        i < n
    } {}
    let b = n > 0 && {
        i += 1;
        i > 3
    };
    i
}

fn main() {}
