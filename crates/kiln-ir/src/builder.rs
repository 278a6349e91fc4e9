//! Building a Func: typed, merging equal pure nodes as it goes.
//!
//! The builder is the one way to make a Func; the parser, the front ends and
//! every pass go through it. It checks types as it builds and panics on a
//! misuse, because its callers have checked what came from outside; the
//! [`Op::result_type`] rules are there for them to ask first.

use crate::constant::Const;
use crate::func::{
    ArrayRef, CallArg, Combine, Fault, FaultId, Func, Local, Node, NodeId, Operands, Param, Region,
    RegionId, Shape,
};
use crate::op::Op;
use crate::types::{ArrayType, ParamType, Scalar, Type};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What makes two pure nodes the same node.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Key {
    Param(u32),
    Const(Const),
    Op(Op, Operands, Type),
    Len(ArrayRef, u8),
    Load(ArrayRef, Operands, Option<NodeId>, Type),
    Proj(NodeId, u32),
}

/// What makes two pure `if`s the same: the condition, and what the two
/// regions yield.
type IfKey = (NodeId, Box<[NodeId]>, Box<[NodeId]>);

/// Builds one Func.
#[derive(Debug)]
pub struct FuncBuilder {
    func: Func,
    merged: FxHashMap<Key, NodeId>,
    merged_ifs: FxHashMap<IfKey, NodeId>,
    open: Vec<RegionId>,
}

impl FuncBuilder {
    /// Starts a Func of this name, with its outermost region open.
    pub fn new(name: impl Into<String>) -> FuncBuilder {
        FuncBuilder {
            func: Func {
                name: name.into(),
                params: Vec::new(),
                results: Vec::new(),
                locals: Vec::new(),
                faults: Vec::new(),
                callees: Vec::new(),
                nodes: Vec::new(),
                types: Vec::new(),
                regions: vec![Region::default()],
                body: RegionId::new(0),
            },
            merged: FxHashMap::default(),
            merged_ifs: FxHashMap::default(),
            open: vec![RegionId::new(0)],
        }
    }

    /// Makes room for so many nodes at once.
    pub fn reserve(&mut self, nodes: usize) {
        self.func.nodes.reserve(nodes);
        self.func.types.reserve(nodes);
        self.merged.reserve(nodes);
    }

    /// What has been built so far.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// The type of a value built so far.
    ///
    /// # Panics
    /// When the node has no value.
    pub fn ty(&self, id: NodeId) -> Type {
        self.func.ty(id)
    }

    /// Whether a region inside the body of the Func is open.
    pub fn is_nested(&self) -> bool {
        self.open.len() > 1
    }

    /// Closes the Func, which returns `results`.
    ///
    /// # Panics
    /// When a region is still open.
    pub fn finish(mut self, results: &[NodeId]) -> Func {
        assert_eq!(self.open.len(), 1, "a region is still open");
        self.func.results = results.iter().map(|&v| self.func.ty(v)).collect();
        let body = self.func.body;
        self.func.regions[body.index()].yields = results.to_vec();
        self.func
    }

    // Parameters and tables.

    /// Adds a scalar parameter and gives its value.
    pub fn scalar_param(&mut self, name: impl Into<String>, scalar: Scalar) -> NodeId {
        let index = self.push_param(name.into(), ParamType::Scalar(scalar));
        self.merge(Key::Param(index), Node::Param(index), Type::scalar(scalar))
    }

    /// Adds an array parameter.
    pub fn array_param(&mut self, name: impl Into<String>, ty: ArrayType) -> ArrayRef {
        ArrayRef::Param(self.push_param(name.into(), ParamType::Array(ty)))
    }

    fn push_param(&mut self, name: String, ty: ParamType) -> u32 {
        self.func.params.push(Param { name, ty });
        self.func.params.len() as u32 - 1
    }

    /// The value of a scalar parameter added before.
    ///
    /// # Panics
    /// When the parameter is an array.
    pub fn param(&mut self, index: u32) -> NodeId {
        match self.func.params[index as usize].ty {
            ParamType::Scalar(s) => {
                self.merge(Key::Param(index), Node::Param(index), Type::scalar(s))
            }
            ParamType::Array(_) => panic!("parameter {index} is an array"),
        }
    }

