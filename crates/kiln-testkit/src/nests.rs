//! Random programs with loops and arrays, and arguments for them.
//!
//! Loops of every kind nest three deep and carry values; arrays have any rank
//! and layout and some are local; functions call functions. Every access
//! stands behind a guard, most indices are drawn so that it holds, and other
//! guards fail now and then, so calls end in the midst of their stores. Trip
//! counts are bounded by construction: a program does thousands of rounds,
//! not millions.

use crate::cells::samples;
use crate::differential::shrink;
use crate::filetest::bare;
use crate::generate::{Generator, ROWS_MAX};
use crate::whole::{Array, Input, Whole};
use arbitrary::{Result, Unstructured};
use kiln_codegen::Level;
use kiln_ir::{
    Access, ArrayRef, ArrayType, CallArg, Combine, Fault, FaultKind, Func, FuncBuilder, Layout,
    Node, NodeId, Op, ParamType, Scalar, Shape, Type, check_accesses, parse_file, verify,
};
use kiln_opt::SplitLoop;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How deep loops and branches nest.
const DEPTH_MAX: usize = 3;
/// Rounds of a loop inside another one, at most.
const INNER_ROUNDS: i64 = 4;

/// A random Func.
///
/// # Errors
/// When the source runs dry in a way that it cannot make up for.
pub fn program(u: &mut Unstructured<'_>) -> Result<Func> {
    let mut callees: Vec<Arc<Func>> = Vec::new();
    for index in 0..u.int_in_range(0..=2)? {
        let func = func(u, &format!("g{index}"), &callees, 1)?;
        callees.push(Arc::new(func));
    }
    func(u, "f", &callees, 0)
}

/// Random arguments for a Func: arrays of every size up to [`ROWS_MAX`].
///
/// # Errors
/// As [`program`].
pub fn inputs(u: &mut Unstructured<'_>, func: &Func) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for param in func.params() {
        let seed = u.arbitrary::<u32>()?.into();
        inputs.push(match param.ty {
            ParamType::Scalar(scalar) => Input::Value(samples(scalar, 1, seed)[0]),
            ParamType::Array(ty) => Input::Array(array(u, ty, seed)?),
        });
    }
    Ok(inputs)
}

/// A random array: as many elements as it reaches, so that the page that may
/// not be touched is next to its outermost ones.
fn array(u: &mut Unstructured<'_>, ty: ArrayType, seed: u64) -> Result<Array> {
    let most = [1, ROWS_MAX, 12, 5, 3][usize::from(ty.rank)];
    let mut shape = Vec::new();
    for _ in 0..ty.rank {
        shape.push(u.int_in_range(0..=most)?);
    }
    if ty.layout == Layout::Contiguous {
        let len = shape.iter().product();
        return Ok(Array::contiguous(samples(ty.elem, len, seed), shape));
    }
    let mut strides = Vec::new();
    let mut step = 1;
    for &extent in &shape {
        let factor: isize = *u.choose(&[1, 1, 2, -1, -1, -3, 0])?;
        // What is written has no element twice: no view of such is made.
        let (factor, apart) = match (ty.access, factor) {
            (Access::Mut, 0) => (1, 1),
            (Access::Mut, _) => (factor, factor.abs()),
            (Access::Read, _) => (factor, 1),
        };
        strides.push(step * factor);
        step *= extent.max(1) as isize * apart;
    }
    if shape.contains(&0) {
        return Ok(Array {
            values: Vec::new(),
            origin: 0,
            shape,
            strides,
        });
    }
    let (mut least, mut greatest) = (0, 0);
    for (&extent, &stride) in shape.iter().zip(&strides) {
        let reach = (extent as isize - 1) * stride;
        least += reach.min(0);
        greatest += reach.max(0);
    }
    let len = (greatest - least + 1) as usize;
    Ok(Array {
        values: samples(ty.elem, len, seed),
        origin: -least as usize,
        shape,
        strides,
    })
}

struct Nest<'a> {
    g: Generator,
    callees: &'a [Arc<Func>],
    /// Parameters and local arrays.
    arrays: Vec<(ArrayRef, ArrayType)>,
    /// The indices of the counted loops around, outermost first.
    indices: Vec<NodeId>,
}

