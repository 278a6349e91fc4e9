//! Branches, loops, jumps, short circuits.

use crate::harness::corpus;
use kiln::kernel;

#[kernel]
fn if_value(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[kernel]
fn if_chain(a: i32) -> i32 {
    if a < 0 {
        -1
    } else if a == 0 {
        0
    } else if a < 10 {
        1
    } else {
        2
    }
}

#[kernel]
fn if_statement(a: i32, b: i32) -> i32 {
    let mut x = a & 255;
    if b > 2 {
        x += 1;
    }
    if b > 4 {
        x *= 2;
    } else {
        x -= 3;
    }
    x
}

#[kernel]
fn if_in_expression(a: f64, b: bool) -> f64 {
    1.0 + if b { a * 2.0 } else { a } - {
        let t = a * a;
        t + 1.0
    }
}

#[kernel]
fn early_return(a: f64) -> f64 {
    if a < 0.0 {
        return 0.0;
    }
    if a > 100.0 {
        return 100.0;
    }
    let b = a * 2.0;
    if b > 50.0 {
        return b - 50.0;
    } else {
        return b;
    }
}

#[kernel]
fn return_in_the_middle(a: i32, b: i32) -> i32 {
    let mut x = 1;
    if a > 3 {
        x = 2;
        if b > 3 {
            return x + 10;
        }
        x = 3;
    }
    x + 100
}

#[kernel]
fn return_from_value(a: i32) -> i32 {
    let x = if a > 5 { return -1 } else { a & 15 };
    let y = if a == 3 {
        x * 2
    } else {
        if a == 4 {
            return 44;
        }
        x
    };
    x + y
}

#[kernel]
fn while_counts(n: u32) -> u32 {
    let mut k = n & 63;
    let mut steps = 0;
    while k != 0 {
        k &= k - 1;
        steps += 1;
    }
    steps
}

#[kernel]
fn while_of_two(a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[kernel]
fn collatz(n: u64) -> u32 {
    let mut n = n % 1000 + 1;
    let mut steps = 0;
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
    }
    steps
}

#[kernel]
fn loop_with_break(a: i32) -> i32 {
    let mut x = a & 127;
    let mut n = 0;
    loop {
        if x > 1000 {
            break;
        }
        x = x * 2 + 1;
        n += 1;
    }
    n
}

#[kernel]
fn loop_with_value(a: f64) -> f64 {
    let mut x = if a > 0.0 && a < 1e9 { a } else { 2.0 };
    let mut n = 0;
    let root = loop {
        let next = 0.5 * (x + 2.0 / x);
        n += 1;
        if (next - x).abs() < 1e-12 || n > 50 {
            break next;
        }
        x = next;
    };
    root + n as f64
}

#[kernel]
fn loop_that_returns(n: u32) -> u32 {
    let mut k = 0;
    loop {
        k += 1;
        if k * k > n % 500 {
            return k;
        }
    }
}

#[kernel]
fn for_sum(n: i32) -> i64 {
    let mut sum = 0;
    for i in 0..n % 100 {
        sum += i as i64 * 3;
    }
    sum
}

#[kernel]
fn for_inclusive(a: i8, b: i8) -> i32 {
    let mut sum = 0;
    for i in a..=b {
        sum += i as i32;
    }
    sum
}

#[kernel]
fn for_unsigned(a: u8, b: u8) -> u32 {
    let mut sum = 0;
    for i in a..b {
        sum = sum * 3 % 1009 + i as u32;
    }
    sum
}

#[kernel]
fn for_reversed(n: usize) -> usize {
    let mut x = 0;
    for i in (0..n % 20).rev() {
        x = (x * 7 + i) % 1_000_003;
    }
    x
}

#[kernel]
fn for_steps(lo: i64, hi: i64, step: usize) -> i64 {
    let mut x = 0;
    for i in (lo % 50..hi % 50).step_by(step % 5) {
        x = (x * 3 + i) % 10_007;
    }
    x
}

#[kernel]
fn for_steps_reversed(n: i32) -> i32 {
    let mut x = 0;
    for i in (1..n % 30).step_by(3).rev() {
        x = x * 2 % 997 + i;
    }
    for i in (0..n % 30).rev().step_by(4) {
        x = x * 2 % 997 + i;
    }
    x
}

#[kernel]
fn for_with_break(n: u32) -> u32 {
    let mut x = 1;
    for i in 0..n % 100 {
        x = x * 5 % 7919;
        if x % 11 == 0 {
            break;
        }
        x += i;
    }
    x
}

#[kernel]
fn for_with_continue(n: u32) -> u32 {
    let mut x = 1;
    for i in 0..n % 60 {
        if i % 3 == 0 {
            continue;
        }
        x = (x * 5 + i) % 7919;
        if x % 2 == 0 {
            if x % 4 == 0 {
                continue;
            }
            x += 1;
        }
        x += 2;
    }
    x
}

#[kernel]
fn while_with_both(n: i32) -> i32 {
    let mut i = 0;
    let mut x = 0;
    while i < n % 50 {
        i += 1;
        if i == 7 {
            continue;
        }
        if i * i > 900 {
            break;
        }
        x += i;
    }
    x * 100 + i
}

#[kernel]
fn nested_loops(n: usize, m: usize) -> usize {
    let mut x = 0;
    for i in 0..n % 12 {
        for j in i..m % 12 {
            x += i * j + 1;
        }
        x ^= i;
    }
    x
}

#[kernel]
fn labels(n: u32) -> u32 {
    let mut count = 0;
    'rows: for i in 0..n % 30 {
        for j in 0..i {
            if i * j % 17 == 16 {
                continue 'rows;
            }
            if i * j > 300 {
                break 'rows;
            }
            if j > 20 {
                break;
            }
            count += j;
        }
        count += 1;
    }
    count
}

