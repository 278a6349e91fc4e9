//! The cache under many threads, many keys and a small bound.

use crate::funcs::{QUADRATIC, WAVE, func};
use kiln_runtime::{Engine, Tier};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

/// x plus a number of its own for each `i`.
fn add(i: u64) -> kiln_ir::Func {
    func(&format!(
        "func @add(x: f64) -> f64 {{\n    v0 = add x, {i}.0\n    v1 = mul v0, v0\n    return v1\n}}"
    ))
}

#[test]
fn sixty_four_threads_make_one_compile() {
    const THREADS: usize = 64;
    for _ in 0..10 {
        let engine = Engine::default();
        let barrier = Barrier::new(THREADS);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (engine, barrier) = (&engine, &barrier);
                scope.spawn(move || {
                    let kernel = engine.scalar(func(QUADRATIC)).unwrap();
                    let typed = kernel.typed::<fn(f64, f64, f64) -> f64>().unwrap();
                    barrier.wait();
                    assert_eq!(typed.call(1.0, 2.0, 3.0), -1.0, "thread {thread}");
                });
            }
        });
        let stats = engine.stats();
        assert_eq!((stats.compiles, stats.misses), (1, 1));
        assert_eq!(stats.hits, THREADS as u64 - 1);
        assert!(stats.fallbacks.is_empty(), "{stats:?}");
    }
}

#[test]
fn a_bounded_cache_evicts_and_kernels_keep_their_code() {
    let engine = Engine::builder().cache_entries(16).build();
    let first = engine.scalar(add(0)).unwrap();
    let typed = first.typed::<fn(f64) -> f64>().unwrap();
    assert_eq!(typed.call(2.0), 4.0);
    for i in 1..200 {
        let kernel = engine.scalar(add(i)).unwrap();
        let typed = kernel.typed::<fn(f64) -> f64>().unwrap();
        assert_eq!(typed.call(1.0), (1.0 + i as f64) * (1.0 + i as f64));
        assert!(engine.stats().entries <= 16);
    }
    let stats = engine.stats();
    assert_eq!(stats.compiles, 200);
    assert_eq!(stats.evictions as usize + stats.entries, 200);
    // One page each, and the evicted one that is held.
    assert!(stats.code_bytes <= 17 * 4096, "{}", stats.code_bytes);
    assert_eq!(typed.call(3.0), 9.0, "evicted long ago");
    drop((typed, first));
    engine.clear_cache();
    let stats = engine.stats();
    assert_eq!((stats.entries, stats.code_bytes), (0, 0));
}

#[test]
fn bytes_bound_the_cache_as_well() {
    let engine = Engine::builder().cache_bytes(100_000).build();
    for i in 0..100 {
        engine.scalar(add(i)).unwrap().prepare();
        assert!(engine.stats().code_bytes <= 100_000);
    }
    assert!(engine.stats().evictions > 50);
}

#[test]
fn evicting_while_calling_is_safe() {
    let engine = Engine::builder().cache_entries(4).build();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..6u64 {
            let (engine, stop) = (&engine, &stop);
            scope.spawn(move || {
                let mut i = thread;
                while !stop.load(Ordering::Relaxed) {
                    i = (i * 7 + 1) % 23;
                    let kernel = engine.scalar(add(i)).unwrap();
                    let typed = kernel.typed::<fn(f64) -> f64>().unwrap();
                    for _ in 0..100 {
                        assert_eq!(typed.call(1.0), (1.0 + i as f64) * (1.0 + i as f64));
                    }
                    let columns = engine.columns(func(WAVE)).unwrap();
                    let x = [0.0; 21];
                    let (zeros, _) = columns
                        .map_one::<f64>(&mut [(&x).into(), 0.0.into()])
                        .unwrap();
                    assert_eq!(zeros, x);
                }
            });
        }
        for _ in 0..200 {
            engine.clear_cache();
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        stop.store(true, Ordering::Relaxed);
    });
    engine.clear_cache();
    assert_eq!(engine.stats().code_bytes, 0);
}

#[test]
fn the_interpreter_tier_compiles_nothing() {
    let engine = Engine::builder().tier(Tier::Interpreter).build();
    let kernel = engine.scalar(func(QUADRATIC)).unwrap();
    let typed = kernel.typed::<fn(f64, f64, f64) -> f64>().unwrap();
    assert_eq!(typed.call(1.0, 2.0, 3.0), -1.0);
    assert_eq!(engine.stats().compiles, 0);
}
