//! Generated arguments, and the comparison of three ways to run a function.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// Calls with generated arguments of each function.
pub(crate) const CASES: u64 = 60;

/// Random numbers: SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// A scalar, or a vector of scalars to be read or written.
pub(crate) trait Sample: Clone {
    type Pass<'a>
    where
        Self: 'a;
    fn sample(random: &mut Random) -> Self;
    fn pass(&mut self) -> Self::Pass<'_>;
    fn same(&self, other: &Self) -> bool;
    fn show(&self) -> String;
}

macro_rules! integers {
    ($($ty:ident)*) => {$(
        impl Sample for $ty {
            type Pass<'a> = $ty;

            /// Mostly small numbers, some at the ends of the type.
            fn sample(random: &mut Random) -> $ty {
                match random.below(8) {
                    0 => [$ty::MIN, $ty::MAX, 0, 1][random.below(4) as usize],
                    1 => random.next() as $ty,
                    2 => (random.below(9) as $ty).wrapping_sub(4),
                    _ => random.below(13) as $ty,
                }
            }

            fn pass(&mut self) -> $ty {
                *self
            }

            fn same(&self, other: &$ty) -> bool {
                self == other
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 u8 u16 u32 u64 isize usize }

macro_rules! floats {
    ($($ty:ident)*) => {$(
        impl Sample for $ty {
            type Pass<'a> = $ty;

            fn sample(random: &mut Random) -> $ty {
                const SPECIAL: [$ty; 9] = [
                    0.0, -0.0, 1.0, -1.0, $ty::NAN, $ty::INFINITY, $ty::NEG_INFINITY,
                    $ty::MIN_POSITIVE, $ty::MAX,
                ];
                match random.below(6) {
                    0 => SPECIAL[random.below(9) as usize],
                    1 => random.below(9) as $ty - 4.0,
                    2 => (random.below(2_000_001) as $ty - 1e6) * 1e3,
                    _ => (random.below(2_000_001) as $ty - 1e6) / 250_000.0,
                }
            }

            fn pass(&mut self) -> $ty {
                *self
            }

            fn same(&self, other: &$ty) -> bool {
                self.to_bits() == other.to_bits() || (self.is_nan() && other.is_nan())
            }

            fn show(&self) -> String {
                format!("{self:?}")
            }
        }
    )*};
}

floats! { f32 f64 }

impl Sample for bool {
    type Pass<'a> = bool;

    fn sample(random: &mut Random) -> bool {
        random.below(2) == 1
    }

    fn pass(&mut self) -> bool {
        *self
    }

    fn same(&self, other: &bool) -> bool {
        self == other
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Sample for () {
    type Pass<'a> = ();

    fn sample(_: &mut Random) {}

    fn pass(&mut self) {}

    fn same(&self, (): &()) -> bool {
        true
    }

    fn show(&self) -> String {
        "()".to_owned()
    }
}

/// A number from 0 to 40: how often, or how many.
#[derive(Clone, Copy)]
pub(crate) struct Few<T>(T);

macro_rules! few {
    ($($ty:ident)*) => {$(
        impl Sample for Few<$ty> {
            type Pass<'a> = $ty;

            fn sample(random: &mut Random) -> Few<$ty> {
                Few(random.below(40) as $ty)
            }

            fn pass(&mut self) -> $ty {
                self.0
            }

            fn same(&self, other: &Few<$ty>) -> bool {
                self.0 == other.0
            }

            fn show(&self) -> String {
                self.0.to_string()
            }
        }
    )*};
}

few! { i32 i64 u8 u32 u64 usize }

/// A slice to read.
#[derive(Clone)]
pub(crate) struct In<T>(Vec<T>);

/// A slice to write.
#[derive(Clone)]
pub(crate) struct Mut<T>(Vec<T>);

macro_rules! vectors {
    ($($name:ident $pass:ty, $slice:ident;)*) => {$(
        impl<T: Sample + 'static> Sample for $name<T> {
            type Pass<'a> = $pass;

            fn sample(random: &mut Random) -> Self {
                let len = match random.below(4) {
                    0 => random.below(3),
                    1 => random.below(40),
                    _ => 1 + random.below(9),
                };
                $name((0..len).map(|_| T::sample(random)).collect())
            }

            fn pass<'a>(&'a mut self) -> $pass {
                self.0.$slice()
            }

            fn same(&self, other: &Self) -> bool {
                let pairs = || self.0.iter().zip(&other.0);
                self.0.len() == other.0.len() && pairs().all(|(x, y)| x.same(y))
            }

            fn show(&self) -> String {
                let all: Vec<String> = self.0.iter().map(Sample::show).collect();
                format!("[{}]", all.join(", "))
            }
        }
    )*};
}

vectors! {
    In &'a [T], as_slice;
    Mut &'a mut [T], as_mut_slice;
}

impl<T: Sample, const N: usize> Sample for [T; N] {
    type Pass<'a>
        = [T::Pass<'a>; N]
    where
        Self: 'a;

    fn sample(random: &mut Random) -> Self {
        std::array::from_fn(|_| T::sample(random))
    }

    fn pass(&mut self) -> Self::Pass<'_> {
        self.each_mut().map(Sample::pass)
    }

    fn same(&self, other: &Self) -> bool {
        self.iter().zip(other).all(|(x, y)| x.same(y))
    }

    fn show(&self) -> String {
        let all: Vec<String> = self.iter().map(Sample::show).collect();
        format!("[{}]", all.join(", "))
    }
}

/// An array of `N` dimensions to read, or to read and write: of extents up to
/// 4, row-major, with gaps, turned over or running backwards.
#[derive(Clone)]
pub(crate) struct Grid<T, const N: usize> {
    data: Vec<T>,
    origin: usize,
    shape: [usize; N],
    strides: [isize; N],
}

/// Such an array to be read.
#[derive(Clone)]
pub(crate) struct GridIn<T, const N: usize>(Grid<T, N>);

/// Such an array to be written.
#[derive(Clone)]
pub(crate) struct GridMut<T, const N: usize>(Grid<T, N>);

impl<T: Sample, const N: usize> Grid<T, N> {
    fn sample(random: &mut Random) -> Self {
        let shape: [usize; N] = std::array::from_fn(|_| match random.below(9) {
            0 => 0,
            _ => 1 + random.below(4) as usize,
        });
        let is_plain = random.below(2) == 0;
        let mut order: [usize; N] = std::array::from_fn(|dim| N - 1 - dim);
        if !is_plain && random.below(2) == 0 {
            order.reverse();
        }
        let (mut strides, mut step, mut origin) = ([0; N], 1, 0);
        for dim in order {
            let gap = if is_plain {
                1
            } else {
                1 + random.below(2) as usize
            };
            strides[dim] = (step * gap) as isize;
            step *= gap * shape[dim].max(1);
            if !is_plain && random.below(3) == 0 {
                origin += shape[dim].saturating_sub(1) * strides[dim] as usize;
                strides[dim] = -strides[dim];
            }
        }
        let data = (0..step + 1).map(|_| T::sample(random)).collect();
        Grid {
            data,
            origin,
            shape,
            strides,
        }
    }

    fn same(&self, other: &Self) -> bool {
        self.data.iter().zip(&other.data).all(|(x, y)| x.same(y))
    }

    fn show(&self) -> String {
        let all: Vec<String> = self.data.iter().map(Sample::show).collect();
        let (shape, strides) = (self.shape, self.strides);
        format!("{shape:?} by {strides:?} of [{}]", all.join(", "))
    }
}

macro_rules! grids {
    ($($name:ident $pass:ident $view:ident, $slice:ident;)*) => {$(
        impl<T: Sample + kiln::Element, const N: usize> Sample for $name<T, N> {
            type Pass<'a> = kiln::$pass<'a, T, N>;

            fn sample(random: &mut Random) -> Self {
                $name(Grid::sample(random))
            }

            fn pass(&mut self) -> Self::Pass<'_> {
                let Grid { data, origin, shape, strides } = &mut self.0;
                let view = kiln::$view::strided(data.$slice(), *origin, *shape, *strides);
                view.unwrap().try_into().unwrap()
            }

            fn same(&self, other: &Self) -> bool {
                self.0.same(&other.0)
            }

            fn show(&self) -> String {
                self.0.show()
            }
        }
    )*};
}

grids! {
    GridIn ArrayView View, as_slice;
    GridMut ArrayViewMut ViewMut, as_mut_slice;
}

macro_rules! tuples {
    ($(($($name:ident $at:tt)*);)*) => {$(
        impl<$($name: Sample),*> Sample for ($($name,)*) {
            type Pass<'a> = ($($name::Pass<'a>,)*) where Self: 'a;

            fn sample(random: &mut Random) -> Self {
                ($($name::sample(random),)*)
            }

            fn pass(&mut self) -> Self::Pass<'_> {
                ($(self.$at.pass(),)*)
            }

            fn same(&self, other: &Self) -> bool {
                $(self.$at.same(&other.$at))&&*
            }

            fn show(&self) -> String {
                [$(self.$at.show()),*].join(", ")
            }
        }
    )*};
}

