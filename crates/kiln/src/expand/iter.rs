//! What a `for` goes over: something with an element for each index of a
//! range, so that a loop is always one that counts.

use super::{Arr, Body, Elem, Indexed, Plain, Slice, Stored, Val, Value, Whole};
use kiln_ir::{FaultKind, Interval, Op};
use std::marker::PhantomData;

/// What a `for` goes over.
pub trait Iter<'b> {
    /// What a round is given.
    type Item;
    /// The first index, and the one past the last.
    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>);
    /// What is there at an index.
    fn at(&self, index: Val<'b, i64>) -> Self::Item;
}

/// `lo..hi` of integers.
#[derive(Clone, Copy, Debug)]
pub struct Span<'b, T> {
    lo: Val<'b, i64>,
    hi: Val<'b, i64>,
    of: PhantomData<T>,
}

/// What `iter()` gives.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'b, T>(Slice<'b, T>);

/// What `iter_mut()` gives.
#[derive(Clone, Copy, Debug)]
pub struct ElementsMut<'b, T>(Slice<'b, T>);

/// What `windows()` and `chunks_exact()` give: slices of one length.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'b, T> {
    of: Slice<'b, T>,
    len: Val<'b, i64>,
    /// From the start of one to that of the next.
    step: Val<'b, i64>,
    count: Val<'b, i64>,
}

/// What `rev()` gives.
#[derive(Clone, Copy, Debug)]
pub struct Rev<I>(I);

/// What `step_by()` gives.
#[derive(Clone, Copy, Debug)]
pub struct StepBy<'b, I> {
    of: I,
    step: Val<'b, i64>,
}

/// What `enumerate()` gives.
#[derive(Clone, Copy, Debug)]
pub struct Enumerate<I>(I);

/// What `zip()` gives.
#[derive(Clone, Copy, Debug)]
pub struct Zip<A, B>(A, B);

/// What `map()` gives.
#[derive(Clone, Copy, Debug)]
pub struct Map<I, F>(I, F);

/// An element that is written through a reference.
#[derive(Clone, Copy, Debug)]
pub struct ElementMut<'b, T> {
    of: Slice<'b, T>,
    index: Val<'b, i64>,
}

/// What `*` gives: the value of an element, whether it is held or stands
/// behind a reference to be written through.
pub trait Read {
    /// The value.
    type Value;
    /// It.
    fn read(self) -> Self::Value;
}

impl<'b, T: Plain> Read for Val<'b, T> {
    type Value = Val<'b, T>;

    fn read(self) -> Val<'b, T> {
        self
    }
}

impl<'b, T: Plain> Read for ElementMut<'b, T> {
    type Value = Val<'b, T>;

    fn read(self) -> Val<'b, T> {
        self.of.index(self.index.as_index())
    }
}

impl<'b, E: Elem, const N: usize> Read for Arr<'b, [E; N]> {
    type Value = Arr<'b, [E; N]>;

    fn read(self) -> Arr<'b, [E; N]> {
        self
    }
}

/// What `*place = value` writes to.
pub trait Write<V> {
    /// Writes it.
    fn write(&self, value: V);
}

impl<'b, T: Plain> Write<Val<'b, T>> for ElementMut<'b, T> {
    fn write(&self, value: Val<'b, T>) {
        self.of.store(self.index.as_index(), value);
    }
}

impl Body {
    /// `*of`.
    pub fn read<R: Read>(&self, of: R) -> R::Value {
        of.read()
    }

    /// `*to = value`.
    pub fn write<V, W: Write<V>>(&self, to: &W, value: V) {
        to.write(value);
    }

