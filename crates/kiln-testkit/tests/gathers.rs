//! Loops that read or write where data say: the same bits every way, the same
//! failures, nothing touched outside, also where a check holds back only some
//! lanes, and writes in their order. And loops inside of them that are as long as
//! data say.

use kiln_codegen::Level;
use kiln_ir::{ArrayType, Const, Func, Layout, Scalar, guard_accesses, parse};
use kiln_testkit::cells::samples;
use kiln_testkit::whole::{Array, Input, Whole};

/// Functions with one loop each. Arrays whose names begin with `k` hold indices
/// into those whose names begin with `t`; the others are as long as the loop.
const LOOPS: &[(&str, &str)] = &[
    (
        "one element a round",
        "func @f(t: [f64], k: [i64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        j = load k[i]
        v = load t[j]
        store y[i], v
    }
}",
    ),
    (
        "indices of every kind, elements of every size",
        "func @f(ta: [i8], tb: [i16], tc: [f32], td: [bool], te: [u64], ka: [u8], kb: [i32], kc: [u64], y: mut [i8], z: mut [i16], w: mut [f32], b: mut [bool], u: mut [u64]) {
    n = len y
    for i in 0..n {
        p = load ka[i]
        q = load kb[i]
        r = load kc[i]
        pj = cast.i64 p
        qj = cast.i64 q
        rj = cast.i64 r
        v0 = load ta[pj]
        v1 = load tb[qj]
        v2 = load tc[rj]
        v3 = load td[qj]
        v4 = load te[pj]
        store y[i], v0
        store z[i], v1
        v5 = add v2, v2
        store w[i], v5
        v6 = not v3
        store b[i], v6
        store u[i], v4
    }
}",
    ),
    (
        "bytes alone",
        "func @f(t: [u8], td: [bool], k: [u8], y: mut [u8], b: mut [bool]) {
    n = len y
    for i in 0..n {
        p = load k[i]
        j = cast.i64 p
        v = load t[j]
        m = load td[j]
        w = add v, v
        store y[i], w
        o = not m
        store b[i], o
    }
}",
    ),
    (
        "tables of several dimensions",
        "func @f(t: [f32 rank 3], ts: [f32 rank 2 strided], k: [i64], ka: [i64], y: mut [f32]) {
    n = len y
    for i in 0..n {
        j = load k[i]
        l = load ka[i]
        v = load t[j, 1, l]
        w = load ts[l, j]
        x = load ts[l, 0]
        s = add v, w
        r = add s, x
        store y[i], r
    }
}",
    ),
    (
        "a row of a sparse matrix",
        "func @f(t: [f64], val: [f64], k: [i32]) -> f64 {
    n = len k
    s = reduce sum tree i in 0..n {
        a = load val[i]
        c = load k[i]
        j = cast.i64 c
        b = load t[j]
        p = mul a, b
        yield p
    }
    return s
}",
    ),
    (
        "whole numbers and the greatest one",
        "func @f(t: [i64], k: [i64]) -> i64 {
    n = len k
    s = reduce max in_order i in 0..n {
        j = load k[i]
        b = load t[j]
        yield b
    }
    return s
}",
    ),
    (
        "under a condition",
        "func @f(t: [f64], k: [i64], m: [bool], y: mut [f64]) {
    n = len y
    for i in 0..n {
        j = load k[i]
        c = load m[i]
        r = if c {
            v = load t[j]
            w = add v, 1.0
            yield w
        } else {
            yield 0.5
        }
        store y[i], r
    }
}",
    ),
    (
        "where nothing varies under a condition",
        "func @f(t: [f64], k: [i64], m: [bool], y: mut [f64]) {
    n = len y
    for i in 0..n {
        c = load m[i]
        r = if c {
            j = load k[0]
            v = load t[j]
            w = add v, 1.0
            yield w
        } else {
            yield 0.5
        }
        store y[i], r
    }
}",
    ),
    (
        "a search by halves",
        "func @f(t: [f64], x: [f64], y: mut [i64]) {
    n = len y
    m = len t
    for i in 0..n {
        v = load x[i]
        lo, hi = while with a = 0, b = m {
            g = lt a, b
            yield g
        } do c, d {
            s = add c, d
            h = shr s, 1
            u = load t[h]
            l = lt u, v
            e = add h, 1
            p = select l, e, c
            q = select l, d, h
            yield p, q
        }
        store y[i], lo
    }
}",
    ),
    (
        "a list that is followed",
        "func @f(t: [i64], k: [i64], y: mut [i64]) {
    n = len y
    for i in 0..n {
        first = load k[i]
        at, count = while with a = first, c = 0 {
            g = lt c, 5
            r = if g {
                v = load t[a]
                h = gt v, 3
                yield h
            } else {
                yield false
            }
            yield r
        } do b, d {
            e = load t[b]
            o = sub e, 1
            f = add d, 1
            yield o, f
        }
        s = add at, count
        store y[i], s
    }
}",
    ),
    (
        "in a loop inside, the same element for all rounds, and one for each",
        "func @f(t: [f64], k: [i64], ka: [i64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        o = load ka[i]
        s = for l in 0..3 with b = 0.0 {
            j = load k[l]
            v = load t[j]
            w = load t[o]
            p = mul v, w
            q = add b, p
            yield q
        }
        store y[i], s
    }
}",
    ),
    (
        "an index that cannot be outside",
        "func @f(x: [i64], y: mut [f64]) {
    local l: [f64 x 16]
    store l[3], 1.5
    store l[7], -2.5
    n = len y
    for i in 0..n {
        a = load x[i]
        h = mul a, 7
        b = max h, 0
        j = min b, 15
        v = load l[j]
        store y[i], v
    }
}",
    ),
    (
        "a table that may be written elsewhere",
        "func @f(t: mut [f64], k: [i64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        j = load k[i]
        v = load t[j]
        store y[i], v
    }
}",
    ),
    (
        "a table that may be written elsewhere, under a condition",
        "func @f(t: mut [f64], k: [i64], m: [bool], y: mut [f64]) {
    n = len y
    for i in 0..n {
        j = load k[i]
        c = load m[i]
        r = if c {
            v = load t[j]
            yield v
        } else {
            yield 0.0
        }
        store y[i], r
    }
}",
    ),
    (
        "the round is an index, too",
        "func @f(t: [f64 rank 2], k: [i64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        j = load k[i]
        r = and i, 3
        v = load t[r, j]
        w = load t[j, r]
        s = sub v, w
        store y[i], s
    }
}",
    ),
];

