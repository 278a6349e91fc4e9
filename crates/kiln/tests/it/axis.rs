//! Reductions along an axis, in kernels and beside them: each element of the
//! result is the reduction of its lane, to the bit, and the loops run on
//! vectors.

use crate::tier;
use kiln::{ArrayView, ArrayViewMut, Engine, Tier, View};

/// One engine per tier, and where there is native code per level below.
fn engines() -> Vec<Engine> {
    #[cfg_attr(not(feature = "jit"), expect(unused_mut))]
    let mut engines = crate::engines().to_vec();
    #[cfg(feature = "jit")]
    for level in [kiln::Level::One, kiln::Level::V128] {
        engines.push(Engine::builder().level(level).build());
    }
    engines
}

/// Every reduction of floats along an axis of a matrix.
macro_rules! floats {
    ($($module:ident $ty:ident $axis:literal;)*) => {$(
        #[allow(dead_code, reason = "what stands beside a kernel is called here")]
        mod $module {
            use kiln::ArrayView;

            #[kiln::kernel]
            pub(super) fn all(
                a: ArrayView<'_, $ty, 2>,
                sum: &mut [$ty],
                product: &mut [$ty],
                mean: &mut [$ty],
                var: &mut [$ty],
                deviation: &mut [$ty],
                soft: &mut [$ty],
            ) {
                kiln::axis::sum(&a, $axis, sum);
                kiln::axis::product(&a, $axis, product);
                kiln::axis::mean(&a, $axis, mean);
                kiln::axis::var(&a, $axis, var);
                kiln::axis::std_dev(&a, $axis, deviation);
                kiln::axis::logsumexp(&a, $axis, soft);
            }

            #[kiln::kernel]
            pub(super) fn extremes(
                a: ArrayView<'_, $ty, 2>,
                min: &mut [$ty],
                max: &mut [$ty],
                first: &mut [usize],
                last: &mut [usize],
            ) {
                kiln::axis::min(&a, $axis, min);
                kiln::axis::max(&a, $axis, max);
                kiln::axis::argmin(&a, $axis, first);
                kiln::axis::argmax(&a, $axis, last);
            }
        }
    )*};
}

floats! {
    down f64 0;
    along f64 1;
    down32 f32 0;
    along32 f32 1;
}

/// Numbers of many sizes, with special ones here and there if asked for.
fn numbers(len: usize, special: &[f64]) -> Vec<f64> {
    let number = |i: usize| match special.get(i % 61) {
        Some(&special) if i > 0 => special,
        _ => ((i * 7919 % 1009) as f64 / 8.0 - 60.0) * 1.0625,
    };
    (0..len).map(number).collect()
}

const SPECIAL: [&[f64]; 4] = [
    &[],
    &[0.0, -0.0, 5e-324],
    &[f64::INFINITY, f64::NEG_INFINITY],
    &[1.0, f64::NAN, f64::INFINITY],
];

/// Shapes below, at and beyond what is reduced at once, in both directions.
fn shapes() -> impl Iterator<Item = ([usize; 2], &'static [f64])> {
    let around = (0..=130).flat_map(|n| [[n, 3], [3, n], [n, 17]]);
    let shapes = around.chain([
        [0, 20],
        [17, 64],
        [33, 65],
        [65, 129],
        [1_023, 16],
        [1_024, 17],
        [1_025, 20],
        [2_048, 33],
        [5_003, 18],
        [7, 5_003],
    ]);
    shapes.zip(SPECIAL.into_iter().cycle())
}