fn func(u: &mut Unstructured<'_>, name: &str, callees: &[Arc<Func>], depth: usize) -> Result<Func> {
    let mut nest = Nest {
        g: Generator {
            b: FuncBuilder::new(name),
            values: Vec::new(),
            has_wide_form: false,
        },
        callees,
        arrays: Vec::new(),
        indices: Vec::new(),
    };
    nest.params(u)?;
    let count = u.int_in_range(1..=5)?;
    nest.statements(u, depth, count)?;
    let mut results = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        let back = u.int_in_range(0..=3.min(nest.g.values.len() - 1))?;
        results.push(nest.g.values[nest.g.values.len() - 1 - back].0);
    }
    Ok(nest.g.b.finish(&results))
}

impl Nest<'_> {
    /// Scalars and arrays, those that the callees take among them.
    fn params(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        for index in 0..u.int_in_range(1..=3)? {
            let scalar = *u.choose(&Scalar::ALL)?;
            let id = self.g.b.scalar_param(format!("s{index}"), scalar);
            self.g.values.push((id, scalar));
        }
        let n = self.g.b.scalar_param("n", Scalar::I64);
        self.g.values.push((n, Scalar::I64));
        let mut types = Vec::new();
        for _ in 0..u.int_in_range(1..=3)? {
            types.push(array_type(u)?);
        }
        for callee in self.callees {
            let taken = callee.params().iter().filter_map(|p| p.ty.as_array());
            for ty in taken {
                if !types.contains(&ty) {
                    types.push(ty);
                }
            }
        }
        for (index, ty) in types.into_iter().enumerate() {
            let array = self.g.b.array_param(format!("a{index}"), ty);
            self.arrays.push((array, ty));
        }
        for _ in 0..u.int_in_range(0..=2)? {
            let elem = *u.choose(&Scalar::ALL)?;
            let local = self.g.b.local(elem, u.int_in_range(1..=40)?);
            self.arrays.push((local, ArrayType::slice_mut(elem)));
        }
        Ok(())
    }

    fn statements(&mut self, u: &mut Unstructured<'_>, depth: usize, count: usize) -> Result<()> {
        for _ in 0..count {
            match u.int_in_range(0..=30)? {
                0..=2 if depth < DEPTH_MAX => self.counted(u, depth)?,
                3 if depth < DEPTH_MAX => self.unbounded(u, depth)?,
                4 | 5 if depth < DEPTH_MAX => self.branch(u, depth)?,
                6 | 7 if depth < DEPTH_MAX => self.reduction(u, depth)?,
                8 => self.scan(u, depth)?,
                9 | 10 => self.call(u)?,
                11 => self.failing(u)?,
                12..=14 => self.load(u)?,
                15..=18 => self.store(u)?,
                19 => self.g.choice(u, 2)?,
                20..=23 if !self.indices.is_empty() => self.border(u, depth)?,
                24 | 25 if !self.indices.is_empty() => self.look_up(u)?,
                26 | 27 if depth + 2 < DEPTH_MAX => self.wanted(u)?,
                _ => self.g.step(u)?,
            }
        }
        Ok(())
    }

    fn i64(&mut self, value: i64) -> NodeId {
        self.g.b.i64(value)
    }

    /// A few statements in a region that has just been opened, and what it
    /// yields.
    fn inside(
        &mut self,
        u: &mut Unstructured<'_>,
        depth: usize,
        args: &[(NodeId, Scalar)],
        types: &[Scalar],
    ) -> Result<Vec<NodeId>> {
        let outside = self.g.values.len();
        self.g.values.extend_from_slice(args);
        let count = u.int_in_range(0..=4)?;
        self.statements(u, depth + 1, count)?;
        let yields = types.iter().map(|&s| self.g.operand(u, s));
        let yields = yields.collect::<Result<Vec<_>>>();
        self.g.values.truncate(outside);
        yields
    }

    /// The bounds of a loop.
    fn range(&mut self, u: &mut Unstructured<'_>, depth: usize) -> Result<(NodeId, NodeId)> {
        let (array, ty) = *u.choose(&self.arrays)?;
        let hi = match u.int_in_range(0..=5)? {
            0..=2 if ty.rank > 0 => {
                let dim = u.int_in_range(0..=ty.rank - 1)?;
                self.g.b.len(array, dim)
            }
            3 | 4 => self.g.operand(u, Scalar::I64)?,
            _ => {
                let hi = u.int_in_range(0..=9)?;
                self.i64(hi)
            }
        };
        let most = if depth == 0 {
            ROWS_MAX as i64
        } else {
            INNER_ROUNDS
        };
        let most = self.i64(most);
        let hi = self.g.b.op(Op::Min, &[hi, most]);
        let lo = u.int_in_range(-1..=2)?;
        Ok((self.i64(lo), hi))
    }

    fn carried(&mut self, u: &mut Unstructured<'_>) -> Result<(Vec<Scalar>, Vec<NodeId>)> {
        let mut types = Vec::new();
        for _ in 0..u.int_in_range(0..=3)? {
            types.push(*u.choose(&Scalar::ALL)?);
        }
        let init = types.iter().map(|&s| self.g.operand(u, s));
        let init = init.collect::<Result<Vec<_>>>()?;
        Ok((types, init))
    }

    fn counted(&mut self, u: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        let (lo, hi) = self.range(u, depth)?;
        let (types, init) = self.carried(u)?;
        let (index, args) = self.g.b.begin_for(&init);
        let mut seen: Vec<(NodeId, Scalar)> = args.into_iter().zip(types.clone()).collect();
        seen.push((index, Scalar::I64));
        self.indices.push(index);
        let yields = self.inside(u, depth, &seen, &types);
        self.indices.pop();
        let results = self.g.b.end_for(lo, hi, 1, &init, &yields?);
        self.g.values.extend(results.into_iter().zip(types));
        Ok(())
    }

    /// An unbounded loop that counts its rounds, so that it ends.
    fn unbounded(&mut self, u: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        let (types, init) = self.carried(u)?;
        let most = u.int_in_range(1..=2 * INNER_ROUNDS)?;
        let zero = self.i64(0);
        let init = [&[zero], init.as_slice()].concat();
        let types = [&[Scalar::I64], types.as_slice()].concat();
        let args = self.g.b.begin_while(&init);
        let seen: Vec<(NodeId, Scalar)> = args.iter().copied().zip(types.clone()).collect();
        let most = self.i64(most);
        let goes_on = self.g.b.op(Op::Lt, &[args[0], most]);
        let wish = self.inside(u, DEPTH_MAX, &seen, &[Scalar::Bool])?[0];
        let cond = match u.int_in_range(0..=2)? {
            0 => self.g.b.op(Op::And, &[goes_on, wish]),
            _ => goes_on,
        };
        let (cond, args) = self.g.b.begin_do(cond);
        let seen: Vec<(NodeId, Scalar)> = args.iter().copied().zip(types.clone()).collect();
        let mut yields = self.inside(u, depth, &seen, &types)?;
        let one = self.i64(1);
        yields[0] = self.g.b.op(Op::Add, &[args[0], one]);
        let results = self.g.b.end_while(cond, &init, &yields);
        self.g.values.extend(results.into_iter().zip(types));
        Ok(())
    }

    /// An `if` with effects.
    fn branch(&mut self, u: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        let cond = self.g.operand(u, Scalar::Bool)?;
        let mut types = Vec::new();
        for _ in 0..u.int_in_range(0..=2)? {
            types.push(*u.choose(&Scalar::ALL)?);
        }
        self.g.b.begin_if();
        let yields = self.inside(u, depth, &[], &types)?;
        let then = self.g.b.begin_else(&yields);
        let yields = self.inside(u, depth, &[], &types)?;
        let results = self.g.b.end_if(cond, then, &yields);
        self.g.values.extend(results.into_iter().zip(types));
        Ok(())
    }

    /// Accesses near the index of a loop, under conditions on it, as those of
    /// a stencil are at a border.
    fn border(&mut self, u: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        let index = *u.choose(&self.indices)?;
        let mut cond = self.on_index(u, index)?;
        for _ in 0..u.int_in_range(0..=2)? {
            let other = *u.choose(&self.indices)?;
            let other = self.on_index(u, other)?;
            let op = *u.choose(&[Op::And, Op::Or])?;
            cond = self.g.b.op(op, &[cond, other]);
        }
        let scalar = *u.choose(&Scalar::ALL)?;
        self.g.b.begin_if();
        let first = self.beside(u, depth, index, scalar)?;
        let then = self.g.b.begin_else(&[first]);
        let second = self.beside(u, depth, index, scalar)?;
        let results = self.g.b.end_if(cond, then, &[second]);
        self.g.values.push((results[0], scalar));
        Ok(())
    }

    /// A comparison of an index with a place.
    fn on_index(&mut self, u: &mut Unstructured<'_>, index: NodeId) -> Result<NodeId> {
        let (array, ty) = *u.choose(&self.arrays)?;
        let shift = u.int_in_range(-2..=3)?;
        let shift = self.i64(shift);
        let place = match u.int_in_range(0..=5)? {
            0 | 1 => shift,
            2 | 3 if ty.rank > 0 => {
                let dim = u.int_in_range(0..=ty.rank - 1)?;
                let len = self.g.b.len(array, dim);
                self.g.b.op(Op::Sub, &[len, shift])
            }
            4 => {
                let other = *u.choose(&self.indices)?;
                self.g.b.op(Op::Add, &[other, shift])
            }
            _ => self.g.operand(u, Scalar::I64)?,
        };
        let ops = [Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Eq, Op::Ne];
        let op = *u.choose(&ops)?;
        let sides = match u.int_in_range(0..=3)? {
            0 => [place, index],
            1 => {
                let moved = self.g.b.op(Op::Add, &[index, shift]);
                [moved, place]
            }
            _ => [index, place],
        };
        Ok(self.g.b.op(op, &sides))
    }

    /// A side of such a branch: an access of a neighbour, and a few more
    /// statements.
    fn beside(
        &mut self,
        u: &mut Unstructured<'_>,
        depth: usize,
        index: NodeId,
        scalar: Scalar,
    ) -> Result<NodeId> {
        let step = u.int_in_range(-1..=1)?;
        let step = self.i64(step);
        let near = self.g.b.op(Op::Add, &[index, step]);
        let outside = self.g.values.len();
        if let Some(found) = self.pick(u, |ty| ty.rank > 0)? {
            let at = vec![near; usize::from(found.1.rank)];
            let guard = self.inside_array(found, &at);
            if found.1.access == Access::Mut && u.ratio(1, 2)? {
                let value = self.g.operand(u, found.1.elem)?;
                self.g.b.store(found.0, &at, value);
            } else {
                let value = self.g.b.load_as(found.0, &at, guard, 1);
                self.g.values.push((value, found.1.elem));
            }
        }
        let value = self.inside(u, depth.max(2), &[], &[scalar]);
        self.g.values.truncate(outside);
        Ok(value?[0])
    }

    /// A loop of independent rounds, most of which run another one under a
    /// condition on what they have read.
    fn wanted(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let fitting = |ty: ArrayType| ty.rank == 1 && ty.access == Access::Mut;
        let (Some(read), Some(written)) =
            (self.pick(u, |ty| ty.rank == 1)?, self.pick(u, fitting)?)
        else {
            return Ok(());
        };
        let (len, most) = (self.g.b.len(written.0, 0), self.i64(ROWS_MAX as i64));
        let (lo, hi) = (self.i64(0), self.g.b.op(Op::Min, &[len, most]));
        let outside = self.g.values.len();
        let (index, _) = self.g.b.begin_for(&[]);
        let guard = self.inside_array(read, &[index]);
        let value = self.g.b.load_as(read.0, &[index], guard, 1);
        self.g.values.push((index, Scalar::I64));
        self.g.values.push((value, read.1.elem));
        self.sides(u, index, written)?;
        self.g.values.truncate(outside);
        self.g.b.end_for(lo, hi, 1, &[], &[]);
        Ok(())
    }

    /// An `if` with a loop and a store on either side.
    fn sides(
        &mut self,
        u: &mut Unstructured<'_>,
        index: NodeId,
        written: (ArrayRef, ArrayType),
    ) -> Result<()> {
        let (cond, outside) = (self.g.operand(u, Scalar::Bool)?, self.g.values.len());
        self.g.b.begin_if();
        self.short(u, index, written)?;
        self.g.values.truncate(outside);
        let then = self.g.b.begin_else(&[]);
        if u.ratio(1, 2)? {
            self.short(u, index, written)?;
        }
        self.g.values.truncate(outside);
        self.g.b.end_if(cond, then, &[]);
        Ok(())
    }

    /// A few rounds of something that only carries values, and a store of it.
    fn short(
        &mut self,
        u: &mut Unstructured<'_>,
        index: NodeId,
        written: (ArrayRef, ArrayType),
    ) -> Result<()> {
        let (types, init) = self.carried(u)?;
        let (lo, most) = (self.i64(0), self.i64(INNER_ROUNDS));
        let rounds = self.g.operand(u, Scalar::I64)?;
        let hi = self.g.b.op(Op::Min, &[rounds, most]);
        let outside = self.g.values.len();
        let (round, args) = self.g.b.begin_for(&init);
        self.g.values.extend(args.into_iter().zip(types.clone()));
        self.g.values.push((round, Scalar::I64));
        self.g.has_wide_form = true;
        for _ in 0..u.int_in_range(0..=3)? {
            self.g.step(u)?;
        }
        if u.ratio(1, 6)? {
            self.g.guard(u)?;
        }
        self.g.has_wide_form = false;
        let yields = types.iter().map(|&s| self.g.operand(u, s));
        let yields = yields.collect::<Result<Vec<_>>>()?;
        self.g.values.truncate(outside);
        let results = self.g.b.end_for(lo, hi, 1, &init, &yields);
        self.g.values.extend(results.into_iter().zip(types));
        let value = self.g.operand(u, written.1.elem)?;
        self.inside_array(written, &[index]);
        self.g.b.store(written.0, &[index], value);
        Ok(())
    }

    fn reduction(&mut self, u: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        let mut values = vec![combine(u)?];
        for _ in 0..*u.choose(&[0, 0, 0, 1, 1, 3])? {
            values.push(combine(u)?);
            if Shape::common_lanes(&values).is_none() {
                values.pop();
            }
        }
        let (combine, types): (Vec<Combine>, Vec<Scalar>) = values.into_iter().unzip();
        let shape = *u.choose(&[Shape::Tree, Shape::InOrder])?;
        let range = self.range(u, depth)?;
        let index = self.g.b.begin_reduce();
        let values = self.inside(u, depth, &[(index, Scalar::I64)], &types)?;
        let results = self.g.b.end_reduce_all(&combine, shape, range, &values);
        self.g.values.extend(results.into_iter().zip(types));
        Ok(())
    }

    fn scan(&mut self, u: &mut Unstructured<'_>, depth: usize) -> Result<()> {
        let fitting = |ty: ArrayType| ty.rank == 1 && ty.access == Access::Mut;
        let Some((array, ty)) = self.pick(u, fitting)? else {
            return Ok(());
        };
        let all = Combine::ALL;
        let combine = all[u.choose_index(all.len())?];
        let operand = Type::scalar(ty.elem);
        if combine.op().result_type(&[operand; 2], None).is_err() {
            return Ok(());
        }
        let init = self.g.operand(u, ty.elem)?;
        let (lo, len) = (self.i64(0), self.g.b.len(array, 0));
        let most = self.i64(ROWS_MAX as i64);
        let hi = self.g.b.op(Op::Min, &[len, most]);
        let index = self.g.b.begin_reduce();
        let seen = [(index, Scalar::I64)];
        let value = self.inside(u, depth.max(2), &seen, &[ty.elem])?[0];
        let result = self.g.b.end_scan(combine, init, lo, hi, array, value);
        self.g.values.push((result, ty.elem));
        Ok(())
    }

    fn pick(
        &mut self,
        u: &mut Unstructured<'_>,
        fits: impl Fn(ArrayType) -> bool,
    ) -> Result<Option<(ArrayRef, ArrayType)>> {
        let fitting: Vec<_> = self.arrays.iter().filter(|(_, ty)| fits(*ty)).collect();
        match fitting.is_empty() {
            true => Ok(None),
            false => u.choose(&fitting).map(|&&found| Some(found)),
        }
    }

    /// A call of an earlier Func.
    fn call(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        if self.callees.is_empty() {
            return self.g.step(u);
        }
        let callee = u.choose(self.callees)?.clone();
        let mut args = Vec::new();
        for param in callee.params() {
            args.push(match param.ty {
                ParamType::Scalar(scalar) => CallArg::Value(self.g.operand(u, scalar)?),
                ParamType::Array(ty) => match self.pick(u, |found| found == ty)? {
                    Some((array, _)) => CallArg::Array(array),
                    None => return Ok(()),
                },
            });
        }
        let index = self.g.b.callee(callee.clone());
        let results = self.g.b.call(index, &args);
        let types = callee.results().iter().map(|ty| ty.scalar);
        self.g.values.extend(results.into_iter().zip(types));
        Ok(())
    }

    /// A guard that fails now and then.
    fn failing(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        self.g.guard(u)
    }

    /// Indices into an array, and the guard that says they are inside.
    fn indices(
        &mut self,
        u: &mut Unstructured<'_>,
        (array, ty): (ArrayRef, ArrayType),
    ) -> Result<(Vec<NodeId>, Option<NodeId>)> {
        let mut index = Vec::new();
        for dim in 0..ty.rank {
            let at = self.g.operand(u, Scalar::I64)?;
            let len = self.g.b.len(array, dim);
            let (zero, one) = (self.i64(0), self.i64(1));
            index.push(match u.int_in_range(0..=9)? {
                // Inside, unless there is nothing.
                0..=5 => {
                    let last = self.g.b.op(Op::Sub, &[len, one]);
                    let low = self.g.b.op(Op::Max, &[at, zero]);
                    self.g.b.op(Op::Min, &[low, last])
                }
                6 => self.g.b.op(Op::Sub, &[at, one]),
                7 => self.g.b.op(Op::Rem, &[at, len]),
                8 => self.indices.last().copied().unwrap_or(at),
                _ => at,
            });
        }
        let guard = self.inside_array((array, ty), &index);
        Ok((index, guard))
    }

    /// The guard that says of indices that they are inside, if there are any.
    fn inside_array(
        &mut self,
        (array, ty): (ArrayRef, ArrayType),
        index: &[NodeId],
    ) -> Option<NodeId> {
        let (mut inside, mut shown) = (None, Vec::new());
        for (dim, &at) in (0..ty.rank).zip(index) {
            let len = self.g.b.len(array, dim);
            let zero = self.i64(0);
            let above = self.g.b.op(Op::Le, &[zero, at]);
            let below = self.g.b.op(Op::Lt, &[at, len]);
            let fits = self.g.b.op(Op::And, &[above, below]);
            inside = Some(match inside {
                None => fits,
                Some(inside) => self.g.b.op(Op::And, &[inside, fits]),
            });
            if shown.len() < 4 {
                shown.extend([at, len]);
            }
        }
        let inside = inside?;
        let fault = self.g.b.fault(Fault {
            kind: FaultKind::Index,
            message: format!("{array:?}"),
            span: None,
            site: None,
        });
        Some(self.g.b.guard(inside, fault, &shown))
    }

    fn load(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let found = *u.choose(&self.arrays)?;
        let (index, guard) = self.indices(u, found)?;
        let value = self.g.b.load_as(found.0, &index, guard, 1);
        self.g.values.push((value, found.1.elem));
        Ok(())
    }

    /// An element of an array at a place that an element of another one says,
    /// most of them inside, now and then under a condition.
    fn look_up(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let is_list = |ty: ArrayType| ty.rank == 1 && ty.elem.is_int();
        let Some(list) = self.pick(u, is_list)? else {
            return Ok(());
        };
        let Some(&index) = self.indices.last() else {
            return Ok(());
        };
        let guard = self.inside_array(list, &[index]);
        let place = self.g.b.load_as(list.0, &[index], guard, 1);
        let place = match list.1.elem {
            Scalar::I64 => place,
            _ => self.g.b.cast(Scalar::I64, place),
        };
        let table = *u.choose(&self.arrays)?;
        let mut at = Vec::new();
        for dim in 0..table.1.rank {
            let len = self.g.b.len(table.0, dim);
            let low = u.int_in_range(0..=40)?;
            let low = self.i64(low);
            at.push(match u.int_in_range(0..=5)? {
                0 => place,
                1 => index,
                2 => self.g.b.op(Op::Rem, &[place, len]),
                // Small, so that many are inside.
                3 => self.g.b.op(Op::And, &[place, low]),
                _ => {
                    let (zero, one) = (self.i64(0), self.i64(1));
                    let last = self.g.b.op(Op::Sub, &[len, one]);
                    let low = self.g.b.op(Op::Max, &[place, zero]);
                    self.g.b.op(Op::Min, &[low, last])
                }
            });
        }
        let elem = table.1.elem;
        if u.ratio(1, 2)? {
            let guard = self.inside_array(table, &at);
            let value = self.g.b.load_as(table.0, &at, guard, 1);
            self.g.values.push((value, elem));
            return Ok(());
        }
        let cond = self.g.operand(u, Scalar::Bool)?;
        let other = self.g.operand(u, elem)?;
        self.g.b.begin_if();
        let guard = self.inside_array(table, &at);
        let value = self.g.b.load_as(table.0, &at, guard, 1);
        let then = self.g.b.begin_else(&[value]);
        let results = self.g.b.end_if(cond, then, &[other]);
        self.g.values.push((results[0], elem));
        Ok(())
    }

    fn store(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let Some(found) = self.pick(u, |ty| ty.access == Access::Mut)? else {
            return Ok(());
        };
        let (index, _) = self.indices(u, found)?;
        let value = self.g.operand(u, found.1.elem)?;
        self.g.b.store(found.0, &index, value);
        Ok(())
    }
}