    /// Adds a local array of `len` elements.
    pub fn local(&mut self, elem: Scalar, len: u32) -> ArrayRef {
        self.func.locals.push(Local { elem, len });
        ArrayRef::Local(self.func.locals.len() as u32 - 1)
    }

    /// Adds what a guard reports; equal faults share an entry.
    pub fn fault(&mut self, fault: Fault) -> FaultId {
        match self.func.faults.iter().position(|f| *f == fault) {
            Some(index) => FaultId::new(index),
            None => {
                self.func.faults.push(fault);
                FaultId::new(self.func.faults.len() - 1)
            }
        }
    }

    /// Adds a Func to call.
    pub fn callee(&mut self, func: Arc<Func>) -> u32 {
        self.func.callees.push(func);
        self.func.callees.len() as u32 - 1
    }

    // Pure nodes.

    fn push(&mut self, node: Node, ty: Option<Type>) -> NodeId {
        self.func.nodes.push(node);
        self.func.types.push(ty);
        NodeId::new(self.func.nodes.len() - 1)
    }

    fn merge(&mut self, key: Key, node: Node, ty: Type) -> NodeId {
        if let Some(&found) = self.merged.get(&key) {
            return found;
        }
        let id = self.push(node, Some(ty));
        self.merged.insert(key, id);
        id
    }

    /// A constant.
    pub fn constant(&mut self, value: Const) -> NodeId {
        self.merge(
            Key::Const(value),
            Node::Const(value),
            Type::scalar(value.scalar()),
        )
    }

    /// An `f64` constant.
    pub fn f64(&mut self, value: f64) -> NodeId {
        self.constant(Const::f64(value))
    }

    /// An `i64` constant.
    pub fn i64(&mut self, value: i64) -> NodeId {
        self.constant(Const::i64(value))
    }

    /// A `bool` constant.
    pub fn bool(&mut self, value: bool) -> NodeId {
        self.constant(Const::bool(value))
    }

    /// A constant of type `ty`: splat when `ty` is a vector.
    pub fn constant_of(&mut self, ty: Type, value: Const) -> NodeId {
        debug_assert_eq!(ty.scalar, value.scalar());
        let scalar = self.constant(value);
        self.splat(ty.lanes, scalar)
    }

    /// An op whose operands determine its result type.
    ///
    /// # Panics
    /// When the operands do not fit the op.
    pub fn op(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        self.op_as(op, args, None)
    }

    /// An op, with the result type where its rule wants one.
    ///
    /// # Panics
    /// When the operands or the type do not fit the op.
    pub fn op_as(&mut self, op: Op, args: &[NodeId], annotation: Option<Type>) -> NodeId {
        let mut types = [Type::BOOL; Operands::MAX];
        for (slot, &arg) in types.iter_mut().zip(args) {
            *slot = self.func.ty(arg);
        }
        let annotation = annotation.filter(|_| op.rule().is_annotated());
        let ty = match op.result_type(&types[..args.len()], annotation) {
            Ok(ty) => ty,
            Err(error) => panic!("{error}"),
        };
        let args = Operands::new(args);
        self.merge(Key::Op(op, args, ty), Node::Op { op, args }, ty)
    }

    /// `cast` to `scalar`, in the lanes of `value`; the value itself where
    /// it has that type already.
    ///
    /// # Panics
    /// When `scalar` is `bool` and the value is not.
    pub fn cast(&mut self, scalar: Scalar, value: NodeId) -> NodeId {
        let from = self.func.ty(value);
        if from.scalar == scalar {
            return value;
        }
        self.op_as(Op::Cast, &[value], Some(from.with_scalar(scalar)))
    }

    /// `splat` to `lanes` lanes; the value itself for one lane.
    pub fn splat(&mut self, lanes: u16, value: NodeId) -> NodeId {
        if lanes == 1 {
            return value;
        }
        let ty = self.func.ty(value).with_lanes(lanes);
        self.op_as(Op::Splat, &[value], Some(ty))
    }

    /// `select`.
    pub fn select(&mut self, cond: NodeId, yes: NodeId, no: NodeId) -> NodeId {
        self.op(Op::Select, &[cond, yes, no])
    }

    /// The extent of an array in dimension `dim`.
    pub fn len(&mut self, array: ArrayRef, dim: u8) -> NodeId {
        self.merge(Key::Len(array, dim), Node::Len { array, dim }, Type::I64)
    }

