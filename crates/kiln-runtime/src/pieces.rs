//! Array kernels in pieces: the rounds of their outermost loop, shared by
//! threads.
//!
//! Code of a piece is compiled from the Func that [`kiln_opt::pieces`] makes,
//! which runs a part of the rounds and is otherwise the whole one; how many
//! rounds there are the interpreter finds out, at each call. Each piece has a
//! copy of the frame. Of a reduction each piece gives a value, and these are
//! combined at the end, as the shape of the reduction says. A piece whose indices may leave their array stores
//! nothing and is run by the guarded variant, as a whole call is.
//!
//! The interpreter runs array kernels on one thread: it takes each array that
//! is written as a slice of its own, which cannot be in two hands.

use crate::arg::{Arg, Kind};
use crate::arrays::interpreter_arg;
use crate::error::RuntimeError;
use crate::interpret::Interpreted;
use crate::limits::Limits;
use crate::native::Code;
use kiln_ir::meaning::eval;
use kiln_ir::{Combine, Const, Func, Scalar};
use kiln_opt::{NotInPieces, OptConfig, pieces};
use std::ops::Range;
use std::sync::Arc;

/// Rounds that fill whole blocks at every level; a piece has as many of these
/// as it can.
const BLOCK: usize = 64;

/// Values of a block of a reduction; a piece has 2^k blocks.
const TREE_BLOCK: u64 = 1_024;

/// Rows of a vector that share a price.
const VECTOR_ROWS: u64 = 4;

/// A Func in pieces.
pub(crate) struct InPieces {
    /// It for the rounds between two numbers, its last arguments.
    pub(crate) func: Arc<Func>,
    pub(crate) fast: Code,
    pub(crate) guarded: Code,
    /// Gives the first round and one past the last.
    range: Interpreted,
    /// What a round costs, in the time of one op on a whole vector.
    work: u64,
    /// What becomes of the values of the pieces, if it is a reduction.
    pub(crate) total: Option<Total>,
}

/// Makes the results of a reduction of the values of its pieces.
pub(crate) struct Total {
    combine: Combine,
    scalar: Scalar,
    results: Interpreted,
}

impl Total {
    fn new(total: kiln_opt::Total) -> Result<Total, RuntimeError> {
        Ok(Total {
            combine: total.combine,
            scalar: total.scalar,
            results: Interpreted::new(&total.results)?,
        })
    }

    /// The results of a call, from its arguments and the values of its pieces.
    ///
    /// # Errors
    /// When a test before the reduction fails, which it then did in each piece.
    pub(crate) fn finish(
        &self,
        args: &mut [Arg<'_>],
        pieces: impl Iterator<Item = u64>,
        results: &mut [u64],
    ) -> Result<(), RuntimeError> {
        let value = combined(self.combine, self.scalar, pieces);
        let args = args.iter_mut().map(interpreter_arg);
        let mut args: Vec<kiln_interp::Arg<'_>> =
            args.chain([kiln_interp::Arg::Value(value)]).collect();
        let done = self.results.run(&mut args, results, None);
        done.map_err(|failure| self.results.error(failure, None))
    }
}

/// Combines the values of pieces, in slots, as those of blocks are: like the
/// digits of a binary counter, at the end from the last to the first.
pub(crate) fn combined(
    combine: Combine,
    scalar: Scalar,
    pieces: impl Iterator<Item = u64>,
) -> Const {
    let join = |left: Const, right: Const| eval(combine.op(), scalar, &[left, right]);
    let mut done: Vec<Const> = Vec::new();
    for (piece, value) in pieces.enumerate() {
        let mut value = Const::from_bits(scalar, value);
        for _ in 0..piece.trailing_ones() {
            value = done.pop().map_or(value, |left| join(left, value));
        }
        done.push(value);
    }
    let values = done.into_iter().rev();
    let value = values.reduce(|right, left| join(left, right));
    value.unwrap_or(combine.identity(scalar))
}

impl InPieces {
    /// Cuts a Func whose accesses are guarded.
    ///
    /// # Errors
    /// Why that cannot be done.
    pub(crate) fn of(func: &Arc<Func>, limits: &Limits) -> Result<InPieces, RuntimeError> {
        let config = OptConfig::default().nodes_max(2 * limits.expanded_nodes());
        let refused = |why: NotInPieces| RuntimeError::NotInPieces {
            name: func.name().to_owned(),
            why: Box::new(why),
        };
        let made = {
            let func = func.clone();
            on_compile_thread(move || pieces(&func, &config))?.map_err(refused)?
        };
        Ok(InPieces {
            func: Arc::new(made.func),
            fast: Code::new(),
            guarded: Code::new(),
            range: Interpreted::new(&made.range)?,
            work: u64::from(made.work),
            total: made.total.map(Total::new).transpose()?,
        })
    }