fn array_type(u: &mut Unstructured<'_>) -> Result<ArrayType> {
    Ok(ArrayType {
        elem: *u.choose(&Scalar::ALL)?,
        rank: *u.choose(&[1, 1, 1, 2, 2, 3, 4, 0])?,
        access: *u.choose(&[Access::Mut, Access::Mut, Access::Read])?,
        layout: *u.choose(&[Layout::Contiguous, Layout::Contiguous, Layout::Strided])?,
    })
}

/// A way to combine, and a type that it takes.
fn combine(u: &mut Unstructured<'_>) -> Result<(Combine, Scalar)> {
    let all = Combine::ALL;
    let combine = all[u.choose_index(all.len())?];
    let takes = |s: &Scalar| {
        let operand = Type::scalar(*s);
        combine.op().result_type(&[operand; 2], None).is_ok()
    };
    let scalars: Vec<Scalar> = Scalar::ALL.into_iter().filter(takes).collect();
    Ok((combine, *u.choose(&scalars)?))
}

/// Which forms ran, and what came of the calls.
#[derive(Clone, Default, Debug)]
pub struct Coverage {
    /// How many programs hold each form.
    pub forms: BTreeMap<String, u64>,
    /// Distinct programs.
    pub programs: u64,
    /// Calls that did what they should.
    pub finished: u64,
    /// Calls that ended early, most of them after stores.
    pub failed: u64,
    /// Values compared with the reference, per way.
    pub compared: u64,
    /// Guards of indices that tests before the loops replaced.
    pub replaced: u64,
    /// Guards of indices that stayed.
    pub stayed: u64,
    /// Programs with tests before their loops.
    pub tested: u64,
    /// Loops that were split at conditions on their index.
    pub split: u64,
    /// Loops that were made twice, with and without guards.
    pub versions: u64,
    /// Runs that failed such a test, so that the guarded variant answered.
    pub retried: u64,
    /// Calls of such programs that passed, in code without those guards.
    pub passed: u64,
    /// Loops that run on vectors, at the level with the most of them.
    pub strips: u64,
    /// Those that read where data say.
    pub gathers: u64,
    /// Those with a loop under a condition.
    pub conditions: u64,
}

