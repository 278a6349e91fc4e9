//! Expanding the mathematical functions into the arithmetic they are made of.
//!
//! kiln-math writes each function once over an abstract arithmetic; here that
//! arithmetic is the builder of a Func. The interpreter runs the same text on
//! plain numbers, so the bits agree by construction. Since equal nodes merge,
//! `sin(x)` and `cos(x)` share their range reduction, and since pure nodes
//! float, an expansion runs where its value is needed and nowhere else.

use crate::op_set::OpSet;
use kiln_ir::{
    Class, Const, Func, FuncBuilder, NodeId, Op, Rewrite, Scalar, Type, meaning, rewrite,
};
use kiln_math::{Arith, Binary32, Binary64, Format, Slow, generic, single};
use std::marker::PhantomData;

/// Replaces each mathematical function, and the remainder and scaling of
/// floats, by its expansion; ops in `native` stay. Gives the number replaced.
pub(crate) fn expand(func: &Func, native: OpSet) -> (Func, u32) {
    let mut pass = Expand {
        native,
        expanded: 0,
        paths: Paths::All,
    };
    let func = rewrite(func, &mut pass);
    (func, pass.expanded)
}

/// `func` with the common path alone of each function that `native` has not:
/// for counting what most rows cost. Its values are wrong for the rows that
/// take another path.
pub(crate) fn expand_common(func: &Func, native: OpSet) -> Func {
    let mut pass = Expand {
        native,
        expanded: 0,
        paths: Paths::Common,
    };
    rewrite(func, &mut pass)
}

/// The paths of a function that an expansion has.
#[derive(Clone, Copy)]
enum Paths {
    All,
    Common,
}

/// Whether `op`, with a result of type `ty`, has an expansion.
pub(crate) fn is_expanded(op: Op, ty: Type, native: OpSet) -> bool {
    let has_one = match op {
        Op::Ldexp | Op::Exponent | Op::Mantissa => true,
        Op::Rem => ty.scalar.is_float(),
        _ => op.class() == Class::Math,
    };
    has_one && !native.contains(op)
}

struct Expand {
    native: OpSet,
    expanded: u32,
    paths: Paths,
}

impl Rewrite for Expand {
    fn op(
        &mut self,
        b: &mut FuncBuilder,
        op: Op,
        args: &[NodeId],
        ty: Type,
        _old: NodeId,
    ) -> NodeId {
        if !is_expanded(op, ty, self.native) {
            return b.op_as(op, args, Some(ty));
        }
        self.expanded += 1;
        expansion(b, op, args, ty, self.paths)
    }
}

/// The value of `op` through its expansion: in the type's own format, or, if
/// that of binary32 is computed in binary64, between casts, as its meaning is.
fn expansion(b: &mut FuncBuilder, op: Op, args: &[NodeId], ty: Type, paths: Paths) -> NodeId {
    if ty.scalar == Scalar::F32 {
        let a = &mut Expander::<Binary32>::new(b, ty.lanes, paths);
        if let Some(value) = single::expand(a, op.name(), args) {
            return value;
        }
    }
    let x = b.cast(Scalar::F64, args[0]);
    let result = if op == Op::Powi {
        let n = b.func().as_const(args[1]).and_then(Const::as_int);
        let a = &mut Expander::<Binary64>::new(b, ty.lanes, paths);
        // The verifier has checked that the exponent is a small constant.
        n.map(|n| match ty.scalar {
            Scalar::F32 => generic::powi_to_single(a, x, n as i32),
            _ => generic::powi(a, x, n as i32),
        })
    } else {
        let y = args.get(1).map(|&y| b.cast(Scalar::F64, y));
        let args: Vec<NodeId> = [x].into_iter().chain(y).collect();
        let a = &mut Expander::<Binary64>::new(b, ty.lanes, paths);
        in_double(a, op, &args, ty.scalar)
    };
    match result {
        Some(value) => b.cast(ty.scalar, value),
        None => unreachable!("{} has an expansion", op.name()),
    }
}

/// The expansion in binary64, for a result of type `scalar`.
fn in_double(
    a: &mut Expander<'_, Binary64>,
    op: Op,
    args: &[NodeId],
    scalar: Scalar,
) -> Option<NodeId> {
    let name = if op == Op::Rem { "frem" } else { op.name() };
    if scalar == Scalar::F32
        && let Some(value) = single::expand_double(a, name, args)
    {
        return Some(value);
    }
    kiln_math::expand(a, name, args)
}

/// The types of a format.
trait Scalars: Format {
    const SIGNED: Scalar;
    /// What the bits of a float are, and what a logical shift wants.
    const UNSIGNED: Scalar;
    fn float(c: f64) -> Const;
}

