//! A warm call allocates nothing.

#![forbid(unsafe_code)]

use kiln::{Builder, Dispatcher, Engine, Error, Func, Number, Scalar, Tier};

fn shift<T: Number>() -> Result<Func, Error> {
    let b = Builder::new("shift");
    let (by, x) = (b.input::<T>("by"), b.array_mut::<T, 1>("x"));
    b.for_each(0, x.len(), |i| x.set(i, x.at(i) + by));
    b.finish()
}

/// Allocations of `call`, once it is warm.
fn allocations(mut call: impl FnMut()) -> u64 {
    // The first calls compile, and make what each thread has of its own.
    for _ in 0..3 {
        call();
    }
    allocation_counter::measure(call).count_total
}

#[test]
fn calls_of_a_dispatcher_and_of_its_kernels() {
    let engine = Engine::builder().tier(Tier::Native).build();
    let shift = Dispatcher::on(&engine, "shift", |types| {
        Some(match types.first()?.elem() {
            Scalar::F64 => shift::<f64>(),
            Scalar::I64 => shift::<i64>(),
            _ => return None,
        })
    });
    let (mut reals, mut whole) = ([1.0, 2.0], [3i64, 4]);
    let count = allocations(|| {
        shift.call(&mut [0.5.into(), (&mut reals).into()]).unwrap();
        shift.call(&mut [2i64.into(), (&mut whole).into()]).unwrap();
    });
    assert_eq!(count, 0);
    assert_eq!((reals, whole), ([3.0, 4.0], [11, 12]));

    // Nor after everything was made anew.
    shift.recompile().unwrap();
    let count = allocations(|| {
        shift.call(&mut [0.5.into(), (&mut reals).into()]).unwrap();
    });
    assert_eq!(count, 0);
    assert_eq!(shift.signatures().len(), 2);
}

#[test]
fn calls_of_one_row() {
    let f: kiln::Formula = "a * b + 1".parse().unwrap();
    let typed = f.typed::<fn(f64, f64) -> f64>(["a", "b"]).unwrap();
    assert_eq!(allocations(|| assert_eq!(typed.call(2.0, 3.0), 7.0)), 0);
}

#[kiln::kernel]
fn scaled(a: f64, x: &[f64], y: &mut [f64]) -> f64 {
    for i in 0..y.len() {
        y[i] = a * x[i];
    }
    a
}

#[kiln::kernel]
fn first<T: Number>(x: &[T]) -> T {
    x[0]
}

#[test]
fn calls_of_kernels_written_in_rust() {
    let (x, mut y) = ([1.0; 40], [0.0; 40]);
    assert_eq!(allocations(|| assert_eq!(scaled(2.0, &x, &mut y), 2.0)), 0);
    assert_eq!(allocations(|| assert_eq!(first(&x), 1.0)), 0);
    assert_eq!(allocations(|| assert_eq!(first(&[3u8]), 3)), 0);
}
