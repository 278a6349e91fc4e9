//! [`Val`]: a scalar of a function being built; literals, operators, casts.

use super::int::Arith;
use super::{Body, Fresh, Plain, Value};
use kiln_ir::{FaultKind, NodeId, Op};
use kiln_runtime::Element;
use std::marker::PhantomData;

/// What stands between the words of `assert_eq!` and the source of its sides.
pub(crate) const SIDES: &str = " for `";

/// A scalar of type `T` of the function being built.
pub struct Val<'b, T> {
    body: &'b Body,
    id: NodeId,
    ty: PhantomData<T>,
}

impl<T> Clone for Val<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Val<'_, T> {}

impl<T> std::fmt::Debug for Val<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.id)
    }
}

impl<'b, T> Val<'b, T> {
    pub(super) fn new(body: &'b Body, id: NodeId) -> Val<'b, T> {
        Val {
            body,
            id,
            ty: PhantomData,
        }
    }

    pub(super) fn id(self) -> NodeId {
        self.id
    }

    pub(super) fn body(self) -> &'b Body {
        self.body
    }
}

impl<T> Fresh for Val<'_, T> {
    fn fresh(self) -> Self {
        self
    }
}

impl<'b, T: Plain> Value<'b> for Val<'b, T> {
    fn zero(body: &'b Body) -> Self {
        body.lit(T::of_repr(T::Repr::from_slot(0)))
    }

    fn push(&self, ids: &mut Vec<NodeId>) {
        ids.push(self.id);
    }

    fn pull(&mut self, ids: &mut std::vec::IntoIter<NodeId>) {
        match ids.next() {
            Some(id) => self.id = id,
            None => unreachable!("as many nodes come back as went in"),
        }
    }
}

macro_rules! arithmetic {
    ($($name:ident $arith:ident;)*) => {$(
        #[doc = concat!("The operator `", stringify!($name), "`.")]
        pub fn $name<'b, T: Plain>(&'b self, a: Val<'b, T>, b: Val<'b, T>) -> Val<'b, T> {
            Val::new(self, self.arith(Arith::$arith, a.id, b.id))
        }
    )*};
}

macro_rules! bitwise {
    ($($name:ident $op:ident;)*) => {$(
        #[doc = concat!("The operator `", stringify!($name), "`, of `bool` too.")]
        pub fn $name<'b, T: Plain>(&'b self, a: Val<'b, T>, b: Val<'b, T>) -> Val<'b, T> {
            Val::new(self, self.op(Op::$op, &[a.id, b.id]))
        }
    )*};
}

macro_rules! comparisons {
    ($($name:ident $op:ident;)*) => {$(
        #[doc = concat!("The comparison `", stringify!($name), "`.")]
        pub fn $name<'b, T: Plain>(&'b self, a: Val<'b, T>, b: Val<'b, T>) -> Val<'b, bool> {
            Val::new(self, self.op(Op::$op, &[a.id, b.id]))
        }
    )*};
}

impl Body {
    /// A literal, or the value of a constant.
    pub fn lit<T: Plain>(&self, value: T) -> Val<'_, T> {
        use kiln_ir::meaning::Value as _;
        Val::new(self, self.constant(value.repr().to_const()))
    }

    /// What a variable holds before it is given a value.
    pub fn zero<'b, V: Value<'b>>(&'b self) -> V {
        V::zero(self)
    }

    /// Makes a variable a value.
    pub fn assign<'b, V: Value<'b>>(&'b self, variable: &mut V, value: V) {
        variable.assign(value);
    }

    /// The value of a variable, as a variable of its own.
    pub fn fresh<V: Fresh>(&self, value: V) -> V {
        value.fresh()
    }

    arithmetic! {
        add Add;
        sub Sub;
        mul Mul;
    }

    bitwise! {
        bitand And;
        bitor Or;
        bitxor Xor;
    }

    comparisons! {
        eq Eq;
        ne Ne;
        lt Lt;
        le Le;
        gt Gt;
        ge Ge;
    }

    /// `a / b`.
    pub fn div<'b, T: Plain>(&'b self, a: Val<'b, T>, b: Val<'b, T>) -> Val<'b, T> {
        Val::new(self, self.divide(Op::Div, a.id, b.id))
    }

    /// `a % b`.
    pub fn rem<'b, T: Plain>(&'b self, a: Val<'b, T>, b: Val<'b, T>) -> Val<'b, T> {
        Val::new(self, self.divide(Op::Rem, a.id, b.id))
    }

    /// `a << amount`.
    pub fn shl<'b, T: Plain, U: Plain>(&'b self, a: Val<'b, T>, amount: Val<'b, U>) -> Val<'b, T> {
        Val::new(self, self.shift(Op::Shl, a.id, amount.id))
    }

    /// `a >> amount`.
    pub fn shr<'b, T: Plain, U: Plain>(&'b self, a: Val<'b, T>, amount: Val<'b, U>) -> Val<'b, T> {
        Val::new(self, self.shift(Op::Shr, a.id, amount.id))
    }

    /// `-a`.
    pub fn neg<'b, T: Plain>(&'b self, a: Val<'b, T>) -> Val<'b, T> {
        Val::new(self, self.negate(a.id))
    }

    /// `!a`.
    pub fn not<'b, T: Plain>(&'b self, a: Val<'b, T>) -> Val<'b, T> {
        Val::new(self, self.op(Op::Not, &[a.id]))
    }

    /// `a as U`.
    pub fn cast<'b, U: Plain, T: Plain>(&'b self, a: Val<'b, T>) -> Val<'b, U> {
        use kiln_ir::meaning::Value as _;
        Val::new(self, self.cast_id(U::Repr::SCALAR, a.id))
    }

    /// `assert!`: a panic with `message` unless the condition holds.
    pub fn assert(&self, condition: Val<'_, bool>, message: &str) {
        self.guard(FaultKind::Assert, condition.id, message, &[]);
    }

    /// `assert_eq!`; the panic shows both sides. The message ends with
    /// [`SIDES`] and their source, so that it is told apart from others.
    pub fn assert_eq<'b, T: Plain>(&'b self, left: Val<'b, T>, right: Val<'b, T>, message: &str) {
        let is_same = self.op(Op::Eq, &[left.id, right.id]);
        self.guard(FaultKind::Assert, is_same, message, &[left.id, right.id]);
    }

    /// `assert_ne!`, likewise.
    pub fn assert_ne<'b, T: Plain>(&'b self, left: Val<'b, T>, right: Val<'b, T>, message: &str) {
        let differs = self.op(Op::Ne, &[left.id, right.id]);
        self.guard(FaultKind::Assert, differs, message, &[left.id, right.id]);
    }

    /// `panic!`.
    pub fn panic(&self, message: &str) {
        self.assert(self.lit(false), message);
    }
}