impl Coverage {
    fn add(&mut self, func: &Func) {
        let mut found = BTreeSet::new();
        for index in 0..func.node_count() {
            match func.node(NodeId::new(index)) {
                Node::If { .. } if !func.is_pure(NodeId::new(index)) => {
                    found.insert("if".to_owned());
                }
                Node::For { .. } => {
                    found.insert("for".to_owned());
                }
                Node::While { .. } => {
                    found.insert("while".to_owned());
                }
                Node::Reduce { combine, shape, .. } => {
                    for combine in combine {
                        found.insert(format!("reduce {} {}", combine.name(), shape.name()));
                    }
                    if combine.len() > 1 {
                        found.insert(format!("reduce several {}", shape.name()));
                    }
                }
                Node::Scan { combine, .. } => {
                    found.insert(format!("scan {}", combine.name()));
                }
                Node::Call { .. } => {
                    found.insert("call".to_owned());
                }
                Node::Load { array, .. } => {
                    found.insert(format!("load {}", describe(func, *array)));
                }
                Node::Store { array, .. } => {
                    found.insert(format!("store {}", describe(func, *array)));
                }
                _ => {}
            }
        }
        for form in found {
            *self.forms.entry(form).or_default() += 1;
        }
    }
}

fn describe(func: &Func, array: ArrayRef) -> String {
    match array {
        ArrayRef::Local(_) => "local".to_owned(),
        ArrayRef::Param(_) => {
            let ty = func.array_type(array);
            format!("{:?} rank {}", ty.layout, ty.rank)
        }
    }
}

