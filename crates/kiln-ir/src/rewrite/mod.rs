//! Copying a Func node by node: what every pass is made of.
//!
//! A copy goes through the builder, which merges equal nodes, and follows the
//! schedule, which drops what nothing needs. A pass says only what becomes of
//! the nodes it cares about.

mod tile;

use crate::builder::FuncBuilder;
use crate::constant::Const;
use crate::func::{
    ArrayRef, CallArg, Combine, FaultId, Func, Local, Node, NodeId, Param, RegionId, Shape,
};
use crate::op::Op;
use crate::schedule::Schedule;
use crate::types::{ParamType, Type};
use std::sync::Arc;

/// What a pass makes of the nodes it cares about. Operands are those of the
/// new Func.
pub trait Rewrite {
    /// Makes the node for an op; `ty` is its type in the old Func, `old` its
    /// id there.
    fn op(
        &mut self,
        b: &mut FuncBuilder,
        op: Op,
        args: &[NodeId],
        ty: Type,
        old: NodeId,
    ) -> NodeId {
        let _ = old;
        b.op_as(op, args, Some(ty))
    }

    /// Gives the results of a call without making it; `None` keeps the call.
    /// Arrays are those of the new Func.
    fn call(
        &mut self,
        b: &mut FuncBuilder,
        callee: &Arc<Func>,
        args: &[CallArg],
    ) -> Option<Vec<NodeId>> {
        let _ = (b, callee, args);
        None
    }

    /// Whether the old node is wanted at all; without it nothing may need its
    /// value.
    fn wants(&mut self, old: NodeId) -> bool {
        let _ = old;
        true
    }

    /// Where the access `old` stands in the new Func, if not at the same
    /// index of the same array. Its old index is then not needed. `map` has
    /// the new nodes of old ones.
    fn place(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        map: &[Option<NodeId>],
    ) -> Option<(ArrayRef, Vec<NodeId>)> {
        let _ = (b, old, map);
        None
    }

    /// The array of the new Func for one of the old, if not the one that
    /// stands at its place.
    fn array(&self, array: ArrayRef) -> Option<ArrayRef> {
        let _ = array;
        None
    }

    /// Hears what the store `old` stores, in the new Func; whether it is made.
    fn store(&mut self, old: NodeId, value: NodeId) -> bool {
        let _ = (old, value);
        true
    }

    /// Makes what has to stand before an access, and gives the guard that a
    /// load must not pass. `old` is the id of the load, the store or the scan
    /// in the old Func; array and index are those of the new one.
    fn access(
        &mut self,
        b: &mut FuncBuilder,
        array: ArrayRef,
        index: &[NodeId],
        after: Option<NodeId>,
        old: NodeId,
    ) -> Option<NodeId> {
        let _ = (b, array, index, old);
        after
    }

    /// Makes the guard `old`, or leaves it out.
    fn guard(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        cond: NodeId,
        fault: FaultId,
        operands: &[NodeId],
    ) -> Option<NodeId> {
        let _ = old;
        Some(b.guard(cond, fault, operands))
    }

    /// Decides an `if` or a guard by its condition: `Some` keeps one side of
    /// an `if` alone, `Some(true)` drops a guard.
    fn decide(&mut self, b: &FuncBuilder, cond: NodeId) -> Option<bool> {
        b.func().as_const(cond).and_then(|c| c.as_bool())
    }

    /// How the `while` loop `old` of `func` counts, if it does: it then
    /// becomes a `for`, made with [`counted`](Self::counted).
    fn counts(&mut self, func: &Func, old: NodeId) -> Option<Counted> {
        let _ = (func, old);
        None
    }

    /// Makes one of the values around a `while` that becomes a `for`.
    /// `init` and `bound` are those of its [`Counted`], in the new Func.
    ///
    /// # Panics
    /// When [`counts`](Self::counts) gives no loop.
    fn counted(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        init: NodeId,
        bound: NodeId,
        part: CountedPart,
    ) -> NodeId {
        let _ = (b, init, bound, part);
        unreachable!("{old} is a while")
    }

    /// Gives the results of a structured node without making it; `None` makes
    /// it.
    fn replaced(&mut self, old: NodeId) -> Option<Vec<NodeId>> {
        let _ = old;
        None
    }

    /// Hears what has become of a structured node.
    fn made(&mut self, old: NodeId, results: &[NodeId]) {
        let _ = (old, results);
    }

