//! What stands behind the reductions of slices when a kernel calls one: beside
//! the function of each name a type of that name, as beside every kernel.

use super::{Body, Plain, Slice, Val};
use crate::element::{Number, Real};
use crate::reduce::{LENGTHS, NOTHING};
use kiln_ir::{Combine, FaultKind, Interval, NodeId, Op, Scalar, Shape};

impl Body {
    /// What a function of each index below `len` combines to.
    fn reduce<'b, T: Plain>(
        &'b self,
        combine: Combine,
        len: Val<'b, i64>,
        at: impl FnOnce(Val<'b, usize>) -> Val<'b, T>,
    ) -> Val<'b, T> {
        let index = self.open(|func| func.begin_reduce());
        let hi = (self.range(len.id()).hi - 1).max(0);
        self.set_range(index, Interval { lo: 0, hi });
        let value = at(Val::new(self, self.cast_id(Scalar::U64, index))).id();
        let lo = self.i64(0);
        let result = self.close(|func| func.end_reduce(combine, Shape::Tree, lo, len.id(), value));
        Val::new(self, result)
    }

    fn guard_some(&self, len: NodeId) {
        let is_some = self.op(Op::Lt, &[self.i64(0), len]);
        self.guard(FaultKind::Range, is_some, NOTHING, &[]);
    }
}

/// Reductions of one slice.
macro_rules! reductions {
    ($($name:ident $combine:ident $needs_some:literal;)*) => {$(
        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "it stands beside the function of its name")]
        #[derive(Debug)]
        pub enum $name {}

        impl $name {
            #[doc(hidden)]
            pub fn __build<'b, T: Plain + Number>(
                body: &'b Body,
                x: Slice<'b, T>,
            ) -> Val<'b, T> {
                if $needs_some {
                    body.guard_some(x.len_index().id());
                }
                body.reduce(Combine::$combine, x.len_index(), |i| body.index(&x, i))
            }
        }
    )*};
}

reductions! {
    sum Sum false;
    product Product false;
    min Min true;
    max Max true;
}

#[doc(hidden)]
#[allow(
    non_camel_case_types,
    reason = "it stands beside the function of its name"
)]
#[derive(Debug)]
pub enum dot {}

impl dot {
    #[doc(hidden)]
    pub fn __build<'b, T: Plain + Number>(
        body: &'b Body,
        x: Slice<'b, T>,
        y: Slice<'b, T>,
    ) -> Val<'b, T> {
        let lengths = [x.len_index().id(), y.len_index().id()];
        let is_same = body.op(Op::Eq, &lengths);
        body.guard(FaultKind::Assert, is_same, LENGTHS, &[]);
        body.reduce(Combine::Sum, x.len_index(), |i| {
            let (x, y) = (body.index(&x, i), body.index(&y, i));
            Val::new(body, body.op(Op::Mul, &[x.id(), y.id()]))
        })
    }
}

#[doc(hidden)]
#[allow(
    non_camel_case_types,
    reason = "it stands beside the function of its name"
)]
#[derive(Debug)]
pub enum mean {}

impl mean {
    #[doc(hidden)]
    pub fn __build<'b, T: Plain + Real>(body: &'b Body, x: Slice<'b, T>) -> Val<'b, T> {
        let total = sum::__build(body, x);
        let len = body.cast_id(T::SCALAR, x.len_index().id());
        Val::new(body, body.op(Op::Div, &[total.id(), len]))
    }
}