tuples! {
    (A 0);
    (A 0 B 1);
    (A 0 B 1 C 2);
    (A 0 B 1 C 2 D 3);
    (A 0 B 1 C 2 D 3 E 4);
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// What came of a call: its value, or the words of its panic.
pub(crate) fn outcome<R>(call: impl FnOnce() -> R) -> Result<R, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                loud(info);
            }
        }));
    });
    IS_QUIET.set(true);
    let caught = catch_unwind(AssertUnwindSafe(call));
    IS_QUIET.set(false);
    caught.map_err(|payload| match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&str>() {
            Ok(text) => (*text).to_owned(),
            Err(_) => "a panic without words".to_owned(),
        },
    })
}

/// Compares what came of a way to run a function with what came of rustc's.
pub(crate) fn compare<A: Sample, R: Sample>(
    name: &str,
    way: &str,
    given: &A,
    expected: &(Result<R, String>, A),
    found: &(Result<R, String>, A),
) {
    let is_same = match (&expected.0, &found.0) {
        (Ok(x), Ok(y)) => x.same(y),
        (Err(x), Err(y)) => x == y,
        _ => false,
    };
    let show = |(result, after): &(Result<R, String>, A)| match result {
        Ok(value) => format!("{} with {}", value.show(), after.show()),
        Err(text) => format!("panic `{text}` with {}", after.show()),
    };
    assert!(
        is_same && expected.1.same(&found.1),
        "{way} {name}({})\n  gives {}\n    not {}",
        given.show(),
        show(found),
        show(expected),
    );
}

