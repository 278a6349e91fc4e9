//! The caller's floating-point environment changes no bit, and comes back.

#![allow(unsafe_code, reason = "a test must be able to poison MXCSR")]

use crate::funcs::{QUADRATIC, WAVE, columns, func, interpreter, native_engines, same};
use kiln_ir::{Const, Scalar};
use kiln_runtime::Buffer;
use std::arch::asm;

fn read() -> u32 {
    let mut mxcsr = 0u32;
    // SAFETY: stores to a local.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut mxcsr) };
    mxcsr
}

fn write(mxcsr: u32) {
    // SAFETY: loads from a local; the values below set no reserved bit.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const mxcsr) };
}

/// Flush to zero with denormals are zero; round down, up, to zero; with
/// exceptions unmasked: division by zero, overflow, underflow, inexact.
const POISONS: [u32; 5] = [0x9fc0, 0x3f80, 0x5f80, 0x7f80, 0x1f80 & !0x1e00];

#[test]
fn a_poisoned_environment_changes_nothing() {
    let quadratic = func(QUADRATIC);
    let wave = func(WAVE);
    let inputs = columns(&wave, 203, 9);
    for engine in native_engines().into_iter().chain([interpreter()]) {
        let run = |poison: u32| {
            // Compiled anew, under the poison as well.
            engine.clear_cache();
            let scalar = engine.scalar(quadratic.clone()).unwrap();
            let mapped = engine.columns(wave.clone()).unwrap();
            let mut args: Vec<_> = inputs.iter().map(crate::funcs::arg).collect();
            let mut root = [Const::zero(Scalar::F64)];
            let point = [1e-310, 3.0, 0.1].map(Const::f64);
            write(poison);
            let called = scalar.call(&point, &mut root);
            let columns = mapped.map(&mut args);
            let after = read();
            write(0x1f80);
            assert_eq!(after & !0x3f, poison & !0x3f, "the caller's is back");
            assert_eq!(called.unwrap().tier, engine.tier());
            let (columns, ran) = columns.unwrap();
            assert_eq!(ran.tier, engine.tier());
            (root, columns)
        };
        let (root, clean): ([Const; 1], Vec<Buffer>) = run(0x1f80);
        for poison in POISONS {
            let (poisoned_root, poisoned) = run(poison);
            assert_eq!(poisoned_root, root, "{poison:#x}");
            assert!(same(&poisoned[0], &clean[0]), "{poison:#x}");
        }
    }
}
