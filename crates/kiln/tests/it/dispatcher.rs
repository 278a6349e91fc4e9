//! Kernels for arguments whose types are known only when they are called.

use super::engines;
use kiln::{
    Access, ArrayType, Builder, Dispatcher, Element, Engine, Error, Func, Layout, Number,
    ParamType, Scalar, View,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// `y[i] = x[i] + add`, the sum of `y`.
fn shift<T: Number>(types: &[ParamType], add: T) -> Result<Func, Error> {
    let b = Builder::new("shift");
    let strided = matches!(types[0], ParamType::Array(a) if a.layout == Layout::Strided);
    let x = match strided {
        true => b.strided::<T, 1>("x"),
        false => b.array::<T, 1>("x"),
    };
    let y = b.array_mut::<T, 1>("y");
    b.for_each(0, x.len(), |i| y.set(i, x.at(i) + add));
    b.output("sum", b.sum(0, y.len(), |i| y.at(i)));
    b.finish()
}

fn dispatcher(engine: &Engine, add: &Arc<AtomicI64>, made: &Arc<AtomicUsize>) -> Dispatcher {
    let (add, made) = (add.clone(), made.clone());
    Dispatcher::on(engine, "shift", move |types| {
        let ty = types.first()?.elem();
        let add = add.load(Ordering::Relaxed);
        let func = match ty {
            Scalar::F64 => shift::<f64>(types, add as f64),
            Scalar::I64 => shift::<i64>(types, add),
            Scalar::U8 => shift::<u8>(types, add as u8),
            _ => return None,
        };
        made.fetch_add(1, Ordering::Relaxed);
        Some(func)
    })
}

fn sum<T: Element>(shift: &Dispatcher, x: View<'_, T>, y: &mut [T]) -> kiln::Value {
    let out = shift.call(&mut [x.into(), y.into()]).unwrap();
    out.only().unwrap()
}

#[test]
fn each_signature_is_compiled_once() {
    for engine in engines() {
        let (add, made) = (Arc::new(AtomicI64::new(1)), Arc::default());
        let shift = dispatcher(&engine, &add, &made);
        for _ in 0..3 {
            let mut y = [0.0; 2];
            assert_eq!(sum(&shift, (&[1.5, 2.0][..]).into(), &mut y), 5.5.into());
            let mut y = [0u8; 3];
            assert_eq!(sum(&shift, (&[1u8, 2, 3][..]).into(), &mut y), 9u8.into());
            let x = [1.0, 9.0, 2.0];
            let x = View::from(&x[..]).window(0, 0, 2, 2).unwrap();
            assert_eq!(sum(&shift, x, &mut [0.0; 2]), 5.0.into());
        }
        assert_eq!(made.load(Ordering::Relaxed), 3);
        let signatures = shift.signatures();
        let texts = signatures.iter().map(|s| s[0].to_string());
        assert_eq!(
            texts.collect::<Vec<_>>(),
            ["[f64]", "[u8]", "[f64 rank 1 strided]"]
        );
    }
}

#[test]
fn types_that_are_not_taken_are_named() {
    let shift = dispatcher(&Engine::default(), &Arc::default(), &Arc::default());
    let mut y = [0f32; 1];
    let error = shift
        .call(&mut [(&[1f32]).into(), (&mut y).into()])
        .unwrap_err();
    assert_eq!(error.to_string(), "@shift does not take ([f32], mut [f32])");
    assert!(shift.call(&mut []).is_err());
    // What the template makes has to fit as well.
    let error = shift.call(&mut [(&[1i64]).into()]).unwrap_err();
    assert!(error.to_string().contains("argument"), "{error}");
}

#[test]
fn signatures_have_a_limit() {
    let shift = dispatcher(&Engine::default(), &Arc::default(), &Arc::default()).with_limit(1);
    sum(&shift, (&[1.0][..]).into(), &mut [0.0]);
    let error = shift
        .call(&mut [(&[1i64]).into(), (&mut [0i64]).into()])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "@shift has 1 signature, as many as it may have"
    );
    assert!(error.is_limit());
    sum(&shift, (&[1.0][..]).into(), &mut [0.0]);
}

#[test]
fn recompiling_writes_each_signature_anew() {
    let (add, made) = (Arc::new(AtomicI64::new(1)), Arc::default());
    let shift = dispatcher(&Engine::default(), &add, &made);
    for ty in [Scalar::F64, Scalar::I64] {
        let types = [array(ty, Access::Read), array(ty, Access::Mut)];
        shift.compile(&types).unwrap();
    }
    add.store(5, Ordering::Relaxed);
    assert_eq!(sum(&shift, (&[1i64][..]).into(), &mut [0]), 2i64.into());
    shift.recompile().unwrap();
    assert_eq!(sum(&shift, (&[1i64][..]).into(), &mut [0]), 6i64.into());
    assert_eq!(sum(&shift, (&[1.0][..]).into(), &mut [0.0]), 6.0.into());
    assert_eq!(
        (shift.signatures().len(), made.load(Ordering::Relaxed)),
        (2, 4)
    );
}

fn array(elem: Scalar, access: Access) -> ParamType {
    ParamType::Array(ArrayType {
        elem,
        rank: 1,
        access,
        layout: Layout::Contiguous,
    })
}

#[test]
fn threads_agree_on_one_kernel() {
    let made = Arc::default();
    let shift = dispatcher(&Engine::default(), &Arc::new(AtomicI64::new(2)), &made);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(sum(&shift, (&[1.0][..]).into(), &mut [0.0]), 3.0.into()));
        }
    });
    assert_eq!(shift.signatures().len(), 1);
}
