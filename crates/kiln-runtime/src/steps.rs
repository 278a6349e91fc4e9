//! A call in steps: loops in pieces on several threads, and between them what
//! runs once.
//!
//! All code that a call may need is there before it begins, since what has
//! stored cannot go back to code that is not there. Each piece has a frame of
//! its own. A piece whose indices may leave their array stores nothing and is
//! run by the guarded variant, as a whole call is. A step begins when all
//! pieces of the one before it have ended, so it sees what they stored; the
//! failure of the first step that fails is that of the call.
//!
//! The interpreter runs array kernels on one thread: it takes each array that
//! is written as a slice of its own, which cannot be in two hands.

use crate::arg::Arg;
use crate::arrays::{Inner, named};
use crate::compiled::Compiled;
use crate::cut::{Cut, combined};
use crate::error::RuntimeError;
use crate::frame::Frame;
use crate::level::{Level, Ran, Tier};
use crate::native::Form;
use crate::pieces::{Block, Coded, Inside, Known, Once, Opened, Rounds, Small, Step};
use crate::stats::count;
use crate::stop::Stop;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

impl Inner {
    /// Runs it on at most `most` threads; `None` if it does not come in
    /// pieces, or more than one does not pay.
    pub(crate) fn run_steps(
        &self,
        most: usize,
        args: &mut [Arg<'_>],
        results: &mut [u64],
        stop: Option<&Stop>,
    ) -> Option<Result<Ran, RuntimeError>> {
        let pieces = self.pieces().as_ref().ok()?;
        let opened = pieces.worth(&self.engine.threads, most, args)?;
        if !self.is_ready(&pieces.body, &opened) {
            return None;
        }
        count(&self.engine.counters.parallel);
        let mut call = Call {
            kernel: self,
            most,
            opened: &opened,
            known: pieces.known(),
            args,
            stop,
            level: Level::One,
        };
        let done = self.engine.threads.enter(|| {
            let yields = call.block(&pieces.body)?;
            results.copy_from_slice(&yields);
            Ok(Ran {
                tier: Tier::Native,
                level: call.level,
            })
        });
        Some(done.map_err(|error| named(error, self.func.name())))
    }

    /// Whether there is code for all that steps run.
    fn is_ready(&self, block: &Block, opened: &[bool]) -> bool {
        let mut steps = block.steps.iter();
        steps.all(|step| match step {
            Step::Rounds(Rounds { code, .. }) | Step::Once(Once { code, .. }) => {
                self.code(code).is_some()
            }
            Step::Inside(inside) if !opened[inside.index] => self.code(&inside.once.code).is_some(),
            Step::Inside(inside) => match &inside.kind {
                Opened::If { sides, .. } => sides.iter().all(|side| self.is_ready(side, opened)),
                Opened::For { body, .. } => self.is_ready(body, opened),
                Opened::While { test, body, .. } => {
                    self.is_ready(test, opened) && self.is_ready(body, opened)
                }
            },
        })
    }

    /// Code and, if that can retry, the guarded variant of it.
    fn code<'k>(&self, coded: &'k Coded) -> Option<(&'k Compiled, Option<&'k Compiled>)> {
        let fast = self.native(&coded.fast, Form::Frame, &coded.func)?;
        let guarded = match fast.can_retry() {
            true => Some(self.native(&coded.guarded, Form::Guarded, &coded.func)?),
            false => None,
        };
        Some((fast, guarded))
    }
}

/// A call while its steps run.
struct Call<'c, 'a> {
    kernel: &'c Inner,
    most: usize,
    opened: &'c [bool],
    known: Known<'c>,
    args: &'c mut [Arg<'a>],
    stop: Option<&'c Stop>,
    /// The highest level of the code of loops that ran.
    level: Level,
}

impl Call<'_, '_> {
    /// Runs steps; gives what they yield. Recurses on what is opened, which
    /// nests no deeper than passes allow.
    fn block(&mut self, block: &Block) -> Result<Vec<u64>, RuntimeError> {
        for step in &block.steps {
            self.check_stop()?;
            match step {
                Step::Rounds(rounds) => self.rounds(rounds)?,
                Step::Once(once) => self.once(once)?,
                Step::Inside(inside) if self.opened[inside.index] => self.inside(inside)?,
                Step::Inside(inside) => self.once(&inside.once)?,
            }
        }
        self.small(&block.yields)
    }

    fn check_stop(&self) -> Result<(), RuntimeError> {
        match self.stop.is_some_and(Stop::is_raised) {
            true => Err(RuntimeError::Stopped),
            false => Ok(()),
        }
    }

