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

/// Of a loop that carries two values both stay in order.
#[kernel(reassoc)]
fn moments(x: &[f64]) -> (f64, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    for v in x {
        sum += *v;
        squares += *v * *v;
    }
    (sum, squares)
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
fn what_is_no_sum_alone_stays_in_order() {
    let x = numbers(3000);
    let (mut y, mut z) = (vec![0.0; 3000], vec![0.0; 3000]);
    assert_eq!(running(&x, &mut y), running::rust(&x, &mut z));
    assert_eq!(y, z);
    assert_eq!(moments(&x), moments::rust(&x));
    let mut wanted = iterated(&x);
    x.iter().for_each(|v| wanted += v);
    assert_eq!(around(&x), wanted);
}

#[test]
fn the_loop_runs_on_vectors() {
    let has_vectors = Engine::default()
        .level()
        .is_some_and(|level| level != kiln::Level::One);
    let report = written::kernel().explain().unwrap().report;
    assert_eq!(report.contains("round(s) at once"), has_vectors, "{report}");
}
