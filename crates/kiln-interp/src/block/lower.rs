//! From a Func that is a loop over rows to code for blocks.
//!
//! Values are numbered as the schedule lists them; then one pass from the
//! front gives each a register and frees it after its last use. What a loop
//! over rows may hold here: ops, pure `if`s, guards, and loads and stores at
//! the row itself. A loop with more in it has no block code and runs one
//! value at a time.

use crate::block::code::{Apply, Blocks, Guard, Inst, Reg, Store, Uniform};
use kiln_ir::{ArrayRef, Func, Node, NodeId, Op, RegionId, Scalar, Schedule};

/// A value before it has a register: its number, in the field of one.
type Value = u16;

/// No value: of a node that has not been reached.
const NONE: Value = Value::MAX;

/// The most values of a loop; past it the loop runs one value at a time.
const VALUES_MAX: usize = NONE as usize;

/// Block code for the loop over rows `rows`, if it can have any.
pub(crate) fn lower(func: &Func, schedule: &Schedule, rows: NodeId) -> Option<Blocks> {
    let Node::For { lo, hi, body, .. } = func.node(rows) else {
        return None;
    };
    let Node::Len {
        array: ArrayRef::Param(rows_of),
        dim: 0,
    } = *func.node(*hi)
    else {
        return None;
    };
    if func.as_const(*lo)?.as_int() != Some(0) {
        return None;
    }
    let mut lowering = Lowering {
        func,
        schedule,
        row: func.region(*body).args[0],
        values: vec![NONE; func.node_count()],
        types: Vec::with_capacity(func.node_count()),
        uniforms: Vec::new(),
        insts: Vec::with_capacity(func.node_count()),
        guards: Vec::new(),
        stores: Vec::new(),
    };
    lowering.region(func.body(), Some(rows))?;
    let prologue = std::mem::take(&mut lowering.insts);
    if uses_row_number(func, lowering.row) {
        let dst = lowering.fresh(Scalar::I64)?;
        lowering.insts.push(Inst::Rows { dst });
        lowering.values[lowering.row.index()] = dst;
    }
    lowering.region(*body, None)?;
    Some(lowering.finish(prologue, rows_of as u16))
}

struct Lowering<'a> {
    func: &'a Func,
    schedule: &'a Schedule,
    /// The row number, as a node.
    row: NodeId,
    /// The value of each node.
    values: Vec<Value>,
    /// The type of each value.
    types: Vec<Scalar>,
    uniforms: Vec<(Value, Uniform)>,
    insts: Vec<Inst>,
    guards: Vec<Guard>,
    stores: Vec<Store>,
}