    fn small(&mut self, small: &Small) -> Result<Vec<u64>, RuntimeError> {
        small.run(self.args, &self.known).unwrap_or_else(unknown)
    }

    /// The code of a step, and a frame with all its arguments but those
    /// behind the known values.
    fn code<'k>(
        &mut self,
        coded: &'k Coded,
    ) -> Result<(Frame<'k>, &'k Compiled, Option<&'k Compiled>), RuntimeError> {
        let (fast, guarded) = match self.kernel.code(coded) {
            Some(code) => code,
            None => return unknown(),
        };
        let mut frame = self.kernel.frame(fast, self.args, self.stop);
        let first = self.args.len();
        match self.known.get(&coded.takes) {
            Some(slots) => {
                for (param, slot) in (first..).zip(slots) {
                    frame.set_scalar(param, slot);
                }
            }
            None => return unknown(),
        }
        Ok((frame, fast, guarded))
    }

    fn once(&mut self, once: &Once) -> Result<(), RuntimeError> {
        let (mut frame, fast, guarded) = self.code(&once.code)?;
        self.kernel.run_piece(fast, guarded, &mut frame)?;
        for (index, &value) in once.gives.iter().enumerate() {
            self.known.set(value, frame.result(index));
        }
        Ok(())
    }

    fn rounds(&mut self, rounds: &Rounds) -> Result<(), RuntimeError> {
        let threads = &self.kernel.engine.threads;
        let cut = rounds.cut(threads, self.most, self.args, &self.known);
        let (cut, most) = match cut {
            Some(cut) => cut?.unzip(),
            None => return unknown(),
        };
        let pieces = cut.as_ref().map_or(0, Cut::count);
        let totals = &rounds.totals;
        let values: Vec<AtomicU64> = (0..pieces * totals.len())
            .map(|_| AtomicU64::new(0))
            .collect();
        if let (Some(cut), Some(most)) = (cut, most) {
            let (whole, fast, guarded) = self.code(&rounds.code)?;
            self.level = self.level.max(fast.level());
            let further = self.args.len() + rounds.code.takes.len();
            let (kernel, stop) = (self.kernel, self.stop);
            // From here on threads share the arguments; nobody else does, as
            // they are borrowed for the call.
            threads.run(most, pieces, &|piece| {
                if stop.is_some_and(Stop::is_raised) {
                    return Err(RuntimeError::Stopped);
                }
                let mut frame = whole.copy();
                let Range { start, end } = cut.piece(piece);
                frame.set_scalar(further, start as u64);
                frame.set_scalar(further + 1, end as u64);
                kernel.run_piece(fast, guarded, &mut frame)?;
                for index in 0..totals.len() {
                    let slot = frame.result(index);
                    values[piece * totals.len() + index].store(slot, Ordering::Relaxed);
                }
                Ok(())
            })?;
        }
        // Whoever waited for the pieces sees what they stored.
        for (index, &(combine, scalar, value)) in totals.iter().enumerate() {
            let of_pieces = values.iter().skip(index).step_by(totals.len());
            let of_pieces = of_pieces.map(|slot| slot.load(Ordering::Relaxed));
            let total = combined(combine, scalar, of_pieces);
            self.known.set(value, total.bits());
        }
        Ok(())
    }

    fn inside(&mut self, inside: &Inside) -> Result<(), RuntimeError> {
        let results = match &inside.kind {
            Opened::If { cond, sides } => {
                let is_true = self.small(cond)?[0] != 0;
                self.block(&sides[usize::from(!is_true)])?
            }
            Opened::For { enter, args, body } => {
                let mut carried = self.small(enter)?;
                let range = carried[0] as i64..carried[1] as i64;
                carried.drain(..2);
                for round in range {
                    self.known.set(args[0], round as u64);
                    self.known.set_all(&args[1..], &carried);
                    carried = self.block(body)?;
                }
                carried
            }
            Opened::While {
                enter,
                test_args,
                test,
                args,
                body,
            } => {
                let mut carried = self.small(enter)?;
                loop {
                    self.check_stop()?;
                    self.known.set_all(test_args, &carried);
                    if self.block(test)?[0] == 0 {
                        break carried;
                    }
                    self.known.set_all(args, &carried);
                    carried = self.block(body)?;
                }
            }
        };
        self.known.set_all(&inside.once.gives, &results);
        Ok(())
    }
}

/// What a step takes is made before it begins, and so is its code.
#[cold]
fn unknown<T>() -> Result<T, RuntimeError> {
    Err(RuntimeError::Code {
        what: "a step began before what it needs".to_owned(),
    })
}
