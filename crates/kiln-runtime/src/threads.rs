//! Threads: on how many a call may run, and who runs its pieces.
//!
//! A call is cut into pieces. Each thread begins with those of a share of its
//! own, the same in the next call and in the next step of one if all threads of
//! the pool may run, because what it touched is in its cache; then it takes what is left of the others, so a
//! thread that is kept from its work holds up one piece and no more. A call
//! that is made on a worker of a rayon pool stays in that pool; any other one
//! uses the pool of its engine, which is made when it is first wanted. The
//! calling thread never waits for a piece that nobody runs: inside a pool it
//! takes pieces itself, and outside the pool has threads of its own. In a child of
//! `fork`, where those threads do not exist, calls run on one thread.
//!
//! Deliberately absent: affinity, and pieces whose number depends on how busy
//! the machine is.

use std::sync::OnceLock;
#[cfg(feature = "rayon")]
use {
    rayon::{ThreadPool, ThreadPoolBuilder},
    std::sync::atomic::{AtomicUsize, Ordering},
    std::sync::{Mutex, PoisonError},
};

/// On how many threads the calls of a kernel run. Made from a `bool` or a
/// number with `into()`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
#[non_exhaustive]
pub enum Parallel {
    /// As the engine is set up, which is on one unless it is told otherwise.
    #[default]
    AsEngine,
    /// On the calling thread alone.
    Off,
    /// On as many as the engine may use.
    On,
    /// On at most so many, and no more than the engine may use.
    AtMost(usize),
}

impl From<bool> for Parallel {
    fn from(is_on: bool) -> Parallel {
        match is_on {
            true => Parallel::On,
            false => Parallel::Off,
        }
    }
}

impl From<usize> for Parallel {
    fn from(threads: usize) -> Parallel {
        Parallel::AtMost(threads)
    }
}

/// Work that pays for waking a thread, in prices of vector ops, unless the
/// engine is told otherwise (docs/performance.md, "Threads").
pub(crate) const PIECE_WORK: u64 = 200_000;

/// Pieces for each thread, so that one which comes late, or is held up, leaves
/// the rest of its share to others.
const PIECES_PER_THREAD: usize = 4;

/// The threads of an engine.
#[derive(Debug)]
pub(crate) struct Threads {
    /// How many calls may use, where that is set.
    asked: Option<usize>,
    budget: OnceLock<usize>,
    /// What [`Parallel::AsEngine`] means.
    is_parallel: bool,
    /// The least work of a thread.
    piece_work: u64,
    #[cfg(feature = "rayon")]
    pool: OnceLock<Option<Pool>>,
}

#[cfg(feature = "rayon")]
#[derive(Debug)]
struct Pool {
    threads: ThreadPool,
    process: u32,
}

impl Threads {
    pub(crate) fn new(asked: Option<usize>, is_parallel: bool, piece_work: u64) -> Threads {
        Threads {
            asked,
            budget: OnceLock::new(),
            is_parallel,
            piece_work: piece_work.max(1),
            #[cfg(feature = "rayon")]
            pool: OnceLock::new(),
        }
    }

    /// How many threads calls may use at most.
    pub(crate) fn budget(&self) -> usize {
        // Asking the system takes as long as many a call.
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        *self
            .budget
            .get_or_init(|| self.asked.unwrap_or_else(available).max(1))
    }

    /// How many threads a call may use.
    pub(crate) fn of(&self, parallel: Parallel) -> usize {
        let most = match parallel {
            _ if cfg!(not(feature = "rayon")) => return 1,
            Parallel::AsEngine if !self.is_parallel => return 1,
            Parallel::Off => return 1,
            Parallel::AsEngine | Parallel::On => usize::MAX,
            Parallel::AtMost(threads) => threads.max(1),
        };
        most.min(self.budget())
    }

    /// How many of `most` threads `rounds` of `work` each are worth, at least
    /// one.
    pub(crate) fn worth(&self, most: usize, rounds: usize, work: u64) -> usize {
        let all = work.saturating_mul(rounds as u64);
        let worth = usize::try_from(all / self.piece_work).unwrap_or(usize::MAX);
        worth.min(most).clamp(1, rounds.max(1))
    }
}

/// Into how many pieces `rounds` are cut for as many threads.
pub(crate) fn pieces(threads: usize, rounds: usize) -> usize {
    match threads {
        0 | 1 => 1,
        _ => threads.saturating_mul(PIECES_PER_THREAD).min(rounds),
    }
}

#[cfg(feature = "rayon")]
impl Threads {
    /// Runs the pieces `0..pieces` on at most `threads` threads. None begins
    /// behind one that has failed.
    ///
    /// # Errors
    /// The failure of the first piece that fails.
    pub(crate) fn run<E: Send>(
        &self,
        threads: usize,
        pieces: usize,
        piece: &(dyn Fn(usize) -> Result<(), E> + Sync),
    ) -> Result<(), E> {
        let threads = threads.min(pieces);
        let inside = rayon::current_thread_index().is_some();
        let pool = match inside || threads <= 1 {
            true => None,
            false => self.pool(),
        };
        let queue = Queue::new(threads, pieces, piece);
        match pool {
            Some(pool) => pool.install(|| queue.share(threads)),
            None if inside => queue.share(threads),
            None => queue.work(),
        }
        queue.result()
    }