    /// The range that the copy of the `for` loop or the reduction `old` runs
    /// over, if not the same; `range` is that of the old one, in the new Func.
    fn range(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        range: (NodeId, NodeId),
    ) -> (NodeId, NodeId) {
        let _ = (b, old);
        range
    }

    /// How many rounds of the `for` loop `old` run at once, if it is more than
    /// one; see [`Tile`].
    fn tile(&mut self, old: NodeId) -> Option<Tile> {
        let _ = old;
        None
    }

    /// How the counted loop `old` reduces, if it becomes a reduction. It
    /// carries one value.
    fn reduces(&mut self, old: NodeId) -> Option<Vec<Reduced>> {
        let _ = old;
        None
    }

    /// Where the `for` loop `old` of `func` is cut into loops that run one
    /// after the other, from the first index to the last: for each cut the
    /// old values, all from outside of the loop, that [`cut`](Self::cut)
    /// makes its index of.
    fn cuts(&mut self, func: &Func, old: NodeId) -> Vec<Vec<NodeId>> {
        let _ = (func, old);
        Vec::new()
    }

    /// Makes the index at which the loop is cut: the piece before has what is
    /// less than it, those behind have the rest.
    ///
    /// # Panics
    /// When [`cuts`](Self::cuts) gives no such cut.
    fn cut(&mut self, b: &mut FuncBuilder, old: NodeId, cut: usize, values: &[NodeId]) -> NodeId {
        let _ = (b, cut, values);
        unreachable!("{old} is in one piece")
    }

    /// Hears which piece of a `for` loop is copied next; `None` behind the
    /// last one.
    fn piece(&mut self, old: NodeId, piece: Option<usize>) {
        let _ = (old, piece);
    }

    /// Whether the counted loop `old` of `func` is made twice, as the two
    /// sides of an `if`: gives the old values, all from outside of the loop,
    /// that [`version`](Self::version) makes the condition of.
    fn versions(&mut self, func: &Func, old: NodeId) -> Option<Vec<NodeId>> {
        let _ = (func, old);
        None
    }

    /// Makes the condition under which the first copy of a loop runs.
    ///
    /// # Panics
    /// When [`versions`](Self::versions) gives none.
    fn version(&mut self, b: &mut FuncBuilder, old: NodeId, values: &[NodeId]) -> NodeId {
        let _ = (b, values);
        unreachable!("{old} is made once")
    }

    /// Hears which copy of a loop is made next: the one for the condition,
    /// the one for its opposite, none any more.
    fn copy(&mut self, old: NodeId, holds: Option<bool>) {
        let _ = (old, holds);
    }

    /// Whether the sides of a pure `if` may get effects, which then stand in
    /// them.
    fn fills_branches(&self) -> bool {
        false
    }

    /// Makes a pure `if` whose condition is not known, or values instead.
    fn choice(&mut self, b: &mut FuncBuilder, choice: &Choice<'_>) -> Vec<NodeId> {
        choice.make(b)
    }
}

/// Rounds of a loop that run at once: loops in them that run as often in each
/// become one, and what else there is runs for one round after the other. The
/// loop carries nothing, begins at no less than 0, and no round touches what another one
/// writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tile {
    /// The rounds are two to this power.
    pub shift: u32,
}

/// A `while` that counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counted {
    /// Which carried value counts the rounds.
    pub variable: usize,
    /// What it is compared with; lives outside of the loop.
    pub bound: NodeId,
}

/// A counted loop that combines one value a round with the one it carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reduced {
    /// How.
    pub combine: Combine,
    /// With what, in the old Func.
    pub value: NodeId,
    /// The condition of the old Func that says in which rounds, and whether
    /// they are those where it holds.
    pub only: Option<(NodeId, bool)>,
}

/// A value that turns a `while` into a `for`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CountedPart {
    /// First index.
    Lo,
    /// One past the last index.
    Hi,
    /// The value that counts, in the round with this index.
    Value(NodeId),
    /// The value that counts, after the last round.
    Last,
}

/// A pure `if` that is being copied.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The old Func.
    pub func: &'a Func,
    /// What runs where in the old Func.
    pub schedule: &'a Schedule,
    /// The `if` in the old Func.
    pub old: NodeId,
    /// The new condition.
    pub cond: NodeId,
    /// The new values where it is true.
    pub yes: &'a [NodeId],
    /// The new values where it is false.
    pub no: &'a [NodeId],
}

impl Choice<'_> {
    /// The `if` as it is.
    pub fn make(&self, b: &mut FuncBuilder) -> Vec<NodeId> {
        b.begin_if();
        let then = b.begin_else(self.yes);
        b.end_if(self.cond, then, self.no)
    }
}

