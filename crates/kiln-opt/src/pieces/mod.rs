//! Pieces: a Func as steps that run one after the other, of which loops with
//! independent rounds may run in parts, in any order and at once.
//!
//! The loops are the outermost ones that [`rounds`] finds independent, and
//! that carry nothing, and reductions. A loop or a branch around some of them
//! is opened: its rounds, or the side that it takes, are steps of their own,
//! so that sweeps over an array in a loop over time share their rows. What
//! stands between is a step that runs once. A step knows values that those
//! before it give, and what they have stored.
//!
//! A reduction in the shape of a tree is cut between subtrees, whole blocks of
//! 1,024 values as many as a power of two, whose values are combined as those
//! of blocks are; so how it is cut shows in no bit. In whole numbers, least
//! and greatest values no order shows.
//!
//! The Func of a loop takes two further numbers, `first` and `last`, and runs
//! the rounds of the loop that lie in `first..last`. Guards that stand before
//! it are in each piece, because what they ask is known of its indices.
//!
//! Deliberately absent: sums in order; loops whose rounds all use one local
//! array; loops around loops that are opened and whose own rounds could wait
//! for each other (wavefronts).

mod independence;
mod part;
mod steps;

pub(crate) use independence::rounds_are_independent;

use crate::config::{OptConfig, OptError};
use crate::pipeline::prepare;
use kiln_ir::{Combine, Func, Scalar};
use std::fmt;
use thiserror::Error;

/// A Func in pieces.
#[derive(Clone, Debug)]
pub struct Pieces {
    /// The whole Func; it yields the results.
    pub body: Block,
    /// The values that steps give to later ones.
    pub values: Vec<Scalar>,
    /// How many steps are [`Inside`]s.
    pub insides: usize,
    /// What becomes of the outermost loops, in their order.
    pub loops: Vec<OuterLoop>,
}

/// Steps that run one after the other.
#[derive(Clone, Debug)]
pub struct Block {
    /// The steps.
    pub steps: Vec<Step>,
    /// What it yields, with the guards behind the last step.
    pub yields: Part,
}

/// A part of the whole.
#[derive(Clone, Debug)]
pub enum Step {
    /// A loop whose rounds run at once.
    Rounds(Rounds),
    /// What runs once.
    Once(Once),
    /// A loop or a branch with steps in it.
    Inside(Inside),
}

/// A Func of the parameters of the whole one and of values that are known.
#[derive(Clone, Debug)]
pub struct Part {
    /// The Func.
    pub func: Func,
    /// The values that follow the parameters, as indices into
    /// [`Pieces::values`].
    pub takes: Vec<usize>,
}

/// A loop in pieces.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// A piece: its last two parameters, both `i64`, are the first round and
    /// one past the last. Of a reduction it gives the values.
    pub part: Part,
    /// Gives the first round of the loop and one past its last, with the
    /// guards that stand before it.
    pub range: Part,
    /// The price of a round: counted loops inside of it are taken once, and
    /// others to run as often as a guess says.
    pub work: u32,
    /// The arrays of which each round has elements of its own that it goes
    /// over in loops; none if there are no loops in it.
    pub arrays: Vec<usize>,
    /// How the values of pieces are combined, what they are, and which value
    /// is known then.
    pub totals: Vec<(Combine, Scalar, usize)>,
}

/// A step that runs once.
#[derive(Clone, Debug)]
pub struct Once {
    /// It.
    pub part: Part,
    /// The values that its results are.
    pub gives: Vec<usize>,
}

/// A loop or a branch with steps in it.
#[derive(Clone, Debug)]
pub struct Inside {
    /// It among all of them.
    pub index: usize,
    /// The same as one step; for when none inside is worth several threads.
    pub once: Once,
    /// The steps. Their results are the values that `once` gives.
    pub kind: Kind,
}

