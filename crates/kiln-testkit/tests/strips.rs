//! Strips at AVX-512, in the emulator: the bits that the interpreter gives for
//! the loop before it was widened. Hosts that have AVX-512 run them in
//! tests/whole.rs as well.

use kiln_codegen::{CodegenConfig, Entry, Level, Target, frame};
use kiln_ir::{ArrayType, Const, Func, Layout, ParamType, Scalar, Strip, parse, verify};
use kiln_opt::{OptConfig, optimize, strips, widen_strip};
use kiln_testkit::cells::samples;
use kiln_testkit::emulator::{Argument, run_strip};
use kiln_testkit::whole::{Array, Input, Way, Whole};

/// One loop each, or a nest, and whether a check in it can fail.
const LOOPS: &[(&str, bool)] = &[
    (
        "func @axpy(a: f64, x: [f64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        after = add i, 2
        v = load x[after]
        w = load y[i]
        p = mul a, v
        s = add w, p
        store y[i], s
    }
}",
        false,
    ),
    (
        "func @sum(x: [f64]) -> f64 {
    n = len x
    s = reduce sum tree i in 0..n {
        v = load x[i]
        w = mul v, v
        yield w
    }
    return s
}",
        false,
    ),
    (
        "func @several(x: [f64], z: [f64], k: [i32]) -> (f64, f64, f64, i32, f64) {
    n = len x
    a, b, c, d, e = reduce sum, sum, product, max, fmin tree i in 0..n {
        v = load x[i]
        w = load z[i]
        m = load k[i]
        p = mul v, w
        f = abs v
        yield v, p, f, m, w
    }
    return a, b, c, d, e
}",
        false,
    ),
    (
        "func @least(x: [f32]) -> f32 {
    n = len x
    s = reduce min tree i in 0..n {
        v = load x[i]
        yield v
    }
    return s
}",
        false,
    ),
    (
        "func @any(x: [i32]) -> bool {
    n = len x
    zero = cast.i32 0
    s = reduce any tree i in 0..n {
        v = load x[i]
        w = lt v, zero
        yield w
    }
    return s
}",
        false,
    ),
    (
        "func @halves(x: [f64], y: mut [f64]) {
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
        false,
    ),
    (
        "func @checked(x: [i64], y: mut [i64]) {
    n = len y
    for i in 0..n {
        a = load x[i]
        b = load y[i]
        o = add_overflows a, b
        h = not o
        g = guard h, overflow \"x + y\"
        c = add a, b
        store y[i], c
    }
}",
        true,
    ),
    (
        "func @distances(p: [f64 rank 2], q: [f64], d: mut [f64]) {
    n = len d
    m = len q
    for j in 0..n {
        s = for k in 0..m with t = 0.0 {
            a = load p[j, k]
            b = load q[k]
            c = sub a, b
            e = mul c, c
            f = add t, e
            yield f
        }
        r = sqrt s
        store d[j], r
    }
}",
        false,
    ),
    (
        "func @columns(a: [f32 rank 2], w: [f32], c: mut [f32 rank 2]) {
    k = len a
    n = len c, 1
    for j in 0..n {
        for l in 0..k {
            x = load a[l, j]
            y = load w[j]
            z = mul x, y
            store c[l, j], z
        }
    }
}",
        false,
    ),
    // Sums of columns: the row of a virtual lane, and the fold of all lanes.
    (
        "func @columns_down(a: [f64 rank 2], sums: mut [f64 rank 2], out: mut [f64]) {
    n = len out
    for j in 0..n {
        v = load a[1, j]
        w = load sums[2, j]
        s = add w, v
        store sums[2, j], s
    }
    for j in 0..n {
        a0 = load sums[0, j]
        a1 = load sums[1, j]
        a2 = load sums[2, j]
        low = add a0, a2
        s = add low, a1
        store out[j], s
    }
}",
        false,
    ),
    // Four strips: of two rows at once and of one, each also with four rounds
    // of the loop around.
    (
        "func @product(a: [f64 rank 2], b: [f64 rank 2], c: mut [f64 rank 2]) {
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
        false,
    ),
    (
        "func @apart(x: [i16 rank 1 strided], b: [i8 rank 1 strided], y: mut [i16 rank 1 strided], c: mut [i8 rank 1 strided], d: mut [f32 rank 1 strided]) {
    n = len y
    for i in 0..n {
        v = load x[i]
        w = load b[i]
        s = add v, v
        store y[i], s
        t = add w, w
        store c[i], t
        f = cast.f32 v
        store d[i], f
    }
}",
        false,
    ),
    (
        "func @which(x: [f64 rank 1 strided], m: [bool rank 1 strided], y: mut [f64 rank 1 strided], k: mut [bool rank 1 strided]) {
    n = len y
    for i in 0..n {
        v = load x[i]
        b = load m[i]
        w = neg v
        s = select b, v, w
        store y[i], s
        p = lt v, w
        store k[i], p
    }
}",
        false,
    ),
    (
        "func @anywhere(t: [f64], k: [i64], u: [i8], kb: [u8], y: mut [f64], z: mut [i8]) {
    n = len y
    for i in 0..n {
        j = load k[i]
        v = load t[j]
        b = load kb[i]
        c = cast.i64 b
        w = load u[c]
        s = add v, v
        store y[i], s
        store z[i], w
    }
}",
        true,
    ),
    (
        "func @table(t: [f32 rank 2 strided], q: [f32 rank 3], k: [i32], kb: [u32], m: [bool], y: mut [f32]) {
    n = len y
    for i in 0..n {
        a = load k[i]
        j = cast.i64 a
        b = load kb[i]
        l = cast.i64 b
        c = load m[i]
        r = if c {
            v = load t[j, l]
            yield v
        } else {
            w = load q[l, 1, j]
            yield w
        }
        store y[i], r
    }
}",
        true,
    ),
    (
        "func @series(k: [i64], x: [f64], y: mut [f64]) {
    n = len y
    for i in 0..n {
        m = load k[i]
        v = load x[i]
        s, p = for l in 0..m with a = 0.0, b = 1.0 {
            few = lt l, 2
            one = eq l, 2
            g = or few, one
            c = cast.f64 l
            d = add c, 1.0
            e = mul b, v
            f = div e, d
            h = add a, f
            j = select g, h, a
            yield j, f
        }
        store y[i], s
    }
}",
        false,
    ),
    (
        "func @where_wanted(k: [i64], x: [f64 rank 2], u: [f64], y: mut [f64], z: mut [f64]) {
    n = len k
    m = len x
    for i in 0..n {
        c = load k[i]
        b = gt c, 0
        if b {
            s = for l in 0..m with t = 0.5 {
                v = load x[l, i]
                w = mul t, v
                yield w
            }
            store y[i], s
        } else {
            o = load u[i]
            r = for l in c..2 with t = o {
                v = mul t, 0.75
                yield v
            }
            store z[i], r
        }
    }
}",
        false,
    ),
    (
        "func @scatter(k: [i64], kb: [u16], x: [f64], y: mut [f64], t: mut [f64], z: mut [i8 rank 2 strided]) {
    n = len y
    for i in 0..n {
        j = load k[i]
        b = load kb[i]
        l = cast.i64 b
        v = load x[i]
        w = add v, v
        store y[i], w
        store t[j], v
        c = cast.i8 l
        store z[j, l], c
    }
}",
        true,
    ),
    (
        "func @row(val: [f64], k: [i64], x: [f64]) -> f64 {
    n = len val
    s = reduce sum tree i in 0..n {
        a = load val[i]
        j = load k[i]
        b = load x[j]
        p = mul a, b
        yield p
    }
    return s
}",
        true,
    ),
    (
        "func @search(t: [i32], x: [i32], y: mut [i64]) {
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
        false,
    ),
];

