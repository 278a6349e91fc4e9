//! Loops under a condition inside of a loop that runs on vectors: the same bits
//! every way, the same failures, nothing touched outside, for every number of
//! rounds, where all rounds want the loop inside, where some do, and none.

use kiln_codegen::Level;
use kiln_ir::{Const, Func, ParamType, Scalar, guard_accesses, parse};
use kiln_testkit::cells::samples;
use kiln_testkit::ways::host;
use kiln_testkit::whole::{Array, Input, Whole};

/// A function with one loop on vectors. Arrays of one dimension are as long as
/// the loop, but for those whose names begin with `q`; those of two have a
/// column for each round. Names that begin with `k` hold small numbers.
struct Case {
    name: &'static str,
    text: &'static str,
    /// Whether rounds run the loop inside differently often, which two lanes
    /// are too few for.
    is_uneven: bool,
    can_fail: bool,
}

const CASES: &[Case] = &[
    Case {
        name: "as many terms as data say, where something is above zero",
        text: "func @f(a: [f64], k: [i64], x: [f64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        c = load a[i]
        b = gt c, 0.0
        if b {
            v = load x[i]
            m = load k[i]
            s, p = for l in 0..m with t = 0.0, q = 1.0 {
                h = mul q, v
                u = add t, h
                yield u, h
            }
            store y[i], s
        }
    }
}",
        is_uneven: true,
        can_fail: false,
    },
    Case {
        name: "columns, each in its own way, and stores in the loop inside",
        text: "func @f(a: [f32], x: [f32 rank 2], y: mut [f32 rank 2], z: mut [f32]) {
    n = len a
    m = len y
    for i in 0..n {
        c = load a[i]
        b = gt c, 0.5f32
        r = if b {
            for l in 0..m {
                v = load x[l, i]
                s = add v, c
                store y[l, i], s
            }
            yield c
        } else {
            s = for l in 0..m with t = c {
                v = load x[l, i]
                d = add t, v
                yield d
            }
            yield s
        }
        store z[i], r
    }
}",
        is_uneven: false,
        can_fail: false,
    },
    Case {
        name: "the greatest of sums in order",
        text: "func @f(a: [f64], x: [f64 rank 2], q: [f64]) -> f64 {
    n = len a
    m = len x
    s = reduce max tree i in 0..n {
        c = load a[i]
        b = lt c, 1.0
        v = if b {
            s = for l in 0..m with t = 0.0 {
                e = load x[l, i]
                w = load q[l]
                f = mul e, w
                d = add t, f
                yield d
            }
            yield s
        } else {
            yield c
        }
        yield v
    }
    return s
}",
        is_uneven: false,
        can_fail: false,
    },
    Case {
        name: "conditions in loops under conditions, and checks that may fail",
        text: "func @f(k: [i64], x: [i64 rank 2], y: mut [i64]) {
    n = len k
    m = len x
    for i in 0..n {
        c = load k[i]
        b = gt c, 0
        if b {
            s = for l in 0..m with t = 0 {
                v = load x[l, i]
                w = gt v, c
                u = if w {
                    r = for j in 0..c with p = v {
                        g0 = lt j, 4
                        g = guard g0, assert \"few rounds\", j
                        q = add p, p
                        h = sub q, c
                        yield h
                    }
                    yield r
                } else {
                    yield v
                }
                d = add t, u
                yield d
            }
            store y[i], s
        }
    }
}",
        is_uneven: true,
        can_fail: true,
    },
    Case {
        name: "an element that only a loop that is not empty may read",
        text: "func @f(a: [f64], q: [f64], k: [i64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        c = load a[i]
        b = gt c, 0.0
        h = len q
        if b {
            s = for l in i..h with t = 1.0 {
                at = cast.u64 i
                end = cast.u64 h
                less = lt at, end
                g = guard less, index \"q\", i, h
                v = load q[i] after g
                w = add t, v
                yield w
            }
            store y[i], s
        }
    }
}",
        is_uneven: true,
        can_fail: false,
    },
    Case {
        name: "the same element from either side, and checks after stores",
        text: "func @f(k: [i64], x: [f64], y: mut [f64], z: mut [i64]) {
    n = len y
    for i in 0..n {
        c = load k[i]
        b = gt c, 2
        old = load y[i]
        store y[i], 0.5
        if b {
            v = load x[i]
            s = for l in 0..c with t = old {
                w = mul t, v
                yield w
            }
            store y[i], s
            store z[i], c
        } else {
            r = for l in c..2 with t = 1 {
                g0 = ne t, 8
                g = guard g0, assert \"not eight\", l
                w = add t, t
                yield w
            }
            f = cast.f64 r
            store y[i], f
        }
    }
}",
        is_uneven: true,
        can_fail: true,
    },
    Case {
        name: "a loop until it is done in a counted one, and a counted one in it",
        text: "func @f(a: [f64], q: [f64], y: mut [f64], z: mut [i64]) {
    n = len y
    m = len q
    for i in 0..n {
        v = load a[i]
        b = ne v, 2.0
        if b {
            r, f = for l in 0..m with o = v, e = 0 {
                s, p = while with t = o, c = 0 {
                    g0 = abs t
                    g = gt g0, 0.5
                    l0 = lt c, 5
                    both = and g, l0
                    yield both
                } do t, c {
                    u = for j in 0..m with w = t {
                        a0 = load q[j]
                        b0 = mul a0, 0.25
                        b1 = mul w, b0
                        yield b1
                    }
                    d = add c, 1
                    yield u, d
                }
                h = add e, p
                yield s, h
            }
            store y[i], r
            store z[i], f
        }
    }
}",
        is_uneven: false,
        can_fail: false,
    },
    Case {
        name: "whole numbers of every size",
        text: "func @f(ka: [i8], kb: [u16], x: [i8 rank 2], w: [u16 rank 2], y: mut [i8], z: mut [u16]) {
    n = len y
    m = len x
    zero = cast.i8 0
    one = cast.u16 2
    for i in 0..n {
        c = load ka[i]
        d = load kb[i]
        b = ne c, zero
        if b {
            s = for l in 0..m with t = c {
                v = load x[l, i]
                u = add t, v
                yield u
            }
            store y[i], s
        }
        e = gt d, one
        if e {
            r = for l in 0..m with t = d {
                v = load w[l, i]
                u = xor t, v
                yield u
            }
            store z[i], r
        }
    }
}",
        is_uneven: false,
        can_fail: false,
    },
];