impl Scalars for Binary64 {
    const SIGNED: Scalar = Scalar::I64;
    const UNSIGNED: Scalar = Scalar::U64;
    fn float(c: f64) -> Const {
        Const::f64(c)
    }
}

impl Scalars for Binary32 {
    const SIGNED: Scalar = Scalar::I32;
    const UNSIGNED: Scalar = Scalar::U32;
    fn float(c: f64) -> Const {
        Const::f32(c as f32)
    }
}

/// The arithmetic of kiln-math over a builder, in one format.
struct Expander<'a, S> {
    b: &'a mut FuncBuilder,
    lanes: u16,
    paths: Paths,
    format: PhantomData<S>,
}

impl<'a, S: Scalars> Expander<'a, S> {
    fn new(b: &'a mut FuncBuilder, lanes: u16, paths: Paths) -> Self {
        Expander {
            b,
            lanes,
            paths,
            format: PhantomData,
        }
    }

    fn of(&mut self, value: Const) -> NodeId {
        let ty = Type::vector(value.scalar(), self.lanes);
        self.b.constant_of(ty, value)
    }

    fn op(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        self.b.op(op, args)
    }

    fn signed(&mut self, i: NodeId) -> NodeId {
        self.b.cast(S::SIGNED, i)
    }
}

/// Methods that are the op of the same name.
macro_rules! same_op {
    ($($method:ident($($arg:ident),+) $op:ident;)*) => {
        $(fn $method(&mut self, $($arg: NodeId),+) -> NodeId {
            self.op(Op::$op, &[$($arg),+])
        })*
    };
}

impl<S: Scalars> Arith for Expander<'_, S> {
    type Format = S;
    type F = NodeId;
    type I = NodeId;
    type M = NodeId;

    fn float(&mut self, c: f64) -> NodeId {
        self.of(S::float(c))
    }

    fn int(&mut self, c: i64) -> NodeId {
        self.of(Const::int(S::UNSIGNED, c))
    }

    same_op! {
        add(x, y) Add;
        sub(x, y) Sub;
        mul(x, y) Mul;
        div(x, y) Div;
        fma(x, y, z) Fma;
        sqrt(x) Sqrt;
        neg(x) Neg;
        abs(x) Abs;
        rint(x) Rint;
        floor(x) Floor;
        trunc(x) Trunc;
        lt(x, y) Lt;
        le(x, y) Le;
        gt(x, y) Gt;
        ge(x, y) Ge;
        eq(x, y) Eq;
        ne(x, y) Ne;
        and(m, n) And;
        or(m, n) Or;
        not(m) Not;
        select(m, x, y) Select;
        select_int(m, i, j) Select;
        bits(x) RawBits;
        from_bits(i) FromBits;
        iadd(i, j) Add;
        isub(i, j) Sub;
        iand(i, j) And;
        ior(i, j) Or;
        ixor(i, j) Xor;
        ieq(i, j) Eq;
    }

    fn copysign(&mut self, magnitude: NodeId, sign: NodeId) -> NodeId {
        // The op looks for a NaN first; here any NaN's sign will do.
        let mask = self.int(1 << (S::BITS - 1));
        let sign = self.bits(sign);
        let sign = self.iand(sign, mask);
        let size = self.abs(magnitude);
        let size = self.bits(size);
        let bits = self.ior(size, sign);
        self.from_bits(bits)
    }

    fn ishl(&mut self, i: NodeId, n: u32) -> NodeId {
        let n = self.int(n.into());
        self.op(Op::Shl, &[i, n])
    }

    fn ushr(&mut self, i: NodeId, n: u32) -> NodeId {
        let n = self.int(n.into());
        self.op(Op::Shr, &[i, n])
    }

    fn ilt(&mut self, i: NodeId, j: NodeId) -> NodeId {
        let (i, j) = (self.signed(i), self.signed(j));
        self.op(Op::Lt, &[i, j])
    }

    fn rare(
        &mut self,
        cond: NodeId,
        then: impl FnOnce(&mut Self) -> NodeId,
        common: NodeId,
    ) -> NodeId {
        if let Paths::Common = self.paths {
            return common;
        }
        self.b.begin_if();
        let value = then(self);
        let (cond, value) = if self.lanes == 1 {
            (cond, value)
        } else {
            let value = self.select(cond, value, common);
            (self.op(Op::Any, &[cond]), value)
        };
        let region = self.b.begin_else(&[value]);
        self.b.end_if(cond, region, &[common])[0]
    }

    fn slow(&mut self, op: Slow, args: &[NodeId]) -> NodeId {
        match meaning::slow_op(op) {
            Some(op) => self.op(op, args),
            None => unreachable!("the op table lists {op:?}"),
        }
    }
}
