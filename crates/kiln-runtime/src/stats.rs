//! What an engine has done: counters, and a plain copy of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Different reasons of a fallback that are told apart; further ones are
/// counted together.
const REASONS_MAX: usize = 64;
/// The reason under which those are counted.
const OTHER: &str = "other reasons";

/// What an engine has done since it was made.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Stats {
    /// Compiles that were started, failed ones included.
    pub compiles: u64,
    /// Time they took.
    pub compile_time: Duration,
    /// Lookups that found code, or a failure to make it, in the cache.
    pub hits: u64,
    /// Lookups that did not.
    pub misses: u64,
    /// Entries that the cache gave up.
    pub evictions: u64,
    /// Kernels that fell back to the interpreter or to narrower vectors, by
    /// reason.
    pub fallbacks: BTreeMap<String, u64>,
    /// Calls that native code failed to finish and the interpreter ran again
    /// from the failing block on, to find the row.
    pub reruns: u64,
    /// Calls that the guarded variant of native code answered, because an
    /// index may leave its array.
    pub retries: u64,
    /// Calls that ran in pieces, on more than one thread.
    pub parallel: u64,
    /// Entries in the cache.
    pub entries: usize,
    /// Bytes of executable memory, evicted code that is still held included.
    pub code_bytes: usize,
}

/// Bytes of executable memory that are mapped.
#[derive(Default, Debug)]
pub(crate) struct CodeBytes(AtomicUsize);

impl CodeBytes {
    pub(crate) fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn remove(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters behind [`Stats`].
#[derive(Default, Debug)]
pub(crate) struct Counters {
    compiles: AtomicU64,
    compile_ns: AtomicU64,
    pub(crate) hits: AtomicU64,
    pub(crate) misses: AtomicU64,
    pub(crate) evictions: AtomicU64,
    pub(crate) reruns: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) parallel: AtomicU64,
    fallbacks: Mutex<BTreeMap<String, u64>>,
}

/// Adds one to a counter.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    pub(crate) fn compiled(&self, took: Duration) {
        count(&self.compiles);
        let ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.compile_ns.fetch_add(ns, Ordering::Relaxed);
    }

    pub(crate) fn fell_back(&self, reason: &str) {
        let mut fallbacks = self
            .fallbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = fallbacks.contains_key(reason) || fallbacks.len() < REASONS_MAX;
        let reason = if known { reason } else { OTHER };
        *fallbacks.entry(reason.to_owned()).or_default() += 1;
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            compiles: get(&self.compiles),
            compile_time: Duration::from_nanos(get(&self.compile_ns)),
            hits: get(&self.hits),
            misses: get(&self.misses),
            evictions: get(&self.evictions),
            reruns: get(&self.reruns),
            retries: get(&self.retries),
            parallel: get(&self.parallel),
            fallbacks: self
                .fallbacks
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            entries: 0,
            code_bytes: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_bounded() {
        let counters = Counters::default();
        for i in 0..2 * REASONS_MAX {
            counters.fell_back(&format!("reason {i}"));
        }
        let fallbacks = counters.snapshot().fallbacks;
        assert_eq!(fallbacks.len(), REASONS_MAX + 1);
        assert_eq!(fallbacks[OTHER], REASONS_MAX as u64);
    }
}