impl Lowering<'_> {
    fn fresh(&mut self, ty: Scalar) -> Option<Value> {
        if self.types.len() == VALUES_MAX {
            return None;
        }
        self.types.push(ty);
        Some((self.types.len() - 1) as Value)
    }

    /// The value of a node; constants, parameters and lengths come into
    /// being here.
    fn get(&mut self, id: NodeId) -> Option<Value> {
        let known = self.values[id.index()];
        if known != NONE {
            return Some(known);
        }
        let ty = self.func.ty(id);
        if ty.is_vector() {
            return None;
        }
        let uniform = match *self.func.node(id) {
            Node::Const(value) => Uniform::Const(value),
            Node::Param(index) => Uniform::Param(index as u16),
            Node::Len {
                array: ArrayRef::Param(index),
                dim: 0,
            } => Uniform::Len(index as u16),
            // The results of an `if` follow each other.
            Node::Proj { of, index } if self.values[of.index()] != NONE => {
                return Some(self.values[of.index()] + index as Value);
            }
            _ => return None,
        };
        let value = self.fresh(ty.scalar)?;
        self.uniforms.push((value, uniform));
        self.values[id.index()] = value;
        Some(value)
    }

    /// Lowers the nodes of a region but `except`. Recurses on the nesting of
    /// regions, which is limited.
    fn region(&mut self, region: RegionId, except: Option<NodeId>) -> Option<()> {
        let schedule = self.schedule;
        for &id in schedule.nodes(region) {
            if Some(id) != except {
                self.node(id)?;
            }
        }
        Some(())
    }

    fn node(&mut self, id: NodeId) -> Option<()> {
        let func = self.func;
        match func.node(id) {
            // These come into being where they are used.
            Node::Const(_) | Node::Param(_) | Node::Len { .. } => {}
            Node::Op { op, args } => {
                let dst = self.op(id, *op, args)?;
                self.values[id.index()] = dst;
            }
            Node::Load { array, index, .. } => {
                let arg = self.column(*array, index)?;
                let value = match self.stores.iter().rev().find(|s| s.arg == arg) {
                    // Stores wait for the end of the block.
                    Some(store) => store.value,
                    None => self.load(id, arg)?,
                };
                self.values[id.index()] = value;
            }
            Node::Store {
                array,
                index,
                value,
            } => {
                let arg = self.column(*array, index)?;
                let store = Store {
                    arg,
                    ty: func.ty(*value).scalar,
                    value: self.get(*value)?,
                    guards_before: self.guards.len() as u32,
                };
                self.stores.push(store);
            }
            Node::Guard {
                cond,
                fault,
                operands,
            } => {
                let cond = self.get(*cond)?;
                let operands = operands
                    .iter()
                    .map(|&v| Some((func.ty(v).scalar, self.get(v)?)))
                    .collect::<Option<Vec<_>>>()?;
                let guard = self.guards.len() as u32;
                self.guards.push(Guard {
                    fault: *fault,
                    operands,
                });
                self.insts.push(Inst::Guard { cond, guard });
            }
            Node::If { .. } if func.is_pure(id) => self.pure_if(id)?,
            _ => return None,
        }
        Some(())
    }

    fn op(&mut self, id: NodeId, op: Op, args: &[NodeId]) -> Option<Value> {
        let func = self.func;
        let to = func.ty(id);
        let (&first, &last) = (args.first()?, args.last()?);
        // The type that decides is that of the first operand; of a select,
        // that of the values.
        let ty = func.ty(if op == Op::Select { last } else { first });
        if to.is_vector() || ty.is_vector() {
            return None;
        }
        let mut operands = [self.get(first)?; 3];
        for (slot, &arg) in operands.iter_mut().zip(args) {
            *slot = self.get(arg)?;
        }
        // The executors know `lt` and `le` alone.
        if matches!(op, Op::Gt | Op::Ge) {
            operands.swap(0, 1);
        }
        let dst = self.fresh(to.scalar)?;
        let [a, b, c] = operands;
        self.insts.push(Inst::Op(Apply {
            op,
            ty: ty.scalar,
            to: to.scalar,
            dst,
            a,
            b,
            c,
        }));
        Some(dst)
    }

    fn load(&mut self, id: NodeId, arg: u16) -> Option<Value> {
        let ty = self.func.ty(id);
        if ty.is_vector() {
            return None;
        }
        let dst = self.fresh(ty.scalar)?;
        self.insts.push(Inst::Load {
            ty: ty.scalar,
            dst,
            arg,
        });
        Some(dst)
    }

    /// The argument that an access at the row itself touches.
    fn column(&self, array: ArrayRef, index: &[NodeId]) -> Option<u16> {
        match array {
            ArrayRef::Param(arg) if *index == [self.row] => Some(arg as u16),
            _ => None,
        }
    }

    /// Each arm runs if some row takes it, on every row; selects follow.
    fn pure_if(&mut self, id: NodeId) -> Option<()> {
        let func = self.func;
        let Node::If {
            cond,
            then,
            otherwise,
        } = *func.node(id)
        else {
            return None;
        };
        let cond = self.get(cond)?;
        let to = 0;
        self.arm(then, Inst::SkipUnlessAny { cond, to })?;
        self.arm(otherwise, Inst::SkipIfAll { cond, to })?;
        let (yes, no) = (&func.region(then).yields, &func.region(otherwise).yields);
        let pairs = yes.iter().zip(no);
        let pairs = pairs
            .map(|(&yes, &no)| Some((func.ty(yes).scalar, self.get(yes)?, self.get(no)?)))
            .collect::<Option<Vec<_>>>()?;
        self.values[id.index()] = self.types.len() as Value;
        for (ty, yes, no) in pairs {
            let dst = self.fresh(ty)?;
            self.insts.push(Inst::Op(Apply {
                op: Op::Select,
                ty,
                to: ty,
                dst,
                a: cond,
                b: yes,
                c: no,
            }));
        }
        Some(())
    }

    /// Lowers an arm behind `skip`, whose target becomes the arm's end.
    fn arm(&mut self, region: RegionId, skip: Inst) -> Option<()> {
        let at = self.insts.len();
        self.insts.push(skip);
        self.region(region, None)?;
        let end = self.insts.len();
        if end == at + 1 {
            self.insts.pop();
            return Some(());
        }
        match &mut self.insts[at] {
            Inst::SkipUnlessAny { to, .. } | Inst::SkipIfAll { to, .. } => *to = end as u32,
            _ => unreachable!("the skip was put there"),
        }
        Some(())
    }
}

/// Whether the number of the row is used for more than to index columns.
fn uses_row_number(func: &Func, row: NodeId) -> bool {
    let in_node = |id: NodeId| match func.node(id) {
        Node::Load { .. } => false,
        Node::Store { value, .. } => *value == row,
        _ => {
            let mut used = false;
            func.for_each_operand(id, |v| used |= v == row);
            used
        }
    };
    let yielded = |region| func.region(region).yields.contains(&row);
    (0..func.node_count()).any(|index| in_node(NodeId::new(index)))
        || (0..func.region_count()).any(|index| yielded(RegionId::new(index)))
}