/// A test for each of these functions, with its parameters.
macro_rules! corpus {
    ($($f:ident($($arg:ident: $ty:ty),*);)*) => {
        mod runs {
            #[allow(unused_imports, reason = "not every module has slices")]
            use crate::harness::{CASES, Few, GridIn, GridMut, In, Mut, Random, Sample, compare, outcome};

            $(
                #[test]
                #[allow(unused_mut, reason = "what is only read is passed alike")]
                fn $f() {
                    let mut panics = 0;
                    for case in 0..CASES {
                        let mut random = Random::new(case + 1);
                        let given = ($(<$ty>::sample(&mut random),)*);
                        macro_rules! run {
                            ($call:path) => {{
                                let mut after = given.clone();
                                let result = {
                                    let ($(mut $arg,)*) = after.pass();
                                    outcome(|| $call($($arg),*))
                                };
                                (result, after)
                            }};
                        }
                        let expected = run!(super::$f::rust);
                        panics += u64::from(expected.0.is_err());
                        compare(stringify!($f), "native", &given, &expected, &run!(super::$f));
                        let found = run!(super::$f::interpret);
                        compare(stringify!($f), "interpreted", &given, &expected, &found);
                    }
                    assert!(panics < CASES, "every call panics");
                    assert!(super::$f::kernel().prepare(), "there is no native code");
                }
            )*
        }
    };
}

pub(crate) use corpus;
