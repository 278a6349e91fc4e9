//! The tier, and the direct entries that typed calls go through.
//!
//! A typed call looks at one pointer and calls it. So that this is all it
//! looks at, the engine knows the pointer of every typed kernel, and withdraws
//! and publishes them when its tier changes: what is rare pays for what is
//! frequent.

use crate::level::Tier;
use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The direct entry of a kernel as its calls see it.
#[derive(Default, Debug)]
pub(crate) struct DirectEntry {
    /// The entry while calls may use it, else null.
    published: AtomicPtr<u8>,
    /// The entry, once it is known.
    entry: AtomicPtr<u8>,
}

impl DirectEntry {
    /// The direct entry; null while there is none, or another tier is asked
    /// for.
    #[inline(always)]
    pub(crate) fn published(&self) -> *const u8 {
        self.published.load(Ordering::Acquire)
    }

    fn set(&self, tier: Tier) {
        let entry = match tier {
            Tier::Native => self.entry.load(Ordering::Relaxed),
            Tier::Interpreter => std::ptr::null_mut(),
        };
        self.published.store(entry, Ordering::Release);
    }
}

/// The tier of an engine, and the direct entries that follow it.
#[derive(Debug)]
pub(crate) struct DirectEntries {
    tier: AtomicU8,
    /// Locked when the tier or an entry changes, so that the two agree.
    known: Mutex<Vec<Weak<DirectEntry>>>,
}

impl DirectEntries {
    pub(crate) fn new(tier: Tier) -> DirectEntries {
        DirectEntries {
            tier: AtomicU8::new(tier as u8),
            known: Mutex::default(),
        }
    }

    #[inline]
    pub(crate) fn tier(&self) -> Tier {
        if self.tier.load(Ordering::Relaxed) == Tier::Native as u8 {
            Tier::Native
        } else {
            Tier::Interpreter
        }
    }

    /// Changes the tier; effective on the next call.
    pub(crate) fn set_tier(&self, tier: Tier) {
        let known = self.known();
        self.tier.store(tier as u8, Ordering::Relaxed);
        for kernel in known.iter().filter_map(Weak::upgrade) {
            kernel.set(tier);
        }
    }

    /// Publishes `entry` as that of a kernel, while the tier is native. Who
    /// calls this keeps the code as long as the kernel is used.
    pub(crate) fn add(&self, kernel: &Arc<DirectEntry>, entry: *const u8) {
        let mut known = self.known();
        if !kernel.entry.load(Ordering::Relaxed).is_null() {
            return;
        }
        if known.len() == known.capacity() {
            // Those of dropped kernels go when there is no room, so that
            // they never outnumber the others for long.
            known.retain(|kernel| kernel.strong_count() > 0);
        }
        known.push(Arc::downgrade(kernel));
        kernel.entry.store(entry.cast_mut(), Ordering::Relaxed);
        kernel.set(self.tier());
    }

    fn known(&self) -> MutexGuard<'_, Vec<Weak<DirectEntry>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_follow_the_tier() {
        let all = DirectEntries::new(Tier::Interpreter);
        let (early, late) = (Arc::<DirectEntry>::default(), Arc::<DirectEntry>::default());
        let entries = [1u8, 2].map(|_| std::ptr::dangling::<u8>());
        all.add(&early, entries[0]);
        assert!(early.published().is_null(), "withdrawn when added");
        all.set_tier(Tier::Native);
        all.add(&late, entries[1]);
        assert_eq!([early.published(), late.published()], entries);
        all.set_tier(Tier::Interpreter);
        assert!(early.published().is_null() && late.published().is_null());
        all.set_tier(Tier::Native);
        assert_eq!([early.published(), late.published()], entries);
    }

    #[test]
    fn entries_of_dropped_kernels_go() {
        let all = DirectEntries::new(Tier::Native);
        let kept = Arc::<DirectEntry>::default();
        all.add(&kept, std::ptr::dangling());
        for _ in 0..10_000 {
            all.add(&Arc::default(), std::ptr::dangling());
        }
        assert!(all.known().len() < 16, "{}", all.known().len());
        all.set_tier(Tier::Interpreter);
        assert!(kept.published().is_null());
    }
}