macro_rules! lanes_have_the_bits_of_slices {
    ($($name:ident $ty:ident $kernels:ident $axis:literal;)*) => {$(
        #[test]
        fn $name() {
            let bits = |x: &$ty| if x.is_nan() { 1 } else { x.to_bits() };
            for engine in engines() {
                let all = $kernels::all::on(&engine);
                let extremes = $kernels::extremes::on(&engine);
                let is_ready = || all.prepare() && extremes.prepare();
                assert!(tier(&engine) != Tier::Native || is_ready());
                for ([rows, columns], special) in shapes() {
                    {
                        let a = numbers(rows * columns, special);
                        let a: Vec<$ty> = a.iter().map(|&x| x as $ty).collect();
                        let (len, lanes) = match $axis {
                            0 => (rows, columns),
                            _ => (columns, rows),
                        };
                        let lane = |i: usize| -> Vec<$ty> {
                            (0..len).map(|k| match $axis {
                                0 => a[k * columns + i],
                                _ => a[i * columns + k],
                            }).collect()
                        };
                        let view = || ArrayView::new(&a, [rows, columns]).unwrap();
                        let mut out: [Vec<$ty>; 6] =
                            std::array::from_fn(|_| vec![7.0; lanes]);
                        let [sum, product, mean, var, deviation, soft] = &mut out;
                        let args = (view(), &mut sum[..], &mut product[..], &mut mean[..],
                            &mut var[..], &mut deviation[..], &mut soft[..]);
                        all.call(args).unwrap();
                        let mut beside: [Vec<$ty>; 6] =
                            std::array::from_fn(|_| vec![7.0; lanes]);
                        let [sum, product, mean, var, deviation, soft] = &mut beside;
                        $kernels::all::rust(view(), sum, product, mean, var, deviation, soft);
                        for (i, found) in (0..lanes).flat_map(|i| {
                            [&out, &beside].map(|out| (i, out.each_ref().map(|x| x[i])))
                        }) {
                            let lane = lane(i);
                            let expected = [
                                kiln::sum(&lane),
                                kiln::product(&lane),
                                kiln::mean(&lane),
                                kiln::var(&lane),
                                kiln::std_dev(&lane),
                                kiln::logsumexp(&lane),
                            ];
                            let at = format!("{rows}x{columns}, lane {i}");
                            let (found, expected) =
                                (found.each_ref().map(bits), expected.each_ref().map(bits));
                            assert_eq!(found, expected, "{at}");
                        }
                        let (mut least, mut most) = (vec![7.0; lanes], vec![7.0; lanes]);
                        let (mut first, mut last) = (vec![7; lanes], vec![7; lanes]);
                        let done = extremes.call((
                            view(), &mut least[..], &mut most[..], &mut first[..], &mut last[..],
                        ));
                        if len == 0 {
                            let fault = done.unwrap_err();
                            assert!(fault.to_string().contains("of no values"), "{fault}");
                            continue;
                        }
                        done.unwrap();
                        for i in 0..lanes {
                            let lane = lane(i);
                            let found = (bits(&least[i]), bits(&most[i]), first[i], last[i]);
                            let expected = (
                                bits(&kiln::min(&lane)),
                                bits(&kiln::max(&lane)),
                                kiln::argmin(&lane),
                                kiln::argmax(&lane),
                            );
                            assert_eq!(found, expected, "{rows}x{columns}, lane {i}");
                        }
                    }
                }
            }
        }
    )*};
}

lanes_have_the_bits_of_slices! {
    down_the_columns f64 down 0;
    along_the_rows f64 along 1;
    down_the_columns_of_f32 f32 down32 0;
    along_the_rows_of_f32 f32 along32 1;
}

#[kiln::kernel]
fn middles(
    a: ArrayView<'_, f64, 3>,
    mut out: ArrayViewMut<'_, f64, 2>,
    mut n: ArrayViewMut<'_, u64, 2>,
) {
    kiln::axis::sum(&a, 1, &mut out);
    kiln::axis::argmax(&a, 1, &mut n);
}

#[kiln::kernel]
fn firsts(a: ArrayView<'_, i64, 4>, mut out: ArrayViewMut<'_, i64, 3>) {
    kiln::axis::product(&a, 0, &mut out);
}

#[kiln::kernel]
fn truths(a: ArrayView<'_, bool, 2>, any: &mut [bool], all: &mut [bool], count: &mut [usize]) {
    kiln::axis::any(&a, 0, any);
    kiln::axis::all(&a, 0, all);
    kiln::axis::count(&a, 0, count);
}

