//! What a `for` goes over: something with an element for each index of a
//! range, so that a loop is always one that counts.

use super::{Body, Plain, Val};
use kiln_ir::{FaultKind, Interval, Op, Scalar};

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
    of: std::marker::PhantomData<T>,
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

impl Body {
    /// `lo..hi`.
    pub fn span<'b, T: Plain>(&'b self, lo: Val<'b, T>, hi: Val<'b, T>) -> Span<'b, T> {
        Span {
            lo: Val::new(self, self.bound(lo.id())),
            hi: Val::new(self, self.bound(hi.id())),
            of: std::marker::PhantomData,
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
            of: std::marker::PhantomData,
        }
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
    let len = body.op(op, &[hi.id(), lo.id()]);
    let len = body.op(Op::Max, &[len, body.i64(0)]);
    let most = (past.hi - first.lo).clamp(0, i128::from(i64::MAX));
    body.set_range(len, Interval { lo: 0, hi: most });
    Val::new(body, len)
}

impl<'b, I: Iter<'b>> Iter<'b> for Rev<I> {
    type Item = I::Item;

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        let len = len(&self.0);
        (Val::new(len.body(), len.body().i64(0)), len)
    }

    fn at(&self, index: Val<'b, i64>) -> I::Item {
        // The first from the back is the last: hi - 1 - index.
        let body = index.body();
        let (lo, hi) = self.0.bounds();
        let last = body.op(Op::Sub, &[hi.id(), body.i64(1)]);
        let at = body.op(Op::Sub, &[last, index.id()]);
        let (lo, hi) = (body.range(lo.id()), body.range(hi.id()));
        let known = Interval {
            lo: lo.lo,
            hi: (hi.hi - 1).max(lo.lo),
        };
        body.set_range(at, known);
        self.0.at(Val::new(body, at))
    }
}

impl<'b, I: Iter<'b>> Iter<'b> for StepBy<'b, I> {
    type Item = I::Item;

    fn bounds(&self) -> (Val<'b, i64>, Val<'b, i64>) {
        // ceil(n / s) = (n - 1) / s + 1 for n > 0, and 0 for n = 0: the
        // quotient of -1 truncates to 0, so the case needs no question for
        // s > 1 but one for s = 1.
        let len = len(&self.of);
        let body = len.body();
        let (zero, one) = (body.i64(0), body.i64(1));
        let less = body.op(Op::Sub, &[len.id(), one]);
        let quotient = body.op(Op::Div, &[less, self.step.id()]);
        let some = body.op(Op::Add, &[quotient, one]);
        let is_none = body.op(Op::Eq, &[len.id(), zero]);
        let rounds = body.op(Op::Select, &[is_none, zero, some]);
        let most = body.range(len.id());
        body.set_range(rounds, most);
        (Val::new(body, zero), Val::new(body, rounds))
    }

    fn at(&self, index: Val<'b, i64>) -> I::Item {
        let body = index.body();
        let (lo, hi) = self.of.bounds();
        let by = body.op(Op::Mul, &[index.id(), self.step.id()]);
        let at = body.op(Op::Add, &[lo.id(), by]);
        let (lo, hi) = (body.range(lo.id()), body.range(hi.id()));
        let known = Interval {
            lo: lo.lo,
            hi: (hi.hi - 1).max(lo.lo),
        };
        body.set_range(at, known);
        self.of.at(Val::new(body, at))
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
        let body = step.body();
        let zero = body.lit(0usize);
        let is_some = body.op(Op::Ne, &[step.id(), zero.id()]);
        let message = "assertion failed: step != 0";
        body.guard(FaultKind::Assert, is_some, message, &[]);
        let bound = body.bound(step.id());
        let step = body.op(Op::Max, &[bound, body.i64(1)]);
        debug_assert_eq!(body.scalar(step), Scalar::I64);
        StepBy {
            of: self,
            step: Val::new(body, step),
        }
    }
}

impl<'b, I: Iter<'b>> IterExt<'b> for I {}
