//! The cache, and the part of it that one tenant has.
//!
//! A backend that fails is a miss to who reads, and a job left to the backend to who writes: it must
//! not let an old value come back (see [`Backend`]). The observer hears of both.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tenancy_core::{Clock, TenantContext, TenantId};

use crate::backend::Backend;
use crate::envelope::Entry;
use crate::flight::Flights;
use crate::key::CacheKey;
use crate::observe::{Deaf, Event, Observer};
use crate::ttl::{self, DEFAULT_TTL, Random, SystemRandom};
use crate::{BackendError, CacheError};

/// A cache for every tenant. It cannot be read: [`scope`](Self::scope) it to a tenant first. Clones
/// share the entries.
#[derive(Clone)]
pub struct Cache {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) flights: Arc<Flights>,
    observer: Arc<dyn Observer>,
    pub(crate) ttl: Duration,
}

impl Cache {
    /// A cache over `backend` that reads the time from `clock`; values live for [`DEFAULT_TTL`].
    pub fn new(backend: impl Backend, clock: Arc<dyn Clock>) -> Self {
        Self {
            backend: Arc::new(backend),
            clock,
            random: Arc::new(SystemRandom),
            flights: Arc::default(),
            observer: Arc::new(Deaf),
            ttl: DEFAULT_TTL,
        }
    }

    /// Keeps values for `ttl` where a set does not say otherwise.
    #[must_use]
    pub const fn default_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Tells `observer` what happens.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Takes randomness from `random` instead of the system.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// The tenant's own part. A context is the only way in:
    ///
    /// ```compile_fail
    /// # fn f(cache: tenancy_cache::Cache, id: tenancy_core::TenantId) {
    /// cache.scope(&id);
    /// # }
    /// ```
    pub fn scope(&self, context: &TenantContext) -> TenantCache {
        TenantCache { tenant: context.tenant_id(), cache: self.clone() }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("backend", &self.backend)
            .field("ttl", &self.ttl)
            .field("loads", &self.flights.len())
            .finish_non_exhaustive()
    }
}

/// One tenant's part of a [`Cache`].
///
/// A *space* is a group of keys, such as one per kind of thing; the same name in two spaces is two
/// entries. Values are any that serde can write as JSON.
#[derive(Clone, Debug)]
pub struct TenantCache {
    tenant: TenantId,
    pub(crate) cache: Cache,
}

impl TenantCache {
    /// The value of `name` in `space`, or `None` where there is none, or no fresh one, or the backend
    /// cannot say.
    ///
    /// # Errors
    ///
    /// [`CacheError::Decode`] when the value is of another type.
    pub async fn get<T: DeserializeOwned>(&self, space: &str, name: &str) -> Result<Option<T>, CacheError> {
        let key = self.key(space, name);
        let found = self.cache.backend.read(&key).await.unwrap_or_else(|error| {
            self.failed(&key, &error);
            None
        });
        // One that is stale is not removed: between the two steps somebody may set a fresh one.
        let Some(entry) = found.filter(|entry| self.accepts(entry, &key)) else {
            self.record(&key, Event::Miss);
            return Ok(None);
        };
        let value = serde_json::from_slice(entry.value()).map_err(CacheError::Decode);
        self.record(&key, if value.is_ok() { Event::Hit } else { Event::WrongType });
        value.map(Some)
    }

    /// Keeps a value for the cache's default time.
    ///
    /// # Errors
    ///
    /// [`CacheError::Encode`] when the value has no JSON form.
    pub async fn set<T: Serialize + ?Sized>(
        &self,
        space: &str,
        name: &str,
        value: &T,
    ) -> Result<(), CacheError> {
        self.set_for(space, name, value, self.cache.ttl).await
    }

    /// Keeps a value for `ttl`. One too long for the clock to reach lives for the default time.
    ///
    /// # Errors
    ///
    /// [`CacheError::Encode`] when the value has no JSON form.
    pub async fn set_for<T: Serialize + ?Sized>(
        &self,
        space: &str,
        name: &str,
        value: &T,
        ttl: Duration,
    ) -> Result<(), CacheError> {
        let json = serde_json::to_vec(value).map_err(CacheError::Encode)?;
        let (key, now) = (self.key(space, name), self.cache.clock.now());
        self.cache.flights.close(&key);
        let entry = Entry::new(key.clone(), ttl::expiry(now, ttl), json);
        if let Err(error) = self.cache.backend.write(entry, now).await {
            self.failed(&key, &error);
        }
        Ok(())
    }

    /// Forgets one value, on every node. Change the data first: a load that began before this call
    /// stores nothing, one that begins after it sees the change.
    ///
    /// Where the backend cannot be reached, it forgets when it can: see its own documentation.
    pub async fn invalidate(&self, space: &str, name: &str) {
        let key = self.key(space, name);
        self.cache.flights.close(&key);
        if let Err(error) = self.cache.backend.remove(&key).await {
            self.failed(&key, &error);
        }
    }

    /// Forgets all of this tenant's values at once, on every node and whatever their number: their
    /// epoch is over. The room they take is given back as they expire or are evicted.
    pub async fn purge(&self) {
        self.cache.flights.close_all(self.tenant);
        if let Err(error) = self.cache.backend.purge(self.tenant).await {
            self.cache.observer.record(self.tenant, None, Event::Failed(&error));
        }
    }

    pub(crate) fn key(&self, space: &str, name: &str) -> CacheKey {
        CacheKey::new(self.tenant, space, name)
    }

    pub(crate) fn accepts(&self, entry: &Entry, key: &CacheKey) -> bool {
        entry.answers(key, self.cache.clock.now())
    }

    pub(crate) fn record(&self, key: &CacheKey, event: Event<'_>) {
        self.cache.observer.record(self.tenant, Some(key.space()), event);
    }

    pub(crate) fn failed(&self, key: &CacheKey, error: &BackendError) {
        self.record(key, Event::Failed(error));
    }
}
