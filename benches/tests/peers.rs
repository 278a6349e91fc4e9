//! The comparison kernels give the same bits in native code, in the
//! interpreter and, where no mathematical function is involved, in plain Rust:
//! at every size, in every layout.

use kiln::{ArrayViewMut, Builder, Combine, Engine, Shape, Tier, View};
use kiln_benches::data::uniform;
use kiln_benches::peers::{Buffers, Case, cases, jacobi512, matmul256, pairdist3};

fn engines() -> [Engine; 2] {
    [Tier::Native, Tier::Interpreter].map(|tier| Engine::builder().tier(tier).build())
}

fn run(case: &Case, engine: &Engine, size: usize) -> Buffers {
    let mut buffers = (case.buffers)(size);
    let ran = case.prepare(engine).run(&mut buffers);
    assert_eq!(ran.tier, engine.tier(), "{}", case.kernel);
    buffers
}

/// Sizes from nothing on: of rows, or of square arrays.
fn sizes(case: &Case) -> impl Iterator<Item = usize> + use<> {
    let is_square = (case.elements)(5) != 5;
    // The greatest of nothing is an error, tested elsewhere.
    let from = usize::from(case.kernel == "max");
    (from..if is_square { 20 } else { 140 }).step_by(if is_square { 1 } else { 3 })
}

#[test]
fn every_kernel_gives_the_same_bits_every_way() {
    for case in cases() {
        for size in sizes(&case) {
            let [native, interpreted] = engines().map(|engine| run(&case, &engine, size));
            let name = (case.kernel, size);
            assert!(native.bits() == interpreted.bits(), "{name:?}");
            let mut plain = (case.buffers)(size);
            (case.plain)(&mut plain);
            match case.exact {
                true => assert_eq!(native.bits(), plain.bits(), "{name:?}"),
                false => assert_close(&native, &plain, name),
            }
        }
    }
}

/// Functions of other makers differ in the last places, sums in their order.
fn assert_close(a: &Buffers, b: &Buffers, name: (&str, usize)) {
    let all = |buffers: &Buffers| -> Vec<f64> {
        let reals = buffers.reals.iter().flatten();
        reals.chain([&buffers.result]).copied().collect()
    };
    for (a, b) in all(a).into_iter().zip(all(b)) {
        assert!(
            (a - b).abs() <= 1e-12 * (1.0 + b.abs()),
            "{name:?}: {a} {b}"
        );
    }
}

#[test]
fn sums_in_order_are_those_of_rust() {
    let b = Builder::new("sums");
    let (x, y) = (b.strided::<f64, 1>("x"), b.array::<f64, 1>("y"));
    b.output(
        "sum",
        b.reduce(Combine::Sum, Shape::InOrder, 0, x.len(), |i| x.at(i)),
    );
    b.output(
        "dot",
        b.reduce(Combine::Sum, Shape::InOrder, 0, x.len(), |i| {
            x.at(i) * y.at(i)
        }),
    );
    let func = b.finish().unwrap();
    for engine in engines() {
        let kernel = engine.arrays(&func).unwrap();
        for n in 0..100 {
            let (xs, ys) = (uniform(n, -1.0, 1.0, 1), uniform(n, -1.0, 1.0, 2));
            let forwards = View::from(&xs[..]);
            let backwards = match n {
                0 => forwards,
                _ => forwards.window(0, n - 1, -1, n).unwrap(),
            };
            let out = kernel.call(&mut [backwards.into(), (&ys).into()]).unwrap();
            let sum = xs.iter().rev().fold(-0.0, |sum, x| sum + x);
            let dot = xs
                .iter()
                .rev()
                .zip(&ys)
                .fold(-0.0, |sum, (x, y)| sum + x * y);
            assert_eq!(
                out["sum"].as_f64().map(f64::to_bits),
                Some(f64::to_bits(sum))
            );
            assert_eq!(
                out["dot"].as_f64().map(f64::to_bits),
                Some(f64::to_bits(dot))
            );
        }
    }
}

