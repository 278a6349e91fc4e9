//! Counted loops in the loop: all lanes run them equally often. A loop under a
//! condition has a bound that asks whether any lane wants it.
//!
//! ```text
//! before: any lane? asked : none
//! asked:  lo < hi ? enter : none
//! enter:  to head with the first values
//! head:   ...; next < hi ? back : done
//! back:   to head with the next values
//! done:   to exit with them
//! none:   to exit with the first values
//! exit:   ...
//! ```

use super::super::inst::{GENERAL, Inst};
use super::Selector;
use crate::CodegenError;
use kiln_ir::{Func, Node, NodeId, Op};
use regalloc2::VReg;

impl Selector<'_> {
    /// A counted loop whose bounds are the same for all lanes.
    pub(super) fn inner_loop(&mut self, node: NodeId) -> Result<(), CodegenError> {
        let func = self.func;
        let Node::For {
            lo,
            hi,
            ref init,
            body,
            ..
        } = *func.node(node)
        else {
            return Err(self.unsupported("what is not a counted loop".into()));
        };
        let (hi, wanted) = match asked_bound(func, hi) {
            Some((any, hi)) => (hi, Some(any)),
            None => (hi, None),
        };
        let (lo, hi) = (self.word(lo)?, self.word(hi)?);
        let types = func.result_types(node);
        let first = self.in_registers(init, &types);
        let test = wanted.map(|any| self.condition(any));
        let from = self.current;
        let (chain, part) = (self.blocks[from].chain, self.blocks[from].data.part);
        let unwanted = test.map(|test| {
            let [asked, unwanted] = [(); 2].map(|()| self.open(chain, part));
            self.end(test, &[(asked, vec![]), (unwanted, vec![])]);
            self.current = asked;
            unwanted
        });
        let [enter, none, head] = [(); 3].map(|()| self.open(chain, part));
        let (left, right) = (lo, hi);
        self.end(
            Inst::IfLess { left, right },
            &[(enter, vec![]), (none, vec![])],
        );
        self.current = enter;
        self.end(Inst::Jump, &[(head, with_index(lo, &first))]);

        self.current = head;
        let index = self.mach.fresh(GENERAL);
        self.blocks[head].data.params.push(index);
        let args = &func.region(body).args;
        let mark = self.mark();
        for ((&arg, pieces), &ty) in args[1..].iter().zip(&first).zip(&types) {
            let pieces = self.block_params(head, pieces);
            let value = self.held(ty, pieces);
            self.set(arg, value);
        }
        self.indices.push((args[0], index));
        self.region(body)?;
        self.indices.pop();
        let carried = self.in_registers(&func.region(body).yields, &types);
        self.forget(mark);
        let next = self.mach.fresh(GENERAL);
        self.push(Inst::AddImm {
            def: next,
            arg: index,
            imm: 1,
        });
        let latch = self.current;
        let [back, done, exit] = [(); 3].map(|()| self.open(chain, part));
        self.current = latch;
        let (left, right) = (next, hi);
        self.end(
            Inst::IfLess { left, right },
            &[(back, vec![]), (done, vec![])],
        );
        let mut jumps = vec![
            (back, head, with_index(next, &carried)),
            (done, exit, carried.concat()),
            (none, exit, first.concat()),
        ];
        jumps.extend(unwanted.map(|block| (block, exit, first.concat())));
        for (block, to, args) in jumps {
            self.current = block;
            self.end(Inst::Jump, &[(to, args)]);
        }
        self.current = exit;
        let results: Vec<_> = first
            .iter()
            .zip(&types)
            .map(|(pieces, &ty)| {
                let pieces = self.block_params(exit, pieces);
                self.held(ty, pieces)
            })
            .collect();
        for proj in self.func.projections(node) {
            if let Node::Proj { index, .. } = *func.node(proj) {
                self.set(proj, results[index as usize].clone());
            }
        }
        Ok(())
    }
}

/// Of a bound that is one only where any lane wants the loop: what asks that,
/// and the bound.
pub(super) fn asked_bound(func: &Func, hi: NodeId) -> Option<(NodeId, NodeId)> {
    match func.node(hi) {
        Node::Op {
            op: Op::Select,
            args,
        } if matches!(func.node(args[0]), Node::Op { op: Op::Any, .. }) => Some((args[0], args[1])),
        _ => None,
    }
}

fn with_index(index: VReg, values: &[Vec<VReg>]) -> Vec<VReg> {
    let mut args = vec![index];
    args.extend(values.iter().flatten());
    args
}
