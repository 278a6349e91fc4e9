//! From any Func to code for one value at a time.
//!
//! Every value has a register of its own. Calls are lowered in place, each
//! with registers of its own; the number of instructions has a limit, since
//! calls of calls may double at every level.

use crate::program::Unsupported;
use crate::scalar::code::{Apply, Code, Guard, Inst, Place, Reg};
use kiln_ir::{
    ArrayRef, CallArg, Combine, Const, Fault, FaultId, Func, LOCALS_BYTES_MAX, Node, NodeId, Op,
    ParamType, RegionId, Scalar, Schedule, Shape, as_row_loop,
};
use rustc_hash::FxHashMap;

/// The most instructions of a program.
const INSTS_MAX: usize = 1 << 20;

/// No register: of a node that has not been reached.
const NONE: Reg = Reg::MAX;

type Result<T> = std::result::Result<T, Unsupported>;

/// Code for `func`; the faults of the Funcs it calls are added to `faults`.
pub(crate) fn lower(func: &Func, schedule: &Schedule, faults: &mut Vec<Fault>) -> Result<Code> {
    let mut code = Code::default();
    code.insts.reserve(func.node_count());
    let mut constants = FxHashMap::default();
    let mut params = Vec::with_capacity(func.params().len());
    for (index, param) in (0..).zip(func.params()) {
        params.push(match param.ty {
            ParamType::Scalar(_) => {
                let reg = fresh(&mut code);
                code.params.push((index, reg));
                Bound::Value(reg)
            }
            ParamType::Array(_) => Bound::Array(Place::Arg(index)),
        });
    }
    let mut lowering = Lowering::new(func, schedule, params, &mut code, &mut constants, faults)?;
    lowering.rows = as_row_loop(func);
    lowering.region(func.body())?;
    let results = &func.region(func.body()).yields;
    let results = results
        .iter()
        .map(|&v| lowering.get(v))
        .collect::<Result<_>>()?;
    code.results = results;
    Ok(code)
}

fn fresh(code: &mut Code) -> Reg {
    code.registers.push(0);
    (code.registers.len() - 1) as Reg
}

/// The instruction for an op.
fn instruction(apply: Apply) -> Inst {
    let Apply { dst, a, b, .. } = apply;
    match (apply.ty, apply.op) {
        (Scalar::F64, Op::Add) => Inst::AddF64 { dst, a, b },
        (Scalar::F64, Op::Sub) => Inst::SubF64 { dst, a, b },
        (Scalar::F64, Op::Mul) => Inst::MulF64 { dst, a, b },
        (Scalar::F64, Op::Div) => Inst::DivF64 { dst, a, b },
        (Scalar::F64, Op::Lt | Op::Gt) => Inst::LessF64 { dst, a, b },
        (Scalar::F64, Op::Le | Op::Ge) => Inst::AtMostF64 { dst, a, b },
        (Scalar::F64, Op::Neg) => Inst::NegF64 { dst, a },
        (Scalar::F64, Op::Sqrt) => Inst::SqrtF64 { dst, a },
        _ => Inst::Op(apply),
    }
}

/// What stands for a parameter.
#[derive(Clone, Copy)]
enum Bound {
    Value(Reg),
    Array(Place),
}

