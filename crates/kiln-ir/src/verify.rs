//! The verifier: everything a Func must satisfy, and every place it does not.
//!
//! Checked are, for the whole arena:
//! - operands stand before their users, and have a value where one is used;
//! - types fit the op, the array, the fault and the region they meet in;
//! - arrays, faults, callees, parameters and regions that are named exist;
//! - only arrays with write access are written, and indices match the rank;
//! - the exponent of `powi` is a constant within its limit;
//! - a region belongs to one node, and regions nest at most [`NESTING_MAX`]
//!   deep;
//! - an operand's region encloses the region of its user, and the regions of
//!   a pure node's operands lie on one chain;
//! - what a region yields fits what its owner carries or gives;
//! - local arrays take at most [`LOCALS_BYTES_MAX`] bytes;
//! - nothing that writes a parameter comes before a guard that asks for a
//!   retry.

use crate::func::{
    ArrayRef, CallArg, FaultKind, Func, LOCALS_BYTES_MAX, Node, NodeId, RegionId, Shape,
};
use crate::op::{Op, POWI_MAX};
use crate::parse::NESTING_MAX;
use crate::print::describe;
use crate::types::{Access, ArrayType, ParamType, Scalar, Type};
use thiserror::Error;

/// One rule broken at one place.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{node}: {message}{}", if printed.is_empty() { String::new() } else { format!(": {printed}") })]
pub struct Violation {
    /// The node.
    pub node: NodeId,
    /// Which rule it breaks, and how.
    pub message: String,
    /// The node as text, with ids of the arena.
    pub printed: String,
}

/// Everything that is wrong with a Func.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// The violations, in the order of the arena.
    pub violations: Vec<Violation>,
}

impl std::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, violation) in self.violations.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for VerifyError {}

/// Checks a Func.
///
/// # Errors
/// All violations, each with its node printed.
pub fn verify(func: &Func) -> Result<(), VerifyError> {
    let mut checker = Checker {
        func,
        violations: Vec::new(),
    };
    let sound = checker.references();
    if sound {
        checker.locals();
        checker.types();
        if checker.nesting() {
            checker.retries();
        }
    }
    if sound && checker.violations.iter().all(|v| v.message != TWO_OWNERS) {
        for violation in &mut checker.violations {
            if violation.node.index() < func.node_count() {
                violation.printed = describe(func, violation.node);
            }
        }
    }
    if checker.violations.is_empty() {
        Ok(())
    } else {
        checker.violations.sort_by_key(|v| v.node);
        Err(VerifyError {
            violations: checker.violations,
        })
    }
}

/// Regions that are no tree cannot be scheduled, and hence not be printed.
const TWO_OWNERS: &str = "owns a region that another node owns";

struct Checker<'a> {
    func: &'a Func,
    violations: Vec<Violation>,
}

