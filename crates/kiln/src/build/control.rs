//! Loops, reductions and scans of a computation being built.
//!
//! What changes from round to round is carried: a loop takes the first values,
//! its body takes those of a round and gives those of the next. So a handle
//! always names one value, and nothing has to be guessed.

use super::{ArrayMut, Builder, Literal, Var};
use crate::element::Number;
use kiln_ir::{Combine, FaultKind, NodeId, Shape};
use kiln_runtime::Element;

/// What a loop carries and a choice gives: nothing, a handle, a plain value,
/// or a tuple of those.
pub trait Vars<'b> {
    /// The same with a handle for each value.
    type Handles;

    #[doc(hidden)]
    fn append(self, builder: &'b Builder, ids: &mut Vec<NodeId>);

    #[doc(hidden)]
    fn handles(builder: &'b Builder, ids: &mut std::vec::IntoIter<NodeId>) -> Self::Handles;
}

impl<'b, T: Element> Vars<'b> for Var<'b, T> {
    type Handles = Var<'b, T>;

    fn append(self, builder: &'b Builder, ids: &mut Vec<NodeId>) {
        ids.push(self.to_var(builder).id());
    }

    fn handles(builder: &'b Builder, ids: &mut std::vec::IntoIter<NodeId>) -> Var<'b, T> {
        match ids.next() {
            Some(id) => Var::new(builder, id),
            None => unreachable!("there is one id per handle"),
        }
    }
}

macro_rules! plain {
    ($($ty:ident)*) => {$(
        impl<'b> Vars<'b> for $ty {
            type Handles = Var<'b, $ty>;

            fn append(self, builder: &'b Builder, ids: &mut Vec<NodeId>) {
                ids.push(builder.constant(self).id());
            }

            fn handles(
                builder: &'b Builder,
                ids: &mut std::vec::IntoIter<NodeId>,
            ) -> Var<'b, $ty> {
                Var::<$ty>::handles(builder, ids)
            }
        }
    )*};
}

plain! { bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }

macro_rules! tuples {
    ($(($($name:ident)*);)*) => {$(
        impl<'b, $($name: Vars<'b>),*> Vars<'b> for ($($name,)*) {
            type Handles = ($($name::Handles,)*);

            #[allow(non_snake_case, unused_variables, clippy::unused_unit,
                reason = "a tuple may be empty, and its parts are named as their types")]
            fn append(self, builder: &'b Builder, ids: &mut Vec<NodeId>) {
                let ($($name,)*) = self;
                $($name.append(builder, ids);)*
            }

            #[allow(unused_variables, clippy::unused_unit, reason = "a tuple may be empty")]
            fn handles(
                builder: &'b Builder,
                ids: &mut std::vec::IntoIter<NodeId>,
            ) -> Self::Handles {
                ($($name::handles(builder, ids),)*)
            }
        }
    )*};
}

tuples! {
    ();
    (A);
    (A B);
    (A B C);
    (A B C D);
    (A B C D E);
    (A B C D E F);
    (A B C D E F G);
    (A B C D E F G H);
}