/// The strips of a function: one, or those of a nest.
fn strips_of(text: &str) -> Vec<Strip> {
    let func = parse(text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let func = kiln_ir::guard_accesses(&func);
    let optimized = optimize(&func, &OptConfig::default().verify(true)).unwrap();
    let plans = strips(&optimized.func).into_iter();
    plans
        .map(|plan| plan.strip.unwrap_or_else(|e| panic!("{e}: {text}")))
        .collect()
}

/// Arguments for `rounds` rounds: rows are longer than that, so that an offset
/// stays inside.
fn inputs(func: &Func, rounds: usize, salt: u64) -> Vec<Input> {
    let params = func.params().iter().zip(salt..);
    params
        .map(|(param, salt)| match param.ty {
            ParamType::Scalar(scalar) if param.name == "first" => {
                Input::Value(Const::from_bits(scalar, 0))
            }
            // How often a loop inside runs.
            ParamType::Scalar(Scalar::I64) => Input::Value(Const::i64(INNER as i64)),
            // An extent that indices are held against.
            ParamType::Scalar(Scalar::U64) => Input::Value(Const::from_bits(Scalar::U64, 3)),
            ParamType::Scalar(scalar) => Input::Value(samples(scalar, 9, salt)[8]),
            ParamType::Array(ty) => {
                // The first one says how many rounds there are, of the
                // interpreter alone.
                let is_first = func.params()[0].name == param.name;
                let len = if is_first { rounds } else { rounds + 8 };
                let mut array = table(ty, len, salt);
                if param.name.starts_with('k') {
                    let wrong = if salt >= 40 { 4 } else { 3 };
                    for (i, value) in (salt..).zip(&mut array.values) {
                        *value = Const::from_bits(ty.elem, 7 * i % wrong);
                    }
                }
                Input::Array(array)
            }
        })
        .collect()
}

/// Rounds of a loop inside.
const INNER: usize = 3;

/// An array of a strip: `len` elements in the last dimension, apart if it is
/// strided, and as many rows as a loop inside has rounds.
fn table(ty: ArrayType, len: usize, salt: u64) -> Array {
    // What a row does not move with in the lanes has as many, too.
    let shape = match ty.rank {
        1 => vec![len],
        2 => vec![len.max(INNER), len],
        _ => vec![INNER; ty.rank.into()],
    };
    let count: usize = shape.iter().product();
    let mut array = Array::contiguous(samples(ty.elem, count, salt), shape);
    if ty.layout == Layout::Strided {
        array.values = samples(ty.elem, 5 * len + INNER + len, salt);
        array.strides = match ty.rank {
            1 => vec![5],
            _ => vec![1, 5],
        };
    }
    array
}

fn argument(input: &Input) -> Argument {
    match input {
        Input::Value(value) => Argument::Scalar(value.bits()),
        Input::Array(array) => {
            let size = |v: &Const| v.scalar().bytes();
            let bytes = |v: &Const| v.bits().to_le_bytes()[..size(v)].to_vec();
            Argument::Table {
                bytes: array.values.iter().flat_map(bytes).collect(),
                shape: array.shape.clone(),
                strides: array.strides.clone(),
            }
        }
    }
}

#[test]
fn strips_at_avx512_give_the_bits_of_their_loops() {
    let target = Target::named("x86_64-v4").unwrap();
    let (mut done, mut failed) = (0, 0);
    let strips = |(text, can_fail): &'static (&str, bool)| {
        let strips = strips_of(text).into_iter();
        strips.map(move |strip| (text, can_fail, strip))
    };
    for (text, can_fail, strip) in LOOPS.iter().flat_map(strips) {
        let widened = widen_strip(&strip, 512).unwrap_or_else(|e| panic!("{e}: {text}"));
        verify(&widened).unwrap_or_else(|e| panic!("{e}: {widened}"));
        let config = CodegenConfig::new(Entry::Strip, Level::Avx512);
        let code = kiln_codegen::compile(&widened, &target, &config);
        let code = code.unwrap_or_else(|e| panic!("{e}: {widened}"));
        let mut reference = Whole::new(&strip.func).unwrap();
        for (blocks, salt) in [(1, 0), (2, 1), (3, 2), (5, 3), (2, 40), (3, 41), (1, 42)] {
            let rounds = blocks * usize::from(code.lanes);
            let inputs = inputs(&strip.func, rounds, salt);
            let expected = reference.run(Way::Interpreter, &inputs).unwrap();
            let mut args: Vec<Argument> = inputs.iter().map(argument).collect();
            let outcome = run_strip(&strip.func, &code, &mut args, 0..rounds as i64);
            let outcome = outcome.unwrap_or_else(|e| panic!("{e}: {text}"));
            if expected.failed.is_some() {
                assert!(can_fail, "{text}");
                assert_eq!(outcome.status, frame::RERUN, "{text}");
                failed += 1;
                continue;
            }
            assert_eq!(outcome.status, frame::DONE, "{text}");
            let mut written = expected.written.iter();
            for ((param, input), arg) in strip.func.params().iter().zip(&inputs).zip(&args) {
                let is_written = param
                    .ty
                    .as_array()
                    .is_some_and(|a| a.access == kiln_ir::Access::Mut);
                if let (Input::Array(array), Argument::Table { bytes, .. }, true) =
                    (&input, arg, is_written)
                {
                    let scalar = array.values[0].scalar();
                    let found = bytes.chunks(scalar.bytes()).map(|bytes| {
                        let mut word = [0; 8];
                        word[..bytes.len()].copy_from_slice(bytes);
                        Const::from_bits(scalar, u64::from_le_bytes(word))
                    });
                    let same = found.eq(written.next().unwrap().iter().copied());
                    assert!(same, "{} of {text}", param.name);
                }
            }
            done += 1;
        }
    }
    assert!(done > 20 && failed > 0, "{done} done, {failed} failed");
    let product = LOOPS.iter().find(|(text, _)| text.contains("@product"));
    assert_eq!(product.map(|(text, _)| strips_of(text).len()), Some(4));
}