/// Loops with one inside that is not equally long in all rounds.
const UNEVEN: &[(&str, &str)] = &[
    (
        "as many terms as data say, one of which may be one too many",
        "func @f(k: [i64], x: [f64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        j = load k[i]
        m = min j, 50
        v = load x[i]
        s, p = for l in 0..m with a = 0.0, b = 1.0 {
            few = lt l, 45
            g = guard few, assert \"few terms\", l
            c = cast.f64 l
            d = add c, 1.0
            e = mul b, v
            f = div e, d
            h = add a, f
            yield h, f
        }
        store y[i], s
    }
}",
    ),
    (
        "from and to where data say",
        "func @f(x: [i64], z: [i64], u: [f64], y: mut [i64], w: mut [f64]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        b = load z[i]
        o = load u[i]
        least = max a, -6
        lo = min least, 2
        hi = min b, 25
        s, c, p = for l in lo..hi with t = 1, q = 0, r = 0.5 {
            e = mul l, l
            d = add t, e
            f = add q, 1
            v = mul r, o
            yield d, f, v
        }
        e = add s, c
        store y[i], e
        store w[i], p
    }
}",
    ),
];

/// The same with writes: of rounds that write one element the last one counts.
const WRITES: &[(&str, &str)] = &[
    (
        "one element a round",
        "func @f(k: [i64], x: [f64], t: mut [f64]) {
    n = len x
    for i in 0..n {
        j = load k[i]
        v = load x[i]
        w = add v, 1.0
        store t[j], w
    }
}",
    ),
    (
        "elements of every size, and a row beside them",
        "func @f(ka: [u8], kb: [i32], x: [i8], a: [i16], b: [bool], c: [f32], ta: mut [i8], tb: mut [i16], tc: mut [bool], td: mut [f32], y: mut [i8]) {
    n = len y
    for i in 0..n {
        p = load ka[i]
        q = load kb[i]
        l = cast.i64 p
        j = cast.i64 q
        v0 = load x[i]
        v1 = load a[i]
        v2 = load b[i]
        v3 = load c[i]
        store ta[l], v0
        store tb[j], v1
        store tc[l], v2
        store td[j], v3
        store y[i], v0
    }
}",
    ),
    (
        "a permutation of what is read where data say",
        "func @f(t: [f64], k: [i64], ka: [u32], ts: mut [f64 rank 2 strided]) {
    n = len k
    for i in 0..n {
        j = load k[i]
        v = load t[j]
        a = load ka[i]
        l = cast.i64 a
        store ts[l, j], v
    }
}",
    ),
];

