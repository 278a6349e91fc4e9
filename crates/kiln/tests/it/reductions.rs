//! Reductions in kernels and beside them: the same bits, what NumPy says of
//! NaN and of nothing, and loops on vectors.

use kiln::{Engine, Tier};

#[kiln::kernel]
fn spread(x: &[f64]) -> (f64, f64) {
    (kiln::var(x), kiln::std_dev(x))
}

#[kiln::kernel]
fn soft_max(x: &[f64]) -> f64 {
    kiln::logsumexp(x)
}

#[kiln::kernel]
fn places(x: &[f64]) -> (usize, usize) {
    (kiln::argmin(x), kiln::argmax(x))
}

#[kiln::kernel]
fn truths(x: &[bool]) -> (bool, bool, usize) {
    (kiln::any(x), kiln::all(x), kiln::count(x))
}

fn engines() -> [Engine; 2] {
    [Tier::Interpreter, Tier::Native].map(|tier| Engine::builder().tier(tier).build())
}

fn bits(x: f64) -> u64 {
    if x.is_nan() { 1 } else { x.to_bits() }
}

/// Numbers, with a special one here and there if asked for.
fn numbers(len: usize, special: &[f64]) -> Vec<f64> {
    let number = |i: usize| match special.get(i % 61) {
        Some(&special) if i > 0 => special,
        _ => (i * 7919 % 1009) as f64 / 8.0 - 60.0,
    };
    (0..len).map(number).collect()
}

#[test]
fn kernels_have_the_bits_of_the_functions() {
    const SPECIAL: [&[f64]; 4] = [
        &[],
        &[0.0, -0.0, 5e-324],
        &[f64::INFINITY, f64::NEG_INFINITY],
        &[1.0, f64::NAN, f64::INFINITY],
    ];
    for engine in engines() {
        let (spread, soft_max) = (spread::on(&engine), soft_max::on(&engine));
        let (places, truths) = (places::on(&engine), truths::on(&engine));
        for len in (0..=130).chain([1_023, 1_024, 1_025, 2_049, 5_000]) {
            for special in SPECIAL {
                let x = numbers(len, special);
                let (var, deviation) = spread.call((&x,)).unwrap();
                assert_eq!(bits(var), bits(kiln::var(&x)), "var of {len}");
                assert_eq!(bits(deviation), bits(kiln::std_dev(&x)));
                let sum = soft_max.call((&x,)).unwrap();
                assert_eq!(bits(sum), bits(kiln::logsumexp(&x)), "logsumexp of {len}");
                match places.call((&x,)) {
                    Ok(found) => assert_eq!(found, (kiln::argmin(&x), kiln::argmax(&x))),
                    Err(error) => {
                        assert!(len == 0, "{error}");
                        assert!(error.fault().is_some());
                    }
                }
                let large: Vec<bool> = x.iter().map(|&x| x > 30.0).collect();
                let expected = (kiln::any(&large), kiln::all(&large), kiln::count(&large));
                assert_eq!(truths.call((&large,)).unwrap(), expected);
            }
        }
    }
}

/// What NumPy 2 gives.
#[test]
fn nan_and_nothing_are_as_in_numpy() {
    let nan = f64::NAN;
    assert!(kiln::var::<f64>(&[]).is_nan() && kiln::std_dev::<f32>(&[]).is_nan());
    assert_eq!(kiln::var(&[3.0]), 0.0);
    assert_eq!(kiln::var(&[1.0, 2.0, 3.0, 4.0]), 1.25);
    assert!(kiln::var(&[1.0, nan]).is_nan());
    assert!(kiln::var(&[1.0, f64::INFINITY]).is_nan());
    assert_eq!(kiln::argmin(&[3.0, -0.0, 0.0]), 1);
    assert_eq!(kiln::argmin(&[0.0, -0.0]), 0);
    assert_eq!(kiln::argmax(&[1.0, nan, 9.0, nan]), 1);
    assert_eq!(
        (kiln::argmin(&[4u8, 2, 2]), kiln::argmax(&[-4i8, -2, -2])),
        (1, 1)
    );
    assert!(!kiln::any(&[]) && kiln::all(&[]) && kiln::count(&[]) == 0);
    // As scipy.special.logsumexp.
    let (inf, least) = (f64::INFINITY, f64::NEG_INFINITY);
    assert_eq!(kiln::logsumexp::<f64>(&[]), least);
    assert_eq!(kiln::logsumexp(&[least, least]), least);
    assert_eq!(kiln::logsumexp(&[1.0, inf]), inf);
    assert!(kiln::logsumexp(&[1.0, nan]).is_nan());
    assert_eq!(kiln::logsumexp(&[-2000.0]), -2000.0);
    assert_eq!(
        kiln::logsumexp(&[1e4f32, 1e4]),
        1e4 + std::f32::consts::LN_2
    );
}

/// Against the variance of the same numbers near zero.
#[test]
fn a_variance_keeps_its_digits_far_from_zero() {
    let x: Vec<f64> = (0..10_000).map(|i| 1e8 + f64::from(i % 7)).collect();
    let mean = x.iter().map(|x| x - 1e8).sum::<f64>() / 1e4;
    let exact = x.iter().map(|x| (x - 1e8 - mean).powi(2)).sum::<f64>() / 1e4;
    assert!((kiln::var(&x) / exact - 1.0).abs() < 1e-9, "{exact}");
}

#[test]
#[cfg(feature = "jit")]
fn their_loops_run_on_vectors() {
    let level = Engine::default().level();
    if level.is_none_or(|level| level == kiln::Level::One) {
        return;
    }
    for (name, report, loops) in [
        ("var", spread::kernel().explain(), 2),
        ("logsumexp", soft_max::kernel().explain(), 2),
        ("places", places::kernel().explain(), 4),
        ("truths", truths::kernel().explain(), 3),
    ] {
        let report = report.unwrap().report;
        let found = report.matches("round(s) at once").count();
        assert!(found >= loops, "{name}: {report}");
    }
}
