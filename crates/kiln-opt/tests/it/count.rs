//! Loops that count: each `while` gives the same loop and the same report as
//! the `for` it is, and what must not be counted stays.

use kiln_ir::{Func, parse, verify};
use kiln_opt::{OptConfig, Optimized, optimize};

fn optimized(text: &str) -> (Func, Optimized) {
    let func = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    verify(&func).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let config = OptConfig::default().verify(true);
    let optimized = optimize(&func, &config).unwrap_or_else(|e| panic!("{e}\n{text}"));
    (func, optimized)
}

/// A body over `i`, inside a `for` and inside its twin.
struct Twin {
    name: &'static str,
    counted: &'static str,
    twin: &'static str,
}

#[rustfmt::skip]
const TWINS: &[Twin] = &[
    Twin {
        name: "up by one, below a length",
        counted: "func @f(x: mut [f64]) {
            n = len x
            for i in 0..n { store x[i], 1.0 }
        }",
        twin: "func @f(x: mut [f64]) {
            n = len x
            r = while with a = 0 { c = lt a, n yield c } do i {
                store x[i], 1.0
                j = add i, 1
                yield j
            }
        }",
    },
    Twin {
        name: "the bound on the left",
        counted: "func @f(n: i64, x: mut [f64]) {
            for i in 3..n { store x[i], 1.0 }
        }",
        twin: "func @f(n: i64, x: mut [f64]) {
            r = while with a = 3 { c = gt n, a yield c } do i {
                store x[i], 1.0
                j = add 1, i
                yield j
            }
        }",
    },
    Twin {
        name: "carried values around the variable",
        counted: "func @f(n: i64) -> (i64, f64) {
            s, p = for i in 0..n with a = 0, b = 1.0 {
                c = add a, i
                d = add b, b
                yield c, d
            }
            return s, p
        }",
        twin: "func @f(n: i64) -> (i64, f64) {
            s, m, p = while with a = 0, k = 0, b = 1.0 { t = lt k, n yield t } do a1, i, b1 {
                c = add a1, i
                d = add b1, b1
                j = add i, 1
                yield c, j, d
            }
            return s, p
        }",
    },
    Twin {
        name: "up to and with the last index",
        counted: "func @f(x: mut [f64]) {
            n = len x
            m = sub n, 1
            k = add m, 1
            for i in 0..k { store x[i], 1.0 }
        }",
        twin: "func @f(x: mut [f64]) {
            n = len x
            m = sub n, 1
            r = while with a = 0 { c = le a, m yield c } do i {
                store x[i], 1.0
                j = add i, 1
                yield j
            }
        }",
    },
    Twin {
        name: "until it meets the length",
        counted: "func @f(x: mut [f64]) {
            n = len x
            for i in 0..n { store x[i], 1.0 }
        }",
        twin: "func @f(x: mut [f64]) {
            n = len x
            r = while with a = 0 { c = ne a, n yield c } do i {
                store x[i], 1.0
                j = add i, 1
                yield j
            }
        }",
    },
    Twin {
        name: "down from the last index",
        counted: "func @f(x: mut [f64]) {
            n = len x
            m = sub n, 1
            for t in 0..n { i = sub m, t store x[i], 1.0 }
        }",
        twin: "func @f(x: mut [f64]) {
            n = len x
            m = sub n, 1
            r = while with a = m { c = ge a, 0 yield c } do i {
                store x[i], 1.0
                j = sub i, 1
                yield j
            }
        }",
    },
    Twin {
        name: "in steps",
        counted: "func @f(x: mut [f64]) {
            n = len x
            p = add n, 2
            k = div p, 3
            for t in 0..k { i = mul t, 3 store x[i], 1.0 }
        }",
        twin: "func @f(x: mut [f64]) {
            n = len x
            r = while with a = 0 { c = lt a, n yield c } do i {
                store x[i], 1.0
                j = add i, 3
                yield j
            }
        }",
    },
    Twin {
        name: "a bound that is carried and never changed",
        counted: "func @f(n: i64) -> (f64, i64) {
            s, m = for i in 0..n with b = 1.0, k = n { d = add b, b yield d, k }
            return s, m
        }",
        twin: "func @f(n: i64) -> (f64, i64) {
            e, s, m = while with a = 0, b = 1.0, k = n { t = lt a, k yield t } do i, b1, k1 {
                d = add b1, b1
                j = add i, 1
                yield j, d, k1
            }
            return s, m
        }",
    },
    Twin {
        name: "one in another",
        counted: "func @f(n: i64) -> f64 {
            s = for i in 0..n with a = 0.0 {
                r = for j in i..n with b = a { d = add b, 1.0 yield d }
                yield r
            }
            return s
        }",
        twin: "func @f(n: i64) -> f64 {
            e, s = while with p = 0, a = 0.0 { t = lt p, n yield t } do i, a1 {
                q, r = while with k = i, b = a1 { u = lt k, n yield u } do j, b1 {
                    d = add b1, 1.0
                    l = add j, 1
                    yield l, d
                }
                h = add i, 1
                yield h, r
            }
            return s
        }",
    },
    Twin {
        name: "a narrow variable",
        counted: "func @f(n: i32) -> i32 {
            h = cast.i64 n
            s = for t in 0..h with a = 0i32 { i = cast.i32 t b = add a, i yield b }
            return s
        }",
        twin: "func @f(n: i32) -> i32 {
            e, s = while with k = 0i32, a = 0i32 { t = lt k, n yield t } do i, a1 {
                b = add a1, i
                j = add i, 1i32
                yield j, b
            }
            return s
        }",
    },
];