/// The values an instruction reads; unused fields repeat a used one.
fn read(inst: &Inst) -> [Option<Value>; 3] {
    match *inst {
        Inst::Op(Apply { a, b, c, .. }) => [Some(a), Some(b), Some(c)],
        Inst::SkipUnlessAny { cond, .. }
        | Inst::SkipIfAll { cond, .. }
        | Inst::Guard { cond, .. } => [Some(cond), None, None],
        Inst::Load { .. } | Inst::Rows { .. } => [None; 3],
    }
}

/// Renames what an instruction reads and writes; what it writes comes last.
fn rename(inst: &mut Inst, mut reads: impl FnMut(Value) -> Reg, dst: Option<Reg>) {
    match inst {
        Inst::Op(Apply {
            dst: to, a, b, c, ..
        }) => {
            for operand in [a, b, c] {
                *operand = reads(*operand);
            }
            *to = dst.unwrap_or(*to);
        }
        Inst::SkipUnlessAny { cond, .. }
        | Inst::SkipIfAll { cond, .. }
        | Inst::Guard { cond, .. } => *cond = reads(*cond),
        Inst::Load { dst: to, .. } | Inst::Rows { dst: to } => *to = dst.unwrap_or(*to),
    }
}

/// The value an instruction writes.
fn written(inst: &Inst) -> Option<Value> {
    match *inst {
        Inst::Op(Apply { dst, .. }) | Inst::Load { dst, .. } | Inst::Rows { dst } => Some(dst),
        _ => None,
    }
}

/// Registers handed out so far, by the width of the type.
struct Registers<'a> {
    types: &'a [Scalar],
    /// The register of each value.
    of: Vec<Reg>,
    free: [Vec<Reg>; 4],
    count: [Reg; 4],
}

impl Registers<'_> {
    fn bank(&self, value: Value) -> usize {
        self.types[value as usize].bytes().trailing_zeros() as usize
    }

    fn take(&mut self, value: Value) -> Reg {
        let bank = self.bank(value);
        let reg = self.free[bank].pop().unwrap_or_else(|| {
            self.count[bank] += 1;
            self.count[bank] - 1
        });
        self.of[value as usize] = reg;
        reg
    }
}

impl Lowering<'_> {
    /// Gives every value a register: its own to those that stay from block
    /// to block, and to the rest one that is free from its last use on.
    fn finish(mut self, mut prologue: Vec<Inst>, rows_of: u16) -> Blocks {
        let mut registers = Registers {
            types: &self.types,
            of: vec![NONE; self.types.len()],
            free: Default::default(),
            count: [0; 4],
        };
        for (value, _) in &mut self.uniforms {
            *value = registers.take(*value);
        }
        for inst in &mut prologue {
            let dst = written(inst).map(|value| registers.take(value));
            rename(inst, |value| registers.of[value as usize], dst);
        }
        let last_use = self.last_uses(&registers.of);
        for (at, inst) in self.insts.iter_mut().enumerate() {
            let operands = read(inst);
            // The result never shares a register with an operand.
            let dst = written(inst).map(|value| registers.take(value));
            rename(inst, |value| registers.of[value as usize], dst);
            for (nth, value) in operands.iter().enumerate() {
                let Some(value) = *value else { continue };
                if last_use[value as usize] == at && !operands[..nth].contains(&Some(value)) {
                    let bank = registers.bank(value);
                    registers.free[bank].push(registers.of[value as usize]);
                }
            }
        }
        for guard in &mut self.guards {
            for (_, value) in &mut guard.operands {
                *value = registers.of[*value as usize];
            }
        }
        for store in &mut self.stores {
            store.value = registers.of[store.value as usize];
        }
        Blocks {
            registers: registers.count,
            uniforms: self.uniforms,
            prologue,
            body: self.insts,
            guards: self.guards,
            stores: self.stores,
            rows_of,
        }
    }

    /// Where in the body each value is read last; past its end for what is
    /// stored or reported, and for what already has its register.
    fn last_uses(&self, settled: &[Reg]) -> Vec<usize> {
        let end = self.insts.len();
        let kept = |&reg: &Reg| if reg == NONE { 0 } else { end };
        let mut last = settled.iter().map(kept).collect::<Vec<_>>();
        let mut use_at = |value: Value, at: usize| {
            let slot = &mut last[value as usize];
            *slot = at.max(*slot);
        };
        for (at, inst) in self.insts.iter().enumerate() {
            read(inst).into_iter().flatten().for_each(|v| use_at(v, at));
        }
        for store in &self.stores {
            use_at(store.value, end);
        }
        for guard in &self.guards {
            guard.operands.iter().for_each(|&(_, v)| use_at(v, end));
        }
        last
    }
}
