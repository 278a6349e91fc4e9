//! Ops on vectors of the language, piece by piece.

use super::emit::{Emit, Kind, PIECE, int_of};
use super::lower::{Held, Lowerer};
use super::ops::is_comparison;
use crate::CodegenError;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{ConstantData, InstBuilder, Value};
use kiln_ir::{Node, NodeId, Op, Scalar, Type};

impl<'a> Lowerer<'a> {
    pub(super) fn vector_op(
        &mut self,
        op: Op,
        from: Type,
        ty: Type,
        args: &[NodeId],
    ) -> Result<Held, CodegenError> {
        if self.calls_helper(op, from) {
            let held: Vec<Held> = args.iter().map(|&a| self.get(a)).collect();
            return self.helper(op, from, &held);
        }
        match op {
            Op::Select => return Ok(self.vector_select(ty, args)),
            Op::Cast => return self.vector_cast(from, ty, args[0]),
            Op::Shl | Op::Shr | Op::Rotl | Op::Rotr => {
                if let Node::Op {
                    op: Op::Splat,
                    args: by,
                } = self.func.node(args[1])
                {
                    let (x, by) = (self.get(args[0]), self.scalar(by[0]));
                    return Ok(self
                        .map(&[x], 0, |e, v| Some(e.shift_all(op, from.scalar, v[0], by)))
                        .unwrap_or(x));
                }
            }
            _ => {}
        }
        if op == Op::And
            && let Some(held) = self.and_different(args)
        {
            return Ok(held);
        }
        if from.scalar == Scalar::Bool {
            let first = self.get(args[0]);
            let bytes = usize::from(first.mask);
            let mut held = vec![first];
            held.extend(args[1..].iter().map(|&a| self.get_mask(a, bytes)));
            return self
                .map(&held, bytes, |e, v| e.truth_op(op, true, v))
                .ok_or_else(|| self.no_form(op, from));
        }
        let held: Vec<Held> = args.iter().map(|&a| self.get(a)).collect();
        let gives_mask = is_comparison(op) || ty.scalar == Scalar::Bool;
        let mask = if gives_mask { from.scalar.bytes() } else { 0 };
        let lanes = self.piece_lanes(from);
        self.map(&held, mask, |e, v| e.piece(op, from.scalar, lanes, v))
            .ok_or_else(|| self.no_form(op, from))
    }

    /// A mask and whether integers differ: x86-64 compares vectors of them for
    /// being equal, and has the complement of that in the same instruction as
    /// the conjunction.
    fn and_different(&mut self, args: &[NodeId]) -> Option<Held> {
        let compared = |v: NodeId| match self.func.node(v) {
            Node::Op { op: Op::Ne, args } => {
                let ty = self.func.ty(args[0]);
                (ty.is_vector() && ty.scalar.is_int()).then_some([args[0], args[1]])
            }
            _ => None,
        };
        let (other, pair) =
            (0..2).find_map(|i| compared(args[i]).map(|pair| (args[1 - i], pair)))?;
        let scalar = self.func.ty(pair[0]).scalar;
        let mask = self.get_mask(other, scalar.bytes());
        let [x, y] = pair.map(|v| self.get(v));
        self.map(&[mask, x, y], scalar.bytes(), |e, v| {
            let same = e.icmp(Kind::piece(scalar), IntCC::Equal, v[1], v[2]);
            Some(e.b.ins().band_not(v[0], same))
        })
    }

