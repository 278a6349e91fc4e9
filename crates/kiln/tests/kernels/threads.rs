//! `#[kernel(parallel)]` and `kiln::par`: the same bits on any number of
//! threads, and errors for claims that do not hold.

use kiln::{Engine, Tier, kernel};
use std::error::Error;

#[kernel(parallel)]
fn smooth(x: &[f64], y: &mut [f64]) {
    for i in 1..y.len() - 1 {
        y[i] = 0.25 * x[i - 1] + 0.5 * x[i] + 0.25 * x[i + 1];
    }
}

#[kernel]
fn claimed(a: f64, x: &mut [f64]) -> f64 {
    for v in kiln::par(x.iter_mut()) {
        *v = (*v * a).sqrt();
    }
    a
}

#[kernel]
fn meets(x: &mut [i64]) {
    for i in kiln::par(0..x.len() - 1) {
        x[i] = x[i + 1];
    }
}

#[kernel]
fn hands_over(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in kiln::par(0..x.len()) {
        sum += x[i];
    }
    sum
}

/// A sum in any order is one that threads can share.
#[kernel(reassoc)]
fn added(x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in kiln::par(0..x.len()) {
        sum += x[i];
    }
    sum
}

/// A round that fails, in the middle.
#[kernel(parallel)]
fn gathered(at: &[u32], x: &[f64], y: &mut [f64]) {
    for i in 0..y.len() {
        y[i] = x[at[i] as usize];
    }
}

const LEN: usize = 300_000;

fn numbers() -> Vec<f64> {
    (0..LEN).map(|i| (i % 1013) as f64 * 0.375).collect()
}

#[test]
fn threads_change_no_bit() {
    let x = numbers();
    let mut wanted = vec![0.0; LEN];
    smooth::rust(&x, &mut wanted);
    for tier in [Tier::Native, Tier::Interpreter] {
        let engine = Engine::builder()
            .tier(tier)
            .threads(3)
            .piece_work(1_000)
            .build();
        let mut y = vec![0.0; LEN];
        smooth::on(&engine).call((&x, &mut y)).unwrap();
        assert_eq!(y, wanted);
        let (mut y, mut z) = (x.clone(), x.clone());
        assert_eq!(claimed::on(&engine).call((1.5, &mut y)).unwrap(), 1.5);
        claimed::rust(1.5, &mut z);
        assert_eq!(y, z);
        let sum = added::on(&engine).call((&x,)).unwrap();
        assert_eq!(sum.to_bits(), (0.0 + kiln::sum(&x)).to_bits());
        let calls = engine.stats().parallel;
        let expected = u64::from(cfg!(feature = "rayon") && tier == Tier::Native);
        assert_eq!(calls, 3 * expected, "{tier:?}");
    }
}

#[test]
fn a_claim_that_does_not_hold_is_an_error_that_names_the_accesses() {
    let why = |error: kiln::Error| error.source().unwrap().to_string();
    for tier in [Tier::Native, Tier::Interpreter] {
        let engine = Engine::builder().tier(tier).build();
        let mut x = [1, 2, 3];
        let error = meets::on(&engine).call((&mut x,)).unwrap_err();
        assert_eq!(
            why(error),
            "rounds may meet at a store of x[i] and a load of x[1 + i]"
        );
        assert_eq!(x, [1, 2, 3]);
        let error = hands_over::on(&engine).call((&[1.0],)).unwrap_err();
        assert_eq!(
            why(error),
            "a round begins with what the one before it has computed"
        );
    }
    assert!(smooth::kernel().check_pieces().is_ok());
    let alone = gathered::kernel().parallel(false);
    assert!(alone.check_pieces().is_ok(), "a question, not an order");
}

#[test]
fn the_error_is_that_of_the_lowest_round() {
    let engine = Engine::builder().threads(3).piece_work(1_000).build();
    let mut at = vec![1; LEN];
    (at[200_000], at[100_000]) = (77, 5);
    let mut y = vec![0.0; LEN];
    let error = gathered::on(&engine)
        .call((&at, &[0.5, 1.5], &mut y))
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("index 5 is outside x of length 2"),
        "{text}"
    );
    assert!(y[..100_000].iter().all(|&v| v == 1.5) && y[100_000] == 0.0);
}
