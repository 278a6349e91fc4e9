//! `#[kernel]` functions, as a crate that forbids what a careful crate forbids
//! would write them: what stands beside each, and what it is built of.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]
#![allow(
    clippy::needless_range_loop,
    reason = "loops over indices are what is tested"
)]

mod generic;
mod programs;
mod reassoc;
mod threads;

use kiln::{Builder, Engine, FaultKind, Tier, kernel};

/// `y += a * x`.
#[kernel]
pub fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        y[i] += a * x[i];
    }
}

/// Steps until a point leaves the circle of 2.
#[kernel]
pub fn escape(re: f64, im: f64, most: u32) -> u32 {
    let (mut x, mut y) = (0.0, 0.0);
    let mut n = 0;
    while n < most && x * x + y * y <= 4.0 {
        (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
        n += 1;
    }
    n
}

/// The least and the greatest.
#[kernel]
pub(crate) fn ends(x: &[f64]) -> (f64, f64) {
    assert!(!x.is_empty(), "nothing has no ends");
    let (mut least, mut most) = (x[0], x[0]);
    for i in 1..x.len() {
        least = least.min(x[i]);
        most = most.max(x[i]);
    }
    (least, most)
}

#[kernel(overflow = "checked")]
#[must_use]
fn total(x: &[i32]) -> i32 {
    let mut total = 0;
    for i in 0..x.len() {
        total += x[i];
    }
    total
}

#[test]
fn a_kernel_is_called_as_the_function_it_was() {
    let (x, mut y) = ([1.0, 2.0], [0.5, 0.5]);
    axpy(2.0, &x, &mut y);
    assert_eq!(y, [2.5, 4.5]);
    axpy::rust(2.0, &x, &mut y);
    assert_eq!(y, [4.5, 8.5]);
    axpy::interpret(-1.0, &x, &mut y);
    assert_eq!(y, [3.5, 6.5]);
    for (re, im) in [(0.1, 0.2), (1.0, 1.0), (-0.7, 0.4)] {
        assert_eq!(escape(re, im, 100), escape::rust(re, im, 100));
    }
    assert_eq!(ends(&[2.0, -1.0, 7.5]), (-1.0, 7.5));
    assert!(axpy::kernel().prepare() && escape::kernel().prepare());
}

#[test]
fn errors_are_values_for_who_asks() {
    let mut y = [0.5; 3];
    let error = axpy::try_call(1.0, &[1.0], &mut y).unwrap_err();
    assert_eq!(
        error.to_string(),
        "index 1 is outside x of length 1 in @axpy"
    );
    assert_eq!(y, [1.5, 0.5, 0.5], "what came before is stored");
    let error = ends::try_call(&[]).unwrap_err();
    assert_eq!(error.to_string(), "nothing has no ends in @ends");
    let error = total::try_call(&[i32::MAX, 1]).unwrap_err();
    let fault = error.fault().unwrap();
    assert_eq!(fault.kind, FaultKind::Overflow);
    assert_eq!(fault.message, "attempt to add with overflow");
}

#[test]
fn an_engine_of_ones_own_runs_it() {
    let engine = Engine::builder().tier(Tier::Interpreter).build();
    let kernel = axpy::on(&engine);
    let mut y = [1.0, 1.0];
    kernel.call((3.0, &[1.0, 2.0], &mut y)).unwrap();
    assert_eq!((y, engine.stats().compiles), ([4.0, 7.0], 0));
    engine.set_tier(Tier::Native);
    kernel.call((3.0, &[1.0, 2.0], &mut y)).unwrap();
    assert_eq!((y, engine.stats().compiles), ([7.0, 13.0], 1));
}

#[test]
fn a_kernel_inside_a_function_sees_its_scope() {
    const FACTOR: i64 = 3;

    #[kernel]
    fn triple(n: i64) -> i64 {
        n * FACTOR
    }

    assert_eq!((triple(5), triple::rust(5)), (15, 15));
}

#[test]
fn a_panic_has_the_words_and_the_place_of_the_call() {
    let call = || axpy(1.0, &[1.0], &mut [1.0, 2.0]);
    let place = std::sync::Arc::new(std::sync::Mutex::new(None));
    let seen = place.clone();
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let line = info.location().map(|at| (at.file().to_owned(), at.line()));
        *seen.lock().unwrap() = line;
    }));
    let line = line!() - 8;
    let payload = std::panic::catch_unwind(call).unwrap_err();
    std::panic::set_hook(loud);
    let text = payload.downcast::<String>().unwrap();
    assert_eq!(
        *text,
        "index out of bounds: the len is 1 but the index is 1"
    );
    assert_eq!(*place.lock().unwrap(), Some((file!().to_owned(), line)));
}

