//! Array kernels in pieces: their steps, made ready to run, and which of them
//! are worth several threads.
//!
//! What a step computes is code, made of the Funcs of [`kiln_opt::pieces`]:
//! of a loop in pieces the rounds between two numbers. Everything small, such
//! as how many rounds there are, the interpreter finds out at each call. What
//! a call is worth is asked before it begins, so one that is worth nothing
//! runs as if there were no steps; values that only a step gives are not known
//! by then, and a loop whose length is one of those counts for nothing.

use crate::arg::{Arg, Kind};
use crate::arrays::interpreter_arg;
use crate::cut::Cut;
use crate::error::RuntimeError;
use crate::interpret::Interpreted;
use crate::limits::Limits;
use crate::native::Code;
use crate::threads::{Threads, pieces};
use kiln_ir::{Combine, Const, Func, Scalar};
use kiln_opt::{NotInPieces, OptConfig};
use std::sync::Arc;

/// Rows of a vector that share a price.
const VECTOR_ROWS: u64 = 4;

/// A Func in pieces.
pub(crate) struct InPieces {
    /// The whole Func.
    pub(crate) body: Block,
    values: Vec<Scalar>,
    insides: usize,
    /// Whether all its outermost loops are.
    pub(crate) all: Result<(), RuntimeError>,
}

/// Steps that run one after the other.
pub(crate) struct Block {
    pub(crate) steps: Vec<Step>,
    pub(crate) yields: Small,
}

/// A part of the whole.
pub(crate) enum Step {
    /// A loop whose rounds run at once.
    Rounds(Rounds),
    /// What runs once.
    Once(Once),
    /// A loop or a branch with steps in it.
    Inside(Inside),
}

/// A Func of the arguments of a call and of known values, as code.
pub(crate) struct Coded {
    pub(crate) func: Arc<Func>,
    /// The values that follow the arguments.
    pub(crate) takes: Vec<usize>,
    pub(crate) fast: Code,
    pub(crate) guarded: Code,
}

/// A Func of the arguments of a call and of known values, interpreted.
pub(crate) struct Small {
    /// `None` if it gives nothing and asks nothing.
    program: Option<Interpreted>,
    takes: Vec<usize>,
    gives: usize,
}

/// A loop in pieces.
pub(crate) struct Rounds {
    /// The rounds between two numbers, its last arguments.
    pub(crate) code: Coded,
    /// Gives the first round and one past the last.
    range: Small,
    /// What a round costs, in the time of one op on a whole vector.
    work: u64,
    /// The arrays of which a round goes over elements of its own.
    arrays: Vec<usize>,
    /// How the values of pieces are combined, and which values that makes
    /// known.
    pub(crate) totals: Vec<(Combine, Scalar, usize)>,
}

/// A step that runs once, and the values that its results are.
pub(crate) struct Once {
    pub(crate) code: Coded,
    pub(crate) gives: Vec<usize>,
}

/// A loop or a branch with steps in it.
pub(crate) struct Inside {
    /// It among all of them.
    pub(crate) index: usize,
    /// The same as one step.
    pub(crate) once: Once,
    pub(crate) kind: Opened,
}

/// What has steps in it; as [`kiln_opt::Kind`].
pub(crate) enum Opened {
    If {
        cond: Small,
        sides: Box<[Block; 2]>,
    },
    For {
        enter: Small,
        args: Vec<usize>,
        body: Box<Block>,
    },
    While {
        enter: Small,
        test_args: Vec<usize>,
        test: Box<Block>,
        args: Vec<usize>,
        body: Box<Block>,
    },
}

/// The values that steps have given so far in a call.
pub(crate) struct Known<'k> {
    scalars: &'k [Scalar],
    slots: Vec<Option<u64>>,
}

