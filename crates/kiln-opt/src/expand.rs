//! Expanding the mathematical functions into the arithmetic they are made of.
//!
//! kiln-math writes each function once over an abstract arithmetic; here that
//! arithmetic is the builder of a Func. The interpreter runs the same text on
//! plain numbers, so the bits agree by construction. Since equal nodes merge,
//! `sin(x)` and `cos(x)` share their range reduction, and since pure nodes
//! float, an expansion runs where its value is needed and nowhere else.

use crate::op_set::OpSet;
use kiln_ir::{
    Class, Const, Func, FuncBuilder, NodeId, Op, Rewrite, Scalar, Type, math1_ops, math2_ops,
    meaning, rewrite,
};
use kiln_math::{Arith, Binary64, Slow, generic};

/// Replaces each mathematical function, and the remainder and scaling of
/// floats, by its expansion; ops in `native` stay. Gives the number replaced.
pub(crate) fn expand(func: &Func, native: OpSet) -> (Func, u32) {
    let mut pass = Expand {
        native,
        expanded: 0,
    };
    let func = rewrite(func, &mut pass);
    (func, pass.expanded)
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
        expansion(b, op, args, ty)
    }
}

/// The value of `op` through its expansion. f32 goes through f64, as its
/// meaning does.
fn expansion(b: &mut FuncBuilder, op: Op, args: &[NodeId], ty: Type) -> NodeId {
    let x = b.cast(Scalar::F64, args[0]);
    let result = if op == Op::Powi {
        let n = b.func().as_const(args[1]).and_then(Const::as_int);
        let a = &mut Expander { b, lanes: ty.lanes };
        // The verifier has checked that the exponent is a small constant.
        n.map(|n| generic::powi(a, x, n as i32))
    } else if let Some(&y) = args.get(1) {
        let y = b.cast(Scalar::F64, y);
        let a = &mut Expander { b, lanes: ty.lanes };
        expansion2(a, op, x, y)
    } else {
        let a = &mut Expander { b, lanes: ty.lanes };
        expansion1(a, op, x)
    };
    match result {
        Some(value) => b.cast(ty.scalar, value),
        None => unreachable!("{} has an expansion", op.name()),
    }
}

fn expansion1(a: &mut Expander<'_>, op: Op, x: NodeId) -> Option<NodeId> {
    macro_rules! rows {
        ($($variant:ident $function:ident;)*) => {
            match op {
                $(Op::$variant => Some(generic::$function(a, x)),)*
                Op::Exponent => Some(generic::exponent(a, x)),
                Op::Mantissa => Some(generic::mantissa(a, x)),
                _ => None,
            }
        };
    }
    math1_ops!(rows)
}

fn expansion2(a: &mut Expander<'_>, op: Op, x: NodeId, y: NodeId) -> Option<NodeId> {
    macro_rules! rows {
        ($($variant:ident $function:ident;)*) => {
            match op {
                $(Op::$variant => Some(generic::$function(a, x, y)),)*
                Op::Rem => Some(generic::frem(a, x, y)),
                Op::Ldexp => Some(generic::ldexp(a, x, y)),
                _ => None,
            }
        };
    }
    math2_ops!(rows)
}

/// The arithmetic of kiln-math over a builder. Integers are `u64`: what the
/// bits of a float are, and what a logical shift wants.
struct Expander<'a> {
    b: &'a mut FuncBuilder,
    lanes: u16,
}

impl Expander<'_> {
    fn of(&mut self, value: Const) -> NodeId {
        let ty = Type::vector(value.scalar(), self.lanes);
        self.b.constant_of(ty, value)
    }

    fn op(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        self.b.op(op, args)
    }

    fn signed(&mut self, i: NodeId) -> NodeId {
        self.b.cast(Scalar::I64, i)
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

impl Arith for Expander<'_> {
    type Format = Binary64;
    type F = NodeId;
    type I = NodeId;
    type M = NodeId;

    fn float(&mut self, c: f64) -> NodeId {
        self.of(Const::f64(c))
    }

    fn int(&mut self, c: i64) -> NodeId {
        self.of(Const::int(Scalar::U64, c))
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
        let mask = self.int(i64::MIN);
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