    /// An element of an array.
    pub fn load(&mut self, array: ArrayRef, index: &[NodeId]) -> NodeId {
        self.load_as(array, index, None, 1)
    }

    /// `lanes` contiguous elements of an array from `index` on, not to be
    /// moved before the guard `after`; where an index is a vector, an element
    /// for each of its lanes.
    ///
    /// # Panics
    /// When the number of indices is not the array's rank, or one is neither an
    /// `i64` nor `lanes` of them.
    pub fn load_as(
        &mut self,
        array: ArrayRef,
        index: &[NodeId],
        after: Option<NodeId>,
        lanes: u16,
    ) -> NodeId {
        let ty = Type::vector(self.func.array_type(array).elem, lanes);
        let index = self.checked_index(array, index, lanes);
        let node = Node::Load {
            array,
            index,
            after,
        };
        if self.func.array_type(array).access == crate::types::Access::Read {
            return self.merge(Key::Load(array, index, after, ty), node, ty);
        }
        let id = self.push(node, Some(ty));
        self.effect(id)
    }

    fn checked_index(&self, array: ArrayRef, index: &[NodeId], lanes: u16) -> Operands {
        let rank = self.func.array_type(array).rank;
        assert_eq!(index.len(), rank as usize, "one index per dimension");
        for &i in index {
            let ty = self.func.ty(i);
            let is_index = ty == Type::I64 || ty == Type::vector(Scalar::I64, lanes);
            assert!(is_index, "an index is an i64, or one for each lane");
        }
        Operands::new(index)
    }

    // Effects.

    fn effect(&mut self, id: NodeId) -> NodeId {
        let region = self.current();
        self.func.regions[region.index()].effects.push(id);
        id
    }

    fn current(&self) -> RegionId {
        match self.open.last() {
            Some(&region) => region,
            None => unreachable!("the outermost region closes with finish"),
        }
    }

    /// Writes an element, or contiguous elements where `value` is a vector; one
    /// for each lane, in their order, where an index is a vector, too.
    ///
    /// # Panics
    /// When the types do not fit the array.
    pub fn store(&mut self, array: ArrayRef, index: &[NodeId], value: NodeId) {
        let elem = self.func.array_type(array).elem;
        assert_eq!(self.func.ty(value).scalar, elem, "the element type");
        let index = self.checked_index(array, index, self.func.ty(value).lanes);
        let id = self.push(
            Node::Store {
                array,
                index,
                value,
            },
            None,
        );
        self.effect(id);
    }

    /// Ends the call with `fault` unless `cond` holds.
    ///
    /// # Panics
    /// When `cond` is not a `bool`.
    pub fn guard(&mut self, cond: NodeId, fault: FaultId, operands: &[NodeId]) -> NodeId {
        assert_eq!(
            self.func.ty(cond).scalar,
            Scalar::Bool,
            "a guard's condition"
        );
        let operands = Operands::new(operands);
        let id = self.push(
            Node::Guard {
                cond,
                fault,
                operands,
            },
            None,
        );
        self.effect(id)
    }

    // Structure. Each `begin_` opens a region, each `end_` closes it.

    fn begin_region(&mut self, args: &[Type]) -> (RegionId, Vec<NodeId>) {
        let region = RegionId::new(self.func.regions.len());
        self.func.regions.push(Region::default());
        self.open.push(region);
        let args = (0u32..)
            .zip(args)
            .map(|(index, &ty)| self.push(Node::Arg { region, index }, Some(ty)))
            .collect::<Vec<_>>();
        self.func.regions[region.index()].args.clone_from(&args);
        (region, args)
    }

    fn end_region(&mut self, yields: &[NodeId]) -> RegionId {
        assert!(self.open.len() > 1, "no region is open");
        let region = self.current();
        self.open.pop();
        self.func.regions[region.index()].yields = yields.to_vec();
        region
    }

    fn structured(&mut self, node: Node) -> (NodeId, Vec<NodeId>) {
        let id = self.push(node, None);
        if !self.func.is_pure(id) {
            self.effect(id);
        }
        let types = self.func.result_types(id);
        let results = (0u32..)
            .zip(types)
            .map(|(index, ty)| self.merge(Key::Proj(id, index), Node::Proj { of: id, index }, ty))
            .collect();
        (id, results)
    }

