//! `#[kernel(reassoc)]`: sums and products of floats in the shape of
//! `kiln::sum`, in every tier; and what is no such sum, which stays in order.

use kiln::{Engine, Tier, kernel};

#[kernel(reassoc)]
fn written(x: &[f64]) -> f64 {
    let mut sum = 1.5;
    for i in 0..x.len() {
        sum += x[i] * 0.5;
    }
    sum
}

#[kernel(reassoc)]
fn iterated(x: &[f64]) -> f64 {
    x.iter().map(|v| v * 0.5).sum()
}

#[kernel(reassoc)]
fn fallen(x: &[f32]) -> f32 {
    let mut rest = 100.0;
    for v in x {
        rest -= *v;
    }
    rest
}

#[kernel(reassoc)]
fn multiplied(x: &[f64]) -> f64 {
    let product: f64 = x.iter().product();
    product
}

/// A sum that is read in the loop: it stays in order.
#[kernel(reassoc)]
fn running(x: &[f64], y: &mut [f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        sum += x[i];
        y[i] = sum;
    }
    sum
}

/// The sums of a line through points, in one loop.
#[kernel(reassoc)]
fn line(x: &[f64], y: &[f64]) -> (f64, f64, f64, f64, f64) {
    let (mut sx, mut sy, mut sxx, mut sxy, mut syy) = (0.0, 1.0, 0.0, 0.0, 0.0);
    for i in 0..x.len() {
        sx += x[i];
        sy += y[i];
        sxx += x[i] * x[i];
        sxy += x[i] * y[i];
        syy -= y[i] * y[i];
    }
    (sx, sy, sxx, sxy, syy)
}

/// A sum with a number, a product and extremes beside it.
#[kernel(reassoc, overflow = "wrap")]
fn summary(x: &[f64], k: &[i32]) -> (f64, f64, f64, i32, f64) {
    let (mut sum, mut least, mut greatest) = (0.0, f64::NAN, -0.5);
    let (mut count, mut product) = (7, 1.0);
    for i in 0..x.len() {
        sum += x[i];
        least = x[i].min(least);
        greatest = f64::max(greatest, x[i]);
        count += k[i];
        product *= x[i];
    }
    (sum, least, greatest, count, product)
}

/// Of a loop that carries something else beside a sum both stay in order.
#[kernel(reassoc)]
fn beside(x: &[f64]) -> (f64, f64) {
    let (mut sum, mut last) = (0.0, 0.0);
    for v in x {
        sum += *v - last;
        last = *v;
    }
    (sum, last)
}

/// So do sums of floats whose shapes differ.
#[kernel(reassoc)]
fn of_two_sizes(x: &[f64], y: &[f32]) -> (f64, f32) {
    let (mut long, mut short) = (0.0, 0.0f32);
    for i in 0..x.len() {
        long += x[i];
        short += y[i];
    }
    (long, short)
}

/// No order shows here, so no option is needed.
#[kernel(overflow = "wrap")]
fn extremes(x: &[f64], k: &[i64]) -> (f64, f64, i64) {
    let (mut least, mut greatest, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0);
    for i in 0..x.len() {
        least = least.min(x[i]);
        greatest = greatest.max(x[i]);
        sum += k[i];
    }
    (least, greatest, sum)
}

/// Its own rules end with it.
#[kernel]
fn around(x: &[f64]) -> f64 {
    let mut sum = iterated(x);
    for v in x {
        sum += *v;
    }
    sum
}

fn numbers(len: usize) -> Vec<f64> {
    (0..len).map(|i| 1.0 / (i as f64 + 1.0)).collect()
}

