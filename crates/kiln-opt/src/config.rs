//! What a caller may choose about optimising, and how it can fail.

use crate::op_set::OpSet;
use kiln_ir::{Op, VerifyError};
use thiserror::Error;

/// How to optimise. Everything here that changes a Func belongs into the key
/// under which compiled code is kept; `verify` does not change it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OptConfig {
    pub(crate) verify: bool,
    pub(crate) native: OpSet,
    pub(crate) nodes_max: usize,
    pub(crate) guarded: bool,
}

/// The default of [`OptConfig::nodes_max`]: well beyond any formula, and
/// optimised in a fraction of a second.
pub const NODES_MAX: usize = 200_000;

/// How deep calls may nest: they are inlined by recursion.
pub const CALL_DEPTH_MAX: usize = 64;

impl Default for OptConfig {
    fn default() -> OptConfig {
        OptConfig {
            verify: cfg!(debug_assertions),
            native: OpSet::NONE,
            nodes_max: NODES_MAX,
            guarded: false,
        }
    }
}

impl OptConfig {
    /// Whether the Func is verified after every pass.
    pub fn verify(self, verify: bool) -> OptConfig {
        OptConfig { verify, ..self }
    }

    /// The ops that the target has as instructions, of those that would be
    /// expanded: `ldexp`, `exponent` and `mantissa` on AVX-512.
    pub fn native(self, ops: &[Op]) -> OptConfig {
        OptConfig {
            native: OpSet::of(ops),
            ..self
        }
    }

    /// Whether to make the guarded variant: every guard stays where it is.
    /// It answers the calls that end with [`kiln_ir::FaultKind::Retry`].
    pub fn guarded(self, guarded: bool) -> OptConfig {
        OptConfig { guarded, ..self }
    }

    /// The most nodes a Func may have after a pass.
    pub fn nodes_max(self, nodes_max: usize) -> OptConfig {
        OptConfig { nodes_max, ..self }
    }
}

/// Why a Func was not optimised.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum OptError {
    /// A pass left a Func that breaks the rules of the language: our bug, or
    /// a Func that broke them before (`pass` is then `input`).
    #[error("the function is not valid after the pass {pass}")]
    Verify {
        /// The name of the pass.
        pass: &'static str,
        /// What is wrong.
        #[source]
        source: VerifyError,
    },
    /// The Func is larger than the config allows.
    #[error("{nodes} nodes after the pass {pass} exceed the limit of {limit}")]
    TooLarge {
        /// The name of the pass.
        pass: &'static str,
        /// Number of nodes, or a lower bound of it.
        nodes: usize,
        /// The limit.
        limit: usize,
    },
    /// Local arrays, those of the Funcs that are called included, take more
    /// than [`kiln_ir::LOCALS_BYTES_MAX`].
    #[error("{bytes} bytes of local arrays exceed the limit of {limit}")]
    Locals {
        /// Bytes they take, or a lower bound.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Calls nest deeper than [`CALL_DEPTH_MAX`].
    #[error("calls nest deeper than {limit}")]
    CallDepth {
        /// The limit.
        limit: usize,
    },
}