    /// `lo..hi`.
    pub fn span<'b, T: Plain>(&'b self, lo: Val<'b, T>, hi: Val<'b, T>) -> Span<'b, T> {
        Span {
            lo: Val::new(self, self.bound(lo.id())),
            hi: Val::new(self, self.bound(hi.id())),
            of: PhantomData,
        }
    }

    /// `lo..=hi`.
    pub fn span_inclusive<'b, T: Plain>(&'b self, lo: Val<'b, T>, hi: Val<'b, T>) -> Span<'b, T> {
        let last = self.bound(hi.id());
        let most = self.i64(i64::MAX);
        if self.range(last).hi == i128::from(i64::MAX) {
            // No loop has as many rounds.
            let fits = self.op(Op::Lt, &[last, most]);
            let message = "the last of a range is too large";
            self.guard(FaultKind::Range, fits, message, &[last]);
        }
        let past = self.op(Op::Add, &[last, self.i64(1)]);
        let known = self.range(last);
        let range = Interval {
            lo: known.lo + 1,
            hi: (known.hi + 1).min(i128::from(i64::MAX)),
        };
        self.set_range(past, range);
        Span {
            lo: Val::new(self, self.bound(lo.id())),
            hi: Val::new(self, past),
            of: PhantomData,
        }
    }

    /// Says what an index of `lo..hi` is known to be.
    fn set_within<'b>(&'b self, index: Val<'b, i64>, lo: Val<'b, i64>, hi: Val<'b, i64>) {
        let (lo, hi) = (self.range(lo.id()), self.range(hi.id()));
        let range = Interval {
            lo: lo.lo,
            hi: (hi.hi - 1).max(lo.lo),
        };
        self.set_range(index.id(), range);
    }

    fn index_op<'b>(&'b self, op: Op, a: Val<'b, i64>, b: Val<'b, i64>) -> Val<'b, i64> {
        Val::new(self, self.op(op, &[a.id(), b.id()]))
    }

    fn zero_index(&self) -> Val<'_, i64> {
        Val::new(self, self.i64(0))
    }
}

impl<'b> Val<'b, i64> {
    /// An index of a loop as an index of a slice.
    fn as_index(self) -> Val<'b, usize> {
        self.body().cast(self)
    }
}

impl<'b, T: Plain> Iter<'b> for Span<'b, T> {
    type Item = Val<'b, T>;

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        (self.lo, self.hi)
    }

    fn at(&self, index: Val<'b, i64>) -> Val<'b, T> {
        index.body().cast(index)
    }
}

impl<'b, T: Plain> Iter<'b> for Elements<'b, T> {
    type Item = Val<'b, T>;

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        let len = self.0.len_index();
        (len.body().zero_index(), len)
    }

    fn at(&self, index: Val<'b, i64>) -> Val<'b, T> {
        self.0.index(index.as_index())
    }
}

impl<'b, T: Plain> Iter<'b> for ElementsMut<'b, T> {
    type Item = ElementMut<'b, T>;

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        Elements(self.0).bounds()
    }

    fn at(&self, index: Val<'b, i64>) -> ElementMut<'b, T> {
        ElementMut { of: self.0, index }
    }
}

impl<'b, T: Plain> Iter<'b> for Parts<'b, T> {
    type Item = Slice<'b, T>;

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        (self.count.body().zero_index(), self.count)
    }

    fn at(&self, index: Val<'b, i64>) -> Slice<'b, T> {
        let start = index.body().index_op(Op::Mul, index, self.step);
        self.of.part(start, self.len)
    }
}

/// How many rounds there are, at most the largest `i64`.
fn len<'b>(iter: &impl Iter<'b>) -> Val<'b, i64> {
    let (lo, hi) = iter.bounds();
    let body = lo.body();
    let (first, past) = (body.range(lo.id()), body.range(hi.id()));
    if first == Interval::point(0) && past.lo >= 0 {
        return hi;
    }
    let is_near = past.hi - first.lo <= i128::from(i64::MAX);
    let op = if is_near { Op::Sub } else { Op::SubSat };
    let len = body.index_op(op, hi, lo);
    let len = body.index_op(Op::Max, len, body.zero_index());
    let most = (past.hi - first.lo).clamp(0, i128::from(i64::MAX));
    body.set_range(len.id(), Interval { lo: 0, hi: most });
    len
}

/// What is there in the round of a number.
fn nth<'b, I: Iter<'b>>(iter: &I, round: Val<'b, i64>) -> I::Item {
    let body = round.body();
    let (lo, hi) = iter.bounds();
    if body.range(lo.id()) == Interval::point(0) {
        return iter.at(round);
    }
    let at = body.index_op(Op::Add, lo, round);
    body.set_within(at, lo, hi);
    iter.at(at)
}

