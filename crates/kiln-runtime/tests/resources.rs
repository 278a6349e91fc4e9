//! What kernels cost the process: time, memory, mappings. A binary of its own
//! whose tests run one at a time, because they look at the whole process.

#![cfg(all(target_os = "linux", feature = "jit"))]
#![allow(clippy::print_stdout, reason = "what was measured, for whoever asks")]
#![allow(missing_docs, reason = "tests are not documented item by item")]

use kiln_ir::{Func, FuncBuilder, Op, Scalar, parse};
use kiln_runtime::{Engine, Ran, Tier};
use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The square of x plus a number of its own for each `i`.
fn square(i: u64) -> Func {
    let text = format!(
        "func @square(x: f64) -> f64 {{
            v0 = add x, {i}.0
            v1 = mul v0, v0
            return v1
        }}"
    );
    parse(&text).unwrap()
}

fn squared(i: u64) -> f64 {
    (1.0 + i as f64) * (1.0 + i as f64)
}

/// The word of this number in a file of the process.
fn word(file: &str, number: usize) -> usize {
    let text = fs::read_to_string(format!("/proc/self/{file}")).unwrap();
    text.split_whitespace()
        .nth(number)
        .and_then(|word| word.parse().ok())
        .unwrap()
}

/// Resident memory, in bytes.
fn resident() -> usize {
    word("statm", 1) * 4096
}

/// Processor time of the process, in ticks of 10 ms.
fn processor_time() -> Duration {
    // User and system time; the name of the program holds no space.
    let ticks = word("stat", 13) + word("stat", 14);
    Duration::from_millis(10 * ticks as u64)
}

fn mappings() -> Vec<String> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().map(str::to_owned).collect()
}

