//! Large computations compile within the limits, or fail with the limit named.

use super::{engines, tier};
use kiln::{ArrayMut, Builder, Engine, Error, Func, Limits, Value, Var};

/// `count` stores, each of what the one before stored.
fn statements(count: i64) -> Func {
    let b = Builder::new("statements");
    let y = b.array_mut::<i64, 1>("y");
    for i in 1..=count {
        y.set(i, y.at(i - 1) * 3 + i);
    }
    b.finish().unwrap()
}

#[test]
fn a_thousand_statements() {
    let func = statements(1_000);
    let mut expected = vec![1i64; 1_001];
    for i in 1..=1_000 {
        expected[i] = expected[i - 1].wrapping_mul(3).wrapping_add(i as i64);
    }
    for engine in engines() {
        let engine = trusted(&engine);
        let mut y = vec![1i64; 1_001];
        let kernel = engine.arrays(&func).unwrap();
        let out = kernel.call(&mut [(&mut y).into()]).unwrap();
        assert_eq!(out.ran().tier, tier(&engine));
        assert_eq!(y, expected);
    }
}

/// A loop of two rounds or a condition, and so on inside; counts in `y[0]`
/// how often the innermost block runs.
fn nest(b: &Builder, y: ArrayMut<'_, i64, 1>, round: Var<'_, i64>, depth: usize) {
    if depth == 0 {
        y.set(0, y.at(0) + round + 1);
    } else if depth.is_multiple_of(10) {
        b.for_each(0, 2, |round| nest(b, y, round, depth - 1));
    } else {
        round.lt(2).then(|| nest(b, y, round, depth - 1));
    }
}

fn nested(depth: usize) -> Func {
    let b = Builder::new("nested");
    let y = b.array_mut::<i64, 1>("y");
    let zero = b.input::<i64>("zero");
    nest(&b, y, zero, depth);
    b.finish().unwrap()
}

#[test]
fn sixty_nested_blocks() {
    for engine in engines() {
        let mut y = [0i64];
        let kernel = engine.arrays(&nested(60)).unwrap();
        let out = kernel.call(&mut [(&mut y).into(), 0i64.into()]).unwrap();
        assert_eq!(out.ran().tier, tier(&engine));
        // 6 loops of two rounds; the innermost adds 1 in one and 2 in the other.
        assert_eq!(y, [32 * 3]);
    }
}

#[test]
fn blocks_too_deep_are_refused_by_name() {
    let refused = |depth| Engine::default().arrays(&nested(depth)).err();
    let error = refused(1_000).expect("a limit");
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text += &cause.to_string();
        source = cause.source();
    }
    assert!(text.contains("nest"), "{text}");
}

/// A chain of `nodes` ops that none can be left out of.
fn chain(nodes: usize) -> Func {
    kiln::build(|b| {
        let x = b.input::<f64>("x");
        (0..nodes).fold(x, |sum, i| match i % 3 {
            0 => sum + x,
            1 => sum * 0.5,
            _ => (sum - i as f64).abs(),
        })
    })
    .unwrap()
}

fn trusted(engine: &Engine) -> Engine {
    let builder = Engine::builder().tier(engine.tier());
    builder.limits(Limits::trusted()).build()
}

fn call(engine: &Engine, func: &Func) -> Result<Value, Error> {
    let out = engine.kernel(func).call(&[("x", 1.5)])?;
    assert_eq!(out.ran().tier, tier(engine));
    Ok(out["result"])
}

#[test]
fn ten_thousand_nodes() {
    let func = chain(10_000);
    let results = engines().map(|engine| call(&trusted(&engine), &func).unwrap());
    assert_eq!(results[0], results[1]);
    let error = call(&Engine::default(), &chain(1_000_000)).unwrap_err();
    let text = error.to_string();
    assert!(error.is_limit() && text.contains("nodes"), "{text}");
}