impl Builder {
    pub(super) fn ids<'b>(&'b self, values: impl Vars<'b>) -> Vec<NodeId> {
        let mut ids = Vec::new();
        values.append(self, &mut ids);
        ids
    }

    pub(super) fn handles<'b, V: Vars<'b>>(&'b self, ids: Vec<NodeId>) -> V::Handles {
        V::handles(self, &mut ids.into_iter())
    }

    /// Runs `body` for each index of `lo..hi`.
    ///
    /// ```
    /// let b = kiln::Builder::new("axpy");
    /// let a = b.input::<f64>("a");
    /// let (x, y) = (b.array::<f64, 1>("x"), b.array_mut::<f64, 1>("y"));
    /// b.for_each(0, y.len(), |i| y.set(i, y.at(i) + a * x.at(i)));
    /// let axpy = b.finish()?.arrays()?;
    /// let (x, mut y) = ([1.0, 2.0], [0.5, 0.5]);
    /// axpy.call(&mut [2.0.into(), (&x).into(), (&mut y).into()])?;
    /// assert_eq!(y, [2.5, 4.5]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn for_each<'b>(
        &'b self,
        lo: impl Literal<'b, i64>,
        hi: impl Literal<'b, i64>,
        body: impl FnOnce(Var<'b, i64>),
    ) {
        self.fold(lo, hi, (), |i, ()| body(i));
    }

    /// Runs `body` for each index of `lo..hi` on what it gave in the round
    /// before, at first on `init`; gives what it gave last.
    ///
    /// ```
    /// let b = kiln::Builder::new("fibonacci");
    /// let n = b.input::<i64>("n");
    /// let (result, _) = b.fold(0, n, (0i64, 1i64), |_, (last, next)| (next, last + next));
    /// b.output("result", result);
    /// let fibonacci = b.finish()?.typed::<fn(i64) -> i64>(["n"])?;
    /// assert_eq!(fibonacci.call(10), 55);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn fold<'b, I, N>(
        &'b self,
        lo: impl Literal<'b, i64>,
        hi: impl Literal<'b, i64>,
        init: I,
        body: impl FnOnce(Var<'b, i64>, I::Handles) -> N,
    ) -> I::Handles
    where
        I: Vars<'b>,
        N: Vars<'b, Handles = I::Handles>,
    {
        let (lo, hi) = (lo.to_var(self).id(), hi.to_var(self).id());
        let init = self.ids(init);
        let (index, carried) = self.open(|func| func.begin_for(&init));
        let next = body(Var::new(self, index), self.handles::<I>(carried));
        let next = self.ids(next);
        self.close();
        let func = &mut self.state.borrow_mut().func;
        let results = func.end_for(lo, hi, 1, &init, &next);
        self.handles::<I>(results)
    }

    /// Runs `body` as long as `go_on` holds for what is carried, at first
    /// `init`; gives what is carried in the end.
    ///
    /// ```
    /// let steps = kiln::build(|b| {
    ///     let n = b.input::<i64>("n");
    ///     let (_, steps) = b.repeat_while(
    ///         (n, 0i64),
    ///         |&(k, _)| k.ne(1),
    ///         |(k, steps)| ((k & 1).eq(1).select(3 * k + 1, k >> 1), steps + 1),
    ///     );
    ///     steps
    /// })?;
    /// assert_eq!(steps.typed::<fn(i64) -> i64>(["n"])?.call(27), 111);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn repeat_while<'b, I, N>(
        &'b self,
        init: I,
        go_on: impl FnOnce(&I::Handles) -> Var<'b, bool>,
        body: impl FnOnce(I::Handles) -> N,
    ) -> I::Handles
    where
        I: Vars<'b>,
        N: Vars<'b, Handles = I::Handles>,
    {
        let init = self.ids(init);
        let carried = self.open(|func| func.begin_while(&init));
        let test = go_on(&self.handles::<I>(carried)).to_var(self).id();
        self.close();
        let (cond, carried) = self.open(|func| func.begin_do(test));
        let next = body(self.handles::<I>(carried));
        let next = self.ids(next);
        self.close();
        let func = &mut self.state.borrow_mut().func;
        let results = func.end_while(cond, &init, &next);
        self.handles::<I>(results)
    }

    /// Combines what `body` gives for each index of `lo..hi`, in the shape
    /// that is the same on every machine and for any number of threads:
    /// [`Shape::Tree`], or one after the other with [`Shape::InOrder`].
    ///
    /// The sum of nothing is 0 (of floats, -0.0) and the product 1; none of
    /// them are `all`, and not `any`.
    ///
    /// # Panics
    /// When the values do not fit: `any` and `all` take `bool` and integers,
    /// the others numbers.
    #[track_caller]
    pub fn reduce<'b, T: Element>(
        &'b self,
        combine: Combine,
        shape: Shape,
        lo: impl Literal<'b, i64>,
        hi: impl Literal<'b, i64>,
        body: impl FnOnce(Var<'b, i64>) -> Var<'b, T>,
    ) -> Var<'b, T> {
        let (lo, hi) = (lo.to_var(self).id(), hi.to_var(self).id());
        if matches!(combine, Combine::Min | Combine::Max) {
            self.guard_some(lo, hi);
        }
        let index = self.open(|func| func.begin_reduce());
        let value = body(Var::new(self, index)).to_var(self).id();
        self.close();
        let func = &mut self.state.borrow_mut().func;
        let result = func.end_reduce(combine, shape, lo, hi, value);
        Var::new(self, result)
    }

    #[track_caller]
    fn guard_some(&self, lo: NodeId, hi: NodeId) {
        let (lo, hi) = (Var::<i64>::new(self, lo), Var::<i64>::new(self, hi));
        let message = "the least or greatest of no values";
        self.guard_as(FaultKind::Range, lo.lt(hi), message, &[]);
    }

    /// The sum of what `body` gives for each index of `lo..hi`.
    ///
    /// ```
    /// let b = kiln::Builder::new("dot");
    /// let (x, y) = (b.array::<f64, 1>("x"), b.array::<f64, 1>("y"));
    /// b.output("dot", b.sum(0, x.len(), |i| x.at(i) * y.at(i)));
    /// let dot = b.finish()?.arrays()?;
    /// let out = dot.call(&mut [(&[1.0, 2.0]).into(), (&[3.0, 4.0]).into()])?;
    /// assert_eq!(out["dot"].as_f64(), Some(11.0));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn sum<'b, T: Number>(
        &'b self,
        lo: impl Literal<'b, i64>,
        hi: impl Literal<'b, i64>,
        body: impl FnOnce(Var<'b, i64>) -> Var<'b, T>,
    ) -> Var<'b, T> {
        self.reduce(Combine::Sum, Shape::Tree, lo, hi, body)
    }

    /// The greatest of what `body` gives for each index of `lo..hi`; NaN if
    /// one is. Of nothing it is an error.
    #[track_caller]
    pub fn greatest<'b, T: Number>(
        &'b self,
        lo: impl Literal<'b, i64>,
        hi: impl Literal<'b, i64>,
        body: impl FnOnce(Var<'b, i64>) -> Var<'b, T>,
    ) -> Var<'b, T> {
        self.reduce(Combine::Max, Shape::Tree, lo, hi, body)
    }

    /// The least of what `body` gives for each index of `lo..hi`; NaN if one
    /// is. Of nothing it is an error.
    #[track_caller]
    pub fn least<'b, T: Number>(
        &'b self,
        lo: impl Literal<'b, i64>,
        hi: impl Literal<'b, i64>,
        body: impl FnOnce(Var<'b, i64>) -> Var<'b, T>,
    ) -> Var<'b, T> {
        self.reduce(Combine::Min, Shape::Tree, lo, hi, body)
    }

    /// Combines what `body` gives for each index of `lo..hi` one after the
    /// other, from `init` on, and writes each running value to `into` at the
    /// index; gives the last.
    ///
    /// ```
    /// use kiln::Combine;
    ///
    /// let b = kiln::Builder::new("running");
    /// let (x, y) = (b.array::<i64, 1>("x"), b.array_mut::<i64, 1>("y"));
    /// b.output("total", b.scan(Combine::Sum, 0, x.len(), 0i64, y, |i| x.at(i)));
    /// let running = b.finish()?.arrays()?;
    /// let mut y = [0i64; 3];
    /// let out = running.call(&mut [(&[1i64, 2, 3]).into(), (&mut y).into()])?;
    /// assert_eq!((y, out["total"].as_i64()), ([1, 3, 6], Some(6)));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    #[track_caller]
    pub fn scan<'b, T: Element>(
        &'b self,
        combine: Combine,
        lo: impl Literal<'b, i64>,
        hi: impl Literal<'b, i64>,
        init: impl Literal<'b, T>,
        into: ArrayMut<'b, T, 1>,
        body: impl FnOnce(Var<'b, i64>) -> Var<'b, T>,
    ) -> Var<'b, T> {
        let (lo, hi) = (lo.to_var(self).id(), hi.to_var(self).id());
        let init = init.to_var(self).id();
        let index = self.open(|func| func.begin_reduce());
        let value = body(Var::new(self, index)).to_var(self).id();
        into.guard(self, &[index]);
        self.close();
        let func = &mut self.state.borrow_mut().func;
        let result = func.end_scan(combine, init, lo, hi, into.array(), value);
        Var::new(self, result)
    }
}