    /// The rounds of a call, if there are any. `None` too where it fails
    /// before the first, which the whole Func then reports.
    pub(crate) fn rounds(&self, args: &mut [Arg<'_>]) -> Option<Range<i64>> {
        let mut range = [0; 2];
        let mut args: Vec<kiln_interp::Arg<'_>> = args.iter_mut().map(interpreter_arg).collect();
        self.range.run(&mut args, &mut range, None).ok()?;
        let [first, end] = range.map(|slot| slot as i64);
        (first < end).then_some(first..end)
    }

    /// What a round costs on average: where arrays that are written have more
    /// elements than there are rounds, a round has loops over some of them.
    pub(crate) fn work(&self, args: &[Arg<'_>], rounds: usize) -> u64 {
        let elements = args.iter().map(|arg| match &arg.0 {
            Kind::Write(_, grid) | Kind::Output(_, grid, _) => grid.shape().iter().product(),
            Kind::Value(_) | Kind::Read(..) => 0,
        });
        let inner = (elements.max().unwrap_or(0) / rounds.max(1)).max(1);
        (self.work.saturating_mul(inner as u64) / VECTOR_ROWS).max(1)
    }
}

/// Rounds, cut into pieces.
pub(crate) struct Cut {
    rounds: Range<i64>,
    /// Rounds of a piece.
    step: u64,
}

impl Cut {
    /// Cuts rounds into at most `count` pieces; those of a reduction where
    /// its shape allows.
    pub(crate) fn new(rounds: Range<i64>, count: usize, is_reduction: bool) -> Cut {
        let all = rounds.end.abs_diff(rounds.start);
        let step = all.div_ceil(count.max(1) as u64).max(1);
        let step = if is_reduction {
            let blocks = step.div_ceil(TREE_BLOCK).next_power_of_two();
            blocks.saturating_mul(TREE_BLOCK)
        } else if step < BLOCK as u64 {
            step
        } else {
            step.checked_next_multiple_of(BLOCK as u64).unwrap_or(step)
        };
        Cut { rounds, step }
    }

    /// How many pieces there are.
    pub(crate) fn count(&self) -> usize {
        let all = self.rounds.end.abs_diff(self.rounds.start);
        all.div_ceil(self.step) as usize
    }

    /// The rounds of one.
    pub(crate) fn piece(&self, piece: usize) -> Range<i64> {
        let Range { start, end } = self.rounds;
        let at = |pieces: usize| {
            let first = (pieces as u64).saturating_mul(self.step);
            end.min(start.saturating_add_unsigned(first))
        };
        at(piece)..at(piece + 1)
    }
}

#[cfg(feature = "jit")]
fn on_compile_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, RuntimeError> {
    use crate::pipeline::Failure;
    crate::worker::run(work).map_err(|failure| RuntimeError::Code {
        what: Failure::from(failure).to_string(),
    })
}

#[cfg(not(feature = "jit"))]
fn on_compile_thread<T>(work: impl FnOnce() -> T) -> Result<T, RuntimeError> {
    Ok(work())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_all_rounds_in_order() {
        for rounds in [0..1, 0..63, -7..1_000, 5..6_405, i64::MIN..i64::MAX] {
            for asked in [1, 2, 3, 8, 100] {
                for is_reduction in [false, true] {
                    let cut = Cut::new(rounds.clone(), asked, is_reduction);
                    let count = cut.count();
                    assert!((1..=asked).contains(&count), "{rounds:?} in {asked}");
                    let mut next = rounds.start;
                    for index in 0..count {
                        let piece = cut.piece(index);
                        assert!(piece.start == next && !piece.is_empty(), "{piece:?}");
                        next = piece.end;
                    }
                    assert_eq!(next, rounds.end);
                }
            }
        }
    }
}