    /// Closes the innermost open region as if it had not been opened, if it
    /// holds no effect: what was built in it is as good outside. Whether it
    /// was closed.
    ///
    /// # Panics
    /// When no region is open.
    pub fn abandon_pure_region(&mut self) -> bool {
        let region = &self.func.regions[self.current().index()];
        let is_pure = region.effects.is_empty() && region.args.is_empty();
        if is_pure {
            self.end_region(&[]);
        }
        is_pure
    }

    fn assert_carried(&self, init: &[NodeId], next: &[NodeId]) {
        let types = |ids: &[NodeId]| ids.iter().map(|&v| self.func.ty(v)).collect::<Vec<_>>();
        assert_eq!(types(init), types(next), "types of the carried values");
    }

    /// Opens the first region of an `if`; the other one follows with
    /// [`begin_else`](Self::begin_else).
    pub fn begin_if(&mut self) {
        self.begin_region(&[]);
    }

    /// Closes the first region of an `if` and opens the other one.
    pub fn begin_else(&mut self, yields: &[NodeId]) -> RegionId {
        let then = self.end_region(yields);
        self.begin_region(&[]);
        then
    }

    /// Closes an `if` and gives its results. `then` is what
    /// [`begin_else`](Self::begin_else) gave.
    ///
    /// # Panics
    /// When the two regions yield different types, or `cond` is no `bool`.
    pub fn end_if(&mut self, cond: NodeId, then: RegionId, yields: &[NodeId]) -> Vec<NodeId> {
        let otherwise = self.end_region(yields);
        assert_eq!(self.func.ty(cond), Type::BOOL, "the condition of an if");
        self.assert_carried(&self.func.region(then).yields, yields);
        let node = Node::If {
            cond,
            then,
            otherwise,
        };
        let effects = |r: RegionId| !self.func.region(r).effects.is_empty();
        if effects(then) || effects(otherwise) {
            return self.structured(node).1;
        }
        let key = (
            cond,
            self.func.region(then).yields.as_slice().into(),
            yields.into(),
        );
        if let Some(&found) = self.merged_ifs.get(&key) {
            return (0..yields.len() as u32)
                .map(|i| self.proj(found, i))
                .collect();
        }
        let (id, results) = self.structured(node);
        self.merged_ifs.insert(key, id);
        results
    }

    /// Opens a `for`; gives its index and its carried values.
    pub fn begin_for(&mut self, init: &[NodeId]) -> (NodeId, Vec<NodeId>) {
        let mut types = vec![Type::I64];
        types.extend(init.iter().map(|&v| self.func.ty(v)));
        let (_, mut args) = self.begin_region(&types);
        let index = args.remove(0);
        (index, args)
    }

    /// Closes a `for` over `lo..hi`, `lanes` indices a round, and gives the
    /// last carried values.
    ///
    /// # Panics
    /// When the types of `yields` are not those of `init`.
    pub fn end_for(
        &mut self,
        lo: NodeId,
        hi: NodeId,
        lanes: u16,
        init: &[NodeId],
        yields: &[NodeId],
    ) -> Vec<NodeId> {
        self.assert_carried(init, yields);
        let body = self.end_region(yields);
        self.structured(Node::For {
            lo,
            hi,
            lanes,
            init: init.into(),
            body,
        })
        .1
    }

    /// Opens the condition of a `while`; gives the carried values.
    pub fn begin_while(&mut self, init: &[NodeId]) -> Vec<NodeId> {
        let types: Vec<Type> = init.iter().map(|&v| self.func.ty(v)).collect();
        self.begin_region(&types).1
    }

    /// Closes the condition of a `while` and opens its body; gives the
    /// region of the condition and the carried values of the body.
    pub fn begin_do(&mut self, cond: NodeId) -> (RegionId, Vec<NodeId>) {
        assert_eq!(self.func.ty(cond), Type::BOOL, "the condition of a while");
        let region = self.end_region(&[cond]);
        let args = self.func.region(region).args.clone();
        let types: Vec<Type> = args.iter().map(|&v| self.func.ty(v)).collect();
        (region, self.begin_region(&types).1)
    }