    /// Applies `f` piece by piece; the result does not vary if no operand
    /// does.
    fn map(
        &mut self,
        args: &[Held],
        mask: usize,
        mut f: impl FnMut(&mut Emit<'a>, &[Value]) -> Option<Value>,
    ) -> Option<Held> {
        let pieces = args.iter().map(|a| usize::from(a.len)).max().unwrap_or(1);
        let mut made = Vec::with_capacity(pieces);
        for piece in 0..pieces {
            let mut values = [Value::from_u32(0); 3];
            for (value, &arg) in values.iter_mut().zip(args) {
                *value = self.at(arg, piece);
            }
            made.push(f(&mut self.e, &values[..args.len()])?);
        }
        Some(self.hold(&made, mask))
    }

    fn vector_select(&mut self, ty: Type, args: &[NodeId]) -> Held {
        let yes = self.get(args[1]);
        let (bytes, mask) = match ty.scalar {
            Scalar::Bool => (usize::from(yes.mask), usize::from(yes.mask)),
            other => (other.bytes(), 0),
        };
        let cond = self.get_mask(args[0], bytes);
        let no = self.get_mask_or_value(args[2], bytes);
        let kind = match ty.scalar {
            Scalar::Bool => Kind::piece(int_of(bytes)),
            scalar => Kind::piece(scalar),
        };
        let made = self.map(&[cond, yes, no], mask, |e, v| {
            Some(e.select(kind, v[0], v[1], v[2]))
        });
        made.unwrap_or(yes)
    }

    /// As [`get`](Self::get), masks as masks over elements of `bytes`.
    pub(super) fn get_mask_or_value(&mut self, node: NodeId, bytes: usize) -> Held {
        match self.func.ty(node).scalar {
            Scalar::Bool => self.get_mask(node, bytes),
            _ => self.get(node),
        }
    }

    fn vector_cast(&mut self, from: Type, ty: Type, arg: NodeId) -> Result<Held, CodegenError> {
        let x = self.get_mask_or_value(arg, ty.scalar.bytes());
        let lanes = self.piece_lanes(from);
        let (from, to) = (from.scalar, ty.scalar);
        let made = self.map(&[x], 0, |e, v| {
            Some(match e.cast_piece(from, to, v[0]) {
                Some(value) => value,
                None => {
                    let mut results = Vec::with_capacity(lanes);
                    for lane in 0..lanes {
                        let x = e.lane(v[0], lane);
                        results.push(e.cast(from, to, x));
                    }
                    e.gather(Kind::piece(to), &results)
                }
            })
        });
        made.ok_or_else(|| self.no_form(Op::Cast, ty))
    }

    pub(super) fn splat(&mut self, ty: Type, arg: NodeId) -> Held {
        let value = self.scalar(arg);
        if ty.scalar == Scalar::Bool {
            let bytes = self.mask_bytes();
            let scalar = int_of(bytes);
            let wide = self.e.extend(scalar, false, value);
            let wide = self.e.b.ins().ineg(wide);
            let mask = self.e.b.ins().splat(Kind::piece(scalar).clif(), wide);
            return self.hold(&[mask], bytes);
        }
        let piece = self.e.b.ins().splat(Kind::piece(ty.scalar).clif(), value);
        self.hold(&[piece], 0)
    }

    pub(super) fn iota(&mut self, ty: Type) -> Held {
        let lanes = self.piece_lanes(ty);
        let pieces: Vec<Value> = (0..self.pieces_of(ty))
            .map(|piece| {
                let first = (piece * lanes) as i64;
                let data: ConstantData = (first..first + 2).flat_map(i64::to_le_bytes).collect();
                self.e.constant(Kind::piece(Scalar::I64), data)
            })
            .collect();
        self.hold(&pieces, 0)
    }

    pub(super) fn any_or_all(&mut self, op: Op, arg: NodeId) -> Held {
        let value = self.test(op, arg);
        self.hold(&[value], 0)
    }

    /// Whether any lane, or every lane, of a mask is on.
    pub(super) fn test(&mut self, op: Op, arg: NodeId) -> Value {
        let ty = self.func.ty(arg);
        let held = self.get(arg);
        let bytes = usize::from(held.mask);
        let kind = Kind::piece(int_of(bytes));
        let mut joined = self.at(held, 0);
        for piece in 1..usize::from(held.len) {
            let next = self.at(held, piece);
            joined = match op {
                Op::Any => self.e.bor(joined, next),
                _ => self.e.band(joined, next),
            };
        }
        // Lanes above the ones that count hold anything.
        let lanes = self.piece_lanes(ty);
        if lanes * bytes < PIECE {
            let first = self.e.first_lanes(kind, lanes);
            joined = match op {
                Op::Any => self.e.band(joined, first),
                _ => {
                    let others = self.e.b.ins().bnot(first);
                    self.e.bor(joined, others)
                }
            };
        }
        match op {
            Op::Any => self.e.b.ins().vany_true(joined),
            _ => self.e.b.ins().vall_true(joined),
        }
    }
}
