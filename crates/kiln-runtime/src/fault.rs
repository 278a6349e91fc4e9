//! What a failing call of native code reports: the fault of its Func, and
//! which types its operands have in the error record.

use crate::error::Fault;
use kiln_codegen::frame::ERROR_OPERANDS_MAX;
use kiln_ir::{Const, Func, Node, NodeId, Scalar};

/// A fault that code can report.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct KnownFault {
    fault: kiln_ir::Fault,
    operands: Vec<Scalar>,
}

impl KnownFault {
    /// The faults of a Func, by their ids.
    pub(crate) fn all(func: &Func) -> Vec<KnownFault> {
        let mut known: Vec<(KnownFault, bool)> = func
            .faults()
            .iter()
            .map(|fault| {
                let fault = fault.clone();
                let operands = Vec::new();
                (KnownFault { fault, operands }, false)
            })
            .collect();
        for index in 0..func.node_count() {
            let Node::Guard {
                fault, operands, ..
            } = func.node(NodeId::new(index))
            else {
                continue;
            };
            let types: Vec<Scalar> = operands
                .iter()
                .take(ERROR_OPERANDS_MAX)
                .map(|&v| func.ty(v).scalar)
                .collect();
            let (known, is_seen) = &mut known[fault.index()];
            match *is_seen {
                false => known.operands = types,
                // Guards that differ share the fault: which of them failed is
                // not known, so no operand is shown.
                true if known.operands != types => known.operands.clear(),
                true => {}
            }
            *is_seen = true;
        }
        known.into_iter().map(|(known, _)| known).collect()
    }

    /// Whether the call is to be made again by the guarded variant.
    pub(crate) fn is_retry(&self) -> bool {
        self.fault.kind == kiln_ir::FaultKind::Retry
    }

    /// What the caller is told; `slots` gives the operands.
    pub(crate) fn report(&self, kernel: &str, mut slots: impl FnMut(usize) -> u64) -> Fault {
        let operands = self.operands.iter().enumerate();
        Fault {
            kind: self.fault.kind,
            message: self.fault.message.clone(),
            kernel: Some(kernel.to_owned()),
            row: None,
            operands: operands
                .map(|(index, &scalar)| Const::from_bits(scalar, slots(index)))
                .collect(),
            span: self.fault.span,
            site: self.fault.site.clone(),
        }
    }
}
