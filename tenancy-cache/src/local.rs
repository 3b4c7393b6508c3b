//! Entries in this process's memory, bounded, and the tenants' epochs beside them.
//!
//! What does not fit is evicted (S3-FIFO, by `quick_cache`); what is stale is found so when it is
//! read. An epoch that nobody moved is zero and takes no room. Epochs are never evicted: with one
//! gone, purged values could come back.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use quick_cache::Weighter;
use quick_cache::sync::Cache as Map;
use tenancy_core::TenantId;

use crate::entry::Entry;
use crate::key::CacheKey;

/// A bounded store of entries in memory.
pub struct Local {
    entries: Map<CacheKey, Entry, Cost>,
    epochs: RwLock<HashMap<TenantId, u64>>,
}

#[derive(Clone, Copy)]
enum Cost {
    Entries,
    Weight,
}

impl Weighter<CacheKey, Entry> for Cost {
    fn weight(&self, _: &CacheKey, entry: &Entry) -> u64 {
        match self {
            Self::Entries => 1,
            Self::Weight => entry.weight(),
        }
    }
}

impl Local {
    /// Holds about this many entries, however large.
    pub fn with_entries(count: usize) -> Self {
        Self::of(count, count as u64, Cost::Entries)
    }

    /// Holds about this many bytes of keys and values.
    pub fn with_weight(bytes: u64) -> Self {
        // A guess at the number of entries, by which tables are sized: a kibibyte each.
        Self::of((bytes / 1024).clamp(16, 1 << 20) as usize, bytes, Cost::Weight)
    }

    fn of(count: usize, weight: u64, cost: Cost) -> Self {
        Self { entries: Map::with_weighter(count, weight, cost), epochs: RwLock::default() }
    }

    pub(crate) fn get(&self, key: &CacheKey) -> Option<Entry> {
        self.entries.get(key)
    }

    pub(crate) fn set(&self, entry: Entry) {
        self.entries.insert(entry.key.clone(), entry);
    }

    pub(crate) fn remove(&self, key: &CacheKey) {
        self.entries.remove(key);
    }

    pub(crate) fn epoch(&self, tenant: TenantId) -> u64 {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        epochs.get(&tenant).copied().unwrap_or(0)
    }

    pub(crate) fn next_epoch(&self, tenant: TenantId) {
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        *epochs.entry(tenant).or_insert(0) += 1;
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}
