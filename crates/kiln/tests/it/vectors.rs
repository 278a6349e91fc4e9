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
#[cfg(feature = "jit")]
fn explain_says_what_runs_on_vectors() {
    let has_vectors = kiln::Engine::default()
        .level()
        .is_some_and(|level| level != kiln::Level::One);
    for (name, report, on_vectors) in [
        ("axpy", axpy::kernel().explain(), true),
        ("halves", halves::kernel().explain(), true),
        ("energy", energy::kernel().explain(), true),
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
