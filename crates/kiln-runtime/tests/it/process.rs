//! What the process sees: memory that is never writable and executable at
//! once, and memory that comes back.

use crate::cache::add;
use crate::funcs::{QUADRATIC, func};
use kiln_runtime::Engine;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

/// Permissions of every mapping.
fn permissions() -> Vec<String> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines()
        .filter_map(|line| line.split_whitespace().nth(1))
        .map(str::to_owned)
        .collect()
}

/// Resident memory, in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok())
        .unwrap();
    pages * 4096
}

#[test]
fn no_memory_is_writable_and_executable() {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let compiling = scope.spawn(|| {
            let engine = Engine::builder().cache_entries(8).build();
            for i in 0..300 {
                engine.scalar(add(i)).unwrap().prepare().unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut looks = 0;
        while !done.load(Ordering::Relaxed) && !compiling.is_finished() {
            for bits in permissions() {
                assert!(!(bits.contains('w') && bits.contains('x')), "{bits}");
            }
            looks += 1;
        }
        assert!(looks > 10);
    });
}

#[test]
fn code_stands_in_executable_memory_while_it_is_held() {
    let executable = || {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        // Anonymous ones: no path behind the inode.
        maps.lines()
            .filter(|line| line.contains("r-xp") && line.split_whitespace().count() == 5)
            .count()
    };
    let engine = Engine::default();
    let kernel = engine.scalar(func(QUADRATIC)).unwrap();
    let code = kernel.prepare().unwrap();
    assert!(code.code_bytes() > 0 && executable() > 0);
    assert_eq!(engine.stats().code_bytes, 4096);
    drop((code, kernel));
    engine.clear_cache();
    assert_eq!(engine.stats().code_bytes, 0);
}

/// Compiles, runs and drops `funcs` different functions; gives the growth of
/// resident memory after the first fifth.
fn churn(funcs: u64) -> usize {
    let engine = Engine::builder().cache_entries(64).build();
    let column = [1.0, 2.0, 3.0];
    let mut warm = 0;
    for i in 0..funcs {
        if i == funcs / 5 {
            warm = resident();
        }
        let expected = (1.0 + i as f64) * (1.0 + i as f64);
        if i % 2 == 0 {
            let kernel = engine.scalar(add(i)).unwrap();
            let typed = kernel.typed::<fn(f64) -> f64>().unwrap();
            assert_eq!(typed.call(1.0), expected);
        } else {
            let kernel = engine.columns(add(i)).unwrap();
            let (out, _) = kernel.map_one::<f64>(&mut [(&column).into()]).unwrap();
            assert_eq!(out[0], expected);
        }
    }
    let stats = engine.stats();
    assert_eq!(stats.compiles, funcs);
    assert!(stats.fallbacks.is_empty(), "{:?}", stats.fallbacks);
    resident().saturating_sub(warm)
}

#[test]
fn churn_does_not_leak() {
    let growth = churn(2_000);
    assert!(growth < 4 << 20, "{growth} bytes");
}

#[test]
#[ignore = "takes a minute or two"]
fn fifty_thousand_functions_do_not_leak() {
    let growth = churn(50_000);
    println!("{growth} bytes");
    assert!(growth < 8 << 20, "{growth} bytes");
}
