//! What a cache tells about itself: one event each time it is asked, in vain or not.
//!
//! The cache calls an [`Observer`]; whoever runs it maps events to metrics, and decides how many
//! tenants and spaces get a label of their own. [`Counters`] is the observer of tests and small
//! programs.

use std::sync::atomic::{AtomicU64, Ordering};

use tenancy_core::TenantId;

use crate::BackendError;

/// What happened.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A value was there.
    Hit,
    /// None was there, or none that could be used.
    Miss,
    /// A loader ran to its end and found a value.
    Loaded,
    /// A loader failed. Nothing was stored.
    LoadFailed,
    /// A caller got the result of a load that another had begun.
    Joined,
    /// A loaded value was not stored, because the key changed while it was loaded.
    Outdated,
    /// A value could not be written as JSON, or not be read as the type asked for.
    WrongType,
    /// The backend failed. The caller got the right answer all the same, only later.
    Failed(&'a BackendError),
}

/// Hears what happens in a cache. It is called on the way of every request: it must not block.
pub trait Observer: Send + Sync + 'static {
    /// `event` happened to a request of `tenant` for something in `space`; `None` is a purge, which is
    /// of all spaces.
    fn record(&self, tenant: TenantId, space: Option<&str>, event: Event<'_>);
}

/// Counts events over all tenants.
#[derive(Debug, Default)]
pub struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    loads: AtomicU64,
    failed_loads: AtomicU64,
    joined: AtomicU64,
    outdated: AtomicU64,
    wrong_types: AtomicU64,
    errors: AtomicU64,
}

/// The numbers of [`Counters`] at one time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Values found.
    pub hits: u64,
    /// Values not found.
    pub misses: u64,
    /// Loaders that found a value.
    pub loads: u64,
    /// Loaders that failed.
    pub failed_loads: u64,
    /// Callers that got another's result.
    pub joined: u64,
    /// Results that were not stored, because the key changed.
    pub outdated: u64,
    /// Values of another type than was asked for, or of none that can be stored.
    pub wrong_types: u64,
    /// Failures of the backend.
    pub errors: u64,
}

impl Counters {
    /// The present numbers.
    pub fn read(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            hits: of(&self.hits),
            misses: of(&self.misses),
            loads: of(&self.loads),
            failed_loads: of(&self.failed_loads),
            joined: of(&self.joined),
            outdated: of(&self.outdated),
            wrong_types: of(&self.wrong_types),
            errors: of(&self.errors),
        }
    }
}

impl Observer for Counters {
    fn record(&self, _: TenantId, _: Option<&str>, event: Event<'_>) {
        let counter = match event {
            Event::Hit => &self.hits,
            Event::Miss => &self.misses,
            Event::Loaded => &self.loads,
            Event::LoadFailed => &self.failed_loads,
            Event::Joined => &self.joined,
            Event::Outdated => &self.outdated,
            Event::WrongType => &self.wrong_types,
            Event::Failed(_) => &self.errors,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// Hears nothing: what a cache has until it is given another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deaf;

impl Observer for Deaf {
    fn record(&self, _: TenantId, _: Option<&str>, _: Event<'_>) {}
}
