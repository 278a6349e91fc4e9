//! The signature cache: one compile per key, bounded, compared in full.
//!
//! The whole key is kept and compared, never a hash alone; the table hashes
//! with a random key, so nobody can choose formulas that collide. A key that
//! is being made is in the table as a cell that others wait for, and no lock
//! is held while it is made. Failures are kept as well, so that a formula
//! that cannot be compiled is not tried on every call. What was evicted lives
//! on in the kernels that hold it.
//!
//! Warm calls never come here: a kernel keeps what it found.

use crate::stats::{Counters, count};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How long a failure that time may cure is taken for an answer.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Bytes an entry takes beside its key and its code.
const ENTRY_BYTES: usize = 512;

/// What a key is for, written out in full.
pub(crate) type Key = Arc<str>;

/// What became of making a value: the value, or why there is none.
pub(crate) type Made<V, E> = Result<Arc<V>, Arc<E>>;

/// What the cache asks of what it keeps.
pub(crate) trait Weight {
    /// Bytes of memory it takes.
    fn bytes(&self) -> usize;
}

/// What the cache asks of a failure.
pub(crate) trait Lasting {
    /// Whether trying again gives the same answer.
    fn is_lasting(&self) -> bool;
}

/// A bounded map from keys to what was made for them.
#[derive(Debug)]
pub(crate) struct Cache<V, E> {
    entries_max: usize,
    bytes_max: usize,
    clock: AtomicU64,
    table: Mutex<Table<V, E>>,
}

#[derive(Debug)]
struct Table<V, E> {
    map: HashMap<Key, Arc<Slot<V, E>>>,
    bytes: usize,
}

#[derive(Debug)]
struct Slot<V, E> {
    made: OnceLock<(Made<V, E>, Instant)>,
    used: AtomicU64,
    bytes: AtomicU64,
}

impl<V: Weight, E: Lasting> Cache<V, E> {
    pub(crate) fn new(entries_max: usize, bytes_max: usize) -> Cache<V, E> {
        Cache {
            entries_max: entries_max.max(1),
            bytes_max,
            clock: AtomicU64::new(0),
            table: Mutex::new(Table {
                map: HashMap::new(),
                bytes: 0,
            }),
        }
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.lock().map.len()
    }

    /// Gives up every entry.
    pub(crate) fn clear(&self, counters: &Counters) {
        let mut table = self.lock();
        let old = std::mem::take(&mut table.map);
        table.bytes = 0;
        drop(table);
        counters
            .evictions
            .fetch_add(old.len() as u64, Ordering::Relaxed);
    }

    /// What was made for `key`; `make` runs if nothing was, once however
    /// many threads ask. It must not ask for the same key.
    pub(crate) fn get_or_make(
        &self,
        key: &Key,
        counters: &Counters,
        make: impl FnOnce() -> Result<V, E>,
    ) -> Made<V, E> {
        let slot = self.slot(key);
        let mut is_new = false;
        let (made, _) = slot.made.get_or_init(|| {
            is_new = true;
            (make().map(Arc::new).map_err(Arc::new), Instant::now())
        });
        if !is_new {
            count(&counters.hits);
            return made.clone();
        }
        count(&counters.misses);
        self.admit(key, &slot, counters);
        made.clone()
    }

    /// The slot of a key; a new one if there is none, or if it holds a
    /// failure worth trying again.
    fn slot(&self, key: &Key) -> Arc<Slot<V, E>> {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        let mut table = self.lock();
        if let Some(slot) = table.map.get(key) {
            let is_stale = match slot.made.get() {
                Some((Err(error), at)) => !error.is_lasting() && at.elapsed() >= RETRY_AFTER,
                _ => false,
            };
            if !is_stale {
                slot.used.store(now, Ordering::Relaxed);
                return slot.clone();
            }
        }
        let slot = Arc::new(Slot {
            made: OnceLock::new(),
            used: AtomicU64::new(now),
            bytes: AtomicU64::new(0),
        });
        if let Some(old) = table.map.insert(key.clone(), slot.clone()) {
            table.bytes -= old.bytes.load(Ordering::Relaxed) as usize;
        }
        slot
    }

    /// Accounts for what was made and evicts what was used longest ago until
    /// the rest fits.
    fn admit(&self, key: &Key, slot: &Arc<Slot<V, E>>, counters: &Counters) {
        let code = match slot.made.get() {
            Some((Ok(value), _)) => value.bytes(),
            _ => 0,
        };
        let bytes = code + key.len() + ENTRY_BYTES;
        let mut table = self.lock();
        // It may have been evicted or cleared while it was made.
        let is_kept = table.map.get(key).is_some_and(|s| Arc::ptr_eq(s, slot));
        if is_kept {
            slot.bytes.store(bytes as u64, Ordering::Relaxed);
            table.bytes += bytes;
        }
        let evicted = if table.map.len() > self.entries_max || table.bytes > self.bytes_max {
            table.evict(self.entries_max, self.bytes_max)
        } else {
            Vec::new()
        };
        drop(table);
        counters
            .evictions
            .fetch_add(evicted.len() as u64, Ordering::Relaxed);
        // Code is unmapped here, outside of the lock, unless a kernel holds it.
        drop(evicted);
    }