#[test]
fn a_while_that_counts_is_the_for_it_is() {
    for Twin {
        name,
        counted,
        twin,
    } in TWINS
    {
        let (_, counted) = optimized(counted);
        let (before, twin) = optimized(twin);
        assert!(before.to_string().contains("while"), "{name}");
        assert_eq!(counted.func.to_string(), twin.func.to_string(), "{name}");
        assert_eq!(counted.report.row_loop, twin.report.row_loop, "{name}");
        assert!(twin.report.loops_counted >= 1, "{name}");
    }
}

/// What stays, by what is changed in a loop that counts.
#[rustfmt::skip]
const NEAR_MISSES: &[(&str, &str)] = &[
    ("the bound changes", "func @f(n: i64) -> i64 {
        e, m = while with a = 0, b = n { c = lt a, b yield c } do i, k {
            j = add i, 1
            l = sub k, 1
            yield j, l
        }
        return e
    }"),
    ("the bound is loaded anew", "func @f(n: mut [i64]) {
        e = while with a = 0 { k = load n[0] c = lt a, k yield c } do i {
            store n[0], i
            j = add i, 1
            yield j
        }
    }"),
    ("the step is no constant", "func @f(n: i64, s: i64) -> i64 {
        e = while with a = 0 { c = lt a, n yield c } do i { j = add i, s yield j }
        return e
    }"),
    ("stepped twice under a condition", "func @f(n: i64, x: [bool]) -> i64 {
        e = while with a = 0 { c = lt a, n yield c } do i {
            j = add i, 1
            b = eq j, 7
            k = add j, 1
            l = select b, k, j
            yield l
        }
        return e
    }"),
    ("stepped by multiplying", "func @f(n: i64) -> i64 {
        e = while with a = 1 { c = lt a, n yield c } do i { j = mul i, 2 yield j }
        return e
    }"),
    ("a float counts", "func @f(n: f64) -> f64 {
        e = while with a = 0.0 { c = lt a, n yield c } do i { j = add i, 1.0 yield j }
        return e
    }"),
    ("the last value has no successor", "func @f(n: i64) -> i64 {
        e = while with a = 0 { c = le a, n yield c } do i { j = add i, 1 yield j }
        return e
    }"),
    ("the last narrow value has no successor", "func @f(n: u8) -> u8 {
        e = while with a = 0u8 { c = le a, n yield c } do i { j = add i, 1u8 yield j }
        return e
    }"),
    ("no value is below zero", "func @f(n: u32) -> u32 {
        e = while with a = n { c = ge a, 0u32 yield c } do i { j = sub i, 1u32 yield j }
        return e
    }"),
    ("a step may jump over the end", "func @f(n: i64) -> i64 {
        e = while with a = 0 { c = lt a, n yield c } do i { j = add i, 2 yield j }
        return e
    }"),
    ("may start beyond what it must meet", "func @f(n: i64) -> i64 {
        e = while with a = 0 { c = ne a, n yield c } do i { j = add i, 1 yield j }
        return e
    }"),
    ("may miss what it must meet", "func @f(x: [f64]) -> i64 {
        n = len x
        e = while with a = 0 { c = ne a, n yield c } do i { j = add i, 2 yield j }
        return e
    }"),
    ("away from the bound", "func @f(n: i64) -> i64 {
        e = while with a = 0 { c = lt a, n yield c } do i { j = sub i, 1 yield j }
        return e
    }"),
    ("two conditions", "func @f(n: i64, x: [bool]) -> i64 {
        e, d = while with a = 0, b = false { c = lt a, n g = not b h = and c, g yield h } do i, k {
            j = add i, 1
            l = gt j, 9
            yield j, l
        }
        return e
    }"),
    ("beyond the index's type", "func @f(n: u64) -> u64 {
        e = while with a = 0u64 { c = lt a, n yield c } do i { j = add i, 1u64 yield j }
        return e
    }"),
];

#[test]
fn what_may_not_count_stays() {
    for (name, text) in NEAR_MISSES {
        let (_, after) = optimized(text);
        assert_eq!(after.report.loops_counted, 0, "{name}\n{}", after.func);
        assert!(after.func.to_string().contains("while"), "{name}");
    }
}
