//! Whole calls that are too long for a filetest.

use kiln_codegen::Level;
use kiln_ir::{Const, Scalar, parse};
use kiln_testkit::cells::samples;
use kiln_testkit::whole::{Array, Input, Whole};

/// Lengths around every step of the fixed shape: lanes, blocks, digits of the
/// counter of blocks.
fn lengths() -> impl Iterator<Item = usize> {
    let blocks = [1, 2, 3, 4, 5, 7, 8].into_iter();
    let edges = blocks.flat_map(|n| [n * 1024 - 1, n * 1024, n * 1024 + 1, n * 1024 + 17]);
    (0..=70).chain(edges)
}

#[test]
fn a_reduction_of_any_length_has_the_same_bits_every_way() {
    for (scalar, combine) in [
        (Scalar::F64, "sum"),
        (Scalar::F64, "product"),
        (Scalar::F64, "min"),
        (Scalar::F32, "sum"),
        (Scalar::F32, "max"),
        (Scalar::I64, "sum"),
        (Scalar::U8, "product"),
        (Scalar::I32, "min"),
    ] {
        let text = format!(
            "func @f(x: [{scalar}]) -> {scalar} {{
    v0 = len x
    v1 = reduce {combine} tree v2 in 0..v0 {{
        v3 = load x[v2]
        yield v3
    }}
    return v1
}}"
        );
        let mut whole = Whole::new(&parse(&text).unwrap()).unwrap();
        let mut distinct = std::collections::BTreeSet::new();
        for len in lengths() {
            let values: Vec<Const> = match scalar {
                // Edges would soon give a NaN, and nothing else.
                Scalar::F64 => (0..len)
                    .map(|i| Const::f64(1.0 + (i as f64 * 0.7).sin() / 64.0))
                    .collect(),
                Scalar::F32 => (0..len)
                    .map(|i| Const::f32(1.0 + (i as f32 * 0.7).sin()))
                    .collect(),
                other => samples(other, len, len as u64),
            };
            let array = Array::contiguous(values, vec![len]);
            let ran = whole.check(&[Input::Array(array)]);
            let ran = ran.unwrap_or_else(|e| panic!("{combine} of {len} {scalar}: {e}"));
            distinct.insert(ran.results[0].bits());
        }
        for level in host_levels() {
            // Wide code has no product of bytes.
            let has_form = scalar != Scalar::U8 || level == Level::V128;
            let expected = usize::from(has_form);
            assert_eq!(
                whole.strips(level),
                expected,
                "{combine} of {scalar} at {level}"
            );
        }
        assert!(distinct.len() > 2, "{combine} of {scalar} sees its values");
    }
}

/// Functions of `n` and arrays `x` and `y`, the last one written, with one
/// loop each.
const LOOPS: &[(&str, &str)] = &[
    (
        "neighbours",
        "func @f(x: [f64], y: mut [f64]) {
    n = len y
    m = sub n, 1
    for i in 1..m {
        before = sub i, 1
        after = add i, 1
        a = load x[before]
        b = load x[after]
        c = add a, b
        d = load y[i]
        e = fma c, 0.5, d
        store y[i], e
    }
}",
    ),
    (
        "mixed widths",
        "func @f(x: [i16], y: mut [f64]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        b = cast.f64 a
        c = cast.f64 i
        d = mul b, c
        store y[i], d
    }
}",
    ),
    (
        "a check in each round",
        "func @f(x: [i64], y: mut [i64]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        b = load y[i]
        o = add_overflows a, b
        h = not o
        g = guard h, overflow \"x + y\", a, b
        c = add a, b
        store y[i], c
    }
}",
    ),
    (
        "until no round is left",
        "func @f(x: [f64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        s, k = while with v = a, c = 0 {
            w = abs v
            far = gt w, 1.5
            few = lt c, 40
            both = and far, few
            yield both
        } do t, d {
            u = mul t, 0.75
            e = add d, 1
            yield u, e
        }
        f = cast.f64 k
        r = add s, f
        store y[i], r
    }
}",
    ),
    (
        "a check that some rounds make",
        "func @f(x: [i32], y: mut [i32]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        most = cast.i32 100
        step = cast.i32 2147483600
        one = cast.i32 1
        s = while with v = a {
            big = gt v, most
            yield big
        } do t {
            o = add_overflows t, step
            h = not o
            g = guard h, overflow \"v\", t
            u = shr t, one
            yield u
        }
        store y[i], s
    }
}",
    ),
    (
        "stores under conditions",
        "func @f(x: [f64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        p = gt a, 0.0
        r = if p {
            b = load y[i]
            c = add a, b
            store y[i], c
            q = gt c, 4.0
            if q {
                store y[i], 4.0
            } else {
            }
            yield c
        } else {
            d = mul a, 0.5
            yield d
        }
        e = load y[i]
        f = add e, r
        store y[i], f
    }
}",
    ),
    (
        "a check under a condition",
        "func @f(x: [i64], y: mut [i64]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        p = gt a, 3
        if p {
            b = load y[i]
            o = add_overflows a, b
            h = not o
            g = guard h, overflow \"x + y\", a, b
            c = add a, b
            store y[i], c
        } else {
        }
    }
}",
    ),
];

