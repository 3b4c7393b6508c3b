//! Where entries are kept: what a backend promises, so that the cache need not know which it is.
//!
//! 1. An entry belongs to its tenant's *epoch*. [`purge`](Backend::purge) ends the epoch in one step;
//!    [`read`](Backend::read) answers only entries of the present one.
//! 2. A load that began before an entry was written, removed or purged must not store what it saw.
//!    It begins with a [`Ticket`]; each of the three makes the ticket worthless, on every node.
//! 3. Every answer comes within a bound that the backend states. A future may be dropped at any time;
//!    a removal that was begun is then still made, or everything of the tenant is purged.
//! 4. An entry that is lost is no failure; an epoch that is lost ends, it never comes back.
//!
//! The methods answer boxed futures, because a cache holds its backend as a `dyn Backend`; `Local` is
//! ready at once.

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use tenancy_core::TenantId;

use crate::BackendError;
use crate::envelope::Entry;
use crate::key::CacheKey;

/// What a backend's methods answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, BackendError>> + Send + 'a>>;

/// The right to store what is loaded from now on, until the key changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// The tenant's epoch when the load began.
    pub epoch: u64,
    /// The state of the key when the load began.
    pub fence: u64,
}

/// What is known at the beginning of a load.
#[derive(Clone, Debug)]
pub struct Begun {
    /// What was stored since the caller looked, if anything: a load that has just ended.
    pub found: Option<Entry>,
    /// By which the result may be stored.
    pub ticket: Ticket,
}

/// A store of entries for every tenant. See the [module docs](self).
pub trait Backend: Debug + Send + Sync + 'static {
    /// What is stored under `key` in the tenant's present epoch.
    fn read<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, Option<Entry>>;

    /// Begins a load.
    fn begin<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, Begun>;

    /// Stores what was loaded, unless the ticket has become worthless; says whether it did. `now` is
    /// the cache's time, from which the entry has until it expires.
    fn fill(&self, ticket: Ticket, entry: Entry, now: SystemTime) -> Answer<'_, bool>;

    /// Stores an entry whatever was there.
    fn write(&self, entry: Entry, now: SystemTime) -> Answer<'_, ()>;

    /// Forgets what is stored under `key`.
    fn remove<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, ()>;

    /// Ends the tenant's epoch.
    fn purge(&self, tenant: TenantId) -> Answer<'_, ()>;
}

/// A backend that several caches share.
impl<B: Backend> Backend for Arc<B> {
    fn read<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, Option<Entry>> {
        B::read(self, key)
    }

    fn begin<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, Begun> {
        B::begin(self, key)
    }

    fn fill(&self, ticket: Ticket, entry: Entry, now: SystemTime) -> Answer<'_, bool> {
        B::fill(self, ticket, entry, now)
    }

    fn write(&self, entry: Entry, now: SystemTime) -> Answer<'_, ()> {
        B::write(self, entry, now)
    }

    fn remove<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, ()> {
        B::remove(self, key)
    }

    fn purge(&self, tenant: TenantId) -> Answer<'_, ()> {
        B::purge(self, tenant)
    }
}
