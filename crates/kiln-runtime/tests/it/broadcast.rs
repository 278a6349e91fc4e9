//! Maps over arrays of several dimensions against a loop over every index:
//! random shapes, strides of all kinds, given and fresh outputs, in place.

use crate::funcs::{CHECKED, func, interpreter, native_engines};
use kiln_ir::Const;
use kiln_runtime::{
    Arg, Buffer, Engine, Operand, Output, RuntimeError, ScalarKernel, Tier, View, ViewMut,
};

/// Two results, and a parameter that is read only.
const SPREAD: &str = "func @spread(x: f64, y: f64, z: f64) -> (f64, f64) {
    v0 = mul x, y
    v1 = sub v0, z
    v2 = max x, z
    return v1, v2
}";

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % most
    }
}

/// How an array lies in memory.
#[derive(Clone, Debug)]
struct Layout {
    origin: usize,
    shape: Vec<usize>,
    strides: Vec<isize>,
    /// Elements of the memory.
    len: usize,
}

impl Layout {
    /// A layout of a shape: dimensions in any order and direction, with gaps.
    fn random(random: &mut Random, shape: &[usize]) -> Layout {
        let mut order: Vec<usize> = (0..shape.len()).collect();
        for dim in 1..order.len() {
            // Mostly row-major.
            if random.below(3) == 0 {
                order.swap(dim, random.below(dim + 1));
            }
        }
        let mut strides = vec![0isize; shape.len()];
        let (mut step, mut origin) = (1 + random.below(4) / 3, random.below(3));
        for &dim in order.iter().rev() {
            strides[dim] = step as isize;
            if random.below(4) == 0 {
                origin += shape[dim].saturating_sub(1) * step;
                strides[dim] = -strides[dim];
            }
            step *= shape[dim].max(1) + random.below(4) / 3;
        }
        Layout {
            origin,
            shape: shape.to_vec(),
            strides,
            len: step + origin + 3,
        }
    }

    /// The same, of which some dimensions are repeated by strides of zero.
    fn repeated(mut self, random: &mut Random) -> Layout {
        for stride in &mut self.strides {
            if *stride > 0 && random.below(5) == 0 {
                *stride = 0;
            }
        }
        self
    }

    /// Where the element at an index of a shape that this broadcasts to is.
    fn place(&self, index: &[usize]) -> usize {
        let added = index.len() - self.shape.len();
        let mut place = self.origin as isize;
        for ((&at, &extent), &stride) in index[added..].iter().zip(&self.shape).zip(&self.strides) {
            place += if extent == 1 { 0 } else { at as isize * stride };
        }
        place as usize
    }

    fn view<'a>(&self, data: &'a [f64]) -> View<'a, f64> {
        View::strided(data, self.origin, &self.shape, &self.strides).unwrap()
    }

    fn view_mut<'a>(&self, data: &'a mut [f64]) -> ViewMut<'a, f64> {
        ViewMut::strided(data, self.origin, &self.shape, &self.strides).unwrap()
    }
}

/// A shape that broadcasts to another.
fn narrowed(random: &mut Random, shape: &[usize]) -> Vec<usize> {
    let from = random.below(shape.len() + 2).min(shape.len());
    let narrow = |extent: usize, random: &mut Random| match random.below(3) {
        0 => 1,
        _ => extent,
    };
    let from = if random.below(2) == 0 { 0 } else { from };
    shape[from..].iter().map(|&e| narrow(e, random)).collect()
}