/// A product and a sum, rounded once each or together.
#[kernel(contract)]
fn horner(x: f64, y: f64) -> (f64, f64, f64) {
    let s = x * y + 1.0;
    (s, s - x * x, x * y - 0.5)
}

#[test]
fn contraction_is_seen_in_the_computation() {
    let text = horner::kernel().func().to_string();
    assert_eq!(text.matches("= fma ").count(), 3, "{text}");
    assert!(
        !text.contains("= mul ") && !text.contains("= add "),
        "{text}"
    );
    for (x, y) in [(0.1, 0.3), (1e9 + 0.7, -3.1), (2f64.powi(-30), 1e8)] {
        let s = x.mul_add(y, 1.0);
        let expected = (s, (-x).mul_add(x, s), x.mul_add(y, -0.5));
        assert_eq!(horner(x, y), expected);
        assert_eq!(horner::interpret(x, y), expected);
    }
    let x = 1e8 + 0.7;
    assert_ne!(horner(x, x), horner::rust(x, x));
}

#[kernel(overflow = "saturate")]
fn bounded(a: i32, b: i32) -> (i32, i32, i32, i32) {
    (a + b, a - b, a * b, -a)
}

#[kernel(overflow = "saturate")]
fn bounded_bytes(a: u8, b: u8) -> (u8, u8, u8) {
    (a + b, a - b, a * b)
}

#[test]
fn integers_that_saturate_stay_at_the_ends_of_their_type() {
    let ends = [i32::MIN, i32::MIN + 1, -46_341, -1, 0, 1, 46_341, i32::MAX];
    for (a, b) in ends.iter().flat_map(|&a| ends.map(|b| (a, b))) {
        let product = a.saturating_mul(b);
        let expected = (
            a.saturating_add(b),
            a.saturating_sub(b),
            product,
            a.saturating_neg(),
        );
        assert_eq!(bounded(a, b), expected, "{a} {b}");
        assert_eq!(bounded::interpret(a, b), expected, "{a} {b}");
    }
    for (a, b) in [(0u8, 1u8), (255, 1), (16, 16), (17, 15)] {
        let product = a.saturating_mul(b);
        let expected = (a.saturating_add(b), a.saturating_sub(b), product);
        assert_eq!(bounded_bytes(a, b), expected, "{a} {b}");
        assert_eq!(bounded_bytes::interpret(a, b), expected, "{a} {b}");
    }
}

#[kernel(overflow = "checked")]
fn places(x: &[i32], at: usize, by: i32) -> i32 {
    assert!(by < 90, "by is large");
    let first = x[at];
    let part = &x[at..at + 2];
    first + part[1] / by
}

#[test]
fn a_fault_says_where_it_is_in_the_source() {
    let line = line!() - 9;
    let x = [i32::MAX, 2, 3, i32::MAX];
    let place = |at, by| {
        let error = places::try_call(&x, at, by).unwrap_err();
        let site = error.site().expect("a fault of a kernel has a place");
        assert!(site.file.ends_with("kernels/main.rs"), "{site}");
        (site.line - line, site.column)
    };
    assert_eq!(place(0, 91), (1, 5), "the assertion");
    assert_eq!(place(4, 1), (2, 17), "the index");
    assert_eq!(place(3, 1), (3, 17), "the part");
    assert_eq!(place(1, 0), (4, 13), "the division");
    assert_eq!(place(0, 1), (4, 5), "the sum");
}

/// What the builder makes of the same computation is the same computation.
#[test]
fn the_builder_builds_the_same() {
    let b = Builder::new("axpy");
    let a = b.input::<f64>("a");
    let (x, y) = (b.array::<f64, 1>("x"), b.array_mut::<f64, 1>("y"));
    b.for_each(0, y.len(), |i| {
        let product = a * x.at(i);
        y.set(i, y.at(i) + product);
    });
    let built = b.finish().unwrap();
    // But for where in this file it is written.
    let lines = |func: &kiln::Func| -> Vec<String> {
        let text = func.to_string();
        let lines = text.lines().map(|line| match line.split_once(" in \"") {
            Some((before, after)) => format!("{before}{}", &after[after.find(',').unwrap()..]),
            None => line.to_owned(),
        });
        lines.collect()
    };
    assert_eq!(lines(&built), lines(axpy::kernel().func()));
}