impl<'b, I: Iter<'b>> Iter<'b> for Rev<I> {
    type Item = I::Item;

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        let len = len(&self.0);
        (len.body().zero_index(), len)
    }

    fn at(&self, index: Val<'b, i64>) -> I::Item {
        // The first from the back is the last: hi - 1 - index.
        let body = index.body();
        let (lo, hi) = self.0.bounds();
        let last = body.index_op(Op::Sub, hi, Val::new(body, body.i64(1)));
        let at = body.index_op(Op::Sub, last, index);
        body.set_within(at, lo, hi);
        self.0.at(at)
    }
}

impl<'b, I: Iter<'b>> Iter<'b> for StepBy<'b, I> {
    type Item = I::Item;

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        // ceil(n / s) = (n - 1) / s + 1 for n > 0, and 0 for n = 0, which
        // for s = 1 needs a question, as -1 / 1 + 1 is 0 and -1 / 2 + 1 is 1.
        let len = len(&self.of);
        let body = len.body();
        let (zero, one) = (body.zero_index(), Val::new(body, body.i64(1)));
        let less = body.index_op(Op::Sub, len, one);
        let quotient = body.index_op(Op::Div, less, self.step);
        let some = body.index_op(Op::Add, quotient, one);
        let is_none = body.op(Op::Eq, &[len.id(), zero.id()]);
        let rounds = body.op(Op::Select, &[is_none, zero.id(), some.id()]);
        let most = body.range(len.id());
        body.set_range(rounds, most);
        (zero, Val::new(body, rounds))
    }

    fn at(&self, index: Val<'b, i64>) -> I::Item {
        let body = index.body();
        let (lo, hi) = self.of.bounds();
        let by = body.index_op(Op::Mul, index, self.step);
        let at = match body.range(lo.id()) == Interval::point(0) {
            true => by,
            false => body.index_op(Op::Add, lo, by),
        };
        body.set_within(at, lo, hi);
        self.of.at(at)
    }
}

impl<'b, I: Iter<'b>> Iter<'b> for Enumerate<I> {
    type Item = (Val<'b, usize>, I::Item);

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        let len = len(&self.0);
        (len.body().zero_index(), len)
    }

    fn at(&self, index: Val<'b, i64>) -> (Val<'b, usize>, I::Item) {
        (index.as_index(), nth(&self.0, index))
    }
}

impl<'b, A: Iter<'b>, B: Iter<'b>> Iter<'b> for Zip<A, B> {
    type Item = (A::Item, B::Item);

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        let (a, b) = (len(&self.0), len(&self.1));
        let body = a.body();
        let shorter = body.index_op(Op::Min, a, b);
        let most = body.range(a.id()).hi.min(body.range(b.id()).hi);
        body.set_range(shorter.id(), Interval { lo: 0, hi: most });
        (body.zero_index(), shorter)
    }

    fn at(&self, index: Val<'b, i64>) -> (A::Item, B::Item) {
        (nth(&self.0, index), nth(&self.1, index))
    }
}

impl<'b, I: Iter<'b>, R, F: Fn(I::Item) -> R> Iter<'b> for Map<I, F> {
    type Item = R;

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        self.0.bounds()
    }

    fn at(&self, index: Val<'b, i64>) -> R {
        (self.1)(self.0.at(index))
    }
}

