//! Widening: the same bits as row by row, and a reason where it is refused.

use super::reference::{Arg, float_edges, random_bits, run};
use kiln_ir::{Column, Const, Func, FuncBuilder, Op, Scalar, elementwise, parse, verify};
use kiln_opt::{NotWidened, OptConfig, block_lanes, optimize, widen};

#[test]
fn exp_prints() {
    let mut b = FuncBuilder::new("f");
    let x = b.scalar_param("x", Scalar::F64);
    let y = b.op(Op::Exp, &[x]);
    let rows = elementwise(&b.finish(&[y]), &[Column::Contiguous]);
    let o = optimize(&rows, &OptConfig::default()).unwrap();
    let w = widen(&o.func, 8).unwrap();
    verify(&w).unwrap();
    println!("{}\n{}\n{}", o.func, w, o.report);
}
