//! Stopping a call: by hand, or when its time is up.
//!
//! A call looks at a flag on the way back in each unbounded loop, once in
//! 1,024 rounds. A deadline is kept by one thread of ours, which starts with
//! the first deadline, sleeps until the next one and raises its flag; so no
//! loop asks for the time.

use crate::error::RuntimeError;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// The means to end calls early. Clones are the same; a call that is stopped
/// ends with [`RuntimeError::Stopped`], and what it has stored stays.
#[derive(Clone, Default, Debug)]
pub struct Stop(pub(crate) Arc<AtomicBool>);

impl Stop {
    /// One that [`raise`](Stop::raise) raises.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// One that is raised when this time has passed. Dropped before, it costs
    /// nothing further.
    ///
    /// # Errors
    /// When the system gives no thread to keep the time.
    pub fn after(time: Duration) -> Result<Stop, RuntimeError> {
        let stop = Stop::default();
        match Instant::now().checked_add(time) {
            Some(at) => clock()?.add(at, Arc::downgrade(&stop.0)),
            None => drop(clock()?),
        }
        Ok(stop)
    }

    /// Ends the calls that were made with this, and those that will be.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was raised.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Deadlines, the next one first.
#[derive(Default)]
struct Clock {
    deadlines: Mutex<BinaryHeap<Reverse<Deadline>>>,
    added: Condvar,
}

struct Deadline {
    at: Instant,
    flag: Weak<AtomicBool>,
}

impl PartialEq for Deadline {
    fn eq(&self, other: &Deadline) -> bool {
        self.at == other.at
    }
}

impl Eq for Deadline {}

impl PartialOrd for Deadline {
    fn partial_cmp(&self, other: &Deadline) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Deadline {
    fn cmp(&self, other: &Deadline) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl Clock {
    fn add(&self, at: Instant, flag: Weak<AtomicBool>) {
        let mut deadlines = lock(&self.deadlines);
        deadlines.push(Reverse(Deadline { at, flag }));
        drop(deadlines);
        self.added.notify_one();
    }

    fn serve(&self) {
        let mut deadlines = lock(&self.deadlines);
        loop {
            let now = Instant::now();
            let next = deadlines.peek().map(|Reverse(next)| next.at);
            deadlines = match next {
                Some(at) if at <= now => {
                    if let Some(Reverse(past)) = deadlines.pop()
                        && let Some(flag) = past.flag.upgrade()
                    {
                        flag.store(true, Ordering::Relaxed);
                    }
                    deadlines
                }
                Some(at) => {
                    let waited = self.added.wait_timeout(deadlines, at - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.added.wait(deadlines);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
    }
}

/// The clock of this process; a child of `fork` has one of its own.
fn clock() -> Result<Arc<Clock>, RuntimeError> {
    static CLOCK: OnceLock<Mutex<Option<(u32, Arc<Clock>)>>> = OnceLock::new();
    let process = std::process::id();
    let mut known = lock(CLOCK.get_or_init(Mutex::default));
    if let Some((of, clock)) = &*known
        && *of == process
    {
        return Ok(clock.clone());
    }
    let clock = Arc::new(Clock::default());
    let serving = clock.clone();
    thread::Builder::new()
        .name("kiln-deadlines".to_owned())
        .spawn(move || serving.serve())
        .map_err(|error| RuntimeError::Thread {
            what: error.to_string(),
        })?;
    *known = Some((process, clock.clone()));
    Ok(clock)
}

/// Locks, poisoned or not: no holder panics half-way.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_met_in_order() {
        let long = Stop::after(Duration::from_secs(3_600)).unwrap();
        let never = Stop::after(Duration::MAX).unwrap();
        let short = Stop::after(Duration::from_millis(1)).unwrap();
        while !short.is_raised() {
            thread::yield_now();
        }
        assert!(!long.is_raised() && !never.is_raised());
        long.raise();
        assert!(long.clone().is_raised());
    }
}