impl Known<'_> {
    pub(crate) fn set(&mut self, value: usize, slot: u64) {
        self.slots[value] = Some(Const::from_bits(self.scalars[value], slot).bits());
    }

    pub(crate) fn set_all(&mut self, values: &[usize], slots: &[u64]) {
        for (&value, &slot) in values.iter().zip(slots) {
            self.set(value, slot);
        }
    }

    /// The values of these, if all are known.
    pub(crate) fn get(&self, values: &[usize]) -> Option<Vec<u64>> {
        values.iter().map(|&value| self.slots[value]).collect()
    }
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
            on_compile_thread(move || kiln_opt::pieces(&func, &config))?.map_err(refused)?
        };
        let all = made.check_all().map_err(|why| refused(why.clone()));
        Ok(InPieces {
            body: Block::new(made.body)?,
            values: made.values,
            insides: made.insides,
            all,
        })
    }

    /// Values of which none is known.
    pub(crate) fn known(&self) -> Known<'_> {
        Known {
            scalars: &self.values,
            slots: vec![None; self.values.len()],
        }
    }

    /// Which of the loops and branches with steps in them are opened in a
    /// call on at most `most` threads; `None` if nothing is worth more than
    /// one.
    pub(crate) fn worth(
        &self,
        threads: &Threads,
        most: usize,
        args: &mut [Arg<'_>],
    ) -> Option<Vec<bool>> {
        let mut guess = Guess {
            threads,
            most,
            known: self.known(),
            opened: vec![false; self.insides],
        };
        guess.block(&self.body, args).then_some(guess.opened)
    }
}

/// Goes through the steps before they run.
struct Guess<'g> {
    threads: &'g Threads,
    most: usize,
    known: Known<'g>,
    opened: Vec<bool>,
}

impl Guess<'_> {
    /// Whether a step is worth several threads. Recurses on what is opened,
    /// which nests no deeper than passes allow.
    fn block(&mut self, block: &Block, args: &mut [Arg<'_>]) -> bool {
        let mut is_worth = false;
        for step in &block.steps {
            is_worth |= match step {
                Step::Rounds(rounds) => {
                    let cut = rounds.cut(self.threads, self.most, args, &self.known);
                    matches!(cut, Some(Ok(Some((cut, _)))) if cut.count() > 1)
                }
                Step::Once(_) => false,
                Step::Inside(inside) => {
                    let is_worth = self.inside(inside, args);
                    self.opened[inside.index] = is_worth;
                    is_worth
                }
            };
        }
        is_worth
    }

    /// A counted loop is taken for as many of its rounds as the one in the
    /// middle, as loops inside may grow or shrink; what rounds carry, for what
    /// is carried into the first.
    fn inside(&mut self, inside: &Inside, args: &mut [Arg<'_>]) -> bool {
        let value = |small: &Small, known: &Known<'_>, args: &mut [Arg<'_>]| {
            small.run(args, known).and_then(Result::ok)
        };
        match &inside.kind {
            Opened::If { cond, sides } => {
                let cond = value(cond, &self.known, args);
                let [then, otherwise] = &**sides;
                match cond.as_deref() {
                    Some([0]) => self.block(otherwise, args),
                    Some(_) => self.block(then, args),
                    None => self.block(then, args) | self.block(otherwise, args),
                }
            }
            Opened::For {
                enter,
                args: inner,
                body,
            } => {
                let Some(entered) = value(enter, &self.known, args) else {
                    return false;
                };
                let (lo, hi) = (entered[0] as i64, entered[1] as i64);
                if lo >= hi {
                    return false;
                }
                self.known.set(inner[0], lo.midpoint(hi) as u64);
                self.known.set_all(&inner[1..], &entered[2..]);
                self.block(body, args)
            }
            Opened::While {
                enter,
                test_args,
                test,
                args: inner,
                body,
            } => {
                if let Some(carried) = value(enter, &self.known, args) {
                    self.known.set_all(test_args, &carried);
                    self.known.set_all(inner, &carried);
                }
                self.block(test, args) | self.block(body, args)
            }
        }
    }
}

impl Block {
    fn new(block: kiln_opt::Block) -> Result<Block, RuntimeError> {
        let steps = block.steps.into_iter().map(Step::new);
        Ok(Block {
            steps: steps.collect::<Result<_, _>>()?,
            yields: Small::new(block.yields)?,
        })
    }
}

impl Step {
    fn new(step: kiln_opt::Step) -> Result<Step, RuntimeError> {
        Ok(match step {
            kiln_opt::Step::Rounds(rounds) => Step::Rounds(Rounds {
                code: Coded::new(rounds.part),
                range: Small::new(rounds.range)?,
                work: rounds.work.into(),
                arrays: rounds.arrays,
                totals: rounds.totals,
            }),
            kiln_opt::Step::Once(once) => Step::Once(Once::new(once)),
            kiln_opt::Step::Inside(inside) => Step::Inside(Inside {
                index: inside.index,
                once: Once::new(inside.once),
                kind: Opened::new(inside.kind)?,
            }),
        })
    }
}

