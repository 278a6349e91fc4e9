//! Loops in the loop that run until no lane is left.
//!
//! ```text
//! head:   carried values; any lane? inside : exit
//! inside: ...; rounds less one ? on : look
//! on:     to head
//! look:   the stop flag is set ? stop : again
//! again:  as many rounds as before; to head
//! stop:   return
//! exit:   ...
//! ```

use super::super::inst::{Addr, GENERAL, Inst, Part};
use super::Selector;
use crate::CodegenError;
use crate::frame::{STOP, STOPPED};
use kiln_ir::{Node, NodeId};
use regalloc2::VReg;

/// Rounds between two looks at the stop flag.
const STOP_ROUNDS: i32 = 1024;

impl Selector<'_> {
    /// A `while` over vectors: its condition asks whether any lane is left.
    pub(super) fn while_loop(&mut self, node: NodeId) -> Result<(), CodegenError> {
        let func = self.func;
        let Node::While {
            ref init,
            cond,
            body,
        } = *func.node(node)
        else {
            return Err(self.unsupported("what is not a while".into()));
        };
        let types = func.result_types(node);
        let first = self.in_registers(init, &types);
        let rounds = self.number(STOP_ROUNDS);
        let from = self.current;
        let (chain, part) = (self.blocks[from].chain, self.blocks[from].data.part);
        let head = self.open(chain, part);
        self.end(Inst::Jump, &[(head, args_of(&first, rounds))]);

        self.current = head;
        let carried: Vec<_> = first
            .iter()
            .zip(&types)
            .map(|(pieces, &ty)| {
                let pieces = self.block_params(head, pieces);
                self.held(ty, pieces)
            })
            .collect();
        let left = self.mach.fresh(GENERAL);
        self.blocks[head].data.params.push(left);
        let mark = self.mark();
        for region in [cond, body] {
            for (&arg, value) in func.region(region).args.iter().zip(&carried) {
                self.set(arg, value.clone());
            }
        }
        self.region(cond)?;
        let any = self.condition(func.region(cond).yields[0]);
        let asked = self.current;

        let inside = self.open(chain, part);
        self.current = inside;
        self.region(body)?;
        let next = self.in_registers(&func.region(body).yields, &types);
        self.count_round(head, left, &next);
        self.forget(mark);

        let exit = self.open(chain, part);
        self.current = asked;
        self.end(any, &[(inside, vec![]), (exit, vec![])]);
        self.current = exit;
        for proj in self.func.projections(node) {
            if let Node::Proj { index, .. } = *func.node(proj) {
                self.set(proj, carried[index as usize].clone());
            }
        }
        Ok(())
    }

    /// Ends a round: to `head` with the next values, once in a while past a
    /// look at the stop flag.
    fn count_round(&mut self, head: usize, left: VReg, next: &[Vec<VReg>]) {
        let latch = self.current;
        let (chain, part) = (self.blocks[latch].chain, self.blocks[latch].data.part);
        let less = self.mach.fresh(GENERAL);
        self.push(Inst::AddImm {
            def: less,
            arg: left,
            imm: -1,
        });
        let on = self.open(chain, part);
        self.chains += 1;
        let rare = match part {
            Part::Once => Part::Once,
            Part::Hot | Part::Cold(_) => Part::Cold(latch),
        };
        let [look, again, stop] = [(); 3].map(|()| self.open(self.chains - 1, rare));
        self.current = latch;
        let bits = less;
        self.end(
            Inst::IfBits { bits, all: None },
            &[(on, vec![]), (look, vec![])],
        );
        self.current = on;
        self.end(Inst::Jump, &[(head, args_of(next, less))]);

        self.current = look;
        let flag = self.mach.fresh(GENERAL);
        let at = |base: VReg, disp: usize| Addr {
            base,
            index: None,
            scale: 1,
            disp: disp as i32,
        };
        self.push(Inst::LoadWord {
            def: flag,
            addr: at(self.frame, STOP),
        });
        let asked = self.mach.fresh(GENERAL);
        self.push(Inst::LoadByte {
            def: asked,
            addr: at(flag, 0),
        });
        self.end(
            Inst::IfBits {
                bits: asked,
                all: None,
            },
            &[(stop, vec![]), (again, vec![])],
        );
        self.current = again;
        let rounds = self.number(STOP_ROUNDS);
        self.end(Inst::Jump, &[(head, args_of(next, rounds))]);
        self.current = stop;
        self.end(Inst::Return { status: STOPPED }, &[]);
    }

    /// A small number in a general register.
    pub(super) fn number(&mut self, value: i32) -> VReg {
        let def = self.mach.fresh(GENERAL);
        self.push(Inst::Number { def, value });
        def
    }
}

fn args_of(values: &[Vec<VReg>], rounds: VReg) -> Vec<VReg> {
    let mut args: Vec<VReg> = values.iter().flatten().copied().collect();
    args.push(rounds);
    args
}