/// What an index is when it is wrong.
const WRONG: [i64; 5] = [-1, i64::MIN, i64::MAX, 1 << 40, 5];

/// The arguments: `n` rounds over tables of `m` elements a side; where `wrong`
/// says so, that index is outside.
fn inputs(func: &Func, n: usize, m: usize, wrong: Option<(usize, i64)>) -> Vec<Input> {
    let params = func.params().iter().zip(n as u64 + 7 * m as u64..);
    let arrays = params.map(|(param, salt)| {
        let ty = param.ty.as_array().expect("an array");
        let array = match &param.name[..1] {
            "t" => table(ty, m, salt),
            "k" => {
                let values = (0..n).map(|i| {
                    let right = ((i as u64 * 13 + salt * 5) % m.max(1) as u64) as i64;
                    let index = match wrong {
                        Some((at, index)) if at == i => index,
                        _ => right,
                    };
                    Const::from_bits(ty.elem, index as u64)
                });
                Array::contiguous(values.collect(), vec![n])
            }
            // Nobody wants an element of a table without any.
            "m" if m == 0 => Array::contiguous(vec![Const::bool(false); n], vec![n]),
            _ => Array::contiguous(samples(ty.elem, n, salt), vec![n]),
        };
        Input::Array(array)
    });
    arrays.collect()
}

/// A table with `m` elements in each dimension, the last one backwards where it
/// may be.
fn table(ty: ArrayType, m: usize, salt: u64) -> Array {
    let rank = usize::from(ty.rank);
    let count = m.pow(rank as u32);
    let mut values = samples(ty.elem, count, salt);
    if ty.elem == Scalar::I64 {
        // They may be followed as a list.
        values = (0..count)
            .map(|i| Const::i64((i as i64 * 5 + 2) % (m.max(1) as i64)))
            .collect();
    }
    let mut array = Array::contiguous(values, vec![m; rank]);
    if ty.layout == Layout::Strided && count > 0 {
        array.strides[rank - 1] = -1;
        array.origin = m - 1;
    }
    array
}

#[test]
fn loops_with_places_that_are_data_have_the_bits_of_loops_of_one_lane() {
    for (name, text) in LOOPS.iter().chain(WRITES).chain(UNEVEN) {
        let func = parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut whole =
            Whole::new(&guard_accesses(&func)).unwrap_or_else(|e| panic!("{name}: {e}"));
        for level in host_levels() {
            // Two lanes are too few to wait for the longest.
            let is_left_out = level == Level::V128 && UNEVEN.iter().any(|(n, _)| n == name);
            let strips = usize::from(!is_left_out);
            assert_eq!(whole.strips(level), strips, "{name} at {level}");
        }
        let has_indices = func.params().iter().any(|p| p.name.starts_with('k'));
        let (mut failed, mut finished) = (0, 0);
        for n in (0..=40).chain([63, 64, 65, 70]) {
            for m in [0, 1, 4, 19] {
                let wrong = match (n + m) % 3 {
                    0 if n > 0 => Some((n * 5 / 7, WRONG[n % WRONG.len()])),
                    _ => None,
                };
                let ran = whole.check(&inputs(&func, n, m, wrong));
                let ran = ran.unwrap_or_else(|e| panic!("{name}, {n} of {m}: {e}"));
                match ran.failed {
                    Some(_) => failed += 1,
                    None => finished += 1,
                }
            }
        }
        assert!(finished > 20, "{name} finishes {finished} times");
        assert_eq!(failed > 0, has_indices, "{name} fails {failed} times");
    }
}

/// The levels of this processor that have vectors.
fn host_levels() -> Vec<Level> {
    let levels = kiln_testkit::ways::host().levels().iter().copied();
    levels.filter(|&level| level != Level::One).collect()
}