struct Lowering<'a> {
    func: &'a Func,
    schedule: &'a Schedule,
    params: Vec<Bound>,
    /// Where the Func's local arrays begin among those of the code.
    locals: u16,
    /// The register of each node; of a structured node, that of its first
    /// result.
    registers: Vec<Reg>,
    /// The index of the outermost counted loop.
    row: Option<Reg>,
    /// The loop over rows, if the Func is one.
    rows: Option<NodeId>,
    code: &'a mut Code,
    constants: &'a mut FxHashMap<Const, Reg>,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Lowering<'a> {
    fn new(
        func: &'a Func,
        schedule: &'a Schedule,
        params: Vec<Bound>,
        code: &'a mut Code,
        constants: &'a mut FxHashMap<Const, Reg>,
        faults: &'a mut Vec<Fault>,
    ) -> Result<Lowering<'a>> {
        code.local_bytes += func.locals().iter().map(|l| l.bytes()).sum::<usize>();
        if code.local_bytes > LOCALS_BYTES_MAX {
            return Err(Unsupported {
                what: format!("more than {LOCALS_BYTES_MAX} bytes of local arrays"),
            });
        }
        let locals = code.locals.len() as u16;
        for (index, local) in (locals..).zip(func.locals()) {
            code.locals.push((local.elem, local.len));
            code.insts.push(Inst::Clear { local: index });
        }
        Ok(Lowering {
            func,
            schedule,
            params,
            locals,
            registers: vec![NONE; func.node_count()],
            row: None,
            rows: None,
            code,
            constants,
            faults,
        })
    }

    fn push(&mut self, inst: Inst) -> Result<usize> {
        if self.code.insts.len() == INSTS_MAX {
            return Err(Unsupported {
                what: format!("more than {INSTS_MAX} instructions"),
            });
        }
        self.code.insts.push(inst);
        Ok(self.code.insts.len() - 1)
    }

    fn here(&self) -> u32 {
        self.code.insts.len() as u32
    }

    fn fresh(&mut self) -> Reg {
        fresh(self.code)
    }

    fn constant(&mut self, value: Const) -> Reg {
        let code = &mut *self.code;
        *self.constants.entry(value).or_insert_with(|| {
            code.registers.push(value.bits());
            (code.registers.len() - 1) as Reg
        })
    }

    /// The register of a node that has been lowered.
    fn get(&mut self, id: NodeId) -> Result<Reg> {
        let known = self.registers[id.index()];
        if known != NONE {
            return Ok(known);
        }
        let reg = match *self.func.node(id) {
            Node::Const(value) => self.constant(value),
            Node::Param(index) => match self.params[index as usize] {
                Bound::Value(reg) => reg,
                Bound::Array(_) => return Err(self.unsupported(id)),
            },
            // The results of a structured node follow each other.
            Node::Proj { of, index } => self.registers[of.index()] + index,
            _ => return Err(self.unsupported(id)),
        };
        self.registers[id.index()] = reg;
        Ok(reg)
    }

    fn all(&mut self, ids: &[NodeId]) -> Result<Vec<Reg>> {
        ids.iter().map(|&id| self.get(id)).collect()
    }

    fn unsupported(&self, id: NodeId) -> Unsupported {
        let what = match (self.func.value_type(id), self.func.node(id)) {
            (Some(ty), Node::Op { op, .. }) => format!("{id}, {} on {ty}", op.name()),
            (Some(ty), _) => format!("{id} of type {ty}"),
            (None, _) => format!("{id}, a loop over vectors"),
        };
        Unsupported { what }
    }

    /// The scalar type of a node's value.
    fn scalar(&self, id: NodeId) -> Result<Scalar> {
        match self.func.value_type(id) {
            Some(ty) if !ty.is_vector() => Ok(ty.scalar),
            _ => Err(self.unsupported(id)),
        }
    }

    fn place(&self, array: ArrayRef) -> Place {
        match array {
            ArrayRef::Local(index) => Place::Local(self.locals + index as u16),
            ArrayRef::Param(index) => match self.params[index as usize] {
                Bound::Array(place) => place,
                Bound::Value(_) => unreachable!("the verifier asks for an array"),
            },
        }
    }

    /// Lists the registers of indices; gives where they begin.
    fn indices(&mut self, index: &[NodeId]) -> Result<u32> {
        let at = self.code.indices.len() as u32;
        for &id in index {
            let reg = self.get(id)?;
            self.code.indices.push(reg);
        }
        Ok(at)
    }

    /// Lowers the nodes of a region. Recurses on the nesting of regions,
    /// which is limited.
    fn region(&mut self, region: RegionId) -> Result<()> {
        let schedule = self.schedule;
        for &id in schedule.nodes(region) {
            self.node(id)?;
        }
        Ok(())
    }

    fn node(&mut self, id: NodeId) -> Result<()> {
        let func = self.func;
        match func.node(id) {
            Node::Const(_) | Node::Param(_) | Node::Proj { .. } | Node::Arg { .. } => {}
            Node::Op { op, args } => self.op(id, *op, args)?,
            Node::Len { array, dim } => {
                let (array, dim) = (self.place(*array), *dim);
                let dst = self.fresh();
                self.push(Inst::Len { dst, array, dim })?;
                self.registers[id.index()] = dst;
            }
            Node::Load { array, index, .. } => {
                let (ty, rank) = (self.scalar(id)?, index.len() as u8);
                let (array, index) = (self.place(*array), self.indices(index)?);
                let dst = self.fresh();
                self.push(Inst::Load {
                    ty,
                    rank,
                    array,
                    dst,
                    index,
                })?;
                self.registers[id.index()] = dst;
            }
            Node::Store {
                array,
                index,
                value,
            } => {
                let (ty, rank) = (self.scalar(*value)?, index.len() as u8);
                let (array, index) = (self.place(*array), self.indices(index)?);
                let value = self.get(*value)?;
                self.push(Inst::Store {
                    ty,
                    rank,
                    array,
                    value,
                    index,
                })?;
            }
            Node::Guard {
                cond,
                fault,
                operands,
            } => self.guard(*cond, *fault, operands)?,
            _ => self.structure(id)?,
        }
        Ok(())
    }

    fn op(&mut self, id: NodeId, op: Op, args: &[NodeId]) -> Result<()> {
        let to = self.scalar(id)?;
        let (Some(&first), Some(&last)) = (args.first(), args.last()) else {
            return Err(self.unsupported(id));
        };
        // The type that decides is that of the first operand; of a select,
        // that of the values.
        let ty = self.scalar(if op == Op::Select { last } else { first })?;
        let mut operands = [self.get(first)?; 3];
        for (slot, &arg) in operands.iter_mut().zip(args) {
            *slot = self.get(arg)?;
        }
        // The executors know `lt` and `le` alone.
        if matches!(op, Op::Gt | Op::Ge) {
            operands.swap(0, 1);
        }
        let dst = self.fresh();
        let [a, b, c] = operands;
        self.push(instruction(Apply {
            op,
            ty,
            to,
            dst,
            a,
            b,
            c,
        }))?;
        self.registers[id.index()] = dst;
        Ok(())
    }

    fn guard(&mut self, cond: NodeId, fault: FaultId, operands: &[NodeId]) -> Result<()> {
        let func = self.func;
        let cond = self.get(cond)?;
        let operands = operands
            .iter()
            .map(|&v| Ok((self.scalar(v)?, self.get(v)?)))
            .collect::<Result<_>>()?;
        let report = func.fault(fault);
        let fault = match self.faults.iter().position(|f| f == report) {
            Some(index) => FaultId::new(index),
            None => {
                self.faults.push(report.clone());
                FaultId::new(self.faults.len() - 1)
            }
        };
        let guard = self.code.guards.len() as u32;
        let row = self.row;
        self.code.guards.push(Guard {
            fault,
            row,
            operands,
        });
        self.push(Inst::Guard { cond, guard })?;
        Ok(())
    }

    /// Registers that follow each other, for the results of `id`.
    fn results(&mut self, id: NodeId, count: usize) -> Vec<Reg> {
        let results: Vec<Reg> = (0..count).map(|_| self.fresh()).collect();
        self.registers[id.index()] = results.first().copied().unwrap_or(NONE);
        results
    }

    fn copies(&mut self, to: &[Reg], from: &[Reg]) -> Result<()> {
        for (&dst, &from) in to.iter().zip(from) {
            if dst != from {
                self.push(Inst::Copy { dst, from })?;
            }
        }
        Ok(())
    }

    /// Copies as if all at once: values that are overwritten before they are
    /// read go through registers of their own.
    fn copies_at_once(&mut self, to: &[Reg], from: &[Reg]) -> Result<()> {
        let clash = from
            .iter()
            .enumerate()
            .any(|(nth, reg)| to[..nth].contains(reg));
        if !clash {
            return self.copies(to, from);
        }
        let between: Vec<Reg> = from.iter().map(|_| self.fresh()).collect();
        self.copies(&between, from)?;
        self.copies(to, &between)
    }

    fn bind(&mut self, region: RegionId, registers: &[Reg]) {
        for (&arg, &reg) in self.func.region(region).args.iter().zip(registers) {
            self.registers[arg.index()] = reg;
        }
    }

    /// Lowers a region that yields into `to`.
    fn region_into(&mut self, region: RegionId, to: &[Reg]) -> Result<()> {
        self.region(region)?;
        let yields = self.all(&self.func.region(region).yields)?;
        self.copies_at_once(to, &yields)
    }

    fn structure(&mut self, id: NodeId) -> Result<()> {
        let func = self.func;
        match func.node(id) {
            Node::If {
                cond,
                then,
                otherwise,
            } => {
                let cond = self.get(*cond)?;
                let results = self.results(id, func.region(*then).yields.len());
                let skip = self.push(Inst::JumpUnless { cond, to: 0 })?;
                self.region_into(*then, &results)?;
                let leave = self.push(Inst::Jump { to: 0 })?;
                self.land(skip);
                self.region_into(*otherwise, &results)?;
                self.land(leave);
                Ok(())
            }
            Node::For {
                lo,
                hi,
                lanes: 1,
                init,
                body,
            } => {
                let carried = self.results(id, init.len());
                let init = self.all(init)?;
                self.copies(&carried, &init)?;
                self.counted(*lo, *hi, *body, self.rows == Some(id), &carried, |this| {
                    this.region_into(*body, &carried)
                })
            }
            Node::While { init, cond, body } => {
                let carried = self.results(id, init.len());
                let init = self.all(init)?;
                self.copies(&carried, &init)?;
                let test = self.here();
                self.bind(*cond, &carried);
                self.region(*cond)?;
                let go_on = self.get(func.region(*cond).yields[0])?;
                let leave = self.push(Inst::JumpUnless { cond: go_on, to: 0 })?;
                self.bind(*body, &carried);
                self.region_into(*body, &carried)?;
                self.push(Inst::Back { to: test })?;
                self.land(leave);
                Ok(())
            }
            Node::Reduce {
                combine,
                shape,
                lo,
                hi,
                body,
            } => self.reduce(id, combine, *shape, (*lo, *hi), *body),
            Node::Scan {
                combine,
                init,
                lo,
                hi,
                array,
                body,
            } => {
                let ty = self.scalar(*init)?;
                let array = self.place(*array);
                let running = self.results(id, 1);
                let init = self.get(*init)?;
                self.copies(&running, &[init])?;
                let op = combine.op();
                self.counted(*lo, *hi, *body, false, &[], |this| {
                    this.region(*body)?;
                    let value = this.get(func.region(*body).yields[0])?;
                    this.join(op, ty, running[0], value)?;
                    let index = this.indices(&func.region(*body).args[..1])?;
                    this.push(Inst::Store {
                        ty,
                        rank: 1,
                        array,
                        value: running[0],
                        index,
                    })?;
                    Ok(())
                })
            }
            Node::Call { callee, args } => self.call(id, *callee as usize, args),
            _ => Err(self.unsupported(id)),
        }
    }

    /// Makes a jump go on here.
    fn land(&mut self, jump: usize) {
        let here = self.here();
        match &mut self.code.insts[jump] {
            Inst::Jump { to } | Inst::JumpUnless { to, .. } | Inst::Enter { to, .. } => *to = here,
            _ => unreachable!("the jump was put there"),
        }
    }

    /// A loop over `lo..hi`; the index and `carried` are the arguments of
    /// `body`, which `round` lowers.
    fn counted(
        &mut self,
        lo: NodeId,
        hi: NodeId,
        body: RegionId,
        is_rows: bool,
        carried: &[Reg],
        round: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let (lo, mut hi) = (self.get(lo)?, self.get(hi)?);
        let index = self.fresh();
        self.push(Inst::Copy {
            dst: index,
            from: lo,
        })?;
        if is_rows {
            let bound = self.fresh();
            self.push(Inst::Copy {
                dst: bound,
                from: hi,
            })?;
            hi = bound;
            self.push(Inst::Rows { lo: index, hi })?;
        }
        let leave = self.push(Inst::Enter { index, hi, to: 0 })?;
        let to = self.here();
        self.bind(body, &[&[index], carried].concat());
        let outer = self.row;
        self.row = outer.or(Some(index));
        round(self)?;
        self.row = outer;
        self.push(Inst::Next { index, hi, to })?;
        self.land(leave);
        Ok(())
    }

    /// `running = op(running, value)`.
    fn join(&mut self, op: Op, ty: Scalar, running: Reg, value: Reg) -> Result<()> {
        self.push(instruction(Apply {
            op,
            ty,
            to: ty,
            dst: running,
            a: running,
            b: value,
            c: running,
        }))?;
        Ok(())
    }

    fn reduce(
        &mut self,
        id: NodeId,
        combine: &[Combine],
        shape: Shape,
        (lo, hi): (NodeId, NodeId),
        body: RegionId,
    ) -> Result<()> {
        let func = self.func;
        let yields = &func.region(body).yields;
        let mut all = Vec::with_capacity(yields.len());
        for ((&combine, &value), dst) in combine
            .iter()
            .zip(yields)
            .zip(self.results(id, yields.len()))
        {
            let ty = self.scalar(value)?;
            let tree = self.code.trees.len() as u16;
            match shape {
                Shape::Tree => {
                    self.code.trees.push((combine, ty));
                    self.push(Inst::TreeBegin { tree })?;
                }
                Shape::InOrder => {
                    let from = self.constant(combine.identity(ty));
                    self.push(Inst::Copy { dst, from })?;
                }
            }
            all.push((combine.op(), ty, value, dst, tree));
        }
        self.counted(lo, hi, body, false, &[], |this| {
            this.region(body)?;
            for &(op, ty, value, dst, tree) in &all {
                let value = this.get(value)?;
                match shape {
                    Shape::Tree => {
                        this.push(Inst::TreeAdd { tree, value })?;
                    }
                    Shape::InOrder => this.join(op, ty, dst, value)?,
                }
            }
            Ok(())
        })?;
        if shape == Shape::Tree {
            for &(_, _, _, dst, tree) in &all {
                self.push(Inst::TreeEnd { tree, dst })?;
            }
        }
        Ok(())
    }

    /// Lowers the callee in place. Recurses on the nesting of calls, which
    /// the limit on instructions bounds: a callee exists before its caller.
    fn call(&mut self, id: NodeId, callee: usize, args: &[CallArg]) -> Result<()> {
        let callee = &*self.func.callees()[callee];
        let mut params = Vec::with_capacity(args.len());
        for arg in args {
            params.push(match *arg {
                CallArg::Value(value) => Bound::Value(self.get(value)?),
                CallArg::Array(array) => Bound::Array(self.place(array)),
            });
        }
        let results = self.results(id, callee.results().len());
        let schedule = Schedule::of(callee);
        let mut inner = Lowering::new(
            callee,
            &schedule,
            params,
            self.code,
            self.constants,
            self.faults,
        )?;
        inner.row = self.row;
        inner.region_into(callee.body(), &results)
    }
}
