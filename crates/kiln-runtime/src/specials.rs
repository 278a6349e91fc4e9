//! What a kernel keeps for each kind of its arguments: a list that only grows
//! at its end, so that a warm call walks it without a lock.

use kiln_ir::Column;
use std::sync::OnceLock;

/// Specialisations that a kernel keeps; further ones are made for the call,
/// their code from the engine's cache.
const KEPT_MAX: usize = 64;

/// One `T` for each kind of the arguments that has come.
pub(crate) struct Specials<T> {
    first: OnceLock<Box<Kept<T>>>,
}

/// A specialisation and the rest of the list.
struct Kept<T> {
    columns: Box<[Column]>,
    special: T,
    next: OnceLock<Box<Kept<T>>>,
}

impl<T> Default for Specials<T> {
    fn default() -> Specials<T> {
        Specials {
            first: OnceLock::new(),
        }
    }
}

impl<T> Specials<T> {
    /// Runs `with` with the specialisation for `columns`, made if it must be.
    pub(crate) fn with<R>(
        &self,
        columns: &[Column],
        make: impl Fn() -> T,
        with: impl FnOnce(&T) -> R,
    ) -> R {
        let mut next = &self.first;
        for _ in 0..KEPT_MAX {
            let kept = next.get_or_init(|| {
                Box::new(Kept {
                    columns: columns.into(),
                    special: make(),
                    next: OnceLock::new(),
                })
            });
            if *kept.columns == *columns {
                return with(&kept.special);
            }
            next = &kept.next;
        }
        with(&make())
    }
}