/// Every loop at every length, in place and with a row that fails here and
/// there, with special values in every lane.
#[test]
fn loops_on_vectors_have_the_bits_of_loops_of_one_lane() {
    for (name, text) in LOOPS {
        let func = parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let guarded = kiln_ir::guard_accesses(&func);
        let mut whole = Whole::new(&guarded).unwrap_or_else(|e| panic!("{name}: {e}"));
        for level in host_levels() {
            assert_eq!(whole.strips(level), 1, "{name} at {level}");
        }
        let types: Vec<Scalar> = func.params().iter().map(|p| p.ty.elem()).collect();
        let (mut failed, mut finished) = (0, 0);
        for len in 0..=130 {
            for salt in 0..3 {
                let inputs: Vec<Input> = types
                    .iter()
                    .enumerate()
                    .map(|(nth, &scalar)| {
                        let values = match (scalar, salt) {
                            // No sum of these overflows.
                            (Scalar::I64, 0) => (0..len).map(|v| Const::i64(v as i64)).collect(),
                            (Scalar::I32, 0) => (0..len)
                                .map(|v| Const::from_bits(Scalar::I32, v as u64))
                                .collect(),
                            _ => samples(scalar, len, (3 * len + salt + nth) as u64),
                        };
                        Input::Array(Array::contiguous(values, vec![len]))
                    })
                    .collect();
                let ran = whole.check(&inputs);
                let ran = ran.unwrap_or_else(|e| panic!("{name} of {len}: {e}"));
                match ran.failed {
                    Some(_) => failed += 1,
                    None => finished += 1,
                }
            }
        }
        assert!(finished > 0, "{name} never finishes");
        assert_eq!(
            failed > 0,
            name.contains("check"),
            "{name} fails {failed} times"
        );
    }
}

/// A function and the shapes of its arrays, by the length that is tried.
type Tables = (&'static str, &'static str, fn(usize) -> Vec<Vec<usize>>);

