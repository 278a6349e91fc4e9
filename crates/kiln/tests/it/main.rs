//! The facade from outside: binding, verbs, records, the builder, errors.

#![forbid(unsafe_code)]

mod arrays;
#[cfg(feature = "macros")]
mod axis;
mod binding;
mod borders;
mod builder;
mod dispatcher;
mod errors;
mod random;
mod records;
#[cfg(feature = "macros")]
mod reductions;
mod scans;
mod sizes;
mod threads;
mod totals;
#[cfg(feature = "macros")]
mod vectors;
mod verbs;

use kiln::{Engine, Formula, Tier};

fn formula(text: &str) -> Formula {
    text.parse().expect("the formula is in order")
}

/// One engine per tier, so that every test sees both.
fn engines() -> [Engine; 2] {
    [Tier::Interpreter, Tier::Native].map(|tier| Engine::builder().tier(tier).build())
}

/// Where calls on an engine run: without native code, in the interpreter.
fn tier(engine: &Engine) -> Tier {
    match cfg!(feature = "jit") {
        true => engine.tier(),
        false => Tier::Interpreter,
    }
}

fn is_handle<T: Clone + Send + Sync + std::fmt::Debug>() {}

#[test]
fn handles_are_cheap_to_share() {
    is_handle::<Engine>();
    is_handle::<Formula>();
    is_handle::<kiln::Func>();
    is_handle::<kiln::Kernel>();
    is_handle::<kiln::Positional>();
    is_handle::<kiln::Typed<fn(f64) -> f64>>();
    is_handle::<kiln::RecordKernel<records::Line, f64>>();
    is_handle::<kiln::Error>();
}