/// Every index of a shape, row-major.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for &extent in shape {
        let longer = |index: &Vec<usize>| {
            let index = index.clone();
            (0..extent).map(move |at| [&index[..], &[at]].concat())
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

fn numbers(random: &mut Random, len: usize) -> Vec<f64> {
    let special = [0.0, -0.0, f64::NAN, f64::INFINITY, 5e-324];
    let number = |_| match random.below(20) {
        at if at < special.len() => special[at],
        at => (random.below(4_000) as f64 - 2_000.0) / (at as f64),
    };
    (0..len).map(number).collect()
}

fn bits(x: f64) -> u64 {
    if x.is_nan() { 1 } else { x.to_bits() }
}

fn row(kernel: &ScalarKernel, args: [f64; 3]) -> [f64; 2] {
    let mut results = [Const::f64(0.0); 2];
    kernel.call(&args.map(Const::f64), &mut results).unwrap();
    results.map(|value| value.as_f64().unwrap())
}

fn all_engines() -> Vec<Engine> {
    native_engines()
        .into_iter()
        .chain([interpreter()])
        .collect()
}

#[test]
fn random_shapes_and_strides_equal_a_loop_over_every_index() {
    let reference = interpreter().scalar(func(SPREAD)).unwrap();
    for engine in all_engines() {
        let kernel = engine.columns(func(SPREAD)).unwrap();
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        for case in 0..300 {
            let rank = case % 5;
            let extents = [0, 1, 2, 3, 5, 17, 40];
            let most = if rank > 2 { 5 } else { 7 };
            let shape: Vec<usize> = (0..rank)
                .map(|_| extents[random.below(most).max(random.below(2))])
                .collect();
            let layouts: [Layout; 3] = std::array::from_fn(|arg| {
                let shape = match arg {
                    0 => shape.clone(),
                    _ => narrowed(&mut random, &shape),
                };
                Layout::random(&mut random, &shape).repeated(&mut random)
            });
            let data = layouts.each_ref().map(|l| numbers(&mut random, l.len));
            let args: [Arg<'_>; 3] = std::array::from_fn(|i| layouts[i].view(&data[i]).into());
            let expected: Vec<[f64; 2]> = indices(&shape)
                .iter()
                .map(|index| {
                    let at = |i: usize| data[i][layouts[i].place(index)];
                    row(&reference, [at(0), at(1), at(2)])
                })
                .collect();

            let mapped = kernel.map_arrays(&args).unwrap();
            assert_eq!(mapped.shape, shape);
            assert_eq!(mapped.ran.tier, engine.tier());
            for (result, found) in mapped.outputs.iter().enumerate() {
                let Buffer::F64(found) = found else {
                    panic!("f64 results");
                };
                let found: Vec<u64> = found.iter().map(|&x| bits(x)).collect();
                let expected: Vec<u64> = expected.iter().map(|row| bits(row[result])).collect();
                assert_eq!(found, expected, "{layouts:?}");
            }

            // Into views with gaps, whose gaps stay as they are; and the
            // second result over the first argument.
            let first = Layout::random(&mut random, &shape);
            let over = Layout::random(&mut random, &shape);
            let before = [first.len, over.len].map(|len| numbers(&mut random, len));
            let mut after = before.clone();
            let [a, b] = &mut after;
            let operands = [
                Operand::Output(1),
                layouts[1].view(&data[1]).into(),
                layouts[2].view(&data[2]).into(),
            ];
            let mut outputs = [first.view_mut(a).into(), over.view_mut(b).into()];
            kernel.map_arrays_into(&operands, &mut outputs).unwrap();
            let mut wanted = before.clone();
            for index in indices(&shape) {
                let at = |i: usize| data[i][layouts[i].place(&index)];
                let results = row(&reference, [before[1][over.place(&index)], at(1), at(2)]);
                wanted[0][first.place(&index)] = results[0];
                wanted[1][over.place(&index)] = results[1];
            }
            for (found, wanted) in after.iter().zip(&wanted) {
                let alike = found.iter().zip(wanted).all(|(&x, &y)| bits(x) == bits(y));
                assert!(alike, "{first:?} {over:?} {layouts:?}");
            }
        }
    }
}

#[test]
fn outputs_have_values_and_shapes_name_both() {
    for engine in all_engines() {
        let kernel = engine.columns(func(SPREAD)).unwrap();
        let (x, y) = ([1.0, 2.0, 3.0], [10.0, 20.0]);
        let column = View::new(&y, [2, 1]).unwrap();
        let args = [(&x).into(), Arg::from(column), Arg::from(0.5)];
        let operands = || [(&x).into(), Operand::from(column), Operand::from(0.5)];
        let mapped = kernel.map_arrays(&args).unwrap();
        assert_eq!(mapped.shape, [2, 3]);
        let products = vec![9.5, 19.5, 29.5, 19.5, 39.5, 59.5];
        assert_eq!(mapped.outputs[0], Buffer::F64(products.clone()));
        let mut outputs = [[2, 3], [2, 3]].map(|shape| Output::<f64>::new(shape).unwrap());
        let [a, b] = &mut outputs;
        kernel
            .map_arrays_into(&operands(), &mut [a.into(), b.into()])
            .unwrap();
        assert_eq!(outputs[0].values(), Some(&products[..]));

        // Values broadcast to any output, arrays only where they fit.
        let (mut one, mut two) = ([0.0; 6], [0.0; 6]);
        let shaped = |data| ViewMut::new(data, [3, 2]).unwrap();
        let mut outputs = [shaped(&mut one).into(), shaped(&mut two).into()];
        let values = [1.0, 2.0, 3.0].map(Operand::from);
        kernel.map_arrays_into(&values, &mut outputs).unwrap();
        let refused = kernel.map_arrays_into(&operands(), &mut outputs);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "the shape [3] does not broadcast to [3, 2]"
        );
        assert_eq!(one, [-1.0; 6]);
        let other = View::new(&x, [3, 1]).unwrap();
        let refused = kernel.map_arrays(&[column.into(), 1.0.into(), other.into()]);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "the shape [3, 1] does not broadcast to [2, 1]"
        );
    }
}

