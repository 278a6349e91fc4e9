//! What stands behind `kiln::border` when a kernel calls one of its functions:
//! beside each a type of its name, as beside every kernel.

use super::companion::companion;
use super::{Body, Val};

type Index<'b> = Val<'b, i64>;

macro_rules! companions {
    ($($name:ident |$body:ident, $i:ident, $n:ident| $value:expr;)*) => {$(
        companion!($name);

        impl $name {
            #[doc(hidden)]
            pub fn __build<'b>($body: &'b Body, $i: Index<'b>, $n: Index<'b>) -> Index<'b> {
                $value
            }
        }
    )*};
}

companions! {
    wrap |_body, i, n| i.rem_euclid(n);
    reflect |body, i, n| reflected(body, i, n);
    clamp |body, i, n| i.max(body.lit(0)).min(n.wrapping_sub(body.lit(1)));
}

fn reflected<'b>(body: &'b Body, i: Index<'b>, n: Index<'b>) -> Index<'b> {
    let twice = n.wrapping_mul(body.lit(2));
    let i = i.rem_euclid(twice);
    let mut value = i;
    let mut branch = body.begin_if(body.lt(i, n));
    branch.keep(&value);
    branch.then(&mut value);
    branch.begin_else();
    value = twice.wrapping_sub(body.lit(1)).wrapping_sub(i);
    branch.otherwise(&value);
    branch.end();
    branch.take(&mut value);
    value
}
