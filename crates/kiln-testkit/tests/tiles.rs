//! Loops of which two rounds run at once: the same bits every way, for every
//! number of rounds, with tables of every layout.

use kiln_codegen::Level;
use kiln_ir::{Const, Func, Layout, Param, ParamType, parse};
use kiln_testkit::cells::samples;
use kiln_testkit::ways::host;
use kiln_testkit::whole::{Array, Input, Whole};

/// A nest, how many of its loops run two rounds at once, and the shapes of its
/// arrays for so many rounds of the loop, rows and columns of the table.
struct Case {
    name: &'static str,
    text: &'static str,
    tiled: u32,
    shapes: fn(usize, usize, usize) -> Vec<Vec<usize>>,
}

const CASES: &[Case] = &[
    Case {
        name: "a product of matrices, the result cleared before",
        text: "func @f(a: [f64 rank 2], b: [f64 rank 2], c: mut [f64 rank 2]) {
    n = len a
    k = len b
    m = len b, 1
    for i in 0..n {
        for j in 0..m {
            store c[i, j], 0.0
        }
        for l in 0..k {
            f = load a[i, l]
            for j in 0..m {
                x = load c[i, j]
                y = load b[l, j]
                z = mul f, y
                w = add x, z
                store c[i, j], w
            }
        }
    }
}",
        tiled: 1,
        shapes: |n, k, m| vec![vec![n, k], vec![k, m], vec![n, m]],
    },
    Case {
        name: "a product of strided matrices, sums in a register",
        text: "func @f(a: [f32 rank 2 strided], b: [f32 rank 2 strided], c: mut [f32 rank 2 strided]) {
    n = len a
    k = len b
    m = len b, 1
    zero = cast.f32 0.0
    for i in 0..n {
        for j in 0..m {
            s = for l in 0..k with t = zero {
                x = load a[i, l]
                y = load b[l, j]
                z = mul x, y
                w = add t, z
                yield w
            }
            store c[i, j], s
        }
    }
}",
        tiled: 1,
        shapes: |n, k, m| vec![vec![n, k], vec![k, m], vec![n, m]],
    },
    Case {
        name: "distances, and a loop over as many rounds as there are before",
        text: "func @f(p: [f64 rank 2], d: mut [f64 rank 2], e: mut [i64 rank 2]) {
    n = len d
    m = len p
    dims = len p, 1
    for i in 0..n {
        for j in 0..m {
            s = for k in 0..dims with t = 0.0 {
                x = load p[0, k]
                y = load p[j, k]
                z = sub x, y
                q = mul z, z
                w = add t, q
                yield w
            }
            store d[i, j], s
        }
        for j in 0..i {
            one = add i, j
            store e[i, j], one
        }
    }
}",
        tiled: 1,
        shapes: |n, k, m| vec![vec![m.max(1), k], vec![n, m.max(1)], vec![n, n]],
    },
    Case {
        name: "in a loop around, which reads what the round before wrote",
        text: "func @f(w: [f64 rank 2], y: mut [f64 rank 2], times: i64) {
    n = len y
    k = len w
    m = len w, 1
    for t in 0..times {
        for i in 0..n {
            for l in 0..k {
                for j in 0..m {
                    x = load y[i, j]
                    f = load w[l, j]
                    z = mul x, f
                    store y[i, j], z
                }
            }
        }
    }
}",
        tiled: 1,
        shapes: |n, k, m| vec![vec![k, m], vec![n, m]],
    },
    Case {
        name: "rounds that read what others write",
        text: "func @f(b: [f64 rank 2], c: mut [f64 rank 2]) {
    n = len c
    k = len b
    m = len b, 1
    for i in 0..n {
        for l in 0..k {
            for j in 0..m {
                x = load c[0, j]
                y = load b[l, j]
                z = add x, y
                store c[i, j], z
            }
        }
    }
}",
        tiled: 0,
        shapes: |n, k, m| vec![vec![k, m], vec![n, m]],
    },
    Case {
        name: "a vector and no table",
        text: "func @f(a: [f64 rank 3], x: [f64], y: mut [f64 rank 2]) {
    n = len y
    k = len y, 1
    m = len x
    for i in 0..n {
        for l in 0..k {
            s = for j in 0..m with t = 0.0 {
                u = load a[i, l, j]
                v = load x[j]
                z = mul u, v
                w = add t, z
                yield w
            }
            store y[i, l], s
        }
    }
}",
        tiled: 0,
        shapes: |n, k, m| vec![vec![n, k, m], vec![m], vec![n, k]],
    },
    Case {
        name: "a loop that begins behind the first row and ends before the last",
        text: "func @f(b: [f64 rank 2], c: mut [f64 rank 2]) {
    len = len c
    n = sub len, 1
    k = len b
    m = len b, 1
    for i in 1..n {
        for l in 0..k {
            for j in 0..m {
                x = load c[i, j]
                y = load b[l, j]
                z = add x, y
                store c[i, j], z
            }
        }
    }
}",
        tiled: 1,
        shapes: |n, k, m| vec![vec![k, m], vec![n, m]],
    },
    Case {
        name: "a loop that may begin before the first row",
        text: "func @f(b: [f64 rank 2], c: mut [f64 rank 2], from: i64) {
    n = len c
    k = len b
    m = len b, 1
    least = sub from, 3
    for t in least..n {
        i = max t, 0
        for l in 0..k {
            for j in 0..m {
                y = load b[l, j]
                store c[i, j], y
            }
        }
    }
}",
        tiled: 0,
        shapes: |n, k, m| vec![vec![k, m], vec![n, m]],
    },
];

