//! Kernels as C functions, called by code that knows a pointer and a context.

#![allow(
    unsafe_code,
    reason = "a C function is called, as a library of C would"
)]

use kiln_runtime::{Engine, Tier, Typed};
use std::ffi::c_void;

/// What a library of C declares: a function of a number and whatever its
/// caller wants to have with it.
type Integrand = unsafe extern "C" fn(f64, *const c_void) -> f64;

/// The integral by the midpoint rule.
///
/// # Safety
/// `f` may be called with `context`.
unsafe extern "C" fn integral(f: Integrand, context: *const c_void, lo: f64, hi: f64) -> f64 {
    const STEPS: i32 = 1000;
    let width = (hi - lo) / f64::from(STEPS);
    let at = |step: i32| lo + width * (f64::from(step) + 0.5);
    // SAFETY: the caller says so.
    let values = (0..STEPS).map(|step| unsafe { f(at(step), context) });
    values.sum::<f64>() * width
}

fn typed<F: kiln_runtime::Function>(engine: &Engine, text: &str) -> Typed<F> {
    let func = kiln_ir::parse(text).unwrap();
    engine.scalar(func).unwrap().typed::<F>().unwrap()
}

#[test]
fn a_library_of_c_calls_a_kernel() {
    let engine = Engine::default();
    // Large arguments of a sine take a helper, which the context leads to.
    let wave =
        "func @wave(x: f64) -> f64 { v0 = mul x, 1e9 v1 = sin v0 v2 = mul v1, v1 return v2 }";
    let wave = typed::<fn(f64) -> f64>(&engine, wave);
    let c = wave.as_c().expect("native code");
    drop(engine);
    // SAFETY: `wave` lives, and the context is the function's own.
    let sum = unsafe { integral(c.pointer(), c.context(), 0.0, 1.0) };
    let expected = {
        let width = 1.0 / 1000.0;
        let at = |step: i32| width * (f64::from(step) + 0.5);
        (0..1000).map(|step| wave.call(at(step))).sum::<f64>() * width
    };
    assert_eq!(sum.to_bits(), expected.to_bits());
    assert!((0.4..0.6).contains(&sum), "{sum}");
}

#[test]
fn other_types_other_tiers_and_other_threads() {
    let engine = Engine::default();
    let text = "func @shift(x: i32, by: u8, up: bool) -> i32 {
        v0 = cast.i32 by
        v1 = neg v0
        v2 = select up, v0, v1
        v3 = add x, v2
        return v3
    }";
    let shift = typed::<fn(i32, u8, bool) -> i32>(&engine, text);
    let c = shift.as_c().expect("native code");
    // Who holds it has native code, whatever the engine does.
    engine.set_tier(Tier::Interpreter);
    assert!(shift.as_c().is_none(), "none is given out then");
    let (pointer, context) = (c.pointer(), c.context().expose_provenance());
    let shifted = std::thread::scope(|scope| {
        let call = move || {
            let context = std::ptr::with_exposed_provenance(context);
            // SAFETY: `shift` lives longer than the scope.
            unsafe { pointer(-40, 200, true, context) + pointer(5, 7, false, context) }
        };
        scope.spawn(call).join().unwrap()
    });
    assert_eq!(shifted, 158);
}