#[test]
fn arrays_of_three_and_four_dimensions() {
    for engine in engines() {
        for shape in [[2, 3, 5], [3, 40, 16], [1, 1_100, 33], [4, 0, 20]] {
            let [planes, rows, columns] = shape;
            let data = numbers(planes * rows * columns, &[-0.0, 1e300]);
            let a = ArrayView::new(&data, shape).unwrap();
            let count = planes * columns;
            let (mut sums, mut places) = (vec![1.0; count], vec![7u64; count]);
            let called = middles::on(&engine).call((
                a,
                ArrayViewMut::new(&mut sums, [planes, columns]).unwrap(),
                ArrayViewMut::new(&mut places, [planes, columns]).unwrap(),
            ));
            if rows == 0 {
                assert!(called.unwrap_err().fault().is_some());
                assert!(sums.iter().all(|sum| sum.to_bits() == (-0.0f64).to_bits()));
                continue;
            }
            called.unwrap();
            for (plane, column) in (0..planes).flat_map(|p| (0..columns).map(move |c| (p, c))) {
                let lane: Vec<f64> = (0..rows).map(|row| a[[plane, row, column]]).collect();
                let at = plane * columns + column;
                assert_eq!(sums[at].to_bits(), kiln::sum(&lane).to_bits());
                assert_eq!(places[at], kiln::argmax(&lane) as u64);
            }
        }
        let shape = [3, 2, 2, 18];
        let data: Vec<i64> = (0..216).map(|i| i * 7919 % 31 - 15).collect();
        let mut found = vec![0; 72];
        let a = ArrayView::new(&data, shape).unwrap();
        let out = ArrayViewMut::new(&mut found, [2, 2, 18]).unwrap();
        firsts::on(&engine).call((a, out)).unwrap();
        for (i, &found) in found.iter().enumerate() {
            assert_eq!(found, data[i] * data[i + 72] * data[i + 144]);
        }
    }
}

#[test]
fn truths_are_counted() {
    for engine in engines() {
        for [rows, columns] in [[3, 5], [40, 70], [0, 20]] {
            let data: Vec<bool> = (0..rows * columns)
                .map(|i| i % 7 < 3 + i % columns % 4)
                .collect();
            let (mut any, mut all) = (vec![false; columns], vec![false; columns]);
            let mut count = vec![7; columns];
            let a = ArrayView::new(&data, [rows, columns]).unwrap();
            let kernel = truths::on(&engine);
            kernel
                .call((a, &mut any[..], &mut all[..], &mut count[..]))
                .unwrap();
            for i in 0..columns {
                let lane: Vec<bool> = (0..rows).map(|row| data[row * columns + i]).collect();
                let expected = (kiln::any(&lane), kiln::all(&lane), kiln::count(&lane));
                assert_eq!((any[i], all[i], count[i]), expected);
            }
        }
    }
}

/// A transposed view takes the form of the kernel for strided ones.
#[test]
fn strided_views_have_the_same_bits() {
    let data = numbers(70 * 45, &[]);
    let view = View::new(&data, [70, 45]).unwrap();
    let turned: ArrayView<'_, f64, 2> = view.permuted([1, 0]).unwrap().try_into().unwrap();
    let straight = ArrayView::new(&data, [70, 45]).unwrap();
    for engine in engines() {
        let [mut a, mut b, mut c, mut d, mut e, mut f] = std::array::from_fn(|_| vec![0.0; 70]);
        let args = (
            turned,
            &mut a[..],
            &mut b[..],
            &mut c[..],
            &mut d[..],
            &mut e[..],
            &mut f[..],
        );
        down::all::on(&engine).call(args).unwrap();
        for (i, found) in a.iter().enumerate() {
            assert_eq!(found.to_bits(), kiln::sum(&straight.row(i)).to_bits());
            assert_eq!(d[i].to_bits(), kiln::var(&straight.row(i)).to_bits());
        }
    }
}

#[kiln::kernel]
#[allow(clippy::needless_range_loop, reason = "written as kernels are")]
fn line_by_line(a: ArrayView<'_, f64, 2>, rows: &mut [f64], columns: &mut [f64]) {
    for i in 0..rows.len() {
        rows[i] = kiln::max(&a.row(i)) + kiln::sum(&a.row(i));
    }
    for j in 0..columns.len() {
        columns[j] = kiln::mean(&a.col(j));
    }
}

#[kiln::kernel]
fn whole(x: ArrayView<'_, f64, 1>) -> (f64, usize) {
    (kiln::sum(&x), kiln::argmin(&x))
}

