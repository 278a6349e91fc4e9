//! Why code could not be made.
//!
//! Every error is an answer, not a failure of the caller: the runtime falls
//! back to the interpreter and counts it. What could only be a mistake of
//! this crate (a relocation, a trap) is an error too, because code that has
//! one must never be loaded.

use crate::machine_code::Entry;
use crate::target::Level;
use thiserror::Error;

/// Why code could not be made.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CodegenError {
    /// No such target.
    #[error("no target {0}")]
    Target(String),
    /// The target lacks the vectors of a level.
    #[error("{target} has no {level} code")]
    Level {
        /// The target.
        target: String,
        /// The level asked for.
        level: Level,
    },
    /// The Func does not fit the entry.
    #[error("the {entry} entry takes {takes}")]
    Entry {
        /// The entry asked for.
        entry: Entry,
        /// What it takes.
        takes: &'static str,
    },
    /// Something has no form in code.
    #[error("{what} has no {level} form")]
    Unsupported {
        /// What: an op on a type, a kind of node.
        what: String,
        /// The level asked for.
        level: Level,
    },
    /// A limit is passed.
    #[error("{what}: {found}, at most {limit}")]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The code refers to something outside it.
    #[error("{0} relocations in the code")]
    Relocations(usize),
    /// The code holds a trap that is not accounted for.
    #[error("unexpected {kind} trap at {at:#x}")]
    Trap {
        /// The kind of trap.
        kind: String,
        /// Its offset.
        at: usize,
    },
    /// The code generator refused its input.
    #[error("{0}")]
    Backend(String),
}
