//! What stands behind the running totals of slices when a kernel calls one:
//! loops that carry the value from element to element.

use super::companion::companion;
use super::{Body, Elementwise, Val};
use crate::element::Number;
use crate::scan::LENGTHS;
use kiln_ir::{Combine, FaultKind, Interval, Op};

impl Body {
    fn running<'b, X, O>(&'b self, combine: Combine, x: &X, out: &O)
    where
        X: Elementwise<'b>,
        O: Elementwise<'b, Element = X::Element>,
        X::Element: Number,
    {
        let (x, out) = (x.all(), out.all());
        let len = out.len_index().id();
        let is_same = self.op(Op::Eq, &[x.len_index().id(), len]);
        self.guard(FaultKind::Assert, is_same, LENGTHS, &[]);
        let scalar = super::array::scalar_of::<X::Element>();
        let init = self.constant(combine.identity(scalar));
        let (index, before) = self.open(|func| func.begin_for(&[init]));
        let hi = (self.range(len).hi - 1).max(0);
        self.set_range(index, Interval { lo: 0, hi });
        let value = x.read_index(index).id();
        let total = self.op(combine.op(), &[before[0], value]);
        out.write_index(index, Val::new(self, total));
        let lo = self.i64(0);
        self.close(|func| func.end_for(lo, len, 1, &[init], &[total]));
    }
}

macro_rules! scans {
    ($($name:ident $combine:ident;)*) => {$(
        companion!($name);

        impl $name {
            #[doc(hidden)]
            pub fn __build<'b, X, O>(body: &'b Body, x: X, out: O)
            where
                X: Elementwise<'b>,
                O: Elementwise<'b, Element = X::Element>,
                X::Element: Number,
            {
                body.running(Combine::$combine, &x, &out);
            }
        }
    )*};
}

scans! {
    cumsum Sum;
    cumprod Product;
    cummax Max;
    cummin Min;
}