/// What has steps in it.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A branch; its sides yield its results.
    If {
        /// Gives the condition.
        cond: Part,
        /// The sides, the one where it is true first.
        sides: Box<[Block; 2]>,
    },
    /// A counted loop.
    For {
        /// Gives the first index, one past the last, and what is carried into
        /// the first round.
        enter: Part,
        /// The values that the index, and then what is carried, are inside.
        args: Vec<usize>,
        /// A round; it yields what is carried on.
        body: Box<Block>,
    },
    /// A loop that runs until it is done.
    While {
        /// Gives what is carried into the first round.
        enter: Part,
        /// The values that this is in the test.
        test_args: Vec<usize>,
        /// Yields whether there is another round.
        test: Box<Block>,
        /// The values that it is in a round.
        args: Vec<usize>,
        /// A round; it yields what is carried on.
        body: Box<Block>,
    },
}

/// What becomes of an outermost loop.
#[derive(Clone, Debug)]
pub struct OuterLoop {
    /// What it reads and writes.
    pub name: String,
    /// How many loops around it are opened.
    pub depth: usize,
    /// Whether threads share its rounds.
    pub shared: Shared,
}

/// Whether threads share the rounds of a loop.
#[derive(Clone, Debug)]
pub enum Shared {
    /// They do.
    Rounds,
    /// They share those of loops in it, for this reason.
    Inside(NotInPieces),
    /// They do not.
    Not(NotInPieces),
}

/// Why the rounds of a loop, or a Func, do not come in pieces.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NotInPieces {
    /// There is no loop.
    #[error("there is no loop in it")]
    NoLoop,
    /// The loop hands values from round to round.
    #[error("a round begins with what the one before it has computed")]
    Carried,
    /// A local array is used in the loop.
    #[error("its rounds use a local array")]
    Local,
    /// A local array is used before it and behind it, and all that touches one
    /// is one step.
    #[error("a local array is used before it and behind it")]
    AmongLocal,
    /// Two accesses may touch one element in different rounds.
    #[error("rounds may meet at {first} and {second}")]
    Dependent {
        /// The name of the array.
        array: String,
        /// A store.
        first: String,
        /// A store or a load, which may be the same.
        second: String,
    },
    /// It runs in each round of another loop, and has few rounds itself.
    #[error("there are {rounds} rounds in each of a loop around it")]
    Few {
        /// How many.
        rounds: i64,
    },
    /// There are more steps before it than a Func may have.
    #[error("more than {limit} loops and what stands between stand before it")]
    Steps {
        /// The limit.
        limit: usize,
    },
    /// The passes refuse it.
    #[error(transparent)]
    Optimise(#[from] OptError),
}

/// Cuts a verified Func, whose accesses are guarded, into pieces.
///
/// # Errors
/// Why that cannot be done, or was not seen to be possible, for the first of
/// its loops, if it is so for all.
pub fn pieces(func: &Func, config: &OptConfig) -> Result<Pieces, NotInPieces> {
    steps::pieces(&prepare(func, config)?)
}

impl Pieces {
    /// Whether all its outermost loops come in pieces themselves.
    ///
    /// # Errors
    /// Why the first that does not does not.
    pub fn check_all(&self) -> Result<(), &NotInPieces> {
        let outermost = self.loops.iter().filter(|found| found.depth == 0);
        for found in outermost {
            match &found.shared {
                Shared::Rounds => {}
                Shared::Inside(why) | Shared::Not(why) => return Err(why),
            }
        }
        Ok(())
    }
}

/// A line for each loop, in words.
impl fmt::Display for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [
            OuterLoop {
                shared: Shared::Rounds,
                ..
            },
        ] = self.loops[..]
        {
            return f.write_str("threads may share the rounds of its outermost loop");
        }
        for (index, OuterLoop { name, shared, .. }) in self.loops.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match shared {
                Shared::Rounds => write!(f, "threads may share the rounds of the {name}")?,
                Shared::Inside(why) => {
                    write!(
                        f,
                        "threads share no rounds of the {name} but those of loops in it, because {why}"
                    )?;
                }
                Shared::Not(why) => write!(f, "threads: one for the {name}, because {why}")?,
            }
        }
        Ok(())
    }
}