/// Which rounds want the loop inside.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Wanted {
    AsDrawn,
    Never,
    Once,
}

/// Arguments for `n` rounds, with `m` elements in the other dimension.
fn inputs(func: &Func, n: usize, m: usize, wanted: Wanted) -> Vec<Input> {
    let params = func.params().iter().zip(n as u64 + 7 * m as u64..);
    let arrays = params.map(|(param, salt)| {
        let ParamType::Array(ty) = param.ty else {
            panic!("{} is no array", param.name)
        };
        let shape = match (ty.rank, &param.name[..1]) {
            (1, "q") => vec![m],
            (1, _) => vec![n],
            _ => vec![m, n],
        };
        let len = shape.iter().product();
        let mut values = samples(ty.elem, len, salt);
        match &param.name[..1] {
            "a" => hold(&mut values, wanted),
            "k" => {
                let small = |i: usize| ((i as u64 * 13 + salt * 5) % 8) as i64 - 2;
                for (i, value) in values.iter_mut().enumerate() {
                    *value = Const::from_bits(ty.elem, small(i) as u64);
                }
                hold(&mut values, wanted);
            }
            _ => {}
        }
        Input::Array(Array::contiguous(values, shape))
    });
    arrays.collect()
}

/// Makes what rounds ask about hold never, or once.
fn hold(values: &mut [Const], wanted: Wanted) {
    let last = values.len().saturating_sub(1);
    for (i, value) in values.iter_mut().enumerate() {
        let scalar = value.scalar();
        let is_once = wanted == Wanted::Once && i == last * 3 / 4;
        if wanted == Wanted::AsDrawn {
            continue;
        }
        *value = match scalar {
            // 0.75 where it is wanted, 2.0 where it is not and -2.0 where
            // that is above a bound.
            Scalar::F64 if is_once => Const::f64(0.75),
            Scalar::F64 if i % 2 == 0 => Const::f64(-2.0),
            Scalar::F64 => Const::f64(2.0),
            Scalar::F32 if is_once => Const::f32(0.75),
            Scalar::F32 => Const::f32(-2.0),
            _ if is_once => Const::from_bits(scalar, 3),
            _ => Const::from_bits(scalar, 0),
        };
    }
}

#[test]
fn loops_under_conditions_have_the_bits_of_loops_of_one_lane() {
    for case in CASES {
        let name = case.name;
        let func = parse(case.text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let whole = Whole::new(&guard_accesses(&func));
        let mut whole = whole.unwrap_or_else(|e| panic!("{name}: {e}"));
        for &level in host().levels().iter().filter(|&&l| l != Level::One) {
            let is_left_out = level == Level::V128 && case.is_uneven;
            let strips = usize::from(!is_left_out);
            assert_eq!(whole.strips(level), strips, "{name} at {level}");
        }
        let (mut finished, mut failed) = (0, 0);
        for n in (0..=40).chain([63, 64, 65, 100, 127, 128, 129, 130]) {
            for (m, wanted) in [
                (3, Wanted::AsDrawn),
                (0, Wanted::AsDrawn),
                (5, Wanted::Never),
                (9, Wanted::Once),
            ] {
                let ran = whole.check(&inputs(whole.func(), n, m, wanted));
                let ran = ran.unwrap_or_else(|e| panic!("{name}, {n} of {m}, {wanted:?}: {e}"));
                match ran.failed {
                    Some(_) => failed += 1,
                    None => finished += 1,
                }
            }
        }
        assert!(finished > 100, "{name} finishes {finished} times");
        assert_eq!(failed > 0, case.can_fail, "{name} fails {failed} times");
    }
}