#[test]
fn no_memory_is_writable_and_executable() {
    let _alone = alone();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let compiling = scope.spawn(|| {
            let engine = Engine::builder().cache_entries(8).build();
            for i in 0..300 {
                engine.scalar(square(i)).unwrap().prepare().unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut looks = 0;
        while !done.load(Ordering::Relaxed) && !compiling.is_finished() {
            for line in mappings() {
                let bits = line.split_whitespace().nth(1).unwrap();
                assert!(!(bits.contains('w') && bits.contains('x')), "{line}");
            }
            looks += 1;
        }
        assert!(looks > 10);
    });
}

#[test]
fn code_is_mapped_while_it_is_held() {
    let _alone = alone();
    // Anonymous ones: no path behind the inode.
    let is_code = |line: &&String| line.contains("r-xp") && line.split_whitespace().count() == 5;
    let count = || mappings().iter().filter(is_code).count();
    let engine = Engine::default();
    let before = count();
    let kernel = engine.scalar(square(1)).unwrap();
    let code = kernel.prepare().unwrap();
    assert!(code.code_bytes() > 0);
    assert_eq!(engine.stats().code_bytes, 4096);
    assert_eq!(count(), before + 1);
    drop((code, kernel));
    assert_eq!(count(), before + 1, "the cache holds it");
    engine.clear_cache();
    assert_eq!(engine.stats().code_bytes, 0);
    assert_eq!(count(), before);
}

/// Compiles, runs and drops `funcs` different functions; gives the growth of
/// resident memory, of mappings and of threads after the first fifth.
fn churn(funcs: u64) -> (usize, usize, usize) {
    let engine = Engine::builder().cache_entries(64).build();
    let column = [1.0, 2.0, 3.0];
    let now = || {
        let threads = fs::read_dir("/proc/self/task").unwrap().count();
        (resident(), mappings().len(), threads)
    };
    let mut warm = now();
    for i in 0..funcs {
        if i == funcs / 5 {
            warm = now();
        }
        if i % 2 == 0 {
            let kernel = engine.scalar(square(i)).unwrap();
            let typed = kernel.typed::<fn(f64) -> f64>().unwrap();
            assert_eq!(typed.call(1.0), squared(i));
        } else {
            let kernel = engine.columns(square(i)).unwrap();
            let (out, _) = kernel.map_one::<f64>(&mut [(&column).into()]).unwrap();
            assert_eq!(out[0], squared(i));
        }
    }
    let stats = engine.stats();
    assert_eq!(stats.compiles, funcs);
    assert!(stats.fallbacks.is_empty(), "{:?}", stats.fallbacks);
    let end = now();
    (
        end.0.saturating_sub(warm.0),
        end.1.saturating_sub(warm.1),
        end.2.saturating_sub(warm.2),
    )
}

fn check_churn(funcs: u64) {
    let _alone = alone();
    let (bytes, mappings, threads) = churn(funcs);
    println!("{funcs} functions: {bytes} bytes, {mappings} mappings, {threads} threads");
    assert!(bytes < 8 << 20, "{bytes} bytes");
    assert!(mappings < 32, "{mappings} mappings");
    assert_eq!(threads, 0);
}

#[test]
fn thousands_of_functions_do_not_leak() {
    check_churn(5_000);
}

#[test]
#[ignore = "takes half a minute"]
fn fifty_thousand_functions_do_not_leak() {
    check_churn(50_000);
}

fn chain(op: Op, len: usize) -> Func {
    let mut b = FuncBuilder::new("chain");
    let first = b.scalar_param("x", Scalar::F64);
    let mut x = first;
    for _ in 0..len {
        let args = [x, first];
        x = b.op(op, &args[..op.arity()]);
    }
    b.finish(&[x])
}

/// The longest chain of an op that the default limits let in.
fn longest(op: Op) -> usize {
    let engine = Engine::default();
    let (mut least, mut most) = (1, 100_000);
    while least + 1 < most {
        let middle = usize::midpoint(least, most);
        match engine.scalar(chain(op, middle)) {
            Ok(_) => least = middle,
            Err(_) => most = middle,
        }
    }
    least
}

#[test]
fn what_is_let_in_compiles_within_the_budget() {
    let _alone = alone();
    for op in [Op::Add, Op::Mul, Op::Sqrt, Op::Exp, Op::Sin, Op::Pow] {
        let len = longest(op);
        for is_columns in [false, true] {
            let (engine, func) = (Engine::default(), chain(op, len));
            let start = processor_time();
            let code = match is_columns {
                false => engine.scalar(func).unwrap().prepare(),
                true => engine.columns(func).unwrap().prepare(),
            };
            let took = processor_time() - start;
            let (name, fallbacks) = (op.name(), engine.stats().fallbacks);
            println!("{len} x {name}, columns {is_columns}: {took:?}, {fallbacks:?}");
            assert!(code.is_some(), "{len} x {name}: {fallbacks:?}");
            // Twice the budget, as this machine may be slower.
            let budget = engine.limits().compile;
            assert!(took < 2 * budget, "{len} x {name}: {took:?}");
        }
    }
}

/// Set in a process that a test has started for another test.
const CHILD: &str = "KILN_RUNTIME_TEST_CHILD";

/// Runs a test of this binary that is ignored elsewhere, in a process of its
/// own.
fn in_a_child(test: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", test, "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "{text}");
}

#[test]
fn where_executable_memory_is_denied_the_interpreter_answers() {
    let _alone = alone();
    in_a_child("child_without_executable_memory");
}

#[test]
#[ignore = "changes its process; run by another test"]
#[expect(unsafe_code, reason = "asking the system to deny executable memory")]
fn child_without_executable_memory() {
    if std::env::var_os(CHILD).is_none() {
        // Asked for by name in a process that others use.
        return;
    }
    // SAFETY: a system call on plain numbers.
    let denied = unsafe {
        libc::prctl(
            libc::PR_SET_MDWE,
            libc::PR_MDWE_REFUSE_EXEC_GAIN as libc::c_ulong,
            0,
            0,
            0,
        )
    };
    if denied != 0 {
        println!("this kernel cannot deny executable memory");
        return;
    }
    let engine = Engine::default();
    let kernel = engine.scalar(square(3)).unwrap();
    let typed = kernel.typed::<fn(f64) -> f64>().unwrap();
    for _ in 0..1_000 {
        assert_eq!(typed.call(1.0), squared(3));
    }
    assert_eq!(typed.ran(), Ran::INTERPRETED);
    let columns = engine.columns(square(3)).unwrap();
    let (out, ran) = columns.map_one::<f64>(&mut [(&[1.0; 9]).into()]).unwrap();
    assert_eq!((out, ran.tier), (vec![squared(3); 9], Tier::Interpreter));
    let stats = engine.stats();
    assert!(stats.compiles <= 4, "no storm of tries: {stats:?}");
    assert_eq!(stats.code_bytes, 0);
    let reason = stats.fallbacks.keys().next().unwrap();
    assert!(reason.contains("executable"), "{reason}");
}