/// Arrays of these shapes; strided ones lie backwards, every third element.
fn inputs(func: &Func, shapes: &[Vec<usize>]) -> Vec<Input> {
    let mut shapes = shapes.iter();
    let input = |(seed, param): (usize, &Param)| match param.ty {
        ParamType::Scalar(_) => Input::Value(Const::i64(3)),
        ParamType::Array(ty) => {
            let shape = shapes.next().expect("a shape for each array").clone();
            let len: usize = shape.iter().product();
            let values = samples(ty.elem, len.max(1) * 3, seed as u64);
            if ty.layout == Layout::Contiguous {
                return Input::Array(Array::contiguous(values[..len].to_vec(), shape));
            }
            let row = shape[1] as isize;
            Input::Array(Array {
                origin: len.max(1) * 3 - 1,
                values,
                strides: vec![-3 * row, -3],
                shape,
            })
        }
    };
    func.params().iter().enumerate().map(input).collect()
}

#[test]
fn two_rounds_at_once_give_the_bits_of_one() {
    for case in CASES {
        let mut whole = Whole::new(&parse(case.text).unwrap()).unwrap();
        assert_eq!(whole.report().loops_tiled, case.tiled, "{}", case.name);
        for (n, k, m) in [
            (0, 3, 9),
            (1, 5, 17),
            (2, 1, 16),
            (3, 4, 35),
            (4, 9, 8),
            (5, 0, 20),
            (7, 11, 1),
            (8, 6, 0),
            (9, 13, 67),
        ] {
            let shapes = (case.shapes)(n, k, m);
            let inputs = inputs(whole.func(), &shapes);
            let ran = whole.check(&inputs);
            ran.unwrap_or_else(|e| panic!("{}, {shapes:?}: {e}", case.name));
        }
    }
}

/// The loops of the copies are strips, where vectors have a form for them.
#[test]
fn both_copies_run_on_vectors() {
    for case in CASES.iter().filter(|case| case.tiled > 0) {
        let whole = Whole::new(&parse(case.text).unwrap()).unwrap();
        for &level in host().levels().iter().filter(|&&l| l != Level::One) {
            assert!(whole.strips(level) >= 2, "{} at {level}", case.name);
        }
    }
}
