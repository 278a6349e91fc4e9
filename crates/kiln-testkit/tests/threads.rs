//! Random programs with loops and arrays on several threads: what one thread
//! makes of them in the interpreter.
//!
//! Pieces are as small as they can be, so that every loop whose rounds are
//! seen to be independent is cut, whatever it is worth. Where a call fails,
//! which fault it is does not depend on threads either; what other pieces have
//! stored by then does, so there the arrays are not compared.

use arbitrary::Unstructured;
use kiln_ir::{Const, Func};
use kiln_runtime::{Arg, Buffer, Engine, Fault, RuntimeError, Tier, View, ViewMut};
use kiln_testkit::differential::bytes;
use kiln_testkit::nests::{inputs, program};
use kiln_testkit::ways::{buffer, values};
use kiln_testkit::whole::{Array, Input};

/// Programs of a usual run; `KILN_NESTS` sets another number.
const PROGRAMS: u64 = 600;
/// Calls of each.
const CALLS: usize = 3;

/// What came of a call.
type Ended = Result<(Vec<Const>, Vec<Vec<Const>>), Fault>;

/// Whether two calls came to the same. Code shows no operands where guards
/// that differ share a fault, and a step has not all guards of the whole.
fn is_same(found: &Ended, expected: &Ended) -> bool {
    match (found, expected) {
        (Err(found), Err(expected)) => {
            let shows_all = !found.operands.is_empty() && !expected.operands.is_empty();
            found.kind == expected.kind
                && found.message == expected.message
                && found.kernel == expected.kernel
                && (!shows_all || found.operands == expected.operands)
        }
        _ => found == expected,
    }
}

fn view<'a>(held: &'a mut Buffer, array: &Array, is_written: bool) -> Arg<'a> {
    let Array {
        origin,
        shape,
        strides,
        ..
    } = array;
    macro_rules! view {
        ($($variant:ident)*) => {
            match held {
                $(Buffer::$variant(data) => match is_written {
                    true => ViewMut::strided(data, *origin, shape, strides)
                        .expect("a grid inside its buffer")
                        .into(),
                    false => View::strided(data, *origin, shape, strides)
                        .expect("a grid inside its buffer")
                        .into(),
                },)*
            }
        };
    }
    view!(Bool I8 I16 I32 I64 U8 U16 U32 U64 F32 F64)
}

/// Calls it; `None` if there is no code for it, as it passes a limit.
fn call(engine: &Engine, func: &Func, given: &[Input]) -> Option<Ended> {
    let kernel = engine.arrays(func.clone()).expect("a sound Func");
    let is_written = |index: usize| {
        let ty = func.params()[index].ty.as_array();
        ty.is_some_and(|ty| ty.access == kiln_ir::Access::Mut)
    };
    let mut held: Vec<Option<Buffer>> = given
        .iter()
        .zip(func.params())
        .map(|(input, param)| match (input, param.ty.as_array()) {
            (Input::Array(array), Some(ty)) => Some(buffer(ty.elem, &array.values)),
            _ => None,
        })
        .collect();
    let mut args: Vec<Arg<'_>> = Vec::new();
    for (index, (input, held)) in given.iter().zip(&mut held).enumerate() {
        args.push(match (input, held) {
            (Input::Array(array), Some(held)) => view(held, array, is_written(index)),
            (Input::Value(value), _) => (*value).into(),
            (Input::Array(_), None) => unreachable!("arrays are held"),
        });
    }
    let types = func.results().iter();
    let mut results: Vec<Const> = types.map(|ty| Const::zero(ty.scalar)).collect();
    let done = kernel.call(&mut args, &mut results);
    drop(args);
    match done {
        Ok(ran) if ran.tier != engine.tier() => None,
        Ok(_) => {
            let written = held
                .iter()
                .enumerate()
                .filter(|(index, _)| is_written(*index));
            let written = written.filter_map(|(_, held)| held.as_ref().map(values));
            Some(Ok((results, written.collect())))
        }
        Err(RuntimeError::Fault(fault)) => Some(Err(*fault)),
        Err(error) => panic!("{error}\n{func}"),
    }
}

#[test]
fn programs_with_loops_and_arrays_give_the_same_bits_on_any_number_of_threads() {
    let count = std::env::var("KILN_NESTS").map_or(PROGRAMS, |n| n.parse().expect("a number"));
    let alone = Engine::builder().tier(Tier::Interpreter).build();
    let (mut ran, mut failed, mut cut, mut opened, mut steps) = (0u64, 0u64, 0u64, 0u64, 0u64);
    for seed in 0..count {
        let source = bytes(seed, 1200);
        let mut u = Unstructured::new(&source);
        let Ok(func) = program(&mut u) else {
            continue;
        };
        let threads = 2 + (seed % 7) as usize;
        let builder = Engine::builder().threads(threads).piece_work(1);
        let shared = builder.parallel(true).build();
        let kernel = shared.arrays(func.clone()).expect("a sound Func");
        if kernel.check_pieces().is_ok() {
            let report = kernel.explain().map(|made| made.report).unwrap_or_default();
            steps += u64::from(report.matches("threads may share").count() > 1);
            opened += u64::from(report.contains("but those of loops in it"));
        }
        for _ in 0..CALLS {
            let Ok(given) = inputs(&mut u, &func) else {
                break;
            };
            let expected = call(&alone, &func, &given).expect("it is interpreted");
            let Some(found) = call(&shared, &func, &given) else {
                continue;
            };
            assert!(
                is_same(&found, &expected),
                "{found:?} instead of {expected:?}: seed {seed}, {threads} threads\n{func}"
            );
            ran += 1;
            failed += u64::from(found.is_err());
        }
        cut += shared.stats().parallel;
    }
    println!(
        "{ran} calls, {failed} failed, {cut} in pieces; {steps} programs with several loops, {opened} with some opened"
    );
    if count >= PROGRAMS {
        assert!(
            ran > count && failed > count / 4,
            "{ran} calls, {failed} failed"
        );
        assert!(cut > count / 10, "{cut} calls in pieces");
        assert!(
            steps > 0 && opened > 0,
            "{steps} programs with several loops in pieces, {opened} with some opened"
        );
    }
}