#[test]
fn sums_have_the_bits_of_the_fixed_shape_in_every_tier() {
    for len in [0, 1, 15, 16, 17, 300, 1024, 1025, 5000] {
        let x = numbers(len);
        let halves: Vec<f64> = x.iter().map(|v| v * 0.5).collect();
        let tree = kiln::sum(&halves);
        let singles: Vec<f32> = x.iter().map(|&v| v as f32).collect();
        let less: Vec<f32> = singles.iter().map(|v| -v).collect();
        for tier in [Tier::Interpreter, Tier::Native] {
            let engine = Engine::builder().tier(tier).build();
            let sum = |f: &kiln::KernelFn<_, f64>| f.call((&x[..],)).unwrap().to_bits();
            assert_eq!(sum(&written::on(&engine)), (1.5 + tree).to_bits(), "{len}");
            assert_eq!(sum(&iterated::on(&engine)), tree.to_bits(), "{len}");
            assert_eq!(sum(&multiplied::on(&engine)), kiln::product(&x).to_bits());
            let rest = fallen::on(&engine).call((&singles[..],)).unwrap();
            assert_eq!(rest.to_bits(), (100.0 + kiln::sum(&less)).to_bits());
        }
    }
    let x = numbers(5000);
    assert_ne!(written(&x), written::rust(&x), "the shape shows");
}

#[test]
fn several_sums_of_a_loop_have_the_bits_of_each_alone() {
    for len in [0, 1, 15, 16, 17, 300, 1024, 1025, 5000] {
        let x = numbers(len);
        let y: Vec<f64> = x.iter().map(|v| 0.25 - v).collect();
        let k: Vec<i32> = (0..len as i32).map(|i| i % 11 - 4).collect();
        let products =
            |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a * b).collect() };
        let less: Vec<f64> = products(&y, &y).iter().map(|v| -v).collect();
        let wanted = (
            kiln::sum(&x),
            1.0 + kiln::sum(&y),
            kiln::sum(&products(&x, &x)),
            kiln::sum(&products(&x, &y)),
            kiln::sum(&less),
        );
        let wanted = (
            0.0 + wanted.0,
            wanted.1,
            0.0 + wanted.2,
            0.0 + wanted.3,
            0.0 + wanted.4,
        );
        for tier in [Tier::Interpreter, Tier::Native] {
            let engine = Engine::builder().tier(tier).build();
            let found = line::on(&engine).call((&x[..], &y[..])).unwrap();
            assert_eq!(found, wanted, "{len}");
            let (sum, least, greatest, count, product) =
                summary::on(&engine).call((&y[..], &k[..])).unwrap();
            assert_eq!((sum, product), (0.0 + kiln::sum(&y), kiln::product(&y)));
            let rust = summary::rust(&y, &k);
            assert_eq!(least.to_bits(), rust.1.to_bits(), "{len}");
            assert_eq!((greatest, count), (rust.2, rust.3), "{len}");
        }
    }
}

#[test]
fn extremes_and_counts_of_a_loop_are_those_of_rust() {
    for len in [0, 1, 17, 130, 1025] {
        let mut x = numbers(len);
        x.iter_mut().skip(3).step_by(7).for_each(|v| *v = f64::NAN);
        let k: Vec<i64> = (0..len as i64).map(|i| i * i - 40).collect();
        assert_eq!(extremes(&x, &k), extremes::rust(&x, &k), "{len}");
    }
}

#[test]
fn what_is_no_sum_alone_stays_in_order() {
    let x = numbers(3000);
    let (mut y, mut z) = (vec![0.0; 3000], vec![0.0; 3000]);
    assert_eq!(running(&x, &mut y), running::rust(&x, &mut z));
    assert_eq!(y, z);
    assert_eq!(beside(&x), beside::rust(&x));
    let singles: Vec<f32> = x.iter().map(|&v| v as f32).collect();
    assert_eq!(of_two_sizes(&x, &singles), of_two_sizes::rust(&x, &singles));
    let mut wanted = iterated(&x);
    x.iter().for_each(|v| wanted += v);
    assert_eq!(around(&x), wanted);
}

#[test]
fn the_loop_runs_on_vectors() {
    let has_vectors = Engine::default()
        .level()
        .is_some_and(|level| level != kiln::Level::One);
    let reports = [
        written::kernel().explain().unwrap().report,
        line::kernel().explain().unwrap().report,
        summary::kernel().explain().unwrap().report,
        extremes::kernel().explain().unwrap().report,
    ];
    for report in reports {
        assert_eq!(report.contains("round(s) at once"), has_vectors, "{report}");
        assert!(!report.contains("one round at a time"), "{report}");
    }
}