/// Copies everything as it is.
#[derive(Clone, Copy, Debug)]
pub struct Keep;

impl Rewrite for Keep {}

/// Gives `b` the parameters of `func`. What stands for each: a value, or an
/// array.
pub fn same_params(
    b: &mut FuncBuilder,
    func: &Func,
) -> (Vec<Option<NodeId>>, Vec<Option<ArrayRef>>) {
    let param = |param: &Param| {
        let name = param.name.clone();
        match param.ty {
            ParamType::Scalar(s) => (Some(b.scalar_param(name, s)), None),
            ParamType::Array(ty) => (None, Some(b.array_param(name, ty))),
        }
    };
    func.params().iter().map(param).unzip()
}

/// Copies a whole Func, rewriting as it goes.
pub fn rewrite(func: &Func, rewrite: &mut impl Rewrite) -> Func {
    let mut b = FuncBuilder::new(func.name());
    b.reserve(func.node_count());
    let (values, arrays) = same_params(&mut b, func);
    let results = inline(&mut b, func, &values, &arrays, rewrite);
    b.finish(&results)
}

/// Copies the body of `func` to where `b` stands and gives its results. Its
/// local arrays become those of the new Func; inside a loop they are set to
/// zero first, since each call begins with zeros.
///
/// `values` and `arrays` have one entry per parameter of `func`: its value,
/// or its array.
///
/// # Panics
/// When an argument that the body uses is missing.
pub fn inline(
    b: &mut FuncBuilder,
    func: &Func,
    values: &[Option<NodeId>],
    arrays: &[Option<ArrayRef>],
    rewrite: &mut impl Rewrite,
) -> Vec<NodeId> {
    let locals: Vec<ArrayRef> = func
        .locals()
        .iter()
        .map(|l| b.local(l.elem, l.len))
        .collect();
    if b.is_nested() {
        for (&array, local) in locals.iter().zip(func.locals()) {
            clear(b, array, *local);
        }
    }
    let mut copier = Copier {
        func,
        schedule: &Schedule::of(func),
        values,
        arrays,
        locals,
        map: vec![None; func.node_count()],
        structures: vec![Vec::new(); func.node_count()],
        rewrite,
    };
    copier.region(b, func.body())
}

/// Copies what runs in one region of `func` to where `b` stands and gives
/// what it yields. `map` has the new node of every old one that the region
/// needs and does not compute, its arguments included; what the pass does not
/// want is left out, and accesses stand where the pass says.
///
/// # Panics
/// When a value is missing, or the pass says of an access not where it stands.
pub(crate) fn copy_region(
    b: &mut FuncBuilder,
    func: &Func,
    schedule: &Schedule,
    region: RegionId,
    map: Vec<Option<NodeId>>,
    rewrite: &mut impl Rewrite,
) -> Vec<NodeId> {
    let mut copier = Copier {
        func,
        schedule,
        values: &[],
        arrays: &[],
        locals: Vec::new(),
        map,
        structures: vec![Vec::new(); func.node_count()],
        rewrite,
    };
    copier.region(b, region)
}

/// Copies what stands in `path`, a region and then one inside of each before
/// it, as far as the pass [wants](Rewrite::wants) it, to where `b` stands, and
/// gives the new nodes of `values`. What else these need is in `known`, as
/// pairs of an old node and the new one. The parameters of `func` are the
/// first ones of `b`, and its local arrays become those of the new Func.
///
/// # Panics
/// When a value is missing.
pub fn copy_path(
    b: &mut FuncBuilder,
    func: &Func,
    schedule: &Schedule,
    path: &[RegionId],
    known: &[(NodeId, NodeId)],
    values: &[NodeId],
    rewrite: &mut impl Rewrite,
) -> Vec<NodeId> {
    let (params, arrays): (Vec<_>, Vec<_>) = func
        .params()
        .iter()
        .zip(0..)
        .map(|(param, index)| match param.ty {
            ParamType::Scalar(_) => (Some(b.param(index)), None),
            ParamType::Array(_) => (None, Some(ArrayRef::Param(index))),
        })
        .unzip();
    let locals = func.locals().iter();
    let locals = locals.map(|l| b.local(l.elem, l.len)).collect();
    let mut map = vec![None; func.node_count()];
    for &(old, new) in known {
        map[old.index()] = Some(new);
    }
    let mut copier = Copier {
        func,
        schedule,
        values: &params,
        arrays: &arrays,
        locals,
        map,
        structures: vec![Vec::new(); func.node_count()],
        rewrite,
    };
    for &region in path {
        copier.nodes(b, region);
    }
    copier.all(b, values)
}

