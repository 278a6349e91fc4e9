//! Calls in pieces on several threads: the bits of one thread, the lowest
//! failure, and pools inside pools.

use crate::funcs::{CHECKED, MIXED, QUADRATIC, TWO, WAVE, arg, columns, func, same};
use kiln_ir::FaultKind;
use kiln_runtime::{
    ColumnArg, ColumnKernel, ColumnView, Engine, EngineBuilder, Level, RuntimeError, SliceMut,
    Tier, View,
};
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use std::time::Duration;

/// An engine for each level that the processor has, and one that interprets,
/// with a budget of threads and small pieces.
pub(crate) fn engines(threads: usize, piece_work: u64) -> Vec<Engine> {
    let with = |builder: EngineBuilder| {
        let builder = builder.threads(threads).piece_work(piece_work);
        builder.parallel(true).build()
    };
    let best = Engine::default().level();
    let levels = Level::ALL.into_iter().filter(|&level| Some(level) <= best);
    levels
        .map(|level| with(Engine::builder().level(level)))
        .chain([with(Engine::builder().tier(Tier::Interpreter))])
        .collect()
}

#[test]
fn any_number_of_threads_and_pieces_gives_the_bits_of_one() {
    for threads in 1..=8 {
        for piece_work in [1, 100, 3_000] {
            for engine in engines(threads, piece_work) {
                for text in [QUADRATIC, WAVE, MIXED, TWO] {
                    let func = func(text);
                    let kernel = engine.columns(func.clone()).unwrap();
                    for rows in [0, 1, 2, 31, 64, 97, 130, 1_025, 4_099] {
                        let inputs = columns(&func, rows, 11 + rows as u64);
                        let mut args: Vec<ColumnArg<'_>> = inputs.iter().map(arg).collect();
                        let (found, ran) = kernel.map(&mut args).unwrap();
                        assert_eq!(ran.tier, engine.tier());
                        let (expected, _) = kernel.parallel(false).map(&mut args).unwrap();
                        let alike = found.iter().zip(&expected).all(|(a, b)| same(a, b));
                        assert!(alike, "{rows} rows of {text} on {threads}, {piece_work}");
                    }
                }
                assert_eq!(engine.stats().parallel > 0, threads > 1);
            }
        }
    }
}

#[test]
fn gathered_and_updated_columns_are_cut_as_well() {
    for engine in engines(4, 1) {
        let rows = 5_003;
        let inputs = columns(&func(WAVE), rows, 3);
        let kernel = engine.columns(func(WAVE)).unwrap();
        let mut args: Vec<ColumnArg<'_>> = inputs.iter().map(arg).collect();
        let (expected, _) = kernel.parallel(1).map(&mut args).unwrap();
        assert_eq!(engine.stats().parallel, 0);
        let (kiln_runtime::Buffer::F64(x), kiln_runtime::Buffer::F64(y)) = (&inputs[0], &inputs[1])
        else {
            panic!("f64 columns");
        };
        let pairs: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
        let mut fields = [
            ColumnView::field(&pairs, |pair| pair.0).into(),
            ColumnView::field(&pairs, |pair| pair.1).into(),
        ];
        let (found, _) = kernel.map(&mut fields).unwrap();
        assert!(same(&found[0], &expected[0]));
        let mut updated = x.clone();
        let mut args = [
            ColumnArg::Update(SliceMut::F64(&mut updated), 0),
            ColumnArg::from(y),
        ];
        kernel.map_into(&mut args, &mut []).unwrap();
        drop(args);
        assert!(same(&kiln_runtime::Buffer::F64(updated), &expected[0]));
        assert_eq!(engine.stats().parallel, 2);
    }
}

#[test]
fn maps_over_arrays_are_cut_as_well() {
    let x: Vec<f64> = (0..5_000).map(|i| f64::from(i) / 7.0).collect();
    let turned = View::strided(&x, 0, [100, 50], [1, 100]).unwrap();
    let row = View::new(&x[..50], [50]).unwrap();
    for engine in engines(3, 1) {
        let kernel = engine.columns(func(WAVE)).unwrap();
        let args = [turned.into(), row.into()];
        let found = kernel.map_arrays(&args).unwrap();
        assert_eq!(engine.stats().parallel, 1);
        let expected = kernel.parallel(false).map_arrays(&args).unwrap();
        assert_eq!(found.shape, [100, 50]);
        assert!(same(&found.outputs[0], &expected.outputs[0]));
    }
}

