//! The tier, and the doors that typed calls go through.
//!
//! A typed call looks at one pointer and calls it. So that this is all it
//! looks at, the engine knows the pointer of every typed kernel, and shuts and
//! opens them when its tier changes: what is rare pays for what is frequent.

use crate::level::Tier;
use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// The direct entry of a kernel as its calls see it.
#[derive(Default, Debug)]
pub(crate) struct Door {
    /// The entry while calls may use it, else null.
    open: AtomicPtr<u8>,
    /// The entry, once it is known.
    entry: AtomicPtr<u8>,
}

impl Door {
    /// The direct entry; null while there is none, or another tier is asked
    /// for.
    #[inline(always)]
    pub(crate) fn open(&self) -> *const u8 {
        self.open.load(Ordering::Acquire)
    }

    fn set(&self, tier: Tier) {
        let entry = match tier {
            Tier::Native => self.entry.load(Ordering::Relaxed),
            Tier::Interpreter => std::ptr::null_mut(),
        };
        self.open.store(entry, Ordering::Release);
    }
}

/// The tier of an engine, and the doors that follow it.
#[derive(Debug)]
pub(crate) struct Doors {
    tier: AtomicU8,
    /// Locked when the tier or a door changes, so that the two agree.
    known: Mutex<Vec<Weak<Door>>>,
}

impl Doors {
    pub(crate) fn new(tier: Tier) -> Doors {
        Doors {
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
        for door in known.iter().filter_map(Weak::upgrade) {
            door.set(tier);
        }
    }

    /// Lets calls through a door to `entry`, while the tier is native. Who
    /// calls keeps the code as long as the door is used.
    pub(crate) fn add(&self, door: &Arc<Door>, entry: *const u8) {
        let mut known = self.known();
        if !door.entry.load(Ordering::Relaxed).is_null() {
            return;
        }
        if known.len() == known.capacity() {
            // Doors of dropped kernels go when there is no room, so that
            // they never outnumber the others for long.
            known.retain(|door| door.strong_count() > 0);
        }
        known.push(Arc::downgrade(door));
        door.entry.store(entry.cast_mut(), Ordering::Relaxed);
        door.set(self.tier());
    }

    fn known(&self) -> MutexGuard<'_, Vec<Weak<Door>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors_follow_the_tier() {
        let doors = Doors::new(Tier::Interpreter);
        let (early, late) = (Arc::<Door>::default(), Arc::<Door>::default());
        let entries = [1u8, 2].map(|_| std::ptr::dangling::<u8>());
        doors.add(&early, entries[0]);
        assert!(early.open().is_null(), "shut when hung");
        doors.set_tier(Tier::Native);
        doors.add(&late, entries[1]);
        assert_eq!([early.open(), late.open()], entries);
        doors.set_tier(Tier::Interpreter);
        assert!(early.open().is_null() && late.open().is_null());
        doors.set_tier(Tier::Native);
        assert_eq!([early.open(), late.open()], entries);
    }

    #[test]
    fn doors_of_dropped_kernels_go() {
        let doors = Doors::new(Tier::Native);
        let kept = Arc::<Door>::default();
        doors.add(&kept, std::ptr::dangling());
        for _ in 0..10_000 {
            doors.add(&Arc::default(), std::ptr::dangling());
        }
        assert!(doors.known().len() < 16, "{}", doors.known().len());
        doors.set_tier(Tier::Interpreter);
        assert!(kept.open().is_null());
    }
}
