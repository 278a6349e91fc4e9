//! The threads that compile: ours, because a compiler needs a deep stack and
//! a clean floating-point environment, and a caller's thread may have neither.
//!
//! Threads start when they are first needed, as many as there are processors
//! at most, and stay: starting one costs as much as a small compile. A child
//! of `fork` has none of its parent's threads, so the pool remembers whose it
//! is and a child compiles on threads of its own.

use crate::fpenv;
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

/// Stack of a compile thread, in bytes. Code generators recurse in places on
/// the program they compile; 512 KiB was seen to be too little.
const STACK_BYTES: usize = 16 << 20;

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    /// The process whose threads serve it.
    process: u32,
    queue: Mutex<Queue>,
    ready: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

/// Why a job gave no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It panicked, with this message.
    Panic(String),
    /// The system gave no thread.
    Thread(std::io::Error),
}

/// Runs `work` on a compile thread under the default floating-point
/// environment and waits for it.
pub(crate) fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let job = Box::new(move || {
        // What the work shares with others is only read, or replaced whole
        // when it succeeds, so nothing half-done is seen after a panic.
        let result = fpenv::with_default(|| catch_unwind(AssertUnwindSafe(work)));
        // The receiver waits below and does not go away first.
        let _ = sender.send(result);
    });
    submit(job).map_err(Failure::Thread)?;
    match receiver.recv() {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(panic)) => Err(Failure::Panic(message(&*panic))),
        Err(mpsc::RecvError) => Err(Failure::Panic("the compile thread ended".to_owned())),
    }
}

fn submit(job: Job) -> std::io::Result<()> {
    let pool = pool();
    let mut queue = lock(&pool.queue);
    queue.jobs.push_back(job);
    if queue.idle >= queue.jobs.len() || queue.threads >= threads_max() {
        pool.ready.notify_one();
        return Ok(());
    }
    let spawned = {
        let pool = pool.clone();
        thread::Builder::new()
            .name("kiln-compile".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || serve(&pool))
    };
    match spawned {
        Ok(_) => {
            queue.threads += 1;
            Ok(())
        }
        // Those that run will come to it.
        Err(_) if queue.threads > 0 => {
            pool.ready.notify_one();
            Ok(())
        }
        Err(error) => {
            queue.jobs.pop_back();
            Err(error)
        }
    }
}

fn serve(pool: &Pool) {
    let mut queue = lock(&pool.queue);
    loop {
        match queue.jobs.pop_front() {
            Some(job) => {
                drop(queue);
                job();
                queue = lock(&pool.queue);
            }
            None => {
                queue.idle += 1;
                queue = pool
                    .ready
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                queue.idle -= 1;
            }
        }
    }
}

/// The pool of this process.
fn pool() -> Arc<Pool> {
    static POOL: OnceLock<Mutex<Arc<Pool>>> = OnceLock::new();
    let process = std::process::id();
    let new = || {
        Arc::new(Pool {
            process,
            queue: Mutex::default(),
            ready: Condvar::new(),
        })
    };
    let mut current = lock(POOL.get_or_init(|| Mutex::new(new())));
    if current.process != process {
        *current = new();
    }
    current.clone()
}

fn threads_max() -> usize {
    static MAX: OnceLock<usize> = OnceLock::new();
    *MAX.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

/// Locks, poisoned or not: no holder of these locks panics half-way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_value_and_the_thread_goes_on() {
        for _ in 0..3 {
            let failed = run(|| -> i32 { panic!("stage {}", 7) });
            assert!(matches!(failed, Err(Failure::Panic(m)) if m == "stage 7"));
            assert_eq!(run(|| 5).ok(), Some(5));
        }
    }

    #[test]
    fn the_stack_is_deep() {
        fn recurse(depth: u32) -> u64 {
            let frame = std::hint::black_box([u64::from(depth); 128]);
            if depth == 0 {
                return frame[0];
            }
            recurse(depth - 1) + frame[1]
        }
        // 10,000 frames of a kilobyte each.
        assert_eq!(run(|| recurse(10_000)).ok(), Some(10_000 * 10_001 / 2));
    }

    #[test]
    fn many_callers_share_the_threads() {
        let callers: Vec<_> = (0..16u64)
            .map(|i| thread::spawn(move || run(move || i * i).ok()))
            .collect();
        for (i, caller) in (0u64..).zip(callers) {
            assert_eq!(caller.join().ok().flatten(), Some(i * i));
        }
    }
}