    /// Does something on a thread of the pool that pieces run on, so that they
    /// are handed out from there.
    pub(crate) fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let pool = match rayon::current_thread_index() {
            Some(_) => None,
            None => self.pool(),
        };
        match pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// The pool of the engine; `None` if there is none in this process.
    fn pool(&self) -> Option<&ThreadPool> {
        let process = std::process::id();
        let pool = self.pool.get_or_init(|| {
            let threads = ThreadPoolBuilder::new()
                .num_threads(self.budget())
                .thread_name(|index| format!("kiln-{index}"))
                .build();
            let threads = threads.ok()?;
            Some(Pool { threads, process })
        });
        let pool = pool.as_ref().filter(|pool| pool.process == process);
        pool.map(|pool| &pool.threads)
    }
}

#[cfg(not(feature = "rayon"))]
impl Threads {
    /// Does something where pieces run.
    pub(crate) fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// Runs the pieces `0..pieces` in order.
    ///
    /// # Errors
    /// The failure of the first piece that fails.
    pub(crate) fn run<E: Send>(
        &self,
        _threads: usize,
        pieces: usize,
        piece: &(dyn Fn(usize) -> Result<(), E> + Sync),
    ) -> Result<(), E> {
        (0..pieces).try_for_each(piece)
    }
}

/// The pieces of a call.
#[cfg(feature = "rayon")]
struct Queue<'a, E> {
    piece: &'a (dyn Fn(usize) -> Result<(), E> + Sync),
    /// A share for each thread: the next of its pieces, and one past the last.
    shares: Vec<(AtomicUsize, usize)>,
    /// The lowest piece that has failed.
    failed: AtomicUsize,
    failure: Mutex<Option<(usize, E)>>,
}

#[cfg(feature = "rayon")]
impl<'a, E: Send> Queue<'a, E> {
    fn new(
        threads: usize,
        pieces: usize,
        piece: &'a (dyn Fn(usize) -> Result<(), E> + Sync),
    ) -> Queue<'a, E> {
        let threads = threads.max(1);
        let first = |share: usize| share * (pieces / threads) + share.min(pieces % threads);
        let share = |share: usize| (AtomicUsize::new(first(share)), first(share + 1));
        Queue {
            piece,
            shares: (0..threads).map(share).collect(),
            failed: AtomicUsize::new(usize::MAX),
            failure: Mutex::new(None),
        }
    }

    /// Lets `threads` threads of the pool around it take pieces.
    fn share(&self, threads: usize) {
        rayon::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|_| self.work());
            }
            self.work();
        });
    }

    /// Takes pieces until there are none, first those of its own share.
    fn work(&self) {
        let own = rayon::current_thread_index().unwrap_or(0) % self.shares.len();
        let (others, mine) = self.shares.split_at(own);
        for (next, end) in mine.iter().chain(others) {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= *end || index > self.failed.load(Ordering::Relaxed) {
                    break;
                }
                self.run(index);
            }
        }
    }

    fn run(&self, index: usize) {
        let Err(error) = (self.piece)(index) else {
            return;
        };
        self.failed.fetch_min(index, Ordering::Relaxed);
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.as_ref().is_none_or(|(lowest, _)| index < *lowest) {
            *failure = Some((index, error));
        }
    }

    fn result(self) -> Result<(), E> {
        let failure = self.failure.into_inner();
        match failure.unwrap_or_else(PoisonError::into_inner) {
            Some((_, error)) => Err(error),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn pieces_are_worth_their_while() {
        let threads = Threads::new(None, true, PIECE_WORK);
        let worth = |most, rounds, work| threads.worth(most, rounds, work);
        assert_eq!(worth(1, 1 << 30, 1_000), 1);
        assert_eq!(worth(8, 0, 1_000), 1);
        assert_eq!(worth(8, 100, PIECE_WORK / 51), 1);
        assert_eq!(worth(8, 100, PIECE_WORK / 50), 2);
        assert_eq!(worth(8, 3, u64::MAX), 3);
        assert_eq!(worth(8, 1 << 30, 1_000), 8);
        assert_eq!(pieces(1, 1 << 30), 1);
        assert_eq!(pieces(8, 1 << 30), 8 * PIECES_PER_THREAD);
        assert_eq!(pieces(3, 3), 3);
    }

    #[test]
    fn a_budget_bounds_what_a_kernel_asks_for() {
        let threads = Threads::new(Some(3), false, 1);
        let most = |budget: usize| if cfg!(feature = "rayon") { budget } else { 1 };
        assert_eq!(threads.of(Parallel::AsEngine), 1);
        assert_eq!(threads.of(Parallel::Off), 1);
        assert_eq!(threads.of(true.into()), most(3));
        assert_eq!(threads.of(2.into()), most(2));
        assert_eq!(threads.of(8.into()), most(3));
        assert_eq!(threads.of(0.into()), 1);
        let threads = Threads::new(Some(2), true, 1);
        assert_eq!(threads.of(Parallel::AsEngine), most(2));
        assert_eq!(threads.of(false.into()), 1);
    }

    #[test]
    fn every_piece_runs_once_and_the_first_failure_counts() {
        let threads = Threads::new(Some(4), true, 1);
        for failing in [[400, 400], [7, 91], [0, 1], [399, 399]] {
            let ran: Vec<AtomicU64> = (0..400).map(|_| AtomicU64::new(0)).collect();
            let result = threads.run(4, 400, &|piece| {
                ran[piece].fetch_add(1, Ordering::Relaxed);
                match failing.contains(&piece) {
                    true => Err(piece),
                    false => Ok(()),
                }
            });
            let lowest = failing[0];
            assert_eq!(result.err(), (lowest < 400).then_some(lowest));
            let times = |piece: usize| ran[piece].load(Ordering::Relaxed);
            assert!((0..400.min(lowest + 1)).all(|piece| times(piece) == 1));
            assert!((0..400).all(|piece| times(piece) <= 1));
        }
    }
}
