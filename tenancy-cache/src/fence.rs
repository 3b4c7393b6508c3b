//! Keeps a slow load from overwriting what changed while it ran, within one process.
//!
//! A fence is a number that every change moves. A load notes it first and stores its result only
//! where it still stands. There are as many fences as [`COUNT`], not one per key: two keys that share
//! one cost each other a stored value now and then, and nothing has to be cleaned up when a load is
//! dropped. Comparing and storing happen under the fence's lock, as does moving and removing.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::key::CacheKey;

/// How many changes can be told apart at a time.
const COUNT: usize = 256;

/// The fences of one store.
#[derive(Debug)]
pub(crate) struct Fences {
    numbers: Box<[Mutex<u64>]>,
    hasher: RandomState,
}

impl Default for Fences {
    fn default() -> Self {
        Self { numbers: (0..COUNT).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl Fences {
    /// Where the fence of `key` stands.
    pub(crate) fn of(&self, key: &CacheKey) -> u64 {
        *self.lock(key)
    }

    /// Stores by `store` if the fence of `key` still stands at `fence`; says whether it did.
    pub(crate) fn store(&self, key: &CacheKey, fence: u64, store: impl FnOnce()) -> bool {
        let number = self.lock(key);
        let stands = *number == fence;
        if stands {
            store();
        }
        stands
    }

    /// Changes something under `key`; loads that began before store nothing.
    pub(crate) fn change(&self, key: &CacheKey, change: impl FnOnce()) {
        let mut number = self.lock(key);
        *number += 1;
        change();
    }

    fn lock(&self, key: &CacheKey) -> MutexGuard<'_, u64> {
        let at = self.hasher.hash_one(key) as usize % COUNT;
        self.numbers[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenancy_core::TenantId;

    #[test]
    fn a_change_stops_the_loads_before_it_and_none_after() {
        let fences = Fences::default();
        let key = CacheKey::new(TenantId::new(), "s", "n");
        let before = fences.of(&key);
        assert!(fences.store(&key, before, || ()), "nothing changed");
        let mut removed = false;
        fences.change(&key, || removed = true);
        assert!(removed);
        let mut stored = false;
        assert!(!fences.store(&key, before, || stored = true));
        assert!(!stored, "what is refused is not stored");
        assert!(fences.store(&key, fences.of(&key), || ()));
    }
}
