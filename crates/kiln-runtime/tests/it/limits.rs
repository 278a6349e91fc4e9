//! Limits: each names itself and both numbers.

use crate::funcs::func;
use kiln_ir::{FuncBuilder, Op, Scalar};
use kiln_runtime::{Engine, Limits, RuntimeError};
use std::time::{Duration, Instant};

fn chain(op: Op, len: usize) -> kiln_ir::Func {
    let mut b = FuncBuilder::new("chain");
    let first = b.scalar_param("x", Scalar::F64);
    let mut x = first;
    for _ in 0..len {
        let args = [x, first];
        x = b.op(op, &args[..op.arity()]);
    }
    b.finish(&[x])
}

#[test]
fn too_many_inputs() {
    let params: Vec<String> = (0..1_025).map(|i| format!("x{i}: f64")).collect();
    let text = format!(
        "func @f({}) -> f64 {{\n    return x0\n}}",
        params.join(", ")
    );
    let error = Engine::default().scalar(func(&text)).unwrap_err();
    assert_eq!(error.to_string(), "1025 inputs exceed the limit of 1024");
    let engine = Engine::builder().limits(Limits::trusted()).build();
    assert!(engine.scalar(func(&text)).is_ok());
}

#[test]
fn what_would_compile_too_long_is_refused_at_once() {
    let engine = Engine::default();
    let (long, start) = (chain(Op::Exp, 4_000), Instant::now());
    for error in [
        engine.scalar(long.clone()).err(),
        engine.columns(long).err(),
    ] {
        let Some(RuntimeError::Limit { found, limit, .. }) = error else {
            panic!("{error:?}");
        };
        assert!(found > limit && limit == engine.limits().expanded_nodes());
    }
    assert!(
        start.elapsed() < Duration::from_millis(50),
        "{:?}",
        start.elapsed()
    );
    let million = chain(Op::Add, 1_000_000);
    let start = Instant::now();
    assert!(matches!(
        engine.scalar(million),
        Err(RuntimeError::Limit { .. })
    ));
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}
