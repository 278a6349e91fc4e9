//! Threads through the facade: the same bits from formulas, records and
//! arrays.

use kiln::{Builder, Engine, Formula, Record, Stats};

#[derive(Record)]
struct Line {
    price: f64,
    pieces: Option<i64>,
}

fn lines() -> Vec<Line> {
    let line = |i: i64| Line {
        price: i as f64 / 7.0,
        pieces: (i % 5 != 0).then_some(i % 11),
    };
    (0..4_000).map(line).collect()
}

fn engine() -> Engine {
    Engine::builder().threads(3).piece_work(1).build()
}

fn calls(engine: &Engine) -> u64 {
    let Stats { parallel, .. } = engine.stats();
    parallel
}

#[test]
fn formulas_and_records_give_the_bits_of_one_thread() {
    let engine = engine();
    let f: Formula = "sqrt(price) * pieces + 0.1".parse().unwrap();
    let lines = lines();
    let one = engine.record::<Line, Option<f64>>(&f).unwrap();
    let expected = one.map(&lines).unwrap();
    assert_eq!(calls(&engine), 0);
    assert_eq!(one.parallel(true).map(&lines).unwrap(), expected);
    let price: Vec<f64> = lines.iter().map(|line| line.price).collect();
    let f: Formula = "price = sqrt(price) + 0.1".parse().unwrap();
    let kernel = engine.kernel(&f);
    let mapped = kernel.parallel(true).map(&[("price", (&price).into())]);
    let mapped = mapped.unwrap();
    let mut updated = price.clone();
    let mut outputs = [("price", (&mut updated).into())];
    let nothing: [(&str, kiln::Column<'_>); 0] = [];
    kernel.parallel(2).update(&nothing, &mut outputs).unwrap();
    assert_eq!(mapped["price"].as_slice::<f64>(), Some(&updated[..]));
    let expected = kernel.map(&[("price", (&price).into())]).unwrap();
    assert_eq!(expected["price"].as_slice::<f64>(), Some(&updated[..]));
    assert_eq!(calls(&engine), if cfg!(feature = "rayon") { 3 } else { 0 });
}

#[test]
fn loops_over_arrays_are_shared() {
    let engine = engine();
    let b = Builder::new("outer");
    let (x, y) = (b.array::<f64, 1>("x"), b.array_mut::<f64, 2>("y"));
    b.for_each(0, y.len(), |i| {
        b.for_each(0, y.extent(1), |j| y.set([i, j], x.at(i) * x.at(j)));
    });
    let outer = engine.arrays(&b.finish().unwrap()).unwrap();
    outer.check_pieces().unwrap();
    let x: Vec<f64> = (0..100).map(|i| f64::from(i) / 3.0).collect();
    let mut y = vec![0.0; 10_000];
    let view = kiln::ViewMut::new(&mut y, [100, 100]).unwrap();
    let mut args = [(&x).into(), view.into()];
    outer.parallel(true).call(&mut args).unwrap();
    assert!((0..10_000).all(|at| y[at] == x[at / 100] * x[at % 100]));
    let is_shared = cfg!(all(feature = "rayon", feature = "jit"));
    assert_eq!(calls(&engine), u64::from(is_shared));
}
