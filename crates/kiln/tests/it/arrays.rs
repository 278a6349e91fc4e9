//! Computations over arrays, from the builder.

use super::engines;
use kiln::{Builder, Combine, Output, Shape, Value, View};

#[test]
fn nested_loops_carry_values() {
    let b = Builder::new("matmul");
    let (x, y) = (b.strided::<f64, 2>("x"), b.strided::<f64, 2>("y"));
    let z = b.array_mut::<f64, 2>("z");
    b.for_each(0, z.len(), |i| {
        b.for_each(0, z.extent(1), |j| {
            let sum = b.fold(0, y.len(), 0.0, |k, sum| sum + x.at([i, k]) * y.at([k, j]));
            z.set([i, j], sum);
        });
    });
    let matmul = b.finish().unwrap();
    let (x, y) = (
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        [1.0, -1.0, 0.5, 2.0, 0.0, 1.0],
    );
    for engine in engines() {
        let k = engine.arrays(&matmul).unwrap();
        let (x, y) = (
            View::new(&x, [2, 3]).unwrap(),
            View::new(&y, [3, 2]).unwrap(),
        );
        let mut z = Output::new([2, 2]).unwrap();
        k.call(&mut [x.into(), y.into(), (&mut z).into()]).unwrap();
        assert_eq!(z.values(), Some(&[2.0, 6.0, 6.5, 12.0][..]));
        // The transposes, through strides alone.
        let (xt, yt) = (x.permuted([1, 0]).unwrap(), y.permuted([1, 0]).unwrap());
        let mut zt = Output::new([2, 2]).unwrap();
        k.call(&mut [yt.into(), xt.into(), (&mut zt).into()])
            .unwrap();
        assert_eq!(zt.values(), Some(&[2.0, 6.5, 6.0, 12.0][..]));
    }
}

#[test]
fn what_was_stored_before_a_failure_stays() {
    let b = Builder::new("roots");
    let x = b.array::<f64, 1>("x");
    let y = b.array_mut::<f64, 1>("y");
    b.for_each(0, x.len(), |i| {
        b.guard_showing(x.at(i).ge(0.0), "a root of a negative number", (i, x.at(i)));
        y.set(i, x.at(i).sqrt());
    });
    let line = line!() - 2;
    let roots = b.finish().unwrap();
    for engine in engines() {
        let k = engine.arrays(&roots).unwrap();
        let x = [4.0, 9.0, -1.0, 16.0];
        let mut y = [0.0; 4];
        let error = k.call(&mut [(&x).into(), (&mut y).into()]).unwrap_err();
        assert_eq!(y, [2.0, 3.0, 0.0, 0.0]);
        let text = error.to_string();
        assert_eq!(text, "a root of a negative number in @roots: 2, -1.0");
        let mut short = [0.0; 1];
        let error = k.call(&mut [(&x).into(), (&mut short).into()]).unwrap_err();
        let fault = error.fault().unwrap();
        assert_eq!((fault.array(), fault.index()), (Some("y"), Some(1)));
        let site = error.site().unwrap();
        assert_eq!((&*site.file, site.line), (file!(), line));
        assert_eq!(short, [2.0]);
    }
}

#[test]
fn an_access_is_guarded_once_where_the_guard_holds() {
    let b = Builder::new("f");
    let (x, i) = (b.array::<f64, 1>("x"), b.input::<i64>("i"));
    let y = b.array_mut::<f64, 1>("y");
    let squared = x.at(i) * x.at(i);
    squared.gt(1.0).then(|| y.set(i, x.at(i)));
    y.set(i, squared);
    let f = b.finish().unwrap();
    let guards = f.to_string().matches("guard").count();
    assert_eq!(guards, 3, "of y once in the branch and once after it\n{f}");
}

#[test]
fn reductions_have_the_shape_that_is_asked_for() {
    let data: Vec<f64> = (0..3_000).map(|i| 1.0 / f64::from(i + 1)).collect();
    let b = Builder::new("sums");
    let x = b.array::<f64, 1>("x");
    let tree = b.sum(0, x.len(), |i| x.at(i));
    let in_order = b.reduce(Combine::Sum, Shape::InOrder, 0, x.len(), |i| x.at(i));
    let folded = b.fold(0, x.len(), -0.0, |i, sum| sum + x.at(i));
    b.output("tree", tree);
    b.output("in_order", in_order);
    b.output("folded", folded);
    b.output(
        "any",
        b.reduce(Combine::Any, Shape::Tree, 0, x.len(), |i| x.at(i).gt(0.9)),
    );
    let sums = b.finish().unwrap();
    let plain = data.iter().fold(-0.0, |sum, x| sum + x);
    let mut trees = Vec::new();
    for engine in engines() {
        let k = engine.arrays(&sums).unwrap();
        let out = k.call(&mut [(&data).into()]).unwrap();
        assert_eq!(out["in_order"], Value::F64(plain));
        assert_eq!(out["folded"], Value::F64(plain));
        assert_eq!(out["any"], Value::Bool(true));
        trees.push(out["tree"]);
    }
    assert!(trees.iter().all(|tree| *tree == trees[0]), "{trees:?}");

    let b = Builder::new("most");
    let x = b.array::<i32, 1>("x");
    b.output("most", b.greatest(0, x.len(), |i| x.at(i)));
    let most = b.finish().unwrap();
    for engine in engines() {
        let k = engine.arrays(&most).unwrap();
        let out = k.call(&mut [(&[3, -7, 5]).into()]).unwrap();
        assert_eq!(out["most"], Value::I32(5));
        let none: [i32; 0] = [];
        let error = k.call(&mut [(&none).into()]).unwrap_err();
        assert!(
            error.to_string().starts_with("the least or greatest of no"),
            "{error}"
        );
    }
}

#[test]
fn arrays_are_passed_on_by_reference() {
    let b = Builder::new("scale");
    let (a, y) = (b.input::<f64>("a"), b.array_mut::<f64, 1>("y"));
    b.for_each(0, y.len(), |i| y.set(i, a * y.at(i)));
    b.output("count", y.len());
    let scale = b.finish().unwrap();
    let b = Builder::new("twice");
    let y = b.array_mut::<f64, 1>("y");
    let first = b.call::<i64>(&scale, &[b.constant(2.0).into(), y.into()]);
    let second = b.call::<i64>(&scale, &[b.constant(0.5).into(), y.into()]);
    b.output("count", first + second);
    let twice = b.finish().unwrap();
    for engine in engines() {
        let k = engine.arrays(&twice).unwrap();
        let mut y = [1.0, 2.0];
        let out = k.call(&mut [(&mut y).into()]).unwrap();
        assert_eq!((y, out["count"]), ([1.0, 2.0], Value::I64(4)));
    }
}

#[test]
fn a_computation_with_arrays_is_none_of_a_row() {
    let b = Builder::new("f");
    let y = b.array_mut::<f64, 1>("y");
    y.set(0, 1.0);
    let f = b.finish().unwrap();
    let error = f.kernel().map(&[("y", (&[1.0]).into())]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "@f is not a function of one row: it has arrays"
    );
    let row = kiln::build(|b| b.input::<f64>("x") + 1.0).unwrap();
    let out = row.arrays().unwrap().call(&mut [1.5.into()]).unwrap();
    assert_eq!(out["result"], Value::F64(2.5));
}
