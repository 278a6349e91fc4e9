//! First light.
use crate::eval::*;
use kiln_formula::*;

#[test]
fn quadratic() {
    let q = "(-z + sqrt(z^2 - 4*x*y)) / (2*x)";
    let l = lower(q, &[("x", F64), ("y", F64), ("z", F64)], &Options::new());
    println!("{}", l.func);
    let r = row(q, &[("x", F64, V::D(1.0)), ("y", F64, V::D(-6.0)), ("z", F64, V::D(1.0))]);
    assert_eq!(r, Ok(V::D(2.0)));
    let l = lower("let d = a // b\nif(b != 0, d + a*b % 7, coalesce(c, d*d))", &[("a", I64), ("b", I64.nullable()), ("c", I64)], &Options::new());
    println!("{}", l.func);
    let bad = "let q = 3\nfoo(a > 1 & b > 1, x y, z <> 1) = 3 and (a < b < c\nprise * 2; 1 + * 3; )";
    println!("{}", parse(bad, &Limits::new()).unwrap_err().render(bad));
    let t = std::time::Instant::now();
    let n = 20000;
    for _ in 0..n {
        std::hint::black_box(parse(q, &Limits::new()).unwrap());
    }
    println!("parse {:?}", t.elapsed() / n);
    let f = formula(q);
    let t = std::time::Instant::now();
    for _ in 0..n {
        std::hint::black_box(f.lower(&[("x", F64), ("y", F64), ("z", F64)], &Options::new()).unwrap());
    }
    println!("lower {:?}", t.elapsed() / n);
}