/// Functions of arrays whose rows lie apart, or with loops inside of the one
/// that runs on vectors.
const TABLES: &[Tables] = &[
    (
        "pairs of points",
        "func @f(p: [f64 rank 2], q: [f64 rank 2], d: mut [f64 rank 2]) {
    n = len q
    m = len p, 1
    w = len p
    for i in 0..w {
        for j in 0..n {
            s = for k in 0..m with t = 0.0 {
                a = load p[i, k]
                b = load q[j, k]
                c = sub a, b
                e = mul c, c
                f = add t, e
                yield f
            }
            r = sqrt s
            store d[i, j], r
        }
    }
}",
        |n| vec![vec![2, 3], vec![n, 3], vec![2, n]],
    ),
    (
        "a product of matrices, the sum inside",
        "func @f(a: [f64 rank 2], b: [f64 rank 2], c: mut [f64 rank 2]) {
    n = len a
    k = len a, 1
    m = len b, 1
    for i in 0..n {
        for j in 0..m {
            for l in 0..k {
                x = load a[i, l]
                y = load b[l, j]
                z = mul x, y
                s = load c[i, j]
                t = add s, z
                store c[i, j], t
            }
        }
    }
}",
        |n| vec![vec![3, 4], vec![4, n], vec![3, n]],
    ),
    (
        "a product of matrices, the columns outside",
        "func @f(a: [f64 rank 2], b: [f64 rank 2], c: mut [f64 rank 2]) {
    n = len a
    k = len a, 1
    m = len b, 1
    for j in 0..m {
        for l in 0..k {
            for i in 0..n {
                x = load a[i, l]
                y = load b[l, j]
                z = mul x, y
                s = load c[i, j]
                t = add s, z
                store c[i, j], t
            }
        }
    }
}",
        |n| vec![vec![3, 4], vec![4, n], vec![3, n]],
    ),
    (
        "a product of matrices, several rounds at once",
        "func @f(a: [f64 rank 2], b: [f64 rank 2], c: mut [f64 rank 2]) {
    n = len a
    k = len a, 1
    m = len b, 1
    for i in 0..n {
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
        |n| vec![vec![3, n % 11], vec![n % 11, n], vec![3, n]],
    ),
    (
        "powers of a polynomial, several rounds at once",
        "func @f(x: [f32], w: [f32], y: mut [f32]) {
    n = len y
    m = len w
    for k in 0..m {
        c = load w[k]
        f = cast.f32 k
        g = mul c, f
        for i in 1..n {
            p = load y[i]
            a = load x[i]
            q = mul p, a
            r = add q, g
            store y[i], r
        }
    }
}",
        |n| vec![vec![n], vec![n % 9], vec![n]],
    ),
    (
        "a sum of neighbours",
        "func @f(x: [f32], w: [f32], y: mut [f32]) {
    n = len y
    m = len w
    zero = cast.f32 0.0
    for i in 0..n {
        s = for k in 0..m with t = zero {
            at = add i, k
            a = load x[at]
            b = load w[k]
            c = mul a, b
            d = add t, c
            yield d
        }
        store y[i], s
    }
}",
        |n| vec![vec![n + 4], vec![5], vec![n]],
    ),
    (
        "rows that lie apart, of every size",
        "func @f(x: [i16 rank 2], b: [i8 rank 2], m: [bool rank 2], f: [f32 rank 2], y: mut [i16 rank 2], c: mut [i8 rank 2], o: mut [bool rank 2], g: mut [f32 rank 2]) {
    n = len y
    for i in 0..n {
        v = load x[i, 1]
        w = load b[i, 2]
        p = load m[i, 0]
        h = load f[i, 1]
        s = add v, v
        store y[i, 1], s
        t = add w, w
        store c[i, 0], t
        q = not p
        store o[i, 2], q
        r = add h, h
        store g[i, 0], r
    }
}",
        |n| vec![vec![n, 3]; 8],
    ),
    (
        "an index that another one cancels out of",
        "func @f(x: [f64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        s = for k in 0..3 with t = 0.0 {
            on = add i, k
            j = mul k, 2
            at = sub on, j
            back = add at, k
            a = load x[back]
            b = add t, a
            yield b
        }
        store y[i], s
    }
}",
        |n| vec![vec![n], vec![n]],
    ),
    (
        "bytes beside the index of a loop inside",
        "func @f(x: [u8 rank 2], y: mut [u8]) {
    n = len y
    zero = cast.u8 0
    for i in 0..n {
        s = for k in 0..3 with t = zero {
            a = load x[i, k]
            b = cast.u8 k
            c = add a, b
            few = lt k, 2
            d = select few, c, a
            e = add t, d
            yield e
        }
        store y[i], s
    }
}",
        |n| vec![vec![n, 3], vec![n]],
    ),
    (
        "a check in the loop inside",
        "func @f(x: [i64 rank 2], y: mut [i64]) {
    n = len y
    m = len x, 1
    for i in 0..n {
        s = for k in 0..m with t = 0 {
            a = load x[i, k]
            o = add_overflows t, a
            h = not o
            g = guard h, overflow \"t + x\", t, a
            b = add t, a
            yield b
        }
        store y[i], s
    }
}",
        |n| vec![vec![n, 3], vec![n]],
    ),
];

/// Every table at every length, with special values in every lane.
#[test]
fn tables_on_vectors_have_the_bits_of_loops_of_one_lane() {
    for (name, text, shapes) in TABLES {
        let func = parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let guarded = kiln_ir::guard_accesses(&func);
        let mut whole = Whole::new(&guarded).unwrap_or_else(|e| panic!("{name}: {e}"));
        // Two where several rounds of the loop around may run at once, and
        // again where two rounds of the loop around that one do.
        let tiled = whole.report().loops_tiled as usize;
        let strips = (1 + usize::from(name.contains("at once"))) * (1 + tiled);
        for level in host_levels() {
            assert_eq!(whole.strips(level), strips, "{name} at {level}");
        }
        let mut failed = 0;
        for len in 0..=70 {
            let params = func.params().iter().zip(shapes(len)).zip(len as u64..);
            let inputs: Vec<Input> = params
                .map(|((param, shape), salt)| {
                    let values = samples(param.ty.elem(), shape.iter().product(), salt);
                    Input::Array(Array::contiguous(values, shape))
                })
                .collect();
            let ran = whole.check(&inputs);
            let ran = ran.unwrap_or_else(|e| panic!("{name} of {len}: {e}"));
            failed += usize::from(ran.failed.is_some());
        }
        assert_eq!(
            failed > 0,
            name.contains("check"),
            "{name} fails {failed} times"
        );
    }
}

/// The levels of this processor that have vectors.
fn host_levels() -> Vec<Level> {
    let levels = kiln_testkit::ways::host().levels().iter().copied();
    levels.filter(|&level| level != Level::One).collect()
}