impl Opened {
    fn new(kind: kiln_opt::Kind) -> Result<Opened, RuntimeError> {
        let boxed = |block: Box<kiln_opt::Block>| Block::new(*block).map(Box::new);
        Ok(match kind {
            kiln_opt::Kind::If { cond, sides } => {
                let [then, otherwise] = *sides;
                Opened::If {
                    cond: Small::new(cond)?,
                    sides: Box::new([Block::new(then)?, Block::new(otherwise)?]),
                }
            }
            kiln_opt::Kind::For { enter, args, body } => Opened::For {
                enter: Small::new(enter)?,
                args,
                body: boxed(body)?,
            },
            kiln_opt::Kind::While {
                enter,
                test_args,
                test,
                args,
                body,
            } => Opened::While {
                enter: Small::new(enter)?,
                test_args,
                test: boxed(test)?,
                args,
                body: boxed(body)?,
            },
        })
    }
}

impl Once {
    fn new(once: kiln_opt::Once) -> Once {
        Once {
            code: Coded::new(once.part),
            gives: once.gives,
        }
    }
}

impl Coded {
    fn new(part: kiln_opt::Part) -> Coded {
        Coded {
            func: Arc::new(part.func),
            takes: part.takes,
            fast: Code::new(),
            guarded: Code::new(),
        }
    }
}

impl Small {
    fn new(part: kiln_opt::Part) -> Result<Small, RuntimeError> {
        let gives = part.func.results().len();
        let is_needed = gives > 0 || part.func.can_fail();
        let program = is_needed.then(|| Interpreted::new(&part.func));
        Ok(Small {
            program: program.transpose()?,
            takes: part.takes,
            gives,
        })
    }

    /// What it gives; `None` if not all is known that it takes.
    pub(crate) fn run(
        &self,
        args: &mut [Arg<'_>],
        known: &Known<'_>,
    ) -> Option<Result<Vec<u64>, RuntimeError>> {
        let Some(program) = &self.program else {
            return Some(Ok(Vec::new()));
        };
        let slots = known.get(&self.takes)?;
        let values = self.takes.iter().zip(slots);
        let values = values.map(|(&value, slot)| Const::from_bits(known.scalars[value], slot));
        let args = args.iter_mut().map(interpreter_arg);
        let mut args: Vec<kiln_interp::Arg<'_>> =
            args.chain(values.map(kiln_interp::Arg::Value)).collect();
        let mut gives = vec![0; self.gives];
        let done = program.run(&mut args, &mut gives, None);
        Some(match done {
            Ok(()) => Ok(gives),
            Err(failure) => Err(program.error(failure, None)),
        })
    }
}

impl Rounds {
    /// The rounds of a call in pieces, and how many threads these are worth;
    /// `None` if what it takes is not known, and nothing if there are no
    /// rounds.
    pub(crate) fn cut(
        &self,
        threads: &Threads,
        most: usize,
        args: &mut [Arg<'_>],
        known: &Known<'_>,
    ) -> Option<Result<Option<(Cut, usize)>, RuntimeError>> {
        let range = match self.range.run(args, known)? {
            Ok(range) => range,
            Err(error) => return Some(Err(error)),
        };
        let [first, end] = [range[0] as i64, range[1] as i64];
        if first >= end {
            return Some(Ok(None));
        }
        let all = usize::try_from(end.abs_diff(first)).unwrap_or(usize::MAX);
        let threads = threads.worth(most, all, self.work(args, all));
        let asked = pieces(threads, all);
        let cut = Cut::new(first..end, asked, !self.totals.is_empty());
        Some(Ok(Some((cut, threads))))
    }

    /// What a round costs on average: where it goes over elements of its own,
    /// as many times as there are of these.
    fn work(&self, args: &[Arg<'_>], rounds: usize) -> u64 {
        let elements = self.arrays.iter().map(|&array| match &args[array].0 {
            Kind::Read(_, grid) | Kind::Write(_, grid) | Kind::Output(_, grid, _) => {
                grid.shape().iter().product()
            }
            Kind::Value(_) => 0,
        });
        let inner = (elements.max().unwrap_or(0) / rounds.max(1)).max(1);
        (self.work.saturating_mul(inner as u64) / VECTOR_ROWS).max(1)
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
