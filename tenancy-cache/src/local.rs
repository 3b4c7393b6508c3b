//! Entries in this process's memory, bounded, and the tenants' epochs beside them.
//!
//! What does not fit is evicted (S3-FIFO, by `quick_cache`); what is stale is found so when it is
//! read. An epoch that nobody moved is zero and takes no room. Epochs are never evicted: with one
//! gone, purged values could come back. Nothing here waits: every answer is ready at once.

use std::collections::HashMap;
use std::fmt;
use std::future::ready;
use std::sync::{PoisonError, RwLock};
use std::time::SystemTime;

use quick_cache::Weighter;
use quick_cache::sync::Cache as Map;
use tenancy_core::TenantId;

use crate::backend::{Answer, Backend, Begun, Ticket};
use crate::envelope::Entry;
use crate::fence::Fences;
use crate::key::CacheKey;

/// A bounded store of entries in memory.
pub struct Local {
    entries: Map<CacheKey, Stamped, Cost>,
    epochs: RwLock<HashMap<TenantId, u64>>,
    fences: Fences,
}

/// An entry and the epoch in which it was stored.
#[derive(Clone)]
struct Stamped {
    entry: Entry,
    epoch: u64,
}

#[derive(Clone, Copy)]
enum Cost {
    Entries,
    Weight,
}

impl Weighter<CacheKey, Stamped> for Cost {
    fn weight(&self, _: &CacheKey, stamped: &Stamped) -> u64 {
        match self {
            Self::Entries => 1,
            Self::Weight => stamped.entry.weight(),
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
        let entries = Map::with_weighter(count, weight, cost);
        Self { entries, epochs: RwLock::default(), fences: Fences::default() }
    }

    fn find(&self, key: &CacheKey) -> Option<Entry> {
        let Stamped { entry, epoch } = self.entries.get(key)?;
        (epoch == self.epoch(key.tenant())).then_some(entry)
    }

    fn epoch(&self, tenant: TenantId) -> u64 {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        epochs.get(&tenant).copied().unwrap_or(0)
    }

    fn insert(&self, entry: Entry, epoch: u64) {
        self.entries.insert(entry.key().clone(), Stamped { entry, epoch });
    }
}

impl Backend for Local {
    fn read<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, Option<Entry>> {
        Box::pin(ready(Ok(self.find(key))))
    }

    fn begin<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, Begun> {
        let ticket = Ticket { epoch: self.epoch(key.tenant()), fence: self.fences.of(key) };
        Box::pin(ready(Ok(Begun { found: self.find(key), ticket })))
    }

    fn fill(&self, ticket: Ticket, entry: Entry, _: SystemTime) -> Answer<'_, bool> {
        let key = entry.key().clone();
        let stands = ticket.epoch == self.epoch(key.tenant());
        // A purge from here on ends the value as well: it is stored in the ticket's epoch.
        let stored = stands && self.fences.store(&key, ticket.fence, || self.insert(entry, ticket.epoch));
        Box::pin(ready(Ok(stored)))
    }

    fn write(&self, entry: Entry, _: SystemTime) -> Answer<'_, ()> {
        let key = entry.key().clone();
        let epoch = self.epoch(key.tenant());
        self.fences.change(&key, || self.insert(entry, epoch));
        Box::pin(ready(Ok(())))
    }

    fn remove<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, ()> {
        self.fences.change(key, || drop(self.entries.remove(key)));
        Box::pin(ready(Ok(())))
    }

    fn purge(&self, tenant: TenantId) -> Answer<'_, ()> {
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        *epochs.entry(tenant).or_insert(0) += 1;
        Box::pin(ready(Ok(())))
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}