impl Checker<'_> {
    fn report(&mut self, node: NodeId, message: impl Into<String>) {
        // A Func whose references are unsound cannot be printed.
        self.violations.push(Violation {
            node,
            message: message.into(),
            printed: String::new(),
        });
    }

    fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.func.node_count()).map(NodeId::new)
    }

    // References.

    /// Whether everything that nodes refer to exists and stands before them;
    /// without that, nothing else can be asked.
    fn references(&mut self) -> bool {
        for id in self.nodes() {
            let mut late = None;
            self.func.for_each_operand(id, |v| {
                if v >= id {
                    late = Some(v);
                }
            });
            if let Some(v) = late {
                self.report(id, format!("{v} does not stand before its user"));
            }
            self.tables(id);
            for region in self.func.regions_of(id).collect::<Vec<_>>() {
                if region.index() >= self.func.region_count() {
                    self.report(id, format!("there is no {region}"));
                } else {
                    self.region_references(id, region);
                }
            }
        }
        let body = self.func.body();
        let end = NodeId::new(self.func.node_count());
        self.region_references(end, body);
        self.violations.is_empty()
    }

    fn region_references(&mut self, owner: NodeId, region: RegionId) {
        let data = self.func.region(region);
        let mut last = None;
        for &id in &data.effects {
            if id >= owner || last >= Some(id) {
                self.report(id, format!("stands out of order in {region}"));
            }
            last = Some(id);
        }
        for &id in data.args.iter().chain(&data.yields) {
            if id >= owner {
                self.report(id, format!("does not stand before the owner of {region}"));
            }
        }
    }

    /// Entries of tables that a node names.
    fn tables(&mut self, id: NodeId) {
        let func = self.func;
        let array_exists = |array: ArrayRef| match array {
            ArrayRef::Param(index) => matches!(
                func.params().get(index as usize).map(|p| p.ty),
                Some(ParamType::Array(_))
            ),
            ArrayRef::Local(index) => (index as usize) < func.locals().len(),
        };
        let sound = match func.node(id) {
            Node::Param(index) => matches!(
                func.params().get(*index as usize).map(|p| p.ty),
                Some(ParamType::Scalar(_))
            ),
            Node::Len { array, .. }
            | Node::Load { array, .. }
            | Node::Store { array, .. }
            | Node::Scan { array, .. } => array_exists(*array),
            Node::Guard { fault, .. } => fault.index() < func.faults().len(),
            Node::Call { callee, args } => {
                (*callee as usize) < func.callees().len()
                    && args.iter().all(|arg| match arg {
                        CallArg::Array(array) => array_exists(*array),
                        CallArg::Value(_) => true,
                    })
            }
            Node::Arg { region, index } => {
                region.index() < func.region_count()
                    && func.region(*region).args.get(*index as usize) == Some(&id)
            }
            _ => true,
        };
        if !sound {
            self.report(id, "names something that does not exist");
        }
    }

    fn locals(&mut self) {
        let bytes = self.func.locals().iter().map(|local| local.bytes());
        let bytes = bytes.fold(0, usize::saturating_add);
        if bytes > LOCALS_BYTES_MAX {
            let message = format!("{bytes} bytes of local arrays, at most {LOCALS_BYTES_MAX}");
            self.report(NodeId::new(0), message);
        }
    }

    // Types.

    fn types(&mut self) {
        for id in self.nodes() {
            let mut valueless = None;
            let guard = match self.func.node(id) {
                Node::Load { after, .. } => *after,
                _ => None,
            };
            let is_proj = matches!(self.func.node(id), Node::Proj { .. });
            self.func.for_each_operand(id, |v| {
                if self.func.value_type(v).is_none() && Some(v) != guard && !is_proj {
                    valueless = Some(v);
                }
            });
            let outcome = match valueless {
                Some(v) => Err(format!("{v} has no value")),
                None => self.node_types(id),
            };
            if let Err(message) = outcome {
                self.report(id, message);
            }
        }
    }

    fn wants(&self, id: NodeId, expected: Type) -> Result<(), String> {
        let found = self.func.ty(id);
        if found == expected {
            Ok(())
        } else {
            Err(format!("{id} is {found}, not {expected}"))
        }
    }

    fn same_types(&self, ids: &[NodeId], expected: &[Type]) -> Result<(), String> {
        if ids.len() != expected.len() {
            return Err(format!("{} values, not {}", ids.len(), expected.len()));
        }
        ids.iter()
            .zip(expected)
            .try_for_each(|(&id, &ty)| self.wants(id, ty))
    }

    fn has_type(&self, id: NodeId, expected: Type) -> Result<(), String> {
        match self.func.value_type(id) {
            Some(found) if found == expected => Ok(()),
            found => Err(format!("has type {found:?}, not {expected}")),
        }
    }

    fn types_of(&self, ids: &[NodeId]) -> Vec<Type> {
        ids.iter().map(|&v| self.func.ty(v)).collect()
    }

    fn node_types(&self, id: NodeId) -> Result<(), String> {
        let func = self.func;
        match func.node(id) {
            Node::Param(index) => match func.params()[*index as usize].ty {
                ParamType::Scalar(s) => self.has_type(id, Type::scalar(s)),
                ParamType::Array(_) => Err("is an array".to_owned()),
            },
            Node::Const(value) => self.has_type(id, Type::scalar(value.scalar())),
            Node::Arg { .. } => match func.value_type(id) {
                Some(_) => Ok(()),
                None => Err("has no type".to_owned()),
            },
            Node::Op { op, args } => self.op_types(id, *op, args),
            Node::Len { array, dim } => {
                if *dim >= func.array_type(*array).rank {
                    return Err(format!("the array has no dimension {dim}"));
                }
                self.has_type(id, Type::I64)
            }
            Node::Load {
                array,
                index,
                after,
            } => {
                let array = func.array_type(*array);
                let lanes = func.value_type(id).map_or(1, |ty| ty.lanes);
                self.index_types(array, index, lanes)?;
                if let Some(guard) = after
                    && !matches!(func.node(*guard), Node::Guard { .. })
                {
                    return Err(format!("{guard} is not a guard"));
                }
                match func.value_type(id) {
                    Some(ty) if ty.scalar == array.elem => Ok(()),
                    _ => Err(format!("is not of the element type {}", array.elem)),
                }
            }
            Node::Store {
                array,
                index,
                value,
            } => {
                let array = func.array_type(*array);
                self.index_types(array, index, func.ty(*value).lanes)?;
                if array.access != Access::Mut {
                    return Err("the array may not be written".to_owned());
                }
                let ty = func.ty(*value);
                self.wants(*value, Type::vector(array.elem, ty.lanes))
            }
            Node::Guard { cond, .. } => {
                let ty = func.ty(*cond);
                self.wants(*cond, ty.with_scalar(Scalar::Bool))
            }
            Node::Proj { of, index } => match func.result_types(*of).get(*index as usize) {
                Some(&ty) => self.has_type(id, ty),
                None => Err(format!("{of} has no result {index}")),
            },
            _ => self.structure_types(id),
        }
    }

    fn op_types(&self, id: NodeId, op: Op, args: &[NodeId]) -> Result<(), String> {
        let annotation = op
            .rule()
            .is_annotated()
            .then(|| self.func.value_type(id))
            .flatten();
        let ty = op
            .result_type(&self.types_of(args), annotation)
            .map_err(|e| e.to_string())?;
        self.has_type(id, ty)?;
        if op == Op::Powi {
            let exponent = self.func.as_const(args[1]).and_then(|c| c.as_int());
            return match exponent {
                Some(n) if n.abs() <= i128::from(POWI_MAX) => Ok(()),
                Some(n) => Err(format!("the exponent {n} is beyond {POWI_MAX}")),
                None => Err("the exponent is not a constant".to_owned()),
            };
        }
        Ok(())
    }

    /// Each index is an `i64`, or one for each of the lanes that are accessed.
    fn index_types(&self, array: ArrayType, index: &[NodeId], lanes: u16) -> Result<(), String> {
        if index.len() != array.rank as usize {
            return Err(format!("{} indices for rank {}", index.len(), array.rank));
        }
        let per_lane = Type::vector(Scalar::I64, lanes);
        index
            .iter()
            .filter(|&&i| self.func.value_type(i) != Some(per_lane))
            .try_for_each(|&i| self.wants(i, Type::I64))
    }

    fn structure_types(&self, id: NodeId) -> Result<(), String> {
        let func = self.func;
        match func.node(id) {
            Node::If {
                cond,
                then,
                otherwise,
            } => {
                self.wants(*cond, Type::BOOL)?;
                let then = self.types_of(&func.region(*then).yields);
                self.same_types(&func.region(*otherwise).yields, &then)
            }
            Node::For {
                lo,
                hi,
                lanes,
                init,
                body,
            } => {
                if *lanes == 0 {
                    return Err("a loop has at least one lane".to_owned());
                }
                self.wants(*lo, Type::I64)?;
                self.wants(*hi, Type::I64)?;
                let carried = self.types_of(init);
                let mut args = vec![Type::I64];
                args.extend(&carried);
                self.same_types(&func.region(*body).args, &args)?;
                self.same_types(&func.region(*body).yields, &carried)
            }
            Node::While { init, cond, body } => {
                let carried = self.types_of(init);
                self.same_types(&func.region(*cond).args, &carried)?;
                self.same_types(&func.region(*cond).yields, &[Type::BOOL])?;
                self.same_types(&func.region(*body).args, &carried)?;
                self.same_types(&func.region(*body).yields, &carried)
            }
            Node::Reduce {
                combine,
                lo,
                hi,
                body,
                ..
            } => {
                if combine.len() != func.region(*body).yields.len() {
                    return Err("the body yields one value for each way to combine".to_owned());
                }
                for (nth, combine) in combine.iter().enumerate() {
                    self.combined(combine.op(), (*lo, *hi), *body, nth)?;
                }
                match Shape::common_lanes(&func.reduced(id)) {
                    Some(_) => Ok(()),
                    None => Err("the values go round in different numbers of lanes".to_owned()),
                }
            }
            Node::Scan {
                combine,
                init,
                lo,
                hi,
                array,
                body,
            } => {
                if func.region(*body).yields.len() != 1 {
                    return Err("the body yields one value".to_owned());
                }
                let ty = self.combined(combine.op(), (*lo, *hi), *body, 0)?;
                self.wants(*init, ty)?;
                let array = func.array_type(*array);
                if array.access != Access::Mut || array.rank != 1 || array.elem != ty.scalar {
                    return Err(format!("cannot write {ty} into {array}"));
                }
                Ok(())
            }
            Node::Call { callee, args } => {
                let target = &func.callees()[*callee as usize];
                if target.params().len() != args.len() {
                    return Err("the number of arguments is not the callee's".to_owned());
                }
                for (param, arg) in target.params().iter().zip(args) {
                    match (param.ty, arg) {
                        (ParamType::Scalar(s), CallArg::Value(v)) => {
                            self.wants(*v, Type::scalar(s))?;
                        }
                        (ParamType::Array(ty), CallArg::Array(a)) if func.array_type(*a) == ty => {}
                        _ => return Err(format!("{} gets something else", param.name)),
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The type of the values that a reduction or scan joins.
    fn combined(
        &self,
        op: Op,
        (lo, hi): (NodeId, NodeId),
        body: RegionId,
        nth: usize,
    ) -> Result<Type, String> {
        self.wants(lo, Type::I64)?;
        self.wants(hi, Type::I64)?;
        let body = self.func.region(body);
        self.same_types(&body.args, &[Type::I64])?;
        let ty = self.func.ty(body.yields[nth]);
        op.result_type(&[ty, ty], None).map_err(|e| e.to_string())
    }

    // Nesting.

    /// Checks that regions form a tree, and that values are used only inside
    /// the region they live in. Gives whether they do form a tree.
    fn nesting(&mut self) -> bool {
        let body = self.func.body();
        let mut parents: Vec<Option<RegionId>> = vec![None; self.func.region_count()];
        let mut depth = vec![0usize; self.func.region_count()];
        let mut fixed: Vec<Option<RegionId>> = vec![None; self.func.node_count()];
        let mut pending = vec![body];
        while let Some(region) = pending.pop() {
            let data = self.func.region(region);
            for &id in data.args.iter().chain(&data.effects) {
                if fixed[id.index()].replace(region).is_some() {
                    self.report(id, "stands in two regions");
                }
            }
            for &owner in &data.effects {
                if self.func.is_pure(owner) {
                    self.report(owner, "is pure and stands in a region");
                }
                for inner in self.func.regions_of(owner) {
                    if inner == body || parents[inner.index()].replace(region).is_some() {
                        self.report(owner, TWO_OWNERS);
                        return false;
                    }
                    depth[inner.index()] = depth[region.index()] + 1;
                    if depth[inner.index()] > NESTING_MAX {
                        self.report(owner, format!("regions nest deeper than {NESTING_MAX}"));
                        return false;
                    }
                    pending.push(inner);
                }
            }
        }
        let tree = Tree { parents, depth };
        self.homes(&tree, &fixed);
        true
    }

    /// Checks that a call which ends with a retry has written nothing that
    /// lives longer than the call.
    fn retries(&mut self) {
        let func = self.func;
        if !func.faults().iter().any(|f| f.kind == FaultKind::Retry) {
            return;
        }
        let writes = self.writes();
        // Regions with whether something was written before they begin.
        let mut pending = vec![(func.body(), false)];
        while let Some((region, mut written)) = pending.pop() {
            for &id in &func.region(region).effects {
                if let Node::Guard { fault, .. } = func.node(id)
                    && func.fault(*fault).kind == FaultKind::Retry
                    && written
                {
                    self.report(id, "asks for a retry after something was written");
                }
                // An earlier round of a loop has written, too.
                let is_loop = !matches!(func.node(id), Node::If { .. });
                let inside = written || (is_loop && writes[id.index()]);
                pending.extend(func.regions_of(id).map(|inner| (inner, inside)));
                written |= writes[id.index()];
            }
        }
    }

    /// Whether each node, or what is in it, writes a parameter. What a node
    /// owns stands before it, so one pass in order does it.
    fn writes(&self) -> Vec<bool> {
        let func = self.func;
        let mut writes = vec![false; func.node_count()];
        for id in self.nodes() {
            writes[id.index()] = match func.node(id) {
                Node::Call { .. } => true,
                Node::Store { array, .. } | Node::Scan { array, .. }
                    if matches!(array, ArrayRef::Param(_)) =>
                {
                    true
                }
                _ => func.regions_of(id).any(|region| {
                    let effects = &func.region(region).effects;
                    effects.iter().any(|e| writes[e.index()])
                }),
            };
        }
        writes
    }

    fn homes(&mut self, tree: &Tree, fixed: &[Option<RegionId>]) {
        let body = self.func.body();
        let mut home = vec![body; self.func.node_count()];
        let mut ifs = vec![0usize; self.func.node_count()];
        for id in self.nodes() {
            let floats = self.func.is_pure(id);
            if !floats && fixed[id.index()].is_none() {
                // A projection of a fixed node lives where the node stands;
                // what no region lists is never run.
                if let Node::Proj { of, .. } = self.func.node(id) {
                    home[id.index()] = home[of.index()];
                }
                continue;
            }
            let mut inner = fixed[id.index()].unwrap_or(body);
            let mut apart = None;
            let mut nested = 0;
            let mut needs = Vec::new();
            self.func.for_each_operand(id, |v| needs.push(v));
            if floats {
                for region in self.func.regions_of(id) {
                    needs.extend_from_slice(&self.func.region(region).yields);
                }
            }
            for v in needs {
                nested = nested.max(ifs[v.index()]);
                let other = home[v.index()];
                if tree.encloses(other, inner) {
                    continue;
                }
                if floats && tree.encloses(inner, other) {
                    inner = other;
                } else {
                    apart = Some(v);
                }
            }
            if let Some(v) = apart {
                self.report(
                    id,
                    format!("{v} lives in a region that does not enclose this"),
                );
            }
            ifs[id.index()] =
                nested + usize::from(floats && matches!(self.func.node(id), Node::If { .. }));
            home[id.index()] = inner;
        }
        for region in (0..self.func.region_count()).map(RegionId::new) {
            if !tree.is_placed(region, body) {
                continue;
            }
            for &v in &self.func.region(region).yields {
                if !tree.encloses(home[v.index()], region) {
                    self.report(v, format!("is yielded by {region}, which does not see it"));
                }
            }
        }
    }
}

/// The regions that nodes with effects own.
struct Tree {
    parents: Vec<Option<RegionId>>,
    depth: Vec<usize>,
}

impl Tree {
    /// Whether `inner` is `outer` or lies in it.
    fn encloses(&self, outer: RegionId, mut inner: RegionId) -> bool {
        while self.depth[inner.index()] > self.depth[outer.index()] {
            match self.parents[inner.index()] {
                Some(parent) => inner = parent,
                None => return false,
            }
        }
        inner == outer
    }

    fn is_placed(&self, region: RegionId, body: RegionId) -> bool {
        region == body || self.parents[region.index()].is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::verify;
    use crate::func::{ArrayRef, Func, Node, NodeId, Operands, RegionId};
    use crate::types::Type;
    use crate::{Const, Op, parse};

    const SOUND: &str = "func @f(a: f64, x: [f64], y: mut [f64]) -> f64 {
    v0 = len y
    for v1 in 0..v0 {
        v2 = load x[v1]
        v3 = add v2, a
        store y[v1], v3
    }
    v4 = powi a, 3i32
    v5 = neg v4
    return v5
}";

    fn find(func: &Func, fits: impl Fn(&Node) -> bool) -> NodeId {
        (0..func.node_count())
            .map(NodeId::new)
            .find(|&id| fits(func.node(id)))
            .expect("the node is there")
    }

    /// Breaks a sound Func and checks that the verifier says so.
    fn broken(message: &str, damage: impl FnOnce(&mut Func)) {
        let mut func = parse(SOUND).expect("parses");
        verify(&func).expect("is sound");
        damage(&mut func);
        let error = verify(&func).expect_err(message).to_string();
        assert!(error.contains(message), "{error:?} lacks {message:?}");
    }

    #[test]
    fn every_kind_of_damage_is_reported() {
        broken("operands of add differ", |f| {
            let add = find(f, |n| matches!(n, Node::Op { op: Op::Add, .. }));
            let one = find(f, |n| matches!(n, Node::Const(c) if c.as_int() == Some(0)));
            let Node::Op { args, .. } = &mut f.nodes[add.index()] else {
                return;
            };
            *args = Operands::new(&[args[0], one]);
        });
        broken("does not stand before its user", |f| {
            let last = NodeId::new(f.node_count() - 1);
            let add = find(f, |n| matches!(n, Node::Op { op: Op::Add, .. }));
            f.nodes[add.index()] = Node::Op {
                op: Op::Add,
                args: Operands::new(&[last, last]),
            };
        });
        broken("names something that does not exist", |f| {
            let load = find(f, |n| matches!(n, Node::Load { .. }));
            let Node::Load { array, .. } = &mut f.nodes[load.index()] else {
                return;
            };
            *array = ArrayRef::Param(7);
        });
        broken("the array may not be written", |f| {
            let store = find(f, |n| matches!(n, Node::Store { .. }));
            let Node::Store { array, .. } = &mut f.nodes[store.index()] else {
                return;
            };
            *array = ArrayRef::Param(1);
        });
        broken("the exponent 65 is beyond 64", |f| {
            let n = find(f, |n| matches!(n, Node::Const(c) if c.as_int() == Some(3)));
            f.nodes[n.index()] = Node::Const(Const::int(crate::Scalar::I32, 65));
        });
        broken("has type", |f| {
            let neg = find(f, |n| matches!(n, Node::Op { op: Op::Neg, .. }));
            f.types[neg.index()] = Some(Type::F32);
        });
        broken("indices for rank 1", |f| {
            let load = find(f, |n| matches!(n, Node::Load { .. }));
            let Node::Load { index, .. } = &mut f.nodes[load.index()] else {
                return;
            };
            *index = Operands::new(&[]);
        });
        broken("lives in a region that does not enclose", |f| {
            let add = find(f, |n| matches!(n, Node::Op { op: Op::Add, .. }));
            let body = f.body;
            f.nodes.push(Node::Store {
                array: ArrayRef::Param(2),
                index: Operands::new(&[find(f, |n| matches!(n, Node::Len { .. }))]),
                value: add,
            });
            f.types.push(None);
            f.regions[body.index()]
                .effects
                .push(NodeId::new(f.nodes.len() - 1));
        });
        broken("is yielded by region0, which does not see it", |f| {
            let add = find(f, |n| matches!(n, Node::Op { op: Op::Add, .. }));
            f.regions[f.body.index()].yields = vec![add];
        });
        broken("owns a region that another node owns", |f| {
            let body = f.body;
            let inner = find(f, |n| matches!(n, Node::For { .. }));
            let again = f.nodes[inner.index()].clone();
            f.nodes.push(again);
            f.types.push(None);
            f.regions[body.index()]
                .effects
                .push(NodeId::new(f.nodes.len() - 1));
        });
        broken("stands out of order", |f| {
            let inner = RegionId::new(1);
            let store = f.regions[inner.index()].effects[0];
            f.regions[inner.index()].effects.push(store);
        });
        broken("asks for a retry after something was written", |f| {
            let func = parse(
                "func @f(c: bool, y: mut [f64]) {
    for v1 in 0..3 {
        v2 = guard c, retry \"indices\"
        store y[v1], 1.0
    }
}",
            );
            *f = func.expect("parses");
        });
        broken("32776 bytes of local arrays, at most 32768", |f| {
            let local = |len| crate::func::Local {
                elem: crate::Scalar::F64,
                len,
            };
            f.locals = vec![local(4096), local(0)];
        });
        broken("a loop has at least one lane", |f| {
            let id = find(f, |n| matches!(n, Node::For { .. }));
            let Node::For { lanes, .. } = &mut f.nodes[id.index()] else {
                return;
            };
            *lanes = 0;
        });
    }

    #[test]
    fn all_violations_are_reported_with_their_nodes_printed() {
        let mut func = parse(SOUND).expect("parses");
        let neg = find(&func, |n| matches!(n, Node::Op { op: Op::Neg, .. }));
        let len = find(&func, |n| matches!(n, Node::Len { .. }));
        func.types[neg.index()] = Some(Type::F32);
        func.types[len.index()] = Some(Type::F64);
        let error = verify(&func).expect_err("two types are wrong");
        assert!(error.violations.len() >= 2, "{error}");
        assert!(
            error.violations.iter().all(|v| !v.printed.is_empty()),
            "{error}"
        );
    }
}
