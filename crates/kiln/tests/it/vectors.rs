//! Loops of kernels that run on vectors: which they are, that `explain` says
//! so, and that no bit differs from what rustc makes of the same source.

#[kiln::kernel]
fn axpy(a: f64, x: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        y[i] += a * x[i];
    }
}

#[kiln::kernel]
fn halves(x: &[f64], steps: &mut [f64]) {
    for i in 0..x.len() {
        let (mut v, mut count) = (x[i], 0.0);
        while v > 1.0 {
            v *= 0.5;
            count += 1.0;
        }
        steps[i] = count + v;
    }
}

#[kiln::kernel]
fn energy(x: &[f64]) -> f64 {
    kiln::dot(x, x)
}

#[kiln::kernel]
fn running(x: &mut [f64]) {
    for i in 1..x.len() {
        x[i] += x[i - 1];
    }
}

/// A plane in a slice, by rows of `w`.
#[kiln::kernel(overflow = "wrap")]
fn heat(u: &[f64], v: &mut [f64], h: usize, w: usize) {
    for i in 1..h - 1 {
        for j in 1..w - 1 {
            let (up, down) = (u[(i - 1) * w + j], u[(i + 1) * w + j]);
            let (left, right) = (u[i * w + j - 1], u[i * w + j + 1]);
            v[i * w + j] = 0.25 * (up + down + left + right);
        }
    }
}

fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|i| (i * 37 % 101) as f64 * 0.25).collect()
}

#[test]
fn kernels_on_vectors_have_the_bits_of_rust() {
    for len in (0..=70).chain([1023, 1024, 1061, 3000]) {
        let x = numbers(len);
        let (mut y, mut z) = (vec![1.5; len], vec![1.5; len]);
        axpy(0.1, &x, &mut y);
        axpy::rust(0.1, &x, &mut z);
        assert_eq!(y, z, "axpy of {len}");
        halves(&x, &mut y);
        halves::rust(&x, &mut z);
        assert_eq!(y, z, "halves of {len}");
        let (sum, wanted) = (energy(&x), energy::rust(&x));
        assert_eq!(sum.to_bits(), wanted.to_bits(), "energy of {len}");
        let (mut y, mut z) = (x.clone(), x);
        running(&mut y);
        running::rust(&mut z);
        assert_eq!(y, z, "running sum of {len}");
    }
}

#[test]
fn a_plane_in_a_slice_has_the_bits_of_rust_and_its_panics() {
    let u = numbers(30 * 40);
    for (h, w) in [
        (30, 40),
        (40, 30),
        (3, 3),
        (30, 3),
        (3, 400),
        (2, 9),
        (1, 1),
    ] {
        let (mut v, mut wanted) = (vec![0.5; u.len()], vec![0.5; u.len()]);
        heat(&u, &mut v, h, w);
        heat::rust(&u, &mut wanted, h, w);
        assert_eq!(v, wanted, "{h} x {w}");
    }
    // Widths with which a product leaves the type, and with which it comes
    // back into the slice.
    for (h, w) in [
        (4, 1 << 63),
        (5, 1 << 62),
        (4, usize::MAX),
        (31, 40),
        (9, 1000),
    ] {
        let (mut v, mut wanted) = (vec![0.5; u.len()], vec![0.5; u.len()]);
        let error = heat::try_call(&u, &mut v, h, w).unwrap_err();
        let called = std::panic::AssertUnwindSafe(|| heat::interpret(&u, &mut wanted, h, w));
        assert!(std::panic::catch_unwind(called).is_err(), "{error}");
        assert_eq!(v, wanted, "{h} x {w}: {error}");
    }
}

#[test]
#[cfg(feature = "jit")]
fn no_index_of_a_plane_in_a_slice_is_checked_in_the_loop() {
    let explained = heat::kernel().explain().unwrap();
    let report = explained.report;
    assert!(!report.contains("stays"), "{report}");
}

#[test]
#[cfg(feature = "jit")]
fn explain_says_what_runs_on_vectors() {
    let has_vectors = kiln::Engine::default()
        .level()
        .is_some_and(|level| level != kiln::Level::One);
    for (name, report, on_vectors) in [
        ("axpy", axpy::kernel().explain(), true),
        ("halves", halves::kernel().explain(), true),
        ("energy", energy::kernel().explain(), true),
        ("heat", heat::kernel().explain(), true),
        ("running", running::kernel().explain(), false),
    ] {
        let report = report.unwrap().report;
        let expected = on_vectors && has_vectors;
        assert_eq!(
            report.contains("round(s) at once"),
            expected,
            "{name}: {report}"
        );
        if !on_vectors && has_vectors {
            let why = "a round may touch an element of x that another one writes";
            assert!(report.contains(why), "{name}: {report}");
        }
    }
}