/// Sets a local array to zero.
fn clear(b: &mut FuncBuilder, array: ArrayRef, local: Local) {
    let (lo, hi) = (b.i64(0), b.i64(local.len.into()));
    let zero = b.constant(Const::zero(local.elem));
    let (index, _) = b.begin_for(&[]);
    b.store(array, &[index], zero);
    b.end_for(lo, hi, 1, &[], &[]);
}

struct Copier<'a, R> {
    func: &'a Func,
    schedule: &'a Schedule,
    values: &'a [Option<NodeId>],
    arrays: &'a [Option<ArrayRef>],
    locals: Vec<ArrayRef>,
    map: Vec<Option<NodeId>>,
    /// The new results of each structured node.
    structures: Vec<Vec<NodeId>>,
    rewrite: &'a mut R,
}

impl<R: Rewrite> Copier<'_, R> {
    /// The new node for an old one.
    fn get(&mut self, b: &mut FuncBuilder, old: NodeId) -> NodeId {
        if let Some(new) = self.map[old.index()] {
            return new;
        }
        match self.func.node(old) {
            Node::Const(value) => b.constant(*value),
            Node::Param(index) => match self.values[*index as usize] {
                Some(value) => value,
                None => panic!("no value for parameter {index}"),
            },
            Node::Proj { of, index } => self.structures[of.index()][*index as usize],
            _ => unreachable!("{old} is copied before its users"),
        }
    }

    fn all(&mut self, b: &mut FuncBuilder, old: &[NodeId]) -> Vec<NodeId> {
        old.iter().map(|&v| self.get(b, v)).collect()
    }

    fn array(&self, array: ArrayRef) -> ArrayRef {
        if let Some(array) = self.rewrite.array(array) {
            return array;
        }
        match array {
            ArrayRef::Param(index) => match self.arrays[index as usize] {
                Some(array) => array,
                None => panic!("no array for parameter {index}"),
            },
            ArrayRef::Local(index) => self.locals[index as usize],
        }
    }

    /// Where an access stands in the new Func.
    fn access(
        &mut self,
        b: &mut FuncBuilder,
        array: ArrayRef,
        index: &[NodeId],
        old: NodeId,
    ) -> (ArrayRef, Vec<NodeId>) {
        match self.rewrite.place(b, old, &self.map) {
            Some(place) => place,
            None => (self.array(array), self.all(b, index)),
        }
    }

    /// Copies the nodes of a region; gives what it yields. Recurses on the
    /// nesting of regions, which is limited.
    fn region(&mut self, b: &mut FuncBuilder, region: RegionId) -> Vec<NodeId> {
        self.nodes(b, region);
        let func = self.func;
        self.all(b, &func.region(region).yields)
    }

    /// Copies the nodes of a region that are wanted.
    fn nodes(&mut self, b: &mut FuncBuilder, region: RegionId) {
        let schedule = self.schedule;
        for &id in schedule.nodes(region) {
            if self.rewrite.wants(id) {
                self.node(b, id);
            }
        }
    }

    fn bind(&mut self, region: RegionId, args: &[NodeId]) {
        for (&old, &new) in self.func.region(region).args.iter().zip(args) {
            self.map[old.index()] = Some(new);
        }
    }

    fn node(&mut self, b: &mut FuncBuilder, id: NodeId) {
        let func = self.func;
        let new = match func.node(id) {
            Node::Param(_) | Node::Const(_) | Node::Proj { .. } | Node::Arg { .. } => return,
            Node::Op { op, args } => {
                let args = self.all(b, args);
                self.rewrite.op(b, *op, &args, func.ty(id), id)
            }
            Node::Len { array, dim } => b.len(self.array(*array), *dim),
            Node::Load {
                array,
                index,
                after,
            } => {
                // A guard that was dropped always held.
                let after = after.and_then(|g| self.map[g.index()]);
                let (array, index) = self.access(b, *array, index, id);
                let after = self.rewrite.access(b, array, &index, after, id);
                b.load_as(array, &index, after, func.ty(id).lanes)
            }
            Node::Store {
                array,
                index,
                value,
            } => {
                let (array, index) = self.access(b, *array, index, id);
                let value = self.get(b, *value);
                if self.rewrite.store(id, value) {
                    self.rewrite.access(b, array, &index, None, id);
                    b.store(array, &index, value);
                }
                return;
            }
            Node::Guard {
                cond,
                fault,
                operands,
            } => {
                let cond = self.get(b, *cond);
                // What names the guard must not find that of another piece.
                self.map[id.index()] = None;
                if self.rewrite.decide(b, cond) == Some(true) {
                    return;
                }
                let operands = self.all(b, operands);
                let fault = b.fault(func.fault(*fault).clone());
                match self.rewrite.guard(b, id, cond, fault, &operands) {
                    Some(new) => new,
                    None => return,
                }
            }
            _ => {
                let results = match self.rewrite.replaced(id) {
                    Some(results) => results,
                    None => self.structure(b, id),
                };
                self.rewrite.made(id, &results);
                self.structures[id.index()] = results;
                return;
            }
        };
        self.map[id.index()] = Some(new);
    }

    /// A loop as a reduction: what it carries, combined with that.
    fn reduced(
        &mut self,
        b: &mut FuncBuilder,
        reduced: &[Reduced],
        body: RegionId,
        range: (NodeId, NodeId),
        init: &[NodeId],
    ) -> Vec<NodeId> {
        let combine: Vec<Combine> = reduced.iter().map(|r| r.combine).collect();
        let nothing = combine.iter().zip(init);
        let nothing: Vec<Const> = nothing.map(|(c, &v)| c.identity(b.ty(v).scalar)).collect();
        let nothing: Vec<NodeId> = nothing.into_iter().map(|c| b.constant(c)).collect();
        let index = b.begin_reduce();
        // What a round makes of the carried values is not needed any more.
        self.bind(body, &[&[index], &nothing[..]].concat());
        self.region(b, body);
        let mut values = Vec::new();
        for (reduced, &nothing) in reduced.iter().zip(&nothing) {
            let value = self.get(b, reduced.value);
            values.push(match reduced.only {
                None => value,
                Some((cond, holds)) => {
                    let cond = self.get(b, cond);
                    match holds {
                        true => b.select(cond, value, nothing),
                        false => b.select(cond, nothing, value),
                    }
                }
            });
        }
        let totals = b.end_reduce_all(&combine, Shape::InOrder, range, &values);
        let joined = combine.iter().zip(init.iter().zip(totals));
        joined
            .map(|(combine, (&init, total))| b.op(combine.op(), &[init, total]))
            .collect()
    }

    fn structure(&mut self, b: &mut FuncBuilder, id: NodeId) -> Vec<NodeId> {
        let Some(values) = self.rewrite.versions(self.func, id) else {
            return self.structure_once(b, id);
        };
        let values = self.all(b, &values);
        let cond = self.rewrite.version(b, id, &values);
        b.begin_if();
        self.rewrite.copy(id, Some(true));
        let yields = self.structure_once(b, id);
        let then = b.begin_else(&yields);
        self.rewrite.copy(id, Some(false));
        let yields = self.structure_once(b, id);
        self.rewrite.copy(id, None);
        b.end_if(cond, then, &yields)
    }

    fn structure_once(&mut self, b: &mut FuncBuilder, id: NodeId) -> Vec<NodeId> {
        let func = self.func;
        match func.node(id) {
            Node::If {
                cond,
                then,
                otherwise,
            } => {
                let cond = self.get(b, *cond);
                match self.rewrite.decide(b, cond) {
                    Some(true) => return self.region(b, *then),
                    Some(false) => return self.region(b, *otherwise),
                    None => {}
                }
                if func.is_pure(id) && !self.rewrite.fills_branches() {
                    // Pure nodes float: no region need be open for them.
                    let yes = self.region(b, *then);
                    let no = self.region(b, *otherwise);
                    let choice = Choice {
                        func,
                        schedule: self.schedule,
                        old: id,
                        cond,
                        yes: &yes,
                        no: &no,
                    };
                    return self.rewrite.choice(b, &choice);
                }
                b.begin_if();
                let yields = self.region(b, *then);
                let then = b.begin_else(&yields);
                let yields = self.region(b, *otherwise);
                b.end_if(cond, then, &yields)
            }
            Node::For {
                lo,
                hi,
                lanes,
                init,
                body,
            } => {
                let ends = (self.get(b, *lo), self.get(b, *hi));
                let init = self.all(b, init);
                if let Some(tile) = self.rewrite.tile(id) {
                    return self.tiled(b, tile, ends, *body);
                }
                if let Some(reduced) = self.rewrite.reduces(id) {
                    return self.reduced(b, &reduced, *body, ends, &init);
                }
                self.pieces(b, id, *body, ends, *lanes, init)
            }
            Node::While { init, cond, body } => {
                let init = self.all(b, init);
                if let Some(counted) = self.rewrite.counts(func, id) {
                    return self.counted(b, id, counted, &init, *body);
                }
                let args = b.begin_while(&init);
                self.bind(*cond, &args);
                let test = self.region(b, *cond);
                let (cond, args) = b.begin_do(test[0]);
                self.bind(*body, &args);
                let yields = self.region(b, *body);
                b.end_while(cond, &init, &yields)
            }
            Node::Reduce {
                combine,
                shape,
                lo,
                hi,
                body,
            } => {
                let ends = (self.get(b, *lo), self.get(b, *hi));
                let (lo, hi) = self.rewrite.range(b, id, ends);
                let index = b.begin_reduce();
                self.bind(*body, &[index]);
                let values = self.region(b, *body);
                b.end_reduce_all(combine, *shape, (lo, hi), &values)
            }
            Node::Scan {
                combine,
                init,
                lo,
                hi,
                array,
                body,
            } => {
                let init = self.get(b, *init);
                let (lo, hi) = (self.get(b, *lo), self.get(b, *hi));
                let index = b.begin_reduce();
                self.bind(*body, &[index]);
                let value = self.region(b, *body)[0];
                let array = self.array(*array);
                self.rewrite.access(b, array, &[index], None, id);
                vec![b.end_scan(*combine, init, lo, hi, array, value)]
            }
            Node::Call { callee, args } => {
                let args: Vec<CallArg> = args
                    .iter()
                    .map(|arg| match arg {
                        CallArg::Value(v) => CallArg::Value(self.get(b, *v)),
                        CallArg::Array(a) => CallArg::Array(self.array(*a)),
                    })
                    .collect();
                let callee = &func.callees()[*callee as usize];
                if let Some(results) = self.rewrite.call(b, callee, &args) {
                    return results;
                }
                let callee = b.callee(callee.clone());
                b.call(callee, &args)
            }
            _ => unreachable!("not a structured node"),
        }
    }

    /// Copies a `for`, in as many pieces as it is cut into. Piece k has the
    /// indices from every cut before it on and below cut k, so each index is
    /// in one piece and the pieces stand in order, whatever the cuts are.
    fn pieces(
        &mut self,
        b: &mut FuncBuilder,
        id: NodeId,
        body: RegionId,
        ends: (NodeId, NodeId),
        lanes: u16,
        mut carried: Vec<NodeId>,
    ) -> Vec<NodeId> {
        let (mut lo, hi) = self.rewrite.range(b, id, ends);
        let cuts = self.rewrite.cuts(self.func, id);
        for piece in 0..=cuts.len() {
            let cut = cuts.get(piece).map(|values| {
                let values = self.all(b, values);
                self.rewrite.cut(b, id, piece, &values)
            });
            self.rewrite.piece(id, Some(piece));
            let hi = cut.map_or(hi, |cut| b.op(Op::Min, &[hi, cut]));
            let (index, args) = b.begin_for(&carried);
            self.bind(body, &[&[index], args.as_slice()].concat());
            let yields = self.region(b, body);
            carried = b.end_for(lo, hi, lanes, &carried, &yields);
            lo = cut.map_or(lo, |cut| b.op(Op::Max, &[lo, cut]));
        }
        self.rewrite.piece(id, None);
        carried
    }

    /// Copies the body of a `while` into a `for`.
    fn counted(
        &mut self,
        b: &mut FuncBuilder,
        id: NodeId,
        Counted { variable, bound }: Counted,
        init: &[NodeId],
        body: RegionId,
    ) -> Vec<NodeId> {
        let bound = self.get(b, bound);
        let first = init[variable];
        let part = |this: &mut Self, b: &mut FuncBuilder, part| {
            this.rewrite.counted(b, id, first, bound, part)
        };
        let lo = part(self, b, CountedPart::Lo);
        let hi = part(self, b, CountedPart::Hi);
        let mut carried = init.to_vec();
        carried.remove(variable);
        let (index, mut args) = b.begin_for(&carried);
        args.insert(variable, part(self, b, CountedPart::Value(index)));
        self.bind(body, &args);
        let mut yields = self.region(b, body);
        yields.remove(variable);
        let mut results = b.end_for(lo, hi, 1, &carried, &yields);
        results.insert(variable, part(self, b, CountedPart::Last));
        results
    }
}
