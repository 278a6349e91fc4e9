//! Tuples, the empty one included.

use super::{Body, Fresh, Result, Ty, Value};
use kiln_ir::NodeId;

macro_rules! tuples {
    ($(($($name:ident)*);)*) => {$(
        impl<$($name: Ty),*> Ty for ($($name,)*) {
            type Of<'b> = ($($name::Of<'b>,)*);
        }

        #[allow(unused_variables, clippy::unused_unit, reason = "a tuple may be empty")]
        impl<$($name: Result),*> Result for ($($name,)*) {
            type Slot = bool;
            const IS_SCALAR: bool = false;

            fn of_slot(_: bool) -> Self {
                unreachable!("a tuple is no scalar")
            }

            fn scalars() -> Vec<kiln_ir::Scalar> {
                let all: &[Vec<kiln_ir::Scalar>] = &[$($name::scalars()),*];
                all.concat()
            }

            #[allow(non_snake_case, reason = "parts are named as their types")]
            fn give<'b>(value: &Self::Of<'b>, ids: &mut Vec<NodeId>) {
                let ($($name,)*) = value;
                $(<$name as Result>::give($name, ids);)*
            }

            fn of_slots(slots: &mut std::slice::Iter<'_, u64>) -> Self {
                ($($name::of_slots(slots),)*)
            }
        }

        #[allow(non_snake_case, clippy::unused_unit,
            reason = "a tuple may be empty, and its parts are named as their types")]
        impl<$($name: Fresh),*> Fresh for ($($name,)*) {
            fn fresh(self) -> Self {
                let ($($name,)*) = self;
                ($($name.fresh(),)*)
            }
        }

        #[allow(non_snake_case, unused_variables, clippy::unused_unit,
            reason = "a tuple may be empty, and its parts are named as their types")]
        impl<'b, $($name: Value<'b>),*> Value<'b> for ($($name,)*) {
            fn zero(body: &'b Body) -> Self {
                ($($name::zero(body),)*)
            }

            fn assign(&mut self, value: Self) {
                let ($($name,)*) = self;
                let new = value;
                tuples!(@assign new $($name)*);
            }

            fn push(&self, ids: &mut Vec<NodeId>) {
                let ($($name,)*) = self;
                $($name.push(ids);)*
            }

            fn pull(&mut self, ids: &mut std::vec::IntoIter<NodeId>) {
                let ($($name,)*) = self;
                $($name.pull(ids);)*
            }
        }
    )*};
    (@assign $new:ident) => {};
    (@assign $new:ident $a:ident) => { $a.assign($new.0); };
    (@assign $new:ident $a:ident $b:ident) => { tuples!(@assign $new $a); $b.assign($new.1); };
    (@assign $new:ident $a:ident $b:ident $c:ident) => {
        tuples!(@assign $new $a $b);
        $c.assign($new.2);
    };
    (@assign $new:ident $a:ident $b:ident $c:ident $d:ident) => {
        tuples!(@assign $new $a $b $c);
        $d.assign($new.3);
    };
    (@assign $new:ident $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        tuples!(@assign $new $a $b $c $d);
        $e.assign($new.4);
    };
    (@assign $new:ident $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident) => {
        tuples!(@assign $new $a $b $c $d $e);
        $f.assign($new.5);
    };
}

tuples! {
    ();
    (A);
    (A B);
    (A B C);
    (A B C D);
    (A B C D E);
    (A B C D E F);
}