#[test]
fn misuse_is_an_error() {
    let kernel = Engine::default().columns(func(SPREAD)).unwrap();
    let x = [1.0, 2.0];
    let (mut a, mut b, mut whole) = ([0.0; 2], [0.0; 2], [0i64; 2]);
    let operands = || [0.0, 1.0, 2.0].map(Operand::from);
    let into = |operands: &[Operand<'_>], outputs: &mut [Arg<'_>]| {
        let refused = kernel.map_arrays_into(operands, outputs).unwrap_err();
        refused.to_string()
    };
    let twice = [Operand::Output(0), Operand::Output(0), 2.0.into()];
    let refused = into(&twice, &mut [(&mut a).into(), (&mut b).into()]);
    assert!(refused.contains('y'), "{refused}");
    let refused = into(&operands(), &mut [(&mut a).into(), (&x).into()]);
    assert_eq!(refused, "output 1 is not to be written");
    let refused = into(&operands(), &mut [(&mut a).into(), (&mut whole).into()]);
    assert!(refused.contains("result 1"), "{refused}");
    let refused = into(&operands(), &mut [(&mut a).into()]);
    assert!(refused.contains("outputs"), "{refused}");
    let refused = into(&operands()[..2], &mut [(&mut a).into(), (&mut b).into()]);
    assert!(refused.contains("arguments"), "{refused}");
    let half = (&mut b[..1]).into();
    let refused = into(&operands(), &mut [(&mut a).into(), half]);
    assert_eq!(refused, "the shape [1] does not broadcast to [2]");
    assert_eq!((a, b), ([0.0; 2], [0.0; 2]));
}

#[test]
fn the_lowest_failing_element_is_reported_and_those_before_it_stand() {
    for engine in all_engines() {
        let kernel = engine.columns(func(CHECKED)).unwrap();
        let a: Vec<i64> = (0..600).collect();
        let mut b = vec![1i64; 30];
        b[7] = i64::MAX - 300;
        let rows = View::new(&a, [20, 30]).unwrap();
        let operands = [Operand::from(rows), (&b).into()];
        // The first sum that is too large: 301 or more in the column 7.
        let lowest = 307;
        let mut out = vec![-1i64; 600];
        let turned = ViewMut::strided(&mut out, 570, [20, 30], [-30, 1]).unwrap();
        let done = kernel.map_arrays_into(&operands, &mut [turned.into()]);
        let Err(RuntimeError::Fault(fault)) = done else {
            panic!("element {lowest} overflows");
        };
        assert_eq!(fault.row, Some(lowest));
        for row in 0..600 {
            let found = out[(19 - row / 30) * 30 + row % 30];
            let sum = a[row].wrapping_add(b[row % 30]);
            assert_eq!(found, if row < lowest { sum } else { -1 });
        }
        let is_native = engine.tier() == Tier::Native;
        assert_eq!(engine.stats().reruns > 0, is_native);
    }
}