#[test]
fn the_lowest_failing_row_is_reported_whoever_finds_one_first() {
    for threads in [2, 3, 8] {
        for engine in engines(threads, 50) {
            let kernel = engine.columns(func(CHECKED)).unwrap();
            let rows = 6_000usize;
            let a: Vec<i64> = (0..rows as i64).collect();
            for failing in [[0, 5_999], [17, 1_900], [2_999, 3_001], [5_998, 5_999]] {
                let mut b = vec![5; rows];
                failing.iter().for_each(|&row| b[row] = i64::MAX);
                b[0] = if failing[0] == 0 { i64::MAX } else { 5 };
                // Row 0 adds nothing to the greatest number.
                let lowest = if failing[0] == 0 { 5_999 } else { failing[0] };
                for _ in 0..5 {
                    let mut out = vec![-99; rows];
                    let mut args = [(&a).into(), (&b).into()];
                    let done = kernel.map_into(&mut args, &mut [SliceMut::I64(&mut out)]);
                    let Err(RuntimeError::Fault(fault)) = done else {
                        panic!("row {lowest} overflows");
                    };
                    assert_eq!((fault.kind, fault.row), (FaultKind::Overflow, Some(lowest)));
                    assert!((0..lowest).all(|row| out[row] == a[row].wrapping_add(b[row])));
                    assert_eq!(out[lowest], -99);
                    assert!(kernel.map(&mut args).is_err(), "fresh outputs are dropped");
                }
            }
            assert!(engine.stats().parallel > 0);
        }
    }
}

/// The sum of a call's one column.
fn total(kernel: &ColumnKernel, x: &[f64]) -> f64 {
    let mut args = [x.into(), x.into(), 1.0.into()];
    let (column, _) = kernel.map_one::<f64>(&mut args).unwrap();
    column.iter().sum()
}

/// Ends the process instead of waiting for ever.
fn within_a_minute(work: impl FnOnce() + Send) {
    let (done, ended) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        let late = ended.recv_timeout(Duration::from_secs(60));
        if late == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            std::process::abort();
        }
    });
    work();
    drop(done);
    watch.join().unwrap();
}

#[test]
fn calls_inside_of_pools_and_from_many_threads_all_end() {
    let x: Vec<f64> = (0..3_000).map(f64::from).collect();
    for engine in engines(3, 1) {
        let kernel = engine.columns(func(QUADRATIC)).unwrap();
        let expected = total(&kernel.parallel(false), &x).to_bits();
        let check = || assert_eq!(total(&kernel, &x).to_bits(), expected);
        within_a_minute(|| {
            // In pools of one and two threads: the caller's pool does it all.
            for threads in [1, 2] {
                let pool = ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| (0..64).into_par_iter().for_each(|_| check()));
            }
            // From more threads than there are in the pool, at once.
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| (0..20).for_each(|_| check()));
                }
            });
            // From inside a column that a call gathers in its own pool.
            let nested = ColumnView::field(&x, |&x| {
                if x % 500.0 == 0.0 {
                    check();
                }
                x
            });
            let mut args = [nested.into(), 0.5.into(), 1.0.into()];
            kernel.map(&mut args).unwrap();
        });
        assert!(engine.stats().parallel > 200);
    }
}

#[test]
fn a_panic_of_the_callers_passes_through() {
    let x: Vec<f64> = (0..3_000).map(f64::from).collect();
    for engine in engines(2, 1) {
        let kernel = engine.columns(func(QUADRATIC)).unwrap();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let broken = ColumnView::field(&x, |&x| match x as usize {
                2_000 => panic!("no such field"),
                _ => x,
            });
            kernel.map(&mut [broken.into(), 0.5.into(), 1.0.into()])
        }));
        assert!(caught.is_err());
        let expected = total(&kernel.parallel(false), &x);
        assert_eq!(total(&kernel, &x).to_bits(), expected.to_bits());
    }
}

#[test]
fn small_calls_stay_on_their_thread() {
    let engine = Engine::builder().threads(8).parallel(true).build();
    let kernel = engine.columns(func(QUADRATIC)).unwrap();
    total(&kernel, &[1.0; 1_000]);
    assert_eq!(engine.stats().parallel, 0);
    total(&kernel, &vec![1.0; 1 << 20]);
    assert_eq!(engine.stats().parallel, 1);
    // Nor does anything else run on several threads unless it is told to.
    let engine = Engine::builder().threads(8).build();
    let kernel = engine.columns(func(QUADRATIC)).unwrap();
    total(&kernel, &vec![1.0; 1 << 20]);
    assert_eq!(engine.stats().parallel, 0);
    total(&kernel.parallel(true), &vec![1.0; 1 << 20]);
    assert_eq!(engine.stats().parallel, 1);
}
