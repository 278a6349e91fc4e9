//! The column of passes: which run, what they report, where they stop.

use kiln_ir::{CallArg, Func, FuncBuilder, Op, Scalar, verify};
use kiln_opt::{OptConfig, OptError, optimize, optimize_traced};
use std::sync::Arc;

/// `f(x) = exp(g(x))` with `g(x) = x * 1`.
fn calls_and_functions() -> Func {
    let mut b = FuncBuilder::new("g");
    let x = b.scalar_param("x", Scalar::F64);
    let one = b.f64(1.0);
    let y = b.op(Op::Mul, &[x, one]);
    let g = Arc::new(b.finish(&[y]));
    let mut b = FuncBuilder::new("f");
    let x = b.scalar_param("x", Scalar::F64);
    let g = b.callee(g);
    let y = b.call(g, &[CallArg::Value(x)])[0];
    let y = b.op(Op::Exp, &[y]);
    b.finish(&[y])
}

#[test]
fn every_pass_is_traced_and_reported() {
    let mut traced = Vec::new();
    let config = OptConfig::default().verify(true);
    let optimized = optimize_traced(&calls_and_functions(), &config, &mut |pass, func| {
        verify(func).unwrap();
        traced.push((pass, func.node_count()));
    })
    .unwrap();
    let passes = traced.iter().map(|&(pass, _)| pass);
    assert_eq!(
        passes.collect::<Vec<_>>(),
        ["inline", "rules", "expand", "rules"]
    );
    let report = &optimized.report;
    let reported = report.passes.iter().map(|p| (p.name, p.nodes));
    assert_eq!(reported.collect::<Vec<_>>(), traced);
    assert_eq!((report.calls_inlined, report.functions_expanded), (1, 1));
    assert_eq!(report.fired("one-right"), 1);
    let text = report.to_string();
    assert!(text.contains("one-right x1"), "{text}");
    assert!(optimized.func.callees().is_empty());
}

#[test]
fn a_func_beyond_the_limit_names_pass_and_limit() {
    let config = OptConfig::default().nodes_max(20);
    let error = optimize(&calls_and_functions(), &config).unwrap_err();
    let OptError::TooLarge { pass, nodes, limit } = error else {
        panic!("{error}")
    };
    assert_eq!((pass, limit), ("expand", 20));
    assert!(nodes > limit);
}

#[test]
fn the_same_func_gives_the_same_text() {
    let config = OptConfig::default();
    let texts: Vec<String> = (0..3)
        .map(|_| {
            optimize(&calls_and_functions(), &config)
                .unwrap()
                .func
                .to_string()
        })
        .collect();
    assert_eq!(texts[0], texts[1]);
    assert_eq!(texts[0], texts[2]);
}
