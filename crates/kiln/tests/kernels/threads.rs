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

/// A total, and a loop that needs it.
#[kernel(parallel)]
fn centred(x: &[f64], y: &mut [f64]) -> f64 {
    if x.is_empty() {
        return 0.0;
    }
    y[0] = -1.0;
    let mean = kiln::mean(x);
    let deviation = kiln::std_dev(x);
    for i in 1..y.len() {
        y[i] = (x[i] - mean) / deviation;
    }
    mean
}

/// Sweeps over a slice, until `steps` are done or little changes.
#[kernel(parallel)]
fn relaxed(steps: usize, u: &mut [f64], v: &mut [f64]) -> (usize, f64) {
    let (mut step, mut change) = (0, 1.0);
    while step < steps && change > 1e-3 {
        for i in 1..u.len() - 1 {
            v[i] = 0.5 * (u[i - 1] + u[i + 1]);
        }
        change = v[v.len() / 2] - u[u.len() / 2];
        change = change.abs();
        for i in 1..u.len() - 1 {
            u[i] = 0.25 * u[i] + 0.75 * v[i];
        }
        step += 1;
    }
    (step, change)
}

/// Sums and extremes, in one loop.
#[kernel(reassoc, parallel)]
fn spread(x: &[f64]) -> (f64, f64, f64, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    for &v in x {
        sum += v;
        squares += v * v;
        least = least.min(v);
        greatest = greatest.max(v);
    }
    (sum, squares, least, greatest)
}

/// Two loops of which the second fails now and then.
#[kernel(parallel)]
fn moved(x: &[f64], at: &[u32], y: &mut [f64], z: &mut [f64]) {
    for i in 0..y.len() {
        y[i] = x[i] * 2.0;
    }
    for i in 0..z.len() {
        z[i] = y[at[i] as usize];
    }
}

#[test]
fn kernels_of_several_loops_give_the_bits_of_one_thread() {
    let x = numbers();
    for tier in [Tier::Native, Tier::Interpreter] {
        let calls = u64::from(cfg!(feature = "rayon") && tier == Tier::Native);
        for threads in [1, 2, 5] {
            let engine = Engine::builder().tier(tier).threads(threads);
            let engine = engine.piece_work(1_000).build();
            let (mut y, mut wanted) = (vec![0.0; LEN], vec![0.0; LEN]);
            let mean = centred::on(&engine).call((&x, &mut y)).unwrap();
            assert_eq!(mean.to_bits(), centred::rust(&x, &mut wanted).to_bits());
            assert_eq!(y, wanted);
            assert_eq!(centred::on(&engine).call((&[], &mut [])).unwrap(), 0.0);

            let (mut u, mut v) = (x.clone(), x.clone());
            let ended = relaxed::on(&engine).call((5, &mut u, &mut v)).unwrap();
            let (mut w, mut t) = (x.clone(), x.clone());
            assert_eq!(ended, relaxed::rust(5, &mut w, &mut t));
            assert_eq!((u, v), (w, t));

            let of_all = spread::on(&engine).call((&x,)).unwrap();
            assert_eq!(of_all, spread::on(&engine).parallel(1).call((&x,)).unwrap());
            assert_eq!((of_all.2, of_all.3), (0.0, 1012.0 * 0.375));
            let expected = if threads > 1 { 3 * calls } else { 0 };
            assert_eq!(engine.stats().parallel, expected, "{tier:?}, {threads}");
        }
    }
    assert!(relaxed::kernel().check_pieces().is_ok());
}

#[test]
fn a_second_loop_fails_at_its_lowest_round() {
    let engine = Engine::builder().threads(3).piece_work(1_000).build();
    let x = numbers();
    let mut at: Vec<u32> = (0..LEN as u32).rev().collect();
    (at[200_000], at[90_000]) = (u32::MAX, 900_000);
    let (mut y, mut z) = (vec![0.0; LEN], vec![-1.0; LEN]);
    let error = moved::on(&engine)
        .call((&x, &at, &mut y, &mut z))
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("index 900000 is outside y of length 300000"),
        "{text}"
    );
    assert!((0..LEN).all(|i| y[i] == 2.0 * x[i]));
    assert!((0..90_000).all(|i| z[i] == y[LEN - 1 - i]) && z[90_000] == -1.0);
}