/// Every way in which an array of `rows` by `columns` may lie in memory: the
/// data and a view of it that shows the same elements.
fn layouts(rows: usize, columns: usize, seed: u64, check: impl Fn(&[f64], View<'_, f64>)) {
    let plain = uniform(rows * columns, -1.0, 1.0, seed);
    let at = |i: usize, j: usize| plain[i * columns + j];
    check(&plain, View::new(&plain, [rows, columns]).unwrap());
    let mut turned = vec![0.0; rows * columns];
    let mut spread = vec![f64::NAN; rows * columns * 6];
    let mut backwards = plain.clone();
    backwards.reverse();
    for i in 0..rows {
        for j in 0..columns {
            turned[j * rows + i] = at(i, j);
            spread[2 * i * 3 * columns + 3 * j] = at(i, j);
        }
    }
    let view = View::new(&turned, [columns, rows]).unwrap();
    check(&plain, view.permuted([1, 0]).unwrap());
    let view = View::new(&spread, [rows * 2, columns * 3]).unwrap();
    let view = view.window(0, 0, 2, rows).unwrap();
    check(&plain, view.window(1, 0, 3, columns).unwrap());
    if rows > 0 && columns > 0 {
        let view = View::new(&backwards, [rows, columns]).unwrap();
        let view = view.window(0, rows - 1, -1, rows).unwrap();
        check(&plain, view.window(1, columns - 1, -1, columns).unwrap());
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn a_stencil_of_any_shape_and_layout() {
    for engine in engines() {
        let kernel = jacobi512::on(&engine);
        for (rows, columns) in shapes() {
            layouts(rows, columns, 3, |plain, u| {
                let at = |i: usize, j: usize| plain[i * columns + j];
                let mut expected = vec![0.0; rows * columns];
                for i in 1..rows.saturating_sub(1) {
                    for j in 1..columns.saturating_sub(1) {
                        let (up, down) = (at(i - 1, j), at(i + 1, j));
                        expected[i * columns + j] =
                            0.25 * (up + down + at(i, j - 1) + at(i, j + 1));
                    }
                }
                let mut v = vec![0.0; rows * columns];
                let out = ArrayViewMut::new(&mut v, [rows, columns]).unwrap();
                kernel.call((u.try_into().unwrap(), out)).unwrap();
                assert_eq!(bits(&v), bits(&expected), "{rows} x {columns}");
            });
        }
    }
}

#[test]
fn a_product_of_any_shape_and_layout() {
    for engine in engines() {
        let kernel = matmul256::on(&engine);
        for (rows, inner) in shapes() {
            let columns = (rows + inner) % 4;
            layouts(rows, inner, 4, |x, x_view| {
                layouts(inner, columns, 5, |y, y_view| {
                    let mut expected = vec![0.0; rows * columns];
                    for i in 0..rows {
                        for l in 0..inner {
                            for j in 0..columns {
                                expected[i * columns + j] += x[i * inner + l] * y[l * columns + j];
                            }
                        }
                    }
                    let mut z = vec![f64::NAN; rows * columns];
                    let out = ArrayViewMut::new(&mut z, [rows, columns]).unwrap();
                    let (x, y) = (x_view.try_into().unwrap(), y_view.try_into().unwrap());
                    kernel.call((x, y, out)).unwrap();
                    assert_eq!(bits(&z), bits(&expected), "{rows} {inner} {columns}");
                });
            });
        }
    }
}

#[test]
fn distances_of_any_shape_and_layout() {
    for engine in engines() {
        let kernel = pairdist3::on(&engine);
        for (count, dims) in shapes() {
            layouts(count, dims, 6, |points, view| {
                let mut d = vec![f64::NAN; count * count];
                let out = ArrayViewMut::new(&mut d, [count, count]).unwrap();
                kernel.call((view.try_into().unwrap(), out)).unwrap();
                let distance = |i: usize, j: usize| {
                    let squares = (0..dims).fold(0.0, |sum, k| {
                        let t = points[i * dims + k] - points[j * dims + k];
                        sum + t * t
                    });
                    squares.sqrt()
                };
                let all = (0..count * count).map(|at| distance(at / count, at % count));
                let expected: Vec<f64> = all.collect();
                assert_eq!(bits(&d), bits(&expected));
            });
        }
    }
}

fn shapes() -> Vec<(usize, usize)> {
    let extents = [0, 1, 2, 3, 5, 8];
    let pairs = extents.iter().flat_map(|&a| extents.map(|b| (a, b)));
    pairs.collect()
}