/// What has elements to go over.
pub trait Elementwise<'b> {
    /// The type of an element.
    type Element: Plain;

    /// All of it, as a slice.
    fn all(&self) -> Slice<'b, Self::Element>;

    /// Each element.
    fn iter(&self) -> Elements<'b, Self::Element> {
        Elements(self.all())
    }

    /// A reference to each element.
    fn iter_mut(&self) -> ElementsMut<'b, Self::Element> {
        ElementsMut(self.all())
    }

    /// Each run of `len` elements.
    fn windows(&self, len: Val<'b, usize>) -> Parts<'b, Self::Element> {
        let (of, body) = (self.all(), len.body());
        let len = size(len, "window size must be non-zero");
        let one = Val::new(body, body.i64(1));
        let more = body.index_op(Op::Sub, of.len_index(), len);
        let count = body.index_op(Op::Add, more, one);
        let count = body.index_op(Op::Max, count, body.zero_index());
        let most = body.range(of.len_index().id());
        body.set_range(count.id(), Interval { lo: 0, ..most });
        Parts {
            of,
            len,
            step: one,
            count,
        }
    }

    /// Runs of `len` elements, one after the other, without what is left.
    fn chunks_exact(&self, len: Val<'b, usize>) -> Parts<'b, Self::Element> {
        let (of, body) = (self.all(), len.body());
        let len = size(len, "chunk size must be non-zero");
        let count = body.index_op(Op::Div, of.len_index(), len);
        let most = body.range(of.len_index().id());
        body.set_range(count.id(), Interval { lo: 0, ..most });
        Parts {
            of,
            len,
            step: len,
            count,
        }
    }
}

/// A length that is not 0.
fn size<'b>(len: Val<'b, usize>, message: &str) -> Val<'b, i64> {
    let body = len.body();
    let is_some = body.op(Op::Ne, &[len.id(), body.lit(0usize).id()]);
    body.guard(FaultKind::Assert, is_some, message, &[]);
    // Behind the guard it is; before it, a division must have a value.
    let len = body.op(Op::Max, &[body.bound(len.id()), body.i64(1)]);
    Val::new(body, len)
}

impl<'b, T: Plain> Elementwise<'b> for Slice<'b, T> {
    type Element = T;

    fn all(&self) -> Slice<'b, T> {
        *self
    }
}

impl<'b, T: Plain + Elem, const N: usize> Elementwise<'b> for Arr<'b, [T; N]> {
    type Element = T;

    fn all(&self) -> Slice<'b, T> {
        self.as_slice()
    }
}

/// The methods of what a `for` goes over.
pub trait IterExt<'b>: Iter<'b> + Sized {
    /// From the last to the first.
    fn rev(self) -> Rev<Self> {
        Rev(self)
    }

    /// Each `step`-th, from the first on.
    fn step_by(self, step: Val<'b, usize>) -> StepBy<'b, Self> {
        StepBy {
            of: self,
            step: size(step, "assertion failed: step != 0"),
        }
    }

    /// With the number of each round.
    fn enumerate(self) -> Enumerate<Self> {
        Enumerate(self)
    }

    /// With what another one has, as long as both have something.
    fn zip<J: Iter<'b>>(self, other: J) -> Zip<Self, J> {
        Zip(self, other)
    }

    /// What a function makes of each.
    fn map<R, F: Fn(Self::Item) -> R>(self, function: F) -> Map<Self, F> {
        Map(self, function)
    }

    /// References are the values already.
    fn copied(self) -> Self {
        self
    }

    /// References are the values already.
    fn cloned(self) -> Self {
        self
    }