/// Every form that a long enough run must meet.
pub fn wanted() -> Vec<String> {
    let mut all: Vec<String> = ["if", "for", "while", "call", "load local", "store local"]
        .map(str::to_owned)
        .to_vec();
    for combine in Combine::ALL {
        all.push(format!("scan {}", combine.name()));
        for shape in [Shape::Tree, Shape::InOrder] {
            all.push(format!("reduce several {}", shape.name()));
            all.push(format!("reduce {} {}", combine.name(), shape.name()));
        }
    }
    for rank in 0..=ArrayType::RANK_MAX {
        for layout in [Layout::Contiguous, Layout::Strided] {
            for access in ["load", "store"] {
                all.push(format!("{access} {layout:?} rank {rank}"));
            }
        }
    }
    all
}

/// A Func and all that it calls, as a file.
pub fn text(func: &Func) -> String {
    fn visit(func: &Func, seen: &mut BTreeSet<String>, text: &mut String) {
        if seen.insert(func.name().to_owned()) {
            for callee in func.callees() {
                visit(callee, seen, text);
            }
            text.push_str(&func.to_string());
        }
    }
    let mut text = String::new();
    visit(func, &mut BTreeSet::new(), &mut text);
    text
}

/// A call as a filetest writes it.
fn run_line(func: &Func, inputs: &[Input]) -> String {
    let list = |values: &[kiln_ir::Const]| {
        let values: Vec<String> = values.iter().map(|&v| bare(v)).collect();
        values.join(", ")
    };
    let args = inputs.iter().map(|input| match input {
        Input::Value(value) => bare(*value),
        Input::Array(array) => {
            let shape: Vec<String> = array.shape.iter().map(|n| n.to_string()).collect();
            let strides: Vec<String> = array.strides.iter().map(|n| n.to_string()).collect();
            format!(
                "[{} | {} from {} by {}]",
                list(&array.values),
                shape.join(" x "),
                array.origin,
                strides.join(", ")
            )
        }
    });
    let args: Vec<String> = args.collect();
    format!("; run: @{}({})\n", func.name(), args.join(", "))
}