    /// Closes a `while` and gives the last carried values.
    ///
    /// # Panics
    /// When the types of `yields` are not those of `init`.
    pub fn end_while(&mut self, cond: RegionId, init: &[NodeId], yields: &[NodeId]) -> Vec<NodeId> {
        self.assert_carried(init, yields);
        let body = self.end_region(yields);
        self.structured(Node::While {
            init: init.into(),
            cond,
            body,
        })
        .1
    }

    /// Opens a `reduce` or a `scan`; gives its index.
    pub fn begin_reduce(&mut self) -> NodeId {
        self.begin_region(&[Type::I64]).1[0]
    }

    /// Closes a `for` that [`begin_for`](Self::begin_for) opened as a `reduce`
    /// of as many values as it carries, and gives its results. Nothing that is
    /// needed may hold the carried values.
    ///
    /// # Panics
    /// When another number of values is carried.
    pub fn end_for_as_reduce(
        &mut self,
        combine: &[Combine],
        shape: Shape,
        (lo, hi): (NodeId, NodeId),
        values: &[NodeId],
    ) -> Vec<NodeId> {
        let region = self.current();
        let args = &mut self.func.regions[region.index()].args;
        let carried = args.split_off(1);
        assert_eq!(carried.len(), combine.len(), "the carried values");
        // What held them is needed no more, and must not name what is gone.
        for (id, combine) in carried.into_iter().zip(combine) {
            let nothing = combine.identity(self.func.ty(id).scalar);
            self.func.nodes[id.index()] = Node::Const(nothing);
        }
        self.end_reduce_all(combine, shape, (lo, hi), values)
    }

    /// Closes a `reduce` over `lo..hi` and gives its result.
    pub fn end_reduce(
        &mut self,
        combine: Combine,
        shape: Shape,
        lo: NodeId,
        hi: NodeId,
        value: NodeId,
    ) -> NodeId {
        self.end_reduce_all(&[combine], shape, (lo, hi), &[value])[0]
    }

    /// Closes a `reduce` of several values over `lo..hi` and gives its results.
    ///
    /// # Panics
    /// When there is not one value for each way to combine.
    pub fn end_reduce_all(
        &mut self,
        combine: &[Combine],
        shape: Shape,
        (lo, hi): (NodeId, NodeId),
        values: &[NodeId],
    ) -> Vec<NodeId> {
        assert_eq!(combine.len(), values.len(), "one value for each way");
        let body = self.end_region(values);
        self.structured(Node::Reduce {
            combine: combine.into(),
            shape,
            lo,
            hi,
            body,
        })
        .1
    }

    /// Closes a `scan` over `lo..hi` into `array` and gives the last value.
    pub fn end_scan(
        &mut self,
        combine: Combine,
        init: NodeId,
        lo: NodeId,
        hi: NodeId,
        array: ArrayRef,
        value: NodeId,
    ) -> NodeId {
        self.assert_carried(&[init], &[value]);
        let body = self.end_region(&[value]);
        self.structured(Node::Scan {
            combine,
            init,
            lo,
            hi,
            array,
            body,
        })
        .1[0]
    }

    /// Calls a Func added with [`callee`](Self::callee); gives its results.
    ///
    /// # Panics
    /// When the arguments do not fit the callee's parameters.
    pub fn call(&mut self, callee: u32, args: &[CallArg]) -> Vec<NodeId> {
        let target = &self.func.callees[callee as usize];
        assert_eq!(
            target.params.len(),
            args.len(),
            "one argument per parameter"
        );
        for (param, arg) in target.params.iter().zip(args) {
            match (param.ty, arg) {
                (ParamType::Scalar(s), CallArg::Value(v)) => {
                    assert_eq!(
                        self.func.ty(*v),
                        Type::scalar(s),
                        "the type of {}",
                        param.name
                    );
                }
                (ParamType::Array(ty), CallArg::Array(a)) => {
                    assert_eq!(self.func.array_type(*a), ty, "the type of {}", param.name);
                }
                _ => panic!("{} is not what its parameter is", param.name),
            }
        }
        self.structured(Node::Call {
            callee,
            args: args.into(),
        })
        .1
    }

    /// Result `index` of the structured node `of`.
    pub fn proj(&mut self, of: NodeId, index: u32) -> NodeId {
        let ty = self.func.result_types(of)[index as usize];
        self.merge(Key::Proj(of, index), Node::Proj { of, index }, ty)
    }
}
