//! How large a computation from outside may be.
//!
//! Two kinds of counts, kept apart: what a user wrote (text, depth, inputs,
//! nodes), and what it becomes (the compile budget). A compile cannot be
//! interrupted, so its time is bounded by the amount of work that is let in:
//! the budget stands for a number of nodes once the mathematical functions
//! are expanded, by a measured rate. The clock is read between passes as
//! well, generously: what is let in must not depend on how busy a host is.

use std::time::Duration;

/// Nodes after expansion that compile within one millisecond. Measured on one
/// core of a Zen 3 at 2 GHz or so, on chains as long as the default lets in:
/// 140 for exponentials, the slowest, to 400 for additions.
const NODES_PER_MS: usize = 100;

/// How many times the budget a compile may take by the clock.
const CLOCK_FACTOR: u32 = 4;

/// Limits on one computation. The default is meant for text whose author is
/// not trusted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limits {
    /// Most bytes of text.
    pub text_bytes: usize,
    /// Deepest nesting of the source.
    pub depth: usize,
    /// Most inputs.
    pub inputs: usize,
    /// Most nodes in the source.
    pub nodes: usize,
    /// Most totals of columns in the source: each is compiled by itself.
    pub totals: usize,
    /// What a compile may take.
    pub compile: Duration,
}

impl Limits {
    /// For text from outside: 64 KiB, depth 64, 1,024 inputs, 4,096 nodes in
    /// the source, 256 totals of columns, 250 ms of compile budget.
    pub const fn untrusted() -> Limits {
        Limits {
            text_bytes: 64 * 1024,
            depth: 64,
            inputs: 1_024,
            nodes: 4_096,
            totals: 256,
            compile: Duration::from_millis(250),
        }
    }

    /// Ten times the default, four times of totals, for text whose author is
    /// trusted.
    pub const fn trusted() -> Limits {
        let least = Limits::untrusted();
        Limits {
            text_bytes: 10 * least.text_bytes,
            depth: 10 * least.depth,
            inputs: 10 * least.inputs,
            nodes: 10 * least.nodes,
            totals: 4 * least.totals,
            compile: Duration::from_millis(2_500),
        }
    }

    /// When a compile is given up by the clock.
    pub(crate) const fn clock(&self) -> Duration {
        self.compile.saturating_mul(CLOCK_FACTOR)
    }

    /// Most nodes that a Func may become once its mathematical functions are
    /// expanded: what the compile budget lets in.
    pub const fn expanded_nodes(&self) -> usize {
        (self.compile.as_millis() as usize).saturating_mul(NODES_PER_MS)
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::untrusted()
    }
}
