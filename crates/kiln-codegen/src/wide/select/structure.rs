//! The loop and its rare paths as blocks.
//!
//! ```text
//! entry:      lo < hi ? preheader : return
//! preheader:  base pointers, parameters, constants
//! uniform:    what does not vary
//! loop:       ... rare path? cold : on ...  lanes more; index < hi ? back : exit
//! back:       to loop (passed over when it holds no moves)
//! exit:       return
//! cold:       ... to where the paths join
//! ```

use super::super::inst::{Addr, BlockData, GENERAL, Inst, MASK, Part, Signs, VECTOR};
use super::super::rows::Width;
use super::{Arg, OpenBlock, Selector, Value};
use crate::CodegenError;
use crate::frame::{DONE, ERROR_ROW, RERUN};
use kiln_ir::{Class, Node, NodeId, Op, RegionId, Scalar, Type};
use regalloc2::{Block, VReg};

impl Selector<'_> {
    /// The whole strip.
    pub(super) fn strip(&mut self, row_loop: NodeId) -> Result<(), CodegenError> {
        let func = self.func;
        let Node::For {
            lanes,
            ref init,
            body,
            ..
        } = *func.node(row_loop)
        else {
            return Err(self.unsupported("what is not a loop".into()));
        };
        let (lo, hi) = (self.mach.fresh(GENERAL), self.mach.fresh(GENERAL));
        let entry = self.open(0, Part::Once);
        self.preheader = self.open(0, Part::Once);
        let uniform = self.open(0, Part::Once);
        self.current = entry;
        self.push(Inst::Args {
            frame: self.frame,
            lo,
            hi,
        });
        self.current = uniform;
        let nodes = self.schedule.nodes(func.body());
        let at = nodes.iter().position(|&node| node == row_loop);
        let (before, after) = nodes.split_at(at.unwrap_or(nodes.len()));
        self.once(before)?;
        let types = func.result_types(row_loop);
        let first = self.in_registers(init, &types);
        let uniform_end = self.current;
        let head = self.open(0, Part::Hot);
        self.blocks[head].data.params.push(self.index);
        self.current = head;
        let args = &func.region(body).args;
        self.indices
            .extend(args.first().map(|&index| (index, self.index)));
        let mark = self.mark();
        for (&arg, pieces) in args[1..].iter().zip(&first) {
            let pieces = self.block_params(head, pieces);
            let value = self.held(func.ty(arg), pieces);
            self.set(arg, value);
        }
        self.region(body)?;
        let carried = self.in_registers(&func.region(body).yields, &types);
        self.forget(mark);

        let next = self.mach.fresh(GENERAL);
        self.push(Inst::AddImm {
            def: next,
            arg: self.index,
            imm: i32::from(lanes),
        });
        let latch = self.current;
        let back = self.open(0, Part::Hot);
        let exit = self.open(0, Part::Once);
        // Two returns, since an edge from a branch to a join would need a
        // block of its own.
        self.chains += 1;
        let nothing = self.open(self.chains - 1, Part::Once);
        self.current = latch;
        self.end(
            Inst::IfLess {
                left: next,
                right: hi,
            },
            &[(back, vec![]), (exit, vec![])],
        );
        self.current = back;
        self.end(Inst::Jump, &[(head, with_first(next, &carried))]);
        self.current = uniform_end;
        self.end(Inst::Jump, &[(head, with_first(lo, &first))]);
        // What was carried last is at hand where the loop ends.
        self.current = exit;
        for proj in self.func.projections(row_loop) {
            if let Node::Proj { index, .. } = *func.node(proj) {
                let pieces = carried[index as usize].iter().copied();
                let value = self.held(func.ty(proj), pieces.map(Arg::Reg).collect());
                self.set(proj, value);
            }
        }
        self.once(after.get(1..).unwrap_or_default())?;
        let exit = self.current;
        self.current = self.preheader;
        self.end(Inst::Jump, &[(uniform, vec![])]);
        self.current = entry;
        self.end(
            Inst::IfLess {
                left: lo,
                right: hi,
            },
            &[(self.preheader, vec![]), (nothing, vec![])],
        );
        for exit in [exit, nothing] {
            self.current = exit;
            self.end(Inst::Return { status: DONE }, &[]);
        }
        Ok(())
    }

    /// Computes what stands before or behind the loop.
    fn once(&mut self, nodes: &[NodeId]) -> Result<(), CodegenError> {
        for &node in nodes {
            // The bounds of the loop are the strip's arguments.
            if !matches!(self.func.node(node), Node::Len { .. }) {
                self.node(node)?;
            }
        }
        Ok(())
    }

    /// The pieces of values, in registers.
    pub(super) fn in_registers(&mut self, values: &[NodeId], types: &[Type]) -> Vec<Vec<VReg>> {
        let mut found = Vec::with_capacity(values.len());
        for (&value, &ty) in values.iter().zip(types) {
            let (pieces, width) = match ty.scalar {
                Scalar::Bool => {
                    let bytes = self.mask_bytes();
                    (self.mask_of(value, bytes), self.width_of(bytes))
                }
                scalar => (self.pieces(value), self.width(scalar)),
            };
            let pieces = self.spread(&pieces, ty);
            let pieces = pieces.into_iter().map(|piece| self.register(piece, width));
            found.push(pieces.collect());
        }
        found
    }

    /// The value that these pieces are.
    pub(super) fn held(&self, ty: Type, pieces: Vec<Arg>) -> Value {
        match ty.scalar {
            Scalar::Bool => Value::mask(pieces, self.mask_bytes()),
            _ => Value::of(pieces),
        }
    }

    /// Parameters of a block for the pieces of a value.
    pub(super) fn block_params(&mut self, block: usize, like: &[VReg]) -> Vec<Arg> {
        let params: Vec<VReg> = like.iter().map(|r| self.mach.fresh(r.class())).collect();
        self.blocks[block].data.params.extend(&params);
        params.into_iter().map(Arg::Reg).collect()
    }

    /// A pure `if`. One path follows, the rarer one is placed at the end of
    /// the code.
    pub(super) fn branch(&mut self, node: NodeId) -> Result<(), CodegenError> {
        let Node::If {
            cond,
            then,
            otherwise,
        } = *self.func.node(node)
        else {
            return Err(self.unsupported("what is not an if".into()));
        };
        let test = self.condition(cond);
        let from = self.current;
        let (chain, part) = (self.blocks[from].chain, self.blocks[from].data.part);
        self.chains += 1;
        let rare_part = match part {
            Part::Once => Part::Once,
            Part::Hot | Part::Cold(_) => Part::Cold(from),
        };
        let rare = self.open(self.chains - 1, rare_part);
        let common = self.open(chain, part);
        self.current = from;
        let then_is_rare = self.is_rare(then, otherwise);
        let (rare_region, common_region, succs) = match then_is_rare {
            true => (then, otherwise, [rare, common]),
            false => (otherwise, then, [common, rare]),
        };
        self.end(test, &succs.map(|block| (block, vec![])));

        let types = self.func.result_types(node);
        let common_args = self.path(common, common_region, &types)?;
        let common_end = self.current;
        let rare_args = self.path(rare, rare_region, &types)?;
        let rare_end = self.current;
        // Behind what its paths hold, so that blocks stand in the order of
        // control.
        let join = self.open(chain, part);
        for (end, args) in [(common_end, &common_args), (rare_end, &rare_args)] {
            self.current = end;
            self.end(Inst::Jump, &[(join, args.concat())]);
        }
        self.current = join;
        let mut results = Vec::new();
        for (ty, pieces) in types.iter().zip(&common_args) {
            let class = if self.evex() && ty.scalar == Scalar::Bool {
                MASK
            } else {
                VECTOR
            };
            let params: Vec<VReg> = pieces.iter().map(|_| self.mach.fresh(class)).collect();
            self.blocks[join].data.params.extend(&params);
            let pieces = params.into_iter().map(Arg::Reg).collect();
            results.push(self.held(*ty, pieces));
        }
        for proj in self.func.projections(node) {
            if let Node::Proj { index, .. } = *self.func.node(proj) {
                self.set(proj, results[index as usize].clone());
            }
        }
        Ok(())
    }

    /// Whether the first path of an `if` is the rarer one. It is where it
    /// calls a slow-lane op, and where the other path has a value already: it
    /// then corrects some lanes of it. Where the other path has only a
    /// constant, the first computes what is then chosen for some lanes.
    fn is_rare(&self, then: RegionId, otherwise: RegionId) -> bool {
        let is_slow = |id: &NodeId| match self.func.node(*id) {
            Node::Op { op, .. } => op.class() == Class::Slow,
            _ => false,
        };
        let is_constant = |id: &NodeId| match self.func.node(*id) {
            Node::Op {
                op: Op::Splat,
                args,
            } => self.func.as_const(args[0]).is_some(),
            _ => self.func.as_const(*id).is_some(),
        };
        let has_constants = self.func.region(otherwise).yields.iter().all(is_constant);
        self.schedule.nodes(then).iter().any(is_slow) || !has_constants
    }

    /// A guard: where a lane fails, the strip ends with the row its block
    /// begins at.
    pub(super) fn guard(&mut self, cond: NodeId) -> Result<(), CodegenError> {
        let test = self.every_lane(cond);
        let from = self.current;
        let (chain, part) = (self.blocks[from].chain, self.blocks[from].data.part);
        if part == Part::Once {
            return Err(self.unsupported("a guard outside the loop".into()));
        }
        self.chains += 1;
        let fail = self.open(self.chains - 1, Part::Cold(from));
        let pass = self.open(chain, part);
        self.end(test, &[(pass, vec![]), (fail, vec![])]);
        self.current = fail;
        self.push(Inst::StoreWord {
            addr: Addr {
                base: self.frame,
                index: None,
                scale: 1,
                disp: ERROR_ROW as i32,
            },
            arg: self.index,
        });
        self.end(Inst::Return { status: RERUN }, &[]);
        self.current = pass;
        Ok(())
    }

    /// One path of an `if`: its nodes, and what it yields, in registers.
    fn path(
        &mut self,
        block: usize,
        region: RegionId,
        types: &[Type],
    ) -> Result<Vec<Vec<VReg>>, CodegenError> {
        self.current = block;
        let mark = self.mark();
        self.region(region)?;
        let func = self.func;
        let args = self.in_registers(&func.region(region).yields, types);
        self.forget(mark);
        Ok(args)
    }

    /// The branch that tests the condition of an `if`.
    pub(super) fn condition(&mut self, cond: NodeId) -> Inst {
        match self.func.node(cond) {
            Node::Op { op: Op::Any, args } => self.test(cond, args[0], false),
            Node::Op { op: Op::All, args } => self.test(cond, args[0], true),
            // A scalar has the same value in every lane.
            _ => self.test(cond, cond, false),
        }
    }

    /// The branch that tests whether a condition holds in every lane.
    fn every_lane(&mut self, cond: NodeId) -> Inst {
        match self.func.node(cond) {
            Node::Op { op: Op::All, args } => self.test(cond, args[0], true),
            _ => self.test(cond, cond, true),
        }
    }

    /// A branch on all lanes, or any lane, of a mask. `cond` is the node that
    /// asks for it.
    fn test(&mut self, cond: NodeId, mask: NodeId, all: bool) -> Inst {
        let lanes = self.shape.piece;
        if self.evex() {
            let (mask, _) = self.joined(mask, all);
            let lanes = lanes as u8;
            return Inst::IfMask { mask, lanes, all };
        }
        let (bits, count) = match self.lane_bits.get(&cond) {
            Some(&found) => found,
            None => self.lane_bits(mask, all),
        };
        let all = all.then_some(u32::MAX >> (32 - count));
        Inst::IfBits { bits, all }
    }

    /// Computes what a branch on `any` or `all` will test, where the op
    /// stands: a general register is easier to keep than a mask.
    pub(super) fn any_or_all(&mut self, node: NodeId, mask: NodeId, all: bool) {
        if !self.evex() {
            let found = self.lane_bits(mask, all);
            self.lane_bits.insert(node, found);
        }
    }

    /// The lanes of a mask as bits, and how many there are.
    fn lane_bits(&mut self, mask: NodeId, all: bool) -> (VReg, usize) {
        let (mask, bytes) = self.joined(mask, all);
        let width = self.width_of(bytes);
        let lanes = self.shape.piece;
        // The mask fills its register.
        let (bytes, count) = match bytes {
            8 | 4 => (bytes as u8, lanes),
            _ => (1, lanes * bytes),
        };
        let def = self.mach.fresh(GENERAL);
        self.push(Inst::LaneBits {
            def,
            mask,
            signs: Signs { bytes, width },
        });
        (def, count)
    }

    /// The pieces of a mask as one, and the size of its elements.
    fn joined(&mut self, mask: NodeId, all: bool) -> (VReg, usize) {
        let own = self.value(mask).mask_bytes;
        // Behind a mask narrower than a register stands anything.
        let bytes = match self.shape.piece * own < Width::X.bytes() {
            true => self.mask_bytes(),
            false => own,
        };
        let pieces = self.mask_of(mask, bytes);
        let width = self.width_of(bytes);
        let mut joined = pieces[0];
        for &piece in &pieces[1..] {
            joined = self.mask_join(all, width, joined, piece);
        }
        (self.register(joined, width), bytes)
    }

    /// Opens a block.
    pub(super) fn open(&mut self, chain: usize, part: Part) -> usize {
        self.blocks.push(OpenBlock {
            data: BlockData {
                part,
                ..BlockData::default()
            },
            chain,
        });
        self.blocks.len() - 1
    }

    /// Ends the current block.
    pub(super) fn end(&mut self, terminator: Inst, succs: &[(usize, Vec<VReg>)]) {
        let data = &mut self.blocks[self.current].data;
        data.insts.push(terminator);
        data.succs = succs.iter().map(|(to, _)| Block::new(*to)).collect();
        data.succ_args = succs.iter().map(|(_, args)| args.clone()).collect();
    }
}

fn with_first(first: VReg, rest: &[Vec<VReg>]) -> Vec<VReg> {
    let mut args = vec![first];
    args.extend(rest.iter().flatten());
    args
}