#[test]
fn rows_and_columns_are_lines() {
    let data = numbers(37 * 23, &[]);
    let a = ArrayView::new(&data, [37, 23]).unwrap();
    for engine in engines() {
        let (mut rows, mut columns) = (vec![0.0; 37], vec![0.0; 23]);
        line_by_line::on(&engine)
            .call((a, &mut rows[..], &mut columns[..]))
            .unwrap();
        let (mut expected, mut means) = (vec![0.0; 37], vec![0.0; 23]);
        line_by_line::rust(a, &mut expected, &mut means);
        assert_eq!((rows, columns), (expected, means));
        let line = ArrayView::new(&data, [851]).unwrap();
        let found = whole::on(&engine).call((line,)).unwrap();
        assert_eq!(found, (kiln::sum(&data), kiln::argmin(&data)));
        assert_eq!(found, whole::rust(line));
        // The tier that is asked for is the one that runs.
        assert!(tier(&engine) != Tier::Native || whole::on(&engine).prepare());
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let data = [1.0; 6];
    let a = ArrayView::new(&data, [2, 3]).unwrap();
    for engine in engines() {
        let (mut few, mut some) = ([0.0; 2], [0.0; 3]);
        let [mut b, mut c, mut d, mut e] = [[0.0; 3]; 4];
        let args = (
            a,
            &mut some[..],
            &mut few[..],
            &mut b[..],
            &mut c[..],
            &mut d[..],
            &mut e[..],
        );
        let error = down::all::on(&engine).call(args).unwrap_err();
        assert!(
            error.to_string().contains("the shape of the result"),
            "{error}"
        );
        assert_eq!(
            error
                .fault()
                .unwrap()
                .site
                .as_ref()
                .map(|site| site.line > 0),
            Some(true)
        );
        // What comes before it has happened.
        assert_eq!((some, few), ([2.0; 3], [0.0; 2]));
    }
    let said = |work: fn()| {
        let panic = std::panic::catch_unwind(work).unwrap_err();
        panic.downcast_ref::<&str>().map_or_else(
            || panic.downcast_ref::<String>().cloned().unwrap_or_default(),
            |text| (*text).to_owned(),
        )
    };
    let axis =
        said(|| kiln::axis::sum(&ArrayView::new(&[1.0, 2.0], [1, 2]).unwrap(), 2, &mut [0.0]));
    assert_eq!(axis, "the array has no such axis");
    let shape = said(|| {
        kiln::axis::sum(
            &ArrayView::new(&[1.0, 2.0], [1, 2]).unwrap(),
            1,
            &mut [0.0; 2],
        )
    });
    assert!(shape.contains("the shape of the result"), "{shape}");
    let none = said(|| {
        kiln::axis::max(
            &ArrayView::new(&[0.0f64; 0], [0, 2]).unwrap(),
            0,
            &mut [0.0; 2],
        )
    });
    assert!(none.contains("of no values"), "{none}");
}

#[kiln::kernel]
fn column_sums(a: ArrayView<'_, f64, 2>, out: &mut [f64]) {
    kiln::axis::sum(&a, 0, out);
}

#[kiln::kernel]
fn row_sums(a: ArrayView<'_, f64, 2>, out: &mut [f64]) {
    kiln::axis::sum(&a, 1, out);
}

#[kiln::kernel]
fn column_tops(a: ArrayView<'_, f64, 2>, out: &mut [f64]) {
    kiln::axis::max(&a, 0, out);
}

#[test]
#[cfg(feature = "jit")]
fn their_loops_run_on_vectors() {
    let level = Engine::default().level();
    if level.is_none_or(|level| level == kiln::Level::One) {
        return;
    }
    for (report, loop_of) in [
        (
            column_sums::kernel().explain(),
            "loop over a local array, a into a local array: ",
        ),
        (
            column_tops::kernel().explain(),
            "loop over a local array, a into a local array: ",
        ),
        (row_sums::kernel().explain(), "loop over a: "),
    ] {
        let report = report.unwrap().report;
        let line = report.lines().find(|line| line.starts_with(loop_of));
        let line = line.unwrap_or_else(|| panic!("{report}"));
        assert!(line.contains("round(s) at once"), "{report}");
        assert!(!report.contains("index check of a stays"), "{report}");
    }
}