#[kernel]
fn labelled_while(n: u32) -> u32 {
    let mut i = 0;
    let mut x = 0;
    'outer: while i < n % 40 {
        i += 1;
        let mut j = 0;
        loop {
            j += 1;
            if j > i {
                continue 'outer;
            }
            if i + j == 55 {
                break 'outer;
            }
            x += j % 3;
        }
    }
    x
}

#[kernel]
fn labelled_block(a: i32) -> i32 {
    let mut x = a & 63;
    'done: {
        if x > 50 {
            break 'done;
        }
        x += 1;
        if x % 5 == 0 {
            break 'done;
        }
        x *= 2;
    }
    x
}

#[kernel]
fn labelled_block_value(a: i32) -> i32 {
    let y = 'found: {
        for i in 2..20 {
            if a % i == 1 {
                break 'found i;
            }
        }
        -1
    };
    y * 2
}

#[kernel]
fn return_from_nested_loops(n: u32, m: u32) -> u32 {
    for i in 1..n % 40 {
        for j in 1..m % 40 {
            if i * j % 101 == 100 {
                return i * 1000 + j;
            }
        }
    }
    0
}

#[kernel]
fn return_after_effects(n: i32, y: &mut [i32]) {
    for i in 0..y.len() {
        y[i] += 1;
        if y[i] > n {
            return;
        }
        y[i] *= 2;
    }
    y[0] = -1;
}

#[kernel]
fn short_circuit(x: &[i32], i: usize) -> bool {
    i < x.len() && x[i] > 2 || i == 7 && x[0] == 1
}

#[kernel]
fn short_circuit_in_while(x: &[i32], wanted: i32) -> usize {
    let mut i = 0;
    while i < x.len() && x[i] != wanted {
        i += 1;
    }
    i
}

#[kernel]
fn division_behind_a_test(a: i32, b: i32) -> bool {
    b != 0 && a / b > 2
}

#[kernel]
fn carried_tuple(n: u32) -> (u32, u32) {
    let mut pair = (0, 1);
    for _ in 0..n % 40 {
        pair = (pair.1, (pair.0 + pair.1) % 1_000_007);
    }
    pair
}

#[kernel]
fn blocks_as_values(a: f64) -> f64 {
    let b = {
        let mut t = a;
        t *= t;
        if t > 4.0 {
            t = 4.0;
        }
        t
    };
    {
        let a = b + 1.0;
        a * a
    }
}

#[kernel]
fn loop_variable_of_a_region(n: i32) -> i32 {
    let mut last = -1;
    for i in 0..n % 10 {
        let square = i * i;
        let mut t = square;
        while t > 10 {
            t -= 7;
        }
        last = t;
    }
    last
}

#[kernel]
fn assigned_in_one_side(a: i32) -> i32 {
    let mut x = 1;
    let mut y = 2;
    if a > 2 {
        x = a & 7;
    } else {
        y = a & 3;
    }
    x * 10 + y
}

#[kernel]
fn newton(a: f64) -> f64 {
    let mut x = 1.0;
    for _ in 0..20 {
        let step = (x * x - a) / (2.0 * x);
        x -= step;
        if step.abs() < 1e-10 {
            break;
        }
    }
    x
}

corpus! {
    if_value(a: f64, b: f64);
    if_chain(a: i32);
    if_statement(a: i32, b: i32);
    if_in_expression(a: f64, b: bool);
    early_return(a: f64);
    return_in_the_middle(a: i32, b: i32);
    return_from_value(a: i32);
    while_counts(n: u32);
    while_of_two(a: u32, b: u32);
    collatz(n: u64);
    loop_with_break(a: i32);
    loop_with_value(a: f64);
    loop_that_returns(n: u32);
    for_sum(n: i32);
    for_inclusive(a: i8, b: i8);
    for_unsigned(a: u8, b: u8);
    for_reversed(n: usize);
    for_steps(lo: i64, hi: i64, step: usize);
    for_steps_reversed(n: i32);
    for_with_break(n: u32);
    for_with_continue(n: u32);
    while_with_both(n: i32);
    nested_loops(n: usize, m: usize);
    labels(n: u32);
    labelled_while(n: u32);
    labelled_block(a: i32);
    labelled_block_value(a: i32);
    return_from_nested_loops(n: u32, m: u32);
    return_after_effects(n: i32, y: Mut<i32>);
    short_circuit(x: In<i32>, i: Few<usize>);
    short_circuit_in_while(x: In<i32>, wanted: i32);
    division_behind_a_test(a: i32, b: i32);
    carried_tuple(n: u32);
    blocks_as_values(a: f64);
    loop_variable_of_a_region(n: i32);
    assigned_in_one_side(a: i32);
    newton(a: f64);
}