    fn lock(&self) -> MutexGuard<'_, Table<V, E>> {
        // No holder of the lock calls code that may panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V, E> Table<V, E> {
    /// Takes out the entries that were used longest ago, an eighth more than
    /// must go, so that a full cache does not sort itself on every insertion.
    /// An entry that is being made stays.
    fn evict(&mut self, entries_max: usize, bytes_max: usize) -> Vec<Arc<Slot<V, E>>> {
        let (entries_goal, bytes_goal) = (entries_max - entries_max / 8, bytes_max - bytes_max / 8);
        let mut by_age: Vec<(u64, Key)> = self
            .map
            .iter()
            .filter(|(_, slot)| slot.made.get().is_some())
            .map(|(key, slot)| (slot.used.load(Ordering::Relaxed), key.clone()))
            .collect();
        by_age.sort_unstable_by_key(|(used, _)| *used);
        let mut evicted = Vec::new();
        for (_, key) in by_age {
            if self.map.len() <= entries_goal && self.bytes <= bytes_goal {
                break;
            }
            if let Some(slot) = self.map.remove(&key) {
                self.bytes -= slot.bytes.load(Ordering::Relaxed) as usize;
                evicted.push(slot);
            }
        }
        evicted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;

    #[derive(Debug)]
    struct Code(usize);
    #[derive(Debug)]
    struct Failed {
        is_lasting: bool,
    }

    impl Weight for Code {
        fn bytes(&self) -> usize {
            self.0
        }
    }

    impl Lasting for Failed {
        fn is_lasting(&self) -> bool {
            self.is_lasting
        }
    }

    fn key(i: usize) -> Key {
        format!("key {i}").into()
    }

    #[test]
    fn many_threads_make_one_value() {
        const THREADS: usize = 64;
        for round in 0..50 {
            let cache = Cache::<Code, Failed>::new(8, 1 << 20);
            let (made, counters) = (AtomicUsize::new(0), Counters::default());
            let barrier = Barrier::new(THREADS);
            std::thread::scope(|scope| {
                for _ in 0..THREADS {
                    scope.spawn(|| {
                        barrier.wait();
                        let found = cache.get_or_make(&key(round), &counters, || {
                            made.fetch_add(1, Ordering::Relaxed);
                            Ok(Code(round))
                        });
                        assert!(matches!(found, Ok(code) if code.0 == round));
                    });
                }
            });
            assert_eq!(made.into_inner(), 1);
        }
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let cache = Cache::<Code, Failed>::new(8, 1 << 20);
        let counters = Counters::default();
        let get = |i| {
            cache
                .get_or_make(&key(i), &counters, || Ok(Code(i)))
                .is_ok()
        };
        (0..8).for_each(|i| assert!(get(i)));
        assert!(get(0), "used again");
        assert!(get(8), "one too many");
        assert!(cache.len() <= 8);
        let held = cache.lock();
        assert!(held.map.contains_key(&key(0)) && held.map.contains_key(&key(8)));
        assert!(!held.map.contains_key(&key(1)));
    }

    #[test]
    fn bytes_are_bounded_and_the_holder_keeps_its_code() {
        let cache = Cache::<Code, Failed>::new(1000, 10_000);
        let counters = Counters::default();
        let first = cache.get_or_make(&key(0), &counters, || Ok(Code(4_000)));
        for i in 1..100 {
            let made = cache.get_or_make(&key(i), &counters, || Ok(Code(1_000)));
            assert!(made.is_ok());
            assert!(cache.lock().bytes <= 10_000);
        }
        assert!(matches!(first, Ok(code) if Arc::strong_count(&code) == 1));
        let evictions = counters.evictions.load(Ordering::Relaxed) as usize;
        assert_eq!(cache.len() + evictions, 100);
        cache.clear(&counters);
        assert_eq!((cache.len(), cache.lock().bytes), (0, 0));
    }

    #[test]
    fn a_failure_is_an_answer() {
        let cache = Cache::<Code, Failed>::new(8, 1 << 20);
        let (counters, tries) = (Counters::default(), AtomicUsize::new(0));
        for is_lasting in [true, false] {
            for _ in 0..100 {
                let made = cache.get_or_make(&key(usize::from(is_lasting)), &counters, || {
                    tries.fetch_add(1, Ordering::Relaxed);
                    Err(Failed { is_lasting })
                });
                assert!(made.is_err());
            }
        }
        assert_eq!(tries.into_inner(), 2, "a second has not passed");
    }
}