/// Arguments that each program is called with.
const CALLS: usize = 3;

/// Runs a random program every way.
///
/// # Errors
/// What differs, and the program as a filetest.
pub fn check(source: &[u8], coverage: &mut Coverage) -> std::result::Result<(), String> {
    let mut u = Unstructured::new(source);
    let Ok(func) = program(&mut u) else {
        return Ok(());
    };
    let text = text(&func);
    let report = |problem: String| format!("{problem}\n{text}");
    verify(&func).map_err(|e| report(e.to_string()))?;
    match parse_file(&text) {
        Ok(funcs) => match funcs.last() {
            Some(last) if last.to_string() == func.to_string() => {}
            _ => return Err(report("printing and parsing differ".to_owned())),
        },
        Err(error) => return Err(report(error.to_string())),
    }
    let Some(mut whole) = Whole::within_limits(&func).map_err(report)? else {
        return Ok(());
    };
    check_accesses(whole.optimised()).map_err(|e| report(format!("{e:?}")))?;
    coverage.programs += 1;
    coverage.add(&func);
    let guards = &whole.report().guards;
    coverage.replaced += u64::from(guards.removed);
    coverage.stayed += guards.kept.len() as u64;
    let is_split = |split: &&SplitLoop| split.ranges > 1;
    coverage.split += guards.split.iter().filter(is_split).count() as u64;
    coverage.versions += u64::from(guards.versions.loops);
    coverage.tested += u64::from(whole.optimised().can_retry());
    let most = |count: fn(&Whole, Level) -> usize| {
        let levels = crate::ways::host().levels().iter();
        levels.map(|&level| count(&whole, level)).max().unwrap_or(0) as u64
    };
    coverage.strips += most(Whole::strips);
    coverage.gathers += most(Whole::gathers);
    coverage.conditions += most(Whole::conditions);
    for _ in 0..CALLS {
        let Ok(inputs) = inputs(&mut u, &func) else {
            return Ok(());
        };
        let ran = whole.check(&inputs).map_err(|e| {
            let line = run_line(&func, &inputs);
            format!("{e}\n{text}{line}")
        })?;
        match ran.failed {
            Some(_) => coverage.failed += 1,
            None => coverage.finished += 1,
        }
        let written: usize = ran.written.iter().map(Vec::len).sum();
        coverage.compared += (ran.results.len() + written) as u64;
        let retried = std::mem::take(&mut whole.retries);
        coverage.retried += retried;
        coverage.passed += u64::from(retried == 0 && whole.optimised().can_retry());
    }
    Ok(())
}

/// Runs a random program every way; on a mismatch panics with the smallest
/// program found that shows one.
///
/// # Panics
/// When two ways differ.
pub fn assert_same(source: &[u8], coverage: &mut Coverage) {
    let Err(first) = check(source, coverage) else {
        return;
    };
    let fails = |source: &[u8]| check(source, &mut Coverage::default()).is_err();
    let small = shrink(source, fails);
    let report = check(&small, &mut Coverage::default()).err();
    panic!("{}", report.unwrap_or(first));
}