    /// How many there are.
    fn count(self) -> Val<'b, usize> {
        len(&self).as_index()
    }

    /// What a function makes of all, one after the other.
    fn fold<V: Value<'b>>(self, init: V, function: impl FnOnce(V, Self::Item) -> V) -> V {
        let body = self.bounds().0.body();
        let mut value = init;
        let mut l = body.begin_for(&self);
        l.carry(&value);
        let index = l.open();
        l.take(&mut value);
        value = function(value, self.at(index));
        l.next(&value);
        l.close();
        l.take(&mut value);
        value
    }

    /// The sum, in order, from -0.0 on for floats as in Rust.
    fn sum<T: Plain>(self) -> Val<'b, T>
    where
        Self: Iter<'b, Item = Val<'b, T>>,
    {
        let body = self.bounds().0.body();
        let zero = Val::zero(body);
        let start = match body.scalar(Val::id(zero)).is_float() {
            true => body.neg(zero),
            false => zero,
        };
        self.fold(start, |sum, item| body.add(sum, item))
    }

    /// The product, in order.
    fn product<T: Plain>(self) -> Val<'b, T>
    where
        Self: Iter<'b, Item = Val<'b, T>>,
    {
        let body = self.bounds().0.body();
        let zero: Val<'b, T> = Val::zero(body);
        let one = kiln_ir::Const::one(body.scalar(zero.id()));
        let one = Val::new(body, body.constant(one));
        self.fold(one, |product, item| body.mul(product, item))
    }

    /// The greatest of integers, where there must be one.
    fn max_some<T: Whole>(self, message: &str) -> Val<'b, T>
    where
        Self: Iter<'b, Item = Val<'b, T>>,
    {
        extreme(self, Op::Max, message)
    }

    /// The least of integers, where there must be one.
    fn min_some<T: Whole>(self, message: &str) -> Val<'b, T>
    where
        Self: Iter<'b, Item = Val<'b, T>>,
    {
        extreme(self, Op::Min, message)
    }

    /// The greatest of integers, or a value where there is none.
    fn max_or<T: Whole>(self, otherwise: Val<'b, T>) -> Val<'b, T>
    where
        Self: Iter<'b, Item = Val<'b, T>>,
    {
        extreme_or(self, Op::Max, otherwise)
    }

    /// The least of integers, or a value where there is none.
    fn min_or<T: Whole>(self, otherwise: Val<'b, T>) -> Val<'b, T>
    where
        Self: Iter<'b, Item = Val<'b, T>>,
    {
        extreme_or(self, Op::Min, otherwise)
    }

    /// Whether a condition holds for all; the first for which it does not is
    /// the last that is looked at.
    fn all(self, condition: impl FnOnce(Self::Item) -> Val<'b, bool>) -> Val<'b, bool> {
        let body = self.bounds().0.body();
        search(self, body.lit(true), condition)
    }

    /// Whether a condition holds for one; the first is the last that is
    /// looked at.
    fn any(self, condition: impl FnOnce(Self::Item) -> Val<'b, bool>) -> Val<'b, bool> {
        let body = self.bounds().0.body();
        search(self, body.lit(false), condition)
    }
}

impl<'b, I: Iter<'b>> IterExt<'b> for I {}

fn extreme<'b, T: Whole, I: Iter<'b, Item = Val<'b, T>>>(
    iter: I,
    op: Op,
    message: &str,
) -> Val<'b, T> {
    let len = len(&iter);
    let body = len.body();
    let is_some = body.op(Op::Lt, &[body.zero_index().id(), len.id()]);
    body.guard(FaultKind::Assert, is_some, message, &[]);
    joined(iter, op)
}

fn extreme_or<'b, T: Whole, I: Iter<'b, Item = Val<'b, T>>>(
    iter: I,
    op: Op,
    otherwise: Val<'b, T>,
) -> Val<'b, T> {
    let len = len(&iter);
    let body = len.body();
    let is_some = body.op(Op::Lt, &[body.zero_index().id(), len.id()]);
    let value = joined(iter, op);
    Val::new(
        body,
        body.op(Op::Select, &[is_some, value.id(), otherwise.id()]),
    )
}

/// All of them joined; the other end of the type where there are none.
fn joined<'b, T: Whole, I: Iter<'b, Item = Val<'b, T>>>(iter: I, op: Op) -> Val<'b, T> {
    let body = iter.bounds().0.body();
    let scalar = super::array::scalar_of::<T>();
    let combine = match op {
        Op::Max => kiln_ir::Combine::Max,
        _ => kiln_ir::Combine::Min,
    };
    let start = Val::new(body, body.constant(combine.identity(scalar)));
    iter.fold(start, |value, item| {
        Val::new(body, body.op(op, &[value.id(), item.id()]))
    })
}

/// Looks as long as a condition is what it is at first.
fn search<'b, I: Iter<'b>>(
    iter: I,
    first: Val<'b, bool>,
    condition: impl FnOnce(I::Item) -> Val<'b, bool>,
) -> Val<'b, bool> {
    let body = first.body();
    let (mut index, past) = iter.bounds();
    let mut found = first;
    let mut l = body.begin_while();
    l.carry(&index);
    l.carry(&found);
    l.open_test();
    l.take(&mut index);
    l.take(&mut found);
    l.test(body.bitand(body.eq(found, first), body.lt(index, past)));
    l.take(&mut index);
    l.take(&mut found);
    found = condition(iter.at(body.inside(&iter, index)));
    index = body.after(index);
    l.next(&index);
    l.next(&found);
    l.close();
    l.take(&mut index);
    l.take(&mut found);
    found
}
